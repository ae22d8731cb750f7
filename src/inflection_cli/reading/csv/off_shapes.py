"""CSV files whose shape is slightly off, and options for them."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from inflection_cli.reading.csv.delimiters import DELIMITERS

_LINES: Final = 100
_QUOTED: Final = re.compile(r'"(?:[^"\\]++|\\.|"")*+"')
_ESCAPED: Final = re.compile(r'[^\\"]\\"(?![ \t]*(?:[,;\t|]|\r?$))', re.MULTILINE)
_A_VALUE: Final = re.compile(r"\s*(?:\d{4}-\d\d-\d\d.*|\d{9,}|\S+@\S+\.\S+)\s*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class OffShape:
    """Faults of the shape of a file.

    Attributes:
        header_line: The physical line of its header, where that is not the first one.
        escape: The character before quotes within quoted cells, where there is one.
        columns: How many cells its first row has, where it has no header.
    """

    header_line: int | None = None
    escape: str | None = None
    columns: int | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Names for the columns of a file without a header."""
        return tuple(f"c{number}" for number in range(1, (self.columns or 0) + 1))

    @property
    def words(self) -> str:
        """Description of what is off, as a clause."""
        said = [
            f"the header is on line {self.header_line}" if self.header_line else "",
            "quotes within cells are escaped by a backslash" if self.escape else "",
            f"the first line is a row, so its {self.columns} columns have no names" if self.columns else "",
        ]
        return "; ".join(filter(None, said))

    @property
    def options(self) -> str:
        """The options that read it."""
        said = [
            f"--header-line {self.header_line}" if self.header_line else "",
            f"--escape '{self.escape}'" if self.escape else "",
            f"--columns {','.join(self.names)}" if self.columns else "",
        ]
        return " ".join(filter(None, said))

    @property
    def lines(self) -> list[str]:
        """The same as lines of a profile's `[input]`."""
        said = [
            f"header_line = {self.header_line}" if self.header_line else "",
            f"escape = '{self.escape}'" if self.escape else "",
            f'columns = "{",".join(self.names)}"' if self.columns else "",
        ]
        return list(filter(None, said))


def off_shape(text: str, delimiter: str | None) -> OffShape | None:
    """Return what its first lines show to be off, or None.

    Args:
        text: Its beginning.
        delimiter: The character between cells, where it is known.
    """
    escape = "\\" if _ESCAPED.search(text) else None
    lines = list(_records(text))[:_LINES]
    found = [each for one in ([delimiter] if delimiter else DELIMITERS) if (each := _header(lines, one))]
    line, cells = max(found, key=lambda each: len(each[1]), default=(1, []))
    raw = text.split("\n")[:_LINES]
    first, second = (_cells(each, len(cells), delimiter) for each in (*raw[line - 1 : line + 1], "", "")[:2])
    # A header may well name a column by a number or a day; its rows have other cells there.
    is_row = any(
        _A_VALUE.fullmatch(one) and _A_VALUE.fullmatch(two) for one, two in zip(first, second, strict=False)
    )
    # Below a header on line 1, a cell that the next row has again shows a row, and not another header.
    is_row |= line > 1 and any(one and one == two for one, two in zip(first, second, strict=False))
    off = OffShape(
        line if line > 1 and not is_row else None, escape, len(cells) if is_row and line == 1 else None
    )
    return off if off != OffShape() else None


def _records(text: str) -> Iterator[tuple[int, str]]:
    """Yield each record, with Q for quoted cells, and its line."""
    number = 1
    for line in _QUOTED.sub(lambda cell: "Q" + "\0" * cell[0].count("\n"), text.replace("\0", " ")).split(
        "\n"
    ):
        yield number, line.replace("\0", "")
        number += 1 + line.count("\0")


def _header(lines: Sequence[tuple[int, str]], delimiter: str) -> tuple[int, list[str]] | None:
    """Return physical line and cells of the first record of usual width."""
    filled = [line for _, line in lines[:-1] or lines if line.strip()]
    counts = Counter(line.count(delimiter) for line in filled)
    usual, times = max(counts.items(), key=lambda each: (each[0] > 0, each[1], each[0]), default=(0, 0))
    if usual == 0 or (times < 2 and len(filled) > 1):
        return None
    return next(
        (number, line.split(delimiter))
        for number, line in lines
        if line.strip() and line.count(delimiter) == usual
    )


def _cells(line: str, count: int, delimiter: str | None) -> list[str]:
    splits = [line.split(each) for each in ([delimiter] if delimiter else DELIMITERS)]
    return [cell.strip('" \r') for cell in next((each for each in splits if len(each) == count), [])]
