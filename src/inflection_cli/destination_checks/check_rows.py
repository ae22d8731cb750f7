"""Data types of a destination's table."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from inflection_cli.model import Rule

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


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
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
