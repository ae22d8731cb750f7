"""Format what differs between two lists, as text and as JSON."""

from collections.abc import Iterator, Sequence
from typing import Any

from inflection_cli.comparing.list_changes import ListChanges
from inflection_cli.comparing.list_layout import KINDS
from inflection_cli.sanitize import escape


def list_object(changes: ListChanges) -> dict[str, Any]:
    """Return the counts of a difference as a JSON object."""
    counts, settings = changes.difference.counts, changes.settings
    return {
        "name": settings.name or None,
        **{kind: getattr(counts, kind) for kind in ("added", "changed", "removed", "unchanged")},
        "left_out": sum(changes.left_out.values()),
        "withheld": changes.withheld,
        "generation": settings.generation,
    }


def list_lines(changes: ListChanges, notes: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield label and text of a difference for the plan."""
    counts, settings = changes.difference.counts, changes.settings
    name = f"{escape(settings.name)}, " if settings.name else ""
    name += f"generation {settings.generation}: " if settings.generation is not None else ""
    told = ", ".join(f"{getattr(counts, kind):,} {kind}" for kind in (*KINDS, "unchanged"))
    yield "list", f"{name}{told}"
    for note in notes:
        yield "", note
    compared = ", ".join(map(escape, changes.difference.compared))
    yield "", f"key {' + '.join(map(escape, settings.key))}; compared: {compared or 'nothing but the key'}"
    if settings.segment is not None:
        yield (
            "",
            f"properties beside: segment_name, and key with the cell of {' + '.join(map(escape, settings.key))}",
        )
    if changes.withheld:
        one = len(changes.difference.faults) == 1
        line = (
            "a line of the new list cannot be read, and may be one"
            if one
            else "lines of the new list cannot be read, and may be some"
        )
        yield "", f"not sent: {changes.withheld:,} removed ({line} of them)"
    for kind, count in changes.left_out.items() if settings.events else ():
        way = "identify and group have none" if settings.call_type else f"--{kind} NAME sends them"
        if settings.segment is not None and kind == "changed":
            way = "--segment has no event for them"
        yield "", f"not sent: {count:,} {kind} ({way})"


def nothing_words(changes: ListChanges) -> str:
    """Return the last line of a run that sends nothing."""
    if not changes.settings.events:
        return "The list is remembered, and nothing is sent: the next sync sends what has changed."
    left_out = sum(changes.left_out.values())
    return f"Nothing to send: {'what differs has no event' if left_out else 'the lists do not differ'}."
