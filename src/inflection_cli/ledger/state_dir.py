"""Location and privacy of the state directory, and stored answers."""

import errno
import hashlib
import json
import os
import re
import stat
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from math import inf
from pathlib import Path
from typing import Final

from inflection_cli.errors import LedgerDamaged, LedgerDiskFull, LedgerError, LedgerReadOnly

_SUFFIX: Final = ".answers.json"
_WINDOW: Final = "dedup_window_seconds"
_MOST_BYTES: Final = 10_000


def answers_path(state_dir: Path, namespace: str) -> Path:
    """Return the path of the answers on a destination, beside its ledger."""
    return ledger_path(state_dir, namespace).with_suffix(_SUFFIX)


def kept_dedup_window_s(state_dir: Path, namespace: str) -> float | None:
    """Return the deduplication window that the user confirmed, in seconds.

    0 where the answer was no; None where nobody was asked, or what is there is no answer.

    Raises:
        LedgerError: The file is another user's, or cannot be read.
    """
    path = answers_path(state_dir, namespace)
    with translated(path):
        try:
            check_private_file(path)
            with path.open("rb") as file:
                found = json.loads(file.read(_MOST_BYTES))
        except (FileNotFoundError, NotADirectoryError, ValueError, RecursionError):
            return None
    window_s = found.get(_WINDOW) if isinstance(found, dict) else None
    if isinstance(window_s, bool) or not isinstance(window_s, int | float):
        return None
    return float(window_s) if 0 <= window_s < inf else None


def keep_dedup_window_s(state_dir: Path, namespace: str, window_s: float) -> None:
    """Record the user's answer durably.

    Raises:
        LedgerError: It cannot be written.
    """
    path = answers_path(state_dir, namespace)
    make_private_folder(ledger_folder(state_dir))
    part = path.with_suffix(".part")
    with translated(path):
        part.unlink(missing_ok=True)
        with os.fdopen(open_private(part, exclusive=True), "w", encoding="utf-8") as file:
            json.dump({_WINDOW: window_s}, file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        sync_folder(path.parent)


def forget_answers(state_dir: Path, namespace: str) -> None:
    """Delete the user's answers on a destination.

    Raises:
        LedgerError: They cannot be deleted.
    """
    path = answers_path(state_dir, namespace)
    with translated(path):
        path.unlink(missing_ok=True)
        sync_folder(path.parent)


FOLDER_MODE: Final = 0o700
FILE_MODE: Final = 0o600
LEDGER_SUFFIX: Final = ".sqlite3"
LOCK_SUFFIX: Final = ".lock"

_ELSEWHERE = "name a folder of your own on a local disk: --state-dir DIR"
_RIGHTS = "give this user the right to read and write it and its folder, or name another with --state-dir DIR"
FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""What the system says where a disk, a quota or a limit takes no more."""

_MAKE_ROOM = "nothing was sent that is not recorded; make room and run the same command again"


def state_dir(
    option: Path | None,
    environ: Mapping[str, str],
    *,
    home: Path | None = None,
    platform: str = sys.platform,
) -> Path:
    """Return the path of the state directory; create nothing.

    `--state-dir` beats `INFL_SEG_STATE_DIR`, which is taken unchanged; then comes a folder
    `infl-seg` in `XDG_STATE_HOME` (ignored where relative, as the XDG specification demands), in
    `~/Library/Application Support` on macOS, else in `~/.local/state`.

    Raises:
        LedgerError: No option is given and there is no home directory.
    """
    named = option or environ.get("INFL_SEG_STATE_DIR")
    if named:
        return Path(named).absolute()
    xdg = Path(environ.get("XDG_STATE_HOME", ""))
    if xdg.is_absolute():
        return xdg / "infl-seg"
    base = home or _home()
    within = ("Library", "Application Support") if platform == "darwin" else (".local", "state")
    return base.joinpath(*within, "infl-seg")


def ledger_path(state_dir: Path, namespace: str) -> Path:
    """Return the path of a destination's ledger file.

    The name starts with what is safe and readable of the namespace and ends with a hash of all of it,
    so that any text is a namespace and no two share a file, on file systems that fold case as well.
    """
    digest = hashlib.blake2b(namespace.encode("utf-8", "backslashreplace"), digest_size=10).hexdigest()
    readable = re.sub(r"[^a-z0-9]+", "-", namespace.lower()).strip("-")[:32].rstrip("-")
    return ledger_folder(state_dir) / (f"{readable}-{digest}".lstrip("-") + LEDGER_SUFFIX)


def lock_path(state_dir: Path, namespace: str) -> Path:
    """Return the path of a destination's lock file, beside its ledger."""
    return ledger_path(state_dir, namespace).with_suffix(LOCK_SUFFIX)


def refused_path(state_dir: Path, run_id: str) -> Path:
    """Return the path of a run's refused messages in the state directory."""
    return state_dir.absolute() / "refused" / f"{run_id}.ndjson"


def ledger_folder(state_dir: Path) -> Path:
    """Return the path of the `ledgers` folder in the state directory.

    It is a separate folder, so that the mode of the user's `--state-dir` is not changed.
    """
    return state_dir.absolute() / "ledgers"


def make_private_folder(folder: Path) -> None:
    """Create a folder if missing and restrict it to its owner.

    Parents that are missing are made with the same mode, as the XDG specification asks.

    Raises:
        LedgerError: It is a symlink, no folder, another user's, or cannot be made.
    """
    with translated(folder):
        missing = [path for path in (folder, *folder.parents) if not os.path.lexists(path)]
        for path in reversed(missing):
            _make_folder(path)
            sync_folder(path.parent)
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode):
            raise LedgerError(f"{folder} is a symlink or a file where a folder is needed", hint=_ELSEWHERE)
        if found.st_uid != os.geteuid():
            raise LedgerError(f"{folder} belongs to another user", hint=_ELSEWHERE)
        shut_out_others(folder, found)


def check_private_file(path: Path) -> os.stat_result:
    """Check that a path is this user's regular file; return its lstat.

    Raises:
        LedgerError: It is a symlink, another kind of thing, or another user's.
        FileNotFoundError: There is none.
    """
    found = path.lstat()
    _check_ordinary(path, found)
    return found


def shut_out_others(path: Path, found: os.stat_result) -> None:
    """Remove the permissions of group and others from a file or folder."""
    mode = stat.S_IMODE(found.st_mode)
    if mode & ~FOLDER_MODE:
        path.chmod(mode & FOLDER_MODE)


def open_private(path: Path, *, exclusive: bool = False) -> int:
    """Open or create a file with mode 0600; refuse a symlink.

    The descriptor is closed on exec. With `exclusive` the file must not exist before.

    Raises:
        LedgerError: The path holds something that is not a regular file, or another user's.
        OSError: The system refuses; for a symlink with ELOOP.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    # A pipe in the file's place must not be waited for.
    flags |= os.O_NONBLOCK | (os.O_EXCL if exclusive else 0)
    descriptor = os.open(path, flags, FILE_MODE)
    try:
        _check_ordinary(path, os.fstat(descriptor))
        os.fchmod(descriptor, FILE_MODE)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def sync_folder(folder: Path) -> None:
    """Sync a folder to disk, so that new entries survive power loss.

    A folder that may be written but not read, or whose file system has no such thing, is left alone.
    """
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except PermissionError:
        return
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in {errno.EINVAL, errno.EOPNOTSUPP, errno.ENOTSUP}:
            raise
    finally:
        os.close(descriptor)


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Convert an OSError about `path` to a `LedgerError` with a hint."""
    try:
        yield
    except OSError as error:
        raise file_trouble(path, error) from error


def file_trouble(path: Path, error: OSError) -> LedgerError:
    """Return the `LedgerError` for an OSError in the state directory."""
    reason = error.strerror or type(error).__name__
    if error.errno in FULL:
        return LedgerDiskFull(f"{path} cannot grow: {reason}", hint=_MAKE_ROOM)
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return _denied(path, error, reason)
    match error.errno:
        case errno.ENOENT | errno.ESTALE:
            return vanished(path)
        case errno.ELOOP:
            return LedgerError(f"{path} is a symlink, and is not followed", hint=_ELSEWHERE)
        case errno.EISDIR:
            return LedgerError(f"{path} is not a regular file", hint=f"remove it, or {_ELSEWHERE}")
        case number:
            done = "locked" if number in {errno.ENOLCK, errno.EOPNOTSUPP} else "read and written"
            return LedgerError(f"{path} cannot be {done}: {reason}", hint=_ELSEWHERE)


def _denied(path: Path, error: OSError, reason: str) -> LedgerError:
    nearest = next(each for each in (path, *path.parents) if os.path.lexists(each) or each == each.parent)
    if error.errno == errno.EROFS or os.access(nearest, os.R_OK):
        return LedgerReadOnly(f"{path} may not be written: {reason}", hint=_RIGHTS)
    return LedgerError(f"{path} may not be read: {reason}", hint=_RIGHTS)


def vanished(path: Path) -> LedgerDamaged:
    """Return the error for a file deleted, moved or replaced during use."""
    return LedgerDamaged(
        f"{path} was deleted, moved or replaced while it was in use",
        hint="its records may be lost. Restore the file before the same command runs again. "
        "Without it, cut the input to the missing part with --since",
    )


def _make_folder(path: Path) -> None:
    """Create a folder; a missing parent raises a `LedgerError`."""
    try:
        path.mkdir(FOLDER_MODE, exist_ok=True)
    except OSError as error:
        if error.errno in FULL or error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
            raise
        reason = error.strerror or type(error).__name__
        raise LedgerError(f"the folder {path} cannot be made: {reason}", hint=_ELSEWHERE) from error


def _check_ordinary(path: Path, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        kind = "a symlink, and is not followed" if stat.S_ISLNK(found.st_mode) else "not a regular file"
        raise LedgerError(f"{path} is {kind}", hint=f"remove it, or {_ELSEWHERE}")
    if found.st_uid != os.geteuid():
        raise LedgerError(f"{path} belongs to another user", hint=_ELSEWHERE)


def _home() -> Path:
    try:
        return Path.home()
    except RuntimeError as error:
        raise LedgerError("this user has no home directory", hint=_ELSEWHERE) from error
