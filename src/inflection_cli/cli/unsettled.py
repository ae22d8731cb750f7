"""What a delivery left unsettled, as an error that says what settles it."""

from typing import TYPE_CHECKING

from inflection_cli.errors import DecisionNeeded, DeliveryIncomplete, DestinationError, InflSegError
from inflection_cli.reporting.counts import counted

if TYPE_CHECKING:
    from inflection_cli.pipeline.deliver import Delivered


def refused_again(delivered: "Delivered", again: int, rejects: str | None) -> DestinationError | None:
    """Return a stop for refusals as what it is: events that were refused before, by a destination that takes others.

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
        hint=f"it is their content: mend the messages in {rejects or 'the export'}, then: infl-seg replay FILE"
        + ("; then the same command again" if left else ""),
    )


def left_over(delivered: "Delivered", doubtful_runs: list[str]) -> InflSegError | None:
    """Return what a delivery that came to its end left unsettled, as an error."""
    events = delivered.events
    if events.pending:
        return DeliveryIncomplete(f"{counted(events.pending, 'event is', 'events are')} still pending")
    if events.in_doubt:
        return undecided(events.in_doubt, doubtful_runs)
    return None


def undecided(events: int, runs: list[str]) -> DecisionNeeded:
    """Say that the user must decide about events in doubt, and how."""
    settle = "; ".join(f"infl-seg runs settle {run} --accepted or --pending" for run in runs)
    return DecisionNeeded(
        _in_doubt_words(events),
        hint=f"look into the warehouse, then: {settle}; or send them again, at the risk of doubles: "
        "--resend-in-doubt; where the destination recognises ids for hours, --dedup-window HOURS says so",
    )


def _in_doubt_words(events: int) -> str:
    return (
        f"{counted(events, 'event is', 'events are')} in doubt: sent without a final answer, and the deduplication "
        "window, in which the destination would recognise them, is over (for other endpoints than Segment's it is 0)"
    )
