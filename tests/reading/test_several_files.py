"""Empty and broken files among others: noted or told, all at once."""

import gzip
from pathlib import Path

import pytest
from command_support import HEADER, Desk, opened


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    desk = Desk.at(tmp_path, monkeypatch)
    Path("d").mkdir()
    desk.file("d/w1.csv", opened("u1"))
    return desk


def add_empty_ones() -> None:
    Path("d/w2.csv").write_text(HEADER + "\n")
    Path("d/w3.csv").write_bytes(b"")
    Path("d/w4.json").write_text("[]")
    Path("d/w5.ndjson").write_text("\n\n")


def add_broken_ones() -> None:
    Path("d/w6.csv.gz").write_bytes(gzip.compress((HEADER + "\n" + opened("u2") * 900).encode())[:40])
    Path("d/w7.csv").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(100))


@pytest.mark.parametrize("words", [("d",), ("d/w1.csv", "d/w2.csv", "d/w3.csv", "d/w4.json", "d/w5.ndjson")])
def test_empty_files_among_others_are_noted_and_passed_over(desk: Desk, words: tuple[str, ...]) -> None:
    add_empty_ones()
    done = desk.run("validate", *words, "--json")
    assert done.code == 0, done.out
    assert done.json["rows"]["read"] == 1
    noted = [each["file"] for each in done.json["problems"] if each["code"] == "file-empty"]
    assert noted == ["d/w2.csv", "d/w3.csv", "d/w4.json", "d/w5.ndjson"]


def test_all_files_that_cannot_be_read_are_told_at_once(desk: Desk) -> None:
    add_empty_ones()
    add_broken_ones()
    for command in ("validate", "inspect"):
        done = desk.run(command, "d")
        assert done.code == 4
        assert "2 files cannot be read: d/w6.csv.gz: the gzip data is damaged" in done.err
        assert "d/w7.csv: is binary" in done.err


def test_all_files_that_cannot_be_mapped_are_told_at_once(desk: Desk) -> None:
    for name in "ab":
        desk.file(f"d/{name}.csv", "x,y", header="foo,bar")
    done = desk.run("validate", "d")
    assert done.code == 4
    assert "d/a.csv: no event, time or person column recognised" in done.err
    assert "d/b.csv: no event, time or person column recognised" in done.err


def test_a_folder_of_nothing_but_empty_files_is_refused(desk: Desk) -> None:
    Path("d/w1.csv").unlink()
    add_empty_ones()
    assert desk.run("validate", "d").code == desk.run("inspect", "d").code == 4
    assert "4 files cannot be read" in desk.run("validate", "d").err


def test_inspect_looks_at_the_others_and_notes_the_empty_ones(desk: Desk) -> None:
    add_empty_ones()
    found = desk.run("inspect", "d", "--json").json["files"]
    assert [each["path"] for each in found] == ["d/w1.csv"]
    assert "d/w3.csv" in str(found[0]["problems"])
