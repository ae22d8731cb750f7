"""Refused messages that the rejects folder did not take: where they are instead, in words and for scripts."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from inflection_cli.reporting.counts import counted
from inflection_cli.reporting.shown import shown

if TYPE_CHECKING:
    from inflection_cli.pipeline.rejects import Rejects


def refused_places(rejects: "Rejects") -> str:
    """Return where refused messages are kept, as a clause."""
    folder = [rejects.path] if rejects.path else []
    return shown(" and ".join([*folder, *rejects.kept_elsewhere()]))


def refused_object(rejects: "Rejects") -> dict[str, Any]:
    """Return for scripts what the rejects folder did not take; nothing where it took all."""
    if not rejects.refused_messages.troubles:
        return {}
    return {
        "refused_kept_in": rejects.kept_elsewhere(),
        "refused_not_kept": rejects.refused_messages.not_kept,
    }


def refused_lines(rejects: "Rejects") -> Iterator[tuple[str, str]]:
    """Yield label and text for what the rejects folder did not take."""
    for trouble in rejects.refused_messages.troubles:
        yield "refused", trouble_words(trouble)
    for path in rejects.kept_elsewhere():
        yield "refused", f"messages that the rejects folder did not take are in {shown(path)}"
    lost = rejects.refused_messages.not_kept
    if lost:
        messages = counted(lost, "refused message is", "refused messages are")
        yield "refused", f"{messages} in no file; the same command sends what was refused once more"


def trouble_words(trouble: Exception) -> str:
    """Word why a place did not take a refused message."""
    if isinstance(trouble, OSError):
        return f"refused messages cannot be written any more: {trouble.strerror}"
    return shown(str(trouble))
