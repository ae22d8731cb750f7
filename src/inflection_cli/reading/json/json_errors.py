"""Confirm where a record ends; build errors for invalid JSON.

What follows a record confirms where it ends. `{"a": 1}, "b": 2}` lost a brace somewhere, and its first half is no
record. Where a quote is lost or one too many, what was text becomes structure up to the end of the line and no further:
so what follows on the same line is looked at up to the end of the next record.
"""

from dataclasses import dataclass
from typing import Final

from inflection_cli import rules
from inflection_cli.lossless_json import MAX_JSON_DEPTH
from inflection_cli.model import Problem, Rule
from inflection_cli.reading.files.encoding import wrong_bytes
from inflection_cli.reading.json.json_grammar import MOST_BYTES, ByteCursor, Expected, Scan, ScanStop, decode
from inflection_cli.reading.source import Source

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


_OPENING: Final = b"{["
_MARKS: Final = b"{}[]:"


class JsonErrors:
    """Builds the problems for the JSON at the cursor."""

    def __init__(self, tape: ByteCursor, source: Source) -> None:
        self._tape = tape
        self._source = source

    def told(self, rule: Rule, message: str, line: int) -> Problem:
        """Build a problem of this file."""
        return Problem(rule, message, self._source.path, line)

    def due(self, what: str) -> Problem:
        """Build the problem that `what` is expected at the cursor."""
        message = f"not JSON: {what} is due{self._character(self._tape.at)}"
        return self.told(rules.JSON_INVALID, message, self._tape.line)

    def stray_comma(self, due: str) -> Problem:
        """Build the problem of an unexpected comma at the cursor."""
        message = f"not JSON: a comma is where {due} is due"
        return self.told(rules.JSON_INVALID, message, self._tape.line)

    def broken(self, found: Scan) -> Problem:
        """Build the problem of a broken value at the cursor."""
        tape = self._tape
        if found.stop is ScanStop.DEEP:
            message = f"objects and lists are nested more than {MAX_JSON_DEPTH} deep"
            return self.told(rules.JSON_TOO_DEEP, message, tape.line)
        if found.stop is ScanStop.MORE and tape.ended and found.at == len(tape.data):
            message = "the file ends in the middle of a record"
            return self.told(rules.JSON_CUT_OFF, message, tape.line_at(found.behind))
        if found.stop is ScanStop.MORE:
            message = f"the record has more than {MOST_BYTES:,} bytes"
            return self.told(rules.RECORD_TOO_LONG, message, tape.line)
        return self._wrong_bytes(found.at) or self._ungrammatical(found)

    def breached(self, end: int, breach: LookaheadFault) -> Problem:
        """Build the problem of wrong text after the record at the cursor."""
        tape, at = self._tape, breach.at
        if breach.scan is not None:
            return self.broken(breach.scan)
        comma = tape.data.find(b",", end, at)
        line = tape.line_at(at)
        if comma >= 0:
            line = tape.line_at(comma)
            alone = tape.data[tape.data.rfind(b"\n", 0, comma) + 1 : comma].strip() == b"}"
            # Where a brace is alone on its line with the comma, it is the next one that was lost.
            line += alone and line < tape.line_at(at)
        message = "a record ends, and what follows does not: a bracket or a comma is missing, or one too many"
        return self.told(rules.JSON_INVALID, message, line)

    def _wrong_bytes(self, at: int) -> Problem | None:
        """Find undecodable bytes up to the end of the broken line."""
        tape = self._tape
        end = tape.line_end(at, tape.at + MOST_BYTES)
        text = decode(tape.data[tape.at : end], self._source.encoding)
        return wrong_bytes(text, self._source.path, tape.line, self._source.encoding)

    def _ungrammatical(self, found: Scan) -> Problem:
        tape, due = self._tape, found.place.due
        first, (kind, _, _) = tape.data[found.at], tape.token(found.at)
        if first == _QUOTE and kind != "string":
            message = f"not JSON: the string that opens{self._character(found.at)} is not closed on its line"
            return self.told(rules.JSON_INVALID, message, tape.line_at(found.at))
        # What is missing at the end of a line is met on the next.
        if due is Expected.COMMA_OR_END:
            early = kind in {"string", "word"} or first in _OPENING
        else:
            early = first in _MARKS and first != _COLON
        message = f"not JSON: {due.value} is due{self._character(found.at)}"
        return self.told(rules.JSON_INVALID, message, tape.line_at(found.behind if early else found.at))

    def _character(self, at: int) -> str:
        """Return a position on its line, or in the file if long."""
        before = self._tape.before(at)
        if before is None:
            return f" at byte {self._source.data_offset + self._tape.left + at + 1:,} of the text"
        return f" at character {len(decode(before, self._source.encoding)) + 1:,}"
