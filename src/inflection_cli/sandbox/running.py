"""Run a sandbox on its own thread or until a signal arrives."""

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any, TypeVar

import orjson

from inflection_cli.sandbox.faults import Settings
from inflection_cli.sandbox.server import HOST, Server
from inflection_cli.sandbox.stats import Stats

_T = TypeVar("_T")


class Sandbox:
    """Local stand-in for Segment on its own thread and event loop.

    Its statistics and messages can be asked for from any thread, also after it was closed.

    Args:
        settings: How it behaves.

    Raises:
        UsageError: The settings cannot be met.
    """

    def __init__(self, settings: Settings) -> None:
        self._server = Server(settings)
        self._opened: Future[int] = Future()
        self._lock = threading.Lock()  # so that nobody asks a loop that is about to end
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._work, name="sandbox", daemon=True)

    def start(self) -> None:
        """Start to listen; requests are answered once it returns.

        Raises:
            UsageError: The port is taken, or not allowed.
        """
        self._thread.start()
        try:
            self._opened.result()
        except BaseException:
            self._thread.join()
            raise

    def close(self) -> None:
        """Stop the sandbox, cut all connections, and wait for its thread."""
        with self._lock:
            if self._loop is not None and self._stop is not None and self._thread.is_alive():
                self._loop.call_soon_threadsafe(self._stop.set)
                self._thread.join()

    @property
    def port(self) -> int:
        """Port on which the sandbox listens, once it is started."""
        return self._opened.result(timeout=0)

    @property
    def url(self) -> str:
        """Base URL for `--endpoint`: `http://127.0.0.1:PORT`."""
        return f"http://{HOST}:{self.port}"

    def stats(self) -> Stats:
        """Return the statistics of received requests and events."""
        return self._ask(self._server.stats)

    def messages(self) -> list[dict[str, Any]]:
        """Return the accepted messages, each once, in order of arrival.

        Empty unless the settings say `keep_messages` or `keep`.
        """
        return [orjson.loads(line) for line in self._ask(self._server.kept).splitlines()]

    def forget(self) -> None:
        """Reset all statistics, as `POST /reset` does."""
        self._ask(self._server.forget)

    def _ask(self, question: Callable[[], _T]) -> _T:
        """Run a function on the sandbox's loop, or here if it ended."""
        with self._lock:
            if not self._thread.is_alive() or self._loop is None:
                return question()
            return asyncio.run_coroutine_threadsafe(_answered(question), self._loop).result()

    def _work(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        try:
            port = await self._server.start()
        except BaseException as error:  # noqa: BLE001 - handed on to start()
            self._opened.set_exception(error)
            return
        self._opened.set_result(port)
        try:
            await self._stop.wait()
        finally:
            await self._server.close()


async def _answered(question: Callable[[], _T]) -> _T:
    return question()


@contextmanager
def serve(settings: Settings | None = None) -> Iterator[Sandbox]:
    """Run a sandbox beside the caller's code, and close it afterwards.

    Args:
        settings: How it behaves; by default without faults, on a free port.

    Raises:
        UsageError: The settings cannot be met.
    """
    sandbox = Sandbox(settings or Settings())
    sandbox.start()
    try:
        yield sandbox
    finally:
        sandbox.close()


def run(settings: Settings, listening: Callable[[str], None]) -> Stats:
    """Run a sandbox on the main thread until SIGINT or SIGTERM.

    Args:
        settings: How it behaves.
        listening: Called once with the base URL, as soon as requests are answered.

    Returns:
        What arrived and what became of it.

    Raises:
        UsageError: The settings cannot be met.
    """
    return asyncio.run(_until_signalled(Server(settings), listening))


async def _until_signalled(server: Server, listening: Callable[[str], None]) -> Stats:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    port = await server.start()
    try:
        for signum in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(signum, stop.set)
        listening(f"http://{HOST}:{port}")
        await stop.wait()
    finally:
        await server.close()
    return server.stats()
