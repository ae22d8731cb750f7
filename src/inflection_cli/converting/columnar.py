"""Map rows to parts of events column by column, caching repeated parts.

A campaign's cells repeat on thousands of rows, and so do they together with link and extra properties: the *head* of
an event. What is left for every row is who and when.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import repeat
from operator import attrgetter, itemgetter
from typing import Any, Final, Generic, TypeVar

from inflection_cli import rules
from inflection_cli.lossless_json import JsonCell
from inflection_cli.mapping.checks import check_campaign, check_id, check_person, check_trail
from inflection_cli.mapping.column_names import squash
from inflection_cli.mapping.events import (
    PERSON_FIELDS,
    PERSON_IDS,
    EventReader,
    Filtered,
    MapOptions,
    are_plain_ids,
)
from inflection_cli.mapping.layout import EventMapping, TimeSource
from inflection_cli.mapping.times.timestamps import TimeProblem, TimestampReader, sort_key
from inflection_cli.mapping.wide_times import event_of_times
from inflection_cli.model import Note
from inflection_cli.segment.ids import CONTENT_REST, FIELDS, absorbed, netstring, person_part
from inflection_cli.segment.limits import MAX_EVENT_BYTES
from inflection_cli.segment.message import (
    FIXED_BYTES,
    MessageEncoder,
    is_bare,
    plain_most,
    plain_people,
    plain_sizes,
    plain_total,
)

_MEMO_ENTRIES: Final = 1 << 13
_MEMO_CHARACTERS: Final = 1 << 22
"""Parts remembered of each kind, and characters of their cells; more is forgotten at once: memory stays flat."""


KINDS: Final = {kind[0]: kind for kind in ("text", "number", "boolean", "list", "object")}
"""What a property can be in a message, by its first letter."""

_Part = TypeVar("_Part")
Cells = Sequence[Sequence[str]]


class _Cache(dict[Any, _Part], Generic[_Part]):
    """Cache that computes a part from its cells on first use."""

    def __init__(self, compute: Callable[[Any], _Part]) -> None:
        super().__init__()
        self._compute = compute
        self._held = 0

    def __missing__(self, cells: Any) -> _Part:
        self._held += sum(map(len, cells))
        if len(self) >= _MEMO_ENTRIES or self._held > _MEMO_CHARACTERS:
            self.clear()
            self._held = 0
        part = self[cells] = self._compute(cells)
        return part


class _Campaign:
    """Parts that a campaign adds to the ids and messages of events."""

    __slots__ = ("filtered", "identity", "json", "link", "name", "notes", "source")

    def __init__(self, notes: Sequence[Note], filtered: str = "") -> None:
        self.notes = notes
        self.filtered = filtered
        self.name = self.identity = self.json = ""
        self.link = False
        self.source = 0


_NOTHING_HASHED: Final = absorbed(b"")


class EventTemplate:
    """Parts of an event that depend neither on person nor on time.

    Attributes:
        filtered: Why the event is left out on the user's word; empty where it is not.
        notes: What is to be said of it.
        odd: Whether it is filtered, or anything is to be said.
        unlinked: Whether it is a click, and no column of the file has its link: that is said once of the file.
        name: Inflection's name for the event.
        campaign: The campaign's part of the identity, netstrings.
        trail: The link's, a netstring.
        prefix: Both, after the scheme's own first line.
        hashed: The prefix, hashed as far as it goes.
        source: What the content hash makes of flags and extra properties.
        json: The fragments of the message.
        size: The message's bytes without the person's.
        kinds: What each property is sent as: its name, and `text` or the kind of JSON.
    """

    __slots__ = (
        "campaign",
        "filtered",
        "hashed",
        "json",
        "kinds",
        "name",
        "notes",
        "odd",
        "prefix",
        "size",
        "source",
        "trail",
        "unlinked",
    )

    def __init__(self, campaign: _Campaign, notes: Sequence[Note]) -> None:
        self.filtered = campaign.filtered
        self.notes = () if campaign.filtered else (*campaign.notes, *notes)
        self.odd = bool(self.notes or self.filtered)
        self.unlinked = False
        self.name = campaign.name
        self.campaign = campaign.identity
        self.trail = self.prefix = self.json = ""
        self.hashed = _NOTHING_HASHED
        self.source = self.size = 0
        self.kinds: frozenset[tuple[str, str]] = frozenset()


class _Person:
    """Parts that a person adds to the event's id and message."""

    __slots__ = ("identity", "ids", "json", "notes", "size")

    def __init__(
        self, notes: Sequence[Note], identity: str = "", json: str = "", ids: tuple[str, str] = ("", "")
    ) -> None:
        self.notes = notes
        self.identity = identity
        self.json = json
        self.size = len(json.encode())
        self.ids = ids


@dataclass(frozen=True, slots=True)
class AsciiPeople:
    """People with two plain ASCII ids each; "" means absent."""

    user_ids: Sequence[str]
    person_ids: Sequence[str]

    @property
    def sizes(self) -> list[int]:
        """Number of bytes that each person adds to a message."""
        return plain_sizes(zip(self.user_ids, self.person_ids, strict=True))

    def total_bytes(self) -> int:
        """Return the sum of the sizes, in bytes."""
        return plain_total(self.user_ids, self.person_ids)

    def most_bytes(self) -> int:
        """Return an upper bound of the sizes, in bytes."""
        return plain_most(self.user_ids, self.person_ids)

    def identities(self) -> list[str]:
        """Return the part of the content id that each person adds."""
        return [
            f"p{len(person)}:{person}," if person else f"u{len(user)}:{user},"
            for user, person in zip(self.user_ids, self.person_ids, strict=True)
        ]

    def dated(self, times: Sequence[str]) -> list[bytes]:
        """Return the part of the content id for each person and time."""
        return [
            (
                f"p{len(person)}:{person},{len(time)}:{time},"
                if person
                else f"u{len(user)}:{user},{len(time)}:{time},"
            ).encode()
            for user, person, time in zip(self.user_ids, self.person_ids, times, strict=True)
        ]

    def fragments(self) -> list[str]:
        """Return the JSON fragment that each person adds to a message."""
        return plain_people(zip(self.user_ids, self.person_ids, strict=True))

    def notes(self, _: int) -> Sequence[Note]:
        """Return no notes: plain ids have no problems."""
        return ()

    def take(self, at: Sequence[int]) -> "AsciiPeople":
        """Return the people at the given indexes."""
        return AsciiPeople([self.user_ids[i] for i in at], [self.person_ids[i] for i in at])


@dataclass(frozen=True, slots=True)
class ParsedPeople:
    """People of any kind, each parsed separately."""

    people: list[_Person]

    @property
    def sizes(self) -> list[int]:
        """Number of bytes that each person adds to a message."""
        return [person.size for person in self.people]

    def identities(self) -> list[str]:
        """Return the part of the content id that each person adds."""
        return [person.identity for person in self.people]

    def dated(self, times: Sequence[str]) -> list[bytes]:
        """Return the part of the content id for each person and time."""
        return [
            f"{person.identity}{len(time)}:{time},".encode()
            for person, time in zip(self.people, times, strict=True)
        ]

    def fragments(self) -> list[str]:
        """Return the JSON fragment that each person adds to a message."""
        return [person.json for person in self.people]

    def notes(self, i: int) -> Sequence[Note]:
        """Return the notes on the person at an index."""
        return self.people[i].notes

    @property
    def user_ids(self) -> list[str]:
        """User id of each person; "" means absent."""
        return [person.ids[0] for person in self.people]

    @property
    def person_ids(self) -> list[str]:
        """Person id of each person; "" means absent."""
        return [person.ids[1] for person in self.people]

    def total_bytes(self) -> int:
        """Return the sum of the sizes, in bytes."""
        return sum(self.sizes)

    def most_bytes(self) -> int:
        """Return the largest of the sizes, in bytes."""
        return max(self.sizes)

    def take(self, at: Iterable[int]) -> "ParsedPeople":
        """Return the people at the given indexes."""
        return ParsedPeople([self.people[i] for i in at])


@dataclass(frozen=True, slots=True)
class OwnId:
    """The export's own id of an event, with its notes."""

    value: str | None
    notes: tuple[Note, ...]


@dataclass(slots=True)
class EventColumns:
    """The events of one block as parallel lists, one entry per event.

    Attributes:
        heads: What they are.
        people: Who they are about.
        times: When they were: exact text, or what is wrong with it.
        time_columns: The columns that the times are from; None where all are from the one that `timestamp` names.
        own_ids: The export's own ids; None where it has none.
        lines: The physical lines on which their records start.
    """

    heads: list[EventTemplate]
    people: AsciiPeople | ParsedPeople
    times: list[str | TimeProblem]
    time_columns: list[str] | None
    own_ids: list[OwnId] | None
    lines: Sequence[int]

    def take(self, at: Sequence[int]) -> "EventColumns":
        """Return the events at the given indexes."""
        return EventColumns(
            [self.heads[i] for i in at],
            self.people.take(at),
            [self.times[i] for i in at],
            None if self.time_columns is None else [self.time_columns[i] for i in at],
            None if self.own_ids is None else [self.own_ids[i] for i in at],
            [self.lines[i] for i in at],
        )

    def sizes(self) -> list[int]:
        """Return the size of each message, in bytes."""
        return [head.size + size for head, size in zip(self.heads, self.people.sizes, strict=True)]


def merged(parts: Sequence[EventColumns], order: Sequence[tuple[int, int]]) -> EventColumns:
    """Merge the events of several blocks in the given order.

    Args:
        parts: The blocks' events; their people were read one by one.
        order: Which block's, and which of its events.
    """
    people = [part.people.people for part in parts if isinstance(part.people, ParsedPeople)]
    own = any(part.own_ids is not None for part in parts)
    return EventColumns(
        [parts[part].heads[i] for part, i in order],
        ParsedPeople([people[part][i] for part, i in order]),
        [parts[part].times[i] for part, i in order],
        None,
        [_own_id(parts[part], i) for part, i in order] if own else None,
        [parts[part].lines[i] for part, i in order],
    )


def _own_id(events: EventColumns, i: int) -> OwnId:
    return OwnId(None, ()) if events.own_ids is None else events.own_ids[i]


_size = attrgetter("size")


class ColumnarReader:
    """Reads the parts of one block's events; its only state is caches.

    Args:
        block: What the cells of a row are.
        mapping: How they are read.
        encoder: How messages are written.
        times: Makes what reads a column of times.
        alone: Whether rows stand for events of this block only; else people are read one by one.
        encoding: How the file was decoded.
    """

    def __init__(
        self,
        block: EventMapping,
        mapping: MapOptions,
        encoder: MessageEncoder,
        times: Callable[[TimeSource | None], TimestampReader],
        *,
        alone: bool,
        encoding: str = "utf-8",
    ) -> None:
        self.block = block
        self.columns = block.columns
        self.has_links = block.columns.has("email_link_url")
        time_of = event_of_times(block, mapping.columns)
        self._mapper = EventReader(block.columns, mapping, encoding, time_of=time_of)
        self._id_names = [squash(block.columns.column_of(name) or name).encode() for name in PERSON_IDS]
        self._encoder = encoder
        self._alone = alone
        self._judges_people = mapping.judges_people
        self._times = [(column, times(column)) for column in block.times]
        self._constant_time = None if block.times else times(None)
        fields = block.columns.fields
        self._ids_only = self._mapper.person_is_two_ids and not (encoder.email_trait and "email" in fields)
        campaign = [fields[name] for name in self._mapper.campaign_columns]
        links = [fields[name] for name in self._mapper.link_columns]
        self._campaign_width = len(campaign)
        head = campaign + links + [each.place for each in block.columns.carried]
        self._head_width = len(head)
        self._head_cells = _getter(head)
        self._person_cells = _getter([fields[name] for name in self._mapper.person_columns])
        self._id_places = [fields.get(name) for name in PERSON_FIELDS[:3]]
        self._names = {each.name: netstring(each.name) for each in block.columns.carried}
        self._campaigns = _Cache(self._campaign)
        self._heads = _Cache(self._head)
        self._people = _Cache(self._person)
        self._kinds = _Cache(self._kinds_of)
        self._fixed_bytes = FIXED_BYTES + len(encoder.tail.encode())

    def read(self, cells: Cells, lines: Sequence[int], *, typed: bool = False) -> EventColumns:
        """Read the parts of the given rows, which all have this event."""
        own_ids = None
        if self.columns.has("event_id"):
            own_ids = self._read_own_ids(self._cells_of("event_id", cells))
        times, time_columns = self._read_times(cells)
        keys = map(self._head_cells, cells)
        heads = list(map(self._heads.__getitem__, map(_with_types, keys) if typed else keys))
        return EventColumns(heads, self._read_people(cells), times, time_columns, own_ids, lines)

    def is_plain(self, events: EventColumns) -> bool:
        """Return whether all events are free of notes, filters and time problems."""
        heads, people = set(events.heads), events.people
        return not (
            any(head.odd for head in heads)
            or (isinstance(people, ParsedPeople) and any(person.notes for person in set(people.people)))
            or set(map(type, events.times)) != {str}
            or max(map(_size, heads)) + people.most_bytes() > MAX_EVENT_BYTES
            or (events.own_ids is not None and any(own.notes for own in events.own_ids))
        )

    def notes(self, events: EventColumns, i: int, row: Sequence[str], size: int) -> list[Note]:
        """Return the notes on one event of `size` bytes, in part order."""
        head, time = events.heads[i], events.times[i]
        notes = [*head.notes, *events.people.notes(i)]
        if events.own_ids is not None:
            notes += events.own_ids[i].notes
        if isinstance(time, TimeProblem):
            notes.append(self._time_note(time, events, i, row))
        if size > MAX_EVENT_BYTES:
            detail = f"the message is {size:,} bytes long, over {MAX_EVENT_BYTES:,}"
            notes.append(Note(rules.EVENT_TOO_LARGE, detail))
        return notes

    def _time_note(self, time: TimeProblem, events: EventColumns, i: int, row: Sequence[str]) -> Note:
        name = "timestamp" if events.time_columns is None else events.time_columns[i]
        if not self._times:
            (cell,) = self._cells_of("timestamp", [row])
            return Note(time.rule, time.detail, name, cell, time.hint)
        known = {self.columns.names[column.index]: column for column, _ in self._times}
        column = self._times[0][0] if events.time_columns is None else known[name]
        return Note(time.rule, time.detail, name, row[column.index], column.hints.of(time))

    def _read_times(self, cells: Cells) -> tuple[list[str | TimeProblem], list[str] | None]:
        if self._constant_time is not None:
            return self._constant_time.read(self._cells_of("timestamp", cells)), None
        if len(self._times) == 1:
            ((column, reader),) = self._times
            times = reader.read([row[column.index] for row in cells])
            is_field = self.columns.fields.get("timestamp") == column.index
            return times, None if is_field else [self.columns.names[column.index]] * len(times)
        columns = [[row[column.index] for row in cells] for column, _ in self._times]
        read = [reader.read(column) for (_, reader), column in zip(self._times, columns, strict=True)]
        names = [self.columns.names[column.index] for column, _ in self._times]
        chosen = [
            _chosen(row_cells, row_times, self.block.choose)
            for row_cells, row_times in zip(zip(*columns, strict=True), zip(*read, strict=True), strict=True)
        ]
        return [read[at][i] for i, at in enumerate(chosen)], [names[at] for at in chosen]

    def _read_people(self, cells: Cells) -> AsciiPeople | ParsedPeople:
        """Read the people of rows together if plain, else one by one."""
        people = self._plain(cells) if self._alone and self._ids_only and cells else None
        return ParsedPeople(self._parsed(cells)) if people is None else people

    def _parsed(self, cells: Cells) -> list[_Person]:
        """Parse people; halve the rows until only odd ones are parsed singly."""
        if not self._ids_only or len(cells) < 2:
            return [self._people[ids] for ids in map(self._person_cells, cells)]
        plain = self._plain(cells)
        if plain is not None:
            ids = zip(plain.user_ids, plain.person_ids, strict=True)
            return list(map(_Person, repeat(()), plain.identities(), plain.fragments(), ids))
        middle = len(cells) // 2
        return self._parsed(cells[:middle]) + self._parsed(cells[middle:])

    def _plain(self, cells: Cells) -> AsciiPeople | None:
        """Return people if all of them are plain; else None."""
        user_ids, person_ids, emails = (
            [row[at] for row in cells] if at is not None else [""] * len(cells) for at in self._id_places
        )
        if "" in user_ids and "" in person_ids and ("", "") in zip(user_ids, person_ids, strict=True):
            return None
        plain = (
            are_plain_ids(user_ids, self._id_names[0])
            and are_plain_ids(person_ids, self._id_names[1])
            and list(map(str.strip, emails)) == emails
        )
        return AsciiPeople(user_ids, person_ids) if plain else None

    def _read_own_ids(self, cells: Sequence[str]) -> list[OwnId]:
        """Read the export's own ids, with a fast path for plain ids."""
        if are_plain_ids(cells):
            return [OwnId(cell or None, ()) for cell in cells]
        read = map(self._mapper.own_id, cells)
        return [OwnId(value, (*notes, *check_id("event_id", value))) for value, notes in read]

    def _cells_of(self, name: str, cells: Cells) -> list[str]:
        index = self.columns.fields.get(name)
        if index is None:
            return [self.columns.constants[name]] * len(cells)
        return [row[index] for row in cells]

    def _campaign(self, cells: tuple[str, ...]) -> _Campaign:
        campaign, notes = self._mapper.campaign(cells)
        if isinstance(campaign, Filtered):
            return _Campaign((), campaign.reason)
        if campaign is None:
            return _Campaign(notes)
        said = [note for note in check_campaign(campaign) if not self._is_of_no_column(note)]
        part = _Campaign((*notes, *said))
        identity = (campaign.event, campaign.email_id, campaign.campaign_id, campaign.campaign_run_id)
        flags = (campaign.is_unique_open, campaign.is_unique_click)
        part.name, part.link = campaign.event, campaign.link
        part.identity = "".join(map(netstring, identity))
        part.source = hash64(
            "".join(netstring(None if flag is None else str(flag).lower()) for flag in flags)
        )
        part.json = self._encoder.campaign(campaign)
        return part

    def _is_of_no_column(self, note: Note) -> bool:
        """Return whether the note is already reported once for the whole file."""
        return note.rule is rules.CAMPAIGN_ID_MISSING and not self.columns.has(note.field or "")

    def _head(self, cells: tuple[str, ...]) -> EventTemplate:
        campaign = self._campaigns[cells[: self._campaign_width]]
        trail, said = self._mapper.trail(cells[self._campaign_width : self._head_width])
        notes = [*said, *check_trail(trail)]
        unlinked = campaign.link and trail.link is None
        if unlinked and self.has_links:
            notes.append(Note(rules.LINK_MISSING, f"“{campaign.name}” has no link", "email_link_url"))
        head = EventTemplate(campaign, notes)
        head.unlinked = unlinked and not self.has_links
        extras = "".join([self._names[name] + netstring(value) for name, value in trail.source])
        head.trail = netstring(trail.link)
        head.prefix = FIELDS + campaign.identity + head.trail
        head.hashed = absorbed(head.prefix.encode())
        head.source = (campaign.source + (hash64("extras" + extras) if extras else 0)) & CONTENT_REST
        json = self._encoder.trail(trail)
        head.json = campaign.json + (json[1:] if is_bare(campaign.json) else json)
        head.size = self._fixed_bytes + len(head.json.encode())
        head.kinds = self._kinds[trail.kinds]
        return head

    def _kinds_of(self, letters: str) -> frozenset[tuple[str, str]]:
        """Return what each property that is there is, by `Trail.kinds`."""
        return frozenset(
            (name, KINDS[letter])
            for (_, name), letter in zip(self.columns.extras, letters, strict=True)
            if letter != "-"
        )

    def _person(self, cells: tuple[str, ...]) -> _Person:
        person, notes = self._mapper.person(cells)
        if person is None:
            return _Person(notes)
        odd = check_person(person, self.columns.column_of) if self._judges_people else ()
        return _Person(
            (*notes, *odd),
            person_part(person.user_id, person.person_id),
            self._encoder.person(person),
            (person.user_id or "", person.person_id or ""),
        )


def _with_types(cells: tuple[str, ...]) -> tuple[Any, ...]:
    """Return cells, with types if one is JSON: `JsonCell` equals text."""
    types = tuple(map(type, cells))
    return (*cells, types) if JsonCell in types else cells


def hash64(source: str) -> int:
    """Hash text to 64 bits."""
    return int.from_bytes(blake2b(source.encode(), digest_size=8).digest(), "big")


def _chosen(cells: Sequence[str], times: Sequence[str | TimeProblem], choose: str) -> int:
    """Return the index of the time to use; unreadable times come first.

    So an unreadable time is reported and not hidden. With `choose="first"` the first filled cell is used.
    """
    filled = [at for at, cell in enumerate(cells) if cell.strip()]
    if not filled or choose == "first":
        return filled[0] if filled else 0
    exact = []
    for at in filled:
        time = times[at]
        text = time if isinstance(time, str) else time.exact
        if text is None:
            return at
        exact.append((sort_key(text), at))
    return (min if choose == "earliest" else max)(exact, key=itemgetter(0))[1]


def _getter(at: Sequence[int]) -> Callable[[Sequence[str]], tuple[str, ...]]:
    """Return a function that returns a row's cells at these indexes."""
    if len(at) > 1:
        return itemgetter(*at)
    return (lambda row: (row[at[0]],)) if at else (lambda _: ())
