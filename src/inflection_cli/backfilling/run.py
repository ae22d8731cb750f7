"""One backfill or replay: open, plan, refuse, confirm, deliver, account."""

from contextlib import ExitStack

from inflection_cli.backfilling.run_decisions import refuse, refuse_over_budget
from inflection_cli.backfilling.run_state import Reporter, RunState
from inflection_cli.backfilling.run_steps import (
    account,
    deliver,
    drafted,
    make_plan,
    open_destination,
    open_input,
    record_start,
    send_nothing,
    write_out,
)


def run(state: RunState, reporter: Reporter) -> RunState:
    """Carry out a run, and return what it came to.

    Args:
        state: Its options; the steps fill in the rest, so that it also says how far a run came that an error ended.
        reporter: Shows it to people, and asks them.

    Raises:
        InflSegError: It could not begin, was refused or not confirmed, or is not complete.
    """
    with ExitStack() as stack:
        open_input(state, stack)
        open_destination(state, reporter, stack)
        if state.options.dry_run:
            _plan_only(state, reporter)
        else:
            _carry_out(state, reporter)
        reporter.ended(state)
    if state.error is not None:
        raise state.error
    return state


def _plan_only(state: RunState, reporter: Reporter) -> None:
    """Plan and refuse, and write the messages where a file is named."""
    with drafted(state) as draft:
        make_plan(state, reporter, draft)
        reporter.planned(state)
        refuse_over_budget(state, asked=False)
    write_out(state, draft)


def _carry_out(state: RunState, reporter: Reporter) -> None:
    """Plan, refuse, confirm, deliver and account for every event."""
    make_plan(state, reporter)
    reporter.planned(state)
    refuse(state, asked=reporter.asks)
    reporter.confirm(state)
    record_start(state)
    if state.plan.to_send:
        deliver(state, reporter)
    else:
        send_nothing(state)
    account(state)
