"""Encode events as messages, from JSON fragments that are encoded once.

A message is `{"messageId":"` id `"` body, and a body is

    ,"timestamp":"…  campaign  trail  person  tail

where campaigns repeat and the tail is the same for all, so a fragment is encoded once and joined many times. Never
`sentAt`: Segment would shift the timestamp by it (segment docs, "Spec: Common Fields", "sentAt").
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import compress, repeat
from operator import not_
from types import MappingProxyType
from typing import Any, Final

import orjson

from inflection_cli.model import Campaign, Person, Trail
from inflection_cli.segment.ids import link_ids, ready_id, uuid_text, uuid_texts
from inflection_cli.segment.trait_names import snake_traits

# Segment docs, "Partner source requirements": name and version of the integration in every call.
INTEGRATION: Final = MappingProxyType({"name": "inflection", "version": "1.0.0"})

_CAMPAIGN_PROPERTIES: Final = (
    "email_id",
    "campaign_id",
    "campaign_run_id",
    "campaign_name",
    "email_subject",
    "is_unique_open",
    "is_unique_click",
)
_OPENING: Final = b'{"messageId":"'
_ID_END: Final = len(_OPENING) + 36 + 1

FIXED_BYTES: Final = _ID_END + len(',"timestamp":"2024-03-01T09:30:00.000Z')
"""Bytes of a message beside its fragments: id, timestamp and what is around them."""


@dataclass(frozen=True, slots=True)
class MessageSettings:
    """Settings that all messages of a run share.

    Attributes:
        library_version: Version of this tool, sent as `context.library.version`.
        naming: `inflection`, as the live source names events and properties, or `spec`, the Email Spec.
        integrations: Sent as `integrations`; Inflection is off, as it is also a destination.
        context: Further members of `context`.
        email_trait: Whether `context.traits.email` is sent; it creates or merges Unify profiles.
        snake_traits: Whether reserved traits of identify and group calls get the names of `snake_traits`.
    """

    library_version: str
    naming: str = "inflection"
    integrations: Mapping[str, Any] = field(default_factory=lambda: {"Inflection": False})
    context: Mapping[str, Any] = field(default_factory=dict)
    email_trait: bool = False
    snake_traits: bool = False


class MessageEncoder:
    """Encoder of the parts of events as JSON fragments.

    Attributes:
        tail: What ends every message: the context that all share, and integrations.
        email_trait: Whether messages have the person's address.
        link_name: The name of the property that a link is.
        has_bare_campaigns: Whether it has encoded a campaign without a property.
    """

    def __init__(self, settings: MessageSettings) -> None:
        library = {"name": "infl-seg", "version": settings.library_version}
        context = {"integration": dict(INTEGRATION), "library": library, **settings.context}
        self.tail = f'{_json(context)[1:]},"integrations":{_json(dict(settings.integrations))}}}'
        self.link_name = "link_url" if settings.naming == "spec" else "email_link_url"
        self.email_trait = settings.email_trait
        self.has_bare_campaigns = False

    def campaign(self, campaign: Campaign) -> str:
        """Encode type, event name and campaign properties; `properties` stays open."""
        properties = {
            name: value for name in _CAMPAIGN_PROPERTIES if (value := getattr(campaign, name)) is not None
        }
        event = _json(campaign.sent_event)
        self.has_bare_campaigns = self.has_bare_campaigns or not properties
        return f'","type":"track","event":{event},"properties":{_json(properties)[:-1]}'

    def trail(self, trail: Trail) -> str:
        """Encode link and extra properties, each with a comma in front.

        A number keeps all its digits.
        """
        link = () if trail.link is None else (self.property(self.link_name, trail.link),)
        literals = trail.literals
        return "".join(
            [*link, *(self.property(name, value, literal=name in literals) for name, value in trail.extras)]
        )

    @staticmethod
    def property(name: str, value: str, *, literal: bool = False) -> str:
        """Encode a property with a comma in front; literals stay."""
        return f",{_key(name)}:{value if literal else _json(value)}"

    def person(self, person: Person) -> str:
        """Encode the end of `properties`, the identity, and an open `context`."""
        context: dict[str, Any] = {}
        if person.person_id is not None:
            context["personId"] = person.person_id
        if person.ip is not None:
            context["ip"] = person.ip
        if person.user_agent is not None:
            context["userAgent"] = person.user_agent
        if person.group_id is not None:
            context["groupId"] = person.group_id
        if self.email_trait and person.email is not None:
            context["traits"] = {"email": person.email}
        known = person.user_id is not None
        anonymous_id = person.session_id if known else person.person_id
        ids = {"userId": person.user_id, "anonymousId": anonymous_id}
        identity = ",".join(f'"{name}":{_json(value)}' for name, value in ids.items() if value is not None)
        return f'}},{identity},"context":{_json(context)[:-1]}{"," if context else ""}'


def known_as(person: str, person_id: str, user_id: str, session_id: str = "") -> str:
    """Return the fragment of a person without userId, under a userId.

    Args:
        person: What `MessageEncoder.person` made of somebody who has a personId alone.
        person_id: That id.
        user_id: The id that is sent instead.
        session_id: The id of the session beside it; "" is none.
    """
    session = f',"anonymousId":{_json(session_id)}' if session_id else ""
    rest = person[len(f'}},"anonymousId":{_json(person_id)}') :]
    return f'}},"userId":{_json(user_id)}{session}{rest}'


def plain_people(ids: Iterable[tuple[str, str]]) -> list[str]:
    """Encode people as `MessageEncoder.person` does, from ids that need no escaping.

    Args:
        ids: For each person both ids, at least one of them; "" is absent.
    """
    return [
        (
            f'}},"userId":"{user}","context":{{"personId":"{person}",'
            if user and person
            else f'}},"anonymousId":"{person}","context":{{"personId":"{person}",'
            if person
            else f'}},"userId":"{user}","context":{{'
        )
        for user, person in ids
    ]


def plain_sizes(ids: Iterable[tuple[str, str]]) -> list[int]:
    """Return the byte size of each `plain_people` result, for ASCII ids."""
    return [
        (_BOTH + len(user) if user else _UNKNOWN + len(person)) + len(person)
        if person
        else _KNOWN + len(user)
        for user, person in ids
    ]


_BOTH, _UNKNOWN, _KNOWN = (
    len(fragment) - letters
    for fragment, letters in zip(plain_people([("u", "p"), ("", "p"), ("u", "")]), (2, 2, 1), strict=True)
)


def plain_total(user_ids: Sequence[str], person_ids: Sequence[str]) -> int:
    """Return the total size of the `plain_people` results, in bytes."""
    unknown, known = user_ids.count(""), person_ids.count("")
    twice = compress(person_ids, map(not_, user_ids)) if unknown else ()
    letters = sum(len("".join(ids)) for ids in (user_ids, person_ids, twice))
    return letters + unknown * _UNKNOWN + known * _KNOWN + (len(user_ids) - unknown - known) * _BOTH


def plain_most(user_ids: Iterable[str], person_ids: Iterable[str]) -> int:
    """Return the largest possible size of a `plain_people` result, in bytes."""
    return max(_BOTH, _UNKNOWN, _KNOWN) + max(map(len, user_ids)) + 2 * max(map(len, person_ids))


def messages(
    ids: Sequence[bytes], times: Iterable[str], fragments: Iterable[tuple[str, str, str]], tail: str
) -> list[bytes]:
    """Join fragments to whole messages, each one UTF-8 line of JSON.

    Args:
        ids: For each message the 16 bytes of its id.
        times: For each the timestamp as it is sent, milliseconds and `Z`.
        fragments: For each those of campaign, trail and person.
        tail: `MessageEncoder.tail`.
    """
    return [
        f'{{"messageId":"{uuid}","timestamp":"{time}{campaign}{trail}{person}{tail}'.encode()
        for uuid, time, (campaign, trail, person) in zip(uuid_texts(ids), times, fragments, strict=True)
    ]


def link_fragments(name: str, links: Sequence[str]) -> Iterable[str]:
    """Encode a column of links as `MessageEncoder.property` does; "" is absent."""
    if not any(links):
        return repeat("", len(links))
    key = f",{_key(name)}:"
    dumps = orjson.dumps
    return [key + dumps(link).decode() if link else "" for link in links]


def links_bytes(name: str, links: Sequence[str]) -> int:
    """Return the bytes of all that `link_fragments` gives."""
    filled = list(filter(None, links))
    if not filled:
        return 0
    # A list in JSON has as many commas as texts, less one, and two brackets.
    return len(orjson.dumps(filled)) - len(filled) - 1 + len(filled) * len(f",{_key(name)}:".encode())


def is_bare(campaign: str) -> bool:
    """Return whether a campaign's fragment has no property yet.

    A trail after it must not begin with a comma.
    """
    return campaign.endswith("{")


def renamed(message: bytes, message_id: bytes) -> bytes:
    """Return the same message with another id of 16 bytes."""
    return with_id(uuid_text(message_id), message[_ID_END:])


def with_id(message_id: bytes, message_body: bytes) -> bytes:
    """Return the whole message: one line of JSON in UTF-8."""
    return _OPENING + message_id + b'"' + message_body


@lru_cache(maxsize=1 << 12)
def _key(name: str) -> str:
    return _json(name)


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


_TRAITS: Final = frozenset({"identify", "group"})
MESSAGE_ID_BYTES: Final = len(with_id(uuid_text(bytes(16)), b""))
"""What a message has beside the body that `CallEncoder` makes."""


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """The parts of a call other than track; None means absent.

    Attributes:
        type: `identify`, `group`, `page` or `screen`.
        person: Who it is about; its ids are sent as those of a track event are.
        time: When, as it is sent.
        values: Traits or properties, nested; a `Fragment` is JSON as it is sent.
        group_id: The account; at the top level of a group, in the context of the others.
        name: Of a page or screen.
        category: Of a page or screen.
        stand_in: What is sent as anonymousId where nobody is known.
    """

    type: str
    person: Person
    time: str
    values: Mapping[str, Any] = field(default_factory=dict)
    group_id: str | None = None
    name: str | None = None
    category: str | None = None
    stand_in: str | None = None


class CallEncoder:
    """Encoder of calls other than track."""

    def __init__(self, settings: MessageSettings) -> None:
        self._encoder = MessageEncoder(settings)
        self._snake_traits = settings.snake_traits

    def body(self, call: Call) -> bytes:
        """Encode a call without its id, as `,"userId":…}`."""
        # The ids come first, so that `with_user` need not search for them.
        members: dict[str, Any] = {**_ids(call), "timestamp": call.time, "type": call.type}
        if call.type == "group":
            members["groupId"] = call.group_id
        for name in ("name", "category"):
            if getattr(call, name) is not None:
                members[name] = getattr(call, name)
        if call.type in _TRAITS:
            members["traits"] = snake_traits(call.type, call.values) if self._snake_traits else call.values
        else:
            members["properties"] = call.values
        context = orjson.dumps(self._context(call))[:-1]
        between = b"," if len(context) > 1 else b""
        tail = self._encoder.tail.encode()
        return b"".join((b",", orjson.dumps(members)[1:-1], b',"context":', context, between, tail))

    def _context(self, call: Call) -> dict[str, Any]:
        person = call.person
        told = {"personId": person.person_id, "ip": person.ip, "userAgent": person.user_agent}
        context: dict[str, Any] = {name: value for name, value in told.items() if value is not None}
        if call.group_id is not None and call.type != "group":
            context["groupId"] = call.group_id
        if self._encoder.email_trait and person.email is not None and call.type not in _TRAITS:
            context["traits"] = {"email": person.email}
        return context


def _ids(call: Call) -> dict[str, str]:
    """Return the ids of a call's person, or of its session."""
    person = call.person
    anonymous_id = person.person_id or call.stand_in if person.user_id is None else person.session_id
    ids = {"userId": person.user_id, "anonymousId": anonymous_id}
    return {name: value for name, value in ids.items() if value is not None}


def with_user(body: bytes, person_id: str, user_id: str, session_id: str = "") -> bytes:
    """Return a body under a userId, in place of its anonymousId.

    The id of a session stays beside it as anonymousId.
    """
    alone = b',"anonymousId":' + orjson.dumps(person_id)
    if not body.startswith(alone):
        return body
    session = b',"anonymousId":' + orjson.dumps(session_id) if session_id else b""
    return b',"userId":' + orjson.dumps(user_id) + session + body.removeprefix(alone)


def whole_calls(bodies: Sequence[bytes], ids: Sequence[bytes]) -> list[bytes]:
    """Build whole messages from bodies and 16 bytes of id for each."""
    return [with_id(uuid_text(each), body) for each, body in zip(ids, bodies, strict=True)]


ID_BYTES: Final = len(with_id(uuid_text(bytes(16)), b""))
"""Bytes of a message up to the end of its id."""


def link_bodies(pairs: Sequence[tuple[str, str]], times: Sequence[str], tails: Sequence[str]) -> list[bytes]:
    """Encode links of pairs, without message ids and without traits.

    Args:
        pairs: PersonId and userId of each.
        times: For each the timestamp as it is sent.
        tails: For each the `MessageEncoder.tail` of its row.
    """
    ends = {tail: f",{tail}".encode() for tail in {*tails}}
    return [
        b"," + orjson.dumps(_link(person, user, time))[1:-2] + ends[tail]
        for (person, user), time, tail in zip(pairs, times, tails, strict=True)
    ]


def _link(person: str, user: str, time: str) -> Mapping[str, Any]:
    return {
        "timestamp": time,
        "type": "identify",
        "userId": user,
        "anonymousId": person,
        "context": {"personId": person},
    }


def is_link(message: Mapping[str, Any]) -> bool:
    """Return whether a ready message is a link, by its own id."""
    person, user = message.get("anonymousId"), message.get("userId")
    if message.get("type") != "identify" or not (person and user):
        return False
    return link_ids([(person, user)]) == [ready_id(message["messageId"])]
