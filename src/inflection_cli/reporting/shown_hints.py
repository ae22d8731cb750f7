"""Fit hints to the running command.

A hint is written where the fault is found, and several commands read the same files. So `diff` may find a header that
`--columns` fixes for `backfill`. What a command lacks is left out where the hint is shown, for all reports.
"""

import re
from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from shlex import split
from typing import Any, Final

from inflection_cli.model import Problem
from inflection_cli.settings.declarations import ALL_OPTIONS

_QUOTED: Final = re.compile(r"(?<![\w)])'[^']*'|\"[^\"]*\"|“[^”]*”|`[^`]*`")
_WORD: Final = r"(?:--?[\w-]+(?:=\S+)?|\x00\d+\x00|[A-Z…{][^\s;,]*|[^\s;,]*[./*=_\d][^\s;,]*|or --[\w-]+)"
_OTHER: Final = re.compile(
    rf"infl-seg [a-z-]+ has it: .*|infl-seg (?:(?:runs|presets|sync|help) )?[a-z][\w-]*(?: {_WORD})*"
)
"""A whole command: its options are those of the command that it names."""

_OPTION: Final = re.compile(r"(?<![\w-])--[a-z][a-z-]+")
_ENCODING: Final = re.compile(r"(?<!without )(?<!leave )--encoding ([a-z][\w-]*\d[\w-]*)")
_IN_PROFILE: Final = "in a profile"
_SENTENCE: Final = re.compile(r"(; |[.?] (?=[A-Z-]))")
_DROPPED: Final = re.compile(r"(?:[Ww]ithout|leave|drop|and no) --[a-z][a-z-]+")
"""An option that is to be left out."""

_WAY: Final = re.compile(rf"(,? or |,? and (?=--)|, (?={_IN_PROFILE}|--)|; (?={_IN_PROFILE}))")


@dataclass(frozen=True, slots=True, eq=False)
class Running:
    """The command that runs.

    Attributes:
        words: It as typed, as `infl-seg diff`.
        options: The long names of its options.
    """

    words: str
    options: frozenset[str]

    def lacks(self, text: str) -> bool:
        """Return whether a text names what the command does not take."""
        return bool(self.lacking(text)) or (_IN_PROFILE in text and "--profile" not in self.options)

    def lacking(self, text: str) -> list[str]:
        """Return the options in a text that only other commands have."""
        named = dict.fromkeys(_OPTION.findall(_OTHER.sub("", text)))
        return [name for name in named if name in ALL_OPTIONS and name not in self.options]


_RUNNING: ContextVar[Running | None] = ContextVar("running", default=None)


def set_running(words: str = "", options: Iterable[str] = ()) -> None:
    """Record the command whose options hints may name."""
    _RUNNING.set(Running(words, frozenset(options)) if words else None)


def hint_of(problem: Problem) -> str:
    """Return what settles a problem, in the words of the running command."""
    return fitted(problem.hint or problem.rule.fix)


def takes(hint: str) -> bool:
    """Return whether the running command takes all that a hint names."""
    running = _RUNNING.get()
    return running is None or not any(running.lacks(_hidden(line)[0]) for line in hint.split("\n"))


def fitted(hint: str) -> str:
    """Return a hint without the ways that the running command lacks.

    Args:
        hint: One way in a line, or several in a sentence.
    """
    running = _RUNNING.get()
    if running is None or takes(hint):
        return hint
    lines = [_fitted_line(line, running) for line in hint.split("\n")]
    return "\n".join(line for line in lines if line) or _instead(hint, running)


def _fitted_line(line: str, running: Running) -> str:
    plain, quoted = _hidden(line)
    kept = list[str]()
    before = ""
    for at, part in enumerate(_SENTENCE.split(plain)):
        if at % 2:
            before = part
        elif text := _ways(part, running):
            kept += [before if kept else "", text if kept else re.sub(r"^[Oo]r ", "", text)]
    shown = "".join(kept)
    further = _further(line, running)
    ways = [shown, further] if "--profile" in running.options else [further, shown]
    return _restored("; ".join(filter(None, ways)), quoted)


def _ways(sentence: str, running: Running) -> str:
    """Return the ways of a sentence that the command takes."""
    if not running.lacks(sentence):
        return sentence
    kept = joint = opening = ""
    is_cut = False
    for at, way in enumerate(_WAY.split(sentence)):
        if at % 2:
            joint = joint or way
        elif running.lacks(way):
            is_cut, opening = True, opening or _OPTION.split(way)[0]
        elif not is_cut or _OPTION.search(way) or way.startswith(_IN_PROFILE):
            # What was said of the first option holds for the next one too: "set it with --a or --b".
            kept += (joint if kept else "") + (opening if way.startswith("--") else "") + way
            joint = opening = ""
    return kept.rstrip(" ,:")


def _further(line: str, running: Running) -> str:
    """Return what stands for the options that the command lacks."""
    if "--profile" in running.options:
        # A profile has what the command lacks; each line of it is proposed once.
        keys = [] if _IN_PROFILE in line else list(_profile_lines(line, running))
        return f"{_IN_PROFILE} {' or '.join(keys)}" if keys else ""
    is_init = running.words == "infl-seg init"
    encoding = None if is_init or not running.lacking(line) else _ENCODING.search(line)
    return f"turn the file into UTF-8: iconv -f {encoding[1]} -t UTF-8 OLD > NEW" if encoding else ""


def _profile_lines(line: str, running: Running) -> Iterator[str]:
    """Yield lines of a profile for options that the command lacks."""
    for name in running.lacking(_DROPPED.sub("", _hidden(line)[0])):
        each = ALL_OPTIONS[name]
        table = each.option.profile.partition(".")[0]
        if table:
            typed = re.search(rf"{name}[ =](\"[^\"]*\"|'[^']*'|[^\s;]+)", line)
            value = typed[1].rstrip(",.:)?") if typed else ""
            is_value = re.search(r"[^a-z]", value) or f"'{value}'" in str(each.kind)
            yield f"[{table}] {each.profile_name} = {_toml(each, value if is_value else '…')}"


def _toml(each: Any, typed: str) -> str:
    """Return an option's value as a profile has it."""
    kind = str(each.kind)
    if each.value_type is bool:
        return str(each.converted(True)).lower()
    try:
        (value,) = split(typed)
    except ValueError:
        value = typed
    if "int" in kind:
        return value
    if each.is_table:
        name, _, inner = value.partition("=")
        return f'{{ {name} = "{inner}" }}'
    text = f"'{value}'" if "\\" in value else f'"{value}"'
    return f"[{text}]" if "tuple" in kind else text


def _instead(hint: str, running: Running) -> str:
    """Return a hint for a command that takes no option of one."""
    lacking = running.lacking(_hidden(hint)[0])
    typed = re.search(rf"{lacking[0]}(?:[ =](?:'[^']*'|[^\s;,]+))?", hint) if lacking else None
    if typed is not None and running.words == "infl-seg init":
        return f"draft the profile with this option: infl-seg inspect FILE {typed[0]} --save PROFILE.toml"
    return f"change the file: {running.words} has no {' and no '.join(lacking) or 'profile'}"


def _hidden(line: str) -> tuple[str, list[str]]:
    """Return a line with marks for quoted texts, and the texts."""
    quoted = list[str]()

    def mark(found: re.Match[str]) -> str:
        if found[0].startswith("`"):
            return found[0].strip("`") if _OTHER.fullmatch(found[0].strip("`")) else found[0]
        quoted.append(found[0])
        return f"\x00{len(quoted) - 1}\x00"

    return _QUOTED.sub(mark, line), quoted


def _restored(line: str, quoted: list[str]) -> str:
    return re.sub(r"\x00(\d+)\x00", lambda found: quoted[int(found[1])], line)
