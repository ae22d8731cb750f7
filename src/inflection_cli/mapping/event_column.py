"""Find the one column whose cells are event names."""

from collections.abc import Sequence

from inflection_cli.mapping.events import kind_of
from inflection_cli.mapping.field_candidates import EVENT_SHARE, event_of_column


def event_column(names: Sequence[str], free: Sequence[str], sample: Sequence[Sequence[str]]) -> str | None:
    """Return the only column whose cells are mostly event names, or None.

    Args:
        names: The file's column names.
        free: Those that are nothing else.
        sample: Some of its first rows.
    """
    if any(event_of_column(name) is not None for name in names):
        # A column for each event, with its time: what a status column says is then the last of several events.
        return None
    found = [name for name in free if _names_events([*_cells(sample, names.index(name))])]
    return found[0] if len(found) == 1 else None


def _cells(sample: Sequence[Sequence[str]], index: int) -> list[str]:
    return [row[index] for row in sample if index < len(row) and row[index].strip()]


def _names_events(cells: Sequence[str]) -> bool:
    known = sum(kind_of(cell) is not None for cell in cells)
    return known > EVENT_SHARE * len(cells)
