"""Write a plan's messages to an NDJSON file with content ids (`--out`)."""

import os
import select
import stat
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path
from signal import SIGPIPE
from typing import IO, Final

from inflection_cli.atomic_file import behind_links
from inflection_cli.backfilling.chunk_work import ndjson
from inflection_cli.backfilling.dedup import Dispositions
from inflection_cli.backfilling.link_delivery import LinkPhase
from inflection_cli.backfilling.plan import Plan
from inflection_cli.backfilling.second_pass import SENT, outgoing
from inflection_cli.errors import InputError, Interrupted, UsageError
from inflection_cli.model import Batch
from inflection_cli.segment.message import renamed
from inflection_cli.settings.layering import file_word, with_value

_BUFFER: Final = 1 << 20
_READER_WAIT_S: Final = 0.005


def refuse_to_replace(path: str, inputs: Iterable[str]) -> None:
    """Check that `path` is usable and that messages would not replace inputs.

    Args:
        path: Where the messages are to go.
        inputs: Where the inputs are.

    Raises:
        UsageError: They would, or the file has no name of its own.
        InputError: It is a folder, its folder is not there or takes no file, or something else has the name that the
            file would have until it is whole.
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
        _require_a_place(behind_links(path))


def _require_a_place(path: Path) -> None:
    """Check that a file can be created at a path."""
    if os.path.isdir(path):  # noqa: PTH112 - see `is_stream`
        raise InputError(
            f"--out {path}: is a folder, and the messages need a file",
            hint=with_value("--out", str(path / "messages.ndjson")),
        )
    if not os.path.isdir(path.parent):  # noqa: PTH112 - see `is_stream`
        raise InputError(
            f"--out {path}: there is no folder {path.parent}",
            hint=f"mkdir -p {file_word(str(path.parent))} makes it; or leave it out: {with_value('--out', path.name)}",
        )
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise InputError(
            f"--out {path}: the folder {path.parent} may not be written to",
            hint=f"choose another folder, for example --out {file_word(str(Path(tempfile.gettempdir()) / path.name))}",
        )
    with suppress(OSError):
        _require_a_file(_part_of(path), os.lstat(_part_of(path)).st_mode)


def _part_of(path: Path) -> Path:
    return Path(f"{path}.part")


def _require_a_file(part: Path, mode: int) -> None:
    """Raise an error if the draft file is not a regular file."""
    if not stat.S_ISREG(mode):
        raise InputError(
            f"--out writes to {part} until the file is whole, and there is something of that name that is no file",
            hint=f"choose another file, or move {part} away",
        )


def write_messages(plan: Plan, path: str) -> str:
    """Write a plan's messages, the links last; return the path.

    Raises:
        InputError: It cannot be written to.
        Interrupted: Nobody reads them any more.
        InputChanged: An input is not the one that was planned.
    """
    with open_message_file(path) as out:
        for batch in chain(outgoing(plan, list), LinkPhase(plan, list).outgoing()):
            if batch is not None:
                out.take(ndjson(batch.wire))
    return path


class MessageFile:
    """An NDJSON file of messages under their content ids, while being written.

    Attributes:
        failed: Whether some of them could not be written, so that the file has a gap.
    """

    def __init__(self, path: str, out: IO[bytes], part: Path | None = None) -> None:
        self._path = path
        self._out = out
        self._part = part
        self.failed = False

    def take(self, lines: bytes) -> None:
        """Write the messages of a chunk, as NDJSON, while it is planned.

        Raises:
            InputError: They cannot be written.
        """
        self.failed = True
        with _translated(self._path):
            self._out.write(lines)
        self.failed = False

    def settle(self, dispositions: Dispositions) -> None:
        """Remove the messages that would not be sent from the file.

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
        """Yield each batch after writing its messages to the file.

        The file ends where the delivery ended.

        Yields:
            What it is given, and None while the reader of a pipe takes its time.

        Raises:
            InputError: A batch cannot be written.
            Interrupted: Nobody reads the pipe any more.
        """
        for batch in batches:
            if batch is not None:
                named = zip(batch.wire, batch.content_ids, strict=True)
                messages = [renamed(message, content_id) for message, content_id in named]
                if self._part is None:
                    yield from self._patiently(ndjson(messages))
                else:
                    self.take(ndjson(messages))
            yield batch

    def _patiently(self, lines: bytes) -> Iterator[None]:
        """Write to a stream without blocking; yield None while it is full."""
        self.failed = True
        descriptor, rest = self._out.fileno(), memoryview(lines)
        while rest:
            with _translated(self._path):
                while rest and select.select([], [descriptor], [], _READER_WAIT_S)[1]:
                    # So many bytes have room in a pipe that is writable; O_NONBLOCK would hold for who shares it.
                    rest = rest[os.write(descriptor, rest[: select.PIPE_BUF]) :]
            if rest:
                yield None
        self.failed = False


def is_stream(path: str) -> bool:
    """Return whether a path is a pipe, a device, stdout or stderr."""
    # os.path answers no where a Path raises: a name too long, a folder that may not be entered.
    if not os.path.exists(path) or os.path.isdir(path):  # noqa: PTH110, PTH112
        return False
    return not os.path.isfile(path) or _ours(path) is not None  # noqa: PTH113


def is_stdout(path: str) -> bool:
    """Return whether writing to a path writes to stdout, except `/dev/null`."""
    return _is_of(sys.stdout, path) and os.path.realpath(path) != os.devnull


def _ours(path: str) -> int | None:
    """Return the descriptor of stdout or stderr if a path leads there."""
    outputs = (each.fileno() for each in (sys.stdout, sys.stderr) if _is_of(each, path))
    # Where this is no process of its own, its stdout may be another one than the descriptor's.
    descriptors = (number for number in (1, 2) if _is_descriptor(number, path))
    return next(chain(outputs, descriptors), None)


def _is_of(output: IO[str] | None, path: str) -> bool:
    try:
        return output is not None and _is_descriptor(output.fileno(), path)
    except (OSError, ValueError):
        return False


def _is_descriptor(number: int, path: str) -> bool:
    """Return whether an open file is what a path leads to."""
    try:
        return os.path.samestat(os.stat(path), os.fstat(number))  # noqa: PTH116
    except (OSError, ValueError):
        return False


def _opened(path: str) -> int:
    """Open a stream for writing; stdout and stderr are duplicated.

    Opening a redirected stdout by its name would overwrite that file from its start.
    """
    ours = _ours(path)
    return os.open(path, os.O_WRONLY) if ours is None else os.dup(ours)


def _opened_part(part: Path) -> int:
    """Open the temporary file that holds the messages until complete."""
    # Without O_NONBLOCK a named pipe would be waited for.
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_NONBLOCK
    opened = os.open(part, flags, 0o600)
    try:
        _require_a_file(part, os.fstat(opened).st_mode)
    except InputError:
        os.close(opened)
        raise
    return opened


@contextmanager
def open_message_file(path: str) -> Iterator[MessageFile]:
    """Open a message file; it is renamed into place when complete.

    A pipe or a device is written to as it is.

    Raises:
        InputError: The file cannot be written.
        Interrupted: Nobody reads the pipe any more.
    """
    target = behind_links(path)
    part = None if is_stream(path) else _part_of(target)
    with _translated(path):
        out = os.fdopen(_opened_part(part) if part else _opened(path), "wb", _BUFFER)
    draft = MessageFile(path, out, part)
    try:
        yield draft
        with _translated(path):
            out.close()
            if part is not None and not draft.failed:
                part.replace(target)
    finally:
        with suppress(OSError):
            out.close()
        if part is not None:
            part.unlink(missing_ok=True)


@contextmanager
def _translated(path: str) -> Iterator[None]:
    try:
        yield
    except BrokenPipeError as error:
        raise Interrupted(
            f"the reader of {path} has ended", signum=SIGPIPE, hint="the same command writes all of it again"
        ) from error
    except OSError as error:
        raise InputError(
            f"the messages cannot be written to {path}: {error.strerror}",
            hint="choose another file: --out FILE",
        ) from error
