"""Number equal events of a file, so that each counts.

Without a number of its own, an event that equals one before it in its file would be a repeat. The numbers are found
by a pass of their own, before pass 1; the first of equal events keeps the id that it has without them.
"""

from collections.abc import Sequence
from itertools import groupby
from struct import Struct
from typing import TYPE_CHECKING, Final

from inflection_cli.backfilling.spill import SortedRecords, SpillGroups
from inflection_cli.converting.chunk_task import ChunkTask
from inflection_cli.segment.ids import occurrence_id
from inflection_cli.segment.message import renamed

if TYPE_CHECKING:
    from inflection_cli.backfilling.chunk_work import ChunkReader
    from inflection_cli.converting.converter import Conversion
    from inflection_cli.model import Chunk

_EVENT: Final = Struct(">16sIQ")  # content id, number of the file, ordinal
_IN_FILE: Final = slice(0, 20)
_PLACE: Final = Struct("<Q")  # the lowest byte first, which is spread evenly


class EqualRows:
    """Numbers of events that equal an earlier one of their file.

    Args:
        chunks: Reads the input.
    """

    def __init__(self, chunks: "ChunkReader") -> None:
        found, files, ordinal = SpillGroups(_EVENT.size), dict[str, int](), 0
        for source, _, ids in chunks(ChunkTask(_ids)):
            file = files.setdefault(source.path, len(files))
            found.add(_EVENT.pack(each, file, at) for at, each in enumerate(ids, ordinal))
            ordinal += len(ids)
        numbers = SpillGroups(2 * _PLACE.size)
        for records in found.parts():
            if len({record[_IN_FILE] for record in records}) == len(records):
                continue
            records.sort()
            for _, group in groupby(records, key=lambda record: record[_IN_FILE]):
                for number, record in enumerate(group, 1):
                    if number > 1:
                        place = _PLACE.pack(_EVENT.unpack(record)[2])
                        numbers.add([place + number.to_bytes(8)])
        found.close()
        self._numbers = SortedRecords(numbers)
        self._ordinal = 0

    def ids_of(self, content_ids: Sequence[bytes]) -> list[bytes]:
        """Return the ids of the next events, with their numbers in them."""
        first = self._ordinal
        self._ordinal += len(content_ids)
        return [self._one(ordinal, each) for ordinal, each in enumerate(content_ids, first)]

    def _one(self, ordinal: int, content_id: bytes) -> bytes:
        number = next(self._numbers.values(_PLACE.pack(ordinal)), None)
        return content_id if number is None else occurrence_id(content_id, int.from_bytes(number))

    def close(self) -> None:
        """Free the scratch file."""
        self._numbers.close()


def lines_of(lines: bytes, content_ids: Sequence[bytes]) -> bytes:
    """Return drafted messages under these ids."""
    drafted = zip(lines.splitlines(), content_ids, strict=True)
    return b"".join(renamed(line, content_id) + b"\n" for line, content_id in drafted)


def _ids(_chunk: "Chunk", convert: "Conversion", _argument: None) -> list[bytes]:
    return convert().content_ids
