"""A file's detected properties, read options, and limits on any input."""

from dataclasses import dataclass, field
from typing import Final, Literal

from inflection_cli.model import Problem
from inflection_cli.reading.csv.off_shapes import OffShape
from inflection_cli.reading.files.archive import Member
from inflection_cli.reading.files.compression import Packing
from inflection_cli.settings.declarations import ENCODING, MAX_EXPANSION, MAX_GIGABYTES

_NAMES: Final = {
    "csv": "CSV",
    "ndjson": "NDJSON",
    "json": "JSON",
    "avro": "Avro",
    "parquet": "Parquet",
    "excel": "Excel",
}
Compression = Packing | Literal["zip", "tar"]
BinaryFormat = Literal["avro", "parquet", "excel"]
SourceFormat = Literal["csv", "ndjson", "json"] | BinaryFormat

# A CSV cell holds at most `csv.field_size_limit()` characters: 131,072, unless the process changes it.
# A record, its line end included: one CSV record, or one NDJSON line.
MAX_RECORD_CHARS = 1 << 20
# Beyond this a line is passed over: it counts as one row, rejected, and only so much of it is kept. No character
# has more than four bytes, so it is over the bound of a record as well.
MAX_LINE_BYTES = 4 * MAX_RECORD_CHARS
# What is unpacked is held against the size of what it came from once so much has come out.
FREE_BYTES = 16 << 20
# Names in a header, or different keys in one NDJSON file; each row has as many cells.
MAX_COLUMNS = 2_000
# The mapping looks at as many rows before it decides what a column is.
SAMPLE_ROWS = 1_000
SAMPLE_CHARS = 4 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """Size limits for a file, as protection against decompression bombs.

    Attributes:
        max_expansion: So many times its packed size, judged after the first 16 MiB that come out.
        max_bytes: So many bytes, unpacked where it is packed.
    """

    max_expansion: int = MAX_EXPANSION
    max_bytes: int = MAX_GIGABYTES * 10**9


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """Options for reading files.

    Attributes:
        encoding: The name of the text encoding; a byte order mark in a file beats it.
        delimiter: The character between CSV cells; found by parsing where None.
        records: Dotted path to the list of records in an enveloped JSON document; None for no envelope, and `.` for
            a document that is a record itself, whatever lists it holds. With `?` at its end, it is `.` for a file whose
            first object has no such list, and None for one that is not JSON.
        sheet: The name of an Excel workbook's sheet; the only one that is not hidden where None.
        format: What the files are, where the command takes one kind only; found by content where None. `messages` are
            in any format; with `records` they may be within other records.
        chunk_bytes: About how many decompressed bytes make a chunk; more than half a megabyte counts as that.
        limits: What a file may grow to.
        header_line: The physical line, from 1, that the header of CSV stands on, or the first row where `columns`
            names the columns.
        columns: The names of the columns of CSV files without a header; an empty one leaves its column out.
        escape: What stands before a quote within a quoted cell of CSV; None where it is doubled.
        guesses: Whether a file that is slightly off is read by what its first lines look like.
        ca_file: A file of certificate authorities that remote files are trusted by, beside the system's.
    """

    encoding: str = ENCODING
    delimiter: str | None = None
    records: str | None = None
    sheet: str | None = None
    format: Literal["ndjson", "messages"] | None = None
    # Measured: what is done once a chunk takes a twentieth of the time at 64 KiB. More than 128 KiB is beyond the csv
    # module's bound of a cell, so that blocks are not split but parsed; and their rows leave the processor's cache.
    chunk_bytes: int = 1 << 17
    limits: Limits = Limits()
    header_line: int = 1
    columns: tuple[str, ...] = ()
    escape: str | None = None
    guesses: bool = False
    ca_file: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """A readable file and its detected properties.

    Attributes:
        path: As the user wrote it; `-` for standard input.
        location: Where to open it: the path itself, or the private copy of a stream.
        format: What it holds: `ndjson` has one object on each line, `json` has them in a list, in an envelope, or one
            after the other without regard to lines. Rows of the others are read as lines of NDJSON.
        encoding: The codec's normalised name, for example `utf-8`, `cp1252` or `utf-16-le`. Where it is none that
            leaves ASCII as it is, the file is turned into UTF-8 as it is read: offsets, digests and the lines that
            could not be read are of UTF-8 then.
        delimiter: The character between cells; None for JSON.
        compression: None for a plain file.
        columns: The header's names; for JSON the keys of the first 1,000 records, in order of appearance.
        sample: The first rows, at most 1,000 of them and about 4 million characters.
        problems: What holds for the file as a whole; warnings, since errors refuse it.
        size_bytes: The size on disk, compressed where it is.
        data_offset: How many decompressed bytes precede the data: byte order mark and header.
        nameless_last: Whether each record has one more cell, under no name, that must be empty.
        member: Where in the archive at `location` it is; None for a file of its own.
        line_ends: What ends a line, LF (or CR LF) or a CR alone, as old Macs had it.
        limits: What it may grow to.
        header_line: The physical line, from 1, that the header of CSV starts on.
        records: Dotted path to the list of records in each document of an enveloped file; None for no envelope.
        left_out: Indexes of CSV columns that have no name, besides an empty last one; `columns` lacks them.
        escape: What stands before a quote within a quoted cell of CSV; None where it is doubled.
        off: What its first lines show to be off about a file, where no option says so.
        sheet: Of an Excel workbook the sheet that was asked for.
        is_whole: Whether each record of a JSON document is read as one cell, its text.
    """

    path: str
    location: str
    format: SourceFormat
    encoding: str
    delimiter: str | None
    compression: Compression | None
    columns: tuple[str, ...]
    sample: tuple[list[str], ...] = field(repr=False)
    problems: tuple[Problem, ...]
    size_bytes: int
    data_offset: int
    nameless_last: bool = False
    member: Member | None = None
    line_ends: Literal["lf", "cr"] = "lf"
    limits: Limits = Limits()
    header_line: int = 1
    records: str | None = None
    left_out: tuple[int, ...] = ()
    escape: str | None = None
    off: OffShape | None = None
    sheet: str | None = None
    is_whole: bool = False

    @property
    def is_binary(self) -> bool:
        """Return whether it is Avro, Parquet or Excel, and no text."""
        return self.format in {"avro", "parquet", "excel"}

    @property
    def keys_vary(self) -> bool:
        """Return whether each record has keys of its own, as in JSON."""
        return self.format in {"ndjson", "json"}

    @property
    def format_words(self) -> list[str]:
        """Return the format's name, and of text the encoding."""
        return [_NAMES[self.format], *([] if self.is_binary else [self.encoding])]

    @property
    def packed_bytes(self) -> int:
        """Return how many bytes on disk are read of it."""
        return self.size_bytes if self.member is None else self.member.packed_bytes
