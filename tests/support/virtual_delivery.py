"""Virtual time: an event loop that skips to the next timer, and a Segment to play against."""

import asyncio
import selectors
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import anyio

from inflection_cli.delivery.context import DeliveryContext, DeliveryCounts, Gate
from inflection_cli.delivery.deliver import deliver
from inflection_cli.delivery.journal import MemoryJournal
from inflection_cli.delivery.throttle import Throttle
from inflection_cli.model import Batch, BatchState
from inflection_cli.segment.response import Answer, Failure, FailureKind

WALL_AT_START = 1_700_000_000.0
_START = 1_000.0


class VirtualLoop(asyncio.SelectorEventLoop):
    """Never waits; raises where nothing would ever happen again."""

    def __init__(self) -> None:
        self.virtual_now = _START
        super().__init__(_Skipping(self))

    def time(self) -> float:
        return self.virtual_now


class _Skipping(selectors.DefaultSelector):
    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready and timeout is None:
            raise AssertionError("the run hangs: no timer is set and nothing is ready")
        if not ready and timeout is not None:
            self._loop.virtual_now += timeout
        return ready


class VirtualClock:
    """The loop's time; the wall clock runs along with it, and can be set."""

    def __init__(self) -> None:
        self.wall_offset = WALL_AT_START - _START

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    def wall(self) -> float:
        return self.monotonic() + self.wall_offset

    async def sleep(self, seconds: float) -> None:
        await anyio.sleep(seconds)


def spend(seconds: float) -> None:
    """Let time pass in the middle of a computation, as a slow disk does."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    loop.virtual_now += seconds


def run_virtually(function: Callable[[], Awaitable[Any]]) -> Any:
    return anyio.run(function, backend_options={"loop_factory": VirtualLoop})


def batch_of(ordinals: Sequence[int]) -> Batch:
    ids = [ordinal.to_bytes(16, "big") for ordinal in ordinals]
    return Batch(ordinals, ids, [0] * len(ids), [b'{"messageId":"%d"}' % ordinal for ordinal in ordinals])


def batches_of(count: int, size: int) -> list[Batch]:
    return [batch_of(range(start, min(start + size, count))) for start in range(0, count, size)]


@dataclass(frozen=True, slots=True)
class Reply:
    """What the network does with one request.

    Attributes:
        outcome: What the client reports.
        stored: Whether the destination keeps the batch, whatever the client hears of it.
        connect_s: Before the gate.
        latency_s: After the first byte.
    """

    outcome: Answer | Failure = field(default_factory=lambda: Answer(200))
    stored: bool = False
    connect_s: float = 0.0
    latency_s: float = 0.2


OK = Reply(stored=True)


def status(code: int, **fields: Any) -> Reply:
    return Reply(Answer(code, **fields))


def never_connected(seconds: float = 1.0) -> Reply:
    return Reply(Failure(FailureKind.CONNECT, body_left=False, detail="refused"), connect_s=seconds)


def unreachable(seconds: float = 0.1) -> Reply:
    outcome = Failure(FailureKind.CONNECT, body_left=False, detail="refused", unreachable=True)
    return Reply(outcome, connect_s=seconds)


def lost_after_body(*, stored: bool) -> Reply:
    return Reply(Failure(FailureKind.CUT, body_left=True, detail="reset"), stored=stored)


Decide = Callable[[Batch, int], Reply]


class FakeSegment:
    """Stands at the client's seam; plays what it is told, and remembers all that reached it.

    Attributes:
        first_bytes: Monotonic time and number of events, for each request that left.
        requests: The ordinals and the retry count of each request that left.
        wire: For each ordinal the encodings under which it was sent.
        stored: How often each ordinal was kept.
    """

    def __init__(self, decide: Decide | Sequence[Reply], log: list[tuple[str, Any]] | None = None) -> None:
        self._decide = decide if callable(decide) else _script(list(decide))
        self.log = log if log is not None else []
        self.first_bytes: list[tuple[float, int]] = []
        self.requests: list[tuple[tuple[int, ...], int]] = []
        self.wire: dict[int, set[bytes]] = {}
        self.stored: dict[int, int] = {}

    async def post(self, batch: Batch, retry_count: int, gate: Gate) -> Answer | Failure:
        reply = self._decide(batch, retry_count)
        await anyio.sleep(reply.connect_s)
        if isinstance(reply.outcome, Failure) and reply.outcome.kind is FailureKind.CONNECT:
            return reply.outcome
        left = await gate()
        left(asyncio.get_running_loop().time())
        self._note(batch, retry_count)
        # A cancelled request may have been kept all the same.
        if reply.stored:
            for ordinal in batch.ordinals:
                self.stored[ordinal] = self.stored.get(ordinal, 0) + 1
        await anyio.sleep(reply.latency_s)
        return replace(reply.outcome, body_bytes=100, wire_bytes=10)

    def _note(self, batch: Batch, retry_count: int) -> None:
        ordinals = tuple(batch.ordinals)
        self.log.append(("first byte", ordinals))
        self.first_bytes.append((asyncio.get_running_loop().time(), len(batch)))
        self.requests.append((ordinals, retry_count))
        for ordinal, wire in zip(ordinals, batch.wire, strict=True):
            self.wire.setdefault(ordinal, set()).add(wire)


def _script(replies: list[Reply]) -> Decide:
    def decide(_batch: Batch, _retry_count: int) -> Reply:
        return replies.pop(0) if replies else OK

    return decide


class LoggedJournal(MemoryJournal):
    """A journal that notes the order of things, and may take its time."""

    def __init__(self, log: list[tuple[str, Any]], *, takes_s: Callable[[], float] = lambda: 0.0) -> None:
        super().__init__()
        self.log = log
        self._takes_s = takes_s

    def intend(self, batch: Batch, *, now: float, doubtful_since: float | None = None) -> int:
        spend(self._takes_s())
        key = super().intend(batch, now=now, doubtful_since=doubtful_since)
        self.log.append(("intent", self._ordinals(key)))
        return key

    def retrying(self, key: int, *, now: float) -> None:
        spend(self._takes_s())
        super().retrying(key, now=now)
        self.log.append(("intent", self._ordinals(key)))

    def settle(self, key: int, state: BatchState, *, status: int | None, now: float) -> None:
        super().settle(key, state, status=status, now=now)
        self.log.append((state.value, self._ordinals(key)))

    def states(self) -> dict[int, BatchState]:
        """For each ordinal the best state of the batches that hold it."""
        best: dict[int, BatchState] = {}
        for entry in self.entries.values():
            for ordinal in entry.batch.ordinals:
                known = best.get(ordinal, BatchState.SPLIT)
                best[ordinal] = min(known, entry.state, key=_RANK.index)
        return best

    def _ordinals(self, key: int) -> tuple[int, ...]:
        return tuple(self.entries[key].batch.ordinals)


_RANK = [
    BatchState.ACCEPTED,
    BatchState.IN_FLIGHT,
    BatchState.IN_DOUBT,
    BatchState.REFUSED,
    BatchState.PENDING,
    BatchState.SPLIT,
]


def unlimited() -> Throttle:
    return Throttle(requests_per_second=0, events_per_second=0)


def edge_for(client: FakeSegment, **parts: Any) -> DeliveryContext:
    """An edge on virtual time, with lifted rates and a middling jitter unless told otherwise."""
    given: dict[str, Any] = {
        "throttle": unlimited(),
        "journal": LoggedJournal(client.log),
        "clock": VirtualClock(),
        "draw": lambda: 0.5,
    } | parts
    return DeliveryContext(client=client, **given)


def deliver_virtually(
    batches: Sequence[Batch] | Iterator[Batch | None], edge: DeliveryContext
) -> DeliveryCounts:
    tally: DeliveryCounts = run_virtually(lambda: deliver(iter(batches), edge))
    return tally
