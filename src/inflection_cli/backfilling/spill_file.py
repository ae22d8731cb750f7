"""Scratch storage: a private unnamed file that ends with the process."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO, Final

from inflection_cli.errors import TemporaryFolderError, TemporaryFolderFull
from inflection_cli.ledger.state_dir import FULL

SPILL_BYTES: Final = 1 << 18
"""So much is held in memory before it is written."""


class Spill:
    """Append-only bytes: in memory while few, else in a scratch file."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._written = 0
        self._file: IO[bytes] | None = None

    def append(self, data: bytes) -> None:
        """Append more bytes.

        Raises:
            TemporaryFolderError: The temporary folder is full or cannot be written.
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
        """Return `size` bytes at offset `at`; they were appended in one call.

        Raises:
            TemporaryFolderError: The temporary folder cannot be read any more.
        """
        if at >= self._written:
            start = at - self._written
            return bytes(self._held[start : start + size])
        assert self._file is not None
        with translated():
            return os.pread(self._file.fileno(), size, at)

    def close(self) -> None:
        """Close the scratch file; nothing can be read afterwards."""
        if self._file is not None:
            with suppress(OSError):  # what a full disk has not taken is tried once more
                self._file.close()
            self._file = None


def scratch_file() -> IO[bytes]:
    """Open an unnamed file that is deleted when it is closed.

    Raises:
        TemporaryFolderError: The temporary folder is full or cannot be written.
    """
    with translated():
        return tempfile.TemporaryFile(prefix="infl-seg-")


@contextmanager
def translated() -> Iterator[None]:
    """Convert an OSError of the temporary folder to a helpful `LedgerDamaged`."""
    try:
        yield
    except OSError as error:
        folder, reason = _folder_and_reason(error)
        if reason.errno in FULL:
            raise TemporaryFolderFull(
                f"the temporary folder {folder} is full or failed: {reason.strerror}",
                hint="free some room there, or choose another with TMPDIR=/path/with/room",
            ) from error
        raise TemporaryFolderError(
            f"the temporary folder {folder} cannot be used: {reason.strerror}",
            hint="see that this user may write there, or choose another with TMPDIR=/path/with/room",
        ) from error


def _folder_and_reason(error: OSError) -> tuple[str, OSError]:
    """Return the temporary folder and why it cannot be written."""
    try:
        return tempfile.gettempdir(), error
    except FileNotFoundError as none_takes_a_file:
        folder = os.environ.get("TMPDIR") or "/tmp"  # noqa: S108 - where Python looks as well
        try:
            with tempfile.TemporaryFile(dir=folder) as probe:
                probe.write(b"probe")
        except OSError as reason:
            return folder, reason
        return folder, none_takes_a_file
