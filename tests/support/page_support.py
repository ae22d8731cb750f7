"""The sandbox's page in tests: its event stream, and a real browser where one is installed."""

import http.client
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import orjson
import pytest
from command_support import PATIENCE_S, command

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

needs_browser = pytest.mark.skipif(BROWSER is None, reason="no Chromium here: apt-get install chromium")

Streamed = tuple[str, Any]


@contextmanager
def stream(url: str, **headers: str) -> Iterator[Iterator[Streamed]]:
    """Open the event stream of a page; give its server-sent events as kind and data."""
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=PATIENCE_S)
    try:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request("GET", "/page/events", headers=names)
        response = connection.getresponse()
        assert response.status == 200
        yield _parsed(response)
    finally:
        connection.close()


def _parsed(response: http.client.HTTPResponse) -> Iterator[Streamed]:
    kind = ""
    while line := response.readline():
        name, _, value = line.rstrip(b"\n").partition(b": ")
        if name == b"event":
            kind = value.decode()
        elif name == b"data":
            yield kind, orjson.loads(value)


def rows_of(url: str, count: int, **headers: str) -> list[list[Any]]:
    """The first `count` events of a page's stream."""
    rows: list[list[Any]] = []
    with stream(url, **headers) as events:
        for kind, data in events:
            if kind == "events":
                rows += data
            if len(rows) >= count:
                break
    return rows


@contextmanager
def sandbox_process(*words: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run `infl-seg sandbox` as a process; give it with its URL."""
    with subprocess.Popen(
        command("sandbox", "--port", "0", *words), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            match = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline())
            assert match is not None
            yield process, match[0]
        finally:
            process.kill()
