"""What delivery stands on: the client, the clock and the others it is given, as protocols."""

import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

import anyio
import anyio.lowlevel

from inflection_cli.delivery.journal import Journal
from inflection_cli.delivery.throttle import Throttle
from inflection_cli.model import Batch, Message
from inflection_cli.segment.limits import DEDUP_WINDOW_S
from inflection_cli.segment.response import Answer, Failure

PATIENCE_S = 3600.0

_TIMER_S = 0.0012  # asyncio rounds timers up to whole milliseconds


Left = Callable[[float], None]
Gate = Callable[[], Awaitable[Left]]


class Poster(Protocol):
    """Sends a batch once; `segment.client.Client` is one."""

    async def post(self, batch: Batch, retry_count: int, gate: Gate) -> Answer | Failure:
        """Connect, await the gate, tell what that gave the time, send at once, and give what came back.

        The time is that of the edge's clock, read once the gate is passed.

        Raises:
            Exception: Only what the gate raised; then nothing was sent.
        """
        ...


class Observer(Protocol):
    """Is told what happens, as it happens; what it raises ends the run."""

    def accepted(self, events: int) -> None:
        """So many events are in, and that is written down."""
        ...

    def refused(self, message: Message, status: int, excerpt: str) -> None:
        """This message was refused alone, and that is written down."""
        ...

    def retried(self, reason: str, wait_s: float) -> None:
        """A batch will be sent again after a wait of its own."""
        ...

    def paused(self, seconds: float, reason: str) -> None:
        """The whole run stands still from now on for so long; a longer pause may follow before it ends."""
        ...

    def resumed(self) -> None:
        """The run goes on."""
        ...


class NullObserver:
    """An observer that lets everything pass."""

    def accepted(self, events: int) -> None:
        """See `Observer`."""

    def refused(self, message: Message, status: int, excerpt: str) -> None:
        """See `Observer`."""

    def retried(self, reason: str, wait_s: float) -> None:
        """See `Observer`."""

    def paused(self, seconds: float, reason: str) -> None:
        """See `Observer`."""

    def resumed(self) -> None:
        """See `Observer`."""


class Clock(Protocol):
    """Time, in seconds."""

    def monotonic(self) -> float:
        """Give the time by which waits are measured."""
        ...

    def wall(self) -> float:
        """Give the unix time, by which doubts age."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait; never shorter than asked."""
        ...


class SystemClock:
    """The machine's own clock, with waits that end on time to a fraction of a millisecond."""

    def monotonic(self) -> float:
        """See `Clock.monotonic`."""
        return time.monotonic()

    def wall(self) -> float:
        """See `Clock.wall`."""
        return time.time()

    async def sleep(self, seconds: float) -> None:
        """See `Clock.sleep`."""
        # At 50 requests a second, waking a millisecond late each time would cost a twentieth of the rate.
        deadline = time.monotonic() + seconds
        await anyio.sleep(max(0.0, seconds - _TIMER_S))
        while time.monotonic() < deadline:
            await anyio.lowlevel.checkpoint()


class StopSignal:
    """A request to stop: the first asks for an end with everything settled, the second for one now.

    `request` may be called from a signal handler or another thread, before a delivery as well as during it.
    """

    __slots__ = ("_asked", "_wake")

    def __init__(self) -> None:
        self._asked = 0
        self._wake: Callable[[], None] | None = None

    @property
    def asked(self) -> int:
        """How many times a stop was requested; a long computation upstream may look at it."""
        return self._asked

    def request(self) -> None:
        """Ask for the stop, or insist on it."""
        self._asked += 1
        if self._wake is not None:
            self._wake()

    def attach(self, wake: Callable[[], None] | None) -> None:
        """Name whom to wake; None for nobody."""
        self._wake = wake


def _undoubted(_batch: Batch) -> float | None:
    """Know of no doubt from before."""
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryContext:
    """Everything that a delivery stands on.

    Attributes:
        client: Sends batches.
        throttle: Says how fast.
        journal: Keeps intents and outcomes.
        observer: Is told of progress.
        clock: Tells the time and waits.
        halt: By which the user stops the run.
        draw: Gives random numbers in [0, 1), for jitter.
        doubtful: Since when, in unix seconds, a batch's ids have been in doubt from an earlier run, or None.
            A batch should not mix such ids with others: what holds for one holds for all of them.
        patience_s: The run ends after so long in which something could have been accepted and was not; see `Patience`.
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
    dedup_window_s: float = DEDUP_WINDOW_S
