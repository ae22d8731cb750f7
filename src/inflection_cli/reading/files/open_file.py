"""Open files, and raise clear errors if that fails."""

import errno
import os
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import BinaryIO, NoReturn, cast

from inflection_cli.errors import InputError
from inflection_cli.settings.layering import file_word
from inflection_cli.suggestions import nearest

_NAMES_LOOKED_AT = 1000


def open_file(path: str, shown: str | None = None) -> BinaryIO:
    """Open a file for unbuffered reading; the caller closes it.

    Args:
        path: Where it is.
        shown: The name to show, where that is another one.

    Raises:
        InputError: It is gone, or may not be read.
    """
    try:
        return cast(BinaryIO, open(path, "rb", buffering=0))  # noqa: PTH123 - the caller closes it
    except (OSError, ValueError) as error:
        raise_input_error(shown or path, error)


def raise_input_error(path: str, error: OSError | ValueError) -> NoReturn:
    """Raise an `InputError` that explains why a file cannot be read.

    Raises:
        InputError: Always.
    """
    number = error.errno if isinstance(error, OSError) else None
    if number in {errno.ENOENT, errno.ENOTDIR}:
        if os.path.islink(path):  # noqa: PTH114 - the path may hold what Path refuses
            raise InputError(
                f"{path}: is a link to {os.readlink(path)}, which is not there",  # noqa: PTH115 - likewise
                hint="mount or restore what it leads to, or name the file itself",
            ) from error
        raise InputError(f"{path}: no such file", hint=_other_path(path)) from error
    if number in {errno.EACCES, errno.EPERM}:
        raise InputError(
            f"{path}: may not be read", hint="ask its owner, or change its permissions"
        ) from error
    reason = error.strerror if isinstance(error, OSError) and error.strerror else error
    raise InputError(f"{path}: cannot be read: {reason}") from error


def _other_path(path: str) -> str:
    """Return a hint for a path that does not exist."""
    near, several = _near(path), [part.strip() for part in path.split(",")]
    if near:
        return f"did you mean {file_word(near)}?"
    if len(several) > 1 and all(Path(part).suffix for part in several):
        return f"separate files by spaces: {' '.join(map(file_word, several))}"
    with suppress(OSError):  # the working directory may be gone
        return f"check the path; relative paths start in {Path.cwd()}"
    return "check the path, and the folder that you are in"


def _near(path: str) -> str | None:
    """Return the existing file whose name is closest to a missing one."""
    wanted = Path(path)
    try:
        with os.scandir(wanted.parent) as entries:
            names = sorted(entry.name for entry in islice(entries, _NAMES_LOOKED_AT))
    except (OSError, ValueError):
        return None
    near = nearest(wanted.name, names)
    return str(wanted.with_name(near[0])) if near else None
