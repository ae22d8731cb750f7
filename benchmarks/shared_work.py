"""One process beside two workers: wall time and CPU of `validate` and of `--dry-run --out` over one file.

    python benchmarks/shared_work.py [FILE] [ROUNDS]

The two take turns, so that a noisy machine hits both. CPU is that of the whole family of processes, start-up included,
which the system has no sum of: it is read every few milliseconds. Without a file one of 300,000 rows is made up. Marks:
two workers at least 1.5 times as fast as one process for validate, and 1.3 times for --dry-run --out.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from made_up import write

_TICKS = os.sysconf("SC_CLK_TCK")


def family_cpu(session: int, spent: dict[int, int]) -> None:
    """Note the CPU that each process of a session has taken so far."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[3]) == session:
                spent[int(folder.name)] = int(fields[11]) + int(fields[12])


def run(words: list[str]) -> tuple[float, float]:
    """Run a command; return its wall time and the CPU of its family, in seconds."""
    spent: dict[int, int] = {}
    begun = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "inflection_cli", *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    while process.poll() is None:
        family_cpu(process.pid, spent)
        time.sleep(0.02)
    return time.monotonic() - begun, sum(spent.values()) / _TICKS


def main(file: str = "", rounds: str = "5") -> None:
    """Measure, and print ratios."""
    with tempfile.TemporaryDirectory() as folder:
        path = file or str(write(Path(folder, "large.csv"), 300_000))
        out = str(Path(folder, "messages.ndjson"))
        dry_run = [
            "backfill",
            "--dry-run",
            "--out",
            out,
            "--max-errors",
            "100%",
            "--rejects",
            f"{folder}/rejects",
        ]
        for name, words in (("validate", ["validate"]), ("--dry-run --out", dry_run)):
            pairs = [[run([*words, path, "--jobs", jobs]) for jobs in ("1", "2")] for _ in range(int(rounds))]
            gains = sorted(one[0] / two[0] for one, two in pairs)
            walls = [median(pair[at][0] for pair in pairs) for at in (0, 1)]
            spent = [median(pair[at][1] for pair in pairs) for at in (0, 1)]
            print(
                f"{name:16} {median(gains):.2f} times as fast (from {gains[0]:.2f} to {gains[-1]:.2f}); "
                f"wall {walls[0]:.1f} and {walls[1]:.1f} s, CPU {spent[0]:.1f} and {spent[1]:.1f} s"
            )


if __name__ == "__main__":
    main(*sys.argv[1:])
