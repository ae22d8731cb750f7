"""The last phase of pass 2: links, after every other message.

Segment promises no order of receipt, so a link is only sent after what it is about was accepted.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from functools import partial

from inflection_cli.backfilling.dedup import Dispositions
from inflection_cli.backfilling.people_of_run import PeopleOfRun
from inflection_cli.backfilling.plan import Plan
from inflection_cli.backfilling.second_pass import SENT, kept
from inflection_cli.delivery.journal import Journal
from inflection_cli.model import Batch, BatchState, Disposition


class Outcomes:
    """Journal that also remembers which events of a delivery are not accepted.

    It holds a pair of numbers for each batch that is open, so it grows with problems, not with events.

    Args:
        journal: Keeps what it is told.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._sent: dict[int, Sequence[int]] = {}
        self._open: dict[int, int] = {}
        self._of_split: set[int] = set()

    def through(self, batches: Iterable[Batch | None]) -> Iterator[Batch | None]:
        """Yield batches; each is open from now on."""
        for batch in batches:
            if batch is not None:
                self._open[batch.ordinals[0]] = batch.ordinals[-1]
            yield batch

    def intend(self, batch: Batch, *, now: float, doubtful_since: float | None = None) -> int:
        """Record durably that a batch is about to be sent."""
        key = self._journal.intend(batch, now=now, doubtful_since=doubtful_since)
        self._sent[key] = batch.ordinals
        return key

    def retrying(self, key: int, *, now: float) -> None:
        """Record durably that a batch is about to be sent again."""
        self._journal.retrying(key, now=now)

    def settle(self, key: int, state: BatchState, *, status: int | None, now: float) -> None:
        """Record the outcome of an attempt; close what is accepted."""
        self._journal.settle(key, state, status=status, now=now)
        if state not in {BatchState.ACCEPTED, BatchState.SPLIT}:
            return
        ordinals = self._sent.pop(key)
        was_whole = self._open.pop(ordinals[0], None) is not None
        if state is BatchState.SPLIT:
            self._of_split.update(ordinals)
        elif not was_whole:
            self._of_split.difference_update(ordinals)

    def unaccepted(self, dispositions: Dispositions) -> Iterator[int]:
        """Yield the ordinals of events that are not known to be accepted."""
        yield from self._of_split
        for first, last in self._open.items():
            # Between the ends of a batch there is nothing else that was to be sent.
            yield from (n for n in range(first, last + 1) if dispositions.one(n) in SENT)
        if dispositions.counts[Disposition.IN_DOUBT]:
            every = range(dispositions.events)
            yield from (n for n in every if dispositions.one(n) is Disposition.IN_DOUBT)


class LinkPhase:
    """The links of a plan, as they go out after everything else.

    Attributes:
        withheld: The ordinals of links that are not sent in this run.
        broken_off: The earlier runs that broke off, whose people get no link.

    Args:
        plan: A complete plan.
        wire_ids: Binds content ids to the destination.
        people: Records the people of the run; None where nothing is sent.
    """

    def __init__(
        self,
        plan: Plan,
        wire_ids: Callable[[Sequence[bytes]], Sequence[bytes]],
        people: PeopleOfRun | None = None,
    ) -> None:
        self._plan = plan
        self._wire_ids = wire_ids
        self._people = people
        self._is_begun = False
        self.withheld = array("Q")
        self.broken_off: Sequence[str] = ()

    def outgoing(self, unaccepted: Iterable[int] = ()) -> Iterator[Batch | None]:
        """Yield blocks of links to send, and None before each.

        Args:
            unaccepted: The ordinals of events that are not accepted; their people get no link now.
        """
        plan = self._plan
        assert plan.dispositions is not None
        if self._people is None:
            yield from self._blocks(lambda _: False)
            return
        self._close_rows(unaccepted, plan.identities.starts[plan.chunk_count])
        waiting, self.broken_off = self._people.waiting()
        with closing(waiting):
            waits = partial(self._people.waits, waiting) if len(waiting) else lambda _: False
            yield from self._blocks(waits)

    def _blocks(self, waits: Callable[[str], bool]) -> Iterator[Batch | None]:
        """Yield the links but for those of people who wait."""
        plan = self._plan
        assert plan.dispositions is not None
        for number, links in enumerate(plan.linking.blocks(), start=plan.chunk_count):
            yield None
            first, ids = plan.identities.starts[number], links.content_ids
            sent = [plan.dispositions.one(n) in SENT for n in range(first, first + len(ids))]
            user_ids, person_ids = links.people
            held = [goes and waits(person) for goes, person in zip(sent, person_ids, strict=True)]
            self.withheld.extend(first + i for i, wait in enumerate(held) if wait)
            sent = [goes and not wait for goes, wait in zip(sent, held, strict=True)]
            if any(sent):
                if self._people is not None:
                    pairs = zip(person_ids, user_ids, sent, strict=True)
                    self._people.link((person, user) for person, user, goes in pairs if goes)
                batch = Batch(
                    range(first, first + len(ids)),
                    ids,
                    links.content_hashes,
                    links.encode(self._wire_ids(ids)),
                )
                yield kept(batch, sent)

    def withheld_before(self, ordinal: int) -> Sequence[int]:
        """Return the ordinals of the withheld links up to one, exclusive."""
        return self.withheld[: bisect_left(self.withheld, ordinal)]

    def close(self, unaccepted: Iterable[int], next_ordinal: int) -> None:
        """Record what a delivery has left open.

        Args:
            unaccepted: The ordinals of events that are not accepted.
            next_ordinal: From here on nothing was sent.

        Raises:
            LedgerError: It cannot be recorded.
        """
        if not self._is_begun:
            self._close_rows(unaccepted, next_ordinal)
            return
        assert self._people is not None
        starts = self._plan.identities.starts
        left = {n for n in unaccepted if n >= starts[self._plan.chunk_count]}
        blocks = self._plan.linking.blocks() if left else ()
        for number, links in enumerate(blocks, start=self._plan.chunk_count):
            user_ids, person_ids = links.people
            each = zip(links.content_ids, person_ids, user_ids, strict=True)
            self._people.leave_open(
                {
                    found: (person, user)
                    for n, (found, person, user) in enumerate(each, starts[number])
                    if n in left
                }
            )

    def _close_rows(self, unaccepted: Iterable[int], next_ordinal: int) -> None:
        """Record the open events of the rows, once."""
        assert self._people is not None
        self._is_begun = True
        self._people.close(self._open_rows(unaccepted, next_ordinal))

    def _open_rows(self, unaccepted: Iterable[int], next_ordinal: int) -> Iterator[tuple[bytes, int]]:
        """Yield content id and person of the open events by personId alone."""
        plan, starts = self._plan, self._plan.identities.starts
        assert plan.dispositions is not None
        for ordinal in unaccepted:
            person = plan.linking.alone(ordinal, 1)[0] if ordinal < starts[plan.chunk_count] else 0
            if person:
                yield plan.identities.one(ordinal), person
        for number in range(bisect_right(starts, next_ordinal) - 1, plan.chunk_count):
            first, after = starts[number], starts[number + 1]
            ids, people = plan.identities.of(number).content_ids, plan.linking.alone(first, after - first)
            for ordinal, content_id, person in zip(range(first, after), ids, people, strict=True):
                if person and ordinal >= next_ordinal and plan.dispositions.one(ordinal) in SENT:
                    yield content_id, person
