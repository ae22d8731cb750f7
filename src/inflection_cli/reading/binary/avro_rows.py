"""Read Avro object container files, with bounds on their claims.

The container is read here, so that no block unpacks to more than a bound and none holds more than its count; the
records in it are read by fastavro. Avro 1.12, "Object Container Files".
"""

import io
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import fastavro
from fastavro.read import LOGICAL_READERS

from inflection_cli.errors import InputError
from inflection_cli.lossless_json import MAX_JSON_DEPTH
from inflection_cli.reading.binary.row_stream import Rows, line_of
from inflection_cli.reading.files.compression import DEFLATE, DecompressedStream, DecompressionError

if TYPE_CHECKING:
    from inflection_cli.reading.source import Source

MAX_BLOCK_BYTES: Final = 32 << 20
"""A block that unpacks to more is refused; writers begin a new one after 16 kB to a few MB."""
MAX_HEADER_BYTES: Final = 4 << 20
_CODECS: Final = {"deflate": DEFLATE, "bzip2": "bzip2", "xz": "xz", "zstandard": "zstd"}
_TOO_LARGE: Final = DecompressionError(f"it expands to more than {MAX_BLOCK_BYTES:,} bytes")
_SYNC_BYTES: Final = 16
_CHECK: Final = "copy or export the file again; java -jar avro-tools.jar count FILE checks it"
_OWN: Final = "infl-seg-"
"""Before the logical types whose values are converted here."""


def open_rows(source: "Source", file: BinaryIO) -> Rows:
    """Open the records of an Avro file; see `open_rows_of`.

    Raises:
        InputError: The header is damaged, or its schema is none that rows can have.
    """
    container = _Container(source.path, file)
    rows = Rows(iter(()))
    rows.lines = container.lines(rows)
    return rows


class _Container:
    """Reads the header, and block by block the records."""

    def __init__(self, path: str, file: BinaryIO) -> None:
        self._path = path
        self._size = file.seek(0, io.SEEK_END)
        file.seek(4)
        self._file = file
        header = self._header()
        self._codec = header.get("avro.codec", b"null").decode("utf-8", "replace")
        if self._codec not in {"null", "snappy", *_CODECS}:
            raise self._refused(f"is compressed by a method that is not supported, {self._codec[:20]!r}")
        self._schema = self._parsed(header.get("avro.schema", b""))
        self._sync = self._take(_SYNC_BYTES)

    def lines(self, rows: Rows) -> Iterator[bytes]:
        """Yield each record as a line of JSON."""
        row = 0
        while (at := self._file.tell()) < self._size:
            rows.position = at
            count, data = self._long(), self._take(self._length("a block"))
            if self._take(_SYNC_BYTES) != self._sync:
                raise self._damaged(f"the block at byte {at:,} does not end with the file's mark")
            block = io.BytesIO(self._unpacked(data, at))
            if not 0 <= count <= len(block.getbuffer()):
                raise self._damaged(
                    f"the block at byte {at:,} cannot hold the {count:,} records that it claims"
                )
            for _ in range(count):
                row += 1
                yield line_of(self._record(block, row))
            if block.read(1):
                raise self._damaged(
                    f"the block at byte {at:,} holds more than the {count:,} records it claims"
                )
        rows.position = self._size

    def _record(self, block: io.BytesIO, row: int) -> dict[str, Any]:
        try:
            found = fastavro.schemaless_reader(
                block, self._schema, None, handle_unicode_errors="surrogateescape"
            )
        except Exception as error:
            # What a damaged record raises is a matter of the byte at which the library stumbles.
            raise self._damaged(f"row {row:,} cannot be read: {_reason(error)}") from error
        assert isinstance(found, dict)
        return found

    def _header(self) -> dict[str, bytes]:
        found: dict[str, bytes] = {}
        while count := self._long():
            if count < 0:
                self._long()
            for _ in range(min(abs(count), 10_000)):
                key = self._take(self._length("the header", MAX_HEADER_BYTES))
                found[key.decode("utf-8", "replace")] = self._take(
                    self._length("the header", MAX_HEADER_BYTES)
                )
            if len(found) > 1_000:
                raise self._damaged("the header has more than 1,000 entries")
        return found

    def _parsed(self, text: bytes) -> Any:
        try:
            schema = json.loads(text)
            _Schema(self._path).check(schema)
            parsed = fastavro.parse_schema(schema)
        except InputError:
            raise
        except Exception as error:
            raise self._damaged(f"the schema cannot be read: {_reason(error)}") from error
        if not (isinstance(parsed, dict) and parsed.get("type") == "record"):
            raise self._refused("holds no records, with names and values")
        return parsed

    def _unpacked(self, data: bytes, at: int) -> bytes:
        try:
            if self._codec == "snappy":
                return _unsnapped(data)
            if self._codec == "null":
                return data
            return _bounded(DecompressedStream(io.BytesIO(data), _CODECS[self._codec]))
        except DecompressionError as error:
            raise self._damaged(f"the block at byte {at:,} cannot be decompressed: {error}") from error

    def _length(self, what: str, most: int = MAX_BLOCK_BYTES) -> int:
        size = self._long()
        if not 0 <= size <= min(most, self._size - self._file.tell()):
            raise self._damaged(f"{what} claims to have {size:,} bytes, near byte {self._file.tell():,}")
        return size

    def _long(self) -> int:
        """Read a variable-length integer, zig-zag coded."""
        value = shift = 0
        while True:
            byte = self._take(1)[0]
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return (value >> 1) ^ -(value & 1)
            if shift > 63:
                raise self._damaged(f"a number near byte {self._file.tell():,} is damaged")

    def _take(self, size: int) -> bytes:
        data = self._file.read(size)
        while len(data) < size and (more := self._file.read(size - len(data))):
            data += more
        if len(data) < size:
            raise self._damaged("the file ends in the middle")
        return data

    def _damaged(self, why: str) -> InputError:
        return InputError(f"{self._path}: the Avro file is damaged or cut off: {why}", hint=_CHECK)

    def _refused(self, why: str) -> InputError:
        return InputError(f"{self._path}: is Avro and {why}", hint="export it as CSV, NDJSON or Parquet")


def _reason(error: Exception) -> str:
    text = str(error).splitlines()[0][:120] if str(error) else ""
    return text or type(error).__name__


def _bounded(stream: DecompressedStream) -> bytes:
    """Read all that a block unpacks to, up to the bound."""
    parts, size = list[bytes](), 0
    while part := stream.read(1 << 20):
        parts.append(part)
        size += len(part)
        if size > MAX_BLOCK_BYTES:
            raise _TOO_LARGE
    return b"".join(parts)


def _unsnapped(data: bytes) -> bytes:
    """Unpack a block of Snappy; its checksum of four bytes stands last."""
    import zlib  # noqa: PLC0415 - few files are packed so

    from cramjam import snappy  # noqa: PLC0415 - likewise

    try:
        size = snappy.decompress_raw_len(data[:-4])
        found = bytes(snappy.decompress_raw(data[:-4])) if size <= MAX_BLOCK_BYTES else None
    except Exception as error:
        raise DecompressionError(_reason(error)) from error
    if found is None:
        raise _TOO_LARGE
    if zlib.crc32(found).to_bytes(4) != data[-4:]:
        raise DecompressionError("its checksum is wrong")
    return found


class _Schema:
    """Checks a schema, and marks the logical types that are converted here."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._sizes: dict[str, int] = {}
        self._open: set[str] = set()

    def check(self, schema: Any, depth: int = 0, space: str = "") -> int:
        """Check a type; return the least number of bytes of its values.

        Raises:
            InputError: It may hold itself, is nested too deeply, or lists values that have no bytes.
        """
        if depth > 3 * MAX_JSON_DEPTH:
            raise self._refused(f"nests its types more than {3 * MAX_JSON_DEPTH} deep")
        if isinstance(schema, list):
            return 1 + min((self.check(each, depth + 1, space) for each in schema), default=0)
        if not isinstance(schema, dict):
            return self._named(str(schema), space)
        kind = schema.get("type")
        if kind in {"record", "error", "enum", "fixed"}:
            return self._definition(schema, kind, depth, space)
        if kind in {"array", "map"}:
            inner = self.check(schema.get("items" if kind == "array" else "values"), depth + 1, space)
            if kind == "array" and not inner:
                raise self._refused(
                    "has a list of values that take no bytes, so that its length proves nothing"
                )
            return 1
        if isinstance(kind, (dict, list)):
            return self.check(kind, depth + 1, space)
        if schema.get("logicalType") in _CONVERSIONS:
            schema["logicalType"] = _OWN + schema["logicalType"]
        return self._named(str(kind), space)

    def _named(self, name: str, space: str) -> int:
        full = name if "." in name or not space else f"{space}.{name}"
        if name in self._open or full in self._open:
            raise self._refused("has a record that may hold itself")
        least = {"null": 0, "float": 4, "double": 8}.get(name, 1)
        return self._sizes.get(full, self._sizes.get(name, least))

    def _definition(self, schema: dict[str, Any], kind: str, depth: int, space: str) -> int:
        name = str(schema.get("name", ""))
        space = str(schema.get("namespace", space)) if "." not in name else name.rpartition(".")[0]
        full = name if "." in name or not space else f"{space}.{name}"
        size = 1
        if kind == "fixed":
            size = int(schema.get("size", 0))
        elif kind != "enum":
            self._open.add(full)
            size = sum(self.check(field.get("type"), depth + 1, space) for field in schema.get("fields", []))
            self._open.discard(full)
        self._sizes[full] = size
        return size

    def _refused(self, why: str) -> InputError:
        return InputError(
            f"{self._path}: the schema of the Avro file {why}", hint="export it as CSV or NDJSON"
        )


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def _moment(per_second: int, *, zoned: bool) -> Callable[..., Any]:
    """Return a reader of instants; numbers beyond the calendar stay numbers."""
    digits = len(str(per_second)) - 1

    def read(value: int, *_: Any) -> Any:
        seconds, rest = divmod(value, per_second)
        try:
            moment = _EPOCH + timedelta(seconds=seconds)
        except OverflowError:
            return value
        return f"{moment.isoformat()[:19]}.{rest:0{digits}}{'Z' if zoned else ''}"

    return read


_CONVERSIONS: Final = {
    f"{local}timestamp-{unit}": _moment(per_second, zoned=not local)
    for local in ("", "local-")
    for unit, per_second in (("millis", 10**3), ("micros", 10**6), ("nanos", 10**9))
}
for _name, _reader in _CONVERSIONS.items():
    LOGICAL_READERS[f"long-{_OWN}{_name}"] = _reader
