"""The write key as people give it: told by its kind before anything is read, and never repeated."""

import base64
import os
import pty
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_support import FAST, KEY, PATIENCE_S, Desk, Result, command, opened

from inflection_cli.sandbox import Sandbox, serve

PART = "kQ9zVx7LmPw3RtYb"
REAL = f"{PART}Na5Jc2Ud8HsEg4Fo"
WARNED = "https://api.segment.io"

KINDS = {
    "YOUR_WRITE_KEY": "a placeholder",
    "<YOUR_WRITE_KEY>": "a placeholder",
    f"<{REAL}>": "a placeholder",
    "${SEGMENT_KEY}": "a placeholder",
    "$SEGMENT_KEY": "a placeholder",
    "%SEGMENT_KEY%": "a placeholder",
    "$(cat key)": "a placeholder",
    "{{ .Values.key }}": "a placeholder",
    "xxxxxxxxxxxxxxxx": "a placeholder",
    "XXXX-XXXX": "a placeholder",
    "********": "a placeholder",
    "your-key-here": "a placeholder",
    "yourWriteKey": "a placeholder",
    "changeme": "a placeholder",
    "WRITE_KEY": "a placeholder",
    "'WRITE_KEY'": "a placeholder",
    "null": "a placeholder",
    f"SEGMENT_WRITE_KEY={REAL}": "a whole line NAME=KEY",
    f"export SEGMENT_WRITE_KEY={REAL}": "a whole line NAME=KEY",
    f'export SEGMENT_WRITE_KEY="{REAL}"': "a whole line NAME=KEY",
    f"$env:SEGMENT_WRITE_KEY = {REAL}": "a whole line NAME=KEY",
    f"write_key: {REAL}": "a whole line NAME=KEY",
    f'{{"write_key": "{REAL}"}}': "a JSON document",
    f'["{REAL}"]': "a JSON document",
    f'"{REAL}"': "the key in quotes",
    f"\u201c{REAL}\u201d": "the key in quotes",
    f"{REAL}'": "the key in quotes",
    f"{PART} {PART}": "white space",
    f" {REAL}": "white space",
    f"{REAL}\u00a0": "white space",
    f"{PART}\n{PART}": "several lines",
    f"{PART}\u200b{PART}": "a character that no write key has",
    f"{PART}\ufeff{PART}": "a character that no write key has",
    f"{PART}\u00fc": "a character that no write key has",
    f"Authorization: Basic {REAL}": "an Authorization header",
    f"Bearer {REAL}": "an Authorization header",
    f"{PART}$": "a dollar sign",
    "--dry-run": "option",
}
SOURCES = ["--write-key", "--write-key-file", "-", "SEGMENT_WRITE_KEY", "SEGMENT_WRITE_KEY_FILE"]
COMMANDS = {
    "backfill": ("backfill", "no-such-file.csv", "--yes"),
    "dry run": ("backfill", "no-such-file.csv", "--dry-run"),
    "replay": ("replay", "no-such-file.ndjson", "--yes"),
    "dry run of a replay": ("replay", "no-such-file.ndjson", "--dry-run"),
    "send-test": ("send-test",),
}


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    desk = Desk.at(tmp_path, monkeypatch)
    desk.file("export.csv", opened("u1"), opened("u2", 1))
    return desk


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with serve() as running:
        yield running


def given(desk: Desk, monkeypatch: pytest.MonkeyPatch, source: str, key: str, *words: str) -> Result:
    """Run a command that gets its key from a source."""
    (desk.folder / "key").write_text(key, encoding="utf-8")
    if source.isupper():
        monkeypatch.setenv(source, "key" if source.endswith("FILE") else key)
        return desk.run(*words)
    if source == "-":
        return desk.run(*words, "--write-key-file", "-", stdin=key.encode())
    return desk.run(*words, f"{source}={'key' if source.endswith('file') else key}")


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("key", KINDS, ids=ascii)
def test_what_is_no_key_is_told_by_its_kind_and_not_repeated(
    key: str, source: str, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = given(desk, monkeypatch, source, key, "backfill", "no-such-file.csv", "--dry-run", "--quiet")
    assert (done.code, done.out) == (2, "")
    assert KINDS[key] in done.err
    assert "no such file" not in done.err
    assert PART[:4] not in done.err
    assert source.strip("-") in done.err


@pytest.mark.parametrize("words", COMMANDS.values(), ids=COMMANDS.keys())
@pytest.mark.parametrize("manner", ["--quiet", "--json", "--verbose"])
def test_every_command_that_takes_a_key_tells_it_first(
    words: tuple[str, ...], manner: str, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = given(desk, monkeypatch, "SEGMENT_WRITE_KEY", f"SEGMENT_WRITE_KEY={REAL}", *words, manner)
    assert done.code == 2
    assert "SEGMENT_WRITE_KEY holds a whole line NAME=KEY" in done.err
    assert PART[:4] not in done.err + done.out


def test_a_rehearsal_asks_for_no_key(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ("backfill", "export.csv", "--rehearse")
    assert given(desk, monkeypatch, "SEGMENT_WRITE_KEY", "changeme", *words).code == 0


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("around", ["{}\n", "{}\r\n", "{}\n\n", "\ufeff{}", "\ufeff{}\r\n"], ids=ascii)
def test_a_line_end_behind_a_key_and_a_mark_before_it_are_no_part_of_it(
    source: str, around: str, desk: Desk, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("backfill", "export.csv", "--endpoint", sandbox.url, "--namespace", "n", "--dry-run", "--json")
    plain = given(desk, monkeypatch, "--write-key", REAL, *words)
    done = given(desk, monkeypatch, source, around.format(REAL), *words)
    assert (done.code, plain.code) == (0, 0)
    assert "write key \u2026 (32 characters)" in done.err
    assert REAL[:4] not in done.out + done.err


def test_a_key_piped_in_sends(desk: Desk, sandbox: Sandbox) -> None:
    words = ("backfill", "export.csv", "--endpoint", sandbox.url, *FAST, "--write-key-file", "-")
    done = desk.spawn(*words, "--yes", stdin=f"{REAL}\n".encode())
    assert (done.code, "2 accepted" in done.out) == (0, True)


def test_a_key_piped_in_leaves_nobody_to_be_asked(desk: Desk, sandbox: Sandbox) -> None:
    words = ("backfill", "export.csv", "--endpoint", sandbox.url, "--write-key-file", "-")
    done = desk.run(*words, stdin=REAL.encode())
    assert done.code == 2
    assert "confirmation required, but stdin was the write key" in done.err
    assert "--write-key-file - --yes" in done.err


@pytest.mark.parametrize("environ", [False, True])
@pytest.mark.parametrize("command", ["backfill", "replay"])
def test_key_and_file_cannot_both_be_standard_input(
    command: str, environ: bool, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = [command, "-", "--dry-run"]
    if environ:
        monkeypatch.setenv("SEGMENT_WRITE_KEY_FILE", "-")
    else:
        words += ["--write-key-file", "-"]
    done = desk.run(*words, stdin=REAL.encode())
    assert done.code == 2
    assert "the write key and a FILE - would both be read from standard input" in done.err


def test_a_flag_beats_a_variable_that_names_standard_input(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEGMENT_WRITE_KEY_FILE", "-")
    export = (desk.folder / "export.csv").read_bytes()
    assert desk.run("backfill", "-", "--dry-run", "--write-key", REAL, stdin=export).code == 0


@pytest.mark.slow
def test_a_terminal_is_no_pipe_for_a_key(desk: Desk) -> None:
    controller, terminal = pty.openpty()
    try:
        done = subprocess.run(
            command("send-test", "--write-key-file", "-"),
            stdin=terminal,
            capture_output=True,
            check=False,
            timeout=PATIENCE_S,
            cwd=desk.folder,
            env=dict(os.environ),
        )
    finally:
        os.close(controller)
        os.close(terminal)
    assert done.returncode == 2
    assert b"nothing is piped into it" in done.stderr


@pytest.mark.parametrize("place", ["folder", "latin-1", "endless", "missing"])
def test_a_file_that_holds_no_text_is_told(place: str, desk: Desk) -> None:
    (desk.folder / "latin-1").write_bytes(b"\xe9" * 20)
    (desk.folder / "folder").mkdir()
    name = "/dev/zero" if place == "endless" else place
    done = desk.run("backfill", "export.csv", "--dry-run", "--write-key-file", name)
    assert done.code == 2
    assert f"--write-key-file: {name}" in done.err


def test_an_empty_pipe_is_told(desk: Desk) -> None:
    done = desk.run("send-test", "--write-key-file", "-", stdin=b"\n")
    assert (done.code, "is empty" in done.err) == (2, True)


@pytest.mark.parametrize("key", [REAL, f"{REAL}:", f"{REAL}\n"], ids=ascii)
def test_a_key_in_base64_is_a_warning_that_a_quiet_run_keeps(key: str, desk: Desk, sandbox: Sandbox) -> None:
    packed = base64.b64encode(key.encode()).decode()
    words = ("backfill", "export.csv", "--endpoint", sandbox.url, "--write-key", packed)
    done = desk.run(*words, "--dry-run", "--quiet")
    assert done.code == 0
    assert done.err.startswith("warning: the write key is in base64")
    assert REAL[:4] not in done.err


@pytest.mark.parametrize("manner", [(), ("--quiet",), ("--quiet", "--json"), ("--quiet", "--color", "never")])
def test_a_key_of_another_length_is_a_warning_that_a_quiet_run_keeps(
    manner: tuple[str, ...], desk: Desk
) -> None:
    words = ("backfill", "export.csv", "--endpoint", WARNED, "--write-key", "short", "--dry-run")
    done = desk.run(*words, *manner)
    assert (done.code, done.err.count("warning: the write key has 5 characters")) == (0, 1)


def test_a_good_key_is_no_warning(desk: Desk) -> None:
    words = ("backfill", "export.csv", "--endpoint", WARNED, "--dry-run", "--quiet")
    for key in (REAL, KEY, "any-key-of-thirty-two-characters", "0123456789abcdef0123456789abcdef"):
        done = desk.run(*words, "--write-key", key)
        assert (done.code, done.err) == (0, "")


@pytest.mark.parametrize(
    ("text", "what", "way"),
    [
        ("https://api.segment.io/v1/batch", "an address", "--endpoint"),
        ("/run/secrets/key", "the name of a file", "--write-key-file"),
        ("~/key", "the name of a file", "--write-key-file"),
        ("key.txt", "the name of a file", "--write-key-file"),
        ("there", "the name of a file", "--write-key-file"),
        ("op://vault/segment/key", "the reference of a secret", "--write-key-file -"),
        ("arn:aws:secretsmanager:eu-west-1:1:secret:k", "the reference of a secret", "--write-key-file -"),
        (f"{REAL}:", "a colon at its end", "without the colon"),
    ],
)
def test_what_leads_to_a_key_is_told_from_the_key(
    text: str, what: str, way: str, desk: Desk, sandbox: Sandbox
) -> None:
    (desk.folder / "there").write_text(REAL, encoding="utf-8")
    refused = desk.run(
        "backfill", "export.csv", "--endpoint", sandbox.url, "--write-key", text, "--quiet", "-y"
    )
    assert (refused.code, what in refused.err, way in refused.err) == (2, True, True), refused.err
    assert text not in refused.err


def test_a_key_of_letters_and_digits_is_no_path_and_no_address(desk: Desk, sandbox: Sandbox) -> None:
    for key in (REAL, "AbC/dEf+0123456789abcdefghijklmn", "key_2024-01.eu"):
        words = ("--endpoint", sandbox.url, "--write-key", key, "--namespace", "n", "--dry-run")
        assert desk.run("backfill", "export.csv", *words).code == 0
