"""Read NDJSON in chunks: each line's object becomes a row of text."""

from collections.abc import Iterator

from inflection_cli.model import Chunk, Problem
from inflection_cli.reading.files.stream import open_source
from inflection_cli.reading.files.window import Window
from inflection_cli.reading.json.chunk_builder import ChunkBuilder
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
            record = self._record(text, first + index)
            if isinstance(record, Problem):
                line_end = b"\n" if index < len(raw) - 1 else b""
                self._reject(record, first + index, 1, raw[index] + line_end)
                continue
            if not self._known.issuperset(record):
                if index > left:
                    yield self._chunk(sum(map(len, raw[left:index])) + index - left)
                    left = index
                self._widen(record)
            self._add(record, first + index)
        yield self._chunk(len(block) - sum(map(len, raw[:left])) - left)
