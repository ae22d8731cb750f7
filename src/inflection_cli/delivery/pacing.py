"""Send timing: rate limits, pauses, probes, the patience limit and stops."""

from collections.abc import Callable
from functools import partial
from math import inf
from typing import Final

import anyio

from inflection_cli.delivery.context import DeliveryContext, DeliveryCounts, Left, Stopped, StopReason
from inflection_cli.segment.limits import BACKOFF_CAP_S
from inflection_cli.segment.response import Retry, backoff_bound_s, backoff_s

_SLACK_S: Final = 1.0  # a loop that is later than this did not run: it was stopped, or the machine slept

_MOMENT_S: Final = 1e-9  # shorter than a clock can tell


class Patience:
    """Measure the time without success in which acceptance was possible.

    Time counts while an attempt is under way or waits to be repeated. It does not count while batches are made,
    while there is nothing to send or only tokens are awaited, and while the process did not run: `note` must be
    called at least every `beat_s`, and what lies between two calls beyond that is time in which it could not be.

    Args:
        limit_s: How much of it ends the run.
        now: Monotonic time.
        wall: Unix time, which also tells of a machine that slept while the other clock stopped.

    Attributes:
        beat_s: The longest time between two calls of `note`.
        noted: Monotonic time of the latest.
    """

    def __init__(self, limit_s: float, *, now: float, wall: float) -> None:
        self._limit_s = self._whole_s = limit_s
        self.beat_s = min(max(limit_s / 60, 0.1), 5.0)
        self._spent_s = 0.0
        self.noted, self._wall = now, wall
        self._resumed_at = -inf
        self._untried = False

    @property
    def limit_s(self) -> float:
        """Return the limit that holds now, in seconds."""
        return self._limit_s

    @property
    def left_s(self) -> float:
        """Return the time left, in seconds; 0 below clock resolution."""
        left_s = self._limit_s - self._spent_s
        return left_s if left_s > _MOMENT_S else 0.0

    @property
    def is_over(self) -> bool:
        """Return whether the limit is reached, with an attempt since any pause."""
        return self.left_s == 0 and not self._untried

    def note(self, now: float, wall: float, *, counts: bool) -> None:
        """Add the time since the last call.

        Args:
            now: Monotonic time.
            wall: Unix time.
            counts: Whether something could have been accepted in that time.
        """
        passed_s, slept_s = now - self.noted, wall - self._wall - (now - self.noted)
        self.noted, self._wall = now, wall
        if counts:
            self._spent_s += min(passed_s, self.beat_s)
        if passed_s > self.beat_s + _SLACK_S or slept_s > _SLACK_S:
            self._resumed_at = now
            self._untried = True

    def limit(self, limit_s: float | None) -> None:
        """Shorten the limit to this many seconds; None restores it."""
        self._limit_s = self._whole_s if limit_s is None else min(limit_s, self._whole_s)

    def tried(self, began: float) -> None:
        """Record that an attempt, begun at this monotonic time, has failed."""
        if began >= self._resumed_at:
            self._untried = False

    def renew(self) -> None:
        """Begin anew: something was accepted."""
        self._spent_s = 0.0
        self._untried = False


SILENT_AFTER: Final = 4
"""So many failures in a row, over the whole run, mean that nothing answers."""

_CONNECT_AHEAD_S = 1.0  # a connection that idles longer before its turn may be closed by the other side
_MAX_LEAD_S = 0.05
_IDLE_BEAT_S = 0.1


class GateClosed(Exception):
    """Raised when the gate closes before a batch is sent."""


class Ticket:
    """Position of one batch in the queue before the gate.

    Attributes:
        events: Its size.
        queued: Whether it is booked to pass the gate.
        began: When its latest attempt began, in monotonic seconds.
        waits: Whether it could be accepted now but for the destination: it is on its way, or waits to be repeated.
    """

    __slots__ = ("began", "events", "queued", "waits")

    def __init__(self, events: int) -> None:
        self.events = events
        self.queued = False
        self.began = -inf
        self.waits = False


class RateGate:
    """Gate that enforces rate limits, pauses and probes for one run.

    Attributes:
        carried: How many batches were drawn and have not come to their end.
    """

    def __init__(self, edge: DeliveryContext, tally: DeliveryCounts) -> None:
        self._edge = edge
        self._tally = tally
        self._now = edge.clock.monotonic
        self._naps: set[anyio.CancelScope] = set()
        self._door = anyio.Lock()
        self._lead_s = 0.0
        self._queued_s = 0.0
        self._held_until = -inf
        self._paused_at: float | None = None
        self._failures = 0
        self._probes: int | None = None
        self._prober: Ticket | None = None
        self._patience = Patience(edge.patience_s, now=self._now(), wall=edge.clock.wall())
        self._upstream = False
        self.carried = self._under_way = self._waiting = 0
        self._cause = ""
        self._reached: bool | None = None

    @property
    def stopping(self) -> bool:
        """Return whether the run is stopping."""
        return self._tally.stopped is not None

    def stop(self, stopped: Stopped) -> None:
        """Stop the run and all its waits; the first reason is kept.

        A later error replaces a reason that is not an error.
        """
        before = self._tally.stopped
        if before is None or (before.error is None and stopped.error is not None):
            self._tally.stopped = stopped
        self._wake()

    def resume(self) -> None:
        """Close the open pause, if any, and count its duration."""
        if self._paused_at is not None:
            self._tally.paused_seconds += min(self._now(), self._held_until) - self._paused_at
            self._paused_at = None
            self._edge.observer.resumed()

    async def cleared(self) -> None:
        """Wait until a pause is over, or until the run stops."""
        while not self.stopping and (wait_s := self._held_until - self._now()) > _MOMENT_S:
            await self._nap(wait_s)

    async def rest(self, ticket: Ticket, seconds: float) -> None:
        """Wait for the given seconds, or until the run stops."""
        until = self._now() + seconds
        self._wait(ticket, waits=True)
        while not self.stopping and (wait_s := until - self._now()) > _MOMENT_S:
            await self._nap(wait_s)
        self._wait(ticket, waits=False)

    async def admit(self, ticket: Ticket) -> bool:
        """Wait until a batch may connect; return False if the run stops."""
        while True:
            await self.cleared()
            if self.stopping:
                return False
            self.resume()
            # Once patience is over, what is under way is awaited: its acceptance is one. Nothing else may begin.
            if self._prober is not None or self._patience.is_over:
                await self._nap(inf)
                continue
            early_s = self._edge.throttle.wait(self._now()) + self._queued_s - _CONNECT_AHEAD_S
            if early_s > _MOMENT_S:
                await self._nap(early_s)
                continue
            if self._probes is not None:
                self._prober = ticket
            self._begin(ticket)
            return True

    async def gate(self, ticket: Ticket, intend: Callable[[], None]) -> Left:
        """Reserve tokens, write the intent, and wait for the send time.

        One at a time: so each departure knows when the one before it truly took place.

        Returns:
            What must be told the time of the first byte, before anything else can happen.

        Raises:
            Shut: The run paused or stops; the tokens are given back, and nothing may be sent.
        """
        self._wait(ticket, waits=False)  # for tokens of the run's own, which is nobody's fault
        async with self._door:
            self._dequeue(ticket)
            self._check(ticket)
            now = self._now()
            slot = now + self._edge.throttle.reserve(ticket.events, now)
            try:
                await self._approach(ticket, slot)
                self._write(intend)
            except BaseException:
                self._edge.throttle.void()
                raise
            while (rest_s := slot - self._now()) > _MOMENT_S:
                await self._edge.clock.sleep(rest_s)
        self._wait(ticket, waits=True)
        return partial(self._edge.throttle.left, ticket.events)

    def end(self, ticket: Ticket) -> None:
        """Note that an attempt is over, whatever came of it."""
        self._dequeue(ticket)
        self._wait(ticket, waits=False)
        self._under_way -= 1
        if self._patience.is_over:
            self._wake()

    def shut_out(self, ticket: Ticket) -> None:
        """Record that an attempt ended without an outcome; another batch may probe."""
        if self._prober is ticket:
            self._prober = None
            self._wake()

    def answered(self, ticket: Ticket, *, refusal: str = "") -> None:
        """Record that the destination answered, and whether it accepted anything."""
        self._failures = 0
        self._reach()
        if refusal:
            self._failed(ticket, refusal)
        else:
            self._note()
            was_over = self._patience.is_over
            self._patience.renew()
            if was_over:
                self._wake()
        if self._probes is not None:
            self._probes = self._prober = None
            self._wake()

    def missed(self, ticket: Ticket, retry: Retry, *, misses: int) -> float:
        """Record a failed attempt, and pause the run if needed.

        Args:
            ticket: Of the batch.
            retry: What failed, and the pause that the destination asks for.
            misses: Failed attempts of this batch before this one.

        Returns:
            The wait, in seconds, that this batch keeps by itself.
        """
        reason, after_s = retry.reason, retry.after_s
        self._failures += 1
        self._reach(unreachable=retry.unreachable)
        asked = f", which asks for a wait of {after_s:,.0f} s" if after_s is not None else ""
        self._failed(ticket, reason + asked)
        probed = self._prober is ticket
        self.shut_out(ticket)
        if after_s is not None:
            self._pause(after_s, reason)
        if self._probes is None and self._failures >= SILENT_AFTER:
            self._probes = 0
            self._pause(self._probe_wait_s(), reason)
        elif self._probes is not None and probed:
            self._probes += 1
            self._pause(self._probe_wait_s(), reason)
        paused = after_s is not None or self._probes is not None
        return 0.0 if paused else backoff_s(misses, self._edge.draw())

    def _reach(self, *, unreachable: bool = False) -> None:
        """Keep the patience short while no attempt has reached the host."""
        if self._reached is None and unreachable:
            self._reached = False
            self._patience.limit(self._edge.unreachable_s)
        elif not unreachable and not self._reached:
            self._reached = True
            self._patience.limit(None)

    def busy(self, *, upstream: bool) -> None:
        """Record whether a batch is being built, which stops the patience timer."""
        self._note()
        self._upstream = upstream

    async def watch(self) -> None:
        """Stop the run when nothing was accepted within the patience limit."""
        while not self.stopping:
            self._note()
            if self._patience.is_over and self.carried and not self._under_way:
                self.stop(self._out_of_patience())
                return
            # Patience that is used up waits for an attempt, and one that nothing uses for its next use.
            left_s = self._patience.left_s if self._waiting else max(self._patience.left_s, _IDLE_BEAT_S)
            await self._nap(min(self._patience.beat_s, left_s or inf))

    def _out_of_patience(self) -> Stopped:
        return Stopped(
            StopReason.PATIENCE,
            f"Gave up after {_seconds(self._patience.limit_s)} without an accepted batch (--patience): {self._cause}",
            "run the same command again when the destination answers; --patience sets how long to wait",
            cause=self._cause,
        )

    def _note(self) -> None:
        """Add the time since the last change to what patience has cost."""
        paused = self._held_until - self._patience.noted > _MOMENT_S
        counts = (self._waiting > 0 or paused) and not self._upstream
        was_over = self._patience.is_over
        self._patience.note(self._now(), self._edge.clock.wall(), counts=counts)
        if was_over is not self._patience.is_over:
            self._wake()

    def _begin(self, ticket: Ticket) -> None:
        ticket.queued = True
        ticket.began = self._now()
        self._queued_s += self._edge.throttle.cost(ticket.events)
        self._under_way += 1
        self._wait(ticket, waits=True)

    def _wait(self, ticket: Ticket, *, waits: bool) -> None:
        if ticket.waits != waits:
            self._note()
            ticket.waits = waits
            self._waiting += 1 if waits else -1

    def _failed(self, ticket: Ticket, cause: str) -> None:
        self._cause = cause
        self._note()
        self._patience.tried(ticket.began)
        if self._patience.is_over:
            self._wake()

    def _dequeue(self, ticket: Ticket) -> None:
        """Remove a batch from the queue before the gate, if queued."""
        if ticket.queued:
            ticket.queued = False
            self._queued_s -= self._edge.throttle.cost(ticket.events)

    def _check(self, ticket: Ticket) -> None:
        silent = self._probes is not None and self._prober is not ticket
        if self.stopping or silent or self._held_until - self._now() > _MOMENT_S:
            raise GateClosed

    async def _approach(self, ticket: Ticket, slot: float) -> None:
        """Wait until it is time to write the intent before sending."""
        while (wait_s := slot - min(self._lead_s, _MAX_LEAD_S) - self._now()) > _MOMENT_S:
            await self._nap(wait_s)
            self._check(ticket)

    def _write(self, intend: Callable[[], None]) -> None:
        began = self._now()
        intend()
        self._lead_s += (self._now() - began - self._lead_s) / 8

    def _probe_wait_s(self) -> float:
        """Return the wait before the next probe, in seconds.

        The first waits have jitter; at the cap they are constant.
        """
        bound_s = backoff_bound_s(self._probes or 0)
        return BACKOFF_CAP_S if bound_s >= BACKOFF_CAP_S else self._edge.draw() * bound_s

    def _pause(self, seconds: float, reason: str) -> None:
        now = self._now()
        if now + seconds <= self._held_until:
            return
        self._note()
        self._held_until = now + seconds
        if self._paused_at is None:
            self._paused_at = now
        self._edge.throttle.void()
        self._edge.observer.paused(seconds, reason)
        self._wake()

    def _wake(self) -> None:
        for nap in self._naps:
            nap.cancel()

    async def _nap(self, seconds: float) -> None:
        """Wait for the given seconds, or until the gate's state changes."""
        with anyio.CancelScope() as scope:
            self._naps.add(scope)
            try:
                if seconds == inf:
                    await anyio.sleep_forever()
                await self._edge.clock.sleep(seconds)
            finally:
                self._naps.discard(scope)


def _seconds(patience_s: float) -> str:
    return f"{patience_s:,.0f} s" if patience_s >= 10 else f"{patience_s:g} s"
