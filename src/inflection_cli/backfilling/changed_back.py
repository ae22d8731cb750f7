"""Find states that were sent before, and since then another one (`--now`).

Calls at the time of the run have ids without a time, so a state that comes back has the id of long ago. The content
hash of such a call begins with whose state it is, and batches stand in the ledger in the order in which they went.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import compress
from struct import Struct
from typing import Final

from inflection_cli.backfilling.dedup import LedgerEvents
from inflection_cli.backfilling.spill_groups import SpillGroups
from inflection_cli.model import Disposition
from inflection_cli.segment.ids import CONTENT_REST, OWN_PERSON_SHIFT

_RECORD: Final = Struct(">QQ")
_OF_INPUT: Final = 1 << 63
_MAY_BE_IN: Final = (Disposition.ALREADY_ACCEPTED, Disposition.IN_DOUBT, Disposition.RESEND)


class ChangedBack:
    """Collector of states of the input and the ledger, 16 bytes each."""

    def __init__(self) -> None:
        self._records = SpillGroups(_RECORD.size)
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
            for whose, state in sorted(map(_RECORD.unpack, records)):
                sent, given = last.get(whose, (-1, -1))
                last[whose] = (sent, state ^ _OF_INPUT) if state & _OF_INPUT else (state, given)
            for sent, given in last.values():
                if min(sent, given) >= 0 and (sent ^ given) & CONTENT_REST:
                    yield given >> OWN_PERSON_SHIFT
        self._records.close()


def _record(content_hash: int, place: int) -> bytes:
    return _RECORD.pack(content_hash & ~CONTENT_REST, place | content_hash & CONTENT_REST)
