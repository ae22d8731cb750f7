"""Destination of messages, its timeouts, and its write key."""

import ipaddress
import json
import re
from base64 import b64encode
from dataclasses import dataclass, field
from typing import Never
from urllib.parse import SplitResult, urlsplit

from inflection_cli.errors import UsageError
from inflection_cli.segment.limits import BATCH_PATH, REGION_ENDPOINTS, SEGMENT_DOMAINS

_BASE_ALONE = "give the base address alone: --endpoint https://HOST"
_SCHEME_ALONE = re.compile(r"^(?:https?:?)?/+|^https?:(?!\d+(?:/|$))")
"""A scheme that lacks a slash or its colon, as in `http:/host` and `//host`."""
_HOST = re.compile(r"(\[[0-9a-fA-F:.]+\]|[\w.-]+)(?::([^:]*))?")
_PATH = re.compile(r"[\w./~-]*")
_LAST_PORT = 65_535


class Secret:
    """Text that is masked unless `reveal` is called."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the text itself, to be sent."""
        return self._value

    def masked(self) -> str:
        """Return the length, and no character of the text."""
        return f"… ({len(self._value)} characters)"

    def __repr__(self) -> str:
        return f"Secret({self.masked()})"

    def __str__(self) -> str:
        return self.masked()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __reduce__(self) -> Never:
        raise TypeError("a secret is not written anywhere")


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Time limits for the steps of a request, in seconds.

    Attributes:
        connect_s: Name look-up, TCP, proxy and TLS, each.
        write_s: One write without progress.
        read_s: One read without a byte.
        total_s: From the first byte sent to the last one read; what trickles is cut here.
    """

    connect_s: float = 10.0
    write_s: float = 20.0
    read_s: float = 30.0
    total_s: float = 60.0


@dataclass(frozen=True, slots=True)
class Destination:
    """Server that accepts Segment's protocol, validated when it is built.

    Attributes:
        endpoint: Base address, without the path of the batch call.
        write_key: Opens one source there.
        gzip: Whether bodies are compressed.
        timeouts: For each request.
        version: This tool's version, for the User-Agent.
        ca_file: A file of certificate authorities that are trusted beside the system's.

    Raises:
        UsageError: The endpoint is no https address (http is for loopback), carries more than host and path, or more
            than a host that is Segment's own.
    """

    endpoint: str
    write_key: Secret
    gzip: bool = True
    timeouts: Timeouts = field(default_factory=Timeouts)
    version: str = "0"
    ca_file: str | None = None

    def __post_init__(self) -> None:
        parts = _split(self.endpoint)
        if not parts.hostname or parts.scheme not in {"http", "https"}:
            raise UsageError("The endpoint is not an https address.", hint=_same_host(self.endpoint))
        if "@" in parts.netloc or parts.query or parts.fragment:
            raise UsageError(
                "The endpoint carries credentials, a query or a fragment.", hint=_same_host(self.endpoint)
            )
        if parts.scheme == "http" and not is_loopback(parts.hostname):
            raise UsageError(
                f"http to {parts.hostname} would send the write key in the open.",
                hint=f"{_same_host(self.endpoint)}; plain http is for this machine's own address only",
            )
        if self.is_segment and parts.path.strip("/"):
            raise UsageError(
                f"The endpoint {parts.hostname} has the path {parts.path}, and Segment's addresses have none.",
                hint=f"--endpoint https://{parts.hostname}",
            )

    @property
    def url(self) -> str:
        """URL to which batches are posted."""
        return self.endpoint.rstrip("/") + BATCH_PATH

    @property
    def host(self) -> str:
        """Host name in lower case, without a final dot."""
        return (_split(self.endpoint).hostname or "").rstrip(".")

    @property
    def is_segment(self) -> bool:
        """Return whether the host is one of Segment's own."""
        return _is_of_segment(self.host)

    @property
    def region(self) -> str | None:
        """Segment region of this host; None for other hosts."""
        found = (name for name, address in REGION_ENDPOINTS.items() if _split(address).hostname == self.host)
        return next(found, None)

    @property
    def envelope(self) -> tuple[bytes, bytes]:
        """Body bytes before and after the messages; the second holds `writeKey`."""
        # Never sentAt and never a batch-level timestamp: Segment would move every event's time by them.
        return b'{"batch":[', b'],"writeKey":' + json.dumps(self.write_key.reveal()).encode() + b"}"

    @property
    def envelope_bytes(self) -> int:
        """Size of a body without messages, in bytes."""
        head, tail = self.envelope
        return len(head) + len(tail)

    @property
    def authorization(self) -> Secret:
        """Value of the `Authorization` header: base64 of key and colon.

        Segment docs, HTTP API, "Authentication".
        """
        return Secret("Basic " + b64encode(f"{self.write_key.reveal()}:".encode()).decode())


def is_loopback(host: str) -> bool:
    """Return whether a host is `localhost` or a loopback address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower().rstrip(".") == "localhost"


def _is_of_segment(host: str) -> bool:
    return any(host == name or host.endswith(f".{name}") for name in SEGMENT_DOMAINS)


def _split(endpoint: str) -> SplitResult:
    try:
        parts = urlsplit(endpoint)
        _ = parts.port
    except ValueError:
        raise UsageError("The endpoint is not an address.", hint=_same_host(endpoint)) from None
    return parts


def _same_host(endpoint: str) -> str:
    """Return a hint with the corrected endpoint of the same host."""
    bare = re.split(r"[?#]", endpoint.strip())[0]
    rest = bare.partition("://")[2] or _SCHEME_ALONE.sub("", bare)
    where, _, path = rest.rpartition("@")[2].partition("/")
    found = _HOST.fullmatch(where)
    if found is None or not _PATH.fullmatch(path):
        return _BASE_ALONE
    host, port = found[1], found[2] or ""
    scheme = "http" if is_loopback(host.strip("[]")) else "https"
    # A port that is none is left out: the host is right all the same.
    ending = f":{port}" if port.isdigit() and int(port) <= _LAST_PORT else ""
    under = "" if _is_of_segment(host) else f"/{path}".rstrip("/")
    return f"for this host: --endpoint {scheme}://{host}{ending}{under}"
