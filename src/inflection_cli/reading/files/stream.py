"""Byte stream of a file: decompressed within limits, converted where needed."""

import os
from types import TracebackType
from typing import BinaryIO, Final, Protocol, Self

from inflection_cli.errors import InputError
from inflection_cli.reading.csv.escapes import EscapedQuotes
from inflection_cli.reading.files.archive import Member, member_bytes
from inflection_cli.reading.files.bytes_read import BytesRead, meter_of_now
from inflection_cli.reading.files.compression import (
    CHECKS,
    ByteSource,
    DecompressedStream,
    DecompressionError,
    ExpansionExceeded,
)
from inflection_cli.reading.files.encoding import SwappedLineEndings, Utf8Transcoder, is_ascii_incompatible
from inflection_cli.reading.files.open_file import open_file, raise_input_error
from inflection_cli.reading.source import FREE_BYTES, Compression, Limits, Source

NO_LIMITS: Final = Limits(max_expansion=1 << 62, max_bytes=1 << 62)


class OpenedFile(Protocol):
    """Protocol of a file, or of what reads one."""

    def tell(self) -> int:
        """Return about how many bytes of the file are read."""

    def fileno(self) -> int:
        """Return the file's descriptor."""

    def close(self) -> None:
        """Close the file."""


class Stream:
    """Byte stream of one file; a context manager that closes it.

    Attributes:
        within: Where they come from.
    """

    def __init__(
        self, path: str, file: OpenedFile, within: ByteSource, compression: Compression | None
    ) -> None:
        self._path = path
        self._file = file
        self.within = within
        self._compression = compression
        self._line = 1
        self._meter = meter_of_now()
        self._counted = file.tell() if self._meter is not None else 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def size_bytes(self) -> int:
        """Return the size of the file on disk, in bytes."""
        return os.fstat(self._file.fileno()).st_size

    def read(self, size: int) -> bytes:
        """Read about `size` bytes; return no bytes at the end.

        Raises:
            InputError: The disk or the packed data gives out, and the message says near which line; or more comes
                out than may.
        """
        try:
            data = self.within.read(size) or b""
        except DecompressionError as error:
            assert self._compression is not None
            raise _damaged(self._path, self._compression, f"near line {self._line:,}: {error}") from error
        except ExpansionExceeded as error:
            raise InputError(
                f"{self._path}: needs more memory to decompress than is allowed: {error}",
                hint="pack it again with usual settings, for example xz -9 or zstd -19",
            ) from error
        except OSError as error:
            raise_input_error(self._path, error)
        if self._meter is not None:
            self._count(self._meter)
        if self._compression is not None:
            self._line += data.count(b"\n")
        return data

    def _count(self, meter: BytesRead) -> None:
        at = self._file.tell()
        meter.count += max(0, at - self._counted)
        self._counted = at

    def head(self, size: int) -> bytes:
        """Read `size` bytes, or fewer if the stream ends first."""
        head = b""
        while len(head) < size and (data := self.read(size - len(head))):
            head += data
        return head


def _damaged(path: str, compression: Compression, where: str) -> InputError:
    return InputError(
        f"{path}: the {compression} data is damaged or cut off {where}",
        hint=f"copy or export the file again; {CHECKS[compression]} checks it",
    )


def open_bytes(
    path: str,
    location: str,
    compression: Compression | None,
    member: Member | None = None,
    limits: Limits = NO_LIMITS,
) -> Stream:
    """Open a file to read its decompressed bytes unchanged.

    Args:
        path: The name to show.
        location: Where it is.
        compression: How it is packed; None gives the bytes as they are on the disk.
        member: Where in the archive at `location` it is.
        limits: What it may grow to.

    Raises:
        InputError: It is gone, may not be read, is damaged, or is larger than it may be.
    """
    file = open_file(location, path)
    try:
        return Stream(path, file, _unpacked(path, file, compression, member, limits), compression)
    except BaseException:
        file.close()
        raise


def open_source(source: Source) -> Stream:
    """Open a file to read its text bytes, with LF line ends.

    The text is converted to UTF-8 if its encoding is not ASCII-compatible.

    Raises:
        InputError: It is gone, may not be read, is damaged, or is larger than it may be.
    """
    if source.is_binary:
        return _open_table(source)
    stream = open_bytes(source.path, source.location, source.compression, source.member, source.limits)
    if is_ascii_incompatible(source.encoding):
        stream.within = Utf8Transcoder(stream.within, source.encoding)
    if source.line_ends == "cr":
        stream.within = SwappedLineEndings(stream.within)
    if source.escape is not None:
        stream.within = EscapedQuotes(stream.within, source.escape, source.delimiter)
    return stream


def _open_table(source: Source) -> Stream:
    """Open the rows of a binary table as lines of NDJSON."""
    from inflection_cli.reading.binary.binary_format import open_rows_of  # noqa: PLC0415 - few files are tables
    from inflection_cli.reading.binary.row_stream import RowStream  # noqa: PLC0415 - likewise

    file = open_file(source.location, source.path)
    try:
        rows = RowStream(file, open_rows_of(source, file))
        bounded = _Bounded(source.path, rows, rows, source.limits)
        return Stream(source.path, rows, bounded, None)
    except BaseException:
        file.close()
        raise


def _unpacked(
    path: str, file: BinaryIO, compression: Compression | None, member: Member | None, limits: Limits
) -> ByteSource:
    """Return a byte source that decompresses a file within the limits.

    A size that is known beforehand is checked beforehand.
    """
    size = os.fstat(file.fileno()).st_size
    if member is not None:
        judge_size(path, member.bytes, member.packed_bytes, limits)
        try:
            return _Bounded(path, member_bytes(file, member), file, limits)
        except DecompressionError as error:
            raise _damaged(path, compression or "zip", f"at its start: {error}") from error
        except OSError as error:
            raise_input_error(path, error)
    if compression is None:
        judge_size(path, size, size, limits)
        return file
    assert compression not in {"zip", "tar"}
    return _Bounded(path, DecompressedStream(file, compression), file, limits)


class _Bounded:
    """Byte source that raises when the decompressed size exceeds the limits."""

    def __init__(self, path: str, unpacked: ByteSource, file: OpenedFile, limits: Limits) -> None:
        self._path = path
        self._unpacked = unpacked
        self._file = file
        self._limits = limits
        self._start = file.tell()
        self._size = 0

    def read(self, size: int) -> bytes:
        data = self._unpacked.read(size) or b""
        self._size += len(data)
        if self._size > FREE_BYTES:
            judge_size(self._path, self._size, self._file.tell() - self._start, self._limits)
        return data


def judge_size(path: str, size: int, packed: int, limits: Limits) -> None:
    """Raise if a file's decompressed size exceeds the limits.

    Args:
        path: The name to show.
        size: How many bytes came out, or will.
        packed: How many they were before.
        limits: What is allowed.
    """
    if size > limits.max_bytes:
        raise InputError(
            f"{path}: has more than {limits.max_bytes:,} bytes{' unpacked' if packed < size else ''}",
            hint=f"where that is right: --max-bytes {-(-max(size, 2 * limits.max_bytes) // 10**9)}GB",
        )
    if size > FREE_BYTES and size > limits.max_expansion * packed:
        raise InputError(
            f"{path}: expands to more than {limits.max_expansion:,} times its size, like an archive made to fill disks",
            hint=f"where the file is known to be sound: --max-expansion {max(2 * limits.max_expansion, 2_000)}",
        )
