"""Convert text to a property's type, in the form that is sent."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Final, Literal

from inflection_cli import rules
from inflection_cli.catalog import FALSE_WORDS, TRUE_WORDS
from inflection_cli.lossless_json import JsonError, parse
from inflection_cli.mapping.times.timestamps import TimeProblem, TimestampReader, wire
from inflection_cli.model import Note

PropertyType = Literal["string", "integer", "number", "boolean", "timestamp", "date", "json", "list"]
"""How a property or trait is sent; a list comes of a separator, and nobody writes it."""

LITERAL_TYPES: Final[frozenset[PropertyType | None]] = frozenset(
    {"integer", "number", "boolean", "json", "list"}
)
"""Types whose texts are JSON unchanged; those of the others are sent as strings."""

# What a property tells may well lie ahead, a renewal for one: no time is later than this.
_NO_LIMIT: Final = datetime(9999, 12, 31, 23, tzinfo=UTC)

_INTEGER: Final = re.compile(r"([+-]?)(\d+)", re.ASCII)
_NUMBER: Final[Mapping[str, re.Pattern[str]]] = {
    mark: re.compile(rf"([+-]?)(\d*)(?:{re.escape(mark)}(\d+))?(?:[eE]([+-]?\d+))?", re.ASCII)
    for mark in ".,"
}
_DAY_CHARS: Final = 10
_MIDNIGHT: Final = "T00:00:00.000Z"
_LEAVE_OUT: Final = 'leave such cells out: values = { "n/a" = "" }, with what they say in place of n/a'
_AS_TEXT: Final = 'send it as text: type = "string"'


@dataclass(frozen=True, slots=True)
class Typed:
    """Reads texts as one type; picklable.

    Attributes:
        kind: The type; texts that are to stay texts need no reading.
        decimal: The character before a number's fraction.
        timezone: The zone of times without one.
        format: The form of times; None reads ISO 8601 and epochs.
        names: Seconds ahead of UTC by a zone's abbreviation.

    Raises:
        UsageError: The zone or the format is unknown.
    """

    kind: PropertyType
    decimal: Literal[".", ","] = "."
    timezone: str | None = None
    format: str | None = None
    names: Mapping[str, int] = field(default_factory=dict)
    _times: TimestampReader | None = field(init=False, default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.kind in {"timestamp", "date"}:
            reader = self._reader(self.timezone)
            object.__setattr__(self, "_times", reader)

    def __call__(self, text: str, column: str) -> tuple[str, Note | None]:
        """Return the text to send and a note; blank text is absent.

        Args:
            text: A cell, or what was found in it.
            column: The column's name or path, for the note.
        """
        bare = text.strip()
        if not bare:
            return "", None
        if self.kind == "date" and is_day(bare):
            return bare, None
        if self._times is not None:
            return self._time(bare, self._times, column)
        found = _READERS[self.kind](bare, self.decimal)
        if isinstance(found, str):
            return found, None
        return "", Note(rules.PROPERTY_TYPE, found.detail, column, text, found.hint)

    def _reader(self, zone: str | None) -> TimestampReader:
        return TimestampReader(now=_NO_LIMIT, zone=zone, format=self.format, names=self.names)

    def _time(self, text: str, times: TimestampReader, column: str) -> tuple[str, Note | None]:
        (found,) = times.read([text])
        if self.kind == "date":
            # A day is the same day in every zone.
            (day,) = self._reader("UTC").read([text])
            exact = day if isinstance(day, str) else day.exact
            if exact is not None and exact[_DAY_CHARS:] == _MIDNIGHT:
                return exact[:_DAY_CHARS], None
        if isinstance(found, str):
            return wire(found), None
        hint = _time_hint(found, column)
        if found.exact is None:
            return "", Note(found.rule, found.detail, column, text, hint)
        # That a time is long past is odd for an event only.
        told = found.rule is not rules.TIMESTAMP_BEFORE_2000
        return wire(found.exact), Note(found.rule, found.detail, column, text) if told else None


def is_day(text: str) -> bool:
    """Return whether a text is an ISO 8601 day."""
    try:
        return len(text) == _DAY_CHARS and date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _time_hint(trouble: TimeProblem, column: str) -> str:
    if trouble.rule is rules.TIMESTAMP_BEFORE_1970:
        return _AS_TEXT
    if trouble.rule is rules.TIMESTAMP_NO_ZONE:
        if "--zone-name" in trouble.hint:
            return trouble.hint
        return f'say it in the profile: [time.columns."{column}"] with zone = "Europe/Berlin", for example'
    if trouble.hint:
        return f'say it in the profile: [time.columns."{column}"] with format = "%d/%m/%Y %H:%M", for example'
    return _LEAVE_OUT


@dataclass(frozen=True, slots=True, eq=False)
class _Misfit:
    detail: str
    hint: str = _LEAVE_OUT


def _integer(text: str, _: str) -> str | _Misfit:
    found = _INTEGER.fullmatch(text)
    if found is None:
        return _Misfit("the cell is not a whole number")
    sign, digits = found.groups()
    return _padded() if _is_padded(digits) else sign.replace("+", "") + digits


def _number(text: str, decimal: str) -> str | _Misfit:
    found = _match_number(text, decimal)
    if found is None:
        hint = _number_hint(text, decimal)
        return _Misfit(f"the cell is not a number with a fraction after “{decimal}”", hint)
    sign, digits, fraction, exponent = found.groups()
    if _is_padded(digits):
        return _padded()
    number = sign.replace("+", "") + (digits or "0") + (f".{fraction}" if fraction else "")
    number += f"e{exponent}" if exponent else ""
    if abs(float(number)) == float("inf"):
        return _Misfit("the number is larger than any that a destination can hold", _AS_TEXT)
    return number


def decimal_marks(text: str) -> frozenset[str]:
    """Return the decimal characters by which a text is a number."""
    return frozenset(mark for mark in _NUMBER if _match_number(text, mark))


def _match_number(text: str, decimal: str) -> re.Match[str] | None:
    found = _NUMBER[decimal].fullmatch(text)
    return found if found is not None and (found[2] or found[3]) else None


def _number_hint(text: str, decimal: str) -> str:
    other = "," if decimal == "." else "."
    if _match_number(text, other):
        return f'say that a fraction follows it: decimal = "{other}"; or export it without marks between thousands'
    return "export it without marks between thousands" if "," in text and "." in text else _LEAVE_OUT


def _boolean(text: str, _: str) -> str | _Misfit:
    word = text.lower()
    if word in TRUE_WORDS:
        return "true"
    return "false" if word in FALSE_WORDS else _Misfit("the cell is neither true nor false")


def _json(text: str, _: str) -> str | _Misfit:
    try:
        parse(text)
    except JsonError as flaw:
        return _Misfit(f"the cell is not JSON: {flaw.message}", _AS_TEXT)
    return text


def _is_padded(digits: str) -> bool:
    return len(digits) > 1 and digits[0] == "0"


def _padded() -> _Misfit:
    return _Misfit("the number begins with a zero, as an id or a code does", _AS_TEXT)


_READERS: Final[Mapping[PropertyType, Callable[[str, str], str | _Misfit]]] = {
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "json": _json,
}
