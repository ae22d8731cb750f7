"""The examples of docs/python.md, run unchanged against the sandbox that they start."""

import doctest
import re
import shutil
from pathlib import Path

import pytest
from command_support import SAMPLES

PAGE = Path(__file__).resolve().parents[2] / "docs" / "python.md"


def test_the_examples_come_to_what_the_page_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "samples").mkdir()
    for name in ("spring-launch.csv", "broken.csv"):
        shutil.copy(SAMPLES / name, tmp_path / "samples" / name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("INFL_SEG_STATE_DIR", str(tmp_path / "elsewhere"))
    blocks = re.findall(r"^```pycon\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 7
    script = "\n".join(blocks)
    examples = doctest.DocTestParser().get_doctest(script, {}, "docs/python.md", str(PAGE), 0)
    results = doctest.DocTestRunner(verbose=False).run(examples)
    assert results.attempted >= 15
    assert results.failed == 0
