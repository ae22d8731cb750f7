"""Statistics of a sandbox: counts and message ids in little memory."""

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final, TypedDict

import orjson

from inflection_cli.sandbox.judge import Verdict
from inflection_cli.sandbox.message_store import MessageStore

MAX_ARRIVALS: Final = 100_000
"""How many requests' arrival times are remembered: the first ones; the rest are only counted."""


class Discarded(TypedDict):
    """Counts of discarded events; `total` is the sum of `reasons`."""

    total: int
    reasons: dict[str, int]


class Stats(TypedDict):
    """Statistics of a sandbox, as returned by `GET /stats`.

    Attributes:
        seed: What the dice were seeded with.
        seconds: How long it has been listening.
        connections: How many connections were opened.
        requests: How many requests with messages arrived, whatever became of them.
        by_status: How many requests with messages were answered, by status.
        by_fault: How often each fault fired.
        retries: How many requests said `X-Retry-Count: n`, by n; without the header none is counted.
        bytes: The bodies of all requests that were read, inflated.
        wire_bytes: The same as they were sent.
        max_body_bytes: The largest body, inflated.
        max_batch_events: The most events in one request.
        accepted: Events that Segment would let through, duplicates among them.
        unique: Accepted events, each messageId once; an event without one is always unique.
        duplicate: Accepted events whose messageId had come before.
        by_type: Unique events by `type`.
        by_event: Unique events by their event name, for those that have one.
        discarded: Events that Segment would drop behind a 200.
        hazards: What goes through but harms a backfill, such as `sentAt`, by name.
        arrivals: `[seconds since start, events, bytes inflated]` of each request, by its first bytes,
            in order; of a request that was reset before it was read, 0 and 0.
        arrivals_left_out: How many requests came after `arrivals` was full.
    """

    seed: int
    seconds: float
    connections: int
    requests: int
    by_status: dict[str, int]
    by_fault: dict[str, int]
    retries: dict[str, int]
    bytes: int
    wire_bytes: int
    max_body_bytes: int
    max_batch_events: int
    accepted: int
    unique: int
    duplicate: int
    by_type: dict[str, int]
    by_event: dict[str, int]
    discarded: Discarded
    hazards: dict[str, int]
    arrivals: list[list[float]]
    arrivals_left_out: int


class ReceivedStats:
    """Counters of requests, answers and events that a sandbox received.

    Each number is counted where it happens. Of a message no more than its id is held; whole ones go
    to the shelf, where there is one.

    Args:
        seed: What the dice were seeded with, to be told.
        shelf: Where whole messages go.
        max_arrivals: How many arrival times are held.
    """

    def __init__(
        self, seed: int, shelf: MessageStore | None = None, *, max_arrivals: int = MAX_ARRIVALS
    ) -> None:
        self.seed = seed
        self._max_arrivals = max_arrivals
        self._shelf = shelf
        self.connections = 0
        self._requests = 0
        self._statuses: Counter[int] = Counter()
        self._faults: Counter[str] = Counter()
        self._retries: Counter[int] = Counter()
        self._bytes = self._wire_bytes = self._max_body_bytes = self._max_batch_events = 0
        self._ids: set[str] = set()
        self._accepted = self._unique = self._duplicate = 0
        self._names: Counter[tuple[str, str | None]] = Counter()
        self._discarded: Counter[str] = Counter()
        self._hazards: Counter[str] = Counter()
        self._arrivals: list[tuple[float, int, int]] = []

    def arrived(self, at_s: float, retry: int) -> int:
        """Count a request when its head arrives; return its number from 0.

        `at_s` is the time since the start.
        """
        number = self._requests
        self._requests += 1
        if retry:
            self._retries[retry] += 1
        if number < self._max_arrivals:
            self._arrivals.append((at_s, 0, 0))
        return number

    def weighed(self, number: int, wire_bytes: int, verdict: Verdict) -> None:
        """Count the body of a request, whatever its outcome."""
        self._bytes += verdict.body_bytes
        self._wire_bytes += wire_bytes
        self._max_body_bytes = max(self._max_body_bytes, verdict.body_bytes)
        self._max_batch_events = max(self._max_batch_events, verdict.events)
        if number < len(self._arrivals):
            self._arrivals[number] = (self._arrivals[number][0], verdict.events, verdict.body_bytes)

    def remember(self, verdict: Verdict) -> list[int]:
        """Count the events of a request and remember their ids.

        Returns:
            Which of the accepted events are no duplicates, by index.

        Raises:
            OSError: The shelf's file could not be written; nothing of the request is remembered.
        """
        fresh, taken = self._fresh(verdict)
        if self._shelf is not None:
            self._shelf.put([_line(verdict.encoded[place]) for place in fresh])
        self._ids |= taken
        self._accepted += len(verdict.accepted)
        self._unique += len(fresh)
        self._duplicate += len(verdict.accepted) - len(fresh)
        self._discarded.update(verdict.discarded)
        self._hazards.update(verdict.hazards)
        self._names.update([_name(verdict.accepted[place]) for place in fresh])
        return fresh

    def _fresh(self, verdict: Verdict) -> tuple[list[int], set[str]]:
        """Return indexes and ids of the events that are not duplicates."""
        known, taken, fresh = self._ids, set[str](), []
        for place, event in enumerate(verdict.accepted):
            message_id = event.get("messageId")
            if message_id:
                if message_id in known or message_id in taken:
                    continue
                taken.add(message_id)
            fresh.append(place)
        return fresh, taken

    @property
    def requests(self) -> int:
        """Number of requests with messages that arrived."""
        return self._requests

    @property
    def faults(self) -> int:
        """Number of faults that were applied."""
        return self._faults.total()

    def fired(self, fault: str) -> None:
        """Count a fault that was applied."""
        self._faults[fault] += 1

    def answered(self, status: int) -> None:
        """Count an answer by its status."""
        self._statuses[status] += 1

    def stats(self, seconds: float) -> Stats:
        """Return all statistics, `seconds` after the start."""
        types: Counter[str] = Counter()
        events: Counter[str] = Counter()
        for (kind, name), count in self._names.items():
            types[kind] += count
            if name is not None:
                events[name] += count
        return {
            "seed": self.seed,
            "seconds": round(seconds, 3),
            "connections": self.connections,
            "requests": self._requests,
            "by_status": _plain(self._statuses),
            "by_fault": _plain(self._faults),
            "retries": _plain(self._retries),
            "bytes": self._bytes,
            "wire_bytes": self._wire_bytes,
            "max_body_bytes": self._max_body_bytes,
            "max_batch_events": self._max_batch_events,
            "accepted": self._accepted,
            "unique": self._unique,
            "duplicate": self._duplicate,
            "by_type": _plain(types),
            "by_event": _plain(events),
            "discarded": {"total": self._discarded.total(), "reasons": _plain(self._discarded)},
            "hazards": _plain(self._hazards),
            "arrivals": [[round(at_s, 6), events_, size] for at_s, events_, size in self._arrivals],
            "arrivals_left_out": self._requests - len(self._arrivals),
        }


def _plain(counter: Mapping[Any, int]) -> dict[str, int]:
    return {str(key): counter[key] for key in sorted(counter)}


def _name(event: Mapping[str, Any]) -> tuple[str, str | None]:
    name = event.get("event")
    return event["type"], name if isinstance(name, str) else None


def _line(raw: bytes) -> bytes:
    return (orjson.dumps(orjson.loads(raw)) if b"\n" in raw or b"\r" in raw else raw) + b"\n"
