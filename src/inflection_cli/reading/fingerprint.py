"""Fingerprints: what makes a file the same file, whatever it is called and however it is read."""

from hashlib import blake2b
from typing import Final

from inflection_cli.reading.files import open_stream

_GZIP_MAGIC: Final = b"\x1f\x8b"
_BLOCK_BYTES: Final = 1 << 20


def fingerprint(path: str, location: str) -> str:
    """Return a digest of a file's decompressed bytes, 32 hex digits.

    Args:
        path: The name to show.
        location: Where it is.

    Raises:
        InputError: It is gone, damaged, or may not be read.
    """
    with open_stream(path, location, None) as start:
        compression: Final = "gzip" if start.read(len(_GZIP_MAGIC)) == _GZIP_MAGIC else None
    digest = blake2b(digest_size=16)
    with open_stream(path, location, compression) as stream:
        while block := stream.read(_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()
