"""Measures whole processes: CPU seconds and peak memory of a child, as the system accounts for them."""

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Cost:
    """What one process took: CPU in seconds (user and system), peak memory in MB; and what it printed."""

    cpu_s: float
    peak_mb: float
    printed: str


def cost_of(arguments: list[str], *, environ: dict[str, str] | None = None) -> Cost:
    """Run a Python program to its end and return what it took.

    Raises:
        RuntimeError: It failed.
    """
    command = [sys.executable, *arguments]
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as said:
        # Bytecode is kept, as where it is installed: to compile it each time would be measured with each start.
        inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        child = subprocess.Popen(command, stdout=out, stderr=said, env={**inherited, **(environ or {})})
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        said.seek(0)
        if child.returncode:
            raise RuntimeError(
                f"{' '.join(command)} left with {child.returncode}: {said.read().decode()[-400:]}"
            )
        per_mb = 1024 * 1024 if sys.platform == "darwin" else 1024
        return Cost(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / per_mb, out.read().decode())


def ratios(pairs: list[tuple[float, float]]) -> str:
    """Spell the ratios of paired runs: median, least and most."""
    found = sorted(one / other for one, other in pairs)
    return f"{median(found):.2f} times (from {found[0]:.2f} to {found[-1]:.2f})"
