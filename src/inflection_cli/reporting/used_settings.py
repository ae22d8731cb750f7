"""Report the settings files that affected a run, and their values.

So a report is not filtered without a trace.
"""

from collections.abc import Iterator, Mapping, Sized
from dataclasses import dataclass
from typing import Any, Final

from inflection_cli.sanitize import escape

_MOST_OF_VALUE: Final = 60
_MOST_OF_LINE: Final = 800
_MOST_LISTED: Final = 5
_DIGEST: Final = 12
_LEAVING_OUT: Final = frozenset({"event", "since", "until", "unknown_events", "skip_event"})


@dataclass(frozen=True, slots=True)
class SettingsSaid:
    """Settings files that affected a run.

    Attributes:
        profile: Path and hex SHA-256 of the profile.
        project: Path of the project file, and what the run took from it, by option.
    """

    profile: tuple[str, str] | None = None
    project: tuple[str, Mapping[str, Any]] | None = None


def settings_lines(said: SettingsSaid) -> Iterator[tuple[str, str]]:
    """Yield label and text for each file, escaped and cut short."""
    if said.profile is not None:
        path, digest = said.profile
        yield "profile", f"{escape(path, _MOST_OF_LINE)} (SHA-256 {digest[:_DIGEST]}…)"
    if said.project is not None:
        path, took = said.project
        words = "; ".join(_words(took)) or "nothing that the command or the profile does not say"
        # What is shown has been made harmless in parts: a cut takes nothing of that back.
        cut = words if len(words) <= _MOST_OF_LINE else f"{words[:_MOST_OF_LINE]}… (--json has all of it)"
        yield "project", f"{escape(path, _MOST_OF_LINE)} sets {cut}"


def settings_object(said: SettingsSaid) -> dict[str, Any]:
    """Return the settings files as a JSON object, in full."""
    return {
        "profile": None if said.profile is None else {"path": said.profile[0], "sha256": said.profile[1]},
        "project_file": None
        if said.project is None
        else {"path": said.project[0], "settings": dict(said.project[1])},
    }


def _words(took: Mapping[str, Any]) -> Iterator[str]:
    """Yield the settings, those that leave rows out first.

    So no long value can hide them behind the cut.
    """
    for option in sorted(took, key=lambda name: name not in _LEAVING_OUT):
        value = took[option]
        if isinstance(value, Mapping):
            pairs = [f"{_shown(name)} = {_shown(inner)}" for name, inner in [*value.items()][:_MOST_LISTED]]
            yield f"{option} {', '.join(pairs)}{_more(value)}"
        elif isinstance(value, list):
            yield f"{option} = {', '.join(map(_shown, value[:_MOST_LISTED]))}{_more(value)}"
        else:
            yield f"{option} = {_shown(value)}"


def _more(values: Sized) -> str:
    unlisted = len(values) - _MOST_LISTED
    return f" and {unlisted:,} more" if unlisted > 0 else ""


def _shown(value: Any) -> str:
    return escape(str(value).lower() if isinstance(value, bool) else str(value), _MOST_OF_VALUE)
