"""Console output: results to stdout, messages and errors to stderr."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from typing import IO, TYPE_CHECKING, Any, Literal, cast

from rich.console import Console
from rich.text import Text

from inflection_cli.errors import InflSegError, OutputLost, ReaderLeft, SettingsFileFaults
from inflection_cli.reporting.outlet import Outlet, outlet_of
from inflection_cli.reporting.word_wrap import marked, wrapped
from inflection_cli.sanitize import escape

if TYPE_CHECKING:
    from collections.abc import Callable

    from inflection_cli.reporting.log_file import LogFile

_MOST_OF_FAULT = 1000
_ANY_WIDTH = 10_000

When = Literal["auto", "always", "never"]


class Speaker:
    """Printer of results on stdout and messages on stderr.

    Attributes:
        log: Takes what is said too; None without one.
        when_lost: Called once when the reader of stderr has ended (a closed pipe or terminal); what it raises
            ends the run.

    Args:
        quiet: Talk is left out; results and errors are not.
        color: When to colour.
    """

    def __init__(self, *, quiet: bool = False, verbose: bool = False, color: When = "auto") -> None:
        self.quiet = quiet
        self.verbose = verbose
        self.log: LogFile | None = None
        self.out = _console(outlet_of(sys.stdout, "stdout", raises=True), color)
        self.err = _console(outlet_of(sys.stderr, "stderr", raises=False), color)
        self.when_lost: Callable[[], None] = _end

    @property
    def width(self) -> int:
        """Columns that a table may have; no limit without a terminal."""
        return self.out.width if self.out.is_terminal else _ANY_WIDTH

    def result(self, text: str = "", style: str = "") -> None:
        """Print a result line on stdout.

        Raises:
            OutputLost: It takes nothing any more.
        """
        _print(self.out, Text(text, style=style))

    def labelled(self, label: str, text: str) -> None:
        """Print a result line with a label on stdout.

        Raises:
            OutputLost: It takes nothing any more.
        """
        _print(self.out, *marked(label, text))

    def labelled_talk(self, label: str, text: str) -> None:
        """Log a labelled message and print it on stderr, unless quiet."""
        line, hang = marked(label, text)
        self.noted("message", level="info", text=line.plain.strip())
        if not self.quiet:
            self._say(line, hang)

    def talk(self, text: str = "", style: str = "") -> None:
        """Log a message and print it on stderr, unless quiet."""
        if text:
            self.noted("message", level="info", text=text.strip())
        self.shown(text, style)

    def shown(self, text: str = "", style: str = "") -> None:
        """Print a message on stderr, unless quiet; it is not logged."""
        if not self.quiet:
            self._say(Text(text, style=style))

    def noted(self, event: str, **fields: Any) -> None:
        """Write an event to the log, if there is one."""
        if self.log is not None:
            self.log.event(event, **fields)

    def warn(self, text: str) -> None:
        """Print a destination or key warning on stderr, even when quiet."""
        self.noted("message", level="warning", text=text)
        self._say(Text(f"warning: {text}", style="yellow"))

    def detail(self, text: str) -> None:
        """Print a line on stderr if verbose output was requested."""
        if self.verbose:
            self._say(Text(text, style="dim"))

    def error(self, error: InflSegError) -> None:
        """Print the error that ended the run, and its hint."""
        line = Text("error: ", style="bold red")
        faults = error.faults if isinstance(error, SettingsFileFaults) else ()
        heading = error.heading if isinstance(error, SettingsFileFaults) else error.message
        line.append(escape(heading), style="default")
        _print(self.err, line)
        for place, words in faults:
            at = "" if place is None else f"line {place}: "
            _print(self.err, Text(f"  {at}{escape(words, _MOST_OF_FAULT)}"))
        for way in error.hint.split("\n") if error.hint else ():
            _print(self.err, Text(f"  → {escape(way)}", style="cyan"))

    def lost(self, lost: OutputLost, again: str = "") -> None:
        """Print that stdout failed, and the command that shows the result."""
        known = f"; {again} tells it again" if again else ""
        words = f"warning: {lost.message}; what was done stands{known}"
        _print(self.err, Text(escape(words), style="yellow"))

    @contextmanager
    def result_of(self, again: str = "") -> Iterator[None]:
        """Keep the exit code of a finished delivery if stdout fails.

        Args:
            again: The command that tells again what it came to.
        """
        try:
            yield
        except OutputLost as lost:
            self.lost(lost, again)

    def ask(self, question: str) -> None:
        """Print a question on stderr, and leave the cursor behind it."""
        _print(self.err, Text(question), end="")

    def _say(self, text: Text, hang: int | None = None) -> None:
        _print(self.err, text, hang)
        failure = getattr(self.err.file, "failure", None)
        if failure is not None:
            self.err = Console(file=StringIO(), quiet=True)
            # A full device under stderr stops nothing: what the run comes to is told on stdout.
            if isinstance(failure, ReaderLeft):
                self.when_lost()


def _print(console: Console, line: Text, hang: int | None = None, end: str = "\n") -> None:
    """Print a line: wrapped at words on a terminal, whole elsewhere."""
    rows = [
        row
        for part in line.split(allow_blank=True)
        for row in (wrapped(part, console.width, hang) if console.is_terminal else [part])
    ]
    for row in rows[:-1]:
        console.print(row, soft_wrap=True)
    console.print(rows[-1], soft_wrap=True, end=end)


def answered_yes() -> bool:
    """Return whether the user answers yes; undecodable input is not yes."""
    try:
        return sys.stdin.readline().strip().lower() in {"y", "yes"}
    except UnicodeDecodeError:
        return False


def _end() -> None:
    raise ReaderLeft("the reader of stderr has ended")


def _console(stream: Outlet, color: When) -> Console:
    no_color = color == "never" or (color == "auto" and bool(os.environ.get("NO_COLOR")))
    # A pipe gets no escape codes, whatever FORCE_COLOR or a CI's terminal variables say.
    plain = color == "never" or (color == "auto" and not stream.isatty())
    # Colour that was asked for makes no terminal of a pipe: nothing moves on it, no progress is drawn.
    forced = color == "always" and not stream.isatty()
    return Console(
        file=cast(IO[str], stream),
        force_terminal=False if plain or forced else None,
        no_color=no_color,
        color_system=None if plain else "standard" if forced else "auto",
        markup=False,
        highlight=False,
        emoji=False,
    )
