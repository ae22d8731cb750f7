"""Error messages for invalid JSON documents, with line numbers."""

from typing import Final

from inflection_cli import rules
from inflection_cli.lossless_json import MAX_JSON_DEPTH
from inflection_cli.model import Problem, Rule
from inflection_cli.reading.files.encoding import wrong_bytes
from inflection_cli.reading.json.byte_cursor import MOST_BYTES, ByteCursor
from inflection_cli.reading.json.json_grammar import Expected, Scan, ScanStop
from inflection_cli.reading.json.lookahead import LookaheadFault
from inflection_cli.reading.json.text_cursor import decode
from inflection_cli.reading.source import Source

_QUOTE, _COLON = b'":'
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
