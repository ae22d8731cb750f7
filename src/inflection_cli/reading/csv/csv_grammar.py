"""Strict CSV grammar: where a record ends, its cells, its errors."""

import re
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import NamedTuple

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


@dataclass(frozen=True, slots=True)
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
