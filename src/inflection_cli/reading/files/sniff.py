"""Detect a file's compression, encoding and line ends; refuse binary files."""

import codecs
import os
import re
from dataclasses import replace
from typing import Final

from inflection_cli import rules
from inflection_cli.errors import EmptyFile, InputError, UsageError
from inflection_cli.model import Problem
from inflection_cli.reading.binary.binary_format import binary_format, refuse_false_name
from inflection_cli.reading.files.compression import MAGIC_BYTES, compression_of
from inflection_cli.reading.files.encoding import (
    UNSETTLED,
    has_byte_order_mark,
    is_ascii_incompatible,
    looks_utf16,
    swap_bytes,
)
from inflection_cli.reading.files.find import FoundFile
from inflection_cli.reading.files.foreign_text import foreign_text
from inflection_cli.reading.files.private_copy import keep_copy
from inflection_cli.reading.files.stream import Stream, open_bytes, open_source
from inflection_cli.reading.source import (
    FREE_BYTES,
    MAX_LINE_BYTES,
    BinaryFormat,
    Compression,
    ReadOptions,
    Source,
)

BOM: Final = codecs.BOM_UTF8
HEAD_BYTES: Final = 1 << 16
"""So much of a file is looked at to tell what it is."""

# The first bytes of what is often mistaken for an export, by the formats' own specifications.
_FOREIGN: Final = {
    b"\xd0\xcf\x11\xe0": "an old Excel workbook, or one with a password,",
    b"%PDF": "a PDF",
    b"PARE": "an encrypted Parquet file",
    b"ORC": "an ORC file",
    b"SQLite format 3": "an SQLite database",
}
_MARKUP: Final = re.compile(rb"\s*<(?:!doctype|html|\?xml)", re.IGNORECASE)
_QUOTED: Final = re.compile(rb'"(?:[^"]++|"")*+"?')
_NEXT_OBJECT: Final = re.compile(rb"\}[ \t]*\r\s*[^,\]}\s]")
_CONTROLS: Final = bytes(set(range(32)) - set(b"\t\n\r\x1a\x1b\f"))
# Codecs that say they read ASCII, but keep a state over several lines, or read host names or source code only.
_NO_TEXT: Final = ("iso2022", "hz", "idna", "unicode", "raw-unicode")
_ASCII: Final = bytes(range(128)) + rb"\ud800"


def sniff(found: FoundFile, options: ReadOptions) -> tuple[Source, bytes]:
    """Detect a file's compression, encoding and line ends; return its head.

    Returns:
        The file, of which format and columns are still to be found; and its head, as `open_source` gives it.

    Raises:
        InputError: It is gone, damaged, or holds no text.
        UsageError: An option names no encoding.
    """
    declared = encoding_of(options.encoding)
    compression, size_bytes = _packing(found)
    source = Source(
        path=found.path,
        location=found.location,
        format="csv",
        encoding=declared,
        delimiter=None,
        compression=compression,
        columns=(),
        sample=(),
        problems=(*found.problems, *_again(found)),
        size_bytes=size_bytes,
        data_offset=0,
        member=found.member,
        limits=options.limits,
    )
    with open_bytes(source.path, source.location, compression, source.member, source.limits) as stream:
        head = stream.head(HEAD_BYTES)
        if compression is not None:
            _scout(stream)
    form = binary_format(head)
    if options.sheet is not None and form != "excel":
        raise InputError(
            f"{source.path}: is not an Excel workbook, so it has no sheet {options.sheet!r}",
            hint="leave --sheet out for this file",
        )
    if form is not None:
        return _table(source, form, options), b""
    refuse_false_name(source.path, head)
    source = replace(source, encoding=_encoding_by(source.path, head, declared))
    if is_ascii_incompatible(source.encoding):
        with open_source(source) as stream:
            head = stream.head(HEAD_BYTES)
    if _ends_with_returns(head):
        source, head = replace(source, line_ends="cr"), swap_bytes(head)
    _refuse_foreign(source.path, head)
    return replace(source, data_offset=len(BOM) if head.startswith(BOM) else 0), head


def _table(source: Source, form: BinaryFormat, options: ReadOptions) -> Source:
    """Return a binary table as a source; unpack it first if packed."""
    source = replace(source, format=form, encoding="utf-8", sheet=options.sheet)
    if source.compression is None:
        return source
    with open_bytes(source.path, source.location, source.compression, source.member, source.limits) as stream:
        copy = keep_copy(stream, source.path, source.limits.max_bytes)
    return replace(source, location=copy, member=None, size_bytes=os.stat(copy).st_size)  # noqa: PTH116 - a location


def _scout(stream: Stream) -> None:
    """Read ahead so that a decompression bomb is refused before any row."""
    size = 0
    while size <= FREE_BYTES and (data := stream.read(HEAD_BYTES)):
        size += len(data)


def _packing(found: FoundFile) -> tuple[Compression | None, int]:
    """Return a file's compression and its size on disk, in bytes."""
    if found.member is not None:
        return found.member.archive, found.member.packed_bytes
    with open_bytes(found.path, found.location, None) as stream:
        return compression_of(stream.head(MAGIC_BYTES)), stream.size_bytes()


def encoding_of(name: str) -> str:
    """Return the codec name of an encoding; raise if it is unusable.

    Raises:
        UsageError: There is none of that name, or none that files can be read in.
    """
    try:
        codec = codecs.lookup(name).name
    except (LookupError, ValueError) as error:
        hint = _other_encoding(name)
        raise UsageError(f"--encoding {name!r}: no such encoding", hint=hint) from error
    try:
        sound = not codec.startswith(_NO_TEXT) and _ASCII.decode(codec) == _ASCII.decode("ascii")
    except (LookupError, ValueError):
        sound = False
    if not sound and codec not in UNSETTLED and not is_ascii_incompatible(codec):
        raise UsageError(
            f"--encoding {name!r}: files in this encoding cannot be read",
            hint=f"turn the file into UTF-8: iconv -f {name} -t UTF-8 OLD > NEW",
        )
    return "utf-8" if codec == "utf-8-sig" else codec


def _other_encoding(name: str) -> str:
    """Return a hint for an encoding of an unknown name."""
    try:
        known = codecs.lookup(re.sub(r"\W|_", "", name.lower())).name
    except (LookupError, ValueError):
        return "try utf-8, windows-1252 or iso-8859-1"
    return f"did you mean --encoding {known.replace('iso8859', 'iso-8859')}?"


def _encoding_by(path: str, head: bytes, declared: str) -> str:
    """Return the encoding; a byte order mark overrides the declared one."""
    mark = has_byte_order_mark(head)
    if mark is not None:
        return mark
    likely = looks_utf16(head)
    if declared in UNSETTLED or (likely and not is_ascii_incompatible(declared)):
        order = likely or f"{declared}-le"
        raise InputError(
            f"{path}: is {declared.upper() if declared in UNSETTLED else 'UTF-16'} text without a byte order mark",
            hint=f"name the order of its bytes: --encoding {order}",
        )
    if declared.startswith(("utf-16-", "utf-32-")) and head and b"\0" not in head:
        raise InputError(
            f"{path}: is not {declared} text", hint="leave --encoding out, or try --encoding utf-8"
        )
    return declared


def _again(found: FoundFile) -> tuple[Problem, ...]:
    if not found.again:
        return ()
    others = ", ".join(found.again)
    return (
        Problem(
            rules.FILE_NAMED_TWICE, f"the file was named again, as {others}; it is read once", found.path
        ),
    )


def _ends_with_returns(head: bytes) -> bool:
    """Return whether lines end with CR alone, as on old Macs.

    Such files have LF only within cells. In a single JSON object a CR is white space.
    """
    if head.count(b"\r") == head.count(b"\r\n"):
        return False
    unquoted = _QUOTED.sub(b"", head)
    if b"\r" not in unquoted or b"\n" in unquoted:
        return False
    return not unquoted.removeprefix(BOM).lstrip().startswith(b"{") or bool(_NEXT_OBJECT.search(unquoted))


def _refuse_foreign(path: str, head: bytes) -> None:
    """Raise if the file is empty, binary or of another format."""
    if not head.removeprefix(BOM).strip():
        raise EmptyFile(f"{path}: is empty", hint="name a file with a header and rows")
    again = compression_of(head)
    if again is not None:
        raise InputError(
            f"{path}: is compressed twice, inside with {again}",
            hint="decompress it once, then name the result",
        )
    foreign = foreign_text(head)
    if foreign is not None:
        raise InputError(f"{path}: is {foreign.kind}", hint=foreign.hint)
    kind = next((kind for magic, kind in _FOREIGN.items() if head.startswith(magic)), None)
    if kind is None and _MARKUP.match(head):
        kind = "HTML or XML, such as a login page,"
    if kind is None and _is_binary(head):
        kind = "binary"
    if kind is not None:
        raise InputError(
            f"{path}: is {kind} and not CSV or NDJSON", hint="export it as CSV or NDJSON, in UTF-8"
        )


def _is_binary(head: bytes) -> bool:
    """Return whether a file's head is binary and not text.

    Control characters alone count as text.
    """
    first = head.lstrip().partition(b"\n")[0]
    if b"\0" in first or head.count(0) > 0.1 * len(head):
        return True
    return len(first.translate(None, _CONTROLS)) < len(first) and "\ufffd" in first.decode("utf-8", "replace")


def refuse_endless(source: Source, head: bytes) -> None:
    """Raise if the first line is longer than the line limit.

    Raises:
        InputError: It has none.
    """
    if b"\n" in head or len(head) < HEAD_BYTES:
        return
    size = 0
    with open_source(source) as stream:
        while data := stream.read(HEAD_BYTES):
            size += len(data)
            if b"\n" in data:
                return
            if size > MAX_LINE_BYTES:
                raise InputError(
                    f"{source.path}: the first line has more than {MAX_LINE_BYTES:,} bytes, and is not a header",
                    hint="export it as CSV or NDJSON, with one event on a line",
                )
