"""Rows that stand for several calls: the same however they are read, and every row accounted for."""

import csv
import io
import json
import pickle
from typing import Any

import pipeline_support as tools
from hypothesis import given
from hypothesis import strategies as st

from inflection_cli.converting.call_converter import CallConverter, converter_of
from inflection_cli.converting.converter import Converted
from inflection_cli.mapping.bind import lay_out
from inflection_cli.mapping.calls.call_catalog import CallOptions
from inflection_cli.mapping.columns import ColumnOptions
from inflection_cli.mapping.profile.profile_schema import (
    Cell,
    Condition,
    Event,
    Fields,
    Profile,
    PropertyCell,
    Timestamp,
)
from inflection_cli.model import Chunk

COLUMNS = ("who", "account", "size", "email", "vip", "changed", "opened", "extra.a", "extra.b")


def of_times(column: str) -> Timestamp:
    return Timestamp(columns=[column])


PROFILE = Profile(
    "p.toml",
    "0" * 64,
    fields=Fields(userId=Cell(column="who"), groupId=Cell(column="account"), timestamp=of_times("changed")),
    events=(
        Event(name="Email Opened", timestamp=of_times("opened")),
        Event(type="group", traits={"employees": PropertyCell(column="size")}),
        Event(
            type="identify",
            when=[Condition(column="email", filled=True)],
            traits={"email": PropertyCell(column="email"), "vip": PropertyCell(column="vip", type="boolean")},
        ),
        Event(name="Seen", type="screen", when=[Condition(column="vip", equals=["yes"])]),
    ),
)
HOW = tools.settings(ColumnOptions(profile=PROFILE, calls=CallOptions(group_anonymous=True, all_traits=True)))
TIMES = st.sampled_from(["2024-03-01T09:30:00Z", "2024-03-01T09:30:00.5Z", "", "yesterday", "1709285400"])
ROWS = st.lists(
    st.tuples(
        st.sampled_from(["u-1", "u-2", " u-3 ", "", "null", "ünal"]),
        st.sampled_from(["a-1", "a-2", "", "007"]),
        st.sampled_from(["", "12", "11-50", "1.5"]),
        st.sampled_from(["", "ada@shop.example", "x"]),
        st.sampled_from(["", "yes", "no", "maybe"]),
        TIMES,
        TIMES,
        st.sampled_from(["", "red", "a@b.example", "\u0301x"]),
        st.sampled_from(["", "NULL", '{"phone": 1}', "7"]),
    ),
    min_size=1,
    max_size=12,
)
Row = tuple[str, ...]


def as_file(rows: list[Row]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows([COLUMNS, *rows])
    return text.getvalue().encode()


@tools.some
@given(rows=ROWS, chunk_bytes=st.sampled_from([1, 40, 200]), workers=st.sampled_from([0, 1, 3]))
def test_size_of_chunks_and_number_of_workers_change_nothing(
    rows: list[Row], chunk_bytes: int, workers: int
) -> None:
    data = as_file(rows)
    with tools.small_tasks():
        parts = tools.outcome(
            data, HOW, chunk_bytes=chunk_bytes, workers=tools.shared(workers) if workers else None
        )
    assert parts.facts == tools.outcome(data, HOW).facts


@tools.some
@given(rows=ROWS)
def test_every_row_and_every_event_is_accounted_for(rows: list[Row]) -> None:
    found = tools.outcome(as_file(rows), HOW)
    account, plan = found.plan.account, found.plan
    counts = account.rows
    assert counts.read == counts.mapped + counts.rejected + counts.filtered == len(rows)
    assert account.events.built == sum(account.by_type.values()) == sum(account.by_event.values())
    assert account.events.built == len(found.messages) + plan.dispositions.counts[1]  # type: ignore[union-attr,index]
    assert account.message_bytes >= sum(map(len, found.lines))


SAMPLE = [["u-1", "a-1", "12", "ada@shop.example", "yes", "2024-03-01T09:30:00Z", "", "red", ""]]
CONVERT = converter_of(lay_out(COLUMNS, SAMPLE, HOW.mapping.columns, file="export.csv"), HOW)


def converted(rows: list[Row], first_line: int) -> Converted:
    lines = range(first_line, first_line + len(rows))
    return CONVERT(Chunk("export.csv", COLUMNS, [list(row) for row in rows], lines, 1, (), b""))


@tools.some
@given(rows=ROWS)
def test_a_row_becomes_alone_what_it_becomes_among_others_and_is_whole_or_rejected(rows: list[Row]) -> None:
    whole = converted(rows, 2)
    alone = [converted([row], line) for line, row in enumerate(rows, 2)]
    assert whole.content_ids == [each for one in alone for each in one.content_ids]
    assert whole.encode(whole.content_ids) == [each for one in alone for each in one.encode(one.content_ids)]
    assert whole.lines == [each for one in alone for each in one.lines]
    assert [one.line for one in whole.rejected] == [each.line for one in alone for each in one.rejected]
    assert [one.problems for one in whole.rejected] == [
        each.problems for one in alone for each in one.rejected
    ]
    assert whole.warnings == [each for one in alone for each in one.warnings]
    assert (whole.mapped, sum(whole.filtered.values()), whole.events_filtered) == (
        sum(one.mapped for one in alone),
        sum(sum(one.filtered.values()) for one in alone),
        sum(one.events_filtered for one in alone),
    )
    assert all(not one.content_ids for one in alone if one.rejected or one.filtered)


def test_a_single_line_of_json_has_many_rows_of_one_line() -> None:
    """Records of a document share their line; each is a row of its own all the same."""
    rows: list[Any] = [
        {"who": "u-1", "account": "a-1", "changed": "2024-03-01T09:30:00Z", "size": size, "opened": opened}
        for size, opened in ((12, ""), ("many", "2024-03-01T10:00:00Z"), (13, "2024-03-01T10:00:00Z"))
    ]
    found = tools.outcome({"rows.json": json.dumps(rows).encode()}, HOW)
    assert found.plan.account.by_type == {"group": 2, "track": 1}
    assert [each.line for each in found.rejected] == [1]


def test_a_layout_with_calls_is_picklable_and_a_converter_of_it_gives_the_same() -> None:
    layout = lay_out(COLUMNS, SAMPLE, HOW.mapping.columns, file="export.csv")
    again = pickle.loads(pickle.dumps(layout))
    assert isinstance(converter_of(again, HOW), CallConverter)
    assert again == layout
