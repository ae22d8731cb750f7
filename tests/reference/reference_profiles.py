"""What the exports under tests/data/exports/ should become: one plain program an export, which knows of no profile.

`python tests/reference/reference_profiles.py` writes the golden files again. Like `reference.py`, on whose reading of
ids and times it stands, it imports nothing of the package, and expects files that are in order.
"""

import csv
import hashlib
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import reference

EXPORTS = Path(__file__).resolve().parents[1] / "data" / "exports"
VERSION = "0.1.0"
"""The version that the golden files name."""

SALTS = {"INFL_SEG_SALT": "sale, pepe & λ", "INFL_SEG_SALT_SES": "fleur de sel"}
"""What the environment holds when the golden files are made."""

IDENTITY = (*reference.IDS, "email_link_url")
Message = dict[str, Any]
Row = Mapping[str, str]


@dataclass(frozen=True)
class Number:
    """A JSON number by its digits, so that neither 21 of them nor a last zero can get lost."""

    text: str


@dataclass(frozen=True)
class Export:
    """The files of one export, in the order in which they are given, and the program that reads them."""

    files: tuple[str, ...]
    program: Callable[[str], Iterable[Message]]


def mailup(name: str) -> Iterator[Message]:
    """One row an event; a column means a link or a code by the kind of event; Italian time, decimal commas."""
    for row in rows(f"{name}/statistics.csv", "windows-1252", ";"):
        kind = row["statusType"].strip().upper()
        if kind == "SNT":
            continue
        premium = row["Premium"].lower()
        yield track(
            {"OPN": "Email Opened", "CLK": "Link Clicked", "NCO": "Email Bounced"}[kind],
            local(row["statusChange"], "%Y%m%dT%H%M%S", "Europe/Rome"),
            person=hashed(row["email"], SALTS["INFL_SEG_SALT"]),
            ip=row["Ip Address"],
            user_agent=row["User Agent"],
            campaign_id="estate-2021",
            campaign_run_id=row["idInvio"],
            email_id=row["idNl"],
            email_subject=row["subject"],
            email_link_url=row["details"] if kind == "CLK" else "",
            bounce_code=row["details"] if kind != "CLK" else "",
            tags=row["Campaign Tags"],
            sent_on=row["sentDate"] and wire(local(row["sentDate"], "%Y%m%dT%H%M%S", "Europe/Rome")),
            spend=row["Spesa"] and Number(row["Spesa"].replace(",", ".")),
            premium={"sì": True, "no": False, "n/d": "", "": ""}[premium],
            id_list=row["idList"],
        )


def tibco(name: str) -> Iterator[Message]:
    """One row a recipient: up to five events, each with a time of its own, or one that another column lends."""
    for row in rows(f"{name}/email_statistics.txt", "utf-8-sig", "|"):
        sent = reference.instant(row["CommunicationSentDate"], "America/Chicago")
        opened = [reference.instant(cell, "America/Chicago") for cell in filled(row["OpenDateTime"])]
        clicked = [reference.instant(cell, "UTC") for cell in filled(row["ClickedDateTime"])]
        bounced = [
            local(cell, "%m/%d/%Y %I:%M:%S %p", "America/Chicago") for cell in filled(row["BounceDateTime"])
        ]
        flags = {
            column: row[column].strip() == "1" for column in ("Delivered", "Opened", "Clicked", "Bounced")
        }
        email = row["CustomerEmailAddress"]
        whole: dict[str, Any] = {
            "user": "" if row["CustomerNumber"] == "0" else row["CustomerNumber"],
            "person": email and hashed(email.lower()),
            "campaign_id": row["CommunicationId"],
            "email_id": row["CommunicationId"],
            "campaign_name": row["CommunicationInternalName"],
        }
        if flags["Delivered"]:
            yield track("Email Delivered", sent, **whole)
        if opened or clicked:
            yield track("Email Unique Opens", min(opened + clicked), is_unique_open=True, **whole)
        if flags["Opened"]:
            yield track("Email Opened", opened[0], **whole)
        if flags["Clicked"] and email:
            yield track("Link Clicked", (clicked + opened)[0], **whole)
        if flags["Bounced"]:
            yield track("Email Bounced", max([*bounced, sent]), **whole)


def ses(name: str) -> Iterator[Message]:
    """One nested object a line; what is told beside the mail is in a member named after the event."""
    names = {
        "Delivery": "Email Delivered",
        "Open": "Email Opened",
        "Click": "Link Clicked",
        "Bounce": "Email Bounced",
        "Complaint": "Email Reported as Spam",
    }
    for line in (EXPORTS / name / "events.ndjson").read_text(encoding="utf-8").splitlines():
        record = parse(line)
        if record["eventType"] not in names:
            continue
        mail, told = record["mail"], record[record["eventType"].lower()]
        clicked = record.get("click", {})
        yield track(
            names[record["eventType"]],
            reference.instant(told["timestamp"]),
            user=dig(mail, "tags", "customer", 0),
            person=hashed(mail["destination"][0], SALTS["INFL_SEG_SALT_SES"]),
            ip=dig(told, "ipAddress"),
            user_agent=dig(told, "userAgent"),
            email_id=mail["tags"]["template"][0],
            email_subject=mail["commonHeaders"]["subject"],
            email_link_url=dig(clicked, "link"),
            campaign_id=mail["tags"]["campaign"][0],
            campaign_run_id=mail["tags"]["run"][0],
            configuration_set=mail["tags"]["ses:configuration-set"][0],
            processing_ms=told.get("processingTimeMillis"),
            smtp_response=dig(told, "smtpResponse"),
            link_tags=clicked.get("linkTags"),
            bounce_type={"Permanent": "hard", "Transient": "soft"}.get(dig(told, "bounceType"), ""),
            diagnostic_code=dig(told, "bouncedRecipients", 0, "diagnosticCode"),
            complaint_type=dig(told, "complaintFeedbackType"),
        )


def marketo(name: str) -> Iterator[Message]:
    """Columns that all activities share, and a JSON object in a cell; ids of the vendor's own."""
    events = {"7": "Email Delivered", "8": "Email Bounced", "9": "Email Unsubscribed"}
    events |= {"10": "Email Opened", "11": "Link Clicked", "27": "Email Bounced"}
    for row in rows(f"{name}/activities.csv"):
        if row["activityTypeId"] == "6":
            continue
        attributes = parse(row["attributes"] or "null") or {}
        device = dig(attributes, "Device")
        variant = dig(attributes, "Test Variant")
        message = track(
            events[row["activityTypeId"]],
            reference.instant(row["activityDate"]),
            person=row["lead.id"],
            own_id=row["marketoGUID"],
            ip=dig(attributes, "Client IP Address"),
            user_agent=dig(attributes, "User Agent"),
            email_id=row["primaryAttributeValueId"],
            campaign_id="" if row["campaignId"] == "null" else row["campaignId"],
            campaign_name=row["primaryAttributeValue"],
            campaign_run_id=dig(attributes, "Campaign Run ID"),
            email_link_url=dig(attributes, "Link"),
            details=dig(attributes, "Details"),
            device="" if device == "unknown" else device,
            is_mobile={"true": True, "yes": True, "false": False, "": ""}[
                dig(attributes, "Is Mobile Device")
            ],
            test_variant=variant and Number(variant),
        )
        message["context"]["import"] = "marketo-2022"
        message["integrations"] |= {"All": False, "Salesforce": True}
        yield message


def mailgun(name: str) -> Iterator[Message]:
    """A list in an envelope; people by an id of the sender's or else by address; the Email Spec's names."""
    spec = {
        "delivered": "Email Delivered",
        "opened": "Email Opened",
        "clicked": "Link Clicked",
        "unsubscribed": "Email Unsubscribed",
        "complained": "Email Reported as Spam",
        "failed": "Email Bounced",
    }
    sent_as = {"Link Clicked": "Email Link Clicked", "Email Unsubscribed": "Unsubscribed"}
    sent_as["Email Reported as Spam"] = "Email Marked as Spam"
    for item in parse((EXPORTS / name / "events.json").read_text(encoding="utf-8"))["items"]:
        failed = item["event"] == "failed"
        if item["event"] == "accepted" or (failed and item["severity"] == "temporary"):
            continue
        variables, status = item["user-variables"] or {}, item.get("delivery-status", {})
        message = track(
            spec[item["event"]],
            reference.instant(item["timestamp"].text),
            user=dig(variables, "customer-id") or item["recipient"],
            ip=dig(item, "ip"),
            user_agent=dig(item, "client-info", "user-agent"),
            email_id=dig(variables, "template-id"),
            email_subject=item["message"]["headers"]["subject"],
            email_link_url=dig(item, "url"),
            campaign_id=dig(item["tags"], 0),
            campaign_run_id=dig(variables, "run"),
            second_tag=dig(item["tags"], 1),
            country=dig(item, "geolocation", "country"),
            message_bytes=item["message"]["size"],
            session_seconds=status.get("session-seconds"),
            test_mode=item["flags"]["is-test-mode"],
            bounce_code=status.get("code") if failed else "",
            bounce_text=dig(status, "message") if failed else "",
        )
        message["event"] = sent_as.get(message["event"], message["event"])
        if "email_link_url" in message["properties"]:
            message["properties"]["link_url"] = message["properties"].pop("email_link_url")
        yield message


def copernica(name: str) -> Iterator[Message]:
    """One file a day and kind of event; columns that are named nowhere travel under their own names."""
    kinds = {"deliveries": "Email Delivered", "impressions": "Email Opened", "clicks": "Link Clicked"}
    others = ("header", "tags", "countrycode", "countryname", "regioncode", "linkinfo", "senderdomain")
    for file in EXPORTED[name].files:
        _, kind, day = file.lower().replace(".", "-", 1).split("-", 2)
        for row in rows(f"{name}/{file}"):
            yield track(
                kinds[kind],
                local(row["time"], "%Y-%m-%d %H:%M:%S", "Europe/Amsterdam"),
                user=row["profile"],
                ip=row.get("ip", ""),
                email_id=row["document"],
                campaign_id=row["groupid"],
                campaign_name="Sinterklaas" if day.startswith("2016-11-") else "Kerst, 'wit'",
                **{column: row.get(column, "") for column in (*others, "attempts", "subprofile", "template")},
            )


EXPORTED = {
    "mailup": Export(("statistics.csv",), mailup),
    "tibco": Export(("email_statistics.txt",), tibco),
    "ses": Export(("events.ndjson",), ses),
    "marketo": Export(("activities.csv",), marketo),
    "mailgun": Export(("events.json",), mailgun),
    "copernica": Export(
        (
            "pom-deliveries.2016-11-04.log",
            "pom-impressions.2016-11-04.log",
            "pom-clicks.2016-11-04.log",
            "pom-deliveries.2016-12-02.log",
            "POM-Impressions.2016-12-02.LOG",
        ),
        copernica,
    ),
}
"""The exports, by the names of their folders."""


def messages(name: str) -> list[Message]:
    """The messages of an export, in the order of its rows; one that is there twice counts once."""
    first: dict[str, Message] = {}
    for message in EXPORTED[name].program(name):
        first.setdefault(message["messageId"], message)
    return list(first.values())


def golden(name: str) -> str:
    """The golden file of an export, as text."""
    return "".join(write(message) + "\n" for message in messages(name))


def rows(path: str, encoding: str = "utf-8", delimiter: str = ",") -> list[dict[str, str]]:
    """The rows of a CSV file."""
    text = (EXPORTS / path).read_bytes().decode(encoding)
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))


def track(
    event: str,
    when: Fraction,
    *,
    user: str = "",
    person: str = "",
    own_id: str = "",
    ip: str = "",
    user_agent: str = "",
    **properties: Any,
) -> Message:
    """One message; what is empty or None is absent."""
    present = {name: value for name, value in properties.items() if value not in ("", None)}
    identity = {name: value for name, value in present.items() if name in IDENTITY}
    known = {"userId": user, "personId": person, "event_id": own_id}
    identity |= {name: value for name, value in known.items() if value}
    context = {
        "integration": {"name": "inflection", "version": "1.0.0"},
        "library": {"name": "infl-seg", "version": VERSION},
    }
    about = {"personId": person, "ip": ip, "userAgent": user_agent}
    return {
        "messageId": reference.content(event, identity, when),
        "timestamp": wire(when),
        "type": "track",
        "event": event,
        **({"userId": user} if user else {"anonymousId": person}),
        "properties": present,
        "context": {**context, **{name: value for name, value in about.items() if value}},
        "integrations": {"Inflection": False},
    }


def local(text: str, form: str, zone: str) -> Fraction:
    """The instant of a local time, written by a format of strptime's."""
    clock = datetime.strptime(text, form)  # noqa: DTZ007 - the zone comes with the next line
    return reference.instant(clock.isoformat(" "), zone)


def wire(when: Fraction) -> str:
    """An instant as it is sent: UTC, cut to milliseconds."""
    return reference.exact(when)[:23] + "Z"


def hashed(text: str, salt: str = "") -> str:
    """The hex SHA-256 of salt and text."""
    return hashlib.sha256((salt + text).encode()).hexdigest()


def filled(cell: str) -> list[str]:
    """A cell, if there is anything in it."""
    return [cell] if cell else []


def dig(value: Any, *path: str | int) -> str:
    """What lies at the end of a path, as text; "" where nothing does."""
    for step in path:
        if isinstance(step, int):
            value = value[step] if value and len(value) > step else None
        else:
            value = value.get(step) if value else None
    if isinstance(value, Number):
        return value.text
    return value if isinstance(value, str) else "" if value is None else write(value)


def parse(text: str | bytes) -> Any:
    """Read JSON; numbers keep their digits."""
    return json.loads(text, parse_int=Number, parse_float=Number)


def write(value: Any) -> str:
    """Write JSON without a space, numbers by their digits."""
    if isinstance(value, Number):
        return value.text
    if isinstance(value, dict):
        return "{" + ",".join(f"{write(key)}:{write(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(write, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


if __name__ == "__main__":
    for export in EXPORTED:
        (EXPORTS / export / "golden.ndjson").write_text(golden(export), encoding="utf-8", newline="")
