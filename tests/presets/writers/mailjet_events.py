"""Made-up bodies of Mailjet's Event API, single ones and lists of them, and their messages."""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from golden_support import Message, write_golden, write_ndjson
from reference import instant
from reference_profiles import track

Event = dict[str, Any]
NAMES = {
    "sent": "Email Delivered",
    "open": "Email Opened",
    "click": "Link Clicked",
    "bounce": "Email Bounced",
    "spam": "Email Reported as Spam",
    "unsub": "Email Unsubscribed",
}
PHONE = {"ip": "2001:db8::7", "geo": "FR", "agent": "Mozilla/5.0 (made up; Phone)"}


def event(number: int, kind: str, person: str, **more: Any) -> Event:
    """One event; its message's id is a number of 17 digits."""
    return {
        "event": kind,
        "time": 1709632800 + 61 * number,
        "MessageID": 10000000000000000 + number % 4,
        "Message_GUID": f"00000000-made-0up0-0000-{number % 4:012}",
        "email": f"{person}@shop.example",
        "mj_campaign_id": 7257,
        "mj_contact_id": 4,
        "customcampaign": "Frühling, “20 %”",
        "CustomID": "order-17",
        "Payload": '{"a":1}',
        **more,
    }


NOBODY = {"mj_campaign_id": 0, "mj_contact_id": 0, "customcampaign": "", "CustomID": ""}
HARD = {"blocked": False, "hard_bounce": True, "error_related_to": "recipient", "error": "user unknown"}
SOFT = {"blocked": False, "hard_bounce": False, "error_related_to": "recipient", "error": "quota exceeded"}
TEXT_IDS = {"mj_campaign_id": "7257", "mj_contact_id": "4", "geo": None}

LINES: list[list[Event] | Event] = [
    event(1, "sent", "ada", mj_message_id="10000000000000001", smtp_reply="sent (250 2.0.0 OK)"),
    [
        event(2, "open", "ada", **PHONE),
        event(3, "click", "ada", url="https://shop.example/a?b=1&c=2", **PHONE),
    ],
    event(4, "open", "bob", **{**PHONE, **TEXT_IDS}),
    [event(5, "bounce", "eve", comment="550 <eve@shop.example>", **{**HARD, **NOBODY})],
    event(6, "bounce", "eve", comment="452 full", **SOFT),
    event(7, "blocked", "eve", error_related_to="mailjet", error="preblocked", **NOBODY),
    [
        event(8, "spam", "kim", source="JMRPP", **NOBODY),
        event(9, "unsub", "kim", mj_list_id=1, **PHONE),
        event(2, "open", "ada", **PHONE),
    ],
    # Early events have no MessageID.
    {
        key: each
        for key, each in event(10, "click", "zoë", url="https://shop.example/b").items()
        if key != "MessageID"
    },
]


def messages() -> Iterator[Message]:
    """What the events should become."""
    for each in chain.from_iterable(one if isinstance(one, list) else [one] for one in LINES):
        kind = each["event"]
        if kind not in NAMES:
            continue
        bounced = each if kind == "bounce" else {}
        yield track(
            NAMES[kind],
            instant(str(each["time"])),
            user=each["email"],
            ip=each.get("ip", ""),
            user_agent=each.get("agent", ""),
            email_id=str(each.get("MessageID", "")),
            email_link_url=each.get("url"),
            campaign_id=number_of(each["mj_campaign_id"]),
            campaign_name=each["customcampaign"],
            custom_id=each["CustomID"],
            contact_id=number_of(each["mj_contact_id"]),
            country=each.get("geo"),
            bounce_type={True: "hard", False: "soft"}[bounced["hard_bounce"]] if bounced else "",
            bounce_reason=bounced.get("error"),
            complaint_source=each.get("source"),
            list_id=str(each.get("mj_list_id", "")),
        )


def number_of(given: int | str) -> str:
    """A number as text; 0 is none."""
    return "" if given == 0 else str(given)


def write(folder: Path) -> None:
    """Write the export and the golden file."""
    write_ndjson(folder / "export.ndjson", LINES)
    write_golden(folder, messages())
