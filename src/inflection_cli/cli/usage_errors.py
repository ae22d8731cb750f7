"""Build usage errors with suggested values; map foreign options and commands."""

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any, Final

from inflection_cli.cli.options import example, long_name
from inflection_cli.errors import InflSegError, UsageError
from inflection_cli.reporting.shown_hints import takes
from inflection_cli.settings.declarations import ALL_OPTIONS
from inflection_cli.settings.layering import HIDDEN, file_word
from inflection_cli.suggestions import meant, nearest

_RESUME: Final = (
    "run the same command again: accepted events are not sent twice; infl-seg runs list shows past runs"
)
_RATE: Final = "--events-per-second N and --requests-per-second N limit the rate"
_KEY: Final = "set the write key with SEGMENT_WRITE_KEY, or --write-key-file FILE"
_FORM: Final = "the format of a file is detected; --delimiter C and --records PATH set the rest"
_DRY: Final = "infl-seg backfill FILE --dry-run shows what would be sent, and sends nothing"
_REPORT: Final = (
    "--report FORMAT=PATH writes a report, --json prints one; --out FILE of backfill writes the messages"
)
_ZONE: Final = "--timezone NAME is the time zone of times without one"
_COLOR: Final = "NO_COLOR=1 prints without colour, for every command"
_ASK: Final = "commands that ask take --no-input, and then send nothing; look at --dry-run first"
_CERTAIN: Final = "nothing can be forced; each error names the option that resolves it"
_RUNS: Final = "infl-seg runs list shows every run, infl-seg runs show last the latest"

OPTIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        **dict.fromkeys(
            ("resume", "continue", "restart", "retry", "retries", "checkpoint", "offset"), _RESUME
        ),
        **dict.fromkeys(
            ("rate", "rps", "rate-limit", "throttle", "qps", "workers", "threads", "concurrency", "parallel"),
            _RATE,
        ),
        **dict.fromkeys(
            ("api-key", "apikey", "key", "token", "writekey", "auth", "secret", "password", "key-file"), _KEY
        ),
        **dict.fromkeys(("tz", "zone", "time-zone-name"), _ZONE),
        **dict.fromkeys(("no-color", "no-colour", "colour", "monochrome"), _COLOR),
        **dict.fromkeys(("no-input", "no-prompt", "non-interactive", "batch", "noconfirm"), _ASK),
        **dict.fromkeys(("force", "f", "assume-yes", "no-confirm", "confirm", "ignore-errors"), _CERTAIN),
        **dict.fromkeys(("output", "o", "output-file", "report-file"), _REPORT),
        **dict.fromkeys(("format", "type", "input-format", "output-format", "csv", "ndjson"), _FORM),
        **dict.fromkeys(("n", "dry", "simulate", "preview", "no-act", "check", "whatif", "what-if"), _DRY),
        **dict.fromkeys(("sep", "separator", "d"), "--delimiter C is the character between cells"),
        **dict.fromkeys(("config", "c", "mapping", "settings"), "--profile FILE sets the mapping of files"),
        **dict.fromkeys(("from", "start", "start-date"), "--since T keeps events from a time on"),
        **dict.fromkeys(("to", "end", "end-date"), "--until T keeps events before a time"),
        **dict.fromkeys(
            ("host", "url", "server", "base-url"), "--endpoint URL or --region us|eu sets the destination"
        ),
        **dict.fromkeys(("timeout", "max-time"), "--patience TIME stops a run without an accepted batch"),
        **dict.fromkeys(("debug", "vv", "log-level"), "--verbose prints more details"),
        **dict.fromkeys(
            ("silent", "s"), "--quiet prints results, warnings of the destination and errors only"
        ),
        **dict.fromkeys(("V",), "infl-seg --version prints the version"),
        **dict.fromkeys(("head", "sample", "rows", "max-rows"), "--limit N reads that many rows"),
        **dict.fromkeys(
            ("input", "i", "file", "infile"), "files are named without an option: infl-seg COMMAND FILE"
        ),
        **dict.fromkeys(("charset",), "--encoding NAME is the encoding of the files"),
        **dict.fromkeys(("user-id", "userid"), "--map userId=COLUMN takes the person's id from a column"),
    }
)
"""By the option's name without its hyphens."""

COMMANDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        **dict.fromkeys(("resume", "continue", "retry", "restart"), _RESUME),
        **dict.fromkeys(("status", "list", "ls", "history", "log", "logs", "show", "info"), _RUNS),
        **dict.fromkeys(
            ("check", "lint", "test", "verify-file"), "infl-seg validate FILE checks a file and sends nothing"
        ),
        **dict.fromkeys(
            (
                "import",
                "send",
                "upload",
                "load",
                "push",
                "ingest",
                "run",
                "dry-run",
                "dryrun",
                "plan",
            ),
            _DRY,
        ),
        **dict.fromkeys(
            ("new", "setup", "configure", "config", "map", "profile", "wizard"),
            "infl-seg init FILE asks what is missing, and writes a profile",
        ),
        **dict.fromkeys(("man", "usage", "docs"), "infl-seg --help, or infl-seg COMMAND --help"),
        **dict.fromkeys(("verify", "prove"), "infl-seg runs verify FILE checks that a file was sent"),
        **dict.fromkeys(("ping", "probe", "send_test"), "infl-seg send-test --rehearse tries the setup"),
        **dict.fromkeys(
            ("serve", "server", "mock", "stub"), "infl-seg sandbox is a local stand-in for Segment"
        ),
        **dict.fromkeys(("login", "auth", "key"), f"there is no log-in: {_KEY}"),
        **dict.fromkeys(
            ("undo", "rollback", "delete", "revert"),
            "accepted events cannot be deleted from here; infl-seg runs show last lists them",
        ),
        **dict.fromkeys(("head", "describe", "detect", "peek"), "infl-seg inspect FILE describes a file"),
        **dict.fromkeys(("rules", "errors", "codes"), "infl-seg explain lists all codes of problems"),
    }
)
"""By the command's name."""


_PAIRED: Final = ("--set", "--context")
_ALONE: Final = ("--group-user", "--null", "--skip-event")
_NAMED: Final = "--event-name"
"""The option of which the name is a text of the export."""

_LEAST: Final = 4
"""A shorter value is hidden where its option stands, and not wherever such letters are met."""

_SIGNED: Final = re.compile(r"\A([A-Za-z][A-Za-z0-9+.-]+://[^?]*\?).*\Z", re.DOTALL)
"""A link of which the query may be a signature."""


def kept_command(argv: list[str]) -> str:
    """Return the typed command for the ledger, without key and personal data."""
    hidden = {at: word for at, word, _ in _personal(argv)}
    return shown_command([hidden.get(at, word) for at, word in enumerate(argv)])


def redacted(told: Any, argv: Sequence[str]) -> Any:
    """Return text, or JSON values, without typed personal values."""
    hidden = list(_personal(argv))
    return _redacted(told, list(_replacements(argv, hidden))) if hidden else told


@contextmanager
def redacted_error(error: InflSegError, argv: Sequence[str]) -> Iterator[None]:
    """Hide typed personal values in an error until it is reported."""
    told = error.message, error.hint
    error.message, error.hint = redacted(error.message, argv), redacted(error.hint, argv)
    try:
        yield
    finally:
        error.message, error.hint = told


def _personal(argv: Sequence[str]) -> Iterator[tuple[int, str, str]]:
    """Yield places of personal words, what stands for them, and their values."""
    for at, word in enumerate(argv):
        option, joined, rest = word.partition("=") if word.startswith("--") else (argv[at - 1], "", word)
        said = rest if joined or not word.startswith("-") else ""
        before = f"{option}=" if joined else ""
        name, equals, value = said.partition("=")
        if at and option in _PAIRED and equals and _is_personal(name.strip(), value):
            yield at, f"{before}{name}={HIDDEN}", value
        elif at and option == _NAMED and equals and _is_personal("", name):
            yield at, f"{before}{HIDDEN}={value}", name
        elif at and option in _ALONE and said and (option == "--group-user" or _is_personal("", said)):
            yield at, f"{before}{HIDDEN}", said


def _is_personal(name: str, value: str) -> bool:
    # Few commands have such an option: the others need not load the mapping.
    from inflection_cli.mapping.personal_data import is_personal_setting

    return is_personal_setting(name, value)


def _replacements(argv: Sequence[str], hidden: list[tuple[int, str, str]]) -> Iterator[tuple[str, str]]:
    """Yield personal texts and what stands for each: words, quoted words, values."""
    for at, word, value in hidden:
        typed, option = argv[at], argv[at - 1]
        alone = option in _ALONE and not typed.startswith("--")
        before = f"{option} " if alone else ""
        if shlex.quote(typed) != typed:
            yield before + shlex.quote(typed), before + shlex.quote(word)
        yield before + typed, before + word
        if len(value) >= _LEAST:
            yield value, HIDDEN


def _redacted(told: Any, replacements: list[tuple[str, str]]) -> Any:
    if isinstance(told, str):
        for typed, word in replacements:
            told = told.replace(typed, word)
        return told
    if isinstance(told, dict):
        return {name: _redacted(value, replacements) for name, value in told.items()}
    return [_redacted(value, replacements) for value in told] if isinstance(told, list) else told


def backfill_after(argv: list[str]) -> str:
    """Return a backfill's dry run with the arguments of a typed `validate`."""
    typed = shown_command(argv).removeprefix("infl-seg validate")
    if "--" in argv:
        return f"infl-seg backfill --dry-run{typed}"
    return f"infl-seg backfill{typed} --dry-run"


def shown_command(argv: list[str], *, yes: bool = False, max_errors: int | None = None) -> str:
    """Return the typed command for a shell, without key, with added options."""
    words = ["infl-seg"]
    given = iter(argv[1:])
    for word in given:
        if word == "--":
            # An option may be added behind the files, where it would be taken for one more.
            words += map(file_word, given)
        elif word == "--write-key":
            next(given, None)
            words += ["--write-key", "…"]
        elif word.startswith("--write-key="):
            words.append("--write-key=…")
        elif max_errors is not None and word == "--max-errors":
            next(given, None)
        elif not (max_errors is not None and word.startswith("--max-errors=")):
            words.append(shlex.quote(_SIGNED.sub(r"\1…", word)))
    if yes:
        words.append("--yes")
    if max_errors is not None:
        words += ["--max-errors", str(max_errors)]
    return " ".join(words)


UNSAFE: Final = frozenset(name for name, each in ALL_OPTIONS.items() if each.option.forces)
"""Options that skip a question or a refusal: only the user may ask for them, so they are never suggested."""

_CHOICE: Final = re.compile(r"(.*?)is not one of (.+)\.")
_LEAST_VALUE: Final = re.compile(r"(?:greater than or equal to|in the range x>=)\s*(\d+)", re.IGNORECASE)
_WHOLE: Final = re.compile(r"valid integer", re.IGNORECASE)
_NUMBER: Final = re.compile(r"valid (?:integer|number|float)", re.IGNORECASE)
_COUNTED: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([kmhds%]|hours?|days?)", re.IGNORECASE)
_THOUSANDS: Final = {"k": 1e3, "m": 1e6}
_UNITS: Final = {
    "--limit": _THOUSANDS,
    "--events-per-second": _THOUSANDS,
    "--requests-per-second": _THOUSANDS,
    "--dedup-window": {"h": 1.0, "d": 24.0, "m": 1 / 60, "s": 1 / 3600},
}
"""By option, what is meant by a unit behind its number."""


def usage_error(error: Any) -> UsageError:
    """Convert a parser error to a `UsageError` with a hint.

    Args:
        error: What Typer raised, with the parameter and the command where it knows them.
    """
    kind, said = type(error).__name__, error.format_message().replace("Value error, ", "")
    if kind == "NoSuchOption":
        return UsageError(f"No such option: {error.option_name}", hint=_other_option(error))
    command = re.match(r"No such command '(.*?)'", said)
    if command is not None:
        return UsageError(command[0], hint=_other_command(error, command[1]))
    option = getattr(error, "param", None)
    if option is not None and _NUMBER.search(said):
        name = long_name(option)
        return UsageError(
            f"{name} takes {_number(said)} alone, and no other text",
            hint=f"for example {name} {_without_unit(name, _given(error, name))}",
        )
    return UsageError(said, hint=_fix(error, said) or _help(error))


def _fix(error: Any, said: str) -> str:
    """Return a hint with a valid option value, or ""."""
    names = getattr(getattr(error, "param", None), "opts", None) or []
    option = next((name for name in names if name.startswith("--")), "")
    choice = _CHOICE.search(said)
    if choice is not None:
        words = re.findall(r"'([^']+)'", choice[2])
        return " or ".join(f"{option} {word}".strip() for word in words)
    least = _LEAST_VALUE.search(said)
    right = example(option)
    if option and least is not None:
        return f"{option} takes {least[1]} or more, for example {option} {right or max(1, int(least[1]))}"
    return f"for example {option} {right}" if right else ""


def _other_option(error: Any) -> str:
    """Return the hint for an unknown option."""
    typed, command = str(error.option_name), getattr(getattr(error, "ctx", None), "command", None)
    bare = typed.lstrip("-")
    foreign = OPTIONS.get(bare) or OPTIONS.get(bare.lower().replace("_", "-"))
    if hasattr(command, "commands"):
        return f"options go after the command: {_help(error)}"
    if foreign:
        return foreign if takes(foreign) else f"infl-seg backfill has it: {foreign}"
    near = nearest(bare.replace("_", "-"), _safe_names(error)) if len(bare) > 1 else []
    return meant(near, "--") or _help(error)


def _safe_names(error: Any) -> Iterator[str]:
    """Yield long option names without hyphens that are safe to suggest."""
    context = error.ctx
    for option in context.command.get_params(context) if context else ():
        for name in option.opts:
            if name.startswith("--") and name not in UNSAFE:
                yield name.removeprefix("--")


def _other_command(error: Any, typed: str) -> str:
    """Return the hint for an unknown command."""
    context = error.ctx
    foreign = COMMANDS.get(typed.lower())
    near = nearest(typed, context.command.commands)
    return meant(near) or foreign or _help(error)


def _number(said: str) -> str:
    return "a whole number" if _WHOLE.search(said) else "a number"


def _given(error: Any, name: str) -> str:
    return str(getattr(error, "given", {}).get(name, ""))


def _without_unit(name: str, given: str) -> str:
    """Return a number without its unit, or else a correct example."""
    found = _COUNTED.fullmatch(given.strip())
    unit = _UNITS.get(name, {}).get(found[2][0].lower()) if found else None
    if found is None or unit is None:
        return str(example(name) or 1)
    number = float(found[1]) * unit
    return str(int(number)) if number == int(number) else f"{number:.3f}"


def _help(error: Any) -> str:
    context = getattr(error, "ctx", None)
    return f"{context.command_path if context else 'infl-seg'} --help shows what there is"
