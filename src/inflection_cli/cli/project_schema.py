"""Schema of the project file `infl-seg.toml`: option defaults, never destinations."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from pydantic import ConfigDict

from inflection_cli.catalog import EVENT_FIELDS, FIELDS
from inflection_cli.errors import UsageError
from inflection_cli.mapping.profile.profile_checks import option_faults
from inflection_cli.mapping.times.timestamps import parse_bound
from inflection_cli.settings.declarations import (
    DeliveryOptions,
    InputOptions,
    MessageOptions,
    ReportingOptions,
    WorkOptions,
    file_keys,
    refusals,
)
from inflection_cli.settings.toml_file import Table, TomlFault, near, parse, schema_of, shortened, table_model

_KEYS: Final = file_keys(InputOptions, WorkOptions, MessageOptions, ReportingOptions, DeliveryOptions)


class _ProjectTable(Table):
    model_config = ConfigDict(title="infl-seg project file")


ProjectFile: Final = table_model(
    "ProjectFile",
    "Defaults for infl-seg options in this folder; flags and profiles override them.",
    {each.key: (each, each.project_help) for each in _KEYS},
    base=_ProjectTable,
)


def read_project(path: Path, *, file: str) -> dict[str, Any]:
    """Read a project file; return its settings by option field.

    Args:
        path: Where it is.
        file: The path as the user knows it.

    Raises:
        UsageError: The file cannot be read.
        SettingsFileFaults: It is not a sound project file; all its faults are listed.
    """
    parsed = parse(path, ProjectFile, what="project file", refused=refusals(project=True), file=file)
    parsed.require_sound("project file", _faults_of(parsed.model) if parsed.model else ())
    given = parsed.model.model_dump(exclude_none=True) if parsed.model else {}
    return {each.field: each.converted(given[each.key]) for each in _KEYS if each.key in given}


def project_schema() -> dict[str, Any]:
    """Return the JSON Schema of a project file (draft 2020-12)."""
    return schema_of(ProjectFile, "project")


def _faults_of(given: Any) -> Iterator[TomlFault]:
    if given.preset is not None and given.profile is not None:
        yield TomlFault(
            ("preset",), f'profile is set too; keep one, or let that profile extend "preset:{given.preset}"'
        )
    yield from _fields(given)
    for each in _KEYS:
        yield from option_faults(each, (each.key,), getattr(given, each.key))
    yield from _words("context", given.context or ())
    yield from _words("integration", given.integration or ())
    yield from _bound("since", given.since)
    yield from _bound("until", given.until)


def _fields(given: Any) -> Iterator[TomlFault]:
    for table, named in (("map", given.map), ("set", given.set)):
        for name in named or ():
            if name not in EVENT_FIELDS:
                close = near(name, FIELDS) or f"; there are {', '.join(FIELDS)}"
                yield TomlFault((table, name), f"there is no such field{close}")
    for name in {*(given.map or ())} & {*(given.set or ())}:
        yield TomlFault(("set", name), "is under [map] too; keep one of the two")


def _words(table: str, names: Iterable[str]) -> Iterator[TomlFault]:
    for name in names:
        if "=" in name:
            yield TomlFault((table, name), "a name has no =, as none could be given on the command line")


def _bound(name: str, text: str | None) -> Iterator[TomlFault]:
    try:
        if text is not None:
            parse_bound(shortened(text), "UTC")
    except UsageError as error:
        yield TomlFault((name,), f"{error.message}; {error.hint}" if error.hint else error.message)
