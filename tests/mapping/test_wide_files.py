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


LOG = f"{EVENT},sent_at,opened_at,clicked_at"
OPENED = "Email Opened,u1,c,e,2024-03-01T10:00:00Z,2024-03-02T09:30:00Z,"
CLICKED = "Link Clicked,u1,c,e,2024-03-01T10:00:00Z,2024-03-02T09:30:00Z,2024-03-02T09:31:00Z"


def test_where_several_events_have_a_column_of_times_only_a_profile_is_offered(desk: Desk) -> None:
    desk.file("b.csv", OPENED, CLICKED, header=LOG)
    refused = desk.run("validate", "b.csv", "--json")
    assert refused.code == 4
    hint = refused.json["error"]["hint"]
    assert "infl-seg inspect b.csv --save PROFILE.toml" in hint
    assert "--map" not in hint


def test_a_date_beside_two_events_times_is_settled_by_a_profile_too(desk: Desk) -> None:
    desk.file("b.csv", OPENED, CLICKED, header=LOG.replace("sent_at", "date"))
    refused = desk.run("validate", "b.csv")
    assert (refused.code, "--map" in refused.err) == (4, False)


def test_no_event_gets_the_time_of_another_one(desk: Desk) -> None:
    desk.file("b.csv", OPENED, CLICKED, OPENED.replace("Email Opened", "unique open"), header=LOG)
    words = ("--map", "timestamp=opened_at", "--dry-run", "--out", "b.ndjson", "--max-errors", "1")
    done = desk.run("backfill", "b.csv", *words, "--json")
    assert done.json["rows"]["rejected"] == 1
    assert [problem["code"] for problem in done.json["problems"] if problem["severity"] == "error"] == [
        "time-of-another-event"
    ]
    assert [message["event"] for message in desk.messages("b.ndjson")] == [
        "Email Opened",
        "Email Unique Opens",
    ]


def test_ndjson_and_a_profiles_field_give_no_event_the_time_of_another_one(desk: Desk) -> None:
    record = dict(zip(LOG.split(","), CLICKED.split(","), strict=True))
    (desk.folder / "b.ndjson").write_text(json.dumps(record) + "\n", encoding="utf-8")
    fields = 'event = "event"\nuserId = "userId"\ntimestamp = "opened_at"\n'
    (desk.folder / "p.toml").write_text(f"profile = 1\n[fields]\n{fields}", encoding="utf-8")
    refused = desk.run("validate", "b.ndjson", "--profile", "p.toml")
    assert (refused.code, "time-of-another-event" in refused.out + refused.err) == (1, True)


@pytest.mark.parametrize(
    ("words", "row"),
    [
        (("--map", "timestamp=clicked_at"), CLICKED),
        (("--map", "timestamp=clicked_at"), CLICKED.replace("Link Clicked", "unique click")),
        (("--map", "timestamp=sent_at"), CLICKED),
        (
            ("--map", "timestamp=opened_at", "--unknown-events", "send"),
            CLICKED.replace("Link Clicked", "Replied"),
        ),
        (("--map", "timestamp=opened_at", "--unknown-events", "skip"), OPENED),
    ],
)
def test_a_time_of_the_rows_own_event_or_of_none_is_taken(
    words: tuple[str, ...], row: str, desk: Desk
) -> None:
    desk.file("b.csv", row, header=LOG)
    done = desk.run("validate", "b.csv", *words)
    assert (done.code, "time-of-another-event" in done.out + done.err) == (0, False)


def test_a_profile_that_gives_an_event_another_ones_time_says_so_itself(desk: Desk) -> None:
    desk.file("b.csv", CLICKED, header=LOG)
    block = '[[event]]\nname = "Link Clicked"\ntimestamp = "opened_at"\n'
    (desk.folder / "p.toml").write_text(f"profile = 1\n{block}", encoding="utf-8")
    done = desk.run("validate", "b.csv", "--profile", "p.toml")
    assert "time-of-another-event" not in done.out + done.err


@pytest.mark.parametrize(
    ("name", "cell", "opened", "told"),
    [
        ("event_date", "2024-03-01", "2024-03-02T09:30:00Z", True),
        ("event_date", "2024-03-01T10:00:00Z", "2024-03-02T09:30:00Z", True),
        ("event_time", "2024-03-01T10:00:00Z", "2024-03-02T09:30:00Z", True),
        ("occurred_at", "2024-03-01 10:00:00+00:00", "2024-03-01T10:05:00Z", True),
        ("activity_timestamp", "1709287200", "2024-03-02T09:30:00Z", True),
        ("event_time", "2024-03-01 10:00:00+00:00", "2024-03-01T10:00:00Z", False),
        ("event_time", "2024-03-01T10:00:02Z", "2024-03-01T10:00:00Z", False),
        ("event_date", "2024-03-02", "2024-03-02T09:30:00Z", False),
        ("event_time", "2024-03-01T10:00:00Z", "", False),
        ("timestamp", "2024-03-01T10:00:00Z", "2024-03-02T09:30:00Z", False),
    ],
)
def test_a_time_that_differs_from_the_events_own_is_told(
    name: str, cell: str, opened: str, told: bool, desk: Desk
) -> None:
    desk.file("b.csv", f"open,u1,c,e,{cell},{opened}", header=f"{EVENT},{name},opened_at")
    done = desk.run("validate", "b.csv", "--json")
    codes = {problem["code"] for problem in done.json["problems"]}
    assert ("times-differ" in codes) is told
    settled = desk.run("validate", "b.csv", "--map", f"timestamp={name}", "--json")
    assert "times-differ" not in {problem["code"] for problem in settled.json["problems"]}


def test_a_time_that_another_events_column_contradicts_is_not_told(desk: Desk) -> None:
    desk.file("b.csv", CLICKED.replace("sent_at", "x"), header=f"{EVENT},event_time,opened_at,x")
    assert "times-differ" not in desk.run("validate", "b.csv", "--json").out


def test_a_profile_that_binds_by_name_is_told_of_a_time_that_differs(desk: Desk) -> None:
    desk.file("b.csv", OPENED, header=f"{EVENT},event_time,opened_at,x")
    (desk.folder / "p.toml").write_text("profile = 1\n", encoding="utf-8")
    assert "times-differ" in desk.run("validate", "b.csv", "--profile", "p.toml", "--json").out
