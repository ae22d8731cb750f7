"""Detect compression by first bytes, and decompress in pieces of bounded size."""

import bz2
import lzma
import sys
import zlib
from collections.abc import Callable, Mapping
from typing import Final, Literal, Protocol

Packing = Literal["gzip", "zstd", "bzip2", "xz"]

MAGIC_BYTES: Final = 10
"""So many of a file's first bytes tell how it is packed."""

_READ_BYTES: Final = 1 << 16
# `xz -9` takes 65 MiB to unpack; a header can ask for gigabytes.
_XZ_MEMORY_BYTES: Final = 128 << 20
# RFC 1952 names no padding, but tapes and gzip itself have it; the xz format allows it (section 2.2).
_PADDED: Final = frozenset({"gzip", "xz"})
_GZIP: Final = b"\x1f\x8b"
_ZSTD: Final = b"\x28\xb5\x2f\xfd"
_XZ: Final = b"\xfd7zXZ\0"
# The block's or the end's own mark follows, so that a header that begins with these letters is none.
_BZIP2: Final = tuple(
    b"BZh%d" % level + mark
    for level in range(1, 10)
    for mark in (b"\x31\x41\x59\x26\x53\x59", b"\x17\x72\x45\x38\x50\x90")
)
# RFC 8878, section 3.1.2: a frame that holds no data; some tools begin with one.
_SKIPPABLE: Final = tuple(bytes((0x50 + low,)) + b"\x2a\x4d\x18" for low in range(16))
_MAGICS: Final[Mapping[Packing, tuple[bytes, ...]]] = {
    "gzip": (_GZIP,),
    "zstd": (_ZSTD, *_SKIPPABLE),
    "bzip2": _BZIP2,
    "xz": (_XZ,),
}

CHECKS: Final[Mapping[str, str]] = {
    "gzip": "gzip --test FILE",
    "zstd": "zstd --test FILE",
    "bzip2": "bzip2 --test FILE",
    "xz": "xz --test FILE",
    "zip": "unzip -t FILE",
    "tar": "tar -tf FILE",
}
"""By packing, the command that checks such a file."""


def compression_of(head: bytes) -> Packing | None:
    """Return the compression that a file's first bytes show, or None."""
    return next((kind for kind, magics in _MAGICS.items() if head.startswith(magics)), None)


class DecompressionError(Exception):
    """Raised when compressed data is invalid or cut off.

    The text says how, without the place.
    """


class ExpansionExceeded(Exception):
    """Raised when compressed data needs more memory than is allowed."""


class ByteSource(Protocol):
    """Protocol of an object that returns bytes until the end."""

    def read(self, size: int, /) -> bytes | None:
        """Read at most `size` bytes; return no bytes at the end."""


class Decompressor(Protocol):
    """Protocol of a decompressor for one stream, as in the standard library."""

    @property
    def eof(self) -> bool:
        """Return whether the stream has ended."""

    @property
    def needs_input(self) -> bool:
        """Return whether more input is needed for any further output."""

    @property
    def unused_data(self) -> bytes:
        """Bytes found after the end of the stream."""

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Decompress bytes to at most `max_length`; the rest is kept for later."""


class _Inflate:
    """Adapter that gives zlib's decompressor the `Decompressor` interface."""

    def __init__(self, window_bits: int) -> None:
        self._inflate = zlib.decompressobj(window_bits)
        self._full = False

    @property
    def eof(self) -> bool:
        return self._inflate.eof

    @property
    def needs_input(self) -> bool:
        return not self._full and not self._inflate.unconsumed_tail and not self._inflate.eof

    @property
    def unused_data(self) -> bytes:
        return self._inflate.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        out = self._inflate.decompress(self._inflate.unconsumed_tail + data, max_length)
        # zlib may hold back output although it has taken all of its input.
        self._full = len(out) == max_length
        return out


def _xz() -> Decompressor:
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY_BYTES)


def _zstd() -> Decompressor:
    if sys.version_info >= (3, 14):
        from compression import zstd  # noqa: PLC0415 - only where such a file is read
    else:
        from backports import zstd  # noqa: PLC0415 - likewise
    return zstd.ZstdDecompressor()


DEFLATE: Final = "deflate"
_KINDS: Final[Mapping[str, Callable[[], Decompressor]]] = {
    "gzip": lambda: _Inflate(16 + zlib.MAX_WBITS),
    DEFLATE: lambda: _Inflate(-zlib.MAX_WBITS),
    "bzip2": bz2.BZ2Decompressor,
    "xz": _xz,
    "zstd": _zstd,
}


class DecompressedStream:
    """Byte source that decompresses one or more consecutive streams."""

    def __init__(self, packed: ByteSource, kind: str) -> None:
        self._packed = packed
        self._kind = kind
        self._stream = _KINDS[kind]()
        self._held = b""

    def read(self, size: int) -> bytes:
        """Read at most `size` bytes; return no bytes at the end.

        Raises:
            Damaged: The data is none of its kind, or ends too early.
            TooHeavy: It asks for too much memory.
            OSError: The disk gives out.
        """
        while not self._stream.eof or self._follows():
            data = self._more() if self._stream.needs_input else b""
            out = self._unpack(data, size)
            if out:
                return out
        return b""

    def _unpack(self, data: bytes, size: int) -> bytes:
        try:
            return self._stream.decompress(data, size)
        except Exception as error:
            # Each library has an error of its own, and one of them may not be imported here.
            if "memory" in str(error).lower():
                raise ExpansionExceeded(str(error)) from error
            raise DecompressionError(str(error)) from error

    def _more(self) -> bytes:
        data = self._held or self._load()
        self._held = b""
        if not data:
            raise DecompressionError("it ends in the middle")
        return data

    def _load(self) -> bytes:
        return self._packed.read(_READ_BYTES) or b""

    def _follows(self) -> bool:
        """Open the next stream, and return whether there is one."""
        if self._kind == DEFLATE:
            return False
        data = self._stream.unused_data or self._load()
        if self._kind in _PADDED:
            data = data.lstrip(b"\0")
            while not data and (more := self._load()):
                data = more.lstrip(b"\0")
        if not data:
            return False
        self._stream = _KINDS[self._kind]()
        self._held = data
        return True
