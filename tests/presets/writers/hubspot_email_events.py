"""Made-up email events of HubSpot, in a page of its API and one a line, and their messages."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

from golden_support import Message, write_golden, write_json, write_ndjson
from reference_profiles import dig, track

Event = dict[str, Any]
NAMES = {
    "DELIVERED": "Email Delivered",
    "OPEN": "Email Opened",
    "CLICK": "Link Clicked",
    "BOUNCE": "Email Bounced",
    "SPAMREPORT": "Email Reported as Spam",
    "STATUSCHANGE": "Email Unsubscribed",
}


def event(number: int, kind: str, person: str, **more: Any) -> Event:
    """One event; all but the first of a message name the one that sent it."""
    created = 1709632800000 + 61_007 * number
    return {
        "appId": 113,
        "appName": "Batch",
        "created": created,
        "emailCampaignId": 9000000001,
        "id": f"00000000-made-3up0-0000-{number:012}",
        "portalId": 62515,
        "recipient": f"{person}@shop.example",
        "sentBy": {"id": f"00000000-made-3up0-aaaa-{number % 4:012}", "created": 1709632700000},
        "smtpId": None,
        "type": kind,
        **more,
    }


LATER = {"obsoletedBy": {"id": "00000000-made-3up0-0000-000000000099", "created": 1709639000000}}
PHONE = {
    "userAgent": "Mozilla/5.0 (made up; Phone)",
    "browser": {"name": "Mail", "family": "Mail", "type": "Mobile Browser", "version": ["17"]},
    "location": {"country": "GERMANY", "state": "Unknown", "city": "Unknown"},
    "deviceType": "MOBILE",
    "filteredEvent": False,
}
BOT = {**PHONE, "deviceType": "UNKNOWN", "filteredEvent": True}
SOFT = {"category": "MAILBOX_FULL", "response": "452 4.2.2 full", "status": "4.2.2"}
HARD = {"category": "UNKNOWN_USER", "response": "550 5.1.1 <eve@shop.example>", "status": "5.1.1"}
LINK = {"url": "https://shop.example/a?b=1&c=2", "referer": "https://mail.example/", "linkId": 0}
PAGE = [
    event(1, "SENT", "ada", subject="Frühling", replyTo=["shop@shop.example"], cc=[], bcc=[]),
    event(2, "PROCESSED", "ada"),
    event(3, "DELIVERED", "ada", response="250 2.0.0 OK", attempt=1),
    event(4, "OPEN", "ada", duration=9012, **PHONE),
    event(5, "CLICK", "ada", **LINK, **PHONE),
    event(6, "OPEN", "bob", **BOT),
    event(7, "CLICK", "bob", **LINK, **BOT),
    event(8, "OPEN", "bob", **{**PHONE, "deviceType": "UNKNOWN", "location": None}),
    event(9, "DEFERRED", "eve", response="451 later", attempt=1),
    event(10, "BOUNCE", "eve", **HARD),
    event(11, "BOUNCE", "eve", **SOFT, **LATER),
    event(12, "DROPPED", "eve", dropReason="PREVIOUSLY_BOUNCED", dropMessage="", subject="Frühling"),
    event(13, "SPAMREPORT", "kim"),
    event(14, "PRINT", "kim"),
    event(15, "FORWARD", "kim"),
]
SUBSCRIBED = [{"id": 7, "status": "UNSUBSCRIBED"}, {"id": 8, "status": "SUBSCRIBED"}]
LINES = [
    event(16, "STATUSCHANGE", "kim", portalSubscriptionStatus="UNSUBSCRIBED", source="SOURCE_RECIPIENT"),
    event(17, "STATUSCHANGE", "bob", subscriptions=SUBSCRIBED, source="SOURCE_RECIPIENT"),
    event(18, "STATUSCHANGE", "eve", portalSubscriptionStatus="UNSUBSCRIBED", bounced=True),
    event(19, "STATUSCHANGE", "kim", portalSubscriptionStatus="SUBSCRIBED", source="SOURCE_HUBSPOT_CUSTOMER"),
    {
        "id": "00000000-made-3up0-0000-000000000020",
        "created": 1709634020000,
        "type": "UNBOUNCE",
        "portalId": 62515,
    },
    event(21, "SUPPRESSED", "eve"),
    event(22, "DELIVERED", "zoë", sentBy=None, appName="Workflow"),
    event(23, "DELIVERED", "zoë", **LATER),
    event(4, "OPEN", "ada", duration=9012, **PHONE),
]


def is_sent(each: Event) -> bool:
    """Whether an event is one of Inflection's, that stands, and was the person's own doing."""
    if each["type"] not in NAMES or "obsoletedBy" in each or each.get("filteredEvent"):
        return False
    if each["type"] == "STATUSCHANGE":
        return each.get("portalSubscriptionStatus") == "UNSUBSCRIBED" and not each.get("bounced")
    return True


def messages(events: list[Event]) -> Iterator[Message]:
    """What the events should become."""
    for each in filter(is_sent, events):
        device = each.get("deviceType")
        yield track(
            NAMES[each["type"]],
            Fraction(each["created"], 1000),
            user=each["recipient"],
            own_id=each["id"],
            user_agent=each.get("userAgent", ""),
            email_id=dig(each, "sentBy", "id"),
            email_link_url=each.get("url"),
            campaign_id=str(each["emailCampaignId"]),
            app_name=each["appName"],
            device_type="" if device == "UNKNOWN" else device,
            country=dig(each, "location", "country"),
            bounce_category=each.get("category"),
            bounce_status=each.get("status"),
            unsubscribe_source=each.get("source"),
        )


def write(folder: Path) -> None:
    """Write the exports and the golden file."""
    write_json(folder / "export-page.json", {"hasMore": True, "offset": "made-up", "events": PAGE})
    write_ndjson(folder / "export.ndjson", LINES)
    write_golden(folder, messages([*PAGE, *LINES]))
