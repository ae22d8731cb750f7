"""Read messages as JSON objects, with exact numbers and original lines.

One object a line is how they are written. Documents, and tables with messages in a column, are read by the readers of
exports.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import orjson

from inflection_cli import rules
from inflection_cli.catalog import REJECT_COLUMNS
from inflection_cli.lossless_json import (
    JsonCell,
    JsonError,
    may_hold_unsendable,
    message_number,
)
from inflection_cli.lossless_json import parse as parse_value
from inflection_cli.model import Chunk, Fault, Problem
from inflection_cli.reading.files.encoding import encoding_hint, restore
from inflection_cli.reading.files.stream import open_source
from inflection_cli.reading.files.text_cursor import decode as decode_text
from inflection_cli.reading.files.window import Window
from inflection_cli.reading.json.json_objects import AT_ONCE, decode, decode_all
from inflection_cli.reading.json.message_paths import BATCH, is_body, messages_at
from inflection_cli.reading.read import read
from inflection_cli.reading.source import ReadOptions, Source

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
    """Read objects in chunks of about `options.chunk_bytes` bytes.

    Raises:
        InputError: The file is gone, damaged, or holds a line that no text has.
    """
    if source.format != "ndjson":
        yield from _of_rows(source, options)
        return
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
    filled = [(line, raw) for line, raw in enumerate(_split(block), first) if raw.strip(b" \t\r\n")]
    parsed = _parse_each([raw.rstrip(b"\r\n") for _, raw in filled], source.encoding)
    for (line, raw), record in zip(filled, parsed, strict=True):
        try:
            if isinstance(record, JsonError):
                raise record
            found = _messages(*record, records)
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


def _messages(text: str, found: dict[str, Any], records: str | None) -> list[tuple[str, dict[str, Any]]]:
    """Return the messages of a record: itself, or those within it.

    Raises:
        JsonError: Nothing is at the path, or something else than messages.
    """
    if REJECT_COLUMNS[0] in found or (records is None and not is_body(found)):
        return [(text, found)]
    keys = (records or BATCH).split(".")
    if keys[0] not in found and "type" in found:
        return [(text, found)]
    messages = list(map(_sendable_members, messages_at(found, keys)))
    return [(orjson.dumps(message).decode(), message) for message in messages]


def rest_of_path(source: Source, records: str | None) -> str | None:
    """Return the path from a record to its messages, if any.

    Without a path the record is a message, or a request body.
    """
    return (records or "").removeprefix(source.records or "").lstrip(".") or None


def first_record(source: Source) -> dict[str, Any] | None:
    """Return the first record of the sample as an object."""
    return _record(source, source.columns, source.sample[0])[1] if source.sample else None


def _of_rows(source: Source, options: ReadOptions) -> Iterator[MessageLines]:
    """Read the messages within rows of tables or records of documents."""
    path = rest_of_path(source, options.records)
    number = 1
    for chunk in read(source, options):
        rows: list[list[str]] = []
        places: list[int] = []
        objects: list[dict[str, Any]] = []
        faults = list(chunk.faults)
        for line, row in zip(chunk.lines, chunk.rows, strict=True):
            try:
                found = _messages(*_record(source, chunk.columns, row), path)
            except JsonError as flaw:
                faults.append(_fault(flaw, source, line, chunk.columns, row))
                continue
            rows += [[text] for text, _ in found]
            places += [line] * len(found)
            objects += [message for _, message in found]
        faults.sort(key=lambda fault: fault.line)
        made = replace(
            chunk, columns=COLUMNS, rows=rows, lines=places, first_number=number, faults=tuple(faults)
        )
        yield MessageLines(made, objects)
        number += len(objects)


def _fault(flaw: JsonError, source: Source, line: int, columns: Sequence[str], row: Sequence[str]) -> Fault:
    raw = row[0].encode() if source.is_whole else orjson.dumps(dict(zip(columns, row, strict=True)))
    return Fault(Problem(flaw.rule, flaw.message, source.path, line, flaw.key), line, 1, raw)


def _record(source: Source, columns: Sequence[str], row: Sequence[str]) -> tuple[str, dict[str, Any]]:
    """Return a row as an object, with its text."""
    if source.is_whole:
        return parse(row[0].encode())
    cells = zip(columns, row, strict=True)
    record = {
        name: parse_value(str(cell)) if type(cell) is JsonCell else str(cell) for name, cell in cells if cell
    }
    return "", record


def _split(block: bytes) -> list[bytes]:
    """Split at line feeds only; a carriage return does not end lines."""
    parts = block.split(b"\n")
    return [part + b"\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])


def _parse_each(raws: Sequence[bytes], encoding: str) -> Iterator[tuple[str, dict[str, Any]] | JsonError]:
    """Read lines as `parse` does, many at once."""
    for start in range(0, len(raws), AT_ONCE):
        texts = [decode_text(raw, encoding) for raw in raws[start : start + AT_ONCE]]
        found = None if may_hold_unsendable("".join(texts)) else decode_all(texts, to_send=True)
        yield from map(_parse, texts) if found is None else zip(texts, found, strict=True)


def _parse(text: str) -> tuple[str, dict[str, Any]] | JsonError:
    try:
        found = decode(text, to_send=True)
        return text, _sendable_members(found) if may_hold_unsendable(text) else found
    except JsonError as flaw:
        return flaw


def parse(raw: bytes, encoding: str = "utf-8") -> tuple[str, dict[str, Any]]:
    """Return a line with one object: its text and the object.

    Raises:
        JsonError: It is no such line.
    """
    found = _parse(decode_text(raw, encoding))
    if isinstance(found, JsonError):
        raise found
    return found


def _sendable_members(found: dict[str, Any]) -> dict[str, Any]:
    """Check an object, and return it as orjson writes it."""
    return {_checked(key, key): _sendable(value, key) for key, value in found.items()}


def _sendable(value: Any, key: str) -> Any:
    if isinstance(value, JsonCell):
        return message_number(value)
    if isinstance(value, str):
        return _checked(value, key)
    if isinstance(value, dict):
        return {_checked(name, key): _sendable(item, key) for name, item in value.items()}
    if isinstance(value, list):
        return [_sendable(item, key) for item in value]
    return value


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
