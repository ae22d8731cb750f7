"""Columns that inspect never makes a ready option for a person or a time, and files it must not misread."""

import json
from pathlib import Path

import pytest
from command_support import Desk

ROWS = 12


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk.at(tmp_path, monkeypatch)


def said_of(desk: Desk, column: str, other: str) -> str:
    """Give what inspect says of a file whose person or time can only be in one column."""
    times = [f"2024-03-0{at % 9 + 1}T08:00:00Z" for at in range(ROWS)]
    people = [f"v{at % 3}" for at in range(ROWS)]
    cells = zip(*((people, times) if other == "timestamp" else (times, people)), strict=True)
    desk.file(
        "a.csv",
        *(f"open,{one},{two},c1,e1" for one, two in cells),
        header=f"event,{column},{other},campaign_id,email_id",
    )
    return desk.run("inspect", "a.csv").out


@pytest.mark.parametrize(
    "column",
    [
        *("customer_tier", "lead_status", "lead_score", "user_role", "contact_type", "customer_since"),
        *("recipient_domain", "subscriber_segment", "lead_source_id", "subscriber_list_id", "user_device_id"),
    ],
)
def test_a_column_beside_a_person_is_no_ready_option_for_one(desk: Desk, column: str) -> None:
    said = said_of(desk, column, "timestamp")
    assert "--map userId=COLUMN" in said
    assert f"userId={column}" not in said


@pytest.mark.parametrize("column", ["prospect_id", "subscriber_key", "customer_number"])
def test_a_column_of_people_is_one(desk: Desk, column: str) -> None:
    assert f"--map userId={column}" in said_of(desk, column, "timestamp")


@pytest.mark.parametrize(
    "column",
    [
        *("birthday", "dob", "expires_at", "last_login", "signup_date", "subscribed_at", "registered_at"),
        *("scheduled_at", "launch_date", "send_time", "campaign_sent_at", "deleted_at", "updated_at"),
        *("uploaded_at", "processed_at", "report_date", "_PARTITIONTIME", "_batched_at"),
    ],
)
def test_a_time_of_something_else_is_no_ready_option_for_the_events(desk: Desk, column: str) -> None:
    said = said_of(desk, column, "user_id")
    assert "--map timestamp=COLUMN" in said
    assert f"timestamp={column}" not in said


def test_an_object_is_no_address(desk: Desk) -> None:
    lines = [
        {
            "event": "open",
            "timestamp": 1_700_000_000 + at,
            "campaign_id": "c",
            "email": {"id": "e", "to": f"u{at}@x.example"},
        }
        for at in range(6)
    ]
    (desk.folder / "a.ndjson").write_text(
        "".join(f"{json.dumps(each)}\n" for each in lines), encoding="utf-8"
    )
    done = desk.run("validate", "a.ndjson", "--user-id-from", "email", "--json")
    assert json.loads(done.out)["rows"]["mapped"] == 0
    assert "id-not-text" in {each["code"] for each in json.loads(done.out)["problems"]}


def test_a_row_that_has_a_cell_too_many_is_not_a_header(desk: Desk) -> None:
    rows = [f"Email Opened,Mar {at + 1}, 2024 8:00 AM,u{at % 3},c1,e1" for at in range(20)]
    desk.file("a.csv", *rows, header="event,timestamp,userId,campaign_id,email_id")
    assert "--header-line" not in desk.run("inspect", "a.csv").out


def test_a_format_that_does_not_read_all_times_is_not_said_to(desk: Desk) -> None:
    rows = [
        f"Email Opened,{at + 5}. {month} 2024 08:00,u1,c1,e1" for at, month in enumerate(["April", "März"])
    ]
    desk.file("a.csv", *rows, header="event,timestamp,userId,campaign_id,email_id")
    said = desk.run("inspect", "a.csv").out
    assert "reads all of them but 1" in said or "reads all of them" not in said


def test_activity_of_other_channels_is_not_called_complete(desk: Desk) -> None:
    rows = [
        f"open,{('email', 'sms')[at % 2]},2024-03-0{at % 9 + 1}T08:00:00Z,u{at % 3},c1,e1" for at in range(20)
    ]
    desk.file("a.csv", *rows, header="event,channel,timestamp,userId,campaign_id,email_id")
    said = desk.run("inspect", "a.csv").out
    assert "Nothing is missing" not in said
    assert "its [[event]] when keeps the rows of email" in said
    assert said.splitlines()[-1].startswith("Next: infl-seg inspect a.csv --save")
