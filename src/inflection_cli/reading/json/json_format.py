"""Detect the form of JSON: NDJSON, documents, or an envelope."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, Literal

from inflection_cli.catalog import REJECT_COLUMNS
from inflection_cli.errors import InputError
from inflection_cli.lossless_json import MAX_JSON_DEPTH, value_at
from inflection_cli.reading.files.text_cursor import decode
from inflection_cli.reading.json.document_text import LOOK_CHARS, SPACE, DocumentText, is_cut_short
from inflection_cli.reading.source import Source
from inflection_cli.settings.layering import file_word, with_value

_LISTS_NAMED: Final = 5


class Met(Enum):
    """Result of a walk through an envelope."""

    NOTHING = auto()  # as far as the bytes that were to be looked at go
    LIST = auto()
    END = auto()
    NO_LIST = auto()
    BROKEN = auto()


_VALUE: Final = "a value"
_VALUE_OR_END: Final = "a value or ]"
_KEY: Final = "a key"
_KEY_OR_END: Final = "a key or }"
_COLON: Final = "a colon"
_COMMA_OR_END: Final = "a comma or the closing bracket"
_NOTHING: Final = "nothing more"
_VALUES: Final = frozenset({_VALUE, _VALUE_OR_END})
_KEYS: Final = frozenset({_KEY, _KEY_OR_END})
_ENDS: Final = frozenset({_VALUE_OR_END, _KEY_OR_END, _COMMA_OR_END})
_OPENS: Final = frozenset("{[")
_CLOSES: Final = {"}": "{", "]": "["}


class _Path:
    """Current position in a document, as the keys to it.

    Attributes:
        due: What has to come next.
    """

    def __init__(self) -> None:
        self.due = _VALUE
        self._open = ""
        self._keys: list[str | None] = []

    @property
    def is_over(self) -> bool:
        """Return whether the document has ended."""
        return self.due is _NOTHING

    def take(self, text: str, at: int) -> tuple[str, int]:
        """Read the token at an offset; return its mark and end.

        Raises:
            JSONDecodeError: It must not come here.
        """
        mark, end = text[at : at + 1], at + 1
        if mark in _CLOSES and self.due in _ENDS and self._open.endswith(_CLOSES[mark]):
            self._open = self._open[:-1]
            self._keys.pop()
            self._ended()
        elif mark == "," and self.due is _COMMA_OR_END:
            self.due = _KEY if self._open.endswith("{") else _VALUE
        elif mark == ":" and self.due is _COLON:
            self.due = _VALUE
        elif mark == '"' and self.due in _KEYS:
            self._keys[-1], end = value_at(text, at)
            self.due = _COLON
        elif self.due not in _VALUES or len(self._open) == MAX_JSON_DEPTH:
            raise json.JSONDecodeError("not due", text, at)
        elif mark in _OPENS:
            self._open += mark
            self._keys.append(None)
            self.due = _KEY_OR_END if mark == "{" else _VALUE_OR_END
        else:
            _, end = value_at(text, at)
            self._ended()
        return mark, end

    def _ended(self) -> None:
        """Update the position after the end of a value."""
        self.due = _COMMA_OR_END if self._open else _NOTHING

    def dotted(self) -> str | None:
        """Return the dotted path of the expected value; None in a list."""
        if self.due is not _VALUE or "[" in self._open:
            return None
        return ".".join(map(str, self._keys)) or None


class Envelope:
    """Walks through documents to the list at a path and beyond.

    Attributes:
        why: What is wrong, where a walk came to `BROKEN` or `NO_LIST`.
        ended: Whether a walk that came to `NO_LIST` is at the document's end.
        keys: The keys of the whole path.
        rest: Those that lead from an item of the list that was met to a list within it.
    """

    def __init__(self, path: str) -> None:
        self.why = ""
        self.ended = False
        self.keys = tuple(path.split("."))
        self.rest: tuple[str, ...] = ()
        self._wanted = path
        self._path = _Path()
        self._found = False

    def leave_list(self) -> None:
        """Continue after the end of the list."""
        self._path.take("]", 0)

    def walk(self, text: DocumentText, size: int) -> Met:
        """Read tokens until a result is found or `size` is reached."""
        met = Met.NOTHING
        while met is Met.NOTHING and text.at < size and text.skip_space():
            text.load(text.at + LOOK_CHARS)
            met = self._token(text)
        return met

    def _token(self, text: DocumentText) -> Met:
        dotted, due = self._path.dotted() or "", self._path.due
        is_above = text.data[text.at] == "[" and self._wanted.startswith(f"{dotted}.") and dotted != ""
        here = dotted == self._wanted or is_above
        if here and self._found:
            self.why = f"the member {self._wanted!r} is there twice"
            return Met.BROKEN
        try:
            mark, end = text.value(text.at, self._path.take)
        except json.JSONDecodeError:
            self.why = f"not JSON: {due} is due here"
            return Met.BROKEN
        text.move(end)
        if here:
            self._found = True
            if mark == "[":
                self.rest = self.keys[dotted.count(".") + 1 :]
                return Met.LIST
            self.why, self.ended = f"the member {self._wanted!r} holds no list", False
            return Met.NO_LIST
        if not self._path.is_over:
            return Met.NOTHING
        found, self._found, self._path = self._found, False, _Path()
        self.why, self.ended = f"no member {self._wanted!r} holds a list", True
        return Met.END if found else Met.NO_LIST


@dataclass(frozen=True, slots=True, eq=False)
class Members:
    """Members found at the beginning of a document.

    Attributes:
        lists: Dotted paths of the members that are lists of objects, the first few.
        whole: Whether the document's end was seen.
        cut: Whether all was in order up to where the text was over.
        end: The offset behind what was looked at.
    """

    lists: tuple[str, ...]
    whole: bool
    cut: bool
    end: int


class _Tokens:
    """Iterates over the tokens of a document's valid beginning.

    Attributes:
        path: The position that was reached.
        at: Its offset.
        is_cut: Whether it is where the text is over.
    """

    def __init__(self, text: str, start: int = 0) -> None:
        self.path = _Path()
        self.at = start
        self.is_cut = False
        self._text = text

    def __iter__(self) -> Iterator[tuple[str | None, str]]:
        """Yield each token's path and first character."""
        while not self.path.is_over:
            name = self.path.dotted()
            at = SPACE.match(self._text, self.at).end()  # type: ignore[union-attr]  # nothing matches too
            try:
                mark, self.at = self.path.take(self._text, at)
            except json.JSONDecodeError as error:
                self.is_cut = is_cut_short(error)
                return
            yield name, mark


def members(head: str) -> Members:
    """Find the members of the first document in a file's first text."""
    tokens, lists, before = _Tokens(head), list[str](), ""
    for name, mark in tokens:
        if before and mark == "{" and before not in lists and len(lists) < _LISTS_NAMED:
            lists.append(before)
        before = name or "" if mark == "[" else ""
    return Members(tuple(lists), tokens.path.is_over, tokens.is_cut, tokens.at)


def has_list(head: str, wanted: str) -> bool:
    """Return whether a file's first document has a list at a path.

    Args:
        head: The text; the document may be an item of a list.
        wanted: The dotted path; a list that it leads through counts as well.
    """
    start = len(head) - len(head.lstrip(" \t\r\n["))
    return any(
        mark == "[" and name is not None and f"{wanted}.".startswith(f"{name}.")
        for name, mark in _Tokens(head, start)
    )


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
    if has_list(decode(head, encoding), path):
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
    text = decode(head, source.encoding)
    first = members(text)
    if records is None and first.lists and _holds_all(first, text):
        raise _enveloped(source.path, first)
    return "json" if _spread(first, text) else "ndjson"


def _holds_all(first: Members, text: str) -> bool:
    """Return whether the first object seems to be the whole file."""
    if first.whole:
        return not text[first.end :].strip()
    return first.cut or _spread(first, text)


def _spread(first: Members, text: str) -> bool:
    """Return whether objects are not written one per line."""
    if first.whole:
        line = text[: first.end].strip().count("\n")
        return line > 0 or text[first.end :].partition("\n")[0].lstrip().startswith("{")
    lines = [line for line in text.split("\n") if line.strip()]
    return len(lines) > 1 and not lines[1].lstrip().startswith("{")


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
