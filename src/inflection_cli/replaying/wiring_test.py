"""The messages of `send-test`, for an obvious test person, and their delivery."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import anyio
import orjson

from inflection_cli.backfilling.account import EventCounts
from inflection_cli.backfilling.delivery_run import Delivered, DeliverySettings, deliver_batches
from inflection_cli.catalog import EVENTS, EventKind
from inflection_cli.delivery.context import Observer, StopSignal
from inflection_cli.delivery.journal import MemoryJournal
from inflection_cli.errors import DeliveryIncomplete, DestinationError, InflSegError
from inflection_cli.model import Batch, Campaign, Person, Trail
from inflection_cli.segment.ids import uuid_text
from inflection_cli.segment.message import MessageEncoder, MessageSettings, messages, with_id
from inflection_cli.segment.response import Content

PAST: Final = timedelta(days=30)
"""How long ago one of the events is stamped: only so is it seen whether historical times survive."""

PERSON_PREFIX: Final = "infl-seg-test-"
_IN_THE_PAST: Final = "Email Delivered"
_LINK: Final = "https://example.com/infl-seg-test"


@dataclass(frozen=True, slots=True)
class Probe:
    """One test message.

    Attributes:
        event: The event's name; `identify` for the call that links the person.
        message_id: 16 bytes, sent as they are: bound to nothing.
        timestamp: As it is sent, and as it must be seen.
        wire: The message's JSON.
    """

    event: str
    message_id: bytes
    timestamp: str
    wire: bytes

    @property
    def id_text(self) -> str:
        """The message id as text, 36 characters."""
        return uuid_text(self.message_id).decode()


def make_probes(
    settings: MessageSettings, *, now: datetime, person: str, fresh_id: Callable[[], bytes]
) -> list[Probe]:
    """Build the test messages: a past event, the identify call, the rest.

    Args:
        settings: What all messages have in common.
        now: Aware.
        person: What ends the person's ids; a random one each time.
        fresh_id: Gives a message id of 16 bytes that was never there before.
    """
    encoder = MessageEncoder(settings)
    unknown = Person(None, f"{PERSON_PREFIX}anonymous-{person}")
    known = Person(f"{PERSON_PREFIX}{person}", unknown.person_id)
    past = _stamp(now - PAST)
    first, others = (
        [k for k in EVENTS if k.name == _IN_THE_PAST],
        [k for k in EVENTS if k.name != _IN_THE_PAST],
    )
    tracks = [_track(kind, unknown, past, encoder, fresh_id()) for kind in first]
    identify = _identify(known, _stamp(now), encoder, fresh_id())
    return [*tracks, identify, *(_track(kind, known, _stamp(now), encoder, fresh_id()) for kind in others)]


def deliver_probes(
    probes: Sequence[Probe], settings: DeliverySettings, *, observer: Observer, halt: StopSignal
) -> Delivered:
    """Deliver the test messages in one batch; keep no record.

    Args:
        probes: In the order in which they are sent.
        settings: Where to, how fast, and for how long it is tried; no id is bound to the namespace.
        observer: Is told of progress.
        halt: By which the user stops.
    """
    batch = Batch(
        range(len(probes)),
        [probe.message_id for probe in probes],
        [0] * len(probes),
        [probe.wire for probe in probes],
    )
    started = time.monotonic()
    tally, proxy = anyio.run(
        deliver_batches, [iter([batch])], settings, MemoryJournal(), observer, halt, lambda _: None
    )
    events = EventCounts(
        built=len(probes),
        accepted=tally.accepted,
        refused=tally.refused,
        pending=tally.pending if tally.batches else len(probes),
        in_doubt=tally.in_doubt,
    )
    return Delivered(tally, events, time.monotonic() - started, proxy)


def trouble(delivered: Delivered, signum: int | None) -> InflSegError | None:
    """Return why the test failed, or None if every message was accepted."""
    error, events = delivered.error(signum), delivered.events
    stopped = delivered.tally.stopped
    if error is not None and stopped is not None and stopped.refusal is not None:
        return _all_refused(error, events, stopped.refusal)
    if error is not None:
        return error
    if events.refused:
        return DestinationError(
            f"{events.refused} of {events.built} test messages were refused",
            hint="see what the destination says above; check --endpoint",
        )
    if events.pending or events.in_doubt:
        return DeliveryIncomplete(f"{events.pending + events.in_doubt} test messages got no answer")
    return None


def _all_refused(error: InflSegError, events: EventCounts, answer: Content) -> DestinationError:
    """Return the error for test messages that were refused one by one."""
    which = f"All {events.built}" if events.refused == events.built else f"{events.refused} of {events.built}"
    said = f" “{answer.excerpt}”" if answer.excerpt else ""
    refused = DestinationError(
        f"{which} test messages were rejected: HTTP {answer.status}{said}",
        hint="check --write-key and --endpoint; if a gateway refuses compressed bodies: --no-gzip",
    )
    refused.cause = error.cause
    return refused


def _track(kind: EventKind, person: Person, stamp: str, encoder: MessageEncoder, message_id: bytes) -> Probe:
    campaign = Campaign(
        event=kind.name,
        sent_event=kind.name,
        link=kind.link,
        unique_flag=kind.unique_flag,
        email_id="infl-seg-test-email",
        campaign_id="infl-seg-test-campaign",
        campaign_run_id="infl-seg-test-run",
        campaign_name="infl-seg test",
        email_subject="infl-seg test",
        is_unique_open=True if kind.unique_flag == "is_unique_open" else None,
        is_unique_click=True if kind.unique_flag == "is_unique_click" else None,
    )
    trail = encoder.trail(Trail(_LINK if kind.link else None, ()))
    fragments = [(encoder.campaign(campaign), trail, encoder.person(person))]
    (encoded,) = messages([message_id], [stamp], fragments, encoder.tail)
    return Probe(kind.name, message_id, stamp, encoded)


def _identify(person: Person, stamp: str, encoder: MessageEncoder, message_id: bytes) -> Probe:
    head = {"timestamp": stamp, "type": "identify", "userId": person.user_id, "anonymousId": person.person_id}
    encoded = f',{orjson.dumps(head).decode()[1:-1]},"context":{{{encoder.tail}'
    return Probe("identify", message_id, stamp, with_id(uuid_text(message_id), encoded.encode()))


def _stamp(when: datetime) -> str:
    return when.strftime("%Y-%m-%dT%H:%M:%S.") + f"{when.microsecond // 1000:03}Z"
