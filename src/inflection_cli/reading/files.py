"""Files, globs and streams: find what was named, keep streams privately, open and decompress."""

import atexit
import errno
import glob
import gzip
import os
import shutil
import stat
import sys
import tempfile
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Literal, NoReturn, Self, cast

from inflection_cli.catalog import REJECT_COLUMNS
from inflection_cli.errors import InputError

STANDARD_INPUT = "-"
GZIP_MAGIC = b"\x1f\x8b"
_COPY_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Found:
    """A file to read.

    Attributes:
        path: As the user wrote it, or as the glob found it; `-` for standard input.
        location: Where to open it: the path itself, or the private copy of a stream.
        again: Other names under which the same file was given.
    """

    path: str
    location: str
    again: tuple[str, ...] = ()


def find(patterns: Sequence[str]) -> list[Found]:
    """Find the files that paths, globs and `-` name, each once, in the order named.

    A stream (`-`, or a named pipe) can be read once only and is needed twice, so it is copied to a private
    file, which is deleted when the process ends, or by `forget_copies`.

    Raises:
        InputError: A path is missing, may not be read or is no file, or a glob matches nothing.
    """
    found: dict[tuple[int, int] | None, Found] = {}
    for path in _expand(patterns):
        status = None if path == STANDARD_INPUT else _status(path)
        identity = (status.st_dev, status.st_ino) if status else None
        if identity in found:
            known = found[identity]
            found[identity] = replace(known, again=(*known.again, path))
        else:
            found[identity] = Found(path, _location(path, status))
    return list(found.values())


def _expand(patterns: Iterable[str]) -> Iterable[str]:
    for pattern in patterns:
        # A file may well be called `report[1].csv`: a name that exists is no pattern.
        if pattern == STANDARD_INPUT or not glob.has_magic(pattern) or os.path.lexists(pattern):
            yield pattern
            continue
        found = sorted(glob.glob(pattern, recursive=True))  # noqa: PTH207 - Path.glob takes no absolute one
        matches = [path for path in found if not _is_rejects(path)]
        if not matches:
            but = " but rejected rows" if found else ""
            raise InputError(
                f"{pattern}: no file matches{but}",
                hint="check the pattern: ls PATTERN lists its files; rejects files are read where they are named",
            )
        yield from matches


def _is_rejects(path: str) -> bool:
    """Tell whether a file carries our own columns: a glob passes by rejected rows, to name them reads them."""
    marks = (REJECT_COLUMNS[0].encode(), f'{{"{REJECT_COLUMNS[0]}"'.encode())
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - a path is kept as it was written
            return file.read(len(marks[1])).startswith(marks)
    except OSError:
        return False


def _status(path: str) -> os.stat_result:
    try:
        return os.stat(path)  # noqa: PTH116 - a Path would turn an empty name into the working directory
    except (OSError, ValueError) as error:
        _refuse(path, error)


def _location(path: str, status: os.stat_result | None) -> str:
    """Say where to open a file; a stream is copied first. Standard input has no status."""
    if status is None:
        return _keep(sys.stdin.buffer, path)
    mode = status.st_mode
    if stat.S_ISDIR(mode):
        raise InputError(
            f"{path}: is a directory", hint=f"name the files in it, for example '{path.rstrip('/')}/*.csv'"
        )
    if stat.S_ISFIFO(mode):
        with _open(path) as stream:
            return _keep(stream, path)
    if not stat.S_ISREG(mode):
        raise InputError(f"{path}: is a device, not a file", hint="name a file, or - for standard input")
    return path


_copies: list[str] = []


def forget_copies() -> None:
    """Delete the private copies of streams; what was found as a stream can be read no more."""
    while _copies:
        shutil.rmtree(_copies.pop(), ignore_errors=True)


atexit.register(forget_copies)


def _keep(stream: BinaryIO, path: str) -> str:
    """Copy a stream to a file that only this user can read, in a folder that only this user can enter."""
    try:
        folder = tempfile.mkdtemp(prefix="infl-seg-")
        _copies.append(folder)
        copy = Path(folder, "input")
        with open(os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:  # noqa: PTH123 - a descriptor
            shutil.copyfileobj(stream, out, _COPY_BYTES)
    except OSError as error:
        hint = "the input is read twice, so it is copied first; TMPDIR names a folder with more room"
        raise InputError(f"{path}: cannot be copied: {error.strerror or error}", hint=hint) from error
    return str(copy)


def _open(path: str, shown: str | None = None) -> BinaryIO:
    try:
        return cast(BinaryIO, open(path, "rb", buffering=0))  # noqa: PTH123 - `Stream` or the caller closes it
    except (OSError, ValueError) as error:
        _refuse(shown or path, error)


def _refuse(path: str, error: OSError | ValueError) -> NoReturn:
    """Say in our words why a file cannot be had."""
    number = error.errno if isinstance(error, OSError) else None
    if number in {errno.ENOENT, errno.ENOTDIR}:
        raise InputError(
            f"{path}: no such file", hint="check the path; relative paths start where you are"
        ) from error
    if number in {errno.EACCES, errno.EPERM}:
        raise InputError(
            f"{path}: may not be read", hint="ask its owner, or change its permissions"
        ) from error
    reason = error.strerror if isinstance(error, OSError) and error.strerror else error
    raise InputError(f"{path}: cannot be read: {reason}") from error


class Stream:
    """The decompressed bytes of one file, from its start; a context manager that closes it."""

    def __init__(self, path: str, location: str, compression: Literal["gzip"] | None) -> None:
        self._path = path
        self._raw = _open(location, path)
        self._gzip = gzip.GzipFile(fileobj=self._raw, mode="rb") if compression else None
        self._line = 1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._gzip is not None:
            self._gzip.close()
        self._raw.close()

    def size_bytes(self) -> int:
        """Say how large the file is on the disk."""
        return os.fstat(self._raw.fileno()).st_size

    def read(self, size: int) -> bytes:
        """Read at most `size` bytes; none at the end.

        Raises:
            InputError: The disk or the compressed data gives out; the message says near which line.
        """
        try:
            if self._gzip is None:
                return self._raw.read(size) or b""
            data = self._gzip.read(size)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise InputError(
                f"{self._path}: the gzip data is damaged or cut off after line {self._line:,}: {error}",
                hint="copy or export the file again; gzip --test FILE checks it",
            ) from error
        except OSError as error:
            _refuse(self._path, error)
        self._line += data.count(b"\n")
        return data


def open_stream(path: str, location: str, compression: Literal["gzip"] | None) -> Stream:
    """Open a file for reading from its start.

    Args:
        path: The name to show.
        location: Where it is.
        compression: How it is packed.

    Raises:
        InputError: It is gone, or may not be read.
    """
    return Stream(path, location, compression)
