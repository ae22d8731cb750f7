"""Made-up bodies of Postmark's webhooks, one a line and in a list, and their messages."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from golden_support import Message, write_golden, write_json, write_ndjson
from reference import instant
from reference_profiles import dig, track

Event = dict[str, Any]
NAMES = {
    "Delivery": "Email Delivered",
    "Open": "Email Opened",
    "Click": "Link Clicked",
    "Bounce": "Email Bounced",
    "SpamComplaint": "Email Reported as Spam",
    "SubscriptionChange": "Email Unsubscribed",
}
TIMES = {"Delivery": "DeliveredAt", "Open": "ReceivedAt", "Click": "ReceivedAt"}
TIMES |= {
    "Bounce": "BouncedAt",
    "SpamComplaint": "BouncedAt",
    "SubscriptionChange": "ChangedAt",
    "Inbound": "Date",
}
SOFT = ("SoftBounce", "DnsError", "SpamNotification", "Blocked", "DMARCPolicy")
BOUNCES = {"HardBounce": "hard", "BadEmailAddress": "hard", "Unknown": ""} | dict.fromkeys(SOFT, "soft")
NO_BOUNCES = (
    *("Transient", "AutoResponder", "Subscribe", "Unsubscribe", "AddressChange", "ChallengeVerification"),
    *(
        "VirusNotification",
        "OpenRelayTest",
        "ManuallyDeactivated",
        "Unconfirmed",
        "SMTPApiError",
        "InboundError",
    ),
    "TemplateRenderingFailed",
)

PHONE = {
    "Client": {"Name": "Mail 17", "Company": "Made Up", "Family": "Mail"},
    "OS": {"Name": "Phone OS", "Company": "Made Up", "Family": "Phone OS"},
    "Platform": "Mobile",
    "UserAgent": "Mozilla/5.0 (made up; Phone)",
    "Geo": {"CountryISOCode": "RS", "Country": "Serbia", "City": "Novi Sad", "IP": "198.51.100.7"},
}
NOWHERE = {"Platform": "Unknown", "UserAgent": "", "Geo": {}}


def body(number: int, kind: str, person: str, **more: Any) -> Event:
    """One body; the time is under a name of its own, with seven digits and an offset or Z."""
    when = f"2024-03-05T{number % 24:02}:30:10.{number * 12345:07}"
    address = "Email" if kind in {"Bounce", "SpamComplaint"} else "Recipient"
    return {
        "RecordType": kind,
        "MessageStream": "outbound",
        "ServerID": 23,
        "MessageID": f"00000000-made-0up0-0000-{number % 4:012}",
        address: f"{person}@shop.example",
        "Tag": "welcome",
        "Metadata": {"customer_id": f"c-{person}"},
        TIMES[kind]: when + ("Z" if number % 2 else "-05:00"),
        **more,
    }


def bounce(number: int, kind: str, person: str = "eve", record: str = "Bounce", **more: Any) -> Event:
    """A bounce or a complaint."""
    told = {"ID": 4230000000 + number, "Type": kind, "TypeCode": number, "Name": kind, "Inactive": True}
    texts = {
        "Description": "made up",
        "Details": f"smtp;550 <{person}@shop.example>",
        "From": "shop@shop.example",
    }
    return body(number, record, person, **told, **texts, Subject="Grüße, “Eve”", **more)


def change(
    number: int, person: str, reason: str | None, origin: str, *, stops: bool = True, **more: Any
) -> Event:
    """A change of the suppression list."""
    told = {"SuppressSending": stops, "SuppressionReason": reason, "Origin": origin}
    return body(number, "SubscriptionChange", person, **told, **more)


CLICK = {"OriginalLink": "https://shop.example/a?b=1&c=2", "ClickLocation": "HTML"}
LINES = [
    body(1, "Delivery", "ada", Details="250 OK"),
    body(2, "Open", "ada", FirstOpen=True, **PHONE),
    body(3, "Open", "ada", FirstOpen=False, **NOWHERE),
    body(4, "Click", "ada", **CLICK, **PHONE),
    body(5, "Click", "bob", **{**CLICK, "ClickLocation": "Text"}, **{**NOWHERE, "Tag": None}),
    *(bounce(6 + at, kind) for at, kind in enumerate(BOUNCES)),
    *(bounce(20 + at, kind) for at, kind in enumerate(NO_BOUNCES)),
]
LISTED = [
    bounce(41, "SpamComplaint", "kim", record="SpamComplaint"),
    change(42, "kim", "ManualSuppression", "Recipient"),
    change(43, "eve", "HardBounce", "Recipient"),
    change(44, "kim", "SpamComplaint", "Recipient"),
    change(45, "bob", "ManualSuppression", "Customer", MessageID=None),
    change(46, "kim", None, "Customer", stops=False, MessageID=None, Tag=None, Metadata={}),
    body(47, "Inbound", "news", Date="Tue, 5 Mar 2024 10:00:00 +0000"),
    body(48, "Delivery", "zoë", MessageStream="broadcast", Tag=""),
    body(1, "Delivery", "ada", Details="250 OK"),
]


def is_sent(each: Event) -> bool:
    """Whether a body is one of Inflection's events."""
    if each["RecordType"] == "Bounce":
        return each["Type"] in BOUNCES
    if each["RecordType"] == "SubscriptionChange":
        told = each["SuppressSending"], each["SuppressionReason"], each["Origin"]
        return told == (True, "ManualSuppression", "Recipient")
    return each["RecordType"] in NAMES


def messages(events: list[Event]) -> Iterator[Message]:
    """What the bodies should become."""
    for each in filter(is_sent, events):
        kind = each["RecordType"]
        seen = each if kind in {"Open", "Click"} else {}
        platform = dig(seen, "Platform")
        bounced = each if kind == "Bounce" else {}
        yield track(
            NAMES[kind],
            instant(each[TIMES[kind]]),
            user=each["Recipient" if "Recipient" in each else "Email"],
            own_id=str(each.get("ID", "")),
            ip=dig(seen, "Geo", "IP"),
            user_agent=dig(seen, "UserAgent"),
            email_id=each["MessageID"],
            email_subject=each.get("Subject"),
            email_link_url=each.get("OriginalLink"),
            campaign_id=each["Tag"],
            is_unique_open=each.get("FirstOpen"),
            message_stream=each["MessageStream"],
            platform="" if platform == "Unknown" else platform,
            country=dig(seen, "Geo", "CountryISOCode"),
            click_location=each.get("ClickLocation"),
            bounce_type=BOUNCES[bounced["Type"]] if bounced else "",
            bounce_reason=bounced.get("Type"),
        )


def write(folder: Path) -> None:
    """Write the exports and the golden file."""
    write_json(folder / "export.json", LISTED)
    write_ndjson(folder / "export.ndjson", LINES)
    write_golden(folder, messages([*LISTED, *LINES]))
