"""Count the people, accounts and memberships that groups make, in constant memory."""

from collections.abc import Sequence
from struct import Struct
from typing import Final, NamedTuple

from inflection_cli.backfilling.spill_groups import SpillGroups, count_distinct

_ONE: Final = Struct(">q")
_PAIR: Final = Struct(">qq")


class GroupCounts(NamedTuple):
    """Different people, accounts, and pairs of the two, of all groups."""

    people: int = 0
    accounts: int = 0
    memberships: int = 0


class Memberships:
    """Collect members by 64-bit hashes from Python's own `hash`."""

    def __init__(self) -> None:
        self._people = SpillGroups(_ONE.size)
        self._accounts = SpillGroups(_ONE.size)
        self._pairs = SpillGroups(_PAIR.size)

    def add(self, memberships: Sequence[tuple[str, str]]) -> None:
        """Take who is a member of which account.

        Raises:
            TemporaryFolderError: The temporary folder is full or cannot be written.
        """
        if memberships:
            self._people.add({_ONE.pack(hash(who)) for who, _ in memberships})
            self._accounts.add({_ONE.pack(hash(account)) for _, account in memberships})
            self._pairs.add({_PAIR.pack(hash(pair), hash(pair[1])) for pair in memberships})

    def count(self) -> GroupCounts:
        """Count all that differ, and free the memory."""
        return GroupCounts(*map(count_distinct, (self._people, self._accounts, self._pairs)))
