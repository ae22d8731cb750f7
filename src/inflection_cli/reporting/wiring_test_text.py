"""Text of `send-test`: messages sent, what acceptance proves, next steps."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from inflection_cli.replaying.wiring_test import PERSON_PREFIX, Probe

_REST_OF_ROW: Final = 79
"""Columns of a row of the table behind the event."""


def table(probes: Sequence[Probe], width: int) -> Iterator[str]:
    """Yield event, id and timestamp of each message, to fit `width`."""
    longest = max(len(probe.event) for probe in probes)
    if width < longest + _REST_OF_ROW:
        yield "Each message, with its id and the timestamp that must be seen:"
        for probe in probes:
            past = "  (30 days ago)" if probe.timestamp != probes[-1].timestamp else ""
            yield f"  {probe.event}{past}"
            yield f"    {probe.id_text}  {probe.timestamp}"
        return
    yield f"{'event':<{longest}}  {'message id':<36}  timestamp that must be seen"
    for probe in probes:
        past = "  (30 days ago)" if probe.timestamp != probes[-1].timestamp else ""
        yield f"{probe.event:<{longest}}  {probe.id_text}  {probe.timestamp}{past}"


def rows(probes: Sequence[Probe]) -> list[dict[str, Any]]:
    """Return the table as JSON objects."""
    return [
        {"event": probe.event, "message_id": probe.id_text, "timestamp": probe.timestamp} for probe in probes
    ]


def advice(probes: Sequence[Probe], *, destinations_off: bool, rehearsed: bool) -> Iterator[str]:
    """Yield what an acceptance proves, where to look, and next step.

    Args:
        probes: What was accepted.
        destinations_off: Whether the messages go to warehouses only.
        rehearsed: Whether the stand-in took them.
    """
    yield f"Accepted: all {len(probes)} test messages were answered 200."
    yield ""
    yield "What that proves: this machine reaches the endpoint, and the endpoint can read the messages."
    yield (
        "What it does not prove: Segment also answers 200 to a wrong write key, a wrong region or a disabled source."
        " The same holds for events that it discards or that the source's schema blocks. Check in Segment."
    )
    if rehearsed:
        yield "This was a rehearsal: a local stand-in took them, and nothing left this machine."
        yield ""
        yield "Next: infl-seg send-test --write-key KEY, with the key of the source's settings"
        return
    yield ""
    yield "Where to look, in the source's page in Segment:"
    yield (
        f"  Debugger           within seconds, a sample: look for the user “{PERSON_PREFIX}…”; under load not"
        " every event is shown"
    )
    yield "  Schema             the nine event names, none of them blocked"
    yield f"  Delivery overview  {len(probes)} more events, within minutes"
    past = next(probe for probe in probes if probe.timestamp != probes[-1].timestamp)
    yield f"“{past.event}” must appear at {past.timestamp}. If it appears at today's date, historical times are lost."
    if destinations_off:
        yield (
            "Destinations do not get the test (integrations All=false), warehouses do. Its rows have ids that start"
            f" with {PERSON_PREFIX}, and context_test is true."
        )
    yield ""
    yield "Next: once they are seen there, infl-seg backfill FILE"
