"""Map rows to parts of events a column at a time.

Each field's reader takes a column and returns a column; beside it stands what is odd, by index. That a column is all
plain is proven by few calls over all of its text. What is odd is read exactly, a row at a time, so that the work grows
with the rows and with the problems. A campaign's cells repeat on thousands of rows, and what they add is remembered.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain, repeat
from operator import add, itemgetter
from typing import Final

from inflection_cli import rules
from inflection_cli.converting.part_cache import PartCache
from inflection_cli.converting.person_columns import ExactPerson, PeopleColumns, people_of_all
from inflection_cli.converting.property_columns import PropertyReader, hash64
from inflection_cli.mapping.checks import (
    check_campaign,
    check_id,
    check_person,
    check_trail,
    is_http,
    odd_ids,
)
from inflection_cli.mapping.column_names import squash
from inflection_cli.mapping.events import (
    PERSON_FIELDS,
    PERSON_IDS,
    EventReader,
    Filtered,
    MapOptions,
    has_error,
)
from inflection_cli.mapping.layout import EventMapping, TimeSource
from inflection_cli.mapping.times.timestamps import TimeProblem, TimestampReader, sort_key
from inflection_cli.mapping.wide_times import event_of_times
from inflection_cli.model import Note
from inflection_cli.segment.ids import FIELDS, absorbed, netstring, person_part
from inflection_cli.segment.limits import MAX_EVENT_BYTES
from inflection_cli.segment.message import (
    FIXED_BYTES,
    MessageEncoder,
    is_bare,
    link_fragments,
    links_bytes,
)

_LINK_GROWTH: Final = 6
"""So many bytes a character of a link takes at most in JSON."""

_BETWEEN: Final = "\0"
"""Stands between cells that are looked up as one text; no reader gives a cell with it."""

_ODD_PEOPLE: Final = 1 << 9
"""So many people that were read exactly are remembered."""


class Cells:
    """Cells of some rows by column, each taken on first use.

    Args:
        columns: The columns of all rows.
        count: How many rows there are.
        rows: The indexes of the rows that are meant; None means all.
    """

    def __init__(
        self, columns: Sequence[Sequence[str]], count: int, rows: Sequence[int] | None = None
    ) -> None:
        self._columns = columns
        self._rows = rows
        self._taken: dict[int, Sequence[str]] = {}
        self.count = count if rows is None else len(rows)

    def __getitem__(self, index: int) -> Sequence[str]:
        if self._rows is None:
            return self._columns[index]
        if index not in self._taken:
            column = self._columns[index]
            self._taken[index] = [column[row] for row in self._rows]
        return self._taken[index]

    def take(self, at: Sequence[int]) -> "Cells":
        """Return the cells of the rows at the given indexes."""
        rows = at if self._rows is None else [self._rows[i] for i in at]
        return Cells(self._columns, 0, rows)


class CampaignPart:
    """Parts that a campaign adds to the ids and messages of events.

    Attributes:
        filtered: Why the event is left out on the user's word; empty where it is not.
        notes: What is to be said of it.
        odd: Whether it is filtered, or anything is to be said.
        link: Whether the event is about a link.
        name: Inflection's name for the event.
        identity: The part of the content id, netstrings.
        hashed: The same, hashed as far as it goes.
        source: What the content hash makes of the flags.
        json: The fragment of the message.
        size: The message's bytes without those of link, properties and person.
    """

    __slots__ = (
        "filtered",
        "hashed",
        "identity",
        "json",
        "link",
        "name",
        "notes",
        "odd",
        "size",
        "source",
    )

    def __init__(self, notes: Sequence[Note], filtered: str = "", size: int = 0) -> None:
        self.notes = notes
        self.filtered = filtered
        self.odd = bool(notes or filtered)
        self.name = self.identity = self.json = ""
        self.hashed = absorbed(b"")
        self.link = False
        self.source = 0
        self.size = size


@dataclass(slots=True, eq=False)
class EventColumns:
    """The events of one block as parallel lists, one entry per event.

    Attributes:
        campaigns: What they are.
        links: The links as they stood; "" is absent.
        properties: The JSON fragments of the further properties.
        sources: What of those counts in the content hash.
        people: Who they are about.
        times: When they were, exact text; "" where that cannot be read.
        own_ids: The export's own ids, "" is absent; None where it has none.
        lines: The physical lines on which their records start.
        rows: The indexes of their rows in the chunk.
        notes: What is to be said of events, by index; few where few are odd.
        filtered: Why events are left out on the user's word, by index.
        failed: The indexes of those that have an error.
        kinds: For each column of properties its name and what its cells are; of JSON only.
    """

    campaigns: list[CampaignPart]
    links: Sequence[str]
    properties: Sequence[str]
    sources: Sequence[str]
    people: PeopleColumns
    times: list[str]
    own_ids: list[str] | None
    lines: Sequence[int]
    rows: Sequence[int]
    notes: dict[int, Sequence[Note]] = field(default_factory=dict)
    filtered: dict[int, str] = field(default_factory=dict)
    failed: set[int] = field(default_factory=set)
    kinds: Sequence[tuple[str, Sequence[str]]] = ()

    def take(self, at: Sequence[int]) -> "EventColumns":
        """Return the events at the given indexes, without notes."""

        def some(column: Sequence[str]) -> list[str]:
            return [column[i] for i in at]

        return EventColumns(
            [self.campaigns[i] for i in at],
            some(self.links),
            some(self.properties),
            some(self.sources),
            self.people.take(at),
            some(self.times),
            None if self.own_ids is None else some(self.own_ids),
            [self.lines[i] for i in at],
            [self.rows[i] for i in at],
        )


def events_of_all(parts: Sequence[EventColumns]) -> EventColumns:
    """Return the events of several blocks, one block after the other."""
    own_ids = None
    if any(part.own_ids is not None for part in parts):
        own_ids = [each for part in parts for each in part.own_ids or repeat("", len(part.rows))]
    joined = chain.from_iterable
    return EventColumns(
        list(joined([part.campaigns for part in parts])),
        list(joined([part.links for part in parts])),
        list(joined([part.properties for part in parts])),
        list(joined([part.sources for part in parts])),
        people_of_all([part.people for part in parts]),
        list(joined([part.times for part in parts])),
        own_ids,
        list(joined([part.lines for part in parts])),
        list(joined([part.rows for part in parts])),
    )


class ColumnarReader:
    """Reads the parts of one block's events; its only state is caches.

    Args:
        block: What the cells of a row are.
        mapping: How they are read.
        encoder: How messages are written.
        times: Makes what reads a column of times.
        encoding: How the file was decoded.
    """

    def __init__(
        self,
        block: EventMapping,
        mapping: MapOptions,
        encoder: MessageEncoder,
        times: Callable[[TimeSource | None], TimestampReader],
        *,
        encoding: str = "utf-8",
    ) -> None:
        self.block = block
        self.columns = block.columns
        self.has_links = block.columns.has("email_link_url")
        time_of = event_of_times(block, mapping.columns)
        self._mapper = EventReader(block.columns, mapping, encoding, time_of=time_of)
        self._encoder = encoder
        self._judges_people = mapping.judges_people
        self._times = [(column, times(column)) for column in block.times]
        self._constant_time = None if block.times else times(None)
        fields = block.columns.fields
        self._campaign_places = [fields[name] for name in self._mapper.campaign_columns]
        self._link_places = [fields[name] for name in self._mapper.link_columns]
        self._constant_link = block.columns.constants.get("email_link_url")
        self._property_places = [each.place for each in block.columns.carried]
        self._properties = PropertyReader(self._mapper, block.columns.carried, encoder, self._constant_link)
        self._person_places = [fields[name] for name in self._mapper.person_columns]
        self._id_places = [fields.get(name) for name in PERSON_FIELDS[:3]]
        self._id_names = [squash(block.columns.column_of(name) or name) for name in PERSON_IDS]
        self._reads_exactly = not self._mapper.person_is_two_ids or (
            encoder.email_trait and "email" in fields
        )
        self._campaigns = PartCache(self._campaign)
        # Odd people are few, and seldom come again.
        self._people = PartCache(self._person, _ODD_PEOPLE)
        self._fixed_bytes = FIXED_BYTES + len(encoder.tail.encode())
        self._link_bytes = len(encoder.property(encoder.link_name, ""))

    def read(
        self, cells: Cells, lines: Sequence[int], rows: Sequence[int], *, typed: bool = False
    ) -> EventColumns:
        """Read the parts of the given rows, which all have this event.

        Args:
            cells: Their cells.
            lines: The lines on which their records start.
            rows: Their indexes in the chunk.
            typed: Whether cells may be JSON.
        """
        count = cells.count
        if not count:
            people = PeopleColumns((), ())
            return EventColumns([], (), (), (), people, [], None, (), ())
        campaigns = self._read_campaigns(cells)
        links: Sequence[str] = [self._constant_link or ""] * count
        if self._link_places:
            links = cells[self._link_places[0]]
        read = self._properties.read(cells.__getitem__, count, typed=typed)
        people = self._read_people(cells, typed=typed)
        times, time_notes = self._read_times(cells)
        own_ids, own_notes = self._read_own_ids(cells)
        events = EventColumns(
            campaigns, links, read.json, read.sources, people, times, own_ids, lines, rows, kinds=read.kinds
        )
        kinds = set(campaigns)
        odd_trails = read.odd | self._odd_links(campaigns, kinds, links)
        sizes = self._large(events, kinds)
        odd = {*odd_trails, *people.exact, *time_notes, *own_notes, *sizes}
        if any([campaign.odd for campaign in kinds]):  # noqa: C419 - half the time
            odd.update(i for i, campaign in enumerate(campaigns) if campaign.odd)
        for i in sorted(odd):
            campaign = campaigns[i]
            if campaign.filtered:
                events.filtered[i] = campaign.filtered
                continue
            notes = [*campaign.notes, *(self._trail_notes(campaign, cells, i) if i in odd_trails else ())]
            notes += [*people.notes(i), *own_notes.get(i, ()), *time_notes.get(i, ()), *sizes.get(i, ())]
            if notes:
                events.notes[i] = notes
                if has_error(notes):
                    events.failed.add(i)
        return events

    def sizes(self, events: EventColumns) -> list[int]:
        """Return the size of each message, in bytes."""
        trails = self.fragments(events).trails()
        pairs = zip(events.campaigns, trails, events.people.sizes, strict=True)
        return [campaign.size + len(trail.encode()) + size for campaign, trail, size in pairs]

    def fragments(self, events: EventColumns) -> "Fragments":
        """Return what the messages are made of, beside people and times."""
        campaigns = [campaign.json for campaign in events.campaigns]
        encoder = self._encoder
        bare = encoder.has_bare_campaigns
        return Fragments(campaigns, events.links, events.properties, encoder.link_name, may_be_bare=bare)

    def _large(self, events: EventColumns, kinds: set[CampaignPart]) -> dict[int, tuple[Note, ...]]:
        """Return notes on too large messages, by index; a bound comes first."""
        most = max([campaign.size for campaign in kinds]) + events.people.most_bytes()
        most += _LINK_GROWTH * max(map(len, events.links)) + self._link_bytes
        most += 4 * max(map(len, events.properties))
        if most <= MAX_EVENT_BYTES:
            return {}
        return {
            i: (Note(rules.EVENT_TOO_LARGE, f"the message is {size:,} bytes long, over {MAX_EVENT_BYTES:,}"),)
            for i, size in enumerate(self.sizes(events))
            if size > MAX_EVENT_BYTES
        }

    def _read_campaigns(self, cells: Cells) -> list[CampaignPart]:
        """Read the campaigns of rows; what came before is remembered."""
        rows: Iterable[tuple[str, ...]] = zip(*[cells[at] for at in self._campaign_places], strict=True)
        if not self._campaign_places:
            rows = repeat((), cells.count)
        # One text is hashed and compared in less time than the texts of its cells, of which many are far apart.
        known, add = self._campaigns.get, self._new_campaign
        return [known(_BETWEEN.join(row)) or add(row) for row in rows]

    def _new_campaign(self, row: tuple[str, ...]) -> CampaignPart:
        part, key = self._campaign(row), _BETWEEN.join(row)
        # Where a cell holds what stands between cells, other cells may make the same text.
        return self._campaigns.keep(key, part) if key.count(_BETWEEN) < max(1, len(row)) else part

    def _read_times(self, cells: Cells) -> tuple[list[str], dict[int, tuple[Note, ...]]]:
        """Read the times; return exact texts ("" for none) and notes."""
        if self._constant_time is not None:
            constant = [self.columns.constants["timestamp"]] * cells.count
            return self._exact(self._constant_time.read(constant), repeat((None, constant)))
        columns = [cells[source.index] for source, _ in self._times]
        read = [reader.read(column) for (_, reader), column in zip(self._times, columns, strict=True)]
        sources = [(source, column) for (source, _), column in zip(self._times, columns, strict=True)]
        if len(read) == 1:
            return self._exact(read[0], repeat(sources[0]))
        chosen = [
            _chosen(row_cells, row_times, self.block.choose)
            for row_cells, row_times in zip(zip(*columns, strict=True), zip(*read, strict=True), strict=True)
        ]
        return self._exact([read[at][i] for i, at in enumerate(chosen)], map(sources.__getitem__, chosen))

    def _exact(
        self,
        read: list[str | TimeProblem],
        sources: Iterable[tuple[TimeSource | None, Sequence[str]]],
    ) -> tuple[list[str], dict[int, tuple[Note, ...]]]:
        """Part times from what is to be said of them.

        Args:
            read: The times.
            sources: Where each is from.
        """
        notes: dict[int, tuple[Note, ...]] = {}
        if set(map(type, read)) <= {str}:
            return read, notes  # type: ignore[return-value]  # there is no problem among them
        times: list[str] = []
        for i, (time, (source, column)) in enumerate(zip(read, sources, strict=False)):
            if isinstance(time, TimeProblem):
                notes[i] = (self._time_note(time, source, column[i]),)
                times.append(time.exact or "")
            else:
                times.append(time)
        return times, notes

    def _time_note(self, time: TimeProblem, source: TimeSource | None, cell: str) -> Note:
        if source is None:
            return Note(time.rule, time.detail, "timestamp", cell, time.hint)
        is_field = len(self._times) == 1 and self.columns.fields.get("timestamp") == source.index
        name = "timestamp" if is_field else self.columns.names[source.index]
        return Note(time.rule, time.detail, name, cell, source.hints.of(time))

    def _read_people(self, cells: Cells, *, typed: bool) -> PeopleColumns:
        """Read the people of rows; those that are odd are read exactly."""
        count = cells.count
        user_ids, person_ids, emails = (
            cells[at] if at is not None else [""] * count for at in self._id_places
        )
        if typed:
            # Ids of JSON may be numbers, whose cells are texts with a type; from here on they are texts alone.
            user_ids, person_ids = _texts(user_ids), _texts(person_ids)
        odd: set[int]
        if self._reads_exactly:
            odd = set(range(count))
        else:
            odd = odd_ids(user_ids, self._id_names[0]) | odd_ids(person_ids, self._id_names[1])
            if "" in user_ids and "" in person_ids:
                neither = zip(user_ids, person_ids, strict=True)
                odd.update(i for i, (user, person) in enumerate(neither) if not (user or person))
            joined = "".join(emails)
            if joined and joined.split() != [joined]:
                odd.update(i for i, email in enumerate(emails) if email.strip() != email)
        if not odd:
            return PeopleColumns(user_ids, person_ids)
        columns = [cells[at] for at in self._person_places]
        exact = {i: self._people[tuple([column[i] for column in columns])] for i in sorted(odd)}
        user_ids, person_ids = list(user_ids), list(person_ids)
        for i, person in exact.items():
            user_ids[i], person_ids[i] = person.ids
        return PeopleColumns(user_ids, person_ids, exact)

    def _read_own_ids(self, cells: Cells) -> tuple[list[str] | None, dict[int, tuple[Note, ...]]]:
        """Read the export's own ids, if any, with notes by index."""
        if not self.columns.has("event_id"):
            return None, {}
        index = self.columns.fields.get("event_id")
        constant = self.columns.constants.get("event_id", "")
        own_ids = [constant] * cells.count if index is None else list(cells[index])
        notes: dict[int, tuple[Note, ...]] = {}
        for i in odd_ids(own_ids):
            value, said = self._mapper.own_id(own_ids[i])
            own_ids[i] = value or ""
            notes[i] = (*said, *check_id("event_id", value))
        return own_ids, notes

    def _odd_links(
        self, campaigns: Sequence[CampaignPart], kinds: set[CampaignPart], links: Sequence[str]
    ) -> set[int]:
        """Return the indexes of odd links, and of clicks without a link."""
        odd: set[int] = set()
        if any(links):
            odd.update([i for i, link in enumerate(links) if link and not is_http(link)])
            if not "".join(links).isascii():
                unplain = (i for i, link in enumerate(links) if not link.isascii())
                odd.update(i for i in unplain if self._mapper.link_faults(links[i]))
        if self.has_links and "" in links and any([campaign.link for campaign in kinds]):  # noqa: C419
            pairs = zip(campaigns, links, strict=True)
            odd.update([i for i, (campaign, link) in enumerate(pairs) if campaign.link and not link])
        return odd

    def _trail_notes(self, campaign: CampaignPart, cells: Cells, i: int) -> list[Note]:
        """Return the notes on one event's link and properties."""
        trail, said = self._mapper.trail(
            [cells[at][i] for at in (*self._link_places, *self._property_places)]
        )
        notes = [*said, *check_trail(trail)]
        if self.has_links and campaign.link and trail.link is None:
            notes.append(Note(rules.LINK_MISSING, f"“{campaign.name}” has no link", "email_link_url"))
        return notes

    def _campaign(self, cells: tuple[str, ...]) -> CampaignPart:
        campaign, notes = self._mapper.campaign(cells)
        if isinstance(campaign, Filtered):
            return CampaignPart((), campaign.reason)
        if campaign is None:
            return CampaignPart(notes, size=self._fixed_bytes)
        said = [note for note in check_campaign(campaign) if not self._is_of_no_column(note)]
        part = CampaignPart((*notes, *said))
        identity = (campaign.event, campaign.email_id, campaign.campaign_id, campaign.campaign_run_id)
        flags = (campaign.is_unique_open, campaign.is_unique_click)
        part.name, part.link = campaign.event, campaign.link
        part.identity = "".join(map(netstring, identity))
        part.hashed = absorbed((FIELDS + part.identity).encode())
        part.source = hash64(
            "".join(netstring(None if flag is None else str(flag).lower()) for flag in flags)
        )
        part.json = self._encoder.campaign(campaign)
        part.size = self._fixed_bytes + len(part.json.encode())
        return part

    def _is_of_no_column(self, note: Note) -> bool:
        """Return whether the note is already reported once for the whole file."""
        return note.rule is rules.CAMPAIGN_ID_MISSING and not self.columns.has(note.field or "")

    def _person(self, cells: tuple[str, ...]) -> ExactPerson:
        person, notes = self._mapper.person(cells)
        if person is None:
            return ExactPerson(notes)
        odd = check_person(person, self.columns.column_of) if self._judges_people else ()
        return ExactPerson(
            (*notes, *odd),
            person_part(person.user_id, person.person_id),
            self._encoder.person(person),
            (person.user_id or "", person.person_id or ""),
            session=person.session_id or "",
            group=person.group_id or "",
        )


@dataclass(frozen=True, slots=True, eq=False)
class Fragments:
    """JSON fragments of some events, beside people and times; picklable.

    Attributes:
        campaigns: The fragments.
        links: The links as they stood; "" is absent.
        properties: The fragments of the further properties.
        link_name: The name of the property that a link is.
        may_be_bare: Whether a campaign may have no property.
    """

    campaigns: Sequence[str]
    links: Sequence[str]
    properties: Sequence[str]
    link_name: str
    may_be_bare: bool

    def trails(self) -> Sequence[str]:
        """Return the fragments of links and properties, behind the campaigns'."""
        trails = list(map(add, link_fragments(self.link_name, self.links), self.properties))
        if not self.may_be_bare:
            return trails
        pairs = zip(self.campaigns, trails, strict=True)
        return [trail[1:] if is_bare(campaign) else trail for campaign, trail in pairs]

    def trail_bytes(self) -> int:
        """Return the bytes of those fragments, all in all."""
        if self.may_be_bare:
            return len("".join(self.trails()).encode())
        return links_bytes(self.link_name, self.links) + len("".join(self.properties).encode())


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


def _texts(cells: Sequence[str]) -> Sequence[str]:
    return cells if {*map(type, cells)} <= {str} else [*map(str, cells)]
