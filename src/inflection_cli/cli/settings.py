"""Options to settings: what the user typed, read strictly."""

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from inflection_cli.errors import UsageError
from inflection_cli.version import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inflection_cli.cli.options import InputOptions, MessageOptions
    from inflection_cli.pipeline.convert import ConvertSettings
    from inflection_cli.reading.source import ReadOptions

_RESERVED_CONTEXT = frozenset({"integration", "library", "personId", "ip", "userAgent", "traits"})
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)?")
_SECONDS = {"ms": 0.001, None: 1.0, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def read_options(options: "InputOptions") -> "ReadOptions":
    """Say how files are read."""
    from inflection_cli.reading.source import ReadOptions

    delimiter = options.delimiter
    if delimiter is not None:
        delimiter = {"\\t": "\t", "tab": "\t"}.get(delimiter.lower(), delimiter)
        if len(delimiter) != 1:
            raise UsageError(
                f"--delimiter takes one character, not {options.delimiter!r}",
                hint="--delimiter ';' or --delimiter tab",
            )
    return ReadOptions(encoding=options.encoding, delimiter=delimiter)


def convert_settings(options: "InputOptions", message: "MessageOptions | None" = None) -> "ConvertSettings":
    """Say what shapes messages and ids; the present is fixed here, once a run."""
    from inflection_cli.mapping.columns import ColumnOptions
    from inflection_cli.mapping.compile import MapOptions, event_names
    from inflection_cli.mapping.timestamps import parse_bound
    from inflection_cli.pipeline.convert import ConvertSettings
    from inflection_cli.segment.message import MessageSettings

    from_user = _only_email("--user-id-from", options.user_id_from)
    from_anonymous = _only_email("--anonymous-id-from", options.anonymous_id_from)
    mapping = MapOptions(
        columns=ColumnOptions(
            columns=pairs("--map", options.map, "userId='Customer ID'"),
            constants=pairs("--set", options.set, "campaign_id=spring-2024"),
            properties=tuple(options.property),
            own_ids=not options.no_event_id,
            person_from_email=from_user or from_anonymous,
        ),
        unknown_events=options.unknown_events.value,
        user_id_from_email=from_user,
        anonymous_id_from_email=from_anonymous,
        naming=options.naming.value,
        events=event_names(options.event),
    )
    zone = options.timezone
    since = parse_bound(options.since, zone) if options.since else None
    until = parse_bound(options.until, zone) if options.until else None
    if since is not None and until is not None and until[:-1] <= since[:-1]:
        raise UsageError(
            f"--until {options.until} is not after --since {options.since}: no event lies between them",
            hint="--since is the first time to keep, --until the first one to leave out",
        )
    return ConvertSettings(
        mapping=mapping,
        message=MessageSettings(
            library_version=__version__,
            naming=options.naming.value,
            integrations=integrations(message.integration if message else ()),
            context=context(message.context if message else ()),
            email_trait=options.email_trait,
        ),
        now=datetime.now(UTC),
        timezone=zone,
        timestamp_format=options.timestamp_format,
        since=since,
        until=until,
    )


def pairs(option: str, given: "Sequence[str]", example: str) -> dict[str, str]:
    """Read `NAME=VALUE` words.

    Raises:
        UsageError: A word has no `=`, an empty side, or a name comes twice.
    """
    read: dict[str, str] = {}
    for word in given:
        name, equals, value = word.partition("=")
        name = name.strip()
        if not equals or not name or not value:
            raise UsageError(f"{option} {word!r} is not NAME=VALUE", hint=f"write it like {option} {example}")
        if name in read:
            raise UsageError(f"{option} {name}=… is given twice", hint="keep one of the two")
        read[name] = value
    return read


def integrations(given: "Sequence[str]") -> dict[str, Any]:
    """Read `--integration`; Inflection is off unless it is turned on, as it is also a destination."""
    read: dict[str, Any] = {"Inflection": False}
    for name, word in pairs("--integration", given, "All=false").items():
        if word.lower() not in {"true", "false"}:
            raise UsageError(
                f"--integration {name}={word} is neither true nor false", hint=f"--integration {name}=false"
            )
        read[name] = word.lower() == "true"
    return read


def context(given: "Sequence[str]") -> dict[str, Any]:
    """Read `--context`; values are text."""
    read = pairs("--context", given, "import=spring-2024")
    for name in read:
        if name in _RESERVED_CONTEXT:
            raise UsageError(
                f"--context {name}=… would hide what the tool puts there", hint=f"--context my_{name}=…"
            )
    return read


def seconds(option: str, word: str) -> float:
    """Read a duration: `90s`, `15m`, `1h`, `2d`, or a number of seconds.

    Raises:
        UsageError: It is no duration, or not positive.
    """
    match = _DURATION.fullmatch(word.strip().lower())
    value = float(match[1]) * _SECONDS[match[2]] if match else 0.0
    if value <= 0:
        raise UsageError(f"{option} {word!r} is no duration", hint=f"{option} 1h, or 90s, 15m, 2d")
    return value


def budget(word: str) -> "Budget":
    """Read `--max-errors`: a number of rows, or a share of them.

    Raises:
        UsageError: It is neither.
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(%?)", word.strip())
    if match is None or (not match[2] and "." in match[1]) or (match[2] and float(match[1]) > 100):
        raise UsageError(
            f"--max-errors {word!r} is neither a number nor a share",
            hint="--max-errors 10 or --max-errors 1%",
        )
    return Budget(float(match[1]), share=bool(match[2]))


class Budget:
    """How many rows may be rejected: a number, or a share of the rows read in per cent."""

    def __init__(self, most: float, *, share: bool) -> None:
        self._most = most
        self._share = share

    def allows(self, rejected: int, read: int) -> bool:
        """Tell whether this many rejected rows pass."""
        return rejected <= (self._most * read / 100 if self._share else self._most)


def _only_email(option: str, given: str | None) -> bool:
    if given not in {None, "email"}:
        raise UsageError(
            f"{option} {given} is not known", hint=f"{option} email; --map email=COLUMN names its column"
        )
    return given is not None
