"""Rehearse a delivery over HTTP with a local sandbox and temporary ledger."""

import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from inflection_cli.backfilling.run_state import Target
from inflection_cli.backfilling.spill import translated
from inflection_cli.errors import Interrupted
from inflection_cli.sandbox import Settings, serve
from inflection_cli.segment.destination import Destination, Secret
from inflection_cli.segment.ids import namespace_of
from inflection_cli.segment.limits import DEDUP_WINDOW_S
from inflection_cli.version import __version__

_KEY = "rehearsal-write-key-0123456789ab"


@contextmanager
def rehearsal(*, gzip: bool, watch: Callable[[str], None] | None = None) -> Iterator[tuple[Target, Path]]:
    """Start a sandbox; yield it as target, with a temporary ledger folder.

    The namespace is always the same, so that two rehearsals of one file can be compared.

    Args:
        gzip: Whether bodies are sent compressed.
        watch: Prints where the page is; with it the page stays open after the delivery, until a signal.

    Raises:
        TemporaryFolderError: The temporary folder is full or cannot be written.
    """
    with translated():
        scratch = tempfile.TemporaryDirectory(prefix="infl-seg-rehearsal-")
    with scratch as folder, serve(Settings(watch=watch is not None)) as sandbox:
        if watch is not None:
            watch(f"watch it in a browser: {sandbox.url}/")
        destination = Destination(sandbox.url, Secret(_KEY), gzip=gzip, version=__version__)
        namespace = namespace_of("rehearsal", _KEY)
        yield Target(destination, namespace, DEDUP_WINDOW_S, "the sandbox"), Path(folder)
        if watch is not None:
            # A signal may come as soon as it was asked for.
            with suppress(Interrupted):
                watch(f"the rehearsal is over; its page stays at {sandbox.url}/ until Ctrl-C")
                signal.pause()
