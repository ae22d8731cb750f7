"""Read NDJSON in chunks: a line's object, or list items, as rows."""

from collections.abc import Iterator
from itertools import chain

from inflection_cli import rules
from inflection_cli.model import Chunk, Problem
from inflection_cli.reading.files.stream import open_source
from inflection_cli.reading.files.window import Window
from inflection_cli.reading.json.chunk_builder import ChunkBuilder
from inflection_cli.reading.json.inner_lists import items_of_line
from inflection_cli.reading.json.json_objects import JsonError, read_object
from inflection_cli.reading.json.text_cursor import decode
from inflection_cli.reading.source import ReadOptions, Source


def read_ndjson(source: Source, options: ReadOptions) -> Iterator[Chunk]:
    """Read an NDJSON file in chunks of about `options.chunk_bytes` bytes.

    A chunk ends before a record that brings a new key; the chunks after it have that column too.

    Raises:
        InputError: The file is gone, damaged, or holds a line that no text has.
    """
    size = max(1, options.chunk_bytes)
    with open_source(source) as stream:
        window = Window(stream)
        window.advance(source.data_offset)
        reader = _Reader(window, source)
        while block := window.block(size):
            yield from reader.chunks(block)


class _Reader(ChunkBuilder):
    """Reads blocks of lines into chunks."""

    def chunks(self, block: bytes) -> Iterator[Chunk]:
        """Yield the chunks of a block; each new key starts a chunk."""
        first = self._window.line
        raw = block.split(b"\n")
        texts = decode(block, self._source.encoding).split("\n")
        left = 0  # how many of the lines are in chunks already
        for index, text in enumerate(texts):
            if not text.strip(" \t\r"):
                continue
            records = self._line(text, first + index)
            if isinstance(records, Problem):
                line_end = b"\n" if index < len(raw) - 1 else b""
                self._reject(records, first + index, 1, raw[index] + line_end)
                continue
            for record in records:
                if not self._known.issuperset(record):
                    if index > left:
                        yield self._chunk(sum(map(len, raw[left:index])) + index - left)
                        left = index
                    self._widen(dict.fromkeys(chain.from_iterable(records), ""))
                self._add(record, first + index)
        yield self._chunk(len(block) - sum(map(len, raw[:left])) - left)

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
