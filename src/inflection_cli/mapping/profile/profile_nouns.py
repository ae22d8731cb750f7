"""Data classes of a profile; `profile_file.py` reads them from TOML."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from inflection_cli.mapping.calls.call_options import CallType
from inflection_cli.settings.declarations import InputOptions

PropertyType = Literal["string", "integer", "number", "boolean", "timestamp", "date", "json", "list"]
"""How a property or trait is sent; a list comes of a separator, and nobody writes it."""


@dataclass(frozen=True, slots=True)
class CellRule:
    """Source of a value and its changes: `values`, `hash`, `type` in order.

    Exactly one of `column`, `constant` and `by_file` says where it comes from.

    Attributes:
        column: A column's name, or a dotted path into one that holds JSON: `payload.user.id`, `items.0.sku`.
            A column whose whole name has dots in it beats a path. A key that has dots itself stands in double
            quotes, `payload."a.b".c`, and a double quote within such quotes is doubled.
        constant: The same text for all rows.
        by_file: Shell patterns (`*-opens.csv`), matched against the name that the file was exported under, without
            its folder and without regard to case, each with the text it stands for; the first that matches counts.
        values: What a cell's text becomes; cells are compared without outer white space and case. "" is absent.
        otherwise: What becomes of a filled cell that `values` does not list.
        hash: Whether the hex SHA-256 of the salt, followed by the text, is taken instead of the text.
        salt: The salt's text, from the environment; empty where nothing is hashed.
        type: How a property is sent; None sends text as a string and JSON as it is. Fields have types of their own.
        decimal: The character before the fraction of a `number`.
        separator: What stands between the items of a list; None where the cell is one value.
    """

    column: str | None = None
    constant: str | None = None
    by_file: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=dict)
    otherwise: Literal["keep", "reject", "empty"] = "keep"
    hash: bool = False
    salt: str = field(default="", repr=False)
    type: PropertyType | None = None
    decimal: Literal[".", ","] = "."
    separator: str | None = None

    @property
    def kind(self) -> PropertyType | None:
        """Type in which it is sent, `list` included."""
        return self.type if self.separator is None else "list"


@dataclass(frozen=True, slots=True)
class TimeRule:
    """Zone and format of one column's times; None means the default."""

    timezone: str | None = None
    format: str | None = None


@dataclass(frozen=True, slots=True)
class Timestamps:
    """The columns that an event's time comes from.

    Attributes:
        columns: At least one name or dotted path.
        choose: Of several that are filled: the first in this order, the earliest or the latest instant.
    """

    columns: tuple[str, ...]
    choose: Literal["first", "earliest", "latest"] = "first"


@dataclass(frozen=True, slots=True)
class CellCondition:
    """Condition on a cell: exactly one of three tests is set.

    Attributes:
        column: A name or dotted path.
        equals: One of these texts, compared without outer white space and case.
        not_equals: None of these texts.
        filled: Whether the cell holds anything but white space.
    """

    column: str
    equals: tuple[str, ...] = ()
    not_equals: tuple[str, ...] = ()
    filled: bool | None = None


@dataclass(frozen=True, slots=True)
class EventBlock:
    """One event that a row may stand for.

    Attributes:
        name: The event's name, matched as tolerantly as a cell's; None takes it from the field `event`.
        timestamp: Where its time comes from; None takes the field `timestamp`. Where it is given and `when` is
            not, a row in which all its columns are empty has no such event.
        when: Conditions that all must hold; else the row has no such event.
        fields: What differs from the profile's own `fields`.
        properties: Properties of this event alone, by name.
        type: Which call it is; None takes the profile's own.
        traits: Traits of this call alone, by name; a dot leads into a nested one.
    """

    name: str | None = None
    timestamp: Timestamps | None = None
    when: tuple[CellCondition, ...] = ()
    fields: Mapping[str, CellRule] = field(default_factory=dict)
    properties: Mapping[str, CellRule] = field(default_factory=dict)
    type: CallType | None = None
    traits: Mapping[str, CellRule] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Profile:
    """Rules to read and map exports of one shape; options override them.

    A column that a profile names for any use is sent as a property only where `properties` says so. A profile that
    names fields has those and no others; of one that names none, columns are fields by their names. There a property
    is a copy: a column with the very name of a field is still that field too, unless the property is hashed.

    Attributes:
        path: The file as the user wrote it.
        digest: The hex SHA-256 of the file's bytes.
        options: The options that it sets, which flags override.
        times: What differs from it for single columns.
        fields: Inflection's fields, by name; `timestamp` is in `timestamp` instead.
        timestamp: Where times come from, for blocks that do not say.
        properties: Properties of every event, by name.
        other_columns: What becomes of columns that are named nowhere.
        drop: Columns that are never sent.
        events: The events that a row may stand for, in order; empty means one event a row, by `fields`.
        context: Further members of every event's context.
        integrations: Destinations turned on or off.
        type: Which call a row is, for blocks that do not say; None is a track event.
        traits: Traits of every identify and group, by name.
        also_by_name: Whether columns are fields by their names although it names fields, or drops what it does not
            name, as in runs of versions before 0.2.
    """

    path: str
    digest: str
    options: InputOptions = field(default_factory=InputOptions)
    times: Mapping[str, TimeRule] = field(default_factory=dict)
    fields: Mapping[str, CellRule] = field(default_factory=dict)
    timestamp: Timestamps | None = None
    properties: Mapping[str, CellRule] = field(default_factory=dict)
    other_columns: Literal["send", "drop"] = "send"
    drop: tuple[str, ...] = ()
    events: tuple[EventBlock, ...] = ()
    context: Mapping[str, str] = field(default_factory=dict)
    integrations: Mapping[str, bool] = field(default_factory=dict)
    also_by_name: bool = False
    type: CallType | None = None
    traits: Mapping[str, CellRule] = field(default_factory=dict)

    @property
    def binds_by_name(self) -> bool:
        """Return whether columns the profile omits are matched by their names."""
        named = self.fields or self.timestamp or any(block.fields for block in self.events)
        return self.also_by_name or not named
