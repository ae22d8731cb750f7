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

_BETWEEN: Final = "481516234296815162"
"""Stands between texts that are parsed at once. No escape can spell a number, so it is no part of other texts."""

_STRING = re.compile(r'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
_NO_BRACKET = re.compile(r"[^\[\]{}]++")
_ESCAPED_BACKSLASH: Final = re.compile(r"\\{2}")
_UNSENDABLE: Final = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")
_LONE_SURROGATE: Final = "half of a surrogate pair is alone"


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


def parse(text: str, *, to_send: bool = False) -> Any:
    """Parse one JSON value, without a loss.

    NULs and lone surrogates within strings are left to the caller, see `may_hold_unsendable`.

    Args:
        text: The JSON.
        to_send: Whether numbers become what `orjson.dumps` writes as they stood; else they are `JsonCell`.

    Raises:
        JsonError: It is none.
    """
    if is_too_deep(text):
        raise _too_deep()
    decoder = _MESSAGES if to_send else _CELLS
    try:
        value, end = decoder.raw_decode(text)
        if end == len(text):
            return value
    except json.JSONDecodeError:
        pass
    try:
        return decoder.decode(text)  # which takes white space around a value, and names what else is there
    except json.JSONDecodeError as error:
        message = f"not JSON: {error.msg.lower()}, at character {error.pos + 1:,}"
        raise JsonError(rules.JSON_INVALID, message) from error


def parse_at(text: str, start: int) -> tuple[Any, int]:
    """Parse the JSON value at an offset; return it and its end.

    How deep it is nested is left to the caller, see `is_too_deep`, and what cannot be sent as for `parse`.

    Raises:
        JSONDecodeError: None begins there.
        JsonError: It is JSON, and not allowed here; `value_at` finds its end.
    """
    try:
        return _CELLS.raw_decode(text, start)
    except RecursionError as error:
        raise _too_deep() from error


def value_at(text: str, start: int) -> tuple[Any, int]:
    """Parse the JSON value at an offset, with any keys and numbers.

    Raises:
        JSONDecodeError: None begins there.
        JsonError: It is nested far too deep.
    """
    try:
        return _ANY.raw_decode(text, start)
    except RecursionError as error:
        raise _too_deep() from error


def parse_all(texts: Sequence[str], *, to_send: bool = False) -> list[Any] | None:
    """Parse many JSON values in one call, each as `parse` does.

    Returns:
        The values; None if `parse` would raise an error for one, or a text holds what is put between them.
    """
    # A call of the scanner, and the memory of keys that it forgets after each, cost as much as a short record.
    if _BETWEEN in "".join(texts) or any(map(is_too_deep, texts)):
        return None
    joined = f",{_BETWEEN},".join(texts)
    try:
        found, end = (_MESSAGES if to_send else _CELLS).raw_decode(f"[{joined}]")
    except (json.JSONDecodeError, JsonError):
        return None
    # A text may be two values, or the beginning of one: only where what is between stands alone is each text one.
    between = found[1::2]
    is_apart = between.count(int(_BETWEEN) if to_send else _BETWEEN) == len(texts) - 1 and str not in map(
        type, between
    )
    is_each_one = end == len(joined) + 2 and len(found) == 2 * len(texts) - 1
    return found[::2] if is_apart and is_each_one else None


def as_text(value: Any) -> str:
    """Convert a parsed value to a text, "" for null.

    Raises:
        JsonError: A string in it holds a NUL, or half of a surrogate pair within a list or an object.
    """
    return str(as_cell(value))


def as_cell(value: Any) -> str:
    """Convert a parsed value to a cell, "" for null.

    All but strings and null becomes a `JsonCell`; numbers stay exact.

    Raises:
        JsonError: As for `as_text`.
    """
    kind = type(value)
    if kind is JsonCell:
        return cast(str, value)
    if kind is str:
        return without_nul(value)
    if value is None:
        return ""
    if kind is bool:
        return TRUE if value else FALSE
    return JsonCell(_compact(value))


def message_number(spelled: str) -> int | orjson.Fragment:
    """Return an int if orjson writes it equally, else a `Fragment`."""
    plain = len(spelled) < _INT_DIGITS and spelled != "-0" and spelled.removeprefix("-").isdigit()
    return int(spelled) if plain else orjson.Fragment(spelled.encode())


def may_hold_unsendable(text: str) -> bool:
    """Return whether strings in JSON may hold NULs or lone surrogates."""
    return ("\\" in text and _UNSENDABLE.search(text) is not None) or not _is_encodable(text)


def _is_encodable(text: str) -> bool:
    try:
        return text.isascii() or bool(text.encode())
    except UnicodeEncodeError:
        return False


def without_nul(text: str) -> str:
    """Return the text unchanged if it holds no NUL.

    Raises:
        JsonError: It does.
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
        JsonError: Half of a surrogate pair stands alone in it.
    """
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise JsonError(rules.JSON_LONE_SURROGATE, _LONE_SURROGATE, key) from error
    return text


def is_too_deep(text: str) -> bool:
    """Return whether objects and lists are nested too deeply."""
    if "[" not in text and text.find("{", 1) < 0:
        return False  # by far the quickest look at a flat object
    if text.count("{") + text.count("[") <= MAX_JSON_DEPTH:
        return False
    depth = 0
    for bracket in _NO_BRACKET.sub("", _STRING.sub("", text)):
        depth += 1 if bracket in "[{" else -1
        if depth > MAX_JSON_DEPTH:
            return True
    return False


def _too_deep() -> JsonError:
    message = f"objects and lists are nested more than {MAX_JSON_DEPTH} deep"
    return JsonError(rules.JSON_TOO_DEEP, message)


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


def _decoder(number: Callable[[str], Any]) -> json.JSONDecoder:
    return json.JSONDecoder(
        object_pairs_hook=_object, parse_int=number, parse_float=number, parse_constant=_constant
    )


_INT_DIGITS: Final = 19
_CELLS: Final = _decoder(JsonCell)
_ANY: Final = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=str)
_MESSAGES: Final = _decoder(message_number)


def _compact(value: Any) -> str:
    """Write an object or list as JSON without spaces; numbers stay exact."""
    try:
        written = orjson.dumps(value, _verbatim, orjson.OPT_PASSTHROUGH_SUBCLASS).decode()
    except orjson.JSONEncodeError as error:
        raise JsonError(rules.JSON_LONE_SURROGATE, _LONE_SURROGATE) from error
    if "\\u0000" in written:
        without_nul(_ESCAPED_BACKSLASH.sub("", written).replace("\\u0000", "\0"))
    return written


def _verbatim(number: str) -> orjson.Fragment:
    return orjson.Fragment(str(number))
