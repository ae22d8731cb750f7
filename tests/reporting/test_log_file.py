"""`--log-file` on the command: one JSON object a line, from the start to the end of a run."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from command_support import KEY, Desk, opened, to

from inflection_cli.sandbox import Settings, parse_faults, serve


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk.at(tmp_path, monkeypatch)


def lines(desk: Desk, name: str = "run.log") -> list[dict[str, Any]]:
    return [json.loads(line) for line in (desk.folder / name).read_text(encoding="utf-8").splitlines()]


def six(desk: Desk) -> str:
    return desk.file("six.csv", *(opened(f"u{n}") for n in range(6)))


def test_a_run_is_logged_from_its_start_to_its_end(desk: Desk) -> None:
    with serve() as sandbox:
        done = desk.run("backfill", six(desk), "--quiet", "--log-file", "run.log", *to(sandbox.url))
    assert done.code == 0
    log = lines(desk)
    assert [log[0]["event"], log[-1]["event"]] == ["start", "end"]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", each["time"]) for each in log)
    (progress,) = [each for each in log if each["event"] == "progress"]
    assert (progress["accepted"], progress["done"], progress["events"]) == (6, 6, 6)
    assert re.fullmatch(r"\d{8}-\d{6}-[0-9a-z]+", progress["run"])
    assert (log[-1]["exit_code"], log[-1]["events"]["accepted"], "error" in log[-1]) == (0, 6, False)
    assert KEY not in (desk.folder / "run.log").read_text()
    assert oct((desk.folder / "run.log").stat().st_mode & 0o777) == "0o600"


def test_failures_are_logged_with_their_cause(desk: Desk) -> None:
    with serve(Settings(faults=parse_faults("503=1"))) as sandbox:
        done = desk.run("backfill", six(desk), "--log-file", "run.log", *to(sandbox.url))
    peer = sandbox.url.removeprefix("http://").rstrip("/")
    assert done.code == 7
    (unconfirmed,) = [each for each in lines(desk) if each["event"] == "unconfirmed"]
    assert (unconfirmed["events"], unconfirmed["reason"]) == (6, f"HTTP 503 from {peer}")
    assert lines(desk)[-1]["error"]["cause"] == f"HTTP 503 from {peer} (1 batch)"
    assert f"6 events unconfirmed, and not sent again: HTTP 503 from {peer}\n" in done.err


def test_retries_and_pauses_are_logged(desk: Desk) -> None:
    with serve(Settings(faults=parse_faults("503=1"))) as sandbox:
        window = ("--dedup-window", "20", "--patience", "200ms")
        desk.run("backfill", six(desk), "--log-file", "run.log", *window, *to(sandbox.url))
    (first, *_) = [each for each in lines(desk) if each["event"] == "retry"]
    assert first["reason"].startswith("HTTP 503 from 127.0.0.1:")
    assert first["wait_seconds"] >= 0


def test_runs_are_appended_and_validate_logs_too(desk: Desk) -> None:
    for _ in range(2):
        assert desk.run("validate", six(desk), "--log-file", "run.log").code == 0
    assert [each["event"] for each in lines(desk) if each["event"] in {"start", "end"}] == [
        "start",
        "end",
        "start",
        "end",
    ]


def test_an_error_before_anything_was_read_is_logged(desk: Desk) -> None:
    assert desk.run("validate", "gone.csv", "--log-file", "run.log").code == 4
    end = lines(desk)[-1]
    assert (end["event"], end["exit_code"], end["error"]["code"]) == ("end", 4, "input")


@pytest.mark.parametrize("named", ["six.csv", "./six.csv", "link.csv"])
def test_a_log_is_never_written_into_an_input(named: str, desk: Desk) -> None:
    file = six(desk)
    (desk.folder / "link.csv").symlink_to(desk.folder / file)
    before = (desk.folder / file).read_bytes()
    for input_ in (file, "s*.csv"):
        done = desk.run("validate", input_, "--log-file", named)
        assert done.code == 2
        assert "is there and is no log" in done.err
    assert (desk.folder / file).read_bytes() == before


def test_a_place_that_takes_no_log_is_told_before_anything_is_sent(desk: Desk) -> None:
    with serve() as sandbox:
        done = desk.run("backfill", six(desk), "--log-file", "nowhere/run.log", *to(sandbox.url))
        assert sandbox.stats()["requests"] == 0
    assert done.code == 2
    assert "--log-file nowhere/run.log cannot be written: No such file or directory" in done.err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_disk_that_is_full_ends_the_log_and_not_the_run(desk: Desk) -> None:
    with serve() as sandbox:
        done = desk.run("backfill", six(desk), "--log-file", "/dev/full", *to(sandbox.url))
    assert (done.code, "6 accepted" in done.out) == (0, True)
    assert "--log-file /dev/full took no more: No space left on device" in done.err


def test_the_project_file_names_no_log(desk: Desk) -> None:
    (desk.folder / "infl-seg.toml").write_text('log_file = "run.log"\n')
    done = desk.run("validate", six(desk))
    assert done.code == 2
    assert not (desk.folder / "run.log").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ("--log-file", "a.ndjson", "--out", "./a.ndjson"),
            "--log-file and --out would both write ./a.ndjson",
        ),
        (("--log-file", "a", "--report", "json=a"), "--log-file and --report would both write a"),
        (("--out", "a", "--report", "html=a"), "--out and --report would both write a"),
        (("--log-file", "-"), "--log-file takes the name of a file"),
    ],
)
def test_no_two_outputs_share_a_file(desk: Desk, words: tuple[str, ...], said: str) -> None:
    done = desk.run("backfill", six(desk), "--dry-run", *words)
    assert done.code == 2
    assert said in done.err
    assert [path.name for path in desk.folder.iterdir() if path.name not in {"six.csv", "state"}] == []


def test_outputs_may_share_a_device(desk: Desk) -> None:
    words = ("--log-file", "/dev/null", "--out", "/dev/null", "--report", "json=/dev/null")
    assert desk.run("backfill", six(desk), "--dry-run", *words).code == 0
