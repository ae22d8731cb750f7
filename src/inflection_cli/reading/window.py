"""A window that slides over a byte stream in whole lines, counts them, and digests what it leaves behind."""

import zlib
from struct import Struct
from typing import Protocol

from inflection_cli.errors import InputError
from inflection_cli.reading.source import MAX_LINE_BYTES

_READ_BYTES = 1 << 18
_DIGEST = Struct(">QQ")
_NO_BYTES = (0, 0)  # the CRC-32 and the length of nothing


class Bytes(Protocol):
    """Whatever hands out bytes until there are none."""

    def read(self, size: int, /) -> bytes:
        """Read at most `size` bytes; none at the end."""


class Window:
    """What has been read of a stream and not yet been left behind.

    What `block` gives depends on the bytes alone, never on how the stream hands them out.

    Attributes:
        line: The physical line, from 1, on which the window starts.
    """

    __slots__ = ("_buffer", "_ended", "_path", "_start", "_stream", "_sums", "line")

    def __init__(self, stream: Bytes, path: str) -> None:
        self.line = 1
        self._stream = stream
        self._path = path
        self._buffer = b""
        self._start = 0
        self._ended = False
        self._sums = _NO_BYTES

    def block(self, size: int, skip: int = 0) -> bytes:
        """Look at whole lines, `size` bytes of them at the most, `skip` bytes on; one line may be longer.

        The last line of the stream may lack its line end. Empty when the stream has ended.

        Raises:
            InputError: A line is longer than any text has.
        """
        self._fill(skip + size + 1)
        begin = self._start + skip
        if len(self._buffer) - begin <= size:
            return self._buffer[begin:]
        end = self._buffer.rfind(b"\n", begin, begin + size) + 1
        if not end:
            length = self._line_end(skip)
            begin, end = self._start + skip, self._start + length
        return self._buffer[begin:end]

    def advance(self, count: int, lines: int | None = None) -> None:
        """Leave `count` bytes behind; `lines` is how many line ends they hold, where the caller knows."""
        self._fill(count)
        left = memoryview(self._buffer)[self._start : self._start + count]
        crc, length = self._sums
        self._sums = zlib.crc32(left, crc), length + len(left)
        if lines is None:
            lines = self._buffer.count(b"\n", self._start, self._start + count)
        self.line += lines
        self._start += len(left)

    def digest(self) -> bytes:
        """Digest the bytes left behind since the last time: 16 bytes of CRC-32 and length.

        It tells that a file is not the one it was, against accident and not against malice: whoever writes the
        file can as well write it before the first pass. BLAKE2b would take a tenth of the whole conversion.
        """
        digest = _DIGEST.pack(*self._sums)
        self._sums = _NO_BYTES
        return digest

    def _fill(self, count: int) -> None:
        """Hold at least `count` bytes, or all that there are."""
        while not self._ended and len(self._buffer) - self._start < count:
            held = len(self._buffer) - self._start
            data = self._stream.read(max(_READ_BYTES, held))
            self._ended = not data
            self._buffer = self._buffer[self._start :] + data
            self._start = 0

    def _line_end(self, skip: int) -> int:
        """Find where the line that starts `skip` bytes on ends, its line end included."""
        seen = skip
        while (end := self._buffer.find(b"\n", self._start + seen)) < 0 and not self._ended:
            seen = len(self._buffer) - self._start
            if seen - skip > MAX_LINE_BYTES:
                break
            self._fill(seen + 1)
        length = (end + 1 if end >= 0 else len(self._buffer)) - self._start - skip
        if length > MAX_LINE_BYTES:
            line = self.line + self._buffer.count(b"\n", self._start, self._start + skip)
            raise InputError(
                f"{self._path}: line {line:,} is longer than {MAX_LINE_BYTES:,} bytes",
                hint="this is no export with one event on a line; export it as CSV or NDJSON",
            )
        return skip + length
