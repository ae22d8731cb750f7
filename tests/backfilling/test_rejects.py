"""Rejects: what was not sent stands there with its reason, and goes through the same command once it is fixed."""

import csv
import io
import json
from pathlib import Path

import pipeline_support as tools
import pytest
from command_support import BROKEN, HEADER, SAMPLES, Desk, opened
from example_support import examples
from hypothesis import given
from hypothesis import strategies as st

from inflection_cli.catalog import REJECT_COLUMNS

BREAK = {1: "  ", 8: "soon", 7: "maybe", 0: "Sent"}


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk.at(tmp_path, monkeypatch)


def table(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode(), newline="")))


def broken(row: tuple[str, ...], at: int) -> tuple[str, ...]:
    """A row with one cell spoilt; without its person where that is the userId."""
    cells = [*row[:at], BREAK[at], *row[at + 1 :]]
    if at == 1:
        cells[2] = ""
    return tuple(cells)


@examples(10)
@given(
    rows=st.lists(tools.GOOD_ROWS, min_size=1, max_size=8),
    spoilt=st.dictionaries(st.integers(0, 7), st.sampled_from(sorted(BREAK)), max_size=5),
    suffix=st.sampled_from(["csv", "ndjson"]),
)
def test_fixed_rejects_give_exactly_the_ids_that_were_missing(
    rows: list[tuple[str, ...]],
    spoilt: dict[int, int],
    suffix: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    write = tools.csv_of if suffix == "csv" else tools.ndjson_of
    spoilt = {number: at for number, at in spoilt.items() if number < len(rows)}
    given_rows = [broken(row, spoilt[n]) if n in spoilt else row for n, row in enumerate(rows)]
    with pytest.MonkeyPatch.context() as patch:
        desk = Desk.at(tmp_path_factory.mktemp("desk"), patch)
        (desk.folder / f"all.{suffix}").write_bytes(write(rows))
        (desk.folder / f"part.{suffix}").write_bytes(write(given_rows))
        whole = dry_run(desk, f"all.{suffix}", "whole")
        part = dry_run(desk, f"part.{suffix}", "part")
        if not spoilt:
            assert part == whole
            return
        path = desk.folder / "part" / f"part.rejects.{suffix}"
        fix(path, [rows[number] for number in sorted(spoilt)])
        fixed = dry_run(desk, str(path), "fixed")
    assert part | fixed == whole
    assert fixed == ids(suffix, [rows[number] for number in sorted(spoilt)])


def dry_run(desk: Desk, name: str, label: str) -> set[str]:
    """Write a dry run's messages and rejects under a label; give the ids."""
    words: tuple[str, ...] = (
        "--dry-run",
        "--out",
        f"{label}.out.ndjson",
        "--rejects",
        label,
        "--max-errors",
        "100%",
    )
    words = (*words, "--allow-implausible-people")  # a made-up person may have two users
    done = desk.run("backfill", name, *words)
    assert done.code in {0, 1}, done.err
    return {message["messageId"] for message in desk.messages(f"{label}.out.ndjson")}


def fix(path: Path, rows: list[tuple[str, ...]]) -> None:
    """Put the good cells back, as somebody does who edits the file; the columns of ours stay."""
    if path.suffix == ".csv":
        header, *kept = table(path.read_bytes())
        assert len(kept) == len(rows)
        fixed = [[*ours[:4], *row] for ours, row in zip(kept, rows, strict=True)]
        path.write_bytes(tools.csv_of(fixed, header))
        return
    lines = path.read_bytes().splitlines()
    objects = [
        {**json.loads(line), **dict(zip(tools.COLUMNS, row, strict=True))}
        for line, row in zip(lines, rows, strict=True)
    ]
    path.write_text("".join(json.dumps(one) + "\n" for one in objects))


def ids(suffix: str, rows: list[tuple[str, ...]]) -> set[str]:
    data = tools.csv_of(rows) if suffix == "csv" else tools.ndjson_of(rows)
    return set(tools.outcome({f"export.{suffix}": data}).ids)


def test_a_rejected_row_stands_with_file_line_codes_and_reason_before_its_cells(desk: Desk) -> None:
    name = desk.file("some.csv", opened("u1"), "Sent,u2,,e1,c1,soon")
    desk.run("backfill", name, "--dry-run", "--rejects", "kept")
    header, row = table((desk.folder / "kept" / "some.rejects.csv").read_bytes())
    assert header[:4] == list(REJECT_COLUMNS)
    assert row[:3] == ["some.csv", "3", "event-unknown timestamp-unreadable"]
    assert row[4:] == ["Sent", "u2", "", "e1", "c1", "soon"]


def test_unreadable_lines_are_kept_verbatim(desk: Desk) -> None:
    desk.run("backfill", BROKEN, "--dry-run", "--rejects", "kept")
    kept = (desk.folder / "kept" / "broken.unreadable.txt").read_bytes()
    lines = Path(BROKEN).read_bytes().split(b"\n")
    assert kept == b"".join(lines[number - 1] + b"\n" for number in (3, 6, 7, 8, 9, 10, 38, 39))


def test_every_rejected_row_of_the_broken_sample_is_kept(desk: Desk) -> None:
    report = desk.run("backfill", BROKEN, "--dry-run", "--json", "--max-errors", "100%").json
    folder = desk.folder / report["rejects"]
    rows = len(table((folder / "broken.rejects.csv").read_bytes())) - 1
    assert rows + (folder / "broken.unreadable.txt").read_bytes().count(b"\n") == 26


def test_the_folder_is_named_after_the_run_and_made_only_when_needed(desk: Desk) -> None:
    report = desk.run("backfill", str(SAMPLES / "spring-launch.csv"), "--dry-run", "--json").json
    assert (report["rejects"], list(desk.folder.iterdir())) == (None, [])
    report = desk.run("backfill", BROKEN, "--rehearse", "--json", "--max-errors", "26").json
    assert report["run_id"] in report["rejects"]
    assert (desk.folder / report["rejects"]).is_dir()


def test_the_folder_and_its_files_are_private(desk: Desk) -> None:
    desk.run("backfill", BROKEN, "--dry-run", "--rejects", "kept")
    assert (desk.folder / "kept").stat().st_mode & 0o077 == 0
    assert all(path.stat().st_mode & 0o077 == 0 for path in (desk.folder / "kept").iterdir())


def test_rejects_of_rejects_carry_our_columns_once(desk: Desk) -> None:
    name = desk.file("some.csv", "Sent,u2,,e1,c1,2024-03-01T09:30:00Z")
    desk.run("backfill", name, "--dry-run", "--rejects", "first")
    desk.run("backfill", "first/some.rejects.csv", "--dry-run", "--rejects", "second")
    header, row = table((desk.folder / "second" / "some.rejects.rejects.csv").read_bytes())
    assert header == [*REJECT_COLUMNS, "event", "userId", "personId", "email_id", "campaign_id", "timestamp"]
    assert row[4:] == ["Sent", "u2", "", "e1", "c1", "2024-03-01T09:30:00Z"]


@pytest.mark.parametrize("suffix", ["csv", "ndjson"])
def test_a_row_that_is_rejected_again_says_where_it_was_exported_and_what_is_wrong_now(
    suffix: str, desk: Desk
) -> None:
    write = tools.csv_of if suffix == "csv" else tools.ndjson_of
    row = ("Email Opened", "u1", "p1", "e1", "c1", "2024-03-01T09:30:00Z")
    names = tuple(HEADER.split(","))
    (desk.folder / f"some.{suffix}").write_bytes(write([row, (*row[:5], "soon")], names))
    desk.run("backfill", f"some.{suffix}", "--dry-run", "--rejects", "first")
    again = desk.folder / "first" / f"some.rejects.{suffix}"
    again.write_text(again.read_text().replace("soon", "2099-01-01T00:00:00Z"))
    desk.run("backfill", str(again), "--dry-run", "--rejects", "second")
    kept = (desk.folder / "second" / f"some.rejects.rejects.{suffix}").read_bytes()
    cells = table(kept)[1] if suffix == "csv" else list(json.loads(kept).values())
    assert cells[:3] == [f"some.{suffix}", "3" if suffix == "csv" else "2", "timestamp-future"]


def test_a_row_that_somebody_adds_to_rejects_is_said_to_come_from_there(desk: Desk) -> None:
    header = ",".join((*REJECT_COLUMNS, "event", "userId"))
    name = desk.file("added.csv", ",,,,Sent,u2", "a.csv,,,,Sent,u3", header=header)
    desk.run("backfill", name, "--dry-run", "--rejects", "kept", "--set", "timestamp=2024-03-01T09:30:00Z")
    _, *rows = table((desk.folder / "kept" / "added.rejects.csv").read_bytes())
    assert [row[:2] for row in rows] == [["added.csv", "2"], ["added.csv", "3"]]


def test_the_delimiter_of_the_input_is_kept(desk: Desk) -> None:
    name = desk.file("semi.csv", "Sent;u1;2024-03-01T09:30:00Z", header="event;userId;timestamp")
    desk.run("backfill", name, "--dry-run", "--rejects", "kept")
    assert (desk.folder / "kept" / "semi.rejects.csv").read_text().startswith(";".join(REJECT_COLUMNS))


def test_two_files_of_one_name_have_rejects_of_their_own(desk: Desk) -> None:
    for folder in ("a", "b"):
        (desk.folder / folder).mkdir()
        desk.file(f"{folder}/x.csv", f"Sent,{folder},,e1,c1,2024-03-01T09:30:00Z")
    desk.run("backfill", "a/x.csv", "b/x.csv", "--dry-run", "--rejects", "kept")
    kept = {path.name: table(path.read_bytes())[1][0] for path in (desk.folder / "kept").iterdir()}
    assert sorted(kept.values()) == ["a/x.csv", "b/x.csv"]


def test_a_folder_that_cannot_be_made_is_told_before_anything_is_sent(desk: Desk) -> None:
    (desk.folder / "file").write_text("")
    done = desk.run("backfill", BROKEN, "--rehearse", "--max-errors", "100%", "--rejects", "file/kept")
    assert done.code == 4
    assert "--rejects DIR" in done.err
