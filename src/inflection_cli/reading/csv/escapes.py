r"""Escaped quotes of quoted CSV cells, turned into doubled quotes.

Within a quoted cell an escaped quote is a quote, and an escaped escape one escape; before anything else the escape is
a character like any other, so that `\N` stays what it is. Bare cells are left alone. So everything behind this sees
one dialect, as with encodings: offsets, digests and unreadable lines are of what comes out.
"""

import re
from typing import Final

from inflection_cli.errors import InputError, UsageError
from inflection_cli.reading.csv.off_shapes import DELIMITERS
from inflection_cli.reading.files.compression import ByteSource
from inflection_cli.reading.json.json_format import brackets_are_certain

BACKSLASH: Final = "\\"
_LONGEST_CELL: Final = 4 << 20
"""A quote that is closed by nothing within so many bytes is taken for a character."""


def parse_escape(word: str) -> str:
    """Return the escape character as it is typed on a command line.

    Raises:
        UsageError: It is none.
    """
    given = BACKSLASH if word in {BACKSLASH * 2, "backslash"} else word
    if len(given) != 1 or not given.isascii() or given.isalnum() or given in '"\r\n\0' or given.isspace():
        raise UsageError(f"--escape takes one sign, not {word!r}", hint="--escape '\\'")
    return given


def require_escapes(path: str, encoding: str) -> None:
    """Check that no character of an encoding holds the escape's byte.

    Raises:
        InputError: One may.
    """
    if not brackets_are_certain(encoding):
        raise InputError(
            f"{path}: --escape does not go with {encoding}, whose characters may hold that byte",
            hint=f"turn the file into UTF-8: iconv -f {encoding} -t UTF-8 OLD > NEW",
        )


class EscapedQuotes:
    """Byte source that turns escaped quotes into doubled ones.

    Args:
        within: The bytes as they stand, in an encoding that leaves ASCII as it is.
        escape: The escape character.
        delimiter: The character between cells, where it is known.
    """

    def __init__(self, within: ByteSource, escape: str, delimiter: str | None) -> None:
        self._within = within
        sign = re.escape(escape.encode())
        before = re.escape("".join((*DELIMITERS, delimiter or "")).encode())
        self._opening = re.compile(rb'(?:(?<=[\r\n%s])|(?<=\xef\xbb\xbf))"' % before)
        self._inside = re.compile(rb'(?:[^"%s]++|%s.|"")*+' % (sign, sign), re.DOTALL)
        self._escaped = re.compile(rb'%s(["%s])' % (sign, sign))
        self._escape = escape.encode()
        self._data = b""
        self._last = b"\n"
        self._ended = False

    def read(self, size: int) -> bytes:
        """Read about `size` bytes; return no bytes at the end."""
        while not self._ended:
            data = self._within.read(size) or b""
            self._ended = not data
            if made := self._turned(self._data + data):
                return made
        return b""

    def _turned(self, data: bytes) -> bytes:
        """Return what is settled of the bytes; keep the rest."""
        done: list[bytes] = []
        data, at = self._last + data, 1
        while found := self._opening.search(data, at):
            start = found.end()
            # A quote at the very end may be the first of two, and an escape may lack what it escapes.
            end = self._inside.match(data, start, min(len(data), start + _LONGEST_CELL)).end()  # type: ignore[union-attr]  # nothing matches too
            is_closed = data[end : end + 1] == b'"' and (end + 1 < len(data) or self._ended)
            if not is_closed and len(data) - start < _LONGEST_CELL and not self._ended:
                return self._kept(done, data, at, found.start())
            done.append(data[at:start])
            at = start
            if is_closed:
                done += [self._escaped.sub(self._doubled, data[start:end]), b'"']
                at = end + 1
        return self._kept(done, data, at, len(data))

    def _kept(self, done: list[bytes], data: bytes, at: int, to: int) -> bytes:
        done.append(data[at:to])
        self._last, self._data = data[to - 1 : to], data[to:]
        return b"".join(done)

    def _doubled(self, found: re.Match[bytes]) -> bytes:
        return b'""' if found[1] == b'"' else found[1]
