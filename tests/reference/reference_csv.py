"""Reads CSV and JSON plainly and slowly: what the reader is held against. Shares no code with it."""

import json
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Table:
    """What a table comes to.

    Attributes:
        header: The names.
        rows: The records that fit, each with the line that it starts on.
        faults: First and last line of each region that cannot be read.
    """

    header: list[str]
    rows: list[tuple[int, list[str]]] = field(default_factory=list)
    faults: list[tuple[int, int]] = field(default_factory=list)


class NoHeader(Exception):
    """The first line cannot be read."""


def record(text: str, at: int, delimiter: str) -> tuple[list[str] | None, int]:  # noqa: C901 - a machine of states
    """Read one record by RFC 4180, character by character: its cells and where it ends.

    A quote within an unquoted cell is a character, see `torn`. No cells where text follows a quote or a carriage
    return ends no line, with the place; or where a quote is left open, with the end of the text.
    """
    cells, cell, state = list[str](), "", "start"
    while at < len(text):
        char = text[at]
        if state == "inside":
            if char != '"':
                cell += char
            elif text[at + 1 : at + 2] == '"':
                cell, at = cell + '"', at + 1
            else:
                state = "closed"
        elif char == "\n":
            return [*cells, cell], at + 1
        elif char == "\r":
            if text[at + 1 : at + 2] != "\n":
                return None, at
        elif char == delimiter:
            cells, cell, state = [*cells, cell], "", "start"
        elif state == "closed":
            return None, at
        elif char == '"' and state == "start":
            state = "inside"
        else:
            cell, state = cell + char, "plain"
        at += 1
    return (None if state == "inside" else [*cells, cell]), at


def torn(text: str, delimiter: str) -> bool:
    """Whether a quote within an unquoted cell of a whole record can open a cell that goes on beyond that one.

    Tried for each such quote: the record is cut in front of it, so that it opens a cell. If that cell ends as one
    should, and holds a delimiter that divides cells otherwise, the record has two readings.
    """
    bounds, state, start = list[tuple[int, int]](), "start", 0
    for at, char in enumerate(text):
        if state == "inside":
            state = "closed" if char == '"' else "inside"
        elif char in {delimiter, "\r", "\n"}:
            bounds += [(start, at)] if state == "plain" else []
            state, start = "start", at + 1
        elif char == '"' and state in {"start", "closed"}:
            state = "inside"
        else:
            state = "plain"
    bounds += [(start, len(text))] if state == "plain" else []
    for start, end in bounds:
        for at in range(start, end):
            if text[at] == '"' and _ends_beyond(text[at:], end - at, delimiter):
                return True
    return False


def _ends_beyond(rest: str, end: int, delimiter: str) -> bool:
    """Whether the quoted cell that a text begins with ends as one should, at or beyond an offset."""
    bare = rest[1:].replace('""', "xx")
    closing = bare.find('"') + 1
    return closing >= max(end, 1) and rest[closing + 1 : closing + 2] in {"", delimiter, "\r", "\n"}


def fixed(text: str, delimiter: str) -> str | None:
    """Put back the delimiter before the first quote of an unquoted cell that nothing in the record closes."""
    state, start = "start", 0
    for at, char in enumerate(text):
        if state == "inside":
            state = "closed" if char == '"' else "inside"
        elif char in {delimiter, "\r", "\n"}:
            state, start = "start", at + 1
        elif char == '"' and state in {"start", "closed"}:
            state = "inside"
        else:
            state = "plain"
            is_open = char == '"' and text[at + 1 : at + 2] != '"'
            if is_open and '"' not in text[at + 1 :].replace('""', "xx"):
                blank = not text[start:at].strip()
                return text[:start] + text[at:] if blank else text[:at] + delimiter + text[at:]
    return None


def _after(text: str, at: int, end: int, delimiter: str, width: int) -> int | None:
    """Say up to where a record that a lost delimiter cut off reaches; None where it was not cut off."""
    whole = fixed(text[at:end], delimiter)
    start = end
    while start < len(text) and not text[start : _line_end(text, start)].strip("\r\n"):
        start = _line_end(text, start)
    if whole is None or start >= len(text):
        return None
    cells, stop = record(text, start, delimiter)
    if cells is None or len(cells) != width:
        return end
    joined = whole + text[end:stop]
    together, reach = record(joined, 0, delimiter)
    return stop if together is not None and len(together) == width and reach == len(joined) else None


def table(text: str, delimiter: str) -> Table:
    """Read a table; after what is broken over lines, on from the next line that starts a record of the right width.

    Raises:
        NoHeader: There is none that can be read.
    """
    at = len(text) - len(text.lstrip("\r\n"))
    header, end = record(text, at, delimiter)
    if header is None or not sendable(text[at:end]):
        raise NoHeader
    found, at = Table(header), end
    while at < len(text):
        line_end = _line_end(text, at)
        if not text[at:line_end].strip("\r\n"):
            at = line_end
            continue
        cells, end = record(text, at, delimiter)
        fits = cells is not None and len(cells) == len(header)
        good = sendable(text[at:end]) and not torn(text[at:end], delimiter)
        judged = good and cells is not None and (fits or end <= line_end)
        reach = _after(text, at, end, delimiter, len(header)) if judged else None
        if cells is not None and fits and good and reach is None:
            found.rows.append((text.count("\n", 0, at) + 1, cells))
        else:
            if not fits:
                alone = end <= line_end if cells is not None else end < line_end
                end = line_end if alone else _feet(text, line_end, delimiter, len(header))
            found.faults.append((text.count("\n", 0, at) + 1, text.count("\n", 0, end - 1) + 1))
            if reach is not None and reach > end:
                blank = len(text[end:reach]) - len(text[end:reach].lstrip("\r\n"))
                found.faults.append(
                    (text.count("\n", 0, end + blank) + 1, text.count("\n", 0, reach - 1) + 1)
                )
                end = reach
        at = end
    return found


def _line_end(text: str, at: int) -> int:
    return text.find("\n", at) + 1 or len(text)


def _feet(text: str, at: int, delimiter: str, width: int) -> int:
    while at < len(text):
        cells, _ = record(text, at, delimiter)
        blank = not text[at : _line_end(text, at)].strip("\r\n")
        if not blank and cells is not None and len(cells) == width:
            break
        at = _line_end(text, at)
    return at


def sendable(text: str) -> bool:
    """Whether a text holds neither a NUL nor a byte that is none (PEP 383)."""
    return "\0" not in text and not any("\udc80" <= char <= "\udcff" for char in text)


class _Twice(ValueError):
    """A key is there twice, or empty."""


class _Number(str):
    __slots__ = ()


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = [key for key, _ in pairs]
    if len(set(keys)) < len(keys) or "" in keys:
        raise _Twice
    return dict(pairs)


_DECODER = json.JSONDecoder(object_pairs_hook=_pairs, parse_float=_Number, parse_int=_Number)


def value_at(text: str, at: int) -> tuple[Any, int] | None:
    """Read the JSON value that starts at an offset: it, and the offset behind; None where there is none."""
    try:
        return _DECODER.raw_decode(text, at)
    except ValueError:
        return None


def values(text: str) -> list[Any] | None:
    """Read JSON values that only white space separates; None where that is not all."""
    found, at = list[Any](), 0
    while text[at:].strip(" \t\r\n"):
        at += len(text[at:]) - len(text[at:].lstrip(" \t\r\n"))
        read = value_at(text, at)
        if read is None:
            return None
        found.append(read[0])
        at = read[1]
    return found


def cells(value: dict[str, Any]) -> dict[str, str]:
    """Give an object as the reader should: text by key, what is null or empty left out."""
    return {key: text for key, item in value.items() if (text := _text(item))}


def _text(item: Any) -> str:
    if item is None:
        return ""
    if isinstance(item, bool):
        return "true" if item else "false"
    return item if isinstance(item, str) else _compact(item)


def _compact(item: Any) -> str:
    if isinstance(item, dict):
        inner = (f"{json.dumps(key, ensure_ascii=False)}:{_inner(value)}" for key, value in item.items())
        return "{" + ",".join(inner) + "}"
    return "[" + ",".join(map(_inner, item)) + "]"


def _inner(item: Any) -> str:
    if isinstance(item, dict | list):
        return _compact(item)
    return item if isinstance(item, _Number) else json.dumps(item, ensure_ascii=False)
