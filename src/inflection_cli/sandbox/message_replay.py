"""Replay of a file of messages into a sandbox."""

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final, cast

import orjson

from inflection_cli.errors import UsageError
from inflection_cli.sandbox.discards import BODY_BOUND_BYTES, MAX_BODY_BYTES
from inflection_cli.sandbox.faults import SourceState
from inflection_cli.sandbox.judge import Post, Verdict, judge

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
    block: list[bytes] = []
    size = 0
    with path.open("rb") as raw:
        packed = raw.read(2) == _GZIP
        raw.seek(0)
        for number, line in _lines(cast(BinaryIO, gzip.GzipFile(fileobj=raw)) if packed else raw):
            fault = _fault(line)
            if block and (fault or len(block) == _MOST_LINES or size + len(line) > MAX_BODY_BYTES // 2):
                yield from _judged(block, source)
                block, size = [], 0
            if fault:
                yield Verdict(
                    status=400, message=f"line {number:,} {fault}", events=1, batch=[None], raw=[line]
                )
            else:
                block.append(line)
                size += len(line) + 1
    if block:
        yield from _judged(block, source)


def _fault(line: bytes) -> str:
    """Return why a line is no message; empty where it is one.

    Two halves of JSON on two lines, or two objects on one, would be something else once they stand in a batch.
    """
    if len(line) >= BODY_BOUND_BYTES:
        return f"has more than {BODY_BOUND_BYTES:,} bytes"
    try:
        orjson.loads(line)
    except orjson.JSONDecodeError:
        return "is no JSON"
    return ""


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


def _lines(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Yield numbered lines that are not blank, cut at the bound."""
    number = 0
    while line := file.readline(BODY_BOUND_BYTES):
        number += 1
        rest = line
        while len(rest) == BODY_BOUND_BYTES and not rest.endswith(b"\n"):
            rest = file.readline(BODY_BOUND_BYTES)
        if text := line.strip(b" \t\r\n"):
            yield number, text
