"""How many people there are, and how many ids they go out under, in flat memory."""

from collections.abc import Sequence
from struct import Struct
from typing import Final

from inflection_cli.delivery.grouping import Runs, count_distinct

_PAIR: Final = Struct(">qq")
_HALF: Final = 8


class People:
    """Counts people and tracked users by 64-bit hashes; Python's own hash will do, as it is never kept."""

    def __init__(self) -> None:
        self._pairs = Runs(_PAIR.size)

    def add(self, user_ids: Sequence[str], person_ids: Sequence[str]) -> None:
        """Take people by both their ids, of which one may be "".

        A person is known by the person id where there is one, and goes out under the user id where there is one.
        """
        who = _first(person_ids, user_ids)
        sent_as = _first(user_ids, person_ids)
        self._pairs.add(map(_PAIR.pack, map(hash, who), map(hash, sent_as)))

    def count(self) -> tuple[int, int]:
        """Count the different people and the different ids, and give the memory back."""
        people = 0
        ids = Runs(_HALF)
        for pairs in self._pairs.parts():
            distinct = set(pairs)
            people += len({pair[:_HALF] for pair in distinct})
            ids.add([pair[_HALF:] for pair in distinct])
        self._pairs.close()
        return people, count_distinct(ids)


def _first(ids: Sequence[str], others: Sequence[str]) -> Sequence[str]:
    """Return ids, and where one is absent the other of the person, set apart by a NUL."""
    if "" not in ids:
        return ids
    return [id_ or "\0" + other for id_, other in zip(ids, others, strict=True)]
