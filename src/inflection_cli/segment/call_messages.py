"""Encode identify, group, page and screen as messages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from inflection_cli.model import Person
from inflection_cli.segment.ids import uuid_text
from inflection_cli.segment.message import MessageEncoder, MessageSettings, with_id
from inflection_cli.segment.trait_names import snake_traits

_TRAITS: Final = frozenset({"identify", "group"})
MESSAGE_ID_BYTES: Final = len(with_id(uuid_text(bytes(16)), b""))
"""What a message has beside the body that `CallEncoder` makes."""


@dataclass(frozen=True, slots=True)
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
