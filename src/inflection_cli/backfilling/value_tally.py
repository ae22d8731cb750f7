"""Count repeated problems by their value, in flat memory."""

from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Final

from inflection_cli.model import Problem, Scope

MOST_VALUES: Final = 300
"""Different values of one code that are counted each; later ones count for the code only."""

_MOST_OF_VALUE: Final = 1000
"""Characters of a value that are kept: a cell may be as large as the file."""

_Key = tuple[str | None, str | None, str, str | bytes | None]


@dataclass(slots=True, eq=False)
class _ValueCount:
    """The first problem with a value, and the rows that have it."""

    first: Problem
    rows: int


class ValueTally:
    """Counts of problems by code and value, with first places."""

    def __init__(self) -> None:
        self._counts: dict[str, dict[_Key, _ValueCount]] = {}

    def add(self, problem: Problem) -> None:
        """Count a problem under its value."""
        values = self._counts.setdefault(problem.rule.code, {})
        key = _key(problem)
        known = values.get(key)
        if known is not None:
            known.rows += problem.count
        elif len(values) < MOST_VALUES:
            text = problem.value
            kept = text is None or len(text) <= _MOST_OF_VALUE
            first = problem if kept else replace(problem, value=str(text)[:_MOST_OF_VALUE])
            values[key] = _ValueCount(first, problem.count)

    def worst(self, code: str) -> list[Problem]:
        """Return one problem per value of a code, most rows first."""
        found = sorted(self._counts.get(code, {}).values(), key=lambda each: -each.rows)
        return [replace(each.first, count=each.rows) for each in found]


def _key(problem: Problem) -> _Key:
    # What holds for one file or column of it is told for each file.
    file = None if problem.rule.scope is Scope.ROW else problem.file
    value: str | bytes | None = problem.value
    if problem.value is not None and len(problem.value) > _MOST_OF_VALUE:
        value = blake2b(problem.value.encode("utf-8", "surrogatepass"), digest_size=16).digest()
    return file, problem.column, problem.message, value
