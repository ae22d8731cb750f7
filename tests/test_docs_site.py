"""The documentation's site: built strictly, and every link within it leads to something."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlsplit

import pytest
from command_support import PATIENCE_S

ROOT = Path(__file__).resolve().parents[1]
needs_mkdocs = pytest.mark.skipif(
    find_spec("material") is None, reason="mkdocs-material is not installed: pip install -e '.[docs]'"
)


class Page(HTMLParser):
    """The links and the anchors of a page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.anchors: set[str] = set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.anchors |= {found[name] for name in ("id", "name") if name in found}
        if tag == "a" and "href" in found:
            self.links.append(found["href"])
        if tag in {"script", "img", "link"}:
            self.loaded += [
                found[name] for name in ("src", "href") if name in found and found.get("rel") != "canonical"
            ]


def built(config: Path, target: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "-f", str(config), "-d", str(target)],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
    )


def faults(site: Path) -> Iterator[str]:
    """Yield each link within the site that leads nowhere, and whatever is loaded from elsewhere."""
    pages = {path: Page(path) for path in site.rglob("*.html")}
    for path, page in pages.items():
        yield from (f"{path.name} loads {each}" for each in page.loaded if urlsplit(each).netloc)
        if path.name == "404.html":  # its links are made for the root of a server
            continue
        for link in page.links:
            address, anchor = urldefrag(link)
            if urlsplit(link).scheme or urlsplit(link).netloc:
                continue
            target = (path.parent / unquote(address)).resolve() if address else path
            target = target / "index.html" if target.is_dir() else target
            if not target.is_file():
                yield f"{path.relative_to(site)}: {link}"
            elif anchor and target in pages and unquote(anchor) not in pages[target].anchors:
                yield f"{path.relative_to(site)}: {link} has no such anchor"


@needs_mkdocs
@pytest.mark.slow
def test_the_site_is_built_strictly_and_every_link_within_it_leads_somewhere(tmp_path: Path) -> None:
    done = built(ROOT / "mkdocs.yml", tmp_path / "site")
    assert done.returncode == 0, done.stderr
    pages = {path.stem for path in (ROOT / "docs").glob("*.md")}
    there = {path.parent.name for path in (tmp_path / "site").glob("*/index.html")} | {"index"}
    assert pages <= there
    assert [*faults(tmp_path / "site")] == []
    assert not (tmp_path / "site" / "generate.py").exists()


@needs_mkdocs
@pytest.mark.slow
@pytest.mark.parametrize("text", ["[x](nowhere.md)", "[x](page.md#nowhere)"])
def test_a_link_that_leads_nowhere_stops_the_build(text: str, tmp_path: Path) -> None:
    config = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").partition("nav:\n  - Start")[0]
    (tmp_path / "mkdocs.yml").write_text(config.replace("name: material", "name: mkdocs"), encoding="utf-8")
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "page.md").write_text("# Page\n", encoding="utf-8")
    (tmp_path / "docs" / "index.md").write_text(f"# Start\n\n{text}\n", encoding="utf-8")
    assert built(tmp_path / "mkdocs.yml", tmp_path / "site").returncode != 0


def test_every_link_of_the_readme_and_of_the_samples_leads_somewhere() -> None:
    for page in (ROOT / "README.md", ROOT / "samples" / "README.md", ROOT / "ARCHITECTURE.md"):
        for link in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            assert urlsplit(link).scheme or (page.parent / link).exists(), (page.name, link)


def test_the_readme_is_short_before_its_links_and_has_the_commands_that_set_up() -> None:
    before = (ROOT / "README.md").read_text(encoding="utf-8").partition("\n## Read on\n")[0]
    assert len(before.splitlines()) <= 60
    for line in (
        "uvx --from . infl-seg backfill samples/spring-launch.csv --rehearse",
        (
            "python3 -m venv .venv && .venv/bin/pip install -q -e '.[dev]' && "
            ".venv/bin/infl-seg backfill samples/spring-launch.csv --rehearse"
        ),
        ".venv/bin/python -m pytest -n auto",
    ):
        assert f"```sh\n{line}\n```" in before
    assert "](docs/page.png)" in before
    assert "](docs/report.png)" in before
