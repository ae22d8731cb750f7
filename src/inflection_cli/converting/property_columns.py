"""Read an event's further properties a column at a time."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from struct import unpack
from typing import Final, NamedTuple

from inflection_cli.converting.part_cache import PartCache
from inflection_cli.lossless_json import JsonCell
from inflection_cli.mapping.columns import Carried
from inflection_cli.mapping.events import EventReader
from inflection_cli.segment.ids import HEADS, netstring
from inflection_cli.segment.message import MessageEncoder

_MOST_DIGITS: Final = 300
"""A number of so many digits is still within a float."""

_KINDS: Final = {kind[0]: kind for kind in ("text", "number", "boolean", "list", "object")}
"""What a property can be in a message, by its first letter."""


def hash64(source: str) -> int:
    """Hash text to 64 bits."""
    return hash64s([source])[0]


def hash64s(sources: Sequence[str]) -> Sequence[int]:
    """Hash each text to 64 bits."""
    digests = b"".join([blake2b(source.encode(), digest_size=8).digest() for source in sources])
    return unpack(f">{len(sources)}Q", digests)


class _Part:
    """Part that one cell adds to an event."""

    __slots__ = ("hashed", "json", "kind", "odd")

    def __init__(self, json: str, hashed: str, kind: str, *, odd: bool) -> None:
        self.json = json
        self.hashed = hashed
        self.kind = kind
        self.odd = odd


class _Column(NamedTuple):
    """Parts of one column's cells, and the indexes of odd ones."""

    json: Sequence[str]
    hashed: Sequence[str]
    kinds: Sequence[str]
    odd: Iterable[int]


@dataclass(slots=True)
class PropertyParts:
    """The further properties of some events, as columns.

    Attributes:
        json: The JSON fragments, each property with a comma in front.
        sources: The text of each that counts in the content hash.
        odd: The indexes of events of which there may be something to say.
        kinds: For each column its name and the kinds of its cells, where they were asked for.
    """

    json: Sequence[str]
    sources: Sequence[str]
    odd: set[int]
    kinds: Sequence[tuple[str, Sequence[str]]]


class PropertyReader:
    """Reader of the columns that are not fields.

    Args:
        mapper: Reads a cell exactly.
        columns: The columns, in the order of the file.
        encoder: How messages are written.
        constant_link: The link that all events have, if any.
    """

    def __init__(
        self,
        mapper: EventReader,
        columns: Sequence[Carried],
        encoder: MessageEncoder,
        constant_link: str | None,
    ) -> None:
        odd_link = bool(constant_link and mapper.link_faults(constant_link))
        self._columns = [
            (column, _CellReader(mapper, column, encoder, odd_link=odd_link)) for column in columns
        ]

    def read(self, cells: Callable[[int], Sequence[str]], count: int, *, typed: bool) -> PropertyParts:
        """Read the properties of `count` events.

        Args:
            cells: Returns the cells of a column by its index.
            count: How many events there are.
            typed: Whether cells may be JSON, and what they are is asked for.
        """
        read = [(column, reader.read(cells(column.place), typed=typed)) for column, reader in self._columns]
        sent = [(column.name, found) for column, found in read if column.sent]
        return PropertyParts(
            _joined([found.json for _, found in sent], count),
            _joined([found.hashed for column, found in read if column.hashed], count),
            {i for _, found in read for i in found.odd},
            [(name, found.kinds) for name, found in sent] if typed else (),
        )


def kinds_of(letters: Sequence[tuple[str, Iterable[str]]]) -> frozenset[tuple[str, str]]:
    """Return each property's name and kinds, from their letters."""
    return frozenset((name, _KINDS[letter]) for name, found in letters for letter in set(found) - {"-"})


def _joined(columns: Sequence[Sequence[str]], count: int) -> Sequence[str]:
    if len(columns) == 1:
        return columns[0]
    return list(map("".join, zip(*columns, strict=True))) if columns else [""] * count


class _CellReader:
    """Reader of one column's cells; text and equal JSON differ."""

    def __init__(
        self, mapper: EventReader, column: Carried, encoder: MessageEncoder, *, odd_link: bool
    ) -> None:
        self._mapper, self._column, self._encoder = mapper, column, encoder
        self._odd_link = odd_link
        self._hashed_name = netstring(column.name)
        self._sends_numbers = column.sent and mapper.sends_json(column.name)
        self._texts = PartCache(self._part)
        self._json = PartCache(self._part)

    def read(self, cells: Sequence[str], *, typed: bool) -> _Column:
        """Return the parts of the cells."""
        classes = set(map(type, filter(None, cells))) if typed else {str}
        if 2 * len(set(cells)) > len(cells):
            # What hardly comes again is not remembered.
            if classes == {JsonCell} and self._sends_numbers:
                letter = _letter_of_numbers(cells)
                if letter:
                    return self._numbers(cells, letter)
            return _column(list(map(self._part, cells)))
        if len(classes) > 1:
            return _column([(self._json if type(cell) is JsonCell else self._texts)[cell] for cell in cells])
        known = self._json if JsonCell in classes else self._texts
        return _column([known[cell] for cell in cells])

    def _numbers(self, cells: Sequence[str], letter: str) -> _Column:
        """Return the parts of JSON numbers, or of lists of them."""
        key = self._encoder.property(self._column.name, "", literal=True)
        name, hashed = self._hashed_name, [""] * len(cells)
        # Texts without a type are formatted in a third of the time; these have no line end.
        texts = "\n".join(cells).split("\n")
        if self._column.hashed:
            hashed = [f"{name}{HEADS[len(text)]}{text}," for text in texts]
        return _Column([key + text for text in texts], hashed, letter * len(cells), ())

    def _part(self, cell: str) -> _Part:
        column = self._column
        read = self._mapper.property_cell(column, cell)
        hashed = self._hashed_name + netstring(cell) if read.hashed else ""
        json = ""
        if read.sent:
            literal = read.is_json or self._mapper.is_literal(column.name)
            json = self._encoder.property(column.name, cell, literal=literal)
        odd = bool(read.notes)
        if not (odd or cell.isascii()):
            odd = self._odd_link or bool(self._mapper.property_damages(column, cell))
        return _Part(json, hashed, read.kind, odd=odd)


def _column(parts: Sequence[_Part]) -> _Column:
    odd = [i for i, part in enumerate(parts) if part.odd]
    json, hashed = [part.json for part in parts], [part.hashed for part in parts]
    return _Column(json, hashed, [part.kind for part in parts], odd)


def _letter_of_numbers(cells: Sequence[str]) -> str:
    """Return `n` if all cells are numbers, `l` if lists of them."""
    joined = "".join(cells)
    if not joined.isascii() or len(max(cells, key=len)) > _MOST_DIGITS:
        return ""
    left = joined.encode().translate(None, b"0123456789+-.")
    if not left:
        return "n" if "" not in cells else ""
    flat = left.translate(None, b",") == b"[]" * len(cells) and {cell[:1] for cell in cells} == {"["}
    return "l" if flat else ""
