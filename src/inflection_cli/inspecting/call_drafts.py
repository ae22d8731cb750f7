"""Draft the parts of a profile for calls other than track."""

from collections.abc import Iterator

from inflection_cli.mapping.calls.call_catalog import TRAIT_CALLS
from inflection_cli.mapping.layout import CallMapping
from inflection_cli.settings.toml_text import toml_comment, toml_key, toml_string


def call_parts(call: CallMapping) -> tuple[list[str], ...]:
    """Return the lines of fields, of values, and of options."""
    return list(_fields(call)), list(_values(call)), list(_options(call))


def _fields(call: CallMapping) -> Iterator[str]:
    names, columns = call.columns.names, call.columns
    is_trait = call.type in TRAIT_CALLS
    fields = [(name, names[i]) for name, i in columns.fields.items() if not (is_trait and name == "email")]
    if fields:
        yield "[fields]"
    for name, column in fields:
        yield f"{toml_key(name)} = {toml_string(column)}"


def _values(call: CallMapping) -> Iterator[str]:
    names = call.columns.names
    yield "[traits]" if call.type in TRAIT_CALLS else "[properties]"
    for value in call.values:
        yield f"{toml_key(value.name)} = {toml_string(names[value.place])}"
    for column in call.unsent:
        yield f"# not sent: {toml_comment(column)}; name it here to send it"


def _options(call: CallMapping) -> Iterator[str]:
    if call.now:
        yield "[options]"
        yield "now = true"
