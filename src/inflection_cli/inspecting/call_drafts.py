"""Draft the parts of a profile for calls other than track."""

from collections.abc import Iterator, Sequence
from typing import Final

from inflection_cli.mapping.calls.call_catalog import TRAIT_CALLS
from inflection_cli.mapping.layout import CallMapping
from inflection_cli.settings.toml_text import toml_comment, toml_key, toml_string

FILL_IN: Final = "FILL IN"
"""What stands where only the user knows the value; a profile that holds it is refused."""


def fill_in(key: str, words: str) -> str:
    """Return a line of a profile that the user fills in."""
    return f'{key} = "{FILL_IN}"  # {FILL_IN}: {words}'


ADDRESS_LINES: Final = (
    fill_in("user_id_from", 'write "email" to send addresses as userId, or have the next line instead'),
    '# anonymous_id_from = "email"  # which sends a SHA-256 of the address',
)
_LACKING_FIELDS: Final = {
    "groupId": fill_in("groupId", "the column with the account's id"),
    "person": fill_in("userId", "the column with the person's id"),
    "name": fill_in("name", "the column with the name of the page or screen"),
}
_LACKING_OPTIONS: Final = {
    "addresses": ADDRESS_LINES,
    "group person": (
        fill_in(
            "group_anonymous_id",
            'write "account" for a new user of each account, or have the next line instead',
        ),
        '# group_user = "…"  # which sends one userId for all; or name userId under [fields]',
    ),
    "timestamp": (
        fill_in("now", "write true for the time of each run, or have the next line under [fields] instead"),
        '# timestamp = "…"  # the column that says when it changed',
    ),
}


def call_parts(call: CallMapping, given: Sequence[str], lacks: Sequence[str]) -> tuple[list[str], ...]:
    """Return the lines of fields, of values, and of options.

    Args:
        call: What the rows are.
        given: Lines of options that the user has given.
        lacks: The parts that no column is.
    """
    fields = [*_fields(call), *(_LACKING_FIELDS[part] for part in lacks if part in _LACKING_FIELDS)]
    options = [*given, *(["now = true"] if call.now else [])]
    for part in lacks:
        if part == "timestamp" and call.type not in TRAIT_CALLS:
            fields.append(fill_in("timestamp", "the column that says when it happened"))
        else:
            options += _LACKING_OPTIONS.get(part, ())
    return (
        ["[fields]", *fields] if fields else [],
        [*_values(call)],
        ["[options]", *options] if options else [],
    )


def _fields(call: CallMapping) -> Iterator[str]:
    names, columns = call.columns.names, call.columns
    is_trait = call.type in TRAIT_CALLS
    for name, i in columns.fields.items():
        if not (is_trait and name == "email"):
            yield f"{toml_key(name)} = {toml_string(names[i])}"


def _values(call: CallMapping) -> Iterator[str]:
    names = call.columns.names
    yield "[traits]" if call.type in TRAIT_CALLS else "[properties]"
    for value in call.values:
        yield f"{toml_key(value.name)} = {toml_string(names[value.place])}"
    for column in call.unsent:
        yield f"# not sent: {toml_comment(column)}; name it here to send it"
