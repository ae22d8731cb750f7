"""Files that are slightly off: `inspect` reads each, and names the option that a run needs."""

import gzip
from pathlib import Path

import pytest
from command_support import Desk

HEADER = "event,timestamp,userId,campaign_id,email_id"
pytestmark = pytest.mark.slow

ROW = "open,2024-03-05T08:00:00Z,u1,c1,e1"


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk.at(tmp_path, monkeypatch)


def settled(desk: Desk, name: str, *words: str) -> None:
    """Check that nothing is missing with these options, and that a run takes the file."""
    assert "Nothing is missing" in desk.run("inspect", name, *words).out
    assert desk.run("validate", name, *words).code == 0


def test_a_nameless_index_column_is_a_note(desk: Desk) -> None:
    name = desk.file("a.csv", f"0,{ROW}", header=f",{HEADER}")
    assert (
        "nameless-column: line 1: column 1 of 6 has no name and is left out" in desk.run("inspect", name).out
    )
    settled(desk, name)


def test_columns_of_one_name_are_told_apart_by_their_places(desk: Desk) -> None:
    name = desk.file(
        "a.csv", "open,2024-03-05T08:00:00Z,u1,x1,c,e", header=HEADER.replace("userId", "userId,userId")
    )
    out = desk.run("inspect", name).out
    assert "2 columns could be userId: “userId (column 3)”, “userId (column 4)”" in out
    assert "--map userId=COLUMN" in out
    settled(desk, name, "--map", "userId=userId (column 4)")


@pytest.mark.parametrize("words", [("--header-line", "3"), ("--skip-lines", "2")])
def test_lines_above_the_header(desk: Desk, words: tuple[str, str]) -> None:
    name = desk.file("a.csv", "", HEADER, ROW, ROW.replace("u1", "u2"), header="Report")
    out = desk.run("inspect", name).out
    assert "userId (by its name)" in out
    assert "--header-line 3" in out
    settled(desk, name, *words)


def test_a_file_without_a_header_is_read_by_its_cells(desk: Desk) -> None:
    name = desk.file("a.csv", ROW.replace("u1", "u2"), header=ROW)
    out = desk.run("inspect", name).out
    assert "infl-seg inspect a.csv --columns event,timestamp,c3,c4,c5" in out
    settled(desk, name, "--columns", "event,timestamp,userId,campaign_id,email_id")


def test_zones_in_cells(desk: Desk) -> None:
    for stamp in ("2024-03-05 08:00:00 America/Los_Angeles", "2024-03-05T08:00:00+01:00[Europe/Berlin]"):
        name = desk.file("a.csv", f"open,{stamp},u1,c1,e1", header=HEADER)
        settled(desk, name)


@pytest.mark.parametrize("draft", [False, True])
def test_abbreviations_of_zones_are_named_with_their_options(desk: Desk, draft: bool) -> None:
    rows = (
        f"open,{day}/2024 08:00:00 AM {zone},u1,c1,e1" for day, zone in (("03/15", "PST"), ("07/15", "PDT"))
    )
    name = desk.file("a.csv", *rows, header=HEADER)
    out = desk.run("inspect", name).out
    assert "2 times end in PST, PDT, which may mean several offsets" in out
    assert "→ --zone-name PST=-08:00 --zone-name PDT=-07:00, if these offsets are right" in out
    assert '--timestamp-format "%m/%d/%Y %I:%M:%S %p"' in out
    assert "have no time zone" not in out
    if not draft:
        words = ("--zone-name", "PST=-08:00", "--zone-name", "PDT=-07:00")
        settled(desk, name, *words, "--timestamp-format", "%m/%d/%Y %I:%M:%S %p")
        return
    assert desk.run("inspect", name, "--save", "p.toml", "--json").json["to_fill_in"] == ["abbreviations"]
    table = '{ PST = "-08:00", PDT = "-07:00" }'
    profile = Path("p.toml").read_text()
    assert table in profile
    Path("p.toml").write_text(profile.replace('abbreviations = "FILL IN"', f"abbreviations = {table}"))
    assert desk.run("validate", name, "--profile", "p.toml").code == 0


def test_a_format_that_is_given_is_not_missing(desk: Desk) -> None:
    name = desk.file("a.csv", ROW.replace("2024-03-05T08:00:00Z", "15.03.2024 08:00"), header=HEADER)
    assert "  missing   the times of “timestamp” need a format" in desk.run("inspect", name).out
    settled(desk, name, "--timestamp-format", "%d.%m.%Y %H:%M", "--timezone", "UTC")


def test_equal_rows_are_counted_and_their_option_is_named(desk: Desk) -> None:
    rows = [ROW.replace("u1", f"u{number}") for number in range(300)]
    name = desk.file("a.csv", *rows, ROW.replace("u1", "u7"), header=HEADER)
    out = desk.run("inspect", name).out
    assert "1 of 301 rows give an event that is there already" in out
    assert "→ infl-seg validate a.csv --keep-equal-rows" in out
    settled(desk, name, "--keep-equal-rows")


def test_the_faults_of_all_files_are_told_at_once_and_empty_ones_are_notes(desk: Desk) -> None:
    Path("d").mkdir()
    desk.file("d/1.csv", ROW, header=HEADER)
    desk.file("d/2.csv", header=HEADER)
    Path("d/3.csv").touch()
    done = desk.run("inspect", "d")
    assert done.code == 0
    assert "d/2.csv: file-empty" in done.out
    assert "d/3.csv: file-empty" in done.out
    Path("d/4.csv.gz").write_bytes(gzip.compress(Path("d/1.csv").read_bytes() * 50)[:-20])
    Path("d/5.csv").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(40))
    refused = desk.run("inspect", "d")
    assert refused.code == 4
    assert "d/4.csv.gz" in refused.err
    assert "d/5.csv" in refused.err
