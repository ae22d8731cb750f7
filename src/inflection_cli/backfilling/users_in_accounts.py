"""Count memberships; find users of several accounts without a groupId."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from heapq import nsmallest
from struct import Struct
from typing import Any, Final, NamedTuple

from inflection_cli import rules
from inflection_cli.backfilling.account import KEPT_PER_CODE
from inflection_cli.backfilling.spill import RUN_RECORDS, EventLocations, SpillGroups, count_distinct
from inflection_cli.model import Problem

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


_RECORD: Final = Struct(">qqQ")
"""Hashes of the userId and of the groupId (0 for none), and the ordinal of the first such message."""

_PAIRS_HELD: Final = 1 << 14
_NO_GROUP: Final = 0


class UsersInAccounts:
    """Collect users and accounts of messages by 64-bit hashes.

    Args:
        pairs_held: How many pairs of user and account are held before they are spilled.
        run_records: How many records make a run of the scratch file.
    """

    def __init__(self, pairs_held: int = _PAIRS_HELD, run_records: int = RUN_RECORDS) -> None:
        self._next = 0
        self._most = pairs_held
        self._held: dict[tuple[int, int], int] = {}
        self._records = SpillGroups(_RECORD.size, run_records)

    def add(self, messages: Sequence[Mapping[str, Any]]) -> None:
        """Take the next messages of the input, in order.

        Raises:
            TemporaryFolderError: The temporary folder is full or cannot be written.
        """
        for ordinal, message in enumerate(messages, self._next):
            user = message.get("userId")
            if user:
                group = _group_of(message)
                self._held.setdefault((hash(user), hash(group) if group else _NO_GROUP), ordinal)
        self._next += len(messages)
        if len(self._held) >= self._most:
            self._spill()

    def _spill(self) -> None:
        self._records.add(_RECORD.pack(*pair, ordinal) for pair, ordinal in self._held.items())
        self._held = {}

    def problems(self, places: EventLocations) -> Iterator[Problem]:
        """Yield the users who break the rule, and free the memory.

        Args:
            places: Where each message is.

        Raises:
            TemporaryFolderError: The temporary folder cannot be read any more.
        """
        self._spill()
        count, first = 0, list[int]()
        for records in self._records.parts():
            found = list(_without_account(records))
            count += len(found)
            first = nsmallest(KEPT_PER_CODE, [*first, *found])
        self._records.close()
        for ordinal in first:
            file, line = places.of(ordinal)
            message = "this userId is also seen with two groupIds or more, and here it has none"
            yield Problem(rules.USER_IN_TWO_ACCOUNTS, message, file, line, "userId")
        if count > len(first):
            more = count - len(first)
            yield Problem(rules.USER_IN_TWO_ACCOUNTS, f"and {more:,} more users of the kind", count=more)


def account_of(message: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members of a message that `add` reads."""
    return {"userId": message.get("userId"), "groupId": _group_of(message)}


def _group_of(message: Mapping[str, Any]) -> Any:
    return message.get("groupId") or message.get("context", {}).get("groupId")


def _without_account(records: Sequence[bytes]) -> Iterator[int]:
    """Yield for each user of several accounts the first message without one."""
    accounts: dict[int, dict[int, int]] = defaultdict(dict)
    for record in records:
        user, group, ordinal = _RECORD.unpack(record)
        of_user = accounts[user]
        of_user[group] = min(ordinal, of_user.get(group, ordinal))
    for of_user in accounts.values():
        if _NO_GROUP in of_user and len(of_user) > 2:
            yield of_user[_NO_GROUP]
