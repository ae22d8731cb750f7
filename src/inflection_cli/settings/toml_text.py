"""Format text as TOML; any cell becomes one string on one line."""

import re
from collections.abc import Iterable
from typing import Final

from inflection_cli.text_faults import UNSEEN

_BARE: Final = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
# What TOML forbids in a string, and what would show a line other than it is: controls, bidi marks, separators.
_SPELLED: Final = re.compile(f'["\\\\{UNSEEN}\\ud800-\\udfff]')
_SHORT: Final = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_LONGEST_COMMENT: Final = 1_000
_MANY_DOTS: Final = 20
"""A reader of settings refuses lines of many dots; in text they can be spelled another way."""


def toml_string(text: str) -> str:
    """Format a one-line TOML string; a lone surrogate becomes U+FFFD."""
    spelled = _SPELLED.sub(lambda found: _spelled(found[0]), text)
    if spelled.count(".") > _MANY_DOTS:
        spelled = spelled.replace(".", "\\u002E")
    return f'"{spelled}"'


def toml_key(text: str) -> str:
    """Format a TOML key, without quotes if possible."""
    return text if _BARE.fullmatch(text) else toml_string(text)


def toml_list(texts: Iterable[str]) -> str:
    """Format a list of strings as TOML on one line."""
    return "[" + ", ".join(map(toml_string, texts)) + "]"


def toml_comment(text: str) -> str:
    """Format text for a TOML comment; cut text that is too long."""
    parts = text[:_LONGEST_COMMENT].split(".", _MANY_DOTS)
    kept = ".".join(parts[:_MANY_DOTS]) + ("…" if len(parts) > _MANY_DOTS else "")
    return _SPELLED.sub(lambda found: found[0] if found[0] in '"\\' else _spelled(found[0]), kept)


def _spelled(char: str) -> str:
    if "\ud800" <= char <= "\udfff":
        return "\\uFFFD"
    long = f"\\U{ord(char):08X}" if ord(char) > 0xFFFF else f"\\u{ord(char):04X}"
    return _SHORT.get(char, long)
