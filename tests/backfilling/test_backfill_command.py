"""`infl-seg backfill`, against a plain second implementation and a sandbox: what goes, what stays, and why."""

import json
import os
import pty
import re
import shlex
import signal
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import make_samples
import pytest
import reference
from command_support import (
    BROKEN,
    CAMPAIGN,
    FAST,
    KEY,
    PATIENCE_S,
    SAMPLES,
    Desk,
    command,
    events_balance,
    opened,
    rows_balance,
    to,
)

from inflection_cli.sandbox import Sandbox, Settings, serve
from inflection_cli.version import __version__

LINKS = 14
MESSAGES = 400 + LINKS
"""The sample has 400 rows, and 14 people who become known."""

SPRING = reference.Settings(version=__version__)
NEWSLETTER = reference.Settings(
    version=__version__,
    columns={
        "Event ID": "event_id",
        "Contact ID": "personId",
        "Activity Type": "event",
        "Occurred At": "timestamp",
        "Journey ID": "campaign_id",
        "Journey Name": "campaign_name",
        "Template ID": "email_id",
        "Subject": "email_subject",
        "Link": "email_link_url",
    },
    events=make_samples.NEWSLETTER_EVENTS,
    skip=frozenset({"Sent"}),
    zone="Europe/Berlin",
)
GOOD = {"u-1", "u-3", "u-14", "u-15", "u-16", "u-17", "u-18", "u-19", "u-20", "u-35", "u-37"}
IN_BERLIN = ("--timezone", "Europe/Berlin", "--unknown-events", "skip")


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk.at(tmp_path, monkeypatch)


def rows_of(name: str) -> list[dict[str, str]]:
    data = (SAMPLES / name).read_bytes()
    if name.endswith(".ndjson"):
        return reference.read_ndjson(data)
    return reference.read_csv(data, ";" if b";" in data.splitlines()[0] else ",")


def send(desk: Desk, sandbox: Sandbox, *words: str) -> dict[str, Any]:
    """Backfill to a sandbox; give the report."""
    return desk.run("backfill", *words, "--json", *to(sandbox.url)).json


@pytest.mark.parametrize(
    ("name", "options", "settings"),
    [
        ("spring-launch.csv", (), SPRING),
        ("spring-launch.ndjson", (), SPRING),
        ("newsletter-export.csv", IN_BERLIN, NEWSLETTER),
    ],
)
def test_a_dry_run_writes_the_messages_that_a_second_implementation_expects(
    desk: Desk, name: str, options: tuple[str, ...], settings: reference.Settings
) -> None:
    done = desk.run("backfill", str(SAMPLES / name), "--dry-run", "--out", "out.ndjson", *options)
    assert done.code == 0
    rows = rows_of(name)
    every = [*reference.expect(rows, settings), *reference.expect_links(rows, settings)]
    expected = [one.message for one in every]
    assert desk.messages("out.ndjson") == expected


@pytest.mark.parametrize(
    ("name", "options", "settings"),
    [("spring-launch.csv", (), SPRING), ("newsletter-export.csv", IN_BERLIN, NEWSLETTER)],
)
def test_the_sandbox_has_exactly_the_messages_that_were_expected(
    desk: Desk, name: str, options: tuple[str, ...], settings: reference.Settings
) -> None:
    with serve(Settings(keep_messages=True)) as sandbox:
        report = send(desk, sandbox, str(SAMPLES / name), *options, "--namespace", "tests")
        stats, received = sandbox.stats(), sandbox.messages()
    rows = rows_of(name)
    expected = [*reference.expect(rows, settings), *reference.expect_links(rows, settings)]
    wired = [{**one.message, "messageId": one.wire_id("tests")} for one in expected]
    assert sorted(received, key=identity) == sorted(wired, key=identity)
    assert stats["unique"] == report["events"]["built"] == len(expected)
    assert stats["discarded"]["total"] == 0
    assert stats["hazards"] == {}


def identity(message: dict[str, Any]) -> str:
    return str(message["messageId"])


def test_a_rehearsal_needs_no_key_and_balances(desk: Desk) -> None:
    done = desk.run("backfill", CAMPAIGN, "--rehearse", "--json", *FAST)
    report = done.json
    assert (done.code, report["exit_code"], report["complete"]) == (0, 0, True)
    assert rows_balance(report)
    assert events_balance(report)
    assert report["events"]["accepted"] == report["events"]["built"] == MESSAGES
    assert report["estimate"]["events"] == MESSAGES


def test_a_rehearsal_leaves_no_ledger(desk: Desk) -> None:
    for _ in range(2):
        report = desk.run("backfill", CAMPAIGN, "--rehearse", "--json", *FAST).json
        assert report["events"]["accepted"] == MESSAGES
    assert not (desk.folder / "state").exists()


def test_requests_are_what_segment_asks_for(desk: Desk) -> None:
    with serve() as sandbox:
        report = send(desk, sandbox, CAMPAIGN)
        stats = sandbox.stats()
    assert stats["by_type"] == {"track": 400, "identify": LINKS}
    assert stats["by_status"] == {"200": stats["requests"]}
    assert stats["max_batch_events"] <= 2_500
    assert stats["max_body_bytes"] <= 500_000
    assert (stats["bytes"], stats["wire_bytes"]) == (
        report["delivery"]["bytes"],
        report["delivery"]["wire_bytes"],
    )
    assert {**stats["by_event"], "identify": LINKS} == report["by_event"]


def test_without_gzip_the_bodies_travel_as_they_are(desk: Desk) -> None:
    with serve() as sandbox:
        report = send(desk, sandbox, CAMPAIGN, "--no-gzip")
        stats = sandbox.stats()
    assert stats["bytes"] == stats["wire_bytes"] == report["delivery"]["wire_bytes"]


def test_out_beside_a_delivery_writes_what_was_sent(desk: Desk) -> None:
    with serve() as sandbox:
        report = send(desk, sandbox, CAMPAIGN, "--out", "sent.ndjson")
    desk.run("backfill", CAMPAIGN, "--dry-run", "--out", "dry.ndjson")
    assert report["out"] == "sent.ndjson"
    assert (desk.folder / "sent.ndjson").read_bytes() == (desk.folder / "dry.ndjson").read_bytes()


def test_dry_runs_touch_neither_network_nor_ledger_and_tell_what_they_would_do(desk: Desk) -> None:
    with serve() as sandbox:
        done = desk.run("backfill", CAMPAIGN, "--dry-run", "--endpoint", sandbox.url, "--write-key", KEY)
        stats = sandbox.stats()
    assert (done.code, stats["connections"]) == (0, 0)
    assert f"{MESSAGES} events would be sent" in done.out
    assert not (desk.folder / "state").exists()


def test_what_was_accepted_is_never_sent_again(desk: Desk) -> None:
    with serve() as sandbox:
        send(desk, sandbox, CAMPAIGN)
        before = sandbox.stats()["requests"]
        report = send(desk, sandbox, str(SAMPLES / "spring-launch.ndjson"))
        after = sandbox.stats()["requests"]
    assert (report["events"]["already_accepted"], report["events"]["accepted"]) == (MESSAGES, 0)
    assert (before, report["exit_code"]) == (after, 0)


def test_the_rest_of_a_file_follows_what_a_limit_sent_before(desk: Desk) -> None:
    with serve() as sandbox:
        first = send(desk, sandbox, CAMPAIGN, "--limit", "150")
        second = send(desk, sandbox, CAMPAIGN)
        stats = sandbox.stats()
    assert (first["events"]["accepted"], second["events"]["already_accepted"]) == (
        151,
        151,
    )  # one of them a link
    assert (stats["unique"], stats["duplicate"]) == (MESSAGES, 0)


def test_a_run_that_broke_off_is_resumed_by_the_same_command(desk: Desk) -> None:
    name = desk.file("many.csv", *(opened(f"u{n}") for n in range(60)))
    with serve(Settings(script=(None, "404"))) as sandbox:
        broken = desk.run("backfill", name, "--json", *to(sandbox.url), "--events-per-second", "100")
        resumed = desk.run("backfill", name, "--json", *to(sandbox.url))
        stats = sandbox.stats()
    assert (broken.code, resumed.code) == (5, 0)
    assert 0 < broken.json["events"]["accepted"] < 60
    assert resumed.json["events"]["already_accepted"] == broken.json["events"]["accepted"]
    assert (stats["unique"], stats["duplicate"]) == (60, 0)


def test_over_the_error_budget_nothing_is_sent_and_the_smallest_budget_that_passes_is_printed(
    desk: Desk,
) -> None:
    wrong = [opened(f"u{n}", n).replace("Email Opened", "Sent") for n in range(3)]
    desk.file("few.csv", *(opened(f"u{n}", n) for n in range(400)), *wrong)
    with serve() as sandbox:
        done = desk.run("backfill", "few.csv", *to(sandbox.url))
        requests = sandbox.stats()["requests"]
        typed = shlex.split(done.err.splitlines()[-1].split("infl-seg ", 1)[1])
        words = [KEY if word == "…" else word for word in typed]
        assert words[-2] == "--max-errors"
        less = desk.run(*words[:-1], str(int(words[-1]) - 1))
        enough = desk.run(*words)
        stats = sandbox.stats()
    assert (done.code, requests, less.code, enough.code) == (8, 0, 8, 1)
    assert KEY not in done.err
    assert stats["unique"] == 400


def test_far_over_the_error_budget_the_cause_is_named_and_no_budget(desk: Desk) -> None:
    with serve() as sandbox:
        done = desk.run("backfill", BROKEN, *to(sandbox.url))
        assert sandbox.stats()["requests"] == 0
    assert done.code == 8
    assert "fix the cause first, the commonest cause is timestamp-" in done.err.splitlines()[-1]
    assert "--max-errors" not in done.err


@pytest.mark.parametrize(("hours", "code"), [("87600", 0), ("87601", 2), ("1e9", 2)])
def test_a_window_of_more_than_ten_years_is_a_slip(desk: Desk, hours: str, code: int) -> None:
    done = desk.run("backfill", desk.file("a.csv", opened("u")), "--dry-run", "--dedup-window", hours)
    assert done.code == code
    assert ("in hours: --dedup-window 20" in done.err) is (code == 2)


def test_with_the_whole_budget_the_good_rows_go_and_the_bad_ones_are_kept(desk: Desk) -> None:
    with serve(Settings(keep_messages=True)) as sandbox:
        report = send(desk, sandbox, BROKEN, "--max-errors", "100%", "--rejects", "rejects")
        sent = {message["userId"] for message in sandbox.messages()}
    assert report["exit_code"] == 1
    assert report["rows"] == {"read": 38, "mapped": 12, "rejected": 26, "filtered": 0}
    assert report["events"]["accepted"] == len(sent) == 11
    assert report["events"]["duplicate"] == 1
    assert sent == GOOD
    assert {path.name for path in (desk.folder / "rejects").iterdir()} == {
        "broken.rejects.csv",
        "broken.unreadable.txt",
    }


@pytest.mark.parametrize(
    ("budget", "code"), [("0", 8), ("1", 8), ("2", 1), ("19.9%", 8), ("20%", 1), ("100%", 1), ("0%", 8)]
)
def test_a_budget_is_a_number_or_a_share_of_the_rows_read(desk: Desk, budget: str, code: int) -> None:
    name = desk.file("ten.csv", *(opened(f"u{n}") for n in range(8)), "Sent,,,,,", "Sent,,,,,")
    assert desk.run("backfill", name, "--dry-run", "--max-errors", budget).code == code


def test_over_the_budget_a_dry_run_writes_no_messages(desk: Desk) -> None:
    assert desk.run("backfill", BROKEN, "--dry-run", "--out", "out.ndjson").code == 8
    assert not (desk.folder / "out.ndjson").exists()


def test_a_rehearsal_holds_to_the_budget_too(desk: Desk) -> None:
    assert desk.run("backfill", BROKEN, "--rehearse").code == 8
    assert desk.run("backfill", BROKEN, "--rehearse", "--max-errors", "26", *FAST).code == 1


def test_without_a_terminal_the_word_yes_is_needed_and_the_command_is_given(desk: Desk) -> None:
    with serve() as sandbox:
        words = ("backfill", CAMPAIGN, "--endpoint", sandbox.url, "--write-key", KEY)
        done = desk.run(*words)
        requests = sandbox.stats()["requests"]
    assert (done.code, requests) == (2, 0)
    assert done.err.rstrip().endswith("--yes")
    assert f"{MESSAGES} built" in done.err


def test_standard_input_needs_the_word_yes_as_well(desk: Desk) -> None:
    data = Path(CAMPAIGN).read_bytes()
    with serve() as sandbox:
        words = ("backfill", "-", "--endpoint", sandbox.url, "--write-key", KEY, *FAST)
        unasked = desk.run(*words, stdin=data)
        asked = desk.run(*words, "--yes", "--json", stdin=data)
        unique = sandbox.stats()["unique"]
    assert (unasked.code, asked.code, unique) == (2, 0, MESSAGES)
    assert "--yes" in unasked.err


def on_a_terminal(desk: Desk, answers: list[bytes], *words: str) -> tuple[int, str]:
    """Run a command with a terminal, and type an answer as soon as there is a question."""
    ours, theirs = pty.openpty()
    child = subprocess.Popen(
        command(*words), stdin=theirs, stdout=subprocess.DEVNULL, stderr=theirs, cwd=desk.folder
    )
    os.close(theirs)
    said = b""
    try:
        for number, answer in enumerate(answers):
            while said.count(b"[y/N]") <= number:
                said += os.read(ours, 4096)
            os.write(ours, answer)
        while part := os.read(ours, 4096):
            said += part
    except OSError:
        pass  # the other end has gone
    finally:
        os.close(ours)
    return child.wait(PATIENCE_S), said.decode()


@pytest.mark.parametrize(
    ("answer", "code", "sent"), [(b"y\n", 1, 11), pytest.param(b"\n", 2, 0, marks=pytest.mark.slow)]
)
def test_a_terminal_is_asked_once_and_the_question_stands_in_for_the_budget(
    desk: Desk, answer: bytes, code: int, sent: int
) -> None:
    with serve() as sandbox:
        window = ("--dedup-window", "20")
        words = ("backfill", BROKEN, "--endpoint", sandbox.url, "--write-key", KEY, *FAST, *window)
        left, said = on_a_terminal(desk, [answer], *words)
        unique = sandbox.stats()["unique"]
    assert (left, unique, said.count("[y/N]")) == (code, sent, 1)
    question = " ".join(said.split())
    assert f"Send 11 events to {sandbox.url}? (26 of 38 rows rejected, saved in " in question
    # Who says no has made no mistake.
    plain = re.sub(r"\x1b\[[\d;]*m", "", said)
    assert ("nothing was sent" in plain, "error: nothing" in plain) == (not sent, False)


@pytest.mark.slow
@pytest.mark.parametrize("yes", [True, False])
def test_a_terminal_is_asked_once_whether_batches_may_be_sent_again_and_the_answer_is_kept(
    desk: Desk, yes: bool
) -> None:
    with serve(Settings(script=("503",))) as sandbox:
        words = ("backfill", CAMPAIGN, "--endpoint", sandbox.url, "--write-key", KEY, *FAST, "--limit")
        answer = b"y\n" if yes else b"n\n"
        code, said = on_a_terminal(desk, [answer, b"y\n"], *words, "20")
        again, asked_again = on_a_terminal(desk, [b"y\n"], *words, "40")
        unasked = desk.run(*words, "60", "--dry-run")
    assert said.count("[y/N]") == 2
    assert "Does this destination drop repeated message ids for 20 hours?" in said
    assert asked_again.count("[y/N]") == 1
    assert (code, again) == ((0, 0) if yes else (7, 7))
    assert ("on; the destination drops repeated ids for 20 hours (your answer)" in unasked.err) is yes
    assert ("off (your answer); such a batch stays unconfirmed" in unasked.err) is not yes


def test_nobody_is_asked_about_segment_or_where_the_window_is_given_or_with_yes(desk: Desk) -> None:
    with serve(Settings(script=("503",))) as sandbox:
        done = desk.run("backfill", CAMPAIGN, *to(sandbox.url))
        assert done.code == 7
    assert "[y/N]" not in done.err
    assert "retries   after a 5xx or a lost connection: off (not known of this destination)" in done.err
    segment = desk.run("backfill", CAMPAIGN, "--dry-run", "--write-key", KEY)
    assert "on; the destination drops repeated ids for 20 hours (Segment)" in segment.err
    given = desk.run("backfill", CAMPAIGN, "--dry-run", "--write-key", KEY, "--dedup-window", "6")
    assert "on; the destination drops repeated ids for 6 hours (--dedup-window)" in given.err


@pytest.mark.parametrize(
    "script", ["401", "403", "404", "405", "307", "501", "html", "success-false", "redirect"]
)
def test_an_answer_that_more_tries_do_not_fix_stops_the_run(desk: Desk, script: str) -> None:
    with serve(Settings(script=(script,) * 5)) as sandbox:
        done = desk.run("backfill", CAMPAIGN, "--json", *to(sandbox.url))
        requests = sandbox.stats()["requests"]
    assert (done.code, done.json["error"]["code"]) == (5, "destination")
    assert requests <= 4
    assert events_balance(done.json)
    assert done.json["events"]["accepted"] == 0
    unsure = script in {"501", "html", "success-false"}
    assert (done.json["events"]["in_doubt"] > 0) is unsure


@pytest.mark.parametrize("script", ["408", "429", "500", "502", "503", "reset", "ack-lost", "ack-503"])
def test_a_passing_fault_is_waited_out_with_the_same_ids(desk: Desk, script: str) -> None:
    with serve(Settings(script=(script,), retry_after_s=0)) as sandbox:
        report = send(desk, sandbox, CAMPAIGN, "--dedup-window", "20")
        stats = sandbox.stats()
    assert (report["exit_code"], report["events"]["accepted"]) == (0, MESSAGES)
    assert report["delivery"]["retries"] == sum(stats["retries"].values()) == 1
    assert stats["unique"] == MESSAGES
    assert (stats["duplicate"] > 0) is script.startswith("ack-")


def test_a_doubt_that_nobody_can_settle_is_a_decision(desk: Desk) -> None:
    with serve(Settings(script=("ack-lost",))) as sandbox:
        done = desk.run("backfill", CAMPAIGN, "--json", *to(sandbox.url), "--dedup-window", "0")
        again = desk.run("backfill", CAMPAIGN, "--json", *to(sandbox.url), "--dedup-window", "0")
        resent = desk.run(
            "backfill", CAMPAIGN, "--json", *to(sandbox.url), "--dedup-window", "0", "--resend-in-doubt"
        )
        stats = sandbox.stats()
    assert [done.code, again.code, resent.code] == [7, 7, 0]
    assert done.json["events"]["in_doubt"] == again.json["events"]["in_doubt"] > 0
    assert "--resend-in-doubt" in done.json["error"]["hint"]
    assert stats["unique"] == MESSAGES
    assert events_balance(resent.json)


def test_a_destination_that_never_answers_ends_by_patience_and_stays_resumable(desk: Desk) -> None:
    with serve() as sandbox:
        url = sandbox.url
    done = desk.run("backfill", CAMPAIGN, "--json", *to(url), "--patience", "300ms")
    assert (done.code, done.json["events"]["pending"]) == (3, MESSAGES)
    assert events_balance(done.json)
    assert "run the same command again" in done.json["error"]["hint"]


def test_a_culprit_is_found_by_halving_and_the_rest_goes_on(desk: Desk) -> None:
    rows = [opened(f"u{n}") for n in range(8)]
    with serve(Settings(script=("413", "413", None, "413", "413"))) as sandbox:
        report = send(desk, sandbox, desk.file("eight.csv", *rows))
        stats = sandbox.stats()
    assert (report["exit_code"], report["events"]["refused"], report["events"]["accepted"]) == (1, 1, 7)
    assert stats["unique"] == 7


def test_a_key_is_needed_and_where_it_can_stand_is_told(desk: Desk) -> None:
    done = desk.run("backfill", CAMPAIGN, "--yes")
    assert done.code == 2
    for word in ("SEGMENT_WRITE_KEY", "--write-key-file", "--rehearse"):
        assert word in done.err


def test_a_key_comes_from_the_environment_or_a_file_and_a_flag_beats_them(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    (desk.folder / "key").write_text(f"{KEY}\n")
    with serve(Settings()) as sandbox:
        rest = ("backfill", CAMPAIGN, "--endpoint", sandbox.url, "--yes", "--json", *FAST)
        by_file = desk.run(*rest, "--write-key-file", "key").json
        monkeypatch.setenv("SEGMENT_WRITE_KEY", KEY)
        by_variable = desk.run(*rest).json
        monkeypatch.setenv("SEGMENT_WRITE_KEY", "another-key")
        by_flag = desk.run(*rest, "--write-key", KEY).json
        monkeypatch.delenv("SEGMENT_WRITE_KEY")
        monkeypatch.setenv("SEGMENT_WRITE_KEY_FILE", "key")
        by_file_variable = desk.run(*rest).json
    reports = (by_file, by_variable, by_flag, by_file_variable)
    assert len({report["delivery"]["namespace"] for report in reports if "delivery" in report}) == 1
    assert [report["events"]["already_accepted"] for report in reports] == [0, MESSAGES, MESSAGES, MESSAGES]


@pytest.mark.parametrize(
    "words",
    [
        ("--endpoint", "http://example.com"),
        ("--endpoint", "http://192.0.2.1:80"),
        ("--endpoint", "ftp://example.com"),
        ("--endpoint", "https://user:secret@example.com"),
        ("--endpoint", "example.com"),
        ("--write-key-file", "none"),
        ("--write-key", "two words"),
        ("--write-key", ""),
        ("--patience", "soon"),
        ("--max-errors", "many"),
        ("--max-errors", "101%"),
        ("--integration", "All=perhaps"),
        ("--context", "library=x"),
        ("--map", "userId"),
        ("--dry-run", "--rehearse"),
        ("--events-per-second", "-1"),
        ("--region", "moon"),
    ],
)
def test_an_option_that_cannot_be_meant_is_refused_with_what_helps(
    desk: Desk, words: tuple[str, ...]
) -> None:
    key = () if "--write-key" in words or "--write-key-file" in words else ("--write-key", KEY)
    done = desk.run("backfill", CAMPAIGN, "--yes", "--json", *key, *words)
    assert (done.code, done.json["error"]["code"]) == (2, "usage")
    assert done.json["error"]["hint"]


@pytest.mark.parametrize(
    ("region", "endpoint", "other"),
    [
        ("eu", "https://api.segment.io", "us"),
        ("us", "https://Events.EU1.segmentapis.com/v1/batch", "eu"),
        ("eu", "https://api.segment.io./", "us"),
    ],
)
def test_a_region_and_an_endpoint_of_the_other_one_are_not_both_meant(
    desk: Desk, region: str, endpoint: str, other: str
) -> None:
    words = ("backfill", CAMPAIGN, "--dry-run", "--json", "--write-key", KEY, "--endpoint", endpoint)
    error = desk.run(*words, "--region", region).json["error"]
    assert error["code"] == "usage"
    assert f"--region {region} and --endpoint" in error["message"]
    assert f"--region {region} or --region {other}" in error["hint"]
    assert [desk.run(*words, *more).code for more in ((), ("--region", other))] == [0, 0]


def test_a_region_beside_an_address_of_ones_own_is_no_contradiction(desk: Desk) -> None:
    to_own = ("--region", "eu", "--endpoint", "https://events.example.com", "--write-key", KEY)
    assert desk.run("backfill", CAMPAIGN, "--dry-run", *to_own).code == 0


def test_a_key_given_in_the_place_of_its_file_is_not_shown(desk: Desk) -> None:
    done = desk.run("backfill", CAMPAIGN, "--write-key-file", KEY, "--yes", "--json")
    assert (done.code, done.json["error"]["code"]) == (2, "usage")
    assert KEY not in done.out + done.err


def test_the_key_is_shown_nowhere(desk: Desk) -> None:
    with serve(Settings(script=(None, "401"))) as sandbox:
        words = ("backfill", CAMPAIGN, *to(sandbox.url), "--verbose", "--out", "out.ndjson")
        said = [desk.run(*words, *more) for more in ((), ("--json",))]
    assert all(KEY not in one.out + one.err for one in said)
    for path in desk.folder.rglob("*"):
        assert not path.is_file() or KEY.encode() not in path.read_bytes()


def test_the_plan_says_what_it_costs_and_where_it_goes(desk: Desk) -> None:
    with serve() as sandbox:
        done = desk.run("backfill", CAMPAIGN, *to(sandbox.url))
    for words in (
        "400 read = 400 mapped + 0 rejected + 0 filtered",
        f"{MESSAGES} API calls in about",
        "new tracked users",
        "--events-per-second",
        "--integration All=false",
        "--until to its start date",
        sandbox.url,
        "sent as properties: Mail Client, region",
    ):
        assert words in done.err


def test_the_summary_has_both_equations_on_stdout_and_says_what_to_do_next(desk: Desk) -> None:
    with serve() as sandbox:
        done = desk.run("backfill", CAMPAIGN, *to(sandbox.url))
    assert "400 read = 400 mapped + 0 rejected + 0 filtered" in done.out
    assert re.search(
        rf"{MESSAGES} built = {MESSAGES} accepted \+ 0 already accepted \+ 0 duplicate \+ 0 refused", done.out
    )
    assert "delivery overview" in done.out.splitlines()[-1]
    assert "delivered." not in done.out.replace("not yet delivered.", "")


def test_quiet_leaves_out_the_talk(desk: Desk) -> None:
    with serve() as sandbox:
        done = desk.run("backfill", CAMPAIGN, *to(sandbox.url), "--quiet")
    assert done.err == ""
    assert "Summary" in done.out


def wait_until(told: Callable[[], bool]) -> None:
    """Wait for another process to come so far."""
    tick = threading.Event()
    for _ in range(int(PATIENCE_S / 0.02)):
        if told():
            return
        tick.wait(0.02)
    pytest.fail("the other process did not come so far")


@pytest.mark.parametrize(
    ("name", "code"), [("SIGINT", 130), pytest.param("SIGTERM", 143, marks=pytest.mark.slow)]
)
def test_a_signal_ends_a_delivery_with_everything_settled_and_resumable(
    desk: Desk, name: str, code: int
) -> None:
    rows = desk.file("many.csv", *(opened(f"u{n}") for n in range(200)))
    with serve() as sandbox:
        words = ("backfill", rows, "--json", *to(sandbox.url), "--events-per-second", "20")
        child = subprocess.Popen(
            command(*words), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=desk.folder
        )
        wait_until(lambda: sandbox.stats()["unique"] > 0)
        child.send_signal(getattr(signal, name))
        out, _ = child.communicate(timeout=PATIENCE_S)
        report = json.loads(out)
        resumed = send(desk, sandbox, rows)
        stats = sandbox.stats()
    assert (child.returncode, report["exit_code"], report["error"]["code"]) == (code, code, "interrupted")
    assert events_balance(report)
    assert 0 < report["events"]["accepted"] < 200
    assert report["events"]["in_doubt"] == 0
    assert "run the same command again" in report["error"]["hint"]
    assert resumed["events"]["already_accepted"] == report["events"]["accepted"]
    assert (stats["unique"], stats["duplicate"]) == (200, 0)
