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
    if not is_stream(path) or Path(path).is_dir():
        _require_a_place(Path(path))


def _require_a_place(path: Path) -> None:
    """See that a file can be made there."""
    if path.is_dir():
        raise InputError(
            f"--out {path}: is a folder, and the messages need a file",
            hint=f"--out {path / 'messages.ndjson'}",
        )
    if not path.parent.is_dir():
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
        out.writelines(_lines(batch.wire) for batch in outgoing(plan, lambda content_ids: content_ids))
    return path


class Draft:
    """Messages written while they are planned, so that a dry run converts once; what does not go is taken out then."""

    def __init__(self, path: str, part: Path, out: IO[bytes]) -> None:
        self._path = path
        self._part = part
        self.out = out

    def take(self, converted: Converted) -> None:
        """Write a chunk's messages under their content ids.

        Raises:
            InputError: They cannot be written.
        """
        if converted.content_ids:
            with _translated(self._path):
                self.out.write(_lines(converted.encode(converted.content_ids)))

    def settle(self, dispositions: Dispositions) -> None:
        """Leave only the messages that would be sent; they move towards the start of the file.

        Raises:
            InputError: The file cannot be written.
        """
        if sum(dispositions.counts[each] for each in SENT) == dispositions.events:
            return
        with _translated(self._path):
            self.out.flush()
            self.out.seek(0)
            with self._part.open("rb", _BUFFER) as written:
                for ordinal, line in enumerate(written):
                    if dispositions.one(ordinal) in SENT:
                        self.out.write(line)
            self.out.truncate()


def is_stream(path: str) -> bool:
    """Tell whether a path is a pipe or a device: it is written to, where a file of its name would take its place."""
    return path.startswith("/dev/") or (Path(path).exists() and not Path(path).is_file())


@contextmanager
def drafted(path: str) -> Iterator[Draft]:
    """Open a file for messages; it appears under its name when it is left, whole, and not at all after an error.

    Raises:
        InputError: The file cannot be written.
    """
    part = Path(f"{path}.part")
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
    with _translated(path):
        out = os.fdopen(os.open(part, flags, 0o600), "wb", _BUFFER)
    try:
        yield Draft(path, part, out)
        with _translated(path):
            out.close()
            part.replace(path)
    finally:
        with suppress(OSError):
            out.close()
        part.unlink(missing_ok=True)


@contextmanager
def teed(portions: Iterator[Batch], path: str) -> Iterator[Iterator[Batch]]:
    """Write each message under its content id as it is drawn; the file ends where the delivery did.

    Raises:
        InputError: The file cannot be written.
    """
    if is_stream(path):
        with _translated(path), Path(path).open("wb", _BUFFER) as out:
            yield _written(portions, out, path)
        return
    with drafted(path) as draft:
        yield _written(portions, draft.out, path)


def _written(portions: Iterator[Batch], out: IO[bytes], path: str) -> Iterator[Batch]:
    for portion in portions:
        messages = zip(portion.wire, portion.content_ids, strict=True)
        with _translated(path):
            out.write(_lines([renamed(message, content_id) for message, content_id in messages]))
        yield portion


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
