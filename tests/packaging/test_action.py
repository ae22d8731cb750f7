"""The GitHub Action and the pre-commit hook: their steps as the runner would run them."""

import os
import re
import shlex
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

import pytest
import yaml
from command_support import PATIENCE_S, SAMPLES, Desk

ROOT = Path(__file__).resolve().parents[2]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
STEPS = ACTION["runs"]["steps"]
(HOOK,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk.at(tmp_path, monkeypatch)


def filled(text: str, inputs: dict[str, str], folder: Path) -> str:
    """A value with its expressions filled in."""
    known = {name: str(each.get("default", "")) for name, each in ACTION["inputs"].items()} | inputs
    values = {f"inputs.{name}": value for name, value in known.items()}
    values |= {"github.action_path": str(ROOT), "runner.temp": str(folder / "runner")}
    return re.sub(r"\$\{\{ ([\w.-]+) \}\}", lambda found: values[found[1]], text)


def step(number: int, desk: Desk, **inputs: str) -> subprocess.CompletedProcess[str]:
    """Run a step as the runner does: its script in a file, its inputs in the environment alone."""
    each: dict[str, Any] = STEPS[number]
    assert each["shell"] == "bash"
    assert "${{" not in each["run"]
    script = desk.folder / "step.sh"
    script.write_text(each["run"], encoding="utf-8")
    environ = {name: filled(value, inputs, desk.folder) for name, value in each["env"].items()}
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
        cwd=desk.folder,
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )


def put_in_place(desk: Desk) -> None:
    """Have the tool where the step that installs it would put it."""
    programs = desk.folder / "runner" / "infl-seg" / "bin"
    programs.mkdir(parents=True)
    (programs / "infl-seg").write_text(
        f'#!/bin/sh\nexec "{sys.executable}" -m inflection_cli "$@"\n', encoding="utf-8"
    )
    (programs / "infl-seg").chmod(0o755)


def test_the_action_is_composite_and_names_the_version_of_what_it_uses() -> None:
    assert ACTION["runs"]["using"] == "composite"
    assert [
        re.fullmatch(r"actions/setup-python@v\d+", each["uses"]) is not None
        for each in STEPS
        if "uses" in each
    ] == [True]
    assert [name for name, each in ACTION["inputs"].items() if not each["description"]] == []


@pytest.mark.slow
def test_the_action_installs_the_tool_into_a_place_of_its_own(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", sysconfig.get_paths()["purelib"])
    for name, value in (
        ("NO_DEPS", "1"),
        ("NO_INDEX", "1"),
        ("NO_BUILD_ISOLATION", "0"),
        ("IGNORE_INSTALLED", "1"),
    ):
        monkeypatch.setenv(f"PIP_{name}", value)
    done = step(1, desk)
    assert done.returncode == 0, done.stderr
    program = desk.folder / "runner" / "infl-seg" / "bin" / "infl-seg"
    said = subprocess.run(
        [program, "--version"], capture_output=True, check=True, text=True, timeout=PATIENCE_S
    )
    assert said.stdout.startswith("infl-seg ")


@pytest.mark.slow
def test_the_action_annotates_each_problem_and_fails(desk: Desk) -> None:
    put_in_place(desk)
    (desk.folder / "broken.csv").write_bytes((SAMPLES / "broken.csv").read_bytes())
    done = step(2, desk, files="broken.csv\n")
    assert done.returncode == 1
    assert re.search(r"^::error file=broken\.csv,line=3,", done.stdout, re.MULTILINE), done.stdout


@pytest.mark.slow
def test_the_action_takes_several_files_a_profile_and_arguments(desk: Desk) -> None:
    put_in_place(desk)
    (desk.folder / "a b.csv").write_text(
        "kind,when,uid\nEmail Opened,2024-03-01 10:00,u1\n", encoding="utf-8"
    )
    (desk.folder / "-c.csv").write_text("kind,when,uid\nEmail Opened,2024-03-01 11:00,u1\n", encoding="utf-8")
    (desk.folder / "p.toml").write_text(
        'profile = 1\n[fields]\nevent = "kind"\ntimestamp = "when"\nuserId = "uid"\n', encoding="utf-8"
    )
    done = step(2, desk, files="a b.csv\n-c.csv", profile="p.toml", arguments="--timezone=UTC\n--limit=5")
    assert done.returncode == 0, done.stdout + done.stderr
    # A line of files is never an option, and an argument is never a shell command.
    wrong = step(2, desk, files="--yes", arguments="$(touch stolen)")
    assert wrong.returncode == 2
    assert not (desk.folder / "stolen").exists()


@pytest.mark.parametrize(
    "name", ["profiles/crm.toml", "a/profile/x.toml", "export.profile.toml", "b/infl-seg.toml"]
)
def test_the_hook_takes_profiles_and_project_files(name: str) -> None:
    assert re.search(HOOK["files"], name)


@pytest.mark.parametrize(
    "name", ["pyproject.toml", "profiles/readme.md", "myprofile.toml", "infl-seg.toml.bak"]
)
def test_the_hook_leaves_other_files_alone(name: str) -> None:
    assert not re.search(HOOK["files"], name)


def test_the_hook_passes_sound_profiles_and_fails_on_a_draft(desk: Desk) -> None:
    program, *words = shlex.split(HOOK["entry"])
    assert (program, HOOK["language"]) == ("infl-seg", "python")
    (desk.folder / "sound.toml").write_text("profile = 1\n", encoding="utf-8")
    (desk.folder / "draft.toml").write_text('profile = 1\n[time]\nzone = "FILL IN"\n', encoding="utf-8")
    assert desk.run(*words, "sound.toml").code == 0
    assert desk.run(*words, "sound.toml", "draft.toml").code == 1
