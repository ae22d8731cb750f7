"""Find the odd ids of a column by few calls over all."""

import string
from collections.abc import Sequence
from typing import Final

from inflection_cli.catalog import PLACEHOLDER_IDS
from inflection_cli.mapping.events import is_decimal, is_scientific

_LETTERS: Final = string.ascii_letters.encode()
_OTHERS: Final = string.digits.encode() + b"_.@:|/+-"
"""Beside letters, of these alone an id needs neither trimming nor escaping."""

_ALL_BITS: Final = "ffffffff-ffff"


def _word(text: str) -> bytes:
    """Return the lower-case letters of a text of plain characters."""
    return text.lower().encode().translate(None, _OTHERS)


_WORDS: Final = frozenset({*map(_word, PLACEHOLDER_IDS), b"e", b"f" * 32}) - {b""}
"""The letters of placeholders, of numbers in scientific notation, and of the id with all bits set."""


def odd_ids(ids: Sequence[str], own_name: str = "") -> set[int]:
    """Return the indexes of ids that a reader may change or note.

    An empty id is not odd, nor is one of plain characters that is no placeholder and no mangled number.

    Args:
        ids: Cells.
        own_name: The squashed name of their column, which is not an id; empty if any text may be one.
    """
    joined = "\n".join(ids)
    # Letters and what is not plain are left, and the line ends between the cells.
    left = joined.lower().encode().translate(None, _OTHERS)
    words = left.split(b"\n")
    if len(words) != len(ids):
        if not ids:
            return set()
        words = [cell.lower().encode().translate(None, _OTHERS) for cell in ids]
    odd: set[int] = set()
    if len(left.translate(None, _LETTERS)) != len(ids) - 1:
        odd.update(i for i, word in enumerate(words) if word and word.translate(None, _LETTERS))
    if words.count(b"") > ids.count(""):
        odd.update(
            i for i, word in enumerate(words) if not word and ids[i] and _is_odd_number(ids[i], own_name)
        )
    own_word = _word(own_name) if own_name.isascii() else b""
    if not _WORDS.isdisjoint(words) or (own_word and own_word in words):
        suspects = _WORDS | {own_word}
        odd.update(
            i for i, word in enumerate(words) if word and word in suspects and _is_no_id(ids[i], own_name)
        )
    if "@@" in joined:
        odd.update(i for i, cell in enumerate(ids) if "@@" in cell)
    return odd


def _is_odd_number(cell: str, own_name: str) -> bool:
    """Return whether a cell without letters is odd."""
    no_id = not cell.strip("0-") or is_decimal(cell) or cell in PLACEHOLDER_IDS
    return no_id or (own_name.isdigit() and _is_no_id(cell, own_name))


def _is_no_id(cell: str, own_name: str) -> bool:
    """Return whether a cell with a placeholder's letters may be one."""
    lowered = cell.lower()
    return (
        lowered in PLACEHOLDER_IDS
        or _ALL_BITS in lowered
        or is_scientific(cell)
        or (own_name != "" and "".join(filter(str.isalnum, lowered)) == own_name)
    )
