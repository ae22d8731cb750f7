"""Wrap lines at words with a hanging indent, for terminals."""

import re
from collections.abc import Iterator
from typing import Final

from rich.cells import cell_len
from rich.text import Text

_QUOTED: Final = r"'[^']*'|\"[^\"]*\""
_VALUE: Final = rf"(?!or |and |then )(?:{_QUOTED}|[^\s;,-][^\s;,]*)"
_WORD: Final = (
    rf"--?[\w-]+(?:=(?:{_QUOTED}|\S+)| {_VALUE})?|{_QUOTED}|[^\s;,]*[\d./*=_][^\s;,]*|[A-Z]{{3,}}\S*|-(?=\s)"
)
_OPTION: Final = rf"--[\w-]+ (?:[\w.]*=(?:{_QUOTED})|{_QUOTED}|[^\s;,]*=[^\s;,]*|[A-Z]{{3,}}[^\s;,]*)"
_PIECE: Final = re.compile(rf"infl-seg (?:(?:runs|help) )?[a-z-]+(?: (?:{_WORD}))*\S*|{_OPTION}\S*|\S+")
"""A part of a line that is never broken: a command or an option, which are copied whole, or a word."""

_UNBROKEN: Final = re.compile(r"\s|^-|://")
"""What no path has: a command or an option, and an address."""

_LABELLED: Final = re.compile(r"  (?=\w[\w ]{8} \S).{10}")
"""A label of the reports, in a column of its own, and the space behind it."""

_NARROWEST: Final = 24
"""Columns that a line keeps beside its indent, whatever the terminal."""


def hang_of(line: str) -> int:
    """Return the indent of a line's further rows."""
    labelled = _LABELLED.match(line)
    return labelled.end() if labelled else len(line) - len(line.lstrip(" ")) + 2


def wrapped(line: Text, width: int, hang: int | None = None) -> Iterator[Text]:
    """Yield the rows of a line on a terminal.

    Args:
        line: The line, with its styles.
        width: The columns of the terminal.
        hang: The indent of further rows; by default that of the line and 2 more.
    """
    hang = hang_of(line.plain) if hang is None else hang
    indent = min(hang, max(0, width - _NARROWEST))
    start = end = 0
    room = width
    for first, last in _pieces(line.plain, width - indent):
        if end > start and cell_len(line.plain[start:last]) > room and line.plain[start:end].strip():
            yield _row(line, start, end, indent)
            start, room = first, width - indent
        end = last
    yield _row(line, start, len(line.plain), indent)


def _pieces(text: str, room: int) -> Iterator[tuple[int, int]]:
    """Yield the spans of parts; long dotted paths are broken after dots."""
    for piece in _PIECE.finditer(text):
        first, last = piece.span()
        is_path = not _UNBROKEN.search(piece[0])
        while is_path and last - first > room and (dot := text.rfind(".", first + 1, first + room)) > 0:
            yield first, dot + 1
            first = dot + 1
        yield first, last


def _row(line: Text, start: int, end: int, indent: int) -> Text:
    row = line[start:end]
    if start:
        row.pad_left(indent)
    return row


_LABEL: Final = 9
"""Columns of a label; what is longer pushes its text."""
_STYLES: Final = {
    "missing": "yellow",
    "could be": "yellow",
    "people": "yellow",
    "refused": "red",
    "failed": "yellow",
    "rejects": "yellow",
    "open": "yellow",
    "cause": "red",
}
"""Colours of labels that ask for attention; the others are bold."""
_GAP: Final = re.compile(r"^ +|(?<=\S) {2,}(?=\S)")
"""The space before a cell of a table in a line."""
_MARKS: Final = (
    (re.compile(r"^\s*→ .*"), "cyan"),
    (re.compile(r"(?<=: )unknown$|\bnot sent: .*|\bcould be \w+, as could .*|^not used: .*"), "yellow"),
    (
        re.compile(
            r"(?<= )[\w.]+ \((?:by its (?:name|cells)|by your option|another spelling|another word for it)\)"
        ),
        "green",
    ),
)
"""What text of a labelled line has a colour: what to type, what is left out, what is recognised."""


def marked(label: str, text: str) -> tuple[Text, int]:
    """Return a labelled line in colours, and its hanging indent."""
    line = Text(f"  {label:<{_LABEL}} ")
    line.stylize(_STYLES.get(label, "bold"), 2, 2 + len(label))
    start = len(line)
    body = Text(text)
    for pattern, style in _MARKS:
        body.highlight_regex(pattern, style)
    gaps = [gap.end() for gap in _GAP.finditer(text)]
    column = gaps[-1] if gaps else 0
    arrow = 2 if text[column:].startswith("→") else 0
    return line + body, start + column + arrow
