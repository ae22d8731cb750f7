"""File name patterns: exports, compressed files, archives and ignored names."""

import re
from typing import Final

DATA_ENDINGS: Final = ("csv", "tsv", "txt", "ndjson", "jsonl", "json", "avro", "parquet", "xlsx")
"""What a file's name ends with that is taken for an export where only its folder or archive was named."""

_LISTED: Final = f".{', .'.join(DATA_ENDINGS[:-1])} or .{DATA_ENDINGS[-1]}"
COUNTS: Final = f"supported names end in {_LISTED}, compressed or not, or in .gz alone"

_PACKED: Final = re.compile(r"\.(?:gz|zst|bz2|xz)\Z", re.IGNORECASE)
_DATA: Final = re.compile(rf"\.(?:{'|'.join(DATA_ENDINGS)})\Z", re.IGNORECASE)
_ARCHIVE: Final = re.compile(r"\.(?:zip|tar|tgz|7z|rar)\Z", re.IGNORECASE)
_READ_ARCHIVE: Final = re.compile(r"\.(?:zip|tar|tgz)\Z", re.IGNORECASE)
_URL: Final = re.compile(r"[a-z][a-z0-9+.-]{1,19}://", re.IGNORECASE)
# What the rejects of an earlier run are called; see `rejects.py` and `pipeline/rejects.py`.
_OURS: Final = re.compile(
    r"\.rejects(?:-\d+)?\.|\.unreadable(?:-\d+)?\.txt\Z|\Arefused-messages(?:-\d+)?\.(?:ndjson|reasons\.csv)\Z"
)


def is_url(name: str) -> bool:
    """Return whether a name has a scheme, as remote files do."""
    return _URL.match(name) is not None


def unpacked_name(name: str) -> str:
    """Remove the compression extension from a file name."""
    return _PACKED.sub("", name)


def is_data(name: str) -> bool:
    """Return whether a file name is an export's, compressed or not.

    Raw-data archives of Segment have names that end in `.gz` alone.
    """
    unpacked = unpacked_name(name)
    return _DATA.search(unpacked) is not None or (name.endswith(".gz") and "." not in unpacked)


def is_packed(name: str) -> bool:
    """Return whether a name is that of a compressed file or archive."""
    return _PACKED.search(name) is not None or is_archive(name)


def is_archive(name: str) -> bool:
    """Return whether a file name is that of an archive."""
    return _ARCHIVE.search(name) is not None


def is_read_archive(name: str) -> bool:
    """Return whether a name is that of a readable archive."""
    return _READ_ARCHIVE.search(unpacked_name(name)) is not None


def is_hidden(name: str) -> bool:
    """Return whether a name is hidden, an Office lock, or macOS metadata."""
    return (name.startswith((".", "~$")) and name not in {".", ".."}) or name == "__MACOSX"


def is_ours(name: str) -> bool:
    """Return whether a name is that of rejects or their folder."""
    return name.startswith("infl-seg-rejects-") or _OURS.search(name) is not None


def some(names: list[str]) -> str:
    """Format the first three names and the number of the others."""
    more = f" and {len(names) - 3:,} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more
