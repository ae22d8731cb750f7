"""Check and clean ready messages before they are sent.

Segment stamps what it takes: an archived message holds more than the one that was sent. Sent again with those stamps it
would be moved in time (`sentAt`), or carry a source's key into another (`writeKey`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from types import MappingProxyType
from typing import Any, Final

import orjson

from inflection_cli import rules
from inflection_cli.catalog import EVENTS, REJECT_COLUMNS
from inflection_cli.model import Note, Rule
from inflection_cli.segment.ids import netstring, person_part
from inflection_cli.segment.trait_names import snake_traits

TYPES: Final = ("track", "identify", "page", "screen", "group", "alias")
"""Segment docs, "Spec": the six calls."""

# Segment docs, "Spec: Common Fields": what Segment itself puts on a message; and our own columns of a fixed line.
# originalTimestamp is what Segment reckons with, and is made anew from the timestamp that is sent.
_DROPPED: Final = frozenset(
    {
        "receivedAt",
        "sentAt",
        "originalTimestamp",
        "projectId",
        "writeKey",
        "version",
        "_metadata",
        "channel",
        *REJECT_COLUMNS,
    }
)
_IDS: Final = ("userId", "anonymousId", "previousId", "groupId")
_TRIMMED: Final = ("type", "event", "messageId", *_IDS)
_OBJECTS: Final = ("properties", "traits", "context", "integrations")
_TIMES: Final = ("timestamp", "originalTimestamp")
_KNOWN: Final = frozenset({*_TRIMMED, *_OBJECTS, *_TIMES, "name", "category"})

# What may differ without being another event; the person has another spellings own.
_LOOSE: Final = _DROPPED.union(
    ("messageId", "context", "integrations", "event", "userId", "anonymousId", "properties"), _TIMES
)
_LOOSE_PROPERTIES: Final = frozenset({"campaign_name", "email_subject"})
_NAMES: Final = MappingProxyType({kind.spec_name: kind.name for kind in EVENTS})
_PROPERTY_NAMES: Final = MappingProxyType({"link_url": "email_link_url"})


@dataclass(frozen=True, slots=True)
class ReadySettings:
    """Settings that are applied to ready messages.

    Attributes:
        integrations: Set in every message's `integrations`.
        integrations_by_default: Set there too, where the message says nothing of it.
        context: Set in every message's `context`.
        snake_traits: Whether reserved traits of identify and group calls get other names.
    """

    integrations: Mapping[str, Any] = field(default_factory=dict)
    integrations_by_default: Mapping[str, Any] = field(default_factory=lambda: {"Inflection": False})
    context: Mapping[str, Any] = field(default_factory=dict)
    snake_traits: bool = False


def trimmed(message: Mapping[str, Any]) -> tuple[dict[str, Any], list[Note]]:
    """Remove null members and outer white space; note what was trimmed.

    White space is removed from the type, the event name and the ids.

    A null that is none of Segment's own members stays as it stood.
    """
    found = dict(message)
    if None in found.values():
        found = {name: value for name, value in message.items() if value is not None or name not in _KNOWN}
    notes = []
    for name in _TRIMMED:
        value = found.get(name)
        if isinstance(value, str) and value != value.strip() and value.strip():
            notes.append(Note(rules.OUTER_SPACE, f"{name} has white space around it", name, value))
            found[name] = value.strip()
    return found, notes


def faults(message: Mapping[str, Any]) -> Iterator[Note]:
    """Yield the reasons why Segment would refuse or discard a message.

    Reasons: segment docs, "HTTP API", and the causes that the source debugger shows. The time is judged elsewhere.
    """
    kind = message.get("type")
    if kind not in TYPES:
        detail = "type is missing" if kind is None else "type is not one of the six"
        yield Note(rules.MESSAGE_TYPE_UNKNOWN, detail, "type", _shown(kind))
    message_id = message.get("messageId")
    if not isinstance(message_id, str) or not message_id.strip():
        detail = "messageId is missing" if message_id is None else "messageId is empty or no string"
        yield Note(rules.MESSAGE_ID_MISSING, detail, "messageId", _shown(message_id))
    for name in _IDS:
        yield from _not_text(rules.ID_NOT_TEXT, name, message.get(name))
    if "userId" not in message and "anonymousId" not in message:
        yield Note(
            rules.PERSON_MISSING,
            "neither userId nor anonymousId is there",
            hint="give the message one of them",
        )
    for name in _OBJECTS:
        if not isinstance(message.get(name, {}), dict):
            yield Note(rules.MEMBER_NOT_OBJECT, f"{name} is not an object", name, _shown(message[name]))
    if kind == "track" and "event" not in message:
        yield Note(rules.EVENT_MISSING, "event is missing", "event", hint="name the event in the message")
    if kind == "group" and "groupId" not in message:
        hint = "name the account in the message"
        yield Note(rules.GROUP_ID_MISSING, "groupId is missing", "groupId", hint=hint)
    named = {"track": ("event",), "page": ("name", "category")}.get(str(kind), ())
    for name in named:
        yield from _not_text(rules.NAME_NOT_TEXT, name, message.get(name))


def time_of(message: Mapping[str, Any]) -> Any:
    """Return the time that a message states, or None."""
    return next((message[name] for name in _TIMES if name in message), None)


def name_of(message: Mapping[str, Any]) -> str:
    """Return a track message's event, or another message's type."""
    return str(message["event"] if message["type"] == "track" else message["type"])


def person_of(message: Mapping[str, Any]) -> tuple[str, str]:
    """Return a message's user id and person id; "" if absent.

    Where Segment counts an anonymousId that is not the person id, it stands as the user id, behind a NUL.
    """
    user_id, anonymous_id = message.get("userId") or "", message.get("anonymousId") or ""
    person_id = message.get("context", {}).get("personId", anonymous_id)
    if not isinstance(person_id, str):
        person_id = anonymous_id
    return user_id or ("" if person_id == anonymous_id else "\0" + anonymous_id), person_id


def address_of(message: Mapping[str, Any]) -> str:
    """Return the address among a message's traits; "" is absent."""
    for traits in (message.get("context", {}).get("traits"), message.get("traits")):
        if isinstance(traits, dict) and isinstance(traits.get("email"), str):
            return str(traits["email"])
    return ""


def identity_of(message: Mapping[str, Any]) -> str:
    """Encode the person of a message as content ids do."""
    _, person_id = person_of(message)
    return person_part(message.get("userId"), person_id or message.get("anonymousId"))


def body_of(message: Mapping[str, Any], wire_time: str, settings: ReadySettings) -> bytes:
    """Encode a message without its id, as `,"timestamp":…}`.

    The members keep their order. A message that has been sent before loses Segment's own stamps; see the module.
    """
    at = "timestamp" if "timestamp" in message else "originalTimestamp"
    sent: dict[str, Any] = {}
    for name, value in message.items():
        if name == at:
            sent["timestamp"] = wire_time
        elif name != "messageId" and name not in _DROPPED:
            sent[name] = value
    if settings.context:
        sent["context"] = {**sent.get("context", {}), **settings.context}
    if settings.snake_traits and "traits" in sent:
        sent["traits"] = snake_traits(message["type"], sent["traits"])
    sent["integrations"] = _integrations(sent.get("integrations", {}), settings)
    return b"," + orjson.dumps(sent)[1:]


def content_hash(message: Mapping[str, Any], wire_time: str, person: str) -> int:
    """Return a 64-bit hash of a message's content, without its id.

    Context, integrations, the campaign's names and the naming of events are not part of it.

    Args:
        message: Without faults.
        wire_time: When it happened, as it is sent.
        person: The first spelling of `person_of`.
    """
    said = {name: value for name, value in message.items() if name not in _LOOSE}
    properties = message.get("properties", {})
    said["properties"] = {
        _PROPERTY_NAMES.get(name, name): value
        for name, value in properties.items()
        if name not in _LOOSE_PROPERTIES
    }
    event = message.get("event")
    head = netstring(wire_time) + person + netstring(_NAMES.get(str(event), event))
    digest = blake2b(head.encode(), digest_size=8)
    digest.update(orjson.dumps(said, option=orjson.OPT_SORT_KEYS))
    return int.from_bytes(digest.digest())


def _integrations(said: Mapping[str, Any], settings: ReadySettings) -> dict[str, Any]:
    unsaid = {name: on for name, on in settings.integrations_by_default.items() if name not in said}
    return {**said, **unsaid, **settings.integrations}


def _not_text(rule: Rule, name: str, value: Any) -> Iterator[Note]:
    if value is not None and (not isinstance(value, str) or not value.strip()):
        detail = f"{name} is empty" if isinstance(value, str) else f"{name} is not a string"
        yield Note(rule, detail, name, _shown(value))


def _shown(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return orjson.dumps(value).decode()
