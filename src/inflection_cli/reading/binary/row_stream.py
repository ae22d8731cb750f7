"""Rows of a binary table as NDJSON text, for one reader.

Line n of the text is row n of the table: places, rejects and digests need nothing of their own.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, BinaryIO, Final

import orjson

_OPTIONS: Final = orjson.OPT_APPEND_NEWLINE | orjson.OPT_NON_STR_KEYS
BYTES_MARK: Final = "base64:"
"""What bytes begin with that are no text."""


@dataclass(slots=True)
class Rows:
    """The rows of a table that is being read.

    Attributes:
        lines: Each row as a line of JSON with its line end; an empty line is no row.
        position: About how many bytes of the file are read.
    """

    lines: Iterator[bytes]
    position: int = 0


class RowStream:
    """Byte source of a table's rows, with the position in its file."""

    def __init__(self, file: BinaryIO, rows: Rows) -> None:
        self._file = file
        self._rows = rows
        self.fileno = file.fileno

    def read(self, size: int) -> bytes:
        """Read whole lines until `size` is reached; no bytes at the end."""
        lines: list[bytes] = []
        for line in self._rows.lines:
            lines.append(line)
            size -= len(line)
            if size <= 0:
                break
        return b"".join(lines)

    def tell(self) -> int:
        """Return about how many bytes of the file are read."""
        return self._rows.position

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def line_of(row: dict[str, Any]) -> bytes:
    """Write a row as a line of JSON; decimals stay exact.

    Text that is not valid UTF-8 stands as it is in the file, so that the row is rejected as one of NDJSON would be.
    """
    try:
        return orjson.dumps(row, _encoded, _OPTIONS)
    except TypeError:
        return _exact(row).encode("utf-8", "surrogateescape") + b"\n"


def _encoded(value: Any) -> Any:
    if isinstance(value, Decimal):
        return orjson.Fragment(str(value))
    return text_of(value) if isinstance(value, bytes) else str(value)


def _exact(value: Any) -> str:
    """Write JSON as `orjson` would, invalid text as it stands."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{_exact(str(key))}:{_exact(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_exact, value)) + "]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return orjson.dumps(value, _encoded).decode()


def text_of(value: bytes) -> str:
    """Return bytes as their UTF-8 text, or as marked Base64."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        from base64 import b64encode  # noqa: PLC0415 - few tables hold bytes

        return BYTES_MARK + b64encode(value).decode()
