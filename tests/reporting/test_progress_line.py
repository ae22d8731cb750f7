"""The words of the progress line: what they say, and that they fit."""

from hypothesis import given
from hypothesis import strategies as st

from inflection_cli.reporting.progress import reading_words
from inflection_cli.reporting.progress_line import DeliveryState, line_of, plain_line

NOW = 1_000.0


def at_work(accepted_each_s: int = 446, seconds: int = 28) -> DeliveryState:
    state = DeliveryState(49_997, NOW - seconds, 500.0)
    for second in range(seconds):
        state.rate.note(NOW - seconds + second, accepted_each_s)
        state.accepted += accepted_each_s
    return state


@given(
    st.integers(1, 250),
    st.tuples(*[st.integers(0, 10**9)] * 5),
    st.text(max_size=400),
    st.floats(0, 10**6),
)
def test_the_line_never_exceeds_the_width(
    width: int, counts: tuple[int, ...], reason: str, elapsed_s: float
) -> None:
    events, state_accepted, refused, unconfirmed, retries = counts
    state = DeliveryState(events, NOW - elapsed_s, 500.0, accepted=state_accepted, refused=refused)
    state.unconfirmed = state.doubts[reason] = unconfirmed
    state.retries[reason] = retries
    state.pause, state.paused_until = reason, NOW + 9
    line = line_of(state, NOW, width)
    assert line.cell_len <= width
    assert "\n" not in line.plain
    assert "\x1b" not in line.plain


def test_a_wide_line_has_everything() -> None:
    state = at_work()
    state.retries["HTTP 503 from h:1"] = 3
    state.unconfirmed, state.refused = 700, 2
    state.doubts["the connection was reset by h:1"] = 14
    assert plain_line(state, NOW) == (
        "26 % · 13,190 of 49,997 events · 446 events/s (limit 500) · 0:28 elapsed, about 1 min 23 s left"
        " · 3 retries (3 times HTTP 503 from h:1)"
        " · 700 unconfirmed (14 times the connection was reset by h:1) · 2 refused"
    )


def test_the_causes_of_retries_are_in_a_line_that_has_no_room_for_their_host() -> None:
    state = at_work()
    state.retries["HTTP 503 from 127.0.0.1:18715"] = 7
    state.retries["the connection was reset by 127.0.0.1:18715"] = 3
    assert "10 retries (HTTP 503, connection was reset)" in line_of(state, NOW, 135).plain
    assert " · 10 retries" in line_of(state, NOW, 90).plain


def test_events_that_were_accepted_before_count_as_done() -> None:
    state = DeliveryState(50_000, NOW, before=41_298)
    assert plain_line(state, NOW).startswith("82 % · 41,298 of 50,000 events")


def test_the_time_left_is_unknown_while_nothing_is_accepted() -> None:
    assert "0:28 elapsed, time left unknown" in plain_line(DeliveryState(100, NOW - 28, 500.0), NOW)


def test_the_time_left_is_unknown_once_nothing_came_for_a_minute() -> None:
    assert at_work().left_s(NOW) is not None
    assert at_work().left_s(NOW + 90) is None


def test_a_pause_is_counted_down_and_adds_to_the_time_left() -> None:
    state = at_work()
    left_s = state.left_s(NOW)
    state.pause, state.paused_until = "HTTP 429 from h:1", NOW + 12
    assert left_s is not None
    assert state.left_s(NOW) == left_s + 12
    assert plain_line(state, NOW).endswith("paused 12 s: HTTP 429 from h:1")
    assert plain_line(state, NOW + 3).endswith("paused 9 s: HTTP 429 from h:1")


def test_reading_says_how_far_it_is_by_bytes() -> None:
    assert (
        reading_words(48_200, 2_500_000, 10_000_000, 3.0)
        == "checking 25 % · 2.5 MB of 10.0 MB · 48,200 rows · 0:03 elapsed, about 9 s left"
    )
    assert reading_words(1, 80, 0, 65.0) == "checking 1 row · 1:05 elapsed"
