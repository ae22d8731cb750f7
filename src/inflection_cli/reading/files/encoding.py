"""Text whose bytes are no ASCII, UTF-16 above all, turned into UTF-8 on the way; what is no text stays none."""

import codecs
import re
from typing import Final

from inflection_cli import rules
from inflection_cli.model import Problem
from inflection_cli.reading.files.compression import ByteSource

# In this order: the mark of UTF-32 begins with that of UTF-16.
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
UNSETTLED: Final = frozenset({"utf-16", "utf-32"})
"""Encodings whose byte order only a mark settles."""

# EBCDIC, as Python names its codecs: a byte a character, but no ASCII.
_EBCDIC: Final = ("cp037", "cp273", "cp424", "cp500", "cp875", "cp1026", "cp1140")
_WIDE: Final = frozenset((*(name for _, name in _MARKS[1:]), *_EBCDIC))
_UNTEXT: Final = "inflection_cli.untext"


def has_byte_order_mark(head: bytes) -> str | None:
    """Name the encoding whose byte order mark stands at the start."""
    return next((name for mark, name in _MARKS if head.startswith(mark)), None)


def looks_utf16(head: bytes) -> str | None:
    """Name the form of UTF-16 that Latin text would have so many NULs in; None where it has not."""
    if len(head) < 8:
        return None
    even, odd = (part.count(0) / len(part) for part in (head[::2], head[1::2]))
    if min(even, odd) >= 0.3 or max(even, odd) <= 0.7:
        return None
    return "utf-16-le" if odd > even else "utf-16-be"


def is_ascii_incompatible(encoding: str) -> bool:
    """Say whether an encoding's bytes are no ASCII, and files in it are turned into UTF-8 on the way."""
    return encoding in _WIDE


def text_encoding(encoding: str) -> str:
    """Name the encoding of the bytes that `Utf8Transcoder` and all that is behind it give."""
    return "utf-8" if is_ascii_incompatible(encoding) else encoding


def _untext(error: UnicodeError) -> tuple[str, int]:
    """Put half a surrogate pair where no text was: UTF-8 cannot hold it, so whoever decodes it meets it again."""
    assert isinstance(error, UnicodeDecodeError)
    return "\udcff", error.end


codecs.register_error(_UNTEXT, _untext)


class Utf8Transcoder:
    """Bytes of a wide encoding as UTF-8; a byte order mark is kept, as UTF-8's own.

    What is no text, such as half a surrogate pair or an odd last byte, becomes three bytes that are none in UTF-8.
    """

    def __init__(self, wide: ByteSource, encoding: str) -> None:
        self._wide = wide
        self._decoder = codecs.getincrementaldecoder(encoding)(_UNTEXT)
        self._ended = False

    def read(self, size: int) -> bytes:
        """Read about `size` bytes; none at the end."""
        while not self._ended:
            data = self._wide.read(size) or b""
            self._ended = not data
            text = self._decoder.decode(data, final=self._ended)
            if text:
                return text.encode("utf-8", "surrogatepass")
        return b""


_BAD_BYTE = re.compile("[\udc80-\udcff]")


def holds_bad_bytes(text: str) -> bool:
    """Say whether decoding left a byte over; see `page.decode`."""
    return not text.isascii() and _BAD_BYTE.search(text) is not None


def wrong_bytes(text: str, file: str, line: int, encoding: str) -> Problem | None:
    """Find what a record that starts on `line` cannot hold, and the line it stands on."""
    nul = text.find("\0")
    if nul >= 0:
        message = "the record holds a NUL"
        return Problem(rules.NUL_CHARACTER, message, file, line + text.count("\n", 0, nul))
    if not holds_bad_bytes(text):
        return None
    bad = _BAD_BYTE.search(text)
    assert bad is not None
    byte = ord(bad.group()) - 0xDC00
    message = f"the byte 0x{byte:02X} is no text in {encoding}"
    if is_ascii_incompatible(encoding):
        message = f"what stands here is no text in {encoding}, such as half a character"
    return Problem(
        rules.BAD_ENCODING,
        message,
        file,
        line + text.count("\n", 0, bad.start()),
        hint=encoding_hint(encoding),
    )


def encoding_hint(encoding: str) -> str:
    """Name an encoding worth trying where this one failed."""
    if is_ascii_incompatible(encoding):
        return "export the file again, or take out what is no text"
    other = "windows-1252" if encoding == "utf-8" else "utf-8"
    return f"name the encoding the file was written in, for example --encoding {other}"
