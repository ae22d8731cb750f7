"""Given CSV that is broken, each fault has its place, and nothing outside it is touched."""

import itertools

import pytest
from example_support import examples
from hypothesis import given
from hypothesis import strategies as st
from reading_support import SIZES, Reading, cells, source_of, whole

from inflection_cli.reading import ReadOptions, Source, detect, read

HEADER = b"a,b,c\n"


def accounted(data: bytes, reading: Reading, header_lines: int = 1) -> None:
    """Check that rows and faults cover every line that is not blank, and none twice."""
    covered: list[int] = []
    for row, line in zip(reading.rows, reading.lines, strict=True):
        covered += range(line, line + 1 + "".join(row.values()).count("\n"))
    lines = data.split(b"\n")
    for fault in reading.faults:
        touched = fault.raw.removesuffix(b"\n").split(b"\n")
        assert fault.raw in {b"\n".join(touched), b"\n".join(touched) + b"\n"}
        assert touched == lines[fault.line - 1 : fault.line - 1 + len(touched)]
        assert fault.rows == sum(1 for text in touched if text.strip(b"\r"))
        assert fault.problem.line is not None
        assert fault.line <= fault.problem.line < fault.line + len(touched)
        covered += [fault.line + index for index, text in enumerate(touched) if text.strip(b"\r")]
    held = {
        number for number, text in enumerate(lines, start=1) if text.strip(b"\r") and number > header_lines
    }
    assert len(covered) == len(set(covered))
    # A blank line inside a quoted cell belongs to its row.
    assert held <= set(covered)


FAULTS = {
    "too few cells": (b"1,2\n", "ragged-row", 3, None),
    "too many cells": (b"1,2,3,4\n", "ragged-row", 3, None),
    "white space only": (b"  \n", "ragged-row", 3, None),
    "text after a closing quote": (b'1,"x"y,3\n', "text-after-quote", 3, "b"),
    "a space after a closing quote": (b'1,"x" ,3\n', "text-after-quote", 3, "b"),
    "a lone carriage return": (b"1,2\r2,3\n", "bare-carriage-return", 3, "b"),
    "a carriage return after a quote": (b'1,"2"\r,3\n', "bare-carriage-return", 3, "b"),
    "a NUL": (b"1,\0,3\n", "nul-character", 3, None),
    "bytes that are not UTF-8": (b"1,caf\xe9,3\n", "bad-encoding", 3, None),
    "an encoded surrogate": (b"1,\xed\xa0\x80,3\n", "bad-encoding", 3, None),
    "a character cut off": (b"1,2,\xe2\x82\n", "bad-encoding", 3, None),
    "a cell over the bound": (b"1," + b"x" * 131_073 + b",3\n", "field-too-long", 3, None),
    "a line over the bound": (b"1," + b"x" * (1 << 20) + b",3\n", "record-too-long", 3, None),
}


@pytest.mark.parametrize("size", [1, 5, 64, 1 << 16, 1 << 22])
@pytest.mark.parametrize(("line", "code", "at", "column"), FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_on_one_line_is_one_fault_at_that_line_and_the_next_line_is_read(
    line: bytes, code: str, at: int, column: str | None, size: int
) -> None:
    source = source_of(HEADER + b"7,8,9\n" + line + b"4,5,6\n")
    reading = whole(source, size)
    assert cells(reading) == [["7", "8", "9"], ["4", "5", "6"]]
    assert reading.lines == [2, 4]
    assert reading.places() == [(code, at, column)]
    assert [(fault.line, fault.rows, fault.raw) for fault in reading.faults] == [(3, 1, line)]


def test_a_cell_at_the_bound_is_read() -> None:
    reading = whole(source_of(HEADER + b"1," + b"x" * 131_072 + b",3\n"))
    assert reading.faults == []
    assert len(reading.rows[0]["b"]) == 131_072


def test_bad_utf8_names_the_option_with_a_value_to_try() -> None:
    problem = whole(source_of(HEADER + b"1,caf\xe9,3\n4,5,6\n")).faults[0].problem
    assert "--encoding windows-1252" in problem.hint
    assert "0xE9" in problem.message


REGIONS = {
    "a quote never closed, in front of good lines": (
        b'1,"x,3\n4,5,6\n',
        [("quote-unclosed", 3, "b")],
        [(3, 1)],
        [["4", "5", "6"]],
    ),
    "a quote never closed, in front of a line with quotes": (
        b'1,"x,3\n4,"y",6\n',
        [("quote-unclosed", 3, "b")],
        [(3, 1)],
        [["4", "y", "6"]],
    ),
    "a quote never closed, and a quoted cell in a later line": (
        b'1,"x,3\n4,5,6\n7,",",9\n',
        [("quote-unclosed", 3, "b")],
        [(3, 1)],
        [["4", "5", "6"], ["7", ",", "9"]],
    ),
    "a quote in a cell of several lines": (
        b'1,"x\nthe "best" one\n",3\n4,5,6\n',
        [("text-after-quote", 3, "b")],
        [(3, 3)],
        [["4", "5", "6"]],
    ),
    "a line break in a cell of a ragged row": (
        b'1,"x\ny"\n4,5,6\n',
        [("ragged-row", 3, "b")],
        [(3, 2)],
        [["4", "5", "6"]],
    ),
    "two in a row are one region": (
        b'1,"x,3\n2,"y,3\n4,5,6\n',
        [("text-after-quote", 3, "b")],
        [(3, 2)],
        [["4", "5", "6"]],
    ),
    "blank lines in a region are no rows": (
        b'1,"x\n\n\r\ny\n4,5,6\n',
        [("quote-unclosed", 3, "b")],
        [(3, 2)],
        [["4", "5", "6"]],
    ),
    "nothing fits any more": (
        b'1,"x\ny\nz',
        [("quote-unclosed", 3, "b")],
        [(3, 3)],
        [],
    ),
}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("text", "places", "regions", "rows"), REGIONS.values(), ids=REGIONS.keys())
def test_after_a_misplaced_quote_the_reader_finds_its_feet_at_the_next_line_that_fits(
    text: bytes,
    places: list[tuple[str, int | None, str | None]],
    regions: list[tuple[int, int]],
    rows: list[list[str]],
    size: int,
) -> None:
    data = HEADER + b"7,8,9\n" + text
    reading = whole(source_of(data), size)
    assert cells(reading) == [["7", "8", "9"], *rows]
    assert reading.places() == places
    assert [(fault.line, fault.rows) for fault in reading.faults] == regions
    accounted(data, reading)


def test_a_region_says_how_many_lines_were_touched() -> None:
    message = whole(source_of(HEADER + b'1,"x\n\n\ny\n4,5,6\n')).faults[0].problem.message
    assert "4 lines not read: lines 2 to 5" in message


def test_what_is_wrong_inside_a_record_of_certain_bounds_concerns_that_record_alone() -> None:
    reading = whole(source_of(HEADER + b'1,"x\n4,5,\xff\n",3\n4,5,6\n'))
    assert cells(reading) == [["4", "5", "6"]]
    assert reading.places() == [("bad-encoding", 3, None)]
    assert [(fault.line, fault.rows) for fault in reading.faults] == [(2, 3)]


@pytest.mark.parametrize(
    "size", [1 << 16, *(pytest.param(size, marks=pytest.mark.slow) for size in (100, 1 << 22))]
)
def test_a_record_over_the_bound_is_given_up_and_good_lines_after_it_are_read(size: int) -> None:
    data = HEADER + b'1,"x\n' + b"a line of some length\n" * 60_000 + b'y",3\n4,5,6\n'
    reading = whole(source_of(data), size)
    assert cells(reading) == [["4", "5", "6"]]
    assert reading.places()[0] == ("quote-unclosed", 2, "b")
    accounted(data, reading)


@pytest.mark.slow
def test_a_region_is_no_longer_than_a_record_may_be() -> None:
    data = (
        HEADER
        + b'1,"x\n'
        + b"one cell only, or perhaps two cells, or even three, or four\n" * 40_000
        + b"4,5,6\n"
    )
    reading = whole(source_of(data))
    assert max(len(fault.raw) for fault in reading.faults) <= 1 << 20
    assert cells(reading) == [["4", "5", "6"]]
    accounted(data, reading)


@pytest.mark.slow
@pytest.mark.parametrize("line", [b'a","b\n', b'"\n', b'""","\n', b'x,"\n', b'",""\n'])
def test_lines_that_open_quotes_for_ever_are_read_to_the_end(line: bytes) -> None:
    data = b"a,b,c,d,e,f,g\n" + line * 20_000
    source = source_of(data, ReadOptions(delimiter=","))
    accounted(data, whole(source))


GARBAGE = st.lists(
    st.sampled_from(
        [b'"', b'"', b",", b",", b"\n", b"\n", b"\r", b"a", b"1,2,3\n", b"\0", b"\xc3", b"\xa9", b" "]
    ),
    max_size=40,
).map(b"".join)


@examples(300)
@given(GARBAGE)
def test_rows_lines_and_faults_do_not_depend_on_the_size_of_the_chunks(garbage: bytes) -> None:
    # Enough good text in front that the file does not pass for binary.
    data = HEADER + b"0," + b"0" * 200 + b",0\n" + garbage
    source = source_of(data)
    readings = [whole(source, size) for size in SIZES]
    assert all(reading == readings[0] for reading in readings)
    accounted(data, readings[0])


SMALL = b'a,b,c\n1,"x, ""y""",3\n2,"line\none",3\n4,5,6\r\n"7","8","9"\n10,,"12"\n'


def edited() -> list[bytes]:
    """Drop, add or double a quote at every place behind the header."""
    edits = []
    for at in range(SMALL.index(b"\n") + 1, len(SMALL) + 1):
        edits += [SMALL[:at] + b'"' + SMALL[at:], SMALL[:at] + b'""' + SMALL[at:]]
        if SMALL[at : at + 1] == b'"':
            edits.append(SMALL[:at] + SMALL[at + 1 :])
    return edits


def test_with_a_quote_dropped_or_added_anywhere_all_lines_are_accounted_for_and_others_are_read() -> None:
    clean = whole(source_of(SMALL))
    assert clean.faults == []
    for data, size in itertools.product(edited(), (4, 1 << 16)):
        reading = whole(source_of(data), size)
        accounted(data, reading)
        # Rows that end before the edited line stand as they stood.
        change = (
            next(n for n, (x, y) in enumerate(zip(data, SMALL + b" ", strict=False)) if x != y)
            if data != SMALL
            else 0
        )
        line = SMALL.count(b"\n", 0, change) + 1
        before = [
            row
            for row, at in zip(clean.rows, clean.lines, strict=True)
            if at + "".join(row.values()).count("\n") < line
        ]
        assert reading.rows[: len(before)] == before
        # One quote too many or too few costs its own record and at most the next, never the file.
        assert len(reading.rows) >= len(clean.rows) - 2


def test_the_same_options_give_the_same_chunks_and_a_changed_byte_another_digest() -> None:
    source = source_of(b"a,b\n" + b'1,"2\n2"\n' * 1000)
    digests = [chunk.digest for chunk in read(source, ReadOptions(chunk_bytes=512))]
    assert digests == [chunk.digest for chunk in read(source, ReadOptions(chunk_bytes=512))]
    data = bytearray(b"a,b\n" + b'1,"2\n2"\n' * 1000)
    data[-3] = ord("3")
    other = [chunk.digest for chunk in read(source_of(bytes(data)), ReadOptions(chunk_bytes=512))]
    assert digests[:-1] == other[:-1]
    assert digests[-1] != other[-1]


def test_a_changed_header_changes_the_first_digest() -> None:
    def first(source: Source) -> bytes:
        return next(iter(read(source, ReadOptions()))).digest

    assert first(source_of(b"a,b\n1,2\n")) != first(source_of(b"a,c\n1,2\n"))


def test_faults_carry_the_path_that_the_user_wrote() -> None:
    source = source_of(HEADER + b"1,2\n")
    again = detect(source.path, ReadOptions())
    assert whole(again).faults[0].problem.file == source.path
