"""Exports of ten more vendors, each brought in by a profile of at most 15 lines, message by message and field by field.

Exports and golden messages come from `reference_vendors.py`, which knows of no profile. The exports of
`test_golden_exports.py` test what a profile can express; these test how little is needed for a vendor nobody foresaw.
"""

import difflib
import re
from pathlib import Path
from typing import Any

import pytest
from command_support import FAST, Desk, events_balance, rows_balance
from reference_profiles import parse
from reference_vendors import MADE, VENDORS, files_of
from test_golden_exports import told

from inflection_cli.version import __version__

MOST_LINES = 15
QUICK = {"mandrill", "zoho", "pardot"}
"""Lists and objects in turn, lists within records, and blocks; the others are of shapes that these hold too."""

each = pytest.mark.parametrize("name", MADE)
each_at_its_time = pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in MADE]
)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk.at(tmp_path, monkeypatch)


def words(name: str) -> tuple[str, ...]:
    return str(VENDORS / name / MADE[name]().file), "--profile", str(VENDORS / name / "profile.toml")


def test_ten_vendors_are_here_that_have_no_other_export_with_pages_of_their_own() -> None:
    vendors = {name: made() for name, made in MADE.items()}
    assert {path.name for path in VENDORS.iterdir() if path.is_dir()} == set(MADE)
    assert len({vendor.page for vendor in vendors.values()}) == len(vendors) == 10
    readme = (VENDORS / "README.md").read_text(encoding="utf-8")
    for name, vendor in vendors.items():
        (row,) = [line for line in readme.splitlines() if line.startswith(f"| `{name}` |")]
        assert f"| {vendor.name} |" in row
        assert f"<{vendor.page}>" in row
        assert {path.name for path in (VENDORS / name).iterdir()} == {
            vendor.file,
            "golden.ndjson",
            "profile.toml",
        }


@each
def test_the_stored_files_are_what_the_plain_program_writes(name: str) -> None:
    for file, text in files_of(name).items():
        assert (VENDORS / name / file).read_bytes() == text.encode()


@each
def test_its_profile_is_short(name: str) -> None:
    text = (VENDORS / name / "profile.toml").read_text(encoding="utf-8")
    assert len(re.findall(r"^[^#\n]", text, re.MULTILINE)) <= MOST_LINES


@each_at_its_time
def test_a_dry_run_gives_the_golden_messages_field_by_field_and_in_order(desk: Desk, name: str) -> None:
    done = desk.run("backfill", *words(name), "--dry-run", "--out", "made.ndjson", "--json")
    assert done.code == 0, done.err
    assert done.json["rows"]["rejected"] == 0
    assert done.json["rows"]["filtered"] == MADE[name]().left_out
    wanted: list[dict[str, Any]] = [
        parse(line) for line in (VENDORS / name / "golden.ndjson").read_bytes().splitlines()
    ]
    for message in wanted:
        message["context"]["library"]["version"] = __version__
    made = [parse(line) for line in (desk.folder / "made.ndjson").read_bytes().splitlines()]
    if told(made) != told(wanted):
        lines = difflib.unified_diff(told(wanted), told(made), "golden", "made", "", "", 0, "")
        pytest.fail("\n".join(lines), pytrace=False)


@pytest.mark.slow
@each
def test_a_rehearsal_balances_and_everything_is_accepted(desk: Desk, name: str) -> None:
    report = desk.run("backfill", *words(name), "--rehearse", "--json", *FAST).json
    assert rows_balance(report)
    assert events_balance(report)
    assert report["events"]["accepted"] == report["events"]["built"] == len(MADE[name]().messages)
