"""Given a tar archive, packed or not, each export in it is a file of its own, as in a zip archive."""

import bz2
import gzip
import io
import lzma
import os
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from command_support import Desk, opened
from reading_support import cells, whole

from inflection_cli.errors import InputError
from inflection_cli.reading import Limits, ReadOptions, detect, find

DATA = b"a,b\n1,2\n3,4\n"


def tarred(files: dict[str, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as archive:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return out.getvalue()


def zstd(data: bytes) -> bytes:
    from backports import zstd as packer

    return packer.compress(data)


PACKED: dict[str, Callable[[bytes], bytes]] = {
    "tar": bytes,
    "tar.gz": gzip.compress,
    "tgz": gzip.compress,
    "tar.zst": zstd,
    "tar.bz2": bz2.compress,
    "tar.xz": lzma.compress,
}


def refusal(path: Path, limits: Limits | None = None) -> InputError:
    with pytest.raises(InputError) as refused:
        [whole(detect(found, ReadOptions())) for found in find([str(path)], limits)]
    assert refused.value.exit_code == 4
    return refused.value


@pytest.mark.parametrize("ending", PACKED)
def test_each_export_in_a_tar_archive_is_a_file_of_its_own_in_the_order_of_names(
    tmp_path: Path, ending: str
) -> None:
    files = {
        "b.csv": DATA,
        "a/c.ndjson": b'{"a": 1}\n',
        "a/" + "n" * 200 + ".tsv": b"x\ty\n" + b"1\t2\n" * 9_000,
    }
    path = tmp_path / f"archive.{ending}"
    path.write_bytes(PACKED[ending](tarred({**files, "notes.pdf": b"x", "._b.csv": b"x"})))
    found = find([str(path)])
    assert [one.path for one in found] == [f"{path}/{name}" for name in sorted(files)]
    sources = [detect(one, ReadOptions()) for one in found]
    assert {source.compression for source in sources} == {"tar"}
    assert [len(whole(source).rows) for source in sources] == [1, 9_000, 2]
    assert cells(whole(sources[2])) == cells(whole(sources[2])) == [["1", "2"], ["3", "4"]]
    assert "1 file left out: notes.pdf" in sources[0].problems[0].message


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT])
def test_every_form_of_a_header_is_read(tmp_path: Path, form: int) -> None:
    (tmp_path / "x.tar").write_bytes(tarred({"a.csv": DATA}, form))
    (found,) = find([str(tmp_path / "x.tar")])
    assert cells(whole(detect(found, ReadOptions()))) == [["1", "2"], ["3", "4"]]


def test_links_and_files_with_holes_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(DATA)
    (tmp_path / "link.csv").symlink_to("/etc/passwd")
    with (tmp_path / "holes.csv").open("wb") as file:
        file.write(DATA)
        os.truncate(file.fileno(), 1 << 20)
    names = ["a.csv", "link.csv", "holes.csv"]
    subprocess.run(["tar", "-S", "-cf", "x.tar", *names], cwd=tmp_path, check=True)
    found = find([str(tmp_path / "x.tar")])
    assert [Path(one.path).name for one in found] == ["a.csv"]
    assert "2 files left out: holes.csv, link.csv" in found[0].problems[0].message


@pytest.mark.parametrize("name", ["inner.zip", "a.csv.gz", "exports.tar"])
def test_what_is_packed_within_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "x.tar").write_bytes(tarred({"a.csv": DATA, name: b"x"}))
    error = refusal(tmp_path / "x.tar")
    assert f"x.tar/{name}: is compressed inside the archive" in error.message
    assert "tar -xf FILE" in error.hint


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    second = tarred({"a.csv": b"a,b\n5,6\n"})
    (tmp_path / "x.tar").write_bytes(tarred({"a.csv": DATA})[:1024] + second)
    assert "2 files of the name a.csv" in refusal(tmp_path / "x.tar").message


@pytest.mark.parametrize("size", [700, 1_030, 1_500])
def test_an_archive_that_ends_in_the_middle_is_refused(tmp_path: Path, size: int) -> None:
    (tmp_path / "x.tar").write_bytes(tarred({"a.csv": DATA * 200})[:size])
    assert "is damaged or cut off" in refusal(tmp_path / "x.tar").message


def test_an_archive_that_unpacks_to_too_much_is_refused_before_it_fills_the_disk(tmp_path: Path) -> None:
    (tmp_path / "x.tar.gz").write_bytes(gzip.compress(tarred({"a.csv": DATA + bytes(40 << 20)})))
    assert "expands to more than 250 times its size" in refusal(tmp_path / "x.tar.gz", Limits()).message


def test_attributes_of_megabytes_are_refused(tmp_path: Path) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        entry = tarfile.TarInfo("a.csv")
        entry.pax_headers = {"comment": "x" * (2 << 20)}
        archive.addfile(entry)
    (tmp_path / "x.tar").write_bytes(out.getvalue())
    assert "attributes of more than a megabyte" in refusal(tmp_path / "x.tar").message


def test_a_folder_and_standard_input_may_hold_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk.at(tmp_path, monkeypatch)
    data = gzip.compress(tarred({"a.csv": (tmp_path / desk.file("a.csv", opened("u1"))).read_bytes()}))
    (tmp_path / "a.csv").unlink()
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "x.tar.gz").write_bytes(data)
    assert desk.run("validate", "in", "--json").json["rows"]["mapped"] == 1
    report = desk.run("validate", "-", "--json", stdin=data).json
    assert (report["rows"]["mapped"], report["files"][0]["path"]) == (1, "-/a.csv")
