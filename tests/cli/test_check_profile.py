"""`infl-seg check-profile`: profiles and project files by themselves, as a pre-commit hook calls it."""

from pathlib import Path

import pytest
from command_support import Desk

SOUND = 'profile = 1\n[fields]\nevent = "kind"\ntimestamp = "when"\nuserId = "uid"\n'


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    desk = Desk.at(tmp_path, monkeypatch)
    (desk.folder / "sound.toml").write_text(SOUND, encoding="utf-8")
    (desk.folder / "draft.toml").write_text(
        'profile = 1\n[time]\nzone = "FILL IN"\n[fields]\nevnt = "kind"\n', encoding="utf-8"
    )
    return desk


def test_a_sound_profile_passes_without_an_export(desk: Desk) -> None:
    done = desk.run("check-profile", "sound.toml")
    assert (done.code, done.out, done.err) == (0, "sound.toml has no fault\n", "")


def test_all_faults_of_all_files_are_told_with_their_lines(desk: Desk) -> None:
    (desk.folder / "infl-seg.toml").write_text('write_key = "x"\n', encoding="utf-8")
    done = desk.run("check-profile", "draft.toml", "sound.toml", "infl-seg.toml", "none.toml")
    assert (done.code, done.out) == (1, "1 file has no fault\n")
    for words in (
        "line 3: time.zone: still to fill in",
        "line 5: fields.evnt",
        "write_key",
        "none.toml cannot be read",
    ):
        assert words in done.err
    assert done.err.count("error: ") == 3


def test_a_salt_that_only_a_run_needs_is_not_asked_for(desk: Desk) -> None:
    text = SOUND.replace(
        'userId = "uid"', 'userId = { column = "uid", hash = "sha256", salt_env = "INFL_SEG_SALT_CRM" }'
    )
    (desk.folder / "salted.toml").write_text(text, encoding="utf-8")
    assert desk.run("check-profile", "salted.toml").code == 0


def test_the_json_object_lists_each_file_with_its_faults(desk: Desk) -> None:
    done = desk.run("check-profile", "draft.toml", "sound.toml", "none.toml", "--json")
    first, second, third = done.json["files"]
    assert (done.code, done.json["exit_code"], done.json["command"]) == (1, 1, "check-profile")
    assert first["path"] == "draft.toml"
    assert [fault["line"] for fault in first["faults"]] == [3, 5]
    assert second == {"path": "sound.toml", "faults": []}
    assert "cannot be read" in third["faults"][0]["message"]
