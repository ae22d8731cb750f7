"""Pass 2: convert the planned input again and yield what is sent."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import compress
from typing import Final, TypeVar

from inflection_cli.backfilling.chunk_work import ToSend, WireIds, encoded
from inflection_cli.backfilling.plan import DIGEST_BYTES, Plan
from inflection_cli.backfilling.spill import ChunkIds
from inflection_cli.converting.chunk_task import AS_CHUNKS, ChunkTask
from inflection_cli.errors import InputChanged, InputError
from inflection_cli.model import Batch, Chunk, Disposition

R = TypeVar("R")
UNSENT: Final = frozenset(
    {Disposition.SEND, Disposition.ELSEWHERE, Disposition.REFUSED, Disposition.CHANGED_BACK}
)
"""What is to go out and is not unconfirmed."""

SENT: Final = UNSENT | {Disposition.RESEND}


def outgoing(
    plan: Plan, wire_ids: WireIds, anew: Callable[[bytes], bytes] = lambda content_id: content_id
) -> Iterator[Batch | None]:
    """Yield the rows' messages to send, in input order, by chunk.

    Args:
        plan: Its input is read again, and what is to be sent of it converted.
        wire_ids: Binds content ids to the destination, 16 bytes for 16 bytes; picklable where workers do it.
        anew: Makes another content id for a state that comes back.

    Yields:
        None for each chunk, so that a reader who has other things to do hears of it; then what it sends, if any.

    Raises:
        InputChanged: A chunk is not the one that was planned; none of it has been yielded.
    """
    assert plan.complete
    starts, asked = plan.identities.starts, dict[int, tuple[ChunkIds, Sequence[bool] | None]]()

    def argument(number: int) -> ToSend | None:
        first, events = starts[number], starts[number + 1] - starts[number]
        keep = _kept_of(plan, first, events)
        if not events or (keep is not None and not any(keep)):
            return None
        asked[number] = _identities(plan, number, anew), keep
        return ToSend(asked[number][0].content_ids, plan.linking.users_of_chunk(number))

    # A file that has grown has pieces that were not planned.
    task = ChunkTask(partial(encoded, wire_ids), lambda n: argument(n) if n < plan.chunk_count else None)
    for number, _, wire in unchanged_chunks(plan, task):
        yield None
        if number in asked:
            assert wire is not None
            identities, keep = asked.pop(number)
            batch = Batch(range(starts[number], starts[number + 1]), *identities, wire)
            yield batch if keep is None else kept(batch, keep)


def _identities(plan: Plan, number: int, anew: Callable[[bytes], bytes]) -> ChunkIds:
    """Return a chunk's ids; those of returned states are new."""
    first, found = plan.identities.starts[number], plan.identities.of(number)
    assert plan.dispositions is not None
    if not plan.dispositions.counts[Disposition.CHANGED_BACK]:
        return found
    is_back = [
        plan.dispositions.one(n) is Disposition.CHANGED_BACK
        for n in range(first, first + len(found.content_ids))
    ]
    ids = [anew(each) if back else each for each, back in zip(found.content_ids, is_back, strict=True)]
    return found._replace(content_ids=ids)


def _kept_of(plan: Plan, first: int, events: int) -> Sequence[bool] | None:
    """Return for each event whether it is sent; None where all are."""
    assert plan.dispositions is not None
    dispositions = plan.dispositions.of(first, events)
    return None if dispositions is None else [disposition in SENT for disposition in dispositions]


def kept(batch: Batch, keep: Sequence[bool]) -> Batch:
    """Return the messages of a batch that are to be kept."""
    return Batch(
        list(compress(batch.ordinals, keep)),
        list(compress(batch.content_ids, keep)),
        list(compress(batch.content_hashes, keep)),
        list(compress(batch.wire, keep)),
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
            if digests[number * DIGEST_BYTES : (number + 1) * DIGEST_BYTES] != chunk.digest:
                raise _changed(chunk.file, f"after line {chunk.lines[0] if chunk.lines else '?'}")
            yield number, chunk, result
    except InputError as error:
        raise _changed(plan.inputs[0].path, error.message) from error
    if (number + 1) * DIGEST_BYTES != len(digests):
        raise _changed(plan.inputs[-1].path, "it is shorter")


def _changed(file: str, what: str) -> InputChanged:
    return InputChanged(
        f"{file} is not the file that was checked a moment ago: {what}",
        hint="let its export come to an end, then run the same command again",
    )
