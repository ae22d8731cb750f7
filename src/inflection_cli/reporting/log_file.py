"""The log of a command: one JSON object on each line."""

import json
import os
import stat
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Final

from inflection_cli.errors import UsageError

_MODE: Final = 0o600
_START: Final = b'{"time": "'


class LogFile:
    """Log that is appended to a file, one event a line.

    Each line is written at once and whole. A file that takes no more ends the log, not the run.

    Attributes:
        run: The name of the run, once it has one.
        trouble: Why nothing more is written; empty while the file takes it.

    Args:
        path: Where it is; it is made if missing.
        redact: Takes out of fields what the log must not hold.

    Raises:
        UsageError: It cannot be written.
    """

    def __init__(self, path: str, redact: Callable[[Any], Any]) -> None:
        self._redact = redact
        if path == "-":
            raise UsageError(
                "--log-file takes the name of a file", hint="--log-file run.log, or --log-file /dev/stderr"
            )
        self.run = ""
        self.trouble = ""
        try:
            self._descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, _MODE)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise UsageError(
                f"--log-file {path} cannot be written: {reason}",
                hint="name a file in a folder that is there, for example --log-file run.log",
            ) from error
        if not self._is_ours():
            self.close()
            raise UsageError(
                f"--log-file {path} is there and is no log; the log would be written into it",
                hint="give the log a path of its own, for example --log-file run.log",
            )

    def event(self, name: str, **fields: Any) -> None:
        """Write an event with the time and the run."""
        run = {"run": self.run} if self.run else {}
        said = {"time": _now(), **run, "event": name, **self._redact(fields)}
        line = json.dumps(said, ensure_ascii=False, default=str)
        if self.trouble:
            return
        data = f"{line}\n".encode("utf-8", "backslashreplace")
        try:
            while data:
                data = data[os.write(self._descriptor, data) :]
        except OSError as error:
            self.trouble = error.strerror or "unwritable"

    def _is_ours(self) -> bool:
        """Return whether the file is new, or begins as a log."""
        if not stat.S_ISREG(os.fstat(self._descriptor).st_mode):
            return True
        return os.pread(self._descriptor, len(_START), 0) in {b"", _START}

    def close(self) -> None:
        """Close the file."""
        with suppress(OSError):
            os.close(self._descriptor)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
