"""Worker processes that are killed, and those that must not outlive their command."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from command_support import Desk
from dying_worker import die_in_the_midst_of_an_answer
from run_support import WAIT_S, Station, ended, station

from inflection_cli.converting.worker_pool import WorkerPool

HEADER = "event,userId,email_id,campaign_id,timestamp,Colour"
ROWS = 1500
"""Of four kilobytes each: more than is under way at once, so that work is left when a worker dies."""


def fat(path: Path, rows: int = ROWS) -> str:
    """Write an export of few events and many bytes; give its name."""
    notes = "x" * 4000
    lines = [f"Email Opened,u{n},e1,c1,2024-03-{n % 28 + 1:02}T09:30:00Z,{notes}" for n in range(rows)]
    path.write_text("\n".join((HEADER, *lines, "")), encoding="utf-8")
    return path.name


def family(leader: int) -> dict[int, int]:
    """The processes of a process group beside its leader, with the parent of each."""
    listed = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid=,pgid="], capture_output=True, check=True, text=True
    )
    rows = [tuple(map(int, line.split())) for line in listed.stdout.splitlines()]
    return {pid: parent for pid, parent, group in rows if group == leader and pid != leader}


def workers(leader: int) -> list[int]:
    """The worker processes: those that another helper than the command itself has started."""
    return [pid for pid, parent in family(leader).items() if parent != leader]


@contextmanager
def half_read(folder: Path, *words: str) -> Iterator["tuple[subprocess.Popen[str], int]"]:
    """Start a dry run with workers whose messages go into a pipe, and read the first of them only."""
    os.mkfifo(folder / "pipe")
    process = subprocess.Popen(
        [sys.executable, "-m", "inflection_cli", "backfill", "export.csv", "--jobs", "2", *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        start_new_session=True,
    )
    reading = os.open(folder / "pipe", os.O_RDONLY)
    try:
        assert os.read(reading, 1) == b"{"
        yield process, reading
    finally:
        os.close(reading)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


DRY = ("--dry-run", "--out", "pipe", "--json")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    Desk.at(tmp_path, monkeypatch)
    fat(tmp_path / "export.csv")
    return tmp_path


def drain(reading: int) -> None:
    while os.read(reading, 1 << 20):
        pass


@pytest.mark.parametrize(
    "victim", [0, pytest.param(1, marks=pytest.mark.slow)]
)  # one of the two holds a lock that the other waits for
def test_a_killed_worker_ends_the_run_with_words(folder: Path, victim: int) -> None:
    with half_read(folder, *DRY) as (process, reading):
        found = workers(process.pid)
        assert len(found) == 2
        os.kill(found[victim], signal.SIGKILL)
        drain(reading)
        done = ended(process)
    assert done.code == 3
    error = done.json["error"]
    assert error["code"] == "worker-lost"
    assert "a worker process of --jobs 2 was killed" in error["message"]
    assert "--jobs 1" in error["hint"]
    assert "Traceback" not in done.err


def test_a_worker_that_is_killed_in_the_midst_of_its_answer_is_lost_like_any_other() -> None:
    pool = WorkerPool(2)
    try:
        workers = pool.workers
        future = workers.executor().submit(die_in_the_midst_of_an_answer)
        with pytest.raises(BrokenProcessPool) as ended:
            workers.result(future)
        assert workers.lost(ended.value)
    finally:
        pool.close()


@pytest.mark.slow
@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_to_all_of_them_leaves_no_process_behind(folder: Path, signum: signal.Signals) -> None:
    with half_read(folder, *DRY) as (process, reading):
        assert len(workers(process.pid)) == 2
        os.killpg(process.pid, signum)
        drain(reading)
        # Standard error ends when the last process that holds it has ended.
        done = ended(process)
    assert done.code == 128 + signum
    assert "Traceback" not in done.err


@pytest.mark.slow
def test_workers_end_by_themselves_where_the_command_is_killed(folder: Path) -> None:
    with half_read(folder, *DRY) as (process, reading):
        assert len(workers(process.pid)) == 2
        process.kill()
        drain(reading)
        done = ended(process)
    assert done.code == -signal.SIGKILL
    assert "Traceback" not in done.err


@pytest.mark.slow
def test_a_delivery_whose_worker_was_killed_is_resumed_by_the_same_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Desk.at(tmp_path, monkeypatch)
    name = fat(tmp_path / "export.csv")
    with station(tmp_path) as place:
        words = place.words(name, more=("--events-per-second", "300", "--jobs", "2"))
        process = subprocess.Popen(
            [sys.executable, "-m", "inflection_cli", *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
            start_new_session=True,
        )
        place.wait_for_requests(2)
        for pid in workers(process.pid):
            # The command may have ended one by itself, since the other is gone.
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        done = ended(process)
        assert (done.code, done.json["error"]["code"]) == (3, "worker-lost")
        assert done.events["accepted"] == len(_users(place)) < ROWS
        assert done.events["pending"] == ROWS - done.events["accepted"]
        again = place.backfill(name, more=("--jobs", "1"))
        assert (again.code, again.events["already_accepted"]) == (0, done.events["accepted"])
        assert len(place.sandbox.messages()) == ROWS
        assert _users(place) == {f"u{n}" for n in range(ROWS)}


def _users(place: Station) -> set[str]:
    return {message["userId"] for message in place.sandbox.messages()}


@pytest.mark.slow
def test_a_callers_script_is_not_run_again_by_workers(folder: Path) -> None:
    script = "import inflection_cli\nprint('begun')\nprint(inflection_cli.validate('export.csv', jobs=2).rows.read)\n"
    (folder / "script.py").write_text(script, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "script.py"], cwd=folder, capture_output=True, text=True, timeout=WAIT_S, check=False
    )
    assert (done.stdout, done.stderr) == (f"begun\n{ROWS}\n", "")


@pytest.mark.slow
def test_a_rehearsal_with_workers_accepts_what_one_without_does(folder: Path) -> None:
    told = []
    for jobs in ("1", "2"):
        words = (
            "--rehearse",
            "--json",
            "--events-per-second",
            "0",
            "--requests-per-second",
            "0",
            "--jobs",
            jobs,
        )
        done = subprocess.run(
            [sys.executable, "-m", "inflection_cli", "backfill", "export.csv", *words],
            cwd=folder,
            capture_output=True,
            check=False,
        )
        told.append((done.returncode, json.loads(done.stdout)["events"]))
    assert told[0] == told[1]
    assert told[0][1]["accepted"] == ROWS
