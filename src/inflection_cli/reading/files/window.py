"""Sliding window of whole lines over a byte stream, with digest."""

import zlib
from struct import Struct
from typing import NamedTuple, Protocol

from inflection_cli.reading.source import MAX_LINE_BYTES

_READ_BYTES = 1 << 18
_DIGEST = Struct(">QQ")
_NO_BYTES = (0, 0)  # the CRC-32 and the length of nothing


class Bytes(Protocol):
    """Protocol of an object that returns bytes until the end."""

    def read(self, size: int, /) -> bytes:
        """Read at most `size` bytes; return no bytes at the end."""


class Cut(NamedTuple):
    """A line of which only the beginning was kept.

    Attributes:
        offset: How many bytes of the text precede it.
        length: How many bytes it has, without its line end.
        kept: How many of them were kept.
    """

    offset: int
    length: int
    kept: int

    def words(self) -> str:
        """Format the line's length, kept size and position as a message."""
        return (
            f"the line has {self.length:,} bytes, of which the rejects hold the first {self.kept:,}. "
            f"It starts at byte {self.offset + 1:,} of the text"
        )


class _Gap(NamedTuple):
    """Skipped bytes: their position in the stream, CRC-32 and length."""

    at: int
    crc: int
    length: int


class Window:
    """Bytes of a stream that were read but not yet consumed.

    What `block` gives depends on the bytes alone, never on how the stream hands them out. Of a line with more than
    `MAX_LINE_BYTES` it has the first so many, and its line end; the rest is passed over, and digested all the same.

    Attributes:
        line: The physical line, from 1, on which the window starts.
        cuts: By number, the lines met so far of which it has only the beginning.
    """

    __slots__ = (
        "_buffer",
        "_ended",
        "_gaps",
        "_left_behind",
        "_passed_over",
        "_start",
        "_stream",
        "_sums",
        "cuts",
        "line",
    )

    def __init__(self, stream: Bytes) -> None:
        self.line = 1
        self.cuts: dict[int, Cut] = {}
        self._stream = stream
        self._buffer = b""
        self._start = 0
        self._ended = False
        self._sums = _NO_BYTES
        self._gaps: list[_Gap] = []
        self._left_behind = 0
        self._passed_over = 0

    def block(self, size: int, skip: int = 0) -> bytes:
        """Return whole lines of at most `size` bytes, after `skip` bytes.

        A single line may be longer.

        The last line of the stream may lack its line end. Empty when the stream has ended. No line in it is longer
        than `MAX_LINE_BYTES` and its line end.
        """
        size = min(size, MAX_LINE_BYTES)
        self._fill(skip + size + 1)
        begin = self._start + skip
        if len(self._buffer) - begin <= size:
            return self._buffer[begin:]
        end = self._buffer.rfind(b"\n", begin, begin + size) + 1
        if not end:
            length = self._line_end(skip)
            begin, end = self._start + skip, self._start + length
        return self._buffer[begin:end]

    def peek(self, size: int) -> bytes:
        """Return the next `size` bytes; fewer only at the stream's end.

        Whoever looks so does not ask for a `block` of the same stream: lines of any length pass by whole.
        """
        self._fill(size)
        return self._buffer[self._start : self._start + size]

    def advance(self, count: int, lines: int | None = None) -> None:
        """Consume `count` bytes, and add their line ends to `line`.

        `lines` is the number of these line ends, if the caller knows it.
        """
        self._fill(count)
        left = memoryview(self._buffer)[self._start : self._start + count]
        crc, length = self._sums
        self._sums = zlib.crc32(left, crc), length + len(left)
        if lines is None:
            lines = self._buffer.count(b"\n", self._start, self._start + count)
        self.line += lines
        self._start += len(left)
        self._left_behind += len(left)
        while self._gaps and self._gaps[0].at <= self._left_behind:
            self._digest_gap(self._gaps.pop(0))

    def digest(self) -> bytes:
        """Return the CRC-32 and length of bytes consumed since last call.

        The digest has 16 bytes.

        It tells that a file is not the one it was, against accident and not against malice: whoever writes the
        file can as well write it before the first pass. BLAKE2b would take a tenth of the whole conversion.
        """
        digest = _DIGEST.pack(*self._sums)
        self._sums = _NO_BYTES
        return digest

    def _digest_gap(self, gap: _Gap) -> None:
        crc, length = self._sums
        self._sums = zlib.crc32(gap.crc.to_bytes(4), crc), length + gap.length
        self._passed_over += gap.length

    def _fill(self, count: int) -> None:
        """Read until the buffer has `count` bytes, or to the end."""
        while not self._ended and len(self._buffer) - self._start < count:
            held = len(self._buffer) - self._start
            data = self._stream.read(max(_READ_BYTES, held))
            self._ended = not data
            self._buffer = self._buffer[self._start :] + data
            self._start = 0

    def _line_end(self, skip: int) -> int:
        """Return the end of the line at `skip`, line end included."""
        seen = skip
        while (end := self._buffer.find(b"\n", self._start + seen)) < 0 and not self._ended:
            seen = len(self._buffer) - self._start
            if seen - skip > MAX_LINE_BYTES:
                break
            self._fill(seen + 1)
        length = (end if end >= 0 else len(self._buffer)) - self._start - skip
        if length > MAX_LINE_BYTES:
            self._cut(skip)
            end = self._buffer.find(b"\n", self._start + skip + MAX_LINE_BYTES)
            length = MAX_LINE_BYTES
        return skip + length + (end >= 0)

    def _cut(self, skip: int) -> None:
        """Skip the part of the line at `skip` beyond the limit."""
        begin = self._start + skip
        kept = self._buffer[self._start : begin + MAX_LINE_BYTES]
        data = self._buffer[begin + MAX_LINE_BYTES :]
        crc = length = 0
        while (end := data.find(b"\n")) < 0 and data:
            crc, length = zlib.crc32(data, crc), length + len(data)
            data = self._stream.read(_READ_BYTES)
            self._ended = not data
        if data:
            crc, length = zlib.crc32(memoryview(data)[:end], crc), length + end
            data = data[end:]
        line = self.line + kept.count(b"\n", 0, skip)
        before = self._passed_over + sum(gap.length for gap in self._gaps)
        self.cuts[line] = Cut(self._left_behind + skip + before, MAX_LINE_BYTES + length, MAX_LINE_BYTES)
        self._gaps.append(_Gap(self._left_behind + len(kept), crc, length))
        self._buffer = kept + data
        self._start = 0
