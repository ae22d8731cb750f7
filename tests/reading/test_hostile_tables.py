"""Given a binary table that is damaged or made to fill memory, it is refused in words, with little work."""

import random
import struct
import time
from collections.abc import Callable, Iterable
from typing import Any

import pyarrow as pa
import pytest
import table_files as tables
from reading_support import source_of, whole

from inflection_cli.errors import InputError
from inflection_cli.reading import Limits, ReadOptions

HEAVY = {
    "a column that unpacks to forty megabytes",
    "many rows of nothing",
    "styles of many megabytes",
    "a row of a high number",
    "a part that unpacks to much",
}
MOST_S = 2.0
"""Seconds of the processor that a refusal may take."""

ONE = {"type": "record", "name": "R", "fields": [{"name": "a", "type": "string"}]}
LISTS = {"type": "record", "name": "R", "fields": [{"name": "a", "type": {"type": "array", "items": "long"}}]}
NULLS = {"type": "record", "name": "R", "fields": [{"name": "a", "type": {"type": "array", "items": "null"}}]}
CIRCLE = {"type": "record", "name": "R", "fields": [{"name": "a", "type": ["null", "R"]}]}


def deep(depth: int) -> object:
    kind: object = "int"
    for _ in range(depth):
        kind = {"type": "array", "items": kind}
    return {"type": "record", "name": "R", "fields": [{"name": "a", "type": kind}]}


def bare(kind: str) -> object:
    return {"type": kind}


AVRO = {
    "a count that no block can hold": (
        tables.avro_of(ONE, [(2**40, b"\x04ok")]),
        "1,099,511,627,776 records",
    ),
    "a count below nothing": (tables.avro_of(ONE, [(-1, b"\x04ok")]), "the -1 records"),
    "more records than the count": (
        tables.avro_of(ONE, [(1, b"\x04ok\x04ko")]),
        "holds more than the 1 records",
    ),
    "fewer records than the count": (tables.avro_of(ONE, [(2, b"\x04ok")]), "row 2 cannot be read"),
    "a text longer than its block": (tables.avro_of(ONE, [(1, b"\x80\x08ok")]), "row 1 cannot be read"),
    "a list of more items than there are bytes": (
        tables.avro_of(LISTS, [(1, tables.avro_long(2**60) + b"\x02\x02")]),
        "row 1 cannot be read",
    ),
    "a list of nothings": (
        tables.avro_of(NULLS, [(1, tables.avro_long(2**60))]),
        "values that take no bytes",
    ),
    "a record within itself": (tables.avro_of(CIRCLE, [(1, b"\x02" * 9)]), "may hold itself"),
    "types within types": (tables.avro_of(deep(200), []), "deep"),
    "no records": (tables.avro_of(bare("int"), [(1, b"\x02")]), "holds no records"),
    "an unknown packing": (tables.avro_of(ONE, [], "lzma9"), "not supported, 'lzma9'"),
    "a block that unpacks to gigabytes": (
        tables.avro_of(ONE, [(1, tables.deflated(bytes(100 << 20)))], "deflate"),
        "expands to more than 33,554,432 bytes",
    ),
    "a block of another packing": (
        tables.avro_of(ONE, [(1, b"\x04ok")], "deflate"),
        "cannot be decompressed",
    ),
    "a wrong mark at a block's end": (tables.avro_of(ONE, [(1, b"\x04ok")])[:-1] + b"x", "the file's mark"),
    "an end in the middle": (tables.avro(tables.rows_of(40))[:-30], "claims to have"),
    "a header without an end": (b"Obj\x01\x04", "ends in the middle"),
}


def constant_rows(count: int) -> bytes:
    return tables.parquet_of(pa.table({"user": pa.nulls(count, pa.int8())}))


def one_text_for_all() -> bytes:
    text = pa.DictionaryArray.from_arrays(pa.array([0] * 20_000, pa.int32()), pa.array(["x" * 1_000_000]))
    return tables.parquet_of(pa.table({"user": text}), compression="none")


def one_packed_column() -> bytes:
    noise = random.Random(1).randbytes(1 << 20)
    table = pa.table({"a": [bytes(40 << 20)], "b": [noise]})
    return tables.parquet_of(table, compression="zstd", use_dictionary=False)


def one_long_list() -> bytes:
    items = pa.nulls(8_000_000, pa.int8())
    return tables.parquet_of(
        pa.table({"a": pa.ListArray.from_arrays(pa.array([0, 8_000_000], pa.int32()), items)})
    )


def twice_named() -> bytes:
    return tables.parquet_of(pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a"]))


def cut(data: bytes) -> bytes:
    """The footer is there, and a page is gone."""
    start, _ = tables.footer_of(data)
    return data[:4] + data[200:start] + bytes(196) + data[start:]


PARQUET: dict[str, tuple[Callable[[], bytes], str]] = {
    "many rows of nothing": (lambda: constant_rows(20_000_000), "expands to more than 250 times"),
    "one text of a megabyte on every row": (one_text_for_all, "expands to more than 250 times"),
    "a column that unpacks to forty megabytes": (one_packed_column, "'a' expands to more than 250 times"),
    "a list of millions on one row": (one_long_list, "holds 8,000,000 values"),
    "two columns of one name": (twice_named, "two columns have the name 'a'"),
    "no end": (lambda: tables.parquet(tables.rows_of(40))[:-1], "does not end as a Parquet file does"),
    "a footer that claims gigabytes": (
        lambda: b"PAR1" + bytes(99) + struct.pack("<I", 2**31) + b"PAR1",
        "does not end as a Parquet file does",
    ),
    "a footer of nothing": (
        lambda: b"PAR1" + bytes(99) + struct.pack("<I", 50) + b"PAR1",
        "footer cannot be read",
    ),
    "pages that are gone": (lambda: cut(tables.parquet(tables.rows_of(40))), "the Parquet file is damaged"),
}

SHEET = "xl/worksheets/sheet1.xml"
ENTITIES = b"".join(b'<!ENTITY e%d "%s">' % (at + 1, b"&e%d;" % at * 10) for at in range(9))
BOMB = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e0 "ha">' + ENTITIES + b"]>"


def book(changes: dict[str, Callable[[bytes], bytes]]) -> bytes:
    """A workbook of which some parts are changed."""
    parts = tables.workbook_parts(tables.excel([{"a": "x", "b": 1}, {"a": "y", "b": 2}]))
    return tables.workbook_of({name: changes.get(name, bytes)(data) for name, data in parts.items()})


def without_declaration(data: bytes) -> bytes:
    return data.partition(b"?>")[2] if data.startswith(b"<?xml") else data


WORKBOOKS: dict[str, tuple[Callable[[], bytes], str]] = {
    "entities of entities in the sheet": (
        lambda: book(
            {SHEET: lambda data: BOMB + without_declaration(data).replace(b"<v>1</v>", b"<v>&e9;</v>")}
        ),
        "declares a document type",
    ),
    "entities in the texts": (
        lambda: book({"xl/sharedStrings.xml": lambda data: BOMB + without_declaration(data)}),
        "declares a document type",
    ),
    "a part that unpacks to much": (
        lambda: book(
            {SHEET: lambda data: data.replace(b"</sheetData>", b" " * (40 << 20) + b"</sheetData>")}
        ),
        "expands to more than 250 times",
    ),
    "styles of many megabytes": (
        lambda: book(
            {"xl/styles.xml": lambda data: data + random.Random(1).randbytes(9 << 20).hex().encode()}
        ),
        "more than 16,777,216",
    ),
    "a row of a high number": (
        lambda: book({SHEET: lambda data: data.replace(b'r="3"', b'r="4000000000"')}),
        "beyond 1,048,576",
    ),
    "a text that is not in the table of texts": (
        lambda: book({SHEET: lambda data: data.replace(b'<c r="A2" t="s"><v>2<', b'<c r="A2" t="s"><v>99<')}),
        "the workbook is damaged",
    ),
    "a sheet that ends in the middle": (
        lambda: book({SHEET: lambda data: data[:-40]}),
        "the workbook is damaged",
    ),
    "no sheet": (lambda: book({SHEET: lambda _: b""}), "the workbook is damaged"),
    "a workbook without sheets": (
        lambda: book({"xl/workbook.xml": lambda _: b"<workbook/>"}),
        "has no sheet that is not hidden",
    ),
    "two columns of one name": (lambda: tables.workbook_of(twice_named_parts()), "the name 'a': A and B"),
}


def twice_named_parts() -> dict[str, bytes]:
    parts = tables.workbook_parts(tables.excel([{"a": "x", "b": "a"}]))
    texts = parts["xl/sharedStrings.xml"]
    return {**parts, "xl/sharedStrings.xml": texts.replace(b"<t>b</t>", b"<t>a</t>")}


def assert_refused(data: bytes, message: str) -> None:
    start = time.process_time()
    with pytest.raises(InputError) as refused:
        whole(source_of(data, name="table"))
    assert time.process_time() - start < MOST_S
    assert message in refused.value.message
    assert refused.value.hint
    assert refused.value.exit_code == 4


def quick_and_slow(names: Iterable[str]) -> list[Any]:
    """The names as parameters; those whose files take long to make are for the slow suite."""
    return [pytest.param(name, marks=pytest.mark.slow if name in HEAVY else ()) for name in names]


@pytest.mark.parametrize("name", quick_and_slow(AVRO))
def test_a_hostile_avro_file_is_refused_in_words(name: str) -> None:
    assert_refused(*AVRO[name])


@pytest.mark.parametrize("name", quick_and_slow(PARQUET))
def test_a_hostile_parquet_file_is_refused_in_words(name: str) -> None:
    make, message = PARQUET[name]
    assert_refused(make(), message)


def test_a_megabyte_of_parquet_that_would_be_twenty_gigabytes_takes_little_memory() -> None:
    data = one_text_for_all()
    assert len(data) < 1_100_000
    before = pa.default_memory_pool().max_memory()
    assert_refused(data, "expands to more than 250 times")
    assert pa.default_memory_pool().max_memory() - before < 64 << 20


@pytest.mark.parametrize("name", quick_and_slow(WORKBOOKS))
def test_a_hostile_workbook_is_refused_in_words(name: str) -> None:
    make, message = WORKBOOKS[name]
    assert_refused(make(), message)


@pytest.mark.slow
def test_two_cells_at_opposite_corners_of_a_sheet_are_two_cells() -> None:
    far = b'<row r="1048576"><c r="XFD1048576"><v>7</v></c></row></sheetData>'
    found = whole(source_of(book({SHEET: lambda data: data.replace(b"</sheetData>", far)}), name="table"))
    assert found.lines == [2, 3, 1_048_576]
    assert found.rows[2]["XFD"] == "7"


@pytest.mark.slow
def test_what_a_table_may_become_is_an_option() -> None:
    data = constant_rows(200_000)
    with pytest.raises(InputError, match="has more than 1,000,000 bytes"):
        source_of(data, ReadOptions(limits=Limits(max_bytes=1_000_000)))
    assert len(whole(source_of(data, ReadOptions(limits=Limits(max_expansion=10**6)))).rows) == 200_000


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("a.avro", "b'Obj'"),
        ("a.parquet", "b'PAR'"),
        ("a.xlsx", "b'PK"),
        ("a.XLSX", "is called an Excel workbook"),
    ],
)
def test_a_table_by_name_alone_is_told_by_what_it_begins_with(name: str, message: str) -> None:
    with pytest.raises(InputError) as refused:
        source_of(b"\x01\x00\x02\x00\x03", name=name)
    assert message in refused.value.message


def test_a_text_file_may_have_any_name() -> None:
    assert source_of(b"a,b\n1,2\n", name="a.parquet").format == "csv"


WHOLE = {
    "avro": lambda: tables.avro(tables.rows_of(30)),
    "avro, not packed": lambda: tables.avro(tables.rows_of(30), "null"),
    "parquet": lambda: tables.parquet(tables.rows_of(30)),
    "parquet, v2": lambda: tables.parquet(tables.rows_of(30), data_page_version="2.0", use_dictionary=False),
    "excel": lambda: tables.excel([{"a": at, "b": "x", "c": None} for at in range(30)]),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", WHOLE)
def test_a_table_with_any_byte_changed_or_missing_is_read_or_refused(name: str) -> None:
    """What it must not be is a traceback, or the end of the process."""
    whole_file, draw = WHOLE[name](), random.Random(name)
    for _ in range(60):
        data = bytearray(whole_file)
        at = draw.randrange(len(data))
        if draw.random() < 0.3:
            del data[at:]
        else:
            data[at] = draw.randrange(256)
        try:
            found = whole(source_of(bytes(data), name="table"))
        except InputError as refused:
            assert refused.hint or refused.message  # noqa: PT017 - either outcome is right
        else:
            assert len(found.rows) + len(found.faults) <= 30
