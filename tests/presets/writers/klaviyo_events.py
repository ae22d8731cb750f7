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


METRIC_IDS = {name: f"M{number}tr1c" for number, name in enumerate(METRICS)}


def event(number: int, person: int, metric: str, **properties: Any) -> Event:
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
            "metric": {"data": {"type": "metric", "id": METRIC_IDS[metric]}},
            "attributions": {"data": []},
        },
        "links": {"self": f"https://a.klaviyo.example/api/events/4evt{number:07}"},
    }


def of(metric: str, number: int, person: int, **properties: Any) -> tuple[str, Event]:
    """One event with the name of its metric."""
    return metric, event(number, person, metric, **properties)


HOOKED = [
    of("Received Email", 1, 1, **CAMPAIGN),
    of("Opened Email", 2, 1, **CAMPAIGN, machine_open=False),
    of("Opened Email", 3, 2, **CAMPAIGN, machine_open=True),
    of("Clicked Email", 4, 1, **CAMPAIGN, URL="https://shop.example/?a=1#ü"),
    of("Bounced Email", 5, 3, **FLOW, **{"Bounce Type": "Hard"}),
    of("Bounced Email", 6, 4, **FLOW, **{"Bounce Type": "Soft"}),
    of("Marked Email as Spam", 7, 2, **FLOW),
    of("Unsubscribed from Email Marketing", 8, 2, method="preference page"),
    of("Dropped Email", 9, 3, **FLOW),
    of("Sent SMS", 10, 1, **{"Message Body": "hi"}),
]
PAGES = [
    [of("Opened Email", 2, 1, **CAMPAIGN, machine_open=False), of("Opened Email", 11, 5, **FLOW)],
    [of("Clicked Email", 12, 5, **FLOW, URL="https://shop.example/flow")],
    [of("Dropped Email", 13, 5, **FLOW)],
    [],
    [
        of("Sent SMS", 14, 5),
        of("Opened Email", 15, 6, **FLOW),
        of("Marked Email as Spam", 16, 6, **FLOW),
        of("Opened Email", 17, 5, **FLOW),
    ],
]
"""The last one is of all metrics, and asked for their people too."""


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


def page(events: list[tuple[str, Event]]) -> dict[str, Any]:
    """One answer of the API, for one metric or for all."""
    metrics = dict.fromkeys(metric for metric, _ in events)
    people = dict.fromkeys(each["relationships"]["profile"]["data"]["id"] for _, each in events)
    included: list[dict[str, Any]] = [
        {
            "type": "metric",
            "id": METRIC_IDS[metric],
            "attributes": {"name": metric, "integration": {"name": "Klaviyo"}},
        }
        for metric in metrics
    ]
    if len(metrics) > 1:
        included[1:1] = [{"type": "profile", "id": person, "attributes": {}} for person in people]
    return {"data": [each for _, each in events], "included": included, "links": {"next": None}}


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
    write_json(folder / "export-pages.json", list(map(page, PAGES)))
    write_ndjson(folder / "export-webhooks.ndjson", [post(*HOOKED[:4]), post(*HOOKED[4:])])
    write_golden(folder, messages([each for events in PAGES for each in events] + HOOKED))
