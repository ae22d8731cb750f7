"""Shared code of backfill and replay: from the options to a run."""

import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from inflection_cli.backfilling.message_file import is_stdout
from inflection_cli.backfilling.rejects_folder import Rejects
from inflection_cli.backfilling.run import run
from inflection_cli.backfilling.run_state import OpenedFiles, RunCommand, RunOptions, RunState, Target
from inflection_cli.cli.option_values import budget, seconds
from inflection_cli.cli.project_file import slowed
from inflection_cli.cli.run_reporter import RunReporter
from inflection_cli.cli.session import Session, session
from inflection_cli.cli.target import find_target, required, takes_stdin, with_kept_answer
from inflection_cli.cli.usage_errors import kept_command, shown_command
from inflection_cli.errors import UsageError
from inflection_cli.ledger.ledger_file import new_run_id
from inflection_cli.ledger.state_dir import state_dir
from inflection_cli.mapping.personal_data import is_personal_text
from inflection_cli.settings.declarations import (
    DeliveryOptions,
    DestinationOptions,
    ProjectOptions,
    ReportingOptions,
)

OpenFiles = Callable[[Session, Rejects], OpenedFiles]


class Sending:
    """One backfill or replay, from its options to its exit code."""

    def __init__(
        self,
        command: RunCommand,
        destination: DestinationOptions,
        delivery: DeliveryOptions,
        output: ReportingOptions,
        *,
        project: ProjectOptions,
        max_errors: str = "0",
        rejects: str | None = None,
        target: Target | None = None,
    ) -> None:
        self._command = command
        self._destination = destination
        self._delivery = delivery
        self._output = output
        self._project = project
        self._budget = budget(max_errors)
        self._patience_s = seconds("--patience", delivery.patience)
        self._watch: Callable[[str], None] = print
        self._now = time.time()
        self._run_id = new_run_id(self._now)
        self._rejects = Rejects.at(rejects or f"./infl-seg-rejects-{self._run_id}")
        self._target = target
        if delivery.dry_run and delivery.rehearse:
            raise UsageError("--dry-run and --rehearse exclude each other", hint="keep one of the two")
        if delivery.watch and not delivery.rehearse:
            raise UsageError(
                "--watch shows a rehearsal, and this is none",
                hint="add --rehearse; to watch a delivery to a sandbox of your own, run infl-seg sandbox",
            )
        if delivery.again is not None and not delivery.again.strip():
            raise UsageError("--again needs a label", hint="--again repair-1, or leave the option out")
        if delivery.again is not None and is_personal_text(delivery.again):
            raise UsageError(
                "--again takes a label that the ledger keeps, and this one is an address or a phone number",
                hint="--again repair-1",
            )

    def run(
        self,
        open_files: OpenFiles,
        files: Sequence[str],
        reporter_of: Callable[..., RunReporter] = RunReporter,
    ) -> int:
        """Run the command and return its exit code.

        Args:
            open_files: Opens the files.
            files: Their names; where standard input is one of them, nobody can be asked there.
            reporter_of: Makes what shows the run and asks.
        """
        with session(self._command, self._output, files, self._project, out=self._delivery.out) as at_work:
            self._watch = at_work.speaker.talk
            self._delivery, took = slowed(at_work.project, self._delivery)
            at_work.took |= took
            state = at_work.run = RunState(self._run_options(at_work, open_files))
            self._rejects.folder.require_a_folder()
            key_from_stdin = self._find_target(files)
            reporter = reporter_of(
                at_work,
                agreed=self._delivery.yes or self._delivery.rehearse,
                stdin_taken="-" in files,
                key_from_stdin=key_from_stdin,
            )
            return run(state, reporter).exit_code

    def _run_options(self, at_work: Session, open_files: OpenFiles) -> RunOptions:
        def opened() -> OpenedFiles:
            at_work.opened = open_files(at_work, self._rejects)
            _leave_stdout_to_messages(at_work, self._delivery.out)
            return at_work.opened

        delivery = self._delivery
        return RunOptions(
            command=self._command,
            files=opened,
            destination=self._place,
            rejects=self._rejects,
            within_budget=self._budget.allows,
            patience_s=self._patience_s,
            requests_per_second=delivery.request_rate,
            events_per_second=delivery.event_rate,
            now=self._now,
            run_id=self._run_id,
            typed=kept_command(sys.argv),
            again=_again,
            out=delivery.out,
            label=delivery.again or "",
            resend_in_doubt=delivery.resend_in_doubt,
            new_destination=self._destination.new_destination,
            dry_run=delivery.dry_run,
            rehearsal=delivery.rehearse,
        )

    def _find_target(self, files: Sequence[str]) -> bool:
        """Find the destination, before any file is read.

        Returns:
            Whether the key came from standard input.

        Raises:
            UsageError: Key or endpoint cannot be used, or the key and a file would both be standard input.
        """
        if self._delivery.rehearse:
            return False
        key_from_stdin = takes_stdin(self._destination, os.environ)
        if key_from_stdin and "-" in files:
            raise UsageError(
                "the write key and a FILE - would both be read from standard input",
                hint="give the key in a file, --write-key-file key.txt, or name the export's file",
            )
        self._target = self._target or find_target(self._destination, gzip=not self._delivery.no_gzip)
        return key_from_stdin

    @contextmanager
    def _place(self) -> Iterator[tuple[Target, Path] | None]:
        """Yield the user's destination, or a sandbox with a temporary ledger."""
        delivery = self._delivery
        if delivery.rehearse:
            from inflection_cli.cli.rehearsal import rehearsal

            watch = self._watch if delivery.watch else None
            with rehearsal(gzip=not delivery.no_gzip, watch=watch) as place:
                yield place
        elif delivery.dry_run and self._target is None:
            yield None
        else:
            target = required(self._target, command=self._command)
            given = delivery.state_dir
            kept_in = state_dir(Path(given) if given else None, os.environ)
            yield with_kept_answer(target, kept_in), kept_in


def _leave_stdout_to_messages(at_work: Session, out: str | None) -> None:
    """Print results on stderr if the messages go to stdout.

    Raises:
        UsageError: A report that was asked for is printed there too.
    """
    if out is None or not is_stdout(out):
        return
    report = "--json" if at_work.output.json else "--report" if at_work.reports.printed else None
    if report is not None:
        raise UsageError(
            f"{report} and --out {out} would both write to stdout",
            hint="give the messages a file of their own, for example --out messages.ndjson",
        )
    at_work.speaker.out = at_work.speaker.err


def _again(*, max_errors: int | None = None) -> str:
    return shown_command(sys.argv, max_errors=max_errors)
