"""Convert chunks to messages: map, check and encode rows, without side effects.

Columns are read whole; only the rows of which there is something to say are looked at one by one.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import compress
from typing import Any, Final, NamedTuple, Protocol

from inflection_cli.converting.columnar import (
    Cells,
    ColumnarReader,
    EventColumns,
    Fragments,
    events_of_all,
)
from inflection_cli.converting.person_columns import AddressPlace, PeopleColumns, Seen, Watch
from inflection_cli.converting.property_columns import hash64, hash64s, kinds_of
from inflection_cli.mapping.checks import count_emptied, emptied
from inflection_cli.mapping.events import NAMED_OUT, PERSON_FIELDS, SKIPPED, MapOptions, has_error
from inflection_cli.mapping.layout import Layout, TimeSource, Unmet
from inflection_cli.mapping.times.timestamps import TimestampReader, before, wire_all
from inflection_cli.model import Chunk, Note, Problem
from inflection_cli.segment.ids import (
    CONTENT_REST,
    FIELDS,
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
_MOST_OF_VALUE: Final = 100
_NO_LINK: Final = netstring(None)


@dataclass(frozen=True, slots=True)
class ConvertSettings:
    """All settings that affect messages and ids; picklable.

    Attributes:
        mapping: How rows are read.
        message: How messages are written.
        now: The run's one idea of the present, aware.
        timezone: The zone of times without one, an IANA name.
        timestamp_format: A strptime format, where ISO 8601 and epochs do not do.
        zone_names: Seconds ahead of UTC, by a zone's abbreviation in cells.
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
    zone_names: Mapping[str, int] = field(default_factory=dict)


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


class LeftOut(NamedTuple):
    """Reason for which a row is no event of the profile.

    Attributes:
        column: The name or path of the cell that decides.
        value: The cell; None if it only has to be empty.
        names_event: Whether it is the event's name.
        of_person: Whether the cell is also a part of the person.
    """

    column: str
    value: str | None
    names_event: bool
    of_person: bool = False


@dataclass(slots=True)
class Converted:
    """Result of a chunk; the event lists are parallel, in input order.

    Attributes:
        mapped: Rows all of whose events were built.
        filtered: Rows left out by the user's filters, by reason.
        left_out: Of these, rows that are no event of the profile, by the cell that decides.
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
        joined: Of events with an anonymousId beside a userId, if they go out under one: index, anonymousId, and whether
            the event is an identify.
        states: Which events give the state of somebody at the time of the run; empty where none does.
    """

    mapped: int = 0
    filtered: dict[str, int] = field(default_factory=dict)
    left_out: Counter[LeftOut] = field(default_factory=Counter)
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
    joined: Sequence[tuple[int, str, bool]] = ()
    states: Sequence[bool] = ()


class Conversion(Protocol):
    """Protocol of a repeatable conversion of one chunk."""

    def __call__(self, *, identified: bool = True) -> Converted:
        """Convert the chunk; content ids and hashes are optional and cost time."""
        ...


@dataclass(slots=True, eq=False)
class _Block:
    """The events of one block in a chunk, and their cells.

    Attributes:
        beyond: The indexes of events outside the user's bounds.
        dropped: The indexes of events that are not sent.
    """

    reader: ColumnarReader
    events: EventColumns
    cells: Cells
    beyond: set[int]
    dropped: set[int] = field(default_factory=set)

    def odd_rows(self) -> Iterator[int]:
        """Yield the rows of which there may be something to decide."""
        events = self.events
        for places in (events.notes, events.filtered, self.beyond):
            yield from (events.rows[at] for at in places)

    def place(self, row: int) -> int | None:
        """Return the index of a row's event, if it has one."""
        rows = self.events.rows
        if isinstance(rows, range):
            return row
        at = bisect_left(rows, row)
        return at if at < len(rows) and rows[at] == row else None

    def kept(self) -> list[int] | None:
        """Return the indexes of the events to send; None means all."""
        if not self.dropped:
            return None
        return [at for at in range(len(self.events.rows)) if at not in self.dropped]


@dataclass(slots=True, eq=False)
class _Verdict:
    """Result for one row: whether an event is kept, filters, problems."""

    kept: bool = False
    filtered: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    failed: bool = False


class Converter:
    """Converter for the chunks of one file; equal chunks give equal results.

    Args:
        layout: What the file's rows mean.
        settings: What shapes messages and ids.
        encoding: How the file was decoded.
        address: Where addresses are, where no column is recognised as the email.
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
                names=settings.zone_names,
            )

        encoder = MessageEncoder(settings.message)
        self._tail = encoder.tail
        self._shaper = layout.shaper
        self._blocks = layout.blocks
        self._of_person = {
            block.columns.fields[name]
            for block in layout.blocks
            for name in PERSON_FIELDS
            if name in block.columns.fields
        }
        self._nulls = settings.mapping.nulls
        # What a user leaves out by name is known to the user; what a profile does is not.
        profile = settings.mapping.columns.profile
        self._shown = {_NO_EVENT, SKIPPED} if profile is None else {_NO_EVENT, SKIPPED, NAMED_OUT}
        self._readers = [
            ColumnarReader(block, settings.mapping, encoder, times, encoding=encoding)
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
        columns: Sequence[Sequence[str]] = list(zip(*rows, strict=True))
        said: Mapping[int, tuple[Note, ...]] = {}
        nulls: Mapping[str, int] = {}
        if self._shaper:
            columns, said, nulls = self._shaper(columns, len(rows))
        if nulls or rows is not chunk.rows:
            result.emptied = count_emptied(chunk.columns, chunk.rows, rows) + Counter(nulls)
        blocks = [self._block(reader, columns, chunk) for reader in self._readers]
        self._count_left_out(self._judge(chunk, said, blocks, result), columns, result)
        kept = [block.kept() for block in blocks]
        events = _in_order(blocks, kept)
        if events.campaigns:
            self._encode(events, result)
            result.unlinked = self._may_lack_links and any(map(_lacks_link, blocks, kept))
            result.seen = list(self._seen(blocks, kept))
            if chunk.typed:
                result.property_kinds = frozenset().union(*map(_kinds, blocks, kept))
            if identified:
                _identify(events, result)
        return result

    def _seen(self, blocks: Sequence[_Block], kept: Sequence[list[int] | None]) -> Iterator[Seen]:
        """Yield what tells whether the people of each block's events are plausible."""
        for watch, block, at in zip(self._watches, blocks, kept, strict=True):
            people, cells = block.events.people, block.cells
            if at is not None:
                people, cells = people.take(at), cells.take(at)
            if cells.count:
                yield watch.see(people.user_ids, people.person_ids, cells)

    def _block(self, reader: ColumnarReader, columns: Sequence[Sequence[str]], chunk: Chunk) -> _Block:
        """Read the rows that have a block's event."""
        block, count = reader.block, len(chunk.rows)
        rows: Sequence[int] = range(count)
        if block.applies is not None:
            rows = list(compress(rows, block.applies(list(zip(*columns, strict=True)))))
        if block.absent_without_time:
            filled = [_filled(columns[source.index]) for source in block.times]
            rows = list(filter(filled[0].union(*filled[1:]).__contains__, rows))
        if len(rows) == count:
            cells, lines, rows = Cells(columns, count), chunk.lines, range(count)
        else:
            cells, lines = Cells(columns, count, rows), [chunk.lines[row] for row in rows]
        events = reader.read(cells, lines, rows, typed=chunk.typed)
        return _Block(reader, events, cells, self._beyond(events.times) if self._bounded else set())

    def _beyond(self, times: Sequence[str]) -> set[int]:
        """Return the indexes of times outside the user's bounds."""
        since, until = self._since, self._until
        return {
            i
            for i, time in enumerate(times)
            if time and ((since and before(time, since)) or (until and not before(time, until)))
        }

    def _judge(
        self,
        chunk: Chunk,
        said: Mapping[int, tuple[Note, ...]],
        blocks: Sequence[_Block],
        result: Converted,
    ) -> list[tuple[int, str]]:
        """Check each odd row, and drop the events that are not sent.

        One event with an error rejects the whole row.

        Returns:
            The rows that are left out, each with the reason.
        """
        result.mapped, left_out = len(chunk.rows), list[tuple[int, str]]()
        odd = set(said).union(*(block.odd_rows() for block in blocks))
        if not any(isinstance(block.events.rows, range) for block in blocks):
            odd |= set(range(len(chunk.rows))).difference(*(block.events.rows for block in blocks))
        for i in sorted(odd):
            verdict = self._verdict(chunk, i, said.get(i, ()), blocks)
            problems = tuple(verdict.problems if len(blocks) == 1 else dict.fromkeys(verdict.problems))
            if verdict.failed:
                result.rejected.append(Rejected(chunk.lines[i], chunk.rows[i], problems))
                for block in blocks:
                    block.dropped.update(at for at in (block.place(i),) if at is not None)
            else:
                result.events_filtered += len(verdict.filtered)
                if verdict.kept:
                    result.warnings.extend(problems)
                    continue
                reason = verdict.filtered[0] if verdict.filtered else _NO_EVENT
                result.filtered[reason] = result.filtered.get(reason, 0) + 1
                left_out.append((i, reason))
            result.mapped -= 1
        return left_out

    def _count_left_out(
        self, rows: Sequence[tuple[int, str]], columns: Sequence[Sequence[str]], result: Converted
    ) -> None:
        """Count by which cells the profile or an option left rows out."""
        if any(reason in self._shown for _, reason in rows):
            shaped = list(zip(*columns, strict=True))
            cells = (self._left_out(shaped[i], reason) for i, reason in rows)
            result.left_out.update(filter(None, cells))

    def _left_out(self, row: Sequence[str], reason: str) -> LeftOut | None:
        """Return the cell that keeps a row from its likeliest block."""
        columns, found = self._blocks[0].columns, None
        if reason == _NO_EVENT:
            unmet = [each.applies.unmet(row) for each in self._blocks if each.applies is not None]
            found = max(filter(None, unmet), key=lambda each: each.passed, default=None)
        elif reason in self._shown and (place := columns.fields.get("event")) is not None:
            found = Unmet(0, place, row[place].strip(), names_event=True)
        if found is None:
            return None
        name, value = columns.names[found.index], found.value
        is_of_person = found.index in self._of_person
        return LeftOut(name, value and value[:_MOST_OF_VALUE], found.names_event, is_of_person)

    def _verdict(self, chunk: Chunk, i: int, said: Sequence[Note], blocks: Sequence[_Block]) -> _Verdict:
        """Check one row; `said` are the notes on its extracted cells."""
        verdict = _Verdict(problems=list(_problems(chunk, i, said, self._readers[0])), failed=has_error(said))
        # What a row lacks for want of a cell that could not be drawn is no fault of its own.
        if verdict.failed:
            return verdict
        for block in blocks:
            at, events = block.place(i), block.events
            if at is None:
                continue
            reason = events.filtered.get(at, "")
            failed = at in events.failed
            if not reason and not failed and at in block.beyond:
                reason = _BOUNDS
            if reason:
                verdict.filtered.append(reason)
                block.dropped.add(at)
                continue
            verdict.problems += _problems(chunk, i, events.notes.get(at, ()), block.reader)
            verdict.failed |= failed
            verdict.kept = True
        return verdict

    def _encode(self, events: EventColumns, result: Converted) -> None:
        people, fragments = events.people, self._readers[0].fragments(events)
        result.encode = partial(_whole, fragments, people, events.times, self._tail)
        result.message_bytes = (
            sum([campaign.size for campaign in events.campaigns])
            + fragments.trail_bytes()
            + people.total_bytes()
        )
        result.lines, result.times = events.lines, events.times
        result.names = [campaign.name for campaign in events.campaigns]
        result.people = people.user_ids, people.person_ids
        result.joined = [(i, session, False) for i, session in sorted(people.sessions().items())]


def _filled(column: Sequence[str]) -> set[int]:
    """Return the indexes of cells that hold more than white space."""
    return {i for i, cell in enumerate(column) if cell and not cell.isspace()}


def _in_order(blocks: Sequence[_Block], kept: Sequence[list[int] | None]) -> EventColumns:
    """Return the events to send in the order of rows and blocks."""
    parts = [
        block.events if at is None else block.events.take(at) for block, at in zip(blocks, kept, strict=True)
    ]
    if len(parts) == 1:
        return parts[0]
    events = events_of_all(parts)
    return events.take(sorted(range(len(events.rows)), key=events.rows.__getitem__))


def _lacks_link(block: _Block, kept: list[int] | None) -> bool:
    """Return whether one event lacks a link for want of a column."""
    campaigns = block.events.campaigns
    some = campaigns if kept is None else [campaigns[i] for i in kept]
    return not block.reader.has_links and any(campaign.link for campaign in set(some))


def _kinds(block: _Block, kept: list[int] | None) -> frozenset[tuple[str, str]]:
    """Return what the properties of a block's events are."""
    kinds = block.events.kinds
    return kinds_of(kinds if kept is None else [(name, [found[i] for i in kept]) for name, found in kinds])


def _whole(
    fragments: Fragments,
    people: PeopleColumns,
    times: Sequence[str],
    tail: str,
    ids: Sequence[bytes],
    users: Sequence[str] = (),
) -> list[bytes]:
    """Build whole messages; a module-level function, so that it can be pickled."""
    persons = people.fragments()
    if users:
        sessions, named = people.sessions(), zip(persons, people.person_ids, users, strict=True)
        persons = [
            known_as(person, id_, user, sessions.get(i, "")) if user else person
            for i, (person, id_, user) in enumerate(named)
        ]
    parts = zip(fragments.campaigns, fragments.trails(), persons, strict=True)
    return messages(ids, wire_all(times), parts, tail)


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
    campaigns, people, times = events.campaigns, events.people, events.times
    links = [netstring(link) if link else _NO_LINK for link in events.links]
    if any(events.sources):
        pairs = zip(campaigns, _extras_hashes(events.sources), strict=True)
        sources = [(campaign.source + extra) & CONTENT_REST for campaign, extra in pairs]
    else:
        sources = [campaign.source & CONTENT_REST for campaign in campaigns]
    for i, group in people.groups().items():
        sources[i] = (sources[i] + hash64("group" + group)) & CONTENT_REST
    if events.own_ids is not None:
        _identify_own(events, links, sources, result)
        return
    rests = map(str.encode, people.dated(links, times))
    result.content_ids = uuid8s_after([campaign.hashed for campaign in campaigns], rests)
    result.content_hashes = sources


def _identify_own(
    events: EventColumns, links: Sequence[str], sources: Sequence[int], result: Converted
) -> None:
    """Build content ids from the export's own ids where present."""
    assert events.own_ids is not None
    each = zip(
        events.campaigns,
        links,
        events.people.identities(),
        events.times,
        events.own_ids,
        sources,
        strict=True,
    )
    for campaign, link, person, time, own, source in each:
        if not own:
            fields = f"{FIELDS}{campaign.identity}{link}{person}{netstring(time)}"
            result.content_ids.append(uuid8(fields.encode()))
            result.content_hashes.append(source)
            continue
        result.content_ids.append(uuid8((OWN + netstring(own) + netstring(campaign.name)).encode()))
        place = hash64(link + netstring(time)) >> OWN_PLACE_SHIFT
        who = hash64(person) & (1 << OWN_PLACE_SHIFT - OWN_PERSON_SHIFT) - 1
        rest = (hash64(campaign.identity) + source) & CONTENT_REST
        result.content_hashes.append(place << OWN_PLACE_SHIFT | who << OWN_PERSON_SHIFT | rest)


def _extras_hashes(texts: Sequence[str]) -> list[int]:
    """Hash the text of each event's further properties; none is 0."""
    kinds = list(set(texts))
    hashes = dict(zip(kinds, hash64s(["extras" + text for text in kinds]), strict=True))
    hashes[""] = 0
    return [hashes[text] for text in texts]
