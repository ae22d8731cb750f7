"""Column names, compared by letters and digits and written for messages."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

_NAMES_REMEMBERED: Final = 1 << 13
"""Spellings kept: a file that brings a new key with every row is bound again with every row."""

_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


@lru_cache(maxsize=_NAMES_REMEMBERED)
def squash(name: str) -> str:
    """Reduce a name to its letters and digits in lower case.

    Different spellings of one name become equal.
    """
    return "".join(c for c in name.lower() if c.isalnum())


@lru_cache(maxsize=_NAMES_REMEMBERED)
def snake_case(name: str) -> str:
    """Convert a column name to snake case: `Mail Client` becomes `mail_client`."""
    spaced = _CAMEL.sub("_", name.strip())
    return re.sub(r"\W+", "_", spaced).strip("_").lower()


def quoted(name: str) -> str:
    """Quote a name so that a shell reads it as one word."""
    return name if re.fullmatch(r"[\w./\-]+", name) else "'" + name.replace("'", "'\\''") + "'"


def chosen_by(field: str | None, word: str) -> str:
    """Return the option that maps a column to a field or property.

    Args:
        field: The field; None for a property.
        word: The column as a shell reads it.
    """
    if field is not None:
        return f"--map {field}={word}"
    joint = "=" if word.lstrip("'").startswith("-") else " "
    return f"--property{joint}{word}"


def listed(names: Sequence[str], most: int = 20) -> str:
    """Format names as a list for a message, at most `most` names."""
    shown = ", ".join(f"“{name}”" for name in names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
