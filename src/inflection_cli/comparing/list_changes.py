"""Turn a difference of two lists into chunks that are delivered."""

import marshal
import re
from array import array
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC
from functools import partial
from hashlib import blake2b
from itertools import chain
from operator import attrgetter
from typing import Any, Final, TypeVar

import orjson

from inflection_cli import rules
from inflection_cli.backfilling.plan import Planner, RejectSink
from inflection_cli.comparing.keyed_lists import Cell, Change, Difference, ListCounts, content_of, unpacked
from inflection_cli.comparing.list_layout import (
    ADDED_COLUMNS,
    KINDS,
    DiffSettings,
    Kind,
    ListInput,
    bind_list,
    has_path,
    names_by_column,
)
from inflection_cli.converting.checked_converter import ChunkConverter, chunk_converter, place_lines
from inflection_cli.converting.chunk_task import AS_CHUNKS, ChunkTask
from inflection_cli.converting.converter import Conversion, Converted, Rejected
from inflection_cli.converting.input_file import InputFile
from inflection_cli.converting.person_columns import address_place
from inflection_cli.errors import InputError, ListShrank, UsageError
from inflection_cli.mapping.events import EventReader
from inflection_cli.mapping.layout import Layout
from inflection_cli.model import Chunk, Problem
from inflection_cli.reading import Source
from inflection_cli.sanitize import counted
from inflection_cli.segment.ids import list_change_ids, netstring
from inflection_cli.segment.message import MessageEncoder

_SHARE: Final = 0.1
_FEW: Final = 20
"""So many rows may be gone from a list of any size."""

_FORM: Final = re.compile(r"(\d{1,15})(?:\.(\d{1,6}))?\s*(%?)", re.ASCII)


@dataclass(frozen=True, slots=True)
class MaxRemoved:
    """Limit of removed rows, from the user or by default.

    Attributes:
        most: Rows, or percent of the old list; None for what is likely.
        percent: Whether it is percent.
    """

    most: float | None = None
    percent: bool = False

    @classmethod
    def parse(cls, text: str | None) -> "MaxRemoved":
        """Parse `--max-removed`.

        Raises:
            UsageError: It is neither a number nor a share.
        """
        if text is None:
            return cls()
        found = _FORM.fullmatch(text.strip())
        if found is None or (found[2] and not found[3]) or (found[3] and float(text.strip(" %")) > 100):
            raise UsageError(
                f"--max-removed {text!r} is neither a number of rows nor a share of the old list",
                hint="--max-removed 500, or --max-removed 25%",
            )
        return cls(float(text.strip().rstrip("%")), percent=bool(found[3]))

    def allows(self, counts: ListCounts) -> bool:
        """Return whether so many rows may be gone."""
        if self.most is None:
            in_common = counts.changed + counts.unchanged
            few = counts.removed <= max(_FEW, _SHARE * counts.old)
            return not counts.removed or (few and counts.new > 0 and 2 * in_common >= counts.old)
        return counts.removed <= (self.most * counts.old / 100 if self.percent else self.most)


def refuse_shrunken(difference: Difference, allowed: MaxRemoved, old: str, new: str) -> None:
    """Raise an error if too many rows are gone.

    A broken export is no exodus: `--yes` does not agree to it.

    Raises:
        ListShrank: It has.
    """
    counts, faults = difference.counts, difference.faults
    if allowed.allows(counts):
        return
    gone = f"{counts.removed:,} of {counted(counts.old, 'row')}"
    torn = counted(len(faults), "line", "lines") if faults else ""
    told = (
        f" and {torn} that cannot be read (line {faults[0].line}: {faults[0].problem.message})"
        if torn
        else ""
    )
    error = ListShrank(
        f"{gone} of {old} {'is' if counts.removed == 1 else 'are'} not in {new}, which has "
        f"{counted(counts.new, 'row')}{told}; nothing was sent",
        hint=f"check that the new list is complete; if so many rows really are gone: --max-removed {counts.removed}",
    )
    error.report = {"list": asdict(counts)}
    raise error


R = TypeVar("R")
_CHUNK_ROWS: Final = 512
_CHUNK_BYTES: Final = 1 << 18
_IDLE: Final = "nothing of them that is sent differs"


class ListChanges:
    """The rows that differ, in the order in which they are sent.

    Args:
        difference: What differs between the lists.
        old: The old list, with the columns and first rows that count.
        new: The new one likewise.
        settings: What is sent.

    Attributes:
        difference: As given.
        settings: As given.
        rejected: Numbers of the rows that were rejected, from 0 in the order of `in_order`.
        idle: Numbers of the changed rows of which nothing that is sent differs.

    Raises:
        InputError: The old list lacks what the mapping needs now.
    """

    def __init__(
        self, difference: Difference, old: Source | None, new: Source | None, settings: DiffSettings
    ) -> None:
        self.difference = difference
        self.settings = settings
        self.rejected, self.idle = array("Q"), array("Q")
        self._planned = 0
        self._new = self._old = None
        if new is not None:
            self._new = _Side(
                ListInput(new, bind_list(new.columns, new.sample, settings, new.path)), settings
            )
        draws = self._new is not None and self._new.draws
        needs_old = self.count("removed") or (self.count("changed") and (settings.previous or draws))
        if old is not None and (needs_old or new is None):
            self._old = _Side(ListInput(old, _old_layout(old, new, settings)), settings)
        self._ids = _Ids(difference, settings)
        self._fields = _ChangedFields(difference, self._new, self._old, settings)

    def count(self, kind: Kind) -> int:
        """Return how many rows of a kind are sent."""
        if kind not in self.settings.events or (kind == "removed" and self.difference.faults):
            return 0
        found: int = getattr(self.difference.counts, kind)
        return found

    @property
    def withheld(self) -> int:
        """Number of removed rows that may be on an unreadable line."""
        return self.difference.counts.removed if self.difference.faults else 0

    @property
    def sent(self) -> int:
        """Number of the rows that are sent."""
        return sum(map(self.count, KINDS))

    @property
    def left_out(self) -> Mapping[Kind, int]:
        """Number of rows by kind whose event has no name."""
        counts = self.difference.counts
        found = {kind: getattr(counts, kind) for kind in KINDS if kind not in self.settings.events}
        return {
            kind: count
            for kind, count in found.items()
            if count and not (kind == "removed" and self.withheld)
        }

    def planner(self, rejects: RejectSink | None, fingerprints: Mapping[str, str]) -> Planner:
        """Return what plans the run.

        Args:
            rejects: Takes the rows that are not sent.
            fingerprints: A digest of each list, by its path.
        """
        has_old = self.count("removed") or self._new is None
        inputs = [side.input for side in (self._old if has_old else None, self._new) if side is not None]
        sink = None if rejects is None else _OwnColumns(rejects)
        planner = Planner(inputs, self.settings.convert, self._chunks, rejects=sink)
        planner.plan.fingerprints = dict(fingerprints)
        planner.plan.account.problems.add_all(self._problems())
        return planner

    def in_order(self) -> Iterator[tuple[Kind, Change]]:
        """Yield the rows that are sent: removed, added, changed."""
        for kind in KINDS:
            if self.count(kind):
                for changes in self.difference.changes(kind):
                    yield from ((kind, change) for change in changes)

    def _problems(self) -> Iterator[Problem]:
        """Yield the columns that only one of the lists has."""
        if not (self.difference.counts.old and self._new):
            return
        for columns, words in (
            (self.difference.only_old, "the new list has no such column"),
            (self.difference.only_new, "what is known of the old list has no such column"),
        ):
            for column in columns:
                yield Problem(rules.LIST_COLUMN_DIFFERS, words, self._new.input.path, column=column)

    def _chunks(
        self,
        task: ChunkTask[R] = AS_CHUNKS,  # type: ignore[assignment]  # R is a Conversion then
        /,
    ) -> Iterator[tuple[InputFile, Chunk, R]]:
        """Yield each chunk with its list and a task's result."""
        for number, (source, chunk, convert) in enumerate(self._conversions()):
            yield source, chunk, task.work(chunk, convert, task.argument(number))

    def _conversions(self) -> Iterator[tuple[InputFile, Chunk, Conversion]]:
        first = 0
        for kind in KINDS if self.settings.events else ():
            side = self._old if kind == "removed" else self._new
            if not self.count(kind):
                continue
            assert side is not None
            for portion in _portions(self.difference.changes(kind)):
                changes = portion[0]
                names, previous = self._fields(changes) if kind == "changed" else ([], [])
                added = [
                    (orjson.dumps(each).decode(), old) for each, old in zip(names, previous, strict=True)
                ]
                chunk = self._chunk(side, kind, portion, first, added)
                parts, idle = self._ids.parts(kind, changes), {i for i, each in enumerate(names) if not each}
                work = _Portion(chunk, side.converter, parts, idle, first, self)
                yield side.input, chunk, partial(_converted, work)
                first += len(changes)
        if self.difference.faults and self._new is not None:
            chunk = self._unreadable(self._new, first)
            yield (
                self._new.input,
                chunk,
                partial(_converted, _Portion(chunk, self._new.converter, [], (), first, self)),
            )

    def _unreadable(self, side: "_Side", first: int) -> Chunk:
        """Return a chunk without rows, with the lines that cannot be read."""
        faults, names = self.difference.faults, (*side.input.source.columns, *ADDED_COLUMNS)
        digest = blake2b(b"".join(fault.raw for fault in faults), digest_size=16).digest()
        return Chunk(side.input.path, names, [], [], first + 1, tuple(faults), digest)

    def _chunk(
        self,
        side: "_Side",
        kind: Kind,
        portion: tuple[Sequence[Change], bytes],
        first: int,
        fields: Sequence[tuple[str, str]],
    ) -> Chunk:
        changes, digest = portion
        settings, width = self.settings, len(side.input.source.columns)
        now = settings.convert.now.astimezone(UTC)
        head = [settings.events[kind], f"{now:%Y-%m-%dT%H:%M:%S}.{now.microsecond // 1000:03}Z"]
        head.append(settings.segment or "")
        fields = fields or [("", "")] * len(changes)
        rows = [
            [*_row(change.old if kind == "removed" else change.new, width), *head, _key(change.key), *added]
            for change, added in zip(changes, fields, strict=True)
        ]
        return Chunk(
            side.input.path,
            (*side.input.source.columns, *ADDED_COLUMNS),
            rows,
            [change.line for change in changes],
            first + 1,
            (),
            digest,
            typed=side.input.source.format != "csv",
        )

    def ids(self, parts: Sequence[tuple[str | None, ...]]) -> list[bytes]:
        """Return ids made of these parts, 16 bytes each."""
        return self._ids.make(parts)

    def note_unsent(self, first: int, rejected: Iterable[int], idle: Iterable[int]) -> None:
        """Store the numbers of the unsent rows of a chunk, once."""
        if first >= self._planned:
            self.rejected.extend(first + number for number in sorted(rejected))
            self.idle.extend(first + number for number in sorted(idle))
            self._planned = first + 1


class _Side:
    """One of the lists, with what converts its rows."""

    def __init__(self, found: InputFile, settings: DiffSettings) -> None:
        self.input = found
        # Values that a profile draws out of a cell may be the same though the cell differs.
        self.draws = found.layout.shaper is not None and bool(found.layout.blocks)
        self.converter = chunk_converter(
            found.layout, settings.convert, found.source.encoding, address_place(found.source)
        )


def _old_layout(old: Source, new: Source | None, settings: DiffSettings) -> Layout:
    in_new = has_path(new.columns if new else ())
    try:
        return bind_list(old.columns, old.sample, settings.lacking(old.columns), old.path, in_new)
    except InputError as error:
        error.message = f"what is known of the old list lacks what is mapped now: {error.message}"
        error.hint = (
            "map the columns as when the old list was kept, to tell who left; or give that up with "
            + ("infl-seg sync forget NAME" if settings.name else "lists that both have the columns")
        )
        raise


class _OwnColumns:
    """Storage of rejected rows without the added columns."""

    def __init__(self, rejects: RejectSink) -> None:
        self._rejects = rejects

    def take(self, source: InputFile, chunk: Chunk, converted: Converted) -> None:
        """Store the rejected rows of a chunk."""
        self._rejects.take(source, replace(chunk, columns=chunk.columns[: -len(ADDED_COLUMNS)]), converted)


def _portions(parts: Iterator[list[Change]]) -> Iterator[tuple[list[Change], bytes]]:
    """Yield changes in portions of a chunk, each with a digest."""
    held: list[Change] = []
    size, digest = 0, blake2b(digest_size=16)
    for change in chain.from_iterable(parts):
        data = marshal.dumps(tuple(change))
        digest.update(data)
        size += len(data)
        held.append(change)
        if len(held) >= _CHUNK_ROWS or size >= _CHUNK_BYTES:
            yield held, digest.digest()
            held, size, digest = [], 0, blake2b(digest_size=16)
    if held:
        yield held, digest.digest()


def _row(cells: list[Any] | None, width: int) -> list[str]:
    """Return the cells of a row as read, at full width."""
    assert cells is not None
    return [*map(unpacked, cells), *[""] * (width - len(cells))]


def _key(texts: Sequence[str]) -> str:
    return orjson.dumps(texts[0] if len(texts) == 1 else list(texts)).decode()


class _Ids:
    """The content ids of changes."""

    def __init__(self, difference: Difference, settings: DiffSettings) -> None:
        self._settings = settings
        self._old = _Digests(difference.compared, difference.old_columns)
        self._new = _Digests(difference.compared, difference.new_columns)
        generation = settings.generation
        self._shared = (settings.name, None if generation is None else str(generation), settings.segment)
        own = settings.message_id
        self._own = own and tuple(
            columns.index(own) if own in columns else None
            for columns in (difference.old_columns, difference.new_columns)
        )

    def parts(self, kind: Kind, changes: Sequence[Change]) -> list[tuple[str | None, ...] | None]:
        """Return the parts of each id; None without an own id."""
        head = (kind, self._settings.call_type, self._settings.events[kind])
        if self._own:
            places = self._own[0 if kind == "removed" else 1]
            return [self._own_parts(head, change, places) for change in changes]
        return [
            (*head, "".join(map(netstring, change.key)), self._old(change.old), self._new(change.new))
            for change in changes
        ]

    @staticmethod
    def _own_parts(
        head: tuple[str | None, ...], change: Change, place: int | None
    ) -> tuple[str | None, ...] | None:
        cells = change.old if change.new is None else change.new
        assert cells is not None
        own = unpacked(cells[place]).strip() if place is not None and place < len(cells) else ""
        return (*head, own) if own else None

    def make(self, parts: Sequence[tuple[str | None, ...]]) -> list[bytes]:
        """Return the ids, 16 bytes each."""
        return list_change_ids(self._shared, parts)


class _Digests:
    """Digests of the compared content of one list's rows."""

    def __init__(self, compared: Sequence[str], columns: Sequence[str]) -> None:
        self._pick = content_of(compared, columns)
        names = [name for name in compared if name in columns]
        self._count = len(names)
        self._head = blake2b("".join(map(netstring, names)).encode(), digest_size=16)

    def __call__(self, cells: list[Any] | None) -> str | None:
        """Return the digest of a row's content; None for no row."""
        if cells is None:
            return None
        found = self._head.copy()
        content: Sequence[Cell | None] = self._pick(cells)[: self._count]
        found.update("".join(map(_spelled, content)).encode())
        return found.hexdigest()


def _spelled(cell: Cell | None) -> str:
    return "j" + netstring(cell.decode()) if isinstance(cell, bytes) else netstring(cell or "")


@dataclass(frozen=True, slots=True)
class _Portion:
    """A chunk of changes, and what converts it.

    Attributes:
        parts: Of what each row's id is made; None rejects the row.
        idle: Rows of which nothing that is sent differs.
        first: The number of its first row among all that are sent.
    """

    chunk: Chunk
    converter: ChunkConverter
    parts: Sequence[tuple[str | None, ...] | None]
    idle: Collection[int]
    first: int
    changes: ListChanges


def _converted(work: _Portion, *, identified: bool = True) -> Converted:
    """Convert a chunk of changes, with ids that come from the lists."""
    chunk, parts = work.chunk, work.parts
    nameless = [i for i, each in enumerate(parts) if each is None and i not in work.idle]
    sound = [i for i, each in enumerate(parts) if each is not None and i not in work.idle]
    result = work.converter(
        replace(chunk, rows=[chunk.rows[i] for i in sound], lines=sound), identified=False
    )
    if identified:
        kept = [each for i in result.lines if (each := parts[i]) is not None]
        result.content_ids = work.changes.ids(kept)
        # A key has one event a difference: two under one id are told, whatever they say.
        result.content_hashes = [_key_hash(chunk.rows[i]) for i in result.lines]
        numbers = [*nameless, *(each.line for each in result.rejected)]
        work.changes.note_unsent(work.first, numbers, work.idle)
    place_lines(result, chunk)
    result.rejected += [
        Rejected(chunk.lines[i], chunk.rows[i], (_no_own_id(chunk, i, work.changes.settings),))
        for i in nameless
    ]
    if work.idle:
        result.filtered[_IDLE] = result.filtered.get(_IDLE, 0) + len(work.idle)
    result.rejected.sort(key=attrgetter("line"))
    return result


def _no_own_id(chunk: Chunk, row: int, settings: DiffSettings) -> Problem:
    message = "the record has no id of its own"
    return Problem(rules.LIST_OWN_ID_MISSING, message, chunk.file, chunk.lines[row], settings.message_id)


def _key_hash(row: Sequence[str]) -> int:
    return int.from_bytes(blake2b(row[-3].encode(), digest_size=8).digest())


class _ChangedFields:
    """Names of what changed in a row, and the old values."""

    def __init__(
        self, difference: Difference, new: _Side | None, old: _Side | None, settings: DiffSettings
    ) -> None:
        self._compared = difference.compared
        self._picks = tuple(
            content_of(difference.compared, columns, settings.convert.mapping.nulls)
            for columns in (difference.old_columns, difference.new_columns)
        )
        self._names = names_by_column(new.input.layout, difference.new_columns) if new else {}
        draws = new is not None and new.draws
        needed = old is not None and not settings.call_type and (settings.previous or draws)
        self._values = _SentValues(old, settings) if old and needed else None
        self._new_values = _SentValues(new, settings) if new and new.draws and needed else None
        self._sends_previous = settings.previous

    def __call__(self, changes: Sequence[Change]) -> tuple[list[list[str]], list[str]]:
        """Return the names and the old values of each changed row."""
        names = [self._changed(change) for change in changes]
        if self._values is None:
            return names, [""] * len(changes)
        before = self._values([change.old for change in changes], names)
        if self._new_values is not None:
            after = self._new_values([change.new for change in changes], names)
            names = [
                [name for name in each if old[name] != new[name]]
                for each, old, new in zip(names, before, after, strict=True)
            ]
        if not self._sends_previous:
            return names, [""] * len(changes)
        told = ["".join(old[name] for name in each) for each, old in zip(names, before, strict=True)]
        return names, ["{" + each[1:] + "}" for each in told]

    def _changed(self, change: Change) -> list[str]:
        assert change.old is not None
        assert change.new is not None
        before, after = self._picks[0](change.old), self._picks[1](change.new)
        columns = [
            name for name, one, other in zip(self._compared, before, after, strict=False) if one != other
        ]
        return sorted({name for column in columns for name in self._names.get(column, [column])})


class _SentValues:
    """Values of rows as an event sends them, by property or field."""

    def __init__(self, side: _Side, settings: DiffSettings) -> None:
        layout = side.input.layout
        columns = layout.blocks[0].columns
        width = len(side.input.source.columns)
        ours = range(width, width + len(ADDED_COLUMNS))
        self._width = width
        self._shaper = layout.shaper
        self._reader = EventReader(columns, settings.convert.mapping, side.input.source.encoding)
        self._carried = {each.name: each for each in columns.carried if each.sent and each.place not in ours}
        self._fields = columns.fields

    def __call__(
        self, rows: Sequence[list[Any] | None], names: Sequence[Sequence[str]]
    ) -> list[dict[str, str]]:
        """Return the named values of each row as JSON members."""
        cells = [[*_row(row, self._width), *[""] * len(ADDED_COLUMNS)] for row in rows]
        if self._shaper is not None:
            shaped = self._shaper(list(zip(*cells, strict=True)), len(cells))
            cells = [list(row) for row in zip(*shaped.columns, strict=True)]
        return [
            {name: self._member(row, name) for name in wanted}
            for row, wanted in zip(cells, names, strict=True)
        ]

    def _member(self, row: Sequence[str], name: str) -> str:
        column = self._carried.get(name)
        if column is None:
            text = row[self._fields[name]] if name in self._fields else ""
            return MessageEncoder.property(name, text) if text else ""
        read = self._reader.property_cell(column, row[column.place])
        if not read.sent:
            return ""
        literal = read.is_json or self._reader.is_literal(name)
        return MessageEncoder.property(name, row[column.place], literal=literal)
