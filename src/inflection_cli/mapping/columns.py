"""Bind columns to fields, by option or by name."""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from inflection_cli.catalog import (
    COLUMN_ALIASES,
    EVENT_FIELDS,
    FIELDS,
    NAME_AND_PLACE,
    REJECT_COLUMNS,
    RESERVED_PROPERTIES,
)
from inflection_cli.errors import InputError, UsageError
from inflection_cli.mapping.calls.call_catalog import MAPPABLE, CallOptions
from inflection_cli.mapping.column_names import chosen_by, listed, quoted, snake_case, squash
from inflection_cli.mapping.profile.property_types import PropertyType
from inflection_cli.mapping.unbound import Unbound
from inflection_cli.model import Note
from inflection_cli.settings.layering import file_word
from inflection_cli.suggestions import nearest

if TYPE_CHECKING:
    from inflection_cli.mapping.profile.profile_schema import Profile

MESSAGE_FIELDS: Final = frozenset(FIELDS) - {"email", "ip", "user_agent", "event_id", "personId"} | {
    "link_url"
}
"""Names that no property can have, since the message says something else under them."""

_FIELD_NAMES: Final = frozenset(
    squash(name) for field in FIELDS for name in (field, *COLUMN_ALIASES.get(field, ()))
)
"""All that a column can be called so that it is a field by its name."""


@dataclass(frozen=True, slots=True)
class ColumnOptions:
    """The user's options about columns.

    Attributes:
        columns: `--map`, field to column name.
        constants: `--set`, field to the value of every row.
        properties: `--property`, columns that are sent though they look personal.
        own_ids: Whether the export's own event id is used; `--no-event-id` turns it off.
        person_from_email: Whether an address stands in for a missing user or person id.
        profile: What the user's profile says; every option beats it.
        timezone: `--timezone`, for properties that are times.
        timestamp_format: `--timestamp-format`, likewise.
        asks_for_times: Whether a wide file is refused whose events would all get the time of sending.
        nulls: `--null`, texts that stand for an empty cell.
        properties_set: `--set`, property to the value of every row.
        session_column: `--session-id`, the column whose cells are sent as anonymousId beside a userId.
        calls: What is said of calls other than track.
        event_names: `--event-name`, Inflection's event by the folded name in the export; "" leaves such rows out.
        zone_names: Seconds ahead of UTC by a zone's abbreviation, for properties that are times.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    properties: tuple[str, ...] = ()
    own_ids: bool = True
    person_from_email: bool = False
    profile: "Profile | None" = None
    timezone: str | None = None
    timestamp_format: str | None = None
    nulls: frozenset[str] = frozenset()
    asks_for_times: bool = True
    properties_set: Mapping[str, str] = field(default_factory=dict)
    session_column: str | None = None
    calls: CallOptions = field(default_factory=CallOptions)
    event_names: Mapping[str, str] = field(default_factory=dict)
    zone_names: Mapping[str, int] = field(default_factory=dict)


NameReason = Literal["name", "spelling", "alias"]
"""Why a column is a field by its name: the exact name, another spelling, another word for it."""


_PLACE: Final = NAME_AND_PLACE.removeprefix("{}").partition("{")[0]


class NameMatch(NamedTuple):
    """The columns that are known by a field's name.

    Attributes:
        reason: What of the name they have.
        columns: Their indexes; where there are several, none of them is the field.
    """

    reason: NameReason
    columns: tuple[int, ...]

    @property
    def is_tie(self) -> bool:
        """Return whether there are several."""
        return len(self.columns) > 1

    def unbound(self, field: str, names: Sequence[str]) -> Unbound:
        """Return a tie as an unbound field."""
        return Unbound(field, "tied", tuple(names[i] for i in self.columns))


class Carried(NamedTuple):
    """A column that is no field, and what becomes of its cells.

    Attributes:
        place: Its index in a row.
        name: The property's name.
        sent: Whether it is sent.
        hashed: Whether it counts in the content hash: what earlier versions sent does, whatever becomes of it now,
            and what they took for a field does not, so that the events of earlier runs stay what they are.
    """

    place: int
    name: str
    sent: bool = True
    hashed: bool = True


@dataclass(frozen=True, slots=True)
class BoundColumns:
    """The use of each column of a file.

    Attributes:
        fields: Field to the index of its column.
        constants: Field to the text that every row has.
        carried: What the events' further properties and their content hash are made of, in order.
        forced: Indexes of extras that are sent whatever their cells look like.
        names: The column names as they stand in the file; in a profile's block, those of drawn cells after them.
        notes: Columns left out, each with the reason.
        kinds: Types of extras of which a profile says one, by property name.
        also: Further columns that a field comes from in one of several blocks, by index.
        field_sources: Field to the columns and paths that it comes from; all of them, where a profile says it.
        property_sources: Property to the columns and paths that it comes from, likewise; none for a constant.
        not_used: Field to the columns that are known by its name, where a profile names its fields and not those.
    """

    fields: Mapping[str, int]
    constants: Mapping[str, str]
    carried: tuple[Carried, ...]
    forced: frozenset[int]
    names: tuple[str, ...]
    notes: tuple[Note, ...]
    kinds: Mapping[str, PropertyType] = field(default_factory=dict)
    also: Mapping[int, str] = field(default_factory=dict)
    field_sources: Mapping[str, Sequence[str]] = field(default_factory=dict)
    property_sources: Mapping[str, Sequence[str]] = field(default_factory=dict)
    not_used: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def extras(self) -> tuple[tuple[int, str], ...]:
        """Index and property name of each unmapped column that is sent."""
        return tuple((each.place, each.name) for each in self.carried if each.sent)

    def has(self, name: str) -> bool:
        """Return whether a field has a column or a constant."""
        return name in self.fields or name in self.constants

    def column_of(self, name: str | None) -> str | None:
        """Return the column name of a field, or the argument if unbound."""
        return self.names[self.fields[name]] if name is not None and name in self.fields else name

    def columns_of(self, name: str) -> tuple[str, ...]:
        """Return the column of a field, or nothing if it has none."""
        return (self.names[self.fields[name]],) if name in self.fields else ()

    def by_column(self) -> dict[str, str]:
        """Return the first field of each mapped column, by column name."""
        uses: dict[str, str] = {}
        for name, index in self.fields.items():
            uses.setdefault(self.names[index], name)
        for index, name in self.also.items():
            uses.setdefault(self.names[index], name)
        return uses

    def by_field(self) -> dict[str, list[str]]:
        """Return the source columns and paths of each mapped field."""
        sources = self.field_sources or {name: [self.names[index]] for name, index in self.fields.items()}
        return {name: list(names) for name, names in sources.items()}

    def by_property(self) -> dict[str, list[str]]:
        """Return the source columns and paths of each property."""
        sources = self.property_sources or {name: [self.names[index]] for index, name in self.extras}
        return {name: list(names) for name, names in sources.items()}


def refuse_unknown_fields(options: ColumnOptions, names: Sequence[str]) -> None:
    """Check that `--map` and `--set` name fields, each once.

    Raises:
        UsageError: They do not.
    """
    for option, given in (("--map", options.columns), ("--set", options.constants)):
        for name, value in given.items():
            if name not in EVENT_FIELDS and not _is_of_calls(name, options):
                raise UsageError(
                    f"{option} {name}=… names no field; fields are {', '.join(FIELDS)}",
                    hint=_field_meant(option, name, value, options, names),
                )
    both = sorted(set(options.columns) & set(options.constants))
    if both:
        raise UsageError(
            f"{both[0]} is given twice, by --map and by --set",
            hint=f"drop --map {both[0]}=… or --set {both[0]}=…",
        )


def _is_of_calls(name: str, options: ColumnOptions) -> bool:
    """Return whether a field is one of calls other than track."""
    profile = options.profile
    typed = options.calls.type or (profile and (profile.type or any(each.type for each in profile.events)))
    return bool(typed) and any(name in known for known in MAPPABLE.values())


def _field_meant(option: str, name: str, value: str, options: ColumnOptions, names: Sequence[str]) -> str:
    """Return a hint with the field that an option probably means.

    The value of `--set` may be personal, so it is not repeated.
    """
    fields = {squash(field): field for field in FIELDS}
    swapped = fields.get(squash(value)) if option == "--map" else None
    if swapped and not fields.get(squash(name)):
        if name in names:
            return f"the field comes first: {option} {swapped}={quoted(name)}"
        if value in names:
            return (
                f"“{value}” is the {swapped} by its name: leave {option} {quoted(name)}={quoted(value)} out"
            )
        return f"the field comes first, then its column: {option} {swapped}=COLUMN"
    given = {squash(field) for field in (*options.columns, *options.constants) if field in FIELDS}
    near = nearest(squash(name), [field for field in fields if field not in given])
    shown = quoted(value) if option == "--map" else "…"
    if near:
        return f"did you mean {option} {fields[near[0]]}={shown}?"
    return f"the field comes first, then what it is taken from, for example {option} campaign_id={shown}"


def explicit_fields(
    names: Sequence[str], options: ColumnOptions, file: str, elsewhere: Callable[[str], bool]
) -> dict[str, int]:
    """Find the columns of `--map` by field, and check those of `--property`.

    Args:
        names: The file's column names.
        options: What the user says.
        file: For messages.
        elsewhere: Tells whether another file of the run has a column.

    Raises:
        InputError: An option names a column that the file lacks.
        UsageError: `--property` names one that Segment would discard.
    """
    fields = {
        name: _index_of(column, names, options, name, file, elsewhere)
        for name, column in options.columns.items()
    }
    for column in options.properties:
        index = _index_of(column, names, options, None, file, elsewhere)
        if snake_case(names[index]) in RESERVED_PROPERTIES:
            raise UsageError(
                f"--property {column}: Segment discards properties named “{snake_case(column)}”",
                hint=f"in a profile [properties] export_{snake_case(names[index])} = "
                f"{json.dumps(names[index], ensure_ascii=False)} sends it by another name",
            )
    return fields


def _index_of(
    column: str,
    names: Sequence[str],
    options: ColumnOptions,
    field: str | None,
    file: str,
    elsewhere: Callable[[str], bool],
) -> int:
    """Find the column that `--map`, or `--property` without a field, names."""
    if column in names:
        return names.index(column)
    spelled = [i for i, name in enumerate(names) if squash(name) == squash(column)]
    if len(spelled) == 1:
        return spelled[0]
    if elsewhere(column):
        raise InputError(
            f"{file} has no column “{column}”, which another file of this command has; it has {listed(names)}",
            hint=f"give each file a command of its own, and {file} one without {chosen_by(field, quoted(column))}",
        )
    near = nearest(column, free_names(names, options, field))
    own = [name for name in names if field is not None and squash(name) == squash(field)]
    if near:
        hint = f"did you mean {chosen_by(field, quoted(near[0]))}?"
    elif len(own) == 1 and own[0] not in options.columns.values():
        hint = f"“{own[0]}” is the {field} by its name: leave {chosen_by(field, quoted(column))} out"
    else:
        hint = (
            f"give one of these names: {chosen_by(field, 'COLUMN')}; "
            f"infl-seg inspect {file_word(file)} says what they hold"
        )
    raise InputError(f"{file} has no column “{column}”; it has {listed(names)}", hint=hint)


def free_names(names: Sequence[str], options: ColumnOptions, field: str | None) -> list[str]:
    """Return the columns that are no other field by option or name."""
    profile = options.profile
    cells = profile.fields.cells.items() if profile else ()
    said = [column for name, cell in cells if name != field for column in cell.sources]
    taken = {squash(other) for name, other in options.columns.items() if name != field}
    taken |= set(map(squash, said))
    return [name for name in names if squash(name) not in taken and not is_called_otherwise(name, field)]


def is_called_otherwise(column: str, field: str | None) -> bool:
    """Return whether a column has another field's name, or the tool's own."""
    words = {
        word for name in FIELDS if name != field for word in (squash(name), *COLUMN_ALIASES.get(name, ()))
    }
    return squash(column) in words or column in REJECT_COLUMNS


def fields_by_name(
    names: Sequence[str],
    given: Collection[str],
    taken: AbstractSet[int],
    options: ColumnOptions,
    *,
    by_exact_name: AbstractSet[int] = frozenset(),
) -> dict[str, NameMatch]:
    """Find the columns of fields by name; several are a tie.

    Args:
        names: The column names; an empty one is of no field.
        given: Fields that need no column any more.
        taken: Indexes of columns that are something else already.
        options: Whether the export's own event id is used.
        by_exact_name: Indexes of columns that are a field only if they have its very name.
    """
    # Most columns of a wide file are none of any field, and are looked at once.
    likely = {
        i: column
        for i, name in enumerate(names)
        for column in [_own_name(name) if _PLACE in name else name]
        if squash(column) in _FIELD_NAMES and i not in taken and column not in REJECT_COLUMNS
    }
    matches: dict[str, NameMatch] = {}
    for name in FIELDS:
        if name in given or (name == "event_id" and not options.own_ids):
            continue
        match = _best_match(name, likely, by_exact_name)
        if match is not None:
            matches[name] = match
            for i in match.columns:
                del likely[i]
    return matches


def _own_name(column: str) -> str:
    """Return a column's name without the place that was added."""
    name, found, place = column.partition(_PLACE)
    return name if found and place[:-1].isdigit() else column


def _best_match(name: str, columns: Mapping[int, str], by_exact_name: AbstractSet[int]) -> NameMatch | None:
    """Return a field's columns: exact name before spelling before alias."""
    wanted, aliases = squash(name), COLUMN_ALIASES.get(name, ())
    ranks: dict[NameReason, list[int]] = {"name": [], "spelling": [], "alias": []}
    for i, column in columns.items():
        if column == name:
            ranks["name"].append(i)
        elif i in by_exact_name:
            continue
        elif squash(column) == wanted:
            ranks["spelling"].append(i)
        elif squash(column) in aliases:
            ranks["alias"].append(i)
    return next((NameMatch(reason, tuple(found)) for reason, found in ranks.items() if found), None)
