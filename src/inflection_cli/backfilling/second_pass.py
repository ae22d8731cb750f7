"""Pass 2: convert the planned input again and yield what is sent."""

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import compress
from typing import Final, TypeVar

from inflection_cli.backfilling.chunk_work import WireIds, encoded
from inflection_cli.backfilling.event_store import ChunkIds
from inflection_cli.backfilling.plan import Plan
from inflection_cli.converting.chunk_task import AS_CHUNKS, ChunkTask
from inflection_cli.errors import InputChanged, InputError
from inflection_cli.model import Batch, Chunk, Disposition

R = TypeVar("R")
_DIGEST_BYTES: Final = 16
SENT: Final = frozenset({Disposition.SEND, Disposition.RESEND, Disposition.ELSEWHERE, Disposition.REFUSED})


def outgoing(plan: Plan, wire_ids: WireIds) -> Iterator[Batch | None]:
    """Yield the messages to send, in input order, chunk by chunk.

    Args:
        plan: Its input is read again, and what is to be sent of it converted.
        wire_ids: Binds content ids to the destination, 16 bytes for 16 bytes; picklable where workers do it.

    Yields:
        None for each chunk, so that a reader who has other things to do hears of it; then what it sends, if any.

    Raises:
        InputChanged: A chunk is not the one that was planned; none of it has been yielded.
    """
    assert plan.complete
    asked: dict[int, tuple[ChunkIds, Sequence[bool] | None]] = {}

    def argument(number: int) -> tuple[Sequence[bytes], Sequence[bool] | None] | None:
        found = _to_send(plan, number)
        if found is None:
            return None
        asked[number] = found
        return found[0].content_ids, found[1]

    task = ChunkTask(partial(encoded, wire_ids), argument)
    for number, _, wire in unchanged_chunks(plan, task):
        yield None
        if wire is not None:
            events, keep = asked.pop(number)
            first = plan.identities.starts[number]
            yield _kept(range(first, first + len(events.content_ids)), events, keep, wire)


def _to_send(plan: Plan, number: int) -> tuple[ChunkIds, Sequence[bool] | None] | None:
    """Return a chunk's events and which of them are sent, or None."""
    starts = plan.identities.starts
    if number + 1 >= len(starts) or starts[number] == starts[number + 1]:
        return None
    assert plan.dispositions is not None
    dispositions = plan.dispositions.of(starts[number], starts[number + 1] - starts[number])
    keep = None if dispositions is None else [disposition in SENT for disposition in dispositions]
    return None if keep is not None and not any(keep) else (plan.identities.of(number), keep)


def _kept(
    ordinals: Sequence[int],
    events: ChunkIds,
    keep: Sequence[bool] | None,
    wire: Sequence[bytes],
) -> Batch:
    """Return the messages that are sent as a batch."""
    if keep is None:
        return Batch(ordinals, *events, wire)
    return Batch(
        list(compress(ordinals, keep)),
        list(compress(events.content_ids, keep)),
        list(compress(events.content_hashes, keep)),
        wire,
    )


def unchanged_chunks(
    plan: Plan,
    task: ChunkTask[R] = AS_CHUNKS,  # type: ignore[assignment]  # R is a Conversion then
) -> Iterator[tuple[int, Chunk, R]]:
    """Read the planned input again; yield number, chunk and result of each.

    Args:
        plan: What was planned.
        task: What is done with each chunk; by default its conversion is left to the caller.

    Raises:
        InputChanged: A chunk is not the one that was planned; it is not yielded.
    """
    digests, number = plan.digests, -1
    try:
        for number, (_, chunk, result) in enumerate(plan.chunks(task)):
            if digests[number * _DIGEST_BYTES : (number + 1) * _DIGEST_BYTES] != chunk.digest:
                raise _changed(chunk.file, f"after line {chunk.lines[0] if chunk.lines else '?'}")
            yield number, chunk, result
    except InputError as error:
        raise _changed(plan.inputs[0].path, error.message) from error
    if (number + 1) * _DIGEST_BYTES != len(digests):
        raise _changed(plan.inputs[-1].path, "it is shorter")


def _changed(file: str, what: str) -> InputChanged:
    return InputChanged(
        f"{file} is not the file that was checked a moment ago: {what}",
        hint="let its export come to an end, then run the same command again",
    )
