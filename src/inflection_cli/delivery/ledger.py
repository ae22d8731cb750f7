"""The ledger of one destination: which runs there were, and which events each batch of theirs held.

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
import zlib
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, cast
from urllib.parse import urlsplit, urlunsplit

from inflection_cli.delivery.known import Known
from inflection_cli.delivery.lock import Lock
from inflection_cli.delivery.records import (
    HASH_BYTES,
    ID_BYTES,
    BatchRecord,
    KnownBatch,
    LedgerFile,
    Run,
    RunStart,
)
from inflection_cli.delivery.state_dir import (
    LEDGER_SUFFIX,
    check_private_file,
    file_trouble,
    ledger_folder,
    ledger_path,
    lock_path,
    make_private_folder,
    open_private,
    shut_out_others,
    sync_folder,
    vanished,
)
from inflection_cli.errors import LedgerDamaged, LedgerError, LedgerLocked, UsageError
from inflection_cli.model import Batch, BatchState

APPLICATION_ID: Final = 0x49534C67  # "ISLg", in the header of the file: https://sqlite.org/fileformat2.html

_BUSY_TIMEOUT_S: Final = 10.0
_PAGE_OF_BATCHES: Final = 32
_JOURNAL_LIMIT_BYTES: Final = 1 << 20
_STATES = ", ".join(f"'{state}'" for state in BatchState)

_MIGRATIONS: Final[tuple[tuple[str, ...], ...]] = (
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
)
"""The schema's versions: entry i brings a ledger from version i to i + 1. Entries are never edited."""

SCHEMA_VERSION: Final = len(_MIGRATIONS)

_WRITER_SETTINGS: Final[Mapping[str, tuple[str, object]]] = {
    "journal_mode": ("PERSIST", "persist"),
    "synchronous": ("FULL", 2),
    "fullfsync": ("ON", 1),  # macOS: fsync alone leaves the data in the drive's cache
    "locking_mode": ("NORMAL", "normal"),  # so that `runs` reads between two commits
    "secure_delete": ("ON", 1),  # what is forgotten is overwritten
    "temp_store": ("MEMORY", 2),
}
"""What a writing connection is set to, and what the setting must read back as."""

_START_AGAIN = (
    "restore it from a backup, or move it away: then nothing is known as sent, and Segment recognises by id "
    "only what it got within about a day, so cut the input to what is missing with --since"
)
_TROUBLES: Final[Mapping[int, tuple[type[LedgerError], str, str]]] = {
    sqlite3.SQLITE_FULL: (
        LedgerDamaged,
        "cannot grow, the disk is full",
        "nothing was sent that is not recorded; make room and run the same command again",
    ),
    sqlite3.SQLITE_IOERR: (
        LedgerDamaged,
        "cannot be read or written, the disk reports an error",
        "check free space, quota and the health of the disk, then run the same command again",
    ),
    sqlite3.SQLITE_READONLY: (
        LedgerDamaged,
        "cannot be written",
        "give this user the right to write the file and its folder, or name another with --state-dir DIR",
    ),
    sqlite3.SQLITE_PERM: (LedgerDamaged, "may not be opened", "check the rights of the file and its folder"),
    sqlite3.SQLITE_CANTOPEN: (
        LedgerDamaged,
        "or its journal cannot be opened",
        "check the rights of both, that neither is a symlink, and that they were not moved",
    ),
    sqlite3.SQLITE_NOTADB: (LedgerDamaged, "is no ledger: its content is something else", _START_AGAIN),
    sqlite3.SQLITE_CORRUPT: (LedgerDamaged, "is damaged", _START_AGAIN),
    sqlite3.SQLITE_BUSY: (
        LedgerLocked,
        "is kept locked by another program",
        "close what has the file open (a database browser, a backup), then run the same command again",
    ),
}


class LedgerReader:
    """A ledger to look into; works while a run writes, and where nothing can be written.

    Rows are fetched a page at a time, so that a reader never keeps a run from recording.

    Attributes:
        path: The file.
        namespace: The destination it is for.
    """

    def __init__(self, path: Path, db: sqlite3.Connection, namespace: str) -> None:
        self.path = path
        self.namespace = namespace
        self._db = db

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def runs(self) -> tuple[Run, ...]:
        """List the runs in the order in which they began.

        Raises:
            LedgerError: The ledger cannot be read.
        """
        return tuple(self._run(row) for row in self._fetch("SELECT * FROM runs ORDER BY number"))

    def run(self, run_id: str) -> Run | None:
        """Look up one run; None where the ledger has none of that name.

        Raises:
            LedgerError: The ledger cannot be read.
        """
        rows = self._fetch("SELECT * FROM runs WHERE id = ?", run_id)
        return self._run(rows[0]) if rows else None

    def counts(self) -> dict[str, dict[BatchState, int]]:
        """Count the events by run and by the state that the run left them in; no entry where none.

        Raises:
            LedgerError: The ledger cannot be read.
        """
        counted: dict[str, dict[BatchState, int]] = {}
        for run_id, state, events in self._fetch(
            "SELECT r.id, b.state, sum(b.events) FROM runs r JOIN batches b ON b.run = r.number"
            " WHERE b.events > 0 GROUP BY r.number, b.state"
        ):
            with _parsing(self.path):
                counted.setdefault(run_id, {})[BatchState(state)] = events
        return counted

    def batches(self, run_id: str) -> Iterator[BatchRecord]:
        """Go through a run's batches in the order of their intents, in flat memory.

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
            with _parsing(self.path):
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
        """Go through the packed events, batch by batch in the order of intents, in flat memory.

        An event may be in several batches: it has the best of their states (`known.best`).

        Args:
            states: Only batches in one of these.
            run_id: Only this run's.
            label: Only those of runs under this `--again` label, the empty one included.

        Raises:
            LedgerDamaged: A batch's content is not what was written.
            LedgerError: The ledger cannot be read.
        """
        for key, state, since, number, found_run, ids, hashes, check in self._pages(
            "SELECT b.key, b.state, coalesce(b.doubtful_since, b.unknown_since), b.run, r.id,"
            " c.ids, c.hashes, c.crc32 FROM batches b"
            " LEFT JOIN runs r ON r.number = b.run LEFT JOIN contents c ON c.key = b.key"
            " WHERE b.key > :after AND NOT instr(:others, b.state || ';')"
            " AND (:run IS NULL OR r.id = :run) AND (:label IS NULL OR r.label = :label)"
            " ORDER BY b.key LIMIT :rows",
            others="".join(f"{state};" for state in BatchState if state not in states),
            run=run_id,
            label=None if label is None else _storable(label),
        ):
            if found_run is None or not _is_whole(ids, hashes, check):
                raise LedgerDamaged(f"{self.path} is damaged: batch {key} is incomplete", hint=_START_AGAIN)
            with _parsing(self.path):
                known = KnownBatch(number, found_run, BatchState(state), since, ids, hashes)
            yield known

    def known(
        self,
        *,
        states: Collection[BatchState] = tuple(BatchState),
        run_id: str | None = None,
        label: str | None = None,
    ) -> Iterator[Known]:
        """Go through the events one by one; otherwise as `known_batches`."""
        for batch in self.known_batches(states=states, run_id=run_id, label=label):
            yield from batch

    def _run(self, row: tuple[Any, ...]) -> Run:
        number, run_id, started, ended, command, arguments, shaping, inputs, *rest = row
        label, endpoint, version, summary, exit_code = rest
        with _parsing(self.path):
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
        with _translated(self.path):
            return self._db.execute(query, values).fetchall()

    def _pages(self, query: str, **values: object) -> Iterator[tuple[Any, ...]]:
        """Run a query page by page, by the key in its first column; no lock is held between pages."""
        after = -1
        while True:
            with _translated(self.path):
                rows = self._db.execute(
                    query, {**values, "after": after, "rows": _PAGE_OF_BATCHES}
                ).fetchall()
            yield from rows
            if len(rows) < _PAGE_OF_BATCHES:
                return
            after = rows[-1][0]


class Ledger(LedgerReader):
    """A ledger to write, by the one process that holds its lock.

    Attributes:
        recovered: How many events were in flight when the last run ended, and are now in doubt.
    """

    def __init__(
        self, path: Path, db: sqlite3.Connection, namespace: str, lock: Lock, recovered: int
    ) -> None:
        super().__init__(path, db, namespace)
        self.recovered = recovered
        self._lock = lock
        self._inode = _inode(path)

    def start_run(self, start: RunStart, *, now: float, run_id: str | None = None) -> str:
        """Record that a run begins, and name it.

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
            db.execute(
                "INSERT INTO runs"
                " (id, started, command, arguments, shaping, inputs, label, endpoint, version)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    run_id,
                    now,
                    _storable(start.command),
                    json.dumps(start.arguments),
                    json.dumps(start.shaping),
                    json.dumps(start.inputs),
                    _storable(start.label),
                    _without_credentials(start.endpoint),
                    start.version,
                ),
            )
        return run_id

    def journal(self, run_id: str) -> "RunJournal":
        """Give a run the place to record its batches in.

        Raises:
            UsageError: There is no such run.
            LedgerError: The ledger cannot be read.
        """
        return RunJournal(self, self._number(run_id))

    def finish_run(self, run_id: str, *, summary: Mapping[str, Any], exit_code: int, now: float) -> None:
        """Record how a run ended.

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
            db.execute(
                "UPDATE runs SET ended = ?, summary = ?, exit_code = ? WHERE number = ?",
                (now, json.dumps(summary), exit_code, number),
            )

    def settle_run(self, run_id: str, state: BatchState, *, now: float) -> int:
        """Settle what a run left in doubt by the user's word, and count the events concerned.

        Args:
            run_id: The run.
            state: ACCEPTED or PENDING; nothing stays doubtful.
            now: Unix seconds.

        Raises:
            UsageError: There is no such run.
            LedgerError: It cannot be recorded.
        """
        if state not in {BatchState.ACCEPTED, BatchState.PENDING}:
            raise ValueError(f"a doubt cannot be settled as {state}")
        number = self._number(run_id)
        with self.writing() as db:
            total = db.execute(
                "SELECT coalesce(sum(events), 0) FROM batches WHERE run = ? AND state = 'in_doubt'", (number,)
            )
            events = cast(int, total.fetchone()[0])
            db.execute(
                "UPDATE batches SET state = ?, settled = ?, doubtful_since = NULL,"
                " statuses = ltrim(statuses || ' user') WHERE run = ? AND state = 'in_doubt'",
                (state, now, number),
            )
        return events

    def forget(self, run_id: str) -> None:
        """Erase a run and its batches: what only it knew counts as never sent.

        Raises:
            UsageError: There is no such run.
            LedgerError: It cannot be recorded.
        """
        self._erase(self._number(run_id))

    def forget_all(self) -> None:
        """Erase all runs and batches.

        Raises:
            LedgerError: It cannot be recorded.
        """
        self._erase(None)

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Open a transaction that is durable when the block has ended, or never was.

        Raises:
            LedgerDamaged: The ledger or its lock was deleted or replaced, or the disk takes no more.
            LedgerError: It cannot be written otherwise.
        """
        with _translated(self.path):
            self._check_in_place()
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    self._db.rollback()
                raise

    def _check_in_place(self) -> None:
        """Refuse to write into a file that has no name any more: the next run would not find it."""
        self._lock.check()
        if _inode(self.path) != self._inode:
            raise vanished(self.path)

    def _number(self, run_id: str) -> int:
        rows = self._fetch("SELECT number FROM runs WHERE id = ?", run_id)
        if not rows:
            raise UsageError(f"there is no run {run_id} in {self.path}", hint="infl-seg runs list")
        return cast(int, rows[0][0])

    def _erase(self, number: int | None) -> None:
        """Erase one run, or all without a number."""
        with self.writing() as db:
            for query in (
                "DELETE FROM contents WHERE key IN (SELECT key FROM batches WHERE run = ?1 OR ?1 IS NULL)",
                "DELETE FROM batches WHERE run = ?1 OR ?1 IS NULL",
                "DELETE FROM runs WHERE number = ?1 OR ?1 IS NULL",
            ):
                db.execute(query, (number,))
        with _translated(self.path):
            # The journal that persists still holds the pages as they were.
            self._db.execute("PRAGMA journal_mode = DELETE")
            _apply_settings(self.path, self._db)


class RunJournal:
    """Where a run records its batches: the intent before a byte leaves, the outcome after the answer.

    What is told here is durable when the call returns. Doubt is kept: a batch with a doubt of its own or
    inherited is in doubt until it is accepted, whatever else becomes of it. A halved batch speaks for its
    events until the intents of its halves have taken them over, one transaction each, so that no kill in
    between makes an event or its doubt disappear.
    """

    def __init__(self, ledger: Ledger, run_number: int) -> None:
        self._ledger = ledger
        self._run = run_number
        self._heirs: dict[bytes, int] = {}  # of a halved batch: the ids whose halves are not yet recorded

    def intend(self, batch: Batch, *, now: float, doubtful_since: float | None = None) -> int:
        """Record that a batch is about to be sent, and return its key.

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
        with self._ledger.writing() as db:
            cursor = db.execute(
                "INSERT INTO batches"
                " (run, state, events, attempts, statuses, intended, unknown_since, doubtful_since)"
                " VALUES (?, 'in_flight', ?, 1, '', ?, ?, ?)",
                (self._run, len(batch), now, now, doubtful_since),
            )
            key = cast(int, cursor.lastrowid)
            db.execute("INSERT INTO contents VALUES (?, ?, ?, ?)", (key, ids, hashes, _checksum(ids, hashes)))
            self._take_over(db, batch)
        return key

    def retrying(self, key: int, *, now: float) -> None:
        """Record that a batch is about to be sent once more.

        Args:
            key: What `intend` returned.
            now: Unix seconds.

        Raises:
            LedgerError: It cannot be recorded, and so must not be sent.
        """
        self._change(
            "UPDATE batches SET state = 'in_flight', attempts = attempts + 1,"
            " unknown_since = coalesce(unknown_since, :now)"
            " WHERE key = :key AND run = :run AND state != 'accepted'",
            key=key,
            now=now,
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
            raise ValueError("in flight is no outcome")
        self._change(
            "UPDATE batches SET state = CASE WHEN :accepted THEN 'accepted'"
            " WHEN :doubtful OR doubtful_since IS NOT NULL THEN 'in_doubt' ELSE :state END,"
            " doubtful_since = CASE WHEN :accepted THEN NULL"
            " WHEN :doubtful THEN coalesce(doubtful_since, unknown_since, :now) ELSE doubtful_since END,"
            " unknown_since = NULL, settled = :now, statuses = ltrim(statuses || ' ' || :status)"
            " WHERE key = :key AND run = :run AND state != 'accepted'",
            accepted=state is BatchState.ACCEPTED,
            doubtful=state is BatchState.IN_DOUBT,
            state=BatchState.PENDING if state is BatchState.SPLIT else state,
            status="-" if status is None else str(status),
            key=key,
            now=now,
        )
        if state is BatchState.SPLIT:
            self._heirs.update(dict.fromkeys(self._ids_of(key), key))

    def _change(self, query: str, *, key: int, **values: object) -> None:
        with self._ledger.writing() as db:
            if db.execute(query, {**values, "key": key, "run": self._run}).rowcount != 1:
                raise LedgerDamaged(f"{self._ledger.path} has no open batch {key}", hint=_START_AGAIN)

    def _ids_of(self, key: int) -> list[bytes]:
        with self._ledger.writing() as db, _parsing(self._ledger.path):
            (ids,) = db.execute("SELECT ids FROM contents WHERE key = ?", (key,)).fetchone()
        return [ids[i : i + ID_BYTES] for i in range(0, len(ids), ID_BYTES)]

    def _take_over(self, db: sqlite3.Connection, batch: Batch) -> None:
        """Let a half of a halved batch speak for its events in the whole one's stead."""
        if not self._heirs:
            return
        wholes = Counter(self._heirs.pop(content_id, 0) for content_id in batch.content_ids)
        for key, events in wholes.items():
            db.execute("UPDATE batches SET events = events - ? WHERE key = ?", (events, key))
            db.execute(
                "UPDATE batches SET state = 'split', doubtful_since = NULL WHERE key = ? AND events = 0",
                (key,),
            )


def new_run_id(now: float) -> str:
    """Make a name for a run that sorts by time: `20240301-093000-ab12`, UTC and four random digits."""
    return f"{datetime.fromtimestamp(now, UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


def open_ledger(state_dir: Path, namespace: str, lock: Lock, *, now: float) -> Ledger:
    """Open the ledger of a destination for writing; an empty one is made where there is none.

    What a killed run left in flight is in doubt from here on.

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
    with _translated(path):
        if not os.path.lexists(path):
            _create(path, namespace, now)
        shut_out_others(path, check_private_file(path))
        with _connected(path, "rw") as db:
            found = _check_identity(path, db, namespace)
            _check_integrity(path, db)
            _apply_settings(path, db)
            _migrate(db)
            return Ledger(path, db, found, lock, _recover(db))


def read_ledger(path: Path) -> LedgerReader:
    """Open a ledger to look into; works while a run writes, and in a folder that cannot be written.

    Its content is not checked as a whole, which would keep a run from recording meanwhile; what turns out
    to be damaged raises when it is read.

    Raises:
        LedgerDamaged: It is missing, damaged, or no ledger.
        LedgerError: It is of a newer version, a symlink, or another user's.
    """
    with _translated(path):
        check_private_file(path)
        with _connected(path, "ro") as db:
            _roll_back_if_needed(path, db)
            return LedgerReader(path, db, _check_identity(path, db, None))


def ledgers(state_dir: Path) -> tuple[LedgerFile, ...]:
    """List the ledgers of all destinations in the state directory; one that cannot be read says why.

    Raises:
        LedgerDamaged: The folder cannot be read.
    """
    folder = ledger_folder(state_dir)
    with _translated(folder):
        paths = sorted(folder.glob(f"*{LEDGER_SUFFIX}")) if folder.is_dir() else []
    return tuple(_look_at(path) for path in paths)


def _look_at(path: Path) -> LedgerFile:
    try:
        with read_ledger(path) as ledger:
            return LedgerFile(path, ledger.namespace, None)
    except LedgerError as error:
        return LedgerFile(path, None, error)


def _create(path: Path, namespace: str, now: float) -> None:
    """Make an empty ledger under another name, then give it its own: at its path it is always whole."""
    fresh = path.with_suffix(".new")
    for leftover in (fresh, _journal_of(fresh), _journal_of(path)):
        # The journal of a ledger that was deleted would be played back into the new one.
        leftover.unlink(missing_ok=True)
    os.close(open_private(fresh, exclusive=True))
    with closing(_connect(fresh, "rw")) as db:
        db.execute("PRAGMA synchronous = FULL")
        db.execute("PRAGMA fullfsync = ON")
        _migrate(db)
        db.execute("INSERT INTO ledger VALUES (?, ?)", (_storable(namespace), now))
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    fresh.rename(path)
    sync_folder(path.parent)


def _migrate(db: sqlite3.Connection, migrations: Sequence[Sequence[str]] = _MIGRATIONS) -> None:
    """Bring the schema up to date, one numbered step at a time, each in a transaction of its own."""
    for version in range(_pragma(db, "user_version"), len(migrations)):
        db.execute("BEGIN IMMEDIATE")
        for statement in migrations[version]:
            db.execute(statement)
        db.execute(f"PRAGMA user_version = {version + 1}")
        db.execute("COMMIT")


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    db = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}", uri=True, timeout=_BUSY_TIMEOUT_S, isolation_level=None
    )
    db.execute("PRAGMA cell_size_check = ON")
    db.execute("PRAGMA trusted_schema = OFF")
    return db


@contextmanager
def _connected(path: Path, mode: str) -> Iterator[sqlite3.Connection]:
    """Connect, and disconnect only where the block fails: else the connection is the block's to keep."""
    db = _connect(path, mode)
    try:
        yield db
    except BaseException:
        db.close()
        raise


def _check_identity(path: Path, db: sqlite3.Connection, namespace: str | None) -> str:
    """Make sure that this is a ledger that this version can read, of this destination if one is named."""
    application, version = _pragma(db, "application_id"), _pragma(db, "user_version")
    if application != APPLICATION_ID or version < 1:
        raise LedgerDamaged(f"{path} is no ledger: another program made it", hint=_START_AGAIN)
    if version > SCHEMA_VERSION:
        raise LedgerError(
            f"{path} was written by a newer infl-seg "
            f"(its version is {version}, this one knows {SCHEMA_VERSION})",
            hint="upgrade: pip install --upgrade infl-seg",
        )
    rows = db.execute("SELECT namespace FROM ledger").fetchall()
    if len(rows) != 1 or not isinstance(rows[0][0], str):
        raise LedgerDamaged(f"{path} does not say which destination it is for", hint=_START_AGAIN)
    found = rows[0][0]
    if namespace is not None and found != _storable(namespace):
        raise LedgerError(
            f"{path} is the ledger of another destination ({found}, not {namespace})",
            hint="ledgers must not be renamed or copied over each other; to go on with its ids, --namespace "
            + found,
        )
    return found


def _check_integrity(path: Path, db: sqlite3.Connection) -> None:
    finding = db.execute("PRAGMA quick_check(1)").fetchone()[0]
    if finding != "ok":
        raise LedgerDamaged(f"{path} is damaged: {finding}", hint=_START_AGAIN)


def _apply_settings(path: Path, db: sqlite3.Connection) -> None:
    """Set the connection up for durable writing, and believe only what reads back."""
    db.execute(f"PRAGMA journal_size_limit = {_JOURNAL_LIMIT_BYTES}")
    for name, (value, expected) in _WRITER_SETTINGS.items():
        db.execute(f"PRAGMA {name} = {value}")
        found = _pragma(db, name)
        if found != expected:
            raise LedgerError(f"SQLite keeps {name} at {found} for {path}, where {expected} is needed")


def _recover(db: sqlite3.Connection) -> int:
    """Turn what was in flight when the last run ended into doubt, since its outcome is unknown; count it."""
    (events,) = db.execute(
        "SELECT coalesce(sum(events), 0) FROM batches WHERE state = 'in_flight'"
    ).fetchone()
    db.execute(
        "UPDATE batches SET state = 'in_doubt', unknown_since = NULL,"
        " doubtful_since = coalesce(doubtful_since, unknown_since) WHERE state = 'in_flight'"
    )
    return cast(int, events)


def _roll_back_if_needed(path: Path, db: sqlite3.Connection) -> None:
    """Undo what a killed run left half-written, which a read-only connection cannot do.

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


def _checksum(ids: bytes, hashes: bytes) -> int:
    return zlib.crc32(hashes, zlib.crc32(ids))


def _is_whole(ids: object, hashes: object, check: object) -> bool:
    """Tell whether a batch's content is what was written: SQLite's own check does not look into blobs."""
    if not isinstance(ids, bytes) or not isinstance(hashes, bytes):
        return False
    return len(ids) * HASH_BYTES == len(hashes) * ID_BYTES and _checksum(ids, hashes) == check


def _storable(text: str) -> str:
    """Make text of the command line fit for a database; bytes that are not UTF-8 are spelled out."""
    return text.encode("utf-8", "backslashreplace").decode()


def _without_credentials(endpoint: str) -> str:
    parts = urlsplit(endpoint)
    return _storable(urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", "")))


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    """Turn what SQLite or the system says about the ledger into a LedgerError that says what helps."""
    try:
        yield
    except sqlite3.Error as error:
        raise _trouble(path, error) from error
    except OSError as error:
        raise file_trouble(path, error) from error


@contextmanager
def _parsing(path: Path) -> Iterator[None]:
    """Refuse a row whose content nobody wrote like that."""
    try:
        yield
    except (ValueError, TypeError, AttributeError) as error:
        raise LedgerDamaged(f"{path} is damaged: a row makes no sense", hint=_START_AGAIN) from error


def _trouble(path: Path, error: sqlite3.Error) -> LedgerError:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    if code == sqlite3.SQLITE_READONLY_DBMOVED:
        return vanished(path)
    primary = code & 0xFF  # the rest of an extended code is detail: https://sqlite.org/rescode.html
    kind, what, hint = _TROUBLES.get(primary, (LedgerDamaged, "cannot be used", _START_AGAIN))
    return kind(f"{path} {what} ({error})", hint=hint)
