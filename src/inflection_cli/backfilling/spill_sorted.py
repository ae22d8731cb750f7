"""Look up short records by key in a sorted scratch file."""

import mmap
from bisect import bisect_left
from collections.abc import Iterator
from typing import IO, Final

from inflection_cli.backfilling.spill_file import scratch_file, translated
from inflection_cli.backfilling.spill_groups import SpillGroups

KEY_BYTES: Final = 8
RECORD_BYTES: Final = 2 * KEY_BYTES
"""A key and a value: two million of them take 32 MB of the temporary folder."""


class SortedRecords:
    """Distinct records of 8 bytes of key and 8 of value, sorted.

    Args:
        records: What is kept; the groups are closed.

    Raises:
        TemporaryFolderError: The temporary folder is full or cannot be written.
    """

    def __init__(self, records: SpillGroups) -> None:
        self._file: IO[bytes] | None = None
        self._map: mmap.mmap | bytes = b""
        self._count = 0
        for part in records.parts():
            every = sorted(set(part))
            if every:
                self._file = self._file or scratch_file()
                with translated():
                    self._file.write(b"".join(every))
            self._count += len(every)
        records.close()
        if self._file is not None:
            with translated():
                self._file.flush()
                self._map = mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ)

    def __len__(self) -> int:
        return self._count

    def values(self, key: bytes) -> Iterator[bytes]:
        """Yield the values of all records with a key."""
        at = bisect_left(range(self._count), key, key=self._key)
        while at < self._count and self._key(at) == key:
            yield self._map[at * RECORD_BYTES + KEY_BYTES : (at + 1) * RECORD_BYTES]
            at += 1

    def _key(self, at: int) -> bytes:
        return self._map[at * RECORD_BYTES : at * RECORD_BYTES + KEY_BYTES]

    def close(self) -> None:
        """Close the scratch file; nothing can be looked up afterwards."""
        if isinstance(self._map, mmap.mmap):
            self._map.close()
        if self._file is not None:
            self._file.close()
        self._map, self._file, self._count = b"", None, 0
