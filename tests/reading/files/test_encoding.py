"""Given UTF-16 and its like, everything reads as if it were UTF-8, and what is no text is a fault at its line."""

import pytest
from example_support import examples
from hypothesis import given
from hypothesis import strategies as st
from reading_support import SIZES, cells, source_of, whole

from inflection_cli.errors import InputError, UsageError
from inflection_cli.reading import ReadOptions

TEXT = 'event,näme\r\nopened,"Grüße, 😀\n""x"""\r\nclicked,日本\r\n'
MARKED = ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"]


@pytest.mark.parametrize("encoding", MARKED)
def test_a_byte_order_mark_settles_the_encoding(encoding: str) -> None:
    wide = source_of(("\ufeff" + TEXT).encode(encoding))
    assert wide.encoding == encoding
    assert wide.columns == ("event", "näme")
    assert whole(wide) == whole(source_of(TEXT.encode()))
    assert cells(whole(wide))[0] == ["opened", 'Grüße, 😀\n"x"']


@pytest.mark.parametrize("encoding", MARKED)
def test_without_a_mark_the_order_of_the_bytes_can_be_named(encoding: str) -> None:
    assert whole(source_of(TEXT.encode(encoding), ReadOptions(encoding=encoding))) == whole(
        source_of(TEXT.encode())
    )


@pytest.mark.parametrize("declared", ["utf-16", "UTF-16LE", "utf-16-be", "windows-1252", "cp037"])
def test_a_mark_beats_what_was_named(declared: str) -> None:
    source = source_of(("\ufeff" + TEXT).encode("utf-16-le"), ReadOptions(encoding=declared))
    assert source.encoding == "utf-16-le"
    marked = source_of(("\ufeff" + TEXT).encode(), ReadOptions(encoding=declared))
    assert marked.encoding == "utf-8"
    assert len(whole(source).rows) == len(whole(marked).rows) == 2


@pytest.mark.parametrize(("encoding", "declared"), [("utf-16-le", "utf-8"), ("utf-16-be", "utf-16")])
def test_without_a_mark_the_order_of_the_bytes_is_no_guess_of_ours(encoding: str, declared: str) -> None:
    with pytest.raises(InputError, match="UTF-16 text without a byte order mark") as refused:
        source_of("event,user\n1,2\n".encode(encoding), ReadOptions(encoding=declared))
    assert f"--encoding {encoding}" in refused.value.hint


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-32-be"])
def test_what_is_no_wide_text_is_not_read_as_such(encoding: str) -> None:
    with pytest.raises(InputError, match=f"is not {encoding} text") as refused:
        source_of(TEXT.encode(), ReadOptions(encoding=encoding))
    assert "leave --encoding out" in refused.value.hint


HIGH, LOW = b"\x3d\xd8", b"\x00\xde"
UNTEXT = {
    "half a character": (b"o\0" + HIGH + b",\0001\0\n\0", 3),
    "the other half": (b"o\0" + LOW + b",\0001\0\n\0", 3),
    "the halves the wrong way round": (LOW + HIGH + b",\0001\0\n\0", 3),
    "half a character at the end of a line": (b"o\0,\000" + HIGH + b"\n\0", 3),
    "an odd last byte": (b"o\0,\000x\0\n\0y\0,\0z\0q", 4),
}


@pytest.mark.parametrize("size", [1, 64, 1 << 16])
@pytest.mark.parametrize(("data", "line"), UNTEXT.values(), ids=UNTEXT.keys())
def test_what_is_no_text_is_a_fault_at_its_line(data: bytes, line: int, size: int) -> None:
    good = "a,b\n1,2\n".encode("utf-16-le")
    reading = whole(source_of(b"\xff\xfe" + good + data), size)
    assert reading.places() == [("bad-encoding", line, None)]
    assert "not text in utf-16-le" in reading.faults[0].problem.message
    assert "--encoding" not in reading.faults[0].problem.hint
    assert cells(reading)[0] == ["1", "2"]
    assert all("\ufffd" not in cell for row in cells(reading) for cell in row)


def test_what_is_no_text_is_a_fault_in_ndjson_too() -> None:
    data = '{"a": "1"}\n'.encode("utf-16-be") + '{"a": "'.encode("utf-16-be") + b"\xd8\x3d" + b'\0"\0}\0\n'
    reading = whole(source_of(b"\xfe\xff" + data))
    assert reading.rows == [{"a": "1"}]
    assert reading.places() == [("bad-encoding", 2, None)]


def test_a_replacement_character_that_stands_in_the_file_is_text() -> None:
    reading = whole(source_of("\ufeffa,b\n\ufffd,2\n".encode("utf-16-le")))
    assert cells(reading) == [["\ufffd", "2"]]


def test_a_nul_is_a_fault() -> None:
    reading = whole(source_of("\ufeffa,b\n1,2\n3,\0\n5,6\n".encode("utf-16-le")))
    assert reading.places() == [("nul-character", 3, None)]


@pytest.mark.parametrize("name", ["cp037", "cp500", "cp1140"])
def test_an_encoding_of_single_bytes_that_are_no_ascii_can_be_named(name: str) -> None:
    reading = whole(source_of("a,b\nx|y,2\n".encode(name), ReadOptions(encoding=name, delimiter=",")))
    assert reading.rows == [{"a": "x|y", "b": "2"}]


@pytest.mark.parametrize("name", ["utf-7", "iso2022_jp", "hz", "punycode", "unicode_escape", "utf_8_klingon"])
def test_an_encoding_in_which_no_line_end_is_certain_stays_refused(name: str) -> None:
    with pytest.raises(UsageError, match="--encoding"):
        source_of(b"a,b\n1,2\n", ReadOptions(encoding=name))


def test_a_wide_file_of_nothing_is_empty_and_a_binary_one_is_refused() -> None:
    for data, message in (
        (b"\xff\xfe", "is empty"),
        (b"\xff\xfe\0\0", "is empty"),
        (b"\xff\xfe" + bytes(99), "binary"),
    ):
        with pytest.raises(InputError, match=message):
            source_of(data)


@examples(100)
@given(
    text=st.lists(
        st.sampled_from(["a", "é", "😀", '"', ",", "\n", "\r\n", "日", "1,2\n", " "]), max_size=40
    ).map("".join),
    encoding=st.sampled_from(MARKED),
)
def test_any_text_reads_the_same_in_any_encoding_and_chunk_size(text: str, encoding: str) -> None:
    data = "\ufeffa,b\n1,2\n" + text
    expected = whole(source_of(data.encode()))
    wide = source_of(data.encode(encoding))
    for reading in (whole(wide, size) for size in SIZES):
        assert (reading.rows, reading.lines, reading.places()) == (
            expected.rows,
            expected.lines,
            expected.places(),
        )
        assert [fault.raw for fault in reading.faults] == [fault.raw for fault in expected.faults]
