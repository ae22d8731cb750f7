"""Made-up tables of a Marketing Cloud tracking extract, and data views as CSV, and their messages."""

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from pathlib import Path

from golden_support import Message, write_golden
from reference_profiles import track

Row = dict[str, str]
EXTRACT = (
    "ClientID",
    "SendID",
    "SubscriberKey",
    "EmailAddress",
    "SubscriberID",
    "ListID",
    "EventDate",
    "EventType",
)
LAST = ("BatchID", "TriggeredSendExternalKey")
LOCATED = ("IsUnique", "IpAddress", "Country", "Browser", "EmailClient", "OperatingSystem", "Device")
VIEW = (
    "AccountID",
    "OYBAccountID",
    "JobID",
    "ListID",
    "BatchID",
    "SubscriberID",
    "SubscriberKey",
    "EventDate",
    "Domain",
)
TRIGGERED = ("TriggererSendDefinitionObjectID", "TriggeredSendCustomerKey")
BOUNCED = (
    "BounceCategoryID",
    "BounceCategory",
    "BounceSubcategoryID",
    "BounceSubcategory",
    "SMTPBounceReason",
    "SMTPCode",
)
TABLES = {
    "Sent": (*EXTRACT, *LAST),
    "NotSent": (*EXTRACT, *LAST, "Reason"),
    "Opens": (*EXTRACT, *LAST, *LOCATED),
    "Clicks": (*EXTRACT, "SendURLID", "URLID", "URL", "Alias", *LAST),
    "Bounces": (*EXTRACT, "BounceCategory", "SMTPCode", "BounceReason", *LAST),
    "Unsubs": (*EXTRACT, *LAST),
    "Complaints": (*EXTRACT, *LAST, "Domain"),
    "_Sent": (*VIEW, *TRIGGERED),
    "_Open": (*VIEW, "IsUnique", *TRIGGERED),
    "_Click": (*VIEW, "URL", "LinkName", "LinkContent", "IsUnique", *TRIGGERED),
    "_Bounce": (*VIEW, "IsUnique", *BOUNCED, *TRIGGERED),
    "_Unsubscribe": (*VIEW, "IsUnique"),
    "_Complaint": (*VIEW, "IsUnique"),
}
NAMES = {
    "Opens": "Email Opened",
    "_Open": "Email Opened",
    "Clicks": "Link Clicked",
    "_Click": "Link Clicked",
    "Bounces": "Email Bounced",
    "_Bounce": "Email Bounced",
    "Unsubs": "Email Unsubscribed",
    "_Unsubscribe": "Email Unsubscribed",
    "Complaints": "Email Reported as Spam",
    "_Complaint": "Email Reported as Spam",
}
TYPES = {"Sent": "Sent", "NotSent": "NotSent", "Opens": "Open", "Clicks": "Click", "Bounces": "Bounce"}
TYPES |= {"Unsubs": "Unsubscribe", "Complaints": "Complaint"}
CATEGORIES = {
    "Hard bounce": "hard",
    "Soft bounce": "soft",
    "Block bounce": "block",
    "Technical/Other bounce": "technical",
    "Unknown bounce": "unknown",
}
PEOPLE = {"ada": ("0031", "510001"), "bob": ("bob@shop.example", "510002"), "kim": ("00042", "510003")}


def row(table: str, person: str, when: str, send: str = "7701", batch: str = "0", **more: str) -> Row:
    """One row of a table, with what all rows have."""
    key, number = PEOPLE[person]
    batched = {
        "ListID": "41",
        "BatchID": batch,
        "EventDate": when,
        "SubscriberKey": key,
        "SubscriberID": number,
    }
    if table.startswith("_"):
        return {**batched, "AccountID": "100014", "JobID": send, "Domain": "shop.example", **more}
    address = f"{person}@shop.example"
    return {
        **batched,
        "ClientID": "100014",
        "SendID": send,
        "EmailAddress": address,
        "EventType": TYPES[table],
        **more,
    }


JOURNEY = {"TriggeredSendExternalKey": "welcome-1"}
PHONE = {"IpAddress": "198.51.100.7", "Country": "DE", "Browser": "Made-up 1", "EmailClient": "Shop Mail"}
PHONE |= {"OperatingSystem": "Phone OS", "Device": "Phone"}

ROWS = {
    "Sent": [row("Sent", "ada", "3/5/2024 4:00:00 AM"), row("Sent", "bob", "3/5/2024 4:00:00 AM")],
    "NotSent": [row("NotSent", "kim", "3/5/2024 4:00:01 AM", Reason="List Detective")],
    "Opens": [
        row("Opens", "ada", "3/5/2024 4:07:09 PM", IsUnique="True", **PHONE),
        row("Opens", "ada", "3/5/2024 4:07:10 PM", IsUnique="False"),
        # No clock is put forward that night, as in Chicago it is.
        row("Opens", "kim", "3/10/2024 2:30:00 AM", send="7702", batch="12", IsUnique="1", **JOURNEY),
        row("Opens", "bob", "7/5/2024 12:00:00 AM"),
    ],
    "Clicks": [
        row(
            "Clicks",
            "ada",
            "3/5/2024 4:08:00 PM",
            SendURLID="9",
            URLID="3",
            URL="https://shop.example/ä?b=1,2",
            Alias="Hero",
        ),
        row("Clicks", "ada", "3/5/2024 4:08:00 PM", SendURLID="10", URLID="4", URL="https://shop.example/c"),
    ],
    "Bounces": [
        row(
            "Bounces",
            "bob",
            "3/5/2024 4:00:09 AM",
            BounceCategory=name,
            SMTPCode="550",
            BounceReason=f'5.1.1 "{word}", bye',
            send=f"770{at}",
        )
        for at, (name, word) in enumerate(CATEGORIES.items())
    ],
    "Unsubs": [row("Unsubs", "kim", "3/10/2024 12:30:00 PM", send="7702", batch="12", **JOURNEY)],
    "Complaints": [row("Complaints", "bob", "11/3/2024 1:30:00 AM", Domain="shop.example")],
    "_Sent": [row("_Sent", "ada", "3/6/2024 4:00:00 AM", send="7703")],
    "_Open": [
        row("_Open", "ada", "3/6/2024 4:07:09 AM", send="7703", IsUnique="1"),
        row("_Open", "ada", "3/6/2024 4:09:09 AM", send="7703", IsUnique="0"),
    ],
    "_Click": [
        row(
            "_Click",
            "kim",
            "3/6/2024 4:10:00 AM",
            send="7703",
            batch="13",
            URL="https://shop.example/d",
            LinkName="Footer",
            IsUnique="1",
            TriggeredSendCustomerKey="welcome-1",
            TriggererSendDefinitionObjectID="aaaaaaaa-0000-0000-0000-000000000001",
        )
    ],
    "_Bounce": [
        row(
            "_Bounce",
            "bob",
            "3/6/2024 4:00:05 AM",
            send="7703",
            BounceCategory="Soft bounce",
            SMTPBounceReason="452 full",
            SMTPCode="452",
            IsUnique="1",
        )
    ],
    "_Unsubscribe": [row("_Unsubscribe", "ada", "3/6/2024 5:00:00 AM", send="7703", IsUnique="1")],
    "_Complaint": [row("_Complaint", "bob", "3/6/2024 5:00:00 PM", send="7703", IsUnique="1")],
}


def instant(text: str) -> Fraction:
    """A time of Marketing Cloud's own clock, which is six hours behind UTC all year."""
    clock = datetime.strptime(text, "%m/%d/%Y %I:%M:%S %p") + timedelta(hours=6)  # noqa: DTZ007 - in UTC by now
    return Fraction((clock - datetime(1970, 1, 1)).total_seconds())  # noqa: DTZ001 - likewise


def messages(table: str) -> Iterator[Message]:
    """What the rows of a table should become."""
    for each in ROWS[table] if table in NAMES else ():
        name = NAMES[table]
        seen = each if name in {"Email Opened", "Link Clicked"} else {}
        bounced = each if name == "Email Bounced" else {}
        flag = {"True": True, "1": True, "False": False, "0": False}.get(seen.get("IsUnique", ""), "")
        send = each.get("SendID") or each["JobID"]
        yield track(
            name,
            instant(each["EventDate"]),
            user=each["SubscriberKey"],
            ip=seen.get("IpAddress", ""),
            email_id=send,
            campaign_id=send,
            campaign_run_id="" if each["BatchID"] == "0" else each["BatchID"],
            email_link_url=each.get("URL"),
            is_unique_open=flag if name == "Email Opened" else "",
            is_unique_click=flag if name == "Link Clicked" else "",
            triggered_send=each.get("TriggeredSendExternalKey") or each.get("TriggeredSendCustomerKey"),
            account_id=each.get("ClientID") or each["AccountID"],
            list_id=each["ListID"],
            link_name=each.get("Alias") or each.get("LinkName"),
            email_client=each.get("EmailClient"),
            operating_system=each.get("OperatingSystem"),
            device=each.get("Device"),
            bounce_code=bounced.get("SMTPCode"),
            bounce_reason=bounced.get("BounceReason") or bounced.get("SMTPBounceReason"),
            bounce_type=CATEGORIES.get(bounced.get("BounceCategory", ""), ""),
        )


def write_table(path: Path, columns: Sequence[str], rows: list[Row], encoding: str) -> None:
    """Write a table as Marketing Cloud does: quoted, with ends of lines as Windows has them."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    mark = "\ufeff" if encoding == "utf-16-le" else ""
    path.write_bytes((mark + text.getvalue()).encode(encoding))


def write(folder: Path) -> None:
    """Write the export and the golden file."""
    for table, rows in ROWS.items():
        encoding = "utf-8" if table.startswith("_") or table == "Unsubs" else "utf-16-le"
        write_table(folder / f"export.{table}.csv", TABLES[table], rows, encoding)
    write_golden(folder, [each for table in sorted(ROWS) for each in messages(table)])
