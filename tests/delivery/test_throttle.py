"""In any window of T seconds at most rate * T plus one batch leaves, and hardly less."""

from hypothesis import given
from hypothesis import strategies as st

from inflection_cli.delivery.throttle import Throttle

SLACK = 1e-6

rates = st.one_of(st.just(0.0), st.floats(0.5, 1_000))
sizes = st.lists(st.integers(1, 100), min_size=1, max_size=40)


def assert_no_window_holds_too_much(
    departures: list[tuple[float, int]], *, requests_per_second: float, events_per_second: float
) -> None:
    """Hold every window that begins and ends with a departure against both rates."""
    for first, (start, _) in enumerate(departures):
        events = 0
        for count, (end, size) in enumerate(departures[first:]):
            # "Plus one batch": the last one, so that the bound is as tight as it can be.
            if events_per_second:
                assert events <= events_per_second * (end - start) + SLACK
            if requests_per_second:
                assert count <= requests_per_second * (end - start) + SLACK
            events += size


@given(requests=rates, events=rates, sizes=sizes, idle=st.lists(st.floats(0, 5), min_size=40, max_size=40))
def test_no_window_holds_more_than_its_rate_plus_one_batch(
    requests: float, events: float, sizes: list[int], idle: list[float]
) -> None:
    throttle = Throttle(requests_per_second=requests, events_per_second=events)
    now, departures = 100.0, []
    for size, pause in zip(sizes, idle, strict=False):
        now += pause
        now += throttle.reserve(size, now)
        throttle.left(size, now)
        departures.append((now, size))
    assert_no_window_holds_too_much(departures, requests_per_second=requests, events_per_second=events)


@given(
    events=st.floats(0.5, 1_000),
    steps=st.lists(st.tuples(st.integers(1, 100), st.floats(0, 2), st.booleans()), min_size=1, max_size=40),
)
def test_neither_late_departures_nor_void_bookings_make_room_for_a_burst(
    events: float, steps: list[tuple[int, float, bool]]
) -> None:
    throttle = Throttle(requests_per_second=0, events_per_second=events)
    now, departures = 0.0, []
    for size, late, voided in steps:
        slot = now + throttle.reserve(size, now)
        if voided:
            throttle.void()
            now += late
            continue
        now = slot + late
        throttle.left(size, now)
        departures.append((now, size))
    assert_no_window_holds_too_much(departures, requests_per_second=0, events_per_second=events)


@given(requests=rates, events=rates, sizes=sizes)
def test_who_books_all_at_once_gets_the_whole_of_the_binding_rate(
    requests: float, events: float, sizes: list[int]
) -> None:
    throttle = Throttle(requests_per_second=requests, events_per_second=events)
    waits = [throttle.reserve(size, 0.0) for size in sizes]
    by_requests = (len(sizes) - 1) / requests if requests else 0.0
    costs = [max(1 / requests if requests else 0, n / events if events else 0) for n in sizes[:-1]]
    assert abs(waits[-1] - sum(costs)) < SLACK
    assert waits[-1] >= by_requests - SLACK
    assert waits == sorted(waits)


def test_a_pause_takes_bookings_back_but_not_what_has_left() -> None:
    throttle = Throttle(requests_per_second=0, events_per_second=10)
    assert throttle.reserve(5, 0.0) == 0
    throttle.left(5, 0.0)
    assert throttle.reserve(5, 0.0) == 0.5
    assert throttle.wait(0.0) == 1.0
    throttle.void()
    assert throttle.wait(0.0) == 0.5
    assert throttle.reserve(5, 9.0) == 0


def test_zero_lifts_a_limit() -> None:
    throttle = Throttle(requests_per_second=0, events_per_second=0)
    assert [throttle.reserve(2_500, 0.0) for _ in range(100)] == [0.0] * 100
