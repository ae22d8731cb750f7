"""The commands `infl-seg runs`: list, show, verify, export, settle, clean and forget."""

import os
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from inflection_cli.cli.command_class import Commands
from inflection_cli.cli.options import with_groups
from inflection_cli.errors import (
    ConfirmationMissing,
    DecisionNeeded,
    Declined,
    InflSegError,
    InputError,
    UsageError,
)
from inflection_cli.settings.declarations import (
    CleanOptions,
    ExportOptions,
    ForgetOptions,
    IdFormat,
    LookOptions,
    SettleOptions,
    SourceOptions,
    VerifyOptions,
)

if TYPE_CHECKING:
    from inflection_cli.backfilling.plan import Planner
    from inflection_cli.history.run_history import LedgerSet, RunStatus
    from inflection_cli.ledger.ledger_file import LedgerReader
    from inflection_cli.reporting.console import Speaker

runs = Commands(help="List, inspect, verify and resolve past runs.")

OptionalFiles = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[FILE]...", help="The files that were sent: paths, globs or folders.", show_default=False
    ),
]

RunId = Annotated[
    str, typer.Argument(metavar="RUN", help="A run's id, the beginning of one, or last.", show_default=False)
]


@runs.command("list")
@with_groups
def list_runs(look: LookOptions) -> int:
    """List every run of every destination: events sent, events open, and end."""
    with _looking("list", look) as desk:
        from inflection_cli.reporting.run_receipt import entry_object, list_lines

        entries = list(desk.shelf.entries())
        desk.known["runs"] = [entry_object(entry) for entry in entries]
        if desk.shelf.troubles:
            desk.say(list_lines(entries, desk.width))
            raise desk.shelf.troubles[0]
        desk.say([*list_lines(entries, desk.width)] or [f"No run is recorded in {desk.shelf.state_dir}."])
        return desk.finish(0)


@runs.command("show")
@with_groups
def show_run(run: RunId, look: LookOptions) -> int:
    """Show one run's receipt: command, files read, events sent, next step."""
    with _looking("show", look) as desk:
        from inflection_cli.history.run_history import batches_by_state
        from inflection_cli.reporting.run_receipt import next_step, receipt_lines, receipt_object

        entry = desk.shelf.find(run)
        batches = batches_by_state(entry)
        desk.known["run"] = receipt_object(entry, batches)
        desk.say([f"Receipt of run {entry.run.run_id}"], "bold")
        desk.say_labelled(receipt_lines(entry, batches))
        desk.say([f"Next: {next_step(entry)}"])
        return desk.finish(0)


@runs.command("verify")
@with_groups
def verify_files(
    which: VerifyOptions,
    look: LookOptions,
    source: SourceOptions,
    files: OptionalFiles = None,
) -> int:
    """Check that events were sent, in the ledger or at the destination."""
    if which.received:
        return _verify_received(files or [], which, look, source)
    if which.resend_missing:
        raise UsageError(
            "--resend-missing needs to know what arrived",
            hint="infl-seg runs verify FILE --received warehouse.csv --resend-missing",
        )
    if not files:
        raise UsageError(
            "name the files to look up, or what the destination received",
            hint="infl-seg runs verify FILE, or infl-seg runs verify --received warehouse.csv",
        )
    with _looking("verify", look) as desk:
        from inflection_cli.history.verify import verify
        from inflection_cli.reporting import run_receipt

        entry = desk.shelf.find(which.run) if which.run is not None else _run_of(files, desk.shelf)
        planner = _planner(files, entry, which)
        try:
            verified = verify(planner, entry, time.time())
        except InputError as error:
            error.hint = error.hint or f"these settings are those of run {entry.run.run_id}"
            raise
        desk.known |= run_receipt.verified_object(verified, entry)
        desk.say([run_receipt.verified_verdict(verified, entry)], "green" if verified.all_there else "yellow")
        desk.say([f"Compared with run {entry.run.run_id} and its destination, {entry.run.endpoint}"])
        desk.say(run_receipt.verified_lines(verified))
        if which.details and verified.found:
            desk.say(run_receipt.verified_table(verified, desk.width))
        elif verified.found:
            desk.say(["--details shows the counts by event and day."], "dim")
        return desk.finish(0 if verified.all_there else 1)


def _verify_received(files: list[str], which: VerifyOptions, look: LookOptions, source: SourceOptions) -> int:
    """Compare what a destination received with what the ledger has as accepted."""
    if which.resend_missing and not files:
        raise UsageError(
            "--resend-missing makes the messages once more, and no file is named to make them of",
            hint="name the files that were sent: infl-seg runs verify FILE --received warehouse.csv",
        )
    with _looking("verify", look) as desk:
        from inflection_cli.history.received import ProofScope, compare
        from inflection_cli.reporting.received_text import (
            KEPT_OUT,
            received_heading,
            received_lines,
            received_object,
            received_verdict,
        )

        if files:
            entry = desk.shelf.find(which.run) if which.run is not None else _run_of(files, desk.shelf)
            planner = _planner(files, entry, which)
            scope = ProofScope(entry.ledger, label=entry.run.label, planner=planner, before=entry.run.number)
        elif which.run is not None:
            entry = desk.shelf.find(which.run)
            scope = ProofScope(entry.ledger, run_id=entry.run.run_id)
        else:
            scope = ProofScope(_only_ledger(desk.shelf))
        receipts = compare(scope, which.received)
        desk.known |= received_object(receipts)
        desk.say([KEPT_OUT])
        desk.say([received_verdict(receipts)], "green" if receipts.all_arrived else "yellow")
        desk.say([received_heading(scope), *received_lines(receipts)])
        if not (which.resend_missing and receipts.missing):
            return desk.finish(0 if receipts.all_arrived else 1)
        from inflection_cli.cli.resending import Resending

        resending = Resending(entry, look, source, receipts)
        resending.require_time()
        resending.confirm(which.resend_count)
        if desk.json:
            desk.speaker.out = desk.speaker.err
        desk.known["resent"] = resending.send(_planner(files, entry, which), desk.speaker)
        return desk.finish(0)


def _only_ledger(shelf: "LedgerSet") -> "LedgerReader":
    """Return the ledger, if there is one only.

    Raises:
        UsageError: There is none, or the user has to choose.
    """
    if shelf.troubles:
        raise shelf.first_trouble()
    if len(shelf.readers) == 1:
        return shelf.readers[0]
    if not shelf.readers:
        raise UsageError(
            f"no run is recorded in {shelf.state_dir}", hint="another state directory: --state-dir DIR"
        )
    raise UsageError(
        f"there are {len(shelf.readers)} destinations, and what was received comes from one",
        hint="--run RUN, or --namespace NAME; infl-seg runs list shows them",
    )


@runs.command("export")
@with_groups
def export_run(run: RunId, choice: ExportOptions, look: LookOptions) -> int:
    """Print a run's message ids, or SQL that deletes them."""
    if look.json:
        raise UsageError("--json is no form of an export", hint="--format ndjson prints one object a line")
    if choice.table and choice.format is not IdFormat.SQL:
        raise UsageError("--table names where sql deletes, and no sql is asked for", hint="add --format sql")
    with _looking("export", look) as desk:
        from inflection_cli.history.run_export import export
        from inflection_cli.reporting.outlet import print_machine

        for block in export(desk.shelf.find(run), choice.format, choice.table):
            print_machine(block)
        return 0


@runs.command("settle")
@with_groups
def settle_run(
    run: RunId,
    choice: SettleOptions,
    look: LookOptions,
) -> int:
    """Resolve a run's unconfirmed events, after a check of the warehouse."""
    accepted = choice.accepted
    if accepted == choice.pending:
        raise UsageError(
            "name one: --accepted or --pending"
            if not accepted
            else "--accepted and --pending exclude each other",
            hint="check in the warehouse whether the events arrived; infl-seg runs show RUN shows their times",
        )
    with _looking("settle", look) as desk:
        from inflection_cli.history.run_history import resolve_doubt
        from inflection_cli.model import BatchState

        entry = desk.shelf.find(run)
        name, events = entry.run.run_id, entry.events.in_doubt
        desk.known |= {"run_id": name, "settled_as": "accepted" if accepted else "pending", "events": events}
        if not events and not (accepted and entry.run.ended is None):
            desk.say([f"Nothing to resolve: run {name} left nothing unconfirmed{_other_doubts(desk.shelf)}."])
            return desk.finish(0)
        then = "they are never sent again" if accepted else "the same command sends them again"
        if accepted and entry.run.ended is None:
            then += ", and links of people wait for this run no longer"
        word = "accepted" if accepted else "pending"
        _confirm(
            f"Take {events:,} events of run {name} that are unconfirmed as {word}; {then}?",
            yes=choice.yes,
            no_input=look.no_input,
        )
        state = BatchState.ACCEPTED if accepted else BatchState.PENDING
        settled = resolve_doubt(
            desk.shelf.state_dir, entry, state, f"infl-seg runs settle {name}", desk.speaker.talk
        )
        desk.known["events"] = settled
        desk.say([f"Resolved: {settled:,} events of run {name} count as {word}; {then}."])
        return desk.finish(0)


def _other_doubts(shelf: "LedgerSet") -> str:
    """Return which other run left events unconfirmed, and the command for it."""
    from inflection_cli.sanitize import counted

    for entry in shelf.entries():
        if entry.events.in_doubt:
            other, events = entry.run.run_id, counted(entry.events.in_doubt, "event")
            return f"; run {other} left {events}: infl-seg runs settle {other} --accepted or --pending"
    return ""


@runs.command("clean")
@with_groups
def clean_rejects(
    choice: CleanOptions,
    look: LookOptions,
    folder: Annotated[str, typer.Argument(metavar="FOLDER", help="The folder to search.")] = ".",
) -> int:
    """Delete the rejects folders of tries that sent nothing."""
    # A run of another destination may need its folder: all ledgers are asked.
    with _looking("clean", replace(look, namespace=None)) as desk:
        from inflection_cli.history.rejects_cleanup import delete, unneeded_folders
        from inflection_cli.sanitize import counted, escape

        found = unneeded_folders(Path(folder), desk.shelf)
        desk.known["deleted"] = []
        if not found:
            desk.say(["Nothing to delete: no rejects folder is of a try that sent nothing."])
            return desk.finish(0)
        names = [escape(str(each)) for each in found]
        many = counted(len(found), "rejects folder")
        _confirm(
            f"Delete {many} of tries that sent nothing, with rows fixed in them: {', '.join(names)}?",
            yes=choice.yes,
            no_input=look.no_input,
        )
        for each in delete(found):
            desk.known["deleted"].append(str(each))
        desk.say([f"Deleted: {many}.", *(f"  {name}" for name in names)])
        return desk.finish(0)


@runs.command("forget")
@with_groups
def forget_run(
    choice: ForgetOptions,
    look: LookOptions,
    run: Annotated[
        str | None, typer.Argument(metavar="RUN", help="A run's id, the beginning of one, or last.")
    ] = None,
) -> int:
    """Delete a run; events recorded only there count as never sent."""
    if (run is None) == (not choice.every):
        raise UsageError("say which run to forget, or --all", hint="infl-seg runs list shows them")
    with _looking("forget", look) as desk:
        from inflection_cli.history.run_history import forget, forget_all, kept_beside
        from inflection_cli.sanitize import counted, escape

        entries = list(desk.shelf.entries()) if run is None else [desk.shelf.find(run)]
        names = [entry.run.run_id for entry in entries]
        kept = [str(path) for path in map(kept_beside, entries) if path is not None]
        accepted = sum(entry.events.accepted for entry in entries)
        what = f"run {names[0]}" if run is not None else f"all runs ({len(names):,})"
        what_of = counted(accepted, "accepted event counts", "accepted events count")
        risk = f"{what_of} as never sent, and the same files would be sent again"
        _confirm(f"Forget {what}; {risk}?", yes=choice.yes, no_input=look.no_input)
        if run is None:
            forget_all(desk.shelf, "infl-seg runs forget --all", desk.speaker.talk)
        else:
            forget(desk.shelf.state_dir, entries[0], f"infl-seg runs forget {names[0]}", desk.speaker.talk)
        desk.known["forgotten"] = names
        stay = [f"Refused messages stay in {escape(path)}." for path in kept]
        desk.say([f"Forgotten: {what}; {risk}.", *stay])
        return desk.finish(0)


@dataclass(slots=True, eq=False)
class _Desk:
    """State of a `runs` command: ledgers, results so far and output."""

    shelf: "LedgerSet"
    speaker: "Speaker"
    known: dict[str, Any]
    json: bool

    @property
    def width(self) -> int:
        """Columns that a table may have."""
        return self.speaker.width

    def say(self, lines: Iterable[str], style: str = "") -> None:
        """Print lines of the result, unless JSON was requested."""
        if not self.json:
            for line in lines:
                self.speaker.result(line, style)

    def say_labelled(self, lines: Iterable[tuple[str, str]]) -> None:
        """Print labelled lines of the result, unless JSON was requested."""
        if not self.json:
            for label, text in lines:
                self.speaker.labelled(label, text)

    def finish(self, exit_code: int) -> int:
        """Print the JSON object if requested, and return the exit code."""
        if self.json:
            from inflection_cli.reporting.json_report import dumps
            from inflection_cli.reporting.outlet import print_machine

            print_machine(dumps({**self.known, "complete": True, "exit_code": exit_code}))
        return exit_code


@contextmanager
def _looking(command: str, look: LookOptions) -> Iterator[_Desk]:
    """Open the ledgers; add the results so far to any error."""
    from inflection_cli.backfilling.ledger_lookup import unprotected
    from inflection_cli.cli.session import interruptible
    from inflection_cli.history.run_history import open_ledgers
    from inflection_cli.ledger.ledger_checks import making_sense
    from inflection_cli.ledger.state_dir import state_dir
    from inflection_cli.reporting.console import Speaker
    from inflection_cli.reporting.json_report import empty_report

    known = empty_report(f"runs {command}")
    try:
        folder = state_dir(Path(look.state_dir) if look.state_dir else None, os.environ)
        with interruptible(), open_ledgers(folder, look.namespace) as shelf:
            speaker = Speaker(color="never" if look.no_color else "auto")
            unsafe = [reader for reader in shelf.readers if not reader.has_checksums]
            for reader in unsafe:
                speaker.talk(f"note: {unprotected(reader)}")
            with making_sense(unsafe[0].path) if unsafe else nullcontext():
                yield _Desk(shelf, speaker, known, look.json)
    except InflSegError as error:
        error.report = {**known, **error.report}
        raise


def _confirm(question: str, *, yes: bool, no_input: bool) -> None:
    """Ask on a terminal; without one, `--yes` must have been given.

    Raises:
        ConfirmationMissing: It was not, or the answer is no.
    """
    if yes:
        return
    if no_input or not (sys.stdin and sys.stdin.isatty() and sys.stderr.isatty()):
        why = "--no-input was given" if no_input else "stdin is not a terminal"
        raise ConfirmationMissing(
            f"confirmation required, but {why}: {question}", hint="the same command with --yes"
        )
    from inflection_cli.reporting.console import answered_yes

    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    if not answered_yes():
        raise Declined("nothing was changed", hint="the same command asks again")


def _run_of(files: list[str], shelf: "LedgerSet") -> "RunStatus":
    """Return the latest run that read one of these files.

    Raises:
        DecisionNeeded: There is none.
    """
    from inflection_cli.reading import find
    from inflection_cli.reading.files.fingerprint import fingerprint

    prints = {fingerprint(found.path, found.location, found.member) for found in find(files)}
    having = [
        run for _, run in shelf.runs() if prints & {str(each.get("fingerprint")) for each in run.inputs}
    ]
    if shelf.troubles:
        raise shelf.first_trouble()
    if having:
        return shelf.find(max(having, key=lambda run: run.started).run_id)
    raise DecisionNeeded(
        f"no run has read {'these files' if len(files) > 1 else 'this file'}, byte for byte",
        hint="name the run whose settings hold: --run RUN; infl-seg runs list shows them",
    )


def _planner(files: list[str], entry: "RunStatus", given: VerifyOptions) -> "Planner":
    from functools import partial

    from inflection_cli.backfilling.plan import Planner
    from inflection_cli.cli.opening import planner_of
    from inflection_cli.cli.option_values import convert_settings, linking_of, read_options
    from inflection_cli.cli.project_file import own_settings_then
    from inflection_cli.cli.saved_options import read_back
    from inflection_cli.converting.inputs import convertible_chunks, open_inputs

    if entry.run.command in {"diff", "sync"}:
        raise UsageError(
            f"run {entry.run.run_id} sent what changed in a list, which its files alone do not tell",
            hint=f"infl-seg runs verify --received warehouse.csv --run {entry.run.run_id} compares its ids",
        )
    then = read_back(entry.run.arguments, given)
    if entry.run.command == "replay":
        return planner_of(files, then.reading, then.message, now=then.now, judges_people=then.judges_people)
    options = read_options(then.reading, then.profile)
    settings = convert_settings(then.reading, then.message, then.profile)
    columns = replace(settings.mapping.columns, asks_for_times=then.asks_for_times)
    mapping = replace(settings.mapping, columns=columns, judges_people=then.judges_people)
    settings = replace(settings, now=then.now, mapping=mapping)
    own = own_settings_then(entry.run.arguments, given, then, options, settings)
    inputs = open_inputs(files, options, settings, own)
    chunks = partial(convertible_chunks, inputs, options, settings, limit=then.reading.limit)
    linking = linking_of(then.reading, then.profile, settings.message, inputs)
    return Planner(inputs, settings, chunks, linking=linking)
