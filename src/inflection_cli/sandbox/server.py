"""HTTP server of the sandbox: routes, answers and injected faults."""

import asyncio
import errno
import random
import sys
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import h11
import orjson

from inflection_cli.errors import UsageError
from inflection_cli.sandbox.connection import HttpConnection, SandboxAnswer, SandboxRequest
from inflection_cli.sandbox.discards import BODY_BOUND_BYTES, TYPES
from inflection_cli.sandbox.event_window import EventWindow
from inflection_cli.sandbox.faults import Act, Dice, SandboxFault, Settings
from inflection_cli.sandbox.judge import BATCH_CALLS, Post, Verdict, judge
from inflection_cli.sandbox.message_replay import replayed, require_file
from inflection_cli.sandbox.message_store import MessageStore
from inflection_cli.sandbox.page_routes import SAFE_HEADERS, STREAM_PATH, event_stream, is_local, page_file
from inflection_cli.sandbox.stats import ReceivedStats, Stats

HOST: Final = "127.0.0.1"
"""Where it listens: on this machine, for this machine. It checks no one, and holds personal data."""

_BACKLOG: Final = 512
_CALLS: Final = {f"/v1/{call}": call for call in BATCH_CALLS | TYPES}

_HELP: Final = b"""A local stand-in for Segment.
POST /v1/batch, /v1/import, /v1/track, /v1/identify, /v1/page, /v1/screen, /v1/group, /v1/alias
GET  /stats       what arrived, what was answered, what Segment would have discarded
GET  /page/page.html  a page on which events arrive; a browser gets it at / too (with the command sandbox)
GET  /messages    what was accepted, each message once, as NDJSON (with --keep)
POST /reset       forget all that, and roll the dice from the start
"""


class Server:
    """Loopback server that answers like Segment, except for requested faults.

    Args:
        settings: How it behaves.

    Raises:
        UsageError: The file to keep messages in cannot be written, or a scripted fault is unknown.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        seed = random.SystemRandom().randrange(1 << 32) if settings.seed is None else settings.seed
        self._dice = self._new_dice(seed)
        keeps = settings.keep is not None or settings.keep_messages
        self._shelf = MessageStore(settings.keep) if keeps else None
        self._memory = ReceivedStats(seed, self._shelf)
        self._window = EventWindow() if settings.watch else None
        self._replaying: asyncio.Task[None] | None = None
        if settings.replay is not None:
            require_file(settings.replay)
        self._lines: dict[asyncio.Task[None], HttpConnection] = {}
        self._listener: asyncio.Server | None = None
        self._started_s = 0.0
        self._lasted_s: float | None = None

    async def start(self) -> int:
        """Start to listen on the loopback address.

        Returns:
            The port.

        Raises:
            UsageError: The port is taken, or not allowed.
        """
        port = self._settings.port
        try:
            self._listener = await asyncio.start_server(self._serve, HOST, port, backlog=_BACKLOG)
        except OSError as error:
            self._close_shelf()
            why = "is taken" if error.errno == errno.EADDRINUSE else f"cannot be used: {error.strerror}"
            raise UsageError(
                f"port {port} {why}", hint="choose another, or --port 0 for any that is free"
            ) from error
        self._started_s = asyncio.get_running_loop().time()
        if self._settings.replay is not None:
            self._replaying = asyncio.create_task(self._replay(self._settings.replay))
        taken: int = self._listener.sockets[0].getsockname()[1]
        return taken

    async def close(self) -> None:
        """Stop listening and close all connections at once."""
        self._lasted_s = self._elapsed_s()
        if self._listener is not None:
            self._listener.close()
        if self._replaying is not None:
            self._replaying.cancel()
        for task, line in self._lines.items():
            task.cancel()
            line.abort()
        await asyncio.gather(*self._lines, return_exceptions=True)
        if self._listener is not None:
            await self._listener.wait_closed()
        self._close_shelf()

    def stats(self) -> Stats:
        """Return the statistics of `GET /stats`."""
        return self._memory.stats(self._elapsed_s() if self._lasted_s is None else self._lasted_s)

    def kept(self) -> bytes:
        """Return the stored messages as NDJSON; empty if none are stored."""
        return b"" if self._shelf is None else b"".join(self._shelf.blocks())

    def forget(self) -> None:
        """Reset ids, counts, clock and dice; stored messages are kept."""
        seed = self._memory.seed
        self._memory = ReceivedStats(seed, self._shelf)
        self._dice = self._new_dice(seed)
        self._started_s += self._elapsed_s()
        if self._window is not None:
            self._window.clear()

    def _new_dice(self, seed: int) -> Dice:
        return Dice(self._settings.faults, seed, self._settings.script)

    def _elapsed_s(self) -> float:
        return asyncio.get_running_loop().time() - self._started_s

    def _close_shelf(self) -> None:
        if self._shelf is not None:
            self._shelf.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = HttpConnection(reader, writer)
        self._memory.connections += 1
        with self._listed(line):
            try:
                while (request := await line.request()) is not None:
                    await self._respond(request, line)
            except OSError:
                pass  # the client left
            except h11.RemoteProtocolError as error:
                await line.complain(_refusal(error.error_status_hint, "not HTTP as it should be"))
            finally:
                await line.close()

    @contextmanager
    def _listed(self, line: HttpConnection) -> Iterator[None]:
        task = asyncio.current_task()
        assert task is not None
        self._lines[task] = line
        try:
            yield
        except asyncio.CancelledError:
            pass  # the server closes; nobody waits for this task's end but close()
        finally:
            del self._lines[task]

    async def _respond(self, request: SandboxRequest, line: HttpConnection) -> None:
        call = _CALLS.get(request.path)
        if call is not None and request.method == "POST":
            await self._receive(call, request, line)
            return
        await line.body(BODY_BOUND_BYTES)
        if not is_local(request):
            await line.answer(_refusal(403, "open it as http://127.0.0.1:PORT/ or http://localhost:PORT/"))
        elif self._window is None or not await self._serve_page(self._window, request, line):
            await self._serve_other(request, line)

    async def _serve_page(self, window: EventWindow, request: SandboxRequest, line: HttpConnection) -> bool:
        """Answer a request for the page; return whether it was one."""
        page = page_file(request)
        if page is not None:
            await line.answer(page)
        elif request.path == STREAM_PATH and request.method == "GET":
            await self._stream(window, request, line)
        else:
            return False
        return True

    async def _serve_other(self, request: SandboxRequest, line: HttpConnection) -> None:
        match request.method, request.path:
            case "GET" | "HEAD", "/":
                await line.answer(SandboxAnswer(200, _HELP, "text/plain; charset=utf-8"))
            case "GET", "/stats":
                await line.answer(SandboxAnswer(200, orjson.dumps(self.stats()), headers=dict(SAFE_HEADERS)))
            case "GET", "/messages" if self._shelf is not None:
                head = SandboxAnswer(200, content_type="application/x-ndjson", headers=dict(SAFE_HEADERS))
                await line.stream(head, self._shelf.blocks())
            case "GET", "/messages":
                await line.answer(_refusal(404, "no messages are kept; start with --keep FILE.ndjson"))
            case "POST", "/reset":
                self.forget()
                await line.answer(SandboxAnswer(200, b'{"success": true}'))
            case _, path if path in _CALLS:
                await line.answer(_refusal(405, "messages are sent with POST", {"Allow": "POST"}))
            case _:
                await line.answer(_refusal(404, "no such path; GET / names them"))

    async def _receive(self, call: str, request: SandboxRequest, line: HttpConnection) -> None:
        """Handle a request with messages, with a random fault if drawn."""
        memory = self._memory
        number = memory.arrived(self._elapsed_s(), _retry_count(request))
        fault = self._dice.roll()
        if fault is not None:
            memory.fired(fault.name)
            if fault.act is Act.RESET and not fault.remembers:
                line.reset()
                return
        post = _post(call, request, await line.body(BODY_BOUND_BYTES))
        watched = self._window is not None
        verdict = judge(post, self._settings.source, verbatim=self._shelf is not None, watched=watched)
        memory.weighed(number, len(post.wire), verdict)
        forgets = fault is not None and not fault.remembers
        answer, fresh = (_answer(verdict), ()) if forgets else _remembered(memory, verdict)
        if self._window is not None:
            name = "" if fault is None else fault.name
            self._window.add(verdict, fresh, name, lost=forgets or answer.status == 500)
        await self._settle(fault, answer, line, memory)

    async def _stream(self, window: EventWindow, request: SandboxRequest, line: HttpConnection) -> None:
        """Send events to an open page until it leaves."""
        head = SandboxAnswer(200, content_type="text/event-stream", headers=dict(SAFE_HEADERS))
        last_id = request.headers.get("last-event-id", "")

        def counts() -> dict[str, int]:
            return {"requests": self._memory.requests, "faults": self._memory.faults}

        await line.stream_live(head, event_stream(window, last_id, counts))

    async def _replay(self, path: Path) -> None:
        """Receive the messages of a file as if they were sent."""
        memory = self._memory
        try:
            for verdict in replayed(path, self._settings.source):
                memory.weighed(memory.arrived(self._elapsed_s(), 0), verdict.body_bytes, verdict)
                fresh = memory.remember(verdict)
                if self._window is not None:
                    self._window.add(verdict, fresh)
                await asyncio.sleep(0)
        except (OSError, EOFError, zlib.error) as error:
            print(f"--replay {path}: cannot be read to its end: {error}", file=sys.stderr)  # noqa: T201

    async def _settle(
        self, fault: SandboxFault | None, usual: SandboxAnswer, line: HttpConnection, memory: ReceivedStats
    ) -> None:
        """Send the usual answer, or apply the fault."""
        answer = usual if fault is None else await self._befall(fault, usual, line)
        if answer is not None:
            await asyncio.sleep(self._settings.latency_s)
            memory.answered(answer.status)
            await line.answer(answer)

    async def _befall(
        self, fault: SandboxFault, answer: SandboxAnswer, line: HttpConnection
    ) -> SandboxAnswer | None:
        """Apply a fault; return the answer still to be sent, or None."""
        match fault.act:
            case Act.RESET:
                await asyncio.sleep(self._settings.latency_s)
                line.reset()
                return None
            case Act.SILENCE:
                await line.silence()
                return None
            case Act.DELAY:
                await asyncio.sleep(self._settings.slow_s)
                return answer
            case Act.ANSWER:
                return self._faulty(fault)

    def _faulty(self, fault: SandboxFault) -> SandboxAnswer:
        headers = {}
        if fault.status == 429:  # Segment docs, HTTP API, "Rate limits": both in seconds
            seconds = str(self._settings.retry_after_s)
            headers = {"Retry-After": seconds, "X-RateLimit-Reset": seconds}
        elif 300 <= fault.status < 400:
            headers = {"Location": "/redirected"}
        if fault.body is not None:
            return SandboxAnswer(fault.status, fault.body, fault.content_type, headers)
        return _refusal(fault.status, f"the sandbox's fault {fault.name}", headers)


def _remembered(memory: ReceivedStats, verdict: Verdict) -> tuple[SandboxAnswer, Sequence[int]]:
    """Return the answer, and which accepted events are no duplicates."""
    try:
        fresh = memory.remember(verdict)
    except OSError as error:
        return _refusal(500, f"the sandbox cannot write to its --keep file: {error.strerror}"), ()
    return _answer(verdict), fresh


def _post(call: str, request: SandboxRequest, wire: bytes) -> Post:
    headers = request.headers
    return Post(
        call=call,
        wire=wire,
        encoding=headers.get("content-encoding", "").strip().lower(),
        content_type=headers.get("content-type", "").strip().lower(),
        authorization=headers.get("authorization", ""),
    )


def _retry_count(request: SandboxRequest) -> int:
    """Read `X-Retry-Count`; return 0 if it is missing or invalid."""
    word = request.headers.get("x-retry-count", "")
    return int(word) if word.isascii() and word.isdigit() and len(word) < 10 else 0


def _answer(verdict: Verdict) -> SandboxAnswer:
    if verdict.status == 200:
        return SandboxAnswer(200, b'{"success": true}')
    return _refusal(verdict.status, verdict.message)


def _refusal(status: int, message: str, headers: dict[str, str] | None = None) -> SandboxAnswer:
    """Build an error answer in Segment's format, with `code` and `message`."""
    body = orjson.dumps({"success": False, "code": f"sandbox-{status}", "message": message})
    return SandboxAnswer(status, body, headers=headers or {})
