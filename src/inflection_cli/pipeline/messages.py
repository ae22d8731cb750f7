"""Pass 2: convert again what was planned, and take what is to be sent."""

from collections import Counter
from collections.abc import Iterator
from itertools import compress, count
from typing import Final

from inflection_cli.errors import InputChanged, InputError
from inflection_cli.model import Chunk, Disposition, Message
from inflection_cli.pipeline.convert import Converted
from inflection_cli.pipeline.plan import Plan
from inflection_cli.segment.message import with_id
from inflection_cli.segment.message_id import uuid_text

_DIGEST_BYTES: Final = 16
_SENT: Final = frozenset({Disposition.SEND, Disposition.RESEND, Disposition.ELSEWHERE})


class Messages:
    """The messages of a plan, in the order of the input, and what became of the events left behind.

    Attributes:
        built: Events built so far in this pass.
        left_behind: Events so far that were not yielded, by disposition.
        yielded: Messages yielded so far.
    """

    def __init__(self, plan: Plan) -> None:
        assert plan.complete
        assert plan.dispositions is not None
        self._plan = plan
        self._dispositions = plan.dispositions
        self.built = 0
        self.yielded = 0
        self.left_behind: Counter[Disposition] = Counter()

    def __iter__(self) -> Iterator[Message]:
        """Yield what is to be sent.

        Raises:
            InputChanged: A chunk is not the one that was planned; none of it has been yielded.
        """
        for first, _, converted in unchanged_chunks(self._plan):
            yield from self._to_send(first, converted)

    def lines(self) -> Iterator[bytes]:
        """Yield what is to be sent as NDJSON with content ids, a block of lines a chunk.

        Raises:
            InputChanged: A chunk is not the one that was planned; none of it has been yielded.
        """
        for first, _, converted in unchanged_chunks(self._plan):
            ids, bodies = converted.content_ids, converted.bodies()
            dispositions = self._dispositions.of(first, len(ids))
            if dispositions is not None:
                keep = [disposition in _SENT for disposition in dispositions]
                ids, bodies = list(compress(ids, keep)), list(compress(bodies, keep))
            yield b"".join([with_id(uuid_text(i), body) + b"\n" for i, body in zip(ids, bodies, strict=True)])

    def _to_send(self, first: int, converted: Converted) -> Iterator[Message]:
        hashes = (content_hash.to_bytes(8) for content_hash in converted.content_hashes)
        events = zip(count(first), converted.content_ids, hashes, converted.bodies(), strict=False)
        self.built += len(converted.content_ids)
        dispositions = self._dispositions.of(first, len(converted.content_ids))
        if dispositions is None:
            for event in events:
                self.yielded += 1
                yield Message(*event)
            return
        for disposition, event in zip(dispositions, events, strict=True):
            if disposition in _SENT:
                self.yielded += 1
                yield Message(*event)
            else:
                self.left_behind[disposition] += 1


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
