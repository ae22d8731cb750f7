"""Convert cells to instants as exact, canonical UTC text.

The *exact* text of an instant is `YYYY-MM-DDTHH:MM:SS.fffZ` in UTC, with three digits of fraction and as many
more as the source has (zeros at the end beyond the third left out): one instant, one text, however spelled.

What is read without a format, outer white space aside, each space of Unicode as the one of ASCII:

- ISO 8601, extended or basic, with `T`, `t` or one space between date and time, the seconds left out or with
  any number of digits after `.` or `,`, and a zone: `Z`, `+hh:mm`, `+hhmm`, `+hh`, `UTC`, `GMT`, one space
  before it or none. `24:00:00` is the midnight that ends the day. `23:59:60` UTC on a month's last day is a
  leap second and counts, as on a POSIX clock, as the first of the next month; no other second 60 is possible.
- The same, and what a format reads, with the zone's tzdata name behind it, after a space or in brackets:
  `2024-03-05 08:00:00 America/New_York`; an offset before the brackets counts. An abbreviation such as `PST` is
  read where `names` says what it means.
- Epoch numbers, with or without a fraction, by the digits before the point, each value for itself: 9 and 10
  are seconds, 12 and 13 milliseconds, 15 and 16 microseconds, 18 and 19 nanoseconds, so that the instant lies
  between 1973-03-03 and 2286-11-20. Other sizes are refused, as are 12 digits that read as YYYYMMDDhhmm.

A text that names no zone is read in the reader's; one that does keeps its own. Where more than one thing is
amiss, errors come before warnings, and the overlap of a zone before the age of the time.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from operator import itemgetter
from typing import Final

from inflection_cli import rules
from inflection_cli.errors import UsageError
from inflection_cli.mapping.times.time_format import (
    ZONE,
    ClockReading,
    TimeFormat,
    on_clock,
    suggest,
    zone_offset,
)
from inflection_cli.mapping.times.zones import (
    NO_NAMES,
    Fold,
    Zone,
    example_of,
    is_usual,
    named_zone,
    split_zone,
)
from inflection_cli.model import Rule
from inflection_cli.text_faults import is_null_word, null_option, spaced, unseen

FUTURE_TOLERANCE = timedelta(minutes=5)
"""How far beyond the run's start a time may lie, for clocks that differ."""

MAX_MEMOS = 8_192
"""How many parts of cells a reader remembers at most, about 3 MB; beyond it starts afresh."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_YEAR_2000 = 946_684_800
_LAST_SECOND = 253_402_300_799  # 9999-12-31T23:59:59Z, the last that datetime can show
_MEMO_FRACTION = 3  # digits: longer fractions seldom come again

_ISO = re.compile(
    rf"(\d{{4}})(-?)(\d\d)\2(\d\d)[Tt ](\d\d)(:?)(\d\d)(?:\6(\d\d)(?:[.,](\d+))?)?(?: ?({ZONE}))?", re.ASCII
).fullmatch
_DATE = re.compile(r"(\d{4})(-?)(\d\d)\2(\d\d)", re.ASCII).fullmatch
_NUMBER = re.compile(r"(-?)(\d+)(?:[.,](\d+))?", re.ASCII).fullmatch
_SCIENTIFIC = re.compile(r"[+-]?\d+(?:[.,]\d+)?[Ee][+-]?\d+", re.ASCII).fullmatch
_RUNS = {12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S", 17: "%Y%m%d%H%M%S%f"}
_DAY = re.compile(r"(\d{4})-(\d\d)-(\d\d)", re.ASCII).fullmatch
_HOURS = {f"{between}{hour:02}": hour for between in "Tt " for hour in range(24)}
_MINUTE_SECOND = re.compile(r":([0-5]\d):([0-5]\d)", re.ASCII).fullmatch
_TAIL = re.compile(rf"(?:[.,](\d+))? ?({ZONE})?", re.ASCII).fullmatch

_SHAPE = str.maketrans("123456789", "0" * 9)
_SHAPE_OF_BYTES = bytes.maketrans(b"123456789", b"0" * 9)
_UNIFORM: dict[str, tuple[int, str | None]] = {
    f"0000-00-00{between}00:00:00{fraction}{zone}": (19 + len(fraction), zone or None)
    for between in "Tt "
    for fraction in ("", ".000")
    for zone in ("", "Z", "z", "UTC", " UTC", " GMT")
}
"""The shapes that are read a column at once: to where a cell's own text is kept, and the zone it names."""
_TIMES = tuple(f":{second // 60:02}:{second % 60:02}" for second in range(3600))
_TO_THE_DAY, _HOUR_OF_DAY = itemgetter(slice(0, 10)), itemgetter(slice(10, 13))


@dataclass(frozen=True, slots=True)
class TimeProblem:
    """A problem or warning on the time in a cell.

    Attributes:
        rule: Its kind.
        detail: One phrase for the message, without the cell's text.
        exact: The canonical text where the time is usable all the same; None where the row is rejected.
        hint: What settles it for this cell; the rule's own fix where empty.
        formats: The formats that the hint names.
        zoneless: Whether the hint asks for a zone as well.
    """

    rule: Rule
    detail: str
    exact: str | None = None
    hint: str = ""
    formats: tuple[str, ...] = ()
    zoneless: bool = False


class TimestampReader:
    """Reads the cells of a time column; results depend on arguments only.

    Args:
        now: The start of the run, with a zone: what lies more than `FUTURE_TOLERANCE` after it is an error.
        zone: The zone of times that name none, by its tzdata name; None refuses such times.
        format: The only form that is read, as `TimeFormat` takes it; None reads what the module describes.
        names: Seconds ahead of UTC, by the abbreviation of a zone that may stand behind a time.

    Raises:
        UsageError: The zone or the format is unknown or of no use; the hint has a value to try.
        ValueError: `now` has no zone.
    """

    def __init__(
        self,
        *,
        now: datetime,
        zone: str | None = None,
        format: str | None = None,  # noqa: A002 - named as the option
        names: Mapping[str, int] = NO_NAMES,
    ) -> None:
        if now.tzinfo is None:
            raise ValueError("now needs a zone")
        self._arguments = now, zone, format, dict(names)
        self._names = names
        self._zone = Zone(zone) if zone is not None else None
        self._format = TimeFormat(spaced(format)) if format is not None else None
        limit = now.astimezone(UTC) + FUTURE_TOLERANCE
        self._limit_s = (limit - _EPOCH) // timedelta(seconds=1)
        self._limit = sort_key(exact_text(self._limit_s, f"{limit.microsecond:06}"))
        self._parts = _Parts(self._zone, self._limit_s)

    def __reduce__(self) -> tuple[object, tuple[datetime, str | None, str | None, dict[str, int]]]:
        return _rebuilt, self._arguments

    def read(self, cells: Iterable[str]) -> list[str | TimeProblem]:
        """Read cells; return the exact text or a problem for each.

        Cells of the commonest shape are read as one column, where that shape is one of the usual ones; what is left
        is put together from parts that came before, or taken apart.
        """
        column = list(cells)
        if self._format is not None:
            return [self._read_slowly(cell) for cell in column]
        if column and _is_uniform(column):
            return self._read_shape(column)
        shapes = [cell.translate(_SHAPE) for cell in column]
        common = max(Counter(shapes).items(), key=itemgetter(1), default=("", 0))[0]
        if common not in _UNIFORM:
            return self._read_parts(column)
        alike = [at for at, shape in enumerate(shapes) if shape == common and _is_clock(column[at])]
        read: list[str | TimeProblem] = [""] * len(column)
        _fill(read, alike, self._read_shape([column[at] for at in alike]))
        return self._completed(read, column)

    def _read_shape(self, column: list[str]) -> list[str | TimeProblem]:
        """Read a column of one shape with possible minutes and seconds."""
        kept, zone = _UNIFORM.get(column[0].translate(_SHAPE), (0, None)) if column else (0, None)
        if kept and zone is None and self._zone is None:
            return [self._read_slowly(cell) for cell in column]
        if not kept:
            return self._read_parts(column)
        if kept == 23 and column[0][10] == "T" and column[0][23:] == "Z":
            return self._completed(self._read_canonical(column), column)
        hours, end = self._parts.whole_hours(zone), "Z" if kept == 23 else ".000Z"
        return self._completed(
            [hour + cell[13:kept] + end if (hour := hours[cell[:13]]) else "" for cell in column], column
        )

    def _read_canonical(self, column: list[str]) -> list[str | TimeProblem]:
        """Read a column of canonical texts; "" where one is not plain.

        A plain day is one from 2000 on that lies days before now.
        """
        first, last = _YEAR_2000 // 86_400, self._limit_s // 86_400 - 1
        days, plain_days = self._parts.days, self._parts.plain_days
        new = set(map(_TO_THE_DAY, column)) - plain_days
        odd_days = {text for text in new if (day := days[text]) is None or not first <= day < last}
        plain_days |= new - odd_days
        odd_hours = set(map(_HOUR_OF_DAY, column)) - _HOURS.keys()
        if not (odd_days or odd_hours):
            return list(column)
        return ["" if cell[:10] in odd_days or cell[10:13] in odd_hours else cell for cell in column]

    def _completed(self, read: list[str | TimeProblem], column: list[str]) -> list[str | TimeProblem]:
        """Return the times, with those that are "" read by parts."""
        if "" in read:
            odd = [at for at, text in enumerate(read) if not text]
            _fill(read, odd, self._read_parts([column[at] for at in odd]))
        return read

    def _read_parts(self, column: list[str]) -> list[str | TimeProblem]:
        tails, slowly = self._parts.tails, self._read_slowly
        read: list[str | TimeProblem] = []
        add = read.append
        for cell in column:
            if len(cell) < 19:
                add(slowly(cell))
                continue
            try:
                fraction, hours = tails[cell[19:]]
                hour, next_hour, times = hours[cell[:13]]
                carry, time = times[cell[13:19]]
            except KeyError:
                add(slowly(cell))
            else:
                add((next_hour if carry else hour) + time + fraction)
        return read

    def _read_slowly(self, cell: str) -> str | TimeProblem:
        text = spaced(cell.strip())
        if not text:
            return _MISSING
        hidden = unseen(text)
        if hidden is not None:
            detail = f"the text has the invisible character {hidden}"
            return TimeProblem(rules.TIMESTAMP_UNREADABLE, detail, hint="remove the character in the export")
        said, zone = self._understood(text), self._zone
        if not isinstance(said, ClockReading) and (split := split_zone(text)) is not None:
            said, zone = self._with_zone(*split, said)
        if isinstance(said, ClockReading):
            return self._judge(said, zone)
        if is_null_word(text):
            return TimeProblem(
                rules.TIMESTAMP_UNREADABLE, "the cell is a word for nothing", hint=_null_hint(text)
            )
        return self._advised(said) if said.hint else _explained(said, text)

    def _understood(self, text: str) -> ClockReading | TimeProblem:
        if self._format is None:
            return _understand(text)
        outcome = self._format.read(text)
        return outcome if isinstance(outcome, ClockReading) else _misfit(outcome, self._format.text)

    def _with_zone(
        self, text: str, name: str, before: TimeProblem
    ) -> tuple[ClockReading | TimeProblem, Zone | None]:
        """Read a time before a zone's name; return both."""
        said, zone = self._understood(text), named_zone(name)
        if "/" in name:
            if zone is not None and isinstance(said, ClockReading) and _contradicts(said, zone):
                return _contradiction(name), zone
            return (said if zone is not None else before), zone
        if not isinstance(said, ClockReading):
            return (said if name in self._names or is_usual(name) else before), None
        if name in self._names:
            if said.offset not in {None, self._names[name]}:
                return _contradiction(name), None
            return said._replace(offset=self._names[name]), None
        return unknown_name(name), None

    def _advised(self, trouble: TimeProblem) -> TimeProblem:
        """Add the zone to a hint if the zone is missing too."""
        if self._zone is not None or not trouble.formats or "%z" in trouble.hint:
            return trouble
        hint = f"{trouble.hint}; and --timezone NAME, for example Europe/Berlin or UTC"
        return TimeProblem(trouble.rule, trouble.detail, trouble.exact, hint, trouble.formats, zoneless=True)

    def _judge(self, clock: ClockReading, zone: Zone | None) -> str | TimeProblem:
        """Convert a clock time to exact text, or return its problem."""
        second, fold = _instant(clock, zone)
        trouble = self._error(second, fold, leap=clock.leap)
        if trouble is _IN_GAP and zone is not self._zone:
            return _IN_GAP_OF_CELL
        if trouble is not None:
            return _FUTURE_EVERYWHERE if trouble is _FUTURE and clock.offset is not None else trouble
        exact = exact_text(second, clock.fraction)
        if second == self._limit_s and sort_key(exact) > self._limit:
            return _FUTURE if clock.offset is None else _FUTURE_EVERYWHERE
        if fold is Fold.TWICE:
            return TimeProblem(
                rules.TIMESTAMP_IN_OVERLAP, "the clocks were put back, so this time was there twice", exact
            )
        if second < _YEAR_2000:
            return TimeProblem(rules.TIMESTAMP_BEFORE_2000, "the time is before the year 2000", exact)
        return exact

    def _error(self, second: int, fold: Fold | None, *, leap: bool) -> TimeProblem | None:
        """Return the error of an instant; None if it is usable."""
        if fold is None:
            return _NO_ZONE
        if leap and not _is_new_month(second):
            return _NO_LEAP
        if fold is Fold.NEVER:
            return _IN_GAP
        if second < 0:
            return _BEFORE_1970
        return _FUTURE if second > self._limit_s else None


def _is_clock(cell: str) -> bool:
    """Return whether a cell shows a minute and second that exist."""
    return cell[14] in "012345" and cell[17] in "012345"


def _fill(read: list[str | TimeProblem], places: Sequence[int], answers: Sequence[str | TimeProblem]) -> None:
    for at, answer in zip(places, answers, strict=True):
        read[at] = answer


def _is_uniform(column: list[str]) -> bool:
    """Return whether all cells share one shape with possible minutes and seconds.

    The shapes are compared on the joined text, where the same place in each cell lies one stride apart.
    """
    joined = "\n".join(column)
    if not joined.isascii():
        return False
    cells, shape = joined.encode(), column[0].encode().translate(_SHAPE_OF_BYTES)
    if cells.translate(_SHAPE_OF_BYTES) != b"\n".join([shape] * len(column)):
        return False
    stride = len(shape) + 1
    return not (cells[14::stride] + cells[17::stride]).translate(None, b"012345")


def _rebuilt(now: datetime, zone: str | None, form: str | None, names: Mapping[str, int]) -> TimestampReader:
    return TimestampReader(now=now, zone=zone, format=form, names=names)


def wire(exact: str) -> str:
    """Format exact text for Segment, truncated to milliseconds."""
    return exact if len(exact) == 24 else exact[:23] + "Z"


def wire_all(exact: Sequence[str]) -> Iterable[str]:
    """Format many exact texts for Segment."""
    return exact if set(map(len, exact)) == {24} else map(wire, exact)


def sort_key(exact: str) -> str:
    """Return a text that sorts in the order of instants.

    Exact texts themselves do not sort so: `.123Z` > `.1234Z`.
    """
    return exact[:-1]


def before(first: str, second: str) -> bool:
    """Return whether the first of two exact texts is earlier."""
    return first[:-1] < second[:-1]


def exact_text(second: int, fraction: str = "") -> str:
    """Format an instant as exact text.

    Args:
        second: Whole seconds from 1970-01-01T00:00:00Z, within the years 1 to 9999.
        fraction: The digits of the second's fraction.
    """
    digits = fraction if len(fraction) == 3 else fraction.rstrip("0").ljust(3, "0")
    return f"{_hour_text(second // 3600)}{_TIMES[second % 3600]}.{digits}Z"


def parse_bound(text: str, zone: str | None) -> str:
    """Read a time bound of `--since` or `--until` into exact text.

    A date alone means the first moment of that day. What names no zone is in the given one, or UTC without
    one; of a time that the zone's clocks show twice, the first is taken.

    Raises:
        UsageError: The text is no time, or one that the zone's clocks leave out; the hint has a value to try.
    """
    where = Zone(zone or "UTC")
    bare = spaced(text.strip())
    day = _DATE(bare)
    said = _understand(f"{bare}T00:00" if day else bare)
    if isinstance(said, TimeProblem):
        raise UsageError(
            f"cannot parse {text!r} as a date or time: {said.detail}",
            hint="use 2024-03-01 or 2024-03-01T09:30:00Z",
        )
    second, fold = _instant(said, where)
    if (fold is Fold.NEVER and not day) or (said.leap and not _is_new_month(second)):
        raise UsageError(f"{text!r} does not exist in {where.name}", hint="give the time in UTC, with a Z")
    if not -62_135_596_800 <= second <= _LAST_SECOND:
        raise UsageError(
            f"{text!r} is outside the years 1 to 9999", hint="use 2024-03-01 or 2024-03-01T09:30:00Z"
        )
    return exact_text(second, said.fraction)


_MISSING = TimeProblem(rules.TIMESTAMP_MISSING, "the cell is empty")
_NO_ZONE = TimeProblem(rules.TIMESTAMP_NO_ZONE, "the time has no time zone")
_NO_LEAP = TimeProblem(rules.TIMESTAMP_IMPOSSIBLE, "no leap second is possible there")
_IN_GAP = TimeProblem(rules.TIMESTAMP_IN_GAP, "this local time was skipped when summer time started")
_IN_GAP_OF_CELL = TimeProblem(
    rules.TIMESTAMP_IN_GAP,
    "this local time was skipped in the zone that the cell names",
    hint="no option changes a zone that the cell names; correct the cell in the export, or leave the row out",
)
_BEFORE_1970 = TimeProblem(rules.TIMESTAMP_BEFORE_1970, "the time is before 1970")
_FUTURE = TimeProblem(
    rules.TIMESTAMP_FUTURE, "the time is more than five minutes after the start of this run"
)
_FUTURE_EVERYWHERE = TimeProblem(
    rules.TIMESTAMP_FUTURE,
    _FUTURE.detail,
    hint="check this machine's clock, or map the column of the event's time: --map timestamp=COLUMN",
)
"""Of a time with an offset, or of an epoch number, which no zone changes."""
_NO_DATE = TimeProblem(rules.TIMESTAMP_IMPOSSIBLE, "this date does not exist")
_NO_TIME = TimeProblem(rules.TIMESTAMP_IMPOSSIBLE, "this time or offset does not exist")
_NO_DAY = TimeProblem(rules.TIMESTAMP_IMPOSSIBLE, "this date, weekday, time or offset does not exist")
_SCIENCE = TimeProblem(rules.TIMESTAMP_SCIENTIFIC, "the number is in scientific notation")
_SERIAL = TimeProblem(rules.TIMESTAMP_SERIAL, "the number is a spreadsheet's serial day")
_UNCLEAR = TimeProblem(
    rules.TIMESTAMP_EPOCH_UNCLEAR, "the number's size fits neither seconds nor milliseconds"
)
_UNREADABLE = TimeProblem(rules.TIMESTAMP_UNREADABLE, "the text is not a time in a known format")


_OF_JAVASCRIPT: Final = re.compile(r"GMT[+-]\d{4}(?: \(.*\))?")
_OF_JAVA: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\[UTC\]")
_DAY_AND_YEAR: Final = re.compile(r"\b\d{1,2}\b.*\b\d{4}\b")
_NAME: Final = re.compile(r"[^\W\d_]{3,}")
_ENGLISH: Final = re.compile(
    "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|mon|tue|wed|thu|fri|sat|sun|utc|gmt", re.IGNORECASE
)
"""How the words begin that a time may have."""


def _explained(said: TimeProblem, text: str) -> TimeProblem:
    """Return a problem with a hint for a recognised form."""
    if said is not _UNREADABLE:
        return said
    hint = ""
    if _OF_JAVASCRIPT.search(text):
        hint = "this is how JavaScript prints a date: export it by toISOString(), such as 2024-03-01T09:30:00.000Z"
    elif _OF_JAVA.fullmatch(text):
        hint = '--timestamp-format "%Y-%m-%dT%H:%M:%SZ[UTC]" --timezone UTC'
    elif _DAY_AND_YEAR.search(text) and not all(map(_ENGLISH.match, _NAME.findall(text))):
        hint = "only English names of months and days are read: export the times as 2024-03-01T09:30:00Z"
    return replace(said, hint=hint) if hint else said


def unknown_name(name: str) -> TimeProblem:
    """Return the problem of an abbreviation that nobody has explained."""
    detail = f"the time's zone, {name}, is an abbreviation that may mean several offsets"
    return TimeProblem(
        rules.TIMESTAMP_NO_ZONE, detail, hint=f"say which one: --zone-name {name}={example_of(name)}"
    )


def _contradicts(clock: ClockReading, zone: Zone) -> bool:
    """Return whether the zone has another offset at that time.

    UTC beside a zone is the instant, told by who also knows the place.
    """
    if not clock.offset:
        return False
    second, fold = zone.instant(clock.local)
    return fold is Fold.ONCE and second != clock.local - clock.offset


def _contradiction(name: str) -> TimeProblem:
    """Return the problem of two different offsets in one cell."""
    detail = f"the time has an offset or is an epoch number, and its zone, {name}, means another offset"
    return TimeProblem(
        rules.TIMESTAMP_NO_ZONE,
        detail,
        hint="leave the right one of the two in the cell, and take the other out",
    )


def _understand(text: str) -> ClockReading | TimeProblem:
    if len(text) > 8 and text.isdigit() and text.isascii():
        return _epoch(text, "")
    found = _ISO(text)
    return _iso(found) if found is not None else _no_iso(text)


def _no_iso(text: str) -> ClockReading | TimeProblem:
    """Read a text that is not ISO 8601, such as a number."""
    found = _DATE(text)
    if found is not None and (found[2] or found[1][:2] in {"19", "20"}):
        if _ordinal(found[1], found[3], found[4]) is None:
            return _NO_DATE
        return _needing(
            rules.TIMESTAMP_DATE_ONLY, "the cell is a date without a time of day", _bare_format(found)
        )
    found = _NUMBER(text)
    if found is not None:
        return _BEFORE_1970 if found[1] else _epoch(found[2], found[3] or "")
    return _SCIENCE if _SCIENTIFIC(text) else _foreign(text)


def _null_hint(text: str) -> str:
    return f"fill in the time; rows that may do without need the cell empty: {null_option(text)}"


def _iso(found: re.Match[str]) -> ClockReading | TimeProblem:
    year, _, month, day, hour, _, minute, second, fraction, zone = found.groups()
    ordinal = _ordinal(year, month, day)
    if ordinal is None:
        return _NO_DATE
    return on_clock(ordinal, (int(hour), int(minute), int(second or 0)), fraction or "", zone) or _NO_TIME


def _ordinal(year: str, month: str, day: str) -> int | None:
    try:
        return date(int(year), int(month), int(day)).toordinal()
    except ValueError:
        return None


def _bare_format(found: re.Match[str]) -> str:
    return f"%Y{found[2]}%m{found[2]}%d"


def _epoch(whole: str, fraction: str) -> ClockReading | TimeProblem:
    """Read an epoch number by its digit count, without using float."""
    digits = whole.lstrip("0")
    length = len(digits)
    if not fraction and length in _RUNS and digits[:2] in {"19", "20"}:
        run = _run_of_digits(digits)
        if run is not None:
            return run
    if length == 5 and "2" <= digits[0] < "8":  # 1954 to 2119 in days since 1899-12-30
        return _SERIAL
    if not 9 <= length <= 19 or length % 3 == 2:
        return _UNCLEAR
    seconds = length - (length - 9) // 3 * 3
    return ClockReading(int(digits[:seconds]), digits[seconds:] + fraction, 0)


def _run_of_digits(digits: str) -> TimeProblem | None:
    """Return the problem of digits that may be a date; else None."""
    form = _RUNS[len(digits)]
    if not isinstance(TimeFormat(form).read(digits), ClockReading):
        return None
    return _needing(rules.TIMESTAMP_AMBIGUOUS, "the digits are a date and time, or an epoch number", form)


def _foreign(text: str) -> TimeProblem:
    """Return the problem of a text, with formats that read it."""
    fits = suggest(text)
    if not fits:
        return _UNREADABLE
    if len(fits) > 1:
        return _needing(rules.TIMESTAMP_AMBIGUOUS, "day, month and year have more than one reading", *fits)
    return _needing(
        rules.TIMESTAMP_NEEDS_FORMAT, "the text is a time in a form that only a format reads", *fits
    )


def _needing(rule: Rule, detail: str, *formats: str) -> TimeProblem:
    quoted = " or ".join(f'"{each}"' for each in formats)
    return TimeProblem(rule, detail, None, f"--timestamp-format {quoted}", formats)


def _misfit(rule: Rule, form: str) -> TimeProblem:
    if rule is rules.TIMESTAMP_IMPOSSIBLE:
        return _NO_DAY
    return TimeProblem(rule, f'the text is not written as "{form}"')


def _instant(clock: ClockReading, zone: Zone | None) -> tuple[int, Fold | None]:
    """Return a clock time's second and fold; fold None without a zone."""
    if clock.offset is not None:
        return clock.local - clock.offset, Fold.ONCE
    if zone is None:
        return clock.local, None
    return zone.instant(clock.local)


def _is_new_month(second: int) -> bool:
    """Return whether a month begins in UTC at this second.

    1 January of the year 10000 counts too, although datetime cannot represent it.
    """
    if second % 86_400 or second > _LAST_SECOND:
        return second == _LAST_SECOND + 1
    return (_EPOCH + timedelta(seconds=second)).day == 1


class _Days(dict[str, int | None]):
    """Cache from `2024-03-01` to days since 1970; None without a date."""

    def __init__(self, parts: "_Parts") -> None:
        super().__init__()
        self._parts = parts

    def __missing__(self, text: str) -> int | None:
        found = _DAY(text)
        ordinal = _ordinal(found[1], found[2], found[3]) if found else None
        self._parts.make_room()
        self[text] = made = None if ordinal is None else ordinal - _EPOCH_DAY
        return made


class _Hours(dict[str, tuple[str, str, "_Times"]]):
    """Cache from a local hour to its UTC hours and times.

    Holds hours only of which every second is plain: one offset throughout, from 2000 on and before now.
    """

    def __init__(self, parts: "_Parts", offset: int | None) -> None:
        super().__init__()
        self._parts = parts
        self._offset = offset

    def __missing__(self, text: str) -> tuple[str, str, "_Times"]:
        hour, shift = self.plain(text)
        made = _hour_text(hour), _hour_text(hour + 1) if shift else "", self._parts.times(shift)
        self._parts.make_room()
        self[text] = made
        return made

    def plain(self, text: str) -> tuple[int, int]:
        """Return an hour's start as UTC hour and seconds into that hour.

        Raises:
            KeyError: It is no hour, or not all of it is plain.
        """
        day, hour = self._parts.days[text[:10]], _HOURS.get(text[10:])
        if day is None or hour is None:
            raise KeyError(text)
        local = day * 86_400 + hour * 3600
        ahead = self._parts.offset_at(local) if self._offset is None else self._offset
        if ahead is None or not _YEAR_2000 <= local - ahead < self._parts.limit_s - 3600:
            raise KeyError(text)
        return divmod(local - ahead, 3600)


class _WholeHours(dict[str, str]):
    """Cache from a local hour to its aligned UTC hour, or ""."""

    def __init__(self, parts: "_Parts", hours: _Hours) -> None:
        super().__init__()
        self._parts = parts
        self._hours = hours

    def __missing__(self, text: str) -> str:
        try:
            hour, shift = self._hours.plain(text)
        except KeyError:
            hour, shift = 0, 1
        made = "" if shift else _hour_text(hour)
        self._parts.make_room()
        self[text] = made
        return made


class _Times(dict[str, tuple[int, str]]):
    """Cache from `:30:00` to the hour carry and shifted text."""

    def __init__(self, parts: "_Parts", shift: int) -> None:
        super().__init__()
        self._parts = parts
        self._shift = shift

    def __missing__(self, text: str) -> tuple[int, str]:
        found = _MINUTE_SECOND(text)
        if found is None:
            raise KeyError(text)
        carry, second = divmod(self._shift + int(found[1]) * 60 + int(found[2]), 3600)
        made = carry, _TIMES[second]
        self._parts.make_room()
        self[text] = made
        return made


class _Tails(dict[str, tuple[str, _Hours]]):
    """Cache from `.123+01:00` to the exact fraction and the zone's hours.

    The fraction has the form that it has in exact text.
    """

    def __init__(self, parts: "_Parts") -> None:
        super().__init__()
        self._parts = parts

    def __missing__(self, text: str) -> tuple[str, _Hours]:
        found = _TAIL(text)
        if found is None or (found[2] is None and text[-1:] == " "):
            raise KeyError(text)
        made = f".{(found[1] or '').rstrip('0'):0<3}Z", self._parts.hours(found[2])
        if len(found[1] or "") <= _MEMO_FRACTION:
            self._parts.make_room()
            self[text] = made
        return made


class _Parts:
    """Caches of a reader for parts of cells, limited in size."""

    def __init__(self, zone: Zone | None, limit_s: int, room: int = MAX_MEMOS) -> None:
        self.tails = _Tails(self)
        self.days = _Days(self)
        self.plain_days = set[str]()  # of which there are ten thousand
        self.limit_s = limit_s
        self._zone = zone
        self._hours: dict[int | None, _Hours] = {}
        self._whole_hours: dict[int | None, _WholeHours] = {}
        self._times: dict[int, _Times] = {}
        self._held, self._room = 0, room

    def offset_at(self, local: int) -> int | None:
        """Return the zone's offset in a local hour; None if it changes."""
        return self._zone.steady_offset(local) if self._zone is not None else None

    def hours(self, zone: str | None) -> _Hours:
        """Return the hours of a cell's zone, or of the default zone."""
        offset = zone_offset(zone) if zone else None
        if zone and offset is None:
            raise KeyError(zone)
        if offset not in self._hours:
            self._hours[offset] = _Hours(self, offset)
        return self._hours[offset]

    def whole_hours(self, zone: str | None) -> _WholeHours:
        """Return the whole hours of a cell's zone or the default zone."""
        offset = zone_offset(zone) if zone else None
        if offset not in self._whole_hours:
            self._whole_hours[offset] = _WholeHours(self, self.hours(zone))
        return self._whole_hours[offset]

    def times(self, shift: int) -> _Times:
        """Return the cached times for a shift in seconds."""
        if shift not in self._times:
            self._times[shift] = _Times(self, shift)
        return self._times[shift]

    def make_room(self) -> None:
        """Count one more cached part; clear all caches if too many."""
        self._held += 1
        if self._held > self._room:
            self.tails.clear()
            self.days.clear()
            for hours in self._hours.values():
                hours.clear()
            for whole_hours in self._whole_hours.values():
                whole_hours.clear()
            for times in self._times.values():
                times.clear()
            self._held = 1


def _hour_text(hour: int) -> str:
    day, of_day = divmod(hour, 24)
    return _day_text(day) + _HOUR_ENDS[of_day]


_HOUR_ENDS = [f"T{hour:02}" for hour in range(24)]


@lru_cache(maxsize=4096)  # eleven years
def _day_text(day: int) -> str:
    return date.fromordinal(_EPOCH_DAY + day).isoformat()


_OF_ZONES: Final[Mapping[str, Callable[[str], str]]] = {
    rules.TIMESTAMP_NO_ZONE.code: lambda table: (
        f'{table} zone = "Europe/Berlin", for example, or "UTC": the zone in which the export was written'
    ),
    rules.TIMESTAMP_SERIAL.code: lambda table: (
        "format the column as yyyy-mm-dd hh:mm:ss in the spreadsheet and save it again, then write "
        f'{table} zone = "UTC"'
    ),
    rules.TIMESTAMP_IN_GAP.code: lambda table: (
        f'check whether the export is in that zone; {table} zone = "UTC" if its times are UTC'
    ),
    rules.TIMESTAMP_FUTURE.code: lambda table: (
        f"check whether the zone is right, {table} zone, and this machine's clock"
    ),
}
_OF_FORMATS: Final[Mapping[str, Callable[[str], str]]] = {
    rules.TIMESTAMP_UNREADABLE.code: lambda table: (
        f'fix the cell in the export, or give the format of all cells: {table} format = "FMT"'
    ),
    rules.TIMESTAMP_FORMAT_MISMATCH.code: lambda table: (
        f'fix the cell, or give the format that fits: {table} format = "FMT"; ISO 8601 and epochs are read '
        "where the profile gives none"
    ),
}
_OTHER_COLUMN: Final = (
    'check that the right column is mapped: timestamp = "COLUMN" under [fields] or [[event]]'
)
_OF_COLUMNS: Final = frozenset({rules.TIMESTAMP_EPOCH_UNCLEAR.code, rules.TIMESTAMP_BEFORE_2000.code})


@dataclass(frozen=True, slots=True)
class TimeHints:
    """Source of a column's time settings: a profile or the options.

    Attributes:
        profile: The profile's path; None where it has no say, and options do.
        column: The column's name as the profile writes it.
        zone_asked: Whether an option says the zone, which beats the profile.
        format_asked: Whether one says the form.
    """

    profile: str | None = None
    column: str = ""
    zone_asked: bool = False
    format_asked: bool = False

    def of(self, trouble: TimeProblem) -> str:
        """Return the hint for a problem, with a value to try."""
        if self.profile is None:
            return trouble.hint
        code = trouble.rule.code
        if trouble.formats:
            return self._formats(trouble)
        if trouble.rule is rules.TIMESTAMP_FUTURE and trouble.hint:
            return f"check this machine's clock, and {_OTHER_COLUMN} in {self.profile}"
        if trouble.rule is rules.TIMESTAMP_IN_GAP and trouble.hint:
            return trouble.hint
        if code in _OF_COLUMNS:
            return f"{_OTHER_COLUMN} in {self.profile}"
        line = (None if self.zone_asked else _OF_ZONES.get(code)) or (
            None if self.format_asked else _OF_FORMATS.get(code)
        )
        return line(self._table) if line else trouble.hint

    def _formats(self, trouble: TimeProblem) -> str:
        ways = " or ".join(map(_quoted, trouble.formats))
        zone = '; and zone = "NAME" there, for example "Europe/Berlin" or "UTC"' if trouble.zoneless else ""
        return f"{self._table} format = {ways}{zone}"

    @property
    def _table(self) -> str:
        return f"in {self.profile} [time.columns.{_quoted(self.column)}]"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
