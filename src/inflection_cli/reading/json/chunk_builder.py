"""Records of JSON into chunks: the columns met so far, and what stands in the chunk that is being filled."""

from collections.abc import Sequence

from inflection_cli import rules
from inflection_cli.model import Chunk, Fault, Problem
from inflection_cli.reading.files.encoding import encoding_hint
from inflection_cli.reading.files.window import Window
from inflection_cli.reading.json.json_objects import JsonError, read_object
from inflection_cli.reading.source import MAX_COLUMNS, Source


class ChunkBuilder:
    """Fills chunks with records; a file may gain columns on the way."""

    def __init__(self, window: Window, source: Source) -> None:
        self._window = window
        self._source = source
        self._columns = source.columns
        self._known = frozenset(source.columns)
        self._number = 1
        self._rows: list[list[str]] = []
        self._lines: list[int] = []
        self._faults: list[Fault] = []

    def _record(self, text: str, line: int) -> dict[str, str] | Problem:
        """Read an object that stands on `line`, or say what is wrong with it."""
        try:
            record = read_object(text)
            if not self._known.issuperset(record):
                self._count(record)
        except JsonError as flaw:
            return self._problem(flaw, line)
        return record

    def _count(self, record: dict[str, str]) -> None:
        """See to it that a record's keys do not make too many columns.

        Raises:
            Flaw: They would.
        """
        if len(self._known) + sum(key not in self._known for key in record) > MAX_COLUMNS:
            message = f"with this record's keys the file has more than {MAX_COLUMNS:,} columns"
            raise JsonError(rules.JSON_TOO_MANY_KEYS, message)

    def _problem(self, flaw: JsonError, line: int) -> Problem:
        encoding = self._source.encoding
        hint = encoding_hint(encoding) if flaw.rule is rules.BAD_ENCODING else ""
        cut = self._window.cuts.get(line)
        message = cut.words() if cut else flaw.message
        return Problem(flaw.rule, message, self._source.path, line, flaw.key, hint=hint)

    def _add(self, record: dict[str, str], line: int) -> None:
        """Take a record whose keys are all known."""
        fits = tuple(record) == self._columns
        row = list(record.values()) if fits else [record.get(column, "") for column in self._columns]
        self._rows.append(row)
        self._lines.append(line)

    def _reject(self, problem: Problem, line: int, rows: int, raw: bytes) -> None:
        """Take bytes that start on `line` as unreadable."""
        self._faults.append(Fault(problem, line, rows, raw))

    def _widen(self, record: dict[str, str]) -> None:
        self._columns = joined(self._columns, record)
        self._known = frozenset(self._columns)

    def _chunk(self, consumed: int) -> Chunk:
        """Close a chunk over the next `consumed` bytes."""
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
    """Add the keys that are new, in their order."""
    return tuple(dict.fromkeys([*columns, *keys]))
