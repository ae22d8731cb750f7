"""Build the help of each command from its options and examples."""

import copy
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from inflection_cli.cli.help_examples import EXAMPLES, FIRST_STEPS
from inflection_cli.cli.options import long_name
from inflection_cli.settings.declarations import ALL_OPTIONS, SAFETY

if TYPE_CHECKING:
    from inflection_cli.reporting.help_text import HelpPage, HelpSection

SHORT: Final = 16
"""A command with more options than this shows the common ones only."""

HELP: Final = frozenset({"--help", "--help-all"})
_EXIT_CODE: Final = re.compile(r"(\d+(?:, \d+)*) (.+)")


def show_help(context: Any, *, every: bool) -> None:
    """Print the help of a command on stdout.

    Args:
        context: The command's context, as Typer has it.
        every: Whether to show every option, not only the common ones.
    """
    from inflection_cli.reporting.console import Speaker
    from inflection_cli.reporting.help_text import print_help

    print_help(_page(context, every=every), Speaker())


def show_brief_help(context: Any) -> None:
    """Print on stderr what to type, for a command without arguments."""
    from inflection_cli.reporting.console import Speaker
    from inflection_cli.reporting.help_text import HelpPage, print_brief

    path = context.command_path
    commands = _commands(context.command)
    own = {name.removeprefix(f"{path} "): about for name, about in FIRST_STEPS.items()}
    first = [(name, about) for name, about in own.items() if name in commands]
    page = HelpPage(
        about=_one_line(context.command.help),
        usage=_usage(context),
        sections=_section("Commands", first),
        examples=EXAMPLES[path][:1],
        more=[f"{path} --help shows all commands."] if commands else [],
    )
    print_brief(page, Speaker())


def help_options(own: Any) -> list[Any]:
    """Return `--help` and `--help-all`, made of the parser's own help option.

    Args:
        own: The parser's option, whose callback this replaces.
    """
    every = copy.copy(own)
    own.callback = _on_help(every=False)
    own.help = "Show this help."
    every.name, every.opts, every.callback = "help_all", ["--help-all"], _on_help(every=True)
    every.help = "Show every option."
    return [own, every]


def _on_help(*, every: bool) -> Any:
    def show(context: Any, _option: Any, wanted: bool) -> None:
        if wanted and not context.resilient_parsing:
            show_help(context, every=every)
            context.exit()

    return show


def _page(context: Any, *, every: bool) -> "HelpPage":
    from inflection_cli.reporting.help_text import HelpPage

    command, path = context.command, context.command_path
    options = [each for each in command.get_params(context) if each.param_type_name == "option"]
    shown = [each for each in options if every or len(options) <= SHORT or _is_common(each)]
    commands = _commands(command)
    more = ["infl-seg help COMMAND explains one command."] if commands else []
    if len(shown) < len(options):
        more = [f"{len(shown)} of {len(options)} options are shown here; {path} --help-all shows every one."]
    return HelpPage(
        about=_one_line(command.help),
        usage=_usage(context),
        sections=[
            *_section("Commands", [*commands.items()]),
            *_section("Arguments", [*_arguments(command)]),
            *_panels(shown),
            *_exit_codes(command.epilog or ""),
        ],
        examples=EXAMPLES.get(path, ()),
        more=more,
    )


def _usage(context: Any) -> str:
    words = [context.command_path]
    if _commands(context.command):
        return " ".join([*words, "COMMAND", "[OPTIONS]", "[FILE...]"])
    words.append("[OPTIONS]")
    return " ".join([*words, *(name for name, _ in _arguments(context.command))])


def _commands(command: Any) -> dict[str, str]:
    """Return the commands of a group, each with what it does."""
    inner = getattr(command, "commands", {})
    return {name: _one_line(below.help) for name, below in inner.items() if not below.hidden}


def _arguments(command: Any) -> Iterator[tuple[str, str]]:
    for each in command.params:
        if each.param_type_name == "argument":
            name = each.metavar or each.name.upper()
            yield (name if each.required else f"[{name}]"), _one_line(each.help)


def _section(title: str, rows: Sequence[tuple[str, str]]) -> "list[HelpSection]":
    from inflection_cli.reporting.help_text import HelpSection

    return [HelpSection(title, rows)] if rows else []


def _panels(options: Sequence[Any]) -> "Iterator[HelpSection]":
    """Yield the options by panel: those of safety first, help last."""
    named = [getattr(each, "rich_help_panel", None) or "Options" for each in options]
    for panel in sorted(dict.fromkeys(named), key=lambda each: (each != SAFETY, each == "Options")):
        rows = [_row(option) for option, at in zip(options, named, strict=True) if at == panel]
        yield from _section(panel, rows)


def _row(option: Any) -> tuple[str, str]:
    """Return an option's names, and its description with the default."""
    names = ", ".join(sorted(option.opts, key=len))
    declared = ALL_OPTIONS.get(long_name(option))
    if declared is None or declared.value_type is bool:
        return names, _one_line(option.help)
    words = "|".join(declared.enum) if declared.enum else ""
    default = declared.option.shown_default or option.default
    known = f" [default:\xa0{default}]" if default not in (None, []) else ""
    return f"{names} {option.metavar or words or declared.field.upper()}", f"{_one_line(option.help)}{known}"


def _is_common(option: Any) -> bool:
    declared = ALL_OPTIONS.get(long_name(option))
    return declared is None or declared.option.common


def _exit_codes(epilog: str) -> "list[HelpSection]":
    title, _, entries = _one_line(epilog).partition(": ")
    found = [_EXIT_CODE.fullmatch(entry) for entry in entries.rstrip(".").split("; ")]
    return _section(title, [(match[1], match[2]) for match in found if match])


def _one_line(text: str | None) -> str:
    return " ".join((text or "").split())
