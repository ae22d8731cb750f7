"""Count people and their ids; check that ids are plausible."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from operator import itemgetter
from struct import Struct
from typing import Final

from inflection_cli import rules
from inflection_cli.backfilling.spill import SpillGroups, count_distinct
from inflection_cli.converting.input_file import InputFile
from inflection_cli.converting.person_columns import Seen
from inflection_cli.mapping.personal_data import is_address
from inflection_cli.model import Problem

_KEY: Final = Struct(">qqqI")
"""Hashes of the id that is sent, of the address (0 for none) and of the person, and the number of the group."""

_HALF: Final = 8
_SENT, _ADDRESS, _WHO = slice(0, 8), slice(8, 16), slice(16, 24)
_PAIR, _IDS, _GROUP = slice(0, 16), slice(0, 24), slice(24, 28)
_NO_ADDRESS: Final = bytes(_HALF)
_KEYS_HELD: Final = 1 << 14
_FURTHER: Final = Struct(">qII")
MANY_ADDRESSES: Final = 3
"""So many different addresses of one id, and it is not one person's."""

MOST_OF_ROWS: Final = 200
"""Among fewer rows, that one person has more than half of them says nothing."""


@dataclass(slots=True, eq=False)
class Gathered:
    """Counts of the people in a group of events.

    Attributes:
        path: The file; empty for all events.
        rows: How many events there are.
        equal: On how many events the person's id is an id of the campaign, by its name.
        repeats: Whether an id is known to come twice.
        crowded: Ids with many addresses.
        most_addresses: The most addresses that one of them has.
        crowded_rows: The events of those ids.
        heaviest: The events of the id that has more than half of them; 0 where none has.
        heaviest_is_address: Whether that id is an address, as a tester's or a mailbox's is.
        further: Of each further column how many cells repeat an earlier one, by name; while no id repeats.
    """

    path: str = ""
    rows: int = 0
    equal: Counter[str] = field(default_factory=Counter)
    repeats: bool = False
    crowded: int = 0
    most_addresses: int = 0
    crowded_rows: int = 0
    heaviest: int = 0
    heaviest_is_address: bool = False
    further: Counter[str] = field(default_factory=Counter)
    _candidate: int = 0
    _votes: int = 0

    def take(self, seen: Seen, ids: Sequence[str]) -> None:
        """Count events, all of whose ids are given."""
        self.rows += len(ids)
        self.equal.update(seen.equal)

    def vote(self, candidate: int, votes: int, *, address: bool) -> None:
        """Add the votes of a chunk's candidate (Boyer-Moore majority vote)."""
        if candidate == self._candidate:
            self._votes += votes
        elif votes > self._votes:
            self._candidate, self._votes = candidate, votes - self._votes
            self.heaviest_is_address = address
        else:
            self._votes -= votes

    @property
    def candidate(self) -> bytes:
        """Hash of the only id that can have over half the events."""
        return self._candidate.to_bytes(_HALF, "big", signed=True)


class People:
    """Collect people by 64-bit hashes from Python's own `hash`.

    Attributes:
        groups: What was seen of each block of each file, in their order.
        whole: What was seen of all events.
    """

    def __init__(self) -> None:
        self.groups: list[Gathered] = []
        self.whole = Gathered()
        self._unjudged: set[bytes] = set()
        self._numbers: dict[tuple[str, int], int] = {}
        self._records = SpillGroups(_KEY.size)
        self._has_addresses = False
        self._names: list[str] = []
        self._further: set[bytes] = set()
        self._further_records = SpillGroups(_FURTHER.size)

    def add(self, path: str, seen: Seen) -> None:
        """Take the people of events.

        A person is known by the person id where there is one, and goes out under the user id where there is one.

        Raises:
            LedgerDamaged: The temporary folder is full or cannot be written.
        """
        number = self._numbers.setdefault((path, seen.block), len(self.groups))
        if number == len(self.groups):
            self.groups.append(Gathered(path))
            if not seen.judged:
                self._unjudged.add(number.to_bytes(4, "big"))
        group = self.groups[number]
        who = _first(seen.person_ids, seen.user_ids)
        ids = _first(seen.user_ids, seen.person_ids)
        different = set(ids)
        self._has_addresses |= bool(seen.addresses)
        addresses = map(hash, seen.addresses) if seen.addresses else repeat(0)
        self._records.add(map(_KEY.pack, map(hash, ids), addresses, map(hash, who), repeat(number)))
        if not seen.judged:
            return
        most, votes = _surplus(ids, different)
        address = is_address(most.lstrip("\0"))
        for each in (group, self.whole):
            each.take(seen, ids)
            each.vote(hash(most), votes, address=address)
            each.repeats |= len(different) < len(ids)
        if not group.repeats:
            self._add_further(number, seen)

    def _add_further(self, number: int, seen: Seen) -> None:
        """Add the cells of columns that may repeat where ids do not."""
        for name, cells in (("email", seen.addresses), *seen.others):
            if name not in self._names:
                self._names.append(name)
            filled = [cell for cell in cells if cell]
            self.groups[number].further[name] += len(filled)
            key = repeat(number), repeat(self._names.index(name))
            self._further.update(map(_FURTHER.pack, map(hash, filled), *key))
        if len(self._further) >= _KEYS_HELD:
            self._further_records.add(self._further)
            self._further = set()

    def count(self) -> tuple[int, int]:
        """Count distinct people and ids, check repeats, and free the memory."""
        tracked = 0
        people = SpillGroups(_HALF)
        for counts in self._records.counts():
            keys = {record[_IDS] for record in counts}
            sent = {key[_SENT] for key in keys}
            tracked += len(sent)
            people.add({key[_WHO] for key in keys})
            self._judge(counts, sent)
        self._records.close()
        self._count_further()
        return count_distinct(people), tracked

    def _judge(self, counts: Mapping[bytes, int], sent: set[bytes]) -> None:
        """Check all records of some ids for many addresses or rows."""
        if self._unjudged:
            counts = {each: rows for each, rows in counts.items() if each[_GROUP] not in self._unjudged}
        many = [group for group in (self.whole, *self.groups) if group.rows >= MOST_OF_ROWS]
        looked_for = [group for group in many if not group.repeats or group.candidate in sent]
        crowded = self._has_addresses and _are_crowded(counts)
        if not (looked_for or crowded):
            return
        for group, rows in self._of_groups(counts):
            if crowded:
                _crowd(group, rows)
            if group in looked_for:
                group.heaviest += _rows_of(rows, {group.candidate})
                group.repeats |= len({record[_SENT] for record in rows}) < sum(rows.values())

    def _of_groups(self, counts: Mapping[bytes, int]) -> Iterator[tuple[Gathered, Mapping[bytes, int]]]:
        yield self.whole, counts
        by_group: dict[bytes, dict[bytes, int]] = {}
        for record, rows in counts.items():
            by_group.setdefault(record[_GROUP], {})[record] = rows
        for number, found in by_group.items():
            yield self.groups[int.from_bytes(number, "big")], found

    def _count_further(self) -> None:
        self._further_records.add(self._further)
        for records in self._further_records.parts():
            for record in set(records):
                _, number, at = _FURTHER.unpack(record)
                self.groups[number].further[self._names[at]] -= 1
        self._further_records.close()


def _are_crowded(records: Iterable[bytes]) -> bool:
    """Return whether one of the ids can have many addresses."""
    pairs = {record[_PAIR] for record in records if record[_ADDRESS] != _NO_ADDRESS}
    return len(pairs) >= len({pair[_SENT] for pair in pairs}) + MANY_ADDRESSES - 1


def _crowd(group: Gathered, counts: Mapping[bytes, int]) -> None:
    """Find the ids of a group that have many addresses."""
    pairs = {record[_PAIR] for record in counts if record[_ADDRESS] != _NO_ADDRESS}
    addresses = Counter(pair[_SENT] for pair in pairs)
    crowded = {sent for sent, count in addresses.items() if count >= MANY_ADDRESSES}
    if crowded:
        group.crowded += len(crowded)
        group.most_addresses = max(group.most_addresses, *addresses.values())
        group.crowded_rows += _rows_of(counts, crowded)


def _surplus(ids: Sequence[str], different: set[str]) -> tuple[str, int]:
    """Return a majority candidate and its vote surplus."""
    if 2 * (len(different) - 1) < len(ids):
        ((most, count),) = Counter(ids).most_common(1)
        if 2 * count > len(ids):
            return most, 2 * count - len(ids)
    return ids[0], len(ids) % 2


def _rows_of(counts: Mapping[bytes, int], sent: Collection[bytes]) -> int:
    """Return the number of rows that go out under some ids."""
    return sum(rows for record, rows in counts.items() if record[_SENT] in sent)


def _first(ids: Sequence[str], others: Sequence[str]) -> Sequence[str]:
    """Return ids, with the person's other id where one is absent."""
    if "" not in ids:
        return ids
    return [id_ or "\0" + other for id_, other in zip(ids, others, strict=True)]


_EQUAL_ROWS: Final = 20
"""On fewer rows, that two ids are equal may be chance."""

_EQUAL_SHARE: Final = 0.95
"""A few odd rows, such as those of a test, do not show that the rest are right."""

_REPEATING_SHARE: Final = 0.2


def judged(people: People, inputs: Sequence[InputFile], *, allowed: bool) -> Iterator[Problem]:
    """Yield problems with people, by file, or else for all files together.

    Args:
        people: What was gathered of all events.
        inputs: The files.
        allowed: Whether the user takes them as they are.
    """
    by_path = {source.path: source for source in inputs}
    by_file: dict[str, list[Gathered]] = {}
    for group in people.groups:
        by_file.setdefault(group.path, []).append(group)
    shown = False
    for path, groups in by_file.items():
        faults = [] if allowed else list(dict.fromkeys(fault for group in groups for fault in _faults(group)))
        column = _column(by_path[path])
        if faults:
            yield Problem(rules.PERSON_IMPLAUSIBLE, "; ".join(faults), path, column=column)
            shown = True
        for message in dict.fromkeys(filter(None, map(_never_repeating, groups))):
            yield Problem(rules.PERSON_NEVER_REPEATS, message, path, column=column)
    faults = [] if allowed or shown else list(_faults(people.whole))
    if faults:
        yield Problem(rules.PERSON_IMPLAUSIBLE, f"in all files together, {'; '.join(faults)}")


def _column(source: InputFile) -> str | None:
    """Name the column that decides who the person is, where one does."""
    columns = source.columns
    name = next((name for name in ("userId", "personId", "email") if name in columns.fields), None)
    return columns.column_of(name)


def _faults(group: Gathered) -> Iterator[str]:
    equal = {name: rows for name, rows in sorted(group.equal.items()) if rows >= _EQUAL_SHARE * group.rows}
    if group.rows >= _EQUAL_ROWS and equal:
        rows = min(equal.values())
        where = "each of" if rows == group.rows else f"{rows:,} of"
        yield f"the id of the person is the {' and the '.join(equal)} on {where} {group.rows:,} rows"
    if group.crowded:
        ids = "one id has" if group.crowded == 1 else f"{group.crowded:,} ids have"
        most = f"{group.most_addresses:,} different addresses"
        most = (
            most
            if group.crowded == 1
            else f"three or more different addresses, one of them {group.most_addresses:,}"
        )
        yield f"{ids} {most}, on {group.crowded_rows:,} of {group.rows:,} rows"
    # A tester's address may have most rows of an export; one that has nearly all of them is the sender's.
    share = _EQUAL_SHARE if group.heaviest_is_address else 0.5
    if group.rows >= MOST_OF_ROWS and group.heaviest > share * group.rows:
        yield f"one person has {group.heaviest:,} of {group.rows:,} rows"


def _never_repeating(group: Gathered) -> str | None:
    """Return a fault if ids never repeat although another column does."""
    if group.repeats or group.rows < MOST_OF_ROWS:
        return None
    name, count = max(group.further.items(), key=itemgetter(1), default=("", 0))
    if not name or count < _REPEATING_SHARE * group.rows:
        return None
    known = "the address" if name == "email" else f"“{name}”"
    rows = f"{group.rows:,} rows"
    return f"no id of a person comes twice in {rows}, but {known} repeats an earlier one in {count:,} of them"
