"""Convert SQLite and system errors on a ledger to the tool's errors."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from inflection_cli.errors import LedgerDamaged, LedgerDiskFull, LedgerError, LedgerLocked, LedgerReadOnly
from inflection_cli.ledger.state_dir import file_trouble, vanished

START_AGAIN: Final = (
    "restore it from a backup, or move it away. Without it no event counts as sent, and Segment recognises "
    "repeated ids only for about a day. Then cut the input to the missing part with --since"
)
_ROOM: Final = "nothing was sent that is not recorded; make room and run the same command again"
_TROUBLES: Final[Mapping[int, tuple[type[LedgerError], str, str]]] = {
    sqlite3.SQLITE_FULL: (LedgerDiskFull, "cannot grow, the disk is full", _ROOM),
    # Of all reasons why a write fails SQLite tells a full disk alone apart, not a quota and not a limit.
    sqlite3.SQLITE_IOERR_WRITE: (
        LedgerDiskFull,
        "cannot be written: the disk is full, a quota is reached, or the disk has a fault",
        f"check free space, quota and the health of the disk; {_ROOM}",
    ),
    sqlite3.SQLITE_IOERR: (
        LedgerDamaged,
        "cannot be read or written, the disk reports an error",
        "check free space, quota and the health of the disk, then run the same command again",
    ),
    sqlite3.SQLITE_READONLY: (
        LedgerReadOnly,
        "cannot be written",
        "give this user the right to write the file and its folder, or name another with --state-dir DIR",
    ),
    sqlite3.SQLITE_PERM: (LedgerReadOnly, "may not be opened", "check the rights of the file and its folder"),
    sqlite3.SQLITE_CANTOPEN: (
        LedgerError,
        "or its journal cannot be opened",
        "check the rights of both, that neither is a symlink, and that they were not moved",
    ),
    sqlite3.SQLITE_NOTADB: (LedgerDamaged, "is not a ledger: it has other content", START_AGAIN),
    sqlite3.SQLITE_CORRUPT: (LedgerDamaged, "is damaged", START_AGAIN),
    sqlite3.SQLITE_BUSY: (
        LedgerLocked,
        "is kept locked by another program",
        "close what has the file open (a database browser, a backup), then run the same command again",
    ),
}
_NO_SENSE: Final = (ValueError, TypeError, AttributeError, KeyError, OverflowError, RecursionError)


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Convert SQLite and system errors into a `LedgerError` with a hint."""
    try:
        yield
    except sqlite3.Error as error:
        raise _trouble(path, error) from error
    except UnicodeError as error:  # SQLite's own message quotes bytes of the file
        raise damaged(path, "a text in it is not UTF-8") from error
    except OSError as error:
        raise file_trouble(path, error) from error


@contextmanager
def making_sense(path: Path) -> Iterator[None]:
    """Refuse a row whose content no version wrote."""
    try:
        yield
    except _NO_SENSE as error:
        raise damaged(path, "a row makes no sense") from error


def damaged(path: Path, what: str) -> LedgerDamaged:
    """Return the error for a ledger that cannot be trusted."""
    return LedgerDamaged(f"{path} is damaged: {what}", hint=START_AGAIN)


def _trouble(path: Path, error: sqlite3.Error) -> LedgerError:
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:  # raised by Python's module itself, with what a row holds in its words
        return damaged(path, "a row cannot be read")
    if code == sqlite3.SQLITE_READONLY_DBMOVED:
        return vanished(path)
    primary = code & 0xFF  # the rest of an extended code is detail: https://sqlite.org/rescode.html
    known = _TROUBLES.get(code) or _TROUBLES.get(primary)
    kind, what, hint = known or (LedgerDamaged, "cannot be used", START_AGAIN)
    return kind(f"{path} {what} ({error})", hint=hint)
