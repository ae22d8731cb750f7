"""Print a backfill or replay: plan, question, progress and end."""

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from types import FrameType
from typing import TYPE_CHECKING

from inflection_cli.backfilling.account import Account
from inflection_cli.backfilling.plan import Plan
from inflection_cli.backfilling.run_decisions import refused_places
from inflection_cli.backfilling.run_state import RunState, Target
from inflection_cli.cli.session import Session, on_signal
from inflection_cli.cli.target import unusual_key, with_answer
from inflection_cli.cli.usage_errors import shown_command
from inflection_cli.errors import ConfirmationMissing, Declined
from inflection_cli.ledger.state_dir import keep_dedup_window_s
from inflection_cli.model import Disposition, Message
from inflection_cli.reporting import plan_text
from inflection_cli.reporting.console import answered_yes
from inflection_cli.reporting.json_report import dumps
from inflection_cli.reporting.outlet import print_machine
from inflection_cli.reporting.plan_text import settings_lines
from inflection_cli.reporting.progress import DeliveryProgress
from inflection_cli.reporting.retry_text import answer_kept, retry_lines, window_question
from inflection_cli.sanitize import escape
from inflection_cli.segment.limits import DEDUP_WINDOW_S

if TYPE_CHECKING:
    from inflection_cli.delivery.context import Observer, StopSignal


class RunReporter:
    """Reporter of a run on stdout and stderr; asks on a terminal.

    Args:
        at_work: The command's session.
        agreed: Whether nobody is to be asked.
        stdin_taken: Whether standard input is read for something else than an answer.
        key_from_stdin: Whether that is the write key.
    """

    def __init__(self, at_work: Session, *, agreed: bool, stdin_taken: bool, key_from_stdin: bool) -> None:
        self._at_work = at_work
        self._speaker = at_work.speaker
        self._agreed = agreed
        self._key_from_stdin = key_from_stdin
        self._no_input = at_work.output.no_input
        people = sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty() and not self._no_input
        self._can_ask = people and not stdin_taken and not key_from_stdin

    @property
    def asks(self) -> bool:
        """True where a question stands in for the error budget."""
        return self._can_ask and not self._agreed

    def note(self, text: str, *, warns: bool = False) -> None:
        """Print a sentence on the ledger, or a warning."""
        self._speaker.talk(text, "yellow" if warns else "")

    def reading(self, plan: Plan) -> AbstractContextManager[Callable[[Account], None]]:
        """Show the progress of pass 1."""
        return self._at_work.reading(plan)

    def planned(self, state: RunState) -> None:
        """Print the plan: input, cost, destination and problems."""
        options, plan, speaker = state.options, state.plan, self._speaker
        assert state.estimate is not None
        where = None if state.target is None else state.target.words()
        if options.rehearsal:
            where = "a local stand-in for Segment (--rehearse)"
        speaker.talk("Plan", "bold")
        for lines in (
            settings_lines(self._at_work.settings_said()),
            self._at_work.opened.lines if self._at_work.opened else (),
            plan_text.input_lines(plan),
            plan_text.known_lines(plan),
            plan_text.text_before_lines(state.text_before),
            (("", escape(line)) for line in state.bound_otherwise or ()),
            plan_text.cost_lines(state.estimate, options.events_per_second),
            plan_text.destination_lines(plan, where, options.command, rehearsal=options.rehearsal),
            retry_lines(state.target),
        ):
            plan_text.speak(lines, speaker, result=False)
        odd_key = None if state.target is None or options.rehearsal else unusual_key(state.target)
        if odd_key is not None:
            speaker.warn(odd_key)
        self._at_work.say_problems(f"; all of them in {state.rejects}" if state.rejects else "")

    def confirm(self, state: RunState) -> None:
        """Ask before sending, unless it was agreed to before.

        Raises:
            ConfirmationMissing: The answer is no, or nobody can be asked.
        """
        if self._agreed or state.plan.to_send == 0:
            return
        if not self._can_ask:
            why = "stdin was the write key" if self._key_from_stdin else "stdin is not a terminal"
            why = "--no-input was given" if self._no_input else why
            raise ConfirmationMissing(
                f"confirmation required, but {why}",
                hint=f"review the plan, then add --yes: {shown_command(sys.argv, yes=True)}",
            )
        assert state.target is not None
        self._ask_window(state, state.target)
        question = plan_text.question(state.plan, state.target.destination.endpoint, state.rejects)
        if not self._answered(question):
            raise Declined("nothing was sent", hint="the same command asks again")

    def _ask_window(self, state: RunState, target: Target) -> None:
        """Ask once whether batches may be sent again, and keep the answer."""
        if not target.asks_window or state.state_dir is None:
            return
        yes = self._answered(window_question(target, DEDUP_WINDOW_S / 3600))
        window_s = DEDUP_WINDOW_S if yes else 0.0
        keep_dedup_window_s(state.state_dir, target.namespace, window_s)
        state.target = with_answer(target, window_s)
        self._speaker.talk(answer_kept(yes=yes))

    def _answered(self, question: str) -> bool:
        self._speaker.ask(question)
        return answered_yes()

    @contextmanager
    def delivering(
        self, state: RunState, halt: "StopSignal", keep: Callable[[Message, str], None]
    ) -> "Iterator[Observer]":
        """Show the progress of the delivery, which signals can stop."""
        rate, plan, run_id = state.options.events_per_second, state.plan, state.run_id or ""
        before = plan.count(Disposition.ALREADY_ACCEPTED)
        if self._speaker.log is not None:
            self._speaker.log.run = run_id
        with (
            DeliveryProgress(
                self._speaker, plan.to_send, rate, keep, before=before, run_id=run_id
            ) as progress,
            self._stoppable(state, halt, progress),
        ):
            yield progress

    @contextmanager
    def _stoppable(self, state: RunState, halt: "StopSignal", progress: DeliveryProgress) -> Iterator[None]:
        """Stop gracefully on the first signal, immediately on the second.

        That nobody reads on counts as such a signal.
        """

        def stop(number: int, _frame: FrameType | None) -> None:
            # A closed terminal tells so by two signals and by refusing what is said; nobody insists by that.
            if state.signum and number in {signal.SIGHUP, signal.SIGPIPE}:
                return
            state.signum = state.signum or number
            halt.request()
            progress.stopping(insist=halt.asked > 1)

        self._speaker.when_lost = lambda: stop(signal.SIGPIPE, None)
        with on_signal(stop):
            yield

    def ended(self, state: RunState) -> None:
        """Print the summary; finish a run that no error ended."""
        if state.options.dry_run:
            self._finish(state)
            return
        # A rehearsal leaves nothing behind that could tell it again.
        again = "" if state.options.rehearsal else f"infl-seg runs show {state.run_id}"
        with self._speaker.result_of(again):
            if state.delivered is not None and not self._at_work.output.json:
                plan_text.speak_summary(self._speaker, state.plan, state.delivered, state.rejects)
                plan_text.speak(plan_text.refused_lines(state.options.rejects), self._speaker, result=True)
            if state.error is None:
                self._finish(state)

    def _finish(self, state: RunState) -> None:
        self._at_work.write_reports(state.exit_code)
        if self._at_work.output.json:
            print_machine(dumps({**self._at_work.report(), "exit_code": state.exit_code}))
            return
        self._speaker.result(_closing(state), "yellow" if state.exit_code else "green")


def _closing(state: RunState) -> str:
    """Return the last line of a run that no error ended."""
    options, plan = state.options, state.plan
    if state.opened is not None and state.opened.nothing and not plan.account.rows.read:
        return state.opened.nothing
    if options.dry_run:
        return plan_text.dry_run_closing(plan, options.out, state.rejects, options.command)
    if state.delivered is None:
        return plan_text.nothing_to_send(plan, state.rejects)
    if options.rehearsal and not state.exit_code:
        return plan_text.REHEARSED
    refused = refused_places(options.rejects)
    if options.command in {"diff", "sync"} and state.exit_code:
        return plan_text.list_closing(plan, state.delivered, refused or state.rejects, options.command)
    return plan_text.closing(
        plan, state.delivered, state.rejects, options.command, refused, rehearsal=options.rehearsal
    )
