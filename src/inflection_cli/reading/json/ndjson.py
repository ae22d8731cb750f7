"""Read NDJSON in pieces: a line's object, or list items, as rows."""

from itertools import chain

from inflection_cli import rules
from inflection_cli.model import Problem
from inflection_cli.reading.files.window import Piece, PieceRead, Window
from inflection_cli.reading.json.chunk_builder import ChunkBuilder
from inflection_cli.reading.json.inner_lists import items_of_line
from inflection_cli.reading.json.json_objects import JsonError, read_object
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
            records = self._line(text, first + index)
            if isinstance(records, Problem):
                line_end = b"\n" if index < len(raw) - 1 else b""
                self._reject(records, first + index, 1, raw[index] + line_end)
                continue
            if not all(map(self._known.issuperset, records)):
                consumed = sum(map(len, raw[:index])) + index
                chunk = self._chunk(consumed) if consumed else None
                self._widen(dict.fromkeys(chain.from_iterable(records), ""))
                return PieceRead(chunk, consumed, self._columns)
            for record in records:
                self._add(record, first + index)
        return PieceRead(self._chunk(len(lines)), len(lines), self._columns)

    def _line(self, text: str, line: int) -> list[dict[str, str]] | Problem:
        """Read the records on `line`; return a problem if they are invalid."""
        try:
            try:
                return self._records_of(read_object(text))
            except JsonError as flaw:
                if flaw.rule is not rules.JSON_NOT_OBJECT or not text.lstrip().startswith("["):
                    raise
            items = items_of_line(text)
            return [record for item in items for record in self._records_of(item)]
        except JsonError as flaw:
            return self._problem(flaw, line)
