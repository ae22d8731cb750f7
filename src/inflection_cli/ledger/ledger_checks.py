"""Check a ledger's content; convert SQLite errors to the tool's.

What a batch holds (its ids and hashes) is compared with its digest when it is read, not here, so that opening costs
by batches and pages, not by events.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from struct import unpack
from typing import Any, Final, TypeVar

from inflection_cli.errors import LedgerDamaged, LedgerDiskFull, LedgerError, LedgerLocked, LedgerReadOnly
from inflection_cli.ledger.ledger_records import (
    TABLES,
    BatchRow,
    LedgerRow,
    PeopleRow,
    PeopleTotalsRow,
    Row,
    RunRow,
    TotalsRow,
    check_batch,
    check_run,
    columns,
    row_checksum,
)
from inflection_cli.ledger.ledger_schema import (
    APPLICATION_ID,
    CHECKSUMS_SINCE,
    PEOPLE_SINCE,
    SCHEMA_VERSION,
    TOTALS_SINCE,
    expected_schema,
    schema_of,
)
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


_HEADER_BYTES: Final = 100
_MAGIC: Final = b"SQLite format 3\0"
_VERSIONS_OF_FORMAT: Final = {(1, 1), (2, 2)}  # rollback journal, write-ahead log
_SCHEMA_FORMAT: Final = 4
_UTF_8: Final = 1

Counts = TypeVar("Counts", TotalsRow, PeopleTotalsRow)


@dataclass(frozen=True, slots=True, eq=False)
class Checked:
    """Namespace, version and salt of a checked ledger.

    Attributes:
        namespace: The destination it is for.
        version: The version of its schema.
        salt: What its checksums are keyed with; None where it has none, being of an earlier version.
    """

    namespace: str
    version: int
    salt: bytes | None


def check_ledger(path: Path, db: sqlite3.Connection) -> Checked:
    """Check that a ledger is as it was written, in one snapshot.

    A run that writes waits meanwhile: some 20 ms a million events.

    Raises:
        LedgerDamaged: It is not.
        LedgerError: A newer version wrote it.
        sqlite3.Error: SQLite cannot read it.
    """
    _check_header(path)
    with _one_moment(db):
        version = _check_schema(path, db)
        (finding,) = db.execute("PRAGMA integrity_check(1)").fetchone()
        if finding != "ok":
            raise damaged(path, str(finding))
        with making_sense(path):
            return _check_rows(path, db, version)


def checked_row(path: Path, salt: bytes | None, row: Row, checksum: object) -> None:
    """Check a row against its checksum, where the ledger has them.

    Raises:
        LedgerDamaged: It is not what was written.
    """
    if salt is not None and row_checksum(salt, row) != checksum:
        raise damaged(path, f"{_name(row)} is not as it was written")


def _name(row: Row) -> str:
    if isinstance(row, LedgerRow):
        return "what it says of itself"
    if isinstance(row, TotalsRow | PeopleTotalsRow):
        return "the count of its rows"
    if isinstance(row, PeopleRow):
        return f"what it keeps of the people of run {row.run}"
    return f"run {row.number}" if isinstance(row, RunRow) else f"batch {row.key}"


def _check_header(path: Path) -> None:
    """Check header fields that SQLite ignores or interprets too strictly.

    To close a file lifts this process's locks on it, so this comes before any transaction.
    """
    with path.open("rb") as file:
        header = file.read(_HEADER_BYTES)
    if len(header) < _HEADER_BYTES or not header.startswith(_MAGIC):
        raise LedgerDamaged(f"{path} is not a ledger: it has other content", hint=START_AGAIN)
    schema_format, _, auto_vacuum, encoding = unpack(">4I", header[44:60])
    expected = (_SCHEMA_FORMAT, 0, _UTF_8)
    if (header[18], header[19]) not in _VERSIONS_OF_FORMAT or (
        schema_format,
        auto_vacuum,
        encoding,
    ) != expected:
        raise damaged(path, "its header is not as it was written")


@contextmanager
def _one_moment(db: sqlite3.Connection) -> Iterator[None]:
    """Read within one transaction, so that no commit comes in between."""
    db.execute("BEGIN")
    try:
        yield
    finally:
        if db.in_transaction:
            db.rollback()


def _check_schema(path: Path, db: sqlite3.Connection) -> int:
    """Check the application id and schema of a ledger; return its version."""
    application = db.execute("PRAGMA application_id").fetchone()[0]
    version: int = db.execute("PRAGMA user_version").fetchone()[0]
    if application != APPLICATION_ID or version < 1:
        raise LedgerDamaged(f"{path} is not a ledger: another program made it", hint=START_AGAIN)
    found = schema_of(db)
    ours = [known for known in range(1, SCHEMA_VERSION + 1) if expected_schema(known) == found]
    if (
        version > SCHEMA_VERSION and not ours
    ):  # a newer version has another schema, else its number is damaged
        raise LedgerError(
            f"{path} was written by a newer infl-seg "
            f"(its version is {version}, this one knows {SCHEMA_VERSION})",
            hint="install that version of infl-seg; this page says how to upgrade: infl-seg help install",
        )
    if version not in ours:
        raise damaged(path, "its schema is not as it was written")
    return version


def _check_rows(path: Path, db: sqlite3.Connection, version: int) -> Checked:
    if version < CHECKSUMS_SINCE:
        return _check_rows_without_checksums(path, db, version)
    rows = list(_rows(db, LedgerRow))
    if len(rows) != 1:
        raise damaged(path, "it does not say which destination it is for")
    own, checksum = rows[0]
    assert isinstance(own, LedgerRow)
    checked_row(path, own.salt, own, checksum)
    runs = set()
    for run, checksum in _rows(db, RunRow):
        checked_row(path, own.salt, run, checksum)
        runs.add(run[0])
    batches = 0
    for batch, checksum in _rows(db, BatchRow):
        checked_row(path, own.salt, batch, checksum)
        batches += 1
        _check_run_of(path, batch, runs)
    _check_count(path, db, batches)
    if version >= TOTALS_SINCE:
        _check_totals(path, db, own.salt, TotalsRow(len(runs), batches))
    if version >= PEOPLE_SINCE:
        _check_people(path, db, own.salt, runs)
    return Checked(own.namespace, version, own.salt)


def _check_rows_without_checksums(path: Path, db: sqlite3.Connection, version: int) -> Checked:
    """Check the form of the rows of a version 1 ledger."""
    rows = db.execute("SELECT namespace FROM ledger").fetchall()
    if len(rows) != 1 or not isinstance(rows[0][0], str):
        raise damaged(path, "it does not say which destination it is for")
    runs = set()
    for values in db.execute(f"SELECT {columns(RunRow)} FROM runs"):  # noqa: S608
        check_run(RunRow(*values))
        runs.add(values[0])
    batches = 0
    for values in db.execute("SELECT *, x'' FROM batches"):
        batch = BatchRow(*values)
        check_batch(batch)
        batches += 1
        _check_run_of(path, batch, runs)
    _check_count(path, db, batches)
    return Checked(rows[0][0], version, None)


def _rows(db: sqlite3.Connection, kind: type[Any]) -> Iterator[tuple[Row, object]]:
    for *values, checksum in db.execute(f"SELECT {columns(kind, 'checksum')} FROM {TABLES[kind]}"):  # noqa: S608
        yield kind(*values), checksum


def totals_of(path: Path, db: sqlite3.Connection, salt: bytes, kind: type[Counts]) -> Counts:
    """Return the counts that a ledger keeps of its own rows.

    Raises:
        LedgerDamaged: They are not as they were written.
    """
    rows = list(_rows(db, kind))
    if len(rows) != 1:
        raise damaged(path, "the count of its rows is missing")
    totals, checksum = rows[0]
    assert isinstance(totals, kind)
    checked_row(path, salt, totals, checksum)
    return totals


def _check_totals(path: Path, db: sqlite3.Connection, salt: bytes, found: Counts) -> None:
    kind: type[Counts] = type(found)
    recorded: tuple[int, ...] = totals_of(path, db, salt, kind)
    for what, written, there in zip(found._fields, recorded, found, strict=True):
        if written != there:
            raise damaged(path, f"it has {there} {what}, and {written} were recorded")


def _check_people(path: Path, db: sqlite3.Connection, salt: bytes, runs: set[Any]) -> None:
    """Check the digests of people, row by row, and their number."""
    count = 0
    for people, checksum in _rows(db, PeopleRow):
        assert isinstance(people, PeopleRow)
        checked_row(path, salt, people, checksum)
        count += 1
        if people.run not in runs:
            raise damaged(path, "it keeps people of no run")
    _check_totals(path, db, salt, PeopleTotalsRow(count))


def _check_run_of(path: Path, batch: Row, runs: set[Any]) -> None:
    assert isinstance(batch, BatchRow)
    if batch.run not in runs:
        raise damaged(path, f"batch {batch.key} is incomplete: it is of no run")


def _check_count(path: Path, db: sqlite3.Connection, batches: int) -> None:
    (contents,) = db.execute("SELECT count(*) FROM contents").fetchone()
    if contents != batches:
        raise damaged(path, f"{batches} batches are there, and what {contents} hold")
