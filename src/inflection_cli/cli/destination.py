"""Where messages go: key, endpoint, namespace and state directory, from options and environment."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from inflection_cli.errors import UsageError
from inflection_cli.segment.destination import Destination, Secret
from inflection_cli.segment.limits import BATCH_PATH, DEDUP_WINDOW_S, REGION_ENDPOINTS
from inflection_cli.segment.message_id import namespace_of
from inflection_cli.version import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping

    from inflection_cli.cli.options import DestinationOptions

_KEY_CHARACTERS = 32
_HOUR_S = 3600.0
_QUOTES = "\"'`“”"


@dataclass(frozen=True, slots=True)
class Target:
    """A destination with what is bound to it.

    Attributes:
        destination: Endpoint and key.
        namespace: What message ids are bound to.
        dedup_window_s: For how long the destination is trusted to recognise an id.
    """

    destination: Destination
    namespace: str
    dedup_window_s: float

    def words(self) -> str:
        """Name the destination, the key masked."""
        return f"{self.destination.endpoint}, write key {self.destination.write_key.masked()}"


def find_key(options: "DestinationOptions", environ: "Mapping[str, str]") -> Secret | None:
    """Return the write key; a flag beats the environment, and None says that there is none.

    Raises:
        UsageError: Two flags compete, a file cannot be read, or what is there is no key.
    """
    if options.write_key is not None and options.write_key_file is not None:
        raise UsageError("--write-key and --write-key-file are both given", hint="keep one of the two")
    if options.write_key is not None:
        return _key(options.write_key, "--write-key")
    if options.write_key_file is not None:
        return _key_in(options.write_key_file, "--write-key-file")
    if environ.get("SEGMENT_WRITE_KEY"):
        return _key(environ["SEGMENT_WRITE_KEY"], "SEGMENT_WRITE_KEY")
    if environ.get("SEGMENT_WRITE_KEY_FILE"):
        return _key_in(environ["SEGMENT_WRITE_KEY_FILE"], "SEGMENT_WRITE_KEY_FILE")
    return None


def find_target(options: "DestinationOptions", *, gzip: bool) -> Target | None:
    """Return the destination; None where there is no key.

    Raises:
        UsageError: Key or endpoint cannot be used.
    """
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
    destination = Destination(endpoint, key, gzip=gzip, version=__version__)
    if options.region is not None and destination.region not in {None, region}:
        raise UsageError(
            f"--region {region} and --endpoint {endpoint} contradict each other: that is region {destination.region}",
            hint=f"keep the one of the workspace, --region {region} or --region {destination.region}; the other one "
            "answers 200 too, and its events never appear",
        )
    if options.dedup_window is not None:
        window_s = options.dedup_window * _HOUR_S
    else:
        window_s = DEDUP_WINDOW_S if destination.is_segment else 0.0
    namespace = options.namespace or namespace_of(_normalised(endpoint), key.reveal())
    return Target(destination, namespace, window_s)


def require_target(options: "DestinationOptions", *, gzip: bool, command: str) -> Target:
    """Return the destination.

    Raises:
        UsageError: There is no key, or key or endpoint cannot be used.
    """
    target = find_target(options, gzip=gzip)
    if target is None:
        raise UsageError(
            "there is no write key",
            hint="export SEGMENT_WRITE_KEY=…, or --write-key-file FILE; "
            f"without a Segment account try: infl-seg {command} --rehearse",
        )
    return target


def unusual_key(target: Target) -> str | None:
    """Return a word of warning where a key does not look like Segment's: a wrong one is answered 200."""
    length = len(target.destination.write_key.reveal())
    if target.destination.is_segment and length != _KEY_CHARACTERS:
        return (
            f"the write key has {length} characters, Segment's have {_KEY_CHARACTERS}; "
            "Segment answers 200 to a wrong key too, so check it with: infl-seg send-test"
        )
    return None


def _key_in(path: str, source: str) -> Secret:
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        # Whoever gives the key itself in the place of its file must not read it in a log.
        named = "what it names" if isinstance(error, FileNotFoundError) and _may_be_a_key(path) else path
        raise UsageError(
            f"{source}: {named} cannot be read: {reason}", hint="name a file that holds the key alone"
        ) from None
    return _key(text.rstrip("\r\n"), f"{source} {path}")


def _may_be_a_key(path: str) -> bool:
    return len(path) >= _KEY_CHARACTERS // 2 and "/" not in path and "." not in path


def _key(text: str, source: str) -> Secret:
    if not text.strip():
        raise UsageError(
            f"{source} is empty", hint="copy the write key from the source's settings in Segment"
        )
    if text[0] in _QUOTES or text[-1] in _QUOTES:
        raise UsageError(f"{source} holds the key in quotes", hint="copy the write key alone, without quotes")
    if text != text.strip() or not text.isprintable() or not text.isascii() or any(c.isspace() for c in text):
        raise UsageError(
            f"{source} holds white space, a line break or other characters that no write key has",
            hint="copy the write key alone, without quotes or a line end",
        )
    return Secret(text)


def _normalised(endpoint: str) -> str:
    return endpoint.rstrip("/").lower()
