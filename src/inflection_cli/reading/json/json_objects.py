"""Read lines of NDJSON into names and texts, without loss."""

from collections.abc import Sequence
from itertools import chain
from typing import Any, Final

from inflection_cli import rules
from inflection_cli.lossless_json import (
    JsonCell,
    JsonError,
    as_cell,
    may_hold_unsendable,
    parse,
    parse_all,
    require_encodable,
    without_nul,
)
from inflection_cli.reading.files.encoding import holds_bad_bytes
from inflection_cli.reading.source import MAX_RECORD_CHARS

AT_ONCE: Final = 32
"""So many lines are parsed in one call; where one of them is odd, they are parsed one by one."""

_CELLS = frozenset({str, JsonCell})


def read_object(text: str) -> dict[str, str]:
    """Read a line with one object; values become text.

    Numbers are given as they stood, booleans as `true` and `false`, null as "", objects and lists as compact
    JSON with the order of their keys; all of them but null and strings as a `JsonCell`.

    Raises:
        JsonError: It is no such line.
    """
    found = decode(text)
    if may_hold_unsendable(text):
        # A key that cannot be sent cannot be shown either.
        return {
            require_encodable(without_nul(key)): require_encodable(_cell_at(key, value), key)
            for key, value in found.items()
        }
    _make_cells(found, [])
    return found


def read_objects(texts: Sequence[str]) -> list[dict[str, str]] | None:
    """Read lines at once, each as `read_object` does.

    Returns:
        The objects; None if `read_object` would raise for a line.
    """
    found = decode_all(texts)
    if found is None:
        return None
    kinds = list(map(type, chain.from_iterable(map(dict.values, found))))
    if kinds.count(str) < len(kinds) and not _CELLS.issuperset(kinds):
        others: list[str] = []
        try:
            for record in found:
                _make_cells(record, others)
        except JsonError:
            return None
    return found if not may_hold_unsendable("".join(texts)) or _are_sendable(found) else None


def make_cells(record: dict[str, Any], *, may_be_unsendable: bool) -> bool:
    """Convert the values of a parsed object to cells, in its place.

    Returns:
        Whether all of it can be sent; `read_object` says why not.
    """
    if not _CELLS.issuperset(map(type, record.values())):
        try:
            _make_cells(record, [])
        except JsonError:
            return False
    return not may_be_unsendable or _are_sendable([record])


def _make_cells(record: dict[str, Any], others: list[str]) -> None:
    """Convert the values of a record to cells, in its place.

    Args:
        record: The record.
        others: Keys that have held something else than texts and numbers; grows.

    Raises:
        JsonError: A string within a list or an object cannot be sent.
    """
    for key in others:
        if key in record:
            record[key] = _cell_at(key, record[key])
    if not _CELLS.issuperset(map(type, record.values())):
        for key, value in record.items():
            if type(value) not in _CELLS:
                record[key] = _cell_at(key, value)
                others.append(key)


def _are_sendable(records: list[dict[str, str]]) -> bool:
    """Return whether keys and cells are free of NULs and lone surrogates."""
    text = "".join(chain.from_iterable((*record, *record.values()) for record in records))
    try:
        return b"\0" not in text.encode()
    except UnicodeEncodeError:
        return False


def _cell_at(key: str, value: Any) -> str:
    try:
        return as_cell(value)
    except JsonError as error:
        error.key = key if error.rule is rules.JSON_LONE_SURROGATE else None
        raise


def decode_all(texts: Sequence[str], *, to_send: bool = False) -> list[dict[str, Any]] | None:
    """Read lines at once, each as `decode` does.

    Returns:
        The objects, whose strings may hold bad bytes; None if `decode` would raise for a line.
    """
    if max(map(len, texts), default=0) > MAX_RECORD_CHARS:
        return None
    found = parse_all(texts, to_send=to_send)
    return found if found is not None and {dict}.issuperset(map(type, found)) else None


def decode(text: str, *, to_send: bool = False) -> dict[str, Any]:
    """Read a line with one object.

    Args:
        text: The line.
        to_send: What becomes of numbers, see `parse`.

    Raises:
        JsonError: It is no such line. NULs and lone surrogates within strings are left to the caller.
    """
    if len(text) > MAX_RECORD_CHARS:
        raise JsonError(
            rules.RECORD_TOO_LONG, f"the line has {len(text):,} characters, more than {MAX_RECORD_CHARS:,}"
        )
    if "\0" in text:
        raise JsonError(rules.NUL_CHARACTER, "the line holds a NUL")
    if holds_bad_bytes(text):
        raise JsonError(rules.BAD_ENCODING, "the line holds bytes that are not text in the file's encoding")
    found = parse(text, to_send=to_send)
    if type(found) is not dict:
        raise JsonError(rules.JSON_NOT_OBJECT, "the line holds JSON, but no object")
    return found
