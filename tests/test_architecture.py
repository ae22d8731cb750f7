"""Check that ARCHITECTURE.md names files that exist, and that files import in one direction."""

import ast
import re
from collections.abc import Collection
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Final

import pytest

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


def module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(tree: ast.AST, modules: Collection[str]) -> set[str]:
    """Return the modules that a file imports, inside functions and for type checks too."""
    names: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [each.name for each in node.names]
        elif isinstance(node, ast.ImportFrom):
            inner = [f"{node.module}.{each.name}" for each in node.names]
            names += [name if name in modules else str(node.module) for name in inner]
    return {name for name in names if name in modules}


def circle(sources: dict[str, str]) -> list[str]:
    """Return the modules of one import circle, or nothing."""
    graph = {name: imported(ast.parse(text), sources) for name, text in sources.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_no_two_files_import_each_other_directly_or_in_a_circle() -> None:
    sources = {module_name(path): path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py")}
    assert len(sources) > 150
    assert circle(sources) == []


@pytest.mark.parametrize("where", ["", "def f():\n    ", "if TYPE_CHECKING:\n    "])
@pytest.mark.parametrize("back", ["import a.one", "from a.one import X", "from a import one"])
def test_an_import_circle_is_found_wherever_its_import_stands(where: str, back: str) -> None:
    sources = {"a": "", "a.one": "from a.two import Y", "a.two": "from a.three import Z", "a.three": ""}
    assert circle(sources) == []
    assert set(circle({**sources, "a.three": where + back})) == {"a.one", "a.two", "a.three"}
