"""A made-up export of SendGrid's Event Webhook, as lines and as the lists it posts, and its messages."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from golden_support import Message, write_golden, write_json, write_ndjson
from reference import instant
from reference_profiles import track

Event = dict[str, Any]
NAMES = {
    "delivered": "Email Delivered",
    "open": "Email Opened",
    "click": "Link Clicked",
    "bounce": "Email Bounced",
    "spamreport": "Email Reported as Spam",
    "unsubscribe": "Email Unsubscribed",
    "group_unsubscribe": "Email Unsubscribed",
}


def event(number: int, kind: str, email: str, **more: Any) -> Event:
    """One event as the webhook posts it."""
    return {
        "email": email,
        "timestamp": 1709632800 + 61 * number,
        "smtp-id": f"<made-up-{number}@mx.shop.example>",
        "event": kind,
        "sg_event_id": f"ZXZlbnQt{number:04}==",
        "sg_message_id": f"msg{number % 4}.filter.made.up",
        **more,
    }


SINGLE_SEND = {
    "category": ["spring", "shop"],
    "singlesend_id": "11111111-aaaa-bbbb-cccc-000000000001",
    "singlesend_name": "Spring, Frühling & 春",
    "template_id": "d-spring",
    "mc_stats": "singlesend",
    "phase_id": "send",
}
AUTOMATION = {
    "category": "welcome",
    "mc_auto_id": "22222222-aaaa-bbbb-cccc-000000000002",
    "mc_auto_name": "Welcome",
    "mc_auto_step_id": "step-1",
    "template_id": "d-welcome",
    "mc_stats": "automation",
}
LEGACY = {"marketing_campaign_id": 12345, "marketing_campaign_name": "Old newsletter", "category": "news"}
PHONE = {"ip": "198.51.100.7", "useragent": "Mozilla/5.0 (made up; Phone)"}
RELAY = {"ip": "203.0.113.9", "tls": 1}

LINES = [
    event(1, "processed", "ada@shop.example", **SINGLE_SEND),
    event(2, "deferred", "ada@shop.example", response="451 later", attempt="1", **SINGLE_SEND, **RELAY),
    event(3, "delivered", "ada@shop.example", response="250 OK", **SINGLE_SEND, **RELAY),
    event(4, "open", "ada@shop.example", sg_machine_open=False, **SINGLE_SEND, **PHONE),
    event(5, "open", "ada@shop.example", sg_machine_open=True, **SINGLE_SEND, **PHONE),
    event(6, "click", "ada@shop.example", url="https://shop.example/a?b=1", **SINGLE_SEND, **PHONE),
    event(7, "click", "bob@shop.example", url="https://shop.example/b", sg_template_id="d-other", **PHONE),
    event(
        8,
        "bounce",
        "eve@shop.example",
        type="bounce",
        reason="550 no such user",
        status="5.1.1",
        **LEGACY,
        **RELAY,
    ),
    event(
        9, "bounce", "Kim@Shop.example", type="blocked", reason="554 not now", status="5.7.1", **AUTOMATION
    ),
    event(10, "dropped", "eve@shop.example", reason="Bounced Address", status="5.0.0", **LEGACY),
]
LISTS = [
    event(11, "delivered", "kim@shop.example", order_id="o-17", customer="c-9", **AUTOMATION),
    event(12, "spamreport", "kim@shop.example", **AUTOMATION),
    event(13, "unsubscribe", "kim@shop.example", **AUTOMATION),
    event(14, "group_unsubscribe", "bob@shop.example", asm_group_id=10, **LEGACY, **PHONE),
    event(15, "group_resubscribe", "bob@shop.example", asm_group_id=10, **LEGACY, **PHONE),
    event(3, "delivered", "ada@shop.example", response="250 OK", **SINGLE_SEND, **RELAY),
]


def messages(events: list[Event]) -> Iterator[Message]:
    """What the events should become."""
    for each in events:
        kind = each["event"]
        if kind not in NAMES:
            continue
        own = each if kind in {"open", "click", "unsubscribe", "group_unsubscribe"} else {}
        bounced = each if kind == "bounce" else {}
        yield track(
            NAMES[kind],
            instant(str(each["timestamp"])),
            user=each["email"],
            own_id=each["sg_event_id"],
            ip=own.get("ip", ""),
            user_agent=own.get("useragent", ""),
            email_id=each.get("sg_template_id") or each.get("template_id"),
            campaign_id=first(each, "singlesend_id", "mc_auto_id", "marketing_campaign_id"),
            campaign_run_id=each.get("mc_auto_step_id"),
            campaign_name=first(each, "singlesend_name", "mc_auto_name", "marketing_campaign_name"),
            email_link_url=each.get("url"),
            message_id=each["sg_message_id"],
            categories=each.get("category"),
            unsubscribe_group=each.get("asm_group_id"),
            machine_open=each.get("sg_machine_open"),
            bounce_type=bounced.get("type"),
            bounce_reason=bounced.get("reason"),
            bounce_status=bounced.get("status"),
        )


def first(each: Event, *names: str) -> str:
    """The first of these members that is there, as text."""
    return next((str(each[name]) for name in names if name in each), "")


def write(folder: Path) -> None:
    """Write the export and the golden file."""
    write_ndjson(folder / "export.ndjson", LINES)
    write_json(folder / "export.json", LISTS)
    write_golden(folder, messages([*LISTS, *LINES]))
