"""The files of a run: what each was found to be, and its rows converted chunk by chunk."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from inflection_cli.errors import InputError
from inflection_cli.mapping.columns import Columns, bind_columns
from inflection_cli.model import Chunk, Problem
from inflection_cli.pipeline.convert import Converted, Converter, ConvertSettings
from inflection_cli.reading import Found, ReadOptions, Source, detect, find, read


@dataclass(frozen=True, slots=True)
class Input:
    """One file, and what its columns mean.

    Attributes:
        source: The file as it was detected.
        columns: What each column is, by the header or by the first records.
    """

    source: Source
    columns: Columns

    @property
    def path(self) -> str:
        """The path as the user wrote it."""
        return self.source.path

    def problems(self) -> Iterator[Problem]:
        """Yield what is wrong with the file as a whole."""
        yield from self.source.problems
        header = 1 if self.source.format == "csv" else None
        for note in self.columns.notes:
            yield Problem(
                rule=note.rule,
                message=note.detail,
                file=self.path,
                line=header,
                column=note.field,
                hint=note.hint,
            )


def open_inputs(patterns: Sequence[str], reading: ReadOptions, settings: ConvertSettings) -> list[Input]:
    """Find, detect and bind every file, before any row is converted.

    Raises:
        InputError: A file cannot be read or mapped at all.
        UsageError: An option names a field or column that does not exist.
    """
    return [_open_input(found, reading, settings) for found in find(patterns)]


def _open_input(found: Found, reading: ReadOptions, settings: ConvertSettings) -> Input:
    source = detect(found, reading)
    columns = bind_columns(source.columns, source.sample, settings.mapping.columns, file=source.path)
    return Input(source, columns)


def converted_chunks(
    inputs: Iterable[Input], reading: ReadOptions, settings: ConvertSettings, *, limit: int | None = None
) -> Iterator[tuple[Input, Chunk, Converted]]:
    """Convert all files in order; the same call gives the same sequence.

    Args:
        inputs: The files.
        reading: How they are read.
        settings: What shapes messages and ids.
        limit: How many rows to read in all; None reads everything.
    """
    left = limit
    for source in inputs:
        for known, chunk, converter in _with_converter(source, reading, settings):
            taken = chunk if left is None else first_rows(chunk, left)
            if left is not None:
                left -= len(taken.rows) + sum(fault.rows for fault in taken.faults)
            yield known, taken, converter(taken)
            if left is not None and left <= 0:
                return


def _with_converter(
    source: Input, reading: ReadOptions, settings: ConvertSettings
) -> Iterator[tuple[Input, Chunk, Converter]]:
    """Pair each chunk with its converter; an NDJSON file may gain keys on the way, and its input with it."""
    columns = source.columns
    converter = Converter(columns, settings)
    for chunk in read(source.source, reading):
        if chunk.columns != columns.names:
            columns = _extended(columns, chunk, source, settings)
            converter = Converter(columns, settings)
            source = Input(source.source, columns)
        yield source, chunk, converter


def _extended(columns: Columns, chunk: Chunk, source: Input, settings: ConvertSettings) -> Columns:
    """Bind a key that appears late; it may add a field or a property, never change what a column is."""
    sample = source.source.sample
    extended = bind_columns(chunk.columns, sample, settings.mapping.columns, file=source.path)
    for name, index in columns.fields.items():
        if extended.fields.get(name) != index:
            late = extended.column_of(name)
            raise InputError(
                f"{chunk.file}, line {chunk.lines[0]}: the key “{late}” appears first here, and would be {name} "
                f"instead of “{columns.names[index]}”",
                hint=f"say which one it is: --map {name}={columns.names[index]} or --map {name}={late}",
            )
    return extended


def first_rows(chunk: Chunk, most: int) -> Chunk:
    """Cut a chunk to its first `most` rows, unreadable lines included, in the order of their lines."""
    rows = len(chunk.rows) + sum(fault.rows for fault in chunk.faults)
    if rows <= most:
        return chunk
    kept_rows, kept_faults = 0, []
    faults = list(chunk.faults)
    while most > 0 and (kept_rows < len(chunk.rows) or faults):
        if faults and (kept_rows >= len(chunk.rows) or faults[0].line < chunk.lines[kept_rows]):
            fault = faults.pop(0)
            kept_faults.append(fault)
            most -= fault.rows
        else:
            kept_rows += 1
            most -= 1
    return replace(
        chunk, rows=chunk.rows[:kept_rows], lines=chunk.lines[:kept_rows], faults=tuple(kept_faults)
    )
