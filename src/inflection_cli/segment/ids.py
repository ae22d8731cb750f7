"""Event ids: content ids from event data, wire ids per destination.

The scheme `infl-seg/1`. A *netstring* is the value's length in UTF-8 bytes in decimal, a colon, the value,
a comma (`4:abcd,`); an absent value is `~,`. An id is a UUIDv8 (RFC 9562, 5.8): of a BLAKE2b (RFC 7693) of 13 bytes
the first six, then `80 01 80` (version 8, scheme 1, the RFC's variant), then the other seven. `b2sum -l 104` gives
the same digest. What is hashed:

    content id, own id  `infl-seg/1 own` LF        event id, event
    content id          `infl-seg/1 fields` LF     event, email_id, campaign_id, campaign_run_id, link,
                                                   `p` personId or `u` userId, instant
    content id, link    `infl-seg/1 link` LF       personId, userId of an identify that links the two: no time, so that
                                                   a pair is linked once
    content id, call    `infl-seg/1 call` LF       identify, person, instant, digest of the traits, and the groupId of
                                                   its context where there is one
                                                   group, groupId, person, instant, digest of the traits
                                                   page or screen, person, name, url, instant
    content id, list    `infl-seg/1 list` LF       of a change between two lists: list name, generation, segment,
                                                   what is sent, key, digests of the old and the new content
    content id, ready   `infl-seg/1 ready` LF      the messageId of a ready message, where it is no UUID
    content id, back    `infl-seg/1 back` LF       the run, and the 16 bytes of the id of a call with `--now`, where its
                                                   state comes back after another one
    wire id             `infl-seg/1 wire` LF       namespace, label, the content id's 16 bytes as they are
    default namespace   `infl-seg/1 namespace` LF  endpoint, write key; the first 16 hex digits

Every value is a netstring, but for the content id's bytes. A person is `p` personId or `u` userId throughout. A digest
of traits is a BLAKE2b of 16 bytes, as hex, over the name and the text of each trait, sorted by name; so no type of a
trait changes an id. A ready message (`replay`) whose messageId is a UUID of any
version, in the usual 36 characters, has that UUID's 16 bytes as its content id: so what a dry run wrote keeps its ids.
Pinned by literal vectors in the tests; a change to any of this would send all history again, and needs a new scheme
number.
"""

import re
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from struct import Struct
from typing import Final

OWN = "infl-seg/1 own\n"
FIELDS = "infl-seg/1 fields\n"
_LINK = "infl-seg/1 link\n"
_CALL = "infl-seg/1 call\n"
_LIST = "infl-seg/1 list\n"
_READY = "infl-seg/1 ready\n"
_BACK = "infl-seg/1 back\n"
_OCCURRENCE = "infl-seg/1 occurrence\n"
_WIRE = "infl-seg/1 wire\n"
_NAMESPACE = "infl-seg/1 namespace\n"

_DIGEST_BYTES = 13
_TRAITS_BYTES = 16
_ID_BYTES = 16
_ID = Struct(f"{_ID_BYTES}s")
_BEFORE = 6  # bytes of the digest before the middle
_MIDDLE = b"\x80\x01\x80"
_TEXT_CHARS = 36
_DIGIT_PLACES = [at for at in range(_TEXT_CHARS) if at not in {8, 13, 18, 23}]
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}").fullmatch

OWN_PLACE_SHIFT: Final = 44
OWN_PERSON_SHIFT: Final = 24
CONTENT_REST: Final = (1 << OWN_PERSON_SHIFT) - 1
"""A content hash holds 20 bits of time and link and 20 of the person, which an own id must not span, and 24 of the
rest. Without an own id the first two are parts of the identity, and are 0: they cannot differ."""


class _Heads(dict[int, str]):
    """Cache from a size to the beginning of its netstring.

    It takes half the time of formatting the number.
    """

    def __missing__(self, size: int) -> str:
        head = f"{size}:"
        if size < _HEADS:
            self[size] = head
        return head


_HEADS: Final = 1 << 10
HEADS: Final = _Heads()


def netstring(value: str | None) -> str:
    """Encode a value as a netstring, so that joined values are unambiguous.

    A lone surrogate cannot come from a file (reading refuses it), so UTF-8 always encodes.
    """
    if value is None:
        return "~,"
    size = len(value) if value.isascii() else len(value.encode())
    return f"{HEADS[size]}{value},"


def uuid8(name: bytes) -> bytes:
    """Hash `name` to the 16 bytes of a UUIDv8."""
    digest = blake2b(name, digest_size=_DIGEST_BYTES).digest()
    return digest[:6] + _MIDDLE + digest[6:]


def person_part(user_id: str | None, person_id: str | None) -> str:
    """Encode the person: personId if present, else userId.

    So a userId that is added later changes no id.
    """
    return "p" + netstring(person_id) if person_id is not None else "u" + netstring(user_id)


def traits_digest(traits: Iterable[tuple[str, str]]) -> str:
    """Hash the names and texts of traits; their order does not matter."""
    text = "".join(netstring(name) + netstring(value) for name, value in sorted(traits))
    return blake2b(text.encode(), digest_size=_TRAITS_BYTES).hexdigest()


def identify_id(person: str, instant: str | None, traits: str, group_id: str | None = None) -> bytes:
    """Return the content id of an identify with traits, 16 bytes.

    Args:
        person: As `person_part` gives it.
        instant: Exact text; None for the time of sending.
        traits: As `traits_digest` gives it.
        group_id: The account in its context, of which a person may have several; absent it adds nothing.
    """
    account = "" if group_id is None else netstring(group_id)
    parts = netstring("identify") + person + netstring(instant) + netstring(traits) + account
    return uuid8((_CALL + parts).encode())


def group_call_id(group_id: str, person: str | None, instant: str | None, traits: str) -> bytes:
    """Return the content id of a group; see `identify_id`."""
    who = netstring(None) if person is None else person
    parts = netstring("group") + netstring(group_id) + who + netstring(instant) + netstring(traits)
    return uuid8((_CALL + parts).encode())


def list_change_ids(shared: Iterable[str | None], each: Iterable[Iterable[str | None]]) -> list[bytes]:
    """Return the content id of each change of a list, 16 bytes.

    Args:
        shared: Parts that all of them have.
        each: The parts of each one.
    """
    head = _LIST + "".join(map(netstring, shared))
    return uuid8s((head + "".join(map(netstring, parts))).encode() for parts in each)


def view_id(kind: str, person: str, name: str | None, url: str | None, instant: str | None) -> bytes:
    """Return the content id of a page or screen; see `identify_id`."""
    parts = netstring(kind) + person + netstring(name) + netstring(url) + netstring(instant)
    return uuid8((_CALL + parts).encode())


def uuid8s(names: Iterable[bytes]) -> list[bytes]:
    """Hash each name as `uuid8` does."""
    return _with_version([blake2b(name, digest_size=_DIGEST_BYTES).digest() for name in names])


def absorbed(name: bytes) -> "blake2b":
    """Hash the shared beginning of names; `uuid8s_after` continues from there."""
    return blake2b(name, digest_size=_DIGEST_BYTES)


def uuid8s_after(beginnings: Iterable["blake2b"], rests: Iterable[bytes]) -> list[bytes]:
    """Hash names as `uuid8` does, from hashed beginnings and remaining bytes."""
    digests = []
    for beginning, rest in zip(beginnings, rests, strict=True):
        hashed = beginning.copy()
        hashed.update(rest)
        digests.append(hashed.digest())
    return _with_version(digests)


def _with_version(digests: Sequence[bytes]) -> list[bytes]:
    """Return digests of 13 bytes as ids of 16, all at once."""
    joined = b"".join(digests)
    packed = bytearray(_ID_BYTES * len(digests))
    for at in range(_DIGEST_BYTES):
        packed[at + (at >= _BEFORE) * len(_MIDDLE) :: _ID_BYTES] = joined[at::_DIGEST_BYTES]
    for at, byte in enumerate(_MIDDLE, _BEFORE):
        packed[at::_ID_BYTES] = bytes([byte]) * len(digests)
    return [each for (each,) in _ID.iter_unpack(packed)]


def uuid_text(packed: bytes) -> bytes:
    """Format 16 bytes as a UUID of 36 ASCII characters."""
    h = packed.hex()
    return f"{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:]}".encode()


def link_ids(pairs: Iterable[tuple[str, str]]) -> list[bytes]:
    """Return the link id of each pair of personId and userId."""
    return uuid8s((_LINK + netstring(person) + netstring(user)).encode() for person, user in pairs)


def uuid_texts(packed: Sequence[bytes]) -> list[str]:
    """Format ids of 16 bytes as UUIDs, all at once."""
    digits = b"".join(packed).hex().encode()
    texts = bytearray((b"-" * _TEXT_CHARS + b"\n") * len(packed))
    for at, place in enumerate(_DIGIT_PLACES):
        texts[place :: _TEXT_CHARS + 1] = digits[at :: len(_DIGIT_PLACES)]
    return texts.decode().splitlines()


def occurrence_id(content_id: bytes, number: int) -> bytes:
    """Return the content id of a later one of equal events."""
    return uuid8((_OCCURRENCE + netstring(str(number))).encode() + content_id)


def ready_id(message_id: str) -> bytes:
    """Convert a ready message's messageId to a content id of 16 bytes.

    A UUID is kept as it is; any other text is hashed.
    """
    if _UUID(message_id):
        return bytes.fromhex(message_id.replace("-", ""))
    return uuid8((_READY + netstring(message_id)).encode())


def returned_id(content_id: bytes, run_id: str) -> bytes:
    """Return the content id of a state that a run sends again."""
    return uuid8((_BACK + netstring(run_id)).encode() + content_id)


def namespace_of(endpoint: str, write_key: str) -> str:
    """Return a destination's fingerprint: 16 hex digits that hide the key.

    Args:
        endpoint: The normalised base URL.
        write_key: The source's write key.
    """
    name = _NAMESPACE + netstring(endpoint) + netstring(write_key)
    return blake2b(name.encode(), digest_size=_DIGEST_BYTES).hexdigest()[:16]


class Binder:
    """Converter of content ids to wire ids for one destination.

    Equal content ids give equal wire ids here, and different ones at every other destination.

    Segment deduplicates on messageId across sources and workspaces (segmentio issue threads on
    deduplication), so one event must carry different ids to different destinations.
    """

    def __init__(self, namespace: str, label: str | None = None) -> None:
        self._prefix = (_WIRE + netstring(namespace) + netstring(label)).encode()

    def bind(self, content_ids: Iterable[bytes]) -> list[bytes]:
        """Return the wire ids of content ids, 16 bytes each."""
        prefix = self._prefix
        return uuid8s([prefix + content_id for content_id in content_ids])

    def packed(self, content_id: bytes) -> bytes:
        """Return the wire id of one content id, 16 bytes."""
        return uuid8(self._prefix + content_id)
