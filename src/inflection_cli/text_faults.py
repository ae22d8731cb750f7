"""Find text faults that readers cannot see, such as invisible characters."""

import json
import re
import unicodedata
from shlex import quote
from typing import Final

from inflection_cli.catalog import NULL_WORDS, NULLS_IN_TEXT, PLACEHOLDER_IDS

# Format characters without a glyph: soft hyphen, joiners, zero-width and direction marks, fillers, tags; and controls.
UNSEEN: Final = (
    r"\x00-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e"
    r"\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
"""The inside of a character class."""

SPACES: Final = r"\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000"
"""The spaces of Unicode beside the one of ASCII, likewise."""

_MERGE_TAG: Final = re.compile(
    r"\{\{.*?\}\}|\{%.*?%\}|\$\{[^{}]*\}|\{\$[^{}]*\}|%%[^%]+%%|\*\|[^|]+\|\*|\[\[.*?\]\]|<%.*?%>", re.DOTALL
)
_WHOLE_TAG: Final = re.compile(
    r"%[A-Za-z_][\w.]*%|@@[^@\s]+@@|\{\d{1,2}\}|\{NAME\}|<NAME>|\[NAME\]".replace(
        "NAME", "[A-Za-z_][A-Za-z_. ]*"
    )
)
"""Tags that are one only if they are the whole cell. Digits in brackets may be a GUID or a JSON list."""

_ALL_BITS: Final = "ffffffff-ffff-ffff-ffff-ffffffffffff"

_UNSEEN: Final = re.compile(f"[{UNSEEN}]")
_OTHER_SPACE: Final = re.compile(f"[{SPACES}]")


def _read(*bytes_read: int) -> str:
    """Return bytes decoded as windows-1252 and latin-1, escaped for a regex."""
    codecs = ("cp1252", "latin-1")
    return re.escape(
        "".join(dict.fromkeys(bytes([b]).decode(c, "ignore") for b in bytes_read for c in codecs))
    )


_TAIL: Final = f"[{_read(*range(0x80, 0xC0))}]"
# In capitals a word may well end in the first character of these, with a quotation mark, a dash or dots behind it.
_AFTER_C2: Final = (
    f"[{_read(*range(0x80, 0x82), *range(0xA0, 0xAB), *range(0xAC, 0xBB), *range(0xBC, 0xC0))}]"
)
_AFTER_C3: Final = f"[{_read(*sorted({*range(0x80, 0xC0)} - {0x85, 0x92, 0x94, 0x96, 0x97, 0xBB}))}]"

# UTF-8 read a byte at a time: a lead byte's character, then those of bytes from 80 to BF.
_DECODED_TWICE: Final = re.compile(
    f"\u00c2{_AFTER_C2}|\u00c3{_AFTER_C3}|(?:[\u00c4\u00c5]{_TAIL}){{2}}|(?:[\u00d0\u00d1]{_TAIL}){{2}}"
    f"|\u00e2[{_read(0x80, 0x82, 0x84)}]{_TAIL}|\u00f0[{_read(0x9F)}]{_TAIL}|\u00ef\u00bf\u00bd|\u00ef\u00bb\u00bf"
)
_REPLACED: Final = "\ufffd"
_LONGEST_NULL: Final = 40


def unseen(text: str) -> str | None:
    """Return the first invisible character with its place, or None."""
    return None if text.isascii() and text.isprintable() else _first(_UNSEEN, text)


def unusual_space(text: str) -> str | None:
    """Return the first non-ASCII space with its place, or None."""
    return None if text.isascii() else _first(_OTHER_SPACE, text)


def spaced(text: str) -> str:
    """Return text with each Unicode space replaced by an ASCII space."""
    return text if text.isascii() else _OTHER_SPACE.sub(" ", text)


def code_point(char: str) -> str:
    """Return a character's code point and its Unicode name, if any."""
    name = unicodedata.name(char, "").lower()
    return f"U+{ord(char):04X} ({name})" if name else f"U+{ord(char):04X}"


def _first(pattern: re.Pattern[str], text: str) -> str | None:
    found = pattern.search(text)
    if found is None:
        return None
    return f"{code_point(found[0])} as character {found.start() + 1} of {len(text)}"


def misspelled(text: str) -> str | None:
    """Return what makes an id differ from its appearance, or None."""
    hidden = unseen(text) or unusual_space(text)
    if hidden is not None:
        return f"has the invisible character {hidden}"
    if text.startswith("'"):
        return "begins with an apostrophe, the mark of text in a spreadsheet"
    if not unicodedata.is_normalized("NFC", text):
        return "is not in Unicode's normal form NFC, so that it differs from an id that looks the same"
    return None


def is_null_word(text: str) -> bool:
    """Return whether a cell is a null word such as `NULL`."""
    return text.lower() in NULL_WORDS


def is_placeholder(text: str | None) -> bool:
    """Return whether an id is a placeholder: null, zeros, `anonymous`, merge tag."""
    if text is None:
        return False
    bare = text.strip("\"'").lower()
    return not bare.strip("0-") or bare in PLACEHOLDER_IDS or bare == _ALL_BITS or has_merge_tag(text)


def is_null_in_text(text: str) -> bool:
    """Return whether a free-text cell is only a software-written null."""
    return text in NULLS_IN_TEXT


def has_merge_tag(text: str) -> bool:
    """Return whether a text holds an unfilled merge tag."""
    return _MERGE_TAG.search(text) is not None or _WHOLE_TAG.fullmatch(text) is not None


def damage(text: str) -> str | None:
    """Return how wrong decoding damaged a text; None if it did not."""
    if text.isascii():
        return None
    if _REPLACED in text:
        return "holds U+FFFD, which stands for a character that was lost when the text was decoded"
    found = _DECODED_TWICE.search(text)
    if found is None:
        return None
    spelled = " ".join(f"U+{ord(char):04X}" for char in found[0][:3])
    return f"holds {spelled}, as UTF-8 does that was decoded as windows-1252 or latin-1"


def damage_hint(text: str, encoding: str) -> str:
    """Return a hint on a text's encoding damage and its fix.

    Args:
        text: It has damage.
        encoding: How its file was decoded.
    """
    if _REPLACED in text:
        return "the characters are lost in the file itself: export it again, as UTF-8"
    if encoding.lower().startswith("utf"):
        return (
            "the file itself holds it so: a program before this one read UTF-8 as windows-1252; export it again, as "
            "UTF-8"
        )
    return f"the file seems to be UTF-8 and was read as {encoding}: --encoding utf-8"


def null_option(text: str, *, has_profile: bool = True) -> str:
    """Return the `--null` option and profile line for this placeholder."""
    word = text if not has_merge_tag(text) or _MERGE_TAG.fullmatch(text) or _WHOLE_TAG.fullmatch(text) else ""
    if not word or len(word) > _LONGEST_NULL or "'" in word or unseen(word):
        word = "VALUE"
    # A value that begins like an option is read as one, unless it is joined.
    joint = "=" if word.startswith("-") else " "
    in_profile = f", in a profile [input] null = ['{word}']" if has_profile else ""
    return f"--null{joint}{quote(word)}{in_profile}"


def empty_option(text: str, name: str, column: str) -> str:
    """Return the option or profile line that empties this placeholder.

    `--null` empties cells of all columns, where a word such as `0` or `true` may mean what it says.

    Args:
        text: The placeholder.
        name: The field.
        column: The column that it is from.
    """
    bare = text.strip("\"'").lower()
    if not bare or is_null_word(bare) or has_merge_tag(text) or (len(bare) == len(_ALL_BITS)):
        return null_option(text)
    quoted = json.dumps(text, ensure_ascii=False)
    source = json.dumps(column, ensure_ascii=False)
    return f'in a profile [fields] {name} = {{ column = {source}, values = {{ {quoted} = "" }} }}'
