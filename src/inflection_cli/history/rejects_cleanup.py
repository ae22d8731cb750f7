"""Find and delete the rejects folders of tries that sent nothing."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from inflection_cli.errors import InputError
from inflection_cli.history.run_history import LedgerSet
from inflection_cli.reading.files.file_patterns import is_ours

_PREFIX: Final = "infl-seg-rejects-"


def unneeded_folders(place: Path, shelf: LedgerSet) -> list[Path]:
    """Return the rejects folders in a folder whose run no ledger records.

    A folder with other files in it, or a link, is never one of them.

    Raises:
        LedgerError: A ledger cannot be read: it may record one of the runs.
        InputError: The folder cannot be listed.
    """
    recorded = {run.run_id for _, run in shelf.runs()}
    if shelf.troubles:
        raise shelf.first_trouble()
    try:
        found = sorted(place.glob(f"{_PREFIX}*"))
        return [
            each
            for each in found
            if each.name.removeprefix(_PREFIX) not in recorded and _is_only_rejects(each)
        ]
    except OSError as error:
        raise InputError(f"{place} cannot be listed: {error.strerror}", hint="name another folder") from error


def _is_only_rejects(folder: Path) -> bool:
    if not stat.S_ISDIR(folder.lstat().st_mode):
        return False
    entries = list(folder.iterdir())
    return all(stat.S_ISREG(each.lstat().st_mode) and is_ours(each.name) for each in entries)


def delete(folders: list[Path]) -> Iterator[Path]:
    """Delete rejects folders with their files; yield each that is deleted.

    Raises:
        InputError: One cannot be deleted.
    """
    for folder in folders:
        try:
            for each in folder.iterdir():
                each.unlink()
            os.rmdir(folder)  # noqa: PTH106 - only if it is empty
        except OSError as error:
            raise InputError(
                f"{folder} cannot be deleted: {error.strerror}", hint="check the rights of the folder"
            ) from error
        yield folder
