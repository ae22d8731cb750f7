"""Made-up exports of Iterable's events, as NDJSON and as CSV, and their messages."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from golden_support import Message, write_golden, write_ndjson
from reference import instant
from reference_profiles import track

Event = dict[str, Any]
NAMES = {
    "emailOpen": "Email Opened",
    "emailClick": "Link Clicked",
    "emailBounce": "Email Bounced",
    "emailComplaint": "Email Reported as Spam",
    "emailUnSubscribe": "Email Unsubscribed",
}
CSV_COLUMNS = (
    "createdAt",
    "email",
    "userId",
    "campaignId",
    "templateId",
    "messageId",
    "url",
    "hrefIndex",
    "linkId",
    "ip",
    "userAgent",
    "userAgentDevice",
    "city",
    "region",
    "country",
    "contentId",
    "messageTypeId",
    "channelId",
)

ADA = {"email": "ada@shop.example", "userId": "0031"}
BOB = {"email": "bob@shop.example"}
KIM = {"email": "00042@placeholder.email", "userId": "00042"}
"""In a project whose people have ids, somebody without an address has one that Iterable makes up."""

SPRING = {
    "campaignId": 49313,
    "templateId": 93849,
    "contentId": 331201,
    "messageTypeId": 5541,
    "channelId": 3421,
}
PHONE = {"ip": "198.51.100.7", "userAgent": 'Mozilla/5.0 (made up; "Phone")', "userAgentDevice": "Phone"}
PHONE |= {"city": "Köln", "region": "NW", "country": "Germany"}


def event(number: int, person: Event, *more: Event, **members: Any) -> Event:
    """One event; its data type is that of the export, and is not in it."""
    found = {
        "createdAt": f"2024-03-05 10:{number:02}:00 +00:00",
        "messageId": f"made0up0message{number % 3:017}",
        "itblInternal": {
            "documentCreatedAt": "2024-03-05 10:59:00 +00:00",
            "documentUpdatedAt": "2024-03-05 10:59:00 +00:00",
        },
        **person,
    }
    for each in (*more, members):
        found |= each
    return found


LINES = {
    "emailSend": [
        event(1, ADA, SPRING, espName="SparkPost"),
        event(2, BOB, SPRING, transactionalData={"price": 12}),
    ],
    "emailSendSkip": [event(3, KIM, SPRING, reason="FrequencyCapping")],
    "emailOpen": [
        event(4, ADA, SPRING, PHONE),
        event(5, ADA, SPRING, PHONE, proxySource="Apple"),
        event(6, KIM, SPRING, createdAt="2024-03-05 12:06:00 +02:00"),
        # A null stands for nothing.
        event(
            7,
            BOB,
            SPRING,
            userId=None,
            ip=None,
            userAgent="",
            campaignName="Frühling",
            emailSubject="Grüße, „Bob“ 🌷",
        ),
    ],
    "emailBounce": [
        event(8, BOB, SPRING, recipientState="HardBounce", status='550 5.1.1 "no" such user'),
        event(9, KIM, SPRING, recipientState="SoftBounce", status="452 full"),
    ],
    "emailComplaint": [event(10, BOB, SPRING, recipientState="Complaint")],
    "emailSubscribe": [
        {"createdAt": "2024-03-05 10:11:00 +00:00", **ADA, "signupSource": "Import", "emailListIds": [7]}
    ],
    "emailUnSubscribe": [
        event(12, ADA, SPRING, unsubSource="EmailLink", channelIds=[3421], emailListIds=[]),
        {"createdAt": "2024-03-05 10:13:00 +00:00", **BOB, "unsubSource": "Manual", "emailListIds": [7, 8]},
    ],
    "hostedUnsubscribeClick": [event(14, ADA, SPRING, PHONE)],
}
CLICKS = [
    event(15, ADA, SPRING, PHONE, url="https://shop.example/a?b=1,2&c=ü", hrefIndex=0, linkId="hero"),
    event(15, ADA, SPRING, PHONE, url="https://shop.example/c", hrefIndex=1),
    event(16, BOB, SPRING, url="https://shop.example/c", hrefIndex=1),
    event(16, BOB, SPRING, url="https://shop.example/c", hrefIndex=1),
]
# Records that tell their event themselves, in a file of any name.
NAMED = [
    event(17, KIM, SPRING, PHONE, eventName="emailOpen"),
    event(18, KIM, SPRING, eventName="emailUnSubscribe", unsubSource="ListUnsubscribe"),
    event(19, KIM, SPRING, eventName="emailSend"),
]


def message(kind: str, each: Event) -> Message:
    """What an event should become."""
    bounced = each if kind == "emailBounce" else {}
    state = bounced.get("recipientState")
    return track(
        NAMES[kind],
        instant(each["createdAt"]),
        user=each.get("userId") or each["email"],
        ip=each.get("ip") or "",
        user_agent=each.get("userAgent") or "",
        email_id=text(each, "templateId"),
        campaign_id=text(each, "campaignId"),
        campaign_name=each.get("campaignName"),
        email_subject=each.get("emailSubject"),
        email_link_url=each.get("url"),
        message_id=each.get("messageId"),
        message_type_id=text(each, "messageTypeId"),
        channel_id=text(each, "channelId"),
        proxy_source=each.get("proxySource"),
        device=each.get("userAgentDevice"),
        country=each.get("country"),
        unsubscribe_source=each.get("unsubSource"),
        bounce_type={"HardBounce": "hard", "SoftBounce": "soft"}.get(state) if state else "",
        bounce_reason=bounced.get("status"),
    )


def text(each: Event, name: str) -> str:
    """A member as text, or nothing."""
    return str(each[name]) if name in each else ""


def messages(kind: str, events: list[Event]) -> Iterator[Message]:
    """What events of one type should become."""
    yield from (message(kind, each) for each in events if kind in NAMES)


def write(folder: Path) -> None:
    """Write the export and the golden file."""
    table = io.StringIO()
    writer = csv.DictWriter(table, CSV_COLUMNS, restval="", extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(CLICKS)
    (folder / "export.emailClick.csv").write_bytes(table.getvalue().encode())
    for kind, events in LINES.items():
        write_ndjson(folder / f"export.{kind}.json", events)
    write_ndjson(folder / "export.named.json", NAMED)
    files = {
        **{f"{kind}.json": (kind, events) for kind, events in LINES.items()},
        "emailClick.csv": ("emailClick", CLICKS),
    }
    golden = [each for name in sorted(files) for each in messages(*files[name])]
    golden += [each for one in NAMED for each in messages(one["eventName"], [one])]
    write_golden(folder, golden)
