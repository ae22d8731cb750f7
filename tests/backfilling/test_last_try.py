"""A run that ends without an acceptance, on the command: when it may, and what it says."""

import json
import re
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from collector_support import collecting
from command_support import KEY, Desk, Result, opened, to
from run_support import campaign, ended, station

from inflection_cli.sandbox import Settings, parse_faults, serve


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk.at(tmp_path, monkeypatch)


def six(desk: Desk) -> str:
    return desk.file("six.csv", *(opened(f"u{n}") for n in range(6)))


def record(desk: Desk) -> dict[str, Any]:
    shown: dict[str, Any] = desk.run("runs", "show", "last", "--json").json["run"]
    return shown


def closed_port() -> str:
    with serve() as sandbox:
        return sandbox.url


@contextmanager
def answering(body: str, content_type: str = "application/json") -> Iterator[str]:
    """Run a collector that is not Segment's and gives this answer, as 200, to everything."""
    with collecting(lambda _request, _body: (200, content_type, body)) as url:
        yield url


def test_an_acceptance_just_after_the_patience_ends_the_run_with_0(desk: Desk) -> None:
    with serve(Settings(latency_s=1.0)) as sandbox:
        done = desk.run("backfill", six(desk), "--json", *to(sandbox.url, "--patience", "100ms"))
    assert (done.code, done.json["exit_code"], done.json["events"]["accepted"]) == (0, 0, 6)
    assert "error" not in done.json
    run = record(desk)
    assert (run["exit_code"], run["meaning"]) == (0, "done")
    (listed,) = desk.run("runs", "list", "--json").json["runs"]
    assert listed["exit_code"] == 0


@pytest.mark.slow
def test_a_process_that_was_stopped_for_longer_than_the_patience_goes_on(tmp_path: Path) -> None:
    patience_s = 4.0
    with station(tmp_path, latency_s=0.05) as place:
        campaign(tmp_path / "a.csv", range(120))
        paced = ("--events-per-second", "10", "--patience", f"{patience_s:g}s")
        process = place.start(*place.words("a.csv", more=paced))
        place.wait_for_requests(2)
        process.send_signal(signal.SIGSTOP)
        threading.Event().wait(3 * patience_s)
        process.send_signal(signal.SIGCONT)
        done = ended(process)
        unique = place.sandbox.stats()["unique"]
    assert (done.code, unique) == (0, 120), done.err


@pytest.mark.parametrize("json_too", [False, True])
def test_the_error_says_why_nothing_was_accepted(json_too: bool, desk: Desk) -> None:
    url = closed_port()
    cause = f"connection refused by {url.removeprefix('http://').rstrip('/')}"
    form = ("--json",) if json_too else ("--quiet",)
    done = desk.run("backfill", six(desk), *to(url, "--patience", "100ms", *form))
    said = f"Gave up after 0.1 s without an accepted batch (--patience): {cause}"
    assert done.code == 3
    if json_too:
        error = done.json["error"]
        assert error.keys() == {"code", "message", "hint", "cause"}
        assert (error["code"], error["message"], error["cause"]) == ("delivery-incomplete", said, cause)
        assert f"check --endpoint {url.rstrip('/')}" in error["hint"]
    else:
        assert f"error: {said}\n" in done.err
        assert re.search(r"\n  failed    \d+ times? no connection\n", done.out)
    assert cause in desk.run("runs", "show", "last").out
    assert record(desk)["at_the_end"]["error"] == {"code": "delivery-incomplete", "cause": cause}


def test_a_destination_that_answers_with_errors_is_told_by_its_status(desk: Desk) -> None:
    with serve(Settings(faults=parse_faults("503=1"))) as sandbox:
        to_it = to(sandbox.url, "--patience", "100ms", "--dedup-window", "20")
        done = desk.run("backfill", six(desk), "--json", *to_it)
    peer = sandbox.url.removeprefix("http://").rstrip("/")
    assert (done.code, done.json["error"]["cause"]) == (3, f"HTTP 503 from {peer}")
    assert "check --endpoint" not in done.json["error"]["hint"]


def test_batches_that_stay_unconfirmed_are_told_with_what_came_of_them(desk: Desk) -> None:
    with serve(Settings(faults=parse_faults("503=1"))) as sandbox:
        done = desk.run("backfill", six(desk), "--json", *to(sandbox.url))
    peer = sandbox.url.removeprefix("http://").rstrip("/")
    cause = f"HTTP 503 from {peer} (1 batch)"
    assert (done.code, done.json["error"]["cause"]) == (7, cause)
    assert done.json["error"]["message"].endswith(f"; the last tries: {cause}")
    assert cause in desk.run("runs", "show", "last").out


def test_a_proxy_that_is_not_there_is_named_without_its_password(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = closed_port().removeprefix("http://").rstrip("/")
    monkeypatch.setenv("HTTPS_PROXY", f"http://someone:pa55word@{proxy}")
    done = desk.run("backfill", six(desk), *to("https://collector.example", "--patience", "100ms"))
    assert f"connection refused by the proxy http://…@{proxy}" in done.err
    assert "pa55word" not in done.out + done.err + json.dumps(record(desk))


def test_a_test_message_that_finds_nobody_says_why(desk: Desk) -> None:
    url = closed_port()
    done = desk.run("send-test", "--endpoint", url, "--write-key", KEY, "--patience", "100ms", "--json")
    assert done.json["error"]["cause"].startswith("connection refused by 127.0.0.1:")


def sent(desk: Desk, url: str) -> Result:
    return desk.run("backfill", six(desk), *to(url))


@pytest.mark.slow
@pytest.mark.parametrize(
    "body",
    [
        '{"status":0,"error":"token, missing or empty"}',
        '{"success":false,"message":"workspace suspended"}',
        '{"errors":[{"why":"quota"}]}',
        '[{"error":"x"}]',
        '{"success":"false"}',
        '{"status":"error","message":"no"}',
        '{"success":false,"success":true}',
        '{"success": fal',
    ],
)
def test_a_200_that_says_no_is_no_acceptance_and_its_words_are_shown(body: str, desk: Desk) -> None:
    with answering(body) as url:
        done = sent(desk, url)
    assert done.code == 5
    assert "6 unconfirmed" in done.out
    assert f"“{body}”" in done.err
    assert body not in json.dumps(record(desk))


def test_a_captive_portal_is_told_by_its_title(desk: Desk) -> None:
    with answering("<html><head><title>Hotel\x1b[31m Wi-Fi</title>", "text/html") as url:
        done = sent(desk, url)
    assert done.code == 5
    assert "“Hotel [31m Wi-Fi”" in done.err


@pytest.mark.slow
@pytest.mark.parametrize("body", ['{"status":1,"error":null}', '{"errors":[],"error":""}', "OK", ""])
def test_a_200_that_complains_of_nothing_is_an_acceptance(body: str, desk: Desk) -> None:
    with answering(body) as url:
        done = sent(desk, url)
    assert (done.code, "6 accepted" in done.out) == (0, True)
