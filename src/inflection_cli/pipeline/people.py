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

    def add(self, people: Sequence[tuple[str, str]]) -> None:
        """Take people, each as user id and person id, of which one may be "".

        A person is known by the person id where there is one, and goes out under the user id where there is one.
        """
        who = [person or "\0" + user for user, person in people]
        sent_as = [user or "\0" + person for user, person in people]
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
