"""Read JSON documents in chunks: lists, sequences of objects, and envelopes.

Where a record ends is found by the grammar, its values by `read_object`, as on a line of NDJSON. A record counts only
where what follows it is in order: `{"a": 1}, "b": 2}` lost a brace somewhere, and its first half is no record.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from enum import Enum, auto
from itertools import chain
from typing import Final

from inflection_cli import rules
from inflection_cli.errors import InputError
from inflection_cli.lossless_json import JsonError
from inflection_cli.model import Chunk, Problem
from inflection_cli.reading.files.encoding import text_encoding, wrong_bytes
from inflection_cli.reading.files.stream import open_source
from inflection_cli.reading.files.window import Window
from inflection_cli.reading.json.json_errors import JsonErrors, Lookahead
from inflection_cli.reading.json.json_format import Envelope, Met, members
from inflection_cli.reading.json.json_grammar import ByteCursor, Scan, ScanStop, decode, swift_value
from inflection_cli.reading.json.json_objects import AT_ONCE, read_object, read_objects
from inflection_cli.reading.json.json_objects import decode as decode_object
from inflection_cli.reading.json.ndjson import ChunkBuilder
from inflection_cli.reading.json.resync import RecordPrefixes, Resynchronizer, ResyncPoint, ResyncResult
from inflection_cli.reading.source import ReadOptions, Source
from inflection_cli.settings.layering import with_value

_SWIFT: Final = swift_value()
_BEGINNINGS: Final = 16
"""So many first records show how lines begin that hold one."""

WHOLE: Final = "message"
"""The column of records that are read as their text."""

_BRACE, _BRACKET, _END_BRACKET, _COMMA = b"{[],"
_NEXT: Final = re.compile(rb"\}[ \t\r\n]*+,?[ \t\r\n]*+\{")


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


def _read_whole(text: str) -> dict[str, str]:
    """Return an object's text on one line as its only cell.

    Raises:
        JsonError: It is no object.
    """
    decode_object(text)
    return {WHOLE: text.replace("\n", " ").replace("\r", " ")}


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
_BEHIND: Final = frozenset({_Where.COMMA, _Where.DOCUMENT})
"""Where the reader is behind a record."""


class _Reader(ChunkBuilder):
    """Reads a window into chunks, record by record."""

    def __init__(self, window: Window, source: Source) -> None:
        super().__init__(window, source)
        self._tape = ByteCursor(window)
        self._read = _read_whole if source.is_whole else read_object
        self._words = JsonErrors(self._tape, source)
        self._where = _Where.DOCUMENT
        self._envelope = (
            Envelope(source.records, source.encoding) if source.records and not self._inner else None
        )
        self._is_root = False  # whether the list of records is the document itself
        self._had_list = False
        self._had_objects = False
        self._after_lost = _Where.DOCUMENT
        self._lost: tuple[Problem, bytearray | None] | None = None
        self._resumed = False
        self._beginnings = RecordPrefixes()
        self._between = b""  # from the last brace of a record to the first of the next
        self._between_tells = True
        self._ready: list[Chunk] = []

    def chunks(self, size: int) -> Iterator[Chunk]:
        """Yield chunks until the end of the file."""
        tape = self._tape
        tape.load(size)
        while tape.data:
            while tape.at < min(size, len(tape.data)):
                self._step(size)
                if self._ready:
                    yield from self._ready
                    self._ready.clear()
            if tape.at == len(tape.data) and not tape.more():
                self._finish()
            yield self._close(tape.at)
            tape.load(size)

    def _close(self, count: int) -> Chunk:
        chunk = self._chunk(count)
        self._tape.leave(count)
        return chunk

    def _step(self, size: int) -> None:
        """Read a record, or the text between records."""
        if self._where is _Where.LOST:
            self._lose_more()
        elif self._where is _Where.ENVELOPE:
            self._surroundings(size)
        elif self._tape.skip_space():
            first = self._tape.data[self._tape.at]
            if self._where is _Where.DOCUMENT:
                self._document(first, size)
            elif self._where is _Where.COMMA:
                self._comma(first)
            elif first == _END_BRACKET:
                self._end_list()
            elif first == _COMMA:
                self._stray_comma("a record")
            else:
                self._records(size)

    def _document(self, first: int, size: int) -> None:
        # Lists and objects may take turns, each on lines of its own.
        if first == _BRACE and self._envelope is not None:
            self._is_root = False
            self._where = _Where.ENVELOPE
        elif first == _BRACE and (not self._had_list or self._begins_line()):
            self._had_objects = True
            self._records(size)
        elif first == _BRACKET and (not self._had_objects or self._begins_line()):
            self._tape.move(self._tape.at + 1)
            self._had_list = self._is_root = True
            self._where = _Where.FIRST
            if self._envelope is not None and not self._source.is_whole:
                self._inner = self._envelope.keys
        elif first == _COMMA and self._seekable():
            self._stray_comma("a new line")
        else:
            self._garbage()

    def _begins_line(self) -> bool:
        """Return whether only white space precedes the cursor on its line."""
        lead = self._tape.lead
        return lead is not None and not lead.strip()

    def _comma(self, first: int) -> None:
        """Read the separator between two records of a list."""
        if first == _END_BRACKET:
            self._end_list()
        elif first == _COMMA:
            kind, start, _ = self._tape.token(self._tape.at + 1)
            if kind == "mark" and self._tape.data[start] == _END_BRACKET:
                self._stray_comma("a record")
            else:
                self._tape.move(self._tape.at + 1)
                self._where = _Where.RECORD
        elif first == _BRACE:
            self._uncommaed()
        else:
            self._garbage()

    def _end_list(self) -> None:
        self._tape.move(self._tape.at + 1)
        if self._envelope is None or self._is_root:
            self._where = _Where.DOCUMENT
        else:
            self._envelope.leave_list()
            self._where = _Where.ENVELOPE

    def _surroundings(self, size: int) -> None:
        """Read the envelope up to its list or its end."""
        assert self._envelope is not None
        met = self._envelope.walk(self._tape, size)
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
        tape = self._tape
        tape.skip_space()
        line = tape.firm_line
        message = f"the file ends in the middle of a document: {what}, so records may be missing"
        self._reject(self._words.told(rules.JSON_CUT_OFF, message, line), line, 1, b"")

    def _records(self, size: int) -> None:
        """Read a record, and following ones of the same layout quickly."""
        tape = self._tape
        self._one()
        between = self._between
        if not between or self._inner or not tape.data.startswith(between, tape.at - 1):
            return
        if self._where not in _BEHIND or self._beginnings.learnt < _BEGINNINGS:
            return
        if self._where is _Where.COMMA:
            self._where = _Where.RECORD
        tape.move(tape.at + len(between) - 2)
        self._alike(size, between, text_encoding(self._source.encoding))

    def _alike(self, size: int, between: bytes, encoding: str) -> None:
        """Read records quickly while they have the same layout as before."""
        tape, apart = self._tape, b"\n" in between
        while spans := self._likely_spans(between, size):
            records = self._read_each(spans, encoding)
            # Where records share a line, one counts only where the next one could be read.
            certain = max(0, len(records) - (not apart))
            added, at, line = 0, tape.at, tape.line
            for (start, end), record in zip(spans, records[:certain], strict=False):
                if not self._known.issuperset(record):
                    break
                self._add(record, line)
                at = end + len(between) - 2
                line += tape.data.count(b"\n", start, at)
                added += 1
            tape.move(at)
            if len(records) < len(spans):
                # What stands between records stands within them too, or this one is broken.
                self._between_tells = False
                return
            if added < max(certain, 1):
                return

    def _likely_spans(self, between: bytes, size: int) -> list[tuple[int, int]]:
        """Return where the next records probably start and end."""
        spans: list[tuple[int, int]] = []
        at = self._tape.at
        while at < size and len(spans) < AT_ONCE and (end := self._likely_end(between, at)):
            spans.append((at, end))
            at = end + len(between) - 2
        return spans

    def _read_each(self, spans: list[tuple[int, int]], encoding: str) -> list[dict[str, str]]:
        """Read the records at some places, up to an unreadable one."""
        found: list[dict[str, str]] = []
        try:
            texts = [self._tape.data[start:end].decode(encoding) for start, end in spans]
            if not self._source.is_whole and (objects := read_objects(texts)) is not None:
                return objects
            for text in texts:
                found.append(self._read(text))  # noqa: PERF401 - what was read before one that cannot be counts
        except (JsonError, UnicodeDecodeError):
            pass
        return found

    def _likely_end(self, between: bytes, at: int) -> int:
        """Return the probable end of a record; 0 if unknown."""
        data = self._tape.data
        if self._between_tells:
            return data.find(between, at) + 1
        match = _SWIFT.match(data, at)
        return match.end() if match is not None and data.startswith(between, match.end() - 1) else 0

    def _one(self) -> None:
        """Read the value at the cursor into a row or a fault."""
        tape = self._tape
        start, lead = tape.at, tape.lead
        end, found = self._bounds(start)
        if isinstance(found, Scan):
            self._region(found.at, found.place.open, self._words.broken(found))
            return
        if isinstance(found, Problem):
            self._fault(end, found)
            return
        breach = self._following().breach(end)
        if breach is not None:
            self._region(breach.at, breach.open, self._words.breached(end, breach))
            return
        if self._beginnings.learnt < _BEGINNINGS:
            self._beginnings.learn(lead, tape.data, start)
        try:
            self._take(found, end)
        except JsonError as flaw:
            self._fault(end, self._problem(flaw, tape.line))

    def _bounds(self, start: int) -> tuple[int, dict[str, str] | Problem | Scan]:
        """Find the end of a value, and its record or error."""
        tape = self._tape
        match = _SWIFT.match(tape.data, start)
        if match is not None and isinstance(record := self._object(start, match.end()), dict):
            return match.end(), record
        found = tape.follow(start)
        if found.stop is ScanStop.WHOLE:
            return found.at, self._object(start, found.at)
        return found.at, found

    def _object(self, start: int, end: int) -> dict[str, str] | Problem:
        line, text = self._tape.line_at(start), decode(self._tape.data[start:end], self._source.encoding)
        try:
            return self._read(text)
        except JsonError as flaw:
            wrong = wrong_bytes(text, self._source.path, line, self._source.encoding)
            if flaw.rule in {rules.NUL_CHARACTER, rules.BAD_ENCODING} and wrong is not None:
                return wrong
            if flaw.rule is rules.JSON_NOT_OBJECT:
                message = "this item of the list is not an object with names and values"
                path = self._envelope and ".".join(self._envelope.keys)
                hint = (
                    f"{flaw.rule.fix}; or take each item with the record around it: --records .{path}"
                    if path and not self._inner
                    else ""
                )
                return replace(self._words.told(flaw.rule, message, line), hint=hint)
            at = getattr(flaw.__cause__, "pos", 0)
            return self._problem(flaw, line + text.count("\n", 0, at))

    def _take(self, record: dict[str, str], end: int) -> None:
        """Add a record that ends at `end`; new keys start a chunk."""
        tape = self._tape
        records = self._records_of(record)
        if not all(map(self._known.issuperset, records)):
            if tape.at > 0:
                end -= tape.at
                self._ready.append(self._close(tape.at))
            self._widen(dict.fromkeys(chain.from_iterable(records), ""))
        for each in records:
            self._add(each, tape.line)
        self._learn(end)
        tape.move(end)
        self._where = _Where.COMMA if self._where in _IN_LIST else _Where.DOCUMENT

    def _learn(self, end: int) -> None:
        """Record the bytes between this record and the next."""
        match = _NEXT.match(self._tape.data, end - 1)
        if match is not None and (b"," in match.group()) == (self._where in _IN_LIST):
            self._between = match.group()

    def _following(self) -> Lookahead:
        listed = self._where in _IN_LIST
        enveloped = self._envelope is not None and not self._is_root
        return Lookahead(self._tape, listed=listed, enveloped=enveloped)

    def _uncommaed(self) -> None:
        """Skip a record without a comma before it; report a fault."""
        line = self._tape.line
        end, found = self._bounds(self._tape.at)
        if isinstance(found, Scan):
            self._region(found.at, found.place.open, self._words.broken(found))
        else:
            message = "not JSON: no comma is before this record"
            self._fault(end, self._words.told(rules.JSON_INVALID, message, line))

    def _stray_comma(self, due: str) -> None:
        where = self._where
        self._fault(self._tape.at + 1, self._words.stray_comma(due))
        self._where = where

    def _garbage(self) -> None:
        over = self._where is _Where.DOCUMENT and self._had_list
        what = "a comma or the list's end" if self._where in _IN_LIST else "a document"
        self._region(self._tape.at, bytearray(), self._words.due("nothing more" if over else what))

    def _seekable(self) -> bool:
        """Return whether a record may follow something broken."""
        if self._where is _Where.DOCUMENT:
            return (self._had_objects or not self._had_list) and self._envelope is None
        return self._where in _IN_LIST

    def _region(self, at: int, open_: bytearray | None, problem: Problem) -> None:
        """Reject the bytes up to the next certain record or end."""
        start = self._tape.at
        known = self._beginnings.with_this(self._tape.lead, self._tape.data, start)
        following = self._following()
        seeker = Resynchronizer(
            self._tape, lambda end: following.breach(end) is None, listed=self._where in _IN_LIST
        )
        feet = seeker.seek(start, at, open_, known if self._seekable() else None)
        self._lose(feet, problem)

    def _lose(self, feet: ResyncPoint, problem: Problem) -> None:
        listed = self._where in _IN_LIST
        self._fault(feet.end, problem)
        if feet.found is ResyncResult.LINE:
            self._tape.move(feet.next)
            self._where = _Where.RECORD if listed else _Where.DOCUMENT
        elif feet.found is ResyncResult.INPUT_END:
            self._where = _Where.OVER
        elif feet.found is ResyncResult.BOUND:
            self._lost = (problem, feet.open)
            self._after_lost = _Where.RECORD if listed else _Where.DOCUMENT
            self._where = _Where.LOST

    def _lose_more(self) -> None:
        """Continue to skip a region that is too long for one fault."""
        assert self._lost is not None
        problem, open_ = self._lost
        self._where = self._after_lost
        self._resumed = True
        self._region(self._tape.at, open_, replace(problem, line=self._tape.line))
        self._resumed = False

    def _fault(self, end: int, problem: Problem) -> None:
        """Record the bytes up to `end` as unreadable."""
        tape = self._tape
        raw, first = tape.data[tape.at : end], tape.line
        rows = sum(1 for part in raw.split(b"\n") if part.strip())
        last = first + len(raw.rstrip().split(b"\n")) - 1
        message, line = problem.message, min(max(problem.line or first, first), last)
        if last > first:
            message += f"; {last - first + 1:,} lines not read: lines {first:,} to {last:,}"
        # The rest of a line whose beginning was given up already is no further row.
        rows = max(rows - (tape.lead != b""), 0) if self._resumed else max(rows, 1)
        self._reject(replace(problem, message=message, line=line), first, rows, raw)
        self._where = _Where.COMMA if self._where in _IN_LIST else self._where
        tape.move(end)

    def _broken_envelope(self, why: str) -> None:
        tape = self._tape
        if not self._had_list:
            raise InputError(
                f"{self._source.path}: line {tape.line:,}: the records cannot be reached: {why}",
                hint="check that the export is complete, and JSON: jq empty FILE",
            )
        self._region(tape.at, None, self._words.told(rules.JSON_INVALID, why, tape.line))

    def _likely(self) -> str:
        """Return the name of the first object list in the document."""
        lists = members(self._tape.data, self._source.encoding).lists if self._tape.left == 0 else ()
        return lists[0] if lists else "data"

    def _no_list(self, why: str) -> None:
        if not self._had_list:
            raise InputError(
                f"{self._source.path}: line {self._tape.line:,}: {why}",
                hint="name the member that holds the list of records, for example "
                + with_value("--records", self._likely()),
            )
        problem = self._words.told(rules.JSON_NO_RECORDS, why, self._tape.line)
        self._reject(problem, self._tape.line, 1, b"")
