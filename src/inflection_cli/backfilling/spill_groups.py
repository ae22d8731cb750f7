"""Group fixed-size records by key in bounded memory, with a scratch file.

Records are bytes that begin with a hash, so their first byte spreads evenly. A run is written with its records
grouped by first byte, and notes where each group begins; what is handed back is one first byte at a time, gathered
from all runs. Sorting is left to who needs it: most inputs have no repeats, which a set tells sooner than a sort.
"""

import os
from array import array
from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import IO, Final

from inflection_cli.backfilling.spill_file import scratch_file, translated

RUN_RECORDS: Final = 1 << 14
"""Records held in memory before a run is written: about 1.5 MB of 32-byte records."""

_PARTS: Final = 256


class SpillGroups:
    """Collect records and return them grouped by first byte.

    Args:
        record_bytes: The size of every record; its first byte is evenly spread.
        run_records: How many records make a run.
    """

    def __init__(self, record_bytes: int, run_records: int = RUN_RECORDS) -> None:
        self._size = record_bytes
        self._run_records = run_records
        self._buffer: list[bytes] = []
        self._starts: list[array[int]] = []
        self._file: IO[bytes] | None = None
        self._bytes = 0

    def add(self, records: Iterable[bytes]) -> None:
        """Add records in any order.

        Raises:
            TemporaryFolderError: The temporary folder is full or cannot be written.
        """
        self._buffer.extend(records)
        if len(self._buffer) >= self._run_records:
            self._spill()

    def parts(self, most: int | None = None) -> Iterator[list[bytes]]:
        """Yield all records in lists; equal keys are always in one list.

        Args:
            most: About how many records a list has; a part with more is read several times, and yielded by its
                second byte. None reads each part once, however large it is.
        """
        if not self._starts:
            yield self._buffer
            return
        if self._buffer:
            self._spill()
        for part in range(_PARTS):
            stripes = self._stripes(part, most)
            for stripe in range(stripes):
                records: list[bytes] = []
                for starts in self._starts:
                    found = self._slice(starts[part], starts[part + 1])
                    records += found if stripes == 1 else [one for one in found if one[1] % stripes == stripe]
                yield records

    def close(self) -> None:
        """Free the memory and close the scratch file."""
        self._buffer = []
        self._starts = []
        if self._file is not None:
            self._file.close()
            self._file = None

    def _spill(self) -> None:
        groups: list[list[bytes]] = [[] for _ in range(_PARTS)]
        for record in self._buffer:
            groups[record[0]].append(record)
        first = self._bytes // self._size
        self._starts.append(array("Q", accumulate(map(len, groups), initial=first)))
        run = b"".join([record for group in groups for record in group])
        if self._file is None:
            self._file = scratch_file()
        with translated():
            self._file.write(run)
            self._file.flush()
        self._bytes += len(run)
        self._buffer = []

    def _stripes(self, part: int, most: int | None) -> int:
        """Return into how many lists a part is divided."""
        size = sum(starts[part + 1] - starts[part] for starts in self._starts)
        return 1 if most is None else min(max(1, -(-size // most)), _PARTS)

    def _slice(self, first: int, last: int) -> list[bytes]:
        assert self._file is not None
        size = self._size
        block = os.pread(self._file.fileno(), (last - first) * size, first * size)
        return [block[i : i + size] for i in range(0, len(block), size)]


def count_distinct(runs: SpillGroups) -> int:
    """Count the distinct records and close the groups."""
    count = sum(len(set(records)) for records in runs.parts())
    runs.close()
    return count
