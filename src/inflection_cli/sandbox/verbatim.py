"""The bytes of each event of a batch, as they stood in the body."""

import json
from collections.abc import Iterator
from typing import Final

_WHITE: Final = " \t\n\r"

# Numbers stay text: their value is of no interest, and int() refuses one of 5,000 digits.
_scan = json.JSONDecoder(parse_int=str, parse_float=str).raw_decode


def event_bytes(body: bytes) -> list[bytes]:
    """Cut the events out of a batch body.

    Args:
        body: Valid UTF-8 JSON, an object; where it has several `batch` keys the last one counts.

    Returns:
        One slice per event, in order; an empty list where `batch` is no array.

    Raises:
        RecursionError: The body is nested deeper than the interpreter follows.
    """
    text = body.decode()
    found: list[bytes] = []
    at = _skip(text, _skip(text, 0) + 1)
    while text[at] != "}":
        key, at = _scan(text, at)
        at = _skip(text, _skip(text, at) + 1)
        if key == "batch":
            found = [text[start:end].encode() for start, end in _elements(text, at)]
        _, at = _scan(text, at)
        at = _after_comma(text, at)
    return found


def _elements(text: str, at: int) -> Iterator[tuple[int, int]]:
    """Give start and end of each element of the array at `at`; nothing where there is no array."""
    if text[at] != "[":
        return
    at = _skip(text, at + 1)
    while text[at] != "]":
        _, end = _scan(text, at)
        yield at, end
        at = _after_comma(text, end)


def _after_comma(text: str, at: int) -> int:
    at = _skip(text, at)
    return _skip(text, at + 1) if text[at] == "," else at


def _skip(text: str, at: int) -> int:
    while text[at] in _WHITE:
        at += 1
    return at
