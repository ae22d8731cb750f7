"""Makes up an export of any size: campaigns of realistic text, people who come back, times in order."""

import csv
import random
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

HEADER = (
    "event",
    "userId",
    "personId",
    "email_id",
    "campaign_id",
    "campaign_run_id",
    "campaign_name",
    "email_subject",
    "email_link_url",
    "is_unique_open",
    "is_unique_click",
    "timestamp",
    "region",
)
_EVENTS = (
    "Email Delivered",
    "Email Delivered",
    "Email Opened",
    "Email Opened",
    "Link Clicked",
    "Email Bounced",
)
_REGIONS = ("EMEA", "APAC", "North America", "LATAM")
_ROWS_PER_CAMPAIGN = 50_000


def rows(count: int, seed: int = 7) -> Iterator[list[str]]:
    """Yield `count` rows, always the same for a seed: two in three people are known to the customer."""
    dice = random.Random(seed)
    people = [
        (f"user-{i:07d}" if i % 3 else "", str(UUID(int=dice.getrandbits(128))))
        for i in range(max(10, count // 8))
    ]
    at = datetime(2024, 1, 2, 8, tzinfo=UTC)
    for i in range(count):
        if i % _ROWS_PER_CAMPAIGN == 0:
            number = i // _ROWS_PER_CAMPAIGN + 1
            ids = [str(UUID(int=dice.getrandbits(128))) for _ in range(3)]
            text = [
                f"Product update no. {number}, all regions",
                f"What is new in release 4.{number}, and what comes next",
            ]
            links = [
                f"https://www.example.com/releases/4-{number}/{page}?utm_source=email"
                for page in ("notes", "demo")
            ]
        at += timedelta(milliseconds=dice.randrange(1, 400))
        event = dice.choice(_EVENTS)
        link = dice.choice(links) if event == "Link Clicked" else ""
        stamp = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        user, person = dice.choice(people)
        flags = ["true" if event == "Email Opened" and i % 5 else "false", "false"]
        yield [event, user, person, *ids, *text, link, *flags, stamp, _REGIONS[i % 4]]


def write(path: Path, count: int) -> Path:
    """Write an export of `count` rows as CSV; one that is there already is kept."""
    if not path.exists():
        with path.open("w", newline="", encoding="utf-8") as out:
            writer = csv.writer(out)
            writer.writerow(HEADER)
            writer.writerows(rows(count))
    return path


if __name__ == "__main__":
    print(write(Path(sys.argv[1]), int(sys.argv[2])))
