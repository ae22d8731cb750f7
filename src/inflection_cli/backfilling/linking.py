"""Link each personId to the userId that rows name beside it.

A *link* is an identify with both ids. What rows say of people is gathered in flat memory: rows of texts, in parts by
the hash of the personId, so that all of one person is read back at once.
"""

from array import array
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from heapq import nsmallest
from itertools import chain, compress
from struct import Struct
from types import MappingProxyType
from typing import Any, Final, Literal

import orjson

from inflection_cli import rules
from inflection_cli.backfilling.dedup import UNCOMPARED
from inflection_cli.backfilling.known_people import NOBODY, KnownPeople
from inflection_cli.backfilling.spill import (
    PARTS,
    RECORD_BYTES,
    ROWS_HELD,
    SortedRecords,
    Spill,
    SpillGroups,
    SpillRows,
    SpillTexts,
)
from inflection_cli.converting.converter import Converted
from inflection_cli.ledger.ledger_records import DIGEST_BYTES
from inflection_cli.model import Problem
from inflection_cli.segment.ids import link_ids, uuid_text
from inflection_cli.segment.message import ID_BYTES, link_bodies, with_id

IDENTIFY: Final = "identify"
SHOWN: Final = 100
"""So many people with two userIds are named; the rest are counted."""

_LINE_BITS: Final = 40
_BLOCK: Final = 4096
_HASH: Final = Struct(">q")
_USER: Final = Struct(">qQ")
_SIZE_BITS: Final = 20
_SHARED: Final = Struct("=qQ")

_MILLISECONDS: Final = len("2024-03-01T09:30:00.000")

Mode = Literal["auto", "always", "never"]
NO_TAILS: Final[Mapping[str, str]] = MappingProxyType({})
_Pairs = dict[tuple[str, str], tuple[str, int]]
"""The earliest time of a personId with a userId, and its place: file number and line."""

_Link = tuple[bytes, str, str, str, int]
_Conflict = tuple[int, ...]
"""Whether no message identifies a person with several userIds, and the places."""

_IDENTIFIED: Final = "identify"
_BESIDE: Final = "other"
"""What a message with both ids is; it stands where a pair has its time, and the lesser one counts."""

NEVER_IDENTIFIED: Final = (
    "the message is an identify with both ids. It would merge two users permanently, so it is never sent. Remove it, "
    "or leave --session-id out"
)


@dataclass(slots=True)
class LinkCounts:
    """Counts of what was found out about people.

    Attributes:
        linked: Links that are sent, or were.
        conflicting: People with more than one userId, who get no link.
        identified: Those of them whom a message identifies by itself, which is never sent.
        shared: UserIds with more than one personId.
        resolved: Events that go out under a userId that other rows name.
        resolved_people: How many people they are of.
    """

    linked: int = 0
    conflicting: int = 0
    identified: int = 0
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
        tails: What ends those of files with settings of their own, by path.
    """

    def __init__(
        self,
        mode: Mode = "never",
        *,
        resolve: bool = False,
        compares: bool = False,
        tail: str = "",
        tails: Mapping[str, str] = NO_TAILS,
    ) -> None:
        self.counts = LinkCounts()
        self._mode = mode
        self._resolve = resolve
        self._compares = compares or resolve or mode != "never"
        self._tail = tail
        self._tails = tails
        self._files: list[str] = []
        self._pair_rows = SpillTexts(width=4)
        self._alone_rows = SpillTexts(width=1)
        self._hashes = Spill()
        self._links = SpillRows()
        self._conflicts: list[_Conflict] = []
        self._first_shared = 0
        self._joined_rows = SpillTexts(width=4)
        self._joined_records = SpillGroups(RECORD_BYTES)
        self._digests = SpillGroups(RECORD_BYTES)
        self._users: SortedRecords | None = None
        self._by_hash: SortedRecords | None = None
        self._starts = array("Q", [0])
        self._resolver: Linking | None = None
        self._texts = Spill()
        self._text_bytes = 0

    @property
    def resolves(self) -> bool:
        """Return whether events may get a userId of other rows."""
        return self._resolve

    def resolve_by(self, resolver: "Linking") -> None:
        """Take userIds from another pass over the rows, and own it."""
        self._resolver = resolver

    def add(self, file: str, converted: Converted) -> None:
        """Take the events of a chunk.

        Raises:
            TemporaryFolderError: The temporary folder is full or cannot be written.
        """
        self._starts.append(self._starts[-1] + len(converted.times))
        if not converted.times:
            return
        user_ids, person_ids = converted.people
        if file not in self._files[-1:]:
            self._files.append(file)
        first = len(self._files) - 1 << _LINE_BITS
        if self._compares and any(user_ids):
            self._add_pairs(first, converted)
        if converted.joined:
            self._join(first, converted)
        alone = ["" if user else person for person, user in zip(person_ids, user_ids, strict=True)]
        self._alone_rows.add([[*filter(None, alone)]])
        self._hashes.append(array("q", map(hash, alone)).tobytes())

    def _add_pairs(self, first: int, converted: Converted) -> None:
        """Take the rows that have both ids."""
        user_ids, person_ids = converted.people
        columns: list[Sequence[Any]] = [person_ids, user_ids, converted.times, converted.lines]
        for at in (0, 1):
            if not all(columns[at]):
                columns = [list(compress(each, columns[at])) for each in columns]
        persons, users, times, lines = columns
        self._pair_rows.add(
            [persons, users, [time[:-1] for time in times], [str(first + line) for line in lines]]
        )

    def _join(self, first: int, converted: Converted) -> None:
        """Take the pairs of ids that messages have side by side."""
        (user_ids, person_ids), users = converted.people, {}
        if self._resolver is not None:
            users = self._resolver.users_of_chunk(len(self._starts) - 2)
        rows = []
        for at, anonymous, identifies in converted.joined:
            user = user_ids[at] or users.get(person_ids[at], "")
            if user and anonymous:
                kind = _IDENTIFIED if identifies else _BESIDE
                rows.append((anonymous, user, kind, str(first + converted.lines[at])))
        if rows:
            self._joined_rows.add(list(zip(*rows, strict=True)))

    def settle(self, known: KnownPeople | None = None) -> None:
        """Find the links, the conflicts and the users to be named.

        Args:
            known: The people in the ledger; None without one.

        Raises:
            TemporaryFolderError: The temporary folder cannot be used.
        """
        links, shared, users = _LinkWriter(self._links), SpillGroups(_SHARED.size), SpillGroups(RECORD_BYTES)
        filled = (rows.filled() for rows in (self._pair_rows, self._joined_rows, self._alone_rows))
        for part in sorted(set[int]().union(*filled)):
            pairs, joined = _earliest(self._pair_rows.of(part)), _earliest(self._joined_rows.of(part))
            alone = Counter(chain.from_iterable(people for (people,) in self._alone_rows.of(part)))
            self._take_out_conflicts(pairs, joined, known)
            if self._resolver is not None:
                self._count_resolved([person for person in alone if self._resolver.user_of(person)], alone)
            elif self._resolve:
                users.add(self._named(pairs, alone))
            linked = [(*pair, *pairs[pair]) for pair in self._linked(pairs, alone, known)]
            links.add(linked)
            shared.add([_SHARED.pack(hash(user), place) for _, user, _, place in linked])
            if known is not None:
                self._digests.add(known.person(person) + _HASH.pack(hash(person)) for person in alone)
                self._joined_records.add(known.linked(*pair) for pair in joined)
        self._pair_rows.close()
        self._alone_rows.close()
        self.counts.linked = links.finish()
        self._users = SortedRecords(users)
        self._count_shared(shared)

    def _linked(
        self, pairs: _Pairs, alone: Collection[str], known: KnownPeople | None
    ) -> Iterable[tuple[str, str]]:
        """Return the pairs that get a link."""
        if self._mode != "auto":
            return pairs if self._mode == "always" else ()
        return [pair for pair in pairs if pair[0] in alone or (known is not None and known.has(pair[0]))]

    def _take_out_conflicts(self, pairs: _Pairs, joined: _Pairs, known: KnownPeople | None) -> None:
        """Remove the pairs of people with several userIds, and count the people."""
        several: set[str] = set()
        both = {**joined, **pairs}
        if len({person for person, _ in both}) < len(both):
            users = Counter(person for person, _ in both)
            several.update(person for person, count in users.items() if count > 1)
        if known is not None:
            several.update(person for person, user in both if known.has_other_user(person, user))
        places: dict[str, list[int]] = {}
        for pair in [pair for pair in both if pair[0] in several]:
            pairs.pop(pair, None)
            places.setdefault(pair[0], []).append(both[pair][1])
        identified = {person for (person, _), (kind, _) in joined.items() if kind == _IDENTIFIED}
        self._conflicts += [(person not in identified, *sorted(found)) for person, found in places.items()]
        self.counts.conflicting += len(several)
        self.counts.identified += len(several & identified)
        if len(self._conflicts) > SHOWN:
            self._conflicts = nsmallest(SHOWN, self._conflicts)

    def _count_resolved(self, people: Sequence[str], alone: dict[str, int]) -> None:
        """Count people whose userId is known; take them out."""
        self.counts.resolved += sum(map(alone.pop, people))
        self.counts.resolved_people += len(people)

    def _named(self, pairs: _Pairs, alone: dict[str, int]) -> Iterator[bytes]:
        """Yield records of people whose userId is known; take them out."""
        for person, user in pairs:
            if person in alone:
                self._count_resolved([person], alone)
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
        told = [each for each in sorted(self._conflicts) if not (allowed and each[0])]
        for may_go, first, *others in told:
            file, line = self.place(first)
            other = "{}, line {}".format(*self.place(others[0])) if others else "an earlier run's link"
            message = f"the person has one userId here and another one in {other}"
            yield Problem(
                rules.PERSON_TWO_USERS, message, file, line, hint="" if may_go else NEVER_IDENTIFIED
            )
        count = self.counts.identified if allowed else self.counts.conflicting
        if count > len(told):
            message = f"and {count - len(told):,} more people of the kind"
            yield Problem(rules.PERSON_TWO_USERS, message, count=count - len(told))
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
        # A link goes to the destinations that its row goes to.
        tails = [self._tails.get(self._files[place >> _LINE_BITS], self._tail) for place in places]
        bodies = link_bodies(pairs, [time[:_MILLISECONDS] + "Z" for time in times], tails)
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

    def users_of_chunk(self, number: int) -> dict[str, str]:
        """Return the userIds for people of a chunk's events, by personId.

        It has everybody who goes out under a userId of other rows, and may have more.
        """
        if self._resolver is not None:
            return self._resolver.users_of_chunk(number)
        if not self._resolve or number + 1 >= len(self._starts):
            return {}
        assert self._users is not None
        first, after = self._starts[number : number + 2]
        keys = map(_HASH.pack, {*self.alone(first, after - first)})
        return dict(self._named_at(value) for key in keys for value in self._users.values(key))

    def user_of(self, person: str) -> str:
        """Return the userId of a person seen alone; "" is none."""
        assert self._users is not None
        return dict(map(self._named_at, self._users.values(_HASH.pack(hash(person))))).get(person, "")

    def _named_at(self, value: bytes) -> tuple[str, str]:
        """Return a personId and its userId, by what `_named` yields of them."""
        at = int.from_bytes(value)
        person, user = orjson.loads(self._texts.read(at >> _SIZE_BITS, at & (1 << _SIZE_BITS) - 1))
        return person, user

    def alone(self, first: int, count: int) -> Sequence[int]:
        """Return the persons' hashes of a chunk's events, 0 beside a userId."""
        return array("q", self._hashes.read(first * _HASH.size, count * _HASH.size))

    def records(self) -> Iterator[list[bytes]]:
        """Yield records of people without a userId, and of joined pairs."""
        for records in self._digests.parts():
            yield [record[:DIGEST_BYTES] + NOBODY for record in records]
        yield from self._joined_records.parts()

    def digest(self, person: int) -> bytes | None:
        """Return the digest of a person without a userId, by the hash."""
        if self._by_hash is None:
            by_hash = SpillGroups(RECORD_BYTES)
            for records in self._digests.parts():
                by_hash.add(record[DIGEST_BYTES:] + record[:DIGEST_BYTES] for record in records)
            self._by_hash = SortedRecords(by_hash)
        return next(self._by_hash.values(_HASH.pack(person)), None)

    def close(self) -> None:
        """Free the memory and the scratch files; nothing can be read afterwards."""
        for each in (
            self._pair_rows,
            self._alone_rows,
            self._hashes,
            self._links,
            self._digests,
            self._joined_rows,
            self._joined_records,
            self._texts,
        ):
            each.close()
        for index in (self._users, self._by_hash, self._resolver):
            if index is not None:
                index.close()


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
        if not self._held:
            return
        self._rows.add(self._groups)
        self._count += self._held
        self._held = 0
        self._groups = [[] for _ in range(PARTS)]

    def finish(self) -> int:
        """Write what is held, and return how many links there are."""
        self._write()
        return self._count


def _earliest(rows: Iterable[Sequence[Sequence[str]]]) -> _Pairs:
    """Return the earliest time of each pair, and its place."""
    pairs: _Pairs = {}
    for persons, users, times, places in rows:
        seen_at = zip(times, map(int, places), strict=True)
        for pair, seen in zip(zip(persons, users, strict=True), seen_at, strict=True):
            if pairs.setdefault(pair, seen) > seen:
                pairs[pair] = seen
    return pairs


def _whole(bodies: Sequence[bytes], ids: Sequence[bytes]) -> list[bytes]:
    return [with_id(uuid_text(each), body) for each, body in zip(ids, bodies, strict=True)]
