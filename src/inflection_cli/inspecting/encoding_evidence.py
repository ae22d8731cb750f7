"""Evidence of a file's encoding: which encoding decodes its bytes to words."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from typing import Final

from inflection_cli.inspecting.inspection_result import EncodingFinding

# The commonest first: where several read the same text, the first is named.
CANDIDATES: Final = (
    "windows-1252",
    "windows-1250",
    "windows-1251",
    "windows-1253",
    "windows-1254",
    "iso-8859-15",
    "iso-8859-2",
    "mac-roman",
    "cp850",
    "cp437",
    "shift_jis",
    "gb18030",
)
_DOUBLE: Final = frozenset({"shift_jis", "gb18030"})
"""Encodings in which a character may end in a byte of ASCII."""

_MOST_WORDS: Final = 2_000
_MOST_WORD_BYTES: Final = 40
_LEAST_SHARE: Final = 0.8
_CHARACTERS_SHOWN: Final = 6
_WORD: Final = re.compile(rb"[A-Za-z]*[\x80-\xff][@-~\x80-\xff]*")
_LETTERS: Final = re.compile(rb"[A-Za-z\x80-\xff]+")
_MOST_ACCENTED: Final = 2 / 3
"""No more of a Latin word's letters are beyond ASCII: "été"."""

_MARKS: Final = frozenset("€£§©®°·«»‹›“”„‘’‚–—…•™¿¡½¼¾²³±×µ\u00a0")  # noqa: RUF001 - these very marks
_ASIAN: Final = ("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "FULLWIDTH", "IDEOGRAPHIC")


class EncodingEvidence:
    """Collects a limited number of words with non-ASCII bytes.

    Attributes:
        lines: How many times bytes were added.
        sound_lines: How many lines beyond ASCII could be read unchanged.
    """

    def __init__(self) -> None:
        self.lines = 0
        self.sound_lines = 0
        self._words: Counter[bytes] = Counter()

    def add(self, raw: bytes) -> None:
        """Add the raw bytes of a line."""
        self.lines += 1
        for word in _WORD.findall(raw):
            cut = word[:_MOST_WORD_BYTES]
            if cut in self._words or len(self._words) < _MOST_WORDS:
                self._words[cut] += 1

    def finding(self) -> EncodingFinding | None:
        """Return the most likely encoding; None if the bytes are mostly UTF-8."""
        foreign = {word: count for word, count in self._words.items() if not _is_utf8(word)}
        if not foreign or len(foreign) * 2 < len(self._words) or self.sound_lines > self.lines:
            return None
        scores = {name: sum(_makes_sense(word, name) for word in foreign) for name in CANDIDATES}
        best = max(CANDIDATES, key=lambda name: scores[name])
        if scores[best] < _LEAST_SHARE * len(foreign):
            return EncodingFinding(None, len(foreign), scores[best], (), ())
        same = [name for name in CANDIDATES if name != best and _same_text(foreign, best, name)]
        return EncodingFinding(
            best, len(foreign), scores[best], tuple(same), tuple(_characters(foreign, best))
        )


def _is_utf8(word: bytes) -> bool:
    try:
        word.decode("utf-8")
    except UnicodeDecodeError as error:
        # A word that was cut short may end in the midst of a character.
        return len(word) == _MOST_WORD_BYTES and error.start > _MOST_WORD_BYTES - 4
    return True


def _decoded(word: bytes, encoding: str) -> str | None:
    try:
        return word.decode(encoding)
    except UnicodeDecodeError:
        return None


def _makes_sense(word: bytes, encoding: str) -> bool:
    """Return whether an encoding decodes a word to a plausible word."""
    found = word if encoding in _DOUBLE else _first_letters(word)
    text = _decoded(found, encoding)
    if text is None or any(
        not (char.isalpha() or char in _MARKS or _script(char) == "ASIAN") for char in text
    ):
        return False
    letters = "".join(filter(str.isalpha, text))
    scripts = set(map(_script, letters))
    if len(scripts) > 1:
        return False
    accented = sum(not char.isascii() for char in letters)
    if scripts == {"LATIN"} and len(letters) > 1 and accented > _MOST_ACCENTED * len(letters):
        return False
    return letters[1:] == letters[1:].lower() or letters == letters.upper()


def _first_letters(word: bytes) -> bytes:
    found = _LETTERS.match(word)
    return found[0] if found else word


def _script(char: str) -> str:
    name = unicodedata.name(char, "")
    if name.startswith(_ASIAN):
        return "ASIAN"
    # ª, º, ƒ and their like are letters to Unicode, and not to writers.
    return name.partition(" ")[0] if unicodedata.category(char) in {"Lu", "Ll", "Lo"} else "MARK"


def _same_text(words: Iterable[bytes], first: str, second: str) -> bool:
    return all(_decoded(word, first) == _decoded(word, second) for word in words)


def _characters(words: dict[bytes, int], encoding: str) -> Iterable[tuple[str, str, int]]:
    """Yield the most frequent non-ASCII characters with hex bytes and counts."""
    tally: Counter[str] = Counter()
    for word, count in words.items():
        for char in _decoded(word, encoding) or "":
            if not char.isascii():
                tally[char] += count
    for char, count in tally.most_common(_CHARACTERS_SHOWN):
        yield char, char.encode(encoding).hex().upper(), count
