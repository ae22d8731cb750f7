"""Declarations of options: type, default, help, and where each may be set."""
# ruff: noqa: RUF009 - `option` returns a field of a dataclass

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, Final, Literal, get_args, get_origin

REQUESTS_PER_SECOND: Final = 50.0
"""Default. Segment docs, partner requirements: at most 50 requests a second, batches included."""

EVENTS_PER_SECOND: Final = 500.0
"""Default: half of a workspace's 1,000 a second (Segment docs, "Rate limits"), shared with live traffic."""

ENCODING: Final = "utf-8"
MAX_EXPANSION: Final = 250
MAX_GIGABYTES: Final = 100
MAX_BYTES: Final = f"{MAX_GIGABYTES}GB"

SAFETY: Final = "Safety"
"""The part of a command's help that stands first."""

_WHERE: Final = "the destination is set on the command line"
_LEDGER: Final = "the ledger of sent events is set on the command line"
_WRITTEN: Final = "output files are set on the command line"
_SENDING: Final = "sending needs your decision for each run"
_SIZE: Final = "the size limits of inputs are set on the command line"
_TRUST: Final = "trusted certificates are set on the command line"
_KEY: Final = "a write key is a secret: use SEGMENT_WRITE_KEY, or --write-key-file on the command line"

Texts = tuple[str, ...]
"""The type of a key that takes one text or a list of them."""


@dataclass(frozen=True, slots=True, eq=False)
class Option:
    """Declaration of an option, kept in the field that holds its value.

    Attributes:
        help: What it does.
        metavar: What stands for its value.
        example: A correct value, as it is typed in a shell.
        shown_default: What holds without it, where the default does not say so.
        least: The smallest number that it takes.
        most: The largest number that it takes.
        short: Its name of one letter.
        name: Its long name without hyphens, where it is not the field's.
        profile: The table of a profile that its key stands in, with a dot and the key's name where that is another
            one; the project file can set it too.
        profile_help: What is said of its key in a profile.
        project_help: What is said of its key in the project file, where that is something else.
        key: The key's name in both files where it says the opposite of the option.
        kind: The key's type in both files, where it is not the option's.
        project_most: The largest number that the project file may set.
        joins: Whether the values of flag, profile and project file count together.
        after: The option that its key follows in both files, where it is not the one declared before it.
        never: Why neither file can set it; with a colon in it, this is all that is said.
        forces: Whether it skips a question or a refusal: no file sets it, and no hint for a misspelt word names it.
        variable: The environment variable that sets it.
        recorded: Whether the ledger keeps it, for `runs verify`.
        common: Whether `--help` shows it also for a command of many options; `--help-all` shows every option.
        panel: The part of a command's help that it is shown in, where that is not its group's.
    """

    help: str
    metavar: str | None = None
    example: str | None = None
    shown_default: str | None = None
    least: int | None = None
    most: int | None = None
    short: str = ""
    name: str = ""
    profile: str = ""
    profile_help: str = ""
    project_help: str = ""
    key: str = ""
    kind: Any = None
    project_most: float | None = None
    joins: bool = False
    after: str = ""
    never: str = ""
    forces: bool = False
    variable: str = ""
    recorded: bool = True
    common: bool = False
    panel: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Declared:
    """An option of a group, with its type and default.

    Attributes:
        field: The name of the group's field.
        value_type: Its type.
        default: Its default.
        option: Its declaration.
    """

    field: str
    value_type: Any
    default: Any
    option: Option

    @property
    def flag(self) -> str:
        """The long name as it is typed."""
        return "--" + (self.option.name or self.field.replace("_", "-"))

    @property
    def key(self) -> str:
        """Name of the key in settings files."""
        return self.option.key or self.field

    @property
    def enum(self) -> type[StrEnum] | None:
        """The type of its words, where there are few."""
        kinds = get_args(self.value_type) or (self.value_type,)
        return next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, StrEnum)), None)

    @property
    def kind(self) -> Any:
        """The type of its key in settings files."""
        if self.enum is not None:
            return Literal[tuple(word.value for word in self.enum)]
        kinds = [kind for kind in get_args(self.value_type) if kind is not type(None)]
        return self.option.kind or (
            kinds[0] if get_origin(self.value_type) is not list and kinds else self.value_type
        )

    @property
    def is_table(self) -> bool:
        """Return whether the values are `NAME=VALUE` and the key a table."""
        return get_origin(self.kind) is dict

    @property
    def profile_name(self) -> str:
        """The name of the key in its table of a profile."""
        return self.option.profile.partition(".")[2] or self.key

    @property
    def project_help(self) -> str:
        """Description of the project file's key; empty if it cannot be set."""
        return self.option.project_help or self.option.profile_help

    def converted(self, value: Any) -> Any:
        """Convert between the option's value and the key's."""
        return not value if self.option.key else value

    @property
    def refusal(self) -> str:
        """Reason why a settings file cannot set it, with the alternative."""
        why = self.option.never or "is set on the command line"
        if ":" in why:
            return why
        word = (self.option.metavar or self.option.example or "").partition("|")[0]
        return f"{why}: {self.flag}{'' if self.value_type is bool else f' {word}'}"


def option(default: Any, about: str, **declaration: Any) -> Any:
    """Return the field of an option; see `Option` for its declaration."""
    return _with_metadata(default, {"option": Option(about, **declaration)})


def reworded(default: Any, about: str) -> Any:
    """Return a declared option's field with another help text."""
    return _with_metadata(default, {"help": about})


def _with_metadata(default: Any, metadata: Mapping[str, Any]) -> Any:
    if isinstance(default, list):
        return dataclasses.field(default_factory=list, metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Group:
    """Base of a group of options that commands share.

    Each start builds all groups, so they have few generated methods: none prints one, and few are compared.
    """

    PANEL: ClassVar[str | None] = None
    """The part of a command's help that it is shown in."""


class UnknownEvents(StrEnum):
    """Action for events that Inflection does not send."""

    REJECT = "reject"
    SKIP = "skip"
    SEND = "send"


class Naming(StrEnum):
    """Naming scheme of the events that are sent."""

    INFLECTION = "inflection"
    SPEC = "spec"


class TraitsStyle(StrEnum):
    """Spelling of reserved traits."""

    RESERVED = "reserved"
    SNAKE = "snake"


class Identify(StrEnum):
    """Rule by which people are linked to their userIds."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


class Region(StrEnum):
    """Segment region of the workspace."""

    US = "us"
    EU = "eu"


class Initial(StrEnum):
    """Use of the rows of a list that is new."""

    SEND = "send"
    SKIP = "skip"


class Color(StrEnum):
    """Color mode of the output."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ProjectOptions(Group):
    """Option that turns off the project file."""

    PANEL: ClassVar[str | None] = "Input"

    no_project: bool = option(
        False,
        "Ignore infl-seg.toml and its default options. INFL_SEG_NO_PROJECT=1 does the same.",
        variable="INFL_SEG_NO_PROJECT",
    )


@dataclass(frozen=True, slots=True, repr=False)
class InputOptions(Group):
    """Options for reading and mapping files; None means not given."""

    PANEL: ClassVar[str | None] = "Input"

    profile: str | None = option(
        None,
        "TOML file with the mapping of such exports; options override it.",
        metavar="FILE",
        example="profile.toml",
        project_help="The profile, in this folder or below. As `--profile`.",
        common=True,
    )
    preset: str | None = option(
        None,
        "Preset for exports of a known vendor; infl-seg presets list shows all of them.",
        metavar="NAME",
        example="sendgrid-events",
        project_help="The preset for exports of a known vendor. As `--preset`.",
        recorded=False,
    )
    profile_for: list[str] = option(
        [],
        "Profile for some files, by name or pattern; repeatable.",
        metavar="FILES=FILE",
        example="'*.csv=profile.toml'",
        never="profiles of single files are set on the command line",
    )
    lookup_file: list[str] = option(
        [],
        "The file of a lookup table that the profile has; repeatable.",
        metavar="NAME=FILE",
        example="campaigns=campaign.csv",
        never="the file of a table is set in a profile or on the command line",
        recorded=False,
    )
    call_type: list[str] = option(
        [],
        "Type of each row: track, identify, group, page or screen; for some files FILES=TYPE. The default is a column "
        "named type, or else track.",
        metavar="[FILES=]TYPE",
        example="identify",
        name="as",
        never="the type of rows is set by type in a profile, or on the command line",
    )
    trait: list[str] = option(
        [],
        "Send this column as a trait of an identify or group; reserved traits are always sent. Repeatable.",
        metavar="COLUMN",
        example="'Lead Score'",
        joins=True,
        project_help="Columns that are sent as traits. As `--trait`.",
    )
    all_traits: bool = option(
        False,
        "Send every column that is not personal as a trait of an identify or group.",
        profile="options",
        profile_help="Whether every column that is not personal is sent as a trait; `false` by default. "
        "As `--all-traits`.",
    )
    now: bool = option(
        False,
        "Use the time of this run for calls other than track, if the export has no time.",
        profile="options",
        profile_help="Whether each identify and group gets the time of the run; `false` by default. As `--now`.",
    )
    group_user: str | None = option(
        None,
        "Send this userId for a group without a person: one user is a member of every such account.",
        metavar="VALUE",
        example="import",
        profile="options",
        profile_help="The userId of groups without a person. As `--group-user`.",
    )
    group_anonymous_id: str | None = option(
        None,
        "Send account: and the groupId as anonymousId of a group without a person: one new user per account.",
        metavar="account",
        example="account",
        kind=Literal["account"],
        profile="options",
        profile_help="What is sent as anonymousId of groups without a person. As `--group-anonymous-id`.",
    )
    map: list[str] = option(
        [],
        "Take a field from this column.",
        metavar="FIELD=COLUMN",
        example="userId='Customer ID'",
        kind=dict[str, str],
        project_help="A column for each field. As `--map`.",
        common=True,
    )
    set: list[str] = option(
        [],
        "Set a field to this value in all rows, or a property that --check names: module=Email.",
        metavar="NAME=VALUE",
        example="campaign_id=spring-2024",
        kind=dict[str, str],
        project_help="A value for each field, for all rows. As `--set`.",
    )
    property: list[str] = option(
        [],
        "Send this column as a property although it looks personal.",
        metavar="COLUMN",
        example="'Mail Client'",
        joins=True,
        project_help="Columns that are sent although they look personal. As `--property`.",
    )
    unknown_events: UnknownEvents | None = option(
        None,
        "How to handle unknown event names.",
        example="skip",
        shown_default=UnknownEvents.REJECT.value,
        profile="options",
        profile_help="How to handle unknown event names. As `--unknown-events`.",
    )
    event_name: list[str] = option(
        [],
        "Read events of this name in the export as one of Inflection's; repeatable.",
        metavar="NAME=EVENT",
        example="'Hard Bounce=Email Bounced'",
        kind=dict[str, str],
        project_help="Inflection's event for each name in the export. As `--event-name`.",
    )
    skip_event: list[str] = option(
        [],
        "Leave rows with this event name in the export out; repeatable.",
        metavar="NAME",
        example="Sent",
        kind=Texts,
        joins=True,
        profile="options",
        profile_help="Event names of the export whose rows are left out. As `--skip-event`.",
    )
    naming: Naming | None = option(
        None,
        "Event names: those of Inflection's live source, or of Segment's Email Spec (other warehouse tables).",
        example="spec",
        shown_default=Naming.INFLECTION.value,
        profile="options",
        profile_help="The naming of events. As `--naming`.",
    )
    user_id_from: str | None = option(
        None,
        "Send the address as userId if a row has no userId.",
        metavar="email",
        example="email",
        kind=Literal["email"],
        profile="options",
        profile_help="What is sent as userId where a row has none. As `--user-id-from`.",
    )
    anonymous_id_from: str | None = option(
        None,
        "Send a SHA-256 of the address as anonymousId if a row has no personId.",
        metavar="email",
        example="email",
        kind=Literal["email"],
        profile="options",
        profile_help="What is sent, hashed, as anonymousId where a row has no personId. As `--anonymous-id-from`.",
    )
    identify: Identify | None = option(
        None,
        "When to link a personId to its userId. Auto links people who also have events by personId alone.",
        example="never",
        shown_default=Identify.AUTO.value,
        profile="options",
        profile_help="When a personId is linked to its userId. As `--identify`.",
    )
    resolve_identity: bool = option(
        False,
        "Send a userId found in other rows with all of a person's events, including earlier ones.",
        profile="options",
        profile_help="Whether a userId found in other rows is sent with all of a person's events; `false` by "
        "default. As `--resolve-identity`.",
    )
    null: list[str] = option(
        [],
        "Treat cells with this text as empty, e.g. NULL or '\\N'; repeatable.",
        metavar="VALUE",
        example="NULL",
        kind=Texts,
        joins=True,
        profile="input",
        profile_help="Texts that stand for an empty cell: `NULL`, `\\\\N`. As `--null`.",
        project_help="Texts that stand for an empty cell. As `--null`.",
        after="records",
    )
    allow_implausible_people: bool = option(
        False,
        "Send although one person seems to be many people.",
        never="sending implausible people needs your decision for each run",
        forces=True,
    )
    email_trait: bool = option(
        False,
        "Send the address as context.traits.email; this creates or merges Unify profiles.",
        never="an address creates or merges profiles, so it needs your decision",
    )
    no_event_id: bool = option(
        False,
        "Ignore the export's own event ids.",
        key="own_ids",
        profile="options",
        profile_help="Whether the export's own event ids are used; `true` by default. As `--no-event-id`.",
    )
    keep_equal_rows: bool = option(
        False,
        "Send events that are equal in every identifying field as often as a file has them. Never split such a file "
        "between equal rows.",
        profile="options",
        profile_help="Whether equal events of one file are all sent; `false` by default. As `--keep-equal-rows`.",
    )
    properties_as_text: bool = option(
        False,
        "Send JSON numbers, booleans, lists and objects as text if the profile sets no type. By default they keep "
        "their JSON type.",
        profile="options",
        profile_help="Whether JSON numbers, booleans, lists and objects without a `type` are sent as text; `false` by "
        "default. As `--properties-as-text`.",
    )
    check: list[str] = option(
        [],
        "Check each message against the rules of a destination: freshsuccess, email-spec or partner-source; "
        "repeatable.",
        metavar="NAME",
        example="freshsuccess",
        kind=Texts,
        joins=True,
        profile="options",
        profile_help="Destinations whose rules messages are checked against: `freshsuccess`, `email-spec`, "
        "`partner-source`. As `--check`.",
    )
    session_id: str | None = option(
        None,
        "With --check freshsuccess, send this column as anonymousId with the userId; person sends the personId. "
        "Segment may link the two ids.",
        metavar="COLUMN|person",
        example="person",
        never="an anonymousId with a userId may link people permanently, so it needs your decision",
    )
    traits_style: TraitsStyle | None = option(
        None,
        "Names of the reserved traits of identify and group calls: Segment's names, or Freshsuccess's "
        "(first_name, mailing_city).",
        example="snake",
        shown_default=TraitsStyle.RESERVED.value,
        profile="options",
        profile_help="Names of the reserved traits of identify and group calls. As `--traits-style`.",
    )
    timezone: str | None = option(
        None,
        "Time zone of times without one, e.g. Europe/Berlin or UTC.",
        metavar="NAME",
        example="Europe/Berlin",
        profile="time.zone",
        profile_help="Time zone of times without one: `Europe/Berlin`, `UTC`. As `--timezone`.",
        project_help="Time zone of times without one. As `--timezone`.",
        common=True,
    )
    timestamp_format: str | None = option(
        None,
        'Time format, e.g. "%d/%m/%Y %H:%M".',
        metavar="FMT",
        example="'%d/%m/%Y %H:%M'",
        profile="time.format",
        profile_help="The time format: `%d.%m.%Y %H:%M`. As `--timestamp-format`.",
        project_help="The time format. As `--timestamp-format`.",
    )
    zone_name: list[str] = option(
        [],
        "The offset that an abbreviation behind times means, such as PST=-08:00; repeatable. Names such as "
        "America/New_York are known.",
        metavar="NAME=OFFSET",
        example="PST=-08:00",
        kind=dict[str, str],
        profile="time.abbreviations",
        profile_help='The offset that each abbreviation behind times means: { PST = "-08:00" }. As `--zone-name`.',
        project_help="The offset of each abbreviation behind times. As `--zone-name`.",
    )
    encoding: str | None = option(
        None,
        "Encoding of the files, e.g. windows-1252.",
        metavar="NAME",
        example="windows-1252",
        shown_default=ENCODING,
        profile="input",
        profile_help="Their encoding: `utf-8`, `windows-1252`. As `--encoding`.",
        project_help="Encoding of the files. As `--encoding`.",
    )
    delimiter: str | None = option(
        None,
        "Delimiter of CSV files: one character, tab, or a code like \\x01; detected by default.",
        metavar="C",
        example="';'",
        profile="input",
        profile_help='The character between cells of CSV files, or "tab"; detected by default. '
        "As `--delimiter`.",
        project_help='The character between cells, or "tab". As `--delimiter`.',
    )
    skip_lines: int | None = option(
        None,
        "Skip this many lines of CSV files before the header.",
        metavar="N",
        example="3",
        least=1,
        profile="input",
        profile_help="Number of lines before the header of CSV files. As `--skip-lines`.",
        project_help="Number of lines before the header. As `--skip-lines`.",
    )
    header_line: int | None = option(
        None,
        "Line number of the header in CSV files, from 1; the lines above are skipped.",
        metavar="N",
        example="4",
        least=1,
        profile="input",
        profile_help="Line number of the header in CSV files, from 1. As `--header-line`.",
        project_help="Line number of the header. As `--header-line`.",
    )
    columns: str | None = option(
        None,
        "Names of the columns of CSV files without a header, in order, e.g. event,,userId. An empty name leaves its "
        "column out.",
        metavar="NAMES",
        example="event,userId,timestamp",
        profile="input",
        profile_help='Names of the columns of CSV files without a header: "event,userId". As `--columns`.',
        project_help="Names of the columns of files without a header. As `--columns`.",
    )
    escape: str | None = option(
        None,
        "Escape character before quotes in quoted cells of CSV files, if quotes are not written twice.",
        metavar="C",
        example="'\\'",
        profile="input",
        profile_help="Escape character before quotes in quoted cells of CSV files: '\\\\'. As `--escape`.",
        project_help="Escape character before quotes in quoted cells. As `--escape`.",
    )
    max_expansion: int = option(
        MAX_EXPANSION,
        "Refuse compressed files that expand to more than N times their size (beyond 16 MiB).",
        metavar="N",
        example=str(MAX_EXPANSION),
        least=1,
        never=_SIZE,
    )
    max_bytes: str = option(
        MAX_BYTES,
        "Refuse files larger than this, measured without compression.",
        metavar="SIZE",
        example=MAX_BYTES,
        never=_SIZE,
    )
    records: str | None = option(
        None,
        "Path to the list of records in a JSON document, e.g. data or result.items. A dot reads the document as one "
        "record. .items reads each item of a list in each document, with the outer members as ^.NAME.",
        metavar="PATH",
        example="data",
        profile="input",
        profile_help="Path to the list of records in a JSON document: `data`, `result.items`, or `.items` within each "
        "document. With `?` at its end, only where a file has that list. As `--records`.",
        project_help="Path to the list of records in a JSON document. As `--records`.",
    )
    sheet: str | None = option(
        None,
        "Sheet of an Excel workbook; the only one that is not hidden where left out.",
        metavar="NAME",
        example="Events",
        profile="input",
        profile_help="The sheet of an Excel workbook. As `--sheet`.",
        project_help="The sheet of an Excel workbook. As `--sheet`.",
    )
    max_errors: str = option(
        "0",
        "Rows that may be rejected; with more, nothing is sent.",
        metavar="N|N%",
        example="1%",
        never="the number of rejected rows needs your decision for each run",
        recorded=False,
        common=True,
    )
    rejects: str | None = option(
        None,
        "Folder for rejected rows and refused messages.",
        metavar="DIR",
        example="rejects",
        shown_default="./infl-seg-rejects-RUN/",
        never=_WRITTEN,
        recorded=False,
    )
    since: str | None = option(
        None,
        "Keep events from this time on.",
        metavar="T",
        example="2024-03-01",
        project_help="Keep events from this time on. As `--since`.",
    )
    until: str | None = option(
        None,
        "Keep events before this time, e.g. the day the live source was connected.",
        metavar="T",
        example="2024-04-01",
        project_help="Keep events before this time. As `--until`.",
        common=True,
    )
    event: list[str] = option(
        [],
        "Keep this event only; repeatable.",
        metavar="NAME",
        example="'Email Opened'",
        kind=Texts,
        project_help="Keep these events only. As `--event`.",
    )
    limit: int | None = option(
        None,
        "Read this many rows only.",
        metavar="N",
        example="1000",
        least=1,
        never="the number of rows to read is set on the command line",
    )
    ca_file: str | None = option(
        None,
        "Also trust the certificate authorities of this PEM file, for the destination and for https:// files. The "
        "system's are always trusted, and those of SSL_CERT_FILE, SSL_CERT_DIR, REQUESTS_CA_BUNDLE and "
        "CURL_CA_BUNDLE.",
        metavar="FILE",
        example="company-ca.pem",
        never=_TRUST,
        recorded=False,
    )


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class WorkOptions(Group):
    """Options that select who reads and converts the files."""

    PANEL: ClassVar[str | None] = "Input"

    jobs: int | None = option(
        None,
        "Read and convert with this number of processes; 1 starts no other. The results are the same.",
        metavar="N",
        example="2",
        least=1,
        shown_default="the cores, at most 8; 1 for less than 32 MB of input",
        project_help="How many processes read and convert. As `--jobs`.",
    )
    cluster: str | None = option(
        None,
        "Read and convert with the workers of a Dask cluster; for thousands of files. See docs/cluster.md.",
        metavar="ADDRESS",
        example="tls://scheduler.example:8786",
        never="the machines that get your rows are set on the command line",
    )
    cluster_insecure: bool = option(
        False,
        "Send rows to a cluster unencrypted, in your own network.",
        never="sending rows unencrypted needs your decision for each run",
        forces=True,
    )


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class MessageOptions(Group):
    """Options for content that every message carries beside its event."""

    PANEL: ClassVar[str | None] = "Destination"

    integration: list[str] = option(
        [],
        "Turn a destination on or off; All=false sends to warehouses only. Inflection=false is always set.",
        metavar="NAME=true|false",
        example="All=false",
        kind=dict[str, bool],
        project_help="Destinations turned on or off. As `--integration`.",
    )
    context: list[str] = option(
        [],
        "Add to every event's context.",
        metavar="KEY=VALUE",
        example="import=spring-2024",
        kind=dict[str, str],
        project_help="Further members of every event's context. As `--context`.",
    )


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class SourceOptions(Group):
    """Options that select the Segment source and the endpoint."""

    PANEL: ClassVar[str | None] = "Destination"

    write_key: str | None = option(
        None,
        "Write key of the Segment source. Other users of this machine can see it while the command runs; "
        "--write-key-file or SEGMENT_WRITE_KEY hide it.",
        metavar="KEY",
        never=_KEY,
        variable="SEGMENT_WRITE_KEY",
    )
    write_key_file: str | None = option(
        None,
        "File that holds the write key, or - for standard input; also SEGMENT_WRITE_KEY_FILE.",
        metavar="FILE",
        example="key.txt",
        never=_KEY,
        variable="SEGMENT_WRITE_KEY_FILE",
        common=True,
    )
    region: Region | None = option(
        None,
        "Region of the workspace. The key does not show it, and the wrong region answers 200.",
        example="eu",
        shown_default=Region.US.value,
        never=_WHERE,
        common=True,
    )
    endpoint: str | None = option(
        None,
        "Base URL instead of a region; messages are posted to URL/v1/batch.",
        metavar="URL",
        example="http://127.0.0.1:8080",
        never=_WHERE,
    )
    ca_file: str | None = None


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class DestinationOptions(SourceOptions):
    """Options for the destination: source, namespace and deduplication window."""

    namespace: str | None = option(
        None,
        "Label for the destination in the ledger and in message ids (default: hash of endpoint and key).",
        metavar="NAME",
        example="crm-eu",
        never=f"{_WHERE}, and with it its message ids",
    )
    new_destination: bool = option(
        False, "Send although another destination's ledger has these events.", never=_WHERE, forces=True
    )
    dedup_window: float | None = option(
        None,
        "How long the destination remembers message ids.",
        metavar="HOURS",
        example="20",
        least=0,
        shown_default="20 for Segment, 0 elsewhere",
        never=f"{_WHERE}, and with it the time that it remembers ids",
    )


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class DeliveryOptions(Group):
    """Options for the delivery: rates, patience, state directory, rehearsal and output."""

    PANEL: ClassVar[str | None] = "Delivery"

    requests_per_second: float | None = option(
        None,
        "Maximum requests per second; 0 removes the limit.",
        metavar="N",
        example=f"{REQUESTS_PER_SECOND:g}",
        least=0,
        shown_default=f"{REQUESTS_PER_SECOND:g}",
        project_help=f"Maximum requests per second, at most {REQUESTS_PER_SECOND:g}.",
        # A file that came with a pull request can only slow a run down.
        project_most=REQUESTS_PER_SECOND,
    )
    events_per_second: float | None = option(
        None,
        "Maximum events per second; 0 removes the limit. A Segment workspace allows 1,000, including live traffic.",
        metavar="N",
        example=f"{EVENTS_PER_SECOND:g}",
        least=0,
        shown_default=f"{EVENTS_PER_SECOND:g}",
        project_help=f"Maximum events per second, at most {EVENTS_PER_SECOND:g}.",
        project_most=EVENTS_PER_SECOND,
        common=True,
    )
    patience: str = option(
        "1h",
        "Stop after this time without an accepted batch; the run is resumable. The limit is 30 s if the host is "
        "unknown or refuses connections from the first attempt on.",
        metavar="TIME",
        example="1h",
    )
    no_gzip: bool = option(False, "Send bodies uncompressed.")
    state_dir: str | None = option(
        None,
        "Folder of the ledger; also INFL_SEG_STATE_DIR.",
        metavar="DIR",
        example="state",
        never=f"{_LEDGER}: --state-dir DIR, or INFL_SEG_STATE_DIR",
        variable="INFL_SEG_STATE_DIR",
    )
    again: str | None = option(
        None,
        "Send everything again with new message ids; each label works once.",
        metavar="LABEL",
        example="repair-1",
        never=_LEDGER,
    )
    resend_in_doubt: bool = option(
        False,
        "Send events again that are unconfirmed for longer than the deduplication window.",
        never=_LEDGER,
        forces=True,
    )
    dry_run: bool = option(
        False,
        "Stop before the network: show the plan, send nothing.",
        short="-n",
        never=_SENDING,
        common=True,
        panel=SAFETY,
    )
    out: str | None = option(
        None,
        "Write the messages as NDJSON, with content ids.",
        metavar="FILE",
        example="messages.ndjson",
        never=_WRITTEN,
        common=True,
    )
    rehearse: bool = option(
        False,
        "Deliver to a local stand-in for Segment; needs no key.",
        never=_SENDING,
        common=True,
        panel=SAFETY,
    )
    yes: bool = option(
        False, "Send without a question.", short="-y", never=_SENDING, forces=True, common=True, panel=SAFETY
    )
    watch: bool = option(
        False, "With --rehearse: serve a page that shows the events, until Ctrl-C.", never=_SENDING
    )

    @property
    def request_rate(self) -> float:
        """Maximum requests per second; 0 means no limit."""
        return REQUESTS_PER_SECOND if self.requests_per_second is None else self.requests_per_second

    @property
    def event_rate(self) -> float:
        """Maximum events per second; 0 means no limit."""
        return EVENTS_PER_SECOND if self.events_per_second is None else self.events_per_second


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class OutputOptions(Group):
    """Options for the output of a command."""

    PANEL: ClassVar[str | None] = "Output"

    json: bool = option(False, "Print one JSON object on stdout, nothing else.", common=True)
    show_values: bool = option(
        False,
        "Show the cells of problems in full.",
        never="showing cells in full is set on the command line",
        common=True,
    )
    quiet: bool = option(False, "Print only results and errors.", short="-q")
    verbose: bool = option(False, "Print more details.", short="-v")
    color: Color = option(Color.AUTO, "Use colour; NO_COLOR is respected.", example="never")
    no_color: bool = option(False, "Print without colour, as with --color never.")
    no_input: bool = option(False, "Never ask; a command that needs an answer ends with exit code 2.")

    @property
    def when_colored(self) -> Literal["auto", "always", "never"]:
        """Color mode of the output; --no-color beats --color."""
        return "never" if self.no_color else self.color.value


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class LoggedOptions(OutputOptions):
    """Output options of commands that can write a log."""

    log_file: str | None = option(
        None,
        "Append a log to this file, one JSON object per line: progress, retries, pauses, refusals, the end.",
        metavar="FILE",
        example="run.log",
        never=_WRITTEN,
    )


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ReportingOptions(LoggedOptions):
    """Output options of commands that read files, with problem reports."""

    report: list[str] = option(
        [],
        "Write a report as text, json, github, junit, sarif or html, to PATH or to stdout; repeatable.",
        metavar="FORMAT[=PATH]",
        example="html=report.html",
        kind=Literal["text", "json", "github", "junit", "sarif", "html"],
        project_help="The report for standard output. As `--report`, without a path.",
    )


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class PictureOptions(LoggedOptions):
    """Output options of a command whose only report is a page."""

    report: list[str] = reworded([], "Write the result as html, to PATH or to stdout.")


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class DraftOptions(Group):
    """Options that write a profile."""

    save: str | None = option(
        None,
        "Write a profile with comments for such exports.",
        metavar="PROFILE.toml",
        example="profile.toml",
        common=True,
    )
    force: bool = option(False, "Replace an existing file with the profile.", forces=True, common=True)
    whole: bool = option(
        False,
        "Read all rows. By default the first 200,000 rows of each file are read.",
        name="all",
        never="how much inspect reads is set on the command line",
        common=True,
    )
    no_preset: bool = option(
        False,
        "Look for no preset of a known vendor, and draft every line.",
        never="whether a draft extends a preset is set on the command line",
    )


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ReplayOptions(Group):
    """Options that select the messages to replay."""

    PANEL: ClassVar[str | None] = "Input"

    max_expansion: int = MAX_EXPANSION
    max_bytes: str = MAX_BYTES
    max_errors: str = reworded("0", "Messages that may be rejected; with more, nothing is sent.")
    rejects: str | None = reworded(
        None, "Folder for rejected and refused messages; fix them there and replay the files."
    )
    records: str | None = reworded(
        None,
        "Where the messages are in each record, e.g. payload or Messages.Body; batch is found by itself.",
    )
    since: str | None = reworded(None, "Keep messages from this time on.")
    until: str | None = reworded(None, "Keep messages before this time.")
    null: list[str] = reworded(
        [], "Leave out user ids and anonymous ids with this text, e.g. NULL; repeatable."
    )
    allow_implausible_people: bool = False
    event: list[str] = reworded([], "Keep track messages of this event only; repeatable.")
    limit: int | None = reworded(None, "Read this many lines only.")
    ca_file: str | None = None
    check: list[str] = reworded(
        [],
        "Check each message against the rules of a destination: freshsuccess, email-spec or partner-source; "
        "repeatable.",
    )
    traits_style: TraitsStyle | None = reworded(
        None,
        "Names of the reserved traits of identify and group calls: reserved keeps them unchanged.",
    )


_LISTS: Final = "what is compared and sent is set on the command line"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ListReadingOptions(Group):
    """Options for reading and mapping lists."""

    PANEL: ClassVar[str | None] = "Input"

    profile: str | None = None
    map: list[str] = dataclasses.field(default_factory=list)
    property: list[str] = dataclasses.field(default_factory=list)
    trait: list[str] = dataclasses.field(default_factory=list)
    all_traits: bool = False
    user_id_from: str | None = None
    anonymous_id_from: str | None = None
    group_user: str | None = None
    group_anonymous_id: str | None = None
    traits_style: TraitsStyle | None = None
    properties_as_text: bool = False
    allow_implausible_people: bool = False
    check: list[str] = dataclasses.field(default_factory=list)
    null: list[str] = dataclasses.field(default_factory=list)
    timezone: str | None = None
    timestamp_format: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    records: str | None = None
    max_expansion: int = MAX_EXPANSION
    max_bytes: str = MAX_BYTES
    max_errors: str = reworded(
        "100%",
        "How many of the rows that differ may be rejected before nothing is sent. They keep their old state.",
    )
    rejects: str | None = None
    ca_file: str | None = None


@dataclass(frozen=True, slots=True, repr=False)
class ListOptions(Group):
    """Options that say what is compared, and what is sent of it."""

    PANEL: ClassVar[str | None] = "List"

    key: list[str] = option(
        [],
        "Column that identifies the rows of a list; repeatable for a key of several columns.",
        metavar="COLUMN",
        example="'Contact ID'",
        never=f"{_KEY}. The key of a list is set by --key COLUMN",
        common=True,
    )
    segment: str | None = option(
        None,
        "Send Segment Entered for rows that are new, and Segment Exited for rows that are gone.",
        metavar="NAME",
        example="'Trial users'",
        never=_LISTS,
        common=True,
    )
    added: str | None = option(
        None,
        "Event that is sent for rows that are new; without a name they are not sent.",
        metavar="NAME",
        example="'Subscription Started'",
        never=_LISTS,
        common=True,
    )
    changed: str | None = option(
        None,
        "Event that is sent for rows that have changed, with changed_fields.",
        metavar="NAME",
        example="'Subscription Changed'",
        never=_LISTS,
        common=True,
    )
    removed: str | None = option(
        None,
        "Event that is sent for rows that are gone, with their last values.",
        metavar="NAME",
        example="'Subscription Ended'",
        never=_LISTS,
        common=True,
    )
    call_type: list[str] = reworded(
        [], "Send each row that is new or has changed as an identify or group, in place of events."
    )
    ignore: list[str] = option(
        [],
        "Column whose differences are ignored; repeatable.",
        metavar="COLUMN",
        example="'Last Seen'",
        never=_LISTS,
    )
    previous: bool = option(
        False, "Send the old values of changed rows too, as the property previous.", never=_LISTS
    )
    timestamp: str | None = option(
        None,
        "Column with the time of each event; by default the time of the run.",
        metavar="COLUMN",
        example="'Updated At'",
        never=_LISTS,
    )
    message_id: str | None = option(
        None,
        "Column with each record's own id, from which message ids are made instead of its content.",
        metavar="COLUMN",
        example="'Change ID'",
        never=_LISTS,
    )
    max_removed: str | None = option(
        None,
        "How many rows may be gone before the list counts as broken and nothing is sent.",
        metavar="N|N%",
        example="25%",
        shown_default="20 rows or 10%, and half of the keys must be known",
        never="this permission is needed each time",
        forces=True,
        common=True,
    )


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class DiffOptions(Group):
    """Options of a comparison without memory."""

    PANEL: ClassVar[str | None] = "List"

    generation: int | None = option(
        None,
        "Number that is part of the message ids; without it a return to an earlier state is a duplicate.",
        metavar="N",
        example="4",
        least=0,
        most=2**53,
        never=_LISTS,
    )


@dataclass(frozen=True, slots=True, repr=False)
class SyncOptions(Group):
    """Options of a list that is remembered."""

    PANEL: ClassVar[str | None] = "List"

    name: str | None = option(
        None,
        "Name that the list is remembered by; by default its file's name and key.",
        metavar="NAME",
        example="'trial users'",
        never=_LISTS,
        common=True,
    )
    initial: Initial | None = option(
        None,
        "What becomes of all rows the first time: send them, or skip them and remember the list.",
        example="send",
        shown_default="skip; send with --as",
        never=_LISTS,
        common=True,
    )


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class TestOptions(Group):
    """Options of the test: integrations, patience and rehearsal."""

    PANEL: ClassVar[str | None] = "Delivery"

    integration: list[str] = reworded(
        [], "Turn a destination on or off for the test; all are off by default, All=true turns them on."
    )
    patience: str = reworded("30s", "Stop after this time without an answer.")
    no_gzip: bool = reworded(False, "Send the body uncompressed.")
    rehearse: bool = reworded(False, "Send to a local stand-in for Segment; needs no key.")


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class DoctorOptions(Group):
    """Options that select what is looked at beside the destination."""

    profile: str | None = reworded(None, "Check this profile too, and list what it sets.")
    preset: str | None = reworded(None, "List what this preset sets.")
    state_dir: str | None = None


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class SandboxOptions(Group):
    """Options of the stand-in for Segment."""

    port: int = option(
        8080, "Port on 127.0.0.1; 0 takes any that is free.", example="8080", least=0, most=65535
    )
    fault: list[str] = option(
        [],
        "Fault for a share of requests, such as 429=0.05; repeatable. NAME: a status from 300 to 599, reset,"
        " ack-lost, slow, html, unjson, success-false, redirect, timeout, ack-timeout, or ack- with a status.",
        metavar="NAME=RATE",
        example="429=0.05",
    )
    latency: str = option(
        "0ms", "Wait this long before each answer: 40ms, 2s.", metavar="TIME", example="40ms"
    )
    slow: str = option("2s", "Extra delay of the fault slow.", metavar="TIME", example="2s")
    retry_after: int = option(
        1, "Wait that a 429 asks of the client.", metavar="SECONDS", example="1", least=0
    )
    seed: int | None = option(None, "Random seed: the same seed gives the same faults.", example="7")
    keep: Path | None = option(
        None,
        "Append each accepted message once; GET /messages returns them.",
        metavar="FILE.ndjson",
        example="received.ndjson",
    )
    replay: Path | None = option(
        None,
        "Show the messages of a file on the page, written by --keep or by --out of a dry run.",
        metavar="FILE.ndjson",
        example="messages.ndjson",
    )


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class LookOptions(Group):
    """Options that select the ledgers and the output format."""

    state_dir: str | None = reworded(None, "Folder of the ledgers; also INFL_SEG_STATE_DIR.")
    namespace: str | None = reworded(None, "Only this destination's ledger.")
    json: bool = False
    no_color: bool = False
    no_input: bool = False


_KEPT_AS_HASH: Final = "A value of the run, if the ledger keeps only its hash."


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class VerifyOptions(Group):
    """Options that select the run that files are compared with."""

    run: str | None = option(
        None,
        "Compare with this run, with its settings (default: the latest that read the file).",
        metavar="RUN",
        example="last",
    )
    set: list[str] = reworded([], _KEPT_AS_HASH)
    null: list[str] = reworded([], _KEPT_AS_HASH)
    event_name: list[str] = reworded([], _KEPT_AS_HASH)
    skip_event: list[str] = reworded([], _KEPT_AS_HASH)
    context: list[str] = reworded([], f"{_KEPT_AS_HASH} Needed only to send again.")
    group_user: str | None = reworded(None, f"{_KEPT_AS_HASH} Needed only to send again.")
    received: list[str] = option(
        [],
        "Message ids from the destination (CSV, JSON or Parquet), to compare with accepted events; repeatable.",
        metavar="FILE",
        example="warehouse.csv",
    )
    resend_missing: bool = option(
        False, "Send events that did not arrive again, with the same ids.", never=_SENDING, forces=True
    )
    resend_count: int | None = option(
        None,
        "Number of missing events to send again; it replaces the question.",
        metavar="N",
        example="10",
        least=1,
        never=_SENDING,
        forces=True,
    )
    details: bool = option(False, "Show the counts by event and day.")
    yes: bool = reworded(False, "Has no effect alone: --resend-count sets the number.")


class IdFormat(StrEnum):
    """Forms of a run's exported message ids."""

    CSV = "csv"
    NDJSON = "ndjson"
    SQL = "sql"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ExportOptions(Group):
    """Options that select the form of an export."""

    format: IdFormat = option(
        IdFormat.CSV, "Ids as csv or ndjson, or sql that deletes them from each table.", example="sql"
    )
    table: list[str] = option(
        [],
        "A table to delete from, instead of the default ones; repeatable.",
        metavar="NAME",
        example="prod.email_opened",
        shown_default="the nine events, tracks, identifies, pages, groups",
    )


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class SettleOptions(Group):
    """Options that say what became of unconfirmed events."""

    accepted: bool = option(False, "The unconfirmed events arrived: never send them again.")
    pending: bool = option(False, "The unconfirmed events did not arrive: send them again.")
    yes: bool = reworded(False, "Do it without a question.")


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ForgetOptions(Group):
    """Options that select the runs to delete."""

    every: bool = option(False, "All runs of all destinations.", name="all", forces=True)
    yes: bool = reworded(False, "Do it without a question.")


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class CleanOptions(Group):
    """Options of the deletion of rejects folders."""

    yes: bool = reworded(False, "Do it without a question.")


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class JsonOptions(Group):
    """Output options of the commands that print reference text."""

    json: bool = False
    no_color: bool = False


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class PresetOptions(Group):
    """Options of the command that saves a preset."""

    force: bool = False
    json: bool = False
    no_color: bool = False


_GROUPS: Final[tuple[type[Group], ...]] = (
    ProjectOptions,
    InputOptions,
    WorkOptions,
    MessageOptions,
    SourceOptions,
    DestinationOptions,
    DeliveryOptions,
    OutputOptions,
    LoggedOptions,
    ReportingOptions,
    PictureOptions,
    ForgetOptions,
    DraftOptions,
    ReplayOptions,
    ListReadingOptions,
    ListOptions,
    DiffOptions,
    SyncOptions,
    TestOptions,
    DoctorOptions,
    SandboxOptions,
    LookOptions,
    VerifyOptions,
    ExportOptions,
    SettleOptions,
    CleanOptions,
    JsonOptions,
    PresetOptions,
)
"""In this order: what is declared in one needs no more than other help in those after it, if that."""


def _declared() -> Iterator[tuple[type[Group], tuple[Declared, ...]]]:
    known: dict[str, Option] = {}
    for group in _GROUPS:
        options = tuple(_of_field(each, known) for each in dataclasses.fields(group))
        known = {**{each.field: each.option for each in options}, **known}
        yield group, options


def _of_field(each: "dataclasses.Field[Any]", known: Mapping[str, Option]) -> Declared:
    default = each.default if each.default_factory is dataclasses.MISSING else each.default_factory()
    found = each.metadata.get("option") or known[each.name]
    if "help" in each.metadata:
        found = dataclasses.replace(found, help=each.metadata["help"])
    return Declared(each.name, each.type, default, found)


_BY_GROUP: Final[Mapping[type[Group], tuple[Declared, ...]]] = dict(_declared())

ALL_OPTIONS: Final[Mapping[str, Declared]] = MappingProxyType(
    {each.flag: each for options in reversed([*_BY_GROUP.values()]) for each in options}
)
"""The options of all commands by their long names, each as its first group declares it."""


def declared(group: type[Group]) -> tuple[Declared, ...]:
    """Return the options of a group."""
    return _BY_GROUP[group]


def file_keys(*groups: type[Group]) -> list[Declared]:
    """Return the options a project file can set, in key order."""
    settable = [each for group in groups for each in declared(group) if each.project_help]
    order = [each.field for each in settable]
    return sorted(
        settable,
        key=lambda each: (
            _table(each) != "options",
            order.index(each.option.after or each.field),
            bool(each.option.after),
        ),
    )


def profile_keys(table: str) -> list[Declared]:
    """Return the options a profile's table can set, in key order."""
    return [each for each in file_keys(InputOptions) if _table(each) == table]


def _table(each: Declared) -> str:
    return each.option.profile.partition(".")[0]


def refusals(*, project: bool = False) -> dict[str, str]:
    """Return by key the reason why a settings file cannot set it.

    Args:
        project: Whether also for options that a profile has other keys for, or that concern the output alone.
    """
    refused = {
        each.flag.removeprefix("--"): each.refusal
        for each in ALL_OPTIONS.values()
        if each.option.never or (project and not each.project_help)
    }
    return {**refused, **{name.replace("-", "_"): why for name, why in refused.items()}}
