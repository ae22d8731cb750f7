"""Given a table as Avro, Parquet or Excel, it becomes what its NDJSON becomes, value by value."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
import table_files as tables
from example_support import examples
from hypothesis import given
from hypothesis import strategies as st
from pipeline_support import Outcome, outcome, settings
from reading_support import Reading, source_of, whole

from inflection_cli.errors import InputError
from inflection_cli.lossless_json import JsonCell
from inflection_cli.reading import ReadOptions, detect, find
from inflection_cli.reading.files.fingerprint import fingerprint

TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12)
WORKBOOK_TEXTS = TEXTS.filter(
    lambda text: not text.startswith("=") and "_x" not in text and text == text.strip()
)
TIMES = st.datetimes(datetime(2020, 1, 1), datetime(2024, 5, 1)).map(lambda time: time.replace(tzinfo=UTC))  # noqa: DTZ001 - hypothesis adds it


MIDNIGHT = datetime(2024, 3, 1)  # noqa: DTZ001 - a workbook has no zones


def rows_of(**fields: st.SearchStrategy[object]) -> st.SearchStrategy[list[tables.Row]]:
    # Columns have one order; hypothesis changes that of a dictionary.
    rows = st.fixed_dictionaries(fields).map(lambda row: {name: row[name] for name in fields})
    return st.lists(rows, min_size=1, max_size=40)


ROWS = rows_of(
    event=st.sampled_from(["Email Opened", "Link Clicked", "Sent"]),
    userId=st.none() | st.sampled_from(["u1", "ünal", "007"]),
    campaign_id=st.sampled_from(["c1", "c2"]),
    email_id=st.just("e1"),
    timestamp=TIMES,
    count=st.integers(-(2**63), 2**63 - 1),
    price=st.none() | st.decimals(-(10**12), 10**12, places=4, allow_nan=False),
    flag=st.none() | st.booleans(),
    tags=st.lists(TEXTS, max_size=3),
    device=st.none()
    | st.builds(
        lambda os, version: {"os": os, "version": version}, TEXTS, st.none() | st.integers(0, 10**18)
    ),
)
FLAT = rows_of(
    event=st.sampled_from(["Email Opened", "Link Clicked", "Sent"]),
    userId=st.sampled_from(["u1", "ünal", "007"]),
    campaign_id=st.sampled_from(["c1", "c2"]),
    email_id=st.just("e1"),
    timestamp=TIMES.map(lambda time: time.replace(microsecond=0, second=max(1, time.second))),
    count=st.none() | st.integers(-(10**14), 10**14),
    share=st.none() | st.integers(-(10**6), 10**6).map(lambda number: (2 * number + 1) / 2),
    flag=st.none() | st.booleans(),
    note=st.none() | WORKBOOK_TEXTS.filter(bool),
)

FORMATS: dict[str, Callable[[list[tables.Row]], bytes]] = {
    "avro": tables.avro,
    "avro, snappy": lambda rows: tables.avro(rows, "snappy"),
    "avro, zstandard": lambda rows: tables.avro(rows, "zstandard"),
    "parquet": tables.parquet,
    "parquet, v2 in zstd": lambda rows: tables.parquet(
        rows, compression="zstd", data_page_version="2.0", use_dictionary=["event"]
    ),
}


def cells_of(data: bytes) -> list[dict[str, tuple[type, str]]]:
    """The filled cells of each row, with what tells text from JSON."""
    rows = whole(source_of(data)).rows
    return [{name: (type(cell), cell) for name, cell in row.items() if cell} for row in rows]


@pytest.mark.slow
@examples(10)
@given(rows=ROWS)
def test_rows_are_those_of_their_ndjson(rows: list[tables.Row]) -> None:
    expected = cells_of(tables.ndjson(rows))
    for write in FORMATS.values():
        assert cells_of(write(rows)) == expected


@pytest.mark.slow
@examples(6)
@given(rows=ROWS, flat=FLAT)
def test_rows_give_the_messages_of_their_ndjson(rows: list[tables.Row], flat: list[tables.Row]) -> None:
    how = settings(timezone="UTC")
    expected = outcome({"export.ndjson": tables.ndjson(rows)}, how)
    for data in (tables.avro(rows), tables.parquet(rows)):
        assert_same(outcome({"export.bin": data}, how), expected)
    assert_same(
        outcome({"export.xlsx": tables.excel(flat)}, how),
        outcome({"export.ndjson": tables.ndjson(flat)}, how),
    )


def assert_same(found: Outcome, expected: Outcome) -> None:
    assert found.lines == expected.lines
    assert found.codes == expected.codes
    assert found.plan.account.rows == expected.plan.account.rows


def reading(data: bytes, **options: str) -> Reading:
    return whole(source_of(data, ReadOptions(**options), "table"))  # type: ignore[arg-type] # texts only


@pytest.mark.parametrize("name", FORMATS)
def test_every_value_is_as_exact_as_the_format_has_it_and_row_numbers_stand_for_lines(name: str) -> None:
    rows = tables.rows_of(40)
    found = reading(FORMATS[name](rows))
    assert found.lines == list(range(1, 41))
    assert found.rows[3] == {
        "event": "Email Opened",
        "userId": "u-3",
        "campaign_id": "c1",
        "email_id": "e1",
        "timestamp": "2024-03-01T09:30:03.000003Z",
        "count": str(2**62 + 3),
        "price": "3.2500",
        "flag": "true",
        "tags": "[]",
        "device": '{"os":"ios","version":null}',
    }
    kinds = {key: cell.kind for key, cell in found.rows[4].items() if isinstance(cell, JsonCell)}
    assert kinds == {
        "count": "number",
        "price": "number",
        "flag": "boolean",
        "tags": "list",
        "device": "object",
    }
    assert found.rows[5]["device"] == found.rows[2]["flag"] == ""


@pytest.mark.parametrize("name", FORMATS)
def test_chunks_of_any_size_hold_the_same_rows(name: str) -> None:
    source = source_of(FORMATS[name](tables.rows_of(40)))
    assert whole(source, 1) == whole(source, 300) == whole(source, 1 << 22)


def arrow(kind: pa.DataType, *values: object) -> list[str]:
    """How the values of an Arrow type are read."""
    table = pa.table({"x": pa.array(list(values), kind), "n": list(range(len(values)))})
    return [row["x"] for row in reading(tables.parquet_of(table)).rows]


def test_times_of_parquet_keep_their_digits_and_have_a_zone_only_where_the_type_has() -> None:
    moment = 1_709_285_400_123_456_789
    assert arrow(pa.timestamp("ns", "Europe/Berlin"), moment) == ["2024-03-01T09:30:00.123456789Z"]
    assert arrow(pa.timestamp("ns"), moment) == ["2024-03-01T09:30:00.123456789"]
    assert arrow(pa.timestamp("ms", "UTC"), moment // 10**6) == ["2024-03-01T09:30:00.123Z"]
    assert arrow(pa.date32(), 19_783) == ["2024-03-01"]
    assert arrow(pa.time64("us"), 1) == ["00:00:00.000001"]


def test_other_values_of_parquet() -> None:
    assert arrow(pa.map_(pa.string(), pa.int64()), [("a", 1), ("b", None)], None) == ['{"a":1,"b":null}', ""]
    assert arrow(pa.map_(pa.string(), pa.int64()), [("a", 1), ("a", 2)]) == ['[["a",1],["a",2]]']
    assert arrow(pa.list_(pa.timestamp("ms", "UTC")), [0, None]) == ['["1970-01-01T00:00:00.000Z",null]']
    assert arrow(pa.list_(pa.int8(), 2), [1, 2], None, [3, 4]) == ["[1,2]", "", "[3,4]"]
    assert arrow(pa.dictionary(pa.int8(), pa.string()), "a", None, "b") == ["a", "", "b"]
    assert arrow(pa.decimal256(60, 2), Decimal("1E+40")) == ["1" + "0" * 40 + ".00"]
    assert arrow(pa.binary(), b"text", b"\xff\x00") == ["text", "base64:/wA="]
    assert arrow(pa.float64(), 0.1, float("nan"), 1e300) == ["0.1", "", "1e+300"]
    assert arrow(pa.uint64(), 2**64 - 1) == [str(2**64 - 1)]
    assert arrow(pa.list_(pa.list_(pa.string())), [["a"], None, []]) == ['[["a"],null,[]]']


def test_text_that_is_not_utf_8_rejects_its_row_alone() -> None:
    broken = pa.array([b"ok", b"r\xe9d"]).cast(pa.binary()).view(pa.string())
    found = reading(tables.parquet_of(pa.table({"a": broken, "b": ["x", "y"]}), use_dictionary=False))
    assert [row["a"] for row in found.rows] == ["ok"]
    assert found.places() == [("bad-encoding", 2, None)]
    assert "no text but UTF-8" in found.faults[0].problem.hint
    schema = {"type": "record", "name": "R", "fields": [{"name": "a", "type": "string"}]}
    found = reading(tables.avro_of(schema, [(2, b"\x04ok\x06r\xe9d")]))
    assert [row["a"] for row in found.rows] == ["ok"]
    assert found.places() == [("bad-encoding", 2, None)]


def test_times_of_avro_beyond_the_calendar_stay_numbers() -> None:
    kinds = {"millis": 10**3, "micros": 10**6, "nanos": 10**9}
    schema = {
        "type": "record",
        "name": "R",
        "fields": [
            {"name": name, "type": {"type": "long", "logicalType": f"timestamp-{name}"}} for name in kinds
        ]
        + [{"name": "local", "type": {"type": "long", "logicalType": "local-timestamp-millis"}}],
    }
    row = b"".join(tables.avro_long(1_709_285_400 * size + 7) for size in kinds.values())
    data = row + tables.avro_long(1_709_285_400_000)
    assert reading(tables.avro_of(schema, [(1, data)])).rows == [
        {
            "millis": "2024-03-01T09:30:00.007Z",
            "micros": "2024-03-01T09:30:00.000007Z",
            "nanos": "2024-03-01T09:30:00.000000007Z",
            "local": "2024-03-01T09:30:00.000",
        }
    ]
    far = tables.avro_long(2**62) * 4
    assert reading(tables.avro_of(schema, [(1, far)])).rows[0]["millis"] == str(2**62)


@pytest.mark.slow
def test_a_workbook_tells_what_excel_has_spoiled_as_csv_does() -> None:
    row = {
        "event": "Email Opened",
        "userId": 1234567890123450000,
        "campaign_id": 1234567890123456789,
        "email_id": 12,
        "timestamp": 45352.41,
        "share": 0.1,
        "far": 1e300,
    }
    found = reading(tables.excel([row]))
    assert found.lines == [2]
    assert found.rows == [
        {
            "event": "Email Opened",
            "userId": "1.23456789012345E+18",
            "campaign_id": "1.23456789012346E+18",
            "email_id": "12",
            "timestamp": "45352.41",
            "share": "0.1",
            "far": "1E+300",
        }
    ]
    assert set(outcome({"a.xlsx": tables.excel([row])}).codes) >= {"id-scientific", "timestamp-serial"}


def test_digits_that_a_workbook_holds_whole_are_kept_and_zeros_at_their_end_are_not_believed() -> None:
    parts = tables.workbook_parts(tables.excel([{"whole": 111, "rounded": 222, "short": 333}]))
    sheet = parts["xl/worksheets/sheet1.xml"]
    for cell, digits in {
        b"111": b"12345678901234567891",
        b"222": b"1234567890123450000",
        b"333": b"5.0",
    }.items():
        sheet = sheet.replace(b"<v>" + cell + b"</v>", b"<v>" + digits + b"</v>")
    (row,) = reading(tables.workbook_of({**parts, "xl/worksheets/sheet1.xml": sheet})).rows
    assert row == {"whole": "12345678901234567891", "rounded": "1.23456789012345E+18", "short": "5"}


def test_a_day_in_a_workbook_is_a_date_and_a_midnight_a_time() -> None:
    import openpyxl

    book = openpyxl.Workbook()
    page = book.active
    page.append([])
    page.append(["day", "midnight", None, "ms"])
    page.append(
        [MIDNIGHT, MIDNIGHT, None, MIDNIGHT.replace(hour=1, minute=2, second=3, microsecond=456_000), "more"]
    )
    page["A3"].number_format, page["B3"].number_format = "dd.mm.yyyy", "yyyy-mm-dd hh:mm"
    page.append([])
    page.append([timedelta(hours=30), "#N/A", None, True])
    path = Path(source_of(b"a,b\n1,2\n").location).with_name("days.xlsx")
    book.save(path)
    found = whole(detect(str(path), ReadOptions()))
    assert found.lines == [3, 5]
    assert found.rows == [
        {
            "day": "2024-03-01",
            "midnight": "2024-03-01T00:00:00",
            "C": "",
            "ms": "2024-03-01T01:02:03.456000",
            "E": "more",
        },
        {"day": "1 day, 6:00:00", "midnight": "#N/A", "C": "", "ms": "true", "E": ""},
    ]


def test_a_sheet_is_named_where_there_are_several() -> None:
    import io

    import openpyxl

    book = openpyxl.load_workbook(io.BytesIO(tables.excel([{"a": 1}])))
    book.create_sheet("Notes").append(["b", "c"])
    book["Notes"].append([2, 3])
    book.create_sheet("Old").sheet_state = "hidden"
    out = io.BytesIO()
    book.save(out)
    with pytest.raises(InputError, match="has 2 sheets: 'Events', 'Notes'") as refused:
        reading(out.getvalue())
    assert "--sheet Events" in refused.value.hint
    with pytest.raises(InputError, match="no sheet 'notes'; its sheets are 'Events', 'Notes'"):
        reading(out.getvalue(), sheet="notes")
    assert reading(out.getvalue(), sheet="Notes").rows == [{"b": "2", "c": "3"}]
    with pytest.raises(InputError, match="not an Excel workbook") as refused:
        reading(b"a,b\n1,2\n", sheet="Notes")
    assert "leave --sheet out" in refused.value.hint


@pytest.mark.parametrize("name", ["avro", "parquet", "excel"])
@pytest.mark.parametrize("packed", ["gz", "zip", "tar"])
def test_a_packed_table_is_the_table(tmp_path: Path, name: str, packed: str) -> None:
    import gzip
    import tarfile
    import zipfile

    data = tables.excel([{"a": 1, "b": "x"}]) if name == "excel" else FORMATS[name](tables.rows_of(9))
    ending = {"excel": "xlsx"}.get(name, name)
    plain = tmp_path / f"t.{ending}"
    plain.write_bytes(data)
    path = tmp_path / f"p.{ending}.{packed}"
    if packed == "gz":
        path.write_bytes(gzip.compress(data))
    elif packed == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.write(plain, plain.name)
    else:
        with tarfile.open(path, "w") as tar:
            tar.add(plain, plain.name)
    (found,) = find([str(path)])
    source = detect(found, ReadOptions())
    assert (source.format, source.compression) == (name, {"gz": "gzip"}.get(packed, packed))
    assert whole(source) == whole(detect(str(plain), ReadOptions()))
    expected = fingerprint("t", str(plain))
    assert fingerprint(found.path, found.location, found.member) == expected
    assert fingerprint(source.path, source.location, source.member) == expected


def test_a_column_that_is_not_in_the_table_is_missing_as_in_csv() -> None:
    rows = tables.rows_of(2)
    for data in (tables.avro(rows), tables.parquet(rows), tables.excel([{"a": 1}])):
        assert not source_of(data).keys_vary
    assert source_of(tables.ndjson(rows)).keys_vary


LISTED: list[tables.Row] = [
    {"campaign": "c1", "activity": [{"action": "open", "at": 1}, {"action": "click", "at": 2}]},
    {"campaign": "c2", "activity": None},
    {"campaign": "c3", "activity": []},
    {"campaign": "c4", "activity": [{"action": "open", "at": 3}]},
]
_ITEM = {
    "type": "record",
    "name": "I",
    "fields": [{"name": "action", "type": "string"}, {"name": "at", "type": "long"}],
}
_LISTED = {
    "type": "record",
    "name": "R",
    "fields": [
        {"name": "campaign", "type": "string"},
        {"name": "activity", "type": ["null", {"type": "array", "items": _ITEM}]},
    ],
}


@pytest.mark.parametrize(
    "data",
    [tables.avro(LISTED, schema=_LISTED), tables.parquet_of(pa.Table.from_pylist(LISTED))],
    ids=["avro", "parquet"],
)
@pytest.mark.parametrize("path", ["activity", ".activity"])
def test_items_of_a_list_in_a_table_are_records_and_a_row_without_a_list_has_none(
    data: bytes, path: str
) -> None:
    found = whole(source_of(data, ReadOptions(records=path), name="table"))
    assert found.faults == []
    assert [(row["action"], row["at"], row["^.campaign"]) for row in found.rows] == [
        ("open", "1", "c1"),
        ("click", "2", "c1"),
        ("open", "3", "c4"),
    ]
    assert found.lines == [1, 1, 4]


def test_a_table_without_the_list_is_refused_with_its_path() -> None:
    with pytest.raises(InputError, match=r"no row has a list at '\.acts'"):
        source_of(tables.parquet_of(pa.Table.from_pylist(LISTED)), ReadOptions(records="acts"), name="table")
