"""Check folders, disk, key, name, proxy, TLS and clock."""

import fcntl
import os
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import anyio

from inflection_cli.cli.target import find_key, find_target, unusual_key
from inflection_cli.errors import InflSegError, LedgerError
from inflection_cli.ledger.state_dir import LEDGER_SUFFIX, file_trouble, ledger_folder, state_dir
from inflection_cli.reporting.shown_hints import fitted
from inflection_cli.sanitize import counted
from inflection_cli.segment.client import Client, Reached, cause_words
from inflection_cli.segment.destination import Destination, Secret, Timeouts
from inflection_cli.segment.limits import REGION_ENDPOINTS
from inflection_cli.segment.response import Failure, FailureKind
from inflection_cli.settings.declarations import DestinationOptions
from inflection_cli.version import __version__

if TYPE_CHECKING:
    from inflection_cli.settings.declarations import SourceOptions

_TIMEOUTS: Final = Timeouts(connect_s=5.0, write_s=5.0, read_s=5.0, total_s=10.0)
_LITTLE_BYTES: Final = 1_000_000_000
_TOO_LITTLE_BYTES: Final = 50_000_000
_MOST_OFF_S: Final = 60
"""A clock that is off by more makes events of today look like events of the future."""

_MOST_NAMED: Final = 3


class Status(StrEnum):
    """Result of one check."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class CheckResult:
    """Name, status and finding of one check.

    Attributes:
        name: What was checked.
        status: How it stands.
        message: What was found, in one sentence.
        hint: What to do about it; empty where nothing is to be done.
    """

    name: str
    status: Status
    message: str
    hint: str = ""


def failed(name: str, error: InflSegError) -> CheckResult:
    """Return the result of a check that an error ended."""
    return CheckResult(name, Status.ERROR, error.message, fitted(error.hint))


def local_checks(given_state_dir: str | None, environ: Mapping[str, str]) -> Iterator[CheckResult]:
    """Check the state folder and the disk; leave nothing behind."""
    try:
        folder = state_dir(Path(given_state_dir) if given_state_dir else None, environ)
        yield _state_folder(folder)
        yield room("disk", _nearest(folder), shutil.disk_usage(_nearest(folder)).free)
    except LedgerError as error:
        yield failed("state folder", error)
    try:
        with tempfile.TemporaryFile():
            temporary = Path(tempfile.gettempdir())
        yield room("temporary folder", temporary, shutil.disk_usage(temporary).free)
    except OSError as error:
        reason = error.strerror or str(error)
        hint = "make room there, or name another folder: TMPDIR=DIR"
        yield CheckResult("temporary folder", Status.ERROR, f"it cannot be written: {reason}", hint)


def room(name: str, folder: Path, free_bytes: int) -> CheckResult:
    """Return the result for the free bytes in a folder."""
    message = f"{free_bytes / 1e9:,.1f} GB are free at {folder}"
    if free_bytes >= _LITTLE_BYTES:
        return CheckResult(name, Status.OK, message)
    status = Status.WARNING if free_bytes >= _TOO_LITTLE_BYTES else Status.ERROR
    return CheckResult(
        name, status, message, "a run of a million events writes about 100 MB; make room first"
    )


def _nearest(folder: Path) -> Path:
    """Return the folder, or the nearest one above it that exists.

    Raises:
        LedgerError: Something that is no folder stands in its place.
    """
    found = next(each for each in (folder, *folder.parents) if os.path.lexists(each))
    if not found.is_dir():
        raise LedgerError(f"{found} is not a folder", hint="name another place: --state-dir DIR")
    return found


def _state_folder(folder: Path) -> CheckResult:
    name, ledgers = "state folder", ledger_folder(folder)
    place = _nearest(ledgers)
    try:
        # The lock of a run is a flock, which some network folders do not have.
        with tempfile.TemporaryFile(dir=place) as trial:
            fcntl.flock(trial, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return failed(name, file_trouble(place, error))
    if place != ledgers:
        return CheckResult(name, Status.OK, f"{folder} does not exist yet; the first delivery makes it")
    if ledgers.stat().st_uid != os.geteuid():
        hint = "name a folder of your own: --state-dir DIR"
        return CheckResult(name, Status.ERROR, f"{ledgers} belongs to another user", hint)
    found = sum(1 for _ in ledgers.glob(f"*{LEDGER_SUFFIX}"))
    return CheckResult(
        name, Status.OK, f"{folder} has {counted(found, 'ledger')}, and can be written and locked"
    )


def destination_checks(
    source: "SourceOptions", environ: Mapping[str, str]
) -> tuple[list[CheckResult], Destination | None]:
    """Check key and endpoint without a network.

    Returns:
        The results, and the destination that may be asked; None where the user has named none.
    """
    options = DestinationOptions(
        write_key=source.write_key,
        write_key_file=source.write_key_file,
        region=source.region,
        endpoint=source.endpoint,
        ca_file=source.ca_file,
    )
    results = []
    try:
        key = find_key(options, environ)
        if key is not None:  # what stands on standard input can be read once
            options = replace(options, write_key=key.reveal(), write_key_file=None)
        results.append(_key_result(key, options))
    except InflSegError as error:
        key = None
        results.append(failed("write key", error))
    named = key is not None or source.endpoint is not None or source.region is not None
    if not named:
        hint = "give the key, or --region us, or --endpoint URL"
        results.append(CheckResult("endpoint", Status.SKIPPED, "none is named, so no request is sent", hint))
        return results, None
    try:
        destination = _destination(options, key)
    except InflSegError as error:
        return [*results, failed("endpoint", error)], None
    return [*results, CheckResult("endpoint", Status.OK, destination.endpoint)], destination


def _key_result(key: Secret | None, options: DestinationOptions) -> CheckResult:
    if key is None:
        hint = "export SEGMENT_WRITE_KEY=…, or --write-key-file FILE; infl-seg backfill FILE --rehearse needs none"
        return CheckResult("write key", Status.SKIPPED, "there is none", hint)
    try:
        target = find_target(options, gzip=True)
    except InflSegError:  # told as a fault of the endpoint
        target = None
    odd = None if target is None else unusual_key(target)
    if odd is not None:
        return CheckResult("write key", Status.WARNING, odd)
    length = len(key.reveal())
    return CheckResult(
        "write key", Status.OK, f"it has the form of one ({length} characters); only send-test tries it"
    )


def _destination(options: DestinationOptions, key: Secret | None) -> Destination:
    """Return the destination with short timeouts and without the key."""
    if key is not None:
        # The same refusals as a run: a region and an endpoint that contradict each other.
        find_target(options, gzip=True)
    region = "us" if options.region is None else options.region.value
    endpoint = options.endpoint or REGION_ENDPOINTS[region]
    return Destination(
        endpoint.rstrip("/"), Secret(""), timeouts=_TIMEOUTS, version=__version__, ca_file=options.ca_file
    )


def network_checks(destination: Destination) -> Iterator[CheckResult]:
    """Ask the destination for its headers, without key and events."""
    try:
        client = Client(destination)
    except InflSegError as error:
        yield failed("proxy", error)
        return
    yield CheckResult("proxy", Status.OK, client.proxy or "none is set for this host")
    if client.proxy is None:
        looked_up = _name(destination)
        yield looked_up
        if looked_up.status is Status.ERROR:
            return
    before = time.time()
    answer = anyio.run(_reached, client)
    yield from answer_results(answer, (before + time.time()) / 2, tls=destination.url.startswith("https:"))


async def _reached(client: Client) -> Reached | Failure:
    async with client:
        return await client.reach()


def _name(destination: Destination) -> CheckResult:
    parts = urlsplit(destination.url)
    try:
        found = socket.getaddrinfo(destination.host, parts.port or 443, type=socket.SOCK_STREAM)
    except OSError as error:
        words = cause_words(error, host=destination.host, peer=destination.host)
        hint = "check the address, the network, and whether a proxy is needed: HTTPS_PROXY"
        return CheckResult("name", Status.ERROR, words, hint)
    addresses = list(dict.fromkeys(str(each[4][0]) for each in found))
    more = "" if len(addresses) <= _MOST_NAMED else f" and {len(addresses) - _MOST_NAMED} more"
    return CheckResult("name", Status.OK, f"{destination.host} is {', '.join(addresses[:_MOST_NAMED])}{more}")


def answer_results(answer: Reached | Failure, now: float, *, tls: bool) -> Iterator[CheckResult]:
    """Yield the results that an answer allows.

    Args:
        answer: What came of the request.
        now: This machine's time in the middle of the request, in seconds since 1970.
        tls: Whether the endpoint is an https address.
    """
    if isinstance(answer, Failure):
        certificate = answer.kind is FailureKind.CERTIFICATE
        hint = (
            "trust the authority of a company's proxy: --ca-file FILE, or SSL_CERT_FILE"
            if certificate
            else "check network, firewall and proxy; the same cause would stop a run"
        )
        yield CheckResult("TLS" if certificate else "connection", Status.ERROR, answer.detail, hint)
        return
    yield CheckResult("connection", Status.OK, f"the server answers with status {answer.status}")
    if tls:
        until = f", and its certificate is valid until {answer.valid_until}" if answer.valid_until else ""
        yield CheckResult("TLS", Status.OK, f"{answer.tls}{until}")
    yield clock(answer.date, now)


def clock(date: str | None, now: float) -> CheckResult:
    """Return the result for a server's `Date` header.

    Args:
        date: The header.
        now: This machine's time, in seconds since 1970.
    """
    try:
        theirs = parsedate_to_datetime(date or "").timestamp()
    except ValueError:
        return CheckResult("clock", Status.SKIPPED, "the server does not say what time it is")
    off_s = round(now - theirs)
    if abs(off_s) <= _MOST_OFF_S:
        return CheckResult("clock", Status.OK, f"it agrees with the server's to {max(1, abs(off_s))} s")
    way = "ahead of" if off_s > 0 else "behind"
    hint = "set the clock, by NTP for example; it decides which events lie in the future"
    return CheckResult("clock", Status.WARNING, f"it is {abs(off_s):,} s {way} the server's", hint)
