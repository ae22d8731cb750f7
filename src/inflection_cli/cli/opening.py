"""Open the files of validate, backfill and replay."""

import os
from dataclasses import replace
from datetime import datetime
from functools import partial

from inflection_cli.backfilling.plan import Planner, RejectSink
from inflection_cli.backfilling.run_options import OpenedFiles
from inflection_cli.cli.file_settings import own_settings
from inflection_cli.cli.option_values import convert_settings, linking_of, pairs, read_options
from inflection_cli.cli.project_file import Project, of_messages, settle
from inflection_cli.cli.saved_options import recorded
from inflection_cli.converting.inputs import convertible_chunks, open_inputs
from inflection_cli.reading.rejected_rows import RejectsFolder
from inflection_cli.settings.declarations import InputOptions, MessageOptions


def open_rows(
    files: list[str],
    reading: InputOptions,
    message: MessageOptions | None = None,
    project: Project | None = None,
    *,
    rejects: RejectSink | None = None,
    judges_only: bool = False,
) -> OpenedFiles:
    """Open files of rows, detect their formats, and map their columns.

    Args:
        files: Paths, globs, or `-`.
        reading: How they are read and mapped.
        message: What every message carries; None where none is made.
        project: The project file, for what the options leave open.
        rejects: Takes the rows that are not sent.
        judges_only: Whether the plan is never to be carried out.

    Raises:
        InputError: A file cannot be read or mapped at all.
        UsageError: An option cannot be met.
    """
    settled = settle(project, reading, message, os.environ)
    options = read_options(settled.reading, settled.profile)
    settings = convert_settings(settled.reading, settled.message, settled.profile)
    arguments = recorded(settled.reading, settled.message, settings.now, settled.profile)
    own = own_settings(reading, message, project, options, settings)
    arguments |= {"profiles": dict(own.recorded)} if own.recorded else {}
    try:
        inputs = open_inputs(files, options, settings, own)
    finally:
        # A pattern with a typing error is told before what comes of it.
        own.require_files()
    chunks = partial(convertible_chunks, inputs, options, settings, limit=reading.limit)
    linking = linking_of(settled.reading, settled.profile, settings.message)
    planner = Planner(inputs, settings, chunks, rejects=rejects, linking=linking, judges_only=judges_only)
    planner.plan.limit = reading.limit
    return OpenedFiles(planner, arguments, settled.profile, settled.took)


def open_prebuilt(
    files: list[str],
    reading: InputOptions,
    message: MessageOptions,
    project: Project | None = None,
    *,
    rejects: RejectsFolder | None = None,
) -> OpenedFiles:
    """Open files of prebuilt messages; see `open_rows`.

    Raises:
        InputError: A file cannot be read at all.
        UsageError: An option cannot be met.
    """
    from inflection_cli.replaying.replayer import ReadyRejects

    settled = settle(of_messages(project), reading, message, os.environ)
    reading, message = settled.reading, settled.message or message
    sink = None if rejects is None else ReadyRejects(rejects)
    planner = planner_of(files, reading, message, rejects=sink)
    planner.plan.limit = reading.limit
    arguments = recorded(reading, message, planner.plan.settings.now)
    return OpenedFiles(planner, arguments, settled.profile, settled.took)


def planner_of(
    files: list[str],
    chosen: InputOptions,
    message: MessageOptions,
    *,
    rejects: RejectSink | None = None,
    now: datetime | None = None,
    judges_people: bool = True,
) -> Planner:
    """Open files of prebuilt messages and return their planner.

    Args:
        files: Paths, globs, or `-`.
        chosen: Which messages are kept; what it says of columns does not matter.
        message: What is laid over the messages.
        rejects: Takes what is not sent.
        now: The run's one idea of the present; by default the present.
        judges_people: See `MapOptions`.

    Raises:
        InputError: A file cannot be read at all.
        UsageError: An option cannot be met.
    """
    from inflection_cli.replaying.replayer import ReplaySettings, open_messages, replayable_chunks
    from inflection_cli.segment.prebuilt_messages import ReadySettings

    convert = convert_settings(chosen, message)
    convert = replace(convert, mapping=replace(convert.mapping, judges_people=judges_people))
    if now is not None:
        convert = replace(convert, now=now)
    given = pairs("--integration", message.integration, "All=false")
    integrations = convert.message.integrations.items()
    said = {name: on for name, on in integrations if name in given}
    unsaid = {name: on for name, on in integrations if name not in given}
    settings = ReplaySettings(
        convert, ReadySettings(said, unsaid, convert.message.context, convert.message.snake_traits)
    )
    inputs = open_messages(files, read_options(chosen).limits)
    chunks = partial(replayable_chunks, inputs, settings, limit=chosen.limit, records=chosen.records)
    return Planner(inputs, convert, chunks, rejects=rejects)
