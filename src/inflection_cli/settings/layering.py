"""Layers of settings: command line over profile over project file."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any, TypeVar, get_origin

from inflection_cli.settings.declarations import Declared, Group, declared

Layer = TypeVar("Layer", bound=Group)


def given_values(options: Group) -> dict[str, Any]:
    """Return the options that differ from their defaults, by field."""
    values = [(each, getattr(options, each.field)) for each in declared(type(options))]
    return {each.field: value for each, value in values if value != each.default}


def missing_values(
    options: Group, below: Mapping[str, Any], known: Mapping[str, Collection[str]] | None = None
) -> dict[str, Any]:
    """Return a lower layer's values that the options leave open.

    Args:
        options: The upper layer.
        below: Values of the lower one, by field; those of a table by name.
        known: What a layer between the two has: by field, the names in a table, or nothing where it has the option.
    """
    missing: dict[str, Any] = {}
    for each in sorted(declared(type(options)), key=_rank):
        value = _missing(
            each, getattr(options, each.field), below.get(each.field), (known or {}).get(each.field)
        )
        if value and value != each.default:
            missing[each.field] = value
    return missing


def with_values(options: Layer, missing: Mapping[str, Any]) -> Layer:
    """Return options completed with a lower layer's values."""
    changes = {
        each.field: _as_option(each, getattr(options, each.field), missing[each.field])
        for each in declared(type(options))
        if each.field in missing
    }
    return replace(options, **changes)


def _rank(each: Declared) -> int:
    """Return the sort position of an option's kind of value."""
    if each.is_table:
        return 3 if each.kind == dict[str, bool] else 2
    return 4 if get_origin(each.value_type) is list else int(each.value_type is bool)


def _missing(each: Declared, own: Any, value: Any, known: Collection[str] | None) -> Any:
    if value is None:
        return None
    if each.is_table:
        # A profile holds the words of such an option, the project file its table.
        value = value if isinstance(value, Mapping) else dict(word.split("=", 1) for word in value)
        names = {*pair_names(own), *(known or ())}
        return {name: inner for name, inner in value.items() if name not in names}
    if each.option.joins:
        return [entry for entry in value if entry not in own]
    return value if own == each.default and known is None else None


def pair_names(words: Collection[str]) -> set[str]:
    """Return the names of `NAME=VALUE` words."""
    return {word.partition("=")[0].strip() for word in words}


def _as_option(each: Declared, own: Any, value: Any) -> Any:
    if each.is_table:
        return [
            *own,
            *(
                f"{name}={str(inner).lower() if isinstance(inner, bool) else inner}"
                for name, inner in value.items()
            ),
        ]
    if get_origin(each.value_type) is list:
        return [*own, *(value if isinstance(value, list) else [value])]
    return each.enum(value) if each.enum else value
