"""Sending again what was accepted and did not arrive: under the same ids, late enough, and by the user's count."""

import csv
import time
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import pytest
from run_support import Done, Station, campaign, station

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
