"""Send batches to the destination, retry failures, and record each outcome."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import anyio
import anyio.lowlevel
from anyio.abc import TaskGroup

from inflection_cli.delivery.context import DeliveryContext, DeliveryCounts, Left, Stopped, StopReason
from inflection_cli.delivery.pacing import GateClosed, RateGate, Ticket
from inflection_cli.model import Batch, BatchState
from inflection_cli.sanitize import counted
from inflection_cli.segment.response import Accepted, Answer, Content, Failure, Retry, Stop, verdict

MAX_IN_FLIGHT: Final = 64
"""Batches on their way at once under a rate; as many are used as rate and latency ask for."""

MAX_IN_FLIGHT_UNLIMITED: Final = 8
"""The same where the rates are lifted: enough to hide a round trip, few enough for flat memory."""

MAX_REFUSED_ALONE: Final = 20
"""More single refusals than this in a run are not about content."""

_LOBBY = 4  # batches between the iterator and their first byte, so that connecting delays no others


@dataclass(slots=True)
class _Origin:
    """Batch as it came from the iterator, shared by its halves.

    Attributes:
        events: Its size.
        refused: How many of its events were refused alone.
        in_lobby: Whether none of it has left yet.
    """

    events: int
    refused: int = 0
    in_lobby: bool = True


@dataclass(slots=True)
class _Work:
    """A batch, or part of one, that is being sent.

    Attributes:
        batch: What is sent.
        origin: The batch that it is a part of.
        ticket: For the gate.
        doubtful_since: Since when it may be in, in unix seconds; None where it certainly is not.
        key: The journal's, once it was intended.
        sent: How many times its first byte left.
        misses: How many attempts failed.
        in_flight: Whether it was intended without an outcome written since.
        left_at: When it last was intended, in unix seconds.
        counted: Whether its events are in the tally.
    """

    batch: Batch
    origin: _Origin
    ticket: Ticket
    doubtful_since: float | None
    key: int | None = None
    sent: int = 0
    misses: int = 0
    in_flight: bool = False
    left_at: float = 0.0
    counted: bool = False


async def deliver(
    batches: Iterator[Batch | None], edge: DeliveryContext, tally: DeliveryCounts | None = None
) -> DeliveryCounts:
    """Send every batch, retry as needed, and return the delivery counts.

    The iterator is drawn from one batch at a time, only when there is room for it. When the run stops early,
    what is in flight is finished and written down, and the iterator is left where it is: its owner draws
    the rest and counts it, see `DeliveryCounts`.

    It is drawn from on the loop's own thread: a worker thread would fight with the loop over the interpreter's lock,
    from another core, and that cost a fifth of the rate. So it should give None every few milliseconds of work.

    Args:
        batches: In the order in which they should leave; None lets answers be read, and a stop be heard, before
            the work on the next one goes on.
        edge: What delivery stands on.
        tally: The counts of an earlier phase, to go on with.

    Returns:
        The tally, however the run ended: `DeliveryCounts.stopped` says why, with the exception where there was one.
    """
    return await _Delivery(edge, tally or DeliveryCounts()).run(batches)


class _Delivery:
    """State of one run of `deliver`."""

    def __init__(self, edge: DeliveryContext, tally: DeliveryCounts) -> None:
        self._edge = edge
        self._journal = edge.journal
        self._tally = tally
        self._pace = RateGate(edge, self._tally)
        self._scope = anyio.CancelScope()
        limited = edge.throttle.cost(1) > 0
        self._slots = anyio.Semaphore(MAX_IN_FLIGHT if limited else MAX_IN_FLIGHT_UNLIMITED)
        self._lobby = anyio.Semaphore(_LOBBY)
        self._refused_alone = 0

    async def run(self, batches: Iterator[Batch | None]) -> DeliveryCounts:
        # A signal handler must not touch the loop in any other way than by call_soon_threadsafe.
        loop = asyncio.get_running_loop()

        def wake() -> None:
            loop.call_soon_threadsafe(self._halted)

        self._edge.halt.attach(wake)
        try:
            self._halted()
            with self._scope:
                async with anyio.create_task_group() as watch:
                    watch.start_soon(self._pace.watch)
                    async with anyio.create_task_group() as carriers:
                        await self._feed(batches, carriers)
                    watch.cancel_scope.cancel()
        finally:
            self._edge.halt.attach(None)
            self._pace.resume()
        return self._tally

    async def _feed(self, batches: Iterator[Batch | None], carriers: TaskGroup) -> None:
        while True:
            await self._lobby.acquire()
            await self._slots.acquire()
            await self._pace.cleared()
            batch = None if self._pace.stopping else await self._pull(batches)
            if batch is None:
                return
            self._tally.batches += 1
            carriers.start_soon(self._carry, batch)

    async def _pull(self, batches: Iterator[Batch | None]) -> Batch | None:
        """Return the next batch; None at the end or on a stop."""
        self._pace.busy(upstream=True)
        try:
            for batch in batches:
                # Nothing may be awaited here: a batch that was drawn must not get lost, not even to a second Ctrl-C.
                if batch is not None:
                    return batch
                await anyio.lowlevel.checkpoint()
                if self._pace.stopping:
                    return None
        except Exception as error:  # noqa: BLE001 - whatever it is, what is in flight must be settled first
            self._stop_for(error)
        finally:
            self._pace.busy(upstream=False)
        return None

    async def _carry(self, batch: Batch) -> None:
        """Send one batch to its final outcome, including halves after a split."""
        origin = _Origin(len(batch))
        self._pace.carried += 1
        stack = [_Work(batch, origin, Ticket(len(batch)), self._edge.doubtful(batch))]
        try:
            while stack:
                halves = await self._bring(stack[-1])
                stack.pop()
                stack.extend(reversed(halves))
        except Exception as error:  # noqa: BLE001 - what cannot be recorded is not sent: nothing more leaves
            self._stop_for(error)
            self._scope.cancel()
        finally:
            for work in stack:
                self._abandon(work)
            self._leave_lobby(origin)
            self._slots.release()
            self._pace.carried -= 1

    async def _bring(self, work: _Work) -> tuple[_Work, ...]:
        """Send a batch until its outcome is final; return halves if split."""
        while not self._pace.stopping and self._may_be_sent(work):
            outcome = await self._attempt(work)
            if outcome is None:
                continue
            halves = await self._conclude(work, outcome)
            if halves is not None:
                return halves
        self._leave(work)
        return ()

    async def _attempt(self, work: _Work) -> Answer | Failure | None:
        """Send a batch once; return None if the gate was closed."""
        if not await self._pace.admit(work.ticket):
            return None
        try:
            outcome = await self._edge.client.post(work.batch, work.sent, lambda: self._depart(work))
        except GateClosed:
            self._pace.shut_out(work.ticket)
            return None
        finally:
            self._pace.end(work.ticket)
        self._tally.statuses[_name(outcome)] += 1
        if work.in_flight:
            self._tally.bytes += outcome.body_bytes
            self._tally.wire_bytes += outcome.wire_bytes
        return outcome

    async def _depart(self, work: _Work) -> Left:
        left = await self._pace.gate(work.ticket, lambda: self._intend(work))
        self._tally.requests += 1
        self._tally.retries += work.sent > 0
        work.sent += 1
        self._leave_lobby(work.origin)
        return left

    def _intend(self, work: _Work) -> None:
        if not self._may_be_sent(work):  # the doubt grew old in the queue
            raise GateClosed
        now = self._edge.clock.wall()
        if work.key is None:
            work.key = self._journal.intend(work.batch, now=now, doubtful_since=work.doubtful_since)
        else:
            self._journal.retrying(work.key, now=now)
        work.left_at = now
        work.in_flight = True

    async def _conclude(self, work: _Work, outcome: Answer | Failure) -> tuple[_Work, ...] | None:
        """Record the outcome of an attempt; return None to send again."""
        match verdict(outcome, now=self._edge.clock.wall()):
            case Accepted():
                self._accept(work, outcome)
                return ()
            case Retry() as retry:
                await self._miss(work, retry, outcome)
                return None
            case Content() as content:
                return self._refuse(work, content, outcome)
            case Stop() as stop:
                self._give_up(work, stop, outcome)
                return ()

    def _accept(self, work: _Work, outcome: Answer | Failure) -> None:
        self._settle(work, BatchState.ACCEPTED, outcome)
        work.counted = True
        self._tally.accepted += len(work.batch)
        self._pace.answered(work.ticket)
        self._edge.observer.accepted(len(work.batch))

    async def _miss(self, work: _Work, retry: Retry, outcome: Answer | Failure) -> None:
        self._doubt(work, doubt=retry.doubt)
        self._settle(work, BatchState.PENDING, outcome)
        wait_s = self._pace.missed(work.ticket, retry, misses=work.misses)
        work.misses += 1
        if not self._may_be_sent(work):
            self._tally.doubts[retry.reason] += 1
            self._edge.observer.unconfirmed(len(work.batch), retry.reason)
        elif not self._pace.stopping:
            self._edge.observer.retried(retry.reason, wait_s)
        await self._pace.rest(work.ticket, wait_s)

    def _refuse(self, work: _Work, content: Content, outcome: Answer | Failure) -> tuple[_Work, ...]:
        self._pace.answered(work.ticket, refusal=content.words)
        if len(work.batch) == 1:
            self._refuse_alone(work, content, outcome)
            return ()
        if self._pace.stopping:
            self._settle(work, BatchState.PENDING, outcome)
            self._leave(work)
            return ()
        self._settle(work, BatchState.SPLIT, outcome)
        first, second = (
            _Work(half, work.origin, Ticket(len(half)), work.doubtful_since) for half in work.batch.halves()
        )
        return (first, second)

    def _refuse_alone(self, work: _Work, content: Content, outcome: Answer | Failure) -> None:
        self._settle(work, BatchState.REFUSED, outcome)
        work.counted = True
        if work.doubtful_since is None:
            self._tally.refused += 1
            self._edge.observer.refused(work.batch.message(0), content.status, content.excerpt)
        else:
            self._tally.in_doubt += 1
        self._refused_alone += 1
        work.origin.refused += 1
        # A batch of one says nothing about the destination once that has taken others.
        alone = work.origin.events == 1 and self._tally.accepted > 0
        whole = work.origin.refused == work.origin.events and not alone
        if whole or self._refused_alone > MAX_REFUSED_ALONE:
            self._pace.stop(_not_the_content(content, self._refused_alone))

    def _give_up(self, work: _Work, stop: Stop, outcome: Answer | Failure) -> None:
        self._pace.answered(work.ticket, refusal=stop.cause)
        self._doubt(work, doubt=stop.doubt)
        self._settle(work, BatchState.PENDING, outcome)
        self._leave(work)
        self._pace.stop(Stopped(StopReason.DESTINATION, stop.reason, stop.hint, cause=stop.cause))

    def _doubt(self, work: _Work, *, doubt: bool) -> None:
        if doubt and work.in_flight and work.doubtful_since is None:
            work.doubtful_since = work.left_at

    def _settle(self, work: _Work, state: BatchState, outcome: Answer | Failure | None) -> None:
        """Record the outcome of an attempt that was sent.

        An unconfirmed batch stays unconfirmed unless it is accepted, or is split into halves that inherit the
        doubt.
        """
        if work.key is not None and work.in_flight:
            lasting = work.doubtful_since is not None and state not in {BatchState.ACCEPTED, BatchState.SPLIT}
            self._journal.settle(
                work.key,
                BatchState.IN_DOUBT if lasting else state,
                status=outcome.status if isinstance(outcome, Answer) else None,
                now=self._edge.clock.wall(),
            )
        work.in_flight = False

    def _leave(self, work: _Work) -> None:
        """Count a batch that is not sent again in this run."""
        if work.counted:
            return
        work.counted = True
        if work.doubtful_since is None:
            self._tally.pending += len(work.batch)
        else:
            self._tally.in_doubt += len(work.batch)

    def _abandon(self, work: _Work) -> None:
        """Count an interrupted batch, and record its doubt if the journal works."""
        self._doubt(work, doubt=True)
        stopped = self._tally.stopped
        if work.in_flight and (stopped is None or stopped.error is None):
            try:
                self._settle(work, BatchState.IN_DOUBT, None)
            except Exception as error:  # noqa: BLE001 - it stays in flight in the journal, which is a doubt too
                self._stop_for(error)
        self._leave(work)

    def _may_be_sent(self, work: _Work) -> bool:
        """Return whether a batch can be sent without risk of a duplicate.

        An unconfirmed batch can, as long as the destination still recognizes its ids.
        """
        if work.doubtful_since is None:
            return True
        # A stamp in the future comes from a clock that was wrong: it counts as old.
        return 0 <= self._edge.clock.wall() - work.doubtful_since < self._edge.dedup_window_s

    def _leave_lobby(self, origin: _Origin) -> None:
        if origin.in_lobby:
            origin.in_lobby = False
            self._lobby.release()

    def _stop_for(self, error: Exception) -> None:
        self._pace.stop(Stopped(StopReason.ERROR, str(error), getattr(error, "hint", ""), error))

    def _halted(self) -> None:
        if self._edge.halt.asked > 0:
            self._pace.stop(Stopped(StopReason.INTERRUPTED, "The run was interrupted."))
        if self._edge.halt.asked > 1:
            self._scope.cancel()


def _name(outcome: Answer | Failure) -> str:
    return str(outcome.status) if isinstance(outcome, Answer) else outcome.kind.value


def _not_the_content(content: Content, refused: int) -> Stopped:
    said = f": {content.excerpt}" if content.excerpt else "."
    return Stopped(
        StopReason.DESTINATION,
        f"{counted(refused, 'event')} in a row were refused with HTTP {content.status}, each alone{said}",
        "the cause is probably not the content; check the write key and --endpoint with `infl-seg send-test`. "
        "If a gateway refuses compressed bodies: --no-gzip",
        refusal=content,
        cause=content.words,
    )
