"""Convert UTF-16, UTF-32, EBCDIC and old line ends while reading.

In files of old Macs, CR and LF are swapped while reading and put back afterwards. Everything between sees lines that
end in LF, a CR in a quoted cell stays one, and an LF that ends no line is what a CR that ends none is elsewhere: a
problem, never a silent difference.
"""

import codecs
import re
from dataclasses import replace
from typing import Final

from inflection_cli import rules
from inflection_cli.model import Chunk, Fault, Problem
from inflection_cli.reading.files.compression import ByteSource

_BYTES: Final = bytes.maketrans(b"\r\n", b"\n\r")
_TEXT: Final = str.maketrans("\r\n", "\n\r")


class SwappedLineEndings:
    """Byte source that swaps CR and LF."""

    def __init__(self, within: ByteSource) -> None:
        self._within = within

    def read(self, size: int) -> bytes:
        """Read at most `size` bytes; return no bytes at the end."""
        return swap_bytes(self._within.read(size) or b"")


def swap_bytes(data: bytes) -> bytes:
    """Swap CR and LF in bytes."""
    return data.translate(_BYTES)


def swap_text(text: str) -> str:
    """Swap CR and LF in text."""
    return text.translate(_TEXT) if "\n" in text or "\r" in text else text


def restore(chunk: Chunk) -> Chunk:
    """Restore CR and LF in the cells and faults of a chunk."""
    return replace(
        chunk,
        rows=[list(map(swap_text, row)) for row in chunk.rows],
        faults=tuple(map(_restored_fault, chunk.faults)),
    )


def restore_lines(chunk: Chunk) -> Chunk:
    """Restore CR and LF in the unreadable lines of a chunk only.

    Cells stay as they are: JSON writes their line breaks as escapes.
    """
    return replace(chunk, faults=tuple(map(_restored_fault, chunk.faults)))


def _restored_fault(fault: Fault) -> Fault:
    return replace(fault, raw=swap_bytes(fault.raw), problem=_restored_problem(fault.problem))


def _restored_problem(problem: Problem) -> Problem:
    if problem.rule is not rules.BARE_RETURN:
        return problem
    return replace(
        problem,
        message=problem.message.replace("a carriage return", "a line feed"),
        hint="lines of this file end with a carriage return alone; quote the cell that holds a line feed",
    )


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
    """Return the encoding that a leading byte order mark indicates, or None."""
    return next((name for mark, name in _MARKS if head.startswith(mark)), None)


def looks_utf16(head: bytes) -> str | None:
    """Return the UTF-16 byte order that the NUL bytes suggest, or None."""
    if len(head) < 8:
        return None
    even, odd = (part.count(0) / len(part) for part in (head[::2], head[1::2]))
    if min(even, odd) >= 0.3 or max(even, odd) <= 0.7:
        return None
    return "utf-16-le" if odd > even else "utf-16-be"


def is_ascii_incompatible(encoding: str) -> bool:
    """Return whether an encoding is not ASCII-compatible and is converted to UTF-8."""
    return encoding in _WIDE


def text_encoding(encoding: str) -> str:
    """Return the encoding of the bytes after any conversion to UTF-8."""
    return "utf-8" if is_ascii_incompatible(encoding) else encoding


def _untext(error: UnicodeError) -> tuple[str, int]:
    """Return a lone surrogate as the replacement for undecodable bytes.

    It is not valid in UTF-8, so the later decoder finds the fault again.
    """
    assert isinstance(error, UnicodeDecodeError)
    return "\udcff", error.end


codecs.register_error(_UNTEXT, _untext)


class Utf8Transcoder:
    """Byte source that converts a wide encoding to UTF-8.

    A byte order mark is kept, as that of UTF-8.

    What is no text, such as half a surrogate pair or an odd last byte, becomes three bytes that are none in UTF-8.
    """

    def __init__(self, wide: ByteSource, encoding: str) -> None:
        self._wide = wide
        self._decoder = codecs.getincrementaldecoder(encoding)(_UNTEXT)
        self._ended = False

    def read(self, size: int) -> bytes:
        """Read about `size` bytes; return no bytes at the end."""
        while not self._ended:
            data = self._wide.read(size) or b""
            self._ended = not data
            text = self._decoder.decode(data, final=self._ended)
            if text:
                return text.encode("utf-8", "surrogatepass")
        return b""


_BAD_BYTE = re.compile("[\udc80-\udcff]")


def holds_bad_bytes(text: str) -> bool:
    """Return whether decoded text contains a byte that could not be decoded."""
    if text.isascii():
        return False
    try:
        text.encode()  # which is quicker than to search, and takes no surrogate
    except UnicodeEncodeError:
        return _BAD_BYTE.search(text) is not None
    return False


def wrong_bytes(text: str, file: str, line: int, encoding: str) -> Problem | None:
    """Return the NUL or encoding problem of a record, or None."""
    nul = text.find("\0")
    if nul >= 0:
        message = "the record holds a NUL"
        return Problem(rules.NUL_CHARACTER, message, file, line + text.count("\n", 0, nul))
    if not holds_bad_bytes(text):
        return None
    bad = _BAD_BYTE.search(text)
    assert bad is not None
    byte = ord(bad.group()) - 0xDC00
    message = f"the byte 0x{byte:02X} is not text in {encoding}"
    if is_ascii_incompatible(encoding):
        message = f"these bytes are not text in {encoding}, such as half a character"
    return Problem(
        rules.BAD_ENCODING,
        message,
        file,
        line + text.count("\n", 0, bad.start()),
        hint=encoding_hint(encoding),
    )


def encoding_hint(encoding: str) -> str:
    """Return a hint on what to do about undecodable bytes."""
    if is_ascii_incompatible(encoding):
        return "export the file again, or remove the bytes that are not text"
    other = "windows-1252" if encoding == "utf-8" else "utf-8"
    return f"name the encoding the file was written in, for example --encoding {other}"
