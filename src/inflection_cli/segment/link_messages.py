"""Encode the identify calls that link a personId to a userId."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

from inflection_cli.segment.ids import link_ids, ready_id, uuid_text
from inflection_cli.segment.message import with_id

ID_BYTES: Final = len(with_id(uuid_text(bytes(16)), b""))
"""Bytes of a message up to the end of its id."""


def link_bodies(pairs: Sequence[tuple[str, str]], times: Sequence[str], tail: str) -> list[bytes]:
    """Encode links of pairs, without message ids and without traits.

    Args:
        pairs: PersonId and userId of each.
        times: For each the timestamp as it is sent.
        tail: `MessageEncoder.tail`.
    """
    end = f",{tail}".encode()
    return [
        b"," + orjson.dumps(_link(person, user, time))[1:-2] + end
        for (person, user), time in zip(pairs, times, strict=True)
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
