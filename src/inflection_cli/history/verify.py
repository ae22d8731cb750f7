"""Proof of sending: convert files again and look up each event."""

from contextlib import closing
from dataclasses import dataclass, field
from typing import Final

from inflection_cli.backfilling.known_people import KnownPeople
from inflection_cli.backfilling.ledger_lookup import Doubts, KnownEvents
from inflection_cli.backfilling.plan import Plan, Planner
from inflection_cli.backfilling.second_pass import unchanged_chunks
from inflection_cli.backfilling.spill import SpillGroups
from inflection_cli.converting.chunk_task import AS_CHUNKS
from inflection_cli.history.run_history import RunStatus
from inflection_cli.ledger.ledger_records import ID_BYTES
from inflection_cli.model import BatchState, Disposition
from inflection_cli.segment.ids import returned_id

MISSING_SHOWN: Final = 5

_IN_INPUT: Final = b"\x00"
_IN_RUN: Final = b"\x01"


@dataclass(slots=True)
class EventLookup:
    """Counts of events by their state in the ledger.

    Attributes:
        accepted: The destination took them.
        missing: Nothing is known of them, or they were certainly not taken.
        in_doubt: They may be in.
        refused: The destination refused them alone, for their content.
    """

    accepted: int = 0
    missing: int = 0
    in_doubt: int = 0
    refused: int = 0


@dataclass(slots=True)
class Verification:
    """Result of comparing files with the ledger.

    Attributes:
        plan: The files, as they were converted again.
        found: By event name and day (`YYYY-MM-DD`, UTC), sorted.
        duplicate: Events that repeat another one of the files; that one is counted.
        unknown: Events that the run recorded as accepted, unconfirmed or refused and that no file has.
        missing: File and line of the first missing events.
    """

    plan: Plan
    found: dict[tuple[str, str], EventLookup] = field(default_factory=dict)
    duplicate: int = 0
    unknown: int = 0
    missing: list[tuple[str, int]] = field(default_factory=list)

    @property
    def total(self) -> EventLookup:
        """Counts of all events together."""
        every = self.found.values()
        return EventLookup(
            sum(one.accepted for one in every),
            sum(one.missing for one in every),
            sum(one.in_doubt for one in every),
            sum(one.refused for one in every),
        )

    @property
    def all_there(self) -> bool:
        """Return whether no row was rejected and every event is accepted."""
        total = self.total
        return not (total.missing or total.in_doubt or total.refused or self.plan.account.rows.rejected)


def verify(planner: Planner, entry: RunStatus, now: float) -> Verification:
    """Check every event of the files against the ledger.

    Accepted is what any run of the same destination and label has as accepted: a run that was resumed is one
    of several.

    Args:
        planner: Converts the files as the run did.
        entry: The run.
        now: Unix seconds.

    Raises:
        InputError: A file cannot be read to its end.
        InputChanged: A file changed meanwhile.
        LedgerError: The ledger cannot be read.
    """
    # Without a window every doubt counts as one, however young.
    ready = entry.run.command == "replay"
    known = KnownEvents(entry.ledger, entry.run.label, Doubts(now, window_s=0), ready=ready)
    planner.sends = False
    with closing(KnownPeople(entry.ledger, entry.run.number)) as people:
        plan = planner.run(known, people=people)
    assert plan.dispositions is not None
    verified = Verification(plan)
    met = SpillGroups(ID_BYTES + 1)
    with closing(plan.linking), closing(plan.identities) as identities:
        for number, chunk, convert in unchanged_chunks(plan, AS_CHUNKS):
            converted = convert(identified=False)
            dispositions = plan.dispositions.of(identities.starts[number], len(converted.times))
            every = dispositions or [Disposition.SEND] * len(converted.times)
            days = (time[:10] for time in converted.times)
            for name, day, disposition, line in zip(
                converted.names, days, every, converted.lines, strict=True
            ):
                _count(verified, (name, day), disposition, (chunk.file, line))
            ids = identities.of(number).content_ids
            met.add(content_id + _IN_INPUT for content_id in ids)
            if any(converted.states):
                met.add(returned_id(content_id, entry.run.run_id) + _IN_INPUT for content_id in ids)
        _count_links(verified, met)
    verified.found = dict(sorted(verified.found.items()))
    verified.unknown = _unknown(met, entry)
    return verified


def _count(
    verified: Verification, kind: tuple[str, str], disposition: Disposition, place: tuple[str, int]
) -> None:
    if disposition is Disposition.DUPLICATE:
        verified.duplicate += 1
        return
    found = verified.found.setdefault(kind, EventLookup())
    if disposition is Disposition.ALREADY_ACCEPTED:
        found.accepted += 1
    elif disposition is Disposition.IN_DOUBT:
        found.in_doubt += 1
    elif disposition is Disposition.REFUSED:
        found.refused += 1
    else:
        found.missing += 1
        if len(verified.missing) < MISSING_SHOWN:
            verified.missing.append(place)


def _count_links(verified: Verification, met: SpillGroups) -> None:
    """Check the links of people, which are events of no row."""
    plan = verified.plan
    assert plan.dispositions is not None
    for number, links in enumerate(plan.linking.blocks(), start=plan.chunk_count):
        first = plan.identities.starts[number]
        for at, (name, time, line) in enumerate(zip(links.names, links.times, links.lines, strict=True)):
            place = plan.linking.place(line)
            _count(verified, (name, time[:10]), plan.dispositions.one(first + at), place)
        met.add(content_id + _IN_INPUT for content_id in links.content_ids)


def _unknown(met: SpillGroups, entry: RunStatus) -> int:
    """Count the run's events that are not in the input."""
    states = (BatchState.ACCEPTED, BatchState.IN_DOUBT, BatchState.IN_FLIGHT, BatchState.REFUSED)
    for batch in entry.ledger.known_batches(states=states, run_id=entry.run.run_id):
        met.add(known.content_id + _IN_RUN for known in batch)
    unknown = 0
    for records in met.parts():
        every = set(records)
        theirs = {record[:ID_BYTES] for record in every if record.endswith(_IN_RUN)}
        unknown += len(theirs - {record[:ID_BYTES] for record in every if record.endswith(_IN_INPUT)})
    met.close()
    return unknown
