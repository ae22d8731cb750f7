"""`validate` of each format beside its library's own bare reading of the same rows.

    python benchmarks/formats.py [ROWS] [ROUNDS]

Bare reading is what a program with the library alone does: every row as Python values, and nothing done with them.
Both take turns, each a process of its own on one core. Start-up is in both. There is no mark for the ratios.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from measure import cost_of, ratios

_BARE = {
    "avro": "import fastavro, sys\nfor row in fastavro.reader(open(sys.argv[1], 'rb')): pass",
    "parquet": "import pyarrow.parquet as pq, sys\n"
    "for batch in pq.ParquetFile(sys.argv[1]).iter_batches(1024): batch.to_pylist()",
    "xlsx": "import openpyxl, sys\n"
    "for row in openpyxl.load_workbook(sys.argv[1], read_only=True).active.iter_rows(values_only=True): pass",
    "ndjson": "import orjson, sys\nfor line in open(sys.argv[1], 'rb'): orjson.loads(line)",
    "csv": "import csv, sys\nfor row in csv.reader(open(sys.argv[1], encoding='utf-8', newline='')): pass",
}


def main(rows: int = 100_000, rounds: int = 3) -> None:
    """Measure, and print a line for each format."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    print(f"{rows:,} rows, {rounds} rounds on one core")
    # Files are made by another process: what a child's memory peaks at begins with its parent's.
    made_up = [sys.executable, str(Path(__file__).with_name("made_up_tables.py"))]
    with tempfile.TemporaryDirectory() as folder:
        for name, bare_reading in _BARE.items():
            large, small = Path(folder, f"large.{name}"), Path(folder, f"small.{name}")
            for path, count in ((large, rows), (small, rows // 10)):
                subprocess.run([*made_up, str(path), str(count)], check=True)
            command = ["-m", "inflection_cli", "validate", "--json", "--jobs", "1", "--timezone", "UTC"]
            pairs = [
                (cost_of([*command, str(large)]), cost_of(["-c", bare_reading, str(large)]))
                for _ in range(rounds)
            ]
            few = cost_of([*command, str(small)])
            ours = pairs[-1][0]
            each = (ours.cpu_s - few.cpu_s) / (rows - rows // 10) * 1e6
            figures = ratios([(one.cpu_s, bare.cpu_s) for one, bare in pairs])
            print(
                f"{name:8} {large.stat().st_size / 1e6:5.1f} MB  "
                f"{figures} the bare reading's CPU; {each:.1f} µs a row; "
                f"peak {ours.peak_mb:.0f} MB, {ours.peak_mb - few.peak_mb:+.0f} MB against a tenth of the rows"
            )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
