"""Check that ARCHITECTURE.md names files that exist."""

import re
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
PACKAGE: Final = ROOT / "src" / "inflection_cli"
TEXT: Final = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
CHANGES: Final = TEXT.partition("## Where to change what")[2]
PACKAGES: Final = TEXT.partition("## Packages")[2].partition("\n## ")[0]


def test_every_file_in_the_table_of_changes_exists_and_no_change_needs_more_than_three() -> None:
    rows = [line for line in CHANGES.splitlines() if line.startswith("| ") and "`" in line]
    assert len(rows) >= 20
    for row in rows:
        files = re.findall(r"`([\w/]+\.py)`", row)
        assert 1 <= len(files) <= 3, row
        assert not [file for file in files if not (PACKAGE / file).is_file()], row


def test_every_path_with_a_folder_exists_wherever_it_is_named() -> None:
    named = set(re.findall(r"`((?:[a-z_]+/)+[\w.]*)`", TEXT))
    assert not [path for path in sorted(named) if not ((PACKAGE / path).exists() or (ROOT / path).exists())]


def test_every_package_and_module_at_the_top_has_its_line() -> None:
    there = {path.name + "/" if path.is_dir() else path.name for path in PACKAGE.iterdir()}
    plumbing = {"__pycache__/", "__init__.py", "__main__.py", "version.py", "py.typed", "schemas/"}
    assert not [name for name in sorted(there - plumbing) if f"`{name}`" not in PACKAGES]
