"""The destination from options and environment; the write key's checks."""

import base64
import binascii
import os
import re
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from inflection_cli.backfilling.run_state import Target
from inflection_cli.errors import UsageError
from inflection_cli.ledger.state_dir import kept_dedup_window_s
from inflection_cli.segment.destination import Destination, Secret
from inflection_cli.segment.ids import namespace_of
from inflection_cli.segment.limits import BATCH_PATH, DEDUP_WINDOW_S, REGION_ENDPOINTS
from inflection_cli.settings.layering import names_an_option
from inflection_cli.version import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping

    from inflection_cli.settings.declarations import DestinationOptions, SourceOptions


KEY_CHARACTERS: Final = 32
"""Length of Segment's own keys."""

STDIN: Final = "-"
"""Names standard input in the place of a file."""

_MOST_BYTES: Final = 64_000
"""A file that is larger holds no key; it may be endless."""

_ALONE: Final = "pass the write key alone, as in the source's settings in Segment"
_QUOTES: Final = "\"'`\u201c\u201d\u2018\u2019\u201e\u00ab\u00bb"
_ENV_LINE: Final = re.compile(
    r"(?:(?:export|set|setx|env)\s+|\$env:)?[A-Za-z_][\w.-]*\s*(?:=+\s*[^\s=]|:\s+\S)", re.IGNORECASE
)
_REFERENCE: Final = re.compile(
    r"(?:op|vault|secret|ref|keychain|doppler)://|arn:[\w-]+:|projects/[^/]+/secrets/"
)
_URL: Final = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_PATH: Final = re.compile(r"(?:~|\.{1,2})?/.*|[A-Za-z]:\\.*|.*\.(?:txt|key|env|pem|json|ya?ml|toml|cfg|ini)")
_HEADER: Final = re.compile(r"(?:authorization\s*:|basic\s|bearer\s)", re.IGNORECASE)
_VARIABLE: Final = re.compile(r"\$\(.*\)|\$?\{+.*\}+|\$\w+|%+\w+%+|#\{.*\}|__\w+__|@\w+@")
_BRACKETS: Final = re.compile(r"<.*>|\[.*\]|\(.*\)|\u2039.*\u203a")
_MASK: Final = re.compile(r"[xX*.\u2022\u2026#?0_-]+")
_WORDS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_PLACEHOLDER_WORDS: Final = frozenset(
    {
        "a", "actual", "add", "api", "change", "changeme", "dummy", "enter", "example", "fill", "fixme",
        "from", "goes", "here", "in", "insert", "is", "key", "me", "my", "nil", "none", "null", "paste",
        "placeholder", "put", "real", "redacted", "replace", "replaceme", "sample", "secret", "segment",
        "some", "source", "tbd", "the", "this", "to", "todo", "token", "undefined", "value", "with",
        "workspace", "write", "writekey", "your", "yourkey",
    }
)  # fmt: skip
_TELLING_WORDS: Final = _PLACEHOLDER_WORDS - {"a", "from", "in", "is", "me", "to", "with"}


def key_of(text: str, source: str) -> Secret:
    """Return the write key without a byte order mark or line end.

    Args:
        text: What was given.
        source: The option or variable that gave it, for messages.

    Raises:
        UsageError: It is no key; the message says what kind of thing it is instead.
    """
    text = text.removeprefix("\ufeff").rstrip("\r\n")
    if not text.strip():
        raise UsageError(
            f"{source} is empty", hint="copy the write key from the source's settings in Segment"
        )
    fault = _fault(text)
    if fault:
        what, hint = fault
        raise UsageError(f"{source} holds {what}", hint=hint)
    return Secret(text)


def key_in(path: str, source: str) -> Secret:
    """Return the key that a file or standard input holds.

    Args:
        path: Where it is; `-` is standard input.
        source: The option or variable that named it, for messages.

    Raises:
        UsageError: It cannot be read, or holds no key.
    """
    if path == STDIN:
        return key_of(
            _decoded(_stdin(source), f"{source} -", "standard input"), f"{source} - (standard input)"
        )
    if names_an_option(path):
        raise UsageError(f"{source} names an option and no file", hint=f"{source} key.txt")
    # Whoever gives the key itself in the place of its file must not read it in a log.
    named = "what it names" if _may_be_a_key(path) else path
    try:
        with Path(path).open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "this is not a path"
        raise UsageError(
            f"{source}: {named} cannot be read: {reason}", hint="name a file that holds the key alone"
        ) from None
    return key_of(_decoded(data, source, named), f"{source} {named}")


def is_packed(key: str) -> bool:
    """Return whether a key is the base64 encoding of a possible key."""
    try:
        inner = base64.b64decode(key, validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        return False
    return re.fullmatch(r"[\w.:~-]{16,}\n?", inner) is not None


def _stdin(source: str) -> bytes:
    if sys.stdin is None or sys.stdin.isatty():
        raise UsageError(
            f"{source} - reads the write key from standard input, and nothing is piped into it",
            hint=f"pipe the key in, as in: cat key.txt | infl-seg … {source} -",
        )
    return sys.stdin.buffer.read(_MOST_BYTES + 1)


def _decoded(data: bytes, source: str, named: str) -> str:
    if len(data) > _MOST_BYTES:
        raise UsageError(
            f"{source}: {named} is larger than any key", hint="name a file that holds the key alone"
        )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(
            f"{source}: {named} cannot be read: it is not text in UTF-8",
            hint="name a file that holds the key alone",
        ) from None


def _may_be_a_key(path: str) -> bool:
    return len(path) >= KEY_CHARACTERS // 2 and "/" not in path and "." not in path


def _fault(text: str) -> tuple[str, str] | None:
    """Return the fault of an invalid key and a hint, or None."""
    return next(((what, hint) for holds, what, hint in _FAULTS if holds(text)), None)


def _is_json(text: str) -> bool:
    bare = text.strip()
    return bare[0] in "{[" and bare[-1] in "}]" and ('"' in bare or ":" in bare)


def _is_placeholder(text: str) -> bool:
    if any(form.fullmatch(text) for form in (_VARIABLE, _BRACKETS, _MASK)):
        return True
    words = {word.lower() for word in _WORDS.findall(text)}
    return bool(words & _TELLING_WORDS) and words <= _PLACEHOLDER_WORDS


def _is_path(text: str) -> bool:
    return _PATH.fullmatch(text) is not None or _is_file(text)


def _is_file(text: str) -> bool:
    try:
        return len(text) != KEY_CHARACTERS and Path(text).is_file()
    except (OSError, ValueError):
        return False


def _unquoted(text: str) -> str:
    return text.strip().strip(_QUOTES).strip()


_FAULTS: Final[tuple[tuple[Callable[[str], object], str, str], ...]] = (
    (names_an_option, "the name of an option in the place of the key", _ALONE),
    (_is_json, "a JSON document in the place of the key", f"{_ALONE}: the text in quotes after its name"),
    (lambda text: _HEADER.match(_unquoted(text)), "an Authorization header in the place of the key", _ALONE),
    (
        lambda text: _ENV_LINE.match(_unquoted(text)),
        "a whole line NAME=KEY of a settings file",
        f"{_ALONE}: the text after the name, without quotes",
    ),
    (
        lambda text: _REFERENCE.match(_unquoted(text)),
        "the reference of a secret in a secrets manager, and no key",
        f"have the manager print it, and {_ALONE}; or pipe it in: --write-key-file -",
    ),
    (
        lambda text: _URL.match(_unquoted(text)),
        "an address in the place of the key",
        f"{_ALONE}; an address goes to --endpoint",
    ),
    (
        lambda text: _is_path(_unquoted(text)),
        "the name of a file in the place of the key",
        "a file that holds the key alone is named by --write-key-file FILE",
    ),
    (
        lambda text: _is_placeholder(_unquoted(text)),
        "a placeholder and no key",
        f"put the key in its place: {_ALONE}",
    ),
    (
        lambda text: _unquoted(text).endswith(":"),
        "a colon at its end, as curl -u takes it, which is not part of the key",
        "copy the write key alone, without the colon",
    ),
    (
        lambda text: text.strip()[0] in _QUOTES or text.strip()[-1] in _QUOTES,
        "the key in quotes",
        "copy the write key alone, without quotes",
    ),
    (
        lambda text: len(text.strip().splitlines()) > 1,
        "several lines",
        "copy the write key alone, without a line end in it",
    ),
    (
        lambda text: any(c.isspace() for c in text),
        "white space, which no write key has",
        "copy the write key alone, without quotes or blanks",
    ),
    (
        lambda text: not text.isprintable() or not text.isascii(),
        "a character that no write key has: it is invisible or beyond ASCII",
        "copy the write key again, from the source's settings in Segment",
    ),
    (
        lambda text: any(c in text for c in "{}<>$" + _QUOTES),
        "a brace, an angle bracket, a dollar sign or a quote, which no write key has",
        _ALONE,
    ),
)
"""Kinds of text that are no key, the more specific ones first: test, description, hint."""


_HOUR_S = 3600.0
_MOST_WINDOW_HOURS = 87_600
"""Ten years: a larger number is one of another unit, or a slip."""


def find_key(options: "DestinationOptions", environ: "Mapping[str, str]") -> Secret | None:
    """Return the write key from options or environment, or None.

    Raises:
        UsageError: Two flags compete, a file cannot be read, or what is there is no key.
    """
    if options.write_key is not None and options.write_key_file is not None:
        raise UsageError("--write-key and --write-key-file are both given", hint="keep one of the two")
    if options.write_key is not None:
        return key_of(options.write_key, "--write-key")
    if options.write_key_file is not None:
        return key_in(options.write_key_file, "--write-key-file")
    if environ.get("SEGMENT_WRITE_KEY"):
        return key_of(environ["SEGMENT_WRITE_KEY"], "SEGMENT_WRITE_KEY")
    if environ.get("SEGMENT_WRITE_KEY_FILE"):
        return key_in(environ["SEGMENT_WRITE_KEY_FILE"], "SEGMENT_WRITE_KEY_FILE")
    return None


def takes_stdin(options: "SourceOptions", environ: "Mapping[str, str]") -> bool:
    """Return whether the write key is read from standard input."""
    if options.write_key is not None or options.write_key_file is not None:
        return options.write_key_file == STDIN
    return not environ.get("SEGMENT_WRITE_KEY") and environ.get("SEGMENT_WRITE_KEY_FILE") == STDIN


def find_target(options: "DestinationOptions", *, gzip: bool) -> Target | None:
    """Return the destination, or None without a write key.

    Raises:
        UsageError: Key, endpoint, window or certificates cannot be used.
    """
    if options.ca_file is not None:
        from inflection_cli.certificates import require_certificates

        require_certificates(options.ca_file)
    if options.dedup_window is not None and options.dedup_window > _MOST_WINDOW_HOURS:
        raise UsageError(
            f"--dedup-window {options.dedup_window:g} is no number of hours: ten years are {_MOST_WINDOW_HOURS}",
            hint="give what the destination promises, in hours: --dedup-window 20",
        )
    key = find_key(options, os.environ)
    if key is None:
        return None
    if options.namespace is not None and not options.namespace.strip():
        raise UsageError(
            "--namespace is empty",
            hint="name the destination, for example --namespace crm-eu, or leave the option out",
        )
    region = "us" if options.region is None else options.region.value
    endpoint = (options.endpoint or REGION_ENDPOINTS[region]).rstrip("/").removesuffix(BATCH_PATH)
    destination = Destination(endpoint, key, gzip=gzip, version=__version__, ca_file=options.ca_file)
    if options.region is not None and destination.region not in {None, region}:
        raise UsageError(
            f"--region {region} and --endpoint {endpoint} contradict each other: that is region {destination.region}",
            hint=f"keep the one of the workspace, --region {region} or --region {destination.region}; the other one "
            "answers 200 too, and its events never appear",
        )
    namespace = options.namespace or namespace_of(_normalised(endpoint), key.reveal())
    if options.dedup_window is not None:
        return Target(destination, namespace, options.dedup_window * _HOUR_S, "--dedup-window")
    if destination.is_segment:
        return Target(destination, namespace, DEDUP_WINDOW_S, "Segment")
    return Target(destination, namespace, 0.0, "not known of this destination", asks_window=True)


def with_kept_answer(target: Target, state_dir: Path) -> Target:
    """Return the target with the user's earlier answer on its deduplication window.

    Raises:
        LedgerError: The answer cannot be read.
    """
    window_s = kept_dedup_window_s(state_dir, target.namespace) if target.asks_window else None
    return target if window_s is None else with_answer(target, window_s)


def with_answer(target: Target, window_s: float) -> Target:
    """Return the target with the window that the user confirmed."""
    return replace(target, dedup_window_s=window_s, window_from="your answer", asks_window=False)


def require_target(options: "DestinationOptions", *, gzip: bool, command: str) -> Target:
    """Return the destination; raise an error without a write key.

    Raises:
        UsageError: There is no key, or key or endpoint cannot be used.
    """
    return required(find_target(options, gzip=gzip), command=command)


def required(target: Target | None, *, command: str) -> Target:
    """Return the destination that was found.

    Raises:
        UsageError: There is none, as there is no key.
    """
    if target is None:
        raise UsageError(
            "there is no write key",
            hint="export SEGMENT_WRITE_KEY=…, or --write-key-file FILE; "
            f"without a Segment account try: infl-seg {command} --rehearse",
        )
    return target


def unusual_key(target: Target) -> str | None:
    """Return a warning if the key's length is unusual for Segment."""
    key = target.destination.write_key.reveal()
    length = len(key)
    if is_packed(key):
        return (
            "the write key is in base64, like one from an Authorization header or a Kubernetes secret. "
            "Use the key from the source's settings, and check it with: infl-seg send-test"
        )
    if target.destination.is_segment and length != KEY_CHARACTERS:
        return (
            f"the write key has {length} characters, Segment's have {KEY_CHARACTERS}; "
            "Segment answers 200 to a wrong key too. Check it with: infl-seg send-test"
        )
    return None


def _normalised(endpoint: str) -> str:
    return endpoint.rstrip("/").lower()
