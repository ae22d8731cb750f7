"""The rate as the client's trace sees it, with slow disks, slow connections and pauses in between."""

import random

import pytest
from example_support import examples
from hypothesis import given
from hypothesis import strategies as st
from test_throttle import assert_no_window_holds_too_much
from virtual_delivery import (
    OK,
    FakeSegment,
    LoggedJournal,
    Reply,
    batches_of,
    deliver_virtually,
    edge_for,
    never_connected,
    status,
)

from inflection_cli.delivery.context import Gate, Left
from inflection_cli.delivery.throttle import Throttle
from inflection_cli.model import Batch
from inflection_cli.segment.limits import max_batch_events
from inflection_cli.segment.response import Answer, Failure


@examples(60)
@given(
    seed=st.integers(0, 2**32),
    requests=st.sampled_from([0.0, 1.0, 7.0, 50.0]),
    events=st.sampled_from([0.0, 3.0, 40.0, 500.0]),
    size=st.integers(1, 60),
)
def test_in_any_window_at_most_the_rate_plus_one_batch_leaves(
    seed: int, requests: float, events: float, size: int
) -> None:
    dice = random.Random(seed)

    def decide(_batch: Batch, _retry_count: int) -> Reply:
        kind = dice.choice(["ok", "ok", "ok", "slow", "429", "503", "refused"])
        latency_s, connect_s = dice.uniform(0, 3), dice.choice([0.0, dice.uniform(0, 2)])
        outcome = {
            "429": status(429, retry_after=dice.choice(["", "2", "40"])),
            "503": status(503),
            "refused": never_connected(connect_s),
        }.get(kind, OK)
        return Reply(outcome.outcome, outcome.stored, connect_s, latency_s)

    segment = FakeSegment(decide)
    journal = LoggedJournal(segment.log, takes_s=lambda: dice.choice([0.0, dice.uniform(0, 0.2)]))
    throttle = Throttle(requests_per_second=requests, events_per_second=events)
    edge = edge_for(segment, journal=journal, throttle=throttle, draw=dice.random)
    tally = deliver_virtually(batches_of(size * 30, size), edge)
    assert tally.accepted == size * 30
    assert_no_window_holds_too_much(
        segment.first_bytes, requests_per_second=requests, events_per_second=events
    )


@pytest.mark.parametrize(
    ("requests", "events"), [(50.0, 500.0), (50.0, 0.0), (0.0, 500.0), (3.0, 500.0), (0.0, 20.0)]
)
@pytest.mark.parametrize("latency_s", [0.2, *(pytest.param(s, marks=pytest.mark.slow) for s in (0.0, 1.0))])
def test_at_least_98_percent_of_the_binding_rate_is_used(
    requests: float, events: float, latency_s: float
) -> None:
    segment = FakeSegment(lambda _batch, _retries: Reply(stored=True, latency_s=latency_s))
    journal = LoggedJournal(segment.log, takes_s=lambda: 0.003)
    throttle = Throttle(requests_per_second=requests, events_per_second=events)
    size = max_batch_events(events) if events else 1
    per_second = min(requests or float("inf"), events / size if events else float("inf"))
    count = int(per_second * 30)
    deliver_virtually(batches_of(count * size, size), edge_for(segment, journal=journal, throttle=throttle))
    took_s = segment.first_bytes[-1][0] - segment.first_bytes[0][0]
    assert (count - 1) / took_s >= 0.98 * per_second


def test_in_flight_follows_from_rate_and_latency() -> None:
    on_their_way = peak = 0

    class Counting(FakeSegment):
        async def post(self, batch: Batch, retry_count: int, gate: Gate) -> Answer | Failure:
            nonlocal on_their_way, peak

            async def counted() -> Left:
                nonlocal on_their_way, peak
                left = await gate()
                on_their_way += 1
                peak = max(peak, on_their_way)
                return left

            outcome = await super().post(batch, retry_count, counted)
            on_their_way -= 1
            return outcome

    segment = Counting(lambda _batch, _retries: Reply(stored=True, latency_s=1.0))
    throttle = Throttle(requests_per_second=20, events_per_second=0)
    deliver_virtually(batches_of(400, 1), edge_for(segment, throttle=throttle))
    assert 20 <= peak <= 22


def test_a_connection_is_not_opened_long_before_its_turn() -> None:
    segment = FakeSegment([])
    asked: list[float] = []
    decide = segment._decide

    def noting(batch: Batch, retry_count: int) -> Reply:
        asked.append(edge.clock.monotonic())
        return decide(batch, retry_count)

    segment._decide = noting
    edge = edge_for(segment, throttle=Throttle(requests_per_second=0.2, events_per_second=0))
    deliver_virtually(batches_of(12, 1), edge)
    waits = [left - began for began, (left, _) in zip(asked, segment.first_bytes, strict=True)]
    assert max(waits) <= 1.001
