"""Each preset: its made-up export becomes the golden messages, field by field, by the real command."""

import difflib
import importlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from command_support import Desk

import inflection_cli
from inflection_cli.version import __version__

HERE = Path(__file__).parent
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
    preset = ["--profile", str(PRESETS / name / "preset.toml")]
    done = desk.run("backfill", *exports(name), *preset, "--dry-run", "--out", "made.ndjson")
    assert done.code == 0, done.err
    found, wanted = lines(desk.messages("made.ndjson")), lines(expected(name))
    if found != wanted:
        changes = difflib.unified_diff(wanted, found, "golden", "made", "", "", 0, "")
        pytest.fail("\n".join(changes), pytrace=False)
