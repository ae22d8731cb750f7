"""What people have to replay: request bodies, raw-data archives, dead letters of other tools (F11)."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
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
