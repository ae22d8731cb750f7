"""Record the people of a run, and find whose links wait."""

from collections.abc import Iterable, Mapping
from itertools import chain
from typing import Any, Final

from inflection_cli.backfilling.known_people import NOBODY, KnownPeople, open_people
from inflection_cli.backfilling.linking import Linking
from inflection_cli.backfilling.spill import RECORD_BYTES, SortedRecords, SpillGroups
from inflection_cli.ledger.ledger_file import Ledger, LedgerReader
from inflection_cli.ledger.ledger_records import Run
from inflection_cli.model import BatchState

_ARRIVED: Final = (BatchState.ACCEPTED,)
_NARROWING: Final = ("since", "until", "limit", "event")
"""Options by which a run of the same files sends fewer events."""


class PeopleOfRun:
    """Record of the people of one run.

    Args:
        ledger: Where they are recorded.
        run_id: The run.
        known: Makes the digests.
        linking: The people of the run's plan.
    """

    def __init__(self, ledger: Ledger, run_id: str, known: KnownPeople, linking: Linking) -> None:
        self._ledger = ledger
        self._run_id = run_id
        self._known = known
        self._linking = linking

    def start(self) -> None:
        """Record all people of the rows, before anything of theirs is sent.

        Raises:
            LedgerError: They cannot be recorded.
        """
        self._ledger.record_people(self._run_id, chain.from_iterable(self._linking.records()))

    def close(self, open_events: Iterable[tuple[bytes, int]]) -> None:
        """Record the end of the rows, and their open events.

        Args:
            open_events: The events by personId alone that are not accepted: content ids, and hashes of the people.

        Raises:
            LedgerError: It cannot be recorded.
        """
        digests = ((content_id, self._linking.digest(person)) for content_id, person in open_events)
        self._ledger.record_open(
            self._run_id, (content_id + digest + NOBODY for content_id, digest in digests if digest)
        )

    def waiting(self) -> tuple[SortedRecords, list[str]]:
        """Return the people with events that may not have arrived.

        Runs that broke off come beside them: all of their people are among these.

        Raises:
            LedgerError: The ledger cannot be read.
        """
        return _waiting(self._ledger)

    def waits(self, waiting: SortedRecords, person_id: str) -> bool:
        """Return whether a person is one of those who wait."""
        return any(True for _ in waiting.values(self._known.person(person_id)))

    def link(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Record links of personId and userId, before they are sent.

        Raises:
            LedgerError: They cannot be recorded.
        """
        self._ledger.record_people(self._run_id, [self._known.linked(*pair) for pair in pairs])

    def leave_open(self, links: Mapping[bytes, tuple[str, str]]) -> None:
        """Record the links that are not accepted, by content id.

        Raises:
            LedgerError: They cannot be recorded.
        """
        events = [content_id + self._known.linked(*pair) for content_id, pair in links.items()]
        if events:
            self._ledger.record_open(self._run_id, events)


def _waiting(ledger: LedgerReader) -> tuple[SortedRecords, list[str]]:
    """Return the people whose anonymous events are not all accepted."""
    records = SpillGroups(RECORD_BYTES)
    syncs = {run.number for run in ledger.runs() if _synced(run)}
    records.add(open_people(ledger, _ARRIVED, links=False, of_run=lambda number: number not in syncs))
    # A row whose message was refused is tried again as another event, and this one never arrives.
    over = (*_ARRIVED, BatchState.REFUSED)
    records.add(open_people(ledger, over, links=False, of_run=syncs.__contains__))
    unfinished = _unfinished(ledger)
    for number, block in ledger.people() if unfinished else ():
        if number in unfinished:
            every = (block[at : at + RECORD_BYTES] for at in range(0, len(block), RECORD_BYTES))
            records.add(record for record in every if record.endswith(NOBODY))
    return SortedRecords(records), [*unfinished.values()]


def _unfinished(ledger: LedgerReader) -> dict[int, str]:
    """Return the runs that broke off and were never finished."""
    finished = {number for number, _ in ledger.open_events()}
    runs = ledger.runs()
    last = [run for run in runs if run.number in finished]
    return {
        run.number: run.run_id
        for run in runs
        if not (run.number in finished or _is_complete(run) or any(_finishes(later, run) for later in last))
    }


def _synced(run: Run) -> tuple[str, int] | None:
    """Return name and generation of the list that a run has sent."""
    found = run.arguments.get("list") or {}
    return (found["name"], found["generation"]) if found.get("name") else None


def _is_complete(run: Run) -> bool:
    """Return whether a run says that all its events are accepted."""
    events: Mapping[str, Any] = (run.summary or {}).get("events", {})
    return bool(events) and not any(events.get(state) for state in ("pending", "in_doubt", "refused"))


def _finishes(later: Run, run: Run) -> bool:
    """Return whether a later run had all events of an earlier one."""
    files = {entry.get("fingerprint") for entry in run.inputs}
    if later.number < run.number or later.label != run.label:
        return False
    if _synced(run):
        # The new list is read where it is kept then, and is no file of the first try.
        return _synced(later) == _synced(run)
    if not files <= {entry.get("fingerprint") for entry in later.inputs}:
        return False
    now, then = later.arguments.get("reading", {}), run.arguments.get("reading", {})
    return all(not now.get(name) or now.get(name) == then.get(name) for name in _NARROWING)
