"""Measure the pages of a Parquet file before the library unpacks them.

What a page unpacks to stands in its header alone, and the library makes room for it unasked. Its view of a footer that
is wrong can end the process, so the places of the pages are read here too. All of these are structs of Thrift's compact
protocol; the numbers are those of the fields in parquet-format's parquet.thrift.
"""

from dataclasses import dataclass
from typing import Any, BinaryIO, Final

from inflection_cli.reading.source import FREE_BYTES, Limits

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
