"""Scratch files: group, sort and look up records in bounded memory.

Records of groups are bytes that begin with a hash, so their first byte spreads evenly. A run is written with its
records grouped by first byte, and notes where each group begins; what is handed back is one first byte at a time,
gathered from all runs. Sorting is left to who needs it: most inputs have no repeats, which a set tells sooner than a
sort.

The ids of events are kept too. Pass 2 reads them again: computing all hashes a second time would take a good part of a
delivery.
"""

import marshal
import mmap
import os
import tempfile
from array import array
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import accumulate, chain
from operator import sub
from typing import IO, Any, Final, NamedTuple

from inflection_cli.errors import TemporaryFolderError, TemporaryFolderFull
from inflection_cli.ledger.ledger_records import HASH_BYTES, ID_BYTES
from inflection_cli.ledger.state_dir import FULL

SPILL_BYTES: Final = 1 << 18
"""So much is held in memory before it is written."""


class Spill:
    """Append-only bytes: in memory while few, else in a scratch file."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._written = 0
        self._file: IO[bytes] | None = None

    def append(self, data: bytes) -> None:
        """Append more bytes.

        Raises:
            TemporaryFolderError: The temporary folder is full or cannot be written.
        """
        self._held += data
        if len(self._held) < SPILL_BYTES:
            return
        if self._file is None:
            self._file = scratch_file()
        with translated():
            self._file.write(self._held)
            self._file.flush()
        self._written += len(self._held)
        self._held.clear()

    def read(self, at: int, size: int) -> bytes:
        """Return `size` bytes at offset `at`; they were appended in one call.

        Raises:
            TemporaryFolderError: The temporary folder cannot be read any more.
        """
        if at >= self._written:
            start = at - self._written
            return bytes(self._held[start : start + size])
        assert self._file is not None
        with translated():
            return os.pread(self._file.fileno(), size, at)

    def close(self) -> None:
        """Close the scratch file; nothing can be read afterwards."""
        if self._file is not None:
            with suppress(OSError):  # what a full disk has not taken is tried once more
                self._file.close()
            self._file = None


def scratch_file() -> IO[bytes]:
    """Open an unnamed file that is deleted when it is closed.

    Raises:
        TemporaryFolderError: The temporary folder is full or cannot be written.
    """
    with translated():
        return tempfile.TemporaryFile(prefix="infl-seg-")


@contextmanager
def translated() -> Iterator[None]:
    """Convert an OSError of the temporary folder to a helpful `LedgerDamaged`."""
    try:
        yield
    except OSError as error:
        folder, reason = _folder_and_reason(error)
        if reason.errno in FULL:
            raise TemporaryFolderFull(
                f"the temporary folder {folder} is full or failed: {reason.strerror}",
                hint="free some room there, or choose another with TMPDIR=/path/with/room",
            ) from error
        raise TemporaryFolderError(
            f"the temporary folder {folder} cannot be used: {reason.strerror}",
            hint="see that this user may write there, or choose another with TMPDIR=/path/with/room",
        ) from error


def _folder_and_reason(error: OSError) -> tuple[str, OSError]:
    """Return the temporary folder and why it cannot be written."""
    try:
        return tempfile.gettempdir(), error
    except FileNotFoundError as none_takes_a_file:
        folder = os.environ.get("TMPDIR") or "/tmp"  # noqa: S108 - where Python looks as well
        try:
            with tempfile.TemporaryFile(dir=folder) as probe:
                probe.write(b"probe")
        except OSError as reason:
            return folder, reason
        return folder, none_takes_a_file


RUN_RECORDS: Final = 1 << 14
"""Records held in memory before a run is written: about 1.5 MB of 32-byte records."""

_PARTS: Final = 256


class SpillGroups:
    """Collect records and return them grouped by first byte.

    Args:
        record_bytes: The size of every record; its first byte is evenly spread.
        run_records: How many records make a run.
    """

    def __init__(self, record_bytes: int, run_records: int = RUN_RECORDS) -> None:
        self._size = record_bytes
        self._run_records = run_records
        self._buffer: list[bytes] = []
        self._starts: list[array[int]] = []
        self._file: IO[bytes] | None = None
        self._bytes = 0

    def add(self, records: Iterable[bytes]) -> None:
        """Add records in any order.

        Raises:
            TemporaryFolderError: The temporary folder is full or cannot be written.
        """
        self._buffer.extend(records)
        if len(self._buffer) >= self._run_records:
            self._spill()

    def parts(self, most: int | None = None) -> Iterator[list[bytes]]:
        """Yield all records in lists; equal keys are always in one list.

        Args:
            most: About how many records a list has; a part with more is read several times, and yielded by its
                second byte. None reads each part once, however large it is.
        """
        if not self._starts:
            yield self._buffer
            return
        if self._buffer:
            self._spill()
        for part in range(_PARTS):
            stripes = self._stripes(part, most)
            for stripe in range(stripes):
                records: list[bytes] = []
                for starts in self._starts:
                    found = self._slice(starts[part], starts[part + 1])
                    records += found if stripes == 1 else [one for one in found if one[1] % stripes == stripe]
                yield records

    def counts(self) -> Iterator[Counter[bytes]]:
        """Yield how often each record was added, in parts.

        A record takes the same memory however often it was.
        """
        if not self._starts:
            yield Counter(self._buffer)
            return
        if self._buffer:
            self._spill()
        for part in range(_PARTS):
            found: Counter[bytes] = Counter()
            for starts in self._starts:
                found.update(self._slice(starts[part], starts[part + 1]))
            yield found

    def close(self) -> None:
        """Free the memory and close the scratch file."""
        self._buffer = []
        self._starts = []
        if self._file is not None:
            self._file.close()
            self._file = None

    def _spill(self) -> None:
        groups: list[list[bytes]] = [[] for _ in range(_PARTS)]
        for record in self._buffer:
            groups[record[0]].append(record)
        first = self._bytes // self._size
        self._starts.append(array("Q", accumulate(map(len, groups), initial=first)))
        run = b"".join([record for group in groups for record in group])
        if self._file is None:
            self._file = scratch_file()
        with translated():
            self._file.write(run)
            self._file.flush()
        self._bytes += len(run)
        self._buffer = []

    def _stripes(self, part: int, most: int | None) -> int:
        """Return into how many lists a part is divided."""
        size = sum(starts[part + 1] - starts[part] for starts in self._starts)
        return 1 if most is None else min(max(1, -(-size // most)), _PARTS)

    def _slice(self, first: int, last: int) -> list[bytes]:
        assert self._file is not None
        size = self._size
        block = os.pread(self._file.fileno(), (last - first) * size, first * size)
        return [block[i : i + size] for i in range(0, len(block), size)]


def count_distinct(runs: SpillGroups) -> int:
    """Count the distinct records and close the groups."""
    count = sum(len(set(records)) for records in runs.parts())
    runs.close()
    return count


PARTS: Final = 256
ROWS_HELD: Final = 1 << 14
"""Rows that whoever fills the groups holds in memory before they are written."""


class _SpillParts:
    """Bytes in 256 parts, which are read back one by one."""

    def __init__(self) -> None:
        self._spill = Spill()
        self._starts: list[array[int]] = []
        self._bytes = 0

    def add(self, parts: Sequence[bytes]) -> None:
        """Append bytes to each of the parts.

        Raises:
            TemporaryFolderError: The temporary folder is full or cannot be written.
        """
        self._starts.append(array("Q", accumulate(map(len, parts), initial=self._bytes)))
        self._spill.append(b"".join(parts))
        self._bytes = self._starts[-1][-1]

    def filled(self) -> set[int]:
        """Return the parts that have bytes."""
        return {
            part for starts in self._starts for part, size in enumerate(map(sub, starts[1:], starts)) if size
        }

    def of(self, part: int) -> Iterator[bytes]:
        """Yield what was appended to a part, in the order of adding.

        Raises:
            TemporaryFolderError: The temporary folder cannot be read any more.
        """
        for starts in self._starts:
            if size := starts[part + 1] - starts[part]:
                yield self._spill.read(starts[part], size)

    def close(self) -> None:
        """Free the memory and the scratch file; nothing can be read afterwards."""
        self._starts = []
        self._spill.close()


class SpillRows:
    """Rows in 256 parts, which are read back one by one."""

    def __init__(self) -> None:
        self._parts = _SpillParts()

    def add(self, groups: Sequence[list[Any]]) -> None:
        """Append rows, one list for each of the parts.

        Raises:
            TemporaryFolderError: The temporary folder is full or cannot be written.
        """
        self._parts.add([marshal.dumps(group) if group else b"" for group in groups])

    def parts(self) -> Iterator[list[Any]]:
        """Yield the rows of each part, in the order of adding.

        Raises:
            TemporaryFolderError: The temporary folder cannot be read any more.
        """
        filled = self._parts.filled()
        for part in range(PARTS) if filled else ():
            # The file has no name and is our own: nobody else can have written to it.
            yield [*chain.from_iterable(map(marshal.loads, self._parts.of(part)))] if part in filled else []

    def close(self) -> None:
        """Free the memory and the scratch file; nothing can be read afterwards."""
        self._parts.close()


_MARK: Final = "\0"


class SpillTexts:
    """Rows of texts in 256 parts by the first text.

    A row is held as one text: many small objects leave the processor's cache before they are written. The texts have
    no NUL.

    Args:
        width: How many texts a row has.
    """

    def __init__(self, width: int) -> None:
        self._width = width
        self._parts = _SpillParts()
        self._held = 0
        self._groups: list[list[str]] = [[] for _ in range(PARTS)]

    def add(self, columns: Sequence[Sequence[str]]) -> None:
        """Append rows, given as columns.

        Raises:
            TemporaryFolderError: The temporary folder is full or cannot be written.
        """
        groups, rows = self._groups, map(_MARK.join, zip(*columns, strict=True))
        for hashed, row in zip(map(hash, columns[0]), rows, strict=True):
            groups[hashed & PARTS - 1].append(row)
        self._held += len(columns[0])
        if self._held >= ROWS_HELD:
            self._write()

    def filled(self) -> set[int]:
        """Return the parts that have rows, once all are added.

        Raises:
            TemporaryFolderError: The temporary folder is full or cannot be written.
        """
        if self._held:
            self._write()
        return self._parts.filled()

    def of(self, part: int) -> Iterator[list[list[str]]]:
        """Yield the rows of a part, some at a time, as columns.

        A part may have any number of rows, as where one text comes millions of times.

        Raises:
            TemporaryFolderError: The temporary folder cannot be read any more.
        """
        return map(self._columns, self._parts.of(part))

    def _columns(self, written: bytes) -> list[list[str]]:
        texts = written.decode(errors="surrogatepass").split(_MARK)
        return [texts[at :: self._width] for at in range(self._width)]

    def _write(self) -> None:
        written = []
        for rows in self._groups:
            part = _MARK.join(rows)
            # A row with a NUL is rejected when it is read: NULs stand between texts alone.
            assert not rows or part.count(_MARK) == self._width * len(rows) - 1
            written.append(part.encode(errors="surrogatepass"))
        self._parts.add(written)
        self._groups = [[] for _ in range(PARTS)]
        self._held = 0

    def close(self) -> None:
        """Free the memory and the scratch file; nothing can be read afterwards."""
        self._parts.close()


KEY_BYTES: Final = 8
RECORD_BYTES: Final = 2 * KEY_BYTES
"""A key and a value: two million of them take 32 MB of the temporary folder."""


class SortedRecords:
    """Distinct records of 8 bytes of key and 8 of value, sorted.

    Args:
        records: What is kept; the groups are closed.

    Raises:
        TemporaryFolderError: The temporary folder is full or cannot be written.
    """

    def __init__(self, records: SpillGroups) -> None:
        self._file: IO[bytes] | None = None
        self._map: mmap.mmap | bytes = b""
        self._count = 0
        for part in records.parts():
            every = sorted(set(part))
            if every:
                self._file = self._file or scratch_file()
                with translated():
                    self._file.write(b"".join(every))
            self._count += len(every)
        records.close()
        if self._file is not None:
            with translated():
                self._file.flush()
                self._map = mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ)

    def __len__(self) -> int:
        return self._count

    def values(self, key: bytes) -> Iterator[bytes]:
        """Yield the values of all records with a key."""
        at = bisect_left(range(self._count), key, key=self._key)
        while at < self._count and self._key(at) == key:
            yield self._map[at * RECORD_BYTES + KEY_BYTES : (at + 1) * RECORD_BYTES]
            at += 1

    def _key(self, at: int) -> bytes:
        return self._map[at * RECORD_BYTES : at * RECORD_BYTES + KEY_BYTES]

    def close(self) -> None:
        """Close the scratch file; nothing can be looked up afterwards."""
        if isinstance(self._map, mmap.mmap):
            self._map.close()
        if self._file is not None:
            self._file.close()
        self._map, self._file, self._count = b"", None, 0


_EVENT_BYTES: Final = ID_BYTES + HASH_BYTES


class ChunkIds(NamedTuple):
    """Content ids (16 bytes each) and content hashes of a chunk's events."""

    content_ids: list[bytes]
    content_hashes: Sequence[int]


class EventIds:
    """Content ids and hashes of events, 24 bytes each, read by chunk.

    Attributes:
        starts: The ordinal of each chunk's first event, and at the end the number of events.
    """

    def __init__(self) -> None:
        self.starts = array("Q", [0])
        self._spill = Spill()

    def add(self, content_ids: Sequence[bytes], content_hashes: Sequence[int]) -> None:
        """Append the events of the next chunk, in order.

        Raises:
            TemporaryFolderError: The temporary folder is full or cannot be written.
        """
        self.starts.append(self.starts[-1] + len(content_ids))
        self._spill.append(b"".join(content_ids) + array("Q", content_hashes).tobytes())

    def of(self, chunk: int) -> ChunkIds:
        """Return the events of a chunk, by the chunk's index.

        Raises:
            TemporaryFolderError: The temporary folder cannot be read any more.
        """
        first, after = self.starts[chunk], self.starts[chunk + 1]
        block = self._spill.read(first * _EVENT_BYTES, (after - first) * _EVENT_BYTES)
        ids = (after - first) * ID_BYTES
        hashes = array("Q", block[ids:])
        return ChunkIds([block[at : at + ID_BYTES] for at in range(0, ids, ID_BYTES)], hashes)

    def one(self, ordinal: int) -> bytes:
        """Return the content id of one event."""
        first = self.starts[bisect_right(self.starts, ordinal) - 1]
        return self._spill.read(first * _EVENT_BYTES + (ordinal - first) * ID_BYTES, ID_BYTES)

    def ids(self) -> Iterator[list[bytes]]:
        """Yield the content ids of all events in order, by chunk."""
        for chunk in range(len(self.starts) - 1):
            yield self.of(chunk).content_ids

    def close(self) -> None:
        """Free the memory and the scratch file; nothing can be read afterwards."""
        self._spill.close()


_BYTES: Final = 8


class EventLocations:
    """File and line number of every event, 8 bytes each."""

    def __init__(self) -> None:
        self._firsts: list[int] = []
        self._files: list[str] = []
        self._events = 0
        self._lines = Spill()

    def add(self, file: str, lines: Sequence[int]) -> None:
        """Append the line numbers of a file's next events, in order.

        Raises:
            TemporaryFolderError: The temporary folder is full or cannot be written.
        """
        if not self._files or self._files[-1] != file:
            self._files.append(file)
            self._firsts.append(self._events)
        self._lines.append(array("Q", lines).tobytes())
        self._events += len(lines)

    def of(self, ordinal: int) -> tuple[str, int]:
        """Return the file and the line of an event.

        Raises:
            TemporaryFolderError: The temporary folder cannot be read any more.
        """
        file = self._files[bisect_right(self._firsts, ordinal) - 1]
        (line,) = array("Q", self._lines.read(ordinal * _BYTES, _BYTES))
        return file, line

    def close(self) -> None:
        """Free the memory and the scratch file; nothing can be read afterwards."""
        self._lines.close()
