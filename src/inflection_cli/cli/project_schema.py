"""Schema of the project file `infl-seg.toml`: option defaults, never destinations."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, ConfigDict, Field

from inflection_cli.catalog import FIELDS
from inflection_cli.errors import UsageError
from inflection_cli.mapping.profile import profile_checks as checks
from inflection_cli.mapping.profile.profile_schema import Options
from inflection_cli.mapping.times.timestamps import parse_bound
from inflection_cli.settings.forbidden_keys import NEVER
from inflection_cli.settings.toml_file import (
    OneOrMore,
    Text,
    TomlFault,
    listed,
    near,
    parse,
    schema_of,
    shortened,
)

MOST_REQUESTS_PER_SECOND: Final = 50.0
MOST_EVENTS_PER_SECOND: Final = 500.0
"""The command's own defaults; a file that came with a pull request can only slow a run down."""

_REFUSED: Final = {
    **NEVER,
    **{
        name: "is said on the command line: --" + name.replace("_", "-")
        for name in ("json", "quiet", "verbose", "color", "patience", "no_gzip")
    },
}


@dataclass(frozen=True, slots=True)
class ProjectSettings:
    """Settings of a project file, named like their options; None means unset.

    Attributes:
        profile: The path as the file has it, relative to its folder.
    """

    profile: str | None = None
    map: Mapping[str, str] = field(default_factory=dict)
    set: Mapping[str, str] = field(default_factory=dict)
    property: tuple[str, ...] = ()
    unknown_events: str | None = None
    naming: str | None = None
    user_id_from: str | None = None
    anonymous_id_from: str | None = None
    own_ids: bool = True
    properties_as_text: bool = False
    timezone: str | None = None
    timestamp_format: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    records: str | None = None
    null: tuple[str, ...] = ()
    since: str | None = None
    until: str | None = None
    event: tuple[str, ...] = ()
    integration: Mapping[str, bool] = field(default_factory=dict)
    context: Mapping[str, str] = field(default_factory=dict)
    report: str | None = None
    requests_per_second: float | None = None
    events_per_second: float | None = None


Rate = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class ProjectFile(Options):
    """Defaults for infl-seg options in this folder; flags and profiles override them."""

    model_config = ConfigDict(title="infl-seg project file")

    profile: Text | None = Field(
        default=None, description="The profile, in this folder or below. As `--profile`."
    )
    map: dict[str, Text] | None = Field(default=None, description="A column for each field. As `--map`.")
    set: dict[str, Text] | None = Field(
        default=None, description="A value for each field, for all rows. As `--set`."
    )
    property: list[Text] | None = Field(
        default=None, description="Columns that are sent though they look personal. As `--property`."
    )
    timezone: Text | None = Field(default=None, description="Zone of times that name none. As `--timezone`.")
    timestamp_format: Text | None = Field(
        default=None, description="The form of the times. As `--timestamp-format`."
    )
    encoding: Text | None = Field(default=None, description="Encoding of the files. As `--encoding`.")
    delimiter: Text | None = Field(
        default=None, description='The character between cells, or "tab". As `--delimiter`.'
    )
    records: Text | None = Field(
        default=None, description="Where the list of records is in a JSON document. As `--records`."
    )
    null: Annotated[list[Text], BeforeValidator(listed), OneOrMore()] | None = Field(
        default=None, min_length=1, description="Texts that stand for an empty cell. As `--null`."
    )
    since: Text | None = Field(default=None, description="Keep events from this time on. As `--since`.")
    until: Text | None = Field(default=None, description="Keep events before this time. As `--until`.")
    event: Annotated[list[Text], BeforeValidator(listed), OneOrMore()] | None = Field(
        default=None, min_length=1, description="Keep these events only. As `--event`."
    )
    integration: dict[str, bool] | None = Field(
        default=None, description="Destinations turned on or off. As `--integration`."
    )
    context: dict[str, Text] | None = Field(
        default=None, description="Further members of every event's context. As `--context`."
    )
    report: Literal["text", "json", "github", "junit", "sarif"] | None = Field(
        default=None,
        description="The report that goes to standard output. As `--report`, which alone can name a path.",
    )
    requests_per_second: Rate | None = Field(
        default=None, le=MOST_REQUESTS_PER_SECOND, description="Most requests a second, 50 at the most."
    )
    events_per_second: Rate | None = Field(
        default=None, le=MOST_EVENTS_PER_SECOND, description="Most events a second, 500 at the most."
    )


def read_project(path: Path, *, file: str) -> ProjectSettings:
    """Read a project file.

    Args:
        path: Where it is.
        file: The path as the user knows it.

    Raises:
        UsageError: The file cannot be read.
        SettingsFileFaults: It is not a sound project file; all its faults are listed.
    """
    parsed = parse(path, ProjectFile, what="project file", refused=_REFUSED, file=file)
    parsed.require_sound("project file", _faults_of(parsed.model) if parsed.model else ())
    assert parsed.model is not None
    given = {name: getattr(parsed.model, name) for name in type(parsed.model).model_fields}
    said: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in given.items()
        if value is not None
    }
    return ProjectSettings(**said)


def project_schema() -> dict[str, Any]:
    """Return the JSON Schema of a project file (draft 2020-12)."""
    return schema_of(ProjectFile, "project")


def _faults_of(given: ProjectFile) -> Iterator[TomlFault]:
    yield from _fields(given)
    yield from checks.zone_fault(("timezone",), given.timezone)
    yield from checks.format_fault(("timestamp_format",), given.timestamp_format)
    yield from checks.encoding_fault(("encoding",), given.encoding)
    yield from checks.delimiter_fault(("delimiter",), given.delimiter)
    yield from checks.records_fault(("records",), given.records)
    yield from checks.null_faults(("null",), given.null)
    yield from checks.context_faults(("context",), given.context)
    yield from checks.integration_faults(("integration",), given.integration)
    yield from _words("context", given.context or ())
    yield from _words("integration", given.integration or ())
    yield from _bound("since", given.since)
    yield from _bound("until", given.until)


def _fields(given: ProjectFile) -> Iterator[TomlFault]:
    for table, named in (("map", given.map), ("set", given.set)):
        for name in named or ():
            if name not in FIELDS:
                close = near(name, FIELDS) or f"; there are {', '.join(FIELDS)}"
                yield TomlFault((table, name), f"there is no such field{close}")
    for name in {*(given.map or ())} & {*(given.set or ())}:
        yield TomlFault(("set", name), "stands under [map] too; keep one of the two")


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
