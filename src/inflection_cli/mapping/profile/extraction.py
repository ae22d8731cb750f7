"""Extract values from cells by a profile, and append them to rows."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import chain
from typing import Any, Final, Literal, Protocol

import orjson

from inflection_cli import rules
from inflection_cli.lossless_json import (
    JsonCell,
    JsonError,
    as_cell,
    as_text,
    may_hold_unsendable,
    parse,
    parse_all,
    require_encodable,
)
from inflection_cli.mapping.layout import Shaped
from inflection_cli.mapping.profile.json_paths import JsonPath, dig
from inflection_cli.mapping.profile.profile_schema import Cell, PropertyCell
from inflection_cli.mapping.profile.property_types import LITERAL_TYPES, Typed
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

_Drawn = tuple[tuple[str, ...], tuple[Note, ...], tuple[str, ...]]
"""Texts, notes, and the names of the extractions whose text was a null."""

_DrawnColumns = tuple[list[Sequence[str]], list[tuple[int, tuple[Note, ...]]], Counter[str]]
"""A column for each extraction, notes by cell index, and how many texts were nulls, by name."""


def fold(text: str) -> str:
    """Normalize a text for comparison: strip white space and fold case."""
    return text.strip().casefold()


@dataclass(frozen=True, slots=True)
class TextPart:
    """Takes a part of a text by a fixed pattern; picklable.

    Attributes:
        split: What the text is split at; None leaves it in one piece.
        take: Which piece is taken, from 1, or from the end by a number below 0.
        prefix: What the piece begins with, and is taken off.
        suffix: What it ends with, and is taken off.
        otherwise: What becomes of a text that the pattern does not fit.
    """

    split: str | None
    take: int
    prefix: str
    suffix: str
    otherwise: Literal["keep", "reject", "empty"]

    @classmethod
    def of(cls, cell: Cell) -> "TextPart | None":
        """Build the part of a profile's cell rule, or None."""
        if not (cell.split or cell.prefix or cell.suffix):
            return None
        otherwise = cell.otherwise if "otherwise" in cell.model_fields_set else "reject"
        return cls(cell.split, cell.take, cell.prefix or "", cell.suffix or "", otherwise)

    def __call__(self, text: str) -> str | None:
        """Return the part; None where the pattern does not fit."""
        if self.split is not None:
            pieces = text.split(self.split)
            if not -len(pieces) <= self.take <= len(pieces):
                return None
            text = pieces[self.take - (self.take > 0)]
        if not (text.startswith(self.prefix) and text.endswith(self.suffix)):
            return None
        end = len(text) - len(self.suffix)
        return text[len(self.prefix) : end] if end >= len(self.prefix) else None

    def misfit(self, name: str, text: str) -> Note:
        """Build the note on a text that the pattern does not fit."""
        due = [
            f"has no piece {self.take} between “{self.split}”" if self.split is not None else "",
            f"does not begin with “{self.prefix}”" if self.prefix else "",
            f"does not end with “{self.suffix}”" if self.suffix else "",
        ]
        return Note(rules.PATTERN_MISFIT, f"the cell {' or '.join(filter(None, due))}", name, text)


@dataclass(frozen=True, slots=True)
class CellTransform:
    """Changes to a text, in order: part, `values`, `hash`, `type`; picklable.

    Attributes:
        values: By folded text, what it becomes.
        otherwise: What becomes of a filled text that `values` does not list.
        salt: What stands before the text that is hashed; None hashes nothing.
        typed: The type that the text is read as; None leaves it as it is.
        separator: What stands between the items of a list; None where the text is one value.
        part: Takes a part of the text; None takes all of it.
    """

    values: Mapping[str, str] = field(default_factory=dict)
    otherwise: Literal["keep", "reject", "empty"] = "keep"
    salt: str | None = field(default=None, repr=False)
    typed: Typed | None = None
    separator: str | None = None
    part: TextPart | None = None

    @classmethod
    def of(
        cls,
        cell: Cell,
        timezone: str | None,
        form: str | None,
        salts: Mapping[str, str],
        zone_names: Mapping[str, int],
    ) -> "CellTransform":
        """Build the transform for a profile's cell rule.

        Args:
            cell: As the profile says.
            timezone: The zone of its column's times.
            form: The form of its column's times.
            salts: The salts of hashes, by environment variable.
            zone_names: Seconds ahead of UTC by a zone's abbreviation.
        """
        typed = separator = None
        if isinstance(cell, PropertyCell):
            separator = cell.separator
            if cell.type not in {None, "string"}:
                is_time = cell.type in {"timestamp", "date"}
                times = (timezone, form, zone_names) if is_time else ()
                typed = Typed(cell.type, cell.decimal, *times)
        return cls(
            {fold(word): text for word, text in cell.values.items()},
            cell.otherwise,
            salts[cell.salt_env] if cell.salt_env is not None else None,
            typed,
            separator,
            TextPart.of(cell),
        )

    @property
    def is_idle(self) -> bool:
        """Return whether the transform changes nothing."""
        return not (self.values or self.salt is not None or self.typed or self.separator or self.part)

    def __call__(self, text: str, name: str) -> tuple[str, Note | None]:
        """Return the changed text, "" if absent, and a note or None.

        Args:
            text: A cell, or what was found in it.
            name: The column's name or path, for the note.
        """
        return self._one(str(text), name) if self.separator is None else self._list(text, name)

    def _list(self, text: str, name: str) -> tuple[str, Note | None]:
        """Return the items of a text or JSON list as JSON."""
        listed = _json_list(text)
        is_done = type(text) is JsonCell and listed is not None
        if is_done and not (self.values or self.salt is not None or self.typed or self.part):
            return str(text), None
        parts = str(text).split(self.separator) if listed is None else listed
        items = []
        for part in parts:
            item, note = self._one(part.strip(), name)
            if note is not None:
                return "", note
            if item:
                is_literal = self.typed is not None and self.typed.kind in LITERAL_TYPES
                items.append(item if is_literal else orjson.dumps(item).decode())
        return f"[{','.join(items)}]" if items else "", None

    def _one(self, text: str, name: str) -> tuple[str, Note | None]:
        if self.part is not None and text.strip():
            found = self.part(text.strip())
            if found is None and self.part.otherwise == "reject":
                return "", self.part.misfit(name, text)
            text = found if found is not None else text if self.part.otherwise == "keep" else ""
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
            f"the nearest that the profile lists is “{near[0]}”; {rules.VALUE_UNLISTED.fix}" if near else ""
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
        bare: Whether a cell that is a bare text or number has nothing at the path, as members of JSON may be.
        optional: Whether a path that leads into a text or number has nothing at its end, as one of several.
    """

    name: str
    place: JsonPath
    treatment: CellTransform
    nulls: frozenset[str] = frozenset()
    bare: bool = False
    optional: bool = False


class DerivedCell(Protocol):
    """Protocol of a cell made of others of its row; picklable."""

    def __call__(
        self, columns: Sequence[Sequence[str]], count: int, /
    ) -> tuple[Sequence[str], Mapping[int, tuple[Note, ...]], Mapping[str, int]]:
        """Return each row's cell, notes by index, and counts of nulls."""


AddedCell = Extraction | DerivedCell | str


class RowExtender:
    """Appends extracted and constant cells to rows, each row independently.

    Args:
        cells: The cells that follow a row's own, in order; a text is the same for all rows.
    """

    def __init__(self, cells: Sequence[AddedCell]) -> None:
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

        self._derived = [
            (at, cell) for at, cell in enumerate(self.cells) if not isinstance(cell, Extraction | str)
        ]

    def __reduce__(self) -> tuple[type["RowExtender"], tuple[tuple[AddedCell, ...]]]:
        return RowExtender, (self.cells,)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RowExtender) and self.cells == other.cells

    __hash__ = None  # type: ignore[assignment]  # its cells hold dicts

    def __call__(self, columns: Sequence[Sequence[str]], count: int) -> Shaped:
        """Return the columns with added ones, notes and counts.

        A note's `field` is the column's name or path as the profile writes it, never a field of Inflection's.
        """
        added: list[Sequence[str]] = [[cell] * count if isinstance(cell, str) else () for cell in self.cells]
        notes: dict[int, tuple[Note, ...]] = {}
        emptied: Counter[str] = Counter()
        for index, places, column_draws in self._columns:
            texts, said, nulls = column_draws.draw_all(columns[index])
            emptied += nulls
            for i, more in said:
                notes[i] = (*notes.get(i, ()), *more)
            for at, column in zip(places, texts, strict=False):
                added[at] = column
        shaped = [*columns, *added]
        for at, derive in self._derived:
            shaped[len(columns) + at], told, nulls_found = derive(shaped, count)
            emptied += Counter(nulls_found)
            for i, more in told.items():
                notes[i] = tuple(dict.fromkeys((*notes.get(i, ()), *more)))
        return Shaped(shaped, notes, emptied)


class _Draws:
    """Extract values from a column's cells; only JSON keeps its type."""

    def __init__(self, draws: Sequence[Extraction]) -> None:
        self._texts = _Memo(draws, typed=False)
        self._typed = _Memo(draws, typed=True)

    def draw_all(self, cells: Sequence[str]) -> _DrawnColumns:
        """Return a column for each extraction, notes and counts."""
        kinds = set(map(type, filter(None, cells)))
        if len(kinds) < 2:
            return (self._typed if JsonCell in kinds else self._texts).draw_all(cells)
        return _columns_of([(self._typed if type(cell) is JsonCell else self._texts)[cell] for cell in cells])


def _columns_of(drawn: Sequence[_Drawn]) -> _DrawnColumns:
    columns: list[Sequence[str]] = list(zip(*(texts for texts, *_ in drawn), strict=True))
    emptied = Counter(chain.from_iterable(nulls for *_, nulls in drawn if nulls))
    return columns, [(i, said) for i, (_, said, _) in enumerate(drawn) if said], emptied


class _Memo(dict[str, _Drawn]):
    """Cache from a cell to the texts and notes of all extractions."""

    def __init__(self, draws: Sequence[Extraction], *, typed: bool) -> None:
        super().__init__()
        self._spell = _sendable_cell if typed else _sendable_text
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
        self._needs_json = any(draw.place.keys and not (draw.bare or draw.optional) for draw in draws)
        self._nulls = frozenset().union(*(draw.nulls for draw in draws))

    def __missing__(self, cell: str) -> _Drawn:
        drawn = self._draw(cell)
        if len(cell) <= _MEMO_CHARS:
            if len(self) >= _MEMO_ENTRIES:
                self.clear()
            self[cell] = drawn
        return drawn

    def draw_all(self, cells: Sequence[str]) -> _DrawnColumns:
        """Return a column for each extraction, notes and counts."""
        # Where most cells are there once, there is little to remember, and all are parsed at once.
        if self._has_paths and 2 * len(set(cells)) > len(cells):
            found = self._at_once(cells)
            if found is not None:
                return found
        return _columns_of(list(map(self.__getitem__, cells)))

    def _at_once(self, cells: Sequence[str]) -> _DrawnColumns | None:
        """Extract from many cells together; None if any cell needs a note."""
        columns: list[Sequence[str]] = []
        emptied: Counter[str] = Counter()
        values = (
            None if may_hold_unsendable("".join(cells)) else parse_all([cell or "null" for cell in cells])
        )
        if values is None:
            return None
        try:
            for _, keys, name, treatment in self._draws:
                texts = self._texts_at(values, keys, name) if keys else cells
                if keys and self._nulls:
                    are_null = [text.strip() in self._nulls for text in texts]
                    emptied[name] += sum(are_null)
                    texts = ["" if null else text for text, null in zip(texts, are_null, strict=True)]
                if treatment is not None:
                    treated = [treatment(text, name) for text in texts]
                    if any(note is not None for _, note in treated):
                        return None
                    texts = [text for text, _ in treated]
                columns.append(texts)
        except JsonError:
            return None
        return columns, [], emptied

    def _texts_at(self, values: Sequence[Any], keys: Sequence[str], name: str) -> Sequence[str]:
        found = [dig(value, keys, name) for value in values]
        return [value if type(value) is str else self._spell(value) for value in found]

    def _draw(self, cell: str) -> _Drawn:
        value, notes = self._parsed(cell)
        texts, nulls = [], []
        for draw, keys, name, treatment in self._draws:
            text, note = cell, None
            if keys:
                try:
                    text = self._spell(dig(value, keys, name))
                    if text.strip() in self._nulls:
                        text = ""
                        nulls.append(name)
                except JsonError as flaw:
                    is_absent = draw.optional and flaw.rule is rules.PATH_NOT_OBJECT
                    text, note = "", None if is_absent else _not_found(flaw, draw, cell)
            if treatment is not None and note is None:
                text, note = treatment(text, name)
            texts.append(text)
            if note is not None:
                notes.append(note)
        return tuple(texts), tuple(dict.fromkeys(notes)) if notes else (), tuple(nulls)

    def _parsed(self, cell: str) -> tuple[Any, list[Note]]:
        """Return the value of a cell of JSON, or a note."""
        if not self._has_paths or not cell.strip() or not (self._needs_json or cell.lstrip()[0] in "{["):
            return None, []
        try:
            return parse(cell), []
        except JsonError as flaw:
            first = next(draw for draw, keys, *_ in self._draws if keys)
            return None, [_not_json(flaw, first, cell)]


def _json_list(text: str) -> list[str] | None:
    """Return the items of a JSON list as texts, else None.

    Some exports write a list into a cell of CSV; its texts may hold the separator of others.
    """
    if not text.lstrip().startswith("["):
        return None
    try:
        return list(map(_sendable_text, parse(str(text))))
    except JsonError:
        return None


def _sendable_text(value: Any) -> str:
    return require_encodable(as_text(value))


def _sendable_cell(value: Any) -> str:
    return require_encodable(as_cell(value))


def _not_found(flaw: JsonError, draw: Extraction, cell: str) -> Note:
    """Build the note on a path without a value at its end."""
    if flaw.rule is rules.PATH_NOT_OBJECT:
        return Note(flaw.rule, flaw.message, draw.name, cell)
    return _not_json(flaw, draw, cell)


def _not_json(flaw: JsonError, draw: Extraction, cell: str) -> Note:
    detail = f"the profile looks into this cell, which cannot be read as JSON: {flaw.message}"
    return Note(rules.JSON_CELL_INVALID, detail, draw.name, cell)
