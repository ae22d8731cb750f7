"""Find words near a misspelt one, but never its opposite."""

from collections.abc import Iterable, Sequence
from typing import Final

MOST_EDITS: Final = 2
"""Letters changed, added, left out or exchanged with their neighbour, between a word and what is suggested for it."""

_LONGEST: Final = 200
"""Words longer than this are compared with nothing: no name has so many letters, and the time grows with them."""

_NEGATIONS: Final = ("un", "no", "in", "de", "non")


def distance(one: str, other: str, most: int = MOST_EDITS) -> int:
    """Count edits between two words, up to `most`, else `most + 1`."""
    if one == other:
        return 0
    if abs(len(one) - len(other)) > most:
        return most + 1
    before: list[int] = []
    row = [*range(len(other) + 1)]
    for i, letter in enumerate(one, 1):
        earlier, before, row = before, row, [i]
        for j, theirs in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != theirs))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == theirs:
                cost = min(cost, earlier[j - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1
    return int(min(row[-1], most + 1))


def nearest(word: str, words: Iterable[str], count: int = 1) -> list[str]:
    """Return likely corrections of a misspelt word, nearest first, ignoring case.

    Args:
        word: What was written.
        words: What could have been written.
        count: At most so many. Of one, there is none where two are equally near: that would be a guess.
    """
    low = word.strip().lower()
    if not low or len(low) > _LONGEST:
        return []
    found: list[tuple[int, str]] = []
    for each in dict.fromkeys(words):
        theirs = each.lower()
        edits = distance(low, theirs, _most_edits(low, theirs))
        if edits <= _most_edits(low, theirs) and not _is_opposite(low, theirs):
            found.append((edits, each))
    found.sort(key=lambda one: one[0])
    if count == 1 and len(found) > 1 and found[0][0] == found[1][0]:
        return []
    return [each for _, each in found[:count]]


def meant(words: Sequence[str], before: str = "") -> str:
    """Return a question with the suggested words; empty without any."""
    return f"did you mean {' or '.join(before + word for word in words)}?" if words else ""


def _most_edits(one: str, other: str) -> int:
    """Return the most edits allowed between words; fewer for short ones."""
    shorter = min(len(one), len(other))
    return 0 if shorter < 3 else 1 if shorter <= 4 else MOST_EDITS


def _is_opposite(one: str, other: str) -> bool:
    """Return whether words differ by a negation: `subscribed`, `unsubscribed`."""
    longer, shorter = (one, other) if len(one) > len(other) else (other, one)
    return any(
        longer[:at] + longer[at + len(no) :] == shorter
        for no in _NEGATIONS
        if len(longer) - len(shorter) == len(no)
        for at in range(len(longer))
        if longer.startswith(no, at)
    )
