"""The client over real sockets on the loopback, against a peer that behaves as each test says."""

import asyncio
import json
import logging
import pickle
import socket
import ssl
import struct
import traceback
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from gzip import compress as zip_up
from gzip import decompress as unzip
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from inflection_cli.errors import UsageError
from inflection_cli.model import Batch
from inflection_cli.segment.client import Client, Left, _Passage
from inflection_cli.segment.destination import Destination, Secret, Timeouts
from inflection_cli.segment.response import Answer, Failure, FailureKind

KEY = "canaryKEY0123456789abcdefghijklm"
OK = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 17\r\n\r\n{"success": true}'
WIRE = (b'{"messageId":"a","n":1.10}', b'{"messageId":"b","s":"\xc3\xa9 \\u0041"}')
BATCH = Batch(range(2), [bytes(16)] * 2, [0, 0], WIRE)
LARGE = Batch([0], [bytes(16)], [0], [b"x" * 64_000_000])
"""More than the buffers of any system's sockets take while the peer does not read."""

PATIENT = Timeouts()
"""For peers that answer: no machine is so busy that these are reached."""

# Made for this test, valid for a century, known to nobody.
SELF_SIGNED = """\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgQq6W4WprfaxWYrcX
JTpF/QbWv15syZxRG8GYYX8sVTyhRANCAAQ0mxLN3F/MBoUNBr78DLCn7CLlXTHD
oZchqJQS7f6jrwEKmnZt5nX7oo3pjRcdBXinZOyrEwJM00DJGUokbRP2
-----END PRIVATE KEY-----
-----BEGIN CERTIFICATE-----
MIIBkTCCATagAwIBAgIUUC0ojVsrJrCqLU66tb4ATmFkiFswCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJMTI3LjAuMC4xMCAXDTI2MTEyMTIxMTEwM1oYDzIxMjYxMDI4
MjExMTAzWjAUMRIwEAYDVQQDDAkxMjcuMC4wLjEwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAQ0mxLN3F/MBoUNBr78DLCn7CLlXTHDoZchqJQS7f6jrwEKmnZt5nX7
oo3pjRcdBXinZOyrEwJM00DJGUokbRP2o2QwYjAdBgNVHQ4EFgQUctRv6UM9n+8Q
F6FGwllT/wFM29cwHwYDVR0jBBgwFoAUctRv6UM9n+8QF6FGwllT/wFM29cwDwYD
VR0TAQH/BAUwAwEB/zAPBgNVHREECDAGhwR/AAABMAoGCCqGSM49BAMCA0kAMEYC
IQDYYhe+bvs1/iZnNA5o42fYiZJDuDuFJ2qfPWwbfdNAWgIhAImt4L2BwboZVrHs
bpcQPouPG+tm85ex/ukU53nJCdgv
-----END CERTIFICATE-----
"""

Behave = Callable[["Talk"], Awaitable[None]]


@dataclass
class Talk:
    """One connection, as the peer sees it."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    requests: list[tuple[bytes, bytes]]

    async def request(self) -> tuple[bytes, bytes]:
        """Read a request: its head, and its body."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        body = await self.reader.readexactly(int(header(head, "content-length") or 0))
        self.requests.append((head, body))
        return head, body

    async def say(self, raw: bytes) -> None:
        self.writer.write(raw)
        await self.writer.drain()

    def reset(self) -> None:
        """Cut the connection with a RST."""
        raw = self.writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


@dataclass
class Peer:
    """What a server saw."""

    port: int = 0
    talks: list[Talk] = field(default_factory=list)
    requests: list[tuple[bytes, bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def header(head: bytes, name: str) -> str | None:
    for line in head.decode().split("\r\n")[1:]:
        key, _, value = line.partition(":")
        if key.lower() == name:
            return value.strip()
    return None


@asynccontextmanager
async def serving(behave: Behave, **options: Any) -> AsyncIterator[Peer]:
    peer = Peer()
    tasks: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        talk = Talk(reader, writer, peer.requests)
        peer.talks.append(talk)
        try:
            await behave(talk)
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            pass
        finally:
            writer.close()
            tasks.discard(task)

    server = await asyncio.start_server(connected, "127.0.0.1", 0, **options)
    peer.port = server.sockets[0].getsockname()[1]
    try:
        yield peer
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()


def untold(_now: float) -> None:
    """Take no note of the time."""


async def passing() -> Left:
    """Hold nothing back."""
    return untold


def saying(*answers: bytes) -> Behave:
    async def behave(talk: Talk) -> None:
        for answer in answers:
            await talk.request()
            await talk.say(answer)
        while answers[-1]:
            await talk.request()
            await talk.say(answers[-1])

    return behave


def run(
    behave: Behave,
    *,
    retry_count: int = 0,
    times: int = 1,
    gzip: bool = True,
    timeouts: Timeouts = PATIENT,
) -> tuple[list[Any], Peer]:
    """Post a batch so many times, one after the other, to a peer that behaves like that."""

    async def main() -> tuple[list[Any], Peer]:
        async with serving(behave) as peer, client_to(peer.url, gzip=gzip, timeouts=timeouts) as client:
            return [await client.post(BATCH, retry_count, passing) for _ in range(times)], peer

    outcomes: tuple[list[Any], Peer] = anyio.run(main)
    return outcomes


def client_to(url: str, *, gzip: bool = True, timeouts: Timeouts = PATIENT) -> Client:
    return Client(Destination(url, Secret(KEY), gzip=gzip, timeouts=timeouts, version="1.2.3"))


def answer(status: str, body: bytes = b"", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def test_a_batch_travels_byte_by_byte_as_it_was_encoded() -> None:
    (outcome,), peer = run(saying(OK), gzip=False)
    head, body = peer.requests[0]
    assert body == b'{"batch":[' + b",".join(WIRE) + b'],"writeKey":"' + KEY.encode() + b'"}'
    assert head.startswith(b"POST /v1/batch HTTP/1.1\r\n")
    assert header(head, "content-type") == "application/json"
    assert header(head, "user-agent") == "infl-seg/1.2.3"
    assert header(head, "content-encoding") is None
    assert b64decode((header(head, "authorization") or "").removeprefix("Basic ")) == f"{KEY}:".encode()
    assert outcome.peer == f"127.0.0.1:{peer.port}"
    assert replace(outcome, peer="") == Answer(
        200, excerpt='{"success": true}', body_bytes=len(body), wire_bytes=len(body)
    )


def test_no_key_of_the_body_is_one_that_moves_the_events_times() -> None:
    _, peer = run(saying(OK), gzip=False)
    assert json.loads(peer.requests[0][1]).keys() == {"batch", "writeKey"}


def test_the_body_is_compressed_unless_told_otherwise_and_both_sizes_are_known() -> None:
    (outcome,), peer = run(saying(OK))
    head, packed = peer.requests[0]
    assert header(head, "content-encoding") == "gzip"
    assert json.loads(unzip(packed))["writeKey"] == KEY
    assert (outcome.body_bytes, outcome.wire_bytes) == (len(unzip(packed)), len(packed))


def test_the_envelopes_size_is_that_of_a_body_without_messages() -> None:
    destination = Destination("https://api.segment.io", Secret('a"\u00e9'))
    body = b"".join(destination.envelope)
    assert json.loads(body) == {"batch": [], "writeKey": 'a"\u00e9'}
    assert destination.envelope_bytes == len(body)


@pytest.mark.parametrize(("retry_count", "sent"), [(0, None), (1, "1"), (7, "7")])
def test_the_retry_count_is_sent_from_the_first_retry_on(retry_count: int, sent: str | None) -> None:
    _, peer = run(saying(OK), retry_count=retry_count)
    assert header(peer.requests[0][0], "x-retry-count") == sent


def test_connections_are_reused() -> None:
    outcomes, peer = run(saying(OK), times=5)
    assert [outcome.status for outcome in outcomes] == [200] * 5
    assert len(peer.talks) == 1


@pytest.mark.parametrize("body", [b"", b'{"success": false}'])
def test_a_5xx_is_followed_by_a_new_connection(body: bytes) -> None:
    outcomes, peer = run(saying(answer("503 Busy", body, "Retry-After: 3"), OK), times=2)
    assert [outcome.status for outcome in outcomes] == [503, 503]
    assert len(peer.talks) == 2
    assert outcomes[0].retry_after == "3"


def test_a_connection_that_the_peer_closed_in_between_is_not_used() -> None:
    async def behave(talk: Talk) -> None:
        await talk.request()
        await talk.say(OK)

    outcomes, peer = run(behave, times=3)
    assert [outcome.status for outcome in outcomes] == [200] * 3
    assert len(peer.talks) == 3


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"])
def test_a_redirect_is_not_followed_and_says_where_it_leads(status: str) -> None:
    (outcome,), peer = run(saying(answer(status, b"", "Location: http://127.0.0.1:9/v1/batch")))
    assert outcome.status == int(status[:3])
    assert outcome.excerpt == "http://127.0.0.1:9/v1/batch"
    assert len(peer.requests) == 1


def test_a_login_page_is_no_acceptance() -> None:
    page = answer("200 OK", b"<!DOCTYPE html><title>Log\n in</title>", "Content-Type: text/html")
    (outcome,), _ = run(saying(page))
    assert (outcome.status, outcome.genuine, outcome.excerpt) == (200, False, "Log in")


def test_what_stands_in_the_way_of_a_connection_is_told_in_plain_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    async def main(url: str) -> str:
        async with client_to(url) as client:
            outcome = await client.post(BATCH, 0, passing)
            assert isinstance(outcome, Failure)
            return outcome.detail

    assert anyio.run(main, f"http://127.0.0.1:{port}") == f"connection refused by 127.0.0.1:{port}"
    monkeypatch.setenv("HTTPS_PROXY", f"http://u:pa55@127.0.0.1:{port}")
    told = anyio.run(main, "https://collector.example")
    assert told == f"connection refused by the proxy http://…@127.0.0.1:{port}"


def test_how_an_exchange_broke_is_told_in_plain_words() -> None:
    async def close(talk: Talk) -> None:
        await talk.request()

    async def cut(talk: Talk) -> None:
        await talk.request()
        await talk.say(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nhalf")

    for behave, words in (
        (close, "closed the connection without an answer"),
        (cut, "closed the connection in the middle of its answer"),
        (saying(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"), "gave no valid HTTP answer: illegal status line"),
    ):
        (outcome,), peer = run(behave)
        assert outcome.detail.startswith(f"127.0.0.1:{peer.port} {words}")


def test_a_silence_is_told_with_how_long_it_was_waited_for() -> None:
    async def behave(talk: Talk) -> None:
        await talk.request()
        await anyio.sleep_forever()

    (outcome,), peer = run(behave, timeouts=Timeouts(read_s=0.3))
    assert outcome.detail == f"no answer from 127.0.0.1:{peer.port} within 0.3 s"


def test_a_compressed_answer_is_read_and_an_inflated_one_is_bounded() -> None:
    small = answer("200 OK", zip_up(b'{"success": true}'), "Content-Encoding: gzip")
    bomb = answer("200 OK", zip_up(b" " * 10_000_000), "Content-Encoding: gzip")
    assert run(saying(small))[0][0].genuine
    assert not run(saying(bomb))[0][0].genuine


def test_an_endless_answer_is_cut_at_a_bound() -> None:
    async def behave(talk: Talk) -> None:
        await talk.request()
        await talk.say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            await talk.say(b"2000\r\n" + b"x" * 0x2000 + b"\r\n")

    (outcome,), _ = run(behave)
    assert (outcome.status, outcome.genuine) == (200, False)
    assert len(outcome.excerpt) <= 300


def test_an_acceptance_that_is_cut_off_is_none() -> None:
    async def behave(talk: Talk) -> None:
        await talk.request()
        await talk.say(b'HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\n{"success"')

    (outcome,), _ = run(behave)
    assert isinstance(outcome, Failure)
    assert (outcome.kind, outcome.body_left) == (FailureKind.CUT, True)


def test_a_peer_that_is_not_there_was_sent_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    gate_passed = False

    async def gate() -> Left:
        nonlocal gate_passed
        gate_passed = True
        return untold

    async def main() -> Answer | Failure:
        async with client_to(f"http://127.0.0.1:{port}") as client:
            return await client.post(BATCH, 0, gate)

    outcome = anyio.run(main)
    assert isinstance(outcome, Failure)
    assert (outcome.kind, outcome.body_left) == (FailureKind.CONNECT, False)
    assert not gate_passed


def test_a_reset_before_the_body_leaves_no_doubt() -> None:
    was_reset = anyio.Event()

    async def behave(talk: Talk) -> None:
        talk.reset()
        was_reset.set()

    async def main() -> Answer | Failure:
        async with serving(behave) as peer, client_to(peer.url) as client:

            async def gate() -> Left:
                await was_reset.wait()
                # On the loopback a RST has arrived once it was sent; the loop must only read it.
                for _ in range(100):
                    await anyio.lowlevel.checkpoint()
                return untold

            return await client.post(BATCH, 0, gate)

    outcome = anyio.run(main)
    assert isinstance(outcome, Failure)
    assert (outcome.kind, outcome.body_left) == (FailureKind.CUT, False)


def test_a_reset_in_the_middle_of_a_large_body_leaves_no_doubt() -> None:
    async def behave(talk: Talk) -> None:
        await talk.reader.readexactly(1_000)
        talk.reset()

    async def main() -> Answer | Failure:
        async with serving(behave) as peer, client_to(peer.url, gzip=False) as client:
            return await client.post(LARGE, 0, passing)

    outcome = anyio.run(main)
    assert isinstance(outcome, Failure)
    assert not outcome.body_left


@pytest.mark.parametrize("cut", [lambda talk: talk.reset(), lambda talk: talk.writer.close()])
def test_a_cut_after_the_body_leaves_a_doubt(cut: Callable[[Talk], None]) -> None:
    async def behave(talk: Talk) -> None:
        await talk.request()
        cut(talk)

    (outcome,), peer = run(behave)
    assert isinstance(outcome, Failure)
    assert (outcome.kind, outcome.body_left) == (FailureKind.CUT, True)
    assert len(peer.requests) == 1


def test_silence_after_the_body_is_a_time_out_in_doubt() -> None:
    async def behave(talk: Talk) -> None:
        await talk.request()
        await anyio.sleep_forever()

    (outcome,), _ = run(behave, timeouts=Timeouts(read_s=0.3))
    assert isinstance(outcome, Failure)
    assert (outcome.kind, outcome.body_left) == (FailureKind.TIMEOUT, True)


@pytest.mark.parametrize(
    "timeouts", [Timeouts(write_s=0.3), Timeouts(total_s=0.3)], ids=["one write", "in total"]
)
def test_a_body_that_gets_stuck_leaves_no_doubt_as_its_end_was_never_handed_over(timeouts: Timeouts) -> None:
    async def behave(talk: Talk) -> None:
        await talk.reader.readexactly(1_000)
        await anyio.sleep_forever()

    async def main() -> Answer | Failure:
        async with (
            serving(behave) as peer,
            client_to(peer.url, gzip=False, timeouts=timeouts) as client,
        ):
            return await client.post(LARGE, 0, passing)

    outcome = anyio.run(main)
    assert isinstance(outcome, Failure)
    assert (outcome.kind, outcome.body_left) == (FailureKind.TIMEOUT, False)


def test_the_doubt_begins_when_the_last_byte_is_handed_over_and_not_when_that_is_known_to_be_done() -> None:
    async def main() -> list[tuple[bytes, bool]]:
        passage = _Passage(passing, untold)
        return [(piece, passage.body_left) async for piece in passage.pieces(b"body")]

    assert anyio.run(main) == [(b"bod", False), (b"y", True)]


def test_a_cut_when_all_but_the_last_byte_has_come_is_a_doubt() -> None:
    """The last byte was handed over, or nearly: nobody can tell whether it would have come."""

    async def behave(talk: Talk) -> None:
        head = await talk.reader.readuntil(b"\r\n\r\n")
        await talk.reader.readexactly(int(header(head, "content-length") or 0) - 1)
        talk.reset()

    (outcome,), _ = run(behave)
    assert isinstance(outcome, Failure)
    assert (outcome.kind, outcome.body_left) == (FailureKind.CUT, True)


@pytest.mark.slow
@pytest.mark.parametrize("where", ["headers", "body"])
def test_an_answer_that_trickles_is_cut_by_the_total_time_out(where: str) -> None:
    async def behave(talk: Talk) -> None:
        await talk.request()
        start = (
            b"HTTP/1.1 200 OK\r\nX-Slow: "
            if where == "headers"
            else b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n"
        )
        await talk.say(start)
        while True:
            await anyio.sleep(0.1)
            await talk.say(b"x")

    # Each byte comes before a read is late, by far, and the answer as a whole never does.
    (outcome,), _ = run(behave, timeouts=Timeouts(total_s=0.8))
    assert isinstance(outcome, Failure)
    assert (outcome.kind, outcome.body_left) == (FailureKind.TIMEOUT, True)


@pytest.mark.slow
def test_waiting_at_the_gate_is_not_held_against_the_peer() -> None:
    timeouts = Timeouts(connect_s=60.0, write_s=2.0, read_s=2.0, total_s=2.0)

    async def gate() -> Left:
        await anyio.sleep(2.1)
        return untold

    async def main() -> Answer | Failure:
        async with serving(saying(OK)) as peer, client_to(peer.url, timeouts=timeouts) as client:
            return await client.post(BATCH, 0, gate)

    outcome = anyio.run(main)
    assert isinstance(outcome, Answer)
    assert outcome.status == 200


def test_an_answer_that_is_no_http_is_a_failure_in_doubt() -> None:
    (outcome,), _ = run(saying(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"))
    assert isinstance(outcome, Failure)
    assert outcome.body_left


def test_what_the_gate_raises_ends_the_request_before_its_first_byte() -> None:
    class Closed(Exception):
        pass

    async def gate() -> Left:
        raise Closed

    async def main() -> list[tuple[bytes, bytes]]:
        async with serving(saying(OK)) as peer, client_to(peer.url) as client:
            with pytest.raises(Closed):
                await client.post(BATCH, 0, gate)
            outcome = await client.post(BATCH, 0, passing)
            assert isinstance(outcome, Answer)
            return peer.requests

    assert len(anyio.run(main)) == 1


def test_the_trace_of_first_bytes_comes_after_the_gate() -> None:
    trace: list[Any] = []

    async def gate() -> Left:
        await anyio.sleep(0.02)
        trace.append("gate")
        return trace.append

    async def main() -> None:
        async with serving(saying(OK)) as peer:
            destination = Destination(peer.url, Secret(KEY))
            async with Client(destination, on_first_byte=lambda when, n: trace.append((when, n))) as client:
                await client.post(BATCH, 0, gate)

    anyio.run(main)
    told = trace[1]
    assert trace == ["gate", told, (told, 2)]


def test_netrc_and_cookies_are_ignored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HOME", str(tmp_path))
    baked = OK.replace(b"\r\n\r\n", b"\r\nSet-Cookie: a=b; Path=/\r\n\r\n", 1)
    _, peer = run(saying(baked), times=2)
    for head, _ in peer.requests:
        assert header(head, "authorization") == "Basic " + b64encode(f"{KEY}:".encode()).decode()
        assert header(head, "cookie") is None


def _without_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.parametrize(
    ("variables", "endpoint", "proxy"),
    [
        ({}, "https://api.segment.io", None),
        ({"HTTPS_PROXY": "http://u:pa55@p:3128"}, "https://api.segment.io", "http://…@p:3128"),
        ({"https_proxy": "p:3128"}, "https://api.segment.io", "http://p:3128"),
        ({"ALL_PROXY": "http://p:1"}, "https://api.segment.io", "http://p:1"),
        ({"HTTP_PROXY": "http://p:1"}, "https://api.segment.io", None),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "segment.io"}, "https://api.segment.io", None),
        ({"HTTP_PROXY": "http://p:1"}, "http://127.0.0.1:8080", None),
        ({"ALL_PROXY": "http://p:1"}, "http://localhost:8080", None),
    ],
)
def test_the_proxy_comes_from_the_environment_and_shows_no_credentials(
    variables: dict[str, str], endpoint: str, proxy: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    _without_proxies(monkeypatch)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert client_to(endpoint).proxy == proxy


@pytest.mark.parametrize("proxy", ["socks5://u:pa55@p:1", "gopher://u:pa55@p:1", "http://u:pa55@p:port"])
def test_a_proxy_that_cannot_be_used_is_named_without_its_password(
    proxy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _without_proxies(monkeypatch)
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    with pytest.raises(UsageError) as caught:
        client_to("https://api.segment.io")
    assert "pa55" not in "".join(traceback.format_exception(caught.value))


def test_certificates_that_cannot_be_read_are_a_matter_of_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere/ca.pem")
    with pytest.raises(UsageError) as caught:
        client_to("https://api.segment.io")
    assert "SSL_CERT_FILE=/nowhere/ca.pem" in caught.value.hint


def _through_a_proxy(
    connect_answer: bytes, monkeypatch: pytest.MonkeyPatch, timeouts: Timeouts = PATIENT
) -> tuple[Answer | Failure, Peer, int]:
    _without_proxies(monkeypatch)
    passed = 0

    async def gate() -> Left:
        nonlocal passed
        passed += 1
        return untold

    async def main() -> tuple[Answer | Failure, Peer]:
        async with serving(saying(connect_answer)) as peer:
            monkeypatch.setenv("HTTPS_PROXY", peer.url)
            async with client_to("https://collector.example", timeouts=timeouts) as client:
                return await client.post(BATCH, 0, gate), peer

    outcome, peer = anyio.run(main)
    return outcome, peer, passed


@pytest.mark.parametrize("status", [407, 502])
def test_a_proxy_that_refuses_was_sent_no_body_and_no_key(
    status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome, peer, passed = _through_a_proxy(answer(f"{status} No"), monkeypatch)
    assert isinstance(outcome, Failure)
    assert (outcome.kind, outcome.proxy_status, outcome.body_left) == (FailureKind.PROXY, status, False)
    assert passed == 0
    (head, _), *_ = peer.requests
    assert head.startswith(b"CONNECT collector.example:443 ")
    assert header(head, "authorization") is None


def test_a_proxy_that_connects_to_no_tls_leaves_no_doubt(monkeypatch: pytest.MonkeyPatch) -> None:
    outcome, _, passed = _through_a_proxy(
        b"HTTP/1.1 200 OK\r\n\r\nnot tls at all", monkeypatch, Timeouts(connect_s=0.5)
    )
    assert isinstance(outcome, Failure)
    assert (outcome.kind, outcome.body_left, passed) == (FailureKind.CONNECT, False, 0)


def test_a_certificate_of_an_unknown_authority_is_refused(tmp_path: Path) -> None:
    certificate = tmp_path / "self-signed.pem"
    certificate.write_text(SELF_SIGNED)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    async def main() -> tuple[Answer | Failure, Peer]:
        async with (
            serving(saying(OK), ssl=context) as peer,
            client_to(f"https://127.0.0.1:{peer.port}") as client,
        ):
            return await client.post(BATCH, 0, passing), peer

    outcome, peer = anyio.run(main)
    assert isinstance(outcome, Failure)
    assert (outcome.kind, outcome.body_left) == (FailureKind.CERTIFICATE, False)
    assert peer.requests == []


@pytest.mark.parametrize(
    "behave",
    [
        saying(OK),
        saying(answer("401 No", b"key " + KEY.encode() + b" is wrong")),
        saying(answer("302 Found", b"", f"Location: https://x/?key={KEY}")),
        saying(answer("400 Bad", b64encode(f"{KEY}:".encode()))),
        saying(b"garbage\r\n\r\n"),
    ],
)
def test_the_write_key_is_in_no_log_and_no_value(behave: Behave, caplog: pytest.LogCaptureFixture) -> None:
    names = ["", "httpx", "httpcore", "httpcore.http11", "httpcore.connection", "asyncio"]
    for name in names:
        caplog.set_level(logging.DEBUG, name)
    (outcome,), _ = run(behave)
    assert caplog.records
    for spelling in (KEY, b64encode(f"{KEY}:".encode()).decode()):
        assert spelling not in caplog.text
        assert spelling not in repr(outcome)


def test_the_libraries_beneath_log_nothing_by_themselves(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    run(saying(OK))
    assert not [record for record in caplog.records if record.name.startswith("http")]


def test_a_secret_shows_itself_nowhere() -> None:
    secret = Secret(KEY)
    shown = [
        repr(secret),
        str(secret),
        f"{secret}",
        f"{secret!r:>5}",
        repr(Destination("https://x.io", secret)),
    ]
    for text in shown:
        assert KEY not in text
        assert KEY[:4] not in text
    assert "short" not in repr(Secret("short"))
    assert secret == Secret(KEY)
    assert len({secret, Secret(KEY)}) == 1
    with pytest.raises(TypeError):
        pickle.dumps(secret)


@pytest.mark.parametrize(
    "endpoint",
    [
        "api.segment.io",
        "ftp://api.segment.io",
        "https://",
        "https://user:pw@api.segment.io",
        "https://api.segment.io?x=1",
        "https://api.segment.io/#x",
        "http://api.segment.io",
        "http://10.0.0.1",
        "https://[::1",
        "https://host:99999",
    ],
)
def test_an_endpoint_that_would_not_do_is_refused_with_a_hint(endpoint: str) -> None:
    with pytest.raises(UsageError) as caught:
        Destination(endpoint, Secret(KEY))
    assert caught.value.hint


@pytest.mark.parametrize(
    ("endpoint", "url", "is_segment"),
    [
        ("https://api.segment.io", "https://api.segment.io/v1/batch", True),
        ("https://events.eu1.segmentapis.com/", "https://events.eu1.segmentapis.com/v1/batch", True),
        ("https://API.Segment.IO.", "https://API.Segment.IO./v1/batch", True),
        ("https://notsegment.io", "https://notsegment.io/v1/batch", False),
        ("https://cdp.example/proxy", "https://cdp.example/proxy/v1/batch", False),
        ("http://localhost:1", "http://localhost:1/v1/batch", False),
        ("http://[::1]:1", "http://[::1]:1/v1/batch", False),
    ],
)
def test_the_path_is_added_and_segments_hosts_are_known(endpoint: str, url: str, *, is_segment: bool) -> None:
    destination = Destination(endpoint, Secret(KEY))
    assert (destination.url, destination.is_segment) == (url, is_segment)
