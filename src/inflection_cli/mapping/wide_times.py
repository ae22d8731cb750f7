"""Find time columns named after events, beside a different time column."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Final

from inflection_cli import rules
from inflection_cli.catalog import EventKind
from inflection_cli.mapping.column_kinds import are_times, event_of_column, words_of
from inflection_cli.mapping.column_names import quoted, squash
from inflection_cli.mapping.columns import BoundColumns, ColumnOptions
from inflection_cli.mapping.events import kind_of
from inflection_cli.mapping.layout import EventMapping
from inflection_cli.mapping.times.timestamps import TimestampReader
from inflection_cli.mapping.unbound import Unbound
from inflection_cli.model import Note

_OF_THE_MESSAGE: Final = frozenset({"sentat", "createdat"})
"""Names of a time that is rather the message's or the record's than that of an event which came of it."""

_SENDING_WORDS: Final = frozenset({"send", "sending", "sent", "sentat"})
_AT_SENDING: Final = frozenset({"Email Delivered", "Email Bounced"})
"""Events that are soon after the sending."""

_OF_THE_DAY: Final = frozenset({"date", "datetime", "time"})
"""Names that say nothing of whose time it is: what the rows themselves say counts."""

_MOST_ROWS: Final = 200

_SAME_MOMENT: Final = timedelta(minutes=1)
"""A log's own time may be some seconds after the event's."""

_DATE_CHARS: Final = 10

Rows = Sequence[Sequence[str]]


def may_be_of_sending(name: str) -> bool:
    """Return whether a time's name may be the sending's: `sent_at`, `created_at`."""
    return squash(name) in _OF_THE_MESSAGE


def is_of_sending(name: str) -> bool:
    """Return whether a time's name is the sending's: `sent_at`, `Send Time`."""
    return not _SENDING_WORDS.isdisjoint(words_of(name.replace(".", "_")))


def is_later(kind: EventKind) -> bool:
    """Return whether an event happens long after its message was sent."""
    return kind.name not in _AT_SENDING


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
    found = {i: kind for i, kind in event_times(names, sample).items() if i != index}
    others = found
    if name in _OF_THE_DAY:
        others = {i: kind for i, kind in found.items() if _differs(i, kind, index, columns, sample)}
    if others:
        told = ", ".join(f"“{names[i]}” is the time of {kind.name}" for i, kind in others.items())
        yield Unbound("timestamp", "other times", tuple(names[i] for i in (*found, index)), evidence=told)


def differing_times(names: Sequence[str], sample: Rows, block: EventMapping) -> tuple[Note, ...]:
    """Return warnings where an event's own column has another time.

    Args:
        names: The columns of the file.
        sample: Some of its rows.
        block: The only event of a row, its time bound by the column's name.
    """
    index = block.columns.fields.get("timestamp")
    # A column of the field's very name is the event's time, whatever else is there.
    if index is None or index >= len(names) or squash(names[index]) == "timestamp":
        return ()
    notes = []
    for other, kind in event_times(names, sample).items():
        if other == index:
            continue
        rows = [row for row in _rows_of(kind, max(index, other), block.columns, sample) if row[other].strip()]
        odd = sum(_is_another_moment(row[index], row[other]) for row in rows)
        if odd:
            detail = (
                f"“{names[other]}” is the time of {kind.name}, and differs from “{names[index]}” in {odd} of "
                f"the first {len(rows)} rows of this event. The events get the time in “{names[index]}”"
            )
            notes.append(Note(rules.TIMES_DIFFER, detail, names[index]))
    return tuple(notes)


def time_of_sending(names: Sequence[str], sample: Rows, block: EventMapping) -> tuple[Note, ...]:
    """Return a warning where openings or clicks get the time of sending.

    Args:
        names: The columns of the file.
        sample: Some of its rows.
        block: The only event of a row, its time bound by the column's name.
    """
    index = block.columns.fields.get("timestamp")
    if index is None or index >= len(names) or not is_of_sending(names[index]):
        return ()
    event, constant = block.columns.fields.get("event"), block.columns.constants.get("event", "")
    cells = [constant] if event is None else [row[event] for row in sample if event < len(row)]
    late = sum((kind := kind_of(cell)) is not None and is_later(kind) for cell in cells)
    if not late:
        return ()
    rows = "all rows are" if event is None else f"{late:,} of the first {len(cells):,} rows are"
    detail = f"{words_on_sending(names[index])}, and {rows} openings, clicks or the like"
    return (Note(rules.TIME_OF_SENDING, detail, names[index], hint=hint_on_sending(names[index])),)


def words_on_sending(name: str) -> str:
    """Return a clause on a time that is probably the sending's."""
    return f"the time is “{name}”, by its name when the message was sent"


def hint_on_sending(name: str) -> str:
    """Return the option that says that such a time is the event's."""
    return f"--map timestamp={quoted(name)}, if that is when they happened; else map the column that says it"


def event_of_times(block: EventMapping, options: ColumnOptions) -> EventKind | None:
    """Return the event whose time all rows of a block would get."""
    columns = block.columns
    if not options.asks_for_times or "event" not in columns.fields or len(block.times) != 1:
        return None
    return event_of_column(columns.names[block.times[0].index])


@cache
def _reader() -> TimestampReader:
    """Return a reader of times for which no cell is too late."""
    return TimestampReader(now=datetime(9000, 1, 1, tzinfo=UTC))


def _holds_times(name: str, index: int, sample: Rows) -> bool:
    cells = [row[index] for row in sample[:_MOST_ROWS] if index < len(row) and row[index].strip()]
    return bool(cells) and are_times(name, cells, _reader())


def _differs(index: int, kind: EventKind, time: int, columns: BoundColumns, sample: Rows) -> bool:
    """Return whether an event's row has another time in the event's column."""
    rows = _rows_of(kind, max(index, time), columns, sample[:_MOST_ROWS])
    return any(row[index].strip() and row[index].strip() != row[time].strip() for row in rows)


def _rows_of(kind: EventKind, last: int, columns: BoundColumns, sample: Rows) -> list[Sequence[str]]:
    """Return an event's rows that reach to index `last`."""
    event, constant = columns.fields.get("event"), columns.constants.get("event", "")
    return [
        row
        for row in sample
        if max(last, event or 0) < len(row) and kind_of(constant if event is None else row[event]) == kind
    ]


def _is_another_moment(cell: str, other: str) -> bool:
    """Return whether two times differ; of a date only the day counts."""
    moments = [read if isinstance(read, str) else read.exact for read in _reader().read([cell, other])]
    if None not in moments:
        one, two = (datetime.fromisoformat(moment) for moment in moments if moment)
        return abs(one - two) > _SAME_MOMENT
    days = [text.strip()[:_DATE_CHARS] for text in (cell, other)]
    return days[0] != days[1] and all(map(_is_day, days))


def _is_day(text: str) -> bool:
    try:
        datetime.strptime(text, "%Y-%m-%d")  # noqa: DTZ007 - only its form counts
    except ValueError:
        return False
    return True
