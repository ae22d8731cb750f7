"""Convert option values to settings, with strict parsing."""

import re
from datetime import UTC, datetime
from shlex import quote
from typing import TYPE_CHECKING, Any, Literal

from inflection_cli.catalog import FIELDS, RESERVED_CONTEXT
from inflection_cli.errors import UsageError
from inflection_cli.settings.declarations import ENCODING, Identify, TraitsStyle
from inflection_cli.settings.layering import HIDDEN, given_values, missing_values, with_values
from inflection_cli.version import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from inflection_cli.backfilling.linking import Linking
    from inflection_cli.converting.converter import ConvertSettings
    from inflection_cli.converting.input_file import InputFile
    from inflection_cli.mapping.calls.call_catalog import CallOptions, CallType
    from inflection_cli.mapping.events import MapOptions
    from inflection_cli.mapping.profile.profile_schema import Profile
    from inflection_cli.reading.source import ReadOptions
    from inflection_cli.segment.message import MessageSettings
    from inflection_cli.settings.declarations import InputOptions, MessageOptions

_SESSION_CHECK = "freshsuccess"
_PERSON = "person"
"""The value of `--session-id` that is no column."""

_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)?")
_SECONDS = {"ms": 0.001, None: 1.0, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}

_LONGEST_S = 10 * 365 * 86_400.0
_LARGEST_BYTES = 10**18
_MOST_ROWS = 1e12
"""Beyond these a value is a typing error."""

_SIZE = re.compile(r"(\d{1,15}(?:\.\d+)?)\s*([kmgt]i?b|b)?")
_BYTES: dict[str | None, int] = {
    None: 1,
    "b": 1,
    **{f"{unit}b": 1000**power for power, unit in enumerate("kmgt", 1)},
    **{f"{unit}ib": 1024**power for power, unit in enumerate("kmgt", 1)},
}


def read_options(options: "InputOptions", profile: "Profile | None" = None) -> "ReadOptions":
    """Return the settings for reading files.

    Args:
        options: What the user says.
        profile: The profile that the options name; they beat it.

    Raises:
        UsageError: An option cannot be met.
    """
    from inflection_cli.reading.csv.escapes import parse_escape
    from inflection_cli.reading.csv.off_shapes import parse_delimiter
    from inflection_cli.reading.source import Limits, ReadOptions

    options = _with_profile(options, profile)
    delimiter = None if options.delimiter is None else parse_delimiter(options.delimiter)
    limits = Limits(options.max_expansion, size_bytes("--max-bytes", options.max_bytes))
    return ReadOptions(
        encoding=options.encoding or ENCODING,
        delimiter=delimiter,
        records=options.records,
        sheet=options.sheet,
        limits=limits,
        header_line=_header_line(options),
        columns=() if options.columns is None else _column_names(options.columns),
        escape=None if options.escape is None else parse_escape(options.escape),
        ca_file=options.ca_file,
    )


def with_input_table(reading: "ReadOptions", table: "Mapping[str, Any]") -> "ReadOptions":
    """Lay the `[input]` of a profile's TOML over settings for reading files."""
    from dataclasses import asdict, replace

    from inflection_cli.reading.source import ReadOptions
    from inflection_cli.settings.declarations import InputOptions, profile_keys

    keys = {each.profile_name: each for each in profile_keys("input")}
    given = {keys[name].field: keys[name].converted(value) for name, value in table.items()}
    own, default = asdict(read_options(with_values(InputOptions(), given))), asdict(ReadOptions())
    return replace(reading, **{name: value for name, value in own.items() if value != default[name]})


def _header_line(options: "InputOptions") -> int:
    """Return the line of the header, from 1.

    Raises:
        UsageError: Two options say it.
    """
    if options.skip_lines is not None and options.header_line is not None:
        raise UsageError(
            "--skip-lines and --header-line both say where the header stands",
            hint=f"keep one of the two: --header-line {options.header_line}",
        )
    return options.header_line or (options.skip_lines or 0) + 1


def _column_names(words: str) -> tuple[str, ...]:
    """Return the names of `--columns`; double quotes enclose one with commas.

    Raises:
        UsageError: They are no names, or one is there twice.
    """
    import csv

    try:
        names = tuple(name.strip() for name in next(csv.reader([words], strict=True), []))
    except csv.Error:
        names = ()
    example = "--columns event,userId,timestamp"
    if not any(names):
        raise UsageError(f"--columns {words!r} names no column", hint=example)
    twice = next((name for name in names if name and names.count(name) > 1), None)
    if twice is not None:
        raise UsageError(f"--columns names {twice!r} twice", hint=example)
    return names


def convert_settings(
    options: "InputOptions",
    message: "MessageOptions | None" = None,
    profile: "Profile | None" = None,
) -> "ConvertSettings":
    """Return the settings that shape messages and ids; fix the current time.

    Args:
        options: What the user says of rows and columns.
        message: What the user says of messages.
        profile: The profile that the options name; they beat it.

    Raises:
        UsageError: An option cannot be met.
    """
    from inflection_cli.converting.converter import ConvertSettings
    from inflection_cli.segment.message import MessageSettings

    flags, options = options, _with_profile(options, profile)
    zone = options.timezone
    since, until = _span(options, zone)
    checks = _checks(options)
    return ConvertSettings(
        mapping=_map_options(options, flags, profile),
        message=MessageSettings(
            library_version=__version__,
            naming=_naming(options),
            integrations=integrations(
                message.integration if message else (), profile.integrations if profile else None
            ),
            context={**(profile.context if profile else {}), **context(message.context if message else ())},
            email_trait=options.email_trait,
            snake_traits=options.traits_style is TraitsStyle.SNAKE,
        ),
        now=datetime.now(UTC),
        timezone=zone,
        timestamp_format=options.timestamp_format,
        since=since,
        until=until,
        checks=checks,
        zone_names=_zone_names(options),
    )


def _zone_names(options: "InputOptions") -> dict[str, int]:
    """Return the seconds ahead of UTC by each abbreviation of `--zone-name`.

    Raises:
        UsageError: One is no abbreviation, or its offset none.
    """
    from inflection_cli.mapping.times.zones import offset_of

    named = pairs("--zone-name", options.zone_name, "PST=-08:00")
    found = {name: offset_of(text) for name, text in named.items()}
    for name, offset in found.items():
        if offset is None or not name.isalpha():
            raise UsageError(
                f"--zone-name {name}={named[name]} is no abbreviation with its offset from UTC",
                hint="--zone-name PST=-08:00; a place is named by --timezone America/Los_Angeles",
            )
    return {name: offset for name, offset in found.items() if offset is not None}


def linking_of(
    options: "InputOptions",
    profile: "Profile | None",
    message: "MessageSettings",
    inputs: "Sequence[InputFile]" = (),
    flags: "InputOptions | None" = None,
) -> "Linking":
    """Return what links people to their userIds, by the options.

    Args:
        options: What holds for the run, without its profile.
        profile: The profile of the run.
        message: What every message of the run carries.
        inputs: Files; some may have profiles of their own.
        flags: The words of the command line, which beat those profiles; None where nothing is checked.

    Raises:
        UsageError: `--identify always` stands beside `--session-id`, or a file's own profile says something else of
            links than the run.
    """
    from inflection_cli.backfilling.linking import Linking
    from inflection_cli.segment.message import MessageEncoder

    options = _with_profile(options, profile)
    own = {source.path: source.own for source in inputs if source.own is not None}
    if flags is not None:
        _require_one_linking(options, flags, [each.profile for each in own.values() if each.profile])
    mode: Literal["auto", "always", "never"]
    mode = options.identify.value if options.identify else "auto"
    if options.session_id is not None:
        # The id of a session is an anonymousId beside a userId already: Segment links the two by itself.
        if mode == "always":
            raise UsageError(
                "--identify always and --session-id exclude each other: a session is no person to be linked",
                hint="leave one of the two out",
            )
        mode = "never"
    return Linking(
        mode,
        resolve=options.resolve_identity,
        compares=options.session_id == _PERSON,
        tail=MessageEncoder(message).tail,
        tails={path: MessageEncoder(each.convert.message).tail for path, each in own.items()},
    )


def _require_one_linking(
    options: "InputOptions", flags: "InputOptions", profiles: "Sequence[Profile]"
) -> None:
    """Check that no profile of a single file says otherwise of links.

    People are linked across all files of a run.

    Raises:
        UsageError: One does.
    """
    for profile in profiles:
        said, mode = profile.options, options.identify or Identify.AUTO
        option = ""
        if flags.identify is None and said.identify not in {None, mode}:
            option = f"--identify {said.identify}"
        elif said.resolve_identity and not options.resolve_identity:
            option = "--resolve-identity"
        if option:
            raise UsageError(
                f"the profile {profile.path} of single files sets {option}, and links are made across all files",
                hint=f"set it for the whole run: {option}",
            )


def _map_options(
    options: "InputOptions",
    flags: "InputOptions",
    profile: "Profile | None",
) -> "MapOptions":
    """Return the mapping settings.

    Args:
        options: The flags, and beneath them the profile's options.
        flags: What beats also what the profile says of single columns.
        profile: The profile.
    """
    from inflection_cli.mapping.checks import null_texts
    from inflection_cli.mapping.columns import ColumnOptions
    from inflection_cli.mapping.events import MapOptions, event_names

    nulls = null_texts(options.null)
    from_user = _only_email("--user-id-from", options.user_id_from)
    from_anonymous = _only_email("--anonymous-id-from", options.anonymous_id_from)
    constants = pairs("--set", options.set, "campaign_id=spring-2024")
    properties_set = _properties_among(constants)
    unknown: Literal["reject", "skip", "send"]
    unknown = options.unknown_events.value if options.unknown_events else "reject"
    return MapOptions(
        columns=ColumnOptions(
            columns=pairs("--map", options.map, "userId='Customer ID'"),
            constants={name: value for name, value in constants.items() if name not in properties_set},
            properties=tuple(options.property),
            own_ids=not options.no_event_id,
            person_from_email=from_user or from_anonymous,
            profile=profile,
            timezone=flags.timezone,
            timestamp_format=flags.timestamp_format,
            nulls=nulls,
            properties_set=properties_set,
            session_column=None if options.session_id == _PERSON else options.session_id,
            calls=_call_options(options),
            event_names=_event_names(options, flags.skip_event, strange=unknown != "reject"),
            zone_names=_zone_names(options),
        ),
        unknown_events=unknown,
        user_id_from_email=from_user,
        anonymous_id_from_email=from_anonymous,
        naming=_naming(options),
        events=event_names(options.event),
        properties_as_text=options.properties_as_text,
        email_trait=options.email_trait,
        allow_implausible=options.allow_implausible_people,
        nulls=nulls,
        keep_equal_rows=options.keep_equal_rows,
        person_is_session=options.session_id == _PERSON,
    )


def _event_names(options: "InputOptions", skipped: "Sequence[str]", *, strange: bool) -> dict[str, str]:
    """Return the events by folded name of the export; "" leaves out.

    Args:
        options: What the user and the profile say.
        skipped: What the user alone leaves out; names that the profile does become events by an option.
        strange: Whether events that are none of Inflection's may be named.

    Raises:
        UsageError: A name comes twice, or stands for no event.
    """
    from inflection_cli.mapping.events import kind_of, nearest_event

    found: dict[str, str] = {}
    example = "'Hard Bounce=Email Bounced'"
    named = pairs("--event-name", options.event_name, example)
    renamed = {name.strip().casefold() for name in named}
    left_out = [
        name for name in options.skip_event if name in skipped or name.strip().casefold() not in renamed
    ]
    for name, event in [*named.items(), *((name, "") for name in left_out)]:
        flag = "--event-name" if event else "--skip-event"
        if not name.strip():
            raise UsageError(f"{flag} needs an event name", hint=f"{flag} {example if event else 'Sent'}")
        if name.strip() == HIDDEN:
            raise _hidden(flag)
        folded = name.strip().casefold()
        if found.get(folded, event.strip()) != event.strip():
            raise UsageError(f"the event name {name!r} is given twice", hint="keep one of the two")
        if event and kind_of(event) is None and not strange:
            near = nearest_event(event) or "Email Opened"
            raise UsageError(
                f"--event-name {name}={event}: “{event}” is none of Inflection's events",
                hint=f"--event-name '{name}={near}', or --skip-event '{name}'",
            )
        found[folded] = event.strip()
    return found


def _properties_among(constants: "Mapping[str, str]") -> dict[str, str]:
    """Return the constants that are properties known by a destination's table."""
    if all(name in FIELDS for name in constants):
        return {}
    from inflection_cli.destination_checks.check_engine import settable_properties

    return {name: value for name, value in constants.items() if name in settable_properties()}


def _checks(options: "InputOptions") -> tuple[str, ...]:
    """Return the names of `--check`, each once.

    Raises:
        UsageError: There is no table of a name, or `--session-id` is given without its check.
    """
    if options.session_id is not None and _SESSION_CHECK not in options.check:
        raise UsageError(
            f"--session-id goes with --check {_SESSION_CHECK} alone: an anonymousId beside a userId may link people",
            hint=f"add --check {_SESSION_CHECK}, or leave --session-id out",
        )
    if not options.check:
        return ()
    from inflection_cli.destination_checks.check_engine import known_tables
    from inflection_cli.suggestions import nearest

    for name in options.check:
        if name not in known_tables():
            near = nearest(name, [*known_tables()])
            hint = f"did you mean --check {near[0]}?" if near else f"--check {_SESSION_CHECK}"
            raise UsageError(
                f"--check {name}: there is no such table; there are {', '.join(sorted(known_tables()))}",
                hint=hint,
            )
    return tuple(dict.fromkeys(options.check))


def _call_options(options: "InputOptions") -> "CallOptions":
    """Return the options about calls other than track.

    Raises:
        UsageError: A type is unknown, or two options contradict each other.
    """
    from inflection_cli.mapping.calls.call_catalog import CallOptions

    if options.group_anonymous_id not in {None, "account"}:
        raise UsageError(
            f"--group-anonymous-id {options.group_anonymous_id} is not known",
            hint="--group-anonymous-id account; one user for all is --group-user VALUE",
        )
    if options.group_anonymous_id and options.group_user:
        raise UsageError(
            "--group-anonymous-id and --group-user both stand for a group's person",
            hint="keep one of the two",
        )
    if options.group_user is not None:
        if not options.group_user.strip():
            raise UsageError("--group-user needs an id", hint="--group-user import")
        from inflection_cli.mapping.checks import check_person_id

        if options.group_user == HIDDEN:
            raise _hidden("--group-user")
        for note in check_person_id("--group-user", options.group_user.strip()):
            raise UsageError(f"{note.detail}: {options.group_user}", hint="--group-user import")
    return CallOptions(
        type=next((kind for pattern, kind in call_types(options) if pattern is None), None),
        traits=tuple(options.trait),
        all_traits=options.all_traits,
        now=options.now,
        group_user=options.group_user,
        group_anonymous=options.group_anonymous_id is not None,
    )


def call_types(options: "InputOptions") -> "list[tuple[str | None, CallType]]":
    """Parse `--as` into pairs of pattern and type; None fits all files.

    Raises:
        UsageError: A type is unknown, or there are two for all files.
    """
    from inflection_cli.mapping.calls.call_catalog import CALL_TYPES, is_call_type
    from inflection_cli.suggestions import meant, nearest

    found: list[tuple[str | None, CallType]] = []
    for word in options.call_type:
        pattern, equals, kind = word.rpartition("=")
        kind = kind.strip().lower()
        if not is_call_type(kind) or (equals and not pattern):
            near = meant(nearest(kind, CALL_TYPES))
            known = ", ".join(CALL_TYPES)
            raise UsageError(
                f"--as {word}: {kind or 'nothing'} is none of {known}",
                hint=near or "--as identify, or for some files --as 'contacts*.csv=identify'",
            )
        found.append((pattern or None, kind))
    if len([kind for pattern, kind in found if pattern is None]) > 1:
        raise UsageError(
            "--as gives all files two types", hint="name the files: --as 'contacts*.csv=identify'"
        )
    return found


def _with_profile(options: "InputOptions", profile: "Profile | None") -> "InputOptions":
    assert profile is not None or options.profile is None
    if profile is None:
        return options
    return with_values(options, missing_values(options, given_values(profile.options)))


def _naming(options: "InputOptions") -> Literal["inflection", "spec"]:
    return options.naming.value if options.naming else "inflection"


def _span(options: "InputOptions", zone: str | None) -> tuple[str | None, str | None]:
    """Parse the time span: start (inclusive) and end (exclusive)."""
    since = _bound("--since", options.since, zone)
    until = _bound("--until", options.until, zone)
    if since is not None and until is not None and until[:-1] <= since[:-1]:
        raise UsageError(
            f"--until {options.until} is not after --since {options.since}: no event lies between them",
            hint=f"--since is the first time to keep, --until the first one to leave out: perhaps --since "
            f"{options.until} --until {options.since}",
        )
    return since, until


def _bound(option: str, text: str | None, zone: str | None) -> str | None:
    """Parse one end of the time span.

    Raises:
        UsageError: It is no time, or empty.
    """
    from inflection_cli.mapping.times.timestamps import parse_bound
    from inflection_cli.mapping.times.zones import Zone

    if text is None:
        return None
    Zone(zone or "UTC")  # what is wrong with the zone is none of this option's
    try:
        return parse_bound(text, zone)
    except UsageError as error:
        example = "2024-03-01 or 2024-03-01T09:30:00Z"
        raise UsageError(f"{option}: {error.message}", hint=f"{option} {example}") from None


def pairs(option: str, given: "Sequence[str]", example: str) -> dict[str, str]:
    """Parse `NAME=VALUE` words into a dictionary.

    Raises:
        UsageError: A word has no `=`, an empty side, or a name comes twice.
    """
    read: dict[str, str] = {}
    for word in given:
        name, equals, value = word.partition("=")
        name = name.strip()
        if not equals or not name or not value:
            raise UsageError(f"{option} {word!r} is not NAME=VALUE", hint=_as_pair(option, word, example))
        if value == HIDDEN:
            raise _hidden(f"{option} {name}")
        if name in read:
            raise UsageError(f"{option} {name}=… is given twice", hint="keep one of the two")
        read[name] = value
    return read


def _as_pair(option: str, word: str, example: str) -> str:
    """Return a hint with the user's own words as a pair."""
    found = re.fullmatch(r"(?P<name>\w+)(?:\s*:\s*(?P<value>\S.*))?", word.strip())
    if found is None:
        return f"write it like {option} {example}"
    name, value = found["name"], found["value"]
    if value:
        return f"write it like {option} {quote(f'{name}={value}')}"
    return f"{option} {name}={'COLUMN' if option == '--map' else 'VALUE'}, for example {option} {example}"


def _hidden(option: str) -> UsageError:
    return UsageError(
        f"{option}: “{HIDDEN}” stands for a value that is not shown",
        hint="type the value that the command had before",
    )


def integrations(given: "Sequence[str]", profile: "Mapping[str, bool] | None" = None) -> dict[str, Any]:
    """Parse `--integration` over a profile's values; Inflection is off by default.

    Inflection is also a destination: messages must not flow back to it.
    """
    read: dict[str, Any] = {"Inflection": False, **(profile or {})}
    for name, word in pairs("--integration", given, "All=false").items():
        if word.lower() not in {"true", "false"}:
            raise UsageError(
                f"--integration {name}={word} is neither true nor false", hint=f"--integration {name}=false"
            )
        read[name] = word.lower() == "true"
    return read


def context(given: "Sequence[str]") -> dict[str, Any]:
    """Parse `--context`; all values are text."""
    read = pairs("--context", given, "import=spring-2024")
    for name in read:
        if name in RESERVED_CONTEXT:
            raise UsageError(
                f"--context {name}=… would hide what the tool puts there", hint=f"--context my_{name}=…"
            )
    return read


def seconds(option: str, word: str) -> float:
    """Parse a duration: `90s`, `15m`, `1h`, `2d`, or a number of seconds.

    Raises:
        UsageError: It is not a duration, or not positive.
    """
    match = _DURATION.fullmatch(word.strip().lower())
    value = float(match[1]) * _SECONDS[match[2]] if match else 0.0
    if not 0 < value <= _LONGEST_S:
        raise UsageError(f"{option} {word!r} is not a duration", hint=f"{option} 1h, or 90s, 15m, 2d")
    return value


def size_bytes(option: str, word: str) -> int:
    """Parse a size: `500MB`, `100GB`, `1.5GiB`, or a number of bytes.

    Raises:
        UsageError: It is not a size, or none of at least a byte.
    """
    match = _SIZE.fullmatch(word.strip().lower())
    value = int(float(match[1]) * _BYTES[match[2]]) if match else 0
    if not 1 <= value <= _LARGEST_BYTES:
        raise UsageError(f"{option} {word!r} is not a size", hint=f"{option} 100GB, or 500MB, 1.5GiB")
    return value


def budget(word: str) -> "Budget":
    """Parse `--max-errors`: a number of rows, or a percentage of them.

    Raises:
        UsageError: It is neither.
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(%?)", word.strip())
    most = 100 if match and match[2] else _MOST_ROWS
    if match is None or (not match[2] and "." in match[1]) or float(match[1]) > most:
        raise UsageError(
            f"--max-errors {word!r} is neither a number nor a share",
            hint="--max-errors 10 or --max-errors 1%",
        )
    return Budget(float(match[1]), share=bool(match[2]))


class Budget:
    """Limit on rejected rows: a number, or a percentage of rows read."""

    def __init__(self, most: float, *, share: bool) -> None:
        self._most = most
        self._share = share

    def allows(self, rejected: int, read: int) -> bool:
        """Return whether this many rejected rows are allowed."""
        return rejected <= (self._most * read / 100 if self._share else self._most)


def _only_email(option: str, given: str | None) -> bool:
    if given not in {None, "email"}:
        raise UsageError(
            f"{option} {given} is not known", hint=f"{option} email; --map email=COLUMN names its column"
        )
    return given is not None
