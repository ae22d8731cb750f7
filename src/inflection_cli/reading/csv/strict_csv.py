"""Read CSV record by record: rows, faults and recovery after errors."""

import csv
import io
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from inflection_cli import rules
from inflection_cli.model import Fault, Problem, Rule
from inflection_cli.reading.csv.bare_quotes import judge, runs_on, with_delimiter
from inflection_cli.reading.csv.csv_grammar import Grammar, RecordEnd, RecordScan
from inflection_cli.reading.files.encoding import wrong_bytes
from inflection_cli.reading.files.window import MoreNeeded, Window
from inflection_cli.reading.json.text_cursor import TextCursor
from inflection_cli.reading.source import MAX_RECORD_CHARS

# Trying lines as the start of a record that spans lines costs at most so many cells in one region. Then only
# lines that are whole records by themselves count as fitting: what can be built to wear a reader out, cannot.
_CELLS_TRIED = 200_000

_TYPOGRAPHIC = frozenset("“”„‟")
"""What a word processor makes of straight quotes."""


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
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
