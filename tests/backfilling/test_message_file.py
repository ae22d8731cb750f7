"""`--out`: the messages never take the place of what they are made from, nor of a device."""

import json
import os
import subprocess
import threading
from pathlib import Path

import pytest
from command_support import PATIENCE_S, Desk, command, opened

from inflection_cli.backfilling.message_file import open_message_file
from inflection_cli.errors import InputError


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk.at(tmp_path, monkeypatch)


@pytest.mark.parametrize("out", ["export.csv", "./export.csv", "link.csv"])
def test_messages_that_would_replace_the_export_are_not_written(desk: Desk, out: str) -> None:
    name = desk.file("export.csv", opened("u1"))
    (desk.folder / "link.csv").symlink_to(name)
    before = Path(name).read_bytes()
    done = desk.run("backfill", name, "--dry-run", "--out", out, "--json")
    assert (done.code, done.json["error"]["code"]) == (2, "usage")
    assert Path(name).read_bytes() == before


def test_an_export_of_the_name_that_messages_have_until_they_are_whole_is_kept(desk: Desk) -> None:
    name = desk.file("messages.ndjson.part", opened("u1"))
    assert desk.run("backfill", name, "--dry-run", "--out", "messages.ndjson").code == 2
    assert Path(name).exists()


def test_messages_go_through_a_named_pipe(desk: Desk) -> None:
    name = desk.file("export.csv", opened("u1"), opened("u2"))
    os.mkfifo("pipe")
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(Path("pipe").read_bytes()))
    reader.start()
    assert desk.run("backfill", name, "--dry-run", "--out", "pipe").code == 0
    reader.join()
    assert read[0].count(b"\n") == 2
    assert Path("pipe").is_fifo()


def test_a_dash_is_no_file_for_messages(desk: Desk) -> None:
    name = desk.file("export.csv", opened("u1"))
    assert desk.run("backfill", name, "--dry-run", "--out", "-").code == 2
    assert not Path("-").exists()


@pytest.mark.slow
def test_a_file_that_cannot_be_written_beside_a_delivery_leaves_the_account_true(desk: Desk) -> None:
    name = desk.file("export.csv", *(opened(f"u{n}") for n in range(400)))
    words = command("backfill", name, "--rehearse", "--out", "out.ndjson", "--json")
    done = subprocess.run(
        [
            "/bin/sh",
            "-c",
            'PYTHONDONTWRITEBYTECODE=1; export PYTHONDONTWRITEBYTECODE; ulimit -f 200; exec "$@"',
            "sh",
            *words,
        ],
        capture_output=True,
        check=False,
        timeout=PATIENCE_S,
    )
    report = json.loads(done.stdout)
    assert (done.returncode, report["exit_code"], report["out"]) == (4, 4, None)
    events = report["events"]
    assert events["built"] == events["accepted"] + events["pending"] == 400
    assert report["delivery"]["requests"] > 0


def test_a_device_that_takes_nothing_beside_a_delivery_lets_nothing_leave(desk: Desk) -> None:
    name = desk.file("export.csv", opened("u1"))
    done = desk.run("backfill", name, "--rehearse", "--out", "/dev/full", "--json")
    assert (done.code, done.json["out"]) == (4, None)
    assert (done.json["events"]["pending"], done.json["delivery"]["requests"]) == (1, 0)


def redirected(out: str, mode: str = "wb") -> tuple[int, str]:
    """Make a dry run of two rows with stdout in `messages.ndjson`; give its exit code and what stderr says."""
    with Path("messages.ndjson").open(mode) as file:
        done = subprocess.run(
            command("backfill", "export.csv", "--dry-run", "--out", out),
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.PIPE,
            check=False,
            timeout=PATIENCE_S,
        )
    return done.returncode, done.stderr.decode()


@pytest.fixture
def export(desk: Desk) -> Desk:
    desk.file("export.csv", opened("u1"), opened("u2"))
    return desk


@pytest.mark.parametrize("out", ["/dev/fd/1", pytest.param("messages.ndjson", marks=pytest.mark.slow)])
def test_where_messages_go_to_stdout_the_last_word_goes_to_stderr(export: Desk, out: str) -> None:
    code, said = redirected(out)
    assert (code, len(export.messages("messages.ndjson"))) == (0, 2)
    assert said.splitlines()[-1].startswith("Dry run: 2 events would be sent")


@pytest.mark.slow
def test_messages_to_stdout_come_after_what_a_file_has_already(export: Desk) -> None:
    Path("messages.ndjson").write_text('{"first":1}\n', encoding="utf-8")
    code, _ = redirected("/dev/fd/1", mode="ab")
    found = export.messages("messages.ndjson")
    assert (code, len(found), found[0]) == (0, 3, {"first": 1})


@pytest.mark.slow
def test_messages_through_a_pipe_to_stdout_are_alone_there(export: Desk) -> None:
    done = export.spawn("backfill", "export.csv", "--rehearse", "--out", "/dev/stdout")
    assert done.code == 0
    assert [json.loads(line)["type"] for line in done.out.splitlines()] == ["track", "track"]
    assert done.err.splitlines()[-1].startswith("Done")


@pytest.mark.slow
def test_messages_and_a_report_do_not_share_stdout(export: Desk) -> None:
    done = export.spawn("backfill", "export.csv", "--dry-run", "--out", "/dev/stdout", "--json")
    error = done.json["error"]
    assert (done.code, error["code"]) == (2, "usage")
    assert "--json and --out /dev/stdout would both write to stdout" in error["message"]
    assert "--out messages.ndjson" in error["hint"]


@pytest.mark.usefixtures("export")
@pytest.mark.parametrize("how", ["--dry-run", pytest.param("--rehearse", marks=pytest.mark.slow)])
def test_a_reader_who_wants_no_more_messages_ends_the_run(how: str) -> None:
    read, written = os.pipe()
    os.close(read)
    with os.fdopen(written, "wb") as pipe:
        done = subprocess.run(
            command("backfill", "export.csv", how, "--out", "/dev/stdout"),
            stdin=subprocess.DEVNULL,
            stdout=pipe,
            stderr=subprocess.PIPE,
            check=False,
            timeout=PATIENCE_S,
        )
    said = done.stderr.decode()
    assert (done.returncode, "the reader of /dev/stdout has ended" in said) == (141, True)
    assert (" 2 pending" in said) is (how == "--rehearse")


@pytest.mark.parametrize("what", ["pipe", "folder", "link"])
def test_something_else_of_the_name_of_a_draft_is_left_alone(export: Desk, what: str) -> None:
    part = Path("messages.ndjson.part")
    if what == "pipe":
        os.mkfifo(part)
    elif what == "folder":
        part.mkdir()
    else:
        part.symlink_to("elsewhere")
    done = export.run("backfill", "export.csv", "--dry-run", "--out", "messages.ndjson", "--json")
    error = done.json["error"]
    assert (done.code, error["code"]) == (4, "input")
    assert "messages.ndjson.part until the file is whole" in error["message"]
    assert "move messages.ndjson.part away" in error["hint"]
    assert os.path.lexists(part)
    assert not Path("elsewhere").exists()
    assert not Path("messages.ndjson").exists()


def test_a_pipe_of_the_name_of_a_draft_that_appears_under_way_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "messages.ndjson.part")
    with pytest.raises(InputError), open_message_file(str(tmp_path / "messages.ndjson")):
        pass


def test_the_rest_of_a_draft_that_was_killed_is_in_nobodys_way(export: Desk) -> None:
    Path("messages.ndjson.part").write_text("half a mess", encoding="utf-8")
    assert export.run("backfill", "export.csv", "--dry-run", "--out", "messages.ndjson").code == 0
    assert len(export.messages("messages.ndjson")) == 2
    assert not Path("messages.ndjson.part").exists()


def test_a_link_stays_and_what_it_leads_to_is_replaced(export: Desk) -> None:
    Path("real.ndjson").write_text("old\n")
    Path("link.ndjson").symlink_to("real.ndjson")
    assert export.run("backfill", "export.csv", "--dry-run", "--out", "link.ndjson").code == 0
    assert Path("link.ndjson").is_symlink()
    assert Path("real.ndjson").read_text().startswith("{")


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc/self/fd")
def test_a_link_to_the_descriptor_of_stdout_stays(export: Desk) -> None:
    # As /dev/stdout is one. The file behind it is that of the test run's output, where Python's stdout is another.
    Path("out").symlink_to("/proc/self/fd/1")
    assert export.run("backfill", "export.csv", "--dry-run", "--out", "out").code == 0
    assert Path("out").is_symlink()
