"""What a 200 would hide: rules over the parts of an event, each a note with a stable code."""

import re
from collections.abc import Iterator
from typing import Final

from inflection_cli import rules
from inflection_cli.catalog import PLACEHOLDER_IDS
from inflection_cli.model import Campaign, Note, Person, Trail

CAMPAIGN_IDS: Final = ("campaign_id", "email_id")
"""What tells a campaign's events from another's; where no column is known as one, that is said once of the file."""

_HTTP: Final = re.compile(r"\s*https?://[^\s/]", re.IGNORECASE)


def check_campaign(campaign: Campaign) -> Iterator[Note]:
    """Judge what an event shares with its campaign."""
    for name in CAMPAIGN_IDS:
        if getattr(campaign, name) is None:
            yield Note(rules.CAMPAIGN_ID_MISSING, f"{name} is empty", name)
    for name in ("email_id", "campaign_id", "campaign_run_id"):
        yield from _placeholder(name, getattr(campaign, name))
    flag = campaign.unique_flag
    if flag is not None and getattr(campaign, flag) is False:
        yield Note(rules.UNIQUE_CONTRADICTION, f"{flag} is false on “{campaign.event}”", flag)


def check_person(person: Person) -> tuple[Note, ...]:
    """Judge the ids of a person."""
    if not (is_placeholder(person.user_id) or is_placeholder(person.person_id)):
        return ()
    return (*_placeholder("userId", person.user_id), *_placeholder("personId", person.person_id))


def is_placeholder(value: str | None) -> bool:
    """Tell whether an id is one that stands for nobody: `null`, `n/a`, all zeros and their like."""
    return value is not None and (not value.strip("0-") or value.lower() in PLACEHOLDER_IDS)


def check_trail(trail: Trail) -> Iterator[Note]:
    """Judge a link, where there is one."""
    if trail.link is not None and not _HTTP.match(trail.link):
        yield Note(rules.LINK_NOT_HTTP, "the link is no http(s) URL", "email_link_url", trail.link)


def _placeholder(name: str, value: str | None) -> Iterator[Note]:
    if is_placeholder(value):
        yield Note(rules.PLACEHOLDER_ID, f"{name} is a placeholder, no id", name, value)
