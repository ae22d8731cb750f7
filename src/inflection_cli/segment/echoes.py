"""Masking of words in an answer that repeat what was sent."""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Final

import orjson

from inflection_cli.sanitize import shape

_WORD: Final = re.compile(r"[^\W_](?:[\w.+@%-]*\w)?")
_PEOPLE: Final = ("userId", "anonymousId", "groupId", "previousId", "traits", "context")
_OURS: Final = frozenset({"library"})
_LEAST: Final = 2
_LEAST_CUT: Final = 4


def without_echoes(said: str, messages: Sequence[bytes]) -> str:
    """Return an answer's words, with cells of the messages by their shape.

    Of ids, traits and context every word is masked. Of properties only words with a digit or an @ are, since a
    campaign's name may have any word.

    Args:
        said: What the destination answered, perhaps cut short.
        messages: The JSON of what it answers to.
    """
    asked = {found[0].lower() for found in _WORD.finditer(said)}
    if not asked:
        return said
    sent = {word for message in messages for word in _words(message)}
    hidden = {word for word in asked if word in sent or _begins(word, sent)}
    return _WORD.sub(lambda found: shape(found[0]) if found[0].lower() in hidden else found[0], said)


def _begins(word: str, sent: set[str]) -> bool:
    """Return whether a word is the beginning of a telling one."""
    return len(word) >= _LEAST_CUT and any(one.startswith(word) and _is_telling(one) for one in sent)


def _is_telling(word: str) -> bool:
    return "@" in word or any(map(str.isdigit, word))


def _words(wire: bytes) -> Iterator[str]:
    """Yield words of a message that may be personal, in lower case."""
    try:
        message = orjson.loads(wire)
    except ValueError:  # nested deeper than this parser goes
        message = {"context": wire.decode(errors="replace")}
    for name in _PEOPLE:
        yield from (word for word in _words_in(message.get(name)) if len(word) >= _LEAST)
    yield from filter(_is_telling, _words_in(message.get("properties")))


def _words_in(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            if name not in _OURS:
                yield from _words_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _words_in(inner)
    elif value is not None and not isinstance(value, bool):
        text = str(value)
        yield from (found[0].lower() for found in _WORD.finditer(text))
        if not text.isascii():  # an answer in JSON may spell it by its code points
            yield from (found[0].lower() for found in _WORD.finditer(json.dumps(text)))
