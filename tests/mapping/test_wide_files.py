"""Files of one row a message: events get the time of their own column, or the user is asked which one is meant."""

import json
from pathlib import Path

import pytest
from command_support import Desk

HEADER = "contact_id,campaign_id,email_id,sent_at,opened_at,status"
ROWS = (
    "p1,c,e,2024-03-01T10:00:00Z,2024-03-02T09:30:00Z,Opened",
    "p2,c,e,2024-03-01T10:00:00Z,2024-03-03T11:00:00Z,Opened",
    "p3,c,e,2024-03-01T10:00:00Z,,Sent",
)
BY_STATUS = ("--map", "event=status", "--unknown-events", "skip")
EVENT = "event,userId,campaign_id,email_id"


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk.at(tmp_path, monkeypatch)


@pytest.mark.parametrize("command", [("validate",), ("backfill", "--dry-run"), ("backfill", "--rehearse")])
def test_the_time_of_sending_is_no_openings_time_until_the_user_says_so(
    command: tuple[str, ...], desk: Desk
) -> None:
    desk.file("b.csv", *ROWS, header=HEADER)
    refused = desk.run(command[0], "b.csv", *command[1:], *BY_STATUS, "--json")
    error = refused.json["error"]
    assert refused.code == 4
    assert "“sent_at”" in error["message"]
    assert "“opened_at” is the time of Email Opened" in error["message"]
    assert "--map timestamp=opened_at" in error["hint"]
    assert "--map timestamp=sent_at" in error["hint"]


@pytest.mark.parametrize(
    ("column", "days"),
    [("opened_at", ["2024-03-02", "2024-03-03"]), ("sent_at", ["2024-03-01", "2024-03-01"])],
)
def test_the_users_word_settles_it(column: str, days: list[str], desk: Desk) -> None:
    desk.file("b.csv", *ROWS, header=HEADER)
    words = (*BY_STATUS, "--map", f"timestamp={column}", "--dry-run", "--out", "b.ndjson")
    assert desk.run("backfill", "b.csv", *words).code == 0
    assert [message["timestamp"][:10] for message in desk.messages("b.ndjson")] == days


def test_ndjson_and_a_profile_without_fields_are_asked_as_well(desk: Desk) -> None:
    names = HEADER.split(",")
    records = [dict(zip(names, row.split(","), strict=True)) for row in ROWS]
    text = "".join(json.dumps(record) + "\n" for record in records)
    (desk.folder / "b.ndjson").write_text(text, encoding="utf-8")
    (desk.folder / "p.toml").write_text('profile = 1\n[options]\nunknown_events = "skip"\n', encoding="utf-8")
    refused = desk.run("validate", "b.ndjson", "--map", "event=status", "--profile", "p.toml")
    assert (refused.code, "the time would be “sent_at”" in refused.err) == (4, True)


def test_inspect_proposes_the_event_of_a_column_of_times_in_front_of_a_status(desk: Desk) -> None:
    desk.file("b.csv", *ROWS, header=HEADER)
    said = desk.run("inspect", "b.csv", "--save", "b.toml").out
    assert "could be  Email Opened at “opened_at”, 2 rows" in said
    assert "event=status" not in said
    done = desk.run("backfill", "b.csv", "--profile", "b.toml", "--dry-run", "--out", "b.ndjson")
    assert done.code == 0
    assert [(message["event"], message["timestamp"][:10]) for message in desk.messages("b.ndjson")] == [
        ("Email Opened", "2024-03-02"),
        ("Email Opened", "2024-03-03"),
    ]


@pytest.mark.parametrize(
    "name",
    ["opened_at", "Clicked On", "last_email_opened_at", "Open Date", "bounce_timestamp", "FirstOpened"],
)
def test_a_column_is_named_after_an_event_in_any_common_spelling(name: str, desk: Desk) -> None:
    row = "open,u1,c,e,2024-03-01T10:00:00Z,2024-03-02T09:30:00Z"
    desk.file("b.csv", row, header=f"{EVENT},createdAt,{name}")
    refused = desk.run("validate", "b.csv")
    assert (refused.code, f"“{name}” is the time of" in refused.err) == (4, True), refused.err


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("timestamp,opened_at,sent_at", "2024-03-01T10:00:00Z,2024-03-02T09:30:00Z,2024-02-01T00:00:00Z"),
        ("event_time,opened_at", "2024-03-01T10:00:00Z,2024-03-02T09:30:00Z"),
        ("sent_at,opened_at", "2024-03-01T10:00:00Z,"),
        ("sent_at,opened_at", "2024-03-01T10:00:00Z,yes"),
        ("created_at,delivery", "2024-03-01T10:00:00Z,sms"),
        ("created_at,updated_at", "2024-03-01T10:00:00Z,2024-03-02T09:30:00Z"),
        ("date,opened_at", "2024-03-01T10:00:00Z,2024-03-01T10:00:00Z"),
        ("date,clicked_at", "2024-03-01T10:00:00Z,2024-03-02T09:30:00Z"),
    ],
)
def test_a_log_of_events_with_a_time_of_their_own_is_not_asked(header: str, row: str, desk: Desk) -> None:
    desk.file("b.csv", f"open,u1,c,e,{row}", header=f"{EVENT},{header}")
    assert desk.run("validate", "b.csv").code == 0


def test_a_date_that_contradicts_the_events_own_time_is_asked_about(desk: Desk) -> None:
    row = "open,u1,c,e,2024-03-01T10:00:00Z,2024-03-02T09:30:00Z"
    desk.file("b.csv", row, header=f"{EVENT},date,opened_at")
    refused = desk.run("validate", "b.csv")
    assert (refused.code, "--map timestamp=opened_at" in refused.err) == (4, True)
