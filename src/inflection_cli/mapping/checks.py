"""Checks for faults in event parts that Segment accepts without an error."""

import re
from collections.abc import Callable, Iterator
from typing import Final

from inflection_cli import rules
from inflection_cli.mapping.column_names import quoted, squash
from inflection_cli.model import Campaign, Note, Person, Trail
from inflection_cli.text_faults import empty_option, has_merge_tag, is_null_word, is_placeholder, misspelled

CAMPAIGN_IDS: Final = ("campaign_id", "email_id")
"""What tells a campaign's events from another's; where there is no such column, that is said once of the file."""

is_http: Final = re.compile(r"\s*https?://[^\s/]", re.IGNORECASE).match
_IN_BRACKETS: Final = re.compile(r"\s*[^<>@\s]++@[^<>@\s]++\s*>\s*")


def check_campaign(campaign: Campaign) -> Iterator[Note]:
    """Yield the notes on an event's campaign part."""
    for name in CAMPAIGN_IDS:
        if getattr(campaign, name) is None:
            yield Note(rules.CAMPAIGN_ID_MISSING, f"{name} is empty", name, hint=missing_id_hint(name))
    for name in ("email_id", "campaign_id", "campaign_run_id"):
        yield from check_id(name, getattr(campaign, name))
    flag = campaign.unique_flag
    if flag is not None and getattr(campaign, flag) is False:
        yield Note(rules.UNIQUE_CONTRADICTION, f"{flag} is false on “{campaign.event}”", flag)


def missing_id_hint(name: str) -> str:
    """Return where a campaign's or an email's id can come from."""
    return rules.CAMPAIGN_ID_MISSING.fix.replace("campaign_id", name).replace(
        "one campaign", f"one {name.removesuffix('_id')}"
    )


def check_person(person: Person, column_of: Callable[[str], str | None]) -> tuple[Note, ...]:
    """Return the notes on a person's ids.

    Args:
        person: Who an event is about.
        column_of: Names the column of a field.
    """
    return (
        *check_person_id("userId", person.user_id, column_of("userId")),
        *check_person_id("personId", person.person_id, column_of("personId")),
        # As anonymousId it is an id of a person too: a placeholder would link all users to one.
        *check_person_id("session_id", person.session_id, column_of("session_id")),
    )


def check_person_id(name: str, value: str | None, column: str | None = None) -> Iterator[Note]:
    """Judge an id that decides who the person is.

    Args:
        name: The field or member that has it.
        value: The id without outer white space.
        column: The column that it is from.
    """
    if value is None:
        return
    is_header = (
        column is not None and value[:1].lower() == column[:1].lower() and squash(value) == squash(column)
    )
    if is_header or is_placeholder(value):
        kind = ": the name of its own column" if is_header else _kind(value)
        hint = (
            "treat such cells as empty, so that the row's other id is used: "
            f"{empty_option(value, name, column or name)}; or fix the export"
        )
        yield Note(rules.PLACEHOLDER_PERSON, f"{name} is a placeholder, no id{kind}", name, value, hint)
        return
    fault = misspelled(value)
    if fault is not None:
        yield Note(rules.PERSON_ID_MISSPELLED, f"{name} {fault}", name, value)
    elif _is_name_with_address(value):
        hint = (
            f"take the address out of it: --map email={quoted(column or 'COLUMN')} --user-id-from email, "
            "or with --anonymous-id-from email"
        )
        detail = f"{name} is a name with an address, which is another id than the address alone"
        yield Note(rules.PERSON_ID_MISSPELLED, detail, name, value, hint)


def check_id(name: str, value: str | None) -> Iterator[Note]:
    """Judge an id of a campaign or an event."""
    if value is None:
        return
    if is_placeholder(value):
        hint = f"treat such cells as empty: {empty_option(value, name, name)}"
        yield Note(rules.PLACEHOLDER_ID, f"{name} is a placeholder, no id{_kind(value)}", name, value, hint)
        return
    fault = misspelled(value)
    if fault is not None:
        yield Note(rules.ID_MISSPELLED, f"{name} {fault}", name, value)


def check_trail(trail: Trail) -> Iterator[Note]:
    """Yield a note if the link is not an http(s) URL."""
    if trail.link is not None and not is_http(trail.link):
        name = "email_link_url"
        empty = f"treat such cells as empty: {empty_option(trail.link, name, name)}"
        hint = empty if is_placeholder(trail.link) else ""
        yield Note(rules.LINK_NOT_HTTP, "the link is not an http or https URL", name, trail.link, hint)


def _is_name_with_address(value: str) -> bool:
    name, _, address = value.rpartition("<")
    return not name.isspace() and name != "" and _IN_BRACKETS.fullmatch(address) is not None


def _kind(value: str) -> str:
    if is_null_word(value):
        return ": a spelling of null"
    return ": a template's tag that was not filled in" if has_merge_tag(value) else ""
