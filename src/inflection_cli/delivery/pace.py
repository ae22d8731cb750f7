"""When a batch may leave: tokens, pauses of the whole run, probes, patience, and the stop."""

from collections.abc import Callable
from functools import partial
from math import inf
from typing import Final

import anyio

from inflection_cli.delivery.edge import Edge, Left
from inflection_cli.delivery.tally import Stopped, StopReason, Tally
from inflection_cli.segment.limits import BACKOFF_CAP_S
from inflection_cli.segment.retry import backoff_bound_s, backoff_s

SILENT_AFTER: Final = 4
"""So many failures in a row, over the whole run, mean that nothing answers."""

_CONNECT_AHEAD_S = 1.0  # a connection that idles longer before its turn may be closed by the other side
_MAX_LEAD_S = 0.05
_MOMENT_S = 1e-9  # shorter than a clock can tell


class Shut(Exception):
    """The gate closed before the batch left; nothing was sent."""


class Pass:
    """One batch's way to the gate.

    Attributes:
        events: Its size.
    """

    __slots__ = ("events", "queued")

    def __init__(self, events: int) -> None:
        self.events = events
        self.queued = False


class Pace:
    """Holds a run to its rates, and still while the destination asks for it or does not answer."""

    def __init__(self, edge: Edge, tally: Tally) -> None:
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
        self._prober: Pass | None = None
        self._patient_until = self._now() + edge.patience_s
        self._busy_since: float | None = None

    @property
    def stopping(self) -> bool:
        """Whether the run is to end."""
        return self._tally.stopped is not None

    def stop(self, stopped: Stopped) -> None:
        """End the run, and every wait in it; the first reason stands, but for an error that comes later."""
        before = self._tally.stopped
        if before is None or (before.error is None and stopped.error is not None):
            self._tally.stopped = stopped
        self._wake()

    def resume(self) -> None:
        """Close the pause that is open, if any, and count it."""
        if self._paused_at is not None:
            self._tally.paused_seconds += min(self._now(), self._held_until) - self._paused_at
            self._paused_at = None
            self._edge.observer.resumed()

    async def cleared(self) -> None:
        """Wait out a pause; a stop ends it."""
        while not self.stopping and (wait_s := self._held_until - self._now()) > _MOMENT_S:
            await self._nap(wait_s)

    async def rest(self, seconds: float) -> None:
        """Wait for so long; a stop ends it."""
        until = self._now() + seconds
        while not self.stopping and (wait_s := until - self._now()) > _MOMENT_S:
            await self._nap(wait_s)

    async def admit(self, ticket: Pass) -> bool:
        """Wait until it makes sense for a batch to connect; False where the run stops instead."""
        while True:
            await self.cleared()
            if self.stopping:
                return False
            self.resume()
            if self._prober is not None:
                await self._nap(inf)
                continue
            early_s = self._edge.throttle.wait(self._now()) + self._queued_s - _CONNECT_AHEAD_S
            if early_s > _MOMENT_S:
                await self._nap(early_s)
                continue
            if self._probes is not None:
                self._prober = ticket
            ticket.queued = True
            self._queued_s += self._edge.throttle.cost(ticket.events)
            return True

    async def gate(self, ticket: Pass, intend: Callable[[], None]) -> Left:
        """Take tokens, have the intent written, and return at the moment at which the batch may leave.

        One at a time: so each departure knows when the one before it truly took place.

        Returns:
            What must be told the time of the first byte, before anything else can happen.

        Raises:
            Shut: The run paused or stops; the tokens are given back, and nothing may be sent.
        """
        async with self._door:
            self.dequeue(ticket)
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
        return partial(self._edge.throttle.left, ticket.events)

    def dequeue(self, ticket: Pass) -> None:
        """Take a batch out of the queue before the gate, if it is in there."""
        if ticket.queued:
            ticket.queued = False
            self._queued_s -= self._edge.throttle.cost(ticket.events)

    def shut_out(self, ticket: Pass) -> None:
        """Note that an attempt ended without an outcome: another batch may probe."""
        if self._prober is ticket:
            self._prober = None
            self._wake()

    def answered(self, *, accepted: bool) -> None:
        """Note that the destination is there, and whether it took something."""
        self._failures = 0
        if accepted:
            self._patient_until = self._now() + self._edge.patience_s
        if self._probes is not None:
            self._probes = self._prober = None
            self._wake()

    def missed(self, ticket: Pass, reason: str, *, after_s: float | None, misses: int) -> float:
        """Note a failed attempt; the run pauses where that is called for.

        Args:
            ticket: Of the batch.
            reason: For the user.
            after_s: The pause that the destination asks for.
            misses: Failed attempts of this batch before this one.

        Returns:
            The wait, in seconds, that this batch keeps by itself.
        """
        self._failures += 1
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

    def busy(self, *, upstream: bool) -> None:
        """Tell whether a batch is being made: that time is not the destination's, and costs no patience."""
        now = self._now()
        if self._busy_since is not None:
            self._patient_until += now - self._busy_since
        self._busy_since = now if upstream else None

    async def watch(self) -> None:
        """End the run when its patience does."""
        while not self.stopping:
            self.busy(upstream=self._busy_since is not None)
            left_s = self._patient_until - self._now()
            if left_s <= _MOMENT_S:
                self.stop(
                    Stopped(
                        StopReason.PATIENCE,
                        f"Nothing was accepted for {self._edge.patience_s:,.0f} s.",
                        "run the same command again when the destination answers; "
                        "--patience sets how long to wait",
                    )
                )
                return
            await self._nap(left_s if self._busy_since is None else max(left_s, 1.0))

    def _check(self, ticket: Pass) -> None:
        silent = self._probes is not None and self._prober is not ticket
        if self.stopping or silent or self._held_until - self._now() > _MOMENT_S:
            raise Shut

    async def _approach(self, ticket: Pass, slot: float) -> None:
        """Wait until the intent must be begun for the first byte to leave on time."""
        while (wait_s := slot - min(self._lead_s, _MAX_LEAD_S) - self._now()) > _MOMENT_S:
            await self._nap(wait_s)
            self._check(ticket)

    def _write(self, intend: Callable[[], None]) -> None:
        began = self._now()
        intend()
        self._lead_s += (self._now() - began - self._lead_s) / 8

    def _probe_wait_s(self) -> float:
        """Back off with jitter at first, then steadily at the cap."""
        bound_s = backoff_bound_s(self._probes or 0)
        return BACKOFF_CAP_S if bound_s >= BACKOFF_CAP_S else self._edge.draw() * bound_s

    def _pause(self, seconds: float, reason: str) -> None:
        now = self._now()
        if now + seconds <= self._held_until:
            return
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
        """Sleep, or until something changes."""
        with anyio.CancelScope() as scope:
            self._naps.add(scope)
            try:
                if seconds == inf:
                    await anyio.sleep_forever()
                await self._edge.clock.sleep(seconds)
            finally:
                self._naps.discard(scope)
