"""`--out`: a plan's messages as NDJSON, with content ids, so that no destination need be known."""

import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Final

from inflection_cli.delivery.settle import Dispositions
from inflection_cli.errors import InputError, UsageError
from inflection_cli.model import Batch
from inflection_cli.pipeline.convert import Converted
from inflection_cli.pipeline.messages import SENT, outgoing
from inflection_cli.pipeline.plan import Plan
from inflection_cli.segment.message import renamed

_BUFFER: Final = 1 << 20


def refuse_to_replace(path: str, inputs: Iterable[str]) -> None:
    """See that messages can go to a path, and do not take the place of what they are made from.

    Args:
        path: Where the messages are to go.
        inputs: Where the inputs are.

    Raises:
        UsageError: They would, or the file has no name of its own.
        InputError: It is a folder, or its folder is not there or takes no file.
    """
    if path == "-":
        raise UsageError("--out takes the name of a file", hint="--out messages.ndjson, or --out /dev/stdout")
    taken = {os.path.realpath(each) for each in inputs}
    if not taken.isdisjoint({os.path.realpath(path), os.path.realpath(f"{path}.part")}):
        raise UsageError(
            f"--out would replace the input {path}",
            hint="choose another file, for example --out messages.ndjson",
        )
    if not is_stream(path):
        _require_a_place(Path(path))


def _require_a_place(path: Path) -> None:
    """See that a file can be made there."""
    if os.path.isdir(path):  # noqa: PTH112 - see `is_stream`
        raise InputError(
            f"--out {path}: is a folder, and the messages need a file",
            hint=f"--out {path / 'messages.ndjson'}",
        )
    if not os.path.isdir(path.parent):  # noqa: PTH112 - see `is_stream`
        raise InputError(
            f"--out {path}: there is no folder {path.parent}",
            hint=f"mkdir -p {path.parent} makes it; or leave it out: --out {path.name}",
        )
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise InputError(
            f"--out {path}: the folder {path.parent} may not be written to",
            hint=f"choose another folder, for example --out {Path(tempfile.gettempdir()) / path.name}",
        )


def write_messages(plan: Plan, path: str) -> str:
    """Write all messages that would be sent, in order, to a pipe or a device; return the path.

    Raises:
        InputError: It cannot be written to.
        InputChanged: An input is not the one that was planned.
    """
    with _translated(path), Path(path).open("wb", _BUFFER) as out:
        batches = outgoing(plan, lambda content_ids: content_ids)
        out.writelines(_lines(batch.wire) for batch in batches if batch is not None)
    return path


class Draft:
    """Messages on their way into a file, under their content ids.

    Attributes:
        failed: Whether some of them could not be written, so that the file has a gap.
    """

    def __init__(self, path: str, out: IO[bytes], part: Path | None = None) -> None:
        self._path = path
        self._out = out
        self._part = part
        self.failed = False

    def take(self, converted: Converted) -> None:
        """Write the messages of a chunk while it is planned, so that a dry run converts once.

        Raises:
            InputError: They cannot be written.
        """
        if converted.content_ids:
            self._write(converted.encode(converted.content_ids))

    def settle(self, dispositions: Dispositions) -> None:
        """Leave only the messages that would be sent; they move towards the start of the file.

        Raises:
            InputError: The file cannot be written.
        """
        if sum(dispositions.counts[each] for each in SENT) == dispositions.events:
            return
        assert self._part is not None
        with _translated(self._path):
            self._out.flush()
            self._out.seek(0)
            with self._part.open("rb", _BUFFER) as written:
                for ordinal, line in enumerate(written):
                    if dispositions.one(ordinal) in SENT:
                        self._out.write(line)
            self._out.truncate()

    def beside(self, batches: Iterable[Batch | None]) -> Iterator[Batch | None]:
        """Write each batch before it is passed on; the file ends where the delivery did.

        Raises:
            InputError: A batch cannot be written.
        """
        for batch in batches:
            if batch is not None:
                messages = zip(batch.wire, batch.content_ids, strict=True)
                self._write([renamed(message, content_id) for message, content_id in messages])
            yield batch

    def _write(self, messages: Sequence[bytes]) -> None:
        self.failed = True
        with _translated(self._path):
            self._out.write(_lines(messages))
        self.failed = False


def is_stream(path: str) -> bool:
    """Tell whether a path is a pipe or a device: it is written to, where a file of its name would take its place."""
    # os.path answers no where a Path raises: a name too long, a folder that may not be entered.
    return os.path.exists(path) and not (os.path.isfile(path) or os.path.isdir(path))  # noqa: PTH110, PTH112, PTH113


@contextmanager
def drafted(path: str) -> Iterator[Draft]:
    """Open a file for messages; it appears under its name when it is left, whole, and not at all after an error.

    A pipe or a device is written to as it is.

    Raises:
        InputError: The file cannot be written.
    """
    part = None if is_stream(path) else Path(f"{path}.part")
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
    with _translated(path):
        out = os.fdopen(os.open(part or path, flags if part else os.O_WRONLY, 0o600), "wb", _BUFFER)
    draft = Draft(path, out, part)
    try:
        yield draft
        with _translated(path):
            out.close()
            if part is not None and not draft.failed:
                part.replace(path)
    finally:
        with suppress(OSError):
            out.close()
        if part is not None:
            part.unlink(missing_ok=True)


def _lines(messages: Sequence[bytes]) -> bytes:
    return b"\n".join(messages) + b"\n"


@contextmanager
def _translated(path: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise InputError(
            f"the messages cannot be written to {path}: {error.strerror}",
            hint="choose another file: --out FILE",
        ) from error
