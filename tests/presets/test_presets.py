"""Each preset: its made-up export becomes the golden messages, field by field, by the real command."""

import difflib
import importlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import record_ids
from command_support import Desk

import inflection_cli
from inflection_cli.inspecting.preset_recognition import recognise
from inflection_cli.mapping.profile.preset_files import PresetFile, preset_file
from inflection_cli.reading import ReadOptions, find
from inflection_cli.version import __version__

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PAGE = (ROOT / "docs" / "presets.md").read_text(encoding="utf-8")
PRESETS = Path(inflection_cli.__file__).parent / "presets"
NAMES = sorted(path.parent.name for path in PRESETS.glob("*/preset.toml"))

each = pytest.mark.parametrize("name", NAMES)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk.at(tmp_path, monkeypatch)


def exports(name: str) -> list[str]:
    """The made-up files of a preset, in the order in which a shell lists them."""
    return sorted(str(path) for path in (HERE / name).glob("export*"))


def lines(messages: list[dict[str, Any]]) -> list[str]:
    """Messages as lines: one for each field, beginning with the message that it is of."""
    return [
        f"{number}. {message.get('event', 'identify')}: {path} = {leaf}"
        for number, message in enumerate(messages)
        for path, leaf in leaves(message)
    ]


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict) and value:
        for key in sorted(value):
            yield from leaves(value[key], f"{path}.{key}" if path else key)
    else:
        yield path, json.dumps(value, ensure_ascii=False)


def expected(name: str) -> list[dict[str, Any]]:
    """The golden messages, with this version in them."""
    found = [json.loads(line) for line in (HERE / name / "golden.ndjson").read_bytes().splitlines()]
    for message in found:
        message["context"]["library"]["version"] = __version__
    return found


def test_every_preset_has_files_and_a_writer_and_the_other_way_round() -> None:
    folders = {path.name for path in HERE.iterdir() if path.is_dir()} - {"writers", "__pycache__"}
    writers = {path.stem.replace("_", "-") for path in (HERE / "writers").glob("*.py")} - {"golden-support"}
    assert folders == writers == set(NAMES)


@each
def test_the_stored_files_are_what_the_writer_writes(name: str, tmp_path: Path) -> None:
    importlib.import_module(name.replace("-", "_")).write(tmp_path)
    stored = {path.name: path.read_bytes() for path in (HERE / name).iterdir()}
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == stored


@each
def test_a_dry_run_gives_the_golden_messages_field_by_field(desk: Desk, name: str) -> None:
    done = desk.run("backfill", *exports(name), "--preset", name, "--dry-run", "--out", "made.ndjson")
    assert done.code == 0, done.err
    found, wanted = lines(desk.messages("made.ndjson")), lines(expected(name))
    if found != wanted:
        changes = difflib.unified_diff(wanted, found, "golden", "made", "", "", 0, "")
        pytest.fail("\n".join(changes), pytrace=False)


@pytest.mark.slow
@each
def test_its_file_as_a_profile_gives_the_same_and_validate_finds_no_error(desk: Desk, name: str) -> None:
    path = str(PRESETS / name / "preset.toml")
    done = desk.run("backfill", *exports(name), "--profile", path, "--dry-run", "--out", "made.ndjson")
    assert done.code == 0, done.err
    assert lines(desk.messages("made.ndjson")) == lines(expected(name))
    assert desk.run("validate", *exports(name), "--preset", name).code == 0


@pytest.mark.slow
@each
def test_inspect_proposes_exactly_this_preset_with_the_evidence(desk: Desk, name: str) -> None:
    done = desk.run("inspect", *exports(name), "--json")
    assert done.code == 0, done.err
    for file in done.json["files"]:
        assert file["preset"] is not None, file["path"]
        assert file["preset"]["name"] == name
        assert file["preset"]["columns"]
        assert file["preset"]["person"]


@pytest.mark.slow
@each
def test_a_draft_of_its_export_gives_the_golden_messages(desk: Desk, name: str) -> None:
    first = exports(name)[0]
    assert desk.run("init", first, "--no-input", "--save", "draft.toml").code == 0
    assert f'extends = "preset:{name}"' in (desk.folder / "draft.toml").read_text(encoding="utf-8")
    words = ("--profile", "draft.toml", "--dry-run", "--out", "made.ndjson")
    done = desk.run("backfill", *exports(name), *words)
    assert done.code == 0, done.err
    assert lines(desk.messages("made.ndjson")) == lines(expected(name))


@pytest.mark.slow
def test_no_sample_and_no_export_of_another_vendor_is_recognised() -> None:
    presets = [(each, ReadOptions(**_input(each))) for each in map(preset_file, NAMES)]
    folders = [ROOT / "samples", ROOT / "tests" / "data" / "exports"]
    files = [path for folder in folders for path in sorted(folder.rglob("*")) if _is_export(path)]
    found = {path.name: recognise(each, presets) for path in files for each in find([str(path)])}
    assert len(found) > 20
    theirs = {name: one[0].name for name, one in found.items() if one is not None}
    assert theirs.items() <= {"events.ndjson": "ses-events", "events.json": "mailgun-events"}.items()


def _input(preset: PresetFile) -> dict[str, Any]:
    return {key: value for key, value in preset.raw.get("input", {}).items() if key == "records"}


def _is_export(path: Path) -> bool:
    return (
        path.is_file()
        and path.suffix != ".toml"
        and path.name != "README.md"
        and ".expected." not in path.name
    )


@each
def test_its_head_and_its_file_are_in_order(name: str) -> None:
    preset = preset_file(name)
    assert preset.head["version"] >= 1
    assert preset.head["title"]
    assert preset.head["page"].startswith("https://")
    assert preset.head["recognise"]
    assert "extends" not in preset.raw
    assert not [table for table in preset.raw.get("lookup", {}).values() if "file" in table]
    assert f"| `{name}` |" in PAGE
    assert f"({preset.head['page']})" in PAGE


def test_the_ids_of_a_version_never_change_and_each_version_is_recorded() -> None:
    known, current = record_ids.recorded(), record_ids.versions()
    command = "python tests/presets/record_ids.py"
    assert known.keys() == current.keys(), command
    for name, version in current.items():
        before = known[name]
        assert version >= before["version"], f"{name}: a version is never taken back"
        assert version == before["version"], f"{name} has a new version: {command}"
        lost = {*before["ids"]} - record_ids.ids_of(name)
        assert not lost, f"{name} gives other ids: raise its version, then {command}"
        assert not record_ids.ids_of(name) - {*before["ids"]}, f"{name} has more messages: {command}"
