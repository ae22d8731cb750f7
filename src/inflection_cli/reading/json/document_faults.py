"""Report broken JSON documents, and find where to read on.

A record counts only where what follows it is in order, and a region that cannot be read ends where a line begins as
records do.
"""

import json
import re
from dataclasses import dataclass
from typing import Final

from inflection_cli.model import Problem
from inflection_cli.reading.json.document_text import DocumentText

_WS: Final = r"[ \t\r\n]*+"
_STRING_START: Final = r'"(?:[^"\\\n]++|\\[^\n])*+'
_MEMBER: Final = rf'{_WS}{_STRING_START}(?:"{_WS}(?::|\Z)|\Z)'
"""A key, or a text that goes beyond what is looked at and may be one."""

_NO_ITEM: Final = rf'[ \t\r]*+(?:{_STRING_START}(?:(?!")|"{_WS}(?![,\]]))|[^"\[\]{{}},\s]++{_WS}(?![,\]]))'
"""What is no item of a list, on the line of a record's end: half of a record is never taken for a whole one."""

_ROOT_CLOSED: Final = r"\](?=[ \t\r]*+(?:\n|\Z|\[))"
_MEMBER_CLOSED: Final = rf"\](?=[ \t\r]*+(?:\n|\Z|\}}|,{_MEMBER}))"


class RecordContext:
    """Patterns for the text around records of a list or sequence.

    Attributes:
        follow: What may follow a record; where another one does, the match ends at it, and has a group `comma`.
        closing: The line that closes the list, up to its bracket.
    """

    def __init__(self, *, listed: bool, closed: str) -> None:
        record = rf"{_WS}(?P<comma>,?+){_WS}(?=\{{)"
        list_ = rf"{_WS}(?:,(?!{_MEMBER}|{_NO_ITEM})|{closed})|[ \t\r]*+\n{_WS}\]"
        self.follow = re.compile(rf"{record}|{_WS}\Z|" + (list_ if listed else rf"[ \t\r]*+\n{_WS}(?=\[)"))
        self.closing = re.compile(rf"([ \t]*+)(?={closed})")


SEQUENCE: Final = RecordContext(listed=False, closed=r"(?!)")
ROOT_LIST: Final = RecordContext(listed=True, closed=_ROOT_CLOSED)
MEMBER_LIST: Final = RecordContext(listed=True, closed=_MEMBER_CLOSED)

_BEGINNING: Final = re.compile(r'([ \t]*+(?:,[ \t]*+)?)(\{[ \t\r\n]*+"[^"\\\n]*+")')
_MOST_LEARNT: Final = 16


class RecordPrefixes:
    """Beginnings of the first records' lines, first keys included.

    If no record starts its own line, only the first keys are compared.
    """

    def __init__(self) -> None:
        self._learnt = 0
        self._lines: set[str] = set()
        self._keys: set[str] = set()
        self._keys_tell = True

    def learn(self, text: DocumentText, *, is_broken: bool = False) -> None:
        """Record the beginning of one of the first records."""
        if len(self._keys) < _MOST_LEARNT if is_broken else self._learnt < _MOST_LEARNT:
            self._learnt += not is_broken
            lead, start = text.before(text.at), text.data[text.at : text.at + 1024]
            match = _BEGINNING.match(start)
            self._keys.update([match[2]] if match else [])
            match = None if lead is None else _BEGINNING.match(lead + start)
            if match is not None and match[1] == lead:
                self._lines.add(match[0])
                self._keys_tell = self._keys_tell and is_broken

    def record_on(self, data: str, line_start: int) -> int | None:
        """Return the offset of a possible record on a line, or None."""
        match = _BEGINNING.match(data, line_start)
        if match is None:
            return None
        is_known = match[0] in self._lines or (self._keys_tell and match[2] in self._keys)
        return match.start(2) if is_known else None


_OPENS_LIST: Final = re.compile(r"\[[ \t{]*+\r*+\n?\Z")
_CLOSES_LIST: Final = re.compile(r"[ \t]*+}?[ \t]*+\]")


@dataclass(slots=True)
class UnreadableRegion:
    """Unreadable text, from a broken record on.

    Attributes:
        problem: What is broken.
        at: The offset from which on a record may begin.
        is_seekable: Whether one may follow at all.
        is_list: Whether it is an item of a list.
        indent: How far the record is indented.
        lists: How many lists of the broken record are open, by the lines that open and close them.
        is_resumed: Whether its first part is a fault already.
    """

    problem: Problem
    at: int
    is_seekable: bool
    is_list: bool
    indent: int
    lists: int = 0
    is_resumed: bool = False

    def count(self, line: str) -> None:
        """Count a line that opens a list, or closes one."""
        if _CLOSES_LIST.match(line):
            self.lists = max(0, self.lists - 1)
        elif _OPENS_LIST.search(line) and indent_of(line) <= self.indent:
            self.lists += 1


def indent_of(line: str) -> int:
    """Return the indentation of a line."""
    return len(line) - len(line.lstrip(" \t"))


_DUE: Final = {
    "Expecting ':'": "a colon",
    "Expecting ','": "a comma or the closing bracket",
    "Expecting value": "a value",
    "Expecting property name": "a key",
}
_OR_END: Final = {"{": " or }", "[": " or ]"}
_STRING: Final = re.compile(_STRING_START + '("?)')
_IN_STEP: Final = re.compile(r'[{}\[\],:"]|-?[0-9]|(?:true|false|null|NaN|-?Infinity)\b|\Z')
_ESCAPED: Final = re.compile(r"\\.", re.DOTALL)
"""What a backslash takes the meaning from."""

_LATE: Final = "}]:,"


def not_json(text: DocumentText, start: int, error: json.JSONDecodeError) -> tuple[str, int]:
    """Return the message and the line of what breaks a value.

    What is before the value, at `start`, may have been left.
    """
    data, at = text.data, error.pos
    opens = _unclosed(error)
    if opens is not None:
        message = f"not JSON: the string that opens{position(text, opens)} is not closed on its line"
        return message, text.line_at(opens)
    due = next((what for words, what in _DUE.items() if error.msg.startswith(words)), None)
    if due in {"a key", "a value"}:
        due += _OR_END.get(data[start:at].rstrip()[-1:], "")
    what = f"{due} is due" if due else error.msg.lower().removesuffix(" at").rstrip(": ")
    # What is missing at the end of a line is met on the next.
    found = data[at : at + 1]
    early = (
        found in "{}[]" if due != _DUE["Expecting ','"] else found not in _LATE and _IN_STEP.match(data, at)
    )
    return f"not JSON: {what}{position(text, at)}", text.line_at(len(data[:at].rstrip()) if early else at)


def position(text: DocumentText, at: int) -> str:
    """Return a position on its line, or in the text if long."""
    before = text.before(at)
    if before is None:
        return f" at byte {text.offset(at) + 1:,} of the text"
    return f" at character {len(before) + 1:,}"


def is_out_of_step(text: DocumentText, end: int, error: json.JSONDecodeError) -> bool:
    """Return whether a line has a quote too many or too few.

    No string holds a line feed, so the quotes of a line, which ends at `end`, are even. Where the input ends in a
    string, nothing is out of step.
    """
    opens = _unclosed(error)
    if opens is not None and text.data.find("\n", opens) < 0:
        return False
    return _ESCAPED.sub("", text.data[text.at : end]).count('"') % 2 == 1


def _unclosed(error: json.JSONDecodeError) -> int | None:
    """Return the offset of a string that its line does not close."""
    data, at = error.doc, error.pos
    if error.msg.startswith("Invalid control") and data[at] in "\r\n":
        at = [match.start() for match in _STRING.finditer(data, data.rfind("\n", 0, at) + 1, at)][-1]
    found = _STRING.match(data, at)
    return at if found is not None and not found[1] else None
