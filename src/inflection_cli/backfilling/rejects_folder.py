"""Storage of rejected rows (pass 1) and of refused messages (delivery)."""

import csv
import io
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from inflection_cli.backfilling.refused_messages import RefusedMessages, beside_the_ledger
from inflection_cli.converting.converter import Converted
from inflection_cli.converting.input_file import InputFile
from inflection_cli.errors import InflSegError
from inflection_cli.model import Chunk, Message, Severity
from inflection_cli.reading.line_file import LineFile
from inflection_cli.reading.rejected_rows import RejectsFolder
from inflection_cli.segment.ids import uuid_text
from inflection_cli.segment.message import renamed

REFUSED = "refused-messages.ndjson"
REASONS = "refused-messages.reasons.csv"


@dataclass(slots=True)
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
