"""Pass 2: bind messages to a destination, batch them and deliver them."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

import anyio

from inflection_cli.backfilling.account import EventCounts
from inflection_cli.backfilling.dedup import Dispositions
from inflection_cli.backfilling.link_delivery import LinkPhase, Outcomes
from inflection_cli.backfilling.plan import Plan
from inflection_cli.backfilling.second_pass import UNSENT
from inflection_cli.delivery.context import (
    DeliveryContext,
    DeliveryCounts,
    Observer,
    Stopped,
    StopReason,
    StopSignal,
)
from inflection_cli.delivery.deliver import deliver
from inflection_cli.delivery.journal import Journal
from inflection_cli.delivery.throttle import Throttle
from inflection_cli.errors import DeliveryIncomplete, DestinationError, InflSegError, Interrupted
from inflection_cli.model import Batch, Disposition
from inflection_cli.sanitize import counted
from inflection_cli.segment.batching import batches
from inflection_cli.segment.client import Client
from inflection_cli.segment.destination import Destination
from inflection_cli.segment.limits import max_batch_events

_CAUSES: Final = 3
_DEFECT_HINT: Final = "please report it; what was sent is recorded, and the same command goes on from there"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverySettings:
    """The destination of a delivery, its rates and its time limits.

    Attributes:
        destination: Endpoint, key, compression, time-outs.
        namespace: What message ids are bound to.
        label: The `--again` label; empty without one.
        requests_per_second: 0 lifts the limit.
        events_per_second: 0 lifts the limit.
        patience_s: The run ends after so long without an acceptance.
        dedup_window_s: How old a doubt may be for its ids to be sent again.
        doubtful_since: The earliest doubt, in unix seconds, of what is sent again from earlier runs.
    """

    destination: Destination
    namespace: str
    label: str = ""
    requests_per_second: float
    events_per_second: float
    patience_s: float
    dedup_window_s: float
    doubtful_since: float | None = None

    @property
    def batch_events(self) -> int:
        """Maximum number of events in a batch at this rate."""
        return max_batch_events(self.events_per_second)


@dataclass(slots=True)
class Delivered:
    """The result of a delivery.

    Attributes:
        tally: The edge's own count.
        events: The second equation.
        seconds: How long it took.
        proxy: The proxy that was used, without credentials; None for none.
        withheld: Links that wait for events of their people, among the pending.
        broken_off: The earlier runs whose people they may be, since nobody has finished them.
    """

    tally: DeliveryCounts
    events: EventCounts
    seconds: float
    proxy: str | None
    withheld: int = 0
    broken_off: Sequence[str] = ()

    def end_with(self, error: InflSegError) -> None:
        """Record an error as the stop reason, if none is recorded yet."""
        if self.tally.stopped is None:
            self.tally.stopped = Stopped(StopReason.ERROR, error.message, error.hint, error)

    def error(self, signum: int | None) -> InflSegError | None:
        """Return the error that stopped the delivery, or None if it finished."""
        stopped = self.tally.stopped
        if stopped is None:
            return None
        if isinstance(stopped.error, InflSegError):
            return stopped.error
        if stopped.error is not None:
            return InflSegError(f"internal error (bug): {type(stopped.error).__name__}", hint=_DEFECT_HINT)
        error = _stop_error(stopped.reason, stopped.message + self._route(stopped), stopped.hint, signum)
        error.cause = stopped.cause + self._route(stopped)
        return error

    @property
    def nothing_answered(self) -> bool:
        """Return whether requests were tried but no HTTP answer came."""
        statuses = self.tally.statuses
        return bool(statuses) and not any(name.isdigit() for name in statuses)

    @property
    def doubt_cause(self) -> str:
        """Return what left batches of this run unconfirmed, the most frequent first."""
        most = self.tally.doubts.most_common(_CAUSES)
        return ", ".join(f"{reason} ({counted(count, 'batch', 'batches')})" for reason, count in most)

    def _route(self, stopped: Stopped) -> str:
        """Return a clause with the proxy if the retry time ran out."""
        if stopped.reason is not StopReason.PATIENCE or self.proxy is None or self.proxy in stopped.cause:
            return ""
        return f", through the proxy {self.proxy}"


def run_delivery(
    plan: Plan,
    phases: "Phases",
    settings: DeliverySettings,
    *,
    journal: Journal,
    observer: Observer,
    halt: StopSignal,
) -> Delivered:
    """Deliver a plan's messages; every event is counted, even after an error.

    Args:
        plan: A complete plan.
        phases: Its messages.
        settings: Where to and how fast.
        journal: Keeps intents and outcomes.
        observer: Is told of progress.
        halt: By which the user stops.
    """
    assert plan.dispositions is not None
    dispositions = plan.dispositions
    pulled, outcomes = _Pulled(), Outcomes(journal)
    links = phases.links
    stream = outcomes.through(pulled.through(phases.batched(phases.rows)))
    # Only once the first phase has ended is anything asked of the second one.
    linked = links.outgoing(_lazily(outcomes.unaccepted, dispositions))
    second = outcomes.through(pulled.through(phases.batched(linked)))

    def doubt(batch: Batch) -> float | None:
        resent = dispositions.one(batch.ordinals[0]) is Disposition.RESEND
        return settings.doubtful_since if resent else None

    started = time.monotonic()
    tally, proxy = anyio.run(deliver_batches, (stream, second), settings, outcomes, observer, halt, doubt)
    try:
        links.close(outcomes.unaccepted(dispositions), pulled.next_ordinal)
    except InflSegError as error:
        tally.stopped = tally.stopped or Stopped(StopReason.ERROR, error.message, error.hint, error)
    rest = dispositions.count_from(pulled.next_ordinal)
    rest.update(map(dispositions.one, links.withheld_before(pulled.next_ordinal)))
    events = EventCounts(
        built=plan.account.events.built,
        accepted=tally.accepted,
        already_accepted=dispositions.counts[Disposition.ALREADY_ACCEPTED],
        duplicate=dispositions.counts[Disposition.DUPLICATE],
        refused=tally.refused,
        pending=tally.pending + sum(rest[each] for each in UNSENT),
        in_doubt=tally.in_doubt + rest[Disposition.RESEND] + dispositions.counts[Disposition.IN_DOUBT],
        filtered=plan.account.events.filtered,
    )
    return Delivered(tally, events, time.monotonic() - started, proxy, len(links.withheld), links.broken_off)


@dataclass(frozen=True, slots=True)
class Phases:
    """The messages of a delivery, in phases that follow each other.

    Attributes:
        rows: Those of rows.
        links: The links, for when all of those have an outcome.
        batched: Makes batches of either.
    """

    rows: Iterable[Batch | None]
    links: LinkPhase
    batched: Callable[[Iterable[Batch | None]], Iterator[Batch | None]]


def _lazily(find: Callable[[Dispositions], Iterator[int]], dispositions: Dispositions) -> Iterator[int]:
    """Yield what is found; look for it only when asked."""
    yield from find(dispositions)


class _Pulled:
    """Record the ordinal up to which the delivery has read its batches."""

    def __init__(self) -> None:
        self.next_ordinal = 0

    def through(self, stream: Iterable[Batch | None]) -> Iterator[Batch | None]:
        for batch in stream:
            if batch is not None:
                self.next_ordinal = batch.ordinals[-1] + 1
            yield batch


def batches_of(
    messages: Iterable[Batch | None], settings: DeliverySettings, dispositions: Dispositions
) -> Iterator[Batch | None]:
    """Build batches of outgoing messages; unconfirmed events get their own batches.

    The state of a batch holds for all of its events, so unconfirmed events must not be mixed with others.
    """

    def filled(portions: Iterable[Batch | None]) -> Iterator[Batch | None]:
        envelope = settings.destination.envelope_bytes
        return batches(portions, max_events=settings.batch_events, envelope_bytes=envelope)

    if not dispositions.counts[Disposition.RESEND]:
        yield from filled(messages)
        return

    def is_doubtful(ordinal: int) -> bool:
        return dispositions.one(ordinal) is Disposition.RESEND

    doubtful = False

    def kind(portion: Batch | None) -> bool:
        nonlocal doubtful
        if portion is not None:
            doubtful = is_doubtful(portion.ordinals[0])
        return doubtful

    alike = (part for portion in messages for part in _split(portion, is_doubtful))
    for _, portions in groupby(alike, key=kind):
        yield from filled(portions)


def _split(portion: Batch | None, key: Callable[[int], bool]) -> Iterator[Batch | None]:
    """Split a batch wherever `key` of its ordinals changes."""
    if portion is None:
        yield None
        return
    start = 0
    for _, run in groupby(portion.ordinals, key=key):
        stop = start + len(list(run))
        yield portion.part(start, stop)
        start = stop


async def deliver_batches(
    phases: Sequence[Iterator[Batch | None]],
    settings: DeliverySettings,
    journal: Journal,
    observer: Observer,
    halt: StopSignal,
    doubtful: Callable[[Batch], float | None],
) -> tuple[DeliveryCounts, str | None]:
    """Deliver batches with a new client; return the counts and the proxy.

    What is in a phase goes out once all of the one before has an outcome.
    """
    throttle = Throttle(
        requests_per_second=settings.requests_per_second, events_per_second=settings.events_per_second
    )
    async with Client(settings.destination) as client:
        edge = DeliveryContext(
            client=client,
            throttle=throttle,
            journal=journal,
            observer=observer,
            halt=halt,
            doubtful=doubtful,
            patience_s=settings.patience_s,
            dedup_window_s=settings.dedup_window_s,
        )
        tally = DeliveryCounts()
        for batches_of_phase in phases:
            if tally.stopped is None:
                await deliver(batches_of_phase, edge, tally)
        return tally, client.proxy


def _stop_error(reason: StopReason, message: str, hint: str, signum: int | None) -> InflSegError:
    match reason:
        case StopReason.INTERRUPTED:
            return Interrupted(message, signum=signum or 2, hint=hint)
        case StopReason.DESTINATION:
            return DestinationError(message, hint=hint)
        case StopReason.PATIENCE | StopReason.ERROR:
            return DeliveryIncomplete(message, hint=hint)
