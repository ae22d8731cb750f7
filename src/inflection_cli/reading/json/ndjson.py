"""Read NDJSON in pieces: a line's object, or list items, as rows."""

from collections.abc import Sequence
from itertools import chain

from inflection_cli import rules
from inflection_cli.model import Chunk, Fault, Problem
from inflection_cli.reading.files.encoding import encoding_hint
from inflection_cli.reading.files.window import Piece, PieceRead, Window
from inflection_cli.reading.json.inner_lists import inner_records, is_itself, items_of_line, within_each
from inflection_cli.reading.json.json_grammar import decode
from inflection_cli.reading.json.json_objects import JsonError, read_object
from inflection_cli.reading.source import MAX_COLUMNS, Source


class ChunkBuilder:
    """Builds chunks from records; new keys add columns."""

    def __init__(self, window: Window, source: Source) -> None:
        self._window = window
        self._source = source
        self._columns = source.columns
        self._known = frozenset(source.columns)
        self._inner = within_each(source.records)
        self._number = 1
        self._rows: list[list[str]] = []
        self._lines: list[int] = []
        self._faults: list[Fault] = []

    def _records_of(self, record: dict[str, str]) -> list[dict[str, str]]:
        """Return the records that an object stands for; count new keys.

        Raises:
            JsonError: The list within it is not there, or there are too many keys.
        """
        if not self._inner or is_itself(record, self._source.records, self._inner):
            if not self._known.issuperset(record):
                self._count(record)
            return [record]
        found = inner_records(record, self._inner, is_table=self._source.is_binary)
        self._count(dict.fromkeys(chain.from_iterable(found), ""))
        return found

    def _count(self, record: dict[str, str]) -> None:
        """Raise an error if a record's keys would make too many columns.

        Raises:
            Flaw: They would.
        """
        if len(self._known) + sum(key not in self._known for key in record) > MAX_COLUMNS:
            message = f"with this record's keys the file has more than {MAX_COLUMNS:,} columns"
            raise JsonError(rules.JSON_TOO_MANY_KEYS, message)

    def _problem(self, flaw: JsonError, line: int) -> Problem:
        encoding = self._source.encoding
        hint = encoding_hint(encoding) if flaw.rule is rules.BAD_ENCODING else ""
        if hint and self._source.is_binary:
            hint = "export the file again: its format knows no text but UTF-8"
        cut = self._window.cuts.get(line)
        message = cut.words() if cut else flaw.message
        return Problem(flaw.rule, message, self._source.path, line, flaw.key, hint=hint)

    def _add(self, record: dict[str, str], line: int) -> None:
        fits = tuple(record) == self._columns
        row = list(record.values()) if fits else [record.get(column, "") for column in self._columns]
        self._rows.append(row)
        self._lines.append(line)

    def _reject(self, problem: Problem, line: int, rows: int, raw: bytes) -> None:
        """Record the bytes that start on `line` as unreadable."""
        self._faults.append(Fault(problem, line, rows, raw))

    def _widen(self, record: dict[str, str]) -> None:
        self._columns = joined(self._columns, record)
        self._known = frozenset(self._columns)

    def _chunk(self, consumed: int) -> Chunk:
        """Build a chunk over the next `consumed` bytes, and reset the lists."""
        self._window.advance(consumed)
        chunk = Chunk(
            self._source.path,
            self._columns,
            self._rows,
            self._lines,
            self._number,
            tuple(self._faults),
            self._window.digest(),
            typed=True,
        )
        self._number += len(self._rows)
        self._rows, self._lines, self._faults = [], [], []
        return chunk


def joined(columns: Sequence[str], keys: dict[str, str]) -> tuple[str, ...]:
    """Append the new keys to the columns, in their order."""
    return tuple(dict.fromkeys([*columns, *keys]))


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
