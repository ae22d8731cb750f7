"""Each command as a terminal of 60, 80, 100 and 140 columns shows it, kept as golden text.

After a change of words, look at what the commands show now and keep it: WRITE_CAPTURES=1 pytest -m '' FILE
"""

import io
import os
import re
import shlex
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Final

import pyte
import pytest
from command_support import KEY, SAMPLES, Desk
from option_support import commands
from rich.cells import cell_len

from inflection_cli.cli.app import run
from inflection_cli.sandbox import Settings, serve
from inflection_cli.sandbox.faults import parse_faults

GOLDEN: Final = Path(__file__).resolve().parents[1] / "data" / "captures"
WIDTHS: Final = (60, 80, 100, 140)

COMMANDS: Final = {
    "no-arguments": "",
    "help": "--help",
    "help-backfill": "backfill --help",
    "help-runs": "runs --help",
    "help-sandbox": "sandbox --help",
    "explain": "explain person-implausible",
    "unknown-option": "backfill spring-launch.csv --resume",
    "no-file": "validate nofile.csv",
    "validate": "validate broken.csv --limit 14",
    "validate-clean": "validate accounts.csv --as group --now --group-user import",
    "inspect": "inspect newsletter-export.csv",
    "inspect-clean": "inspect spring-launch.csv --limit 50",
    "dry-run": "backfill spring-launch.csv --dry-run",
    "over-budget": "backfill broken.csv --rehearse --yes --limit 15",
    "rehearse": "backfill spring-launch.csv --rehearse --events-per-second 0",
    "confirmation": "backfill own-ids.csv --no-event-id --endpoint {url} --write-key {key} --namespace two --no-input",
    "unconfirmed": "backfill own-ids.csv --no-event-id --endpoint {lossy} --write-key {key} --namespace one --yes",
    "replay": "replay broken-messages.ndjson --dry-run",
    "send-test": "send-test --rehearse",
    "init": "init newsletter-export.csv --no-input",
    "check-profile": "check-profile odd.toml",
    "doctor": "doctor",
    "diff": "diff monday.csv friday.csv --key person_id --segment Trial --dry-run",
    "diff-missing": "diff monday.csv friday.csv --key person_id",
    "sync": "sync friday.csv --key person_id --segment Trial --dry-run --initial send",
    "sync-list": "sync list",
    "sync-forget": "sync forget 'friday.csv by person_id' --no-input",
    "presets-list": "presets list",
    "presets-show": "presets show hubspot-email-events",
    "presets-save": "presets save hubspot-email-events",
    "presets-unknown": "presets show hubspot",
    "schema": "schema projects",
    "sandbox": "sandbox --port 0 --seed 1",
    "runs-list": "runs list",
    "runs-show": "runs show last",
    "runs-verify": "runs verify own-ids.csv",
    "runs-verify-details": "runs verify own-ids.csv --details",
    "runs-export": "runs export last --format sql --table prod.email_opened",
    "runs-settle": "runs settle last",
    "runs-clean": "runs clean",
    "runs-forget": "runs forget last --no-input",
}
MACHINE: Final = ("runs-export",)
"""Output for programs, of which a terminal cuts the lines."""
QUICK: Final = ("no-arguments", "validate", "inspect-clean")

MADE: Final = {
    "monday.csv": "person_id,plan\nu-1,free\nu-2,free\nu-3,team\n",
    "friday.csv": "person_id,plan\nu-2,team\nu-3,team\nu-4,free\n",
    "odd.toml": '[fields]\ntimestmap = "Occurred At"\nuserId = 5\n\n[time]\nzone = "Berlin"\n',
}
"""Small files that only these commands read."""

ENVIRONMENT: Final = (
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "HTTPS_PROXY",
    "https_proxy",
    "TMPDIR",
)
"""Variables of a machine that `doctor` shows."""

MASKS: Final = (
    (r"\d{8}-\d{6}-[0-9a-f]{4}", "20240401-120000-abcd"),
    (r"20(?:2[5-9]|[3-9]\d)-\d\d-\d\d(?=[ T])", "2024-04-01"),
    (r"(?<=2024-04-01)([ T])\d\d:\d\d", r"\g<1>12:00"),
    (r"(?<=2024-04-01[ T]12:00):\d\d", ":00"),
    (r"(?<=2024-04-01T12:00:00)\.\d{3}", ".000"),
    (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "00000000-0000-8000-8000-000000000000"),
    (r"127\.0\.0\.1:\d{5}", "127.0.0.1:12345"),
    (r"/[\w/]+/infl-seg-captures-\w{8}", "FOLDER-infl-seg-captures-xxxxxx"),
    (r"infl-seg \d+\.\d+\.\d+", "infl-seg 0.1.0"),
    (r"\d+(?:\.\d)? [GT]B are free", "10.0 GB are free"),
)
"""What differs from run to run, each replaced by as many characters."""
ADDRESS: Final = re.compile(r'[\w =]*"?https://\S+')
"""A line that ends in an address."""
VOLATILE: Final = re.compile(r"^  (?:delivery|ended)\b.*(?:\n {12}\S.*)*", re.MULTILINE)
"""Lines with sizes and durations, and their further rows."""


class Terminal(io.StringIO):
    """A stream that a command takes for a terminal."""

    def isatty(self) -> bool:
        return True


class Impatient(Terminal):
    """One whose user presses Ctrl-C as soon as a command says that this ends it."""

    def write(self, text: str) -> int:
        written = super().write(text)
        if "Ctrl-C" in text:
            signal.raise_signal(signal.SIGINT)
        return written


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """Give a folder whose path has the same length everywhere."""
    folder = Path(tempfile.mkdtemp(prefix="infl-seg-captures-", dir="/tmp"))
    for name in ("CI", "COLORTERM", "LINES", *ENVIRONMENT):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setattr("inflection_cli.reporting.progress_line.EVERY_S", 3_600.0)
    for sample in SAMPLES.iterdir():
        shutil.copy(sample, folder)
    for name, text in MADE.items():
        (folder / name).write_text(text, encoding="utf-8")
    try:
        yield Desk.at(folder, monkeypatch)
    finally:
        monkeypatch.undo()
        shutil.rmtree(folder)


def shown(words: list[str], width: int, *, is_machine: bool = False) -> str:
    """Run a command on a terminal of some width; return what stands on its screen, masked."""
    terminal, stdin = (Impatient() if words[:1] == ["sandbox"] else Terminal()), Terminal()
    before = sys.argv, sys.stdin
    sys.argv, sys.stdin = ["infl-seg", *words], stdin
    try:
        with redirect_stdout(terminal), redirect_stderr(terminal):
            code = run(words)
    finally:
        sys.argv, sys.stdin = before
    written = terminal.getvalue().replace("\n", "\r\n")
    for pattern, mask in MASKS:
        written = re.sub(pattern, mask, written)
    assert is_machine or [*cut_lines(written, width)] == []
    screen = pyte.Screen(width, 600)
    pyte.Stream(screen).feed(written)
    text = "\n".join(row.rstrip() for row in screen.display).rstrip()
    text = VOLATILE.sub(lambda row: f"  {row[0].split()[0]:<9} …", text)
    return f"{text}\n[exit {code}]\n"


def cut_lines(written: str, width: int) -> Iterator[str]:
    """Yield the lines that the edge of the terminal would cut.

    A command is never broken, to be copied whole, and neither is an address.
    """
    for line in re.split(r"[\r\n]+", re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", written)):
        if cell_len(line) > width and "infl-seg" not in line and not ADDRESS.fullmatch(line):
            yield line


def captured(name: str, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return what a command shows at each width, one below the other."""
    with serve(Settings()) as taking, serve(Settings(faults=parse_faults("ack-503=1"))) as lossy:
        places = {"url": taking.url, "lossy": lossy.url, "key": KEY}
        if name.startswith("runs-"):
            send(desk, taking.url)
        if name.startswith("sync-"):
            remember(desk, taking.url)
        parts = []
        for width in WIDTHS:
            monkeypatch.setenv("COLUMNS", str(width))
            words = [word.format(**places) for word in shlex.split(COMMANDS[name])]
            parts.append(
                f"{'=' * width}\n$ infl-seg {COMMANDS[name]}\n{shown(words, width, is_machine=name in MACHINE)}"
            )
            shutil.rmtree(desk.folder / "state" / "one", ignore_errors=True)
            for draft in desk.folder.glob("*.profile.toml"):
                draft.unlink()
        return "\n".join(parts)


def send(desk: Desk, url: str) -> None:
    """Send a small file, so that there is a run to look at."""
    to = ("--endpoint", url, "--write-key", KEY, "--namespace", "captures", "--yes")
    assert desk.run("backfill", "own-ids.csv", "--no-event-id", *to).code == 0


def remember(desk: Desk, url: str) -> None:
    """Send a small list, so that there is one that is remembered."""
    to = ("--endpoint", url, "--write-key", KEY, "--namespace", "captures", "--yes")
    assert desk.run("sync", "friday.csv", "--key", "person_id", "--segment", "Trial", *to).code == 0


def check(name: str, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    path = GOLDEN / f"{name}.txt"
    found = captured(name, desk, monkeypatch)
    if os.environ.get("WRITE_CAPTURES"):
        path.write_text(found, encoding="utf-8")
    assert found == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", QUICK)
def test_what_a_common_command_shows_is_as_kept(
    name: str, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    check(name, desk, monkeypatch)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in COMMANDS if name not in QUICK])
def test_what_a_command_shows_is_as_kept(name: str, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    check(name, desk, monkeypatch)


def test_every_capture_is_of_a_command() -> None:
    assert sorted(path.stem for path in GOLDEN.glob("*.txt")) == sorted(COMMANDS)


def test_every_command_has_a_capture_of_its_own() -> None:
    shown_ones = [line for line in COMMANDS.values() if "--help" not in line]
    for path, _ in commands():
        words = " ".join(path)
        assert any(line == words or line.startswith(f"{words} ") for line in shown_ones), words
