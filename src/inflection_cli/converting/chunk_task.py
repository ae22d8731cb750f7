"""Tasks for each chunk of the input, for any process.

A worker holds nothing that a task needs: the job of a file says how its pieces are read and converted. It travels
with each task, and is unpacked once.
"""

import pickle
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache, partial
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

from inflection_cli.converting.checked_converter import ChunkConverter, chunk_converter
from inflection_cli.converting.converter import Conversion, ConvertSettings
from inflection_cli.converting.person_columns import AddressPlace
from inflection_cli.errors import ClusterError
from inflection_cli.mapping.layout import Layout
from inflection_cli.model import Chunk
from inflection_cli.reading.files.window import Piece, PieceRead
from inflection_cli.reading.read import open_reading, read_piece
from inflection_cli.reading.source import ReadOptions, Source

Result_co = TypeVar("Result_co", covariant=True)
Work = Callable[[Chunk, Conversion, Any], Result_co]


def no_argument(_: int) -> None:
    """Return nothing: the task needs no more than the chunk."""


@dataclass(frozen=True, slots=True, eq=False)
class ChunkTask(Generic[Result_co]):
    """One task for every chunk of the input.

    Attributes:
        work: Takes a chunk, its conversion and the argument. Where workers are to do it, it is picklable, and so is
            what it returns.
        argument: Returns what `work` needs for a chunk, by the chunk's number; picklable. Numbers may be asked for
            again, and some that no chunk has.
    """

    work: Work[Result_co]
    argument: Callable[[int], Any] = no_argument


def _conversion(_chunk: Chunk, convert: Conversion, _argument: None) -> Conversion:
    return convert


AS_CHUNKS = ChunkTask(_conversion)
"""Leaves the conversion to the caller; for this process only."""


@dataclass(frozen=True, eq=False)
class Job:
    """Settings with which one file's chunks are read and converted; picklable.

    Attributes:
        source: The file, without its sample.
        size: About how many bytes make a chunk.
        layout: What its rows mean.
        settings: What shapes messages and ids.
        address: Where addresses are, where no column is recognised as the email.
        work: What is done with each chunk.
    """

    source: Source
    size: int
    layout: Layout
    settings: ConvertSettings
    address: AddressPlace | None
    work: Work[Any]

    @cached_property
    def converter(self) -> ChunkConverter:
        """The file's converter; its caches are kept from chunk to chunk."""
        return chunk_converter(self.layout, self.settings, self.source.encoding, self.address)

    def __getstate__(self) -> dict[str, Any]:
        """Return what a worker needs."""
        return {name: value for name, value in self.__dict__.items() if name != "converter"}


class Done(NamedTuple):
    """A piece that was read, and what became of its chunk."""

    read: PieceRead
    result: Any


@dataclass(frozen=True, slots=True, eq=False)
class Assignment:
    """Consecutive pieces of one file, with the argument of each.

    Attributes:
        pieces: The pieces.
        arguments: Their arguments.
        most_rows: How many rows are left to be read; None for all. Then there is one piece.
    """

    pieces: Sequence[Piece | Chunk]
    arguments: Sequence[Any] = field(repr=False)
    most_rows: int | None = None


def carry_out(job: Job, assignment: Assignment) -> list[Done]:
    """Read, convert and work on pieces, in order.

    The last one is the first that cannot be read to its end.
    """
    done = []
    for piece, argument in zip(assignment.pieces, assignment.arguments, strict=True):
        read = read_piece(piece, job.source, job.size)
        chunk = read.chunk
        if chunk is None:
            done.append(Done(read, None))
            break
        if assignment.most_rows is not None:
            chunk = first_rows(chunk, assignment.most_rows)
            read = read._replace(chunk=chunk)
        done.append(Done(read, job.work(chunk, partial(job.converter, chunk), argument)))
        if isinstance(piece, Piece) and read.consumed < len(piece.data):
            break
    return done


class Sealed(bytes):
    """Bytes that no log shows: rows, and a profile's salt."""

    __slots__ = ()

    def __repr__(self) -> str:
        """Return the size alone.

        Dask logs the arguments of a task that fails.
        """
        return f"<{len(self)} bytes>"

    __str__ = __repr__


def sealed(value: object) -> Sealed:
    """Pack a value for a worker."""
    return Sealed(pickle.dumps(value, pickle.HIGHEST_PROTOCOL))


def carry_out_file(job: bytes) -> Sealed | None:
    """Read a whole file in a worker; None if its columns change.

    Raises:
        ClusterError: The worker does not see the file.
    """
    job_of_file = _unpacked(job)
    _require_in_sight(job_of_file.source)
    reading = open_reading(job_of_file.source, ReadOptions(chunk_bytes=job_of_file.size))
    done: list[Done] = []
    try:
        while (piece := reading.cut()) is not None:
            (each,) = carry_out(job_of_file, Assignment([piece], [None]))
            chunk = reading.take(piece, each.read)
            if each.read.columns != job_of_file.source.columns:
                return None
            if chunk is not None:
                done.append(_without_rows(each._replace(read=each.read._replace(chunk=chunk))))
    finally:
        reading.close()
    return sealed(done)


def _require_in_sight(source: Source) -> None:
    """Check that this machine has the detected file."""
    try:
        size = Path(source.location).stat().st_size
    except OSError:
        size = None
    if size is not None and (source.member is not None or size == source.size_bytes):
        return
    what = "does not see it" if size is None else f"sees a file of {size:,} bytes, not {source.size_bytes:,}"
    raise ClusterError(
        f"{source.path}: the worker on {socket.gethostname()} {what}",
        hint="all workers must see the files under the same paths, as on a shared disk; --jobs 2 needs no cluster",
    )


def carry_out_packed(job: bytes, assignment: bytes) -> Sealed:
    """Do the same in a worker; return no rows."""
    done = carry_out(_unpacked(job), pickle.loads(assignment))  # noqa: S301 - our own process made it
    return sealed([_without_rows(each) for each in done])


def _without_rows(done: Done) -> Done:
    chunk = done.read.chunk
    if chunk is None:
        return done
    return done._replace(read=done.read._replace(chunk=replace(chunk, rows=[])))


@lru_cache(maxsize=4)
def _unpacked(job: bytes) -> Job:
    found = pickle.loads(job)  # noqa: S301 - our own process made it
    assert isinstance(found, Job)
    return found


def first_rows(chunk: Chunk, most: int) -> Chunk:
    """Return the first `most` rows of a chunk, unreadable lines included."""
    rows = len(chunk.rows) + sum(fault.rows for fault in chunk.faults)
    if rows <= most:
        return chunk
    kept_rows, kept_faults = 0, []
    faults = list(chunk.faults)
    while most > 0 and (kept_rows < len(chunk.rows) or faults):
        if faults and (kept_rows >= len(chunk.rows) or faults[0].line < chunk.lines[kept_rows]):
            fault = faults.pop(0)
            kept_faults.append(fault)
            most -= fault.rows
        else:
            kept_rows += 1
            most -= 1
    lines = chunk.lines[:kept_rows]
    return replace(
        chunk,
        rows=chunk.rows[:kept_rows],
        lines=lines,
        faults=tuple(kept_faults),
        warnings=tuple(problem for problem in chunk.warnings if problem.line in lines),
    )
