"""Given line ends of old Macs, lines are lines, a quoted line break stays what it is, and a mixture is a fault."""

import csv
import io

import pytest
from example_support import examples
from hypothesis import given
from hypothesis import strategies as st
from reading_support import SIZES, cells, source_of, whole

from inflection_cli.model import Fault
from inflection_cli.reading import ReadOptions
from inflection_cli.reading.json.message_lines import read_lines


def test_rows_are_read_with_their_lines() -> None:
    source = source_of(b"event,userId\r1,2\r\r3,4\r")
    assert source.line_ends == "cr"
    reading = whole(source)
    assert cells(reading) == [["1", "2"], ["3", "4"]]
    assert reading.lines == [2, 4]
    assert reading.faults == []


def test_the_last_line_needs_no_end_and_a_mark_may_stand_in_front() -> None:
    reading = whole(source_of(b"\xef\xbb\xbfa,b\r1,2"))
    assert reading.rows == [{"a": "1", "b": "2"}]


def test_line_breaks_in_quotes_stay_what_they_are() -> None:
    source = source_of(b'a,"b\rc"\r1,"x\ry"\r2,"x\ny"\r3,"x\r\ny"\r4,z\r')
    assert source.columns == ("a", "b\rc")
    reading = whole(source)
    assert cells(reading) == [["1", "x\ry"], ["2", "x\ny"], ["3", "x\r\ny"], ["4", "z"]]
    assert source.sample[0] == ["1", "x\ry"]
    assert reading.lines == [3, 5, 6, 8]


def fault_of(data: bytes) -> Fault:
    (fault,) = whole(source_of(data)).faults
    return fault


GOOD = b"1,2\r" * 20_000


def test_a_line_feed_outside_quotes_is_a_fault_at_its_line() -> None:
    fault = fault_of(b"a,b\r" + GOOD + b"3,4\n5\r6,7\r")
    assert fault.problem.rule.code == "bare-carriage-return"
    assert fault.problem.line == fault.line == 20_002
    assert "a line feed outside quotes does not end a line" in fault.problem.message
    assert "end with a carriage return alone" in fault.problem.hint
    assert fault.raw == b"3,4\n5\r"


def test_unreadable_lines_are_kept_as_they_stood() -> None:
    assert fault_of(b"a,b\r" + GOOD + b'1,"2\n"x\r3,4\r').raw == b'1,"2\n"x\r'


@pytest.mark.slow
def test_windows_line_ends_far_behind_old_ones_are_no_silent_difference() -> None:
    reading = whole(source_of(b"a,b\r" + GOOD + b"3,4\r\n5,6\r\n"))
    assert len(reading.rows) == 20_001
    assert reading.places() == [("bare-carriage-return", 20_003, "a")]
    assert reading.faults[0].raw == b"\n5,6\r"


def test_a_carriage_return_in_a_file_with_line_feeds_stays_a_fault() -> None:
    source = source_of(b"a,b\n1,2\r3,4\n5,6\n")
    assert source.line_ends == "lf"
    assert whole(source).places() == [("bare-carriage-return", 2, "b")]


def test_ndjson_is_read_and_escaped_line_breaks_stay_what_they_are() -> None:
    source = source_of(b'{"a": "x\\ny\\rz"}\rnot json\r{"a": 2}\r')
    assert (source.format, source.line_ends) == ("ndjson", "cr")
    reading = whole(source)
    assert reading.rows == [{"a": "x\ny\rz"}, {"a": "2"}]
    assert reading.lines == [1, 3]
    assert [(fault.line, fault.raw) for fault in reading.faults] == [(2, b"not json\r")]


def test_two_objects_with_a_line_feed_between_are_no_line() -> None:
    data = b'{"a": 1}\r' * 10_000 + b'{"a": 2}\n{"a": 3}\r{"a": 4}\r'
    reading = whole(source_of(data))
    assert [row["a"] for row in reading.rows[-2:]] == ["1", "4"]
    assert reading.places() == [("json-invalid", 10_001, None)]


def test_ready_messages_are_read_line_by_line() -> None:
    source = source_of(b'{"a": 1}\r{"b":\r{"c": 3}\r', ReadOptions(format="ndjson"))
    (lines,) = read_lines(source, ReadOptions())
    assert lines.objects == [{"a": 1}, {"c": 3}]
    assert lines.chunk.lines == [1, 3]
    assert lines.chunk.faults[0].raw == b'{"b":\r'


def test_old_line_ends_in_utf16_are_read() -> None:
    reading = whole(source_of("\ufeffa,b\r1,2\r3,4\r".encode("utf-16-be")))
    assert cells(reading) == [["1", "2"], ["3", "4"]]


CELL = st.text(st.sampled_from(["a", '"', ",", "\r", "\n", "é", " "]), max_size=6)


@examples(100)
@given(st.lists(st.lists(CELL, min_size=2, max_size=2), min_size=1, max_size=8))
def test_whatever_the_csv_module_writes_with_old_line_ends_is_read_back(rows: list[list[str]]) -> None:
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\r", quoting=csv.QUOTE_ALL).writerows(rows)
    source = source_of(b"a,b\r" + out.getvalue().encode())
    assert source.line_ends == "cr"
    assert all(cells(whole(source, size)) == rows for size in SIZES)


@pytest.mark.parametrize("data", [b'{"a":\r1}', b'{"a":\r1}\r'])
def test_in_one_json_object_a_carriage_return_is_space(data: bytes) -> None:
    assert whole(source_of(data)).rows == [{"a": "1"}]
