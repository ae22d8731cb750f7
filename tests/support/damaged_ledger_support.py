"""A ledger of 50 small batches, harmed at will, and every command that reads it: right, or exit 6 in its words."""

import json
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from command_support import FAST, KEY, Desk, Result

from inflection_cli.backfilling.ledger_lookup import held_ledger
from inflection_cli.ledger.ledger_file import Ledger, ledger_files
from inflection_cli.ledger.ledger_records import HASH_BYTES, ID_BYTES, Run, RunStart
from inflection_cli.model import Batch, BatchState
from inflection_cli.sandbox import serve

SEED = 9
NAMESPACE = "flips"
BATCHES, EVENTS = 50, 1
IN_DOUBT = 2
NOW = 1_709_285_400.0  # 2024-03-01 09:30:00 UTC

STATE = ("--state-dir", "state")

Expected = tuple[int, str]


@dataclass(frozen=True)
class Harmed:
    """A ledger that is harmed, and what each command says while it is whole.

    Attributes:
        desk: Where the commands run.
        path: The ledger.
        whole: Its bytes.
        commands: The words of each command by its name.
        expected: What each says of the whole ledger, by its name and words.
        tally: How often each command was right, and how often it ended with 6.
    """

    desk: Desk
    path: Path
    whole: bytes
    commands: dict[str, tuple[str, ...]]
    expected: dict[tuple[str, ...], Expected] = field(default_factory=dict)
    tally: Counter[str] = field(default_factory=Counter)

    def put(self, content: bytes) -> None:
        """Write the ledger anew, without a journal beside it."""
        for leftover in self.path.parent.glob(f"{self.path.name}-*"):
            leftover.unlink()
        self.path.write_bytes(content)

    def look(
        self, words: tuple[str, ...], run: Callable[..., Result] | None = None
    ) -> tuple[Result, Expected]:
        """Run a command; what it says is compared without what differs from run to run."""
        done = (run or self.desk.run)(*words)
        said = done.out
        if words[1] in {"settle", "forget"} and done.code == 0:
            said += self.desk.run("runs", "list", *STATE, "--json").out
        return done, (done.code, _without_what_differs(said))

    def judge(
        self, name: str, words: tuple[str, ...], what: str, run: Callable[..., Result] | None = None
    ) -> None:
        """Run a command on the ledger as it is: right, or exit 6 as damaged."""
        done, found = self.look(words, run)
        if found == self.expected[words]:
            self.tally[f"{name}: right"] += 1
            return
        assert done.code == 6, f"{what}, {' '.join(words)}: exit {done.code}\n{done.out}\n{done.err}"
        if "--json" in words:
            assert done.json["error"]["code"] == "ledger-damaged", f"{what}: {done.out}"
        assert re.search(r"is damaged: |is damaged \(|is not a ledger", done.err), f"{what}: {done.err}"
        self.tally[f"{name}: exit 6"] += 1

    def flip(self, name: str, times: int, seed: int = SEED) -> None:
        """Flip one bit at a time, so many times, under one command; every other time it speaks JSON."""
        dice = random.Random(f"{seed} {name}")
        writes = name in WRITERS
        self.put(self.whole)
        for number in range(times):
            bit = dice.randrange(8 * len(self.whole))
            words = self.commands[name] + (("--json",) if number % 2 else ())
            _flip(self.path, bit)
            self.judge(name, words, f"bit {bit % 8} of byte {bit // 8}")
            if writes:
                self.put(self.whole)
            else:
                _flip(self.path, bit)


WRITERS = frozenset({"backfill", "replay", "settle", "forget"})


@contextmanager
def harmed(desk: Desk) -> Iterator[Harmed]:
    """Make the ledger, and what every command says of it; nothing harmed may send, so its sandbox is watched."""
    with serve() as sandbox:
        ledger = _made(desk, sandbox.url)
        before = sandbox.stats()["requests"]
        yield ledger
        assert sandbox.stats()["requests"] == before


def _made(desk: Desk, url: str) -> Harmed:
    rows = [
        f"Email Opened,u{n},,e1,c1,2024-03-01T{n // 60:02}:{n % 60:02}:00Z" for n in range(BATCHES * EVENTS)
    ]
    in_doubt = IN_DOUBT * EVENTS
    sent, doubted = desk.file("a.csv", *rows[in_doubt:]), desk.file("b.csv", *rows[:in_doubt])
    to = (*STATE, "--namespace", NAMESPACE, "--endpoint", url, "--write-key", KEY)
    for file in (sent, doubted):
        done = desk.run("backfill", file, *to, "--yes", *FAST)
        assert done.code == 0, done.err
    assert desk.run("backfill", sent, "--dry-run", "--out", "m.ndjson", "--no-project").code == 0
    run = _in_small_batches(desk.folder / "state")
    (path,) = ledger_files(desk.folder / "state")
    made = Harmed(
        desk,
        path,
        path.read_bytes(),
        {
            "verify": ("runs", "verify", sent, *STATE, "--run", run),
            "list": ("runs", "list", *STATE),
            "show": ("runs", "show", "last", *STATE),
            "settle": ("runs", "settle", "last", *STATE, "--accepted", "--yes"),
            "forget": ("runs", "forget", run, *STATE, "--yes"),
            "backfill": ("backfill", sent, *to, "--yes"),
            "dry run": ("backfill", sent, *to, "--dry-run"),
            "replay": ("replay", "m.ndjson", *to, "--yes"),
        },
    )
    for words in made.commands.values():
        for more in ((), ("--json",)):
            made.put(made.whole)
            made.expected[*words, *more] = made.look((*words, *more))[1]
            assert made.expected[*words, *more][0] in {0, 1}
    assert made.expected[*made.commands["verify"], "--json"][0] == 0
    return made


def _in_small_batches(state: Path) -> str:
    """Record the two runs anew, with their events in many small batches, the last few unconfirmed."""
    with held_ledger(state, NAMESPACE, "test") as ledger:
        held = []
        for run in ledger.runs():
            (batch,) = ledger.known_batches(run_id=run.run_id)
            held.append((run, batch.ids, batch.hashes))
        ledger.forget_all()
        names = []
        for run, ids, hashes in held:
            doubted = len(ids) == IN_DOUBT * EVENTS * ID_BYTES
            names.append(_recorded(ledger, run, ids, hashes, doubted=doubted))
        return names[0]


def _recorded(ledger: Ledger, run: Run, ids: bytes, hashes: bytes, *, doubted: bool) -> str:
    start = RunStart(
        command=run.command,
        arguments=run.arguments,
        shaping=run.shaping,
        inputs=run.inputs,
        endpoint=run.endpoint,
        version=run.version,
    )
    began = NOW + 60 * doubted
    name = ledger.start_run(start, now=began)
    ledger.record_people(name, [bytes(range(n, n + 16)) for n in range(1, 200)])
    journal = ledger.journal(name)
    every = range(len(ids) // ID_BYTES)
    for first in every[::EVENTS]:
        numbers = every[first : first + EVENTS]
        batch = Batch(
            tuple(numbers),
            [ids[n * ID_BYTES : (n + 1) * ID_BYTES] for n in numbers],
            [int.from_bytes(hashes[n * HASH_BYTES : (n + 1) * HASH_BYTES]) for n in numbers],
            [b"{}"] * len(numbers),
        )
        key = journal.intend(batch, now=began + first)
        outcome = (BatchState.IN_DOUBT, None) if doubted else (BatchState.ACCEPTED, 200)
        journal.settle(key, outcome[0], status=outcome[1], now=began + first + 1)
    code = 3 if doubted else 0
    ledger.finish_run(name, summary=run.summary or {}, exit_code=code, now=began + 300)
    return name


def _flip(path: Path, bit: int) -> None:
    with path.open("r+b") as file:
        file.seek(bit // 8)
        (byte,) = file.read(1)
        file.seek(bit // 8)
        file.write(bytes([byte ^ (1 << bit % 8)]))


_DIFFERS = re.compile(r'20(?:[3-9]\d|2[5-9])\d{4}-\d{6}-[0-9a-f]{4}|"(?:started|ended|seconds)": ?[^,}\]]*')


def _without_what_differs(said: str) -> str:
    """Take out the names and times of runs that began just now; those of the ledger are of 2024."""
    if said.startswith("{") and said.count("\n") == 1:
        report = json.loads(said)
        if report.get("command") in {"backfill", "replay"}:
            report.pop("delivery", None)
            said = json.dumps(report)
            return _DIFFERS.sub("…", said)
    return re.sub(r"20(?:[3-9]\d|2[5-9])\d{4}-\d{6}-[0-9a-f]{4}", "…", said)
