"""Pass 2: convert the planned input again and yield what is sent."""

from collections.abc import Callable, Iterator, Sequence
from itertools import compress
from typing import Final

from inflection_cli.backfilling.plan import DIGEST_BYTES, Plan
from inflection_cli.converting.converter import Conversion
from inflection_cli.errors import InputChanged, InputError
from inflection_cli.model import Batch, Chunk, Disposition

UNSENT: Final = frozenset(
    {Disposition.SEND, Disposition.ELSEWHERE, Disposition.REFUSED, Disposition.CHANGED_BACK}
)
"""What is to go out and is not unconfirmed."""

SENT: Final = UNSENT | {Disposition.RESEND}


def outgoing(
    plan: Plan,
    wire_ids: Callable[[Sequence[bytes]], Sequence[bytes]],
    anew: Callable[[bytes], bytes] = lambda content_id: content_id,
) -> Iterator[Batch | None]:
    """Yield the rows' messages to send, in input order, by chunk.

    Args:
        plan: Its input is read again, and what is to be sent of it converted.
        wire_ids: Binds content ids to the destination, 16 bytes for 16 bytes.
        anew: Makes another content id for a state that comes back.

    Yields:
        None before each chunk, so that a reader who has other things to do hears of it; then what it sends, if any.

    Raises:
        InputChanged: A chunk is not the one that was planned; none of it has been yielded.
    """
    assert plan.complete
    assert plan.dispositions is not None
    starts = plan.identities.starts
    for number, _, convert in unchanged_chunks(plan):
        yield None
        first, events = starts[number], starts[number + 1] - starts[number]
        dispositions = plan.dispositions.of(first, events)
        keep = None if dispositions is None else [disposition in SENT for disposition in dispositions]
        if not events or (keep is not None and not any(keep)):
            continue
        ids, hashes = plan.identities.of(number)
        if dispositions is not None and Disposition.CHANGED_BACK in dispositions:
            is_back = [disposition is Disposition.CHANGED_BACK for disposition in dispositions]
            ids = [anew(each) if back else each for each, back in zip(ids, is_back, strict=True)]
        converted = convert(identified=False)
        users = plan.linking.users_of(converted)
        wire = converted.encode(wire_ids(ids), users) if users else converted.encode(wire_ids(ids))
        batch = Batch(range(first, first + events), ids, hashes, wire)
        yield batch if keep is None else kept(batch, keep)


def kept(batch: Batch, keep: Sequence[bool]) -> Batch:
    """Return the messages of a batch that are to be kept."""
    return Batch(
        list(compress(batch.ordinals, keep)),
        list(compress(batch.content_ids, keep)),
        list(compress(batch.content_hashes, keep)),
        list(compress(batch.wire, keep)),
    )


def unchanged_chunks(plan: Plan) -> Iterator[tuple[int, Chunk, Conversion]]:
    """Read the planned input again; yield number, chunk and conversion of each.

    Raises:
        InputChanged: A chunk is not the one that was planned; it is not yielded.
    """
    digests, number = plan.digests, -1
    try:
        for number, (_, chunk, convert) in enumerate(plan.chunks()):
            if digests[number * DIGEST_BYTES : (number + 1) * DIGEST_BYTES] != chunk.digest:
                raise _changed(chunk.file, f"after line {chunk.lines[0] if chunk.rows else '?'}")
            yield number, chunk, convert
    except InputError as error:
        raise _changed(plan.inputs[0].path, error.message) from error
    if (number + 1) * DIGEST_BYTES != len(digests):
        raise _changed(plan.inputs[-1].path, "it is shorter")


def _changed(file: str, what: str) -> InputChanged:
    return InputChanged(
        f"{file} is not the file that was checked a moment ago: {what}",
        hint="let its export come to an end, then run the same command again",
    )
