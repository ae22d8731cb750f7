"""Makes the files under samples/: `python tests/support/make_samples.py` writes them again, byte for byte.

Nothing here is drawn at random: what varies is picked by a hash, so that any Python makes the same files.
`*.expected.json` and README.md are not made: they are written by hand.
"""

import csv
import hashlib
import io
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import reference

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
ROWS = 400
VERSION = "0.1.0"
"""The version that the ready messages name: the one whose dry run they show."""

Row = dict[str, str]
Option = TypeVar("Option")

COLUMNS = (
    "event",
    "timestamp",
    "userId",
    "personId",
    "campaign_id",
    "campaign_run_id",
    "campaign_name",
    "email_id",
    "email_subject",
    "email_link_url",
    "is_unique_open",
    "is_unique_click",
    "ip",
    "user_agent",
    "Mail Client",
    "region",
)

# Subjects in the wild: quotes, commas, line breaks, emoji, combining marks, right to left, a line separator.
WAVES: tuple[dict[str, Any], ...] = (
    {
        "start": datetime(2024, 3, 5, 8, 0, tzinfo=UTC),
        "campaign_id": "c-2024-spring",
        "campaign_run_id": "0042",
        "campaign_name": 'Spring Launch 2024, "Early Bird"',
        "email_id": "e-announce",
        "subjects": (
            'Spring is here, and so is "Meadow" 🌷',
            "Frühling, endlich: 20 % auf alles",
            "Un cafe\u0301 offert, dès demain",
            "האביב כאן, והמבצע גם",
        ),
    },
    {
        "start": datetime(2024, 3, 12, 8, 0, tzinfo=UTC),
        "campaign_id": "c-2024-spring",
        "campaign_run_id": "0043",
        "campaign_name": "Spring Launch 2024\nReminder, second wave",
        "email_id": "e-reminder",
        "subjects": (
            "Last chance,\nreally \U0001f469\u200d\U0001f33e",
            "春の新作、まもなく終了",
            "Two lines\u2028by a line separator",
            "عرض الربيع؛ آخر فرصة",
        ),
    },
)

LINKS = (
    "https://shop.example/spring",
    "https://shop.example/spring?colours=red,green,blue",
    'https://shop.example/search?q="meadow"',
    "https://shop.example/frühling/größe?farbe=grün",
    "http://shop.example/ربيع?utm_source=inflection&utm_medium=email#top",
)
CLIENTS = ("Apple Mail", "Gmail", "Outlook 365, Windows", 'Thunderbird "Supernova"', "")
REGIONS = ("EMEA", "Île-de-France", "日本", "")
AGENTS = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_3) AppleWebKit/605.1.15 (KHTML, like Gecko)",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; GoogleImageProxy)",
    "",
)
USER_IDS = ("007", "9007199254740993017", "100000000000000000042", "kundin-zoë", "ACME/eu,west")
"""Ids that a spreadsheet or a float would spoil, or that a hasty CSV writer would not quote."""


def dice(*label: object) -> int:
    """A number from 0 to 99 that hangs on the label alone."""
    return int.from_bytes(hashlib.sha256(repr(label).encode()).digest()[:8], "big") % 100


def pick(options: Sequence[Option], *label: object) -> Option:
    """One of the options, by the label alone."""
    return options[dice(*label) % len(options)]


def stamp(when: datetime) -> str:
    """`2024-03-05T08:00:00.123Z`."""
    return f"{when:%Y-%m-%dT%H:%M:%S}.{when.microsecond // 1000:03d}Z"


def person(number: int, *, known: bool) -> Row:
    """A person's ids: two in five stay anonymous, two have both ids, one comes without Inflection's."""
    user_id = USER_IDS[number // 5] if number % 5 == 4 and number < 25 else f"u-{1000 + number}"
    person_id = "p_" + hashlib.sha256(b"person %d" % number).hexdigest()[:16]
    if number % 5 == 4:
        return {"userId": user_id}
    if number % 5 == 0 or (number % 5 == 1 and not known):
        return {"personId": person_id}
    return {"userId": user_id, "personId": person_id}


def steps(number: int, wave: int) -> Iterator[tuple[str, Row]]:
    """What becomes of one email to one person, in the order in which it happens."""
    if dice("bounce", number, wave) < 6:
        yield "Email Bounced", {}
        return
    yield "Email Delivered", {}
    opens = pick((0, 1, 1, 1, 2, 3), "opens", number, wave)
    for nth in range(opens):
        yield "Email Opened", {"is_unique_open": "true" if nth == 0 else "false"}
        if nth == 0:
            yield "Email Unique Opens", {"is_unique_open": "true"}
    if opens and dice("click", number, wave) < 45:
        yield from clicks(number, wave)
    if dice("leave", number, wave) < 7:
        yield "Email Unsubscribed", {}
    elif dice("spam", number, wave) < 6:
        yield "Email Reported as Spam", {}


def clicks(number: int, wave: int) -> Iterator[tuple[str, Row]]:
    """One or two clicks; the first is counted by the unique events as well."""
    first = pick(LINKS, "link", number, wave)
    yield "Link Clicked", {"email_link_url": first, "is_unique_click": "true"}
    yield "Unique Link Click", {"email_link_url": first, "is_unique_click": "true"}
    yield "Unique Link Click per Unique Open", {"email_link_url": first, "is_unique_click": "true"}
    if dice("again", number, wave) < 30:
        yield "Link Clicked", {"email_link_url": first, "is_unique_click": "false"}


def journey(number: int, wave: int) -> Iterator[tuple[datetime, Row]]:
    """The rows of one email to one person, each with its time."""
    mail = WAVES[wave]
    when = mail["start"] + timedelta(seconds=2 * number, milliseconds=dice("sent", number, wave))
    known = wave > 0
    for nth, (event, own) in enumerate(steps(number, wave)):
        if nth:
            when += timedelta(milliseconds=7) if "Unique" in event else delay(number, wave, nth)
        known = known or event == "Link Clicked"
        yield (
            when,
            {
                "event": event,
                "timestamp": stamp(when),
                **person(number, known=known),
                **{
                    name: mail[name]
                    for name in ("campaign_id", "campaign_run_id", "campaign_name", "email_id")
                },
                "email_subject": pick(mail["subjects"], "subject", number),
                **own,
                **(surroundings(number) if event not in ("Email Delivered", "Email Bounced") else {}),
                "region": pick(REGIONS, "region", number),
            },
        )


def delay(number: int, wave: int, nth: int) -> timedelta:
    """How long a person takes from one step to the next: minutes to a day, with odd milliseconds."""
    minutes = 1 + dice("minutes", number, wave, nth) ** 2 // 7
    return timedelta(minutes=minutes, milliseconds=37 * number + dice("millis", number, wave, nth))


def surroundings(number: int) -> Row:
    """Where an email was opened; the addresses are the ones kept for documentation (RFC 5737, RFC 3849)."""
    address = f"198.51.100.{number}" if dice("family", number) < 70 else f"2001:db8::{number:x}"
    return {
        "ip": address,
        "user_agent": pick(AGENTS, "agent", number),
        "Mail Client": pick(CLIENTS, "client", number),
    }


def campaign() -> list[Row]:
    """The campaign's rows, by time, absent cells left out."""
    timed = [step for wave in range(len(WAVES)) for number in range(70) for step in journey(number, wave)]
    timed.sort(key=lambda step: step[0])
    return [{name: cell for name, cell in row.items() if cell} for _, row in timed[:ROWS]]


def as_csv(columns: Sequence[str], rows: Sequence[Row], *, delimiter: str = ",", end: str = "\n") -> str:
    """The rows as CSV, quoted only where it is needed."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, restval="", delimiter=delimiter, lineterminator=end)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def as_ndjson(objects: Sequence[Any]) -> str:
    """One object per line."""
    return "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in objects)


def with_flags(row: Row) -> dict[str, Any]:
    """A row as an NDJSON export has it: flags are JSON's booleans."""
    return {name: cell == "true" if name in reference.FLAGS else cell for name, cell in row.items()}


NEWSLETTER_COLUMNS = (
    "Event ID",
    "Contact ID",
    "Activity Type",
    "Occurred At",
    "Journey ID",
    "Journey Name",
    "Template ID",
    "Subject",
    "Link",
    "Audience",
)
NEWSLETTER_EVENTS = {
    "EMAIL_DELIVERED": "Email Delivered",
    "delivered": "Email Delivered",
    "opened": "Email Opened",
    "Email-Opened": "Email Opened",
    "click": "Link Clicked",
    "bounced": "Email Bounced",
    "Unsubscribe": "Email Unsubscribed",
}


def newsletter() -> list[Row]:
    """Another tool's words, local times of Berlin on both sides of a change of clocks, rows of sending."""
    timed: list[tuple[datetime, Row]] = []
    for issue, day in enumerate(
        (datetime(2024, 3, 28, 7, 30, tzinfo=UTC), datetime(2024, 4, 4, 6, 30, tzinfo=UTC))
    ):
        for number in range(10):
            timed += newsletter_steps(issue, number, day + timedelta(seconds=11 * number))
    timed.sort(key=lambda step: step[0])
    return [{"Event ID": f"{900001 + nth}", **row} for nth, (_, row) in enumerate(timed)]


def newsletter_steps(issue: int, number: int, sent: datetime) -> Iterator[tuple[datetime, Row]]:
    """One newsletter to one contact: sent, delivered or bounced, perhaps opened and clicked."""
    words = (
        ["Sent", "bounced"]
        if (issue, number) == (0, 7)
        else ["Sent", pick(("EMAIL_DELIVERED", "delivered"), number)]
    )
    if dice("news-open", issue, number) < 60 and "bounced" not in words:
        words += [pick(("opened", "Email-Opened"), issue, number)]
        words += ["click"] * (dice("news-click", issue, number) < 60)
    words += ["Unsubscribe"] * ((issue, number) == (1, 3))
    when = sent
    for nth, word in enumerate(words):
        when += timedelta(seconds=(0, 3)[nth] if nth < 2 else 3 + 60 * dice("news", issue, number, nth))
        yield (
            when,
            {
                "Contact ID": f"00{4100 + number}",
                "Activity Type": word,
                "Occurred At": f"{when.astimezone(ZoneInfo('Europe/Berlin')):%Y-%m-%d %H:%M:%S}",
                "Journey ID": "J-17",
                "Journey Name": "Garten; Haus & Hof",
                "Template ID": f"T-{issue + 1}",
                "Subject": ('Was blüht im "März"?', "April, April;\r\nder macht, was er will")[issue],
                "Link": "https://garten.example/beet?lage=süd;schatten=nein" if word == "click" else "",
                "Audience": "Kundschaft; Bestand" if number % 3 else "",
            },
        )


BROKEN_HEADER = (
    "event,userId,personId,email_id,campaign_id,email_subject,email_link_url,is_unique_open,timestamp"
    ",Note,Phone Number,"
)
BROKEN: tuple[bytes, ...] = (
    # Good, and the first of two that are one event by every identifying field.
    b"Email Opened,u-1,,e-1,c-1,Spring sale,,true,2024-03-05T09:00:00.000Z,,,",
    # What cannot be read.
    b'Email Opened,u-2,,e-1,c-1,"Spring "big" sale",,true,2024-03-05T09:01:00.000Z,,,',
    b'Email Opened,u-3,,e-1,c-1,"Spring\nsale, a good row of two lines",,true,2024-03-05T09:02:00.000Z,,,',
    b"Email Opened,u-4,,e-1,c-1,Spring, the sale,,true,2024-03-05T09:03:00.000Z,,,",
    b"Email Opened,u-5,,e-1,c-1,Spring\rsale,,true,2024-03-05T09:04:00.000Z,,,",
    b"Email Opened,u-6,,e-1,c-1,Spring\0sale,,true,2024-03-05T09:05:00.000Z,,,",
    b"Email Opened,u-7,,e-1,c-1,Fr\xfchling,,true,2024-03-05T09:06:00.000Z,,,",
    b"Email Opened,u-8,,e-1,c-1,Spring sale,,true,2024-03-05T09:07:00.000Z,,,yes",
    # What cannot be mapped.
    b",u-9,,e-1,c-1,Spring sale,,,2024-03-05T09:08:00.000Z,,,",
    b"Sent,u-10,,e-1,c-1,Spring sale,,,2024-03-05T09:09:00.000Z,,,",
    b"Email Delivered,,,e-1,c-1,Spring sale,,,2024-03-05T09:10:00.000Z,,,",
    b"Email Delivered,1.23457E+18,,e-1,c-1,Spring sale,,,2024-03-05T09:11:00.000Z,,,",
    b"Email Opened,u-13,,e-1,c-1,Spring sale,,maybe,2024-03-05T09:12:00.000Z,,,",
    # Warnings: these rows are sent.
    b"Email Delivered, u-14 ,,e-1,c-1,Spring sale,,,2024-03-05T09:13:00.000Z,fine,,",
    b"Email Delivered,u-15,,e-1,c-1,Spring sale,,,2024-03-05T09:14:00.000Z,ada@example.com,+1 202 555 0143,",
    b"Email Delivered,u-16,,e-1,,Spring sale,,,2024-03-05T09:15:00.000Z,fine,,",
    b"Link Clicked,u-17,,e-1,c-1,Spring sale,,,2024-03-05T09:16:00.000Z,fine,,",
    b"Link Clicked,u-18,,e-1,c-1,Spring sale,shop.example/spring,,2024-03-05T09:17:00.000Z,fine,,",
    b"Email Delivered,u-19,,e-1,n/a,Spring sale,,,2024-03-05T09:18:00.000Z,,,",
    b"Email Unique Opens,u-20,,e-1,c-1,Spring sale,,false,2024-03-05T09:19:00.000Z,,,",
    b"Email Opened,u-1,,e-1,c-1,Spring sale,,false,2024-03-05T09:00:00.000Z,,,",
    # Times.
    b"Email Delivered,u-22,,e-1,c-1,Spring sale,,,,,,",
    b"Email Delivered,u-23,,e-1,c-1,Spring sale,,,2024-03-31 02:30:00,,,",
    b"Email Delivered,u-24,,e-1,c-1,Spring sale,,,2024-10-27 02:30:00,,,",
    b"Email Delivered,u-25,,e-1,c-1,Spring sale,,,2024-03-05,,,",
    b"Email Delivered,u-26,,e-1,c-1,Spring sale,,,03/04/2024 10:00:00,,,",
    b'Email Delivered,u-27,,e-1,c-1,Spring sale,,,"Mar 5, 2024 9:30 AM",,,',
    b"Email Delivered,u-28,,e-1,c-1,Spring sale,,,yesterday,,,",
    b"Email Delivered,u-29,,e-1,c-1,Spring sale,,,2023-02-29T09:30:00Z,,,",
    b"Email Delivered,u-30,,e-1,c-1,Spring sale,,,1.70929E+12,,,",
    b"Email Delivered,u-31,,e-1,c-1,Spring sale,,,45352.39,,,",
    b"Email Delivered,u-32,,e-1,c-1,Spring sale,,,17092854001,,,",
    b"Email Delivered,u-33,,e-1,c-1,Spring sale,,,2099-01-01T00:00:00Z,,,",
    b"Email Delivered,u-34,,e-1,c-1,Spring sale,,,0001-01-01T00:00:00Z,,,",
    b"Email Delivered,u-35,,e-1,c-1,Spring sale,,,1999-12-31T23:59:59Z,,,",
    # A quote that nothing closes: it must not swallow the good row after it.
    b'Email Opened,u-36,,e-1,c-1,"Spring\nsale,,true,2024-03-05T09:36:00.000Z,,,',
    b"Email Opened,u-37,,e-1,c-1,Spring sale,,true,2024-03-05T09:37:00.000Z,,,",
)


def broken() -> bytes:
    """Every kind of row problem that a short line can show, one per line."""
    return b"".join(line + b"\n" for line in (BROKEN_HEADER.encode(), *BROKEN))


_GOOD = '"campaign_id": "c-1", "email_id": "e-1", "timestamp": "2024-03-05T09:%02d:00.000Z"'
BROKEN_JSON: tuple[str, ...] = (
    '{"event": "Email Opened", "userId": "u-1", ' + _GOOD % 1 + "}",
    '{"event": "Email Opened", "userId": "u-2", ' + _GOOD % 2,
    '["Email Opened", "u-3", "e-1", "c-1", "2024-03-05T09:03:00.000Z"]',
    '{"event": "Email Opened", "userId": "u-4", "score": NaN, ' + _GOOD % 4 + "}",
    '{"event": "Email Opened", "userId": "u-5", "userId": "u-6", ' + _GOOD % 5 + "}",
    '{"event": "Email Opened", "userId": "u-6", "": "empty", ' + _GOOD % 6 + "}",
    '{"event": "Email Opened", "userId": "u-7", "deep": ' + "[" * 40 + "]" * 40 + ", " + _GOOD % 7 + "}",
    '{"event": "Email Opened", "userId": "u-8", "email_subject": "Spring \\ud83d", ' + _GOOD % 8 + "}",
    "",
    '{"event": "Email Opened", "userId": 100000000000000000042, ' + _GOOD % 10 + "}",
)


def too_long() -> bytes:
    """What only long lines can show: a message over Segment's limit, and a cell over the reader's."""
    columns = ("event", "userId", "email_id", "campaign_id", "email_subject", "timestamp")
    subjects = ("Spring sale", "long " * 7_000, "longer " * 20_000, "Spring sale")
    cells = [
        ("Email Opened", f"u-{nth}", "e-1", "c-1", subject, f"2024-03-05T09:0{nth}:00.000Z")
        for nth, subject in enumerate(subjects, start=1)
    ]
    return as_csv(columns, [dict(zip(columns, row, strict=True)) for row in cells]).encode()


def own_ids() -> bytes:
    """An export whose own event ids are none: one of them is for two times."""
    columns = ("event_id", "event", "userId", "email_id", "campaign_id", "timestamp")
    times = (("17", "09:30"), ("18", "09:31"), ("17", "09:45"))
    cells = [(own, "Email Opened", "u-1", "e-1", "c-1", f"2024-03-05T{time}:00.000Z") for own, time in times]
    return as_csv(columns, [dict(zip(columns, row, strict=True)) for row in cells]).encode()


def ready(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """The first message of each kind, as a dry run of the campaign writes them: with content ids."""
    first: dict[str, dict[str, Any]] = {}
    for one in reference.expect(rows, reference.Settings(version=VERSION)):
        first.setdefault(one.message["event"], one.message)
    return list(first.values())


def archive() -> list[dict[str, Any]]:
    """Messages as Segment keeps them, with all that must be taken off before they are sent again."""
    opened = archived(1, {"type": "track", "event": "Email Opened", "userId": "u-1001", "properties": _MAIL})
    clicked = archived(
        2, {"type": "track", "event": "Link Clicked", "anonymousId": "p_5a1e", "properties": _CLICK}
    )
    linked = archived(3, {"type": "identify", "userId": "u-1002", "anonymousId": "p_5a1e", "traits": {}})
    page = archived(4, {"type": "page", "name": "Frühling, Übersicht", "userId": "u-1002", "properties": {}})
    untimed = archived(5, {"type": "track", "event": "Email Delivered", "userId": "007", "properties": _MAIL})
    del untimed["timestamp"]
    return [opened, clicked, linked, page, untimed]


_MAIL = {
    "campaign_id": "c-2023-autumn",
    "email_id": "e-thanks",
    "email_subject": 'Thanks, from "all" of us 🍂',
}
_CLICK = {**_MAIL, "email_link_url": "https://shop.example/autumn?a=1,2", "is_unique_click": True}


def archived(number: int, own: dict[str, Any]) -> dict[str, Any]:
    """One archived message; a client's clock two minutes slow sets its times apart."""
    happened = datetime(2024, 1, 15, 10, number, 0, 250_000, tzinfo=UTC)
    return {
        "_metadata": {"bundled": [], "unbundled": ["Google Analytics 4"], "bundledIds": []},
        "channel": "server",
        "context": {"library": {"name": "analytics-node", "version": "1.1.3"}},
        "integrations": {"Salesforce": False},
        "messageId": f"node-next-170531{number:07d}-00000000-0000-4000-8000-{number:012d}",
        "originalTimestamp": stamp(happened),
        "projectId": "fakeProjectForTheSamples",
        "receivedAt": stamp(happened + timedelta(seconds=121, milliseconds=80)),
        "sentAt": stamp(happened + timedelta(seconds=1)),
        "timestamp": stamp(happened + timedelta(seconds=120, milliseconds=80)),
        "version": 2,
        "writeKey": "FAKE-KEY-OF-THE-SAMPLES-NOT-REAL",
        **own,
    }


CONTACT_COLUMNS = (
    *("Customer ID", "Person ID", "Email", "First Name", "Last Name", "Phone", "Job Title", "Username"),
    *("Website", "Age", "Birthday", "Created At", "Updated At", "Street", "City", "State", "ZIP", "Country"),
    *("Company", "Account ID", "Lead Score"),
)
_FIRST = ("Ada", "Björn", "Chloé", "Дмитрий", "Elif", "Fatima", "Gao", "Hana", "Ivo", "João")
_LAST = ("Abel", "O'Neill", "Çelik", "van den Berg", "Müller", "Nowak", "Ōta", "Peña", 'Quist "Q"', "Rossi")
_PLACES = (
    ("1 Sample Street", "London", "", "SW1A 1AA", "GB"),
    ("Beispielweg 3, Hinterhaus", "München", "Bayern", "80331", "DE"),
    ("12 Example Ave", "Springfield", "IL", "01234", "US"),
)
ACCOUNTS = (
    ("a-001", "Initech, Inc.", "Software", "329", "enterprise"),
    ("a-002", "Gärtnerei Grün", "Horticulture", "14", "starter"),
    ("007", "Umbrella & Söhne", "", "", "trial"),
    ("a-004", 'The "Big" Shop', "Retail", "12000", ""),
)


def people() -> list[tuple[str, str]]:
    """User id and person id of some of the campaign's people, in the order in which they are met."""
    known: dict[str, tuple[str, str]] = {}
    for row in campaign():
        key = row.get("personId") or row.get("userId", "")
        user = row.get("userId") or known.get(key, ("", ""))[0]
        known[key] = (user, row.get("personId", ""))
    return [*known.values()][:24]


def contacts() -> list[Row]:
    """One row for each of some people of the campaign; one of them has nothing but ids."""
    rows = []
    for nth, (user, person) in enumerate(people()):
        street, city, state, code, country = _PLACES[nth % 3]
        changed = datetime(2024, 4, 2, 9, 30, nth, 250_000, tzinfo=UTC) + timedelta(hours=nth)
        row = dict.fromkeys(CONTACT_COLUMNS, "")
        row |= {"Customer ID": user, "Person ID": person, "Updated At": stamp(changed)}
        rows.append(row)
        if nth == 5:
            continue
        first, last = pick(_FIRST, "first", nth), pick(_LAST, "last", nth)
        account = ACCOUNTS[nth % len(ACCOUNTS)]
        row |= {"Email": f"person{nth:02}@mail.example", "First Name": first, "Last Name": last}
        row |= {
            "Phone": f"+1 202 555 01{nth:02}",
            "Job Title": pick(("VP, Sales", "Engineer", ""), "job", nth),
        }
        row |= {"Username": f"user{nth:02}" if nth % 4 else "", "Website": "https://person.example/?a=1,2"}
        row |= {
            "Age": str(30 + nth) if nth % 3 else "",
            "Birthday": f"19{60 + nth}-0{1 + nth % 9}-1{nth % 9}",
        }
        row |= {"Created At": stamp(datetime(2022, 1 + nth % 12, 3, 8, 0, tzinfo=UTC))}
        row |= {"Street": street, "City": city, "State": state, "ZIP": code, "Country": country}
        row |= {"Company": account[1], "Account ID": account[0], "Lead Score": str(dice("score", nth))}
    return rows


ACCOUNT_COLUMNS = (
    *("Account ID", "Account Name", "Industry", "Employees", "Plan", "Website", "City", "Country"),
    *("Created At", "Updated At", "Customer ID", "Tier"),
)


def accounts() -> list[Row]:
    """One row for each account; one of them has nobody who is known to belong to it."""
    users = [user for user, _ in people() if user]
    rows = []
    for nth, (account, name, industry, employees, plan) in enumerate(ACCOUNTS):
        _, city, _, _, country = _PLACES[nth % 3]
        row = {"Account ID": account, "Account Name": name, "Industry": industry, "Employees": employees}
        row |= {"Plan": plan, "Website": f"https://account{nth}.example", "City": city, "Country": country}
        row |= {
            "Created At": f"2021-0{1 + nth}-15",
            "Updated At": stamp(datetime(2024, 4, 1, 7, nth, tzinfo=UTC)),
        }
        rows.append(row | {"Customer ID": "" if nth == 2 else users[nth], "Tier": pick("ABC", "tier", nth)})
    return rows


def pages() -> list[dict[str, Any]]:
    """Pages and screens that some people have seen, the type of each beside it."""
    seen: list[dict[str, Any]] = []
    for nth, (user, person) in enumerate(people() * 2):
        when = datetime(2024, 3, 20, 10, 0, nth, 500_000, tzinfo=UTC) + timedelta(minutes=7 * nth)
        who = {"userId": user} if user else {"personId": person}
        name = pick(("Pricing", "Über uns", "Docs, API"), "page", nth)
        one: dict[str, Any] = {"type": "screen" if nth % 6 == 5 else "page", **who, "name": name}
        if one["type"] == "page":
            one |= {
                "url": f"https://shop.example/{pick(('pricing', 'über', 'docs'), 'url', nth)}?ref=mail&n={nth}"
            }
            one |= {"title": f"{name} | Shop", "referrer": "https://mail.example/" if nth % 2 else None}
            one |= {"keywords": ["garden", "spring"]} if nth % 5 == 0 else {}
        one |= {"category": "marketing"} if nth % 3 else {}
        seen.append({**one, "depth": 0.25 * (nth % 5), "signed_in": bool(user), "timestamp": stamp(when)})
    return seen


def make() -> dict[str, bytes]:
    """Every generated sample by its file name."""
    rows = campaign()
    news = as_csv(NEWSLETTER_COLUMNS, newsletter(), delimiter=";", end="\r\n")
    return {
        "spring-launch.csv": as_csv(COLUMNS, rows).encode(),
        "spring-launch.ndjson": as_ndjson([with_flags(row) for row in rows]).encode(),
        "newsletter-export.csv": news.encode("utf-8-sig"),
        "broken.csv": broken(),
        "broken-lines.ndjson": "".join(line + "\n" for line in BROKEN_JSON).encode(),
        "too-long.csv": too_long(),
        "own-ids.csv": own_ids(),
        "ready.ndjson": as_ndjson(ready(rows)).encode(),
        "archive.ndjson": as_ndjson(archive()).encode(),
        "contacts.csv": as_csv(CONTACT_COLUMNS, contacts()).encode(),
        "accounts.csv": as_csv(ACCOUNT_COLUMNS, accounts()).encode(),
        "pages.ndjson": as_ndjson(pages()).encode(),
    }


if __name__ == "__main__":
    for name, data in make().items():
        (SAMPLES / name).write_bytes(data)
