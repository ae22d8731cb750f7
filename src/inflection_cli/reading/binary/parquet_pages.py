"""Measure the pages of a Parquet row group before they are unpacked.

What a page unpacks to stands in its header alone, and the library makes room for it unasked. The headers are structs of
Thrift's compact protocol; the fields are those of PageHeader in parquet-format's parquet.thrift.
"""

from typing import TYPE_CHECKING, Any, BinaryIO, Final

from inflection_cli.reading.source import FREE_BYTES, Limits

if TYPE_CHECKING:
    import pyarrow.parquet as pq

MAX_PAGE_BYTES: Final = 256 << 20
MAX_DICTIONARY_BYTES: Final = 64 << 20
MAX_LISTED: Final = 50_000_000
"""Values of a column in one row group, where a row may have many of them."""
_HEADER_BYTES: Final = 1 << 12
_MAX_HEADER_BYTES: Final = 1 << 20
_DICTIONARY_PAGE: Final = 2
_DELTA_BYTE_ARRAY: Final = 7
_VALUES_PER_BYTE: Final = 64
_MAX_DEPTH: Final = 8
_LONGEST: Final = 1 << 31


class PageFault(Exception):
    """Raised when a page is damaged, or larger than it may be."""


def measure(file: BinaryIO, group: "pq.RowGroupMetaData", limits: Limits) -> int:
    """Check the sizes of all pages; return the most bytes that one text may have.

    Args:
        file: The file; its position is kept.
        group: The row group, by the footer.
        limits: What may come out of what is packed.

    Raises:
        PageFault: A page is damaged, or larger than it may be.
    """
    at = file.tell()
    columns = map(group.column, range(group.num_columns))
    longest = max((_measure_column(file, column, limits) for column in columns), default=0)
    file.seek(at)
    return longest


def _measure_column(file: BinaryIO, column: "pq.ColumnChunkMetaData", limits: Limits) -> int:
    starts = [column.data_page_offset]
    if column.has_dictionary_page and column.dictionary_page_offset:
        starts.append(column.dictionary_page_offset)
    at = min(starts)
    end = at + column.total_compressed_size
    size = values = longest = 0
    where = f"column {column.path_in_schema!r}"
    while at < end:
        header, length = _header(file, at, where)
        unpacked, packed = header.get(2, 0), header.get(3, 0)
        parts: dict[int, Any] = next(
            (header[key] for key in (5, 7, 8) if isinstance(header.get(key), dict)), {}
        )
        is_dictionary = header.get(1) == _DICTIONARY_PAGE
        values += 0 if is_dictionary else parts.get(1, 0)
        size += unpacked
        _judge(where, unpacked, MAX_DICTIONARY_BYTES if is_dictionary else MAX_PAGE_BYTES)
        if size > FREE_BYTES and size > limits.max_expansion * max(1, column.total_compressed_size):
            raise PageFault(f"{where} unpacks to more than {limits.max_expansion:,} times its size")
        if packed < 0 or unpacked < 0:
            raise PageFault(f"{where} has a page of less than no bytes")
        encoding = parts.get(4) if 8 in header else parts.get(2)
        if is_dictionary or encoding == _DELTA_BYTE_ARRAY:
            longest = max(longest, unpacked)
        at += length + packed
    if "." in column.path_in_schema and values > min(
        MAX_LISTED, 10**6 + _VALUES_PER_BYTE * (end - min(starts))
    ):
        raise PageFault(f"{where} holds {values:,} values in {end - min(starts):,} bytes")
    return longest


def _judge(where: str, size: int, most: int) -> None:
    if size > most:
        raise PageFault(f"{where} has a page of {size:,} bytes unpacked, more than {most:,}")


def _header(file: BinaryIO, at: int, where: str) -> tuple[dict[int, Any], int]:
    """Read the header of a page; return its fields and its length."""
    size = _HEADER_BYTES
    while True:
        file.seek(at)
        reader = _Compact(file.read(size))
        try:
            return reader.struct(), reader.at
        except (IndexError, RecursionError) as error:
            if size >= _MAX_HEADER_BYTES:
                raise PageFault(f"{where} has a page without a header, at byte {at:,}") from error
            size *= 16


class _Compact:
    """Reads structs of Thrift's compact protocol."""

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
            found[number] = self._value(kind, depth)
        return found

    def _byte(self) -> int:
        self.at += 1
        return self._data[self.at - 1]

    def _varint(self) -> int:
        value = shift = 0
        while (byte := self._byte()) > 0x7F:
            value |= (byte & 0x7F) << shift
            shift += 7
        return value | byte << shift

    def _integer(self) -> int:
        value = self._varint()
        return (value >> 1) ^ -(value & 1)

    def _value(self, kind: int, depth: int) -> Any:
        if kind in {1, 2}:
            return kind == 1
        if kind in {4, 5, 6}:
            return self._integer()
        if kind == 12:
            return self.struct(depth + 1)
        if kind in {9, 10}:
            head = self._byte()
            count = self._varint() if head >> 4 == 0xF else head >> 4
            return [self._value(head & 0xF, depth + 1) for _ in range(min(count, _MAX_HEADER_BYTES))]
        self._skip({3: 1, 7: 8}[kind] if kind != 8 else self._varint())
        return None

    def _skip(self, count: int) -> None:
        self.at += min(count, _LONGEST)
        if self.at > len(self._data):
            raise IndexError
