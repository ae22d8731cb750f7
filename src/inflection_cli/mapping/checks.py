"""Checks for faults in event parts that Segment accepts without an error."""

import re
from collections.abc import Iterator
from typing import Final

from inflection_cli import rules
from inflection_cli.model import Campaign, Note, Person, Rule, Trail
from inflection_cli.text_faults import has_merge_tag, is_null_word, is_placeholder, misspelled, null_option

CAMPAIGN_IDS: Final = ("campaign_id", "email_id")
"""What tells a campaign's events from another's; where no column is known as one, that is said once of the file."""

_HTTP: Final = re.compile(r"\s*https?://[^\s/]", re.IGNORECASE)


def check_campaign(campaign: Campaign) -> Iterator[Note]:
    """Yield the notes on an event's campaign part."""
    for name in CAMPAIGN_IDS:
        if getattr(campaign, name) is None:
            yield Note(rules.CAMPAIGN_ID_MISSING, f"{name} is empty", name)
    for name in ("email_id", "campaign_id", "campaign_run_id"):
        yield from check_id(name, getattr(campaign, name))
    flag = campaign.unique_flag
    if flag is not None and getattr(campaign, flag) is False:
        yield Note(rules.UNIQUE_CONTRADICTION, f"{flag} is false on “{campaign.event}”", flag)


def check_person(person: Person, *, allowed: bool = False) -> tuple[Note, ...]:
    """Return the notes on a person's ids.

    Args:
        person: Who an event is about.
        allowed: Whether the user takes ids for people that look like none.
    """
    return (
        *check_person_id("userId", person.user_id, allowed=allowed),
        *check_person_id("personId", person.person_id, allowed=allowed),
    )


def check_person_id(name: str, value: str | None, *, allowed: bool = False) -> Iterator[Note]:
    """Judge an id that decides who the person is.

    Args:
        name: The field or member that has it.
        value: The id without outer white space.
        allowed: Whether the user takes ids for people that look like none; then it is a warning.
    """
    if value is None:
        return
    if is_placeholder(value):
        rule = rules.PLACEHOLDER_ID if allowed else rules.PLACEHOLDER_PERSON
        yield Note(
            rule, f"{name} is a placeholder, no id{_kind(value)}", name, value, _null_hint(value, rule)
        )
        return
    fault = misspelled(value)
    if fault is not None:
        yield Note(
            rules.ID_MISSPELLED if allowed else rules.PERSON_ID_MISSPELLED, f"{name} {fault}", name, value
        )


def check_id(name: str, value: str | None) -> Iterator[Note]:
    """Judge an id of a campaign or an event."""
    if value is None:
        return
    if is_placeholder(value):
        hint = _null_hint(value, rules.PLACEHOLDER_ID)
        yield Note(rules.PLACEHOLDER_ID, f"{name} is a placeholder, no id{_kind(value)}", name, value, hint)
        return
    fault = misspelled(value)
    if fault is not None:
        yield Note(rules.ID_MISSPELLED, f"{name} {fault}", name, value)


def check_trail(trail: Trail) -> Iterator[Note]:
    """Yield a note if the link is not an http(s) URL."""
    if trail.link is not None and not _HTTP.match(trail.link):
        hint = f"have such cells empty: {null_option(trail.link)}" if is_placeholder(trail.link) else ""
        yield Note(rules.LINK_NOT_HTTP, "the link is no http(s) URL", "email_link_url", trail.link, hint)


def _kind(value: str) -> str:
    if is_null_word(value):
        return ": a spelling of null"
    return ": a template's tag that was not filled in" if has_merge_tag(value) else ""


def _null_hint(value: str, rule: Rule) -> str:
    empty = f"have such cells empty: {null_option(value)}"
    if rule is rules.PLACEHOLDER_ID:
        return empty
    return (
        f"have such cells empty, so that the row's other id is used: {null_option(value)}; where it is somebody's id, "
        "--allow-implausible-people sends it"
    )
