"""The batcher keeps order, loses nothing, and meets each limit to the byte."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inflection_cli.model import Batch
from inflection_cli.segment.batching import batches
from inflection_cli.segment.limits import MAX_BATCH_EVENTS, max_batch_events


def _portion(first: int, sizes: list[int]) -> Batch:
    ordinals = range(first, first + len(sizes))
    ids = [n.to_bytes(16) for n in ordinals]
    return Batch(ordinals, ids, list(ordinals), [b"%d" % (n % 10) * size for n, size in enumerate(sizes)])


def _portions(sizes: list[int], cuts: list[int]) -> list[Batch]:
    edges = sorted({0, len(sizes), *(cut for cut in cuts if cut < len(sizes))})
    return [_portion(start, sizes[start:stop]) for start, stop in pairwise(edges)]


def _spaced(portions: list[Batch]) -> Iterator[Batch | None]:
    for portion in portions:
        yield None
        yield portion


def _flat(parts: list[Batch]) -> list[tuple[int, bytes, int, bytes]]:
    return [
        each
        for part in parts
        for each in zip(part.ordinals, part.content_ids, part.content_hashes, part.wire, strict=True)
    ]


def _body_bytes(wire: Sequence[bytes], envelope_bytes: int) -> int:
    return len(b",".join(wire)) + envelope_bytes


@given(
    sizes=st.lists(st.integers(1, 40), max_size=60),
    cuts=st.lists(st.integers(0, 59), max_size=8),
    max_events=st.integers(1, 9),
    max_bytes=st.integers(50, 130),
    envelope_bytes=st.integers(0, 10),
)
def test_messages_come_out_in_order_within_limits_and_no_batch_had_room_for_the_next(
    sizes: list[int], cuts: list[int], max_events: int, max_bytes: int, envelope_bytes: int
) -> None:
    portions = _portions(sizes, cuts)
    steps = list(
        batches(_spaced(portions), max_events=max_events, max_bytes=max_bytes, envelope_bytes=envelope_bytes)
    )
    assert steps.count(None) == len(portions)
    made = [batch for batch in steps if batch is not None]
    assert _flat(made) == _flat(portions)
    for batch in made:
        assert 1 <= len(batch) <= max_events
        assert _body_bytes(batch.wire, envelope_bytes) <= max_bytes
    for batch, following in pairwise(made):
        fuller = (*batch.wire, following.wire[0])
        assert len(fuller) > max_events or _body_bytes(fuller, envelope_bytes) > max_bytes


def test_a_body_may_be_full_to_the_last_byte() -> None:
    portion = _portion(0, [60, 29])
    assert [len(b or ()) for b in batches([portion], max_bytes=100, envelope_bytes=10)] == [2]
    assert [len(b or ()) for b in batches([portion], max_bytes=99, envelope_bytes=10)] == [1, 1]


def test_a_message_that_fits_no_body_is_named() -> None:
    with pytest.raises(ValueError, match="message 1 has 91 bytes; 90 fit"):
        list(batches([_portion(0, [5, 91])], max_bytes=100, envelope_bytes=10))


def test_a_batch_of_no_events_is_no_limit() -> None:
    with pytest.raises(ValueError, match="at least one"):
        list(batches([], max_events=0, envelope_bytes=0))


def test_a_batch_is_given_out_as_soon_as_a_further_message_would_not_fit() -> None:
    drawn = []

    def source() -> Iterator[Batch]:
        for n in range(10):
            drawn.append(n)
            yield _portion(n, [10])

    next(batches(source(), max_events=3, envelope_bytes=0))
    assert len(drawn) == 4


@pytest.mark.parametrize(
    ("events_per_second", "events"), [(500, 50), (5, 1), (0.5, 1), (0, MAX_BATCH_EVENTS), (1e9, 2_500)]
)
def test_a_tenth_of_the_event_rate_makes_a_batch(events_per_second: float, events: int) -> None:
    assert max_batch_events(events_per_second) == events
