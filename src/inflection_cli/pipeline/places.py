"""Ordinal to place: where in the files an event came from, kept on disk until it is asked for."""

import os
from array import array
from bisect import bisect_right
from collections.abc import Sequence
from typing import IO, Final

from inflection_cli.delivery.scratch import scratch_file, translated

_HELD: Final = 1 << 16
_BYTES: Final = 8


class Places:
    """Remembers the file and line of every event, 8 bytes each, in a scratch file where they are many."""

    def __init__(self) -> None:
        self._firsts: list[int] = []
        self._files: list[str] = []
        self._lines = array("Q")
        self._written = 0
        self._file: IO[bytes] | None = None

    def add(self, file: str, lines: Sequence[int]) -> None:
        """Take the lines of the next events of a file, in order."""
        if not self._files or self._files[-1] != file:
            self._files.append(file)
            self._firsts.append(self._written + len(self._lines))
        self._lines.extend(lines)
        if len(self._lines) >= _HELD:
            if self._file is None:
                self._file = scratch_file()
            with translated():
                self._lines.tofile(self._file)
                self._file.flush()
            self._written += len(self._lines)
            self._lines = array("Q")

    def of(self, ordinal: int) -> tuple[str, int]:
        """Return the file and the line of an event."""
        file = self._files[bisect_right(self._firsts, ordinal) - 1]
        if ordinal >= self._written:
            return file, self._lines[ordinal - self._written]
        assert self._file is not None
        found = array("Q")
        found.frombytes(os.pread(self._file.fileno(), _BYTES, ordinal * _BYTES))
        return file, found[0]

    def close(self) -> None:
        """Give the file back."""
        if self._file is not None:
            self._file.close()
            self._file = None
