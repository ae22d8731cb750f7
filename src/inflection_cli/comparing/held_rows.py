"""Rows without an accepted event, which keep their old state."""

from array import array
from bisect import bisect_left
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from inflection_cli.backfilling.dedup import Dispositions
from inflection_cli.comparing.keyed_lists import Row
from inflection_cli.comparing.list_changes import ListChanges
from inflection_cli.comparing.list_layout import KINDS, Kind
from inflection_cli.model import Disposition


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
        """Yield place and old cells of a kind's rows, by new columns."""
        places = self._places[kind]
        if not places:
            return
        columns = self._changes.difference.old_columns
        at = [columns.index(name) if name in columns else -1 for name in self._changes.difference.new_columns]
        for changes in self._changes.difference.changes(kind):
            for change in changes:
                if change.old is not None and _has(places, change.position):
                    old = change.old
                    yield change.position, [old[i] if 0 <= i < len(old) else "" for i in at]


def _has(places: Sequence[int], place: int) -> bool:
    at = bisect_left(places, place)
    return at < len(places) and places[at] == place
