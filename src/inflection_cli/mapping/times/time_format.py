"""Time formats with strptime directives, in English and independent of the locale."""

import re
from datetime import date
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from inflection_cli import rules
from inflection_cli.errors import UsageError
from inflection_cli.model import Rule

ZONE = r"(?:[Zz]|[+-]00:?00 UTC|[+-]\d\d(?::?\d\d(?::?\d\d)?)?|[Uu][Tt][Cc]|[Gg][Mm][Tt])"
"""A zone as a cell writes it."""

_EPOCH_DAY = date(1970, 1, 1).toordinal()
_FLAGS = re.ASCII | re.IGNORECASE
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MONTH = (
    r"jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?"
)
_DAY = (
    r"mon(?:day)?|tue(?:s(?:day)?)?|wed(?:nesday)?|thu(?:rs?(?:day)?)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?"
)

_DIRECTIVES: dict[str, tuple[str, str]] = {
    "Y": ("year", r"\d{4}"),
    "y": ("year", r"\d{2}"),
    "m": ("month", r"\d{1,2}"),
    "b": ("month", _MONTH),
    "B": ("month", _MONTH),
    "h": ("month", _MONTH),
    "d": ("day", r"\d{1,2}"),
    "e": ("day", r"\d{1,2}"),
    "j": ("yearday", r"\d{1,3}"),
    "H": ("hour", r"\d{1,2}"),
    "I": ("hour", r"\d{1,2}"),
    "p": ("half", r"[ap]\.?m\.?"),
    "M": ("minute", r"\d{1,2}"),
    "S": ("second", r"\d{1,2}"),
    "f": ("fraction", r"\d+"),
    "z": ("zone", ZONE),
    "Z": ("zone", "[Uu][Tt][Cc]|[Gg][Mm][Tt]|[Zz]"),
    "a": ("weekday", _DAY),
    "A": ("weekday", _DAY),
    "s": ("epoch", r"\d{1,12}"),
}
_SHORTHANDS = {"T": "%H:%M:%S", "R": "%H:%M", "F": "%Y-%m-%d", "D": "%m/%d/%y"}
_WORDS = frozenset("bBhaAp")
_NUMBERS = frozenset("YymdejHIMSfs")
_OF_OTHER_TOOLS = {
    "YYYY": "%Y",
    "yyyy": "%Y",
    "YY": "%y",
    "yy": "%y",
    "MMM": "%b",
    "MM": "%m",
    "DD": "%d",
    "dd": "%d",
    "HH": "%H",
    "hh": "%I",
    "mm": "%M",
    "ss": "%S",
    "tt": "%p",
    "a": "%p",
    "A": "%p",
}
_TRY = 'for example --timestamp-format "%d/%m/%Y %H:%M:%S", or "%b %d, %Y %I:%M %p"'


class ClockReading(NamedTuple):
    """A time as the text shows it, checked for possible parts.

    Attributes:
        local: Seconds from 1970-01-01 00:00:00 to what the clock shows, second 60 being the next 0.
        fraction: The digits of the second's fraction as they stood, all of them; empty where there are none.
        offset: Seconds that the clock is ahead of UTC; None where the text does not say.
        leap: Whether the text showed second 60.
    """

    local: int
    fraction: str = ""
    offset: int | None = None
    leap: bool = False


def zone_offset(text: str) -> int | None:
    """Return the zone's offset from UTC in seconds; None if impossible."""
    if text[0] not in "+-":
        return 0
    digits = text[1:].partition(" ")[0].replace(":", "").ljust(6, "0")
    hours, minutes, seconds = int(digits[:2]), int(digits[2:4]), int(digits[4:6])
    if hours > 23 or minutes > 59 or seconds > 59:
        return None
    ahead = hours * 3600 + minutes * 60 + seconds
    return -ahead if text[0] == "-" else ahead


def on_clock(day: int, time: tuple[int, int, int], fraction: str, zone: str | None) -> ClockReading | None:
    """Build a time from its parts; None if no clock shows it.

    24:00:00 is the midnight that ends the day. Second 60 is kept for the caller to judge, who knows whether
    a leap second can fall there.

    Args:
        day: The day's ordinal, as `date.toordinal` counts.
        time: Hour, minute, second.
        fraction: Digits, of any number.
        zone: A zone in the spelling of `ZONE`, or None.
    """
    hour, minute, second = time
    if minute > 59 or second > 60 or hour > 24:
        return None
    if hour == 24 and (minute or second or fraction.strip("0")):
        return None
    offset = zone_offset(zone) if zone else None
    if zone and offset is None:
        return None
    local = (day - _EPOCH_DAY) * 86_400 + hour * 3600 + minute * 60 + second
    return ClockReading(local, fraction, offset, second == 60)


class TimeFormat:
    """A compiled format of `--timestamp-format`.

    The directives are %Y %y %m %d %e %j %b %B %h %a %A %H %I %p %M %S %f %z %Z %s %%, and %T %R %F %D for
    what they stand for. A number may lack its leading zero unless another number touches it. %f takes any
    number of digits, %z what ISO 8601 and its neighbours write (`Z`, `+0100`, `+01:00`, `+01`, `UTC`), %Z
    names of UTC only. Names are English and match in any case, short or long, as letters do that stand for
    themselves. A run of white space matches any other.

    Raises:
        UsageError: A directive is unknown, given twice, or cannot make a time with the others.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        parts = _split(text)
        letters = [part[1:] for part in parts if part[0] == "%" and part != "%%"]
        _check(text, letters)
        self._short_year = "y" in letters
        self._match = re.compile(_pattern(parts), _FLAGS if _has_words(parts) else re.ASCII).fullmatch

    def read(self, text: str) -> ClockReading | Rule:
        """Read one text; return the violated rule if that fails."""
        found = self._match(text)
        if found is None:
            return rules.TIMESTAMP_FORMAT_MISMATCH
        parts = found.groupdict()
        if "epoch" in parts:
            return ClockReading(int(parts["epoch"]), parts.get("fraction", ""), 0)
        day, hour = self._day(parts), _hour(parts)
        if day is None or hour is None:
            return rules.TIMESTAMP_IMPOSSIBLE
        time = (hour, int(parts.get("minute", 0)), int(parts.get("second", 0)))
        return on_clock(day, time, parts.get("fraction", ""), parts.get("zone")) or rules.TIMESTAMP_IMPOSSIBLE

    def _day(self, parts: dict[str, str]) -> int | None:
        """Return the day's ordinal; None if the date or weekday is wrong."""
        year = int(parts["year"])
        if self._short_year:
            year += 1900 if year >= 69 else 2000  # POSIX, strptime: 69 to 99 are of the 20th century
        month, day = _month(parts.get("month", "1")), int(parts.get("day", 1))
        try:
            ordinal = date(year, month, day).toordinal()
            if "yearday" in parts:
                ordinal += int(parts["yearday"]) - 1
                if date.fromordinal(ordinal).year != year:
                    return None
        except (ValueError, OverflowError):
            return None
        weekday = parts.get("weekday")
        return None if weekday and _DAYS.index(weekday[:3].lower()) != (ordinal - 1) % 7 else ordinal


def _hour(parts: dict[str, str]) -> int | None:
    hour, half = int(parts.get("hour", 0)), parts.get("half")
    if half is None:
        return hour
    return hour % 12 + (12 if half[0] in "pP" else 0) if 1 <= hour <= 12 else None


def _month(text: str) -> int:
    return int(text) if text[0].isdigit() else _MONTHS.index(text[:3].lower()) + 1


def _split(text: str) -> list[str]:
    """Split a format into directives (`%d`), white space and literal text."""
    whole = re.sub(r"%([TRFD%])", lambda found: _SHORTHANDS.get(found[1], "%%"), text.strip())
    parts: list[str] = re.findall(r"%-?.|%|\s+|[^%\s]+", whole, re.DOTALL)
    return [f"%{part[2:]}" if part[:2] == "%-" and len(part) == 3 else part for part in parts]


def _translated(text: str) -> str:
    """Return the directives for letters like YYYY-MM-DD, or ""."""
    form = re.sub("|".join(_OF_OTHER_TOOLS), lambda found: _OF_OTHER_TOOLS[found[0]], text)
    return form if re.fullmatch(r"(?:%[A-Za-z]|[^A-Za-z%]|T)+", form) else ""


def _check(text: str, letters: list[str]) -> None:
    """Raise an error if the format cannot give a time.

    Raises:
        UsageError: A directive is unknown, locale-dependent, given twice, or the parts do not give one time.
    """
    if not letters:
        meant = _translated(text)
        hint = f'did you mean --timestamp-format "{meant}"?' if meant else _TRY
        raise UsageError(f"--timestamp-format {text!r} has no directive such as %Y", hint=hint)
    for letter in letters:
        if letter in set("cxX"):
            raise UsageError(
                f"--timestamp-format: %{letter} differs from place to place", hint=f"spell it out: {_TRY}"
            )
        if letter not in _DIRECTIVES:
            known = " ".join(f"%{each}" for each in _DIRECTIVES)
            raise UsageError(f"--timestamp-format: %{letter} is unknown", hint=f"known are {known}; {_TRY}")
    slots = [_DIRECTIVES[letter][0] for letter in letters]
    for slot in slots:
        if slots.count(slot) > 1:
            raise UsageError(f"--timestamp-format {text!r} gives the {slot} twice", hint=_TRY)
    lack = _lack(set(slots), set(letters))
    if lack:
        raise UsageError(f"--timestamp-format {text!r} {lack}", hint=_TRY)


def _lack(slots: set[str], letters: set[str]) -> str:
    """Return why a format's parts do not give one time, or ""."""
    if "epoch" in slots:
        return "" if slots <= {"epoch", "fraction"} else "mixes %s with other parts"
    if "yearday" in slots and slots & {"month", "day"}:
        return "gives the day by %j and by the month"
    if "year" not in slots or not (slots >= {"month", "day"} or "yearday" in slots):
        return "does not give year, month and day"
    if ("I" in letters) != ("p" in letters):
        return "needs %I and %p together: a 12-hour clock and its half of the day"
    for part, whole in pairwise(("fraction", "second", "minute", "hour")):
        if part in slots and whole not in slots:
            return f"gives the {part} without the {whole}"
    return ""


def _pattern(parts: list[str]) -> str:
    """Convert the format to a regular expression; adjacent numbers have full width."""
    around = ["", *parts, ""]
    made = []
    for before, part, after in zip(around, parts, around[2:], strict=False):
        if part.isspace():
            made.append(r"\s+")
        elif part == "%%":
            made.append("%")
        elif part[0] == "%":
            made.append(_group(part[1], before, after))
        else:
            made.append(re.escape(part))
    return "".join(made)


def _has_words(parts: list[str]) -> bool:
    """Return whether the case of letters matters in the format."""
    return any(
        part[1:] in _WORDS if part[0] == "%" else not part.isspace() and part.lower() != part.upper()
        for part in parts
    )


def _group(letter: str, before: str, after: str) -> str:
    """Convert one directive to a named group, by its neighbours."""
    slot, shape = _DIRECTIVES[letter]
    if _is_number(after, 0) and letter in "fs":
        raise UsageError(
            f"--timestamp-format: %{letter} has no end where another number follows it",
            hint="put it last, or something between the two",
        )
    if letter != "s" and (_is_number(after, 0) or _is_number(before, -1)):
        shape = shape.replace("{1,", "{")
    return f"(?P<{slot}>{shape})"


def _is_number(part: str, end: int) -> bool:
    """Return whether a format part starts (0) or ends (-1) in digits."""
    if part[:1] == "%":
        return part[1:] in _NUMBERS
    return bool(part) and part[end].isdigit()


_LONG_GUESS = 64  # characters; no time is written longer
_CLOCK = re.compile(r"(?<!\d)(\d{1,2}):(\d\d)(:\d\d)?([.,]\d+)?(?!\d)", re.ASCII)
_HALF = re.compile(r"(?<=[\d ])[ap]\.?m\b\.?", _FLAGS)
_OFFSET = re.compile(rf"(:\d\d(?:[.,]\d+)?(?: ?[ap]\.?m\b\.?)? ?){ZONE}(?![\w:])", _FLAGS)
_SHAPES = (
    (re.compile(rf"(?<![a-z%])(?:{_DAY})\b", _FLAGS), "%a"),
    (re.compile(rf"(?<![a-z%])(?:{_MONTH})(?![a-z])", _FLAGS), "%b"),
    (re.compile(r"(?<!\d)\d{4}(?!\d)", re.ASCII), "%Y"),
)
_LEFT_OVER = re.compile(r"(?<!%)[^\W\d_Tt]|\+")  # words and signs that a format would silently pass over
_SHORT = re.compile(r"(?<!\d)\d{1,2}(?!\d)", re.ASCII)


def suggest(text: str) -> tuple[str, ...]:
    """Find the formats that read a text; several if ambiguous."""
    if len(text) > _LONG_GUESS or "%" in text or "#" in text:
        return ()
    return _suggested(_CLOCK.sub(_any_clock, text, count=1))


def _any_clock(found: re.Match[str]) -> str:
    """Replace the time of day by a standard one, for better caching."""
    hour, minute, second = int(found[1]), int(found[2]), int((found[3] or ":0")[1:])
    if hour > 23 or minute > 59 or second > 59:
        return found[0]
    fraction = f"{found[4][0]}5" if found[4] else ""
    return f"{'10' if 1 <= hour <= 12 else '00'}:10{':10' if found[3] else ''}{fraction}"


@lru_cache(maxsize=4096)
def _suggested(text: str) -> tuple[str, ...]:
    shape = _shape(text)
    if _LEFT_OVER.search(shape):
        return ()
    formats = (_filled(shape, order) for order in _orders(shape) if shape.count("#") == len(order))
    return tuple(each for each in formats if _reads(each, text))


def _shape(text: str) -> str:
    """Replace unambiguous parts by directives, and other short numbers by #."""
    hour = "%I" if _HALF.search(text) else "%H"
    shape = _HALF.sub("%p", _OFFSET.sub(r"\1%z", text, count=1), count=1)
    shape = _CLOCK.sub(lambda found: _clock_shape(found, hour), shape, count=1)
    for pattern, directive in _SHAPES:
        shape = pattern.sub(directive, shape, count=1)
    return _SHORT.sub("#", shape)


def _orders(shape: str) -> tuple[tuple[str, ...], ...]:
    """Return the possible meanings of a shape's short numbers, in order."""
    if "%b" in shape:
        return ("%d",), ("%d", "%y"), ("%y", "%d")
    if "%Y" in shape.partition("#")[0]:
        return (("%m", "%d"),)
    return ("%d", "%m"), ("%m", "%d"), ("%d", "%m", "%y"), ("%m", "%d", "%y"), ("%y", "%m", "%d")


def _clock_shape(found: re.Match[str], hour: str) -> str:
    fraction = f"{found[4][0]}%f" if found[4] else ""
    return f"{hour}:%M{':%S' if found[3] else ''}{fraction}"


def _filled(shape: str, order: tuple[str, ...]) -> str:
    for directive in order:
        shape = shape.replace("#", directive, 1)
    return shape


def _reads(text: str, cell: str) -> bool:
    compiled = _compiled(text)
    return compiled is not None and isinstance(compiled.read(cell), ClockReading)


@lru_cache(maxsize=256)
def _compiled(text: str) -> TimeFormat | None:
    try:
        return TimeFormat(text)
    except UsageError:
        return None
