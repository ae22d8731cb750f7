"""The log file of a command, from its start to its end."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from inflection_cli.cli.typed_command import kept_command, redacted
from inflection_cli.errors import InflSegError
from inflection_cli.reporting.console import Speaker
from inflection_cli.reporting.log_file import LogFile
from inflection_cli.version import __version__


@contextmanager
def logged(
    path: str | None, command: str, speaker: Speaker, outcome: Callable[[], dict[str, Any]]
) -> Iterator[None]:
    """Write a log of the command if one was asked for.

    Args:
        path: Where it is; None for no log.
        command: The command's name.
        speaker: Its talk is logged too.
        outcome: Returns exit code and counts, once the command has come to its end.

    Raises:
        UsageError: The file cannot be written.
    """
    if path is None:
        yield
        return
    log = speaker.log = LogFile(path, partial(redacted, argv=sys.argv))
    log.event("start", command=command, version=__version__, typed=kept_command(sys.argv))
    try:
        yield
    except Exception as error:
        log.event("end", **{**outcome(), **_fault(error)})
        raise
    else:
        log.event("end", **outcome())
    finally:
        speaker.log = None
        log.close()
        if log.trouble:
            speaker.warn(f"--log-file {path} took no more: {log.trouble}; the log is not complete")


def _fault(error: Exception) -> dict[str, Any]:
    if not isinstance(error, InflSegError):
        told = {"code": InflSegError.code, "message": type(error).__name__}
        return {"exit_code": InflSegError.exit_code, "error": told}
    told = {"code": error.code, "message": error.message, "hint": error.hint, "cause": error.cause}
    return {"exit_code": error.exit_code, "error": told}
