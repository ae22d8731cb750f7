"""Write a settings file atomically; replace an existing one only with `force`."""

import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from shlex import quote

from inflection_cli.errors import InputError, UsageError


def behind_links(path: str) -> Path:
    """Return the file that a path leads to.

    A link stays, and what it leads to is replaced: `/dev/stdout` is one.
    """
    # os.path answers no where a Path raises: a name too long, a folder that may not be entered.
    return Path(os.path.realpath(path)) if os.path.islink(path) else Path(path)  # noqa: PTH114


def refuse_to_replace(path: str, inputs: Iterable[str], *, force: bool, option: str = "--save") -> None:
    """Raise an error if the file may not be written.

    Args:
        path: Where it is to go.
        inputs: Where the inputs are, which it never replaces.
        force: Whether it may replace what is there.
        option: What is typed in front of the path.

    Raises:
        UsageError: It would replace an input, or another file unasked, or is no place for a file.
    """
    if path in {"", "-"}:
        raise UsageError(f"{option} takes the name of a file", hint=f"{option} profile.toml")
    if os.path.realpath(path) in {os.path.realpath(each) for each in inputs}:
        raise UsageError(
            f"{option} would replace the input {path}", hint=f"choose another file: {option} profile.toml"
        )
    if os.path.lexists(path) and not Path(path).is_file():
        raise UsageError(
            f"{option} {path}: this is a folder or a device, not a file", hint="choose another name"
        )
    if os.path.lexists(path) and not force:
        raise _there(path, option)


def save_text(path: str, text: str, *, force: bool, option: str = "--save") -> None:
    """Write a text file atomically; replace an existing one only with `force`.

    A file that appears while the text is written is kept too, unless `force` is given.

    Raises:
        UsageError: There is a file of that name, and `force` is not given.
        InputError: It cannot be written.
    """
    target = behind_links(path)
    try:
        if not force:
            # Nobody else gets this name from here on; what stands there is at once replaced by the whole text.
            os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
        with _written_beside(target, text) as part:
            part.replace(target)
    except FileExistsError:
        raise _there(path, option) from None
    except (OSError, ValueError) as error:
        raise _unwritable(path, error, option) from error


def require_writable(path: str, option: str = "--save") -> None:
    """Raise an error unless a file can be written there; leave nothing.

    Raises:
        InputError: It cannot be written.
    """
    try:
        with tempfile.TemporaryFile(dir=Path(path).parent):
            pass
    except (OSError, ValueError) as error:
        raise _unwritable(path, error, option) from error


def _unwritable(path: str, error: Exception, option: str) -> InputError:
    reason = getattr(error, "strerror", None) or error
    return InputError(f"{path} cannot be written: {reason}", hint=f"choose another place: {option} FILE")


@contextmanager
def _written_beside(target: Path, text: str) -> Iterator[Path]:
    """Write text to a temporary file in the target's folder."""
    handle, name = tempfile.mkstemp(prefix=f".{target.name[:100]}.", dir=target.parent)
    part = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as out:
            out.write(text)
        part.chmod(target.stat().st_mode if target.exists() else 0o644)
        yield part
    finally:
        part.unlink(missing_ok=True)


def _there(path: str, option: str) -> UsageError:
    return UsageError(
        f"{path} is there already, and may hold lines that you have filled in",
        hint=f"choose another name, or replace it: {option}{'=' if path.startswith('-') else ' '}{quote(path)} --force",
    )
