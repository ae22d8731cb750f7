"""Decide what to advise for rejected rows: a budget, or the cause."""

from typing import Final

from inflection_cli.backfilling.account import ProblemTally, RowCounts
from inflection_cli.model import Severity
from inflection_cli.sanitize import counted

SMALL_SHARE: Final = 0.01
"""Below this share of rejected rows an error budget is advised; from it on the cause has to be fixed."""


def is_small(rows: RowCounts) -> bool:
    """Return whether few enough rows are rejected to advise a budget."""
    return rows.rejected < SMALL_SHARE * rows.read


def main_cause(problems: ProblemTally, most: str) -> str:
    """Return the commonest error with its count; empty without any.

    Args:
        problems: The problems of a run.
        most: The words before it where it is more than half of all errors.
    """
    errors = [code for code, kept in problems.by_code().items() if kept[0].rule.severity is Severity.ERROR]
    if not errors:
        return ""
    code = max(errors, key=lambda each: problems.counts[each])
    times, every = problems.counts[code], problems.errors
    said = f"{code}, {counted(times, 'time')}"
    return f"{most} {said}" if 2 * times > every else f"the commonest cause is {said} of {every:,}"


def share_words(rows: RowCounts) -> str:
    """Return the share of rejected rows in per cent."""
    return "under 1 %" if is_small(rows) else f"{round(100 * rows.rejected / max(1, rows.read))} %"
