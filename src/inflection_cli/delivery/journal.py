"""Interface to the ledger: records the intent and outcome of batches."""

from dataclasses import dataclass, field
from typing import Protocol

from inflection_cli.model import Batch, BatchState


class Journal(Protocol):
    """Protocol that records the intent and outcome of each batch.

    If an intent cannot be recorded, `intend` raises, and the batch is not sent.
    """

    def intend(self, batch: Batch, *, now: float, doubtful_since: float | None = None) -> int:
        """Record durably that a batch is about to be sent.

        Args:
            batch: What will be sent.
            now: Wall clock, unix seconds.
            doubtful_since: When the doubt began that the batch inherits: it is a half of a doubtful one, or
                its ids are unconfirmed from an earlier run.

        Returns:
            The batch's key for what follows.
        """
        ...

    def retrying(self, key: int, *, now: float) -> None:
        """Record durably that a batch is about to be sent again."""
        ...

    def settle(self, key: int, state: BatchState, *, status: int | None, now: float) -> None:
        """Record the outcome of an attempt.

        Args:
            key: As `intend` gave it.
            state: Accepted, refused, split, pending or unconfirmed.
            status: The HTTP status; None where there was no answer.
            now: Wall clock, unix seconds.
        """
        ...


@dataclass(slots=True, eq=False)
class JournalEntry:
    """Journal record of one batch; `intended_at` dates the latest attempt."""

    batch: Batch
    intended_at: float
    doubtful_since: float | None
    state: BatchState = BatchState.IN_FLIGHT
    attempts: int = 1
    statuses: list[int | None] = field(default_factory=list)


class MemoryJournal:
    """Journal kept in memory, for rehearsals and tests.

    Attributes:
        entries: By key, which counts from 1.
    """

    def __init__(self) -> None:
        self.entries: dict[int, JournalEntry] = {}

    def intend(self, batch: Batch, *, now: float, doubtful_since: float | None = None) -> int:
        """Record in memory that a batch is about to be sent."""
        key = len(self.entries) + 1
        self.entries[key] = JournalEntry(batch, now, doubtful_since)
        return key

    def retrying(self, key: int, *, now: float) -> None:
        """Record in memory that a batch is about to be sent again."""
        entry = self.entries[key]
        entry.state = BatchState.IN_FLIGHT
        entry.intended_at = now
        entry.attempts += 1

    def settle(self, key: int, state: BatchState, *, status: int | None, now: float) -> None:  # noqa: ARG002
        """Record the outcome in memory; a doubt dates from the attempt."""
        entry = self.entries[key]
        halved_in_doubt = state is BatchState.SPLIT and entry.doubtful_since is not None
        entry.state = BatchState.IN_DOUBT if halved_in_doubt else state
        entry.statuses.append(status)
        if state is BatchState.IN_DOUBT and entry.doubtful_since is None:
            entry.doubtful_since = entry.intended_at
