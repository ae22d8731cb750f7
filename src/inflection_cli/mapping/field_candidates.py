"""Suggest the field of each column by its name and its cells."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

from inflection_cli.catalog import (
    COLUMN_ALIASES,
    FIELDS,
    REJECT_COLUMNS,
    SENDER_WORDS,
    SERVER_WORDS,
    EventKind,
)
from inflection_cli.mapping.column_kinds import Kind
from inflection_cli.mapping.column_names import snake_case, squash
from inflection_cli.mapping.columns import ColumnOptions, NameReason, fields_by_name
from inflection_cli.mapping.events import kind_of

Reason = NameReason | Literal["option", "path", "content"]
"""Why a column is a field: the user's word, the exact name, a spelling, another word, the end of a path, its cells."""

AUTOMATIC: Final[frozenset[Reason]] = frozenset({"option", "name", "spelling", "alias"})
"""Reasons for which a run maps a column by itself; the others need a line in a profile."""

EVENT_SHARE: Final = 0.5
"""A column names events when more than this share of its filled cells is the name of one."""

_BY_CONTENT: Final[Mapping[str, Kind]] = {
    "timestamp": "time",
    "email": "address",
    "email_link_url": "link",
    "user_agent": "browser",
}
_ALIASES: Final = frozenset(alias for aliases in COLUMN_ALIASES.values() for alias in aliases)
_PERSON_FIELDS: Final = frozenset({"userId", "personId", "email", "ip", "user_agent"})

_NAMES_REMEMBERED: Final = 1 << 13

_COPY_STAMP: Final = re.compile(
    r"_*(?:fivetran|airbyte|sdc|dlt|hevo|rivery|stitch|etl)_.*"
    r"|(?:.*_)?(?:emitted|extracted|ingested|loaded|replicated|synced)(?:_at|_on|_date|_time|_ts)?"
)
"""Names of the time at which a row was copied from one store to another; it says nothing of when anything happened."""

_TAILS: Final = 2
"""So many of a path's last keys are held against a field's names: `user.id` is a userId."""

_IDLE_WORDS: Final = frozenset(
    {
        "at",
        "code",
        "count",
        "date",
        "datetime",
        "day",
        "first",
        "last",
        "num",
        "number",
        "of",
        "on",
        "reason",
        "time",
        "times",
        "timestamp",
        "total",
        "ts",
        "type",
        "was",
        "when",
    }
)
"""Words around an event in a column's name."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A column or path that may be a field.

    Attributes:
        name: Its name, or a dotted path into one that holds JSON.
        kind: What its cells are.
        event_share: The share of its filled cells that name one of Inflection's events.
        is_path: Whether it is a path.
    """

    name: str
    kind: Kind
    event_share: float = 0.0
    is_path: bool = False


@dataclass(frozen=True, slots=True)
class Suggestion:
    """The field that a column would be, with the reason.

    Attributes:
        field: Its name.
        reason: Why.
        tied_with: Other columns that could as well be it; where there are any, none of them is.
    """

    field: str
    reason: Reason
    tied_with: tuple[str, ...] = ()


def suggest_fields(candidates: Sequence[Candidate], options: ColumnOptions) -> dict[str, Suggestion]:
    """Return the suggested field of each column; others are left out.

    Nothing is refused here: a tie is told, and a column of `--map` that is not there is passed over.

    Args:
        candidates: The columns, in the order of the file, and paths after them.
        options: What the user says.
    """
    found = _by_option([each.name for each in candidates], options)
    taken = {i for i, each in enumerate(candidates) if each.name in found}
    given = {*options.constants, *(each.field for each in found.values())}
    matches = fields_by_name([_known_name(each) for each in candidates], given, taken, options)
    for field, match in matches.items():
        found |= _suggested(field, match.reason, [candidates[i].name for i in match.columns])
    given |= {*matches, *(["event_id"] if not options.own_ids else [])}
    for field in FIELDS:
        if field not in given:
            left = [each for each in candidates if each.name not in found and _is_possible(each, field)]
            paths = [each.name for each in left if each.is_path and _ends_in(each, field)]
            names = paths or [each.name for each in left if _is_by_content(each, field)]
            found |= _suggested(field, "path" if paths else "content", names)
    return found


def _by_option(names: Sequence[str], options: ColumnOptions) -> dict[str, Suggestion]:
    """Return the columns of `--map`, those that are not there passed over."""
    found = {}
    for field, column in options.columns.items():
        spelled = [name for name in names if squash(name) == squash(column)]
        if column in names or len(spelled) == 1:
            found[column if column in names else spelled[0]] = Suggestion(field, "option")
    return found


def _known_name(candidate: Candidate) -> str:
    """Return the name by which a column may be a field; a path has none, JSON no alias."""
    if candidate.is_path or (candidate.kind == "json" and squash(candidate.name) in _ALIASES):
        return ""
    return candidate.name


def _suggested(field: str, reason: Reason, names: Sequence[str]) -> dict[str, Suggestion]:
    return {
        name: Suggestion(field, reason, tuple(other for other in names if other != name)) for name in names
    }


@lru_cache(maxsize=_NAMES_REMEMBERED)
def event_of_column(name: str) -> EventKind | None:
    """Find the event in a name like `Delivered At`; None if absent."""
    words = [word for word in snake_case(name).split("_") if word not in _IDLE_WORDS]
    return kind_of("".join(words)) if words else None


def is_copy_stamp(name: str) -> bool:
    """Return whether a name is a copy's time: `_fivetran_synced`, `emitted_at`."""
    return _COPY_STAMP.fullmatch(snake_case(name.rpartition(".")[2])) is not None


def is_of_the_sender(name: str) -> bool:
    """Return whether a name is the sender's: `from_email`, `data.from`, `sender.id`."""
    return not SENDER_WORDS.isdisjoint(_words(name))


def _words(name: str) -> set[str]:
    """Return the words of a column's name or a path's keys, in lower case."""
    return {word for key in name.split(".") for word in (*snake_case(key).split("_"), squash(key))}


def _is_possible(candidate: Candidate, field: str) -> bool:
    """Return whether a column's name allows it to be a field."""
    if candidate.name in REJECT_COLUMNS:
        return False
    if field == "timestamp":
        return not is_copy_stamp(candidate.name)
    if field not in _PERSON_FIELDS:
        return True
    words = _words(candidate.name)
    return SENDER_WORDS.isdisjoint(words) and (field != "ip" or SERVER_WORDS.isdisjoint(words))


def _ends_in(candidate: Candidate, field: str) -> bool:
    """Return whether a path ends in a field's name or fitting alias."""
    keys = candidate.name.split(".")
    tails = {squash("".join(keys[-count:])) for count in range(1, _TAILS + 1)}
    if squash(field) in tails:
        return True
    if field == "event":
        fits = candidate.event_share > EVENT_SHARE
    else:
        fits = candidate.kind == _BY_CONTENT.get(field, candidate.kind)
    return fits and not tails.isdisjoint(COLUMN_ALIASES.get(field, ()))


def _is_by_content(candidate: Candidate, field: str) -> bool:
    if field == "event":
        return candidate.event_share > EVENT_SHARE
    return candidate.kind == _BY_CONTENT.get(field)
