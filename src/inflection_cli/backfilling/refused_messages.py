"""Store refused messages in the rejects folder, or beside the ledger."""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from inflection_cli.errors import InflSegError
from inflection_cli.ledger.state_dir import make_private_folder, open_private, refused_path
from inflection_cli.reading.line_file import LineFile


class RefusedMessages:
    """Write lines to the first of several places that accepts them.

    Each line is held in memory too, as a file may be removed under way; a run ends long before they are many.

    Attributes:
        troubles: Why places failed, in their order.

    Args:
        places: Each opens a new file when it is called; they are tried in their order.
    """

    def __init__(self, *places: Callable[[], LineFile]) -> None:
        self.troubles: list[Exception] = []
        self._places = list(places)
        self._lines: list[bytes] = []
        self._saved = 0
        self._file: LineFile | None = None
        self._file_from = 0
        self._full: list[Path] = []

    def add_place(self, place: Callable[[], LineFile]) -> None:
        """Add a place to fall back on."""
        self._places.append(place)

    def keep(self, line: bytes) -> None:
        """Keep a line; no failure ends the delivery for it."""
        self._lines.append(line)
        self.save()

    def save(self) -> None:
        """Write what is not in a file yet, or not any more."""
        if self._file is not None and self._file.is_removed:
            self._leave_file()
            self._saved = self._file_from
        while self._saved < len(self._lines) and self._places:
            try:
                self._write_rest()
            except (InflSegError, OSError) as error:
                self.troubles.append(error)
                self._places.pop(0)
                self._give_up_file()

    @property
    def files(self) -> list[Path]:
        """The files that have messages."""
        current = [self._file.path] if self._file is not None and self._saved > self._file_from else []
        return [*self._full, *current]

    @property
    def not_kept(self) -> int:
        """Number of lines that no place accepted."""
        return len(self._lines) - self._saved

    def close(self) -> None:
        """Write what is missing, and close the file."""
        self.save()
        self._leave_file(keep_path=True)

    def _write_rest(self) -> None:
        if self._file is None:
            self._file = self._places[0]()
            self._file_from = self._saved
        for line in self._lines[self._saved :]:
            self._file.append(line)
            self._saved += 1

    def _give_up_file(self) -> None:
        """Close a file that cannot be written; remove it if empty."""
        if self._file is not None and self._saved == self._file_from:
            with suppress(OSError):
                self._file.path.unlink()
        self._leave_file(keep_path=True)

    def _leave_file(self, *, keep_path: bool = False) -> None:
        if self._file is not None:
            if keep_path:
                self._full = self.files
            self._file.close()
            self._file = None


def beside_the_ledger(state_dir: Path, run_id: str) -> Callable[[], LineFile]:
    """Return a function that opens a run's refused-messages file."""

    def opened() -> LineFile:
        path = refused_path(state_dir, run_id)
        make_private_folder(path.parent)
        return LineFile(open_private(path, exclusive=True), path)

    return opened


def kept_beside_the_ledger(state_dir: Path, run_id: str) -> Path | None:
    """Return a run's refused-messages file in the state directory, if any."""
    path = refused_path(state_dir, run_id)
    return path if os.path.lexists(path) else None
