"""Reads a file of any format in chunks, as it stands there."""

from collections.abc import Iterator

from inflection_cli.model import Chunk
from inflection_cli.reading.csv import read_csv
from inflection_cli.reading.documents import read_documents
from inflection_cli.reading.line_ends import restored, restored_lines
from inflection_cli.reading.ndjson import read_ndjson
from inflection_cli.reading.source import ReadOptions, Source

_READERS = {"csv": read_csv, "ndjson": read_ndjson, "json": read_documents}


def read(source: Source, options: ReadOptions) -> Iterator[Chunk]:
    """Read a file in chunks, in flat memory; with the same options the same bytes give the same chunks.

    Args:
        source: What `detect` found; its encoding and delimiter hold.
        options: How large the chunks are.

    Raises:
        InputError: The file is gone, damaged, or larger than it may be.
    """
    chunks = _READERS[source.format](source, options)
    if source.line_ends == "lf":
        return chunks
    # JSON has its line breaks spelled with escapes: its cells hold none of the file's own.
    return map(restored if source.format == "csv" else restored_lines, chunks)
