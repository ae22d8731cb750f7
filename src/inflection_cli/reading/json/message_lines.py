"""Read NDJSON lines as JSON objects, with exact numbers and original lines."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import orjson

from inflection_cli import rules
from inflection_cli.lossless_json import MAX_JSON_DEPTH
from inflection_cli.model import Chunk, Fault, Problem
from inflection_cli.reading.files.encoding import encoding_hint
from inflection_cli.reading.files.line_endings import restore
from inflection_cli.reading.files.stream import open_source
from inflection_cli.reading.files.window import Window
from inflection_cli.reading.json.json_objects import JsonError, Number, decode
from inflection_cli.reading.json.text_cursor import decode as decode_text
from inflection_cli.reading.source import MAX_RECORD_CHARS, ReadOptions, Source

COLUMNS: Final = ("message",)
"""The one column of such a chunk: its cell is the line as it stood, without its line end."""


@dataclass(frozen=True, slots=True)
class MessageLines:
    """Consecutive lines of a file, as text and as objects.

    Attributes:
        chunk: The lines as text, one cell a row; the unreadable ones are its faults.
        objects: What each row says. A number that Python would change is an `orjson.Fragment` of its digits;
            all else is what orjson reads, and `orjson.dumps` writes everything back.
    """

    chunk: Chunk
    objects: list[dict[str, Any]]


def read_lines(source: Source, options: ReadOptions) -> Iterator[MessageLines]:
    """Read NDJSON objects in chunks of about `options.chunk_bytes` bytes.

    Raises:
        InputError: The file is gone, damaged, or holds a line that no text has.
    """
    number = 1
    with open_source(source) as stream:
        window = Window(stream)
        window.advance(source.data_offset)
        while block := window.block(max(1, options.chunk_bytes)):
            lines = _lines(block, source, window, number, options.records)
            number += len(lines.objects)
            yield lines if source.line_ends == "lf" else MessageLines(restore(lines.chunk), lines.objects)


def _lines(block: bytes, source: Source, window: Window, number: int, records: str | None) -> MessageLines:
    first = window.line
    rows: list[list[str]] = []
    places: list[int] = []
    objects: list[dict[str, Any]] = []
    faults: list[Fault] = []
    for line, raw in enumerate(_split(block), first):
        if not raw.strip(b" \t\r\n"):
            continue
        try:
            found = _messages(*parse(raw.rstrip(b"\r\n"), source.encoding), records)
        except JsonError as flaw:
            hint = encoding_hint(source.encoding) if flaw.rule is rules.BAD_ENCODING else ""
            cut = window.cuts.get(line)
            message = cut.words() if cut else flaw.message
            problem = Problem(flaw.rule, message, source.path, line, flaw.key, hint=hint)
            faults.append(Fault(problem, line, 1, raw))
            continue
        rows += [[text] for text, _ in found]
        places += [line] * len(found)
        objects += [message for _, message in found]
    window.advance(len(block))
    chunk = Chunk(source.path, COLUMNS, rows, places, number, tuple(faults), window.digest())
    return MessageLines(chunk, objects)


_BATCH: Final = "batch"
"""The member of a request body that holds its messages."""

_OF_ALL: Final = ("context", "integrations")
"""Members of a request body that its messages share."""


def _messages(text: str, found: dict[str, Any], records: str | None) -> list[tuple[str, dict[str, Any]]]:
    """Return the messages of a line: itself, or those it holds.

    Raises:
        JsonError: The member is not there, or holds something else.
    """
    if "type" in found or (records is None and not isinstance(found.get(_BATCH), list)):
        return [(text, found)]
    value: Any = found
    for key in (records or _BATCH).split("."):
        value = value.get(key) if isinstance(value, dict) else None
    if isinstance(value, str):
        value = decode(value)
    if value is None:
        raise JsonError(rules.JSON_NO_RECORDS, f"no member {records!r} of this line holds messages")
    messages = []
    for place, each in enumerate(value if isinstance(value, list) else [value], 1):
        if type(each) is not dict:
            raise JsonError(rules.JSON_NOT_OBJECT, f"message {place:,} of this line is not an object")
        message = {name: _sendable(member, name) for name, member in each.items()}
        for name in _OF_ALL:
            shared, own = found.get(name), message.get(name)
            if isinstance(shared, dict) and (own is None or isinstance(own, dict)):
                message[name] = {**shared, **(own or {})}
        messages.append((orjson.dumps(message).decode(), message))
    return messages


def _split(block: bytes) -> list[bytes]:
    """Split at line feeds only; a carriage return does not end lines."""
    parts = block.split(b"\n")
    return [part + b"\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])


def parse(raw: bytes, encoding: str = "utf-8") -> tuple[str, dict[str, Any]]:
    """Read a line: with orjson if it is lossless, else strictly.

    Raises:
        Flaw: It is no line that holds one object.
    """
    found = _swiftly(raw)
    if found is not None:
        return raw.decode(), found
    text = decode_text(raw, encoding)
    return text, {_checked(key, key): _sendable(value, key) for key, value in decode(text).items()}


def _swiftly(raw: bytes) -> dict[str, Any] | None:
    if len(raw) > MAX_RECORD_CHARS or raw.count(b"{") + raw.count(b"[") > MAX_JSON_DEPTH:
        return None
    if b"\\u0000" in raw or b'"":' in raw:
        return None
    try:
        found = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None
    # A key that came twice, a number that lost a digit or its spelling: none survives the way back.
    return found if type(found) is dict and orjson.dumps(found) == raw else None


def _sendable(value: Any, key: str) -> Any:
    if isinstance(value, Number):
        return _number(value)
    if isinstance(value, str):
        return _checked(value, key)
    if isinstance(value, dict):
        return {_checked(name, key): _sendable(item, key) for name, item in value.items()}
    if isinstance(value, list):
        return [_sendable(item, key) for item in value]
    return value


def _number(spelled: str) -> Any:
    """Return an int if orjson writes it equally, else a `Fragment`."""
    plain = len(spelled) < 19 and spelled != "-0" and spelled.removeprefix("-").isdigit()
    return int(spelled) if plain else orjson.Fragment(spelled.encode())


def _checked(text: str, key: str) -> str:
    """Check that text has no NUL and no lone surrogate; return it."""
    if "\0" in text:
        raise JsonError(rules.NUL_CHARACTER, "the line holds an escaped NUL")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        # A key that cannot be sent cannot be shown either.
        named = None if text is key else key
        raise JsonError(rules.JSON_LONE_SURROGATE, "half of a surrogate pair is alone", named) from error
    return text
