"""Look up people whom a ledger knows, by keyed digests, and record those of a run."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

from inflection_cli.backfilling.spill_groups import SpillGroups
from inflection_cli.backfilling.spill_sorted import RECORD_BYTES, SortedRecords
from inflection_cli.ledger.ledger_file import Ledger, LedgerReader
from inflection_cli.ledger.ledger_records import DIGEST_BYTES, ID_BYTES, Run
from inflection_cli.model import BatchState

if TYPE_CHECKING:
    from inflection_cli.backfilling.linking import Linking

NOBODY: Final = bytes(DIGEST_BYTES)
"""Stands for the userId of a person who was sent by personId alone."""

_ARRIVED: Final = (BatchState.ACCEPTED,)
_MAY_HAVE_ARRIVED: Final = (BatchState.ACCEPTED, BatchState.IN_DOUBT, BatchState.IN_FLIGHT)
_NARROWING: Final = ("since", "until", "limit", "event")
"""Options by which a run of the same files sends fewer events."""


class KnownPeople:
    """People in a ledger, 16 bytes each in a scratch file.

    Attributes:
        every: Whether all people count as sent without a userId, since a run that sent something kept no digests.

    Args:
        ledger: Whose people they are.
        before: The number of a run that is planned again: what later runs sent was not known to it. None for all.

    Raises:
        LedgerError: The ledger cannot be read.
        TemporaryFolderError: The temporary folder is full or cannot be written.
    """

    def __init__(self, ledger: LedgerReader, before: int | None = None) -> None:
        self.every = ledger.has_runs_without_people()
        self._key = ledger.people_key
        unmade = set(_open_people(ledger, _MAY_HAVE_ARRIVED, links=True))
        records = SpillGroups(RECORD_BYTES)
        for _, block in ledger.people(before):
            every = (block[at : at + RECORD_BYTES] for at in range(0, len(block), RECORD_BYTES))
            records.add(record for record in every if record not in unmade)
        self._records = SortedRecords(records)

    def has(self, person_id: str) -> bool:
        """Return whether a person counts as sent without a userId."""
        if self.every:
            return True
        return len(self._records) > 0 and any(True for _ in self._records.values(self.person(person_id)))

    def has_other_user(self, person_id: str, user_id: str) -> bool:
        """Return whether an earlier run has linked a person to another userId."""
        if not len(self._records):
            return False
        allowed = {NOBODY, self._user(user_id)}
        return any(value not in allowed for value in self._records.values(self.person(person_id)))

    def linked(self, person_id: str, user_id: str) -> bytes:
        """Return the record of a person who is linked to a userId."""
        return self.person(person_id) + self._user(user_id)

    def person(self, person_id: str) -> bytes:
        """Return the digest of a personId."""
        return blake2b(person_id.encode(), digest_size=DIGEST_BYTES, key=self._key, person=b"person").digest()

    def close(self) -> None:
        """Close the scratch file; nothing can be looked up afterwards."""
        self._records.close()

    def _user(self, user_id: str) -> bytes:
        return blake2b(user_id.encode(), digest_size=DIGEST_BYTES, key=self._key, person=b"user").digest()


class PeopleOfRun:
    """Records the people of a run, and finds those whose links have to wait.

    Args:
        ledger: Where they are recorded.
        run_id: The run.
        known: Makes the digests.
        linking: The people of the run's plan.
    """

    def __init__(self, ledger: Ledger, run_id: str, known: KnownPeople, linking: "Linking") -> None:
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
        """Record that the rows have been sent as far as they will be.

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
        """Return the people with events, of any run, that may not have arrived.

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


def _open_people(ledger: LedgerReader, states: Sequence[BatchState], *, links: bool) -> Iterator[bytes]:
    """Yield the people of open events that are in none of these states since."""
    events = chain.from_iterable(found for _, found in ledger.open_events())
    people = {event[:ID_BYTES]: event[ID_BYTES:] for event in events if event.endswith(NOBODY) is not links}
    if people:
        for batch in ledger.known_batches(states=states):
            for known in batch:
                people.pop(known.content_id, None)
    yield from people.values()


def _waiting(ledger: LedgerReader) -> tuple[SortedRecords, list[str]]:
    """Return the people of events by personId alone that are not all accepted."""
    records = SpillGroups(RECORD_BYTES)
    records.add(_open_people(ledger, _ARRIVED, links=False))
    unfinished = _unfinished(ledger)
    for number, block in ledger.people() if unfinished else ():
        if number in unfinished:
            every = (block[at : at + RECORD_BYTES] for at in range(0, len(block), RECORD_BYTES))
            records.add(record for record in every if record.endswith(NOBODY))
    return SortedRecords(records), [*unfinished.values()]


def _unfinished(ledger: LedgerReader) -> dict[int, str]:
    """Return the runs that broke off and that no later run has finished."""
    finished = {number for number, _ in ledger.open_events()}
    runs = ledger.runs()
    last = [run for run in runs if run.number in finished]
    return {
        run.number: run.run_id
        for run in runs
        if not (run.number in finished or _is_complete(run) or any(_finishes(later, run) for later in last))
    }


def _is_complete(run: Run) -> bool:
    """Return whether all events of a run that kept no open ones are accepted."""
    events: Mapping[str, Any] = (run.summary or {}).get("events", {})
    return bool(events) and not any(events.get(state) for state in ("pending", "in_doubt", "refused"))


def _finishes(later: Run, run: Run) -> bool:
    """Return whether a later run had all that an earlier one had to send."""
    files = {entry.get("fingerprint") for entry in run.inputs}
    if later.number < run.number or later.label != run.label:
        return False
    if not files <= {entry.get("fingerprint") for entry in later.inputs}:
        return False
    now, then = later.arguments.get("reading", {}), run.arguments.get("reading", {})
    return all(not now.get(name) or now.get(name) == then.get(name) for name in _NARROWING)
