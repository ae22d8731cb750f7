"""A sync is killed at each durable step, and typed again: each event once, and a whole list remembered."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from command_support import KEY, PATIENCE_S
from kill_sweep_support import Point, _relevant, _strace, why_not
from run_support import Station

from inflection_cli.comparing.remembered_list import KeptList
from inflection_cli.sandbox import Sandbox, Settings, serve

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

DURABLE = ("fdatasync", "fsync", "rename", "unlink")
"""The calls by which something is on disk, has its name, or has lost it."""

OLD = [[str(number), f"u{number}", "basic"] for number in range(12)]
NEW = [[str(number), f"u{number}", "pro" if number < 8 else "basic"] for number in range(4, 16)]
BAD = ["99", "", "pro"]
"""A row that is rejected, so that the remembered list is neither the old nor the new file as it stands."""


class Bench:
    """A folder with a remembered list and the next one."""

    def __init__(self, folder: Path, rows: Sequence[list[str]]) -> None:
        self.folder = folder
        self._write(OLD)
        with serve() as sandbox:
            assert self.run(sandbox, folder / "template").returncode == 0
        self._write(rows)
        with serve(Settings(keep_messages=True)) as sandbox:
            done = self.run(sandbox, self.state("calm"))
            assert done.returncode in {0, 1}, done.stderr.decode()
            self.messages = by_id(sandbox)
            self.remembered = remembered(self.state("calm"))

    def _write(self, rows: Sequence[list[str]]) -> None:
        lines = ["id,userId,plan", *map(",".join, rows), ""]
        (self.folder / "list.csv").write_text("\n".join(lines), encoding="utf-8")

    def state(self, name: str) -> Path:
        """A state directory in which the old list is remembered."""
        state = self.folder / "states" / name
        if not state.exists():
            shutil.copytree(self.folder / "template", state)
        return state

    def run(
        self, sandbox: Sandbox, state: Path, under: Sequence[str] = ()
    ) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [*under, sys.executable, "-m", "inflection_cli", *self._words(sandbox, state)],
            cwd=self.folder,
            env={**os.environ, "PYTHONHASHSEED": "0"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=PATIENCE_S,
        )

    def _words(self, sandbox: Sandbox, state: Path) -> list[str]:
        words = ["sync", "list.csv", "--key", "id", "--added", "A", "--changed", "C", "--removed", "R"]
        words += ["--endpoint", sandbox.url, "--write-key", KEY, "--namespace", "n", "--dedup-window", "20"]
        words += ["--yes", "--state-dir", str(state), "--events-per-second", "80", "--rejects", f"{state}-r"]
        return [*words, "--max-removed", "4"]

    def points(self) -> list[Point]:
        """The durable steps of a run that nobody disturbs."""
        trace, state = self.folder / "trace", self.state("watched")
        with serve() as sandbox:
            done = self.run(sandbox, state, _strace(f"trace={','.join(DURABLE)},openat", output=trace))
        assert done.returncode in {0, 1}, done.stderr.decode()
        points = _relevant(trace.read_text(errors="replace").splitlines(), str(state))
        return [point for point in points if point.call in DURABLE]

    def killed_at(self, point: Point) -> tuple[bool, list[str]]:
        """Kill a sync at a step, and type it again; return whether it was hit, and broken promises."""
        name = f"{point.call}-{point.nth}"
        state, faults = self.state(name), []
        with serve(Settings(keep_messages=True)) as sandbox:
            inject = f"inject={point.call}:signal=SIGKILL:when={point.nth}"
            done = self.run(sandbox, state, _strace(f"trace={point.call}", inject))
            if remembered(state) not in (OLD, self.remembered):
                faults.append(f"{name}: something between is remembered")
            again = Station(self.folder, sandbox).here(*self._words(sandbox, state))
            if again.code not in {0, 1}:
                faults.append(f"{name}: {again.err[-500:]}")
            if by_id(sandbox) != self.messages:
                faults.append(f"{name}: other messages than those of an undisturbed run")
            if len({each["timestamp"] for each in sandbox.messages()}) != 1:
                faults.append(f"{name}: the events are of several times")
        if remembered(state) != self.remembered:
            faults.append(f"{name}: not the new list is remembered")
        left = [path.name for path in (state / "lists").iterdir() if path.suffix not in {".list", ".lock"}]
        return done.returncode == -signal.SIGKILL, faults + [f"{name}: {each} is left" for each in left]


def by_id(sandbox: Sandbox) -> dict[str, Any]:
    """What arrived, each message once, but for the time of the run."""
    return {each["messageId"]: {**each, "timestamp": ""} for each in sandbox.messages()}


def remembered(state: Path) -> list[list[str]]:
    (path,) = (state / "lists").glob("*.list")
    return [cells for _, cells in KeptList(path).rows()]


@pytest.mark.parametrize(
    ("rows", "calls"),
    [(NEW, DURABLE), ([*NEW[:6], BAD, *NEW[6:]], ("fsync", "rename", "unlink"))],
    ids=["all", "one-rejected"],
)
def test_a_sync_killed_at_any_durable_step_sends_and_remembers_the_same(
    rows: Sequence[list[str]], calls: Sequence[str], tmp_path: Path
) -> None:
    reason = why_not()
    if reason is not None:
        pytest.skip(f"the kill sweep: {reason}")
    bench = Bench(tmp_path, rows)
    points = [point for point in bench.points() if point.call in calls]
    assert {point.call for point in points} >= {"fsync", "rename"}
    outcomes = [bench.killed_at(point) for point in points]
    assert [fault for _, faults in outcomes for fault in faults] == []
    assert sum(hit for hit, _ in outcomes) >= len(points) - 2
