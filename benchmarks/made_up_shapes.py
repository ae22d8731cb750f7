"""Makes up exports of eight shapes, the same bytes for the same number of rows.

Six are CSV of the benchmark's own columns; one is NDJSON with nested objects and floats; one has three times in a wide
row, of which a profile makes events: a delivery on each, an opening on two of three, a click on one of three.
"""

import csv
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from pathlib import Path
from typing import Final
from uuid import UUID

import orjson
from made_up import HEADER, rows

_ADDRESSED: Final = (*HEADER, "email")
_LINES: Final = "Second line of the subject,\nwith a comma and a break"
_ROWS_A_BREAK: Final = 12

_CAMPAIGNS: Final = 180
_DAYS: Final = 900
_EVENTS: Final = (
    "Email Delivered",
    "Email Delivered",
    "Email Opened",
    "Email Opened",
    "Link Clicked",
    "Email Bounced",
)
_LINK, _NAME, _SUBJECT, _PERSON, _TIME = (
    HEADER.index(name)
    for name in ("email_link_url", "campaign_name", "email_subject", "personId", "timestamp")
)

WIDE_TIMES: Final = ("delivered_at", "opened_at", "clicked_at")
_WIDE: Final = (
    "customer",
    "contact",
    "email_id",
    "campaign_id",
    "run",
    "name",
    "subject",
    "link",
    *WIDE_TIMES,
    "region",
)
_WIDE_PROFILE: Final = """profile = 1

[fields]
userId = "customer"
personId = "contact"
email_id = "email_id"
campaign_id = "campaign_id"
campaign_run_id = "run"
campaign_name = "name"
email_subject = "subject"

[properties]
region = "region"

[[event]]
name = "Email Delivered"
timestamp = "delivered_at"

[[event]]
name = "Email Opened"
timestamp = "opened_at"

[[event]]
name = "Link Clicked"
timestamp = "clicked_at"
fields.email_link_url = "link"
"""


@dataclass(frozen=True)
class Made:
    """A file of one shape.

    Attributes:
        path: Where it is.
        events: How many events its rows make.
        profile: What says how it is read, if anything.
    """

    path: Path
    events: int
    profile: Path | None = None


def _addressed(found: Iterable[list[str]]) -> Iterator[list[str]]:
    return ([*row, f"person.{hash_of(row[_PERSON])}@mail.example.com"] for row in found)


def hash_of(text: str) -> int:
    """Return a number that is the same for a text in each run."""
    return int(text[:8], 16)


def _linked(found: Iterable[list[str]]) -> Iterator[list[str]]:
    """Yield rows whose clicks have a link that belongs to the person."""
    for row in found:
        if row[_LINK]:
            row[_LINK] += f"&recipient={row[_PERSON]}"
        yield row


def _warned(found: Iterable[list[str]], every: int) -> Iterator[list[str]]:
    """Yield rows, each so-many-th with white space around an id or the time."""
    for i, row in enumerate(found):
        if i % every == every - 1:
            row[_PERSON] += " "
        yield row


def _broken(found: Iterable[list[str]], column: int) -> Iterator[list[str]]:
    """Yield rows, one in twelve with a line break in a cell."""
    for i, row in enumerate(found):
        if i % _ROWS_A_BREAK == 0:
            row[column] = f"{row[column]}\n{_LINES}"
        yield row


def _mixed(count: int) -> Iterator[list[str]]:
    """Yield rows sorted by nothing: campaigns, people, days and links in random order."""
    dice = random.Random(11)
    campaigns = [
        [
            *(str(UUID(int=dice.getrandbits(128))) for _ in range(3)),
            f"Campaign {n}, all regions",
            f"What is new in {n}",
        ]
        for n in range(_CAMPAIGNS)
    ]
    first = datetime(2022, 1, 1, tzinfo=UTC)
    for i in range(count):
        campaign = dice.choice(campaigns)
        number = dice.randrange(max(10, count // 4))
        person = str(UUID(bytes=blake2b(b"%d" % number, digest_size=16).digest()))
        event = dice.choice(_EVENTS)
        link = (
            f"https://click.example.com/{campaign[0][:8]}/{person}?l={i % 4}"
            if event == "Link Clicked"
            else ""
        )
        at = first + timedelta(milliseconds=dice.randrange(_DAYS * 86_400_000))
        stamp = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        user = f"user-{number:07d}" if number % 3 else ""
        flags = ["true" if event == "Email Opened" and i % 5 else "false", "false"]
        yield [
            event,
            user,
            person,
            *campaign,
            link,
            *flags,
            stamp,
            ("EMEA", "APAC", "North America", "LATAM")[i % 4],
        ]


def _wide(count: int) -> Iterator[list[str]]:
    for i, row in enumerate(_mixed(count)):
        sent = datetime.fromisoformat(row[_TIME])
        opened = (
            (sent + timedelta(seconds=977 + i % 5000)).isoformat(timespec="milliseconds") if i % 3 else ""
        )
        clicked = (
            (sent + timedelta(seconds=6113 + i % 7000)).isoformat(timespec="milliseconds")
            if i % 3 == 1
            else ""
        )
        link = row[_LINK] or f"https://click.example.com/{row[3][:8]}/{row[_PERSON]}"
        times = [stamp.replace("+00:00", "Z") for stamp in (row[_TIME], opened, clicked)]
        yield [*row[1:6], row[_NAME], row[_SUBJECT], link, *times, row[-1]]


def _records(count: int) -> Iterator[bytes]:
    """Yield NDJSON lines: the mixed rows with a device, a position and scores of each event."""
    dice = random.Random(12)
    for i, row in enumerate(_mixed(count)):
        record: dict[str, object] = {name: cell or None for name, cell in zip(HEADER, row, strict=True)}
        record |= {
            "is_unique_open": row[9] == "true",
            "is_unique_click": False,
            "score": dice.random(),
            "position": i % 40,
        }
        record["device"] = {
            "os": ("iOS", "Android", "Windows")[i % 3],
            "screen": {"w": 390, "h": 844, "scale": 2.5 + i % 3},
        }
        record["weights"] = [round(dice.random(), 4), dice.random() * 100]
        yield orjson.dumps(record) + b"\n"


def _csv(path: Path, header: Iterable[str], found: Iterable[list[str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out)
        writer.writerow(header)
        writer.writerows(found)


SHAPES: Final = ("own file", "address", "links", "warnings", "unsorted", "mixed", "ndjson", "wide")


def made(shape: str, folder: Path, count: int) -> Made:
    """Make the file of a shape with `count` rows; one that is there already is kept."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{shape.replace(' ', '-')}-{count}.{'ndjson' if shape == 'ndjson' else 'csv'}"
    if not path.exists():
        part = path.with_suffix(".part")
        _write(shape, part, count)
        part.rename(path)
    if shape != "wide":
        return Made(path, count)
    profile = folder / "wide.toml"
    profile.write_text(_WIDE_PROFILE, encoding="utf-8")
    return Made(path, sum(1 + (i % 3 > 0) + (i % 3 == 1) for i in range(count)), profile)


def _write(shape: str, path: Path, count: int) -> None:
    if shape == "ndjson":
        with path.open("wb") as out:
            out.writelines(_records(count))
    elif shape == "wide":
        _csv(path, _WIDE, _broken(_wide(count), _WIDE.index("subject")))
    elif shape == "own file":
        _csv(path, HEADER, rows(count))
    elif shape == "address":
        _csv(path, _ADDRESSED, _addressed(rows(count)))
    elif shape == "links":
        _csv(path, HEADER, _linked(rows(count)))
    elif shape == "warnings":
        _csv(path, HEADER, _warned(rows(count), 100))
    elif shape == "unsorted":
        _csv(path, HEADER, _mixed(count))
    else:
        _csv(path, _ADDRESSED, _broken(_warned(_addressed(_mixed(count)), 60), _SUBJECT))
