"""Peak memory and time of what is looked at after a large backfill, at growing sizes.

    python benchmarks/proof_at_size.py received 1 10 50
    python benchmarks/proof_at_size.py parquet 1 10 50
    python benchmarks/proof_at_size.py report 1 10 50

The sizes are millions. `received` and `parquet` write a ledger through the ledger's own code and a file of what the
destination received: all ids but ten, and two others. `runs verify --received` has to name exactly these. `report`
makes up rows of many campaigns, links and people over six years, one in a thousand of them broken, and has
`validate` write the HTML report. Marks: memory does not grow with the size, and no report has 2 MB. Fifty million
need 20 GB of disk.
"""

import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from made_up import HEADER
from measure import Cost, cost_of

from inflection_cli.backfilling.ledger_lookup import held_ledger
from inflection_cli.ledger.ledger_records import RunStart
from inflection_cli.model import Batch, BatchState
from inflection_cli.segment.ids import Binder, uuid_text

_BATCH = 2_500
_MISSING = 10
_FOREIGN = 2
_NAMESPACE = "proof"
_CAMPAIGNS = 20_000
_ROWS_TOGETHER = 100
"""Rows of a campaign stand together in an export, though it has others between them."""

_LINKS = 100_000
_DAYS = 6 * 365
_EVENTS = ("Email Delivered", "Email Delivered", "Email Opened", "Link Clicked", "Email Bounced")
_MOST_REPORT_BYTES = 2_000_000


def fill_ledger(state: Path, count: int) -> Iterator[bytes]:
    """Record `count` accepted events in a ledger; yield their message ids as text."""
    dice, now = random.Random(5), time.time()
    bind = Binder(_NAMESPACE).bind
    with held_ledger(state, _NAMESPACE, "benchmark", print) as ledger:
        start = RunStart(
            command="backfill",
            arguments={},
            shaping={},
            inputs=[],
            endpoint="http://127.0.0.1:1",
            version="benchmark",
        )
        run_id = ledger.start_run(start, now=now)
        ledger.record_people(run_id, [])
        journal = ledger.journal(run_id)
        for first in range(0, count, _BATCH):
            size = min(_BATCH, count - first)
            ids = [dice.randbytes(16) for _ in range(size)]
            batch = Batch(range(size), ids, [0] * size, [b""] * size)
            journal.settle(journal.intend(batch, now=now), BatchState.ACCEPTED, status=200, now=now)
            yield from map(uuid_text, bind(ids))
        ledger.finish_run(run_id, summary={}, exit_code=0, now=now)


def write_received(path: Path, ids: Iterator[bytes]) -> None:
    """Write what a warehouse would export: all ids but the first ones, and a few that nobody sent."""
    with path.open("wb") as out:
        out.write(b"id,received_at\n")
        for number, message_id in enumerate(ids):
            if number >= _MISSING:
                out.write(message_id + b",2024-03-01 00:00:00\n")
        out.writelines(f"{UUID(int=number)},2024-03-01 00:00:00\n".encode() for number in range(_FOREIGN))


def as_parquet(path: Path) -> Path:
    """Turn the CSV of ids into Parquet.

    Another process does so: the system counts the peak of the one that starts a command as the command's own.
    """
    there = path.with_suffix(".parquet")
    query = f"COPY (SELECT id, received_at FROM read_csv('{path}')) TO '{there}' (FORMAT parquet)"
    program = "import duckdb, sys; duckdb.sql(sys.argv[1])"
    subprocess.run([sys.executable, "-c", program, query], check=True, stdout=subprocess.DEVNULL)
    path.unlink()
    return there


def measure_received(folder: Path, count: int, *, parquet: bool) -> None:
    """Compare `count` ids with a ledger of as many events, and print what it took."""
    file = folder / "warehouse.csv"
    write_received(file, fill_ledger(folder / "state", count))
    if parquet:
        file = as_parquet(file)
    words = ["runs", "verify", "--received", str(file), "--state-dir", str(folder / "state"), "--json"]
    cost, took = _timed(["-c", _ANY_END, *words])
    found = json.loads(cost.printed)["events"]
    expected = {"accepted": count, "missing": _MISSING, "foreign": _FOREIGN, "repeated": 0}
    assert {name: found[name] for name in expected} == expected, found
    _say(count, cost, took, f"{file.stat().st_size / 1e6:,.0f} MB of {file.suffix[1:]}")


def write_rows(path: Path, count: int) -> None:
    """Write rows of many campaigns, links and people over years; one in a thousand has a time that is none."""
    dice = random.Random(9)
    start = datetime(2019, 1, 1, tzinfo=UTC)
    days = [(start + timedelta(days=day)).date().isoformat() for day in range(_DAYS)]
    with path.open("w", encoding="utf-8") as out:
        out.write(",".join(HEADER) + "\n")
        for number in range(count):
            event = _EVENTS[number % len(_EVENTS)]
            campaign, link = number // _ROWS_TOGETHER * 7919 % _CAMPAIGNS, number * 104_729 % _LINKS
            second = dice.randrange(86_400)
            at = f"{days[number % _DAYS]}T{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}Z"
            at = f"no time {number}" if number % 1000 == 999 else at
            user = f"user-{number // 7}" if number % 3 else ""
            place = f"https://www.example.com/{link}" if event == "Link Clicked" else ""
            out.write(
                f"{event},{user},person-{number // 7},e-{campaign},c-{campaign},r-{campaign},"
                f"Campaign no. {campaign} <for> everybody & all,News no. {campaign},{place},false,false,{at},EMEA\n"
            )


def measure_report(folder: Path, count: int) -> None:
    """Write the HTML report of `count` rows, and print its size and what it took."""
    file, page = folder / "export.csv", folder / "report.html"
    write_rows(file, count)
    words = ["validate", str(file), "--no-project", "--json", "--report", f"html={page}"]
    cost, took = _timed(["-c", _ANY_END, *words])
    assert json.loads(cost.printed)["rows"]["read"] == count
    size = page.stat().st_size
    assert size < _MOST_REPORT_BYTES, size
    _say(count, cost, took, f"report of {size / 1e6:.2f} MB")


_ANY_END = "import sys; from inflection_cli.cli.app import run; run(sys.argv[1:])"
"""The command as a process whose exit code is no failure: what is missing makes it 1."""


def _timed(arguments: list[str]) -> tuple[Cost, float]:
    began = time.monotonic()
    return cost_of(arguments), time.monotonic() - began


def _say(count: int, cost: Cost, took: float, what: str) -> None:
    seconds = f"{took:,.0f} s, {cost.cpu_s:,.0f} s of CPU"
    print(f"{count:12,}: peak {cost.peak_mb:,.0f} MB, {seconds}, {what}", flush=True)


def main(what: str, *millions: float) -> None:
    """Measure at each size, in a scratch folder that is deleted after each."""
    for each in millions or (1, 10, 50):
        with tempfile.TemporaryDirectory(prefix="infl-seg-benchmark-") as name:
            count = int(each * 1_000_000)
            if what == "report":
                measure_report(Path(name), count)
            else:
                measure_received(Path(name), count, parquet=what == "parquet")


if __name__ == "__main__":
    main(sys.argv[1], *map(float, sys.argv[2:]))
