"""Worker processes on this machine (`--jobs`).

Workers are forked from a server process that has no threads and has imported what they need: a fork of this process
would copy locks that its threads hold. They are deaf to the signals that end this process, which tells them to end;
and where it is killed, they end by themselves.
"""

import gc
import os
import signal
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import CancelledError, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import connection, parent_process
from multiprocessing.context import ForkServerContext, ForkServerProcess
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

from inflection_cli.converting.in_order import Workers

if TYPE_CHECKING:
    from concurrent.futures import Future
    from multiprocessing.queues import SimpleQueue

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_LOOK_S: Final = 0.5
"""How often a wait for a result looks for killed workers."""

_IMPORTED: Final = ("inflection_cli.backfilling.chunk_work", "inflection_cli.segment.ids")


class _Worker(ForkServerProcess):
    """Worker that a broken pool can end, although it ignores signals."""

    def terminate(self) -> None:
        """Kill the process.

        It may wait for a lock that a killed worker held.
        """
        self.kill()


class _Context(ForkServerContext):
    """Starts such workers, and keeps them and the queue of their results."""

    def __init__(self) -> None:
        self._workers: list[_Worker] = []
        self._results: SimpleQueue[Any] | None = None

    def Process(self, **given: Any) -> _Worker:  # type: ignore[override] # noqa: N802 - as its base
        """Return a worker to be started."""
        self._workers.append(_Worker(**given))
        return self._workers[-1]

    def SimpleQueue(self) -> "SimpleQueue[Any]":  # noqa: N802 - as its base
        """Return the queue of the results."""
        self._results = super().SimpleQueue()
        return self._results

    def end_where_one_was_killed(self) -> None:
        """Kill all workers where one has ended.

        It may have sent half of a result. The executor waits for the other half as long as anybody holds the end of
        the pipe that is written to: the other workers do, and this process.
        """
        if self._results is not None and connection.wait([each.sentinel for each in self._workers], 0):
            for each in self._workers:
                each.kill()
            self._results._writer.close()  # type: ignore[attr-defined] # noqa: SLF001 - `close` ends the reader too


class WorkerPool:
    """Worker processes that start at first use.

    Args:
        count: How many.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._executor: ProcessPoolExecutor | None = None
        self._context = _Context()

    @property
    def workers(self) -> Workers:
        """The pool for `convertible_chunks`."""
        fewer = f"--jobs {self._count // 2}" if self._count > 3 else "--jobs 1"
        return Workers(
            self._started,
            self._count,
            lambda error: isinstance(error, BrokenProcessPool | CancelledError),
            f"a worker process of --jobs {self._count}",
            f"run the same command again, it goes on from there; with less memory: {fewer}",
            result=self._result,
        )

    def _result(self, future: "Future[Any]") -> Any:
        """Wait for a result; raise the error of a task that failed."""
        while not wait([future], _LOOK_S).done:
            self._context.end_where_one_was_killed()
        return future.result()

    def _started(self) -> ProcessPoolExecutor:
        if self._executor is None:
            self._context = _Context()
            self._context.set_forkserver_preload(list(_IMPORTED))
            with _deaf_children(), _without_main():
                self._executor = ProcessPoolExecutor(self._count, self._context, _begin)
                for _ in range(self._count):
                    self._executor.submit(_wake)
        return self._executor

    def close(self) -> None:
        """End the workers, each after the task that it is at."""
        if self._executor is not None:
            self._context.end_where_one_was_killed()
            self._executor.shutdown(cancel_futures=True)
            self._executor = None


@contextmanager
def _deaf_children() -> Iterator[None]:
    """Block signals for the processes and threads that are started meanwhile."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _without_main() -> Iterator[None]:
    """Hide the main module, which a worker would import."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def _begin() -> None:
    """Prepare a worker."""
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    gc.set_threshold(50_000)  # as in the command's own process
    gc.freeze()
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _wake() -> None:
    """Do nothing: a worker that is asked for is started."""
