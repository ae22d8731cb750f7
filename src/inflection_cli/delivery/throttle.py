"""Two token buckets that limit requests and events per second.

Each bucket holds one batch and no more: a batch leaves at once when the bucket is full, and the next one only
after the time that the first one costs, `n / rate`. So in any window of T seconds at most `rate * T` plus one
batch leaves, and no pause, however long, is followed by a burst.
"""

from math import inf


class Throttle:
    """Token buckets for requests and events per second; 0 removes a limit.

    `reserve` books a departure, `left` says when it truly took place, `void` takes bookings back. Times are
    seconds on one monotonic clock.
    """

    __slots__ = ("_booked", "_free", "_seconds_per_event", "_seconds_per_request")

    def __init__(self, *, requests_per_second: float, events_per_second: float) -> None:
        self._seconds_per_request = 1 / requests_per_second if requests_per_second > 0 else 0.0
        self._seconds_per_event = 1 / events_per_second if events_per_second > 0 else 0.0
        self._free = -inf  # when the next batch may leave, by what has left
        self._booked = -inf  # the same, by what is booked

    def cost(self, events: int) -> float:
        """Return the seconds that must pass after a batch of `events` events."""
        return max(self._seconds_per_request, events * self._seconds_per_event)

    def reserve(self, events: int, now: float) -> float:
        """Reserve the next send time; return the wait until then, in seconds."""
        start = max(now, self._booked)
        self._booked = start + self.cost(events)
        return start - now

    def left(self, events: int, now: float) -> None:
        """Record the actual send time; a late send delays what follows."""
        self._free = max(self._free, now + self.cost(events))
        self._booked = max(self._booked, self._free)

    def void(self) -> None:
        """Remove the reservations of batches that were not sent."""
        self._booked = self._free

    def wait(self, now: float) -> float:
        """Return the current wait for a new reservation, in seconds.

        Nothing is reserved.
        """
        return max(0.0, self._booked - now)
