"""Shared code of backfill and replay: from the plan to the delivery."""

import os
import shlex
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from math import inf
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, Final

from inflection_cli.backfilling.dedup import Dispositions
from inflection_cli.backfilling.estimate import Estimate, estimate
from inflection_cli.backfilling.ledger_lookup import (
    Doubts,
    KnownEvents,
    bound_otherwise,
    held_ledger,
    input_records,
    looked_up_ledger,
    others_if_empty,
    refuse_events_elsewhere,
    refuse_other_settings,
    shaping_settings,
    unprotected,
)
from inflection_cli.backfilling.message_file import (
    MessageFile,
    is_stdout,
    is_stream,
    open_message_file,
    refuse_to_replace,
    write_messages,
)
from inflection_cli.backfilling.plan import Plan
from inflection_cli.backfilling.property_types_sent import RECORDED, plan_kinds, sent_as_text_before
from inflection_cli.backfilling.rejects_folder import Rejects
from inflection_cli.cli.option_values import budget, seconds
from inflection_cli.cli.project_file import slowed
from inflection_cli.cli.run_endings import (
    left_over,
    refused_again,
    refused_lines,
    refused_object,
    refused_places,
    trouble_words,
    undecided,
)
from inflection_cli.cli.session import SIGNALS, Session, session
from inflection_cli.errors import (
    ConfirmationMissing,
    ImplausiblePeople,
    InflSegError,
    InputError,
    Interrupted,
    OverBudget,
    UsageError,
)
from inflection_cli.ledger.ledger_file import new_run_id
from inflection_cli.ledger.ledger_records import RunStart
from inflection_cli.ledger.state_dir import state_dir
from inflection_cli.model import Disposition, Message
from inflection_cli.reporting import plan_text
from inflection_cli.reporting.console import answered_yes
from inflection_cli.reporting.json_report import (
    delivery_object,
    dumps,
    estimate_object,
    events_object,
    text_before_object,
)
from inflection_cli.reporting.outlet import print_machine
from inflection_cli.reporting.sanitize import counted, escape
from inflection_cli.reporting.used_settings import settings_lines
from inflection_cli.settings.redaction import PERSONAL
from inflection_cli.version import __version__

if TYPE_CHECKING:
    from inflection_cli.backfilling.delivery_run import Delivered
    from inflection_cli.cli.options import (
        DeliveryOptions,
        DestinationOptions,
        ProjectOptions,
        ReportingOptions,
    )
    from inflection_cli.cli.target import Target
    from inflection_cli.delivery.context import StopSignal
    from inflection_cli.ledger.ledger_file import Ledger
    from inflection_cli.reporting.console import Speaker
    from inflection_cli.reporting.progress import DeliveryProgress

Open = Callable[[Session, Rejects], None]


class Sending:
    """One backfill or replay, from its options to its exit code."""

    def __init__(
        self,
        command: str,
        destination: "DestinationOptions",
        delivery: "DeliveryOptions",
        output: "ReportingOptions",
        *,
        project: "ProjectOptions",
        max_errors: str = "0",
        rejects: str | None = None,
    ) -> None:
        self._command = command
        self._ready = command == "replay"
        self._destination = destination
        self._delivery = delivery
        self._output = output
        self._project = project
        self._budget = budget(max_errors)
        self._patience_s = seconds("--patience", delivery.patience)
        self._now = time.time()
        self._run_id = new_run_id(self._now)
        self._rejects = Rejects.at(rejects or f"./infl-seg-rejects-{self._run_id}")
        self._signum: int | None = None
        self._refused_again = 0
        self._endpoint = ""
        self._key_from_stdin = False
        self._scratch_state: Path | None = None
        if delivery.dry_run and delivery.rehearse:
            raise UsageError("--dry-run and --rehearse exclude each other", hint="keep one of the two")
        if delivery.again is not None and not delivery.again.strip():
            raise UsageError("--again needs a label", hint="--again repair-1, or leave the option out")

    def run(self, open_files: Open, files: Sequence[str]) -> int:
        """Run the command and return its exit code.

        Args:
            open_files: Opens the session's files.
            files: Their names; where standard input is one of them, nobody can be asked there.
        """
        with session(self._command, self._output, files, self._project) as at_work, ExitStack() as stack:
            at_work.known = {"run_id": None, "rejects": None, "out": None}
            self._delivery, took = slowed(at_work.project, self._delivery)
            at_work.took |= took
            stack.callback(self._rejects.close)
            self._rejects.folder.require_a_folder()
            target = self._target_given(files)
            if not self._delivery.dry_run:
                self._rejects.folder.require_a_place()
            open_files(at_work, self._rejects)
            if self._delivery.out is not None:
                refuse_to_replace(self._delivery.out, (each.source.location for each in at_work.plan.inputs))
                self._leave_stdout_to_messages(at_work, self._delivery.out)
            if self._delivery.dry_run:
                return self._dry_run(at_work, stack, target)
            target = stack.enter_context(self._target(target))
            return self._deliver(at_work, stack, target, unasked_stdin="-" in files)

    def _target_given(self, files: Sequence[str]) -> "Target | None":
        """Return the destination, with its key checked before any file is read.

        Raises:
            UsageError: Key or endpoint cannot be used, or the key and a file would both be standard input.
        """
        from inflection_cli.cli.target import find_target, takes_stdin

        if self._delivery.rehearse:
            return None
        self._key_from_stdin = takes_stdin(self._destination, os.environ)
        if self._key_from_stdin and "-" in files:
            raise UsageError(
                "the write key and a FILE - would both be read from standard input",
                hint="give the key in a file, --write-key-file key.txt, or name the export's file",
            )
        return find_target(self._destination, gzip=not self._delivery.no_gzip)

    def _leave_stdout_to_messages(self, at_work: Session, out: str) -> None:
        """Print results on stderr if the messages go to stdout.

        Raises:
            UsageError: A report that was asked for is printed there too.
        """
        if not is_stdout(out):
            return
        report = "--json" if self._output.json else "--report" if at_work.reports.printed else None
        if report is not None:
            raise UsageError(
                f"{report} and --out {out} would both write to stdout",
                hint="give the messages a file of their own, for example --out messages.ndjson",
            )
        at_work.speaker.out = at_work.speaker.err

    def _dry_run(self, at_work: Session, stack: ExitStack, target: "Target | None") -> int:
        known = None
        if target is not None:
            ledger = stack.enter_context(looked_up_ledger(self._state_dir(), target.namespace))
            if ledger is not None:
                if not ledger.has_checksums:
                    at_work.speaker.talk(f"note: {unprotected(ledger)}")
                known = KnownEvents(
                    ledger, self._delivery.again or "", self._doubts(target), ready=self._ready
                )
        with self._drafting(at_work) as draft:
            plan = self._plan(at_work, known or ())
            if known is not None and not self._ready:
                self._compare_with_earlier_runs(at_work, plan, known)
            self._say_plan(at_work, target, known)
            at_work.known["events"] = events_object(plan, already_known=target is not None)
            self._check_budget(plan, asking=False)
            if draft is not None and plan.dispositions is not None:
                draft.settle(plan.dispositions)
        if self._delivery.out is not None:
            at_work.known["out"] = self._delivery.out
            if draft is None:
                write_messages(plan, self._delivery.out)
        exit_code = 1 if plan.account.rows.rejected else 0
        closing = plan_text.dry_run_closing(plan, self._delivery.out, self._rejects.path, self._command)
        self._finish(at_work, exit_code, closing)
        return exit_code

    @contextmanager
    def _drafting(self, at_work: Session) -> Iterator[MessageFile | None]:
        """Write messages to a regular file while they are planned."""
        if self._delivery.out is None or is_stream(self._delivery.out):
            yield None
            return
        with open_message_file(self._delivery.out) as draft:
            at_work.draft = draft.take
            yield draft

    def _deliver(self, at_work: Session, stack: ExitStack, target: "Target", *, unasked_stdin: bool) -> int:
        ledger = stack.enter_context(
            held_ledger(self._state_dir(), target.namespace, kept_command(sys.argv), at_work.speaker.talk)
        )
        label = self._delivery.again or ""
        elsewhere = []
        if not self._destination.new_destination and not self._delivery.rehearse:
            elsewhere = stack.enter_context(others_if_empty(self._state_dir(), ledger))
        known = KnownEvents(ledger, label, self._doubts(target), elsewhere, ready=self._ready)
        plan = self._plan(at_work, known)
        if not self._ready:
            self._compare_with_earlier_runs(at_work, plan, known)
        self._say_plan(at_work, target, known)
        at_work.known["events"] = events_object(plan, already_known=True)
        if not self._delivery.rehearse:
            self._rejects.fall_back_on(self._state_dir(), self._run_id)
        refuse_events_elsewhere(plan, elsewhere)
        refuse_other_settings(plan, ledger, label)
        self._confirm(at_work, plan, target, unasked_stdin=unasked_stdin)
        if plan.to_send == 0:
            return self._nothing_to_send(at_work, plan, target, ledger, known)
        delivered = self._send(at_work, plan, target, ledger, known)
        return self._account(at_work, ledger, delivered, known)

    def _plan(self, at_work: Session, known: Any) -> Plan:
        plan = at_work.make_plan(known, known.run_words if isinstance(known, KnownEvents) else None)
        self._rejects.close()
        costs = self._estimate(plan)
        at_work.known |= {"estimate": estimate_object(costs), "rejects": self._rejects.path}
        return plan

    def _compare_with_earlier_runs(self, at_work: Session, plan: Plan, known: KnownEvents) -> None:
        """Compare with earlier runs which columns ids are taken from."""
        if plan.to_send:
            at_work.known["bound_otherwise"] = bound_otherwise(plan, known.ledger, known.label)

    def _estimate(self, plan: Plan) -> Estimate:
        return estimate(plan, self._delivery.request_rate, self._delivery.event_rate)

    def _say_plan(self, at_work: Session, target: "Target | None", known: KnownEvents | None) -> None:
        """Print the plan: input, cost, destination and problems."""
        from inflection_cli.cli.target import unusual_key

        plan, speaker = at_work.plan, at_work.speaker
        speaker.talk("Plan", "bold")
        plan_text.speak(settings_lines(at_work.settings_said()), speaker, result=False)
        plan_text.speak(plan_text.input_lines(plan), speaker, result=False)
        plan_text.speak(plan_text.known_lines(plan), speaker, result=False)
        before = [] if known is None or self._ready else sent_as_text_before(plan, known.ledger)
        at_work.known["text_before"] = text_before_object(before)
        plan_text.speak(plan_text.text_before_lines(before), speaker, result=False)
        moved = at_work.known.get("bound_otherwise", [])
        plan_text.speak((("", escape(line)) for line in moved), speaker, result=False)
        plan_text.speak(
            plan_text.cost_lines(self._estimate(plan), self._delivery.event_rate), speaker, result=False
        )
        where = "a local stand-in for Segment (--rehearse)" if self._delivery.rehearse else None
        if target is not None and where is None:
            where = target.words()
        plan_text.speak(plan_text.destination_lines(plan, where, self._command), speaker, result=False)
        odd_key = None if target is None or self._delivery.rehearse else unusual_key(target)
        if odd_key is not None:
            speaker.warn(odd_key)
        at_work.say_problems(f"; all of them in {self._rejects.path}" if self._rejects.path else "")

    def _check_budget(self, plan: Plan, *, asking: bool) -> None:
        if plan.account.problems.counts.get("own-id-conflict"):
            raise OverBudget(
                "the export's own event ids identify no events: one id stands for different times, links or people",
                hint="--no-event-id ignores them, and events are told apart by their fields",
            )
        implausible = plan.account.problems.by_code().get("person-implausible")
        if implausible:
            raise ImplausiblePeople(
                f"the people cannot be right: {implausible[0].message}; nothing was sent",
                hint="name the column that holds the person's id: --map userId=COLUMN; where the people are as they "
                "should be, --allow-implausible-people sends them",
            )
        rows = plan.account.rows
        if asking or self._budget.allows(rows.rejected, rows.read):
            return
        where = f"; they are in {self._rejects.path}" if self._rejects.path else ""
        raise OverBudget(
            f"{rows.rejected:,} of {counted(rows.read, 'row')} are rejected, over the error budget; nothing was "
            f"sent{where}",
            hint=f"mend the export, or let the rest go: {shown_command(sys.argv, max_errors=rows.rejected)}",
        )

    def _confirm(self, at_work: Session, plan: Plan, target: "Target", *, unasked_stdin: bool) -> None:
        """Ask before sending, or check that no confirmation is needed."""
        taken = unasked_stdin or self._key_from_stdin
        can_ask = sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty() and not taken
        asking = can_ask and not self._delivery.yes and not self._delivery.rehearse
        self._check_budget(plan, asking=asking)
        if self._delivery.yes or self._delivery.rehearse or plan.to_send == 0:
            return
        if not can_ask:
            why = ": standard input was the write key" if self._key_from_stdin else ""
            raise ConfirmationMissing(
                f"nobody is there to be asked whether to send{why}",
                hint=f"look at the plan, then: {shown_command(sys.argv, yes=True)}",
            )
        question = plan_text.question(plan, target.destination.endpoint, self._rejects.path)
        at_work.speaker.err.print(question, end="", markup=False, highlight=False, soft_wrap=True)
        if not answered_yes():
            raise ConfirmationMissing("nothing was sent", hint="the same command asks again")

    def _start(self, at_work: Session, plan: Plan, target: "Target", ledger: "Ledger") -> None:
        """Record the start of a run: command, id settings and files."""
        start = RunStart(
            command=self._command,
            arguments={
                "command": kept_command(sys.argv),
                **at_work.arguments,
                "plan": {**_kept(at_work.report()), RECORDED: plan_kinds(plan)},
            },
            shaping=shaping_settings(plan),
            inputs=input_records(plan),
            endpoint=target.destination.endpoint,
            version=__version__,
            label=self._delivery.again or "",
        )
        self._run_id = ledger.start_run(start, now=time.time(), run_id=self._run_id)
        at_work.known["run_id"] = self._run_id
        self._endpoint = target.destination.endpoint

    def _nothing_to_send(
        self, at_work: Session, plan: Plan, target: "Target", ledger: "Ledger", known: KnownEvents
    ) -> int:
        """Record and end a run that had nothing to send."""
        in_doubt = plan.count(Disposition.IN_DOUBT)
        if in_doubt:
            raise undecided(in_doubt, known.held_runs)
        self._start(at_work, plan, target, ledger)
        exit_code = 1 if plan.account.rows.rejected else 0
        at_work.known["events"] = events_object(plan, already_known=True)
        summary = _kept(at_work.report())
        ledger.finish_run(self._run_id, summary=summary, exit_code=exit_code, now=time.time())
        with at_work.speaker.result_of(self._again()):
            self._finish(at_work, exit_code, plan_text.nothing_to_send(plan, self._rejects.path))
        return exit_code

    def _send(
        self, at_work: Session, plan: Plan, target: "Target", ledger: "Ledger", known: KnownEvents
    ) -> "Delivered":
        from inflection_cli.backfilling.delivery_run import DeliverySettings, batches_of, run_delivery
        from inflection_cli.backfilling.second_pass import outgoing
        from inflection_cli.delivery.context import StopSignal
        from inflection_cli.reporting.progress import DeliveryProgress
        from inflection_cli.segment.ids import Binder

        options = self._delivery
        settings = DeliverySettings(
            destination=target.destination,
            namespace=target.namespace,
            label=options.again or "",
            requests_per_second=options.request_rate,
            events_per_second=options.event_rate,
            patience_s=self._patience_s,
            # The user's word covers every doubt, however old, and also where no window is trusted at all.
            dedup_window_s=inf if options.resend_in_doubt else target.dedup_window_s,
            doubtful_since=known.doubtful_since,
        )
        self._start(at_work, plan, target, ledger)
        halt = StopSignal()
        assert plan.dispositions is not None
        keep = partial(self._keep_refused, plan.dispositions, at_work.speaker)
        progress = DeliveryProgress(at_work.speaker, plan.to_send, options.event_rate, keep)
        messages = outgoing(plan, Binder(settings.namespace, settings.label or None).bind)
        batched = batches_of(messages, settings, plan.dispositions)
        delivered, draft = None, None
        try:
            with ExitStack() as stack:
                if options.out is not None:
                    draft = stack.enter_context(open_message_file(options.out))
                    batched = draft.beside(batched)
                stack.enter_context(progress)
                stack.enter_context(self._stoppable(halt, progress, at_work.speaker))
                delivered = run_delivery(
                    plan,
                    batched,
                    settings,
                    journal=ledger.journal(self._run_id),
                    observer=progress,
                    halt=halt,
                )
            at_work.known["out"] = None if draft and draft.failed else options.out
        except (InputError, Interrupted) as error:
            if delivered is None:
                raise
            # What was sent is accounted for, whatever became of the file beside it.
            delivered.end_with(error)
        return delivered

    def _keep_refused(self, dispositions: Dispositions, speaker: "Speaker", message: Message) -> None:
        self._refused_again += dispositions.one(message.ordinal) is Disposition.REFUSED
        kept = self._rejects.refused_messages
        before = len(kept.troubles)
        self._rejects.refused(message)
        for trouble in kept.troubles[before:]:
            speaker.talk(f"warning: {trouble_words(trouble)}; the delivery goes on", "yellow")

    @contextmanager
    def _stoppable(
        self, halt: "StopSignal", progress: "DeliveryProgress", speaker: "Speaker"
    ) -> Iterator[None]:
        """Stop gracefully on the first signal, immediately on the second.

        That nobody reads on counts as such a signal.
        """

        def stop(number: int, _frame: FrameType | None) -> None:
            # A closed terminal tells so by two signals and by refusing what is said; nobody insists by that.
            if self._signum and number in {signal.SIGHUP, signal.SIGPIPE}:
                return
            self._signum = self._signum or number
            halt.request()
            progress.stopping(insist=halt.asked > 1)

        speaker.when_lost = lambda: stop(signal.SIGPIPE, None)
        before = {number: signal.signal(number, stop) for number in SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _account(self, at_work: Session, ledger: "Ledger", delivered: "Delivered", known: KnownEvents) -> int:
        """Record the result of the run, report it, return the exit code."""
        plan = at_work.plan
        self._rejects.refused_messages.save()
        refused = refused_places(self._rejects)
        doubtful_runs = [*known.held_runs, *([self._run_id] if delivered.tally.in_doubt else [])]
        again = refused_again(delivered, self._refused_again, refused)
        error = again or delivered.error(self._signum) or left_over(delivered, doubtful_runs)
        exit_code = (
            error.exit_code if error else int(bool(plan.account.rows.rejected or delivered.events.refused))
        )
        at_work.known |= {
            "rejects": self._rejects.path,
            **refused_object(self._rejects),
            "events": events_object(plan, already_known=True, events=delivered.events),
            "delivery": delivery_object(delivered, self._endpoint, ledger.namespace),
        }
        self._record(at_work, ledger, delivered, error, exit_code)
        if error is not None:
            if not self._output.json:
                with at_work.speaker.result_of(self._again()):
                    self._speak_summary(at_work, delivered)
            lost = bool(error.cause) and delivered.nothing_answered
            if not error.hint or error.exit_code in {3, 129, 130, 141, 143}:
                first = f"check --endpoint {self._endpoint} and the network, then " if lost else ""
                error.hint = f"{first}run the same command again: {shown_command(sys.argv)}"
            raise error
        closing = plan_text.closing(plan, delivered, self._rejects.path, self._command, refused)
        with at_work.speaker.result_of(self._again()):
            if not self._output.json:
                self._speak_summary(at_work, delivered)
            self._finish(
                at_work,
                exit_code,
                plan_text.REHEARSED if self._delivery.rehearse and not exit_code else closing,
            )
        return exit_code

    def _speak_summary(self, at_work: Session, delivered: "Delivered") -> None:
        plan_text.speak_summary(at_work.speaker, at_work.plan, delivered, self._rejects.path)
        plan_text.speak(refused_lines(self._rejects), at_work.speaker, result=True)

    def _again(self) -> str:
        """Return the command that shows the run's result; empty for rehearsals."""
        return "" if self._delivery.rehearse else f"infl-seg runs show {self._run_id}"

    def _record(
        self,
        at_work: Session,
        ledger: "Ledger",
        delivered: "Delivered",
        error: InflSegError | None,
        exit_code: int,
    ) -> None:
        summary = _kept(at_work.report())
        if error is not None and error.cause:
            summary["error"] = {"code": error.code, "cause": error.cause}
        stopped = delivered.tally.stopped
        try:
            ledger.finish_run(self._run_id, summary=summary, exit_code=exit_code, now=time.time())
        except InflSegError:
            if stopped is None or stopped.error is None:
                raise

    def _finish(self, at_work: Session, exit_code: int, closing: str) -> None:
        at_work.write_reports(exit_code)
        if self._output.json:
            print_machine(dumps({**at_work.report(), "exit_code": exit_code}))
            return
        at_work.speaker.result(closing)

    def _doubts(self, target: "Target") -> Doubts:
        return Doubts(self._now, target.dedup_window_s, self._delivery.resend_in_doubt)

    def _state_dir(self) -> Path:
        if self._scratch_state is not None:
            return self._scratch_state
        given = self._delivery.state_dir
        return state_dir(Path(given) if given else None, os.environ)

    @contextmanager
    def _target(self, given: "Target | None") -> Iterator["Target"]:
        """Yield the user's destination, or a sandbox with a temporary ledger."""
        if not self._delivery.rehearse:
            from inflection_cli.cli.target import required

            yield required(given, command=self._command)
            return
        from inflection_cli.cli.rehearsal import rehearsal

        with rehearsal(gzip=not self._delivery.no_gzip) as (target, folder):
            self._scratch_state = folder
            yield target


_KEPT: Final = (
    "rows",
    "events",
    "by_event",
    "time_range",
    "people",
    "problem_counts",
    "delivery",
    "estimate",
    "rejects",
    "refused_kept_in",
    "refused_not_kept",
)


def _kept(report: dict[str, Any]) -> dict[str, Any]:
    """Return the parts of a report for the ledger: numbers, no cells."""
    return {name: report[name] for name in _KEPT if name in report}


def kept_command(argv: list[str]) -> str:
    """Return the typed command for the ledger, without key and personal data."""
    words = argv[:1]
    for word in argv[1:]:
        joined = word.startswith("--set=")
        name, equals, _ = word.removeprefix("--set=").partition("=")
        personal = equals and name.strip() in PERSONAL and (joined or words[-1] == "--set")
        words.append(f"{'--set=' if joined else ''}{name}=…" if personal else word)
    return shown_command(words)


def shown_command(argv: list[str], *, yes: bool = False, max_errors: int | None = None) -> str:
    """Return the typed command for a shell, without key, with added options."""
    words = ["infl-seg"]
    given = iter(argv[1:])
    for word in given:
        if word == "--write-key":
            next(given, None)
            words += ["--write-key", "…"]
        elif word.startswith("--write-key="):
            words.append("--write-key=…")
        elif max_errors is not None and word == "--max-errors":
            next(given, None)
        elif not (max_errors is not None and word.startswith("--max-errors=")):
            words.append(shlex.quote(word))
    if yes:
        words.append("--yes")
    if max_errors is not None:
        words += ["--max-errors", str(max_errors)]
    return " ".join(words)
