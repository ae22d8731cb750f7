"""Records and rows of the ledger, and checksums of rows.

Checksums are keyed. The key belongs to one ledger, so a row or a page of another one does not pass. A row's checksum
covers the name of its table and every other column, the key of the row included; a batch's row holds the digest of its
ids and hashes.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from struct import iter_unpack, pack
from typing import Any, Final, NamedTuple

from inflection_cli.model import BatchState


class EventState(NamedTuple):
    """The state of one event in one batch.

    Attributes:
        content_id: 16 bytes.
        content_hash: 8 bytes.
        state: The batch's state.
        doubtful_since: Unix seconds of the earliest intent whose outcome is unknown; None where there is no
            doubt.
        run_id: The run that recorded the batch; sorts by time.
    """

    content_id: bytes
    content_hash: bytes
    state: BatchState
    doubtful_since: float | None
    run_id: str


def is_fresh(doubtful_since: float, now: float, window_s: float) -> bool:
    """Return whether a doubt is recent enough to resend the same ids.

    A stamp in the future counts as old: a clock was wrong, so the doubt's age is unknown.

    Args:
        doubtful_since: Unix seconds at which the doubt began.
        now: Unix seconds.
        window_s: For how many seconds the destination is trusted to recognise an id; 0 for never.
    """
    return 0 <= now - doubtful_since < window_s


ID_BYTES: Final = 16
HASH_BYTES: Final = 8
DIGEST_BYTES: Final = 8
"""A person is two digests: of the personId, and of the userId that it is linked to, 0 for none."""

OPEN_BYTES: Final = ID_BYTES + 2 * DIGEST_BYTES
"""An event that a run left open: its content id, and the person as above."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RunStart:
    """Data of a run at its start; without secrets or personal data.

    Attributes:
        command: The subcommand, such as `backfill`.
        arguments: The options as given, by name, without secrets; JSON values.
        shaping: All settings that shape ids (time zone, mapping, own ids …); JSON values.
        inputs: For each input its fingerprint and what else identifies it; JSON values.
        endpoint: Where the events go; credentials and query are cut off before it is stored.
        version: The tool's version.
        label: The `--again` label under which ids were bound; empty without one.
    """

    command: str
    arguments: Mapping[str, Any]
    shaping: Mapping[str, Any]
    inputs: Sequence[Mapping[str, Any]]
    endpoint: str
    version: str
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run(RunStart):
    """A run as recorded in the ledger.

    Attributes:
        number: Its place among the runs of this ledger; batches refer to it.
        run_id: Its name, which sorts by time.
        started: Unix seconds.
        ended: Unix seconds; None while it works, and for ever when it was killed.
        summary: Its equations and other figures; None while it has not ended.
        exit_code: None while it has not ended.
    """

    number: int
    run_id: str
    started: float
    ended: float | None
    summary: Mapping[str, Any] | None
    exit_code: int | None


@dataclass(frozen=True, slots=True, eq=False)
class BatchRecord:
    """The record of one batch: state, attempts and times.

    Attributes:
        key: Its number, in the order of intents.
        state: What is known of it.
        events: For how many events this batch speaks: a halved batch passes its events on to its halves.
        attempts: How many times it was sent, or was about to be.
        statuses: The outcomes of its attempts: HTTP statuses, `-` for no answer, `user` for the user's word.
        intended: Unix seconds of the first intent.
        settled: Unix seconds of the latest outcome; None before the first.
        doubtful_since: Unix seconds of the earliest intent whose outcome is unknown; None without doubt.
    """

    key: int
    state: BatchState
    events: int
    attempts: int
    statuses: tuple[str, ...]
    intended: float
    settled: float | None
    doubtful_since: float | None


@dataclass(frozen=True, slots=True, eq=False)
class KnownBatch:
    """The packed events of one batch, and the batch's state.

    Attributes:
        run_number: The number of the run that recorded it.
        run_id: The name of that run.
        state: The batch's state.
        doubtful_since: Unix seconds of the earliest intent whose outcome is unknown; None without doubt.
        ids: The content ids, 16 bytes each.
        hashes: The content hashes, 8 bytes each, in the same order.
    """

    run_number: int
    run_id: str
    state: BatchState
    doubtful_since: float | None
    ids: bytes = field(repr=False)
    hashes: bytes = field(repr=False)

    def __len__(self) -> int:
        return len(self.ids) // ID_BYTES

    def __iter__(self) -> Iterator[EventState]:
        told = self.state, self.doubtful_since, self.run_id
        ids, hashes = iter_unpack(f"{ID_BYTES}s", self.ids), iter_unpack(f"{HASH_BYTES}s", self.hashes)
        for (content_id,), (content_hash,) in zip(ids, hashes, strict=True):
            yield EventState(content_id, content_hash, *told)


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


_LATEST_S: Final = 253_402_300_800.0  # the end of the year 9999, beyond which Python has no date
_STATUSES: Final = re.compile(r"(?:(?:-|user|\d{3})(?: (?:-|user|\d{3}))*)?", re.ASCII)


def check_batch(row: BatchRow) -> None:
    """Check that a batch's row could have been written.

    Raises:
        ValueError: It could not.
    """
    BatchState(row.state)
    _check(row.events >= 0 and row.attempts > 0, "a count")
    _check(_STATUSES.fullmatch(row.statuses) is not None, "an outcome")
    for seconds in (row.intended, row.settled, row.unknown_since, row.doubtful_since):
        _check_time(seconds)


def check_run(row: RunRow) -> None:
    """Check that a run's row could have been written.

    Raises:
        ValueError: It could not.
    """
    texts = (row.id, row.command, row.label, row.endpoint, row.version)
    _check(all(isinstance(text, str) for text in texts), "a text")
    _check_time(row.started)
    _check_time(row.ended)
    _check(row.exit_code is None or isinstance(row.exit_code, int), "an exit code")
    arguments, shaping, inputs = json.loads(row.arguments), json.loads(row.shaping), json.loads(row.inputs)
    _check(_is_arguments(arguments), "arguments")
    _check(_is_shaping(shaping), "shaping")
    _check(isinstance(inputs, list) and all(_is_input(each) for each in inputs), "an input")
    _check(row.summary is None or _is_report(json.loads(row.summary)), "a summary")


def _check(holds: bool, what: str) -> None:
    if not holds:
        raise ValueError(f"{what} that no version wrote")


def _check_time(seconds: object) -> None:
    if seconds is not None:
        _check(isinstance(seconds, float) and 0 <= seconds < _LATEST_S, "a time")


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, str | int | float)


def _is_table_of(value: Any, holds: Callable[[Any], bool]) -> bool:
    return isinstance(value, dict) and all(map(holds, value.values()))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float)


def _is_columns(value: Any) -> bool:
    return _is_table_of(value, lambda name: isinstance(name, str))


def _is_input(value: Any) -> bool:
    return _is_table_of(value, _is_plain) and _is_number(value.get("rows", 0))


def _is_arguments(value: Any) -> bool:
    if not isinstance(value, dict) or not isinstance(value.get("command", ""), str):
        return False
    plan = value.get("plan")
    return plan is None or _is_report(plan)


def _is_shaping(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    if not _is_table_of(value.get("columns", {}), _is_columns) or not _is_columns(value.get("encodings", {})):
        return False
    return all(_is_plain(held) for name, held in value.items() if name not in {"columns", "encodings"})


def _is_report(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    tables = (value.get(name) or {} for name in ("rows", "events", "by_event", "problem_counts"))
    if not all(_is_table_of(table, lambda n: n is None or _is_number(n)) for table in tables):
        return False
    estimate = value.get("estimate") or {}
    return isinstance(estimate, dict) and isinstance(value.get("rejects") or "", str)
