"""A second, plain and slow reading of the specification: rows to Segment messages, for tests to compare with.

It shares no line with the package and imports nothing of it, so that one error cannot hide on both sides.
Everything is a dict, a str or a Fraction; nothing is cached, streamed or clever. It judges nothing either:
it expects rows that are in order, and a row that is not ends in a ValueError.
"""

import csv
import hashlib
import io
import json
import re
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

# Inflection's source in Segment's catalogue, "Events".
EVENTS = (
    "Email Delivered",
    "Email Opened",
    "Email Unique Opens",
    "Email Bounced",
    "Email Reported as Spam",
    "Link Clicked",
    "Unique Link Click",
    "Unique Link Click per Unique Open",
    "Email Unsubscribed",
)
TEXTS = ("campaign_name", "email_subject", "email_link_url")  # sent unchanged
IDS = ("email_id", "campaign_id", "campaign_run_id")  # sent without outer white space
FLAGS = ("is_unique_open", "is_unique_click")
TOP = ("event", "userId", "personId", "timestamp", "email", "ip", "user_agent", "event_id")
FIELDS = (*TOP, *IDS, *TEXTS, *FLAGS)

_TRUE, _FALSE = ("true", "t", "yes", "y", "1"), ("false", "f", "no", "n", "0")
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - instants are counted in UTC by hand
_TIME = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)[Tt ](?P<minute>\d\d:\d\d)(:(?P<second>\d\d)([.,](?P<fraction>\d+))?)?"
    r" ?(?P<zone>[Zz]|UTC|GMT|[+-]\d\d(:?\d\d)?)?"
)


@dataclass(frozen=True)
class Settings:
    """What a command line would say.

    Attributes:
        version: The package's version, in `context.library`.
        columns: Column to field, where a file's header does not use the fields' own names.
        events: Spelling to Inflection's name, where a file does not use the names themselves.
        skip: Spellings whose rows are left out.
        zone: The zone of times that name none.
        own_ids: Whether a cell in `event_id` is the event's identity.
        keep_equal_rows: Whether events that are equal in every identifying field are told apart by their number.
    """

    version: str
    columns: Mapping[str, str] = field(default_factory=dict)
    events: Mapping[str, str] = field(default_factory=dict)
    skip: frozenset[str] = frozenset()
    zone: str | None = None
    own_ids: bool = True
    keep_equal_rows: bool = False


@dataclass(frozen=True)
class Expected:
    """What one row should become.

    Attributes:
        message: The message as a dry run writes it: its messageId is the content id.
        content_id: The same id, as 36 characters.
        instant: Seconds since 1970, exact.
    """

    message: dict[str, Any]
    content_id: str
    instant: Fraction

    def wire_id(self, namespace: str, label: str | None = None) -> str:
        """The id that goes to a destination: 36 characters."""
        raw = uuid.UUID(self.content_id).bytes
        text = b"infl-seg/1 wire\n" + netstring(namespace) + netstring(label) + raw
        return uuid8(text)


def read_csv(data: bytes, delimiter: str = ",") -> list[dict[str, str]]:
    """All rows of a well-formed CSV file, as dicts of text."""
    text = data.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))


class Typed(str):
    """The text of a JSON value that is no string, and beside it the value, which a property is sent as."""

    __slots__ = ("value",)
    value: Any


def read_ndjson(data: bytes) -> list[dict[str, str]]:
    """All objects of a well-formed NDJSON file, values as text; absent and null are absent."""
    lines = data.decode("utf-8-sig").split("\n")
    objects = [
        (json.loads(line, parse_int=str, parse_float=str), json.loads(line)) for line in lines if line.strip()
    ]
    return [
        {key: _typed(_text(value), exact[key]) for key, value in one.items() if value is not None}
        for one, exact in objects
    ]


def _typed(text: str, value: object) -> str:
    if isinstance(value, str):
        return text
    typed = Typed(text)
    typed.value = value
    return typed


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    raise ValueError("nested values are not covered")


def expect(rows: Iterable[Mapping[str, str]], settings: Settings) -> Iterator[Expected]:
    """For each row of a file that is not skipped, what it should become, in the order of the rows."""
    met: list[str] = []
    for row in rows:
        fields = {settings.columns.get(name, name): cell for name, cell in row.items()}
        if fields["event"].strip() not in settings.skip:
            found = expect_row(fields, settings)
            if settings.keep_equal_rows:
                met.append(found.content_id)
                found = occurrence(found, met.count(found.content_id))
            yield found


def expect_files(files: Iterable[Iterable[Mapping[str, str]]], settings: Settings) -> list[Expected]:
    """What the rows of several files should become: each event once, at its first place."""
    found: dict[str, Expected] = {}
    for one in (one for rows in files for one in expect(rows, settings)):
        found.setdefault(one.content_id, one)
    return list(found.values())


def occurrence(found: Expected, number: int) -> Expected:
    """The `number`th of events that are equal in every identifying field; the first keeps its id."""
    if number == 1:
        return found
    text = b"infl-seg/1 occurrence\n" + netstring(str(number)) + uuid.UUID(found.content_id).bytes
    content_id = uuid8(text)
    return Expected({**found.message, "messageId": content_id}, content_id, found.instant)


def expect_links(rows: Iterable[Mapping[str, str]], settings: Settings) -> list[Expected]:
    """One identify for each pair of ids of people who are also seen by personId alone, sorted by content id.

    People with two userIds get none. Its time is that of the pair's earliest row.
    """
    times: dict[tuple[str, str], Fraction] = {}
    anonymous: set[str] = set()
    for row in rows:
        fields = {settings.columns.get(name, name): cell.strip() for name, cell in row.items()}
        person, user = fields.get("personId", ""), fields.get("userId", "")
        if fields["event"] in settings.skip or not person:
            continue
        when = instant(fields["timestamp"], settings.zone)
        if user:
            times[person, user] = min(times.get((person, user), when), when)
        else:
            anonymous.add(person)
    users: dict[str, set[str]] = {}
    for person, user in times:
        users.setdefault(person, set()).add(user)
    found = [
        _link(person, user, when, settings)
        for (person, user), when in times.items()
        if person in anonymous and len(users[person]) == 1
    ]
    return sorted(found, key=lambda one: one.content_id)


def _link(person: str, user: str, when: Fraction, settings: Settings) -> Expected:
    content_id = uuid8(("infl-seg/1 link\n" + (netstring(person) + netstring(user)).decode()).encode())
    message = {
        "messageId": content_id,
        "timestamp": exact(when)[:23] + "Z",
        "type": "identify",
        "userId": user,
        "anonymousId": person,
        "context": _context({"personId": person}, settings.version),
        "integrations": {"Inflection": False},
    }
    return Expected(message, content_id, when)


def expect_row(fields: Mapping[str, str], settings: Settings) -> Expected:
    """What one row should become; `fields` has canonical names, and other columns under their own."""
    row = {name: cell if name in TEXTS else cell.strip() for name, cell in fields.items() if name in FIELDS}
    row = {name: cell for name, cell in row.items() if cell != ""}
    spelling = row["event"]
    event = settings.events.get(spelling, spelling)
    if event not in EVENTS:
        raise ValueError("not an event of Inflection's")
    when = instant(row["timestamp"], settings.zone)
    identity = row if settings.own_ids else {name: row[name] for name in row if name != "event_id"}
    content_id = content(event, identity, when)
    extras = {name: cell for name, cell in fields.items() if name not in FIELDS}
    message = {
        "messageId": content_id,
        "timestamp": exact(when)[:23] + "Z",  # cut, not rounded, to milliseconds
        "type": "track",
        "event": event,
        **_identity(row),
        "properties": _properties(row, extras),
        "context": _context(row, settings.version),
        "integrations": {"Inflection": False},
    }
    return Expected(message, content_id, when)


def _identity(row: Mapping[str, str]) -> dict[str, str]:
    if "userId" in row:
        return {"userId": row["userId"]}
    return {"anonymousId": row["personId"]}


def _properties(row: Mapping[str, str], extras: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {name: row[name] for name in (*IDS, *TEXTS) if name in row}
    found |= {name: _flag(row[name]) for name in FLAGS if name in row}
    return found | {snake_case(name): _sent(cell) for name, cell in extras.items() if cell != ""}


def _sent(cell: str) -> Any:
    return cell.value if isinstance(cell, Typed) else cell


def _flag(text: str) -> bool:
    if text.lower() in _TRUE:
        return True
    if text.lower() in _FALSE:
        return False
    raise ValueError("not a flag")


def _context(row: Mapping[str, str], version: str) -> dict[str, Any]:
    found: dict[str, Any] = {
        "integration": {"name": "inflection", "version": "1.0.0"},
        "library": {"name": "infl-seg", "version": version},
    }
    names = {"personId": "personId", "ip": "ip", "user_agent": "userAgent"}
    return found | {names[name]: row[name] for name in names if name in row}


def snake_case(name: str) -> str:
    """`Mail Client`, `mail-client` and `mailClient` all become `mail_client`."""
    apart = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name)
    return re.sub(r"\W+", "_", apart).strip("_").lower()


def content(event: str, row: Mapping[str, str], when: Fraction) -> str:
    """The content id of a row: by its own event id where it has one, else by its identity fields."""
    if "event_id" in row:
        return uuid8(b"infl-seg/1 own\n" + netstring(row["event_id"]) + netstring(event))
    person = b"p" + netstring(row["personId"]) if "personId" in row else b"u" + netstring(row["userId"])
    parts = [event, *(row.get(name) for name in (*IDS, "email_link_url"))]
    text = b"infl-seg/1 fields\n" + b"".join(netstring(part) for part in parts)
    return uuid8(text + person + netstring(exact(when)))


def netstring(value: str | None) -> bytes:
    """`4:abcd,` for a value, its length in bytes; `~,` for an absent one."""
    if value is None:
        return b"~,"
    raw = value.encode()
    return b"%d:%s," % (len(raw), raw)


def uuid8(text: bytes) -> str:
    """A UUIDv8 (RFC 9562, 5.8) of the text's digest: version 8, scheme 1 and the variant in its middle."""
    digest = digest_of(text)
    return str(uuid.UUID(digest[:12] + "800180" + digest[12:]))


def digest_of(text: bytes) -> str:
    """BLAKE2b of 13 bytes (RFC 7693), as 26 hex digits."""
    return hashlib.blake2b(text, digest_size=13).hexdigest()


def default_namespace(endpoint: str, write_key: str) -> str:
    """The namespace of a destination that was given no name."""
    return digest_of(b"infl-seg/1 namespace\n" + netstring(endpoint) + netstring(write_key))[:16]


def instant(text: str, zone: str | None = None) -> Fraction:
    """Seconds since 1970, exact, of an ISO 8601 time or of epoch seconds or milliseconds.

    Raises:
        ValueError: The text is no such time, or it names no zone and none is given.
    """
    if re.fullmatch(r"\d{9,10}(\.\d+)?", text):
        return Fraction(text)
    if re.fullmatch(r"\d{12,13}(\.\d+)?", text):
        return Fraction(text) / 1000
    match = _TIME.fullmatch(text)
    if match is None:
        raise ValueError("not a time")
    local = datetime.fromisoformat(f"{match['day']}T{match['minute']}:{match['second'] or '00'}")
    fraction = Fraction(f"0.{match['fraction']}") if match["fraction"] else Fraction(0)
    offset = _offset(match["zone"]) if match["zone"] else _zone_offset(local, zone)
    return _seconds(local - _EPOCH) + fraction - _seconds(offset)


def _offset(text: str) -> timedelta:
    if text in ("Z", "z", "UTC", "GMT"):
        return timedelta(0)
    digits = text[1:].replace(":", "").ljust(4, "0")
    size = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return -size if text[0] == "-" else size


def _zone_offset(local: datetime, zone: str | None) -> timedelta:
    if zone is None:
        raise ValueError("the time names no zone")
    offset = local.replace(tzinfo=ZoneInfo(zone), fold=0).utcoffset()
    if offset is None:
        raise ValueError("the zone has no offset")
    return offset


def _seconds(span: timedelta) -> Fraction:
    return Fraction(span.days * 86_400 + span.seconds) + Fraction(span.microseconds, 1_000_000)


def exact(when: Fraction) -> str:
    """`2024-03-01T09:30:00.123Z`: UTC, at least three digits of the second, and no zeros after those."""
    whole = when.numerator // when.denominator
    rest, digits = when - whole, ""
    while rest:
        rest *= 10
        digit = rest.numerator // rest.denominator
        digits, rest = digits + str(digit), rest - digit
    day = _EPOCH + timedelta(seconds=whole)
    return f"{day:%Y-%m-%dT%H:%M:%S}.{digits.ljust(3, '0')}Z"
