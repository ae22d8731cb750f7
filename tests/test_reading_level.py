"""Check that every text for people is plain: short sentences and no word of the deny-list."""

import ast
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Final

import pytest

from inflection_cli.reporting.rule_docs import rules_by_code
from inflection_cli.settings.declarations import ALL_OPTIONS, Option

ROOT: Final = Path(__file__).resolve().parents[1]
PACKAGE: Final = ROOT / "src" / "inflection_cli"
HISTORY: Final = ROOT / "CHANGELOG.md"
"""It keeps the words of its time."""
PAGES: Final = sorted({*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("samples/*.md")} - {HISTORY})
MOST_WORDS: Final = 20

DENIED: Final = (
    *(r"mend(s|ed|ing)?", r"settle(s|d)?", r"settling", r"meant", r"hardly", r"nobody", r"aright", r"whence"),
    *(r"in doubt", r"doubtful", r"befalls?", r"unless said", r"whatever", r"all the same", r"at the most"),
    *(
        r"(?<!there )(is|are|was|were) no(?! longer| more)",
        r"(is|are) none",
        r"none that",
        r"nothing need be",
    ),
    *(
        r"doubles|doubled",
        r"turned round",
        r"un?packed",
        r"packed",
        r"unpacks?",
        r"beats?",
        r"for ever",
        r"anew",
    ),
    *(r"stands?(?! for)", r"stood", r"let the rest go", r"leave .{1,30} alone", r"to be rid of", r"lies"),
    *(r"sees? whether", r"your word", r"filthy", r"rooms", r"hence", r"thus", r"thereof", r"lest", r"ere"),
    *(r"dice", r"goes once", r"have such", r"comes? to its end", r"ha[sd] a say", r"at work", r"a defect of"),
    *(
        r"(is|are|was|be|been) (said|told|spelt)",
        r"(goes|go|went|going) out",
        r"takes? no more",
        r"by its word",
    ),
)
"""Archaic, poetic or vague words. docs/glossary.md has the words of the field."""
_DENIED: Final = re.compile(rf"(?<![\w-])(?:{'|'.join(DENIED)})(?![\w-])", re.IGNORECASE)

_CODE: Final = re.compile(r"`[^`]*`|\{[^{}]*\}|\[\w+\]|<[^<>\s]+>|https?://\S+|infl-seg [a-z-]+( [a-z]+)?")
_SENTENCE_END: Final = re.compile(r"(?<=[.!?:])[\"”\u2019)*]*\s+(?=[^\sa-z])|;\s+(?=\d)|\n\s*\n")
"""A full stop or a colon before a capital or code; a semicolon between exit codes; an empty line."""
_WORD: Final = re.compile(r"[\"“(*_]*[^\W_](?:[\w'\u2019.,%-]*[^\W_])?[\"”),.;:!?*_…]*")
_NO_WORD: Final = re.compile(r"[=/\\_]|^--")
_NO_TEXT: Final = re.compile(
    r"\s*(SELECT|CREATE|INSERT|UPDATE|DELETE|PRAGMA|ALTER|BEGIN|DROP|<|--|:root|\(\?)"
)


def words_of(sentence: str) -> list[str]:
    """Return the words of a sentence; options, assignments and paths do not count."""
    parts = _CODE.sub(" x ", sentence).split()
    return [part for part in parts if _WORD.fullmatch(part) and not _NO_WORD.search(part)]


def faults_of(text: str) -> list[str]:
    """Return what is wrong with a text."""
    denied = [found[0].strip() for found in _DENIED.finditer(_CODE.sub(" x ", text))]
    long = [sentence for sentence in _SENTENCE_END.split(text) if len(words_of(sentence or "")) > MOST_WORDS]
    return [
        *(f"“{word}” is on the deny-list in: {text}" for word in denied),
        *(f"a sentence of {len(words_of(sentence))} words: {sentence.strip()}" for sentence in long),
    ]


def paragraphs(page: str) -> Iterator[str]:
    """Yield the paragraphs, list items and table cells of a Markdown page, without its code blocks."""
    prose = re.sub(r"```.*?```", "", page, flags=re.DOTALL)
    prose = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", prose)
    for block in re.split(r"\n\s*\n|\n(?=\s*(?:[-*]|\d+\.) )|\n(?=#)", prose):
        if block.lstrip().startswith("|"):
            yield from (cell.strip() for cell in re.split(r"(?<!\\)\|", block))
        elif not block.startswith("    "):
            yield " ".join(re.sub(r"^\s*(?:[-*>]|\d+\.|#+) ", "", block, flags=re.MULTILINE).split())


def texts_of(path: Path) -> Iterator[tuple[int, str]]:
    """Yield line and text of each string of a source file that has several words; no docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    inner: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            inner.add(node.value)
        if isinstance(node, ast.JoinedStr):
            inner.update(each for each in ast.walk(node) if each is not node)
    for node in ast.walk(tree):
        if node in inner or not isinstance(node, ast.Constant | ast.JoinedStr):
            continue
        text = written(node)
        if len(text.split()) > 3 and not _NO_TEXT.match(text):
            yield node.lineno, text


def written(node: ast.Constant | ast.JoinedStr) -> str:
    """Return a string as it is read, with X for each part that is filled in."""
    parts = node.values if isinstance(node, ast.JoinedStr) else [node]
    values = [each.value if isinstance(each, ast.Constant) else "X" for each in parts]
    return "".join(value for value in values if isinstance(value, str))


def places_with_faults() -> Iterator[str]:
    """Yield the places of the source whose texts are not plain."""
    for path in sorted(PACKAGE.rglob("*.py")):
        for line, text in texts_of(path):
            for fault in faults_of(text):
                yield f"{path.relative_to(PACKAGE)}:{line}: {fault}"


def test_every_text_of_the_program_is_plain() -> None:
    faults = list(places_with_faults())
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_page_is_plain(page: Path) -> None:
    parts = paragraphs(page.read_text(encoding="utf-8"))
    faults = [fault for part in parts for fault in faults_of(part)]
    assert not faults, "\n".join(faults)


def test_every_text_of_the_catalogue_is_plain() -> None:
    faults = [
        f"{rule.code}: {fault}"
        for rule in rules_by_code().values()
        for text in (rule.meaning, rule.fix)
        for fault in faults_of(text)
    ]
    assert not faults, "\n".join(faults)


def test_every_text_of_an_option_is_plain() -> None:
    names = [
        each.name for each in fields(Option) if each.name in {"help", "never", "profile_help", "project_help"}
    ]
    faults = [
        f"{flag}: {fault}"
        for flag, each in ALL_OPTIONS.items()
        for name in names
        for fault in faults_of(getattr(each.option, name))
    ]
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("Settle the errors above.", "“Settle” is on the deny-list"),
        ("the text is no time", "“is no” is on the deny-list"),
        ("one " * 21 + "too many.", "a sentence of 23 words"),
        ("Short. " + "one " * 19 + "two three; four.", "a sentence of 23 words"),
    ],
)
def test_a_text_that_is_not_plain_is_found(text: str, fault: str) -> None:
    assert faults_of(text)[0].startswith(fault)


@pytest.mark.parametrize(
    "text",
    [
        "there is no such column",
        "Look at this: `--x` " + "one " * 19,
        "Use `--map` " + "and --set campaign_id=VALUE " * 15,
        "run infl-seg runs settle last --accepted",
    ],
)
def test_a_plain_text_passes(text: str) -> None:
    assert faults_of(text) == []
