"""Sliding window of whole lines over a byte stream, with digest."""

import zlib
from io import BytesIO
from struct import Struct
from typing import NamedTuple, Protocol

from inflection_cli.model import Chunk
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


class Piece(NamedTuple):
    """Whole lines cut out of a window; picklable.

    Attributes:
        data: The lines.
        line: The physical line, from 1, on which they start.
        line_ends: How many line ends they have.
        is_last: Whether the stream ends with them.
        cuts: The lines among them of which they hold only the beginning, by number.
        gaps: What of those was skipped, with offsets in `data`.
        sums: The CRC-32 and the length of what counts in their digest and stands in front of them: the header.
    """

    data: bytes
    line: int
    line_ends: int
    is_last: bool
    cuts: tuple[tuple[int, Cut], ...] = ()
    gaps: tuple[_Gap, ...] = ()
    sums: tuple[int, int] = _NO_BYTES


class PieceRead(NamedTuple):
    """Records of a piece that could be read by itself.

    Attributes:
        chunk: The records; None where there is none.
        consumed: How many bytes of the piece they are.
        columns: The columns that the next piece is read with.
    """

    chunk: Chunk | None
    consumed: int
    columns: tuple[str, ...]


class MoreNeeded(Exception):
    """Raised where reading takes bytes behind the piece."""


class Window:
    """Bytes of a stream that were read but not yet consumed.

    What `block` gives depends on the bytes alone, never on how the stream hands them out. Of a line with more than
    `MAX_LINE_BYTES` it has the first so many, and its line end; the rest is passed over, and digested all the same.

    Attributes:
        line: The physical line, from 1, on which the window starts.
        cuts: By number, the lines met so far of which it has only the beginning.
        goes_on: Whether its stream is a piece, and more follows its end.
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
        "goes_on",
        "line",
    )

    def __init__(self, stream: Bytes) -> None:
        self.line = 1
        self.cuts: dict[int, Cut] = {}
        self.goes_on = False
        self._stream = stream
        self._buffer = b""
        self._start = 0
        self._ended = False
        self._sums = _NO_BYTES
        self._gaps: list[_Gap] = []
        self._left_behind = 0
        self._passed_over = 0

    @classmethod
    def over(cls, piece: Piece) -> "Window":
        """Return a window over a piece."""
        window = cls(BytesIO(piece.data))
        window.line, window.goes_on = piece.line, not piece.is_last
        window.cuts, window._gaps, window._sums = dict(piece.cuts), list(piece.gaps), piece.sums
        return window

    def piece(self, data: bytes, skip: int, line: int) -> Piece:
        """Return a piece of lines that `block` gave.

        Args:
            data: The lines.
            skip: How many bytes there are in front of them.
            line: The physical line on which they start.
        """
        end = skip + len(data)
        is_last = self._ended and len(self._buffer) - self._start == end
        sums = _NO_BYTES if skip else self._sums
        line_ends = data.count(b"\n")
        if not self._gaps:
            return Piece(data, line, line_ends, is_last, sums=sums)
        begin = self._left_behind + skip
        gaps = [gap._replace(at=gap.at - begin) for gap in self._gaps]
        after = line + line_ends
        cuts = tuple((at, cut) for at, cut in self.cuts.items() if line <= at <= after)
        inside = tuple(gap for gap in gaps if 0 < gap.at <= len(data))
        return Piece(data, line, line_ends, is_last, cuts, inside, sums)

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
        for gap in self.leave(len(left), lines):
            self._digest_gap(gap)

    def leave(self, count: int, lines: int) -> list[_Gap]:
        """Consume `count` bytes that are loaded; their digest is the caller's.

        Returns:
            What was skipped of lines among them.
        """
        self.line += lines
        self._start += count
        self._left_behind += count
        left = [gap for gap in self._gaps if gap.at <= self._left_behind]
        del self._gaps[: len(left)]
        self._passed_over += sum(gap.length for gap in left)
        return left

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
