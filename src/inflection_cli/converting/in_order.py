"""Chunks of all files in order, converted here or by workers.

A bounded number of pieces is under way. Results are taken in the order of the input, and so are errors of reading:
what was read in front of one counts, as if there had been one process only.
"""

import pickle
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any, Final, Protocol

from inflection_cli.converting.chunk_task import (
    Assignment,
    ChunkTask,
    Done,
    Job,
    Sealed,
    carry_out,
    carry_out_file,
    carry_out_packed,
    no_argument,
    sealed,
)
from inflection_cli.errors import InputError, WorkerLost
from inflection_cli.model import Chunk
from inflection_cli.reading.files.window import Piece
from inflection_cli.reading.read import FileReading

if TYPE_CHECKING:
    # A run without workers does without the package too: at start-up it counts.
    from collections.abc import Iterable, Iterator
    from concurrent.futures import Executor, Future

    from inflection_cli.converting.input_file import InputFile

_PIECES_AT_ONCE: Final = 4
"""Pieces of a task: of 128 kB each they take some 30 ms, a hundred times what handing them over takes."""

_WHOLE_FILE_BYTES: Final = 16 << 20
"""A larger file is no task of its own: what comes of one is held at once."""

_TASKS_PER_WORKER: Final = 2
"""One that is worked on, and one that waits, so that no worker waits for this process."""


@dataclass(frozen=True, slots=True, eq=False)
class Workers:
    """Executor that carries out tasks, with its properties.

    Attributes:
        executor: Returns the executor, which is started at first use.
        count: How many workers it has.
        lost: What it raises where a worker was killed.
        words: Who was killed then.
        hint: What to do then.
        takes_files: Whether they open files by themselves, so that a file is a task where there are several.
        result: Waits for a task's result.
    """

    executor: "Callable[[], Executor]"
    count: int
    lost: Callable[[BaseException], bool]
    words: str = "a worker"
    hint: str = ""
    takes_files: bool = False
    result: "Callable[[Future[Any]], Any]" = lambda future: future.result()


class Files(Protocol):
    """Protocol that opens files and binds their late columns."""

    def open(self, known: "InputFile") -> tuple[FileReading, Job]:
        """Open a file; return its reading, and its chunks' job."""

    def widen(
        self, known: "InputFile", job: Job, columns: tuple[str, ...], line: int
    ) -> "tuple[InputFile, Job]":
        """Bind the columns of a file that has new ones."""


class _OpenFile:
    """A file that is being read, and the job of its chunks."""

    def __init__(self, files: Files, known: "InputFile", *, packs: bool, whole: bool) -> None:
        self._files = files
        self._packs = packs
        self.reading, job = files.open(known)
        self._first = known, job
        self._use(known, job)
        self.is_whole = whole
        self._is_handed_over = False

    def _use(self, known: "InputFile", job: Job) -> None:
        self.known, self.job = known, job
        self.packed = sealed(job) if self._packs else Sealed()

    def take_whole(self) -> bool:
        """Return whether the file is one task, still to be handed over.

        It counts as handed over then.
        """
        if not self.is_whole or self._is_handed_over:
            return False
        self._is_handed_over = True
        return True

    def cut(self, most: int) -> list[Piece | Chunk]:
        """Cut so many pieces, or fewer at the end of the file."""
        pieces: list[Piece | Chunk] = []
        if self.is_whole:
            return pieces
        while len(pieces) < most and (piece := self.reading.cut()) is not None:
            if not isinstance(piece, Piece):
                self.widen(piece.columns, piece.lines[0] if piece.lines else 1)
                return [piece]
            pieces.append(piece)
        return pieces

    def widen(self, columns: tuple[str, ...], line: int) -> None:
        """Bind the columns where there are new ones, from a line on."""
        if columns != self.job.source.columns:
            self._use(*self._files.widen(self.known, self.job, columns, line))

    def rewind(self) -> None:
        """Make void what was cut and not taken."""
        self.reading.rewind()
        self._is_handed_over = False
        if self.job is not self._first[1] and self.reading.columns == self._first[1].source.columns:
            self._use(*self._first)


@dataclass(slots=True, eq=False)
class _UnderWay:
    """Pieces that were handed over, and what will come of them."""

    file: _OpenFile
    known: "InputFile"
    pieces: list[Piece | Chunk]
    future: "Future[Any] | list[Done]"

    def done(self, workers: Workers | None) -> list[Done] | None:
        """Wait for the result; None where a file cannot be one task.

        Raises:
            WorkerLost: A worker ended before it had one.
        """
        if isinstance(self.future, list):
            return self.future
        assert workers is not None
        try:
            packed = workers.result(self.future)
            done: list[Done] | None = None if packed is None else pickle.loads(packed)  # noqa: S301 - of our worker
        except Exception as error:
            if workers.lost(error):
                raise WorkerLost(
                    f"{workers.words} was killed, often for want of memory", hint=workers.hint
                ) from error
            raise
        return done


class OrderedChunks:
    """Chunks of some files, with the result of a task for each.

    Args:
        inputs: The files, in order.
        files: Opens them.
        task: What is done with each chunk.
        workers: Who does it; None for this process.
        limit: How many rows are read in all; None reads everything. Then one piece is under way at a time.
    """

    def __init__(
        self,
        inputs: "Iterable[InputFile]",
        files: Files,
        task: ChunkTask[Any],
        workers: Workers | None,
        limit: int | None,
    ) -> None:
        files_in_all = list(inputs)
        self._waiting = iter(files_in_all)
        self._files = files
        self._task = task
        self._left = limit
        self._workers = workers if limit is None else None
        self._executor = self._workers.executor() if self._workers else None
        self._most_tasks = self._workers.count * _TASKS_PER_WORKER if self._workers else 1
        self._most_pieces = _PIECES_AT_ONCE if self._workers else 1
        by_file = self._workers is not None and self._workers.takes_files and len(files_in_all) > 1
        self._by_file = by_file and task.argument is no_argument
        self._open: deque[_OpenFile] = deque()
        self._under_way: deque[_UnderWay] = deque()
        self._taken = 0
        self._handed_over = 0
        self._error: InputError | None = None

    def __iter__(self) -> "Iterator[tuple[InputFile, Chunk, Any]]":
        """Yield file, chunk and result of each chunk, in order."""
        try:
            while self._left is None or self._left > 0:
                self._hand_over()
                if not self._under_way:
                    break
                yield from self._take(self._under_way.popleft())
            if self._error is not None:
                raise self._error
        finally:
            self._void()
            for file in self._open:
                file.reading.close()

    def _hand_over(self) -> None:
        """Keep as many tasks under way as there may be."""
        try:
            while self._error is None and len(self._under_way) < self._most_tasks:
                found = self._next_pieces()
                if found is None:
                    return
                self._submit(*found)
        except InputError as error:
            self._error = error

    def _next_pieces(self) -> tuple[_OpenFile, list[Piece | Chunk]] | None:
        """Return the next pieces of open files, or of the next file."""
        for file in chain(self._open, self._newly_opened()):
            pieces = file.cut(self._most_pieces)
            if pieces or file.take_whole():
                return file, pieces
        return None

    def _newly_opened(self) -> "Iterator[_OpenFile]":
        for known in self._waiting:
            self._close_read()
            is_stream = known.source.path == "-"
            whole = self._by_file and not is_stream and known.source.size_bytes <= _WHOLE_FILE_BYTES
            file = _OpenFile(self._files, known, packs=self._executor is not None, whole=whole)
            self._open.append(file)
            yield file

    def _submit(self, file: _OpenFile, pieces: list[Piece | Chunk]) -> None:
        first = self._handed_over
        self._handed_over += len(pieces)
        arguments = list(map(self._task.argument, range(first, self._handed_over)))
        assignment = Assignment(pieces, arguments, self._left)
        future: Future[Any] | list[Done]
        if self._executor is None:
            future = carry_out(file.job, assignment)
        elif file.is_whole:
            future = _submitted(self._executor, carry_out_file, file.packed)
        else:
            future = _submitted(self._executor, carry_out_packed, file.packed, sealed(assignment))
        self._under_way.append(_UnderWay(file, file.known, pieces, future))

    def _take(self, under_way: _UnderWay) -> "Iterator[tuple[InputFile, Chunk, Any]]":
        """Yield the chunks of some pieces, and go on behind them."""
        file, done = under_way.file, under_way.done(self._workers)
        if file.is_whole:
            yield from self._take_whole(under_way, done)
            return
        assert done is not None
        for piece, (read, result) in zip(under_way.pieces, done, strict=False):
            chunk = file.reading.take(piece, read)
            if chunk is not None:
                self._taken += 1
                yield under_way.known, chunk, result
                if self._left is not None:
                    self._left -= len(chunk.lines) + sum(fault.rows for fault in chunk.faults)
            if isinstance(piece, Piece) and read.consumed < len(piece.data):
                self._void()
                file.widen(read.columns, piece.line + piece.data.count(b"\n", 0, read.consumed))
                return

    def _take_whole(
        self, under_way: _UnderWay, done: list[Done] | None
    ) -> "Iterator[tuple[InputFile, Chunk, Any]]":
        """Yield the chunks of a file that was one task.

        Where it cannot be one, it is read in pieces instead.
        """
        if done is None:
            self._void()
            under_way.file.is_whole = False
            return
        for read, result in done:
            assert read.chunk is not None
            self._taken += 1
            yield under_way.known, read.chunk, result

    def _close_read(self) -> None:
        """Close the first files, of which nothing is under way."""
        while self._open and not any(each.file is self._open[0] for each in self._under_way):
            self._open.popleft().reading.close()

    def _void(self) -> None:
        """Forget what was handed over behind the chunks that were taken."""
        for each in self._under_way:
            if not isinstance(each.future, list):
                each.future.cancel()
        self._under_way.clear()
        for file in self._open:
            file.rewind()
        self._handed_over = self._taken
        self._error = None


def _submitted(executor: "Executor", work: Callable[..., Any], *given: Sealed) -> "Future[Any]":
    """Hand over a task; an executor's failure becomes the result."""
    try:
        return executor.submit(work, *given)
    except RuntimeError as error:  # BrokenProcessPool is one
        from concurrent.futures import Future  # noqa: PLC0415 - see above

        broken: Future[Any] = Future()
        broken.set_exception(error)
        return broken
