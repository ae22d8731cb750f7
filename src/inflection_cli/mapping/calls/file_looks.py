"""Recognise files of people, accounts or page views, which hold no events."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from inflection_cli.catalog import COLUMN_ALIASES
from inflection_cli.errors import InputError
from inflection_cli.mapping.bind_by_name import event_columns
from inflection_cli.mapping.calls.call_catalog import (
    CALL_ALIASES,
    GROUP_TRAITS,
    PAGE_PROPERTIES,
    USER_TRAITS,
    CallType,
    Reserved,
)
from inflection_cli.mapping.column_kinds import event_of_column
from inflection_cli.mapping.column_names import listed, quoted, squash
from inflection_cli.mapping.columns import ColumnOptions
from inflection_cli.mapping.events import kind_of

_LEAST: Final = 2
"""So many columns of a kind make a file look like it; one may stand beside anything."""

_MOST_NAMED: Final = 5


class FileLook(NamedTuple):
    """Likely type of a file without events.

    Attributes:
        type: The call that its rows would be.
        words: What its rows are, in plural.
        columns: The columns that show it.
    """

    type: CallType
    words: str
    columns: tuple[str, ...]


def _words(*reserved: Reserved, leave: Sequence[str] = ()) -> frozenset[str]:
    found = {word for each in reserved for word in (squash(each.path[-1]), *each.aliases)}
    return frozenset(found - {*leave})


_SHARED: Final = ("id", "name", "email", "phone", "website", "createdat", "title", "plan", "description")
_EMAIL: Final = ("email", *COLUMN_ALIASES["email"])
_OF_USERS: Final = _words(*USER_TRAITS, leave=(*_SHARED, *_EMAIL)) | {
    "company",
    "jobtitle",
    "department",
    "salutation",
}
_OF_GROUPS: Final = _words(*GROUP_TRAITS, leave=(*_SHARED, *_EMAIL, *_words(*USER_TRAITS))) | {
    "groupid",
    *CALL_ALIASES["groupId"],
    *("domain", "accountowner", "annualrevenue", "subscriptionplan", "tier", "mrr", "arr"),
}
_OF_VIEWS: Final = _words(*PAGE_PROPERTIES) | {"pagename", "pagecategory"}
_WEAK: Final = frozenset({"name", "email", "phone", "website", "createdat", "plan", *_EMAIL})
"""Names that say little by themselves, and something beside others."""

_KINDS: Final[tuple[tuple[CallType, str, frozenset[str]], ...]] = (
    ("page", "page views", _OF_VIEWS),
    ("group", "accounts", _OF_GROUPS),
    ("identify", "people", _OF_USERS),
)


def look_of(names: Sequence[str]) -> FileLook | None:
    """Return the likely type of a file, or None."""
    squashed = {name: squash(name.rpartition(".")[2]) for name in names}
    looks = []
    for kind, words, known in _KINDS:
        strong = [name for name in names if squashed[name] in known]
        weak = [name for name in names if squashed[name] in _WEAK] if kind != "page" else []
        if strong and len(strong) + len(weak) >= _LEAST:
            looks.append(FileLook(kind, words, (*strong, *weak)))
    best = max(looks, key=lambda look: _strength(look, squashed), default=None)
    if best is None and {*_EMAIL} & {*squashed.values()} and "name" in squashed.values():
        return FileLook("identify", "people", tuple(name for name in names if squashed[name] in _WEAK))
    return best


def _strength(look: FileLook, squashed: dict[str, str]) -> int:
    known = next(words for kind, _, words in _KINDS if kind == look.type)
    return sum(squashed[name] in known for name in look.columns)


def lack_of_events(
    names: Sequence[str], sample: Sequence[Sequence[str]], options: ColumnOptions, file: str
) -> InputError | None:
    """Return the error for people, accounts or pages, or None.

    What rows are is never guessed: the user says it.
    """
    if "event" in {*options.columns, *options.constants} or _has_events(names, sample):
        return None
    look = look_of(names)
    if look is None:
        return None
    told = listed(look.columns, _MOST_NAMED)
    return InputError(
        f"{file}: holds no events: no column names one, and by {told} it looks like a list of {look.words}",
        hint=f"say what its rows are: --as {look.type} sends each as {_sent_as(look.type)}; in a profile "
        f'type = "{look.type}". If it is activity after all: --map event=COLUMN; infl-seg inspect {quoted(file)} says '
        "what the columns hold",
    )


def _has_events(names: Sequence[str], sample: Sequence[Sequence[str]]) -> bool:
    """Return whether a column names events, or is named after one."""
    for index, name in enumerate(names):
        if squash(name) == "event":
            return True
        if squash(name) in COLUMN_ALIASES["event"]:
            # A list of people may well have a type, too; then it names no events.
            cells = [row[index] for row in sample if index < len(row) and row[index].strip()]
            if not cells or any(kind_of(cell) is not None for cell in cells):
                return True
    named = {kind.name for name in names if (kind := event_of_column(name)) is not None}
    return len(named) >= _LEAST or len(event_columns(names, names, sample)) == 1


def _sent_as(kind: CallType) -> str:
    return {
        "identify": "an identify with its traits",
        "group": "a group with its traits",
        "page": "a page view",
    }[kind]
