"""The whole kill sweep: a small backfill, killed at every call that matters, resumed and judged.

    python benchmarks/kill_sweep.py [--every N] [--again N] [--jobs N]

Prints the figures; leaves with 1 where a promise was broken. Needs strace, on Linux.
"""

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "support"))

from kill_sweep_support import BATCH_EVENTS, CALM, ROUGH, ROWS, Bench, Outcome, Point, Weather, why_not

_Kill = tuple[Point, Point | None]


def main() -> int:
    """Sweep, and return the exit code."""
    options = _options()
    reason = why_not()
    if reason is not None:
        print(reason, file=sys.stderr)
        return 2
    print(f"{ROWS} events in batches of {BATCH_EVENTS}")
    broken = 0
    with tempfile.TemporaryDirectory(prefix="kill-sweep-") as folder:
        bench = Bench(Path(folder))
        bench.warm_up()
        for weather in (CALM, ROUGH):
            points = bench.points(weather)
            once = [(point, None) for point in points[:: options.every]]
            broken += _sweep(bench, weather, "killed once", once, options.jobs)
            step = max(1, len(points) // options.again) if options.again else len(points) + 1
            twice = [(point, points[i // 3]) for i, point in enumerate(points) if (i + 1) % step == 0]
            broken += _sweep(bench, weather, "killed again while resuming", twice, options.jobs)
    return int(broken > 0)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--every", type=int, default=1, help="take every n-th call only")
    parser.add_argument(
        "--again", type=int, default=60, help="how many runs are killed twice, for each weather"
    )
    parser.add_argument("--jobs", type=int, default=2, help="how many runs at a time")
    return parser.parse_args()


def _sweep(bench: Bench, weather: Weather, what: str, kills: Iterable[_Kill], jobs: int) -> int:
    """Make these kills, print their figures, and count the broken promises."""
    started = time.monotonic()
    kills = list(kills)
    with ThreadPoolExecutor(jobs) as pool:
        outcomes = list(pool.map(lambda kill: bench.killed_at(weather, *kill), kills))
    if not outcomes:
        return 0
    faults = [fault for outcome in outcomes for fault in outcome.faults]
    print(f"{weather.name}, {what}: {_figures(outcomes)}; {time.monotonic() - started:.0f} s")
    print("  " + ", ".join(f"{call} {n}" for call, n in Counter(one.call for one, _ in kills).most_common()))
    for fault in faults:
        print(f"  BROKEN {fault}")
    return len(faults)


def _figures(outcomes: list[Outcome]) -> str:
    hits = sum(outcome.hits for outcome in outcomes)
    return (
        f"{len(outcomes)} points, {hits} kills, {len(outcomes)} resumed for good, "
        f"at most {max(outcome.in_flight for outcome in outcomes)} events in flight or doubt, "
        f"at most {max(outcome.duplicates for outcome in outcomes)} duplicates on the wire, "
        f"{sum(len(outcome.faults) for outcome in outcomes)} promises broken"
    )


if __name__ == "__main__":
    sys.exit(main())
