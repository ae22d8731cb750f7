"""Heavy libraries are imported by the command that needs them, and by no other."""

import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest
from command_support import CAMPAIGN, PATIENCE_S

NETWORK = {
    *("httpx", "httpcore", "h11", "anyio", "asyncio", "ssl", "http"),
    *("inflection_cli.segment.client", "inflection_cli.sandbox.server", "inflection_cli.delivery.deliver"),
}
MODELS = {"pydantic", "tomllib", "inflection_cli.mapping.profile.profile_schema"}
WORK = {
    *("orjson", "sqlite3", "csv", "hashlib", "rich.progress"),
    *("inflection_cli.backfilling", "inflection_cli.converting", "inflection_cli.reading"),
}
FORMATS = {
    *("pyarrow", "fastavro", "openpyxl", "obstore", "tarfile", "zipfile", "urllib.request"),
    *("inflection_cli.reading.binary.row_stream", "inflection_cli.reading.json.documents"),
}
OTHER_COMMANDS = {
    *("inflection_cli.comparing", "inflection_cli.history", "inflection_cli.inspecting"),
    *("inflection_cli.replaying", "inflection_cli.sandbox"),
}
OTHER_RUNS = {
    *("sqlite3", "inflection_cli.ledger.ledger_file", "inflection_cli.delivery"),
    *("concurrent", "multiprocessing", "distributed", "inflection_cli.converting.worker_pool"),
    *("inflection_cli.reporting.html_report", "inflection_cli.reporting.junit", "xml", "html"),
    *("inflection_cli.reporting.github", "inflection_cli.reporting.sarif"),
    *("email", "importlib.metadata"),
}
"""What needs a ledger, several jobs, a report or a library's description of itself."""

PROGRAM = """
import contextlib, io, json, sys
from inflection_cli.cli.app import run
with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
    code = run(sys.argv[1:])
print(json.dumps([code, sorted(sys.modules)]))
"""


def imported_by(folder: Path, *words: str) -> set[str]:
    """The modules that a command has imported when it is done."""
    words = (sys.executable, "-c", PROGRAM, *words)
    done = subprocess.run(words, capture_output=True, check=True, timeout=PATIENCE_S, cwd=folder)
    code, modules = json.loads(done.stdout)
    assert code == 0
    return set(modules)


def among(imported: set[str], *watched: Iterable[str]) -> set[str]:
    """Those of the imported modules that are watched, or in a package that is."""
    packages = {name for names in watched for name in names}
    return {name for name in imported if any(f"{name}.".startswith(f"{each}.") for each in packages)}


@pytest.mark.parametrize("words", [("--help",), pytest.param(("--version",), marks=pytest.mark.slow)])
def test_help_and_version_import_none_of_the_work(tmp_path: Path, words: tuple[str, ...]) -> None:
    assert not among(imported_by(tmp_path, *words), NETWORK, MODELS, WORK, OTHER_COMMANDS, OTHER_RUNS)


@pytest.mark.slow
def test_help_of_a_command_imports_neither_the_network_nor_the_pipeline(tmp_path: Path) -> None:
    assert not among(imported_by(tmp_path, "backfill", "--help"), NETWORK, MODELS, WORK)


def test_a_validation_of_rows_imports_nothing_of_other_commands_formats_and_runs(tmp_path: Path) -> None:
    found = imported_by(tmp_path, "validate", CAMPAIGN, "--jobs", "1")
    assert "inflection_cli.backfilling.plan" in found
    assert not among(found, NETWORK, MODELS, FORMATS, OTHER_COMMANDS, OTHER_RUNS)


def test_what_reads_a_profile_is_imported_where_there_is_one(tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text("profile = 1\n", encoding="utf-8")
    found = imported_by(tmp_path, "validate", CAMPAIGN, "--profile", "p.toml")
    assert found >= MODELS
    assert not among(found, NETWORK, OTHER_COMMANDS)


def test_a_dry_run_never_imports_the_network_with_a_key_or_without(tmp_path: Path) -> None:
    key = (
        "--write-key",
        "any-key",
        "--state-dir",
        str(tmp_path / "state"),
        "--out",
        str(tmp_path / "out.ndjson"),
    )
    found = imported_by(tmp_path, "backfill", CAMPAIGN, "--dry-run", *key)
    assert not among(found, NETWORK, MODELS, FORMATS, OTHER_COMMANDS)


@pytest.mark.slow
def test_the_network_is_there_where_it_is_needed(tmp_path: Path) -> None:
    rates = ("--events-per-second", "0")
    found = imported_by(tmp_path, "backfill", CAMPAIGN, "--rehearse", *rates)
    assert {"httpx", "inflection_cli.segment.client", "inflection_cli.sandbox.server"} <= found
