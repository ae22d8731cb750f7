"""Progress on stderr: a bar on terminals, plain lines elsewhere."""

import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final, Self

from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Column

from inflection_cli.backfilling.account import Account
from inflection_cli.model import Message
from inflection_cli.reporting.console import Speaker
from inflection_cli.reporting.plan_text import SHOWN_PER_CODE, duration_words
from inflection_cli.sanitize import counted, escape

if TYPE_CHECKING:
    from rich.progress import TaskID

PLAIN_EVERY_S: Final = 10.0
_BAR_CELLS: Final = 20


@contextmanager
def reading_progress(speaker: Speaker) -> Iterator[Callable[[Account], None]]:
    """Show progress of reading; yield a function to call per chunk."""
    if speaker.quiet:
        yield lambda _: None
    elif _can_animate(speaker):
        columns = (
            SpinnerColumn(),
            TextColumn("checking"),
            TextColumn("{task.completed:,.0f} rows"),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=speaker.err, transient=True) as bar:
            task = bar.add_task("checking", total=None)
            yield lambda account: bar.update(task, completed=account.rows.read)
    else:
        yield _plainly(speaker)


def _can_animate(speaker: Speaker) -> bool:
    """Return whether a progress bar can be drawn on stderr."""
    return speaker.err.is_terminal and not speaker.err.is_dumb_terminal


def _plainly(speaker: Speaker) -> Callable[[Account], None]:
    last = time.monotonic()

    def say(account: Account) -> None:
        nonlocal last
        if time.monotonic() - last >= PLAIN_EVERY_S:
            last = time.monotonic()
            speaker.talk(f"checked {account.rows.read:,} rows")

    return say


class DeliveryProgress:
    """Progress display of a delivery; an `Observer` implementation.

    Args:
        speaker: The two streams.
        events: How many events are to be sent.
        events_per_second: The limit; 0 for none.
        on_refused: Told of every refused message.
    """

    def __init__(
        self, speaker: Speaker, events: int, events_per_second: float, on_refused: Callable[[Message], None]
    ) -> None:
        self._speaker = speaker
        self._events = events
        self._limit = events_per_second
        self._on_refused = on_refused
        self._done = self._retries = self._refused = 0
        self._refusals: dict[int, list[str]] = {}
        self._unsaid: Counter[int] = Counter()
        self._pause = ""
        self._pause_ends = 0.0
        self._rate = _Rate(time.monotonic())
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        self._said = time.monotonic()

    def __enter__(self) -> Self:
        if _can_animate(self._speaker) and not self._speaker.quiet:
            # Where both do not fit on one line the words wrap: a pause must be seen on a narrow terminal too.
            columns = (
                BarColumn(bar_width=_BAR_CELLS, table_column=Column(no_wrap=True)),
                TextColumn("{task.description}", table_column=Column(no_wrap=False)),
            )
            self._bar = Progress(*columns, console=self._speaker.err, transient=True, get_time=time.monotonic)
            self._task = self._bar.add_task(self._line(), total=self._events or None)
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            with suppress(OSError):  # the terminal may have been closed
                self._bar.stop()
        for status, count in self._unsaid.items():
            self._speaker.talk(f"and {count:,} more refused with HTTP {status}", "yellow")

    def accepted(self, events: int) -> None:
        """Record accepted events and update the display."""
        self._done += events
        self._rate.note(time.monotonic(), events)
        self._show()

    def refused(self, message: Message, status: int, excerpt: str) -> None:
        """Record a refused message, and print its reason if new."""
        self._refused += 1
        self._on_refused(message)
        said = f": {escape(excerpt, 120)}" if excerpt else ""
        line = f"refused with HTTP {status}{said}"
        lines = self._refusals.setdefault(status, [])
        if line in lines or len(lines) == SHOWN_PER_CODE:
            self._unsaid[status] += 1
        else:
            lines.append(line)
            self._speaker.talk(line, "yellow")
        self._show()

    def retried(self, reason: str, wait_s: float) -> None:
        """Record a retry, and print it in verbose mode."""
        self._retries += 1
        self._speaker.detail(f"again in {wait_s:.1f} s: {escape(reason)}")
        self._show()

    def unconfirmed(self, events: int, reason: str) -> None:
        """Record events that may be in and are not sent again, and print why."""
        self._speaker.talk(f"{counted(events, 'event')} unconfirmed: {escape(reason)}", "yellow")

    def paused(self, seconds: float, reason: str) -> None:
        """Record a pause, and print or display it."""
        self._pause = _pause_words(seconds, reason)
        self._pause_ends = time.monotonic() + seconds
        if self._bar is None:
            self._speaker.talk(self._pause)
        self._show()

    def resumed(self) -> None:
        """Remove the pause from the display."""
        self._pause = ""
        self._show()

    def stopping(self, insist: bool) -> None:
        """Print that a stop was requested."""
        how = "stopping now" if insist else "stopping: finishing what is in flight (again to stop now)"
        self._speaker.talk(how, "yellow")

    def _show(self) -> None:
        now = time.monotonic()
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=self._done + self._refused, description=self._line())
        elif now - self._said >= PLAIN_EVERY_S:
            self._said = now
            self._speaker.talk(self._line())

    def _line(self) -> str:
        now = time.monotonic()
        rate = self._rate.per_second(now)
        limit = f" of {self._limit:,.0f}" if self._limit else ""
        words = [f"{self._done:,} of {self._events:,} events accepted", f"{rate:,.0f}{limit} events/s"]
        left = self._events - self._done - self._refused
        pace = min(rate, self._limit) if self._limit and rate else rate or self._limit
        if not rate and self._rate.is_settled(now):
            pace = 0.0  # nothing has come for so long that no guess would be true
        if left and pace:
            words.append(f"about {duration_words(left / pace + max(0.0, self._pause_ends - now))} left")
        if self._retries:
            words.append(counted(self._retries, "retry", "retries"))
        if self._pause:
            words.append(self._pause)
        return " · ".join(words)


def _pause_words(seconds: float, reason: str) -> str:
    length = f"{seconds:.1f}" if seconds < 1 else f"{seconds:.0f}"
    return (
        f"paused {length} s by Segment (429)"
        if reason == "HTTP 429"
        else f"paused {length} s: {escape(reason)}"
    )


class _Rate:
    """Average rate of events over the last 15 seconds."""

    _WINDOW_S: Final = 15.0

    def __init__(self, now: float) -> None:
        self._started = now
        self._seen: deque[tuple[float, int]] = deque()

    def note(self, now: float, events: int) -> None:
        self._seen.append((now, events))
        while self._seen and now - self._seen[0][0] > self._WINDOW_S:
            self._seen.popleft()

    def per_second(self, now: float) -> float:
        span = min(self._WINDOW_S, now - self._started)
        recent = sum(events for at, events in self._seen if now - at <= self._WINDOW_S)
        return recent / span if span > 0.5 else 0.0

    def is_settled(self, now: float) -> bool:
        """Return whether a full window has passed since the start.

        From then on a rate of zero means a standstill.
        """
        return now - self._started >= self._WINDOW_S
