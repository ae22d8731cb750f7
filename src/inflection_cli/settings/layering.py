"""Layers of settings: command line over profile over project file."""

import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from shlex import quote
from typing import Any, Final, TypeVar, get_origin

from inflection_cli.settings.declarations import ALL_OPTIONS, Declared, Group, declared

PERSONAL: Final = frozenset({"userId", "personId", "email", "ip"})
"""Fields whose value is a person's."""

FINGERPRINT: Final = "fingerprint:"
FINGERPRINTS: Final = re.compile(f"{FINGERPRINT}[0-9a-f]{{16}}")
"""Within a text. None is ever shown, since a list of known people would find the value."""

HIDDEN: Final = "…"
"""What a shown command has in the place of a personal value; no option takes it for one."""


def fingerprint_of(value: str) -> str:
    """Return what stands for a personal value; a fingerprint stands for itself."""
    if FINGERPRINTS.fullmatch(value):
        return value
    from hashlib import blake2b  # noqa: PLC0415 - help and many errors need no hash, and it loads OpenSSL

    return FINGERPRINT + blake2b(value.encode("utf-8", "replace"), digest_size=8).hexdigest()


OPTION_NAMES: Final = frozenset({"--help", "--help-all", "--version", *ALL_OPTIONS})
"""Of all commands."""

SHORT_NAMES: Final = frozenset({"-V", "-h", "-n", "-q", "-v", "-y"})
"""Of all commands."""

_DASHES: Final = re.compile(r"^[-\u2010-\u2015\u2212\ufe58\ufe63\uff0d]+")
"""Hyphens, and what word processors make of them."""


def plain_dashes(text: str) -> str:
    """Return an option with two ASCII hyphens, as `--dry-run`."""
    rest = _DASHES.sub("", text)
    return text if rest == text else f"-{rest}" if len(rest) == 1 else f"--{rest}"


def names_an_option(text: str, *, short: bool = True) -> bool:
    """Return whether a text is an option, alone or with a value.

    Args:
        text: What stands where a value is due.
        short: Whether options of one letter count.
    """
    name = plain_dashes(text.strip()).partition("=")[0]
    return name in OPTION_NAMES or (short and name in SHORT_NAMES)


def looks_like_an_option(text: str) -> bool:
    """Return whether a separate word can only be meant as an option.

    A negative number is a value, and so is a single hyphen, which stands for a stream.
    """
    return text.startswith("--") or re.match(r"-[^\W\d_]", text) is not None or names_an_option(text)


def with_value(name: str, value: str) -> str:
    """Return an option and its value as a shell reads them.

    A value that begins with a hyphen is joined: standing alone it is read as an option.
    """
    return f"{name}{'=' if value.startswith('-') else ' '}{quote(value)}"


def file_word(path: str) -> str:
    """Return a file's path as a shell and the commands read it.

    A path that begins with a hyphen would be read as an option. A single hyphen stays, which stands for a stream.
    """
    return quote(f"./{path}" if path.startswith("-") and path != "-" else path)


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
