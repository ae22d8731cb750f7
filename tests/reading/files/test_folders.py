"""Given a folder, its exports are read in the order of their names, and what is left out is said."""

import gzip
import os
import zipfile
from pathlib import Path

import pytest
from reading_support import whole

from inflection_cli.errors import InputError
from inflection_cli.reading import ReadOptions, detect, find

DATA = b"a,b\n1,2\n3,4\n"


def fill(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(DATA)


def names_of(folder: Path) -> list[str]:
    return [os.path.relpath(found.path, folder) for found in find([str(folder)])]


def test_the_exports_in_a_folder_are_taken_in_the_order_of_their_names(tmp_path: Path) -> None:
    names = [
        "a.csv",
        "b.TSV",
        "c.txt",
        "d.ndjson",
        "e.jsonl",
        "f.json",
        "g.csv.gz",
        "h.csv.zst",
        "i.json.bz2",
    ]
    fill(tmp_path, *reversed(names), "j.txt.xz")
    assert names_of(tmp_path) == [*names, "j.txt.xz"]


def test_folders_within_are_entered_and_hidden_ones_are_not(tmp_path: Path) -> None:
    fill(
        tmp_path,
        "2024/02/x.csv",
        "2024/01/y.csv",
        "b.csv",
        ".git/c.csv",
        ".d.csv",
        "2023/~$e.csv",
        "__MACOSX/f.csv",
    )
    assert names_of(tmp_path) == ["2024/01/y.csv", "2024/02/x.csv", "b.csv"]
    assert all(found.problems == () for found in find([str(tmp_path)]))


def test_paths_begin_with_the_folder_as_it_was_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(tmp_path / "exports", "a.csv")
    monkeypatch.chdir(tmp_path)
    assert [found.path for found in find(["exports/"])] == ["exports/a.csv"]
    assert [found.path for found in find(["./exports"])] == ["./exports/a.csv"]
    monkeypatch.chdir(tmp_path / "exports")
    assert [found.path for found in find(["."])] == ["./a.csv"]


def test_what_is_left_out_is_said_once_with_a_count_and_the_first_names(tmp_path: Path) -> None:
    fill(tmp_path, "a.csv", "b.csv", "n1.pdf", "n2.docx", "sub/n3", "n4.md")
    first, second = find([str(tmp_path)])
    (problem,) = detect(first, ReadOptions()).problems
    assert (problem.rule.code, problem.rule.severity, problem.file, problem.count) == (
        "files-left-out",
        "warning",
        str(tmp_path),
        4,
    )
    assert "4 files left out: n1.pdf, n2.docx, n4.md and 1 more" in problem.message
    assert second.problems == ()


def test_rejects_of_ours_are_left_out(tmp_path: Path) -> None:
    fill(tmp_path, "a.csv", "infl-seg-rejects-2024/a.rejects.csv", "r/a.unreadable.txt", "r/a-2.rejects.csv")
    fill(tmp_path, "r/refused-messages.ndjson")
    (tmp_path / "renamed.csv").write_bytes(b"infl_seg_file,infl_seg_line,a\nx,1,2\n")
    (found,) = find([str(tmp_path)])
    assert found.path == str(tmp_path / "a.csv")
    assert found.problems[0].count == 5
    (tmp_path / "a.csv").unlink()
    with pytest.raises(InputError, match="holds no file to read, but") as refused:
        find([str(tmp_path)])
    assert refused.value.hint == f"name its file: infl-seg backfill {tmp_path}/renamed.csv"


def test_an_archive_in_a_folder_is_unfolded(tmp_path: Path) -> None:
    fill(tmp_path, "a.csv", "c.csv")
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as out:
        out.writestr("x.csv", DATA)
    assert names_of(tmp_path) == ["a.csv", "b.zip/x.csv", "c.csv"]


def test_an_empty_folder_is_refused_with_what_would_count(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds no file to read$") as refused:
        find([str(tmp_path)])
    assert refused.value.exit_code == 4
    assert ".csv, .tsv, .txt, .ndjson, .jsonl, .json, .avro, .parquet or .xlsx" in refused.value.hint


def test_links_in_a_circle_are_not_followed(tmp_path: Path) -> None:
    fill(tmp_path, "a.csv", "sub/b.csv")
    (tmp_path / "sub/up").symlink_to(tmp_path)
    (tmp_path / "self.csv").symlink_to("self.csv")
    (tmp_path / "nowhere.csv").symlink_to("gone.csv")
    found = find([str(tmp_path)])
    assert [Path(one.path).name for one in found] == ["a.csv", "b.csv"]
    assert "nowhere.csv, self.csv, sub/up" in found[0].problems[0].message


def test_a_link_to_a_file_of_the_folder_is_the_same_file(tmp_path: Path) -> None:
    fill(tmp_path, "a.csv")
    (tmp_path / "b.csv").symlink_to("a.csv")
    (found,) = find([str(tmp_path)])
    assert found.again == (str(tmp_path / "b.csv"),)


def test_a_pipe_in_a_folder_is_left_out_and_hangs_nobody(tmp_path: Path) -> None:
    fill(tmp_path, "a.csv")
    os.mkfifo(tmp_path / "b.csv")
    (found,) = find([str(tmp_path)])
    assert found.problems[0].count == 1


def test_a_folder_that_a_glob_gives_is_unfolded(tmp_path: Path) -> None:
    fill(tmp_path, "2023/a.csv", "2024/b.csv", "c.csv")
    assert [Path(found.path).name for found in find([f"{tmp_path}/*"])] == ["a.csv", "b.csv", "c.csv"]


def test_a_glob_through_all_folders_names_no_file_twice(tmp_path: Path) -> None:
    fill(tmp_path, "2023/a.csv", "2024/b.csv", "c.csv")
    found = find([f"{tmp_path}/**"])
    assert [Path(one.path).name for one in found] == ["a.csv", "b.csv", "c.csv"]
    assert all(one.again == () for one in found)
    (tmp_path / "empty/inner").mkdir(parents=True)
    with pytest.raises(InputError, match="no file matches"):
        find([f"{tmp_path}/empty/**"])


def test_a_glob_passes_a_folder_of_rejects_by(tmp_path: Path) -> None:
    fill(tmp_path, "a.csv", "infl-seg-rejects-2024/a.unreadable.txt")
    assert [Path(found.path).name for found in find([f"{tmp_path}/*"])] == ["a.csv"]


def test_a_packed_export_in_a_folder_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(DATA))
    (found,) = find([str(tmp_path)])
    assert len(whole(detect(found, ReadOptions())).rows) == 2
