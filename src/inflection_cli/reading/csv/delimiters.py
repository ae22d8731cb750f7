"""CSV delimiters: parse, format, and read Excel's `sep=` line."""

import re
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


@dataclass(frozen=True, slots=True)
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
