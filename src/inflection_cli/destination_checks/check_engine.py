"""Check complete messages by the tables of destinations."""

import pkgutil
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cache
from importlib import import_module
from types import MappingProxyType
from typing import Any, Final

from inflection_cli import rules
from inflection_cli.catalog import FIELDS
from inflection_cli.destination_checks import tables
from inflection_cli.mapping.columns import MESSAGE_FIELDS
from inflection_cli.mapping.events import kind_of
from inflection_cli.model import Note, Rule

EVERY_CALL: Final = ("track", "identify", "page", "screen", "group", "alias")


class Level(StrEnum):
    """Importance of a member to a destination.

    Attributes:
        IGNORED: It is not read there, which is told.
        NOTED: It is told with the line's own rule that it is there.
    """

    REQUIRED = "required"
    RECOMMENDED = "recommended"
    OPTIONAL = "optional"
    IGNORED = "ignored"
    NOTED = "noted"


class MemberType(StrEnum):
    """JSON type of a member.

    Attributes:
        TIME: A string in ISO 8601.
        DIMENSION: A string, which may be a date, or a number.
        ANY: Of no particular type.
    """

    STRING = "a string"
    NUMBER = "a number"
    BOOLEAN = "true or false"
    OBJECT = "an object"
    TIME = "a time in ISO 8601"
    DIMENSION = "a string, a number or a date"
    ANY = "anything"


@dataclass(frozen=True, slots=True, eq=False)
class TableRow:
    """Line of a table: the demands on one member.

    Attributes:
        calls: The types of call that it is about.
        paths: Where the member may be; the first is its name. `traits.*` stands for the members of traits that no
            other line of the table is about.
        level: What it is to the destination.
        kind: Its JSON type.
        source: Where the destination says so.
        about: What the destination makes of it, for messages.
        events: The events that it is about; empty for all.
        given: The member without which the line says nothing.
        one_of: The only values that it may have.
        most_characters: How long it may be.
        rule: The problem where it is missing, not one of its values, or noted; else the level's own.
        alias: The problem where its value is another name of one of `alias_of`.
        alias_of: Names of events of the Email Spec.
        hint: What settles it; else the problem's own fix.
    """

    calls: tuple[str, ...]
    paths: tuple[str, ...]
    level: Level
    kind: MemberType
    source: str
    about: str = ""
    events: tuple[str, ...] = ()
    given: str = ""
    one_of: tuple[str, ...] = ()
    most_characters: int | None = None
    rule: Rule | None = None
    alias: Rule | None = None
    alias_of: tuple[str, ...] = ()
    hint: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class DestinationTable:
    """Demands of one destination on messages.

    Attributes:
        name: What `--check` calls it.
        title: What people call it.
        rows: Its lines.
        one_account: Whether a user without a groupId must be of one account over all the input.
    """

    name: str
    title: str
    rows: tuple[TableRow, ...]
    one_account: bool = False


def optional(call: str, kind: MemberType, source: str, members: Sequence[str]) -> tuple[TableRow, ...]:
    """Return a line for each of the optional members of one call."""
    return tuple(TableRow((call,), (member,), Level.OPTIONAL, kind, source) for member in members)


_MISSING_RULES: Final[Mapping[Level, Rule]] = MappingProxyType(
    {Level.REQUIRED: rules.CHECK_MEMBER_MISSING, Level.RECOMMENDED: rules.CHECK_MEMBER_RECOMMENDED}
)
_PYTHON_TYPES: Final[Mapping[MemberType, tuple[type, ...]]] = MappingProxyType(
    {
        MemberType.STRING: (str,),
        MemberType.NUMBER: (int, float),
        MemberType.BOOLEAN: (bool,),
        MemberType.OBJECT: (dict,),
        MemberType.TIME: (str,),
        MemberType.DIMENSION: (str, int, float),
        MemberType.ANY: (object,),
    }
)
_MOST_HELD: Final = 1 << 10
"""Notes of one row that are remembered: an export may have any number of columns."""

_PROPERTIES: Final = "properties."


@cache
def known_tables() -> Mapping[str, DestinationTable]:
    """Return the tables of all destinations by name."""
    modules = (
        import_module(f"{tables.__name__}.{each.name}") for each in pkgutil.iter_modules(tables.__path__)
    )
    found: list[DestinationTable] = [module.TABLE for module in modules]
    return {table.name: table for table in found}


@cache
def settable_properties() -> frozenset[str]:
    """Return the properties that a table names and no field has."""
    paths = [path for table in known_tables().values() for row in table.rows for path in row.paths]
    names = {path.removeprefix(_PROPERTIES) for path in paths if path.startswith(_PROPERTIES)}
    return frozenset(names - {"*"} - MESSAGE_FIELDS - set(FIELDS))


def needs_one_account(names: Iterable[str]) -> bool:
    """Return whether a table asks for one account of each user."""
    return any(known_tables()[name].one_account for name in names)


@dataclass(frozen=True, slots=True, eq=False)
class _Line:
    """A row of a table with its paths split.

    Attributes:
        places: The keys of each path.
        others: Of a path that ends in `*`, the members that other rows are about.
        missing: What is said where the member is missing.
        there: What is said of members that are there, by path: a cache.
    """

    table: DestinationTable
    row: TableRow
    places: tuple[tuple[str, ...], ...]
    others: frozenset[str] = frozenset()
    missing: tuple[Note, ...] = ()
    there: dict[str, Note] = field(default_factory=dict)


class DestinationChecks:
    """Judge of messages; each is judged on its own.

    Args:
        names: The tables to judge by; at least one.
    """

    def __init__(self, names: Iterable[str]) -> None:
        asked = [known_tables()[name] for name in dict.fromkeys(names)]
        self._lines: dict[Any, list[_Line]] = defaultdict(list)
        for table in asked:
            for row in table.rows:
                for call in row.calls:
                    self._lines[call].append(_line(table, row, call))
        # What has no known type is judged by what holds for all of them.
        self._common = [
            _line(table, row, "") for table in asked for row in table.rows if row.calls == EVERY_CALL
        ]

    def notes(self, message: Mapping[str, Any]) -> list[Note]:
        """Return the problems of one message, in the order of the tables."""
        call = message.get("type")
        lines = self._lines.get(call, self._common) if isinstance(call, str) else self._common
        return [note for line in lines for note in _judged(line, message)]


def _line(table: DestinationTable, row: TableRow, call: str) -> _Line:
    places = tuple(tuple(path.split(".")) for path in row.paths)
    if places[0][-1] != "*":
        return _Line(table, row, places, missing=tuple(_missing(table, row)))
    parent = places[0][:-1]
    named = [tuple(path.split(".")) for other in table.rows if call in other.calls for path in other.paths]
    return _Line(table, row, places, frozenset(path[-1] for path in named if path[:-1] == parent))


def _judged(line: _Line, message: Mapping[str, Any]) -> Iterator[Note]:
    """Yield what a row says of a message."""
    row = line.row
    if row.events and message.get("event") not in row.events:
        return
    if row.given and _at(message, (row.given,)) is None:
        return
    if line.places[0][-1] == "*":
        parent = _at(message, line.places[0][:-1])
        members = parent if isinstance(parent, dict) else {}
        for name, value in members.items():
            if name not in line.others and _is_there(value):
                yield from _found(line, ".".join((*line.places[0][:-1], name)), value)
        return
    for path, keys in zip(row.paths, line.places, strict=True):
        value = _at(message, keys)
        if value is not None:
            yield from _found(line, path, value)
            return
    yield from line.missing


def _missing(table: DestinationTable, row: TableRow) -> Iterator[Note]:
    """Yield what is said of messages without the member."""
    own = None if row.level is Level.NOTED else row.rule
    rule = own or _MISSING_RULES.get(row.level)
    if rule is not None:
        wants = "recommends" if row.level is Level.RECOMMENDED else "requires"
        detail = f"{table.title} {wants} {row.paths[0]}{_about(row)}, and it is missing"
        yield Note(rule, detail, row.paths[0], hint=row.hint)


def _there(line: _Line, rule: Rule, verb: str, path: str) -> Note:
    """Return what is said of a member whatever its value is."""
    note = line.there.get(path)
    if note is None:
        if len(line.there) >= _MOST_HELD:
            line.there.clear()
        detail = f"{line.table.title} {verb} {path}{_about(line.row)}"
        note = line.there[path] = Note(rule, detail, path, hint=line.row.hint)
    return note


def _found(line: _Line, path: str, value: Any) -> Iterator[Note]:
    """Yield what a row says of a member that is there."""
    row, title = line.row, line.table.title
    if row.level is Level.IGNORED:
        yield _there(line, rules.CHECK_MEMBER_IGNORED, "ignores", path)
    elif row.level is Level.NOTED and row.rule is not None:
        yield _there(line, row.rule, "reads", path)
    elif not _is_of_kind(value, row.kind):
        detail = f"{title} reads {path} as {row.kind}{_about(row)}, and this is something else"
        yield Note(rules.CHECK_MEMBER_TYPE, detail, path, str(value), row.hint or _type_hint(row.kind))
    elif row.one_of and value not in row.one_of:
        detail = f"{title} takes {_listed(row.one_of)} as {path}, and this is “{value}”"
        yield Note(row.rule or rules.CHECK_MEMBER_TYPE, detail, path, hint=row.hint)
    elif row.most_characters is not None and len(value) > row.most_characters:
        detail = (
            f"{title} takes {row.most_characters} characters of {path} at most, and this has {len(value):,}"
        )
        yield Note(rules.CHECK_MEMBER_TOO_LONG, detail, path, value, row.hint)
    elif row.alias is not None:
        yield from _alias(row, row.alias, value)


def _type_hint(kind: MemberType) -> str:
    """Return the hint with the type that a profile needs, or ""."""
    name = _TYPES_OF_A_PROFILE.get(kind)
    return f'set the column\'s type in a profile: type = "{name}"; or leave the column out' if name else ""


_TYPES_OF_A_PROFILE: Final = {
    MemberType.STRING: "string",
    MemberType.NUMBER: "number",
    MemberType.BOOLEAN: "boolean",
    MemberType.TIME: "timestamp",
}


def _alias(row: TableRow, rule: Rule, name: str) -> Iterator[Note]:
    kind = kind_of(name)
    if kind is not None and kind.spec_name in row.alias_of and kind.spec_name != name:
        yield Note(
            rule, f"“{name}” is another name of the Email Spec's “{kind.spec_name}”", f"event = {name}"
        )


def _at(message: Mapping[str, Any], keys: Sequence[str]) -> Any:
    """Return the member at a path, or None if missing or empty."""
    value: Any = message
    for key in keys:
        if not isinstance(value, Mapping):
            return None
        value = value.get(key)
    return value if _is_there(value) else None


def _is_there(value: Any) -> bool:
    return value is not None and not (isinstance(value, str) and not value.strip())


def _is_of_kind(value: Any, kind: MemberType) -> bool:
    if isinstance(value, bool):
        return kind in {MemberType.BOOLEAN, MemberType.ANY}
    return isinstance(value, _PYTHON_TYPES[kind]) and (kind is not MemberType.TIME or _is_time(str(value)))


def _is_time(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _about(row: TableRow) -> str:
    return f" ({row.about})" if row.about else ""


def _listed(words: Sequence[str]) -> str:
    return f"{', '.join(words[:-1])} or {words[-1]}"
