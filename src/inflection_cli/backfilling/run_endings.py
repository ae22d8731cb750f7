"""Errors for events that a delivery left pending, refused or unconfirmed."""

from typing import TYPE_CHECKING, Final

from inflection_cli.backfilling.rejects_folder import Rejects
from inflection_cli.backfilling.run_state import RunState
from inflection_cli.errors import DecisionNeeded, DeliveryIncomplete, DestinationError, InflSegError
from inflection_cli.sanitize import counted, escape

if TYPE_CHECKING:
    from inflection_cli.backfilling.delivery_run import Delivered

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
    error = refused or delivered.error(state.signum) or left_over(delivered, doubtful_runs)
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


def left_over(delivered: "Delivered", doubtful_runs: list[str]) -> InflSegError | None:
    """Return an error if events are pending or unconfirmed, else None."""
    events = delivered.events
    pending = events.pending - delivered.withheld
    if pending:
        return DeliveryIncomplete(f"{counted(pending, 'event is', 'events are')} still pending")
    if events.in_doubt:
        error = undecided(events.in_doubt, doubtful_runs)
        error.cause = delivered.doubt_cause
        error.message += f"; the last tries: {error.cause}" if error.cause else ""
        return error
    return None


def undecided(events: int, runs: list[str]) -> DecisionNeeded:
    """Return the error that asks the user to decide about in-doubt events."""
    settle = "; ".join(f"infl-seg runs settle {run} --accepted or --pending" for run in runs)
    return DecisionNeeded(
        _in_doubt_words(events),
        hint=f"look into the warehouse, then: {settle}; or send them again, at the risk of duplicates: "
        "--resend-in-doubt; where the destination recognises ids for hours, --dedup-window HOURS says so",
    )


def _in_doubt_words(events: int) -> str:
    return (
        f"{counted(events, 'event is', 'events are')} unconfirmed: sent without a final answer, and the deduplication "
        "window, in which the destination would recognise them, is over (for other endpoints than Segment's it is 0)"
    )
