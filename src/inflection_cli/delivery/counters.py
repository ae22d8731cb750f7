"""Counters of a delivery, and the reason it stopped.

Every number is counted where the thing happens; none is derived.
"""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

from inflection_cli.segment.retry import Content


class StopReason(StrEnum):
    """Reasons why a delivery ended before all its batches were sent."""

    INTERRUPTED = "interrupted"
    PATIENCE = "patience"
    DESTINATION = "destination"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Stopped:
    """Reason, message and hint of a delivery that ended early.

    Attributes:
        reason: Its kind.
        message: What happened, as a sentence.
        hint: What may settle it.
        error: What was raised by the journal, the observer or whoever makes the batches; to be raised again.
        refusal: What the destination said of the last event that it refused alone, where that ended the run.
        cause: What came of the try that ended the run, or of the last one, as a clause that may be kept: without
            words of the destination's; empty where no try did.
    """

    reason: StopReason
    message: str
    hint: str = ""
    error: Exception | None = None
    refusal: Content | None = None
    cause: str = ""


@dataclass(slots=True)
class DeliveryCounts:
    """Event, batch, request and byte counts of one delivery.

    Each event of a batch that was pulled is in exactly one of `accepted`, `refused`, `pending` and
    `in_doubt`. What was never pulled, because the run stopped, is not in here: whoever owns the iterator
    draws the rest of it, and counts that as pending (or still unconfirmed, where it was so before).

    Attributes:
        accepted: Events that the destination took.
        refused: Events refused alone.
        pending: Events that are certainly not in.
        in_doubt: Events that may be in.
        batches: Batches pulled; a batch that was halved is one.
        requests: Requests whose first byte left.
        retries: Those among them that carried a batch once more.
        bytes: Bodies sent, before compression, retries included.
        wire_bytes: Bodies sent, as they were sent.
        paused_seconds: How long the whole run paused.
        statuses: Outcomes of attempts by HTTP status, or by the kind of failure.
        doubts: Batches that may be in and are not sent again, by what came of their last try.
        stopped: Why the run ended early; None where it came to its end.
    """

    accepted: int = 0
    refused: int = 0
    pending: int = 0
    in_doubt: int = 0
    batches: int = 0
    requests: int = 0
    retries: int = 0
    bytes: int = 0
    wire_bytes: int = 0
    paused_seconds: float = 0.0
    statuses: Counter[str] = field(default_factory=Counter)
    doubts: Counter[str] = field(default_factory=Counter)
    stopped: Stopped | None = None
