"""A whole backfill through the ledger with limits lifted, beside Segment's own Python SDK on the same rows and server.

    python benchmarks/deliver.py [ROWS] [SDK_ROWS] [ROUNDS]

Server and clients are processes of their own. Printed for each round: CPU and rate per million events of the command
(both passes, ledger included) and of the SDK, their ratio, the ledger's size; at the end the median and the range of
the ratios. Marks: five times the SDK's rate, three times through the ledger.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from made_up import write
from measure import cost_of

KEY = "benchmark-write-key-0123456789ab"

_SDK = """
import csv, sys
from datetime import datetime
from segment.analytics import Client
client = Client(sys.argv[2], host=sys.argv[3], gzip=True, max_queue_size=100_000, upload_size=2500, upload_interval=0.1)
with open(sys.argv[1], encoding="utf-8", newline="") as file:
    for row in csv.DictReader(file):
        stamp = row.pop("timestamp")
        identity = {"userId", "personId", "event"}
        properties = {name: value for name, value in row.items() if value and name not in identity}
        while client.queue.full():
            client.flush()
        client.track(
            user_id=row["userId"] or None, anonymous_id=row["personId"], event=row["event"],
            properties=properties, timestamp=datetime.fromisoformat(stamp),
        )
client.flush()
client.shutdown()
"""


@contextmanager
def server() -> Iterator[str]:
    """Run a sandbox in a process of its own, and yield its address."""
    command = [sys.executable, "-m", "inflection_cli", "sandbox", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as child:
        assert child.stdout is not None
        found = re.search(r"http://\S+", child.stdout.readline())
        assert found is not None
        try:
            yield found[0]
        finally:
            child.terminate()


def _unique(url: str) -> int:
    with urllib.request.urlopen(f"{url}/stats") as answer:
        return int(json.load(answer)["unique"])


def _measured(
    name: str, rows: int, arguments: list[str], environ: dict[str, str], url: str
) -> tuple[float, str]:
    before, started = _unique(url), time.monotonic()
    cost = cost_of(arguments, environ=environ)
    seconds = time.monotonic() - started
    arrived = _unique(url) - before
    per_million = 1e6 / rows
    print(
        f"{name:10} {arrived:,} of {rows:,} arrived; {arrived / seconds:,.0f} events/s; a million takes "
        f"{cost.cpu_s * per_million:.1f} s of CPU; peak {cost.peak_mb:.0f} MB"
    )
    return arrived / seconds, cost.printed


def _round(rows: int, sdk_rows: int) -> tuple[float, float]:
    """Deliver by both, to one server; return how many times the SDK's rate: while delivering, and all in all."""
    with tempfile.TemporaryDirectory() as folder, server() as url:
        large = write(Path(folder, "large.csv"), rows)
        few = write(Path(folder, "few.csv"), sdk_rows)
        state = Path(folder, "state")
        lifted = ["--events-per-second", "0", "--requests-per-second", "0", "--yes", "--json"]
        there = ["--endpoint", url, "--state-dir", str(state)]
        command = ["-m", "inflection_cli", "backfill", str(large), *there, *lifted]
        ours, report = _measured("infl-seg", rows, command, {"SEGMENT_WRITE_KEY": KEY}, url)
        theirs, _ = _measured("the SDK", sdk_rows, ["-c", _SDK, str(few), KEY, url], {}, url)
        sending = float(json.loads(report)["delivery"]["events_per_second"])
        ledger = sum(path.stat().st_size for path in state.rglob("*") if path.is_file())
    print(
        f"{sending / theirs:10.2f} times the SDK's rate while delivering, {ours / theirs:.2f} times all in all; "
        f"ledger {ledger / rows:.1f} bytes an event"
    )
    return sending / theirs, ours / theirs


def main(rows: int = 1_000_000, sdk_rows: int = 100_000, rounds: int = 3) -> None:
    """Measure both by turns, as the machine's speed changes, and print the ratios of their rates."""
    measured = [_round(rows, sdk_rows) for _ in range(rounds)]
    for name, ratios in zip(
        ("while delivering, through the ledger", "with start-up and the whole of pass 1"),
        zip(*measured, strict=True),
        strict=True,
    ):
        print(
            f"{median(ratios):.2f} times the SDK's rate [{min(ratios):.2f} to {max(ratios):.2f}] {name}, "
            f"on {os.cpu_count()} cores"
        )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
