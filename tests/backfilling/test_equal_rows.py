"""Rows that are equal in every identifying field, kept by their number within a file (F16)."""

import json
from hashlib import blake2b
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from command_support import Desk, opened, to
from example_support import examples
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from inflection_cli import SandboxSettings, serve_sandbox

KEEP = "--keep-equal-rows"


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk.at(tmp_path, monkeypatch)


def sent(desk: Desk, *words: str) -> list[dict[str, Any]]:
    done = desk.run("backfill", *words, "--dry-run", "--out", "m.ndjson")
    assert done.code == 0, done.err
    return desk.messages("m.ndjson")


def ids(desk: Desk, *words: str) -> list[str]:
    return [each["messageId"] for each in sent(desk, *words)]


def numbered(first: str, number: int) -> str:
    """The id of the `number`th of equal events, written down from the documentation alone."""
    if number == 1:
        return first
    text = f"{len(str(number))}:{number},"
    digest = blake2b(b"infl-seg/1 occurrence\n" + text.encode() + UUID(first).bytes, digest_size=13).digest()
    return str(UUID(bytes=digest[:6] + bytes.fromhex("8001" + "80") + digest[6:]))


def test_equal_rows_go_once_unless_they_are_kept(desk: Desk) -> None:
    desk.file("a.csv", opened("u1"), opened("u2"), opened("u1"), opened("u1"))
    once, kept = ids(desk, "a.csv"), ids(desk, "a.csv", KEEP)
    assert len(once) == 2
    assert kept == [once[0], once[1], numbered(once[0], 2), numbered(once[0], 3)]


def test_the_second_of_two_equal_rows_is_one_event_in_two_overlapping_files(desk: Desk) -> None:
    desk.file("a.csv", opened("u1"), opened("u1"))
    desk.file("b.csv", opened("u2"), opened("u1"), opened("u1"), opened("u1"))
    both = ids(desk, "a.csv", "b.csv", KEEP)
    assert both == [*ids(desk, "a.csv", KEEP), ids(desk, "b.csv", KEEP)[0], ids(desk, "b.csv", KEEP)[3]]


def test_what_was_sent_is_not_sent_again_and_is_verified(desk: Desk) -> None:
    desk.file("a.csv", opened("u1"), opened("u1"), opened("u2"))
    with serve_sandbox(SandboxSettings()) as sandbox:
        for accepted in (3, 0):
            report = desk.run("backfill", "a.csv", KEEP, "--json", *to(sandbox.url)).json
            assert report["events"]["accepted"] == accepted
        assert report["events"]["already_accepted"] == 3
    assert desk.run("runs", "verify", "a.csv").code == 0


def test_a_profile_says_it_and_own_ids_leave_nothing_to_number(desk: Desk) -> None:
    Path("p.toml").write_text("profile = 1\n[options]\nkeep_equal_rows = true\n")
    desk.file("a.csv", opened("u1"), opened("u1"))
    assert len(ids(desk, "a.csv", "--profile", "p.toml")) == 2
    desk.file(
        "b.csv", opened("u1") + ",x1", header="event,userId,personId,email_id,campaign_id,timestamp,event_id"
    )
    refused = desk.run("backfill", "b.csv", KEEP, "--dry-run")
    assert refused.code == 2
    assert "--no-event-id" in refused.err
    assert len(ids(desk, "b.csv", KEEP, "--no-event-id")) == 1


@pytest.mark.parametrize("ending", ["csv", "ndjson"])
def test_rejected_rows_are_not_numbered_without_the_rows_beside_them(desk: Desk, ending: str) -> None:
    Path("p.toml").write_text(
        'profile = 1\n[fields]\nevent = "event"\ntimestamp = "timestamp"\nuserId = "userId"\n'
        '[properties]\nn = { column = "n", type = "integer" }\n'
    )
    rows = [
        {"event": "open", "timestamp": "2024-03-05T10:00:00Z", "userId": "u1", "n": n} for n in ("x", "2")
    ]

    def write(name: str) -> None:
        lines = [json.dumps(row) if ending == "ndjson" else ",".join(row.values()) for row in rows]
        Path(name).write_text("\n".join([*([",".join(rows[0])] if ending == "csv" else []), *lines]) + "\n")

    write(f"a.{ending}")
    words = (KEEP, "--profile", "p.toml", "--max-errors", "1", "--rejects", "rejects", "--json")
    with serve_sandbox(SandboxSettings()) as sandbox:
        first = desk.run("backfill", f"a.{ending}", *words, *to(sandbox.url)).json
        assert first["events"]["accepted"] == 1
        refused = desk.run("backfill", f"rejects/a.rejects.{ending}", *words, *to(sandbox.url))
        assert refused.code == 2
        assert "export itself" in refused.json["error"]["hint"]
        rows[0]["n"] = "1"
        write(f"a.{ending}")
        again = desk.run("backfill", f"a.{ending}", *words, *to(sandbox.url)).json
    assert again["events"]["accepted"] == again["events"]["already_accepted"] == 1


@examples(10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files=st.lists(st.lists(st.sampled_from("abc"), min_size=1, max_size=8), min_size=1, max_size=3))
def test_each_file_has_as_many_events_as_rows_and_the_same_ids_as_a_plain_count(
    desk: Desk, files: list[list[str]]
) -> None:
    names = [desk.file(f"{at}.csv", *map(opened, users)) for at, users in enumerate(files)]
    due: dict[tuple[str, int], None] = {}
    for users in files:
        due |= dict.fromkeys((user, users[: at + 1].count(user)) for at, user in enumerate(users))
    found = sent(desk, *names, KEEP)
    first = {each["userId"]: each["messageId"] for each in reversed(found)}
    assert [(each["userId"], each["messageId"]) for each in found] == [
        (user, numbered(first[user], number)) for user, number in due
    ]
