"""Runs against a sandbox with a ledger of their own: campaigns whose wire ids are known from the outset."""

import contextlib
import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import reference

from inflection_cli.cli.app import run
from inflection_cli.sandbox import Sandbox, Settings, serve

KEY = "canary-Wk7Qz0123456789abcdefghij"
WAIT_S = 240.0  # only guards against hanging
HEADER = "event,userId,personId,email_id,campaign_id,timestamp"


@dataclass(frozen=True)
class Done:
    """What a command came to."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The one object on stdout."""
        found = json.loads(self.out)
        assert isinstance(found, dict)
        return found

    @property
    def events(self) -> dict[str, Any]:
        """The second equation's numbers."""
        found = self.json["events"]
        assert isinstance(found, dict)
        return found


@dataclass(frozen=True)
class Station:
    """A folder to work in, a state directory in it, and a sandbox that remembers messages.

    Attributes:
        folder: Where files and rejects are.
        sandbox: Where events go.
        key: The write key.
        extra: Words that every backfill has.
    """

    folder: Path
    sandbox: Sandbox
    key: str = KEY
    extra: tuple[str, ...] = (
        "--dedup-window",
        "20",
        "--requests-per-second",
        "0",
        "--events-per-second",
        "0",
    )

    @property
    def state(self) -> Path:
        """The state directory."""
        return self.folder / "state"

    @property
    def ledger(self) -> Path:
        """The one ledger."""
        (found,) = (self.state / "ledgers").glob("*.sqlite3")
        return found

    @property
    def namespace(self) -> str:
        """What ids are bound to unless a name is given."""
        return reference.default_namespace(self.sandbox.url, self.key)

    def words(self, *files: str, more: Iterable[str] = ()) -> list[str]:
        """The words of a backfill, with a report in JSON and without a question."""
        to = ["--endpoint", self.sandbox.url, "--write-key", self.key, "--state-dir", "state"]
        return ["backfill", *files, *to, *self.extra, "--yes", "--json", *more]

    def backfill(self, *files: str, more: Iterable[str] = ()) -> Done:
        """Run a backfill in this process."""
        return self.here(*self.words(*files, more=more))

    def runs(self, *words: str) -> Done:
        """Run a command about runs in this process, for JSON."""
        return self.here("runs", *words, "--state-dir", "state", "--json")

    def here(self, *words: str) -> Done:
        """Run a command in this process, without a terminal."""
        out, err = io.StringIO(), io.StringIO()
        argv, folder = sys.argv, Path.cwd()
        sys.argv = ["infl-seg", *words]
        os.chdir(self.folder)
        try:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                code = run(words)
        finally:
            sys.argv = argv
            os.chdir(folder)
        return Done(code, out.getvalue(), err.getvalue())

    def start(self, *words: str, before: tuple[str, ...] = (), **environ: str) -> "subprocess.Popen[str]":
        """Start a command as a process of its own."""
        return subprocess.Popen(
            [*before, sys.executable, "-m", "inflection_cli", *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.folder,
            env={**os.environ, **environ},
        )

    def send(self, *files: str, more: Iterable[str] = ()) -> Done:
        """Run a backfill as a process of its own."""
        return ended(self.start(*self.words(*files, more=more)))

    def ids(self) -> set[str]:
        """The messageIds that arrived."""
        return {message["messageId"] for message in self.sandbox.messages()}

    def wait_for(self, condition: Callable[["Station"], bool]) -> None:
        """Wait until something is seen at the sandbox."""
        deadline = time.monotonic() + WAIT_S
        while not condition(self):
            assert time.monotonic() < deadline, self.sandbox.stats()
            time.sleep(0.005)

    def wait_for_requests(self, least: int) -> None:
        """Wait until so many requests have come."""
        self.wait_for(lambda station: station.sandbox.stats()["requests"] >= least)

    def wire_ids(
        self, numbers: Iterable[int], *, namespace: str | None = None, label: str | None = None
    ) -> set[str]:
        """The messageIds that rows of `campaign` must have."""
        name = namespace or self.namespace
        prefix = b"infl-seg/1 wire\n" + reference.netstring(name) + reference.netstring(label)
        return {reference.uuid8(prefix + bytes.fromhex(content_id(n).replace("-", ""))) for n in numbers}


@contextmanager
def station(folder: Path, *, key: str = KEY, **settings: Any) -> Iterator[Station]:
    """Set up a station; `settings` are the sandbox's."""
    with serve(Settings(keep_messages=True, **settings)) as sandbox:
        yield Station(folder, sandbox, key)


def ended(process: "subprocess.Popen[str]") -> Done:
    """Wait for a process to end."""
    with process:
        out, err = process.communicate(timeout=WAIT_S)
    return Done(process.returncode, out, err)


def fields(number: int) -> dict[str, str]:
    """One event, as different from any other as its number."""
    seconds = number % 86_400
    return {
        "event": "Email Opened",
        "userId": f"user-{number % 97}",
        "personId": f"person-{number}",
        "email_id": "e1",
        "campaign_id": "c1",
        "timestamp": f"2024-03-01T{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}Z",
    }


def content_id(number: int) -> str:
    """The content id of an event, by the reference."""
    row = fields(number)
    return reference.content(row["event"], row, reference.instant(row["timestamp"]))


def campaign(path: Path, numbers: Iterable[int]) -> str:
    """Write events as CSV; give the file's name."""
    lines = [",".join(fields(number).values()) for number in numbers]
    path.write_text("\n".join((HEADER, *lines, "")), encoding="utf-8")
    return path.name
