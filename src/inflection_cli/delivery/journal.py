"""The seam to the ledger: what delivery writes down, and when."""

from dataclasses import dataclass, field
from typing import Protocol

from inflection_cli.model import Batch, BatchState


class Journal(Protocol):
    """Keeps each batch's intent and outcome; what it cannot keep, it raises, and is not sent."""

    def intend(self, batch: Batch, *, now: float, doubtful_since: float | None = None) -> int:
        """Write down that a batch is about to leave; durable on return.

        Args:
            batch: What will be sent.
            now: Wall clock, unix seconds.
            doubtful_since: When the doubt began that the batch inherits: it is a half of a doubtful one, or
                its ids are in doubt from an earlier run.

        Returns:
            The batch's key for what follows.
        """
        ...

    def retrying(self, key: int, *, now: float) -> None:
        """Write down that a batch is about to leave once more; durable on return."""
        ...

    def settle(self, key: int, state: BatchState, *, status: int | None, now: float) -> None:
        """Write down what came of an attempt.

        Args:
            key: As `intend` gave it.
            state: Accepted, refused, split, pending or in doubt.
            status: The HTTP status; None where there was no answer.
            now: Wall clock, unix seconds.
        """
        ...


@dataclass(slots=True)
class JournalEntry:
    """What a journal knows of one batch; `intended_at` is that of the latest attempt."""

    batch: Batch
    intended_at: float
    doubtful_since: float | None
    state: BatchState = BatchState.IN_FLIGHT
    attempts: int = 1
    statuses: list[int | None] = field(default_factory=list)


class MemoryJournal:
    """Keeps everything in memory, for rehearsals and tests.

    Attributes:
        entries: By key, which counts from 1.
    """

    def __init__(self) -> None:
        self.entries: dict[int, JournalEntry] = {}

    def intend(self, batch: Batch, *, now: float, doubtful_since: float | None = None) -> int:
        """See `Journal.intend`."""
        key = len(self.entries) + 1
        self.entries[key] = JournalEntry(batch, now, doubtful_since)
        return key

    def retrying(self, key: int, *, now: float) -> None:
        """See `Journal.retrying`."""
        entry = self.entries[key]
        entry.state = BatchState.IN_FLIGHT
        entry.intended_at = now
        entry.attempts += 1

    def settle(self, key: int, state: BatchState, *, status: int | None, now: float) -> None:  # noqa: ARG002
        """See `Journal.settle`; a doubt dates from the attempt, not from the time when it was given up."""
        entry = self.entries[key]
        halved_in_doubt = state is BatchState.SPLIT and entry.doubtful_since is not None
        entry.state = BatchState.IN_DOUBT if halved_in_doubt else state
        entry.statuses.append(status)
        if state is BatchState.IN_DOUBT and entry.doubtful_since is None:
            entry.doubtful_since = entry.intended_at
