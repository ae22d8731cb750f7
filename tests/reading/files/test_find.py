"""Given names of files, each is found once, streams are copied privately, and failures speak our words."""

import gzip
import io
import os
import stat
import sys
import threading
from pathlib import Path

import pytest
from pyfakefs.fake_filesystem import FakeFilesystem, set_uid
from reading_support import cells, whole

from inflection_cli.errors import InputError
from inflection_cli.reading import ReadOptions, detect, find, forget_copies

DATA = b"a,b\n1,2\n3,4\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("b.csv", "a.csv", "c.txt"):
        (tmp_path / name).write_bytes(DATA)
    return tmp_path


def test_globs_give_their_files_in_order_and_paths_stay_as_they_were_written(folder: Path) -> None:
    assert [found.path for found in find(["./c.txt", "*.csv"])] == ["./c.txt", "a.csv", "b.csv"]
    assert [found.path for found in find([f"{folder}/*.csv"])] == [f"{folder}/a.csv", f"{folder}/b.csv"]


def test_a_file_named_like_a_pattern_is_that_file(folder: Path) -> None:
    (folder / "report[1].csv").write_bytes(DATA)
    assert [found.path for found in find(["report[1].csv"])] == ["report[1].csv"]


def test_a_file_named_twice_is_read_once_and_said_so(folder: Path) -> None:
    (folder / "link.csv").symlink_to("a.csv")
    (only,) = find(["a.csv", "./a.csv", "link.csv"])
    assert only.again == ("./a.csv", "link.csv")
    (problem,) = detect(only, ReadOptions()).problems
    assert problem.rule.code == "file-named-twice"
    assert "./a.csv, link.csv" in problem.message


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("gone.csv", "gone.csv: no such file"),
        ("a.csv/b.csv", "no such file"),
        ("*.tsv", "no file matches"),
        ("", "no such file"),
        ("a\0b", "cannot be read"),
        ("/dev/zero", "is a device"),
    ],
)
def test_what_is_no_file_is_refused(name: str, message: str) -> None:
    with pytest.raises(InputError) as refused:
        find([name])
    assert message in refused.value.message


def test_a_file_that_may_not_be_read_is_refused(fs: FakeFilesystem) -> None:
    fs.create_file("/data/secret.csv", contents=DATA, st_mode=stat.S_IFREG)
    set_uid(1000)
    (found,) = find(["/data/secret.csv"])
    with pytest.raises(InputError, match="may not be read"):
        detect(found, ReadOptions())


def test_a_file_that_vanishes_between_the_passes_is_refused(folder: Path) -> None:
    source = detect("a.csv", ReadOptions())
    whole(source)
    (folder / "a.csv").unlink()
    with pytest.raises(InputError, match=r"a\.csv: no such file"):
        whole(source)


def stream(data: bytes) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(data))


def test_standard_input_is_copied_privately_and_read_as_often_as_needed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "stdin", stream(gzip.compress(DATA)))
    (found,) = find(["-", "-"])
    copy = Path(found.location)
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert stat.S_IMODE(copy.parent.stat().st_mode) == 0o700
    source = detect(found, ReadOptions())
    assert source.path == "-"
    assert source.compression == "gzip"
    assert cells(whole(source)) == cells(whole(source)) == [["1", "2"], ["3", "4"]]
    forget_copies()
    assert not copy.parent.exists()


def test_a_named_pipe_is_copied_like_standard_input(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(DATA,))
    writer.start()
    (found,) = find([str(pipe)])
    writer.join()
    source = detect(found, ReadOptions())
    assert source.path == str(pipe)
    assert len(whole(source).rows) == len(whole(source).rows) == 2
    forget_copies()


def test_a_disk_without_room_for_the_copy_is_told(
    monkeypatch: pytest.MonkeyPatch, fs: FakeFilesystem
) -> None:
    fs.set_disk_usage(1000)
    monkeypatch.setattr(sys, "stdin", stream(DATA * 1000))
    with pytest.raises(InputError, match="-: cannot be copied") as refused:
        find(["-"])
    assert "TMPDIR" in refused.value.hint
    forget_copies()


def test_a_directory_given_to_detect_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        detect(str(tmp_path), ReadOptions())


def test_a_glob_passes_rejected_rows_by_and_naming_them_reads_them(tmp_path: Path) -> None:
    export, rejects = tmp_path / "a.csv", tmp_path / "a.rejects.csv"
    export.write_text("event\nx\n")
    rejects.write_text("infl_seg_file,infl_seg_line,infl_seg_code,infl_seg_reason,event\na.csv,2,c,r,x\n")
    assert [found.path for found in find([f"{tmp_path}/*.csv"])] == [str(export)]
    assert [found.path for found in find([str(rejects)])] == [str(rejects)]
    export.unlink()
    with pytest.raises(InputError, match="but rejected rows"):
        find([f"{tmp_path}/*.csv"])


def test_a_link_that_leads_nowhere_is_named_with_where_it_leads(tmp_path: Path) -> None:
    (tmp_path / "a.csv").symlink_to(tmp_path / "gone.csv")
    with pytest.raises(InputError, match=r"a\.csv: is a link to .*gone\.csv, which is not there"):
        find([str(tmp_path / "a.csv")])
