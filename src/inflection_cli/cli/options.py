"""Groups of options: dataclasses of typer options, shared by several commands."""

import dataclasses
import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Any, Final, get_type_hints

import typer


def with_groups(command: Callable[..., int]) -> Callable[..., int]:
    """Replace each dataclass parameter by one option for each of its fields.

    Typer reads options off a function's signature; this writes that signature, so that a group of options
    is declared once and reaches each command as one value.
    """
    hints = get_type_hints(command, include_extras=True)
    groups: dict[str, Any] = {name: kind for name, kind in hints.items() if dataclasses.is_dataclass(kind)}
    own = [p for name, p in inspect.signature(command).parameters.items() if name not in groups]
    parameters = [p.replace(annotation=hints[p.name]) for p in own]
    for kind in groups.values():
        parameters += [
            _parameter(field, get_type_hints(kind, include_extras=True)) for field in dataclasses.fields(kind)
        ]

    @functools.wraps(command)
    def unfolded(**given: Any) -> int:
        values = {
            name: kind(**{field.name: given.pop(field.name) for field in dataclasses.fields(kind)})
            for name, kind in groups.items()
        }
        return command(**given, **values)

    signature = inspect.Signature(sorted(parameters, key=lambda p: p.default is not inspect.Parameter.empty))
    unfolded.__signature__ = signature  # type: ignore[attr-defined]
    unfolded.__annotations__ = {p.name: p.annotation for p in parameters}
    return unfolded


def _parameter(field: "dataclasses.Field[Any]", hints: dict[str, Any]) -> inspect.Parameter:
    default = field.default
    if field.default_factory is not dataclasses.MISSING:
        default = field.default_factory()
    return inspect.Parameter(
        field.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=hints[field.name]
    )


Files = Annotated[
    list[str],
    typer.Argument(
        metavar="FILE...",
        help="Paths, globs, folders, or - for standard input; CSV, NDJSON or JSON, plain, packed (gzip, zstd, bzip2, "
        "xz) or in a zip archive.",
        show_default=False,
    ),
]

_INPUT: Final = "Input"
_DESTINATION: Final = "Destination"
_DELIVERY: Final = "Delivery"
_OUTPUT: Final = "Output"

DEFAULT_ENCODING: Final = "utf-8"
DEFAULT_REQUESTS_PER_SECOND: Final = 50.0
DEFAULT_EVENTS_PER_SECOND: Final = 500.0


MaxExpansion = Annotated[
    int,
    typer.Option(
        metavar="N",
        min=1,
        help="Refuse packed files that unpack to more than N times their size (beyond 16 MiB).",
        rich_help_panel=_INPUT,
    ),
]
MaxBytes = Annotated[
    str,
    typer.Option(
        metavar="SIZE",
        help="Refuse files larger than this, unpacked where they are packed.",
        rich_help_panel=_INPUT,
    ),
]
AllowImplausiblePeople = Annotated[
    bool,
    typer.Option(
        "--allow-implausible-people",
        help="Send although one person seems to stand for many.",
        rich_help_panel=_INPUT,
    ),
]
DEFAULT_MAX_EXPANSION: Final = 250
DEFAULT_MAX_BYTES: Final = "100GB"


class UnknownEvents(StrEnum):
    """Action for events that Inflection does not send."""

    REJECT = "reject"
    SKIP = "skip"
    SEND = "send"


class Naming(StrEnum):
    """Naming scheme of the events that are sent."""

    INFLECTION = "inflection"
    SPEC = "spec"


class Region(StrEnum):
    """Segment region of the workspace."""

    US = "us"
    EU = "eu"


class Color(StrEnum):
    """Color mode of the output."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class ProjectOptions:
    """Option that turns off the project file."""

    no_project: Annotated[
        bool,
        typer.Option(
            "--no-project",
            help="Leave infl-seg.toml alone, which sets defaults for options; so does INFL_SEG_NO_PROJECT=1.",
            rich_help_panel=_INPUT,
        ),
    ] = False


@dataclass(frozen=True, slots=True)
class InputOptions:
    """Options for reading and mapping files; None means not given.

    Then the profile, the project file or the default decides.
    """

    profile: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="TOML file that says how exports of this shape are mapped; options beat it.",
            rich_help_panel=_INPUT,
        ),
    ] = None
    map: Annotated[
        list[str],
        typer.Option(
            "--map", metavar="FIELD=COLUMN", help="Take a field from this column.", rich_help_panel=_INPUT
        ),
    ] = field(default_factory=list)
    set: Annotated[
        list[str],
        typer.Option(
            "--set",
            metavar="FIELD=VALUE",
            help="Give a field this value in all rows.",
            rich_help_panel=_INPUT,
        ),
    ] = field(default_factory=list)
    property: Annotated[
        list[str],
        typer.Option(
            metavar="COLUMN",
            help="Send this column as a property though it looks personal.",
            rich_help_panel=_INPUT,
        ),
    ] = field(default_factory=list)
    unknown_events: Annotated[
        UnknownEvents | None,
        typer.Option(
            help="What becomes of events that are none of Inflection's.",
            show_default=UnknownEvents.REJECT.value,
            rich_help_panel=_INPUT,
        ),
    ] = None
    naming: Annotated[
        Naming | None,
        typer.Option(
            help="Event names: as Inflection's live source sends them, or as Segment's Email Spec has them "
            "(other tables in a warehouse).",
            show_default=Naming.INFLECTION.value,
            rich_help_panel=_INPUT,
        ),
    ] = None
    user_id_from: Annotated[
        str | None,
        typer.Option(
            metavar="email",
            help="Where a row has no userId, send the address as userId.",
            rich_help_panel=_INPUT,
        ),
    ] = None
    anonymous_id_from: Annotated[
        str | None,
        typer.Option(
            metavar="email",
            help="Where a row has no personId, send a SHA-256 of the address as anonymousId.",
            rich_help_panel=_INPUT,
        ),
    ] = None
    null: Annotated[
        list[str],
        typer.Option(
            "--null",
            metavar="VALUE",
            help="Take cells that are this text for empty, e.g. NULL or '\\N'; may be repeated.",
            rich_help_panel=_INPUT,
        ),
    ] = field(default_factory=list)
    allow_implausible_people: AllowImplausiblePeople = False
    email_trait: Annotated[
        bool,
        typer.Option(
            "--email-trait",
            help="Send the address as context.traits.email; this creates or merges Unify profiles.",
            rich_help_panel=_INPUT,
        ),
    ] = False
    no_event_id: Annotated[
        bool,
        typer.Option("--no-event-id", help="Ignore the export's own event ids.", rich_help_panel=_INPUT),
    ] = False
    properties_as_text: Annotated[
        bool,
        typer.Option(
            "--properties-as-text",
            help="Send numbers, booleans, lists and objects of NDJSON and JSON documents as text where a profile says "
            "no type; else they are sent as they are.",
            rich_help_panel=_INPUT,
        ),
    ] = False
    timezone: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Zone of times that name none, e.g. Europe/Berlin or UTC.",
            rich_help_panel=_INPUT,
        ),
    ] = None
    timestamp_format: Annotated[
        str | None,
        typer.Option(metavar="FMT", help='Form of the times, e.g. "%d/%m/%Y %H:%M".', rich_help_panel=_INPUT),
    ] = None
    encoding: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Encoding of the files, e.g. windows-1252.",
            show_default=DEFAULT_ENCODING,
            rich_help_panel=_INPUT,
        ),
    ] = None
    delimiter: Annotated[
        str | None,
        typer.Option(
            metavar="C",
            help="Delimiter of CSV files: one character, tab, or a code like \\x01; found by parsing where left out.",
            rich_help_panel=_INPUT,
        ),
    ] = None
    max_expansion: MaxExpansion = DEFAULT_MAX_EXPANSION
    max_bytes: MaxBytes = DEFAULT_MAX_BYTES
    records: Annotated[
        str | None,
        typer.Option(
            metavar="PATH",
            help="Where the list of records is in a JSON document, e.g. data or result.items; . takes the document "
            "itself for a record.",
            rich_help_panel=_INPUT,
        ),
    ] = None
    max_errors: Annotated[
        str,
        typer.Option(
            metavar="N|N%",
            help="How many rows may be rejected before nothing is sent.",
            rich_help_panel=_INPUT,
        ),
    ] = "0"
    rejects: Annotated[
        str | None,
        typer.Option(
            metavar="DIR",
            help="Folder for rejected rows and refused messages.",
            show_default="./infl-seg-rejects-RUN/",
            rich_help_panel=_INPUT,
        ),
    ] = None
    since: Annotated[
        str | None,
        typer.Option(metavar="T", help="Keep events from this time on.", rich_help_panel=_INPUT),
    ] = None
    until: Annotated[
        str | None,
        typer.Option(
            metavar="T",
            help="Keep events before this time, e.g. the day the live source was connected.",
            rich_help_panel=_INPUT,
        ),
    ] = None
    event: Annotated[
        list[str],
        typer.Option(metavar="NAME", help="Keep this event only; may be repeated.", rich_help_panel=_INPUT),
    ] = field(default_factory=list)
    limit: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Read this many rows only.", rich_help_panel=_INPUT),
    ] = None


@dataclass(frozen=True, slots=True)
class MessageOptions:
    """Options for content that every message carries beside its event."""

    integration: Annotated[
        list[str],
        typer.Option(
            metavar="NAME=true|false",
            help="Turn a destination on or off; All=false leaves warehouses only. Inflection=false is there already.",
            rich_help_panel=_DESTINATION,
        ),
    ] = field(default_factory=list)
    context: Annotated[
        list[str],
        typer.Option(metavar="KEY=VALUE", help="Add to every event's context.", rich_help_panel=_DESTINATION),
    ] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class SourceOptions:
    """Options that select the Segment source and the endpoint."""

    write_key: Annotated[
        str | None,
        typer.Option(
            metavar="KEY",
            help="Write key of the Segment source. Others on this machine can see it here while the command runs; "
            "--write-key-file or SEGMENT_WRITE_KEY hide it.",
            rich_help_panel=_DESTINATION,
        ),
    ] = None
    write_key_file: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="File that holds the write key, or - for standard input; also SEGMENT_WRITE_KEY_FILE.",
            rich_help_panel=_DESTINATION,
        ),
    ] = None
    region: Annotated[
        Region | None,
        typer.Option(
            help="Region of the workspace. It cannot be seen from the key, and the wrong one answers 200.",
            show_default=Region.US.value,
            rich_help_panel=_DESTINATION,
        ),
    ] = None
    endpoint: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Base URL instead of a region; messages are posted to URL/v1/batch.",
            rich_help_panel=_DESTINATION,
        ),
    ] = None


@dataclass(frozen=True, slots=True)
class DestinationOptions(SourceOptions):
    """Options for the destination: source, namespace and deduplication window."""

    namespace: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Name that message ids are bound to, where a fingerprint of endpoint and key will not do.",
            rich_help_panel=_DESTINATION,
        ),
    ] = None
    new_destination: Annotated[
        bool,
        typer.Option(
            "--new-destination",
            help="Send although another destination's ledger has these events.",
            rich_help_panel=_DESTINATION,
        ),
    ] = False
    dedup_window: Annotated[
        float | None,
        typer.Option(
            metavar="HOURS",
            min=0,
            help="How long the destination remembers message ids.",
            show_default="20 for Segment, 0 elsewhere",
            rich_help_panel=_DESTINATION,
        ),
    ] = None


@dataclass(frozen=True, slots=True)
class DeliveryOptions:
    """Options for the delivery: rates, patience, state directory, rehearsal and output."""

    requests_per_second: Annotated[
        float | None,
        typer.Option(
            min=0,
            metavar="N",
            help="Most requests a second; 0 lifts the limit.",
            show_default=f"{DEFAULT_REQUESTS_PER_SECOND:g}",
            rich_help_panel=_DELIVERY,
        ),
    ] = None
    events_per_second: Annotated[
        float | None,
        typer.Option(
            min=0,
            metavar="N",
            help="Most events a second; 0 lifts the limit. Segment's workspaces have 1,000, live traffic included.",
            show_default=f"{DEFAULT_EVENTS_PER_SECOND:g}",
            rich_help_panel=_DELIVERY,
        ),
    ] = None
    patience: Annotated[
        str,
        typer.Option(
            metavar="TIME",
            help="End, resumable, after this long of trying without an acceptance; time asleep does not count.",
            rich_help_panel=_DELIVERY,
        ),
    ] = "1h"
    no_gzip: Annotated[
        bool, typer.Option("--no-gzip", help="Send bodies uncompressed.", rich_help_panel=_DELIVERY)
    ] = False
    state_dir: Annotated[
        str | None,
        typer.Option(
            metavar="DIR",
            help="Where the ledger is kept; also INFL_SEG_STATE_DIR.",
            rich_help_panel=_DELIVERY,
        ),
    ] = None
    again: Annotated[
        str | None,
        typer.Option(
            metavar="LABEL",
            help="Send once more on purpose, under other message ids; under one label only once.",
            rich_help_panel=_DELIVERY,
        ),
    ] = None
    resend_in_doubt: Annotated[
        bool,
        typer.Option(
            "--resend-in-doubt",
            help="Send again what has been in doubt for longer than the deduplication window.",
            rich_help_panel=_DELIVERY,
        ),
    ] = False
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Send without being asked.", rich_help_panel=_DELIVERY)
    ] = False
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Stop before the network.", rich_help_panel=_DELIVERY)
    ] = False
    out: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="Write the messages as NDJSON, with content ids.", rich_help_panel=_DELIVERY
        ),
    ] = None
    rehearse: Annotated[
        bool,
        typer.Option(
            "--rehearse",
            help="Deliver to a local stand-in for Segment; needs no key.",
            rich_help_panel=_DELIVERY,
        ),
    ] = False

    @property
    def request_rate(self) -> float:
        """Maximum requests per second; 0 means no limit."""
        return DEFAULT_REQUESTS_PER_SECOND if self.requests_per_second is None else self.requests_per_second

    @property
    def event_rate(self) -> float:
        """Maximum events per second; 0 means no limit."""
        return DEFAULT_EVENTS_PER_SECOND if self.events_per_second is None else self.events_per_second


@dataclass(frozen=True, slots=True)
class OutputOptions:
    """Options for the output of a command."""

    json: Annotated[
        bool,
        typer.Option(
            "--json", help="Print one JSON object on stdout, nothing else.", rich_help_panel=_OUTPUT
        ),
    ] = False
    show_values: Annotated[
        bool, typer.Option("--show-values", help="Show offending cells in full.", rich_help_panel=_OUTPUT)
    ] = False
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Only results and errors.", rich_help_panel=_OUTPUT)
    ] = False
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Say more.", rich_help_panel=_OUTPUT)] = (
        False
    )
    color: Annotated[Color, typer.Option(help="Colour; NO_COLOR is honoured.", rich_help_panel=_OUTPUT)] = (
        Color.AUTO
    )


@dataclass(frozen=True, slots=True)
class ReportingOptions(OutputOptions):
    """Output options of commands that read files, with problem reports."""

    report: Annotated[
        list[str],
        typer.Option(
            metavar="FORMAT[=PATH]",
            help="Report what is wrong as text, json, github, junit or sarif, to PATH or to stdout; may be repeated.",
            rich_help_panel=_OUTPUT,
        ),
    ] = field(default_factory=list)
