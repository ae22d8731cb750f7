"""Made-up bodies of Brevo's webhooks, of transactional mail and of campaigns, and their messages."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

from golden_support import Message, write_golden, write_ndjson
from reference_profiles import dig, track

Event = dict[str, Any]
NAMES = {
    "delivered": "Email Delivered",
    "opened": "Email Opened",
    "unique_opened": "Email Opened",
    "proxy_open": "Email Opened",
    "unique_proxy_open": "Email Opened",
    "click": "Link Clicked",
    "soft_bounce": "Email Bounced",
    "hard_bounce": "Email Bounced",
    "spam": "Email Reported as Spam",
    "complaint": "Email Reported as Spam",
    "unsubscribed": "Email Unsubscribed",
    "unsubscribe": "Email Unsubscribed",
}


def transactional(number: int, kind: str, person: str, **more: Any) -> Event:
    """One body of transactional mail; its account is an hour ahead of UTC, and most of its times with it."""
    seconds = 1709632800 + 61 * number
    return {
        "event": kind,
        "email": f"{person}@shop.example",
        "id": 26224,
        "date": "2024-03-05 11:00:00",
        "ts": seconds + 3600,
        "message-id": f"<202403051000.{number % 4}@smtp-relay.shop.example>",
        "ts_event": seconds + 3600,
        "subject": "Grüße, “Ada” & mehr",
        "X-Mailin-custom": '{"order":"17"}',
        "sending_ip": "203.0.113.9",
        "ts_epoch": seconds * 1000 + number,
        "template_id": 22,
        "tag": '["welcome","shop"]',
        "tags": ["welcome", "shop"],
        "contact_id": 8,
        **more,
    }


def campaign(number: int, kind: str, person: str, **more: Any) -> Event:
    """One body of a campaign."""
    seconds = 1712311200 + 61 * number
    return {
        "id": 26225,
        "camp_id": 7,
        "email": f"{person}@shop.example",
        "campaign name": "Spring, Frühling & 春",
        "date_sent": "2024-04-05 12:00:00",
        "date_event": "2024-04-05 12:00:00",
        "event": kind,
        "tag": "",
        "ts_sent": 1712311200,
        "ts_event": seconds,
        "ts": seconds + 7200,
        **more,
    }


LINK = {"link": "https://shop.example/a?b=1&c=2"}
TRANSACTIONAL = [
    transactional(1, "request", "ada"),
    transactional(2, "delivered", "ada"),
    transactional(3, "unique_opened", "ada"),
    transactional(4, "opened", "ada"),
    transactional(5, "click", "ada", **LINK),
    transactional(6, "unique_proxy_open", "bob"),
    transactional(7, "proxy_open", "bob"),
    transactional(8, "deferred", "eve", reason="451 later"),
    transactional(9, "soft_bounce", "eve", reason="mailbox full"),
    transactional(10, "hard_bounce", "eve", reason="550 <eve@shop.example>: unknown", contact_id=0),
    transactional(11, "invalid_email", "eve"),
    transactional(12, "blocked", "eve", reason="blocked : due to blacklist user"),
    transactional(13, "error", "eve"),
    transactional(14, "spam", "kim", tags=[]),
    transactional(15, "unsubscribed", "kim"),
    transactional(16, "sent", "kim"),
    transactional(2, "delivered", "ada"),
    # An example of the documentation has no ts_epoch, another one has seconds in it.
    {
        key: each
        for key, each in transactional(17, "complaint", "zoë", tags=None).items()
        if key != "ts_epoch"
    },
    transactional(
        18, "delivered", "zoë", ts_epoch=1709633898, **{"message-id": "bare@smtp-relay.shop.example"}
    ),
]
MARKETING = [
    campaign(1, "delivered", "ada"),
    campaign(2, "opened", "ada", segment_ids=[1]),
    campaign(3, "click", "ada", URL="https://shop.example/spring"),
    campaign(4, "proxy_open", "bob"),
    campaign(5, "soft_bounce", "eve", reason="mailbox full"),
    campaign(6, "hard_bounce", "eve", reason="unknown"),
    campaign(7, "spam", "kim", reason="undesired"),
    campaign(8, "unsubscribe", "kim", list_id=[3, 42]),
    {
        "id": 26225,
        "email": ["kim@shop.example"],
        "event": "contact_deleted",
        "ts": 1712320000,
        "list_id": [3],
    },
    {
        "id": 26225,
        "email": "kim@shop.example",
        "event": "contact_updated",
        "content": [{"NAME": "Kim"}],
        "ts": 1,
    },
    {"id": 26225, "email": "kim@shop.example", "event": "list_addition", "list_id": [3], "ts": 1712320000},
]


def messages(events: list[Event]) -> Iterator[Message]:
    """What the bodies should become."""
    for each in events:
        kind = each["event"]
        if kind not in NAMES:
            continue
        epoch = each["ts_epoch" if "ts_epoch" in each else "ts_event"]
        contact = each.get("contact_id")
        yield track(
            NAMES[kind],
            Fraction(epoch, 1000) if epoch > 10**12 else Fraction(epoch),
            user=each["email"],
            email_id=dig(each, "message-id").strip("<>"),
            email_subject=dig(each, "subject"),
            email_link_url=each.get("link", each.get("URL")),
            campaign_id=dig(each, "camp_id") or dig(each, "tags", 0)
            if "camp_id" not in each
            else str(each["camp_id"]),
            campaign_name=each.get("campaign name"),
            is_unique_open=True if kind in {"unique_opened", "unique_proxy_open"} else None,
            tags=each.get("tags"),
            template_id=str(each["template_id"]) if "template_id" in each else "",
            contact_id=str(contact) if contact else "",
            machine_open=True if "proxy" in kind else None,
            bounce_type=kind.removesuffix("_bounce") if kind.endswith("_bounce") else "",
        )


def write(folder: Path) -> None:
    """Write the exports and the golden file."""
    write_ndjson(folder / "export-marketing.ndjson", MARKETING)
    write_ndjson(folder / "export-transactional.ndjson", TRANSACTIONAL)
    write_golden(folder, messages([*MARKETING, *TRANSACTIONAL]))
