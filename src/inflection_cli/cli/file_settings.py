"""Settings of single files: `--profile-for` and `--as` with a pattern of files."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from inflection_cli.cli.option_values import call_types, convert_settings, pairs, read_options
from inflection_cli.cli.project_file import Project, settle
from inflection_cli.cli.saved_options import Recorded, read_back, recorded
from inflection_cli.errors import UsageError
from inflection_cli.settings.declarations import InputOptions, MessageOptions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inflection_cli.converting.converter import ConvertSettings
    from inflection_cli.converting.input_file import FileSettings
    from inflection_cli.mapping.calls.call_options import CallType
    from inflection_cli.reading.source import ReadOptions

EXAMPLE = "'contacts*.csv=contacts.toml'"


@dataclass(frozen=True, slots=True)
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
    given: list[str],
    then: Recorded,
    reading: "ReadOptions",
    settings: "ConvertSettings",
) -> OwnSettings:
    """Return the settings of single files in a recorded run.

    Args:
        arguments: What the ledger has of the run's options.
        given: `--set` words whose values the ledger has only fingerprints of.
        then: The options of the other files.
        reading: How those are read.
        settings: What shapes their messages.

    Raises:
        UsageError: As `read_back`.
    """
    from inflection_cli.converting.input_file import FileSettings

    profiles = {}
    for pattern, kept in (arguments.get("profiles") or {}).items():
        own = read_back(kept, list(given))
        convert = replace(convert_settings(own.reading, own.message, own.profile), now=then.now)
        profiles[pattern] = FileSettings(read_options(own.reading, own.profile), convert)
    return OwnSettings(FileSettings(reading, settings), profiles, _types(then.reading), {})


def _types(options: InputOptions) -> "list[tuple[str, CallType]]":
    return [(pattern, kind) for pattern, kind in call_types(options) if pattern is not None]
