"""A way back: a run's message ids, and the statements that delete them."""

import csv
import io
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from run_support import Station, campaign, station


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Station]:
    """A station that has sent a campaign of 30 rows, and 5 others before it."""
    with station(tmp_path) as found:
        assert found.backfill(campaign(tmp_path / "a.csv", range(30, 35))).code == 0
        assert found.backfill(campaign(tmp_path / "b.csv", range(30))).code == 0
        yield found


def exported(place: Station, *words: str) -> str:
    done = place.here("runs", "export", "last", "--state-dir", "state", *words)
    assert done.code == 0, done.err
    return done.out


def test_the_ids_of_the_run_are_those_on_the_wire(place: Station) -> None:
    sent = place.wire_ids(range(30))
    rows = list(csv.DictReader(io.StringIO(exported(place))))
    assert {row["message_id"] for row in rows} == sent
    assert {row["state"] for row in rows} == {"accepted"}
    lines = [json.loads(line) for line in exported(place, "--format", "ndjson").splitlines()]
    assert lines == rows


def test_the_statements_delete_what_the_run_sent_and_nothing_else(place: Station) -> None:
    database = sqlite3.connect(":memory:")
    tables = ["email_opened", "tracks"]
    for table in tables:
        database.execute(f"CREATE TABLE {table} (id TEXT)")
        database.executemany(f"INSERT INTO {table} VALUES (?)", [(one,) for one in place.ids()])
    database.executescript(exported(place, "--format", "sql", "--table", tables[0], "--table", tables[1]))
    for table in tables:
        left = {found for (found,) in database.execute(f"SELECT id FROM {table}")}
        assert left == place.wire_ids(range(30, 35))
    database.close()


def test_without_tables_every_usual_one_is_named(place: Station) -> None:
    named = [line.split()[2] for line in exported(place, "--format", "sql").splitlines()]
    assert named == [
        "email_delivered",
        "email_opened",
        "email_unique_opens",
        "email_bounced",
        "email_reported_as_spam",
        "link_clicked",
        "unique_link_click",
        "unique_link_click_per_unique_open",
        "email_unsubscribed",
        "tracks",
        "identifies",
        "pages",
        "groups",
    ]


def test_what_is_in_doubt_is_exported_as_such(tmp_path: Path) -> None:
    with station(tmp_path, script=("ack-lost",)) as found:
        campaign(tmp_path / "a.csv", range(10))
        assert found.backfill("a.csv", more=["--dedup-window", "0"]).code == 7
        rows = list(csv.DictReader(io.StringIO(exported(found))))
    assert [row["state"] for row in rows] == ["in_doubt"] * 10


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--format", "sql", "--table", "a; DROP TABLE b"], "is no name of a table"),
        (["--format", "sql", "--table", "a--b.c.d"], "is no name of a table"),
        (["--format", "sql", "--table", "my-set.tracks"], "is no name of a table"),
        (["--table", "tracks"], "add --format sql"),
        (["--json"], "--format ndjson"),
    ],
)
def test_what_cannot_be_exported_is_refused(place: Station, words: list[str], said: str) -> None:
    done = place.here("runs", "export", "last", "--state-dir", "state", *words)
    assert done.code == 2
    assert said in done.err + done.out


def test_an_export_can_be_proven_to_have_arrived(place: Station, tmp_path: Path) -> None:
    (tmp_path / "w.csv").write_text(exported(place))
    assert place.runs("verify", "--received", "w.csv", "--run", "last").json["all_arrived"] is True
