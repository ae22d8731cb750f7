"""Given CSV with all that people put into it, what is read is what was written."""

import csv
import io
import re

import pytest
from example_support import examples
from hypothesis import assume, given
from hypothesis import strategies as st
from reading_support import SIZES, cells, source_of, whole
from reference_csv import table

from inflection_cli.reading import ReadOptions
from inflection_cli.reading.csv.strict_csv import Grammar, RecordEnd, bare_quotes

ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
CSV_TEXT = st.text(st.sampled_from(list('",;\n\r ab\u2028é😀')), max_size=12)


@examples(150)
@given(
    rows=st.lists(st.tuples(*[ANY_TEXT | CSV_TEXT] * 3), min_size=1, max_size=8),
    delimiter=st.sampled_from(",;\t|"),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    terminator=st.sampled_from(["\n", "\r\n"]),
    marked=st.booleans(),
)
def test_any_text_that_pythons_csv_module_writes_is_read_back_exactly(
    rows: list[tuple[str, ...]], delimiter: str, quoting: int, terminator: str, marked: bool
) -> None:
    # Before 3.13 Python's writer leaves a CR unquoted unless the line end has one: the file says otherwise.
    assume(
        quoting == csv.QUOTE_ALL
        or terminator == "\r\n"
        or not any("\r" in cell for row in rows for cell in row)
    )
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, quoting=quoting, lineterminator=terminator)  # type: ignore[arg-type]
    writer.writerow(["event", "user", "time"])
    writer.writerows(rows)
    source = source_of(text.getvalue().encode("utf-8-sig" if marked else "utf-8"))
    assert source.columns == ("event", "user", "time")
    assert source.delimiter == delimiter
    assert list(source.sample) == [list(row) for row in rows]
    for size in SIZES:
        reading = whole(source, size)
        assert cells(reading) == [list(row) for row in rows]
        assert reading.faults == []


@examples(1500)
@given(st.text(st.sampled_from(list('""",,\n\r\0ab\x85')), max_size=14), st.integers(1, 4))
def test_the_grammar_ends_records_where_pythons_strict_csv_reader_does(text: str, width: int) -> None:
    reader = csv.reader(io.StringIO(text, newline="\n"), strict=True)
    shape = Grammar(",").scan(text, 0, len(text), width)
    try:
        row = next(reader, None)
    except csv.Error:
        assert shape.ending in {
            RecordEnd.OPEN,
            RecordEnd.TEXT_AFTER_QUOTE,
            RecordEnd.BARE_RETURN,
            RecordEnd.CROWDED,
        }
        return
    if row is None:
        assert text == ""
    elif shape.ending is RecordEnd.BARE_RETURN:
        # Python takes any number of carriage returns for a part of the line end.
        assert re.match(r"\r\r+(\n|\Z)", text[shape.end :])
    elif shape.ending is RecordEnd.CUT and shape.end < len(text):
        assert text[shape.end :] == "\r"
    elif shape.ending is RecordEnd.CROWDED:
        assert len(row) > width
    elif row:
        assert shape.ending in {RecordEnd.WHOLE, RecordEnd.CUT}
        assert shape.cells == len(row)
        assert text[: shape.end].count("\n") == reader.line_num - (shape.ending is RecordEnd.CUT)


@pytest.mark.parametrize("size", SIZES)
def test_a_quote_inside_an_unquoted_cell_is_read_as_it_stands_where_no_other_reading_is(size: int) -> None:
    reading = whole(source_of(b'size,name\n5" pipe,a"b"\n5" x 7", "c"\n"""d""","e"\n'), size)
    assert cells(reading) == [['5" pipe', 'a"b"'], ['5" x 7"', ' "c"'], ['"d"', "e"]]
    assert reading.faults == []
    assert reading.told() == [("quote-as-text", line, name) for line in (2, 3) for name in ("size", "name")]


TORN = {
    "a lost delimiter": 'a,Spring"Hello, friends"',
    "a blank in front": 'a,  "Hello, friends"',
    "a doubled quote inside": 'a,Spring"Hello, ""dear"" friends"',
    "behind another quote": 'a,5""Hello, friends"',
    "over two cells": 'a"b,c,d"',
    "an inch in two cells": '5",7",x',
}


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("row", TORN.values(), ids=TORN.keys())
def test_a_quote_that_may_open_a_cell_rejects_its_row_alone(row: str, line_end: str) -> None:
    lines = ["x,y,z", "1,2,3", row, '4,"5\n",6', ""]
    data = line_end.join(lines).encode()
    reading = whole(source_of(data))
    assert [line for _, line, _ in reading.places()] == [3]
    assert reading.places()[0][0] == "quote-in-bare-cell"
    assert reading.places()[0][2] == ("x" if row[1] in '"b' else "y")
    assert cells(reading) == [["1", "2", "3"], ["4", "5\n", "6"]]
    assert reading.faults[0].raw == (row + line_end).encode()
    for size in SIZES:
        assert whole(source_of(data), size).places() == reading.places()


CUT_OFF = {
    "the rest is short": ['a,Spring"Hello, all', 'bye"'],
    "the rest has its delimiters": ['a,Spring"Hello, all', 'bye",x'],
    "the rest has lines of its own": ['a,Spring"Hello, all', "and all others", 'bye"'],
    "the rest fits": ['Spring"Hello, b, c', 'bye, bye",z'],
    "the start is short": ['Spring"Hello, b', 'bye, bye",z'],
    "blanks before the quote": ['a,b, "Hello', 'bye,c,d"'],
    "a blank line between": ['Spring"Hello, b, c', "", 'bye, bye",z'],
    "doubled quotes": ['Spring"Hello, ""b"", c', 'bye, bye",z'],
    "the rest is not closed": ['a,Spring"Hello, all', "bye"],
}


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("lines", CUT_OFF.values(), ids=CUT_OFF.keys())
def test_a_lost_delimiter_before_a_cell_of_several_lines_rejects_all_of_them(
    lines: list[str], line_end: str
) -> None:
    data = line_end.join(["x,y,z", "1,2,3", *lines, "4,5,6", ""]).encode()
    for size in SIZES:
        reading = whole(source_of(data), size)
        assert cells(reading) == [["1", "2", "3"], ["4", "5", "6"]]
        assert [fault.line for fault in reading.faults] == [3 + at for at, line in enumerate(lines) if line]


INCHES = {
    "in every row": ['a,TV 5",x', 'a,TV 7",y', 'a,TV 9",z'],
    "with words after": ['a,5" screen,x', 'a,7" screen,y'],
    "in the last cell": ['a,b,TV 5"', 'a,b,TV 7"'],
    "in other columns": ['a,TV 5",x', 'TV 7",y,z'],
    "before a quoted cell": ['a,TV 5",x', '"b",c,"d"'],
    "at the end of the file": ['a,TV 5",x'],
    "before a cell of several lines": ['a,TV 5",x', 'b,"c\nd",e'],
}


@pytest.mark.parametrize("rows", INCHES.values(), ids=INCHES.keys())
def test_a_quote_for_inches_is_read_as_it_stands_in_row_after_row(rows: list[str]) -> None:
    data = "\n".join(["x,y,z", *rows, ""]).encode()
    for size in SIZES:
        reading = whole(source_of(data), size)
        assert (len(cells(reading)), reading.faults) == (len(rows), [])


@pytest.mark.parametrize("size", SIZES)
def test_a_carriage_return_too_many_ends_no_line_and_neither_does_one_at_the_end_of_a_file(size: int) -> None:
    reading = whole(source_of(b"a,b\n1,x\r\r\n2,z\r\n3,y\r"), size)
    assert cells(reading) == [["2", "z"]]
    assert reading.places() == [("bare-carriage-return", 2, "b"), ("bare-carriage-return", 4, "b")]


@examples(600)
@given(st.lists(st.sampled_from(['"', '"', ",", ",", "a", " ", "\n", "\r\n"]), max_size=24).map("".join))
def test_which_rows_have_two_readings_is_what_the_oracle_says(text: str) -> None:
    data = f"a,b\n1,2\n{text}".encode()
    expected = table(data.decode(), ",")
    for size in SIZES:
        reading = whole(source_of(data, ReadOptions(delimiter=",")), size)
        assert list(zip(reading.lines, cells(reading), strict=True)) == expected.rows
        assert [fault.line for fault in reading.faults] == [first for first, _ in expected.faults]


@pytest.mark.timeout(60)  # quadratic work would take many minutes
@pytest.mark.parametrize("cell", ['""' * 200_000, 'a"' * 200_000, 'a""' * 200_000, 'a"""' * 200_000])
def test_a_cell_full_of_quotes_is_judged_in_one_pass(cell: str) -> None:
    assert [(quote.cell, quote.opens) for quote in bare_quotes(f"a{cell},b", ",")] == [(0, False)]


def test_line_breaks_in_quoted_cells_stay_as_they_are_and_lines_count_them() -> None:
    reading = whole(source_of(b'a,b\r\n1,"x\r\ny\nz"\r\n\r\n2,w\n3,\xe2\x80\xa8\n'))
    assert cells(reading) == [["1", "x\r\ny\nz"], ["2", "w"], ["3", "\u2028"]]
    assert reading.lines == [2, 6, 7]


@pytest.mark.parametrize("size", [100, 1 << 16, 1 << 22])
def test_a_long_record_of_many_lines_is_read_whole(size: int) -> None:
    cell = "a line of a long cell\n" * 5_000
    quoted = ",".join(f'"{number}{cell}"' for number in range(5))
    reading = whole(source_of(f"a,b,c,d,e\n1,2,3,4,5\n{quoted}\n6,7,8,9,0\n".encode()), size)
    assert cells(reading) == [list("12345"), [f"{number}{cell}" for number in range(5)], list("67890")]
    assert reading.lines == [2, 3, 25_004]
    assert reading.faults == []


def test_control_characters_are_text() -> None:
    reading = whole(source_of(b"a,b\n\x1f\x19\x08\x01,\x02\x03\x04\x0b\n"))
    assert cells(reading) == [["\x1f\x19\x08\x01", "\x02\x03\x04\x0b"]]


def test_the_last_line_needs_no_line_end() -> None:
    assert cells(whole(source_of(b'a,b\n1,2\n3,"4"'))) == [["1", "2"], ["3", "4"]]


def test_blank_lines_are_no_rows_but_count_as_lines() -> None:
    for size in SIZES:
        reading = whole(source_of(b"\n\r\na,b\n\n1,2\n\r\n3,4\n\n\n"), size)
        assert cells(reading) == [["1", "2"], ["3", "4"]]
        assert reading.lines == [5, 7]
        assert reading.faults == []


def test_one_column_is_enough() -> None:
    source = source_of(b"email\na@example.com\nb@example.com\n")
    assert source.columns == ("email",)
    assert cells(whole(source)) == [["a@example.com"], ["b@example.com"]]


@pytest.mark.parametrize("spelled", ["tab", "\\t", "\t"])
def test_the_delimiter_can_be_spelled_in_words(spelled: str) -> None:
    source = source_of(b"a,x\tb\n1\t2\n", ReadOptions(delimiter=spelled))
    assert source.columns == ("a,x", "b")


def test_other_encodings_are_read_when_named() -> None:
    data = "name,city\nJürgen,Köln\n".encode("cp1252")
    source = source_of(data, ReadOptions(encoding="windows-1252"))
    assert source.encoding == "cp1252"
    assert cells(whole(source)) == [["Jürgen", "Köln"]]


@pytest.mark.parametrize("size", SIZES)
def test_a_delimiter_that_is_half_a_character_elsewhere_divides_nothing_there(size: int) -> None:
    # In Shift JIS the second byte of this character is the one that stands for "|".
    data = "a|b\n1\u30dd|2\n".encode("shift_jis")
    assert b"\x83|" in data
    source = source_of(data + b"\x83\n", ReadOptions(encoding="shift_jis"))
    reading = whole(source, size)
    assert cells(reading) == [["1\u30dd", "2"]]
    assert [(code, line) for code, line, _ in reading.places()] == [("bad-encoding", 3)]


def test_a_byte_order_mark_beats_the_encoding_that_was_named() -> None:
    source = source_of("\ufeffname,b\né,1\n".encode(), ReadOptions(encoding="cp1252"))
    assert source.columns == ("name", "b")
    assert cells(whole(source)) == [["é", "1"]]


def test_a_nameless_last_column_that_is_empty_is_left_out_with_a_warning() -> None:
    source = source_of(b"a,b,\n1,2,\n3,4,\n")
    assert source.columns == ("a", "b")
    assert [problem.rule.code for problem in source.problems] == ["nameless-column"]
    assert cells(whole(source)) == [["1", "2"], ["3", "4"]]


@pytest.mark.parametrize("size", SIZES)
def test_a_cell_in_the_nameless_last_column_is_a_problem_at_its_line(size: int) -> None:
    reading = whole(source_of(b'a,b,\n1,2,\n3,"\n4",x\n5,6,\n'), size)
    assert cells(reading) == [["1", "2"], ["5", "6"]]
    assert reading.places() == [("nameless-cell", 3, None)]
    assert reading.faults[0].raw == b'3,"\n4",x\n'
    assert reading.faults[0].rows == 2
