"""Problems found by a run, in the form that all reports use."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from inflection_cli.backfilling.account import ProblemTally, RowCounts
from inflection_cli.errors import InflSegError
from inflection_cli.model import Problem, Severity
from inflection_cli.reporting.shown_hints import fitted, hint_of
from inflection_cli.sanitize import escape, mask_cell

_MOST: Final = 1000
"""Characters of one message or hint: a column's name may be as long as a cell."""
_MOST_OF_NAME: Final = 100

STDIN: Final = "-"


@dataclass(frozen=True, slots=True, eq=False)
class Findings:
    """Problems found by a run, whether or not it was completed.

    Attributes:
        command: The command's name.
        files: The inputs, as the user wrote them; empty where none could be opened.
        problems: The problems that were counted, and the first of each kind.
        rows: Where the rows went.
        whole: What `--json` would print.
        root: The folder that paths are told from, absolute.
        error: What ended the run; None where it came to its end.
        show_values: Whether cells are shown in full.
        notes: Which files beside the command line had a say in the run, and in what; made harmless.
    """

    command: str
    files: Sequence[str]
    problems: ProblemTally
    rows: RowCounts
    whole: Mapping[str, Any]
    root: Path
    error: InflSegError | None = None
    show_values: bool = False
    notes: Sequence[str] = ()

    def kept(self) -> Iterator[Problem]:
        """Yield the problems with known places: errors first, then by code."""
        for problems in self.problems.by_code().values():
            yield from problems

    def unlisted(self, listed: Sequence[Problem], severity: Severity) -> int:
        """Return the number of problems of a severity that are not listed."""
        all_of_them = self.problems.errors if severity is Severity.ERROR else self.problems.warnings
        return all_of_them - sum(problem.count for problem in listed if problem.rule.severity is severity)

    def said(self, problem: Problem) -> str:
        """Format a problem without file and line: column, message, cell, row count."""
        column = f"column “{escape(problem.column, _MOST_OF_NAME)}”: " if problem.column is not None else ""
        value = f" {self.cell(problem)}" if problem.value is not None else ""
        many = f" ({problem.count:,} rows)" if problem.count > 1 else ""
        return f"{column}{escape(problem.message, _MOST)}{value}{many}"

    def cell(self, problem: Problem) -> str:
        """Return a problem's cell for reports: in full, or masked."""
        return mask_cell(problem.value or "", in_full=self.show_values)

    def place(self, file: str) -> str:
        """Return a file's path relative to the report's root folder."""
        return _relative(file, self.root)


@lru_cache
def _relative(file: str, root: Path) -> str:
    path = Path(file)
    return os.path.relpath(path.parent.resolve() / path.name, root)


def fix(problem: Problem) -> str:
    """Return the hint that says how to fix a problem."""
    return escape(hint_of(problem), _MOST)


def ended_by(error: InflSegError) -> str:
    """Format the error that ended a run, and its hint."""
    hint = f" → {escape(fitted(error.hint), _MOST)}" if error.hint else ""
    return f"{escape(error.message, _MOST)}{hint}"
