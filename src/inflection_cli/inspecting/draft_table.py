"""Columns as a run by the draft uses them."""

import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from inflection_cli.catalog import COLUMN_ALIASES, FIELDS
from inflection_cli.errors import InflSegError, UsageError
from inflection_cli.inspecting.call_drafts import FILL_IN
from inflection_cli.inspecting.inspection_result import ColumnFinding, Inspection, Suggestion
from inflection_cli.inspecting.open_questions import events_by_file
from inflection_cli.inspecting.other_channels import channel_columns
from inflection_cli.inspecting.profile_writer import ProfileWriter
from inflection_cli.inspecting.scan import InspectSettings
from inflection_cli.inspecting.shape_groups import merged, shape_groups
from inflection_cli.mapping.bind import bind
from inflection_cli.mapping.column_names import listed, squash
from inflection_cli.mapping.layout import Layout, MissingColumnPolicy
from inflection_cli.mapping.unbound import PERSON

if TYPE_CHECKING:
    from inflection_cli.mapping.columns import BoundColumns

IN_PART: Final = "a part of it is a field, and its other members are not sent unless a profile names them"
_WHOLE: Final = "what it holds is a field"
_STAND_IN: Final = "-"
_MOST_FILES: Final = 5
_PERSONS: Final = ("userId", "personId")
_NAMES: Final = frozenset(squash(word) for name in FIELDS for word in (name, *COLUMN_ALIASES.get(name, ())))
_BY_A_PROFILE: Final = frozenset({"path", "content"})


def as_drafted(found: Inspection, settings: InspectSettings, whole: Inspection | None = None) -> Inspection:
    """Return the inspection with the columns as the draft uses them.

    A run without a profile uses the columns that it knows by name, and a file that needs no more is told so. Once a
    path or a column of no known name is a field, only the draft says what becomes of the others: a column of which a
    part is a field is sent no more, and one that a name alone made a field becomes a property.

    Args:
        found: What is in one file.
        settings: What the user says.
        whole: What is in all files that the draft is for; None if it is for this one.
    """
    options = settings.convert.mapping.columns
    if options.profile is not None or found.calls or options.calls.type not in {None, "track"}:
        return found
    if whole is None and not _needs_a_draft(found):
        return found
    layout = _layout(found, settings, whole or found)
    if layout is None:
        return found
    columns = tuple(_as_bound(found, layout))
    return replace(found, columns=columns if whole is None else tuple(_with_fields(columns, layout, whole)))


def _needs_a_draft(found: Inspection) -> bool:
    """Return whether only a profile says what becomes of the columns."""
    by_profile = found.proposals or events_by_file(found) or any(channel_columns(found))
    return bool(by_profile) or any(map(_needs_a_profile, found.columns))


def _needs_a_profile(column: ColumnFinding) -> bool:
    """Return whether only a profile uses a column so."""
    said = column.suggestion
    if said is not None:
        return said.reason in _BY_A_PROFILE
    return column.kind == "json" and squash(column.name) in _NAMES


def _layout(found: Inspection, settings: InspectSettings, whole: Inspection) -> Layout | None:
    """Bind the file by the draft; None if impossible."""
    from inflection_cli.mapping.profile.profile_file import profile_of  # noqa: PLC0415 - most files need no profile

    tables, open_fields = _answered(
        whole, tomllib.loads(ProfileWriter(whole, settings, show_values=False).text())
    )
    source = found.source
    try:
        options = replace(
            settings.convert.mapping.columns,
            profile=profile_of(tables, found.path),
            columns={},
            constants=dict.fromkeys(open_fields, _STAND_IN),
        )
        names = {column.name for column in whole.columns}
        leeway = MissingColumnPolicy(any_key=source.keys_vary, elsewhere=names.__contains__)
        return bind(source.columns, source.sample, options, file=source.path, leeway=leeway)
    except (InflSegError, ValueError):
        return None


def _answered(found: Inspection, tables: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return the draft without open lines, and the fields left to options."""
    answers = {"own_ids": False, "user_id_from": "email"}
    for name in ("time", "input", "options"):
        tables[name] = _without_open(tables.get(name, {}), answers)
    fields = tables.setdefault("fields", {})
    by_file = fields.get("event")
    if isinstance(by_file, dict) and "by_file" in by_file:
        by_file["by_file"] = {
            pattern: _STAND_IN if event == FILL_IN else event for pattern, event in by_file["by_file"].items()
        }
    open_fields = [name for name, value in fields.items() if value == FILL_IN]
    for name in open_fields:
        column = found.of_field(name) or _path_for(name, found)
        if column is None:
            del fields[name]
        else:
            fields[name] = column.name
    for block in tables.get("event", []):
        if block.get("timestamp") == FILL_IN:
            tests = block["when"]
            block["timestamp"] = (tests[0] if isinstance(tests, list) else tests)["column"]
    of_blocks = {"event": "name", "timestamp": "timestamp"}
    blocks = tables.get("event", [])
    given = {*fields, *(name for name, key in of_blocks.items() if any(key in block for block in blocks))}
    persons = [] if given.intersection(_PERSONS) or "user_id_from" in tables["options"] else ["userId"]
    return tables, [*(name for name in ("event", "timestamp") if name not in given), *persons]


def _path_for(name: str, found: Inspection) -> ColumnFinding | None:
    """Return a path for a field if all candidates share a column."""
    names = {name, PERSON} if name in _PERSONS else {name}
    could = [column for each in found.unbound if each.field in names for column in each.candidates]
    columns = {each.partition(".")[0] for each in could}
    return found.column(could[0]) if len(columns) == 1 and found.column(could[0]).is_path else None


def _without_open(table: dict[str, Any], answers: dict[str, Any]) -> dict[str, Any]:
    """Return a table with its open values answered or removed."""
    kept: dict[str, Any] = {}
    for name, value in table.items():
        if isinstance(value, dict):
            kept[name] = _without_open(value, answers)
        elif value != FILL_IN:
            kept[name] = value
        elif name in answers:
            kept[name] = answers[name]
    return kept


def _with_fields(
    columns: Iterable[ColumnFinding], layout: Layout, whole: Inspection
) -> Iterator[ColumnFinding]:
    """Yield a file's columns as fields by the draft for all."""
    fields = {origin: name for name, origins in layout.columns.by_field().items() for origin in origins}
    known = {column.name: column.suggestion for column in whole.columns}
    for column in columns:
        name, said = fields.get(column.name), known.get(column.name)
        if name is not None:
            is_known = said is not None and said.field == name
            yield replace(column, suggestion=said if is_known else Suggestion(name, "content"))
        elif column.suggestion is not None and not column.suggestion.tied_with:
            yield replace(column, suggestion=None)
        else:
            yield column


def _as_bound(found: Inspection, layout: Layout) -> Iterator[ColumnFinding]:
    """Yield the columns with what the layout does with them."""
    bound: BoundColumns = layout.columns
    sent = {origin: name for name, origins in bound.by_property().items() for origin in origins}
    left_out = {note.field: note.detail for note in bound.notes}
    remarks = dict.fromkeys(layout.in_part, IN_PART)
    fields = {origin for origins in bound.by_field().values() for origin in origins}
    used = {each.name for each in found.columns if any(path.startswith(f"{each.name}.") for path in fields)}
    for column in found.columns:
        yield replace(
            column,
            sent_as=sent.get(column.name),
            left_out=left_out.get(column.name),
            remark=column.remark or remarks.get(column.name) or (_WHOLE if column.name in used else None),
        )


def drafted_together(
    found: Sequence[Inspection], settings: InspectSettings
) -> tuple[Inspection, list[Inspection]]:
    """Return the files together, and each by the draft for all.

    Args:
        found: What is in each file.
        settings: What the user says.

    Raises:
        UsageError: One profile cannot be drafted for them.
    """
    if len(found) == 1:
        return found[0], [*found]
    whole = merged(found, settings.convert)
    _refuse_different(found, whole, settings)
    each_drafted = [as_drafted(each, settings, whole) for each in found]
    return merged(each_drafted, settings.convert), each_drafted


def _refuse_different(found: Sequence[Inspection], whole: Inspection, settings: InspectSettings) -> None:
    """Check that one profile can be drafted for the files."""
    forms = {_form_of(each): each.path for each in found}
    if len(forms) > 1:
        differs = "are written in different ways"
    elif len(shape_groups(found, lambda _: settings.convert)) > 1 and not events_by_file(whole):
        differs = "have different columns, and their names do not say which event each holds"
    else:
        return
    paths = listed([each.path for each in found], _MOST_FILES)
    raise UsageError(
        f"--save drafts one profile, and the {len(found):,} files {differs}: {paths}",
        hint="draft one for each shape: infl-seg inspect FILE --save PROFILE.toml",
    )


def _form_of(found: Inspection) -> tuple[object, ...]:
    source = found.source
    off = (source.header_line, source.off)
    return (source.format, source.encoding, source.delimiter, source.records, off, bool(found.proposals))
