"""Recognise the name of an option where a value is expected."""

import re
from shlex import quote
from typing import Final

from inflection_cli.settings.declarations import ALL_OPTIONS

OPTION_NAMES: Final = frozenset({"--help", "--help-all", "--version", *ALL_OPTIONS})
"""Of all commands."""

SHORT_NAMES: Final = frozenset({"-V", "-h", "-n", "-q", "-v", "-y"})
"""Of all commands."""

_DASHES: Final = re.compile(r"^[-\u2010-\u2015\u2212\ufe58\ufe63\uff0d]+")
"""Hyphens, and what word processors make of them."""


def plain_dashes(text: str) -> str:
    """Return an option with two ASCII hyphens, as `--dry-run`."""
    rest = _DASHES.sub("", text)
    return text if rest == text else f"-{rest}" if len(rest) == 1 else f"--{rest}"


def names_an_option(text: str, *, short: bool = True) -> bool:
    """Return whether a text is an option, alone or with a value.

    Args:
        text: What stands where a value is due.
        short: Whether options of one letter count.
    """
    name = plain_dashes(text.strip()).partition("=")[0]
    return name in OPTION_NAMES or (short and name in SHORT_NAMES)


def looks_like_an_option(text: str) -> bool:
    """Return whether a separate word can only be meant as an option.

    A negative number is a value, and so is a single hyphen, which stands for a stream.
    """
    return text.startswith("--") or re.match(r"-[^\W\d_]", text) is not None or names_an_option(text)


def with_value(name: str, value: str) -> str:
    """Return an option and its value as a shell reads them.

    A value that begins with a hyphen is joined: standing alone it is read as an option.
    """
    return f"{name}{'=' if value.startswith('-') else ' '}{quote(value)}"


def file_word(path: str) -> str:
    """Return a file's path as a shell and the commands read it.

    A path that begins with a hyphen would be read as an option. A single hyphen stays, which stands for a stream.
    """
    return quote(f"./{path}" if path.startswith("-") and path != "-" else path)
