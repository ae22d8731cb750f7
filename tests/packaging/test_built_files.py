"""The wheel and the sdist: built here, and held against the source tree file by file."""

import email
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from command_support import PATIENCE_S

from inflection_cli.version import __version__

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "inflection_cli"


def build(project: Path, target: Path) -> None:
    """Build both as a front end would, without a network."""
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-d", str(target)],
        cwd=project,
        check=True,
        capture_output=True,
        timeout=PATIENCE_S,
    )


def wheel_files(folder: Path) -> dict[str, bytes]:
    (path,) = folder.glob("*.whl")
    with zipfile.ZipFile(path) as wheel:
        return {name: wheel.read(name) for name in wheel.namelist()}


@pytest.mark.slow
def test_the_wheel_holds_the_package_and_nothing_else_and_the_sdist_builds_the_same_one(
    tmp_path: Path,
) -> None:
    build(ROOT, tmp_path / "first")
    wheel = wheel_files(tmp_path / "first")
    package = {name: data for name, data in wheel.items() if name.startswith("inflection_cli/")}
    there = {
        path.relative_to(SOURCE.parent).as_posix(): path.read_bytes()
        for path in SOURCE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    # The pages of the documentation are shown by `infl-seg help PAGE`.
    there |= {f"inflection_cli/docs/{path.name}": path.read_bytes() for path in (ROOT / "docs").glob("*.md")}
    assert package == there
    rest = {name.partition("/")[2] for name in wheel.keys() - package.keys()}
    assert rest == {"METADATA", "WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE"}
    info = f"infl_seg-{__version__}.dist-info"
    metadata = email.message_from_bytes(wheel[f"{info}/METADATA"])
    assert (metadata["Name"], metadata["Version"], metadata["Requires-Python"]) == (
        "infl-seg",
        __version__,
        ">=3.11",
    )
    assert metadata["Description-Content-Type"] == "text/markdown"
    assert b"infl-seg = inflection_cli.__main__:main" in wheel[f"{info}/entry_points.txt"]
    (sdist,) = (tmp_path / "first").glob("*.tar.gz")
    with tarfile.open(sdist) as packed:
        names = {name.partition("/")[2] for name in packed.getnames()}
        packed.extractall(tmp_path / "unpacked", filter="data")
    assert {
        "README.md",
        "LICENSE",
        "pyproject.toml",
        "samples/spring-launch.csv",
        "tests/conftest.py",
    } <= names
    assert not [name for name in names if name.startswith((".venv", ".git/", "dist/", "site/"))]
    build(tmp_path / "unpacked" / f"infl_seg-{__version__}", tmp_path / "second")
    assert wheel_files(tmp_path / "second") == wheel
