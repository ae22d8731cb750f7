"""Lay out the help of a command for the terminal's width."""

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from rich.console import Console
from rich.text import Text

from inflection_cli.reporting.console import Speaker

_WIDEST: Final = 100
"""Columns of the widest line: longer ones are hard to read."""

_NARROWEST: Final = 40


@dataclass(frozen=True, slots=True, eq=False)
class HelpSection:
    """A titled part of a help page: names and descriptions.

    Attributes:
        title: Its heading.
        rows: A name, and its description. Without a description the name is a line of its own.
    """

    title: str
    rows: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True, eq=False)
class HelpPage:
    """The help of one command.

    Attributes:
        about: What the command does.
        usage: How it is typed.
        sections: Its options, commands and exit codes.
        examples: Commands to type, each with what it does.
        more: Sentences that name further help.
    """

    about: str
    usage: str
    sections: Sequence[HelpSection] = ()
    examples: Sequence[tuple[str, str]] = ()
    more: Sequence[str] = ()


def print_help(page: HelpPage, speaker: Speaker) -> None:
    """Print a whole help page on stdout."""
    for line in _lines(page, _width(speaker.out)):
        speaker.out.print(line, soft_wrap=True)


def print_brief(page: HelpPage, speaker: Speaker) -> None:
    """Print a short help page with one example on stderr."""
    for line in _brief_lines(page, _width(speaker.err)):
        speaker.err.print(line, soft_wrap=True)


def print_page(markdown: str, speaker: Speaker) -> None:
    """Print a page of the documentation, laid out on a terminal."""
    if not speaker.out.is_terminal:
        speaker.out.print(Text(markdown.rstrip("\n")), soft_wrap=True)
        return
    from rich.markdown import Markdown  # noqa: PLC0415 - few calls need it, and it takes long to import

    speaker.out.print(Markdown(markdown, hyperlinks=False), width=_width(speaker.out))


def _width(console: Console) -> int:
    return max(_NARROWEST, min(console.width, _WIDEST))


def _brief_lines(page: HelpPage, width: int) -> Iterator[Text]:
    yield from _wrapped(page.about, width)
    yield Text()
    yield Text.assemble(("Usage: ", "bold"), page.usage)
    yield Text.assemble(("Example: ", "bold"), (page.examples[0][0], "cyan"))
    for section in page.sections:
        yield Text()
        yield from _rows(section.rows, width)
    yield Text()
    for sentence in page.more:
        yield from _wrapped(sentence, width)


def _lines(page: HelpPage, width: int) -> Iterator[Text]:
    yield from _wrapped(page.about, width)
    yield Text()
    yield Text.assemble(("Usage: ", "bold"), page.usage)
    if page.examples:
        yield Text()
        yield Text("Examples:" if len(page.examples) > 1 else "Example:", style="bold")
    for command, about in page.examples:
        yield from _wrapped(f"# {about}", width, "  ", "dim")
        yield Text(f"  {command}", style="cyan")
    for section in page.sections:
        yield Text()
        yield Text(f"{section.title}:", style="bold")
        yield from _rows(section.rows, width)
    if page.more:
        yield Text()
    for sentence in page.more:
        yield from _wrapped(sentence, width)


def _rows(rows: Sequence[tuple[str, str]], width: int) -> Iterator[Text]:
    """Yield names and descriptions in two columns."""
    column = min(max(len(name) for name, _ in rows), width * 2 // 5) + 4
    for name, about in rows:
        lines = textwrap.wrap(about, width - column, break_on_hyphens=False) or [""]
        first, *rest = (line.replace("\xa0", " ") for line in lines)
        if len(name) + 4 > column:
            yield Text(f"  {name}", style="cyan")
            yield Text(" " * column + first)
        else:
            yield Text.assemble((f"  {name}", "cyan"), " " * (column - len(name) - 2), first)
        yield from (Text(" " * column + line) for line in rest)


def _wrapped(text: str, width: int, indent: str = "", style: str = "") -> Iterator[Text]:
    for line in textwrap.wrap(
        text, width, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False
    ):
        yield Text(line, style=style)
