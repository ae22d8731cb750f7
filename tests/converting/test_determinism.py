"""Determinism: the same content gives the same messages, ids, order and problems, however it is read."""

import pickle
from dataclasses import replace
from pathlib import Path

import pipeline_support as tools
import pytest
from chunk_support import facts, joined
from command_support import CAMPAIGN, Desk
from hypothesis import example, given
from hypothesis import strategies as st

from inflection_cli.converting.checked_converter import convert
from inflection_cli.converting.converter import Converter, ConvertSettings
from inflection_cli.mapping.bind import lay_out
from inflection_cli.mapping.layout import Layout
from inflection_cli.model import Chunk

WIDE = st.lists(st.one_of(tools.GOOD_ROWS, tools.ANY_ROWS), min_size=1, max_size=10)
Row = tuple[str, ...]
Rows = list[Row]
PLAIN: Row = ("Email Opened", "u1", "p1", "e1", "c1", "", "", "", "1709285400", "")
HOW = tools.settings()


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk.at(tmp_path, monkeypatch)


def bound(rows: Rows, how: ConvertSettings = HOW) -> Layout:
    return lay_out(tools.COLUMNS, rows, how.mapping.columns, file="export.csv")


def chunk_of(rows: Rows, first_line: int = 2) -> Chunk:
    lines = range(first_line, first_line + len(rows))
    return Chunk("export.csv", tools.COLUMNS, [list(row) for row in rows], lines, 1, (), b"")


@tools.some
@given(data=tools.any_files(), chunk_bytes=st.sampled_from([1, 7, 40, 200]))
def test_the_size_of_the_chunks_changes_nothing(data: bytes, chunk_bytes: int) -> None:
    assert tools.outcome(data, chunk_bytes=chunk_bytes).facts == tools.outcome(data).facts


@tools.some
@given(data=tools.any_files())
def test_reading_twice_gives_the_same(data: bytes) -> None:
    assert tools.outcome(data).facts == tools.outcome(data).facts


@tools.some
@given(rows=WIDE)
@example(rows=[PLAIN, (*PLAIN[:1], "ünal", *PLAIN[2:])])
@example(rows=[PLAIN, (*PLAIN[:8], "", "")])
def test_a_row_becomes_the_same_alone_and_among_others(rows: Rows) -> None:
    layout = bound(rows)
    alone = [convert(chunk_of([row], line), layout, HOW) for line, row in enumerate(rows, 2)]
    assert facts(convert(chunk_of(rows), layout, HOW)) == joined(alone)


@tools.some
@given(rows=WIDE, before=WIDE)
def test_what_came_before_changes_nothing(rows: Rows, before: Rows) -> None:
    layout = bound([*rows, *before])
    used = Converter(layout, HOW)
    used(chunk_of(before))
    assert facts(used(chunk_of(rows))) == facts(Converter(layout, HOW)(chunk_of(rows)))


@tools.some
@given(rows=st.lists(tools.GOOD_ROWS, min_size=1, max_size=10), odd=tools.ANY_ROWS)
def test_rows_in_order_are_not_touched_by_one_that_is_not(rows: Rows, odd: Row) -> None:
    layout = bound(rows)
    plain = convert(chunk_of(rows), layout, HOW)
    mixed = convert(chunk_of([*rows, odd]), layout, HOW)
    count = len(plain.content_ids)
    assert mixed.content_ids[:count] == plain.content_ids
    assert mixed.content_hashes[:count] == plain.content_hashes
    assert mixed.encode(mixed.content_ids)[:count] == plain.encode(plain.content_ids)


@tools.some
@given(rows=st.lists(tools.GOOD_ROWS, min_size=1, max_size=10))
def test_people_are_the_same_with_columns_for_address_and_client_and_without(
    rows: Rows,
) -> None:
    layout = bound(rows)
    wider = (*tools.COLUMNS, "ip")
    wide = replace(chunk_of(rows), columns=wider, rows=[[*row, ""] for row in rows])
    more = lay_out(wider, wide.rows, HOW.mapping.columns, file="export.csv")
    assert facts(convert(wide, more, HOW))[5:] == facts(convert(chunk_of(rows), layout, HOW))[5:]


@tools.some
@given(rows=st.lists(tools.GOOD_ROWS, min_size=1, max_size=6), bound_at=st.sampled_from(["since", "until"]))
def test_a_bound_that_keeps_everything_changes_no_message(rows: Rows, bound_at: str) -> None:
    at = {"since": "2000-01-01T00:00:00.000Z", "until": "2030-01-01T00:00:00.000Z"}[bound_at]
    how = replace(HOW, since=at) if bound_at == "since" else replace(HOW, until=at)
    data = tools.csv_of(rows)
    assert tools.outcome(data, how).facts == tools.outcome(data).facts


def test_conversion_travels_to_another_process() -> None:
    rows: Rows = [PLAIN, ("Link Clicked", "", "p2", "", "c1", "x", "", "", "1709285401", "red")]
    task = pickle.dumps((chunk_of(rows), bound(rows), HOW))
    assert facts(convert(*pickle.loads(task))) == facts(convert(chunk_of(rows), bound(rows), HOW))


def test_the_order_of_the_messages_is_the_order_of_the_files_and_rows() -> None:
    first = tools.csv_of([(*PLAIN[:1], f"u{n}", "", *PLAIN[3:]) for n in (3, 1)])
    second = tools.csv_of([(*PLAIN[:1], f"u{n}", "", *PLAIN[3:]) for n in (4, 2)])
    found = tools.outcome({"b.csv": first, "a.csv": second})
    assert [one["userId"] for one in found.messages] == ["u3", "u1", "u4", "u2"]


def test_the_present_is_fixed_once_and_judges_all_times() -> None:
    data = tools.csv_of(
        [(*PLAIN[:8], "2024-06-01T00:05:00Z", ""), (*PLAIN[:8], "2024-06-01T00:05:00.001Z", "")]
    )
    found = tools.outcome(data)
    assert (len(found.lines), found.codes["timestamp-future"]) == (1, 1)


@pytest.mark.slow
def test_another_process_with_another_hash_seed_writes_the_same_bytes(desk: Desk) -> None:
    for seed in ("1", "2"):
        done = desk.spawn(
            "backfill", CAMPAIGN, "--dry-run", "--json", "--out", f"{seed}.ndjson", PYTHONHASHSEED=seed
        )
        (desk.folder / f"{seed}.json").write_text(done.out.replace(f"{seed}.ndjson", ""))
    for ending in ("ndjson", "json"):
        first, second = ((desk.folder / f"{seed}.{ending}").read_bytes() for seed in ("1", "2"))
        assert first == second


@tools.some
@given(rows=st.lists(tools.GOOD_ROWS, min_size=1, max_size=4))
def test_what_was_converted_travels_between_processes(rows: Rows) -> None:
    converted = convert(chunk_of(rows), bound(rows), HOW)
    assert facts(pickle.loads(pickle.dumps(converted))) == facts(converted)
