"""`--check` of calls other than track: rejected rows, sessions, constants and names of traits."""

from pathlib import Path
from typing import Any

import pytest
from command_support import Desk, rows_balance

HEADER = "userId,personId,groupId,url,name,Session,Created At,timestamp"
FRESH = ("--check", "freshsuccess")
DRY = ("--dry-run", "--out", "out.ndjson", "--max-errors", "100%", "--rejects", "no")


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk.at(tmp_path, monkeypatch)


def row(user: str, *, name: str = "Initech") -> str:
    return f"{user},p1,a1,https://shop.example/docs,{name},s1,2020-01-15,2024-03-01T09:30:00Z"


def sent(desk: Desk, *words: str) -> list[dict[str, Any]]:
    assert desk.run("backfill", "a.csv", *words, *DRY).code in {0, 1}
    return desk.messages("out.ndjson")


def test_a_group_that_lacks_what_a_table_requires_is_rejected_and_the_others_go(desk: Desk) -> None:
    desk.file("a.csv", row("u1"), row("u2", name=""), header=HEADER)
    words = ("a.csv", "--as", "group", *FRESH, "--session-id", "Session")
    done = desk.run("validate", *words, "--json")
    assert done.code == 1
    assert [
        (each["line"], each["column"])
        for each in done.json["problems"]
        if each["code"] == "check-member-missing"
    ] == [(3, "traits.name")]
    assert rows_balance(done.json)
    assert [each["userId"] for each in sent(desk, *words[1:])] == ["u1"]


def test_a_page_is_a_call_that_a_table_refuses(desk: Desk) -> None:
    desk.file("a.csv", row("u1"), header=HEADER)
    done = desk.run("validate", "a.csv", "--as", "page", *FRESH, "--json")
    assert "check-call-refused" in done.json["problem_counts"]


@pytest.mark.parametrize("kind", ["identify", "group"])
def test_a_session_goes_beside_the_user_of_a_call_and_changes_no_id(desk: Desk, kind: str) -> None:
    desk.file("a.csv", row("u1"), header=HEADER)
    words = ("--as", kind, "--trait", "Session")
    (plain,) = sent(desk, *words)
    (call,) = sent(desk, *words, *FRESH, "--session-id", "Session")
    assert (call["userId"], call.pop("anonymousId")) == ("u1", "s1")
    assert plain["traits"].pop("session") == "s1"
    assert call == plain


def test_the_person_s_id_is_the_session_of_a_call(desk: Desk) -> None:
    desk.file("a.csv", row("u1"), header=HEADER)
    (call,) = sent(desk, "--as", "group", *FRESH, "--session-id", "person")
    assert (call["userId"], call["anonymousId"]) == ("u1", "p1")


def test_reserved_traits_of_a_file_have_the_names_that_an_option_says(desk: Desk) -> None:
    desk.file("a.csv", "u1,Ada,London,2024-03-01T09:30:00Z", header="userId,First Name,City,Updated At")
    (plain,) = sent(desk, "--as", "identify")
    (snake,) = sent(desk, "--as", "identify", "--traits-style", "snake")
    assert plain["traits"] == {"firstName": "Ada", "address": {"city": "London"}}
    assert "first_name" in snake["traits"]
    assert "firstName" not in snake["traits"]
    assert snake["messageId"] == plain["messageId"]


def test_a_company_is_taken_apart_since_a_dimension_is_no_object(desk: Desk) -> None:
    header = "userId,Session,Company,Company Employees,Updated At,groupId"
    desk.file("a.csv", 'u1,s1,"Initech, Inc.",329,2024-03-01T09:30:00Z,a1', header=header)
    words = ("--as", "identify", *FRESH, "--session-id", "Session")
    whole = desk.run("validate", "a.csv", *words, "--json").json
    assert whole["problem_counts"]["check-member-type"] == 1
    (apart,) = sent(desk, *words, "--traits-style", "snake")
    assert apart["traits"] == {"company_name": "Initech, Inc.", "company_employee_count": 329}
    clashing = f"{header},company name"
    desk.file("a.csv", "u1,s1,Initech,329,2024-03-01T09:30:00Z,a1,Other", header=clashing)
    (kept,) = sent(desk, "--as", "identify", "--trait", "company name", "--traits-style", "snake")
    assert kept["traits"]["company"] == {"name": "Initech", "employee_count": 329}
    assert kept["traits"]["company_name"] == "Other"


def test_a_constant_property_goes_with_pages_and_not_with_people(desk: Desk) -> None:
    desk.file("a.csv", row("u1"), header=HEADER)
    (page,) = sent(desk, "--as", "page", "--set", "module=Docs")
    assert page["properties"]["module"] == "Docs"
    (person,) = sent(desk, "--as", "identify", "--set", "module=Docs")
    assert "module" not in person["traits"]
