"""Checks for faults that Segment accepts without an error."""

import re
import string
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import Final

from inflection_cli import rules
from inflection_cli.catalog import PLACEHOLDER_IDS
from inflection_cli.errors import UsageError
from inflection_cli.mapping.column_names import quoted, squash
from inflection_cli.mapping.events import is_decimal, is_scientific
from inflection_cli.model import Campaign, Note, Person, Trail
from inflection_cli.text_faults import empty_option, has_merge_tag, is_null_word, is_placeholder, misspelled


def null_texts(given: Sequence[str]) -> frozenset[str]:
    """Read the values of `--null`.

    Raises:
        UsageError: One is empty, or white space alone.
    """
    for text in given:
        if not text.strip():
            raise UsageError(
                "--null needs the text that stands for nothing; an empty cell is empty without it",
                hint="--null NULL, or --null '\\N'",
            )
    return frozenset(text.strip() for text in given)


def emptied(rows: list[list[str]], nulls: frozenset[str]) -> list[list[str]]:
    """Return rows with each cell that equals a null text emptied."""
    if not nulls or nulls.isdisjoint(map(str.strip, chain.from_iterable(rows))):
        return rows
    return [["" if cell.strip() in nulls else cell for cell in row] for row in rows]


def count_emptied(names: Sequence[str], before: list[list[str]], after: list[list[str]]) -> Counter[str]:
    """Return the number of emptied cells by column."""
    if before is after:
        return Counter()
    pairs = ((names, row, left) for row, left in zip(before, after, strict=True) if row != left)
    return Counter(name for of in pairs for name, cell, left in zip(*of, strict=False) if cell != left)


_LETTERS: Final = string.ascii_letters.encode()
_OTHERS: Final = string.digits.encode() + b"_.@:|/+-"
"""Beside letters, of these alone an id needs neither trimming nor escaping."""

_IN_LOWER_CASE: Final = bytes.maketrans(string.ascii_uppercase.encode(), string.ascii_lowercase.encode())
"""Of ASCII alone: str.lower makes a plain k of the sign for kelvin, which is not plain."""

_ALL_BITS: Final = "ffffffff-ffff"


def _word(text: str) -> bytes:
    """Return the lower-case letters and odd characters of a text."""
    return text.encode().translate(_IN_LOWER_CASE, _OTHERS)


_WORDS: Final = frozenset({*map(_word, PLACEHOLDER_IDS), b"e", b"f" * 32}) - {b""}
"""The letters of placeholders, of numbers in scientific notation, and of the id with all bits set."""


def odd_ids(ids: Sequence[str], own_name: str = "") -> set[int]:
    """Return the indexes of ids that a reader may change or note.

    An empty id is not odd, nor is one of plain characters that is no placeholder and no mangled number.

    Args:
        ids: Cells.
        own_name: The squashed name of their column, which is not an id; empty if any text may be one.
    """
    joined = "\n".join(ids)
    # Letters and what is not plain are left, and the line ends between the cells.
    left = _word(joined)
    words = left.split(b"\n")
    if len(words) != len(ids):
        if not ids:
            return set()
        words = list(map(_word, ids))
    odd: set[int] = set()
    if len(left.translate(None, _LETTERS)) != len(ids) - 1:
        odd.update([i for i, word in enumerate(words) if word and not word.isalpha()])
    if words.count(b"") > ids.count(""):
        odd.update(
            [i for i, word in enumerate(words) if not word and ids[i] and _is_odd_number(ids[i], own_name)]
        )
    own_word = _word(own_name) if own_name.isascii() else b""
    if not _WORDS.isdisjoint(words) or (own_word and own_word in words):
        suspects = _WORDS | {own_word}
        odd.update(
            i for i, word in enumerate(words) if word and word in suspects and _is_no_id(ids[i], own_name)
        )
    if "@" in joined and "@@" in joined:  # two characters are looked for a hundred times as long as one
        odd.update(i for i, cell in enumerate(ids) if "@@" in cell)
    return odd


def _is_odd_number(cell: str, own_name: str) -> bool:
    """Return whether a cell without letters is odd."""
    no_id = not cell.strip("0-") or is_decimal(cell) or cell in PLACEHOLDER_IDS
    return no_id or (own_name.isdigit() and _is_no_id(cell, own_name))


def _is_no_id(cell: str, own_name: str) -> bool:
    """Return whether a cell with a placeholder's letters may be one."""
    lowered = cell.lower()
    return (
        lowered in PLACEHOLDER_IDS
        or _ALL_BITS in lowered
        or is_scientific(cell)
        or (own_name != "" and "".join(filter(str.isalnum, lowered)) == own_name)
    )


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
