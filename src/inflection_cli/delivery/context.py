"""Counters and protocols of a delivery: its context.

Every number is counted where the thing happens; none is derived.
"""

import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

import anyio
import anyio.lowlevel

from inflection_cli.delivery.journal import Journal
from inflection_cli.delivery.throttle import Throttle
from inflection_cli.model import Batch, Message
from inflection_cli.segment.limits import DEDUP_WINDOW_S
from inflection_cli.segment.response import Answer, Content, Failure


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


PATIENCE_S = 3600.0

UNREACHABLE_S = 30.0
"""Patience with a host that is unknown or refuses connections from the first attempt on."""

_TIMER_S = 0.0012  # asyncio rounds timers up to whole milliseconds


Left = Callable[[float], None]
Gate = Callable[[], Awaitable[Left]]


class Poster(Protocol):
    """Protocol of a client that sends a batch once.

    `segment.client.Client` is one.
    """

    async def post(self, batch: Batch, retry_count: int, gate: Gate) -> Answer | Failure:
        """Wait for the gate, report the time, send, and return the answer.

        The connection is opened before the gate. The gate returns the function that is called with the
        time.

        The time is that of the edge's clock, read once the gate is passed.

        Raises:
            Exception: Only what the gate raised; then nothing was sent.
        """
        ...


class Observer(Protocol):
    """Protocol that receives delivery events; an exception from it ends the run."""

    def accepted(self, events: int) -> None:
        """Record that `events` events were accepted and are in the journal."""
        ...

    def refused(self, message: Message, status: int, excerpt: str) -> None:
        """Record a message that was refused alone and is in the journal."""
        ...

    def retried(self, reason: str, wait_s: float) -> None:
        """Record that a batch will be sent again after `wait_s` seconds."""
        ...

    def unconfirmed(self, events: int, reason: str) -> None:
        """Record that `events` events may be in, and are not sent again."""
        ...

    def paused(self, seconds: float, reason: str) -> None:
        """Record that the whole run is paused for `seconds` from now.

        A longer pause may follow before this one ends.
        """
        ...

    def resumed(self) -> None:
        """Record that the run goes on after a pause."""
        ...


class NullObserver:
    """Observer that does nothing."""

    def accepted(self, events: int) -> None:
        """Ignore accepted events."""

    def refused(self, message: Message, status: int, excerpt: str) -> None:
        """Ignore a refused message."""

    def retried(self, reason: str, wait_s: float) -> None:
        """Ignore a retry."""

    def unconfirmed(self, events: int, reason: str) -> None:
        """Ignore events that may be in."""

    def paused(self, seconds: float, reason: str) -> None:
        """Ignore a pause."""

    def resumed(self) -> None:
        """Ignore the end of a pause."""


class Clock(Protocol):
    """Protocol of a clock; all times are in seconds."""

    def monotonic(self) -> float:
        """Return the monotonic time used to measure waits, in seconds."""
        ...

    def wall(self) -> float:
        """Return the Unix time that dates unconfirmed batches, in seconds."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait for at least the given number of seconds."""
        ...


class SystemClock:
    """System clock whose waits end within a fraction of a millisecond."""

    def monotonic(self) -> float:
        """Return the value of `time.monotonic()`, in seconds."""
        return time.monotonic()

    def wall(self) -> float:
        """Return the value of `time.time()`, in seconds."""
        return time.time()

    async def sleep(self, seconds: float) -> None:
        """Wait for at least `seconds`, ending within a fraction of a millisecond."""
        # At 50 requests a second, waking a millisecond late each time would cost a twentieth of the rate.
        deadline = time.monotonic() + seconds
        await anyio.sleep(max(0.0, seconds - _TIMER_S))
        while time.monotonic() < deadline:
            await anyio.lowlevel.checkpoint()


class StopSignal:
    """Stop request: the first ends the run cleanly, the second immediately.

    `request` may be called from a signal handler or another thread, before a delivery as well as during it.
    """

    __slots__ = ("_asked", "_wake")

    def __init__(self) -> None:
        self._asked = 0
        self._wake: Callable[[], None] | None = None

    @property
    def asked(self) -> int:
        """Number of times a stop was requested.

        A long computation upstream may read it.
        """
        return self._asked

    def request(self) -> None:
        """Record one more stop request and call the attached function."""
        self._asked += 1
        if self._wake is not None:
            self._wake()

    def attach(self, wake: Callable[[], None] | None) -> None:
        """Register the function to call on a stop request; None removes it."""
        self._wake = wake


def _undoubted(_batch: Batch) -> float | None:
    """Return None: no batch is unconfirmed from an earlier run."""
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryContext:
    """All objects and limits that a delivery uses.

    Attributes:
        client: Sends batches.
        throttle: Says how fast.
        journal: Keeps intents and outcomes.
        observer: Is told of progress.
        clock: Tells the time and waits.
        halt: By which the user stops the run.
        draw: Gives random numbers in [0, 1), for jitter.
        doubtful: Since when, in unix seconds, a batch's ids have been unconfirmed from an earlier run, or None.
            A batch should not mix such ids with others: what holds for one holds for all of them.
        patience_s: The run ends after so long in which something could have been accepted and was not; see `Patience`.
        unreachable_s: The same while every attempt so far found the host unknown, or was refused a connection.
        dedup_window_s: How old a doubt may be for its ids to be sent again.
    """

    client: Poster
    throttle: Throttle
    journal: Journal
    observer: Observer = field(default_factory=NullObserver)
    clock: Clock = field(default_factory=SystemClock)
    halt: StopSignal = field(default_factory=StopSignal)
    draw: Callable[[], float] = random.random
    doubtful: Callable[[Batch], float | None] = _undoubted
    patience_s: float = PATIENCE_S
    unreachable_s: float = UNREACHABLE_S
    dedup_window_s: float = DEDUP_WINDOW_S
