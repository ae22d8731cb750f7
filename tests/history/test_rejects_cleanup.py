"""Rejects folders of tries that sent nothing are deleted; what a run or a user needs stays."""

from pathlib import Path

import pytest
from command_support import BROKEN, Desk, to

from inflection_cli.sandbox import Settings, serve


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk.at(tmp_path, monkeypatch)


def folders(desk: Desk) -> list[str]:
    return sorted(path.name for path in desk.folder.glob("infl-seg-rejects-*"))


def test_folders_of_tries_go_and_those_of_runs_stay(desk: Desk) -> None:
    with serve(Settings()) as sandbox:
        assert desk.run("backfill", BROKEN, *to(sandbox.url)).code == 8
        tried = folders(desk)
        assert desk.run("backfill", BROKEN, *to(sandbox.url, "--max-errors", "100%")).code == 1
    kept = [name for name in folders(desk) if name not in tried]
    assert (len(tried), len(kept)) == (1, 1)
    done = desk.run("runs", "clean", "--yes", "--namespace", "another", "--json")
    assert (done.code, done.json["deleted"]) == (0, tried)
    assert folders(desk) == kept
    assert desk.run("runs", "clean", "--yes").out.startswith("Nothing to delete")


def test_a_folder_with_other_files_and_a_link_stay(desk: Desk) -> None:
    assert desk.run("backfill", BROKEN, "--dry-run", "--max-errors", "100%").code == 1
    (name,) = folders(desk)
    (desk.folder / name / "notes.txt").write_text("mine", encoding="utf-8")
    (desk.folder / "elsewhere").mkdir()
    (desk.folder / "infl-seg-rejects-link").symlink_to(desk.folder / "elsewhere")
    assert desk.run("runs", "clean", "--yes").code == 0
    assert folders(desk) == [name, "infl-seg-rejects-link"]
    assert (desk.folder / name / "broken.rejects.csv").exists()


def test_nothing_is_deleted_without_an_answer(desk: Desk) -> None:
    desk.run("backfill", BROKEN, "--dry-run", "--max-errors", "100%")
    (name,) = folders(desk)
    done = desk.run("runs", "clean")
    assert done.code == 2
    assert f"with rows fixed in them: {name}?" in done.err
    assert folders(desk) == [name]


def test_nothing_is_deleted_while_a_ledger_cannot_be_read(desk: Desk) -> None:
    desk.run("backfill", BROKEN, "--dry-run", "--max-errors", "100%")
    with serve(Settings()) as sandbox:
        desk.run("backfill", BROKEN, *to(sandbox.url, "--max-errors", "100%"))
    (ledger,) = (desk.folder / "state" / "ledgers").glob("*.sqlite3")
    ledger.write_bytes(b"damaged")
    before = folders(desk)
    assert desk.run("runs", "clean", "--yes").code == 6
    assert folders(desk) == before
