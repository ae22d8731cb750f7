"""Columns of times named after events, beside a time of the message."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Final

from inflection_cli.catalog import EventKind
from inflection_cli.mapping.column_kinds import are_times, event_of_column
from inflection_cli.mapping.column_names import squash
from inflection_cli.mapping.columns import BoundColumns, ColumnOptions
from inflection_cli.mapping.events import kind_of
from inflection_cli.mapping.times.timestamps import TimestampReader
from inflection_cli.mapping.unbound import Unbound

_OF_THE_MESSAGE: Final = frozenset({"sentat", "createdat"})
"""Names of a time that is rather the message's or the record's than that of an event which came of it."""

_OF_THE_DAY: Final = frozenset({"date", "datetime", "time"})
"""Names that say nothing of whose time it is: what the rows themselves say counts."""

_MOST_ROWS: Final = 200

Rows = Sequence[Sequence[str]]


def may_be_of_sending(name: str) -> bool:
    """Return whether a time's name may be the sending's: `sent_at`, `created_at`."""
    return squash(name) in _OF_THE_MESSAGE


def event_times(names: Sequence[str], sample: Rows) -> dict[int, EventKind]:
    """Return the columns named after events that hold times, by index."""
    named = [(index, kind) for index, name in enumerate(names) if (kind := event_of_column(name))]
    return {index: kind for index, kind in named if _holds_times(names[index], index, sample)}


def unclear_time(
    names: Sequence[str], sample: Rows, columns: BoundColumns, options: ColumnOptions
) -> Iterator[Unbound]:
    """Yield a message's time where another column has the event's own.

    A file with one row a message, a status and a column of times for each event names a time by accident only: the
    rows' status is what happened last, and `sent_at` is when the message left.
    """
    index = columns.fields.get("timestamp")
    if not options.asks_for_times or index is None or "timestamp" in options.columns or index >= len(names):
        return
    name = squash(names[index])
    if name not in _OF_THE_MESSAGE and name not in _OF_THE_DAY:
        return
    others = {i: kind for i, kind in event_times(names, sample).items() if i != index}
    if name in _OF_THE_DAY:
        others = {i: kind for i, kind in others.items() if _differs(i, kind, index, columns, sample)}
    if others:
        told = ", ".join(f"“{names[i]}” is the time of {kind.name}" for i, kind in others.items())
        yield Unbound("timestamp", "other times", tuple(names[i] for i in (*others, index)), evidence=told)


@cache
def _reader() -> TimestampReader:
    """Return a reader of times for which no cell is too late."""
    return TimestampReader(now=datetime(9000, 1, 1, tzinfo=UTC))


def _holds_times(name: str, index: int, sample: Rows) -> bool:
    cells = [row[index] for row in sample[:_MOST_ROWS] if index < len(row) and row[index].strip()]
    return bool(cells) and are_times(name, cells, _reader())


def _differs(index: int, kind: EventKind, time: int, columns: BoundColumns, sample: Rows) -> bool:
    """Return whether an event's row has another time in the event's column."""
    event, constant = columns.fields.get("event"), columns.constants.get("event", "")
    for row in sample[:_MOST_ROWS]:
        if max(index, time, event or 0) >= len(row):
            continue
        said = kind_of(constant if event is None else row[event])
        if said == kind and row[index].strip() and row[index].strip() != row[time].strip():
            return True
    return False
