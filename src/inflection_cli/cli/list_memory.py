"""Show and forget the lists that sync remembers."""

import os
import socket
import sys
import time
from pathlib import Path
from typing import Any

from inflection_cli.cli.usage_errors import kept_command
from inflection_cli.comparing.remembered_list import KeptList, ListMemory, remembered_lists
from inflection_cli.errors import ConfirmationMissing, Declined, UsageError
from inflection_cli.ledger.lock import Holder, take_lock
from inflection_cli.ledger.state_dir import state_dir
from inflection_cli.reporting.console import Speaker, answered_yes
from inflection_cli.reporting.json_report import dumps, empty_report
from inflection_cli.reporting.outlet import print_machine
from inflection_cli.sanitize import counted, escape
from inflection_cli.settings.declarations import DeliveryOptions, DestinationOptions, OutputOptions


def _found(delivery: DeliveryOptions, namespace: str | None) -> tuple[Path, list[tuple[KeptList, bool]]]:
    folder = state_dir(Path(delivery.state_dir) if delivery.state_dir else None, os.environ)
    lists = remembered_lists(folder)
    return folder, [each for each in lists if namespace in {None, each[0].facts.namespace}]


def show_lists(delivery: DeliveryOptions, destination: DestinationOptions, output: OutputOptions) -> int:
    """Print the lists that are remembered; return the exit code.

    Raises:
        LedgerError: One cannot be read.
    """
    folder, lists = _found(delivery, destination.namespace)
    if output.json:
        told = [_object(kept, under_way=under_way) for kept, under_way in lists]
        print_machine(dumps({**empty_report("sync"), "complete": True, "lists": told, "exit_code": 0}))
        return 0
    speaker = Speaker(quiet=output.quiet, verbose=output.verbose, color=output.when_colored)
    for kept, under_way in lists:
        facts = kept.facts
        rest = "; unfinished, the same sync goes on" if under_way else ""
        key = " + ".join(map(escape, facts.key))
        speaker.result(
            f"{escape(facts.name)}: {counted(facts.rows, 'row')} by {key}, generation {facts.generation}, "
            f"{facts.now[:16].replace('T', ' ')} UTC, destination {escape(facts.namespace)}{rest}"
        )
    if not lists:
        speaker.result(f"No list is remembered in {folder}.")
    return 0


def _object(kept: KeptList, *, under_way: bool) -> dict[str, Any]:
    facts = kept.facts
    return {
        "name": facts.name,
        "namespace": facts.namespace,
        "key": facts.key,
        "columns": facts.columns,
        "rows": facts.rows,
        "generation": facts.generation,
        "now": facts.now,
        "under_way": under_way,
    }


def forget_list(
    name: str, delivery: DeliveryOptions, destination: DestinationOptions, output: OutputOptions
) -> int:
    """Ask, then forget a list; return the exit code.

    Raises:
        UsageError: There is no such list, or several destinations have one.
        ConfirmationMissing: The answer is no, or nobody can be asked.
        LedgerError: Another run holds it, or it cannot be removed.
    """
    folder, lists = _found(delivery, destination.namespace)
    named = [kept for kept, _ in lists if kept.facts.name == name]
    if len(named) != 1:
        known = ", ".join(sorted({each.facts.name for each, _ in lists})) or "none"
        raise UsageError(
            f"{len(named) or 'no'} remembered {'lists are' if named else 'list is'} named “{name}”",
            hint=f"--namespace {named[0].facts.namespace}" if named else f"there are: {known}",
        )
    facts = named[0].facts
    if delivery.dry_run:
        raise UsageError(
            "sync forget forgets, and has no dry run", hint="infl-seg sync list shows what is kept"
        )
    _confirm(
        f"Forget {counted(facts.rows, 'row')} of “{escape(name)}”? The next sync is the first one",
        delivery,
        output,
    )
    memory = ListMemory(folder, facts.namespace, name)
    with take_lock(
        memory.lock_path, Holder(os.getpid(), socket.gethostname(), kept_command(sys.argv), time.time())
    ):
        memory.forget()
    speaker = Speaker(quiet=output.quiet, verbose=output.verbose, color=output.when_colored)
    if output.json:
        print_machine(dumps({**empty_report("sync"), "complete": True, "forgotten": name, "exit_code": 0}))
    else:
        speaker.result(f"Forgotten: {escape(name)}. The next sync of it is the first one.")
    return 0


def _confirm(question: str, delivery: DeliveryOptions, output: OutputOptions) -> None:
    if delivery.yes:
        return
    if output.no_input or not (sys.stdin and sys.stdin.isatty() and sys.stderr.isatty()):
        why = "--no-input was given" if output.no_input else "stdin is not a terminal"
        raise ConfirmationMissing(
            f"confirmation required, but {why}: {question}", hint="the same command with --yes"
        )
    print(f"{question}. [y/N] ", end="", file=sys.stderr, flush=True)
    if not answered_yes():
        raise Declined("nothing was forgotten", hint="the same command asks again")
