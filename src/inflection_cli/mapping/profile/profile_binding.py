"""Build a file's layout by a profile: blocks, conditions and missing columns."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Final, Literal

from inflection_cli import rules
from inflection_cli.catalog import EVENT_FIELDS, FIELDS, RESERVED_PROPERTIES
from inflection_cli.errors import InputError, UsageError
from inflection_cli.mapping.bind_by_name import browser_names
from inflection_cli.mapping.calls.call_catalog import CALL_TYPES
from inflection_cli.mapping.calls.call_columns import CallColumns
from inflection_cli.mapping.calls.call_layout import (
    ONLY_TRACK,
    TypeTest,
    call_columns,
    type_column,
    types_named,
)
from inflection_cli.mapping.column_names import listed, snake_case
from inflection_cli.mapping.columns import (
    MESSAGE_FIELDS,
    BoundColumns,
    Carried,
    ColumnOptions,
    explicit_fields,
    fields_by_name,
    is_called_otherwise,
    refuse_unknown_fields,
)
from inflection_cli.mapping.layout import (
    NO_LEEWAY,
    CallMapping,
    EventMapping,
    Layout,
    MissingColumnPolicy,
    RowCondition,
    TimeSource,
    Unmet,
)
from inflection_cli.mapping.profile.call_blocks import CallBlocks
from inflection_cli.mapping.profile.column_resolver import ColumnResolver, key_of
from inflection_cli.mapping.profile.extraction import fold
from inflection_cli.mapping.profile.json_paths import first_key, has_more
from inflection_cli.mapping.profile.profile_schema import Cell, Condition, Event, Profile, Timestamp
from inflection_cli.mapping.profile.property_types import PropertyType
from inflection_cli.mapping.unbound import PERSON, ProfilePlace, Unbound, unbound_essentials
from inflection_cli.mapping.unmapped_columns import Others, unmapped_columns
from inflection_cli.mapping.wide_times import unclear_time
from inflection_cli.model import Note
from inflection_cli.suggestions import nearest

if TYPE_CHECKING:
    from inflection_cli.mapping.calls.call_catalog import CallType


@dataclass(frozen=True, slots=True)
class CellTest:
    """One condition on one cell of a shaped row.

    Attributes:
        index: The cell's place.
        words: Folded texts that the cell is to be one of, or none of.
        wanted: Whether it is to be one of them.
        filled: Whether the cell is to hold anything but white space; None where words decide.
        names_event: Whether the cell is the event's name.
    """

    index: int
    words: frozenset[str] = frozenset()
    wanted: bool = True
    filled: bool | None = None
    names_event: bool = False

    @classmethod
    def of(cls, condition: Condition, index: int, event_names: Mapping[str, str]) -> "CellTest":
        """Build the test of a profile's condition on the cell at `index`.

        Args:
            condition: As the profile says.
            index: The cell's place.
            event_names: Inflection's event by the folded name in the export, where an option says so.
        """
        if condition.filled is not None:
            return cls(index, filled=condition.filled, names_event=bool(condition.field))
        words = frozenset(map(fold, condition.equals or condition.not_equals))
        if condition.field:
            # A name is tested as the run understands it.
            renamed = {name for name, event in event_names.items() if fold(event) in words}
            words = words - event_names.keys() | renamed
        return cls(index, words, bool(condition.equals), names_event=bool(condition.field))

    def __call__(self, rows: Sequence[Sequence[str]]) -> list[bool]:
        """Return for each row whether the condition holds."""
        index, words, wanted, filled = self.index, self.words, self.wanted, self.filled
        if filled is not None:
            return [bool(row[index].strip()) is filled for row in rows]
        return [(fold(row[index]) in words) is wanted for row in rows]

    def value(self, row: Sequence[str]) -> str | None:
        """Return the tested cell; None if it only has to be empty."""
        return None if self.filled is False else row[self.index].strip()


@dataclass(frozen=True, slots=True)
class When:
    """Conditions that must all hold; picklable.

    Attributes:
        tests: At least one.
    """

    tests: tuple[CellTest, ...]

    def __call__(self, rows: Sequence[Sequence[str]]) -> list[bool]:
        """Return for each shaped row whether all conditions hold."""
        return [all(answers) for answers in zip(*(test(rows) for test in self.tests), strict=True)]

    def unmet(self, row: Sequence[str]) -> Unmet | None:
        """Return the first test that a row fails, or None."""
        for passed, test in enumerate(self.tests):
            if not test([row])[0]:
                return Unmet(passed, test.index, test.value(row), test.names_event)
        return None


_MOST: Final = 0.5
"""Where a file lacks more than this share of the columns that a profile names, the profile is for another export."""

_BEGIN_ANEW: Final = (
    "give the profile that was made for this export, or begin one: infl-seg inspect FILE --save PROFILE.toml"
)
_MEND: Final = "use the names from the file, or remove the lines from the profile"


class MissingColumns:
    """The columns that a profile names and a file lacks.

    Args:
        drawing: All that the profile names, once it was looked for.
        names: The file's column names.
        leeway: What it may lack.
        profile: The profile, for messages.
        file: The file's path, for messages.
    """

    def __init__(
        self,
        drawing: ColumnResolver,
        names: Sequence[str],
        leeway: MissingColumnPolicy,
        *,
        profile: Profile,
        file: str,
    ) -> None:
        self._missing = drawing.missing
        self._unexpected = [name for name in drawing.missing if name not in profile.of_preset]
        self._found = {place.column for place in drawing.places.values()}
        self._names = names
        self._leeway = leeway
        self._profile = profile.path
        self._records = profile.options.records
        self._file = file

    def require_the_names(self) -> None:
        """Raise an error if the file lacks required names.

        Raises:
            InputError: It does; all such names are listed, each with the nearest one that the file has.
        """
        unknown = [name for name in self._unexpected if not self._leeway.elsewhere(name)]
        columns = {first_key(name) for name in unknown}
        known = len(columns) + len(self._found)
        if len(columns) > max(1, _MOST * known):
            raise InputError(
                f"{self._profile} seems to be a profile for another export: {self._file} lacks {len(columns)} of "
                f"the {known} columns that it names: {self._told(unknown)}; {self._has()}",
                hint=_BEGIN_ANEW,
            )
        if unknown and not self._leeway.any_key:
            raise InputError(
                f"{self._file} lacks {_counted(unknown)} that {self._profile} names: {self._told(unknown)}; "
                f"{self._has()}",
                hint=f"{_MEND}; what another file of the export has is looked for there too, if both are given",
            )

    def nothing_fits(self) -> InputError:
        """Build the error that every event lacks name, time or person."""
        return InputError(
            f"{self._profile} seems to be for another export: each of its events lacks a name, a time or "
            f"a person. {self._file} has no {self._told(self._missing)}; {self._has()}",
            hint=_BEGIN_ANEW,
        )

    def notes(self, sample: int) -> tuple[Note, ...]:
        """Return one note on the missing columns, or nothing.

        Args:
            sample: How many of the file's records the names come from.
        """
        missing = self._unexpected
        if not missing:
            return ()
        if self._leeway.any_key:
            where = f"the first {sample:,} records lack" if sample > 1 else "the first records lack"
        else:
            where = "this file lacks and another one has"
        detail = f"{self._profile} names {_counted(missing)} that {where}: {self._told(missing)}"
        return (Note(rules.PROFILE_COLUMN_MISSING, detail),)

    def _told(self, missing: Iterable[str]) -> str:
        return "; ".join(self._one(name) for name in missing)

    def _one(self, name: str) -> str:
        if name.startswith("^.") and not any(column.startswith("^.") for column in self._names):
            path = self._records or "PATH"
            within = f"a list within each document: --records .{path.removeprefix('.')}"
            return f"“{name}” ({self._missing[name]}; a record has no outer record here; {within})"
        field = self._missing[name].rpartition("fields.")[2]
        free = [column for index, column in enumerate(self._names) if index not in self._found]
        if field in FIELDS:
            free = [column for column in free if not is_called_otherwise(column, field)]
        near = nearest(name, free) or nearest(first_key(name), free)
        return f"“{name}” ({self._missing[name]}{f'; did you mean “{near[0]}”?' if near else ''})"

    def _has(self) -> str:
        return f"{self._file} has {listed(self._names)}"


def _counted(names: Sequence[str]) -> str:
    return "a column" if len(names) == 1 else f"{len(names)} columns"


_ROWS_LOOKED_AT: Final = 100
"""Rows of the sample that are asked for members that the profile does not name."""

_SENT_UNASKED: Final = frozenset({"ip", "user_agent"})
"""Fields that go out whatever they are for; a profile that drops what it does not name drops them too."""

_OF_A_PERSON: Final = ("userId", "personId", "email")


@dataclass(slots=True, eq=False)
class _EventBuilder:
    """Builder of one block.

    Attributes:
        number: Which of the profile's blocks it is, from 1; 0 where the profile has none.
        words: What messages call it.
        said: What the profile says of it.
        fields: Field to its place in a shaped row.
        constants: Field to the text of all rows.
        given: Fields that are settled, be it as absent.
        absent: Those whose column the file lacks.
        carried: Place and name of each property.
        kinds: By name, the types of those of which the profile says one.
        times: Where its time comes from.
        choose: Which of several times counts.
        not_used: Field to the columns that are known by its name and are not it, as the profile does not say so.
        unbound: Fields that several columns could be by their names.
    """

    number: int
    words: str
    said: Event
    fields: dict[str, int]
    constants: dict[str, str]
    given: set[str] = field(default_factory=set)
    absent: set[str] = field(default_factory=set)
    carried: list[Carried] = field(default_factory=list)
    kinds: dict[str, PropertyType] = field(default_factory=dict)
    times: tuple[TimeSource, ...] = ()
    choose: Literal["first", "earliest", "latest"] = "first"
    not_used: dict[str, tuple[int, ...]] = field(default_factory=dict)
    unbound: list[Unbound] = field(default_factory=list)

    def key(self, table: str, name: str = "", *, own: bool = True) -> str:
        """Return the profile key; `own` means the key of this block."""
        key = f"event[{self.number}].{table}" if own and self.number else table
        return key_of(key, name) if name else key


class _LayoutBuilder:
    """Builder of the layout of one file by a profile."""

    def __init__(
        self,
        names: Sequence[str],
        sample: Sequence[Sequence[str]],
        options: ColumnOptions,
        profile: Profile,
        file: str,
        leeway: MissingColumnPolicy,
    ) -> None:
        from_email = bool(profile.options.user_id_from or profile.options.anonymous_id_from)
        options = replace(
            options,
            own_ids=options.own_ids and not profile.options.no_event_id,
            person_from_email=options.person_from_email or from_email,
        )
        self._names, self._sample = names, sample
        self._options, self._profile, self._file = options, profile, file
        self._drawing = ColumnResolver(names, options, profile, file, sample, typed=leeway.any_key)
        self._leeway = leeway
        asked = {name: column for name, column in options.columns.items() if name in EVENT_FIELDS}
        self._asked = explicit_fields(names, replace(options, columns=asked), file, NO_LEEWAY.elsewhere)
        self._bound: set[str] = set()
        self._not_used: set[int] = set()
        self._browsers = browser_names(names, sample)
        is_said = profile.type or profile.events or options.calls.type
        self._type_place = None if is_said else type_column(names, sample, options)
        self._types: list[CallType] = []
        if self._type_place is not None:
            met = types_named(self._type_place, sample, options)
            self._types = [kind for kind in CALL_TYPES if kind in met and met - ONLY_TRACK]

    def _without_types(self) -> "_LayoutBuilder":
        """Return a builder that reads no column of types."""
        builder = _LayoutBuilder(
            self._names, self._sample, self._options, self._profile, self._file, self._leeway
        )
        builder._type_place, builder._types = None, []
        return builder

    def layout(self) -> Layout:
        """Build all blocks and the layout of the file.

        Raises:
            InputError: As `bind.bind`.
        """
        drawing, profile = self._drawing, self._profile
        begin = partial(
            CallColumns, names=self._names, sample=self._sample, options=self._options, file=self._file
        )
        others = CallBlocks(drawing, begin, profile, self._leeway, self._types)
        events = [self._event(number, said) for number, said in others.tracks]
        applies: list[RowCondition | None] = [
            self._applies(event.said, event.number, event) for event in events
        ]
        when = {call.number: self._applies(call.said, call.number) for call in others.blocks}
        for column in profile.drop:
            drawing.place(column, "columns.drop")
        if self._type_place in drawing.named:
            # The profile has another use for that column.
            return self._without_types().layout()
        if self._types and self._type_place is not None:
            drawing.named.add(self._type_place)
            applies = [TypeTest(self._type_place, "track") for _ in events]
        lacking = MissingColumns(drawing, self._names, self._leeway, profile=profile, file=self._file)
        lacking.require_the_names()
        drawing.require_a_pattern()
        for event in events:
            self._bind_the_rest(event)
        mapped = drawing.named.union(*(event.fields.values() for event in events))
        self._bound = {name for event in events for name in (*event.fields, *event.constants)}
        unused = {i for event in events for found in event.not_used.values() for i in found}
        self._not_used = (unused | self._browsers) - mapped
        blocks = [self._block(event, each, mapped) for event, each in zip(events, applies, strict=True)]
        calls = others.finished(when)
        if self._types and self._type_place is not None:
            calls = tuple(replace(call, applies=TypeTest(self._type_place, call.type)) for call in calls)
        unbound = [each for event in events for each in event.unbound]
        for event, block in zip(events, blocks, strict=True):
            unbound += self._unbound(event, block.columns)
        if not (calls or unbound) and all(self._is_hollow(event) for event in events):
            raise lacking.nothing_fits()
        return Layout(
            replace(self._with_calls(self._together(blocks), calls), not_used=self._named(events)),
            drawing.shaper(),
            tuple(blocks),
            lacking.notes(len(self._sample)),
            drawing.places,
            tuple(unbound),
            calls,
            self._type_place,
            self._type_place is not None and not self._types,
            self._in_part(mapped),
        )

    def _in_part(self, mapped: set[int]) -> tuple[str, ...]:
        """Return the columns of which the profile takes parts alone."""
        if self._profile.other_columns == "drop":
            return ()
        places = self._drawing.places.values()
        paths: dict[int, set[tuple[str, ...]]] = {}
        for place in places:
            paths.setdefault(place.column, set()).add(place.keys)
        return tuple(
            self._names[i]
            for i, keys in sorted(paths.items())
            if i in mapped
            and any(has_more(row[i], keys) for row in self._sample[:_ROWS_LOOKED_AT] if i < len(row))
        )

    def _with_calls(self, columns: BoundColumns, calls: Sequence[CallMapping]) -> BoundColumns:
        """Add the uses of columns by calls to those by track events."""
        if not calls:
            return columns
        origin = self._drawing.origin
        sources = {name: dict.fromkeys(found) for name, found in columns.property_sources.items()}
        uses = {name: dict.fromkeys(found) for name, found in columns.field_sources.items()}
        carried = dict.fromkeys(columns.carried)
        for call in calls:
            fields = [*call.columns.fields.items(), *(("timestamp", time.index) for time in call.times)]
            for found, each in ((uses, fields), (sources, [(v.name, v.place) for v in call.values])):
                for name, index in each:
                    found.setdefault(name, {}).update(dict.fromkeys(self._drawing.sources(index)))
            places = ((origin(value.place), value.name) for value in call.values)
            carried |= dict.fromkeys(Carried(at, name) for at, name in places if at is not None)
        plain = call_columns(calls, self._names, [columns])
        return replace(
            plain,
            carried=tuple(carried),
            kinds=columns.kinds,
            also={**columns.also, **plain.also},
            field_sources={name: tuple(found) for name, found in uses.items()},
            property_sources={name: tuple(found) for name, found in sources.items()},
        )

    def _named(self, events: Sequence[_EventBuilder]) -> dict[str, tuple[str, ...]]:
        """Return, over all events, the columns not used by field."""
        found: dict[str, dict[str, None]] = {}
        for event in events:
            for name, columns in event.not_used.items():
                found.setdefault(name, {}).update(dict.fromkeys(self._names[i] for i in columns))
        return {name: tuple(found[name]) for name in FIELDS if name in found}

    def _event(self, number: int, said: Event) -> _EventBuilder:
        """Start a block from the options and the profile."""
        name = f" (“{said.name}”)" if said.name else ""
        words = f"[[event]] {number}{name} of {self._profile.path}" if number else self._profile.path
        constants = {name: text for name, text in self._options.constants.items() if name in EVENT_FIELDS}
        event = _EventBuilder(number, words, said, dict(self._asked), constants)
        event.given.update(event.fields, event.constants)
        if said.name is not None:  # an option for the event has been refused
            event.constants["event"] = said.name
            event.given.add("event")
        self._take_fields(event)
        self._take_times(event)
        self._take_properties(event)
        return event

    def _take_properties(self, event: _EventBuilder) -> None:
        own = event.said.properties
        for name, cell in {**self._profile.properties, **own}.items():
            index = self._drawing.property(name, cell, event.key("properties", name, own=name in own))
            if index is not None:
                event.carried.append(Carried(index, name))
                event.kinds |= {name: cell.kind} if cell.kind is not None else {}

    def _take_fields(self, event: _EventBuilder) -> None:
        own = event.said.fields.cells
        for name, cell in {**self._profile.fields.cells, **own}.items():
            where = event.key("fields", name, own=name in own)
            if (
                name not in EVENT_FIELDS
                or name in event.given
                or (name == "event_id" and not self._options.own_ids)
            ):
                for column in cell.sources:
                    self._drawing.place(column, where, needed=False)
                continue
            event.given.add(name)
            named = _as_named(cell, self._options.event_names) if name == "event" else cell
            found = self._drawing.cell(named, where)
            if isinstance(found, int):
                event.fields[name] = found
            elif found:
                event.constants[name] = found
            elif cell.sources:
                event.absent.add(name)

    def _take_times(self, event: _EventBuilder) -> None:
        own = event.said.timestamp
        said = own or self._profile.timestamp
        where = event.key("timestamp") if own else "fields.timestamp"
        if said is not None and "timestamp" in event.given:
            for column in said.columns:
                self._drawing.place(column, where, needed=False)
        elif said is not None:
            event.times, event.choose = self._times(said, where), said.choose
            event.fields["timestamp"] = event.times[0].index
            event.given.add("timestamp")
            if not any(map(self._drawing.has, said.columns)):
                event.absent.add("timestamp")

    def _times(self, said: Timestamp, where: str) -> tuple[TimeSource, ...]:
        columns = []
        for column in said.columns:
            index = self._drawing.column(column, where, optional=len(said.columns) > 1)
            rule = self._drawing.time_rule(column)
            hints = self._drawing.time_hints(column, named=True)
            columns.append(TimeSource(index, rule.zone, rule.format, hints))
        return tuple(columns)

    def _applies(self, said: Event, number: int, event: _EventBuilder | None = None) -> When | None:
        where = f"event[{number}].when"
        tests = [
            CellTest.of(
                condition,
                self._name_of(event, where)
                if condition.field
                else self._drawing.tested(condition.source, where),
                self._options.event_names,
            )
            for condition in said.when
        ]
        return When(tuple(tests)) if tests else None

    def _name_of(self, event: _EventBuilder | None, where: str) -> int:
        """Return the index of an event's name in a shaped row."""
        found = None if event is None else event.fields.get("event")
        text = "" if event is None else event.constants.get("event", "")
        return self._drawing.text(text, where) if found is None else found

    def _bind_the_rest(self, event: _EventBuilder) -> None:
        taken = self._drawing.taken | set(event.fields.values())
        exact = (self._drawing.copied | self._browsers) - taken
        profile = self._profile
        drops = profile.other_columns == "drop" and not profile.also_by_name
        left = _SENT_UNASKED if drops else frozenset()
        if profile.binds_by_name:
            given = {*event.given, *left}
            for name, match in fields_by_name(
                self._names, given, taken, self._options, by_exact_name=exact
            ).items():
                if match.is_tie:
                    event.unbound.append(match.unbound(name, self._names))
                else:
                    event.fields[name] = match.columns[0]
            left -= event.given
        else:
            left = frozenset(FIELDS) - event.given
        if left:
            known = {*FIELDS} - left
            taken |= set(event.fields.values())
            found = fields_by_name(self._names, known, taken, self._options, by_exact_name=exact)
            event.not_used = {name: match.columns for name, match in found.items()}
        index = event.fields.get("timestamp")
        if index is not None and not event.times:
            column = self._drawing.names()[index]
            rule, hints = self._drawing.time_rule(column), self._drawing.time_hints(column)
            by_name = BoundColumns(event.fields, event.constants, (), frozenset(), tuple(self._names), ())
            event.unbound += unclear_time(self._names, self._sample, by_name, self._options)
            event.times = (TimeSource(index, rule.zone, rule.format, hints),)

    def _block(self, event: _EventBuilder, applies: RowCondition | None, mapped: set[int]) -> EventMapping:
        sent = [*self._profile.properties, *event.said.properties]
        by_name = self._profile.binds_by_name
        others = Others(
            self._profile.other_columns == "send",
            sent,
            FIELDS if by_name else self._bound,
            self._browsers - mapped if by_name else self._not_used,
        )
        rest = unmapped_columns(self._names, self._sample, mapped, self._options, others)
        columns = BoundColumns(
            dict(sorted(event.fields.items(), key=lambda item: EVENT_FIELDS.index(item[0]))),
            event.constants,
            (*event.carried, *rest.carried),
            rest.forced.union(each.place for each in event.carried),
            self._drawing.names(),
            rest.notes,
            event.kinds,
        )
        absent = event.said.timestamp is not None and not event.said.when
        return EventMapping(columns, event.times, event.choose, applies, absent)

    def _unbound(self, event: _EventBuilder, columns: BoundColumns) -> Iterator[Unbound]:
        """Yield which of the block's event, time and person come from nowhere."""
        said = {*columns.fields, *columns.constants, *event.absent, *(each.field for each in event.unbound)}
        from_email = self._options.person_from_email
        for each in unbound_essentials(said.__contains__, person_from_email=from_email):
            names: tuple[str, ...] = (each.field,)
            if each.field == PERSON:
                names = ("email",) if each.from_email else _OF_A_PERSON
            could = {
                name: self._names[event.not_used[name][0]]
                for name in names
                if name in event.not_used and (name != "email" or each.reason == "absent")
            }
            told = "".join(
                f"; the profile does not name {name}, which “{column}” could be"
                for name, column in could.items()
            )
            yield replace(
                each,
                candidates=columns.columns_of("email") if each.reason == "addresses" else (),
                evidence=f"; the columns are {listed(self._names)}{told}",
                place=ProfilePlace(event.words, could, self._takes_option(each)),
            )

    def _takes_option(self, unbound: Unbound) -> bool:
        """Return whether an option may say the field beside the profile's blocks."""
        blocks = self._profile.events
        if unbound.field == "event":
            return not any(block.name for block in blocks)
        if unbound.field == "timestamp":
            return not any(block.timestamp for block in blocks)
        return unbound.reason == "absent"

    def _is_hollow(self, event: _EventBuilder) -> bool:
        """Return whether the file lacks the block's event, time or person columns."""
        there = {*event.fields, *event.constants} - event.absent
        people = {"userId", "personId", *(["email"] if self._options.person_from_email else [])}
        return not ({"event", "timestamp"} <= there and people & there)

    def _together(self, blocks: Sequence[EventMapping]) -> BoundColumns:
        """Combine the blocks into the use of each file column."""
        origins = self._drawing.origins
        fields: dict[str, int] = {}
        also: dict[int, str] = {}
        constants: dict[str, dict[str, None]] = {}
        for block in blocks:
            uses = [*block.columns.fields.items(), *(("timestamp", time.index) for time in block.times)]
            for name, index in uses:
                for column in origins(index):
                    fields.setdefault(name, column)
                    also.setdefault(column, name)
            for name, text in block.columns.constants.items():
                constants.setdefault(name, {})[text] = None
        every = [extra for block in blocks for extra in block.columns.extras]
        extras = dict.fromkeys((column, name) for index, name in every for column in origins(index))
        return BoundColumns(
            fields,
            {name: ", ".join(texts) for name, texts in constants.items() if name not in fields},
            tuple(Carried(*extra) for extra in extras),
            frozenset(
                index for block in blocks for index in block.columns.forced if index < len(self._names)
            ),
            tuple(self._names),
            tuple(dict.fromkeys(note for block in blocks for note in block.columns.notes)),
            kinds={name: kind for block in blocks for name, kind in block.columns.kinds.items()},
            also=also,
            field_sources=self._sources(
                use
                for block in blocks
                for use in (
                    *block.columns.fields.items(),
                    *(("timestamp", time.index) for time in block.times),
                )
            ),
            property_sources=self._sources((name, index) for index, name in every),
        )

    def _sources(self, uses: Iterable[tuple[str, int]]) -> dict[str, tuple[str, ...]]:
        found: dict[str, dict[str, None]] = {}
        for name, index in uses:
            found.setdefault(name, {}).update(dict.fromkeys(self._drawing.sources(index)))
        # A path into one of the columns is that column, in exports that write its values in objects.
        return {
            name: tuple(one for one in sources if not any(one.startswith(f"{other}.") for other in sources))
            for name, sources in found.items()
        }


def bind_by_profile(
    names: Sequence[str],
    sample: Sequence[Sequence[str]],
    options: ColumnOptions,
    profile: Profile,
    *,
    file: str,
    leeway: MissingColumnPolicy,
) -> Layout:
    """Build a file's layout by its profile, for `bind.bind`.

    Raises:
        InputError: As there.
        UsageError: As there.
    """
    refuse_unknown_fields(options, names)
    _refuse_contradictions(options, profile)
    _refuse_property_names(profile)
    return _LayoutBuilder(names, sample, options, profile, file, leeway).layout()


def _as_named(cell: Cell, event_names: Mapping[str, str]) -> Cell:
    """Return the event's cell with names that options know left alone.

    An option names an event as the export does, and `values` would have turned the name into another one.
    """
    if not cell.values or not event_names:
        return cell
    values = {word: text for word, text in cell.values.items() if fold(word) not in event_names}
    return cell.model_copy(update={"values": values | {name: name for name in event_names}})


def _refuse_contradictions(options: ColumnOptions, profile: Profile) -> None:
    """Raise an error if an option contradicts the blocks' names or times.

    Raises:
        UsageError: There is such an option.
    """
    for name, has_own in (
        ("event", [block for block in profile.events if block.name is not None]),
        ("timestamp", [block for block in profile.events if block.timestamp is not None]),
    ):
        option = "--map" if name in options.columns else "--set" if name in options.constants else None
        if has_own and option:
            what = "names" if name == "event" else "times"
            raise UsageError(
                f"{option} {name}=… contradicts {profile.path}, whose [[event]] tables have {what} of their own",
                hint=f"leave {option} {name}=… out, or change the [[event]] tables of the profile",
            )


def _refuse_property_names(profile: Profile) -> None:
    # A page or a screen has no fields of an event, and may have properties of their names.
    own = {} if profile.type in {"page", "screen"} else profile.properties
    for properties in (own, *(block.properties for block in profile.events)):
        for name in properties:
            if snake_case(name) in RESERVED_PROPERTIES or name in MESSAGE_FIELDS or not name:
                raise UsageError(
                    f"{profile.path}: no property can be named “{name}”: Segment or the message itself has another "
                    "use for that name",
                    hint="give it another name; a field of Inflection's belongs under [fields]",
                )
