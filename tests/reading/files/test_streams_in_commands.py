"""Given input that is packed, wide, old or in folders, commands and both passes treat it as any other."""

import gzip
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from command_support import CAMPAIGN, Desk
from pipeline_support import outcome
from test_compression import PACKED, every_kind

from inflection_cli.cli.option_values import size_bytes
from inflection_cli.errors import UsageError


def archive(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for name, data in files.items():
            out.writestr(name, data)
    return path


def test_an_archive_is_known_by_its_bytes_and_a_stream_can_be_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = archive(tmp_path / "export.csv", {"a.csv": Path(CAMPAIGN).read_bytes()})
    desk = Desk.at(tmp_path, monkeypatch)
    result = desk.run("validate", "-", "--json", stdin=path.read_bytes())
    assert (result.code, [file["path"] for file in result.json["files"]]) == (0, ["-/a.csv"])
    assert result.json["files"][0]["compression"] == "zip"


def test_both_passes_read_what_is_in_an_archive(tmp_path: Path) -> None:
    path = archive(tmp_path / "x.zip", {"spring.csv": Path(CAMPAIGN).read_bytes()})
    from_archive = outcome({"export.zip": path.read_bytes()})
    assert from_archive.lines == outcome(Path(CAMPAIGN).read_bytes()).lines
    assert from_archive.lines


def test_rejects_are_named_after_the_file_in_the_archive(tmp_path: Path) -> None:
    good, bad = Path(CAMPAIGN).read_bytes(), b"1,2,3\n"
    path = archive(tmp_path / "x.zip", {"a/x.csv": good + bad, "b/x.csv": good + bad})
    kept = outcome({"export.zip": path.read_bytes()}).rejects
    assert kept == {"x.unreadable.txt": bad, "x-2.unreadable.txt": bad}


def test_names_are_shown_and_never_opened_or_written(tmp_path: Path) -> None:
    name = "../../" + "x" * 300 + ".csv"
    kept = outcome(
        {
            "export.zip": archive(
                tmp_path / "x.zip", {name: Path(CAMPAIGN).read_bytes() + b"1,2\n"}
            ).read_bytes()
        }
    ).rejects
    assert list(kept) == ["x" * 50 + ".unreadable.txt"]


@every_kind
def test_validate_reports_how_a_file_is_packed(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk.at(tmp_path, monkeypatch)
    (tmp_path / "export").write_bytes(PACKED[kind](Path(CAMPAIGN).read_bytes()))
    (file,) = desk.run("validate", "export", "--json").json["files"]
    assert file["compression"] == kind
    assert file == {
        **desk.run("validate", CAMPAIGN, "--json").json["files"][0],
        "path": "export",
        "compression": kind,
    }


@pytest.mark.slow
def test_a_plain_file_does_not_import_the_package_for_zstd(tmp_path: Path) -> None:
    program = (
        "import sys; from inflection_cli.cli.app import run; code = run(['validate', sys.argv[1]]); "
        "assert not {'backports', 'compression.zstd'} & set(sys.modules), 'imported'; sys.exit(code)"
    )
    words = [sys.executable, "-c", program, CAMPAIGN]
    subprocess.run(words, capture_output=True, check=True, timeout=240, cwd=tmp_path)


def test_a_folder_of_exports_is_validated_and_what_is_left_out_is_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk.at(tmp_path, monkeypatch)
    folder = tmp_path / "exports"
    folder.mkdir()
    text = Path(CAMPAIGN).read_text(encoding="utf-8")
    (folder / "1.csv").write_text(text, encoding="utf-16")
    (folder / "2.csv").write_bytes(text.replace("\n", "\r").encode())
    (folder / "notes.pdf").write_bytes(b"%PDF")
    report = desk.run("validate", "exports", "--json").json
    assert [(file["path"], file["encoding"]) for file in report["files"]] == [
        ("exports/1.csv", "utf-16-le"),
        ("exports/2.csv", "utf-8"),
    ]
    assert report["problem_counts"]["files-left-out"] == 1
    assert report["rows"]["rejected"] == 0


@pytest.mark.parametrize("command", ["validate", "backfill", "replay"])
def test_the_bounds_are_options_of_every_command_that_reads(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk.at(tmp_path, monkeypatch)
    words = ("--dry-run",) if command != "validate" else ()
    result = desk.run(command, CAMPAIGN, "--max-bytes", "1kB", *words)
    assert result.code == 4
    assert "has more than 1,000 bytes" in result.err
    assert "--max-bytes 1GB" in result.err
    (tmp_path / "bomb.csv.gz").write_bytes(gzip.compress(b"a,b\n" + b"1,2\n" * (5 << 20)))
    result = desk.run(command, "bomb.csv.gz", *words)
    assert result.code == 4
    assert "--max-expansion 2000" in result.err
    assert desk.run(command, CAMPAIGN, "--max-bytes", "some", *words).code == 2


@pytest.mark.parametrize("word", ["100", "100B", "0.1kB", "0.1 KB", "1e2", "-1", "0", "", "MB"])
def test_a_size_is_a_number_with_a_unit(word: str) -> None:
    if word in {"1e2", "-1", "0", "", "MB"}:
        with pytest.raises(UsageError, match="is not a size"):
            size_bytes("--max-bytes", word)
    else:
        assert size_bytes("--max-bytes", word) == 100
    assert size_bytes("--max-bytes", "1.5GiB") == 3 << 29
