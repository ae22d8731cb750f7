"""Extract values from cells by a profile, and append them to rows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final, Literal

from inflection_cli import rules
from inflection_cli.lossless_json import (
    JsonCell,
    JsonError,
    as_cell,
    as_text,
    parse,
    require_encodable,
    swift_cell,
    swift_text,
    swiftly,
    swiftly_all,
)
from inflection_cli.mapping.profile.json_paths import JsonPath, dig
from inflection_cli.mapping.profile.profile_nouns import CellRule
from inflection_cli.mapping.profile.property_types import Typed
from inflection_cli.model import Note
from inflection_cli.suggestions import nearest

_MEMO_ENTRIES: Final = 1 << 13
"""Cells remembered of each column; more are forgotten at once, so that memory stays flat."""

_MEMO_CHARS: Final = 512
"""Longer cells are not remembered: they seldom come again, and would take the memory of many."""

_MOST_COMPARED: Final = 32
_LONGEST_COMPARED: Final = 64
"""The nearest word is looked for among so few, for cells so short: it takes longer than all else that is done to a
row, and a large table may meet a file of which it lists nothing."""

_Drawn = tuple[tuple[str, ...], tuple[Note, ...]]


def fold(text: str) -> str:
    """Normalize a text for comparison: strip white space and fold case."""
    return text.strip().casefold()


@dataclass(frozen=True, slots=True)
class CellTransform:
    """Changes to a text, in this order: `values`, `hash`, `type`; picklable.

    Attributes:
        values: By folded text, what it becomes.
        otherwise: What becomes of a filled text that `values` does not list.
        salt: What stands before the text that is hashed; None hashes nothing.
        typed: The type that the text is read as; None leaves it as it is.
    """

    values: Mapping[str, str] = field(default_factory=dict)
    otherwise: Literal["keep", "reject", "empty"] = "keep"
    salt: str | None = field(default=None, repr=False)
    typed: Typed | None = None

    @classmethod
    def of(cls, cell: CellRule, timezone: str | None, form: str | None) -> "CellTransform":
        """Build the transform for a profile's cell rule.

        Args:
            cell: As the profile says.
            timezone: The zone of its column's times.
            form: The form of its column's times.
        """
        times = (timezone, form) if cell.type == "timestamp" else (None, None)
        return cls(
            {fold(word): text for word, text in cell.values.items()},
            cell.otherwise,
            cell.salt if cell.hash else None,
            None if cell.type in {None, "string"} else Typed(cell.type, cell.decimal, *times),
        )

    @property
    def is_idle(self) -> bool:
        """Return whether the transform changes nothing."""
        return not self.values and self.salt is None and self.typed is None

    def __call__(self, text: str, name: str) -> tuple[str, Note | None]:
        """Return the changed text, "" if absent, and a note or None.

        Args:
            text: A cell, or what was found in it.
            name: The column's name or path, for the note.
        """
        text = str(text)
        if self.values:
            word = fold(text)
            if word in self.values:
                text = self.values[word]
            elif word and self.otherwise != "keep":
                return "", self._unlisted(text, name) if self.otherwise == "reject" else None
        if self.salt is not None:
            # White space around a cell is no part of what it says, and must not make another id of it.
            text = sha256((self.salt + text.strip()).encode()).hexdigest() if text.strip() else ""
        return (text, None) if self.typed is None else self.typed(text, name)

    def _unlisted(self, text: str, name: str) -> Note:
        word, near = fold(text), []
        if len(self.values) <= _MOST_COMPARED and len(word) <= _LONGEST_COMPARED:
            near = nearest(word, self.values)
        hint = (
            f"the nearest that the profile lists is “{near[0]}”; {rules.VALUE_UNLISTED.mend}" if near else ""
        )
        return Note(
            rules.VALUE_UNLISTED,
            "the cell is not among the profile's values",
            name,
            text,
            hint,
        )


@dataclass(frozen=True, slots=True)
class Extraction:
    """A new cell that is extracted from an existing one.

    Attributes:
        name: The column's name or path as the profile writes it.
        place: Where that is in this file.
        treatment: What is done to the text found there.
        nulls: Texts found at the end of a path that stand for nothing.
    """

    name: str
    place: JsonPath
    treatment: CellTransform
    nulls: frozenset[str] = frozenset()


class RowExtender:
    """Appends extracted and constant cells to rows, each row independently.

    Args:
        cells: The cells that follow a row's own, in order; a text is the same for all rows.
    """

    def __init__(self, cells: Sequence[Extraction | str]) -> None:
        self.cells = tuple(cells)
        draws = [(at, cell) for at, cell in enumerate(self.cells) if isinstance(cell, Extraction)]
        self._columns = [
            (
                index,
                [at for at, draw in draws if draw.place.column == index],
                _Draws(group),
            )
            for index in dict.fromkeys(draw.place.column for _, draw in draws)
            for group in [[draw for _, draw in draws if draw.place.column == index]]
        ]

    def __reduce__(self) -> tuple[type["RowExtender"], tuple[tuple[Extraction | str, ...]]]:
        return RowExtender, (self.cells,)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RowExtender) and self.cells == other.cells

    __hash__ = None  # type: ignore[assignment]  # its cells hold dicts

    def __call__(self, rows: list[list[str]]) -> tuple[list[list[str]], Mapping[int, tuple[Note, ...]]]:
        """Return the rows with added cells, and the notes by row index.

        A note's `field` is the column's name or path as the profile writes it, never a field of Inflection's.
        """
        if not rows:
            return [], {}
        columns, notes = self.columns(list(zip(*rows, strict=True)), len(rows))
        return list(map(list, zip(*columns, strict=True))), notes

    def columns(
        self, columns: Sequence[Sequence[str]], count: int
    ) -> tuple[Sequence[Sequence[str]], Mapping[int, tuple[Note, ...]]]:
        """Return the columns with added ones, and the notes by row."""
        added: list[Sequence[str]] = [[cell] * count if isinstance(cell, str) else () for cell in self.cells]
        notes: dict[int, tuple[Note, ...]] = {}
        for index, places, column_draws in self._columns:
            texts, said = column_draws.draw_all(columns[index])
            for i, more in said:
                notes[i] = (*notes.get(i, ()), *more)
            for at, column in zip(places, texts, strict=False):
                added[at] = column
        return [*columns, *added], notes


class _Draws:
    """Extract values from a column's cells; only JSON keeps its type."""

    def __init__(self, draws: Sequence[Extraction]) -> None:
        self._texts = _Memo(draws, typed=False)
        self._typed = _Memo(draws, typed=True)

    def draw_all(
        self, cells: Sequence[str]
    ) -> tuple[list[Sequence[str]], list[tuple[int, tuple[Note, ...]]]]:
        """Return a column for each extraction, and notes by cell index."""
        kinds = set(map(type, filter(None, cells)))
        if len(kinds) < 2:
            return (self._typed if JsonCell in kinds else self._texts).draw_all(cells)
        return _columns_of([(self._typed if type(cell) is JsonCell else self._texts)[cell] for cell in cells])


def _columns_of(
    drawn: Sequence[_Drawn],
) -> tuple[list[Sequence[str]], list[tuple[int, tuple[Note, ...]]]]:
    columns: list[Sequence[str]] = list(zip(*(texts for texts, _ in drawn), strict=True))
    return columns, [(i, said) for i, (_, said) in enumerate(drawn) if said]


class _Memo(dict[str, _Drawn]):
    """Cache from a cell to the texts and notes of all extractions."""

    def __init__(self, draws: Sequence[Extraction], *, typed: bool) -> None:
        super().__init__()
        self._swift, self._strict = (swift_cell, _strict_cell) if typed else (swift_text, _strict_text)
        self._draws = [
            (
                draw,
                draw.place.keys,
                draw.name,
                None if draw.treatment.is_idle else draw.treatment,
            )
            for draw in draws
        ]
        self._has_paths = any(draw.place.keys for draw in draws)
        self._nulls = frozenset().union(*(draw.nulls for draw in draws))

    def __missing__(self, cell: str) -> _Drawn:
        drawn = self._draw(cell)
        if len(cell) <= _MEMO_CHARS:
            if len(self) >= _MEMO_ENTRIES:
                self.clear()
            self[cell] = drawn
        return drawn

    def draw_all(
        self, cells: Sequence[str]
    ) -> tuple[list[Sequence[str]], list[tuple[int, tuple[Note, ...]]]]:
        """Return a column for each extraction, and the notes by cell index."""
        # Where most cells are there once, there is little to remember, and all are parsed at once.
        if self._has_paths and 2 * len(set(cells)) > len(cells):
            texts = self._at_once(cells)
            if texts is not None:
                return texts, []
        return _columns_of(list(map(self.__getitem__, cells)))

    def _at_once(self, cells: Sequence[str]) -> list[Sequence[str]] | None:
        """Extract from many cells together; None if any cell needs a note."""
        columns: list[Sequence[str]] = []
        try:
            values = swiftly_all(cells)
            for _, keys, name, treatment in self._draws:
                texts = [self._swift(dig(value, keys, name)) for value in values] if keys else cells
                if keys and self._nulls:
                    texts = ["" if text.strip() in self._nulls else text for text in texts]
                if treatment is not None:
                    treated = [treatment(text, name) for text in texts]
                    if any(note is not None for _, note in treated):
                        return None
                    texts = [text for text, _ in treated]
                columns.append(texts)
        except (ValueError, JsonError):
            return None
        return columns

    def _draw(self, cell: str) -> _Drawn:
        value, spell, notes = self._parsed(cell)
        texts = []
        for draw, keys, name, treatment in self._draws:
            text, note = cell, None
            if keys:
                try:
                    text = spell(dig(value, keys, name))
                    text = "" if self._nulls and text.strip() in self._nulls else text
                except JsonError as flaw:
                    text, note = "", _not_found(flaw, draw, cell)
            if treatment is not None and note is None:
                text, note = treatment(text, name)
            texts.append(text)
            if note is not None:
                notes.append(note)
        return tuple(texts), tuple(dict.fromkeys(notes)) if notes else ()

    def _parsed(self, cell: str) -> tuple[Any, Callable[[Any], str], list[Note]]:
        """Parse a cell as JSON; return value, text function and notes.

        What comes with the value writes a part of it as text.
        """
        if not self._has_paths or not cell.strip():
            return None, swift_text, []
        try:
            return swiftly(cell), self._swift, []
        except ValueError:
            pass
        try:
            return parse(cell), self._strict, []
        except JsonError as flaw:
            first = next(draw for draw, keys, *_ in self._draws if keys)
            return None, swift_text, [_not_json(flaw, first, cell)]


def _strict_text(value: Any) -> str:
    return require_encodable(as_text(value))


def _strict_cell(value: Any) -> str:
    return require_encodable(as_cell(value))


def _not_found(flaw: JsonError, draw: Extraction, cell: str) -> Note:
    """Build the note on a path without a value at its end."""
    if flaw.rule is rules.PATH_NOT_OBJECT:
        return Note(flaw.rule, flaw.message, draw.name, cell)
    return _not_json(flaw, draw, cell)


def _not_json(flaw: JsonError, draw: Extraction, cell: str) -> Note:
    detail = f"the profile looks into this cell, which cannot be read as JSON: {flaw.message}"
    return Note(rules.JSON_CELL_INVALID, detail, draw.name, cell)
