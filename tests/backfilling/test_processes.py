"""Real processes at one ledger: excluded, stopped, cut off from disk and terminal; nothing is lost."""

import json
import os
import pty
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from run_support import KEY, WAIT_S, Done, Station, campaign, ended, fields, station

SLOWLY = ("--events-per-second", "500")  # batches of 50, ten a second
LITTLE_ROOM = (
    # A cut bytecode file would be read by the tests that follow.
    "import resource, runpy, sys; sys.dont_write_bytecode = True;"
    "resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 17, 1 << 17));"
    "sys.argv[0] = 'infl-seg'; runpy.run_module('inflection_cli', run_name='__main__')"
)
CANNOT_BE_CONFINED = os.geteuid() == 0 and shutil.which("setpriv") is None


@pytest.mark.slow
def test_a_second_run_is_told_at_once_who_holds_the_ledger(tmp_path: Path) -> None:
    with station(tmp_path, latency_s=WAIT_S) as place:
        file = campaign(tmp_path / "a.csv", range(100))
        first = place.start(*place.words(file))
        place.wait_for_requests(1)
        turned_away = place.send(file)
        # It came, saw and left while the other one still waits for its answer.
        assert place.sandbox.stats()["by_status"] == {}
        first.kill()
        ended(first)
        assert (turned_away.code, turned_away.json["error"]["code"]) == (6, "ledger-locked")
        assert f"process {first.pid}" in turned_away.json["error"]["message"]
        assert place.sandbox.stats()["requests"] == 1


@pytest.mark.slow
def test_of_eight_runs_at_once_one_works(tmp_path: Path) -> None:
    with station(tmp_path, latency_s=20.0) as place:
        file = campaign(tmp_path / "a.csv", range(100))
        running = [place.start(*place.words(file)) for _ in range(8)]
        place.wait_for_requests(1)
        (lock,) = (place.state / "ledgers").glob("*.lock")
        holder = json.loads(lock.read_text())["pid"]
        os.kill(holder, signal.SIGSTOP)  # it holds the lock, however late the last of the others comes to it
        place.wait_for(lambda _: sum(one.poll() is None for one in running) == 1)
        os.kill(holder, signal.SIGCONT)
        (worker,) = (one for one in running if one.poll() is None)
        assert worker.pid == holder
        done = {one.pid: ended(one) for one in running}
        turned_away = [each for pid, each in done.items() if pid != worker.pid]
        assert [each.code for each in turned_away] == [6] * 7
        assert all(f"process {worker.pid}" in each.json["error"]["message"] for each in turned_away)
        assert done[worker.pid].events["accepted"] == 100
        assert place.sandbox.stats()["accepted"] == 100


def test_the_lock_of_a_killed_run_needs_no_hand(tmp_path: Path) -> None:
    with station(tmp_path, script=("timeout",)) as place:
        file = campaign(tmp_path / "a.csv", range(100))
        first = place.start(*place.words(file))
        place.wait_for_requests(1)
        first.kill()
        ended(first)
        (lock,) = (place.state / "ledgers").glob("*.lock")
        assert json.loads(lock.read_text())["pid"] == first.pid
        done = place.backfill(file)
        assert (done.code, done.events["accepted"]) == (0, 100)
        assert place.ids() == place.wire_ids(range(100))


def stopped(place: Station, file: str, signum: signal.Signals) -> Done:
    """Start a backfill and send it a signal in its midst."""
    process = place.start(*place.words(file, more=SLOWLY))
    place.wait_for_requests(4)
    process.send_signal(signum)
    return ended(process)


@pytest.mark.parametrize(
    ("signum", "code"),
    [
        (signal.SIGTERM, 143),
        pytest.param(signal.SIGINT, 130, marks=pytest.mark.slow),
        pytest.param(signal.SIGHUP, 129, marks=pytest.mark.slow),
    ],
)
def test_a_signal_lets_the_run_settle_what_is_in_flight(
    tmp_path: Path, signum: signal.Signals, code: int
) -> None:
    with station(tmp_path, latency_s=0.25) as place:
        file = campaign(tmp_path / "a.csv", range(5000))
        done = stopped(place, file, signum)
        events = done.events
        assert (done.code, done.json["exit_code"], done.json["error"]["code"]) == (code, code, "interrupted")
        assert "infl-seg backfill a.csv" in done.json["error"]["hint"]
        assert "stopping" in done.err
        # All that had left was answered and written down.
        assert events["accepted"] == place.sandbox.stats()["accepted"] > 0
        assert (events["in_doubt"], events["pending"]) == (0, 5000 - events["accepted"])
        rest = place.backfill(file)
        assert (rest.code, rest.events["already_accepted"]) == (0, events["accepted"])
        assert place.sandbox.stats()["duplicate"] == 0
        assert place.ids() == place.wire_ids(range(5000))


def said(process: "subprocess.Popen[str]", word: str) -> bool:
    """Read what a process says until a word comes."""
    assert process.stderr is not None
    return any(word in line for line in iter(process.stderr.readline, ""))


@pytest.mark.slow
def test_a_signal_is_answered_before_the_destination_does_and_a_second_one_ends_the_wait(
    tmp_path: Path,
) -> None:
    with station(tmp_path, latency_s=WAIT_S) as place:
        file = campaign(tmp_path / "a.csv", range(300))
        process = place.start(*place.words(file, more=SLOWLY))
        place.wait_for_requests(1)
        process.send_signal(signal.SIGINT)
        assert said(process, "stopping")
        process.send_signal(signal.SIGINT)
        done = ended(process)
        assert place.sandbox.stats()["by_status"] == {}
        assert (done.code, done.events["in_doubt"] + done.events["pending"]) == (130, 300)
        assert done.events["in_doubt"] >= 50
        (run,) = place.runs("list").json["runs"]
        assert (run["exit_code"], run["events"]["in_doubt"]) == (130, done.events["in_doubt"])


@pytest.mark.slow
def test_a_signal_while_the_files_are_read_ends_the_run_before_anything_leaves(tmp_path: Path) -> None:
    with station(tmp_path) as place:
        os.mkfifo(tmp_path / "pipe")
        process = place.start(*place.words("pipe"))
        with (tmp_path / "pipe").open("w") as writer:
            writer.write(",".join(fields(0)) + "\n")
            writer.flush()
            process.send_signal(signal.SIGTERM)
            done = ended(process)
        assert (done.code, done.json["error"]["code"]) == (143, "interrupted")
        assert place.sandbox.stats()["requests"] == 0


@pytest.mark.slow
def test_a_reader_who_goes_away_stops_the_run_as_a_signal_does(tmp_path: Path) -> None:
    with station(
        tmp_path, latency_s=0.05, retry_after_s=1, script=(None, None, *("429", None) * 20)
    ) as place:
        file = campaign(tmp_path / "a.csv", range(3000))
        process = place.start(*place.words(file, more=[*SLOWLY, "--verbose"]))
        place.wait_for_requests(1)
        assert process.stderr is not None
        process.stderr.close()  # the pause of a 429 is the next thing to be said
        assert process.stdout is not None
        report = json.loads(process.stdout.read())
        assert process.wait(WAIT_S) == report["exit_code"] == 141
        process.stdout.close()
        assert report["events"]["accepted"] == place.sandbox.stats()["accepted"]
        rest = place.backfill(file)
        assert (rest.code, place.sandbox.stats()["duplicate"]) == (0, 0)
        assert place.ids() == place.wire_ids(range(3000))


@pytest.mark.slow
def test_a_closed_terminal_lets_the_run_settle_what_is_in_flight(tmp_path: Path) -> None:
    with station(tmp_path, latency_s=0.2) as place:
        file = campaign(tmp_path / "a.csv", range(5000))
        words = [word for word in place.words(file, more=SLOWLY) if word != "--json"]
        pid, terminal = pty.fork()
        if pid == 0:
            os.chdir(tmp_path)
            os.execv(sys.executable, [sys.executable, "-m", "inflection_cli", *words])
        place.wait_for_requests(4)
        os.close(terminal)
        _, status = os.waitpid(pid, 0)
        (run,) = place.runs("list").json["runs"]
        assert os.waitstatus_to_exitcode(status) == run["exit_code"] == 129
        assert run["events"] | {"pending": 0} == {
            "accepted": place.sandbox.stats()["accepted"],
            "in_doubt": 0,
            "pending": 0,
            "refused": 0,
        }


@pytest.mark.slow
def test_a_ledger_that_is_deleted_under_way_stops_the_run(tmp_path: Path) -> None:
    with station(tmp_path, latency_s=0.2) as place:
        file = campaign(tmp_path / "a.csv", range(5000))
        process = place.start(*place.words(file, more=SLOWLY))
        place.wait_for_requests(3)
        ledger, kept = place.ledger, tmp_path / "kept"
        os.link(ledger, kept)
        ledger.unlink()
        done = ended(process)
        assert (done.code, done.json["error"]["code"]) == (6, "ledger-damaged")
        kept.rename(ledger)
        rest = place.backfill(file)
        assert rest.code == 0, rest.err
        assert rest.events["accepted"] + rest.events["already_accepted"] == 5000
        assert place.ids() == place.wire_ids(range(5000))
        # What was in flight had no place to be written to, and no more than that went twice.
        assert place.sandbox.stats()["duplicate"] <= 64 * 100


@pytest.mark.slow
def test_a_full_disk_stops_the_run_before_what_it_cannot_record(tmp_path: Path) -> None:
    with station(tmp_path) as place:
        file = campaign(tmp_path / "a.csv", range(8000))
        words = [sys.executable, "-c", LITTLE_ROOM, *place.words(file, more=("--identify", "never"))]
        done = ended(
            subprocess.Popen(
                words,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                cwd=tmp_path,
                stdin=subprocess.DEVNULL,
            )
        )
        assert (done.code, done.json["error"]["code"]) == (6, "ledger-disk-full")
        assert place.sandbox.stats()["accepted"] < 8000
        rest = place.backfill(file)
        assert rest.code == 0, rest.err
        assert rest.events["accepted"] + rest.events["already_accepted"] == 8000
        assert place.sandbox.stats()["duplicate"] <= 8 * 2500
        assert place.sandbox.stats()["unique"] == 8000


@pytest.mark.slow
@pytest.mark.skipif(CANNOT_BE_CONFINED, reason="root writes anywhere, and setpriv is missing")
def test_a_read_only_state_directory_stops_the_run_before_anything_leaves(tmp_path: Path) -> None:
    confined = ("setpriv", "--bounding-set=-all", "--inh-caps=-all") if os.geteuid() == 0 else ()
    with station(tmp_path) as place:
        file = campaign(tmp_path / "a.csv", range(10))
        place.state.mkdir(0o500)
        done = ended(place.start(*place.words(file), before=confined))
        place.state.chmod(0o700)
        assert (done.code, done.json["error"]["code"]) == (6, "ledger-read-only")
        assert "--state-dir" in done.json["error"]["hint"]
        assert place.sandbox.stats()["requests"] == 0


FAULTS = (
    "429",
    "500",
    "503",
    "408",
    "400",
    "413",
    "401",
    "404",
    "reset",
    "ack-lost",
    "html",
    "unjson",
    "redirect",
)


@pytest.mark.slow
def test_through_a_hundred_faults_the_write_key_is_on_the_wire_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "key").write_text(KEY)
    monkeypatch.setenv("SEGMENT_WRITE_KEY", KEY)
    for number in range(104):
        fault = FAULTS[number % len(FAULTS)]
        folder = tmp_path / f"run{number}"
        folder.mkdir()
        with station(folder, script=(fault,) * (1 + number % 3)) as place:
            campaign(folder / "a.csv", range(3))
            to = ["--endpoint", place.sandbox.url, "--state-dir", "state", "--dedup-window", "20", "--yes"]
            how = ["--json"] if number % 2 else []
            key = ["--write-key-file", str(tmp_path / "key")] if number % 4 < 2 else []
            done = place.here("backfill", "a.csv", *to, *key, *how, "--verbose", "--patience", "2s")
            assert place.sandbox.stats()["by_fault"]
            shown = place.here("runs", "show", "last", "--state-dir", "state", *how)
        assert KEY not in done.out + done.err + shown.out + shown.err
    (tmp_path / "key").unlink()
    assert [
        path for path in tmp_path.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()
    ] == []


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="there is no /proc here")
def test_no_process_shows_a_key_from_the_environment_or_a_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(KEY)
    with station(tmp_path, latency_s=WAIT_S) as place:
        campaign(tmp_path / "a.csv", range(3))
        words = [
            "backfill",
            "a.csv",
            "--endpoint",
            place.sandbox.url,
            "--state-dir",
            "state",
            "--yes",
            "--verbose",
        ]
        for more, environ in ((("--write-key-file", "key"), ""), ((), KEY)):
            before = place.sandbox.stats()["requests"]
            process = place.start(*words, "--resend-in-doubt", *more, SEGMENT_WRITE_KEY=environ)
            place.wait_for_requests(before + 1)
            for name in ("cmdline", "comm", "status", "maps"):
                assert KEY.encode() not in Path("/proc", str(process.pid), name).read_bytes()
            process.kill()
            done = ended(process)
            assert KEY not in done.out + done.err
