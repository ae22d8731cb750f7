"""Made-up tables in every format, each written by a library that the reading does not use the same way."""

import io
import json
import re
import struct
import zipfile
import zlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import fastavro
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq

Row = dict[str, Any]

AVRO: Final = {
    "type": "record",
    "name": "Event",
    "fields": [
        {"name": "event", "type": "string"},
        {"name": "userId", "type": ["null", "string"]},
        {"name": "campaign_id", "type": {"type": "enum", "name": "Campaign", "symbols": ["c1", "c2"]}},
        {"name": "email_id", "type": "string"},
        {"name": "timestamp", "type": {"type": "long", "logicalType": "timestamp-micros"}},
        {"name": "count", "type": "long"},
        {
            "name": "price",
            "type": ["null", {"type": "bytes", "logicalType": "decimal", "precision": 20, "scale": 4}],
        },
        {"name": "flag", "type": ["null", "boolean"]},
        {"name": "tags", "type": {"type": "array", "items": "string"}},
        {
            "name": "device",
            "type": [
                "null",
                {
                    "type": "record",
                    "name": "Device",
                    "fields": [
                        {"name": "os", "type": "string"},
                        {"name": "version", "type": ["null", "long"]},
                    ],
                },
            ],
        },
    ],
}
ARROW: Final = pa.schema(
    [
        ("event", pa.string()),
        ("userId", pa.string()),
        ("campaign_id", pa.string()),
        ("email_id", pa.string()),
        ("timestamp", pa.timestamp("us", "Asia/Tokyo")),
        ("count", pa.int64()),
        ("price", pa.decimal128(20, 4)),
        ("flag", pa.bool_()),
        ("tags", pa.list_(pa.string())),
        ("device", pa.struct([("os", pa.string()), ("version", pa.int64())])),
    ]
)


def rows_of(count: int) -> list[Row]:
    """Rows of all types that the formats have."""
    start = datetime(2024, 3, 1, 9, 30, tzinfo=UTC)
    return [
        {
            "event": "Email Opened",
            "userId": f"u-{at}",
            "campaign_id": "c1",
            "email_id": "e1",
            "timestamp": start + timedelta(seconds=at, microseconds=at),
            "count": 2**62 + at,
            "price": Decimal(f"{at}.2500"),
            "flag": (True, False, None)[at % 3],
            "tags": [f"tag-{at}", "ü"][: at % 3],
            "device": None if at % 5 == 0 else {"os": "ios", "version": None if at % 2 else at},
        }
        for at in range(count)
    ]


def avro(rows: Sequence[Row], codec: str = "deflate", schema: Any = None) -> bytes:
    """The rows as an Avro object container file."""
    out = io.BytesIO()
    fastavro.writer(out, fastavro.parse_schema(schema or AVRO), rows, codec=codec, sync_interval=2_000)
    return out.getvalue()


def parquet(rows: Sequence[Row], **how: Any) -> bytes:
    """The rows as a Parquet file of small row groups."""
    return parquet_of(pa.Table.from_pylist(list(rows), ARROW), **{"row_group_size": 7, **how})


def parquet_of(table: pa.Table, **how: Any) -> bytes:
    """An Arrow table as a Parquet file."""
    out = io.BytesIO()
    pq.write_table(table, out, **how)
    return out.getvalue()


def excel(rows: Sequence[Row], sheet: str = "Events") -> bytes:
    """Flat rows as a workbook of one sheet; times have no zone there."""
    book = openpyxl.Workbook()
    page = book.active
    page.title = sheet
    page.append(list(rows[0]))
    for row in rows:
        page.append(
            [cell.replace(tzinfo=None) if isinstance(cell, datetime) else cell for cell in row.values()]
        )
    out = io.BytesIO()
    book.save(out)
    return workbook_of(_with_shared_texts(workbook_parts(out.getvalue())))


_SHEET: Final = "xl/worksheets/sheet1.xml"
_INLINE: Final = re.compile(rb't="inlineStr"><is>(.*?)</is>', re.DOTALL)
_MAIN: Final = b"application/vnd.openxmlformats-officedocument.spreadsheetml."
_KIND: Final = b"http://schemas.openxmlformats.org/officeDocument/2006/relationships/"


def _with_shared_texts(parts: dict[str, bytes]) -> dict[str, bytes]:
    """Move the texts of the cells to a table of their own, where Excel has them."""
    texts = list(dict.fromkeys(_INLINE.findall(parts[_SHEET])))
    places = {text: b"%d" % at for at, text in enumerate(texts)}
    sheet = _INLINE.sub(lambda match: b't="s"><v>' + places[match[1]] + b"</v>", parts[_SHEET])
    items = b"".join(b"<si>" + text + b"</si>" for text in texts)
    override = (
        b'<Override PartName="/xl/sharedStrings.xml" ContentType="' + _MAIN + b'sharedStrings+xml" /></Types>'
    )
    link = (
        b'<Relationship Type="'
        + _KIND
        + b'sharedStrings" Target="sharedStrings.xml" Id="rId9" /></Relationships>'
    )
    types, links = "[Content_Types].xml", "xl/_rels/workbook.xml.rels"
    return {
        **parts,
        _SHEET: sheet,
        types: parts[types].replace(b"</Types>", override),
        links: parts[links].replace(b"</Relationships>", link),
        "xl/sharedStrings.xml": b'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        + items
        + b"</sst>",
    }


def ndjson(rows: Sequence[Row]) -> bytes:
    """The rows as NDJSON, decimals and times to the last digit."""
    return b"".join(_json(row).encode() + b"\n" for row in rows)


def _json(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(name)}:{_json(item)}" for name, item in value.items()) + "}"
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, datetime):
        return json.dumps(value.isoformat(timespec="microseconds").replace("+00:00", "Z"))
    return json.dumps(value, ensure_ascii=False)


def avro_long(value: int) -> bytes:
    """A number as Avro writes it."""
    value = (value << 1) ^ (value >> 63)
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def avro_of(schema: Any, blocks: Sequence[tuple[int, bytes]], codec: str = "null") -> bytes:
    """An Avro file of blocks that hold what they are given, whatever count they claim."""
    sync = bytes(range(16))
    meta = {"avro.schema": json.dumps(schema).encode(), "avro.codec": codec.encode()}
    out = b"Obj\x01" + avro_long(len(meta))
    for name, text in meta.items():
        out += avro_long(len(name)) + name.encode() + avro_long(len(text)) + text
    out += avro_long(0) + sync
    for count, data in blocks:
        out += avro_long(count) + avro_long(len(data)) + data + sync
    return out


def deflated(data: bytes) -> bytes:
    """Raw deflate, as Avro's codec of that name has it."""
    return zlib.compress(data, wbits=-15)


def workbook_parts(data: bytes) -> dict[str, bytes]:
    """The parts of a workbook."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def workbook_of(parts: dict[str, bytes]) -> bytes:
    """A workbook of these parts."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return out.getvalue()


def footer_of(data: bytes) -> tuple[int, int]:
    """Where a Parquet file's footer starts, and how many bytes it has."""
    (size,) = struct.unpack("<I", data[-8:-4])
    return len(data) - 8 - size, size
