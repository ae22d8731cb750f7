"""Heavy libraries are imported by the command that needs them, and by no other."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from command_support import CAMPAIGN, PATIENCE_S

NETWORK = {"httpx", "httpcore", "h11", "anyio", "asyncio", "ssl", "http.client"}
HEAVY = {*NETWORK, "orjson", "sqlite3", "csv", "rich.progress"}
OURS = {"inflection_cli.backfilling.plan", "inflection_cli.segment.client", "inflection_cli.sandbox.server"}
MODELS = "inflection_cli.mapping.profile.profile_schema"
WATCHED = HEAVY | OURS | {MODELS, "email", "typer"}

PROGRAM = """
import contextlib, io, json, sys
from inflection_cli.cli.app import run
with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
    code = run(sys.argv[2:])
watched = set(json.loads(sys.argv[1]))
print(json.dumps([code, sorted(watched & set(sys.modules))]))
"""


def imported_by(folder: Path, *words: str) -> set[str]:
    """The watched modules that a command has imported when it is done."""
    words = (sys.executable, "-c", PROGRAM, json.dumps(sorted(WATCHED)), *words)
    done = subprocess.run(words, capture_output=True, check=True, timeout=PATIENCE_S, cwd=folder)
    code, modules = json.loads(done.stdout)
    assert code == 0
    return set(modules)


@pytest.fixture(scope="module")
def by_validation(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    return imported_by(tmp_path_factory.mktemp("validation"), "validate", CAMPAIGN)


@pytest.mark.parametrize("words", [("--help",), pytest.param(("--version",), marks=pytest.mark.slow)])
def test_help_and_version_import_none_of_the_work(tmp_path: Path, words: tuple[str, ...]) -> None:
    assert not imported_by(tmp_path, *words) & (HEAVY | OURS)


@pytest.mark.slow
def test_help_of_a_command_imports_neither_the_network_nor_the_pipeline(tmp_path: Path) -> None:
    assert not imported_by(tmp_path, "backfill", "--help") & (NETWORK | OURS)


def test_validation_never_imports_the_network(by_validation: set[str]) -> None:
    assert "inflection_cli.backfilling.plan" in by_validation
    assert not by_validation & {*NETWORK, "inflection_cli.segment.client", "inflection_cli.sandbox.server"}


def test_a_validation_without_a_profile_never_imports_what_reads_one(
    tmp_path: Path, by_validation: set[str]
) -> None:
    assert MODELS not in by_validation
    (tmp_path / "p.toml").write_text("profile = 1\n", encoding="utf-8")
    assert MODELS in imported_by(tmp_path, "validate", CAMPAIGN, "--profile", "p.toml")


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
    assert not found & {*NETWORK, "inflection_cli.segment.client", "inflection_cli.sandbox.server"}


@pytest.mark.slow
def test_the_network_is_there_where_it_is_needed(tmp_path: Path) -> None:
    rates = ("--events-per-second", "0")
    found = imported_by(tmp_path, "backfill", CAMPAIGN, "--rehearse", *rates)
    assert {"httpx", "inflection_cli.segment.client", "inflection_cli.sandbox.server"} <= found
