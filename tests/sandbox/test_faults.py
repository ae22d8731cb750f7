"""Each fault of the sandbox, as a client on a real socket meets it."""

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from sandbox_support import (
    PATIENCE_S,
    ask,
    batch,
    connect,
    event,
    get,
    post,
    raw,
    request_bytes,
    statuses,
)

from inflection_cli.sandbox import Settings, parse_faults, serve


def once(fault: str, **settings: float) -> Settings:
    return Settings(script=(fault,), **settings)  # type: ignore[arg-type]


@pytest.mark.parametrize("status", [300, 302, 304, 401, 404, 408, 410, 413, 460, 500, 501, 502, 503, 504])
def test_a_status_is_answered_and_the_batch_forgotten(status: int) -> None:
    with serve(once(str(status))) as sandbox:
        reply = post(sandbox, batch(event()))
        stats = sandbox.stats()

        assert reply.status == status
        assert ("location" in reply.headers) == (300 <= status < 400)
        assert "retry-after" not in reply.headers
        assert (stats["accepted"], stats["by_fault"]) == (0, {str(status): 1})
        assert stats["by_status"] == {str(status): 1}
        assert post(sandbox, batch(event())).status == 200
        assert sandbox.stats()["duplicate"] == 0


def test_a_429_says_in_seconds_when_to_come_back() -> None:
    with serve(once("429", retry_after_s=7)) as sandbox:
        reply = post(sandbox, batch(event()))

    assert reply.status == 429
    assert reply.headers["retry-after"] == "7"
    assert reply.headers["x-ratelimit-reset"] == "7"


@pytest.mark.parametrize("size", [1, 400])
def test_a_reset_cuts_the_connection_and_the_batch_is_forgotten(size: int) -> None:
    body = batch(*[event(n, properties={"note": "x" * 1_000}) for n in range(size)])
    with serve(once("reset")) as sandbox:
        assert statuses(sandbox, [body]) in (["ConnectionResetError"], ["BrokenPipeError"])
        stats = sandbox.stats()

    assert (stats["requests"], stats["accepted"], stats["by_status"]) == (1, 0, {})
    assert stats["by_fault"] == {"reset": 1}
    assert [row[1:] for row in stats["arrivals"]] == [[0, 0]]


def test_a_reset_is_a_tcp_reset_and_no_orderly_end() -> None:
    with serve(once("reset")) as sandbox, raw(sandbox) as client:
        client.sendall(request_bytes(batch(event())))
        with pytest.raises(ConnectionResetError):
            client.recv(1)


def test_a_lost_acknowledgement_remembers_the_batch_and_cuts_the_connection() -> None:
    with serve(once("ack-lost")) as sandbox:
        with raw(sandbox) as client:
            client.sendall(request_bytes(batch(event(1), event(2))))
            with pytest.raises(ConnectionResetError):
                client.recv(1)
        assert sandbox.stats()["unique"] == 2
        assert sandbox.stats()["by_status"] == {}

        post(sandbox, batch(event(1), event(2)))
        stats = sandbox.stats()

    assert (stats["accepted"], stats["unique"], stats["duplicate"]) == (4, 2, 2)
    assert stats["by_fault"] == {"ack-lost": 1}


def test_an_acknowledgement_behind_a_gateway_error_remembers_the_batch() -> None:
    with serve(once("ack-504")) as sandbox:
        assert post(sandbox, batch(event())).status == 504
        assert sandbox.stats()["unique"] == 1


def test_slow_answers_well_but_late() -> None:
    with serve(once("slow", slow_s=0.05)) as sandbox:
        begun = time.monotonic()
        reply = post(sandbox, batch(event()))

        assert reply.json == {"success": True}
        assert time.monotonic() - begun >= 0.05
        assert sandbox.stats()["by_fault"] == {"slow": 1}
        assert sandbox.stats()["unique"] == 1


def test_latency_delays_every_answer() -> None:
    with serve(Settings(latency_s=0.02, script=(None, "500"))) as sandbox:
        begun = time.monotonic()
        assert statuses(sandbox, [batch(event())] * 2) == [200, 500]

        assert time.monotonic() - begun >= 0.04


def test_one_slow_answer_holds_up_no_other_connection() -> None:
    with serve(once("slow", slow_s=3_600)) as sandbox, raw(sandbox) as waiting:
        waiting.sendall(request_bytes(batch(event(1)), "X-Retry-Count: 1"))
        while not sandbox.stats()["requests"]:
            get(sandbox, "/")

        assert post(sandbox, batch(event(2))).status == 200


def test_html_is_a_200_with_a_login_page_and_the_batch_is_forgotten() -> None:
    with serve(once("html")) as sandbox:
        reply = post(sandbox, batch(event()))

        assert reply.status == 200
        assert reply.headers["content-type"].startswith("text/html")
        assert b"<form" in reply.body
        assert sandbox.stats()["accepted"] == 0


@pytest.mark.parametrize(
    ("fault", "body"), [("unjson", b'{"success": tr'), ("success-false", b'{"success": false}')]
)
def test_a_200_that_is_no_success_forgets_the_batch(fault: str, body: bytes) -> None:
    with serve(once(fault)) as sandbox:
        reply = post(sandbox, batch(event()))

        assert (reply.status, reply.body) == (200, body)
        assert sandbox.stats()["accepted"] == 0


def test_a_redirect_names_a_place_that_takes_no_messages() -> None:
    with serve(once("redirect")) as sandbox:
        reply = post(sandbox, batch(event()))

        assert reply.status == 307
        assert post(sandbox, batch(event()), reply.headers["location"]).status == 404
        assert sandbox.stats()["accepted"] == 0


@pytest.mark.parametrize(("fault", "remembered"), [("timeout", 0), ("ack-timeout", 1)])
def test_a_timeout_never_answers(fault: str, remembered: int) -> None:
    with serve(once(fault)) as sandbox, raw(sandbox) as client:
        client.sendall(request_bytes(batch(event())))
        while not sandbox.stats()["bytes"]:
            get(sandbox, "/")
        assert sandbox.stats()["unique"] == remembered
        client.setblocking(False)
        with pytest.raises(BlockingIOError):
            client.recv(1)
        client.settimeout(PATIENCE_S)
        sandbox.close()

        assert client.recv(1) == b""
        assert sandbox.stats()["by_status"] == {}
        assert sandbox.stats()["by_fault"] == {fault: 1}


def test_a_client_that_gives_up_a_timeout_leaves_no_connection_behind() -> None:
    with serve(once("timeout")) as sandbox:
        with raw(sandbox) as client:
            client.sendall(request_bytes(batch(event())))
        while not sandbox.stats()["bytes"] or sandbox._server._lines:
            get(sandbox, "/")

        assert post(sandbox, batch(event())).status == 200


def test_faults_leave_the_connection_usable_where_they_answer() -> None:
    with serve(Settings(script=("429", "500", "html", "304", None))) as sandbox:
        connection = connect(sandbox)
        found = [ask(connection, "POST", "/v1/track", b"{}").status for _ in range(5)]
        connection.close()

        assert found == [429, 500, 200, 304, 400]
        assert sandbox.stats()["connections"] == 1


def test_the_same_seed_and_requests_meet_the_same_faults() -> None:
    settings = Settings(
        faults=parse_faults("429=0.2", "reset=0.2", "ack-lost=0.1", "html=0.1", "503=0.1"), seed=4
    )
    bodies = [batch(event(n)) for n in range(60)]
    runs = []
    for _ in range(2):
        with serve(settings) as sandbox:
            found = statuses(sandbox, bodies)
            stats = sandbox.stats()
            runs.append((found, stats["by_fault"], stats["by_status"], stats["unique"]))

    assert runs[0] == runs[1]
    assert set(runs[0][1]) == {"429", "reset", "ack-lost", "html", "503"}


def test_faults_befall_messages_and_not_questions() -> None:
    with serve(Settings(faults=parse_faults("500=1"))) as sandbox:
        assert get(sandbox, "/stats").status == 200
        assert post(sandbox, b"", "/reset").status == 200
        assert post(sandbox, batch(event())).status == 500
        assert sandbox.stats()["by_fault"] == {"500": 1}


def test_a_seed_that_was_drawn_is_told_so_that_the_faults_can_be_had_again() -> None:
    faults = parse_faults("500=0.5")
    bodies = [batch(event())] * 20
    with serve(Settings(faults=faults)) as first:
        found = statuses(first, bodies)
    with serve(Settings(faults=faults, seed=first.stats()["seed"])) as second:
        assert statuses(second, bodies) == found


def test_under_all_faults_at_once_every_request_is_answered_or_cut_and_counted() -> None:
    settings = Settings(
        faults=parse_faults("429=0.1", "500=0.1", "reset=0.1", "ack-lost=0.1", "slow=0.1", "html=0.1"),
        seed=6,
        slow_s=0.001,
    )
    bodies = [[batch(event(10 * worker + n)) for n in range(10)] * 3 for worker in range(8)]
    with serve(settings) as sandbox, ThreadPoolExecutor(8) as workers:
        found = Counter(one for part in workers.map(partial(statuses, sandbox), bodies) for one in part)
        stats = sandbox.stats()

    cut = stats["by_fault"]["reset"] + stats["by_fault"]["ack-lost"]
    assert stats["requests"] == found.total() == 240
    assert {str(status): found[status] for status in (200, 429, 500)} == stats["by_status"]
    assert found.total() - sum(stats["by_status"].values()) == cut
    assert min(stats["by_fault"].values()) >= 5
    assert stats["unique"] + stats["duplicate"] == stats["accepted"]
    assert stats["accepted"] == found[200] - stats["by_fault"]["html"] + stats["by_fault"]["ack-lost"]
