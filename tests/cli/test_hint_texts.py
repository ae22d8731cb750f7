"""The source is walked for texts that name an option or a command: what can be checked for all of them is checked.

`test_hints_settle.py` applies the hints of all codes. Here are also those of the hundreds of errors.
"""

import ast
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from command_support import Desk, opened
from option_support import PLACES, commands, options_of
from test_option_values import MESSAGE, take

import inflection_cli
from inflection_cli.cli.app import _parser
from inflection_cli.cli.usage_errors import COMMANDS, OPTIONS, usage_error
from inflection_cli.reporting.shown_hints import fitted, set_running
from inflection_cli.settings.declarations import ALL_OPTIONS

SRC: Final = Path(inflection_cli.__file__).parent
OPTIONS_OF: Final = {
    " ".join(path): {place.name for place in options_of(command, path)} for path, command in commands()
}
EVERY: Final = set[str]().union(*OPTIONS_OF.values(), {"--version"})
NAMED: Final = re.compile(r"(?<![\w-])--[a-z][a-z-]+")
GROUPS: Final = ("runs", "presets")
COMMAND: Final = re.compile(r"infl-seg (?P<words>(?:(?:runs|presets) )?[a-z][\w-]*)")
CALLED: Final = re.compile(
    r"infl-seg (?:(?:runs|presets) )?[a-z][\w-]*"
    r"(?: (?:'[^']*'|--?[\w-]+(?:=\S+)?|[A-Z{][^\s;,]*|(?:list|forget|last|warehouse\.csv|any-key|20)(?![\w.])))*"
)
"""A command as a text has it: words behind it that begin a sentence end it."""

ELSEWHERE: Final = re.compile(r"(?:pip install|gpg|gzip|zstd|bzip2|xz) --[a-z-]+")
"""Options of other programs."""

APART: Final = ("settings/declarations.py", "cli/help_pages.py")
"""Modules whose texts `test_declarations.py` and `test_help.py` check."""

PROSE: Final = {"and", "options", "profile", "project", "reads", "test", "that"}
"""Words that follow the name of the tool where no command does."""


@dataclass(frozen=True)
class Text:
    """A text of the source, with expressions in braces.

    Attributes:
        place: Its module and line.
        words: The text.
        hint_of: What is raised or made with the text as its hint; empty where it is something else.
    """

    place: str
    words: str
    hint_of: str = ""

    def __str__(self) -> str:
        return f"{self.place}: {self.words}"


def texts() -> Iterator[Text]:
    """Yield the texts of the source that name an option or a command, docstrings left out."""
    for path in sorted(SRC.rglob("*.py")):
        name = path.relative_to(SRC).as_posix()
        if name not in APART:
            tree = ast.parse(path.read_text(encoding="utf-8"))
            inside = {id(part) for node in ast.walk(tree) for part in parts_left_out(node)}
            of = {id(text): kind for node in ast.walk(tree) for kind, text in hints_in(node)}
            for node in ast.walk(tree):
                words = words_of(node)
                if id(node) not in inside and (NAMED.search(words) or COMMAND.search(words)):
                    yield Text(f"{name}:{node.lineno}", words, of.get(id(node), ""))  # type: ignore[attr-defined]


def parts_left_out(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what is no text of its own: docstrings, and the literal parts of an f-string."""
    body = getattr(node, "body", None)
    for each in body if isinstance(body, list) else ():
        if isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant):
            yield each.value
    if isinstance(node, ast.JoinedStr):
        yield from node.values


def hints_in(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """Yield the texts of a call's hint, with the name of what is called."""
    if isinstance(node, ast.Call):
        for given in node.keywords:
            if given.arg == "hint":
                yield from ((ast.unparse(node.func), each) for each in ast.walk(given.value))


def words_of(node: ast.AST) -> str:
    """Return a literal as it is shown; an expression stands in braces."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if not isinstance(node, ast.JoinedStr):
        return ""
    return "".join(
        str(part.value) if isinstance(part, ast.Constant) else in_braces(part.value)  # type: ignore[attr-defined]
        for part in node.values
    )


def in_braces(expression: ast.expr) -> str:
    """Return what stands for an expression: its name, and the option where it makes one with a value."""
    if isinstance(expression, ast.Call) and ast.unparse(expression.func) == "with_value":
        return f"{words_of(expression.args[0])} {{value}}"
    return f"{{{expression.id}}}" if isinstance(expression, ast.Name) else "{value}"


TEXTS: Final = list(texts())
HINTS: Final = [text for text in TEXTS if text.hint_of]


def test_the_walk_finds_the_texts_of_all_packages() -> None:
    assert len(TEXTS) > 400
    assert len(HINTS) > 100
    packages = {text.place.partition("/")[0] for text in HINTS}
    assert packages >= {"backfilling", "cli", "comparing", "converting", "history", "mapping", "reading"}


def test_every_option_that_a_text_names_exists() -> None:
    unknown = {str(text): {*NAMED.findall(ELSEWHERE.sub("", text.words))} - EVERY for text in TEXTS}
    assert {place: names for place, names in unknown.items() if names} == {}


def test_every_command_that_a_text_names_exists() -> None:
    for text in TEXTS:
        for found in COMMAND.finditer(text.words):
            first = found["words"].split()[0]
            assert found["words"] in OPTIONS_OF or first in {*GROUPS, "help"} | PROSE, text


def test_every_command_line_that_a_text_proposes_is_taken_by_the_parser() -> None:
    tried = 0
    for text in TEXTS:
        for found in CALLED.finditer(re.sub(r" or (?=--)", " ", text.words).replace("`", "")):
            words = [re.sub(r"\{.*\}|[A-Z]{3,}", "x", word) for word in shlex.split(found[0])[1:]]
            if " ".join(words[: 2 if words[0] in GROUPS else 1]) in OPTIONS_OF and len(words) > 1:
                tried += is_parsed(text, words)
    assert tried > 30


def is_parsed(text: Text, words: list[str]) -> bool:
    """See that a command takes its options; what a text leaves out, such as files, is added."""
    command: Any = _parser()
    path = words[: 2 if words[0] in GROUPS else 1]
    for word in path:
        command = command.commands[word]
    rest = words[len(path) :]
    names = {name for each in options_of(command, tuple(path)) for name in each.option.opts}
    assert {word.partition("=")[0] for word in rest if word.startswith("-") and word != "-"} <= names, text
    alternatives = {"--accepted", "--pending"} & {*rest}
    rest = [word for word in rest if word not in alternatives]
    error = refusal(command, " ".join(("infl-seg", *path)), rest)
    is_left_out = type(error).__name__ == "MissingParameter" or str(error).endswith("nothing follows it")
    assert error is None or is_left_out, (str(text), error)
    return True


def refusal(command: Any, path: str, words: list[str]) -> Exception | None:
    """Parse a command line; return what refused it."""
    try:
        command.make_context(path, words)
    except Exception as error:  # noqa: BLE001 - the parser's own kinds have no public name
        return error
    return None


def lacking(words: str, options: set[str]) -> set[str]:
    """Return the options in a text that a command lacks; those of a whole command are that command's."""
    left = re.sub(r"infl-seg (?:(?:runs|presets) )?[a-z](?:[^;.]|\.(?! ))*", "", words)
    return {*NAMED.findall(left)} & {*ALL_OPTIONS} - options


@pytest.fixture
def _no_command() -> Iterator[None]:
    yield
    set_running()


@pytest.mark.usefixtures("_no_command")
@pytest.mark.parametrize("command", OPTIONS_OF)
def test_no_hint_that_a_command_shows_names_an_option_that_it_lacks(command: str) -> None:
    options = OPTIONS_OF[command]
    set_running(f"infl-seg {command}", options)
    changed = 0
    for text in TEXTS:
        if text.hint_of or text.place.startswith("rules.py") or " " in text.words:
            shown = fitted(text.words)
            changed += shown != text.words
            instead = shown.partition(f"infl-seg {command} has no ")[0]
            assert not lacking(instead, options), (str(text), shown)
            assert shown.strip(), text
            is_whole = not re.search(r"^(?:or|and|,|;)\b|(?: or| and|[,:;])$|\x00", shown)
            assert is_whole or shown == text.words, (str(text), shown)
            if "--profile" not in options:
                assert "in a profile" not in shown, (str(text), shown)
    assert changed


@pytest.mark.usefixtures("_no_command")
def test_a_hint_keeps_what_the_command_takes_and_the_rest_is_a_line_of_a_profile() -> None:
    for command, hint, shown in (
        (
            "diff",
            "write two quotes, or set --escape '\\'",
            "write two quotes; in a profile [input] escape = '\\'",
        ),
        ("diff", "name the columns: --columns a,b", 'in a profile [input] columns = "a,b"'),
        ("diff", "set one value with --set or --context", "set one value with --context"),
        ("replay", "fix the cell, or map it: --map email=COLUMN", "fix the cell"),
        (
            "replay",
            "name the order of its bytes: --encoding utf-16-le",
            "turn the file into UTF-8: iconv -f utf-16-le -t UTF-8 OLD > NEW",
        ),
        ("replay", "--map url=COLUMN", "change the file: infl-seg replay has no --map"),
        (
            "init",
            "name the delimiter, for example --delimiter ';'",
            "draft the profile with this option: infl-seg inspect FILE --delimiter ';' --save PROFILE.toml",
        ),
        ("backfill", "name the columns: --columns a,b", "name the columns: --columns a,b"),
        ("validate", "try: infl-seg backfill FILE --rehearse", "try: infl-seg backfill FILE --rehearse"),
    ):
        set_running(f"infl-seg {command}", OPTIONS_OF[command])
        assert fitted(hint) == shown


def test_an_error_is_shown_and_reported_with_what_the_command_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk.at(tmp_path, monkeypatch)
    (tmp_path / "m.ndjson").write_bytes(MESSAGE.encode("utf-16-le"))
    words = ("replay", "m.ndjson", "--dry-run")
    shown, reported = desk.run(*words).err, desk.run(*words, "--json").json["error"]["hint"]
    for hint in (shown, reported):
        assert "iconv -f utf-16-le -t UTF-8 OLD > NEW" in hint
        assert "--encoding" not in hint
    assert "--encoding" in desk.run("validate", "m.ndjson").err


def test_no_report_shows_a_hint_that_was_not_fitted_to_the_command() -> None:
    for path in (SRC / "reporting").glob("*.py"):
        source = path.read_text(encoding="utf-8")
        assert ".hint or" not in source or path.name == "shown_hints.py", path.name


@pytest.mark.usefixtures("_no_command")
def test_the_answer_to_an_option_of_another_tool_names_what_the_command_has() -> None:
    tree: Any = _parser()
    for path, _ in commands():
        command = tree
        for word in path:
            command = command.commands[word]
        for foreign in OPTIONS:
            typed = f"--{foreign}" if len(foreign) > 1 else f"-{foreign}"
            error = refusal(command, f"infl-seg {' '.join(path)}", [typed])
            if type(error).__name__ == "NoSuchOption":
                hint = usage_error(error).hint
                of_backfill = hint.startswith("infl-seg backfill has it: ")
                owner = "backfill" if of_backfill else " ".join(path)
                assert not lacking(hint.removeprefix("infl-seg backfill has it: "), OPTIONS_OF[owner]), (
                    typed,
                    hint,
                )
                assert fitted(hint) == hint


# --- what no hint may propose --------------------------------------------------------------------


def test_only_a_missing_confirmation_is_answered_with_yes() -> None:
    for text in [
        *HINTS,
        *(Text("cli/usage_errors.py", words) for words in (*OPTIONS.values(), *COMMANDS.values())),
    ]:
        assert "--yes" not in text.words or text.hint_of == "ConfirmationMissing", text


def test_no_hint_names_a_host_but_that_of_an_example_or_one_that_was_typed() -> None:
    for text in TEXTS:
        for host in re.findall(r"\w+://([^\s/;,)]*)", text.words):
            assert re.fullmatch(
                r"\{.*\}.*|HOST|127\.0\.0\.1(?::\d+)?|(?:[\w-]+\.)*example(?::\d+)?|", host
            ), text


def test_no_hint_makes_a_person_of_a_column_that_it_picks() -> None:
    fields = re.compile(r"--(?:map|set) (?P<field>userId|personId|groupId)=(?P<column>[^\s,;:]+)")
    for text in TEXTS:
        for found in fields.finditer(text.words):
            # Only `rules.py` shows one, as the example of what went wrong.
            is_place = re.fullmatch(r"COLUMN|ID|VALUE|'Customer", found["column"].rstrip(")."))
            assert is_place or "where id numbers the rows" in text.words, text


# --- values --------------------------------------------------------------------------------------

VALUE: Final = re.compile(
    r"(?P<option>--[a-z][a-z-]+)(?P<joint>[ =])"
    r"(?P<value>'[^'{]*'|\"[^\"{]*\"|[^\s;,{}\"']++(?:\"[^\"{]*\")?)(?![{\w\"])"
)


def proposed() -> dict[str, str]:
    """Return the options with a value to type, each with a command that has it."""
    found = dict[str, str]()
    for text in [
        text for text in TEXTS if text.hint_of or text.place.startswith(("rules.py", "destination_checks"))
    ]:
        for one in VALUE.finditer(text.words):
            name, value = one["option"], one["value"].rstrip(".:)?")
            declared = ALL_OPTIONS.get(name)
            is_value = re.search(r"[^a-z]", value) or (declared and f"'{value}'" in str(declared.kind))
            is_open = re.search(r"[A-Z]{2,}|…|^[A-Z]$|^--", value.partition("=")[2] or value)
            if declared is None or declared.value_type is bool or not is_value or is_open:
                continue
            owners = [place for place in PLACES if place.name == name and place.takes_value]
            owner = next(
                (place for place in owners if place.path == ("backfill",)), owners[0] if owners else None
            )
            if owner is not None:
                found.setdefault(f"{name}{one['joint']}{value}", " ".join(owner.path))
    return found


PROPOSED: Final = proposed()


@pytest.mark.slow
@pytest.mark.parametrize("words", PROPOSED)
def test_every_value_that_a_hint_proposes_is_taken(
    words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk.at(tmp_path, monkeypatch)
    desk.file("export.csv", opened("u1"), opened("u2", 1))
    (tmp_path / "ready.ndjson").write_text(MESSAGE, encoding="utf-8")
    name = re.split("[ =]", words)[0]
    place = next(place for place in PLACES if place.name == name and " ".join(place.path) == PROPOSED[words])
    # The file of an example is the one that is there.
    take(shlex.split(words.replace("contacts*.csv", "export.csv")), place, desk)


def test_there_are_values_to_try() -> None:
    assert len(PROPOSED) > 25
