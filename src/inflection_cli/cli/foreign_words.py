"""Map foreign options and commands to equivalents; none sends data unasked."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

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
_COLOR: Final = "NO_COLOR=1 prints without colour, as does --no-color where a command has it"
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
