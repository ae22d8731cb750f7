"""Store rejected rows (pass 1) and refused messages (delivery)."""

import csv
import io
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from inflection_cli.backfilling.account import ProblemTally, RowCounts
from inflection_cli.converting.converter import Converted
from inflection_cli.converting.input_file import InputFile
from inflection_cli.errors import InflSegError
from inflection_cli.ledger.state_dir import make_private_folder, open_private, refused_path
from inflection_cli.model import Chunk, Message, Severity
from inflection_cli.reading.rejected_rows import LineFile, RejectsFolder
from inflection_cli.sanitize import counted
from inflection_cli.segment.ids import uuid_text
from inflection_cli.segment.message import renamed

SMALL_SHARE: Final = 0.01
"""Below this share of rejected rows an error budget is advised; from it on the cause has to be fixed."""


def is_small(rows: RowCounts) -> bool:
    """Return whether few enough rows are rejected to advise a budget."""
    return rows.rejected < SMALL_SHARE * rows.read


def main_cause(problems: ProblemTally, most: str) -> str:
    """Return the commonest error with its count; empty without any.

    Args:
        problems: The problems of a run.
        most: The words before it where it is more than half of all errors.
    """
    errors = [code for code, kept in problems.by_code().items() if kept[0].rule.severity is Severity.ERROR]
    if not errors:
        return ""
    code = max(errors, key=lambda each: problems.counts[each])
    times, every = problems.counts[code], problems.errors
    said = f"{code}, {counted(times, 'time')}"
    return f"{most} {said}" if 2 * times > every else f"the commonest cause is {said} of {every:,}"


def share_words(rows: RowCounts) -> str:
    """Return the share of rejected rows in per cent."""
    return "under 1 %" if is_small(rows) else f"{round(100 * rows.rejected / max(1, rows.read))} %"


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


REFUSED = "refused-messages.ndjson"
REASONS = "refused-messages.reasons.csv"


@dataclass(slots=True, eq=False)
class Rejects:
    """Storage of rejects in a folder that is created on first use."""

    folder: RejectsFolder
    refused_messages: RefusedMessages
    _reasons: LineFile | None = None

    @classmethod
    def at(cls, path: str) -> "Rejects":
        """Create a store for the folder at `path`."""
        folder = RejectsFolder(Path(path))
        return cls(folder, RefusedMessages(partial(folder.open_lines, REFUSED)))

    def fall_back_on(self, state_dir: Path, run_id: str) -> None:
        """Add the state directory as fallback if the rejects folder fails."""
        self.refused_messages.add_place(beside_the_ledger(state_dir, run_id))

    @property
    def path(self) -> str | None:
        """Path of the folder; None if nothing was written."""
        return str(self.folder.path) if self.folder.has_rows or self._refused_in_folder() else None

    def take(self, source: InputFile, chunk: Chunk, converted: Converted) -> None:
        """Store a chunk's rejected rows and unreadable lines.

        Raises:
            InputError: The folder cannot be written.
        """
        for fault in chunk.faults:
            self.folder.add_lines(source.source, fault.raw, fault.rows)
        for rejected in converted.rejected:
            errors = [p for p in rejected.problems if p.rule.severity is Severity.ERROR]
            self.folder.add_row(
                source.source,
                chunk.columns,
                rejected.cells,
                line=rejected.line,
                codes=" ".join(dict.fromkeys(problem.rule.code for problem in errors)),
                reason="; ".join(problem.message for problem in errors),
            )

    def refused(self, message: Message, reason: str) -> None:
        """Store a refused message for `replay`, and the reason beside it."""
        self.refused_messages.keep(renamed(message.wire, message.content_id) + b"\n")
        # No delivery ends for want of a reason: the log and the terminal have it too.
        with suppress(InflSegError, OSError):
            if self._refused_in_folder():
                self._note_reason(uuid_text(message.content_id).decode(), reason)

    def _note_reason(self, message_id: str, reason: str) -> None:
        if self._reasons is None:
            self._reasons = self.folder.open_lines(REASONS)
            self._reasons.append(b"message_id,reason\n")
        line = io.StringIO()
        csv.writer(line, lineterminator="\n").writerow((message_id, reason))
        self._reasons.append(line.getvalue().encode())

    def kept_elsewhere(self) -> list[str]:
        """Return the files of refused messages that are not in the folder."""
        return [str(path) for path in self.refused_messages.files if path.parent != self.folder.path]

    def _refused_in_folder(self) -> bool:
        return any(path.parent == self.folder.path for path in self.refused_messages.files)

    def close(self) -> None:
        """Close the files."""
        self.refused_messages.close()
        if self._reasons is not None:
            self._reasons.close()
        self.folder.close()
