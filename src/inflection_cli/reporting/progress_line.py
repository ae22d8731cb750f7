"""Format the progress of a delivery, and draw it in place."""

import re
import threading
from collections import Counter, deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from math import ceil
from typing import Final, Self

from rich.cells import cell_len
from rich.console import Console, ConsoleRenderable, RenderHook
from rich.control import Control
from rich.segment import ControlType
from rich.text import Text

from inflection_cli.reporting.plan_text import duration_words
from inflection_cli.sanitize import counted, escape

EVERY_S: Final = 0.25
_ECHO_CELLS: Final = 5
"""Columns left free at the end, so that a terminal's echo of Ctrl-C does not wrap the line."""

_ERASE: Final = (ControlType.ERASE_IN_LINE, 2)


class LiveLine(RenderHook):
    """Context manager that shows a line below all that is printed meanwhile.

    The line is drawn again four times a second, and removed at the end. It is one row: what was drawn before the
    window became narrower may have been wrapped, and is erased with all its rows.

    Args:
        console: The terminal.
        line: Returns the line for a width in cells.
    """

    def __init__(self, console: Console, line: Callable[[int], Text]) -> None:
        self._console = console
        self._line = line
        self._lock = threading.RLock()
        self._drawn_cells = 0
        self._ended = threading.Event()
        self._redrawing = threading.Thread(target=self._redraw, name="progress", daemon=True)

    def __enter__(self) -> Self:
        self._console.show_cursor(show=False)
        self._console.push_render_hook(self)
        self._redrawing.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._redrawing.join()
        with suppress(OSError):  # the terminal may have been closed
            self._console.pop_render_hook()
            self._console.print(self._erased())
            self._console.show_cursor(show=True)

    def refresh(self) -> None:
        """Draw the line again now."""
        with suppress(OSError):
            self._console.print(Control())

    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        """Print what is printed above the line."""
        with self._lock:
            erased = self._erased()
            line = self._line(max(1, self._console.width - _ECHO_CELLS))
            self._drawn_cells = line.cell_len
        return [erased, *renderables, line]

    def _erased(self) -> Control:
        rows = max(1, ceil(self._drawn_cells / self._console.width))
        return Control(
            ControlType.CARRIAGE_RETURN, _ERASE, *((ControlType.CURSOR_UP, 1), _ERASE) * (rows - 1)
        )

    def _redraw(self) -> None:
        while not self._ended.wait(EVERY_S):
            self.refresh()


SEPARATOR: Final = " · "
_BAR_CELLS: Final = (20, 10, 0)
_LENGTHENED_IN_TURN: Final = (7, 1, 6, 5, 3, 2, 4, 0)
"""Indices of the parts: pause, count, refused, unconfirmed, time, rate, retries, bar."""

_CAUSES: Final = 2
_HOST: Final = re.compile(r" (?:from|by) \S+$|^the ")
_RATE_WINDOW_S: Final = 15.0
_PACE_WINDOW_S: Final = 60.0


class EventRate:
    """Average rate of events over the last minute.

    Args:
        now: Monotonic time of the start.
    """

    def __init__(self, now: float) -> None:
        self._started = now
        self._seen: deque[tuple[float, int]] = deque()

    def note(self, now: float, events: int) -> None:
        """Add events at a monotonic time."""
        self._seen.append((now, events))
        while now - self._seen[0][0] > _PACE_WINDOW_S:
            self._seen.popleft()

    def per_second(self, now: float, window_s: float = _RATE_WINDOW_S) -> float:
        """Return the rate over a window up to now."""
        span_s = min(window_s, now - self._started)
        recent = sum(events for at, events in self._seen if now - at <= window_s)
        return recent / span_s if span_s > 0.5 else 0.0

    def pace(self, now: float) -> float:
        """Return the rate over the last minute."""
        return self.per_second(now, _PACE_WINDOW_S)


@dataclass(slots=True, eq=False)
class DeliveryState:
    """Counts, causes and rate of a delivery so far.

    Attributes:
        events: All events, those that were accepted before this run included.
        started: Monotonic time of the start.
        limit: Events a second at the most; 0 for no limit.
        before: Events that were accepted before.
        accepted: Events accepted in this run.
        refused: Events refused alone.
        unconfirmed: Events that may be in and are not sent again.
        doubts: Batches of such events, by the reason.
        retries: Batches that failed and are sent again, by the reason.
        paused_until: Monotonic time at which a pause ends.
        pause: The reason of the pause; empty without one.
        rate: The events accepted lately.
    """

    events: int
    started: float
    limit: float = 0.0
    before: int = 0
    accepted: int = 0
    refused: int = 0
    unconfirmed: int = 0
    doubts: Counter[str] = field(default_factory=Counter)
    retries: Counter[str] = field(default_factory=Counter)
    paused_until: float = 0.0
    pause: str = ""
    rate: EventRate = field(init=False)

    def __post_init__(self) -> None:
        self.rate = EventRate(self.started)

    @property
    def done(self) -> int:
        """Events that need no more work of this run."""
        return self.before + self.accepted + self.refused + self.unconfirmed

    @property
    def share(self) -> float:
        """Return the part that is done, from 0 to 1."""
        return min(1.0, self.done / self.events) if self.events else 0.0

    def left_s(self, now: float) -> float | None:
        """Return the estimated time left in seconds; None where it is unknown."""
        left, pace = self.events - self.done, self.rate.pace(now)
        if left <= 0:
            return 0.0
        if not self.accepted or not pace:
            return None
        pace = min(pace, self.limit) if self.limit else pace
        return left / pace + max(0.0, self.paused_until - now)


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """A part of the line.

    Attributes:
        forms: Its texts, from the longest to the shortest.
        style: How it looks on a terminal.
    """

    forms: Sequence[str]
    style: str = ""


def line_of(state: DeliveryState, now: float, width: int) -> Text:
    """Return the line for a terminal, at most `width` cells wide."""
    bar = _Part(tuple("━" * cells for cells in _BAR_CELLS))
    parts = [bar, *_parts(state, now)]
    chosen = _fitted(parts, width)
    line = Text(end="", no_wrap=True, overflow="crop")
    for part, text in zip(parts, chosen, strict=True):
        if text:
            line.append(SEPARATOR if line and part is not parts[1] else " " if line else "")
            line.append(text, style=part.style)
    filled = round(len(chosen[0]) * state.share)
    line.stylize("cyan", 0, filled)
    line.stylize("dim", filled, len(chosen[0]))
    line.truncate(width, overflow="ellipsis")
    return line


def _fitted(parts: Sequence[_Part], width: int) -> list[str]:
    """Return a form of each part, as long as all fit."""
    chosen = [part.forms[-1] for part in parts]
    for level in range(2, max(len(part.forms) for part in parts) + 1):
        for at in _LENGTHENED_IN_TURN:
            longer = [*chosen]
            longer[at] = parts[at].forms[-min(level, len(parts[at].forms))]
            if cell_len(SEPARATOR.join(filter(None, longer))) <= width:
                chosen = longer
    return chosen


def plain_line(state: DeliveryState, now: float) -> str:
    """Return the line in full, for what is no terminal."""
    return SEPARATOR.join(part.forms[0] for part in _parts(state, now) if part.forms[0])


def _parts(state: DeliveryState, now: float) -> Sequence[_Part]:
    return (
        _Part(_count_forms(state)),
        _Part(_rate_forms(state, now)),
        _Part(_time_forms(state, now)),
        _Part(_retry_forms(state)),
        _Part(_doubt_forms(state), "yellow"),
        _Part((f"{state.refused:,} refused",) if state.refused else ("",), "yellow"),
        _Part(_pause_forms(state, now), "yellow"),
    )


def _count_forms(state: DeliveryState) -> Sequence[str]:
    percent = f"{int(state.share * 100)} %"
    full = f"{percent}{SEPARATOR}{state.done:,} of {state.events:,}"
    return (f"{full} events", full, percent)


def _rate_forms(state: DeliveryState, now: float) -> Sequence[str]:
    rate = state.rate.per_second(now)
    limit = f" (limit {state.limit:,.0f})" if state.limit else ""
    return (f"{rate:,.0f} events/s{limit}", f"{rate:,.0f}/s{limit}", f"{rate:,.0f}/s", "")


def _time_forms(state: DeliveryState, now: float) -> Sequence[str]:
    elapsed, left_s = clock_words(now - state.started), state.left_s(now)
    left = "time left unknown" if left_s is None else f"about {duration_words(left_s)} left"
    return (f"{elapsed} elapsed, {left}", f"{elapsed}, {left.removeprefix('about ')}", left, "")


def _doubt_forms(state: DeliveryState) -> Sequence[str]:
    if not state.unconfirmed:
        return ("",)
    short = f"{state.unconfirmed:,} unconfirmed"
    return (f"{short} ({_causes(state.doubts)})", short)


def _retry_forms(state: DeliveryState) -> Sequence[str]:
    if not state.retries:
        return ("",)
    short = counted(state.retries.total(), "retry", "retries")
    return (f"{short} ({_causes(state.retries)})", f"{short} ({_briefly(state.retries)})", short, "")


def _pause_forms(state: DeliveryState, now: float) -> Sequence[str]:
    left_s = state.paused_until - now
    if not state.pause:
        return ("",)
    short = f"paused {max(0, round(left_s))} s"
    return (f"{short}: {escape(state.pause)}", f"{short}: {escape(state.pause, 40)}", short)


def _causes(causes: Counter[str]) -> str:
    most = causes.most_common(_CAUSES)
    named = [f"{counted(count, 'time', 'times')} {escape(reason)}" for reason, count in most]
    rest = causes.total() - sum(count for _, count in most)
    return ", ".join([*named, f"{rest:,} others"] if rest else named)


def _briefly(causes: Counter[str]) -> str:
    """Return the most common causes without the host."""
    most = [escape(_HOST.sub("", reason), 40) for reason, _ in causes.most_common(_CAUSES)]
    return ", ".join([*most, "others"] if len(causes) > _CAUSES else most)


def clock_words(seconds: float) -> str:
    """Format a time that has passed, such as 1:05 or 2:01:05."""
    minutes, rest = divmod(int(max(0.0, seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
