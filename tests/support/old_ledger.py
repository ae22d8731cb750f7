"""A ledger as earlier versions of its schema had it, written by hand from one of today."""

import sqlite3
from contextlib import closing
from pathlib import Path

from inflection_cli.ledger.ledger_records import BatchRow, LedgerRow, RunRow
from inflection_cli.ledger.ledger_schema import APPLICATION_ID, MIGRATIONS, migrate

_ROWS = {
    "ledger": LedgerRow._fields[:-1],
    "runs": RunRow._fields,
    "batches": BatchRow._fields[:-1],
    "contents": ("key", "ids", "hashes", "crc32"),
}


def as_version_1(path: Path) -> None:
    """Put a ledger of version 1 with the same rows in the place of one of today."""
    before = path.with_suffix(".today")
    path.rename(before)
    path.with_name(f"{path.name}-journal").unlink(missing_ok=True)
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        migrate(db, MIGRATIONS[:1])
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        db.execute("ATTACH ? AS today", (str(before),))
        for table, names in _ROWS.items():
            db.execute(f"INSERT INTO {table} SELECT {', '.join(names)} FROM today.{table}")
        db.execute("DETACH today")
    path.chmod(0o600)
    before.unlink()


def as_version_3(path: Path) -> None:
    """Take from a ledger of today the people that version 4 added."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("DROP TABLE people")
        db.execute("DROP TABLE people_totals")
        db.execute("PRAGMA user_version = 3")


def as_version_2(path: Path) -> None:
    """Take from a ledger of today the counts that version 3 added, too."""
    as_version_3(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("DROP TABLE totals")
        db.execute("PRAGMA user_version = 2")
