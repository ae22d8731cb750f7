"""Names of files in a folder or an archive: which are exports, which are packed, and which nobody means."""

import re
from typing import Final

DATA_ENDINGS: Final = ("csv", "tsv", "txt", "ndjson", "jsonl", "json")
"""What a file's name ends with that is taken for an export where only its folder or archive was named."""

COUNTS: Final = "files count that end in .csv, .tsv, .txt, .ndjson, .jsonl or .json, packed or not"

_PACKED: Final = re.compile(r"\.(?:gz|zst|bz2|xz)\Z", re.IGNORECASE)
_DATA: Final = re.compile(rf"\.(?:{'|'.join(DATA_ENDINGS)})\Z", re.IGNORECASE)
_ARCHIVE: Final = re.compile(r"\.(?:zip|tar|tgz|7z|rar)\Z", re.IGNORECASE)
# What the rejects of an earlier run are called; see `rejects.py` and `pipeline/rejects.py`.
_OURS: Final = re.compile(
    r"\.rejects(?:-\d+)?\.|\.unreadable(?:-\d+)?\.txt\Z|\Arefused-messages(?:-\d+)?\.ndjson\Z"
)


def unpacked_name(name: str) -> str:
    """Take the ending off that says how a file is packed."""
    return _PACKED.sub("", name)


def is_data(name: str) -> bool:
    """Say whether a name is an export's, packed or not."""
    return _DATA.search(unpacked_name(name)) is not None


def is_packed(name: str) -> bool:
    """Say whether a name is a packed file's or an archive's."""
    return _PACKED.search(name) is not None or is_archive(name)


def is_archive(name: str) -> bool:
    """Say whether a name is an archive's."""
    return _ARCHIVE.search(name) is not None


def is_hidden(name: str) -> bool:
    """Say whether a name is one that nobody means: hidden, a lock file of Office, or made by macOS."""
    return (name.startswith((".", "~$")) and name not in {".", ".."}) or name == "__MACOSX"


def is_ours(name: str) -> bool:
    """Say whether a name is one that rejects or their folder have."""
    return name.startswith("infl-seg-rejects-") or _OURS.search(name) is not None


def some(names: list[str]) -> str:
    """Name the first three, and say how many more there are."""
    more = f" and {len(names) - 3:,} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more
