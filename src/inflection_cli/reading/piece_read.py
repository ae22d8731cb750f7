"""Result of reading a piece of a file."""

from typing import NamedTuple

from inflection_cli.model import Chunk


class PieceRead(NamedTuple):
    """Records of a piece that could be read by itself.

    Attributes:
        chunk: The records; None where there is none.
        consumed: How many bytes of the piece they are.
        columns: The columns that the next piece is read with.
    """

    chunk: Chunk | None
    consumed: int
    columns: tuple[str, ...]
