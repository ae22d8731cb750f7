"""Private copies of streams and remote files, deleted at the end."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path
from typing import Final

from inflection_cli.errors import InputError
from inflection_cli.reading.files.compression import ByteSource

_COPY_BYTES: Final = 1 << 20

_copies: list[str] = []


def forget_copies() -> None:
    """Delete the private copies of streams; they cannot be read afterwards."""
    while _copies:
        shutil.rmtree(_copies.pop(), ignore_errors=True)


atexit.register(forget_copies)


def keep_copy(stream: ByteSource, path: str, most: int) -> str:
    """Copy a stream to a private file, and return its path.

    Raises:
        InputError: It cannot be copied, or has more bytes than `most`.
    """
    try:
        folder = tempfile.mkdtemp(prefix="infl-seg-")
        _copies.append(folder)
        copy = Path(folder, "input")
        with open(os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:  # noqa: PTH123 - a descriptor
            while data := stream.read(_COPY_BYTES):
                out.write(data)
                if out.tell() > most:
                    raise InputError(
                        f"{path}: more than {most:,} bytes came",
                        hint="where that is right: --max-bytes 1000GB",
                    )
    except OSError as error:
        hint = "the input is read twice, so it is copied first; TMPDIR names a folder with more room"
        raise InputError(f"{path}: cannot be copied: {error.strerror or error}", hint=hint) from error
    return str(copy)
