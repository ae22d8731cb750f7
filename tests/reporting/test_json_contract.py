"""The contract with scripts: exit codes, one JSON object on every way out, its keys, and plain pipes."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from command_support import BROKEN, CAMPAIGN, FAST, KEY, PATIENCE_S, SAMPLES, Desk, command, opened, to

from inflection_cli.ledger.lock import Holder, take_lock
from inflection_cli.ledger.state_dir import lock_path
from inflection_cli.sandbox import Settings, serve

ESCAPE = "\x1b"
ROWS = {"read", "mapped", "rejected", "filtered"}
FILE = {"path", "format", "encoding", "delimiter", "compression", "rows", "columns"}
PROBLEM = {"code", "severity", "file", "line", "column", "message", "hint"}
VALIDATE = {
    "command",
    "version",
    "complete",
    "files",
    "rows",
    "events",
    "by_event",
    "time_range",
    "people",
    "problem_counts",
    "problems",
    "exit_code",
}
BACKFILL = VALIDATE | {"delivery", "estimate", "run_id", "rejects", "out"}
EVENTS = {
    "built",
    "accepted",
    "already_accepted",
    "duplicate",
    "refused",
    "pending",
    "in_doubt",
    "filtered",
}
DELIVERY = {
    "endpoint",
    "namespace",
    "batches",
    "requests",
    "retries",
    "bytes",
    "wire_bytes",
    "seconds",
    "events_per_second",
    "requests_per_second",
    "paused_seconds",
}
ESTIMATE = {"events", "requests", "bytes", "seconds", "new_users_upper_bound"}
TO_NOWHERE = ("--endpoint", "http://127.0.0.1:9", "--write-key", KEY)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk.at(tmp_path, monkeypatch)


@dataclass(frozen=True)
class WayOut:
    """A way in which a command can end: its words, the code, and the name of the error."""

    words: tuple[str, ...]
    code: int
    error: str | None = None


WAYS = {
    "all is well": WayOut(("validate", CAMPAIGN), 0),
    "errors were found": WayOut(("validate", BROKEN), 1),
    "rows were rejected": WayOut(("backfill", BROKEN, "--dry-run", "--max-errors", "100%"), 1),
    "no file is named": WayOut(("validate",), 2, "usage"),
    "an option does not exist": WayOut(("validate", CAMPAIGN, "--bogus"), 2, "usage"),
    "a value is none of the choices": WayOut(("validate", CAMPAIGN, "--unknown-events", "keep"), 2, "usage"),
    "a number is none": WayOut(("validate", CAMPAIGN, "--limit", "few"), 2, "usage"),
    "a number is out of bounds": WayOut(("validate", CAMPAIGN, "--limit", "0"), 2, "usage"),
    "a field does not exist": WayOut(("validate", CAMPAIGN, "--map", "user=userId"), 2, "usage"),
    "a pair is no pair": WayOut(("validate", CAMPAIGN, "--set", "event"), 2, "usage"),
    "a zone does not exist": WayOut(("validate", CAMPAIGN, "--timezone", "Berlin"), 2, "usage"),
    "a bound is no time": WayOut(("validate", CAMPAIGN, "--since", "spring"), 2, "usage"),
    "an encoding does not exist": WayOut(("validate", CAMPAIGN, "--encoding", "utf-9"), 2, "usage"),
    "there is no key": WayOut(("backfill", CAMPAIGN, "--yes"), 2, "usage"),
    "nobody can be asked": WayOut(("backfill", CAMPAIGN, *TO_NOWHERE), 2, "confirmation-missing"),
    "nobody answers": WayOut(
        ("backfill", CAMPAIGN, *TO_NOWHERE, "--yes", "--patience", "50ms"), 3, "delivery-incomplete"
    ),
    "a file is not there": WayOut(("validate", "none.csv"), 4, "input"),
    "a glob finds nothing": WayOut(("validate", "none-*.csv"), 4, "input"),
    "a file is a folder": WayOut(("validate", str(SAMPLES)), 4, "input"),
    "a column does not exist": WayOut(("validate", CAMPAIGN, "--map", "userId=nobody"), 4, "input"),
    "the messages cannot be written": WayOut(
        ("backfill", CAMPAIGN, "--dry-run", "--out", "no/where"), 4, "input"
    ),
    "the budget is exceeded": WayOut(("backfill", BROKEN, *TO_NOWHERE, "--yes"), 8, "over-budget"),
    "the budget is exceeded in a dry run": WayOut(("backfill", BROKEN, "--dry-run"), 8, "over-budget"),
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())
def test_every_way_out_prints_one_object_with_its_exit_code(desk: Desk, way: WayOut) -> None:
    done = desk.run(*way.words, "--json")
    report = done.json
    assert (done.code, report["exit_code"]) == (way.code, way.code)
    assert report["command"] == way.words[0]
    assert report.get("error", {}).get("code") == way.error
    if way.error is not None:
        assert report["error"].keys() - {"cause"} == {"code", "message", "hint"}
        assert report["error"]["message"]
        assert report["error"]["hint"]


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())
def test_every_way_out_says_the_same_in_words_with_errors_on_stderr(desk: Desk, way: WayOut) -> None:
    done = desk.run(*way.words)
    assert done.code == way.code
    assert ESCAPE not in done.out + done.err
    assert "Traceback" not in done.err
    if way.error is not None:
        assert "error: " in done.err
        assert "error: " not in done.out
        assert done.err.splitlines()[-1].strip().startswith("→")


def test_a_refusal_by_the_destination_is_5_and_a_wrong_row_besides_does_not_hide_it(desk: Desk) -> None:
    with serve(Settings(script=("401",) * 4)) as sandbox:
        done = desk.run("backfill", BROKEN, "--json", "--max-errors", "100%", *to(sandbox.url))
    assert (done.code, done.json["error"]["code"]) == (5, "destination")


def test_a_ledger_that_another_run_holds_is_6_and_says_who(desk: Desk) -> None:
    path = lock_path(desk.folder / "state", "mine")
    path.parent.mkdir(parents=True, exist_ok=True)
    holder = Holder(pid=os.getpid(), host="there", command="infl-seg backfill other.csv", started=1.7e9)
    with take_lock(path, holder):
        done = desk.run("backfill", CAMPAIGN, "--json", *TO_NOWHERE, "--yes", "--namespace", "mine")
    assert (done.code, done.json["error"]["code"]) == (6, "ledger-locked")
    assert "other.csv" in done.json["error"]["message"] + done.json["error"]["hint"]


def test_another_destination_that_has_these_events_is_7(desk: Desk) -> None:
    with serve() as sandbox:
        desk.run("backfill", CAMPAIGN, *to(sandbox.url), "--namespace", "before")
        done = desk.run("backfill", CAMPAIGN, "--json", *to(sandbox.url), "--namespace", "after")
        unique = sandbox.stats()["unique"]
    assert (done.code, done.json["error"]["code"], unique) == (7, "decision-needed", 414)
    assert "--new-destination" in done.json["error"]["hint"]


def test_the_report_of_a_validation_has_its_keys(desk: Desk) -> None:
    report = desk.run("validate", BROKEN, "--json").json
    assert report.keys() >= VALIDATE
    assert report["files"][0].keys() >= FILE
    assert report["rows"].keys() == ROWS
    assert report["events"].keys() >= {"built", "duplicate", "filtered"}
    assert report["time_range"].keys() == {"first", "last"}
    assert all(problem.keys() >= PROBLEM for problem in report["problems"])
    assert (report["command"], report["complete"]) == ("validate", True)


def test_the_report_of_a_backfill_has_its_keys(desk: Desk) -> None:
    with serve() as sandbox:
        report = desk.run("backfill", CAMPAIGN, "--json", *to(sandbox.url)).json
        assert report["delivery"]["endpoint"] == sandbox.url
    assert report.keys() >= BACKFILL
    assert report["events"].keys() == EVENTS
    assert report["delivery"].keys() >= DELIVERY
    assert report["estimate"].keys() == ESTIMATE


@pytest.mark.parametrize(("key", "known"), [((), False), (("--write-key", KEY), True)])
def test_a_dry_run_knows_what_was_accepted_only_where_it_knows_the_destination(
    desk: Desk, key: tuple[str, ...], known: bool
) -> None:
    report = desk.run("backfill", CAMPAIGN, "--dry-run", "--json", *key).json
    assert report.keys() >= BACKFILL - {"delivery"}
    assert report["events"].keys() == EVENTS
    assert (report["events"]["already_accepted"] is not None) is known


def test_at_most_a_hundred_problems_are_listed_and_all_are_counted(desk: Desk) -> None:
    name = desk.file("many.csv", *(f"Sent,u{n},,e1,c1,2024-03-01T09:30:00Z" for n in range(150)))
    report = desk.run("validate", name, "--json").json
    assert (len(report["problems"]), report["problem_counts"]) == (100, {"event-unknown": 150})


def test_errors_come_before_warnings_and_no_code_crowds_out_the_others(desk: Desk) -> None:
    rows = [f"Email Opened,u{n},,e1,,2024-03-01T09:30:00Z" for n in range(150)]
    name = desk.file("many.csv", *rows, "Sent,u1,,e1,c1,2024-03-01T09:30:00Z")
    report = desk.run("validate", name, "--json").json
    assert report["problems"][0]["code"] == "event-unknown"


def test_an_error_after_the_plan_still_carries_what_is_known(desk: Desk) -> None:
    report = desk.run("backfill", BROKEN, "--dry-run", "--json").json
    assert report["rows"] == {"read": 38, "mapped": 12, "rejected": 26, "filtered": 0}
    assert report["complete"] is True
    assert report["rejects"] in report["error"]["message"]


def test_a_real_process_separates_streams_and_writes_no_escape_codes(desk: Desk) -> None:
    done = desk.spawn(
        "backfill", CAMPAIGN, "--rehearse", "--json", *FAST, FORCE_COLOR="1", TERM="xterm-256color"
    )
    assert (done.code, done.json["exit_code"]) == (0, 0)
    assert ESCAPE not in done.out + done.err
    assert "Plan" in done.err


def test_colour_is_written_where_it_is_asked_for_and_never_else(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    assert ESCAPE in desk.run("validate", BROKEN, "--color", "always").out
    assert ESCAPE not in desk.run("validate", BROKEN, "--color", "never").out
    assert ESCAPE not in desk.run("validate", BROKEN).out


def test_help_and_version_are_0_and_no_words_at_all_show_the_help(desk: Desk) -> None:
    assert desk.run("--version").out.startswith("infl-seg ")
    for words in (("--help",), ("backfill", "--help"), ("validate", "-h")):
        done = desk.run(*words)
        assert done.code == 0
        assert "Usage" in done.out + done.err
    assert "validate" in desk.run().out + desk.run().err


def test_every_exit_code_is_told_by_help(desk: Desk) -> None:
    text = " ".join(desk.run("--help").out.split())
    for code in (0, 1, 2, 3, 4, 5, 6, 7, 8, 70, 130, 143):
        assert str(code) in text


@pytest.mark.slow
def test_a_signal_while_reading_leaves_one_object_and_its_code(desk: Desk) -> None:
    child = subprocess.Popen(
        command("validate", "-", "--json"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=desk.folder,
    )
    assert child.stdin is not None
    child.stdin.write(b"event,userId,timestamp\n" * 100_000)  # more than a pipe holds: it is being read
    child.stdin.flush()
    child.send_signal(signal.SIGTERM)
    out, _ = child.communicate(timeout=PATIENCE_S)
    report = json.loads(out)
    assert (child.returncode, report["exit_code"], report["error"]["code"]) == (143, 143, "interrupted")


@pytest.mark.slow
def test_a_reader_that_leaves_early_is_no_defect(desk: Desk) -> None:
    for count in range(60):
        desk.file(f"f{count:02}.csv", opened("u1"))
    shell = f"{sys.executable} -m inflection_cli validate f*.csv | head -n 1"
    done = subprocess.run(
        ["bash", "-c", shell], capture_output=True, check=True, timeout=PATIENCE_S, cwd=desk.folder
    )
    assert b"Traceback" not in done.stderr
    assert b"defect" not in done.stderr


def test_the_module_runs_like_the_script(desk: Desk) -> None:
    assert desk.spawn("--version").out == desk.run("--version").out
