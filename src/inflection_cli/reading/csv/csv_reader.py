"""Read CSV files in chunks: fast if well-formed, else record by record.

Regular text is split without parsing. It is cut at every quote: what lies at even places is outside of quotes, what
lies at odd ones inside. Outside, and only there, delimiters and line ends become characters that the text does not
hold; put together again it is split by those. All of it runs over whole blocks: two thirds of the csv module's time
where rows have quotes, a third where they have none.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import accumulate, repeat
from operator import add, itemgetter

from inflection_cli.errors import EmptyFile, InputError
from inflection_cli.model import Chunk, Fault, Problem
from inflection_cli.reading.csv.strict_csv import (
    CsvSchema,
    ParsedBlock,
    RecordEnd,
    StrictReader,
    judge,
    ragged,
    runs_on,
    with_delimiter,
)
from inflection_cli.reading.files.encoding import text_encoding, wrong_bytes
from inflection_cli.reading.files.text_cursor import TextCursor
from inflection_cli.reading.files.window import Piece, PieceRead, Window
from inflection_cli.reading.source import MAX_COLUMNS, MAX_RECORD_CHARS, Source

_CELL_END = "\x1f"
_ROW_END = "\x1e"
_EDGES = {ord(_CELL_END), ord(_ROW_END)}
"""What lies next to a quoted part, if anything does: at the ends of the text and between two quotes nothing."""

_FIRST, _LAST = itemgetter(0), itemgetter(-1)


def split_rows(data: bytes, delimiter: str) -> list[list[str]] | None:
    """Split whole CSV lines into rows; return None if parsing is needed.

    The result is that of `csv.reader(…, strict=True)` over the text: a blank line is an empty row, a doubled quote in
    a quoted cell is one. Refused are quotes within unquoted cells, text after a closing quote, carriage returns that
    end no line, line ends of two kinds, an open quote at the end, and the two characters that this works with.

    Args:
        data: Lines in UTF-8 that all end with LF, the last one with or without, or all with CRLF; shorter than the
            csv module's bound of a cell.
        delimiter: The character between cells, in ASCII.

    Raises:
        UnicodeDecodeError: They are not UTF-8.
    """
    if _CELL_END.encode() in data or _ROW_END.encode() in data or not delimiter.isascii():
        return None
    parts = data.split(b'"')
    outside = b'"'.join(parts[::2]).translate(_ends(delimiter))
    between = outside.split(b'"')
    inner = list(filter(None, between[1:-1]))
    has_quotes = len(between) > 1
    first, last = ({*between[-1][:1]}, {*between[0][-1:]}) if has_quotes else (set[int](), set[int]())
    first.update(map(_FIRST, inner))
    last.update(map(_LAST, inner))
    returns = outside.count(b"\r")
    # Where rows end in CR and LF, a row that a quoted part ends has the CR outside of it.
    after = {ord(_CELL_END), ord("\r") if returns else ord(_ROW_END)}
    if len(parts) % 2 == 0 or not (first <= after and last <= _EDGES):
        return None
    if len(inner) + 2 < len(between):
        # Nothing between two quoted parts: a doubled quote, which stands for one.
        between[1:-1] = [part or b'"' for part in between[1:-1]]
    parts[::2] = between
    lines = b"".join(parts).decode().split(_ROW_END)
    if outside.endswith(_ROW_END.encode()) or not outside:
        lines.pop()
    elif returns:
        return None
    if returns:
        if returns != len(lines) or "" in lines or set(map(_LAST, lines)) != {"\r"}:
            return None
        lines = [line[:-1] for line in lines]
    rows = [line.split(_CELL_END) for line in lines]
    if "" not in lines:
        return rows
    # An empty line is blank, unless its one cell is a pair of quotes.
    return None if has_quotes else [row if row != [""] else [] for row in rows]


@lru_cache(maxsize=8)
def _ends(delimiter: str) -> bytes:
    """Return a table that maps delimiter and LF to internal end marks."""
    return bytes.maketrans(f"{delimiter}\n".encode(), f"{_CELL_END}{_ROW_END}".encode())


def read_csv(piece: Piece, source: Source, size: int) -> PieceRead:
    """Read the records of a piece that are whole in it.

    Which rows, lines and faults come out depends on the file alone, not on how it is cut.

    Args:
        piece: Starts where a record starts.
        source: What the file is.
        size: So many bytes are read at once.
    """
    assert source.delimiter is not None
    names = list(source.columns)
    for index in source.left_out:
        names.insert(index, "")
    form = CsvSchema(source.path, source.encoding, source.delimiter, tuple(names), source.nameless_last)
    window = Window.over(piece)
    parts: list[ParsedBlock] = []
    while block := window.block(size):
        line_ends = piece.line_ends if len(block) == len(piece.data) else block.count(b"\n")
        part = _swiftly(block, form, window.line, line_ends) or StrictReader(window, form).gather(len(block))
        if not part.consumed:
            break
        window.advance(part.consumed, part.line_ends)
        parts.append(part)
    return _joined(parts, source, window.digest())


def _joined(parts: Sequence[ParsedBlock], source: Source, digest: bytes) -> PieceRead:
    """Return the blocks of a piece as one chunk."""
    consumed = sum(part.consumed for part in parts)
    if not parts:
        return PieceRead(None, 0, source.columns)
    rows, lines = parts[0].rows, parts[0].lines
    if len(parts) > 1:
        rows = [row for part in parts for row in part.rows]
        lines = [line for part in parts for line in part.lines]
    for index in reversed(source.left_out):
        for row in rows:
            del row[index]
    chunk = Chunk(
        source.path,
        source.columns,
        rows,
        lines,
        1,
        tuple(fault for part in parts for fault in part.faults),
        digest,
        warnings=tuple(warning for part in parts for warning in part.warnings),
    )
    return PieceRead(chunk, consumed, source.columns)


def record_end(lines: bytes) -> int:
    """Return the last line end outside quotes, by counting quotes.

    Quotes stand in pairs where CSV is in order. So this is where a record ends, or else a guess that is judged by
    reading. 0 where there is none.

    Args:
        lines: Whole lines, the first of which starts a record.
    """
    if not lines.count(b'"') & 1:
        return len(lines)
    end = lines.rfind(b'"')
    while True:
        # From `start` to `end` all is outside of quotes; in front of it, back to one quote more, inside.
        start = lines.rfind(b'"', 0, end)
        found = lines.rfind(b"\n", start + 1, end)
        if found >= 0 or start < 0:
            return found + 1
        end = lines.rfind(b'"', 0, start)


def _swiftly(block: bytes, form: CsvSchema, line: int, line_ends: int) -> ParsedBlock | None:
    """Parse a block at once; return None if exact parsing is needed."""
    # No record of a block within the bound can be over it.
    if len(block) > MAX_RECORD_CHARS or b"\0" in block:
        return None
    try:
        read = _rows(block, form)
    except UnicodeDecodeError:
        return None
    if read is None:
        return None
    rows, whole, in_order = read
    harvest: ParsedBlock | None
    if whole and set(map(len, rows)) == {form.width} and line_ends + (block[-1:] != b"\n") == len(rows):
        harvest = ParsedBlock(rows, range(line, line + len(rows)), (), len(block), line_ends)
    else:
        harvest = _unevenly(block, rows, form, line, whole=whole)
    if harvest is not None and not in_order:
        harvest = _without_bare_quotes(harvest, block, form, line)
    if harvest is None:
        return None
    if form.nameless_last and any([row.pop() for row in harvest.rows]):  # noqa: C419 - every row loses its last cell
        return None
    return harvest


def _rows(block: bytes, form: CsvSchema) -> tuple[list[list[str]], bool, bool] | None:
    """Return the rows before the first error, and whether all parsed.

    Returns:
        The rows, whether they reach to the end, and whether each quote stands where a grammar has one.

    Raises:
        UnicodeDecodeError: Bytes are no text.
    """
    encoding = text_encoding(form.encoding)
    if len(block) <= csv.field_size_limit():
        data = block if form.encoding == "utf-8" else block.decode(encoding).encode()
        split = split_rows(data, form.delimiter)
        if split is not None:
            return split, True, True
    text = block.decode(encoding)
    # The csv module takes any number of carriage returns for a part of the line end, and one at the end of a file.
    if "\r\r" in text or text.endswith("\r"):
        return None
    rows: list[list[str]] = []
    try:
        # newline="\n" keeps every CR, and no other character that Unicode calls a line break splits a line.
        rows.extend(csv.reader(io.StringIO(text, newline="\n"), delimiter=form.delimiter, strict=True))
    except csv.Error:
        return rows, False, False  # the last record may just go on in the next block
    return rows, True, False


def _without_bare_quotes(
    harvest: ParsedBlock, block: bytes, form: CsvSchema, line: int
) -> ParsedBlock | None:
    """Reject rows with ambiguous bare quotes, and warn of the others.

    Return None if exact parsing is needed: a quote may go on in the next row.
    """
    quoted = [at for at, row in enumerate(harvest.rows) if '"' in "".join(row)]
    raw = _RawLines(block, form, line)
    if any(b'"' in fault.raw and raw.is_cut_off(raw.text(fault.line, 1)) for fault in harvest.faults):
        return None
    known = dict(zip(harvest.lines, harvest.rows, strict=True))
    harvest = _without_cut_off(harvest, block, raw, line)
    faults: dict[int, Fault] = {}
    warnings = list[Problem]()
    for at in quoted:
        if at == len(harvest.rows):
            break
        start, breaks = harvest.lines[at], "".join(harvest.rows[at]).count("\n")
        text = raw.text(start, breaks + 1)
        flaw, said = judge(text, form.delimiter, form.file, start, form.name)
        if said and flaw is None and raw.may_run_on(text, start + breaks + 1, known):
            return None
        warnings += said
        if flaw is not None:
            lines = sum(1 for part in text.split("\n") if part.strip("\r"))
            faults[at] = Fault(flaw, start, lines, raw.bytes(start, breaks + 1))
    fitting = [at for at in range(len(harvest.rows)) if at not in faults]
    return replace(
        harvest,
        rows=[harvest.rows[at] for at in fitting],
        lines=[harvest.lines[at] for at in fitting],
        faults=sorted([*harvest.faults, *faults.values()], key=lambda fault: fault.line),
        warnings=warnings,
    )


class _RawLines:
    """The lines of a block, by their numbers in the file."""

    def __init__(self, block: bytes, form: CsvSchema, line: int) -> None:
        self._raw = block.split(b"\n")
        self._form = form
        self._line = line

    def bytes(self, line: int, count: int) -> bytes:
        """Return so many lines from a number on, with their ends."""
        first = line - self._line
        end = first + count
        return b"\n".join(self._raw[first:end]) + (b"\n" if end < len(self._raw) else b"")

    def text(self, line: int, count: int) -> str:
        """Return the same as text."""
        return self.bytes(line, count).decode(text_encoding(self._form.encoding))

    def is_cut_off(self, record: str) -> bool:
        """Return whether a quote in a bare cell is left open."""
        return with_delimiter(record, self._form.delimiter) is not None

    def may_run_on(self, record: str, following: int, known: Mapping[int, Sequence[str]]) -> bool:
        """Return whether a record may go on in the next row.

        Args:
            record: The record.
            following: The number of the line after it.
            known: The rows by the lines on which they start.
        """
        fixed = with_delimiter(record, self._form.delimiter)
        if fixed is None:
            return False
        after = following
        while after - self._line < len(self._raw) and not self._raw[after - self._line].strip(b"\r"):
            after += 1
        if after not in known:
            return True
        lines = after - following + 1 + "".join(known[after]).count("\n")
        text = self.text(following, lines)
        return '"' in text and runs_on(fixed, text, self._form.delimiter, self._form.width)


def _without_cut_off(harvest: ParsedBlock, block: bytes, raw: _RawLines, line: int) -> ParsedBlock:
    """Leave a last row that is cut off to the next block."""
    if len(harvest.rows) < 2 or '"' not in "".join(harvest.rows[-1]):
        return harvest
    last = harvest.lines[-1]
    text = raw.text(last, 1 + "".join(harvest.rows[-1]).count("\n"))
    if any(fault.line > last for fault in harvest.faults) or not raw.is_cut_off(text):
        return harvest
    consumed = _line_start(block, last - line)
    return replace(
        harvest, rows=harvest.rows[:-1], lines=harvest.lines[:-1], consumed=consumed, line_ends=None
    )


def _unevenly(
    block: bytes, rows: list[list[str]], form: CsvSchema, line: int, *, whole: bool
) -> ParsedBlock | None:
    """Handle blank lines, line breaks in cells, and one-line ragged rows.

    Return None if exact parsing is needed.
    """
    if not rows:
        return None
    # Within a record line ends stand in cells only, and there as they are: so many are its lines, less one.
    breaks = [text.count("\n") if "\n" in text else 0 for text in map("".join, rows)]
    lines = list(accumulate(map(add, breaks, repeat(1)), initial=line))
    consumed = len(block) if whole else _line_start(block, lines[-1] - line)
    if set(map(len, rows)) == {form.width}:
        return ParsedBlock(rows, lines[:-1], (), consumed)
    odd = [index for index, row in enumerate(rows) if len(row) != form.width]
    if any(breaks[index] for index in odd):
        return None
    raw = block.split(b"\n")
    faults = [
        _ragged(rows[index], lines[index], raw, lines[index] - line, form) for index in odd if rows[index]
    ]
    fitting = [(row, at) for row, at in zip(rows, lines, strict=False) if len(row) == form.width]
    return ParsedBlock([row for row, _ in fitting], [at for _, at in fitting], faults, consumed)


def _line_start(block: bytes, index: int) -> int:
    """Return the offset of a line in a block, searching backwards.

    A record that is cut off is near the end of the block.
    """
    at = len(block) if block.endswith(b"\n") else len(block) + 1
    for _ in range(block.count(b"\n") + (at > len(block)) - index):
        at = block.rfind(b"\n", 0, at - 1) + 1
    return at


def _ragged(row: list[str], line: int, raw: list[bytes], index: int, form: CsvSchema) -> Fault:
    line_end = b"\n" if index < len(raw) - 1 else b""
    text = raw[index].decode(text_encoding(form.encoding))
    return Fault(ragged(form, len(row), line, text), line, 1, raw[index] + line_end)


@dataclass(frozen=True, slots=True, eq=False)
class Header:
    """Column names of a CSV file, and the start of the data.

    Attributes:
        names: As they stand, the nameless last one included.
        size: How many bytes precede the data, counted from the window's start.
        line: The physical line, from 1, that they stand on.
        is_given: Whether the user named them, and the file has none.
    """

    names: tuple[str, ...]
    size: int
    line: int
    is_given: bool = False


def read_header(window: Window, path: str, encoding: str, delimiter: str) -> Header:
    """Read the header strictly from the first line that is not blank.

    Raises:
        InputError: There is none, or it is no CSV with this delimiter.
    """
    page = TextCursor(window, encoding)
    form = CsvSchema(path, encoding, delimiter, (), nameless_last=False)
    records = StrictReader(window, form, page)
    while records.blank():
        page.take(page.line_end(page.at))
    if page.line_end(page.at) == page.at:
        raise EmptyFile(f"{path}: is empty", hint="name a file with a header and rows")
    shape = records.shape(page.at, MAX_COLUMNS)
    if shape.ending is not RecordEnd.WHOLE:
        raise InputError(
            f"{path}: line {page.line:,}: the header cannot be read as CSV: {_WHY[shape.ending]}",
            hint="fix the first line, or name the delimiter, for example --delimiter ';'",
        )
    if shape.cells > MAX_COLUMNS:
        raise InputError(
            f"{path}: the header has {shape.cells:,} names, more than {MAX_COLUMNS:,}",
            hint="export fewer columns, or name the delimiter, for example --delimiter ';'",
        )
    text = page.text[page.at : shape.end]
    flaw = wrong_bytes(text, path, page.line, encoding)
    if flaw is not None:
        hint = flaw.hint or "export it as CSV or NDJSON, in UTF-8"
        raise InputError(f"{path}: line {page.line:,}: the header cannot be read: {flaw.message}", hint=hint)
    line = page.line
    page.take(shape.end)
    try:
        names = next(csv.reader(io.StringIO(text, newline="\n"), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise InputError(f"{path}: the header cannot be read: {error}") from error
    return Header(tuple(names), page.taken, line)


_WHY = {
    RecordEnd.OPEN: "a quote is not closed",
    RecordEnd.CUT: "it is cut off",
    RecordEnd.TEXT_AFTER_QUOTE: "text follows a closing quote",
    RecordEnd.BARE_RETURN: "a carriage return ends no line; tr '\\r' '\\n' < OLD > NEW fixes old line ends",
    RecordEnd.CROWDED: "it has too many names",
    RecordEnd.OVERLONG: "it is too long",
}
