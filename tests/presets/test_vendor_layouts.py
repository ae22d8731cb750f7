"""Exports in the folders and archives in which their vendors write them: the same messages as of the single files."""

import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest
from command_support import Desk

HERE = Path(__file__).parent
pytestmark = pytest.mark.slow


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk.at(tmp_path, monkeypatch)


def golden(name: str) -> dict[str, dict[str, Any]]:
    """The expected messages of a preset by their ids, without the version that made them."""
    return by_id([json.loads(line) for line in (HERE / name / "golden.ndjson").read_bytes().splitlines()])


def by_id(messages: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    for message in messages:
        del message["context"]["library"]
    return {message["messageId"]: message for message in messages}


def made(desk: Desk, name: str, *files: str) -> dict[str, dict[str, Any]]:
    """The messages of a dry run, by their ids."""
    done = desk.run("backfill", *files, "--preset", name, "--dry-run", "--out", "made.ndjson")
    assert done.code == 0, done.err
    return by_id(desk.messages("made.ndjson"))


def test_braze_s_folders_say_which_event_their_files_hold(desk: Desk) -> None:
    name = "dataexport.prod-01.S3.integration.65made0up"
    for file in (HERE / "braze-currents").glob("export.users.*.avro"):
        kind = file.stem.removeprefix("export.")
        folder = desk.folder / name / f"event_type={kind}" / "date=2024-03-05-10" / "437" / "prod-01"
        folder.mkdir(parents=True)
        shutil.copy(file, folder / f"{name}+0+000012.avro")
    found = made(desk, "braze-currents", name)
    assert {message["event"] for message in found.values()} == {
        "Email Delivered",
        "Email Opened",
        "Link Clicked",
        "Email Bounced",
        "Email Reported as Spam",
        "Email Unsubscribed",
    }
    assert found.items() <= golden("braze-currents").items()


def test_an_avro_file_whose_path_names_no_event_is_refused_with_words(desk: Desk) -> None:
    shutil.copy(HERE / "braze-currents" / "export.users.messages.email.Open.avro", desk.folder / "part.avro")
    done = desk.run("validate", "part.avro", "--preset", "braze-currents")
    assert done.code == 4
    assert "part.avro: its name fits none of the patterns" in done.err


def test_a_marketing_cloud_archive_holds_its_tables(desk: Desk) -> None:
    with zipfile.ZipFile(desk.folder / "extract.zip", "w") as archive:
        for file in sorted((HERE / "sfmc-tracking").glob("export*.csv")):
            archive.write(file, file.name.removeprefix("export."))
    assert made(desk, "sfmc-tracking", "extract.zip") == golden("sfmc-tracking")
