"""Text with its bytes beside it, loaded from a window as far as somebody looks."""

from inflection_cli.reading.files.encoding import text_encoding
from inflection_cli.reading.files.window import Cut, Window

_STEP_BYTES = 1 << 16
_MOST_BYTES = 1 << 20


def decode(block: bytes, encoding: str) -> str:
    """Decode whole lines; a byte that is no text becomes a lone surrogate (PEP 383), and nothing else does.

    Lines are decoded one by one where any is bad, so what is wrong on one cannot touch the next.
    """
    encoding = text_encoding(encoding)
    try:
        return block.decode(encoding)
    except UnicodeDecodeError:
        return "\n".join(line.decode(encoding, "surrogateescape") for line in block.split(b"\n"))


class TextCursor:
    """The text from a window's start on.

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
        """Load more lines, if there are any."""
        size = min(max(_STEP_BYTES, len(self._bytes)), _MOST_BYTES)
        block = self._window.block(size, len(self._bytes))
        self._bytes += block
        self.text += decode(block, self._encoding)
        return bool(block)

    def cut(self) -> Cut | None:
        """Say how long the next line is, where only its beginning is there."""
        return self._window.cuts.get(self.line)

    def line_end(self, start: int) -> int:
        """Say where the line from `start` on ends, its line end included; `start` itself after the last."""
        if start >= len(self.text) and not self.extend():
            return start
        return self.text.find("\n", start) + 1 or len(self.text)

    def take(self, end: int) -> bytes:
        """Take the lines up to `end`, and give them as the bytes they were."""
        start = self.taken
        lines = self.text.count("\n", self.at, end)
        for _ in range(lines):
            self.taken = self._bytes.index(b"\n", self.taken) + 1
        if end > self.at and self.text[end - 1] != "\n":
            self.taken = len(self._bytes)
        self.at = end
        self.line += lines
        return self._bytes[start : self.taken]
