"""Look up people whom a ledger knows, by keyed digests."""

from collections.abc import Callable, Iterator, Sequence
from hashlib import blake2b
from itertools import chain
from typing import TYPE_CHECKING, Final

from inflection_cli.backfilling.spill import RECORD_BYTES, SortedRecords, SpillGroups
from inflection_cli.ledger.ledger_records import DIGEST_BYTES, ID_BYTES
from inflection_cli.model import BatchState

if TYPE_CHECKING:
    from inflection_cli.ledger.ledger_file import LedgerReader

NOBODY: Final = bytes(DIGEST_BYTES)
"""Stands for the userId of a person who was sent by personId alone."""

_MAY_HAVE_ARRIVED: Final = (BatchState.ACCEPTED, BatchState.IN_DOUBT, BatchState.IN_FLIGHT)


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

    def __init__(self, ledger: "LedgerReader", before: int | None = None) -> None:
        self.every = ledger.has_runs_without_people()
        self._key = ledger.people_key
        unmade = set(open_people(ledger, _MAY_HAVE_ARRIVED, links=True))
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


def open_people(
    ledger: "LedgerReader",
    states: Sequence[BatchState],
    *,
    links: bool,
    of_run: Callable[[int], bool] = lambda _: True,
) -> Iterator[bytes]:
    """Yield the people of events that are open still.

    Args:
        ledger: Whose events they are.
        states: Of batches in which an event is open no longer.
        links: Whether links are asked for, or events by personId alone.
        of_run: Tells by the number of a run whether its events are asked for.
    """
    events = chain.from_iterable(found for number, found in ledger.open_events() if of_run(number))
    people = {event[:ID_BYTES]: event[ID_BYTES:] for event in events if event.endswith(NOBODY) is not links}
    if people:
        for batch in ledger.known_batches(states=states):
            for known in batch:
                people.pop(known.content_id, None)
    yield from people.values()
