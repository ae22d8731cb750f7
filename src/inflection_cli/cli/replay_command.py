"""The command `infl-seg replay`: send prebuilt Segment messages with plan and ledger."""

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
    from inflection_cli.cli.opening import open_prebuilt
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
    reading = InputOptions(**given_values(replaying))
    return sending.run(
        lambda at_work, rejects: open_prebuilt(
            files, reading, message, at_work.project, rejects=rejects.folder
        ),
        files,
    )
