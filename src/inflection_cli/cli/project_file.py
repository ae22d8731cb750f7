"""The project file `infl-seg.toml`, and settings of single files."""

import os
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, Final

from inflection_cli.cli.option_values import call_types, convert_settings, pairs, read_options
from inflection_cli.cli.saved_options import Recorded, read_back, recorded
from inflection_cli.errors import UsageError
from inflection_cli.settings.declarations import (
    DeliveryOptions,
    Group,
    InputOptions,
    MessageOptions,
    ReplayOptions,
    ReportingOptions,
    VerifyOptions,
    WorkOptions,
    declared,
    profile_keys,
)
from inflection_cli.settings.layering import Layer, given_values, missing_values, pair_names, with_values

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inflection_cli.converting.converter import ConvertSettings
    from inflection_cli.converting.input_file import FileSettings
    from inflection_cli.mapping.calls.call_catalog import CallType
    from inflection_cli.mapping.profile.profile_schema import Profile
    from inflection_cli.reading.source import ReadOptions


NAME: Final = "infl-seg.toml"
SWITCH: Final = "INFL_SEG_NO_PROJECT"
_OFF_WORDS: Final = frozenset({"", "0", "false", "no", "off"})


@dataclass(frozen=True, slots=True, eq=False)
class Project:
    """A project file that was found and read.

    Attributes:
        path: The file, from the working directory.
        folder: Its folder, without symbolic links.
        settings: What it sets, by the field of the option.
    """

    path: str
    folder: Path
    settings: Mapping[str, Any]

    def without(self, *fields: str) -> "Project":
        """Return the project file without some of its settings."""
        kept = {field: value for field, value in self.settings.items() if field not in fields}
        return replace(self, settings=kept)


@dataclass(frozen=True, slots=True, eq=False)
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
        error.hint = error.hint or f"fix it, or leave it out for this run: --no-project (or {SWITCH}=1)"
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
    if project is not None and (reading.profile is not None or reading.preset is not None):
        project = project.without("profile", "preset")
    profile = _with_tables(_profile(project, reading, environ), reading)
    if project is None:
        return Settled(reading, message, profile, {})
    known = _known(reading, profile)
    missing = missing_values(reading, project.settings, known)
    took = _by_key(reading, missing)
    if message is not None:
        added = missing_values(message, project.settings, known)
        message, took = with_values(message, added), {**took, **_by_key(message, added)}
    if profile is not None:
        missing["profile"] = profile.path
        # Beneath the profile, also beneath what it says of single columns, which a flag would beat.
        times = {
            each.field: missing.pop(each.field)
            for each in profile_keys("time")
            if each.field in missing and not each.is_table
        }
        profile = replace(profile, options=replace(profile.options, **times))
    return Settled(with_values(reading, missing), message, profile, took)


def of_messages(project: Project | None) -> Project | None:
    """Return a project file reduced to its settings for prebuilt messages."""
    if project is None:
        return None
    kept = {each.field for group in (ReplayOptions, MessageOptions) for each in declared(group)}
    return project.without(*(project.settings.keys() - kept))


def reporting(project: Project | None, output: ReportingOptions) -> tuple[ReportingOptions, dict[str, Any]]:
    """Use the project file's report if no flag selects the output."""
    return (output, {}) if output.json else _beneath(output, project)


def slowed(project: Project | None, delivery: DeliveryOptions) -> tuple[DeliveryOptions, dict[str, Any]]:
    """Use the project file's rates if no flag sets them."""
    return _beneath(delivery, project)


def shared(project: Project | None, work: WorkOptions) -> tuple[WorkOptions, dict[str, Any]]:
    """Use the project file's number of processes if no flag sets it."""
    return _beneath(work, project)


def _beneath(options: Layer, project: Project | None) -> tuple[Layer, dict[str, Any]]:
    """Complete options from the project file; return what it set."""
    missing = missing_values(options, project.settings if project else {})
    return with_values(options, missing), _by_key(options, missing)


def _by_key(options: Group, missing: Mapping[str, Any]) -> dict[str, Any]:
    """Return values as the project file has them, by its keys."""
    known = {each.field: each for each in declared(type(options))}
    return {known[name].key: known[name].converted(value) for name, value in missing.items()}


def _known(reading: InputOptions, profile: "Profile | None") -> dict[str, Collection[str]]:
    """Return values that a project file cannot change, by option field."""
    mapped = _fields_of(profile) if profile else ()
    fields = {*pair_names(reading.map), *pair_names(reading.set), *mapped}
    known: dict[str, Collection[str]] = {"map": fields, "set": fields}
    if profile is not None:
        known |= dict.fromkeys(given_values(profile.options), ())
        known |= {"zone_name": pair_names(profile.options.zone_name)}
        known |= {"context": profile.context, "integration": profile.integrations}
    return {**known, "no_event_id": ()} if "event_id" in mapped else known


def _candidates(start: Path, environ: Mapping[str, str]) -> Iterator[Path]:
    home = environ.get("HOME")
    above_home = Path(os.path.realpath(home)).parent if home else None
    for folder in (start, *start.parents):
        if folder == above_home:
            return
        yield folder / NAME


def _profile(project: Project | None, reading: InputOptions, environ: Mapping[str, str]) -> "Profile | None":
    from_project = {} if project is None else project.settings
    preset = reading.preset or from_project.get("preset")
    if reading.profile is None and preset is None and "profile" not in from_project:
        return None
    from inflection_cli.mapping.profile.preset_files import PREFIX, preset_path
    from inflection_cli.mapping.profile.profile_file import read_profile

    if preset is not None and reading.profile is None:
        preset_path(preset)  # an unknown one is reported under the name that was typed
        return read_profile(PREFIX + preset.removeprefix(PREFIX), environ)
    if reading.profile is not None:
        return _extending(read_profile(reading.profile, environ), preset)
    assert project is not None
    named = project.settings["profile"]
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


def _extending(profile: "Profile", preset: str | None) -> "Profile":
    """Return a profile that extends the preset named beside it.

    Raises:
        UsageError: It does not.
    """
    from inflection_cli.mapping.profile.preset_files import PREFIX

    if preset is not None and (profile.preset is None or profile.preset.name != preset.removeprefix(PREFIX)):
        raise UsageError(
            f"--preset {preset} and --profile {profile.path} are two mappings of one export",
            hint=f'leave one of them out, or let the profile begin with: extends = "preset:{preset}"',
        )
    return profile


def _with_tables(profile: "Profile | None", reading: InputOptions) -> "Profile | None":
    """Return the profile with its lookup tables read."""
    if not reading.lookup_file and not (profile and profile.lookups):
        return profile
    from inflection_cli.cli.option_values import pairs
    from inflection_cli.converting.lookup_tables import with_tables

    given = pairs("--lookup-file", reading.lookup_file, "campaigns=campaign.csv")
    if profile is not None:
        return with_tables(profile, given, strangers=bool(reading.profile_for))
    if reading.profile_for:
        return None
    raise UsageError(
        f"--lookup-file {next(iter(given))}=… needs a profile that has [lookup.{next(iter(given))}]",
        hint="name it: --profile FILE",
    )


def _fields_of(profile: "Profile") -> set[str]:
    fields = {*profile.fields.cells, *(name for block in profile.events for name in block.fields.cells)}
    if profile.timestamp is not None or any(block.timestamp is not None for block in profile.events):
        fields.add("timestamp")
    if any(block.name is not None for block in profile.events):
        fields.add("event")
    return fields


EXAMPLE = "'contacts*.csv=contacts.toml'"


@dataclass(frozen=True, slots=True, eq=False)
class OwnSettings:
    """Settings of the files of a run that have their own.

    Attributes:
        of_run: Those of the others.
        profiles: By pattern, those of files that have a profile of their own.
        types: The pattern and type of files of which `--as` says it.
        recorded: By pattern, what the ledger keeps of the profiles.
        met: The files that were asked for.
    """

    of_run: "FileSettings"
    profiles: "Mapping[str, FileSettings]"
    types: "Sequence[tuple[str, CallType]]"
    recorded: Mapping[str, Any]
    met: list[str] = field(default_factory=list)

    def __call__(self, path: str) -> "FileSettings | None":
        """Return the settings of a file that has its own."""
        self.met.append(path)
        own = next((each for pattern, each in self.profiles.items() if _is_of(path, pattern)), None)
        kind = next((kind for pattern, kind in self.types if _is_of(path, pattern)), None)
        if kind is None:
            return own
        known = own or self.of_run
        mapping = known.convert.mapping
        columns = replace(mapping.columns, calls=replace(mapping.columns.calls, type=kind))
        return replace(known, convert=replace(known.convert, mapping=replace(mapping, columns=columns)))

    def require_files(self) -> None:
        """Check that each pattern fits a file of the run.

        Raises:
            UsageError: One fits none.
        """
        patterns = [("--profile-for", pattern) for pattern in self.profiles]
        patterns += [("--as", pattern) for pattern, _ in self.types]
        for option, pattern in patterns:
            if self.met and not any(_is_of(path, pattern) for path in self.met):
                raise UsageError(
                    f"{option} {pattern}=… fits none of the files",
                    hint="write the name of one as it is given, for example "
                    f"{option} '{PurePath(self.met[0]).name}=…'",
                )


def _is_of(path: str, pattern: str) -> bool:
    """Return whether a file's path or name fits a pattern."""
    # Most runs have no pattern, and need not import what reads profiles.
    from inflection_cli.mapping.profile.column_resolver import fits

    return path == pattern or fnmatchcase(path, pattern) or fits(PurePath(path).name.lower(), pattern)


def own_settings(
    options: InputOptions,
    message: MessageOptions | None,
    project: Project | None,
    reading: "ReadOptions",
    settings: "ConvertSettings",
) -> OwnSettings:
    """Read the profiles of single files, and lay the options over them.

    Args:
        options: What the user says, without profile and project file.
        message: Likewise.
        project: The project file; its own profile is none of these files'.
        reading: How the other files are read.
        settings: What shapes their messages.

    Raises:
        UsageError: A profile cannot be read, or a word is not `FILES=FILE`.
        SettingsFileFaults: A profile is not sound.
    """
    from inflection_cli.converting.input_file import FileSettings

    of_run = FileSettings(reading, settings)
    beneath = None if project is None else project.without("profile", "preset")
    profiles, kept = {}, {}
    for pattern, path in pairs("--profile-for", options.profile_for, EXAMPLE).items():
        own = replace(options, profile=path, preset=None, profile_for=[])
        settled = settle(beneath, own, message, os.environ)
        convert = convert_settings(settled.reading, settled.message, settled.profile)
        convert = replace(convert, now=settings.now)
        reads = read_options(settled.reading, settled.profile)
        profiles[pattern] = FileSettings(reads, convert, settled.profile)
        kept[pattern] = recorded(settled.reading, settled.message, settings.now, settled.profile)
    return OwnSettings(of_run, profiles, _types(options), kept)


def own_settings_then(
    arguments: Mapping[str, Any],
    given: VerifyOptions,
    then: Recorded,
    reading: "ReadOptions",
    settings: "ConvertSettings",
) -> OwnSettings:
    """Return the settings of single files in a recorded run.

    Args:
        arguments: What the ledger has of the run's options.
        given: Has the values that the ledger keeps only fingerprints of.
        then: The options of the other files.
        reading: How those are read.
        settings: What shapes their messages.

    Raises:
        UsageError: As `read_back`.
    """
    from inflection_cli.converting.input_file import FileSettings

    profiles = {}
    for pattern, kept in (arguments.get("profiles") or {}).items():
        own = read_back(kept, given)
        convert = replace(convert_settings(own.reading, own.message, own.profile), now=then.now)
        profiles[pattern] = FileSettings(read_options(own.reading, own.profile), convert)
    return OwnSettings(FileSettings(reading, settings), profiles, _types(then.reading), {})


def _types(options: InputOptions) -> "list[tuple[str, CallType]]":
    return [(pattern, kind) for pattern, kind in call_types(options) if pattern is not None]
