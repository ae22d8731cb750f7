"""How much of a file `inspect` reads: the first rows of a large one, and it says so."""

from pathlib import Path

import pytest
from command_support import HEADER, Desk, opened

from inflection_cli.inspecting.sampling import InspectionProgress
from inflection_cli.reading.files.bytes_read import counting


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk.at(tmp_path, monkeypatch)


def test_a_sample_is_told_with_its_rows_and_bytes(desk: Desk) -> None:
    name = desk.file("a.csv", *(opened(f"u{number}", campaign="c" * 300) for number in range(1_500)))
    size = (desk.folder / name).stat().st_size
    assert size > 400_000
    file = desk.run("inspect", name, "--limit", "500", "--json").json["files"][0]
    assert (file["rows"], file["sample"]["rows"], file["sample"]["of_bytes"]) == (500, 500, size)
    assert 0 < file["sample"]["bytes"] < size
    out = desk.run("inspect", name, "--limit", "500").out
    assert "  sample    only the first 500 rows were read" in out
    assert "All counts are of these rows; --all reads all" in out
    assert out.splitlines()[-1] == (
        "Nothing is missing in the rows that were read. Next: infl-seg validate, which reads all"
    )
    desk.run("inspect", name, "--limit", "500", "--save", "p.toml")
    assert "# It is made from the first 500 rows." in Path("p.toml").read_text()


def test_a_file_of_just_so_many_rows_is_no_sample(desk: Desk) -> None:
    name = desk.file("a.csv", opened("u1"), "", "x", opened("u2"))
    whole = desk.run("inspect", name, "--limit", "3", "--json").json["files"][0]
    assert (whole["rows"], whole["unreadable"], whole["sample"]) == (2, 1, None)
    less = desk.run("inspect", name, "--limit", "2", "--json").json["files"][0]
    assert (less["rows"], less["unreadable"], less["sample"]["rows"]) == (1, 1, 2)


@pytest.mark.slow  # reads 200,001 rows twice
def test_a_large_file_is_sampled_unless_all_is_asked_for(desk: Desk) -> None:
    lines = ["open,u1,,e,c,2024-03-01"] * 200_000
    name = desk.file("a.csv", *lines, "click,u2,,e,c,2024-03-01", header=HEADER)
    assert "  sample    only the first 200,000 rows " in desk.run("init", name).out
    assert "the first 200,000 rows" in Path("a.profile.toml").read_text()
    file = desk.run("inspect", name, "--all", "--json").json["files"][0]
    assert (file["rows"], file["sample"]) == (200_001, None)
    assert [each["name"] for each in file["events"]] == ["open", "click"]


def test_the_bytes_ahead_are_those_of_two_passes_of_each_file() -> None:
    with counting() as meter:
        progress = InspectionProgress([1_000, 600], None)
        progress.begin()
        assert progress.size_bytes() == 3_200
        meter.count = 500
        progress.note(10)
        assert (progress.rows, progress.size_bytes()) == (10, 3_200)
        meter.count = 2_000
        progress.begin()
        assert progress.size_bytes() == 3_200
        progress.note(0)
        progress.note(4)
        assert progress.rows == 14


def test_the_bytes_ahead_of_a_sample_are_estimated_by_the_rows() -> None:
    with counting() as meter:
        progress = InspectionProgress([1_000_000, 50], 100)
        progress.begin()
        meter.count = 300
        progress.note(30)
        assert progress.size_bytes() == 2 * 1_000 + 2 * 50
        meter.count = 1_300
        progress.note(20)
        assert progress.size_bytes() == 2 * 1_000 + 2 * 50
