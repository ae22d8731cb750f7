"""Convert parser errors to usage errors with a suggested value."""

import re
from collections.abc import Iterator
from typing import Any, Final

from inflection_cli.cli.foreign_words import COMMANDS, OPTIONS
from inflection_cli.cli.options import example, long_name
from inflection_cli.errors import UsageError
from inflection_cli.settings.declarations import ALL_OPTIONS
from inflection_cli.suggestions import meant, nearest

UNSAFE: Final = frozenset(name for name, each in ALL_OPTIONS.items() if each.option.forces)
"""Options that skip a question or a refusal: only the user may ask for them, so they are never suggested."""

_CHOICE: Final = re.compile(r"(.*?)is not one of (.+)\.")
_LEAST: Final = re.compile(r"(?:greater than or equal to|in the range x>=)\s*(\d+)", re.IGNORECASE)
_WHOLE: Final = re.compile(r"valid integer", re.IGNORECASE)
_NUMBER: Final = re.compile(r"valid (?:integer|number|float)", re.IGNORECASE)
_COUNTED: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([kmhds%]|hours?|days?)", re.IGNORECASE)
_THOUSANDS: Final = {"k": 1e3, "m": 1e6}
_UNITS: Final = {
    "--limit": _THOUSANDS,
    "--events-per-second": _THOUSANDS,
    "--requests-per-second": _THOUSANDS,
    "--dedup-window": {"h": 1.0, "d": 24.0, "m": 1 / 60, "s": 1 / 3600},
}
"""By option, what is meant by a unit behind its number."""


def usage_error(error: Any) -> UsageError:
    """Convert a parser error to a `UsageError` with a hint.

    Args:
        error: What Typer raised, with the parameter and the command where it knows them.
    """
    kind, said = type(error).__name__, error.format_message().replace("Value error, ", "")
    if kind == "NoSuchOption":
        return UsageError(f"No such option: {error.option_name}", hint=_other_option(error))
    command = re.match(r"No such command '(.*?)'", said)
    if command is not None:
        return UsageError(command[0], hint=_other_command(error, command[1]))
    option = getattr(error, "param", None)
    if option is not None and _NUMBER.search(said):
        name = long_name(option)
        return UsageError(
            f"{name} takes {_number(said)} alone, and no other text",
            hint=f"for example {name} {_without_unit(name, _given(error, name))}",
        )
    return UsageError(said, hint=_fix(error, said) or _help(error))


def _fix(error: Any, said: str) -> str:
    """Return a hint with a valid option value, or ""."""
    names = getattr(getattr(error, "param", None), "opts", None) or []
    option = next((name for name in names if name.startswith("--")), "")
    choice = _CHOICE.search(said)
    if choice is not None:
        words = re.findall(r"'([^']+)'", choice[2])
        return " or ".join(f"{option} {word}".strip() for word in words)
    least = _LEAST.search(said)
    right = example(option)
    if option and least is not None:
        return f"{option} takes {least[1]} or more, for example {option} {right or max(1, int(least[1]))}"
    return f"for example {option} {right}" if right else ""


def _other_option(error: Any) -> str:
    """Return the hint for an unknown option."""
    typed, command = str(error.option_name), getattr(getattr(error, "ctx", None), "command", None)
    bare = typed.lstrip("-")
    foreign = OPTIONS.get(bare) or OPTIONS.get(bare.lower().replace("_", "-"))
    if hasattr(command, "commands"):
        return f"options go after the command: {_help(error)}"
    if foreign:
        return foreign
    near = nearest(bare.replace("_", "-"), _safe_names(error)) if len(bare) > 1 else []
    return meant(near, "--") or _help(error)


def _safe_names(error: Any) -> Iterator[str]:
    """Yield long option names without hyphens that are safe to suggest."""
    context = error.ctx
    for option in context.command.get_params(context) if context else ():
        for name in option.opts:
            if name.startswith("--") and name not in UNSAFE:
                yield name.removeprefix("--")


def _other_command(error: Any, typed: str) -> str:
    """Return the hint for an unknown command."""
    context = error.ctx
    foreign = COMMANDS.get(typed.lower())
    near = nearest(typed, context.command.commands)
    return meant(near) or foreign or _help(error)


def _number(said: str) -> str:
    return "a whole number" if _WHOLE.search(said) else "a number"


def _given(error: Any, name: str) -> str:
    return str(getattr(error, "given", {}).get(name, ""))


def _without_unit(name: str, given: str) -> str:
    """Return a number without its unit, or else a correct example."""
    found = _COUNTED.fullmatch(given.strip())
    unit = _UNITS.get(name, {}).get(found[2][0].lower()) if found else None
    if found is None or unit is None:
        return str(example(name) or 1)
    number = float(found[1]) * unit
    return str(int(number)) if number == int(number) else f"{number:.3f}"


def _help(error: Any) -> str:
    context = getattr(error, "ctx", None)
    return f"{context.command_path if context else 'infl-seg'} --help shows what there is"
