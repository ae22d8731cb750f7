"""Suggest the field of each column by its name and its cells."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Final

from inflection_cli.catalog import (
    COLUMN_ALIASES,
    FIELDS,
    PERSON_WORDS,
    REJECT_COLUMNS,
    SERVER_WORDS,
)
from inflection_cli.inspecting.inspection_result import ColumnFinding, Reason, Suggestion
from inflection_cli.mapping.column_kinds import (
    EVENT_SHARE,
    Kind,
    are_addresses,
    is_copy_stamp,
    is_of_the_sender,
    names_browsers,
    path_words,
)
from inflection_cli.mapping.column_names import snake_case, squash
from inflection_cli.mapping.columns import ColumnOptions, fields_by_name

_BY_CONTENT: Final[Mapping[str, Kind]] = {
    "timestamp": "time",
    "email": "address",
    "email_link_url": "link",
    "user_agent": "browser",
}
_ALIASES: Final = frozenset(
    {*map(squash, FIELDS), *(alias for aliases in COLUMN_ALIASES.values() for alias in aliases)}
)
_PERSON_FIELDS: Final = frozenset({"userId", "personId", "email", "ip", "user_agent"})

_NOT_CLICKED: Final = frozenset(
    {
        *(
            "archive",
            "avatar",
            "homepage",
            "icon",
            "image",
            "img",
            "logo",
            "mirror",
            "open",
            "page",
            "photo",
            "picture",
        ),
        *(
            "pixel",
            "preferences",
            "profile",
            "referer",
            "referrer",
            "site",
            "source",
            "thumbnail",
            "unsubscribe",
        ),
        *("version", "website"),
    }
)
"""Words in the name of a column of links that nobody clicked."""

_WRAPPERS: Final = ("0", "string", "int", "long", "boolean")
"""The one key under which JSON of Avro has a value of a union; 0 is the one item of a list."""

_OTHER_EVENTS: Final = frozenset(
    {
        *(
            "attended",
            "by",
            "calendar",
            "campaign",
            "cause",
            "class",
            "conference",
            "email",
            "marketing",
            "message",
        ),
        *("obsoleted", "original", "parent", "previous", "program", "prior", "related", "send", "sent"),
        *("source", "template", "trigger", "triggering", "type", "venue", "webinar"),
    }
)
"""Words before `event_id` in the name of a column that holds ids of other events, or of what people attend."""

_TAILS: Final = 2
"""So many of a path's last keys are held against a field's names: `user.id` is a userId."""


def suggest_fields(columns: Sequence[ColumnFinding], options: ColumnOptions) -> dict[str, Suggestion]:
    """Return the suggested field of each column; others are left out.

    Nothing is refused here: a tie is told, and a column of `--map` that is not there is passed over.

    Args:
        columns: The columns, in the order of the file, and paths after them.
        options: What the user says.
    """
    found = _by_option([each.name for each in columns], options)
    taken = {i for i, each in enumerate(columns) if each.name in found}
    given = {*options.constants, *(each.field for each in found.values())}
    wrapped = {path.rpartition(".")[0] for path in _unwrapping(columns)}
    names = [_known_name(each, wrapped) for each in columns]
    browsers = {i for i, name in enumerate(names) if names_browsers(name, columns[i].samples)}
    matches = fields_by_name(names, given, taken, options, by_exact_name=browsers)
    for field, match in matches.items():
        found |= _suggested(field, match.reason, [columns[i].name for i in match.columns])
    given |= {*matches, *(["event_id"] if not options.own_ids else [])}
    for field in FIELDS:
        if field not in given:
            left = [each for each in columns if each.name not in found and _is_possible(each, field)]
            paths = [each.name for each in left if each.is_path and _ends_in(each, field)]
            names = paths or [each.name for each in left if _is_by_content(each, field)]
            found |= _suggested(field, "path" if paths else "content", names)
    return found | _open_address(columns, found, options)


def _open_address(
    columns: Sequence[ColumnFinding], found: Mapping[str, Suggestion], options: ColumnOptions
) -> dict[str, Suggestion]:
    """Return a tie of address columns if the person needs one.

    A column called `email` may hold the sender's address, and another one the recipients'.
    """
    named = [name for name, each in found.items() if each.field == "email" and not each.tied_with]
    has_id = any(
        each.field in {"userId", "personId"} and each.reason != "content" for each in found.values()
    ) or not {"userId", "personId"}.isdisjoint(options.constants)
    if len(named) != 1 or has_id or options.person_from_email or found[named[0]].reason == "option":
        return {}
    others = [
        each.name
        for each in columns
        if each.name not in found
        and (each.kind == "address" or are_addresses(each.samples))
        and _is_possible(each, "email")
    ]
    if not others:
        return {}
    tied = _suggested("email", "content", [named[0], *others])
    return tied | {named[0]: replace(tied[named[0]], reason=found[named[0]].reason)}


def _by_option(names: Sequence[str], options: ColumnOptions) -> dict[str, Suggestion]:
    """Return the columns of `--map`, those that are not there passed over."""
    found = {}
    for field, column in options.columns.items():
        spelled = [name for name in names if squash(name) == squash(column)]
        if column in names or len(spelled) == 1:
            found[column if column in names else spelled[0]] = Suggestion(field, "option")
    return found


def _unwrapping(columns: Sequence[ColumnFinding]) -> list[str]:
    """Return the paths to sole values of objects or lists."""
    inner = Counter(each.name.rpartition(".")[0] for each in columns if each.is_path)
    return [
        each.name
        for each in columns
        if each.is_path
        and each.name.rpartition(".")[2] in _WRAPPERS
        and inner[each.name.rpartition(".")[0]] == 1
    ]


def _known_name(column: ColumnFinding, wrapped: Collection[str]) -> str:
    """Return the name to bind by; empty for paths and wrapped values."""
    is_json = column.kind == "json" and (column.name in wrapped or squash(column.name) in _ALIASES)
    return "" if column.is_path or is_json else column.name


def _suggested(field: str, reason: Reason, names: Sequence[str]) -> dict[str, Suggestion]:
    return {
        name: Suggestion(field, reason, tuple(other for other in names if other != name)) for name in names
    }


def _is_possible(column: ColumnFinding, field: str) -> bool:
    """Return whether a column's name allows it to be a field."""
    if column.name in REJECT_COLUMNS:
        return False
    if is_copy_stamp(column.name) and field in {"timestamp", *_PERSON_FIELDS}:
        return False
    if field == "email_link_url":
        return _NOT_CLICKED.isdisjoint(path_words(column.name))
    if field not in _PERSON_FIELDS:
        return True
    is_server = field == "ip" and not SERVER_WORDS.isdisjoint(path_words(column.name))
    return not (is_server or is_of_the_sender(column.name))


def _ends_in(column: ColumnFinding, field: str) -> bool:
    """Return whether a path ends in a field's name or fitting alias."""
    keys = column.name.split(".")
    if keys[-1] in _WRAPPERS and len(keys) > 1:
        keys = keys[:-1]
    tails = {squash("".join(keys[-count:])) for count in range(1, _TAILS + 1)}
    if squash(field) in tails:
        return True
    fits = _is_by_content(column, field) or field not in {"event", *_BY_CONTENT}
    return fits and not tails.isdisjoint(COLUMN_ALIASES.get(field, ()))


def _is_by_content(column: ColumnFinding, field: str) -> bool:
    if field == "event":
        return column.event_share > EVENT_SHARE
    if field == "event_id":
        return _is_id_of_each_row(column)
    return column.kind == _BY_CONTENT.get(field)


_LEAST_ID_CHARS: Final = 12
"""Shorter ones count from 1 in many an export; random ones have 16 characters or more, times in numbers 13."""


def _is_id_of_each_row(column: ColumnFinding) -> bool:
    """Return whether a column ends in `event_id`, and differs in each row.

    A counter differs too, but the next export may begin it anew: its events would count as sent.
    """
    words = snake_case(column.name.rpartition(".")[2]).split("_")
    is_named_so = words[-2:] == ["event", "id"] and (_OTHER_EVENTS | PERSON_WORDS).isdisjoint(words[:-2])
    is_unique = 1 < column.rows == column.filled and not column.repeats
    return is_named_so and is_unique and min(map(len, column.samples), default=0) >= _LEAST_ID_CHARS
