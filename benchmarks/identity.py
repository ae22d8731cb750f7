"""What it costs to link people who become known, beside the same run with `--identify never`.

    python benchmarks/identity.py [ROWS] [ROUNDS]

An export of two million rows (or ROWS) has a quarter as many people; half of them have a userId from the middle of the
export on, in whatever order they come. Each round plans it and delivers it to a sandbox of its own, with links and
without. Printed are CPU, peak memory, and the ratios; a link is one message more. All work is done in one process, so
that all of it counts. Mark: a whole backfill takes at most 1.15 times the CPU of one that links nobody.
"""

import random
import sys
import tempfile
from pathlib import Path
from statistics import median

from deliver import KEY, server
from made_up import HEADER, rows
from measure import Cost, cost_of

_PEOPLE_A_ROW = 4
_ONE_PROCESS = ("--jobs", "1")
"""The CPU of workers is not accounted to the command: with them, both modes would seem to take half of it."""


def write(path: Path, count: int) -> Path:
    """Write an export in which every other person becomes known half-way."""
    dice = random.Random(11)
    people = [f"{dice.getrandbits(128):032x}" for _ in range(count // _PEOPLE_A_ROW)]
    with path.open("w", encoding="utf-8") as out:
        out.write(",".join(HEADER) + "\n")
        for number, row in enumerate(rows(count)):
            who = dice.randrange(len(people))
            known = who % 2 and 2 * number > count
            row[1:3] = (f"user-{who:07d}" if known else "", people[who])
            out.write(",".join(f'"{cell}"' if "," in cell else cell for cell in row) + "\n")
    return path


def _plan(file: Path, mode: str) -> Cost:
    words = ["--dry-run", "--no-project", "--json", "--identify", mode, *_ONE_PROCESS]
    return cost_of(["-m", "inflection_cli", "backfill", str(file), *words])


def _deliver(file: Path, mode: str, state: Path) -> Cost:
    lifted = ["--events-per-second", "0", "--requests-per-second", "0", "--yes", "--json", "--no-project"]
    with server() as url:
        there = ["--endpoint", url, "--state-dir", str(state), "--identify", mode]
        command = ["-m", "inflection_cli", "backfill", str(file), *there, *lifted, *_ONE_PROCESS]
        return cost_of(command, environ={"SEGMENT_WRITE_KEY": KEY})


def main(count: int = 2_000_000, rounds: int = 3) -> None:
    """Measure by turns, as the machine's speed changes, and print the medians of the ratios."""
    found: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        file = write(Path(folder, "export.csv"), count)
        for number in range(rounds):
            for name in ("plan", "backfill"):
                costs = {}
                for mode in ("never", "auto") if number % 2 else ("auto", "never"):
                    state = Path(folder, f"state-{number}-{mode}")
                    costs[mode] = _plan(file, mode) if name == "plan" else _deliver(file, mode, state)
                    print(
                        f"{name:9} {mode:6} {costs[mode].cpu_s:7.2f} s of CPU, peak {costs[mode].peak_mb:.0f} MB"
                    )
                found.setdefault(name, []).append(costs["auto"].cpu_s / costs["never"].cpu_s)
    for name, ratios in found.items():
        print(f"{name}: {median(ratios):.3f} times --identify never [{min(ratios):.3f} to {max(ratios):.3f}]")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
