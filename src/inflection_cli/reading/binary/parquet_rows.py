"""Read Parquet by row groups, and within each by a few rows."""

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Any, BinaryIO, Final, cast

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from inflection_cli.errors import InputError
from inflection_cli.reading.binary.parquet_pages import MAX_FOOTER_BYTES, PageFault, measure, row_groups
from inflection_cli.reading.binary.row_stream import Rows, line_of, text_of
from inflection_cli.reading.files.stream import judge_size

if TYPE_CHECKING:
    from inflection_cli.reading.source import Source

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
