"""`convert(chunk) → Converted`: map, check and encode some rows, purely.

A campaign's cells repeat on thousands of rows and a person's on several, so each part of an event is
mapped, checked and encoded once and found again by its cells. What is left to do for every row is to read
a time, to hash an identity and to join bytes.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from itertools import chain, compress
from operator import itemgetter
from typing import Any, Final, Generic, TypeVar, cast

from inflection_cli import rules
from inflection_cli.checks import check_campaign, check_person, check_trail
from inflection_cli.delivery.settle import OWN_PERSON_SHIFT, OWN_PLACE_SHIFT
from inflection_cli.mapping.columns import Columns
from inflection_cli.mapping.compile import Filtered, MapOptions, RowMapper, are_plain_ids, has_error
from inflection_cli.mapping.timestamps import TimestampReader, Trouble, wire
from inflection_cli.model import Chunk, Note, Problem, Trail
from inflection_cli.segment.limits import MAX_EVENT_BYTES
from inflection_cli.segment.message import (
    FIXED_BYTES,
    MessageEncoder,
    MessageSettings,
    body,
    is_bare,
    plain_person,
)
from inflection_cli.segment.message_id import FIELDS, OWN, netstring, person_part, uuid8

_MEMO_ENTRIES: Final = 1 << 13
"""Parts remembered of each kind; more are forgotten at once, so that memory stays flat."""

_REST: Final = (1 << OWN_PERSON_SHIFT) - 1

_Part = TypeVar("_Part")


class _Memo(dict[Any, _Part], Generic[_Part]):
    """Computes a part from its cells on first sight; `map(memo.__getitem__, …)` runs at the speed of C."""

    def __init__(self, compute: Callable[[Any], _Part]) -> None:
        super().__init__()
        self._compute = compute

    def __missing__(self, cells: Any) -> _Part:
        if len(self) >= _MEMO_ENTRIES:
            self.clear()
        part = self[cells] = self._compute(cells)
        return part


@dataclass(frozen=True, slots=True)
class ConvertSettings:
    """Everything that shapes messages and ids, picklable.

    Attributes:
        mapping: How rows are read.
        message: How messages are written.
        now: The run's one idea of the present, aware.
        timezone: The zone of times without one, an IANA name.
        timestamp_format: A strptime format, where ISO 8601 and epochs do not do.
        since: Exact text of the first instant to keep.
        until: Exact text of the first instant to leave out.
    """

    mapping: MapOptions
    message: MessageSettings
    now: datetime
    timezone: str | None = None
    timestamp_format: str | None = None
    since: str | None = None
    until: str | None = None


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that is not sent: its cells and every reason.

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
    """What became of a chunk's rows. The lists of events are parallel, in the order of the input.

    Attributes:
        mapped: Rows all of whose events were built.
        filtered: Rows left out by the user's filters, by reason.
        rejected: Rows left out because something is wrong with them.
        warnings: Problems of rows that go out all the same.
        events_filtered: Events that a filter dropped.
        content_ids: 16 bytes an event.
        content_hashes: 64 bits an event.
        bodies: The messages' JSON after the id, joined on demand; their sizes are known before.
        message_bytes: The encoded size of all messages, ids included.
        lines: The physical line of each event's record.
        times: Each event's instant, exact text.
        names: Each event's name, Inflection's.
        people: Each person once, as spelled in the content id, with the id that the events go out under, which
            Segment counts as a tracked user.
    """

    mapped: int = 0
    filtered: dict[str, int] = field(default_factory=dict)
    rejected: list[Rejected] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    events_filtered: int = 0
    content_ids: list[bytes] = field(default_factory=list)
    content_hashes: list[int] = field(default_factory=list)
    bodies: Callable[[], list[bytes]] = list
    message_bytes: int = 0
    lines: Sequence[int] = ()
    times: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    people: set[tuple[str, str]] = field(default_factory=set)


class _Campaign:
    """What a campaign adds to id, content and message of its events."""

    __slots__ = ("bare", "filtered", "identity", "json", "link", "name", "notes", "odd", "size", "source")

    def __init__(self, notes: Sequence[Note], filtered: str = "") -> None:
        self.notes = notes
        self.filtered = filtered
        self.odd = bool(notes or filtered)
        self.name = self.identity = self.json = ""
        self.link = self.bare = False
        self.source = self.size = 0


class _Person:
    """What a person adds to id and message; `sent_as` is the id they go out under, NUL before an anonymous one."""

    __slots__ = ("identity", "json", "notes", "sent_as")

    def __init__(self, notes: Sequence[Note], identity: str = "", json: str = "", sent_as: str = "") -> None:
        self.notes = notes
        self.identity = identity
        self.json = json
        self.sent_as = sent_as


class _Trail:
    """What link and extra properties add to id, content and message."""

    __slots__ = ("identity", "json", "linked", "notes", "size", "source")

    def __init__(self, trail: Trail, notes: Sequence[Note], json: str) -> None:
        extras = "".join(netstring(name) + netstring(value) for name, value in trail.extras)
        self.notes = notes
        self.identity = netstring(trail.link)
        self.source = _hash64("extras" + extras) if extras else 0
        self.json = json
        self.size = len(json.encode())
        self.linked = trail.link is not None


@dataclass(frozen=True, slots=True)
class _OwnId:
    value: str | None
    notes: tuple[Note, ...]


@dataclass(slots=True)
class _Rows:
    """Parallel lists, one entry a row.

    Attributes:
        persons: The parts of people; None where every person is two plain ids.
        identities: People's netstrings.
        fragments: People's fragments of the message.
        sent_as: The ids that the events go out under.
        sizes: The messages' bytes.
    """

    campaigns: list[_Campaign]
    trails: list[_Trail]
    persons: list[_Person] | None
    identities: list[str]
    fragments: list[str]
    sent_as: list[str]
    sizes: list[int]
    times: list[str | Trouble]
    own_ids: list[_OwnId] | None
    lines: Sequence[int]

    def kept(self, keep: Sequence[bool]) -> "_Rows":
        """Return the rows for which `keep` says so."""

        def rows(values: Sequence[_Part]) -> list[_Part]:
            return list(compress(values, keep))

        return _Rows(
            rows(self.campaigns),
            rows(self.trails),
            None if self.persons is None else rows(self.persons),
            rows(self.identities),
            rows(self.fragments),
            rows(self.sent_as),
            rows(self.sizes),
            rows(self.times),
            None if self.own_ids is None else rows(self.own_ids),
            rows(self.lines),
        )


class Converter:
    """Converts the chunks of one file; keeps nothing between them but what it can compute again."""

    def __init__(self, columns: Columns, settings: ConvertSettings) -> None:
        self._columns = columns
        self._mapper = RowMapper(columns, settings.mapping)
        self._encoder = MessageEncoder(settings.message)
        self._times = TimestampReader(
            now=settings.now, zone=settings.timezone, format=settings.timestamp_format
        )
        self._since, self._until = settings.since, settings.until
        self._bounded = settings.since is not None or settings.until is not None
        fields = columns.fields
        self._campaign_cells = _getter([fields[name] for name in self._mapper.campaign_columns])
        self._person_cells = _getter([fields[name] for name in self._mapper.person_columns])
        links = [fields[name] for name in self._mapper.link_columns]
        self._trail_cells = _getter(links + [i for i, _ in columns.extras])
        self._campaigns = _Memo(self._campaign)
        self._people = _Memo(self._person)
        self._trails = _Memo(self._trail)
        self._fixed_bytes = FIXED_BYTES + len(self._encoder.tail.encode())

    def __call__(self, chunk: Chunk) -> Converted:
        """Convert a chunk. Equal chunks give equal results, whatever came before."""
        result = Converted()
        if not chunk.rows:
            return result
        rows = self._parts(chunk)
        if not self._is_plain(rows):
            rows = rows.kept([self._judge(chunk, i, rows, result) for i in range(len(chunk.rows))])
        self._encode(rows, result)
        return result

    def _parts(self, chunk: Chunk) -> _Rows:
        cells = chunk.rows
        campaigns = list(map(self._campaigns.__getitem__, map(self._campaign_cells, cells)))
        trails = list(map(self._trails.__getitem__, map(self._trail_cells, cells)))
        persons, identities, fragments, sent_as = self._persons(cells)
        fixed = self._fixed_bytes
        people_bytes = map(len, fragments if persons is None else (f.encode() for f in fragments))
        sizes = [fixed + c.size + t.size + n for c, t, n in zip(campaigns, trails, people_bytes, strict=True)]
        if any(campaign.bare for campaign in set(campaigns)):
            # Without a property before it a trail loses its first comma.
            commas = (c.bare and t.size > 0 for c, t in zip(campaigns, trails, strict=True))
            sizes = [size - comma for size, comma in zip(sizes, commas, strict=True)]
        own_ids = None
        if self._columns.has("event_id"):
            own_ids = [_OwnId(*self._mapper.own_id(cell)) for cell in self._cells_of("event_id", cells)]
        times = self._times.read(self._cells_of("timestamp", cells))
        return _Rows(
            campaigns, trails, persons, identities, fragments, sent_as, sizes, times, own_ids, chunk.lines
        )

    def _persons(
        self, cells: Sequence[Sequence[str]]
    ) -> tuple[list[_Person] | None, list[str], list[str], list[str]]:
        """Read people: at once where all are plain, one by one else; both ways give the same."""
        if self._mapper.person_is_two_ids:
            ids = list(map(self._person_cells, cells))
            distinct = set(ids)
            if ("", "") not in distinct and are_plain_ids(set(chain.from_iterable(distinct))):
                identities = [f"p{len(p)}:{p}," if p else f"u{len(u)}:{u}," for u, p in ids]
                fragments = [plain_person(u, p) for u, p in ids]
                return None, identities, fragments, [u or "\0" + p for u, p in ids]
        persons = list(map(self._people.__getitem__, map(self._person_cells, cells)))
        identities, fragments = [p.identity for p in persons], [p.json for p in persons]
        return persons, identities, fragments, [p.sent_as for p in persons]

    def _is_plain(self, rows: _Rows) -> bool:
        """Tell whether nothing is to be said of any row, so that no row need be looked at alone."""
        return not (
            self._bounded
            or any(campaign.odd for campaign in set(rows.campaigns))
            or any(trail.notes for trail in set(rows.trails))
            or (rows.persons is not None and any(person.notes for person in set(rows.persons)))
            or set(map(type, rows.times)) != {str}
            or any(c.link and not t.linked for c, t in zip(rows.campaigns, rows.trails, strict=True))
            or max(rows.sizes) > MAX_EVENT_BYTES
            or (rows.own_ids is not None and any(own.notes for own in rows.own_ids))
        )

    def _judge(self, chunk: Chunk, i: int, rows: _Rows, result: Converted) -> bool:
        """Settle a row on its own: tell whether it goes out; a warning leaves its time in `rows`."""
        campaign, time = rows.campaigns[i], rows.times[i]
        if campaign.filtered:
            return _filter(result, campaign.filtered)
        notes = self._notes(chunk, i, rows)
        exact = time.exact if isinstance(time, Trouble) else time
        problems = tuple(self._problems(chunk, i, notes))
        if has_error(notes) or exact is None:
            result.rejected.append(Rejected(chunk.lines[i], chunk.rows[i], problems))
            return False
        if (self._since and exact[:-1] < self._since[:-1]) or (
            self._until and exact[:-1] >= self._until[:-1]
        ):
            return _filter(result, "--since/--until")
        rows.times[i] = exact
        result.warnings.extend(problems)
        return True

    def _notes(self, chunk: Chunk, i: int, rows: _Rows) -> list[Note]:
        """Gather what is to be said of a row, in the order of its parts."""
        campaign, trail, time = rows.campaigns[i], rows.trails[i], rows.times[i]
        notes = [*campaign.notes, *trail.notes]
        if rows.persons is not None:
            notes += rows.persons[i].notes
        if rows.own_ids is not None:
            notes += rows.own_ids[i].notes
        if campaign.link and not trail.linked:
            notes.append(Note(rules.LINK_MISSING, f"“{campaign.name}” has no link", "email_link_url"))
        if isinstance(time, Trouble):
            (cell,) = self._cells_of("timestamp", [chunk.rows[i]])
            notes.append(Note(time.rule, time.detail, "timestamp", cell, time.hint))
        if rows.sizes[i] > MAX_EVENT_BYTES:
            detail = f"the message is {rows.sizes[i]:,} bytes long, over {MAX_EVENT_BYTES:,}"
            notes.append(Note(rules.EVENT_TOO_LARGE, detail))
        return notes

    def _encode(self, rows: _Rows, result: Converted) -> None:
        campaigns, trails, times = rows.campaigns, rows.trails, cast(list[str], rows.times)
        if rows.own_ids is None:
            result.content_ids = [
                uuid8(f"{FIELDS}{c.identity}{t.identity}{person}{len(time)}:{time},".encode())
                for c, t, person, time in zip(campaigns, trails, rows.identities, times, strict=True)
            ]
            result.content_hashes = [
                (c.source + t.source) & _REST for c, t in zip(campaigns, trails, strict=True)
            ]
        else:
            _identify(rows, times, rows.own_ids, result)
        tail = self._encoder.tail
        result.bodies = lambda: [
            body(wire(time), c.json, t.json[1:] if c.bare else t.json, person, tail)
            for c, t, person, time in zip(campaigns, trails, rows.fragments, times, strict=True)
        ]
        result.mapped = len(campaigns)
        result.message_bytes = sum(rows.sizes)
        result.lines, result.times = rows.lines, times
        result.names = [c.name for c in campaigns]
        result.people = set(zip(rows.identities, rows.sent_as, strict=True))

    def _campaign(self, cells: tuple[str, ...]) -> _Campaign:
        campaign, notes = self._mapper.campaign(cells)
        if isinstance(campaign, Filtered):
            return _Campaign((), campaign.reason)
        if campaign is None:
            return _Campaign(notes)
        part = _Campaign((*notes, *check_campaign(campaign)))
        identity = (campaign.event, campaign.email_id, campaign.campaign_id, campaign.campaign_run_id)
        flags = (campaign.is_unique_open, campaign.is_unique_click)
        part.name, part.link = campaign.event, campaign.link
        part.identity = "".join(map(netstring, identity))
        part.source = _hash64(
            "".join(netstring(None if flag is None else str(flag).lower()) for flag in flags)
        )
        part.json = self._encoder.campaign(campaign)
        part.size = len(part.json.encode())
        part.bare = is_bare(part.json)
        return part

    def _person(self, cells: tuple[str, ...]) -> _Person:
        person, notes = self._mapper.person(cells)
        if person is None:
            return _Person(notes)
        return _Person(
            (*notes, *check_person(person)),
            person_part(person.user_id, person.person_id),
            self._encoder.person(person),
            person.user_id or f"\0{person.person_id}",
        )

    def _trail(self, cells: tuple[str, ...]) -> _Trail:
        trail, notes = self._mapper.trail(cells)
        return _Trail(trail, (*notes, *check_trail(trail)), self._encoder.trail(trail))

    def _cells_of(self, name: str, cells: Sequence[Sequence[str]]) -> list[str]:
        index = self._columns.fields.get(name)
        if index is None:
            return [self._columns.constants[name]] * len(cells)
        return [row[index] for row in cells]

    def _problems(self, chunk: Chunk, i: int, notes: Sequence[Note]) -> Iterator[Problem]:
        for note in notes:
            yield Problem(
                rule=note.rule,
                message=note.detail,
                file=chunk.file,
                line=chunk.lines[i],
                column=self._columns.column_of(note.field),
                value=note.value,
                hint=note.hint,
            )


def convert(chunk: Chunk, columns: Columns, settings: ConvertSettings) -> Converted:
    """Convert one chunk on its own: a pure, picklable function, for an engine that maps partitions."""
    return Converter(columns, settings)(chunk)


def _getter(at: Sequence[int]) -> Callable[[Sequence[str]], tuple[str, ...]]:
    """Return what picks the cells at these indexes, as a tuple however many they are."""
    if len(at) > 1:
        return itemgetter(*at)
    return (lambda row: (row[at[0]],)) if at else (lambda _: ())


def _filter(result: Converted, reason: str) -> bool:
    result.filtered[reason] = result.filtered.get(reason, 0) + 1
    result.events_filtered += 1
    return False


def _hash64(source: str) -> int:
    return int.from_bytes(blake2b(source.encode(), digest_size=8).digest(), "big")


def _identify(rows: _Rows, times: list[str], own_ids: list[_OwnId], result: Converted) -> None:
    """Identify events by the export's own ids, where a row has one."""
    for c, t, person, time, own in zip(
        rows.campaigns, rows.trails, rows.identities, times, own_ids, strict=True
    ):
        source = (c.source + t.source) & _REST
        if own.value is None:
            fields = f"{FIELDS}{c.identity}{t.identity}{person}{netstring(time)}"
            result.content_ids.append(uuid8(fields.encode()))
            result.content_hashes.append(source)
            continue
        result.content_ids.append(uuid8((OWN + netstring(own.value) + netstring(c.name)).encode()))
        place = _hash64(t.identity + netstring(time)) >> OWN_PLACE_SHIFT
        who = _hash64(person) & (1 << OWN_PLACE_SHIFT - OWN_PERSON_SHIFT) - 1
        rest = (_hash64(c.identity) + source) & _REST
        result.content_hashes.append(place << OWN_PLACE_SHIFT | who << OWN_PERSON_SHIFT | rest)
