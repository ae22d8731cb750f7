"""What people have to replay: request bodies, raw-data archives, dead letters of other tools (F11)."""

import base64
import csv
import gzip
import io
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import table_files as tables
from command_support import Desk


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk.at(tmp_path, monkeypatch)


def message(number: int, **more: Any) -> dict[str, Any]:
    return {
        "type": "track",
        "event": "Email Opened",
        "userId": f"u{number}",
        "messageId": f"m{number}",
        "timestamp": "2024-03-05T08:00:00Z",
        "properties": {"email_id": "e1", "campaign_id": "c1"},
        "context": {},
        **more,
    }


def csv_of(rows: Iterable[Iterable[Any]]) -> str:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue()


BODY = {"batch": [message(1), message(2)], "sentAt": "2024-03-05T08:00:01Z"}


def replayed(desk: Desk, *words: str) -> list[dict[str, Any]]:
    done = desk.run("replay", *words, "--dry-run", "--out", "m")
    assert done.code == 0, done.err
    return desk.messages("m")


def test_a_request_body_is_replayed_as_its_messages(desk: Desk) -> None:
    Path("b.json").write_text(json.dumps(BODY))
    Path("c.ndjson").write_text("".join(json.dumps(each) + "\n" for each in BODY["batch"]))
    found = replayed(desk, "b.json")
    assert [each["userId"] for each in found] == ["u1", "u2"]
    assert found == replayed(desk, "c.ndjson")


def test_bodies_and_messages_stand_in_one_file_line_by_line(desk: Desk) -> None:
    Path("b.ndjson").write_text(f"{json.dumps(message(7))}\n{json.dumps(BODY)}\n")
    assert [each["userId"] for each in replayed(desk, "b.ndjson")] == ["u7", "u1", "u2"]


def test_the_hint_of_backfill_leads_to_a_replay_that_works(desk: Desk) -> None:
    Path("b.json").write_text(json.dumps(BODY))
    refused = desk.run("backfill", "b.json", "--records", "batch", "--dry-run")
    assert refused.code == 4
    assert "infl-seg replay b.json" in refused.err
    assert len(replayed(desk, "b.json")) == 2
    assert len(replayed(desk, "b.json", "--records", "batch")) == 2


def test_what_a_body_says_for_all_its_messages_is_kept_and_a_messages_own_counts_first(desk: Desk) -> None:
    own = message(2, context={"ip": "192.0.2.2"})
    body = {
        "batch": [message(1), own],
        "context": {"ip": "192.0.2.1", "locale": "de"},
        "integrations": {"X": False},
    }
    Path("b.json").write_text(json.dumps(body))
    one, two = replayed(desk, "b.json")
    assert (one["context"]["ip"], two["context"]["ip"]) == ("192.0.2.1", "192.0.2.2")
    assert one["context"]["locale"] == two["context"]["locale"] == "de"
    assert one["integrations"]["X"] is two["integrations"]["X"] is False


def test_a_null_of_a_message_does_not_undo_what_its_body_turns_off(desk: Desk) -> None:
    body = {"batch": [message(1, integrations=None, context=None)], "integrations": {"All": False}}
    Path("b.json").write_text(json.dumps({**body, "context": {"ip": "192.0.2.1"}}))
    (found,) = replayed(desk, "b.json")
    assert found["integrations"] == {"All": False, "Inflection": False}
    assert found["context"] == {"ip": "192.0.2.1"}


@pytest.mark.parametrize("text", [False, True])
def test_dead_letters_are_found_by_their_path_be_they_objects_or_text(desk: Desk, text: bool) -> None:
    def letter(number: int) -> str:
        payload: Any = message(number, properties={"price": 1.5, "email_id": "e", "campaign_id": "c"})
        return json.dumps(
            {"error": "timeout", "request": {"payload": json.dumps(payload) if text else payload}}
        )

    Path("d.ndjson").write_text(letter(1).replace("1.5", "1.50") + "\n" + letter(2) + "\n")
    found = replayed(desk, "d.ndjson", "--records", "request.payload")
    assert [each["userId"] for each in found] == ["u1", "u2"]
    assert b'"price":1.50' in Path("m").read_bytes()


@pytest.mark.parametrize("spread", [None, 1])
def test_a_path_is_taken_with_the_dot_that_inspect_writes_before_it(desk: Desk, spread: int | None) -> None:
    letters = [{"id": n, "request": {"body": {**BODY, "batch": [message(n)]}}} for n in (1, 2)]
    Path("d.json").write_text("\n".join(json.dumps(each, indent=spread) for each in letters))
    inspected = desk.run("inspect", "d.json", "--records", ".request.body.batch")
    proposed = "replay d.json --records .request.body.batch --dry-run"
    assert proposed in inspected.out
    assert "infl-seg replay FILE --records .request.body.batch" in inspected.out
    assert [each["userId"] for each in replayed(desk, *proposed.split()[1:-1])] == ["u1", "u2"]


def test_a_line_without_the_member_is_rejected_with_its_number(desk: Desk) -> None:
    Path("d.ndjson").write_text(json.dumps({"payload": message(1)}) + '\n{"error": 1}\n{"payload": [3]}\n')
    told = desk.run("replay", "d.ndjson", "--records", "payload", "--dry-run", "--json").json
    assert told["rows"] == {"read": 3, "mapped": 1, "rejected": 2, "filtered": 0}
    assert [(each["code"], each["line"]) for each in told["problems"] if each["severity"] == "error"] == [
        ("json-no-records", 2),
        ("json-not-object", 3),
    ]


def test_a_rejected_message_of_a_body_is_mended_and_replayed_from_the_rejects(desk: Desk) -> None:
    Path("b.json").write_text(json.dumps({**BODY, "batch": [message(1), message(2, type="trak")]}))
    assert desk.run("replay", "b.json", "--dry-run", "--rejects", "r", "--max-errors", "1").code == 1
    (rejects,) = Path("r").iterdir()
    rejects.write_text(rejects.read_text().replace("trak", "track"))
    assert [each["userId"] for each in replayed(desk, str(rejects))] == ["u2"]


def test_a_folder_of_bare_gz_is_an_archive(desk: Desk) -> None:
    for number in (0, 1):
        folder = Path(f"seglogs/source/{number}")
        folder.mkdir(parents=True)
        (folder / f"part-{number}.gz").write_bytes(gzip.compress(json.dumps(message(number)).encode()))
    Path("seglogs/notes.pdf.gz").write_bytes(gzip.compress(b"no export"))
    assert [each["userId"] for each in replayed(desk, "seglogs")] == ["u0", "u1"]


def test_an_old_identify_with_traits_is_a_warning(desk: Desk) -> None:
    old = message(1, type="identify", traits={"plan": "free"})
    Path("i.ndjson").write_text("".join(json.dumps(each) + "\n" for each in [old, {**old, "messageId": "b"}]))
    told = desk.run("replay", "i.ndjson", "--dry-run", "--json").json
    warned = [each for each in told["problems"] if each["code"] == "identify-old"]
    assert [(each["severity"], each["line"]) for each in warned] == [("warning", 1), ("warning", 2)]
    Path("i.ndjson").write_text(json.dumps({**old, "traits": {}}))
    assert "identify-old" not in desk.run("replay", "i.ndjson", "--dry-run", "--json").out


BODY_OF_TEXT = {"topic": "dlq", "offset": 7, "headers": [{"key": "error"}]}
LETTERS: dict[str, tuple[str, str, str]] = {
    # What a file holds, its name, and where its messages are.
    "a dump of a Kafka topic, its value as JSON text": (
        "".join(json.dumps({**BODY_OF_TEXT, "value": json.dumps(message(at))}) + "\n" for at in (1, 2)),
        "k.ndjson",
        "value",
    ),
    "a Kafka topic of request bodies": (
        json.dumps({**BODY_OF_TEXT, "value": json.dumps(BODY)}),
        "k.ndjson",
        "value",
    ),
    "messages of SQS, as its command prints them": (
        json.dumps(
            {"Messages": [{"MessageId": "a", "Body": json.dumps(message(at))} for at in (1, 2)]}, indent=4
        ),
        "sqs.json",
        "Messages.Body",
    ),
    "an event of Lambda with two records of SQS": (
        json.dumps({"Records": [{"messageId": "a", "body": json.dumps(message(at))} for at in (1, 2)]}),
        "lambda.json",
        "Records.body",
    ),
    "messages of SNS in those of SQS": (
        "".join(
            json.dumps({"Body": json.dumps({"Type": "Notification", "Message": json.dumps(message(at))})})
            + "\n"
            for at in (1, 2)
        ),
        "sns.ndjson",
        "Body.Message",
    ),
    "records of a stream in Base64": (
        "".join(
            json.dumps({"rawData": base64.b64encode(json.dumps(message(at)).encode()).decode()}) + "\n"
            for at in (1, 2)
        ),
        "firehose.ndjson",
        "rawData",
    ),
    "failed events with the reason beside them, a list over lines": (
        json.dumps([{"error": "timeout", "payload": message(at)} for at in (1, 2)], indent=2),
        "failed.json",
        "payload",
    ),
    "a letter with a type of its own": (
        "".join(json.dumps({"type": "failed", "event": message(at)}) + "\n" for at in (1, 2)),
        "typed.ndjson",
        "event",
    ),
    "a gateway's failed requests": (
        json.dumps(
            {"UUID": "x", "EventPayload": {**BODY, "writeKey": "k"}, "Parameters": {"source_id": "s"}}
        ),
        "rudder.ndjson",
        "EventPayload",
    ),
    "a table of failed events as CSV": (
        csv_of([["id", "error", "event_payload"], *([at, "x", json.dumps(message(at))] for at in (1, 2))]),
        "rudder.csv",
        "event_payload",
    ),
}


QUICK = ("messages of SQS, as its command prints them", "a table of failed events as CSV")
"""These go by readers of their own; the rest differ in the path alone."""


def quick_and_slow(names: Iterable[str]) -> list[Any]:
    return [pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in names]


@pytest.mark.parametrize("name", quick_and_slow(LETTERS))
def test_dead_letters_of_other_tools_are_replayed_as_the_messages_in_them(desk: Desk, name: str) -> None:
    text, file, path = LETTERS[name]
    Path(file).write_text(text)
    Path("c.ndjson").write_text("".join(json.dumps(message(at)) + "\n" for at in (1, 2)))
    assert replayed(desk, file, "--records", path) == replayed(desk, "c.ndjson")


@pytest.mark.parametrize("name", quick_and_slow(name for name in LETTERS if "CSV" not in name))
def test_the_place_of_the_messages_is_named_where_it_was_not_given(desk: Desk, name: str) -> None:
    text, file, path = LETTERS[name]
    Path(file).write_text(text)
    refused = desk.run("replay", file, "--dry-run")
    assert refused.code == 4
    assert f"--records {path}" in refused.err


def test_messages_in_a_column_of_a_table_are_replayed(desk: Desk) -> None:
    rows = [{"topic": "dlq", "value": json.dumps(message(at))} for at in (1, 2)]
    Path("dump.parquet").write_bytes(tables.parquet_of(pa.Table.from_pylist(rows)))
    refused = desk.run("replay", "dump.parquet", "--dry-run")
    assert (refused.code, "--records COLUMN" in refused.err) == (4, True)
    assert [each["userId"] for each in replayed(desk, "dump.parquet", "--records", "value")] == ["u1", "u2"]


def test_digits_within_a_document_over_lines_come_through(desk: Desk) -> None:
    body = {"batch": [message(1, properties={"email_id": "e1", "price": 1.5})], "integrations": {"X": False}}
    Path("b.json").write_text(json.dumps(body, indent=2).replace("1.5", "1.50"))
    (found,) = replayed(desk, "b.json")
    assert found["integrations"]["X"] is False
    assert b'"price":1.50' in Path("m").read_bytes()


def test_a_list_of_messages_over_lines_rejects_only_what_is_wrong_at_its_line(desk: Desk) -> None:
    Path("b.json").write_text(json.dumps([message(1), message(2, type="trak"), message(3)], indent=1))
    told = desk.run("replay", "b.json", "--dry-run", "--json", "--max-errors", "1", "--rejects", "r").json
    assert told["rows"] == {"read": 3, "mapped": 2, "rejected": 1, "filtered": 0}
    (place,) = [each["line"] for each in told["problems"] if each["code"] == "message-type-unknown"]
    lines = Path("b.json").read_text().splitlines()
    assert lines[place - 1].strip() == "{"
    assert '"type": "trak"' in lines[place]
    (rejects,) = Path("r").iterdir()
    rejects.write_text(rejects.read_text().replace("trak", "track"))
    assert [each["userId"] for each in replayed(desk, str(rejects))] == ["u2"]


def test_rejects_hold_no_write_key_wherever_it_stood(desk: Desk) -> None:
    key = "SECRET0123456789"
    bad = message(1, type="trak", writeKey=key)
    Path("a.ndjson").write_text(
        json.dumps(bad) + "\n" + json.dumps(message(2)) + "\n{broken, " + json.dumps(bad)[1:]
    )
    Path("b.ndjson").write_text(
        json.dumps(message(3)) + "\n" + json.dumps({"value": json.dumps({"body": json.dumps(bad)})}) + "\n"
    )
    Path("c.json").write_text(json.dumps({"writeKey": key, "batch": [bad, message(4)]}, indent=1))
    Path("d.csv").write_text(
        csv_of([["id", "m"], [1, json.dumps(bad)], [2, json.dumps(message(5))], [3, "x"]])
    )
    for words in (["a.ndjson", "b.ndjson", "c.json"], ["d.csv", "--records", "m"]):
        done = desk.run("replay", *words, "--dry-run", "--max-errors", "100%", "--rejects", "r")
        assert done.code == 1, done.err
    kept = {path.name: path.read_text() for path in Path("r").iterdir()}
    assert len(kept) == 6
    assert not [name for name, text in kept.items() if key in text]
    assert [name for name, text in kept.items() if "writeKey" not in text] == ["d.csv.unreadable.txt"]
    mended = Path("r/d.csv.rejects.ndjson")
    mended.write_text(mended.read_text().replace("trak", "track"))
    assert [each["userId"] for each in replayed(desk, str(mended), "--records", "m")] == ["u1"]
