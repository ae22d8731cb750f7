"""Refuse a plan before sending; build the errors of its end."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from inflection_cli.backfilling.ledger_lookup import refuse_events_elsewhere, refuse_other_settings
from inflection_cli.backfilling.linking import NEVER_IDENTIFIED
from inflection_cli.backfilling.rejects_folder import Rejects, is_small, main_cause, share_words
from inflection_cli.backfilling.run_state import RunState
from inflection_cli.errors import (
    DecisionNeeded,
    DeliveryIncomplete,
    DestinationError,
    ImplausiblePeople,
    InflSegError,
    OverBudget,
)
from inflection_cli.model import Disposition
from inflection_cli.sanitize import counted, escape

if TYPE_CHECKING:
    from inflection_cli.backfilling.delivery_run import Delivered


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


_RESUMED_BY_RUNNING_AGAIN: Final = frozenset({3, 129, 130, 141, 143})


def run_error(state: RunState, delivered: "Delivered") -> InflSegError | None:
    """Return the error of an incomplete delivery, or None.

    The destination's repeated refusals come before whatever else stopped the delivery, and that before the events
    that are left over.
    """
    assert state.known is not None
    assert state.run_id is not None
    assert state.target is not None
    doubtful_runs = [*state.known.held_runs, *([state.run_id] if delivered.tally.in_doubt else [])]
    refused = refused_again(delivered, state.refused_again, refused_places(state.options.rejects))
    error = (
        refused
        or delivered.error(state.signum)
        or left_over(delivered, doubtful_runs, state.target.dedup_window_s)
    )
    if error is not None and (not error.hint or error.exit_code in _RESUMED_BY_RUNNING_AGAIN):
        lost = error.cause and delivered.nothing_answered
        endpoint = state.target.destination.endpoint
        first = f"check --endpoint {endpoint} and the network, then " if lost else ""
        error.hint = f"{first}run the same command again: {state.options.again()}"
        if delivered.tally.doubts:
            # The same command sends none of these.
            stay = counted(delivered.events.in_doubt, "event stays", "events stay")
            error.hint += f"; {stay} unconfirmed: infl-seg runs settle {state.run_id} --accepted or --pending"
    return error


def refused_places(rejects: Rejects) -> str:
    """Return where refused messages are kept, as a clause."""
    folder = [rejects.path] if rejects.path else []
    return escape(" and ".join([*folder, *rejects.kept_elsewhere()]))


def trouble_words(trouble: Exception) -> str:
    """Format the error of a place for refused messages."""
    if isinstance(trouble, OSError):
        return f"refused messages cannot be written any more: {trouble.strerror}"
    return escape(str(trouble))


def refused_again(delivered: "Delivered", again: int, rejects: str | None) -> DestinationError | None:
    """Return an error if only repeated refusals stopped the delivery, else None.

    Args:
        delivered: What the delivery came to.
        again: How many of the events that it refused were refused by an earlier run too.
        rejects: Where refused messages are kept.
    """
    tally, events = delivered.tally, delivered.events
    said = tally.stopped.refusal if tally.stopped is not None else None
    others = events.accepted + (events.already_accepted or 0)
    if said is None or again != tally.refused or tally.in_doubt or not others:
        return None
    words = f"HTTP {said.status}{f': {said.excerpt}' if said.excerpt else ''}"
    left = events.pending + events.in_doubt
    rest = counted(left, "more is", "more are") if left else "nothing else is"
    return DestinationError(
        f"{counted(again, 'event is', 'events are')} refused again, as before ({words}); "
        f"{counted(others, 'other is', 'others are')} accepted, and {rest} left to send",
        hint=f"it is their content: fix the messages in {rejects or 'the export'}, then: infl-seg replay FILE"
        + ("; then the same command again" if left else ""),
    )


def left_over(delivered: "Delivered", doubtful_runs: list[str], window_s: float) -> InflSegError | None:
    """Return an error if events are pending or unconfirmed, else None."""
    events = delivered.events
    pending = events.pending - delivered.withheld
    if pending:
        return DeliveryIncomplete(f"{counted(pending, 'event is', 'events are')} still pending")
    if events.in_doubt:
        error = undecided(events.in_doubt, doubtful_runs, window_s)
        error.cause = delivered.doubt_cause
        error.message += f"; the last tries: {error.cause}" if error.cause else ""
        return error
    return None


def undecided(events: int, runs: list[str], window_s: float) -> DecisionNeeded:
    """Return the error that asks for a decision on unconfirmed events."""
    return DecisionNeeded(_in_doubt_words(events, window_s), hint="\n".join(_ways_out(runs)))


def _ways_out(runs: list[str]) -> Iterator[str]:
    """Yield one line per possible decision, with the command to type."""
    for run in runs:
        yield f"Present in the warehouse: infl-seg runs settle {run} --accepted"
        yield f"Absent from it: infl-seg runs settle {run} --pending, then run the same command again"
    yield "Not sure, and duplicates are acceptable: the same command with --resend-in-doubt"
    yield "If the destination recognises repeated ids: the same command with --dedup-window HOURS"


def _in_doubt_words(events: int, window_s: float) -> str:
    many = counted(events, "event is unconfirmed: it was", "events are unconfirmed: they were")
    window = f"this endpoint's deduplication window is {window_s / 3600:g} h"
    over = f"{window}, and it is over" if window_s else window
    return f"{many} sent, but not answered. Sending again could create duplicates, because {over}"
