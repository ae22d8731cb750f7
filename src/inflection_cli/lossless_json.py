"""Lossless JSON: exact numbers, no duplicate keys, limited nesting depth."""

import json
import re
from collections.abc import Callable, Sequence
from typing import Any, Final, NoReturn, cast

import orjson

from inflection_cli import rules
from inflection_cli.model import Rule

MAX_JSON_DEPTH: Final = 32
"""Objects and lists within each other, the outermost included."""

_BETWEEN: Final = "infl-seg/between"

_STRING = re.compile(r'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
_NO_BRACKET = re.compile(r"[^\[\]{}]++")


class JsonError(Exception):
    """Raised when a text is not valid JSON or not allowed here.

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


class Number(str):
    """A JSON number as text, exactly as in the input."""

    __slots__ = ()


class JsonCell(str):
    """A cell that holds a JSON value other than a string.

    It equals the text of the same characters, so that fields, ids and hashes do not depend on it; whoever remembers
    what becomes of a cell tells the two apart by their class.
    """

    __slots__ = ()

    @property
    def kind(self) -> str:
        """JSON type: `number`, `boolean`, `object` or `list`."""
        return _KINDS.get(self[0], "number")


def fits_a_float(cell: JsonCell) -> bool:
    """Return whether every number in a cell fits a 64-bit float."""
    if "e" not in cell and "E" not in cell and len(cell) <= _MOST_DIGITS:
        return True
    try:
        orjson.loads(str(cell))
    except orjson.JSONDecodeError:
        return False
    return True


_MOST_DIGITS: Final = 300
"""A number of so many digits is still within a float."""

TRUE: Final = JsonCell("true")
FALSE: Final = JsonCell("false")
_KINDS: Final = {"{": "object", "[": "list", "t": "boolean", "f": "boolean"}


def parse(text: str) -> Any:
    """Parse one JSON value; every number becomes a `Number`.

    Raises:
        Flaw: It is none. NULs and lone surrogates within strings are left to the caller, see `require_encodable`.
    """
    _measure(text)
    try:
        return _DECODER.decode(text)
    except json.JSONDecodeError as error:
        message = f"not JSON: {error.msg.lower()}, at character {error.pos + 1:,}"
        raise JsonError(rules.JSON_INVALID, message) from error


def swiftly(text: str) -> Any:
    """Parse one JSON value with `orjson`; raise if anything would be lost.

    Raises:
        ValueError: It is no JSON, or such as the fast parser does not give back whole: `parse` tells.
    """
    if _brackets(text) > MAX_JSON_DEPTH:
        raise ValueError
    return _swiftly(text)


def swiftly_all(texts: Sequence[str]) -> list[Any]:
    """Parse many JSON values at once with `orjson`; empty text means null.

    Raises:
        ValueError: `swiftly` would raise it for one of them, or one holds what is put between them.
    """
    if max(map(_brackets, texts)) > MAX_JSON_DEPTH:
        raise ValueError
    joined = f',"{_BETWEEN}",'.join([text or "null" for text in texts])
    if joined.count(_BETWEEN) != len(texts) - 1:
        raise ValueError
    found = _swiftly(f"[{joined}]")
    # A text may be two values, or the beginning of one: only where what is between stands alone is each text one.
    if len(found) != 2 * len(texts) - 1 or found[1::2].count(_BETWEEN) != len(texts) - 1:
        raise ValueError
    return cast(list[Any], found[::2])


def _brackets(text: str) -> int:
    return text.count("{") + text.count("[")


def _swiftly(text: str) -> Any:
    found = orjson.loads(str(text))  # which takes no class beneath str
    if not _is_same(found, text):
        raise ValueError
    return found


def is_lossless(found: Any, text: str) -> bool:
    """Return whether `orjson` lost nothing of a text."""
    return _brackets(text) <= MAX_JSON_DEPTH and _is_same(found, text)


def _is_same(found: Any, text: str) -> bool:
    """Return whether a value is written as the text it is from."""
    again = orjson.dumps(found).decode()
    # A key that was there twice, and a number that is spelled otherwise, would not be written as they were read.
    # Spaces are none of both, and where strings have lost theirs too they are still as many strings.
    same = again == text or again.replace(" ", "") == text.replace(" ", "")
    return same and not ("\\" in text and "\\u0000" in text) and '"":' not in again


def swift_text(value: Any) -> str:
    """Convert a value from `swiftly` to a cell, as `as_text` does."""
    if isinstance(value, str):
        return value
    return "" if value is None else orjson.dumps(value).decode()


def swift_cell(value: Any) -> str:
    """Write a value that `swiftly` read as a cell, as `as_cell` does."""
    if value is None:
        return ""
    if value is True:
        return TRUE
    if value is False:
        return FALSE
    if isinstance(value, str):
        return value
    return JsonCell(orjson.dumps(value).decode())


def as_text(value: Any) -> str:
    """Convert a value to a cell; numbers stay exact, null becomes "".

    Raises:
        Flaw: A string in it holds a NUL.
    """
    if isinstance(value, str):
        return without_nul(str(value))
    if value is None:
        return ""
    return ("true" if value else "false") if isinstance(value, bool) else _compact(value)


def as_cell(value: Any) -> str:
    """Convert a value to a cell; JSON other than strings becomes `JsonCell`.

    Raises:
        Flaw: A string in it holds a NUL.
    """
    kind = type(value)
    if kind is str:
        return without_nul(value)
    if value is None:
        return ""
    if kind is bool:
        return TRUE if value else FALSE
    return JsonCell(value if kind is Number else _compact(value))


def without_nul(text: str) -> str:
    """Return the text unchanged if it holds no NUL.

    Raises:
        Flaw: It does.
    """
    if "\0" in text:
        raise JsonError(rules.NUL_CHARACTER, "a string holds an escaped NUL")
    return text


def require_encodable(text: str, key: str | None = None) -> str:
    """Return the text unchanged if it can be encoded as UTF-8.

    Args:
        text: The text.
        key: The key that a flaw concerns.

    Raises:
        Flaw: Half of a surrogate pair stands alone in it.
    """
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise JsonError(rules.JSON_LONE_SURROGATE, "half of a surrogate pair is alone", key) from error
    return text


def _measure(text: str) -> None:
    """Raise an error if the JSON is nested too deeply."""
    if _brackets(text) <= MAX_JSON_DEPTH:
        return
    depth = 0
    for bracket in _NO_BRACKET.sub("", _STRING.sub("", text)):
        depth += 1 if bracket in "[{" else -1
        if depth > MAX_JSON_DEPTH:
            raise JsonError(
                rules.JSON_TOO_DEEP,
                f"objects and lists are nested more than {MAX_JSON_DEPTH} deep",
            )


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise JsonError(rules.JSON_DUPLICATE_KEY, "one object holds this key twice", key)
            seen.add(key)
    if "" in found:
        raise JsonError(rules.JSON_EMPTY_KEY, "a key is empty")
    return found


def _constant(name: str) -> NoReturn:
    raise JsonError(rules.JSON_NOT_A_NUMBER, f"{name} is not JSON")


_number: Callable[[str], Any] = Number
_DECODER = json.JSONDecoder(
    object_pairs_hook=_object,
    parse_int=_number,
    parse_float=_number,
    parse_constant=_constant,
)


def _compact(value: Any) -> str:
    """Encode a value as JSON without spaces; numbers stay exact."""
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{_compact(key)}:{_compact(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_compact, value)) + "]"
    if isinstance(value, str):
        without_nul(value)
    return json.dumps(value, ensure_ascii=False)
