"""The sandbox over real sockets: what it answers, tells and keeps."""

import asyncio
import gc
import gzip
import logging
import re
import stat
from pathlib import Path

import orjson
import pytest
from sandbox_support import (
    KEY,
    ask,
    basic,
    batch,
    connect,
    event,
    get,
    post,
    raw,
    read_all,
    request_bytes,
)

from inflection_cli.errors import UsageError
from inflection_cli.sandbox import Sandbox, Settings, SourceState, serve

JSON = {"Content-Type": "application/json", "Authorization": basic()}


@pytest.mark.parametrize("zipped", [False, True])
def test_a_batch_is_answered_as_segment_does_and_remembered(zipped: bool) -> None:
    with serve(Settings(keep_messages=True)) as sandbox:
        reply = post(sandbox, batch(event(1), event(2)), zipped=zipped)

        assert (reply.status, reply.json) == (200, {"success": True})
        assert sandbox.messages() == [event(1), event(2)]


@pytest.mark.parametrize("call", ["track", "identify", "page", "screen", "group", "alias"])
def test_a_single_call_is_taken_by_its_path(call: str) -> None:
    account = {"groupId": "g1"} if call == "group" else {}
    with serve(Settings(keep_messages=True)) as sandbox:
        reply = post(sandbox, orjson.dumps({**event(type=None), **account, "writeKey": KEY}), f"/v1/{call}")

        assert reply.status == 200
        assert sandbox.messages() == [{**event(type=call), **account}]


def test_import_is_another_name_for_batch() -> None:
    with serve() as sandbox:
        assert post(sandbox, batch(event(1), event(2)), "/v1/import").status == 200
        assert sandbox.stats()["unique"] == 2


def test_a_wrong_key_is_a_200_and_nothing_goes_through() -> None:
    with serve(Settings(source=SourceState(write_key="the-one-that-it-knows"))) as sandbox:
        reply = post(sandbox, batch(event()))

        assert reply.json == {"success": True}
        assert sandbox.stats()["discarded"] == {"total": 1, "reasons": {"write-key-unknown": 1}}


def test_a_refusal_says_why_in_the_fields_that_sdks_read() -> None:
    with serve() as sandbox:
        reply = post(sandbox, b"{", headers={"Authorization": basic()})

        assert reply.status == 400
        assert reply.json["success"] is False
        assert reply.json["code"] == "sandbox-400"
        assert "JSON" in reply.json["message"]
        assert sandbox.stats()["by_status"] == {"400": 1}


def test_the_statistics_are_the_same_over_http_and_in_the_program() -> None:
    with serve(Settings(seed=11)) as sandbox:
        first = batch(event(1), event(2, type="identify", event=None))
        post(sandbox, first)
        post(sandbox, batch(event(1), event(3, userId="")), zipped=True, headers={"X-Retry-Count": "2"})
        over_http = get(sandbox, "/stats").json
        here = sandbox.stats()

    assert over_http == {**here, "seconds": over_http["seconds"], "connections": 3}
    assert here["requests"] == 2
    assert here["by_status"] == {"200": 2}
    assert here["by_type"] == {"identify": 1, "track": 1}
    assert here["by_event"] == {"Email Opened": 1}
    assert (here["accepted"], here["unique"], here["duplicate"]) == (3, 2, 1)
    assert here["discarded"] == {"total": 1, "reasons": {"id-empty": 1}}
    assert here["retries"] == {"2": 1}
    assert here["seed"] == 11
    assert here["max_body_bytes"] == max(len(first), here["bytes"] - len(first))
    assert here["hazards"] == {}
    assert here["wire_bytes"] < here["bytes"]


def test_arrivals_tell_when_how_many_events_and_how_many_bytes_came() -> None:
    with serve() as sandbox:
        for count in (1, 3, 2):
            post(sandbox, batch(*[event(n) for n in range(count)]), zipped=True)
        stats = sandbox.stats()

    sizes = [len(batch(*[event(n) for n in range(count)])) for count in (1, 3, 2)]
    assert [(events, size) for _, events, size in stats["arrivals"]] == list(
        zip((1, 3, 2), sizes, strict=True)
    )
    times = [at_s for at_s, _, _ in stats["arrivals"]]
    assert times == sorted(times)
    assert times[0] >= 0
    assert times[-1] <= stats["seconds"] + 0.001


@pytest.mark.parametrize("junk", ["", "-1", "1.5", "one", "1" * 5_000, "٣"])
def test_a_retry_count_that_is_no_number_is_as_if_absent(junk: str) -> None:
    with serve() as sandbox:
        with raw(sandbox) as client:
            header = f"X-Retry-Count: {junk}"
            client.sendall(request_bytes(batch(event()), header, "Connection: close"))
            assert read_all(client).startswith(b"HTTP/1.1 200")

        assert sandbox.stats()["retries"] == {}


def test_many_requests_share_one_connection() -> None:
    with serve() as sandbox:
        connection = connect(sandbox)
        replies = [ask(connection, "POST", "/v1/batch", batch(event(n)), JSON) for n in range(20)]
        connection.close()

        assert {reply.status for reply in replies} == {200}
        assert sandbox.stats()["connections"] == 1
        assert sandbox.stats()["unique"] == 20


def test_a_connection_goes_on_after_a_refusal() -> None:
    with serve() as sandbox:
        connection = connect(sandbox)
        found = [
            ask(connection, "POST", path, body, JSON).status
            for path, body in (("/v1/batch", b"{"), ("/v2", b"x"), ("/v1/batch", batch(event())))
        ]
        connection.close()

        assert found == [400, 404, 200]
        assert sandbox.stats()["connections"] == 1


def test_requests_that_were_sent_ahead_are_answered_in_order() -> None:
    with serve() as sandbox, raw(sandbox) as client:
        last = request_bytes(batch(event(3)), "Connection: close")
        client.sendall(request_bytes(batch(event(1))) + request_bytes(b"{") + last)

        answers = read_all(client)

    assert re.findall(rb"HTTP/1\.1 ([0-9]+)", answers) == [b"200", b"400", b"200"]


def test_a_chunked_body_that_trickles_in_is_read_whole() -> None:
    body = gzip.compress(batch(event(1), event(2)))
    head = (
        b"POST /v1/batch HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\n"
        b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    )
    chunks = b"".join(b"1\r\n" + body[at : at + 1] + b"\r\n" for at in range(len(body)))
    with serve() as sandbox, raw(sandbox) as client:
        client.sendall(head)
        for byte in chunks + b"0\r\n\r\n":
            client.sendall(bytes([byte]))

        assert read_all(client).startswith(b"HTTP/1.1 200")
        assert sandbox.stats()["unique"] == 2


def test_a_client_that_asks_first_is_told_to_go_on() -> None:
    body = batch(event())
    whole = request_bytes(body, "Expect: 100-continue", "Connection: close")
    with serve() as sandbox, raw(sandbox) as client:
        client.sendall(whole.removesuffix(body))
        assert client.recv(1 << 16).startswith(b"HTTP/1.1 100")
        client.sendall(body)

        assert read_all(client).startswith(b"HTTP/1.1 200")


def test_a_body_that_is_cut_short_is_not_remembered() -> None:
    with serve() as sandbox:
        with raw(sandbox) as client:
            client.sendall(request_bytes(batch(event()))[:-1])
            client.shutdown(1)
            assert read_all(client).startswith(b"HTTP/1.1 400")

        stats = sandbox.stats()
        assert (stats["requests"], stats["accepted"], stats["by_status"]) == (1, 0, {})


def test_what_is_no_http_is_a_400() -> None:
    with serve() as sandbox, raw(sandbox) as client:
        client.sendall(b"\x16\x03\x01 hello\r\n\r\n")

        assert read_all(client).startswith(b"HTTP/1.1 400")


def test_headers_without_an_end_are_refused() -> None:
    with serve() as sandbox, raw(sandbox) as client:
        client.sendall(b"POST /v1/batch HTTP/1.1\r\nX: " + b"x" * 100_000)

        assert client.recv(1 << 16).startswith(b"HTTP/1.1 431")


def test_a_body_over_the_bound_is_read_to_its_end_and_is_a_413() -> None:
    with serve() as sandbox:
        reply = post(sandbox, b" " * 12_000_000)

        assert reply.status == 413
        assert sandbox.stats()["max_body_bytes"] == 8_000_001


def test_a_zip_bomb_over_the_wire_is_a_413() -> None:
    with serve() as sandbox:
        assert post(sandbox, b"0" * 20_000_000, zipped=True).status == 413


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 200),
        ("HEAD", "/", 200),
        ("GET", "/stats?now", 200),
        ("GET", "/v1/batch", 405),
        ("POST", "/stats", 404),
        ("GET", "/nowhere", 404),
        ("HEAD", "/nowhere", 404),
        ("GET", "/messages", 404),
    ],
)
def test_other_paths_and_methods_have_their_status(method: str, path: str, status: int) -> None:
    with serve() as sandbox:
        assert get(sandbox, path, method).status == status
        assert sandbox.stats()["by_status"] == {}


def test_reset_forgets_what_came_and_rolls_the_same_dice_again() -> None:
    with serve(Settings(script=("503",))) as sandbox:
        found = [post(sandbox, batch(event())).status for _ in range(2)]
        assert post(sandbox, b"", "/reset").status == 200
        assert sandbox.stats()["requests"] == 0
        found += [post(sandbox, batch(event())).status for _ in range(2)]

        assert found == [503, 200, 503, 200]
        assert sandbox.stats()["duplicate"] == 0


def test_kept_messages_are_those_that_were_accepted_once_each(tmp_path: Path) -> None:
    path = tmp_path / "kept.ndjson"
    path.write_bytes(b'{"from": "before"}\n')
    events = [event(1), event(2, userId=""), event(1), event(3, properties={"title": "Ünï \u2028"})]
    with serve(Settings(keep=path)) as sandbox:
        post(sandbox, batch(*events))
        post(sandbox, batch(*events))
        reply = get(sandbox, "/messages")
        messages = sandbox.messages()

    lines = [orjson.dumps(events[0]) + b"\n", orjson.dumps(events[3]) + b"\n"]
    assert path.read_bytes() == b'{"from": "before"}\n' + b"".join(lines)
    assert reply.body == b"".join(lines)
    assert reply.headers["content-type"] == "application/x-ndjson"
    assert messages == sandbox.messages() == [events[0], events[3]]


def test_a_kept_message_stands_as_it_came_on_one_line(tmp_path: Path) -> None:
    path = tmp_path / "kept.ndjson"
    plain = b'{"type" : "track","event":"A\\u0042","userId":"u","n":1.10,"m":123456789012345678901}'
    broken = b'{"type":"track",\n"event":"C",\r\n"userId":"u"}'
    with serve(Settings(keep=path)) as sandbox:
        post(sandbox, b'{"batch":[' + plain + b" , " + broken + b"]}")

    assert path.read_bytes() == plain + b'\n{"type":"track","event":"C","userId":"u"}\n'


def test_a_kept_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    with serve(Settings(keep=tmp_path / "kept.ndjson")):
        assert stat.S_IMODE((tmp_path / "kept.ndjson").stat().st_mode) == 0o600


def test_the_write_key_is_in_nothing_that_the_sandbox_tells_or_keeps(tmp_path: Path) -> None:
    path = tmp_path / "kept.ndjson"
    with serve(Settings(keep=path, source=SourceState(write_key=KEY))) as sandbox:
        post(sandbox, batch(event(1)))
        post(sandbox, orjson.dumps({**event(2), "writeKey": KEY}), "/v1/track")
        told = get(sandbox, "/stats").body + get(sandbox, "/messages").body + path.read_bytes()

    assert told.count(b"id-2") == 2
    assert KEY.encode() not in told
    assert KEY not in repr(Settings(source=SourceState(write_key=KEY)))


def test_a_file_that_takes_no_more_makes_a_500_and_nothing_is_remembered() -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no device that is always full")
    with serve(Settings(keep=full)) as sandbox:
        reply = post(sandbox, batch(event()))

        assert reply.status == 500
        assert "--keep" in reply.json["message"]
        assert sandbox.stats()["accepted"] == 0


def test_a_file_that_cannot_be_opened_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot write to") as caught, serve(Settings(keep=tmp_path)):
        pass

    assert "--keep" in caught.value.hint


def test_a_taken_port_is_a_usage_error_that_names_the_way_out_and_leaves_no_file_open(tmp_path: Path) -> None:
    with serve() as first:
        open_before = len(list(Path("/dev/fd").iterdir()))
        with (
            pytest.raises(UsageError, match="is taken") as caught,
            serve(Settings(port=first.port, keep=tmp_path / "kept.ndjson")),
        ):
            pass
        open_after = len(list(Path("/dev/fd").iterdir()))

    assert "--port" in caught.value.hint
    assert open_after == open_before


def test_it_listens_on_loopback_alone() -> None:
    with serve() as sandbox:
        assert sandbox.url == f"http://127.0.0.1:{sandbox.port}"
        assert sandbox._server._listener is not None
        bound = [one.getsockname()[0] for one in sandbox._server._listener.sockets]
        assert bound == ["127.0.0.1"]


def test_closing_cuts_idle_and_waiting_connections_and_leaves_nothing_behind(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    settings = Settings(script=("slow", None), slow_s=3_600)
    with serve(settings) as sandbox, raw(sandbox) as waiting, raw(sandbox) as idle:
        waiting.sendall(request_bytes(batch(event(1))))
        while not sandbox.stats()["unique"]:
            get(sandbox, "/")
        idle.sendall(request_bytes(batch(event(2))))
        assert idle.recv(1 << 16).startswith(b"HTTP/1.1 200")
        sandbox.close()
        gc.collect()

        assert idle.recv(1) == waiting.recv(1) == b""
        assert sandbox.stats()["unique"] == 2
    assert [one for one in caplog.records if one.levelno >= logging.WARNING] == []


def test_closing_waits_for_no_client_that_does_not_read() -> None:
    large = batch(*[event(properties={"note": "x" * 30_000}, messageId=None) for _ in range(15)])
    with serve(Settings(keep_messages=True)) as sandbox, raw(sandbox) as client:
        for _ in range(40):
            post(sandbox, large)
        client.sendall(b"GET /messages HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert client.recv(1).startswith(b"H")
        sandbox.close()

        assert sandbox.stats()["accepted"] == 600


def test_statistics_and_messages_outlive_the_sandbox() -> None:
    with serve(Settings(keep_messages=True)) as sandbox:
        post(sandbox, batch(event()))

    assert sandbox.stats() == sandbox.stats()
    assert sandbox.stats()["unique"] == 1
    assert sandbox.messages() == [event()]
    sandbox.close()


def test_it_runs_beside_an_event_loop_of_the_callers() -> None:
    async def within() -> int:
        with serve() as sandbox:
            reply = await asyncio.to_thread(post, sandbox, batch(event()))
            return reply.status

    assert asyncio.run(within()) == 200


def test_a_sandbox_has_no_port_before_it_was_started() -> None:
    with pytest.raises(TimeoutError):
        _ = Sandbox(Settings()).url
