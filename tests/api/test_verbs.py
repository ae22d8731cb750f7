"""The verbs of the Python API: the command line's results as values, without a word printed."""

import _thread
import asyncio
import json
import shutil
import subprocess
import sys
import threading
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from command_support import BROKEN, CAMPAIGN, KEY, PATIENCE_S, SAMPLES, Desk, opened

import inflection_cli
from inflection_cli import InflSegError, SandboxSettings, serve_sandbox
from inflection_cli.api.arguments import BackfillArguments, ReadingArguments, ReplayArguments
from inflection_cli.settings.declarations import (
    DeliveryOptions,
    DestinationOptions,
    InputOptions,
    MessageOptions,
    ReplayOptions,
    WorkOptions,
)

FAST: dict[str, Any] = {"write_key": KEY, "events_per_second": 0, "requests_per_second": 0}


@pytest.fixture(autouse=True)
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk.at(tmp_path, monkeypatch)


def raised_by(verb: Any, *paths: str, **arguments: Any) -> InflSegError:
    with pytest.raises(InflSegError) as caught:
        verb([*paths], **arguments)
    return caught.value


@pytest.mark.parametrize(
    "sample",
    ["broken.csv", "spring-launch.csv", "spring-launch.ndjson", "own-ids.csv", "broken-lines.ndjson"],
)
def test_a_report_is_what_validate_says(desk: Desk, sample: str) -> None:
    path = str(SAMPLES / sample)
    report, said = inflection_cli.validate(path), desk.run("validate", path, "--json")
    theirs = said.json
    assert report.ok is (said.code == 0)
    assert (report.complete, asdict(report.rows)) == (theirs["complete"], theirs["rows"])
    assert (report.by_event, report.people) == (theirs["by_event"], theirs["people"])
    assert report.problem_counts == theirs["problem_counts"]
    assert [(each.rule.code, each.line, each.message) for each in report.problems] == [
        (each["code"], each["line"], each["message"]) for each in theirs["problems"]
    ]
    span = report.time_range or (None, None)
    assert {"first": span[0], "last": span[1]} == theirs["time_range"]
    assert (report.events.built, report.events.duplicate) == (
        theirs["events"]["built"],
        theirs["events"]["duplicate"],
    )
    (ours,), (file,) = report.files, theirs["files"]
    assert asdict(ours) == {name: file[name] for name in asdict(ours)}


def test_a_receipt_is_what_backfill_says(desk: Desk) -> None:
    with serve_sandbox(SandboxSettings()) as sandbox:
        arguments = {**FAST, "endpoint": sandbox.url, "max_errors": "100%", "state_dir": "a"}
        receipt = inflection_cli.backfill(BROKEN, rejects="mine", out="mine.ndjson", **arguments)
    with serve_sandbox(SandboxSettings()) as sandbox:
        words = (
            "--endpoint",
            sandbox.url,
            "--write-key",
            KEY,
            "--yes",
            "--max-errors",
            "100%",
            "--rejects",
            "r",
        )
        said = desk.run("backfill", BROKEN, *words, "--out", "theirs.ndjson", "--state-dir", "b", "--json")
    theirs = said.json
    assert (receipt.exit_code, receipt.ok) == (said.code, False)
    assert asdict(receipt.events) == theirs["events"]
    assert receipt.delivery is not None
    assert {*asdict(receipt.delivery)} == {*theirs["delivery"]}
    assert receipt.delivery.statuses == theirs["delivery"]["statuses"]
    assert (receipt.rejects, receipt.out) == ("mine", "mine.ndjson")
    assert Path("mine.ndjson").read_bytes() == Path("theirs.ndjson").read_bytes()
    ours = sorted(path.name for path in Path("mine").iterdir())
    assert ours == sorted(path.name for path in Path("r").iterdir())


def test_the_command_line_knows_what_a_call_has_sent_and_the_reverse(desk: Desk) -> None:
    with serve_sandbox(SandboxSettings()) as sandbox:
        receipt = inflection_cli.backfill(
            CAMPAIGN, **FAST, endpoint=sandbox.url, set={"email_subject": "Spring"}
        )
        words = (
            "--endpoint",
            sandbox.url,
            "--write-key",
            KEY,
            "--yes",
            "--json",
            "--set",
            "email_subject=Spring",
        )
        again = desk.run("backfill", CAMPAIGN, *words).json
        third = inflection_cli.backfill(
            CAMPAIGN, **FAST, endpoint=sandbox.url, set={"email_subject": "Spring"}
        )
        assert sandbox.stats()["accepted"] == 414
    assert (receipt.ok, receipt.events.accepted) == (True, 414)
    assert again["events"]["already_accepted"] == third.events.already_accepted == 414
    assert third.delivery is None
    assert receipt.run_id is not None
    verified = desk.run("runs", "verify", CAMPAIGN, "--run", receipt.run_id)
    assert verified.code == 0, verified.out + verified.err
    shown = desk.run("runs", "show", receipt.run_id, "--json").json["run"]
    assert shown["typed"] == f"inflection_cli.backfill([{CAMPAIGN!r}], …)"
    assert KEY not in json.dumps(shown)


def test_nothing_is_printed_and_no_process_ends(capfd: pytest.CaptureFixture[str]) -> None:
    inflection_cli.validate(BROKEN)
    inflection_cli.backfill(CAMPAIGN, dry_run=True)
    inflection_cli.backfill(CAMPAIGN, rehearse=True, events_per_second=0)
    raised_by(inflection_cli.backfill, BROKEN, dry_run=True)
    with serve_sandbox(SandboxSettings(script=("401",))) as sandbox:
        raised_by(inflection_cli.backfill, CAMPAIGN, **FAST, endpoint=sandbox.url)
    assert capfd.readouterr() == ("", "")


def test_no_key_is_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEGMENT_WRITE_KEY", KEY)
    with serve_sandbox(SandboxSettings()) as sandbox:
        for verb in (inflection_cli.backfill, inflection_cli.replay):
            error = raised_by(verb, CAMPAIGN, endpoint=sandbox.url)
            assert (error.code, error.message) == ("usage", "there is no write key")
        assert sandbox.stats()["connections"] == 0
    planned = inflection_cli.backfill(CAMPAIGN, dry_run=True)
    assert planned.events.already_accepted is None


def test_a_project_file_counts_where_it_is_named(desk: Desk) -> None:
    (desk.folder / "infl-seg.toml").write_text('event = ["Link Clicked"]\n', encoding="utf-8")
    assert len(inflection_cli.validate(CAMPAIGN).by_event) == 10
    assert [*inflection_cli.validate(CAMPAIGN, project=desk.folder).by_event] == ["Link Clicked"]
    dry = inflection_cli.backfill(CAMPAIGN, project=".", dry_run=True)
    assert [*dry.by_event] == ["Link Clicked"]


def test_over_the_error_budget_nothing_is_sent() -> None:
    with serve_sandbox(SandboxSettings()) as sandbox:
        error = raised_by(inflection_cli.backfill, BROKEN, **FAST, endpoint=sandbox.url)
        assert sandbox.stats()["connections"] == 0
    assert error.exit_code == 8
    assert error.hint.startswith("fix the cause first, the commonest cause is timestamp-")
    assert "max_errors" not in error.hint
    assert (error.receipt.rows.rejected, error.receipt.run_id, error.receipt.ok) == (26, None, False)
    assert Path(error.receipt.rejects).is_dir()


def test_few_rejected_rows_come_with_the_smallest_budget_that_passes(desk: Desk) -> None:
    path = desk.file("few.csv", *(opened(f"u{n}", n) for n in range(150)), ",u,,e1,c1,2024-03-01T00:00:00Z")
    error = raised_by(inflection_cli.backfill, path, dry_run=True)
    assert error.hint.endswith(f"inflection_cli.backfill([{path!r}], …, max_errors=1)")


def test_people_that_cannot_be_right_are_not_sent(desk: Desk) -> None:
    header = "event,userId,email,email_id,campaign_id,timestamp"
    rows = [f"Email Opened,one,a{n}@example.com,e1,c1,2024-03-01T00:{n:02}:00Z" for n in range(30)]
    path = desk.file("one-for-all.csv", *rows, header=header)
    error = raised_by(inflection_cli.backfill, path, dry_run=True, max_errors="100%")
    sent = inflection_cli.backfill(path, dry_run=True, allow_implausible_people=True)
    assert (error.exit_code, sent.events.pending) == (8, 30)


def test_a_destination_that_never_answers_is_incomplete_and_goes_on() -> None:
    with serve_sandbox(SandboxSettings()) as sandbox:
        source = {**FAST, "namespace": "n"}
        closed = "http://127.0.0.1:9"
        error = raised_by(inflection_cli.backfill, CAMPAIGN, **source, endpoint=closed, patience=0.2)
        assert (error.exit_code, error.receipt.exit_code, error.receipt.events.pending) == (3, 3, 414)
        assert "inflection_cli.backfill(" in error.hint
        assert inflection_cli.backfill(CAMPAIGN, **source, endpoint=sandbox.url).events.accepted == 414


def test_refused_messages_are_kept_for_replay(desk: Desk) -> None:
    path = desk.file("eight.csv", *(opened(f"u{number}") for number in range(8)))
    with serve_sandbox(SandboxSettings(script=("413", "413", None, "413", "413"))) as sandbox:
        receipt = inflection_cli.backfill(path, **FAST, endpoint=sandbox.url, rejects="rejects")
        assert (receipt.ok, receipt.exit_code, receipt.events.refused) == (False, 1, 1)
        fixed = inflection_cli.replay("rejects/refused-messages.ndjson", **FAST, endpoint=sandbox.url)
    assert (fixed.ok, fixed.events.accepted) == (True, 1)


def test_a_key_of_an_unusual_length_is_noted() -> None:
    receipt = inflection_cli.backfill(CAMPAIGN, write_key="short-key-1", dry_run=True)
    assert "11 characters" in receipt.notes[0]


def test_a_call_where_an_event_loop_runs_delivers_all_the_same() -> None:
    async def notebook() -> int:
        return inflection_cli.backfill(CAMPAIGN, rehearse=True, events_per_second=0).events.accepted

    assert asyncio.run(notebook()) == 414


def test_after_an_interrupt_the_same_call_goes_on() -> None:
    settings = SandboxSettings(latency_s=0.3)
    with serve_sandbox(settings) as sandbox:
        arguments = {**FAST, "events_per_second": 100, "endpoint": sandbox.url, "dedup_window": 1}
        ended = threading.Event()

        def interrupt() -> None:
            while not sandbox.stats()["requests"] and not ended.is_set():
                pass
            _thread.interrupt_main()

        waiting = threading.Thread(target=interrupt)
        waiting.start()
        with pytest.raises(KeyboardInterrupt):
            inflection_cli.backfill(CAMPAIGN, **arguments)
        ended.set()
        waiting.join()
        receipt = inflection_cli.backfill(CAMPAIGN, **{**arguments, "events_per_second": 0})
        assert receipt.ok
        assert sandbox.stats()["unique"] == 414


BAD: tuple[tuple[dict[str, Any], str], ...] = (
    ({"limit": 0}, "limit=0 is not a whole number of at least 1"),
    ({"limit": 2.5}, "limit=2.5 is not a whole number of at least 1"),
    ({"limit": True}, "limit=True is not a whole number of at least 1"),
    ({"events_per_second": -1}, "events_per_second=-1 is not a number of at least 0"),
    ({"events_per_second": float("nan")}, "events_per_second=nan is not a number of at least 0"),
    ({"events_per_second": float("inf")}, "events_per_second=inf is not a number of at least 0"),
    ({"unknown_events": "skp"}, "unknown_events='skp' is not one of 'reject', 'skip', 'send'"),
    ({"naming": "segment"}, "naming='segment' is not one of 'inflection', 'spec'"),
    ({"region": "uk", "write_key": KEY}, "region='uk' is not one of 'us', 'eu'"),
    ({"map": {"a=b": "c"}}, "map: 'a=b' has a =, which no name may have"),
    ({"max_errors": -1}, "--max-errors '-1' is neither a number nor a share"),
    ({"patience": 0}, "--patience '0' is not a duration"),
    ({"max_bytes": "much"}, "--max-bytes 'much' is not a size"),
    ({"write_key": "<your key>"}, "--write-key holds a placeholder and no key"),
    ({"again": " "}, "again needs a label"),
    ({"rehearse": True}, "dry_run and rehearse exclude each other"),
    ({"integration": {"All": "maybe"}}, "--integration All=maybe is neither true nor false"),
)


@pytest.mark.parametrize(("arguments", "message"), BAD, ids=[message for _, message in BAD])
def test_a_value_that_cannot_be_is_refused(arguments: dict[str, Any], message: str) -> None:
    error = raised_by(inflection_cli.backfill, CAMPAIGN, **{"dry_run": True, **arguments})
    assert (error.code, error.exit_code) == ("usage", 2)
    assert error.message == message
    assert error.hint


def test_an_argument_that_is_not_there_is_a_type_error() -> None:
    verbs: Any = (inflection_cli.validate, inflection_cli.backfill, inflection_cli.replay)
    for verb in verbs:
        with pytest.raises(TypeError, match="has no argument 'limmit'; did you mean limit"):
            verb(CAMPAIGN, limmit=1)
    with pytest.raises(TypeError, match="validate\\(\\) has no argument 'write_key'"):
        verbs[0](CAMPAIGN, write_key=KEY)


def test_every_option_of_a_command_that_no_terminal_is_needed_for_is_an_argument() -> None:
    sending = {
        field.name for kind in (DestinationOptions, DeliveryOptions, MessageOptions) for field in fields(kind)
    }
    sending -= {"yes", "write_key_file", "watch"}  # `watch` waits for a signal
    reading = {field.name for kind in (InputOptions, WorkOptions) for field in fields(kind)}
    ready = {field.name for field in fields(ReplayOptions)}
    assert {*get_type_hints(ReadingArguments)} == reading - {"max_errors", "rejects"} | {"project"}
    assert {*get_type_hints(BackfillArguments)} == reading | sending | {"project"}
    assert {*get_type_hints(ReplayArguments)} == ready | sending | {"project"}


def test_names_of_files_may_be_paths() -> None:
    shutil.copy(CAMPAIGN, "one.csv")
    shutil.copy(CAMPAIGN, "two.csv")
    assert inflection_cli.validate([Path("one.csv"), "two.csv"]).rows.read == 800
    assert inflection_cli.validate("*.csv").rows.read == 800


PROGRAM = """
import sys
import inflection_cli
light = {"typer", "orjson", "httpx", "anyio", "sqlite3"} & set(sys.modules)
inflection_cli.validate(sys.argv[1])
inflection_cli.backfill(sys.argv[1], dry_run=True)
network = {"httpx", "httpcore", "h11", "anyio", "asyncio", "ssl"} & set(sys.modules)
sys.exit(f"{light} {network}" if light or network else 0)
"""


def test_the_package_imports_what_a_verb_needs_when_it_is_called(desk: Desk) -> None:
    words = (sys.executable, "-c", PROGRAM, CAMPAIGN)
    done = subprocess.run(words, capture_output=True, check=False, timeout=PATIENCE_S, cwd=desk.folder)
    assert (done.returncode, done.stderr) == (0, b"")
