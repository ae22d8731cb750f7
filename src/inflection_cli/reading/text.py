"""What no text holds: NULs, and bytes that the encoding does not know."""

import re

from inflection_cli import rules
from inflection_cli.model import Problem
from inflection_cli.reading.wide import is_wide

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
    if is_wide(encoding):
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
    if is_wide(encoding):
        return "export the file again, or take out what is no text"
    other = "windows-1252" if encoding == "utf-8" else "utf-8"
    return f"name the encoding the file was written in, for example --encoding {other}"
