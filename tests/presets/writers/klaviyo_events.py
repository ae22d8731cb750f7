"""Made-up events of Klaviyo, as its webhooks post them and as its API answers, and their messages."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from golden_support import Message, write_golden, write_json, write_ndjson
from reference import instant
from reference_profiles import track

Event = dict[str, Any]
METRICS = {
    "Received Email": ("received_email", "Email Delivered"),
    "Opened Email": ("opened_email", "Email Opened"),
    "Clicked Email": ("clicked_email", "Link Clicked"),
    "Bounced Email": ("bounced_email", "Email Bounced"),
    "Marked Email as Spam": ("marked_email_as_spam", "Email Reported as Spam"),
    "Unsubscribed from Email Marketing": ("unsubscribed_from_email_marketing", "Email Unsubscribed"),
    "Dropped Email": ("dropped_email", None),
    "Sent SMS": ("sent_sms", None),
}
CAMPAIGN = {"$message": "01SPRINGMESSAGE", "Campaign Name": "Spring — Frühling", "Subject": "It's “spring”"}
FLOW = {"$flow": "W3lc0m", "$message": "R3m1nd", "Campaign Name": "Welcome #2", "Subject": "Hello"}


def event(number: int, person: int, **properties: Any) -> Event:
    """One event, as both ways have it."""
    return {
        "type": "event",
        "id": f"4evt{number:07}",
        "attributes": {
            "timestamp": 1709632800 + 37 * number,
            "event_properties": {"Recipient Email Address": f"p{person}@shop.example", **properties},
            "datetime": f"2024-03-05 10:{37 * number // 60:02}:{37 * number % 60:02}+00:00",
            "uuid": f"00000000-0000-11ee-8001-{number:012}",
        },
        "relationships": {
            "profile": {"data": {"type": "profile", "id": f"01PROFILE{person:04}"}},
            "metric": {"data": {"type": "metric", "id": f"M{number % 7}tr1c"}},
            "attributions": {"data": []},
        },
        "links": {"self": f"https://a.klaviyo.example/api/events/4evt{number:07}"},
    }


HOOKED = [
    ("Received Email", event(1, 1, **CAMPAIGN)),
    ("Opened Email", event(2, 1, **CAMPAIGN, machine_open=False)),
    ("Opened Email", event(3, 2, **CAMPAIGN, machine_open=True)),
    ("Clicked Email", event(4, 1, **CAMPAIGN, URL="https://shop.example/?a=1#ü")),
    ("Bounced Email", event(5, 3, **FLOW, **{"Bounce Type": "Hard"})),
    ("Bounced Email", event(6, 4, **FLOW, **{"Bounce Type": "Soft"})),
    ("Marked Email as Spam", event(7, 2, **FLOW)),
    ("Unsubscribed from Email Marketing", event(8, 2, method="preference page")),
    ("Dropped Email", event(9, 3, **FLOW)),
    ("Sent SMS", event(10, 1, **{"Message Body": "hi"})),
]
PAGES = [
    ("Opened Email", [event(2, 1, **CAMPAIGN, machine_open=False), event(11, 5, **FLOW)]),
    ("Clicked Email", [event(12, 5, **FLOW, URL="https://shop.example/flow")]),
    ("Dropped Email", [event(13, 5, **FLOW)]),
    ("Received Email", []),
]


def post(*batch: tuple[str, Event]) -> dict[str, Any]:
    """What a webhook posts at once."""
    return {
        "data": [
            {
                "external_id": each["id"],
                "topic": f"event:klaviyo.{METRICS[metric][0]}",
                "payload": {"data": each},
            }
            for metric, each in batch
        ],
        "meta": {"timestamp": "2024-03-05T11:00:00+00:00", "klaviyo_webhook_id": "wh1", "version": 1},
    }


def page(metric: str, events: list[Event]) -> dict[str, Any]:
    """One answer of the API for one metric."""
    named = {
        "type": "metric",
        "id": "M1tr1c",
        "attributes": {"name": metric, "integration": {"name": "Klaviyo"}},
    }
    return {"data": events, "included": [named], "links": {"next": None}}


def messages(events: list[tuple[str, Event]]) -> Iterator[Message]:
    """What the events should become."""
    for metric, each in events:
        name = METRICS[metric][1]
        if name is None:
            continue
        told = each["attributes"]["event_properties"]
        yield track(
            name,
            instant(str(each["attributes"]["timestamp"])),
            person=each["relationships"]["profile"]["data"]["id"],
            own_id=each["id"],
            email_id=told.get("$message"),
            campaign_id=told.get("$flow") or told.get("$message"),
            campaign_name=told.get("Campaign Name"),
            email_subject=told.get("Subject"),
            email_link_url=told.get("URL"),
            bounce_type=told.get("Bounce Type"),
            machine_open=told.get("machine_open"),
        )


def write(folder: Path) -> None:
    """Write the export and the golden file."""
    write_json(folder / "export-pages.json", [page(*each) for each in PAGES])
    write_ndjson(folder / "export-webhooks.ndjson", [post(*HOOKED[:4]), post(*HOOKED[4:])])
    paged = [(metric, each) for metric, events in PAGES for each in events]
    write_golden(folder, messages([*paged, *HOOKED]))
