"""What pass 1 found each event to be, kept for pass 2: to hash it all again would be a good part of a delivery."""

from array import array
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from inflection_cli.delivery.records import HASH_BYTES, ID_BYTES
from inflection_cli.delivery.scratch import Spill

_EVENT_BYTES: Final = ID_BYTES + HASH_BYTES


class Identified(NamedTuple):
    """The events of a chunk: parallel lists of their content ids, 16 bytes each, and their content hashes."""

    content_ids: list[bytes]
    content_hashes: Sequence[int]


class Identities:
    """Keeps content ids and hashes in flat memory, 24 bytes an event, to be read by chunk.

    Attributes:
        starts: The ordinal of each chunk's first event, and at the end the number of events.
    """

    def __init__(self) -> None:
        self.starts = array("Q", [0])
        self._spill = Spill()

    def add(self, content_ids: Sequence[bytes], content_hashes: Sequence[int]) -> None:
        """Take the events of the next chunk, in their order.

        Raises:
            TemporaryFolderError: The temporary folder is full or cannot be written.
        """
        self.starts.append(self.starts[-1] + len(content_ids))
        self._spill.append(b"".join(content_ids) + array("Q", content_hashes).tobytes())

    def of(self, chunk: int) -> Identified:
        """Return the events of a chunk, by its place among all chunks.

        Raises:
            TemporaryFolderError: The temporary folder cannot be read any more.
        """
        first, after = self.starts[chunk], self.starts[chunk + 1]
        block = self._spill.read(first * _EVENT_BYTES, (after - first) * _EVENT_BYTES)
        ids = (after - first) * ID_BYTES
        hashes = array("Q", block[ids:])
        return Identified([block[at : at + ID_BYTES] for at in range(0, ids, ID_BYTES)], hashes)

    def ids(self) -> Iterator[list[bytes]]:
        """Yield the content ids of all events, in their order, a chunk's at a time."""
        for chunk in range(len(self.starts) - 1):
            yield self.of(chunk).content_ids

    def close(self) -> None:
        """Give the room back; nothing can be read any more."""
        self._spill.close()
