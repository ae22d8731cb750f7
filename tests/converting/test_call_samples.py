"""The samples of people, accounts and pages become what the plain reference says, ids included."""

import json
from pathlib import Path
from typing import Any

import pytest
import reference
from command_support import SAMPLES, Desk, to
from reference_calls import Asked, expect_call

from inflection_cli.sandbox import Settings, serve
from inflection_cli.version import __version__

SCORED = Asked(__version__, {"Lead Score": "lead_score"})
STANDING_IN = Asked(__version__, {}, account_stands_in=True)
PLAIN = Asked(__version__, {})
CASES = {
    "contacts.csv": (("--as", "identify", "--trait", "Lead Score"), "identify", SCORED),
    "accounts.csv": (("--as", "group", "--group-anonymous-id", "account"), "group", STANDING_IN),
    "pages.ndjson": ((), "", PLAIN),
}


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk.at(tmp_path, monkeypatch)


def rows(name: str) -> list[dict[str, Any]]:
    data = (SAMPLES / name).read_bytes()
    if name.endswith(".csv"):
        return [dict(row) for row in reference.read_csv(data)]
    return [json.loads(line) for line in data.splitlines()]


def expected(name: str) -> list[dict[str, Any]]:
    _, kind, asked = CASES[name]
    return [expect_call(kind or row["type"], row, asked) for row in rows(name)]


@pytest.mark.parametrize("name", CASES)
def test_a_dry_run_writes_the_messages_of_the_reference(name: str, desk: Desk) -> None:
    done = desk.run("backfill", str(SAMPLES / name), *CASES[name][0], "--dry-run", "--out", "made.ndjson")
    assert done.code == 0, done.err
    assert desk.messages("made.ndjson") == expected(name)


@pytest.mark.parametrize("name", CASES)
def test_the_sandbox_gets_them_and_discards_none(name: str, desk: Desk) -> None:
    with serve(Settings(keep_messages=True)) as sandbox:
        done = desk.run("backfill", str(SAMPLES / name), *CASES[name][0], "--json", *to(sandbox.url))
        stats, received = sandbox.stats(), sandbox.messages()
    report = done.json
    assert (done.code, stats["discarded"]["total"], stats["hazards"]) == (0, 0, {})
    without_ids = [{**message, "messageId": ""} for message in received]
    assert without_ids == [{**message, "messageId": ""} for message in expected(name)]
    assert report["by_type"] == stats["by_type"]
    assert report["events"]["accepted"] == len(received) == len(rows(name))


@pytest.mark.parametrize("name", CASES)
def test_a_second_run_a_replay_and_a_verification_know_every_one_of_them(name: str, desk: Desk) -> None:
    file, words = str(SAMPLES / name), CASES[name][0]
    count = len(rows(name))
    with serve(Settings()) as sandbox:
        assert desk.run("backfill", file, *words, "--out", "sent.ndjson", *to(sandbox.url)).code == 0
        again = desk.run("backfill", file, *words, "--json", *to(sandbox.url)).json
        replayed = desk.run("replay", "sent.ndjson", "--json", *to(sandbox.url)).json
        assert sandbox.stats()["unique"] == count
    assert again["events"]["already_accepted"] == replayed["events"]["already_accepted"] == count
    assert replayed["by_type"] == again["by_type"]
    verified = desk.run("runs", "verify", file, "--json")
    assert (verified.code, verified.json["all_there"]) == (0, True), verified.err
    assert verified.json["events"]["accepted"] == count


@pytest.mark.parametrize("name", CASES)
def test_no_call_goes_back_to_inflection_unless_it_is_asked_for(name: str, desk: Desk) -> None:
    file, words = str(SAMPLES / name), CASES[name][0]
    for asked, off in (
        ((), {"Inflection": False}),
        (("--integration", "Inflection=true"), {"Inflection": True}),
    ):
        assert desk.run("backfill", file, *words, *asked, "--dry-run", "--out", "o.ndjson").code == 0
        assert all(message["integrations"] == off for message in desk.messages("o.ndjson"))
