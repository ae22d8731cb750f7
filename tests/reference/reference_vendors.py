"""Exports of ten more vendors, made up by their public documentation, and what they should become.

`python tests/reference/reference_vendors.py` writes exports and golden files again. It knows of no profile, and
imports nothing of the package. Each vendor's facts are written twice here: as the vendor writes them, and as messages.
"""

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import reference
from reference_profiles import Message, local, track, write

VENDORS = Path(__file__).resolve().parents[1] / "data" / "vendors"

Record = dict[str, Any]
DELIVERED, OPENED, CLICKED = "Email Delivered", "Email Opened", "Link Clicked"
BOUNCED, SPAM, UNSUBSCRIBED = "Email Bounced", "Email Reported as Spam", "Email Unsubscribed"


@dataclass(frozen=True)
class Vendor:
    """A vendor's export.

    Attributes:
        name: The vendor.
        page: The public page that the export follows.
        file: The name of its file.
        export: The file's text.
        messages: What it should become, in the order of its records.
        left_out: How many of its records are no events of ours.
    """

    name: str
    page: str
    file: str
    export: str
    messages: tuple[Message, ...]
    left_out: int


def lines(records: Iterable[Any]) -> str:
    """NDJSON as a webhook's receiver writes it down."""
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


def table(rows: Iterable[Mapping[str, object]], delimiter: str = ",", *, quoted: bool = False) -> str:
    """CSV with a header; every cell in quotes, or those that need them."""
    rows = list(rows)
    out = io.StringIO()
    how: Literal[0, 1] = csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL
    writer = csv.DictWriter(out, list(rows[0]), delimiter=delimiter, quoting=how, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def at(text: str) -> Fraction:
    """An instant in ISO 8601."""
    return reference.instant(text)


def sparkpost() -> Vendor:
    """A page of the events API: an envelope; people by metadata of the sender's, else by address."""
    names = {
        "delivery": DELIVERED,
        "initial_open": OPENED,
        "open": OPENED,
        "click": CLICKED,
        "bounce": BOUNCED,
    }
    names |= {"out_of_band": BOUNCED, "spam_complaint": SPAM, "list_unsubscribe": UNSUBSCRIBED}
    names["link_unsubscribe"] = UNSUBSCRIBED
    facts = [
        ("injection", "2024-02-29T23:59:58.000Z", "ada@shop.example", "007", None, {}),
        (
            "delivery",
            "2024-03-01T00:00:01.000Z",
            "ada@shop.example",
            "007",
            None,
            {"ip_address": "192.0.2.9"},
        ),
        (
            "initial_open",
            "2024-03-01T07:15:00.125Z",
            "ada@shop.example",
            "007",
            None,
            {"user_agent": "Mail/1"},
        ),
        (
            "click",
            "2024-03-01T07:15:02.000Z",
            "ada@shop.example",
            "007",
            "https://shop.example/a?b=1&c=ü",
            {},
        ),
        ("bounce", "2024-03-01T00:00:02.000Z", "bob@shop.example", None, None, {"bounce_class": "10"}),
        ("delay", "2024-03-01T00:00:03.000Z", "eve@shop.example", None, None, {"bounce_class": "21"}),
        ("spam_complaint", "2024-03-02T00:00:00.000Z", "eve@shop.example", None, None, {}),
        (
            "list_unsubscribe",
            "2024-03-02T01:00:00.000Z",
            "eve@shop.example",
            "12345678901234567890",
            None,
            {},
        ),
        ("link_unsubscribe", "2024-03-02T02:00:00.000Z", "bob@shop.example", None, None, {}),
    ]
    records, messages = [], []
    for number, (kind, when, address, customer, link, more) in enumerate(facts):
        own_id = str(92_356_927_693_813_856 + number)
        record = {
            "type": kind,
            "event_id": own_id,
            "timestamp": when,
            "rcpt_to": address,
            "rcpt_meta": {"customer": customer} if customer else {},
            "campaign_id": "Frühling, 20%",
            "template_id": "templ-1234",
            "subject": "Nur heute: „20 %“",
            "friendly_from": "shop@shop.example",
            **({"target_link_url": link} if link else {}),
            **more,
        }
        records.append(record)
        if kind in names:
            messages.append(
                track(
                    names[kind],
                    at(when),
                    user=customer or address,
                    own_id=own_id,
                    campaign_id="Frühling, 20%",
                    email_id="templ-1234",
                    email_subject="Nur heute: „20 %“",
                    email_link_url=link or "",
                    bounce_class=more.get("bounce_class", ""),
                )
            )
    text = json.dumps({"results": records, "total_count": 8, "links": {}}, ensure_ascii=False, indent=2)
    page = "https://developers.sparkpost.com/api/events/"
    return Vendor("SparkPost", page, "events.json", text + "\n", tuple(messages), len(facts) - len(messages))


def mandrill() -> Vendor:
    """Bodies of a webhook: each line a list of events, of which one holds a single event alone."""
    names = {"open": OPENED, "click": CLICKED, "hard_bounce": BOUNCED, "soft_bounce": BOUNCED, "spam": SPAM}
    names |= {"unsub": UNSUBSCRIBED}
    facts: list[list[tuple[str, int, int, Record]]] = [
        [
            ("send", 1_384_954_001, 111, {}),
            ("open", 1_384_954_004, 111, {"ip": "198.51.100.4", "location": None}),
        ],
        [("click", 1_384_954_005, 111, {"url": "https://example.com/p?x=1", "ip": "198.51.100.4"})],
        [
            ("hard_bounce", 1_384_954_006, 222, {}),
            ("soft_bounce", 1_384_954_007, 333, {}),
            ("deferral", 1_384_954_008, 333, {}),
        ],
        [("spam", 1_384_954_009, 111, {}), ("unsub", 1_384_954_010, 9_007_199_254_740_993, {})],
    ]
    bodies: list[Any] = []
    messages: list[Message] = []
    for facts_of_body in facts:
        body = []
        for kind, when, user, more in facts_of_body:
            message = {
                "ts": 1_384_953_999,
                "_id": "exampleaaaaaaaaaaaaaaaaaaaaaaaaa",
                "state": "sent",
                "subject": "This is an example, made up",
                "email": f"person{user}@example.com",
                "sender": "news@example.com",
                "tags": ["welcome", "de"],
                "metadata": {"user_id": user, "campaign": "autumn"},
            }
            body.append({"event": kind, "_id": message["_id"], "msg": message, "ts": when, **more})
            if kind in names:
                messages.append(
                    track(
                        names[kind],
                        Fraction(when),
                        user=str(user),
                        ip=more.get("ip", ""),
                        campaign_id="autumn",
                        email_id="welcome",
                        email_subject="This is an example, made up",
                        email_link_url=more.get("url", ""),
                    )
                )
        bodies.append(body)
    bodies[1] = bodies[1][0]
    page = "https://mandrill.zendesk.com/hc/en-us/articles/205583307-Message-Event-Webhook-Format"
    return Vendor("Mandrill", page, "webhooks.ndjson", lines(bodies), tuple(messages), 2)


def pinpoint() -> Vendor:
    """One deeply nested object a line; times are milliseconds; the kind's own facts in a member of its name."""
    names = {
        "delivered": DELIVERED,
        "open": OPENED,
        "click": CLICKED,
        "hardbounce": BOUNCED,
        "complaint": SPAM,
    }
    names |= {"unsubscribe": UNSUBSCRIBED}
    web = {"ip_address": "203.0.113.7", "user_agent": "Mozilla/5.0 (made up)"}
    facts: list[tuple[str, int, Record]] = [
        ("send", 1_564_618_621_380, {}),
        ("delivered", 1_564_618_622_690, {"delivery": {"processing_time_millis": 1310}}),
        ("open", 1_564_618_712_316, {"open": web}),
        ("click", 1_564_618_712_317, {"click": {**web, "link": "https://docs.example/pinpoint"}}),
        ("hardbounce", 1_564_618_627_480, {"bounce": {"bounce_type": "Permanent"}}),
        ("complaint", 1_564_618_700_000, {"complaint": {"complaint_feedback_type": "abuse"}}),
    ]
    records, messages = [], []
    for number, (kind, when, told) in enumerate(facts):
        client = f"9a311b17-6f8e-4093-be61-4d0bb{number % 2}example"
        mail = {"message_id": f"0200-{number}", "destination": ["recipient@example.com"], "headers": []}
        records.append(
            {
                "event_type": f"_email.{kind}",
                "event_timestamp": when,
                "arrival_timestamp": when + 645,
                "event_version": "3.1",
                "client": {"client_id": client},
                "attributes": {"campaign_id": "4f8d6097c2e8", "campaign_activity_id": "5473285727f0"},
                "facets": {"email_channel": {"mail_event": {"mail": mail, **told}}},
            }
        )
        web_of = told.get("open") or told.get("click") or {}
        if kind in names:
            messages.append(
                track(
                    names[kind],
                    Fraction(when, 1000),
                    user=client,
                    ip=web_of.get("ip_address", ""),
                    user_agent=web_of.get("user_agent", ""),
                    campaign_id="4f8d6097c2e8",
                    campaign_run_id="5473285727f0",
                    email_link_url=web_of.get("link", ""),
                )
            )
    page = "https://docs.aws.amazon.com/pinpoint/latest/developerguide/event-streams-data-email.html"
    return Vendor("Amazon Pinpoint", page, "stream.ndjson", lines(records), tuple(messages), 1)


def eloqua() -> Vendor:
    """A bulk export of activities as CSV, with columns named as in the vendor's own definitions; local times."""
    names = {
        "EmailOpen": OPENED,
        "EmailClickthrough": CLICKED,
        "Bounceback": BOUNCED,
        "Unsubscribe": UNSUBSCRIBED,
    }
    facts = [
        ("EmailSend", "2024-03-10 01:59:59.000", "1001", "", ""),
        ("EmailOpen", "2024-03-10 03:00:00.123", "1001", "", "198.51.100.7"),
        ("EmailOpen", "2024-11-03 00:59:59.997", "1002", "", "198.51.100.8"),
        (
            "EmailClickthrough",
            "2024-03-10 03:00:04.000",
            "1001",
            "https://example.com/?a=1,2",
            "198.51.100.7",
        ),
        ("Bounceback", "2024-03-11 08:00:00", "1003", "", ""),
        ("Unsubscribe", "2024-03-12 18:30:00.500", "1002", "", ""),
    ]
    rows, messages = [], []
    for number, (kind, when, contact, link, ip) in enumerate(facts):
        rows.append(
            {
                "ActivityId": 40_000 + number,
                "ActivityType": kind,
                "ActivityDate": when,
                "EmailAddress": f"p{contact}@example.com",
                "ContactId": contact,
                "IpAddress": ip,
                "AssetType": "Email",
                "AssetName": 'Spring "24", part 1',
                "AssetId": "77",
                "SubjectLine": "Hello, spring",
                "EmailClickedThruLink": link,
                "CampaignId": "501",
                "DeploymentId": "9001",
            }
        )
        if kind in names:
            messages.append(
                track(
                    names[kind],
                    reference.instant(when, "America/New_York"),
                    user=contact,
                    own_id=str(40_000 + number),
                    ip=ip,
                    campaign_id="501",
                    campaign_run_id="9001",
                    email_id="77",
                    email_subject="Hello, spring",
                    email_link_url=link,
                )
            )
    page = "https://docs.oracle.com/cloud/latest/marketingcs_gs/OMCAB/Developers/BulkAPI/Reference/activity-fields.htm"
    return Vendor("Oracle Eloqua", page, "activities.csv", table(rows), tuple(messages), 1)


def constantcontact() -> Vendor:
    """A report of tracking activities: an envelope; no member for what an activity has not."""
    names = {"em_opens": OPENED, "em_clicks": CLICKED, "em_bounces": BOUNCED, "em_optouts": UNSUBSCRIBED}
    facts: list[tuple[str, str, Record]] = [
        ("em_sends", "2019-05-16T20:00:00.000Z", {}),
        ("em_opens", "2019-05-16T21:14:00.000Z", {"device_type": "mobile"}),
        (
            "em_clicks",
            "2019-05-16T21:15:00.000Z",
            {"device_type": "computer", "link_url": "http://www.example.com"},
        ),
        ("em_bounces", "2019-05-16T20:00:09.000Z", {"bounce_code": "B"}),
        ("em_optouts", "2019-05-17T06:00:00.000Z", {"opt_out_reason": "too many, too long"}),
        ("em_forwards", "2019-05-17T07:00:00.000Z", {}),
    ]
    records, messages = [], []
    for kind, when, more in facts:
        records.append(
            {
                "contact_id": "439a1cb0-5b89-11e7-ba80-00163e498a18",
                "campaign_activity_id": "c8cdf384-15ca-4dcc-9b6f-4c91121fdc13",
                "tracking_activity_type": kind,
                "email_address": "jake@example.com",
                "first_name": "Jake",
                **more,
                "created_time": when,
            }
        )
        if kind in names:
            messages.append(
                track(
                    names[kind],
                    at(when),
                    user="439a1cb0-5b89-11e7-ba80-00163e498a18",
                    campaign_id="c8cdf384-15ca-4dcc-9b6f-4c91121fdc13",
                    email_link_url=more.get("link_url", ""),
                    device_type=more.get("device_type", ""),
                    bounce_code=more.get("bounce_code", ""),
                )
            )
    text = json.dumps({"tracking_activities": records, "_links": {"next": {"href": "/v3/x"}}})
    page = "https://developer.constantcontact.com/api_guide/activity_details.html"
    return Vendor("Constant Contact", page, "activities.json", text, tuple(messages), 2)


def resend() -> Vendor:
    """Webhooks, one a line; a click's time is its own, later than that of the webhook's making."""
    names = {
        "delivered": DELIVERED,
        "opened": OPENED,
        "clicked": CLICKED,
        "bounced": BOUNCED,
        "complained": SPAM,
    }
    click = {
        "ipAddress": "203.0.113.11",
        "link": "https://resend.example/a",
        "timestamp": "2024-11-24T05:00:57.163Z",
        "userAgent": "Mozilla/5.0 (made up)",
    }
    facts: list[tuple[str, str, Record]] = [
        ("sent", "2024-11-22T23:41:12.126Z", {}),
        ("delivered", "2024-11-22T23:41:13.001Z", {}),
        ("delivery_delayed", "2024-11-22T23:41:13.501Z", {}),
        ("opened", "2024-11-22T23:42:00.000Z", {}),
        ("clicked", "2024-11-22T23:42:12.126Z", {"click": click}),
        ("bounced", "2024-11-22T23:41:14.000Z", {"bounce": {"type": "Permanent", "subType": "General"}}),
        ("complained", "2024-11-23T10:00:00.000Z", {}),
    ]
    records, messages = [], []
    for kind, when, more in facts:
        data = {
            "broadcast_id": "8b146471-e88e-4322-86af-016cd36fd216",
            "created_at": "2024-11-22T23:41:11.894719+00:00",
            "email_id": "56761188-7520-42d8-8898-ff6fc54ce618",
            "from": "Acme <news@acme.example>",
            "to": ["ada@example.com"],
            "subject": "Sending this example",
            "template_id": "43f68331-0622-4e15-8202-246a0388854b",
            "tags": {"category": "confirm_email"},
            **more,
        }
        records.append({"type": f"email.{kind}", "created_at": when, "data": data})
        web = more.get("click", {})
        if kind in names:
            messages.append(
                track(
                    names[kind],
                    at(web.get("timestamp", when)),
                    user="ada@example.com",
                    ip=web.get("ipAddress", ""),
                    user_agent=web.get("userAgent", ""),
                    campaign_id="8b146471-e88e-4322-86af-016cd36fd216",
                    email_id="43f68331-0622-4e15-8202-246a0388854b",
                    email_subject="Sending this example",
                    email_link_url=web.get("link", ""),
                )
            )
    page = "https://resend.com/docs/webhooks/emails/clicked"
    return Vendor("Resend", page, "webhooks.ndjson", lines(records), tuple(messages), 2)


def drip() -> Vendor:
    """Webhooks, one a line; the subscriber within the data, what the event adds in its properties."""
    names = {"opened_email": OPENED, "clicked_email": CLICKED, "bounced": BOUNCED, "complained": SPAM}
    names |= {"received_email": DELIVERED}
    facts: list[tuple[str, str, Record]] = [
        ("created", "2024-05-01T08:00:00Z", {}),
        ("received_email", "2024-05-01T08:00:01Z", {}),
        ("opened_email", "2024-05-01T10:00:00+02:00", {}),
        ("clicked_email", "2024-05-01T10:00:30+02:00", {"url": "https://www.example.com/day-1"}),
        ("bounced", "2024-05-01T08:00:02Z", {}),
        ("complained", "2024-05-02T08:00:00Z", {}),
        ("applied_tag", "2024-05-02T08:00:01Z", {"tag": "Customer"}),
    ]
    records, messages = [], []
    for kind, when, more in facts:
        known = {"email_id": "88888", "email_subject": "Email Course: Day 1", "delivery_id": "99999"}
        person = {"id": "z1togz2hcjrkpp5treip", "email": "john@example.com", "tags": ["Lead"]}
        data = {"account_id": "9999999", "subscriber": person, "properties": {**known, **more}}
        records.append({"event": f"subscriber.{kind}", "data": data, "occurred_at": when})
        if kind in names:
            messages.append(
                track(
                    names[kind],
                    at(when),
                    user="z1togz2hcjrkpp5treip",
                    campaign_run_id="99999",
                    email_id="88888",
                    email_subject="Email Course: Day 1",
                    email_link_url=more.get("url", ""),
                )
            )
    page = "https://developer.drip.com/#webhook-events"
    return Vendor("Drip", page, "webhooks.ndjson", lines(records), tuple(messages), 2)


def zoho() -> Vendor:
    """Webhooks, one a line, each with a list of what happened; ids of 19 digits as numbers."""
    names = {"email_open": OPENED, "email_click": CLICKED}
    facts: list[tuple[str, list[tuple[int, int, str]]]] = [
        ("email_open", [(1_725_461_219_774, 1_314_909_000_000_144_100, "")]),
        (
            "email_click",
            [
                (1_725_461_230_001, 1_314_909_000_000_144_100, "https://example.com/one"),
                (1_725_461_230_002, 1_314_909_000_000_144_107, "https://example.com/two"),
            ],
        ),
        ("email_delivered_late", [(1_725_461_300_000, 1_314_909_000_000_144_100, "")]),
    ]
    records, messages = [], []
    for kind, happened in facts:
        data = []
        for when, contact, link in happened:
            item = {"action_time": when, "contact_id": contact, "contact_email": f"c{contact}@example.com"}
            item |= {"transmission_name": "Autumn", "transmission_id": 1_314_909_000_000_150_055}
            item |= {"click_url": link} if link else {}
            data.append(item)
            if kind in names:
                messages.append(
                    track(
                        names[kind],
                        Fraction(when, 1000),
                        user=str(contact),
                        campaign_id="1314909000000150055",
                        campaign_name="Autumn",
                        email_link_url=link,
                    )
                )
        outer = {"webhook_name": "My webhook", "webhook_id": "1314909000000063004", "action": kind}
        records.append({**outer, "actionType": kind, "action_by": "contact", "data": data})
    page = "https://www.zoho.com/campaigns/help/emailapi/events/clicks.html"
    return Vendor("Zoho Campaigns", page, "webhooks.ndjson", lines(records), tuple(messages), 1)


def emfluence() -> Vendor:
    """A report of clicks: tabs between quoted cells, local times with two digits of a second."""
    facts = [
        (5_132_653, "2014-04-29 14:17:10.91", "http://www.example.com", "23680470"),
        (5_132_654, "2014-04-29 14:17:16.77", "http://www.example.org/a?b=c,d", "23680471"),
        (5_132_655, "2014-11-02 00:30:00.00", "http://www.example.com", "23680470"),
    ]
    columns = ("id", "emailID", "dateClicked", "link", "contactID", "email")
    rows = [
        dict(zip(columns, (own, "123456", when, link, contact, "x@example.com"), strict=True))
        for own, when, link, contact in facts
    ]
    messages = [
        track(
            CLICKED,
            local(when, "%Y-%m-%d %H:%M:%S.%f", "America/Chicago"),
            user=contact,
            own_id=str(own),
            email_id="123456",
            email_link_url=link,
        )
        for own, when, link, contact in facts
    ]
    page = "https://apidocs.emailer.emfluence.com/v1/endpoints/exports/emailClicks"
    text = table(rows, "\t", quoted=True)
    return Vendor("emfluence", page, "clicks.txt", text, tuple(messages), 0)


def pardot() -> Vendor:
    """The table of visitor activities: kinds are numbers, some of which are also of things other than emails."""
    facts = [
        ("6", "Email", "2024-06-01T07:00:00Z", "201", ""),
        ("11", "Email", "2024-06-01T07:30:00Z", "201", ""),
        ("1", "Email Tracker", "2024-06-01T07:31:00Z", "201", "https://example.com/offer"),
        ("1", "Custom Redirect", "2024-06-01T07:32:00Z", "201", "https://example.com/elsewhere"),
        ("13", "Email", "2024-06-01T07:00:05Z", "202", "hard, mailbox unknown"),
        ("14", "Email", "2024-06-01T09:00:00Z", "203", ""),
        ("12", "Email", "2024-06-01T09:00:01Z", "203", ""),
        ("2", "Form", "2024-06-01T09:30:00Z", "203", "Contact us"),
    ]
    names = {"11": OPENED, "1": CLICKED, "13": BOUNCED, "14": SPAM, "12": UNSUBSCRIBED}
    rows, messages = [], []
    for number, (kind, of, when, prospect, details) in enumerate(facts):
        rows.append(
            {
                "id": 153_879_000 + number,
                "campaign_id": "1138",
                "list_email_id": "5501" if of.startswith("Email") else "",
                "prospect_id": prospect,
                "visitor_id": "",
                "created_at": when,
                "details": details,
                "type": kind,
                "type_name": of,
                "_fivetran_synced": "2024-06-02T00:00:00Z",
            }
        )
        if kind in names and of.startswith("Email"):
            messages.append(
                track(
                    names[kind],
                    at(when),
                    user=prospect,
                    own_id=str(153_879_000 + number),
                    campaign_id="1138",
                    email_id="5501",
                    email_link_url=details if kind == "1" else "",
                )
            )
    page = "https://fivetran.com/docs/connectors/applications/pardot/connector-schema"
    return Vendor("Salesforce Pardot", page, "visitor_activity.csv", table(rows), tuple(messages), 3)


MADE: dict[str, Callable[[], Vendor]] = {
    "constantcontact": constantcontact,
    "drip": drip,
    "eloqua": eloqua,
    "emfluence": emfluence,
    "mandrill": mandrill,
    "pardot": pardot,
    "pinpoint": pinpoint,
    "resend": resend,
    "sparkpost": sparkpost,
    "zoho": zoho,
}
"""The vendors, by the names of their folders."""


def files_of(name: str) -> dict[str, str]:
    """The files that this program writes for a vendor."""
    vendor = MADE[name]()
    golden = "".join(write(message) + "\n" for message in vendor.messages)
    return {vendor.file: vendor.export, "golden.ndjson": golden}


if __name__ == "__main__":
    for name in MADE:
        (VENDORS / name).mkdir(parents=True, exist_ok=True)
        for file, text in files_of(name).items():
            (VENDORS / name / file).write_bytes(text.encode())
