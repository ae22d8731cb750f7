"""Strict JSON grammar over bytes: finds a value's end or its error.

A string holds no line feed, so at the start of a line the reader is outside of any string, whatever is broken before
it. Recovery after a broken record relies on that.
"""

import re
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final

from inflection_cli.lossless_json import MAX_JSON_DEPTH

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


@dataclass(slots=True)
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


@dataclass(frozen=True, slots=True)
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
