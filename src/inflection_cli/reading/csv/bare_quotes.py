"""Quotes inside unquoted cells, which RFC 4180 does not define.

A lost delimiter before a quoted cell makes the same text: `Spring"Hello, friends"` may have been two cells, of which
the second holds the comma. Where such a reading is there, nobody can say which cell is which; where none is, as in
`5" screen`, the cell is read as it stands.
"""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Final, NamedTuple

from inflection_cli import rules
from inflection_cli.model import Problem

_INSIDE_QUOTES: Final = re.compile(r'(?:[^"]++|"")*+')
_QUOTES: Final = re.compile('"++')


class BareQuote(NamedTuple):
    """The first quote inside a cell that does not begin with one.

    Attributes:
        cell: The index of the cell.
        after_blank: Whether nothing but white space is before it.
        opens: Whether it, or a later one of the cell, can be taken as an opening quote so that the record has another
            count of cells.
    """

    cell: int
    after_blank: bool
    opens: bool


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
                yield BareQuote(cell, blank, _opens(record, start, at, delimiter))
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
                f"a quote stands {where}; taken as an opening quote, it gives the row another count of cells"
            )
            return Problem(rules.QUOTE_IN_BARE_CELL, message, file, line, name(quote.cell)), []
        message = f"a quote stands {where} and is read as text, first in this line"
        warnings.append(Problem(rules.QUOTE_AS_TEXT, message, file, line, name(quote.cell)))
    return None, warnings


def _opens(record: str, start: int, end: int, delimiter: str) -> bool:
    """Return whether a quote in this cell can open a longer cell."""
    after = {delimiter, "\r", "\n", ""}
    closing = start
    for quotes in _QUOTES.finditer(record, start, end):
        # What opens within another one's reach ends with it; so all of it is followed once.
        if quotes.end() <= closing:
            continue
        closing = _closing(record, quotes.end() - 1)
        if closing >= end and closing < len(record) and record[closing + 1 : closing + 2] in after:
            return True
    return False


def _closing(record: str, quote: int) -> int:
    """Return the index of the closing quote, or the record's end."""
    return _INSIDE_QUOTES.match(record, quote + 1).end()  # type: ignore[union-attr]  # nothing matches too


@lru_cache(maxsize=8)
def _unquoted(delimiter: str) -> re.Pattern[str]:
    return re.compile(rf"[^{re.escape(delimiter)}\r\n]*+")
