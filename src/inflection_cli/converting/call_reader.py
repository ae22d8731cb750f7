"""Read rows as identify, group, page or screen."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC
from hashlib import blake2b
from operator import itemgetter
from typing import Final, NamedTuple

from inflection_cli import rules
from inflection_cli.converting.call_values import RowValues, ValueReader, derive_from_url
from inflection_cli.converting.converter import ConvertSettings
from inflection_cli.mapping.calls.call_catalog import VIEWS
from inflection_cli.mapping.calls.call_options import TRAIT_CALLS
from inflection_cli.mapping.checks import check_id, check_person
from inflection_cli.mapping.events import EventReader, has_error, trimmed
from inflection_cli.mapping.layout import CallMapping, TimeSource
from inflection_cli.mapping.times.timestamps import TimeProblem, TimestampReader, sort_key, wire
from inflection_cli.model import Note, Person
from inflection_cli.segment.call_messages import MESSAGE_ID_BYTES, Call, CallEncoder
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
from inflection_cli.settings.redaction import fingerprint_of

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


@dataclass(slots=True)
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
