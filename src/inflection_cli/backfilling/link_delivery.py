"""The last phase of pass 2: links, after every other message.

Segment promises no order of receipt, so a link is only sent after what it is about was accepted.
"""

from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import takewhile
from operator import gt

from inflection_cli.backfilling.dedup import Dispositions
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

    Args:
        plan: A complete plan.
        wire_ids: Binds content ids to the destination.
        keep: Keeps digests of the people of a block of links before they are sent.
    """

    def __init__(
        self,
        plan: Plan,
        wire_ids: Callable[[Sequence[bytes]], Sequence[bytes]],
        keep: Callable[[Sequence[tuple[str, str]]], None] = lambda _: None,
    ) -> None:
        self._plan = plan
        self._wire_ids = wire_ids
        self._keep = keep
        self.withheld = array("Q")

    def outgoing(self, unaccepted: Iterable[int] = ()) -> Iterator[Batch | None]:
        """Yield blocks of links to send, and None before each.

        Args:
            unaccepted: The ordinals of events that are not accepted; their people get no link now.
        """
        plan = self._plan
        assert plan.dispositions is not None
        first_block = plan.chunk_count
        # Behind the rows' events stand the links themselves, which may wait from an earlier run.
        of_rows = takewhile(partial(gt, plan.identities.starts[first_block]), unaccepted)
        held_back = {plan.linking.alone(ordinal) for ordinal in of_rows} - {0}
        for number, links in enumerate(plan.linking.blocks(), start=first_block):
            yield None
            first, ids = plan.identities.starts[number], links.content_ids
            sent = [plan.dispositions.one(n) in SENT for n in range(first, first + len(ids))]
            user_ids, person_ids = links.people
            if held_back:
                waits = [hash(person) in held_back for person in person_ids]
                self.withheld.extend(first + i for i, wait in enumerate(waits) if wait and sent[i])
                sent = [goes and not wait for goes, wait in zip(sent, waits, strict=True)]
            if any(sent):
                pairs = zip(person_ids, user_ids, sent, strict=True)
                self._keep([(person, user) for person, user, goes in pairs if goes])
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
