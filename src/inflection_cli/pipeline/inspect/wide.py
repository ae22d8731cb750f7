"""Wide exports: one row a recipient, several columns of times named after events, and what they would become."""

from collections.abc import Iterable, Sequence
from typing import Final

from inflection_cli.catalog import FALSE_WORDS, FIELDS, RESERVED_PROPERTIES, TRUE_WORDS, EventKind
from inflection_cli.mapping.columns import snake_case
from inflection_cli.mapping.suggest import event_of_column
from inflection_cli.pipeline.inspect.findings import ColumnFinding, EventProposal

_LEAST: Final = 2
"""So many events have to be told of; counts alone may be a campaign's sums, and no recipient's."""

_NO_COUNT: Final = ("0", "")
_TELLING: Final = frozenset({"time", "number", "flag", "text", "id"})


def propose_events(
    columns: Sequence[ColumnFinding], own_times: Sequence[ColumnFinding] | None = None
) -> tuple[EventProposal, ...]:
    """Say which events a row of a wide export stands for; none where the columns do not look like that.

    A column of times gives an event its time. A count, a flag or a kind (`Clicks`, `Bounce Type`) tells that an
    event was, and not when; beside a column of times for the same event it is a property of that.

    Args:
        columns: The columns of a file in which none names the event.
        own_times: Where one does name an event, the columns that say when others were; only those are proposed.
    """
    if own_times is not None:
        columns = own_times
    about = [(column, kind) for column in columns if column.filled and (kind := _event_of(column))]
    timed = {kind.name: column for column, kind in reversed(about) if column.kind == "time"}
    flags = {kind.name for column, kind in about if column.kind == "flag"}
    least = _LEAST if own_times is None else 1
    if len({kind.name for _, kind in about}) < least or not (timed or len(flags) >= _LEAST):
        return ()
    told = {kind.name: column for column, kind in reversed(about) if kind.name not in timed}
    order = dict.fromkeys(kind.name for _, kind in about)
    return tuple(_proposal(name, timed.get(name) or told[name], about) for name in order)


def _event_of(column: ColumnFinding) -> EventKind | None:
    """Find the event that a column tells about; its first and its last count as the event itself."""
    return event_of_column(column.name) if column.kind in _TELLING else None


def _proposal(
    name: str, column: ColumnFinding, about: Iterable[tuple[ColumnFinding, EventKind]]
) -> EventProposal:
    others = [other for other, kind in about if kind.name == name and (other is not column)]
    if column.kind not in {"time", "flag"}:
        others.insert(0, column)
    properties = tuple(
        (snake_case(other.name), other.name)
        for other in others
        if snake_case(other.name) not in {"", *FIELDS, *RESERVED_PROPERTIES}
    )
    filled = column.filled
    equals: tuple[str, ...] = ()
    not_equals: tuple[str, ...] = ()
    if column.kind == "flag":
        equals = tuple(sorted(word for word in column.words if word.lower() in TRUE_WORDS))
        filled = sum(column.words[word] for word in equals)
    elif column.kind == "number" or _is_count(column):
        not_equals = _NO_COUNT
        filled = column.filled - column.words.get("0", 0)
    return EventProposal(name, column.name, column.kind == "time", filled, equals, not_equals, properties)


def _is_count(column: ColumnFinding) -> bool:
    """Tell whether a column that no word list fits counts something."""
    return bool(column.words) and all(word.isdigit() or word.lower() in FALSE_WORDS for word in column.words)
