"""Stores of event ids, locations and people, filled in pass 1.

Pass 2 reads the ids again: computing all hashes a second time would take a good part of a delivery.
"""

from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from inflection_cli.backfilling.spill_file import Spill
from inflection_cli.ledger.ledger_records import HASH_BYTES, ID_BYTES

_EVENT_BYTES: Final = ID_BYTES + HASH_BYTES


class ChunkIds(NamedTuple):
    """Content ids (16 bytes each) and content hashes of a chunk's events."""

    content_ids: list[bytes]
    content_hashes: Sequence[int]


class EventIds:
    """Content ids and hashes of events, 24 bytes each, read by chunk.

    Attributes:
        starts: The ordinal of each chunk's first event, and at the end the number of events.
    """

    def __init__(self) -> None:
        self.starts = array("Q", [0])
        self._spill = Spill()

    def add(self, content_ids: Sequence[bytes], content_hashes: Sequence[int]) -> None:
        """Append the events of the next chunk, in order.

        Raises:
            TemporaryFolderError: The temporary folder is full or cannot be written.
        """
        self.starts.append(self.starts[-1] + len(content_ids))
        self._spill.append(b"".join(content_ids) + array("Q", content_hashes).tobytes())

    def of(self, chunk: int) -> ChunkIds:
        """Return the events of a chunk, by the chunk's index.

        Raises:
            TemporaryFolderError: The temporary folder cannot be read any more.
        """
        first, after = self.starts[chunk], self.starts[chunk + 1]
        block = self._spill.read(first * _EVENT_BYTES, (after - first) * _EVENT_BYTES)
        ids = (after - first) * ID_BYTES
        hashes = array("Q", block[ids:])
        return ChunkIds([block[at : at + ID_BYTES] for at in range(0, ids, ID_BYTES)], hashes)

    def one(self, ordinal: int) -> bytes:
        """Return the content id of one event."""
        first = self.starts[bisect_right(self.starts, ordinal) - 1]
        return self._spill.read(first * _EVENT_BYTES + (ordinal - first) * ID_BYTES, ID_BYTES)

    def ids(self) -> Iterator[list[bytes]]:
        """Yield the content ids of all events in order, by chunk."""
        for chunk in range(len(self.starts) - 1):
            yield self.of(chunk).content_ids

    def close(self) -> None:
        """Free the memory and the scratch file; nothing can be read afterwards."""
        self._spill.close()


_BYTES: Final = 8


class EventLocations:
    """File and line number of every event, 8 bytes each."""

    def __init__(self) -> None:
        self._firsts: list[int] = []
        self._files: list[str] = []
        self._events = 0
        self._lines = Spill()

    def add(self, file: str, lines: Sequence[int]) -> None:
        """Append the line numbers of a file's next events, in order.

        Raises:
            TemporaryFolderError: The temporary folder is full or cannot be written.
        """
        if not self._files or self._files[-1] != file:
            self._files.append(file)
            self._firsts.append(self._events)
        self._lines.append(array("Q", lines).tobytes())
        self._events += len(lines)

    def of(self, ordinal: int) -> tuple[str, int]:
        """Return the file and the line of an event.

        Raises:
            TemporaryFolderError: The temporary folder cannot be read any more.
        """
        file = self._files[bisect_right(self._firsts, ordinal) - 1]
        (line,) = array("Q", self._lines.read(ordinal * _BYTES, _BYTES))
        return file, line

    def close(self) -> None:
        """Free the memory and the scratch file; nothing can be read afterwards."""
        self._lines.close()
