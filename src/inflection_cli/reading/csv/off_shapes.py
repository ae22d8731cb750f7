"""CSV delimiters, and options for files slightly off in shape."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from inflection_cli.errors import InputError, UsageError

DELIMITERS: Final = (",", ";", "\t", "|")
"""What is tried where nobody says."""

UNUSUAL: Final = (":", "^", "~", "\x01", "\x1f", "¦", "§")
"""What is never taken unasked, but named where it would fit: Hive's and ASCII's own separators among them."""

_NEVER: Final = '"\r\n\0'
_SPELLED: Final = re.compile(r"\\x([0-9a-f]{2})", re.IGNORECASE)
_TOLD: Final = re.compile(r'(?P<quote>"?)sep=(?P<told>[^\r\n]?)(?P=quote)\r*\n', re.IGNORECASE)


def parse_delimiter(word: str) -> str:
    r"""Format a delimiter as it is typed on a command line.

    Raises:
        UsageError: It is none.
    """
    spelled = _SPELLED.fullmatch(word)
    given = "\t" if word.lower() in {"tab", r"\t"} else chr(int(spelled[1], 16)) if spelled else word
    if len(given) != 1 or given in _NEVER:
        raise UsageError(
            f"--delimiter takes one character, not {word!r}", hint="--delimiter ';' or --delimiter tab"
        )
    return given


def format_delimiter(delimiter: str) -> str:
    """Format a delimiter as it is typed on a command line."""
    if delimiter == "\t":
        return "tab"
    return f"'{delimiter}'" if delimiter.isprintable() else rf"'\x{ord(delimiter):02x}'"


@dataclass(frozen=True, slots=True, eq=False)
class DelimiterHint:
    """Excel's `sep=` line, which declares the delimiter before the header.

    Attributes:
        delimiter: The character.
        chars: How long the line is, its line end included.
    """

    delimiter: str
    chars: int


def read_hint(path: str, text: str) -> DelimiterHint | None:
    """Return Excel's `sep=` line at the text's start, or None.

    Raises:
        InputError: It tells no delimiter.
    """
    line = _TOLD.match(text)
    if line is None:
        return None
    if not line["told"] or line["told"] in _NEVER:
        raise InputError(
            f"{path}: the first line is Excel's 'sep=' line, and tells no delimiter",
            hint="write sep=; there, or delete the line",
        )
    return DelimiterHint(line["told"], line.end())


def resolve_delimiter(path: str, line: DelimiterHint | None, given: str | None) -> tuple[str, ...]:
    """Return the possible delimiters, from the `sep=` line and the option.

    Args:
        path: The file, to be shown.
        line: What its first line tells.
        given: What the user said.

    Raises:
        UsageError: The two contradict each other, or what was given is no delimiter.
    """
    asked = None if given is None else parse_delimiter(given)
    if line is None:
        return DELIMITERS if asked is None else (asked,)
    if asked not in {None, line.delimiter}:
        raise UsageError(
            f"{path}: the first line says that the delimiter is {format_delimiter(line.delimiter)}, and --delimiter "
            f"{format_delimiter(asked or '')} contradicts it",
            hint=f"leave the option out, or give the one that is right in both places: "
            f"--delimiter {format_delimiter(line.delimiter)}",
        )
    return (line.delimiter,)


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
