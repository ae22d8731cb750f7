"""Catalogue of all kinds of problems."""

from collections.abc import Iterator
from typing import Any, Final

from inflection_cli import rules
from inflection_cli.model import Rule, Scope, Severity

_EFFECTS: Final = {
    Severity.ERROR: "error: a row that has it is rejected and not sent",
    Severity.WARNING: "warning: it is reported, and the row is sent",
}
_SCOPES: Final = {
    Scope.ROW: "reported for each row",
    Scope.COLUMN: "reported once for a column, with a count",
    Scope.FILE: "reported once for a file, with a count",
}


def rules_by_code() -> dict[str, Rule]:
    """Return all problem rules by code, in alphabetical order."""
    found = (value for value in vars(rules).values() if isinstance(value, Rule))
    return {rule.code: rule for rule in sorted(found, key=lambda rule: rule.code)}


def effect(rule: Rule) -> str:
    """Return the effect of a problem, and how often it is reported."""
    return f"{_EFFECTS[rule.severity]}; {_SCOPES[rule.scope]}"


def rule_lines(rule: Rule) -> Iterator[tuple[str, str]]:
    """Yield label and text for one problem rule."""
    yield "means", rule.meaning
    yield "does", effect(rule)
    yield "example", rule.example
    yield "fix", rule.fix


def rule_object(rule: Rule) -> dict[str, Any]:
    """Return a problem rule as a JSON object."""
    return {
        "code": rule.code,
        "severity": rule.severity.value,
        "scope": rule.scope.value,
        "meaning": rule.meaning,
        "fix": rule.fix,
        "example": rule.example,
    }
