"""Made-up pages of Mailchimp's email activity report, and their messages."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from golden_support import Message, write_golden, write_json, write_ndjson
from reference import instant
from reference_profiles import track

NAMES = {"open": "Email Opened", "click": "Link Clicked", "bounce": "Email Bounced"}
LINKS = [{"rel": "self", "href": "https://us1.mail.example/3.0/reports", "method": "GET"}]


def action(kind: str, second: int, **more: Any) -> dict[str, Any]:
    """One thing that a recipient did."""
    return {"action": kind, "timestamp": f"2024-03-05T10:{second // 60:02}:{second % 60:02}+00:00", **more}


def recipient(campaign: str, address: str, *actions: dict[str, Any]) -> dict[str, Any]:
    """One recipient of a campaign."""
    return {
        "campaign_id": campaign,
        "list_id": "l1st000001",
        "list_is_active": True,
        "email_id": hashlib.md5(address.lower().encode()).hexdigest(),
        "email_address": address,
        "activity": [*actions],
        "_links": LINKS,
    }


def page(campaign: str, *recipients: dict[str, Any]) -> dict[str, Any]:
    """One answer of the report."""
    return {"emails": [*recipients], "campaign_id": campaign, "total_items": 4, "_links": LINKS}


IP = "198.51.100.23"
SPRING = page(
    "5pr1ng0001",
    recipient(
        "5pr1ng0001",
        "ada@shop.example",
        action("open", 1, ip=IP),
        action("open", 65, ip=IP),
        action("click", 66, url="https://shop.example/?a=1&b=ü", ip=IP),
        action("click", 66, url="https://shop.example/other", ip=IP),
    ),
    recipient("5pr1ng0001", "Bob@Shop.example"),
    recipient("5pr1ng0001", "eve@shop.example", action("bounce", 3, type="hard")),
    recipient("5pr1ng0001", "kim@shop.example", action("bounce", 4, type="soft"), action("open", 300)),
)
AUTUMN = [
    page("autumn0001", recipient("autumn0001", "ada@shop.example", action("open", 700, ip="2001:db8::7"))),
    page("autumn0001"),
    page(
        "autumn0001",
        recipient(
            "autumn0001", "Bob@Shop.example", action("click", 900, url="https://shop.example/c", ip=IP)
        ),
        # A later page shifts while people are added, and has a recipient again.
        recipient("autumn0001", "ada@shop.example", action("open", 700, ip="2001:db8::7")),
    ),
]


def messages(pages: list[dict[str, Any]]) -> Iterator[Message]:
    """What the pages should become."""
    for each in pages:
        for person in each["emails"]:
            for done in person["activity"]:
                yield track(
                    NAMES[done["action"]],
                    instant(done["timestamp"]),
                    person=person["email_id"],
                    ip=done.get("ip", ""),
                    email_id=person["campaign_id"],
                    campaign_id=person["campaign_id"],
                    email_link_url=done.get("url"),
                    bounce_type=done.get("type"),
                    list_id=person["list_id"],
                )


def write(folder: Path) -> None:
    """Write the export and the golden file."""
    write_json(folder / "export.json", SPRING)
    write_ndjson(folder / "export.ndjson", AUTUMN)
    write_golden(folder, messages([SPRING, *AUTUMN]))
