"""The ledger's schema: its versions, migrations and exact text.

To change the schema, append an entry to `MIGRATIONS`: entries are never edited, since ledgers of every version are
about. A step is an SQL statement or a function of the connection. All steps of an entry and the new version number
are one transaction: a ledger is at the version before or at the one after. A ledger is checked as a whole before it is
migrated. `ALTER TABLE` is not for here: the text that it leaves in the schema is SQLite's, not ours, and the text of
every version is compared. A small table is made anew instead, its rows moved by way of a temporary table.

A new table whose rows decide anything ends in a `checksum` column. Its row is a named tuple in `row_checksums.TABLES`,
it is written by `insert_row`, and `ledger_checks` goes through it before anything is said of the ledger.
"""

import sqlite3
import zlib
from collections.abc import Callable, Sequence
from functools import cache
from secrets import token_bytes
from typing import Final

from inflection_cli.ledger.ledger_records import (
    HASH_BYTES,
    ID_BYTES,
    SALT_BYTES,
    TABLES,
    BatchRow,
    LedgerRow,
    PeopleTotalsRow,
    Row,
    RunRow,
    TotalsRow,
    check_batch,
    check_run,
    columns,
    content_digest,
    row_checksum,
)
from inflection_cli.model import BatchState

APPLICATION_ID: Final = 0x49534C67  # "ISLg", in the header of the file: https://sqlite.org/fileformat2.html

CHECKSUMS_SINCE: Final = 2
"""The first version of the schema whose rows carry checksums."""

TOTALS_SINCE: Final = 3
"""The first version of the schema that counts its runs and batches."""

PEOPLE_SINCE: Final = 4
"""The first version of the schema that keeps digests of people."""

Step = str | Callable[[sqlite3.Connection], None]
Schema = Sequence[tuple[str, str, str, str | None]]

_STATES = ", ".join(f"'{state}'" for state in BatchState)


def _move_with_checksums(db: sqlite3.Connection) -> None:
    """Move the rows of version 1 over, each with its checksum.

    Raises:
        ValueError: A row is not as it was written, as far as can be told without a checksum.
    """
    salt = token_bytes(SALT_BYTES)
    for namespace, created in db.execute("SELECT namespace, created FROM ledger_before"):
        insert_row(db, salt, LedgerRow(namespace, created, salt))
    for run in db.execute(f"SELECT {columns(RunRow)} FROM runs_before ORDER BY number"):  # noqa: S608
        check_run(RunRow(*run))
        insert_row(db, salt, RunRow(*run))
    query = "SELECT b.*, c.ids, c.hashes, c.crc32 FROM batches_before b LEFT JOIN contents c USING (key) ORDER BY key"
    for *batch, ids, hashes, crc32 in db.execute(query):
        if not is_whole(ids, hashes, crc32):
            raise ValueError("a batch is incomplete")
        row = BatchRow(*(*batch, content_digest(salt, batch[0], ids, hashes)))
        check_batch(row)
        insert_row(db, salt, row)


def _count_rows(db: sqlite3.Connection) -> None:
    """Record the number of runs and batches.

    An empty file has no salt yet, and its counts come with it.
    """
    for (salt,) in db.execute("SELECT salt FROM ledger").fetchall():
        counts = db.execute("SELECT (SELECT count(*) FROM runs), (SELECT count(*) FROM batches)").fetchone()
        insert_row(db, salt, TotalsRow(*counts))


def _count_people(db: sqlite3.Connection) -> None:
    """Record that there are no digests of people yet; see `_count_rows`."""
    for (salt,) in db.execute("SELECT salt FROM ledger").fetchall():
        insert_row(db, salt, PeopleTotalsRow(0))


MIGRATIONS: Final[Sequence[Sequence[Step]]] = (
    (
        "CREATE TABLE ledger (namespace TEXT NOT NULL, created REAL NOT NULL)",
        """CREATE TABLE runs (
            number INTEGER PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,
            started REAL NOT NULL,
            ended REAL,
            command TEXT NOT NULL,
            arguments TEXT NOT NULL,
            shaping TEXT NOT NULL,
            inputs TEXT NOT NULL,
            label TEXT NOT NULL,
            endpoint TEXT NOT NULL,
            version TEXT NOT NULL,
            summary TEXT,
            exit_code INTEGER
        )""",
        f"""CREATE TABLE batches (
            key INTEGER PRIMARY KEY,
            run INTEGER NOT NULL,
            state TEXT NOT NULL CHECK (state IN ({_STATES})),
            events INTEGER NOT NULL CHECK (events >= 0),
            attempts INTEGER NOT NULL CHECK (attempts > 0),
            statuses TEXT NOT NULL,
            intended REAL NOT NULL,
            settled REAL,
            unknown_since REAL,
            doubtful_since REAL
        )""",
        """CREATE TABLE contents (
            key INTEGER PRIMARY KEY,
            ids BLOB NOT NULL,
            hashes BLOB NOT NULL,
            crc32 INTEGER NOT NULL
        )""",
    ),
    (
        *(
            f"CREATE TEMPORARY TABLE {table}_before AS SELECT * FROM {table}"  # noqa: S608 - our own names
            for table in ("ledger", "runs", "batches")
        ),
        *(f"DROP TABLE {table}" for table in ("ledger", "runs", "batches")),
        """CREATE TABLE ledger (
            namespace TEXT NOT NULL,
            created REAL NOT NULL,
            salt BLOB NOT NULL,
            checksum BLOB NOT NULL
        )""",
        """CREATE TABLE runs (
            number INTEGER PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,
            started REAL NOT NULL,
            ended REAL,
            command TEXT NOT NULL,
            arguments TEXT NOT NULL,
            shaping TEXT NOT NULL,
            inputs TEXT NOT NULL,
            label TEXT NOT NULL,
            endpoint TEXT NOT NULL,
            version TEXT NOT NULL,
            summary TEXT,
            exit_code INTEGER,
            checksum BLOB NOT NULL
        )""",
        f"""CREATE TABLE batches (
            key INTEGER PRIMARY KEY,
            run INTEGER NOT NULL,
            state TEXT NOT NULL CHECK (state IN ({_STATES})),
            events INTEGER NOT NULL CHECK (events >= 0),
            attempts INTEGER NOT NULL CHECK (attempts > 0),
            statuses TEXT NOT NULL,
            intended REAL NOT NULL,
            settled REAL,
            unknown_since REAL,
            doubtful_since REAL,
            digest BLOB NOT NULL,
            checksum BLOB NOT NULL
        )""",
        _move_with_checksums,
        *(f"DROP TABLE temp.{table}_before" for table in ("ledger", "runs", "batches")),
    ),
    (
        "CREATE TABLE totals (runs INTEGER NOT NULL, batches INTEGER NOT NULL, checksum BLOB NOT NULL)",
        _count_rows,
    ),
    (
        """CREATE TABLE people (
            key INTEGER PRIMARY KEY,
            run INTEGER NOT NULL,
            digests BLOB NOT NULL,
            checksum BLOB NOT NULL
        )""",
        "CREATE TABLE people_totals (people INTEGER NOT NULL, checksum BLOB NOT NULL)",
        _count_people,
    ),
)
"""The schema's versions: entry i brings a ledger from version i to i + 1. Entries are never edited."""

SCHEMA_VERSION: Final = len(MIGRATIONS)


def migrate(db: sqlite3.Connection, migrations: Sequence[Sequence[Step]] = MIGRATIONS) -> None:
    """Migrate the schema to the newest version, one transaction per version."""
    for version in range(db.execute("PRAGMA user_version").fetchone()[0], len(migrations)):
        db.execute("BEGIN IMMEDIATE")
        _take_steps(db, migrations[version])
        db.execute(f"PRAGMA user_version = {version + 1}")
        db.execute("COMMIT")


def schema_of(db: sqlite3.Connection) -> Schema:
    """Return the text of a database's schema in a fixed order."""
    rows = db.execute("SELECT type, name, tbl_name, sql FROM main.sqlite_master").fetchall()
    return sorted(rows, key=repr)


@cache
def expected_schema(version: int) -> Schema:
    """Return the schema's text at a version, from an empty database."""
    db = sqlite3.connect(":memory:", isolation_level=None)
    try:
        migrate(db, MIGRATIONS[:version])
        return schema_of(db)
    finally:
        db.close()


def insert_row(db: sqlite3.Connection, salt: bytes, row: Row) -> None:
    """Insert a row with its checksum."""
    marks = ", ".join("?" * (len(row) + 1))
    values = (*row, row_checksum(salt, row))
    db.execute(f"INSERT INTO {TABLES[type(row)]} VALUES ({marks})", values)  # noqa: S608


def crc32_of(ids: bytes, hashes: bytes) -> int:
    """Return the CRC-32 of a batch's content, stored since version 1."""
    return zlib.crc32(hashes, zlib.crc32(ids))


def is_whole(ids: object, hashes: object, crc32: object) -> bool:
    """Return whether a batch's content matches its lengths and CRC-32."""
    if not isinstance(ids, bytes) or not isinstance(hashes, bytes):
        return False
    return len(ids) * HASH_BYTES == len(hashes) * ID_BYTES and crc32_of(ids, hashes) == crc32


def _take_steps(db: sqlite3.Connection, steps: Sequence[Step]) -> None:
    for step in steps:
        if isinstance(step, str):
            db.execute(step)
        else:
            step(db)
