"""Pass 2: convert again what was planned, and take what is to be sent."""

from collections.abc import Callable, Iterator, Sequence
from itertools import compress
from typing import Final

from inflection_cli.errors import InputChanged, InputError
from inflection_cli.model import Batch, Chunk, Disposition
from inflection_cli.pipeline.convert import Converted
from inflection_cli.pipeline.plan import Plan

_DIGEST_BYTES: Final = 16
SENT: Final = frozenset({Disposition.SEND, Disposition.RESEND, Disposition.ELSEWHERE})


def outgoing(plan: Plan, wire_ids: Callable[[Sequence[bytes]], Sequence[bytes]]) -> Iterator[Batch]:
    """Yield the messages of a complete plan that are to be sent, in the order of the input, a chunk's at a time.

    Args:
        plan: Its input is converted again.
        wire_ids: Binds content ids to the destination, 16 bytes for 16 bytes.

    Raises:
        InputChanged: A chunk is not the one that was planned; none of it has been yielded.
    """
    assert plan.complete
    assert plan.dispositions is not None
    for first, _, converted in unchanged_chunks(plan):
        ids = converted.content_ids
        if not ids:
            continue
        wire = converted.encode(wire_ids(ids))
        batch = Batch(range(first, first + len(ids)), ids, converted.content_hashes, wire)
        dispositions = plan.dispositions.of(first, len(ids))
        if dispositions is not None:
            batch = _kept(batch, [disposition in SENT for disposition in dispositions])
        if len(batch):
            yield batch


def _kept(batch: Batch, keep: Sequence[bool]) -> Batch:
    return Batch(
        list(compress(batch.ordinals, keep)),
        list(compress(batch.content_ids, keep)),
        list(compress(batch.content_hashes, keep)),
        list(compress(batch.wire, keep)),
    )


def unchanged_chunks(plan: Plan) -> Iterator[tuple[int, Chunk, Converted]]:
    """Convert a complete plan's input again: the ordinal of each chunk's first event, the chunk, its events.

    Raises:
        InputChanged: A chunk is not the one that was planned; it is not yielded.
    """
    at = 0
    first = 0
    try:
        for _, chunk, converted in plan.chunks():
            if plan.digests[at : at + _DIGEST_BYTES] != chunk.digest:
                raise _changed(chunk.file, f"after line {chunk.lines[0] if chunk.rows else '?'}")
            at += _DIGEST_BYTES
            yield first, chunk, converted
            first += len(converted.content_ids)
    except InputError as error:
        raise _changed(plan.inputs[0].path, error.message) from error
    if at != len(plan.digests):
        raise _changed(plan.inputs[-1].path, "it is shorter")


def _changed(file: str, what: str) -> InputChanged:
    return InputChanged(
        f"{file} is not the file that was checked a moment ago: {what}",
        hint="let its export come to an end, then run the same command again",
    )
