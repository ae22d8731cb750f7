"""Read rows as identify, group, page or screen."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import blake2b
from operator import itemgetter
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

import orjson

from inflection_cli import rules
from inflection_cli.converting.converter import ConvertSettings
from inflection_cli.lossless_json import JsonCell, JsonError, fits_a_float, parse
from inflection_cli.mapping.calls.call_catalog import TRAIT_CALLS, VIEWS
from inflection_cli.mapping.checks import check_id, check_person
from inflection_cli.mapping.events import EventReader, has_error, trimmed
from inflection_cli.mapping.layout import CallMapping, CallValue, TimeSource
from inflection_cli.mapping.personal_data import has_only_addresses, looks_personal, personal_member
from inflection_cli.mapping.profile.property_types import Typed, is_day
from inflection_cli.mapping.times.timestamps import TimeProblem, TimestampReader, sort_key, wire
from inflection_cli.model import Note, Person
from inflection_cli.segment.ids import (
    CONTENT_REST,
    group_call_id,
    identify_id,
    netstring,
    person_part,
    traits_digest,
    view_id,
)
from inflection_cli.segment.limits import MAX_EVENT_BYTES
from inflection_cli.segment.message import MESSAGE_ID_BYTES, Call, CallEncoder
from inflection_cli.settings.layering import fingerprint_of
from inflection_cli.text_faults import damage, damage_hint, is_null_in_text, null_option

# When somebody was born or an account began may be long past, and a contract may begin in a year.
NO_LIMIT: Final = datetime(9999, 12, 31, 23, tzinfo=UTC)

_DAY: Final = re.compile(r"(\d{4}-\d\d-\d\d)(?:[T ]00:00(?::00(?:\.0+)?)?Z?)?", re.ASCII)
_HTTP: Final = re.compile(r"https?://[^\s/]", re.IGNORECASE)
_NUMBER: Final = Typed("number")


@dataclass(slots=True, eq=False)
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
        detail = f"{name} is a number by Segment's Spec, and {note.detail}"
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


STAND_IN: Final = "account:"
"""What stands before a group's id where that is sent as anonymousId."""

Cells = Sequence[Sequence[str]]
Times = Callable[[TimeSource | None], TimestampReader]


class BuiltCall(NamedTuple):
    """A call that is complete except for its id.

    Attributes:
        type: Which call.
        body: The message without its id.
        exact: When, exact text.
        user_id: Under which it goes out; "" is absent.
        person_id: Likewise.
        member_of: A group's id; "" for other calls.
        has_traits: Whether it overwrites traits.
        identity: Makes content id and content hash.
        kinds: What each value is that is judged by its cell.
        joined: The anonymousId beside a userId; "" is none.
        is_state: Whether it gives traits as they are at the time of the run.
    """

    type: str
    body: bytes
    exact: str
    user_id: str
    person_id: str
    member_of: str
    has_traits: bool
    identity: Callable[[], tuple[bytes, int]]
    kinds: Sequence[tuple[str, str]]
    joined: str
    is_state: bool


@dataclass(slots=True, eq=False)
class ReadCall:
    """Result for one row of one mapping.

    Attributes:
        row: The row's index in the chunk.
        notes: What is to be said of it.
        built: The call; None where a note is an error, and where it is filtered.
        filtered: The option that leaves it out; empty where none does.
    """

    row: int
    notes: list[Note] = field(default_factory=list)
    built: BuiltCall | None = None
    filtered: str = ""


class _When(NamedTuple):
    exact: str | None
    note: Note | None = None


class CallReader:
    """Reads the rows of one mapping; equal rows give equal results.

    Args:
        mapping: What the cells of a row are.
        settings: What shapes messages and ids.
        encoder: Makes the messages.
        times: Makes what reads a column of times.
        dates: Read reserved dates, however long past; the first that can counts.
        encoding: How the file was decoded.
    """

    def __init__(
        self,
        mapping: CallMapping,
        settings: ConvertSettings,
        encoder: CallEncoder,
        times: Times,
        *,
        dates: Sequence[TimestampReader],
        encoding: str = "utf-8",
    ) -> None:
        options, now = settings.mapping, settings.now
        self.mapping = mapping
        self.columns = mapping.columns
        self._calls = options.columns.calls
        self._encoder = encoder
        self._people = EventReader(mapping.columns, options, encoding)
        self._person_places = [mapping.columns.fields[name] for name in self._people.person_columns]
        self._values = ValueReader(
            mapping.values,
            mapping.columns.names,
            dates,
            as_text=options.properties_as_text,
            encoding=encoding,
        )
        self._times = [(source, times(source)) for source in mapping.times]
        self._constant_time = times(None)
        self._now = f"{now.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{now.microsecond // 1000:03}Z"
        self._url = next((value.place for value in mapping.values if value.path == ("url",)), None)
        self._is_left_out = bool(options.events)
        user = self._calls.group_user
        # The ledger keeps a fingerprint of such a user, with which a verification has to find the same.
        self._stand_in = "" if user is None else netstring(fingerprint_of(user))

    def read(self, rows: Cells) -> Iterator[ReadCall]:
        """Read the rows that have this call."""
        places = self._places(rows)
        if self._is_left_out:
            yield from (ReadCall(i, filtered="--event") for i in places)
            return
        whens = self._whens([rows[i] for i in places])
        for i, when in zip(places, whens, strict=True):
            yield self._read(i, rows[i], when)

    def _places(self, rows: Cells) -> list[int]:
        mapping = self.mapping
        applies = [True] * len(rows) if mapping.applies is None else mapping.applies([*map(list, rows)])
        times = [source.index for source in mapping.times]
        return [
            i
            for i, is_there in enumerate(applies)
            if is_there and not (mapping.absent_without_time and not any(rows[i][at].strip() for at in times))
        ]

    def _read(self, i: int, row: Sequence[str], when: _When) -> ReadCall:
        result = ReadCall(i)
        notes = result.notes
        person = self._person(row, notes)
        group_id = self._identifier("groupId", row, notes)
        named = {name: self._named(name, row, notes) for name in ("name", "category")}
        values = self._values.read(row)
        notes += self._lacks(person, group_id, named["name"], values)
        if self._url is not None and self.mapping.type == "page" and row[self._url].strip():
            derive_from_url(values, self.columns.names[self._url], row[self._url])
        notes += values.notes
        notes += () if when.note is None else (when.note,)
        if has_error(notes) or when.exact is None:
            return result
        call = Call(
            self.mapping.type,
            person,
            wire(when.exact),
            values.nested,
            group_id,
            named["name"],
            named["category"],
        )
        result.built = self._build(call, when.exact, values)
        size = MESSAGE_ID_BYTES + len(result.built.body)
        if size > MAX_EVENT_BYTES:
            detail = f"the message is {size:,} bytes long, over {MAX_EVENT_BYTES:,}"
            notes.append(Note(rules.EVENT_TOO_LARGE, detail))
            result.built = None
        return result

    def _person(self, row: Sequence[str], notes: list[Note]) -> Person:
        """Read the person; both ids are None without one."""
        person, said = self._people.person([row[at] for at in self._person_places])
        if self.mapping.type == "group":
            # A group may do without, where something stands for its person.
            said = tuple(note for note in said if note.rule is not rules.PERSON_MISSING)
        notes += said
        if person is None:
            return Person(None, None)
        notes += check_person(person, self.columns.column_of)
        return person

    def _lacks(
        self, person: Person, group_id: str | None, name: str | None, values: RowValues
    ) -> Iterator[Note]:
        """Yield what a call of this type lacks."""
        kind = self.mapping.type
        if kind == "group":
            if group_id is None:
                yield Note(rules.GROUP_ID_MISSING, "groupId is empty", "groupId")
            if person.user_id is None and person.person_id is None and not self._calls.stands_in:
                yield Note(rules.GROUP_PERSON_MISSING, "there is neither a userId nor a personId")
        if kind in VIEWS and name is None and not (kind == "page" and "url" in values.nested):
            lacking = "neither a name nor a url" if kind == "page" else "no name"
            yield Note(rules.VIEW_NAMELESS, f"the {kind} has {lacking}", "name")

    def _cell(self, name: str, row: Sequence[str]) -> str:
        index = self.columns.fields.get(name)
        return self.columns.constants.get(name, "") if index is None else row[index]

    def _identifier(self, name: str, row: Sequence[str], notes: list[Note]) -> str | None:
        cell = self._cell(name, row)
        value = trimmed(name, cell, notes) if cell else None
        notes += check_id(name, value)
        return value

    def _named(self, name: str, row: Sequence[str], notes: list[Note]) -> str | None:
        """Read the name or category of a view; empty is absent."""
        return trimmed(name, self._cell(name, row), notes)

    def _whens(self, rows: Cells) -> list[_When]:
        if self.mapping.now:
            return [_When(self._now)] * len(rows)
        if not self._times:
            read = self._constant_time.read([self.columns.constants["timestamp"]] * len(rows))
            return [self._when("timestamp", self.columns.constants["timestamp"], each, None) for each in read]
        columns = [reader.read([row[source.index] for row in rows]) for source, reader in self._times]
        return [self._chosen(row, times) for row, times in zip(rows, zip(*columns, strict=True), strict=True)]

    def _chosen(self, row: Sequence[str], times: Sequence[str | TimeProblem]) -> _When:
        """Return the time that counts; an unreadable one is not hidden."""
        sources = [source for source, _ in self._times]
        filled = [at for at, source in enumerate(sources) if row[source.index].strip()] or [0]
        at = filled[0] if self.mapping.choose == "first" else _pick(filled, times, self.mapping.choose)
        source = sources[at]
        return self._when(self.columns.names[source.index], row[source.index], times[at], source)

    @staticmethod
    def _when(column: str, cell: str, read: str | TimeProblem, source: TimeSource | None) -> _When:
        if isinstance(read, str):
            return _When(read)
        hint = read.hint if source is None else source.hints.of(read)
        return _When(read.exact, Note(read.rule, read.detail, column, cell, hint))

    def _build(self, call: Call, exact: str, values: RowValues) -> BuiltCall:
        person = call.person
        user_id, person_id = person.user_id, person.person_id
        known = None if user_id is None and person_id is None else person_part(user_id, person_id)
        if known is None and self._calls.group_anonymous:
            call = replace(call, stand_in=f"{STAND_IN}{call.group_id}")
            person_id = call.stand_in
        elif known is None:
            user_id = self._calls.group_user
            call = replace(call, person=Person(user_id, None))
        instant = None if self.mapping.now else exact

        def identity() -> tuple[bytes, int]:
            return _identity(call, known, instant, values, self._stand_in)

        return BuiltCall(
            call.type,
            self._encoder.body(call),
            exact,
            user_id or "",
            person_id or "",
            (call.group_id or "") if call.type == "group" else "",
            call.type in TRAIT_CALLS and bool(call.values),
            identity,
            values.kinds,
            person.session_id or "",
            self.mapping.now and call.type in TRAIT_CALLS,
        )


def _pick(filled: Sequence[int], times: Sequence[str | TimeProblem], choose: str) -> int:
    """Return the index of the time to use; unreadable ones come first."""
    exact = [(_exact(times[at]), at) for at in filled]
    unread = next((at for text, at in exact if text is None), None)
    if unread is not None:
        return unread
    pick = min if choose == "earliest" else max
    return pick(((sort_key(text), at) for text, at in exact if text), key=itemgetter(0))[1]


def _exact(read: str | TimeProblem) -> str | None:
    return read if isinstance(read, str) else read.exact


def _identity(
    call: Call, person: str | None, instant: str | None, values: RowValues, stand_in: str
) -> tuple[bytes, int]:
    """Return the content id and the content hash of a call.

    Args:
        call: The call.
        person: Its person as in ids; None without one.
        instant: When; None for the time of sending.
        values: Its traits or properties.
        stand_in: What stands for a person in groups without one.
    """
    digest = traits_digest(values.texts)
    if call.type == "group":
        rest = _rest(digest if person is not None else stand_in + digest)
        state = _state_of("g" + netstring(call.group_id)) if instant is None else 0
        return group_call_id(call.group_id or "", person, instant, digest), state | rest
    assert person is not None
    if call.type == "identify":
        state = _state_of(person) if instant is None else 0
        return identify_id(person, instant, digest, call.group_id), state | _rest(digest)
    url = next((text for name, text in values.texts if name == "url"), None)
    account = "" if call.group_id is None else netstring(call.group_id)
    said = _rest(netstring(call.category) + digest + account)
    return view_id(call.type, person, call.name, url, instant), said


def _state_of(whose: str) -> int:
    """Hash whose traits are given, for a content hash's upper bits."""
    return int.from_bytes(blake2b(whose.encode(), digest_size=8).digest()) & ~CONTENT_REST


def _rest(text: str) -> int:
    """Hash what a call has beside its identity."""
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest()) & CONTENT_REST
