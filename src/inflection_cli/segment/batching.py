"""Build batches from messages, in order and within exact limits."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from itertools import accumulate, chain

from inflection_cli.model import Batch
from inflection_cli.segment.limits import MAX_BATCH_EVENTS, MAX_BODY_BYTES


def batches(
    messages: Iterable[Batch | None],
    *,
    max_events: int = MAX_BATCH_EVENTS,
    max_bytes: int = MAX_BODY_BYTES,
    envelope_bytes: int,
) -> Iterator[Batch | None]:
    """Yield each batch as soon as the next message would not fit.

    Args:
        messages: In portions of any size, as they come; None, which may stand between them, is passed on.
        max_events: The most messages in a batch, at least 1.
        max_bytes: The most bytes of a body: envelope, messages, and the commas between them.
        envelope_bytes: What the body holds beside messages and commas.

    Raises:
        ValueError: A limit is below 1, or a message does not fit even alone.
    """
    if max_events < 1:
        raise ValueError(f"a batch must be allowed at least one event, not {max_events}")
    room = max_bytes - envelope_bytes + 1  # each message counts with a comma; the last one has none
    held: list[Batch] = []
    events = used = 0
    for portion in messages:
        if portion is None:
            yield None
            continue
        ends = list(accumulate(len(message) + 1 for message in portion.wire))
        start = before = 0
        while start < len(ends):
            stop = min(bisect_right(ends, room - used + before, start), start + max_events - events)
            if stop > start:
                held.append(portion.part(start, stop))
                events += stop - start
                used += ends[stop - 1] - before
                start, before = stop, ends[stop - 1]
            elif held:
                yield _joined(held)
                held, events, used = [], 0, 0
            else:
                size, ordinal = ends[start] - before - 1, portion.ordinals[start]
                raise ValueError(f"message {ordinal} has {size} bytes; {room - 1} fit into a body")
    if held:
        yield _joined(held)


def _joined(parts: list[Batch]) -> Batch:
    if len(parts) == 1:
        return parts[0]
    return Batch(
        list(chain.from_iterable(part.ordinals for part in parts)),
        list(chain.from_iterable(part.content_ids for part in parts)),
        list(chain.from_iterable(part.content_hashes for part in parts)),
        list(chain.from_iterable(part.wire for part in parts)),
    )
