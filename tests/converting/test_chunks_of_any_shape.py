"""The result of a chunk is that of its rows one at a time, whatever the shape of the data."""

from collections.abc import Sequence

import layout_support as layouts
import pipeline_support as tools
import pytest
from chunk_support import facts, joined
from hypothesis import example, given
from hypothesis import strategies as st

from inflection_cli.converting.converter import Converter
from inflection_cli.lossless_json import JsonCell
from inflection_cli.mapping.bind import lay_out
from inflection_cli.mapping.checks import odd_ids
from inflection_cli.mapping.columns import ColumnOptions
from inflection_cli.model import Chunk

NAMES = (
    "event",
    "userId",
    "personId",
    "email",
    "event_id",
    "campaign_id",
    "email_id",
    "email_link_url",
    "timestamp",
    "clicked_at",
    "score",
    "note",
)
ids = st.sampled_from(["u1", "7b3c-9", "0", " u2 ", "null", "42", "4.0", "1e5", "ünal", "u\n3", "=1", ""])
times = st.sampled_from(
    [
        "2024-03-01T09:30:00.123Z",
        "2024-03-02T23:59:59.000Z",
        "2024-02-30T09:30:00.000Z",
        "2024-03-01T24:10:00.000Z",
        "1709285400",
        "2099-01-01T00:00:00.000Z",
        "1999-12-31T23:00:00.000Z",
        "soon",
        " ",
        "",
    ]
)
json_cells = st.one_of(
    st.integers(-99, 10**9).map(lambda number: JsonCell(str(number))),
    st.floats(0, 1).map(lambda number: JsonCell(repr(number))),
    st.lists(st.integers(0, 9), max_size=3).map(lambda found: JsonCell(str(found).replace(" ", ""))),
    st.sampled_from(
        ["", "7", JsonCell("true"), JsonCell('{"os":"iOS"}'), JsonCell("[[1],[2]]"), JsonCell("1e400")]
    ),
)
notes = st.sampled_from(
    [
        "",
        "red",
        "blue",
        "NULL",
        "ada@shop.example",
        "+49 170 1234567",
        '{"email":"a@b.example"}',
        "Zürich",
        "Ã¼",
        "-1",
        "x" * 33_000,
    ]
)
rows = st.lists(
    st.tuples(
        st.sampled_from(["Email Opened", "Link Clicked", "Email Unique Opens", "opened ", "Sent", ""]),
        ids,
        ids,
        st.sampled_from(["", "a@x.example", " A@x.example", "Ada <a@x.example>", "none"]),
        st.sampled_from(["", "evt-1", " evt-2", "test"]),
        st.sampled_from(["c1", "c2", "", "1,5E+9"]),
        st.sampled_from(["e1", ""]),
        st.sampled_from(
            [
                "",
                "https://x.example/a",
                "http://x.example/ü",
                "ftp://x",
                'https://x.example/"\\',
                "https://\u200bx",
            ]
        ),
        times,
        times,
        json_cells,
        notes,
    ),
    min_size=1,
    max_size=9,
)
PLAIN = (
    "Email Opened",
    "u1",
    "p1",
    "",
    "",
    "c1",
    "e1",
    "",
    "2024-03-01T09:30:00.123Z",
    "",
    JsonCell("1"),
    "",
)
WIDE = layouts.profile(
    events=(
        layouts.block("Email Opened", "timestamp"),
        layouts.block("Link Clicked", "clicked_at"),
        layouts.block("Email Bounced", "timestamp"),
    )
)
SHAPES = {
    "plain": tools.settings(ColumnOptions(own_ids=False)),
    "own ids": tools.settings(),
    "filtered": tools.mapped_by(events=frozenset({"Email Opened"}), unknown_events="skip"),
    "bounds": tools.settings(since="2024-03-01T10:00:00.000Z", until="2024-03-03T00:00:00.000Z"),
    "address": tools.mapped_by(anonymous_id_from_email=True, email_trait=True),
    "nulls": tools.mapped_by(nulls=frozenset({"null", "soon"})),
    "wide": tools.settings(ColumnOptions(profile=WIDE)),
}


def made(found: Sequence[Sequence[str]], first: int, *, typed: bool) -> Chunk:
    lines = range(first, first + len(found))
    return Chunk("export", NAMES, [list(row) for row in found], lines, 1, (), b"", typed=typed)


@pytest.mark.parametrize("shape", SHAPES)
@tools.some
@given(found=rows, typed=st.booleans())
@example(found=[PLAIN, (*PLAIN[:1], " u1", *PLAIN[2:]), PLAIN], typed=False)
@example(found=[PLAIN, (*PLAIN[:-1], "x" * 33_000)], typed=True)
@example(found=[(*PLAIN[:-2], JsonCell(f"{n}.5"), "") for n in range(5)], typed=True)
@example(found=[(*PLAIN[:-2], JsonCell(f"[{n}]"), "") for n in range(5)], typed=True)
@example(
    found=[
        (*PLAIN[:5], *ids, *PLAIN[7:]) for ids in (("d", "e\0c"), ("c\0d", "e"), ("e\0c", "d"), ("e", "c\0d"))
    ],
    typed=False,
)
def test_a_chunk_becomes_what_its_rows_become_one_at_a_time(
    shape: str, found: list[tuple[str, ...]], typed: bool
) -> None:
    how = SHAPES[shape]
    layout = lay_out(NAMES, found, how.mapping.columns, file="export")
    together = Converter(layout, how)(made(found, 2, typed=typed))
    alone = [Converter(layout, how)(made([row], line, typed=typed)) for line, row in enumerate(found, 2)]
    assert facts(together) == joined(alone)


def test_one_odd_row_changes_nothing_about_a_thousand_others() -> None:
    how = SHAPES["plain"]
    many = [(*PLAIN[:1], f"u{n}", f"p{n}", *PLAIN[3:]) for n in range(1000)]
    layout = lay_out(NAMES, many, how.mapping.columns, file="export")
    clean = Converter(layout, how)(made(many, 2, typed=False))
    many[500] = (*PLAIN[:1], "u500 ", *PLAIN[2:])
    mixed = Converter(layout, how)(made(many, 2, typed=False))
    assert [problem.line for problem in mixed.warnings] == [502]
    assert (
        mixed.content_ids[:500] + mixed.content_ids[501:] == clean.content_ids[:500] + clean.content_ids[501:]
    )


@pytest.mark.parametrize(
    "cells", [["u1", "", "42"], ["7b3c9d0e-0000-4000-8000-000000000000"], ["a|b/c:d_e.f@g+h-1"]]
)
def test_ids_of_plain_characters_are_not_odd(cells: list[str]) -> None:
    assert odd_ids(cells) == set()


@given(
    st.lists(
        st.sampled_from(
            [
                "u1",
                "null",
                "0-0",
                "4.0",
                "1.5e3",
                "a@@b",
                "id 1",
                "userId",
                "é",
                "\u212a1",
                "",
                "f" * 8 + "-ffff-ffff-ffff-" + "f" * 12,
            ]
        )
    )
)
def test_of_many_ids_the_odd_ones_are_found(cells: list[str]) -> None:
    assert odd_ids(cells, "userid") == {i for i, cell in enumerate(cells) if cell not in {"u1", ""}}
