"""Given NDJSON, each line becomes the text it stands for, every digit of it, or a fault at its line."""

import json
from typing import Any

import pytest
from example_support import examples
from hypothesis import given
from hypothesis import strategies as st
from reading_support import SIZES, Reading, source_of, whole

from inflection_cli.errors import InputError
from inflection_cli.lossless_json import JsonError
from inflection_cli.reading import ReadOptions, Source, read
from inflection_cli.reading.json.json_objects import read_object

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
KEY = TEXT.filter(bool)
VALUE = TEXT | st.integers() | st.booleans() | st.none() | st.decimals(allow_nan=False, allow_infinity=False)


def source(data: bytes) -> Source:
    found = source_of(data, name="export.ndjson")
    assert found.format == "ndjson"
    return found


def present(reading: Reading) -> list[dict[str, str]]:
    """Drop what is absent, which is what the size of the chunks may change."""
    return [{key: text for key, text in row.items() if text} for row in reading.rows]


def spelled(value: Any) -> tuple[str, str]:
    """Give a value as JSON, and as the text it should be read as."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=len(value) % 2 == 0), value
    if isinstance(value, bool) or value is None:
        return json.dumps(value), "" if value is None else json.dumps(value)
    return str(value), str(value)


@examples(200)
@given(
    records=st.lists(st.dictionaries(KEY, VALUE, min_size=1, max_size=4), min_size=1, max_size=6),
    separators=st.sampled_from([(",", ":"), (" , ", " : "), (",\t", ":\r")]),
    line_end=st.sampled_from(["\n", "\r\n"]),
)
def test_values_are_read_as_the_text_they_stand_for(
    records: list[dict[str, Any]], separators: tuple[str, str], line_end: str
) -> None:
    between, colon = separators
    lines = [
        "{"
        + between.join(f"{json.dumps(key)}{colon}{spelled(value)[0]}" for key, value in record.items())
        + "}"
        for record in records
    ]
    found = source(line_end.join(lines).encode())
    expected = [
        {key: text for key, value in record.items() if (text := spelled(value)[1])} for record in records
    ]
    for size in SIZES:
        reading = whole(found, size)
        assert present(reading) == expected
        assert reading.lines == list(range(1, len(lines) + 1))
        assert reading.faults == []


@pytest.mark.parametrize(
    "number",
    ["0", "-0", "-0.0", "1.10", "1E5", "1e-7", "123456789012345678901", "-9223372036854775809", "1" * 5000],
)
def test_a_number_keeps_every_digit_as_it_stood(number: str) -> None:
    assert read_object(f'{{"a": {number}, "b": 0}}') == {"a": number, "b": "0"}
    assert read_object(f'{{"a": {{"b":[ {number} ]}} }}') == {"a": f'{{"b":[{number}]}}'}


def test_words_and_what_is_nested_become_text() -> None:
    line = '{"t": true, "f": false, "n": null, "o": {"z": 1.0, "a": ["é\\n", null]}, "e": {}, "l": []}'
    expected = {"t": "true", "f": "false", "n": "", "o": '{"z":1.0,"a":["é\\n",null]}', "e": "{}", "l": "[]"}
    assert read_object(line) == expected


def test_a_backslash_in_front_of_a_closing_quote_hides_nothing() -> None:
    assert read_object(r'{"a": "\\", "b": "\"", "c": "\\u0000"}') == {"a": "\\", "b": '"', "c": r"\u0000"}
    with pytest.raises(JsonError, match="twice"):
        read_object(r'{"a": "\\", "a": "\""}')


FAULTS = {
    "cut off": (b'{"a": 1', "json-invalid", None),
    "two objects": (b'{"a": 1} {"a": 2}', "json-invalid", None),
    "a comma too many": (b'{"a": 1,}', "json-invalid", None),
    "a control character in a string": (b'{"a": "\x01"}', "json-invalid", None),
    "no JSON": (b"hello", "json-invalid", None),
    "a list": (b'["a"]', "json-not-object", None),
    "a string": (b'"a"', "json-not-object", None),
    "a number": (b"1.5", "json-not-object", None),
    "NaN": (b'{"a": NaN}', "json-not-a-number", None),
    "Infinity": (b'{"a": [-Infinity]}', "json-not-a-number", None),
    "a key twice": (b'{"a": 1, "a": 1}', "json-duplicate-key", "a"),
    "a key twice, with space": (b'{"a" :"x", "a"\t: "y"}', "json-duplicate-key", "a"),
    "a key twice, spelled otherwise": (b'{"a": 1, "\\u0061": 2}', "json-duplicate-key", "a"),
    "a key twice, further in": (b'{"a": {"b": [{"c": 1, "c": 2}]}}', "json-duplicate-key", "c"),
    "an empty key": (b'{"": 1}', "json-empty-key", None),
    "an empty key further in": (b'{"a": {"": 1}}', "json-empty-key", None),
    "too deep": (b'{"a":' * 33 + b"1" + b"}" * 33, "json-too-deep", None),
    "far too deep": (b'{"a":' + b"[" * 200_000, "json-too-deep", None),
    "half a character": (b'{"a": "\\ud83d"}', "json-lone-surrogate", "a"),
    "the other half, further in": (b'{"a": ["\\ude00x"]}', "json-lone-surrogate", "a"),
    "half a character in a key": (b'{"\\ud83d": 1}', "json-lone-surrogate", None),
    "a NUL": (b'{"a": "\0"}', "nul-character", None),
    "an escaped NUL": (b'{"a": "\\u0000"}', "nul-character", None),
    "an escaped NUL further in": (b'{"a": ["\\u0000"]}', "nul-character", None),
    "bytes that are not UTF-8": (b'{"a": "caf\xe9"}', "bad-encoding", None),
    "a line over the bound": (b'{"a": "' + b"x" * (1 << 20) + b'"}', "record-too-long", None),
    "a second byte order mark": (b'\xef\xbb\xbf{"a": 1}', "json-invalid", None),
}


@pytest.mark.parametrize("size", [1, 1 << 16, 1 << 22])
@pytest.mark.parametrize(("line", "code", "key"), FAULTS.values(), ids=FAULTS.keys())
def test_a_bad_line_is_one_fault_at_that_line_and_the_next_line_is_read(
    line: bytes, code: str, key: str | None, size: int
) -> None:
    reading = whole(source(b'{"a": "7"}\n\n' + line + b'\n{"a": 8}\n'), size)
    assert reading.rows == [{"a": "7"}, {"a": "8"}]
    assert reading.lines == [1, 4]
    assert reading.places() == [(code, 3, key)]
    assert [(fault.line, fault.rows, fault.raw) for fault in reading.faults] == [(3, 1, line + b"\n")]


def test_thirty_two_deep_is_not_too_deep() -> None:
    assert read_object('{"a":' * 32 + '"]}["' + "}" * 32)["a"].count("{") == 31


def test_brackets_in_strings_are_no_nesting() -> None:
    assert read_object('{"a": "' + "[{" * 100 + '", "b": 1.5}')["b"] == "1.5"


def test_a_chunk_ends_before_a_record_with_a_new_key() -> None:
    lines = b'{"a": 1}\n' * 1000 + b'{"a": 2}\n{"b": 3, "a": 4}\n{"c": 5}\n{"a": 6}\n'
    found = source(lines)
    assert found.columns == ("a",)
    chunks = list(read(found, ReadOptions(chunk_bytes=1 << 22)))
    assert [(chunk.columns, len(chunk.rows)) for chunk in chunks] == [
        (("a",), 1001),
        (("a", "b"), 1),
        (("a", "b", "c"), 2),
    ]
    assert chunks[1].rows == [["4", "3"]]
    assert chunks[2].rows == [["", "", "5"], ["6", "", ""]]
    assert [chunk.first_number for chunk in chunks] == [1, 1002, 1003]
    assert len({chunk.digest for chunk in chunks}) == 3


def test_columns_come_in_the_order_in_which_their_keys_appear() -> None:
    found = source(b'\xef\xbb\xbf{"b": 1}\n{"a": 1, "b": 2}\nbad\n{"c": 3, "a": 4}\n')
    assert found.columns == ("b", "a", "c")
    assert found.sample == (["1", "", ""], ["2", "1", ""], ["", "4", "3"])


@pytest.mark.slow
def test_keys_made_of_data_do_not_make_columns_without_end() -> None:
    reading = whole(source(b"".join(b'{"k%d": 1}\n' % number for number in range(2_010))))
    assert len(reading.rows) == 2_000
    assert {code for code, _, _ in reading.places()} == {"json-too-many-keys"}
    assert [line for _, line, _ in reading.places()] == list(range(2_001, 2_011))


LINES = st.lists(
    st.sampled_from(
        [
            b'{"a":1}',
            b'{"b":"x","a":2}',
            b'{"c":[1.0]}',
            b"",
            b"  ",
            b"{",
            b"nul",
            b'{"a":1,"a":2}',
            b"\xff",
            b'{"a":"\xc3\xa9"}',
        ]
    ),
    max_size=12,
)


@examples(200)
@given(LINES, st.sampled_from([b"\n", b"\r\n"]), st.booleans())
def test_what_is_read_does_not_depend_on_the_size_of_the_chunks(
    lines: list[bytes], line_end: bytes, ended: bool
) -> None:
    data = line_end.join([b'{"z":"0"}', *lines]) + (line_end if ended else b"")
    found = source(data)
    readings = [whole(found, size) for size in SIZES]
    assert all(present(reading) == present(readings[0]) for reading in readings)
    assert all(reading.lines == readings[0].lines for reading in readings)
    assert all(reading.faults == readings[0].faults for reading in readings)
    touched = sorted([*readings[0].lines, *(fault.line for fault in readings[0].faults)])
    assert touched == [number for number, line in enumerate([b"{}", *lines], start=1) if line.strip()]
    raw = data.split(b"\n")
    assert all(fault.raw.removesuffix(b"\n") == raw[fault.line - 1] for fault in readings[0].faults)


@pytest.mark.parametrize(
    ("data", "hint"),
    [
        (b'[{"a": 1}, {"a": 2}]', "jq -c '.[]'"),
        (b"  [\n  {", "jq -c '.[]'"),
        (b"[]", "jq -c '.[]'"),
        (b'{\n  "a": 1\n}\n', "jq -c ."),
        (b'{"a": 1,\n "b": 2}\n', "jq -c ."),
    ],
)
def test_where_one_object_per_line_is_taken_only_all_else_is_refused_with_the_command_that_turns_it(
    data: bytes, hint: str
) -> None:
    with pytest.raises(InputError, match="one object per line") as refused:
        source_of(data, ReadOptions(format="ndjson"), name="export.json")
    assert hint in refused.value.hint


@pytest.mark.parametrize("data", [b"{}\n", b'{"a": NaN}\n'])
def test_a_file_without_a_readable_record_is_refused(data: bytes) -> None:
    with pytest.raises(InputError, match="no record that can be read"):
        source_of(data, name="export.ndjson")
