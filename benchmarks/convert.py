"""`validate` and `--dry-run --out` beside a floor: csv.reader and orjson.dumps(dict) over the same file.

    python benchmarks/convert.py [ROWS] [ROUNDS]

Floor and command take turns, each a process of its own on one core, so that a noisy machine hits both. Start-up is in
all of them. Marks: validate at most 2 times the floor, --dry-run --out at most 3.5 times; memory at most 120 MB, and at
most 10 MB more than with ten thousand rows.
"""

import os
import sys
import tempfile
from pathlib import Path

from made_up import write
from measure import cost_of, ratios

_FLOOR = """
import csv, orjson, sys
with open(sys.argv[1], encoding="utf-8", newline="") as file:
    reader = csv.reader(file)
    names = next(reader)
    for row in reader:
        orjson.dumps(dict(zip(names, row)))
"""


def main(rows: int = 1_000_000, rounds: int = 3) -> None:
    """Measure, and print ratios."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    with tempfile.TemporaryDirectory() as folder:
        small = write(Path(folder, "small.csv"), 10_000)
        large = write(Path(folder, "large.csv"), rows)
        out = str(Path(folder, "messages.ndjson"))
        validate = ["-m", "inflection_cli", "validate", "--json"]
        dry_run = ["-m", "inflection_cli", "backfill", "--dry-run", "--json", "--out", out]
        pairs: dict[str, list[tuple[float, float]]] = {"validate": [], "--dry-run --out": []}
        last = {}
        for _ in range(rounds):
            for name, command in (("validate", validate), ("--dry-run --out", dry_run)):
                floor = cost_of(["-c", _FLOOR, str(large)])
                last[name] = cost_of([*command, str(large)])
                pairs[name].append((last[name].cpu_s, floor.cpu_s))
        print(f"{rows:,} rows, {large.stat().st_size / 1e6:.0f} MB, {rounds} rounds on one core")
        for name, command in (("validate", validate), ("--dry-run --out", dry_run)):
            few = cost_of([*command, str(small)])
            grown = last[name].peak_mb - few.peak_mb
            each = last[name].cpu_s / rows * 1e6
            print(f"{name:16} {ratios(pairs[name])} the floor's CPU; {each:.1f} µs a row")
            print(f"{'':16} peak {last[name].peak_mb:.0f} MB, {grown:+.0f} MB against 10,000 rows")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
