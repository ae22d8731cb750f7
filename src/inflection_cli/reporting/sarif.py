"""SARIF 2.1.0 report: one rule per code, one result per place.

Sources: the standard with errata 01, https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/
(its sections are named below), and GitHub's limits,
https://docs.github.com/code-security/reference/code-scanning/sarif-files/troubleshoot-sarif-uploads/results-exceed-limit.
"""

import os
import re
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import quote

from inflection_cli.model import Problem, Rule, Severity
from inflection_cli.reporting.findings import Findings, ended_by, fix
from inflection_cli.reporting.json_report import dumps
from inflection_cli.reporting.plan_text import rows_equation
from inflection_cli.reporting.rule_docs import rules_by_code
from inflection_cli.version import __version__

MOST_RESULTS: Final = 5_000
"""GitHub keeps as many of one run, and says so; the most severe come first here."""
_SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_SPECIAL: Final = re.compile(r"[\\\[\]]")


def sarif_json(findings: Findings, most: int = MOST_RESULTS) -> str:
    """Return the findings as a SARIF log of at most `most` results."""
    rules = [*rules_by_code().values()]
    places = {rule.code: index for index, rule in enumerate(rules)}
    listed = [*findings.kept()][:most]
    run = {
        "tool": {
            "driver": {
                "name": "infl-seg",
                "version": __version__,
                "rules": [_rule(rule) for rule in rules],
            }
        },
        "invocations": [_invocation(findings, listed)],
        "results": [_result(findings, problem, places) for problem in listed],
    }
    return f"{dumps({'$schema': _SCHEMA, 'version': '2.1.0', 'runs': [run]})}\n"


def _rule(rule: Rule) -> dict[str, Any]:
    meaning, settle = _string(rule.meaning), _string(rule.fix)
    return {
        "id": rule.code,
        "shortDescription": {"text": meaning},
        "fullDescription": {"text": meaning},
        "help": {"text": f"{meaning} To fix it: {settle}. More: infl-seg explain {rule.code}"},
        "defaultConfiguration": {"level": rule.severity.value},
        "properties": {"scope": rule.scope.value, "example": rule.example},
    }


def _result(findings: Findings, problem: Problem, places: dict[str, int]) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": problem.rule.code,
        "ruleIndex": places[problem.rule.code],
        "level": problem.rule.severity.value,
        "message": {"text": _string(f"{findings.said(problem)} → {fix(problem)}")},
        "occurrenceCount": problem.count,
    }
    file = problem.file or next(iter(findings.files), None)
    if file is not None:
        # Code scanning refuses a result without a place; what concerns a whole file stands at its first line.
        result["locations"] = [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": _uri(findings.place(file))},
                    "region": {"startLine": problem.line or 1},
                }
            }
        ]
    return result


def _invocation(findings: Findings, listed: Sequence[Problem]) -> dict[str, Any]:
    said: list[dict[str, Any]] = []
    if findings.notes:
        words = "; ".join((f"rows: {rows_equation(findings.rows)}", *findings.notes))
        said.append({"level": "note", "message": {"text": _string(words)}})
    for severity in Severity:
        unlisted = findings.unlisted(listed, severity)
        if unlisted:
            words = f"{unlisted:,} more {severity.value}s were counted and are not listed."
            said.append({"level": "note", "message": {"text": words}})
    if findings.error is not None:
        said.append({"level": "error", "message": {"text": _string(ended_by(findings.error))}})
    return {"executionSuccessful": findings.error is None, "toolExecutionNotifications": said}


def _uri(path: str) -> str:
    """Convert a path to a relative URI reference.

    Colons are escaped: one in the first part would make that a scheme.
    """
    return quote(os.fsencode(path), safe="/")


def _string(words: str) -> str:
    """Escape braces and brackets in a SARIF message string.

    Braces would be placeholders (3.11.5), brackets links (3.11.6).
    """
    plain = words.replace("{", "{{").replace("}", "}}")
    return _SPECIAL.sub(lambda match: f"\\{match[0]}", plain)
