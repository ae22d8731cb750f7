"""Tasks of both passes for each chunk, and their results."""

from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import compress
from typing import Any, Final, Protocol, TypeVar

from inflection_cli.backfilling.event_figures import EventFigure, figures_of
from inflection_cli.backfilling.users_in_accounts import account_of
from inflection_cli.converting.chunk_task import AS_CHUNKS, ChunkTask
from inflection_cli.converting.converter import Conversion, Converted
from inflection_cli.converting.input_file import InputFile
from inflection_cli.converting.person_columns import Seen
from inflection_cli.ledger.ledger_records import ID_BYTES
from inflection_cli.model import Chunk

R = TypeVar("R")
WireIds = Callable[[Sequence[bytes]], Sequence[bytes]]
_MARK: Final = "\0"


class ChunkReader(Protocol):
    """Protocol that reads the input, the same way each time."""

    def __call__(self, task: ChunkTask[R] = AS_CHUNKS, /) -> Iterator[tuple[InputFile, Chunk, R]]:  # type: ignore[assignment]
        """Yield each chunk with its file and the result of a task."""
        ...


@dataclass(frozen=True, slots=True)
class Planned:
    """Result of pass 1 for a chunk.

    Attributes:
        converted: Its conversion. What came from a worker is added up as far as pass 1 only counts it: `names` are
            counts, `times` the first and the last one, it makes no messages, and of judged ones only the account is
            kept.
        lines: Its messages under their content ids, as NDJSON; empty where none are written.
        figures: What a report shows of its events; empty where none does.
    """

    converted: Converted
    lines: bytes
    figures: Sequence[EventFigure] = ()

    def __reduce__(self) -> tuple[Any, ...]:
        """Return it packed.

        A list of many small objects takes longer to pickle than to make.
        """
        given = self.converted
        rest = replace(
            given,
            content_ids=[],
            content_hashes=[],
            encode=list,
            lines=(),
            times=[min(given.times), max(given.times)] if given.times else [],
            names=[],
            people=((), ()),
            seen=(),
            judged=list(map(account_of, given.judged)),
        )
        packed = (
            b"".join(given.content_ids),
            array("Q", given.content_hashes),
            given.lines if isinstance(given.lines, range) else array("Q", given.lines),
            dict(Counter(given.names)),
            [_packed_people(seen) for seen in given.seen],
        )
        return _unpacked, (rest, packed, self.lines, self.figures)


def _unpacked(
    rest: Converted, packed: tuple[Any, ...], lines: bytes, figures: Sequence[EventFigure]
) -> Planned:
    ids, hashes, places, names, people = packed
    rest.content_ids = [ids[at : at + ID_BYTES] for at in range(0, len(ids), ID_BYTES)]
    rest.content_hashes, rest.lines, rest.names = hashes, places, names
    rest.seen = [
        Seen(
            block,
            _texts(users),
            _texts(persons),
            _texts(addresses),
            equal,
            tuple((name, _texts(cells)) for name, cells in others),
        )
        for block, (users, persons, addresses), equal, others in people
    ]
    return Planned(rest, lines, figures)


def _packed_people(seen: Seen) -> tuple[Any, ...]:
    texts = tuple(map(_joined, (seen.user_ids, seen.person_ids, seen.addresses)))
    return seen.block, texts, dict(seen.equal), [(name, _joined(cells)) for name, cells in seen.others]


def _joined(texts: Sequence[str]) -> str | list[str]:
    """Join texts where that can be undone."""
    joined = _MARK.join(texts)
    return joined if texts and joined.count(_MARK) == len(texts) - 1 else list(texts)


def _texts(joined: str | list[str]) -> list[str]:
    return joined.split(_MARK) if isinstance(joined, str) else joined


def planned(
    chunk: Chunk, convert: Conversion, _: None, *, drafts: bool = False, pictures: bool = False
) -> Planned:
    """Convert a chunk for pass 1.

    Args:
        chunk: Its rows, which the conversion has.
        convert: Its conversion.
        drafts: Whether its messages are written.
        pictures: Whether a report shows figures of its events.
    """
    del chunk
    converted = convert()
    lines = b""
    if drafts and converted.content_ids:
        lines = b"\n".join(converted.encode(converted.content_ids)) + b"\n"
    return Planned(converted, lines, figures_of(converted) if pictures else ())


def encoded(
    wire_ids: WireIds, chunk: Chunk, convert: Conversion, given: tuple[Sequence[bytes], Any] | None
) -> list[bytes] | None:
    """Make the messages of a chunk that are sent.

    None where there are none, or the chunk is not the one that was planned.
    """
    del chunk
    if given is None:
        return None
    ids, keep = given
    converted = convert(identified=False)
    if len(converted.lines) != len(ids):
        return None
    wire = converted.encode(wire_ids(ids))
    return wire if keep is None else list(compress(wire, keep))
