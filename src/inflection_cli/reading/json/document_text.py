"""Load the text of JSON documents in parts, and parse its values."""

import codecs
import json
import re
from collections.abc import Callable
from typing import Any, Final

from inflection_cli.lossless_json import may_hold_unsendable, parse_at
from inflection_cli.reading.files.encoding import text_encoding
from inflection_cli.reading.files.window import Window
from inflection_cli.reading.source import MAX_LINE_BYTES

MOST_CHARS: Final = MAX_LINE_BYTES
"""No record is looked at beyond so many characters."""

LOOK_CHARS: Final = 1 << 12
"""So many characters behind a value say whether it ends there."""

SPACE: Final = re.compile(r"[ \t\r\n]*+")
_STEP_BYTES: Final = 1 << 14
_CUT_NUMBER: Final = re.compile(r"(?<=[0-9])[0-9.eE+\-]*+\Z")
_CUT_TOKEN: Final = re.compile(r"\\?[0-9A-Za-z.+\-]*+\Z")


class DocumentText:
    """The text from a window's start, with the reading position.

    Attributes:
        data: What is loaded; bytes that are no text are lone surrogates in it (PEP 383).
        at: The offset up to which it was read.
        line: The physical line, from 1, that `at` is on.
        firm_line: The line of the last character before `at` that is no white space.
        ended: Whether nothing follows `data`.
        is_odd: Whether strings in `data` may hold what cannot be sent.
        left: How many bytes were there in front of `data`.
    """

    def __init__(self, window: Window, encoding: str) -> None:
        self._window = window
        self._encoding = text_encoding(encoding)
        self._decoder = codecs.getincrementaldecoder(self._encoding)("surrogateescape")
        self._loaded = 0
        self._lead: str | None = ""
        self.data = ""
        self.at = 0
        self.line = self.firm_line = window.line
        self.ended = False
        self.is_odd = False
        self.left = 0

    def load(self, size: int) -> None:
        """Load about `size` characters, or all that exist."""
        missing = size - len(self.data)
        if missing > 0 and not self.ended:
            size = self._loaded + max(missing, _STEP_BYTES)
            block = self._window.peek(size)
            self.ended = len(block) < size
            self.data += self._decoder.decode(block[self._loaded :], self.ended)
            self._loaded = len(block)
            self.is_odd = may_hold_unsendable(self.data)

    def more(self) -> bool:
        """Load more text; return whether there was any."""
        held = len(self.data)
        while len(self.data) == held and not self.ended:
            self.load(2 * held + 1)
        return len(self.data) > held

    def move(self, to: int) -> None:
        """Move the position forward to an offset."""
        self.line += self.data.count("\n", self.at, to)
        self.at, self.firm_line = to, self.line

    def skip_space(self) -> bool:
        """Skip white space; return False if no loaded text follows."""
        end = SPACE.match(self.data, self.at).end()  # type: ignore[union-attr]  # nothing matches too
        self.line = self.line_at(end)
        self.at = end
        return end < len(self.data)

    def leave(self) -> int:
        """Drop what was read; return how many bytes it was."""
        self._lead = self.before(self.at)
        count = self.offset(self.at) - self.left
        self.data, self.at = self.data[self.at :], 0
        self._loaded -= count
        self.left += count
        return count

    def raw(self, end: int) -> bytes:
        """Return the bytes from the position to an offset."""
        return self.data[self.at : end].encode(self._encoding, "surrogateescape")

    def offset(self, at: int) -> int:
        """Return the number of bytes in front of an offset."""
        return self.left + len(self.data[:at].encode(self._encoding, "surrogateescape"))

    def line_at(self, offset: int) -> int:
        """Return the line number of an offset behind the position."""
        return self.line + self.data.count("\n", self.at, offset)

    def before(self, offset: int) -> str | None:
        """Return the text before an offset on its line; None if long."""
        begin = self.data.rfind("\n", 0, offset) + 1
        lead = "" if begin else self._lead
        if lead is None or len(lead) + offset - begin > LOOK_CHARS:
            return None
        return lead + self.data[begin:offset]

    def line_end(self, at: int, stop: int) -> int:
        """Return the offset after the line of `at`, at most `stop`."""
        while (end := self.data.find("\n", at, stop)) < 0 and len(self.data) < stop and self.more():
            pass
        return end + 1 or min(stop, len(self.data))

    def value(self, start: int, parse: Callable[[str, int], tuple[Any, int]] = parse_at) -> tuple[Any, int]:
        """Parse the value at an offset; return it and its end.

        Args:
            start: The offset.
            parse: Reads a value in a text.

        Raises:
            JSONDecodeError: None begins there; see `is_cut`.
            JsonError: As `parse` does.
        """
        while True:
            may_go_on = not self.ended and len(self.data) - start <= MOST_CHARS
            try:
                value, end = parse(self.data, start)
            except json.JSONDecodeError as error:
                if not (may_go_on and is_cut_short(error) and self.more()):
                    raise
            else:
                if not (may_go_on and _CUT_NUMBER.match(self.data, end) and self.more()):
                    return value, end

    def is_cut(self, error: json.JSONDecodeError) -> bool:
        """Return whether text behind what is loaded may undo an error."""
        return not self.ended and is_cut_short(error)


def is_cut_short(error: json.JSONDecodeError) -> bool:
    """Return whether an error is only that the text ends early."""
    # A number, a word or an escape that is cut is an error where it starts, or where it is still one.
    return error.msg.startswith("Unterminated") or _CUT_TOKEN.match(error.doc, error.pos) is not None
