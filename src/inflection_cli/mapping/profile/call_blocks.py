"""Build the blocks of a profile that are calls other than track."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from inflection_cli.errors import InputError
from inflection_cli.mapping.calls.call_catalog import (
    CALL_ALIASES,
    CALL_FIELDS,
    RESERVED,
    TEXT_OF_OBJECT,
    TRAIT_CALLS,
    CallType,
    Reserved,
    ValueKind,
)
from inflection_cli.mapping.calls.call_columns import (
    CallColumns,
    has_time,
    require_columns,
    require_parts,
    take_mapped,
)
from inflection_cli.mapping.columns import BoundColumns
from inflection_cli.mapping.layout import (
    CallMapping,
    CallValue,
    MissingColumnPolicy,
    RowCondition,
    TimeSource,
)
from inflection_cli.mapping.profile.column_resolver import ColumnResolver, key_of
from inflection_cli.mapping.profile.profile_schema import Event, Profile, PropertyCell, Timestamp
from inflection_cli.mapping.profile.property_types import LITERAL_TYPES, PropertyType
from inflection_cli.mapping.unmapped_columns import Others


@dataclass(slots=True, eq=False)
class CallBlock:
    """Builder of one call of a profile.

    Attributes:
        kind: Which call.
        said: What the profile says of it.
        number: Which of the profile's blocks it is, from 1; 0 where the profile has none.
        work: The use of the file's columns.
        times: Where its time comes from.
    """

    kind: CallType
    said: Event
    number: int
    work: CallColumns
    times: tuple[TimeSource, ...] = ()

    def key(self, table: str, name: str = "", *, own: bool = True) -> str:
        """Return the profile key; `own` means the key of this block."""
        key = f"event[{self.number}].{table}" if own and self.number else table
        return key_of(key, name) if name else key


class CallBlocks:
    """Builder of the calls of one file by a profile.

    Args:
        drawing: Finds the columns that the profile names.
        columns: The use of the file's columns for a call, as far as nothing is bound.
        profile: What the profile says.
        leeway: What of the profile the file may lack.
        types: The types that a column of the file names; empty without one.
    """

    def __init__(
        self,
        drawing: ColumnResolver,
        columns: Callable[[CallType], CallColumns],
        profile: Profile,
        leeway: MissingColumnPolicy,
        types: Sequence[CallType] = (),
    ) -> None:
        self._drawing = drawing
        self._columns_for = columns
        self._profile = profile
        self._leeway = leeway
        options = columns("track").options
        default = options.calls.type or profile.type or "track"
        said = list(enumerate(profile.events, 1)) or [(0, Event())]
        typed = [(number, block, block.type or default) for number, block in said]
        typed = [(0, Event(), kind) for kind in types] or typed
        self._is_typed = bool(types)
        self.blocks = [self._begun(*each) for each in typed if each[2] != "track"]
        self.tracks = [(number, block) for number, block, kind in typed if kind == "track"]

    def _begun(self, number: int, said: Event, kind: CallType) -> CallBlock:
        """Take what options and profile name for one call."""
        work = self._columns_for(kind)
        take_mapped(work, self._leeway.elsewhere)
        block = CallBlock(kind, said, number, work)
        if said.name is not None:
            self._set(work, "name", said.name)
        self._take_fields(block)
        self._take_times(block)
        self._take_values(block)
        return block

    @staticmethod
    def _set(work: CallColumns, name: str, text: str) -> None:
        work.options = replace(work.options, constants={**work.options.constants, name: text})

    def _take_fields(self, block: CallBlock) -> None:
        own, work = block.said.fields.cells, block.work
        for name, cell in {**self._profile.fields.cells, **own}.items():
            where = block.key("fields", name, own=name in own)
            given = name in work.fields or name in work.options.constants
            if given or name not in CALL_FIELDS[block.kind]:
                # A track event of the same profile may have it; the column is no trait for that.
                for column in cell.sources:
                    self._drawing.place(column, where, needed=False)
                continue
            found = self._drawing.cell(cell, where)
            if isinstance(found, int):
                work.fields[name] = found
                # An address is a trait as well, as where the column is known by its name.
                reserved = [each for each in RESERVED[block.kind] if each.name == name == "email"]
                work.values += [CallValue(each.path, found, each.kind, asked=True) for each in reserved]
            else:
                self._set(work, name, found)

    def _take_times(self, block: CallBlock) -> None:
        own, work = block.said.timestamp, block.work
        said = own or self._profile.timestamp
        if said is None or work.is_now or "timestamp" in {*work.fields, *work.options.constants}:
            return
        where = block.key("timestamp") if own else "fields.timestamp"
        block.times = tuple(self._time(column, where, named=True) for column in said.columns)
        work.fields["timestamp"] = block.times[0].index

    def _time(self, column: str, where: str, *, named: bool) -> TimeSource:
        drawing = self._drawing
        index = drawing.column(column, where) if named else list(drawing.names()).index(column)
        rule = drawing.time_rule(column)
        return TimeSource(index, rule.zone, rule.format, drawing.time_hints(column, named=named))

    def _take_values(self, block: CallBlock) -> None:
        """Take the traits or properties that the profile names."""
        has_traits = block.kind in TRAIT_CALLS
        table = "traits" if has_traits else "properties"
        own = block.said.traits if has_traits else block.said.properties
        every = {**(self._profile.traits if has_traits else self._profile.properties), **own}
        reserved = {each.name: each for each in RESERVED[block.kind]}
        known = {value.name for value in block.work.values}
        for name, cell in every.items():
            index = self._drawing.property(name, cell, block.key(table, name, own=name in own))
            if index is not None and name not in known:
                path = tuple(name.split("."))
                kind = _kind_of(cell, reserved.get(name))
                if kind == "object" and not self._holds_objects(cell, block.work):
                    path, kind = (*path, TEXT_OF_OBJECT[path]), "text"
                block.work.values.append(CallValue(path, index, kind, asked=True, typed=cell.kind or ""))

    def _holds_objects(self, cell: PropertyCell, work: CallColumns) -> bool:
        """Return whether an address or company is a JSON object."""
        place = None if cell.column is None else self._drawing.places.get(cell.column)
        if place is None or place.keys:
            return place is not None
        return work.holds_objects(place.column)

    def finished(self, applies: Mapping[int, RowCondition | None]) -> tuple[CallMapping, ...]:
        """Bind the columns that the profile does not name.

        Args:
            applies: Which rows have each block, by its number.

        Raises:
            InputError: As `lay_out`.
        """
        if not self._is_typed:
            return tuple(self._mapping(block, applies.get(block.number)) for block in self.blocks)
        found, errors = [], []
        for block in self.blocks:
            try:
                found.append(self._mapping(block, None))
            except InputError as error:
                errors.append(error)
        if errors and not (found or self.tracks):
            raise errors[0]
        # The rows of the other types are rejected.
        return tuple(found)

    def _mapping(self, block: CallBlock, applies: RowCondition | None) -> CallMapping:
        work, profile, kind = block.work, self._profile, block.kind
        work.taken |= self._drawing.taken | {i for i in work.fields.values() if i < len(work.names)}
        if profile.binds_by_name:
            names = [name for name in CALL_FIELDS[kind] if name not in {"email", "timestamp"}]
            work.by_name([name for name in names if name not in work.options.constants], CALL_ALIASES)
            if not block.times:
                work.time_by_name()
        work.taken |= self._drawing.named
        self._take_the_rest(work)
        columns = self._columns(block)
        index = columns.fields.get("timestamp")
        if index is not None and not block.times:
            block.times = (self._time(self._drawing.names()[index], "", named=False),)
        require_parts(work, columns)
        return CallMapping(
            kind,
            columns,
            tuple(work.values),
            block.times,
            _choose(block.said.timestamp or profile.timestamp),
            applies,
            block.said.timestamp is not None and not block.said.when,
            now=not has_time(columns) or work.is_now,
            unsent=tuple(work.unsent),
        )

    def _take_the_rest(self, work: CallColumns) -> None:
        sends = self._profile.other_columns == "send"
        if work.kind not in TRAIT_CALLS:
            require_columns(work.options.properties, "--property ", work, self._leeway.elsewhere)
            if sends:
                work.reserved_by_name()
            work.other_properties(Others(sends))
            return
        if sends:
            work.reserved_by_name()
        require_columns(work.options.calls.traits, "--trait ", work, self._leeway.elsewhere)
        work.other_traits(wanted=work.options.calls.all_traits)

    def _columns(self, block: CallBlock) -> BoundColumns:
        return block.work.columns(self._drawing.names())


def _choose(said: Timestamp | None) -> Literal["first", "earliest", "latest"]:
    return "first" if said is None else said.choose


_KINDS: Mapping[PropertyType | None, ValueKind] = {"string": "text", "timestamp": "text", "date": "text"}


def _kind_of(cell: PropertyCell, reserved: Reserved | None) -> ValueKind:
    """Return the kind of a value: the profile's, else the reserved one."""
    if cell.kind in LITERAL_TYPES:
        return "literal"
    return _KINDS.get(cell.kind) or (reserved.kind if reserved is not None else "any")
