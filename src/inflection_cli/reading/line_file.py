"""Write whole lines to a file, and notice its removal."""

import os
from contextlib import suppress
from pathlib import Path


class LineFile:
    """Appends lines to a file that nobody else writes to.

    Attributes:
        path: Where it is.

    Args:
        descriptor: The file, open for writing and empty; it is closed by `close`.
        path: Where it is.
    """

    def __init__(self, descriptor: int, path: Path) -> None:
        self.path = path
        self._descriptor = descriptor
        self._size = 0

    @property
    def is_removed(self) -> bool:
        """Return whether the file was removed (no links are left)."""
        return os.fstat(self._descriptor).st_nlink == 0

    def append(self, line: bytes) -> None:
        """Append a whole line, or nothing of it if writing fails.

        Raises:
            OSError: It cannot be written.
        """
        rest = memoryview(line)
        try:
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
        except OSError:
            with suppress(OSError):
                os.ftruncate(self._descriptor, self._size)
                os.lseek(self._descriptor, self._size, os.SEEK_SET)
            raise
        self._size += len(line)

    def close(self) -> None:
        """Close the file; errors on closing are ignored."""
        with suppress(OSError):
            os.close(self._descriptor)
