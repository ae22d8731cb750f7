"""The pages under docs/ are what the code says, and no page names a command or option that is not there."""

import contextlib
import io
import os
import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from command_support import Desk, Result

from inflection_cli.reporting.rule_docs import rules_by_code

ROOT = Path(__file__).resolve().parents[1]
PAGES = ("docs/problems.md", "docs/commands.md")


def generate(*words: str) -> Result:
    said = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stderr(said):
        patch.setattr(sys, "argv", ["generate.py", *words])
        with pytest.raises(SystemExit) as ended:
            runpy.run_path(str(ROOT / "docs" / "generate.py"), run_name="__main__")
    assert isinstance(ended.value.code, int)
    return Result(ended.value.code, "", said.getvalue())


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for pattern in ("docs/*.md", "src/inflection_cli/schemas/*.json"):
        for page in ROOT.glob(pattern):
            copy = tmp_path / page.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(page, copy)
    return tmp_path


def test_the_pages_are_what_the_code_says() -> None:
    done = generate("--check")
    assert (done.code, done.err) == (0, "")


@pytest.mark.parametrize("page", PAGES)
def test_a_page_that_is_out_of_date_is_named_with_the_command_that_fixes_it(page: str, project: Path) -> None:
    (project / page).write_text("old", encoding="utf-8")
    done = generate("--check", "--root", str(project))
    assert done.code == 1
    assert done.err == f"{page} is out of date; to write it again: python docs/generate.py\n"


def test_a_page_that_is_missing_is_out_of_date(project: Path) -> None:
    shutil.rmtree(project / "docs")
    done = generate("--check", "--root", str(project))
    assert done.code == 1
    assert all(page in done.err for page in PAGES)


def test_the_pages_are_the_same_on_any_terminal(project: Path) -> None:
    narrow = {"COLUMNS": "20", "TERM": "xterm-256color", "FORCE_COLOR": "1", "LC_ALL": "C"}
    words = [sys.executable, str(ROOT / "docs" / "generate.py"), "--check", "--root", str(project)]
    assert subprocess.run(words, check=False, timeout=240, env={**os.environ, **narrow}).returncode == 0


def test_every_code_has_its_entry() -> None:
    page = (ROOT / "docs" / "problems.md").read_text(encoding="utf-8")
    assert re.findall(r"^## (.+)$", page, re.MULTILINE) == [*rules_by_code()]
    for rule in rules_by_code().values():
        assert f"```text\n{rule.example}\n```" in page


def test_every_command_that_help_lists_has_its_entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    desk = Desk.at(tmp_path, monkeypatch)
    listed = re.findall(r"^  ([a-z][a-z-]*) {2,}", desk.run("--help").out, re.MULTILINE)
    assert len(listed) >= 6
    assert [name for name in listed if f"\n## infl-seg {name}\n" not in page] == []


def test_every_option_that_help_lists_has_its_entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    entry = page.partition("\n## infl-seg backfill\n")[2].partition("\n## ")[0]
    monkeypatch.setenv("COLUMNS", "200")
    help_text = Desk.at(tmp_path, monkeypatch).run("backfill", "--help-all").out
    listed = set(re.findall(r"^  (?:-., )?(--[a-z-]+)", help_text, re.MULTILINE)) - {"--help", "--help-all"}
    assert len(listed) > 30
    assert [name for name in sorted(listed) if f"`{name}`" not in entry] == []


def test_every_exit_code_has_its_entry() -> None:
    page = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    codes = re.findall(r"^\| ([0-9]+(?:, [0-9]+)*) \|", page, re.MULTILINE)
    found = {int(code) for entry in codes for code in entry.split(", ")}
    assert found == {0, 1, 2, 3, 4, 5, 6, 7, 8, 70, 129, 130, 141, 143}


FAULTY = (
    ("```\ninfl-seg valdate export.csv\n```", "there is no command “infl-seg valdate”"),
    ("```sh\n$ infl-seg validate a.csv --timezon UTC\n```", "infl-seg validate has no option --timezon"),
    ("```\ncat a | infl-seg validate - --piped | wc\n```", "infl-seg validate has no option --piped"),
    ("```\ninfl-seg validate a.csv \\\n  --continued\n```", "infl-seg validate has no option --continued"),
    ("    infl-seg runs lst\n", "there is no command “infl-seg runs lst”"),
    ("```\npython -m inflection_cli backfil x\n```", "there is no command “infl-seg backfil”"),
    ("```\n.venv/bin/infl-seg backfill x --rehearse --fast\n```", "infl-seg backfill has no option --fast"),
    ("Try `infl-seg explian ragged-row`.", "there is no command “infl-seg explian”"),
    ("```\nKEY=x infl-seg backfill a --yes -z\n```", "infl-seg backfill has no option -z"),
)


def test_a_command_that_is_not_there_is_found_on_a_page_with_its_line(project: Path) -> None:
    (project / "README.md").write_text("\n".join(page for page, _ in FAULTY), encoding="utf-8")
    done = generate("--check", "--root", str(project))
    assert done.code == 1
    said = done.err.splitlines()
    assert len(said) == len(FAULTY)
    for line, (_, fault) in zip(said, FAULTY, strict=True):
        assert re.fullmatch(rf"README\.md:[0-9]+: {re.escape(fault)} in: .+", line)
    assert said[0].startswith("README.md:2: ")
    assert said[3].startswith("README.md:11: ")


def test_commands_that_are_there_pass(project: Path) -> None:
    (project / "README.md").write_text(
        "```sh\npip install infl-seg\ninfl-seg --version && infl-seg -h\n"
        "infl-seg backfill a.csv --timezone -x --map event=Kind \\\n  --yes  # --nope\n"
        "infl-seg runs show RUN > out.txt\n```\n"
        "Install `infl-seg`, then `infl-seg validate FILE… --report sarif=out`.\n",
        encoding="utf-8",
    )
    done = generate("--check", "--root", str(project))
    assert (done.code, done.err) == (0, "")


def test_every_option_that_a_fix_names_is_there() -> None:
    page = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    named = {name for rule in rules_by_code().values() for name in re.findall(r"--[a-z-]+", rule.fix)}
    assert named
    assert [name for name in sorted(named) if f"`{name}`" not in page] == []


def test_each_rule_of_the_guidelines_is_kept_or_argued() -> None:
    page = (ROOT / "docs" / "clig.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) \| (.+?) \| (.+?) \| (.+?) \|$", page, re.MULTILINE)
    assert [int(number) for number, *_ in rows] == [*range(1, 97)]
    assert {state for _, _, state, _ in rows} == {"holds", "argued", "not applicable"}
    for number, _, _, where in rows:
        for path in re.findall(r"`((?:src|tests|cli|reading|settings|docs)/[\w./]+|\w+\.py)`", where):
            places = (ROOT / path, ROOT / "src" / "inflection_cli" / path)
            assert any(place.exists() for place in places), (number, path)
