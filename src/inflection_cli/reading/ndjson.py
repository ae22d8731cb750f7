"""NDJSON into chunks: one object on each line becomes a row of text, every digit as it stood."""

from collections.abc import Iterator, Sequence

from inflection_cli import rules
from inflection_cli.model import Chunk, Fault, Problem
from inflection_cli.reading.files import open_stream
from inflection_cli.reading.objects import Flaw, read_object
from inflection_cli.reading.page import decode
from inflection_cli.reading.source import MAX_COLUMNS, ReadOptions, Source
from inflection_cli.reading.text import encoding_hint
from inflection_cli.reading.window import Window


def read_ndjson(source: Source, options: ReadOptions) -> Iterator[Chunk]:
    """Read an NDJSON file in chunks of about `options.chunk_bytes`, in flat memory.

    A chunk ends before a record that brings a new key; the chunks after it have that column too.

    Raises:
        InputError: The file is gone, damaged, or holds a line that no text has.
    """
    size = max(1, options.chunk_bytes)
    with open_stream(source.path, source.location, source.compression) as stream:
        window = Window(stream, source.path)
        window.advance(source.data_offset)
        reader = _Reader(window, source)
        while block := window.block(size):
            yield from reader.chunks(block)


class _Reader:
    """Turns blocks of lines into chunks; knows the columns met so far."""

    def __init__(self, window: Window, source: Source) -> None:
        self._window = window
        self._source = source
        self._columns = source.columns
        self._known = frozenset(source.columns)
        self._number = 1
        self._rows: list[list[str]] = []
        self._lines: list[int] = []
        self._faults: list[Fault] = []

    def chunks(self, block: bytes) -> Iterator[Chunk]:
        """Read a block: into one chunk, and one more for each record that brings a new key."""
        first = self._window.line
        raw = block.split(b"\n")
        texts = decode(block, self._source.encoding).split("\n")
        left = 0  # how many of the lines are in chunks already
        for index, text in enumerate(texts):
            if not text.strip(" \t\r"):
                continue
            record = self._record(text, first + index)
            if isinstance(record, Problem):
                line_end = b"\n" if index < len(raw) - 1 else b""
                self._faults.append(Fault(record, first + index, 1, raw[index] + line_end))
                continue
            if not self._known.issuperset(record):
                if index > left:
                    yield self._chunk(sum(map(len, raw[left:index])) + index - left)
                    left = index
                self._widen(record)
            self._rows.append(self._row(record))
            self._lines.append(first + index)
        yield self._chunk(len(block) - sum(map(len, raw[:left])) - left)

    def _record(self, text: str, line: int) -> dict[str, str] | Problem:
        try:
            record = read_object(text)
            if not self._known.issuperset(record):
                _count_keys(len(self._known.union(record)))
        except Flaw as flaw:
            encoding = self._source.encoding
            hint = encoding_hint(encoding) if flaw.rule is rules.BAD_ENCODING else ""
            return Problem(flaw.rule, flaw.message, self._source.path, line, flaw.key, hint=hint)
        return record

    def _row(self, record: dict[str, str]) -> list[str]:
        if tuple(record) == self._columns:
            return list(record.values())
        return [record.get(column, "") for column in self._columns]

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
        )
        self._number += len(self._rows)
        self._rows, self._lines, self._faults = [], [], []
        return chunk


def _count_keys(count: int) -> None:
    if count > MAX_COLUMNS:
        raise Flaw(
            rules.JSON_TOO_MANY_KEYS, f"with this line's keys the file has more than {MAX_COLUMNS:,} columns"
        )


def joined(columns: Sequence[str], keys: dict[str, str]) -> tuple[str, ...]:
    """Add the keys that are new, in their order."""
    return tuple(dict.fromkeys([*columns, *keys]))
