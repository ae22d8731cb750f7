"""What a run found wrong, as all report formats take it: places, counts and words made harmless."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from inflection_cli.backfilling.account import ProblemTally, RowCounts
from inflection_cli.errors import InflSegError
from inflection_cli.model import Problem, Severity
from inflection_cli.reporting.sanitize import escape, mask_cell

_MOST: Final = 1000
"""Characters of one message or hint: a column's name may be as long as a cell."""
_MOST_OF_NAME: Final = 100

STDIN: Final = "-"


@dataclass(frozen=True, slots=True)
class Findings:
    """What a run found wrong, whether it came to its end or not.

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
        """Yield the problems whose place is known: errors first, then by code."""
        for problems in self.problems.by_code().values():
            yield from problems

    def unlisted(self, listed: Sequence[Problem], severity: Severity) -> int:
        """Return how many problems of a severity there are beside the ones that are listed."""
        all_of_them = self.problems.errors if severity is Severity.ERROR else self.problems.warnings
        return all_of_them - sum(problem.count for problem in listed if problem.rule.severity is severity)

    def said(self, problem: Problem) -> str:
        """Word a problem without its file and line: column, message, cell, and for how many rows it stands."""
        column = f"column “{escape(problem.column, _MOST_OF_NAME)}”: " if problem.column is not None else ""
        value = f" {mask_cell(problem.value, in_full=self.show_values)}" if problem.value is not None else ""
        many = f" ({problem.count:,} rows)" if problem.count > 1 else ""
        return f"{column}{escape(problem.message, _MOST)}{value}{many}"

    def place(self, file: str) -> str:
        """Return a file's path from the root, where both are known to the reader by the same name."""
        return _relative(file, self.root)


@lru_cache
def _relative(file: str, root: Path) -> str:
    path = Path(file)
    return os.path.relpath(path.parent.resolve() / path.name, root)


def mend(problem: Problem) -> str:
    """Return what settles a problem."""
    return escape(problem.hint or problem.rule.mend, _MOST)


def ended_by(error: InflSegError) -> str:
    """Word what ended a run, and what settles it."""
    hint = f" → {escape(error.hint, _MOST)}" if error.hint else ""
    return f"{escape(error.message, _MOST)}{hint}"
