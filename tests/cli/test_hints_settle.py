"""Each hint of the catalogue of problems is applied as it is printed, and settles its case.

The options, the lines of a profile and the values come from the hint of `--json`. A case says only what stands in
place of COLUMN, NAME and the like. Where the hint is to change the export, the case has the change and the reason.
After each way the problem is gone and no other problem is there that was not before, so that no two hints can lead
to each other.
"""

import re
import shlex
import subprocess
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from command_support import Desk
from hint_cases import ALL_CASES as CASES
from hint_cases import ERRORS, INSPECTED, NO_WAY, Case
from option_support import PLACES

from inflection_cli import rules
from inflection_cli.inspecting.call_drafts import FILL_IN
from inflection_cli.model import Rule

CODES: Final = {value.code for value in vars(rules).values() if isinstance(value, Rule)}
_TAKES_VALUE: Final = {place.name: place.takes_value for place in PLACES}
_WORD: Final = r"""(?:[^\s,;:"'=]+=)?(?:"[^"]*"|'[^']*'|(?:[^\s,;"']|,(?=\S))+)"""
_OPTION: Final = re.compile(rf"(?P<name>--[a-z][a-z-]+)(?: (?P<value>{_WORD}))?")
_DROPPED: Final = re.compile(r"(?:without|[Ww]ithout|leave) (?P<name>--[a-z][a-z-]+)(?: out)?")
_TABLE: Final = re.compile(r"\[(?P<table>fields|input|time|options|properties|traits)\]\s+")
_OTHERWISE: Final = re.compile(r'\b(?P<key>otherwise|type) = (?P<values>"[a-z]+"(?:(?:, | or )"[a-z]+")*)')
_VALUES: Final = re.compile(r'values = \{ "[^"]+" = "" \}')
_DRAFT: Final = "infl-seg inspect FILE --save PROFILE.toml"
_TOLD: Final = {"column-left-out"}
"""A column that another one replaces is a column that is not sent, and its hint undoes nothing."""

_NOT_BESIDE: Final = re.compile(r"and no (?P<name>--map) (?P<field>\w+)")
_COMMAND: Final = re.compile(r"infl-seg (replay|backfill) FILE sends")
_ASIDE: Final = re.compile(r"infl-seg (?:inspect|backfill|replay) FILE")
_LEFT_OUT: Final = re.compile(r"drop (--[a-z]+) \w+=…(?: or (--[a-z]+) \w+=…)?")
_SHELL: Final = re.compile(r"tr [^<]+ < OLD > NEW")


@dataclass(frozen=True)
class Way:
    """One thing that a hint says to do.

    Attributes:
        kind: `option`, `drop`, `line`, `value`, `draft`, `shell` or `edit`.
        text: What the hint has of it.
        table: The table of the profile that a line belongs to.
    """

    kind: str
    text: str
    table: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.text}"


def ways_of(hint: str) -> Iterator[Way]:
    """The ways that a hint names, as they are printed."""
    yield from _of_commands(hint)
    rest = _ASIDE.sub("", _NOT_BESIDE.sub("", hint.replace(_DRAFT, "")))
    for found in (*_DROPPED.finditer(rest), *_LEFT_OUT.finditer(rest)):
        yield from (Way("drop", name) for name in re.findall(r"--[a-z][a-z-]+", found[0]))
    rest = _LEFT_OUT.sub("", _DROPPED.sub("", rest))
    for found in _OPTION.finditer(rest):
        value = (found["value"] or "").rstrip(".:)?") if _TAKES_VALUE[found["name"]] else ""
        yield Way("option", f"{found['name']} {value}".strip())
    yield from _of_profiles(rest)


def _of_commands(hint: str) -> Iterator[Way]:
    """The commands that a hint names."""
    if _DRAFT in hint:
        beside = _NOT_BESIDE.search(hint)
        yield Way("draft", _DRAFT, beside["field"] if beside else "")
    yield from (Way("shell", shell) for shell in _SHELL.findall(hint))
    yield from (Way("command", command) for command in _COMMAND.findall(hint))


def _of_profiles(hint: str) -> Iterator[Way]:
    """The values and lines of a profile that a hint names."""
    before = _TABLE.split(hint)[0]
    for found in _OTHERWISE.finditer(before):
        yield from (
            Way("value", f"{found['key']} = {value}") for value in re.findall(r'"[a-z]+"', found["values"])
        )
    yield from (Way("value", text) for text in _VALUES.findall(before))
    for found in _TABLE.finditer(hint):
        yield from (Way("line", line, found["table"]) for line in _lines(hint[found.end() :]))


def _lines(text: str) -> Iterator[str]:
    """The lines of TOML at the start of a text, joined by `or`."""
    end = next((end for end in range(min(len(text), 300), 0, -1) if _is_toml(text[:end])), 0)
    if end:
        yield text[:end].strip()
        further = re.match(r",? or (?=\w+ = )", text[end:])
        if further is not None:
            yield from _lines(text[end + further.end() :])


def _is_toml(text: str) -> bool:
    try:
        return len(tomllib.loads(text)) == 1
    except tomllib.TOMLDecodeError:
        return False


def put(desk: Desk, case: Case) -> None:
    for name, text in {case.name: case.text, **case.more}.items():
        path = desk.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())


def told(desk: Desk, words: tuple[str, ...]) -> tuple[dict[str, int], list[dict[str, Any]]]:
    """The codes of a report, and its problems; an error of the run is a problem too."""
    report = desk.run(*words, "--json").json
    problems = list(report.get("problems", []))
    counts = dict(report.get("problem_counts", {}))
    error = report.get("error")
    if error and error["code"] not in counts:
        counts[error["code"]] = 1
        problems.append(error)
    return counts, problems


def settled(desk: Desk, case: Case, way: Way) -> tuple[str, ...]:
    """Apply a way; give the command that shows whether it did."""
    text = way.text
    for placeholder, value in case.given.items():
        text = text.replace(placeholder, value)
    assert not re.search(r"\b(COLUMN|VALUE|NAME|FMT|KEY|ID|TIME)\b", text), (
        f"{way}: the case gives nothing for it"
    )
    if way.kind in {"line", "draft"}:
        return _by_profile(desk, case, text, way)
    if way.kind in {"option", "drop", "command"}:
        return _retyped(case, text, way)
    _changed(desk, case, text, way)
    return tuple("new.csv" if way.kind == "shell" and word == case.name else word for word in case.words)


def _retyped(case: Case, text: str, way: Way) -> tuple[str, ...]:
    """Type the command with an option more, or one less, or as another command."""
    words = case.words
    if way.kind == "command":
        return (text, *words[1:], "--dry-run")
    if way.kind == "drop":
        at = words.index(text)
        return (*words[:at], *words[at + (2 if _TAKES_VALUE[text] else 1) :])
    typed = shlex.split(text)
    beside = next((more for start, more in case.together.items() if text.startswith(start)), ())
    return (*_replaced(words, typed), *typed, *beside)


def _changed(desk: Desk, case: Case, text: str, way: Way) -> None:
    """Change the export or the profile as the hint says."""
    if way.kind == "shell":
        command = text.replace("OLD", case.name).replace("NEW", "new.csv")
        subprocess.run(["sh", "-c", command], cwd=desk.folder, check=True, timeout=60)
    elif way.kind == "value":
        path = desk.folder / "p.toml"
        said = path.read_text(encoding="utf-8")
        assert said.count(case.slot) == 1
        beside = f"{case.slot}, " if text.startswith("values") else ""
        path.write_text(said.replace(case.slot, beside + text), encoding="utf-8")
    else:
        (desk.folder / case.name).write_bytes(case.edited)


def _replaced(words: tuple[str, ...], typed: list[str]) -> tuple[str, ...]:
    """The words without the option that is typed in another way, or for another column."""
    key = typed[1].partition("=")[0] + "=" if len(typed) > 1 and "=" in typed[1] else ""
    for at, word in enumerate(words):
        if word == typed[0] and words[at + 1].startswith(key):
            return (*words[:at], *words[at + 2 :])
    return words


def _by_profile(desk: Desk, case: Case, line: str, way: Way) -> tuple[str, ...]:
    """Draft a profile where there is none, and put a line into it."""
    words = case.words
    if way.kind == "draft" and way.table:
        at = next(at for at, word in enumerate(words) if word.startswith(f"{way.table}="))
        words = (*words[: at - 1], *words[at + 1 :])
    if "--profile" not in words:
        inspect = ("inspect", case.name, "--save", "p.toml", *case.drafted)
        done = desk.run(*inspect)
        assert done.code == 0, done.err
        words = (*words, "--profile", "p.toml")
    path = desk.folder / "p.toml"
    text = path.read_text(encoding="utf-8")
    if way.kind == "line":
        key = line.partition(" =")[0]
        header = f"[{way.table}]"
        lines = [each for each in text.splitlines() if not each.startswith(f"{key} = ")]
        if header in lines:
            lines.insert(lines.index(header) + 1, line)
        else:
            lines += [header, line]
        text = "\n".join((*lines, ""))
    for key, value in case.answers.items():
        text = text.replace(f'{key} = "{FILL_IN}"', f"{key} = {value}")
    path.write_text(text, encoding="utf-8")
    return words


def test_no_code_is_forgotten() -> None:
    assert {*CASES, *NO_WAY} == CODES
    assert not {*CASES} & {*NO_WAY}
    assert all(reason.endswith(".") for reason in NO_WAY.values())


def test_a_hint_is_read_as_it_is_printed() -> None:
    hint = (
        '--set event="Email Opened", or --null \'\\N\'; --no-event-id ignores it. In a profile [fields] a = "B", or '
        'a = { constant = "C" } or [time] zone = "NAME"; leave --session-id out. tr -d \'x\' < OLD > NEW'
    )
    assert list(map(str, ways_of(hint))) == [
        "shell tr -d 'x' < OLD > NEW",
        "drop --session-id",
        'option --set event="Email Opened"',
        "option --null '\\N'",
        "option --no-event-id",
        'line a = "B"',
        'line a = { constant = "C" }',
        'line zone = "NAME"',
    ]


@pytest.mark.slow
@pytest.mark.parametrize("code", CASES)
def test_every_way_of_a_hint_settles_its_case(
    code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, case in enumerate(CASES[code]):
        first = Desk.at(_folder(tmp_path, f"{number}"), monkeypatch)
        put(first, case)
        before, problems = told(first, case.words)
        hint = next(problem["hint"] for problem in problems if problem["code"] == code)
        ways = [*ways_of(hint), *([Way("edit", case.why)] if case.edits else [])]
        assert ways, f"{code}: the case settles nothing: {hint}"
        skipped = [way for way in ways if any(way.text.startswith(each) for each in case.others)]
        for at, way in enumerate(ways):
            if way in skipped:
                continue
            desk = Desk.at(_folder(tmp_path, f"{number}-{at}"), monkeypatch)
            put(desk, case)
            words = settled(desk, case, way)
            after, left = told(desk, words)
            assert code not in after, f"{code}: {way} settles nothing ({' '.join(words)}): {left}"
            assert not after.keys() - before.keys() - case.brings - _TOLD, f"{code}: {way} leads to {left}"


@pytest.mark.slow
@pytest.mark.parametrize("name", ERRORS)
def test_every_option_that_an_error_names_settles_it(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = ERRORS[name]
    first = Desk.at(_folder(tmp_path, "first"), monkeypatch)
    put(first, case)
    error = first.run(*case.words, "--json").json["error"]
    ways = list(ways_of(error["hint"].replace(case.name, "FILE")))
    kept = [way for way in ways if not any(way.text.startswith(each) for each in case.others)]
    assert kept, error
    for at, way in enumerate(kept):
        desk = Desk.at(_folder(tmp_path, f"{at}"), monkeypatch)
        put(desk, case)
        words = settled(desk, case, way)
        report = desk.run(*words, "--json").json
        assert "error" not in report or report["error"]["code"] == "over-budget", (words, report["error"])
        assert report.get("rows", {"read": 1})["read"], report


@pytest.mark.slow
@pytest.mark.parametrize("name", INSPECTED)
def test_every_option_that_inspect_names_settles_what_is_missing(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = INSPECTED[name]
    desk = Desk.at(tmp_path, monkeypatch)
    put(desk, case)
    (file,) = desk.run("inspect", case.name, "--json").json["files"]
    assert file["missing"]
    for each in file["missing"]:
        segments = [segment for segment in re.split(r",? or (?=.*--)", each["option"]) if "--" in segment]
        assert segments, each
        for segment in segments:
            options = [way.text for way in ways_of(segment) if way.kind == "option"]
            words = [word for text in options for word in _given(case, text)]
            (after,) = desk.run("inspect", case.name, *words, "--json").json["files"]
            left = {one["about"] for one in after["missing"]}
            assert each["message"] not in {one["message"] for one in after["missing"]}, (
                segment,
                after["missing"],
            )
            assert not left - {one["about"] for one in file["missing"]} - case.brings, (
                segment,
                after["missing"],
            )


def _given(case: Case, text: str) -> list[str]:
    for placeholder, value in case.given.items():
        text = text.replace(placeholder, value)
    return shlex.split(text)


def _folder(tmp_path: Path, name: str) -> Path:
    folder = tmp_path / name
    folder.mkdir()
    return folder
