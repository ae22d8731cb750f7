"""Read CSV record by record: grammar, rows, faults and recovery.

RFC 4180 does not define a quote inside a bare cell. A lost delimiter before a quoted cell makes the same text:
`Spring"Hello, friends"` may have been two cells, of which the second holds the comma. Where such a reading is there,
nobody can say which cell is which; where none is, as in `5" screen`, the cell is read unchanged. A cell that was quoted
may hold line breaks too: then the quote is not closed within its record, and what comes next tells (`runs_on`).
"""

import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import Enum, auto
from functools import lru_cache
from typing import Final, NamedTuple

from inflection_cli import rules
from inflection_cli.model import Fault, Problem, Rule
from inflection_cli.reading.files.encoding import wrong_bytes
from inflection_cli.reading.files.text_cursor import TextCursor
from inflection_cli.reading.files.window import MoreNeeded, Window
from inflection_cli.reading.source import MAX_RECORD_CHARS

_INSIDE_QUOTES = re.compile(r'(?:[^"]++|"")*+')
_LINE_END = re.compile(r"\r?+\n")


class Quote(NamedTuple):
    """Opening quote of a cell: its offset and the cell's index."""

    offset: int
    cell: int


class RecordEnd(Enum):
    """Ways in which the scan of a record can end."""

    WHOLE = auto()  # with a line end
    OPEN = auto()  # the text is over inside quotes
    CUT = auto()  # the text is over outside quotes, without a line end
    TEXT_AFTER_QUOTE = auto()
    BARE_RETURN = auto()
    CROWDED = auto()  # it spans lines and has too many cells already; where it ends was not looked for
    OVERLONG = auto()  # beyond the bound of a record


@dataclass(frozen=True, slots=True, eq=False)
class RecordScan:
    """Result of scanning one record from its first character.

    Attributes:
        ending: How it ends.
        end: The offset just behind it, or of what breaks it.
        cells: How many cells are complete.
        spanning: Opens the first cell that spans lines and is closed.
        broken: Opens the cell that is never closed, or is closed and followed by text.
    """

    ending: RecordEnd
    end: int
    cells: int
    spanning: Quote | None
    broken: Quote | None = None


class Grammar:
    """Strict RFC 4180 grammar for one delimiter, as in `csv` with `strict=True`.

    A quote inside an unquoted cell is a character like any other, of which `bare_quotes` tells more. A line ends
    with LF or CRLF.
    """

    def __init__(self, delimiter: str) -> None:
        self._delimiter = delimiter
        self._unquoted = re.compile(rf"[^{re.escape(delimiter)}\r\n]*+")
        self._after_quote = frozenset(delimiter + "\r\n")

    def scan(self, text: str, start: int, stop: int, width: int) -> RecordScan:
        """Scan the record at `start`, and read no further than `stop`.

        Args:
            text: Holds the record.
            start: Where the record starts, which is where a line starts.
            stop: Where the text is over.
            width: The number of cells due; a record that spans lines is not followed beyond it.
        """
        at, cells = start, 0
        spanning: Quote | None = None
        while True:
            if text.startswith('"', at, stop):
                quote = Quote(at, cells)
                at = self._closing(text, at + 1, stop)
                if at >= stop:
                    return RecordScan(RecordEnd.OPEN, stop, cells, spanning, quote)
                at += 1
                if at < stop and text[at] not in self._after_quote:
                    return RecordScan(RecordEnd.TEXT_AFTER_QUOTE, at, cells, spanning, quote)
                if spanning is None and text.find("\n", quote.offset, at) >= 0:
                    spanning = quote
            else:
                at = self._unquoted.match(text, at, stop).end()  # type: ignore[union-attr]  # nothing matches too
            cells += 1
            if at >= stop:
                return RecordScan(RecordEnd.CUT, stop, cells, spanning)
            if text[at] != self._delimiter:
                return self._end(text, at, stop, RecordScan(RecordEnd.WHOLE, at, cells, spanning))
            at += 1
            if spanning is not None and cells >= width:
                return RecordScan(RecordEnd.CROWDED, at, cells, spanning)

    @staticmethod
    def _closing(text: str, at: int, stop: int) -> int:
        """Return the offset of the closing quote, or `stop` if missing."""
        return _INSIDE_QUOTES.match(text, at, stop).end()  # type: ignore[union-attr]  # nothing matches too

    @staticmethod
    def _end(text: str, at: int, stop: int, shape: RecordScan) -> RecordScan:
        """Return the scan with the kind and offset of its end."""
        line_end = _LINE_END.match(text, at, stop)
        if line_end is None:
            return replace(shape, ending=RecordEnd.CUT if at + 1 == stop else RecordEnd.BARE_RETURN)
        return replace(shape, end=line_end.end())


_QUOTES: Final = re.compile('"++')


class BareQuote(NamedTuple):
    """The first quote inside a cell that does not begin with one.

    Attributes:
        cell: The index of the cell.
        after_blank: Whether nothing but white space is before it.
        opens: Whether it, or a later one of the cell, can be taken as an opening quote so that the record has another
            count of cells.
        start: The offset of the cell.
        open_at: The offset of the first quote of the cell that is not closed within the record.
    """

    cell: int
    after_blank: bool
    opens: bool
    start: int
    open_at: int | None


def bare_quotes(record: str, delimiter: str) -> Iterator[BareQuote]:
    """Yield the cells of a whole record that hold such a quote.

    Args:
        record: Its text, with or without its line end.
        delimiter: The character between cells.
    """
    unquoted, at, cell = _unquoted(delimiter), 0, 0
    while True:
        if record.startswith('"', at):
            at = _closing(record, at) + 1
        else:
            start, at = at, unquoted.match(record, at).end()  # type: ignore[union-attr]  # nothing matches too
            first = record.find('"', start, at)
            if first >= 0:
                blank = not record[start:first].strip()
                yield BareQuote(cell, blank, *_reach(record, start, at, delimiter))
        if not record.startswith(delimiter, at):
            return
        at, cell = at + 1, cell + 1


def judge(
    record: str, delimiter: str, file: str, line: int, name: Callable[[int], str | None]
) -> tuple[Problem | None, list[Problem]]:
    """Return a rejection for a record's bare quotes, or else warnings.

    Args:
        record: Its text.
        delimiter: The character between cells.
        file: The path to show.
        line: The line on which the record starts.
        name: Returns the name of a cell's column.
    """
    warnings = []
    for quote in bare_quotes(record, delimiter):
        where = (
            "after a blank at the start of a cell" if quote.after_blank else "inside a cell without quotes"
        )
        if quote.opens:
            message = (
                f"a quote is {where}; read as an opening quote, it gives the row another number of cells"
            )
            return Problem(rules.QUOTE_IN_BARE_CELL, message, file, line, name(quote.cell)), []
        message = f"a quote is {where} and is read as text, first in this line"
        warnings.append(Problem(rules.QUOTE_AS_TEXT, message, file, line, name(quote.cell)))
    return None, warnings


def with_delimiter(record: str, delimiter: str) -> str | None:
    """Return a record with the delimiter lost before its open quote.

    Blanks before a quote are taken away instead. None where no quote is left open, or another one has two readings
    within the record.
    """
    quotes = list(bare_quotes(record, delimiter))
    if any(quote.opens for quote in quotes):
        return None
    for quote in quotes:
        if quote.open_at is not None:
            blank = not record[quote.start : quote.open_at].strip()
            before = record[: quote.start] if blank else record[: quote.open_at] + delimiter
            return before + record[quote.open_at :]
    return None


def runs_on(fixed: str, following: str, delimiter: str, width: int) -> bool:
    """Return whether a fixed record ends where the next one does.

    Args:
        fixed: What `with_delimiter` returns.
        following: What comes next, up to the end of a record.
        delimiter: The character between cells.
        width: The number of cells due.
    """
    text = fixed + following
    shape = Grammar(delimiter).scan(text, 0, len(text), width)
    ends = shape.ending in {RecordEnd.WHOLE, RecordEnd.CUT} and shape.end == len(text)
    return ends and shape.cells == width


def _reach(record: str, start: int, end: int, delimiter: str) -> tuple[bool, int, int | None]:
    """Return a cell's `opens`, `start` and `open_at`."""
    after = {delimiter, "\r", "\n", ""}
    closing = start
    for quotes in _QUOTES.finditer(record, start, end):
        # What opens within another one's reach ends with it; so all of it is followed once.
        if quotes.end() <= closing:
            continue
        closing = _closing(record, quotes.end() - 1)
        if closing == len(record):
            return False, start, quotes.end() - 1
        if closing >= end and record[closing + 1 : closing + 2] in after:
            return True, start, None
    return False, start, None


def _closing(record: str, quote: int) -> int:
    """Return the index of the closing quote, or the record's end."""
    return _INSIDE_QUOTES.match(record, quote + 1).end()  # type: ignore[union-attr]  # nothing matches too


@lru_cache(maxsize=8)
def _unquoted(delimiter: str) -> re.Pattern[str]:
    return re.compile(rf"[^{re.escape(delimiter)}\r\n]*+")


# Trying lines as the start of a record that spans lines costs at most so many cells in one region. Then only
# lines that are whole records by themselves count as fitting: what can be built to wear a reader out, cannot.
_CELLS_TRIED = 200_000

_TYPOGRAPHIC = frozenset("“”„‟")
"""What a word processor makes of straight quotes."""


@dataclass(frozen=True, slots=True, eq=False)
class CsvSchema:
    """Expected format and columns of a file's records.

    Attributes:
        file: The path to show.
        encoding: How bytes become text.
        delimiter: The character between cells.
        columns: The names that have cells in a row.
        nameless_last: Whether each record has one more cell, under no name, that must be empty.
    """

    file: str
    encoding: str
    delimiter: str
    columns: tuple[str, ...]
    nameless_last: bool

    @property
    def width(self) -> int:
        """Number of cells in a record."""
        return len(self.columns) + self.nameless_last

    def name(self, index: int) -> str | None:
        """Return the name of a cell's column, or None."""
        return (self.columns[index] or None) if 0 <= index < len(self.columns) else None


@dataclass(frozen=True, slots=True, eq=False)
class ParsedBlock:
    """Result of parsing a block: rows, line numbers, faults and byte count.

    `warnings` are problems of rows that are read all the same.
    """

    rows: list[list[str]]
    lines: Sequence[int]
    faults: Sequence[Fault]
    consumed: int
    line_ends: int | None = None
    warnings: Sequence[Problem] = ()


def ragged(form: CsvSchema, cells: int, line: int, text: str) -> Problem:
    """Build the problem for a row with the wrong number of cells."""
    due = form.width
    message = f"the row has {_counted(cells, 'cell')} where the header has {_counted(due, 'name')}"
    hint = ""
    if cells > due and not _TYPOGRAPHIC.isdisjoint(text):
        hint = 'typographic quotes hold no cell together: write " in their place'
    elif cells == due + 1 and text.rstrip("\r\n").endswith(form.delimiter):
        hint = "delete the delimiter at the end of the line, or give the header one too"
    return Problem(rules.RAGGED_ROW, message, form.file, line, hint=hint)


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


class StrictReader:
    """Read records one by one from the start of a window."""

    def __init__(self, window: Window, form: CsvSchema, page: TextCursor | None = None) -> None:
        self._form = form
        self._grammar = Grammar(form.delimiter)
        self._page = page or TextCursor(window, form.encoding)
        self._rows: list[list[str]] = []
        self._lines: list[int] = []
        self._faults: list[Fault] = []
        self._warnings: list[Problem] = []

    def gather(self, size: int) -> ParsedBlock:
        """Read every record that starts within `size` bytes.

        What cannot be decided without the bytes behind a piece is left.
        """
        page = self._page
        with suppress(MoreNeeded):
            while page.taken < size and page.line_end(page.at) > page.at:
                if self.blank():
                    page.take(page.line_end(page.at))
                else:
                    self._record()
        return ParsedBlock(self._rows, self._lines, self._faults, page.taken, warnings=self._warnings)

    def blank(self) -> bool:
        """Return whether the next line exists and contains only a line end."""
        return self._blank(self._page.at, self._page.line_end(self._page.at))

    def _blank(self, start: int, end: int) -> bool:
        return start < end and not self._page.text[start:end].strip("\r\n")

    def shape(self, start: int, width: int) -> RecordScan:
        """Scan the record at `start`, loading text up to the record limit."""
        page = self._page
        end = page.line_end(start)
        if page.text.find('"', start, end) < 0 and page.text.find("\r", start, end) < 0:
            return RecordScan(
                RecordEnd.WHOLE, end, page.text.count(self._form.delimiter, start, end) + 1, None
            )
        while True:
            stop = min(len(page.text), start + MAX_RECORD_CHARS)
            shape = self._grammar.scan(page.text, start, stop, width)
            if shape.ending not in {RecordEnd.OPEN, RecordEnd.CUT}:
                return shape
            if stop < len(page.text):
                return replace(shape, ending=RecordEnd.OVERLONG)
            if not page.extend():
                return shape if shape.ending is RecordEnd.OPEN else self._last(shape)

    def _last(self, shape: RecordScan) -> RecordScan:
        """Return the file's last record as whole or as bare return."""
        whole = shape.end == len(self._page.text)
        return replace(shape, ending=RecordEnd.WHOLE if whole else RecordEnd.BARE_RETURN)

    def _record(self) -> None:
        page, form = self._page, self._form
        start, line_end = page.at, page.line_end(page.at)
        if line_end - start > MAX_RECORD_CHARS:
            cut = page.cut()
            counted = f"the line has {line_end - start:,} characters, more than {MAX_RECORD_CHARS:,}"
            message = cut.words() if cut else counted
            self._fault(line_end, Problem(rules.RECORD_TOO_LONG, message, form.file, page.line))
            return
        shape = self.shape(start, form.width)
        if shape.ending is RecordEnd.WHOLE and shape.cells == form.width:
            self._fitting(shape.end)
        elif self._on_one_line(shape, line_end):
            text = page.text[start:line_end]
            flaw = wrong_bytes(text, form.file, page.line, form.encoding)
            is_record = flaw is None and shape.ending is RecordEnd.WHOLE
            reach = self._lost_delimiter(text, line_end) if is_record else None
            self._fault(line_end, flaw or self._broken_line(shape))
            self._fault_next(reach or line_end)
        else:
            end = self._feet(start, line_end)
            self._fault(end, self._broken_lines(shape, start, end))

    @staticmethod
    def _on_one_line(shape: RecordScan, line_end: int) -> bool:
        if shape.ending is RecordEnd.WHOLE:
            return shape.end <= line_end
        return shape.ending in {RecordEnd.TEXT_AFTER_QUOTE, RecordEnd.BARE_RETURN} and shape.end < line_end

    def _fitting(self, end: int) -> None:
        """Read a record of known bounds as a row or a fault."""
        page, form = self._page, self._form
        text, line = page.text[page.at : end], page.line
        flaw = wrong_bytes(text, form.file, line, form.encoding)
        row: list[str] = []
        if flaw is None:
            try:
                row = next(csv.reader(io.StringIO(text, newline="\n"), delimiter=form.delimiter, strict=True))
            except csv.Error:
                message = f"a cell has more than {csv.field_size_limit():,} characters"
                flaw = Problem(rules.FIELD_TOO_LONG, message, form.file, line)
        warnings: list[Problem] = []
        if flaw is None and any('"' in cell for cell in row):
            flaw, warnings = judge(text, form.delimiter, form.file, line, form.name)
        reach = self._lost_delimiter(text, end) if warnings and flaw is None else None
        if reach is not None:
            message = (
                "a quote inside a cell without quotes is not closed in the row, which may go on in the next"
            )
            flaw = Problem(rules.QUOTE_IN_BARE_CELL, message, form.file, line, warnings[-1].column)
        if flaw is None and form.nameless_last and row.pop():
            flaw = Problem(
                rules.NAMELESS_CELL,
                "the cell in the last column, which has no name, is not empty",
                form.file,
                line,
            )
        if flaw is not None:
            self._fault(end, flaw)
            self._fault_next(reach or end)
            return
        page.take(end)
        self._warnings += warnings
        self._rows.append(row)
        self._lines.append(line)

    def _lost_delimiter(self, text: str, end: int) -> int | None:
        """Return the end of what a lost delimiter spoils, or None.

        Args:
            text: A record, which a quote inside a bare cell may have cut off.
            end: Its end. It is returned where the next record does not fit either and will be rejected by itself.
        """
        form, page = self._form, self._page
        fixed = with_delimiter(text, form.delimiter)
        if fixed is None:
            return None
        at = end
        while self._blank(at, page.line_end(at)):
            at = page.line_end(at)
        if page.line_end(at) == at:
            return None
        shape = self.shape(at, form.width)
        if shape.ending is not RecordEnd.WHOLE or shape.cells != form.width:
            return end
        following = page.text[end : shape.end]
        return shape.end if runs_on(fixed, following, form.delimiter, form.width) else None

    def _fault_next(self, end: int) -> None:
        """Reject the record up to `end`, if any, as the rest."""
        page = self._page
        while page.at < end and self.blank():
            page.take(page.line_end(page.at))
        if page.at < end:
            message = "the row may be the rest of the one before, in which a quote is not closed"
            self._fault(end, Problem(rules.QUOTE_IN_BARE_CELL, message, self._form.file, page.line))

    def _fault(self, end: int, problem: Problem) -> None:
        """Record the lines up to `end` as unreadable."""
        page = self._page
        line, text = page.line, page.text[page.at : end]
        rows = sum(1 for part in text.split("\n") if part.strip("\r"))
        self._faults.append(Fault(problem, line, rows, page.take(end)))

    def _broken_line(self, shape: RecordScan) -> Problem:
        form, line = self._form, self._page.line
        if shape.ending is RecordEnd.WHOLE:
            return ragged(form, shape.cells, line, self._page.text[self._page.at : shape.end])
        if shape.broken is not None:
            message = "text follows the closing quote of a cell"
            return Problem(rules.TEXT_AFTER_QUOTE, message, form.file, line, form.name(shape.broken.cell))
        message = "a carriage return outside quotes does not end a line"
        return Problem(rules.BARE_RETURN, message, form.file, line, form.name(shape.cells - 1))

    def _feet(self, start: int, line_end: int) -> int:
        """Return the start of the next valid record, within the record limit."""
        page, width = self._page, self._form.width
        at, left = line_end, _CELLS_TRIED
        while (end := page.line_end(at)) > at and end - start <= MAX_RECORD_CHARS:
            if not self._blank(at, end):
                if left > 0:
                    shape = self.shape(at, width)
                    left -= shape.cells + 1 if shape.end > end else 0
                else:
                    shape = self._grammar.scan(page.text, at, end, width)
                if shape.ending is RecordEnd.WHOLE and shape.cells == width:
                    break
            at = end
        return at

    def _broken_lines(self, shape: RecordScan, start: int, end: int) -> Problem:
        """Build the problem for the lines that a misplaced quote made unreadable.

        They reach from `start` to `end`.
        """
        page, form = self._page, self._form
        first, breaks = page.line, page.text.count("\n", start, end)
        broken = first + page.text.count("\n", start, shape.end - 1)
        last = first + breaks - (page.text[end - 1] == "\n")
        rule, what = self._broken_how(shape, broken)
        quote = shape.broken or shape.spanning
        if end < len(page.text) and first + breaks <= broken:
            # A line that fits begins before the record is over: the first quote was not meant to go there.
            rule, quote = rules.QUOTE_UNCLOSED, shape.spanning or shape.broken
        assert quote is not None  # only quotes carry a record over a line end
        lines = f"line {first:,}" if first == last else f"lines {first:,} to {last:,}"
        message = f"the quote that opens here {what}; {_counted(last - first + 1, 'line')} not read: {lines}"
        opened = first + page.text.count("\n", start, quote.offset)
        return Problem(rule, message, form.file, opened, form.name(quote.cell))

    def _broken_how(self, shape: RecordScan, broken: int) -> tuple[Rule, str]:
        if shape.ending is RecordEnd.OPEN:
            return rules.QUOTE_UNCLOSED, "is not closed before the file ends"
        if shape.ending is RecordEnd.OVERLONG:
            return rules.QUOTE_UNCLOSED, f"makes a record of more than {MAX_RECORD_CHARS:,} characters"
        if shape.ending is RecordEnd.TEXT_AFTER_QUOTE:
            return (
                rules.TEXT_AFTER_QUOTE,
                f"makes a record that breaks on line {broken:,}, text after a quote",
            )
        if shape.ending is RecordEnd.BARE_RETURN:
            return rules.BARE_RETURN, f"makes a record that breaks on line {broken:,}, a carriage return"
        due = _counted(self._form.width, "name")
        return rules.RAGGED_ROW, f"makes a record with the wrong number of cells: the header has {due}"
