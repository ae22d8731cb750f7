"""Read a file of any format, in pieces that stand alone.

Only who has read all that is before a record knows where it ends, since a quote may open a megabyte earlier. So
where a piece ends is a guess, made by counting quotes, and pieces are cut ahead of those that are read. Whoever reads
a piece tells how far it could be read without what follows. Where that is not all of it, the pieces that were cut
behind it are void, and the file is cut again from there. So the chunks depend on the file alone, not on who reads.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final, Protocol

from inflection_cli.model import Chunk
from inflection_cli.reading.csv.csv_reader import read_csv, record_end
from inflection_cli.reading.files.encoding import restore, restore_lines
from inflection_cli.reading.files.stream import open_source
from inflection_cli.reading.files.window import Piece, PieceRead, Window
from inflection_cli.reading.json.ndjson import read_ndjson
from inflection_cli.reading.source import MAX_LINE_BYTES, MAX_RECORD_CHARS, ReadOptions, Source

_GUESSED_BYTES: Final = MAX_LINE_BYTES
"""Within so many bytes quotes are counted for the end of a record; beyond, reading decides."""


class FileReading(Protocol):
    """One file that is being read.

    Attributes:
        columns: The columns that its next piece is read with.
    """

    columns: tuple[str, ...]

    def cut(self) -> Piece | Chunk | None:
        """Return the next piece to be read; None at the end.

        Raises:
            InputError: The file is gone, damaged, or larger than it may be.
        """

    def take(self, piece: Piece | Chunk, read: PieceRead) -> Chunk | None:
        """Go on behind what was read of the oldest piece.

        Where that is not all of it, the pieces behind it are void, and are cut again.
        """

    def rewind(self) -> None:
        """Make all pieces void that were cut and not taken."""

    def close(self) -> None:
        """Close the file."""


def open_reading(source: Source, options: ReadOptions) -> FileReading:
    """Open a file to be read in pieces.

    Raises:
        InputError: It is gone, or may not be read.
    """
    return _Documents(source, options) if source.format == "json" else _Lines(source, options)


def read_piece(piece: Piece | Chunk, source: Source, size: int) -> PieceRead:
    """Read a piece; the result is the same in any process.

    Args:
        piece: Starts where a record starts.
        source: What `detect` found, with the columns known so far; its sample is not looked at.
        size: About how many bytes are read at once.
    """
    if not isinstance(piece, Piece):
        return PieceRead(piece, 1, piece.columns)
    is_csv = source.format == "csv"
    read = read_csv(piece, source, size) if is_csv else read_ndjson(piece, source)
    if source.line_ends == "lf" or read.chunk is None:
        return read
    # JSON has its line breaks spelled with escapes: its cells hold none of the file's own.
    return read._replace(chunk=(restore if is_csv else restore_lines)(read.chunk))


def read(source: Source, options: ReadOptions) -> Iterator[Chunk]:
    """Read a file in chunks, in constant memory and with repeatable results.

    With the same options the same bytes give the same chunks.

    Args:
        source: What `detect` found; its encoding and delimiter hold.
        options: How large the chunks are.

    Raises:
        InputError: The file is gone, damaged, or larger than it may be.
    """
    reading = open_reading(source, options)
    try:
        while (piece := reading.cut()) is not None:
            known = replace(source, columns=reading.columns)
            chunk = reading.take(piece, read_piece(piece, known, block_bytes(options)))
            if chunk is not None:
                yield chunk
    finally:
        reading.close()


def block_bytes(options: ReadOptions) -> int:
    """Return about how many bytes make a chunk."""
    return max(1, min(options.chunk_bytes, MAX_RECORD_CHARS // 2))


class _Lines:
    """A file of CSV or NDJSON, cut at the ends of lines."""

    def __init__(self, source: Source, options: ReadOptions) -> None:
        self.columns = source.columns
        self._size = block_bytes(options)
        self._has_quotes = source.format == "csv"
        self._stream = open_source(source)
        self._window = Window(self._stream)
        try:
            self._window.advance(source.data_offset)
        except BaseException:
            self.close()
            raise
        self._number = 1
        self._least = 0
        self.rewind()

    def rewind(self) -> None:
        """Make all pieces void that were cut and not taken."""
        self._ahead, self._line = 0, self._window.line

    def cut(self) -> Piece | None:
        """Return the next piece to be read; None at the end."""
        # What could not be read is in front: pieces behind it are cut as if it had been no smaller.
        least = 0 if self._ahead else self._least
        lines = self._at_least(least) if least else self._window.block(self._size, self._ahead)
        if not lines:
            return None
        if self._has_quotes and not least:
            lines = self._records(lines)
        piece = self._window.piece(lines, self._ahead, self._line)
        self._ahead += len(lines)
        self._line += piece.line_ends
        return piece

    def _records(self, lines: bytes) -> bytes:
        """Return lines up to the last end of a record.

        More lines are loaded where there is none.
        """
        while not (end := record_end(lines)) and len(lines) < _GUESSED_BYTES:
            more = self._at_least(2 * len(lines))
            if len(more) == len(lines):
                break
            lines = more
        return lines[: end or len(lines)]

    def _at_least(self, least: int) -> bytes:
        """Return whole lines of at least so many bytes, if there are."""
        lines = b""
        while len(lines) < least and (more := self._window.block(least, self._ahead + len(lines))):
            lines += more
        return lines

    def take(self, piece: Piece | Chunk, read: PieceRead) -> Chunk | None:
        """Go on behind what was read of the oldest piece."""
        assert isinstance(piece, Piece)
        if read.consumed:
            is_whole = read.consumed == len(piece.data)
            line_ends = piece.line_ends if is_whole else piece.data.count(b"\n", 0, read.consumed)
            self._window.leave(read.consumed, line_ends)
            self._window.digest()
        self._ahead -= read.consumed
        is_stuck = not read.consumed and read.columns == self.columns
        self._least = 2 * len(piece.data) if is_stuck else 0
        self.columns = read.columns
        if read.consumed < len(piece.data):
            self.rewind()
        if read.chunk is None:
            return None
        chunk = replace(read.chunk, first_number=self._number)
        self._number += len(chunk.lines)
        return chunk

    def close(self) -> None:
        """Close the file."""
        self._stream.__exit__(None, None, None)


class _Documents:
    """JSON documents, which only one reader can follow: their pieces are chunks."""

    def __init__(self, source: Source, options: ReadOptions) -> None:
        from inflection_cli.reading.json.documents import read_documents  # noqa: PLC0415 - at start-up it counts

        self.columns = self._taken = source.columns
        chunks = read_documents(source, options)
        self._chunks = chunks if source.line_ends == "lf" else map(restore_lines, chunks)
        self._void: list[Chunk] = []
        self._cut: list[Chunk] = []

    def rewind(self) -> None:
        """Make all pieces void that were cut and not taken."""
        self._void, self._cut = self._cut + self._void, []
        self.columns = self._taken

    def cut(self) -> Chunk | None:
        """Return the next chunk; None at the end."""
        chunk = self._void.pop(0) if self._void else next(self._chunks, None)
        if chunk is not None:
            self.columns = chunk.columns
            self._cut.append(chunk)
        return chunk

    def take(self, piece: Piece | Chunk, read: PieceRead) -> Chunk | None:
        """Return the chunk that was read."""
        del piece
        self._taken = self._cut.pop(0).columns
        return read.chunk

    def close(self) -> None:
        """Close the file."""
        self._chunks = iter(())
