"""Ready messages go out under the ids that a backfill gives them, once, and only as Segment takes them."""

import gzip
import hashlib
import json
import re
import shlex
import uuid
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import reference
from command_support import (
    CAMPAIGN,
    FAST,
    KEY,
    SAMPLES,
    Desk,
    Result,
    events_balance,
    opened,
    rows_balance,
    to,
)
from example_support import examples
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from inflection_cli.model import Chunk
from inflection_cli.reading import ReadOptions, detect
from inflection_cli.reading.json.message_lines import read_lines
from inflection_cli.replaying.replayer import marked
from inflection_cli.sandbox import Sandbox, Settings, serve
from inflection_cli.segment.ids import ready_id
from inflection_cli.text_faults import damage, is_placeholder, misspelled

READY = str(SAMPLES / "ready.ndjson")
ARCHIVE = str(SAMPLES / "archive.ndjson")
STAMPS = (
    "receivedAt",
    "sentAt",
    "originalTimestamp",
    "projectId",
    "writeKey",
    "version",
    "_metadata",
    "channel",
)
SPACED = examples(
    15,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk.at(tmp_path, monkeypatch)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with serve(Settings(keep_messages=True)) as running:
        yield running


def good(**members: Any) -> dict[str, Any]:
    """A message that is in order, but for what is said; None takes a member out."""
    message = {
        "messageId": "11111111-1111-4111-8111-111111111111",
        "timestamp": "2024-03-01T09:30:00.000Z",
        "type": "track",
        "event": "Email Opened",
        "userId": "u1",
        "properties": {"campaign_id": "c1"},
        **members,
    }
    return {name: value for name, value in message.items() if value is not None}


def ndjson(desk: Desk, name: str, *lines: dict[str, Any] | str) -> str:
    """Write a file of messages, or of lines unchanged; give its name."""
    text = [line if isinstance(line, str) else json.dumps(line, ensure_ascii=False) for line in lines]
    (desk.folder / name).write_text("\n".join([*text, ""]), encoding="utf-8")
    return name


def numbered(count: int, **members: Any) -> list[dict[str, Any]]:
    return [good(messageId=f"m-{i}", **members) for i in range(count)]


def sent(sandbox: Sandbox, since: int = 0) -> dict[str, dict[str, Any]]:
    """What arrived, by id, after so many others."""
    return {message.pop("messageId"): message for message in sandbox.messages()[since:]}


def forget(sandbox: Sandbox) -> int:
    """Let a sandbox forget all ids; give how many messages it keeps from before."""
    sandbox.forget()
    return len(sandbox.messages())


def namespace(sandbox: Sandbox) -> str:
    return reference.default_namespace(sandbox.url, KEY)


def wire_id(content_id: bytes, sandbox: Sandbox, label: str | None = None) -> str:
    """A wire id by the scheme's own words."""
    head = b"infl-seg/1 wire\n" + reference.netstring(namespace(sandbox)) + reference.netstring(label)
    return reference.uuid8(head + content_id)


def dry_run(desk: Desk, *words: str, out: str = "messages.ndjson") -> str:
    result = desk.run(*words, "--dry-run", "--out", out)
    assert result.code == 0, result.err
    return out


def balanced(result: Result) -> bool:
    return rows_balance(result.json) and events_balance(result.json)


# Round trips


def test_a_dry_runs_output_replayed_arrives_as_a_direct_backfill_does(desk: Desk, sandbox: Sandbox) -> None:
    desk.run("backfill", CAMPAIGN, *to(sandbox.url, "--state-dir", "one"))
    direct = sent(sandbox)
    before = forget(sandbox)
    desk.run("replay", dry_run(desk, "backfill", CAMPAIGN), *to(sandbox.url, "--state-dir", "other"))
    assert len(direct) == 414
    assert sent(sandbox, before) == direct


NUMBER = re.compile(r"[+-]?\d*[.,]?\d*(?:[eE][+-]?\d+|[.,]0+)")
"""What a spreadsheet may have made of an id."""


def is_an_id(text: str) -> bool:
    """Return whether a text is accepted as a person's id without a word."""
    return (
        text.strip() == text
        and not is_placeholder(text)
        and misspelled(text) is None
        and damage(text) is None
        and NUMBER.fullmatch(text) is None
        and text[:1] != "="
    )


ROWS = st.lists(
    st.builds(
        opened,
        user=st.text(
            st.characters(codec="utf-8", exclude_categories=["Cc", "Zl", "Zp"], exclude_characters='",'),
            min_size=1,
        ).filter(is_an_id),
        minute=st.integers(0, 1439),
        campaign=st.sampled_from(["c1", "007", "d'été"]),
    ),
    min_size=1,
    max_size=20,
)


@SPACED
@given(rows=ROWS, namespace=st.sampled_from(["", "warehouse", "q1"]))
def test_whatever_the_rows_a_replay_gives_the_ids_that_a_backfill_gives(
    desk: Desk, sandbox: Sandbox, rows: list[str], namespace: str
) -> None:
    start = forget(sandbox)
    rows_file = desk.file("rows.csv", *rows)
    place = ("--namespace", namespace) if namespace else ()
    first, second = (str(desk.folder / uuid.uuid4().hex) for _ in range(2))
    one = desk.run("backfill", rows_file, *to(sandbox.url, *place, "--state-dir", first))
    direct = sent(sandbox, start)
    before = forget(sandbox)
    other = desk.run(
        "replay", dry_run(desk, "backfill", rows_file), *to(sandbox.url, *place, "--state-dir", second)
    )
    assert (one.code, other.code) == (0, 0), one.err + other.err
    assert direct
    assert sent(sandbox, before) == direct


def test_a_replay_of_a_dry_run_writes_the_same_bytes_again(desk: Desk) -> None:
    first = dry_run(desk, "backfill", CAMPAIGN)
    second = dry_run(desk, "replay", first, out="again.ndjson")
    assert (desk.folder / second).read_bytes() == (desk.folder / first).read_bytes()


def test_the_ready_sample_gets_the_ids_that_its_rows_get(desk: Desk, sandbox: Sandbox) -> None:
    rows = reference.read_csv(Path(CAMPAIGN).read_bytes())
    expected = {
        each.wire_id(namespace(sandbox))
        for each in reference.expect(rows, reference.Settings(version="0.1.0"))
    }
    result = desk.run("replay", READY, *to(sandbox.url, "--json"))
    assert result.code == 0
    assert len(sent(sandbox)) == 9
    assert set(sent(sandbox)) <= expected


@pytest.mark.parametrize("label", [None, "second"])
def test_the_archive_sample_goes_out_without_segments_own_stamps(
    desk: Desk, sandbox: Sandbox, label: str | None
) -> None:
    expected = {}
    for line in Path(ARCHIVE).read_bytes().splitlines():
        message = json.loads(line)
        stamp = message.get("timestamp", message["originalTimestamp"])
        for name in STAMPS:
            del message[name]
        content_id = reference.uuid8(b"infl-seg/1 ready\n" + reference.netstring(message.pop("messageId")))
        message |= {"timestamp": stamp, "integrations": {"Salesforce": False, "Inflection": False}}
        expected[wire_id(uuid.UUID(content_id).bytes, sandbox, label)] = message
    again = ("--again", label) if label else ()
    result = desk.run("replay", ARCHIVE, *to(sandbox.url, "--json", *again))
    assert (result.code, balanced(result)) == (0, True)
    assert sent(sandbox) == expected
    stats = sandbox.stats()
    assert (stats["discarded"]["total"], stats["hazards"]) == (0, {})
    assert stats["by_type"] == {"track": 3, "identify": 1, "page": 1}


def test_every_call_of_segments_passes(desk: Desk, sandbox: Sandbox) -> None:
    calls = [
        good(messageId="a"),
        good(messageId="b", type="identify", event=None, anonymousId="a1", traits={"plan": "pro"}),
        good(messageId="c", type="page", event=None, name="Home", category=None),
        good(messageId="d", type="screen", event=None, name="Home"),
        good(messageId="e", type="group", event=None, groupId="g1", traits={}),
        good(messageId="f", type="alias", event=None, previousId="p1"),
    ]
    result = desk.run("replay", ndjson(desk, "calls.ndjson", *calls), *to(sandbox.url, "--json"))
    assert result.code == 0
    assert result.json["by_event"] == dict.fromkeys(
        ("Email Opened", "identify", "page", "screen", "group", "alias"), 1
    )
    assert sandbox.stats()["discarded"]["total"] == 0


# Nothing twice


def test_a_replay_after_the_backfill_sends_nothing_and_complains_of_nothing(
    desk: Desk, sandbox: Sandbox
) -> None:
    desk.run("backfill", CAMPAIGN, *to(sandbox.url))
    result = desk.run("replay", dry_run(desk, "backfill", CAMPAIGN), *to(sandbox.url, "--json"))
    assert result.json["events"]["already_accepted"] == 414
    assert (result.code, balanced(result), result.json["problem_counts"]) == (0, True, {})
    assert sandbox.stats()["accepted"] == 414


def test_a_backfill_after_the_replay_sends_nothing_and_complains_of_nothing(
    desk: Desk, sandbox: Sandbox
) -> None:
    desk.run("replay", dry_run(desk, "backfill", CAMPAIGN), *to(sandbox.url))
    result = desk.run("backfill", CAMPAIGN, *to(sandbox.url, "--json"))
    assert result.json["events"]["already_accepted"] == 414
    assert (result.code, balanced(result), result.json["problem_counts"]) == (0, True, {})
    assert sandbox.stats()["accepted"] == 414


def archive(desk: Desk, sandbox: Sandbox, name: str = "archive.ndjson") -> str:
    """What arrived, as Segment archives it."""
    stamps = {"receivedAt": "2024-06-01T00:00:00.000Z", "projectId": "p", "version": 2, "channel": "server"}
    return ndjson(desk, name, *({**message, **stamps} for message in sandbox.messages()))


def test_an_archive_of_what_was_backfilled_is_already_accepted(desk: Desk, sandbox: Sandbox) -> None:
    desk.run("backfill", CAMPAIGN, *to(sandbox.url))
    result = desk.run("replay", archive(desk, sandbox), *to(sandbox.url, "--json"))
    assert result.json["events"]["already_accepted"] == 414
    assert (result.code, balanced(result)) == (0, True)
    assert sandbox.stats()["accepted"] == 414


def test_an_archive_of_what_went_out_under_a_label_is_already_accepted(desk: Desk, sandbox: Sandbox) -> None:
    desk.run("backfill", CAMPAIGN, *to(sandbox.url, "--again", "second"))
    arrived = archive(desk, sandbox)
    for again in ((), ("--again", "second")):
        result = desk.run("replay", arrived, *to(sandbox.url, "--json", *again))
        assert result.json["events"]["already_accepted"] == 414
    assert sandbox.stats()["accepted"] == 414


def test_what_is_in_doubt_has_arrived_when_an_archive_has_its_wire_id(desk: Desk) -> None:
    rows = desk.file("rows.csv", opened("u1"))
    with serve(Settings(keep_messages=True, script=("ack-lost",) * 99)) as deaf:
        words = (rows, *to(deaf.url, "--dedup-window", "0"))
        assert desk.run("backfill", *words).code == 7
        assert len(deaf.messages()) == 1
        result = desk.run("replay", archive(desk, deaf), *to(deaf.url, "--json"))
    assert result.json["events"]["already_accepted"] == 1


def test_a_label_sends_an_archive_once_more_and_only_once(desk: Desk, sandbox: Sandbox) -> None:
    desk.run("backfill", CAMPAIGN, *to(sandbox.url))
    arrived = archive(desk, sandbox)
    for _ in range(2):
        assert desk.run("replay", arrived, *to(sandbox.url, "--again", "second")).code == 0
    assert sandbox.stats()["unique"] == sandbox.stats()["accepted"] == 828


def test_a_label_knows_an_event_by_the_wire_id_that_it_had_without_the_label(
    desk: Desk, sandbox: Sandbox
) -> None:
    desk.run("backfill", CAMPAIGN, *to(sandbox.url))
    desk.run("backfill", CAMPAIGN, *to(sandbox.url, "--again", "second"))
    result = desk.run("replay", archive(desk, sandbox), *to(sandbox.url, "--json", "--again", "second"))
    assert result.json["events"]["already_accepted"] == 828
    assert sandbox.stats()["accepted"] == 828


def test_a_label_knows_an_event_that_an_archive_has_brought_by_its_wire_id(
    desk: Desk, sandbox: Sandbox
) -> None:
    desk.run("backfill", CAMPAIGN, *to(sandbox.url))
    assert desk.run("replay", archive(desk, sandbox), *to(sandbox.url, "--again", "second")).code == 0
    result = desk.run("backfill", CAMPAIGN, *to(sandbox.url, "--json", "--again", "second"))
    assert result.json["events"]["already_accepted"] == 414
    assert sandbox.stats()["accepted"] == 828


def test_an_archive_from_another_key_of_the_same_events_needs_a_decision(
    desk: Desk, sandbox: Sandbox
) -> None:
    desk.run("backfill", CAMPAIGN, *to(sandbox.url))
    words = ["replay", archive(desk, sandbox), "--endpoint", sandbox.url, "--yes", *FAST]
    other_key = ("--write-key", "another-key-0123456789abcdefghij")
    assert desk.run(*words, *other_key).code == 7
    assert sandbox.stats()["accepted"] == 414
    assert desk.run(*words, *other_key, "--new-destination").code == 0


def test_the_same_id_with_other_content_is_named_with_both_lines_and_goes_once(
    desk: Desk, sandbox: Sandbox
) -> None:
    file = ndjson(desk, "two.ndjson", good(), good(properties={"campaign_id": "c2"}), good(context={"x": 1}))
    result = desk.run("replay", file, *to(sandbox.url, "--json"))
    (problem,) = [p for p in result.json["problems"] if p["code"] == "same-id-other-content"]
    assert (problem["line"], "line 1" in problem["message"]) == (2, True)
    assert (result.json["events"]["duplicate"], sandbox.stats()["accepted"]) == (2, 1)


def test_a_second_replay_with_other_content_is_named_and_sends_nothing(desk: Desk, sandbox: Sandbox) -> None:
    desk.run("replay", ndjson(desk, "one.ndjson", good()), *to(sandbox.url))
    other = ndjson(desk, "other.ndjson", good(properties={"campaign_id": "c2"}))
    result = desk.run("replay", other, *to(sandbox.url, "--json"))
    assert result.json["problem_counts"] == {"same-id-other-content": 1}
    assert (result.json["events"]["already_accepted"], sandbox.stats()["accepted"]) == (1, 1)


def test_refused_messages_are_replayed_under_the_ids_that_they_had(desk: Desk) -> None:
    rows = desk.file("rows.csv", opened("u1"), opened("u2", 1), opened("u3", 2))
    with serve(Settings(keep_messages=True, script=("400", "400", None, "400", None))) as sandbox:
        first = desk.run("backfill", rows, *to(sandbox.url, "--rejects", "left", "--json"))
        refused = first.json["events"]["refused"]
        assert first.code == 1
        assert refused
        second = desk.run("replay", "left/refused-messages.ndjson", *to(sandbox.url, "--json"))
        assert (second.code, second.json["events"]["accepted"]) == (0, refused)
        arrived = sent(sandbox)
    expected = [
        each.wire_id(namespace(sandbox))
        for each in reference.expect(
            reference.read_csv((desk.folder / rows).read_bytes()), reference.Settings(version="0.1.0")
        )
    ]
    assert sorted(arrived) == sorted(expected)


# What a 200 would hide

BROKEN: list[tuple[str, dict[str, Any] | str, str | None]] = [
    ("json-not-object", '["track"]', None),
    ("json-not-object", '"track"', None),
    ("json-invalid", '{"messageId": "m"', None),
    ("json-duplicate-key", '{"messageId":"m","messageId":"n"}', "messageId"),
    ("json-duplicate-key", '{"messageId":"m","properties":{"a":1,"a":2}}', "a"),
    ("json-not-a-number", '{"messageId":"m","properties":{"a":NaN}}', None),
    ("json-empty-key", '{"messageId":"m","properties":{"":1}}', None),
    ("json-too-deep", '{"messageId":' + "[" * 40 + "]" * 40 + "}", None),
    ("json-lone-surrogate", '{"messageId":"m","properties":{"a":["\\ud83d"]}}', "properties"),
    ("nul-character", '{"messageId":"m","properties":{"a":"\\u0000"}}', None),
    ("message-type-unknown", good(type="tracking"), "type"),
    ("message-type-unknown", good(type=None), "type"),
    ("message-type-unknown", good(type=["track"]), "type"),
    ("message-id-missing", good(messageId=None), "messageId"),
    ("message-id-missing", good(messageId=" "), "messageId"),
    ("message-id-missing", good(messageId=17), "messageId"),
    ("person-missing", good(userId=None), None),
    ("person-missing", '{"userId":null,' + json.dumps(good(userId=None))[1:], None),
    ("id-not-text", good(userId=""), "userId"),
    ("id-not-text", good(userId=" \t"), "userId"),
    ("id-not-text", good(userId=17), "userId"),
    ("id-not-text", good(userId=1.5), "userId"),
    ("id-not-text", good(userId=10**21), "userId"),
    ("id-not-text", good(anonymousId=""), "anonymousId"),
    ("id-not-text", good(anonymousId=[]), "anonymousId"),
    ("id-not-text", good(type="alias", previousId=False), "previousId"),
    ("id-not-text", good(type="group", groupId={}), "groupId"),
    ("event-missing", good(event=None), "event"),
    ("name-not-text", good(event=""), "event"),
    ("name-not-text", good(event=17), "event"),
    ("name-not-text", good(type="page", name=""), "name"),
    ("name-not-text", good(type="page", name=17), "name"),
    ("name-not-text", good(type="page", category=[]), "category"),
    ("member-not-object", good(properties=[]), "properties"),
    ("member-not-object", good(properties="none"), "properties"),
    ("member-not-object", good(type="identify", traits=17), "traits"),
    ("member-not-object", good(context="server"), "context"),
    ("member-not-object", good(integrations=["All"]), "integrations"),
    ("timestamp-missing", good(timestamp=None), "timestamp"),
    ("timestamp-missing", good(timestamp=""), "timestamp"),
    ("timestamp-no-zone", good(timestamp="2024-03-01T09:30:00.000"), "timestamp"),
    ("timestamp-unreadable", good(timestamp="yesterday"), "timestamp"),
    ("timestamp-unreadable", good(timestamp=1709285400000), "timestamp"),
    ("timestamp-future", good(timestamp="2999-01-01T00:00:00Z"), "timestamp"),
    ("timestamp-before-1970", good(timestamp="0001-01-01T00:00:00Z"), "timestamp"),
    ("event-too-large", good(properties={"a": "x" * 32_000}), None),
]


@pytest.mark.parametrize(("code", "line", "column"), BROKEN)
def test_a_line_that_segment_would_drop_is_named_with_its_place_and_a_hint(
    desk: Desk, code: str, line: dict[str, Any] | str, column: str | None
) -> None:
    file = ndjson(desk, "broken.ndjson", good(messageId="first"), "", line, good(messageId="last"))
    result = desk.run("replay", file, "--dry-run", "--json", "--rejects", "left")
    (problem,) = [p for p in result.json["problems"] if p["severity"] == "error"]
    assert (problem["code"], problem["line"], problem["column"]) == (code, 3, column)
    assert problem["hint"]
    assert "--timezone" not in problem["hint"]
    assert result.json["rows"] == {"read": 3, "mapped": 2, "rejected": 1, "filtered": 0}
    assert result.code == 8


def test_the_broken_sample_shows_what_its_list_says(desk: Desk) -> None:
    broken = str(SAMPLES / "broken-messages.ndjson")
    expected = json.loads((SAMPLES / "broken-messages.expected.json").read_text(encoding="utf-8"))
    result = desk.run("replay", broken, "--rehearse", "--json", "--max-errors", "7", "--rejects", "left")
    problems = sorted(result.json["problems"], key=lambda problem: int(problem["line"]))
    assert [{name: problem[name] for name in expected[0]} for problem in problems] == expected
    assert (result.code, balanced(result), result.json["events"]["accepted"]) == (1, True, 2)


def test_a_first_line_that_is_no_json_does_not_hide_the_others(desk: Desk) -> None:
    file = ndjson(desk, "broken.ndjson", "messageId,event", good())
    result = desk.run("replay", file, "--dry-run", "--json")
    assert result.json["rows"] == {"read": 2, "mapped": 1, "rejected": 1, "filtered": 0}


def test_bytes_that_are_no_text_are_named_and_kept_as_they_stood(desk: Desk) -> None:
    bad = json.dumps(good()).encode().replace(b"u1", b"\xff1") + b"\r\n"
    (desk.folder / "bad.ndjson").write_bytes(json.dumps(good()).encode() + b"\r\n" + bad)
    result = desk.run("replay", "bad.ndjson", "--dry-run", "--json", "--rejects", "left")
    assert [(p["code"], p["line"]) for p in result.json["problems"]] == [("bad-encoding", 2)]
    assert (desk.folder / "left/bad.unreadable.txt").read_bytes() == bad


def test_everything_that_is_wrong_with_a_message_is_said_at_once(desk: Desk) -> None:
    file = ndjson(desk, "broken.ndjson", good(userId=17, event=None, timestamp="soon"))
    result = desk.run("replay", file, "--dry-run", "--json")
    assert set(result.json["problem_counts"]) == {"id-not-text", "event-missing", "timestamp-unreadable"}


def test_white_space_around_ids_and_names_goes_with_a_warning(desk: Desk) -> None:
    file = ndjson(desk, "spaced.ndjson", good(userId=" u1 ", event="Email Opened\n", properties={"a": " x "}))
    result = desk.run("replay", file, "--dry-run", "--json", "--out", "out.ndjson")
    (message,) = desk.messages("out.ndjson")
    assert (result.code, result.json["problem_counts"]) == (0, {"outer-space": 2})
    assert (message["userId"], message["event"], message["properties"]) == (
        "u1",
        "Email Opened",
        {"a": " x "},
    )


def test_a_placeholder_for_a_person_is_rejected(desk: Desk) -> None:
    file = ndjson(desk, "placeholder.ndjson", good(userId=None, anonymousId="undefined"))
    result = desk.run("replay", file, "--dry-run", "--json")
    (problem,) = result.json["problems"]
    assert (problem["code"], problem["column"], result.code) == ("placeholder-person", "anonymousId", 8)
    allowed = desk.run("replay", file, "--dry-run", "--json", "--allow-implausible-people")
    assert ([each["code"] for each in allowed.json["problems"]], allowed.code) == (["placeholder-person"], 8)


@pytest.mark.parametrize("word", ["NULL", "0", "-1", "{{user.id}}"])
def test_an_id_that_stands_for_nothing_is_left_out_where_the_user_says_so(desk: Desk, word: str) -> None:
    both = good(userId=word, anonymousId="p1", messageId="m1")
    only = good(userId=None, anonymousId=word, messageId="m2")
    file = ndjson(desk, "nulls.ndjson", both, good(messageId="m3"))
    refused = desk.run("replay", file, "--dry-run", "--json")
    (problem,) = refused.json["problems"]
    assert (problem["code"], problem["line"], refused.code) == ("placeholder-person", 1, 8)
    _, found, value = problem["hint"].partition("--null")
    assert (found, "profile" in problem["hint"]) == ("--null", False)
    option = shlex.split(found + value)
    made = desk.run("replay", file, "--dry-run", "--json", "--out", "o.ndjson", *option)
    first, second = desk.messages("o.ndjson")
    assert (made.code, made.json["files"][0]["emptied"]) == (0, {"userId": 1})
    assert ("userId" in first, first["anonymousId"]) == (False, "p1")
    assert second["userId"] == good()["userId"]
    alone = desk.run("replay", ndjson(desk, "only.ndjson", only), "--dry-run", "--json", f"--null={word}")
    assert (alone.json["problem_counts"], alone.code) == ({"person-missing": 1}, 8)


def test_a_null_text_is_looked_for_in_the_context_and_is_no_member_of_another_type(desk: Desk) -> None:
    within = good(userId="u1", context={"personId": "NULL", "ip": "192.0.2.1"}, messageId="m1")
    file = ndjson(desk, "nulls.ndjson", within, good(userId=["NULL"], messageId="m2"))
    made = desk.run(
        "replay", file, "--dry-run", "--json", "--out", "o.ndjson", "--null", "NULL", "--max-errors", "1"
    )
    (message,) = desk.messages("o.ndjson")
    assert ("personId" in message["context"], message["context"]["ip"]) == (False, "192.0.2.1")
    assert (made.json["files"][0]["emptied"], made.json["rows"]["rejected"]) == ({"personId": 1}, 1)


@pytest.mark.parametrize("value", ["grÃ¼n", "l\ufffdst"])
def test_a_damaged_id_of_a_person_is_rejected(desk: Desk, value: str) -> None:
    file = ndjson(desk, "damaged.ndjson", good(userId=value))
    result = desk.run("replay", file, "--dry-run", "--json")
    (problem,) = result.json["problems"]
    assert (problem["code"], problem["column"], result.code) == ("person-id-damaged", "userId", 8)


@pytest.mark.parametrize("over", [0, 1])
def test_a_message_may_have_32000_bytes_and_not_one_more(desk: Desk, over: int) -> None:
    bare = len((desk.folder / dry_run(desk, "replay", ndjson(desk, "m.ndjson", sized(0)))).read_bytes()) - 1
    file = ndjson(desk, "m.ndjson", sized(32_000 - bare + over))
    result = desk.run("replay", file, "--dry-run", "--json", "--out", "sized.ndjson")
    assert result.code == 8 * over
    if not over:
        assert len((desk.folder / "sized.ndjson").read_bytes()) == 32_001  # with its line end


def sized(size: int) -> dict[str, Any]:
    return good(properties={"a": "ü" * (size // 2) + "x" * (size % 2)})


def test_a_file_of_rows_is_refused_with_the_way_to_send_it(desk: Desk) -> None:
    result = desk.run("replay", CAMPAIGN, "--dry-run", "--json")
    assert (result.code, result.json["error"]["code"]) == (4, "input")
    assert "infl-seg backfill" in result.json["error"]["hint"]


# What is sent


def test_digits_and_letters_come_through_as_they_stood(desk: Desk) -> None:
    said = (
        '{"big":123456789012345678901,"price":1.10,"tiny":1E-7,"zero":-0,"list":[1.0,"é\\u00e9",{"a":null}]}'
    )
    line = json.dumps(good(properties={})).replace('"properties": {}', f'"properties": {said}')
    dry_run(desk, "replay", ndjson(desk, "digits.ndjson", line), out="out.ndjson")
    text = (desk.folder / "out.ndjson").read_text(encoding="utf-8")
    assert '"properties":' + said.replace("\\u00e9", "é") in text


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"))
KEYS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


@SPACED
@given(properties=st.dictionaries(KEYS, JSON, max_size=4))
def test_however_a_line_is_spaced_and_escaped_it_says_the_same(
    desk: Desk, properties: dict[str, Any]
) -> None:
    message = good(properties=properties)
    tight = ndjson(desk, "tight.ndjson", json.dumps(message, separators=(",", ":"), ensure_ascii=False))
    loose = ndjson(desk, "loose.ndjson", json.dumps(message, separators=(", ", " :  "), ensure_ascii=True))
    (first,) = desk.messages(dry_run(desk, "replay", tight, out="tight.out"))
    (second,) = desk.messages(dry_run(desk, "replay", loose, out="loose.out"))
    assert first == second
    assert first["properties"] == properties


@SPACED
@given(
    lines=st.lists(
        st.sampled_from(
            [json.dumps(good()), "", " \t", "[]", "{", '{"a":1}', '{"a":"' + "x" * 90 + '"}', '{"a": 1.10}']
        ),
        min_size=1,
        max_size=12,
    ),
    end=st.sampled_from(["\n", "\r\n"]),
    size=st.integers(1, 300),
)
def test_lines_are_read_alike_whatever_the_size_of_a_chunk(
    desk: Desk, lines: list[str], end: str, size: int
) -> None:
    file = desk.folder / "lines.ndjson"
    file.write_bytes(end.join(['{"a":0}', *lines, '{"a":2}']).encode())
    source = detect(str(file), ReadOptions(format="ndjson"))

    def told(chunks: list[Chunk]) -> list[Any]:
        places = [
            place for c in chunks for place in zip(c.lines, c.rows, count(c.first_number), strict=False)
        ]
        unread = [(f.line, f.raw, f.problem.rule.code) for c in chunks for f in c.faults]
        return [places, unread]

    whole = [found.chunk for found in read_lines(source, ReadOptions())]
    split = [found.chunk for found in read_lines(source, ReadOptions(chunk_bytes=size))]
    assert told(split) == told(whole)
    read = sum(len(chunk.rows) + len(chunk.faults) for chunk in whole)
    assert read == 2 + sum(1 for line in lines if line.strip())


def test_members_that_segment_does_not_know_stay_as_they_are(desk: Desk) -> None:
    line = good(custom={"a": None}, other=None)
    text = json.dumps(line)[:-1] + ',"nothing":null}'
    dry_run(desk, "replay", ndjson(desk, "m.ndjson", text), out="out.ndjson")
    (message,) = desk.messages("out.ndjson")
    assert message["custom"] == {"a": None}
    assert message["nothing"] is None


def test_times_go_out_in_utc_with_milliseconds(desk: Desk) -> None:
    stamps = ["2024-03-01T09:30:00+02:00", "2024-03-01 09:30:00.1239Z", "2024-03-01T09:30Z"]
    messages = [good(messageId=str(i), timestamp=stamp) for i, stamp in enumerate(stamps)]
    dry_run(desk, "replay", ndjson(desk, "m.ndjson", *messages), out="out.ndjson")
    assert [message["timestamp"] for message in desk.messages("out.ndjson")] == [
        "2024-03-01T07:30:00.000Z",
        "2024-03-01T09:30:00.123Z",
        "2024-03-01T09:30:00.000Z",
    ]


def test_integrations_and_context_are_laid_over_what_a_message_says(desk: Desk) -> None:
    file = ndjson(
        desk,
        "m.ndjson",
        good(messageId="a"),
        good(messageId="b", integrations={"Inflection": True, "All": True}, context={"app": "x"}),
    )
    dry_run(desk, "replay", file, "--integration", "All=false", "--context", "import=q1", out="out.ndjson")
    first, second = desk.messages("out.ndjson")
    assert first["integrations"] == {"Inflection": False, "All": False}
    assert second["integrations"] == {"Inflection": True, "All": False}
    assert (first["context"], second["context"]) == ({"import": "q1"}, {"app": "x", "import": "q1"})


def test_what_is_chosen_on_the_command_line_alone_goes(desk: Desk) -> None:
    messages = [
        good(messageId="a", timestamp="2024-03-01T00:00:00Z"),
        good(messageId="b", timestamp="2024-03-02T00:00:00Z"),
        good(messageId="c", timestamp="2024-03-02T00:00:00Z", event="Email Link Clicked"),
        good(messageId="d", timestamp="2024-03-02T00:00:00Z", type="page", event=None),
        good(messageId="e", timestamp="2024-03-03T00:00:00Z"),
        good(messageId="f", userId=17),
    ]
    file = ndjson(desk, "m.ndjson", *messages)
    span = ("--since", "2024-03-02", "--until", "2024-03-03")
    result = desk.run("replay", file, "--dry-run", "--json", *span, "--event", "click", "--limit", "5")
    assert result.json["rows"] == {"read": 5, "mapped": 1, "rejected": 0, "filtered": 4}
    assert result.json["filtered_by"] == {"--event": 4}
    assert result.json["by_event"] == {"Email Link Clicked": 1}
    result = desk.run("replay", file, "--dry-run", "--json", *span, "--limit", "5")
    assert (result.json["filtered_by"], result.json["rows"]["mapped"]) == ({"--since/--until": 2}, 3)


def test_a_broken_message_of_another_event_is_left_out_and_one_of_no_event_is_not(desk: Desk) -> None:
    messages = [good(), good(event="Link Clicked", userId=17), good(event=None), good(type="tracking")]
    file = ndjson(desk, "m.ndjson", *messages)
    result = desk.run("replay", file, "--dry-run", "--json", "--event", "opened")
    assert result.json["rows"] == {"read": 4, "mapped": 1, "rejected": 2, "filtered": 1}


LINES = st.lists(
    st.sampled_from(["good", "same", "late", "page", "broken", "unreadable", "blank"]),
    min_size=1,
    max_size=30,
)


@SPACED
@given(kinds=LINES, limit=st.none() | st.integers(1, 30))
def test_every_line_and_every_message_is_accounted_for(
    desk: Desk, sandbox: Sandbox, kinds: list[str], limit: int | None
) -> None:
    sandbox.forget()
    made: dict[str, dict[str, Any] | str] = {
        "same": good(),
        "late": good(messageId="late", timestamp="2024-05-01T00:00:00Z"),
        "page": good(messageId="page", type="page", event=None),
        "broken": good(userId=17),
        "unreadable": "{",
        "blank": "",
    }
    lines = [made.get(kind, good(messageId=f"m{i}")) for i, kind in enumerate(kinds)]
    file = ndjson(desk, "mixed.ndjson", good(messageId="first"), *lines)
    most = ("--limit", str(limit)) if limit else ()
    words = ("--until", "2024-04-01", "--max-errors", "100%", "--json", *most)
    result = desk.run(
        "replay", file, *to(sandbox.url, *words, "--state-dir", str(desk.folder / uuid.uuid4().hex))
    )
    taken = ["good", *(kind for kind in kinds if kind != "blank")][:limit]
    report = result.json
    assert balanced(result)
    assert report["rows"]["read"] == len(taken)
    assert report["rows"]["rejected"] == sum(kind in {"broken", "unreadable"} for kind in taken)
    assert report["rows"]["filtered"] == report["events"]["filtered"] == taken.count("late")
    unique = taken.count("good") + len({"same", "page"} & set(taken))
    assert report["events"]["accepted"] == sandbox.stats()["unique"] == unique
    assert report["events"]["duplicate"] == report["events"]["built"] - unique


# Rejects


def test_rejected_lines_are_fixed_in_the_rejects_and_replayed(desk: Desk, sandbox: Sandbox) -> None:
    broken = (
        '{ "messageId" : "a","userId":17,  "type":"track", "event":"Email Opened", "n": 1.10,'
        ' "timestamp":"2024-03-01T09:30:00Z" }'
    )
    file = ndjson(desk, "m.ndjson", good(), broken, '{"messageId": "b"')
    words = to(sandbox.url, "--json", "--max-errors", "2", "--rejects", "left")
    assert desk.run("replay", file, *words).code == 1
    rejects = desk.folder / "left/m.rejects.ndjson"
    kept = rejects.read_text(encoding="utf-8")
    assert kept.startswith('{"infl_seg_file":"m.ndjson","infl_seg_line":"2","infl_seg_code":"id-not-text"')
    assert kept.rstrip("\n").endswith(broken.lstrip("{ "))
    assert (desk.folder / "left/m.unreadable.txt").read_text(encoding="utf-8") == '{"messageId": "b"\n'
    rejects.write_text(kept.replace('"userId":17', '"userId":"u17"'), encoding="utf-8")
    result = desk.run("replay", str(rejects), *to(sandbox.url, "--json"))
    assert (result.code, result.json["events"]["accepted"]) == (0, 1)
    expected = uuid.UUID(reference.uuid8(b"infl-seg/1 ready\n1:a,")).bytes
    fixed = sent(sandbox)[wire_id(expected, sandbox)]
    assert not [name for name in fixed if name.startswith("infl_seg")]
    assert fixed["userId"] == "u17"


def test_a_line_that_is_rejected_again_carries_our_columns_once(desk: Desk) -> None:
    file = ndjson(desk, "m.ndjson", good(), good(userId=17))
    desk.run("replay", file, "--dry-run", "--rejects", "one")
    desk.run("replay", "one/m.rejects.ndjson", "--dry-run", "--rejects", "two")
    (line,) = (desk.folder / "two/m.rejects.rejects.ndjson").read_text(encoding="utf-8").splitlines()
    assert line.count("infl_seg_line") == 1
    assert json.loads(line)["userId"] == 17
    assert [json.loads(line)[name] for name in ("infl_seg_file", "infl_seg_line")] == ["m.ndjson", "2"]


def test_an_empty_object_is_marked_as_well() -> None:
    assert json.loads(marked("{ }", "f", 1, "c", "r")) == {
        "infl_seg_file": "f",
        "infl_seg_line": "1",
        "infl_seg_code": "c",
        "infl_seg_reason": "r",
    }


# Files and manners


def test_gzip_globs_and_standard_input_are_read(desk: Desk, sandbox: Sandbox) -> None:
    lines = [json.dumps(message).encode() + b"\n" for message in numbered(6)]
    (desk.folder / "a1.ndjson").write_bytes(b"".join(lines[:2]))
    (desk.folder / "a2.ndjson.gz").write_bytes(gzip.compress(b"".join(lines[2:4])))
    result = desk.run("replay", "a*.ndjson*", "-", *to(sandbox.url, "--json"), stdin=b"".join(lines[4:]))
    assert (result.code, sandbox.stats()["unique"]) == (0, 6), result.err
    assert [file["path"] for file in result.json["files"]] == ["a1.ndjson", "a2.ndjson.gz", "-"]


def test_nothing_is_sent_unasked(desk: Desk, sandbox: Sandbox) -> None:
    result = desk.run("replay", READY, "--endpoint", sandbox.url, "--write-key", KEY)
    assert (result.code, sandbox.stats()["requests"]) == (2, 0)
    assert "--yes" in result.err


def test_too_many_broken_messages_stop_a_replay_before_it_sends(desk: Desk, sandbox: Sandbox) -> None:
    file = ndjson(desk, "m.ndjson", good(), good(userId=17))
    result = desk.run("replay", file, *to(sandbox.url))
    assert (result.code, sandbox.stats()["requests"]) == (8, 0)
    assert "fix the cause first" in result.err


def test_a_rehearsal_of_the_samples_accounts_for_every_message(desk: Desk) -> None:
    result = desk.run("replay", READY, ARCHIVE, "--rehearse", "--json")
    assert (result.code, balanced(result), result.json["events"]["accepted"]) == (0, True, 14)


# The scheme


@pytest.mark.parametrize(
    ("message_id", "content_id"),
    [
        ("dcaa92e1-e12b-8001-8053-ee3f1c0c2057", "dcaa92e1e12b80018053ee3f1c0c2057"),
        ("00000000-0000-0000-0000-000000000000", "00000000000000000000000000000000"),
        ("6BA7B810-9DAD-11D1-80B4-00C04FD430C8", "6ba7b8109dad11d180b400c04fd430c8"),
        ("node-next-1705310000001-00000000-0000-4000-8000-000000000001", "d6dfe11a5a92800180644e70fe1e203f"),
        ("6ba7b8109dad11d180b400c04fd430c8", "56b3b62369fe8001808c701b7fa7c7b0"),
        ("ü", "4a22d0b58aa380018074ecede75cf227"),
    ],
)
def test_the_content_id_of_a_ready_message_never_changes(message_id: str, content_id: str) -> None:
    assert ready_id(message_id).hex() == content_id


@given(st.text(min_size=1))
def test_a_text_id_is_hashed_as_the_scheme_says(message_id: str) -> None:
    if not reference_uuid(message_id):
        raw = message_id.encode()
        digest = hashlib.blake2b(b"infl-seg/1 ready\n%d:%s," % (len(raw), raw), digest_size=13).digest()
        assert ready_id(message_id) == digest[:6] + b"\x80\x01\x80" + digest[6:]


def reference_uuid(text: str) -> bool:
    parts = text.split("-")
    return [len(part) for part in parts] == [8, 4, 4, 4, 12] and text.isascii()


def test_a_replay_is_verified_as_a_backfill_is(desk: Desk, sandbox: Sandbox) -> None:
    ready = ndjson(desk, "two.ndjson", good(), good(messageId="another-one"))
    assert desk.run("replay", ready, *to(sandbox.url)).code == 0
    done = desk.run("runs", "verify", ready, "--json")
    assert (done.code, done.json["command"]) == (0, "runs verify")
    ndjson(desk, "three.ndjson", good(), good(messageId="another-one"), good(messageId="never-sent"))
    assert desk.run("runs", "verify", "three.ndjson", "--run", "last", "--json").code == 1
