"""The SQL that the tool gives to users: the queries of docs/proof.md and the statements of `runs export`."""

import re
from collections.abc import Iterator
from pathlib import Path

import postgres_support
import pytest
import sqlglot
from postgres_support import postgres
from run_support import Station, campaign, station
from sqlglot import exp

from inflection_cli.history.run_export import TABLES

PAGE = Path(__file__).resolve().parents[2] / "docs" / "proof.md"
WAREHOUSES = ("BigQuery", "Snowflake", "Redshift", "Postgres")
_ROW = re.compile(r"^\| (\w+) \| `+ ?(.*?)`+ \|$", re.MULTILINE)
_COPY = re.compile(r"\\copy \((.*)\) TO '(.*)' WITH CSV HEADER")


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Station]:
    """A station that has sent a campaign of 20 rows."""
    with station(tmp_path) as found:
        assert found.backfill(campaign(tmp_path / "a.csv", range(20))).code == 0
        yield found


def page_query(warehouse: str) -> str:
    """The query that the page has for a warehouse, as it is typed there."""
    found: dict[str, str] = dict(_ROW.findall(PAGE.read_text(encoding="utf-8")))
    return found[warehouse]


def parsed(sql: str, warehouse: str) -> list[exp.Expr]:
    """Parse SQL as a warehouse reads it; what this parser does not know is an error."""
    found = sqlglot.parse(sql, dialect=warehouse.lower(), error_level=sqlglot.ErrorLevel.RAISE)
    return [each for each in found if each is not None]


@pytest.mark.parametrize("warehouse", WAREHOUSES)
def test_the_pages_query_asks_a_table_of_the_schema_for_ids(warehouse: str) -> None:
    query = page_query(warehouse)
    copied = _COPY.fullmatch(query)
    assert (copied is not None) is (warehouse == "Postgres")
    (select,) = parsed(query if copied is None else copied[1], warehouse)
    assert isinstance(select, exp.Select)
    assert [each.name for each in select.selects] == ["id"]
    (table,) = select.find_all(exp.Table)
    view = "tracks_view" if warehouse == "BigQuery" else "tracks"
    assert (table.name, table.db) == (view, "inflection")
    assert [each.name for each in select.find_all(exp.Column)] == ["id", "context_library_name"]


def test_exported_statements_delete_by_id_from_each_table(place: Station) -> None:
    sql = place.here("runs", "export", "last", "--format", "sql", "--state-dir", "state").out
    deletes = [each for warehouse in WAREHOUSES for each in parsed(sql, warehouse)]
    assert [each.this.name for each in deletes] == [*TABLES] * len(WAREHOUSES)
    for each in deletes:
        assert isinstance(each, exp.Delete)
        where = each.args["where"].this
        assert isinstance(where, exp.In)
        assert where.this.name == "id"
        assert {one.name for one in where.expressions} == place.ids()


def test_a_table_of_bigquery_may_name_a_project_with_hyphens(place: Station) -> None:
    words = ("--format", "sql", "--table", "my-project-1.inflection.tracks", "--state-dir", "state")
    (delete,) = parsed(place.here("runs", "export", "last", *words).out, "BigQuery")
    assert isinstance(delete, exp.Delete)
    table = delete.this
    assert (table.catalog, table.db, table.name) == ("my-project-1", "inflection", "tracks")


@pytest.mark.slow
@pytest.mark.parametrize("warehouse", WAREHOUSES)
def test_duckdb_runs_each_warehouses_query_and_statements(place: Station, warehouse: str) -> None:
    duckdb = pytest.importorskip("duckdb", reason="no DuckDB here: pip install duckdb")
    query = page_query(warehouse)
    copied = _COPY.fullmatch(query)
    sql = place.here("runs", "export", "last", "--format", "sql", "--state-dir", "state").out
    (select,) = transpiled(query if copied is None else copied[1], warehouse)
    statements = transpiled(sql, warehouse)
    rows = [(one, "infl-seg") for one in place.ids()] + [("live-1", "analytics.js")]
    with duckdb.connect() as database:
        database.execute(
            "ATTACH ':memory:' AS project; CREATE SCHEMA project.inflection; USE project.inflection"
        )
        for table in (*TABLES, "tracks_view"):
            database.execute(f"CREATE TABLE {table} (id TEXT, context_library_name TEXT)")
            database.executemany(f"INSERT INTO {table} VALUES (?, ?)", rows)
        assert {found for (found,) in database.execute(select).fetchall()} == place.ids()
        for each in statements:
            database.execute(each)
        for table in TABLES:
            assert database.execute(f"SELECT id FROM {table}").fetchall() == [("live-1",)]


def transpiled(sql: str, warehouse: str) -> list[str]:
    """Spell a warehouse's SQL as DuckDB reads it."""
    return sqlglot.transpile(
        sql, read=warehouse.lower(), write="duckdb", unsupported_level=sqlglot.ErrorLevel.RAISE
    )


@pytest.mark.slow
@pytest.mark.skipif(bool(postgres_support.why_not()), reason=postgres_support.why_not())
def test_postgres_runs_the_pages_query_and_the_statements(place: Station, tmp_path: Path) -> None:
    rows = ", ".join(f"('{one}', 'infl-seg')" for one in sorted(place.ids())[1:])
    others = "('other-1', 'infl-seg'), ('live-1', 'analytics.js')"
    table = "CREATE TABLE inflection.tracks (id VARCHAR PRIMARY KEY, context_library_name VARCHAR);"
    with postgres() as server:
        server.sql(
            f"CREATE SCHEMA inflection; {table} INSERT INTO inflection.tracks VALUES {rows}, {others};"
        )
        copied = page_query("Postgres").replace("'warehouse.csv'", "STDOUT")
        (tmp_path / "warehouse.csv").write_text(server.sql(f"{copied}\n"))
        found = place.runs("verify", "--received", "warehouse.csv").json["events"]
        assert (found["arrived"], found["missing"], found["foreign"]) == (19, 1, 1)
        words = ("--format", "sql", "--table", "inflection.tracks", "--state-dir", "state")
        server.sql(place.here("runs", "export", "last", *words).out)
        assert server.sql("\\copy inflection.tracks (id) TO STDOUT\n").split() == ["other-1", "live-1"]
