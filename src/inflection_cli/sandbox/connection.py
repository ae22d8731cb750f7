"""HTTP connection of the sandbox; the only user of h11."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

import h11

_READ_BYTES: Final = 1 << 18
_MAX_HEAD_BYTES: Final = 1 << 16

_LINGER_NOT: Final = struct.pack("ii", 1, 0)  # with it, closing a socket sends RST instead of FIN


@dataclass(frozen=True, slots=True)
class SandboxRequest:
    """Head of an HTTP request.

    Attributes:
        method: In capitals.
        path: The target without its query.
        headers: By lower-case name; of several with one name the last.
    """

    method: str
    path: str
    headers: dict[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class SandboxAnswer:
    """HTTP answer to write.

    Attributes:
        status: The status, 200 to 599.
        body: The body.
        content_type: Its media type.
        headers: Further headers.
    """

    status: int
    body: bytes = b""
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)


class HttpConnection:
    """Server side of one HTTP/1.1 connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=_MAX_HEAD_BYTES)
        self._method = ""

    async def request(self) -> SandboxRequest | None:
        """Wait for the next request's head; return None at the end.

        Raises:
            OSError: The connection broke.
            h11.RemoteProtocolError: What came is no HTTP.
        """
        if self._http.our_state is h11.DONE and self._http.their_state is h11.DONE:
            self._http.start_next_cycle()
        if self._http.our_state is not h11.IDLE:
            return None  # one side has said that this connection ends
        event = await self._event()
        if not isinstance(event, h11.Request):
            return None
        headers = {name.decode("ascii"): value.decode("latin-1") for name, value in event.headers}
        self._method = event.method.decode("ascii")
        path = event.target.decode("ascii", "replace").partition("?")[0]
        return SandboxRequest(self._method, path, headers)

    async def body(self, bound: int) -> bytes:
        """Read the request's body to its end.

        Args:
            bound: The most bytes that are of interest: of a larger body one more is given, and the
                rest thrown away.

        Raises:
            OSError: The connection broke.
            h11.RemoteProtocolError: It ended too early.
        """
        parts: list[bytes] = []
        room = bound + 1
        while isinstance(event := await self._event(), h11.Data):
            part = bytes(event.data[:room])
            room -= len(part)
            parts.append(part)
        return b"".join(parts)

    async def answer(self, answer: SandboxAnswer) -> None:
        """Write an answer in one piece.

        Raises:
            OSError: The connection broke.
        """
        head = self._head(answer, {"Content-Length": str(len(answer.body))})
        body = b"" if self._bodiless(answer) else self._encoded(h11.Data(data=answer.body))
        self._writer.write(head + body + self._encoded(h11.EndOfMessage()))
        await self._writer.drain()

    async def stream(self, answer: SandboxAnswer, blocks: Iterable[bytes]) -> None:
        """Write an answer whose body comes from `blocks`.

        Raises:
            OSError: The connection broke.
        """
        self._writer.write(self._head(answer, {}))
        for block in () if self._bodiless(answer) else blocks:
            self._writer.write(self._encoded(h11.Data(data=block)))
            await self._writer.drain()
        self._writer.write(self._encoded(h11.EndOfMessage()))
        await self._writer.drain()

    async def stream_live(self, answer: SandboxAnswer, blocks: AsyncIterator[bytes]) -> None:
        """Write an answer whose body arrives over time.

        Raises:
            OSError: The connection broke.
        """
        self._writer.write(self._head(answer, {}))
        async for block in blocks:
            self._writer.write(self._encoded(h11.Data(data=block)))
            await self._writer.drain()

    def _head(self, answer: SandboxAnswer, headers: dict[str, str]) -> bytes:
        headers = {**answer.headers, **headers, "Content-Type": answer.content_type}
        return self._encoded(h11.Response(status_code=answer.status, headers=list(headers.items())))

    def _bodiless(self, answer: SandboxAnswer) -> bool:
        return self._method == "HEAD" or answer.status == 304

    def _encoded(self, event: h11.Event) -> bytes:
        return self._http.send(event) or b""

    async def silence(self) -> None:
        """Read and discard input without an answer until the client leaves.

        Raises:
            OSError: The connection broke.
        """
        while await self._reader.read(_READ_BYTES):
            pass

    def reset(self) -> None:
        """Reset the connection by TCP RST; unread and unsent data is lost."""
        raw: socket.socket = self._writer.get_extra_info("socket")
        with suppress(OSError):  # the client was quicker
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
        self.abort()

    async def complain(self, answer: SandboxAnswer) -> None:
        """Send an answer to a client that violated HTTP, if still possible."""
        if self._http.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
            with suppress(OSError):  # the client left meanwhile
                await self.answer(answer)

    async def close(self) -> None:
        """Close the connection and wait until it is closed."""
        self._writer.close()
        with suppress(OSError):
            await self._writer.wait_closed()

    def abort(self) -> None:
        """Close the connection now; unsent data is lost."""
        self._writer.transport.abort()

    async def _event(self) -> object:
        while True:
            event = self._http.next_event()
            if event is not h11.NEED_DATA:
                return event
            if self._http.they_are_waiting_for_100_continue:
                go_on = h11.InformationalResponse(status_code=100, headers=[], reason="Continue")
                self._writer.write(self._encoded(go_on))
            self._http.receive_data(await self._reader.read(_READ_BYTES))
