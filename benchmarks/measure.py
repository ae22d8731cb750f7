"""Measures whole processes: CPU seconds and peak memory of a child, as the system accounts for them."""

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median


@dataclass(frozen=True)
class Cost:
    """What one process took: CPU in seconds (user and system), peak memory in MB; and what it printed."""

    cpu_s: float
    peak_mb: float
    printed: str


def cost_of(
    arguments: list[str], *, environ: dict[str, str] | None = None, has_workers: bool = False
) -> Cost:
    """Run a Python program to its end and return what it took.

    Args:
        arguments: Its command line.
        environ: What is added to the environment.
        has_workers: Whether it starts processes that the system does not account to it (Linux only). Their CPU is
            read every few milliseconds then, and the peak memory stays that of the program itself.

    Raises:
        RuntimeError: It failed.
    """
    command = [sys.executable, *arguments]
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as said:
        # Bytecode is kept, as where it is installed: to compile it each time would be measured with each start.
        inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        child = subprocess.Popen(
            command,
            stdout=out,
            stderr=said,
            env={**inherited, **(environ or {})},
            start_new_session=has_workers,
        )
        workers_s = _cpu_of_workers(child.pid) if has_workers else 0.0
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        said.seek(0)
        if child.returncode:
            raise RuntimeError(
                f"{' '.join(command)} left with {child.returncode}: {said.read().decode()[-400:]}"
            )
        per_mb = 1024 * 1024 if sys.platform == "darwin" else 1024
        return Cost(
            usage.ru_utime + usage.ru_stime + workers_s, usage.ru_maxrss / per_mb, out.read().decode()
        )


def _cpu_of_workers(leader: int) -> float:
    """Return the CPU seconds of all other processes of a session, once its leader has ended."""
    spent: dict[int, int] = {}
    while not os.waitid(os.P_PID, leader, os.WEXITED | os.WNOHANG | os.WNOWAIT):
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit() and int(folder.name) != leader:
                try:
                    fields = (folder / "stat").read_text().rpartition(")")[2].split()
                except OSError:
                    continue
                if int(fields[3]) == leader:
                    spent[int(folder.name)] = int(fields[11]) + int(fields[12])
        time.sleep(0.02)
    return sum(spent.values()) / os.sysconf("SC_CLK_TCK")


def ratios(pairs: list[tuple[float, float]]) -> str:
    """Spell the ratios of paired runs: median, least and most."""
    found = sorted(one / other for one, other in pairs)
    return f"{median(found):.2f} times (from {found[0]:.2f} to {found[-1]:.2f})"
