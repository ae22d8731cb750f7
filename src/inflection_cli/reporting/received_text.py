"""Format the proof from the destination: text lines and a JSON object."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from inflection_cli.history.received import NamedEvent, ProofScope, Receipts
from inflection_cli.sanitize import counted, escape

_LINES_SHOWN: Final = 20

KEPT_OUT: Final = (
    "What selective sync or a tracking plan's schema keeps out of the destination counts as missing here."
)


def received_heading(scope: ProofScope) -> str:
    """Return the line that says what is compared."""
    which = f"run {scope.run_id}" if scope.run_id else f"destination {scope.ledger.namespace}"
    files = " among the events of the files" if scope.planner is not None else ""
    return f"Compared with what {which} has as accepted{files}:"


def received_lines(receipts: Receipts) -> Iterator[str]:
    """Yield the equation, and the events that are named."""
    yield f"  received  {counted(receipts.rows, 'row')}" + (
        f", {receipts.without_id:,} of them without an id" if receipts.without_id else ""
    )
    yield (
        f"  events    {receipts.accepted:,} accepted = {receipts.arrived:,} arrived + {receipts.missing:,} missing"
    )
    yield from _named("missing", receipts.missing, receipts.first_missing)
    if receipts.foreign:
        yield f"  others    {counted(receipts.foreign, 'id was', 'ids were')} received and never sent from here"
        yield from _named("other", receipts.foreign, receipts.first_foreign)
    if receipts.repeated:
        yield f"  twice     {counted(receipts.repeated, 'id was', 'ids were')} received more than once"
        yield from _named("twice", receipts.repeated, receipts.first_repeated)
    if receipts.doubt_arrived:
        yield (
            f"  open      {counted(receipts.doubt_arrived, 'unconfirmed event')} arrived; once all are checked:"
            " infl-seg runs settle RUN --accepted"
        )


def _named(word: str, count: int, events: Sequence[NamedEvent]) -> Iterator[str]:
    for event in events[:_LINES_SHOWN]:
        place = f", {escape(event.file)}, line {event.line}" if event.line else ""
        yield f"            {word}: {escape(event.message_id, 100)}{place}"
    if count > _LINES_SHOWN:
        yield f"            and {count - _LINES_SHOWN:,} more; --json names the first {len(events)}"


def received_verdict(receipts: Receipts) -> str:
    """Return the last line: the result."""
    if not receipts.accepted:
        return "Nothing to compare: no event is recorded as accepted."
    if receipts.all_arrived:
        return "All there: every accepted event has arrived, once."
    if not receipts.missing:
        return "All there, but some arrived more than once; query the view that drops repeats."
    return (
        f"Not all there: {counted(receipts.missing, 'event is', 'events are')} missing."
        " Warehouses are loaded late: compare again 48 hours after the run before you send anything twice."
    )


def received_object(receipts: Receipts) -> dict[str, Any]:
    """Return the comparison as a JSON object."""
    return {
        "note": KEPT_OUT,
        "all_arrived": receipts.all_arrived,
        "received": {"rows": receipts.rows, "without_id": receipts.without_id},
        "events": {
            "accepted": receipts.accepted,
            "arrived": receipts.arrived,
            "missing": receipts.missing,
            "foreign": receipts.foreign,
            "repeated": receipts.repeated,
            "doubt_arrived": receipts.doubt_arrived,
        },
        "first_missing": [_object(event) for event in receipts.first_missing],
        "first_foreign": [_object(event) for event in receipts.first_foreign],
        "first_repeated": [_object(event) for event in receipts.first_repeated],
    }


def _object(event: NamedEvent) -> dict[str, Any]:
    return {"message_id": event.message_id, "file": event.file or None, "line": event.line or None}
