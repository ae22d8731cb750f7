"""The destination: key, endpoint, namespace, from options and environment."""

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from inflection_cli.backfilling.run_state import Target
from inflection_cli.cli.write_key import KEY_CHARACTERS, STDIN, is_packed, key_in, key_of
from inflection_cli.errors import UsageError
from inflection_cli.ledger.destination_answers import kept_dedup_window_s
from inflection_cli.segment.destination import Destination, Secret
from inflection_cli.segment.ids import namespace_of
from inflection_cli.segment.limits import BATCH_PATH, DEDUP_WINDOW_S, REGION_ENDPOINTS
from inflection_cli.version import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping

    from inflection_cli.settings.declarations import DestinationOptions, SourceOptions

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
