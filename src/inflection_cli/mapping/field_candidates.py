"""Suggest the field of each column by its name and its cells."""

import re
from collections.abc import Iterable, Mapping, Sequence
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
from inflection_cli.mapping.columns import ColumnOptions, snake_case, squash
from inflection_cli.mapping.events import kind_of

Reason = Literal["option", "name", "spelling", "alias", "path", "content"]
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
    found: dict[str, Suggestion] = {}
    names = [candidate.name for candidate in candidates]
    for field, column in options.columns.items():
        spelled = [name for name in names if squash(name) == squash(column)]
        if column in names or len(spelled) == 1:
            found[column if column in names else spelled[0]] = Suggestion(field, "option")
    for field in FIELDS:
        settled = field in options.constants or any(each.field == field for each in found.values())
        if settled or (field == "event_id" and not options.own_ids):
            continue
        left = [each for each in candidates if each.name not in found and each.name not in REJECT_COLUMNS]
        for reason, names in _by_rank(field, left):
            for name in names:
                others = tuple(other for other in names if other != name)
                found[name] = Suggestion(field, reason, others)
            break
    return found


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
    """Return the lower-case words of a column name or a path."""
    return {word for key in name.split(".") for word in (*snake_case(key).split("_"), squash(key))}


def _is_possible(candidate: Candidate, field: str) -> bool:
    """Return whether a column's name allows it to be a field."""
    if field == "timestamp":
        return not is_copy_stamp(candidate.name)
    if field not in _PERSON_FIELDS:
        return True
    words = _words(candidate.name)
    return SENDER_WORDS.isdisjoint(words) and (field != "ip" or SERVER_WORDS.isdisjoint(words))


def _by_rank(field: str, left: Sequence[Candidate]) -> Iterable[tuple[Reason, list[str]]]:
    """Return reasons with their columns, best reason first."""
    wanted, aliases = squash(field), COLUMN_ALIASES.get(field, ())
    possible = [each for each in left if _is_possible(each, field)]
    whole = [each.name for each in left if not each.is_path]
    ranks: tuple[tuple[Reason, list[str]], ...] = (
        ("name", [name for name in whole if name == field]),
        ("spelling", [name for name in whole if squash(name) == wanted]),
        ("alias", [each.name for each in left if not each.is_path and _is_alias(each, aliases)]),
        ("path", [each.name for each in possible if each.is_path and _ends_in(each, field)]),
        ("content", [each.name for each in possible if _is_by_content(each, field)]),
    )
    return [(reason, names) for reason, names in ranks if names]


def _is_alias(candidate: Candidate, aliases: Sequence[str]) -> bool:
    """Return whether a column has an alias name and is not JSON."""
    return squash(candidate.name) in aliases and candidate.kind != "json"


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
