"""One run at a time: real processes, one lock file."""

import json
import os
import signal
import stat
from pathlib import Path

import pytest
from ledger_support import HOLDER, NAMESPACE, NOW, child

from inflection_cli.errors import LedgerDamaged, LedgerError, LedgerLocked
from inflection_cli.ledger.lock import Holder, take_lock

TAKE = """
import os, sys
from pathlib import Path
from ledger_support import START, batch
from inflection_cli.ledger.ledger_file import open_ledger
from inflection_cli.ledger.lock import Holder, take_lock
from inflection_cli.ledger.state_dir import lock_path
from inflection_cli.errors import LedgerLocked

state_dir, namespace = Path(sys.argv[1]), sys.argv[2]
print("ready", flush=True)
sys.stdin.readline()
try:
    lock = take_lock(lock_path(state_dir, namespace), Holder(os.getpid(), "desk", "backfill", 1709285400.0))
except LedgerLocked as error:
    print("locked", error.message, flush=True)
    sys.exit(error.exit_code)
with lock, open_ledger(state_dir, namespace, lock, now=1709285400.0) as ledger:
    ledger.journal(ledger.start_run(START, now=1709285400.0)).intend(batch(1), now=1709285400.0)
    print("works", os.getpid(), flush=True)
    sys.stdin.readline()
"""

HOLD = """
import os, subprocess, sys
from pathlib import Path
from inflection_cli.ledger.lock import Holder, take_lock
lock = take_lock(Path(sys.argv[1]), Holder(os.getpid(), "desk", "backfill", 1709285400.0))
bystander = subprocess.Popen([sys.executable, "-c", "input()"], stdin=sys.stdin, close_fds=False)
print(bystander.pid, flush=True)
os.kill(os.getpid(), 9)
"""


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


@pytest.mark.parametrize("count", [2, pytest.param(8, marks=pytest.mark.slow)])
def test_of_several_processes_one_works_and_the_others_leave_while_it_works(
    tmp_path: Path, count: int
) -> None:
    started = [child(TAKE, tmp_path, NAMESPACE) for _ in range(count)]
    for process in started:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in started:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    told = {process: process.stdout.readline().split() for process in started if process.stdout}
    workers = [words[1] for words in told.values() if words[0] == "works"]
    losers = {process: words for process, words in told.items() if words[0] == "locked"}
    for process in started:
        process.communicate("\n")
    assert len(workers) == 1
    assert len(losers) == count - 1
    for process, words in losers.items():
        assert process.returncode == 6
        assert f"process {workers[0]} on desk" in " ".join(words)


def test_a_second_taker_is_told_who_holds_the_lock_and_since_when(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    with take_lock(path, HOLDER), pytest.raises(LedgerLocked) as caught:
        take_lock(path, HOLDER)
    assert (
        caught.value.message == "the ledger is held by process 4711 on desk, since 2024-03-01 09:30:00 UTC: "
        "infl-seg backfill march.csv"
    )
    assert str(path) in caught.value.hint
    assert caught.value.exit_code == 6


def test_a_released_lock_can_be_taken_and_its_file_stays(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    with take_lock(path, HOLDER) as lock:
        first = path.stat().st_ino
    lock.release()
    with take_lock(path, HOLDER):
        assert path.stat().st_ino == first


def test_the_lock_of_a_killed_process_needs_no_hand_even_while_a_program_it_started_lives(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.lock"
    holder = child(HOLD, path)
    assert holder.stdout is not None
    bystander = int(holder.stdout.readline())
    assert holder.wait() == -signal.SIGKILL
    try:
        with take_lock(path, HOLDER) as lock:
            os.kill(bystander, 0)
            lock.check()
    finally:
        os.kill(bystander, signal.SIGKILL)
        holder.communicate()


def test_a_new_holder_replaces_what_a_killed_one_left_written(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    path.write_text(json.dumps({"pid": 1, "host": "h" * 900, "command": "old", "started": 0}))
    with take_lock(path, HOLDER):
        assert json.loads(path.read_bytes()) == {
            "pid": 4711,
            "host": "desk",
            "command": "infl-seg backfill march.csv",
            "started": NOW,
        }


@pytest.mark.parametrize("note", [b"", b"{", b"[]", b'{"pid": "x"}', b"\xff", b"[" * 4096, b"null"])
def test_a_holder_whose_note_cannot_be_read_is_still_a_holder(tmp_path: Path, note: bytes) -> None:
    path = tmp_path / "a.lock"
    with take_lock(path, HOLDER):
        path.write_bytes(note)
        with pytest.raises(LedgerLocked, match="another run that has not said its name"):
            take_lock(path, HOLDER)


def test_a_long_or_hostile_note_is_shown_short_and_harmless(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    with take_lock(path, Holder(1, "h\x1b[2J", "x\n" * 5000, NOW)), pytest.raises(LedgerLocked) as caught:
        take_lock(path, HOLDER)
    assert "process 1 on h?[2J" in caught.value.message
    assert caught.value.message.isprintable()
    assert len(caught.value.message) < 600


def test_a_deleted_lock_file_is_noticed_by_its_holder(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    with take_lock(path, HOLDER) as lock:
        lock.check()
        path.unlink()
        with pytest.raises(LedgerDamaged, match="deleted, moved or replaced"):
            lock.check()


def test_a_lock_file_replaced_by_another_is_noticed_by_its_holder(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    with take_lock(path, HOLDER) as lock:
        path.rename(tmp_path / "elsewhere")
        with take_lock(path, HOLDER), pytest.raises(LedgerDamaged):
            lock.check()


def test_a_released_lock_is_no_lock(tmp_path: Path) -> None:
    lock = take_lock(tmp_path / "a.lock", HOLDER)
    lock.release()
    with pytest.raises(LedgerDamaged):
        lock.check()


def test_a_lock_file_is_its_owners_alone_whatever_it_was_before(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    path.touch(0o666)
    path.chmod(0o666)
    with take_lock(path, HOLDER):
        assert mode(path) == 0o600
        assert mode(tmp_path) == 0o700


@pytest.mark.parametrize("exists", [True, False])
def test_a_symlink_is_not_followed(tmp_path: Path, exists: bool) -> None:
    path, victim = tmp_path / "a.lock", tmp_path / "victim"
    if exists:
        victim.write_text("precious")
    path.symlink_to(victim)
    with pytest.raises(LedgerError, match="is a symlink"):
        take_lock(path, HOLDER)
    assert victim.read_text() == "precious" if exists else not victim.exists()


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_what_is_no_ordinary_file_is_refused_at_once(tmp_path: Path, make: object) -> None:
    assert callable(make)
    make(tmp_path / "a.lock")
    with pytest.raises(LedgerError, match="not a regular file"):
        take_lock(tmp_path / "a.lock", HOLDER)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_another_users_lock_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    path.touch()
    os.chown(path, 65534, 65534)
    with pytest.raises(LedgerError, match="another user"):
        take_lock(path, HOLDER)
