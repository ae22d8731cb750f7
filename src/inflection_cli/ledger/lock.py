"""Lock file that allows one run per destination and names its holder.

The lock is flock's, so the system lifts it when its holder dies, however that happens: a file left behind by
a killed run needs no hand. The file is never unlinked. Whoever unlinks a lock file frees its name while
another process may already have opened the old one: the two would hold "the" lock on different files.
"""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from inflection_cli.errors import LedgerLocked
from inflection_cli.ledger.state_dir import make_private_folder, open_private, translated, vanished

MAX_NOTE_BYTES: Final = 4096
_SHOWN_CHARACTERS = 200
_NOTE_WAIT_S = 0.1
_PROBE_S = 0.05  # for so long a probe of `holder_of` is waited out; it lasts microseconds


@dataclass(frozen=True, slots=True, eq=False)
class Holder:
    """The process that holds a lock.

    Attributes:
        pid: Its process id.
        host: The name of its machine; the state directory may be shared.
        command: What it does, in the user's words, without secrets.
        started: When it began, in unix seconds.
    """

    pid: int
    host: str
    command: str
    started: float

    def __str__(self) -> str:
        since = datetime.fromtimestamp(self.started, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        return f"process {self.pid} on {_shown(self.host)}, since {since}: {_shown(self.command)}"


class Lock:
    """A lock that is held until its release or the process's end.

    A child that is forked (not spawned) shares the lock and keeps it alive.

    Attributes:
        path: The lock file.
    """

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor

    def check(self) -> None:
        """Check that the lock is still held and its file in place.

        Raises:
            LedgerDamaged: The lock file was deleted, moved or replaced, or the lock was released.
        """
        if self._descriptor < 0 or not _is_at(self.path, self._descriptor):
            raise vanished(self.path)

    def release(self) -> None:
        """Release the lock; a second release does nothing."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            _forget_note(descriptor)
            os.close(descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def take_lock(path: Path, holder: Holder) -> Lock:
    """Acquire the lock at `path` without waiting; create the file if missing.

    Raises:
        LedgerLocked: Another run holds it; the message says which.
        LedgerError: The path is a symlink or another user's, or the file system has no locks.
        LedgerDamaged: The file cannot be created or written.
    """
    make_private_folder(path.parent)
    with translated(path):
        while True:
            with _opened(path) as descriptor:
                _lock(path, descriptor)
                if _is_at(path, descriptor):
                    _write_note(descriptor, holder)
                    # A duplicate shares the lock; the original closes with its block, on every way out.
                    return Lock(path, os.dup(descriptor))


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    descriptor = open_private(path)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def holder_of(path: Path) -> Holder | None:
    """Return the holder of the lock at `path`, or None.

    Raises:
        LedgerError: The file is there and cannot be opened or locked.
    """
    with translated(path):
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        try:
            # A note is cleared on release, so without one there is nothing to probe, and no run to disturb.
            holder = _read_note(descriptor)
            return holder if holder is not None and _is_locked(descriptor) else None
        finally:
            os.close(descriptor)


def _is_locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    fcntl.flock(descriptor, fcntl.LOCK_UN)
    return False


def _flock(descriptor: int) -> None:
    deadline = time.monotonic() + _PROBE_S
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise
            time.sleep(_PROBE_S / 10)


def _lock(path: Path, descriptor: int) -> None:
    try:
        _flock(descriptor)
    except BlockingIOError as error:
        holder = _await_note(descriptor)
        raise LedgerLocked(
            f"the ledger is held by {holder or 'another run that has not said its name'}",
            hint=f"wait until it has ended, or end it with Ctrl-C or kill; the lock is {path}",
        ) from error


def _is_at(path: Path, descriptor: int) -> bool:
    """Return whether the path still leads to the open file.

    A lock on an unlinked file keeps no other process out.
    """
    opened = os.fstat(descriptor)
    try:
        found = path.lstat()
    except FileNotFoundError:
        return False
    return (found.st_dev, found.st_ino) == (opened.st_dev, opened.st_ino)


def _write_note(descriptor: int, holder: Holder) -> None:
    brief = replace(holder, host=holder.host[:_SHOWN_CHARACTERS], command=holder.command[:_SHOWN_CHARACTERS])
    note = json.dumps(asdict(brief)).encode()
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, note, 0)


def _forget_note(descriptor: int) -> None:
    """Clear the holder's note, so that it names no ended run."""
    with suppress(OSError):
        os.ftruncate(descriptor, 0)


def _await_note(descriptor: int) -> Holder | None:
    """Read the holder's note; wait up to 0.1 s for it."""
    deadline = time.monotonic() + _NOTE_WAIT_S
    while (holder := _read_note(descriptor)) is None and time.monotonic() < deadline:
        time.sleep(_NOTE_WAIT_S / 10)
    return holder


def _read_note(descriptor: int) -> Holder | None:
    note = os.pread(descriptor, MAX_NOTE_BYTES, 0)
    try:
        fields: Any = json.loads(note)
        return Holder(
            int(fields["pid"]), str(fields["host"]), str(fields["command"]), float(fields["started"])
        )
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


def _shown(text: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in text)
