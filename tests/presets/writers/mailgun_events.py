"""Made-up events of Mailgun: a page of its API, bodies of webhooks, legacy bodies; and the messages of all."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from golden_support import Message, write_golden, write_json, write_ndjson
from reference import instant
from reference_profiles import dig, track

Event = dict[str, Any]
NAMES = {
    "delivered": "Email Delivered",
    "opened": "Email Opened",
    "clicked": "Link Clicked",
    "failed": "Email Bounced",
    "bounced": "Email Bounced",
    "dropped": "Email Bounced",
    "complained": "Email Reported as Spam",
    "unsubscribed": "Email Unsubscribed",
}
SUPPRESSED = {"suppress-bounce", "suppress-complaint", "suppress-unsubscribe"}

PHONE = {
    "ip": "198.51.100.7",
    "geolocation": {"country": "DE", "region": "Unknown", "city": "Unknown"},
    "client-info": {
        "client-name": "Mobile Safari",
        "client-type": "mobile browser",
        "device-type": "mobile",
        "user-agent": "Mozilla/5.0 (made up; Phone)",
        "bot": "",
    },
}
APPLE = {
    "ip": "203.0.113.8",
    "geolocation": {"country": "US", "region": "Unknown", "city": "Unknown"},
    "client-info": {"device-type": "unknown", "user-agent": "Mozilla/5.0", "bot": "apple"},
}
SCANNER = {"ip": "203.0.113.9", "client-info": {"device-type": "desktop", "bot": "generic"}}


def event(number: int, kind: str, person: str, **more: Any) -> Event:
    """One event as the API has it; the time has as many digits as a double of Mailgun's."""
    return {
        "event": kind,
        "id": f"made-up-{number:02}",
        "timestamp": 1709632800 + 61 * number + 0.123456,
        "log-level": "info",
        "recipient": f"{person}@shop.example",
        "recipient-domain": "shop.example",
        "tags": ["spring", "vip"],
        "campaigns": [],
        "user-variables": {"customer": f"c-{person}"},
        "flags": {"is-test-mode": False},
        "message": {
            "headers": {
                "message-id": f"20240305.{number % 3}@mg.shop.example",
                "subject": "„Frühling“, 20 % & mehr",
                "from": "Shop <news@mg.shop.example>",
                "to": f"{person}@shop.example",
            },
            "attachments": [],
            "size": 512,
        },
        **more,
    }


def failed(number: int, person: str, severity: str, reason: str, code: int) -> Event:
    """A failure as the API has it."""
    status = {"code": code, "message": f"<{person}@shop.example>: no", "attempt-no": 1}
    more = {"severity": severity, "reason": reason, "delivery-status": status, "log-level": "error"}
    return event(number, "failed", person, **more)


STATUS = {"delivery-status": {"code": 250, "message": "OK", "session-seconds": 0.52}}
CLICKED = {"url": "https://shop.example/a?b=1&c=2"}
BARE = {
    "tags": [],
    "user-variables": [],
    "message": {"headers": {"message-id": "20240305.9@mg.shop.example"}},
}
PAGE = [
    event(1, "accepted", "ada"),
    event(2, "delivered", "ada", template={"name": "welcome"}, **STATUS),
    event(3, "opened", "ada", **PHONE),
    event(4, "clicked", "ada", **CLICKED, **PHONE),
    event(5, "opened", "bob", **APPLE),
    event(6, "clicked", "bob", **CLICKED, **SCANNER),
    failed(7, "eve", "permanent", "bounce", 550),
    failed(8, "eve", "temporary", "generic", 451),
    failed(9, "eve", "permanent", "suppress-bounce", 605),
    event(10, "rejected", "eve", reject={"reason": "made up", "description": ""}),
    event(11, "stored", "news"),
    {
        "event": "list_member_uploaded",
        "id": "made-up-12",
        "timestamp": 1709633532.5,
        "task-id": "t",
        "mailing-list": {"address": "list@mg.shop.example"},
        "member": {"address": "kim@shop.example", "subscribed": True, "name": ""},
    },
    {"event": "list_member_upload_error", "id": "made-up-13", "timestamp": 1709633593.5, "format": "text"},
    {"event": "list_uploaded", "id": "made-up-14", "timestamp": 1709633654.5, "failed-count": 1},
]
POSTED = [
    event(3, "opened", "ada", **PHONE),
    event(15, "complained", "kim"),
    event(16, "unsubscribed", "kim", **{"mailing-list": {"address": "list@mg.shop.example"}}, **PHONE),
    event(17, "delivered", "zoë", **BARE),
    failed(18, "zoë", "permanent", "old", 602),
]


def legacy(number: int, kind: str, person: str, **more: Any) -> Event:
    """A legacy body: flat, and its numbers are texts, as forms have them."""
    signed = {"token": f"{number:050}", "signature": f"{number:064x}"}
    seconds = {"timestamp": str(1430812195 + 61 * number)}
    to = {"event": kind, "recipient": f"{person}@shop.example", "domain": "mg.shop.example"}
    return {**to, **more, **seconds, **signed}


BROWSER = {
    "ip": "198.51.100.9",
    "country": "FR",
    "region": "unknown",
    "city": "unknown",
    "user-agent": "Mozilla/5.0 (made up; Desktop)",
    "device-type": "desktop",
    "client-type": "browser",
}
CAMPAIGN = {
    "campaign-id": "c-7",
    "campaign-name": "Été, “20 %”",
    "tag": "ete",
    "message-id": "old.1@mg.shop.example",
}
HEADERS = {"message-headers": '[["Subject","Old"]]', "Message-Id": "<old.1@mg.shop.example>"}
LEGACY = [
    legacy(1, "delivered", "ada", **HEADERS),
    legacy(2, "opened", "ada", **BROWSER, **CAMPAIGN),
    legacy(3, "clicked", "ada", url="https://shop.example/old", **BROWSER, **CAMPAIGN),
    legacy(4, "bounced", "eve", code="5.1.1", error="no such user", **HEADERS),
    legacy(5, "dropped", "eve", reason="hardfail", code="605", **HEADERS),
    legacy(6, "dropped", "eve", reason="old", code="602", **HEADERS),
    legacy(7, "complained", "kim", **HEADERS),
    legacy(
        8,
        "unsubscribed",
        "kim",
        **{**BROWSER, "country": "unknown", "device-type": "unknown"},
        tag=["ete", "b"],
    ),
]


def is_sent(each: Event) -> bool:
    """Whether an event is one of Inflection's."""
    if each["event"] == "failed":
        return each["severity"] == "permanent" and each["reason"] not in SUPPRESSED
    if each["event"] == "dropped":
        return bool(each["reason"] == "old")
    return each["event"] in NAMES


def current(each: Event) -> Message:
    """What an event of the API or of a current webhook should become."""
    info = each.get("client-info", {})
    bounced = each if each["event"] == "failed" else {}
    return track(
        NAMES[each["event"]],
        instant(repr(each["timestamp"])),
        user=each["recipient"],
        ip=dig(each, "ip"),
        user_agent=dig(info, "user-agent"),
        email_id=each["message"]["headers"]["message-id"],
        email_subject=dig(each, "message", "headers", "subject"),
        email_link_url=dig(each, "url"),
        campaign_id=dig(each["tags"], 0),
        tags=each["tags"],
        template=dig(each, "template", "name"),
        mailing_list=dig(each, "mailing-list", "address"),
        country=known(dig(each, "geolocation", "country")),
        device_type=known(dig(info, "device-type")),
        bot=dig(info, "bot"),
        machine_open=True if dig(info, "bot") and each["event"] == "opened" else None,
        bounce_type="hard" if bounced else "",
        bounce_reason=dig(bounced, "reason"),
        bounce_code=str(bounced["delivery-status"]["code"]) if bounced else "",
    )


def of_old(each: Event) -> Message:
    """What a legacy body should become."""
    kind, tag = each["event"], each.get("tag", "")
    return track(
        NAMES[kind],
        instant(each["timestamp"]),
        user=each["recipient"],
        ip=each.get("ip", ""),
        user_agent=each.get("user-agent", ""),
        email_id=(dig(each, "Message-Id") or dig(each, "message-id")).strip("<>"),
        email_link_url=each.get("url"),
        campaign_id=each.get("campaign-id") or (tag[0] if isinstance(tag, list) else tag),
        campaign_name=each.get("campaign-name"),
        country=known(each.get("country", "")),
        device_type=known(each.get("device-type", "")),
        bounce_type={"bounced": "hard", "dropped": "soft"}.get(kind, ""),
        bounce_reason=each["reason"] if kind == "dropped" else "",
        bounce_code=each.get("code") if kind in {"bounced", "dropped"} else "",
    )


def known(word: str) -> str:
    """A word, unless it says that Mailgun knows none."""
    return "" if word == "unknown" else word


def messages() -> Iterator[Message]:
    """What all files should become, in their order."""
    yield from (of_old(each) for each in LEGACY if is_sent(each))
    yield from (current(each) for each in [*PAGE, *POSTED] if is_sent(each))


def posted(each: Event) -> Event:
    """The body of a webhook."""
    signature = {
        "timestamp": str(int(each["timestamp"]) + 1),
        "token": each["id"] * 5,
        "signature": "0f" * 32,
    }
    return {"signature": signature, "event-data": each}


def write(folder: Path) -> None:
    """Write the three exports and the golden file."""
    write_ndjson(folder / "export-legacy.ndjson", LEGACY)
    write_json(
        folder / "export-page.json", {"items": PAGE, "paging": {"next": "https://api.mailgun.example/2"}}
    )
    write_ndjson(folder / "export-webhooks.ndjson", map(posted, POSTED))
    write_golden(folder, messages())
