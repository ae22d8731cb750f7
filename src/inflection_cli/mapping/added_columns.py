"""Add constant properties and the session's column to a layout."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from inflection_cli.errors import InputError
from inflection_cli.mapping.calls.call_options import TRAIT_CALLS
from inflection_cli.mapping.column_names import listed, quoted, squash
from inflection_cli.mapping.columns import BoundColumns, Carried, ColumnOptions
from inflection_cli.mapping.layout import CallMapping, CallValue, Layout, Shaped, Shaper
from inflection_cli.suggestions import nearest

SESSION_ID: Final = "session_id"
"""The name of the field that `--session-id COLUMN` fills; no other option names it."""


@dataclass(frozen=True, slots=True)
class _Constants:
    """Shaper that appends the same cells to every row; picklable.

    Attributes:
        inner: What shapes the rows before.
        cells: What is appended.
    """

    inner: Shaper | None
    cells: tuple[str, ...]

    def __call__(self, columns: Sequence[Sequence[str]], count: int) -> Shaped:
        """Return the columns with a constant one for each cell."""
        shaped = self.inner(columns, count) if self.inner else Shaped(columns)
        added = ([cell] * count for cell in self.cells)
        return shaped._replace(columns=[*shaped.columns, *added])


def with_added_columns(
    layout: Layout,
    names: Sequence[str],
    options: ColumnOptions,
    file: str,
    elsewhere: Callable[[str], bool],
) -> Layout:
    """Return a layout with the constants of `--set` and the session's column.

    Args:
        layout: What the file's own columns mean.
        names: The file's column names.
        options: What the user says.
        file: For messages.
        elsewhere: Tells whether another file of the run has a column.

    Raises:
        InputError: The file lacks the session's column.
    """
    if options.session_column is not None:
        index = _index_of(options.session_column, names, file, elsewhere)
        blocks = tuple(replace(block, columns=_with_session(block.columns, index)) for block in layout.blocks)
        calls = tuple(_call_with_session(call, index) for call in layout.calls)
        layout = replace(layout, columns=_with_session(layout.columns, index), blocks=blocks, calls=calls)
    if options.properties_set:
        constants = options.properties_set
        shaper = _Constants(layout.shaper, tuple(constants.values()))
        blocks = tuple(
            replace(block, columns=_with_constants(block.columns, constants)) for block in layout.blocks
        )
        calls = tuple(_call_with_constants(call, constants) for call in layout.calls)
        sources = {**layout.columns.by_property(), **dict.fromkeys(constants, ())}
        columns = replace(layout.columns, property_sources=sources)
        layout = replace(layout, columns=columns, shaper=shaper, blocks=blocks, calls=calls)
    return layout


def _with_session(columns: BoundColumns, index: int) -> BoundColumns:
    """Bind the session's column; it counts in content hashes as before."""
    name = columns.names[index]
    gone = {extra[1] for extra in columns.extras if extra[0] == index}
    carried = tuple(each._replace(sent=False) if each.place == index else each for each in columns.carried)
    return replace(
        columns,
        fields={**columns.fields, SESSION_ID: index},
        field_sources={**columns.by_field(), SESSION_ID: (name,)},
        property_sources={name: found for name, found in columns.by_property().items() if name not in gone},
        carried=carried,
        notes=tuple(note for note in columns.notes if note.field != name),
    )


def _with_constants(columns: BoundColumns, constants: Mapping[str, str]) -> BoundColumns:
    """Append a property for each constant, in place of a column's."""
    width = len(columns.names)
    added = tuple(Carried(width + at, name) for at, name in enumerate(constants))
    carried = tuple(each for each in columns.carried if each.name not in constants)
    return replace(
        columns,
        names=(*columns.names, *constants),
        # On the user's word: a value is not judged as a cell that may be personal.
        forced=columns.forced | {each.place for each in added},
        carried=(*carried, *added),
        kinds={name: kind for name, kind in columns.kinds.items() if name not in constants},
    )


def _call_with_session(call: CallMapping, index: int) -> CallMapping:
    """Bind the session's column of a call, in place of a value."""
    return replace(
        call,
        columns=_with_session(call.columns, index),
        values=tuple(replace(value, sent=False) if value.place == index else value for value in call.values),
        unsent=tuple(name for name in call.unsent if name != call.columns.names[index]),
    )


def _call_with_constants(call: CallMapping, constants: Mapping[str, str]) -> CallMapping:
    """Append a property for each constant; calls with traits have none."""
    columns = replace(call.columns, names=(*call.columns.names, *constants))
    if call.type in TRAIT_CALLS:
        return replace(call, columns=columns)
    width = len(call.columns.names)
    added = [CallValue((name,), width + at, asked=True) for at, name in enumerate(constants)]
    kept = [value for value in call.values if value.name not in constants]
    return replace(call, columns=columns, values=(*kept, *added))


def _index_of(column: str, names: Sequence[str], file: str, elsewhere: Callable[[str], bool]) -> int:
    """Return the index of the session's column.

    Raises:
        InputError: The file lacks it.
    """
    if column in names:
        return names.index(column)
    spelled = [i for i, name in enumerate(names) if squash(name) == squash(column)]
    if len(spelled) == 1:
        return spelled[0]
    near = nearest(column, list(names))
    hint = (
        f"did you mean --session-id {quoted(near[0])}?" if near else "--session-id person takes the personId"
    )
    if elsewhere(column):
        hint = f"give each file a command of its own, and {file} one without --session-id {quoted(column)}"
    raise InputError(f"{file} has no column “{column}” for --session-id; it has {listed(names)}", hint=hint)
