"""Rows that are equal in every identifying field, kept by their number within a file (F16)."""

import json
from pathlib import Path
from typing import Any

import pytest
import reference
from command_support import HEADER, Desk, opened, to
from example_support import examples
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from inflection_cli import SandboxSettings, serve_sandbox
from inflection_cli.version import __version__

KEEP = "--keep-equal-rows"
KEPT = reference.Settings(version=__version__, keep_equal_rows=True)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk.at(tmp_path, monkeypatch)


def sent(desk: Desk, *words: str) -> list[dict[str, Any]]:
    done = desk.run("backfill", *words, "--dry-run", "--out", "m.ndjson")
    assert done.code == 0, done.err
    return desk.messages("m.ndjson")


def ids(desk: Desk, *words: str) -> list[str]:
    return [each["messageId"] for each in sent(desk, *words)]


def test_equal_rows_go_once_unless_they_are_kept(desk: Desk) -> None:
    desk.file("a.csv", opened("u1"), opened("u2"), opened("u1"), opened("u1"))
    once, kept = ids(desk, "a.csv"), ids(desk, "a.csv", KEEP)
    assert len(once) == 2
    rows = [
        dict(zip(HEADER.split(","), opened(user).split(","), strict=True))
        for user in ("u1", "u2", "u1", "u1")
    ]
    assert kept == [one.content_id for one in reference.expect(rows, KEPT)]
    assert kept[:2] == once


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


def test_the_end_of_a_run_says_where_rejected_rows_are_fixed(desk: Desk) -> None:
    desk.file("a.csv", opened("u1"), opened("u1"), opened("u2").replace("2024-03-01", "soon"))
    words = ("a.csv", "--max-errors", "1", "--rejects", "rejects")
    with serve_sandbox(SandboxSettings()) as sandbox:
        plain = desk.run("backfill", *words, *to(sandbox.url, "--namespace", "a", "--new-destination")).out
        kept = desk.run(
            "backfill", *words, KEEP, *to(sandbox.url, "--namespace", "b", "--new-destination")
        ).out
    assert "fix it in rejects, then backfill those files" in plain
    assert "fix it in the export itself, because --keep-equal-rows counts its equal rows" in kept
    assert "Then run the same command again: what was sent is not sent twice" in kept
    verified = desk.run("runs", "verify", "a.csv", "--run", "last")
    assert "fix it in the export itself" in verified.out


NAMES = ("event", "userId", "timestamp", "email_id", "campaign_id", "email_link_url", "note")
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "event": st.sampled_from(["Email Opened", "Link Clicked"]),
            "userId": st.sampled_from(["u1", "u2"]),
            "timestamp": st.sampled_from(
                ["2024-03-01T10:00:00Z", "2024-03-01T10:00:00.000Z", "2024-03-02T10:00:00Z"]
            ),
            "email_id": st.sampled_from(["", "e1"]),
            "campaign_id": st.just("c1"),
            "email_link_url": st.sampled_from(["", "https://x.example/1"]),
            "note": st.sampled_from(["", "first", "second"]),
        }
    ),
    min_size=1,
    max_size=9,
)


@examples(12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files=st.lists(ROWS, min_size=1, max_size=3), kept=st.booleans())
def test_events_are_those_of_the_reference_kept_or_not(
    desk: Desk, files: list[list[dict[str, str]]], kept: bool
) -> None:
    names = [
        desk.file(
            f"{at}.csv", *(",".join(row[name] for name in NAMES) for row in rows), header=",".join(NAMES)
        )
        for at, rows in enumerate(files)
    ]
    due = reference.expect_files(files, KEPT if kept else reference.Settings(version=__version__))
    found = sent(desk, *names, *([KEEP] if kept else []))
    assert found == [one.message for one in due]
