"""Format inspection results as text lines and as a JSON object.

`inspect --json` prints `command, version, complete, files[…], shapes[…], saved, to_fill_in[…], extends, exit_code`;
`extends` is the preset that the saved profile extends, or null. A shape has `files[], rows, differs[], seems[{kind,
words, evidence[], command, advice}]`: files of one shape have the same columns, with the same meaning. Each file has
`path, format, encoding, delimiter, compression, size_bytes, rows, unreadable, problems[…]` as `validate` words them
(those with the ids of people are among them), `sample{rows, bytes, of_bytes}` or null where all rows were read,
`encoding_evidence{suggested, words, sound, alike[], characters[{character, bytes, count}]}` or null,
`columns[{name, path, filled, share, distinct, distinct_bounded, content, samples[], field, why, tied_with[],
property, property_types[], left_out, profile[], times}]`, `events[{name, count, becomes}]`, `events_bounded`,
`proposals[{event, column, timed, rows, equals[], not_equals[], properties{}}]`,
`missing[{about, message, option, profile}]`, `preset{name, version, title, page, columns[], values{column: []},
person, records}` or null, and `refused{message, hint}` or null. A column's `times` are
`{zoned, naive, formats[], forms[{format, count, zoned, first, last}], zones[{zone, in_gap, in_overlap}], unread{}}`
or null; the `first` and `last` of times without a zone have no `Z`. Cells of the object are masked
unless --show-values is given.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from inflection_cli.inspecting import Inspection
from inflection_cli.inspecting.inspection_result import (
    MOST_DISTINCT,
    ColumnFinding,
    EventProposal,
    PresetProposal,
    TimeFinding,
    TimeForm,
)
from inflection_cli.inspecting.open_questions import rows_in_words
from inflection_cli.inspecting.sampling import RowSample
from inflection_cli.inspecting.shape_groups import ShapeGroup
from inflection_cli.mapping.column_names import listed
from inflection_cli.model import Problem, Severity
from inflection_cli.reading import Source
from inflection_cli.reporting.json_report import empty_report, problem_object
from inflection_cli.reporting.masking import CellDisplay
from inflection_cli.reporting.plan_text import size_words
from inflection_cli.reporting.shown_hints import hint_of
from inflection_cli.sanitize import counted, escape, mask_cell

_WIDEST_NAME: Final = 40
"""Columns of the names; a longer one stands in a line of its own."""

_MOST_FILES: Final = 200
_MOST_EVENTS: Final = 20
_NAMES_OF_DELIMITERS: Final = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}
_PLURAL: Final = {
    "empty": "nothing",
    "time": "times",
    "flag": "flags",
    "link": "links",
    "address": "addresses",
    "phone": "phone numbers",
    "network address": "network addresses",
    "browser": "browsers",
    "json": "JSON",
    "number": "numbers",
    "id": "ids",
    "text": "text",
}
_WHY: Final = {
    "option": "by your option",
    "name": "by its name",
    "spelling": "another spelling",
    "alias": "another word for it",
    "path": "the end of a path",
    "content": "by its cells",
}
Line = tuple[str, str]


def inspection_lines(
    group: ShapeGroup, cells: CellDisplay, looks: Sequence[Mapping[str, Any]] = ()
) -> Iterator[Line]:
    """Yield label and text for inspected files of one shape.

    Args:
        group: The files.
        cells: How cells are shown.
        looks: What they look like, as in the JSON object.
    """
    found = group.whole
    yield from file_lines(found) if len(group.files) == 1 else _group_lines(group)
    for label, difference in zip(("differs", *[""] * len(group.differs)), group.differs, strict=False):
        yield label, escape(difference)
    yield from preset_lines(found)
    for look in looks:
        yield "seems", escape(f"{look['words']}: {'; '.join(look['evidence'])}")
        yield from (("", f"  → {escape(way)}") for way in (look["command"], look["advice"]) if way)
    yield from _column_lines(found, cells, group.as_before)
    yield from _event_lines(found, cells)
    for proposal in found.proposals:
        yield "could be", _proposal_words(proposal)
    yield from _people_lines(found)
    # Totals lack a person and an event, and no option gives them one. A preset answers what is missing.
    is_settled = found.preset is not None or any(look["kind"] == "aggregates" for look in looks)
    for each in () if is_settled else found.missing:
        yield "missing", escape(each.message)
        ways = [escape(way) for way in (each.option, each.line) if way]
        if ways:
            yield "", f"  → {' · in a profile: '.join(ways)}"
    if found.refusal and not (found.missing or found.preset):
        message, hint = found.refusal
        if found.proposals or any(
            each.suggestion and each.suggestion.reason == "path" for each in found.columns
        ):
            message = f"{found.path}: no option, but a profile says what its rows stand for"
            hint = "infl-seg inspect FILE --save PROFILE.toml writes it"
        yield "refused", escape(message)
        yield "", f"  → {escape(hint)}"


def verdict(
    found: Sequence[Inspection],
    saved: str | None,
    to_fill_in: Sequence[str],
    groups: Sequence[tuple[ShapeGroup, Sequence[Mapping[str, Any]]]] = (),
    extended: PresetProposal | None = None,
) -> str:
    """Return the last line, which says what to do next.

    Args:
        found: The files.
        saved: The profile that was written.
        to_fill_in: Its lines that the user fills in.
        groups: The files by shape, with what they look like.
        extended: The preset that the profile extends.
    """
    looks = groups[0][1] if len(groups) == 1 else ()
    if saved and to_fill_in:
        lines = "a line" if len(to_fill_in) == 1 else f"{len(to_fill_in)} lines"
        return f"Fill in {lines} of {escape(saved)}, then: infl-seg validate FILE --profile {escape(saved)}"
    if saved:
        about = (
            f"The profile extends the preset {extended.name}; --no-preset drafts every line. "
            if extended
            else ""
        )
        return f"{about}Next: infl-seg validate FILE --profile {escape(saved)}"
    options = {each.preset.options if each.preset else None for each in found}
    if len(options) == 1 and (words := options.pop()) is not None:
        return f"Next: infl-seg validate FILE {escape(words)}"
    # Activity of other channels goes out as e-mail, until a profile leaves it out.
    mixed = any(look["kind"] == "other-channel" and look["advice"] for look in looks)
    if mixed or any(each.missing or each.refusal for each in found):
        look = next((look for look in looks if look["kind"] != "equal-rows"), None)
        way = (
            "Add what is missing by these options, or by a profile: infl-seg inspect FILE --save PROFILE.toml"
        )
        return way if look is None else f"Next: {escape(look['command'] or look['advice'])}"
    if any(problem.rule.severity is Severity.ERROR for each in found for problem in each.people):
        return "Fix the ids of the people, then: infl-seg validate"
    is_part = any(each.sample for each in found)
    where, what = (" in the rows that were read", ", which reads all") if is_part else ("", "")
    return f"Nothing is missing{where}. Next: infl-seg validate{what}"


def inspection_report(
    groups: Iterable[tuple[ShapeGroup, Sequence[Mapping[str, Any]]]],
    found: Iterable[Inspection],
    saved: str | None,
    to_fill_in: Sequence[str],
    *,
    show_values: bool,
) -> dict[str, Any]:
    """Return the JSON object of `inspect --json`, without the exit code."""
    return {
        **empty_report("inspect"),
        "complete": True,
        "files": [_file_object(each, show_values=show_values) for each in found],
        "shapes": [
            {
                "files": [each.path for each in group.files],
                "rows": group.whole.rows,
                "differs": [*group.differs],
                "seems": [*looks],
            }
            for group, looks in groups
        ],
        "saved": saved,
        "to_fill_in": [line.partition(" = ")[0] for line in to_fill_in],
    }


def file_lines(found: Inspection) -> Iterator[Line]:
    """Yield label and text for what a file is, and its rows."""
    source = found.source
    words = _form_words(source)
    if source.compression:
        words.append(source.compression)
    name = "standard input" if source.path == "-" else escape(source.path)
    yield "file", f"{name} ({', '.join(words)})"
    yield from _row_lines(found)


def _form_words(source: Source) -> list[str]:
    words = source.format_words
    if source.delimiter:
        words.append(
            _NAMES_OF_DELIMITERS.get(source.delimiter, f"delimiter {escape(repr(source.delimiter))}")
        )
    return words


def _row_lines(found: Inspection) -> Iterator[Line]:
    source = found.source
    if found.encoding is not None and found.encoding.suggested:
        yield "", f"read as {found.encoding.suggested} for this look; see what is missing"
    more = f", {found.unreadable:,} more could not be read" if found.unreadable else ""
    yield "rows", f"{found.rows:,}{more}"
    if found.sample is not None:
        yield "sample", sample_words(found.sample)
    for problem in found.problems:
        place = f"{escape(problem.file)}: " if problem.file not in {None, source.path} else ""
        yield "", place + _problem_words(problem)


def sample_words(sample: RowSample) -> str:
    """Return how much of a file was read, for people."""
    whole = size_words(sample.of_bytes)
    # A small file is read by one block, however few of its rows count.
    is_part = 0 < sample.bytes < sample.of_bytes
    read = f"were read, {size_words(sample.bytes)} of {whole}" if is_part else f"of {whole} were read"
    return f"only the first {sample.rows:,} rows {read}. All counts are of these rows; --all reads all"


def preset_lines(found: Inspection) -> Iterator[Line]:
    """Yield the preset that the file is for, with the evidence."""
    preset = found.preset
    if preset is None:
        return
    yield "preset", f"{preset.name}: {preset.title}"
    yield "", f"the file has {listed(preset.columns)}"
    for column, values in preset.values.items():
        yield "", f"“{column}” has {listed(values)}"
    yield "", f"it sends {preset.person}"
    if preset.records is not None:
        yield "", f"its records are in the list “{escape(preset.records)}”"
    yield "", f"  → infl-seg validate FILE {escape(preset.options)}"


def _people_lines(found: Inspection) -> Iterator[Line]:
    """Yield the problems with the ids of people, each with its hint."""
    label = "people"
    for problem in found.people:
        yield label, _problem_words(problem)
        yield "", f"  → {escape(hint_of(problem), 400)}"
        label = ""


def _problem_words(problem: Problem) -> str:
    where = f"line {problem.line:,}: " if problem.line else ""
    count = f" ({rows_in_words(problem.count)})" if problem.count > 1 else ""
    return f"{problem.rule.code}: {where}{escape(problem.message, 300)}{count}"


def _group_lines(group: ShapeGroup) -> Iterator[Line]:
    """Yield label and text for files of one shape, with their rows."""
    source = group.whole.source
    yield "files", f"{len(group.files):,} of one shape ({', '.join(_form_words(source))})"
    listed = group.files[:_MOST_FILES]
    width = max(len(escape(each.path)) for each in listed)
    for each in listed:
        unread = f", {each.unreadable:,} more could not be read" if each.unreadable else ""
        part = f" (the first of {size_words(each.sample.of_bytes)})" if each.sample else ""
        yield "", f"{escape(each.path):<{width}}  {rows_in_words(each.rows)}{part}{unread}"
    if len(group.files) > _MOST_FILES:
        yield "", f"and {len(group.files) - _MOST_FILES:,} more files, which --json lists"
    yield from _row_lines(group.whole)


def _column_lines(found: Inspection, cells: CellDisplay, left_out: Collection[str] = ()) -> Iterator[Line]:
    columns = [column for column in found.columns if column.name not in left_out]
    names = [escape(column.name) for column in columns]
    width = min(_WIDEST_NAME, max(map(len, names), default=0))
    label = "columns"
    for name, column in zip(names, columns, strict=True):
        is_long = len(name) > width
        if is_long:
            # It has a line of its own, so that no part of it is lost.
            yield label, name
            label = ""
        yield (
            label,
            f"{'' if is_long else name:<{width}}  {_share(column):>5} {_content(column):<20} {_becomes(column)}",
        )
        label = ""
        if column.samples:
            samples = dict.fromkeys(cells.of_column(sample, column) for sample in column.samples)
            yield "", f"{'':<{width}}  {', '.join(samples)}"
        if column.times is not None:
            for words in _time_words(column.times):
                yield "", f"{'':<{width}}  {words}"
    if left_out:
        yield label, f"and {counted(len(left_out), 'column')} as above"


def _share(column: ColumnFinding) -> str:
    if column.filled in {0, column.rows}:
        return "100 %" if column.filled else "0 %"
    return f"{min(99, max(1, round(100 * column.share)))} %"


def _content(column: ColumnFinding) -> str:
    if not column.distinct:
        return "nothing"
    bounded = column.is_least or column.distinct >= MOST_DISTINCT
    return f"{_PLURAL[column.kind]}, {'≥ ' if bounded else ''}{column.distinct:,}"


def _becomes(column: ColumnFinding) -> str:
    if column.uses:
        return f"profile: {', '.join(map(escape, column.uses))}"
    suggestion = column.suggestion
    if suggestion and suggestion.tied_with:
        others = ", ".join(f"“{escape(name)}”" for name in suggestion.tied_with[:3])
        return f"could be {suggestion.field}, as could {others}"
    if suggestion:
        only = "" if suggestion.reason not in {"path", "content"} else ", if a profile says so"
        return f"{suggestion.field} ({_WHY[suggestion.reason]}{only})"
    if column.sent_as:
        types = "" if column.sent_types == ("text",) else f" ({' or '.join(column.sent_types)})"
        return f"property {column.sent_as}{types}"
    return f"not sent: {escape(column.left_out, 200)}" if column.left_out else column.remark or ""


def _time_words(times: TimeFinding) -> Iterator[str]:
    for form in times.forms[:4]:
        whole = "all" if form.count == times.filled else f"{form.count:,} of {times.filled:,}"
        zone = "with a zone" if form.zoned else "without a zone"
        first, last = (_moment(text, form) for text in (form.first, form.last))
        name = escape(form.format) if form.format else "ISO 8601 or epoch"
        yield f"{whole} {zone} as {name}: {first} to {last}"
    for code, count in times.unread.items():
        yield f"{count:,} unusable: {code}"
    odd = [each for each in times.zones if each.in_gap or each.in_overlap]
    for each in odd:
        yield f"{each.zone}: {each.in_gap:,} in a gap of its clocks, {each.in_overlap:,} shown twice"


def _moment(exact: str, form: TimeForm) -> str:
    return f"{exact[:10]} {exact[11:19]}{' UTC' if form.zoned else ''}"


def _event_lines(found: Inspection, cells: CellDisplay) -> Iterator[Line]:
    label = "events"
    for event in found.events[:_MOST_EVENTS]:
        becomes = event.becomes or "unknown"
        yield (
            label,
            f"{cells.event(event.name, private=event.private)} in {rows_in_words(event.count)}: {becomes}",
        )
        label = ""
    unlisted = len(found.events) - _MOST_EVENTS
    if unlisted > 0:
        yield "", f"and {'at least ' if found.more_events else ''}{unlisted:,} more names"


def _proposal_words(proposal: EventProposal) -> str:
    column = f"“{escape(proposal.column)}”"
    if proposal.timed:
        return f"{proposal.event} at {column}, {rows_in_words(proposal.filled)}"
    return f"{proposal.event} where {column} says so, {rows_in_words(proposal.filled)}"


def _file_object(found: Inspection, *, show_values: bool) -> dict[str, Any]:
    source = found.source
    return {
        "path": source.path,
        "format": source.format,
        "encoding": source.encoding,
        "delimiter": source.delimiter,
        "compression": source.compression,
        "size_bytes": source.size_bytes,
        "rows": found.rows,
        "unreadable": found.unreadable,
        "sample": None
        if found.sample is None
        else {
            "rows": found.sample.rows,
            "bytes": found.sample.bytes,
            "of_bytes": found.sample.of_bytes,
        },
        "problems": [
            problem_object(each, show_values=show_values) for each in (*found.problems, *found.people)
        ],
        "encoding_evidence": _encoding_object(found),
        "columns": [_column_object(each, show_values=show_values) for each in found.columns],
        "events": [
            {
                "name": each.name if show_values or not each.private else mask_cell(each.name, in_full=False),
                "count": each.count,
                "becomes": each.becomes,
            }
            for each in found.events
        ],
        "events_bounded": found.more_events,
        "proposals": [_proposal_object(each) for each in found.proposals],
        "missing": [
            {"about": each.key, "message": each.message, "option": each.option, "profile": each.line}
            for each in found.missing
        ],
        "preset": None if found.preset is None else asdict(found.preset),
        "refused": {"message": found.refusal[0], "hint": found.refusal[1]} if found.refusal else None,
    }


def _encoding_object(found: Inspection) -> dict[str, Any] | None:
    evidence = found.encoding
    if evidence is None:
        return None
    return {
        "suggested": evidence.suggested,
        "words": evidence.words,
        "sound": evidence.sound,
        "alike": [*evidence.alike],
        "characters": [
            {"character": char, "bytes": raw, "count": count} for char, raw, count in evidence.characters
        ],
    }


def _column_object(column: ColumnFinding, *, show_values: bool) -> dict[str, Any]:
    suggestion = column.suggestion
    samples = [each if show_values else mask_cell(each, in_full=False) for each in column.samples]
    return {
        "name": column.name,
        "path": column.is_path,
        "filled": column.filled,
        "share": round(column.share, 4),
        "distinct": column.distinct,
        "distinct_bounded": column.distinct >= MOST_DISTINCT,
        "content": column.kind,
        "samples": samples,
        "field": suggestion.field if suggestion and not suggestion.tied_with else None,
        "why": suggestion.reason if suggestion else None,
        "tied_with": [*suggestion.tied_with] if suggestion else [],
        "property": column.sent_as,
        "property_types": list(column.sent_types) if column.sent_as else [],
        "left_out": column.left_out,
        "profile": [*column.uses],
        "times": _times_object(column.times) if column.times else None,
    }


def _times_object(times: TimeFinding) -> dict[str, Any]:
    return {
        "zoned": times.zoned,
        "naive": times.naive,
        "formats": [*times.formats],
        "forms": [
            {
                "format": form.format,
                "count": form.count,
                "zoned": form.zoned,
                "first": form.first if form.zoned else form.first.removesuffix("Z"),
                "last": form.last if form.zoned else form.last.removesuffix("Z"),
            }
            for form in times.forms
        ],
        "zones": [
            {"zone": each.zone, "in_gap": each.in_gap, "in_overlap": each.in_overlap} for each in times.zones
        ],
        "unread": times.unread,
    }


def _proposal_object(proposal: EventProposal) -> dict[str, Any]:
    return {
        "event": proposal.event,
        "column": proposal.column,
        "timed": proposal.timed,
        "rows": proposal.filled,
        "equals": [*proposal.equals],
        "not_equals": [*proposal.not_equals],
        "properties": dict(proposal.properties),
    }
