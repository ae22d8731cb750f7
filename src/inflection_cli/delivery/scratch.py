"""Scratch space: a private unnamed file that goes with the process."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from inflection_cli.errors import LedgerDamaged


def scratch_file() -> IO[bytes]:
    """Open a file that nobody else can open, and that is gone when it is closed.

    Raises:
        LedgerDamaged: The temporary folder is full or cannot be written.
    """
    with translated():
        return tempfile.TemporaryFile(prefix="infl-seg-")


@contextmanager
def translated() -> Iterator[None]:
    """Turn an OSError of the temporary folder into an error that names the folder and the way out."""
    try:
        yield
    except OSError as error:
        raise LedgerDamaged(
            f"{_folder()} cannot be used: {error.strerror}",
            hint="free some room there, or choose another with TMPDIR=/path/with/room",
        ) from error


def _folder() -> str:
    try:
        return f"the temporary folder {tempfile.gettempdir()}"
    except FileNotFoundError:  # none of those that are tried takes a file
        return "a temporary folder"
