"""Analysis of the scanned file: fields, events, proposals and missing settings."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from inflection_cli import rules
from inflection_cli.catalog import FALSE_WORDS, FIELDS, RESERVED_PROPERTIES, TRUE_WORDS, EventKind
from inflection_cli.converting.converter import ConvertSettings
from inflection_cli.errors import InflSegError, InputError, UsageError
from inflection_cli.inspecting.column_stats import ColumnStats, OwnIdStats
from inflection_cli.inspecting.encoding_evidence import EncodingEvidence
from inflection_cli.inspecting.field_suggestions import suggest_fields
from inflection_cli.inspecting.inspection_result import (
    AUTOMATIC,
    ColumnFinding,
    EncodingFinding,
    EventName,
    EventProposal,
    Inspection,
    Suggestion,
)
from inflection_cli.inspecting.open_questions import missing, unbound_fields
from inflection_cli.inspecting.sampling import RowSample
from inflection_cli.mapping.bind import bind, refusal_of
from inflection_cli.mapping.column_kinds import event_of_column
from inflection_cli.mapping.column_names import snake_case
from inflection_cli.mapping.columns import ColumnOptions
from inflection_cli.mapping.events import kind_of
from inflection_cli.mapping.layout import Layout, MissingColumnPolicy
from inflection_cli.mapping.personal_data import looks_personal
from inflection_cli.mapping.wide_times import may_be_of_sending
from inflection_cli.model import Problem
from inflection_cli.reading import Source

if TYPE_CHECKING:
    from inflection_cli.mapping.profile.profile_schema import Cell, Profile, Timestamp

_LEAST: Final = 2
"""So many events have to be told of; counts alone may be a campaign's sums, and no recipient's."""

_NO_COUNT: Final = ("0", "")
_TELLING: Final = frozenset({"time", "number", "flag", "text", "id"})


def propose_events(
    columns: Sequence[ColumnFinding], own_times: Sequence[ColumnFinding] | None = None
) -> tuple[EventProposal, ...]:
    """Return the events in a wide export's row; empty if not wide.

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
    """Find the event that a column's name and kind indicate, or None."""
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
    """Return whether every cell of a column is a count or false."""
    return bool(column.words) and all(word.isdigit() or word.lower() in FALSE_WORDS for word in column.words)


_MOST_UNKNOWN: Final = 30
"""A column with more different unknown names is no list of events, and its cells may be anybody's."""

_LONGEST_NAME: Final = 60
_STAND_IN: Final = "-"
_STANDS_FOR: Final = dict.fromkeys(("person", "addresses", "group person"), "userId")
"""The field that is put in the place of a part of a call, to see what else it lacks."""


@dataclass(slots=True)
class ScannedFile:
    """Data collected from a file.

    Attributes:
        source: The file.
        rows: How many rows could be read.
        unreadable: How many could not.
        bad_bytes: How many regions hold bytes that are not text in the file's encoding.
        problems: Of each kind of unreadable region the first, with the count of its rows.
        columns: What each column holds, by name.
        paths: What each path into a column with JSON holds.
        encoding: The bytes of regions with bad ones.
        own_ids: Whether the export's own ids identify events; None before the first row.
        sample: The part that was read; None for all.
    """

    source: Source
    rows: int = 0
    unreadable: int = 0
    bad_bytes: int = 0
    problems: dict[str, Problem] = field(default_factory=dict)
    columns: dict[str, ColumnStats] = field(default_factory=dict)
    paths: dict[str, ColumnStats] = field(default_factory=dict)
    encoding: EncodingEvidence = field(default_factory=EncodingEvidence)
    own_ids: OwnIdStats | None = None
    sample: RowSample | None = None

    def add_problem(self, problem: Problem) -> None:
        """Record the first problem of each rule, and count the others."""
        first = self.problems.setdefault(problem.rule.code, problem)
        if first is not problem:
            self.problems[problem.rule.code] = replace(first, count=first.count + problem.count)


def analyse(gathered: ScannedFile, encoding: EncodingFinding | None, settings: ConvertSettings) -> Inspection:
    """Return the inspection result of a scanned file.

    Args:
        gathered: What was gathered of the file.
        encoding: What its bytes may be, where they are not UTF-8.
        settings: How a run would map it.
    """
    options = settings.mapping.columns
    gauges = [*gathered.columns.values(), *gathered.paths.values()]
    columns = [gauge.finding(gathered.rows) for gauge in gauges]
    fields = suggest_fields(columns, options)
    lacks = _lacking(gathered.source, options)
    layout = _of_calls(gathered.source, _with_stand_ins(options, lacks))
    if layout is not None:
        fields = {
            name: Suggestion(each, "option" if each in options.columns else "name")
            for name, each in layout.columns.by_column().items()
        }
    proposals: tuple[EventProposal, ...] = ()
    if layout is None:
        proposals, fields = _with_proposals(columns, fields, options)
    layout, refused = _as_bound(gathered.source, fields, options, lacks)
    notes = layout.notes if layout and not refused else ()
    is_call = options.calls.type not in {None, "track"}
    columns = _named(columns, fields, layout, options)
    names, more = _event_names(gathered, fields, options)
    inspection = Inspection(
        source=gathered.source,
        rows=gathered.rows,
        unreadable=gathered.unreadable,
        problems=(
            *gathered.source.problems,
            *(Problem(note.rule, note.detail, gathered.source.path, hint=note.hint) for note in notes),
            *gathered.problems.values(),
        ),
        columns=tuple(columns),
        events=names,
        more_events=more,
        proposals=proposals,
        encoding=encoding,
        unbound=(),
        missing=(),
        refusal=refused,
        # Where a column names the type of each row, a profile reads it too.
        calls=() if layout is None or layout.type_place is not None else layout.calls,
        sample=gathered.sample,
        own_id_conflicts=gathered.own_ids.conflicts if gathered.own_ids else 0,
        lacks=lacks,
    )
    if options.profile is None and not is_call:
        inspection = replace(inspection, unbound=tuple(unbound_fields(inspection, options)))
    inspection = _with_questions_asked_once(inspection)
    return replace(inspection, missing=tuple(missing(inspection, settings, inspection.own_id_conflicts)))


def _with_proposals(
    columns: Sequence[ColumnFinding], fields: dict[str, Suggestion], options: ColumnOptions
) -> tuple[tuple[EventProposal, ...], dict[str, Suggestion]]:
    """Return the proposed events, and the fields of the other columns."""
    own_times = _own_times(columns, fields, options)
    if own_times is None and _has_events(fields, options):
        return (), fields
    proposals = propose_events(columns, own_times)
    if proposals:
        told = {proposal.column for proposal in proposals}
        fields = suggest_fields([each for each in columns if each.name not in told], options)
        if own_times is not None:
            fields = {name: each for name, each in fields.items() if each.field not in {"event", "timestamp"}}
    return proposals, fields


def _with_questions_asked_once(inspection: Inspection) -> Inspection:
    """Remove the warning of a run that is a question here."""
    if not any(each.reason == "sending" for each in inspection.unbound):
        return inspection
    others = tuple(each for each in inspection.problems if each.rule is not rules.TIME_OF_SENDING)
    return replace(inspection, problems=others)


def _of_calls(source: Source, options: ColumnOptions) -> Layout | None:
    """Return the layout of a file of other calls, or None."""
    if options.calls.type in {None, "track"}:
        return None
    try:
        return _bound(source, options)
    except InflSegError:
        return None


def _has_events(fields: Mapping[str, Suggestion], options: ColumnOptions) -> bool:
    """Return whether a column, an option or a profile determines the event."""
    if options.profile is not None or "event" in options.constants:
        return True
    return any(each.field == "event" for each in fields.values())


def _own_times(
    columns: Sequence[ColumnFinding], fields: Mapping[str, Suggestion], options: ColumnOptions
) -> list[ColumnFinding] | None:
    """Return the columns with events' own times beside an event column.

    None stands for a file that is no such one: the user says what names the event or its time, or a column of times
    is known by a name that can only be the event's.
    """
    if options.profile is not None or {"event", "timestamp"} & {*options.columns, *options.constants}:
        return None
    named = [each for each in fields.values() if each.field == "event"]
    time = next(
        (name for name, each in fields.items() if each.field == "timestamp" and not each.tied_with), None
    )
    own = [
        each for each in columns if each.kind == "time" and event_of_column(each.name) and not each.is_path
    ]
    if not named or not own or (time is not None and not may_be_of_sending(time)):
        return None
    return [each for each in own if each.name != time] or None


def _named(
    columns: Sequence[ColumnFinding],
    fields: Mapping[str, Suggestion],
    layout: Layout | None,
    options: ColumnOptions,
) -> list[ColumnFinding]:
    """Add to each column its field, property or reason for omission."""
    uses = _uses(options.profile) if options.profile else {}
    bound = layout.columns if layout else None
    sent = {bound.names[index]: name for index, name in bound.extras} if bound else {}
    left_out = {note.field: note.detail for note in bound.notes} if bound else {}
    return [
        replace(
            column,
            suggestion=_held(fields.get(column.name), options) if column.name not in uses else None,
            sent_as=sent.get(column.name),
            left_out=left_out.get(column.name),
            uses=tuple(uses.get(column.name, ())),
        )
        for column in columns
    ]


def _held(suggestion: Suggestion | None, options: ColumnOptions) -> Suggestion | None:
    """Return a suggestion where a profile leaves it valid, else None."""
    if options.profile is None or options.profile.binds_by_name:
        return suggestion
    return suggestion if suggestion is not None and suggestion.reason == "option" else None


def _as_bound(
    source: Source, fields: Mapping[str, Suggestion], options: ColumnOptions, lacks: Sequence[str]
) -> tuple[Layout | None, tuple[str, str] | None]:
    """Return the columns as a run binds them, and its refusal."""
    error: InflSegError | None
    try:
        layout = _bound(source, options)
        error = refusal_of(layout, source.columns, source.sample, options, source.path)
    except InflSegError as raised:
        error = raised
    if error is None:
        return layout, None
    # What only the user can say is put in its place, to see what becomes of the other columns.
    given = {each.field for each in fields.values() if each.reason in AUTOMATIC}
    absent = {"event", "timestamp", "personId"} - given
    with_stand_ins = _with_stand_ins(options, lacks or tuple(absent))
    try:
        return _bound(source, with_stand_ins), (error.message, error.hint)
    except InflSegError:
        return None, (error.message, error.hint)


def _lacking(source: Source, options: ColumnOptions) -> tuple[str, ...]:
    """Return the parts of a call that no column is."""
    if options.profile is not None or options.calls.type in {None, "track"}:
        return ()
    found: tuple[str, ...] = ()
    while True:
        try:
            _bound(source, _with_stand_ins(options, found))
        except InputError as error:
            if error.lacks and error.lacks not in found:
                found = (*found, error.lacks)
                continue
        except UsageError:
            pass
        return found


def _with_stand_ins(options: ColumnOptions, lacks: Sequence[str]) -> ColumnOptions:
    """Return the options with something for each absent part."""
    absent = (_STANDS_FOR.get(part, part) for part in lacks)
    return replace(options, constants={**dict.fromkeys(absent, _STAND_IN), **options.constants})


def _bound(source: Source, options: ColumnOptions) -> Layout:
    leeway = MissingColumnPolicy(any_key=source.keys_vary)
    return bind(source.columns, source.sample, options, file=source.path, leeway=leeway)


def _uses(profile: "Profile") -> dict[str, list[str]]:
    uses: dict[str, list[str]] = {}
    for column, place in _places(profile):
        uses.setdefault(column, []).append(place)
    return uses


def _places(profile: "Profile") -> Iterator[tuple[str, str]]:
    """Yield each column that a profile names, with its profile key."""
    yield from _cells("", profile.fields.cells, profile.properties)
    yield from ((column, "fields.timestamp") for column in _of_times(profile.timestamp))
    yield from ((column, "columns.drop") for column in profile.drop)
    for number, block in enumerate(profile.events, 1):
        place = f"event[{number}]"
        yield from ((column, f"{place}.timestamp") for column in _of_times(block.timestamp))
        yield from ((each, f"{place}.when") for condition in block.when for each in condition.source.sources)
        yield from _cells(f"{place}.", block.fields.cells, block.properties)


def _cells(
    place: str, fields: "Mapping[str, Cell]", properties: "Mapping[str, Cell]"
) -> Iterator[tuple[str, str]]:
    for table, cells in (("fields", fields), ("properties", properties)):
        yield from ((each, f"{place}{table}.{name}") for name, cell in cells.items() for each in cell.sources)


def _of_times(times: "Timestamp | None") -> Sequence[str]:
    return times.columns if times else ()


def _event_names(
    gathered: ScannedFile, fields: Mapping[str, Suggestion], options: ColumnOptions
) -> tuple[tuple[EventName, ...], bool]:
    """Return the event names in the file, and whether more exist."""
    named = [name for name, each in fields.items() if each.field == "event" and not each.tied_with]
    cell = options.profile.fields.event if options.profile else None
    if cell is not None and cell.column is not None and "event" not in options.columns:
        named = [cell.column]
    gauges = {**gathered.paths, **gathered.columns}
    if len(named) != 1 or named[0] not in gauges or "event" in options.constants:
        return (), False
    words, more = gauges[named[0]].counted
    values = {_folded(text): value for text, value in cell.values.items()} if cell else {}
    exported = [(name, count, values.get(_folded(name), name)) for name, count in words.items()]
    counted = [(name, n, options.event_names.get(_folded(text), text or None)) for name, n, text in exported]
    unknown = sum(kind_of(event or "") is None for _, _, event in counted)
    listed = [
        EventName(
            name=name,
            count=count,
            becomes=kind.name if (kind := kind_of(event or "")) else LEFT_OUT if event == "" else None,
            private=event != ""
            and kind is None
            and (
                more
                or unknown > _MOST_UNKNOWN
                or count < 2
                or len(name) > _LONGEST_NAME
                or looks_personal(name)
            ),
        )
        for name, count, event in counted
    ]
    return tuple(listed), more


LEFT_OUT: Final = "left out"
"""What becomes of an event that `--skip-event` leaves out."""


def _folded(text: str) -> str:
    return text.strip().casefold()
