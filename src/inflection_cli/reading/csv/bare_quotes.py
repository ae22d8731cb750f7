"""Quotes inside unquoted cells, which RFC 4180 does not define.

A lost delimiter before a quoted cell makes the same text: `Spring"Hello, friends"` may have been two cells, of which
the second holds the comma. Where such a reading is there, nobody can say which cell is which; where none is, as in
`5" screen`, the cell is read unchanged. A cell that was quoted may hold line breaks too: then the quote is not
closed within its record, and what comes next tells (`runs_on`).
"""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Final, NamedTuple

from inflection_cli import rules
from inflection_cli.model import Problem
from inflection_cli.reading.csv.csv_grammar import Grammar, RecordEnd

_INSIDE_QUOTES: Final = re.compile(r'(?:[^"]++|"")*+')
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
