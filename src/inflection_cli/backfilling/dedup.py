"""Dispositions of events: merge input ids with ledger ids.

With `--now`, calls have ids without a time, so a state that comes back after another one has the id of long ago. The
content hash of such a call begins with whose state it is, and batches stand in the ledger in the order in which they
went.
"""

from bisect import insort
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import compress, groupby
from struct import Struct
from typing import Final, NamedTuple

from inflection_cli.backfilling.spill import SpillGroups
from inflection_cli.model import Disposition
from inflection_cli.segment.ids import CONTENT_REST, OWN_PERSON_SHIFT, OWN_PLACE_SHIFT

_KEY: Final = slice(0, 16)
_RECORD: Final = Struct(">16sQQ")  # content id, content hash, tag
_RUN: Final = (1 << 48) - 1
_KNOWN: Final = 1 << 63
"""Set in the tag of a record that comes from the ledger; the low bits are its disposition and its run."""

UNCOMPARED: Final = 0
"""Stands for the content hash of what is known by its id alone: it conflicts with nothing."""

CONFLICTS_SHOWN: Final = 5


class LedgerEvents(NamedTuple):
    """An event in a ledger: ids, disposition and run number."""

    content_id: bytes
    content_hash: int
    disposition: Disposition
    run: int


@dataclass(frozen=True, slots=True, eq=False)
class Conflict:
    """Two events with one identity but different content; the later is unsent.

    Attributes:
        ordinal: The later event.
        other: The ordinal of the one that is kept, or None where the ledger has it.
        run: The number of the ledger's run that has it, or None.
        own: Whether time, link or person differ, which only ids of the export's own allow.
    """

    ordinal: int
    other: int | None
    run: int | None
    own: bool


_DISPOSITIONS: Final = tuple(Disposition)


@dataclass(slots=True, eq=False)
class Dispositions:
    """The disposition of each event (four bits each), and the conflicts.

    Attributes:
        bits: Two ordinals a byte, the lower one in the lower half.
        events: How many ordinals there are.
        counts: How many events have each disposition.
        conflicts: The first conflicts, by ordinal.
        conflict_count: How many conflicts there are.
        own_conflict_count: How many of them differ in time or link.
    """

    bits: bytearray
    events: int
    counts: dict[Disposition, int]
    conflicts: list[Conflict] = field(default_factory=list)
    conflict_count: int = 0
    own_conflict_count: int = 0

    def of(self, first: int, count: int) -> Sequence[Disposition] | None:
        """Return `count` dispositions from ordinal `first`; None if all are SEND."""
        if not any(self.bits[first >> 1 : (first + count + 1) >> 1]):
            return None
        return [self.one(ordinal) for ordinal in range(first, first + count)]

    def count_from(self, first: int) -> Counter[Disposition]:
        """Count the dispositions of all events from ordinal `first`."""
        counts: Counter[Disposition] = Counter()
        if first >= self.events:
            return counts
        if first & 1:
            counts[self.one(first)] += 1
            first += 1
        rest = Counter(self.bits[first >> 1 :])
        for byte, count in rest.items():
            counts[_DISPOSITIONS[byte & 15]] += count
            counts[_DISPOSITIONS[byte >> 4]] += count
        if self.events & 1:
            counts[Disposition.SEND] -= 1  # the last byte's unused half
        return +counts

    def send_again(self, ordinals: Iterable[int]) -> None:
        """Send accepted events once more, by the user's decision."""
        for ordinal in ordinals:
            assert self.one(ordinal) is Disposition.ALREADY_ACCEPTED
            self.bits[ordinal >> 1] &= 0xF0 >> ((ordinal & 1) << 2)
            self.counts[Disposition.ALREADY_ACCEPTED] -= 1
            self.counts[Disposition.SEND] += 1

    def send_as_new(self, ordinals: Iterable[int]) -> None:
        """Send accepted events under new ids, where they are accepted."""
        for ordinal in ordinals:
            if self.one(ordinal) is Disposition.ALREADY_ACCEPTED:
                self.bits[ordinal >> 1] |= Disposition.CHANGED_BACK << ((ordinal & 1) << 2)
                self.counts[Disposition.ALREADY_ACCEPTED] -= 1
                self.counts[Disposition.CHANGED_BACK] += 1

    def one(self, ordinal: int) -> Disposition:
        """Return the disposition of one event."""
        return _DISPOSITIONS[self.bits[ordinal >> 1] >> ((ordinal & 1) << 2) & 15]


class Deduplicator:
    """Collect event ids in pass 1, then compute the disposition of each.

    Args:
        own_ids: Whether content hashes are in the parts that own ids have.
    """

    def __init__(self, *, own_ids: bool = False) -> None:
        self._runs = SpillGroups(_RECORD.size)
        self.own_ids = own_ids
        self.events = 0

    def add(self, content_ids: Sequence[bytes], content_hashes: Sequence[int]) -> None:
        """Add the ids of the next events; ordinals follow the call order."""
        first = self.events
        self.events += len(content_ids)
        tags = range(first, self.events)
        self._runs.add(map(_RECORD.pack, content_ids, content_hashes, tags))

    def add_known(self, known: Iterable[LedgerEvents]) -> None:
        """Add the events that the ledger knows."""
        block: list[bytes] = []
        for content_id, content_hash, disposition, run in known:
            block.append(_RECORD.pack(content_id, content_hash, _KNOWN | disposition << 48 | run))
            if len(block) == 4096:
                self._runs.add(block)
                block = []
        self._runs.add(block)

    def settle(self) -> Dispositions:
        """Compute all dispositions; keep the first of equal events; free the memory."""
        result = Dispositions(bytearray((self.events + 1) // 2), self.events, dict.fromkeys(Disposition, 0))
        for records in self._runs.parts():
            if len({record[_KEY] for record in records}) == len(records):
                continue
            records.sort()
            for _, group in groupby(records, key=lambda record: record[_KEY]):
                self._settle_one(list(group), result)
        self._runs.close()
        result.counts[Disposition.SEND] = self.events - sum(result.counts.values())
        return result

    def _settle_one(self, records: list[bytes], result: Dispositions) -> None:
        tagged = sorted((tag, content) for _, content, tag in map(_RECORD.unpack, records))
        own = [(tag, content) for tag, content in tagged if not tag & _KNOWN]
        known = [(tag ^ _KNOWN, content) for tag, content in tagged if tag & _KNOWN]
        if not own:
            return
        (first, kept), repeats = own[0], own[1:]
        if known:
            tag, content = min(known, key=lambda entry: (_RANK[Disposition(entry[0] >> 48)], entry[0]))
            _set(result, first, Disposition(tag >> 48))
            if content not in {kept, UNCOMPARED}:
                # The ledger may have known the person by a userId only, which another run sees beside a personId.
                spans = self._spans(content, kept, OWN_PLACE_SHIFT)
                self._conflict(Conflict(first, None, tag & _RUN, spans), result)
        for ordinal, content in repeats:
            _set(result, ordinal, Disposition.DUPLICATE)
            if content != kept:
                spans = self._spans(content, kept, OWN_PERSON_SHIFT)
                self._conflict(Conflict(ordinal, first, None, spans), result)

    def _spans(self, one: int, other: int, shift: int) -> bool:
        return self.own_ids and one >> shift != other >> shift

    def _conflict(self, conflict: Conflict, result: Dispositions) -> None:
        result.conflict_count += 1
        result.own_conflict_count += conflict.own
        insort(result.conflicts, conflict, key=lambda c: c.ordinal)
        del result.conflicts[CONFLICTS_SHOWN:]


_RANK: Final = {
    Disposition.ALREADY_ACCEPTED: 0,
    Disposition.IN_DOUBT: 1,
    Disposition.RESEND: 2,
    Disposition.SEND: 3,
    Disposition.ELSEWHERE: 4,
    Disposition.REFUSED: 5,
    Disposition.DUPLICATE: 6,
    Disposition.CHANGED_BACK: 7,
}


def _set(result: Dispositions, ordinal: int, disposition: Disposition) -> None:
    if disposition is Disposition.SEND:
        return
    result.bits[ordinal >> 1] |= disposition << ((ordinal & 1) << 2)
    result.counts[disposition] += 1


_CHANGE_RECORD: Final = Struct(">QQ")
_OF_INPUT: Final = 1 << 63
_MAY_BE_IN: Final = (Disposition.ALREADY_ACCEPTED, Disposition.IN_DOUBT, Disposition.RESEND)


class ChangedBack:
    """Collector of states of the input and the ledger, 16 bytes each."""

    def __init__(self) -> None:
        self._records = SpillGroups(_CHANGE_RECORD.size)
        self._is_asked = False
        self._known = 0

    def add(self, first: int, content_hashes: Sequence[int], states: Sequence[bool]) -> None:
        """Add events of the input.

        Args:
            first: The ordinal of the first one.
            content_hashes: Of all of them.
            states: Which of them are states.
        """
        if any(states):
            self._is_asked = True
            found = compress(enumerate(content_hashes, first), states)
            self._records.add(
                _record(each, _OF_INPUT | ordinal << OWN_PERSON_SHIFT) for ordinal, each in found
            )

    def through(self, known: Iterable[LedgerEvents]) -> Iterator[LedgerEvents]:
        """Yield what the ledger knows; take the states among it."""
        if not self._is_asked:
            yield from known
            return
        for each in known:
            if each.content_hash > CONTENT_REST and each.disposition in _MAY_BE_IN:
                self._records.add([_record(each.content_hash, self._known << OWN_PERSON_SHIFT)])
                self._known += 1
            yield each

    def ordinals(self) -> Iterator[int]:
        """Yield the last states that differ from the last ones sent."""
        for records in self._records.parts() if self._known else ():
            last: dict[int, tuple[int, int]] = {}
            for whose, state in sorted(map(_CHANGE_RECORD.unpack, records)):
                sent, given = last.get(whose, (-1, -1))
                last[whose] = (sent, state ^ _OF_INPUT) if state & _OF_INPUT else (state, given)
            for sent, given in last.values():
                if min(sent, given) >= 0 and (sent ^ given) & CONTENT_REST:
                    yield given >> OWN_PERSON_SHIFT
        self._records.close()


def _record(content_hash: int, place: int) -> bytes:
    return _CHANGE_RECORD.pack(content_hash & ~CONTENT_REST, place | content_hash & CONTENT_REST)
