"""Window of the latest events that arrived, in bounded memory."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from typing import Any, Final, NamedTuple

from inflection_cli.sandbox.judge import Verdict

MOST_EVENTS: Final = 100_000
"""How many events the page and the sandbox hold at the most; the oldest go first."""

MOST_BYTES: Final = 64_000_000
"""How many bytes of JSON they hold at the most."""

MOST_SHOWN_BYTES: Final = 64_000
"""Of a larger event, which Segment refuses, only the beginning is held."""

_MOST_NAME: Final = 200
_BLOCK_BYTES: Final = 256_000


class WatchedEvent(NamedTuple):
    """An event that arrived, as the page shows it.

    Attributes:
        number: Its place among all events that arrived, from 1.
        arrived_ms: When it came, in milliseconds since 1970.
        outcome: `accepted`, `duplicate`, `discarded`, `refused` or `lost`.
        why: The reason, where it was not simply accepted.
        kind: Its type, such as `track`.
        name: Its event name, or the name of a page.
        user: The id of the person, else of the anonymous person.
        timestamp: Its own time, as it came.
        text: Its JSON as it came, cut where it is too large.
    """

    number: int
    arrived_ms: int
    outcome: str
    why: str
    kind: str
    name: str
    user: str
    timestamp: str
    text: bytes


class EventWindow:
    """The latest events that arrived; the oldest are dropped first.

    Args:
        most_events: How many events are held.
        most_bytes: How much JSON is held.
        clock: Returns the time in unix seconds.
    """

    def __init__(
        self,
        *,
        most_events: int = MOST_EVENTS,
        most_bytes: int = MOST_BYTES,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.most_events = most_events
        self.most_bytes = most_bytes
        self._clock = clock
        self._rows: dict[int, WatchedEvent] = {}
        self._bytes = 0
        self._last = 0
        self._waiting: set[asyncio.Event] = set()
        self.outcomes: Counter[str] = Counter()
        self.generation = f"{time.time_ns():x}"

    @property
    def dropped(self) -> int:
        """Number of events that are no longer held."""
        return self._last - len(self._rows)

    def clear(self) -> None:
        """Drop all events and counts; pages that are open start again."""
        self._rows.clear()
        self.outcomes.clear()
        self._bytes = self._last = 0
        self.generation = f"{time.time_ns():x}"
        self._wake()

    def add(self, verdict: Verdict, fresh: Collection[int], fault: str = "", *, lost: bool = False) -> None:
        """Add the events of a request.

        Args:
            verdict: What Segment would do with the request.
            fresh: Which of its accepted events are no duplicates, by index.
            fault: The fault that befell the request.
            lost: Whether the fault made the sandbox forget the request.
        """
        arrived_ms = round(self._clock() * 1000)
        after = f"answered with the fault {fault}" if fault else ""
        for (outcome, why), (event, raw) in zip(
            _outcomes(verdict, frozenset(fresh), fault if lost else ""), _events(verdict), strict=True
        ):
            self._last += 1
            reason = "; ".join(filter(None, (why, "" if lost else after)))
            self._hold(_watched(self._last, arrived_ms, (outcome, reason), event, raw))
            self.outcomes[outcome] += 1
        self._wake()

    def after(self, number: int) -> list[WatchedEvent]:
        """Return the events after a number, oldest first, at most one block."""
        block: list[WatchedEvent] = []
        size = 0
        for at in range(max(number, self.dropped) + 1, self._last + 1):
            row = self._rows[at]
            size += len(row.text)
            if block and size > _BLOCK_BYTES:
                break
            block.append(row)
        return block

    async def changed(self, timeout_s: float) -> None:
        """Wait until something arrives, at most `timeout_s`."""
        waiting = asyncio.Event()
        self._waiting.add(waiting)
        try:
            with suppress(TimeoutError):
                await asyncio.wait_for(waiting.wait(), timeout_s)
        finally:
            self._waiting.discard(waiting)

    def _hold(self, row: WatchedEvent) -> None:
        self._rows[row.number] = row
        self._bytes += len(row.text)
        while len(self._rows) > self.most_events or (self._bytes > self.most_bytes and len(self._rows) > 1):
            self._bytes -= len(self._rows.pop(self.dropped + 1).text)

    def _wake(self) -> None:
        for waiting in self._waiting:
            waiting.set()


def _events(verdict: Verdict) -> Iterator[tuple[Any, bytes]]:
    """Yield the events of a request; one without any counts as one."""
    if verdict.batch:
        yield from zip(verdict.batch, verdict.raw, strict=True)
    else:
        yield None, b""


def _outcomes(verdict: Verdict, fresh: frozenset[int], fault: str) -> Iterator[tuple[str, str]]:
    """Yield outcome and reason of each event of a request."""
    count = max(1, len(verdict.batch))
    if fault:
        yield from [("lost", f"the fault {fault} befell its request")] * count
    elif verdict.status != 200:
        yield from [("refused", f"status {verdict.status}: {verdict.message}")] * count
    else:
        accepted = 0
        for reason in verdict.reasons or tuple(verdict.discarded):
            if reason is not None:
                yield "discarded", reason.replace("-", " ")
                continue
            yield ("accepted", "") if accepted in fresh else ("duplicate", "its messageId came before")
            accepted += 1


def _watched(number: int, arrived_ms: int, fate: tuple[str, str], event: Any, raw: bytes) -> WatchedEvent:
    said = event if isinstance(event, dict) else {}
    return WatchedEvent(
        number,
        arrived_ms,
        *fate,
        _short(said.get("type")),
        _short(said.get("event") or said.get("name") or said.get("groupId")),
        _short(said.get("userId") or said.get("anonymousId")),
        _short(said.get("timestamp")),
        raw[:MOST_SHOWN_BYTES],
    )


def _short(value: object) -> str:
    return value[:_MOST_NAME] if isinstance(value, str) else ""
