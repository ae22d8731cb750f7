"""Given a zip archive, each export in it is a file of its own, and what cannot be unpacked is refused with the fix."""

import struct
import subprocess
import zipfile
import zlib
from pathlib import Path

import pytest
from reading_support import cells, source_of, whole

from inflection_cli.errors import InputError
from inflection_cli.reading import FoundFile, ReadOptions, detect, find
from inflection_cli.reading.files.fingerprint import fingerprint
from inflection_cli.reading.files.stream import open_bytes

DATA = b"a,b\n1,2\n3,4\n"


def archive(path: Path, files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as out:
        for name, data in files.items():
            out.writestr(name, data)
    return path


def refusal(path: Path) -> InputError:
    with pytest.raises(InputError) as refused:
        [whole(detect(found, ReadOptions())) for found in find([str(path)])]
    assert refused.value.exit_code == 4
    return refused.value


METHODS = [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2]


@pytest.mark.parametrize("method", METHODS)
def test_each_export_in_an_archive_is_a_file_of_its_own_in_the_order_of_names(
    tmp_path: Path, method: int
) -> None:
    files = {"b.csv": DATA, "a/c.ndjson": b'{"a": 1}\n', "a/big.tsv": b"x\ty\n" + b"1\t2\n" * 100_000}
    path = archive(tmp_path / "archive.zip", files, method)
    found = find([str(path)])
    assert [one.path for one in found] == [f"{path}/{name}" for name in sorted(files)]
    sources = [detect(one, ReadOptions()) for one in found]
    assert [source.format for source in sources] == ["csv", "ndjson", "csv"]
    assert {source.compression for source in sources} == {"zip"}
    assert [len(whole(source).rows) for source in sources] == [100_000, 1, 2]
    assert cells(whole(sources[2])) == cells(whole(sources[2])) == [["1", "2"], ["3", "4"]]


def test_the_fingerprint_of_a_file_in_an_archive_is_that_of_the_file(tmp_path: Path) -> None:
    plain = tmp_path / "a.csv"
    plain.write_bytes(DATA)
    (found,) = find([str(archive(tmp_path / "x.zip", {"a.csv": DATA}))])
    assert fingerprint(found.path, found.location, found.member) == fingerprint("a.csv", str(plain))


def test_folders_and_what_is_hidden_are_passed_by(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    names = [
        "exports/",
        "exports/a.csv",
        "__MACOSX/exports/._a.csv",
        "exports/.DS_Store",
        ".git/x.csv",
        "~$a.csv",
    ]
    archive(path, dict.fromkeys(names, DATA))
    (found,) = find([str(path)])
    assert found.path == f"{path}/exports/a.csv"
    assert found.problems == ()


def test_other_files_are_left_out_and_said_so(tmp_path: Path) -> None:
    path = archive(
        tmp_path / "x.zip", {"a.csv": DATA, "notes.pdf": b"%PDF", "b.csv": DATA, "LICENSE": b"MIT"}
    )
    first, second = find([str(path)])
    (problem,) = detect(first, ReadOptions()).problems
    assert (problem.rule.code, problem.file, problem.count) == ("files-left-out", str(path), 2)
    assert "2 files left out: LICENSE, notes.pdf" in problem.message
    assert detect(second, ReadOptions()).problems == ()


def test_a_single_file_is_taken_whatever_its_name(tmp_path: Path) -> None:
    path = archive(tmp_path / "x.zip", {"export": DATA})
    (found,) = find([str(path)])
    assert found.path == f"{path}/export"
    assert len(whole(detect(str(path), ReadOptions())).rows) == 2


def test_an_archive_named_twice_is_read_once(tmp_path: Path) -> None:
    path = archive(tmp_path / "x.zip", {"a.csv": DATA, "b.csv": DATA})
    found = find([str(path), str(path)])
    assert [len(detect(one, ReadOptions()).problems) for one in found] == [1, 0]


def entry_at(data: bytes, mark: bytes) -> int:
    at = data.find(mark)
    assert at >= 0
    return at


def changed(tmp_path: Path, at: int, form: str, value: int, mark: bytes = b"PK\x01\x02") -> Path:
    """An archive with one number changed, of its directory or of the file's own header."""
    path = archive(tmp_path / "x.zip", {"a.csv": DATA * 1000})
    data = bytearray(path.read_bytes())
    struct.pack_into(form, data, entry_at(bytes(data), mark) + at, value)
    path.write_bytes(data)
    return path


def test_an_encrypted_file_is_refused_with_the_way_out(tmp_path: Path) -> None:
    error = refusal(changed(tmp_path, 8, "<H", 1))
    assert "x.zip/a.csv: is encrypted" in error.message
    assert "asks for its password" in error.hint
    assert "is encrypted" in refusal(changed(tmp_path, 8, "<H", 1)).message
    assert "says that it is encrypted" in refusal(changed(tmp_path, 6, "<H", 1, b"PK\x03\x04")).message


@pytest.mark.parametrize(("method", "name"), [(9, "Deflate64"), (14, "LZMA"), (99, "method 99")])
def test_an_unusual_method_is_refused_with_the_way_out(tmp_path: Path, method: int, name: str) -> None:
    error = refusal(changed(tmp_path, 10, "<H", method))
    assert f"a compression that is not supported, {name}" in error.message
    assert "unzip FILE -d FOLDER" in error.hint


DAMAGE = {
    "a wrong checksum": (16, "<I", 7, b"PK\x01\x02", "checksum is wrong"),
    "a size too small": (24, "<I", 100, b"PK\x01\x02", "more comes out"),
    "a size too large": (24, "<I", 99_999, b"PK\x01\x02", "ends too early"),
    "a packed size too small": (20, "<I", 20, b"PK\x01\x02", "ends in the middle"),
    "an offset elsewhere": (42, "<I", 5, b"PK\x01\x02", "not where the archive's directory says"),
    "an offset beyond the end": (42, "<I", 1 << 30, b"PK\x01\x02", "not where the archive's directory says"),
}


@pytest.mark.parametrize(("at", "form", "value", "mark", "message"), DAMAGE.values(), ids=DAMAGE.keys())
def test_a_file_that_is_not_what_the_directory_says_is_refused(
    tmp_path: Path, at: int, form: str, value: int, mark: bytes, message: str
) -> None:
    error = refusal(changed(tmp_path, at, form, value, mark))
    assert "zip data is damaged or cut off" in error.message
    assert message in error.message
    assert "unzip -t FILE" in error.hint


@pytest.mark.parametrize("size", [30, 200, -5])
def test_an_archive_cut_off_is_refused(tmp_path: Path, size: int) -> None:
    path = archive(tmp_path / "x.zip", {"a.csv": DATA * 1000, "b.csv": DATA})
    path.write_bytes(path.read_bytes()[:size])
    error = refusal(path)
    assert "the zip archive is damaged or cut off" in error.message
    assert "unzip -t FILE" in error.hint


FOREIGN = ["[Content_Types].xml", "META-INF/MANIFEST.MF", "mimetype"]


@pytest.mark.parametrize("name", FOREIGN)
def test_documents_and_programs_are_refused(tmp_path: Path, name: str) -> None:
    error = refusal(archive(tmp_path / "book.docx", {name: b"<x/>", "data.csv": DATA}))
    assert "is a document or a program" in error.message
    assert "export it as CSV" in error.hint


@pytest.mark.parametrize("name", ["inner.zip", "a.csv.gz", "exports.tar", "b.ndjson.zst"])
def test_what_is_packed_within_is_refused(tmp_path: Path, name: str) -> None:
    error = refusal(archive(tmp_path / "x.zip", {"a.csv": DATA, name: b"PK\x03\x04"}))
    assert f"x.zip/{name}: is compressed inside the archive" in error.message


def test_what_is_packed_within_is_known_by_its_bytes_too(tmp_path: Path) -> None:
    inner = archive(tmp_path / "inner.zip", {"a.csv": DATA}).read_bytes()
    assert (
        "is a zip archive, and holds no workbook"
        in refusal(archive(tmp_path / "x.zip", {"a.csv": inner})).message
    )
    packed = zlib.compress(DATA, wbits=31)
    assert "compressed twice" in refusal(archive(tmp_path / "x.zip", {"a.csv": packed})).message


def test_an_archive_with_nothing_to_read_says_what_counts(tmp_path: Path) -> None:
    error = refusal(archive(tmp_path / "x.zip", {"a.pdf": b"x", "b.png": b"x"}))
    assert "holds no file to read, but a.pdf, b.png" in error.message
    assert ".csv, .tsv" in error.hint
    assert "holds no file to read" in refusal(archive(tmp_path / "x.zip", {})).message


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    path = archive(tmp_path / "x.zip", {"a.csv": DATA, "b.csv": DATA})
    path.write_bytes(path.read_bytes().replace(b"b.csv", b"a.csv"))
    assert "holds 2 files of the name a.csv" in refusal(path).message


def test_too_many_files_are_refused(tmp_path: Path) -> None:
    error = refusal(archive(tmp_path / "x.zip", {f"{n}.csv": b"" for n in range(1_001)}, zipfile.ZIP_STORED))
    assert "holds 1,001 files, more than 1,000" in error.message
    assert "unzip FILE -d FOLDER" in error.hint


def test_a_directory_of_endless_length_is_not_even_read(tmp_path: Path) -> None:
    entry = b"PK\x01\x02" + bytes(42)
    directory = entry * 60_000
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 60_000, 60_000, len(directory), 4, 0)
    (tmp_path / "x.zip").write_bytes(b"PK\x03\x04" + directory + end)
    assert "a directory of too many files" in refusal(tmp_path / "x.zip").message


def test_several_files_are_too_many_for_who_wants_one(tmp_path: Path) -> None:
    path = archive(tmp_path / "x.zip", {"a.csv": DATA, "b.csv": DATA})
    with pytest.raises(InputError, match="holds 2 files"):
        detect(str(path), ReadOptions())


def test_a_file_in_an_archive_that_changed_between_the_passes_is_refused(tmp_path: Path) -> None:
    path = archive(tmp_path / "x.zip", {"a.csv": DATA, "b.csv": DATA})
    sources = [detect(found, ReadOptions()) for found in find([str(path)])]
    archive(path, {"b.csv": DATA * 2, "longer.csv": DATA})
    with pytest.raises(InputError, match="damaged or cut off"):
        [whole(source) for source in sources]


def test_what_the_tools_make_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(DATA * 1000)
    try:
        words = ["zip", "-q", "x.zip", "a.csv"]
        subprocess.run(words, check=True, cwd=tmp_path, timeout=240)
        piped = subprocess.run(
            ["zip", "-q", "-", "-"], input=DATA, check=True, timeout=240, capture_output=True
        ).stdout
    except FileNotFoundError:
        pytest.skip("this machine has no zip")
    assert len(whole(detect(str(tmp_path / "x.zip"), ReadOptions())).faults) == 0
    # Sizes and checksum follow the data where it came through a pipe.
    assert len(whole(source_of(piped)).rows) == 2


def test_a_path_that_is_no_archive_stands_for_itself(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(DATA)
    path = str(tmp_path / "a.csv")
    assert find([path]) == [FoundFile(path, path)]


@pytest.mark.parametrize("rows", range(1, 60))
def test_a_file_in_an_archive_is_read_whole_however_little_is_read_at_once(tmp_path: Path, rows: int) -> None:
    # zlib may have taken all of its input and still hold output back, if the last bits fall so.
    data = b"a,b\n" + b"5,5\n" * rows
    (found,) = find([str(archive(tmp_path / "x.zip", {"a.csv": data}))])
    with open_bytes(found.path, found.location, "zip", found.member) as stream:
        assert b"".join(iter(lambda: stream.read(1), b"")) == data
