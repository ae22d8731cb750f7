"""Archives: choose exports, read their bytes; zip directories."""

import struct
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Final, Literal

from inflection_cli.errors import InputError
from inflection_cli.reading.files import file_patterns
from inflection_cli.reading.files.compression import (
    DEFLATE,
    ByteSource,
    DecompressedStream,
    DecompressionError,
)
from inflection_cli.reading.files.open_file import open_file, raise_input_error

if TYPE_CHECKING:
    from zipfile import ZipInfo

ZIP_MAGICS: Final = (b"PK\x03\x04", b"PK\x05\x06")
MAX_MEMBERS: Final = 1_000
"""An archive with more files than this is refused."""

TAR_BLOCK_BYTES: Final = 512
"""What headers and contents of a tar archive are padded to."""
_TAR_MARK: Final = (257, b"ustar")  # POSIX pax, "ustar Interchange Format"
# PKWARE's APPNOTE, section 4.3.7.
_LOCAL: Final = struct.Struct("<4s2xH18xHH")
_ENCRYPTED: Final = 0x1
# Likewise, section 4.4.5. What is not here, Python's standard library cannot unpack piece by piece.
_STORED: Final = 0
_METHODS: Final[Mapping[int, str]] = {8: DEFLATE, 12: "bzip2", 93: "zstd", 95: "xz"}
_OTHER_METHODS: Final[Mapping[int, str]] = {9: "Deflate64", 14: "LZMA"}
# A directory's entry has 46 bytes and a name.
_MAX_DIRECTORY_BYTES: Final = 2 << 20
# What workbooks, documents and programs have within, whatever they are called.
_WORKBOOK: Final = ("xl/workbook.xml", "xl/workbook.bin")
_FOREIGN: Final = ("[Content_Types].xml", "META-INF/", "mimetype")
_UNPACK: Final = "extract it, and name the folder: unzip FILE -d FOLDER"


@dataclass(frozen=True, slots=True, eq=False)
class Member:
    """A file in an archive, as described in its directory.

    Attributes:
        name: To be shown, never to be opened or written.
        offset: Where its own header starts.
        packed_bytes: How many bytes follow that header.
        bytes: How many come out.
        crc: The CRC-32 of those.
        method: How they are packed.
        archive: What kind of archive it is in.
    """

    name: str
    offset: int
    packed_bytes: int
    bytes: int
    crc: int
    method: int
    archive: Literal["zip", "tar"] = "zip"


def is_zip(head: bytes) -> bool:
    """Return whether a file's first bytes are those of a zip archive."""
    return head.startswith(ZIP_MAGICS)


def is_tar(head: bytes) -> bool:
    """Return whether a file's first block is a tar header."""
    return head.startswith(_TAR_MARK[1], _TAR_MARK[0])


def members_of(path: str, location: str) -> tuple[list[Member], list[str]]:
    """Return the exports in an archive, and the names of other files.

    What is hidden counts as neither. A single file is taken whatever its name.

    Args:
        path: The archive's name, to be shown.
        location: Where it is.

    Raises:
        InputError: It is damaged, holds none or too many, or one that cannot be unpacked; or it is a workbook.
    """
    entries = _directory(path, location)
    _refuse_foreign(path, (entry.filename for entry in entries))
    names = [entry.filename for entry in entries if not entry.is_dir()]
    taken, left = exports_among(path, names, _UNPACK)
    found = [_member(path, entry) for entry in entries if entry.filename in taken]
    return sorted(found, key=lambda member: member.name), sorted(left)


def unpack_hint(command: str) -> str:
    """Return the hint to unpack an archive by hand."""
    return f"extract it, and name the folder: {command}"


def exports_among(path: str, names: Iterable[str], unpack: str) -> tuple[list[str], list[str]]:
    """Return the names of exports in an archive, and the others.

    Args:
        path: The archive's name, to be shown.
        names: Of the files in it.
        unpack: The hint to unpack it.

    Raises:
        InputError: There is none, too many, two of one name, or one that is packed.
    """
    files = [name for name in names if not _hidden(name)]
    if len(files) > MAX_MEMBERS:
        raise InputError(f"{path}: holds {len(files):,} files, more than {MAX_MEMBERS:,}", hint=unpack)
    taken = [name for name in files if file_patterns.is_data(name) or file_patterns.is_packed(name)]
    taken = taken or files[: len(files) == 1]
    if not taken:
        others = f", but {file_patterns.some(files)}" if files else ""
        raise InputError(f"{path}: holds no file to read{others}", hint=f"{file_patterns.COUNTS}; {unpack}")
    _refuse_twice(path, taken)
    for name in taken:
        if file_patterns.is_packed(name):
            raise InputError(f"{path}/{name}: is compressed inside the archive", hint=unpack)
    return taken, [name for name in files if name not in taken]


def _hidden(name: str) -> bool:
    return any(map(file_patterns.is_hidden, name.split("/")))


def is_workbook(path: str, location: str) -> bool:
    """Return whether a zip archive is an Excel workbook.

    Raises:
        InputError: The archive is damaged.
    """
    return any(entry.filename.startswith(_WORKBOOK) for entry in _directory(path, location))


def _directory(path: str, location: str) -> list["ZipInfo"]:
    import zipfile  # noqa: PLC0415 - only where there is an archive

    with open_file(location, path) as file:
        try:
            with zipfile.ZipFile(_Guarded(file)) as archive:
                return archive.infolist()
        except _TooLong as error:
            raise InputError(f"{path}: has a directory of too many files", hint=_UNPACK) from error
        except OSError as error:
            raise_input_error(path, error)
        except (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error) as error:
            raise InputError(
                f"{path}: the zip archive is damaged or cut off: {error}",
                hint="copy or download it again; unzip -t FILE checks it",
            ) from error


class _TooLong(Exception):
    """Raised when the archive's directory is larger than the read limit."""


class _Guarded:
    """File with a limit on the size of one read.

    zipfile reads a directory at once, whatever its size.
    """

    def __init__(self, file: BinaryIO) -> None:
        self.seek = file.seek
        self.tell = file.tell
        self._file = file

    def read(self, size: int = -1) -> bytes:
        if size > _MAX_DIRECTORY_BYTES:
            raise _TooLong
        return self._file.read(size)


def _refuse_foreign(path: str, every: Iterable[str]) -> None:
    if any(name.startswith(_FOREIGN) for name in every):
        raise InputError(
            f"{path}: is a document or a program, and not CSV or NDJSON",
            hint="export it as CSV or NDJSON, in UTF-8",
        )


def _refuse_twice(path: str, taken: Iterable[str]) -> None:
    name, times = Counter(taken).most_common(1)[0]
    if times > 1:
        raise InputError(
            f"{path}: holds {times} files of the name {name}, so which one counts cannot be known",
            hint="create the archive again, or extract the right file and name it",
        )


def _member(path: str, entry: "ZipInfo") -> Member:
    """Convert an archive entry to a `Member`; raise if it is unreadable."""
    shown = f"{path}/{entry.filename}"
    if entry.flag_bits & _ENCRYPTED:
        raise InputError(f"{shown}: is encrypted", hint=f"{_UNPACK}, which asks for its password")
    if entry.compress_type not in {_STORED, *_METHODS}:
        method = _OTHER_METHODS.get(entry.compress_type, f"method {entry.compress_type}")
        raise InputError(f"{shown}: uses a compression that is not supported, {method}", hint=_UNPACK)
    return Member(
        entry.filename,
        entry.header_offset,
        entry.compress_size,
        entry.file_size,
        entry.CRC,
        entry.compress_type,
    )


def member_bytes(file: BinaryIO, member: Member) -> ByteSource:
    """Open the decompressed bytes of an archive member for reading.

    Raises:
        Damaged: The member is not where the directory says.
    """
    if member.archive == "tar":
        file.seek(member.offset)
        return _Whole(_Slice(file, member.packed_bytes), member.packed_bytes)
    file.seek(member.offset)
    header = file.read(_LOCAL.size)
    if len(header) < _LOCAL.size or not header.startswith(ZIP_MAGICS[0]):
        raise DecompressionError("the member is not where the archive's directory says")
    _, flags, name_bytes, extra_bytes = _LOCAL.unpack(header)
    if flags & _ENCRYPTED:
        raise DecompressionError("the member says that it is encrypted, and the archive's directory does not")
    file.seek(name_bytes + extra_bytes, 1)
    packed = _Slice(file, member.packed_bytes)
    return _Checked(
        packed if member.method == _STORED else DecompressedStream(packed, _METHODS[member.method]), member
    )


class _Slice:
    """Byte source for the next `size` bytes of a file."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self._left = size

    def read(self, size: int) -> bytes:
        data = self._file.read(min(size, self._left)) or b""
        self._left -= len(data)
        return data


class _Whole:
    """Byte source that checks the size of a tar member."""

    def __init__(self, stored: ByteSource, size: int) -> None:
        self._stored = stored
        self._left = size

    def read(self, size: int) -> bytes:
        data = self._stored.read(size) or b""
        self._left -= len(data)
        if not data and self._left:
            raise DecompressionError("it ends too early")
        return data


class _Checked:
    """Byte source that checks size and CRC-32 against the archive's directory."""

    def __init__(self, unpacked: ByteSource, member: Member) -> None:
        self._unpacked = unpacked
        self._member = member
        self._size = self._crc = 0

    def read(self, size: int) -> bytes:
        data = self._unpacked.read(size) or b""
        self._size += len(data)
        self._crc = zlib.crc32(data, self._crc)
        if self._size > self._member.bytes:
            raise DecompressionError("more comes out than the archive's directory says")
        if not data and (self._size < self._member.bytes or self._crc != self._member.crc):
            raise DecompressionError("it ends too early, or its checksum is wrong")
        return data
