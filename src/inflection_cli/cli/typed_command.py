"""The typed command for a shell or the ledger, without personal values."""

import re
import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from inflection_cli.errors import InflSegError
from inflection_cli.settings.option_names import file_word
from inflection_cli.settings.redaction import HIDDEN

_PAIRED: Final = ("--set", "--context")
_ALONE: Final = ("--group-user", "--null")
_LEAST: Final = 4
"""A shorter value is hidden where its option stands, and not wherever such letters are met."""

_SIGNED: Final = re.compile(r"\A([A-Za-z][A-Za-z0-9+.-]+://[^?]*\?).*\Z", re.DOTALL)
"""A link of which the query may be a signature."""


def kept_command(argv: list[str]) -> str:
    """Return the typed command for the ledger, without key and personal data."""
    hidden = {at: word for at, word, _ in _personal(argv)}
    return shown_command([hidden.get(at, word) for at, word in enumerate(argv)])


def redacted(told: Any, argv: Sequence[str]) -> Any:
    """Return text, or JSON values, without typed personal values."""
    hidden = list(_personal(argv))
    return _redacted(told, list(_replacements(argv, hidden))) if hidden else told


@contextmanager
def redacted_error(error: InflSegError, argv: Sequence[str]) -> Iterator[None]:
    """Hide typed personal values in an error until it is reported."""
    told = error.message, error.hint
    error.message, error.hint = redacted(error.message, argv), redacted(error.hint, argv)
    try:
        yield
    finally:
        error.message, error.hint = told


def _personal(argv: Sequence[str]) -> Iterator[tuple[int, str, str]]:
    """Yield places of personal words, what stands for them, and their values."""
    for at, word in enumerate(argv):
        option, joined, rest = word.partition("=") if word.startswith("--") else (argv[at - 1], "", word)
        said = rest if joined or not word.startswith("-") else ""
        before = f"{option}=" if joined else ""
        name, equals, value = said.partition("=")
        if at and option in _PAIRED and equals and _is_personal(name.strip(), value):
            yield at, f"{before}{name}={HIDDEN}", value
        elif at and option in _ALONE and said and (option == "--group-user" or _is_personal("", said)):
            yield at, f"{before}{HIDDEN}", said


def _is_personal(name: str, value: str) -> bool:
    # Few commands have such an option: the others need not load the mapping.
    from inflection_cli.mapping.personal_data import is_personal_setting

    return is_personal_setting(name, value)


def _replacements(argv: Sequence[str], hidden: list[tuple[int, str, str]]) -> Iterator[tuple[str, str]]:
    """Yield personal texts and what stands for each: words, quoted words, values."""
    for at, word, value in hidden:
        typed, option = argv[at], argv[at - 1]
        alone = option in _ALONE and not typed.startswith("--")
        before = f"{option} " if alone else ""
        if shlex.quote(typed) != typed:
            yield before + shlex.quote(typed), before + shlex.quote(word)
        yield before + typed, before + word
        if len(value) >= _LEAST:
            yield value, HIDDEN


def _redacted(told: Any, replacements: list[tuple[str, str]]) -> Any:
    if isinstance(told, str):
        for typed, word in replacements:
            told = told.replace(typed, word)
        return told
    if isinstance(told, dict):
        return {name: _redacted(value, replacements) for name, value in told.items()}
    return [_redacted(value, replacements) for value in told] if isinstance(told, list) else told


def backfill_after(argv: list[str]) -> str:
    """Return a backfill's dry run with the arguments of a typed `validate`."""
    typed = shown_command(argv).removeprefix("infl-seg validate")
    if "--" in argv:
        return f"infl-seg backfill --dry-run{typed}"
    return f"infl-seg backfill{typed} --dry-run"


def shown_command(argv: list[str], *, yes: bool = False, max_errors: int | None = None) -> str:
    """Return the typed command for a shell, without key, with added options."""
    words = ["infl-seg"]
    given = iter(argv[1:])
    for word in given:
        if word == "--":
            # An option may be added behind the files, where it would be taken for one more.
            words += map(file_word, given)
        elif word == "--write-key":
            next(given, None)
            words += ["--write-key", "…"]
        elif word.startswith("--write-key="):
            words.append("--write-key=…")
        elif max_errors is not None and word == "--max-errors":
            next(given, None)
        elif not (max_errors is not None and word.startswith("--max-errors=")):
            words.append(shlex.quote(_SIGNED.sub(r"\1…", word)))
    if yes:
        words.append("--yes")
    if max_errors is not None:
        words += ["--max-errors", str(max_errors)]
    return " ".join(words)
