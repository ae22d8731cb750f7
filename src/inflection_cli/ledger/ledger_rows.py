"""Check the form of ledger rows that have no checksums."""

import json
import re
from collections.abc import Callable
from typing import Any, Final

from inflection_cli.ledger.row_checksums import BatchRow, RunRow
from inflection_cli.model import BatchState

_LATEST_S: Final = 253_402_300_800.0  # the end of the year 9999, beyond which Python has no date
_STATUSES: Final = re.compile(r"(?:(?:-|user|\d{3})(?: (?:-|user|\d{3}))*)?", re.ASCII)


def check_batch(row: BatchRow) -> None:
    """Check that a batch's row could have been written.

    Raises:
        ValueError: It could not.
    """
    BatchState(row.state)
    _check(row.events >= 0 and row.attempts > 0, "a count")
    _check(_STATUSES.fullmatch(row.statuses) is not None, "an outcome")
    for seconds in (row.intended, row.settled, row.unknown_since, row.doubtful_since):
        _check_time(seconds)


def check_run(row: RunRow) -> None:
    """Check that a run's row could have been written.

    Raises:
        ValueError: It could not.
    """
    texts = (row.id, row.command, row.label, row.endpoint, row.version)
    _check(all(isinstance(text, str) for text in texts), "a text")
    _check_time(row.started)
    _check_time(row.ended)
    _check(row.exit_code is None or isinstance(row.exit_code, int), "an exit code")
    arguments, shaping, inputs = json.loads(row.arguments), json.loads(row.shaping), json.loads(row.inputs)
    _check(_is_arguments(arguments), "arguments")
    _check(_is_shaping(shaping), "shaping")
    _check(isinstance(inputs, list) and all(_is_input(each) for each in inputs), "an input")
    _check(row.summary is None or _is_report(json.loads(row.summary)), "a summary")


def _check(holds: bool, what: str) -> None:
    if not holds:
        raise ValueError(f"{what} that no version wrote")


def _check_time(seconds: object) -> None:
    if seconds is not None:
        _check(isinstance(seconds, float) and 0 <= seconds < _LATEST_S, "a time")


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, str | int | float)


def _is_table_of(value: Any, holds: Callable[[Any], bool]) -> bool:
    return isinstance(value, dict) and all(map(holds, value.values()))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float)


def _is_columns(value: Any) -> bool:
    return _is_table_of(value, lambda name: isinstance(name, str))


def _is_input(value: Any) -> bool:
    return _is_table_of(value, _is_plain) and _is_number(value.get("rows", 0))


def _is_arguments(value: Any) -> bool:
    if not isinstance(value, dict) or not isinstance(value.get("command", ""), str):
        return False
    plan = value.get("plan")
    return plan is None or _is_report(plan)


def _is_shaping(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    if not _is_table_of(value.get("columns", {}), _is_columns) or not _is_columns(value.get("encodings", {})):
        return False
    return all(_is_plain(held) for name, held in value.items() if name not in {"columns", "encodings"})


def _is_report(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    tables = (value.get(name) or {} for name in ("rows", "events", "by_event", "problem_counts"))
    if not all(_is_table_of(table, lambda n: n is None or _is_number(n)) for table in tables):
        return False
    estimate = value.get("estimate") or {}
    return isinstance(estimate, dict) and isinstance(value.get("rejects") or "", str)
