"""Read Parquet by row groups, after its pages are measured.

The size that a page unpacks to stands in its header alone, and the library makes room for it unasked. Its view of a
footer that is wrong can end the process, so the places of the pages are read here too. All of these are structs of
Thrift's compact protocol; the numbers are those of the fields in parquet-format's parquet.thrift.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, BinaryIO, Final, cast

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from inflection_cli.errors import InputError
from inflection_cli.reading.binary.row_stream import Rows, line_of, text_of
from inflection_cli.reading.files.stream import judge_size
from inflection_cli.reading.source import FREE_BYTES, Limits

if TYPE_CHECKING:
    from inflection_cli.reading.source import Source


MAX_FOOTER_BYTES: Final = 16 << 20
MAX_PAGE_BYTES: Final = 256 << 20
MAX_DICTIONARY_BYTES: Final = 64 << 20
MAX_LISTED: Final = 50_000_000
"""Values of a column in one row group, where a row may have many of them."""
_MAGIC: Final = b"PAR1"
_HEADER_BYTES: Final = 1 << 12
_MAX_HEADER_BYTES: Final = 1 << 20
_DICTIONARY_PAGE: Final = 2
_DELTA_BYTE_ARRAY: Final = 7
_VALUES_PER_BYTE: Final = 64
_MAX_DEPTH: Final = 16
_MAX_VARINT_BITS: Final = 63


class PageFault(Exception):
    """Raised when a footer or a page is damaged or too large."""


@dataclass(frozen=True, slots=True)
class ColumnChunk:
    """The pages of a column in a row group.

    Attributes:
        path: The column's name, with dots within lists and structs.
        start: Where the first page starts.
        size: How many bytes they have.
        unpacked: How many come out, by the footer.
    """

    path: str
    start: int
    size: int
    unpacked: int


def row_groups(file: BinaryIO) -> list[list[ColumnChunk]]:
    """Read the places of all pages from a file's footer.

    Raises:
        PageFault: It is damaged, or longer than it may be.
    """
    size = file.seek(0, 2)
    file.seek(max(0, size - 8))
    end = file.read(8)
    length = int.from_bytes(end[:4], "little")
    if end[4:] != _MAGIC or length > size - 8:
        raise PageFault("it does not end as a Parquet file does")
    if length > MAX_FOOTER_BYTES:
        raise PageFault(f"its footer has {length:,} bytes, more than {MAX_FOOTER_BYTES:,}")
    file.seek(size - 8 - length)
    try:
        groups = _Compact(file.read(length)).struct()[4]
        return [[_chunk(column[3]) for column in group[1]] for group in groups]
    except (LookupError, TypeError, AttributeError, RecursionError) as error:
        raise PageFault("its footer cannot be read") from error


def _chunk(found: dict[int, Any]) -> ColumnChunk:
    path = ".".join(name.decode("utf-8", "replace") for name in found[3])
    start = min(_int(found, 9), _int(found, 11) or _int(found, 9))
    return ColumnChunk(path, start, _int(found, 7), _int(found, 6))


def _int(found: dict[int, Any], number: int) -> int:
    value = found.get(number, 0)
    if not isinstance(value, int) or value < 0:
        raise TypeError
    return value


def measure(file: BinaryIO, group: list[ColumnChunk], limits: Limits) -> int:
    """Check the sizes of all pages; return that of the longest text.

    Args:
        file: The file; its position is kept.
        group: The columns of a row group.
        limits: What may come out of what is packed.

    Raises:
        PageFault: A page is damaged, or larger than it may be.
    """
    at = file.tell()
    longest = max((_measure_column(file, column, limits) for column in group), default=0)
    file.seek(at)
    return longest


def _measure_column(file: BinaryIO, column: ColumnChunk, limits: Limits) -> int:
    at, end = column.start, column.start + column.size
    size = values = longest = 0
    where = f"column {column.path!r}"
    while at < end:
        header, length = _header(file, at, where)
        try:
            unpacked, packed = _int(header, 2), _int(header, 3)
            parts: dict[int, Any] = next((header[key] for key in (5, 7, 8) if key in header), {})
            count, encoding = _int(parts, 1), parts.get(4 if 8 in header else 2)
        except (TypeError, AttributeError) as error:
            raise PageFault(f"{where} has a page whose header cannot be read, at byte {at:,}") from error
        is_dictionary = header.get(1) == _DICTIONARY_PAGE
        values += 0 if is_dictionary else count
        size += unpacked
        most = MAX_DICTIONARY_BYTES if is_dictionary else MAX_PAGE_BYTES
        if unpacked > most:
            raise PageFault(
                f"{where} has a page of {unpacked:,} bytes after decompression, more than {most:,}"
            )
        if size > FREE_BYTES and size > limits.max_expansion * column.size:
            raise PageFault(f"{where} expands to more than {limits.max_expansion:,} times its size")
        if is_dictionary or encoding == _DELTA_BYTE_ARRAY:
            longest = max(longest, unpacked)
        at += length + packed
    # A row may have many values of what lies within others.
    if "." in column.path and values > min(MAX_LISTED, 10**6 + _VALUES_PER_BYTE * column.size):
        raise PageFault(f"{where} holds {values:,} values in {column.size:,} bytes")
    return longest


def _header(file: BinaryIO, at: int, where: str) -> tuple[dict[int, Any], int]:
    """Read the header of a page; return its fields and its length."""
    size = _HEADER_BYTES
    while True:
        file.seek(at)
        reader = _Compact(file.read(size))
        try:
            return reader.struct(), reader.at
        except (LookupError, RecursionError) as error:
            if size >= _MAX_HEADER_BYTES:
                raise PageFault(f"{where} has a page without a header, at byte {at:,}") from error
            size *= 16


class _Compact:
    """Reads structs of Thrift's compact protocol; damaged ones raise a `LookupError`."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.at = 0

    def struct(self, depth: int = 0) -> dict[int, Any]:
        """Read the fields of a struct, by number."""
        found: dict[int, Any] = {}
        number = 0
        if depth > _MAX_DEPTH:
            raise RecursionError
        while head := self._byte():
            delta, kind = head >> 4, head & 0xF
            number = number + delta if delta else self._integer()
            found[number] = kind == 1 if kind in {1, 2} else self._value(kind, depth)
        return found

    def _byte(self) -> int:
        self.at += 1
        return self._data[self.at - 1]

    def _varint(self) -> int:
        value = shift = 0
        while (byte := self._byte()) > 0x7F:
            value |= (byte & 0x7F) << shift
            shift += 7
            if shift > _MAX_VARINT_BITS:
                raise LookupError
        return value | byte << shift

    def _integer(self) -> int:
        value = self._varint()
        return (value >> 1) ^ -(value & 1)

    def _value(self, kind: int, depth: int) -> Any:
        if kind in {4, 5, 6}:
            return self._integer()
        if kind == 12:
            return self.struct(depth + 1)
        if kind in {9, 10}:
            return self._list(depth + 1)
        return self._bytes({1: 1, 2: 1, 3: 1, 7: 8}[kind] if kind != 8 else self._varint())

    def _list(self, depth: int) -> list[Any]:
        head = self._byte()
        count = self._varint() if head >> 4 == 0xF else head >> 4
        if count > len(self._data):
            raise LookupError
        return [self._value(head & 0xF, depth) for _ in range(count)]

    def _bytes(self, count: int) -> bytes:
        self.at += count
        if self.at > len(self._data):
            raise LookupError
        return self._data[self.at - count : self.at]


_BATCH_ROWS: Final = 1024
_BATCH_BYTES: Final = 64 << 20
"""What the texts of one batch may come to: of a dictionary, every row may have the longest."""
_READ_BYTES: Final = 1 << 20
_MAX_ELEMENTS: Final = 20_000
"""Names in a schema, or row groups: what the footer may list of a kind."""
_CHECK: Final = "copy or export the file again, or turn it into NDJSON"


def open_rows(source: "Source", file: BinaryIO) -> Rows:
    """Open the rows of a Parquet file; see `open_rows_of`.

    Raises:
        InputError: The footer is damaged, or says that the rows are larger than they may be.
    """
    table = _Table(source, file)
    rows = Rows(iter(()))
    rows.lines = table.lines(rows)
    return rows


class _Table:
    """Reads a file's row groups into lines."""

    def __init__(self, source: "Source", file: BinaryIO) -> None:
        self._path = source.path
        self._limits = source.limits
        self._file = file
        self._size = file.seek(0, 2)
        file.seek(0)
        try:
            self._parquet = self._open()
            self._schema = self._parquet.schema_arrow
        except Exception as error:
            # Arrow's own errors, and those of Python's for what it makes of a footer.
            raise self._damaged(error) from error
        _refuse_twice(self._path, list(self._schema))
        self._all = int(self._parquet.metadata.num_rows)
        judge_size(self._path, self._least_bytes(), self._size, source.limits)
        unpacked = sum(column.unpacked for group in self._groups for column in group)
        judge_size(self._path, unpacked, self._size, source.limits)

    def _open(self) -> pq.ParquetFile:
        self._groups = row_groups(self._file)
        self._file.seek(0)
        first = pq.ParquetFile(
            self._file, thrift_string_size_limit=MAX_FOOTER_BYTES, thrift_container_size_limit=_MAX_ELEMENTS
        )
        # Texts in lists are read as a dictionary: nobody knows how many of them a row has.
        texts = [
            column.path
            for column in map(first.schema.column, range(len(first.schema)))
            if column.max_repetition_level and column.physical_type == "BYTE_ARRAY"
        ]
        return pq.ParquetFile(
            self._file,
            metadata=first.metadata,
            read_dictionary=texts,
            buffer_size=_READ_BYTES,
            page_checksum_verification=True,
            coerce_int96_timestamp_unit="us",
        )

    def lines(self, rows: Rows) -> Iterator[bytes]:
        """Yield each row as a line of JSON."""
        done = 0
        names = [field.name for field in self._schema]
        for group in range(len(self._groups)):
            for batch in self._batches(group, done):
                cells = [self._cells(column, done) for column in batch.columns]
                for row in zip(*cells, strict=True):
                    done += 1
                    yield line_of(dict(zip(names, row, strict=True)))
                rows.position = self._size * done // max(1, self._all)
        if done != self._all:
            raise self._damaged(
                PageFault(f"it holds {done:,} of the {self._all:,} rows that its footer names")
            )

    def _batches(self, group: int, done: int) -> Iterator[pa.RecordBatch]:
        """Read a row group in batches, once its pages were measured."""
        try:
            longest = measure(self._file, self._groups[group], self._limits)
            most = max(4, min(_BATCH_ROWS, _BATCH_BYTES // max(1, longest)))
            yield from map(_bounded, self._parquet.iter_batches(most, row_groups=[group], use_threads=False))
        except InputError:
            raise
        except (PageFault, pa.ArrowException, OSError, ValueError, MemoryError) as error:
            raise self._damaged(error, f"behind row {done:,}: ") from error

    def _cells(self, column: pa.Array, done: int) -> list[Any]:
        try:
            return _values(column)
        except (pa.ArrowException, ValueError, MemoryError) as error:
            raise self._damaged(error, f"behind row {done:,}: ") from error

    def _least_bytes(self) -> int:
        """Return the least size of all rows as NDJSON."""
        return self._all * (2 + sum(len(field.name.encode()) + 5 for field in self._schema))

    def _damaged(self, error: BaseException, where: str = "") -> InputError:
        reason = str(error).splitlines()[0][:160] if str(error) else type(error).__name__
        return InputError(
            f"{self._path}: the Parquet file is damaged or cut off: {where}{reason}", hint=_CHECK
        )


def _refuse_twice(path: str, fields: list[pa.Field]) -> None:
    """Raise if two columns, or members of one, share a name."""
    names = [field.name for field in fields]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InputError(
            f"{path}: two columns have the name {twice!r}",
            hint="rename one of them where the file is written",
        )
    for field in fields:
        inner = [field.type.field(at) for at in range(field.type.num_fields)]
        if pa.types.is_struct(field.type):
            _refuse_twice(path, inner)
        else:
            for each in inner:
                _refuse_twice(path, [each])


def _values(array: pa.Array) -> list[Any]:
    """Return an array's values as JSON has them, exactly."""
    kind = array.type
    if isinstance(kind, pa.BaseExtensionType):
        return array.to_pylist() if kind.extension_name == "arrow.uuid" else _values(array.storage)
    if pa.types.is_dictionary(kind):
        used = pc.unique(array.indices).drop_null()
        texts = dict(zip(used.to_pylist(), _values(array.dictionary.take(used)), strict=True))
        return [None if at is None else texts[at] for at in array.indices.to_pylist()]
    if not kind.num_fields:
        return _plain(array)
    rows = _members(array) if pa.types.is_struct(kind) else _items(array)
    if not array.null_count:
        return rows
    return [row if valid else None for row, valid in zip(rows, array.is_valid().to_pylist(), strict=True)]


def _members(array: pa.Array) -> list[Any]:
    """Return structs as objects."""
    names = [field.name for field in array.type]
    parts = [_values(part) for part in array.flatten()]
    return [dict(zip(names, row, strict=True)) for row in zip(*parts, strict=True)]


def _items(array: pa.Array) -> list[Any]:
    """Return lists as lists, and maps as objects."""
    kind = array.type
    if pa.types.is_fixed_size_list(kind):
        size, inner = kind.list_size, _values(array.values)
        return [inner[at * size : (at + 1) * size] for at in range(array.offset, array.offset + len(array))]
    bounds = pairwise(array.offsets.to_pylist())
    if pa.types.is_map(kind):
        pairs = [list(pair) for pair in zip(_values(array.keys), _values(array.items), strict=True)]
        return [_object(pairs[start:end]) for start, end in bounds]
    inner = _values(array.values)
    return [inner[start:end] for start, end in bounds]


def _bounded(batch: pa.RecordBatch) -> pa.RecordBatch:
    if batch.nbytes > 4 * _BATCH_BYTES:
        raise PageFault(f"{batch.num_rows:,} rows have {batch.nbytes:,} bytes")
    return batch


def _object(pairs: list[list[Any]]) -> Any:
    """Return a map as an object; as pairs where keys repeat."""
    found = {str(key): value for key, value in pairs}
    return found if len(found) == len(pairs) else pairs


def _plain(array: pa.Array) -> list[Any]:
    """Return plain values; times as ISO 8601, with Z if zoned."""
    kind = array.type
    if pa.types.is_timestamp(kind):
        utc = array.cast(pa.timestamp(kind.unit, "UTC")) if kind.tz else array
        return [
            text and text.replace(" ", "T", 1) for text in cast(list[Any], utc.cast(pa.string()).to_pylist())
        ]
    if pa.types.is_date(kind) or pa.types.is_time(kind):
        return cast(list[Any], array.cast(pa.string()).to_pylist())
    if pa.types.is_duration(kind):
        return cast(list[Any], array.cast(pa.int64()).to_pylist())
    try:
        values = cast(list[Any], array.to_pylist())
    except UnicodeDecodeError:
        raw = array.cast(pa.large_binary()).to_pylist()
        return [text and text.decode("utf-8", "surrogateescape") for text in raw]
    if values and (
        pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind)
    ):
        return [None if value is None else text_of(value) for value in values]
    return values
