"""Steps of a run: input, ledger, plan, delivery, record."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from math import inf
from typing import TYPE_CHECKING, Any

from inflection_cli.backfilling.known_people import KnownPeople
from inflection_cli.backfilling.ledger_lookup import (
    RECORDED,
    Doubts,
    KnownEvents,
    bound_otherwise,
    held_ledger,
    input_records,
    looked_up_ledger,
    other_preset_versions,
    others_if_empty,
    plan_kinds,
    sent_as_text_before,
    shaping_settings,
    unprotected,
)
from inflection_cli.backfilling.message_file import (
    MessageFile,
    is_stream,
    open_message_file,
    refuse_to_replace,
    write_messages,
)
from inflection_cli.backfilling.people_of_run import PeopleOfRun
from inflection_cli.backfilling.plan import estimate
from inflection_cli.backfilling.run_decisions import run_error, trouble_words
from inflection_cli.backfilling.run_state import (
    Reporter,
    RunOptions,
    RunState,
    Target,
    ledger_figures,
    planned_events,
)
from inflection_cli.errors import InflSegError, InputError, Interrupted
from inflection_cli.ledger.ledger_records import RunStart
from inflection_cli.model import Batch, Disposition, Message
from inflection_cli.version import __version__

if TYPE_CHECKING:
    from inflection_cli.backfilling.delivery_run import DeliverySettings


def open_input(state: RunState, stack: ExitStack) -> None:
    """Check where files are to be written, and open the input.

    Raises:
        InputError: A file cannot be read at all, or a place cannot be written to.
        UsageError: An option cannot be met.
    """
    options = state.options
    stack.callback(options.rejects.close)
    if not options.dry_run:
        options.rejects.folder.require_a_place()
    state.opened = options.files()
    stack.callback(state.opened.close)
    stack.callback(state.plan.identities.close)
    stack.callback(state.plan.linking.close)
    if options.out is not None:
        refuse_to_replace(options.out, (each.source.location for each in state.plan.inputs))


def open_destination(state: RunState, reporter: Reporter, stack: ExitStack) -> None:
    """Open the ledger: locked for a delivery, read-only for a dry run.

    Raises:
        LedgerError: It cannot be used.
        UsageError: There is no destination.
    """
    options = state.options
    place = stack.enter_context(options.destination())
    if place is None:
        return
    state.target, state.state_dir = place
    namespace = state.target.namespace
    ledger = None
    if options.dry_run:
        ledger = stack.enter_context(looked_up_ledger(state.state_dir, namespace))
        if ledger is None:
            return
        if not ledger.has_checksums:
            reporter.note(f"note: {unprotected(ledger)}")
    else:
        held = held_ledger(state.state_dir, namespace, options.typed, reporter.note)
        ledger = state.ledger = stack.enter_context(held)
        if not options.new_destination and not options.rehearsal:
            state.elsewhere = stack.enter_context(others_if_empty(state.state_dir, ledger))
    doubts = Doubts(options.now, state.target.dedup_window_s, options.resend_in_doubt)
    is_replay = options.command == "replay"
    state.known = KnownEvents(ledger, options.label, doubts, state.elsewhere, ready=is_replay)
    state.people = stack.enter_context(closing(KnownPeople(ledger, options.people_before)))


def make_plan(state: RunState, reporter: Reporter, draft: MessageFile | None = None) -> None:
    """Run pass 1, estimate the cost, and compare with earlier runs.

    Raises:
        InputError: A file cannot be read to its end.
        LedgerError: The ledger cannot be read.
    """
    options, known = state.options, state.known
    assert state.opened is not None
    take = None if draft is None else draft.take
    with reporter.reading(state.plan) as progress:
        run_words = None if known is None else known.run_words
        plan = state.opened.planner.run(known or (), progress, run_words, take, state.people)
        options.adjust(plan)
    options.rejects.close()
    if not options.dry_run and not options.rehearsal and state.state_dir is not None:
        options.rejects.fall_back_on(state.state_dir, options.run_id)
    state.events = planned_events(plan, already_known=state.target is not None)
    state.estimate = estimate(plan, options.requests_per_second, options.events_per_second)
    if known is None or not options.converts_files:
        return
    if plan.to_send:
        state.bound_otherwise = [
            *bound_otherwise(plan, known.ledger, known.label),
            *other_preset_versions(plan, state.opened.arguments, known.ledger, known.label),
        ]
    state.text_before = sent_as_text_before(plan, known.ledger)


@contextmanager
def drafted(state: RunState) -> Iterator[MessageFile | None]:
    """Write messages to a regular file while they are planned."""
    out = state.options.out
    # Who an early row is of may only be known at the end.
    if out is None or is_stream(out) or state.plan.linking.resolves:
        yield None
        return
    with open_message_file(out) as draft:
        yield draft
        assert state.plan.dispositions is not None
        draft.settle(state.plan.dispositions)


def write_out(state: RunState, draft: MessageFile | None) -> None:
    """Write a dry run's messages, unless the plan has written them."""
    state.out = state.options.out
    if state.out is not None and draft is None:
        write_messages(state.plan, state.out)
    state.exit_code = int(bool(state.plan.account.rows.rejected))


def delivery_kept(options: RunOptions, target: Target) -> dict[str, Any]:
    """Return how a run delivers, for the ledger."""
    return {
        "gzip": target.destination.gzip,
        "dedup_window_s": target.dedup_window_s,
        "requests_per_second": options.requests_per_second,
        "events_per_second": options.events_per_second,
    }


def record_start(state: RunState) -> None:
    """Record the start of a run: command, id settings and files.

    Raises:
        LedgerError: The ledger cannot be written.
    """
    options, plan = state.options, state.plan
    assert state.opened is not None
    assert state.ledger is not None
    assert state.target is not None
    start = RunStart(
        command=options.command,
        arguments={
            "command": options.typed,
            **state.opened.arguments,
            "delivery": delivery_kept(options, state.target),
            "plan": {**ledger_figures(state), RECORDED: plan_kinds(plan)},
        },
        shaping=shaping_settings(plan),
        inputs=input_records(plan),
        endpoint=state.target.destination.endpoint,
        version=__version__,
        label=options.label,
    )
    state.run_id = state.ledger.start_run(start, now=time.time(), run_id=options.run_id)


def deliver(state: RunState, reporter: Reporter) -> None:
    """Run pass 2: send messages, and keep the refused ones."""
    # The network is imported by whoever needs it: a dry run never does.
    from inflection_cli.backfilling.delivery_run import Phases, batches_of, run_delivery  # noqa: PLC0415
    from inflection_cli.backfilling.link_delivery import LinkPhase  # noqa: PLC0415
    from inflection_cli.backfilling.second_pass import outgoing  # noqa: PLC0415
    from inflection_cli.delivery.context import StopSignal  # noqa: PLC0415
    from inflection_cli.segment.ids import Binder, returned_id  # noqa: PLC0415

    options, plan = state.options, state.plan
    assert plan.dispositions is not None
    assert state.ledger is not None
    assert state.run_id is not None
    assert state.people is not None
    settings = _delivery_settings(state)
    halt = StopSignal()
    bind = Binder(settings.namespace, settings.label or None).bind
    batched = partial(batches_of, settings=settings, dispositions=plan.dispositions)
    draft = None
    try:
        with ExitStack() as stack:
            people = PeopleOfRun(state.ledger, state.run_id, state.people, plan.linking)
            people.start()
            links = LinkPhase(plan, bind, people)
            if options.out is not None:
                draft = stack.enter_context(open_message_file(options.out))
            rows = outgoing(plan, bind, partial(returned_id, run_id=state.run_id))
            phases = Phases(rows, links, lambda part: _written(draft, batched(part)))
            keep = partial(_keep_refused, state, reporter)
            observer = stack.enter_context(reporter.delivering(state, halt, keep))
            journal = state.ledger.journal(state.run_id)
            state.delivered = run_delivery(
                plan, phases, settings, journal=journal, observer=observer, halt=halt
            )
        state.out = None if draft and draft.failed else options.out
    except (InputError, Interrupted) as error:
        if state.delivered is None:
            raise
        # What was sent is accounted for, whatever became of the file beside it.
        state.delivered.end_with(error)


def send_nothing(state: RunState) -> None:
    """Record of a run without events to send that none is open.

    Raises:
        LedgerError: The ledger cannot be written.
    """
    assert state.ledger is not None
    assert state.run_id is not None
    state.ledger.record_open(state.run_id)


def _written(draft: MessageFile | None, batches: Iterator[Batch | None]) -> Iterator[Batch | None]:
    """Yield batches; write each to the file first, if any."""
    return batches if draft is None else draft.beside(batches)


def _delivery_settings(state: RunState) -> "DeliverySettings":
    from inflection_cli.backfilling.delivery_run import DeliverySettings  # noqa: PLC0415 - see `deliver`

    options, target, known = state.options, state.target, state.known
    assert target is not None
    assert known is not None
    return DeliverySettings(
        destination=target.destination,
        namespace=target.namespace,
        label=options.label,
        requests_per_second=options.requests_per_second,
        events_per_second=options.events_per_second,
        patience_s=options.patience_s,
        # The user's word covers every doubt, however old, and also where no window is trusted at all.
        dedup_window_s=inf if options.resend_in_doubt else target.dedup_window_s,
        doubtful_since=known.doubtful_since,
    )


def _keep_refused(state: RunState, reporter: Reporter, message: Message, reason: str) -> None:
    assert state.plan.dispositions is not None
    state.refused_again += state.plan.dispositions.one(message.ordinal) is Disposition.REFUSED
    kept = state.options.rejects.refused_messages
    before = len(kept.troubles)
    state.options.rejects.refused(message, reason)
    for trouble in kept.troubles[before:]:
        reporter.note(f"warning: {trouble_words(trouble)}; the delivery goes on", warns=True)


def account(state: RunState) -> None:
    """Account for every event: decide how the run ended, and record it.

    Raises:
        LedgerError: The ledger cannot be written, and nothing else ended the run.
    """
    assert state.ledger is not None
    assert state.run_id is not None
    rows, delivered = state.plan.account.rows, state.delivered
    if delivered is not None:
        state.options.rejects.refused_messages.save()
        state.events = delivered.events
        state.error = run_error(state, delivered)
    error = state.error
    state.exit_code = error.exit_code if error else int(bool(rows.rejected or state.events.refused))
    summary = ledger_figures(state)
    if error is not None and error.cause:
        summary["error"] = {"code": error.code, "cause": error.cause}
    try:
        state.ledger.finish_run(state.run_id, summary=summary, exit_code=state.exit_code, now=time.time())
    except InflSegError:
        stopped = None if delivered is None else delivered.tally.stopped
        if stopped is None or stopped.error is None:
            raise
