"""Commands that check their arguments before and after parsing."""

import os
import re
from collections.abc import Callable
from enum import StrEnum
from math import inf
from typing import Any, Final, TypeVar, get_args

import typer
from typer.core import TyperCommand, TyperGroup

from inflection_cli.cli.help_pages import help_options, show_brief_help, show_page
from inflection_cli.cli.option_check import (
    refuse_huge_numbers,
    refuse_options_in_environment,
    refuse_swallowed_words,
)
from inflection_cli.errors import UsageError
from inflection_cli.reporting.shown_hints import set_running

_Function = TypeVar("_Function", bound=Callable[..., Any])
_HELP: Final = frozenset({"-h", "--help", "--help-all"})
_PLAIN_NUMBER: Final = re.compile(r"[0-9]{1,15}")
_PLAIN_FRACTION: Final = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,15})?")


class Command(TyperCommand):
    """A command whose options never accept another option as a value."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the parameters, with `--help` and `--help-all`."""
        return _with_help(self, ctx)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the words after the command's name, once they are checked.

        A word that asks for help wins over wrong options and arguments.

        Raises:
            UsageError: An option has no value of its own.
        """
        return _parsed(self, super().parse_args, ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Run the command, once numbers and the environment are checked.

        Raises:
            UsageError: They are not.
        """
        refuse_huge_numbers(self.params, ctx.params)
        refuse_options_in_environment(self.params, os.environ)
        return super().invoke(ctx)


class CommandGroup(TyperGroup):
    """A command with subcommands; `usage_errors.py` suggests fixes for misspelt ones."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the parameters, with `--help` and `--help-all`."""
        return _with_help(self, ctx)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the words before a command's name, once they are checked.

        `help COMMAND` is read as `COMMAND --help`, and `version` as `--version`. `help PAGE` shows a page.

        Raises:
            UsageError: An option has no value of its own.
        """
        if args[:1] == ["help"]:
            args = [*args[1:], "--help"]
            if ctx.parent is None and args[0] not in self.commands and show_page(args[0]):
                raise typer.Exit
        elif args == ["version"] and ctx.parent is None:
            args = ["--version"]
        return _parsed(self, super().parse_args, ctx, args)


class Commands(typer.Typer):
    """A set of commands that are all of class `Command`."""

    def __init__(self, **given: Any) -> None:
        super().__init__(cls=CommandGroup, **given)

    def command(self, name: str | None = None, **given: Any) -> Callable[[_Function], _Function]:
        """Return what makes a function a command."""
        return super().command(name, cls=Command, **given)


def _convert_plain_values(parameter: Any) -> None:
    """Convert plain values of a parameter here, and only others by Typer.

    Typer converts each value by pydantic, also a default. To import pydantic takes as long as to check a short file.
    """
    by_typer = getattr(parameter, "get_runtime_param", None)
    if by_typer is not None:  # earlier versions of Typer convert without pydantic
        conversion = _Conversion(parameter.type_descriptor.annotation, by_typer)
        parameter.get_runtime_param = lambda: conversion


class _Conversion:
    """The conversion of a parameter's values, as Typer calls it.

    Typer gets what is no plain value: it knows other spellings, and the error for a wrong one.
    """

    def __init__(self, kind: Any, by_typer: Callable[[], Any]) -> None:
        self._item = next(iter(get_args(kind)), kind)
        self._by_typer = by_typer

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        many = param.multiple or param.nargs == -1
        if value is None:
            return () if many else None
        plain = [self._plain(each, param) for each in (value if many else [value])]
        if None in plain:
            return self._by_typer().coerce(value, param=param, ctx=ctx)
        return plain if many else plain[0]

    def _plain(self, value: Any, param: Any) -> Any:
        """Return the converted value; None for one that is left to Typer."""
        if isinstance(value, self._item):
            return value
        if issubclass(self._item, StrEnum):
            return next((word for word in self._item if word.value == value), None)
        form = {int: _PLAIN_NUMBER, float: _PLAIN_FRACTION}.get(self._item)
        if form is None or not form.fullmatch(str(value)):
            return None
        number = self._item(value)
        least, most = (-inf if param.min is None else param.min), (inf if param.max is None else param.max)
        return number if least <= number <= most else None


def _with_help(command: Any, ctx: Any) -> list[Any]:
    """Return a command's parameters with its help options, made once per command."""
    if not hasattr(command, "help_options"):
        command.help_options = help_options(command.get_help_option(ctx))
        for each in (*command.params, *command.help_options):
            _convert_plain_values(each)
    return [*command.params, *command.help_options]


def _asked(args: list[str]) -> list[str]:
    """Return the words that ask for help."""
    words = args[: args.index("--")] if "--" in args else args
    return [word for word in words if word in _HELP]


def _parsed(command: Any, parse: Any, ctx: Any, args: list[str]) -> list[str]:
    if ctx.resilient_parsing:
        return list(parse(ctx, args))
    if not args and hasattr(command, "commands"):
        show_brief_help(ctx)
        raise typer.Exit(UsageError.exit_code)
    if not args and any(each.required for each in command.params):
        show_brief_help(ctx)  # the parser's own error comes last
    options = [each for each in command.get_params(ctx) if each.param_type_name == "option"]
    if not hasattr(command, "commands"):
        set_running(ctx.command_path, (name for each in options for name in each.opts))
    asked = [] if hasattr(command, "commands") else _asked(args)
    values = {} if asked else refuse_swallowed_words(options, args)
    try:
        return list(parse(ctx, asked or args))
    except Exception as error:
        # What the parser refuses does not always say which word it refused.
        error.given = values  # type: ignore[attr-defined]
        raise
