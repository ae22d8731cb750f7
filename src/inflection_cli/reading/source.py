"""What a file turned out to be, how it is to be read, and the bounds that hold for any input."""

from dataclasses import dataclass, field
from typing import Literal

from inflection_cli.model import Problem

# A CSV cell holds at most `csv.field_size_limit()` characters: 131,072, unless the process changes it.
# A record, its line end included: one CSV record, or one NDJSON line.
MAX_RECORD_CHARS = 1 << 20
# Beyond this a line is refused with its whole file: it would have to be held in memory to be rejected.
MAX_LINE_BYTES = 8 << 20
# Objects and lists within each other on one NDJSON line, the line's own object included.
MAX_JSON_DEPTH = 32
# Names in a header, or different keys in one NDJSON file; each row has as many cells.
MAX_COLUMNS = 2_000
# The mapping looks at as many rows before it decides what a column is.
SAMPLE_ROWS = 1_000
SAMPLE_CHARS = 4 << 20


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How files are to be read.

    Attributes:
        encoding: The name of the text encoding; a byte order mark of UTF-8 in a file beats it.
        delimiter: The character between CSV cells; found by parsing where None.
        format: What the files are, where the command takes one kind only; found by content where None.
        chunk_bytes: About how many decompressed bytes make a chunk; more than half a megabyte counts as that.
    """

    encoding: str = "utf-8"
    delimiter: str | None = None
    format: Literal["ndjson"] | None = None
    # Measured: rows of 64 KiB stay in the processor's cache and are read a quarter faster than of 256 KiB.
    chunk_bytes: int = 1 << 16


@dataclass(frozen=True, slots=True)
class Source:
    """A file that can be read, and what was found out about it.

    Attributes:
        path: As the user wrote it; `-` for standard input.
        location: Where to open it: the path itself, or the private copy of a stream.
        format: What it holds.
        encoding: The codec's normalised name, for example `utf-8` or `cp1252`.
        delimiter: The character between cells; None for NDJSON.
        compression: None for a plain file.
        columns: The header's names; for NDJSON the keys of the first 1,000 records, in order of appearance.
        sample: The first rows, at most 1,000 of them and about 4 million characters.
        problems: What holds for the file as a whole; warnings, since errors refuse it.
        size_bytes: The size on disk, compressed where it is.
        data_offset: How many decompressed bytes precede the data: byte order mark and header.
        nameless_last: Whether each record has one more cell, under no name, that must be empty.
    """

    path: str
    location: str
    format: Literal["csv", "ndjson"]
    encoding: str
    delimiter: str | None
    compression: Literal["gzip"] | None
    columns: tuple[str, ...]
    sample: tuple[list[str], ...] = field(repr=False)
    problems: tuple[Problem, ...]
    size_bytes: int
    data_offset: int
    nameless_last: bool = False
