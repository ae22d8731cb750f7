"""Find events in files' names, and patterns for `by_file`."""

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from inflection_cli.catalog import EventKind
from inflection_cli.mapping.events import kind_of

_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_MOST_WORDS: Final = 7
_SPECIAL: Final = re.compile(r"[*?\[]")
_OTHER_WORDS: Final = frozenset(
    {
        *("app", "held", "hold", "mms", "no", "non", "not", "push", "rcs", "sms", "soft", "un", "web"),
        *("average", "count", "counts", "rate", "rates", "stat", "stats", "summary", "total", "totals"),
        *("audience", "contacts", "list", "lists", "members", "people", "segment", "subscribers", "users"),
    }
)
"""Words beside an event that make something else of it: another channel, a negation, sums, a list of people."""

_OTHER_STEMS: Final = (
    *("block", "cancel", "convert", "defer", "delay", "drop", "error", "expir", "fail", "filter", "ignor"),
    *("inapp", "invalid", "pause", "queue", "reject", "remov", "resub", "schedul", "skip", "suppress"),
    *("viber", "whatsapp"),
)


class EventInName(NamedTuple):
    """The event that a name tells.

    Attributes:
        kind: The event.
        text: The part of the name that tells it.
    """

    kind: EventKind
    text: str


def event_of_name(name: str) -> EventInName | None:
    """Find the one event in a name like `email_opens_2024-03`; None if unsure."""
    words = list(_WORD.finditer(name))
    found: list[EventInName] = []
    rest: list[str] = []
    at = 0
    while at < len(words):
        for end in range(min(len(words), at + _MOST_WORDS), at, -1):
            kind = kind_of("".join(word[0] for word in words[at:end]))
            if kind is not None:
                found.append(EventInName(kind, name[words[at].start() : words[end - 1].end()]))
                at = end
                break
        else:
            rest.append(words[at][0].lower())
            at += 1
    if len({each.kind.name for each in found}) != 1 or any(map(_says_otherwise, rest)):
        return None
    return found[0]


def _says_otherwise(word: str) -> bool:
    return word in _OTHER_WORDS or word.startswith(_OTHER_STEMS)


def event_patterns(paths: Sequence[str]) -> dict[str, str]:
    """Return events by pattern of file names; empty without any.

    Each file fits the pattern of its own event and no other. The text is empty for a file whose name tells none.

    Args:
        paths: The files, as `by_file` compares them.
    """
    from inflection_cli.mapping.profile.column_resolver import best_patterns  # noqa: PLC0415 - most files need none

    named = {path: event_of_name(_stem(path)) for path in paths}
    for_folders = not any(named.values()) and len(paths) > 1
    if for_folders:
        named = {path: event_of_name(path.rpartition("/")[0].rpartition("/")[2]) for path in paths}
    if not any(named.values()):
        return {}
    ending = "*/*" if for_folders else "*"
    patterns = {f"*{each.text}{ending}": each.kind.name for each in named.values() if each}
    for path, each in named.items():
        text = each.kind.name if each else ""
        if {*best_patterns(path.lower(), patterns).values()} != {text}:
            exact = path if for_folders else path.rpartition("/")[2]
            patterns[_SPECIAL.sub(r"[\g<0>]", exact)] = text
    is_sure = all(
        {*best_patterns(path.lower(), patterns).values()} == {each.kind.name if each else ""}
        for path, each in named.items()
    )
    return patterns if is_sure else {}


def _stem(path: str) -> str:
    return path.rpartition("/")[2].partition(".")[0]
