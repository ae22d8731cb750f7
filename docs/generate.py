"""Writes docs/*.md and the JSON Schemas from the code, or checks them: python docs/generate.py [--check]."""  # noqa: INP001 - a program, no package

import argparse
import html
import inspect
import json
import re
import shlex
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Final, get_args

import typer.main

from inflection_cli.cli.app import EXIT_CODES, app
from inflection_cli.cli.project_schema import project_schema
from inflection_cli.destination_checks.check_engine import EVERY_CALL, TableRow, known_tables
from inflection_cli.errors import InflSegError
from inflection_cli.mapping.profile.preset_files import preset_file, preset_names
from inflection_cli.mapping.profile.profile_file import profile_schema
from inflection_cli.model import Rule
from inflection_cli.reporting.rule_docs import effect, rules_by_code
from inflection_cli.settings.declarations import SAFETY

PROGRAM: Final = "infl-seg"
SCHEMAS: Final = "src/inflection_cli/schemas"
KEYS: Final = "## Keys"
"""Where the part of docs/profiles.md begins that is written from the code."""
TABLES: Final = "## The table"
"""Where the part of a page begins that is written from the tables of `--check`."""
CHECKS: Final = {"freshsuccess": ("freshsuccess",), "partner-source": ("partner-source", "email-spec")}
"""Pages with the tables that they have."""
PRESETS: Final = "## The presets"
"""Where the part of docs/presets.md begins that is written from the presets."""
READ_BY_PEOPLE: Final = (
    "README.md",
    "ARCHITECTURE.md",
    "docs/index.md",
    "docs/install.md",
    "docs/guide.md",
    "docs/get-the-export.md",
    "docs/from-sendgrid.md",
    "docs/resume-after-a-kill.md",
    "docs/nightly-ci.md",
    "docs/people.md",
    "docs/cluster.md",
    "docs/profiles.md",
    "docs/presets.md",
    "docs/formats.md",
    "docs/proof.md",
    "docs/contacts-and-accounts.md",
    "docs/lists.md",
    "docs/python.md",
    "docs/freshsuccess.md",
    "docs/partner-source.md",
    "samples/README.md",
    "docs/glossary.md",
    "docs/clig.md",
)
"""Pages whose commands must be there; the generated ones cannot be wrong."""
_ANY_COMMAND: Final = frozenset({"--help", "--help-all", "-h", "--install-completion", "--show-completion"})
HELP: Final = (
    "Each command also takes `--help` (`-h`), with examples and the options that matter most, and `--help-all`. "
    "`infl-seg help COMMAND` is the same as `infl-seg COMMAND --help`, `infl-seg version` as `infl-seg --version`."
)
_TYPERS_OWN: Final = frozenset({"install_completion", "show_completion"})
_SPECIAL: Final = re.compile(r"([\\`*_\[\]|#])")


@dataclass(frozen=True)
class Option:
    """One option of a command.

    Attributes:
        names: Its spellings, longest first.
        metavar: What stands for its value; empty for a flag.
        help: What it does.
        default: What holds without it; empty where that is nothing.
        panel: The group it is shown in.
    """

    names: tuple[str, ...]
    metavar: str
    help: str
    default: str
    panel: str


@dataclass(frozen=True)
class Command:
    """One command, read off Typer's own description of it.

    Attributes:
        words: How it is typed.
        help: What it does.
        arguments: What stands for each, and what it is.
        options: Its options.
    """

    words: tuple[str, ...]
    help: str
    arguments: tuple[tuple[str, str], ...]
    options: tuple[Option, ...]

    @property
    def takes_value(self) -> dict[str, bool]:
        """For each spelling of an option, whether a value follows it."""
        return {name: bool(option.metavar) for option in self.options for name in option.names}


def main() -> int:
    """Write the pages, or say which are out of date.

    Returns:
        1 where something is to be fixed, else 0.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="write nothing, fail where a page is out of date"
    )
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parents[1], help="the project")
    given = parser.parse_args()
    commands = {command.words: command for command in all_commands()}
    pages = {
        "docs/problems.md": problems_page(rules_by_code().values()),
        "docs/commands.md": commands_page(commands.values()),
        "docs/profiles.md": profiles_page(),
        "docs/presets.md": presets_page(),
        **{f"docs/{page}.md": checks_page(page, names) for page, names in CHECKS.items()},
        **{f"{SCHEMAS}/{name}.schema.json": schema_page(schema) for name, schema in schemas().items()},
    }
    if not given.check:
        for name, content in pages.items():
            (given.root / name).parent.mkdir(parents=True, exist_ok=True)
            (given.root / name).write_text(content, encoding="utf-8")
        return 0
    faults = [*out_of_date(given.root, pages), *unknown_words(given.root, commands)]
    sys.stderr.writelines(f"{fault}\n" for fault in faults)
    return int(bool(faults))


def out_of_date(root: Path, pages: Mapping[str, str]) -> Iterator[str]:
    """Yield a line for every generated page that is not what the code says."""
    for name, content in pages.items():
        page = root / name
        if not page.is_file() or page.read_text(encoding="utf-8") != content:
            yield f"{name} is out of date; to write it again: python docs/generate.py"


def unknown_words(root: Path, commands: Mapping[tuple[str, ...], Command]) -> Iterator[str]:
    """Yield a line for every command or option that a page names and that does not exist."""
    for name in READ_BY_PEOPLE:
        page = root / name
        if page.is_file():
            for line, shell in shell_lines(page.read_text(encoding="utf-8")):
                yield from (f"{name}:{line}: {fault}" for fault in faults_of(shell, commands))


def problems_page(rules: Iterable[Rule]) -> str:
    """Return the catalogue of problems as Markdown."""
    rules = [*rules]
    lines = [
        "# Problems",
        "",
        "Every kind of problem the tool can name, by its code. Codes are stable: scripts and CI rely on them.",
        "`infl-seg explain CODE` prints the same. Written by `python docs/generate.py`.",
        "",
        "| code | severity | what it means |",
        "|---|---|---|",
    ]
    lines += [f"| [`{r.code}`](#{r.code}) | {r.severity.value} | {prose(r.meaning)} |" for r in rules]
    for rule in rules:
        lines += ["", f"## {rule.code}", "", prose(rule.meaning), "", f"*{effect(rule).capitalize()}.*", ""]
        lines += ["```text", rule.example, "```", "", f"**Fix:** {prose(rule.fix)}"]
    lines += [
        "",
        "# What ends a run",
        "",
        "`error.code` of `--json`, for a command that ended with an error.",
    ]
    lines += ["", "| code | exit code | what it means |", "|---|---|---|"]
    lines += [f"| `{kind.code}` | {_exit_code(kind)} | {prose(_first_line(kind))} |" for kind in _endings()]
    return _page(lines)


def commands_page(commands: Iterable[Command]) -> str:
    """Return all commands and options as Markdown."""
    lines = ["# Commands", "", "Every command and option. Written by `python docs/generate.py`.", "", HELP]
    for command in commands:
        words = " ".join((PROGRAM, *command.words))
        usage = " ".join((words, "[OPTIONS]", *(metavar for metavar, _ in command.arguments)))
        lines += ["", f"## {words}", "", prose(command.help), "", "```text", usage, "```"]
        lines += [f"\n`{metavar}`: {prose(told)}" for metavar, told in command.arguments if told]
        panels = dict.fromkeys(option.panel for option in command.options)
        for panel in sorted(panels, key=lambda name: name != SAFETY):
            lines += ["", f"| {panel.lower()} | what it does | default |", "|---|---|---|"]
            lines += [_row(option) for option in command.options if option.panel == panel]
    lines += ["", "## Exit codes", "", "| code | meaning |", "|---|---|"]
    lines += [f"| {code} | {prose(meaning)} |" for code, meaning in exit_codes()]
    return _page(lines)


def schemas() -> dict[str, Any]:
    """Return the JSON Schemas that ship with the package, by kind of file."""
    return {"profile": profile_schema(), "project": project_schema()}


def schema_page(schema: Mapping[str, Any]) -> str:
    """Return a JSON Schema as its file has it."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def profiles_page() -> str:
    """Return the page on profiles: what people wrote, then all keys."""
    written = Path(__file__).with_name("profiles.md").read_text(encoding="utf-8").partition(KEYS)[0]
    lines = [KEYS, "", "Written by `python docs/generate.py` from what `infl-seg schema` prints."]
    for name, schema in schemas().items():
        lines += [
            "",
            f"### {'A profile' if name == 'profile' else 'infl-seg.toml'}",
            "",
            *_keys_table(schema),
        ]
    return written + _page(lines)


def presets_page() -> str:
    """Return docs/presets.md: what people wrote, then the list."""
    written = Path(__file__).with_name("presets.md").read_text(encoding="utf-8").partition(PRESETS)[0]
    heads = [(name, preset_file(name).head) for name in preset_names()]
    lines = [
        *(PRESETS, "", "Written by `python docs/generate.py` from the presets.", ""),
        *("| preset | version | follows |", "|---|---|---|"),
        *(f"| `{name}` | {head['version']} | [{head['title']}]({head['page']}) |" for name, head in heads),
    ]
    return written + _page(lines)


def checks_page(page: str, names: Iterable[str]) -> str:
    """Return a page on checks: what people wrote, then the tables."""
    written = Path(__file__).with_name(f"{page}.md").read_text(encoding="utf-8").partition(TABLES)[0]
    lines = [TABLES, "", "Written by `python docs/generate.py` from `destination_checks/tables/`."]
    for name in names:
        lines += [
            "",
            f"### {_code(name)}",
            "",
            "| call | member | level | type | source |",
            "|---|---|---|---|---|",
        ]
        lines += dict.fromkeys(map(_line_of, known_tables()[name].rows))
    return written + _page(lines)


def _line_of(row: TableRow) -> str:
    calls = "every call" if row.calls == EVERY_CALL else ", ".join(row.calls)
    events = f": {', '.join(row.events)}" if row.events else ""
    most = f", at most {row.most_characters} characters" if row.most_characters else ""
    values = f": {', '.join(row.one_of)}" if row.one_of else ""
    given = f", where {_code(row.given)} is" if row.given else ""
    member = " or ".join(map(_code, row.paths))
    page, _, part = row.source.partition(", ")
    source = f"[{prose(part)}]({page})"
    return f"| {calls}{events} | {member} | {row.level.value}{given} | {row.kind.value}{values}{most} | {source} |"


def _keys_table(schema: Mapping[str, Any]) -> Iterator[str]:
    yield "| key | takes | what it is |"
    yield "|---|---|---|"
    for key, takes, told in dict.fromkeys(_keys(schema, schema.get("$defs", {}), "")):
        yield f"| {_code(key)} | {prose(takes)} | {_told(told)} |"


def _keys(schema: Mapping[str, Any], defs: Mapping[str, Any], under: str) -> Iterator[tuple[str, str, str]]:
    """Yield key, kind and meaning of all that a schema allows; what recurs is told where it is met first."""
    for name, inner in schema.get("properties", {}).items():
        key = f"{under}{name}"
        told = inner.get("description", "")
        yield key, _takes(inner, defs), told
        for branch, more in _tables_in(inner, defs):
            if branch not in _TOLD_ONCE:
                yield from _keys(more, defs, f"{key}." if not _is_map(inner) else f"{key}.NAME.")
    if not under:
        for branch in _TOLD_ONCE:
            for title, more in _tables_in({"$ref": f"#/$defs/{branch}"} if branch in defs else {}, defs):
                yield from _keys(more, defs, f"{_TOLD_ONCE[title]}.")


_TOLD_ONCE: Final = {
    "Fields": "fields",
    "Cell": "fields.FIELD",
    "PropertyCell": "properties.NAME",
    "Timestamp": "timestamp",
}
"""Tables that stand in several places, and the name they go by."""


def _is_map(schema: Mapping[str, Any]) -> bool:
    return isinstance(schema.get("additionalProperties"), dict)


def _tables_in(schema: Mapping[str, Any], defs: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the tables that a schema allows, with their titles."""
    if "$ref" in schema:
        yield from _tables_in(defs[schema["$ref"].rpartition("/")[2]], defs)
    elif "properties" in schema:
        yield schema.get("title", ""), schema
    for inner in schema.get("anyOf", []):
        yield from _tables_in(inner, defs)
    for name in ("items", "additionalProperties"):
        if isinstance(schema.get(name), dict):
            yield from _tables_in(schema[name], defs)


def _takes(schema: Mapping[str, Any], defs: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        return _takes(defs[schema["$ref"].rpartition("/")[2]], defs)
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_takes(inner, defs) for inner in schema["anyOf"]))
    if "enum" in schema:
        return ", ".join(f'"{word}"' for word in schema["enum"])
    if "const" in schema:
        return json.dumps(schema["const"])
    if schema.get("type") == "array":
        return f"a list of {_MANY[_takes(schema['items'], defs)]}"
    return _KINDS[schema.get("type", "object")]


_KINDS: Final = {
    "string": "text",
    "object": "a table",
    "boolean": "true, false",
    "number": "a number",
    "integer": "a whole number",
}
_MANY: Final = {"text": "texts", "a table": "tables"}


def _told(words: str) -> str:
    """Return a description; what stands between backticks in it is code."""
    return "".join(_code(part) if place % 2 else prose(part) for place, part in enumerate(words.split("`")))


def exit_codes() -> Iterator[tuple[str, str]]:
    """Yield the exit codes and their meanings, as `--help` has them."""
    listed = " ".join(EXIT_CODES.split()).partition(": ")[2].rstrip(".")
    for entry in listed.split("; "):
        match = re.fullmatch(r"(\d+(?:, \d+)*) (.+)", entry)
        assert match is not None, entry
        yield match[1], match[2]


def all_commands() -> Iterator[Command]:
    """Yield the program itself, then all commands, those of a group after it."""
    yield from _walk(typer.main.get_command(app), ())


def _walk(command: Any, words: tuple[str, ...]) -> Iterator[Command]:
    declared = _declared(command.callback)
    options = [param for param in command.params if param.opts[0].startswith("-")]
    inner = getattr(command, "commands", {})
    arguments = [_argument(param) for param in command.params if param not in options]
    yield Command(
        words,
        " ".join((command.help or "").split()),
        tuple(arguments or [("COMMAND", "")] * bool(inner)),
        tuple(
            _option(param, declared[param.name])
            for param in options
            if param.name not in _TYPERS_OWN and not param.hidden
        ),
    )
    for name, below in inner.items():
        if not below.hidden:
            yield from _walk(below, (*words, name))


def _declared(callback: Callable[..., Any] | None) -> Mapping[str, inspect.Parameter]:
    """Return the parameters as the command's function has them: Typer's own objects change with its version."""
    return inspect.signature(callback, eval_str=True).parameters if callback else {}


def _argument(param: Any) -> tuple[str, str]:
    metavar = param.metavar or param.name.upper()
    return metavar if param.required else f"[{metavar}]", param.help or ""


def _option(param: Any, declared: inspect.Parameter) -> Option:
    kinds = [kind for kind in _kinds(declared.annotation) if issubclass(kind, Enum)]
    choices = "|".join(str(choice.value) for kind in kinds for choice in kind)
    flag = bool in _kinds(declared.annotation)
    return Option(
        names=(*param.opts, *param.secondary_opts),
        metavar="" if flag else param.metavar or choices or param.name.upper(),
        help=" ".join((param.help or "").split()),
        default=param.show_default if isinstance(param.show_default, str) else _default(declared.default),
        panel=getattr(param, "rich_help_panel", None) or "Options",
    )


def _kinds(annotation: Any) -> Iterator[type]:
    if isinstance(annotation, type) and not get_args(annotation):
        yield annotation
    for inner in get_args(annotation):
        yield from _kinds(inner)


def _default(value: Any) -> str:
    match value:
        case None | False | [] | ():
            return ""
        case Enum():
            return str(value.value)
        case float():
            return f"{value:g}"
        case _:
            return str(value)


def _row(option: Option) -> str:
    names = ", ".join(f"`{name}`" for name in option.names)
    metavar = f" {_code(option.metavar)}" if option.metavar else ""
    return f"| {names}{metavar} | {prose(option.help)} | {_code(option.default) if option.default else ''} |"


def _code(words: str) -> str:
    return f"`{words}`".replace("|", r"\|")


def prose(words: str) -> str:
    """Return text as Markdown that shows it unchanged."""
    return _SPECIAL.sub(r"\\\1", html.escape(words, quote=False))


def _endings() -> Iterator[type[InflSegError]]:
    waiting: list[type[InflSegError]] = [InflSegError]
    while waiting:
        kind = waiting.pop(0)
        yield kind
        inner = [below for below in kind.__subclasses__() if below.__module__ == InflSegError.__module__]
        waiting = [*inner, *waiting]


def _exit_code(kind: type[InflSegError]) -> str:
    return "129, 130, 143" if kind.code == "interrupted" else str(kind.exit_code)


def _first_line(kind: type[InflSegError]) -> str:
    if kind is InflSegError:
        return "An internal error, where nothing better fits."
    return (kind.__doc__ or "").partition("\n")[0]


def _page(lines: list[str]) -> str:
    return "\n".join([*lines, ""])


def shell_lines(markdown: str) -> Iterator[tuple[int, str]]:
    """Yield number and text of every line of code, fenced, indented or inline; continued lines as one."""
    fenced, started, gathered = False, 0, ""
    for number, line in enumerate(markdown.splitlines(), 1):
        if line.lstrip().startswith(("```", "~~~")):
            fenced = not fenced
        elif fenced or line.startswith("    "):
            started = started if gathered else number
            gathered += line.strip().removeprefix("$ ")
            if gathered.endswith("\\"):
                gathered = gathered[:-1]
                continue
            yield started, gathered
            gathered = ""
        else:
            yield from ((number, inline) for inline in re.findall(r"`([^`]+)`", line))


def faults_of(shell: str, commands: Mapping[tuple[str, ...], Command]) -> Iterator[str]:
    """Yield what is wrong with each call of the program on a line of shell."""
    if PROGRAM not in shell and "inflection_cli" not in shell:
        return
    try:
        lexer = shlex.shlex(shell.replace(r"\|", "|"), posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        words = [*lexer]
    except ValueError:
        return
    for call in _calls(words):
        fault = _fault(call, commands)
        if fault:
            yield f"{fault} in: {shell}"


def _calls(words: list[str]) -> Iterator[list[str]]:
    """Yield the words after each mention of the program, up to the shell's next operator."""
    for place, word in enumerate(words):
        module = word == "inflection_cli" and place > 0 and words[place - 1] == "-m"
        if module or word == PROGRAM or word.endswith(f"/bin/{PROGRAM}"):
            rest = words[place + 1 :]
            ends = [i for i, after in enumerate(rest) if after and set(after) <= set("();<>|&")]
            yield rest[: ends[0]] if ends else rest


def _fault(call: list[str], commands: Mapping[tuple[str, ...], Command]) -> str:
    words: tuple[str, ...] = ()
    if call[:1] == ["help"]:
        call = [*call[1:], "--help"] if (*call[1:2],) in commands else []
    while call and (*words, call[0]) in commands:
        words = (*words, call.pop(0))
    command = commands[words]
    group = any(other[:-1] == words for other in commands if other)
    if group and call and re.fullmatch(r"[a-z][a-z-]*", call[0]):
        return f"there is no command “{' '.join((PROGRAM, *words, call[0]))}”"
    given = iter(call)
    for word in given:
        name, equals, _ = word.partition("=")
        if not word.startswith("-") or word == "-" or name in _ANY_COMMAND:
            continue
        if name not in command.takes_value:
            return f"{' '.join((PROGRAM, *words))} has no option {name}"
        if command.takes_value[name] and not equals:
            next(given, None)
    return ""


if __name__ == "__main__":
    sys.exit(main())
