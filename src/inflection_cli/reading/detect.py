"""Detect a file's format by content: CSV or JSON, delimiter and columns."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from typing import cast

from inflection_cli import rules
from inflection_cli.catalog import NAME_AND_PLACE
from inflection_cli.errors import EmptyFile, InputError
from inflection_cli.lossless_json import JsonError
from inflection_cli.model import Chunk, Problem
from inflection_cli.reading.binary.binary_format import name_of
from inflection_cli.reading.csv.csv_reader import Header, read_header
from inflection_cli.reading.csv.escapes import require_escapes
from inflection_cli.reading.csv.off_shapes import (
    DELIMITERS,
    UNUSUAL,
    OffShape,
    format_delimiter,
    off_shape,
    read_hint,
    resolve_delimiter,
)
from inflection_cli.reading.files.encoding import swap_text, text_encoding
from inflection_cli.reading.files.find import FoundFile, unfolded
from inflection_cli.reading.files.sniff import BOM, HEAD_BYTES, refuse_endless, sniff
from inflection_cli.reading.files.stream import open_source
from inflection_cli.reading.files.text_cursor import decode
from inflection_cli.reading.files.window import Window
from inflection_cli.reading.json.inner_lists import within_each
from inflection_cli.reading.json.json_format import (
    THE_OBJECT_ITSELF,
    are_rejects,
    brackets_are_certain,
    json_format,
    members,
    path_here,
)
from inflection_cli.reading.json.json_objects import read_object
from inflection_cli.reading.json.message_paths import BATCH
from inflection_cli.reading.json.ndjson import joined
from inflection_cli.reading.read import read
from inflection_cli.reading.source import SAMPLE_CHARS, SAMPLE_ROWS, BinaryFormat, ReadOptions, Source

_JSON_ARRAY = re.compile(r"\s*\[\s*(?:[\[{\]]|\Z)")
_JSON_OBJECT = re.compile(r'\s*\{\s*(?:["}]|\Z)')


def detect(found: FoundFile | str, options: ReadOptions) -> Source:
    """Detect a file's format, encoding, delimiter and columns.

    Args:
        found: What `find` gave; a bare path stands for a file of that name.
        options: What the user settled; nothing here is guessed against it.

    Raises:
        InputError: It is nothing that can be read, or two readings of it are equally good.
        UsageError: An option names no encoding or no delimiter.
    """
    blank, head = sniff(_single(found) if isinstance(found, str) else found, options)
    head = head.removeprefix(BOM)
    options = replace(options, records=path_here(options.records, head, blank.encoding))
    if blank.is_binary:
        return _table(blank, options)
    text = decode(head, blank.encoding)
    if options.format is not None and (source := _of_one_kind(blank, text, options)) is not None:
        return source
    form = json_format(blank, head, options.records)
    if form is not None:
        is_path = options.records not in {None, THE_OBJECT_ITSELF} and not are_rejects(head)
        leads_in = is_path and (form == "json" or bool(within_each(options.records)))
        return _json(replace(blank, format=form, records=options.records if leads_in else None))
    if options.records is not None and options.format != "messages":
        raise InputError(
            f"{blank.path}: is not JSON, so it has no list at {options.records!r}",
            hint="leave --records out for this file",
        )
    refuse_endless(blank, head)
    if are_rejects(head):
        # Rejected rows have a header of ours and are plain CSV, whatever the file was that they come from.
        options = replace(options, header_line=1, columns=(), escape=None, guesses=False)
    line = read_hint(blank.path, text)
    if line is not None:
        size = head.index(b"\n") + 1
        blank = replace(blank, data_offset=blank.data_offset + size, header_line=2)
    delimiters = resolve_delimiter(blank.path, line, options.delimiter)
    off = _off_shape(text, delimiters, options) if line is None else None
    if off is None or not options.guesses:
        return replace(_csv(_placed(blank, options), delimiters, options), off=off)
    guess = replace(options, header_line=off.header_line or 1, columns=off.names, escape=off.escape)
    try:
        return replace(_csv(_placed(blank, guess), delimiters, guess), off=off)
    except InputError:
        return _csv(_placed(blank, options), delimiters, options)


def _off_shape(text: str, delimiters: Sequence[str], options: ReadOptions) -> OffShape | None:
    """Return what is off about a file, without options for it."""
    if options.header_line > 1 or options.columns or options.escape or not text:
        return None
    return off_shape(text, delimiters[0] if len(delimiters) == 1 else None)


def _placed(source: Source, options: ReadOptions) -> Source:
    """Return the source with the place of its header, and its escape."""
    if options.escape is not None:
        require_escapes(source.path, text_encoding(source.encoding))
        source = replace(source, escape=options.escape)
    if options.header_line <= source.header_line:
        return source
    with open_source(source) as stream:
        window = Window(stream)
        window.advance(source.data_offset)
        size = source.data_offset
        while window.line < options.header_line and (block := window.block(1)):
            window.advance(len(block))
            size += len(block)
    return replace(source, data_offset=size, header_line=window.line)


def _table(source: Source, options: ReadOptions) -> Source:
    """Return a binary table with columns and sample from its first rows."""
    what = name_of(cast(BinaryFormat, source.format))
    if options.format == "messages" and options.records is None:
        raise InputError(
            f"{source.path}: is {what}; ready messages are JSON",
            hint="",
        )
    if options.records in {None, THE_OBJECT_ITSELF} or options.format == "messages":
        return _json(source)
    # Each row is a document of its own, so a path starts in it with or without a dot.
    return _json(replace(source, records=f"{THE_OBJECT_ITSELF}{str(options.records).removeprefix('.')}"))


def _of_one_kind(source: Source, text: str, options: ReadOptions) -> Source | None:
    """Return a file of lines or messages; None for a table.

    Messages are in a column of that table.
    """
    if options.format == "ndjson":
        _refuse_spread(source.path, text)
        return _json(replace(source, format="ndjson"))
    if _JSON_ARRAY.match(text):
        return _json(replace(source, format="json", is_whole=True))
    if not _JSON_OBJECT.match(text):
        return None if options.records is not None else _json(replace(source, format="ndjson"))
    if not _is_spread(text):
        return _json(replace(source, format="ndjson"))
    keys = (options.records or BATCH).split(".")
    # A request body is one record: what it says for all of its messages may stand behind them.
    path = ".".join(keys[:-1] if keys[-1] == BATCH else keys)
    lists = members(text).lists
    list_ = next((each for each in lists if f"{path}.".startswith(f"{each}.")), None)
    return _json(replace(source, format="json", is_whole=True, records=list_))


def _single(path: str) -> FoundFile:
    """Return the file at a path, or an archive's only file."""
    files = unfolded(FoundFile(path, path))
    if len(files) > 1:
        raise InputError(f"{path}: holds {len(files)} files", hint="extract it, and name one of them")
    return files[0]


def _not_lines(path: str, what: str, command: str) -> InputError:
    return InputError(
        f"{path}: is {what}; one object per line is needed", hint=f"turn it into NDJSON: {command}"
    )


def _refuse_spread(path: str, text: str) -> None:
    """Raise if the text is a JSON array or a multi-line object.

    A broken line among others is not refused here.
    """
    if _JSON_ARRAY.match(text):
        raise _not_lines(path, "a JSON array", "jq -c '.[]' FILE > FILE.ndjson")
    if _JSON_OBJECT.match(text) and _is_spread(text):
        raise _not_lines(path, "an object that is spread over lines", "jq -c . FILE > FILE.ndjson")


def _is_spread(text: str) -> bool:
    """Return whether the first object is on more than one line."""
    lines = [line for line in text.split("\n") if line.strip()][:2]
    try:
        read_object(lines[0])
    except JsonError as flaw:
        return flaw.rule is rules.JSON_INVALID and len(lines) > 1 and not lines[1].lstrip().startswith("{")
    return False


def _json(source: Source) -> Source:
    """Return the JSON source with columns and sample from its first records."""
    if source.format == "json" and not brackets_are_certain(text_encoding(source.encoding)):
        raise InputError(
            f"{source.path}: a JSON document in {source.encoding} cannot be read, only JSON with one object on a line",
            hint=f"turn the file into UTF-8: iconv -f {source.encoding} -t UTF-8 OLD > NEW",
        )
    columns: tuple[str, ...] = ()
    rows: list[tuple[tuple[str, ...], list[str]]] = []
    fault: Problem | None = None
    for chunk in _beginning(source):
        columns = joined(columns, dict.fromkeys(chunk.columns, ""))
        rows += [(chunk.columns, row) for row in chunk.rows]
        fault = fault or (chunk.faults[0].problem if chunk.faults else None)
    if not columns:
        no_rows = f"no row has a list at {source.records!r}" if source.records else "it has no rows"
        nothing = "the objects are empty" if rows else no_rows if source.is_binary else "the list is empty"
        what = f"line {fault.line:,}: {fault.message}" if fault and fault.line else nothing
        kind = EmptyFile if fault is None and not rows else InputError
        raise kind(
            f"{source.path}: holds no record that can be read: {what}",
            hint=(fault.hint or fault.rule.fix) if fault else "",
        )
    sample = [row + [""] * (len(columns) - len(names)) for names, row in rows]
    return replace(source, columns=columns, sample=_cut(sample))


def _csv(source: Source, candidates: Sequence[str], options: ReadOptions) -> Source:
    """Return the CSV source with its delimiter and columns, found by parsing."""
    named = options.columns
    headers = _headers_of(source, candidates, named) if named else _headers(source, candidates)
    delimiter = next(iter(headers)) if len(headers) == 1 else _the_one(source, headers)
    found = _with_columns(source, delimiter, headers[delimiter])
    chunks = _beginning(found)
    if not any(chunk.rows or chunk.faults for chunk in chunks):
        raise EmptyFile(f"{source.path}: has a header and no rows", hint="check that the export is complete")
    if len(found.columns) == 1 or not any(chunk.rows for chunk in chunks):
        _refuse_if_another_fits(source, delimiter, len(headers[delimiter].names))
    return replace(found, sample=_cut([row for chunk in chunks for row in chunk.rows]))


def _with_columns(source: Source, delimiter: str, header: Header) -> Source:
    """Return the source with column names and the start of data."""
    names = header.names
    if source.line_ends == "cr":
        names = tuple(map(swap_text, names))
    nameless = tuple(index for index, name in enumerate(names) if not name.strip())
    has_empty_last = len(names) > 1 and nameless[-1:] == (len(names) - 1,) and not header.is_given
    left_out = nameless[:-1] if has_empty_last else nameless
    problems = [*source.problems, *_of_names(source.path, header, names, nameless)]
    distinct = _distinct(source.path, names)
    return replace(
        source,
        delimiter=delimiter,
        columns=tuple(name for index, name in enumerate(distinct) if index not in nameless),
        data_offset=source.data_offset + header.size,
        nameless_last=has_empty_last,
        left_out=left_out,
        header_line=header.line,
        problems=tuple(problems),
    )


def _of_names(path: str, header: Header, names: Sequence[str], nameless: Sequence[int]) -> Iterator[Problem]:
    """Yield the problems of columns without a name of their own."""
    if nameless and not header.is_given:
        places = " and ".join(str(index + 1) for index in nameless)
        which = (
            f"column {places} of {len(names)}" if len(nameless) == 1 else f"columns {places} of {len(names)}"
        )
        last = nameless[0] == len(names) - 1
        has = "has no name and is" if len(nameless) == 1 else "have no name and are"
        message = f"{'the last column' if last else which} {has} left out"
        hint = "" if last else "nothing to do if it numbers the rows, or name the column in the header"
        yield Problem(rules.NAMELESS_COLUMN, message, path, header.line, hint=hint)
    for name, count in Counter(names).items():
        if count > 1 and name.strip():
            places = " and ".join(str(index + 1) for index, other in enumerate(names) if other == name)
            apart = _apart(name, names.index(name))
            message = f"columns {places} have the name {name!r}; their names here are {apart!r} and so on"
            yield Problem(rules.COLUMN_NAMED_TWICE, message, path, header.line)


def _apart(name: str, index: int) -> str:
    return NAME_AND_PLACE.format(name, index + 1)


def _distinct(path: str, names: Sequence[str]) -> list[str]:
    """Return the names; those that are there twice get their place added."""
    twice = {name for name, count in Counter(names).items() if count > 1}
    distinct = [_apart(name, index) if name in twice else name for index, name in enumerate(names)]
    again = [name for name, count in Counter(filter(str.strip, distinct)).items() if count > 1]
    if again:
        raise InputError(
            f"{path}: two columns have the name {again[0]!r}", hint="rename one of them in the header"
        )
    if not any(map(str.strip, distinct)):
        raise InputError(
            f"{path}: no column has a name", hint="name the columns: --columns event,userId,timestamp"
        )
    return distinct


def _headers_of(source: Source, candidates: Sequence[str], names: tuple[str, ...]) -> dict[str, Header]:
    """Return a header of given names for each fitting delimiter.

    Raises:
        InputError: None does.
    """
    headers, cells = {}, set()
    for delimiter in candidates:
        with suppress(InputError):
            first = _header(source, delimiter)
            cells.add(len(first.names))
            if len(first.names) == len(names):
                headers[delimiter] = Header(names, 0, first.line, is_given=True)
    if not headers:
        have = f"{max(cells):,}" if cells else "no"
        raise InputError(
            f"{source.path}: --columns names {len(names):,} columns, and the first line has {have} cells",
            hint="name each column, in the order of the cells; an empty name leaves one out: --columns event,,userId",
        )
    return headers


def _headers(source: Source, candidates: Sequence[str]) -> dict[str, Header]:
    """Read the header with each candidate delimiter; prefer those that split it."""
    headers: dict[str, Header] = {}
    refusal: InputError | None = None
    for delimiter in candidates:
        try:
            headers[delimiter] = _header(source, delimiter)
        except InputError as error:
            refusal = refusal or error
    split = {delimiter: header for delimiter, header in headers.items() if len(header.names) > 1}
    # A header that breaks with one delimiter is no single column with another.
    if not split and refusal is not None:
        if len(candidates) == 1:
            _refuse_if_another_fits(source, candidates[0], 1)
        raise refusal
    return split or dict(islice(headers.items(), 1))


def _header(source: Source, delimiter: str) -> Header:
    with open_source(source) as stream:
        window = Window(stream)
        window.advance(source.data_offset)
        return read_header(window, source.path, source.encoding, delimiter)


def _refuse_if_another_fits(source: Source, delimiter: str, columns: int) -> None:
    """Raise if another delimiter splits the header and first rows evenly."""
    for other in (*DELIMITERS, *UNUSUAL):
        if other == delimiter:
            continue
        try:
            trial = _with_columns(source, other, _header(source, other))
        except InputError:
            continue
        chunks = _beginning(trial) if len(trial.columns) > 1 else []
        if any(chunk.rows for chunk in chunks) and not any(chunk.faults for chunk in chunks):
            into = (
                "leaves the header in one piece"
                if columns == 1
                else "divides no row as it divides the header"
            )
            raise InputError(
                f"{source.path}: the delimiter {format_delimiter(delimiter)} {into}; {format_delimiter(other)} divides "
                f"it and the first rows into {len(trial.columns):,} cells each",
                hint=f"name the delimiter: --delimiter {format_delimiter(other)}",
            )


def _the_one(source: Source, headers: dict[str, Header]) -> str:
    """Return the only delimiter that fits the first records, or raise."""
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
    tied = " and ".join(format_delimiter(delimiter) for delimiter in fitting or headers)
    raise InputError(
        f"{source.path}: {tied} divide the first lines equally well",
        hint=f"name the delimiter, for example --delimiter {format_delimiter(next(iter(fitting or headers)))}",
    )


def _beginning(source: Source) -> list[Chunk]:
    """Read the first records, up to the limits of the sample.

    Unreadable records count as well.
    """
    chunks: list[Chunk] = []
    records = chars = 0
    for chunk in read(source, ReadOptions(chunk_bytes=HEAD_BYTES)):
        chunks.append(chunk)
        records += len(chunk.rows) + sum(fault.rows for fault in chunk.faults)
        chars += sum(len(cell) for row in chunk.rows for cell in row)
        chars += sum(len(fault.raw) for fault in chunk.faults)
        if records >= SAMPLE_ROWS or chars > SAMPLE_CHARS:
            break
    return chunks


def _cut(rows: list[list[str]]) -> tuple[list[str], ...]:
    return tuple(rows[:SAMPLE_ROWS])
