"""Decode whole lines, and read them one after the other."""

from inflection_cli.reading.files.encoding import text_encoding
from inflection_cli.reading.files.window import Cut, MoreNeeded, Window

_STEP_BYTES = 1 << 16
_MOST_BYTES = 1 << 20


def decode(block: bytes, encoding: str) -> str:
    """Decode whole lines; invalid bytes become lone surrogates (PEP 383).

    Lines are decoded one by one where any is bad, so what is wrong on one cannot touch the next.
    """
    encoding = text_encoding(encoding)
    try:
        return block.decode(encoding)
    except UnicodeDecodeError:
        return "\n".join(line.decode(encoding, "surrogateescape") for line in block.split(b"\n"))


class TextCursor:
    """The text from a window's start, with the reading position.

    Attributes:
        text: Whole lines; the last line of the input may lack its line end.
        at: The offset in `text` up to which it was taken.
        line: The physical line, from 1, that starts there.
        taken: How many bytes were taken.
    """

    def __init__(self, window: Window, encoding: str, size: int = _STEP_BYTES) -> None:
        self._window = window
        self._encoding = encoding
        self._bytes = window.block(size)
        self.text = decode(self._bytes, encoding)
        self.at = 0
        self.line = window.line
        self.taken = 0

    def extend(self) -> bool:
        """Load more lines; return whether there were any.

        Raises:
            MoreNeeded: There are none in the window's piece, and the file goes on behind it.
        """
        size = min(max(_STEP_BYTES, len(self._bytes)), _MOST_BYTES)
        block = self._window.block(size, len(self._bytes))
        if not block and self._window.goes_on:
            raise MoreNeeded
        self._bytes += block
        self.text += decode(block, self._encoding)
        return bool(block)

    def cut(self) -> Cut | None:
        """Return the cut of the next line if too long, else None."""
        return self._window.cuts.get(self.line)

    def line_end(self, start: int) -> int:
        """Return the offset after the line from `start`, or `start` at end."""
        if start >= len(self.text) and not self.extend():
            return start
        return self.text.find("\n", start) + 1 or len(self.text)

    def take(self, end: int) -> bytes:
        """Read the lines up to `end`; return their original bytes."""
        start = self.taken
        lines = self.text.count("\n", self.at, end)
        for _ in range(lines):
            self.taken = self._bytes.index(b"\n", self.taken) + 1
        if end > self.at and self.text[end - 1] != "\n":
            self.taken = len(self._bytes)
        self.at = end
        self.line += lines
        return self._bytes[start : self.taken]
