"""Cursor over a window's bytes, loaded on demand, with line numbers."""

from typing import Final

from inflection_cli.reading.files.window import Window
from inflection_cli.reading.json.json_grammar import SPACE, TOKEN, Scan, ScanStop, cut_short, scan
from inflection_cli.reading.source import MAX_LINE_BYTES

_STEP_BYTES: Final = 1 << 16
_LONGEST_LEAD: Final = 256

MOST_BYTES: Final = MAX_LINE_BYTES
"""No record is looked at beyond so many bytes: no character has more than four of them."""


class ByteCursor:
    """The bytes from a window's start, with the reading position.

    Attributes:
        data: What is loaded.
        at: The offset up to which it was read.
        line: The physical line, from 1, that `at` is on.
        lead: What stands on that line in front of `at`; None where that is long.
        ended: Whether nothing follows `data`.
        left: How many bytes were there in front of `data`.
        firm_line: The line of the last byte before `at` that is no white space.
    """

    def __init__(self, window: Window) -> None:
        self._window = window
        self.data = b""
        self.at = 0
        self.line = window.line
        self.lead: bytes | None = b""
        self.ended = False
        self.left = 0
        self.firm_line = window.line
        self._in_space = False

    def load(self, size: int) -> None:
        """Load at least `size` bytes, or all bytes that exist."""
        if len(self.data) < size and not self.ended:
            self.data = self._window.peek(size)
            self.ended = len(self.data) < size

    def more(self) -> bool:
        """Load more bytes; return whether there were any."""
        held = len(self.data)
        self.load(max(2 * held, _STEP_BYTES))
        return len(self.data) > held

    def move(self, to: int) -> None:
        """Move the position forward to an offset."""
        last = self.data.rfind(b"\n", self.at, to)
        if last >= 0:
            self.line += self.data.count(b"\n", self.at, to)
            self.lead = b""
        if self.lead is not None:
            self.lead += self.data[max(self.at, last + 1) : to][: _LONGEST_LEAD + 1]
            if len(self.lead) > _LONGEST_LEAD:
                self.lead = None
        self._in_space = False
        self.at = to

    def leave(self, count: int) -> None:
        """Drop the first `count` bytes, which the window has passed."""
        self.data = self.data[count:]
        self.at -= count
        self.left += count

    def line_at(self, offset: int) -> int:
        """Return the line number of an offset."""
        return self.line + self.data.count(b"\n", self.at, offset)

    def before(self, offset: int) -> bytes | None:
        """Return the bytes before an offset on its line; None if long."""
        begin = self.data.rfind(b"\n", self.at, offset) + 1
        if begin:
            return self.data[begin:offset]
        return None if self.lead is None else self.lead + self.data[self.at : offset]

    def skip_space(self) -> bool:
        """Skip white space; return False if no loaded bytes follow."""
        if not self._in_space:
            self.firm_line = self.line
        self.move(SPACE.match(self.data, self.at).end())  # type: ignore[union-attr]  # nothing matches too
        self._in_space = True
        return self.at < len(self.data)

    def token(self, at: int) -> tuple[str, int, int]:
        """Find the next token from an offset: kind, start and end.

        The kind is "end" at the end of the input, and "" for what is no token.
        """
        while True:
            token = TOKEN.match(self.data, at)
            if (
                cut_short(self.data, at, len(self.data), token)
                and len(self.data) - at < MOST_BYTES
                and self.more()
            ):
                continue
            if token is not None:
                kind = token.lastgroup or ""
                return kind, token.start(kind), token.end()
            start = SPACE.match(self.data, at).end()  # type: ignore[union-attr]  # nothing matches too
            return ("end" if start == len(self.data) and self.ended else ""), start, start

    def follow(self, start: int) -> Scan:
        """Scan the value at an offset, up to the largest record size."""
        while True:
            stop = min(len(self.data), start + MOST_BYTES)
            found = scan(self.data, start, stop, ended=self.ended and stop == len(self.data))
            if found.stop is not ScanStop.MORE or stop < len(self.data) or not self.more():
                return found

    def line_end(self, at: int, stop: int) -> int:
        """Return the offset after the line of `at`, at most `stop`."""
        seen = at
        while (end := self.data.find(b"\n", seen, stop)) < 0 and len(self.data) < stop:
            seen = len(self.data)
            if not self.more():
                break
        return end + 1 if end >= 0 else min(stop, len(self.data))
