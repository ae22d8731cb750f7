"""The command `infl-seg backfill`: plan, confirm, deliver, account for every row."""

from inflection_cli.cli.options import Files, with_groups
from inflection_cli.settings.declarations import (
    DeliveryOptions,
    DestinationOptions,
    InputOptions,
    MessageOptions,
    ProjectOptions,
    ReportingOptions,
    WorkOptions,
)


@with_groups
def backfill(
    files: Files,
    reading: InputOptions,
    work: WorkOptions,
    project: ProjectOptions,
    message: MessageOptions,
    destination: DestinationOptions,
    delivery: DeliveryOptions,
    output: ReportingOptions,
) -> int:
    """Send campaign history to Segment: plan, confirm, deliver, account for every row."""
    from inflection_cli.cli.opening import open_rows
    from inflection_cli.cli.sending import Sending

    sending = Sending(
        "backfill",
        destination,
        delivery,
        output,
        project=project,
        max_errors=reading.max_errors,
        rejects=reading.rejects,
    )
    return sending.run(
        lambda at_work, rejects: open_rows(
            files, reading, message, at_work.project, work=work, rejects=rejects
        ),
        files,
    )
