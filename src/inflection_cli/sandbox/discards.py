"""Limits and discard reasons of Segment's Tracking API, as documented."""

from collections.abc import Callable
from enum import StrEnum
from typing import Any, Final

MAX_EVENT_BYTES: Final = 32_000
"""One event, as it came. Segment docs, HTTP API, "Max request size": 32KB per event, read as thousands."""

MAX_BODY_BYTES: Final = 500_000
"""A whole batch body, inflated. Segment docs, HTTP API, "Batch": 500KB per request, read as thousands."""

MAX_BATCH_EVENTS: Final = 2_500
"""Segment docs, HTTP API, "Errors": up to 2500 events; over it a 200, and the events are rejected."""

MAX_MESSAGE_ID_CHARACTERS: Final = 99
"""Segment docs, HTTP API, "Errors", "Deduplication": messageId values "with fewer than 100 characters"."""

MIN_WRITE_KEY_CHARACTERS: Final = 4
"""Only an empty or very short key is answered 400; how short is not documented, so this is a guess."""

BODY_BOUND_BYTES: Final = 8_000_000
"""Ours: what the sandbox reads of a body, as sent and inflated, before it answers 413 and gives up."""

TYPES: Final = frozenset({"track", "identify", "page", "screen", "group", "alias"})
"""Segment docs, HTTP API, "Batch": each call must have a `type` with a valid method name."""


class Discard(StrEnum):
    """Reasons why Segment discards events that it answered with 200.

    From Segment docs, HTTP API, "Errors" and "Batch", and the causes that its source debugger shows.
    """

    NOT_AN_OBJECT = "not-an-object"
    TYPE_UNKNOWN = "type-unknown"
    NO_ID = "no-user-or-anonymous-id"
    ID_EMPTY = "id-empty"
    ID_NOT_A_STRING = "id-not-a-string"
    MESSAGE_ID_NOT_A_STRING = "message-id-not-a-string"
    MESSAGE_ID_TOO_LONG = "message-id-too-long"
    EVENT_MISSING = "event-missing"
    EVENT_NOT_A_STRING = "event-not-a-string"
    PROPERTIES_NOT_AN_OBJECT = "properties-not-an-object"
    TRAITS_NOT_AN_OBJECT = "traits-not-an-object"
    PAGE_NAME_INVALID = "page-name-invalid"
    PAGE_CATEGORY_INVALID = "page-category-invalid"
    GROUP_ID_INVALID = "group-id-invalid"
    BATCH_EMPTY = "batch-empty"
    BATCH_OVER_LIMIT = "batch-over-2500-events"
    SOURCE_DISABLED = "source-disabled"
    WRITE_KEY_UNKNOWN = "write-key-unknown"
    EVENT_BLOCKED = "event-blocked-by-schema"


def discard_reason(event: object) -> Discard | None:
    """Return why Segment discards an event after a 200, or None.

    Null counts as absent. Of several reasons the first one is given.
    """
    if not isinstance(event, dict):
        return Discard.NOT_AN_OBJECT
    kind = event.get("type")
    if not isinstance(kind, str) or kind not in TYPES:
        return Discard.TYPE_UNKNOWN
    reason = _id_reason(event) or _message_id_reason(event.get("messageId")) or _object_reason(event)
    if reason is not None:
        return reason
    by_type = _BY_TYPE.get(kind)
    return by_type(event) if by_type else None


def _id_reason(event: dict[str, Any]) -> Discard | None:
    user_id, anonymous_id = event.get("userId"), event.get("anonymousId")
    if user_id is None and anonymous_id is None:
        return Discard.NO_ID
    for identity in (user_id, anonymous_id):
        if identity is not None:
            if not isinstance(identity, str):
                return Discard.ID_NOT_A_STRING
            if not identity:
                return Discard.ID_EMPTY
    return None


def _message_id_reason(message_id: object) -> Discard | None:
    if message_id is None:
        return None
    if not isinstance(message_id, str):
        return Discard.MESSAGE_ID_NOT_A_STRING
    return Discard.MESSAGE_ID_TOO_LONG if len(message_id) > MAX_MESSAGE_ID_CHARACTERS else None


def _object_reason(event: dict[str, Any]) -> Discard | None:
    properties, traits = event.get("properties"), event.get("traits")
    if properties is not None and not isinstance(properties, dict):
        return Discard.PROPERTIES_NOT_AN_OBJECT
    if traits is not None and not isinstance(traits, dict):
        return Discard.TRAITS_NOT_AN_OBJECT
    return None


def _track_reason(event: dict[str, Any]) -> Discard | None:
    name = event.get("event")
    if name is None or name == "":
        return Discard.EVENT_MISSING
    return None if isinstance(name, str) else Discard.EVENT_NOT_A_STRING


def _page_reason(event: dict[str, Any]) -> Discard | None:
    for field, reason in _PAGE_FIELDS:
        value = event.get(field)
        if value is not None and (not isinstance(value, str) or not value):
            return reason
    return None


def _group_reason(event: dict[str, Any]) -> Discard | None:
    # Segment docs, Spec: Group, "groupId": required.
    group_id = event.get("groupId")
    return None if isinstance(group_id, str) and group_id else Discard.GROUP_ID_INVALID


_PAGE_FIELDS: Final = (("name", Discard.PAGE_NAME_INVALID), ("category", Discard.PAGE_CATEGORY_INVALID))

_BY_TYPE: Final[dict[str, Callable[[dict[str, Any]], Discard | None]]] = {
    "track": _track_reason,
    "page": _page_reason,
    "group": _group_reason,
}
