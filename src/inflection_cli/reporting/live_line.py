"""Draw one line at the bottom of a terminal, in place."""

import threading
from collections.abc import Callable
from contextlib import suppress
from math import ceil
from typing import Final, Self

from rich.console import Console, ConsoleRenderable, RenderHook
from rich.control import Control
from rich.segment import ControlType
from rich.text import Text

EVERY_S: Final = 0.25
_ECHO_CELLS: Final = 5
"""Columns left free at the end, so that a terminal's echo of Ctrl-C does not wrap the line."""

_ERASE: Final = (ControlType.ERASE_IN_LINE, 2)


class LiveLine(RenderHook):
    """Context manager that shows a line below all that is printed meanwhile.

    The line is drawn again four times a second, and removed at the end. It is one row: what was drawn before the
    window became narrower may have been wrapped, and is erased with all its rows.

    Args:
        console: The terminal.
        line: Returns the line for a width in cells.
    """

    def __init__(self, console: Console, line: Callable[[int], Text]) -> None:
        self._console = console
        self._line = line
        self._lock = threading.RLock()
        self._drawn_cells = 0
        self._ended = threading.Event()
        self._redrawing = threading.Thread(target=self._redraw, name="progress", daemon=True)

    def __enter__(self) -> Self:
        self._console.show_cursor(show=False)
        self._console.push_render_hook(self)
        self._redrawing.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._redrawing.join()
        with suppress(OSError):  # the terminal may have been closed
            self._console.pop_render_hook()
            self._console.print(self._erased())
            self._console.show_cursor(show=True)

    def refresh(self) -> None:
        """Draw the line again now."""
        with suppress(OSError):
            self._console.print(Control())

    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        """Print what is printed above the line."""
        with self._lock:
            erased = self._erased()
            line = self._line(max(1, self._console.width - _ECHO_CELLS))
            self._drawn_cells = line.cell_len
        return [erased, *renderables, line]

    def _erased(self) -> Control:
        rows = max(1, ceil(self._drawn_cells / self._console.width))
        return Control(
            ControlType.CARRIAGE_RETURN, _ERASE, *((ControlType.CURSOR_UP, 1), _ERASE) * (rows - 1)
        )

    def _redraw(self) -> None:
        while not self._ended.wait(EVERY_S):
            self.refresh()
