"""Proof from the destination: ids that were received against what the ledger has as accepted."""

import csv
import gzip
import json
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import postgres_support
import pytest
from postgres_support import postgres
from run_support import Station, campaign, station

FOREIGN = (str(uuid.UUID(int=7)), "ajs-next-1700000000-abc")


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Station]:
    """A station that has sent a campaign of 100 rows."""
    with station(tmp_path) as found:
        assert found.backfill(campaign(tmp_path / "a.csv", range(100))).code == 0
        yield found


def ids(place: Station) -> list[str]:
    return [message["messageId"] for message in place.sandbox.messages()]


def table(path: Path, values: list[str], column: str = "id") -> str:
    with path.open("w", newline="") as out:
        writer = csv.writer(out)
        writer.writerows([[column, "received_at"], *([value, "2024-03-01 00:00:00"] for value in values)])
    return path.name


def proven(place: Station, *words: str) -> dict[str, Any]:
    return place.runs("verify", *words).json


def named(found: list[dict[str, Any]]) -> list[str]:
    return sorted(one["message_id"] for one in found)


def test_everything_has_arrived(place: Station, tmp_path: Path) -> None:
    done = place.runs("verify", "--received", table(tmp_path / "w.csv", ids(place)))
    assert done.code == 0
    assert done.json["events"] == {
        "accepted": 100,
        "arrived": 100,
        "missing": 0,
        "foreign": 0,
        "repeated": 0,
        "doubt_arrived": 0,
    }
    words = place.here("runs", "verify", "--received", "w.csv", "--state-dir", "state").out
    assert words.startswith("What selective sync or a tracking plan's schema keeps out")
    assert words.splitlines()[1] == "All there: every accepted event has arrived, once."


def test_exactly_what_is_missing_foreign_or_there_twice_is_named(place: Station, tmp_path: Path) -> None:
    every = ids(place)
    table(tmp_path / "w.csv", [*every[10:], *FOREIGN, every[50].upper()])
    done = place.runs("verify", "a.csv", "--received", "w.csv")
    assert done.code == 1
    found = done.json
    assert named(found["first_missing"]) == sorted(every[:10])
    assert [(one["file"], one["line"]) for one in found["first_missing"]] == [
        ("a.csv", n) for n in range(2, 12)
    ]
    assert named(found["first_foreign"]) == sorted(FOREIGN)
    assert named(found["first_repeated"]) == [every[50].upper()]
    words = place.here("runs", "verify", "a.csv", "--received", "w.csv", "--state-dir", "state").out
    assert "100 accepted = 90 arrived + 10 missing" in words
    assert f"missing: {every[0]}, a.csv, line 2" in words
    assert f"other: {FOREIGN[1]}, w.csv, line 93" in words


@pytest.mark.parametrize("packed", [False, True])
def test_archived_messages_are_taken_as_they_are_packed_or_not(
    place: Station, tmp_path: Path, packed: bool
) -> None:
    lines = [json.dumps(message).encode() for message in place.sandbox.messages()[1:]]
    data = b"\n".join(lines) + b"\n"
    path = tmp_path / "part-1.json"
    path.write_bytes(gzip.compress(data) if packed else data)
    found = proven(place, "--received", path.name)
    assert found["events"]["missing"] == 1
    assert named(found["first_missing"]) == [ids(place)[0]]


def test_several_tables_count_together_and_upper_case_columns_are_known(
    place: Station, tmp_path: Path
) -> None:
    every = ids(place)
    table(tmp_path / "opened.csv", every[:50], "ID")
    table(tmp_path / "clicked.csv", every[50:], "MESSAGE_ID")
    assert proven(place, "--received", "opened.csv", "--received", "clicked.csv")["events"]["arrived"] == 100


def test_runs_of_one_destination_count_together_unless_one_is_named(place: Station, tmp_path: Path) -> None:
    assert place.backfill(campaign(tmp_path / "b.csv", range(100, 130))).code == 0
    every = ids(place)
    table(tmp_path / "w.csv", every[:100])
    assert proven(place, "--received", "w.csv")["events"]["missing"] == 30
    last = proven(place, "--received", "w.csv", "--run", "last")["events"]
    assert (last["accepted"], last["missing"], last["foreign"]) == (30, 30, 0)
    files = proven(place, "a.csv", "--received", "w.csv")["events"]
    assert (files["accepted"], files["missing"], files["foreign"]) == (100, 0, 0)


def test_ids_under_a_label_are_those_of_the_label(place: Station, tmp_path: Path) -> None:
    assert place.backfill("a.csv", more=["--again", "repair"]).code == 0
    every = ids(place)
    assert len(set(every)) == 200
    table(tmp_path / "w.csv", every[100:])
    found = proven(place, "a.csv", "--received", "w.csv", "--run", "last")["events"]
    assert (found["accepted"], found["arrived"], found["foreign"]) == (100, 100, 0)
    assert proven(place, "--received", "w.csv")["events"]["missing"] == 100


def test_what_is_in_doubt_and_arrived_is_told(tmp_path: Path) -> None:
    with station(tmp_path, script=("ack-lost",)) as found:
        campaign(tmp_path / "a.csv", range(10))
        assert found.backfill("a.csv", more=["--dedup-window", "0"]).code == 7
        table(tmp_path / "w.csv", ids(found))
        events = proven(found, "--received", "w.csv")["events"]
    assert (events["accepted"], events["doubt_arrived"], events["foreign"]) == (0, 10, 0)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("user,when\na,b\n", "no column of message ids; its columns are user, when"),
        ('id\n"a"b\n', "w.csv, line 2: cannot be read, so nothing is proven"),
    ],
)
def test_what_proves_nothing_is_an_error(place: Station, tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "w.csv").write_text(content)
    done = place.runs("verify", "--received", "w.csv")
    assert done.code == 4
    assert said in done.json["error"]["message"]


def test_rows_without_an_id_are_counted(place: Station, tmp_path: Path) -> None:
    table(tmp_path / "w.csv", [*ids(place), "", " "])
    assert proven(place, "--received", "w.csv")["received"] == {"rows": 102, "without_id": 2}


def test_files_or_what_was_received_have_to_be_named(place: Station) -> None:
    done = place.here("runs", "verify", "--state-dir", "state")
    assert done.code == 2
    assert "--received warehouse.csv" in done.err


def load_sql(place: Station, skip: int) -> str:
    """SQL that fills a warehouse's tables with what the sandbox kept, without the first ones and with two others."""
    rows = [(message["messageId"], message["event"]) for message in place.sandbox.messages()[skip:]]
    rows += [(message_id, "Email Opened") for message_id in FOREIGN]
    values = ",\n".join(f"('{message_id}', '{event}')" for message_id, event in rows)
    return f"CREATE TABLE tracks (id VARCHAR PRIMARY KEY, event_text VARCHAR);\nINSERT INTO tracks VALUES {values};\n"


def test_each_record_of_json_may_name_its_id_in_its_own_way(place: Station, tmp_path: Path) -> None:
    names = ("id", "messageId", "message_id")
    pad = "x" * 400  # several chunks, whose columns begin with another one each time
    lines = [
        json.dumps({f"pad{n % 4}": pad, names[n * 3 // 100 % 3]: one, "n": n})
        for n, one in enumerate(ids(place) * 5)
    ]
    (tmp_path / "w.ndjson").write_text("\n".join([*lines, '{"n": 1}', ""]), encoding="utf-8")
    found = proven(place, "--received", "w.ndjson")
    assert (found["events"]["arrived"], found["events"]["repeated"], found["events"]["foreign"]) == (
        100,
        100,
        0,
    )
    assert found["received"] == {"rows": 501, "without_id": 1}


def test_json_without_any_id_is_an_error(place: Station, tmp_path: Path) -> None:
    (tmp_path / "w.ndjson").write_text('{"n": 1}\n{"m": 2}\n', encoding="utf-8")
    done = place.runs("verify", "--received", "w.ndjson")
    assert done.code == 4
    assert "no column of message ids; its columns are n, m" in done.json["error"]["message"]


def parquet(path: Path, rows: str, *, names: str = "n, id") -> str:
    """Write rows of SQL as a Parquet file."""
    duckdb = pytest.importorskip("duckdb", reason="no DuckDB here: pip install 'infl-seg[parquet]'")
    scratch = path.parent / "scratch.parquet"
    with duckdb.connect() as database:
        database.execute(f"COPY (SELECT * FROM (VALUES {rows}) t({names})) TO '{scratch}' (FORMAT parquet)")
    scratch.replace(path)
    return path.name


def test_parquet_is_read_whatever_it_is_called(place: Station, tmp_path: Path) -> None:
    every, foreign = ids(place), str(uuid.UUID(int=7))
    for name, cast in (
        ("w.parquet", "VARCHAR"),
        ("part[1]*?", "UUID"),
        ("it's", "BLOB"),
        ("id=7", "VARCHAR"),
    ):
        came = [*every[10:], foreign, every[50]]
        rows = [f"({n}, '{one}'::{cast})" for n, one in enumerate(came)]
        parquet(tmp_path / name, ", ".join([*rows, "(0, NULL)"]))
        found = proven(place, "a.csv", "--received", name)
        assert named(found["first_missing"]) == sorted(every[:10])
        assert found["first_foreign"] == [{"message_id": foreign, "file": name, "line": 91}]
        assert found["first_repeated"] == [{"message_id": every[50], "file": name, "line": 92}]
        assert found["received"] == {"rows": 93, "without_id": 1}


@pytest.mark.slow
def test_parquet_on_standard_input_or_behind_a_link_is_read(place: Station, tmp_path: Path) -> None:
    rows = ", ".join(f"({n}, '{one}')" for n, one in enumerate(ids(place)))
    parquet(tmp_path / "w.parquet", rows)
    (tmp_path / "link").symlink_to("w.parquet")
    assert proven(place, "--received", "link")["all_arrived"] is True
    with (tmp_path / "w.parquet").open("rb") as stdin:
        words = [sys.executable, "-m", "inflection_cli", "runs", "verify", "--received", "-"]
        done = subprocess.run(
            [*words, "--state-dir", "state"], stdin=stdin, cwd=tmp_path, capture_output=True, check=False
        )
    assert done.returncode == 0, done.stderr


def test_parquet_that_is_damaged_or_has_no_ids_proves_nothing(place: Station, tmp_path: Path) -> None:
    parquet(tmp_path / "a.parquet", "(1, 'x')", names="n, who")
    done = place.runs("verify", "--received", "a.parquet")
    assert done.code == 4
    assert "no column of message ids; its columns are n, who" in done.json["error"]["message"]
    whole = (tmp_path / "a.parquet").read_bytes()
    (tmp_path / "b.parquet").write_bytes(whole[:-20])
    done = place.runs("verify", "--received", "b.parquet")
    assert done.code == 4
    assert "the Parquet file is damaged or cut off" in done.json["error"]["message"]


def test_without_the_extra_the_install_line_is_given(
    place: Station, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parquet(tmp_path / "w.parquet", "('m1')", names="id")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.delitem(sys.modules, "inflection_cli.reading.binary.parquet_rows", raising=False)
    done = place.runs("verify", "--received", "w.parquet")
    assert done.code == 4
    assert done.json["error"]["hint"] == 'install it: pip install "infl-seg[parquet]"'


@pytest.mark.slow
@pytest.mark.skipif(bool(postgres_support.why_not()), reason=postgres_support.why_not())
def test_ten_missing_and_two_others_in_postgres_are_named(place: Station, tmp_path: Path) -> None:
    with postgres() as server:
        server.sql(load_sql(place, 10))
        (tmp_path / "w.csv").write_text(
            server.sql("\\copy (SELECT id FROM tracks) TO STDOUT WITH CSV HEADER\n")
        )
    found = proven(place, "--received", "w.csv")
    assert named(found["first_missing"]) == sorted(ids(place)[:10])
    assert named(found["first_foreign"]) == sorted(FOREIGN)
    assert found["events"]["arrived"] == 90


@pytest.mark.slow
@pytest.mark.parametrize("form", ["(FORMAT csv, HEADER)", "(FORMAT json)", "(FORMAT parquet)"])
def test_ten_missing_and_two_others_in_duckdb_are_named(place: Station, tmp_path: Path, form: str) -> None:
    duckdb = pytest.importorskip("duckdb", reason="no DuckDB here: pip install duckdb")
    with duckdb.connect() as database:
        database.execute(load_sql(place, 10))
        database.execute(f"COPY (SELECT id FROM tracks) TO '{tmp_path}/w.out' {form}")
    found = proven(place, "--received", "w.out")
    assert named(found["first_missing"]) == sorted(ids(place)[:10])
    assert named(found["first_foreign"]) == sorted(FOREIGN)
    assert found["events"]["arrived"] == 90
