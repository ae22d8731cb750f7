"""What goes wrong with a ledger's file, its disk and its process: refused in words, nothing lost."""

import os
import random
import re
import shutil
import signal
import sqlite3
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ledger_support import HOLDER, NAMESPACE, NOW, START, batch, child, content_id, known_events, opened

from inflection_cli.errors import LedgerDamaged, LedgerDiskFull, LedgerError, LedgerLocked
from inflection_cli.ledger.ledger_file import RunJournal, open_ledger, read_ledger
from inflection_cli.ledger.ledger_records import EventState
from inflection_cli.ledger.ledger_schema import APPLICATION_ID, SCHEMA_VERSION, migrate
from inflection_cli.ledger.lock import take_lock
from inflection_cli.ledger.state_dir import ledger_path, lock_path
from inflection_cli.model import BatchState

PAGE = 4096
ACCEPTED, IN_DOUBT, PENDING = BatchState.ACCEPTED, BatchState.IN_DOUBT, BatchState.PENDING

DELIVER = """
import sys
from pathlib import Path
from ledger_support import NAMESPACE, NOW, START, batch, opened
from inflection_cli.model import BatchState

with opened(Path(sys.argv[1])) as ledger:
    journal = ledger.journal(ledger.start_run(START, now=NOW))
    for number in range(10_000):
        key = journal.intend(batch(2 * number, 2 * number + 1), now=NOW + number)
        print("intended", number, flush=True)
        journal.settle(key, BatchState.ACCEPTED, status=200, now=NOW + number)
        print("accepted", number, flush=True)
"""

NO_ROOM = """
import resource, sys
from pathlib import Path
from ledger_support import NOW, START, batch, opened
from inflection_cli.errors import LedgerDiskFull
from inflection_cli.model import BatchState

with opened(Path(sys.argv[1])) as ledger:
    journal = ledger.journal(ledger.start_run(START, now=NOW))
    sys.dont_write_bytecode = True  # a cut file would be read by the tests that follow
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 17, 1 << 17))
    try:
        for number in range(1000):
            key = journal.intend(batch(*range(100 * number, 100 * number + 100)), now=NOW)
            journal.settle(key, BatchState.ACCEPTED, status=200, now=NOW)
            print(number, flush=True)
    except LedgerDiskFull as error:
        print(error.message, error.exit_code)
"""

CANNOT_WRITE = """
import sys
from pathlib import Path
from ledger_support import NAMESPACE, known_events, opened
from inflection_cli.ledger.ledger_file import read_ledger
from inflection_cli.ledger.state_dir import ledger_path
from inflection_cli.errors import LedgerError

state_dir = Path(sys.argv[1])
try:
    with opened(state_dir):
        print("opened")
except LedgerError as error:
    print(type(error).__name__, error.exit_code, error.message, error.hint, sep="|")
if ledger_path(state_dir, NAMESPACE).exists():
    with read_ledger(ledger_path(state_dir, NAMESPACE)) as reader:
        print(len(list(known_events(reader))))
"""


def filled(state_dir: Path) -> tuple[Path, list[EventState]]:
    """Make a ledger of two runs whose batches are of both sizes, and tell what it knows."""
    with opened(state_dir) as ledger:
        for first in (0, 5000):
            journal = ledger.journal(ledger.start_run(START, now=NOW))
            for start in range(first, first + 1500, 50):
                key = journal.intend(batch(*range(start, start + 50)), now=NOW)
                journal.settle(key, ACCEPTED, status=200, now=NOW)
            journal.intend(batch(*range(first + 2000, first + 2800)), now=NOW)
    with opened(state_dir) as ledger:
        return ledger.path, list(known_events(ledger))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, list[EventState]]:
    path, known = filled(tmp_path_factory.mktemp("whole"))
    return path.read_bytes(), known


def placed(state_dir: Path, content: bytes) -> Path:
    with opened(state_dir) as ledger:
        path = ledger.path
    path.write_bytes(content)
    return path


def told(state_dir: Path) -> list[EventState]:
    with opened(state_dir) as ledger:
        ledger.runs()
        ledger.counts()
        return list(known_events(ledger))


def told_by_reader(path: Path) -> list[EventState]:
    with read_ledger(path) as reader:
        for run in reader.runs():
            list(reader.batches(run.run_id))
        reader.counts()
        return list(known_events(reader))


def damages(content: bytes) -> Iterator[tuple[str, bytes]]:
    dice = random.Random(7)
    for start in range(0, len(content), PAGE):
        yield f"zeros at {start}", content[:start] + bytes(PAGE) + content[start + PAGE :]
        noise = dice.randbytes(PAGE)
        yield f"noise at {start}", content[:start] + noise + content[start + PAGE :]
    for _ in range(60):
        start = dice.randrange(len(content) - 64)
        yield f"64 bytes at {start}", content[:start] + dice.randbytes(64) + content[start + 64 :]


def test_a_ledger_cut_short_at_any_page_or_within_one_is_refused(
    tmp_path: Path, whole: tuple[bytes, list[EventState]]
) -> None:
    content, _ = whole
    path = placed(tmp_path, content)
    for size in range(0, len(content), PAGE):
        for cut in (size, size + 17):
            path.write_bytes(content[:cut])
            with pytest.raises(LedgerDamaged) as caught:
                told(tmp_path)
            assert "--since" in caught.value.hint, cut
            with pytest.raises(LedgerDamaged):
                told_by_reader(path)


def test_a_damaged_ledger_is_refused_or_knows_exactly_what_it_knew(
    tmp_path: Path, whole: tuple[bytes, list[EventState]]
) -> None:
    content, known = whole
    path = placed(tmp_path, content)
    refused = 0
    for name, damaged in damages(content):
        for tell, where in ((told, tmp_path), (told_by_reader, path)):
            path.write_bytes(damaged)
            try:
                found = tell(where)
            except LedgerError:
                refused += 1
            else:
                assert [one[:3] for one in found] == [one[:3] for one in known], name
    assert refused > 2 * len(content) // PAGE


@pytest.mark.parametrize("content", [b"", b"x", b"SQLite format 3\0", b"{}\n" * 5000, bytes(8192)])
def test_a_file_that_is_no_ledger_is_refused_and_left_as_it_is(tmp_path: Path, content: bytes) -> None:
    path = placed(tmp_path, content)
    with pytest.raises(LedgerDamaged, match=r"(is not a ledger|is damaged)"):
        told(tmp_path)
    assert path.read_bytes() == content


def test_another_programs_database_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = placed(tmp_path, b"")
    path.unlink()
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE bookmarks (url TEXT)")
    db.execute("PRAGMA user_version = 1")
    db.close()
    content = path.read_bytes()
    with pytest.raises(LedgerDamaged, match="another program made it"):
        told(tmp_path)
    assert path.read_bytes() == content


def test_a_ledger_without_its_tables_is_refused(tmp_path: Path) -> None:
    path, _ = filled(tmp_path)
    db = sqlite3.connect(path)
    db.execute("DROP TABLE ledger")
    db.close()
    with pytest.raises(LedgerDamaged, match="its schema is not as it was written"):
        told(tmp_path)


def test_a_state_that_nobody_wrote_is_found_before_anything_is_read(tmp_path: Path) -> None:
    path, _ = filled(tmp_path)
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA ignore_check_constraints = ON")
    db.execute("UPDATE batches SET state = 'nonsense' WHERE key = 40")
    db.close()
    with pytest.raises(LedgerDamaged, match="CHECK constraint failed"), opened(tmp_path):
        pass
    with pytest.raises(LedgerDamaged, match="batch 40 is not as it was written"):
        told_by_reader(path)


@pytest.mark.parametrize("missing", ["runs WHERE number = 1", "contents WHERE key = 40"])
def test_a_batch_without_its_run_or_its_content_is_not_passed_over(tmp_path: Path, missing: str) -> None:
    path, _ = filled(tmp_path)
    db = sqlite3.connect(path, isolation_level=None)
    db.execute(f"DELETE FROM {missing}")
    db.close()
    with pytest.raises(LedgerDamaged, match=r"is incomplete|what \d+ hold"):
        told_by_reader(path)


def test_a_ledger_newer_than_the_tool_is_refused_with_the_command_that_upgrades(tmp_path: Path) -> None:
    path, _ = filled(tmp_path)
    db = sqlite3.connect(path)
    db.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    db.execute("CREATE TABLE lists (name TEXT NOT NULL)")
    db.close()
    for tell, where in ((told, tmp_path), (told_by_reader, path)):
        with pytest.raises(LedgerError, match="newer infl-seg") as caught:
            tell(where)
        assert "upgrade" in caught.value.hint
        assert caught.value.exit_code == 6


def test_the_ledger_of_another_destination_is_refused_and_named(tmp_path: Path) -> None:
    path, _ = filled(tmp_path)
    shutil.copy(path, ledger_path(tmp_path, "other"))
    with (
        pytest.raises(LedgerError, match=r"another destination \(crm-eu, not other\)") as caught,
        opened(tmp_path, "other"),
    ):
        pass
    assert "--namespace crm-eu" in caught.value.hint


def test_an_unfinished_migration_leaves_the_version_before_it() -> None:
    db = sqlite3.connect(":memory:", isolation_level=None)
    with pytest.raises(sqlite3.OperationalError):
        migrate(db, [("CREATE TABLE a (x)",), ("CREATE TABLE b (x)", "nonsense")])
    db.rollback()
    tables = [name for (name,) in db.execute("SELECT name FROM sqlite_master")]
    assert (db.execute("PRAGMA user_version").fetchone()[0], tables) == (1, ["a"])
    migrate(db, [("CREATE TABLE a (x)",), ("CREATE TABLE b (x)",), ("CREATE TABLE c (x)",)])
    assert db.execute("PRAGMA user_version").fetchone()[0] == 3
    db.close()


def test_a_ledger_in_wal_mode_is_brought_back_to_the_rollback_journal(tmp_path: Path) -> None:
    path, known = filled(tmp_path)
    db = sqlite3.connect(path)
    db.execute("PRAGMA journal_mode = WAL")
    db.close()
    with opened(tmp_path) as ledger:
        assert ledger._db.execute("PRAGMA journal_mode").fetchone()[0] == "persist"
        assert list(known_events(ledger)) == known


def test_folder_ledger_journal_and_lock_are_their_owners_alone(tmp_path: Path) -> None:
    previous = os.umask(0)
    try:
        path, _ = filled(tmp_path / "state")
    finally:
        os.umask(previous)
    modes = {file.name: stat.S_IMODE(file.lstat().st_mode) for file in path.parent.iterdir()}
    assert set(modes.values()) == {0o600}
    assert set(modes) == {path.name, path.name + "-journal", path.with_suffix(".lock").name}
    assert stat.S_IMODE(path.parent.lstat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "state").lstat().st_mode) == 0o700


def test_a_ledger_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    path, _ = filled(tmp_path)
    path.chmod(0o644)
    told(tmp_path)
    assert stat.S_IMODE(path.lstat().st_mode) == 0o600


@pytest.mark.parametrize("exists", [True, False])
def test_a_symlink_in_the_ledgers_place_is_not_followed(tmp_path: Path, exists: bool) -> None:
    path, victim = placed(tmp_path, b""), tmp_path / "victim"
    path.unlink()
    if exists:
        victim.write_bytes(b"precious")
    path.symlink_to(victim)
    with pytest.raises(LedgerError, match="is a symlink"):
        told(tmp_path)
    with pytest.raises(LedgerError, match="is a symlink"):
        read_ledger(path)
    assert victim.read_bytes() == b"precious" if exists else not victim.exists()


def test_a_symlink_in_the_journals_place_is_not_followed(tmp_path: Path) -> None:
    path, _ = filled(tmp_path)
    victim, journal = tmp_path / "victim", path.with_name(path.name + "-journal")
    victim.write_bytes(b"precious")
    journal.unlink()
    journal.symlink_to(victim)
    with pytest.raises(LedgerError) as caught, opened(tmp_path) as ledger:
        ledger.start_run(START, now=NOW)
    assert "symlink" in caught.value.hint
    assert victim.read_bytes() == b"precious"


@pytest.mark.parametrize("name", [".new", ".sqlite3-journal", ".new-journal"])
def test_a_symlink_left_where_a_new_ledger_is_made_is_removed_not_followed(tmp_path: Path, name: str) -> None:
    path, victim = ledger_path(tmp_path, NAMESPACE), tmp_path / "victim"
    victim.write_bytes(b"precious")
    path.parent.mkdir(0o700)
    path.with_suffix(name).symlink_to(victim)
    assert told(tmp_path) == []
    assert victim.read_bytes() == b"precious"


def test_a_ledgers_folder_that_is_a_symlink_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "ledgers").symlink_to("elsewhere")
    with pytest.raises(LedgerError, match="is a symlink"):
        told(tmp_path)
    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_what_is_no_file_in_the_ledgers_place_is_refused(
    tmp_path: Path, make: Callable[[Path], None]
) -> None:
    path = placed(tmp_path, b"")
    path.unlink()
    make(path)
    with pytest.raises(LedgerError, match="not a regular file"):
        told(tmp_path)


def test_a_creation_that_was_killed_half_way_is_begun_anew(tmp_path: Path) -> None:
    path = ledger_path(tmp_path, NAMESPACE)
    path.parent.mkdir(0o700)
    path.with_suffix(".new").write_bytes(b"half")
    path.with_suffix(".new-journal").write_bytes(b"half a journal")
    assert told(tmp_path) == []
    assert not path.with_suffix(".new").exists()


def remove(path: Path) -> None:
    path.unlink()


def replace(path: Path) -> None:
    shutil.copy(path, path.with_suffix(".copy"))
    path.with_suffix(".copy").replace(path)


def move_folder(path: Path) -> None:
    path.parent.rename(path.parent.with_name("moved"))


def remove_lock(path: Path) -> None:
    path.with_suffix(".lock").unlink()


def intend(journal: RunJournal, _: int) -> None:
    journal.intend(batch(2), now=NOW)


def retry(journal: RunJournal, key: int) -> None:
    journal.retrying(key, now=NOW)


def settle(journal: RunJournal, key: int) -> None:
    journal.settle(key, ACCEPTED, status=200, now=NOW)


@pytest.mark.parametrize("harm", [remove, replace, move_folder, remove_lock])
@pytest.mark.parametrize("step", [intend, retry, settle])
def test_nothing_is_recorded_into_a_ledger_that_is_gone(
    tmp_path: Path, harm: Callable[[Path], None], step: Callable[[RunJournal, int], None]
) -> None:
    with opened(tmp_path) as ledger:
        journal = ledger.journal(ledger.start_run(START, now=NOW))
        key = journal.intend(batch(1), now=NOW)
        harm(ledger.path)
        with pytest.raises(LedgerDamaged, match="deleted, moved or replaced") as caught:
            step(journal, key)
    assert "--since" in caught.value.hint


def test_the_journal_of_a_deleted_ledger_is_not_played_back_into_a_new_one(tmp_path: Path) -> None:
    path, _ = filled(tmp_path)
    make_hot(path)
    path.unlink()
    assert told(tmp_path) == []


def make_hot(path: Path) -> None:
    """Leave the ledger as a process that dies in the middle of a commit does."""
    frozen = path.with_suffix(".frozen")
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA cache_size = 2")
    db.execute("BEGIN IMMEDIATE")
    db.execute("UPDATE contents SET ids = zeroblob(length(ids)), crc32 = 0")
    shutil.copy(path, frozen)
    shutil.copy(f"{path}-journal", f"{frozen}-journal")
    db.rollback()
    db.close()
    frozen.replace(path)
    Path(f"{frozen}-journal").replace(f"{path}-journal")


def test_a_half_written_commit_is_undone_for_the_next_run(tmp_path: Path) -> None:
    path, known = filled(tmp_path)
    make_hot(path)
    assert told(tmp_path) == known


def test_a_half_written_commit_is_undone_for_a_reader(tmp_path: Path) -> None:
    path, known = filled(tmp_path)
    make_hot(path)
    assert told_by_reader(path) == known


@pytest.mark.parametrize("lines", [1, 2, 3, 8, 21, 40])
def test_what_was_recorded_outlives_a_kill(tmp_path: Path, lines: int) -> None:
    process = child(DELIVER, tmp_path)
    assert process.stdout is not None
    for _ in range(lines):
        process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    rest = process.stdout.read()  # `communicate` would not give what `readline` has read ahead
    _, errors = process.communicate()
    assert (process.returncode, errors) == (-signal.SIGKILL, "")
    durable = lines + rest.count("\n")
    with opened(tmp_path) as ledger:
        found = {known.content_id: known.state for known in known_events(ledger)}
        accepted = [ACCEPTED] * (durable // 2)
        numbers = range(len(found) // 2)
        states = [found[content_id(2 * number)] for number in numbers]
    assert states[: len(accepted)] == accepted
    # One step may have become durable that was not reported before the kill.
    assert (durable + 1) // 2 <= len(states) <= durable // 2 + 1
    assert set(states[len(accepted) :]) <= {IN_DOUBT, ACCEPTED}
    assert states[len(accepted) + 1 :] == []


def test_a_kill_between_intent_and_outcome_leaves_the_batch_in_doubt(tmp_path: Path) -> None:
    script = DELIVER.replace('print("intended", number, flush=True)', "import os; os.kill(os.getpid(), 9)")
    process = child(script, tmp_path)
    process.communicate()
    with opened(tmp_path) as ledger:
        assert ledger.recovered == 2
        assert [(known.content_id, known.state, known.doubtful_since) for known in known_events(ledger)] == [
            (content_id(0), IN_DOUBT, NOW),
            (content_id(1), IN_DOUBT, NOW),
        ]


def test_a_ledger_that_may_not_grow_records_no_intent_and_keeps_what_it_has(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        run_id = ledger.start_run(START, now=NOW)
        journal = ledger.journal(run_id)
        key = journal.intend(batch(1, 2), now=NOW)
        pages = ledger._db.execute("PRAGMA page_count").fetchone()[0]
        ledger._db.execute(f"PRAGMA max_page_count = {pages + 3}")
        with pytest.raises(LedgerDiskFull, match="disk is full") as caught:
            journal.intend(batch(*range(100, 2000)), now=NOW)
        assert "make room" in caught.value.hint
        journal.settle(key, ACCEPTED, status=200, now=NOW)
    with opened(tmp_path) as ledger:
        assert ledger.counts() == {run_id: {ACCEPTED: 2}}


def test_a_disk_that_takes_no_more_ends_the_run_and_loses_nothing(tmp_path: Path) -> None:
    process = child(NO_ROOM, tmp_path)
    output, errors = process.communicate()
    *recorded, last = output.splitlines()
    assert (process.returncode, errors) == (0, "")
    assert "disk" in last
    assert last.endswith(" 6")
    with opened(tmp_path) as ledger:
        accepted = {known.content_id for known in known_events(ledger, states={ACCEPTED})}
    assert len(recorded) > 5
    assert accepted >= {content_id(n) for n in range(100 * len(recorded))}


@pytest.mark.skipif(
    os.geteuid() == 0 and shutil.which("setpriv") is None,
    reason="root writes anywhere, and setpriv is missing",
)
@pytest.mark.parametrize("target", ["folder", "file", "new"])
def test_a_read_only_state_directory_is_refused_for_a_run_and_read_by_runs(
    tmp_path: Path, target: str
) -> None:
    state_dir = tmp_path / "state"
    state_dir.mkdir()
    expected = ""
    if target == "new":
        state_dir.chmod(0o500)
    else:
        path, known = filled(state_dir)
        expected = f"{len(known)}\n"
        path.chmod(0o400)
        if target == "folder":
            lock_path(state_dir, NAMESPACE).unlink()
            path.parent.chmod(0o500)
            state_dir.chmod(0o500)
    process = child(CANNOT_WRITE, state_dir, confined=True)
    output, errors = process.communicate()
    state_dir.chmod(0o700)
    assert (process.returncode, errors) == (0, "")
    said, _, counted = output.partition("\n")
    assert counted == expected
    kind, code, _, hint = said.split("|")
    assert (kind, code) == ("LedgerReadOnly", "6")
    assert "--state-dir" in hint


def test_a_ledger_kept_locked_by_another_program_is_said_to_be(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        run_id = ledger.start_run(START, now=NOW)
        ledger._db.execute("PRAGMA busy_timeout = 0")
        browser = sqlite3.connect(ledger.path, isolation_level=None)
        browser.execute("BEGIN IMMEDIATE")
        with pytest.raises(LedgerLocked, match="another program"):
            ledger.journal(run_id).intend(batch(1), now=NOW)
        browser.rollback()
        browser.close()
        ledger.journal(run_id).intend(batch(1), now=NOW)


def test_a_reader_that_keeps_a_commit_waiting_makes_it_fail_whole(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        journal = ledger.journal(ledger.start_run(START, now=NOW))
        journal.intend(batch(1), now=NOW)
        ledger._db.execute("PRAGMA busy_timeout = 0")
        browser = sqlite3.connect(ledger.path, isolation_level=None)
        browser.execute("BEGIN")
        browser.execute("SELECT * FROM runs").fetchall()
        with pytest.raises(LedgerLocked):
            journal.intend(batch(2), now=NOW)
        browser.rollback()
        browser.close()
        assert [known.content_id for known in known_events(ledger)] == [content_id(1)]


def test_a_closed_ledger_records_nothing(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        journal = ledger.journal(ledger.start_run(START, now=NOW))
    with pytest.raises(LedgerError):
        journal.intend(batch(1), now=NOW)


def test_a_ledger_is_not_opened_under_a_lock_that_was_lost(tmp_path: Path) -> None:
    with take_lock(lock_path(tmp_path, NAMESPACE), HOLDER) as lock:
        lock.path.unlink()
        with pytest.raises(LedgerDamaged):
            open_ledger(tmp_path, NAMESPACE, lock, now=NOW)


def test_the_file_says_whose_it_is(tmp_path: Path) -> None:
    path, _ = filled(tmp_path)
    header = path.read_bytes()[:100]
    assert int.from_bytes(header[68:72]) == APPLICATION_ID
    assert int.from_bytes(header[60:64]) == SCHEMA_VERSION


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is missing")
def test_a_commit_is_synced_before_it_is_reported(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    watched = ["strace", "-f", "-o", str(trace), "-e", "trace=write,pwrite64,fsync,fdatasync"]
    process = child(DELIVER.replace("10_000", "2"), tmp_path, under=watched)
    output, _ = process.communicate()
    assert process.returncode == 0
    assert output.count("\n") == 4
    last, reported = "", 0
    for line in trace.read_text().splitlines():
        if "intended" in line or "accepted" in line:
            assert last in {"fsync", "fdatasync"}
            reported += "write(1" in line
        elif found := re.search(r"\b(pwrite64|fsync|fdatasync)\(", line):
            last = found[1]
    assert reported == 4
