"""`--event-name` and `--skip-event`: an export's own event names without a profile."""

import json
from pathlib import Path

import pytest
from command_support import Desk, rows_balance

SENT = "Sent,u1,,e1,c1,2024-03-01T10:00:00Z"
HARD = "Hard Bounce,u2,,e1,c1,2024-03-01T10:01:00Z"
OPENED = "Opened,u3,,e1,c1,2024-03-01T10:02:00Z"
SAID = ("--event-name", "hard bounce=Email Bounced", "--skip-event", "SENT")


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    desk = Desk.at(tmp_path, monkeypatch)
    desk.file("a.csv", SENT, HARD, OPENED)
    return desk


def test_a_named_event_is_sent_as_inflections_and_a_skipped_one_is_counted(desk: Desk) -> None:
    report = desk.run("backfill", "a.csv", *SAID, "--dry-run", "--out", "m.ndjson", "--json")
    assert report.code == 0, report.err
    assert rows_balance(report.json)
    assert report.json["rows"]["filtered"] == 1
    assert [each["event"] for each in desk.messages("m.ndjson")] == ["Email Bounced", "Email Opened"]


def test_its_id_is_that_of_the_event_under_inflections_own_name(desk: Desk) -> None:
    desk.file("b.csv", HARD.replace("Hard Bounce", "Email Bounced"))
    desk.run("backfill", "a.csv", *SAID, "--dry-run", "--out", "a.ndjson")
    desk.run("backfill", "b.csv", "--dry-run", "--out", "b.ndjson")
    assert desk.messages("a.ndjson")[0]["messageId"] == desk.messages("b.ndjson")[0]["messageId"]


def test_a_skipped_event_is_told_by_the_option_that_skips_it(desk: Desk) -> None:
    told = desk.run("validate", "a.csv", *SAID)
    assert "1 left out by --skip-event" in told.out + told.err


def test_inspect_knows_the_names_and_a_saved_profile_reads_them(desk: Desk) -> None:
    found = desk.run("inspect", "a.csv", "--event-name", "Hard Bounce=Email Bounced", "--json").json
    names = {each["name"]: each["becomes"] for each in found["files"][0]["events"]}
    assert names == {"“xxxx”": None, "Hard Bounce": "Email Bounced", "Opened": "Email Opened"}
    left = desk.run("inspect", "a.csv", *SAID, "--json", "--save", "p.toml").json
    becomes = {each["name"]: each["becomes"] for each in left["files"][0]["events"]}
    assert becomes["Sent"] == "left out"
    assert 'values = { "hard bounce" = "Email Bounced" }' in Path("p.toml").read_text()
    by_profile = desk.run("validate", "a.csv", "--profile", "p.toml", "--json")
    assert by_profile.json["by_event"] == {"Email Bounced": 1, "Email Opened": 1}


def test_what_a_profile_makes_of_a_cell_is_named_too(desk: Desk) -> None:
    Path("p.toml").write_text(
        'profile = 1\n[fields]\nevent = "event"\nuserId = "userId"\ntimestamp = "timestamp"\n'
        'campaign_id = "campaign_id"\nemail_id = "email_id"\n'
    )
    report = desk.run("validate", "a.csv", "--profile", "p.toml", *SAID, "--json").json
    assert report["by_event"] == {"Email Bounced": 1, "Email Opened": 1}


def test_the_project_file_sets_both(desk: Desk) -> None:
    Path("infl-seg.toml").write_text('skip_event = "Sent"\n[event_name]\n"Hard Bounce" = "Email Bounced"\n')
    assert desk.run("validate", "a.csv", "--json").json["by_event"] == {"Email Bounced": 1, "Email Opened": 1}


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (("--event-name", "Sent=Email Openned"), "none of Inflection's", "--event-name 'Sent=Email Opened'"),
        (("--event-name", "Sent"), "is not NAME=VALUE", "--event-name 'Hard Bounce=Email Bounced'"),
        (("--event-name", "sent=open", "--skip-event", "Sent"), "given twice", "keep one"),
        (("--skip-event", " "), "needs an event name", "--skip-event Sent"),
    ],
)
def test_what_names_nothing_is_refused_with_words(
    desk: Desk, words: tuple[str, ...], message: str, hint: str
) -> None:
    refused = desk.run("validate", "a.csv", *words, "--json")
    said = json.dumps(refused.json["error"], ensure_ascii=False)
    assert refused.code == 2
    assert message in said
    assert hint in said


def test_another_name_is_allowed_where_unknown_events_are_sent(desk: Desk) -> None:
    words = ("--event-name", "Sent=Email Handed Over", "--unknown-events", "send")
    desk.run("backfill", "a.csv", *words, "--dry-run", "--out", "m.ndjson")
    assert desk.messages("m.ndjson")[0]["event"] == "Email Handed Over"


def test_the_rows_that_an_unknown_event_rejects_are_saved_by_the_hint(desk: Desk) -> None:
    told = desk.run("validate", "a.csv", "--report", "text", "--max-errors", "9")
    assert "--skip-event NAME" in told.out + told.err
