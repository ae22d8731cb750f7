"""What is wrong with the place, not with the ledger: codes and words of their own, on real file systems."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_support import FAST, KEY, Desk, Result, opened
from old_ledger import as_version_1

from inflection_cli.sandbox import Sandbox, serve

MOUNT = "mount -t tmpfs -o size={size} none {folder} && {then} exec {program}"


def _can_mount() -> bool:
    words = ["unshare", "-rm", "sh", "-c", "mount -t tmpfs none /mnt"]
    if shutil.which("unshare") is None:
        return False
    return subprocess.run(words, capture_output=True, check=False).returncode == 0


needs_mounts = pytest.mark.skipif(not _can_mount(), reason="this user may not mount a file system of its own")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with serve() as running:
        yield running


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    desk = Desk.at(tmp_path, monkeypatch)
    rows_of(desk, 5_000)
    (tmp_path / "small").mkdir()
    return desk


def rows_of(desk: Desk, count: int) -> None:
    desk.file("a.csv", *(opened(f"u{n}", n % 1000, f"c{n // 1000}") for n in range(count)))


def confined(desk: Desk, size: str, *words: str, then: str = "", **environ: str) -> Result:
    """Run a command where the folder `small` is a file system of so many bytes."""
    program = f"{sys.executable} -m inflection_cli {' '.join(words)}"
    script = MOUNT.format(size=size, folder="small", then=then, program=program)
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", script],
        cwd=desk.folder,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        timeout=240,
        env={**os.environ, **environ},
    )
    return Result(done.returncode, done.stdout, done.stderr)


def sending(sandbox: Sandbox, *words: str) -> tuple[str, ...]:
    return (
        "backfill",
        "a.csv",
        "--endpoint",
        sandbox.url,
        "--write-key",
        KEY,
        "--yes",
        "--json",
        *FAST,
        *words,
    )


def assert_told(done: Result, code: str, hint: str) -> None:
    error = done.json["error"]
    assert (done.code, error["code"]) == (6, code), done.out + done.err
    assert hint in error["hint"]
    assert "deleted, moved" not in error["message"]


@needs_mounts
@pytest.mark.parametrize(
    "size", ["12k", *(pytest.param(size, marks=pytest.mark.slow) for size in ("4k", "120k"))]
)
def test_a_full_disk_is_no_damage(desk: Desk, sandbox: Sandbox, size: str) -> None:
    done = confined(desk, size, *sending(sandbox, "--state-dir", "small"))
    assert_told(done, "ledger-disk-full", "make room")


@pytest.mark.slow
@needs_mounts
def test_a_read_only_state_folder_is_no_damage(desk: Desk, sandbox: Sandbox) -> None:
    words = sending(sandbox, "--state-dir", "small/state")
    done = confined(desk, "4m", *words, then="mount -o remount,ro small &&")
    assert_told(done, "ledger-read-only", "--state-dir DIR")


@pytest.mark.slow
@needs_mounts
def test_a_ledger_on_a_disk_that_was_made_read_only_is_read_and_not_written(
    desk: Desk, sandbox: Sandbox
) -> None:
    words = sending(sandbox, "--state-dir", "state")
    assert desk.run(*words).code == 0
    then = "cp -r state small && mount -o remount,ro small &&"
    assert confined(desk, "9m", "runs", "list", "--state-dir", "small/state", then=then).code == 0
    done = confined(desk, "9m", *sending(sandbox, "--state-dir", "small/state"), then=then)
    assert_told(done, "ledger-read-only", "--state-dir DIR")


@pytest.mark.slow
@needs_mounts
def test_a_ledger_from_before_that_cannot_be_written_is_read_and_said_to_have_no_checksums(
    desk: Desk, sandbox: Sandbox
) -> None:
    assert desk.run(*sending(sandbox, "--state-dir", "state")).code == 0
    (path,) = (desk.folder / "state" / "ledgers").glob("*.sqlite3")
    as_version_1(path)
    then = "cp -r state small && mount -o remount,ro small &&"
    listed = confined(desk, "9m", "runs", "list", "--json", "--state-dir", "small/state", then=then)
    assert (listed.code, listed.json["runs"][0]["events"]["accepted"]) == (0, 5_000)
    assert "has no checksums" in listed.err
    done = confined(desk, "9m", *sending(sandbox, "--state-dir", "small/state"), then=then)
    assert_told(done, "ledger-read-only", "--state-dir DIR")


@pytest.mark.slow
@needs_mounts
@pytest.mark.parametrize("command", ["validate", "dry run"])
def test_a_full_temporary_folder_is_no_damage(desk: Desk, command: str) -> None:
    rows_of(desk, 17_000)
    folder = str(desk.folder / "small")
    words = ("validate", "a.csv") if command == "validate" else ("backfill", "a.csv", "--dry-run")
    done = confined(desk, "60k", *words, "--json", TMPDIR=folder)
    assert_told(done, "temporary-folder-full", "TMPDIR=")
    assert f"the temporary folder {folder} is full or failed" in done.json["error"]["message"]


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="there is no /proc here")
@pytest.mark.parametrize("folder", ["/proc/x", "/proc/x/y"])
def test_a_state_folder_that_cannot_be_made_has_not_vanished(
    desk: Desk, sandbox: Sandbox, folder: str
) -> None:
    done = desk.run(*sending(sandbox, "--state-dir", folder))
    assert_told(done, "ledger", "--state-dir DIR")
    assert "the folder /proc/x cannot be made" in done.json["error"]["message"]
