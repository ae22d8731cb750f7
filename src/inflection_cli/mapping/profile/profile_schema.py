"""Schema of a profile's TOML file: all keys, their types and descriptions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, TypeAlias

from pydantic import BeforeValidator, ConfigDict, Field, GetJsonSchemaHandler, model_validator
from pydantic_core import CoreSchema

from inflection_cli.catalog import CALL_ONLY_FIELDS, FIELDS
from inflection_cli.mapping.calls.call_catalog import CallType
from inflection_cli.mapping.profile.lookups import LookupTable
from inflection_cli.mapping.profile.preset_files import PresetVersion
from inflection_cli.mapping.profile.property_types import PropertyType
from inflection_cli.settings.declarations import InputOptions, profile_keys
from inflection_cli.settings.toml_file import OneOrMore, Table, Text, listed, table_model

VERSION: Final = 1


def _or_text(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a table schema that also accepts a column's name."""
    return {"anyOf": [{"type": "string", "minLength": 1}, schema]}


def _column_table(given: object) -> object:
    return {"column": given} if isinstance(given, str) else given


class Cell(Table):
    """A value's source and changes; text means `{ column = … }`."""

    column: Text | None = Field(
        default=None,
        description="A column's name, or a dotted path into JSON: `payload.user.id`, `items.0.id`.",
    )
    columns: list[Text] = Field(
        default=[], min_length=1, description="Several columns or paths; the first that is filled counts."
    )
    constant: Text | None = Field(default=None, description="The same text for all rows.")
    by_file: dict[str, str] = Field(
        default={},
        min_length=1,
        description="A text for each pattern of a file's name, such as `*-opens.csv`; the most exact one counts. "
        "A pattern with a slash is for the path. Beside a column it is for rows in which that is empty.",
    )
    split: Text | None = Field(
        default=None, description='Take a piece of the text, of those between this: ":". Which one is `take`.'
    )
    take: int = Field(
        default=1, description="Which piece is taken: 1 is the first, -1 the last; 1 by default."
    )
    prefix: Text | None = Field(default=None, description="Take the text without this beginning.")
    suffix: Text | None = Field(default=None, description="Take the text without this end.")
    values: dict[str, str] = Field(
        default={},
        min_length=1,
        description='What a cell\'s text becomes, compared without outer white space and case; "" is absent.',
    )
    otherwise: Literal["keep", "reject", "empty"] = Field(
        default="keep",
        description="How to handle a filled cell that `values` does not list, `keep` by default. Or one that `split`, "
        "`prefix` or `suffix` does not fit, `reject` by default.",
    )
    hash: Literal["sha256"] | None = Field(
        default=None, description="Take the hex SHA-256 of the salt followed by the text instead of the text."
    )
    salt_env: Text | None = Field(
        default=None,
        description="The environment variable that holds the salt: INFL_SEG_SALT, or a name that begins "
        "with INFL_SEG_SALT_.",
    )

    @property
    def sources(self) -> list[str]:
        """Return its columns or paths; the first filled one counts."""
        return self.columns or ([] if self.column is None else [self.column])

    @model_validator(mode="before")
    @classmethod
    def _in_short(cls, given: object) -> object:
        return _column_table(given)

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Return the JSON Schema, which also accepts a column's name."""
        return _or_text(handler(core))


class PropertyCell(Cell):
    """A cell with a type; text means `{ column = … }`."""

    type: Literal["string", "integer", "number", "boolean", "timestamp", "date", "json"] | None = Field(
        default=None,
        description="How it is sent; `date` sends a day without a time, `json` parses text as JSON. By default CSV "
        "cells are sent as strings, and JSON values keep their type. The results of `values` and `hash` are text. "
        "A warehouse keeps the first type that it receives.",
    )
    decimal: Literal[".", ","] = Field(
        default=".", description="The character before the fraction of a `number`; `.` by default."
    )
    separator: Text | None = Field(
        default=None,
        description='The character between the items of a list, such as ";". The cell is sent as a list.',
    )

    @property
    def kind(self) -> PropertyType | None:
        """Return the type in which it is sent, `list` included."""
        return self.type if self.separator is None else "list"


_OF_A_CELL: Final = frozenset(PropertyCell.model_fields)


def _flattened(given: object) -> object:
    """Return nested tables of traits as one with dotted names."""
    if not isinstance(given, dict):
        return given
    flat: dict[str, object] = {}
    for name, value in given.items():
        if isinstance(value, dict) and value and not _OF_A_CELL & value.keys():
            inner = _flattened(value)
            assert isinstance(inner, dict)
            flat |= {f"{name}.{key}": each for key, each in inner.items()}
        else:
            flat[name] = value
    return flat


Traits = Annotated[dict[str, PropertyCell], BeforeValidator(_flattened)]


class Timestamp(Table):
    """An event's time; text means `{ columns = [ … ] }`."""

    columns: Annotated[list[Text], BeforeValidator(listed), OneOrMore()] = Field(
        default=[], min_length=1, description="One column or several, names or dotted paths."
    )
    choose: Literal["first", "earliest", "latest"] = Field(
        default="first",
        description="Of several that are filled: the first in this order, the earliest or the latest time; "
        "`first` by default.",
    )

    @model_validator(mode="before")
    @classmethod
    def _in_short(cls, given: object) -> object:
        return {"columns": [given]} if isinstance(given, str) else given

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Return the JSON Schema, which also accepts a column's name."""
        return _or_text(handler(core))


class Fields(Table):
    """Sources of Inflection's fields; other fields are found by column name."""

    event: Cell | None = Field(default=None, description="The event's name.")
    userId: Cell | None = Field(default=None, description="The customer's own id of the person.")  # noqa: N815 - Segment's name
    personId: Cell | None = Field(  # noqa: N815 - Inflection's name
        default=None, description="Inflection's id of the person, sent as anonymousId."
    )
    email_id: Cell | None = Field(default=None, description="The id of the email, or of its template.")
    campaign_id: Cell | None = Field(default=None, description="The id of the campaign, or journey.")
    campaign_run_id: Cell | None = Field(default=None, description="The id of the campaign's run.")
    campaign_name: Cell | None = Field(default=None, description="The campaign's name.")
    email_subject: Cell | None = Field(default=None, description="The email's subject.")
    email_link_url: Cell | None = Field(default=None, description="The link that was clicked.")
    is_unique_open: Cell | None = Field(
        default=None, description="Whether it was the person's first opening."
    )
    is_unique_click: Cell | None = Field(default=None, description="Whether it was the person's first click.")
    timestamp: Timestamp | None = Field(default=None, description="When it happened.")
    email: Cell | None = Field(
        default=None, description="The person's address; sent only where an option says so."
    )
    ip: Cell | None = Field(default=None, description="The person's network address, sent as context.ip.")
    user_agent: Cell | None = Field(
        default=None, description="The person's browser, sent as context.userAgent."
    )
    event_id: Cell | None = Field(default=None, description="The export's own id of the event.")
    groupId: Cell | None = Field(  # noqa: N815 - Segment's name
        default=None, description="The id of the account: of a group, or in the context of other calls."
    )
    name: Cell | None = Field(default=None, description="The name of a page or screen.")
    category: Cell | None = Field(default=None, description="The category of a page or screen.")

    @property
    def cells(self) -> dict[str, Cell]:
        """Return the fields that are set, by name, without `timestamp`."""
        cells = {name: getattr(self, name) for name in (*FIELDS, *CALL_ONLY_FIELDS)}
        return {name: cell for name, cell in cells.items() if isinstance(cell, Cell)}


class Condition(Table):
    """A test of a cell by `equals`, `not_equals` or `filled`."""

    column: Text | None = Field(default=None, description="A column's name, or a dotted path into JSON.")
    columns: list[Text] = Field(
        default=[], min_length=1, description="Several columns or paths; the first that is filled is tested."
    )
    field: Literal["event"] | None = Field(
        default=None, description="In place of a column: the event's name, as `fields.event` gives it."
    )
    equals: Annotated[list[str], BeforeValidator(listed), OneOrMore()] = Field(
        default=[],
        min_length=1,
        description="One text or several: the cell is one of them, in any case.",
    )
    not_equals: Annotated[list[str], BeforeValidator(listed), OneOrMore()] = Field(
        default=[], min_length=1, description="One text or several: the cell is not one of them."
    )
    filled: bool | None = Field(
        default=None, description="Whether the cell holds anything but white space, or holds nothing."
    )

    @property
    def source(self) -> Cell:
        """Return the cell that is tested, without changes."""
        return Cell(column=self.column, columns=self.columns) if self.columns else Cell(column=self.column)


class Event(Table):
    """One event that a row may stand for."""

    name: Text | None = Field(
        default=None, description="The event's name; taken from the field `event` where left out."
    )
    timestamp: Timestamp | None = Field(
        default=None,
        description="Where its time comes from. Without `when`, a row in which this is empty has no such event.",
    )
    when: Annotated[list[Condition], BeforeValidator(listed), OneOrMore()] = Field(
        default=[], min_length=1, description="One condition or several that all must hold."
    )
    fields: Fields = Field(default=Fields(), description="What differs from the profile's own `[fields]`.")
    properties: dict[str, PropertyCell] = Field(default={}, description="Properties of this event alone.")
    type: CallType | None = Field(default=None, description="Which call it is; by default the profile's own.")
    traits: Traits = Field(default={}, description="Traits of this identify or group alone.")


class Lookup(Table):
    """A table of a file or record; its cells are columns `NAME.COLUMN`."""

    file: Text | None = Field(
        default=None,
        description="A CSV or NDJSON file beside the profile or below; any other by `--lookup-file NAME=FILE`.",
    )
    list: Text | None = Field(
        default=None,
        description="In place of a file: the record's column or path with a list of objects, such as `^.included`.",
    )
    key: Text = Field(description="The table's column that identifies its rows.")
    by: Text | None = Field(
        default=None,
        description="The record's column or path that holds the key; the same name as `key` by default.",
    )
    otherwise: Literal["warn", "reject", "empty"] = Field(
        default="warn",
        description="Whether a key that the table lacks gives a warning with empty cells, rejects the row, or "
        "gives empty cells. The default is `warn`.",
    )


class TimeColumn(Table):
    """Zone and format of one column's times, if different."""

    zone: Text | None = Field(default=None, description="Its zone, for times that name none.")
    format: Text | None = Field(default=None, description="The form of its times.")


def _options_table(name: str, about: str, **more: Any) -> Any:
    keys = {each.profile_name: (each, each.option.profile_help) for each in profile_keys(name.lower())}
    return table_model(name, about, keys, more=more)


if TYPE_CHECKING:
    Input: TypeAlias = Any
    Time: TypeAlias = Any
    Options: TypeAlias = Any
else:
    Input = _options_table("Input", "Encoding, delimiter and record path of the files.")
    Time = _options_table(
        "Time",
        "Zone and format of times.",
        columns=(
            dict[str, TimeColumn] | None,
            Field(default=None, description="What differs for single columns, by the column's name."),
        ),
    )
    Options = _options_table("Options", "Options of the command line that belong to the export.")


class Columns(Table):
    """Treatment of columns that are not fields."""

    others: Literal["send", "drop"] = Field(
        default="send",
        description="Whether columns that the profile names nowhere are sent as properties; `send` by default.",
    )
    drop: list[Text] = Field(default=[], description="Columns that are never sent.")


class Recognised(Table):
    """Columns and values by which a file is recognised."""

    columns: list[Text] = Field(
        min_length=1,
        description="Columns, or dotted paths into JSON, that the first records have. All of them are needed.",
    )
    values: dict[str, list[Text]] = Field(
        default={},
        description="By column or path, texts of which its cells must have at least one, in any case.",
    )


class PresetHead(Table):
    """Version, title, page and files of a preset."""

    version: Annotated[int, Field(ge=1)] = Field(
        description="The preset's own version; it grows if ids of events could change."
    )
    title: Text = Field(description="The vendor, and what it exports.")
    page: Text = Field(description="The vendor's public page that it follows: an https address.")
    recognise: list[Recognised] = Field(
        default=[],
        min_length=1,
        description="The shapes of its files; `inspect` proposes it for any of them.",
    )


class ProfileFile(Table):
    """Rules to read and map exports of one shape; options override them."""

    model_config = ConfigDict(title="infl-seg profile", json_schema_extra={"required": ["profile"]})

    profile: Literal[1] | None = Field(default=None, description="The version of this format: 1.")
    input: Input | None = Field(default=None, description="How the files are read.")
    time: Time | None = Field(default=None, description="How times are read.")
    fields: Fields = Field(
        default=Fields(),
        description="Inflection's fields, and their sources. Columns that it does not name are not fields.",
    )
    properties: dict[str, PropertyCell] = Field(
        default={}, description="Properties of every event, by the name they are sent under."
    )
    columns: Columns = Field(default=Columns(), description="How to handle columns that are not fields.")
    lookup: dict[str, Lookup] = Field(
        default={}, description="Tables of other files, by name; `NAME.COLUMN` names one of their cells."
    )
    type: CallType | None = Field(
        default=None, description="Which call a row is; a track event by default. As `--as`."
    )
    traits: Traits = Field(
        default={},
        description="Traits of every identify and group, by the name they are sent under; `address.city` is nested.",
    )
    event: list[Event] = Field(
        default=[],
        min_length=1,
        description="`[[event]]`: the events that a row may stand for, in order; without any, a row is one event.",
    )
    options: Options | None = Field(
        default=None, description="Options of the command line that belong to the export."
    )
    context: dict[str, str] = Field(
        default={}, description="Further members of every event's context. As `--context`."
    )
    integrations: dict[str, bool] = Field(
        default={}, description="Destinations turned on or off; `All` is all of them. As `--integration`."
    )
    extends: Text | None = Field(
        default=None,
        description='What the profile is laid over: "preset:NAME", or a profile in its folder or below. A key of a '
        "table replaces the same key there, and a list the whole list.",
    )
    without: list[Text] = Field(
        default=[],
        min_length=1,
        description='Keys of what it extends that do not hold: "fields.ip", "options.user_id_from", "event".',
    )
    preset: PresetHead | None = Field(
        default=None, description="What a preset states about itself. It changes no message."
    )

    @property
    def column_names(self) -> frozenset[str]:
        """Return the columns and paths of cells, times and conditions."""
        parts: tuple[ProfileFile | Event, ...] = (self, *self.event)
        cells = [cell for part in parts for cell in (*part.fields.cells.values(), *part.properties.values())]
        cells += [cell for part in parts for cell in part.traits.values()]
        cells += [test.source for event in self.event for test in event.when]
        times = [self.fields.timestamp, *(event.timestamp for event in self.event)]
        tables = [
            name for table in self.lookup.values() for name in (table.by or table.key, table.list) if name
        ]
        return frozenset(
            [name for cell in cells for name in cell.sources]
            + [name for time in times if time is not None for name in time.columns]
            + tables
        )


@dataclass(frozen=True, slots=True)
class Profile:
    """Rules to read and map exports of one shape; options override them.

    A column that a profile names for any use is sent as a property only where `properties` says so. A profile that
    names fields has those and no others; of one that names none, columns are fields by their names. There a property
    is a copy: a column with the very name of a field is still that field too, unless the property is hashed.

    A column whose whole name has dots in it beats a path. A key that has dots itself stands in double quotes,
    `payload."a.b".c`, and a double quote within such quotes is doubled. The patterns of `by_file` are matched against
    the name that the file was exported under, without regard to case. Its folders count for patterns with a slash.

    Attributes:
        path: The file as the user wrote it, or `preset:NAME`.
        digest: The hex SHA-256 of the file's bytes; of two digests, if it extends another.
        options: The options that it sets, which flags override.
        times: What differs from it for single columns.
        fields: Where Inflection's fields come from, for blocks that do not say.
        properties: Properties of every event, by name.
        other_columns: What becomes of columns that are named nowhere.
        drop: Columns that are never sent.
        events: The events that a row may stand for, in order; empty means one event a row, by `fields`. Where one has
            a time and no `when`, a row in which all columns of that time are empty has no such event.
        context: Further members of every event's context.
        integrations: Destinations turned on or off.
        type: Which call a row is, for blocks that do not say; None is a track event.
        traits: Traits of every identify and group, by name.
        salts: The text of each salt that is used, by environment variable.
        lookups: Tables of other files, by name.
        tables: What those files hold, once they are read.
        preset: The preset that it is or extends, if any.
        of_preset: The columns and paths that this preset names. A file need not have them: it names all that the vendor
            has.
        also_by_name: Whether columns are fields by their names although it names fields, or drops what it does not
            name, as in runs of versions before 0.2.
    """

    path: str
    digest: str
    options: InputOptions = field(default_factory=InputOptions)
    times: Mapping[str, TimeColumn] = field(default_factory=dict)
    fields: Fields = field(default_factory=Fields)
    properties: Mapping[str, PropertyCell] = field(default_factory=dict)
    other_columns: Literal["send", "drop"] = "send"
    drop: tuple[str, ...] = ()
    events: tuple[Event, ...] = ()
    context: Mapping[str, str] = field(default_factory=dict)
    integrations: Mapping[str, bool] = field(default_factory=dict)
    type: CallType | None = None
    traits: Mapping[str, PropertyCell] = field(default_factory=dict)
    salts: Mapping[str, str] = field(default_factory=dict, repr=False)
    lookups: Mapping[str, Lookup] = field(default_factory=dict)
    tables: Mapping[str, LookupTable] = field(default_factory=dict, repr=False)
    preset: PresetVersion | None = None
    of_preset: frozenset[str] = frozenset()
    also_by_name: bool = False

    @property
    def timestamp(self) -> Timestamp | None:
        """Return where times come from, for blocks that do not say."""
        return self.fields.timestamp

    @property
    def binds_by_name(self) -> bool:
        """Return whether columns the profile omits are matched by their names."""
        named = [self.fields, *(block.fields for block in self.events)]
        return self.also_by_name or not (self.timestamp or any(fields.cells for fields in named))
