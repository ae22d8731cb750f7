"""Default number of processes that read and convert."""

import os
from collections.abc import Iterable
from typing import Final

from inflection_cli.reading import Source

MOST_BY_DEFAULT: Final = 8
LEAST_BYTES: Final = 32 << 20
"""For less input, starting workers takes longer than they save."""

_UNPACKED: Final = 5
"""What is packed counts as so many times its size: about what text unpacks to."""


def default_jobs(sources: Iterable[Source]) -> int:
    """Return the number of workers for files where none is given."""
    size = sum(source.size_bytes * (1 if source.compression is None else _UNPACKED) for source in sources)
    return min(_cores(), MOST_BY_DEFAULT) if size >= LEAST_BYTES else 1


def _cores() -> int:
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
