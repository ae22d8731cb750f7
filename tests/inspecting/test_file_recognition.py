"""What `inspect` recognises a file as, and that each command which it proposes works as typed."""

import json
import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest
from command_support import SAMPLES, Desk, opened

HEADER = "event,timestamp,userId,campaign_id,email_id"
ROW = "open,2024-03-05T08:00:00Z,u1,c1,e1"
OTHER = "click,2024-03-05T09:00:00Z,u2,c1,e1"


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk.at(tmp_path, monkeypatch)


def ndjson(*records: dict[str, Any]) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


def lines(*words: str) -> str:
    return "\n".join(words) + "\n"


MESSAGE = {
    "type": "track",
    "event": "Email Opened",
    "userId": "u1",
    "messageId": "m1",
    "timestamp": "2024-03-05T08:00:00Z",
}
EVENT = {"event": "open", "timestamp": 1700000000, "userId": "u1"}
CONTACTS = lines("userId,first_name,last_name,city,created_at", "u1,Ada,L,Paris,2024-03-05T08:00:00Z")
KINDS: dict[str, tuple[str, str, str, str]] = {
    # name: file name, content, kind, command
    "contacts": ("a.csv", CONTACTS, "people", "validate a.csv --as identify"),
    "contacts without a time": (
        "a.csv",
        lines("userId,first_name,last_name,city", "u1,Ada,L,Paris"),
        "people",
        "validate a.csv --as identify --now",
    ),
    "contacts with addresses alone": (
        "a.csv",
        lines("email,first_name,last_name,city", "ada@example.com,Ada,L,Paris"),
        "people",
        "validate a.csv --as identify --now --user-id-from email",
    ),
    "contacts whose person nobody knows": (
        "a.csv",
        lines("x,first_name,last_name,city", "1,Ada,L,Paris"),
        "people",
        "inspect a.csv --as identify",
    ),
    "accounts": (
        "a.csv",
        lines(
            "account_id,account_name,industry,employees,updated_at", "a1,Acme,Steel,7,2024-03-05T08:00:00Z"
        ),
        "accounts",
        "validate a.csv --as group --group-anonymous-id account",
    ),
    "members of one list": (
        "a.csv",
        lines("contact_id,email,list_name", "p1,a@example.com,Trial users", "p2,b@example.com,Trial users"),
        "list",
        "sync a.csv --key contact_id --segment a --dry-run",
    ),
    "members of several lists": (
        "a.csv",
        lines("contact_id,list_name", "p1,News", "p1,Trial"),
        "list",
        "sync a.csv --key contact_id --key list_name --added 'List Joined' --removed 'List Left' --dry-run",
    ),
    "members known by address": (
        "my list.csv",
        lines("email,subscribed", "a@example.com,true", "b@example.com,false"),
        "list",
        "sync 'my list.csv' --key email --segment 'my list' --user-id-from email --dry-run",
    ),
    "SMS whose events have other names": (
        "a.csv",
        lines("event,timestamp,userId,sms_id", "sms.received,2024-03-05T08:00:00Z,u1,7"),
        "other-channel",
        "validate a.csv --unknown-events send",
    ),
    "push beside email": (
        "a.csv",
        lines(f"{HEADER},channel", f"{ROW},email", f"{OTHER},push"),
        "other-channel",
        "inspect a.csv --save a.profile.toml",
    ),
    "messages": (
        "a.ndjson",
        ndjson(
            {
                "type": "track",
                "messageId": "m1",
                "timestamp": "2024-03-05T08:00:00Z",
                "event": "Email Opened",
                "userId": "u1",
            }
        ),
        "messages",
        "replay a.ndjson --dry-run",
    ),
    "envelopes one a line": (
        "a.ndjson",
        ndjson({"id": 1, "events": [EVENT]}, {"id": 2, "events": [EVENT | {"userId": "u2"}]}),
        "envelopes",
        "validate a.ndjson --records .events",
    ),
    "envelopes within a member": (
        "a.ndjson",
        ndjson(
            {"id": 1, "data": {"items": [EVENT]}}, {"id": 2, "data": {"items": [EVENT | {"userId": "u2"}]}}
        ),
        "envelopes",
        "validate a.ndjson --records .data.items",
    ),
    "a list of envelopes": (
        "a.json",
        json.dumps([{"events": [EVENT]}, {"events": [EVENT | {"userId": "u2"}]}]),
        "envelopes",
        "validate a.json --records .events",
    ),
    "requests to Segment, one a line": (
        "a.ndjson",
        ndjson({"batch": [MESSAGE], "sentAt": "x"}, {"batch": [MESSAGE | {"messageId": "m2"}]}),
        "messages",
        "replay a.ndjson --dry-run",
    ),
    "no header": (
        "a.csv",
        lines("open,2024-03-05T08:00:00Z,7", "click,2024-03-06T08:00:00Z,8"),
        "off-shape",
        "inspect a.csv --columns event,timestamp,c3",
    ),
    "no header, and all columns known by their cells": (
        "a.csv",
        lines("open,2024-03-05T08:00:00Z,a@example.com", "click,2024-03-06T08:00:00Z,b@example.com"),
        "off-shape",
        "inspect a.csv --columns event,timestamp,email",
    ),
    "lines above the header": (
        "a.csv",
        lines("Report", "Made 2024-04-01", "", HEADER, ROW, OTHER),
        "off-shape",
        "validate a.csv --header-line 4",
    ),
    "a backslash before quotes": (
        "a.csv",
        lines(f"{HEADER},email_subject", f'{ROW},"say \\"hi\\", ok"'),
        "off-shape",
        "validate a.csv --escape '\\'",
    ),
    "equal rows": ("a.csv", lines(HEADER, ROW, OTHER, ROW), "equal-rows", "validate a.csv --keep-equal-rows"),
    "equal rows with ids of their own": (
        "a.csv",
        lines(f"{HEADER},sg_event_id", f"{ROW},a00000000001", f"{OTHER},a00000000002", f"{ROW},a00000000003"),
        "equal-rows",
        "validate a.csv --map event_id=sg_event_id",
    ),
    "equal rows below other lines": (
        "a.csv",
        lines("Report", "", HEADER, ROW, OTHER, ROW),
        "equal-rows",
        "validate a.csv --keep-equal-rows --header-line 3",
    ),
}


def seen(desk: Desk, *words: str) -> dict[str, dict[str, Any]]:
    done = desk.run("inspect", *words, "--json")
    assert done.code == 0, done.out
    (shape,) = done.json["shapes"]
    return {look["kind"]: look for look in shape["seems"]}


QUICK = {
    "contacts",
    "contacts whose person nobody knows",
    "envelopes one a line",
    "equal rows below other lines",
}


@pytest.mark.parametrize(
    "case", [pytest.param(each, marks=() if each in QUICK else pytest.mark.slow) for each in KINDS]
)
def test_a_file_is_recognised_with_evidence_and_its_command_works(desk: Desk, case: str) -> None:
    name, content, kind, command = KINDS[case]
    Path(name).write_text(content)
    look = seen(desk, name)[kind]
    assert look["evidence"]
    assert look["command"] == f"infl-seg {command}"
    typed = shlex.split(look["command"])[1:]
    done = desk.run(*typed)
    assert done.code == 0, done.out + done.err
    out = desk.run("inspect", name).out
    assert f"  seems     {look['words']}: " in out
    assert f"  → {look['command']}\n" in out
    assert kind == "equal-rows" or out.splitlines()[-1].startswith(("Next: infl-seg", "Nothing is missing"))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["contacts.csv", "accounts.csv", "pages.ndjson", "ready.ndjson"])
def test_the_commands_for_the_samples_work(desk: Desk, name: str) -> None:
    shutil.copy(SAMPLES / name, name)
    for look in seen(desk, name).values():
        assert desk.run(*shlex.split(look["command"])[1:]).code == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["spring-launch.csv", "spring-launch.ndjson", "newsletter-export.csv", "own-ids.csv"]
)
def test_activity_is_taken_for_nothing_else(desk: Desk, name: str) -> None:
    assert seen(desk, str(SAMPLES / name)).keys() <= {"equal-rows"}


@pytest.mark.slow
def test_the_options_that_were_typed_stand_in_the_command(desk: Desk) -> None:
    Path("a b.csv").write_text(lines("Who;first_name;city;updated_at", "u1;Ada;Paris;2024-03-05 08:00:00"))
    words = ("--map", "userId=Who", "--timezone", "UTC", "--delimiter", ";", "--limit", "5")
    command = seen(desk, "a b.csv", *words)["people"]["command"]
    assert command == (
        "infl-seg validate 'a b.csv' --as identify --map userId=Who --timezone UTC --delimiter ';'"
    )
    assert desk.run(*shlex.split(command)[1:]).code == 0


@pytest.mark.slow
def test_files_of_one_shape_are_named_as_they_were_typed(desk: Desk) -> None:
    Path("months").mkdir()
    for number in (1, 2):
        Path(f"months/{number}.csv").write_text(CONTACTS.replace("u1", f"u{number}"))
    assert seen(desk, "months/*.csv")["people"]["command"] == "infl-seg validate 'months/*.csv' --as identify"


def test_totals_of_campaigns_have_no_command_and_say_what_to_export(desk: Desk) -> None:
    name = desk.file(
        "a.csv",
        "c1,Spring,990,400,50",
        "c2,Summer,1980,700,90",
        header="campaign_id,campaign_name,delivered,opens,clicks",
    )
    look = seen(desk, name)["aggregates"]
    assert look["command"] == ""
    assert "Export the activity of each recipient" in look["advice"]
    assert "counts in columns “delivered”, “opens”, “clicks”" in look["evidence"]
    out = desk.run("inspect", name).out
    assert "--map" not in out
    assert out.splitlines()[-1] == f"Next: {look['advice']}"
    with_people = desk.file("b.csv", "u1,1,2", "u2,3,4", header="userId,opens,clicks")
    assert "aggregates" not in seen(desk, with_people)


@pytest.mark.slow
def test_no_cell_is_shown_with_what_a_file_seems(desk: Desk) -> None:
    Path("a.csv").write_text(
        lines(f"{HEADER},channel,list_name", f"sms to Ada,{ROW[5:]},sms for Ada,Friends of Ada")
    )
    Path("b.csv").write_text(lines("userId,list_name", "u1,Friends of Ada", "u2,Friends of Ada"))
    for name in ("a.csv", "b.csv"):
        assert seen(desk, name)
        assert "Ada" not in desk.run("inspect", name).out + desk.run("inspect", name, "--json").out


def test_a_body_of_a_request_is_for_replay(desk: Desk) -> None:
    message = {
        "type": "track",
        "event": "Email Opened",
        "userId": "u1",
        "messageId": "m1",
        "timestamp": "2024-03-05T08:00:00Z",
    }
    Path("b.json").write_text(json.dumps({"batch": [message], "sentAt": "x"}))
    refused = desk.run("inspect", "b.json")
    assert refused.code == 4
    assert "infl-seg replay b.json --dry-run" in refused.err
    assert desk.run("replay", "b.json", "--dry-run").code == 0


@pytest.mark.slow
def test_equal_rows_with_ids_of_their_own_or_kept_already_are_no_news(desk: Desk) -> None:
    name = desk.file(
        "a.csv",
        opened("u1") + ",x1",
        opened("u1") + ",x1",
        header="event,userId,personId,email_id,campaign_id,timestamp,event_id",
    )
    assert "equal-rows" not in seen(desk, name)
    name = desk.file("b.csv", opened("u1"), opened("u1"))
    assert "equal-rows" not in seen(desk, name, "--keep-equal-rows")
