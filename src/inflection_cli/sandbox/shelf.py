"""Whole messages, one JSON line each, kept in memory or in a file."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from inflection_cli.errors import UsageError

_BLOCK_BYTES: Final = 1 << 20


class Shelf:
    """Keeps messages in the order in which they first came.

    Args:
        path: The file to append to, readable for its owner alone where it is new; None keeps the
            messages in memory.

    Raises:
        UsageError: The file cannot be written.
    """

    def __init__(self, path: Path | None) -> None:
        self._lines: list[bytes] = []
        self._path = path
        self._descriptor = -1
        self._start = self._end = 0
        if path is None:
            return
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        try:
            self._descriptor = os.open(path, flags, 0o600)
        except OSError as error:
            raise UsageError(
                f"cannot write to {path}: {error.strerror}", hint="name another file with --keep"
            ) from error
        self._start = self._end = os.fstat(self._descriptor).st_size

    def put(self, lines: list[bytes]) -> None:
        """Keep messages; all of them or, where the file takes no more, none.

        Args:
            lines: Each one message and its line end.

        Raises:
            OSError: The file could not be written.
        """
        if self._path is None:
            self._lines += lines
            return
        rest = memoryview(b"".join(lines))
        try:
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
        except OSError:
            with suppress(OSError):  # a device takes nothing back
                os.ftruncate(self._descriptor, self._end)
            raise
        self._end = os.fstat(self._descriptor).st_size

    def blocks(self) -> Iterator[bytes]:
        """Give what this shelf was given, as NDJSON; a file's in blocks of at most a megabyte."""
        if self._path is None:
            yield b"".join(self._lines)
            return
        rest = self._end - self._start
        with self._path.open("rb") as file:
            file.seek(self._start)
            while block := file.read(min(_BLOCK_BYTES, rest)):
                yield block
                rest -= len(block)

    def close(self) -> None:
        """Let go of the file; what it was given can still be read."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
