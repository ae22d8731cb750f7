"""Old Mac line ends: swap CR and LF, and restore them afterwards.

So everything between sees lines that end in LF, a CR in a quoted cell stays one, and an LF that ends no line is what
a CR that ends none is elsewhere: a problem, never a silent difference.
"""

from dataclasses import replace
from typing import Final

from inflection_cli import rules
from inflection_cli.model import Chunk, Fault, Problem
from inflection_cli.reading.files.compression import ByteSource

_BYTES: Final = bytes.maketrans(b"\r\n", b"\n\r")
_TEXT: Final = str.maketrans("\r\n", "\n\r")


class SwappedLineEndings:
    """Byte source that swaps CR and LF."""

    def __init__(self, within: ByteSource) -> None:
        self._within = within

    def read(self, size: int) -> bytes:
        """Read at most `size` bytes; return no bytes at the end."""
        return swap_bytes(self._within.read(size) or b"")


def swap_bytes(data: bytes) -> bytes:
    """Swap CR and LF in bytes."""
    return data.translate(_BYTES)


def swap_text(text: str) -> str:
    """Swap CR and LF in text."""
    return text.translate(_TEXT) if "\n" in text or "\r" in text else text


def restore(chunk: Chunk) -> Chunk:
    """Restore CR and LF in the cells and faults of a chunk."""
    return replace(
        chunk,
        rows=[list(map(swap_text, row)) for row in chunk.rows],
        faults=tuple(map(_restored_fault, chunk.faults)),
    )


def restore_lines(chunk: Chunk) -> Chunk:
    """Restore CR and LF in the unreadable lines of a chunk only.

    Cells stay as they are: JSON writes their line breaks as escapes.
    """
    return replace(chunk, faults=tuple(map(_restored_fault, chunk.faults)))


def _restored_fault(fault: Fault) -> Fault:
    return replace(fault, raw=swap_bytes(fault.raw), problem=_restored_problem(fault.problem))


def _restored_problem(problem: Problem) -> Problem:
    if problem.rule is not rules.BARE_RETURN:
        return problem
    return replace(
        problem,
        message=problem.message.replace("a carriage return", "a line feed"),
        hint="lines of this file end with a carriage return alone; quote the cell that holds a line feed",
    )
