"""The command `infl-seg doctor`: check this machine, the destination and the settings."""

import os
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from inflection_cli.cli.options import with_groups
from inflection_cli.errors import InflSegError
from inflection_cli.settings.declarations import (
    DoctorOptions,
    InputOptions,
    JsonOptions,
    ProjectOptions,
    SourceOptions,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from inflection_cli.cli.doctor_checks import CheckResult
    from inflection_cli.cli.project_file import Project
    from inflection_cli.cli.settings_origin import SettingInForce
    from inflection_cli.mapping.profile.profile_schema import Profile
    from inflection_cli.reporting.console import Speaker

_STYLES: Final = {"ok": "green", "warning": "yellow", "error": "bold red", "skipped": "dim"}
_WIDEST: Final = 100


@with_groups
def doctor(
    source: SourceOptions, looking: DoctorOptions, project: ProjectOptions, output: JsonOptions
) -> int:
    """Check folders, disk, clock, key, network and settings; send no event."""
    from inflection_cli.cli.doctor_checks import Status, destination_checks, local_checks, network_checks
    from inflection_cli.cli.session import interruptible
    from inflection_cli.cli.settings_origin import settings_in_force
    from inflection_cli.reporting.console import Speaker

    with interruptible():
        results, found, profile = _settings(looking, project)
        results += local_checks(looking.state_dir, os.environ)
        of_destination, destination = destination_checks(source, os.environ)
        results += of_destination
        if destination is not None:
            results += network_checks(destination)
    settings = [*settings_in_force((source, looking), profile, found, os.environ)]
    exit_code = 1 if any(each.status is Status.ERROR for each in results) else 0
    if output.json:
        _print_object(results, settings, exit_code)
    else:
        _print_lines(results, settings, Speaker(color="never" if output.no_color else "auto"))
    return exit_code


def _settings(
    looking: DoctorOptions, options: ProjectOptions
) -> "tuple[list[CheckResult], Project | None, Profile | None]":
    """Read project file and profile; return their faults as results."""
    from inflection_cli.cli.doctor_checks import CheckResult, Status, failed
    from inflection_cli.cli.project_file import find_project, settle

    project, profile = None, None
    try:
        project = find_project(Path.cwd(), os.environ, off=options.no_project)
        if project is not None and (looking.profile is not None or looking.preset is not None):
            project = project.without("profile", "preset")
        mapped = InputOptions(profile=looking.profile, preset=looking.preset)
        profile = settle(project, mapped, None, os.environ).profile
    except InflSegError as error:
        return [failed("settings files", error)], project, None
    read = [path for path in (project and project.path, profile and profile.path) if path]
    message = (
        f"{' and '.join(read)} can be read" if read else "there is no project file, and no profile is named"
    )
    return [CheckResult("settings files", Status.OK, message)], project, profile


def _print_object(
    results: "Iterable[CheckResult]", settings: "Iterable[SettingInForce]", exit_code: int
) -> None:
    from dataclasses import asdict

    from inflection_cli.reporting.json_report import dumps, empty_report
    from inflection_cli.reporting.outlet import print_machine

    report = {
        **empty_report("doctor"),
        "complete": True,
        "checks": [asdict(each) for each in results],
        "settings": [asdict(each) for each in settings],
        "exit_code": exit_code,
    }
    print_machine(dumps(report))


def _print_lines(
    results: "Sequence[CheckResult]", settings: "Sequence[SettingInForce]", speaker: "Speaker"
) -> None:
    from inflection_cli.sanitize import escape

    width = max(40, min(speaker.out.width, _WIDEST))
    for each in results:
        style = _STYLES[each.status]
        for line in _wrapped(f"{each.status:<8} {each.name}: {escape(each.message, 400)}", width, 9):
            speaker.result(line, style if each.status != "ok" else "")
        for line in _wrapped(f"{'':<9}→ {escape(each.hint, 400)}", width, 11) if each.hint else ():
            speaker.result(line, "cyan")
    speaker.result()
    speaker.result("Settings in force", "bold")
    for setting in settings:
        words = f"  {setting.name} {escape(setting.value, 200)} ({escape(setting.origin, 200)})"
        for line in _wrapped(words, width, 4):
            speaker.result(line)
    for line in _wrapped("All other options have their defaults. No key and no event was sent.", width, 0):
        speaker.result(line)


def _wrapped(text: str, width: int, indent: int) -> Iterator[str]:
    yield from textwrap.wrap(
        text, width, subsequent_indent=" " * indent, break_on_hyphens=False, drop_whitespace=True
    )
