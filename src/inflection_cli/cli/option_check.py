"""Check before parsing that each option has its own value."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from inflection_cli.cli.options import example_of, long_name
from inflection_cli.errors import UsageError
from inflection_cli.settings.declarations import ALL_OPTIONS
from inflection_cli.settings.layering import looks_like_an_option, names_an_option, plain_dashes

_KEY_OPTION: Final = "--write-key"
"""The one option whose value is never repeated."""

LONGEST_VALUE: Final = 8_000
"""Characters; a value of an option that is longer is another file's content."""

MOST: Final = 1e12
"""A number above this is a typing error: no rate, port, limit or duration comes near it."""

_NO_TEXT: Final = re.compile("[\ud800-\udfff]")
"""What Python makes of bytes of an argument that are not UTF-8 (PEP 383)."""

_OF_FILES: Final = re.compile("FILE|DIR|PATH|toml")
"""Names of files may have any bytes."""

_TRUTHS: Final = frozenset({"true", "false", "yes", "no", "on", "off", "0", "1"})

_VARIABLES: Final[Mapping[str, str]] = {
    each.option.variable: each.field for each in ALL_OPTIONS.values() if each.option.variable
}
"""Variables that commands read, and the parameter of a command that each sets."""


@dataclass(frozen=True, slots=True, eq=False)
class Given:
    """An option as it was typed.

    Attributes:
        option: As Typer knows it.
        name: As it was typed: `--yes` or `-y`.
        value: What follows; None where the line ends, and for a flag without anything joined to it.
        joined: Whether the value is joined to the name by an equals sign.
        after: For a flag, the word that follows it.
    """

    option: Any
    name: str
    value: str | None
    joined: bool
    after: str | None = None


def refuse_swallowed_words(options: Sequence[Any], words: Sequence[str]) -> dict[str, str]:
    """Check that each option has a value that is not another option.

    Args:
        options: All of a command, as Typer knows them.
        words: What was typed after the command's name.

    Returns:
        The last value of each option, by the option's long name.

    Raises:
        UsageError: A value is missing, is empty, is another option, or stands after a flag, which takes none.
    """
    values: dict[str, str] = {}
    for given in options_in(options, words):
        if _takes_none(given.option):
            _refuse_value_of_flag(given)
            continue
        values[long_name(given.option)] = _value_of(given)
    return values


def refuse_options_in_environment(parameters: Sequence[Any], environ: Mapping[str, str]) -> None:
    """Check that no variable which a command reads holds an option.

    Raises:
        UsageError: One does.
    """
    known = {parameter.name for parameter in parameters}
    for variable, parameter in _VARIABLES.items():
        text = environ.get(variable, "").strip()
        if parameter in known and names_an_option(text):
            raise UsageError(
                f"{variable} holds the option {plain_dashes(text).partition('=')[0]}, and no value",
                hint=f"put the value there, or take the variable away: unset {variable}",
            )


def refuse_huge_numbers(parameters: Sequence[Any], values: Mapping[str, Any]) -> None:
    """Check that no number is infinite or out of any useful range.

    Raises:
        UsageError: One is.
    """
    for parameter in parameters:
        value = values.get(parameter.name)
        if isinstance(value, int | float) and not -MOST <= value <= MOST:
            raise UsageError(
                f"{long_name(parameter)} is too large a number", hint=f"for example {example_of(parameter)}"
            )


def options_in(options: Sequence[Any], words: Sequence[str]) -> Iterator[Given]:
    """Yield the options of a command line, up to an unknown one.

    Raises:
        UsageError: A word is an option but for its dashes, or an option stands where only files can.
    """
    named = {name: option for option in options for name in (*option.opts, *option.secondary_opts)}
    at = 0
    while at < len(words):
        word, after = words[at], words[at + 1] if at + 1 < len(words) else None
        at += 1
        if word == "--":
            _refuse_options_as_files(words[at:])
            return
        name, equals, value = word.partition("=")
        if name in named:
            given = _given(named[name], name, value if equals else None, after)
        elif not word.startswith("-") or word == "-":
            _refuse_other_dashes(word, named)
            continue
        else:
            cluster = _cluster(word, after, named)
            if cluster is None:
                return
            yield from cluster[:-1]
            given = cluster[-1]
        yield given
        at += not given.joined and not _takes_none(given.option)


def _given(option: Any, name: str, joined: str | None, after: str | None) -> Given:
    if _takes_none(option):
        return Given(option, name, joined, joined is not None, after)
    return Given(option, name, after if joined is None else joined, joined is not None)


def _cluster(word: str, after: str | None, named: Mapping[str, Any]) -> list[Given] | None:
    """Split options of one letter, `-qy`; None where one is unknown.

    Raises:
        UsageError: It is a long option that lacks a dash.
    """
    if word.startswith("--"):
        return None
    found: list[Given] = []
    for place, letter in enumerate(word[1:], 2):
        option = named.get(f"-{letter}")
        if option is None:
            _refuse_other_dashes(word, named)
            return None
        last = place == len(word)
        if not _takes_none(option):
            rest = None if last else word[place:]
            return [*found, _given(option, f"-{letter}", rest, after)]
        found.append(Given(option, f"-{letter}", None, joined=False, after=after if last else None))
    return found


def _refuse_other_dashes(word: str, named: Mapping[str, Any]) -> None:
    name = plain_dashes(word).partition("=")[0]
    if name != word.partition("=")[0] and (name in named or names_an_option(word)):
        raise UsageError(
            f"{word.partition('=')[0]} is not an option: options start with two hyphens",
            hint="type the hyphens again; word processors replace them with dashes",
        )


def _refuse_options_as_files(words: Sequence[str]) -> None:
    """Check that no argument after `--` is an option."""
    for word in words:
        if names_an_option(word):
            name = plain_dashes(word).partition("=")[0]
            raise UsageError(
                f"{name} is after --, where everything is a file",
                hint=f"write {name} before the --; a file of that name is ./{name}",
            )


def _takes_none(option: Any) -> bool:
    return bool(option.is_flag or option.count)


def _refuse_value_of_flag(given: Given) -> None:
    """Check that no value such as `true` follows a flag."""
    if given.joined:
        word: str | None = given.value
    else:
        word = given.after if given.after is not None and given.after.lower() in _TRUTHS else None
        word = None if word is None or Path(word).exists() else word
    if word is None:
        return
    shown = f"{given.name}={word}" if given.joined else f"{given.name} {word}"
    raise UsageError(
        f"{shown[:80]}: {given.name} takes no value",
        hint="it takes no value: leave the value out, or leave the option out",
    )


def _value_of(given: Given) -> str:
    """Return the value of an option.

    Raises:
        UsageError: There is none.
    """
    name, value = given.name, given.value
    example = f"for example {example_of(given.option)}"
    if value is None:
        raise UsageError(f"{name} has no value: nothing follows it", hint=example)
    if not value:
        raise UsageError(f"{name} is empty", hint=f"{example}, or leave the option out")
    if len(value) > LONGEST_VALUE:
        raise UsageError(f"{name} has a value of {len(value):,} characters, too large for any", hint=example)
    if _NO_TEXT.search(value) and not _OF_FILES.search(given.option.metavar or ""):
        raise UsageError(
            f"{name} has a value with bytes that are not UTF-8",
            hint=f"type it in a terminal that is set to UTF-8; {example}",
        )
    if not given.joined and looks_like_an_option(value):
        shown = _shown(value, secret=long_name(given.option) == _KEY_OPTION)
        raise UsageError(
            f"{name} has no value: {shown} follows it",
            hint=f"{example}; a value that does begin with a hyphen is joined: {name}=VALUE",
        )
    return value


def _shown(value: str, *, secret: bool) -> str:
    """Describe an unexpected word without any part of a write key."""
    if names_an_option(value):
        return f"the option {plain_dashes(value).partition('=')[0]}"
    return "a word that begins with a hyphen" if secret else value.partition("=")[0][:80]
