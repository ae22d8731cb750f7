"""The command `infl-seg diff`: what changed between two lists becomes events."""

import os
from dataclasses import replace
from typing import Annotated

import typer

from inflection_cli.cli.options import with_groups
from inflection_cli.settings.declarations import (
    DeliveryOptions,
    DestinationOptions,
    DiffOptions,
    ListOptions,
    ListReadingOptions,
    MessageOptions,
    ProjectOptions,
    ReportingOptions,
)

Old = Annotated[
    str,
    typer.Argument(
        metavar="OLD", help="The list as it was: CSV, NDJSON or JSON, also compressed.", show_default=False
    ),
]
New = Annotated[
    str,
    typer.Argument(metavar="NEW", help="The list as it is now, or - for standard input.", show_default=False),
]


@with_groups
def diff(
    old: Old,
    new: New,
    lists: ListOptions,
    comparing: DiffOptions,
    reading: ListReadingOptions,
    project: ProjectOptions,
    message: MessageOptions,
    destination: DestinationOptions,
    delivery: DeliveryOptions,
    output: ReportingOptions,
) -> int:
    """Send what changed between two lists as events: added, changed, removed."""
    from inflection_cli.backfilling.rejects_folder import Rejects
    from inflection_cli.backfilling.run_state import OpenedFiles
    from inflection_cli.cli.list_running import compared_files, list_work
    from inflection_cli.cli.sending import Sending
    from inflection_cli.cli.session import Session

    shows = _only_shows(destination, delivery)
    if shows:
        delivery = replace(delivery, dry_run=True)
    is_unnamed = shows and (lists.segment, lists.added, lists.changed, lists.removed) == (None,) * 4
    if is_unnamed and not lists.call_type:
        lists = replace(lists, added="Added", changed="Changed", removed="Removed")

    def opened(at_work: Session, rejects: Rejects) -> OpenedFiles:
        work = list_work(lists, reading, message, at_work.project, generation=comparing.generation)
        if shows:
            work.notes.append("no write key is named, so nothing is sent: this is a dry run")
        return compared_files(work, old, new, rejects)

    sending = Sending(
        "diff",
        destination,
        delivery,
        output,
        project=project,
        max_errors=reading.max_errors,
        rejects=reading.rejects,
    )
    return sending.run(opened, [old, new])


def _only_shows(destination: DestinationOptions, delivery: DeliveryOptions) -> bool:
    """Return whether messages are to be written, and no destination is named."""
    from inflection_cli.cli.target import find_target, takes_stdin

    is_told = delivery.dry_run or delivery.rehearse or delivery.yes or destination.endpoint is not None
    if is_told or delivery.out is None or takes_stdin(destination, os.environ):
        return False
    return find_target(destination, gzip=not delivery.no_gzip) is None
