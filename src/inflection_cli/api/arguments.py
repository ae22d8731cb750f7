"""Keyword arguments of the Python API, converted to the command line's options."""

import math
import os
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from typing import Any, Literal, TypedDict, TypeVar, get_origin, get_type_hints

from inflection_cli.errors import UsageError
from inflection_cli.settings.declarations import Declared, Group, declared
from inflection_cli.suggestions import meant, nearest

StrPath = str | os.PathLike[str]
Paths = StrPath | Iterable[StrPath]

_Group = TypeVar("_Group", bound=Group)


class SelectingArguments(TypedDict, total=False):
    """Arguments that select what is read, of rows and of prebuilt messages."""

    since: str
    until: str
    event: Sequence[str]
    limit: int
    null: Sequence[str]
    allow_implausible_people: bool
    max_expansion: int
    max_bytes: int | str
    ca_file: StrPath
    check: Sequence[str]
    traits_style: Literal["reserved", "snake"]
    project: StrPath


class ReadingArguments(SelectingArguments, total=False):
    """Arguments for reading and mapping files of rows."""

    profile: StrPath
    preset: str
    profile_for: Mapping[str, str]
    lookup_file: Mapping[str, str]
    call_type: str | Sequence[str] | Mapping[str, str]
    trait: Sequence[str]
    all_traits: bool
    now: bool
    group_user: str
    group_anonymous_id: Literal["account"]
    map: Mapping[str, str]
    set: Mapping[str, str]
    property: Sequence[str]
    unknown_events: Literal["reject", "skip", "send"]
    event_name: Mapping[str, str]
    skip_event: Sequence[str]
    naming: Literal["inflection", "spec"]
    identify: Literal["auto", "always", "never"]
    resolve_identity: bool
    user_id_from: Literal["email"]
    anonymous_id_from: Literal["email"]
    session_id: str
    email_trait: bool
    no_event_id: bool
    keep_equal_rows: bool
    properties_as_text: bool
    timezone: str
    timestamp_format: str
    zone_name: Mapping[str, str]
    encoding: str
    delimiter: str
    records: str
    skip_lines: int
    header_line: int
    columns: str
    escape: str
    sheet: str
    jobs: int
    cluster: str
    cluster_insecure: bool


class DeliveringArguments(TypedDict, total=False):
    """Arguments for messages, destination and delivery."""

    write_key: str
    dry_run: bool
    rehearse: bool
    out: StrPath
    rejects: StrPath
    max_errors: int | str
    integration: Mapping[str, bool]
    context: Mapping[str, str]
    region: Literal["us", "eu"]
    endpoint: str
    namespace: str
    new_destination: bool
    dedup_window: float
    requests_per_second: float
    events_per_second: float
    patience: float | str
    no_gzip: bool
    state_dir: StrPath
    again: str
    resend_in_doubt: bool


class BackfillArguments(ReadingArguments, DeliveringArguments, total=False):
    """Arguments of `backfill`."""


class ReplayArguments(SelectingArguments, DeliveringArguments, total=False):
    """Arguments of `replay`."""

    records: str


def checked(verb: str, given: Mapping[str, Any], known: type) -> dict[str, Any]:
    """Return the arguments that are not None; check their names.

    Raises:
        TypeError: A name is unknown.
    """
    names = get_type_hints(known)
    for name in given:
        if name not in names:
            question = meant(nearest(name, names))
            raise TypeError(f"{verb}() has no argument {name!r}{f'; {question}' if question else ''}")
    return {name: value for name, value in given.items() if value is not None}


def option_group(kind: type[_Group], given: Mapping[str, Any]) -> _Group:
    """Build a group of options from arguments.

    Raises:
        UsageError: A value cannot be one of the option's.
    """
    return kind(
        **{each.field: _value(each, given[each.field]) for each in declared(kind) if each.field in given}
    )


def names_of_files(paths: Paths) -> list[str]:
    """Return the files as a command line names them."""
    return [os.fspath(path) for path in ([paths] if isinstance(paths, str | os.PathLike) else paths)]


def _value(each: Declared, value: Any) -> Any:
    if get_origin(each.value_type) is list:
        return [value] if isinstance(value, str) else _words(each.field, value)
    if each.enum is not None:
        return _member(each.field, value, each.enum)
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if each.kind is str:
        return str(value)
    if each.kind is not bool:
        _require_number(each, value)
    return value


def _words(name: str, given: Mapping[str, Any] | Iterable[str]) -> list[str]:
    """Return several values as words; a mapping becomes `NAME=VALUE` words."""
    if not isinstance(given, Mapping):
        return list(given)
    for key in given:
        if "=" in key:
            raise UsageError(f"{name}: {key!r} has a =, which no name may have", hint=f"{name}={{'NAME': …}}")
    return [f"{key}={str(to).lower() if isinstance(to, bool) else to}" for key, to in given.items()]


def _member(name: str, value: Any, kind: type[Enum]) -> Enum:
    try:
        return kind(value)
    except ValueError:
        known = ", ".join(repr(each.value) for each in kind)
        near = nearest(str(value), [each.value for each in kind]) or [next(iter(kind)).value]
        raise UsageError(f"{name}={value!r} is not one of {known}", hint=f"{name}={near[0]!r}") from None


def _require_number(each: Declared, value: Any) -> None:
    """Check that a value is a finite number in range."""
    name, least, whole = each.field, each.option.least, each.kind is int
    is_number = isinstance(value, int if whole else int | float) and not isinstance(value, bool)
    if not is_number or not math.isfinite(value) or (least is not None and value < least):
        kind = "a whole number" if whole else "a number"
        at_least = "" if least is None else f" of at least {least}"
        raise UsageError(f"{name}={value!r} is not {kind}{at_least}", hint=f"{name}={least or 0}")
