"""Remembered lists in the state directory, and unfinished differences.

A list is a file of one JSON array a row, with a last line of facts: name, key, columns, generation, number of rows,
and a digest of all of it. It is written beside, synced, and renamed, so that there is the old list or the new one.
While a difference is delivered the new list waits beside the old one.
"""

import os
import re
from array import array
from bisect import bisect_left
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from hashlib import blake2b
from itertools import chain
from pathlib import Path
from typing import IO, Any, Final

import orjson

from inflection_cli.backfilling.dedup import Dispositions
from inflection_cli.comparing.keyed_lists import Cell, Row, unpacked
from inflection_cli.comparing.list_changes import ListChanges
from inflection_cli.comparing.list_layout import KINDS, Kind
from inflection_cli.errors import LedgerDamaged, LedgerError
from inflection_cli.ledger.state_dir import (
    check_private_file,
    make_private_folder,
    open_private,
    sync_folder,
    translated,
)
from inflection_cli.model import Disposition, Fault
from inflection_cli.reading import Source
from inflection_cli.reading.source import SAMPLE_ROWS
from inflection_cli.segment.ids import netstring


class HeldRows:
    """Places of the rows that keep their old state, by kind.

    Args:
        changes: What was sent.
        dispositions: What became of each event in the plan.
        refused: The ordinals of the events that the destination refused.
    """

    def __init__(self, changes: ListChanges, dispositions: Dispositions, refused: Collection[int]) -> None:
        self._changes = changes
        self._places: dict[Kind, array[int]] = {kind: array("Q") for kind in KINDS}
        repeats = dispositions.counts[Disposition.DUPLICATE]
        if not (changes.rejected or refused or repeats):
            return
        ordinal = 0
        for number, (kind, change) in enumerate(changes.in_order()):
            if _has(changes.idle, number):
                continue
            if _has(changes.rejected, number):
                self._places[kind].append(change.position)
                continue
            if ordinal in refused or (repeats and dispositions.one(ordinal) is Disposition.DUPLICATE):
                self._places[kind].append(change.position)
            ordinal += 1

    def __len__(self) -> int:
        return sum(map(len, self._places.values()))

    @property
    def gone(self) -> int:
        """Number of removed rows among them."""
        return len(self._places["removed"])

    def applied(self, rows: Iterator[Row]) -> Iterator[Sequence[Any]]:
        """Yield the new list's cells, with the old state of these rows."""
        added, changed = self._places["added"], self._old("changed")
        next_place, next_cells = next(changed, (-1, ()))
        for place, (_, cells) in enumerate(rows):
            if place == next_place:
                yield next_cells
                next_place, next_cells = next(changed, (-1, ()))
            elif not _has(added, place):
                yield cells
        yield from (cells for _, cells in self._old("removed"))

    def _old(self, kind: Kind) -> Iterator[tuple[int, Sequence[Any]]]:
        """Yield place and old cells of a kind's rows, by kept columns."""
        places = self._places[kind]
        if places:
            found = _old_rows(self._changes, kind)
            yield from (row for row in found if _has(places, row[0]))


def withheld_rows(changes: ListChanges) -> Iterator[Sequence[Any]]:
    """Yield the old cells of withheld rows, by kept columns."""
    if changes.withheld:
        yield from (cells for _, cells in _old_rows(changes, "removed"))


def _old_rows(changes: ListChanges, kind: Kind) -> Iterator[tuple[int, Sequence[Any]]]:
    columns = changes.difference.old_columns
    at = [columns.index(name) if name in columns else -1 for name in changes.difference.kept_columns]
    for change in chain.from_iterable(changes.difference.changes(kind)):
        old = change.old
        if old is not None:
            # A column that is mapped only since then is not empty: what the row had in it is not known.
            yield change.position, [None if i < 0 else old[i] if i < len(old) else "" for i in at]


def _has(places: Sequence[int], place: int) -> bool:
    at = bisect_left(places, place)
    return at < len(places) and places[at] == place


_FORM: Final = 2
_FORM_OF_KNOWN: Final = 1
"""A list without unknown cells is written as earlier versions read it."""

_DIGEST_BYTES: Final = 16
_TAIL_BYTES: Final = 1 << 16
_WRITE_BYTES: Final = 1 << 18
_KEPT: Final = ".list"
_NEXT: Final = ".next"
_DRAFT: Final = ".draft"
_PAST: Final = ".past"
"""The generation of a list that was forgotten: message ids that were used are not used again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListFacts:
    """Facts about a list beside its rows.

    Attributes:
        name: Its name.
        namespace: The destination that it was delivered to.
        key: The columns that tell its rows apart.
        columns: The columns that are kept.
        generation: The number of the difference that led to it.
        rows: How many rows it has.
        now: When that difference was first tried: ISO 8601, and the time of its events.
        command: The command that was typed, without key.
        options: The options that shape its events, by name.
    """

    name: str
    namespace: str
    key: Sequence[str]
    generation: int
    now: str
    command: str
    options: Mapping[str, Any] = field(default_factory=dict)
    columns: Sequence[str] = ()
    rows: int = 0


class KeptList:
    """A list in the state directory.

    Args:
        path: Its file.

    Attributes:
        path: As given.
        facts: What is known of it.

    Raises:
        LedgerError: The file cannot be read, or is another user's.
        LedgerDamaged: It is not whole.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.facts, self.digest = _facts(path)
        self._sample: list[list[str]] = []

    faults: Sequence[Fault] = ()

    @property
    def label(self) -> str:
        """The list in messages: a path."""
        return str(self.path)

    @property
    def columns(self) -> Sequence[str]:
        """The columns that are kept."""
        return self.facts.columns

    @property
    def kept(self) -> Source | None:
        """The list as a source, once it is read; None without rows."""
        if not self.facts.rows:
            return None
        return Source(
            path=self.label,
            location=self.label,
            format="ndjson",
            encoding="utf-8",
            delimiter=None,
            compression=None,
            columns=tuple(self.columns),
            sample=tuple(self._sample),
            problems=(),
            size_bytes=0,
            data_offset=0,
        )

    def rows(self) -> Iterator[Row]:
        """Yield line and cells of each row.

        Raises:
            LedgerDamaged: The rows are not those that were written.
        """
        width, digest = len(self.columns), blake2b(digest_size=_DIGEST_BYTES)
        self._sample = []
        with translated(self.path), self.path.open("rb") as file:
            for line in range(1, self.facts.rows + 1):
                text = file.readline()
                digest.update(text)
                cells = _cells(text, self.path)
                if line <= SAMPLE_ROWS:
                    self._sample.append([*map(unpacked, cells), *[""] * (width - len(cells))])
                yield line, cells
        digest.update(_spelled(self.facts))
        if digest.hexdigest() != self.digest:
            raise _damaged(self.path)


def _spelled(facts: ListFacts) -> bytes:
    return orjson.dumps(asdict(facts), option=orjson.OPT_SORT_KEYS)


def _cells(text: bytes, path: Path) -> list[Any]:
    try:
        cells = orjson.loads(text)
        return [cell[0].encode() if isinstance(cell, list) else cell for cell in cells]
    except (orjson.JSONDecodeError, TypeError, AttributeError, IndexError):
        raise _damaged(path) from None


def _facts(path: Path) -> tuple[ListFacts, str]:
    """Read the last line of a list: its facts and the digest."""
    with translated(path):
        size = check_private_file(path).st_size
        with path.open("rb") as file:
            line = _last_line(file, size)
    try:
        found = orjson.loads(line)
        if found["form"] > _FORM:
            raise LedgerError(
                f"{path} was written by a later infl-seg", hint="use that version, or a newer one"
            )
        return ListFacts(**found["facts"]), str(found["digest"])
    except (orjson.JSONDecodeError, TypeError, KeyError):
        raise _damaged(path) from None


def _last_line(file: IO[bytes], size: int) -> bytes:
    tail = _TAIL_BYTES
    while True:
        file.seek(max(0, size - tail))
        text = file.read()
        if not text.endswith(b"\n"):
            return b""
        at = text.rfind(b"\n", 0, -1)
        if at >= 0 or tail >= size:
            return text[at + 1 :]
        tail *= 2


def _damaged(path: Path) -> LedgerDamaged:
    return LedgerDamaged(
        f"{path} is damaged: it is not the list that was written",
        hint="put back a copy of it; or begin another list: --name NAME",
    )


class ListDraft:
    """A list that is being written.

    Args:
        path: Its file, which replaces any that was left behind.

    Raises:
        LedgerError: It cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        make_private_folder(path.parent)
        with translated(path):
            path.unlink(missing_ok=True)
            self._file = os.fdopen(open_private(path, exclusive=True), "wb", buffering=_WRITE_BYTES)
        self._rows = 0
        self._has_unknown = False
        self._digest = blake2b(digest_size=_DIGEST_BYTES)

    def through(self, rows: Iterator[Row]) -> Iterator[Row]:
        """Write rows as they pass by."""
        for line, cells in rows:
            self.add(cells)
            yield line, cells

    def add(self, cells: Sequence[Cell | None]) -> None:
        """Write a row."""
        self._has_unknown = self._has_unknown or None in cells
        kept = [[cell.decode()] if isinstance(cell, bytes) else cell for cell in cells]
        line = orjson.dumps(kept) + b"\n"
        with translated(self._path):
            self._file.write(line)
        self._digest.update(line)
        self._rows += 1

    def finish(self, facts: ListFacts, target: Path) -> None:
        """Write the facts, sync the file, and rename it."""
        facts = replace(facts, rows=self._rows)
        self._digest.update(_spelled(facts))
        last = {
            "form": _FORM if self._has_unknown else _FORM_OF_KNOWN,
            "facts": asdict(facts),
            "digest": self._digest.hexdigest(),
        }
        with translated(self._path):
            self._file.write(orjson.dumps(last) + b"\n")
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self._path.replace(target)
            sync_folder(target.parent)

    def drop(self) -> None:
        """Close and remove the file, unless it has its name."""
        if not self._file.closed:
            with suppress(OSError):  # what a full disk has not taken is tried once more
                self._file.close()
            with translated(self._path):
                self._path.unlink(missing_ok=True)


class ListMemory:
    """The remembered list of a name and destination, and its successor.

    Args:
        state_dir: The state directory.
        namespace: The destination.
        name: The list's name.
    """

    def __init__(self, state_dir: Path, namespace: str, name: str) -> None:
        self._base = lists_folder(state_dir) / _file_name(namespace, name)

    @property
    def lock_path(self) -> Path:
        """The file whose lock keeps other runs out."""
        return self._base.with_name(self._base.name + ".lock")

    def remembered(self) -> KeptList | None:
        """Return the last list that was delivered, or None.

        Raises:
            LedgerError: It cannot be read.
        """
        return _list_at(self._path(_KEPT))

    def under_way(self) -> KeptList | None:
        """Return the new list of an unfinished difference, or None.

        Raises:
            LedgerError: It cannot be read.
        """
        waiting = _list_at(self._path(_NEXT))
        return waiting if _is_unfinished(self.remembered(), waiting) else None

    def next_generation(self) -> int:
        """Return the number of the next difference; forgetting resets none.

        Raises:
            LedgerError: It cannot be read.
        """
        past, remembered = self._path(_PAST), self.remembered()
        with translated(past):
            forgotten = past.read_text("ascii", "replace").strip() if os.path.lexists(past) else "0"
        if not re.fullmatch(r"\d{1,18}", forgotten, re.ASCII):
            raise _damaged(past)
        return 1 + max(int(forgotten), remembered.facts.generation if remembered else 0)

    def draft(self) -> ListDraft:
        """Begin to write a list.

        Raises:
            LedgerError: It cannot be written.
        """
        return ListDraft(self._path(_DRAFT))

    def begin(self, draft: ListDraft, facts: ListFacts) -> None:
        """Store the new list before any event is sent."""
        draft.finish(facts, self._path(_NEXT))

    def complete(self, draft: ListDraft | None, facts: ListFacts) -> None:
        """Have a list take the place of the old one.

        Args:
            draft: The list; None for the one under way as it is.
            facts: What is known of it.
        """
        waiting = self._path(_NEXT)
        if draft is not None:
            draft.finish(facts, self._path(_KEPT))
        with translated(waiting):
            if draft is None:
                waiting.replace(self._path(_KEPT))
            else:
                waiting.unlink(missing_ok=True)
            sync_folder(waiting.parent)

    def forget(self) -> None:
        """Remove the list, and a difference under way; keep its generation."""
        # Of a difference under way the number stays free: what was sent of it is not sent twice.
        used = self.next_generation() - 1
        draft, past = self._path(_DRAFT), self._path(_PAST)
        with translated(self._base):
            draft.unlink(missing_ok=True)
            with os.fdopen(open_private(draft, exclusive=True), "w", encoding="ascii") as file:
                file.write(f"{used}\n")
                file.flush()
                os.fsync(file.fileno())
            draft.replace(past)
            for ending in (_NEXT, _KEPT, _DRAFT):
                self._path(ending).unlink(missing_ok=True)
            sync_folder(self._base.parent)

    def _path(self, ending: str) -> Path:
        return self._base.with_name(self._base.name + ending)


def _list_at(path: Path) -> KeptList | None:
    return KeptList(path) if os.path.lexists(path) else None


def _is_unfinished(kept: KeptList | None, waiting: KeptList | None) -> bool:
    # A kill between two steps may have left what has taken the old list's place already.
    return waiting is not None and (kept is None or waiting.facts.generation > kept.facts.generation)


def lists_folder(state_dir: Path) -> Path:
    """Return the folder of the remembered lists."""
    return state_dir.absolute() / "lists"


def _file_name(namespace: str, name: str) -> str:
    """Return the first part of a list's file names."""
    both = "".join(map(netstring, (namespace, name)))
    digest = blake2b(both.encode("utf-8", "backslashreplace"), digest_size=10).hexdigest()
    readable = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:32].rstrip("-")
    return f"{readable}-{digest}".lstrip("-")


def lists_elsewhere(state_dir: Path, namespace: str, name: str) -> list[str]:
    """Return the other destinations that have a list of this name."""
    # It is only a help for the reader: what is wrong with another list holds up none.
    with suppress(LedgerError, LedgerDamaged):
        every = [kept.facts for kept, _ in remembered_lists(state_dir)]
        return [facts.namespace for facts in every if facts.name == name and facts.namespace != namespace]
    return []


def remembered_lists(state_dir: Path) -> list[tuple[KeptList, bool]]:
    """Return all lists by name, each with whether it is unfinished.

    Raises:
        LedgerError: One cannot be read.
    """
    folder = lists_folder(state_dir)
    with translated(folder):
        found = sorted(folder.glob(f"*{_KEPT}")) if folder.is_dir() else []
        waiting = sorted(folder.glob(f"*{_NEXT}")) if folder.is_dir() else []
    lists = []
    for stem in {path.stem for path in (*found, *waiting)}:
        kept, new = _list_at(folder / f"{stem}{_KEPT}"), _list_at(folder / f"{stem}{_NEXT}")
        shown = kept or new
        if shown is not None:
            lists.append((shown, _is_unfinished(kept, new)))
    return sorted(lists, key=lambda each: (each[0].facts.name, each[0].facts.namespace))
