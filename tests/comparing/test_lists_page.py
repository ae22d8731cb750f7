"""The page on lists: its examples run, and each test that it names is there."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_support import KEY, PATIENCE_S

from inflection_cli.sandbox import Sandbox, Settings, serve

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "lists.md").read_text(encoding="utf-8")
HEADER = "Contact ID,userId,plan,id"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with serve(Settings(keep_messages=True)) as running:
        yield running


def run(script: str, folder: Path, sandbox: Sandbox, **environ: str) -> int:
    """Run a script in which infl-seg sends to the sandbox."""
    shim = folder / "bin" / "infl-seg"
    shim.parent.mkdir(exist_ok=True)
    python = f'exec "{sys.executable}" -m inflection_cli "$@" --endpoint {sandbox.url} --dedup-window 20\n'
    shim.write_text(f"#!/bin/sh\n{python}", encoding="utf-8")
    shim.chmod(0o755)
    there = {**os.environ, "PATH": f"{shim.parent}{os.pathsep}{os.environ['PATH']}", **environ}
    there |= {"INFL_SEG_STATE_DIR": str(folder / "state")}
    done = subprocess.run(
        ["sh", "-c", script], cwd=folder, env=there, capture_output=True, check=False, timeout=PATIENCE_S
    )
    return done.returncode


def audience(folder: Path, *numbers: int) -> None:
    lines = [HEADER, *(f"c{each},u{each},pro,{each}" for each in numbers), ""]
    (folder / "audience.csv").write_text("\n".join(lines), encoding="utf-8")


def who(sandbox: Sandbox) -> list[tuple[str, str]]:
    return [(each["event"], each["userId"]) for each in sandbox.messages()]


@pytest.mark.slow
def test_the_script_for_cron_sends_what_changed_each_night(tmp_path: Path, sandbox: Sandbox) -> None:
    (script,) = re.findall(r"```sh\n(#!/bin/sh\n.*?)```", PAGE, re.DOTALL)
    (tmp_path / "key.txt").write_text(KEY, encoding="utf-8")
    for numbers, code in (((1, 2, 3), 0), ((1, 2, 4), 0), ((), 8), ((1, 2, 3), 0)):
        audience(tmp_path, *numbers)
        assert run(script, tmp_path, sandbox, LISTS=str(tmp_path)) == code
    assert who(sandbox) == [
        *(("Segment Exited", "u3"), ("Segment Entered", "u4")),
        *(("Segment Exited", "u4"), ("Segment Entered", "u3")),
    ]


@pytest.mark.slow
def test_the_steps_for_ci_send_what_a_push_changed(tmp_path: Path, sandbox: Sandbox) -> None:
    steps = re.findall(r"^ +- run: (.*)$", PAGE, re.MULTILINE)
    script = "\n".join(["set -e", *(step for step in steps if "pip install" not in step)])
    assert 'git show "$BEFORE:audience.csv"' in script
    git = "git -c user.name=t -c user.email=t@example.org -c commit.gpgsign=false"
    assert run("git init -q .", tmp_path, sandbox) == 0
    before = none_before = "0" * 40
    # The last push has two commits.
    pushes: list[list[tuple[int, ...]]] = [
        [(1, 2, 3)],
        [(1, 2, 4)],
        [(1, 2, 3)],
        [(1, 2, 3, 5), (1, 2, 4, 5)],
    ]
    for build, commits in enumerate(pushes):
        for numbers in commits:
            audience(tmp_path, *numbers)
            assert run(f"git add audience.csv && {git} commit -qm {build}", tmp_path, sandbox) == 0
        environ = {"GITHUB_RUN_NUMBER": str(build), "SEGMENT_WRITE_KEY": KEY, "BEFORE": before}
        assert run(script, tmp_path, sandbox, **environ) == (128 if before == none_before else 0)
        before = subprocess.check_output(["git", "rev-parse", "HEAD"], cwd=tmp_path, text=True).strip()
    forth, back = [("Left", "u3"), ("Joined", "u4")], [("Left", "u4"), ("Joined", "u3")]
    assert who(sandbox) == [*forth, *back, *forth, ("Joined", "u5")]


def test_every_test_that_the_page_names_is_there() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests" / "comparing").glob("*.py"))
    named = re.findall(r"`(test_\w+)`", PAGE)
    assert len(named) >= 19
    assert [name for name in named if f"def {name}(" not in source] == []
