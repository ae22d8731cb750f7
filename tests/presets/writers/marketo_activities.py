"""A made-up bulk activity extract of Marketo, and its messages."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from golden_support import Message, write_golden
from reference import instant
from reference_profiles import track

Row = dict[str, Any]
COLUMNS = (
    "marketoGUID",
    "leadId",
    "activityDate",
    "activityTypeId",
    "campaignId",
    "primaryAttributeValueId",
    "primaryAttributeValue",
    "attributes",
)
NAMES = {
    7: "Email Delivered",
    8: "Email Bounced",
    27: "Email Bounced",
    9: "Email Unsubscribed",
    10: "Email Opened",
}
NAMES |= {11: "Link Clicked"}

SENT = {"Campaign Run ID": 30412, "Choice Number": 0, "Step ID": 7, "Test Variant": 2}
PHONE = {
    "Device": "Phone",
    "Is Mobile Device": True,
    "Platform": "Phone OS",
    "User Agent": 'Mozilla/5.0 (made up; "Phone")',
    "Client IP Address": "198.51.100.7",
}
PERSON = {"Is Bot Activity": False, "Bot Activity Pattern": "N/A"}
BOT = {
    "Is Bot Activity": True,
    "Bot Activity Pattern": "Match IAB",
    "Device": "unknown",
    "Platform": "unknown",
}


def row(number: int, kind: int, lead: int, attributes: Row | str, **other: str) -> Row:
    """One activity; `attributes` is an object, or the text that stands in its place."""
    return {
        "marketoGUID": str(783957690 + number),
        "leadId": str(lead),
        "activityDate": f"2024-03-05T10:{number:02}:00Z",
        "activityTypeId": kind,
        "campaignId": "8497",
        "primaryAttributeValueId": "1670",
        "primaryAttributeValue": 'Webinar 03.Invitation, "früh"',
        "attributes": attributes,
        **other,
    }


ROWS = [
    row(1, 6, 5414087, SENT),
    row(2, 7, 5414087, SENT),
    row(3, 10, 5414087, {**SENT, **PHONE, **PERSON}),
    row(4, 10, 5414087, {**SENT, **BOT}, activityDate="2024-03-05T11:04:00+0000"),
    row(5, 11, 5414087, {**SENT, **PHONE, "Link": "https://shop.example/w?a=1,2", "Link ID": "77"}),
    row(
        6,
        11,
        5414088,
        {**SENT, **BOT, "Link": "https://shop.example/w"},
        activityDate="2024-03-05T05:06:00-0600",
    ),
    row(
        7, 8, 5414089, {**SENT, "Category": "2", "Details": '550 5.1.1 "no" such user', "Subcategory": "2003"}
    ),
    row(8, 27, 5414088, {**SENT, "Category": "3", "Details": "452 full", "Email": "kim@shop.example"}),
    # An unsubscription on a form has no campaign, and its attributes are those of a page.
    row(9, 9, 5414088, {"Client IP Address": "203.0.113.9", "Webform ID": 1011}, campaignId="null"),
    row(10, 7, 5414090, "", campaignId="null", primaryAttributeValue="null"),
    row(11, 9, 5414090, "null"),
    row(12, 7, 5414091, {**SENT, "Campaign Run ID": 210000000000000000007, "Test Variant": "2"}),
    row(13, 1, 5414087, {"Webpage URL": "/pricing", "Client IP Address": "198.51.100.7"}),
    row(14, 13, 5414087, {"New Value": "Ada", "Old Value": None}),
    row(15, 40, 5414087, {"Artifact ID": 5}),
    row(16, 100001, 5414087, {"Any": "thing"}),
]
# A second extract, whose days overlap the first one.
LATER = [ROWS[4], row(17, 10, 5414092, {**SENT, **PHONE}, marketoGUID="9223372036854775809123")]


def text_of(attributes: Row | str) -> str:
    """The attributes as the extract has them: JSON on one line."""
    return attributes if isinstance(attributes, str) else json.dumps(attributes, ensure_ascii=False)


def messages(rows: list[Row]) -> Iterator[Message]:
    """What the activities should become."""
    for each in rows:
        kind = each["activityTypeId"]
        if kind not in NAMES:
            continue
        about: Row = each["attributes"] if isinstance(each["attributes"], dict) else {}
        yield track(
            NAMES[kind],
            instant(each["activityDate"]),
            person=each["leadId"],
            own_id=each["marketoGUID"],
            ip=about.get("Client IP Address", ""),
            user_agent=about.get("User Agent", ""),
            email_id=each["primaryAttributeValueId"],
            campaign_id=known(each["campaignId"]),
            campaign_run_id=str(about.get("Campaign Run ID", "")),
            email_link_url=about.get("Link"),
            email_name=known(each["primaryAttributeValue"]),
            test_variant=int(about["Test Variant"]) if "Test Variant" in about else "",
            is_bot=about.get("Is Bot Activity"),
            bot_activity_pattern=about.get("Bot Activity Pattern"),
            is_mobile_device=about.get("Is Mobile Device"),
            device=known(about.get("Device", ""), "unknown"),
            platform=known(about.get("Platform", ""), "unknown"),
            bounce_type={8: "hard", 27: "soft"}.get(kind),
            bounce_reason=about.get("Details"),
            bounce_category=about.get("Category"),
            bounce_subcategory=about.get("Subcategory"),
        )


def known(text: str, word: str = "null") -> str:
    """A text, or nothing where it is the word for nothing."""
    return "" if text == word else text


def write_extract(path: Path, rows: list[Row]) -> None:
    """Write a CSV file of the extract."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows({**each, "attributes": text_of(each["attributes"])} for each in rows)
    path.write_bytes(text.getvalue().encode())


def write(folder: Path) -> None:
    """Write the export and the golden file."""
    write_extract(folder / "export.1.csv", ROWS)
    write_extract(folder / "export.2.csv", LATER)
    write_golden(folder, messages([*ROWS, *LATER]))
