"""The catalogue of problems: every kind there is, in words."""

from collections.abc import Iterator
from typing import Any, Final

from inflection_cli import rules
from inflection_cli.model import Rule, Scope, Severity

_EFFECTS: Final = {
    Severity.ERROR: "error: a row that has it is rejected and not sent",
    Severity.WARNING: "warning: it is said, and changes nothing else",
}
_SCOPES: Final = {
    Scope.ROW: "said for each row",
    Scope.COLUMN: "said once for a column, with a count",
    Scope.FILE: "said once for a file, with a count",
}


def rules_by_code() -> dict[str, Rule]:
    """Return every kind of problem by its code, in the alphabet's order."""
    found = (value for value in vars(rules).values() if isinstance(value, Rule))
    return {rule.code: rule for rule in sorted(found, key=lambda rule: rule.code)}


def effect(rule: Rule) -> str:
    """Word what a problem does, and how often it is said."""
    return f"{_EFFECTS[rule.severity]}; {_SCOPES[rule.scope]}"


def rule_lines(rule: Rule) -> Iterator[tuple[str, str]]:
    """Yield label and text for one kind of problem."""
    yield "means", rule.meaning
    yield "does", effect(rule)
    yield "example", rule.example
    yield "mend", rule.mend


def rule_object(rule: Rule) -> dict[str, Any]:
    """Return a kind of problem as scripts read it."""
    return {
        "code": rule.code,
        "severity": rule.severity.value,
        "scope": rule.scope.value,
        "meaning": rule.meaning,
        "mend": rule.mend,
        "example": rule.example,
    }
