"""Columns as a run by the draft uses them."""

import tomllib
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from inflection_cli.catalog import COLUMN_ALIASES, FIELDS
from inflection_cli.errors import InflSegError
from inflection_cli.inspecting.call_drafts import FILL_IN
from inflection_cli.inspecting.inspection_result import ColumnFinding, Inspection
from inflection_cli.inspecting.profile_writer import ProfileWriter
from inflection_cli.inspecting.scan import InspectSettings
from inflection_cli.mapping.bind import bind
from inflection_cli.mapping.column_names import squash
from inflection_cli.mapping.layout import Layout, MissingColumnPolicy
from inflection_cli.mapping.unbound import PERSON

if TYPE_CHECKING:
    from inflection_cli.mapping.columns import BoundColumns

IN_PART: Final = "a part of it is a field, and its other members are not sent unless a profile names them"
_WHOLE: Final = "what it holds is a field"
_STAND_IN: Final = "-"
_PERSONS: Final = ("userId", "personId")
_NAMES: Final = frozenset(squash(word) for name in FIELDS for word in (name, *COLUMN_ALIASES.get(name, ())))
_BY_A_PROFILE: Final = frozenset({"path", "content"})


def as_drafted(found: Inspection, settings: InspectSettings) -> Inspection:
    """Return the inspection with the columns as its draft uses them.

    A run without a profile uses the columns that it knows by name, and a file that needs no more is told so. Once a
    path or a column of no known name is a field, only the draft says what becomes of the others: a column of which a
    part is a field is sent no more, and one that a name alone made a field becomes a property.
    """
    options = settings.convert.mapping.columns
    if options.profile is not None or found.calls or options.calls.type not in {None, "track"}:
        return found
    if not (found.proposals or any(map(_needs_a_profile, found.columns))):
        return found
    layout = _layout(found, settings)
    return found if layout is None else replace(found, columns=tuple(_as_bound(found, layout)))


def _needs_a_profile(column: ColumnFinding) -> bool:
    """Return whether only a profile uses a column so."""
    said = column.suggestion
    if said is not None:
        return said.reason in _BY_A_PROFILE
    return column.kind == "json" and squash(column.name) in _NAMES


def _layout(found: Inspection, settings: InspectSettings) -> Layout | None:
    """Bind the file by its draft; None if it cannot be bound."""
    from inflection_cli.mapping.profile.profile_file import profile_of  # noqa: PLC0415 - most files need no profile

    tables, open_fields = _answered(
        found, tomllib.loads(ProfileWriter(found, settings, show_values=False).text())
    )
    source = found.source
    try:
        options = replace(
            settings.convert.mapping.columns,
            profile=profile_of(tables, found.path),
            columns={},
            constants=dict.fromkeys(open_fields, _STAND_IN),
        )
        leeway = MissingColumnPolicy(any_key=source.keys_vary)
        return bind(source.columns, source.sample, options, file=source.path, leeway=leeway)
    except (InflSegError, ValueError):
        return None


def _answered(found: Inspection, tables: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return the draft without open lines, and the fields left to options."""
    answers = {"own_ids": False, "user_id_from": "email"}
    for name in ("time", "input", "options"):
        tables[name] = _without_open(tables.get(name, {}), answers)
    fields = tables.setdefault("fields", {})
    open_fields = [name for name, value in fields.items() if value == FILL_IN]
    for name in open_fields:
        column = found.of_field(name) or _path_for(name, found)
        if column is None:
            del fields[name]
        else:
            fields[name] = column.name
    for block in tables.get("event", []):
        if block.get("timestamp") == FILL_IN:
            block["timestamp"] = block["when"]["column"]
    given = {*fields, *(["event", "timestamp"] if tables.get("event") else [])}
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
