"""Made-up reporting webhooks of Customer.io, as lines and as a list, and their messages."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from golden_support import Message, write_golden, write_json, write_ndjson
from reference import Settings, expect_links, instant
from reference_profiles import VERSION, track

Event = dict[str, Any]
NAMES = {
    "delivered": "Email Delivered",
    "opened": "Email Opened",
    "clicked": "Link Clicked",
    "bounced": "Email Bounced",
    "spammed": "Email Reported as Spam",
    "unsubscribed": "Email Unsubscribed",
}
IDS = ("delivery_id", "broadcast_id", "newsletter_id", "transactional_message_id", "link_id")

ADA = {
    "identifiers": {"id": "0031", "email": "ada@shop.example", "cio_id": "d9c106000001"},
    "customer_id": "0031",
}
BOB = {"identifiers": {"id": None, "email": "bob@shop.example", "cio_id": "d9c106000002"}, "customer_id": ""}
KIM = {"customer_id": "c-42"}
"""In a body of the older form."""

CAMPAIGN = {"campaign_id": 23, "action_id": 96, "journey_id": "01JMADEUP0000000000000000A"}
BROADCAST = {"broadcast_id": 5, "action_id": 97, "trigger_id": 1}
NEWSLETTER = {"newsletter_id": 23, "content_id": 210, "subject": "Grüße, „Ada“ 🌷"}
RECEIPT = {"transactional_message_id": 3, "subject": "Receipt"}


def event(number: int, metric: str, person: Event, *more: Event, kind: str = "email", **data: Any) -> Event:
    """One body of a webhook."""
    delivery = {"recipient": "someone@shop.example", "delivery_id": f"RPILAgUBcRhIBqSfeiIw{number % 4:04}"}
    found = {**person, **delivery}
    for each in (*more, data):
        found |= each
    return {
        "event_id": f"01JMADEUPEVENT{number:012}",
        "object_type": kind,
        "metric": metric,
        "timestamp": 1709632800 + 61 * number,
        "data": found,
    }


LINES = [
    event(1, "drafted", ADA, CAMPAIGN),
    event(2, "attempted", ADA, CAMPAIGN, failure_message="421 later"),
    event(3, "sent", ADA, CAMPAIGN, subject="Hi", content="<p>Hi Ada</p>", headers={"X-Made-Up": "1"}),
    event(4, "delivered", ADA, CAMPAIGN, subject="Hi"),
    event(5, "opened", ADA, CAMPAIGN, proxied=False, prefetched=False),
    event(6, "opened", ADA, CAMPAIGN, proxied=True, prefetched=True),
    event(7, "clicked", ADA, CAMPAIGN, href="https://shop.example/a?b=1&c=ü", link_id=1),
    event(8, "converted", ADA, CAMPAIGN, conversion_event_id="01JMADEUPCONVERSION"),
    event(9, "bounced", BOB, BROADCAST, failure_message='550 5.1.1 "no" such user'),
    event(10, "dropped", BOB, BROADCAST, failure_message="suppressed"),
    event(11, "delivered", KIM, NEWSLETTER),
    event(12, "spammed", KIM, NEWSLETTER),
    event(13, "unsubscribed", KIM, NEWSLETTER),
    event(14, "delivered", KIM, RECEIPT),
    event(15, "failed", KIM, RECEIPT, failure_message="no address"),
    event(16, "undeliverable", KIM, RECEIPT, failure_message="limit"),
    event(17, "deferred", BOB, CAMPAIGN, failure_message="452 full"),
]
LISTED = [
    event(20, "opened", ADA, CAMPAIGN, kind="push"),
    event(21, "clicked", ADA, CAMPAIGN, kind="in_app", action_name="buy"),
    event(22, "delivered", ADA, CAMPAIGN, kind="sms"),
    event(23, "unsubscribed", ADA, kind="customer"),
    event(24, "subscribed", ADA, kind="customer"),
    # Tried again by Customer.io, as the first attempt had no answer.
    LINES[4],
    event(25, "clicked", BOB, NEWSLETTER, href="https://shop.example/b", link_id=2),
]


def message(each: Event) -> Message:
    """What a body should become."""
    data, metric = each["data"], each["metric"]
    user, person = ids(data)
    return track(
        NAMES[metric],
        instant(str(each["timestamp"])),
        user=user,
        person=person,
        own_id=each["event_id"],
        email_id=text(data, "action_id", "content_id", "transactional_message_id"),
        campaign_id=text(data, "campaign_id", "broadcast_id", "newsletter_id"),
        email_subject=data.get("subject"),
        email_link_url=data.get("href"),
        bounce_reason=data.get("failure_message") if metric == "bounced" else "",
        proxied=data.get("proxied"),
        prefetched=data.get("prefetched"),
        **{name: text(data, name) for name in IDS},
    )


def ids(data: Event) -> tuple[str, str]:
    """The customer's own id of the person, and Customer.io's."""
    known = data.get("identifiers", {})
    return known.get("id") or data["customer_id"], known.get("cio_id", "")


def text(data: Event, *names: str) -> str:
    """The first of these members that is there, as text."""
    return next((str(data[name]) for name in names if name in data), "")


def messages(events: Iterable[Event]) -> Iterator[Message]:
    """What the bodies should become, and then what links a person's two ids."""
    told = [each for each in events if each["object_type"] == "email" and each["metric"] in NAMES]
    yield from map(message, told)
    people = [(each, *ids(each["data"])) for each in told]
    rows = [
        {"event": each["metric"], "personId": person, "userId": user, "timestamp": str(each["timestamp"])}
        for each, user, person in people
    ]
    yield from (link.message for link in expect_links(rows, Settings(version=VERSION)))


def write(folder: Path) -> None:
    """Write the export and the golden file."""
    write_ndjson(folder / "export.ndjson", LINES)
    write_json(folder / "export.json", LISTED)
    write_golden(folder, messages([*LISTED, *LINES]))
