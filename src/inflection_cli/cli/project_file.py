"""The project file: search for it, and merge its defaults with options."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from inflection_cli.cli.options import (
    DeliveryOptions,
    InputOptions,
    MessageOptions,
    Naming,
    ReportingOptions,
    UnknownEvents,
)
from inflection_cli.errors import UsageError

if TYPE_CHECKING:
    from inflection_cli.cli.project_schema import ProjectSettings
    from inflection_cli.mapping.profile.profile_nouns import Profile

NAME: Final = "infl-seg.toml"
SWITCH: Final = "INFL_SEG_NO_PROJECT"
_OFF_WORDS: Final = frozenset({"", "0", "false", "no", "off"})

_SCALARS: Final = (
    "unknown_events",
    "naming",
    "user_id_from",
    "anonymous_id_from",
    "timezone",
    "timestamp_format",
    "encoding",
    "delimiter",
    "records",
    "since",
    "until",
)
_OF_TIMES: Final = ("timezone", "timestamp_format")
_OF_MESSAGES: Final = ("since", "until", "event", "integration", "context")
_ENUMS: Final[Mapping[str, Any]] = {"unknown_events": UnknownEvents, "naming": Naming}


@dataclass(frozen=True, slots=True)
class Project:
    """A project file that was found and read.

    Attributes:
        path: The file, from the working directory.
        folder: Its folder, without symbolic links.
        settings: What it sets.
    """

    path: str
    folder: Path
    settings: "ProjectSettings"


@dataclass(frozen=True, slots=True)
class Settled:
    """Effective settings from flags, profile and project file.

    Attributes:
        reading: The user's flags, and beneath them the project file's defaults where the profile is silent.
        message: Likewise.
        profile: The profile, if one was named.
        took: What the project file had a say in, by option.
    """

    reading: InputOptions
    message: MessageOptions | None
    profile: "Profile | None"
    took: dict[str, Any]


def find_project(start: Path, environ: Mapping[str, str], *, off: bool = False) -> Project | None:
    """Return the project file of `start` or the nearest parent folder.

    Args:
        start: Where to begin.
        environ: Says where home is, and whether project files count.
        off: Whether the user wants none.

    Raises:
        UsageError: It is found, and cannot be read.
        SettingsFileFaults: It is found, and is not sound; all its faults are listed.
    """
    if off or environ.get(SWITCH, "").lower() not in _OFF_WORDS:
        return None
    found = next((path for path in _candidates(start.resolve(), environ) if os.path.lexists(path)), None)
    if found is None:
        return None
    shown = os.path.relpath(found, start.resolve())
    real = Path(os.path.realpath(found))
    if not real.is_relative_to(found.parent):
        raise UsageError(
            f"the project file {shown} is a link that leads out of its folder",
            hint=f"put the file itself there, or leave it out for this run: --no-project (or {SWITCH}=1)",
        )
    from inflection_cli.cli.project_schema import read_project

    try:
        return Project(shown, found.parent, read_project(real, file=shown))
    except UsageError as error:
        error.hint = error.hint or f"mend it, or leave it out for this run: --no-project (or {SWITCH}=1)"
        raise


def settle(
    project: Project | None,
    reading: InputOptions,
    message: MessageOptions | None,
    environ: Mapping[str, str],
) -> Settled:
    """Merge settings: flags override the profile, the profile overrides the project file.

    Raises:
        UsageError: The profile cannot be read, or the project file names one outside its folder.
        SettingsFileFaults: The profile is not sound; all its faults are listed.
    """
    profile = _profile(project, reading, environ)
    if project is None:
        return Settled(reading, message, profile, {})
    given = project.settings
    took: dict[str, Any] = {}
    if reading.profile is None and given.profile is not None:
        took["profile"] = given.profile
    changes = {**_scalars(given, reading, profile, took), **_lists(given, reading, profile, took)}
    if profile is not None:
        changes["profile"] = profile.path
        # Beneath the profile, also beneath what it says of single columns, which a flag would beat.
        profile = replace(profile, **{name: changes.pop(name) for name in _OF_TIMES if name in changes})
    if message is not None:
        known = profile.context if profile else {}, profile.integrations if profile else {}
        message = _message(given, message, *known, took)
    return Settled(replace(reading, **changes), message, profile, took)


def of_messages(project: Project | None) -> Project | None:
    """Return a project file reduced to its settings for prebuilt messages."""
    if project is None:
        return None
    kept = {name: getattr(project.settings, name) for name in _OF_MESSAGES}
    return replace(project, settings=type(project.settings)(**kept))


def reporting(project: Project | None, output: ReportingOptions) -> tuple[ReportingOptions, dict[str, Any]]:
    """Use the project file's report if no flag selects the output."""
    if project is None or project.settings.report is None or output.report or output.json:
        return output, {}
    return replace(output, report=[project.settings.report]), {"report": project.settings.report}


def slowed(project: Project | None, delivery: DeliveryOptions) -> tuple[DeliveryOptions, dict[str, Any]]:
    """Use the project file's rates if no flag sets them."""
    took = {
        name: getattr(project.settings, name)
        for name in ("requests_per_second", "events_per_second")
        if project is not None
        and getattr(delivery, name) is None
        and getattr(project.settings, name) is not None
    }
    return replace(delivery, **took), took


def _candidates(start: Path, environ: Mapping[str, str]) -> Iterator[Path]:
    home = environ.get("HOME")
    above_home = Path(os.path.realpath(home)).parent if home else None
    for folder in (start, *start.parents):
        if folder == above_home:
            return
        yield folder / NAME


def _profile(project: Project | None, reading: InputOptions, environ: Mapping[str, str]) -> "Profile | None":
    if reading.profile is not None:
        from inflection_cli.mapping.profile.profile_file import read_profile

        return read_profile(reading.profile, environ)
    if project is None or project.settings.profile is None:
        return None
    from inflection_cli.mapping.profile.profile_file import read_profile

    named = project.settings.profile
    shown = os.path.normpath(Path(project.path).parent / named)
    try:
        real = Path(os.path.realpath(project.folder / named))
        inside = not Path(named).is_absolute() and real.is_relative_to(project.folder)
    except (OSError, ValueError):
        inside = False
    if not inside:
        raise UsageError(
            f"{project.path}: profile = “{named}” leads out of the project file's folder",
            hint="a project file names a profile in its own folder or below; any other: --profile FILE",
        )
    return read_profile(real, environ, file=shown)


def _scalars(
    given: "ProjectSettings", reading: InputOptions, profile: "Profile | None", took: dict[str, Any]
) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    for name in _SCALARS:
        value = getattr(given, name)
        silent = getattr(reading, name) is None and getattr(profile, name, None) is None
        if value is not None and silent:
            took[name] = value
            changes[name] = _ENUMS[name](value) if name in _ENUMS else value
    mapped = profile is not None and "event_id" in _fields_of(profile)
    if not given.own_ids and not reading.no_event_id and not mapped:
        took["own_ids"] = False
        changes["no_event_id"] = True
    as_text = reading.properties_as_text or (profile is not None and profile.properties_as_text)
    if given.properties_as_text and not as_text:
        took["properties_as_text"] = changes["properties_as_text"] = True
    return changes


def _lists(
    given: "ProjectSettings", reading: InputOptions, profile: "Profile | None", took: dict[str, Any]
) -> dict[str, Any]:
    known = {*_names(reading.map), *_names(reading.set), *(_fields_of(profile) if profile else ())}
    changes: dict[str, Any] = {}
    for option, ours in (("map", reading.map), ("set", reading.set)):
        new = {name: value for name, value in getattr(given, option).items() if name not in known}
        if new:
            took[option] = new
            changes[option] = [*ours, *(f"{name}={value}" for name, value in new.items())]
    columns = [column for column in given.property if column not in reading.property]
    if columns:
        took["property"] = columns
        changes["property"] = [*reading.property, *columns]
    nulls = [text for text in given.null if text not in reading.null]
    if nulls:
        took["null"] = nulls
        changes["null"] = [*reading.null, *nulls]
    if given.event and not reading.event:
        took["event"] = [*given.event]
        changes["event"] = [*given.event]
    return changes


def _message(
    given: "ProjectSettings",
    message: MessageOptions,
    context: Mapping[str, str],
    integrations: Mapping[str, bool],
    took: dict[str, Any],
) -> MessageOptions:
    more_context = _new(given.context, message.context, context)
    more_integrations = _new(given.integration, message.integration, integrations)
    if more_context:
        took["context"] = more_context
    if more_integrations:
        took["integration"] = more_integrations
    return replace(
        message,
        context=[*message.context, *(f"{name}={value}" for name, value in more_context.items())],
        integration=[
            *message.integration,
            *(f"{name}={str(on).lower()}" for name, on in more_integrations.items()),
        ],
    )


def _new(given: Mapping[str, Any], flags: Sequence[str], profile: Mapping[str, Any]) -> dict[str, Any]:
    known = {*_names(flags), *profile}
    return {name: value for name, value in given.items() if name not in known}


def _names(words: Sequence[str]) -> set[str]:
    return {word.partition("=")[0].strip() for word in words}


def _fields_of(profile: "Profile") -> set[str]:
    """Return the names of the fields that a profile sets."""
    fields = {*profile.fields, *(name for block in profile.events for name in block.fields)}
    if profile.timestamp is not None or any(block.timestamp is not None for block in profile.events):
        fields.add("timestamp")
    if any(block.name is not None for block in profile.events):
        fields.add("event")
    return fields
