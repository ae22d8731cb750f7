"""Personal columns and cells: their names, addresses, phone numbers, members of JSON."""

import json
import re
from functools import lru_cache
from typing import Any, Final

from inflection_cli.catalog import (
    LATER_PERSON_WORDS,
    LATER_PERSONAL_COLUMNS,
    PERSON_WORDS,
    PERSONAL_COLUMNS,
)
from inflection_cli.lossless_json import JsonError, parse
from inflection_cli.mapping.column_names import snake_case, squash
from inflection_cli.settings.layering import PERSONAL, fingerprint_of

_NAMES_REMEMBERED: Final = 1 << 13
_ADDRESS: Final = re.compile(r"\s*(?:mailto:)?[^\s@<>,;]+@[^\s@<>,;]+\.[^\s@<>,;]+\s*")
_PART: Final = r"[^\s@<>,;:\"()]{1,64}"
_DOTTED: Final = rf"{_PART}@{_PART}\.[^\s@<>,;:\"().]+"
_MAILBOX: Final = re.compile(
    rf"(?:\"[^\"]*\"|[^<>@;\"]{{0,60}})\s*<\s*{_DOTTED}\s*>|"
    rf"(?:\"[^\"]*\"\s+)?(?:mailto:)?{_DOTTED}(?:\s*\([^()]*\))?"
)
_BARE: Final = re.compile(rf"<\s*{_PART}@{_PART}\s*>")
"""An address in angle brackets without a name: the id of a message looks so too."""

_BETWEEN: Final = " \t\r\n,;'\""
_NUMBERED: Final = re.compile(r"(?:e_?mail|e?mail_?address|phone|mobile|tel)_?\d{1,2}")
_PHONE: Final = re.compile(r"\s*(?:\+|00|\(\d)[\d\s().\-/]{6,}\d\s*|\s*\d{3}[-. ]\d{3}[-. ]\d{4}\s*")
_MERGE_FIELD: Final = re.compile(r"merge(?:_.+|\d+|_?(?:fields?|vars?)(?:_.*)?)")
"""A newsletter tool's names for what it puts into the text of a message: MERGE0, merge_lname, merge_fields."""

_BRACKETS: Final = ("{", "[")
_MOST_DEPTH: Final = 64
"""What lies deeper is not looked at any more, and counts as personal: nobody can say what it is."""

_TOO_DEEP: Final = "…"
_QUOTED: Final = re.compile(r"""["']([^"'{}\[\]]+)(?:["']\s*(:)?|$)""")
"""A text in quotes, also one whose end was cut off, and the colon that makes it a member's name."""


def looks_personal(value: str) -> bool:
    """Return whether a cell looks like an email address or phone number."""
    return bool(_ADDRESS.fullmatch(value) or _PHONE.fullmatch(value))


def has_only_addresses(value: str) -> bool:
    """Return whether a cell holds addresses, names and separators, nothing else."""
    if "@" not in value:
        return False
    rest = _MAILBOX.sub("", value)
    return rest != value and not rest.strip(_BETWEEN) and bool(_BARE.sub("", value).strip(_BETWEEN))


def is_personal_text(value: str) -> bool:
    """Return whether a cell is personal by the rules since 0.2."""
    return looks_personal(value) or has_only_addresses(value)


def is_personal_setting(name: str, value: str) -> bool:
    """Return whether an option's NAME=VALUE is personal; the name may be empty."""
    return name in PERSONAL or (bool(name) and is_personal_name(name)) or is_personal_text(value)


def storable(name: str, value: str) -> str:
    """Return an option's value as recorded; personal ones become fingerprints."""
    return fingerprint_of(value) if is_personal_setting(name, value) else value


def is_personal_name(name: str) -> bool:
    """Return whether a column or member has a personal trait's name."""
    return was_personal(name) or _is_personal_since(name)


def was_personal(name: str) -> bool:
    """Return whether versions before 0.2 took a name for personal too."""
    whose, _, trait = snake_case(name).partition("_")
    return squash(name) in PERSONAL_COLUMNS or (whose in PERSON_WORDS and squash(trait) in PERSONAL_COLUMNS)


@lru_cache(maxsize=_NAMES_REMEMBERED)
def _is_personal_since(name: str) -> bool:
    """Return whether a name is personal by the rules since 0.2."""
    snake = snake_case(name)
    whose, _, trait = snake.partition("_")
    whose_words = PERSON_WORDS | LATER_PERSON_WORDS
    traits = PERSONAL_COLUMNS | LATER_PERSONAL_COLUMNS
    known = squash(name) in traits or (whose in whose_words and squash(trait) in traits)
    return known or any(form.fullmatch(snake) for form in (_MERGE_FIELD, _NUMBERED))


def is_address(value: str) -> bool:
    """Return whether a whole cell is one email address."""
    return _ADDRESS.fullmatch(value) is not None and ":" not in value


def personal_member(cell: str) -> str | None:
    """Return the path of the first personal member in a cell.

    A cell that is no JSON object or list has no members; that takes a look at its first characters.
    """
    if not cell.lstrip().startswith(_BRACKETS) or _has_no_text(cell):
        return None
    try:
        return _member_of(parse(cell, to_send=True))
    except JsonError:
        pass
    try:
        # A key that is there twice has two values, and either may be personal.
        return _member_of(json.loads(cell, object_pairs_hook=_Pairs))
    except RecursionError:
        return _TOO_DEEP
    except ValueError:
        return _personal_part(cell)


def _has_no_text(cell: str) -> bool:
    """Return whether a cell holds no text, like a list of numbers."""
    return '"' not in cell and "'" not in cell and cell.count("[") + cell.count("{") <= _MOST_DEPTH


class _Pairs(list[tuple[str, Any]]):
    """The members of an object in order, repeated names included."""


def _personal_part(text: str) -> str | None:
    """Return the first personal member in text that resembles JSON."""
    for word, colon in _QUOTED.findall(text):
        if (colon and is_personal_name(word)) or is_personal_text(word):
            return _spelled(word)
    return None


def _member_of(value: Any, depth: int = 0) -> str | None:
    """Return the path of the first personal member in a parsed value."""
    if depth > _MOST_DEPTH:
        return _TOO_DEEP
    if isinstance(value, str):
        # An object that was written into a text is an object all the same.
        return personal_member(value)
    if isinstance(value, list) and not isinstance(value, _Pairs):
        members = [(str(place), False, one) for place, one in enumerate(value)]
    elif isinstance(value, (dict, _Pairs)):
        pairs = value.items() if isinstance(value, dict) else value
        members = [(key, is_personal_name(key) or is_personal_text(key), one) for key, one in pairs]
    else:
        return None
    for key, personal, one in members:
        # A member without a value is none.
        if _is_filled(one) and (personal or (isinstance(one, str) and is_personal_text(one))):
            return _spelled(key)
        inner = _member_of(one, depth + 1)
        if inner is not None:
            return f"{_spelled(key)}.{inner}"
    return None


def _is_filled(value: Any) -> bool:
    """Return whether a member has a value; an empty cell has none."""
    return value is not None and value not in ("", [], {})


def _spelled(key: str) -> str:
    """Return a key as a path has it; an address is masked."""
    if is_personal_text(key):
        return _TOO_DEEP
    return '"' + key.replace('"', '""') + '"' if "." in key or '"' in key or not key else key
