"""Group inspected files of one shape, and describe how others differ.

A folder of monthly files is one export: its files have the same columns, which mean the same. So their findings are
added up, and only a file that differs is described by itself.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Final

from inflection_cli import rules
from inflection_cli.converting.converter import ConvertSettings
from inflection_cli.inspecting.inspection_result import (
    ColumnFinding,
    EventName,
    Inspection,
    TimeFinding,
    TimeForm,
    ZoneEvidence,
)
from inflection_cli.inspecting.open_questions import missing, time_columns, unbound_fields
from inflection_cli.inspecting.sampling import RowSample
from inflection_cli.mapping.column_kinds import NumberMarks
from inflection_cli.mapping.column_names import listed
from inflection_cli.mapping.times.timestamps import before
from inflection_cli.model import Problem

_MOST_NAMED: Final = 10
_SAMPLES: Final = 3

SettingsOf = Callable[[str], ConvertSettings]
"""Returns how a run would map the file at a path."""


@dataclass(frozen=True, slots=True)
class ShapeGroup:
    """Files of one shape.

    Attributes:
        files: What each of them holds.
        whole: What all of them hold; that of the file itself where it is alone.
        differs: How they differ from those of the group that they are most like; empty for the first.
        as_before: Columns that are as in that group.
    """

    files: tuple[Inspection, ...]
    whole: Inspection
    differs: tuple[str, ...] = ()
    as_before: frozenset[str] = frozenset()


def shape_groups(found: Sequence[Inspection], settings_of: SettingsOf) -> list[ShapeGroup]:
    """Return the files by shape, the commonest shape first."""
    shapes: list[list[Inspection]] = []
    by_traits: dict[tuple[object, ...], list[list[Inspection]]] = {}
    for each in found:
        known = by_traits.setdefault(_traits(each), [])
        alike = next((shape for shape in known if _times_agree(each, shape)), None)
        if alike is None:
            alike = []
            known.append(alike)
            shapes.append(alike)
        alike.append(each)
    groups: list[ShapeGroup] = []
    for shape in sorted(shapes, key=len, reverse=True):
        whole = merged(shape, settings_of(shape[0].path))
        near = max(groups, key=lambda group: len(_same_columns(group.whole, whole)), default=None)
        if near is None or not _same_columns(near.whole, whole):
            groups.append(ShapeGroup(tuple(shape), whole))
        else:
            differs = tuple(_differences(near.whole, whole)) or ("what is missing, or what its people are",)
            groups.append(ShapeGroup(tuple(shape), whole, differs, _same_columns(near.whole, whole)))
    return groups


def merged(found: Sequence[Inspection], settings: ConvertSettings) -> Inspection:
    """Return what files of one shape hold together."""
    first = found[0]
    if len(found) == 1:
        return first
    rows = sum(each.rows for each in found)
    by_name: dict[str, list[ColumnFinding]] = {}
    for each in found:
        for column in each.columns:
            by_name.setdefault(column.name, []).append(column)
    samples = [each.sample for each in found if each.sample]
    whole = replace(
        first,
        rows=rows,
        unreadable=sum(each.unreadable for each in found),
        problems=_added(problem for each in found for problem in each.problems),
        people=_added(problem for each in found for problem in each.people),
        columns=tuple(_one_column(columns, rows) for columns in by_name.values()),
        events=_one_list(found),
        more_events=any(each.more_events for each in found),
        sample=_one_sample(samples),
        equal_rows=sum(each.equal_rows for each in found),
        own_id_conflicts=sum(each.own_id_conflicts for each in found),
        refusal=next((each.refusal for each in found if each.refusal), None),
        files=tuple(each.path for each in found),
    )
    options = settings.mapping.columns
    if options.profile is None and options.calls.type in {None, "track"}:
        whole = replace(whole, unbound=tuple(unbound_fields(whole, options)))
    return replace(whole, missing=tuple(missing(whole, settings, whole.own_id_conflicts)))


def _traits(found: Inspection) -> tuple[object, ...]:
    """Return what files of one shape have in common."""
    source = found.source
    names: object = frozenset(source.columns) if source.keys_vary else source.columns
    form = (source.format, source.encoding, source.delimiter, source.header_line, source.records, source.off)
    uses = frozenset((column.name, column.uses) for column in found.columns if column.uses)
    asked = frozenset(each.key for each in found.missing if each.key != "format")
    people = frozenset(problem.rule.code for problem in found.people)
    preset = found.preset.name if found.preset else None
    return (
        form,
        names,
        _fields(found),
        uses,
        asked,
        people,
        preset,
        bool(found.refusal),
        bool(found.proposals),
    )


def _fields(found: Inspection) -> frozenset[tuple[str, str, bool]]:
    """Return the fields of columns; those by cells depend on the rows."""
    return frozenset(
        (each.name, each.suggestion.field, bool(each.suggestion.tied_with))
        for each in found.columns
        if each.suggestion and each.suggestion.reason != "content"
    )


def _times_agree(found: Inspection, shape: Sequence[Inspection]) -> bool:
    """Return whether one form reads the times of all these files.

    The first and the last file stand for the others: an ambiguous form is settled by later ones.
    """
    forms = _formats(found)
    return all(
        not forms[name] or not known[name] or forms[name] & known[name]
        for known in (_formats(shape[0]), _formats(shape[-1]))
        for name in forms.keys() & known.keys()
    )


def _formats(found: Inspection) -> dict[str, frozenset[str | None]]:
    """Return the formats that read each column of the events' times."""
    times = ((column.name, column.times) for column in time_columns(found))
    return {name: frozenset(each.formats or each.by_format) for name, each in times if each}


def _same_columns(one: Inspection, other: Inspection) -> frozenset[str]:
    """Return the columns that both have, and that mean the same."""
    return frozenset(
        column.name
        for column in other.columns
        if any(known.name == column.name and _meaning(known) == _meaning(column) for known in one.columns)
        and _formats(one).get(column.name) == _formats(other).get(column.name)
    )


def _meaning(column: ColumnFinding) -> tuple[object, ...]:
    suggestion = column.suggestion
    return (suggestion and (suggestion.field, suggestion.tied_with), column.sent_as, column.left_out)


def _differences(one: Inspection, other: Inspection) -> Iterator[str]:
    """Yield how the second differs from the first, as clauses."""
    known, found = one.source, other.source
    forms = [
        ("format", known.format_words[0], found.format_words[0]),
        ("encoding", known.encoding, found.encoding),
        ("delimiter", *(repr(each.delimiter) if each.delimiter else "none" for each in (known, found))),
        ("header on line", str(known.header_line), str(found.header_line)),
    ]
    yield from (f"{name} {there}, not {here}" for name, here, there in forms if here != there)
    lacking = [name for name in known.columns if name not in found.columns]
    further = [name for name in found.columns if name not in known.columns]
    if lacking:
        yield f"without {listed(lacking, _MOST_NAMED)}"
    if further:
        yield f"with {listed(further, _MOST_NAMED)} too"
    if not lacking and not further and known.columns != found.columns and not found.keys_vary:
        yield "its columns have another order"
    before_it, here = _formats(one), _formats(other)
    for name in before_it.keys() & here.keys():
        if not before_it[name] & here[name]:
            yield f"the times of “{name}” are written as {_form_words(here[name])}, not {_form_words(before_it[name])}"


def _form_words(formats: Iterable[str | None]) -> str:
    return " or ".join(sorted(form or "ISO 8601" for form in formats))


def _added(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Return the first problem of each kind, with counts of all."""
    kept: dict[tuple[str, str | None], Problem] = {}
    for each in problems:
        key = each.rule.code, each.column if each.rule is not rules.FILE_EMPTY else each.file
        known = kept.get(key)
        kept[key] = replace(known, count=known.count + each.count) if known else each
    return tuple(kept.values())


def _one_sample(samples: Sequence[RowSample]) -> RowSample | None:
    if not samples:
        return None
    return RowSample(*(sum(getattr(each, name) for each in samples) for name in RowSample.__slots__))


def _one_list(found: Sequence[Inspection]) -> tuple[EventName, ...]:
    """Return the event names of all files, the commonest first."""
    counts, names = Counter[str](), dict[str, EventName]()
    for event in (event for each in found for event in each.events):
        counts[event.name] += event.count
        known = names.setdefault(event.name, event)
        names[event.name] = replace(known, private=known.private and event.private)
    return tuple(replace(names[name], count=count) for name, count in counts.most_common())


def _one_column(columns: Sequence[ColumnFinding], rows: int) -> ColumnFinding:
    """Return what a column holds in all files."""
    fullest = max(columns, key=lambda column: column.filled)
    words = Counter[str]()
    for column in columns:
        words.update(column.words)
    filled = sum(column.filled for column in columns)
    is_listed = all(column.words or not column.filled for column in columns)
    suggestion = next((column.suggestion for column in columns if column.suggestion), None)
    return replace(
        fullest,
        rows=rows,
        filled=filled,
        distinct=len(words) if is_listed else fullest.distinct,
        is_least=not is_listed and len(columns) > 1,
        repeats=any(column.repeats for column in columns),
        marks=reduce(NumberMarks.joined, (column.marks for column in columns)),
        samples=tuple(dict.fromkeys(text for column in columns for text in column.samples))[:_SAMPLES],
        suggestion=suggestion,
        sent_types=tuple(sorted({kind for column in columns if column.filled for kind in column.sent_types}))
        or fullest.sent_types,
        times=_one_time([column.times for column in columns if column.times]),
        words=dict(words.most_common()) if is_listed else {},
        event_share=sum(column.event_share * column.filled for column in columns) / filled if filled else 0.0,
    )


def _one_time(times: Sequence[TimeFinding]) -> TimeFinding | None:
    if not times:
        return None
    forms: dict[tuple[str | None, bool], TimeForm] = {}
    for form in (form for each in times for form in each.forms):
        key = form.format, form.zoned
        forms[key] = _one_form(forms[key], form) if key in forms else form
    unread, abbreviations = Counter[str](), Counter[str]()
    for each in times:
        unread.update(each.unread)
        abbreviations.update(each.abbreviations)
    return TimeFinding(
        filled=sum(each.filled for each in times),
        naive=sum(each.naive for each in times),
        forms=tuple(sorted(forms.values(), key=lambda form: -form.count)),
        unread=dict(unread),
        abbreviations=dict(abbreviations.most_common()),
    )


def _one_form(one: TimeForm, other: TimeForm) -> TimeForm:
    zones = {zone.zone: zone for zone in one.zones}
    for zone in other.zones:
        known = zones.get(zone.zone, ZoneEvidence(zone.zone, 0, 0))
        zones[zone.zone] = ZoneEvidence(
            zone.zone, known.in_gap + zone.in_gap, known.in_overlap + zone.in_overlap
        )
    return replace(
        one,
        count=one.count + other.count,
        first=other.first if before(other.first, one.first) else one.first,
        last=other.last if before(one.last, other.last) else one.last,
        zones=tuple(zones.values()),
    )
