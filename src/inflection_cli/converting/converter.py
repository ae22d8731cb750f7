"""Convert chunks to messages: map, check and encode rows, without side effects.

A chunk in which nothing is odd is never looked at row by row; one in which something is, is. Both ways give the same.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from operator import attrgetter
from typing import Any, Final, NamedTuple, Protocol, cast

from inflection_cli.converting.columnar import (
    AsciiPeople,
    Cells,
    ColumnarReader,
    EventColumns,
    OwnId,
    ParsedPeople,
    hash64,
    merged,
)
from inflection_cli.converting.person_columns import AddressPlace, Seen, Watch
from inflection_cli.mapping.events import MapOptions, has_error
from inflection_cli.mapping.layout import Layout, Shaped, TimeSource
from inflection_cli.mapping.nulls import count_emptied, emptied
from inflection_cli.mapping.times.timestamps import TimeProblem, TimestampReader, wire
from inflection_cli.model import Chunk, Note, Problem
from inflection_cli.segment.ids import (
    CONTENT_REST,
    OWN,
    OWN_PERSON_SHIFT,
    OWN_PLACE_SHIFT,
    netstring,
    uuid8,
    uuid8s_after,
)
from inflection_cli.segment.message import MessageEncoder, MessageSettings, known_as, messages

_NO_EVENT: Final = "no [[event]] of the profile applies"
_BOUNDS: Final = "--since/--until"


@dataclass(frozen=True, slots=True)
class ConvertSettings:
    """All settings that affect messages and ids; picklable.

    Attributes:
        mapping: How rows are read.
        message: How messages are written.
        now: The run's one idea of the present, aware.
        timezone: The zone of times without one, an IANA name.
        timestamp_format: A strptime format, where ISO 8601 and epochs do not do.
        since: Exact text of the first instant to keep.
        until: Exact text of the first instant to leave out.
        checks: Names of the destinations by whose tables messages are judged.
    """

    mapping: MapOptions
    message: MessageSettings
    now: datetime
    timezone: str | None = None
    timestamp_format: str | None = None
    since: str | None = None
    until: str | None = None
    checks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that is not sent: its cells and all reasons.

    Attributes:
        line: The physical line on which its record starts.
        cells: As they were read.
        problems: At least one of them is an error.
    """

    line: int
    cells: Sequence[str]
    problems: tuple[Problem, ...]


@dataclass(slots=True)
class Converted:
    """Result of a chunk; the event lists are parallel, in input order.

    Attributes:
        mapped: Rows all of whose events were built.
        filtered: Rows left out by the user's filters, by reason.
        rejected: Rows left out because something is wrong with them.
        warnings: Problems of rows that go out all the same.
        events_filtered: Events that a filter dropped.
        content_ids: 16 bytes an event; empty where they were not asked for.
        content_hashes: 64 bits an event; likewise.
        encode: Makes the whole messages, given 16 bytes of id for each; their sizes are known before. A second list
            gives the userIds under which events go out that have none; "" is none.
        message_bytes: The encoded size of all messages, ids included.
        lines: The physical line of each event's record.
        times: Each event's instant, exact text.
        names: Each event's name, Inflection's.
        people: The user ids and the person ids of the events' persons; "" is absent.
        seen: What tells whether they are plausible, by block.
        unlinked: Whether there are clicks among the events that have no link for want of a column.
        property_kinds: Of a JSON file, what its properties are in the events: name, and `text` or the kind of JSON.
        emptied: How many cells `--null` emptied, by column.
        judged: The whole messages, where they were judged by the table of a destination.
        types: Each event's type of call; empty where all are track events.
        memberships: Of the groups, who is a member of which; "" is nobody known.
        trait_calls: How many of the calls overwrite traits.
    """

    mapped: int = 0
    filtered: dict[str, int] = field(default_factory=dict)
    rejected: list[Rejected] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    events_filtered: int = 0
    content_ids: list[bytes] = field(default_factory=list)
    content_hashes: list[int] = field(default_factory=list)
    encode: Callable[..., list[bytes]] = list
    message_bytes: int = 0
    lines: Sequence[int] = ()
    times: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    people: tuple[Sequence[str], Sequence[str]] = ((), ())
    seen: Sequence[Seen] = ()
    unlinked: bool = False
    property_kinds: frozenset[tuple[str, str]] = frozenset()
    emptied: dict[str, int] = field(default_factory=dict)
    judged: Sequence[Mapping[str, Any]] = ()
    types: Sequence[str] = ()
    memberships: Sequence[tuple[str, str]] = ()
    trait_calls: int = 0


class Conversion(Protocol):
    """Protocol of a repeatable conversion of one chunk."""

    def __call__(self, *, identified: bool = True) -> Converted:
        """Convert the chunk; content ids and hashes are optional and cost time."""
        ...


class _Block(NamedTuple):
    """The events of one block in a chunk, and their rows."""

    reader: ColumnarReader
    events: EventColumns
    rows: Sequence[int]


@dataclass(slots=True)
class _Verdict:
    """Result for one row: kept and filtered events, and problems."""

    kept: list[tuple[int, int]] = field(default_factory=list)
    filtered: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    failed: bool = False


class Converter:
    """Converter for the chunks of one file; equal chunks give equal results.

    Args:
        layout: What the file's rows mean.
        settings: What shapes messages and ids.
        encoding: How the file was decoded.
        address: Where addresses are, where no column is known as the email.
    """

    def __init__(
        self,
        layout: Layout,
        settings: ConvertSettings,
        encoding: str = "utf-8",
        address: AddressPlace | None = None,
    ) -> None:
        def times(column: TimeSource | None) -> TimestampReader:
            zone = column.timezone if column else None
            form = column.format if column else None
            return TimestampReader(
                now=settings.now,
                zone=zone or settings.timezone,
                format=form or settings.timestamp_format,
            )

        encoder = MessageEncoder(settings.message)
        self._tail = encoder.tail
        self._shaper = layout.shaper
        self._nulls = settings.mapping.nulls
        self._readers = [
            ColumnarReader(
                block, settings.mapping, encoder, times, alone=len(layout.blocks) == 1, encoding=encoding
            )
            for block in layout.blocks
        ]
        self._watches = [Watch(block.columns, address, at) for at, block in enumerate(layout.blocks)]
        self._since, self._until = settings.since, settings.until
        self._may_lack_links = not all(reader.has_links for reader in self._readers)
        self._bounded = settings.since is not None or settings.until is not None

    def __call__(self, chunk: Chunk, *, identified: bool = True) -> Converted:
        """Convert a chunk, with or without content ids and hashes.

        Equal chunks give equal results; earlier chunks have no effect.
        """
        result = Converted()
        if not chunk.rows:
            return result
        rows = emptied(chunk.rows, self._nulls) if self._nulls else chunk.rows
        cells, said, nulls = self._shaper(rows) if self._shaper else Shaped(rows)
        result.emptied = count_emptied(chunk.columns, chunk.rows, rows) + Counter(nulls)
        blocks = [self._block(reader, cells, chunk) for reader in self._readers]
        if (
            len(blocks) == 1
            and not (said or self._bounded)
            and len(blocks[0].rows) == len(cells)
            and blocks[0].reader.is_plain(blocks[0].events)
        ):
            events = blocks[0].events
            result.mapped = len(cells)
            places: Mapping[int, Sequence[int]] = {0: range(len(cells))}
        else:
            order = self._judge(chunk, cells, said, blocks, result)
            places = _places(order)
            parts = [block.events for block in blocks]
            events = merged(parts, order) if len(parts) > 1 else parts[0].take([i for _, i in order])
        if events.heads:
            self._encode(events, result)
            if chunk.typed:
                result.property_kinds = frozenset().union(*{head.kinds for head in events.heads})
            result.seen = [self._see(at, blocks[at], places[at], cells) for at in sorted(places)]
            if identified:
                _identify(events, result)
        return result

    def _see(self, number: int, block: _Block, places: Sequence[int], cells: Cells) -> Seen:
        """Gather what tells whether the people of a block's events are plausible."""
        people, rows = block.events.people, block.rows
        user_ids, person_ids = people.user_ids, people.person_ids
        if len(places) == len(cells):
            return self._watches[number].see(user_ids, person_ids, cells)
        return self._watches[number].see(
            [user_ids[at] for at in places],
            [person_ids[at] for at in places],
            [cells[rows[at]] for at in places],
        )

    def _block(self, reader: ColumnarReader, cells: list[list[str]], chunk: Chunk) -> _Block:
        """Read the rows that have a block's event."""
        block, lines = reader.block, chunk.lines
        if block.applies is None and not block.absent_without_time:
            return _Block(reader, reader.read(cells, lines, typed=chunk.typed), range(len(cells)))
        applies = [True] * len(cells) if block.applies is None else block.applies(cells)
        columns = [column.index for column in block.times]
        rows = [
            i
            for i, (row, is_there) in enumerate(zip(cells, applies, strict=True))
            if is_there
            and not (block.absent_without_time and not any(row[column].strip() for column in columns))
        ]
        some = [cells[i] for i in rows], [lines[i] for i in rows]
        return _Block(reader, reader.read(*some, typed=chunk.typed), rows)

    def _judge(
        self,
        chunk: Chunk,
        cells: Cells,
        said: Mapping[int, tuple[Note, ...]],
        blocks: Sequence[_Block],
        result: Converted,
    ) -> list[tuple[int, int]]:
        """Check each row and return the events to send, in order.

        One event with an error rejects the whole row.
        """
        verdicts = [_Verdict() for _ in cells]
        # What a row lacks for want of a cell that could not be drawn is no fault of its own.
        spoilt = {i for i, notes in said.items() if self._say(verdicts[i], notes, chunk, i, self._readers[0])}
        for number, block in enumerate(blocks):
            sizes = block.events.sizes()
            for at, i in enumerate(block.rows):
                if i in spoilt:
                    continue
                filtered = block.events.heads[at].filtered
                if filtered:
                    verdicts[i].filtered.append(filtered)
                    continue
                notes = block.reader.notes(block.events, at, cells[i], sizes[at])
                if self._judge_event(verdicts[i], (number, at), block.events, failed=has_error(notes)):
                    self._say(verdicts[i], notes, chunk, i, block.reader)
        order: list[tuple[int, int]] = []
        for i, verdict in enumerate(verdicts):
            problems = tuple(verdict.problems if len(blocks) == 1 else dict.fromkeys(verdict.problems))
            if verdict.failed:
                result.rejected.append(Rejected(chunk.lines[i], chunk.rows[i], problems))
                continue
            result.events_filtered += len(verdict.filtered)
            if verdict.kept:
                result.mapped += 1
                result.warnings.extend(problems)
                order += verdict.kept
            else:
                reason = verdict.filtered[0] if verdict.filtered else _NO_EVENT
                result.filtered[reason] = result.filtered.get(reason, 0) + 1
        return order

    def _judge_event(
        self, verdict: _Verdict, place: tuple[int, int], events: EventColumns, *, failed: bool
    ) -> bool:
        """Check one event and return whether it is not filtered.

        If the time has only a warning, its exact text replaces the problem in `events.times`.
        """
        time = events.times[place[1]]
        exact = time.exact if isinstance(time, TimeProblem) else time
        if failed or exact is None:
            verdict.failed = True
            return True
        if (self._since and exact[:-1] < self._since[:-1]) or (
            self._until and exact[:-1] >= self._until[:-1]
        ):
            verdict.filtered.append(_BOUNDS)
            return False
        events.times[place[1]] = exact
        verdict.kept.append(place)
        return True

    def _say(
        self, verdict: _Verdict, notes: Sequence[Note], chunk: Chunk, i: int, reader: ColumnarReader
    ) -> bool:
        """Record the problems of a row and return whether one rejects it."""
        verdict.problems += _problems(chunk, i, notes, reader)
        failed = has_error(notes)
        verdict.failed |= failed
        return failed

    def _encode(self, events: EventColumns, result: Converted) -> None:
        heads, people, times = events.heads, events.people, cast(list[str], events.times)
        result.encode = partial(_whole, list(map(attrgetter("json"), heads)), people, times, self._tail)
        result.message_bytes = sum(map(attrgetter("size"), heads)) + people.total_bytes()
        result.lines, result.times = events.lines, times
        result.names = list(map(attrgetter("name"), heads))
        result.people = people.user_ids, people.person_ids
        result.unlinked = self._may_lack_links and any(head.unlinked for head in set(heads))


def _places(order: Sequence[tuple[int, int]]) -> dict[int, list[int]]:
    """Return the places of the events that go out, by block."""
    places: dict[int, list[int]] = {}
    for block, at in order:
        places.setdefault(block, []).append(at)
    return places


def _whole(
    heads: list[str],
    people: AsciiPeople | ParsedPeople,
    times: list[str],
    tail: str,
    ids: Sequence[bytes],
    users: Sequence[str] = (),
) -> list[bytes]:
    """Build whole messages; a module-level function, so that it can be pickled."""
    fragments = people.fragments()
    if users:
        named = zip(fragments, people.person_ids, users, strict=True)
        fragments = [known_as(person, id_, user) if user else person for person, id_, user in named]
    return messages(ids, map(wire, times), zip(heads, fragments, strict=True), tail)


def _problems(chunk: Chunk, i: int, notes: Sequence[Note], reader: ColumnarReader) -> Iterator[Problem]:
    for note in notes:
        yield Problem(
            rule=note.rule,
            message=note.detail,
            file=chunk.file,
            line=chunk.lines[i],
            column=reader.columns.column_of(note.field),
            value=note.value,
            hint=note.hint,
        )


def _identify(events: EventColumns, result: Converted) -> None:
    """Add each event's content id and content hash to the result."""
    heads, people, times = events.heads, events.people, cast(list[str], events.times)
    if events.own_ids is not None:
        _identify_own(events, people.identities(), times, events.own_ids, result)
        return
    result.content_ids = uuid8s_after(map(attrgetter("hashed"), heads), people.dated(times))
    result.content_hashes = list(map(attrgetter("source"), heads))


def _identify_own(
    events: EventColumns, identities: list[str], times: list[str], own_ids: list[OwnId], result: Converted
) -> None:
    """Build content ids from the export's own ids where present."""
    for head, person, time, own in zip(events.heads, identities, times, own_ids, strict=True):
        if own.value is None:
            fields = f"{head.prefix}{person}{netstring(time)}"
            result.content_ids.append(uuid8(fields.encode()))
            result.content_hashes.append(head.source)
            continue
        result.content_ids.append(uuid8((OWN + netstring(own.value) + netstring(head.name)).encode()))
        place = hash64(head.trail + netstring(time)) >> OWN_PLACE_SHIFT
        who = hash64(person) & (1 << OWN_PLACE_SHIFT - OWN_PERSON_SHIFT) - 1
        rest = (hash64(head.campaign) + head.source) & CONTENT_REST
        result.content_hashes.append(place << OWN_PLACE_SHIFT | who << OWN_PERSON_SHIFT | rest)
