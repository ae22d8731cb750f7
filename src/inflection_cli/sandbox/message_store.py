"""Store of whole messages, as JSON lines in memory or file."""

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from inflection_cli.errors import UsageError

_BLOCK_BYTES: Final = 1 << 20


class MessageStore:
    """Store of messages in the order of their first arrival.

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
        """Append all messages, or none if the file cannot be written.

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
        """Yield the stored messages as NDJSON; a file in 1 MiB blocks."""
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
        """Close the file; the stored messages can still be read."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


_WHITE: Final = " \t\n\r"

# Numbers stay text: their value is of no interest, and int() refuses one of 5,000 digits.
_scan = json.JSONDecoder(parse_int=str, parse_float=str).raw_decode


def event_bytes(body: bytes) -> list[bytes]:
    """Return the bytes of each event in a batch body.

    Args:
        body: Valid UTF-8 JSON, an object; where it has several `batch` keys the last one counts.

    Returns:
        One slice per event, in order; an empty list where `batch` is no array.

    Raises:
        RecursionError: The body is nested deeper than the interpreter follows.
    """
    text = body.decode()
    found: list[bytes] = []
    at = _skip(text, _skip(text, 0) + 1)
    while text[at] != "}":
        key, at = _scan(text, at)
        at = _skip(text, _skip(text, at) + 1)
        if key == "batch":
            found = [text[start:end].encode() for start, end in _elements(text, at)]
        _, at = _scan(text, at)
        at = _after_comma(text, at)
    return found


def _elements(text: str, at: int) -> Iterator[tuple[int, int]]:
    """Yield start and end of each element of the array at `at`."""
    if text[at] != "[":
        return
    at = _skip(text, at + 1)
    while text[at] != "]":
        _, end = _scan(text, at)
        yield at, end
        at = _after_comma(text, end)


def _after_comma(text: str, at: int) -> int:
    at = _skip(text, at)
    return _skip(text, at + 1) if text[at] == "," else at


def _skip(text: str, at: int) -> int:
    while text[at] in _WHITE:
        at += 1
    return at
