"""Tar archives: list the exports in them, read in place."""

import errno
import tarfile
from collections.abc import Iterator
from typing import BinaryIO, Final

from inflection_cli.errors import InputError
from inflection_cli.reading.files.archive import (
    MAX_MEMBERS,
    TAR_BLOCK_BYTES,
    Member,
    exports_among,
    unpack_hint,
)
from inflection_cli.reading.files.open_file import open_file, raise_input_error

_MAX_READ: Final = 1 << 20
_UNPACK: Final = unpack_hint("tar -xf FILE -C FOLDER")


def tar_members_of(path: str, location: str) -> tuple[list[Member], list[str]]:
    """Return the exports in a plain tar archive, and other names.

    Links, devices and files with holes are none that could be read in place; they count as others.

    Args:
        path: The archive's name, to be shown.
        location: Where it is.

    Raises:
        InputError: It is damaged, holds none or too many, or one that is packed.
    """
    with open_file(location, path) as file:
        try:
            found = list(_entries(path, file))
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise_input_error(path, error)
            raise _damaged(path, "an entry claims to be larger than any file") from error
        except (RecursionError, OverflowError) as error:
            # tarfile calls itself for each header in front of an entry, and adds what lengths these claim.
            raise _damaged(path, "an entry has attributes that no archive needs") from error
        except (tarfile.TarError, ValueError, EOFError) as error:
            raise _damaged(path, str(error)) from error
    names = [name for name, member in found if member is not None]
    taken, left = exports_among(path, names, _UNPACK)
    members = {member.name: member for _, member in found if member is not None}
    others = [name for name, member in found if member is None]
    return [members[name] for name in sorted(taken)], sorted(left + others)


def _damaged(path: str, why: str) -> InputError:
    return InputError(
        f"{path}: the tar archive is damaged or cut off: {why}",
        hint="copy or download it again; tar -tf FILE checks it",
    )


def _entries(path: str, file: BinaryIO) -> Iterator[tuple[str, Member | None]]:
    """Yield the name of each file, and where it lies."""
    size = file.seek(0, 2)
    file.seek(0)
    with tarfile.open(fileobj=_Guarded(file), mode="r:") as archive:  # type: ignore[call-overload] # it reads and seeks
        for count, entry in enumerate(archive, 1):
            if count > 10 * MAX_MEMBERS:
                raise InputError(f"{path}: holds more than {10 * MAX_MEMBERS:,} entries", hint=_UNPACK)
            if entry.isdir():
                continue
            if not entry.isreg() or entry.issparse():
                yield entry.name, None
                continue
            if not 0 <= entry.size <= size - entry.offset_data:
                raise tarfile.ReadError(f"{entry.name} claims to be {entry.size:,} bytes long")
            yield entry.name, Member(entry.name, entry.offset_data, entry.size, entry.size, 0, 0, "tar")
        if archive.offset > size or size % TAR_BLOCK_BYTES:
            raise tarfile.ReadError("it ends in the middle of a block")


class _Guarded:
    """File with a limit on the size of one read.

    tarfile reads the long names and attributes of an entry at once, whatever their size.
    """

    def __init__(self, file: BinaryIO) -> None:
        self.seek = file.seek
        self.tell = file.tell
        self._file = file

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= _MAX_READ:
            raise tarfile.ReadError("an entry has attributes of more than a megabyte")
        return self._file.read(size)
