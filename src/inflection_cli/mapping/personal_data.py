"""Find personal members of JSON objects and lists in cells."""

import json
import re
from collections.abc import Callable
from typing import Any, Final

from inflection_cli.lossless_json import swiftly

_BRACKETS: Final = ("{", "[")
_MOST_DEPTH: Final = 64
"""What lies deeper is not looked at any more, and counts as personal: nobody can say what it is."""

_TOO_DEEP: Final = "…"
_QUOTED: Final = re.compile(r"""["']([^"'{}\[\]]+)(?:["']\s*(:)?|$)""")
"""A text in quotes, also one whose end was cut off, and the colon that makes it a member's name."""


NameTest = Callable[[str], bool]
TextTest = Callable[[str], bool]


def personal_member_of_cell(cell: str, is_name: NameTest, is_text: TextTest) -> str | None:
    """Return the path of a cell's first personal member, or None.

    A cell that is no JSON object or list has no members; that takes a look at its first characters.

    Args:
        cell: The text of a cell.
        is_name: Tells whether a member's name is that of a personal trait.
        is_text: Tells whether a text looks like an address or a phone number.
    """
    if not cell.lstrip().startswith(_BRACKETS) or _has_no_text(cell):
        return None
    try:
        return personal_member(swiftly(cell), is_name, is_text)
    except ValueError:
        pass
    try:
        # A key that is there twice has two values, and either may be personal.
        return personal_member(json.loads(cell, object_pairs_hook=_Pairs), is_name, is_text)
    except RecursionError:
        return _TOO_DEEP
    except ValueError:
        return _personal_part(cell, is_name, is_text)


def _has_no_text(cell: str) -> bool:
    """Return whether a cell holds no text, like a list of numbers."""
    return '"' not in cell and "'" not in cell and cell.count("[") + cell.count("{") <= _MOST_DEPTH


class _Pairs(list[tuple[str, Any]]):
    """The members of a JSON object in order, including repeated names."""


def _personal_part(text: str, is_name: NameTest, is_text: TextTest) -> str | None:
    """Return the first personal member in text that resembles JSON."""
    for word, colon in _QUOTED.findall(text):
        if (colon and is_name(word)) or is_text(word):
            return _spelled(word, is_text)
    return None


def personal_member(value: Any, is_name: NameTest, is_text: TextTest, depth: int = 0) -> str | None:
    """Return the path of a value's first personal member, or None.

    Args:
        value: A parsed JSON value.
        is_name: Tells whether a member's name is that of a personal trait; a member without a value is none.
        is_text: Tells whether a text looks like an address or a phone number.
        depth: How many members are above it.
    """
    if depth > _MOST_DEPTH:
        return _TOO_DEEP
    if isinstance(value, str):
        # An object that was written into a text is an object all the same.
        return (
            personal_member_of_cell(value, is_name, is_text) if value.lstrip().startswith(_BRACKETS) else None
        )
    if isinstance(value, _Pairs):
        members = [(key, is_name(key) or is_text(key), one) for key, one in value]
    elif isinstance(value, list):
        members = [(str(place), False, one) for place, one in enumerate(value)]
    elif isinstance(value, dict):
        members = [(key, is_name(key) or is_text(key), one) for key, one in value.items()]
    else:
        return None
    for key, personal, one in members:
        spelled = _spelled(key, is_text)
        if _is_filled(one) and (personal or (isinstance(one, str) and is_text(one))):
            return spelled
        inner = personal_member(one, is_name, is_text, depth + 1)
        if inner is not None:
            return f"{spelled}.{inner}"
    return None


def _is_filled(value: Any) -> bool:
    """Return whether a member has a value; an empty cell has none."""
    return value is not None and value not in ("", [], {})


def _spelled(key: str, is_text: TextTest) -> str:
    """Return a key as a path has it; an address is masked."""
    if is_text(key):
        return _TOO_DEEP
    return '"' + key.replace('"', '""') + '"' if "." in key or '"' in key or not key else key
