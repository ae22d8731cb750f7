"""Read lists and find the difference of two in flat memory.

Rows are spread over 256 parts by a hash of their keys, and each part of both lists is compared on its own. What
differs is spread once more, by its place in its file, and comes back in that order.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from itertools import zip_longest
from operator import itemgetter
from typing import Any, Final, NamedTuple, Protocol

from inflection_cli.backfilling.spill import PARTS, SpillRows
from inflection_cli.comparing.list_layout import (
    KINDS,
    DiffSettings,
    Kind,
    bind_list,
    require_columns,
    used_columns,
)
from inflection_cli.errors import EmptyFile, InputError, ListKeys, ListUnreadable, UsageError
from inflection_cli.lossless_json import JsonCell
from inflection_cli.model import Fault, Problem
from inflection_cli.reading import ReadOptions, Source, detect, find, read
from inflection_cli.reading.source import MAX_COLUMNS
from inflection_cli.sanitize import counted

Cell = str | bytes
"""A cell on disk; bytes are JSON as it is written."""

Row = tuple[int, list[Any]]
"""The line of a row, and its cells; None where a row was held back and its cell of a new column is not known."""

_HELD: Final = 1 << 12
_LINES_SHOWN: Final = 5
_MOST_FAULTS: Final = 1000
_MOST_FAULT_BYTES: Final = 1 << 20
"""A list with more unreadable lines than these is another kind of file."""


def packed(cell: str) -> Cell:
    """Return a cell as it is kept on disk."""
    return cell.encode() if type(cell) is JsonCell else cell


def unpacked(cell: Cell | None) -> str:
    """Return a cell as it was read; an unknown one is empty."""
    return JsonCell(cell.decode()) if isinstance(cell, bytes) else cell or ""


class ComparedList(Protocol):
    """Protocol of a list that can be compared."""

    @property
    def label(self) -> str:
        """The list in messages: a path."""

    @property
    def columns(self) -> Sequence[str]:
        """The columns that count, complete once the rows are read."""

    @property
    def digest(self) -> str:
        """Digest of what was read, once all rows are."""

    @property
    def kept(self) -> Source | None:
        """The list reduced to the columns that count; None without rows."""

    @property
    def faults(self) -> Sequence[Fault]:
        """The lines that cannot be read, once all rows are."""

    def rows(self) -> Iterator[Row]:
        """Yield line and cells of each row."""


class EmptyList:
    """A list without rows."""

    label = ""
    columns: Sequence[str] = ()
    digest = ""
    faults: Sequence[Fault] = ()
    kept = None

    def rows(self) -> Iterator[Row]:
        """Yield nothing."""
        return iter(())


class ListFile:
    """A list in a file, read down to the columns that count.

    Args:
        path: The file.
        reading: How it is read.
        settings: What is compared and sent.
        newer: The list that it is compared with, where it is the old one; it may lack what that one has.
        strict: Whether a line that cannot be read refuses the list. That is so for an old list too.

    Attributes:
        label: The file in messages.
        columns: The columns that count, complete once the rows are read.
        faults: The lines that cannot be read, once all rows are.

    Raises:
        InputError: It cannot be read or mapped at all.
        UsageError: It is several files, or an option cannot be met.
    """

    def __init__(
        self,
        path: str,
        reading: ReadOptions,
        settings: DiffSettings,
        newer: "ListFile | None" = None,
        *,
        strict: bool = False,
    ) -> None:
        found = find([path], reading.limits, reading.ca_file)
        if len(found) != 1:
            raise UsageError(
                f"{path} is {len(found)} files, and a list is one", hint="name one file, or join them"
            )
        self.label = found[0].path
        self.columns: list[str] = []
        self._reading, self._settings = reading, settings
        self._newer = newer
        self._strict = strict or newer is not None
        self.faults: list[Fault] = []
        self._digest = blake2b(digest_size=16)
        self._source: Source | None = None
        self._told: list[Problem] = []
        # A list may be empty in truth; whether that is likely is judged beside the other one.
        with suppress(EmptyFile):
            self._source = detect(found[0], reading)
        if self._source is not None:
            named = [("--key", column) for column in settings.key] if newer else settings.named
            require_columns(self._source.columns, named, self.label)
            self._take(self._source.columns, self._source)

    @property
    def kept(self) -> Source | None:
        """The file reduced to the columns that count; None without rows."""
        source = self._source
        if source is None:
            return None
        at = {name: i for i, name in enumerate(source.columns)}
        places = [at.get(name, MAX_COLUMNS) for name in self.columns]
        sample = [[row[i] if i < len(row) else "" for i in places] for row in source.sample]
        # What is not kept is told all the same where it is not sent for a reason.
        told = [each for each in self._told if each.column not in self.columns]
        problems = (*source.problems, *told)
        return replace(source, columns=tuple(self.columns), sample=tuple(sample), problems=problems)

    @property
    def digest(self) -> str:
        """Digest of the bytes that were read, once all rows are."""
        return self._digest.hexdigest()

    def _take(self, names: Sequence[str], source: Source) -> None:
        """Add the columns of a header that count, in its order."""
        used = {*self._settings.key}
        try:
            layout = bind_list(names, source.sample, self._settings, self.label)
            used = used_columns(layout, names, self._settings)
            self._told = [
                Problem(each.rule, each.detail, self.label, source.header_line, each.field, hint=each.hint)
                for each in layout.columns.notes
            ]
        except InputError:
            # Who left cannot be told then, if anybody did; the others are as the new list has them.
            if self._newer is None:
                raise
        used.update(self._newer.columns if self._newer else ())
        self.columns += [name for name in names if name in used and name not in self.columns]

    def rows(self) -> Iterator[Row]:
        """Yield line and cells of each row; late JSON keys add cells.

        Raises:
            ListUnreadable: Lines cannot be read, so nobody knows whose they are, and they must be.
        """
        source = self._source
        if source is None:
            return
        known = source.columns
        places = [known.index(name) for name in self.columns]
        for chunk in read(source, self._reading):
            self._note(chunk.faults)
            self._digest.update(chunk.digest)
            if chunk.columns != known:
                known = chunk.columns
                self._take(known, source)
                places = [known.index(name) for name in self.columns]
            for line, row in zip(chunk.lines, chunk.rows, strict=True):
                cells: list[Any] = [row[at] for at in places]
                yield line, ([packed(cell) for cell in cells] if chunk.typed else cells)

    def _note(self, faults: Sequence[Fault]) -> None:
        """Store unreadable lines, as far as they may be there."""
        self.faults += faults
        size = sum(len(fault.raw) for fault in self.faults) if faults else 0
        if faults and (self._strict or len(self.faults) > _MOST_FAULTS or size > _MOST_FAULT_BYTES):
            raise _unreadable(self.label, self.faults[0].problem.message, self.faults[0].line)


def _unreadable(label: str, message: str, line: int) -> ListUnreadable:
    return ListUnreadable(
        f"{label}, line {line}: {message}; its key is unknown, so nothing is compared or sent",
        hint="fix the line or export the list again; infl-seg inspect FILE shows how it is read",
    )


class Change(NamedTuple):
    """A row that differs.

    Attributes:
        position: Its place in its list, from 0: the old one for what was removed, else the new one.
        line: Where it is there.
        key: The texts of its key.
        old: Its cells in the old list; None where it was added.
        new: Its cells in the new list; None where it was removed.
    """

    position: int
    line: int
    key: tuple[str, ...]
    old: list[Any] | None
    new: list[Any] | None


@dataclass(slots=True)
class ListCounts:
    """Counts of the rows of two lists, by kind of change."""

    old: int = 0
    new: int = 0
    removed: int = 0
    added: int = 0
    changed: int = 0
    unchanged: int = 0


@dataclass(slots=True)
class Difference:
    """Difference of two lists, with its rows on disk.

    Attributes:
        counts: How many rows do.
        compared: The columns that were compared, sorted.
        old_columns: The columns of the old list that count.
        new_columns: Those of the new one.
        faults: The lines of the new list that cannot be read. Whoever seems to be gone may be on one of them.
        spills: The rows that differ, by kind.
    """

    counts: ListCounts
    compared: list[str]
    old_columns: list[str]
    new_columns: list[str]
    faults: Sequence[Fault] = ()
    spills: dict[Kind, SpillRows] = field(default_factory=dict)

    @property
    def only_old(self) -> list[str]:
        """Columns that the old list alone has."""
        return [name for name in self.old_columns if name not in self.new_columns]

    @property
    def only_new(self) -> list[str]:
        """Columns that the new list alone has."""
        return [name for name in self.new_columns if name not in self.old_columns]

    @property
    def kept_columns(self) -> list[str]:
        """Columns to remember; rows that are held back keep all they had.

        The only row with a column may be on a line that cannot be read.
        """
        return [*self.new_columns, *(self.only_old if self.faults else [])]

    def changes(self, kind: Kind) -> Iterator[list[Change]]:
        """Yield lists of a kind's rows, in the order of their file."""
        for rows in self.spills[kind].parts():
            yield [Change(*row) for row in sorted(rows, key=itemgetter(0))]

    def close(self) -> None:
        """Free the scratch files."""
        for spill in self.spills.values():
            spill.close()


class _Spread:
    """Rows on their way into parts, some held in memory.

    Args:
        part_of: Returns the part of a row.
    """

    def __init__(self, part_of: Callable[[Any], int]) -> None:
        self.spill = SpillRows()
        self._part_of = part_of
        self._groups: list[list[Any]] = [[] for _ in range(PARTS)]
        self._held = 0

    def add(self, row: Any) -> None:
        self._groups[self._part_of(row)].append(row)
        self._held += 1
        if self._held >= _HELD:
            self.flush()

    def flush(self) -> None:
        if self._held:
            self.spill.add(self._groups)
            self._groups = [[] for _ in range(PARTS)]
            self._held = 0


@dataclass(slots=True)
class _KeyFaults:
    """Count of rows whose keys are missing or not unique."""

    label: str
    missing: int = 0
    repeated: int = 0
    missing_lines: list[int] = field(default_factory=list)
    repeated_lines: list[tuple[int, int]] = field(default_factory=list)

    def refuse(self, key: Sequence[str]) -> None:
        """Raise an error if there are any.

        Raises:
            ListKeys: There are.
        """
        columns = " + ".join(f"“{name}”" for name in key)
        told = []
        if self.missing:
            lines = ", ".join(map(str, self.missing_lines[:_LINES_SHOWN]))
            more = ", …" if self.missing > _LINES_SHOWN else ""
            told.append(f"{counted(self.missing, 'row has', 'rows have')} no key (line {lines}{more})")
        if self.repeated:
            pairs = sorted(self.repeated_lines, key=itemgetter(1))[:_LINES_SHOWN]
            words = ", ".join(f"line {second} that of line {first}" for first, second in pairs)
            more = ", …" if self.repeated > _LINES_SHOWN else ""
            told.append(
                f"{counted(self.repeated, 'row has', 'rows have')} the key of another ({words}{more})"
            )
        if told:
            raise ListKeys(
                f"{self.label}: {'; '.join(told)}; the key is {columns}",
                hint="take the column that tells all rows apart: --key COLUMN, also several of them; "
                "or fix these rows",
            )


def compare(old: ComparedList, new: ComparedList, settings: DiffSettings) -> Difference:
    """Read two lists and find what differs; their order does not matter.

    Raises:
        InputError: A list cannot be read.
        ListKeys: Keys are missing or not unique.
        TemporaryFolderError: The temporary folder is full or cannot be written.
    """
    nulls = settings.convert.mapping.nulls
    old_parts, old_count = _by_key(old, settings.key, nulls)
    new_parts, new_count = _by_key(new, settings.key, nulls)
    columns = [*old.columns], [*new.columns]
    # A list without rows lacks no column.
    known = [{*names} for names, count in zip(columns, (old_count, new_count), strict=True) if count]
    in_all = set.intersection(*known) if known else set()
    compared = sorted(in_all - {*settings.ignore, *settings.key})
    result = Difference(ListCounts(old_count, new_count), compared, *columns, faults=new.faults)
    spreads = {kind: _by_place(old_count if kind == "removed" else new_count) for kind in KINDS}
    repeats = _KeyFaults(old.label), _KeyFaults(new.label)
    contents = content_of(compared, columns[0], nulls), content_of(compared, columns[1], nulls)
    completed = _completed(*columns)
    for part in zip_longest(old_parts.parts(), new_parts.parts(), fillvalue=()):
        before, after = (_unique(rows, fault) for rows, fault in zip(part, repeats, strict=True))
        _compare_part(before, after, (*contents, completed), result.counts, spreads)
    for spill in (old_parts, new_parts):
        spill.close()
    for fault in repeats:
        fault.refuse(settings.key)
    for kind, spread in spreads.items():
        spread.flush()
        result.spills[kind] = spread.spill
    return result


def _by_key(rows: ComparedList, key: Sequence[str], nulls: frozenset[str]) -> tuple[SpillRows, int]:
    """Spread the rows of a list by key; return their number too.

    Raises:
        ListKeys: Keys are missing.
    """
    # What differs is sorted by its place, so it does not matter that a hash is another one in each process.
    spread = _Spread(lambda row: hash(row[0]) % PARTS)
    faults, position, places = _KeyFaults(rows.label), -1, None
    for position, (line, cells) in enumerate(rows.rows()):
        places = places or [rows.columns.index(name) for name in key]
        texts = tuple([_key_text(cells[at]) for at in places])
        if "" in texts or (nulls and not nulls.isdisjoint(texts)):
            faults.missing += 1
            faults.missing_lines += [line] if faults.missing <= _LINES_SHOWN else []
        spread.add((texts, position, line, cells))
    faults.refuse(key)
    spread.flush()
    return spread.spill, position + 1


def _key_text(cell: Cell) -> str:
    return (cell.decode() if isinstance(cell, bytes) else cell).strip()


def _by_place(count: int) -> _Spread:
    return _Spread(lambda row: row[0] * PARTS // max(1, count))


def _unique(rows: Iterable[Any], faults: _KeyFaults) -> dict[tuple[str, ...], Any]:
    found: dict[tuple[str, ...], Any] = {}
    for row in rows:
        first = found.setdefault(row[0], row)
        if first is not row:
            faults.repeated += 1
            faults.repeated_lines.append((first[2], row[2]))
            if len(faults.repeated_lines) > 1000:
                faults.repeated_lines = sorted(faults.repeated_lines, key=itemgetter(1))[:_LINES_SHOWN]
    return found


def content_of(
    compared: Sequence[str], columns: Sequence[str], nulls: Collection[str] = ()
) -> Callable[[list[Any]], Sequence[Any]]:
    """Return a function that picks the compared cells of a row.

    What the list does not have is none of its content. A spelling of nothing (`nulls`) is an empty cell.
    """
    if nulls:
        picked = content_of(compared, columns)
        return lambda cells: ["" if _key_text(cell) in nulls else cell for cell in picked(cells)]
    places = [columns.index(name) for name in compared if name in columns]
    if not places:
        return lambda _: ()
    width = len(columns)
    # One place gives the cell itself, and two the tuple of both.
    pick = itemgetter(*places, places[0])
    # Rows that were read before a late key are shorter than the others.
    return lambda cells: pick(cells) if len(cells) == width else pick([*cells, *[""] * (width - len(cells))])


def _completed(old: Sequence[str], new: Sequence[str]) -> Callable[[list[Any], list[Any]], list[Any]]:
    """Return what takes unknown old cells from the new row.

    So a column that was not kept when the row was held back is no difference.
    """
    places = [new.index(name) if name in new else len(new) for name in old]

    def completed(before: list[Any], after: list[Any]) -> list[Any]:
        if None not in before:
            return before
        cells = [after[at] if at < len(after) else "" for at in places]
        return [new if known is None else known for known, new in zip(before, cells, strict=False)]

    return completed


def _compare_part(
    before: dict[tuple[str, ...], Any],
    after: dict[tuple[str, ...], Any],
    functions: tuple[Callable[..., Sequence[Any]], Callable[..., Sequence[Any]], Callable[..., list[Any]]],
    counts: ListCounts,
    spreads: dict[Kind, _Spread],
) -> None:
    """Compare the rows of one part, and spread those that differ."""
    content_before, content_after, completed = functions
    for key, (_, position, line, cells) in after.items():
        old = before.pop(key, None)
        if old is None:
            counts.added += 1
            spreads["added"].add((position, line, key, None, cells))
        elif content_before(known := completed(old[3], cells)) != content_after(cells):
            counts.changed += 1
            spreads["changed"].add((position, line, key, known, cells))
        else:
            counts.unchanged += 1
    counts.removed += len(before)
    for key, (_, position, line, cells) in before.items():
        spreads["removed"].add((position, line, key, cells, None))
