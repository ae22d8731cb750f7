"""Scratch space: a private unnamed file that goes with the process."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO, Final

from inflection_cli.errors import LedgerDamaged

SPILL_BYTES: Final = 1 << 18
"""So much is held in memory before it is written."""


class Spill:
    """Bytes that are appended and read back: in memory while they are few, in a scratch file where they are many."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._written = 0
        self._file: IO[bytes] | None = None

    def append(self, data: bytes) -> None:
        """Take more bytes.

        Raises:
            LedgerDamaged: The temporary folder is full or cannot be written.
        """
        self._held += data
        if len(self._held) < SPILL_BYTES:
            return
        if self._file is None:
            self._file = scratch_file()
        with translated():
            self._file.write(self._held)
            self._file.flush()
        self._written += len(self._held)
        self._held.clear()

    def read(self, at: int, size: int) -> bytes:
        """Return bytes from offset `at` on, which were appended together.

        Raises:
            LedgerDamaged: The temporary folder cannot be read any more.
        """
        if at >= self._written:
            start = at - self._written
            return bytes(self._held[start : start + size])
        assert self._file is not None
        with translated():
            return os.pread(self._file.fileno(), size, at)

    def close(self) -> None:
        """Give the file back; nothing can be read any more."""
        if self._file is not None:
            with suppress(OSError):  # what a full disk has not taken is tried once more
                self._file.close()
            self._file = None


def scratch_file() -> IO[bytes]:
    """Open a file that nobody else can open, and that is gone when it is closed.

    Raises:
        LedgerDamaged: The temporary folder is full or cannot be written.
    """
    with translated():
        return tempfile.TemporaryFile(prefix="infl-seg-")


@contextmanager
def translated() -> Iterator[None]:
    """Turn an OSError of the temporary folder into an error that names the folder and the way out."""
    try:
        yield
    except OSError as error:
        raise LedgerDamaged(
            f"{_folder()} cannot be used: {error.strerror}",
            hint="free some room there, or choose another with TMPDIR=/path/with/room",
        ) from error


def _folder() -> str:
    try:
        return f"the temporary folder {tempfile.gettempdir()}"
    except FileNotFoundError:  # none of those that are tried takes a file
        return "a temporary folder"
