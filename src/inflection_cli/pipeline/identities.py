"""What pass 1 found each event to be, kept for pass 2: to hash it all again would be a good part of a delivery."""

import os
from array import array
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import IO, Final, NamedTuple

from inflection_cli.delivery.records import HASH_BYTES, ID_BYTES
from inflection_cli.delivery.scratch import scratch_file, translated

_EVENT_BYTES: Final = ID_BYTES + HASH_BYTES
_BLOCK_BYTES: Final = 1 << 18


class Identified(NamedTuple):
    """The events of a chunk: parallel lists of their content ids, 16 bytes each, and their content hashes."""

    content_ids: list[bytes]
    content_hashes: Sequence[int]


class Identities:
    """Keeps content ids and hashes in flat memory, 24 bytes an event in a scratch file, to be read by chunk.

    Attributes:
        starts: The ordinal of each chunk's first event, and at the end the number of events.
    """

    def __init__(self) -> None:
        self.starts = array("Q", [0])
        self._unwritten = bytearray()
        self._written = 0
        self._file: IO[bytes] | None = None

    def add(self, content_ids: Sequence[bytes], content_hashes: Sequence[int]) -> None:
        """Take the events of the next chunk, in their order.

        Raises:
            LedgerDamaged: The temporary folder is full or cannot be written.
        """
        self.starts.append(self.starts[-1] + len(content_ids))
        self._unwritten += b"".join(content_ids)
        self._unwritten += array("Q", content_hashes).tobytes()
        if len(self._unwritten) >= _BLOCK_BYTES:
            if self._file is None:
                self._file = scratch_file()
            with translated():
                self._file.write(self._unwritten)
                self._file.flush()
            self._written += len(self._unwritten)
            self._unwritten.clear()

    def of(self, chunk: int) -> Identified:
        """Return the events of a chunk, by its place among all chunks.

        Raises:
            LedgerDamaged: The temporary folder cannot be read any more.
        """
        first, after = self.starts[chunk], self.starts[chunk + 1]
        events = after - first
        block = self._read(first * _EVENT_BYTES, events * _EVENT_BYTES)
        ids = events * ID_BYTES
        hashes = array("Q", block[ids:])
        return Identified([block[at : at + ID_BYTES] for at in range(0, ids, ID_BYTES)], hashes)

    def ids(self) -> Iterator[list[bytes]]:
        """Yield the content ids of all events, in their order, a chunk's at a time."""
        for chunk in range(len(self.starts) - 1):
            yield self.of(chunk).content_ids

    def close(self) -> None:
        """Give the file back; nothing can be read any more."""
        if self._file is not None:
            with suppress(OSError):  # what a full disk has not taken is tried once more
                self._file.close()
            self._file = None

    def _read(self, at: int, size: int) -> bytes:
        if at >= self._written:
            start = at - self._written
            return bytes(self._unwritten[start : start + size])
        assert self._file is not None
        with translated():
            return os.pread(self._file.fileno(), size, at)
