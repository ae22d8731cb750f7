"""The command `infl-seg replay`: send prebuilt Segment messages with plan and ledger."""

from typing import TYPE_CHECKING

from inflection_cli.cli.options import Files, with_groups
from inflection_cli.settings.declarations import (
    DeliveryOptions,
    DestinationOptions,
    InputOptions,
    MessageOptions,
    ProjectOptions,
    ReplayOptions,
    ReportingOptions,
)
from inflection_cli.settings.layering import given_values

if TYPE_CHECKING:
    from datetime import datetime

    from inflection_cli.backfilling.plan import Planner, RejectSink
    from inflection_cli.backfilling.rejects_folder import Rejects
    from inflection_cli.cli.session import Session


@with_groups
def replay(
    files: Files,
    replaying: ReplayOptions,
    project: ProjectOptions,
    message: MessageOptions,
    destination: DestinationOptions,
    delivery: DeliveryOptions,
    output: ReportingOptions,
) -> int:
    """Send prebuilt Segment messages: dry-run output, refused messages or a Segment archive."""
    from inflection_cli.cli.sending import Sending

    sending = Sending(
        "replay",
        destination,
        delivery,
        output,
        project=project,
        max_errors=replaying.max_errors,
        rejects=replaying.rejects,
    )
    return sending.run(
        lambda at_work, rejects: _open(at_work, files, replaying, message, rejects),
        files,
    )


def _open(
    at_work: "Session",
    files: list[str],
    replaying: ReplayOptions,
    message: MessageOptions,
    rejects: "Rejects",
) -> None:
    """Open the files and create their planner."""
    import os

    from inflection_cli.cli.project_file import of_messages, settle
    from inflection_cli.cli.saved_options import recorded
    from inflection_cli.replaying.replayer import ReadyRejects

    chosen = InputOptions(**given_values(replaying))
    settled = settle(of_messages(at_work.project), chosen, message, os.environ)
    at_work.took |= settled.took
    chosen, message = settled.reading, settled.message or message
    planner = planner_of(files, chosen, message, rejects=ReadyRejects(rejects.folder))
    at_work.arguments = recorded(chosen, message, planner.plan.settings.now)
    at_work.planner = planner
    planner.plan.limit = replaying.limit


def planner_of(
    files: list[str],
    chosen: InputOptions,
    message: MessageOptions,
    *,
    rejects: "RejectSink | None" = None,
    now: "datetime | None" = None,
) -> "Planner":
    """Open files of prebuilt messages and return their planner.

    Args:
        files: Paths, globs, or `-`.
        chosen: Which messages are kept; what it says of columns does not matter.
        message: What is laid over the messages.
        rejects: Takes what is not sent.
        now: The run's one idea of the present; by default the present.

    Raises:
        InputError: A file cannot be read at all.
        UsageError: An option cannot be met.
    """
    from dataclasses import replace
    from functools import partial

    from inflection_cli.backfilling.plan import Planner
    from inflection_cli.cli.option_values import convert_settings, pairs, read_options
    from inflection_cli.replaying.replayer import ReplaySettings, open_messages, replayable_chunks
    from inflection_cli.segment.prebuilt_messages import ReadySettings

    convert = convert_settings(chosen, message)
    if now is not None:
        convert = replace(convert, now=now)
    given = pairs("--integration", message.integration, "All=false")
    said: dict[str, bool] = {}
    unsaid: dict[str, bool] = {}
    for name, on in convert.message.integrations.items():
        (said if name in given else unsaid)[name] = on
    settings = ReplaySettings(convert, ReadySettings(said, unsaid, convert.message.context))
    inputs = open_messages(files, read_options(chosen).limits)
    chunks = partial(replayable_chunks, inputs, settings, limit=chosen.limit)
    return Planner(inputs, convert, chunks, rejects=rejects)
