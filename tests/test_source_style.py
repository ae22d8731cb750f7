"""Check the language and the names of the source: docstrings, file names and class names."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

PACKAGE: Final = Path(__file__).resolve().parents[1] / "src" / "inflection_cli"
MODULES: Final = sorted(PACKAGE.rglob("*.py"))
MOST_WORDS: Final = 12

DENIED: Final = frozenset(
    {
        *("Say", "Says", "Tell", "Tells", "Give", "Gives", "Word", "Words", "Speak", "Speaks"),
        *("Settle", "Settles", "Let", "Lets", "Spell", "Spells"),
        *("What", "Whether", "Which", "How", "Who", "Whose", "Where", "When", "Why"),
    }
)
"""First words that a docstring must not have: they hide what the code does."""

Documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def first_lines(path: Path) -> Iterator[tuple[str, str]]:
    """Yield place and first line of each docstring in a file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, Documented) and (text := ast.get_docstring(node)):
            line = 1 if isinstance(node, ast.Module) else node.lineno
            yield f"{path.relative_to(PACKAGE)}:{line}", text.splitlines()[0]


def faults_of(line: str) -> list[str]:
    """Return what is wrong with a docstring's first line."""
    words = line.split()
    faults = [f"begins with {words[0]!r}"] if words[0].strip(",;:") in DENIED else []
    if len(words) > MOST_WORDS:
        faults.append(f"has {len(words)} words, at most {MOST_WORDS} are allowed")
    return faults


def test_the_first_line_of_every_docstring_is_short_and_begins_with_a_word_of_the_field() -> None:
    faults = [
        f"{place}: {fault}: {line}"
        for path in MODULES
        for place, line in first_lines(path)
        for fault in faults_of(line)
    ]
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize(
    "line", ["Tell whether a row is read.", "Whether a row is read.", "Return " + "one of " * 6 + "them."]
)
def test_a_first_line_that_breaks_the_rule_is_found(line: str) -> None:
    assert faults_of(line)


def test_no_two_files_have_one_name() -> None:
    places = defaultdict(list)
    for path in MODULES:
        if path.stem not in {"__init__", "__main__"}:
            places[path.stem].append(str(path.relative_to(PACKAGE)))
    assert not {name: found for name, found in places.items() if len(found) > 1}


def test_no_two_public_classes_have_one_name() -> None:
    places = defaultdict(list)
    for path in MODULES:
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(str(path.relative_to(PACKAGE)))
    assert not {name: found for name, found in places.items() if len(found) > 1}
