"""Limit the rows that an inspection reads, and estimate its progress."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from inflection_cli.reading.files.bytes_read import meter_of_now

MOST_ROWS: Final = 200_000
"""So many rows of a file are read without `--all`.

They are the first ones. Rows from the middle would need a start that is certain. A compressed file has none before all
bytes in front are decompressed, and in CSV a quote above may be open. Exports are mostly sorted by time, so the first
rows are the oldest, with columns, forms of time and encoding as in the others. What may begin later is a rare event or
another kind of cell. So each report says that its counts are those of a sample. `validate` and `backfill` read all.
"""

_PASSES: Final = 2
"""An inspection reads a file for its columns, then for its people."""


@dataclass(frozen=True, slots=True)
class RowSample:
    """The part of a file that was read.

    Attributes:
        rows: How many rows that are, unreadable ones included.
        bytes: How many bytes on disk were read for it; 0 where that was not counted.
        of_bytes: The size of the file on disk.
    """

    rows: int
    bytes: int
    of_bytes: int


class InspectionProgress:
    """Estimates of the rows and bytes of an inspection of some files.

    Args:
        sizes: Bytes on disk of each file, in order.
        most_rows: How many rows of each are read at most; None for all.
    """

    def __init__(self, sizes: Sequence[int], most_rows: int | None) -> None:
        self._sizes = [*sizes]
        self._most = most_rows
        self._before = self._earlier = self._rows = 0
        self._at = -1
        self._per_row = 0.0

    @property
    def rows(self) -> int:
        """Number of rows read so far, each counted once."""
        return self._earlier + self._rows

    def begin(self) -> None:
        """Begin the next file."""
        self._earlier += self._rows
        self._rows = 0
        self._before = _bytes_read()
        self._at += 1

    def note(self, rows: int) -> None:
        """Record that this many rows of the file were read."""
        if rows > self._rows:
            self._rows = rows
            self._per_row = (_bytes_read() - self._before) / rows

    def size_bytes(self) -> int:
        """Return about how many bytes will have been read at the end."""
        return self._before + sum(_PASSES * self._part(size) for size in self._sizes[max(0, self._at) :])

    def _part(self, size: int) -> int:
        """Return how many bytes of a file are read in one pass."""
        if self._most is None or not self._per_row:
            return size
        return min(size, round(self._per_row * self._most))


def _bytes_read() -> int:
    meter = meter_of_now()
    return meter.count if meter else 0
