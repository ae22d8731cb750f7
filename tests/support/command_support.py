"""The command line in tests: in this process where that does, as a real process where it must be one."""

import contextlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from inflection_cli.cli.app import run

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
CAMPAIGN = str(SAMPLES / "spring-launch.csv")
BROKEN = str(SAMPLES / "broken.csv")
KEY = "test-write-key-0123456789abcdefg"
PATIENCE_S = 240.0  # only guards against hanging
FAST = ("--events-per-second", "0", "--requests-per-second", "0")
OURS = ("SEGMENT_", "INFL_SEG_", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_COLOR", "FORCE_COLOR")

HEADER = "event,userId,personId,email_id,campaign_id,timestamp"


@dataclass(frozen=True)
class Result:
    """What a command came to."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The one object on stdout; anything else beside it fails."""
        found = json.loads(self.out)
        assert isinstance(found, dict)
        return found


@dataclass(frozen=True)
class Desk:
    """A folder to work in, with a state directory of its own and an environment without keys."""

    folder: Path

    @classmethod
    def at(cls, folder: Path, monkeypatch: pytest.MonkeyPatch) -> "Desk":
        """Sit down in a folder: it becomes the current one."""
        for name in [name for name in os.environ if name.upper().startswith(OURS)]:
            monkeypatch.delenv(name)
        monkeypatch.setenv("INFL_SEG_STATE_DIR", str(folder / "state"))
        monkeypatch.chdir(folder)
        return cls(folder)

    def run(self, *words: str, stdin: bytes = b"") -> Result:
        """Run a command in this process, without a terminal."""
        out, err = io.StringIO(), io.StringIO()
        before = sys.argv, sys.stdin
        sys.argv, sys.stdin = ["infl-seg", *words], io.TextIOWrapper(io.BytesIO(stdin))
        try:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                code = run(words)
        finally:
            sys.argv, sys.stdin = before
        return Result(code, out.getvalue(), err.getvalue())

    def spawn(self, *words: str, stdin: bytes | None = None, **environ: str) -> Result:
        """Run a command as a process of its own."""
        done = subprocess.run(
            command(*words),
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            check=False,
            timeout=PATIENCE_S,
            cwd=self.folder,
            env={**os.environ, **environ},
        )
        return Result(done.returncode, done.stdout.decode(), done.stderr.decode())

    def file(self, name: str, *lines: str, header: str = HEADER) -> str:
        """Write a CSV file of these lines under a header; give its name."""
        (self.folder / name).write_text("\n".join((header, *lines, "")), encoding="utf-8")
        return name

    def messages(self, name: str) -> list[dict[str, Any]]:
        """The messages of an NDJSON file."""
        return [json.loads(line) for line in (self.folder / name).read_bytes().splitlines()]


class Terminal(io.StringIO):
    """A stream in memory that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def on_terminal(*words: str) -> tuple[int, str]:
    """Run a command whose output is a terminal; return its exit code and all that it printed."""
    out, before = Terminal(), (sys.argv, sys.stdin)
    sys.argv, sys.stdin = ["infl-seg", *words], io.TextIOWrapper(io.BytesIO())
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
            code = run(words)
    finally:
        sys.argv, sys.stdin = before
    return code, out.getvalue()


def command(*words: str) -> list[str]:
    """The words that start the tool as a process."""
    return [sys.executable, "-m", "inflection_cli", *words]


def to(url: str, *words: str) -> Sequence[str]:
    """The words that send to a sandbox, as fast as it goes, unasked."""
    return ("--endpoint", url, "--write-key", KEY, "--yes", *FAST, *words)


def opened(user: str, minute: int = 0, campaign: str = "c1") -> str:
    """A row of `HEADER` that is in order."""
    return f"Email Opened,{user},,e1,{campaign},2024-03-01T{minute // 60:02}:{minute % 60:02}:00Z"


def rows_balance(report: dict[str, Any]) -> bool:
    """Whether the first equation holds in a report."""
    rows = report["rows"]
    return bool(rows["read"] == rows["mapped"] + rows["rejected"] + rows["filtered"])


def events_balance(report: dict[str, Any]) -> bool:
    """Whether the second equation holds in a report of `backfill`."""
    events = report["events"]
    ways = ("accepted", "already_accepted", "duplicate", "refused", "pending", "in_doubt")
    return bool(events["built"] == sum(events[way] or 0 for way in ways))
