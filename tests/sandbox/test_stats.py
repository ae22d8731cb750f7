"""What a sandbox remembers: each message once, and numbers that add up."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from sandbox_support import batch, event

from inflection_cli.sandbox.faults import SourceState
from inflection_cli.sandbox.judge import Post, judge
from inflection_cli.sandbox.message_store import MessageStore
from inflection_cli.sandbox.stats import ReceivedStats

EVENTS = st.builds(
    event,
    st.integers(0, 5),
    userId=st.sampled_from(["u1", "", 5]),
    messageId=st.sampled_from(["a", "b", "c", "d", None, ""]),
    event=st.sampled_from(["Email Opened", "Link Clicked"]),
)


def received(memory: ReceivedStats, *events: Any) -> None:
    post = Post(call="batch", wire=batch(*events))
    verdict = judge(post, SourceState(), verbatim=True)
    memory.weighed(memory.arrived(0.5, 0), len(post.wire), verdict)
    memory.remember(verdict)


@given(st.lists(st.lists(EVENTS, min_size=1, max_size=6), max_size=8))
def test_the_numbers_are_those_of_a_plain_count(batches: list[list[dict[str, Any]]]) -> None:
    shelf = MessageStore(None)
    memory = ReceivedStats(1, shelf)
    everything = [one for events in batches for one in events]
    good = [one for one in everything if one["userId"] == "u1"]
    with_id = [one["messageId"] for one in good if one.get("messageId")]

    for events in batches:
        received(memory, *events)

    stats = memory.stats(9.0)
    assert stats["accepted"] == len(good)
    assert stats["unique"] == len(set(with_id)) + len(good) - len(with_id)
    assert stats["duplicate"] == stats["accepted"] - stats["unique"]
    assert stats["discarded"]["total"] == len(everything) - len(good)
    assert sum(stats["by_event"].values()) == sum(stats["by_type"].values()) == stats["unique"]
    assert b"".join(shelf.blocks()).count(b"\n") == stats["unique"]


def test_the_first_message_with_an_id_wins() -> None:
    memory = ReceivedStats(1, MessageStore(None))

    received(memory, event(1, event="First"), event(1, event="Second"))
    received(memory, event(1, event="Third"))

    assert memory.stats(1.0)["by_event"] == {"First": 1}
    assert memory.stats(1.0)["duplicate"] == 2


def test_the_largest_body_and_batch_are_remembered() -> None:
    memory = ReceivedStats(1)

    received(memory, event(1), event(2), event(3))
    received(memory, event(4))

    stats = memory.stats(1.0)
    largest = len(batch(event(1), event(2), event(3)))
    assert stats["max_batch_events"] == 3
    assert stats["max_body_bytes"] == largest
    assert stats["bytes"] == largest + len(batch(event(4)))


def test_arrivals_are_bounded_and_the_rest_is_counted() -> None:
    memory = ReceivedStats(1, max_arrivals=2)

    for number in range(5):
        received(memory, event(number))

    size = len(batch(event(0)))
    assert memory.stats(1.0)["arrivals"] == [[0.5, 1, size], [0.5, 1, size]]
    assert memory.stats(1.0)["arrivals_left_out"] == 3
    assert memory.stats(1.0)["requests"] == 5
