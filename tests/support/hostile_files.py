"""Generates the hostile corpus: small files in which one thing is broken, at every place where it can be."""

import json
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

BAD_BYTES = {
    "latin": b"\xe9",
    "never in UTF-8": b"\xff",
    "cut off": b"\xe2\x82",
    "a surrogate": b"\xed\xa0\x80",
}
DELIMITERS = (",", ";", "\t", "|")

TABLE = (
    "event,userId,note\n"
    'Email Opened,u1,"x, ""y"" z"\n'
    'Email Clicked,u2,"two\nlines, and a blank one\n\nto end"\n'
    "Email Bounced,ü3,plain\r\n"
    '"Email Opened","u4",""\n'
    "Email Opened,,\n"
    '"Email ""Opened""",u6,"\r\n"\n'
    "Email Opened,u7,last\n"
)
"""Quoted cells, doubled quotes, line breaks and delimiters in quotes, two line ends, empty cells, no ASCII."""

RECORDS: tuple[dict[str, object], ...] = (
    {"event": "Email Opened", "userId": "u1", "note": 'says "}{" and [1]'},
    {"event": "Link Clicked", "userId": "ü2", "links": [{"event": "no record"}, {"event": "nor this"}]},
    {"event": "Email Opened", "userId": "u3", "deep": {"list": [1, -2.50, True, None, []], "none": {}}},
    {"event": "Email Bounced", "userId": "u4", "note": "back\\slash, comma: colon"},
    {"event": "Email Opened", "userId": "u5"},
)


@dataclass(frozen=True)
class Hostile:
    """One file.

    Attributes:
        name: What was done to it, and where.
        data: Its bytes.
        whole: The bytes before that.
        at: The offset of what was done; behind it both differ.
        records: Where its records are, for an envelope.
        delimiter: What stands between cells, for a table.
    """

    name: str
    data: bytes
    whole: bytes
    at: int
    records: str | None = None
    delimiter: str | None = None

    @property
    def line(self) -> int:
        """The physical line, from 1, that was broken."""
        return self.whole.count(b"\n", 0, self.at) + 1


def layouts() -> dict[str, bytes]:
    """The records in every layout that JSON is read in."""
    small = [json.dumps(record, ensure_ascii=False) for record in RECORDS]
    large = [json.dumps(record, ensure_ascii=False, indent=2) for record in RECORDS]
    texts = {
        "NDJSON": "\n".join(small) + "\n",
        "one after the other": " ".join(small) + "\n",
        "spread, one after the other": "\n".join(large) + "\n",
        "a list, one on a line": "[\n" + ",\n".join(small) + "\n]\n",
        "a list, commas in front": "[ " + "\n, ".join(small) + "\n]\n",
        "a list on one line": json.dumps(RECORDS, ensure_ascii=False, separators=(",", ":")),
        "a list, spread": json.dumps(RECORDS, ensure_ascii=False, indent=2) + "\n",
        "an envelope": json.dumps(
            {"total": 5, "data": RECORDS, "page": {"next": None}}, ensure_ascii=False, indent=1
        ),
    }
    return {name: text.encode() for name, text in texts.items()}


def broken_tables(stride: int = 1, *, among: Collection[str] = DELIMITERS) -> Iterator[Hostile]:
    """Yield tables with one thing broken: delimiters and quotes everywhere, the rest at each `stride`th byte."""
    for delimiter in among:
        whole, comma = TABLE.replace(",", delimiter).encode(), delimiter.encode()
        for at in range(len(whole) + 1):
            for what, data in _table_edits(whole, at, comma, strange=at % stride == 0):
                yield Hostile(
                    f"{delimiter!r} between cells: {what} at {at}", data, whole, at, None, delimiter
                )


def _table_edits(whole: bytes, at: int, comma: bytes, *, strange: bool) -> Iterator[tuple[str, bytes]]:
    byte, before, after = whole[at : at + 1], whole[:at], whole[at + 1 :]
    if byte in {comma, b'"'}:
        yield f"{byte!r} dropped", before + after
        yield f"{byte!r} doubled", before + byte + byte + after
    if byte == b"\n":
        for end in (b"\r\n", b"\r", b"\n\n", b"", b"\r\r\n"):
            yield f"{end!r} for LF", before + end + after
    for added in (comma, b'"'):
        yield f"{added!r} added", before + added + byte + after
    if strange:
        yield "cut off", before
        for added in (b'""', b"\0", b"\r", *BAD_BYTES.values()):
            yield f"{added!r} added", before + added + byte + after


def broken_documents(stride: int = 1, *, among: Collection[str] | None = None) -> Iterator[Hostile]:
    """Yield JSON files with one thing broken: marks and quotes everywhere, the rest at each `stride`th byte."""
    for name, whole in layouts().items():
        if among is not None and name not in among:
            continue
        records = "data" if name == "an envelope" else None
        for at in range(len(whole) + 1):
            for what, data in _document_edits(whole, at, strange=at % stride == 0):
                yield Hostile(f"{name}: {what} at {at}", data, whole, at, records)


def _document_edits(whole: bytes, at: int, *, strange: bool) -> Iterator[tuple[str, bytes]]:
    byte, before, after = whole[at : at + 1], whole[:at], whole[at + 1 :]
    if byte and byte in b'"{}[],:':
        yield f"{byte!r} dropped", before + after
        yield f"{byte!r} doubled", before + byte + byte + after
    if strange:
        yield "cut off", before
        for added in (b'"', b"{", b"}", b"[", b"]", b",", b":", b"\\", b"\0", b"\n", *BAD_BYTES.values()):
            yield f"{added!r} added", before + added + byte + after


_ROW = b"Email Opened,u1,x\n"
_HEAVY_ROWS: dict[str, Callable[[], bytes]] = {
    "a giant cell": lambda: b"Email Opened,u1," + b"x" * 200_000 + b"\n",
    "a giant line": lambda: b"Email Opened,u1," + b"x" * 6_000_000 + b"\n",
    "a giant quoted cell": lambda: b'Email Opened,u1,"' + b"some text\n" * 110_000 + b'"\n',
    "a quote that is never closed": lambda: b'Email Opened,u1,"' + _ROW * 20_000,
    "delimiters only": lambda: b"," * 1_500_000 + b"\n",
    "quotes only": lambda: b'"' * 1_500_000 + b"\n",
    "carriage returns only": lambda: b"\r" * 1_500_000 + b"\n",
}
_FIRST = b'{"event": "Email Opened", "userId": "u1"}'
_HEAVY_RECORDS: dict[str, Callable[[], bytes]] = {
    "a giant string": lambda: b'{"userId": "' + b"x" * 6_000_000 + b'"}',
    "a string that is never closed": lambda: b'{"userId": "' + b"x" * 3_000_000,
    "lists without end": lambda: b"[" * 500_000,
    "objects without end": lambda: b'{"a":' * 200_000,
    "brackets closed without end": lambda: b"]}" * 300_000,
    "backslashes": lambda: b'{"userId": "' + b"\\" * 2_000_001 + b'"}',
    "commas": lambda: b"," * 3_000,
    "a giant number": lambda: b'{"userId": ' + b"9" * 2_000_000 + b"}",
    "white space": lambda: b" " * 5_000_000,
}
HEAVY = (*_HEAVY_ROWS, *_HEAVY_RECORDS)
"""Names of what is large, deep or long where none should be."""


def heavy(name: str) -> Hostile:
    """Make such a file: good, heavy, good."""
    if name in _HEAVY_ROWS:
        head = b"event,userId,note\n" + _ROW
        return Hostile(name, head + _HEAVY_ROWS[name]() + _ROW, head + _ROW, len(head), None, ",")
    data = b"[\n" + _FIRST + b",\n" + _HEAVY_RECORDS[name]() + b",\n" + _FIRST + b"\n]\n"
    return Hostile(name, data, data, len(_FIRST) + 4)
