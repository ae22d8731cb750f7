"""Detect the form of JSON: NDJSON, documents, or an envelope."""

import json
import re
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, Literal

from inflection_cli.catalog import REJECT_COLUMNS
from inflection_cli.errors import InputError
from inflection_cli.lossless_json import MAX_JSON_DEPTH
from inflection_cli.reading.json.json_grammar import TOKEN, ByteCursor, Expected, Place, cut_short, decode
from inflection_cli.reading.source import Source
from inflection_cli.settings.layering import file_word, with_value

_BRACE, _BRACKET = b"{["
_LISTS_NAMED: Final = 5


class Met(Enum):
    """Result of a walk through an envelope."""

    NOTHING = auto()  # as far as the bytes that were to be looked at go
    LIST = auto()
    END = auto()
    NO_LIST = auto()
    BROKEN = auto()


class _Path:
    """Current position in a document, as the keys to it."""

    def __init__(self, encoding: str) -> None:
        self.place = Place()
        self._encoding = encoding
        self._keys: list[str | None] = []

    def take(self, kind: str, token: bytes) -> bool:
        """Read a token; return False if the grammar forbids it here."""
        text = _text(token, self._encoding) if kind == "string" else ""
        if text is None or not self.place.take(kind, token[0]) or len(self.place.open) > MAX_JSON_DEPTH:
            return False
        if kind == "string" and self.place.due is Expected.COLON:
            self._keys[-1] = text
        elif token[0] in b"{[":
            self._keys.append(None)
        elif token[0] in b"}]":
            self._keys.pop()
        return True

    def dotted(self) -> str | None:
        """Return the dotted path of the expected value; None in a list."""
        if self.place.due is not Expected.VALUE or any(mark != _BRACE for mark in self.place.open):
            return None
        keys = [key for key in self._keys if key is not None]
        return ".".join(keys) if keys and len(keys) == len(self._keys) else None


def _text(token: bytes, encoding: str) -> str | None:
    """Decode a JSON string; None if it is invalid."""
    try:
        text = json.loads(decode(token, encoding))
    except ValueError:
        return None
    return str(text)


class Envelope:
    """Walks through documents to the list at a path and beyond.

    Attributes:
        why: What is wrong, where a walk came to `BROKEN` or `NO_LIST`.
        ended: Whether a walk that came to `NO_LIST` is at the document's end.
        keys: The keys of the whole path.
        rest: Those that lead from an item of the list that was met to a list within it.
    """

    def __init__(self, path: str, encoding: str) -> None:
        self.why = ""
        self.ended = False
        self.keys = tuple(path.split("."))
        self.rest: tuple[str, ...] = ()
        self._encoding = encoding
        self._wanted = path
        self._path = _Path(encoding)
        self._found = False

    def leave_list(self) -> None:
        """Continue after the end of the list."""
        self._path.take("mark", b"]")

    def walk(self, tape: ByteCursor, size: int) -> Met:
        """Read tokens until a result is found or `size` is reached."""
        while tape.at < size:
            if not tape.skip_space():
                return Met.NOTHING
            kind, start, end = tape.token(tape.at)
            met = self._token(kind, tape.data[start:end] if kind else b"")
            if met is Met.BROKEN:
                tape.move(start)
                return met
            tape.move(end)
            if met is not Met.NOTHING:
                return met
        return Met.NOTHING

    def _token(self, kind: str, token: bytes) -> Met:
        dotted = self._path.dotted() or ""
        is_above = token[:1] == b"[" and self._wanted.startswith(f"{dotted}.") and dotted != ""
        here = dotted == self._wanted or is_above
        due = self._path.place.due
        if here and self._found:
            self.why = f"the member {self._wanted!r} is there twice"
            return Met.BROKEN
        if not token or not self._path.take(kind, token):
            self.why = f"not JSON: {due.value} is due here"
            return Met.BROKEN
        if here:
            self._found = True
            if token[0] == _BRACKET:
                self.rest = self.keys[dotted.count(".") + 1 :]
                return Met.LIST
            self.why, self.ended = f"the member {self._wanted!r} holds no list", False
            return Met.NO_LIST
        if self._path.place.due is not Expected.NOTHING:
            return Met.NOTHING
        found, self._found, self._path = self._found, False, _Path(self._encoding)
        self.why, self.ended = f"no member {self._wanted!r} holds a list", True
        return Met.END if found else Met.NO_LIST


@dataclass(frozen=True, slots=True, eq=False)
class Members:
    """Members found at the beginning of a document.

    Attributes:
        lists: Dotted paths of the members that are lists of objects, the first few.
        whole: Whether the document's end was seen.
        cut: Whether all was in order up to where the bytes were over.
        end: The offset behind what was looked at.
    """

    lists: tuple[str, ...]
    whole: bool
    cut: bool
    end: int


def members(head: bytes, encoding: str) -> Members:
    """Find the members of the first document in a file's first bytes."""
    path, lists, at, before, cut = _Path(encoding), list[str](), 0, "", False
    while path.place.due is not Expected.NOTHING:
        token = TOKEN.match(head, at)
        cut = cut_short(head, at, len(head), token)
        if token is None or cut:
            break
        kind, name = token.lastgroup or "", path.dotted()
        text = head[token.start(kind) : token.end()]
        if before and text == b"{" and before not in lists and len(lists) < _LISTS_NAMED:
            lists.append(before)
        if not path.take(kind, text):
            break
        before = name or "" if text == b"[" else ""
        at = token.end()
    return Members(tuple(lists), path.place.due is Expected.NOTHING, cut, at)


def has_list(head: bytes, encoding: str, wanted: str) -> bool:
    """Return whether a file's first document has a list at a path.

    Args:
        head: The bytes; the document may be an item of a list.
        encoding: Their encoding.
        wanted: The dotted path; a list that it leads through counts as well.
    """
    path, at = _Path(encoding), len(head) - len(head.lstrip(b" \t\r\n["))
    while path.place.due is not Expected.NOTHING:
        token = TOKEN.match(head, at)
        if token is None or cut_short(head, at, len(head), token):
            return False
        kind, name = token.lastgroup or "", path.dotted()
        text = head[token.start(kind) : token.end()]
        if text == b"[" and name is not None and f"{wanted}.".startswith(f"{name}."):
            return True
        if not path.take(kind, text):
            return False
        at = token.end()
    return False


THE_OBJECT_ITSELF: Final = "."
_REQUEST_LIST: Final = "batch"
"""As `--records`: the object is a record, whatever lists it holds."""

WHERE_IT_IS: Final = "?"
"""Behind a path: an object without such a list is a record itself."""

_SCALAR: Final = rb'(?:"(?:[^"\\\n]++|\\.)*+"|-?[0-9][0-9.eE+-]*+|true|false|null)'
_LIST: Final = re.compile(
    rb"\s*\[\s*(?:[\[{]|\]\s*(?:\Z|[\[{])|\Z|" + _SCALAR + rb'\s*(?:,\s*(?=["\[{0-9tfn-])|\]\s*\Z))',
    re.DOTALL,
)
_OBJECT: Final = re.compile(rb'\s*\{\s*(?:["}]|\Z)')
_REJECTS: Final = f'{{"{REJECT_COLUMNS[0]}"'.encode()


def are_rejects(head: bytes) -> bool:
    """Return whether a file begins as one of rejected rows does."""
    return head.lstrip(b'"').startswith(REJECT_COLUMNS[0].encode()) or head.startswith(_REJECTS)


def path_here(records: str | None, head: bytes, encoding: str) -> str | None:
    """Return the path to a file's records, which it may lack.

    Args:
        records: As the user said.
        head: The file's first bytes, without a byte order mark.
        encoding: Their encoding.
    """
    if records is None or not records.endswith(WHERE_IT_IS):
        return records
    path = records.removesuffix(WHERE_IT_IS)
    if path.startswith(THE_OBJECT_ITSELF):
        return records if _LIST.match(head) or _OBJECT.match(head) else None
    if has_list(head, encoding, path):
        return path
    return THE_OBJECT_ITSELF if _OBJECT.match(head) else None


def json_format(source: Source, head: bytes, records: str | None) -> Literal["ndjson", "json"] | None:
    """Return the form of JSON in a file; None if not JSON.

    Args:
        source: The file as it is seen from outside.
        head: Its first bytes, without a byte order mark.
        records: Where its records are, as the user said.

    Raises:
        InputError: Nobody said where its records are.
    """
    if _LIST.match(head):
        return "json"
    if not _OBJECT.match(head):
        return None
    if head.startswith(_REJECTS):
        return "ndjson"
    if records is not None and not records.startswith(THE_OBJECT_ITSELF):
        return "json"
    first = members(head, source.encoding)
    if records is None and first.lists and _holds_all(first, head):
        raise _enveloped(source.path, first)
    return "json" if _spread(first, head) else "ndjson"


def _holds_all(first: Members, head: bytes) -> bool:
    """Return whether the first object seems to be the whole file."""
    if first.whole:
        return not head[first.end :].strip()
    return first.cut or _spread(first, head)


def _spread(first: Members, head: bytes) -> bool:
    """Return whether objects are not written one per line."""
    if first.whole:
        line = head[: first.end].strip().count(b"\n")
        return line > 0 or head[first.end :].partition(b"\n")[0].lstrip().startswith(b"{")
    lines = [line for line in head.split(b"\n") if line.strip()]
    return len(lines) > 1 and not lines[1].lstrip().startswith(b"{")


def _enveloped(path: str, first: Members) -> InputError:
    is_body = first.lists[0] == _REQUEST_LIST
    body = f"a request to Segment goes through infl-seg replay {file_word(path)} --dry-run. For records: "
    return InputError(
        f"{path}: is one object that holds its records in a list: {' or '.join(first.lists)}",
        hint=f"{body if is_body else ''}say which list they are in: {with_value('--records', first.lists[0])}; "
        f"--records {THE_OBJECT_ITSELF} takes the object itself for a record",
    )


def brackets_are_certain(encoding: str) -> bool:
    """Return whether bytes of JSON marks are never part of another character."""
    try:
        return not any(
            len(bytes((lead, mark)).decode(encoding, "ignore")) == 1
            and not bytes((lead, mark)).decode(encoding, "ignore").endswith(chr(mark))
            for lead in range(0x80, 0x100)
            for mark in b'"\\[]{},:'
        )
    except LookupError:
        return False
