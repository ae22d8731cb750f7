"""Lay out files of calls, by option or by a type column."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from inflection_cli.errors import InputError
from inflection_cli.mapping.bind_by_name import bind_by_name
from inflection_cli.mapping.calls.call_catalog import CALL_TYPES, CallType, is_call_type
from inflection_cli.mapping.calls.call_columns import bind_call
from inflection_cli.mapping.column_names import squash
from inflection_cli.mapping.columns import BoundColumns, Carried, ColumnOptions
from inflection_cli.mapping.layout import (
    CallMapping,
    EventMapping,
    Layout,
    MissingColumnPolicy,
    TimeSource,
    Unmet,
)
from inflection_cli.mapping.unbound import refusal

TYPE_COLUMN: Final = "type"

_ALIAS: Final = "alias"
"""A type of Segment's that nothing here sends."""

ONLY_TRACK: Final = frozenset({"track", _ALIAS})
"""Where the first rows name no other types, the column is a property of track events as well."""


@dataclass(frozen=True, slots=True, eq=False)
class TypeTest:
    """Test of the cell that names a row's type; picklable.

    Attributes:
        place: The cell's index.
        type: The type that it is to name.
    """

    place: int
    type: CallType

    def __call__(self, rows: Sequence[Sequence[str]]) -> list[bool]:
        """Return for each row whether it is of the type."""
        return [row[self.place].strip().lower() == self.type for row in rows]

    def unmet(self, row: Sequence[str]) -> Unmet | None:
        """Return the test if a row fails it."""
        word = row[self.place].strip()
        return None if word.lower() == self.type else Unmet(0, self.place, word, names_event=False)


def of_one_type(
    kind: CallType,
    names: Sequence[str],
    sample: Sequence[Sequence[str]],
    options: ColumnOptions,
    *,
    file: str,
    leeway: MissingColumnPolicy,
) -> Layout:
    """Build the layout of a file of one type of call.

    Raises:
        InputError: As `bind_call`.
        UsageError: As there.
    """
    call = bind_call(kind, names, sample, options, file=file, elsewhere=leeway.elsewhere)
    return Layout(call_columns([call], names), None, (), calls=(call,))


def type_column(names: Sequence[str], sample: Sequence[Sequence[str]], options: ColumnOptions) -> int | None:
    """Return the column that names each row's type, or None.

    It is called so, and its cells name types. Segment's alias is a type too, so that its rows are rejected and go out
    as nothing else.
    """
    found = [i for i, name in enumerate(names) if squash(name) == TYPE_COLUMN]
    if len(found) != 1 or names[found[0]] in {*options.columns.values(), *options.properties}:
        return None
    words = types_named(found[0], sample, options)
    return found[0] if all(is_call_type(word) or word == _ALIAS for word in words) else None


def types_named(place: int, sample: Sequence[Sequence[str]], options: ColumnOptions) -> set[str]:
    """Return the words in a column of types, but for null texts."""
    cells = {row[place].strip() for row in sample if place < len(row)}
    return {cell.lower() for cell in cells - options.nulls if cell}


def by_type_column(
    place: int,
    names: Sequence[str],
    sample: Sequence[Sequence[str]],
    options: ColumnOptions,
    *,
    file: str,
    leeway: MissingColumnPolicy,
) -> Layout:
    """Build the layout of a file with a type column.

    A type that none of the first rows has may lack its columns; its rows are rejected then.

    Raises:
        InputError: A type of the first rows cannot be bound.
        UsageError: An option names a field that does not exist.
    """
    met = types_named(place, sample, options)
    others = [*names[:place], "", *names[place + 1 :]]
    blocks: tuple[EventMapping, ...] = ()
    calls: list[CallMapping] = []
    for kind in CALL_TYPES:
        rows = [row for row in sample if place < len(row) and row[place].strip().lower() == kind]
        try:
            if kind != "track":
                call = bind_call(kind, others, rows, options, file=file, elsewhere=leeway.elsewhere)
                named = replace(call.columns, names=tuple(names))
                calls.append(replace(call, columns=named, applies=TypeTest(place, kind)))
            elif met - ONLY_TRACK:
                track = bind_by_name(others, rows, options, file, leeway.elsewhere)
                error = refusal(track.unbound, others, file)
                if error is not None:
                    raise error
                blocks = (_track(replace(track.columns, names=tuple(names)), TypeTest(place, kind)),)
        except InputError as error:
            if kind in met:
                error.message = f"{error.message} (for its rows of type {kind})"
                raise
    if not met - ONLY_TRACK:
        track = bind_by_name(names, sample, options, file, leeway.elsewhere)
        return replace(track, calls=tuple(calls), type_place=place, is_track_first=True)
    columns = call_columns(calls, names, [block.columns for block in blocks])
    return Layout(columns, None, blocks, calls=tuple(calls), type_place=place)


def _track(columns: BoundColumns, applies: TypeTest) -> EventMapping:
    index = columns.fields.get("timestamp")
    times = () if index is None else (TimeSource(index),)
    return EventMapping(columns, times, applies=applies)


def call_columns(
    calls: Sequence[CallMapping], names: Sequence[str], tracks: Sequence[BoundColumns] = ()
) -> BoundColumns:
    """Combine the uses of each column by the calls of a file."""
    every = [*tracks, *(call.columns for call in calls)]
    fields: dict[str, int] = {}
    also: dict[int, str] = {}
    constants: dict[str, str] = {}
    for columns in every:
        for name, index in columns.fields.items():
            if index < len(names):
                fields.setdefault(name, index)
                also.setdefault(index, name)
        constants |= columns.constants
    sent = [extra for columns in tracks for extra in columns.extras]
    sent += [(value.place, value.name) for call in calls for value in call.values if value.place < len(names)]
    used = {*fields.values(), *(index for index, _ in sent)}
    notes = dict.fromkeys(note for columns in every for note in columns.notes)
    return BoundColumns(
        fields,
        {name: text for name, text in constants.items() if name not in fields},
        tuple(Carried(*extra) for extra in dict.fromkeys(sent)),
        frozenset(),
        tuple(names),
        tuple(note for note in notes if note.field not in {names[index] for index in used}),
        also=also,
    )
