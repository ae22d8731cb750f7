"""Count the bytes read of files, to show progress."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar


class BytesRead:
    """Counter of bytes of files, packed where they are.

    Attributes:
        count: How many were read.
    """

    def __init__(self) -> None:
        self.count = 0

    def share(self, of_bytes: int) -> float | None:
        """Return the part read, from 0 to 1; None if unknown."""
        return min(1.0, self.count / of_bytes) if of_bytes > 0 else None


_METER: ContextVar[BytesRead | None] = ContextVar("bytes_read", default=None)


@contextmanager
def counting() -> Iterator[BytesRead]:
    """Count what is read inside the context."""
    meter = BytesRead()
    token = _METER.set(meter)
    try:
        yield meter
    finally:
        _METER.reset(token)


def meter_of_now() -> BytesRead | None:
    """Return the counter that counts now, if any."""
    return _METER.get()
