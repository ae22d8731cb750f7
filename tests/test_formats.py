"""Given files of other formats, every command reads them; the page about them shows commands that run."""

import json
import re
import sys
import tarfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import table_files as tables
from command_support import CAMPAIGN, Desk
from pipeline_support import settings

from inflection_cli.backfilling.plan import Planner
from inflection_cli.backfilling.second_pass import outgoing
from inflection_cli.converting.inputs import convertible_chunks, open_inputs
from inflection_cli.errors import InputChanged
from inflection_cli.reading import ReadOptions, forget_copies

PAGE = Path(__file__).resolve().parents[1] / "docs" / "formats.md"
UNHURRIED = ("--events-per-second", "0", "--requests-per-second", "0", "--json")
FLAT = [
    {**{key: row[key] for key in ("event", "userId", "campaign_id", "email_id", "timestamp")}, "n": 1}
    for row in tables.rows_of(9)
]
FILES = {
    "a.avro": tables.avro(tables.rows_of(9)),
    "a.parquet": tables.parquet(tables.rows_of(9)),
    "a.xlsx": tables.excel(FLAT),
}
WRITERS: dict[str, Callable[[list[tables.Row]], bytes]] = {
    "a.avro": tables.avro,
    "a.parquet": tables.parquet,
    "a.xlsx": tables.excel,
}
ZONE = ("--timezone", "UTC")


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk.at(tmp_path, monkeypatch)


@pytest.mark.parametrize("name", FILES)
def test_every_command_reads_every_format(name: str, desk: Desk) -> None:
    (desk.folder / name).write_bytes(FILES[name])
    form = {"a.xlsx": "excel"}.get(name, name[2:])
    checked = desk.run("validate", name, *ZONE, "--json").json
    assert (checked["files"][0]["format"], checked["rows"]["mapped"]) == (form, 9)
    looked = desk.run("inspect", name, "--save", "p.toml", "--json", *ZONE)
    assert (looked.code, looked.json["files"][0]["rows"]) == (0, 9)
    with_profile = desk.run(
        "backfill", name, "--profile", "p.toml", *ZONE, "--dry-run", "--out", "o.ndjson", "--json"
    )
    assert with_profile.code == 0
    sent = desk.run("backfill", name, "--rehearse", "--yes", *ZONE, *UNHURRIED)
    assert (sent.code, sent.json["events"]["accepted"]) == (0, 9)
    assert len(desk.messages("o.ndjson")) == 9
    named = {"a.avro": "Avro", "a.parquet": "Parquet", "a.xlsx": "Excel"}[name]
    assert f"{name} ({named}; 9 rows)" in desk.run("validate", name, *ZONE).out


@pytest.mark.parametrize("name", FILES)
def test_rejected_rows_of_a_table_are_ndjson_that_can_be_run_again(name: str, desk: Desk) -> None:
    (desk.folder / name).write_bytes(FILES[name])
    options = ("--dry-run", "--json", "--set", "email_id=e", "--set", "event=Nothing")
    assert desk.run("backfill", name, *ZONE, *options, "--rejects", "r").code == 8
    (file,) = (desk.folder / "r").iterdir()
    assert file.name == f"{name.replace('.', '-')}.rejects.ndjson"
    rows = [json.loads(line) for line in file.read_bytes().splitlines()]
    first = 2 if name == "a.xlsx" else 1
    assert [row["infl_seg_line"] for row in rows] == [str(first + at) for at in range(9)]
    again = desk.run("validate", str(file), *ZONE, "--json").json
    assert again["rows"]["mapped"] == 9


@pytest.mark.parametrize("name", FILES)
def test_a_table_that_changes_between_the_passes_is_not_sent(name: str, tmp_path: Path) -> None:
    path, how = tmp_path / name, settings(timezone="UTC")
    path.write_bytes(FILES[name])
    inputs = open_inputs([str(path)], ReadOptions(), how)
    plan = Planner(inputs, how, partial(convertible_chunks, inputs, ReadOptions(), how)).run()
    assert [len(batch) for batch in outgoing(plan, lambda ids: ids) if batch] == [9]
    rows = [{**row, "userId": "other"} for row in (FLAT if name == "a.xlsx" else tables.rows_of(9))]
    path.write_bytes(WRITERS[name](rows))
    with pytest.raises(InputChanged):
        list(outgoing(plan, lambda ids: ids))


@pytest.mark.parametrize(
    ("name", "library", "extra"),
    [("a.avro", "fastavro", "avro"), ("a.parquet", "pyarrow", "parquet"), ("a.xlsx", "openpyxl", "excel")],
)
def test_without_its_library_a_format_tells_what_installs_it(
    name: str, library: str, extra: str, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    (desk.folder / name).write_bytes(FILES[name])
    monkeypatch.setitem(sys.modules, library, None)
    monkeypatch.delitem(sys.modules, f"inflection_cli.reading.binary.{extra}_rows", raising=False)
    found = desk.run("validate", name)
    assert found.code == 4
    assert f'install it: pip install "infl-seg[{extra}]"' in found.err


def test_without_its_library_a_bucket_tells_what_installs_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "obstore", None)
    found = desk.run("validate", "s3://exports/a.csv")
    assert found.code == 4
    assert 'install it: pip install "infl-seg[remote]"' in found.err


def test_a_table_is_no_file_of_ready_messages_and_a_list_that_it_lacks_is_told(desk: Desk) -> None:
    (desk.folder / "a.avro").write_bytes(FILES["a.avro"])
    found = desk.run("replay", "a.avro", "--dry-run")
    assert (found.code, "is Avro; ready messages are JSON" in found.err) == (4, True)
    found = desk.run("validate", "a.avro", "--records", "data")
    assert (found.code, "no row has a list at '.data'" in found.err) == (4, True)


def test_a_draft_names_the_sheet(desk: Desk) -> None:
    (desk.folder / "a.xlsx").write_bytes(FILES["a.xlsx"])
    assert desk.run("inspect", "a.xlsx", "--sheet", "Events", "--save", "p.toml", *ZONE).code == 0
    assert 'sheet = "Events"' in (desk.folder / "p.toml").read_text(encoding="utf-8")
    assert desk.run("validate", "a.xlsx", "--profile", "p.toml", *ZONE).code == 0


@pytest.mark.slow
def test_no_library_of_a_format_is_imported_for_csv(tmp_path: Path) -> None:
    import subprocess

    program = (
        "import sys, contextlib, io\nfrom inflection_cli.cli.app import run\n"
        "with contextlib.redirect_stdout(io.StringIO()): run(['validate', sys.argv[1]])\n"
        "heavy = {'pyarrow', 'fastavro', 'openpyxl', 'obstore', 'tarfile', 'urllib.request'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    words = [sys.executable, "-c", program, CAMPAIGN]
    done = subprocess.run(words, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout == "[]\n"


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The bucket of the page, on loopback."""
    import boto3
    from moto.server import ThreadedMotoServer

    made = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    made.start()
    host, port = made.get_host_and_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "made-up")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    store = boto3.client("s3", endpoint_url=f"http://{host}:{port}", region_name="us-east-1")
    store.create_bucket(Bucket="exports")
    yield store
    made.stop()
    forget_copies()


@pytest.mark.slow
def test_the_commands_of_the_page_run(desk: Desk, bucket: Any) -> None:
    bucket.put_object(Bucket="exports", Key="2024/events.parquet", Body=FILES["a.parquet"])
    for name, data in {
        "currents.avro": "a.avro",
        "warehouse.parquet": "a.parquet",
        "events.xlsx": "a.xlsx",
    }.items():
        (desk.folder / name).write_bytes(FILES[data])
    with tarfile.open(desk.folder / "exports.tar.gz", "w:gz") as archive:
        archive.add(CAMPAIGN, "spring.csv")
    blocks = re.findall(r"```sh\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    commands = [line.split()[1:] for block in blocks for line in block.splitlines()]
    assert len(commands) >= 7
    assert {tuple(words): desk.run(*words).code for words in commands} == {
        tuple(words): 0 for words in commands
    }
