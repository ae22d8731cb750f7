"""Dotted paths from a column name into the JSON of its cells."""

import re
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from inflection_cli import rules
from inflection_cli.lossless_json import JsonCell, JsonError, parse
from inflection_cli.mapping.column_names import squash

_ITEM_DIGITS: Final = 9
_KEY: Final = re.compile(r'"((?:[^"]|"")+)"|([^".][^.]*)')
_PLAIN: Final = re.compile(r'[^".][^.]*')


class JsonPath(NamedTuple):
    """Position of a value: column index, and keys into its JSON.

    Attributes:
        column: The column's place in a row.
        keys: The way into the JSON of its cell: keys of objects, places in lists; empty for the cell itself.
    """

    column: int
    keys: tuple[str, ...] = ()


def find_path(text: str, names: Sequence[str]) -> JsonPath | None:
    """Find the column of a name or dotted path; None if absent.

    A column that is named so beats a path; of paths, the one whose column has the longest name counts. Last
    comes the one column, if it is one, that is spelled the same but for case, spaces and signs.
    """
    if text in names:
        return JsonPath(names.index(text))
    keys, ends = _split(text)
    for length in range(len(keys) - 1, 0, -1):
        # A column's name may be quoted too, which only its own dots would call for.
        for name in (text[: ends[length - 1]], ".".join(keys[:length])):
            if name in names:
                return JsonPath(names.index(name), tuple(keys[length:]))
    spelled = [i for i, name in enumerate(names) if _is_spelling(name, text)]
    return JsonPath(spelled[0]) if len(spelled) == 1 else None


def _is_spelling(name: str, text: str) -> bool:
    """Return whether two names differ only in case, spaces and punctuation."""
    return name.count(".") == text.count(".") and squash(name) == squash(text) != ""


def first_key(text: str) -> str:
    """Return the first key of a path, which names its column."""
    return next(iter(_split(text)[0]), text)


def last_key(text: str) -> str:
    """Return the last key of a path."""
    return next(reversed(_split(text)[0]), text)


def keys_of(text: str) -> tuple[str, ...]:
    """Return all keys of a path."""
    return tuple(_split(text)[0]) or (text,)


def spell_path(keys: Sequence[str]) -> str:
    """Join keys to a dotted path, with quotes where needed."""
    return ".".join(key if _PLAIN.fullmatch(key) else '"' + key.replace('"', '""') + '"' for key in keys)


def _split(text: str) -> tuple[list[str], list[int]]:
    """Split a path into keys and their end offsets; empty if invalid."""
    keys, ends, at = [], [], 0
    while found := _KEY.match(text, at):
        keys.append(found[2] if found[1] is None else found[1].replace('""', '"'))
        ends.append(at := found.end())
        if at == len(text):
            return keys, ends
        if text[at] != ".":
            break
        at += 1
    return [], []


def dig(value: Any, keys: Sequence[str], name: str) -> Any:
    """Return the value at `keys` in parsed JSON; None if absent.

    Args:
        value: As `lossless_json.parse` gives it.
        keys: Keys of objects, places in lists.
        name: The whole path, for the message.

    Raises:
        JsonError: The way leads through something that has no keys.
    """
    for at, key in enumerate(keys):
        kind = type(value)  # what JSON is read into, which is quicker told than by isinstance
        if kind is dict:
            value = value.get(key)
        # PHP writes an object without members as [], Mailgun's user-variables for one.
        elif value is None or value == []:
            return None
        elif kind is list and _is_item(key):
            value = value[int(key)] if int(key) < len(value) else None
        else:
            so_far = name.removesuffix("." + spell_path(keys[at:]))
            raise JsonError(rules.PATH_NOT_OBJECT, f"“{so_far}” is {_kind(value)}, which has no “{key}”")
    return value


def _is_item(key: str) -> bool:
    return key.isdigit() and key.isascii() and len(key) <= _ITEM_DIGITS and (key[0] != "0" or key == "0")


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, JsonCell):
        return "a number"
    return "a list" if isinstance(value, list) else "a text"


def has_more(cell: str, paths: Iterable[tuple[str, ...]]) -> bool:
    """Return whether a cell has JSON members without a path."""
    try:
        return _has_more(parse(cell), list(paths))
    except JsonError:
        return False


def _has_more(value: object, paths: list[tuple[str, ...]]) -> bool:
    if () in paths:
        return False
    if not isinstance(value, dict | list):
        return False  # what no path leads into is no member
    members = value.items() if isinstance(value, dict) else ((str(at), each) for at, each in enumerate(value))
    for key, inner in members:
        further = [path[1:] for path in paths if path[0] == key]
        if inner not in (None, "", [], {}) and (not further or _has_more(inner, further)):
            return True
    return False
