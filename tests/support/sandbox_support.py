"""What the sandbox's tests say to it: events, bodies, and requests over plain sockets."""

import base64
import gzip
import http.client
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from inflection_cli.sandbox import Sandbox

KEY = "a-write-key"
PATIENCE_S = 240.0


def event(number: int = 0, **changes: Any) -> dict[str, Any]:
    """Give an event that Segment lets through; a change to None leaves the field out."""
    whole = {
        "type": "track",
        "event": "Email Opened",
        "messageId": f"id-{number}",
        "timestamp": "2024-03-01T09:30:00.000Z",
        "userId": f"u{number}",
        "properties": {"email_id": "e1"},
        **changes,
    }
    return {name: value for name, value in whole.items() if value is not None}


def batch(*events: object, **extra: object) -> bytes:
    return orjson.dumps({"batch": events, "writeKey": KEY, **extra})


def basic(credentials: str = f"{KEY}:") -> str:
    return "Basic " + base64.b64encode(credentials.encode()).decode()


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)


def ask(
    connection: http.client.HTTPConnection,
    method: str,
    path: str,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> Reply:
    connection.request(method, path, body, dict(headers or {}))
    response = connection.getresponse()
    names = {name.lower(): value for name, value in response.getheaders()}
    return Reply(response.status, names, response.read())


def connect(sandbox: Sandbox) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", sandbox.port, timeout=PATIENCE_S)


def get(sandbox: Sandbox, path: str, method: str = "GET") -> Reply:
    connection = connect(sandbox)
    try:
        return ask(connection, method, path)
    finally:
        connection.close()


def post(
    sandbox: Sandbox,
    body: bytes,
    path: str = "/v1/batch",
    *,
    zipped: bool = False,
    headers: Mapping[str, str] | None = None,
) -> Reply:
    sent = {"Content-Type": "application/json", "Authorization": basic(), **(headers or {})}
    if zipped:
        body = gzip.compress(body, 1)
        sent["Content-Encoding"] = "gzip"
    connection = connect(sandbox)
    try:
        return ask(connection, "POST", path, body, sent)
    finally:
        connection.close()


def statuses(sandbox: Sandbox, bodies: Sequence[bytes]) -> list[int | str]:
    """Post bodies one after the other; give each status, or the name of what broke."""
    found: list[int | str] = []
    for body in bodies:
        try:
            found.append(post(sandbox, body).status)
        except ConnectionError as error:
            found.append(type(error).__name__)
    return found


def raw(sandbox: Sandbox) -> socket.socket:
    return socket.create_connection(("127.0.0.1", sandbox.port), timeout=PATIENCE_S)


def request_bytes(body: bytes, *headers: str, path: str = "/v1/batch") -> bytes:
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: 127.0.0.1",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        *headers,
    ]
    return "\r\n".join((*lines, "", "")).encode() + body


def read_all(client: socket.socket) -> bytes:
    parts = []
    while part := client.recv(1 << 16):
        parts.append(part)
    return b"".join(parts)
