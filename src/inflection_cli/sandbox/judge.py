"""Simulate how Segment handles a request: status, accepted and discarded events."""

import base64
import binascii
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final

import orjson

from inflection_cli.sandbox.discards import (
    BODY_BOUND_BYTES,
    MAX_BATCH_EVENTS,
    MAX_BODY_BYTES,
    MAX_EVENT_BYTES,
    MIN_WRITE_KEY_CHARACTERS,
    Discard,
    discard_reason,
)
from inflection_cli.sandbox.faults import SourceState
from inflection_cli.sandbox.message_store import event_bytes

BATCH_CALLS: Final = frozenset({"batch", "import"})
"""The calls that carry many events; `import` is the older name of `batch`."""


class Hazard(StrEnum):
    """Things that Segment accepts but that harm a backfill."""

    BATCH_SENT_AT = "batch-sent-at"
    """A batch-level `sentAt` shifts each event's time by the sender's clock."""
    BATCH_TIMESTAMP = "batch-timestamp"
    """A batch-level `timestamp` is reported to overwrite every event's own."""
    EVENT_SENT_AT = "event-sent-at"
    """An event's own `sentAt` shifts its time likewise."""
    TIMESTAMP_MISSING = "timestamp-missing"
    """Without a `timestamp` an event happened now."""
    MESSAGE_ID_MISSING = "message-id-missing"
    """Segment makes up an id, so a retry cannot be recognised."""
    KEYS_DIFFER = "write-keys-differ"
    """The header's key and the body's are not the same."""
    KEY_WITHOUT_COLON = "write-key-without-colon"
    """Segment docs, HTTP API, "Basic authentication": without the colon it will not always work."""
    CONTENT_TYPE = "content-type-not-json"
    """Segment docs, HTTP API, "Content-Type": must be `application/json`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """Parts of a received request that judging needs.

    Attributes:
        call: The path's last part: `batch`, `import`, or an event's type such as `track`.
        wire: The body as sent.
        encoding: The `Content-Encoding`, in lower case; empty where there is none.
        content_type: The `Content-Type`, in lower case; empty where there is none.
        authorization: The `Authorization` header; empty where there is none.
    """

    call: str
    wire: bytes = field(repr=False)
    encoding: str = ""
    content_type: str = "application/json"
    authorization: str = field(default="", repr=False)

    @property
    def batched(self) -> bool:
        """Return whether the request may carry many events."""
        return self.call in BATCH_CALLS

    @property
    def credentials(self) -> str:
        """Decoded Basic credentials, `key:`; empty if there are none."""
        scheme, _, encoded = self.authorization.partition(" ")
        if scheme.lower() != "basic":
            return ""
        try:
            return base64.b64decode(encoded.strip(), validate=True).decode("utf-8", "replace")
        except (binascii.Error, ValueError):
            return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Outcome of one request: status, accepted and discarded events.

    Attributes:
        status: The status answered.
        message: What is wrong, where the status is not 200.
        events: How many events the request held, as far as could be read.
        body_bytes: The size of its body, inflated; of one over the bound, what was inflated of it.
        accepted: The events that go through, duplicates among them.
        encoded: The bytes of each accepted event as they came; empty unless asked for.
        discarded: How many events are dropped behind a 200, by reason; an empty batch counts as one.
        hazards: How often the request did what goes through but harms.
        batch: Every event as it was parsed; empty unless the page shows it.
        raw: The bytes of each event of `batch`.
        reasons: Why each event of `batch` is discarded, None where it is not; empty with a status that is not 200.
    """

    status: int
    message: str = ""
    events: int = 0
    body_bytes: int = 0
    accepted: Sequence[Mapping[str, Any]] = ()
    encoded: Sequence[bytes] = ()
    discarded: Mapping[Discard, int] = field(default_factory=dict)
    hazards: Mapping[Hazard, int] = field(default_factory=dict)
    batch: Sequence[Any] = ()
    raw: Sequence[bytes] = ()
    reasons: Sequence[Discard | None] = ()


def judge(post: Post, source: SourceState, *, verbatim: bool = False, watched: bool = False) -> Verdict:
    """Return what Segment would do with a request.

    Args:
        post: The request.
        source: The source that receives it.
        verbatim: Whether the accepted events' own bytes are wanted.
        watched: Whether every event is wanted, also those that are discarded or refused.
    """
    body = _inflated(post)
    if body is None:
        return Verdict(status=400, message="the body is not what its Content-Encoding says")
    size = len(body)
    if size > BODY_BOUND_BYTES:
        return Verdict(status=413, message="the body is too large to be read", body_bytes=size)
    document = _parsed(body)
    events = _events(post, document)
    if events is None:
        message = "not a JSON object, or its `batch` is not an array"
        return Verdict(status=400, message=message, body_bytes=size)
    complaint = _complaint(post, size, document)
    encoded = complaint or _encoded(post, body, events, wanted=verbatim or watched)
    if isinstance(encoded, str):
        refused = Verdict(status=400, message=encoded, events=len(events), body_bytes=size)
        return replace(refused, batch=events, raw=_compact(events)) if watched else refused
    hazards = _request_hazards(post, document)
    whole = _whole_request(len(events), _write_key(post, document), source)
    reasons: list[Discard | None] = [whole] * len(events)
    if whole is None:
        reasons = _reasons(events, source)
    verdict = (
        _sift(events, encoded if verbatim else (), size, reasons, hazards)
        if whole is None
        else Verdict(
            status=200,
            events=len(events),
            body_bytes=size,
            discarded={whole: max(1, len(events))},
            hazards=hazards,
        )
    )
    return replace(verdict, batch=events, raw=encoded, reasons=reasons) if watched else verdict


def _compact(events: list[Any]) -> list[bytes]:
    """Return each event's compact JSON; of one nested too deeply, `null`."""
    found = []
    for event in events:
        try:
            found.append(orjson.dumps(event))
        except orjson.JSONEncodeError:
            found.append(b"null")
    return found


def _complaint(post: Post, size: int, document: dict[str, Any]) -> str:
    """Return why a whole request is answered 400, or an empty string."""
    limit = MAX_BODY_BYTES if post.batched else MAX_EVENT_BYTES
    if size > limit:
        return f"Exceed payload limit: {size} bytes, at most {limit}"
    if len(_write_key(post, document)) < MIN_WRITE_KEY_CHARACTERS:
        return "the write key is empty or too short"
    return ""


def _encoded(post: Post, body: bytes, events: list[Any], *, wanted: bool) -> Sequence[bytes] | str:
    """Return each event's original bytes, or the reason for a refusal.

    The result is empty where the bytes are not needed.

    They are needed where they are `wanted`, or where an event may be too large. Most clients send an
    event's compact form, and that is found quickly; only a body that was written otherwise (spaces,
    escapes) is cut up slowly.
    """
    small = len(body) <= MAX_EVENT_BYTES
    if small and not wanted:
        return ()
    try:
        compact = [orjson.dumps(event) for event in events]
        spare = len(body) - sum(map(len, compact))
        if not wanted and max(map(len, compact), default=0) + spare <= MAX_EVENT_BYTES:
            return ()
        as_sent = not post.batched or b",".join(compact) in body
        encoded = compact if as_sent else event_bytes(body)
    except orjson.JSONEncodeError:
        return "the JSON is nested too deeply"
    if not small and any(len(event) > MAX_EVENT_BYTES for event in encoded):
        return f"Exceed payload limit: an event is over {MAX_EVENT_BYTES} bytes"
    return encoded


def _reasons(events: list[Any], source: SourceState) -> list[Discard | None]:
    """Return why each event is silently discarded, None where it is not."""
    reasons = [discard_reason(event) for event in events]
    blocked = source.blocked_events
    if blocked:
        reasons = [
            reason or (Discard.EVENT_BLOCKED if event.get("event") in blocked else None)
            for reason, event in zip(reasons, events, strict=True)
        ]
    return reasons


def _sift(
    events: list[Any],
    encoded: Sequence[bytes],
    size: int,
    reasons: list[Discard | None],
    hazards: Counter[Hazard],
) -> Verdict:
    """Split events into accepted and silently discarded ones."""
    accepted = [event for reason, event in zip(reasons, events, strict=True) if reason is None]
    _event_hazards(accepted, hazards)
    return Verdict(
        status=200,
        events=len(events),
        body_bytes=size,
        accepted=accepted,
        encoded=[raw for reason, raw in zip(reasons, encoded, strict=False) if reason is None],
        discarded=Counter(reason for reason in reasons if reason is not None),
        hazards=+hazards,
    )


def _event_hazards(accepted: list[dict[str, Any]], hazards: Counter[Hazard]) -> None:
    for event in accepted:
        if "timestamp" not in event:
            hazards[Hazard.TIMESTAMP_MISSING] += 1
        if "sentAt" in event:
            hazards[Hazard.EVENT_SENT_AT] += 1
        if not event.get("messageId"):
            hazards[Hazard.MESSAGE_ID_MISSING] += 1


def _request_hazards(post: Post, document: dict[str, Any]) -> Counter[Hazard]:
    credentials = post.credentials
    in_header, colon, _ = credentials.partition(":")
    in_body = document.get("writeKey")
    return Counter(
        {
            Hazard.BATCH_SENT_AT: post.batched and "sentAt" in document,
            Hazard.BATCH_TIMESTAMP: post.batched and "timestamp" in document,
            Hazard.KEYS_DIFFER: bool(in_header and in_body and in_header != in_body),
            Hazard.KEY_WITHOUT_COLON: bool(credentials and not colon),
            Hazard.CONTENT_TYPE: not post.content_type.startswith("application/json"),
        }
    )


def _whole_request(events: int, key: str, source: SourceState) -> Discard | None:
    """Return why a whole request is discarded after a 200, or None."""
    if source.write_key is not None and key != source.write_key:
        return Discard.WRITE_KEY_UNKNOWN
    if source.disabled:
        return Discard.SOURCE_DISABLED
    if not events:
        return Discard.BATCH_EMPTY
    return Discard.BATCH_OVER_LIMIT if events > MAX_BATCH_EVENTS else None


def _write_key(post: Post, document: dict[str, Any]) -> str:
    in_body = document.get("writeKey")
    return post.credentials.partition(":")[0] or (in_body if isinstance(in_body, str) else "")


def _events(post: Post, document: Any) -> list[Any] | None:
    """Return a request's events, or None if its structure is invalid."""
    if not isinstance(document, dict):
        return None
    if not post.batched:
        event = {name: value for name, value in document.items() if name != "writeKey"}
        return [{**event, "type": post.call}]
    batch = document.get("batch")
    if batch is None:
        return []
    return batch if isinstance(batch, list) else None


def _parsed(body: bytes) -> Any:
    """Parse JSON; return None if it is invalid or `null`."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None


def _inflated(post: Post) -> bytes | None:
    """Return the decompressed body, cut above the limit; None on error."""
    if post.encoding in {"", "identity"} or len(post.wire) > BODY_BOUND_BYTES:
        return post.wire
    if post.encoding != "gzip":
        return None
    inflater = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    try:
        body = inflater.decompress(post.wire, BODY_BOUND_BYTES + 1)
    except zlib.error:
        return None
    whole = len(body) > BODY_BOUND_BYTES or (inflater.eof and not inflater.unused_data)
    return body if whole else None
