"""`--out`: the messages never take the place of what they are made from, nor of a device."""

import os
import threading
from pathlib import Path

import pytest
from command_tools import Desk, opened


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


def test_a_file_that_cannot_be_written_beside_a_delivery_leaves_the_account_true(desk: Desk) -> None:
    name = desk.file("export.csv", *(opened(f"u{n}") for n in range(400)))
    done = desk.run("backfill", name, "--rehearse", "--out", "/dev/full", "--json")
    assert done.code == 4
    assert done.json["out"] is None
    events = done.json["events"]
    assert events["built"] == events["accepted"] + events["pending"] == 400
    assert done.json["delivery"]["requests"] > 0
