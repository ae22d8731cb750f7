"""A command that cannot be parsed, in our words: what is wrong with which option, and a value to try."""

import re
from typing import Any, Final

from inflection_cli.errors import UsageError

_CHOICE: Final = re.compile(r"(.*?)is not one of (.+)\.")
_LEAST: Final = re.compile(r"(?:greater than or equal to|in the range x>=)\s*(\d+)", re.IGNORECASE)
_NUMBER: Final = re.compile(r"valid (?:integer|number|float)|valid (?:integer|float) range", re.IGNORECASE)


def misuse(error: Any) -> UsageError:
    """Word what the parser refused.

    Args:
        error: What Typer raised, with the parameter and the command where it knows them.
    """
    said = error.format_message().replace("Value error, ", "")
    return UsageError(said, hint=_mend(error, said) or _help(error))


def _mend(error: Any, said: str) -> str:
    """Give the option with a value that would do; nothing where none is known."""
    near = getattr(error, "possibilities", None)
    if near:
        return f"did you mean {' or '.join(near)}?"
    names = getattr(getattr(error, "param", None), "opts", None) or []
    option = next((name for name in names if name.startswith("--")), "")
    choice = _CHOICE.search(said)
    if choice is not None:
        words = re.findall(r"'([^']+)'", choice[2])
        return " or ".join(f"{option} {word}".strip() for word in words)
    least = _LEAST.search(said)
    if option and least is not None:
        return f"{option} takes {least[1]} or more, for example {option} {max(1, int(least[1]))}"
    if option and _NUMBER.search(said):
        return f"{option} takes a number, for example {option} 100"
    return ""


def _help(error: Any) -> str:
    context = getattr(error, "ctx", None)
    return f"{context.command_path if context else 'infl-seg'} --help shows what there is"
