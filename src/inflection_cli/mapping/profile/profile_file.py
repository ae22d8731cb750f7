"""Read a profile from its TOML file strictly, with all faults listed."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from inflection_cli.catalog import CALL_ONLY_FIELDS, FIELDS
from inflection_cli.mapping.profile import profile_schema as shape
from inflection_cli.mapping.profile.profile_checks import TABLES, faults_of
from inflection_cli.mapping.profile.profile_nouns import (
    CellCondition,
    CellRule,
    EventBlock,
    Profile,
    TimeRule,
    Timestamps,
)
from inflection_cli.settings.declarations import InputOptions, profile_keys, refusals
from inflection_cli.settings.layering import with_values
from inflection_cli.settings.toml_file import parse, schema_of

REFUSED: Final = {
    "constant": "an event's time cannot be one and the same for all; name a column",
    **{
        name: f"{why}; a profile says how an export is read, and nothing of where it goes"
        for name, why in refusals().items()
    },
}


def read_profile(path: str | Path, environ: Mapping[str, str], *, file: str | None = None) -> Profile:
    """Read a profile from its TOML file.

    Args:
        path: Where it is.
        environ: Where the salts of hashes come from.
        file: The path as the user knows it, where that is another one.

    Raises:
        UsageError: The file cannot be read.
        SettingsFileFaults: It is not a sound profile; all its faults are listed.
    """
    parsed = parse(path, shape.ProfileFile, what="profile", refused=REFUSED, file=file)
    parsed.require_sound("profile", faults_of(parsed.model, environ) if parsed.model else ())
    assert parsed.model is not None
    return _profile(parsed.model, parsed.file, parsed.digest, environ)


def profile_schema() -> dict[str, Any]:
    """Return the JSON Schema of a profile, draft 2020-12."""
    return schema_of(shape.ProfileFile, "profile")


def _profile(given: shape.ProfileFile, file: str, digest: str, environ: Mapping[str, str]) -> Profile:
    time, columns = given.time, given.columns or shape.Columns()
    return Profile(
        path=file,
        digest=digest,
        options=_options(given),
        times={
            name: TimeRule(rule.zone, rule.format) for name, rule in ((time and time.columns) or {}).items()
        },
        fields=_fields(given.fields, environ),
        timestamp=_timestamps(given.fields.timestamp if given.fields else None),
        properties=_cells(given.properties or {}, environ),
        other_columns=columns.others or "send",
        drop=tuple(columns.drop or ()),
        events=tuple(_block(event, environ) for event in given.event or ()),
        context=given.context or {},
        integrations=given.integrations or {},
        type=given.type,
        traits=_cells(given.traits or {}, environ),
    )


def _options(given: shape.ProfileFile) -> InputOptions:
    values = {
        each.field: each.converted(value)
        for table in TABLES
        for each in profile_keys(table)
        if (value := getattr(getattr(given, table), each.profile_name, None)) is not None
    }
    return with_values(InputOptions(), values)


def _block(event: shape.Event, environ: Mapping[str, str]) -> EventBlock:
    return EventBlock(
        name=event.name,
        timestamp=_timestamps(event.timestamp),
        when=tuple(_condition(one) for one in event.when or ()),
        fields=_fields(event.fields, environ),
        properties=_cells(event.properties or {}, environ),
        type=event.type,
        traits=_cells(event.traits or {}, environ),
    )


def _condition(given: shape.Condition) -> CellCondition:
    assert given.column is not None
    return CellCondition(given.column, tuple(given.equals or ()), tuple(given.not_equals or ()), given.filled)


def _timestamps(given: shape.Timestamp | None) -> Timestamps | None:
    return None if given is None else Timestamps(tuple(given.columns or ()), given.choose or "first")


def _fields(given: shape.Fields | None, environ: Mapping[str, str]) -> dict[str, CellRule]:
    names = (*FIELDS, *CALL_ONLY_FIELDS)
    cells = {name: getattr(given, name) for name in names} if given is not None else {}
    return _cells({name: cell for name, cell in cells.items() if isinstance(cell, shape.Cell)}, environ)


def _cells(given: Mapping[str, shape.Cell], environ: Mapping[str, str]) -> dict[str, CellRule]:
    return {name: _cell(cell, environ) for name, cell in given.items()}


def _cell(given: shape.Cell, environ: Mapping[str, str]) -> CellRule:
    kind = {}
    if isinstance(given, shape.PropertyCell):
        kind = {"type": given.type, "decimal": given.decimal or ".", "separator": given.separator}
    return CellRule(
        column=given.column,
        constant=given.constant,
        by_file=given.by_file or {},
        values=given.values or {},
        otherwise=given.otherwise or "keep",
        hash=given.hash is not None,
        salt=environ[given.salt_env] if given.salt_env is not None else "",
        **kind,  # type: ignore[arg-type]
    )
