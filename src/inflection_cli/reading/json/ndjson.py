"""Read NDJSON in pieces: a line's object, or list items, as rows."""

from collections.abc import Iterator, Sequence
from itertools import chain

from inflection_cli import rules
from inflection_cli.lossless_json import JsonError
from inflection_cli.model import Chunk, Fault, Problem
from inflection_cli.reading.files.encoding import encoding_hint
from inflection_cli.reading.files.text_cursor import decode
from inflection_cli.reading.files.window import Piece, PieceRead, Window
from inflection_cli.reading.json.inner_lists import inner_records, is_itself, items_of_line, within_each
from inflection_cli.reading.json.json_objects import AT_ONCE, read_object, read_objects
from inflection_cli.reading.source import MAX_COLUMNS, Source

_Line = dict[str, str] | list[dict[str, str]] | JsonError
"""What a line holds: an object, a list of them, or the reason why it cannot be read."""


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
            JsonError: They would.
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
        first, raw = self._window.line, lines.split(b"\n")
        last: tuple[str, ...] = ()
        fits = False
        for index, found in _lines_of(decode(lines, self._source.encoding).split("\n")):
            if type(found) is dict and not self._inner:
                keys = tuple(found)
                if keys != last:  # keys of lines that were parsed at once are the same objects
                    last, fits = keys, keys == self._columns
                if fits:
                    self._rows.append(list(found.values()))
                    self._lines.append(first + index)
                    continue
            records = self._counted(found)
            if isinstance(records, JsonError):
                line_end = b"\n" if index < len(raw) - 1 else b""
                self._reject(self._problem(records, first + index), first + index, 1, raw[index] + line_end)
            elif all(map(self._known.issuperset, records)):
                for record in records:
                    self._add(record, first + index)
            else:
                consumed = sum(map(len, raw[:index])) + index
                chunk = self._chunk(consumed) if consumed else None
                self._widen(dict.fromkeys(chain.from_iterable(records), ""))
                return PieceRead(chunk, consumed, self._columns)
        return PieceRead(self._chunk(len(lines)), len(lines), self._columns)

    def _counted(self, found: _Line) -> list[dict[str, str]] | JsonError:
        """Return the records of a line, or why it has none."""
        if isinstance(found, JsonError):
            return found
        try:
            objects = found if isinstance(found, list) else [found]
            return [record for each in objects for record in self._records_of(each)]
        except JsonError as flaw:
            return flaw


def _lines_of(texts: Sequence[str]) -> Iterator[tuple[int, _Line]]:
    """Yield the index and the content of each filled line."""
    for start in range(0, len(texts), AT_ONCE):
        part = texts[start : start + AT_ONCE]
        filled = [index for index, text in enumerate(part) if text.strip(" \t\r")]
        part = part if len(filled) == len(part) else [part[index] for index in filled]
        found = read_objects(part) if part else []
        for index, line in zip(filled, map(_line, part) if found is None else found, strict=True):
            yield start + index, line


def _line(text: str) -> _Line:
    try:
        return read_object(text)
    except JsonError as flaw:
        if flaw.rule is not rules.JSON_NOT_OBJECT or not text.lstrip().startswith("["):
            return flaw
    try:
        return items_of_line(text)
    except JsonError as flaw:
        return flaw
