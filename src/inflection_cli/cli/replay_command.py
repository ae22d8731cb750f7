"""The command `infl-seg replay`: send prebuilt Segment messages with plan and ledger."""

from dataclasses import dataclass, field
from typing import Annotated, Final

import typer

from inflection_cli.cli.options import (
    DEFAULT_MAX_BYTES,
    DEFAULT_MAX_EXPANSION,
    AllowImplausiblePeople,
    DeliveryOptions,
    DestinationOptions,
    Files,
    InputOptions,
    MaxBytes,
    MaxExpansion,
    MessageOptions,
    ProjectOptions,
    ReportingOptions,
    with_groups,
)

_PANEL: Final = "Input"


@dataclass(frozen=True, slots=True)
class ReplayOptions:
    """Options that select the messages to replay."""

    max_expansion: MaxExpansion = DEFAULT_MAX_EXPANSION
    max_bytes: MaxBytes = DEFAULT_MAX_BYTES
    max_errors: Annotated[
        str,
        typer.Option(
            metavar="N|N%",
            help="How many messages may be rejected before nothing is sent.",
            rich_help_panel=_PANEL,
        ),
    ] = "0"
    rejects: Annotated[
        str | None,
        typer.Option(
            metavar="DIR",
            help="Folder for rejected and refused messages; mended, they are replayed from there.",
            show_default="./infl-seg-rejects-RUN/",
            rich_help_panel=_PANEL,
        ),
    ] = None
    since: Annotated[
        str | None,
        typer.Option(metavar="T", help="Keep messages from this time on.", rich_help_panel=_PANEL),
    ] = None
    until: Annotated[
        str | None,
        typer.Option(metavar="T", help="Keep messages before this time.", rich_help_panel=_PANEL),
    ] = None
    allow_implausible_people: AllowImplausiblePeople = False
    event: Annotated[
        list[str],
        typer.Option(
            metavar="NAME",
            help="Keep track messages of this event only; may be repeated.",
            rich_help_panel=_PANEL,
        ),
    ] = field(default_factory=list)
    limit: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Read this many lines only.", rich_help_panel=_PANEL),
    ] = None

    @property
    def reading(self) -> InputOptions:
        """The same as options for files of any kind."""
        return InputOptions(
            since=self.since,
            until=self.until,
            event=self.event,
            limit=self.limit,
            allow_implausible_people=self.allow_implausible_people,
            max_expansion=self.max_expansion,
            max_bytes=self.max_bytes,
        )


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
    return sending.run(
        lambda at_work, rejects: open_prebuilt(
            files, replaying.reading, message, at_work.project, rejects=rejects.folder
        ),
        files,
    )
