"""Read a profile from its TOML file strictly, with all faults listed."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from inflection_cli.mapping.profile import profile_schema as shape
from inflection_cli.mapping.profile.profile_checks import TABLES, faults_of
from inflection_cli.mapping.profile.profile_layers import read_layers
from inflection_cli.settings.declarations import InputOptions, profile_keys, refusals
from inflection_cli.settings.layering import with_values
from inflection_cli.settings.toml_file import schema_of

REFUSED: Final = {
    "constant": "an event's time cannot be one and the same for all; name a column",
    **{
        name: f"{why}; a profile says how an export is read, and nothing of where it goes"
        for name, why in refusals().items()
    },
}


def read_profile(path: str | Path, environ: Mapping[str, str], *, file: str | None = None) -> shape.Profile:
    """Read a profile from its TOML file.

    Args:
        path: Where it is, or `preset:NAME`.
        environ: Where the salts of hashes come from.
        file: The path as the user knows it, where that is another one.

    Raises:
        UsageError: The file cannot be read.
        SettingsFileFaults: It is not a sound profile; all its faults are listed.
    """
    layers = read_layers(path, REFUSED, file)
    parsed = layers.parsed
    faults = faults_of(parsed.model, environ) if parsed.model else ()
    parsed.require_sound("profile", [*layers.faults, *map(layers.placed, faults)])
    assert parsed.model is not None
    profile = _profile(parsed.model, parsed.file, layers.digest, environ)
    return replace(profile, preset=layers.preset, of_preset=layers.of_preset)


def profile_of(tables: Mapping[str, Any], file: str) -> shape.Profile:
    """Return the profile of parsed TOML that this package wrote.

    Raises:
        ValueError: It has not the shape of a profile.
    """
    return _profile(shape.ProfileFile.model_validate(tables), file, "", {})


def profile_schema() -> dict[str, Any]:
    """Return the JSON Schema of a profile, draft 2020-12."""
    return schema_of(shape.ProfileFile, "profile")


def _profile(given: shape.ProfileFile, file: str, digest: str, environ: Mapping[str, str]) -> shape.Profile:
    parts: tuple[shape.ProfileFile | shape.Event, ...] = (given, *given.event)
    cells = [
        cell
        for each in parts
        for cell in (*each.fields.cells.values(), *each.properties.values(), *each.traits.values())
    ]
    return shape.Profile(
        path=file,
        digest=digest,
        options=_options(given),
        times=(given.time and given.time.columns) or {},
        fields=given.fields,
        properties=given.properties,
        other_columns=given.columns.others,
        drop=tuple(given.columns.drop),
        events=tuple(given.event),
        context=given.context,
        integrations=given.integrations,
        salts={cell.salt_env: environ[cell.salt_env] for cell in cells if cell.salt_env is not None},
        type=given.type,
        traits=given.traits,
        lookups=given.lookup,
    )


def _options(given: shape.ProfileFile) -> InputOptions:
    values = {
        each.field: each.converted(value)
        for table in TABLES
        for each in profile_keys(table)
        if (value := getattr(getattr(given, table), each.profile_name, None)) is not None
    }
    return with_values(InputOptions(), values)
