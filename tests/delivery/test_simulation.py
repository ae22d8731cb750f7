"""Thousands of runs against a destination that does whatever the dice say; a failing seed prints itself."""

import random
from collections.abc import Iterator
from itertools import count
from typing import TYPE_CHECKING

import anyio
import pytest
from test_throttle import assert_no_window_holds_too_much
from virtual_delivery import (
    FakeSegment,
    LoggedJournal,
    Reply,
    VirtualClock,
    batches_of,
    edge_for,
    run_virtually,
)

from inflection_cli.delivery.context import DeliveryCounts, StopReason, StopSignal
from inflection_cli.delivery.deliver import deliver
from inflection_cli.delivery.throttle import Throttle
from inflection_cli.model import Batch, BatchState
from inflection_cli.segment.response import Answer, Failure, FailureKind

if TYPE_CHECKING:
    from collections.abc import Callable

LONGEST_REQUEST_S = 60.0
PATIENCE_S = 900.0


class World:
    """One seeded run: its input, its destination, its user."""

    def __init__(self, seed: int) -> None:
        self.dice = dice = random.Random(seed)
        self.events = dice.randint(1, 120)
        self.requests_per_second = dice.choice([0.0, 0.0, 2.0, 50.0])
        self.events_per_second = dice.choice([0.0, 0.0, 30.0, 500.0])
        self.window_s = dice.choice([0.0, 30.0, 72_000.0, 72_000.0])
        self.fault_rate = dice.choice([0.0, 0.05, 0.3, 0.8])
        self.poison = set(dice.sample(range(self.events), k=min(self.events, dice.choice([0, 0, 1, 3, 25]))))
        self.outages = [(start, start + dice.uniform(1, 2_000)) for start in self._moments(2, 500)]
        self.halts = self._moments(2, 60) if dice.random() < 0.3 else []
        self.final_rate = dice.choice([0.0, 0.0, 0.02])
        self.clock = VirtualClock()
        self.halt = StopSignal()
        self.segment = FakeSegment(self.decide)
        self.journal = LoggedJournal(self.segment.log, takes_s=lambda: dice.choice([0.0, 0.01]))

    def _moments(self, most: int, until: float) -> list[float]:
        return sorted(self.dice.uniform(0, until) for _ in range(self.dice.randint(0, most)))

    def decide(self, batch: Batch, _retry_count: int) -> Reply:
        dice, now = self.dice, self.clock.monotonic() - 1_000
        latency_s = dice.choice([0.01, 0.2, dice.uniform(0, LONGEST_REQUEST_S)])
        connect_s = dice.choice([0.0, 0.0, dice.uniform(0, 10)])
        down = any(start <= now < end for start, end in self.outages)
        if down or dice.random() < self.fault_rate:
            outcome, stored = self._fault()
        elif dice.random() < self.final_rate:
            outcome, stored = Answer(dice.choice([302, 401, 404]), excerpt="no"), False
        elif self.poison & set(batch.ordinals):
            outcome, stored = Answer(dice.choice([400, 413])), False
        else:
            outcome, stored = Answer(200), True
        return Reply(outcome, stored, connect_s, latency_s)

    def _fault(self) -> tuple[Answer | Failure, bool]:
        dice = self.dice
        maybe = dice.random() < 0.5
        faults: list[Callable[[], tuple[Answer | Failure, bool]]] = [
            lambda: (Failure(FailureKind.CONNECT, body_left=False), False),
            lambda: (Failure(FailureKind.CUT, body_left=False), False),
            lambda: (Failure(FailureKind.CUT, body_left=True), maybe),
            lambda: (Failure(FailureKind.TIMEOUT, body_left=True), maybe),
            lambda: (Answer(dice.choice([408, 410, 460, 500, 502, 503, 599])), maybe),
            lambda: (Answer(503, body_left=False), False),
            lambda: (Answer(429, retry_after=dice.choice([None, "0", "3", "77", "soon"])), False),
            lambda: (Answer(503, retry_after="5"), maybe),
        ]
        return dice.choice(faults)()

    async def run(self) -> tuple[DeliveryCounts, int, float]:
        source = iter(batches_of(self.events, self.dice.randint(1, 20)))
        edge = edge_for(
            self.segment,
            journal=self.journal,
            clock=self.clock,
            halt=self.halt,
            draw=self.dice.random,
            throttle=Throttle(
                requests_per_second=self.requests_per_second, events_per_second=self.events_per_second
            ),
            patience_s=PATIENCE_S,
            dedup_window_s=self.window_s,
        )
        async with anyio.create_task_group() as group:
            group.start_soon(self._interrupt)
            tally = await deliver(source, edge)
            group.cancel_scope.cancel()
        return tally, sum(map(len, source)), self.clock.monotonic()

    async def _interrupt(self) -> None:
        for moment in self.halts:
            await anyio.sleep(max(0.0, moment + 1_000 - self.clock.monotonic()))
            self.halt.request()


def simulate(seed: int) -> DeliveryCounts:
    world = World(seed)
    tally: DeliveryCounts
    tally, undrawn, _ = run_virtually(world.run)
    assert_every_event_is_in_one_state(world, tally, undrawn)
    assert_pending_and_refused_are_certainly_not_in(world)
    assert_order(world.segment.log)
    assert all(len(encodings) == 1 for encodings in world.segment.wire.values())
    assert tally.requests == len(world.segment.requests)
    assert tally.retries == sum(retry_count > 0 for _, retry_count in world.segment.requests)
    assert sum(tally.statuses.values()) >= tally.requests - 64
    assert_no_window_holds_too_much(
        world.segment.first_bytes,
        requests_per_second=world.requests_per_second,
        events_per_second=world.events_per_second,
    )
    assert_nothing_in_doubt_was_sent_beyond_the_window(world)
    return tally


def assert_every_event_is_in_one_state(world: World, tally: DeliveryCounts, undrawn: int) -> None:
    counted = tally.accepted + tally.refused + tally.pending + tally.in_doubt
    assert counted + undrawn == world.events
    if tally.stopped is None:
        assert undrawn == 0
        assert tally.pending == 0
    states = world.journal.states()
    of = {state: sum(known is state for known in states.values()) for state in BatchState}
    assert of[BatchState.IN_FLIGHT] == 0
    assert of[BatchState.ACCEPTED] == tally.accepted
    assert of[BatchState.REFUSED] == tally.refused
    assert of[BatchState.IN_DOUBT] == tally.in_doubt


def assert_pending_and_refused_are_certainly_not_in(world: World) -> None:
    states = world.journal.states()
    for ordinal in range(world.events):
        state = states.get(ordinal, BatchState.PENDING)
        if state is BatchState.ACCEPTED:
            assert world.segment.stored[ordinal] >= 1
        elif state is not BatchState.IN_DOUBT:
            assert ordinal not in world.segment.stored, f"{ordinal} is {state} but in"


def assert_order(log: list[tuple[str, tuple[int, ...]]]) -> None:
    """Hold each batch to: intent, first byte, outcome, and so on; nothing after acceptance."""
    allowed = {None: {"intent"}, "intent": {"first byte"}, "accepted": set(), "split": set()}
    last: dict[tuple[int, ...], str] = {}
    for step, batch in log:
        before = last.get(batch)
        if before == "first byte":
            assert step not in {"intent", "first byte"}
        elif before == "intent":
            assert step in {"first byte", "in_doubt", "pending"}
        else:
            assert step in allowed.get(before, {"intent"}), (before, step, batch)
        last[batch] = step


def assert_nothing_in_doubt_was_sent_beyond_the_window(world: World) -> None:
    if world.window_s:
        return
    uncertain: set[int] = set()
    for step, batch in world.segment.log:
        if step == "first byte":
            assert not uncertain & set(batch)
        elif step == "in_doubt":
            uncertain |= set(batch)


def run_seeds(seeds: Iterator[int], number: int) -> list[DeliveryCounts]:
    tallies = []
    for seed, _ in zip(seeds, range(number), strict=False):
        try:
            tallies.append(simulate(seed))
        except BaseException as error:
            error.add_note(f"again: simulate({seed})")
            raise
    return tallies


@pytest.mark.parametrize("lives", [150, pytest.param(600, marks=pytest.mark.slow)])
def test_hundreds_of_lives_of_a_run_keep_every_promise(lives: int) -> None:
    tallies = run_seeds(count(1), lives)
    ends = {tally.stopped.reason if tally.stopped else None for tally in tallies}
    assert ends == {None, StopReason.INTERRUPTED, StopReason.PATIENCE, StopReason.DESTINATION}
    assert sum(tally.in_doubt > 0 for tally in tallies) > lives / 12
    assert sum(tally.refused > 0 for tally in tallies) > lives / 12
    assert sum(tally.retries for tally in tallies) > lives * 5 / 3


@pytest.mark.slow
def test_five_thousand_more_lives_keep_every_promise() -> None:
    run_seeds(count(1_000_000), 5_000)
