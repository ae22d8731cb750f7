"""Made-up events of Braze Currents, as Avro files and as bodies of the HTTP connector, and their messages."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import fastavro
from golden_support import Message, write_golden, write_json, write_ndjson
from reference import Settings, expect_links, instant
from reference_profiles import VERSION, track

Event = dict[str, Any]
NAMES = {
    "Delivery": "Email Delivered",
    "Open": "Email Opened",
    "Click": "Link Clicked",
    "Bounce": "Email Bounced",
    "SoftBounce": "Email Bounced",
    "MarkAsSpam": "Email Reported as Spam",
    "Unsubscribe": "Email Unsubscribed",
}
ADA = {"user_id": "5f0c0de0ada0000000000001", "external_user_id": "c-17", "email_address": "ada@shop.example"}
BOB = {"user_id": "5f0c0de0b0b0000000000002", "email_address": "bob@shop.example"}
KIM = {
    "user_id": "5f0c0de0c1a0000000000003",
    "external_user_id": "00042",
    "email_address": "Kim@Shop.example",
}

CAMPAIGN = {
    "campaign_id": "0a1b2c3d-1111-2222-3333-000000000001",
    "campaign_name": "Frühling, „jetzt“ 🌷",
    "message_variation_id": "0a1b2c3d-1111-2222-3333-00000000000a",
    "message_variation_name": "Variant 1",
    "send_id": "send-7",
    "dispatch_id": "65e6f1a0dispatch00000001",
}
CANVAS = {
    "canvas_id": "0a1b2c3d-4444-5555-6666-000000000002",
    "canvas_name": "Welcome",
    "canvas_variation_id": "0a1b2c3d-4444-5555-6666-00000000000b",
    "canvas_step_id": "0a1b2c3d-4444-5555-6666-00000000000c",
    "canvas_step_name": "Day 1",
    "dispatch_id": "65e6f1a0dispatch00000002",
}
PHONE = {
    "user_agent": "Mozilla/5.0 (made up; Phone)",
    "device_class": "mobile",
    "mailbox_provider": "shopmail",
}
MAIL = {"ip_pool": "marketing", "esp": "SparkPost", "from_domain": "news.shop.example"}
USER = ("device_id", "external_user_id", "timezone", "user_id")
SENT = (
    "message_variation_name",
    "canvas_step_name",
    "send_id",
    "link_alias",
    "bounce_reason",
    "suspected_bot_click_reason",
    "is_suspected_bot_click",
    "is_drop",
    "device_class",
    "mailbox_provider",
)

# Types of the members of Avro records; those of the first line are in every record, and never null.
ALWAYS = {"id": "string", "user_id": "string", "time": "int", "email_address": "string"}
FLAGS = ("is_amp", "is_drop", "is_suspected_bot_click")
OF_ALL = (
    "external_user_id",
    "timezone",
    "app_group_id",
    "dispatch_id",
    "send_id",
    "ip_pool",
    "campaign_id",
    "campaign_name",
    "message_variation_id",
    "message_variation_name",
    "canvas_id",
    "canvas_name",
    "canvas_variation_id",
    "canvas_step_id",
    "canvas_step_name",
)
DEVICE = ("device_class", "device_os", "device_model", "browser", "mailbox_provider", "is_amp")
OF_KIND = {
    "Abort": ("abort_type", "abort_log"),
    "Bounce": ("bounce_reason", "sending_ip", "esp", "from_domain", "is_drop"),
    "Click": (
        "url",
        "user_agent",
        "link_id",
        "link_alias",
        *DEVICE,
        "is_suspected_bot_click",
        "suspected_bot_click_reason",
    ),
    "Deferral": ("deferral_reason", "sending_ip"),
    "Delivery": ("sending_ip", "esp", "from_domain"),
    "MarkAsSpam": ("user_agent", "esp", "from_domain"),
    "Open": ("user_agent", "machine_open", *DEVICE),
    "Retry": ("retry_type", "retry_log"),
    "Send": ("message_extras", "from_domain"),
    "SoftBounce": ("bounce_reason", "sending_ip", "esp", "from_domain"),
    "Unsubscribe": (),
}


def event(number: int, kind: str, person: Event, *more: Event, **members: Any) -> Event:
    """One event, as an Avro record holds it; `kind` is not a member of it."""
    known = {"kind": kind, "id": f"e0000000-made-4up0-8000-{number:012}", "time": 1709632800 + 61 * number}
    of_all = {"timezone": "America/New_York", "app_group_id": "0a1b2c3d-7777-8888-9999-000000000000"}
    found = {**known, **person, **of_all}
    for each in (*more, members):
        found |= each
    return found


STORED = [
    event(1, "Abort", ADA, CAMPAIGN, abort_type="liquid_abort_message", abort_log="no name"),
    event(2, "Send", ADA, CAMPAIGN, MAIL, message_extras='{"offer":"a"}'),
    event(3, "Deferral", ADA, CAMPAIGN, deferral_reason="421 4.4.0 try later", sending_ip="203.0.113.9"),
    event(4, "Retry", ADA, CAMPAIGN, retry_type="rate_limit", retry_log="later"),
    event(5, "Delivery", ADA, CAMPAIGN, MAIL, sending_ip="203.0.113.9"),
    event(6, "Open", ADA, CAMPAIGN, PHONE, MAIL),
    event(7, "Open", ADA, CAMPAIGN, PHONE, machine_open="true", is_amp=False),
    event(
        8, "Click", ADA, CAMPAIGN, PHONE, url="https://shop.example/a?b=1,2", link_alias="hero", link_id="l-1"
    ),
    event(
        9,
        "Click",
        KIM,
        CANVAS,
        PHONE,
        url="https://shop.example/b",
        is_suspected_bot_click=True,
        suspected_bot_click_reason=["user_agent", "ip_address"],
    ),
    event(10, "Bounce", BOB, CAMPAIGN, MAIL, bounce_reason="550 5.1.1 „no such user“", is_drop=False),
    event(11, "SoftBounce", KIM, CANVAS, MAIL, bounce_reason="452 mailbox full"),
    event(12, "MarkAsSpam", KIM, CANVAS, user_agent="Mozilla/5.0 (made up)"),
    event(13, "Unsubscribe", KIM, CANVAS),
]
POSTED = [
    event(14, "Delivery", BOB, CANVAS, MAIL),
    event(15, "Open", BOB, CANVAS, PHONE, machine_open="true"),
    event(16, "Click", BOB, CANVAS, PHONE, url="https://shop.example/c", is_suspected_bot_click=False),
    event(17, "Send", BOB, CANVAS),
    # Delivered at least once: the same event as in an Avro file.
    STORED[5],
]
BODIES = [
    event(18, "SoftBounce", ADA, CAMPAIGN, bounce_reason="450 later"),
    event(19, "Bounce", KIM, CAMPAIGN, bounce_reason="550 blocked", is_drop=True),
    event(20, "Unsubscribe", ADA, CAMPAIGN),
    event(21, "MarkAsSpam", ADA, CAMPAIGN),
]
# Braze came to know who Bob is.
LINES = [event(22, "Open", {**BOB, "external_user_id": "c-18"}, CANVAS), event(23, "Abort", KIM, CANVAS)]
PUSHED = {
    "event_type": "users.messages.pushnotification.Open",
    "id": "e0000000-made-4up0-8000-000000000099",
    "time": 1709639999,
    "user": {"user_id": ADA["user_id"]},
    "properties": {"app_group_id": "0a1b2c3d-7777-8888-9999-000000000000", "campaign_id": "push"},
}


def posted(each: Event) -> Event:
    """An event as the HTTP connector posts it: who and what are objects of their own."""
    inner = {name: value for name, value in each.items() if name not in {"kind", "id", "time", *USER}}
    return {
        "event_type": f"users.messages.email.{each['kind']}",
        "id": each["id"],
        "properties": inner,
        "time": each["time"],
        "user": {name: each[name] for name in USER if name in each},
    }


def message(each: Event) -> Message:
    """What an event should become."""
    kind = each["kind"]
    return track(
        NAMES[kind],
        instant(str(each["time"])),
        user=each.get("external_user_id", ""),
        person=each["user_id"],
        own_id=each["id"],
        user_agent=each.get("user_agent", ""),
        email_id=each.get("message_variation_id") or each.get("canvas_step_id"),
        campaign_id=each.get("campaign_id") or each.get("canvas_id"),
        campaign_run_id=each.get("dispatch_id"),
        campaign_name=each.get("campaign_name") or each.get("canvas_name"),
        email_link_url=each.get("url"),
        machine_open=True if each.get("machine_open") == "true" else "",
        bounce_type={"Bounce": "hard", "SoftBounce": "soft"}.get(kind),
        **{name: each[name] for name in SENT if name in each},
    )


def messages(events: Iterable[Event]) -> Iterator[Message]:
    """What the events should become, and then what links a person's two ids."""
    told = [each for each in events if each["kind"] in NAMES]
    yield from map(message, told)
    rows = [
        {
            "event": each["kind"],
            "personId": each["user_id"],
            "userId": each.get("external_user_id", ""),
            "timestamp": str(each["time"]),
        }
        for each in told
    ]
    yield from (link.message for link in expect_links(rows, Settings(version=VERSION)))


def write_avro(path: Path, kind: str, events: list[Event]) -> None:
    """Write an Avro file of one type of event, with the same bytes each time."""
    optional = {name: "boolean" if name in FLAGS else "string" for name in (*OF_ALL, *OF_KIND[kind])}
    fields: list[Event] = [{"name": name, "type": type_} for name, type_ in ALWAYS.items()]
    for name, type_ in optional.items():
        listed: Any = {"type": "array", "items": "string"} if name == "suspected_bot_click_reason" else type_
        fields.append({"name": name, "type": ["null", listed], "default": None})
    schema = {"type": "record", "name": f"users.messages.email.{kind}", "fields": fields}
    names = {each["name"] for each in fields}
    rows = [{name: value for name, value in each.items() if name in names} for each in events]
    with path.open("wb") as file:
        fastavro.writer(file, fastavro.parse_schema(schema), rows, sync_marker=b"made-up-sync-16b")


def write(folder: Path) -> None:
    """Write the export and the golden file."""
    write_ndjson(folder / "export.bodies.ndjson", [{"events": [posted(each)]} for each in BODIES])
    write_json(folder / "export.body.json", {"events": [*map(posted, POSTED), PUSHED]})
    write_ndjson(folder / "export.lines.ndjson", map(posted, LINES))
    stored: list[Event] = []
    for kind in sorted(OF_KIND):
        events = [each for each in STORED if each["kind"] == kind]
        write_avro(folder / f"export.users.messages.email.{kind}.avro", kind, events)
        kept = {*ALWAYS, *OF_ALL, *OF_KIND[kind], "kind"}
        stored += [{name: value for name, value in each.items() if name in kept} for each in events]
    write_golden(folder, messages([*BODIES, *POSTED, *LINES, *stored]))
