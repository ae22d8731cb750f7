"""Where what is remembered lives, and who may enter."""

import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inflection_cli.errors import LedgerError
from inflection_cli.ledger.state_dir import ledger_path, make_private_folder, open_private, state_dir

HOME = Path("/home/ada")


@pytest.mark.parametrize(
    ("environ", "platform", "expected"),
    [
        ({}, "linux", "/home/ada/.local/state/infl-seg"),
        ({}, "darwin", "/home/ada/Library/Application Support/infl-seg"),
        ({"XDG_STATE_HOME": "/xdg"}, "linux", "/xdg/infl-seg"),
        ({"XDG_STATE_HOME": "/xdg"}, "darwin", "/xdg/infl-seg"),
        ({"XDG_STATE_HOME": "relative"}, "linux", "/home/ada/.local/state/infl-seg"),
        ({"XDG_STATE_HOME": ""}, "linux", "/home/ada/.local/state/infl-seg"),
        ({"INFL_SEG_STATE_DIR": "/mine", "XDG_STATE_HOME": "/xdg"}, "linux", "/mine"),
        ({"INFL_SEG_STATE_DIR": ""}, "linux", "/home/ada/.local/state/infl-seg"),
    ],
)
def test_the_environment_says_where_the_state_directory_is(
    environ: dict[str, str], platform: str, expected: str
) -> None:
    assert state_dir(None, environ, home=HOME, platform=platform) == Path(expected)


def test_the_option_beats_the_environment() -> None:
    assert state_dir(Path("/here"), {"INFL_SEG_STATE_DIR": "/mine"}, home=HOME) == Path("/here")


@given(st.text(), st.text())
def test_any_text_is_a_namespace_with_a_file_of_its_own(one: str, other: str) -> None:
    base = Path("/state")
    path = ledger_path(base, one)
    assert path.parent == base / "ledgers"
    assert path.name.isascii()
    assert path.name == path.name.lower()
    assert len(path.name) < 80
    assert not path.name.startswith(("-", "."))
    assert (path == ledger_path(base, other)) == (one == other)


def test_a_file_name_can_be_told_apart_by_a_reader() -> None:
    assert ledger_path(Path("/state"), "CRM Europe/prod").name.startswith("crm-europe-prod-")


def test_missing_folders_are_made_for_their_owner_alone(tmp_path: Path) -> None:
    previous = os.umask(0)
    try:
        make_private_folder(tmp_path / "a" / "b" / "c")
    finally:
        os.umask(previous)
    for folder in ("a", "a/b", "a/b/c"):
        assert stat.S_IMODE((tmp_path / folder).stat().st_mode) == 0o700


def test_only_the_last_folder_is_closed_to_others_where_it_exists(tmp_path: Path) -> None:
    for folder in (tmp_path / "a", tmp_path / "a" / "b"):
        folder.mkdir()
        folder.chmod(0o755)
    make_private_folder(tmp_path / "a" / "b")
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o755
    assert stat.S_IMODE((tmp_path / "a" / "b").stat().st_mode) == 0o700


def test_a_folder_that_its_owner_closed_to_writing_stays_closed(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir(0o555)
    make_private_folder(tmp_path / "a")
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o500


def test_a_symlink_to_a_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "victim").mkdir(0o755)
    before = (tmp_path / "victim").stat().st_mode
    (tmp_path / "link").symlink_to("victim")
    with pytest.raises(LedgerError, match="is a symlink"):
        make_private_folder(tmp_path / "link")
    assert (tmp_path / "victim").stat().st_mode == before


def test_a_file_where_a_folder_is_needed_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LedgerError) as caught:
        make_private_folder(tmp_path / "file")
    assert "--state-dir" in caught.value.hint
    with pytest.raises(LedgerError, match="cannot be made: Not a directory"):
        make_private_folder(tmp_path / "file" / "below")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_another_users_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    os.chown(tmp_path / "theirs", 65534, 65534)
    with pytest.raises(LedgerError, match="another user"):
        make_private_folder(tmp_path / "theirs")


def test_a_private_file_is_made_anew_only_where_there_is_none(tmp_path: Path) -> None:
    os.close(open_private(tmp_path / "a", exclusive=True))
    os.close(open_private(tmp_path / "a"))
    with pytest.raises(FileExistsError):
        open_private(tmp_path / "a", exclusive=True)
