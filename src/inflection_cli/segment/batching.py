"""Messages to batches: greedy, in order, and within each limit to the byte."""

from collections.abc import Iterable, Iterator

from inflection_cli.model import Batch, Message
from inflection_cli.segment.limits import MAX_BATCH_EVENTS, MAX_BODY_BYTES


def batches(
    messages: Iterable[tuple[Message, bytes]],
    *,
    max_events: int = MAX_BATCH_EVENTS,
    max_bytes: int = MAX_BODY_BYTES,
    envelope_bytes: int,
) -> Iterator[Batch]:
    """Fill batches one after the other; a batch is given out as soon as the next message would not fit.

    Args:
        messages: Each message with its JSON as it is sent.
        max_events: The most messages in a batch, at least 1.
        max_bytes: The most bytes of a body: envelope, messages, and the commas between them.
        envelope_bytes: What the body holds beside messages and commas.

    Raises:
        ValueError: A limit is below 1, or a message does not fit even alone.
    """
    if max_events < 1:
        raise ValueError(f"a batch must be allowed at least one event, not {max_events}")
    room = max_bytes - envelope_bytes
    held: list[Message] = []
    wire: list[bytes] = []
    used = 0
    for message, encoded in messages:
        size = len(encoded)
        if held and (used + 1 + size > room or len(held) == max_events):
            yield Batch(tuple(held), tuple(wire))
            held, wire, used = [], [], 0
        if size > room:
            raise ValueError(f"message {message.ordinal} has {size} bytes; {room} fit into a body")
        used += size + (1 if held else 0)
        held.append(message)
        wire.append(encoded)
    if held:
        yield Batch(tuple(held), tuple(wire))
