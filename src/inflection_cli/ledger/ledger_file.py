"""The ledger of one destination: its runs, batches and their events.

It appends. A batch is two rows: a small one with its state, the only one that an outcome changes, and one
that never changes with its ids and hashes packed. There is no row and no index per event.

Durability: a rollback journal that persists, with full synchronous. A commit ends with the journal's header
overwritten and synced, so what was committed outlives a power cut, and no directory entry has to be synced
for it (deleting the journal would need `synchronous=EXTRA` for the same promise, and takes several times as
long).
"""

import json
import os
import secrets
import sqlite3
import struct
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, cast
from urllib.parse import urlsplit, urlunsplit

from inflection_cli.errors import LedgerDamaged, LedgerError, UsageError
from inflection_cli.ledger.ledger_checks import (
    START_AGAIN,
    Checked,
    check_ledger,
    checked_row,
    damaged,
    making_sense,
    totals_of,
    translated,
)
from inflection_cli.ledger.ledger_records import (
    DIGEST_BYTES,
    ID_BYTES,
    OPEN_BYTES,
    SALT_BYTES,
    BatchRecord,
    BatchRow,
    KnownBatch,
    LedgerRow,
    PeopleRow,
    PeopleTotalsRow,
    Run,
    RunRow,
    RunStart,
    TotalsRow,
    columns,
    content_digest,
    row_checksum,
)
from inflection_cli.ledger.ledger_schema import (
    APPLICATION_ID,
    CHECKSUMS_SINCE,
    PEOPLE_SINCE,
    SCHEMA_VERSION,
    crc32_of,
    insert_row,
    is_whole,
    migrate,
)
from inflection_cli.ledger.lock import Lock
from inflection_cli.ledger.state_dir import (
    LEDGER_SUFFIX,
    check_private_file,
    ledger_folder,
    ledger_path,
    lock_path,
    make_private_folder,
    open_private,
    shut_out_others,
    sync_folder,
    vanished,
)
from inflection_cli.model import Batch, BatchState
from inflection_cli.settings.layering import with_value

_BUSY_TIMEOUT_S: Final = 60.0  # a reader's checks of a large ledger on a slow disk take seconds
_PAGE_OF_BATCHES: Final = 32
_PEOPLE_IN_A_ROW: Final = 4096
_OPEN: Final = bytes(2 * DIGEST_BYTES)
"""Begins a row of `people` that holds open events: no digest of a person is 0."""

_JOURNAL_LIMIT_BYTES: Final = 1 << 20
_RUN_COLUMNS: Final = columns(RunRow)
_BATCH_COLUMNS: Final = columns(BatchRow, "checksum")

_KNOWN_BATCHES: Final = """
    SELECT b.key, b.state, coalesce(b.doubtful_since, b.unknown_since), b.run, r.id,
        b.digest, c.ids, c.hashes, c.crc32
    FROM batches b LEFT JOIN runs r ON r.number = b.run LEFT JOIN contents c ON c.key = b.key
    WHERE b.key > :after AND NOT instr(:others, b.state || ';')
        AND (:run IS NULL OR r.id = :run) AND (:label IS NULL OR r.label = :label)
    ORDER BY b.key LIMIT :rows
"""

_WRITER_SETTINGS: Final[Mapping[str, tuple[str, object]]] = {
    "journal_mode": ("PERSIST", "persist"),
    "synchronous": ("FULL", 2),
    "fullfsync": ("ON", 1),  # macOS: fsync alone leaves the data in the drive's cache
    "locking_mode": ("NORMAL", "normal"),  # so that `runs` reads between two commits
    "secure_delete": ("ON", 1),  # what is forgotten is overwritten
    "temp_store": ("MEMORY", 2),
}
"""What a writing connection is set to, and what the setting must read back as."""


class LedgerReader:
    """Read access to a ledger; works while a run writes to it.

    Rows are fetched a page at a time, so that a reader never keeps a run from recording.

    Attributes:
        path: The file.
        namespace: The destination it is for.
        has_checksums: Whether damage is certain to be found; not so in a ledger of an earlier version.
    """

    def __init__(self, path: Path, db: sqlite3.Connection, checked: Checked) -> None:
        self.path = path
        self.namespace = checked.namespace
        self.has_checksums = checked.version >= CHECKSUMS_SINCE
        self._salt = checked.salt
        self._keeps_people = checked.version >= PEOPLE_SINCE
        self._db = db

    def close(self) -> None:
        """Close the ledger file."""
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def runs(self) -> tuple[Run, ...]:
        """Return the runs in the order in which they started.

        Raises:
            LedgerError: The ledger cannot be read.
        """
        rows = self._fetch(f"SELECT {_RUN_COLUMNS} FROM runs ORDER BY number")  # noqa: S608
        return tuple(self._run(row) for row in rows)

    def counts(self) -> dict[str, dict[BatchState, int]]:
        """Count the events by run id and batch state.

        Raises:
            LedgerError: The ledger cannot be read.
        """
        counted: dict[str, dict[BatchState, int]] = {}
        for run_id, state, events in self._fetch(
            "SELECT r.id, b.state, sum(b.events) FROM runs r JOIN batches b ON b.run = r.number"
            " WHERE b.events > 0 GROUP BY r.number, b.state"
        ):
            with making_sense(self.path):
                counted.setdefault(run_id, {})[BatchState(state)] = events
        return counted

    def batches(self, run_id: str) -> Iterator[BatchRecord]:
        """Yield a run's batches in the order they were first recorded.

        Raises:
            LedgerError: The ledger cannot be read.
        """
        for row in self._pages(
            "SELECT b.key, b.state, b.events, b.attempts, b.statuses, b.intended, b.settled,"
            " coalesce(b.doubtful_since, b.unknown_since) FROM batches b JOIN runs r ON r.number = b.run"
            " WHERE b.key > :after AND r.id = :run ORDER BY b.key LIMIT :rows",
            run=run_id,
        ):
            key, state, events, attempts, statuses, *times = row
            with making_sense(self.path):
                record = BatchRecord(
                    key, BatchState(state), events, attempts, tuple(statuses.split()), *times
                )
            yield record

    def known_batches(
        self,
        *,
        states: Collection[BatchState] = tuple(BatchState),
        run_id: str | None = None,
        label: str | None = None,
    ) -> Iterator[KnownBatch]:
        """Yield the packed events of batches in the order they were recorded.

        An event may be in several batches: it has the best of their states.

        Args:
            states: Only batches in one of these.
            run_id: Only this run's.
            label: Only those of runs under this `--again` label, the empty one included.

        Raises:
            LedgerDamaged: A batch's content is not what was written.
            LedgerError: The ledger cannot be read.
        """
        query = _KNOWN_BATCHES if self.has_checksums else _KNOWN_BATCHES.replace("b.digest", "NULL")
        for key, state, since, number, found_run, digest, ids, hashes, check in self._pages(
            query,
            others="".join(f"{state};" for state in BatchState if state not in states),
            run=run_id,
            label=None if label is None else _storable(label),
        ):
            if found_run is None or not self._is_whole(key, digest, (ids, hashes, check)):
                raise damaged(self.path, f"batch {key} is incomplete")
            with making_sense(self.path):
                known = KnownBatch(number, found_run, BatchState(state), since, ids, hashes)
            yield known

    @property
    def people_key(self) -> bytes:
        """The key of the digests of people; empty without one."""
        return self._salt or b""

    def people(self, before: int | None = None) -> Iterator[tuple[int, bytes]]:
        """Yield run numbers and packed digests of people.

        A person is the digest of the personId, then that of a userId or 0.

        Args:
            before: The number of the run whose forerunners are asked for; None for all runs.

        Raises:
            LedgerError: The ledger cannot be read.
        """
        for number, digests in self._people_rows(before):
            if not digests.startswith(_OPEN):
                yield number, digests

    def open_events(self) -> Iterator[tuple[int, list[bytes]]]:
        """Yield run numbers and the events that each left open.

        A run that has sent all it could is here, with or without events. Each is a content id, the digest of a person,
        and of the userId of a link or 0.

        Raises:
            LedgerError: The ledger cannot be read.
        """
        for number, packed in self._people_rows():
            if packed.startswith(_OPEN):
                places = range(len(_OPEN), len(packed), OPEN_BYTES)
                yield number, [packed[at : at + OPEN_BYTES] for at in places]

    def _people_rows(self, before: int | None = None) -> Iterator[tuple[int, bytes]]:
        if not self._keeps_people:
            return
        query = (
            "SELECT key, run, digests FROM people WHERE key > :after AND (:before IS NULL OR run < :before) "
            "ORDER BY key LIMIT :rows"
        )
        for _, number, digests in self._pages(query, before=before):
            yield number, digests

    def has_runs_without_people(self) -> bool:
        """Return whether a run sent something and kept no people.

        Raises:
            LedgerError: The ledger cannot be read.
        """
        kept = " WHERE run NOT IN (SELECT run FROM people)" if self._keeps_people else ""
        return bool(self._fetch(f"SELECT 1 FROM batches{kept} LIMIT 1"))  # noqa: S608 - our own words

    def _is_whole(self, key: int, digest: object, content: tuple[object, object, object]) -> bool:
        """Return whether a batch's content matches its digest or CRC-32."""
        ids, hashes, crc32 = content
        if self._salt is None:
            return is_whole(ids, hashes, crc32)
        if not isinstance(ids, bytes) or not isinstance(hashes, bytes):
            return False
        return content_digest(self._salt, key, ids, hashes) == digest

    def _run(self, row: tuple[Any, ...]) -> Run:
        number, run_id, started, ended, command, arguments, shaping, inputs, *rest = row
        label, endpoint, version, summary, exit_code = rest
        with making_sense(self.path):
            return Run(
                number=number,
                run_id=run_id,
                started=started,
                ended=ended,
                command=command,
                arguments=json.loads(arguments),
                shaping=json.loads(shaping),
                inputs=json.loads(inputs),
                label=label,
                endpoint=endpoint,
                version=version,
                summary=None if summary is None else json.loads(summary),
                exit_code=exit_code,
            )

    def _fetch(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with translated(self.path):
            return self._db.execute(query, values).fetchall()

    def _pages(self, query: str, **values: object) -> Iterator[tuple[Any, ...]]:
        """Run a query in pages by key; hold no lock between pages."""
        after = -1
        while True:
            with translated(self.path):
                rows = self._db.execute(
                    query, {**values, "after": after, "rows": _PAGE_OF_BATCHES}
                ).fetchall()
            yield from rows
            if len(rows) < _PAGE_OF_BATCHES:
                return
            after = rows[-1][0]


class Ledger(LedgerReader):
    """A ledger opened for writing by the process that holds its lock.

    Attributes:
        recovered: How many events were in flight when the last run ended, and are now unconfirmed.
        was_migrated: Whether an earlier version wrote it, and it has got its checksums and counts now.
    """

    def __init__(
        self, path: Path, db: sqlite3.Connection, checked: Checked, lock: Lock, *, was_migrated: bool
    ) -> None:
        super().__init__(path, db, checked)
        self.was_migrated = was_migrated
        self._lock = lock
        self._inode = _inode(path)
        self.recovered = self._recover()

    def start_run(self, start: RunStart, *, now: float, run_id: str | None = None) -> str:
        """Record the start of a run and return its id.

        Args:
            start: What is known of it.
            now: Unix seconds.
            run_id: A name made by `new_run_id`; another one is made where it is taken or left out.

        Raises:
            LedgerError: It cannot be recorded.
        """
        with self.writing() as db:
            run_id = run_id or new_run_id(now)
            while db.execute("SELECT 1 FROM runs WHERE id = ?", (run_id,)).fetchone():
                run_id = new_run_id(now)
            (number,) = db.execute("SELECT coalesce(max(number), 0) + 1 FROM runs").fetchone()
            row = RunRow(
                number=number,
                id=run_id,
                started=float(now),
                ended=None,
                command=_storable(start.command),
                arguments=json.dumps(start.arguments),
                shaping=json.dumps(start.shaping),
                inputs=json.dumps(start.inputs),
                label=_storable(start.label),
                endpoint=_without_credentials(start.endpoint),
                version=start.version,
                summary=None,
                exit_code=None,
            )
            insert_row(db, self.salt, row)
            self.count_rows(db, runs=1)
        return run_id

    def record_people(self, run_id: str, records: Iterable[bytes]) -> None:
        """Record people of a run, before anything of theirs is sent.

        Args:
            run_id: The run.
            records: What `people` yields, for one person each; none at all says that the run has none.

        Raises:
            UsageError: There is no such run.
            LedgerError: It cannot be recorded, and so nothing must be sent.
        """
        self._add_people(run_id, records)

    def record_open(self, run_id: str, events: Iterable[bytes] = ()) -> None:
        """Record the end of a run's sending, and its open events.

        Args:
            run_id: The run.
            events: What `open_events` yields, one each.

        Raises:
            UsageError: There is no such run.
            LedgerError: It cannot be recorded.
        """
        self._add_people(run_id, events, _OPEN)

    def _add_people(self, run_id: str, records: Iterable[bytes], mark: bytes = b"") -> None:
        """Add rows of `people`, at least one; each begins with the mark."""
        number = self._number(run_id)
        left, rows = iter(records), 0
        with self.writing() as db:
            (key,) = db.execute("SELECT coalesce(max(key), 0) FROM people").fetchone()
            while (digests := b"".join(islice(left, _PEOPLE_IN_A_ROW))) or not rows:
                rows += 1
                insert_row(db, self.salt, PeopleRow(key + rows, number, mark + digests))
            self._count_people(db, rows)

    def journal(self, run_id: str) -> "RunJournal":
        """Return the journal in which a run records its batches.

        Raises:
            UsageError: There is no such run.
            LedgerError: The ledger cannot be read.
        """
        return RunJournal(self, self._number(run_id))

    def finish_run(self, run_id: str, *, summary: Mapping[str, Any], exit_code: int, now: float) -> None:
        """Record the end of a run.

        Args:
            run_id: The run.
            summary: Its equations and other figures; JSON values, nothing secret or personal.
            exit_code: What the process returns.
            now: Unix seconds.

        Raises:
            UsageError: There is no such run.
            LedgerError: It cannot be recorded.
        """
        number = self._number(run_id)
        with self.writing() as db:
            query = f"SELECT {_RUN_COLUMNS}, checksum FROM runs WHERE number = ?"  # noqa: S608
            *values, checksum = db.execute(query, (number,)).fetchone()
            row = RunRow(*values)
            checked_row(self.path, self.salt, row, checksum)
            row = row._replace(ended=float(now), summary=json.dumps(summary), exit_code=exit_code)
            db.execute(
                "UPDATE runs SET ended = ?, summary = ?, exit_code = ?, checksum = ? WHERE number = ?",
                (row.ended, row.summary, row.exit_code, row_checksum(self.salt, row), number),
            )

    def settle_run(self, run_id: str, state: BatchState, *, now: float) -> int:
        """Record the user's decision for a run's in-doubt events; return their number.

        Args:
            run_id: The run.
            state: ACCEPTED or PENDING; nothing stays doubtful.
            now: Unix seconds.

        Raises:
            UsageError: There is no such run.
            LedgerError: It cannot be recorded.
        """
        if state not in {BatchState.ACCEPTED, BatchState.PENDING}:
            raise ValueError(f"unconfirmed events cannot be resolved as {state}")
        number = self._number(run_id)
        events = 0
        with self.writing() as db:
            for row in self.batch_rows(db, "run = ? AND state = 'in_doubt'", number):
                events += row.events
                statuses = f"{row.statuses} user".lstrip()
                self.write_batch(
                    db,
                    row._replace(
                        state=state.value, settled=float(now), doubtful_since=None, statuses=statuses
                    ),
                )
        if state is BatchState.ACCEPTED:
            # The user knows what became of a run that broke off: nobody has to wait for it any more.
            self.record_open(run_id)
        return events

    def forget(self, run_id: str) -> None:
        """Delete a run; events recorded only there count as never sent.

        Raises:
            UsageError: There is no such run.
            LedgerError: It cannot be recorded.
        """
        self._erase(self._number(run_id))

    def forget_all(self) -> None:
        """Delete all runs and batches.

        Raises:
            LedgerError: It cannot be recorded.
        """
        self._erase(None)

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Open a transaction; it commits durably at the end or rolls back.

        Raises:
            LedgerDamaged: The ledger or its lock was deleted or replaced, or the disk takes no more.
            LedgerError: It cannot be written otherwise.
        """
        with translated(self.path):
            self._check_in_place()
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    self._db.rollback()
                raise

    @property
    def salt(self) -> bytes:
        """The key of the checksums; every written ledger has one."""
        assert self._salt is not None
        return self._salt

    def batch_rows(self, db: sqlite3.Connection, where: str, *values: object) -> list[BatchRow]:
        """Fetch batches to change, each checked against its checksum.

        Raises:
            LedgerDamaged: One is not as it was written.
        """
        found = []
        query = f"SELECT {_BATCH_COLUMNS} FROM batches WHERE {where} ORDER BY key"  # noqa: S608 - no word of a user's
        for *columns_of, checksum in db.execute(query, values).fetchall():
            row = BatchRow(*columns_of)
            checked_row(self.path, self.salt, row, checksum)
            found.append(row)
        return found

    def write_batch(self, db: sqlite3.Connection, row: BatchRow) -> None:
        """Write what may change of a batch, and its checksum: one row."""
        db.execute(
            "UPDATE batches SET state = ?, events = ?, attempts = ?, statuses = ?, settled = ?, unknown_since = ?,"
            " doubtful_since = ?, checksum = ? WHERE key = ?",
            (
                row.state,
                row.events,
                row.attempts,
                row.statuses,
                row.settled,
                row.unknown_since,
                row.doubtful_since,
                row_checksum(self.salt, row),
                row.key,
            ),
        )

    def count_rows(self, db: sqlite3.Connection, *, runs: int = 0, batches: int = 0) -> None:
        """Change the recorded counts, in the transaction that changes the rows.

        Raises:
            LedgerDamaged: They are not as they were written.
        """
        before = totals_of(self.path, db, self.salt, TotalsRow)
        totals = TotalsRow(before.runs + runs, before.batches + batches)
        db.execute(
            "UPDATE totals SET runs = ?, batches = ?, checksum = ?",
            (*totals, row_checksum(self.salt, totals)),
        )

    def _count_people(self, db: sqlite3.Connection, rows: int) -> None:
        """Change the recorded number of rows of `people`; see `count_rows`."""
        totals = PeopleTotalsRow(totals_of(self.path, db, self.salt, PeopleTotalsRow).people + rows)
        db.execute(
            "UPDATE people_totals SET people = ?, checksum = ?", (*totals, row_checksum(self.salt, totals))
        )

    def _recover(self) -> int:
        """Mark in-flight batches as unconfirmed and return their event count."""
        events = 0
        with self.writing() as db:
            for row in self.batch_rows(db, "state = 'in_flight'"):
                events += row.events
                since = row.unknown_since if row.doubtful_since is None else row.doubtful_since
                self.write_batch(db, row._replace(state="in_doubt", unknown_since=None, doubtful_since=since))
        return events

    def _check_in_place(self) -> None:
        """Raise an error if the ledger file was deleted, moved or replaced."""
        self._lock.check()
        if _inode(self.path) != self._inode:
            raise vanished(self.path)

    def _number(self, run_id: str) -> int:
        rows = self._fetch("SELECT number FROM runs WHERE id = ?", run_id)
        if not rows:
            raise UsageError(f"there is no run {run_id} in {self.path}", hint="infl-seg runs list")
        return cast(int, rows[0][0])

    def _erase(self, number: int | None) -> None:
        """Delete one run, or all runs if `number` is None."""
        with self.writing() as db:
            people, _, batches, runs = (
                db.execute(query, (number,)).rowcount
                for query in (
                    "DELETE FROM people WHERE run = ?1 OR ?1 IS NULL",
                    "DELETE FROM contents WHERE key IN (SELECT key FROM batches WHERE run = ?1 OR ?1 IS NULL)",
                    "DELETE FROM batches WHERE run = ?1 OR ?1 IS NULL",
                    "DELETE FROM runs WHERE number = ?1 OR ?1 IS NULL",
                )
            )
            self.count_rows(db, runs=-runs, batches=-batches)
            self._count_people(db, -people)
        with translated(self.path):
            # The journal that persists still holds the pages as they were.
            self._db.execute("PRAGMA journal_mode = DELETE")
            _apply_settings(self.path, self._db)


class RunJournal:
    """Journal of a run's batches: intent before sending, outcome after the answer.

    What is told here is durable when the call returns. Doubt is kept: a batch with a doubt of its own or
    inherited is unconfirmed until it is accepted, whatever else becomes of it. A halved batch speaks for its
    events until the intents of its halves have taken them over, one transaction each, so that no kill in
    between makes an event or its doubt disappear.
    """

    def __init__(self, ledger: Ledger, run_number: int) -> None:
        self._ledger = ledger
        self._run = run_number
        self._heirs: dict[bytes, int] = {}  # of a halved batch: the ids whose halves are not yet recorded

    def intend(self, batch: Batch, *, now: float, doubtful_since: float | None = None) -> int:
        """Record that a batch is about to be sent; return its key.

        Args:
            batch: What will be sent.
            now: Unix seconds.
            doubtful_since: The doubt that its events bring along, in unix seconds.

        Raises:
            LedgerError: It cannot be recorded, and so must not be sent.
        """
        ids = b"".join(batch.content_ids)
        hashes = struct.pack(f">{len(batch)}Q", *batch.content_hashes)
        if len(ids) != len(batch) * ID_BYTES:
            raise ValueError("a content id has 16 bytes")
        ledger = self._ledger
        with ledger.writing() as db:
            (key,) = db.execute("SELECT coalesce(max(key), 0) + 1 FROM batches").fetchone()
            row = BatchRow(
                key=key,
                run=self._run,
                state=BatchState.IN_FLIGHT.value,
                events=len(batch),
                attempts=1,
                statuses="",
                intended=float(now),
                settled=None,
                unknown_since=float(now),
                doubtful_since=None if doubtful_since is None else float(doubtful_since),
                digest=content_digest(ledger.salt, key, ids, hashes),
            )
            insert_row(db, ledger.salt, row)
            db.execute("INSERT INTO contents VALUES (?, ?, ?, ?)", (key, ids, hashes, crc32_of(ids, hashes)))
            ledger.count_rows(db, batches=1)
            self._take_over(db, batch)
        return cast(int, key)

    def retrying(self, key: int, *, now: float) -> None:
        """Record that a batch is about to be sent again.

        Args:
            key: What `intend` returned.
            now: Unix seconds.

        Raises:
            LedgerError: It cannot be recorded, and so must not be sent.
        """
        now = float(now)
        self._change(
            key,
            lambda row: row._replace(
                state=BatchState.IN_FLIGHT.value,
                attempts=row.attempts + 1,
                unknown_since=now if row.unknown_since is None else row.unknown_since,
            ),
        )

    def settle(self, key: int, state: BatchState, *, status: int | None, now: float) -> None:
        """Record the outcome of an attempt.

        Args:
            key: What `intend` returned.
            state: ACCEPTED, REFUSED, SPLIT, PENDING or IN_DOUBT.
            status: The HTTP status; None where no answer came.
            now: Unix seconds.

        Raises:
            LedgerError: It cannot be recorded.
        """
        if state is BatchState.IN_FLIGHT:
            raise ValueError("in flight is not an outcome")
        answer = "-" if status is None else str(status)
        self._change(key, lambda row: _settled(row, state, answer, float(now)))
        if state is BatchState.SPLIT:
            self._heirs.update(dict.fromkeys(self._ids_of(key), key))

    def _change(self, key: int, change: Callable[[BatchRow], BatchRow]) -> None:
        ledger = self._ledger
        with ledger.writing() as db:
            rows = ledger.batch_rows(db, "key = ? AND run = ? AND state != 'accepted'", key, self._run)
            if len(rows) != 1:
                raise LedgerDamaged(f"{ledger.path} has no open batch {key}", hint=START_AGAIN)
            ledger.write_batch(db, change(rows[0]))

    def _ids_of(self, key: int) -> list[bytes]:
        with self._ledger.writing() as db, making_sense(self._ledger.path):
            (ids,) = db.execute("SELECT ids FROM contents WHERE key = ?", (key,)).fetchone()
        return [ids[i : i + ID_BYTES] for i in range(0, len(ids), ID_BYTES)]

    def _take_over(self, db: sqlite3.Connection, batch: Batch) -> None:
        """Move the events of a split batch to one of its halves."""
        if not self._heirs:
            return
        wholes = Counter(self._heirs.pop(content_id, 0) for content_id in batch.content_ids)
        for key, events in wholes.items():
            for row in self._ledger.batch_rows(db, "key = ?", key):
                left = row._replace(events=row.events - events)
                if not left.events:
                    left = left._replace(state=BatchState.SPLIT.value, doubtful_since=None)
                self._ledger.write_batch(db, left)


def _settled(row: BatchRow, state: BatchState, answer: str, now: float) -> BatchRow:
    """Return a batch's row with the outcome of an attempt."""
    if state is BatchState.SPLIT:  # until its halves are recorded the whole batch speaks for its events
        state = BatchState.PENDING
    doubtful_since = row.doubtful_since
    if state is BatchState.ACCEPTED:
        doubtful_since = None
    elif doubtful_since is not None:
        state = BatchState.IN_DOUBT
    elif state is BatchState.IN_DOUBT:
        doubtful_since = now if row.unknown_since is None else row.unknown_since
    return row._replace(
        state=state.value,
        doubtful_since=doubtful_since,
        unknown_since=None,
        settled=now,
        statuses=f"{row.statuses} {answer}".lstrip(),
    )


def new_run_id(now: float) -> str:
    """Return a new run id that sorts by time: `20240301-093000-ab12` (UTC)."""
    return f"{datetime.fromtimestamp(now, UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


def open_ledger(state_dir: Path, namespace: str, lock: Lock, *, now: float) -> Ledger:
    """Open a destination's ledger for writing; create it if missing.

    What a killed run left in flight is unconfirmed from here on.

    Args:
        state_dir: The folder of what is remembered.
        namespace: The destination.
        lock: The lock at `lock_path(state_dir, namespace)`, held.
        now: Unix seconds.

    Raises:
        LedgerDamaged: It is damaged, no ledger, or cannot be written.
        LedgerLocked: Another program keeps it locked.
        LedgerError: It is of another destination, of a newer version, a symlink, or another user's.
    """
    if lock.path != lock_path(state_dir, namespace):
        raise ValueError(f"{lock.path} is the lock of another ledger")
    lock.check()
    path = ledger_path(state_dir, namespace)
    make_private_folder(path.parent)
    with translated(path):
        if not os.path.lexists(path):
            _create(path, namespace, now)
        shut_out_others(path, check_private_file(path))
        with _connected(path, "rw") as db:
            checked = _checked(path, db, namespace)
            _apply_settings(path, db)
            _check_writable(db)
            earlier = checked.version < SCHEMA_VERSION
            if earlier:
                with making_sense(path):
                    migrate(db)
                checked = _checked(path, db, namespace)
            return Ledger(path, db, checked, lock, was_migrated=earlier)


def read_ledger(path: Path) -> LedgerReader:
    """Open a ledger read-only, even while a run writes to it.

    It is checked as a whole at this moment; what its batches hold is checked when it is read. A ledger of an
    earlier version stays as it is: only its shape can be checked.

    Raises:
        LedgerDamaged: It is missing, damaged, or no ledger.
        LedgerError: It is of a newer version, a symlink, or another user's.
    """
    with translated(path):
        check_private_file(path)
        with _connected(path, "ro") as db:
            return LedgerReader(path, db, _checked(path, db, None))


def ledger_files(state_dir: Path) -> tuple[Path, ...]:
    """List the files of all ledgers in the state directory.

    Raises:
        LedgerError: The folder cannot be read.
    """
    folder = ledger_folder(state_dir)
    with translated(folder):
        return tuple(sorted(folder.glob(f"*{LEDGER_SUFFIX}")) if folder.is_dir() else ())


def _create(path: Path, namespace: str, now: float) -> None:
    """Create an empty ledger under a temporary name, then rename it."""
    fresh = path.with_suffix(".new")
    for leftover in (fresh, _journal_of(fresh), _journal_of(path)):
        # The journal of a ledger that was deleted would be played back into the new one.
        leftover.unlink(missing_ok=True)
    os.close(open_private(fresh, exclusive=True))
    with closing(_connect(fresh, "rw")) as db:
        db.execute("PRAGMA synchronous = FULL")
        db.execute("PRAGMA fullfsync = ON")
        migrate(db)
        salt = secrets.token_bytes(SALT_BYTES)
        insert_row(db, salt, LedgerRow(_storable(namespace), float(now), salt))
        insert_row(db, salt, TotalsRow(runs=0, batches=0))
        insert_row(db, salt, PeopleTotalsRow(0))
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    fresh.rename(path)
    sync_folder(path.parent)


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    db = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}", uri=True, timeout=_BUSY_TIMEOUT_S, isolation_level=None
    )
    db.execute("PRAGMA cell_size_check = ON")
    db.execute("PRAGMA trusted_schema = OFF")
    return db


@contextmanager
def _connected(path: Path, mode: str) -> Iterator[sqlite3.Connection]:
    """Connect to the database; close the connection only if the block fails."""
    db = _connect(path, mode)
    try:
        yield db
    except BaseException:
        db.close()
        raise


def _checked(path: Path, db: sqlite3.Connection, namespace: str | None) -> Checked:
    """Check a whole ledger, and its destination if a namespace is passed."""
    _roll_back_if_needed(path, db)
    checked = check_ledger(path, db)
    if namespace is not None and checked.namespace != _storable(namespace):
        raise LedgerError(
            f"{path} is the ledger of another destination ({checked.namespace}, not {namespace})",
            hint="ledgers must not be renamed or copied over each other; to go on with its ids, "
            + with_value("--namespace", checked.namespace),
        )
    return checked


def _apply_settings(path: Path, db: sqlite3.Connection) -> None:
    """Set the connection's durable-write settings and check each of them."""
    db.execute(f"PRAGMA journal_size_limit = {_JOURNAL_LIMIT_BYTES}")
    for name, (value, expected) in _WRITER_SETTINGS.items():
        db.execute(f"PRAGMA {name} = {value}")
        found = _pragma(db, name)
        if found != expected:
            raise LedgerError(f"SQLite keeps {name} at {found} for {path}, where {expected} is needed")


def _check_writable(db: sqlite3.Connection) -> None:
    """Check that the file is writable, which `BEGIN IMMEDIATE` does not check."""
    db.execute("DELETE FROM batches WHERE 0")


def _roll_back_if_needed(path: Path, db: sqlite3.Connection) -> None:
    """Roll back a killed run's unfinished transaction with a writing connection.

    SQLite locks the file for it, so a run at work is not disturbed.
    """
    try:
        _pragma(db, "user_version")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_READONLY_ROLLBACK:
            raise
        with closing(_connect(path, "rw")) as writer:
            _pragma(writer, "user_version")


def _pragma(db: sqlite3.Connection, name: str) -> Any:
    return db.execute(f"PRAGMA {name}").fetchone()[0]


def _inode(path: Path) -> tuple[int, int]:
    found = path.lstat()
    return found.st_dev, found.st_ino


def _journal_of(path: Path) -> Path:
    return path.with_name(path.name + "-journal")


def _storable(text: str) -> str:
    """Return text as valid UTF-8; undecodable bytes become backslash escapes."""
    return text.encode("utf-8", "backslashreplace").decode()


def _without_credentials(endpoint: str) -> str:
    parts = urlsplit(endpoint)
    return _storable(urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", "")))
