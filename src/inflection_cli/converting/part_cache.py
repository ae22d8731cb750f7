"""Remember what was made of cells, within bounds."""

from collections.abc import Callable
from typing import Any, Final, Generic, TypeVar

_ENTRIES: Final = 1 << 12
_CHARACTERS: Final = 1 << 20
"""Parts remembered by each cache, and characters of their cells; more is forgotten at once: memory stays flat."""

_Part = TypeVar("_Part")


class PartCache(dict[Any, _Part], Generic[_Part]):
    """Cache that computes a part from its cells on first use.

    Args:
        compute: Returns the part of some cells.
        entries: How many parts are remembered at most.
    """

    def __init__(self, compute: Callable[[Any], _Part], entries: int = _ENTRIES) -> None:
        super().__init__()
        self._entries = entries
        self._compute = compute
        self._held = 0

    def __missing__(self, cells: Any) -> _Part:
        return self.keep(cells, self._compute(cells))

    def keep(self, cells: Any, part: _Part) -> _Part:
        """Remember and return the part of some cells."""
        self._held += len(cells) if isinstance(cells, str) else sum(map(len, cells))
        if len(self) >= self._entries or self._held > _CHARACTERS:
            self.clear()
            self._held = 0
        self[cells] = part
        return part
