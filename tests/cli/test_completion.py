"""Completion in bash, zsh and fish: the scripts that the tool prints, run by the shells themselves."""

import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from command_support import PATIENCE_S, Desk

SHELLS = ("bash", "zsh", "fish")
WORDS = (
    ("infl-seg back", "backfill", "validate"),
    ("infl-seg validate --time", "--timezone", "--map"),
    ("infl-seg send-test --region ", "eu", "us-east"),
)
"""What is typed, a word that is offered, and one that is not."""


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A folder with the tool on the search path, and a home directory of its own."""
    desk = Desk.at(tmp_path, monkeypatch)
    programs = desk.folder / "bin"
    programs.mkdir()
    program = programs / "infl-seg"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m inflection_cli "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("HOME", str(desk.folder))
    for name in ("ZDOTDIR", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "BASH_ENV", "ENV"):
        monkeypatch.delenv(name, raising=False)
    return desk


def script(shell: str) -> str:
    """The script that the tool prints for the shell that it is called from."""
    quiet = {"bash": "--norc", "zsh": "--no-rcs", "fish": "--no-config"}[shell]
    return output(shell, quiet, "-c", "infl-seg --show-completion; true")


def in_bash(desk: Desk, typed: str) -> str:
    (desk.folder / "completion").write_text(script("bash"), encoding="utf-8")
    *before, last = typed.split(" ")
    words = " ".join(f"'{word}'" for word in (*before, last))
    program = (
        f"set -e; source ./completion; COMP_WORDS=({words}); COMP_CWORD={len(before)}; "
        "complete -p infl-seg | sed 's/.*-F \\([^ ]*\\) .*/\\1/' > name; "
        "$(cat name) infl-seg; printf '%s\\n' \"${COMPREPLY[@]}\""
    )
    return output("bash", "--norc", "-c", program)


def in_fish(desk: Desk, typed: str) -> str:
    (desk.folder / "completion").write_text(script("fish"), encoding="utf-8")
    return output("fish", "--no-config", "-c", f"source ./completion; complete --do-complete '{typed}'")


def in_zsh(desk: Desk, typed: str) -> str:
    """Type a Tab at a real terminal, and read what zsh lists."""
    (desk.folder / "completion").write_text(script("zsh"), encoding="utf-8")
    setup = (
        "autoload -Uz compinit; compinit -u; source ./completion; setopt no_beep; PS1='READY>'; LISTMAX=999\n"
    )
    (desk.folder / ".zshrc").write_text(setup, encoding="utf-8")
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ.update(TERM="dumb", COLUMNS="200", LINES="60")
        os.execvp("zsh", ["zsh", "-i"])
    said = b""
    try:
        while b"READY>" not in said:
            said += os.read(terminal, 4096)
        # What is listed stands above a new prompt; where one word alone fits, the line is completed by it.
        os.write(terminal, f"{typed}\t\t\x15echo E''ND\n".encode())
        while b"END" not in said:
            said += os.read(terminal, 4096)
    finally:
        os.close(terminal)
        os.waitpid(pid, 0)
    return said.decode(errors="replace").partition("READY>")[2]


def output(*words: str) -> str:
    done = subprocess.run(words, capture_output=True, check=False, text=True, timeout=PATIENCE_S)
    assert done.returncode == 0, done.stderr
    return done.stdout


COMPLETES = {"bash": in_bash, "zsh": in_zsh, "fish": in_fish}


@pytest.mark.slow
@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_completes_commands_options_and_values(shell: str, desk: Desk) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    for typed, offered, other in WORDS:
        found = COMPLETES[shell](desk, typed).replace(typed, "", 1)
        assert offered.removeprefix(typed.rpartition(" ")[2]) in found, (typed, found)
        assert other not in found, (typed, found)


@pytest.mark.slow
@pytest.mark.parametrize("shell", SHELLS)
def test_the_tool_answers_the_question_of_each_shell(shell: str, desk: Desk) -> None:
    asked = {"COMP_WORDS": "infl-seg back", "COMP_CWORD": "1", "_TYPER_COMPLETE_ARGS": "infl-seg back"}
    environ: dict[str, str] = {
        **asked,
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
        "_INFL_SEG_COMPLETE": f"complete_{shell}",
    }
    done = desk.spawn(stdin=None, **environ)
    assert "backfill" in done.out
    assert "validate" not in done.out


@pytest.mark.slow
def test_installing_the_completion_makes_a_new_shell_know_it(desk: Desk) -> None:
    output("bash", "--norc", "-c", "infl-seg --install-completion; true")
    (desk.folder / "ask").write_text("complete -p infl-seg\n", encoding="utf-8")
    known = output("bash", "--norc", "-c", "source ~/.bashrc; source ./ask")
    assert known.startswith("complete ")
    assert known.strip().endswith(" infl-seg")
