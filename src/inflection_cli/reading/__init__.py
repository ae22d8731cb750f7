"""Reading: from bytes on a disk to chunks of records, nothing lost and nothing guessed."""

from collections.abc import Iterator

from inflection_cli.model import Chunk
from inflection_cli.reading.csv import read_csv
from inflection_cli.reading.detect import detect
from inflection_cli.reading.files import Found, find, forget_copies
from inflection_cli.reading.ndjson import read_ndjson
from inflection_cli.reading.source import ReadOptions, Source

__all__ = ["Found", "ReadOptions", "Source", "detect", "find", "forget_copies", "read"]


def read(source: Source, options: ReadOptions) -> Iterator[Chunk]:
    """Read a file in chunks, in flat memory; with the same options the same bytes give the same chunks.

    Args:
        source: What `detect` found; its encoding and delimiter hold.
        options: How large the chunks are.

    Raises:
        InputError: The file is gone, damaged, or holds a line that no text has.
    """
    reader = read_csv if source.format == "csv" else read_ndjson
    return reader(source, options)
