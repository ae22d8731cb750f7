"""The batcher keeps order, loses nothing, and meets each limit to the byte."""

from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inflection_cli.model import Message
from inflection_cli.segment.batching import batches
from inflection_cli.segment.limits import MAX_BATCH_EVENTS, max_batch_events


def _messages(sizes: list[int]) -> list[tuple[Message, bytes]]:
    return [(Message(n, bytes(16), bytes(8), b""), b"x" * size) for n, size in enumerate(sizes)]


def _body_bytes(wire: tuple[bytes, ...], envelope_bytes: int) -> int:
    return len(b",".join(wire)) + envelope_bytes


@given(
    sizes=st.lists(st.integers(1, 40), max_size=60),
    max_events=st.integers(1, 9),
    max_bytes=st.integers(50, 130),
    envelope_bytes=st.integers(0, 10),
)
def test_messages_come_out_in_order_within_limits_and_no_batch_had_room_for_the_next(
    sizes: list[int], max_events: int, max_bytes: int, envelope_bytes: int
) -> None:
    messages = _messages(sizes)
    made = list(batches(messages, max_events=max_events, max_bytes=max_bytes, envelope_bytes=envelope_bytes))
    assert [pair for b in made for pair in zip(b.messages, b.wire, strict=True)] == messages
    for batch in made:
        assert 1 <= len(batch) <= max_events
        assert _body_bytes(batch.wire, envelope_bytes) <= max_bytes
    for batch, following in pairwise(made):
        fuller = (*batch.wire, following.wire[0])
        assert len(fuller) > max_events or _body_bytes(fuller, envelope_bytes) > max_bytes


def test_a_body_may_be_full_to_the_last_byte() -> None:
    one, other = _messages([60, 29])[0], _messages([60, 29])[1]
    made = list(batches([one, other], max_bytes=100, envelope_bytes=10))
    assert [len(batch) for batch in made] == [2]
    assert [len(b) for b in batches([one, other], max_bytes=99, envelope_bytes=10)] == [1, 1]


def test_a_message_that_fits_no_body_is_named() -> None:
    with pytest.raises(ValueError, match="message 1 has 91 bytes; 90 fit"):
        list(batches(_messages([5, 91]), max_bytes=100, envelope_bytes=10))


def test_a_batch_of_no_events_is_no_limit() -> None:
    with pytest.raises(ValueError, match="at least one"):
        list(batches([], max_events=0, envelope_bytes=0))


def test_a_batch_is_given_out_before_more_than_one_further_message_is_drawn() -> None:
    drawn = []

    def source() -> Iterator[tuple[Message, bytes]]:
        for pair in _messages([10] * 10):
            drawn.append(pair)
            yield pair

    next(batches(source(), max_events=3, envelope_bytes=0))
    assert len(drawn) == 4


@pytest.mark.parametrize(
    ("events_per_second", "events"), [(500, 50), (5, 1), (0.5, 1), (0, MAX_BATCH_EVENTS), (1e9, 2_500)]
)
def test_a_tenth_of_the_event_rate_makes_a_batch(events_per_second: float, events: int) -> None:
    assert max_batch_events(events_per_second) == events
