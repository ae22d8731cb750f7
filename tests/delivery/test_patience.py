"""What ends a run without an acceptance: the time in which something was tried, on virtual time."""

from collections.abc import Callable
from itertools import pairwise

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from virtual_delivery import (
    OK,
    FakeSegment,
    Reply,
    VirtualClock,
    batch_of,
    batches_of,
    deliver_virtually,
    edge_for,
    never_connected,
    run_virtually,
    spend,
    status,
    unreachable,
)

from inflection_cli.delivery.context import DeliveryContext, DeliveryCounts, StopReason
from inflection_cli.delivery.deliver import deliver
from inflection_cli.delivery.pacing import Patience
from inflection_cli.delivery.throttle import Throttle
from inflection_cli.model import Batch

NIGHT_S = 8 * 3_600.0


def beside(edge: DeliveryContext, count: int, *, at_s: float, happens: Callable[[], None]) -> DeliveryCounts:
    """Deliver so many batches of one event while something happens at a time."""

    async def later() -> None:
        await anyio.sleep(at_s)
        happens()

    async def both() -> DeliveryCounts:
        async with anyio.create_task_group() as group:
            group.start_soon(later)
            tally = await deliver(iter(batches_of(count, 1)), edge)
            group.cancel_scope.cancel()
        return tally

    tally: DeliveryCounts = run_virtually(both)
    return tally


def test_an_acceptance_just_after_the_patience_is_one() -> None:
    segment = FakeSegment(lambda _batch, _retries: Reply(stored=True, latency_s=6.0))
    tally = deliver_virtually(batches_of(6, 1), edge_for(segment, patience_s=5.0))
    assert (tally.accepted, tally.stopped) == (6, None)


def test_after_a_late_acceptance_the_rest_goes_out_with_new_patience() -> None:
    segment = FakeSegment(lambda _batch, _retries: Reply(stored=True, latency_s=6.0))
    tally = deliver_virtually(batches_of(100, 1), edge_for(segment, patience_s=5.0))
    assert (tally.accepted, tally.stopped) == (100, None)


def test_once_patience_is_over_nothing_more_begins_and_what_is_under_way_is_awaited() -> None:
    segment = FakeSegment(lambda _batch, _retries: Reply(status(503).outcome, latency_s=60.0))
    tally = deliver_virtually(batches_of(100, 1), edge_for(segment, patience_s=5.0))
    assert tally.stopped is not None
    assert tally.stopped.reason is StopReason.PATIENCE
    assert len(segment.requests) == tally.batches == 8
    assert tally.in_doubt == 8


def test_once_patience_is_over_what_failed_is_not_begun_again() -> None:
    """The first batch fails just after the end, while the other one is still under way."""

    def decide(batch: Batch, _retry_count: int) -> Reply:
        return Reply(status(503).outcome, latency_s=5.5 if batch.ordinals[0] == 0 else 20.0)

    segment = FakeSegment(decide)
    tally = deliver_virtually(batches_of(2, 1), edge_for(segment, patience_s=5.0))
    assert tally.stopped is not None
    assert segment.requests == [((0,), 0), ((1,), 0)]


def test_a_connection_that_comes_late_is_still_used() -> None:
    segment = FakeSegment([Reply(stored=True, connect_s=9.0)])
    tally = deliver_virtually([batch_of([1])], edge_for(segment, patience_s=5.0))
    assert (tally.accepted, tally.stopped) == (1, None)


def test_a_process_that_did_not_run_has_not_waited() -> None:
    segment = FakeSegment([])
    throttle = Throttle(requests_per_second=10, events_per_second=0)
    edge = edge_for(segment, throttle=throttle, patience_s=5.0)
    tally = beside(edge, 300, at_s=4.05, happens=lambda: spend(NIGHT_S))
    assert (tally.accepted, tally.stopped) == (300, None)


@pytest.mark.parametrize("at_s", [0.1, 50.0, 99.0])
def test_a_machine_that_slept_in_an_outage_tries_once_more(at_s: float) -> None:
    clock = VirtualClock()

    def decide(_batch: Batch, _retry_count: int) -> Reply:
        return OK if clock.monotonic() > 1_000 + NIGHT_S else never_connected(0.0)

    edge = edge_for(FakeSegment(decide), clock=clock, patience_s=100.0)
    tally = beside(edge, 20, at_s=at_s, happens=lambda: spend(NIGHT_S))
    assert (tally.accepted, tally.stopped) == (20, None)


def test_a_machine_whose_clock_stood_still_too_tries_once_more() -> None:
    """On a laptop that slept the monotonic clock has not gone on: the wall clock tells of the sleep."""
    clock, slept = VirtualClock(), list[bool]()

    def sleep() -> None:
        clock.wall_offset += NIGHT_S
        slept.append(True)

    def decide(_batch: Batch, _retry_count: int) -> Reply:
        return OK if slept else status(429, retry_after="60")

    edge = edge_for(FakeSegment(decide), clock=clock, patience_s=100.0)
    tally = beside(edge, 20, at_s=99.0, happens=sleep)
    assert (tally.accepted, tally.stopped) == (20, None)


def test_one_more_try_after_a_sleep_is_enough_to_give_up() -> None:
    clock, tries = VirtualClock(), list[float]()

    def decide(_batch: Batch, _retry_count: int) -> Reply:
        tries.append(clock.monotonic() - 1_000)
        return status(429, retry_after="60")

    edge = edge_for(FakeSegment(decide), clock=clock, patience_s=100.0)
    tally = beside(edge, 20, at_s=99.0, happens=lambda: spend(NIGHT_S))
    assert tally.stopped is not None
    assert tally.stopped.reason is StopReason.PATIENCE
    after = [when for when in tries if when > NIGHT_S]
    assert len(after) == 1


def test_waiting_for_tokens_of_the_runs_own_costs_nothing() -> None:
    throttle = Throttle(requests_per_second=0.05, events_per_second=0)
    segment = FakeSegment([status(503)])
    tally = deliver_virtually(batches_of(20, 1), edge_for(segment, throttle=throttle, patience_s=5.0))
    assert (tally.accepted, tally.stopped) == (20, None)
    assert max(after - before for (before, _), (after, _) in pairwise(segment.first_bytes)) >= 20


def test_a_run_with_nothing_left_to_send_does_not_end_for_want_of_patience() -> None:
    replies = [OK, Reply(status(400).outcome, latency_s=10.0)]
    tally = deliver_virtually(batches_of(2, 1), edge_for(FakeSegment(replies), patience_s=5.0))
    assert (tally.accepted, tally.refused, tally.stopped) == (1, 1, None)


def test_a_destination_that_loses_every_batch_ends_the_run_though_none_is_sent_again() -> None:
    segment = FakeSegment(lambda _batch, _retries: status(503, retry_after="60"))
    edge = edge_for(segment, patience_s=600.0, dedup_window_s=0.0)
    tally = deliver_virtually(batches_of(10_000, 1), edge)
    assert tally.stopped is not None
    assert tally.stopped.reason is StopReason.PATIENCE
    assert tally.batches < 200


@pytest.mark.parametrize(
    ("reply", "cause"),
    [
        (never_connected(), "refused"),
        (status(503), "HTTP 503"),
        (status(429, retry_after="40"), "HTTP 429, which asks for a wait of 40 s"),
    ],
)
def test_the_end_says_what_the_last_try_came_to(reply: Reply, cause: str) -> None:
    segment = FakeSegment(lambda _batch, _retries: reply)
    tally = deliver_virtually([batch_of([1])], edge_for(segment, patience_s=90.0))
    assert tally.stopped is not None
    assert tally.stopped.message == f"Gave up after 90 s without an accepted batch (--patience): {cause}"
    assert tally.stopped.cause == cause


def ended_after_s(decide: Callable[[float], Reply], patience_s: float = 3_600.0) -> float:
    """Deliver a batch that is never accepted; return the virtual seconds until the run ends."""
    clock = VirtualClock()

    async def main() -> float:
        began = clock.monotonic()
        segment = FakeSegment(lambda _batch, _retries: decide(clock.monotonic() - began))
        tally = await deliver(iter([batch_of([1])]), edge_for(segment, clock=clock, patience_s=patience_s))
        assert tally.stopped is not None
        assert tally.stopped.reason is StopReason.PATIENCE
        return clock.monotonic() - began

    took_s: float = run_virtually(main)
    return took_s


def test_a_host_that_nothing_reaches_from_the_first_attempt_on_ends_the_run_after_30_s() -> None:
    assert 30 <= ended_after_s(lambda _: unreachable()) < 100
    assert ended_after_s(lambda _: unreachable(), patience_s=5.0) < 15


@pytest.mark.parametrize("first", [status(503), status(429), never_connected()])
def test_a_host_that_was_reached_once_is_waited_for_in_full(first: Reply) -> None:
    assert ended_after_s(lambda after_s: first if after_s < 1 else unreachable()) >= 3_600


def test_a_host_that_is_reached_within_the_30_s_is_waited_for_in_full() -> None:
    assert ended_after_s(lambda after_s: unreachable() if after_s < 15 else status(503)) >= 3_600


def test_an_unreachable_host_is_told_with_the_limit_that_ended_the_run() -> None:
    segment = FakeSegment(lambda _batch, _retries: unreachable())
    tally = deliver_virtually([batch_of([1])], edge_for(segment))
    assert tally.stopped is not None
    assert tally.stopped.message == "Gave up after 30 s without an accepted batch (--patience): refused"


def test_batches_that_are_not_sent_again_are_counted_by_what_came_of_them() -> None:
    segment = FakeSegment(lambda batch, _retries: status(503) if batch.ordinals[0] % 2 else OK)
    tally = deliver_virtually(batches_of(6, 1), edge_for(segment, dedup_window_s=0.0))
    assert (tally.in_doubt, dict(tally.doubts)) == (3, {"HTTP 503": 3})


def test_a_try_from_before_a_sleep_is_none_after_it() -> None:
    patience = Patience(10.0, now=0.0, wall=0.0)
    for second in range(11):
        patience.note(float(second), float(second), counts=True)
    for now in (3_600.0, 3_600.1):
        patience.note(now, now, counts=True)
    for _ in range(120):
        now += 0.1
        patience.note(now, now, counts=True)
    patience.tried(began=9.0)
    assert (patience.left_s, patience.is_over) == (0.0, False)
    patience.tried(began=3_601.0)
    assert patience.is_over


@given(
    limit_s=st.floats(0.05, 4_000),
    steps=st.lists(st.tuples(st.floats(0, 20_000), st.booleans()), max_size=60),
)
def test_only_time_that_counts_and_was_lived_through_is_spent(
    limit_s: float, steps: list[tuple[float, bool]]
) -> None:
    now, lived_s = 1_000.0, 0.0
    patience = Patience(limit_s, now=now, wall=now)
    for step_s, counts in steps:
        now += step_s
        patience.note(now, now, counts=counts)
        patience.tried(now)
        lived_s += min(step_s, patience.beat_s) if counts else 0.0
        assert patience.is_over == (patience.left_s == 0)
        assert patience.left_s == pytest.approx(max(0.0, limit_s - lived_s), abs=1e-6)
