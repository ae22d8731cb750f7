"""The command `infl-seg sandbox`, run as a process."""

import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson
import pytest
import typer
from sandbox_support import KEY, batch, event
from typer.testing import CliRunner

from inflection_cli.cli.sandbox_command import _seconds, sandbox
from inflection_cli.errors import UsageError

PROGRAM = """
import sys
import typer
from inflection_cli.cli.sandbox_command import sandbox
from inflection_cli.errors import InflSegError
heavy = {"asyncio", "h11", "orjson", "inflection_cli.sandbox"} & set(sys.modules)
assert not heavy, heavy
try:
    typer.run(sandbox)
except InflSegError as error:
    sys.exit(print(error.message, error.hint, sep="\\n", file=sys.stderr) or error.exit_code)
"""


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-W", "error", "-c", PROGRAM, *arguments]


@contextmanager
def running(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Start the command; give it with the URL that its only line on stdout names."""
    with subprocess.Popen(
        command(*arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            match = re.fullmatch(r"listening on (http://127\.0\.0\.1:[0-9]+)\n", line)
            assert match is not None, line
            yield process, match[1]
        finally:
            process.kill()


def send(url: str, body: bytes) -> int:
    request = urllib.request.Request(f"{url}/v1/batch", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=240) as reply:
        status: int = reply.status
        return status


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_with_exit_0_and_a_summary_on_stderr(signum: signal.Signals) -> None:
    with running("--port", "0", "--seed", "5") as (process, url):
        assert send(url, batch(event(1), event(1), event(2, userId=""))) == 200
        process.send_signal(signum)
        out, talk = process.communicate(timeout=240)

    assert process.returncode == 0
    assert out == ""
    assert f"--endpoint {url}" in talk
    assert "accepted: 2 (unique 1, duplicate 1)" in talk
    assert "answers: 200 1\n" in talk
    assert "faults: none (seed 5)" in talk
    assert "Segment would have discarded 1: id-empty 1" in talk
    assert "Traceback" not in talk


def test_it_ends_though_a_connection_is_open_and_an_answer_is_due() -> None:
    with running("--port", "0", "--fault", "timeout=1") as (process, url):
        port = int(url.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), timeout=240) as client:
            client.sendall(b"POST /v1/batch HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}")
            while not orjson.loads(urllib.request.urlopen(f"{url}/stats", timeout=240).read())["bytes"]:
                pass
            process.send_signal(signal.SIGINT)
            _, talk = process.communicate(timeout=240)

    assert process.returncode == 0
    assert "faults: timeout 1" in talk


def test_options_reach_the_sandbox(tmp_path: Path) -> None:
    kept = tmp_path / "kept.ndjson"
    options = ["--fault", "418=0.5", "--fault", "ack-503=0.5", "--seed", "1", "--latency", "1ms"]
    with running("--port", "0", "--keep", str(kept), *options) as (process, url):
        for _ in range(2):
            with pytest.raises(urllib.error.HTTPError, match=r"418|503") as caught:
                send(url, batch(event(1)))
            caught.value.close()
        process.send_signal(signal.SIGTERM)
        _, talk = process.communicate(timeout=240)

    assert KEY not in kept.read_text() + talk
    assert "seed 1" in talk


def test_a_taken_port_is_exit_2_and_names_the_way_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = subprocess.run(
            command("--port", str(port)), capture_output=True, text=True, timeout=240, check=False
        )

    assert result.returncode == 2
    assert f"port {port} is taken" in result.stderr
    assert "--port 0" in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--fault", "429=0.6", "--fault", "500=0.6"], "add up to 1.2"),
        (["--fault", "teapot=0.1"], "no fault named 'teapot'"),
        (["--fault", "429"], "NAME=RATE"),
        (["--latency", "40"], "--latency 40ms"),
        (["--latency", "-1s"], "--latency 40ms"),
        (["--slow", "soon"], "--slow 40ms"),
        (["--keep", "/nowhere/at/all.ndjson"], "cannot write to /nowhere/at/all.ndjson"),
    ],
)
def test_what_cannot_be_carried_out_is_a_usage_error_that_says_what_can(
    arguments: list[str], named: str
) -> None:
    result = CliRunner().invoke(app(), ["--port", "0", *arguments])

    assert isinstance(result.exception, UsageError)
    assert named in f"{result.exception.message} {result.exception.hint}"
    assert result.stdout == ""


@pytest.mark.parametrize("arguments", [["--port", "70000"], ["--retry-after", "-1"], ["--seed", "x"]])
def test_a_number_out_of_its_range_is_exit_2(arguments: list[str]) -> None:
    result = CliRunner().invoke(app(), arguments)

    assert result.exit_code == 2
    assert arguments[0] in result.stderr


@pytest.mark.parametrize(
    ("word", "seconds"), [("40ms", 0.04), ("2s", 2.0), ("1.5s", 1.5), ("2m", 120.0), ("0ms", 0.0)]
)
def test_times_are_read_with_their_unit(word: str, seconds: float) -> None:
    assert _seconds("--latency", word) == pytest.approx(seconds)


def app() -> typer.Typer:
    one = typer.Typer()
    one.command()(sandbox)
    return one
