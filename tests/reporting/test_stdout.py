"""stdout as people have it: any encoding, closed, full, or left by its reader; one table for all commands.

What a cell of the table expects:

    stdout            any command but a delivery              a delivery that was carried out
    any encoding      its own code; words degrade, what programs read is UTF-8
    closed            its own code, as with /dev/null
    full              4, with words on stderr                 its own code, with a line on stderr
    left by reader    141, without a word                     its own code, with a line on stderr
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

import pytest
from command_support import FAST, KEY, PATIENCE_S, Desk, Result, command, opened

from inflection_cli.sandbox import Sandbox, serve

ENCODINGS = {
    "latin-1": {"PYTHONIOENCODING": "latin-1"},
    "cp1252": {"PYTHONIOENCODING": "cp1252"},
    "gbk": {"PYTHONIOENCODING": "gbk"},
    "cp437": {"PYTHONIOENCODING": "cp437"},
    "euc-jp": {"PYTHONIOENCODING": "euc-jp"},
    "ascii": {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
}
TULIP = "\N{TULIP}"
TAG = "\U000e0069"


@dataclass(frozen=True)
class Case:
    """A command of the table.

    Attributes:
        words: What is typed; {url} is a destination's address.
        code: Its exit code where nothing is wrong with stdout.
        delivers: Whether it sends.
        machine: Whether what it prints is for programs.
        is_json: Whether that is JSON.
    """

    words: str
    code: int = 0
    delivers: bool = False
    machine: bool = False
    is_json: bool = True


SEND = f"--endpoint {{url}} --write-key {KEY} --yes {' '.join(FAST)} --new-destination"
HELPS = {
    "help": Case("--help"),
    "help of a command": Case("backfill --help"),
    "version": Case("--version"),
    "schema": Case("schema", machine=True),
    "explain all": Case("explain"),
    "report text": Case("validate bad.csv --report text", 1, machine=True, is_json=False),
    "report github": Case("validate bad.csv --report github", 1, machine=True, is_json=False),
    "report junit": Case("validate bad.csv --report junit", 1, machine=True, is_json=False),
    "report sarif": Case("validate bad.csv --report sarif", 1, machine=True),
    "report json": Case("validate bad.csv --report json", 1, machine=True),
    "dry run to stdout": Case("backfill good.csv --dry-run --out /dev/stdout", machine=True, is_json=False),
}
BOTH = {
    "validate": Case("validate bad.csv --show-values", 1),
    "inspect": Case("inspect bad.csv --show-values"),
    "explain": Case("explain timestamp-unreadable"),
    "dry run": Case("backfill bad.csv --dry-run --max-errors 100% --rejects kept", 1),
    "backfill": Case(f"backfill good.csv {SEND}", delivers=True),
    "backfill with rejects": Case(f"backfill bad.csv {SEND} --max-errors 9 --rejects kept", 1, delivers=True),
    "replay": Case(f"replay messages.ndjson {SEND}", delivers=True),
    "nothing to send": Case(f"backfill sent.csv {SEND} --state-dir sent", delivers=True),
    "send-test": Case(f"send-test --endpoint {{url}} --write-key {KEY}", delivers=True),
    "rehearsal": Case("backfill good.csv --rehearse", delivers=True),
    "runs list": Case("runs list --state-dir sent"),
    "runs show": Case("runs show last --state-dir sent"),
    "runs verify": Case("runs verify sent.csv --state-dir sent"),
    "runs settle": Case("runs settle last --accepted --yes --state-dir sent"),
    "runs forget": Case("runs forget last --yes --state-dir sent"),
}
TABLE = (
    HELPS
    | BOTH
    | {
        f"{name} --json": Case(f"{case.words} --json", case.code, case.delivers, machine=True)
        for name, case in BOTH.items()
    }
)
FOR_PEOPLE = [name for name, case in TABLE.items() if not case.machine]
QUICK = {"validate --json", "backfill --json"}


def rows(names: set[str] | None = None) -> list["pytest.ParameterSet"]:
    """The table, all but a part of it only in the long suite."""
    quick = QUICK if names is None else names
    return [
        pytest.param(case, id=name, marks=() if name in quick else pytest.mark.slow)
        for name, case in TABLE.items()
    ]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with serve() as running:
        yield running


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory, sandbox: Sandbox) -> Path:
    """The folder that each test gets a copy of."""
    with pytest.MonkeyPatch.context() as patch:
        return made(Desk.at(tmp_path_factory.mktemp("prepared"), patch), sandbox)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, prepared: Path) -> Desk:
    shutil.copytree(prepared, tmp_path, dirs_exist_ok=True)
    return Desk.at(tmp_path, monkeypatch)


def made(desk: Desk, sandbox: Sandbox) -> Path:
    desk.file("good.csv", opened(f"ü{TULIP}"))
    desk.file("bad.csv", opened("u1", campaign=f"ü{TULIP}"), f"Email Opened,u2,,e1,c1,b{TULIP}d“ü”")
    desk.file("sent.csv", opened("u3", campaign=f"{TULIP}"))
    desk.run("backfill", "good.csv", "--dry-run", "--out", "messages.ndjson")
    to = ("--endpoint", sandbox.url, "--write-key", KEY, "--yes", *FAST)
    assert desk.run("backfill", "sent.csv", *to, "--state-dir", "sent").code == 0
    return desk.folder


def in_turn(*ways: str, names: Sequence[str] = tuple(TABLE)) -> list["pytest.ParameterSet"]:
    """Rows of the table with one way each: one place handles the way for all, so no row needs every way."""
    return [
        pytest.param(TABLE[name], way, id=f"{name}-{way}")
        for name, way in zip(names, cycle(ways), strict=False)
    ]


def run(case: Case, sandbox: Sandbox, redirect: str = "", **environ: str) -> tuple[int, bytes, str]:
    """Run a case as a process of its own, under a shell's redirections."""
    words = command(*case.words.format(url=sandbox.url).split())
    done = subprocess.run(
        ["/bin/sh", "-c", f'exec "$@" {redirect}', "sh", *words],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=PATIENCE_S,
        env={**os.environ, **environ},
    )
    said = done.stderr.decode("utf-8", "replace")
    assert "Traceback" not in said, said
    assert "Exception ignored" not in said, said
    assert "internal error" not in said, said
    return done.returncode, done.stdout, said


def degraded(case: Case, out: bytes, encoding: str) -> None:
    """See that programs got UTF-8, and people text of the encoding, with our own signs as their like in ASCII."""
    if case.machine:
        objects(case, out)
    else:
        said = out.decode(encoding)
        assert said
        if encoding in {"ascii", "latin-1"}:
            assert not re.search(r"\\u20|\\u2192", said)


def objects(case: Case, out: bytes) -> None:
    """See that what programs read is UTF-8, and JSON where it should be."""
    text = out.decode("utf-8")
    if case.is_json:
        json.loads(text)
    if "report text" in case.words or "report github" in case.words:
        assert "“timestamp”" in text


@pytest.mark.usefixtures("desk")
@pytest.mark.parametrize("case", rows({"validate", "report github"}))
def test_in_ascii_words_degrade_and_programs_get_utf8(case: Case, sandbox: Sandbox) -> None:
    code, out, _ = run(case, sandbox, **ENCODINGS["ascii"])
    assert code == case.code
    degraded(case, out, "ascii")


@pytest.mark.slow
@pytest.mark.usefixtures("desk")
@pytest.mark.parametrize(
    ("case", "encoding"),
    # One writer spells the text of all commands: each is met by one code page, and each page by several commands.
    # What programs read is UTF-8 whatever the encoding, as every row shows in ASCII.
    [
        *in_turn("latin-1", "cp1252", "gbk", "cp437", "euc-jp", names=FOR_PEOPLE),
        *in_turn("latin-1", "gbk", "cp1252", names=("backfill --json", "report text", "report github")),
    ],
)
def test_no_code_page_ends_a_command(case: Case, encoding: str, sandbox: Sandbox) -> None:
    code, out, _ = run(case, sandbox, **ENCODINGS[encoding])
    assert code == case.code
    degraded(case, out, encoding)


@pytest.mark.slow
@pytest.mark.usefixtures("desk")
def test_what_people_read_is_spelled_in_ascii_where_the_encoding_lacks_it(sandbox: Sandbox) -> None:
    _, out, _ = run(TABLE["validate"], sandbox, **ENCODINGS["ascii"])
    assert b'"b\\U0001f337d"\\xfc""' in out
    assert b"-> fix the cell" in out


@pytest.mark.slow
@pytest.mark.usefixtures("desk")
@pytest.mark.parametrize(("case", "closed"), in_turn(">&-", ">&- 2>&- <&-"))
def test_a_stdout_that_was_closed_at_the_start_is_as_the_null_device(
    case: Case, closed: str, sandbox: Sandbox
) -> None:
    code, out, _ = run(case, sandbox, closed)
    assert (code, out) == (case.code, b"")


@pytest.mark.slow
@pytest.mark.usefixtures("desk")
@pytest.mark.parametrize(("case", "redirect"), in_turn("2>/dev/full", "2>&-"))
def test_a_stderr_that_takes_nothing_changes_no_exit_code(
    case: Case, redirect: str, sandbox: Sandbox
) -> None:
    code, out, _ = run(case, sandbox, redirect)
    assert code == case.code
    assert out


@pytest.mark.usefixtures("desk")
@pytest.mark.parametrize("case", rows())
def test_a_full_device_is_told_in_words_and_a_delivery_keeps_its_code(case: Case, sandbox: Sandbox) -> None:
    code, _, said = run(case, sandbox, "> /dev/full")
    assert "No space left on device" in said
    if case.delivers:
        assert code == case.code
        assert "warning: stdout cannot be written to: No space left on device; what was done stands" in said
    else:
        assert code == 4
        assert "→" in said


@pytest.mark.usefixtures("desk")
@pytest.mark.parametrize("case", rows())
def test_a_reader_who_left_is_141_in_every_form_but_for_a_delivery(case: Case, sandbox: Sandbox) -> None:
    read, written = os.pipe()
    os.close(read)
    with os.fdopen(written, "wb") as pipe:
        words = command(*case.words.format(url=sandbox.url).split())
        done = subprocess.run(
            words,
            stdin=subprocess.DEVNULL,
            stdout=pipe,
            stderr=subprocess.PIPE,
            check=False,
            timeout=PATIENCE_S,
        )
    said = done.stderr.decode()
    assert done.returncode == (case.code if case.delivers else 141), said
    assert "Traceback" not in said
    assert ("the reader of stdout has ended; what was done stands" in said) is case.delivers
    if not case.delivers and "--out" not in case.words:
        assert "has ended" not in said


@pytest.mark.slow
def test_what_the_ledger_says_of_a_delivery_is_what_its_exit_code_says(desk: Desk, sandbox: Sandbox) -> None:
    code, _, said = run(TABLE["backfill with rejects"], sandbox, "> /dev/full")
    told = re.search(r"infl-seg runs show (\S+) tells it again", said)
    assert told is not None
    run_there = desk.run("runs", "show", told[1], "--json").json["run"]
    assert (run_there["exit_code"], run_there["events"]["accepted"], code) == (1, 1, 1)


@pytest.mark.slow
def test_an_error_keeps_its_code_whoever_reads_it(desk: Desk) -> None:
    for redirect in ("> /dev/full", ">&-"):
        words = ["/bin/sh", "-c", f'exec "$@" {redirect}', "sh", *command("validate", "none.csv", "--json")]
        done = subprocess.run(words, capture_output=True, check=False, timeout=PATIENCE_S, cwd=desk.folder)
        assert done.returncode == 4
        assert "none.csv: no such file" in done.stderr.decode()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("redirect", "code"), [("> /dev/full", 4), ("| true; echo ${PIPESTATUS[0]} >&2", 141)]
)
def test_a_sandbox_that_cannot_tell_its_address_ends(redirect: str, code: int) -> None:
    words = ["/bin/bash", "-c", f'"$@" {redirect}', "sh", *command("sandbox", "--port", "0")]
    if code == 4:
        done = subprocess.run(words, capture_output=True, check=False, timeout=PATIENCE_S)
        assert done.returncode == 4
        return
    read, written = os.pipe()
    os.close(read)
    with os.fdopen(written, "wb") as pipe:
        ended = subprocess.run(
            command("sandbox", "--port", "0"), stdout=pipe, check=False, timeout=PATIENCE_S
        )
    assert ended.returncode == 141


def test_a_pipe_that_somebody_made_non_blocking_gets_all_of_it() -> None:
    read, written = os.pipe()
    os.set_blocking(written, False)
    process = subprocess.Popen(command("schema"), stdout=written, stderr=subprocess.PIPE)
    os.close(written)
    with os.fdopen(read, "rb") as pipe:
        out = pipe.read()
    assert process.wait(PATIENCE_S) == 0
    assert process.stderr is not None
    process.stderr.close()
    assert json.loads(out)


@pytest.mark.slow
def test_with_stdout_closed_no_file_of_ours_takes_its_place(desk: Desk) -> None:
    """`/dev/stdout` is whatever has the number 1: it must not come to be the input or the ledger."""
    before = (desk.folder / "good.csv").read_bytes()
    words = command("backfill", "good.csv", "--dry-run", "--out", "/dev/stdout")
    shell = ["/bin/sh", "-c", 'exec "$@" >&- <&-', "sh", *words]
    done = subprocess.run(shell, stderr=subprocess.PIPE, check=False, timeout=PATIENCE_S)
    assert done.returncode == 0, done.stderr
    assert (desk.folder / "good.csv").read_bytes() == before


def test_standard_input_that_was_closed_is_empty(desk: Desk) -> None:
    words = ["/bin/sh", "-c", 'exec "$@" <&-', "sh", *command("validate", "-")]
    done = subprocess.run(words, capture_output=True, check=False, timeout=PATIENCE_S, cwd=desk.folder)
    assert (done.returncode, b"Traceback" in done.stderr, b"defect" in done.stderr) == (4, False, False)


IN_AN_IMPORT = """
import os, signal, sys
class AtTheDoor:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, AtTheDoor())
sys.argv = ["infl-seg", *{words!r}]
from inflection_cli.__main__ import main
main()
"""


@pytest.mark.parametrize(
    "module",
    [
        "inflection_cli.cli.app",
        *(pytest.param(name, marks=pytest.mark.slow) for name in ("typer", "rich.console")),
    ],
)
@pytest.mark.parametrize("words", [["validate", "good.csv", "--json"]])
def test_a_ctrl_c_while_python_imports_ends_with_words(desk: Desk, module: str, words: list[str]) -> None:
    program = IN_AN_IMPORT.format(module=module, words=words)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=False, timeout=PATIENCE_S, cwd=desk.folder
    )
    result = Result(done.returncode, done.stdout.decode(), done.stderr.decode())
    assert (result.code, "Traceback" in result.err) == (130, False), result.err
    assert "interrupted" in result.err
    assert result.err.startswith("error: ")
    assert (result.json["exit_code"], result.json["error"]["code"]) == (130, "interrupted")


def test_tag_characters_are_spelled_out_wherever_cells_and_names_are_shown(desk: Desk) -> None:
    name = desk.file(
        "tag.csv", f"Odd{TAG},u1,,e1,c{TAG},2024-03-01T00:00:00Z", f"Email Opened,u1,,e1,c1,bad{TAG}"
    )
    for words in (
        ("validate", name, "--show-values", "--unknown-events", "send"),
        ("validate", name, "--show-values", "--json"),
        ("validate", name, "--show-values", "--report", "sarif"),
        ("validate", name, "--show-values", "--report", "junit"),
        ("validate", name, "--show-values", "--report", "github"),
        ("inspect", name, "--show-values"),
        ("inspect", name, "--show-values", "--json"),
        (
            "backfill",
            name,
            "--rehearse",
            "--unknown-events",
            "send",
            "--max-errors",
            "9",
            "--rejects",
            "kept",
        ),
    ):
        done = desk.run(*words)
        assert TAG not in done.out + done.err, words
        assert re.search(r"\\U000e0069|\\udb40\\udc69|%F3%A0%81%A9", done.out + done.err), words
