"""Runs of earlier versions sent ids that reject their row today, and are verified by the rule of their own version."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_support import Desk, to
from old_ledger import as_version_1

from inflection_cli.converting import columnar
from inflection_cli.mapping.events import EventReader
from inflection_cli.replaying import replayer
from inflection_cli.sandbox import Sandbox, serve

IDS = [r"\N", "u1\u200b", "gr\u00c3\u00bcn", "u4"]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk.at(tmp_path, monkeypatch)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with serve() as running:
        yield running


def sent_by_the_version_before(desk: Desk, sandbox: Sandbox, *words: str, rules: int) -> None:
    """Send as a version did that had no rules about people's ids, and that recorded this number of its rules."""
    with pytest.MonkeyPatch.context() as before:
        before.setattr(columnar, "check_person", lambda *_: ())
        before.setattr(EventReader, "_damages", lambda *_: ())
        before.setattr(replayer, "_odd_ids", lambda *_: ())
        assert desk.run(*words, *to(sandbox.url)).code == 0
    files = [path for path in (desk.folder / "state").rglob("*") if path.is_file()]
    (ledger,) = [path for path in files if path.read_bytes()[:6] == b"SQLite"]
    as_version_1(ledger)
    with sqlite3.connect(ledger) as connection:
        ((number, text),) = connection.execute("SELECT rowid, arguments FROM runs").fetchall()
        arguments = json.loads(text) | {"rules": rules}
        connection.execute("UPDATE runs SET arguments = ? WHERE rowid = ?", (json.dumps(arguments), number))
    connection.close()


def test_a_run_that_sent_odd_ids_is_verified_by_its_own_rule(desk: Desk, sandbox: Sandbox) -> None:
    desk.file("a.csv", *(f"Email Opened,{user},,e,odd,2024-03-01T09:30:00Z" for user in IDS))
    sent_by_the_version_before(desk, sandbox, "backfill", "a.csv", rules=2)
    done = desk.run("runs", "verify", "a.csv", "--json")
    assert (done.code, done.json["events"]["accepted"], done.json["events"]["unknown"]) == (0, 4, 0)
    assert done.json["rows"]["rejected"] == 0


def test_a_replay_that_sent_odd_ids_is_verified_by_its_own_rule(desk: Desk, sandbox: Sandbox) -> None:
    lines = [
        {
            "type": "track",
            "event": "Email Opened",
            "userId": user,
            "messageId": f"odd-{at}",
            "timestamp": "2024-03-01T09:30:00Z",
            "properties": {},
        }
        for at, user in enumerate(IDS)
    ]
    (desk.folder / "m.ndjson").write_text("".join(json.dumps(line) + "\n" for line in lines))
    sent_by_the_version_before(desk, sandbox, "replay", "m.ndjson", rules=2)
    done = desk.run("runs", "verify", "m.ndjson", "--json")
    assert (done.code, done.json["events"]["accepted"], done.json["rows"]["rejected"]) == (0, 4, 0)


def test_rows_that_are_rejected_since_are_told_where_the_run_has_events_of_no_other_row(
    desk: Desk, sandbox: Sandbox
) -> None:
    desk.file("a.csv", *(f"Email Opened,{user},,e,told,2024-03-01T09:30:00Z" for user in IDS))
    sent_by_the_version_before(desk, sandbox, "backfill", "a.csv", rules=3)
    told = desk.run("runs", "verify", "a.csv")
    assert told.code == 1
    assert "3 events that the run recorded are not in the input" in told.out
    assert "rejected now, but sent by an earlier version: placeholder-person, " in told.out


def test_rows_that_the_run_itself_rejected_are_not_taken_for_sent(desk: Desk, sandbox: Sandbox) -> None:
    desk.file("a.csv", *(f"Email Opened,{user},,e,today,2024-03-01T09:30:00Z" for user in IDS))
    assert desk.run("backfill", "a.csv", *to(sandbox.url), "--max-errors", "3").code == 1
    told = desk.run("runs", "verify", "a.csv", "--json")
    assert (told.code, told.json["rows"]["rejected"], told.json["events"]["missing"]) == (1, 3, 0)
    assert "earlier version" not in desk.run("runs", "verify", "a.csv").out
