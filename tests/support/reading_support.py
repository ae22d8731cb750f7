"""What tests of reading share: files made of bytes, and what is read from them in one piece."""

import atexit
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from inflection_cli.model import Fault, Problem
from inflection_cli.reading import ReadOptions, Source, detect, read

SIZES = (1, 2, 3, 7, 64, 1 << 22)


@dataclass(frozen=True)
class Reading:
    """A file read to its end; equal readings came to the same rows, places and faults."""

    rows: list[dict[str, str]]
    lines: list[int]
    faults: list[Fault]
    warnings: list[Problem] = field(default_factory=list)

    def told(self) -> list[tuple[str, int | None, str | None]]:
        """What is said of rows that were read."""
        return [(problem.rule.code, problem.line, problem.column) for problem in self.warnings]

    def places(self) -> list[tuple[str, int | None, str | None]]:
        return [(fault.problem.rule.code, fault.problem.line, fault.problem.column) for fault in self.faults]


def whole(source: Source, chunk_bytes: int = 1 << 16) -> Reading:
    rows: list[dict[str, str]] = []
    lines: list[int] = []
    faults: list[Fault] = []
    warnings: list[Problem] = []
    for chunk in read(source, ReadOptions(chunk_bytes=chunk_bytes)):
        assert chunk.first_number == len(rows) + 1
        assert len(chunk.rows) == len(chunk.lines)
        rows += [dict(zip(chunk.columns, row, strict=True)) for row in chunk.rows]
        lines += chunk.lines
        faults += chunk.faults
        warnings += chunk.warnings
    return Reading(rows, lines, faults, warnings)


def source_of(data: bytes, options: ReadOptions | None = None, name: str = "export.csv") -> Source:
    """Detect a file of these bytes; it stays until the process ends, for it is read again."""
    folder = Path(tempfile.mkdtemp(prefix="reading-tests-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    path = folder / name
    path.write_bytes(data)
    return detect(str(path), options or ReadOptions())


def cells(reading: Reading) -> list[list[str]]:
    return [list(row.values()) for row in reading.rows]
