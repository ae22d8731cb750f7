"""Explain in plain words why a request failed."""

import errno
import socket
import ssl
from collections.abc import Iterator
from typing import Final

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
