"""Write rejected rows so that repaired ones can be run again.

Each input has a file of its own, in its format and with its delimiter; four columns of ours come first, which mapping
passes by. However often a row is rejected, the first two say where it was exported, as a profile may go by that file's
name. Lines that could not be read stand verbatim beside it.
"""

import csv
import io
import os
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import IO, Final

import orjson

from inflection_cli.catalog import REJECT_COLUMNS
from inflection_cli.errors import InputError, UsageError
from inflection_cli.lossless_json import JsonCell
from inflection_cli.reading.files.file_patterns import unpacked_name
from inflection_cli.reading.source import Source
from inflection_cli.settings.layering import with_value


class LineFile:
    """Appends lines to a file that nobody else writes to.

    Attributes:
        path: Where it is.

    Args:
        descriptor: The file, open for writing and empty; it is closed by `close`.
        path: Where it is.
    """

    def __init__(self, descriptor: int, path: Path) -> None:
        self.path = path
        self._descriptor = descriptor
        self._size = 0

    @property
    def is_removed(self) -> bool:
        """Return whether the file was removed (no links are left)."""
        return os.fstat(self._descriptor).st_nlink == 0

    def append(self, line: bytes) -> None:
        """Append a whole line, or nothing of it if writing fails.

        Raises:
            OSError: It cannot be written.
        """
        rest = memoryview(line)
        try:
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
        except OSError:
            with suppress(OSError):
                os.ftruncate(self._descriptor, self._size)
                os.lseek(self._descriptor, self._size, os.SEEK_SET)
            raise
        self._size += len(line)

    def close(self) -> None:
        """Close the file; errors on closing are ignored."""
        with suppress(OSError):
            os.close(self._descriptor)


_PRIVATE: Final = 0o600
# Of a file's own name; 255 bytes are the most that file systems take.
_MOST_CHARS: Final = 50
_PROBE_BYTES: Final = 4096
"""A file system that is full may still take a name."""
_NEW_FILE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW


class RejectsFolder:
    """Folder of rejected rows, created when the first row is written.

    Attributes:
        path: Where it is, or would be.
        rows: How many rows were written, unreadable lines included.
        has_rows: Whether a file of rows or lines was made.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows = 0
        self.has_rows = False
        self._files: dict[tuple[str, str], IO[bytes]] = {}
        self._names: set[str] = set()

    def add_row(
        self,
        source: Source,
        columns: Sequence[str],
        cells: Sequence[str],
        *,
        line: int,
        codes: str,
        reason: str,
    ) -> None:
        """Write a row that was read but not mapped.

        Raises:
            InputError: The folder cannot be written.
        """
        known = dict(zip(columns, cells, strict=False))
        ours = (*first_origin(known, source.path, line), codes, reason)
        file = self._file(source, columns, readable=True)
        self._write(file, _row(source, columns, ours, cells))
        self.rows += 1

    def add_line(self, source: Source, line: bytes) -> None:
        """Write an NDJSON row that already has the columns of rejects.

        Raises:
            InputError: The folder cannot be written.
        """
        self._write(self._file(source, (), readable=True), line)
        self.rows += 1

    def add_lines(self, source: Source, raw: bytes, rows: int) -> None:
        """Write unreadable lines unchanged."""
        self._write(self._file(source, (), readable=False), raw if raw.endswith(b"\n") else raw + b"\n")
        self.rows += rows

    def open_lines(self, name: str) -> LineFile:
        """Open a file of another kind, such as refused messages.

        Raises:
            InputError: The folder cannot be written.
        """
        return LineFile(*self._opened(name))

    def require_a_folder(self) -> None:
        """Check that the path is free or a folder, before reading.

        Raises:
            UsageError: Something else has its name.
        """
        if os.path.lexists(self.path) and not self.path.is_dir():
            raise UsageError(
                f"--rejects {self.path}: is a file, and rejected rows need a folder",
                hint="name another folder, which is made where it is not there: "
                + with_value("--rejects", f"{self.path}-rejects"),
            )

    def require_a_place(self) -> None:
        """Check that the folder can be created and written to.

        Raises:
            InputError: It cannot.
        """
        missing = [path for path in (self.path, *self.path.parents) if not os.path.lexists(path)]
        with _translated(self.path):
            try:
                self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
                with tempfile.NamedTemporaryFile(prefix=".infl-seg-", dir=self.path, buffering=0) as probe:
                    probe.write(bytes(_PROBE_BYTES))
            finally:
                for path in missing:
                    with suppress(OSError):
                        path.rmdir()

    def close(self) -> None:
        """Close all files."""
        for file in self._files.values():
            with _translated(self.path):
                file.close()
        self._files.clear()

    def _file(self, source: Source, columns: Sequence[str], *, readable: bool) -> IO[bytes]:
        key = (source.path, "rows" if readable else "lines")
        if key not in self._files:
            stem = "stdin" if source.path == "-" else unpacked_name(Path(source.path).name)
            ending = Path(stem).suffix or f".{source.format}"
            if source.is_binary:  # whose rows are written as NDJSON
                stem, ending = stem.removesuffix(ending) + ending.replace(".", "-"), ".ndjson"
            stem = stem.removesuffix(ending)[:_MOST_CHARS]
            name = self._free_name(stem, f".rejects{ending}" if readable else ".unreadable.txt")
            file = self._files[key] = self._open(name)
            self.has_rows = True
            if readable and source.format == "csv":
                self._write(file, _csv_line((*REJECT_COLUMNS, *_kept(columns)), source.delimiter or ","))
        return self._files[key]

    def _free_name(self, stem: str, ending: str) -> str:
        name, again = stem + ending, 1
        while name in self._names:
            again += 1
            name = f"{stem}-{again}{ending}"
        self._names.add(name)
        return name

    def _open(self, name: str) -> IO[bytes]:
        descriptor, _ = self._opened(name)
        return os.fdopen(descriptor, "wb")

    def _opened(self, name: str) -> tuple[int, Path]:
        """Create a new file of this name or the next free one."""
        stem, dot, ending = name.partition(".")
        with _translated(self.path):
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            for again in count(2):
                try:
                    descriptor = os.open(self.path / name, _NEW_FILE, _PRIVATE)
                except FileExistsError:
                    name = f"{stem}-{again}{dot}{ending}"
                else:
                    return descriptor, self.path / name
        raise AssertionError("names never run out")

    def _write(self, file: IO[bytes], data: bytes) -> None:
        with _translated(self.path):
            file.write(data)


class _translated:  # noqa: N801 - a context manager reads as a verb
    """Context manager that converts an OSError to a helpful `InputError`."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, OSError):
            raise InputError(
                f"the rejects cannot be written to {self._path}: {error.strerror}",
                hint=_elsewhere(self._path),
            ) from error


def _elsewhere(path: Path) -> str:
    """Return a hint to choose another folder with `--rejects`."""
    try:
        temporary = Path(tempfile.gettempdir())
    except FileNotFoundError:  # no temporary folder takes a file either
        return "choose a folder that takes files: --rejects DIR"
    inside = temporary == path or temporary in path.absolute().parents
    example = (
        "" if inside else f", for example {with_value('--rejects', str(temporary / 'infl-seg-rejects'))}"
    )
    return f"choose a folder that takes files: --rejects DIR{example}"


def first_origin(row: Mapping[str, object], file: str, line: int) -> tuple[str, str]:
    """Return the file and line from which a row was first exported.

    An earlier run may have written them into the row; otherwise they are `file` and `line`.

    Args:
        row: Its cells by column.
        file: The file in which it was met.
        line: The physical line on which it starts there.
    """
    origin = row.get(REJECT_COLUMNS[0]), row.get(REJECT_COLUMNS[1])
    known, at = (one.strip() if isinstance(one, str) else "" for one in origin)
    return (known, at) if known and at else (file, str(line))


def _kept(columns: Sequence[str]) -> list[str]:
    return [column for column in columns if column not in REJECT_COLUMNS]


def _row(source: Source, columns: Sequence[str], ours: Sequence[str], cells: Sequence[str]) -> bytes:
    pairs = [(name, cell) for name, cell in zip(columns, cells, strict=False) if name not in REJECT_COLUMNS]
    if source.format == "csv":
        return _csv_line((*ours, *(cell for _, cell in pairs)), source.delimiter or ",")
    # A number that came back as a string would be sent as another type once the row is repaired.
    present = {
        name: orjson.Fragment(str(cell)) if type(cell) is JsonCell else cell for name, cell in pairs if cell
    }
    return orjson.dumps({**dict(zip(REJECT_COLUMNS, ours, strict=True)), **present}) + b"\n"


def _csv_line(cells: Sequence[str], delimiter: str) -> bytes:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="\n").writerow(cells)
    return out.getvalue().encode("utf-8", "surrogatepass")
