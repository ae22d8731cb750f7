"""Checks that refuse a plan before anything is sent."""

from inflection_cli.backfilling.ledger_lookup import refuse_events_elsewhere, refuse_other_settings
from inflection_cli.backfilling.linking import NEVER_IDENTIFIED
from inflection_cli.backfilling.rejection_cause import is_small, main_cause, share_words
from inflection_cli.backfilling.run_endings import undecided
from inflection_cli.backfilling.run_state import RunState
from inflection_cli.errors import ImplausiblePeople, OverBudget
from inflection_cli.model import Disposition
from inflection_cli.sanitize import counted


def refuse(state: RunState, *, asked: bool) -> None:
    """Raise an error if the plan must not be carried out.

    Args:
        state: A run with a complete plan.
        asked: Whether somebody will be asked, who sees the rejected rows.

    Raises:
        DecisionNeeded: Events are recorded elsewhere, under other settings, or unconfirmed: the user must decide.
        OverBudget: Too many rows are wrong.
    """
    assert state.known is not None
    assert state.ledger is not None
    refuse_events_elsewhere(state.plan, state.elsewhere)
    if state.options.command in {"backfill", "replay"}:
        refuse_other_settings(state.plan, state.ledger, state.options.label)
    refuse_over_budget(state, asked=asked)
    in_doubt = state.plan.count(Disposition.IN_DOUBT)
    window_s = state.target.dedup_window_s if state.target else 0.0
    if in_doubt and state.plan.to_send == 0:
        raise undecided(in_doubt, state.known.held_runs, window_s)


def refuse_over_budget(state: RunState, *, asked: bool) -> None:
    """Raise an error if too many rows are wrong.

    Raises:
        OverBudget: Own ids identify no events, or the budget is exceeded.
        ImplausiblePeople: One person seems to stand for many, or has several userIds.
    """
    account, rejects = state.plan.account, state.rejects
    if account.problems.counts.get("own-id-conflict"):
        raise OverBudget(
            "the export's own event ids identify no events: one id stands for different times, links or people",
            hint="--no-event-id ignores them, and events are told apart by their fields",
        )
    shared = account.problems.counts.get("user-in-two-accounts")
    if shared:
        raise OverBudget(
            f"{counted(shared, 'user')} of several accounts {'has' if shared == 1 else 'have'} messages without a "
            "groupId, and Freshsuccess cannot know the account; nothing was sent",
            hint="give every row its groupId; without --check freshsuccess the messages are sent unchanged",
        )
    implausible = account.problems.by_code().get("person-implausible")
    if implausible:
        whose = "name the column that holds the person's id: --map userId=COLUMN"
        if state.options.command == "replay":
            whose = "see whose the messages are, and fix their ids"
        raise ImplausiblePeople(
            f"the people cannot be right: {implausible[0].message}; nothing was sent",
            hint=f"{whose}; where the people are as they should be, --allow-implausible-people sends them",
        )
    conflicting = account.problems.counts.get("person-two-users")
    if conflicting:
        raise ImplausiblePeople(
            f"{counted(conflicting, 'person has', 'people have')} more than one userId; nothing was sent",
            hint=NEVER_IDENTIFIED
            if state.plan.linking.counts.identified
            else "fix the export; or send the events without a link for these people: --allow-implausible-people",
        )
    rows = account.rows
    if asked or state.options.within_budget(rows.rejected, rows.read):
        return
    where = f"; they are in {rejects}" if rejects else ""
    hint = f"fix the cause first, {main_cause(account.problems, 'mostly')}; then run the same command again"
    if is_small(rows):
        hint = f"fix the export, or send the rest: {state.options.again(max_errors=rows.rejected)}"
    many = f"{rows.rejected:,} of {counted(rows.read, 'row')} ({share_words(rows)}) are rejected"
    raise OverBudget(
        f"{many}, over the error budget; nothing was sent{where}",
        hint=hint,
    )
