"""`--out`: a plan's messages as NDJSON, with content ids, so that no destination need be known."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from inflection_cli.errors import InputError, UsageError
from inflection_cli.model import Message
from inflection_cli.pipeline.messages import Messages
from inflection_cli.pipeline.plan import Plan
from inflection_cli.segment.message import with_id
from inflection_cli.segment.message_id import uuid_text

_BUFFER: Final = 1 << 20


def refuse_to_replace(path: str, inputs: Iterable[str]) -> None:
    """See that the messages do not take the place of what they are made from.

    Args:
        path: Where the messages are to go.
        inputs: Where the inputs are.

    Raises:
        UsageError: They would, or the file has no name of its own.
    """
    if path == "-":
        raise UsageError("--out takes the name of a file", hint="--out messages.ndjson, or --out /dev/stdout")
    taken = {os.path.realpath(each) for each in inputs}
    if not taken.isdisjoint({os.path.realpath(path), os.path.realpath(f"{path}.part")}):
        raise UsageError(f"--out would replace the input {path}", hint="choose another file: --out FILE")


def write_messages(plan: Plan, path: str) -> str:
    """Write all messages that would be sent, in order; return the path.

    The file appears under its name only when it is whole.

    Raises:
        InputError: The file cannot be written.
        InputChanged: An input is not the one that was planned.
    """
    with _opened(path) as out:
        for lines in Messages(plan).lines():
            out.write(lines)
    return path


@contextmanager
def teed(messages: Iterator[Message], path: str) -> Iterator[Iterator[Message]]:
    """Write each message as it is drawn; the file ends where the delivery did.

    Raises:
        InputError: The file cannot be written.
    """
    with _opened(path) as out:
        yield _written(messages, out)


def _written(messages: Iterator[Message], out: IO[bytes]) -> Iterator[Message]:
    for message in messages:
        out.write(with_id(uuid_text(message.content_id), message.body) + b"\n")
        yield message


@contextmanager
def _opened(path: str) -> Iterator[IO[bytes]]:
    try:
        # A pipe or a device is written to; a file of its name would take its place.
        if path.startswith("/dev/") or (Path(path).exists() and not Path(path).is_file()):
            with Path(path).open("wb", _BUFFER) as out:
                yield out
        else:
            with _appearing_whole(path) as out:
                yield out
    except OSError as error:
        raise InputError(
            f"the messages cannot be written to {path}: {error.strerror}",
            hint="choose another file: --out FILE",
        ) from error


@contextmanager
def _appearing_whole(path: str) -> Iterator[IO[bytes]]:
    part = Path(f"{path}.part")
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
        with os.fdopen(os.open(part, flags, 0o600), "wb", _BUFFER) as out:
            yield out
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
