"""Find messages within other records, in lists and in JSON texts.

What failed to be delivered is kept by many tools in a record of their own, with the reason beside it. The message in
it is an object, JSON as text (queues), or that in Base64 (streams).
"""

import base64
import binascii
from collections.abc import Iterator, Sequence
from typing import Any, Final

from inflection_cli import rules
from inflection_cli.lossless_json import JsonError, parse

BATCH: Final = "batch"
"""The member of a request body that holds its messages."""

_OF_ALL: Final = ("context", "integrations")
"""Members of a request body that its messages share."""

_MOST_KEYS: Final = 6
_MARKS: Final = ("type", "messageId")
"""What every message has."""


def messages_at(record: dict[str, Any], keys: Sequence[str]) -> list[dict[str, Any]]:
    """Return the messages at a path of a record.

    A list on the way stands for each of its items. A request body at the end of the path gives its
    messages, with what it says for all of them.

    Raises:
        JsonError: The path leads to nothing, or to something else than objects.
    """
    path = ".".join(keys)
    if keys[-1] == BATCH:
        keys = keys[:-1]
    messages = []
    for value in _values_at(record, keys, path):
        batch = value.get(BATCH) if isinstance(value, dict) else None
        if isinstance(batch, list):
            messages += [_shared(value, _object(each)) for each in batch]
        elif path == BATCH or path.endswith(f".{BATCH}"):
            raise _absent(path)
        else:
            messages.append(_object(value))
    return messages


def is_body(record: dict[str, Any]) -> bool:
    """Return whether an object is a request body, and no message itself."""
    return "type" not in record and isinstance(record.get(BATCH), list)


def path_to_message(record: dict[str, Any]) -> str | None:
    """Return the path to the first message within a record, if any."""
    return next(_paths(record, ()), None)


def _paths(value: Any, keys: tuple[str, ...]) -> Iterator[str]:
    if len(keys) > _MOST_KEYS:
        return
    try:
        value = _opened(value) if isinstance(value, str) else value
    except JsonError:
        return
    if isinstance(value, list):
        yield from _paths(value[0], keys) if value else ()
    elif isinstance(value, dict):
        if keys and (is_body(value) or all(isinstance(value.get(mark), str) for mark in _MARKS)):
            yield ".".join(keys)
        for key, member in value.items():
            if "." not in key:
                yield from _paths(member, (*keys, key))


def _values_at(value: Any, keys: Sequence[str], path: str) -> Iterator[Any]:
    if isinstance(value, str) and type(value) is str:
        value = _opened(value)
    if isinstance(value, list):
        for each in value:
            yield from _values_at(each, keys, path)
    elif not keys:
        yield value
    elif isinstance(value, dict) and value.get(keys[0]) is not None:
        yield from _values_at(value[keys[0]], keys[1:], path)
    else:
        raise _absent(path)


def _opened(text: str) -> Any:
    """Parse JSON that is kept as text, or as text in Base64.

    Raises:
        JsonError: It is neither.
    """
    if text.lstrip()[:1] not in {"{", "["}:
        try:
            decoded = base64.b64decode(text, validate=True).decode()
        except (binascii.Error, ValueError):
            decoded = ""
        text = decoded if decoded.lstrip()[:1] in {"{", "["} and decoded else text
    return parse(text)


def _object(value: Any) -> dict[str, Any]:
    value = _opened(value) if type(value) is str else value
    if type(value) is not dict:
        raise JsonError(rules.JSON_NOT_OBJECT, "what is in the place of a message is not an object")
    return value


def _shared(body: dict[str, Any], message: dict[str, Any]) -> dict[str, Any]:
    """Return a message with the members that its request body shares."""
    whole = dict(message)
    for name in _OF_ALL:
        shared, own = body.get(name), message.get(name)
        if isinstance(shared, dict) and (own is None or isinstance(own, dict)):
            whole[name] = {**shared, **(own or {})}
    return whole


def _absent(path: str) -> JsonError:
    return JsonError(rules.JSON_NO_RECORDS, f"no member {path!r} of this record holds messages")
