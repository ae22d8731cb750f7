"""Link each personId to the userId that rows name beside it.

A *link* is an identify with both ids. What rows say of people is gathered in flat memory: rows of texts, in parts by
the hash of the personId, so that all of one person is read back at once.
"""

from array import array
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from heapq import nsmallest
from itertools import compress
from struct import Struct
from typing import Final, Literal

import orjson

from inflection_cli import rules
from inflection_cli.backfilling.dedup import UNCOMPARED
from inflection_cli.backfilling.known_people import KnownPeople
from inflection_cli.backfilling.spill_file import Spill
from inflection_cli.backfilling.spill_groups import SpillGroups
from inflection_cli.backfilling.spill_rows import PARTS, ROWS_HELD, SpillRows
from inflection_cli.backfilling.spill_sorted import RECORD_BYTES, SortedRecords
from inflection_cli.converting.converter import Converted
from inflection_cli.model import Problem
from inflection_cli.segment.ids import link_ids, uuid_text
from inflection_cli.segment.link_messages import ID_BYTES, link_bodies
from inflection_cli.segment.message import with_id

IDENTIFY: Final = "identify"
SHOWN: Final = 100
"""So many people with two userIds are named; the rest are counted."""

_MASK: Final = PARTS - 1
_LINE_BITS: Final = 40
_BLOCK: Final = 4096
_HASH: Final = Struct(">q")
_USER: Final = Struct(">qQ")
_SIZE_BITS: Final = 20
_SHARED: Final = Struct("=qQ")

_MILLISECONDS: Final = len("2024-03-01T09:30:00.000")

Mode = Literal["auto", "always", "never"]
_Pairs = dict[tuple[str, str], tuple[str, int]]
"""The earliest time of a personId with a userId, and its place: file number and line."""

_Pair = tuple[tuple[str, str], tuple[str, int]]
_Link = tuple[bytes, str, str, str, int]
_Conflict = tuple[int, ...]
"""The places of a person with several userIds."""


@dataclass(slots=True)
class LinkCounts:
    """Counts of what was found out about people.

    Attributes:
        linked: Links that are sent, or were.
        conflicting: People with more than one userId, who get no link.
        shared: UserIds with more than one personId.
        resolved: Events that go out under a userId that other rows name.
        resolved_people: How many people they are of.
    """

    linked: int = 0
    conflicting: int = 0
    shared: int = 0
    resolved: int = 0
    resolved_people: int = 0


class Linking:
    """Gather pairs of ids in pass 1; then make the links.

    Attributes:
        counts: What was found, once `settle` has run.

    Args:
        mode: When a pair of ids is linked.
        resolve: Whether events by personId alone go out under the person's userId.
        compares: Whether people with several userIds are found although nobody is linked.
        tail: What ends every message.
    """

    def __init__(
        self, mode: Mode = "never", *, resolve: bool = False, compares: bool = False, tail: str = ""
    ) -> None:
        self.counts = LinkCounts()
        self._mode = mode
        self._resolve = resolve
        self._compares = compares or resolve or mode != "never"
        self._tail = tail
        self._files: list[str] = []
        self._pairs: _Pairs = {}
        self._alone: Counter[str] = Counter()
        self._pair_rows = SpillRows()
        self._alone_rows = SpillRows()
        self._hashes = Spill()
        self._links = SpillRows()
        self._conflicts: list[_Conflict] = []
        self._first_shared = 0
        self._records = SpillGroups(RECORD_BYTES)
        self._users: SortedRecords | None = None
        self._texts = Spill()
        self._text_bytes = 0

    @property
    def resolves(self) -> bool:
        """Return whether events may get a userId of other rows."""
        return self._resolve

    def add(self, file: str, converted: Converted) -> None:
        """Take the events of a chunk.

        Raises:
            TemporaryFolderError: The temporary folder is full or cannot be written.
        """
        if not converted.times:
            return
        user_ids, person_ids = converted.people
        if file not in self._files[-1:]:
            self._files.append(file)
        first, pairs = len(self._files) - 1 << _LINE_BITS, self._pairs
        if self._compares:
            ids = zip(person_ids, user_ids, strict=True)
            known = compress(zip(ids, converted.times, converted.lines, strict=True), user_ids)
            for pair, time, line in known:
                seen = (time[:-1], first + line)
                if pairs.setdefault(pair, seen) > seen:
                    pairs[pair] = seen
        alone = ["" if user else person for person, user in zip(person_ids, user_ids, strict=True)]
        self._alone.update(alone)
        self._hashes.append(array("q", map(hash, alone)).tobytes())
        if len(pairs) + len(self._alone) >= ROWS_HELD:
            self._spill()

    def _spill(self) -> None:
        self._alone.pop("", None)
        pairs: list[list[_Pair]] = [[] for _ in range(PARTS)]
        for pair in self._pairs.items():
            pairs[hash(pair[0][0]) & _MASK].append(pair)
        alone: list[list[tuple[str, int]]] = [[] for _ in range(PARTS)]
        for count in self._alone.items():
            alone[hash(count[0]) & _MASK].append(count)
        pairs[0] = [pair for pair in pairs[0] if pair[0][0]]  # an absent personId has the hash 0
        self._pair_rows.add(pairs)
        self._alone_rows.add(alone)
        self._pairs, self._alone = {}, Counter()

    def settle(self, known: KnownPeople | None = None) -> None:
        """Find the links, the conflicts and the users to be named.

        Args:
            known: The people in the ledger; None without one.

        Raises:
            TemporaryFolderError: The temporary folder cannot be used.
        """
        self._spill()
        links, shared, users = _LinkWriter(self._links), SpillGroups(_SHARED.size), SpillGroups(RECORD_BYTES)
        for rows, counts in zip(self._pair_rows.parts(), self._alone_rows.parts(), strict=True):
            pairs, alone = _earliest(rows), _summed(counts)
            self._take_out_conflicts(pairs, known)
            if self._resolve:
                users.add(self._named(pairs, alone))
            linked = [(*pair, *at) for pair, at in pairs.items() if self._links_to(pair[0], alone, known)]
            links.add(linked)
            shared.add([_SHARED.pack(hash(user), place) for _, user, _, place in linked])
            if known is not None:
                self._records.add(map(known.anonymous, alone))
        self._pair_rows.close()
        self._alone_rows.close()
        self.counts.linked = links.finish()
        self._users = SortedRecords(users)
        self._count_shared(shared)

    def _links_to(self, person: str, alone: Collection[str], known: KnownPeople | None) -> bool:
        """Return whether a person gets a link."""
        if self._mode != "auto":
            return self._mode == "always"
        return person in alone or (known is not None and known.has(person))

    def _take_out_conflicts(self, pairs: _Pairs, known: KnownPeople | None) -> None:
        """Remove the pairs of people with several userIds, and count the people."""
        several: set[str] = set()
        if len({person for person, _ in pairs}) < len(pairs):
            users = Counter(person for person, _ in pairs)
            several.update(person for person, count in users.items() if count > 1)
        if known is not None:
            several.update(person for person, user in pairs if known.has_other_user(person, user))
        places: dict[str, list[int]] = {}
        for pair in [pair for pair in pairs if pair[0] in several]:
            places.setdefault(pair[0], []).append(pairs.pop(pair)[1])
        self._conflicts += [tuple(sorted(found)) for found in places.values()]
        self.counts.conflicting += len(several)
        if len(self._conflicts) > SHOWN:
            self._conflicts = nsmallest(SHOWN, self._conflicts)

    def _named(self, pairs: _Pairs, alone: dict[str, int]) -> Iterator[bytes]:
        """Yield records of people whose userId is known; take them out."""
        for person, user in pairs:
            if person in alone:
                self.counts.resolved += alone.pop(person)
                self.counts.resolved_people += 1
                text = orjson.dumps([person, user])
                self._texts.append(text)
                yield _USER.pack(hash(person), self._text_bytes << _SIZE_BITS | len(text))
                self._text_bytes += len(text)

    def _count_shared(self, shared: SpillGroups) -> None:
        """Count the userIds with several personIds; keep the first place."""
        for records in shared.parts():
            if len({record[: _HASH.size] for record in records}) == len(records):
                continue
            places: dict[int, list[int]] = {}
            for user, place in map(_SHARED.unpack, records):
                places.setdefault(user, []).append(place)
            every = [sorted(found)[1] for found in places.values() if len(found) > 1]
            self.counts.shared += len(every)
            self._first_shared = min(every + [self._first_shared] * bool(self._first_shared))
        shared.close()

    def problems(self, *, allowed: bool) -> Iterator[Problem]:
        """Yield the problems with people whom rows do not agree on.

        Args:
            allowed: Whether the user sends people with several userIds as they are.
        """
        for conflict in [] if allowed else sorted(self._conflicts):
            file, line = self.place(conflict[0])
            others = conflict[1:]
            other = "{}, line {}".format(*self.place(others[0])) if others else "an earlier run's link"
            message = f"the person has one userId here and another one in {other}"
            yield Problem(rules.PERSON_TWO_USERS, message, file, line)
        unseen = 0 if allowed else self.counts.conflicting - len(self._conflicts)
        if unseen:
            yield Problem(rules.PERSON_TWO_USERS, f"and {unseen:,} more people of the kind", count=unseen)
        if self.counts.shared:
            file, line = self.place(self._first_shared)
            message = "the userId is also next to another personId; each of them is linked to it"
            yield Problem(rules.USER_SEVERAL_PERSONS, message, file, line, count=self.counts.shared)

    def place(self, place: int) -> tuple[str, int]:
        """Return the file and the line of a place."""
        return self._files[place >> _LINE_BITS], place & (1 << _LINE_BITS) - 1

    def blocks(self) -> Iterator[Converted]:
        """Yield the links as events, sorted by content id.

        Their lines are what `place` takes: the file and the line of the pair's earliest event.
        """
        held: list[_Link] = []
        for rows in self._links.parts():
            held += sorted(rows)
            while len(held) >= _BLOCK:
                yield self._block(held[:_BLOCK])
                del held[:_BLOCK]
        if held:
            yield self._block(held)

    def _block(self, rows: Sequence[_Link]) -> Converted:
        ids, persons, users, times, places = map(list, zip(*rows, strict=True))
        pairs = list(zip(persons, users, strict=True))
        bodies = link_bodies(pairs, [time[:_MILLISECONDS] + "Z" for time in times], self._tail)
        return Converted(
            content_ids=ids,
            content_hashes=[UNCOMPARED] * len(ids),
            encode=partial(_whole, bodies),
            message_bytes=sum(map(len, bodies)) + ID_BYTES * len(bodies),
            lines=places,
            times=[f"{time}Z" for time in times],
            names=[IDENTIFY] * len(ids),
            people=(users, persons),
        )

    def users_among(self, first: int, events: int) -> dict[str, str]:
        """Return the userIds for people of some events, by personId.

        It has everybody who goes out under a userId of other rows, and may have more.
        """
        if not self._resolve:
            return {}
        assert self._users is not None
        people = set(array("q", self._hashes.read(first * _HASH.size, events * _HASH.size)))
        keys = map(_HASH.pack, people)
        return dict(self._named_at(value) for key in keys for value in self._users.values(key))

    def _named_at(self, value: bytes) -> tuple[str, str]:
        """Return a personId and its userId, by what `_named` yields of them."""
        at = int.from_bytes(value)
        person, user = orjson.loads(self._texts.read(at >> _SIZE_BITS, at & (1 << _SIZE_BITS) - 1))
        return person, user

    def alone(self, ordinal: int) -> int:
        """Return the person's hash if an event has no userId; else 0."""
        (found,) = array("q", self._hashes.read(ordinal * _HASH.size, _HASH.size))
        return found

    def records(self) -> Iterator[list[bytes]]:
        """Yield records of people who go out by personId alone."""
        return self._records.parts()

    def close(self) -> None:
        """Free the memory and the scratch files; nothing can be read afterwards."""
        for each in (
            self._pair_rows,
            self._alone_rows,
            self._hashes,
            self._links,
            self._records,
            self._texts,
        ):
            each.close()
        if self._users is not None:
            self._users.close()


class _LinkWriter:
    """Writes links in parts by content id, to sort them."""

    def __init__(self, rows: SpillRows) -> None:
        self._rows = rows
        self._count = self._held = 0
        self._groups: list[list[_Link]] = [[] for _ in range(PARTS)]

    def add(self, found: Sequence[tuple[str, str, str, int]]) -> None:
        ids = link_ids((person, user) for person, user, *_ in found)
        for content_id, link in zip(ids, found, strict=True):
            self._groups[content_id[0]].append((content_id, *link))
        self._held += len(found)
        if self._held >= ROWS_HELD:
            self._write()

    def _write(self) -> None:
        self._rows.add(self._groups)
        self._count += self._held
        self._held = 0
        self._groups = [[] for _ in range(PARTS)]

    def finish(self) -> int:
        """Write what is held, and return how many links there are."""
        self._write()
        return self._count


def _earliest(rows: Iterable[_Pair]) -> _Pairs:
    """Return the earliest time of each pair, and its place."""
    pairs: _Pairs = {}
    for pair, seen in rows:
        if pairs.setdefault(pair, seen) > seen:
            pairs[pair] = seen
    return pairs


def _summed(rows: Sequence[tuple[str, int]]) -> dict[str, int]:
    """Return how many events each person has by personId alone."""
    alone = dict(rows)
    if len(alone) < len(rows):
        alone = dict.fromkeys(alone, 0)
        for person, count in rows:
            alone[person] += count
    return alone


def _whole(bodies: Sequence[bytes], ids: Sequence[bytes]) -> list[bytes]:
    return [with_id(uuid_text(each), body) for each, body in zip(ids, bodies, strict=True)]
