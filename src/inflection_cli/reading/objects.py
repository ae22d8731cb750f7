"""One line of NDJSON into names and text: fast where the fast parser flattens nothing, else strictly."""

import json
import re
from collections.abc import Callable
from typing import Any, NoReturn

import orjson

from inflection_cli import rules
from inflection_cli.model import Rule
from inflection_cli.reading.source import MAX_JSON_DEPTH, MAX_RECORD_CHARS
from inflection_cli.reading.text import holds_bad_bytes

_ESCAPE = re.compile(r"\\.", re.DOTALL)
_STRING = re.compile(r'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
_NO_BRACKET = re.compile(r"[^\[\]{}]++")
_FLAT = frozenset({str, int, bool, type(None)})


class Flaw(Exception):
    """What is wrong with a line.

    Attributes:
        rule: The kind.
        message: What is wrong; holds no value.
        key: The key that it concerns, or None.
    """

    def __init__(self, rule: Rule, message: str, key: str | None = None) -> None:
        super().__init__(message)
        self.rule = rule
        self.message = message
        self.key = key


def read_object(text: str) -> dict[str, str]:
    """Read a line that holds one object; values become text.

    Numbers are given as they stood, booleans as `true` and `false`, null as "", objects and lists as compact
    JSON with the order of their keys.

    Raises:
        Flaw: It is no such line.
    """
    return _swiftly(text) or _strictly(text)


def _swiftly(text: str) -> dict[str, str] | None:
    """Read a flat object that orjson gives back whole; None where it may not."""
    if len(text) > MAX_RECORD_CHARS:
        return None
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return _whole(found, text) if type(found) is dict else None


def _whole(found: dict[str, Any], text: str) -> dict[str, str] | None:
    """Give the values as text, unless something of the line was lost or needs a closer look."""
    kinds = set(map(type, found.values()))
    # A float has lost its spelling, and what is nested may hold one, or a key twice.
    if not kinds <= _FLAT or "" in found or "\\u0000" in text:
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


def _plain(value: bool | int | None) -> str:
    if value is None:
        return ""
    if value is True:
        return "true"
    return "false" if value is False else str(value)


def _strictly(text: str) -> dict[str, str]:
    """Read any object exactly into text, or say what is wrong."""
    return {
        _sendable(_without_nul(key), key): _sendable(_cell(value), key) for key, value in decode(text).items()
    }


def decode(text: str) -> dict[str, Any]:
    """Read a line that holds one object; every number becomes a `Number`, spelled as it stood.

    Raises:
        Flaw: It is no such line. NULs and lone surrogates within strings are left to the caller.
    """
    if len(text) > MAX_RECORD_CHARS:
        raise Flaw(
            rules.RECORD_TOO_LONG, f"the line has {len(text):,} characters, more than {MAX_RECORD_CHARS:,}"
        )
    if "\0" in text:
        raise Flaw(rules.NUL_CHARACTER, "the line holds a NUL")
    if holds_bad_bytes(text):
        raise Flaw(rules.BAD_ENCODING, "the line holds bytes that are no text in the file's encoding")
    _measure(text)
    try:
        found = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        message = f"not JSON: {error.msg.lower()}, at character {error.pos + 1:,}"
        raise Flaw(rules.JSON_INVALID, message) from error
    if type(found) is not dict:
        raise Flaw(rules.JSON_NOT_OBJECT, "the line holds JSON, but no object")
    return found


def _measure(text: str) -> None:
    """Refuse what is nested too deep, before a recursive parser sees it."""
    depth = 0
    for bracket in _NO_BRACKET.sub("", _STRING.sub("", text)):
        depth += 1 if bracket in "[{" else -1
        if depth > MAX_JSON_DEPTH:
            raise Flaw(rules.JSON_TOO_DEEP, f"objects and lists are nested more than {MAX_JSON_DEPTH} deep")


class Number(str):
    """A number, spelled as it stood."""

    __slots__ = ()


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise Flaw(rules.JSON_DUPLICATE_KEY, "one object holds this key twice", key)
            seen.add(key)
    if "" in found:
        raise Flaw(rules.JSON_EMPTY_KEY, "a key is empty")
    return found


def _constant(name: str) -> NoReturn:
    raise Flaw(rules.JSON_NOT_A_NUMBER, f"{name} is no JSON")


_number: Callable[[str], Any] = Number
_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_number, parse_float=_number, parse_constant=_constant
)


def _cell(value: Any) -> str:
    if isinstance(value, str):
        return _without_nul(str(value))
    return _plain(value) if value is None or isinstance(value, bool) else _compact(value)


def _compact(value: Any) -> str:
    """Write JSON without spaces, numbers as they stood."""
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{_compact(key)}:{_compact(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_compact, value)) + "]"
    if isinstance(value, str):
        _without_nul(value)
    return json.dumps(value, ensure_ascii=False)


def _without_nul(text: str) -> str:
    if "\0" in text:
        raise Flaw(rules.NUL_CHARACTER, "the line holds an escaped NUL")
    return text


def _sendable(text: str, key: str) -> str:
    """Give text back that is made of whole characters."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        # A key that cannot be sent cannot be shown either.
        named = None if text is key else key
        raise Flaw(rules.JSON_LONE_SURROGATE, "half of a surrogate pair stands alone", named) from error
    return text
