"""Check after all rows that ids are plausible ids of people."""

from collections.abc import Iterator, Sequence
from operator import itemgetter
from typing import Final

from inflection_cli import rules
from inflection_cli.backfilling.person_counts import MOST_OF_ROWS, Gathered, People
from inflection_cli.converting.input_file import InputFile
from inflection_cli.model import Problem

_EQUAL_ROWS: Final = 20
"""On fewer rows, that two ids are equal may be chance."""

_EQUAL_SHARE: Final = 0.95
"""A few odd rows, such as those of a test, do not show that the rest are right."""

_REPEATING_SHARE: Final = 0.2


def judged(people: People, inputs: Sequence[InputFile], *, allowed: bool) -> Iterator[Problem]:
    """Yield problems with people, by file, or else for all files together.

    Args:
        people: What was gathered of all events.
        inputs: The files.
        allowed: Whether the user takes them as they are.
    """
    by_path = {source.path: source for source in inputs}
    by_file: dict[str, list[Gathered]] = {}
    for group in people.groups:
        by_file.setdefault(group.path, []).append(group)
    shown = False
    for path, groups in by_file.items():
        faults = [] if allowed else list(dict.fromkeys(fault for group in groups for fault in _faults(group)))
        column = _column(by_path[path])
        if faults:
            yield Problem(rules.PERSON_IMPLAUSIBLE, "; ".join(faults), path, column=column)
            shown = True
        for message in dict.fromkeys(filter(None, map(_never_repeating, groups))):
            yield Problem(rules.PERSON_NEVER_REPEATS, message, path, column=column)
    faults = [] if allowed or shown else list(_faults(people.whole))
    if faults:
        yield Problem(rules.PERSON_IMPLAUSIBLE, f"in all files together, {'; '.join(faults)}")


def _column(source: InputFile) -> str | None:
    """Name the column that decides who the person is, where one does."""
    columns = source.columns
    name = next((name for name in ("userId", "personId", "email") if name in columns.fields), None)
    return columns.column_of(name)


def _faults(group: Gathered) -> Iterator[str]:
    equal = {name: rows for name, rows in sorted(group.equal.items()) if rows >= _EQUAL_SHARE * group.rows}
    if group.rows >= _EQUAL_ROWS and equal:
        rows = min(equal.values())
        where = "each of" if rows == group.rows else f"{rows:,} of"
        yield f"the id of the person is the {' and the '.join(equal)} on {where} {group.rows:,} rows"
    if group.crowded:
        ids = "one id has" if group.crowded == 1 else f"{group.crowded:,} ids have"
        most = f"{group.most_addresses:,} different addresses"
        most = (
            most
            if group.crowded == 1
            else f"three or more different addresses, one of them {group.most_addresses:,}"
        )
        yield f"{ids} {most}, on {group.crowded_rows:,} of {group.rows:,} rows"
    many = group.rows >= MOST_OF_ROWS and not group.heaviest_is_address
    if many and 2 * group.heaviest > group.rows:
        yield f"one person has {group.heaviest:,} of {group.rows:,} rows"


def _never_repeating(group: Gathered) -> str | None:
    """Return a fault if ids never repeat although another column does."""
    if group.repeats or group.rows < MOST_OF_ROWS:
        return None
    name, count = max(group.further.items(), key=itemgetter(1), default=("", 0))
    if not name or count < _REPEATING_SHARE * group.rows:
        return None
    known = "the address" if name == "email" else f"“{name}”"
    rows = f"{group.rows:,} rows"
    return f"no id of a person comes twice in {rows}, but {known} repeats an earlier one in {count:,} of them"
