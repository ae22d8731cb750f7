"""Layout of a list, with the columns that a difference adds."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Final, Literal

from inflection_cli import rules
from inflection_cli.converting.converter import ConvertSettings
from inflection_cli.converting.input_file import InputFile
from inflection_cli.errors import InputError
from inflection_cli.mapping.bind import lay_out
from inflection_cli.mapping.calls.call_catalog import CallType
from inflection_cli.mapping.column_names import listed, squash
from inflection_cli.mapping.columns import BoundColumns, Carried, ColumnOptions
from inflection_cli.mapping.layout import (
    CallMapping,
    EventMapping,
    Layout,
    MissingColumnPolicy,
    TimeSource,
)
from inflection_cli.mapping.profile.json_paths import find_path
from inflection_cli.mapping.profile.property_types import PropertyType
from inflection_cli.mapping.unbound import headless, looks_like_a_row
from inflection_cli.model import Note, Problem
from inflection_cli.suggestions import nearest

Kind = Literal["removed", "added", "changed"]
KINDS: Final[tuple[Kind, ...]] = ("removed", "added", "changed")
"""In the order in which they are sent."""

ENTERED: Final = "Segment Entered"
EXITED: Final = "Segment Exited"

EVENT_COLUMN: Final = "infl_seg_event"
TIME_COLUMN: Final = "infl_seg_time"
ADDED_PROPERTIES: Final[Mapping[str, PropertyType]] = {
    "segment_name": "string",
    "key": "json",
    "changed_fields": "json",
    "previous": "json",
}
ADDED_COLUMNS: Final = (EVENT_COLUMN, TIME_COLUMN, *(f"infl_seg_{name}" for name in ADDED_PROPERTIES))
"""Cells that stand behind those of a row: its event, the time of the run, and the properties beside the list's own."""

_TIME_FORMAT: Final = "%Y-%m-%dT%H:%M:%S.%f%z"


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffSettings:
    """Settings of a comparison, and of the events that it sends.

    Attributes:
        convert: What shapes messages; see `for_lists`.
        key: The columns that tell rows apart.
        ignore: Columns whose cells are no change.
        events: The event's name for each kind that is sent; of an identify or group it is the type.
        segment: The segment's name, with `--segment`.
        call_type: `identify` or `group` in place of track events.
        previous: Whether old values are sent too.
        own_time: Whether the time comes from a column.
        message_id: The column of the records' own ids.
        name: The list's name; empty without memory.
        generation: The number of this difference; None without memory.
    """

    convert: ConvertSettings
    key: tuple[str, ...]
    events: Mapping[Kind, str]
    ignore: tuple[str, ...] = ()
    segment: str | None = None
    call_type: CallType | None = None
    previous: bool = False
    own_time: bool = False
    message_id: str | None = None
    name: str = ""
    generation: int | None = None

    @property
    def columns(self) -> ColumnOptions:
        """The options about columns."""
        return self.convert.mapping.columns

    @property
    def named(self) -> tuple[tuple[str, str], ...]:
        """The options that name columns of the list, each with a column."""
        named = [*(("--key", column) for column in self.key), *(("--ignore", each) for each in self.ignore)]
        return (*named, ("--message-id", self.message_id)) if self.message_id else tuple(named)

    def lacking(self, names: Sequence[str]) -> "DiffSettings":
        """Return the settings for an old list, without columns that it lacks."""
        known = {squash(name) for name in (*names, *ADDED_COLUMNS)}
        columns = self.columns
        calls = replace(columns.calls, traits=tuple(n for n in columns.calls.traits if squash(n) in known))
        columns = replace(
            columns,
            columns={name: column for name, column in columns.columns.items() if squash(column) in known},
            properties=tuple(name for name in columns.properties if squash(name) in known),
            calls=calls,
        )
        mapping = replace(self.convert.mapping, columns=columns)
        return replace(self, convert=replace(self.convert, mapping=mapping))


def for_lists(convert: ConvertSettings, call_type: CallType | None, *, own_time: bool) -> ConvertSettings:
    """Return settings by which rows of a list become events.

    The event comes from a column that the difference adds, and the time too unless a column of the list has it.
    """
    mapping, columns = convert.mapping, convert.mapping.columns
    added = {} if own_time else {"timestamp": TIME_COLUMN}
    if call_type is None:
        added["event"] = EVENT_COLUMN
    calls = replace(columns.calls, type=call_type or "track", now=False)
    columns = replace(columns, columns={**columns.columns, **added}, calls=calls, asks_for_times=False)
    return replace(convert, mapping=replace(mapping, columns=columns, unknown_events="send"))


def bind_list(
    names: Sequence[str],
    sample: Sequence[Sequence[str]],
    settings: DiffSettings,
    file: str,
    elsewhere: Callable[[str], bool] | None = None,
) -> Layout:
    """Build the layout of a list and of the added columns.

    Args:
        names: The list's columns.
        sample: Some of its first rows.
        settings: What is sent.
        file: For messages.
        elsewhere: Tells what may be lacking because the other list has it.

    Raises:
        InputError: A field is bound nowhere, or the list has a column that is ours.
        UsageError: An option names what does not exist.
    """
    taken = [name for name in names if name in ADDED_COLUMNS]
    if taken:
        raise InputError(f"{file}: the column “{taken[0]}” has a name of our own", hint="rename the column")
    blank = [""] * len(ADDED_COLUMNS)
    leeway = MissingColumnPolicy() if elsewhere is None else MissingColumnPolicy(True, elsewhere)
    rows = [[*row, *[""] * (len(names) - len(row)), *blank] for row in sample]
    try:
        layout = lay_out((*names, *ADDED_COLUMNS), rows, settings.columns, file=file, leeway=leeway)
    except InputError as error:
        for name in ADDED_COLUMNS:
            error.message = error.message.replace(f", “{name}”", "")
        raise
    if len(layout.blocks) + len(layout.calls) != 1 or layout.type_place is not None:
        raise InputError(
            f"{file}: the rows of a list are one event each, and the profile makes several of a row",
            hint="give a profile without [[event]] blocks",
        )
    return _AddedColumns(names, layout, settings).layout()


class _AddedColumns:
    """The places of the added columns in one layout."""

    def __init__(self, names: Sequence[str], layout: Layout, settings: DiffSettings) -> None:
        self._layout = layout
        self._first = len(names)
        self._stop = self._first + len(ADDED_COLUMNS)
        self._own_time = settings.own_time
        wanted = {"segment_name", "key"} if settings.segment else set()
        wanted |= {"changed_fields"} if "changed" in settings.events and not settings.call_type else set()
        wanted |= {"previous"} if settings.previous else set()
        self._added = [
            Carried(self._first + 2 + at, name) for at, name in enumerate(ADDED_PROPERTIES) if name in wanted
        ]

    def layout(self) -> Layout:
        """Return the layout with the added properties alone."""
        layout = self._layout
        return replace(
            layout,
            columns=self._shown(layout.columns),
            blocks=tuple(self._block(block) for block in layout.blocks),
            calls=tuple(self._call(call) for call in layout.calls),
        )

    def _is_ours(self, place: int) -> bool:
        return self._first <= place < self._stop

    def _times(self, times: tuple[TimeSource, ...]) -> tuple[TimeSource, ...]:
        if self._own_time:
            return times
        return tuple(replace(time, timezone="UTC", format=_TIME_FORMAT) for time in times)

    def _own(self, carried: Sequence[Carried]) -> tuple[Carried, ...]:
        """Return the list's own properties, except those whose name is taken."""
        names = {each.name for each in self._added}
        return tuple(each for each in carried if not self._is_ours(each.place) and each.name not in names)

    def _taken(self, columns: BoundColumns) -> Iterator[Note]:
        """Yield the columns whose properties give way to added ones."""
        names = {each.name for each in self._added}
        for place, name in columns.extras:
            if name in names and not self._is_ours(place):
                reason = f"the difference itself sends a property {name}"
                yield Note(
                    rules.COLUMN_LEFT_OUT, reason, columns.names[place], hint="rename the column to send it"
                )

    def _block(self, block: EventMapping) -> EventMapping:
        columns = block.columns
        names = {each.name for each in self._added}
        kinds = {name: kind for name, kind in columns.kinds.items() if name not in names}
        columns = replace(
            columns,
            carried=(*self._own(columns.carried), *self._added),
            forced=columns.forced | {each.place for each in self._added},
            kinds={**kinds, **{name: ADDED_PROPERTIES[name] for name in names}},
        )
        return replace(block, columns=columns, times=self._times(block.times))

    def _call(self, call: CallMapping) -> CallMapping:
        values = tuple(value for value in call.values if not self._is_ours(value.place))
        unsent = tuple(name for name in call.unsent if name not in ADDED_COLUMNS)
        return replace(call, values=values, unsent=unsent, times=self._times(call.times))

    def _shown(self, columns: BoundColumns) -> BoundColumns:
        """Return the use of the list's own columns for reports."""
        fields = {name: at for name, at in columns.fields.items() if not self._is_ours(at)}
        notes = [note for note in columns.notes if note.field not in ADDED_COLUMNS]
        return replace(
            columns,
            fields=fields,
            carried=self._own(columns.carried),
            notes=(*notes, *self._taken(columns)),
            also={at: name for at, name in columns.also.items() if not self._is_ours(at)},
            field_sources=_without_ours(columns.field_sources),
            property_sources=_without_ours(columns.property_sources),
        )


def _without_ours(sources: Mapping[str, Sequence[str]]) -> dict[str, Sequence[str]]:
    return {
        name: origins for name, origins in sources.items() if not origins or {*origins} - {*ADDED_COLUMNS}
    }


def used_columns(layout: Layout, names: Sequence[str], settings: DiffSettings) -> set[str]:
    """Return the columns that count: key, mapped ones, own id.

    An address that nothing is made of is not among them.
    """
    mapping = settings.convert.mapping
    sources = layout.columns.by_field()
    if not (mapping.user_id_from_email or mapping.anonymous_id_from_email or mapping.email_trait):
        sources.pop("email", None)
    origins = chain.from_iterable((*sources.values(), *layout.columns.by_property().values()))
    found = {column for origin in origins if (column := _column_of(origin, names, layout))}
    return found.union(settings.key, [settings.message_id] if settings.message_id else [])


def _column_of(origin: str, names: Sequence[str], layout: Layout) -> str | None:
    """Return the column of a field or property by its source."""
    if origin in names:
        return origin
    place = layout.places.get(origin)
    return None if place is None or place.column >= len(names) else names[place.column]


def names_by_column(layout: Layout, names: Sequence[str]) -> dict[str, list[str]]:
    """Return the properties and fields that each column is sent as."""
    columns = layout.columns
    found: dict[str, list[str]] = {}
    for name, origins in chain(columns.by_property().items(), columns.by_field().items()):
        for column in {_column_of(origin, names, layout) for origin in origins}:
            if column is not None and name not in found.setdefault(column, []):
                found[column].append(name)
    return found


def require_columns(names: Sequence[str], named: Iterable[tuple[str, str]], file: str) -> None:
    """Check that a list has the columns that options name.

    Raises:
        InputError: It lacks one.
    """
    for option, column in named:
        if column not in names and looks_like_a_row(names):
            raise headless(file, f"{column},email,plan")
        if column not in names:
            near = nearest(column, [*names])
            hint = f"did you mean {option} “{near[0]}”?" if near else "names are compared to the letter"
            raise InputError(
                f"{file} has no column “{column}” for {option}; it has {listed(names)}", hint=hint
            )


def has_path(names: Sequence[str]) -> Callable[[str], bool]:
    """Return what tells whether a header has a column or path."""
    return lambda name: find_path(name, names) is not None


@dataclass(frozen=True, slots=True)
class ListInput(InputFile):
    """A list as an input of a run."""

    def problems(self) -> Iterator[Problem]:
        """Yield the problems of the whole file, except missing campaign ids."""
        yield from (each for each in InputFile.problems(self) if each.rule.code != "campaign-id-missing")
