"""What an inspection leaves to the user, and how a draft says so: addresses, ids, channels, times, numbers."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from command_support import Desk

pytestmark = pytest.mark.slow

ROWS = 12
EVENT = "event,campaign_id,email_id"


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk.at(tmp_path, monkeypatch)


def exported(desk: Desk, columns: dict[str, list[str]]) -> None:
    """Write `a.csv` with these columns beside those of an event."""
    at = [f"2024-03-0{n % 9 + 1}T08:00:0{n % 7}Z" for n in range(ROWS)]
    given = {"event": ["open"], "campaign_id": ["c"], "email_id": ["e"], "timestamp": at, **columns}
    cells = [[column[n % len(column)] for column in given.values() if column] for n in range(ROWS)]
    lines = [",".join(name for name, column in given.items() if column), *map(",".join, cells)]
    (desk.folder / "a.csv").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def inspected(desk: Desk, *words: str) -> tuple[dict[str, Any], str]:
    """Inspect `a.csv`; give the report and the draft."""
    done = desk.run("inspect", "a.csv", "--save", "p.toml", "--force", "--json", *words)
    assert done.code == 0, done.err
    return done.json["files"][0], (desk.folder / "p.toml").read_text(encoding="utf-8")


def options_of(report: dict[str, Any]) -> list[str]:
    return [each["option"] for each in report["missing"]]


def line_of(draft: str, key: str) -> str:
    (line,) = [line for line in draft.splitlines() if line.startswith(f"{key} = ")]
    return line


# --- addresses -----------------------------------------------------------------------------------

SENDER = ["news@brand.example"]
RECIPIENTS = [f"u{n}@x.example" for n in range(4)]


@pytest.mark.parametrize("other", ["to_addr", "contact_address", "E-Mail-Adresse"])
@pytest.mark.parametrize("cells", [RECIPIENTS, [f"U N <{each}>" for each in RECIPIENTS]])
def test_a_second_column_of_addresses_leaves_the_persons_open(
    other: str, cells: list[str], desk: Desk
) -> None:
    exported(desk, {"email": SENDER, other: cells})
    report, draft = inspected(desk)
    (option,) = options_of(report)
    assert option.startswith("--map email=COLUMN --user-id-from email")
    assert option.count("--map email=COLUMN") == 2
    assert line_of(draft, "email") == (
        f'email = "FILL IN"  # FILL IN: several columns could be it; write "email" or "{other}"'
    )
    assert {each["name"] for each in report["columns"] if each["tied_with"]} == {"email", other}
    refused = desk.run("validate", "a.csv", "--json")
    hint = refused.json["error"]["hint"]
    assert hint.startswith("name the recipient's: --map email=email or --map email=")
    assert desk.run("validate", "a.csv", "--map", f"email={other}", "--user-id-from", "email").code == 0


@pytest.mark.parametrize(
    "columns",
    [
        {"email": RECIPIENTS, "from_email": SENDER},
        {"email": RECIPIENTS, "reply_to": SENDER},
        {"email": RECIPIENTS, "note": ["write to a@x.example"]},
    ],
)
def test_a_senders_column_beside_it_leaves_nothing_open(columns: dict[str, list[str]], desk: Desk) -> None:
    exported(desk, columns)
    report, draft = inspected(desk)
    assert options_of(report)[0].startswith("--user-id-from email")
    assert tomllib.loads(draft)["fields"]["email"] == "email"


def test_an_export_with_a_persons_id_is_not_asked_for_addresses(desk: Desk) -> None:
    exported(desk, {"user_id": ["u1", "u2"], "email": SENDER, "to_addr": RECIPIENTS})
    report, draft = inspected(desk)
    assert not options_of(report)
    assert tomllib.loads(draft)["fields"]["email"] == "email"


def test_a_list_of_people_with_two_addresses_has_no_ready_option_for_one(desk: Desk) -> None:
    desk.file(
        "people.csv",
        *(f"a{n}@x.example,b{n}@x.example,Ada,Byron" for n in range(4)),
        header="email,manager_mail,first_name,last_name",
    )
    assert "--user-id-from email" not in desk.run("inspect", "people.csv").out.replace("COLUMN --user", "")


# --- ids beside addresses ------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["uid", "UID", "contact_key", "contactkey", "memberNo", "subscriber id"])
def test_ids_of_people_beside_addresses_are_proposed(name: str, desk: Desk) -> None:
    exported(desk, {"email": RECIPIENTS, name: [f"k{n}" for n in range(4)]})
    report, draft = inspected(desk)
    (option,) = options_of(report)
    assert option in {f"--map userId={name}", f"--map userId='{name}'"}
    assert line_of(draft, "userId").endswith(f'perhaps "{name}"')


@pytest.mark.parametrize("name", ["key", "id", "guid"])
def test_ids_that_come_as_often_as_addresses_are_named_and_not_ready(name: str, desk: Desk) -> None:
    exported(desk, {"email": RECIPIENTS, name: [f"k{n}" for n in range(4)]})
    report, draft = inspected(desk)
    assert options_of(report) == ["--map userId=COLUMN"]
    assert line_of(draft, "userId").endswith(f'perhaps "{name}"')


def test_a_uid_of_each_row_is_no_ready_option(desk: Desk) -> None:
    rows = [str(1000 + n) for n in range(ROWS)]
    exported(desk, {"email": RECIPIENTS, "uid": rows})
    assert not inspected(desk)[0]["missing"][0]["option"].startswith("--map userId")
    exported(desk, {"email": [f"u{n}@x.example" for n in range(ROWS)], "uid": rows})
    assert options_of(inspected(desk)[0]) == ["--map userId=COLUMN"]


@pytest.mark.parametrize("name", ["account_no", "message_id", "variant"])
def test_ids_of_something_else_beside_addresses_are_not_named(name: str, desk: Desk) -> None:
    exported(desk, {"email": RECIPIENTS, name: [f"k{n}" for n in range(4)]})
    assert options_of(inspected(desk)[0])[0].startswith("--user-id-from email")


# --- other channels ------------------------------------------------------------------------------

PEOPLE = ["u1", "u2", "u3", "u1"]


@pytest.mark.parametrize(
    ("column", "cells", "test", "kept"),
    [
        ("channel", ["email", "sms", "Email", "push"], {"equals": ["email"]}, 6),
        ("Message Type", ["Email Message", "SMS", "In-App"], {"equals": ["email message"]}, 4),
        ("medium", ["sms", "newsletter"], {"not_equals": ["sms"]}, 6),
        ("channel", ["web", "mail"], {"equals": ["mail"]}, 6),
    ],
)
def test_a_draft_keeps_the_rows_of_other_channels_out(
    column: str, cells: list[str], test: dict[str, list[str]], kept: int, desk: Desk
) -> None:
    exported(desk, {"user_id": PEOPLE, column: cells})
    report, draft = inspected(desk)
    (block,) = tomllib.loads(draft)["event"]
    assert block == {"when": {"column": column, **test}}
    done = desk.run("validate", "a.csv", "--profile", "p.toml", "--json")
    assert (done.code, done.json["rows"]["mapped"]) == (0, kept)
    (file,) = done.json["files"]
    assert file["properties"] == {
        each["name"]: each["property"] for each in report["columns"] if each["property"]
    }


def test_a_draft_of_a_path_keeps_them_out_too(desk: Desk) -> None:
    record = {"event": "open", "userId": "u1", "campaign_id": "c", "email_id": "e"}
    lines = [
        json.dumps({**record, "timestamp": 1_700_000_000 + n, "data": {"channel": ("email", "sms")[n % 2]}})
        for n in range(ROWS)
    ]
    (desk.folder / "a.csv").write_text("\n".join(lines), encoding="utf-8")
    (block,) = tomllib.loads(inspected(desk)[1])["event"]
    assert block == {"when": {"column": "data.channel", "equals": ["email"]}}
    done = desk.run("validate", "a.csv", "--profile", "p.toml", "--json")
    assert (done.code, done.json["rows"]["mapped"]) == (0, ROWS // 2)


def test_each_event_of_a_wide_file_keeps_them_out(desk: Desk) -> None:
    row = "u{},{},c,e,2024-03-01T08:00:00Z,2024-03-02T08:00:00Z,{}"
    rows = [row.format(n, ("email", "sms")[n % 2], (0, 1)[n // 2 % 2]) for n in range(8)]
    name = desk.file(
        "a.csv", *rows, header="user_id,channel,campaign_id,email_id,opened_at,clicked_at,bounced"
    )
    assert name == "a.csv"
    report, draft = inspected(desk)
    draft = draft.replace('timestamp = "FILL IN"', 'timestamp = "opened_at"')
    (desk.folder / "p.toml").write_text(draft, encoding="utf-8")
    done = desk.run("validate", "a.csv", "--profile", "p.toml", "--json")
    assert done.code == 0, done.out
    assert done.json["by_event"] == {"Email Opened": 4, "Link Clicked": 4, "Email Bounced": 2}
    assert len(report["proposals"]) == 3


def test_a_channel_is_neither_the_event_nor_the_person(desk: Desk) -> None:
    exported(desk, {"event": [], "channel": ["email", "sms"]})
    draft = inspected(desk)[1]
    assert '"channel"' not in line_of(draft, "event")
    assert '"channel"' not in line_of(draft, "userId")


def test_an_export_of_email_alone_has_no_block(desk: Desk) -> None:
    exported(desk, {"user_id": PEOPLE, "channel": ["email"]})
    assert "event" not in tomllib.loads(inspected(desk)[1])


# --- times of sending ----------------------------------------------------------------------------

TIMES = [f"2024-03-0{n % 9 + 1}T08:00:0{n % 7}Z" for n in range(ROWS)]


@pytest.mark.parametrize("event", ["open", "click", "unsubscribe", "spam"])
@pytest.mark.parametrize("name", ["sent_at", "SentAt"])
def test_the_time_of_sending_alone_is_a_question_and_a_warning(event: str, name: str, desk: Desk) -> None:
    exported(desk, {"timestamp": [], "event": ["delivered", event], "user_id": PEOPLE, name: TIMES})
    report, draft = inspected(desk)
    (option,) = options_of(report)
    assert option == f"--map timestamp={name}, if that is when they happened"
    assert line_of(draft, "timestamp").startswith('timestamp = "FILL IN"')
    assert f'write "{name}" if' in line_of(draft, "timestamp")
    done = desk.run("validate", "a.csv", "--json")
    (problem,) = [each for each in done.json["problems"] if each["code"] == "time-of-sending"]
    assert (done.code, problem["severity"]) == (0, "warning")
    assert f"6 of the first {ROWS} rows" in problem["message"]
    assert problem["hint"].startswith(f"--map timestamp={name}, if")
    settled = desk.run("validate", "a.csv", "--map", f"timestamp={name}", "--json")
    assert "time-of-sending" not in settled.out
    assert not inspected(desk, "--map", f"timestamp={name}")[0]["missing"]


@pytest.mark.parametrize("name", ["send_time", "sent", "date_sent", "Sent On", "email_sent_date"])
def test_any_other_name_of_the_sending_is_a_question(name: str, desk: Desk) -> None:
    exported(desk, {"timestamp": [], "user_id": PEOPLE, name: TIMES})
    report, draft = inspected(desk)
    (missing,) = report["missing"]
    assert missing["option"] == "--map timestamp=COLUMN"
    assert f"“{name}”, by its name when the message was sent" in missing["message"]
    assert line_of(draft, "timestamp").startswith('timestamp = "FILL IN"')


def test_the_time_of_sending_is_no_ready_time_of_a_flag(desk: Desk) -> None:
    flags = ["1", "0"]
    exported(
        desk,
        {
            "event": [],
            "timestamp": [],
            "user_id": PEOPLE,
            "sent_at": TIMES,
            "opened": flags,
            "clicked": flags[::-1],
        },
    )
    lines = [each["profile"] for each in inspected(desk)[0]["missing"] if each["about"] == "timestamp"]
    assert lines == ['[[event]] timestamp = "COLUMN", or leave the block out'] * 2


@pytest.mark.parametrize(
    "columns",
    [
        {"event": ["delivered", "bounce"], "sent_at": TIMES},
        {"event": ["open"], "occurred_at": TIMES},
        {"event": ["open"], "created_at": TIMES},
    ],
)
def test_a_time_that_may_be_the_events_is_taken(columns: dict[str, list[str]], desk: Desk) -> None:
    exported(desk, {"timestamp": [], "user_id": PEOPLE, **columns})
    assert not inspected(desk)[0]["missing"]
    assert "time-of-sending" not in desk.run("validate", "a.csv", "--json").out


# --- numbers -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "types"),
    [
        (["12,50", "3", "0,125"], 'type = "number", decimal = ","'),
        (["12.50", "3", "1.125"], 'type = "number"'),
        (["12", "3"], 'type = "number"'),
        (["1,500", "2,250"], None),
        (["1.500", "2.250"], None),
        (["1.234,50", "2,50"], None),
    ],
)
def test_a_drafts_type_reads_the_numbers_of_its_column(
    cells: list[str], types: str | None, desk: Desk
) -> None:
    quoted = [f'"{cell}"' for cell in cells]
    exported(desk, {"user_id": PEOPLE, "price": quoted})
    draft = inspected(desk)[1]
    lines = [line for line in draft.splitlines() if line.startswith("# price = ")]
    assert lines == ([f'# price = {{ column = "price", {types} }}'] if types else [])
    if types:
        text = draft.replace("# [properties]", "[properties]").replace("# price", "price")
        (desk.folder / "p.toml").write_text(text, encoding="utf-8")
        done = desk.run("validate", "a.csv", "--profile", "p.toml", "--json")
        assert (done.code, "property-type" in done.out) == (0, False)


def test_numbers_of_several_files_need_one_mark(desk: Desk) -> None:
    head = f"{EVENT},timestamp,user_id,price"
    for name, price in (("a.csv", "12,50"), ("b.csv", "7")):
        desk.file(name, f'open,c,e,2024-03-01T08:00:00Z,u1,"{price}"', header=head)
    assert desk.run("inspect", "a.csv", "b.csv", "--save", "p.toml").code == 0
    assert 'type = "number", decimal = ","' in (desk.folder / "p.toml").read_text(encoding="utf-8")


# --- the export's own ids of events ----------------------------------------------------------------

OWN = [f"ev-{n:012}" for n in range(ROWS)]
AT_ONCE = {"user_id": ["u1"], "timestamp": ["2024-03-01T08:00:00Z"]}


@pytest.mark.parametrize("name", ["sg_event_id", "sgEventId", "Mail-Event ID", "data.event_id"])
def test_ids_that_differ_in_each_row_are_the_events_in_a_draft(name: str, desk: Desk) -> None:
    exported(desk, {**AT_ONCE, name: OWN})
    assert desk.run("validate", "a.csv", "--json").json["events"]["duplicate"] == ROWS - 1
    report, draft = inspected(desk)
    assert tomllib.loads(draft)["fields"]["event_id"] == name
    assert {each["name"]: each["field"] for each in report["columns"]}[name] == "event_id"
    drafted = desk.run("validate", "a.csv", "--profile", "p.toml", "--json")
    assert (drafted.code, drafted.json["events"]["duplicate"]) == (0, 0)


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("sg_event_id", [*OWN[:-1], OWN[0]]),  # one comes again
        ("sg_event_id", [*OWN[:-1], ""]),
        ("log_event_id", [str(number) for number in range(1, len(OWN) + 1)]),  # the next export begins at 1
        *((each, OWN) for each in ("campaign_event_id", "sentByEventId", "parent_event_id", "user_event_id")),
        *((each, OWN) for each in ("sg_message_id", "prevent_id")),
    ],
)
def test_ids_that_may_be_another_things_are_none_of_events(name: str, cells: list[str], desk: Desk) -> None:
    exported(desk, {**AT_ONCE, name: cells})
    assert "event_id" not in tomllib.loads(inspected(desk)[1])["fields"]


def test_of_two_columns_of_such_ids_none_is_drafted(desk: Desk) -> None:
    exported(desk, {**AT_ONCE, "sg_event_id": OWN, "x_event_id": [*reversed(OWN)]})
    report, draft = inspected(desk)
    assert "event_id" not in tomllib.loads(draft)["fields"]
    assert {each["name"] for each in report["columns"] if each["tied_with"]} == {"sg_event_id", "x_event_id"}
    exported(desk, {**AT_ONCE, "sg_event_id": OWN, "activity_id": [*reversed(OWN)]})
    assert tomllib.loads(inspected(desk)[1])["fields"]["event_id"] == "activity_id"


# --- what names the event ------------------------------------------------------------------------

CODES = ["1", "7"]


@pytest.mark.parametrize("name", ["opens", "open_count", "event_count", "revenue"])
def test_counts_are_not_offered_as_names_of_events(name: str, desk: Desk) -> None:
    exported(desk, {**AT_ONCE, "event": [], name: ["3", "4", "12"]})
    _, draft = inspected(desk)
    assert line_of(draft, "event").startswith('event = "FILL IN"')
    assert name not in line_of(draft, "event")


@pytest.mark.parametrize("name", ["activity_type_code", "event_kind", "status", "code"])
def test_codes_are_offered_and_a_profile_gives_each_its_event(name: str, desk: Desk) -> None:
    exported(desk, {**AT_ONCE, "event": [], name: CODES, "opens": ["3", "4", "12"]})
    _, draft = inspected(desk)
    line = line_of(draft, "event")
    assert line.endswith(f'perhaps "{name}"')
    values = f'event = {{ column = "{name}", values = {{ "1" = "Email Opened", "7" = "Email Bounced" }} }}'
    (desk.folder / "p.toml").write_text(draft.replace(line, values), encoding="utf-8")
    done = desk.run("validate", "a.csv", "--profile", "p.toml", "--json")
    assert (done.code, done.json["by_event"].keys()) == (0, {"Email Opened", "Email Bounced"})


# --- columns without a name ----------------------------------------------------------------------


def test_a_nameless_index_column_is_told_as_one(desk: Desk) -> None:
    row = "open,c,e,2024-03-01T08:00:00Z,u1"
    desk.file("a.csv", f"0,{row}", header=f",{EVENT},timestamp,user_id")
    done = desk.run("validate", "a.csv", "--json")
    (problem,) = done.json["problems"]
    assert (done.code, problem["code"]) == (0, "nameless-column")
    assert problem["hint"].startswith("nothing to do if it numbers the rows")
    desk.file("a.csv", f"{row},", header=f"{EVENT},timestamp,user_id,")
    (problem,) = desk.run("validate", "a.csv", "--json").json["problems"]
    assert problem["hint"].startswith("delete the delimiter at the end")
