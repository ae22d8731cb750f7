"""Read a file of any format in chunks."""

from collections.abc import Callable, Iterator

from inflection_cli.model import Chunk
from inflection_cli.reading.csv.csv_reader import read_csv
from inflection_cli.reading.files.line_endings import restore, restore_lines
from inflection_cli.reading.json.ndjson import read_ndjson
from inflection_cli.reading.source import ReadOptions, Source


def read(source: Source, options: ReadOptions) -> Iterator[Chunk]:
    """Read a file in chunks, in constant memory and with repeatable results.

    With the same options the same bytes give the same chunks.

    Args:
        source: What `detect` found; its encoding and delimiter hold.
        options: How large the chunks are.

    Raises:
        InputError: The file is gone, damaged, or larger than it may be.
    """
    chunks = _reader(source.format)(source, options)
    if source.line_ends == "lf":
        return chunks
    # JSON has its line breaks spelled with escapes: its cells hold none of the file's own.
    return map(restore if source.format == "csv" else restore_lines, chunks)


def _reader(form: str) -> Callable[[Source, ReadOptions], Iterator[Chunk]]:
    if form == "json":
        from inflection_cli.reading.json.documents import read_documents  # noqa: PLC0415 - at start-up it counts

        return read_documents
    return read_csv if form == "csv" else read_ndjson
