"""The command `infl-seg sync`: changes of a list since the last delivery."""

from typing import Annotated

import typer

from inflection_cli.cli.options import with_groups
from inflection_cli.errors import UsageError
from inflection_cli.settings.declarations import (
    DeliveryOptions,
    DestinationOptions,
    ListOptions,
    ListReadingOptions,
    MessageOptions,
    ProjectOptions,
    ReportingOptions,
    SyncOptions,
)

Words = Annotated[
    list[str],
    typer.Argument(
        metavar="FILE",
        help="The list as it is now, or - for standard input. In place of it: list, or forget NAME.",
        show_default=False,
    ),
]


@with_groups
def sync(
    words: Words,
    lists: ListOptions,
    remembering: SyncOptions,
    reading: ListReadingOptions,
    project: ProjectOptions,
    message: MessageOptions,
    destination: DestinationOptions,
    delivery: DeliveryOptions,
    output: ReportingOptions,
) -> int:
    """Send the changes of a list since last time, and remember it."""
    from inflection_cli.cli.list_memory import forget_list, show_lists
    from inflection_cli.cli.list_sync import ListSync

    if words[0] in {"list", "forget"} and (lists, remembering) != (ListOptions(), SyncOptions()):
        raise UsageError(
            f"sync {words[0]} takes no option about the rows of a list",
            hint=f"a file of this name: ./{words[0]}",
        )
    if words == ["list"]:
        return show_lists(delivery, destination, output)
    if words == ["forget"]:
        raise UsageError(
            "sync forget needs the name of a list", hint="infl-seg sync list; a file of this name: ./forget"
        )
    if words[0] == "forget" and len(words) == 2:
        return forget_list(words[1], delivery, destination, output)
    if len(words) > 1:
        raise UsageError(
            f"sync takes one file, and {len(words)} words are given",
            hint="infl-seg sync FILE, infl-seg sync list, or infl-seg sync forget NAME",
        )
    syncing = ListSync(words[0], lists, remembering, reading, message)
    return syncing.run(project, destination, delivery, output)
