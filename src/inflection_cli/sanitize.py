"""Sanitize text from files, so output cannot control terminals or CI."""

import re
from typing import Final

from inflection_cli.text_faults import SPACES, UNSEEN

# Controls and what reorders or breaks lines; and what nobody sees or would take for another space.
_HARMFUL: Final = re.compile(f"[{UNSEEN}{SPACES}\\ud800-\\udfff]")
_MOST: Final = 80


def escape(text: str, most: int | None = None) -> str:
    """Escape characters that could control a terminal or CI; cut to `most`."""
    # A CI's runner reads commands out of what is printed: GitHub's takes `##[` anywhere in a line, and `::`
    # where one begins (src/Runner.Common/ActionCommand.cs in actions/runner).
    safe = _HARMFUL.sub(lambda match: _spelled(match[0]), text).replace("##[", "##\\x5b")
    if safe.lstrip().startswith("::"):
        safe = safe.replace(":", "\\x3a", 1)
    return safe if most is None or len(safe) <= most else safe[: most - 1] + "…"


def mask_cell(value: str, *, in_full: bool) -> str:
    """Return a cell for display, either cut short or masked."""
    return f"“{escape(value, _MOST)}”" if in_full else mask(value)


def mask(value: str) -> str:
    """Return a cell's shape: letters as `x`, digits as `9`, cut short."""
    return f"“{escape(shape(value[:_MOST]), 40)}”"


def shape(text: str) -> str:
    """Return text with letters as `x` and digits as `9`."""
    return "".join("9" if c.isdigit() else "x" if c.isalpha() else c for c in text)


def _spelled(char: str) -> str:
    if ord(char) < 0x100:
        return f"\\x{ord(char):02x}"
    return f"\\u{ord(char):04x}" if ord(char) < 0x10000 else f"\\U{ord(char):08x}"


def counted(count: int, one: str, many: str = "") -> str:
    """Format a count with its noun.

    Args:
        count: How many.
        one: What follows the number 1.
        many: What follows any other; by default `one` with an s.
    """
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"
