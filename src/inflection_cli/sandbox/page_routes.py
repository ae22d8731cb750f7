"""Routes of the sandbox's page: files, event stream and headers."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from importlib.resources import files
from typing import Any, Final

import orjson

from inflection_cli.sandbox.connection import SandboxAnswer, SandboxRequest
from inflection_cli.sandbox.event_window import EventWindow

STREAM_PATH: Final = "/page/events"

_FILES: Final = {
    "/page/page.html": "text/html; charset=utf-8",
    "/page/page.css": "text/css; charset=utf-8",
    "/page/page.js": "text/javascript; charset=utf-8",
    "/page/icon.svg": "image/svg+xml",
}

_COUNTS_EVERY_S: Final = 1.0

SAFE_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self';"
    " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none';"
    " require-trusted-types-for 'script'; trusted-types 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""With these a browser runs and fetches nothing but the page's own files."""


def page_file(request: SandboxRequest) -> SandboxAnswer | None:
    """Return the requested file of the page, or None.

    `/` is the page for those who take HTML, such as a browser.
    """
    path = request.path
    if path == "/" and "text/html" in request.headers.get("accept", ""):
        path = "/page/page.html"
    media_type = _FILES.get(path)
    if media_type is None or request.method not in {"GET", "HEAD"}:
        return None
    content = files("inflection_cli.sandbox").joinpath(path.removeprefix("/")).read_bytes()
    return SandboxAnswer(200, content, media_type, dict(SAFE_HEADERS))


def is_local(request: SandboxRequest) -> bool:
    """Return whether a request names this machine and its own page.

    A page elsewhere can have its own name resolve to 127.0.0.1 (DNS rebinding), but not its `Host` changed.
    """
    host, origin = request.headers.get("host"), request.headers.get("origin")
    return (host is None or _names_loopback(host)) and (
        origin is None or origin in {f"http://{host}", f"https://{host}"}
    )


def _names_loopback(host: str) -> bool:
    name, colon, port = host.rpartition(":")
    return (name if colon else host) in {"127.0.0.1", "localhost"} and (not colon or port.isdecimal())


async def event_stream(
    window: EventWindow, last_id: str, counts: Callable[[], Mapping[str, Any]]
) -> AsyncIterator[bytes]:
    """Yield server-sent events: the bounds, then events and counts as they come.

    Args:
        window: What arrived.
        last_id: The `Last-Event-ID` of a browser that connects again; else empty.
        counts: Returns the counters to show.
    """
    loop = asyncio.get_running_loop()
    generation, _, number = last_id.partition("-")
    position = int(number) if generation == window.generation and number.isdecimal() else 0
    greeted, counted_s = generation if position else "", -_COUNTS_EVERY_S
    while True:
        if greeted != window.generation:
            greeted, position = window.generation, 0
            bounds = {"most_events": window.most_events, "most_bytes": window.most_bytes}
            yield _sse("begin", bounds, f"{greeted}-0")
        block = window.after(position)
        if block:
            position = block[-1].number
            rows = [(*row[:-1], row.text.decode("utf-8", "replace")) for row in block]
            yield _sse("events", rows, f"{greeted}-{position}")
        if loop.time() - counted_s >= _COUNTS_EVERY_S:
            counted_s = loop.time()
            totals = {**counts(), **window.outcomes, "dropped": window.dropped}
            yield _sse("counts", totals)
        if not block:
            await window.changed(_COUNTS_EVERY_S)


def _sse(kind: str, data: object, number: str = "") -> bytes:
    """Format a server-sent event; JSON never holds a line break."""
    head = f"id: {number}\n" if number else ""
    return f"{head}event: {kind}\ndata: ".encode() + orjson.dumps(data) + b"\n\n"
