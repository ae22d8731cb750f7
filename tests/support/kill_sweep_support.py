"""The kill sweep: a real backfill, killed at a chosen system call, resumed, and held to every promise.

strace delivers the SIGKILL on entry of the k-th call of a kind, so the call itself does not take place any more:
what has happened is exactly what the calls before it did. A first run that is only watched tells which calls
there are. The destination is the sandbox, in this process, so that it outlives every kill.
"""

import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import reference
from command_support import events_balance, rows_balance
from ledger_support import best_states, known_events
from run_support import Station

import inflection_cli
from inflection_cli.ledger.ledger_file import ledger_files, read_ledger
from inflection_cli.model import BatchState
from inflection_cli.sandbox import Sandbox, Settings, serve

KEY: Final = "sweep-write-key-0123456789abcdef"
ROWS: Final = 60
BATCH_EVENTS: Final = 10
_EVENTS_PER_SECOND = BATCH_EVENTS * 10  # a batch is a tenth of a second's events
_PATIENCE_S = 240.0
_SQLITE_LOCKS = "F_SETLK"
_OPEN = frozenset({BatchState.IN_FLIGHT, BatchState.IN_DOUBT})

RELEVANT: Final = (
    "connect",
    "fcntl",
    "fdatasync",
    "flock",
    "fsync",
    "ftruncate",
    "mkdir",
    "mkdirat",
    "openat",
    "pwrite64",
    "recvfrom",
    "recvmsg",
    "rename",
    "renameat",
    "renameat2",
    "sendmsg",
    "sendto",
    "unlink",
    "unlinkat",
    "write",
    "writev",
)
"""The calls by which the tool makes something durable, excludes others, or talks to the destination."""

_CALL = re.compile(r"(?P<process>\d+) +(?P<name>\w+)\((?P<arguments>.*)")


@dataclass(frozen=True, slots=True)
class Weather:
    """How the destination behaves while a run is killed and resumed.

    Attributes:
        name: For reports.
        latency_s: How long answers take; longer than a tenth of a second keeps several batches in flight.
        script: The faults of the first requests, None for none.
        answers_lost: How many batches the script takes in without letting the answer through.
    """

    name: str
    latency_s: float
    script: tuple[str | None, ...] = ()
    answers_lost: int = 0


CALM: Final = Weather("calm", 0.25)
ROUGH: Final = Weather("rough", 0.15, (None, "500", "ack-lost", "400", None, "429"), answers_lost=1)
"""A retry, an answer that is lost, a batch that is halved, a pause: every state of a batch is passed."""


@dataclass(frozen=True, slots=True)
class Point:
    """A system call to be killed at.

    Attributes:
        call: Its name.
        nth: Which one of that name, from 1, counted from the start of the process in its first thread.
    """

    call: str
    nth: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a killed and resumed run came to.

    Attributes:
        hits: How many of the kills took place: a run may have made a call less than the one that was watched.
        in_flight: Events that were in flight or unconfirmed when the kills hit, by the ledger.
        duplicates: Events that reached the destination again.
        faults: Which promises were broken; none should be.
    """

    hits: int
    in_flight: int
    duplicates: int
    faults: tuple[str, ...]


class Bench:
    """A folder with an export, and the command that sends it.

    Args:
        folder: An empty folder; bytecode and all that the runs write goes there.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._export = folder / "export.csv"
        package = Path(inflection_cli.__file__).parent
        # A copy: a sweep takes minutes, and a package that is edited meanwhile would be several.
        shutil.copytree(
            package, folder / "package" / package.name, ignore=shutil.ignore_patterns("__pycache__")
        )
        lines = (
            f"Email Opened,user-{i},e{i % 3},c1,Spring “sale” no. {i},2024-03-01T09:{i % 60:02}:00.5Z"
            for i in range(ROWS)
        )
        header = "event,userId,email_id,campaign_id,email_subject,timestamp"
        self._export.write_text("\n".join((header, *lines, "")), encoding="utf-8")

    @cached_property
    def _environ(self) -> dict[str, str]:
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(self._folder),
            "PYTHONPATH": str(self._folder / "package"),
            "PYTHONPYCACHEPREFIX": str(self._folder / "bytecode"),
            "PYTHONHASHSEED": "0",
        }

    @cached_property
    def expected(self) -> tuple[reference.Expected, ...]:
        """What every row becomes, by the reference implementation."""
        rows = reference.read_csv(self._export.read_bytes())
        return tuple(reference.expect(rows, reference.Settings(version=inflection_cli.__version__)))

    def warm_up(self) -> None:
        """Compile everything once, so that later runs make the same calls as each other."""
        with serve(_settings(CALM)) as sink:
            assert self._run(sink, self._state("warm")).returncode == 0

    def points(self, weather: Weather) -> list[Point]:
        """Watch a run that nobody disturbs: its relevant calls from the lock on, in their order."""
        trace = self._folder / f"{weather.name}.trace"
        state = self._state(f"watched-{weather.name}")
        shutil.rmtree(state, ignore_errors=True)
        with serve(_settings(weather)) as sink:
            done = self._run(sink, state, _strace(f"trace={_optional(RELEVANT)}", output=trace))
        assert done.returncode == 0, done.stderr.decode()
        return list(_relevant(trace.read_text(errors="replace").splitlines(), str(state)))

    def killed_at(self, weather: Weather, point: Point, again: Point | None = None) -> Outcome:
        """Kill a run at a point, and its resumption at another where one is given; then resume for good."""
        return self.kill(weather, point, again).resumed(self._run)

    def kill(self, weather: Weather, point: Point, again: Point | None = None) -> "Killed":
        """Kill a run as `killed_at` does, and leave it to the caller to resume it for good."""
        name = f"{weather.name}-{point.call}-{point.nth}" + (f"-{again.call}-{again.nth}" if again else "")
        state = self._state(name)
        with ExitStack() as stack:
            sink = stack.enter_context(serve(_settings(weather)))
            case = _Case(self, sink, weather, state)
            for at in (point, *([again] if again else [])):
                inject = f"inject=?{at.call}:signal=SIGKILL:when={at.nth}"
                done = self._run(sink, state, _strace(f"trace=?{at.call}", inject))
                case.look(done)
            return Killed(name, state, sink, case, stack.pop_all())

    def here(self, sink: Sandbox, state: Path) -> subprocess.CompletedProcess[bytes]:
        """Run the command in this process: starting one costs several times what resuming does."""
        words = self._words(sink, state)
        done = Station(self._folder, sink, KEY).here(*words)
        return subprocess.CompletedProcess(words, done.code, done.out.encode(), done.err.encode())

    def _state(self, name: str) -> Path:
        return self._folder / "states" / name

    def _run(
        self, sink: Sandbox, state: Path, under: Sequence[str] = ()
    ) -> subprocess.CompletedProcess[bytes]:
        state.parent.mkdir(exist_ok=True)
        return subprocess.run(
            [*under, sys.executable, "-m", "inflection_cli", *self._words(sink, state)],
            cwd=self._folder,
            env=self._environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=_PATIENCE_S,
        )

    def _words(self, sink: Sandbox, state: Path) -> list[str]:
        words = ["backfill", str(self._export), "--endpoint", sink.url, "--write-key", KEY, "--yes", "--json"]
        words += ["--dedup-window", "20", "--state-dir", str(state)]
        return [*words, "--events-per-second", str(_EVENTS_PER_SECOND)]


@dataclass(frozen=True, slots=True)
class Killed:
    """A run that was killed, beside the destination that outlives it.

    Attributes:
        name: For reports.
        state: Its state directory.
        sink: Its destination.
        case: What was found after each kill.
        opened: Closes the destination.
    """

    name: str
    state: Path
    sink: Sandbox
    case: "_Case"
    opened: ExitStack

    def resumed(self, run: Callable[[Sandbox, Path], subprocess.CompletedProcess[bytes]]) -> Outcome:
        """Resume it for good, and judge all that it came to."""
        with self.opened:
            outcome = self.case.close(run(self.sink, self.state))
        if not outcome.faults:
            shutil.rmtree(self.state, ignore_errors=True)
        return replace(outcome, faults=tuple(f"{self.name}: {fault}" for fault in outcome.faults))


class _Case:
    """One killed run: what was found after each kill, and what is found at the end."""

    def __init__(self, bench: Bench, sink: Sandbox, weather: Weather, state: Path) -> None:
        self._sink = sink
        self._weather = weather
        self._state = state
        namespace = reference.default_namespace(sink.url, KEY)
        self._messages = {
            one.wire_id(namespace): {**one.message, "messageId": one.wire_id(namespace)}
            for one in bench.expected
        }
        self._wire_ids = {UUID(one.content_id).bytes: one.wire_id(namespace) for one in bench.expected}
        self._hits = 0
        self._in_flight = 0
        self._faults: list[str] = []

    def look(self, done: subprocess.CompletedProcess[bytes]) -> None:
        """Compare ledger and destination after a kill; a copy is read, since reading repairs."""
        self._hits += done.returncode == -signal.SIGKILL
        self._hold(done.returncode in {0, -signal.SIGKILL}, f"the run to be killed {_end_of(done)}")
        sent = {message["messageId"] for message in self._sink.messages()}
        copy = self._state.with_name(f"{self._state.name}.copy")
        if self._state.exists():
            shutil.copytree(self._state, copy)
        known = _known(copy)
        shutil.rmtree(copy, ignore_errors=True)
        accepted = {self._wire_ids[i] for i, state in known.items() if state is BatchState.ACCEPTED}
        intended = {self._wire_ids[i] for i in known}
        self._in_flight += sum(state in _OPEN for state in known.values())
        self._hold(accepted <= sent, "the ledger has accepted what the destination has not")
        self._hold(sent <= intended, "the destination has what the ledger never intended")

    def close(self, done: subprocess.CompletedProcess[bytes]) -> Outcome:
        """Judge the clean resumption."""
        duplicates = self._sink.stats()["duplicate"]
        bound = self._in_flight + self._weather.answers_lost * BATCH_EVENTS
        self._hold(duplicates <= bound, f"{duplicates} duplicates, {bound} could have been in flight")
        self._hold(done.returncode == 0, f"resuming {_end_of(done)}")
        if done.returncode == 0:
            self._judge_report(json.loads(done.stdout))
        arrived = {message["messageId"]: message for message in self._sink.messages()}
        self._hold(arrived.keys() == self._messages.keys(), _difference(self._messages, arrived))
        changed = [i for i in arrived.keys() & self._messages.keys() if arrived[i] != self._messages[i]]
        self._hold(not changed, f"content changed: {changed[:3]}")
        states = _known(self._state)
        settled = states.keys() == self._wire_ids.keys() and set(states.values()) == {BatchState.ACCEPTED}
        self._hold(settled, f"the ledger is left with {Counter(states.values())}")
        self._hold(_is_whole(self._state), "the ledger is not whole")
        return Outcome(self._hits, self._in_flight, duplicates, tuple(self._faults))

    def _judge_report(self, report: dict[str, Any]) -> None:
        events = report["events"]
        self._hold(report["complete"] is True, "the plan is not complete")
        self._hold(rows_balance(report), f"rows do not balance: {report['rows']}")
        self._hold(events_balance(report), f"events do not balance: {events}")
        self._hold(events["accepted"] + events["already_accepted"] == ROWS, f"not all are in: {events}")

    def _hold(self, promise: bool, otherwise: str) -> None:
        if not promise:
            self._faults.append(otherwise)


def why_not() -> str | None:
    """Say why no sweep can be made on this machine; None where it can."""
    if shutil.which("strace") is None:
        return "strace is not installed"
    if subprocess.run([*_strace("trace=none"), "true"], check=False, capture_output=True).returncode != 0:
        return "this machine does not let a process be traced"
    return None


def spread(points: Sequence[Point], count: int) -> list[Point]:
    """Take so many points, evenly spread over the run."""
    count = min(count, len(points))
    return [points[i * len(points) // count] for i in range(count)]


def _settings(weather: Weather) -> Settings:
    return Settings(keep_messages=True, latency_s=weather.latency_s, script=weather.script)


def _strace(*expressions: str, output: Path | None = None) -> list[str]:
    words = [word for expression in expressions for word in ("-e", expression)]
    # Without --seccomp-bpf: under it strace 6.1 counts to the k-th call, and the kill does not take place.
    return ["strace", "-f", "-qq", "-o", str(output or os.devnull), "-e", "signal=none", *words]


def _optional(names: Sequence[str]) -> str:
    """Name calls of which a machine may lack some."""
    return ",".join(f"?{name}" for name in names)


def _relevant(lines: Sequence[str], state: str) -> Iterator[Point]:
    """Pick the first thread's calls from the first on that concerns the state directory."""
    seen: Counter[str] = Counter()
    began = False
    calls = [call for line in lines if (call := _CALL.match(line))]
    for call in calls:
        if call["process"] != calls[0]["process"]:
            continue
        name, arguments = call["name"], call["arguments"]
        seen[name] += 1
        began = began or state in arguments
        if began and _is_relevant(name, arguments, state):
            yield Point(name, seen[name])


def _is_relevant(name: str, arguments: str, state: str) -> bool:
    """Leave out modules that are loaded late, and what is done to descriptors that are no locks."""
    if name == "openat":
        return state in arguments
    return name != "fcntl" or _SQLITE_LOCKS in arguments


def _known(state: Path) -> dict[bytes, BatchState]:
    """The best state of every event that the ledger knows; none where there is not a ledger yet."""
    found: dict[bytes, BatchState] = {}
    for path in ledger_files(state):
        with read_ledger(path) as ledger:
            best = best_states(known_events(ledger))
        found |= {content_id: event.state for content_id, event in best.items()}
    return found


def _is_whole(state: Path) -> bool:
    (path,) = ledger_files(state)
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as db:
        return db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def _end_of(done: subprocess.CompletedProcess[bytes]) -> str:
    return f"left with {done.returncode}: {done.stderr.decode(errors='replace')[-500:]}"


def _difference(expected: dict[str, Any], arrived: dict[str, Any]) -> str:
    missing, strange = expected.keys() - arrived.keys(), arrived.keys() - expected.keys()
    return f"{len(missing)} events missing, {len(strange)} that nobody expects"
