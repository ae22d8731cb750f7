"""How many people there are, and how many ids they go out under, in flat memory."""

from collections.abc import Iterable
from struct import Struct
from typing import Final

from inflection_cli.delivery.grouping import Runs, count_distinct

_PAIR: Final = Struct(">qq")
_HALF: Final = 8


class People:
    """Counts people and tracked users by 64-bit hashes; Python's own hash will do, as it is never kept."""

    def __init__(self) -> None:
        self._pairs = Runs(_PAIR.size)

    def add(self, people: Iterable[tuple[str, str]]) -> None:
        """Take people, each with the id that their events go out under."""
        pack = _PAIR.pack
        self._pairs.add([pack(hash(person), hash(sent_as)) for person, sent_as in people])

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
