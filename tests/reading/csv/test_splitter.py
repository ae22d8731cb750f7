"""Splitting gives what the csv module gives, or gives up."""

import csv
import io

import pytest
from example_support import examples
from hypothesis import example, given
from hypothesis import strategies as st

from inflection_cli.reading.csv.csv_reader import split_rows

ALPHABET = st.sampled_from(['"', '"', ",", ";", "\n", "\r\n", "\r", "a", "ü", " ", "\u2028", "\x1e"])
DELIMITERS = st.sampled_from([",", ";", "\t", "|"])


def read_by_the_csv_module(text: str, delimiter: str) -> list[list[str]] | None:
    try:
        return list(csv.reader(io.StringIO(text, newline="\n"), delimiter=delimiter, strict=True))
    except csv.Error:
        return None


@examples(600)
@given(text=st.lists(ALPHABET, max_size=14).map("".join), delimiter=DELIMITERS)
@example('"a""b",c\n', ",")
@example('""\n\n', ",")
@example('""""', ",")
@example('"a"",b"\r\n"","\n"', ",")
@example('a\rb\r\n"c\r"\n', ",")
@example('a\r\n"c\r"\n', ",")
def test_what_is_split_is_what_the_csv_module_reads(text: str, delimiter: str) -> None:
    rows = split_rows(text.encode(), delimiter)
    assert rows is None or rows == read_by_the_csv_module(text, delimiter)


@examples(300)
@given(
    rows=st.lists(
        st.lists(
            st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r\x1e\x1f")), min_size=2
        ),
        max_size=5,
    ),
    line_end=st.sampled_from(["\n", "\r\n"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    delimiter=DELIMITERS,
)
def test_what_the_csv_module_writes_is_split_and_comes_back(
    rows: list[list[str]], line_end: str, quoting: int, delimiter: str
) -> None:
    out = io.StringIO()
    csv.writer(out, lineterminator=line_end, quoting=quoting, delimiter=delimiter).writerows(rows)  # type: ignore[arg-type]
    assert split_rows(out.getvalue().encode(), delimiter) == rows


@pytest.mark.parametrize(
    "text",
    ['a"b,c\n', '"a"b,c\n', '"a" ,c\n', ' "a",c\n', '"a,c\n', "a\rb,c\n", "a\x1eb,c\n", "a\x1fb\n", '""\n\n'],
)
def test_what_takes_more_than_splitting_is_left_to_others(text: str) -> None:
    assert split_rows(text.encode(), ",") is None
