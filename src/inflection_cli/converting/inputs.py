"""Input files of a run, and their conversion chunk by chunk."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import starmap
from typing import Any, TypeVar

from inflection_cli import rules
from inflection_cli.converting.chunk_task import AS_CHUNKS, ChunkTask, Job, Work
from inflection_cli.converting.converter import ConvertSettings
from inflection_cli.converting.in_order import OrderedChunks, Workers
from inflection_cli.converting.input_file import FileSettings, InputFile
from inflection_cli.converting.person_columns import address_place
from inflection_cli.errors import EmptyFile, InputError, all_faults
from inflection_cli.mapping.bind import lay_out
from inflection_cli.mapping.column_names import listed, quoted
from inflection_cli.mapping.columns import BoundColumns
from inflection_cli.mapping.layout import Layout, MissingColumnPolicy
from inflection_cli.mapping.profile.json_paths import find_path
from inflection_cli.mapping.unmapped_columns import Sample
from inflection_cli.model import Chunk, Problem
from inflection_cli.reading import FoundFile, ReadOptions, Source, detect, find
from inflection_cli.reading.read import FileReading, block_bytes, open_reading


def empty_note(path: str, error: InputError) -> Problem:
    """Return the note on an empty file that is passed over."""
    return Problem(rules.FILE_EMPTY, f"{error.message.removeprefix(f'{path}: ')}; it is passed over", path)


R = TypeVar("R")
SettingsOfFiles = Callable[[str], FileSettings | None]
"""Returns the settings of the file at a path; None for those of the run."""


def _no_own_settings(_: str) -> None:
    return None


def open_inputs(
    patterns: Sequence[str],
    reading: ReadOptions,
    settings: ConvertSettings,
    of_files: SettingsOfFiles = _no_own_settings,
) -> list[InputFile]:
    """Find, detect and bind every file, before any row is converted.

    Args:
        patterns: Paths, globs, or `-`.
        reading: How files are read.
        settings: What shapes messages and ids.
        of_files: Returns the settings of files that have their own.

    Raises:
        InputError: A file cannot be read or mapped at all.
        UsageError: An option names a field or column that does not exist.
    """
    found = [(each, of_files(each.path)) for each in find(patterns, reading.limits, reading.ca_file)]
    detected = _detected(found, reading)
    sources = [(replace(source, sample=Sample(source.sample)), own) for source, own in detected]
    headers = {source.columns for source, _ in sources}

    @cache
    def in_some_file(name: str) -> bool:
        return any(find_path(name, header) for header in headers)

    inputs, faults = list[InputFile](), list[InputError]()
    for source, own in sources:
        leeway = MissingColumnPolicy(source.keys_vary, in_some_file)
        try:
            layout = _laid_out(source, own.convert if own else settings, leeway)
        except InputError as error:
            faults.append(error)
        else:
            inputs.append(InputFile(source, layout, own))
    if faults:
        raise all_faults(faults)
    return inputs


def _detected(
    found: Sequence[tuple[FoundFile, FileSettings | None]], reading: ReadOptions
) -> list[tuple[Source, FileSettings | None]]:
    """Detect every file; empty ones among others become problems.

    Raises:
        InputError: Some cannot be read, or all are empty; all such files are told at once.
    """
    detected = list[tuple[Source, FileSettings | None]]()
    empty, faults = dict[str, InputError](), list[InputError]()
    for each, own in found:
        try:
            detected.append((detect(each, own.reading if own else reading), own))
        except EmptyFile as error:
            empty[each.path] = error
        except InputError as error:
            faults.append(error)
    if faults or not detected:
        raise all_faults(faults or [*empty.values()])
    first, own = detected[0]
    detected[0] = replace(first, problems=(*first.problems, *starmap(empty_note, empty.items()))), own
    return detected


def _laid_out(
    source: Source,
    settings: ConvertSettings,
    leeway: MissingColumnPolicy,
    *,
    columns: Sequence[str] | None = None,
) -> Layout:
    names = source.columns if columns is None else columns
    try:
        return lay_out(names, source.sample, settings.mapping.columns, file=source.path, leeway=leeway)
    except InputError as error:
        if source.off is not None and source.off.header_line:
            error.hint = f"{source.off.words}: {source.off.options}"
        raise


def convertible_chunks(
    inputs: Iterable[InputFile],
    reading: ReadOptions,
    settings: ConvertSettings,
    task: ChunkTask[R] = AS_CHUNKS,  # type: ignore[assignment]  # R is a Conversion then
    *,
    limit: int | None = None,
    workers: Workers | None = None,
) -> Iterator[tuple[InputFile, Chunk, R]]:
    """Yield each chunk with its file and a task's result, in order.

    Args:
        inputs: The files.
        reading: How they are read.
        settings: What shapes messages and ids.
        task: What is done with each chunk; by default its conversion is left to the caller.
        limit: How many rows to read in all; None reads everything.
        workers: Who carries the task out; by default this process. Chunks that workers read come without rows.
    """
    return iter(OrderedChunks(inputs, _Files(reading, settings, task.work), task, workers, limit))


@dataclass(frozen=True, slots=True, eq=False)
class _Files:
    """Opens the files of a run; new NDJSON keys extend their layouts."""

    reading: ReadOptions
    settings: ConvertSettings
    work: Work[Any]

    def open(self, known: InputFile) -> tuple[FileReading, Job]:
        """Open a file; return its reading, and its chunks' job."""
        location = os.path.abspath(known.source.location)  # noqa: PTH100 - a worker may be in another folder
        source = replace(known.source, sample=(), problems=(), location=location)
        own = known.own or FileSettings(self.reading, self.settings)
        size, address = block_bytes(own.reading), address_place(known.source)
        job = Job(source, size, known.layout, own.convert, address, self.work)
        return open_reading(known.source, own.reading), job

    def widen(self, known: InputFile, job: Job, columns: tuple[str, ...], line: int) -> tuple[InputFile, Job]:
        """Bind the columns of a file that has new ones."""
        layout = _extended(known, columns, line, job.settings)
        widened = replace(job, source=replace(job.source, columns=columns), layout=layout)
        return replace(known, layout=layout), widened


def _extended(source: InputFile, columns: tuple[str, ...], line: int, settings: ConvertSettings) -> Layout:
    """Bind late keys; they may add fields, but never change a column."""
    # What the file still lacks has been said, or was found elsewhere; a key more makes it no other export.
    leeway = MissingColumnPolicy(any_key=True, elsewhere=lambda _: True)
    layout = _laid_out(source.source, settings, leeway, columns=columns)
    at = f"{source.path}, line {line}"
    _refuse_other_places(source.layout, layout, at)
    for before, after in _same_blocks(source.layout, layout):
        _refuse_other_fields(before, after, at, len(source.columns.names))
    return layout


def _same_blocks(before: Layout, after: Layout) -> Iterator[tuple[BoundColumns, BoundColumns]]:
    """Yield the columns of each block before and after a late key.

    Where a column names the type of each row, a late key may make a type possible that was not.
    """
    if before.blocks:
        pairs = zip(before.blocks, after.blocks, strict=True)
        yield from ((one.columns, other.columns) for one, other in pairs)
    if before.type_place is None:
        calls = zip(before.calls, after.calls, strict=True)
        yield from ((one.columns, other.columns) for one, other in calls)
        return
    now = {call.type: call.columns for call in after.calls}
    yield from ((call.columns, now[call.type]) for call in before.calls)


def _refuse_other_places(before: Layout, after: Layout, at: str) -> None:
    """Raise an error on a late key that changes a path's column.

    Raises:
        InputError: There is one.
    """
    for name, place in before.places.items():
        if after.places.get(name) != place:
            late = [key for key in after.columns.names[len(before.columns.names) :] if find_path(name, [key])]
            raise InputError(
                f"{at}: the key {listed(late)} appears first here. “{name}” of "
                f"the profile has been found in “{before.columns.names[place.column]}” so far",
                hint='name one of them: keys of a path may be quoted, "payload".id is the key id of payload',
            )


def _refuse_other_fields(before: BoundColumns, after: BoundColumns, at: str, width: int) -> None:
    """Raise an error on a late key that changes a field's column.

    Raises:
        InputError: There is one.
    """
    for name, index in before.fields.items():
        # Cells beyond the file's own were drawn by a profile, and stand behind the late keys now.
        if index < width and after.fields.get(name) != index:
            late, early = after.column_of(name), before.names[index]
            raise InputError(
                f"{at}: the key “{late}” appears first here, and would be {name} instead of “{early}”",
                hint=f"say which one it is: --map {name}={quoted(early)} or "
                f"--map {name}={quoted(late or 'COLUMN')}",
            )
