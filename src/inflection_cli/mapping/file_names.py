"""The names of files as a profile's patterns know them: as they were exported, not packed and not rejected."""

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import PurePath
from typing import Final

from inflection_cli.catalog import REJECT_COLUMNS

_PACKED: Final = re.compile(r"\.(?:gz|zst|bz2|xz)\Z")
_REJECTED: Final = re.compile(r"\.rejects(?:-\d+)?(?=\.)")


def exported_names(file: str, columns: Sequence[str], sample: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Return the names, in lower case and without folders, of the files that a file's rows were exported in.

    It is the file's own name, unless these are rejected rows of an earlier run, which say where they come from.

    Args:
        file: Its path.
        columns: Its column names.
        sample: Some of its first rows.
    """
    paths = [file]
    if REJECT_COLUMNS[0] in columns:
        at = columns.index(REJECT_COLUMNS[0])
        paths = [row[at] for row in sample if at < len(row) and row[at].strip()] or paths
    # Rows that were rejected twice say the name that their first rejects had.
    return tuple(_REJECTED.sub("", PurePath(path).name.lower()) for path in dict.fromkeys(paths))


def fits(name: str, pattern: str) -> bool:
    """Tell whether a name of `exported_names` fits a shell pattern; an ending that says how it is packed may lack."""
    return any(fnmatchcase(one, pattern.lower()) for one in (name, _PACKED.sub("", name)))
