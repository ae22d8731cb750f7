"""`send-test` sends one of each event, plainly a test, and says what an acceptance is worth."""

import json
import socket
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import reference
from command_support import KEY, Desk

from inflection_cli.backfilling.run_state import Target
from inflection_cli.cli.target import unusual_key
from inflection_cli.sandbox import Sandbox, Settings, SourceState, serve
from inflection_cli.segment.destination import Destination, Secret

NAMES = {*reference.EVENTS, "identify"}


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk.at(tmp_path, monkeypatch)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with serve(Settings(keep_messages=True)) as running:
        yield running


def to(url: str, *words: str) -> tuple[str, ...]:
    return ("send-test", "--endpoint", url, "--write-key", KEY, *words)


def closed_port() -> str:
    """An address where nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}"


def name_of(message: dict[str, Any]) -> str:
    return str(message.get("event", message["type"]))


def test_each_event_and_the_identify_arrive_once_and_segment_would_take_them(
    desk: Desk, sandbox: Sandbox
) -> None:
    assert desk.run(*to(sandbox.url)).code == 0
    stats = sandbox.stats()
    assert stats["by_event"] == dict.fromkeys(reference.EVENTS, 1)
    assert stats["by_type"] == {"track": 9, "identify": 1}
    assert (stats["discarded"]["total"], stats["hazards"], stats["requests"]) == (0, {}, 1)


def test_the_person_is_plainly_a_test_and_the_identify_links_both_ids_without_traits(
    desk: Desk, sandbox: Sandbox
) -> None:
    desk.run(*to(sandbox.url))
    (identify,) = [m for m in sandbox.messages() if m["type"] == "identify"]
    tracks = [m for m in sandbox.messages() if m["type"] == "track"]
    assert "traits" not in identify
    assert {m["userId"] for m in tracks if "userId" in m} == {identify["userId"]}
    assert {m["anonymousId"] for m in tracks if "userId" not in m} == {identify["anonymousId"]}
    for person in (identify["userId"], identify["anonymousId"]):
        assert person.startswith("infl-seg-test-")
    assert identify["userId"] != identify["anonymousId"]


def test_every_message_says_that_it_is_a_test_and_goes_to_no_destination(
    desk: Desk, sandbox: Sandbox
) -> None:
    desk.run(*to(sandbox.url))
    for message in sandbox.messages():
        assert message["context"]["test"] is True
        assert message["context"]["integration"] == {"name": "inflection", "version": "1.0.0"}
        assert message["integrations"] == {"All": False}


def test_the_properties_have_the_types_that_a_warehouse_will_keep(desk: Desk, sandbox: Sandbox) -> None:
    desk.run(*to(sandbox.url))
    for message in sandbox.messages():
        said = message.get("properties", {})
        assert all(isinstance(said[name], bool) for name in said if name.startswith("is_"))
        assert all(isinstance(said[name], str) for name in said if not name.startswith("is_"))
        assert ("email_link_url" in said) is ("Click" in name_of(message))


def test_one_event_is_stamped_thirty_days_ago_and_the_others_now(desk: Desk, sandbox: Sandbox) -> None:
    before = datetime.now(UTC)
    desk.run(*to(sandbox.url))
    after = datetime.now(UTC)
    stamps = sorted(datetime.fromisoformat(m["timestamp"]) for m in sandbox.messages())
    whole = timedelta(milliseconds=1)
    assert before - whole <= stamps[0] + timedelta(days=30) <= after
    assert all(before - whole <= stamp <= after for stamp in stamps[1:])


def test_each_time_ids_and_person_are_fresh(desk: Desk, sandbox: Sandbox) -> None:
    for _ in range(2):
        desk.run(*to(sandbox.url))
    messages = sandbox.messages()
    ids = {uuid.UUID(m["messageId"]) for m in messages}
    assert (len(ids), {one.version for one in ids}) == (20, {4})
    assert len({m["userId"] for m in messages if "userId" in m}) == 2


def test_nothing_is_asked_and_no_ledger_is_made(desk: Desk, sandbox: Sandbox) -> None:
    done = desk.run(*to(sandbox.url))
    assert (done.code, list(desk.folder.iterdir())) == (0, [])


def test_the_json_report_tells_what_must_be_seen(desk: Desk, sandbox: Sandbox) -> None:
    report = desk.run(*to(sandbox.url, "--json")).json
    arrived = {m["messageId"]: m for m in sandbox.messages()}
    assert {event["event"] for event in report["events"]} == NAMES
    assert report["exit_code"] == 0
    assert report["delivery"]["endpoint"] == sandbox.url
    for event in report["events"]:
        assert set(event) == {"event", "message_id", "timestamp"}
        message = arrived[event["message_id"]]
        assert (event["event"], event["timestamp"]) == (name_of(message), message["timestamp"])


def test_the_table_tells_what_must_be_seen_what_is_proved_and_where_to_look(
    desk: Desk, sandbox: Sandbox
) -> None:
    out = desk.run(*to(sandbox.url)).out
    for message in sandbox.messages():
        (line,) = [line for line in out.splitlines() if message["messageId"] in line]
        assert line.startswith(name_of(message))
        assert message["timestamp"] in line
    for word in ("What that proves", "What it does not prove", "wrong write key", "wrong region"):
        assert word in out
    for place in ("Debugger", "sample", "Schema", "Delivery overview"):
        assert place in out
    assert "delivered" not in out.replace("Delivered", "").replace("Delivery", "")
    assert out.count("(30 days ago)") == 1


@pytest.mark.parametrize(
    ("words", "integrations"),
    [
        (("--integration", "All=true"), {"Inflection": False, "All": True}),
        (("--integration", "Amplitude=true"), {"All": False, "Amplitude": True}),
        (
            ("--integration", "All=true", "--integration", "Inflection=true"),
            {"All": True, "Inflection": True},
        ),
    ],
)
def test_destinations_are_reached_only_when_they_are_named(
    desk: Desk, sandbox: Sandbox, words: tuple[str, ...], integrations: dict[str, bool]
) -> None:
    desk.run(*to(sandbox.url, *words))
    assert all(message["integrations"] == integrations for message in sandbox.messages())


@pytest.mark.parametrize(
    ("words", "environ"),
    [
        (("--write-key", KEY), ()),
        (("--write-key-file", "key"), ()),
        ((), ("SEGMENT_WRITE_KEY", KEY)),
        ((), ("SEGMENT_WRITE_KEY_FILE", "key")),
    ],
)
def test_the_key_may_come_by_each_of_the_four_ways(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], environ: tuple[str, ...]
) -> None:
    (desk.folder / "key").write_text(KEY + "\n", encoding="utf-8")
    if environ:
        monkeypatch.setenv(*environ)
    with serve(Settings(source=SourceState(write_key=KEY))) as sandbox:
        done = desk.run("send-test", "--endpoint", sandbox.url, *words)
        assert (done.code, sandbox.stats()["unique"]) == (0, 10), done.err
    assert KEY not in done.out + done.err


def test_a_wrong_key_is_accepted_as_segment_accepts_it(desk: Desk) -> None:
    with serve(Settings(source=SourceState(write_key="another"))) as sandbox:
        done = desk.run(*to(sandbox.url))
        assert sandbox.stats()["discarded"]["total"] == 10
    assert done.code == 0
    assert "Check in Segment." in done.out


def test_a_rehearsal_needs_no_key(desk: Desk) -> None:
    done = desk.run("send-test", "--rehearse")
    assert done.code == 0
    assert "nothing left this machine" in done.out


def test_without_a_key_the_ways_to_give_one_are_named(desk: Desk) -> None:
    done = desk.run("send-test", "--json")
    assert (done.code, done.json["error"]["code"]) == (2, "usage")
    assert "--write-key-file" in done.err


@pytest.mark.parametrize("fault", ["401", "403", "400", "413", "redirect", "html", "success-false"])
def test_a_refusal_is_exit_5_and_tells_what_was_tried(desk: Desk, fault: str) -> None:
    with serve(Settings(script=(fault,) * 99)) as sandbox:
        done = desk.run(*to(sandbox.url, "--json"))
    assert (done.code, done.json["error"]["code"]) == (5, "destination")
    assert {event["event"] for event in done.json["events"]} == NAMES
    assert done.json["exit_code"] == 5


def test_a_refusal_of_some_messages_is_exit_5_too(desk: Desk) -> None:
    with serve(Settings(script=("400", None, "400", "400", "400", "400", *[None] * 90))) as sandbox:
        done = desk.run(*to(sandbox.url))
        assert 0 < sandbox.stats()["unique"] < 10
    assert done.code == 5


def test_where_nothing_answers_the_test_gives_up_with_exit_3(desk: Desk) -> None:
    done = desk.run(*to(closed_port(), "--patience", "300ms", "--json"))
    assert (done.code, done.json["error"]["code"]) == (3, "delivery-incomplete")
    assert done.json["delivery"]["requests"] == 0


def test_what_got_no_answer_is_sent_again_with_the_same_ids(desk: Desk) -> None:
    with serve(Settings(script=("ack-lost", "503", None))) as sandbox:
        done = desk.run(*to(sandbox.url))
        stats = sandbox.stats()
    assert (done.code, stats["unique"], stats["duplicate"]) == (0, 10, 10)


def test_plain_http_is_for_this_machine_only(desk: Desk) -> None:
    done = desk.run("send-test", "--endpoint", "http://example.com", "--write-key", KEY)
    assert done.code == 2


def test_a_key_that_does_not_look_like_segments_is_warned_about() -> None:
    for endpoint, key, odd in (
        ("https://api.segment.io", "short", True),
        ("https://api.segment.io", "k" * 32, False),
        ("https://cdp.customer.io", "short", False),
    ):
        target = Target(Destination(endpoint, Secret(key)), "n", 0.0)
        assert (unusual_key(target) is not None) is odd


def test_the_report_is_the_only_thing_on_stdout(desk: Desk, sandbox: Sandbox) -> None:
    done = desk.run(*to(sandbox.url, "--json", "--verbose"))
    assert json.loads(done.out)["command"] == "send-test"
    assert "\x1b" not in done.out + done.err
