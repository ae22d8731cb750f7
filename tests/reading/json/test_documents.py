"""Given JSON in lists, in envelopes or spread over lines, each object is a record at its line, a fault one fault."""

import json
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from itertools import cycle
from typing import Any

import pytest
from example_support import examples
from hypothesis import example, given
from hypothesis import strategies as st
from reading_support import SIZES, Reading, source_of, whole

from inflection_cli.errors import InputError
from inflection_cli.reading import ReadOptions, Source, read
from inflection_cli.reading.json import document_text, documents


def source(data: bytes, records: str | None = None) -> Source:
    found = source_of(data, ReadOptions(records=records), name="export.json")
    assert found.format == "json"
    return found


def present(reading: Reading) -> list[dict[str, str]]:
    return [{key: text for key, text in row.items() if text} for row in reading.rows]


LAYOUTS: dict[str, Callable[[list[dict[str, Any]]], str]] = {
    "a list on one line": json.dumps,
    "a list, spread": lambda records: json.dumps(records, indent=2),
    "a list, one on a line": lambda records: "[\n" + ",\n".join(map(json.dumps, records)) + "\n]\n",
    "a list, commas in front": lambda records: "[" + "\n,".join(map(json.dumps, records)) + "]",
    "one after the other": lambda records: "".join(map(json.dumps, records)),
    "one after the other, spread": lambda records: "\r\n\r\n".join(
        json.dumps(record, indent="\t").replace("\n", "\r\n") for record in records
    ),
}
TEXT = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8
) | st.sampled_from(['"}', "},{", "]", '[{"a": 1}]', "\\", '\\"', "{", ",\n"])
VALUE = st.recursive(
    TEXT | st.integers() | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT.filter(bool), inner, max_size=3),
    max_leaves=6,
)
RECORDS = st.lists(st.dictionaries(TEXT.filter(bool), VALUE, min_size=1, max_size=4), min_size=2, max_size=5)


def as_cell(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


@examples(80)
@given(RECORDS, st.sampled_from(sorted(LAYOUTS)))
def test_every_layout_gives_the_records_at_their_lines(records: list[dict[str, Any]], layout: str) -> None:
    text = LAYOUTS[layout](records)
    found = source(text.encode())
    expected = [
        {key: cell for key, value in record.items() if (cell := as_cell(value))} for record in records
    ]
    for size in SIZES:
        reading = whole(found, size)
        assert present(reading) == expected
        assert reading.faults == []
        lines = text.split("\n")
        assert all(lines[line - 1].lstrip(" [,").startswith("{") for line in reading.lines)
        assert reading.lines == sorted(reading.lines)


def spaced(value: Any, space: Callable[[], str]) -> str:
    """Write JSON with white space before and behind each token."""
    if isinstance(value, dict):
        members = (
            f"{space()}{json.dumps(key)}{space()}:{space()}{spaced(each, space)}{space()}"
            for key, each in value.items()
        )
        return "{" + (",".join(members) or space()) + "}"
    if isinstance(value, list):
        items = (f"{space()}{spaced(each, space)}{space()}" for each in value)
        return "[" + (",".join(items) or space()) + "]"
    return json.dumps(value, ensure_ascii=False)


@examples(60)
@given(
    records=RECORDS,
    spaces=st.lists(st.sampled_from(["", "", " ", "\n", "\r\n", "\t \n\n"]), min_size=1, max_size=7),
    size=st.sampled_from(SIZES),
    step=st.integers(1, 40),
)
def test_any_white_space_and_any_cut_give_what_json_gives_of_the_whole(
    records: list[dict[str, Any]], spaces: list[str], size: int, step: int
) -> None:
    endless = cycle(spaces)
    parts = [f"{next(endless)}{spaced(record, lambda: next(endless))}{next(endless)}" for record in records]
    text = f"[{','.join(parts)}]"
    assert json.loads(text) == records
    lines, at = list[int](), 1
    for part in parts:
        lines.append(text.count("\n", 0, text.index("{", at)) + 1)
        at += len(part) + 1
    with pytest.MonkeyPatch.context() as patch:
        # So little is loaded at once, and looked at behind a record, that any value is cut somewhere.
        patch.setattr(document_text, "_STEP_BYTES", step)
        patch.setattr(documents, "LOOK_CHARS", 64)
        reading = whole(source(text.encode()), size)
    assert present(reading) == [
        {key: cell for key, value in record.items() if (cell := as_cell(value))} for record in records
    ]
    assert (reading.lines, reading.faults) == (lines, [])


ON_LINES = st.lists(st.dictionaries(TEXT.filter(bool), VALUE, max_size=3), min_size=3, max_size=6)


@examples(150)
@given(records=ON_LINES, data=st.data(), size=st.sampled_from(SIZES))
def test_one_broken_record_costs_no_more_than_its_neighbours_and_each_line_is_a_row_or_in_a_region(
    records: list[dict[str, Any]], data: st.DataObject, size: int
) -> None:
    lines = [json.dumps({"a": "1", **record}, ensure_ascii=False) for record in records]
    index = data.draw(st.integers(1, len(lines) - 1))
    at = data.draw(st.integers(1, len(lines[index]) - 2))  # without its own braces it is no record
    broken = lines[index][:at] + data.draw(st.sampled_from('"{}[]:,\\x')) + lines[index][at:]
    if data.draw(st.booleans()):
        broken = lines[index][:at] + lines[index][at + 1 :]
    with suppress(ValueError):
        json.loads(broken)
        return  # another record, but one
    lines[index] = broken
    text = "[\n" + ",\n".join(lines) + "\n]\n"
    reading = whole(source(text.encode()), size)
    lost = [
        line
        for fault in reading.faults
        for line in range(fault.line, fault.line + len(fault.raw.rstrip().split(b"\n")))
    ]
    assert sorted(reading.lines + lost) == [*range(2, len(lines) + 2)]
    assert {index + 2} <= set(lost) <= {index + 1, index + 2, index + 3}
    assert sum(fault.rows for fault in reading.faults) == len(lost)
    raw = text.encode().split(b"\n")
    verbatim = b"".join(fault.raw for fault in reading.faults).rstrip(b",\n").split(b"\n")
    assert verbatim == [raw[line - 1] for line in lost[:-1]] + [raw[lost[-1] - 1].rstrip(b",")]


PIECES = st.lists(
    st.sampled_from(
        [
            b'{"a":1}',
            b'{"b":"x","a":2}',
            b'{"c":[1.0]}',
            b"{",
            b"}",
            b"[",
            b"]",
            b",",
            b'"',
            b":",
            b"\n",
            b"  ",
            b"\\",
            b'{"a":1,"a":2}',
            b'{"a":"\xc3\xa9"}',
            b"\xff",
            b"nul",
            b'{"a":[{"a":3}]}',
            b'\n  {"a":',
            b'\n{"a":5},',
            b"\0",
        ]
    ),
    max_size=14,
).map(b"".join)


@examples(200)
@given(PIECES, st.sampled_from([b'[{"z":"0"},\n', b'{"z":\n"0"}\n', b'{"data":[{"z":0},\n']), st.booleans())
@example(b"[}", b'{"z":\n"0"}\n', False)  # the bracket was left with the part in front
@example(
    b'""\0{"a":1}{"a":1}', b'[{"z":"0"},\n', False
)  # the quote in front of what is broken was out of sight
def test_what_is_read_does_not_depend_on_the_size_of_the_chunks(
    pieces: bytes, start: bytes, closed: bool
) -> None:
    data = start + pieces + (b"\n]" if closed else b"")
    records = "data" if start.startswith(b'{"data"') else None
    try:
        found = source_of(data, ReadOptions(records=records), name="export.json")
    except InputError:
        return  # a first record that nothing of can be read
    readings = [whole(found, size) for size in SIZES]
    assert all(present(reading) == present(readings[0]) for reading in readings)
    assert all(reading.lines == readings[0].lines for reading in readings)
    assert all(reading.faults == readings[0].faults for reading in readings)


@pytest.mark.parametrize("number", ["-0", "1.10", "1E5", "123456789012345678901", "0.1e-7"])
def test_a_number_keeps_every_digit_as_it_stood(number: str) -> None:
    assert whole(source(f'[{{"a": {number}}}]'.encode())).rows == [{"a": number}]


def test_a_chunk_ends_before_a_record_with_a_new_key() -> None:
    data = b"[" + b'{"a": 1},\n' * 1000 + b'{"a": 2},{"b": 3, "a": 4},{"c": 5},{"a": 6}]'
    found = source(data)
    assert found.columns == ("a",)
    chunks = list(read(found, ReadOptions(chunk_bytes=1 << 22)))
    assert [(chunk.columns, len(chunk.rows), chunk.first_number) for chunk in chunks] == [
        (("a",), 1001, 1),
        (("a", "b"), 1, 1002),
        (("a", "b", "c"), 2, 1003),
    ]
    assert chunks[2].rows == [["", "", "5"], ["6", "", ""]]
    assert chunks[2].lines == [1001, 1001]


def test_the_same_options_give_the_same_chunks_and_a_changed_byte_another_digest() -> None:
    data = b"[" + b",\n".join([b'{"a": 1, "b": "x"}'] * 3000) + b"]"
    digests = [chunk.digest for chunk in read(source(data), ReadOptions(chunk_bytes=512))]
    assert digests == [chunk.digest for chunk in read(source(data), ReadOptions(chunk_bytes=512))]
    other = [
        chunk.digest for chunk in read(source(data[:-4] + b"y" + data[-3:]), ReadOptions(chunk_bytes=512))
    ]
    assert digests[:-1] == other[:-1]
    assert digests[-1] != other[-1]


ENVELOPE = (
    b'{"total": 2, "page": {"data": [], "next": null},\n"data": [{"a": 1},\n {"a": 2}], "errors": [{"b": 1}]}'
)


def test_the_list_of_an_envelope_is_read_and_what_surrounds_it_passed_over() -> None:
    reading = whole(source(ENVELOPE, "data"))
    assert (reading.rows, reading.lines, reading.faults) == ([{"a": "1"}, {"a": "2"}], [2, 3], [])


@pytest.mark.parametrize("size", SIZES)
def test_pages_one_after_the_other_are_read_by_a_dotted_path(size: int) -> None:
    page = '{"result": {"items": [{"n": %d}, {"n": 0}], "x.y": 1}, "ok": true}\n'
    reading = whole(
        source((page % 1 + page % 2 + '{"result": {"items": []}}').encode(), "result.items"), size
    )
    assert [row["n"] for row in reading.rows] == ["1", "0", "2", "0"]
    assert reading.lines == [1, 1, 2, 2]
    assert reading.faults == []


def test_an_envelope_that_nobody_named_is_refused_with_the_option_that_names_it() -> None:
    for data in (ENVELOPE, json.dumps({"result": {"items": [{"a": 1}] * 9_000}}).encode()):
        with pytest.raises(InputError, match="holds its records in a list") as refused:
            source_of(data)
        path = "data" if data is ENVELOPE else "result.items"
        assert f"--records {path};" in refused.value.hint
        assert whole(source(data, path)).faults == []


def test_one_object_with_a_list_in_it_is_a_record_where_the_user_says_so() -> None:
    data = b'{"event": "Purchase", "items": [{"sku": 1}]}'
    reading = whole(source_of(data, ReadOptions(records=".")))
    assert reading.rows == [{"event": "Purchase", "items": '[{"sku":1}]'}]


@pytest.mark.parametrize(
    ("data", "records", "message", "hint"),
    [
        (ENVELOPE, "dta", "no member 'dta' holds a list", "--records data"),
        (ENVELOPE, "page", "the member 'page' holds no list", "--records data"),
        (ENVELOPE, "total", "the member 'total' holds no list", "--records data"),
        (b'{"data": []}', "data", "the list is empty", ""),
        (b'{"data": [1]}', "data", "line 1: this item of the list is not an object", "JSON object"),
        (b'{"a": 1, "data" [', "data", "a colon is due", "jq empty"),
        (b'{"a": 1, "b": {', "data", "ends before the list", "complete"),
        (b'[{"data": []}]', "data", "the list is empty", ""),
        (b'[{"a": 1}]', "data", "no member 'data' of this record holds a list", "the same structure"),
        (b"a,b\n1,2\n", "data", "is not JSON", "leave --records out"),
        (b"[]", None, "the list is empty", ""),
        (b"[\n]\n", None, "the list is empty", ""),
        (b"[{}]", None, "the objects are empty", ""),
        (b'["a", "b"]', None, "line 1: this item of the list is not an object", "a name for each value"),
        (b"[1]", None, "line 1: this item of the list is not an object", "a name for each value"),
        (
            b'[\n["a", "b"],\n["1", "2"]]',
            None,
            "line 2: this item of the list is not an object",
            "a name for each value",
        ),
    ],
)
def test_a_document_without_records_is_refused_with_what_would_fix_it(
    data: bytes, records: str | None, message: str, hint: str
) -> None:
    with pytest.raises(InputError) as refused:
        source_of(data, ReadOptions(records=records))
    assert message in refused.value.message
    assert hint in refused.value.hint


def test_a_page_without_a_list_among_others_is_a_problem() -> None:
    reading = whole(source(b'{"data": [{"a": 1}]}\n{"error": "rate limited"}\n{"data": [{"a": 2}]}', "data"))
    assert [row["a"] for row in reading.rows] == ["1", "2"]
    assert reading.places() == [("json-no-records", 2, None)]


@pytest.mark.parametrize(
    ("last", "code"),
    [
        (b'{"error": "x"}', "json-no-records"),
        (b'{"error": "x"}\n\n', "json-no-records"),
        (b'{"data": 5, "error": "x"}', "json-no-records"),
        (b'{"error": "x"', "json-cut-off"),
    ],
)
def test_a_last_page_without_a_list_is_one_problem_and_cut_off_only_where_it_is_open(
    last: bytes, code: str
) -> None:
    reading = whole(source(b'{"data": [{"a": 1}]}\n' + last, "data"))
    assert (reading.rows, reading.places()) == ([{"a": "1"}], [(code, 2, None)])


def test_a_list_that_is_there_twice_is_read_once_and_told() -> None:
    reading = whole(source(b'{"data": [{"a": 1}],\n"data": [{"a": 2}]}', "data"))
    assert reading.rows == [{"a": "1"}]
    assert reading.places() == [("json-invalid", 2, None)]


def test_rejected_rows_of_an_enveloped_file_are_read_with_the_option_that_the_file_needed() -> None:
    repaired = b'{"infl_seg_file": "export.json", "event": "Email Opened"}\n'
    assert source_of(repaired, ReadOptions(records="data")).format == "ndjson"


def test_a_document_in_an_encoding_in_which_brackets_are_uncertain_is_refused() -> None:
    data = '[\n{"a": "表"}]'.encode("shift_jis")  # its second byte is a backslash
    with pytest.raises(InputError, match="shift_jis") as refused:
        source_of(data, ReadOptions(encoding="shift_jis"))
    assert "iconv -f shift_jis" in refused.value.hint
    assert whole(source_of('[{"a": "é"}]'.encode("cp1252"), ReadOptions(encoding="cp1252"))).rows == [
        {"a": "é"}
    ]


GOOD = b'{"a": 7}', b'{"a": 8}'
FAULTS = {
    "no object": (b"null", "json-not-object"),
    "a list": (b'[{"a": 1}]', "json-not-object"),
    "a comma too many": (b'{"a": 1,}', "json-invalid"),
    "no colon": (b'{"a" 1}', "json-invalid"),
    "no value": (b'{"a":}', "json-invalid"),
    "a bad escape": (b'{"a": "\\x"}', "json-invalid"),
    "a tab in a string": (b'{"a": "\t"}', "json-invalid"),
    "NaN": (b'{"a": [NaN]}', "json-not-a-number"),
    "a key twice": (b'{"a": 1, "a": 1}', "json-duplicate-key"),
    "an empty key": (b'{"a": {"": 1}}', "json-empty-key"),
    "half a character": (b'{"a": "\\ud83d"}', "json-lone-surrogate"),
    "an escaped NUL": (b'{"a": "\\u0000"}', "nul-character"),
    "bytes that are not UTF-8": (b'{"a": "caf\xe9"}', "bad-encoding"),
    "too deep": (b'{"a":' * 33 + b"1" + b"}" * 33, "json-too-deep"),
    "over the bound": (b'{"a": "' + b"x" * (1 << 20) + b'"}', "record-too-long"),
    "far over the bound": (b'{"a": "' + b"x" * (5 << 20) + b'"}', "record-too-long"),
}


@pytest.mark.parametrize("size", [1, 1 << 16])
@pytest.mark.parametrize(("element", "code"), FAULTS.values(), ids=FAULTS.keys())
def test_a_bad_record_is_one_fault_at_its_line_and_the_next_is_read(
    element: bytes, code: str, size: int
) -> None:
    data = b"[\n" + GOOD[0] + b",\n" + element + b",\n" + GOOD[1] + b"\n]\n"
    reading = whole(source(data), size)
    assert reading.rows == [{"a": "7"}, {"a": "8"}]
    assert reading.lines == [2, 4]
    assert {(name, line) for name, line, _ in reading.places()} == {(code, 3)}
    assert b"".join(fault.raw for fault in reading.faults).strip(b",\n") == element
    assert sum(fault.rows for fault in reading.faults) == 1


@pytest.mark.parametrize(
    "element", [b"null", b'{"a": NaN}', b'{"a": 1, "a": 2}', b'{"": 1}', b'{"a": "\\u0000"}']
)
def test_a_bad_record_that_ends_is_one_fault_among_others_on_its_line(element: bytes) -> None:
    reading = whole(source(b'[{"a": 7}, ' + element + b', {"a": 8}]'))
    assert reading.rows == [{"a": "7"}, {"a": "8"}]
    assert [fault.raw for fault in reading.faults] == [element]


@pytest.mark.parametrize("element", [b'{"a":}', b'{"a" 1}', b'{"a": 1,}', b'{"a": [1,]}', b'{"a": "\t"}'])
def test_a_record_that_ends_nowhere_costs_the_rest_of_its_line(element: bytes) -> None:
    reading = whole(source(b'[{"a": 7}, ' + element + b', {"a": 8},\n{"a": 9}]'))
    assert (reading.rows, reading.lines) == ([{"a": "7"}, {"a": "9"}], [1, 2])
    assert [(fault.raw, fault.rows) for fault in reading.faults] == [(element + b', {"a": 8},\n', 1)]


@pytest.mark.parametrize("size", SIZES)
def test_behind_a_broken_last_record_the_list_ends_and_the_next_page_is_read(size: int) -> None:
    page = b'{\n "data": [\n  {"a": 1},\n  {"a" 2}\n ],\n "next": "x"\n}\n'
    reading = whole(source(page + page, "data"), size)
    assert (reading.rows, reading.lines) == ([{"a": "1"}, {"a": "1"}], [3, 10])
    assert [(fault.line, fault.raw) for fault in reading.faults] == [
        (4, b'{"a" 2}\n'),
        (11, b'{"a" 2}\n'),
    ]


REGIONS = {
    "a quote lost in a spread record": (
        b'[\n  {\n    "a": 7\n  },\n  {\n    "a: 1,\n    "b": [\n      {"a": 5}\n    ]\n  },\n  {\n    "a": 8\n  }\n]',
        ["7", "8"],
        [("json-invalid", 6, 5, 6)],
    ),
    "a brace lost in a spread record": (
        b'[\n  {\n    "a": 7\n  },\n  {\n    "a": 1\n  ,\n  {\n    "a": 8\n  }\n]',
        ["7", "8"],
        [("json-invalid", 7, 5, 3)],
    ),
    "what was a list in a broken record gives no records": (
        b'[\n{"a": 7},\n{"a": "1, "b": [\n{"a": 5},\n{"a": 6}\n]},\n{"a": 8}\n]',
        ["7", "8"],
        [("json-invalid", 3, 3, 4)],
    ),
    "a record closed too early": (
        b'[\n{"a": 7},\n{"a": 1}, "b": 2},\n{"a": 8}\n]',
        ["7", "8"],
        [("json-invalid", 3, 3, 1)],
    ),
    "text that became structure": (
        b'[\n{"a": 7},\n{"a": "1"", "b": "},{"},\n{"a": 8}\n]',
        ["7", "8"],
        [("json-invalid", 3, 3, 1)],
    ),
    "JSON in a string, and a quote too many": (
        b'[\n{"a": 7},\n{"a": "[{\\"x\\": 1"}, {\\"x\\": 2}]"},\n{"a": 8}\n]',
        ["7", "8"],
        [("json-invalid", 3, 3, 1)],
    ),
    "JSON in the last string, and a quote too many": (
        b'[\n{"a": 7},\n{"a": 8},\n{"a": "[{\\"x\\": 1"}]"}]',
        ["7", "8"],
        [("json-invalid", 4, 4, 1)],
    ),
    "a list within a broken object": (
        b'{\n"a": 7\n}\n{"b": }[\n{"a": 5},\n{"a": 6}\n]}\n{\n"a": 8}\n',
        ["7", "8"],
        [("json-invalid", 4, 4, 4)],
    ),
    "the last record is broken": (
        b'[\n{"a": 7},\n{"a": 8},\n{"a" 1}\n]\n',
        ["7", "8"],
        [("json-invalid", 4, 4, 1)],
    ),
    "no comma": (b'[\n{"a": 7}\n{"a": 1},\n{"a": 8}]', ["7", "8"], [("json-invalid", 3, 3, 1)]),
    "two commas": (
        b'[\n{"a": 7},,\n{"a": 8},\n]',
        ["7", "8"],
        [("json-invalid", 2, 2, 1), ("json-invalid", 3, 3, 1)],
    ),
    "text behind the end": (b'[{"a": 7}, {"a": 8}]\nand\n\nmore', ["7", "8"], [("json-invalid", 2, 2, 2)]),
    "a second list": (b'[{"a": 7}]\n[{"a": 8}]', ["7", "8"], []),
    "cut off behind a record": (b'[{"a": 7},\n{"a": 8}\n\n', ["7", "8"], [("json-cut-off", 2, 2, 1)]),
    "cut off behind a comma": (b'[{"a": 7},\n{"a": 8},', ["7", "8"], [("json-cut-off", 2, 2, 1)]),
    "cut off in a record": (b'[{"a": 7},\n{"a": 8},\n{"a"', ["7", "8"], [("json-cut-off", 3, 3, 1)]),
    "cut off in a record on one line": (
        b'[{"a": 7}, {"a": 8}, {"a": "',
        ["7", "8"],
        [("json-invalid", 1, 1, 1)],
    ),
}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("data", "rows", "faults"), REGIONS.values(), ids=REGIONS.keys())
def test_the_reader_finds_its_feet_only_where_one_reading_exists(
    data: bytes, rows: list[str], faults: list[tuple[str, int, int, int]], size: int
) -> None:
    reading = whole(source(data), size)
    assert [row["a"] for row in reading.rows] == rows
    told = [(fault.problem.rule.code, fault.problem.line, fault.line, fault.rows) for fault in reading.faults]
    assert told == faults


def test_a_region_says_how_many_lines_were_touched() -> None:
    message = whole(source(REGIONS["a quote lost in a spread record"][0])).faults[0].problem.message
    assert "the string that opens at character 5 is not closed on its line" in message
    assert "6 lines not read: lines 5 to 10" in message


def test_what_cannot_be_read_of_a_long_line_is_lost_in_pieces_and_lines_after_it_are_read() -> None:
    data = b'[\n{"a": 7},\n{"a": "1" ' + b'"x": 2, ' * 700_000 + b'},\n{"a": 8}\n]'
    reading = whole(source(data))
    assert [row["a"] for row in reading.rows] == ["7", "8"]
    assert max(len(fault.raw) for fault in reading.faults) <= 2 << 20
    assert [fault.rows for fault in reading.faults][:3] == [1, 0, 0]
    assert b"".join(fault.raw for fault in reading.faults) in data
    assert {fault.problem.line for fault in reading.faults} == {3}


@pytest.mark.parametrize(
    "unit", [b'{"a": [{"a": 1},\n{"a": 2},\n', b'{"a": "\n', b'{"a": {\n{"a": 1},\n', b"[\n", b'"\n']
)
def test_what_opens_for_ever_is_read_to_the_end(unit: bytes) -> None:
    reading = whole(source(b'[{"a": 0},\n' + unit * 4_000))
    assert reading.rows[0] == {"a": "0"}
    assert reading.faults


def test_memory_does_not_grow_with_a_document_on_one_line() -> None:
    record = json.dumps({"a": "x" * 50_000, "b": [str(Decimal(1) / 3)] * 100})
    found = source(("[" + ",".join([record] * 150) + "]").encode())
    tracemalloc.start()
    rows = sum(len(chunk.rows) for chunk in read(found, ReadOptions()))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert rows == 150
    assert peak < 5_000_000


@pytest.mark.parametrize("space", [1, 4_095, 4_096, 40_000])
def test_half_a_record_is_no_record_however_far_its_other_half_is(space: int) -> None:
    reading = whole(source(b'[{"a":0},\n{"a":1}' + b" " * space + b', "b":2},\n{"a":3}]'), 1 << 16)
    assert reading.lines == [1, 3]
    assert [fault.line for fault in reading.faults] == [2]


@pytest.mark.parametrize("length", [10, 4_000, 5_000])
def test_a_long_key_behind_a_brace_too_many_is_no_item_of_the_list(length: int) -> None:
    reading = whole(source(b'[{"a":0},\n{"a":1}, "' + b"k" * length + b'": 2},\n{"a":3}]'), 1 << 16)
    assert reading.lines == [1, 3]


@pytest.mark.parametrize("rest", [b',"}', b', "x"}', b',5"}', b", nul}"])
def test_half_a_record_is_no_record_where_a_quote_too_many_ends_it(rest: bytes) -> None:
    reading = whole(source(b'[{"a":0},\n{"a":1}' + rest + b',\n{"a":3}]'), 1 << 16)
    assert reading.lines == [1, 3]
    assert [fault.line for fault in reading.faults] == [2]


@pytest.mark.parametrize("number", [b"1234", b"12.5", b"12e5", b"12E+5", b"1" * 40_000])
@pytest.mark.parametrize("cut", range(6))
def test_a_number_on_the_border_of_two_parts_is_one_item(number: bytes, cut: int) -> None:
    reading = whole(source(b"[" + b" " * ((1 << 14) - 1 - cut) + number + b', {"a":1}]'), 1)
    assert [(fault.rows, fault.raw.strip()) for fault in reading.faults] == [(1, number)]
    assert reading.lines == [1]
