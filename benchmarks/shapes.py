"""Eight shapes of data: `validate`, `--dry-run --out` and `backfill`, each beside a floor and beside Segment's own SDK.

    python benchmarks/shapes.py [--rows N] [--rounds N] [--shapes NAME…] [--jobs N…] [--cache FOLDER] [--sdk-rows N]

The floor reads a row (csv.reader; of NDJSON orjson.loads) and writes one orjson.dumps for each event. Floor and command
take turns within a run, each a process of its own, and CPU time is compared, start-up included: median, least and most
of the rounds. `backfill` goes to a receiver on loopback that reads requests and accepts them, limits lifted; the SDK
sends to the same one, and its CPU an event is divided by ours. With more than one number of jobs, the time that passes
is compared as well. Marks with one job: validate at most 1.6 times the floor (the own file 1.3), --dry-run --out 2.4,
at least 5 times the SDK.
"""

import argparse
import re
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median

from made_up_shapes import SHAPES, WIDE_TIMES, Made, made
from measure import cost_of

_KEY = "benchmark-write-key-0123456789ab"

_FLOORS = {
    "csv": """
import csv, orjson, sys
with open(sys.argv[1], encoding="utf-8", newline="") as file:
    reader = csv.reader(file)
    names = next(reader)
    for row in reader:
        orjson.dumps(dict(zip(names, row)))
""",
    "wide": f"""
import csv, orjson, sys
with open(sys.argv[1], encoding="utf-8", newline="") as file:
    reader = csv.reader(file)
    names = next(reader)
    times = [names.index(name) for name in {WIDE_TIMES!r}]
    for row in reader:
        event = dict(zip(names, row))
        for at in times:
            if row[at]:
                orjson.dumps(event)
""",
    "ndjson": """
import orjson, sys
with open(sys.argv[1], "rb") as file:
    for line in file:
        orjson.dumps(orjson.loads(line))
""",
}

_SDK = f"""
import csv, itertools, json, sys
from datetime import datetime
from segment.analytics import Client
client = Client(sys.argv[2], host=sys.argv[3], gzip=True, max_queue_size=100_000, upload_size=2500, upload_interval=0.1)

def events(row):
    if "delivered_at" not in row:
        yield row["event"], row["userId"], row["personId"], row["timestamp"], row
    for name, at in zip(("Email Delivered", "Email Opened", "Link Clicked"), {WIDE_TIMES!r}):
        if row.get(at):
            yield name, row["customer"], row["contact"], row[at], row

with open(sys.argv[1], encoding="utf-8", newline="") as file:
    rows = map(json.loads, file) if sys.argv[1].endswith(".ndjson") else csv.DictReader(file)
    for row in itertools.islice(rows, int(sys.argv[4])):
        for name, user, person, stamp, row in events(row):
            left_out = {{"userId", "personId", "event", "timestamp", "email", "customer", "contact", *{WIDE_TIMES!r}}}
            properties = {{key: value for key, value in row.items() if value and key not in left_out}}
            while client.queue.full():
                client.flush()
            client.track(
                user_id=user or None, anonymous_id=person, event=name,
                properties=properties, timestamp=datetime.fromisoformat(stamp),
            )
client.flush()
client.shutdown()
"""


class _Accepts(BaseHTTPRequestHandler):
    """Reads a request's body and accepts it."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        answer = b'{"success":true}'
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@contextmanager
def receiver() -> Iterator[str]:
    """Run a receiver in a thread of this process; yield its URL."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Accepts) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@dataclass
class Ratios:
    """Ratios of paired runs."""

    found: list[float] = field(default_factory=list)

    def __str__(self) -> str:
        if not self.found:
            return "-"
        return f"{median(self.found):.2f} ({min(self.found):.2f} to {max(self.found):.2f})"


class Bench:
    """One shape's runs: what each took, and the ratios of the pairs."""

    def __init__(self, shape: str, file: Made, options: argparse.Namespace, url: str) -> None:
        self._shape, self._file, self._url = shape, file, url
        self._rows: int = options.rows
        self._sdk_rows: int = min(options.sdk_rows, options.rows)
        form = shape if shape in _FLOORS else "csv"
        self._floor = ["-c", _FLOORS[form], str(file.path)]
        self.cpu: dict[tuple[str, int], Ratios] = {}
        self.wall: dict[tuple[str, int], Ratios] = {}
        self.sdk: dict[int, Ratios] = {}
        self.peak_mb: dict[tuple[str, int], float] = {}

    def commands(self, folder: str) -> dict[str, list[str]]:
        """Return the command lines that are measured, by name."""
        profile = ["--profile", str(self._file.profile)] if self._file.profile else []
        file = [str(self._file.path), *profile, "--json"]
        out = ["--dry-run", "--out", str(Path(folder, "messages.ndjson"))]
        lifted = ["--events-per-second", "0", "--requests-per-second", "0", "--yes"]
        there = ["--endpoint", self._url, "--state-dir", str(Path(folder, "state"))]
        return {
            "validate": ["validate", *file],
            "--dry-run --out": ["backfill", *file, *out],
            "backfill": ["backfill", *file, *there, *lifted],
        }

    def measure(self, names: Sequence[str], jobs: Sequence[int]) -> None:
        """Run each command once beside the floor, with each number of jobs."""
        for name in names:
            passed: dict[int, float] = {}
            for count in jobs:
                with tempfile.TemporaryDirectory() as folder:
                    command = ["-m", "inflection_cli", *self.commands(folder)[name], "--jobs", str(count)]
                    floor = cost_of(self._floor)
                    started = time.monotonic()
                    ours = cost_of(command, environ={"SEGMENT_WRITE_KEY": _KEY}, has_workers=count > 1)
                    passed[count] = time.monotonic() - started
                self.cpu.setdefault((name, count), Ratios()).found.append(ours.cpu_s / floor.cpu_s)
                self.wall.setdefault((name, count), Ratios()).found.append(passed[jobs[0]] / passed[count])
                self.peak_mb[name, count] = ours.peak_mb
                if name == "backfill":
                    self.sdk.setdefault(count, Ratios()).found.append(self._sdk_s() / ours.cpu_s)

    def _sdk_s(self) -> float:
        """Return the SDK's CPU for all rows, from some of them and its start-up."""
        none, some = (
            cost_of(["-c", _SDK, str(self._file.path), _KEY, self._url, str(count)]).cpu_s
            for count in (0, self._sdk_rows)
        )
        return none + (some - none) * float(self._rows / self._sdk_rows)

    def show(self) -> None:
        """Print one line for each command and number of jobs."""
        for (name, count), ratios in self.cpu.items():
            line = f"{self._shape:9} {name:16} {count:4}  {ratios!s:24} {self.peak_mb[name, count]:4.0f} MB"
            if name == "backfill":
                line += f"  {self.sdk[count]} times the SDK"
            if count > 1:
                line += f"  {self.wall[name, count]} times as fast as the first number of jobs"
            print(line, flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=300_000)
    parser.add_argument("--sdk-rows", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--shapes", nargs="*", choices=SHAPES, default=SHAPES)
    parser.add_argument("--commands", nargs="*", default=["validate", "--dry-run --out", "backfill"])
    parser.add_argument("--jobs", nargs="*", type=int, default=[1, 2])
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir(), "infl-seg-shapes"))
    return parser.parse_args()


def main() -> None:
    """Make the shapes, measure, and print ratios."""
    options = _options()
    names = [re.sub(r"^dry-run.*|^out$", "--dry-run --out", name) for name in options.commands]
    print(
        f"{options.rows:,} rows, {options.rounds} rounds; CPU in times the floor: median (from least to most)"
    )
    few = str(made("own file", options.cache, 10).path)
    start_s = min(cost_of(["-m", "inflection_cli", "validate", few]).cpu_s for _ in range(3))
    print(f"a start without rows takes {start_s:.2f} s of CPU, which is in all ratios")
    print(f"{'shape':9} {'command':16} jobs")
    with receiver() as url:
        for shape in options.shapes:
            bench = Bench(shape, made(shape, options.cache, options.rows), options, url)
            for _ in range(options.rounds):
                bench.measure(names, options.jobs)
            bench.show()


if __name__ == "__main__":
    main()
