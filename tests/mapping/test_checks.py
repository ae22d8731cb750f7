"""Checks: what a 200 would hide, each with its code, severity and place; and repeats over one in a hundred."""

import pipeline_support as tools
import pytest

from inflection_cli import rules
from inflection_cli.catalog import EVENTS, PLACEHOLDER_IDS
from inflection_cli.model import Rule, Scope, Severity
from inflection_cli.text_faults import is_placeholder

ROW = {
    "event": "Email Opened",
    "userId": "u1",
    "personId": "p1",
    "email_id": "e1",
    "campaign_id": "c1",
    "email_link_url": "",
    "is_unique_open": "",
    "is_unique_click": "",
    "timestamp": "1709285400",
}
ALL_RULES = [value for value in vars(rules).values() if isinstance(value, Rule)]


def take(**cells: str) -> tools.Outcome:
    row = {**ROW, **cells}
    return tools.outcome(tools.csv_of([tuple(row.values())], tuple(row)))


def place(found: tools.Outcome) -> list[tuple[str, str, int | None, str | None]]:
    return [
        (problem.rule.code, problem.rule.severity.value, problem.line, problem.column)
        for problem in found.told
    ]


def test_a_row_in_order_has_nothing_said_of_it() -> None:
    assert place(take()) == []


@pytest.mark.parametrize(
    ("cells", "code", "column"),
    [
        ({"campaign_id": ""}, "campaign-id-missing", "campaign_id"),
        ({"email_id": ""}, "campaign-id-missing", "email_id"),
        ({"event": "Link Clicked"}, "link-missing", "email_link_url"),
        ({"event": "Unique Link Click"}, "link-missing", "email_link_url"),
        ({"event": "click", "email_link_url": "shop.example"}, "link-not-http", "email_link_url"),
        ({"event": "click", "email_link_url": "mailto:ada@shop.example"}, "link-not-http", "email_link_url"),
        ({"event": "click", "email_link_url": "https://"}, "link-not-http", "email_link_url"),
        ({"campaign_id": "n/a"}, "placeholder-id", "campaign_id"),
        ({"event": "Email Unique Opens", "is_unique_open": "no"}, "unique-contradiction", "is_unique_open"),
        (
            {"event": "Unique Link Click", "email_link_url": "http://a.b", "is_unique_click": "0"},
            "unique-contradiction",
            "is_unique_click",
        ),
        ({"timestamp": "946684799"}, "timestamp-before-2000", "timestamp"),
    ],
)
def test_a_warning_names_its_place_and_the_row_goes_out(
    cells: dict[str, str], code: str, column: str
) -> None:
    found = take(**cells)
    assert place(found) == [(code, "warning", 2, column)]
    assert len(found.lines) == 1


@pytest.mark.parametrize(
    ("cells", "code", "column"),
    [
        ({"event": ""}, "event-missing", "event"),
        ({"event": "Sent"}, "event-unknown", "event"),
        ({"userId": "", "personId": ""}, "person-missing", None),
        ({"userId": "1.5E+18"}, "id-scientific", "userId"),
        ({"userId": "anonymous"}, "placeholder-person", "userId"),
        ({"userId": "NULL"}, "placeholder-person", "userId"),
        ({"personId": "0000"}, "placeholder-person", "personId"),
        ({"personId": "00000000-0000-0000-0000-000000000000"}, "placeholder-person", "personId"),
        ({"is_unique_open": "maybe"}, "flag-unreadable", "is_unique_open"),
        ({"timestamp": ""}, "timestamp-missing", "timestamp"),
        ({"timestamp": "2024-03-01 09:30:00"}, "timestamp-no-zone", "timestamp"),
        ({"timestamp": "2024-06-01T00:06:00Z"}, "timestamp-future", "timestamp"),
        ({"timestamp": "1969-12-31T23:59:59Z"}, "timestamp-before-1970", "timestamp"),
        ({"email_link_url": "http://a.example/" + "x" * 32_000}, "event-too-large", None),
    ],
)
def test_an_error_names_its_place_and_the_row_stays(
    cells: dict[str, str], code: str, column: str | None
) -> None:
    found = take(**cells)
    assert place(found) == [(code, "error", 2, column)]
    assert (found.lines, len(found.rejected)) == ([], 1)


@pytest.mark.parametrize("event", [kind.name for kind in EVENTS if not kind.link])
def test_an_event_that_is_not_about_a_link_needs_none(event: str) -> None:
    assert place(take(event=event)) == []


@pytest.mark.parametrize("link", ["http://a.example", "HTTPS://A.example/x?y=1,2", "https://ü.example/ä"])
def test_any_http_link_is_in_order(link: str) -> None:
    assert place(take(event="click", email_link_url=link)) == []


@pytest.mark.parametrize("name", sorted(PLACEHOLDER_IDS))
def test_every_placeholder_is_one_in_any_case(name: str) -> None:
    assert is_placeholder(name)
    assert is_placeholder(name.upper())


@pytest.mark.parametrize("name", [None, "007", "anonymous-7", "10", "nulls", "u1"])
def test_other_ids_are_no_placeholders(name: str | None) -> None:
    assert not is_placeholder(name)


@pytest.mark.parametrize(("repeats", "said"), [(1, False), (2, True)])
def test_repeats_are_worth_a_word_above_one_in_a_hundred(repeats: int, said: bool) -> None:
    people = [f"u{n}" for n in range(100 - repeats)]
    rows = [{**ROW, "personId": "", "userId": user} for user in [*people, *people[:repeats]]]
    found = tools.outcome(tools.csv_of([tuple(row.values()) for row in rows], tuple(rows[0])))
    assert ("repeats-many" in found.codes) is said
    assert found.codes.get("repeats-many", repeats) == repeats


def test_a_zone_that_is_missing_is_said_once_for_the_column_with_its_count_and_an_example() -> None:
    rows = [{**ROW, "userId": f"u{n}", "timestamp": f"2024-03-01 09:3{n}:00"} for n in range(5)]
    found = tools.outcome(tools.csv_of([tuple(row.values()) for row in rows], tuple(rows[0])))
    (problem,) = found.told
    assert (problem.rule.code, problem.count, problem.line, problem.column) == (
        "timestamp-no-zone",
        5,
        2,
        "timestamp",
    )
    assert (problem.rule.scope, problem.value) == (Scope.COLUMN, "2024-03-01 09:30:00")
    assert "--timezone" in (problem.hint or problem.rule.fix)
    assert found.plan.account.rows.rejected == 5


def test_every_rule_has_a_kebab_case_code_of_its_own_and_says_what_fixes_it() -> None:
    codes = [rule.code for rule in ALL_RULES]
    assert len(codes) == len(set(codes))
    for rule in ALL_RULES:
        assert rule.code == rule.code.lower().replace(" ", "-").replace("_", "-")
        assert rule.meaning.endswith(".")
        assert rule.fix
        assert rule.example
        assert rule.severity in Severity


def test_no_message_shows_a_cell() -> None:
    secret = "ada-secret"
    found = take(event=secret, is_unique_open=secret, timestamp=secret, userId="1.5E+18")
    assert secret not in " ".join(problem.message + problem.hint for problem in found.told)


def test_an_id_that_no_column_is_known_as_is_said_once_of_the_file() -> None:
    rows = [("Email Opened", f"u{n}", "c1", "1709285400") for n in range(9)]
    found = tools.outcome(tools.csv_of(rows, ("event", "userId", "campaign_id", "timestamp")))
    assert place(found) == [("campaign-id-missing", "warning", None, "email_id")]
    assert len(found.lines) == 9
