"""JUnit XML report: one suite per file, one case per problem code.

Elements and attributes are those of the schema that Jenkins' xUnit plugin validates by (junit-10.xsd);
GitLab shows a case's classname as its suite, and the content of `failure` and `system-out`
(https://docs.gitlab.com/ci/testing/unit_test_reports). Cases of one classname and name count once there.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final
from xml.etree import ElementTree as ET

from inflection_cli.model import Problem, Severity
from inflection_cli.reporting.findings import STDIN, Findings, ended_by, fix
from inflection_cli.reporting.plan_text import rows_equation
from inflection_cli.sanitize import escape

_NO_XML: Final = re.compile("[\ufffe\uffff]")
"""What `escape` leaves and XML 1.0 does not have."""
_RUN: Final = "infl-seg"


def junit_xml(findings: Findings) -> str:
    """Return the findings as JUnit XML; warnings do not fail a case."""
    root = ET.Element("testsuites", {"name": f"{_RUN} {findings.command}"})
    for file in _files(findings):
        root.append(_suite(_name(findings, file), list(_cases(findings, file))))
    if findings.error is not None:
        case = ET.Element("testcase", {"classname": _RUN, "name": findings.error.code})
        failed = ET.SubElement(case, "error", {"type": findings.error.code})
        failed.text = _clean(ended_by(findings.error))
        root.append(_suite(_RUN, [case]))
    if findings.notes:
        # GitLab shows what a case says; a suite of its own takes nothing from those of the files.
        case = ET.Element("testcase", {"classname": _RUN, "name": "settings"})
        rows = f"rows: {rows_equation(findings.rows)}"
        ET.SubElement(case, "system-out").text = _clean("\n".join((rows, *findings.notes)))
        root.append(_suite(f"{_RUN} settings", [case]))
    for total in ("tests", "failures", "errors"):
        root.set(total, str(sum(int(suite.get(total, "0")) for suite in root)))
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _files(findings: Findings) -> list[str | None]:
    """Return the inputs, then other files with problems; None means all."""
    named: list[str | None] = [*findings.files]
    named += [file for file, _ in findings.problems.by_file]
    return list(dict.fromkeys(named))


def _cases(findings: Findings, file: str | None) -> Iterator[ET.Element]:
    classname = _clean(_name(findings, file))
    codes = [code for of, code in findings.problems.by_file if of == file]
    for code in sorted(codes):
        kept = findings.problems.by_code()[code]
        places = [problem for problem in kept if problem.file == file]
        case = ET.Element("testcase", {"classname": classname, "name": code})
        count = findings.problems.by_file[file, code]
        rule = kept[0].rule
        if rule.severity is Severity.ERROR:
            outcome = ET.SubElement(case, "failure", {"type": code, "message": f"{count:,}: {rule.meaning}"})
        else:
            outcome = ET.SubElement(case, "system-out")
        outcome.text = _clean("\n".join(_lines(findings, places, count, rule.meaning)))
        yield case
    if not codes:
        # A report without a case is taken for one of a run that broke.
        yield ET.Element("testcase", {"classname": classname, "name": "no-problems"})


def _lines(findings: Findings, places: Sequence[Problem], count: int, meaning: str) -> Iterator[str]:
    yield f"{count:,} in all. {meaning}"
    for problem in places:
        line = f"line {problem.line}: " if problem.line is not None else "- "
        yield f"{line}{findings.said(problem)}"
    unseen = count - sum(problem.count for problem in places)
    if unseen > 0:
        yield f"and {unseen:,} more, counted and not listed"
    for hint in dict.fromkeys(fix(problem) for problem in places):
        yield f"→ {hint}"


def _suite(name: str, cases: Sequence[ET.Element]) -> ET.Element:
    failures = sum(case.find("failure") is not None for case in cases)
    errors = sum(case.find("error") is not None for case in cases)
    counts = {"tests": str(len(cases)), "failures": str(failures), "errors": str(errors)}
    suite = ET.Element("testsuite", {"name": _clean(name), **counts})
    suite.extend(cases)
    return suite


def _name(findings: Findings, file: str | None) -> str:
    if file is None:
        return "all files"
    return "standard input" if file == STDIN else escape(findings.place(file))


def _clean(words: str) -> str:
    return _NO_XML.sub("\N{REPLACEMENT CHARACTER}", words)
