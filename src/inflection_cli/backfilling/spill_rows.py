"""Group rows of values in bounded memory, with a scratch file."""

import marshal
from array import array
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Any, Final

from inflection_cli.backfilling.spill_file import Spill

PARTS: Final = 256
ROWS_HELD: Final = 1 << 14
"""Rows that whoever fills the groups holds in memory before they are written."""


class SpillRows:
    """Rows in 256 parts, which are read back one by one."""

    def __init__(self) -> None:
        self._spill = Spill()
        self._starts: list[array[int]] = []
        self._bytes = 0

    def add(self, groups: Sequence[list[Any]]) -> None:
        """Append rows, one list for each of the parts.

        Raises:
            TemporaryFolderError: The temporary folder is full or cannot be written.
        """
        written = [marshal.dumps(group) if group else b"" for group in groups]
        self._starts.append(array("Q", accumulate(map(len, written), initial=self._bytes)))
        self._spill.append(b"".join(written))
        self._bytes = self._starts[-1][-1]

    def parts(self) -> Iterator[list[Any]]:
        """Yield the rows of each part, in the order of adding.

        Raises:
            TemporaryFolderError: The temporary folder cannot be read any more.
        """
        for part in range(PARTS if self._starts else 0):
            rows: list[Any] = []
            for starts in self._starts:
                size = starts[part + 1] - starts[part]
                if size:
                    # The file has no name and is our own: nobody else can have written to it.
                    rows += marshal.loads(self._spill.read(starts[part], size))  # noqa: S302
            yield rows

    def close(self) -> None:
        """Free the memory and the scratch file; nothing can be read afterwards."""
        self._starts = []
        self._spill.close()
