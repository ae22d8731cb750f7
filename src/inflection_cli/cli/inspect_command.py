"""The command `infl-seg inspect`: describe a file's columns and draft a profile."""

import os
import sys
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from inflection_cli.cli.options import Files, with_groups
from inflection_cli.errors import EmptyFile, InputError, UsageError, all_faults
from inflection_cli.settings.declarations import DraftOptions, InputOptions, PictureOptions, ProjectOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from inflection_cli.converting.inputs import SettingsOfFiles
    from inflection_cli.inspecting import Inspection, InspectSettings
    from inflection_cli.inspecting.inspection_result import PresetProposal
    from inflection_cli.inspecting.preset_recognition import Presets
    from inflection_cli.inspecting.shape_groups import ShapeGroup
    from inflection_cli.reading import FoundFile, ReadOptions
    from inflection_cli.reporting.console import Speaker
    from inflection_cli.reporting.plan_text import SettingsSaid
    from inflection_cli.reporting.reports import Reports


_MAP_NOTHING: Final = frozenset({"limit", "max_errors", "max_expansion", "max_bytes", "ca_file", "records"})
"""Options of the input that map nothing; the path to the records stands in the extension of a preset too."""


@with_groups
def inspect(
    files: Files,
    drafting: DraftOptions,
    reading: InputOptions,
    project: ProjectOptions,
    output: PictureOptions,
) -> int:
    """Report a file's format, columns, mapping and missing fields; send nothing."""
    from inflection_cli.atomic_file import refuse_to_replace
    from inflection_cli.cli.option_values import budget
    from inflection_cli.cli.session import interruptible, logged, note_terminal_input
    from inflection_cli.reading import find
    from inflection_cli.reporting.console import Speaker
    from inflection_cli.reporting.inspection_text import inspection_lines, inspection_report, verdict
    from inflection_cli.reporting.json_report import dumps
    from inflection_cli.reporting.masking import NOTE, cell_display
    from inflection_cli.reporting.outlet import print_machine
    from inflection_cli.reporting.plan_text import settings_lines, settings_object, speak

    budget(reading.max_errors)  # it decides nothing here, and a bad one is not to be found later
    _refuse_idle(reading)
    speaker = Speaker(quiet=output.quiet, verbose=output.verbose, color=output.when_colored)
    settings, said, own = _settled(reading, project, drafting, is_draft=drafting.save is not None)
    to_fill_in: list[str] = []
    extended: PresetProposal | None = None
    reports = _reports(output, files)
    if reports.printed:
        speaker.out = speaker.err
    outcome: dict[str, Any] = {"exit_code": 0}
    with reports, logged(output.log_file, "inspect", speaker, lambda: outcome), interruptible():
        note_terminal_input(speaker, files)
        found = find(files, ca_file=reading.ca_file)
        if drafting.save is not None:
            refuse_profile(reading)
            refuse_to_replace(drafting.save, [each.location for each in found], force=drafting.force)
        inspections = _surveyed(found, settings, speaker, own)
        outcome["rows"] = {"read": sum(each.rows for each in inspections)}
        if drafting.save is not None:
            extended = _extended(inspections, reading)
            inspections, to_fill_in = _save_draft(inspections, settings, drafting, extended, output)
        of_file = partial(_of_file, own, settings)
        groups = [*_with_proposals(inspections, of_file, files, reading, project, drafting)]
        show = output.show_values
        report = inspection_report(groups, inspections, drafting.save, to_fill_in, show_values=show)
        report["extends"] = extended.name if extended else None
        if reports.has_pictures:
            _write_page(reports, report, found)
    if output.json:
        print_machine(dumps({**report, **settings_object(said), "exit_code": 0}))
        return 0
    speak(settings_lines(said), speaker, result=True)
    cells = cell_display(speaker, in_full=output.show_values, result=True)
    for group, looks in groups:
        speak(inspection_lines(group, cells, looks), speaker, result=True)
    if cells.any_masked:
        speaker.result(NOTE, "dim")
    is_complete = not any(each.missing or each.refusal or each.people for each in inspections)
    closing = verdict(inspections, drafting.save, to_fill_in, groups, extended)
    speaker.result(closing, "green" if is_complete else "yellow")
    return 0


def _extended(found: "list[Inspection]", reading: InputOptions) -> "PresetProposal | None":
    """Return the preset that a draft of all files extends.

    Options of this command line that say how a file is mapped give a draft of their own.
    """
    from inflection_cli.settings.layering import given_values

    presets = {(each.preset.name, each.preset.records) if each.preset else None for each in found}
    if len(presets) > 1 or not given_values(reading).keys() <= _MAP_NOTHING:
        return None
    return found[0].preset


def _save_draft(
    found: "list[Inspection]",
    settings: "InspectSettings",
    drafting: DraftOptions,
    extended: "PresetProposal | None",
    output: PictureOptions,
) -> "tuple[list[Inspection], list[str]]":
    """Write the profile; return each file by it, and open lines."""
    from inflection_cli.atomic_file import save_text
    from inflection_cli.inspecting.draft_table import drafted_together
    from inflection_cli.inspecting.profile_writer import ProfileWriter, extension_of

    assert drafting.save is not None
    if extended is not None:
        save_text(drafting.save, extension_of(extended, found[0].source.path), force=drafting.force)
        return found, []
    whole, each_drafted = drafted_together(found, settings)
    draft = ProfileWriter(whole, settings, show_values=output.show_values)
    save_text(drafting.save, draft.text(), force=drafting.force)
    return each_drafted, draft.to_fill_in


def _with_proposals(
    inspections: "list[Inspection]",
    settings_of: "Callable[[str], InspectSettings]",
    files: list[str],
    reading: InputOptions,
    project: ProjectOptions,
    drafting: DraftOptions,
) -> "Iterator[tuple[ShapeGroup, list[dict[str, Any]]]]":
    """Yield each shape with the commands for such files."""
    from inflection_cli.cli.proposed_commands import proposals
    from inflection_cli.inspecting.shape_groups import shape_groups

    def settings_with(options: InputOptions) -> "InspectSettings":
        return _settled(options, project, drafting, is_draft=drafting.save is not None)[0]

    shapes = shape_groups(inspections, lambda path: settings_of(path).convert)
    for each in shapes:
        named = files if len(shapes) == 1 else [found.path for found in each.files]
        yield each, [*proposals(each, named, reading, settings_with)]


def look(
    found: "FoundFile",
    reading: InputOptions,
    project: ProjectOptions,
    drafting: DraftOptions,
    speaker: "Speaker",
) -> "tuple[Inspection, InspectSettings]":
    """Inspect one file by these options, to draft a profile from it."""
    settings, _, own = _settled(reading, project, drafting, is_draft=True)
    return _surveyed([found], settings, speaker, own)[0], settings


def _reports(output: PictureOptions, files: list[str]) -> "Reports":
    """Open the reports that were asked for.

    Raises:
        UsageError: One is not HTML, or would replace an input.
    """
    from inflection_cli.reporting.reports import Format, Reports, parse_reports

    wanted = parse_reports(output.report, json=output.json)
    other = next((each.format for each in wanted if each.format is not Format.HTML), None)
    if other is not None:
        raise UsageError(
            f"inspect refuses nothing, so it has no {other} report of it",
            hint="--report html=PATH, or --json for programs",
        )
    reports = Reports(wanted, os.environ, private=output.show_values)
    reports.keep_off(files)
    return reports


def _write_page(reports: "Reports", report: "dict[str, Any]", found: "list[FoundFile]") -> None:
    from inflection_cli.cli.usage_errors import kept_command
    from inflection_cli.reading.files.fingerprint import fingerprint
    from inflection_cli.reporting.html_inspection import html_inspection

    digests = {each.path: fingerprint(each.path, each.location, each.member) for each in found}
    reports.write_page(html_inspection(report, kept_command(sys.argv), digests))


def _settled(
    reading: InputOptions, project: ProjectOptions, drafting: DraftOptions, *, is_draft: bool
) -> "tuple[InspectSettings, SettingsSaid, SettingsOfFiles]":
    """Return the settings of an inspection and of single files."""
    from inflection_cli.cli.option_values import convert_settings, read_options
    from inflection_cli.cli.project_file import find_project, own_settings, settle
    from inflection_cli.inspecting import InspectSettings
    from inflection_cli.reporting.plan_text import SettingsSaid

    found = find_project(Path.cwd(), os.environ, off=project.no_project)
    if is_draft and found is not None:
        # A new profile is drafted for the one that the project file names, not by it.
        found = found.without("profile", "preset")
    settled = settle(found, reading, None, os.environ)
    profile = settled.profile
    settings = InspectSettings(
        reading=read_options(settled.reading, profile),
        convert=convert_settings(settled.reading, None, profile),
        encoding_given=settled.reading.encoding is not None or bool(profile and profile.options.encoding),
        limit=reading.limit,
        reads_all=drafting.whole,
        seeks_preset=not drafting.no_preset,
    )
    said = SettingsSaid(
        None if profile is None else (profile.path, profile.digest),
        None if found is None else (found.path, settled.took),
    )
    return settings, said, own_settings(reading, None, found, settings.reading, settings.convert)


def _surveyed(
    found: "list[FoundFile]", settings: "InspectSettings", speaker: "Speaker", own: "SettingsOfFiles"
) -> "list[Inspection]":
    from dataclasses import replace
    from itertools import starmap

    from inflection_cli.converting.inputs import empty_note
    from inflection_cli.inspecting.draft_table import as_drafted
    from inflection_cli.inspecting.preset_recognition import scan_for_presets

    of_run = _presets(settings)
    with _progress(speaker, found, settings.most_rows) as (begin, progress):
        inspections, empty, faults = list["Inspection"](), dict[str, InputError](), list[InputError]()
        for each in found:
            begin()
            try:
                chosen = _of_file(own, settings, each.path)
                presets = of_run if chosen is settings else _presets(chosen)
                inspections.append(as_drafted(scan_for_presets(each, chosen, presets, progress), chosen))
            except EmptyFile as error:
                empty[each.path] = error
            except InputError as error:
                faults.append(error)
        if faults or not inspections:
            raise all_faults(faults or [*empty.values()])
        first = inspections[0]
        inspections[0] = replace(first, problems=(*first.problems, *starmap(empty_note, empty.items())))
        return inspections


def _presets(settings: "InspectSettings") -> "Presets":
    """Return each preset and how it reads; none if not wanted."""
    from dataclasses import replace

    from inflection_cli.cli.option_values import with_input_table
    from inflection_cli.mapping.profile.preset_files import preset_file, preset_names

    columns = settings.convert.mapping.columns
    if columns.profile is not None or columns.calls.type is not None or not settings.seeks_preset:
        return []

    def read_by(table: "dict[str, Any]") -> "ReadOptions":
        own = with_input_table(settings.reading, table)
        records = settings.reading.records
        return own if records is None else replace(own, records=records)

    files = map(preset_file, preset_names())
    return [(each, read_by(each.raw.get("input", {}))) for each in files]


def _of_file(own: "SettingsOfFiles", settings: "InspectSettings", path: str) -> "InspectSettings":
    """Return the settings of one file, its own where given."""
    from dataclasses import replace

    found = own(path)
    return settings if found is None else replace(settings, reading=found.reading, convert=found.convert)


def _sizes(found: "list[FoundFile]") -> list[int]:
    """Return the bytes on disk of each file; 0 where unknown."""
    try:
        return [
            each.member.packed_bytes if each.member else Path(each.location).stat().st_size for each in found
        ]
    except OSError:
        return [0] * len(found)


@contextmanager
def _progress(
    speaker: "Speaker", found: "list[FoundFile]", most_rows: int | None
) -> "Iterator[tuple[Callable[[], None], Callable[[int], None]]]":
    """Show progress; yield functions that take each file and its rows."""
    from inflection_cli.backfilling.account import Account
    from inflection_cli.inspecting.sampling import InspectionProgress
    from inflection_cli.reporting.progress import reading_progress

    so_far = InspectionProgress(_sizes(found), most_rows)
    with reading_progress(speaker, so_far.size_bytes) as show:
        account = Account()

        def note(rows: int) -> None:
            so_far.note(rows)
            account.rows.read = so_far.rows
            show(account)

        yield so_far.begin, note


def _refuse_idle(reading: InputOptions) -> None:
    """Raise an error for options that only select events to send."""
    idle = {
        "--since": reading.since,
        "--until": reading.until,
        "--event": reading.event,
        "--check": reading.check,
        "--rejects": reading.rejects,
    }
    for name, value in idle.items():
        if value:
            raise UsageError(
                f"{name} decides what is sent, and inspect looks at the whole file",
                hint=f"leave {name} out here, and give it to validate or backfill",
            )


def require_one_file(count: int) -> None:
    """Raise an error unless one file is named."""
    if count != 1:
        raise UsageError(
            f"init asks about one file, and {count:,} files are named",
            hint="name one of them; or draft a profile for all: infl-seg inspect FILE … --save PROFILE.toml",
        )


def refuse_profile(reading: InputOptions) -> None:
    """Raise an error if a profile is named where one is drafted."""
    if reading.profile or reading.preset:
        option = "--profile" if reading.profile else "--preset"
        raise UsageError(
            f"--save drafts a new profile, and {option} names one that is there",
            hint=f"leave {option} out to draft one, or --save to see what it makes of the file",
        )
