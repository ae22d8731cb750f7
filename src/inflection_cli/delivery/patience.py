"""Measure how long a run has retried without success."""

from math import inf
from typing import Final

_SLACK_S: Final = 1.0  # a loop that is later than this did not run: it was stopped, or the machine slept

_MOMENT_S: Final = 1e-9  # shorter than a clock can tell


class Patience:
    """Measure the time without success in which acceptance was possible.

    Time counts while an attempt is under way or waits to be repeated. It does not count while batches are made,
    while there is nothing to send or only tokens are awaited, and while the process did not run: `note` must be
    called at least every `beat_s`, and what lies between two calls beyond that is time in which it could not be.

    Args:
        limit_s: How much of it ends the run.
        now: Monotonic time.
        wall: Unix time, which also tells of a machine that slept while the other clock stopped.

    Attributes:
        beat_s: The longest time between two calls of `note`.
        noted: Monotonic time of the latest.
    """

    def __init__(self, limit_s: float, *, now: float, wall: float) -> None:
        self._limit_s = self._whole_s = limit_s
        self.beat_s = min(max(limit_s / 60, 0.1), 5.0)
        self._spent_s = 0.0
        self.noted, self._wall = now, wall
        self._resumed_at = -inf
        self._untried = False

    @property
    def limit_s(self) -> float:
        """Return the limit that holds now, in seconds."""
        return self._limit_s

    @property
    def left_s(self) -> float:
        """Return the time left, in seconds; 0 below clock resolution."""
        left_s = self._limit_s - self._spent_s
        return left_s if left_s > _MOMENT_S else 0.0

    @property
    def is_over(self) -> bool:
        """Return whether the limit is reached, with an attempt since any pause."""
        return self.left_s == 0 and not self._untried

    def note(self, now: float, wall: float, *, counts: bool) -> None:
        """Add the time since the last call.

        Args:
            now: Monotonic time.
            wall: Unix time.
            counts: Whether something could have been accepted in that time.
        """
        passed_s, slept_s = now - self.noted, wall - self._wall - (now - self.noted)
        self.noted, self._wall = now, wall
        if counts:
            self._spent_s += min(passed_s, self.beat_s)
        if passed_s > self.beat_s + _SLACK_S or slept_s > _SLACK_S:
            self._resumed_at = now
            self._untried = True

    def limit(self, limit_s: float | None) -> None:
        """Shorten the limit to this many seconds; None restores it."""
        self._limit_s = self._whole_s if limit_s is None else min(limit_s, self._whole_s)

    def tried(self, began: float) -> None:
        """Record that an attempt, begun at this monotonic time, has failed."""
        if began >= self._resumed_at:
            self._untried = False

    def renew(self) -> None:
        """Begin anew: something was accepted."""
        self._spent_s = 0.0
        self._untried = False
