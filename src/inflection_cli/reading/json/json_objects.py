"""Read a line of NDJSON into names and texts, without loss."""

import re
from typing import Any

import orjson

from inflection_cli import rules
from inflection_cli.lossless_json import (
    FALSE,
    TRUE,
    JsonCell,
    JsonError,
    Number,
    as_cell,
    is_lossless,
    parse,
    require_encodable,
    swift_cell,
    without_nul,
)
from inflection_cli.reading.files.encoding import holds_bad_bytes
from inflection_cli.reading.source import MAX_RECORD_CHARS

__all__ = ("JsonError", "Number", "decode", "read_object")

_ESCAPE = re.compile(r"\\.", re.DOTALL)
_FLAT = frozenset({str, int, bool, type(None)})


def read_object(text: str) -> dict[str, str]:
    """Read a line with one object; values become text.

    Numbers are given as they stood, booleans as `true` and `false`, null as "", objects and lists as compact
    JSON with the order of their keys; all of them but null and strings as a `JsonCell`.

    Raises:
        Flaw: It is no such line.
    """
    return _swiftly(text) or _strictly(text)


def _swiftly(text: str) -> dict[str, str] | None:
    """Read a flat object with orjson; None if that may lose something."""
    if len(text) > MAX_RECORD_CHARS:
        return None
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    if type(found) is not dict:
        return None
    # A float has lost its spelling, and what is nested may hold one, or a key twice.
    if _FLAT.issuperset(map(type, found.values())):
        return _whole(found, text)
    return _nested(found) if is_lossless(found, text) else None


def _whole(found: dict[str, Any], text: str) -> dict[str, str] | None:
    """Return the values as text; None if something may be lost."""
    kinds = set(map(type, found.values()))
    if "" in found or "\\u0000" in text:
        return None
    quotes = (_ESCAPE.sub("", text) if "\\" in text else text).count('"')
    strings = len(found) if kinds == {str} else sum(1 for value in found.values() if type(value) is str)
    # Each key and each string has two quotes; a key that was there twice leaves some over.
    if quotes != 2 * (len(found) + strings):
        return None
    if kinds == {str}:
        return found
    if "-0" in text and 0 in found.values():
        return None
    return {key: value if type(value) is str else _plain(value) for key, value in found.items()}


def _nested(found: dict[str, Any]) -> dict[str, str]:
    return {key: value if type(value) is str else swift_cell(value) for key, value in found.items()}


def _plain(value: bool | int | None) -> str:
    if value is None:
        return ""
    return JsonCell(value) if type(value) is int else TRUE if value else FALSE


def _strictly(text: str) -> dict[str, str]:
    """Read any object exactly into text; raise an error if invalid."""
    # A key that cannot be sent cannot be shown either.
    return {
        require_encodable(without_nul(key)): require_encodable(as_cell(value), key)
        for key, value in decode(text).items()
    }


def decode(text: str) -> dict[str, Any]:
    """Read a line with one object; numbers become `Number` as written.

    Raises:
        Flaw: It is no such line. NULs and lone surrogates within strings are left to the caller.
    """
    if len(text) > MAX_RECORD_CHARS:
        raise JsonError(
            rules.RECORD_TOO_LONG, f"the line has {len(text):,} characters, more than {MAX_RECORD_CHARS:,}"
        )
    if "\0" in text:
        raise JsonError(rules.NUL_CHARACTER, "the line holds a NUL")
    if holds_bad_bytes(text):
        raise JsonError(rules.BAD_ENCODING, "the line holds bytes that are not text in the file's encoding")
    found = parse(text)
    if type(found) is not dict:
        raise JsonError(rules.JSON_NOT_OBJECT, "the line holds JSON, but no object")
    return found
