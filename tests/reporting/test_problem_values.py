"""Repeated problems, grouped by their value: rows, first line, nearest name, worst first; and what is advised."""

import re
from pathlib import Path

import pytest
from command_support import Desk, opened
from hypothesis import given
from hypothesis import strategies as st

from inflection_cli import rules
from inflection_cli.backfilling.account import ProblemTally
from inflection_cli.backfilling.value_tally import MOST_VALUES
from inflection_cli.model import Problem


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setenv("COLUMNS", "400")
    return Desk.at(tmp_path, monkeypatch)


def named(event: str, minute: int) -> str:
    return opened(f"u{minute}", minute).replace("Email Opened", event)


def unknown(value: str | None, line: int, message: str = "unknown") -> Problem:
    return Problem(rules.EVENT_UNKNOWN, message, "a.csv", line, "event", value)


def test_each_value_is_told_once_with_its_rows_and_first_line_worst_first(desk: Desk) -> None:
    events = [
        "Email Opend",
        *["Sent"] * 300,
        *["Email Sent"] * 500,
        "Email Opened",
        "Email Opend",
        "Exploded",
    ]
    desk.file("e.csv", *(named(event, minute) for minute, event in enumerate(events)))
    done = desk.run("validate", "e.csv", "--show-values")
    places = re.findall(
        r"(?:first in )?e\.csv, line (\d+), column “event”.*?“(.*?)”(?: \(([\d,]+) rows\))?(.*)", done.out
    )
    assert places == [
        ("303", "Email Sent", "500", ""),
        ("3", "Sent", "300", ""),
        ("2", "Email Opend", "2", "; nearest: Email Opened"),
        ("805", "Exploded", "", ""),
    ]
    assert done.out.count("first in e.csv") == 3


def test_the_code_of_most_rows_is_told_first_and_warnings_last(desk: Desk) -> None:
    rows = [opened(f"u{i}", i).replace("2024", "never") for i in range(2)]
    rows += [named("Sent", minute) for minute in range(9)]
    desk.file("c.csv", *rows, *(opened(f"u{i} ", i) for i in range(30)))
    codes = re.findall(r"^(error|warning) ([a-z-]+) ", desk.run("validate", "c.csv").out, re.MULTILINE)
    assert codes[:2] == [("error", "event-unknown"), ("error", "timestamp-unreadable")]
    assert [severity for severity, _ in codes] == sorted(severity for severity, _ in codes)


def test_what_is_not_listed_is_counted_in_rows(desk: Desk) -> None:
    desk.file("m.csv", *(named(f"Odd {i % 9}", i) for i in range(90)))
    done = desk.run("validate", "m.csv")
    assert done.out.count("(10 rows)") == 5
    assert "    and 40 more" in done.out


def test_the_plan_of_a_backfill_groups_them_too(desk: Desk) -> None:
    desk.file("b.csv", *(named("Sent", i) for i in range(90)))
    done = desk.run("backfill", "b.csv", "--dry-run")
    assert done.err.count("column “event”") == 1
    assert "(90 rows)" in done.err


problems = st.lists(
    st.builds(
        unknown,
        st.sampled_from(["a", "b", "c" * 2000, "c" * 1999 + "d", None]),
        st.integers(2, 9),
        st.sampled_from(["one", "two"]),
    ),
    max_size=60,
)


@given(problems)
def test_the_rows_of_all_values_are_those_of_the_code(found: list[Problem]) -> None:
    tally = ProblemTally()
    tally.add_all(found)
    grouped = tally.by_value().get("event-unknown", [])
    counts = [each.count for each in grouped]
    assert sum(counts) == len(found) == tally.counts["event-unknown"]
    assert counts == sorted(counts, reverse=True)
    assert len(grouped) == len({(each.message, each.value) for each in found})
    for each in grouped:
        same = [
            one
            for one in found
            if one.message == each.message and (one.value or "")[:1000] == (each.value or "")[:1000]
        ]
        assert each.line in {one.line for one in same}
        assert len(each.value or "") <= 1000


def test_more_values_than_are_kept_take_no_more_memory() -> None:
    tally = ProblemTally()
    for line in range(MOST_VALUES * 3):
        tally.add(unknown(f"event {line}", line))
        tally.add(unknown("often", line))
    grouped = tally.by_value()["event-unknown"]
    assert len(grouped) == MOST_VALUES
    assert (grouped[0].value, grouped[0].count) == ("often", MOST_VALUES * 3)
    assert tally.counts["event-unknown"] == MOST_VALUES * 6


def test_most_is_said_of_more_than_half_of_all_errors_only(desk: Desk) -> None:
    rows = [named("Sent", 0), opened("", 1), "Email Opened,u,,e1,c1,no time"]
    desk.file("many.csv", *rows, named("Sent", 3))
    checked, planned = desk.run("validate", "many.csv"), desk.run("backfill", "many.csv", "--dry-run")
    assert "would be rejected, the commonest cause is event-unknown, 2 times of 4. Fix" in checked.out
    assert "fix the cause first, the commonest cause is event-unknown, 2 times of 4; then" in planned.err
    desk.file("most.csv", *rows, named("Sent", 3), named("Sent", 4))
    assert "most for event-unknown, 3 times. Fix" in desk.run("validate", "most.csv").out


@pytest.mark.parametrize(
    ("rows", "advised"), [(201, True), (200, True), (100, False), (99, False), (2, False)]
)
def test_a_budget_is_advised_below_one_per_cent_only_and_the_cause_above(
    rows: int, advised: bool, desk: Desk
) -> None:
    desk.file("r.csv", *(opened(f"u{i}", i) for i in range(rows - 1)), named("Sent", 0))
    checked, planned = desk.run("validate", "r.csv"), desk.run("backfill", "r.csv", "--dry-run")
    assert (checked.code, planned.code) == (1, 8)
    assert ("--max-errors 1" in checked.out) is advised
    assert ("--max-errors 1" in planned.err) is advised
    assert ("most for event-unknown, 1 time. Fix the errors above first" in checked.out) is not advised
    assert ("fix the cause first, mostly event-unknown" in planned.err) is not advised
    if advised:
        assert "(under 1 %)" in planned.err
        assert desk.run("backfill", "r.csv", "--dry-run", "--max-errors", "1").code == 1


def test_what_a_hint_adds_to_another_one_is_not_repeated(desk: Desk) -> None:
    desk.file("e.csv", named("Sent", 1), named("Email Opend", 2))
    out = desk.run("validate", "e.csv").out
    assert out.count("--unknown-events skip leaves such rows out") == 1
    assert re.search(r"→ “Email Opened” is the nearest: write it so in the export$", out, re.MULTILINE)
