"""Segment's limits and our own defaults, each with its source."""

from typing import Final

MAX_EVENT_BYTES: Final = 32_000
"""One event, UTF-8 JSON with its id. Segment docs, HTTP API, "Max request size": 32 KB.

KB is 1,000 in Segment's Go SDK and 1,024 in others; the smaller reading holds under both."""

MAX_BODY_BYTES: Final = 500_000
"""One batch, inflated, envelope included. Segment docs, HTTP API, "Batch": 500 KB.

535,982 bytes were seen refused. Whether the limit counts compressed bytes is not documented."""

MAX_BATCH_EVENTS: Final = 2_500
"""Events in a batch. Segment docs, HTTP API, "Batch": over it the answer is 200 and events are dropped."""

REGION_ENDPOINTS: Final = {
    "us": "https://api.segment.io",
    "eu": "https://events.eu1.segmentapis.com",
}
"""Base address by region. Segment docs, "Regional Segment": there is no other region at present."""

BATCH_PATH: Final = "/v1/batch"
"""Segment docs, HTTP API, "Batch"."""

SEGMENT_DOMAINS: Final = ("segment.io", "segmentapis.com")
"""Hosts at or below these are Segment's own, and answer as Segment does."""

STEADY_BATCHES_PER_SECOND: Final = 10
"""Where the event rate binds, this many batches make up a second: a stream, not bursts."""

MAX_RETRY_AFTER_S: Final = 300.0
"""The longest Retry-After that is honoured, as in Segment's SDKs (analytics-python, retry policy)."""

BACKOFF_FIRST_S: Final = 0.5
"""The first backoff's upper bound, as in Segment's SDKs."""

BACKOFF_CAP_S: Final = 60.0
"""The largest upper bound of a backoff, as in Segment's SDKs; the pace of probes while nothing answers."""

DEDUP_WINDOW_S: Final = 20 * 3600.0
"""Default age up to which what is unconfirmed is sent again, for Segment's own hosts.

Segment docs, "Deduplication": ids are remembered for at least 24 hours; four are kept in reserve."""

MAX_ANSWER_BYTES: Final = 64_000
"""The most that is read of an answer; Segment's own has 21 bytes."""


def max_batch_events(events_per_second: float) -> int:
    """Return the maximum number of events per batch at an event rate.

    A rate of 0 means no limit on the rate.
    """
    if events_per_second <= 0:
        return MAX_BATCH_EVENTS
    return min(MAX_BATCH_EVENTS, max(1, int(events_per_second / STEADY_BATCHES_PER_SECOND)))
