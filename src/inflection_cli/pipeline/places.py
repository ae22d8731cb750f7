"""Ordinal to place: where in the files an event came from, kept on disk until it is asked for."""

from array import array
from bisect import bisect_right
from collections.abc import Sequence
from typing import Final

from inflection_cli.delivery.scratch import Spill

_BYTES: Final = 8


class Places:
    """Remembers the file and line of every event, 8 bytes each, in a scratch file where they are many."""

    def __init__(self) -> None:
        self._firsts: list[int] = []
        self._files: list[str] = []
        self._events = 0
        self._lines = Spill()

    def add(self, file: str, lines: Sequence[int]) -> None:
        """Take the lines of the next events of a file, in order.

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
        """Give the room back; nothing can be read any more."""
        self._lines.close()
