"""Sending again what was accepted and did not arrive: under the same ids, late enough, and by the user's count."""

import csv
import os
import pty
import sqlite3
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from collector_support import Answer, collecting
from run_support import Done, Station, campaign, station

from inflection_cli.cli.app import run
from inflection_cli.sandbox import Sandbox

DAYS = 86_400.0


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Station]:
    """A station that has sent 50 rows, ten of which its warehouse has lost; it remembers no id."""
    with station(tmp_path) as found:
        assert found.backfill(campaign(tmp_path / "a.csv", range(50))).code == 0
        arrived(found, found.wire_ids(range(10, 50)))
        found.sandbox.forget()
        yield found


def arrived(place: Station, ids: set[str]) -> None:
    with (place.folder / "w.csv").open("w", newline="") as out:
        csv.writer(out).writerows([["id"], *([one] for one in sorted(ids))])


def resend(place: Station, *words: str, file: str = "a.csv", key: str | None = None) -> Done:
    to = ("--endpoint", place.sandbox.url, "--write-key", key or place.key)
    return place.runs("verify", file, "--received", "w.csv", "--resend-missing", *to, *words)


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three days have passed."""
    clock = SimpleNamespace(time=lambda: time.time() + 3 * DAYS)
    monkeypatch.setattr(import_module("inflection_cli.cli.resending"), "time", clock)


@pytest.mark.usefixtures("later")
def test_exactly_what_is_missing_goes_again_under_the_same_ids(place: Station) -> None:
    done = resend(place, "--resend-count", "10")
    assert done.code == 0, done.err
    messages = place.sandbox.messages()
    assert len(messages) == 60
    assert {message["messageId"] for message in messages[50:]} == place.wire_ids(range(10))
    assert messages[50:] == messages[:10]
    assert place.sandbox.stats()["unique"] == 10
    sent = done.json["resent"]
    assert (sent["built"], sent["accepted"], sent["already_accepted"]) == (50, 10, 40)
    arrived(place, place.wire_ids(range(50)))
    assert place.runs("verify", "a.csv", "--received", "w.csv").json["all_arrived"] is True


def test_before_48_hours_have_passed_it_is_refused(place: Station) -> None:
    done = resend(place, "--resend-count", "10")
    assert done.code == 7
    assert "0 hours old" in done.json["error"]["message"]
    assert place.sandbox.stats()["requests"] == 0


@pytest.mark.slow
@pytest.mark.parametrize(("hours", "code"), [(47, 7), (47.99, 7), (48, 0)])
def test_48_hours_are_counted_from_the_last_acceptance_of_two_runs(
    place: Station, monkeypatch: pytest.MonkeyPatch, hours: float, code: int
) -> None:
    campaign(place.folder / "b.csv", range(50, 60))
    assert place.backfill("b.csv").code == 0
    with sqlite3.connect(place.ledger) as ledger:
        ((last,),) = ledger.execute("SELECT max(settled) FROM batches").fetchall()
    ledger.close()
    clock = SimpleNamespace(time=lambda: last + hours * 3600)
    monkeypatch.setattr(import_module("inflection_cli.cli.resending"), "time", clock)
    done = resend(place, "--resend-count", "10")
    assert done.code == code
    if code:
        assert "the last acceptance is 47 hours old" in done.json["error"]["message"]
    assert place.sandbox.stats()["unique"] == (10 if code else 20)


@pytest.mark.usefixtures("later")
@pytest.mark.parametrize(
    "words", [(), ("--yes",), ("--resend-count", "9"), ("--yes", "--resend-count", "50")]
)
def test_without_the_right_count_nothing_goes(place: Station, words: tuple[str, ...]) -> None:
    done = resend(place, *words)
    assert done.code == 2
    assert "will get them twice" in done.json["error"]["message"]
    assert "--resend-count 10" in done.json["error"]["hint"]
    assert place.sandbox.stats()["requests"] == 0


def everything(terminal: int) -> str:
    """Read a terminal whose other end is closed: it gives what it has, in any number of pieces."""
    said = b""
    with suppress(OSError):  # EIO at the end
        while piece := os.read(terminal, 65_536):
            said += piece
    os.close(terminal)
    return said.decode()


@pytest.mark.usefixtures("later")
@pytest.mark.parametrize(("answer", "code", "sent"), [(b"y\n", 0, 10), (b"\n", 2, 0)])
def test_a_terminal_is_asked_with_the_count(
    place: Station, monkeypatch: pytest.MonkeyPatch, answer: bytes, code: int, sent: int
) -> None:
    ours, theirs = pty.openpty()
    os.write(ours, answer)
    monkeypatch.chdir(place.folder)
    to = ("--endpoint", place.sandbox.url, "--write-key", place.key, "--state-dir", "state")
    words = ("runs", "verify", "a.csv", "--received", "w.csv", "--resend-missing", *to)
    with os.fdopen(theirs) as keys, os.fdopen(os.dup(theirs), "w") as screen, monkeypatch.context() as here:
        here.setattr(sys, "stdin", keys)
        here.setattr(sys, "stderr", screen)
        assert run(words) == code
    said = everything(ours)
    assert f"Send 10 events again to {place.sandbox.url} under the same ids?" in said
    assert "Destinations that did get these will get them twice. [y/N]" in said
    assert place.sandbox.stats()["unique"] == sent


@pytest.mark.usefixtures("later")
def test_another_destination_is_refused(place: Station) -> None:
    done = resend(place, "--resend-count", "10", key="another-key-0123456789abcdefghijk")
    assert done.code == 2
    assert f"--namespace {place.namespace}" in done.json["error"]["hint"]
    assert place.sandbox.stats()["requests"] == 0


@pytest.mark.usefixtures("later")
def test_files_with_more_than_was_accepted_have_to_be_delivered_first(place: Station) -> None:
    campaign(place.folder / "b.csv", range(60))
    done = resend(place, "--resend-count", "10", "--run", "last", file="b.csv")
    assert done.code == 7
    assert "10 events of these files were never accepted" in done.json["error"]["message"]
    assert place.sandbox.stats()["requests"] == 0


@pytest.mark.usefixtures("later")
def test_nothing_missing_sends_nothing(place: Station) -> None:
    arrived(place, place.wire_ids(range(50)))
    assert resend(place).code == 0
    assert place.sandbox.stats()["requests"] == 0


@pytest.mark.parametrize("words", [("--received", "w.csv"), ("a.csv",)])
def test_it_needs_the_files_and_what_arrived(place: Station, words: tuple[str, ...]) -> None:
    assert place.runs("verify", *words, "--resend-missing").code == 2


@pytest.mark.usefixtures("later")
def test_a_namespace_sends_nothing_to_another_place(tmp_path: Path) -> None:
    with station(tmp_path) as found, station(tmp_path) as other:
        file = campaign(tmp_path / "a.csv", range(3))
        assert found.backfill(file, more=("--namespace", "n")).code == 0
        arrived(found, found.wire_ids(range(2), namespace="n"))
        words = (
            "--namespace",
            "n",
            "--resend-count",
            "1",
            "--endpoint",
            other.sandbox.url,
            "--write-key",
            found.key,
        )
        done = found.runs("verify", "a.csv", "--received", "w.csv", "--resend-missing", *words)
        assert (done.code, other.sandbox.stats()["requests"]) == (2, 0)
        assert found.sandbox.url in done.json["error"]["hint"]


@pytest.mark.usefixtures("later")
def test_files_that_change_after_the_comparison_send_nothing(
    place: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    resending = import_module("inflection_cli.cli.resending").Resending
    confirm = resending.confirm

    def changed(self: object, count: int | None) -> None:
        confirm(self, count)
        path = place.folder / "a.csv"
        head, *rows = path.read_text(encoding="utf-8").splitlines(keepends=True)
        path.write_text("".join([head, *reversed(rows)]), encoding="utf-8")

    monkeypatch.setattr(resending, "confirm", changed)
    before = place.sandbox.stats()["requests"]
    done = resend(place, "--resend-count", "10")
    assert (done.code, place.sandbox.stats()["requests"]) == (3, before)
    assert "have changed since they were compared" in done.json["error"]["message"]


@contextmanager
def collector(cut: Sequence[int]) -> Iterator[tuple[str, list[str | None]]]:
    """Run a collector that cuts some requests off, and notes how each body was encoded."""
    encodings: list[str | None] = []

    def answer(request: BaseHTTPRequestHandler, _: bytes) -> Answer | None:
        encodings.append(request.headers["Content-Encoding"])
        return None if len(encodings) - 1 in cut else (200, "application/json", "{}")

    with collecting(answer) as url:
        yield url, encodings


@pytest.mark.usefixtures("later")
@pytest.mark.parametrize(
    ("words", "code", "encodings"),
    [
        (("--dedup-window", "20", "--no-gzip"), 0, [None, None, None]),
        pytest.param(("--dedup-window", "20"), 0, ["gzip", "gzip", "gzip"], marks=pytest.mark.slow),
        (("--dedup-window", "0", "--no-gzip"), 7, [None, None]),
    ],
)
def test_it_is_sent_as_the_run_was_sent(
    tmp_path: Path, words: tuple[str, ...], code: int, encodings: list[str | None]
) -> None:
    with collector(cut=[1]) as (url, seen):
        place = Station(tmp_path, cast(Sandbox, SimpleNamespace(url=url)), extra=words)
        assert place.backfill(campaign(tmp_path / "a.csv", range(4))).code == 0
        arrived(place, place.wire_ids(range(3)))
        done = resend(place, "--resend-count", "1")
        assert (done.code, seen) == (code, encodings), done.err


LINKED = """event,userId,personId,email_id,campaign_id,timestamp
Email Opened,,p-1,e1,c1,2024-04-01T08:00:00Z
Email Opened,u-1,p-1,e1,c1,2024-04-02T08:00:00Z
"""


@pytest.mark.usefixtures("later")
def test_a_link_that_did_not_arrive_is_missing_and_goes_again(tmp_path: Path) -> None:
    with station(tmp_path) as found:
        (tmp_path / "a.csv").write_text(LINKED, encoding="utf-8")
        assert found.backfill("a.csv").code == 0
        sent = found.sandbox.messages()
        arrived(found, {one["messageId"] for one in sent if one["type"] == "track"})
        found.sandbox.forget()
        compared = found.runs("verify", "a.csv", "--received", "w.csv")
        assert (compared.code, compared.json["events"]["missing"]) == (1, 1)
        assert resend(found, "--resend-count", "1").code == 0
        assert found.sandbox.messages()[len(sent) :] == [one for one in sent if one["type"] == "identify"]


def test_what_later_runs_send_changes_nothing_about_an_earlier_one(tmp_path: Path) -> None:
    head, alone, both = LINKED.splitlines(keepends=True)
    with station(tmp_path) as found:
        for name, rows in (("a.csv", both), ("b.csv", alone)):
            (tmp_path / name).write_text(head + rows, encoding="utf-8")
            assert found.backfill(name).code == 0
        verified = found.runs("verify", "a.csv")
        assert (verified.code, verified.json["events"]["missing"]) == (0, 0), verified.err
