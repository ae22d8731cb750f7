"""Check the text after a record to confirm where the record ends.

`{"a": 1}, "b": 2}` lost a brace somewhere, and its first half is no record. Where a quote is lost or one too many,
what was text becomes structure up to the end of the line and no further: so what follows on the same line is looked
at up to the end of the next record.
"""

from dataclasses import dataclass
from typing import Final

from inflection_cli.reading.json.byte_cursor import ByteCursor
from inflection_cli.reading.json.json_grammar import Scan, ScanStop

_BRACE, _END_BRACE, _BRACKET, _END_BRACKET, _COMMA, _COLON, _QUOTE = b'{}[],:"'
_WITHIN: Final = b'"}:'


@dataclass(frozen=True, slots=True)
class LookaheadFault:
    """Evidence that a record did not end at the assumed place.

    Attributes:
        at: The offset of what does not fit.
        open: The brackets that are open there, if the record goes on.
        scan: How the next record breaks, where it is that.
    """

    at: int
    open: bytearray
    scan: Scan | None = None


class Lookahead:
    """Checks the text after a record.

    Args:
        tape: The bytes.
        listed: Whether the records are items of a list.
        enveloped: Whether that list is a member of an object.
    """

    def __init__(self, tape: ByteCursor, *, listed: bool, enveloped: bool) -> None:
        self._tape = tape
        self._listed = listed
        self._enveloped = enveloped

    def breach(self, end: int) -> LookaheadFault | None:
        """Return the fault in the text after a record, or None."""
        kind, start, behind = self._tape.token(end)
        if start == len(self._tape.data):
            return None
        mark = self._mark(kind, start)
        if mark == _BRACE:
            return self._next(end, start)
        if mark == _END_BRACKET and self._listed:
            return self._closed(end, start, behind)
        if mark == _BRACKET and not self._listed and self._tape.data.find(b"\n", end, start) >= 0:
            return None  # a list after an object, on a line of its own
        return self._separated(end, start, behind) if mark == _COMMA else self._within(start)

    def _separated(self, end: int, comma: int, behind: int) -> LookaheadFault | None:
        """Check the text after a comma."""
        kind, next_, behind = self._tape.token(behind)
        if self._mark(kind, next_) == _BRACE:
            return self._next(end, next_)
        if not self._listed:
            return self._within(comma)
        if kind == "string" and self._mark(*self._tape.token(behind)[:2]) == _COLON:
            return LookaheadFault(next_, bytearray(b"{"))
        return None

    def _mark(self, kind: str, at: int) -> int | None:
        return self._tape.data[at] if kind == "mark" else None

    def _within(self, at: int) -> LookaheadFault:
        """Build the fault for text inside or outside the record."""
        return LookaheadFault(at, bytearray(b"{" if self._tape.data[at] in _WITHIN else b""))

    def _next(self, end: int, at: int) -> LookaheadFault | None:
        """Check the next record if it starts on the same line."""
        if self._tape.data.find(b"\n", end, at) >= 0:
            return None
        found = self._tape.follow(at)
        if found.stop is not ScanStop.BROKEN or not self._out_of_step(found.at):
            return None
        return LookaheadFault(found.at, found.place.open, found)

    def _out_of_step(self, at: int) -> bool:
        """Return whether a lost or extra quote may break the next record."""
        tape = self._tape
        kind, _, _ = tape.token(at)
        if kind == "mark":
            return False
        if kind == "" and tape.data[at] == _QUOTE and tape.ended and tape.data.find(b"\n", at) < 0:
            return False  # the input ends in the middle of a string
        return kind == "" or tape.data[at - 1] == _QUOTE

    def _closed(self, end: int, at: int, behind: int) -> LookaheadFault | None:
        """Check the text after the list's end on the same line."""
        tape = self._tape
        kind, next_, behind = tape.token(behind)
        if next_ == len(tape.data) or tape.data.find(b"\n", end, next_) >= 0:
            return None
        mark = self._mark(kind, next_)
        if not self._enveloped:
            return None if mark == ord("[") else LookaheadFault(at, bytearray())
        if mark == _END_BRACE:
            return None
        kind, _, behind = tape.token(behind) if mark == _COMMA else ("", 0, 0)
        colon = kind == "string" and self._mark(*tape.token(behind)[:2]) == _COLON
        return None if colon else LookaheadFault(at, bytearray())
