"""Convert cells to the traits or properties of a call."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlsplit

import orjson

from inflection_cli import rules
from inflection_cli.lossless_json import JsonCell, JsonError, fits_a_float, parse
from inflection_cli.mapping.layout import CallValue
from inflection_cli.mapping.personal_data import has_only_addresses, looks_personal, personal_member
from inflection_cli.mapping.profile.property_types import Typed, is_day
from inflection_cli.mapping.times.timestamps import TimeProblem, TimestampReader, wire
from inflection_cli.model import Note
from inflection_cli.text_faults import damage, damage_hint, is_null_in_text, null_option

# When somebody was born or an account began may be long past, and a contract may begin in a year.
NO_LIMIT: Final = datetime(9999, 12, 31, 23, tzinfo=UTC)

_DAY: Final = re.compile(r"(\d{4}-\d\d-\d\d)(?:[T ]00:00(?::00(?:\.0+)?)?Z?)?", re.ASCII)
_HTTP: Final = re.compile(r"https?://[^\s/]", re.IGNORECASE)
_NUMBER: Final = Typed("number")


@dataclass(slots=True)
class RowValues:
    """The traits or properties of one row.

    Attributes:
        nested: As they are sent; JSON is a `Fragment`.
        texts: Name and text of each, of which ids and hashes are made.
        notes: What is to be said of them.
        kinds: Name and kind of each that is judged by its cell.
    """

    nested: dict[str, Any] = field(default_factory=dict)
    texts: list[tuple[str, str]] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    kinds: list[tuple[str, str]] = field(default_factory=list)

    def put(self, path: Sequence[str], sent: Any, text: str) -> None:
        """Add a value at a path."""
        inner = self.nested
        for key in path[:-1]:
            inner = inner.setdefault(key, {})
        inner[path[-1]] = sent
        self.texts.append((".".join(path), text))


class ValueReader:
    """Reads traits or properties from the cells of rows.

    Args:
        values: What they are, and where.
        names: A name for each cell, for notes.
        dates: Read reserved dates; the first that can counts.
        as_text: Whether JSON is sent as text where nobody says a type.
        encoding: How the file was decoded.
    """

    def __init__(
        self,
        values: Sequence[CallValue],
        names: Sequence[str],
        dates: Sequence[TimestampReader],
        *,
        as_text: bool = False,
        encoding: str = "utf-8",
    ) -> None:
        self._values = values
        self._names = names
        self._dates = dates
        self._as_text = as_text
        self._encoding = encoding

    def read(self, row: Sequence[str]) -> RowValues:
        """Read the values of one row; empty cells have none."""
        found = RowValues()
        for value in self._values:
            cell = row[value.place]
            if not cell.strip():
                continue
            if not value.sent:
                found.texts.append((value.name, str(cell)))
                continue
            sent = self._sent(value, cell, found)
            if sent is not None:
                found.put(value.path, sent, str(cell))
        return found

    def _sent(self, value: CallValue, cell: str, found: RowValues) -> Any:
        """Return a cell as it is sent; None with a note otherwise."""
        name = self._names[value.place]
        sent: Any
        match value.kind:
            case "text":
                sent = self._text(cell, name, found)
            case "number":
                sent = _number(cell, name, found)
            case "date":
                sent = self._date(cell, name, found)
            case "object":
                sent = _object(cell, name, found)
            case "list":
                sent = _list(cell)
            case "literal":
                sent = orjson.Fragment(str(cell))
            case _:
                sent = self._any(value, cell, name, found)
        return sent

    def _text(self, cell: str, name: str, found: RowValues) -> str | None:
        if type(cell) is JsonCell and cell[0] in "[{":
            detail = f"{name} is a JSON {cell.kind}, and Segment reserves it as text"
            found.notes.append(Note(rules.TRAIT_TYPE, detail, name, cell))
            return None
        found.notes += self._faults(cell, name)
        return str(cell)

    def _any(self, value: CallValue, cell: str, name: str, found: RowValues) -> Any:
        """Return a cell as a property is sent, nothing personal unasked."""
        reason = None if value.asked else _personal(cell, name)
        if reason is not None:
            found.notes.append(Note(rules.VALUE_LEFT_OUT, f"a cell {reason} and is not sent", name, cell))
            return None
        is_json = type(cell) is JsonCell and not self._as_text
        found.kinds.append((value.name, cell.kind if is_json and isinstance(cell, JsonCell) else "text"))
        if not is_json:
            found.notes += self._faults(cell, name)
            return str(cell)
        if isinstance(cell, JsonCell) and not fits_a_float(cell):
            detail = "a number is beyond what a 64-bit float holds, and is sent as it is written"
            found.notes.append(Note(rules.NUMBER_TOO_LARGE, detail, name, cell))
        return orjson.Fragment(str(cell))

    def _date(self, cell: str, name: str, found: RowValues) -> str | None:
        """Return a date as ISO 8601, a day or a moment."""
        day = _DAY.fullmatch(cell.strip())
        if day is not None and is_day(day[1]):
            return day[1]
        for reader in self._dates:
            (read,) = reader.read([cell])
            exact = read if isinstance(read, str) else read.exact
            if exact is not None:
                return wire(exact)
        assert isinstance(read, TimeProblem)
        hint = _date_hint(read, name)
        found.notes.append(Note(rules.TRAIT_TYPE, f"{name} is not a date: {read.detail}", name, cell, hint))
        return None

    def _faults(self, cell: str, name: str) -> Iterator[Note]:
        if is_null_in_text(cell):
            hint = f"treat such cells as empty: {null_option(cell)}"
            yield Note(rules.NULL_SPELLED, f"{name} is a word for nothing", name, cell, hint)
        fault = None if cell.isascii() else damage(cell)
        if fault is not None:
            yield Note(rules.TEXT_DAMAGED, f"{name} {fault}", name, cell, damage_hint(cell, self._encoding))


def derive_from_url(found: RowValues, name: str, url: str) -> None:
    """Add path and search of a page's url where absent.

    They follow from the url and are no part of any hash.
    """
    if not _HTTP.match(url.strip()):
        hint = "check that the right column is mapped: --map url=COLUMN"
        found.notes.append(Note(rules.LINK_NOT_HTTP, "the url is not an http or https URL", name, url, hint))
        return
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return
    found.nested.setdefault("path", parts.path or "/")
    if parts.query:
        found.nested.setdefault("search", f"?{parts.query}")


def _number(cell: str, name: str, found: RowValues) -> Any:
    text, note = _NUMBER(str(cell), name)
    if note is not None:
        detail = f"{name} is a number by Segment's Spec, and {note.detail.removeprefix('the ')}"
        found.notes.append(Note(rules.TRAIT_TYPE, detail, name, cell))
        return None
    return orjson.Fragment(text)


def _object(cell: str, name: str, found: RowValues) -> Any:
    try:
        is_object = isinstance(parse(str(cell)), dict)
    except JsonError:
        is_object = False
    if not is_object:
        detail = f"{name} is an object by Segment's Spec, and the cell holds none"
        found.notes.append(Note(rules.TRAIT_TYPE, detail, name, cell))
        return None
    return orjson.Fragment(str(cell))


def _list(cell: str) -> Any:
    if type(cell) is JsonCell and cell.startswith("["):
        return orjson.Fragment(str(cell))
    return [str(cell)]


def _personal(cell: str, name: str) -> str | None:
    """Return why a cell that nobody asked for is personal, or None."""
    plain = cell[0].isalpha() and "@" not in cell
    if plain or (type(cell) is JsonCell and cell[0] not in "[{"):
        return None
    member = personal_member(cell)
    if member is not None:
        return f"has a personal member, {name}.{member},"
    personal = looks_personal(cell) or has_only_addresses(cell)
    return "looks like an address or a phone number" if personal else None


def _date_hint(trouble: TimeProblem, name: str) -> str:
    line = f'[time.columns."{name}"]'
    if trouble.rule is rules.TIMESTAMP_NO_ZONE:
        return f'--timezone NAME, or in a profile {line} with zone = "Europe/Berlin", for example'
    return f'say in a profile how it is written: {line} with format = "%d.%m.%Y", for example'
