"""HTTP client: one batch out, one `Answer` or `Failure` back.

No other module sends HTTP requests.

It stands on httpx's transport, not on its client, which adds what must not be here: redirects, cookies,
netrc, environment settings, and a log line per request.
"""

import errno
import logging
import os
import socket
import ssl
import time
import zlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import aclosing
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import urlsplit, urlunsplit
from urllib.request import getproxies_environment, proxy_bypass

import anyio
import httpx
from isal import isal_zlib

from inflection_cli.certificates import tls_context
from inflection_cli.errors import UsageError
from inflection_cli.model import Batch
from inflection_cli.segment.destination import Destination, Secret, is_loopback
from inflection_cli.segment.echoes import without_echoes
from inflection_cli.segment.limits import MAX_ANSWER_BYTES
from inflection_cli.segment.response import Answer, Failure, FailureKind, classify, own_words

_NOT_FOUND: Final = frozenset(
    getattr(socket, name) for name in ("EAI_NONAME", "EAI_NODATA", "EAI_ADDRFAMILY") if hasattr(socket, name)
)
_BY_NUMBER: Final = {
    errno.ECONNREFUSED: "connection refused by {peer}",
    errno.ECONNRESET: "the connection was reset by {peer}",
    errno.EPIPE: "the connection was closed by {peer}",
    errno.ECONNABORTED: "the connection to {peer} was cut",
    errno.ETIMEDOUT: "no connection to {peer}: the system timed out",
    errno.EHOSTUNREACH: "no route to {peer}",
    errno.ENETUNREACH: "no network leads to {peer}",
    errno.EADDRNOTAVAIL: "no network leads to {peer}",
    errno.EACCES: "this machine does not permit a connection to {peer}",
    errno.EPERM: "this machine does not permit a connection to {peer}",
    errno.EMFILE: "this process has too many open files to connect to {peer}",
}
_UNREACHABLE: Final = frozenset(
    {
        errno.ECONNREFUSED,
        errno.EHOSTUNREACH,
        errno.ENETUNREACH,
        errno.EADDRNOTAVAIL,
        errno.EACCES,
        errno.EPERM,
    }
)
_NO_ANSWER: Final = ("server disconnected", "connection closed", "without sending a response")


def chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception and all that led to it, groups taken apart."""
    waiting: list[BaseException | None] = [error]
    seen: set[int] = set()
    while waiting:
        link = waiting.pop(0)
        if link is None or id(link) in seen:
            continue
        seen.add(id(link))
        yield link
        waiting += [link.__cause__, link.__context__]
        if isinstance(link, BaseExceptionGroup):
            waiting += link.exceptions


def is_unreachable(error: BaseException) -> bool:
    """Return whether the host is unknown, or refuses every connection."""
    return any(
        isinstance(link, socket.gaierror) or (isinstance(link, OSError) and link.errno in _UNREACHABLE)
        for link in chain(error)
    )


def cause_words(error: BaseException, *, host: str, peer: str) -> str:
    """Return a network exception's meaning as a clause without a period.

    Args:
        error: As the HTTP library raised it.
        host: The name that was looked up.
        peer: What was connected to, such as `127.0.0.1:9`.
    """
    for link in chain(error):
        words = _of_one(link, host=host, peer=peer)
        if words:
            return words
    said = str(error) or type(error).__name__
    if any(part in said.lower() for part in _NO_ANSWER):
        return f"{peer} closed the connection without an answer"
    if "incomplete" in said or "without sending complete" in said:
        return f"{peer} closed the connection in the middle of its answer"
    return f"{peer} gave no valid HTTP answer: {said}"


def _of_one(link: BaseException, *, host: str, peer: str) -> str | None:
    if isinstance(link, socket.gaierror):
        if link.errno in _NOT_FOUND:
            return f"host {host} is not known (DNS)"
        return f"host {host} could not be looked up now (DNS: {link.strerror})"
    if isinstance(link, ssl.SSLCertVerificationError):
        return f"{peer}: {getattr(link, 'verify_message', link)}"
    if isinstance(link, ssl.SSLError):
        reason = getattr(link, "reason", None) or "connection ended"
        return f"{peer} does not speak TLS as expected ({reason})"
    if isinstance(link, OSError) and link.errno in _BY_NUMBER:
        return _BY_NUMBER[link.errno].format(peer=peer)
    return None


Left = Callable[[float], None]
"""Told the monotonic time (`time.monotonic`) of a first byte, just before that leaves."""

Gate = Callable[[], Awaitable[Left]]
"""Awaited once a connection stands and before the first byte leaves; what it raises ends the request."""

FirstByte = Callable[[float, int], None]
"""Told the monotonic time and the number of events whenever a request's first byte is about to leave."""

MAX_CONNECTIONS = 128
_KEEPALIVE_S = 15.0  # below the idle limit of common load balancers, whose resets would leave doubts
_EXCERPT_CHARS = 300
_GZIP_LEVEL = 1  # measured on 500 kB of campaign messages: 0.7 ms to 45 kB; zlib takes 3.4 ms to 50 kB
_GZIP_WBITS = 31
_CHATTY_LOGGERS = (
    "httpx",
    "httpcore",
    *(f"httpcore.{part}" for part in ("connection", "http11", "proxy", "socks")),
)


@dataclass(frozen=True, slots=True)
class Reached:
    """A server's answer to a request without key and events.

    Attributes:
        status: The HTTP status.
        date: Its `Date` header.
        tls: The version of TLS; None without TLS.
        valid_until: The end of its certificate's validity.
    """

    status: int
    date: str | None
    tls: str | None
    valid_until: str | None


class Client:
    """HTTP client that posts batches to one destination over reused connections.

    Use it as an async context manager, with as many posts at once as its caller likes.

    Raises:
        UsageError: The environment names a proxy that cannot be used.
    """

    def __init__(self, destination: Destination, *, on_first_byte: FirstByte | None = None) -> None:
        _quieten_libraries()
        self._destination = destination
        self._on_first_byte = on_first_byte or _untold
        self._headers = _headers(destination)
        self._head, self._tail = destination.envelope
        self._proxy = _proxy_for(destination)
        self._transport = _transport(destination, self._proxy)

    @property
    def proxy(self) -> str | None:
        """Proxy from the environment for this destination, without its credentials."""
        return None if self._proxy is None else without_credentials(self._proxy.reveal())

    async def __aenter__(self) -> Self:
        await self._transport.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._transport.__aexit__(kind, error, traceback)

    async def post(self, batch: Batch, retry_count: int, gate: Gate) -> Answer | Failure:
        """Send a batch once, and return the answer or failure.

        Args:
            batch: Its wire bytes travel as they are.
            retry_count: How many times it was sent before; sent along unless 0.
            gate: See `Gate`. A request that never connects never passes it.

        Raises:
            Exception: Whatever the gate raised; every failure of the network is a value.
        """
        body = b"".join((self._head, b",".join(batch.wire), self._tail))
        body_bytes = len(body)
        if self._destination.gzip:
            body = _gzipped(body)
        passage = _Passage(gate, lambda now: self._on_first_byte(now, len(batch)))
        outcome = await self._exchange(self._request(body, retry_count, passage), passage)
        if isinstance(outcome, Answer) and not (outcome.genuine and outcome.status < 300):
            outcome = replace(outcome, excerpt=without_echoes(outcome.excerpt, batch.wire))
        return replace(outcome, body_bytes=body_bytes, wire_bytes=len(body))

    async def reach(self) -> Reached | Failure:
        """Send a request without key and body; return the server's headers."""
        passage = _Passage(_open_gate, _no_time)
        request = httpx.Request(
            "HEAD",
            f"{self._destination.endpoint.rstrip('/')}/",
            headers=[("User-Agent", f"infl-seg/{self._destination.version}")],
            extensions={"timeout": self._steps(), "trace": passage},
        )
        total_s = self._destination.timeouts.total_s
        with anyio.move_on_after(total_s):
            try:
                response = await self._transport.handle_async_request(request)
            except httpx.TransportError as error:
                return self._failure(error, passage)
            stream = response.extensions.get("network_stream")
            tls = None if stream is None else stream.get_extra_info("ssl_object")
            certificate = tls.getpeercert() if tls is not None else None
            await response.aclose()
            return Reached(
                response.status_code,
                response.headers.get("date"),
                None if tls is None else tls.version(),
                (certificate or {}).get("notAfter"),
            )
        late = f"no complete answer from {self._peer} within {total_s:g} s"
        return Failure(FailureKind.TIMEOUT, body_left=False, detail=self._route(late))

    def _steps(self) -> dict[str, float]:
        timeouts = self._destination.timeouts
        return {
            "connect": timeouts.connect_s,
            "write": timeouts.write_s,
            "read": timeouts.read_s,
            "pool": timeouts.total_s,
        }

    def _request(self, body: bytes, retry_count: int, passage: "_Passage") -> httpx.Request:
        headers = self._headers if retry_count == 0 else [*self._headers, ("X-Retry-Count", str(retry_count))]
        return httpx.Request(
            "POST",
            self._destination.url,
            headers=[*headers, ("Content-Length", str(len(body)))],
            content=passage.pieces(body),
            extensions={"timeout": self._steps(), "trace": passage},
        )

    async def _exchange(self, request: httpx.Request, passage: "_Passage") -> Answer | Failure:
        # The deadline starts at the first byte: waiting at the gate is no fault of the network's.
        with anyio.CancelScope() as passage.scope:
            passage.total_s = self._destination.timeouts.total_s
            try:
                response = await self._transport.handle_async_request(request)
                return await self._answer(response, passage)
            except httpx.TransportError as error:
                return self._failure(error, passage)
        late = f"no complete answer from {self._peer} within {passage.total_s:g} s"
        return Failure(FailureKind.TIMEOUT, passage.body_left, self._route(late))

    @property
    def _peer(self) -> str:
        parts = urlsplit(self._destination.url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        return f"[{parts.hostname}]:{port}" if ":" in (parts.hostname or "") else f"{parts.hostname}:{port}"

    def _route(self, words: str) -> str:
        return words if self.proxy is None else f"{words}, through the proxy {self.proxy}"

    def _failure(self, error: httpx.TransportError, passage: "_Passage") -> Failure:
        """Translate httpx's exceptions; the only place that does."""
        if isinstance(error, httpx.ProxyError):
            status = str(error)[:3]
            return Failure(
                FailureKind.PROXY,
                passage.body_left,
                f"the proxy {self.proxy} answered {error}",
                proxy_status=int(status) if status.isascii() and status.isdigit() else None,
            )
        kind = FailureKind.CERTIFICATE if _is_certificate(error) else _kind(error)
        if self._proxy is not None and kind is FailureKind.CONNECT and not passage.tunnelled:
            named = f"the proxy {self.proxy}"
            host = urlsplit(self._proxy.reveal()).hostname
            words = self._words(error, f"{host} of {named}", named)
        else:
            words = self._route(self._words(error, self._destination.host, self._peer))
        unreachable = kind is FailureKind.CONNECT and is_unreachable(error)
        return Failure(kind, passage.body_left, words, unreachable=unreachable)

    def _words(self, error: httpx.TransportError, host: str, peer: str) -> str:
        timeouts = self._destination.timeouts
        limits = (
            (httpx.ConnectTimeout, f"no connection to {peer} within {timeouts.connect_s:g} s"),
            (httpx.WriteTimeout, f"{peer} took nothing of the request for {timeouts.write_s:g} s"),
            (httpx.ReadTimeout, f"no answer from {peer} within {timeouts.read_s:g} s"),
            (httpx.PoolTimeout, f"no connection to {peer} within {timeouts.total_s:g} s"),
        )
        for kind, words in limits:
            if isinstance(error, kind):
                return words
        return cause_words(error, host=host, peer=peer)

    async def _answer(self, response: httpx.Response, passage: "_Passage") -> Answer:
        status, headers = response.status_code, response.headers
        try:
            # A 5xx is left unread, so that its connection closes: Segment's addresses change, and the next
            # try must look the name up again. Segment docs, "Best practices": no pinned addresses.
            body, whole = (b"", False) if status >= 500 else await _read(response)
        finally:
            await response.aclose()
        is_elsewhere = 300 <= status < 400
        excerpt = _place_of(headers.get("location", "")) if is_elsewhere else body.decode(errors="replace")
        excerpt = own_words(self._censored(excerpt), content_type=headers.get("content-type", ""))
        return Answer(
            status,
            genuine=whole
            and classify(
                body,
                content_type=headers.get("content-type", ""),
                is_segment=self._destination.is_segment,
            ),
            body_left=passage.body_left,
            retry_after=headers.get("retry-after"),
            rate_limit_reset=headers.get("x-ratelimit-reset"),
            excerpt=excerpt[:_EXCERPT_CHARS],
            peer=self._peer,
        )

    def _censored(self, text: str) -> str:
        """Replace the write key in an answer by its masked form."""
        for secret in (self._destination.write_key, self._destination.authorization):
            word = secret.reveal().removeprefix("Basic ")
            text = text.replace(word, secret.masked()) if word else text
        return text


class _Passage:
    """Progress of one outgoing request, followed by httpcore's trace events.

    Attributes:
        body_left: Whether the body may have left whole: True from the moment at which its last byte is handed
            over, which happens only after the system took all the others.
        tunnelled: Whether a proxy was asked to connect.
        scope: Given its deadline when the first byte leaves.
        total_s: How far off that is.
    """

    __slots__ = ("_at_first_byte", "_gate", "body_left", "scope", "total_s", "tunnelled")

    def __init__(self, gate: Gate, at_first_byte: Left) -> None:
        self._gate = gate
        self._at_first_byte = at_first_byte
        self.body_left = False
        self.tunnelled = False
        self.scope = anyio.CancelScope()
        self.total_s = 0.0

    async def __call__(self, event: str, info: dict[str, Any]) -> None:
        if event != "http11.send_request_headers.started":
            return
        if info["request"].method != b"POST":  # a proxy's CONNECT is traced under the same names
            self.tunnelled = True
            return
        left = await self._gate()
        self.scope.deadline = anyio.current_time() + self.total_s
        now = time.monotonic()
        left(now)
        self._at_first_byte(now)

    async def pieces(self, body: bytes) -> AsyncGenerator[bytes, None]:
        """Yield a body, its last byte by itself.

        A piece is asked for once the system has taken all of the one before it. So while the last byte was not
        asked for, nobody can have a complete request, whatever kind of failure comes. From then on it is
        unknown: a write that failed may have handed the byte over.
        """
        yield body[:-1]
        self.body_left = True
        yield body[-1:]


async def _open_gate() -> Left:
    return _no_time


def _no_time(_when: float) -> None:
    """Ignore the time of a first byte."""


def _untold(_when: float, _events: int) -> None:
    """Ignore the first byte of a request."""


def _quieten_libraries() -> None:
    # At DEBUG httpcore logs the answer's headers, and an answer may echo the key.
    for name in _CHATTY_LOGGERS:
        logging.getLogger(name).setLevel(logging.WARNING)


def _headers(destination: Destination) -> list[tuple[str, str]]:
    headers = [
        ("Content-Type", "application/json"),
        ("User-Agent", f"infl-seg/{destination.version}"),
        ("Accept", "application/json"),
        ("Accept-Encoding", "identity"),
        ("Authorization", destination.authorization.reveal()),
    ]
    return [*headers, ("Content-Encoding", "gzip")] if destination.gzip else headers


def _gzipped(body: bytes) -> bytes:
    packer = isal_zlib.compressobj(_GZIP_LEVEL, isal_zlib.DEFLATED, _GZIP_WBITS)
    return packer.compress(body) + packer.flush()


def _proxy_for(destination: Destination) -> Secret | None:
    """Return the proxy from the environment, or None for loopback hosts."""
    proxies = getproxies_environment()
    address = proxies.get(urlsplit(destination.url).scheme) or proxies.get("all")
    if not address or is_loopback(destination.host) or proxy_bypass(destination.host):
        return None
    return Secret(address if "://" in address else f"http://{address}")


def _transport(destination: Destination, proxy: Secret | None) -> httpx.AsyncHTTPTransport:
    limits = httpx.Limits(
        max_connections=MAX_CONNECTIONS,
        max_keepalive_connections=MAX_CONNECTIONS,
        keepalive_expiry=_KEEPALIVE_S,
    )
    try:
        return httpx.AsyncHTTPTransport(
            verify=_tls(destination),
            trust_env=False,
            limits=limits,
            proxy=None if proxy is None else proxy.reveal(),
        )
    except (ImportError, ValueError, httpx.InvalidURL):
        address = without_credentials(proxy.reveal()) if proxy is not None else ""
        raise UsageError(
            f"The environment names a proxy that cannot be used: {address}",
            hint="set HTTPS_PROXY to an http:// or https:// address, or name the host in NO_PROXY",
        ) from None


def _tls(destination: Destination) -> ssl.SSLContext:
    if destination.url.lower().startswith("http:"):
        # Never used, so it need not spend 30 ms on reading certificates; it would trust nobody.
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return tls_context(destination.ca_file, os.environ)


def without_credentials(address: str) -> str:
    """Return an address without user name and password."""
    scheme, _, rest = address.partition("://")
    credentials, at, host = rest.rpartition("@")
    return f"{scheme}://{'…@' if credentials and at else ''}{host}"


def _place_of(address: str) -> str:
    """Return a redirect's address without credentials, query and fragment."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    query = "?…" if parts.query or parts.fragment else ""
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", "")) + query


async def _read(response: httpx.Response) -> tuple[bytes, bool]:
    """Return an answer's bytes up to a limit, and whether all came."""
    unpacker = None
    if response.headers.get("content-encoding", "").strip().lower() in {"gzip", "x-gzip"}:
        unpacker = zlib.decompressobj(_GZIP_WBITS)
    raw = bytearray()
    # Not httpx's own decoding: it would inflate a small answer without bound.
    async with aclosing(_chunks(response)) as chunks:
        async for chunk in chunks:
            raw += chunk
            if len(raw) > MAX_ANSWER_BYTES:
                return bytes(raw[:MAX_ANSWER_BYTES]), False
    if unpacker is None:
        return bytes(raw), True
    try:
        return unpacker.decompress(bytes(raw), MAX_ANSWER_BYTES), unpacker.eof
    except zlib.error:
        return bytes(raw), False


async def _chunks(response: httpx.Response) -> AsyncGenerator[bytes, None]:
    async for chunk in response.aiter_raw():
        yield chunk


def _kind(error: httpx.TransportError) -> FailureKind:
    return next((kind for kinds, kind in _KINDS if isinstance(error, kinds)), FailureKind.PROTOCOL)


_KINDS: tuple[tuple[tuple[type[httpx.TransportError], ...], FailureKind], ...] = (
    ((httpx.ConnectError, httpx.ConnectTimeout), FailureKind.CONNECT),
    ((httpx.TimeoutException,), FailureKind.TIMEOUT),
    ((httpx.NetworkError, httpx.RemoteProtocolError), FailureKind.CUT),
)


def _is_certificate(error: BaseException) -> bool:
    return any(isinstance(link, ssl.SSLCertVerificationError) for link in chain(error))
