"""Columns that are not fields: sent as properties, or left out."""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from inflection_cli import rules
from inflection_cli.catalog import COLUMN_ALIASES, FIELDS, REJECT_COLUMNS, RESERVED_PROPERTIES
from inflection_cli.errors import InputError
from inflection_cli.mapping.calls.call_catalog import TRAIT_CALLS
from inflection_cli.mapping.column_names import chosen_by, listed, quoted, snake_case, squash
from inflection_cli.mapping.columns import MESSAGE_FIELDS, BoundColumns, Carried, ColumnOptions
from inflection_cli.mapping.layout import CallMapping, CallValue, Layout, Shaped, Shaper
from inflection_cli.mapping.personal_data import (
    is_personal_name,
    is_personal_text,
    looks_personal,
    personal_member,
    was_personal,
)
from inflection_cli.model import Note
from inflection_cli.suggestions import nearest

SESSION_ID: Final = "session_id"
"""The name of the field that `--session-id COLUMN` fills; no other option names it."""


@dataclass(frozen=True, slots=True, eq=False)
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


_SAMPLE_SHARE: Final = 0.5
"""A column is personal when more than this share of its sampled cells looks so."""


class Unmapped(NamedTuple):
    """Result for the columns that have no other use.

    Attributes:
        carried: Those that are sent, and those that only count in the content hash, in the order of the file.
        forced: Indexes of those that are sent on the user's word.
        notes: A note for each column that is left out.
    """

    carried: tuple[Carried, ...]
    forced: frozenset[int]
    notes: tuple[Note, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Others:
    """Profile settings for columns that have no other use.

    Attributes:
        wanted: Whether they are sent without being asked for.
        properties: Names of properties that are sent already.
        bound: Fields that come from somewhere.
        not_used: Indexes of columns that are known by a field's name, where the profile names its fields without it.
    """

    wanted: bool = True
    properties: Collection[str] = ()
    bound: Collection[str] = FIELDS
    not_used: Collection[int] = ()


def unmapped_columns(
    names: Sequence[str],
    sample: Sequence[Sequence[str]],
    mapped: AbstractSet[int],
    options: ColumnOptions,
    others: Others,
) -> Unmapped:
    """Return the unmapped columns to send, and notes on those left out.

    Args:
        names: The file's column names.
        sample: Some of the file's first rows.
        mapped: Indexes of columns that are something else.
        options: What the user says.
        others: What a profile says of such columns.
    """
    sample = sample if isinstance(sample, Sample) else Sample(map(list, sample))
    carried: list[Carried] = []
    notes = []
    asked = {squash(name) for name in options.properties}
    forced = frozenset(i for i, name in enumerate(names) if asked and squash(name) in asked)
    taken = {*others.bound, "link_url", *others.properties}
    no_ids = not options.own_ids
    for i, (column, (name, plain, unusable, personal, since)) in enumerate(
        zip(names, sample.looks(names), strict=False)
    ):
        if (i in mapped or not others.wanted) and i not in forced:
            continue
        if not plain or name in taken or name in MESSAGE_FIELDS or no_ids:
            if column in REJECT_COLUMNS or not column or (no_ids and _is_event_id(column)):
                continue
            reason = unusable or _reason_to_leave_out(name, personal, taken, forced=i in forced)
            if reason:
                notes.append(Note(rules.COLUMN_LEFT_OUT, reason, column, hint=_fix_for(column, reason)))
                if reason == personal and since and i not in others.not_used:
                    carried.append(Carried(i, name, sent=False))
                continue
        taken.add(name)
        carried.append(Carried(i, name, hashed=i not in others.not_used))
    return Unmapped(tuple(carried), forced, tuple(notes))


def _is_event_id(column: str) -> bool:
    return squash(column) == "eventid" or squash(column) in COLUMN_ALIASES["event_id"]


def _reason_to_leave_out(name: str, personal: str | None, taken: set[str], *, forced: bool) -> str | None:
    if name in taken and not (forced and name == "email"):
        return f"another column is already sent as {name}"
    if name in MESSAGE_FIELDS:
        return f"the profile does not name it as {name}, and no property can have the name of that field"
    return None if forced else personal


class _ColumnLook(NamedTuple):
    """Property name of a column, and reasons against sending it.

    Attributes:
        name: The property's name.
        plain: Whether nothing of its own is against it.
        unusable: Why it cannot be sent.
        personal: Why it is not sent unasked.
        since: Whether versions before 0.2 sent it all the same.
    """

    name: str
    plain: bool
    unusable: str | None
    personal: str | None
    since: bool


class Sample(tuple[list[str], ...]):  # noqa: SLOT001 - it remembers
    """The first rows of a file, with cached results per column."""

    def looks(self, columns: Sequence[str]) -> Sequence[_ColumnLook]:
        """Return a `_ColumnLook` for each column; only new columns are computed."""
        known: list[_ColumnLook] = self.__dict__.setdefault("known", [])
        for index in range(len(known), len(columns)):
            name = snake_case(columns[index])
            unusable = _reason_unusable(name)
            personal, since = self._reason_personal(columns[index], index)
            plain = not (unusable or personal or columns[index] in REJECT_COLUMNS)
            known.append(_ColumnLook(name, plain, unusable, personal, since))
        return known

    def _reason_personal(self, column: str, index: int) -> tuple[str | None, bool]:
        """Return a column's withholding reason, and whether versions before 0.2 sent it."""
        if was_personal(column):
            return "its name is that of a personal trait", False
        filled = [row[index] for row in self if index < len(row) and row[index]]
        ever = bool(filled) and sum(map(looks_personal, filled)) > _SAMPLE_SHARE * len(filled)
        if not ever and is_personal_name(column):
            return "its name is that of a personal trait", True
        member = next(filter(None, map(personal_member, filled)), None)
        if member is not None:
            return f"its member {column}.{member} is personal", not ever
        if ever or sum(map(is_personal_text, filled)) > _SAMPLE_SHARE * max(1, len(filled)):
            return "its cells look like addresses or phone numbers", not ever
        return None, False


def _reason_unusable(name: str) -> str | None:
    if not name:
        return "its name has no letter or digit, so no property can be named after it"
    if name in RESERVED_PROPERTIES:
        return f"Segment reserves the property name {name} and drops it"
    return None


def _fix_for(column: str, reason: str) -> str:
    if reason.startswith(("its name is", "its cells", "its member")):
        return f"to send it: {chosen_by(None, quoted(column))}"
    if reason.startswith("the profile does not name"):
        return "name it under [fields] of the profile to have it as that field"
    name = snake_case(column)
    if not name:
        return "rename the column in the export to send it"
    own = f"if it is the event's own id: {chosen_by('event_id', quoted(column))}; or " if name == "id" else ""
    line = f"export_{name} = {json.dumps(column, ensure_ascii=False)}"
    return f"{own}rename the column in the export, or in a profile [properties] {line} sends it"
