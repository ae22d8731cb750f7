"""`infl-seg explain`: every code there is, in words."""

import re
from pathlib import Path

import pytest
from command_support import BROKEN, Desk

from inflection_cli.model import Rule
from inflection_cli.reporting.rule_docs import rules_by_code

RULES = [*rules_by_code().values()]
every_rule = pytest.mark.parametrize("rule", RULES, ids=[rule.code for rule in RULES])


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk.at(tmp_path, monkeypatch)


@every_rule
def test_every_code_is_explained_with_an_example_and_a_fix(rule: Rule, desk: Desk) -> None:
    result = desk.run("explain", rule.code)
    assert result.code == 0
    for told in (rule.code, rule.severity.value, rule.meaning, rule.example, rule.fix):
        assert told in result.out


@every_rule
def test_every_rule_says_what_settles_it_in_whole_words(rule: Rule) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", rule.code)
    assert rule.meaning.endswith(".")
    assert rule.fix
    assert not rule.fix.endswith(".")
    assert rule.example
    assert len(rule.meaning) <= 1024


def test_no_two_rules_share_a_code() -> None:
    import inflection_cli.rules as catalogue

    codes = [value.code for value in vars(catalogue).values() if isinstance(value, Rule)]
    assert sorted(codes) == [*rules_by_code()]


def test_every_problem_that_a_broken_file_shows_is_explained(desk: Desk) -> None:
    codes = desk.run("validate", BROKEN, "--json").json["problem_counts"]
    assert codes
    assert [code for code in codes if desk.run("explain", code).code != 0] == []


def test_without_a_code_all_of_them_are_listed(desk: Desk) -> None:
    result = desk.run("explain")
    assert result.code == 0
    assert [line.split()[0] for line in result.out.splitlines()] == [*rules_by_code()]


@pytest.mark.parametrize(
    ("typed", "near"), [("ragged_row", "ragged-row"), ("Timestamp-No-Zone", "timestamp-no-zone")]
)
def test_an_unknown_code_is_answered_with_the_nearest(typed: str, near: str, desk: Desk) -> None:
    result = desk.run("explain", typed)
    assert result.code == 2
    assert near in result.err


def test_a_code_like_no_other_is_answered_with_the_list(desk: Desk) -> None:
    result = desk.run("explain", "\x1b[31mqqq")
    assert result.code == 2
    assert "infl-seg explain lists all of them" in result.err
    assert "\x1b" not in result.err


def test_scripts_get_one_code_or_all_as_json(desk: Desk) -> None:
    one = desk.run("explain", "ragged-row", "--json").json
    assert one["command"] == "explain"
    assert one["exit_code"] == 0
    assert [rule["code"] for rule in one["rules"]] == ["ragged-row"]
    assert set(one["rules"][0]) == {"code", "severity", "scope", "meaning", "fix", "example"}
    assert [rule["code"] for rule in desk.run("explain", "--json").json["rules"]] == [*rules_by_code()]
    refused = desk.run("explain", "none", "--json")
    assert refused.json["error"]["code"] == "usage"
