"""A profile that names fields has those and no others; what it leaves is told, and older runs stay what they were."""

import json
import sqlite3
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from command_support import Desk, to
from old_ledger import as_version_1

from inflection_cli.sandbox import Sandbox, serve

ACCOUNTS = (
    "77,a@example.com,open,2024-03-01T10:00:00Z,192.0.2.1",
    "77,b@example.com,open,2024-03-01T10:00:01Z,192.0.2.2",
)
ACCOUNT_HEADER = "user_id,recipient,kind,when,ip"
FIELDS = (
    'profile = 1\n[fields]\nevent = "kind"\nemail = "recipient"\ntimestamp = "when"\n'
    'campaign_id = { constant = "c" }\n[options]\nuser_id_from = "email"\n'
)
DROPS = FIELDS + '[columns]\nothers = "drop"\n'
NAMED = 'event = "event"\nuserId = "userId"\ntimestamp = "timestamp"\n'
HEADER = "event,userId,timestamp,campaign_id,email_id"
ROW = "open,u1,2024-03-01T10:00:00Z,c,e"


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk.at(tmp_path, monkeypatch)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with serve() as running:
        yield running


def write(desk: Desk, name: str, text: str) -> str:
    (desk.folder / name).write_text(text, encoding="utf-8")
    return name


def dry_run(desk: Desk, file: str, *words: str) -> list[dict[str, object]]:
    done = desk.run("backfill", file, *words, "--dry-run", "--out", "out.ndjson")
    assert done.code == 0, done.err
    return desk.messages("out.ndjson")


def test_the_senders_account_is_not_the_person_and_nothing_is_dropped_halfway(desk: Desk) -> None:
    desk.file("a.csv", *ACCOUNTS, header=ACCOUNT_HEADER)
    write(desk, "a.toml", DROPS)
    first, second = dry_run(desk, "a.csv", "--profile", "a.toml")
    assert (first["userId"], second["userId"]) == ("a@example.com", "b@example.com")
    assert "192.0.2" not in json.dumps([first, second])
    assert "77" not in json.dumps([first["userId"], first["properties"], first["context"]])


def test_what_would_have_been_a_field_by_its_name_is_told_a_line_each(desk: Desk) -> None:
    desk.file("a.csv", *ACCOUNTS, header=ACCOUNT_HEADER)
    write(desk, "a.toml", DROPS)
    said = desk.run("validate", "a.csv", "--profile", "a.toml").out
    assert "not used: userId could be user_id\n" in said
    assert "not used: ip could be ip\n" in said
    planned = desk.run("backfill", "a.csv", "--profile", "a.toml", "--dry-run").err
    assert "not used: userId could be user_id\n" in planned
    file = desk.run("validate", "a.csv", "--profile", "a.toml", "--json").json["files"][0]
    assert file["not_used"] == {"userId": ["user_id"], "ip": ["ip"]}
    assert file["fields"] == {"event": ["kind"], "timestamp": ["when"], "email": ["recipient"]}


def test_an_option_still_adds_to_what_a_profile_names(desk: Desk) -> None:
    desk.file("a.csv", *ACCOUNTS, header=ACCOUNT_HEADER)
    write(desk, "a.toml", DROPS)
    words = ("--profile", "a.toml", "--map", "userId=user_id", "--set", "email_id=e1")
    message = dry_run(desk, "a.csv", *words)[0]
    assert (message["userId"], message["properties"]) == ("77", {"campaign_id": "c", "email_id": "e1"})


def test_several_columns_that_could_be_a_field_are_no_tie_where_the_profile_leaves_it(desk: Desk) -> None:
    desk.file("a.csv", "u,1,2,2024-03-01T10:00:00Z,open", header="uid,run_id,send_id,when,kind")
    write(desk, "a.toml", 'profile = 1\n[fields]\nuserId = "uid"\nevent = "kind"\ntimestamp = "when"\n')
    report = desk.run("validate", "a.csv", "--profile", "a.toml", "--json").json
    assert report["files"][0]["not_used"] == {"campaign_run_id": ["run_id", "send_id"]}
    assert (
        "not used: campaign_run_id could be run_id or send_id"
        in desk.run("validate", "a.csv", "--profile", "a.toml").out
    )


def test_a_profile_without_fields_binds_by_name_as_ever(desk: Desk) -> None:
    desk.file("a.csv", f"{ROW},192.0.2.1", header=f"{HEADER},ip")
    write(desk, "a.toml", 'profile = 1\n[options]\nnaming = "spec"\n')
    message = dry_run(desk, "a.csv", "--profile", "a.toml")[0]
    assert (message["userId"], message["context"]["ip"]) == ("u1", "192.0.2.1")  # type: ignore[index]


def test_dropping_the_others_drops_ip_and_browser_without_fields_too(desk: Desk) -> None:
    desk.file("a.csv", f"{ROW},192.0.2.1,Firefox,x", header=f"{HEADER},ip,user_agent,note")
    write(desk, "a.toml", 'profile = 1\n[columns]\nothers = "drop"\n')
    message = dry_run(desk, "a.csv", "--profile", "a.toml")[0]
    assert message["userId"] == "u1"
    assert not {"192.0.2.1", "Firefox", "x"} & set(map(str, message["context"].values()))  # type: ignore[attr-defined]
    file = desk.run("validate", "a.csv", "--profile", "a.toml", "--json").json["files"][0]
    assert file["not_used"] == {"ip": ["ip"], "user_agent": ["user_agent"]}


def test_fields_of_a_block_alone_end_binding_by_name(desk: Desk) -> None:
    desk.file("a.csv", f"{ROW},r1", header=f"{HEADER},send_id")
    block = '[[event]]\nname = "Email Opened"\ntimestamp = "timestamp"\nfields.userId = "userId"\n'
    write(desk, "a.toml", f"profile = 1\n{block}")
    file = desk.run("validate", "a.csv", "--profile", "a.toml", "--json").json["files"][0]
    assert set(file["fields"]) == {"userId", "timestamp"}
    assert file["not_used"] == {
        "email_id": ["email_id"],
        "campaign_id": ["campaign_id"],
        "campaign_run_id": ["send_id"],
    }


def test_an_own_id_is_taken_only_where_the_profile_names_it(desk: Desk) -> None:
    rows = [f"open,u{i},2024-03-01T10:00:0{i}Z,c,e,same" for i in range(3)]
    desk.file("a.csv", *rows, header=f"{HEADER},insert_id")
    named = NAMED + 'campaign_id = "campaign_id"\nemail_id = "email_id"\n'
    write(desk, "a.toml", f"profile = 1\n[fields]\n{named}")
    messages = dry_run(desk, "a.csv", "--profile", "a.toml")
    assert len({message["messageId"] for message in messages}) == 3
    assert messages[0]["properties"] == {"campaign_id": "c", "email_id": "e", "insert_id": "same"}


def test_a_column_that_is_no_field_is_not_sent_under_the_name_of_one(desk: Desk) -> None:
    desk.file("a.csv", f"{ROW},Spring,Chrome", header=f"{HEADER},campaign_name,user_agent")
    write(desk, "a.toml", f"profile = 1\n[fields]\n{NAMED}")
    message = dry_run(desk, "a.csv", "--profile", "a.toml")[0]
    assert message["properties"] == {"user_agent": "Chrome"}
    file = desk.run("validate", "a.csv", "--profile", "a.toml", "--json").json["files"][0]
    assert file["left_out"] == ["campaign_id", "email_id", "campaign_name"]
    assert file["properties"] == {"user_agent": "user_agent"}


@pytest.mark.parametrize(
    ("left", "line"),
    [
        ("event", 'event = "event"'),
        ("timestamp", 'timestamp = "timestamp"'),
        ("userId", 'userId = "userId"'),
    ],
)
def test_a_field_that_must_be_there_is_asked_for_with_the_line_to_write(
    left: str, line: str, desk: Desk
) -> None:
    desk.file("a.csv", ROW, header=HEADER)
    named = "".join(f"{each}\n" for each in NAMED.splitlines() if not each.startswith(left))
    write(desk, "a.toml", f"profile = 1\n[fields]\n{named}")
    refused = desk.run("validate", "a.csv", "--profile", "a.toml")
    assert (refused.code, line in refused.err) == (4, True), refused.err
    write(desk, "a.toml", f"profile = 1\n[fields]\n{named}{line}\n")
    assert desk.run("validate", "a.csv", "--profile", "a.toml").code == 0


def test_a_plan_says_where_an_earlier_run_of_the_file_took_another_column(
    desk: Desk, sandbox: Sandbox
) -> None:
    desk.file("a.csv", *ACCOUNTS, header=ACCOUNT_HEADER)
    before = write(desk, "before.toml", DROPS.replace("[fields]\n", '[fields]\nuserId = "user_id"\n'))
    write(desk, "a.toml", DROPS)
    sent = desk.run("backfill", "a.csv", "--profile", before, *to(sandbox.url), "--json").json
    assert sent["events"]["accepted"] == 2
    words = (
        f"an earlier run of this file ({sent['run_id']}) bound userId from “user_id”; this run does not bind "
    )
    words += "userId: its events get other ids"
    key = [word for word in to(sandbox.url) if word != "--yes"]
    planned = desk.run("backfill", "a.csv", "--profile", "a.toml", "--dry-run", *key)
    assert words in planned.err
    refused = desk.run("backfill", "a.csv", "--profile", "a.toml", *to(sandbox.url))
    assert (refused.code, words in refused.err) == (7, True)
    again = desk.run("backfill", "a.csv", "--profile", before, "--dry-run", *key)
    assert "an earlier run" not in again.err


def as_of_version_0_1(desk: Desk, profile: str) -> None:
    """Make the one run of the ledger a run of the version before, which had this profile."""
    files = [path for path in (desk.folder / "state").rglob("*") if path.is_file()]
    (ledger,) = [path for path in files if path.read_bytes()[:6] == b"SQLite"]
    as_version_1(ledger)
    with sqlite3.connect(ledger) as connection:
        ((number, text),) = connection.execute("SELECT rowid, arguments FROM runs").fetchall()
        arguments = json.loads(text)
        del arguments["rules"]
        path = desk.folder / profile
        arguments["profile"] |= {"path": str(path), "sha256": sha256(path.read_bytes()).hexdigest()}
        arguments["reading"] |= {"profile": str(path), "map": []}
        connection.execute("UPDATE runs SET arguments = ? WHERE rowid = ?", (json.dumps(arguments), number))
    connection.close()


def test_a_run_of_the_version_before_is_verified_as_it_was_bound(desk: Desk, sandbox: Sandbox) -> None:
    desk.file("a.csv", *ACCOUNTS, header=ACCOUNT_HEADER)
    write(desk, "before.toml", FIELDS.replace("[fields]\n", '[fields]\nuserId = "user_id"\n'))
    write(desk, "a.toml", FIELDS)
    assert desk.run("backfill", "a.csv", "--profile", "before.toml", *to(sandbox.url)).code == 0
    as_of_version_0_1(desk, "a.toml")
    verified = desk.run("runs", "verify", "a.csv", "--json").json
    assert (verified["exit_code"], verified["events"]["accepted"]) == (0, 2)


def test_a_run_that_took_the_time_of_sending_before_it_was_asked_is_verified(
    desk: Desk, sandbox: Sandbox
) -> None:
    row = "Opened,p1,c,e,2024-03-01T10:00:00Z,2024-03-02T09:30:00Z"
    desk.file("a.csv", row, header="event,userId,campaign_id,email_id,sent_at,opened_at")
    write(desk, "a.toml", 'profile = 1\n[options]\nnaming = "inflection"\n')
    assert desk.run("validate", "a.csv", "--profile", "a.toml").code == 4
    named = ("--profile", "a.toml", "--map", "timestamp=sent_at")
    assert desk.run("backfill", "a.csv", *named, *to(sandbox.url)).code == 0
    as_of_version_0_1(desk, "a.toml")
    verified = desk.run("runs", "verify", "a.csv", "--json").json
    assert (verified["exit_code"], verified["events"]["accepted"]) == (0, 1)


def test_inspect_shows_by_a_profile_what_it_names_and_no_more(desk: Desk) -> None:
    desk.file("a.csv", *ACCOUNTS, header=ACCOUNT_HEADER)
    write(desk, "a.toml", DROPS)
    columns = desk.run("inspect", "a.csv", "--profile", "a.toml", "--json").json["files"][0]["columns"]
    assert {each["name"]: (each["field"], each["profile"]) for each in columns} == {
        "user_id": (None, []),
        "recipient": (None, ["fields.email"]),
        "kind": (None, ["fields.event"]),
        "when": (None, ["fields.timestamp"]),
        "ip": (None, []),
    }


def test_a_run_of_the_version_before_whose_profile_is_gone_says_that_it_cannot_be_verified(
    desk: Desk, sandbox: Sandbox
) -> None:
    desk.file("a.csv", *ACCOUNTS, header=ACCOUNT_HEADER)
    write(desk, "a.toml", FIELDS)
    assert desk.run("backfill", "a.csv", "--profile", "a.toml", *to(sandbox.url)).code == 0
    as_of_version_0_1(desk, "a.toml")
    (desk.folder / "a.toml").unlink()
    verified = desk.run("runs", "verify", "a.csv")
    assert (verified.code, "cannot be read any more" in verified.err) == (2, True)


def test_a_run_of_this_version_is_verified_as_it_was_bound(desk: Desk, sandbox: Sandbox) -> None:
    desk.file("a.csv", *ACCOUNTS, header=ACCOUNT_HEADER)
    write(desk, "a.toml", FIELDS)
    assert desk.run("backfill", "a.csv", "--profile", "a.toml", *to(sandbox.url)).code == 0
    verified = desk.run("runs", "verify", "a.csv", "--json").json
    assert (verified["exit_code"], verified["events"]["accepted"]) == (0, 2)
