"""Find the event that a misspelt event name may mean."""

from functools import lru_cache
from typing import Final

from inflection_cli.catalog import EVENTS
from inflection_cli.mapping.column_names import squash
from inflection_cli.suggestions import distance, nearest

_LOOKED_UP: Final = 1 << 10
"""Names kept: a file repeats its few unknown events on thousands of rows."""

_KNOWN: Final = {
    word: kind.name
    for kind in EVENTS
    for word in (squash(kind.name), squash(kind.spec_name), *kind.other_names)
}

_OTHER_STEMS: Final = (
    "block", "cancel", "convert", "defer", "delay", "drop", "error", "expir", "fail", "filter", "held", "hold",
    "ignor", "inapp", "invalid", "no", "not", "pause", "process", "push", "queue", "reject", "remov",
    "resub", "schedul", "send", "sent", "skip", "sms", "suppress", "un", "web", "whatsapp",
)  # fmt: skip
"""Beginnings of words that make another event of a name: it did not happen, on another channel, or earlier."""


@lru_cache(maxsize=_LOOKED_UP)
def nearest_event(name: str) -> str | None:
    """Return the Inflection event that a misspelt name means, or None."""
    word = squash(name)
    found = [each for each in nearest(word, _KNOWN, len(_KNOWN)) if not _says_otherwise(word, each)]
    if not found:
        return None
    least = distance(word, found[0])
    events = {_KNOWN[each] for each in found if distance(word, each) == least}
    return events.pop() if len(events) == 1 else None


def _says_otherwise(word: str, known: str) -> bool:
    # A bounce has no negation in it, however it is misspelt.
    said, known = word.replace("boun", "bon"), known.replace("boun", "bon")
    return any((stem in said) != (stem in known) for stem in _OTHER_STEMS)
