"""Cells made of other cells: first filled ones and looked-up ones."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from inflection_cli import rules
from inflection_cli.errors import InputError
from inflection_cli.lossless_json import JsonError, as_text, parse
from inflection_cli.mapping.column_names import listed
from inflection_cli.mapping.profile.json_paths import dig
from inflection_cli.model import Note
from inflection_cli.suggestions import nearest

_Derived = tuple[Sequence[str], Mapping[int, tuple[Note, ...]], Mapping[str, int]]


@dataclass(frozen=True, slots=True, eq=False)
class LookupTable:
    """Rows of a lookup file by their key; picklable.

    Attributes:
        path: The file as the user knows it.
        columns: Its column names.
        rows: Its rows by the text of their key, without outer white space.
        digest: The hex SHA-256 of the file's bytes.
    """

    path: str
    columns: tuple[str, ...]
    rows: Mapping[str, Sequence[str]] = field(repr=False)
    digest: str = ""

    def column(self, name: str, profile: str) -> int:
        """Return a column's index.

        Raises:
            InputError: There is no such column.
        """
        if name in self.columns:
            return self.columns.index(name)
        near = nearest(name, self.columns)
        raise InputError(
            f"{self.path} has no column “{name}”, which {profile} looks up; it has {listed(self.columns)}",
            hint=f"did you mean “{near[0]}”?" if near else "write the name as in that file",
        )


@dataclass(frozen=True, slots=True)
class LookedUp:
    """A cell of the lookup row that a record's cell names.

    Attributes:
        name: The column or path that holds the key, for notes.
        key: The key's place in a shaped row.
        table: The table.
        take: The index of the table's column.
        otherwise: What becomes of a key that the table lacks.
        nulls: Texts of the table that stand for nothing.
    """

    name: str
    key: int
    table: LookupTable
    take: int
    otherwise: Literal["warn", "reject", "empty"]
    nulls: frozenset[str] = frozenset()

    @property
    def sources(self) -> tuple[int, ...]:
        """Places of the cells that it is made of."""
        return (self.key,)

    def __call__(self, columns: Sequence[Sequence[str]], count: int) -> _Derived:
        """Return each row's cell, notes on missing keys, and null counts."""
        rows, take = self.table.rows, self.take
        keys = [key.strip() for key in columns[self.key]]
        found = [rows.get(key) for key in keys]
        cells = ["" if row is None else row[take] for row in found]
        emptied: dict[str, int] = {}
        if self.nulls:
            are_null = [cell.strip() in self.nulls for cell in cells]
            emptied[f"{self.table.columns[take]} of {self.table.path}"] = sum(are_null)
            cells = ["" if null else cell for cell, null in zip(cells, are_null, strict=True)]
        if self.otherwise == "empty":
            return cells, {}, emptied
        lacking = [i for i in range(count) if found[i] is None and keys[i]]
        return cells, {i: (self._note(columns[self.key][i]),) for i in lacking}, emptied

    def _note(self, key: str) -> Note:
        rule = rules.LOOKUP_KEY_UNKNOWN if self.otherwise == "reject" else rules.LOOKUP_KEY_MISSING
        return Note(rule, f"{self.table.path} has no row for this key", self.name, key)


@dataclass(frozen=True, slots=True)
class ListedItem:
    """A cell of a list's item that another cell names.

    Attributes:
        name: The column or path that holds the key, for notes.
        key: The key's place in a shaped row.
        list_name: The column or path of the list, for notes.
        items: The list's place in a shaped row.
        identified: The keys to what identifies an item.
        take: The keys to what is taken of it.
        otherwise: What becomes of a key that the list lacks.
    """

    name: str
    key: int
    list_name: str
    items: int
    identified: tuple[str, ...]
    take: tuple[str, ...]
    otherwise: Literal["warn", "reject", "empty"]

    @property
    def sources(self) -> tuple[int, ...]:
        """Places of the cells that it is made of."""
        return self.key, self.items

    def __call__(self, columns: Sequence[Sequence[str]], _: int) -> _Derived:
        """Return each row's cell, notes on missing keys, and no counts."""
        # The rows of one page have the same list.
        tables = {text: self._table(text) for text in set(columns[self.items])}
        keys = [key.strip() for key in columns[self.key]]
        cells = [tables[text].get(key, "") for key, text in zip(keys, columns[self.items], strict=True)]
        if self.otherwise == "empty":
            return cells, {}, {}
        lacking = [i for i, (key, cell) in enumerate(zip(keys, cells, strict=True)) if key and not cell]
        return cells, {i: (self._note(columns[self.key][i]),) for i in lacking}, {}

    def _table(self, text: str) -> dict[str, str]:
        """Return what a list's items have, by their keys."""
        found: dict[str, set[str]] = {}
        try:
            items = parse(str(text)) if text.strip() else []
        except JsonError:
            items = []
        for item in items if isinstance(items, list) else [items]:
            key, taken = self._at(item, self.identified), self._at(item, self.take)
            if key and taken:
                found.setdefault(key, set()).add(taken)
        # Items that share a key and differ say nothing for certain.
        return {key: taken.pop() for key, taken in found.items() if len(taken) == 1}

    def _at(self, item: Any, keys: tuple[str, ...]) -> str:
        try:
            return as_text(dig(item, keys, "")).strip()
        except JsonError:
            return ""

    def _note(self, key: str) -> Note:
        rule = rules.LOOKUP_KEY_UNKNOWN if self.otherwise == "reject" else rules.LOOKUP_KEY_MISSING
        take = ".".join(self.take)
        detail = f"“{self.list_name}” has no one item with this “{'.'.join(self.identified)}” and a “{take}”"
        hint = (
            "give the records as they came, each page with its own list; or give the texts yourself, in a profile: "
            f'{{ column = "{self.name}", values = {{ KEY = "TEXT" }} }}'
        )
        return Note(rule, detail, self.name, key, hint)


@dataclass(frozen=True, slots=True)
class FirstFilled:
    """First filled of several cells, with the changes of a profile.

    Attributes:
        name: The columns or paths, for notes.
        sources: Places of the cells in a shaped row, in order.
        treatment: What is done to the text; None leaves it as it is.
    """

    name: str
    sources: tuple[int, ...]
    treatment: Callable[[str, str], tuple[str, Note | None]] | None

    def __call__(self, columns: Sequence[Sequence[str]], _: int) -> _Derived:
        """Return the cell of each row and notes by row index."""
        cells = list(columns[self.sources[0]])
        for source in self.sources[1:]:
            cells = [
                cell if cell.strip() else other for cell, other in zip(cells, columns[source], strict=True)
            ]
        if self.treatment is None:
            return cells, {}, {}
        treated = [self.treatment(cell, self.name) for cell in cells]
        notes = {i: (note,) for i, (_, note) in enumerate(treated) if note is not None}
        return [text for text, _ in treated], notes, {}
