"""Files of one shape are described once by `inspect`, and long names are shown whole."""

from pathlib import Path

import pytest
from command_support import Desk
from hypothesis import given
from hypothesis import strategies as st
from rich.text import Text

from inflection_cli.reporting.console import wrapped

HEADER = "event,timestamp,userId,campaign_id,email_id,plan"


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    desk = Desk.at(tmp_path, monkeypatch)
    Path("months").mkdir()
    return desk


def month(desk: Desk, number: int, rows: int, header: str = HEADER, time: str = "") -> None:
    stamp = time or f"2024-{number:02}-01T08:00:00Z"
    event = "open" if number < 4 else "click"
    lines = [f"{event},{stamp},u{row},c{number},e,{'gold' if number > 3 else ''}" for row in range(rows)]
    desk.file(f"months/{number:02}.csv", *lines, header=header)


def test_a_folder_of_alike_files_has_one_table_and_the_rows_of_each(desk: Desk) -> None:
    for number in range(1, 6):
        month(desk, number, number)
    done = desk.run("inspect", "months")
    lines = done.out.splitlines()
    assert lines[0] == "  files     5 of one shape (CSV, utf-8, comma)"
    assert lines[1:6] == [
        f"            months/0{number}.csv  {number} row{'s' * (number > 1)}" for number in range(1, 6)
    ]
    assert lines[6] == "  rows      15"
    assert sum(line.startswith("  columns") for line in lines) == 1
    assert done.out.count("userId (by its name)") == 1
    # All files count: the plan is filled in two of five only.
    assert "plan          60 % text, 1              property plan" in done.out
    assert "“click” in 9 rows: Link Clicked" in done.out
    assert "2024-01-01 08:00:00 UTC to 2024-05-01 08:00:00 UTC" in done.out
    assert desk.run("inspect", "months", "--json").json["shapes"] == [
        {"files": [f"months/0{number}.csv" for number in range(1, 6)], "rows": 15, "differs": [], "seems": []}
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("header", "time", "differs", "listed"),
    [
        (HEADER.replace("plan", "tier"), "", ["without “plan”", "with “tier” too"], "tier  "),
        (HEADER.replace("plan", "event_id"), "", ["without “plan”", "with “event_id” too"], "event_id  "),
        (
            HEADER,
            "13.01.2024 08:00",
            ["the times of “timestamp” are written as %d.%m.%Y %H:%M, not ISO 8601"],
            "timestamp  ",
        ),
    ],
)
def test_a_file_that_differs_is_told_alone_with_how(
    desk: Desk, header: str, time: str, differs: list[str], listed: str
) -> None:
    month(desk, 1, 2, header, time)
    for number in (2, 3, 4):
        month(desk, number, 3)
    shapes = desk.run("inspect", "months", "--json").json["shapes"]
    assert [len(shape["files"]) for shape in shapes] == [3, 1]
    assert (shapes[1]["files"], shapes[1]["differs"]) == (["months/01.csv"], differs)
    out = desk.run("inspect", "months").out
    alone = out[out.index("months/01.csv (CSV") :]
    assert [line[12:] for line in alone.splitlines() if line[12:] in differs] == differs
    assert f"\n  columns   {listed}" in alone
    assert "and 5 columns as above" in alone


def test_what_is_missing_in_alike_files_is_counted_once(desk: Desk) -> None:
    for number in (1, 2, 3):
        month(desk, number, 4, time=f"2024-0{number}-01 08:00:00")
    out = desk.run("inspect", "months").out
    assert out.count("  missing ") == 1
    assert "12 times have no time zone" in out


@pytest.mark.slow
def test_an_ambiguous_form_of_one_month_is_settled_by_another(desk: Desk) -> None:
    month(desk, 1, 2, time="01/02/2024 08:00")
    month(desk, 2, 2, time="13/02/2024 08:00")
    shapes = desk.run("inspect", "months", "--json").json["shapes"]
    assert len(shapes) == 1
    assert "%d/%m/%Y %H:%M reads all of them" in desk.run("inspect", "months").out


@pytest.mark.slow
def test_files_whose_times_need_different_formats_are_apart(desk: Desk) -> None:
    month(desk, 1, 2, time="13.01.2024 08:00")
    for number in (2, 3):
        month(desk, number, 2, time="01/13/2024 08:00")
    shapes = desk.run("inspect", "months", "--json").json["shapes"]
    assert [shape["differs"] for shape in shapes] == [
        [],
        ["the times of “timestamp” are written as %d.%m.%Y %H:%M, not %m/%d/%Y %H:%M"],
    ]


@pytest.mark.slow
def test_empty_files_are_notes_with_their_names(desk: Desk) -> None:
    month(desk, 1, 2)
    month(desk, 2, 0)
    Path("months/03.csv").touch()
    out = desk.run("inspect", "months").out
    assert "months/02.csv: file-empty: has a header and no rows" in out
    assert "months/03.csv: file-empty: is empty" in out


def test_a_long_name_is_shown_whole(desk: Desk) -> None:
    long = "relationships.property_total_discounts.currency.decimal_amount_in_euros"
    name = desk.file("a.csv", "open,2024-03-01T08:00:00Z,u1,c,e,x", header=HEADER.replace("plan", long))
    lines = desk.run("inspect", name).out.splitlines()
    at = next(number for number, line in enumerate(lines) if long in line)
    assert lines[at] == f"            {long}"
    assert "100 % text, 1" in lines[at + 1]


@given(st.lists(st.text("ab_", min_size=1, max_size=12), min_size=1, max_size=12), st.integers(24, 80))
def test_a_path_is_wrapped_after_dots_and_loses_nothing(parts: list[str], width: int) -> None:
    path = ".".join(parts)
    rows = [row.plain for row in wrapped(Text(f"  columns    {path}"), width, 13)]
    assert "".join(row.strip() for row in rows).removeprefix("columns").strip() == path
    assert all(len(row) <= width for row in rows)


def test_a_word_that_fits_with_less_of_an_indent_has_less() -> None:
    address = "https://shop.example/" + "a" * 30
    assert [row.plain for row in wrapped(Text(f"{'':20}{address}"), 60, 20)] == [f"{'':9}{address}"]
    assert [row.plain for row in wrapped(Text(f"follows {address}"), 55, 10)] == [
        "follows",
        f"{'':4}{address}",
    ]
    assert [row.plain for row in wrapped(Text(f"    {address} x"), 40, 6)] == [f"    {address}", "      x"]


def test_commands_and_addresses_stay_in_one_piece() -> None:
    for whole in ("https://shop.example/" + "a." * 40, "--map userId=" + "a." * 40):
        assert whole in [row.plain.strip() for row in wrapped(Text(f"  → {whole}"), 40, 4)]
