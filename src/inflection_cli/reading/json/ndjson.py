"""Read NDJSON in pieces: each line's object becomes a row of text."""

from inflection_cli.model import Problem
from inflection_cli.reading.files.window import Piece, PieceRead, Window
from inflection_cli.reading.json.chunk_builder import ChunkBuilder
from inflection_cli.reading.json.text_cursor import decode
from inflection_cli.reading.source import Source


def read_ndjson(piece: Piece, source: Source) -> PieceRead:
    """Read the lines of a piece, up to a new key.

    Args:
        piece: Whole lines.
        source: What the file is; its columns are those known so far.
    """
    return _Reader(Window.over(piece), source).read(piece.data)


class _Reader(ChunkBuilder):
    """Reads lines into one chunk."""

    def read(self, lines: bytes) -> PieceRead:
        """Read lines; a new key ends the chunk before its record."""
        first = self._window.line
        raw = lines.split(b"\n")
        for index, text in enumerate(decode(lines, self._source.encoding).split("\n")):
            if not text.strip(" \t\r"):
                continue
            record = self._record(text, first + index)
            if isinstance(record, Problem):
                line_end = b"\n" if index < len(raw) - 1 else b""
                self._reject(record, first + index, 1, raw[index] + line_end)
                continue
            if not self._known.issuperset(record):
                consumed = sum(map(len, raw[:index])) + index
                chunk = self._chunk(consumed) if consumed else None
                self._widen(record)
                return PieceRead(chunk, consumed, self._columns)
            self._add(record, first + index)
        return PieceRead(self._chunk(len(lines)), len(lines), self._columns)
