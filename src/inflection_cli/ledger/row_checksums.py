"""Keyed checksums over a canonical encoding of the ledger's rows.

The key belongs to one ledger, so a row or a page of another one does not pass. A row's checksum covers the name of
its table and every other column, the key of the row included; a batch's row holds the digest of its ids and hashes.
"""

from hashlib import blake2b
from struct import pack
from typing import Final, NamedTuple

CHECKSUM_BYTES: Final = 16
SALT_BYTES: Final = 16

Value = str | bytes | int | float | None
"""What a column holds."""


class LedgerRow(NamedTuple):
    """The one row that says what the ledger is for."""

    namespace: str
    created: float
    salt: bytes


class RunRow(NamedTuple):
    """A row of `runs`, without its checksum."""

    number: int
    id: str
    started: float
    ended: float | None
    command: str
    arguments: str
    shaping: str
    inputs: str
    label: str
    endpoint: str
    version: str
    summary: str | None
    exit_code: int | None


class BatchRow(NamedTuple):
    """A row of `batches` without its checksum; `digest` covers its content."""

    key: int
    run: int
    state: str
    events: int
    attempts: int
    statuses: str
    intended: float
    settled: float | None
    unknown_since: float | None
    doubtful_since: float | None
    digest: bytes


class TotalsRow(NamedTuple):
    """The one row that counts the others; it reveals deleted ones."""

    runs: int
    batches: int


class PeopleRow(NamedTuple):
    """A row of `people`: digests of people whom a run sends."""

    key: int
    run: int
    digests: bytes


class PeopleTotalsRow(NamedTuple):
    """The one row that counts the rows of `people`."""

    people: int


Row = LedgerRow | RunRow | BatchRow | TotalsRow | PeopleRow | PeopleTotalsRow

TABLES: Final = {
    LedgerRow: "ledger",
    RunRow: "runs",
    BatchRow: "batches",
    TotalsRow: "totals",
    PeopleRow: "people",
    PeopleTotalsRow: "people_totals",
}


def row_checksum(salt: bytes, row: Row) -> bytes:
    """Return the checksum of a row.

    Args:
        salt: The ledger's own bytes.
        row: Its columns, numbers of time as floats: SQLite returns them so.
    """
    encoded = b"".join(map(_encoded, (TABLES[type(row)], *row)))
    return blake2b(encoded, digest_size=CHECKSUM_BYTES, key=salt).digest()


def content_digest(salt: bytes, key: int, ids: bytes, hashes: bytes) -> bytes:
    """Return the digest of what a batch holds."""
    digest = blake2b(b"contents" + pack(">qQ", key, len(ids)), digest_size=CHECKSUM_BYTES, key=salt)
    digest.update(ids)
    digest.update(hashes)
    return digest.digest()


def columns(kind: type[Row], *more: str) -> str:
    """Return a row's column names for a query, followed by others."""
    return ", ".join((*kind._fields, *more))


def _encoded(value: Value) -> bytes:
    if value is None:
        return b"~"
    if isinstance(value, int):
        return b"i%d," % value
    if isinstance(value, float):
        return b"f" + pack(">d", value)
    data = value.encode() if isinstance(value, str) else value
    return b"%c%d:" % (b"s" if isinstance(value, str) else b"b", len(data)) + data
