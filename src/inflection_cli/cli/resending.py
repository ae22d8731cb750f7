"""Send accepted events again that did not arrive, under the same ids."""

import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any, Final

from inflection_cli.backfilling.plan import Plan, Planner
from inflection_cli.backfilling.rejects_folder import Rejects
from inflection_cli.backfilling.run import run
from inflection_cli.backfilling.run_state import OpenedFiles, RunOptions, RunState, Target
from inflection_cli.cli.option_values import seconds
from inflection_cli.cli.run_reporter import RunReporter
from inflection_cli.cli.session import Session
from inflection_cli.cli.target import find_target, required, with_kept_answer
from inflection_cli.cli.usage_errors import kept_command, shown_command
from inflection_cli.errors import ConfirmationMissing, DecisionNeeded, Declined, InputChanged, UsageError
from inflection_cli.history.received import Receipts
from inflection_cli.history.run_history import RunStatus
from inflection_cli.ledger.ledger_file import new_run_id
from inflection_cli.ledger.state_dir import state_dir
from inflection_cli.model import BatchState, Disposition
from inflection_cli.reporting.console import Speaker, answered_yes
from inflection_cli.reporting.reports import Reports
from inflection_cli.sanitize import counted
from inflection_cli.settings.declarations import (
    EVENTS_PER_SECOND,
    REQUESTS_PER_SECOND,
    DestinationOptions,
    LookOptions,
    ReportingOptions,
    SourceOptions,
)

WAREHOUSE_LAG_S: Final = 48 * 3600.0
"""Warehouses are loaded late: before so long has passed since the last acceptance, missing proves nothing."""

_USUAL: Final[Mapping[str, Any]] = {
    "gzip": True,
    "requests_per_second": REQUESTS_PER_SECOND,
    "events_per_second": EVENTS_PER_SECOND,
}
"""How a run delivered whose ledger does not say so."""

_OPEN: Final = (
    Disposition.SEND,
    Disposition.RESEND,
    Disposition.IN_DOUBT,
    Disposition.ELSEWHERE,
    Disposition.REFUSED,
)


class Resending:
    """Delivery of the missing events of a run's files.

    Args:
        entry: The run whose settings and label hold.
        look: Where its ledger is.
        source: The write key and the endpoint.
        receipts: What is missing.
    """

    def __init__(
        self, entry: RunStatus, look: LookOptions, source: SourceOptions, receipts: Receipts
    ) -> None:
        self._entry = entry
        self._look = look
        self._receipts = receipts
        self._now = time.time()
        given = look.state_dir
        self._state_dir = state_dir(Path(given) if given else None, os.environ)
        self._then = {**_USUAL, **entry.run.arguments.get("delivery", {})}
        self._target = self._find_target(source)

    def require_time(self) -> None:
        """Check that the warehouse had its time.

        Raises:
            DecisionNeeded: The last acceptance is too young.
        """
        ledger = self._entry.ledger
        accepted = (
            batch.settled or batch.intended
            for each in ledger.runs()
            for batch in ledger.batches(each.run_id)
            if batch.state is BatchState.ACCEPTED
        )
        age_s = self._now - max(accepted)
        if age_s < WAREHOUSE_LAG_S:
            raise DecisionNeeded(
                f"the last acceptance is {max(0, age_s) // 3600:.0f} hours old, and warehouses may lag by 48 hours",
                hint="export the ids once more when 48 hours have passed, and compare again",
            )

    def confirm(self, count: int | None) -> None:
        """Ask with the count, unless the same count was given.

        Raises:
            ConfirmationMissing: The answer is no, nobody can be asked, or the count is another one.
        """
        missing = self._receipts.missing
        if count == missing:
            return
        place = self._target.destination.endpoint
        question = (
            f"Send {counted(missing, 'event')} again to {place} under the same ids? Destinations that did get these"
            " will get them twice"
        )
        if count is not None or not (sys.stdin and sys.stdin.isatty() and sys.stderr.isatty()):
            raise ConfirmationMissing(
                f"{question}? Confirmation required for {missing:,}",
                hint=f"the same command with --resend-count {missing}",
            )
        print(f"{question}. [y/N] ", end="", file=sys.stderr, flush=True)
        if not answered_yes():
            raise Declined("nothing was sent", hint="the same command asks again")

    def send(self, planner: Planner, speaker: Speaker) -> dict[str, Any]:
        """Send the missing events; return the event counts of the run.

        Args:
            planner: Converts the files again, with the settings of the run.
            speaker: Shows the run.

        Raises:
            InflSegError: The delivery is not complete, as in a backfill.
        """
        planner.sends = False
        with Reports([], os.environ) as reports:
            at_work = Session("runs verify", ReportingOptions(), speaker, reports, None, {})
            at_work.opened = OpenedFiles(planner, self._entry.run.arguments)
            at_work.run = RunState(self._options(at_work.opened))
            reporter = RunReporter(at_work, agreed=True, stdin_taken=False, key_from_stdin=False)
            return asdict(run(at_work.run, reporter).events)

    def _find_target(self, source: SourceOptions) -> Target:
        """Return the destination of the ledger.

        Raises:
            UsageError: The key and the endpoint are those of another one, or the run went elsewhere.
        """
        options = DestinationOptions(
            **{each.name: getattr(source, each.name) for each in fields(source)},
            namespace=self._look.namespace,
        )
        target = required(find_target(options, gzip=self._then["gzip"]), command="backfill")
        namespace = self._entry.ledger.namespace
        if target.namespace != namespace:
            raise UsageError(
                f"this key and endpoint are another destination than {self._entry.run.endpoint}, which the run sent to",
                hint=f"give the run's key and --endpoint; the same source under a new key: --namespace {namespace}",
            )
        sent_to = self._entry.run.endpoint
        if target.destination.endpoint != sent_to:  # one namespace may stand for several places
            raise UsageError(
                f"the run sent to {sent_to}, and this would send to {target.destination.endpoint}",
                hint=f"give the place of the run: --endpoint {sent_to}, or --region for Segment's own",
            )
        window_s = self._then.get("dedup_window_s")
        if window_s is None:  # of an earlier version
            return with_kept_answer(target, self._state_dir)
        return replace(target, dedup_window_s=window_s, window_from="the run", asks_window=False)

    def _options(self, opened: OpenedFiles) -> RunOptions:
        run_id = new_run_id(self._now)
        entry = self._entry
        return RunOptions(
            command="replay" if entry.run.command == "replay" else "backfill",
            files=lambda: opened,
            destination=self._place,
            rejects=Rejects.at(f"./infl-seg-rejects-{run_id}"),
            within_budget=lambda _rejected, _read: True,  # the run that sent them has decided
            patience_s=seconds("--patience", "1h"),
            requests_per_second=self._then["requests_per_second"],
            events_per_second=self._then["events_per_second"],
            now=self._now,
            run_id=run_id,
            typed=kept_command(sys.argv),
            again=lambda *, max_errors=None: shown_command(sys.argv, max_errors=max_errors),
            label=entry.run.label,
            people_before=entry.run.number,
            adjust=self._adjust,
        )

    @contextmanager
    def _place(self) -> Iterator[tuple[Target, Path]]:
        yield self._target, self._state_dir

    def _adjust(self, plan: Plan) -> None:
        """Send what is missing, and nothing else.

        Raises:
            DecisionNeeded: The files have more that is not in yet.
            InputChanged: The files are not those that were compared.
        """
        assert plan.dispositions is not None
        if plan.digests != self._receipts.digests:
            raise InputChanged(
                "the files have changed since they were compared with what was received",
                hint="the same command compares again",
            )
        still = sum(map(plan.count, _OPEN))
        if still:
            raise DecisionNeeded(
                f"{counted(still, 'event of these files was', 'events of these files were')} never accepted;"
                " deliver them first",
                hint=f"infl-seg runs show {self._entry.run.run_id} names the command",
            )
        plan.dispositions.send_again(self._receipts.missing_ordinals())
