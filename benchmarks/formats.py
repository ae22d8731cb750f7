"""`validate` of each format beside its library's own bare reading of the same rows.

    python benchmarks/formats.py [ROWS] [ROUNDS]

Bare reading is what a program with the library alone does: every row as Python values, and nothing done with them.
Both take turns, each a process of its own on one core. Start-up is in both. There is no mark for the ratios.
"""

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import fastavro
import openpyxl
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
from measure import cost_of, ratios

_BARE = {
    "avro": "import fastavro, sys\nfor row in fastavro.reader(open(sys.argv[1], 'rb')): pass",
    "parquet": "import pyarrow.parquet as pq, sys\n"
    "for batch in pq.ParquetFile(sys.argv[1]).iter_batches(1024): batch.to_pylist()",
    "xlsx": "import openpyxl, sys\n"
    "for row in openpyxl.load_workbook(sys.argv[1], read_only=True).active.iter_rows(values_only=True): pass",
    "ndjson": "import orjson, sys\nfor line in open(sys.argv[1], 'rb'): orjson.loads(line)",
}
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


_WRITERS: dict[str, Callable[[Path, int], None]] = {
    "ndjson": _ndjson,
    "avro": _avro,
    "parquet": _parquet,
    "xlsx": _xlsx,
}


def main(rows: int = 100_000, rounds: int = 3) -> None:
    """Measure, and print a line for each format."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    print(f"{rows:,} rows, {rounds} rounds on one core")
    with tempfile.TemporaryDirectory() as folder:
        for name, write in _WRITERS.items():
            large, small = Path(folder, f"large.{name}"), Path(folder, f"small.{name}")
            write(large, rows)
            write(small, rows // 10)
            command = ["-m", "inflection_cli", "validate", "--json", "--timezone", "UTC"]
            pairs = [
                (cost_of([*command, str(large)]), cost_of(["-c", _BARE[name], str(large)]))
                for _ in range(rounds)
            ]
            few = cost_of([*command, str(small)])
            ours = pairs[-1][0]
            each = (ours.cpu_s - few.cpu_s) / (rows - rows // 10) * 1e6
            figures = ratios([(one.cpu_s, bare.cpu_s) for one, bare in pairs])
            print(
                f"{name:8} {large.stat().st_size / 1e6:5.1f} MB  "
                f"{ratios([(one.cpu_s, bare.cpu_s) for one, bare in pairs])} the bare reading's CPU; {each:.1f} µs a row; "
                f"peak {ours.peak_mb:.0f} MB, {ours.peak_mb - few.peak_mb:+.0f} MB against a tenth of the rows"
            )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
