"""Console output: results to stdout, messages and errors to stderr."""

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from typing import IO, TYPE_CHECKING, Any, Final, Literal, cast

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from inflection_cli.errors import (
    Declined,
    InflSegError,
    Interrupted,
    OutputLost,
    ReaderLeft,
    SettingsFileFaults,
)
from inflection_cli.reporting.outlet import Outlet, outlet_of
from inflection_cli.reporting.shown_hints import fitted
from inflection_cli.sanitize import escape

if TYPE_CHECKING:
    from collections.abc import Callable

    from inflection_cli.reporting.log_file import LogFile


_QUOTED: Final = r"'[^']*'|\"[^\"]*\""
_VALUE: Final = rf"(?!or |and |then )(?:{_QUOTED}|[^\s;,-][^\s;,]*)"
_WORD: Final = (
    rf"--?[\w-]+(?:=(?:{_QUOTED}|\S+)| {_VALUE})?|{_QUOTED}|[^\s;,]*[\d./*=_][^\s;,]*|[A-Z]{{3,}}\S*|-(?=\s)"
)
_OPTION: Final = rf"--[\w-]+ (?:[\w.]*=(?:{_QUOTED})|{_QUOTED}|[^\s;,]*=[^\s;,]*|[A-Z]{{3,}}[^\s;,]*)"
_PIECE: Final = re.compile(
    rf"(?:\$ )?infl-seg (?:(?:runs|help) )?[a-z-]+(?: (?:{_WORD}))*\S*|{_OPTION}\S*|\S+"
)
"""A part of a line that is never broken: a command or an option, which are copied whole, or a word."""

_UNBROKEN: Final = re.compile(r"\s|^-|://")
"""What no path has: a command or an option, and an address."""

_LABELLED: Final = re.compile(r"  (?=\w[\w ]{8} \S).{10}")
"""A label of the reports, in a column of its own, and the space behind it."""

_NARROWEST: Final = 24
"""Columns that a line keeps beside its indent, whatever the terminal."""


def hang_of(line: str) -> int:
    """Return the indent of a line's further rows."""
    labelled = _LABELLED.match(line)
    return labelled.end() if labelled else len(line) - len(line.lstrip(" ")) + 2


def wrapped(line: Text, width: int, hang: int | None = None) -> Iterator[Text]:
    """Yield the rows of a line on a terminal.

    Args:
        line: The line, with its styles.
        width: The columns of the terminal.
        hang: The indent of further rows; by default that of the line and 2 more.
    """
    hang = hang_of(line.plain) if hang is None else hang
    hang = min(hang, max(0, width - _NARROWEST))
    start = end = indent = 0
    for first, last in _pieces(line.plain, width - hang):
        if indent + cell_len(line.plain[start:last]) > width:
            if line.plain[start:end].strip():
                yield _row(line, start, end, indent)
            # A word that only fits with less of an indent has less. The terminal cuts what is longer than itself.
            start, indent = first, hang if end else first
            if (spare := width - cell_len(line.plain[first:last])) >= 0:
                indent = min(indent, spare)
        end = last
    yield _row(line, start, len(line.plain), indent)


def _pieces(text: str, room: int) -> Iterator[tuple[int, int]]:
    """Yield the spans of parts; long dotted paths are broken after dots."""
    for piece in _PIECE.finditer(text):
        first, last = piece.span()
        is_path = not _UNBROKEN.search(piece[0])
        while is_path and last - first > room and (dot := text.rfind(".", first + 1, first + room)) > 0:
            yield first, dot + 1
            first = dot + 1
        yield first, last


def _row(line: Text, start: int, end: int, indent: int) -> Text:
    row = line[start:end]
    row.pad_left(indent)
    return row


_LABEL: Final = 9
"""Columns of a label; what is longer pushes its text."""
_STYLES: Final = {
    "missing": "yellow",
    "could be": "yellow",
    "people": "yellow",
    "refused": "red",
    "failed": "yellow",
    "rejects": "yellow",
    "open": "yellow",
    "cause": "red",
}
"""Colours of labels that ask for attention; the others are bold."""
_GAP: Final = re.compile(r"^ +|(?<=\S) {2,}(?=\S)")
"""The space before a cell of a table in a line."""
_MARKS: Final = (
    (re.compile(r"^\s*→ .*"), "cyan"),
    (re.compile(r"(?<=: )unknown$|\bnot sent: .*|\bcould be \w+, as could .*|^not used: .*"), "yellow"),
    (
        re.compile(
            r"(?<= )[\w.]+ \((?:by its (?:name|cells)|by your option|another spelling|another word for it)\)"
        ),
        "green",
    ),
)
"""What text of a labelled line has a colour: what to type, what is left out, what is recognised."""


def marked(label: str, text: str) -> tuple[Text, int]:
    """Return a labelled line in colours, and its hanging indent."""
    line = Text(f"  {label:<{_LABEL}} ")
    line.stylize(_STYLES.get(label, "bold"), 2, 2 + len(label))
    start = len(line)
    body = Text(text)
    for pattern, style in _MARKS:
        body.highlight_regex(pattern, style)
    gaps = [gap.end() for gap in _GAP.finditer(text)]
    column = gaps[-1] if gaps else 0
    arrow = 2 if text[column:].startswith("→") else 0
    return line + body, start + column + arrow


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
        # Who declines, or presses Ctrl-C, has met no error.
        line = Text("" if isinstance(error, Declined | Interrupted) else "error: ", style="bold red")
        faults = error.faults if isinstance(error, SettingsFileFaults) else ()
        heading = error.heading if isinstance(error, SettingsFileFaults) else error.message
        line.append(escape(heading), style="default")
        _print(self.err, line)
        for place, words in faults:
            at = "" if place is None else f"line {place}: "
            _print(self.err, Text(f"  {at}{escape(words, _MOST_OF_FAULT)}"))
        for way in fitted(error.hint).split("\n") if error.hint else ():
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
