"""Answers of the user on a destination, kept beside its ledger."""

import json
import os
from math import inf
from pathlib import Path
from typing import Final

from inflection_cli.ledger.state_dir import (
    check_private_file,
    ledger_folder,
    ledger_path,
    make_private_folder,
    open_private,
    sync_folder,
    translated,
)

_SUFFIX: Final = ".answers.json"
_WINDOW: Final = "dedup_window_seconds"
_MOST_BYTES: Final = 10_000


def answers_path(state_dir: Path, namespace: str) -> Path:
    """Return the path of the answers on a destination, beside its ledger."""
    return ledger_path(state_dir, namespace).with_suffix(_SUFFIX)


def kept_dedup_window_s(state_dir: Path, namespace: str) -> float | None:
    """Return the deduplication window that the user confirmed, in seconds.

    0 where the answer was no; None where nobody was asked, or what is there is no answer.

    Raises:
        LedgerError: The file is another user's, or cannot be read.
    """
    path = answers_path(state_dir, namespace)
    with translated(path):
        try:
            check_private_file(path)
            with path.open("rb") as file:
                found = json.loads(file.read(_MOST_BYTES))
        except (FileNotFoundError, NotADirectoryError, ValueError, RecursionError):
            return None
    window_s = found.get(_WINDOW) if isinstance(found, dict) else None
    if isinstance(window_s, bool) or not isinstance(window_s, int | float):
        return None
    return float(window_s) if 0 <= window_s < inf else None


def keep_dedup_window_s(state_dir: Path, namespace: str, window_s: float) -> None:
    """Record the user's answer durably.

    Raises:
        LedgerError: It cannot be written.
    """
    path = answers_path(state_dir, namespace)
    make_private_folder(ledger_folder(state_dir))
    part = path.with_suffix(".part")
    with translated(path):
        part.unlink(missing_ok=True)
        with os.fdopen(open_private(part, exclusive=True), "w", encoding="utf-8") as file:
            json.dump({_WINDOW: window_s}, file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        sync_folder(path.parent)


def forget_answers(state_dir: Path, namespace: str) -> None:
    """Delete the user's answers on a destination.

    Raises:
        LedgerError: They cannot be deleted.
    """
    path = answers_path(state_dir, namespace)
    with translated(path):
        path.unlink(missing_ok=True)
        sync_folder(path.parent)
