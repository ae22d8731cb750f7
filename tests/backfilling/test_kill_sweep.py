"""A backfill is killed at one system call after the other, and resumed: nothing is lost, nothing is twice."""

import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
from kill_sweep_support import CALM, RELEVANT, ROUGH, Bench, Killed, Outcome, Weather, spread, why_not

pytestmark = [pytest.mark.slow, pytest.mark.timeout(14_400)]

SPARE = 6  # a run may make a call less than the one that was watched, and then is not killed


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    if os.environ.get("CI") == "true":
        install_strace()
    reason = why_not()
    if reason is not None:
        pytest.skip(f"the kill sweep: {reason}")
    bench = Bench(tmp_path_factory.mktemp("sweep"))
    bench.warm_up()
    return bench


def install_strace() -> None:
    """Install what is missing; test processes beside this one wait meanwhile, as apt would turn them away."""
    with Path(tempfile.gettempdir(), "kill-sweep-apt.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if shutil.which("strace") is None and shutil.which("apt-get") is not None:
            for words in (["update"], ["install", "-y", "strace"]):
                subprocess.run(["apt-get", *words], check=False, capture_output=True)


def all_of(bench: Bench, kills: Sequence[Callable[[], Killed]]) -> list[Outcome]:
    """Resume each killed run in this process, while the next one is killed beside it."""
    outcomes = []
    with ThreadPoolExecutor(1) as pool:
        ahead = pool.submit(kills[0])
        for following in [*kills[1:], None]:
            killed = ahead.result()
            if following is not None:
                ahead = pool.submit(following)
            outcomes.append(killed.resumed(bench.here))
    return outcomes


def faults_of(outcomes: Sequence[Outcome]) -> list[str]:
    return [fault for outcome in outcomes for fault in outcome.faults]


@pytest.mark.parametrize(("weather", "kills"), [(CALM, 155), (ROUGH, 45)], ids=["calm", "rough"])
def test_a_run_killed_at_any_call_resumes_with_nothing_lost_and_nothing_twice(
    bench: Bench, weather: Weather, kills: int
) -> None:
    points = spread(bench.points(weather), kills + SPARE)
    outcomes = all_of(bench, [partial(bench.kill, weather, point) for point in points])
    assert not faults_of(outcomes)
    assert sum(outcome.hits for outcome in outcomes) >= kills
    assert max(outcome.in_flight for outcome in outcomes) > 0


def test_a_run_killed_again_while_it_resumes_loses_nothing_either(bench: Bench) -> None:
    points = bench.points(CALM)
    second = iter(reversed(spread(points[: len(points) // 3], 16)))
    first = spread(points[len(points) // 6 : -len(points) // 6], 16)
    pairs = dict(zip(first, second, strict=True))
    outcomes = all_of(bench, [partial(bench.kill, CALM, point, pairs[point]) for point in first])
    assert not faults_of(outcomes)
    assert sum(outcome.hits == 2 for outcome in outcomes) >= 10


def test_the_watched_run_makes_calls_of_every_kind_that_matters(bench: Bench) -> None:
    met = {point.call for point in bench.points(CALM)}
    assert met <= set(RELEVANT)
    assert {"connect", "fdatasync", "flock", "fsync", "openat", "pwrite64", "recvfrom", "sendto"} <= met
