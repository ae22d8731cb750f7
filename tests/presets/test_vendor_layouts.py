"""Exports in the folders and archives in which their vendors write them: the same messages as of the single files."""

import json
import shlex
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


def test_a_file_whose_name_names_no_event_is_refused_with_the_option_that_helps(desk: Desk) -> None:
    shutil.copy(HERE / "sfmc-tracking" / "export._Open.csv", desk.folder / "part.csv")
    done = desk.run("validate", "part.csv", "--preset", "sfmc-tracking")
    assert done.code == 4
    assert "part.csv: its name fits none of the patterns" in done.err
    option = shlex.split(done.err.partition("set it for all rows: ")[2].splitlines()[0])
    found = made(desk, "sfmc-tracking", "part.csv", *option)
    assert [message["properties"]["is_unique_open"] for message in found.values()] == [True, False]
    assert found.items() <= golden("sfmc-tracking").items()


def test_times_of_another_locale_are_refused_with_the_option_that_helps(desk: Desk) -> None:
    text = (HERE / "sfmc-tracking" / "export._Open.csv").read_text(encoding="utf-8")
    (desk.folder / "x_Open.csv").write_text(text.replace("3/6/2024 4:07:09 AM", "06.03.2024 04:07:09"))
    done = desk.run("validate", "x_Open.csv", "--preset", "sfmc-tracking")
    assert "--timestamp-format" in done.out
    assert "[time.columns" not in done.out


def test_a_marketing_cloud_archive_holds_its_tables(desk: Desk) -> None:
    with zipfile.ZipFile(desk.folder / "extract.zip", "w") as archive:
        for file in sorted((HERE / "sfmc-tracking").glob("export*.csv")):
            archive.write(file, file.name.removeprefix("export."))
    assert made(desk, "sfmc-tracking", "extract.zip") == golden("sfmc-tracking")
