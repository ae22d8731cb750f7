"""Where words go: results to stdout, talk and errors to stderr, colour only where it is seen."""

import os
import sys
from contextlib import suppress
from io import StringIO
from typing import IO, TYPE_CHECKING, Literal

from rich.console import Console
from rich.text import Text

from inflection_cli.errors import InflSegError, SettingsFileFaults
from inflection_cli.reporting.shown import shown

if TYPE_CHECKING:
    from collections.abc import Callable

_MOST_OF_FAULT = 1000

When = Literal["auto", "always", "never"]


class Speaker:
    """Speaks to the user, on two streams.

    Attributes:
        when_lost: Called once when nobody reads stderr any more (a closed pipe or terminal); what it raises
            ends the run.

    Args:
        quiet: Talk is left out; results and errors are not.
        color: When to colour.
    """

    def __init__(self, *, quiet: bool = False, verbose: bool = False, color: When = "auto") -> None:
        self.quiet = quiet
        self.verbose = verbose
        self.out = _console(sys.stdout, color)
        self.err = _console(sys.stderr, color)
        self.when_lost: Callable[[], None] = _end

    def result(self, text: str = "", style: str = "") -> None:
        """Print a line of the result on stdout.

        Raises:
            BrokenPipeError: Nobody reads it any more: a closed pipe, or a closed terminal.
        """
        try:
            self.out.print(Text(text, style=style), soft_wrap=True)
        except OSError as error:
            let_go_of_stdout()
            raise BrokenPipeError from error

    def talk(self, text: str = "", style: str = "") -> None:
        """Print a line of talk on stderr, unless quiet."""
        if not self.quiet:
            self._say(Text(text, style=style))

    def warn(self, text: str) -> None:
        """Print a warning on stderr, also in a quiet run: of the destination and its key."""
        self._say(Text(f"warning: {text}", style="yellow"))

    def detail(self, text: str) -> None:
        """Print a line on stderr for those who asked for more."""
        if self.verbose:
            self._say(Text(text, style="dim"))

    def error(self, error: InflSegError) -> None:
        """Print what ended the run, and what settles it."""
        line = Text("error: ", style="bold red")
        faults = error.faults if isinstance(error, SettingsFileFaults) else ()
        heading = error.heading if isinstance(error, SettingsFileFaults) else error.message
        line.append(shown(heading), style="default")
        with suppress(OSError):
            self.err.print(line, soft_wrap=True)
            for place, words in faults:
                at = "" if place is None else f"line {place}: "
                self.err.print(Text(f"  {at}{shown(words, _MOST_OF_FAULT)}"), soft_wrap=True)
            if error.hint:
                self.err.print(Text(f"  → {shown(error.hint)}", style="cyan"), soft_wrap=True)

    def _say(self, text: Text) -> None:
        try:
            self.err.print(text, soft_wrap=True)
        except OSError:
            self.err = Console(file=StringIO(), quiet=True)
            self.when_lost()


def let_go_of_stdout() -> None:
    """Point stdout at nothing, so that what is still to be written raises no more, at exit neither."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class _Stream(Console):
    """A console that leaves it to us what a closed pipe means."""

    def on_broken_pipe(self) -> None:
        """Raise what rich would turn into an exit of its own, in the midst of a delivery."""
        raise BrokenPipeError


def _end() -> None:
    raise BrokenPipeError


def _console(stream: IO[str], color: When) -> Console:
    no_color = color == "never" or (color == "auto" and bool(os.environ.get("NO_COLOR")))
    # A pipe gets no escape codes, whatever FORCE_COLOR or a CI's terminal variables say.
    plain = color == "never" or (color == "auto" and not stream.isatty())
    # Colour that was asked for makes no terminal of a pipe: nothing moves on it, no progress is drawn.
    forced = color == "always" and not stream.isatty()
    return _Stream(
        file=stream,
        force_terminal=False if plain or forced else None,
        no_color=no_color,
        color_system=None if plain else "standard" if forced else "auto",
        markup=False,
        highlight=False,
        emoji=False,
    )
