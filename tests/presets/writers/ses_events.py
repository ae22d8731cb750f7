"""Made-up event records of Amazon SES, alone and in notifications of SNS, and their messages."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from golden_support import Message, line, write_golden, write_ndjson
from reference import instant
from reference_profiles import dig, track

Event = dict[str, Any]
NAMES = {
    "Delivery": "Email Delivered",
    "Open": "Email Opened",
    "Click": "Link Clicked",
    "Bounce": "Email Bounced",
    "Complaint": "Email Reported as Spam",
    "Subscription": "Email Unsubscribed",
}
RECIPIENTS = {
    "Delivery": ("delivery", "recipients"),
    "Bounce": ("bounce", "bouncedRecipients"),
    "Complaint": ("complaint", "complainedRecipients"),
}
TAGS = {"ses:configuration-set": ["Newsletter"], "ses:caller-identity": ["mailer"], "campaign": ["c-spring"]}
PHONE = {"ipAddress": "198.51.100.7", "userAgent": "Mozilla/5.0 (made up; Phone)"}


def record(number: int, kind: str, people: list[str], member: Event, **mail: Any) -> Event:
    """One record; what the event adds is in a member of its own, with its time."""
    name = {"Rendering Failure": "failure", "DeliveryDelay": "deliveryDelay"}.get(kind, kind.lower())
    about = {
        "timestamp": "2024-03-05T09:59:00.000Z",
        "messageId": f"0100018e-made-up-{number % 4:06}",
        "source": "Shop <news@shop.example>",
        "sendingAccountId": "000000000042",
        "destination": addresses(people),
        "headersTruncated": False,
        "headers": [{"name": "Subject", "value": "Grüße, „Ada“ 🌷"}],
        "commonHeaders": {"from": ["Shop <news@shop.example>"], "subject": "Grüße, „Ada“ 🌷"},
        "tags": {**TAGS, "customer": [f"c-{people[0]}"]},
        **mail,
    }
    when = f"2024-03-05T10:{number:02}:30.{number * 37 % 1000:03}Z"
    timed = kind not in {"Send", "Reject", "Rendering Failure"}
    return {"eventType": kind, "mail": about, name: {"timestamp": when, **member} if timed else member}


def addresses(people: list[str]) -> list[str]:
    """The addresses of people."""
    return [f"{person}@shop.example" for person in people]


def delivery(number: int, people: list[str], **mail: Any) -> Event:
    """A delivery to all of them."""
    told = {"processingTimeMillis": 11893, "recipients": addresses(people), "smtpResponse": "250 2.6.0 OK"}
    return record(number, "Delivery", people, told, **mail)


def bounce(number: int, people: list[str], kind: str, subtype: str, **more: Any) -> Event:
    """A bounce of all of them; a report of the other server adds a status."""
    told = [{"emailAddress": each, **more} for each in addresses(people)]
    ids = {"feedbackId": f"0100018e-feedback-{number}", "reportingMTA": "dns; mx.shop.example"}
    member = {"bounceType": kind, "bounceSubType": subtype, "bouncedRecipients": told, **ids}
    return record(number, "Bounce", people, member)


def complaint(number: int, people: list[str], **more: Any) -> Event:
    """A complaint that any of them may have made."""
    told = [{"emailAddress": each} for each in addresses(people)]
    member = {"complainedRecipients": told, "feedbackId": f"0100018e-feedback-{number}", **more}
    return record(number, "Complaint", people, {"complaintSubType": None, **member})


def subscription(number: int, new: bool, old: bool) -> Event:
    """A change of what a contact subscribes to."""
    topics = [{"topicName": "Sales", "subscriptionStatus": "OptOut"}]
    member = {
        "contactList": "Shop",
        "source": "UnsubscribeHeader",
        "newTopicPreferences": {"unsubscribeAll": new, "topicSubscriptionStatus": topics},
        "oldTopicPreferences": {"unsubscribeAll": old, "topicSubscriptionStatus": []},
    }
    return record(number, "Subscription", ["kim"], member)


TAGGED_LINK = {"link": "https://shop.example/a?b=1&c=2", "linkTags": {"place": ["top", "1.10"]}, **PHONE}
PLAIN_LINK = {"link": "https://shop.example/b", "linkTags": None, **PHONE}
FAILED = {"action": "failed", "status": "5.1.1", "diagnosticCode": "smtp; 550 5.1.1 user unknown"}
RAW = [
    record(1, "Send", ["ada"], {}),
    delivery(2, ["ada"]),
    record(3, "Open", ["ada"], PHONE),
    record(4, "Click", ["ada"], TAGGED_LINK),
    record(5, "Click", ["bob"], PLAIN_LINK, tags={"ses:configuration-set": ["Plain"]}),
    bounce(6, ["eve"], "Permanent", "General", **FAILED),
    bounce(7, ["eve"], "Transient", "MailboxFull"),
    bounce(8, ["eve"], "Undetermined", "Undetermined"),
    bounce(9, ["eve"], "Permanent", "Suppressed"),
    bounce(10, ["eve"], "Permanent", "OnAccountSuppressionList"),
    complaint(
        11,
        ["kim"],
        complaintFeedbackType="abuse",
        userAgent="ISP/1.0",
        arrivalDate="2024-03-05T09:00:00.000Z",
    ),
    complaint(12, ["kim"]),
    complaint(13, ["kim"], complaintFeedbackType="not-spam"),
    complaint(14, ["kim"], complaintSubType="OnAccountSuppressionList"),
    record(15, "Reject", ["eve"], {"reason": "Bad content"}),
    record(16, "Rendering Failure", ["eve"], {"errorMessage": "no “name”", "templateName": "Welcome"}),
    record(17, "DeliveryDelay", ["eve"], {"delayType": "TransientCommunicationFailure"}),
    subscription(18, new=True, old=False),
    subscription(19, new=False, old=False),
    subscription(20, new=True, old=True),
]


def feedback(event: Event) -> Event:
    """The record of an identity's own notifications, which go by another name and know no tags."""
    mail = {key: each for key, each in event["mail"].items() if key != "tags"}
    rest = {key: each for key, each in event.items() if key not in {"eventType", "mail"}}
    return {"notificationType": event["eventType"], **rest, "mail": mail}


SEVERAL = [
    delivery(21, ["ada"], destination=addresses(["ada", "bob"])),
    delivery(22, ["ada", "bob"]),
    record(23, "Open", ["ada", "bob"], PHONE),
    record(24, "Click", ["ada", "bob"], PLAIN_LINK),
    bounce(25, ["eve", "bob"], "Permanent", "NoEmail", **FAILED),
    complaint(26, ["kim", "bob"]),
    feedback(delivery(36, ["bob"])),
]


IN_SNS = [
    delivery(27, ["zoë"]),
    record(28, "Open", ["zoë"], {"ipAddress": "2001:db8::7", "userAgent": "Mozilla/5.0"}),
    record(29, "Click", ["zoë"], TAGGED_LINK),
    bounce(30, ["eve"], "Transient", "General", **FAILED),
    complaint(31, ["kim"], complaintFeedbackType="abuse"),
    subscription(32, new=True, old=False),
    record(33, "Send", ["zoë"], {}),
    record(34, "Open", ["ada", "bob"], PHONE),
    delivery(2, ["ada"]),
    feedback(bounce(35, ["bob"], "Permanent", "General", **FAILED)),
]


def notification(number: int, message: str, kind: str = "Notification") -> Event:
    """What SNS posts: the message is a text."""
    return {
        "Type": kind,
        "MessageId": f"00000000-made-up-{number:04}",
        "TopicArn": "arn:aws:sns:eu-west-1:000000000042:mail",
        "Subject": "Amazon SES Email Event Notification",
        "Message": message,
        "Timestamp": "2024-03-05T11:00:00.000Z",
        "SignatureVersion": "1",
    }


def is_sent(event: Event) -> bool:
    """Whether a record is an event of one known person."""
    kind = kind_of(event)
    if kind not in NAMES or len(people_of(event)) > 1:
        return False
    told = event[kind.lower()]
    if kind == "Bounce":
        return bool(told["bounceSubType"] != "OnAccountSuppressionList")
    if kind == "Complaint":
        return not told["complaintSubType"] and told.get("complaintFeedbackType") != "not-spam"
    new, old = (dig(told, f"{age}TopicPreferences", "unsubscribeAll") for age in ("new", "old"))
    return kind != "Subscription" or (new == "true" != old)


def people_of(event: Event) -> list[str]:
    """The addresses that a record is about: its own, or all of the mail."""
    kind = kind_of(event)
    if kind not in RECIPIENTS:
        return list(event["mail"]["destination"])
    member, name = RECIPIENTS[kind]
    return [each if isinstance(each, str) else each["emailAddress"] for each in event[member][name]]


def kind_of(event: Event) -> str:
    """The kind of a record, by either name."""
    return str(event["eventType" if "eventType" in event else "notificationType"])


def messages(events: list[Event]) -> Iterator[Message]:
    """What the records should become."""
    for event in filter(is_sent, events):
        kind, mail = kind_of(event), event["mail"]
        told = event[kind.lower()]
        bounced = told if kind == "Bounce" else {}
        yield track(
            NAMES[kind],
            instant(told["timestamp"]),
            user=people_of(event)[0],
            ip=dig(told, "ipAddress"),
            user_agent=told["userAgent"] if kind in {"Open", "Click"} else "",
            email_id=mail["messageId"],
            email_subject=mail["commonHeaders"]["subject"],
            email_link_url=dig(told, "link"),
            campaign_id=dig(mail, "tags", "campaign", 0),
            configuration_set=dig(mail, "tags", "ses:configuration-set", 0),
            link_tags=told.get("linkTags"),
            bounce_type={"Permanent": "hard", "Transient": "soft"}.get(bounced.get("bounceType", "")),
            bounce_reason=dig(bounced, "bounceSubType"),
            bounce_status=dig(bounced, "bouncedRecipients", 0, "status"),
            complaint_type=dig(told, "complaintFeedbackType"),
            contact_list=dig(told, "contactList"),
        )


def write(folder: Path) -> None:
    """Write the exports and the golden file."""
    posted = [notification(number, line(event)) for number, event in enumerate(IN_SNS)]
    words = "You have chosen to subscribe to the topic."
    first = notification(98, words, "SubscriptionConfirmation")
    proof = notification(99, "Successfully validated SNS topic for Amazon SES event publishing.")
    write_ndjson(folder / "export-firehose.ndjson", [*RAW, *SEVERAL])
    write_ndjson(folder / "export-sns.ndjson", [first, proof, *posted])
    write_golden(folder, messages([*RAW, *SEVERAL, *IN_SNS]))
