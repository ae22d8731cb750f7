"""A rejects folder that takes nothing: told before anything is sent; later the delivery goes on and keeps the rest."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from command_support import FAST, KEY, PATIENCE_S, Desk, Result, command, opened, to

from inflection_cli.backfilling.rejects_folder import RefusedMessages, beside_the_ledger
from inflection_cli.reading.rejected_rows import LineFile, RejectsFolder
from inflection_cli.sandbox import Sandbox, Settings, serve

CONFINED = ("setpriv", "--bounding-set=-all", "--inh-caps=-all") if os.geteuid() == 0 else ()
CANNOT_BE_CONFINED = os.geteuid() == 0 and shutil.which("setpriv") is None
# By halving one of eight is found; seven are accepted.
ONE_OF_EIGHT = ("413", "413", None, "413", "413")


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk.at(tmp_path, monkeypatch)


@pytest.fixture
def eight(desk: Desk) -> str:
    return desk.file("eight.csv", *(opened(f"u{n}") for n in range(8)))


@contextlib.contextmanager
def refusing(*script: str | None) -> Iterator[Sandbox]:
    with serve(Settings(script=script or ONE_OF_EIGHT, keep_messages=True)) as sandbox:
        yield sandbox


def as_somebody(desk: Desk, *words: str) -> Result:
    """Run a command as a user who may not write everywhere."""
    done = subprocess.run(
        [*CONFINED, *command(*words)],
        capture_output=True,
        stdin=subprocess.DEVNULL,
        cwd=desk.folder / "read-only",
        check=False,
        timeout=PATIENCE_S,
    )
    return Result(done.returncode, done.stdout.decode(), done.stderr.decode())


@pytest.mark.skipif(CANNOT_BE_CONFINED, reason="root writes anywhere, and setpriv is missing")
@pytest.mark.parametrize("how", ["backfill", pytest.param("replay", marks=pytest.mark.slow)])
def test_a_read_only_folder_is_told_before_anything_is_read_or_sent(desk: Desk, eight: str, how: str) -> None:
    desk.run("backfill", eight, "--dry-run", "--out", "messages.ndjson")
    (desk.folder / "read-only").mkdir(0o500)
    name = "../eight.csv" if how == "backfill" else "../messages.ndjson"
    with refusing() as sandbox:
        words = (how, name, *to(sandbox.url), "--json")
        told = as_somebody(desk, *words)
        assert (told.code, told.json["error"]["code"], sandbox.stats()["requests"]) == (4, "input", 0)
        assert "the rejects cannot be written to infl-seg-rejects-" in told.json["error"]["message"]
        assert "--rejects DIR" in told.json["error"]["hint"]
        fixed = as_somebody(desk, *words, "--rejects", str(desk.folder / "kept"))
    events = fixed.json["events"]
    assert (fixed.code, events["accepted"], events["refused"]) == (1, 7, 1)
    assert len(desk.messages("kept/refused-messages.ndjson")) == 1


@pytest.mark.slow
@pytest.mark.skipif(CANNOT_BE_CONFINED, reason="root writes anywhere, and setpriv is missing")
def test_a_read_only_folder_is_in_nobodys_way_where_nothing_is_sent(desk: Desk, eight: str) -> None:
    (desk.folder / "read-only").mkdir(0o500)
    assert as_somebody(desk, "validate", f"../{eight}").code == 0
    assert as_somebody(desk, "backfill", f"../{eight}", "--dry-run").code == 0


@pytest.mark.parametrize("folder", [".", "kept", "new/deep/kept"])
def test_the_trial_of_the_folder_leaves_nothing_behind(desk: Desk, eight: str, folder: str) -> None:
    before = {*desk.folder.iterdir()}
    with serve(Settings()) as sandbox:
        assert desk.run("backfill", eight, *to(sandbox.url), "--rejects", folder).code == 0
    assert {*desk.folder.iterdir()} - before <= {desk.folder / "state"}


def test_a_device_that_is_full_is_no_place_for_rejects() -> None:
    """`/dev/full` is no folder; a file under it fails as a mount that went away does."""
    with pytest.raises(Exception, match="the rejects cannot be written to /dev/full/kept"):
        RejectsFolder(Path("/dev/full/kept")).require_a_place()


def in_little_room(desk: Desk, most_bytes: int, *words: str) -> Result:
    """Run a command whose files in the folder `kept` cannot grow beyond a size; others can."""
    program = (
        "import errno, os, runpy, sys\n"
        "real, most = os.write, int(sys.argv.pop(1))\n"
        "def write(descriptor, data):\n"
        "    name = os.readlink(f'/proc/self/fd/{descriptor}')\n"
        "    if '/kept/' in name and os.fstat(descriptor).st_size + len(data) > most:\n"
        "        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))\n"
        "    return real(descriptor, data)\n"
        "os.write = write\n"
        "sys.argv[0] = 'infl-seg'\n"
        "runpy.run_module('inflection_cli', run_name='__main__')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(most_bytes), *words],
        capture_output=True,
        stdin=subprocess.DEVNULL,
        cwd=desk.folder,
        check=False,
        timeout=PATIENCE_S,
    )
    return Result(done.returncode, done.stdout.decode(), done.stderr.decode())


def spare(desk: Desk) -> list[Path]:
    return sorted((desk.folder / "state" / "refused").glob("*.ndjson"))


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="there is no /proc here")
def test_where_the_folder_is_full_later_the_delivery_goes_on_and_keeps_the_message(
    desk: Desk, eight: str
) -> None:
    with refusing() as sandbox:
        done = in_little_room(
            desk, 4096, "backfill", eight, *to(sandbox.url), "--rejects", "kept", "--report", "json=r.json"
        )
        assert done.code == 1, done.err  # a message fits
    with refusing() as sandbox:
        full = in_little_room(
            desk, 100, "backfill", eight, *to(sandbox.url), "--rejects", "kept", "--again", "x"
        )
        stats = sandbox.stats()
    assert (full.code, stats["unique"], stats["duplicate"]) == (1, 7, 0)
    assert "No space left on device" in full.err
    (file,) = spare(desk)
    assert file.stat().st_mode & 0o777 == 0o600
    assert [json.loads(line)["type"] for line in file.read_bytes().splitlines()] == ["track"]
    assert f"Done, but 1 message was refused; fix it in {file}" in full.out
    assert f"messages that the rejects folder did not take are in {file}" in full.out
    shown = desk.run("runs", "show", "last")
    assert f"refused   messages that the rejects folder did not take are in {file}" in shown.out
    assert f"Next: fix the refused messages in {file}, then: infl-seg replay FILE" in shown.out
    assert desk.run("runs", "show", "last", "--json").json["run"]["refused_kept_in"] == str(file)
    run_id = desk.run("runs", "show", "last", "--json").json["run"]["id"]
    # What was kept is what is missing: replayed, it is the eighth.
    with serve(Settings()) as sandbox:
        url = ("--endpoint", sandbox.url, "--write-key", KEY, "--yes", *FAST, "--new-destination")
        assert desk.run("replay", str(file), *url, "--json").json["events"]["accepted"] == 1
    forgotten = desk.run("runs", "forget", run_id, "--yes")
    assert f"Refused messages stay in {file}." in forgotten.out


def test_a_folder_that_is_removed_under_way_is_made_again_with_all_that_was_refused(tmp_path: Path) -> None:
    folder = RejectsFolder(tmp_path / "kept")
    kept = RefusedMessages(lambda: folder.open_lines("refused.ndjson"))
    kept.keep(b"1\n")
    shutil.rmtree(tmp_path / "kept")
    kept.keep(b"2\n")
    assert (tmp_path / "kept" / "refused.ndjson").read_bytes() == b"1\n2\n"
    shutil.rmtree(tmp_path / "kept")
    kept.close()
    assert (tmp_path / "kept" / "refused.ndjson").read_bytes() == b"1\n2\n"
    assert (kept.troubles, kept.not_kept, kept.files) == ([], 0, [tmp_path / "kept" / "refused.ndjson"])


def test_a_folder_that_is_removed_for_good_leaves_all_messages_beside_the_ledger(tmp_path: Path) -> None:
    folder = RejectsFolder(tmp_path / "kept")
    kept = RefusedMessages(
        lambda: folder.open_lines("x.ndjson"), beside_the_ledger(tmp_path / "state", "run-1")
    )
    kept.keep(b"1\n")
    shutil.rmtree(tmp_path / "kept")
    (tmp_path / "kept").write_text("a file in its place")
    kept.keep(b"2\n")
    kept.close()
    spare = tmp_path / "state" / "refused" / "run-1.ndjson"
    assert (spare.read_bytes(), kept.files, kept.not_kept) == (b"1\n2\n", [spare], 0)
    assert "the rejects cannot be written" in str(kept.troubles[0])


def broken_after(lines: int, path: Path) -> Callable[[], LineFile]:
    """A file whose descriptor takes no more after so many lines of two bytes."""

    class Full(LineFile):
        def append(self, line: bytes) -> None:
            if path.stat().st_size >= 2 * lines:
                raise OSError(28, "No space left on device")
            super().append(line)

    return lambda: Full(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL), path)


def test_every_line_is_in_one_file_or_counted_as_in_none(tmp_path: Path) -> None:
    kept = RefusedMessages(broken_after(2, tmp_path / "a"), broken_after(1, tmp_path / "b"))
    for number in range(5):
        kept.keep(b"%d\n" % number)
    kept.close()
    assert [path.read_bytes() for path in kept.files] == [b"0\n1\n", b"2\n"]
    assert (kept.not_kept, len(kept.troubles)) == (2, 2)


def test_of_a_line_that_does_not_fit_nothing_stays(tmp_path: Path) -> None:
    program = (
        "import os, resource, sys, pathlib\n"
        "from inflection_cli.reading.rejected_rows import LineFile\n"
        "sys.dont_write_bytecode = True\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))\n"
        "path = pathlib.Path(sys.argv[1])\n"
        "file = LineFile(os.open(path, os.O_WRONLY | os.O_CREAT), path)\n"
        "file.append(b'12345\\n')\n"
        "try:\n    file.append(b'1234567\\n')\n"
        "except OSError as error:\n    print(error.errno)\n"
        "file.append(b'1\\n')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "lines")],
        capture_output=True,
        check=True,
        timeout=PATIENCE_S,
    )
    assert (done.stdout, (tmp_path / "lines").read_bytes()) == (b"27\n", b"12345\n1\n")


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="there is no /proc here")
def test_what_no_file_takes_is_counted_and_the_same_command_sends_it_again(desk: Desk, eight: str) -> None:
    (desk.folder / "state").mkdir(0o700)
    (desk.folder / "state" / "refused").write_text("a file in the folder's place")
    with refusing() as sandbox:
        words = ("backfill", eight, *to(sandbox.url), "--rejects", "kept")
        done = in_little_room(desk, 100, *words)
        assert (done.code, sandbox.stats()["unique"]) == (1, 7)
        assert (
            "1 refused message is in no file; the same command sends what was refused once more" in done.out
        )
        assert (
            "Done, but 1 message was refused, and no file took it: the same command sends it once more"
            in done.out
        )
        assert not list((desk.folder / "kept").iterdir())
        assert "1 refused message is in no file" in desk.run("runs", "show", "last").out
        again = desk.run(*words, "--json")
        stats = sandbox.stats()
    assert (again.code, again.json["events"]["accepted"], stats["unique"], stats["duplicate"]) == (0, 1, 8, 0)


def test_a_refused_message_has_its_reason_beside_it(desk: Desk, eight: str) -> None:
    with refusing() as sandbox:
        assert desk.run("backfill", eight, *to(sandbox.url), "--rejects", "kept").code == 1
    (message,) = desk.messages("kept/refused-messages.ndjson")
    heading, line = (
        (desk.folder / "kept/refused-messages.reasons.csv").read_text(encoding="utf-8").splitlines()
    )
    assert heading == "message_id,reason"
    assert line.startswith(f"{message['messageId']},")
    assert "refused with HTTP 4" in line
    assert "holds no file to read, but" in desk.run("replay", "kept").err
