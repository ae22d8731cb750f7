"""The sentences that new users did not understand, each in the plain form that replaced it.

The question before sending (6) is in test_backfill_command.py, on a terminal.
"""

import re
from pathlib import Path
from typing import Final

import pytest
from command_support import BROKEN, FAST, KEY, Desk, opened

from inflection_cli.sandbox import Settings, SourceState, serve
from inflection_cli.sandbox.faults import parse_faults

NO_ANSWER: Final = "http://127.0.0.1:9"
LOCAL: Final = "timestamp,event,userId,email_id,campaign_id"


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk.at(tmp_path, monkeypatch)


def to(url: str, *words: str) -> tuple[str, ...]:
    return ("--endpoint", url, "--write-key", KEY, "--namespace", "n", *FAST, *words)


def test_1_the_zones_that_are_excluded_and_those_that_are_possible(desk: Desk) -> None:
    desk.file("a.csv", "2024-03-31 02:30:00,Email Opened,u1,e1,c1", header=LOCAL)
    out = desk.run("inspect", "a.csv").out
    assert (
        "1 times have no time zone. Excluded (times fall in a DST gap): Europe/Berlin (1). Possible: UTC, "
        in out
    )
    assert "--timezone NAME, for example UTC or Europe/London" in out


def test_2_the_column_of_event_names_is_proposed(desk: Desk) -> None:
    desk.file(
        "a.csv",
        *(f"Email Opened,Ada,2024-03-01T09:30:0{n}Z,u{n}" for n in range(9)),
        header="What happened,Client,timestamp,userId",
    )
    out = desk.run("inspect", "a.csv").out
    assert "no event-name column recognised. Best match: “What happened” (its cells are event names)" in out
    assert "--map event='What happened'" in out
    refused = desk.run("validate", "a.csv")
    assert "a.csv: no event-name column recognised" in refused.err


def test_3_and_4_an_unknown_event_is_named_with_its_rows(desk: Desk) -> None:
    desk.file("a.csv", *(opened(f"u{n}").replace("Email Opened", "Email Sent") for n in range(7)))
    out = desk.run("validate", "a.csv", "--show-values").out
    assert "error event-unknown (7 rows): The event name is not one of Inflection's nine." in out
    assert "unknown event “Email Sent” (7 rows)" in out


def test_5_the_other_rows_can_be_sent_anyway(desk: Desk) -> None:
    desk.file("a.csv", *(opened(f"u{n}") for n in range(200)), opened("u1").replace("Opened", "Gone"))
    assert desk.run("validate", "a.csv").out.splitlines()[-1] == (
        "1 of 201 rows (under 1 %) would be rejected. Fix the errors above. To send the 200 other rows anyway: "
        "backfill --max-errors 1"
    )


def test_7_the_live_source_is_named_in_a_full_sentence(desk: Desk) -> None:
    desk.file("a.csv", opened("u1"))
    err = " ".join(desk.run("backfill", "a.csv", "--dry-run").err.split())
    assert (
        "If the live Inflection source is connected, set --until to its start date. Otherwise events are duplicated."
        in err
    )


def test_8_9_and_10_unconfirmed_events_and_the_three_ways_on(desk: Desk) -> None:
    desk.file("a.csv", *(opened("u1", n) for n in range(3)))
    with serve(Settings(faults=parse_faults("ack-503=1"))) as sandbox:
        first = desk.run("backfill", "a.csv", *to(sandbox.url, "--yes"))
        again = desk.run("backfill", "a.csv", *to(sandbox.url, "--yes"))
    run = re.search(r"runs settle (\S+) --accepted", first.err)
    assert (first.code, again.code, bool(run)) == (7, 7, True)
    assert "3 unconfirmed (not retried; add --resend-in-doubt) · 0 to send" in again.err
    assert (
        "3 events are unconfirmed: they were sent, but not answered. Sending again could create duplicates, "
        "because this endpoint's deduplication window is 0 h" in again.err
    )
    assert run is not None
    ways = [line for line in again.err.splitlines() if line.startswith("  → ")]
    assert ways[:3] == [
        f"  → Present in the warehouse: infl-seg runs settle {run[1]} --accepted",
        f"  → Absent from it: infl-seg runs settle {run[1]} --pending, then run the same command again",
        "  → Not sure, and duplicates are acceptable: the same command with --resend-in-doubt",
    ]


def test_11_giving_up_names_the_cause(desk: Desk) -> None:
    desk.file("a.csv", opened("u1"))
    done = desk.run("backfill", "a.csv", *to(NO_ANSWER, "--yes", "--patience", "100ms"))
    assert re.search(
        r"error: Gave up after .* \(--patience\): .*connection refused by 127\.0\.0\.1:9", done.err
    )


def test_12_a_missing_confirmation_says_what_is_missing(desk: Desk) -> None:
    desk.file("a.csv", opened("u1"))
    err = desk.run("backfill", "a.csv", *to(NO_ANSWER)).err
    assert (
        "error: confirmation required, but stdin is not a terminal\n  → review the plan, then add --yes: infl-seg"
        in err
    )


def test_13_a_test_that_is_refused_says_what_the_answer_was(desk: Desk) -> None:
    with serve(Settings(faults=parse_faults("400=1"))) as sandbox:
        done = desk.run("send-test", "--endpoint", sandbox.url, "--write-key", KEY)
    assert re.search(r"error: All 10 test messages were rejected: HTTP 400", done.err)
    assert "→ check --write-key and --endpoint" in done.err
    assert "infl-seg send-test" not in done.err


def test_14_a_clean_file_is_followed_by_the_command_to_type(desk: Desk) -> None:
    desk.file("ok.csv", opened("u1"))
    for typed in ("validate ok.csv --until 2025-01-01", "validate --limit 9 -- ok.csv"):
        (last,) = desk.run(*typed.split()).out.splitlines()[-1:]
        following = last.partition("No problems found. Next: infl-seg ")[2].split()
        done = desk.run(*following)
        assert (done.code, "1 event would be sent" in done.out) == (0, True), last


def test_15_a_rate_limit_is_called_one() -> None:
    from inflection_cli.reporting.plan_text import _paused_words

    assert _paused_words(64.0, {"429": 3, "200": 9}) == "rate-limited for 1 min 4 s (HTTP 429)"
    assert _paused_words(64.0, {"503": 3}) == "paused for 1 min 4 s"


def test_16_an_interruption_says_that_open_requests_were_finished() -> None:
    from inflection_cli.reporting.run_receipt import MEANINGS

    assert MEANINGS[130] == "interrupted (Ctrl-C); open requests were finished"


def test_17_an_internal_error_is_called_a_bug(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("inflection_cli.inspecting.shape_groups.shape_groups", broken)
    desk.file("a.csv", opened("u1"))
    done = desk.run("inspect", "a.csv")
    assert done.code == 70
    assert re.search(
        r"error: internal error \(bug\): ZeroDivisionError at .*\n  → please report it", done.err
    )


def test_18_a_fix_is_called_a_fix(desk: Desk) -> None:
    assert re.search(r"^  fix +--unknown-events skip", desk.run("explain", "event-unknown").out, re.MULTILINE)


def test_19_a_time_that_cannot_be_parsed(desk: Desk) -> None:
    desk.file("a.csv", opened("u1"))
    err = desk.run("validate", "a.csv", "--since", "yesterday").err
    assert "error: --since: cannot parse 'yesterday' as a date or time" in err
    assert "2024-03-01 or" in err
    assert "2024-03-01T09:30:00Z" in err


def test_20_a_missing_column_of_email_ids_is_named(desk: Desk) -> None:
    desk.file("a.csv", "Email Opened,u1,c1,2024-03-01T09:30:00Z", header="event,userId,campaign_id,timestamp")
    out = desk.run("validate", "a.csv").out
    assert (
        "column “email_id”: no email_id column: events of one campaign have no email to distinguish them"
        in out
    )


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("runs --help", "List, inspect, verify and resolve past runs."),
        ("runs verify --help", "Check that events were sent, in the ledger or at the destination."),
        ("backfill --help-all", "How to handle unknown event names."),
        ("backfill --help-all", "Label for the destination in the ledger"),
        ("backfill --help-all", "Ignore infl-seg.toml"),
        ("backfill --help-all", "Inflection=false is always set"),
        ("backfill --help-all", "Time format, e.g."),
        ("backfill --help-all", "Refuse compressed files that expand"),
    ],
)
def test_21_22_23_25_and_runners_up_in_help(
    command: str, words: str, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    assert words in " ".join(desk.run(*command.split()).out.split())


def test_24_a_folder_of_rejects_is_answered_with_the_command(desk: Desk) -> None:
    desk.run("backfill", BROKEN, "--dry-run", "--rejects", "r")
    done = desk.run("validate", "r")
    assert "A folder of rejects is not read as a whole" in done.err
    assert "→ name its file: infl-seg backfill r/broken.rejects.csv" in done.err


def test_the_runners_up_of_reports(desk: Desk) -> None:
    desk.file("a.csv", opened("u1"), opened("u1"))
    out = desk.run("validate", "a.csv").out
    assert "1 duplicate of another event of the input, not sent" in out
    with serve(Settings(source=SourceState())) as sandbox:
        desk.run("backfill", "a.csv", *to(sandbox.url, "--yes", "--anonymous-id-from", "email"))
    assert "True" not in desk.run("runs", "show", "last").out
