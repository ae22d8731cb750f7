"""Each rule of delivery, on virtual time."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from itertools import pairwise

import anyio
import pytest
from virtual_delivery import (
    OK,
    WALL_AT_START,
    FakeSegment,
    LoggedJournal,
    Reply,
    VirtualClock,
    batch_of,
    batches_of,
    deliver_virtually,
    edge_for,
    lost_after_body,
    never_connected,
    run_virtually,
    spend,
    status,
    unlimited,
)

from inflection_cli.delivery.context import (
    DeliveryContext,
    DeliveryCounts,
    NullObserver,
    StopReason,
    StopSignal,
)
from inflection_cli.delivery.deliver import deliver
from inflection_cli.delivery.journal import MemoryJournal
from inflection_cli.delivery.pacing import SILENT_AFTER
from inflection_cli.delivery.throttle import Throttle
from inflection_cli.errors import InputChanged, LedgerDamaged
from inflection_cli.model import Batch, BatchState, Message
from inflection_cli.segment.response import Answer, Failure, FailureKind

HOUR_S = 3_600.0


class Noting(NullObserver):
    def __init__(self) -> None:
        self.pauses: list[tuple[float, str]] = []
        self.refusals: list[tuple[int, int, str]] = []
        self.resumptions = 0

    def paused(self, seconds: float, reason: str) -> None:
        self.pauses.append((seconds, reason))

    def resumed(self) -> None:
        self.resumptions += 1

    def refused(self, message: Message, status: int, excerpt: str) -> None:
        self.refusals.append((message.ordinal, status, excerpt))


def slow_throttle() -> Throttle:
    return Throttle(requests_per_second=2, events_per_second=0)


def counts(tally: DeliveryCounts) -> dict[str, int]:
    numbers = {
        "accepted": tally.accepted,
        "refused": tally.refused,
        "pending": tally.pending,
        "in_doubt": tally.in_doubt,
    }
    return {name: number for name, number in numbers.items() if number}


def poisoned(*culprits: int) -> Callable[[Batch, int], Reply]:
    def decide(batch: Batch, _retry_count: int) -> Reply:
        held = set(batch.ordinals)
        return status(400, excerpt="bad") if held & set(culprits) else OK

    return decide


def test_everything_is_accepted_once_and_the_numbers_say_so() -> None:
    segment = FakeSegment([])
    tally = deliver_virtually(batches_of(95, 10), edge_for(segment))
    assert counts(tally) == {"accepted": 95}
    assert tally.stopped is None
    assert (tally.batches, tally.requests, tally.retries) == (10, 10, 0)
    assert (tally.bytes, tally.wire_bytes) == (1_000, 100)
    assert tally.statuses == {"200": 10}
    assert segment.stored == dict.fromkeys(range(95), 1)


def test_the_intent_is_written_before_the_first_byte_and_the_outcome_after_the_answer() -> None:
    segment = FakeSegment([status(503), OK])
    deliver_virtually([batch_of([1])], edge_for(segment))
    steps = [step for step, _ in segment.log]
    assert steps == ["intent", "first byte", "in_doubt", "intent", "first byte", "accepted"]


def test_what_the_journal_cannot_hold_is_not_sent_and_ends_the_run() -> None:
    class Full(LoggedJournal):
        def intend(self, batch: Batch, *, now: float, doubtful_since: float | None = None) -> int:
            if len(self.entries) == 1:
                raise LedgerDamaged("disk full", hint="make room")
            return super().intend(batch, now=now, doubtful_since=doubtful_since)

    segment = FakeSegment([])
    edge = edge_for(segment, journal=Full(segment.log))
    tally = deliver_virtually(batches_of(30, 10), edge)
    assert len(segment.requests) == 1
    assert tally.stopped is not None
    assert isinstance(tally.stopped.error, LedgerDamaged)
    assert tally.stopped.hint == "make room"
    assert counts(tally) == {"in_doubt": 10, "pending": 10 * (tally.batches - 1)}


def test_an_acceptance_that_cannot_be_written_is_no_acceptance() -> None:
    class Forgetful(LoggedJournal):
        def settle(self, key: int, state: BatchState, *, status: int | None, now: float) -> None:
            raise LedgerDamaged(f"gone: {key} {state} {status} {now}")

    segment = FakeSegment([])
    tally = deliver_virtually([batch_of(range(5))], edge_for(segment, journal=Forgetful(segment.log)))
    assert counts(tally) == {"in_doubt": 5}
    assert tally.stopped is not None
    assert tally.stopped.reason is StopReason.ERROR


def test_a_batch_that_never_connected_was_never_intended_and_costs_no_tokens() -> None:
    segment = FakeSegment([never_connected(), OK])
    tally = deliver_virtually([batch_of([1])], edge_for(segment))
    assert [step for step, _ in segment.log] == ["intent", "first byte", "accepted"]
    assert (tally.requests, tally.retries) == (1, 0)
    assert tally.statuses == {"connect": 1, "200": 1}


def test_retries_carry_the_same_bytes_and_say_how_many_went_before() -> None:
    segment = FakeSegment([status(503), status(429), lost_after_body(stored=True), OK])
    tally = deliver_virtually([batch_of([1, 2])], edge_for(segment))
    assert segment.requests == [((1, 2), 0), ((1, 2), 1), ((1, 2), 2), ((1, 2), 3)]
    assert all(len(encodings) == 1 for encodings in segment.wire.values())
    assert (tally.requests, tally.retries) == (4, 3)
    assert counts(tally) == {"accepted": 2}


def test_retry_after_pauses_the_whole_run() -> None:
    segment = FakeSegment([status(429, retry_after="120")])
    observer = Noting()
    tally = deliver_virtually(batches_of(200, 1), edge_for(segment, observer=observer))
    times = [when for when, _ in segment.first_bytes]
    answered = times[0] + 0.2
    assert not [when for when in times if answered < when < answered + 120]
    assert observer.pauses == [(120, "HTTP 429")]
    assert observer.resumptions == 1
    assert tally.paused_seconds == pytest.approx(120)
    assert counts(tally) == {"accepted": 200}


def test_a_pause_shuts_the_gate_before_who_waits_there_for_tokens() -> None:
    segment = FakeSegment([status(429, retry_after="30")])
    tally = deliver_virtually(batches_of(20, 1), edge_for(segment, throttle=slow_throttle()))
    times = [when - segment.first_bytes[0][0] for when, _ in segment.first_bytes]
    assert times[1] == pytest.approx(30.2)
    assert counts(tally) == {"accepted": 20}


def test_a_stop_shuts_the_gate_before_who_waits_there_for_tokens() -> None:
    segment = FakeSegment([status(401)])
    deliver_virtually(batches_of(20, 1), edge_for(segment, throttle=slow_throttle()))
    assert len(segment.requests) == 1


def test_a_doubt_is_not_lifted_by_a_later_429() -> None:
    segment = FakeSegment([status(503, body_left=True), *[status(429)] * 500])
    tally = deliver_virtually([batch_of([1])], edge_for(segment, patience_s=100.0))
    assert counts(tally) == {"in_doubt": 1}
    assert set(outcomes_of(segment)) == {"in_doubt"}


def outcomes_of(segment: FakeSegment) -> list[str]:
    return [step for step, _ in segment.log if step not in {"intent", "first byte"}]


def test_a_doubt_is_not_lifted_by_a_later_refusal_nor_by_halving() -> None:
    segment = FakeSegment([lost_after_body(stored=True), *[status(400)] * 99])
    journal = LoggedJournal(segment.log)
    observer = Noting()
    tally = deliver_virtually([batch_of([1, 2, 3])], edge_for(segment, journal=journal, observer=observer))
    assert counts(tally) == {"in_doubt": 3}
    assert observer.refusals == []
    assert {entry.state for entry in journal.entries.values()} == {BatchState.IN_DOUBT}
    assert {entry.doubtful_since for entry in journal.entries.values()} == {WALL_AT_START}


def test_a_429_alone_leaves_no_doubt() -> None:
    segment = FakeSegment([status(429)] * 1_000)
    tally = deliver_virtually([batch_of([1])], edge_for(segment, patience_s=60.0))
    assert counts(tally) == {"pending": 1}


def test_a_doubt_older_than_the_window_is_left_alone() -> None:
    segment = FakeSegment([lost_after_body(stored=True), *[never_connected()] * 99])
    tally = deliver_virtually([batch_of([1, 2])], edge_for(segment, dedup_window_s=50.0, patience_s=HOUR_S))
    assert len(segment.requests) == 1
    assert counts(tally) == {"in_doubt": 2}
    assert tally.stopped is None


def test_a_doubt_that_grows_old_during_a_pause_is_left_alone_after_it() -> None:
    segment = FakeSegment([status(503, retry_after="100")])
    tally = deliver_virtually([batch_of([1, 2])], edge_for(segment, dedup_window_s=50.0))
    assert len(segment.requests) == 1
    assert counts(tally) == {"in_doubt": 2}


def test_a_window_of_zero_never_sends_again_what_may_be_in() -> None:
    segment = FakeSegment([lost_after_body(stored=True)])
    tally = deliver_virtually(batches_of(4, 2), edge_for(segment, dedup_window_s=0.0))
    assert segment.stored == dict.fromkeys(range(4), 1)
    assert counts(tally) == {"accepted": 2, "in_doubt": 2}


def test_the_doubts_age_goes_by_the_wall_so_a_night_asleep_counts() -> None:
    clock = VirtualClock()

    def decide(_batch: Batch, retry_count: int) -> Reply:
        assert retry_count == 0
        clock.wall_offset += 30 * HOUR_S
        return lost_after_body(stored=True)

    segment = FakeSegment(decide)
    tally = deliver_virtually([batch_of([1])], edge_for(segment, clock=clock, dedup_window_s=20 * HOUR_S))
    assert counts(tally) == {"in_doubt": 1}
    assert len(segment.requests) == 1


@pytest.mark.parametrize("since", [WALL_AT_START - 21 * HOUR_S, WALL_AT_START + 60])
def test_ids_in_doubt_from_before_are_not_sent_when_old_or_stamped_in_the_future(since: float) -> None:
    segment = FakeSegment([])
    tally = deliver_virtually(
        [batch_of([1, 2])], edge_for(segment, doubtful=lambda _: since, dedup_window_s=20 * HOUR_S)
    )
    assert segment.requests == []
    assert counts(tally) == {"in_doubt": 2}


def test_ids_in_doubt_from_before_are_sent_while_young_and_the_journal_is_told() -> None:
    segment = FakeSegment([])
    journal = LoggedJournal(segment.log)
    since = WALL_AT_START - HOUR_S
    edge = edge_for(segment, journal=journal, doubtful=lambda _: since, dedup_window_s=20 * HOUR_S)
    assert counts(deliver_virtually([batch_of([1])], edge)) == {"accepted": 1}
    assert journal.entries[1].doubtful_since == since


def test_one_bad_event_is_found_by_halving_and_the_rest_goes_on() -> None:
    segment = FakeSegment(poisoned(13))
    journal, observer = LoggedJournal(segment.log), Noting()
    tally = deliver_virtually(batches_of(40, 20), edge_for(segment, journal=journal, observer=observer))
    assert counts(tally) == {"accepted": 39, "refused": 1}
    assert observer.refusals == [(13, 400, "bad")]
    assert 13 not in segment.stored
    assert max(segment.stored.values()) == 1
    assert journal.states()[13] is BatchState.REFUSED
    assert tally.stopped is None
    assert ("split", tuple(range(20))) in segment.log


def test_more_than_twenty_refused_alone_stop_the_run() -> None:
    segment = FakeSegment(poisoned(*range(0, 4_000, 40)))
    tally = deliver_virtually(batches_of(4_000, 80), edge_for(segment))
    assert tally.stopped is not None
    assert tally.stopped.reason is StopReason.DESTINATION
    assert tally.refused >= 21
    assert tally.refused <= 21 + 8


def test_exactly_twenty_refused_alone_do_not() -> None:
    segment = FakeSegment(poisoned(*range(0, 800, 40)))
    tally = deliver_virtually(batches_of(1_600, 80), edge_for(segment))
    assert tally.stopped is None
    assert counts(tally) == {"accepted": 1_580, "refused": 20}


def test_a_batch_of_which_every_event_is_refused_alone_stops_the_run() -> None:
    segment = FakeSegment(poisoned(*range(10, 15)))
    edge = edge_for(segment)
    tally = deliver_virtually(batches_of(500, 5), edge)
    assert tally.stopped is not None
    assert tally.stopped.reason is StopReason.DESTINATION
    assert tally.refused == 5


def test_a_single_event_refused_among_accepted_ones_is_just_refused() -> None:
    segment = FakeSegment(poisoned(20))
    tally = deliver_virtually(batches_of(21, 10), edge_for(segment))
    assert counts(tally) == {"accepted": 20, "refused": 1}
    assert tally.stopped is None


@pytest.mark.parametrize(
    ("code", "state"), [(401, "pending"), (404, "pending"), (302, "pending"), (501, "in_doubt")]
)
def test_a_final_status_stops_the_run_and_its_events_stay(code: int, state: str) -> None:
    segment = FakeSegment(lambda _batch, _retries: status(code))
    rest = iter(batches_of(1_000, 10))
    tally = deliver_virtually(rest, edge_for(segment))
    assert tally.stopped is not None
    assert tally.stopped.reason is StopReason.DESTINATION
    assert str(code) in tally.stopped.message
    counted = counts(tally)
    assert counted.get(state, 0) >= 10
    assert sum(counted.values()) + sum(map(len, rest)) == 1_000


def test_what_is_in_flight_when_the_run_stops_is_finished_and_settled() -> None:
    slow = Reply(stored=True, latency_s=5.0)
    segment = FakeSegment([slow, slow, status(403)])
    rest = iter(batches_of(1_000, 10))
    tally = deliver_virtually(rest, edge_for(segment))
    assert tally.accepted >= 20
    assert segment.stored.keys() >= set(range(20))
    assert sum(counts(tally).values()) + sum(map(len, rest)) == 1_000


@pytest.mark.parametrize(
    "outcome", [Answer(200, genuine=False), Answer(200, body_left=False), Answer(204, genuine=False)]
)
def test_an_answer_that_is_not_segments_stops_the_run_in_doubt(outcome: Answer) -> None:
    segment = FakeSegment([Reply(outcome)])
    journal = LoggedJournal(segment.log)
    tally = deliver_virtually([batch_of([1, 2])], edge_for(segment, journal=journal))
    assert counts(tally) == {"in_doubt": 2}
    assert tally.stopped is not None
    assert journal.entries[1].state is BatchState.IN_DOUBT


@pytest.mark.parametrize(
    "reply", [never_connected(0.1), status(503), status(429), status(429, retry_after="7")]
)
def test_a_run_without_an_acceptance_ends_when_its_patience_does(reply: Reply) -> None:
    segment = FakeSegment(lambda _batch, _retries: reply)
    clock = VirtualClock()

    async def timed() -> tuple[DeliveryCounts, float]:
        began = clock.monotonic()
        tally = await deliver(iter(batches_of(400, 10)), edge_for(segment, clock=clock))
        return tally, clock.monotonic() - began

    tally, took_s = run_virtually(timed)
    assert tally.stopped is not None
    assert tally.stopped.reason is StopReason.PATIENCE
    assert HOUR_S <= took_s < HOUR_S + 1
    assert tally.accepted == 0


def test_each_acceptance_renews_the_patience() -> None:
    segment = FakeSegment([Reply(stored=True, latency_s=80.0)] * 10)
    tally = deliver_virtually([batch_of([n]) for n in range(40)], edge_for(segment, patience_s=100.0))
    assert tally.stopped is None


def test_time_spent_upstream_costs_no_patience() -> None:
    def slow_source() -> Iterator[Batch | None]:
        for batch in batches_of(3, 1):
            for _ in range(50):
                spend(10.0)
                yield None
            yield batch

    tally = deliver_virtually(slow_source(), edge_for(FakeSegment([]), patience_s=100.0))
    assert tally.stopped is None
    assert counts(tally) == {"accepted": 3}


def test_answers_are_read_while_the_next_batch_is_long_in_the_making() -> None:
    told, told_before = list[int](), list[int]()

    class Told(NullObserver):
        def accepted(self, events: int) -> None:
            told.append(events)

    def source() -> Iterator[Batch | None]:
        yield batch_of(range(10))
        for _ in range(100):
            spend(0.1)
            yield None
        told_before.extend(told)
        yield batch_of(range(10, 20))

    tally = deliver_virtually(source(), edge_for(FakeSegment([]), observer=Told()))
    assert told_before == [10]
    assert counts(tally) == {"accepted": 20}


def test_a_stop_is_heard_while_the_next_batch_is_long_in_the_making() -> None:
    halt, steps = StopSignal(), list[int]()

    def source() -> Iterator[Batch | None]:
        yield batch_of(range(10))
        for step in range(1_000):
            steps.append(step)
            if step == 7:
                halt.request()
            yield None
        yield batch_of(range(10, 20))

    tally = deliver_virtually(source(), edge_for(FakeSegment([]), halt=halt))
    assert counts(tally) == {"accepted": 10}
    assert tally.stopped is not None
    assert tally.stopped.reason is StopReason.INTERRUPTED
    assert len(steps) < 12


def test_when_nothing_answers_the_run_stands_still_but_for_a_probe_a_minute() -> None:
    tries: list[float] = []
    clock = VirtualClock()

    def decide(_batch: Batch, _retry_count: int) -> Reply:
        tries.append(clock.monotonic())
        return never_connected(0.0)

    observer = Noting()
    segment = FakeSegment(decide)
    deliver_virtually(batches_of(900, 10), edge_for(segment, clock=clock, observer=observer))
    gaps = [after - before for before, after in pairwise(tries)]
    settled = gaps[SILENT_AFTER + 10 :]
    assert len(settled) > 40
    assert min(settled) >= 60
    assert max(settled) < 61
    assert observer.pauses


def test_in_a_silence_no_two_batches_are_on_their_way() -> None:
    segment = FakeSegment(lambda _batch, _retries: Reply(Answer(429), latency_s=5.0))
    edge = edge_for(segment, throttle=slow_throttle(), draw=lambda: 0.0, patience_s=300.0)
    deliver_virtually(batches_of(900, 1), edge)
    times = [when for when, _ in segment.first_bytes]
    silent_since = times[SILENT_AFTER - 1] + 5
    probes = [when for when in times if when > silent_since]
    assert len(probes) > 5
    assert min(after - before for before, after in pairwise(probes)) >= 5


def test_after_a_silence_the_run_goes_on_at_full_width() -> None:
    clock = VirtualClock()

    def decide(_batch: Batch, _retry_count: int) -> Reply:
        return never_connected(0.0) if clock.monotonic() < 1_600 else OK

    segment = FakeSegment(decide)
    tally = deliver_virtually(batches_of(900, 10), edge_for(segment, clock=clock))
    assert counts(tally) == {"accepted": 900}
    first, last = segment.first_bytes[0][0], segment.first_bytes[-1][0]
    assert first < 1_661
    assert last - first < 90 * 0.2 / 4


def test_batches_are_drawn_one_at_a_time_and_no_more_than_are_on_their_way() -> None:
    drawn = 0

    def source() -> Iterator[Batch]:
        nonlocal drawn
        for batch in batches_of(1_000, 10):
            drawn += 1
            assert drawn - len(segment.requests) <= 5
            yield batch

    segment = FakeSegment([])
    tally = deliver_virtually(source(), edge_for(segment, throttle=slow_throttle()))
    assert counts(tally) == {"accepted": 1_000}
    assert drawn == 100


def test_an_error_upstream_ends_the_run_after_what_is_in_flight_was_settled() -> None:
    def source() -> Iterator[Batch | None]:
        yield batch_of(range(10))
        yield from [None] * 20
        raise InputChanged("changed", hint="again")

    segment = FakeSegment(lambda _batch, _retries: Reply(stored=True, latency_s=0.1))
    tally = deliver_virtually(source(), edge_for(segment))
    assert counts(tally) == {"accepted": 10}
    assert tally.stopped is not None
    assert isinstance(tally.stopped.error, InputChanged)


def test_an_error_of_the_observers_ends_the_run_and_counts_nothing_twice() -> None:
    class Broken(NullObserver):
        def accepted(self, events: int) -> None:
            raise OSError(28, f"no space for {events}")

    segment = FakeSegment([])
    tally = deliver_virtually([batch_of(range(10))], edge_for(segment, observer=Broken()))
    assert counts(tally) == {"accepted": 10}
    assert tally.stopped is not None
    assert isinstance(tally.stopped.error, OSError)


def _halted(
    *requests_at_s: float, replies: Callable[[Batch, int], Reply]
) -> tuple[DeliveryCounts, float, FakeSegment]:
    halt, clock = StopSignal(), VirtualClock()
    segment = FakeSegment(replies)

    async def ask() -> None:
        for when in requests_at_s:
            await anyio.sleep(when)
            halt.request()

    async def both() -> tuple[DeliveryCounts, float]:
        began = clock.monotonic()
        async with anyio.create_task_group() as group:
            group.start_soon(ask)
            tally = await deliver(iter(batches_of(10_000, 10)), edge_for(segment, halt=halt, clock=clock))
            took_s = clock.monotonic() - began
            group.cancel_scope.cancel()
        return tally, took_s

    tally, took_s = run_virtually(both)
    return tally, took_s, segment


def test_a_stop_ends_every_wait_at_once() -> None:
    tally, took_s, _ = _halted(10.0, replies=lambda _batch, _retries: status(429, retry_after="300"))
    assert took_s == pytest.approx(10.0, abs=0.01)
    assert tally.stopped is not None
    assert tally.stopped.reason is StopReason.INTERRUPTED
    assert tally.accepted == 0


def test_a_stop_ends_a_backoff_too() -> None:
    halt, clock = StopSignal(), VirtualClock()
    segment = FakeSegment(lambda _batch, _retries: status(429))
    edge = edge_for(segment, halt=halt, clock=clock, draw=lambda: 0.999)

    async def main() -> float:
        began = clock.monotonic()
        asyncio.get_running_loop().call_later(2.6, halt.request)  # the third backoff is from 2.1 to 4.1
        await deliver(iter([batch_of([1])]), edge)
        return clock.monotonic() - began

    assert run_virtually(main) == pytest.approx(2.6, abs=0.01)


def test_a_batch_that_was_being_drawn_when_the_user_insisted_is_counted() -> None:
    halt = StopSignal()

    def source() -> Iterator[Batch]:
        for number, batch in enumerate(batches_of(100, 10)):
            if number == 2:
                halt.request()
                halt.request()
            yield batch

    rest = source()
    tally = deliver_virtually(rest, edge_for(FakeSegment([]), halt=halt))
    assert tally.batches == 3
    assert sum(counts(tally).values()) == 30
    assert sum(map(len, rest)) == 70


def test_a_stop_lets_what_is_in_flight_finish() -> None:
    tally, took_s, segment = _halted(2.5, replies=lambda _batch, _retries: Reply(stored=True, latency_s=1.0))
    assert 2.5 < took_s <= 3.5
    assert tally.accepted == len(segment.stored)
    assert tally.in_doubt == 0


def test_a_second_stop_does_not_wait_and_leaves_what_was_in_flight_in_doubt() -> None:
    tally, took_s, segment = _halted(
        2.5, 0.1, replies=lambda _batch, _retries: Reply(stored=True, latency_s=9.0)
    )
    assert took_s == pytest.approx(2.6, abs=0.01)
    assert tally.in_doubt == len(segment.stored) > 0
    assert outcomes_of(segment).count("in_doubt") == len(segment.requests)


def test_a_stop_that_came_before_the_run_sends_nothing() -> None:
    halt = StopSignal()
    halt.request()
    segment = FakeSegment([])
    rest = iter(batches_of(30, 10))
    tally = deliver_virtually(rest, edge_for(segment, halt=halt))
    assert segment.requests == []
    assert sum(map(len, rest)) + tally.pending == 30


def test_a_failure_that_left_no_body_is_pending_however_it_looked() -> None:
    cut = Reply(Failure(FailureKind.CUT, body_left=False))
    segment = FakeSegment(lambda _batch, _retries: cut)
    tally = deliver_virtually([batch_of([1])], edge_for(segment, patience_s=30.0))
    assert counts(tally) == {"pending": 1}


def test_a_stop_from_another_thread_ends_a_real_wait() -> None:
    halt = StopSignal()

    class Asking(NullObserver):
        def paused(self, seconds: float, reason: str) -> None:
            assert (seconds, reason) == (300, "HTTP 429")
            threading.Timer(0.01, halt.request).start()

    segment = FakeSegment(lambda _batch, _retries: status(429, retry_after="300"))
    edge = DeliveryContext(
        client=segment, throttle=unlimited(), journal=MemoryJournal(), observer=Asking(), halt=halt
    )
    tally = anyio.run(deliver, iter(batches_of(20, 10)), edge)
    assert tally.stopped is not None
    assert tally.stopped.reason is StopReason.INTERRUPTED
    assert tally.pending == tally.batches * 10


def test_no_batches_are_no_work() -> None:
    assert deliver_virtually([], edge_for(FakeSegment([]))) == DeliveryCounts()
