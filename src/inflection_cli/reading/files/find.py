"""Search for input files: paths, globs, folders, archives and streams."""

import glob
import os
import stat
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from inflection_cli import rules
from inflection_cli.catalog import REJECT_COLUMNS
from inflection_cli.errors import InputError
from inflection_cli.model import Problem
from inflection_cli.reading.files import file_patterns
from inflection_cli.reading.files.archive import (
    TAR_BLOCK_BYTES,
    Member,
    is_tar,
    is_workbook,
    is_zip,
    members_of,
)
from inflection_cli.reading.files.compression import MAGIC_BYTES, Packing, compression_of
from inflection_cli.reading.files.open_file import open_file, raise_input_error
from inflection_cli.reading.files.private_copy import keep_copy
from inflection_cli.reading.files.stream import judge_size, open_bytes
from inflection_cli.reading.source import Limits
from inflection_cli.settings.layering import file_word


def exports_in(folder: str) -> tuple[list[str], list[str]]:
    """Return the exports in a folder tree, and the names left out.

    What is hidden counts as nothing. Left out, and named, are other files, rejects of our own, links to folders (they
    may lead anywhere, and in a circle) and whatever is no file.

    Args:
        folder: As the user wrote it; the paths given begin with it.

    Returns:
        The paths of the exports, and the names of what is left out.

    Raises:
        InputError: It holds no export, or cannot be listed.
    """
    taken: list[str] = []
    left: list[str] = []
    for path in sorted(_walk(folder, left), key=lambda path: Path(path).parts):
        (taken if _is_export(path) else left).append(path)
    left = sorted(os.path.relpath(path, folder) for path in left)
    rejects = [] if taken else [name for name in left if _is_rejects_file(f"{folder}/{name}")]
    if rejects:
        named = file_word(f"{folder.rstrip('/')}/{rejects[0]}")
        raise InputError(
            f"{folder}: holds no file to read, but {file_patterns.some(left)}. "
            "A folder of rejects is not read as a whole",
            hint=f"name its file: infl-seg backfill {named}",
        )
    if not taken:
        others = f", but {file_patterns.some(left)}" if left else ""
        raise InputError(
            f"{folder}: holds no file to read{others}",
            hint=f"{file_patterns.COUNTS}, and .zip and .tar. A rejects file is read when named itself",
        )
    return taken, left


def _walk(folder: str, left: list[str]) -> Iterator[str]:
    """Yield paths of files not hidden; add skipped folders to `left`."""
    for place, folders, files in os.walk(
        folder, onerror=lambda error: raise_input_error(str(error.filename), error)
    ):
        inner = [name for name in folders if not file_patterns.is_hidden(name)]
        entered = [
            name for name in inner if not file_patterns.is_ours(name) and not Path(place, name).is_symlink()
        ]
        left += [os.path.join(place, name) + os.sep for name in inner if name not in entered]  # noqa: PTH118 - as typed
        folders[:] = entered
        yield from (os.path.join(place, name) for name in files if not file_patterns.is_hidden(name))  # noqa: PTH118 - as typed


def _is_export(path: str) -> bool:
    name = Path(path).name
    if file_patterns.is_ours(name) or not (
        file_patterns.is_data(name) or file_patterns.is_read_archive(name)
    ):
        return False
    try:
        return stat.S_ISREG(os.stat(path).st_mode) and not holds_rejects(path)  # noqa: PTH116 - as typed
    except OSError:
        return False  # a link that leads nowhere, or in a circle


def _is_rejects_file(path: str) -> bool:
    return os.path.isfile(path) and holds_rejects(path)  # noqa: PTH113 - as typed; opening a pipe would wait


def holds_rejects(path: str) -> bool:
    """Return whether a file starts with the columns of rejected rows.

    Such files are read only where they are named.
    """
    marks = (REJECT_COLUMNS[0].encode(), f'{{"{REJECT_COLUMNS[0]}"'.encode())
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - a path is kept as it was written
            return file.read(len(marks[1])).startswith(marks)
    except OSError:
        return False


STANDARD_INPUT = "-"


@dataclass(frozen=True, slots=True)
class FoundFile:
    """An input file to read, and where to open it.

    Attributes:
        path: As the user wrote it, or as a glob or folder has it; `-` for standard input. A file in an archive has
            the archive's path and its own name within.
        location: Where to open it: the path itself, the archive's, or the private copy of a stream.
        again: Other names under which the same file was given.
        problems: What is to be said of the folder or archive it was found in.
        member: Where in the archive it is; None for a file of its own.
    """

    path: str
    location: str
    again: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    member: Member | None = None


def find(
    patterns: Sequence[str], limits: Limits | None = None, ca_file: str | None = None
) -> list[FoundFile]:
    """Return the input files that the given patterns denote, each once.

    A pattern is a path, a glob, a folder, an archive or `-`. The order is that of the patterns.

    A stream (`-`, or a named pipe) can be read once only and is needed twice, so it is copied to a private
    file, which is deleted when the process ends, or by `forget_copies`.

    Args:
        patterns: What the user named.
        limits: How large a stream may be that is copied.
        ca_file: A file of certificate authorities that remote files are trusted by, beside the system's.

    Raises:
        InputError: A path is missing, may not be read or is no file, or a glob, folder or archive holds none.
    """
    most = (limits or Limits()).max_bytes
    found: dict[tuple[int, int] | None, FoundFile] = {}
    for named in _named(patterns, most, ca_file):
        path = named.path
        if file_patterns.is_url(path):
            found[os.stat(named.location).st_dev, os.stat(named.location).st_ino] = named  # noqa: PTH116 - a location
            continue
        status = None if path == STANDARD_INPUT else _status(path)
        identity = (status.st_dev, status.st_ino) if status else None
        if identity in found:
            known = found[identity]
            found[identity] = replace(
                known, again=(*known.again, path), problems=(*known.problems, *named.problems)
            )
        else:
            found[identity] = replace(named, location=_location(path, status, most))
    return [each for one in found.values() for each in unfolded(one, limits)]


def unfolded(found: FoundFile, limits: Limits | None = None) -> list[FoundFile]:
    """Return the exports in an archive, or the file itself otherwise.

    Args:
        found: The file.
        limits: What a packed archive may unpack to.

    Raises:
        InputError: The archive cannot be read, or holds no export.
    """
    try:
        with open_bytes(found.path, found.location, None) as stream:
            head = stream.head(MAGIC_BYTES)
        compression = compression_of(head)
        with open_bytes(found.path, found.location, compression) as stream:
            tar = is_tar(stream.head(TAR_BLOCK_BYTES))
    except (InputError, OSError):
        return [found]  # whoever reads it says why it cannot be read
    if tar:
        return _unfolded_tar(found, compression, limits or Limits())
    if not is_zip(head) or is_workbook(found.path, found.location):
        return [found]
    members, left = members_of(found.path, found.location)
    if len(members) > 1:
        _require_modest(found, members, limits or Limits())
    return _members(found, members, left)


def _require_modest(found: FoundFile, members: list[Member], limits: Limits) -> None:
    """Raise if the files in an archive together expand too much.

    Each alone may be below the bound, and they may share the same bytes.
    """
    packed = min(sum(one.packed_bytes for one in members), os.stat(found.location).st_size)  # noqa: PTH116 - a location
    judge_size(found.path, sum(one.bytes for one in members), packed, replace(limits, max_bytes=sys.maxsize))


def _unfolded_tar(found: FoundFile, compression: Packing | None, limits: Limits) -> list[FoundFile]:
    """Return the exports in a tar archive; unpack it first if packed."""
    from inflection_cli.reading.files.tar_archive import tar_members_of  # noqa: PLC0415 - at start-up it counts

    if compression is not None:
        with open_bytes(found.path, found.location, compression, None, limits) as stream:
            found = replace(found, location=keep_copy(stream, found.path, limits.max_bytes))
    return _members(found, *tar_members_of(found.path, found.location))


def _members(found: FoundFile, members: list[Member], left: list[str]) -> list[FoundFile]:
    problems = (*found.problems, *_left_out(found.path, left))
    first = replace(found, path=f"{found.path}/{members[0].name}", problems=problems, member=members[0])
    return [first] + [
        FoundFile(f"{found.path}/{one.name}", found.location, member=one) for one in members[1:]
    ]


def _named(patterns: Iterable[str], most: int, ca_file: str | None) -> Iterator[FoundFile]:
    """Yield each named path, exports of folders and copies of URLs."""
    for pattern in patterns:
        if file_patterns.is_url(pattern) and not os.path.lexists(pattern):
            from inflection_cli.reading.files.remote import remote_files  # noqa: PLC0415 - few files are remote

            for copy in remote_files(pattern, most, os.environ, ca_file):
                yield FoundFile(copy.path, copy.location, problems=copy.problems)
            continue
        for path in _expand(pattern):
            yield from _in_folder(path) if _is_folder(path) else [FoundFile(path, path)]


def _in_folder(folder: str) -> Iterator[FoundFile]:
    taken, left = exports_in(folder)
    problems = _left_out(folder, left)
    for path in taken:
        yield FoundFile(path, path, problems=problems)
        problems = ()


def _left_out(place: str, left: list[str]) -> tuple[Problem, ...]:
    if not left:
        return ()
    count = f"{len(left):,} file" if len(left) == 1 else f"{len(left):,} files"
    return (
        Problem(
            rules.FILES_LEFT_OUT, f"{count} left out: {file_patterns.some(left)}", place, count=len(left)
        ),
    )


def _expand(pattern: str) -> Iterator[str]:
    # A file may well be called `report[1].csv`: a name that exists is no pattern.
    if pattern == STANDARD_INPUT or not glob.has_magic(pattern) or os.path.lexists(pattern):
        yield pattern
    else:
        found = sorted(glob.glob(pattern, recursive=True))  # noqa: PTH207 - Path.glob takes no absolute one
        # A glob with ** has the files of each folder that it has.
        matches = [
            path for path in found if not _is_ours(path) and not ("**" in pattern and _is_folder(path))
        ]
        if not matches:
            but = " but rejected rows" if found else ""
            raise InputError(
                f"{pattern}: no file matches{but}",
                hint="check the pattern: ls PATTERN lists its files. A rejects file is read when named itself",
            )
        yield from matches


def _is_folder(path: str) -> bool:
    return os.path.isdir(path)  # noqa: PTH112 - a Path would turn an empty name into the working directory


def _is_ours(path: str) -> bool:
    return file_patterns.is_ours(Path(path).name) if _is_folder(path) else holds_rejects(path)


def _status(path: str) -> os.stat_result:
    try:
        return os.stat(path)  # noqa: PTH116 - a Path would turn an empty name into the working directory
    except (OSError, ValueError) as error:
        raise_input_error(path, error)


def _location(path: str, status: os.stat_result | None, most: int) -> str:
    """Return where to open a file; copy a stream first.

    Standard input has no status.
    """
    if status is None:
        return keep_copy(sys.stdin.buffer, path, most)
    mode = status.st_mode
    if stat.S_ISFIFO(mode):
        with open_file(path) as stream:
            return keep_copy(stream, path, most)
    if not stat.S_ISREG(mode):
        raise InputError(f"{path}: is a device, not a file", hint="name a file, or - for standard input")
    return path
