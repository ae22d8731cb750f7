"""Input files of a run, and their conversion chunk by chunk."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from itertools import chain
from typing import TYPE_CHECKING, Final

from inflection_cli import rules
from inflection_cli.converting.checked_converter import ChunkConverter, chunk_converter
from inflection_cli.converting.converter import Conversion, ConvertSettings
from inflection_cli.converting.person_columns import address_place
from inflection_cli.errors import InputError
from inflection_cli.mapping.bind import lay_out
from inflection_cli.mapping.checks import CAMPAIGN_IDS
from inflection_cli.mapping.column_names import listed, quoted
from inflection_cli.mapping.columns import BoundColumns
from inflection_cli.mapping.layout import Layout, MissingColumnPolicy
from inflection_cli.mapping.profile.json_paths import find_path
from inflection_cli.mapping.unmapped_columns import Sample
from inflection_cli.model import Chunk, Problem
from inflection_cli.reading import ReadOptions, Source, detect, find, read
from inflection_cli.text_faults import damage, damage_hint, unseen

if TYPE_CHECKING:
    from inflection_cli.mapping.profile.profile_schema import Profile


_WITHOUT: Final = {
    "email_id": "events of one campaign have no email to distinguish them",
    "campaign_id": "events cannot be joined to their campaign",
}
"""Effect of a campaign id that no column has."""


@dataclass(frozen=True, slots=True)
class FileSettings:
    """Settings of one file, where a run has several kinds of them.

    Attributes:
        reading: How it is read.
        convert: What shapes its messages and ids.
        profile: The profile that it has for itself; None where it has that of the run.
    """

    reading: ReadOptions
    convert: ConvertSettings
    profile: "Profile | None" = None


SettingsOfFiles = Callable[[str], FileSettings | None]
"""Returns the settings of the file at a path; None for those of the run."""


def _no_own_settings(_: str) -> None:
    return None


@dataclass(frozen=True, slots=True)
class InputFile:
    """One input file and the meaning of its columns.

    Attributes:
        source: The file as it was detected.
        layout: What its rows mean, by the header or by the first records.
        own: Its settings, where they are not those of the run.
    """

    source: Source
    layout: Layout
    own: FileSettings | None = None

    def settings(self, of_run: ConvertSettings) -> ConvertSettings:
        """Return what shapes its messages and ids."""
        return of_run if self.own is None else self.own.convert

    @property
    def columns(self) -> BoundColumns:
        """Use of each column of the file, for the plan and reports."""
        return self.layout.columns

    @property
    def path(self) -> str:
        """Path as the user wrote it."""
        return self.source.path

    @property
    def types(self) -> list[str]:
        """Types of the calls that the rows may be."""
        tracks = ["track"] if self.layout.blocks else []
        return [*dict.fromkeys([*tracks, *(call.type for call in self.layout.calls)])]

    def problems(self) -> Iterator[Problem]:
        """Yield the problems of the file as a whole."""
        yield from self.source.problems
        header = self.source.header_line if self.source.format == "csv" else None
        for note in chain(self.layout.notes, self.columns.notes):
            yield Problem(
                rule=note.rule,
                message=note.detail,
                file=self.path,
                line=header if note.field is not None else None,
                column=note.field,
                hint=note.hint,
            )
        yield from self._odd_names(header)
        yield from self._ids_of_no_column()

    def _odd_names(self, header: int | None) -> Iterator[Problem]:
        """Name the columns whose names are not what they look like."""
        for name in self.source.columns:
            hidden = unseen(name)
            if hidden is not None:
                message = f"the column's name has the invisible character {hidden}"
                yield Problem(rules.INVISIBLE_CHARACTER, message, self.path, header, name)
            fault = damage(name)
            if fault is not None:
                hint = damage_hint(name, self.source.encoding)
                message = f"the column's name {fault}"
                yield Problem(rules.TEXT_DAMAGED, message, self.path, header, name, hint=hint)

    def _ids_of_no_column(self) -> Iterator[Problem]:
        """Yield one problem per campaign id that has no column."""
        if not self.columns.fields:
            return
        for name in CAMPAIGN_IDS:
            known = [block.columns.has(name) for block in self.layout.blocks]
            if not all(known):
                lost = _WITHOUT[name]
                message = f"no {name} column{' for some events' if any(known) else ''}: {lost}"
                yield Problem(rules.CAMPAIGN_ID_MISSING, message, self.path, column=name)


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
    found = [(each, of_files(each.path)) for each in find(patterns, reading.limits)]
    detected = [(detect(each, own.reading if own else reading), own) for each, own in found]
    sources = [(replace(source, sample=Sample(source.sample)), own) for source, own in detected]
    headers = {source.columns for source, _ in sources}

    @cache
    def in_some_file(name: str) -> bool:
        return any(find_path(name, header) for header in headers)

    return [
        InputFile(source, _laid_out(source, own.convert if own else settings, leeway), own)
        for source, own in sources
        for leeway in [MissingColumnPolicy(source.format != "csv", in_some_file)]
    ]


def _laid_out(
    source: Source,
    settings: ConvertSettings,
    leeway: MissingColumnPolicy,
    *,
    columns: Sequence[str] | None = None,
) -> Layout:
    names = source.columns if columns is None else columns
    return lay_out(names, source.sample, settings.mapping.columns, file=source.path, leeway=leeway)


def convertible_chunks(
    inputs: Iterable[InputFile], reading: ReadOptions, settings: ConvertSettings, *, limit: int | None = None
) -> Iterator[tuple[InputFile, Chunk, Conversion]]:
    """Yield each chunk with its file and conversion, in a repeatable order.

    Args:
        inputs: The files.
        reading: How they are read.
        settings: What shapes messages and ids.
        limit: How many rows to read in all; None reads everything.
    """
    left = limit
    for source in inputs:
        own = source.own or FileSettings(reading, settings)
        for known, chunk, converter in _with_converter(source, own.reading, own.convert):
            taken = chunk if left is None else first_rows(chunk, left)
            if left is not None:
                left -= len(taken.rows) + sum(fault.rows for fault in taken.faults)
            yield known, taken, partial(converter, taken)
            if left is not None and left <= 0:
                return


def _with_converter(
    source: InputFile, reading: ReadOptions, settings: ConvertSettings
) -> Iterator[tuple[InputFile, Chunk, ChunkConverter]]:
    """Yield each chunk with its converter; new NDJSON keys extend the layout."""
    columns = source.source.columns
    known = source.source.encoding, address_place(source.source)
    converter = chunk_converter(source.layout, settings, *known)
    for chunk in read(source.source, reading):
        if chunk.columns != columns:
            columns = chunk.columns
            source = replace(source, layout=_extended(source, chunk, settings))
            converter = chunk_converter(source.layout, settings, *known)
        yield source, chunk, converter


def _extended(source: InputFile, chunk: Chunk, settings: ConvertSettings) -> Layout:
    """Bind late keys; they may add fields, but never change a column."""
    # What the file still lacks has been said, or was found elsewhere; a key more makes it no other export.
    leeway = MissingColumnPolicy(any_key=True, elsewhere=lambda _: True)
    layout = _laid_out(source.source, settings, leeway, columns=chunk.columns)
    _refuse_other_places(source.layout, layout, chunk)
    for before, after in _same_blocks(source.layout, layout):
        _refuse_other_fields(before, after, chunk, len(source.columns.names))
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


def _refuse_other_places(before: Layout, after: Layout, chunk: Chunk) -> None:
    """Raise an error on a late key that changes a path's column.

    Raises:
        InputError: There is one.
    """
    for name, place in before.places.items():
        if after.places.get(name) != place:
            late = [key for key in after.columns.names[len(before.columns.names) :] if find_path(name, [key])]
            raise InputError(
                f"{chunk.file}, line {chunk.lines[0]}: the key {listed(late)} appears first here. “{name}” of "
                f"the profile was found in “{before.columns.names[place.column]}” so far",
                hint='name one of them: keys of a path may be quoted, "payload".id is the key id of payload',
            )


def _refuse_other_fields(before: BoundColumns, after: BoundColumns, chunk: Chunk, width: int) -> None:
    """Raise an error on a late key that changes a field's column.

    Raises:
        InputError: There is one.
    """
    for name, index in before.fields.items():
        # Cells beyond the file's own were drawn by a profile, and stand behind the late keys now.
        if index < width and after.fields.get(name) != index:
            late, early = after.column_of(name), before.names[index]
            raise InputError(
                f"{chunk.file}, line {chunk.lines[0]}: the key “{late}” appears first here, and would be {name} "
                f"instead of “{early}”",
                hint=f"say which one it is: --map {name}={quoted(early)} or "
                f"--map {name}={quoted(late or 'COLUMN')}",
            )


def first_rows(chunk: Chunk, most: int) -> Chunk:
    """Return the first `most` rows of a chunk, unreadable lines included."""
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
    lines = chunk.lines[:kept_rows]
    return replace(
        chunk,
        rows=chunk.rows[:kept_rows],
        lines=lines,
        faults=tuple(kept_faults),
        warnings=tuple(problem for problem in chunk.warnings if problem.line in lines),
    )
