"""Text from files, made harmless where it is shown: a cell must never steer a terminal or forge a line."""

import re
from typing import Final

# What reorders or breaks lines (bidi controls, line and paragraph separators), and what nobody sees: soft hyphens,
# fillers, marks of zero width, annotations, and the tag characters, which spell ASCII (UTS #51, ED-14a).
UNSEEN: Final = (
    r"\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164"
    r"\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
"""Characters to spell out, as a pattern's class."""

# C0, DEL and C1 beside them.
_HARMFUL: Final = re.compile(rf"[\x00-\x1f\x7f-\x9f{UNSEEN}\ud800-\udfff]")
_MOST: Final = 80


def shown(text: str, most: int | None = None) -> str:
    """Return text in which what would steer a terminal or a CI's runner is spelled out, cut to `most` characters."""
    # A CI's runner reads commands out of what is printed: GitHub's takes `##[` anywhere in a line, and `::`
    # where one begins (src/Runner.Common/ActionCommand.cs in actions/runner).
    safe = _HARMFUL.sub(lambda match: _spelled(match[0]), text).replace("##[", "##\\x5b")
    if safe.lstrip().startswith("::"):
        safe = safe.replace(":", "\\x3a", 1)
    return safe if most is None or len(safe) <= most else safe[: most - 1] + "…"


def cell(value: str, *, in_full: bool) -> str:
    """Return a cell for display: as it stands, cut to a line's length, or masked."""
    return f"“{shown(value, _MOST)}”" if in_full else masked(value)


def masked(value: str) -> str:
    """Return a cell's shape: letters are `x`, digits `9`, the rest as it stands, cut short."""
    shape = "".join("9" if c.isdigit() else "x" if c.isalpha() else c for c in value[:_MOST])
    return f"“{shown(shape, 40)}”"


def _spelled(char: str) -> str:
    code = ord(char)
    if code > 0xFFFF:
        return f"\\U{code:08x}"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
