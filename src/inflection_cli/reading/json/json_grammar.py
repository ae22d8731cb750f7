"""Strict JSON grammar over bytes: finds a value's end or its error.

A string holds no line feed, so at the start of a line the reader is outside of any string, whatever is broken before
it. Recovery after a broken record relies on that.
"""

import re
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final

from inflection_cli.lossless_json import MAX_JSON_DEPTH
from inflection_cli.reading.files.encoding import text_encoding
from inflection_cli.reading.files.window import Cut, MoreNeeded, Window
from inflection_cli.reading.source import MAX_LINE_BYTES

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


STRING: Final = rb'"(?:[^"\\\n]++|\\[^\n])*+"'
# NaN and Infinity are words as Python's json has them: to be named, not to be taken.
_WORD: Final = (
    rb"-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?(?![0-9A-Za-z_.+\-])"
    rb"|(?:true|false|null|NaN|-?Infinity)(?![0-9A-Za-z_.+\-])"
)
TOKEN: Final = re.compile(
    rb"[ \t\r\n]*+(?:(?P<string>" + STRING + rb")|(?P<word>" + _WORD + rb")|(?P<mark>[{}\[\],:]))"
)
SPACE: Final = re.compile(rb"[ \t\r\n]*+")
_BEYOND: Final = re.compile(rb'"[^"\\\n]*+(?:\\[^\n][^"\\\n]*+)*+\\?\Z|[0-9A-Za-z_.+\-]++\Z')
CLOSES: Final = {ord("}"): ord("{"), ord("]"): ord("[")}
_OBJECT, _COLON, _COMMA = b"{:,"


class Expected(Enum):
    """Token that must come next."""

    VALUE = "a value"
    VALUE_OR_END = "a value or ]"
    KEY = "a key"
    KEY_OR_END = "a key or }"
    COLON = "a colon"
    COMMA_OR_END = "a comma or the closing bracket"
    NOTHING = "nothing more"


_VALUES: Final = frozenset({Expected.VALUE, Expected.VALUE_OR_END})
_ENDS: Final = frozenset({Expected.VALUE_OR_END, Expected.KEY_OR_END, Expected.COMMA_OR_END})


class ScanStop(Enum):
    """Reason for the end of a scan."""

    WHOLE = auto()
    MORE = auto()  # the bytes are over, and all was in order up to there
    BROKEN = auto()
    DEEP = auto()


@dataclass(slots=True, eq=False)
class Place:
    """Current position in a value, updated by each token.

    Attributes:
        due: What has to come next.
        open: The brackets that are open, outermost first.
    """

    due: Expected = Expected.VALUE
    open: bytearray = field(default_factory=bytearray)

    def take(self, kind: str, first: int) -> bool:
        """Read a token; return False if the grammar forbids it here.

        Args:
            kind: The name of its group in `TOKEN`.
            first: Its first byte.
        """
        if kind == "mark":
            return self._mark(first)
        if self.due in _VALUES:
            return self._ended()
        if kind == "string" and self.due in {Expected.KEY, Expected.KEY_OR_END}:
            self.due = Expected.COLON
            return True
        return False

    def _mark(self, mark: int) -> bool:
        if mark in b"{[":
            if self.due not in _VALUES:
                return False
            self.open.append(mark)
            self.due = Expected.KEY_OR_END if mark == _OBJECT else Expected.VALUE_OR_END
        elif mark == _COLON:
            if self.due is not Expected.COLON:
                return False
            self.due = Expected.VALUE
        elif mark == _COMMA:
            if self.due is not Expected.COMMA_OR_END:
                return False
            self.due = Expected.KEY if self.open[-1] == _OBJECT else Expected.VALUE
        else:
            if self.due not in _ENDS or self.open[-1] != CLOSES[mark]:
                return False
            self.open.pop()
            return self._ended()
        return True

    def _ended(self) -> bool:
        """Update the position after the end of a value."""
        self.due = Expected.COMMA_OR_END if self.open else Expected.NOTHING
        return True


@dataclass(frozen=True, slots=True, eq=False)
class Scan:
    """Result of scanning a value.

    Attributes:
        stop: Why no further.
        at: The offset behind the value, or of what does not belong there.
        behind: The offset behind the last token that was in order.
        place: What was due at `at`.
    """

    stop: ScanStop
    at: int
    behind: int
    place: Place


def cut_short(data: bytes, at: int, stop: int, token: re.Match[bytes] | None) -> bool:
    """Return whether bytes after `stop` may change or complete the token."""
    if token is not None:
        return token.end() == stop and token.lastgroup == "word"
    start = SPACE.match(data, at, stop).end()  # type: ignore[union-attr]  # nothing matches too
    return start == stop or _BEYOND.match(data, start, stop) is not None


def scan(data: bytes, start: int, stop: int, *, ended: bool) -> Scan:
    """Scan the value at `start` by the grammar, at most to `stop`.

    Args:
        data: Holds the value.
        start: Where it starts; white space may precede it.
        stop: Where the bytes are over.
        ended: Whether nothing follows `stop`.
    """
    place, at = Place(), start
    while place.due is not Expected.NOTHING:
        token = TOKEN.match(data, at, stop)
        if not ended and cut_short(data, at, stop, token):
            return Scan(ScanStop.MORE, stop, at, place)
        if token is None:
            due = SPACE.match(data, at, stop).end()  # type: ignore[union-attr]  # nothing matches too
            return Scan(ScanStop.MORE if due == stop else ScanStop.BROKEN, due, at, place)
        kind = token.lastgroup or ""
        if not place.take(kind, data[token.start(kind)]):
            return Scan(ScanStop.BROKEN, token.start(kind), at, place)
        at = token.end()
        if len(place.open) > MAX_JSON_DEPTH:
            return Scan(ScanStop.DEEP, at, at, place)
    return Scan(ScanStop.WHOLE, at, at, place)


def swift_value(depth: int = 6) -> re.Pattern[bytes]:
    """Build a pattern that finds a value's end up to nesting `depth`.

    It looks at strings and brackets only: what it finds may be no value, but where a value starts it ends there too.
    """
    inner = rb"[^\"{}\[\]]++|" + STRING
    nested = rb"(?!)"
    for _ in range(depth):
        nested = rb"[{\[](?:" + inner + rb"|" + nested + rb")*+[}\]]"
    return re.compile(nested)


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
