"""Read JSON documents in chunks: lists, sequences of objects, and envelopes.

The standard library's scanner finds where a record ends. A record counts only where what follows it is in order:
`{"a": 1}, "b": 2}` lost a brace somewhere, and its first half is no record. A string holds no line feed, so the start
of a line is outside of any string, whatever is broken before it. So from a fault to the next line that begins as a
record does, or that closes the list, is one region that cannot be read.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum, auto
from itertools import chain
from typing import Any, Final

from inflection_cli import rules
from inflection_cli.errors import InputError
from inflection_cli.lossless_json import JsonError, is_too_deep, value_at
from inflection_cli.model import Chunk, Problem, Rule
from inflection_cli.reading.files.encoding import holds_bad_bytes, wrong_bytes
from inflection_cli.reading.files.stream import open_source
from inflection_cli.reading.files.window import Window
from inflection_cli.reading.json.document_faults import (
    MEMBER_LIST,
    ROOT_LIST,
    SEQUENCE,
    RecordContext,
    RecordPrefixes,
    UnreadableRegion,
    indent_of,
    is_out_of_step,
    not_json,
    position,
)
from inflection_cli.reading.json.document_text import LOOK_CHARS, MOST_CHARS, SPACE, DocumentText
from inflection_cli.reading.json.json_format import Envelope, Met, members
from inflection_cli.reading.json.json_objects import decode as decode_object
from inflection_cli.reading.json.json_objects import make_cells, read_object
from inflection_cli.reading.json.ndjson import ChunkBuilder
from inflection_cli.reading.source import MAX_RECORD_CHARS, ReadOptions, Source
from inflection_cli.settings.layering import with_value

WHOLE: Final = "message"
"""The column of records that are read as their text."""

_REGION_CHARS: Final = 1 << 20


def read_documents(source: Source, options: ReadOptions) -> Iterator[Chunk]:
    """Read JSON documents in chunks of about `options.chunk_bytes` bytes.

    A chunk ends before a record that brings a new key; the chunks after it have that column too.

    Raises:
        InputError: The file is gone or damaged, or has no list where `source.records` says.
    """
    with open_source(source) as stream:
        window = Window(stream)
        window.advance(source.data_offset)
        yield from _Reader(window, source).chunks(max(1, options.chunk_bytes))


class _Where(Enum):
    """Position of the reader: what it expects next."""

    DOCUMENT = auto()
    ENVELOPE = auto()  # a token of what surrounds the list
    FIRST = auto()  # a record, or the end of the list
    RECORD = auto()
    COMMA = auto()  # a comma, or the end of the list
    LOST = auto()  # the rest of a region that cannot be read
    OVER = auto()  # the end, which was reported


_IN_LIST: Final = frozenset({_Where.FIRST, _Where.RECORD, _Where.COMMA})


@dataclass(frozen=True, slots=True)
class _Broken:
    """A value that ends nowhere.

    Attributes:
        at: The offset of what does not belong there.
        problem: The same in words.
        is_out_of_step: Whether the record in front of it may be broken as well.
    """

    at: int
    problem: Problem
    is_out_of_step: bool = False


_Scanned = tuple[dict[str, str] | Problem, int] | _Broken
"""A record, or why it cannot be read, and its end."""


class _Reader(ChunkBuilder):
    """Reads a window into chunks, record by record."""

    def __init__(self, window: Window, source: Source) -> None:
        super().__init__(window, source)
        self._text = DocumentText(window, source.encoding)
        self._where = _Where.DOCUMENT
        self._envelope = Envelope(source.records) if source.records and not self._inner else None
        self._is_root = False  # whether the list of records is the document itself
        self._had_list = False
        self._had_objects = False
        self._is_full = False  # whether the chunk has to end before the record at the position
        self._beginnings = RecordPrefixes()
        self._lost: UnreadableRegion | None = None

    def chunks(self, size: int) -> Iterator[Chunk]:
        """Yield chunks until the end of the file."""
        text = self._text
        text.load(size)
        while text.data:
            self._is_full = False
            while text.at < min(size, len(text.data)) and not self._is_full:
                self._step(size)
            if text.at == len(text.data) and not text.more():
                self._finish()
            yield self._chunk(text.leave())
            text.load(size)

    def _step(self, size: int) -> None:
        """Read a record, or the text between records."""
        if self._where is _Where.LOST:
            self._lose()
        elif self._where is _Where.ENVELOPE:
            self._surroundings(size)
        elif self._text.skip_space():
            first = self._text.data[self._text.at]
            if self._where is _Where.DOCUMENT:
                self._document(first, size)
            elif self._where is _Where.COMMA:
                self._comma(first)
            elif first == "]":
                self._end_list()
            elif first == ",":
                self._stray_comma("a record")
            else:
                self._records(size)

    def _document(self, first: str, size: int) -> None:
        # Lists and objects may take turns, each on lines of its own.
        if first == "{" and self._envelope is not None:
            self._is_root = False
            self._where = _Where.ENVELOPE
        elif first == "{" and (not self._had_list or self._begins_line()):
            self._had_objects = True
            self._records(size)
        elif first == "[" and (not self._had_objects or self._begins_line()):
            self._text.move(self._text.at + 1)
            self._had_list = self._is_root = True
            self._where = _Where.FIRST
            if self._envelope is not None and not self._source.is_whole:
                self._inner = self._envelope.keys
        elif first == "," and self._is_seekable():
            self._stray_comma("a new line")
        else:
            self._garbage()

    def _begins_line(self) -> bool:
        """Return whether only white space precedes the position on its line."""
        lead = self._text.before(self._text.at)
        return lead is not None and not lead.strip()

    def _comma(self, first: str) -> None:
        """Read the separator between two records of a list."""
        text = self._text
        if first == "]":
            self._end_list()
        elif first == ",":
            text.load(text.at + LOOK_CHARS)
            end = SPACE.match(text.data, text.at + 1).end()  # type: ignore[union-attr]  # nothing matches too
            if text.data[end : end + 1] == "]":
                self._stray_comma("a record")
            else:
                text.move(text.at + 1)
                self._where = _Where.RECORD
        elif first == "{":
            self._uncommaed()
        else:
            self._garbage()

    def _end_list(self) -> None:
        self._text.move(self._text.at + 1)
        if self._envelope is None or self._is_root:
            self._where = _Where.DOCUMENT
        else:
            self._envelope.leave_list()
            self._where = _Where.ENVELOPE

    def _surroundings(self, size: int) -> None:
        """Read the envelope up to its list or its end."""
        assert self._envelope is not None
        met = self._envelope.walk(self._text, size)
        if met is Met.LIST:
            self._had_list = True
            self._inner = () if self._source.is_whole else self._envelope.rest
            self._where = _Where.FIRST
        elif met is Met.END:
            self._where = _Where.DOCUMENT
        elif met is Met.BROKEN:
            self._broken_envelope(self._envelope.why)
        elif met is Met.NO_LIST:
            self._no_list(self._envelope.why)
            if self._envelope.ended:
                self._where = _Where.DOCUMENT

    def _finish(self) -> None:
        """Report a file that ends in the middle of a document."""
        if self._where in _IN_LIST:
            self._cut_off("the list of records is never closed")
        elif self._where is _Where.ENVELOPE:
            self._cut_off("an object is never closed")
        elif self._envelope is not None and not self._had_list:
            raise InputError(
                f"{self._source.path}: holds no document with a list at {self._source.records!r}",
                hint="infl-seg inspect FILE shows what is in it",
            )
        self._where = _Where.OVER

    def _cut_off(self, what: str) -> None:
        if self._envelope is not None and not self._had_list:
            raise InputError(
                f"{self._source.path}: ends before the list at {self._source.records!r} begins",
                hint="check that the export is complete",
            )
        line = self._text.firm_line
        message = f"the file ends in the middle of a document: {what}, so records may be missing"
        self._reject(self._told(rules.JSON_CUT_OFF, message, line), line, 1, b"")

    def _around(self) -> RecordContext:
        if self._where not in _IN_LIST:
            return SEQUENCE
        return ROOT_LIST if self._envelope is None or self._is_root else MEMBER_LIST

    def _records(self, size: int) -> None:
        """Read the record at the position, and regular ones behind it."""
        text, is_list, follow = self._text, self._where in _IN_LIST, self._around().follow
        # A comma in a sequence, and a second object on the line of a list's end, are not in order.
        between = "," if is_list else None if self._had_list else ""
        is_next = True
        usual, ahead = "", None
        while is_next and text.at < size:
            scanned, ahead = ahead or self._scan(text.at), None
            if isinstance(scanned, _Broken):
                return self._region(scanned.at, scanned.problem)
            found, end = scanned
            text.load(end + LOOK_CHARS)
            data = text.data
            if usual and data.startswith(usual, end):  # to compare is quicker than to match
                comma, next_ = between, end + len(usual) - 1
            else:
                behind = self._behind(follow, end)
                data = text.data
                if behind is None:
                    return self._breach(end)
                comma, next_ = behind["comma"], behind.end()
                usual = data[end : next_ + 1] if comma == between else ""
            if isinstance(found, Problem):
                return self._fault(end, found)
            if comma is not None and data.find("\n", end, next_) < 0:
                # On a line of its own a record ends where it seems to. Else the next one shows it.
                ahead = self._scan(next_)
                if isinstance(ahead, _Broken) and ahead.is_out_of_step:
                    return self._region(ahead.at, ahead.problem)
            if not self._take(found, end):
                return None
            self._beginnings.learn(text)
            is_next = comma is not None and comma == between
            text.move(next_ if is_next else end)
            self._where = _Where.DOCUMENT if not is_list else _Where.RECORD if is_next else _Where.COMMA
        return None

    def _behind(self, follow: re.Pattern[str], end: int) -> re.Match[str] | None:
        """Match what follows a record, beyond any white space."""
        text, look = self._text, LOOK_CHARS
        while True:
            behind = follow.match(text.data, end, end + look)
            seen = min(end + look, len(text.data))
            is_all = text.ended and seen == len(text.data)
            if behind is None or behind.end() < seen or is_all or look > MOST_CHARS:
                return behind
            look *= 2
            text.load(end + look)

    def _scan(self, start: int) -> _Scanned:
        """Find the value at an offset, its end, and what breaks it."""
        try:
            try:
                value, end = self._text.value(start)
            except JsonError:  # some number or key; where it ends can be found all the same
                value, end = None, self._text.value(start, value_at)[1]
        except (json.JSONDecodeError, JsonError) as error:
            return self._broken(start, error)
        return self._too_long(start) if end - start > MOST_CHARS else (self._cells(value, start, end), end)

    def _cells(self, value: Any, start: int, end: int) -> dict[str, str] | Problem:
        """Return the record of a parsed value, or its problem."""
        text, is_odd = self._text.data[start:end], self._text.is_odd
        if type(value) is dict and len(text) <= MAX_RECORD_CHARS and not is_too_deep(text):
            if not self._source.is_whole:
                if make_cells(value, may_be_unsendable=is_odd):
                    return value
            elif not (is_odd and holds_bad_bytes(text)):
                return {WHOLE: text.replace("\n", " ").replace("\r", " ")}
        return self._flaw(start, text)

    def _flaw(self, start: int, text: str) -> Problem:
        """Return the problem of a value, as for a line of NDJSON."""
        line = self._text.line_at(start)
        try:
            (decode_object if self._source.is_whole else read_object)(text)
        except JsonError as flaw:
            wrong = wrong_bytes(text, self._source.path, line, self._source.encoding)
            if flaw.rule is rules.BAD_ENCODING and wrong is not None:
                return wrong
            if flaw.rule is not rules.JSON_NOT_OBJECT:
                return self._problem(flaw, line)
        message = "this item of the list is not an object with names and values"
        path = self._envelope and ".".join(self._envelope.keys)
        hint = f"{rules.JSON_NOT_OBJECT.fix}; or take each item with the record around it: --records .{path}"
        found = self._told(rules.JSON_NOT_OBJECT, message, line)
        return replace(found, hint=hint if path and not self._inner else "")

    def _broken(self, start: int, error: json.JSONDecodeError | JsonError) -> _Broken:
        """Return what breaks the value at an offset."""
        text, line = self._text, self._text.line_at(start)
        if isinstance(error, JsonError):
            return _Broken(start, self._told(error.rule, error.message, line))
        if text.is_cut(error) or error.pos - start > MOST_CHARS:
            return self._too_long(start)
        if not text.data[error.pos :].strip() and not error.msg.startswith("Invalid"):
            message, line = "the file ends in the middle of a record", text.line_at(len(text.data.rstrip()))
            return _Broken(error.pos, self._told(rules.JSON_CUT_OFF, message, line))
        end = text.line_end(error.pos, start + MOST_CHARS)
        wrong = wrong_bytes(text.data[start:end], self._source.path, line, self._source.encoding)
        problem = wrong or self._told(rules.JSON_INVALID, *not_json(text, start, error))
        return _Broken(error.pos, problem, is_out_of_step(text, end, error))

    def _too_long(self, start: int) -> _Broken:
        message = f"the record has more than {MOST_CHARS:,} characters"
        return _Broken(
            start + MOST_CHARS, self._told(rules.RECORD_TOO_LONG, message, self._text.line_at(start))
        )

    def _breach(self, end: int) -> None:
        """Reject a record after which comes what must not."""
        data = self._text.data
        at = SPACE.match(data, end).end()  # type: ignore[union-attr]  # nothing matches too
        before = data[data.rfind("\n", 0, at) + 1 : at]
        # Where a brace is alone on its line with the comma, it is the next one that was lost.
        line = self._text.line_at(at) + (data[at] == "," and before.strip() == "}")
        message = "a record ends, and what follows does not: a bracket or a comma is missing, or one too many"
        self._region(at, self._told(rules.JSON_INVALID, message, line))

    def _take(self, record: dict[str, str], end: int) -> bool:
        """Add a record; return False if it is a fault or waits."""
        if not self._inner and tuple(record) == self._columns:
            self._rows.append(list(record.values()))
            self._lines.append(self._text.line)
            return True
        try:
            records = self._records_of(record)
        except JsonError as flaw:
            self._fault(end, self._problem(flaw, self._text.line))
            return False
        if not all(map(self._known.issuperset, records)):
            if self._text.at > 0:
                self._is_full = True
                return False
            self._widen(dict.fromkeys(chain.from_iterable(records), ""))
        for each in records:
            self._add(each, self._text.line)
        return True

    def _uncommaed(self) -> None:
        """Skip a record without a comma before it; report a fault."""
        scanned = self._scan(self._text.at)
        if isinstance(scanned, _Broken):
            self._region(scanned.at, scanned.problem)
        else:
            message = "not JSON: no comma is before this record"
            self._fault(scanned[1], self._told(rules.JSON_INVALID, message, self._text.line))

    def _stray_comma(self, due: str) -> None:
        where, line = self._where, self._text.line
        message = f"not JSON: a comma is where {due} is due"
        self._fault(self._text.at + 1, self._told(rules.JSON_INVALID, message, line))
        self._where = where

    def _garbage(self) -> None:
        text = self._text
        over = self._where is _Where.DOCUMENT and self._had_list
        ends = "nothing more" if over else "a document"
        due = "a comma or the list's end" if self._where in _IN_LIST else ends
        message = f"not JSON: {due} is due{position(text, text.at)}"
        self._region(text.at, self._told(rules.JSON_INVALID, message, text.line))

    def _told(self, rule: Rule, message: str, line: int) -> Problem:
        """Build a problem of this file."""
        return Problem(rule, message, self._source.path, line)

    def _is_seekable(self) -> bool:
        """Return whether a record may follow something broken."""
        if self._where is _Where.DOCUMENT:
            return (self._had_objects or not self._had_list) and self._envelope is None
        return self._where in _IN_LIST

    def _region(self, at: int, problem: Problem) -> None:
        """Reject all up to the next line that begins as records do."""
        self._beginnings.learn(self._text, is_broken=True)
        lead = self._text.before(self._text.at) or ""
        is_list = self._where in _IN_LIST
        self._lost = UnreadableRegion(problem, at, self._is_seekable(), is_list, indent_of(lead))
        self._lose()

    def _lose(self) -> None:
        """Reject a region, or as much as one fault may hold."""
        text, lost = self._text, self._lost
        assert lost is not None
        start = end = text.at
        found: tuple[int, _Where] | None = None
        while found is None and end - start < _REGION_CHARS:
            begin, end = end, text.line_end(end, start + _REGION_CHARS)
            if end == begin or text.data[end - 1] != "\n":
                break
            lost.count(text.data[begin:end])
            found = self._resumption(end, lost)
        is_over = text.ended and end == len(text.data)
        self._fault(end, lost.problem, is_resumed=lost.is_resumed)
        if found is not None:
            text.move(found[0])
            self._where = found[1]
        else:
            lost.at, lost.is_resumed = 0, True
            self._where = _Where.OVER if is_over else _Where.LOST

    def _resumption(self, line_start: int, lost: UnreadableRegion) -> tuple[int, _Where] | None:
        """Return where to read on if a line says so."""
        if not lost.is_seekable or lost.lists:
            return None
        text = self._text
        text.load(line_start + LOOK_CHARS)
        record = self._beginnings.record_on(text.data, line_start)
        if record is not None and record >= lost.at:
            return record, _Where.RECORD if lost.is_list else _Where.DOCUMENT
        around = ROOT_LIST if self._envelope is None or self._is_root else MEMBER_LIST
        closing = around.closing.match(text.data, line_start, line_start + LOOK_CHARS)
        is_end = closing is not None and closing.end() >= lost.at and len(closing[1]) < max(lost.indent, 1)
        return (closing.end(), _Where.COMMA) if closing and is_end and lost.is_list else None

    def _fault(self, end: int, problem: Problem, *, is_resumed: bool = False) -> None:
        """Record the text up to `end` as unreadable."""
        text = self._text
        raw, first = text.raw(end), text.line
        rows = sum(1 for part in raw.split(b"\n") if part.strip())
        last = first + len(raw.rstrip().split(b"\n")) - 1
        message, line = problem.message, min(max(problem.line or first, first), last)
        if last > first:
            message += f"; {last - first + 1:,} lines not read: lines {first:,} to {last:,}"
        # The rest of a line whose beginning was given up already is no further row.
        rows = max(rows - (text.before(text.at) != ""), 0) if is_resumed else max(rows, 1)
        self._reject(replace(problem, message=message, line=line), first, rows, raw)
        self._where = _Where.COMMA if self._where in _IN_LIST else self._where
        text.move(end)

    def _broken_envelope(self, why: str) -> None:
        if not self._had_list:
            raise InputError(
                f"{self._source.path}: line {self._text.line:,}: the records cannot be reached: {why}",
                hint="check that the export is complete, and JSON: jq empty FILE",
            )
        self._region(self._text.at, self._told(rules.JSON_INVALID, why, self._text.line))

    def _no_list(self, why: str) -> None:
        if not self._had_list:
            lists = members(self._text.data).lists if self._text.left == 0 else ()
            raise InputError(
                f"{self._source.path}: line {self._text.line:,}: {why}",
                hint="name the member that holds the list of records, for example "
                + with_value("--records", lists[0] if lists else "data"),
            )
        problem = self._told(rules.JSON_NO_RECORDS, why, self._text.line)
        self._reject(problem, self._text.line, 1, b"")
