"""Find the next readable record after a broken one, only if certain.

Brackets are counted on from where the grammar broke, string by string. Where the count comes out even, the broken
record ends there, if nothing on that line says that its quotes are out of step (a word that touches a quote), or the
line ends there. Where the count comes to nothing (a quote that its line does not close, brackets that do not match),
it is the next line that begins as a record did: the same white space, brace and first key as one of the first records
or as the broken one, holding one whole object that is followed by what must follow one. A line that is an item of a
list within the broken record is none: by the count, or where there is none by the lines that open and close lists.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from inflection_cli.reading.json.json_grammar import CLOSES, STRING, ByteCursor, ScanStop, scan

_LOOSE: Final = re.compile(
    rb"[ \t\r]*+(?:(?P<string>" + STRING + rb')|(?P<mark>[{}\[\],:])|(?P<end>\n)|(?P<open>")|'
    rb'(?P<word>[^ \t\r\n"{}\[\],:]++))'
)
_REST: Final = re.compile(rb"[ \t\r]*+,?[ \t\r]*+(?:\n|\Z)")
_BEGINNING: Final = re.compile(rb'([ \t]*+(?:,[ \t]*+)?)\{[ \t\r\n]*+"[^"\\\n]*+"')
_OPENS_LIST: Final = re.compile(rb"\[[ \t{]*+\r*+\n?\Z")
_CLOSES_LIST: Final = re.compile(rb"[ \t]*+}?[ \t]*+\]")
_REGION_BYTES: Final = 1 << 20
_TRIED_BYTES: Final = 1 << 16
_OPENING: Final = b"{["
_LIST: Final = ord("[")


class ResyncResult(Enum):
    """Reason for the end of an unreadable region."""

    VALUE_END = auto()  # the broken record is over
    LINE = auto()  # a record begins
    BOUND = auto()  # nothing yet, and the region is long enough
    INPUT_END = auto()


@dataclass(frozen=True, slots=True)
class ResyncPoint:
    """End of an unreadable region.

    Attributes:
        found: What was found.
        end: Where the region ends.
        next: Where to read on; white space and a comma may lie between.
        open: The brackets that are open at the end, or None where nobody knows.
    """

    found: ResyncResult
    end: int
    next: int
    open: bytearray | None


class RecordPrefixes:
    """Beginnings of the first records' lines, first keys included.

    If no record starts its own line (the first record of a list may share its line with the bracket), only the first
    keys are compared.

    Attributes:
        learnt: How many records it knows.
    """

    def __init__(self) -> None:
        self.learnt = 0
        self._lines: set[bytes] = set()
        self._keys: set[bytes] = set()
        self._keys_tell = True

    def learn(self, lead: bytes | None, data: bytes, at: int) -> None:
        """Record the beginning of a record.

        Args:
            lead: What stands on its line in front of it; None where that is long.
            data: Holds the record.
            at: Where it starts.
        """
        self.learnt += 1
        match = _BEGINNING.match((lead or b"") + data[at : at + 1024], len(lead or b""))
        self._keys.update([match.group()] if match else [])
        match = None if lead is None else _BEGINNING.match(lead + data[at : at + 1024])
        if match is not None and match.end(1) == len(lead or b""):
            self._lines.add(match.group())
            self._keys_tell = False

    def with_this(self, lead: bytes | None, data: bytes, at: int) -> "RecordPrefixes":
        """Return a copy with one more record's beginning."""
        known = RecordPrefixes()
        known._lines, known._keys = set(self._lines), set(self._keys)
        known.learn(lead, data, at)
        known._keys_tell = self._keys_tell
        return known

    def record_on(self, data: bytes, line_start: int) -> int | None:
        """Return the offset of a possible record on a line, or None."""
        match = _BEGINNING.match(data, line_start)
        if match is None:
            return None
        key = data[match.end(1) : match.end()]
        known = match.group() in self._lines or (self._keys_tell and key in self._keys)
        return match.end(1) if known else None


class Resynchronizer:
    """Finds the end of unreadable regions.

    Args:
        tape: The bytes.
        follows: Says whether what stands from an offset on may follow a record.
        listed: Whether the records are items of a list.
    """

    def __init__(self, tape: ByteCursor, follows: Callable[[int], bool], *, listed: bool) -> None:
        self._tape = tape
        self._follows = follows
        self._listed = listed
        self._doubt = False

    def seek(
        self, start: int, at: int, open_: bytearray | None, beginnings: RecordPrefixes | None
    ) -> ResyncPoint:
        """Find the end of the region that starts at `start`.

        Args:
            start: Where the broken record starts.
            at: Where its grammar broke.
            open_: The brackets of the record that are open there; None where nobody knows.
            beginnings: What lines of records begin with; None where nothing readable can follow.
        """
        tape, lists = self._tape, 0
        if (record := self._here(start, at, open_, beginnings)) is not None:
            return record
        while True:
            stop, end = tape.line_end(at, at + _REGION_BYTES), None
            if open_ is not None and beginnings is not None:
                end, open_ = self._line(at, stop, open_)
            if end is not None:
                return ResyncPoint(ResyncResult.VALUE_END, end, end, None)
            if stop == at or tape.data[stop - 1 : stop] != b"\n":
                ended = stop == len(tape.data) and tape.ended
                return ResyncPoint(ResyncResult.INPUT_END if ended else ResyncResult.BOUND, stop, stop, None)
            lists = max(0, lists + _turn(tape.data[at:stop])) if open_ is None else 0
            nested = lists > 0 or _in_list(open_)
            if (
                beginnings is not None
                and not nested
                and (next_ := self._begins(stop, beginnings)) is not None
            ):
                return ResyncPoint(ResyncResult.LINE, stop, next_, None)
            if stop - start >= _REGION_BYTES:
                return ResyncPoint(ResyncResult.BOUND, stop, stop, open_)
            at = stop

    def _here(
        self, start: int, at: int, open_: bytearray | None, beginnings: RecordPrefixes | None
    ) -> ResyncPoint | None:
        """Return the point if the next record starts where parsing broke."""
        line = self._tape.data.rfind(b"\n", start, at) + 1
        if (
            line > start
            and beginnings is not None
            and not _in_list(open_)
            and self._begins(line, beginnings) == at
        ):
            return ResyncPoint(ResyncResult.LINE, line, at, None)
        return None

    def _line(self, at: int, stop: int, open_: bytearray) -> tuple[int | None, bytearray | None]:
        """Count brackets on a line; return the record's end or open brackets."""
        data, doubt = self._tape.data, False
        while at < stop:
            token = _LOOSE.match(data, at, stop)
            if token is None or token.lastgroup == "open":
                return None, None
            kind, start, at = token.lastgroup or "", token.start(token.lastgroup or 0), token.end()
            if kind == "word":
                # What stands in front of the region may have left the window: it never counts.
                touches = data[max(self._tape.at, start - 1) : start] + data[at : at + 1]
                doubt = doubt or b'"' in touches
            elif kind == "mark":
                over, open_or_none = self._mark(data[start], open_)
                if over is not None:
                    end = at if over else start
                    settled = self._follows(end) and (not doubt or _REST.match(data, end) is not None)
                    return (end, None) if settled else (None, None)
                if open_or_none is None:
                    return None, None
        return None, open_

    def _mark(self, mark: int, open_: bytearray) -> tuple[bool | None, bytearray | None]:
        """Count one mark; return whether the record ended, and open brackets."""
        if mark in _OPENING:
            open_.append(mark)
        elif mark in CLOSES:
            if not open_:
                return (False, None) if self._listed and mark == ord("]") else (None, None)
            if open_.pop() != CLOSES[mark]:
                return None, None
            if not open_:
                return True, None
        elif mark == ord(",") and not open_ and self._listed:
            return False, None
        return None, open_

    def _begins(self, line_start: int, beginnings: RecordPrefixes) -> int | None:
        """Return the offset of a whole record on a line, or None."""
        tape = self._tape
        tape.load(line_start + _TRIED_BYTES)
        record = beginnings.record_on(tape.data, line_start)
        if record is None:
            return None
        stop = min(len(tape.data), line_start + _TRIED_BYTES)
        found = scan(tape.data, record, stop, ended=tape.ended and stop == len(tape.data))
        return record if found.stop is ScanStop.WHOLE and self._follows(found.at) else None


def _in_list(open_: bytearray | None) -> bool:
    return bool(open_) and open_[-1] == _LIST  # type: ignore[index]  # an empty one is false


def _turn(line: bytes) -> int:
    """Return a line's change of list depth: 1, -1 or 0.

    1: the line ends with an opening bracket. -1: it starts with a closing one. Only the characters are compared.
    """
    return 1 if _OPENS_LIST.search(line) else -1 if _CLOSES_LIST.match(line) else 0
