"""Schema of a profile's TOML file: all keys, their types and descriptions."""

from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, TypeAlias

from pydantic import BeforeValidator, ConfigDict, Field, GetJsonSchemaHandler, model_validator
from pydantic_core import CoreSchema

from inflection_cli.settings.declarations import profile_keys
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
    constant: Text | None = Field(default=None, description="The same text for all rows.")
    by_file: dict[str, str] | None = Field(
        default=None,
        min_length=1,
        description="A text for each pattern of a file's name, such as `*-opens.csv`; the first that matches counts.",
    )
    values: dict[str, str] | None = Field(
        default=None,
        min_length=1,
        description='What a cell\'s text becomes, compared without outer white space and case; "" is absent.',
    )
    otherwise: Literal["keep", "reject", "empty"] | None = Field(
        default=None,
        description="What becomes of a filled cell that `values` does not list; `keep` unless said.",
    )
    hash: Literal["sha256"] | None = Field(
        default=None, description="Take the hex SHA-256 of the salt followed by the text instead of the text."
    )
    salt_env: Text | None = Field(
        default=None,
        description="The environment variable that holds the salt: INFL_SEG_SALT, or a name that begins "
        "with INFL_SEG_SALT_.",
    )

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
        description="How it is sent; `date` leaves a day a day, `json` reads text as JSON. Unless said, text is sent "
        "as a string, and a number, a boolean, a list or an object of NDJSON and JSON documents as that; what `values` "
        "or `hash` has made is text. A warehouse keeps the first type it sees.",
    )
    decimal: Literal[".", ","] | None = Field(
        default=None, description="The character before the fraction of a `number`; `.` unless said."
    )
    separator: Text | None = Field(
        default=None, description='What stands between the items of a list, such as ";": it is sent as one.'
    )


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
CallWord = Literal["track", "identify", "group", "page", "screen"]


class Timestamp(Table):
    """An event's time; text means `{ columns = [ … ] }`."""

    columns: Annotated[list[Text], BeforeValidator(listed), OneOrMore()] | None = Field(
        default=None, min_length=1, description="One column or several, names or dotted paths."
    )
    choose: Literal["first", "earliest", "latest"] | None = Field(
        default=None,
        description="Of several that are filled: the first in this order, the earliest or the latest time; "
        "`first` unless said.",
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


class Condition(Table):
    """A test of a cell by `equals`, `not_equals` or `filled`."""

    column: Text | None = Field(default=None, description="A column's name, or a dotted path into JSON.")
    equals: Annotated[list[str], BeforeValidator(listed), OneOrMore()] | None = Field(
        default=None,
        min_length=1,
        description="One text or several: the cell is one of them, whatever its case.",
    )
    not_equals: Annotated[list[str], BeforeValidator(listed), OneOrMore()] | None = Field(
        default=None, min_length=1, description="One text or several: the cell is none of them."
    )
    filled: bool | None = Field(
        default=None, description="Whether the cell holds anything but white space, or holds nothing."
    )


class Event(Table):
    """One event that a row may stand for."""

    name: Text | None = Field(
        default=None, description="The event's name; taken from the field `event` where left out."
    )
    timestamp: Timestamp | None = Field(
        default=None,
        description="Where its time comes from. Without `when`, a row in which this is empty has no such event.",
    )
    when: Annotated[list[Condition], BeforeValidator(listed), OneOrMore()] | None = Field(
        default=None, min_length=1, description="One condition or several that all must hold."
    )
    fields: Fields | None = Field(default=None, description="What differs from the profile's own `[fields]`.")
    properties: dict[str, PropertyCell] | None = Field(
        default=None, description="Properties of this event alone."
    )
    type: CallWord | None = Field(
        default=None, description="Which call it is; the profile's own unless said."
    )
    traits: Traits | None = Field(default=None, description="Traits of this identify or group alone.")


class TimeColumn(Table):
    """Zone and format of one column's times, if different."""

    zone: Text | None = Field(default=None, description="Its zone, for times that name none.")
    format: Text | None = Field(default=None, description="The form of its times.")


def _options_table(name: str, about: str, **more: Any) -> Any:
    """Build the model of a table that sets command-line options."""
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

    others: Literal["send", "drop"] | None = Field(
        default=None,
        description="Whether columns that the profile names nowhere are sent as properties; `send` unless said.",
    )
    drop: list[Text] | None = Field(default=None, description="Columns that are never sent.")


class ProfileFile(Table):
    """Rules to read and map exports of one shape; options override them."""

    model_config = ConfigDict(title="infl-seg profile", json_schema_extra={"required": ["profile"]})

    profile: Literal[1] | None = Field(default=None, description="The version of this format: 1.")
    input: Input | None = Field(default=None, description="How the files are read.")
    time: Time | None = Field(default=None, description="How times are read.")
    fields: Fields | None = Field(
        default=None,
        description="Inflection's fields, and where they come from; with it, what it does not name is no field.",
    )
    properties: dict[str, PropertyCell] | None = Field(
        default=None, description="Properties of every event, by the name they are sent under."
    )
    columns: Columns | None = Field(default=None, description="What becomes of columns that are no field.")
    type: CallWord | None = Field(
        default=None, description="Which call a row is; a track event unless said. As `--as`."
    )
    traits: Traits | None = Field(
        default=None,
        description="Traits of every identify and group, by the name they are sent under; `address.city` is nested.",
    )
    event: list[Event] | None = Field(
        default=None,
        min_length=1,
        description="`[[event]]`: the events that a row may stand for, in order; without any, a row is one event.",
    )
    options: Options | None = Field(
        default=None, description="Options of the command line that belong to the export."
    )
    context: dict[str, str] | None = Field(
        default=None, description="Further members of every event's context. As `--context`."
    )
    integrations: dict[str, bool] | None = Field(
        default=None, description="Destinations turned on or off; `All` is all of them. As `--integration`."
    )
