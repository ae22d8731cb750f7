"""What holds for a whole file is said once of it: options that find nothing to do, links and keys that it lacks."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import pytest
from command_support import Desk, rows_balance

TIME: Final = "2024-03-01T09:30:00Z"
LINK: Final = "https://shop.example/a"
CLICKS: Final = "event,userId,email_id,campaign_id,timestamp"
ADDRESSED: Final = f"{CLICKS},email"
PROFILE: Final = 'profile = 1\n[fields]\nuserId = "Who"\nevent = "What"\ntimestamp = "When"\n'
WIDE: Final = """\
profile = 1
[fields]
userId = "userId"
campaign_id = "campaign_id"
email_id = "email_id"
[[event]]
name = "Link Clicked"
timestamp = "First"
fields.email_link_url = "URL"
[[event]]
name = "Unique Link Click"
timestamp = "Unique"
"""
CHUNKED: Final = 3_000
"""Rows enough for several chunks."""


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk.at(tmp_path, monkeypatch)


def click(user: int, *more: str, event: str = "Link Clicked") -> str:
    """A row of `CLICKS`, and further cells."""
    return ",".join((event, f"u{user}", "e1", "c1", TIME, *more))


def told(report: dict[str, Any], code: str) -> list[tuple[str, int | None, str, str]]:
    """File, line, column and message of a report's problems of one kind."""
    found = [problem for problem in report["problems"] if problem["code"] == code]
    return [(one["file"], one["line"], one["column"], one["message"]) for one in found]


def idle(report: dict[str, Any]) -> list[tuple[str, str, str]]:
    """File, column and the option of each option that was idle."""
    return [
        (file, column, message.partition(" finds nothing to do")[0])
        for file, _, column, message in told(report, "option-idle")
    ]


def validated(desk: Desk, *words: str) -> dict[str, Any]:
    """The report of a validation that finds no errors."""
    done = desk.run("validate", *words, "--json")
    assert done.code == 0, done.err
    assert rows_balance(done.json)
    return done.json


EVERY: Final = ("--email-trait", "--user-id-from", "email", "--anonymous-id-from", "email")


@pytest.mark.parametrize("command", [("validate",), ("backfill", "--dry-run"), ("backfill", "--rehearse")])
def test_each_option_that_finds_no_addresses_is_told_once_of_each_file(
    command: Sequence[str], desk: Desk
) -> None:
    bare = desk.file("bare.csv", *(click(number) for number in range(5)), header=CLICKS)
    full = desk.file("full.csv", click(9, "ada@shop.example"), header=ADDRESSED)
    report = desk.run(*command, bare, full, *EVERY, "--json").json
    assert idle(report) == [
        ("bare.csv", "email", "--email-trait"),
        ("bare.csv", "userId", "--user-id-from email"),
        ("bare.csv", "personId", "--anonymous-id-from email"),
    ]
    assert report["problem_counts"]["option-idle"] == 3
    assert report["exit_code"] == 0


def test_an_address_that_all_rows_are_given_is_something_to_do(desk: Desk) -> None:
    bare = desk.file("bare.csv", click(1), header=CLICKS)
    assert idle(validated(desk, bare, *EVERY, "--set", "email=ada@shop.example")) == []


def test_options_that_nobody_gave_are_not_idle(desk: Desk) -> None:
    assert idle(validated(desk, desk.file("bare.csv", click(1), header=CLICKS))) == []


def test_addresses_that_a_later_record_brings_are_something_to_do(desk: Desk) -> None:
    row = {"event": "Email Opened", "userId": "u", "timestamp": TIME}
    rows = [row | {"userId": f"u{number}"} for number in range(CHUNKED)]
    rows[-1]["email"] = "ada@shop.example"
    (desk.folder / "late.ndjson").write_text("".join(f"{json.dumps(one)}\n" for one in rows))
    assert idle(validated(desk, "late.ndjson", "--email-trait")) == []
    assert idle(validated(desk, "late.ndjson", "--email-trait", "--limit", "2000")) != []


@pytest.mark.parametrize(("key", "column"), [("user_id_from", "userId"), ("anonymous_id_from", "personId")])
def test_a_line_of_a_profile_that_finds_nothing_to_do_is_told_with_its_place(
    key: str, column: str, desk: Desk
) -> None:
    (desk.folder / "p.toml").write_text(f'{PROFILE}[options]\n{key} = "email"\n')
    file = desk.file("old.csv", f"u1,opened,{TIME},ada@shop.example", header="Who,What,When,Kontakt")
    report = validated(desk, file, "--profile", "p.toml")
    assert idle(report) == [("old.csv", column, f"[options] {key} of p.toml")]
    (hint,) = [one["hint"] for one in report["problems"] if one["code"] == "option-idle"]
    line = 'email = "Kontakt"\n'
    assert f"[fields] {line.strip()}" in hint
    profile = (desk.folder / "p.toml").read_text()
    (desk.folder / "p.toml").write_text(profile.replace("[options]", f"{line}[options]"))
    assert idle(validated(desk, file, "--profile", "p.toml")) == []


def test_a_project_files_line_that_finds_nothing_to_do_is_told_as_its_option(desk: Desk) -> None:
    (desk.folder / "infl-seg.toml").write_text('user_id_from = "email"\n')
    file = desk.file("bare.csv", click(1), header=CLICKS)
    assert idle(validated(desk, file)) == [("bare.csv", "userId", "--user-id-from email")]


def test_clicks_of_a_file_without_links_are_told_once_however_many_they_are(desk: Desk) -> None:
    rows = [click(number, event=("Link Clicked", "Email Opened")[number % 2]) for number in range(CHUNKED)]
    report = validated(desk, desk.file("bare.csv", *rows, header=CLICKS))
    assert told(report, "link-missing") == [
        (
            "bare.csv",
            None,
            "email_link_url",
            "no column is recognised as the email_link_url, so no click of this file has a link",
        )
    ]
    assert report["problem_counts"] == {"link-missing": 1}


def test_each_click_with_an_empty_link_is_told_where_others_have_one(desk: Desk) -> None:
    header = f"{CLICKS},email_link_url"
    rows = (click(1, LINK), click(2, ""), click(3, ""), click(4, "", event="Email Opened"))
    report = validated(desk, desk.file("linked.csv", *rows, header=header))
    assert [line for _, line, *_ in told(report, "link-missing")] == [3, 4]
    assert report["problem_counts"] == {"link-missing": 2}


def test_a_file_without_clicks_lacks_no_link(desk: Desk) -> None:
    opened = desk.file("opens.csv", click(1, event="Email Opened"), header=CLICKS)
    assert validated(desk, opened)["problem_counts"] == {}


def test_a_link_that_all_clicks_are_given_is_lacked_by_none(desk: Desk) -> None:
    bare = desk.file("bare.csv", click(1), header=CLICKS)
    assert validated(desk, bare, "--set", f"email_link_url={LINK}")["problem_counts"] == {}


@pytest.mark.parametrize(("unique", "expected"), [(TIME, 1), ("", 0)])
def test_where_only_some_events_of_a_profile_have_links_that_is_told_once(
    unique: str, expected: int, desk: Desk
) -> None:
    (desk.folder / "p.toml").write_text(WIDE)
    rows = [f"u{number},c1,e1,{TIME},{unique},{LINK}" for number in range(3)]
    file = desk.file("wide.csv", *rows, header="userId,campaign_id,email_id,First,Unique,URL")
    found = told(validated(desk, file, "--profile", "p.toml"), "link-missing")
    assert len(found) == expected
    assert all("so some clicks of this file have no link" in message for *_, message in found)


def test_inspect_tells_what_a_profile_names_and_the_file_lacks(desk: Desk) -> None:
    (desk.folder / "p.toml").write_text(f'{PROFILE}[properties]\nreason = "bounce.reason"\n')
    row = {"Who": "u1", "What": "opened", "When": TIME}
    (desk.folder / "in.ndjson").write_text(f"{json.dumps(row)}\n")
    words = ("in.ndjson", "--profile", "p.toml")
    (report,) = desk.run("inspect", *words, "--json").json["files"]
    known = told(validated(desk, *words), "profile-column-missing")
    assert len(known) == 1
    assert told(report, "profile-column-missing") == known
    assert "profile-column-missing: p.toml names a column" in desk.run("inspect", *words).out


def test_a_column_that_is_the_id_already_is_not_named_as_the_one_of_addresses(desk: Desk) -> None:
    file = desk.file("bare.csv", f"Email Opened,ada@shop.example,e1,c1,{TIME}", header=CLICKS)
    report = validated(desk, file, "--user-id-from", "email", "--email-trait")
    hints = [one["hint"] for one in report["problems"] if one["code"] == "option-idle"]
    assert ["--map email=userId" in hint for hint in hints] == [True, False]
    assert "--map email=COLUMN" in hints[1]
