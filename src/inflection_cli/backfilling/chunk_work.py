"""Tasks of both passes for each chunk, and their results."""

from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple, Protocol, TypeVar

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
        converted: Its conversion. What came from a worker is added up as far as pass 1 only counts it: `names` and
            `types` are counts, it makes no messages, and of judged ones only the account is kept.
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
        given, columns = self.converted, _Columns()
        rest = replace(
            given,
            content_ids=[],
            content_hashes=[],
            encode=list,
            lines=(),
            times=[],
            names=[],
            people=((), ()),
            seen=(),
            judged=list(map(account_of, given.judged)),
            types=(),
        )
        counts = dict(Counter(given.names)), dict(Counter(given.types))
        packed = (
            b"".join(given.content_ids),
            array("Q", given.content_hashes),
            given.lines if isinstance(given.lines, range) else array("Q", given.lines),
            columns.add(given.times),
            tuple(map(columns.add, given.people)),
            [_packed_people(seen, columns) for seen in given.seen],
        )
        return _unpacked, (rest, counts, packed, columns.packed, self.lines, self.figures)


class _Columns:
    """Pack columns of texts; each travels from a worker once.

    Attributes:
        packed: Each column, joined where that can be undone.
    """

    def __init__(self) -> None:
        self.packed: list[str | list[str]] = []
        self._known: dict[int, int] = {}

    def add(self, column: Sequence[str]) -> int:
        """Pack a column that outlives this; return its number."""
        number = self._known.setdefault(id(column), len(self.packed))
        if number == len(self.packed):
            self.packed.append(_joined(column))
        return number


def _joined(texts: Sequence[str]) -> str | list[str]:
    joined = _MARK.join(texts)
    return joined if texts and joined.count(_MARK) == len(texts) - 1 else list(texts)


def _packed_people(seen: Seen, columns: _Columns) -> tuple[Any, ...]:
    ids = tuple(map(columns.add, (seen.user_ids, seen.person_ids, seen.addresses)))
    others = [(name, columns.add(cells)) for name, cells in seen.others]
    return seen.block, ids, dict(seen.equal), others, seen.judged


def _unpacked(
    rest: Converted,
    counts: tuple[Any, Any],
    packed: tuple[Any, ...],
    columns: Sequence[str | list[str]],
    lines: bytes,
    figures: Sequence[EventFigure],
) -> Planned:
    texts = [each.split(_MARK) if isinstance(each, str) else each for each in columns]
    ids, hashes, places, times, people, every = packed
    rest.content_ids = [ids[at : at + ID_BYTES] for at in range(0, len(ids), ID_BYTES)]
    rest.content_hashes, rest.lines, rest.times = hashes, places, texts[times]
    rest.names, rest.types = counts
    rest.people = texts[people[0]], texts[people[1]]
    rest.seen = [
        Seen(
            block,
            *(texts[users], texts[persons], texts[addresses]),
            equal,
            tuple((name, texts[at]) for name, at in others),
            judged,
        )
        for block, (users, persons, addresses), equal, others, judged in every
    ]
    return Planned(rest, lines, figures)


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
        lines = ndjson(converted.encode(converted.content_ids))
    return Planned(converted, lines, figures_of(converted) if pictures else ())


class ToSend(NamedTuple):
    """Results of pass 1 for the events of a chunk.

    Attributes:
        content_ids: 16 bytes each.
        users: By personId, userIds for events that have none.
    """

    content_ids: Sequence[bytes]
    users: Mapping[str, str]


def encoded(wire_ids: WireIds, chunk: Chunk, convert: Conversion, given: ToSend | None) -> list[bytes] | None:
    """Make the messages of a chunk.

    None where none is sent, or the chunk is not the one that was planned.
    """
    del chunk
    if given is None:
        return None
    converted = convert(identified=False)
    if len(converted.lines) != len(given.content_ids):
        return None
    ids = wire_ids(given.content_ids)
    if not given.users:
        return converted.encode(ids)
    people = zip(*converted.people, strict=True)
    return converted.encode(ids, ["" if user else given.users.get(person, "") for user, person in people])


def ndjson(messages: Sequence[bytes]) -> bytes:
    """Return messages as lines."""
    return b"\n".join(messages) + b"\n"
