"""Write made-up events as CSV, NDJSON, Avro, Parquet or Excel, by the file's ending.

python benchmarks/made_up_tables.py FILE ROWS
"""

import csv
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import fastavro
import openpyxl
import orjson
import pyarrow as pa
import pyarrow.parquet as pq

_TEXTS = ("event", "userId", "campaign_id", "email_id", "email_link_url", "device")
_START = datetime(2024, 3, 1, tzinfo=UTC)
_AVRO = {
    "type": "record",
    "name": "Event",
    "fields": [
        *({"name": name, "type": ["null", "string"]} for name in _TEXTS),
        {"name": "timestamp", "type": {"type": "long", "logicalType": "timestamp-millis"}},
        {"name": "size", "type": "long"},
    ],
}


def _rows(count: int) -> Iterator[dict[str, Any]]:
    for at in range(count):
        yield {
            "event": ("Email Opened", "Link Clicked")[at % 2],
            "userId": f"user-{at * 7919 % 999_983:06}",
            "campaign_id": f"campaign-{at // 20_000}",
            "email_id": f"email-{at // 5_000}",
            "email_link_url": f"https://shop.example/{at % 997}" if at % 2 else None,
            "device": ("ios", "android", None)[at % 3],
            "timestamp": _START + timedelta(seconds=at),
            "size": at % 1_000,
        }


def _avro(path: Path, count: int) -> None:
    with path.open("wb") as file:
        fastavro.writer(file, fastavro.parse_schema(_AVRO), _rows(count), codec="deflate")


def _parquet(path: Path, count: int) -> None:
    pq.write_table(pa.Table.from_pylist(list(_rows(count))), path)


def _xlsx(path: Path, count: int) -> None:
    book = openpyxl.Workbook(write_only=True)
    page = book.create_sheet("Events")
    page.append([*_TEXTS, "timestamp", "size"])
    for row in _rows(count):
        page.append(
            [each.replace(tzinfo=None) if isinstance(each, datetime) else each for each in row.values()]
        )
    book.save(path)


def _ndjson(path: Path, count: int) -> None:
    path.write_bytes(b"".join(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in _rows(count)))


def _csv(path: Path, count: int) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*_TEXTS, "timestamp", "size"])
        writer.writerows(row.values() for row in _rows(count))


def main(path: Path, rows: int) -> None:
    """Write a file of so many rows."""
    {".csv": _csv, ".ndjson": _ndjson, ".avro": _avro, ".parquet": _parquet, ".xlsx": _xlsx}[path.suffix](
        path, rows
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
