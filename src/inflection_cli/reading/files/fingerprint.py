"""Fingerprints of files by content, whatever their name or compression."""

from hashlib import blake2b
from typing import Final

from inflection_cli.reading.files.archive import Member
from inflection_cli.reading.files.compression import MAGIC_BYTES, compression_of
from inflection_cli.reading.files.stream import open_bytes

_BLOCK_BYTES: Final = 1 << 20


def fingerprint(path: str, location: str, member: Member | None = None) -> str:
    """Return a digest of a file's unpacked bytes, as 32 hex digits.

    Args:
        path: The name to show.
        location: Where it is.
        member: Where in the archive at `location` it is.

    Raises:
        InputError: It is gone, damaged, or may not be read.
    """
    with open_bytes(path, location, None) as start:
        packing = compression_of(start.head(MAGIC_BYTES))
    compression: Final = packing if member is None else member.archive
    digest = blake2b(digest_size=16)
    with open_bytes(path, location, compression, member) as stream:
        while block := stream.read(_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()
