"""Given a table, its delimiter is told by Excel's own first line, or named by the error where another one fits."""

import pytest
from reading_support import cells, source_of, whole

from inflection_cli.errors import InputError, UsageError
from inflection_cli.reading import ReadOptions


@pytest.mark.parametrize("first", ["sep=;", "SEP=;", '"sep=;"', "Sep=;\r", '"SEP=;"\r'])
def test_excels_first_line_tells_the_delimiter_and_is_no_header(first: str) -> None:
    source = source_of(f"{first}\na,b;c\n1,5;2\n3\n".encode())
    assert (source.delimiter, source.columns, source.header_line) == (";", ("a,b", "c"), 2)
    reading = whole(source)
    assert cells(reading) == [["1,5", "2"]]
    assert reading.lines == [3]
    assert reading.places() == [("ragged-row", 4, None)]


@pytest.mark.parametrize("delimiter", ["\t", "|", ":", "~", "¦", "a"])
def test_it_may_tell_any_character(delimiter: str) -> None:
    source = source_of(f"\ufeffsep={delimiter}\n1{delimiter}2\n3{delimiter}4\n".encode())
    assert (source.delimiter, source.columns) == (delimiter, ("1", "2"))
    assert cells(whole(source)) == [["3", "4"]]


def test_an_option_that_agrees_with_it_changes_nothing_and_one_that_contradicts_is_a_mistake() -> None:
    data = b"sep=;\na;b\n1;2\n"
    assert source_of(data, ReadOptions(delimiter=";")).columns == ("a", "b")
    with pytest.raises(
        UsageError, match="the delimiter is ';', and --delimiter ',' contradicts it"
    ) as refused:
        source_of(data, ReadOptions(delimiter=","))
    assert "--delimiter ';'" in refused.value.hint


@pytest.mark.parametrize("first", [b"sep=\n", b'"sep="\n', b'sep="\n'])
def test_a_line_that_tells_nothing_is_refused(first: bytes) -> None:
    with pytest.raises(InputError, match="tells no delimiter") as refused:
        source_of(first + b"a;b\n1;2\n")
    assert "sep=;" in refused.value.hint


def test_a_header_that_only_looks_like_it_is_one() -> None:
    assert source_of(b"sep=ab,c\n1,2\n").columns == ("sep=ab", "c")
    assert source_of(b"sep,c\n1,2\n").columns == ("sep", "c")


def test_the_header_line_is_the_one_that_it_stands_on() -> None:
    source = source_of(b"\n\r\na,b,\n1,2,\n")
    assert source.header_line == 3
    assert [problem.line for problem in source.problems] == [3]


@pytest.mark.parametrize(
    ("data", "given", "fits"),
    [
        (b"a,b,c\n1,2,3\n", ";", "','"),
        (b"a;b;c\n1,5;2;3\n", ",", "';'"),
        (b"a\tb\n1\t2\n", ",", "tab"),
        (b'"a","b"\n"1","2"\n', ";", "','"),
        (b"a:b\n1:2\n", None, "':'"),
        (b"a^b\n1^2\n", None, "'^'"),
        (b"a\x01b\n1\x012\n", None, r"'\x01'"),
        ("a¦b\n1¦2\n".encode(), None, "'¦'"),
        (b"a b;c\n1 2 9;3\n1 2 3;4\n", " ", "';'"),
    ],
)
def test_the_delimiter_that_would_fit_is_named_and_works(data: bytes, given: str | None, fits: str) -> None:
    with pytest.raises(InputError) as refused:
        source_of(data, ReadOptions(delimiter=given))
    assert refused.value.hint == f"name the delimiter: --delimiter {fits}"
    word = fits.strip("'")
    assert len(source_of(data, ReadOptions(delimiter=word)).columns) > 1


@pytest.mark.parametrize("data", [b"timestamp\n2024-03-01T09:30:00Z\n", b"a\n1:2\n", b"a:b\n1\n"])
def test_one_column_is_one_where_nothing_divides_it_evenly(data: bytes) -> None:
    assert len(source_of(data).columns) == 1
    assert len(source_of(data, ReadOptions(delimiter=";")).columns) == 1
