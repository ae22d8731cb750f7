"""Estimate of a delivery's cost; needs no destination."""

from dataclasses import dataclass

from inflection_cli.backfilling.plan import Plan
from inflection_cli.segment.limits import MAX_BATCH_EVENTS, MAX_BODY_BYTES, max_batch_events


@dataclass(frozen=True, slots=True)
class Estimate:
    """Estimated cost of a delivery.

    Attributes:
        events: API calls as Segment bills them.
        requests: HTTP requests, roughly.
        bytes: Encoded bytes, roughly, where only a part of the events is to be sent.
        seconds: At the chosen rates, if nothing goes wrong.
        new_users_upper_bound: Monthly tracked users that may be new.
    """

    events: int
    requests: int
    bytes: int
    seconds: float
    new_users_upper_bound: int


def estimate(plan: Plan, requests_per_second: float, events_per_second: float) -> Estimate:
    """Estimate the cost of a plan at these rates."""
    events = plan.to_send
    built = plan.account.events.built
    size = plan.account.message_bytes * events // built if built else 0
    by_bytes = -(-size // (MAX_BODY_BYTES - MAX_BODY_BYTES // 100))
    most = max_batch_events(events_per_second) if events_per_second else MAX_BATCH_EVENTS
    requests = max(-(-events // most), by_bytes)
    paces = [requests / requests_per_second if requests_per_second else 0.0]
    paces.append(events / events_per_second if events_per_second else 0.0)
    return Estimate(events, requests, size, max(paces), plan.tracked_users if events else 0)
