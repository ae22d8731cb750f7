"""The exports in a folder, by their names, and what is left out of it."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from inflection_cli.catalog import REJECT_COLUMNS
from inflection_cli.errors import InputError
from inflection_cli.reading import names
from inflection_cli.reading.disk import refuse


def exports_in(folder: str) -> tuple[list[str], list[str]]:
    """Find the exports in a folder and the folders within, in the order of their names.

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
    if not taken:
        others = f", but {names.some(left)}" if left else ""
        raise InputError(
            f"{folder}: holds no file to read{others}",
            hint=f"{names.COUNTS}, and .zip; rejects files are read where they are named",
        )
    return taken, left


def _walk(folder: str, left: list[str]) -> Iterator[str]:
    """Yield every path to a file that is not hidden; what is not to be entered is added to `left`."""
    for place, folders, files in os.walk(folder, onerror=lambda error: refuse(str(error.filename), error)):
        inner = [name for name in folders if not names.is_hidden(name)]
        entered = [name for name in inner if not names.is_ours(name) and not Path(place, name).is_symlink()]
        left += [os.path.join(place, name) + os.sep for name in inner if name not in entered]  # noqa: PTH118 - as typed
        folders[:] = entered
        yield from (os.path.join(place, name) for name in files if not names.is_hidden(name))  # noqa: PTH118 - as typed


def _is_export(path: str) -> bool:
    name = Path(path).name
    if names.is_ours(name) or not (names.is_data(name) or name.lower().endswith(".zip")):
        return False
    try:
        return stat.S_ISREG(os.stat(path).st_mode) and not holds_rejects(path)  # noqa: PTH116 - as typed
    except OSError:
        return False  # a link that leads nowhere, or in a circle


def holds_rejects(path: str) -> bool:
    """Tell whether a file carries our own columns: rejected rows are read only where they are named."""
    marks = (REJECT_COLUMNS[0].encode(), f'{{"{REJECT_COLUMNS[0]}"'.encode())
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - a path is kept as it was written
            return file.read(len(marks[1])).startswith(marks)
    except OSError:
        return False
