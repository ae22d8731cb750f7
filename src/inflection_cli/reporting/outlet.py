"""Write stdout and stderr safely: any encoding, closed or full streams."""

import codecs
import errno
import io
import os
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any, Final

from inflection_cli.errors import OutputLost, ReaderLeft

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

DEGRADED: Final = "infl-seg-degraded"
"""The name of the error handler that spells what an encoding lacks."""

_PLAIN: Final = {
    "\N{LEFT DOUBLE QUOTATION MARK}": '"',
    "\N{RIGHT DOUBLE QUOTATION MARK}": '"',
    "\N{LEFT SINGLE QUOTATION MARK}": "'",
    "\N{RIGHT SINGLE QUOTATION MARK}": "'",
    "\N{RIGHTWARDS ARROW}": "->",
    "\N{HORIZONTAL ELLIPSIS}": "...",
    "\N{MIDDLE DOT}": "-",
    "\N{EN DASH}": "-",
    "\N{EM DASH}": "-",
    "\N{BOX DRAWINGS HEAVY HORIZONTAL}": "-",
    "\N{BOX DRAWINGS HEAVY LEFT}": "-",
    "\N{BOX DRAWINGS HEAVY RIGHT}": "-",
    "\N{MULTIPLICATION SIGN}": "x",
    "\N{SUPERSCRIPT ZERO}": "^0",
    "\N{SUPERSCRIPT ONE}": "^1",
    "\N{SUPERSCRIPT THREE}": "^3",
}
"""What our own words have beyond ASCII, and what stands for it."""

_BRAILLE: Final = range(0x2800, 0x2900)  # a frame of the spinner, one cell wide


class Outlet(io.TextIOBase):
    """Wrapper of stdout or stderr for all output, libraries' output included.

    What is written leaves at once, so that a failure is met where it can be told. After the first one the stream
    is silent: a closed one behaves as the null device does.

    Attributes:
        failure: Why it takes nothing any more; None while it does.

    Args:
        stream: What is written to; None where it was closed at the start.
        name: What users call it.
        raises: Whether the first failure ends the run.
    """

    def __init__(self, stream: IO[str] | None, name: str, *, raises: bool) -> None:
        super().__init__()
        self.failure: OutputLost | None = None
        self._stream = stream
        self._name = name
        self._raises = raises
        self._terminal = stream is not None and stream.isatty()
        self._encode = codecs.getincrementalencoder(self.encoding)(DEGRADED).encode
        self.buffer = _Bytes(self)

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """The encoding of what people read."""
        return getattr(self._stream, "encoding", None) or "utf-8"

    @property
    def errors(self) -> str:  # type: ignore[override]
        """Error handler for characters that the encoding lacks."""
        return DEGRADED

    def write(self, text: str) -> int:
        """Write words for people, in the encoding of the stream.

        Raises:
            OutputLost: It is stdout, and takes nothing any more.
        """
        if not isinstance(text, str):
            raise TypeError("an outlet takes text")  # by which libraries tell it from a stream of bytes
        self._put(text, None)
        return len(text)

    def put_utf8(self, text: str) -> None:
        """Write what programs read, in UTF-8 whatever the encoding of the stream.

        Raises:
            OutputLost: It is stdout, and takes nothing any more.
        """
        self._put(text, text.encode("utf-8", "backslashreplace"))

    def put_bytes(self, data: bytes) -> None:
        """Write bytes unchanged.

        Raises:
            OutputLost: It is stdout, and takes nothing any more.
        """
        self._put(data.decode(self.encoding, "replace"), data)

    def fileno(self) -> int:
        """Return the descriptor, as far as there is one."""
        if self._stream is None:
            raise io.UnsupportedOperation("fileno")
        return self._stream.fileno()

    def isatty(self) -> bool:
        """Return whether the stream is a terminal."""
        return self._terminal

    def writable(self) -> bool:
        """Return True: the stream can be written to."""
        return True

    def _put(self, text: str, data: bytes | None) -> None:
        if self._stream is None or self.failure is not None:
            return
        try:
            descriptor = self.fileno()
        except (OSError, ValueError):  # a stream in memory
            self._stream.write(text)
            return
        try:
            self._stream.flush()
            _write_all(descriptor, self._encode(text) if data is None else data)
        except OSError as error:
            self._lose(error)

    def _lose(self, error: OSError) -> None:
        gone = error.errno == errno.EPIPE or (self._terminal and error.errno == errno.EIO)
        if gone:
            self.failure = ReaderLeft(f"the reader of {self._name} has ended")
        else:
            self.failure = OutputLost(
                f"{self._name} cannot be written to: {error.strerror}",
                hint=f"make room where {self._name} goes, or send it elsewhere, for example: > output.txt",
            )
        if self._raises:
            raise self.failure from error


class _Bytes(io.RawIOBase):
    """The same stream for those who write bytes."""

    def __init__(self, outlet: Outlet) -> None:
        super().__init__()
        self._outlet = outlet

    def writable(self) -> bool:
        return True

    def write(self, data: "ReadableBuffer") -> int:
        held = bytes(data)
        self._outlet.put_bytes(held)
        return len(held)

    def close(self) -> None:
        """Stay open: the stream is the process's."""


def _write_all(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        try:
            rest = rest[os.write(descriptor, rest) :]
        except BlockingIOError:  # whoever shares the pipe has made it so
            select.select([], [descriptor], [])


def _degraded(error: UnicodeError) -> tuple[str, int]:
    """Replace characters the encoding lacks with ASCII or code points."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(_plain(char) for char in error.object[error.start : error.end]), error.end


def _plain(char: str) -> str:
    if ord(char) in _BRAILLE:
        return "*"
    return _PLAIN.get(char) or char.encode("ascii", "backslashreplace").decode("ascii")


codecs.register_error(DEGRADED, _degraded)


def outlet_of(stream: IO[str] | Any, name: str, *, raises: bool) -> Outlet:
    """Return a stream as an `Outlet`, wrapped only if needed."""
    return stream if isinstance(stream, Outlet) else Outlet(stream, name, raises=raises)


@contextmanager
def outlets() -> Iterator[None]:
    """Replace stdout and stderr with outlets inside the context."""
    before = sys.stdout, sys.stderr
    sys.stdout = outlet_of(sys.stdout, "stdout", raises=True)
    sys.stderr = outlet_of(sys.stderr, "stderr", raises=False)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def print_machine(text: str) -> None:
    """Print what programs read on stdout: UTF-8, whatever the locale.

    Raises:
        OutputLost: stdout takes nothing any more.
    """
    whole = text if not text or text.endswith("\n") else f"{text}\n"
    outlet_of(sys.stdout, "stdout", raises=True).put_utf8(whole)
