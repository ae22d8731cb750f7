"""Show progress on stderr: one line on a terminal, else plain lines."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final, Self

from rich.text import Text

from inflection_cli.backfilling.account import Account
from inflection_cli.model import Message
from inflection_cli.reading.files.bytes_read import counting
from inflection_cli.reporting.console import Speaker
from inflection_cli.reporting.plan_text import SHOWN_PER_CODE, duration_words, size_words
from inflection_cli.reporting.progress_line import (
    SEPARATOR,
    DeliveryState,
    LiveLine,
    clock_words,
    line_of,
    plain_line,
)
from inflection_cli.sanitize import counted, escape

PLAIN_EVERY_S: Final = 10.0


@contextmanager
def reading_progress(
    speaker: Speaker, size_bytes: Callable[[], int] = lambda: 0
) -> Iterator[Callable[[Account], None]]:
    """Show progress of reading; yield a function to call per chunk.

    Args:
        speaker: The two streams.
        size_bytes: Returns how many bytes of files will be read, packed where they are; 0 where that is unknown.
    """
    rows, started = 0, time.monotonic()
    said = started

    def words() -> str:
        return reading_words(rows, meter.count, size_bytes(), time.monotonic() - started)

    def note(account: Account) -> None:
        nonlocal rows, said
        rows = account.rows.read
        now = time.monotonic()
        if now - said >= PLAIN_EVERY_S:
            said = now
            speaker.noted("reading", rows=rows, share=meter.share(size_bytes()))
            if not animated:
                speaker.shown(f"{_stamp()} {words()}")

    animated = _can_animate(speaker)
    with counting() as meter:
        if animated:
            with LiveLine(speaker.err, lambda width: _cut(words(), width)):
                yield note
        else:
            yield note


def reading_words(rows: int, done_bytes: int, of_bytes: int, elapsed_s: float) -> str:
    """Format the progress of reading, with bytes and per cent where known."""
    share = min(1.0, done_bytes / of_bytes) if of_bytes else None
    done = left = ""
    if share is not None:
        sizes = f"{size_words(min(done_bytes, of_bytes))} of {size_words(of_bytes)}"
        done = f"{int(share * 100)} %{SEPARATOR}{sizes}{SEPARATOR}"
    if share and elapsed_s >= 1:
        left = f", about {duration_words(elapsed_s / share - elapsed_s)} left" if share < 1 else ""
    return f"checking {done}{counted(rows, 'row')}{SEPARATOR}{clock_words(elapsed_s)} elapsed{left}"


def _cut(words: str, width: int) -> Text:
    line = Text(words, end="", no_wrap=True)
    line.truncate(width, overflow="ellipsis")
    return line


def _can_animate(speaker: Speaker) -> bool:
    """Return whether a line can be redrawn on stderr."""
    return speaker.err.is_terminal and not speaker.err.is_dumb_terminal and not speaker.quiet


def _stamp() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class DeliveryProgress:
    """Progress display of a delivery; an `Observer` implementation.

    Args:
        speaker: The two streams, and the log.
        events: How many events are to be sent.
        events_per_second: The limit; 0 for none.
        on_refused: Takes every refused message and the reason.
        before: How many more events were accepted before.
        run_id: The name of the run; empty without one.
    """

    def __init__(
        self,
        speaker: Speaker,
        events: int,
        events_per_second: float,
        on_refused: Callable[[Message, str], None],
        *,
        before: int = 0,
        run_id: str = "",
    ) -> None:
        self._speaker = speaker
        self._on_refused = on_refused
        self._run_id = run_id
        self.state = DeliveryState(before + events, time.monotonic(), events_per_second, before)
        self._refusals: dict[int, list[str]] = {}
        self._unsaid: Counter[int] = Counter()
        self._line: LiveLine | None = None
        self._said = self._logged = time.monotonic()

    def __enter__(self) -> Self:
        if _can_animate(self._speaker):
            self._line = LiveLine(
                self._speaker.err, lambda width: line_of(self.state, time.monotonic(), width)
            ).__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        if self._line is not None:
            self._line.__exit__(*error)
        for status, count in self._unsaid.items():
            self._tell(f"and {count:,} more refused with HTTP {status}", "yellow")
        self._log("progress", **self._figures())

    def accepted(self, events: int) -> None:
        """Record accepted events and update the display."""
        self.state.accepted += events
        self.state.rate.note(time.monotonic(), events)
        self._show()

    def refused(self, message: Message, status: int, excerpt: str) -> None:
        """Record a refused message, and print its reason if new."""
        self.state.refused += 1
        self._log("refused", status=status, excerpt=excerpt)
        said = f": {escape(excerpt, 120)}" if excerpt else ""
        line = f"refused with HTTP {status}{said}"
        self._on_refused(message, line)
        lines = self._refusals.setdefault(status, [])
        if line in lines or len(lines) == SHOWN_PER_CODE:
            self._unsaid[status] += 1
        else:
            lines.append(line)
            self._tell(line, "yellow")
        self._show()

    def retried(self, reason: str, wait_s: float) -> None:
        """Record a retry; print the first of each reason."""
        self.state.retries[reason] += 1
        self._log("retry", reason=reason, wait_seconds=round(wait_s, 3))
        if self._line is None and self.state.retries[reason] == 1:
            self._tell(f"sent again: {escape(reason)}")
        self._speaker.detail(f"again in {wait_s:.1f} s: {escape(reason)}")
        self._show()

    def unconfirmed(self, events: int, reason: str) -> None:
        """Record events that may be in; print the first of each reason."""
        self.state.unconfirmed += events
        self.state.doubts[reason] += 1
        self._log("unconfirmed", events=events, reason=reason)
        if self.state.doubts[reason] == 1:
            self._tell(
                f"{counted(events, 'event')} unconfirmed, and not sent again: {escape(reason)}", "yellow"
            )
        self._show()

    def paused(self, seconds: float, reason: str) -> None:
        """Record a pause, and print or display it."""
        self.state.pause = reason
        self.state.paused_until = time.monotonic() + seconds
        self._log("paused", seconds=round(seconds, 3), reason=reason)
        self.redraw()
        if self._line is None:
            length = f"{seconds:.1f}" if seconds < 1 else f"{seconds:.0f}"
            self._tell(f"paused {length} s: {escape(reason)}")
        self._show()

    def resumed(self) -> None:
        """Remove the pause from the display."""
        self.state.pause = ""
        self._log("resumed")
        self.redraw()

    def stopping(self, insist: bool) -> None:
        """Print that a stop was requested."""
        how = "stopping now" if insist else "stopping: finishing what is in flight (again to stop now)"
        self._log("stopping", now=insist)
        self._tell(how, "yellow")

    def redraw(self) -> None:
        """Draw the line now, not at its next turn."""
        if self._line is not None:
            self._line.refresh()

    def _show(self) -> None:
        now = time.monotonic()
        if now - self._logged >= PLAIN_EVERY_S:
            self._logged = now
            self._log("progress", **self._figures())
        if self._line is None and now - self._said >= PLAIN_EVERY_S:
            self._said = now
            self._tell(plain_line(self.state, now))

    def _tell(self, text: str, style: str = "") -> None:
        """Print a line; off a terminal with clock time and run."""
        start = " ".join(filter(None, (_stamp(), self._run_id)))
        self._speaker.shown(text if self._line is not None else f"{start} {text}", style)

    def _log(self, event: str, **fields: Any) -> None:
        self._speaker.noted(event, **fields)

    def _figures(self) -> dict[str, Any]:
        state, now = self.state, time.monotonic()
        left_s = state.left_s(now)
        return {
            "events": state.events,
            "done": state.done,
            "accepted": state.accepted,
            "refused": state.refused,
            "unconfirmed": state.unconfirmed,
            "retries": dict(state.retries),
            "events_per_second": round(state.rate.per_second(now), 1),
            "seconds_left": None if left_s is None else round(left_s),
        }
