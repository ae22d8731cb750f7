"""The help of each command: examples that work, safety first, the options that matter, any width."""

import os
import pty
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
from command_support import KEY, PATIENCE_S, SAMPLES, Desk, command, on_terminal, opened
from option_support import PLACES, commands

from inflection_cli.cli.app import _parser
from inflection_cli.cli.help_pages import EXAMPLES, FIRST_STEPS, pages
from inflection_cli.settings.declarations import ALL_OPTIONS

PATHS = [" ".join(("infl-seg", *path)) for path, _ in commands()]
LINES = sorted({line for examples in EXAMPLES.values() for line, _ in examples})
ASKS = (
    "--write-key-file",
    "infl-seg backfill export.csv\n",
    "settle",
    "clean",
    "forget",
    "infl-seg sandbox",
    "doctor --region",
    "runs show",
)
"""What an example holds that asks a person or a server, needs a run, or serves until it is stopped."""


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    desk = Desk.at(tmp_path, monkeypatch)
    header = "event,userId,email_id,campaign_id,timestamp,Customer ID"
    desk.file("export.csv", "Email Opened,u1,e1,c1,2024-03-01T00:00:00Z,u1", header=header)
    (desk.folder / "exports").mkdir()
    (desk.folder / "exports" / "a.csv").write_bytes((desk.folder / "export.csv").read_bytes())
    desk.file("plain.csv", opened("u1"))
    desk.file("old.csv", "1,u1,basic", "2,u2,basic", "3,u3,pro", header="id,userId,plan")
    desk.file("new.csv", "1,u1,pro", "2,u2,basic", "3,u3,pro", "4,u4,pro", header="id,userId,plan")
    desk.file("audience.csv", "c1", "c2", header="Contact ID")
    assert desk.run("backfill", "plain.csv", "--dry-run", "--out", "messages.ndjson").code == 0
    (desk.folder / "key.txt").write_text(KEY, encoding="utf-8")
    (desk.folder / "profiles").mkdir()
    for name in ("crm.toml", "shop.toml"):
        (desk.folder / "profiles" / name).write_text("profile = 1\n", encoding="utf-8")
    return desk


def parsed(words: list[str]) -> Any:
    """Parse a command line without running it."""
    context = _parser().make_context("infl-seg", list(words[:1]))
    command = context.command.commands[words[0]]
    if hasattr(command, "commands"):
        return parsed_below(command, words[1:])
    return command.make_context(words[0], list(words[1:]), parent=context)


def parsed_below(group: Any, words: list[str]) -> Any:
    return group.commands[words[0]].make_context(words[0], list(words[1:]))


def test_every_command_has_three_to_five_examples_of_its_own() -> None:
    assert {*EXAMPLES} == {*PATHS, "infl-seg", "infl-seg runs", "infl-seg presets"}
    for path, examples in EXAMPLES.items():
        assert 3 <= len(examples) <= 5, path
        own = [line for line, _ in examples if line == path or line.startswith(f"{path} ")]
        assert len(own) >= 2, path


@pytest.mark.parametrize("line", LINES)
def test_every_example_is_a_command_line_that_the_parser_takes(line: str) -> None:
    parsed(shlex.split(line.partition(" > ")[0])[1:])


@pytest.mark.parametrize("path", EXAMPLES)
def test_the_first_example_of_a_command_sends_nothing(path: str) -> None:
    words = shlex.split(EXAMPLES[path][0][0])
    assert {"--dry-run", "--rehearse"} & {*words} or words[1] not in {"backfill", "replay", "send-test"}


@pytest.mark.parametrize("line", [line for line in LINES if not any(word in f"{line}\n" for word in ASKS)])
def test_an_example_that_sends_nothing_works_as_it_stands(line: str, desk: Desk) -> None:
    words = shlex.split(line.partition(" > ")[0])[1:]
    if words[:2] in (["runs", "verify"], ["runs", "export"]) or "--profile" in words:
        parsed(words)  # these need a run, and a profile with fields
        return
    done = desk.run(*words)
    assert done.code == 0, done.err


def shown(text: str) -> set[str]:
    """Return the long names of the options that a help text lists."""
    return set(re.findall(r"^  (?:-., )?(--[a-z-]+)", text, re.MULTILINE))


@pytest.mark.parametrize("name", ["backfill", "replay", "validate", "inspect"])
def test_help_shows_what_matters_and_help_all_every_option(name: str, desk: Desk) -> None:
    every = {place.name for place in PLACES if place.path == (name,)}
    short, full = shown(desk.run(name, "--help").out), shown(desk.run(name, "--help-all").out)
    assert full == every
    matters = {name for name in every if name in ALL_OPTIONS and ALL_OPTIONS[name].option.common}
    assert short == matters | {"--help", "--help-all"}
    assert len(matters) <= 14 < len(every)
    assert f"{name} --help-all" in desk.run(name, "--help").out


@pytest.mark.parametrize("name", ["backfill", "replay", "send-test"])
@pytest.mark.parametrize("option", ["--help", "--help-all"])
def test_the_options_of_safety_stand_before_all_others(name: str, option: str, desk: Desk) -> None:
    text = desk.run(name, option).out
    first = next(line for line in text.splitlines() if line.startswith("  -"))
    assert text.index("Safety:") < text.index(first)
    assert "--dry-run" in first or "--rehearse" in first


@pytest.mark.parametrize("width", [60, *(pytest.param(wide, marks=pytest.mark.slow) for wide in (80, 140))])
@pytest.mark.parametrize("path", EXAMPLES)
def test_help_fits_the_terminal_in_whole_words(
    path: str, width: int, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    text = desk.run(*path.split()[1:], "--help-all").out
    lines = [line for line in text.splitlines() if not line.startswith(("  infl-seg", "Usage:"))]
    assert max(map(len, lines)) <= min(width, 100)
    assert "<bool>" not in text
    squeezed = " ".join(text.split())
    for place in PLACES:
        if " ".join(("infl-seg", *place.path)) == path and place.name in ALL_OPTIONS:
            assert " ".join((place.option.help or "").split()) in squeezed, str(place)


@pytest.mark.parametrize(
    ("typed", "same"),
    [
        ("help", "--help"),
        ("help backfill", "backfill --help"),
        ("help runs", "runs --help"),
        ("help runs verify", "runs verify --help"),
        ("runs help", "runs --help"),
        ("runs help show", "runs show --help"),
        ("version", "--version"),
        ("-V", "--version"),
        ("validate -h", "validate --help"),
    ],
)
def test_the_other_ways_to_ask_for_help_and_version(typed: str, same: str, desk: Desk) -> None:
    done, expected = desk.run(*typed.split()), desk.run(*same.split())
    assert (done.code, done.out, done.err) == (0, expected.out, "")


@pytest.mark.parametrize(
    "typed",
    [
        "validate spring-launch.csv -h extra --bogus",
        "backfill spring-launch.csv --yes --resume --help",
        "runs show --help nowhere last --resume",
        "backfill spring-launch.csv --again --dry-run -h",
        "backfill spring-launch.csv --map -h",
        "backfill spring-launch.csv --dry-run true --help",
        "validate spring-launch.csv --timezone= --limit -h",
    ],
)
def test_a_word_that_asks_for_help_wins_over_all_others(typed: str, desk: Desk) -> None:
    command = " ".join(typed.split()[: 2 if typed.startswith("runs") else 1])
    assert desk.run(*typed.split()) == desk.run(*f"{command} --help".split())


@pytest.mark.parametrize("path", EXAMPLES)
def test_the_help_of_a_command_names_its_page_of_the_documentation(path: str, desk: Desk) -> None:
    text = desk.run(*path.split()[1:], "--help").out
    if path == "infl-seg":
        named = (
            " ".join(text.split()).rpartition("shows a page of the documentation: ")[2].strip(".").split(", ")
        )
        assert set(named) == {page.stem for page in (SAMPLES.parent / "docs").glob("*.md")}
    else:
        (page,) = re.findall(r"infl-seg help (\S+) shows the page on it", text)
        assert page.removesuffix(".md") in pages()


@pytest.mark.parametrize("name", ["guide", "profiles.md", "presets.md"])
def test_a_page_of_the_documentation_is_shown(name: str, desk: Desk) -> None:
    done = desk.run("help", name)
    page = SAMPLES.parent / "docs" / f"{name.removesuffix('.md')}.md"
    assert (done.code, done.out, done.err) == (0, page.read_text(encoding="utf-8"), "")


@pytest.mark.usefixtures("desk")
def test_a_page_fits_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("TERM", "xterm-256color")
    code, shown = on_terminal("help", "glossary")
    plain = re.sub(r"\x1b\[[\d;]*m", "", shown)
    assert code == 0
    assert "unconfirmed" in plain
    assert max(map(len, plain.splitlines())) <= 60
    assert "**" not in plain


def test_help_says_how_it_is_used(desk: Desk) -> None:
    done = desk.run("help", "help")
    assert (done.code, done.err) == (0, "")
    assert "Usage: infl-seg help [COMMAND|PAGE]" in done.out
    assert "glossary" in done.out
    typed = [line.split() for line in done.out.splitlines() if line.startswith("  infl-seg help")]
    assert len(typed) == 3
    assert [desk.run(*words[1:]).code for words in typed] == [0, 0, 0]


def test_help_for_a_word_that_is_no_command_is_an_error(desk: Desk) -> None:
    done = desk.run("help", "validat")
    assert (done.code, done.out) == (2, "")
    assert "did you mean validate?" in done.err


@pytest.mark.parametrize("words", [(), ("runs",), ("presets",)])
def test_no_arguments_show_ten_lines_with_one_example(words: tuple[str, ...], desk: Desk) -> None:
    done = desk.run(*words)
    lines = done.err.splitlines()
    assert (done.code, done.out) == (2, "")
    assert len(lines) <= 10
    assert sum(line.startswith("Example: infl-seg ") for line in lines) == 1
    named = [line.split()[0] for line in lines if line.startswith("  ")]
    assert len(named) == 3
    assert {" ".join(("infl-seg", *words, name)) for name in named} <= {*FIRST_STEPS}
    assert lines[-1].endswith("--help shows all commands.")


@pytest.mark.parametrize("name", ["validate", "backfill", "replay", "inspect"])
def test_a_command_without_files_shows_one_example_and_then_the_error(name: str, desk: Desk) -> None:
    done = desk.run(name)
    assert (done.code, done.out) == (2, "")
    assert 0 < done.err.index(f"Example: {EXAMPLES[f'infl-seg {name}'][0][0]}") < done.err.index("error: ")
    assert len(done.err.splitlines()) <= 10


def test_n_is_a_dry_run(desk: Desk) -> None:
    done = desk.run("backfill", "-n", "plain.csv", "--json")
    assert done.code == 0
    assert done.json["events"]["accepted"] == 0
    assert not (desk.folder / "state").exists()


@pytest.mark.parametrize("words", ["validate bad.csv", "inspect bad.csv", "runs list", "explain ragged-row"])
def test_no_color_takes_the_colour_away(words: str, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    desk.file("bad.csv", "Email Opend,u1,,e1,c1,2024-03-01T00:00:00Z")
    if "bad.csv" in words:
        assert "\x1b[" in desk.run(*words.split(), "--color", "always").out or words.startswith("inspect")
        assert "\x1b[" not in desk.run(*words.split(), "--color", "always", "--no-color").out
    assert "\x1b[" not in desk.run(*words.split(), "--no-color").out


@pytest.mark.parametrize(
    "words", ["backfill plain.csv", pytest.param("runs forget --all", marks=pytest.mark.slow)]
)
def test_no_input_asks_no_question_on_a_terminal(words: str, desk: Desk) -> None:
    assert desk.run("backfill", "plain.csv", "--rehearse").code == 0
    ours, theirs = pty.openpty()
    environ = {**os.environ, "SEGMENT_WRITE_KEY": KEY}
    child = subprocess.Popen(
        command(*words.split(), "--no-input"),
        stdin=theirs,
        stdout=subprocess.DEVNULL,
        stderr=theirs,
        cwd=desk.folder,
        env=environ,
    )
    os.close(theirs)
    said = b""
    try:
        while part := os.read(ours, 4096):
            said += part
    except OSError:
        pass  # the other end has gone
    finally:
        os.close(ours)
    assert child.wait(PATIENCE_S) == 2
    assert b"[y/N]" not in said
    assert b"--yes" in said
