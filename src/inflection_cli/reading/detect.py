"""What a file is, by its content: packed or not, CSV or NDJSON, its encoding, delimiter and columns."""

import codecs
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from typing import Literal

from inflection_cli import rules
from inflection_cli.errors import InputError, UsageError
from inflection_cli.model import Chunk, Problem
from inflection_cli.reading.csv import Header, read_csv, read_header
from inflection_cli.reading.files import GZIP_MAGIC, Found, open_stream
from inflection_cli.reading.ndjson import joined, read_ndjson
from inflection_cli.reading.objects import Flaw, read_object
from inflection_cli.reading.page import decode
from inflection_cli.reading.source import SAMPLE_CHARS, SAMPLE_ROWS, ReadOptions, Source
from inflection_cli.reading.window import Window

DELIMITERS = (",", ";", "\t", "|")
_HEAD_BYTES = 1 << 16
_BOM = codecs.BOM_UTF8
_NAMES = {",": "','", ";": "';'", "\t": "tab", "|": "'|'"}

# The first bytes of what is often mistaken for an export, by the formats' own specifications.
_FOREIGN = {
    b"PK\x03\x04": "an Excel workbook or another zip archive",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"%PDF": "a PDF",
    b"BZh": "packed with bzip2",
    b"\xfd7zXZ": "packed with xz",
    b"\x28\xb5\x2f\xfd": "packed with zstd",
    b"PAR1": "a Parquet file",
    b"SQLite format 3": "an SQLite database",
    GZIP_MAGIC: "packed with gzip twice",
}
_MARKUP = re.compile(rb"\s*<(?:!doctype|html|\?xml)", re.IGNORECASE)
_JSON_ARRAY = re.compile(r"\s*\[\s*(?:[\[{\]]|\Z)")
_JSON_OBJECT = re.compile(r'\s*\{\s*(?:["}]|\Z)')
_EXCEL_HINT = re.compile(r'"?sep=.?"?\r*\n', re.IGNORECASE)
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\r\x1a\x1b\f"))
_WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)
# Codecs that say they read ASCII, but keep a state over several lines, or read host names only.
_STATEFUL = ("iso2022", "hz", "idna")
_ASCII = bytes(range(128)) + rb"\ud800"


def detect(found: Found | str, options: ReadOptions) -> Source:
    """Find out what a file is and how it is to be read.

    Args:
        found: What `find` gave; a bare path stands for a file of that name.
        options: What the user settled; nothing here is guessed against it.

    Raises:
        InputError: It is nothing that can be read, or two readings of it are equally good.
        UsageError: An option names no encoding or no delimiter.
    """
    found = Found(found, found) if isinstance(found, str) else found
    encoding = _encoding(options.encoding)
    compression: Literal["gzip"] | None = None
    with open_stream(found.path, found.location, None) as stream:
        if stream.read(2) == GZIP_MAGIC:
            compression = "gzip"
        size_bytes = stream.size_bytes()
    with open_stream(found.path, found.location, compression) as stream:
        head = Window(stream, found.path).block(_HEAD_BYTES)
    _refuse_foreign(found.path, head)
    marked = head.startswith(_BOM)
    blank = Source(
        path=found.path,
        location=found.location,
        format="csv",
        encoding="utf-8" if marked else encoding,
        delimiter=None,
        compression=compression,
        columns=(),
        sample=(),
        problems=_again(found),
        size_bytes=size_bytes,
        data_offset=len(_BOM) if marked else 0,
    )
    text = decode(head.removeprefix(_BOM), blank.encoding)
    if _JSON_ARRAY.match(text):
        raise _not_lines(found.path, "a JSON array", "jq -c '.[]' FILE > FILE.ndjson")
    if options.format == "ndjson" or _JSON_OBJECT.match(text):
        if _JSON_OBJECT.match(text):
            _refuse_spread(found.path, text)
        return _ndjson(replace(blank, format="ndjson"))
    if _EXCEL_HINT.match(text):
        raise InputError(
            f"{found.path}: starts with Excel's 'sep=' line, which is no header",
            hint="delete the first line: tail -n +2 OLD > NEW",
        )
    return _csv(blank, _candidates(options.delimiter))


def _encoding(name: str) -> str:
    """Give a codec's own name; it must leave ASCII as it is, or no line could be found."""
    try:
        codec = codecs.lookup(name).name
    except (LookupError, ValueError) as error:
        hint = "try utf-8, windows-1252 or iso-8859-1"
        raise UsageError(f"--encoding {name!r}: no such encoding", hint=hint) from error
    try:
        sound = _ASCII.decode(codec) == _ASCII.decode("ascii") and not codec.startswith(_STATEFUL)
    except (LookupError, ValueError):
        sound = False
    if not sound:
        raise UsageError(
            f"--encoding {name!r}: files in this encoding cannot be read",
            hint=f"turn the file into UTF-8: iconv -f {name} -t UTF-8 OLD > NEW",
        )
    return "utf-8" if codec == "utf-8-sig" else codec


def _candidates(delimiter: str | None) -> Sequence[str]:
    if delimiter is None:
        return DELIMITERS
    given = "\t" if delimiter.lower() in {"tab", r"\t"} else delimiter
    if len(given) != 1 or given in '"\r\n\0':
        raise UsageError(
            f"--delimiter {delimiter!r}: is no delimiter", hint="give one character, or the word tab"
        )
    return (given,)


def _again(found: Found) -> tuple[Problem, ...]:
    if not found.again:
        return ()
    others = ", ".join(found.again)
    return (
        Problem(
            rules.FILE_NAMED_TWICE, f"the file was named again, as {others}; it is read once", found.path
        ),
    )


def _refuse_foreign(path: str, head: bytes) -> None:
    """Refuse what holds no text, or not in a way that lines can be found in."""
    if not head.removeprefix(_BOM).strip():
        raise InputError(f"{path}: is empty", hint="name a file with a header and rows")
    if head.startswith(_WIDE) or _looks_wide(head):
        raise InputError(
            f"{path}: is UTF-16 or UTF-32 text",
            hint="save it as 'CSV UTF-8', or: iconv -f UTF-16 -t UTF-8 OLD > NEW",
        )
    kind = next((kind for magic, kind in _FOREIGN.items() if head.startswith(magic)), None)
    if kind is None and _MARKUP.match(head):
        kind = "HTML or XML, such as a login page,"
    if kind is None and _is_binary(head):
        kind = "binary"
    if kind is not None:
        raise InputError(
            f"{path}: is {kind} and not CSV or NDJSON", hint="export it as CSV or NDJSON, in UTF-8"
        )


def _looks_wide(head: bytes) -> bool:
    """Say whether every second byte is a NUL, as it is in Latin text in UTF-16."""
    shares = (
        sorted(part.count(0) / len(part) for part in (head[::2], head[1::2])) if len(head) >= 8 else [0, 0]
    )
    return shares[0] < 0.3 and shares[1] > 0.7


def _is_binary(head: bytes) -> bool:
    """Go by what no text has; control characters alone are text, if odd."""
    first = head.lstrip().partition(b"\n")[0]
    if b"\0" in first or head.count(0) > 0.1 * len(head):
        return True
    return len(first.translate(None, _CONTROLS)) < len(first) and "\ufffd" in first.decode("utf-8", "replace")


def _not_lines(path: str, what: str, command: str) -> InputError:
    return InputError(
        f"{path}: is {what}; one object per line is needed", hint=f"turn it into NDJSON: {command}"
    )


def _refuse_spread(path: str, text: str) -> None:
    """Refuse an object that is spread over lines; a broken line among others is another matter."""
    lines = [line for line in text.split("\n") if line.strip()][:2]
    try:
        read_object(lines[0])
    except Flaw as flaw:
        spread = flaw.rule is rules.JSON_INVALID and len(lines) > 1 and not lines[1].lstrip().startswith("{")
        if spread:
            raise _not_lines(
                path, "an object that is spread over lines", "jq -c . FILE > FILE.ndjson"
            ) from None


def _ndjson(source: Source) -> Source:
    """Gather the keys of the first records."""
    columns: tuple[str, ...] = ()
    rows: list[tuple[tuple[str, ...], list[str]]] = []
    fault: Problem | None = None
    for chunk in _beginning(source):
        columns = joined(columns, dict.fromkeys(chunk.columns, ""))
        rows += [(chunk.columns, row) for row in chunk.rows]
        fault = fault or (chunk.faults[0].problem if chunk.faults else None)
    if not columns:
        what = f"line {fault.line:,}: {fault.message}" if fault and fault.line else "the objects are empty"
        raise InputError(
            f"{source.path}: holds no record that can be read: {what}", hint=fault.rule.mend if fault else ""
        )
    sample = [row + [""] * (len(columns) - len(names)) for names, row in rows]
    return replace(source, columns=columns, sample=_cut(sample))


def _csv(source: Source, candidates: Sequence[str]) -> Source:
    """Settle the delimiter by parsing, then the columns."""
    headers = _headers(source, candidates)
    delimiter = next(iter(headers)) if len(headers) == 1 else _the_one(source, headers)
    header = headers[delimiter]
    names = _named(source.path, header)
    source = replace(source, delimiter=delimiter, columns=names, data_offset=source.data_offset + header.size)
    if len(names) < len(header.names):
        message = "the last column has no name and is left out"
        source = replace(
            source,
            nameless_last=True,
            problems=(*source.problems, Problem(rules.NAMELESS_COLUMN, message, source.path, 1)),
        )
    chunks = _beginning(source)
    if not any(chunk.rows or chunk.faults for chunk in chunks):
        raise InputError(f"{source.path}: has a header and no rows", hint="see whether the export is whole")
    return replace(source, sample=_cut([row for chunk in chunks for row in chunk.rows]))


def _headers(source: Source, candidates: Sequence[str]) -> dict[str, Header]:
    """Read the header with each candidate; those that split nothing count only when none splits anything."""
    headers: dict[str, Header] = {}
    refusal: InputError | None = None
    for delimiter in candidates:
        with open_stream(source.path, source.location, source.compression) as stream:
            window = Window(stream, source.path)
            window.advance(source.data_offset)
            try:
                headers[delimiter] = read_header(window, source.path, source.encoding, delimiter)
            except InputError as error:
                refusal = refusal or error
    split = {delimiter: header for delimiter, header in headers.items() if len(header.names) > 1}
    # A header that breaks with one delimiter is no single column with another.
    if not split and refusal is not None:
        raise refusal
    return split or dict(islice(headers.items(), 1))


def _the_one(source: Source, headers: dict[str, Header]) -> str:
    """Choose the one delimiter with which the first records fit; two such are no choice of ours."""
    whole: list[str] = []
    some: list[str] = []
    for delimiter, header in headers.items():
        trial = replace(
            source, delimiter=delimiter, columns=header.names, data_offset=source.data_offset + header.size
        )
        chunks = _beginning(trial)
        rows = sum(len(chunk.rows) for chunk in chunks)
        if rows:
            some.append(delimiter)
            if not any(chunk.faults for chunk in chunks):
                whole.append(delimiter)
    fitting = whole or some
    if len(fitting) == 1:
        return fitting[0]
    tied = " and ".join(_NAMES[delimiter] for delimiter in fitting or headers)
    raise InputError(
        f"{source.path}: {tied} divide the first lines equally well",
        hint=f"name the delimiter, for example --delimiter {_NAMES[next(iter(fitting or headers))]}",
    )


def _named(path: str, header: Header) -> tuple[str, ...]:
    """Give the names that columns can be told apart by."""
    names = header.names
    if len(names) > 1 and not names[-1].strip():
        names = names[:-1]
    for index, name in enumerate(names):
        if not name.strip():
            raise InputError(
                f"{path}: column {index + 1} of {len(names)} has no name",
                hint="name it in the header, or take the column out of the export",
            )
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        places = " and ".join(str(index + 1) for index, name in enumerate(names) if name == twice[0])
        raise InputError(
            f"{path}: two columns have the name {twice[0]!r}: {places}",
            hint="rename one of them in the header, or take it out of the export",
        )
    return names


def _beginning(source: Source) -> list[Chunk]:
    """Read the first records, readable or not, as far as the sample goes."""
    read = read_csv if source.format == "csv" else read_ndjson
    chunks: list[Chunk] = []
    records = chars = 0
    for chunk in read(source, ReadOptions(chunk_bytes=_HEAD_BYTES)):
        chunks.append(chunk)
        records += len(chunk.rows) + sum(fault.rows for fault in chunk.faults)
        chars += sum(len(cell) for row in chunk.rows for cell in row)
        chars += sum(len(fault.raw) for fault in chunk.faults)
        if records >= SAMPLE_ROWS or chars > SAMPLE_CHARS:
            break
    return chunks


def _cut(rows: list[list[str]]) -> tuple[list[str], ...]:
    return tuple(rows[:SAMPLE_ROWS])
