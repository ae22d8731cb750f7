"""Replay of a file of messages into a sandbox."""

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from inflection_cli.errors import UsageError
from inflection_cli.sandbox.discards import BODY_BOUND_BYTES, MAX_BODY_BYTES
from inflection_cli.sandbox.judge import Post, Verdict, judge
from inflection_cli.sandbox.sandbox_settings import SourceState

_MOST_LINES: Final = 500
_ENVELOPE: Final = b'{"writeKey":"replayed","batch":['
_GZIP: Final = b"\x1f\x8b"


def require_file(path: Path) -> None:
    """Check that a file of messages can be read.

    Raises:
        UsageError: It cannot.
    """
    try:
        path.open("rb").close()
    except OSError as error:
        raise UsageError(
            f"--replay {path}: {error.strerror}",
            hint="name a file of messages, one a line: what sandbox --keep or backfill --dry-run --out wrote",
        ) from error


def replayed(path: Path, source: SourceState) -> Iterator[Verdict]:
    """Yield what Segment would do with the messages of a file.

    Args:
        path: NDJSON, plain or packed with gzip.
        source: The source that receives them.

    Raises:
        OSError: The file cannot be read to its end.
    """
    for lines in _blocks(path):
        yield from _judged(lines, source)


def _judged(lines: list[bytes], source: SourceState) -> Iterator[Verdict]:
    """Yield verdicts; one bad line does not refuse the lines beside it."""
    post = Post(call="batch", wire=_ENVELOPE + b",".join(lines) + b"]}")
    verdict = judge(post, source, verbatim=True, watched=True)
    if verdict.status == 200 or len(lines) == 1:
        yield verdict
        return
    middle = len(lines) // 2
    yield from _judged(lines[:middle], source)
    yield from _judged(lines[middle:], source)


def _blocks(path: Path) -> Iterator[list[bytes]]:
    """Yield lines of a file in blocks that fit into a request."""
    block: list[bytes] = []
    size = 0
    with path.open("rb") as raw:
        packed = raw.read(2) == _GZIP
        raw.seek(0)
        file = gzip.GzipFile(fileobj=raw) if packed else raw
        while line := file.readline(BODY_BOUND_BYTES):
            text = line.strip()
            if not text:
                continue
            if block and (len(block) == _MOST_LINES or size + len(text) > MAX_BODY_BYTES // 2):
                yield block
                block, size = [], 0
            block.append(text)
            size += len(text) + 1
    if block:
        yield block
