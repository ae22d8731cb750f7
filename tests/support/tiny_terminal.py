"""A terminal for tests: rows of cells, a cursor, the few escapes that progress needs, and wrapping."""

import re

_TOKEN = re.compile(r"\x1b\[(\??)([0-9;]*)([A-Za-z])|(.|\n)", re.DOTALL)


class TinyTerminal:
    """Screen of endless height. Rows that are too long wrap; a change of the width wraps all lines anew.

    Args:
        width: In cells.
    """

    def __init__(self, width: int) -> None:
        self._width = width
        self._rows = [""]
        self._wrapped = [False]  # whether the row goes on in the next one
        self._row = self._column = 0
        self.cursor_is_shown = True

    def rows(self) -> list[str]:
        """What stands on the screen, without blanks at the ends of rows."""
        return [row.rstrip() for row in self._rows]

    def feed(self, text: str) -> None:
        """Take what a program writes."""
        for private, numbers, letter, char in _TOKEN.findall(text):
            if char:
                self._put(char)
            elif letter == "A":
                self._row = max(0, self._row - int(numbers or 1))
            elif letter == "K":
                assert numbers == "2"
                self._rows[self._row] = ""
                self._wrapped[self._row] = False
            elif letter in "hl" and private:
                self.cursor_is_shown = letter == "h"
            else:
                assert letter == "m", f"an escape that this terminal does not know: {letter}"

    def resize(self, width: int) -> None:
        """Make the window narrower or wider: lines are wrapped anew, as tmux and most terminals do."""
        lines: list[str] = []
        line, cursor = "", (0, 0)
        for number, (row, wrapped) in enumerate(zip(self._rows, self._wrapped, strict=True)):
            if number == self._row:
                cursor = len(lines), len(line) + self._column
            line += row
            if not wrapped:
                lines.append(line)
                line = ""
        self._width, self._rows, self._wrapped = width, [], []
        for number, text in enumerate(lines):
            if number == cursor[0]:
                self._row, self._column = len(self._rows) + cursor[1] // width, cursor[1] % width
            parts = [text[at : at + width] for at in range(0, len(text), width)] or [""]
            self._rows += parts
            self._wrapped += [True] * (len(parts) - 1) + [False]

    def _put(self, char: str) -> None:
        if char == "\r":
            self._column = 0
            return
        if char != "\n" and self._column < self._width:
            row = self._rows[self._row].ljust(self._column)
            self._rows[self._row] = row[: self._column] + char + row[self._column + 1 :]
            self._column += 1
            return
        self._wrapped[self._row] = char != "\n"
        self._row, self._column = self._row + 1, 0
        if self._row == len(self._rows):
            self._rows.append("")
            self._wrapped.append(False)
        if char != "\n":
            self._put(char)
