"""GitHub annotations as workflow commands, and a step summary in Markdown.

A workflow command is a line `::error file=…,line=…::message`. The runner also knows an older form,
`##[error]message`, which it finds anywhere in a line, and it reads both output streams. So text from files
is escaped by GitHub's rules, and never begins a line.

Sources: https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands,
`src/Runner.Common/ActionCommand.cs` in actions/runner, `packages/core/src/command.ts` in actions/toolkit.
"""

import html
import re
from collections.abc import Iterator, Mapping
from itertools import zip_longest
from typing import Final

from inflection_cli.errors import InflSegError, SettingsFileFaults
from inflection_cli.model import Problem, Severity
from inflection_cli.reporting import plan_text
from inflection_cli.reporting.findings import STDIN, Findings, ended_by, fix
from inflection_cli.sanitize import counted, escape
from inflection_cli.text_faults import UNSEEN

MOST_ANNOTATIONS: Final = 10
"""Errors, and as many warnings, that GitHub shows of one step (orgs/community discussion 26680)."""
MOST_SUMMARY_BYTES: Final = 1 << 20
"""GitHub refuses a longer step summary whole ("supports content up to a size of 1024k")."""

_DATA: Final = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_PROPERTY: Final = {**_DATA, ":": "%3A", ",": "%2C"}
_CONTROL: Final = re.compile(f"(?![\\n\\r])[{UNSEEN}\\ud800-\\udfff]")
_RESERVE_BYTES: Final = 200
MOST_OF_FAULT: Final = 1000


def annotations(findings: Findings) -> str:
    """Return at most ten errors and ten warnings as workflow commands.

    A notice says what was left out.
    """
    room = dict.fromkeys(Severity, MOST_ANNOTATIONS)
    lines = []
    if findings.error is not None:
        ended = _end(findings, findings.error)
        room[Severity.ERROR] -= len(ended)
        lines += ended
    listed = []
    for problem in _each_code_first(findings):
        if room[problem.rule.severity] > 0:
            room[problem.rule.severity] -= 1
            listed.append(problem)
    lines += [_annotation(findings, problem) for problem in listed]
    left_out = _left_out(findings, listed)
    if left_out:
        lines.append(_command("notice", {"title": "infl-seg"}, left_out))
    if findings.notes:
        said = "\n".join((f"rows: {plan_text.rows_equation(findings.rows)}", *findings.notes))
        lines.append(_command("notice", {"title": "infl-seg: settings"}, said))
    return "".join(f"{line}\n" for line in lines)


def step_summary(findings: Findings, most_bytes: int = MOST_SUMMARY_BYTES) -> str:
    """Return the run as Markdown of at most `most_bytes` UTF-8 bytes.

    A last line says how many parts do not fit.

    What comes from files stands in `pre` elements with HTML's characters escaped: no Markdown is read there,
    no mention and no link.
    """
    parts, room = [], most_bytes - _RESERVE_BYTES
    sections = [_head(findings), *_sections(findings)]
    for index, section in enumerate(sections):
        room -= len(section.encode())
        if room < 0:
            parts.append(f"\n{len(sections) - index:,} more parts do not fit into a step summary.\n")
            break
        parts.append(section)
    whole = "".join(parts)
    return whole if len(whole.encode()) <= most_bytes else ""


def _each_code_first(findings: Findings) -> Iterator[Problem]:
    """Yield the first problem of each code, then the second ones."""
    for row in zip_longest(*findings.problems.by_code().values()):
        yield from (problem for problem in row if problem is not None)


def _annotation(findings: Findings, problem: Problem) -> str:
    properties: dict[str, str] = {}
    said = findings.said(problem)
    if problem.file is not None and problem.file != STDIN:
        properties["file"] = findings.place(problem.file)
        if problem.line is not None:
            properties["line"] = str(problem.line)
    elif problem.line is not None:
        said = f"standard input, line {problem.line}: {said}"
    properties["title"] = f"infl-seg: {problem.rule.code}"
    return _command(problem.rule.severity.value, properties, f"{said}\n→ {fix(problem)}")


def _end(findings: Findings, error: InflSegError) -> list[str]:
    """Return workflow commands for the error that ended the run.

    Each fault of a settings file is reported at its line.
    """
    title = {"title": f"infl-seg: {error.code}"}
    if not isinstance(error, SettingsFileFaults) or not error.faults:
        return [_command("error", title, ended_by(error))]
    file = {"file": findings.place(error.file)}
    listed = error.faults[:MOST_ANNOTATIONS]
    unlisted = len(error.faults) - len(listed)
    more = f"\nand {unlisted:,} faults more: --report text=PATH names them" if unlisted else ""
    return [
        _command(
            "error",
            {**file, **({} if line is None else {"line": str(line)}), **title},
            f"{escape(error.heading, MOST_OF_FAULT)}\n→ {escape(words, MOST_OF_FAULT)}"
            f"{more if place == len(listed) else ''}",
        )
        for place, (line, words) in enumerate(listed, 1)
    ]


def _left_out(findings: Findings, listed: list[Problem]) -> str:
    unlisted = {severity: findings.unlisted(listed, severity) for severity in Severity}
    words = [f"{count:,} more {severity.value}s" for severity, count in unlisted.items() if count]
    if not words:
        return ""
    return (
        f"{' and '.join(words)} are not annotated: GitHub shows ten of each. "
        "--report text=PATH names places of every kind."
    )


def _command(name: str, properties: Mapping[str, str], data: str) -> str:
    given = ",".join(f"{key}={_escaped(value, _PROPERTY)}" for key, value in properties.items())
    return f"::{name} {given}::{_escaped(data, _DATA)}"


def _escaped(value: str, by: Mapping[str, str]) -> str:
    spelled = _CONTROL.sub(lambda match: escape(match[0]), value)
    return "".join(by.get(char, char) for char in spelled)


def _head(findings: Findings) -> str:
    counts = findings.problems
    verdict = f"{counted(counts.errors, 'error')}, {counted(counts.warnings, 'warning')}"
    lines = [f"## infl-seg {findings.command}: {verdict}", ""]
    if findings.error is not None:
        lines += [_block([f"error: {ended_by(findings.error)}"]), ""]
    lines += [f"{plan_text.rows_equation(findings.rows)}", ""]
    if findings.notes:
        lines += [_block([*findings.notes]), ""]
    codes = findings.problems.by_code()
    if codes:
        lines += ["| problem | severity | count |", "|---|---|---:|"]
        lines += [
            f"| `{code}` | {kept[0].rule.severity.value} | {counts.counts[code]:,} |"
            for code, kept in codes.items()
        ]
    return "\n".join([*lines, ""])


def _sections(findings: Findings) -> Iterator[str]:
    for code, kept in findings.problems.by_code().items():
        lines = plan_text.problem_lines(
            {code: kept}, findings.problems.counts, cell=findings.cell, most=len(kept)
        )
        yield (
            f"\n<details><summary><code>{code}</code></summary>\n\n"
            f"{_block([line for _, line in lines])}\n\n</details>\n"
        )


def _block(lines: list[str]) -> str:
    return f"<pre>{html.escape(chr(10).join(lines))}</pre>"
