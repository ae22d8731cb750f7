"""Find the columns, paths and file names that a profile refers to."""

import re
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final, Literal

from inflection_cli.catalog import FIELDS, REJECT_COLUMNS
from inflection_cli.errors import InputError, UsageError
from inflection_cli.mapping.column_names import listed
from inflection_cli.mapping.columns import ColumnOptions
from inflection_cli.mapping.profile.extraction import AddedCell, CellTransform, Extraction, RowExtender
from inflection_cli.mapping.profile.json_paths import JsonPath, find_path, keys_of
from inflection_cli.mapping.profile.lookups import FirstFilled, ListedItem, LookedUp
from inflection_cli.mapping.profile.preset_files import PREFIX
from inflection_cli.mapping.profile.profile_schema import Cell, Profile, PropertyCell, TimeColumn
from inflection_cli.mapping.times.timestamps import TimeHints

if TYPE_CHECKING:
    from inflection_cli.mapping.profile.profile_schema import Lookup

_PACKED: Final = re.compile(r"\.(?:gz|zst|bz2|xz)\Z")
_ENDING: Final = re.compile(r"\*\.\w+")
_WILDCARDS: Final = re.compile(r"[*?]|\[!?\]?[^\]]*\]")
_REJECTED: Final = re.compile(r"\.rejects(?:-\d+)?(?=\.)")


def exported_names(file: str, columns: Sequence[str], sample: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Return the paths of the files that the rows were exported in.

    They are in lower case. There is one, the file's own path, unless these are rejected rows of an
    earlier run: those rows hold the path of the file that they come from.

    Args:
        file: Its path.
        columns: Its column names.
        sample: Some of its first rows.
    """
    paths = [file]
    if REJECT_COLUMNS[0] in columns:
        at = columns.index(REJECT_COLUMNS[0])
        paths = [row[at] for row in sample if at < len(row) and row[at].strip()] or paths
    found = [path.lower().rpartition("/") for path in dict.fromkeys(paths)]
    # Rows that were rejected twice say the name that their first rejects had.
    return tuple(f"{folder}{slash}{_REJECTED.sub('', name)}" for folder, slash, name in found)


def fits(name: str, pattern: str) -> bool:
    """Return whether a file fits a shell pattern, compression suffix optional.

    A pattern with a slash is for the whole path, any other for the name.
    """
    name = name if "/" in pattern else name.rpartition("/")[2]
    return any(fnmatchcase(one, pattern.lower()) for one in (name, _PACKED.sub("", name)))


def best_patterns(name: str, patterns: Mapping[str, str]) -> dict[str, str]:
    """Return the patterns that decide for a file, with their texts.

    A pattern gives way to one whose fixed text contains its own and more: `*Send*` to `*SendSkip*`. So `*` and
    `*.csv` give way to any. Several with different texts mean that the name is ambiguous.
    """
    found = [pattern for pattern in patterns if fits(name, pattern)]
    return {one: patterns[one] for one in found if not any(_is_wider(one, other) for other in found)}


def _is_wider(pattern: str, other: str) -> bool:
    """Return whether the other's fixed text contains this one's and more."""
    parts, whole = _fixed(pattern), "".join(_fixed(other))
    if _ENDING.fullmatch(pattern):
        return bool(whole) and not _ENDING.fullmatch(other)
    return len("".join(parts)) < len(whole) and bool(re.search(".*".join(map(re.escape, parts)), whole))


def _fixed(pattern: str) -> list[str]:
    return [part for part in _WILDCARDS.split(pattern.lower()) if part]


Use = Literal["takes", "copies", "looks"]
"""What naming a column does to the field of its name: nothing where a condition looks at it or only its zone is
said; a copy leaves it the column's, if that has the field's very name; anything else takes the column away."""


class ColumnResolver:
    """Finds the columns that a profile names, and collects cells to add.

    Args:
        names: The file's column names.
        options: What the user says beside the profile.
        profile: What the profile says.
        file: The path, for messages and for `by_file`.
        sample: Some of the file's first rows; rejected ones tell which file they were exported in.
        typed: Whether the records are JSON, whose members may be a text here and a list there.

    Attributes:
        named: Indexes of the columns that the profile names, for whatever use: they are not sent on their own.
        taken: Those of them that are not fields by their name any more.
        copied: Those of them that are one by its very name only, not by a spelling or another word for it.
        places: Where each name is that the file must have.
        missing: Each such name that the file lacks, and the first key of the profile that says it.
    """

    def __init__(
        self,
        names: Sequence[str],
        options: ColumnOptions,
        profile: Profile,
        file: str,
        sample: Sequence[Sequence[str]],
        *,
        typed: bool = False,
    ) -> None:
        self._typed = typed
        self.named: set[int] = set()
        self.taken: set[int] = set()
        self.copied: set[int] = set()
        self.places: dict[str, JsonPath] = {}
        self.missing: dict[str, str] = {}
        self._names = names
        self._options = options
        self._profile = profile
        # Nobody edits a preset, so its hints name options.
        self._is_preset = profile.path.startswith(PREFIX)
        self._file = file
        self._exported = exported_names(file, names, sample)
        self._added: list[AddedCell] = []
        self._added_names: list[str] = []
        self._unfit: list[InputError] = []
        self._times: list[tuple[JsonPath, TimeColumn, str]] = []
        for column, rule in profile.times.items():
            place = self.place(column, key_of("time.columns", column), use="looks")
            if place is not None:
                self._times.append((place, rule, column))

    def place(self, name: str, where: str, *, needed: bool = True, use: Use = "takes") -> JsonPath | None:
        """Find a name or path's column; record absent ones in `missing`.

        Args:
            name: As the profile writes it.
            where: The key of the profile that names it.
            needed: Whether the file must have it.
            use: What becomes of the field of the column's name.
        """
        source = self._source_of(name)
        found = find_path(source, self._names)
        if found is not None:
            self.named.add(found.column)
            if use == "copies" and not found.keys:
                self.copied.add(found.column)
            elif use != "looks":
                self.taken.add(found.column)
            if needed:
                self.places[name] = found
        elif needed:
            self.missing.setdefault(source, where)
        return found

    def column(self, name: str, where: str, *, use: Use = "takes", optional: bool = False) -> int:
        """Return a column's index in the shaped row; absent columns are empty.

        Args:
            name: Its name or path.
            where: The key of the profile that names it.
            use: What becomes of the field of the column's name.
            optional: Whether a path into a text or number has nothing at its end, as one of several.
        """
        found: int | str
        if optional and self._table_of(name) is None:
            place = self.place(name, where, use=use)
            found = "" if place is None else self._extracted(name, place, CellTransform(), optional=True)
        else:
            found = self.cell(Cell(column=name), where, use=use)
        return found if isinstance(found, int) else self._add("", name)

    def tested(self, cell: Cell, where: str) -> int:
        """Return the index of a condition's cell; absent columns are empty."""
        found = self.cell(cell, where, use="looks")
        return found if isinstance(found, int) else self.text(found, cell.sources[0])

    def text(self, text: str, name: str) -> int:
        """Return the index of a cell that holds one text."""
        return self._add(text, name)

    def has(self, name: str) -> bool:
        """Return whether the file has a required column or dotted path."""
        return name in self.places

    def time_rule(self, name: str | None) -> TimeColumn:
        """Return the zone and format for a column, from option or profile."""
        rule = next((rule for rule, _ in self._times_of(name)), TimeColumn())
        asked = self._options
        return TimeColumn(zone=asked.timezone or rule.zone, format=asked.timestamp_format or rule.format)

    def _times_of(self, name: str | None) -> Iterator[tuple[TimeColumn, str]]:
        """Yield the profile's rules for a column's times, with their names."""
        place = None if name is None or self._table_of(name) else find_path(name, self._names)
        for known, rule, column in self._times:
            if column == name or (known == place and not self._table_of(column)):
                yield rule, column

    def time_hints(self, name: str, *, named: bool = False) -> TimeHints:
        """Return the hints for unreadable times of a column.

        Args:
            name: The column's name or path.
            named: Whether the profile names it as one of times; else only what it says of the column counts.
        """
        known = next((column for _, column in self._times_of(name)), None)
        if self._is_preset or (known is None and not named):
            return TimeHints()
        zone, form = self._options.timezone, self._options.timestamp_format
        return TimeHints(self._profile.path, known or name, zone is not None, form is not None)

    def cell(self, cell: Cell, where: str, *, use: Use = "takes") -> int | str:
        """Return a cell's index in the shaped row, or its constant text.

        The text is empty where the file lacks the column.

        Raises:
            UsageError: The constant is none of its type, or not among its values.
        """
        treatment = self._treatment(cell)
        if not cell.sources:
            return self._constant(cell, treatment, where)
        if cell.by_file:
            return self._or_by_file(cell, treatment, where, use)
        if cell.column is None or self._table_of(cell.column):
            return self._derived(cell, treatment, where, use)
        place = self.place(cell.column, where, use=use)
        return "" if place is None else self._extracted(cell.column, place, treatment)

    def _extracted(
        self, path: str, place: JsonPath, treatment: CellTransform, *, optional: bool = False
    ) -> int:
        if treatment.is_idle and not place.keys:
            return place.column
        name = path if place.keys else self._names[place.column]
        bare = self._typed and bool(place.keys)
        optional = optional and bool(place.keys)
        return self._add(Extraction(name, place, treatment, self._options.nulls, bare, optional), name)

    def _or_by_file(self, cell: Cell, treatment: CellTransform, where: str, use: Use) -> int | str:
        """Return the index of the filled cell, else the file's text."""
        paths = [path for path in cell.sources if find_path(self._source_of(path), self._names)]
        if not paths:
            return self._by_file(cell.by_file, where) or ""
        index = self._derived(Cell(columns=paths), treatment, where, use)
        fallback = self._of_names(cell.by_file)
        if not (isinstance(index, int) and len(set(fallback)) == 1 and fallback[0]):
            return index
        name = self.names()[index]
        return self._add(FirstFilled(name, (index, self._add(fallback[0], name)), None), name)

    def _derived(self, cell: Cell, treatment: CellTransform, where: str, use: Use) -> int | str:
        """Return the index of a first filled or looked-up cell."""
        several = len(cell.sources) > 1
        has_any = any(find_path(self._source_of(path), self._names) for path in cell.sources)
        found = []
        for path in cell.sources:
            if several and has_any and find_path(self._source_of(path), self._names) is None:
                continue  # of several columns an export may lack some
            place, table = self.place(path, where, use=use), self._table_of(path)
            if place is not None and table is None:
                found.append(self._extracted(path, place, CellTransform(), optional=several))
            elif place is not None:
                found.append(self._looked_up(path, place))
        if not found:
            return ""
        if len(found) == 1 and treatment.is_idle:
            return found[0]
        name = " or ".join(dict.fromkeys(self.names()[index] for index in found))
        return self._add(FirstFilled(name, tuple(found), None if treatment.is_idle else treatment), name)

    def _source_of(self, path: str) -> str:
        """Return the path of the record that a path needs."""
        table = self._table_of(path)
        return path if table is None else table.by or table.key

    def _table_of(self, path: str) -> "Lookup | None":
        """Return the lookup table that a path leads into, or None."""
        name, dot, _ = path.partition(".")
        return self._profile.lookups.get(name) if dot and path not in self._names else None

    def _looked_up(self, path: str, place: JsonPath) -> int:
        """Return the index of a cell of a lookup table.

        Raises:
            InputError: The table has no such column.
        """
        name, _, column = path.partition(".")
        said = self._profile.lookups[name]
        key = self._extracted(said.by or said.key, place, CellTransform())
        by = self.names()[key]
        if said.list is not None:
            items = self.column(said.list, f"lookup.{name}.list", use="looks")
            parts = (keys_of(said.key), keys_of(column), said.otherwise)
            return self._add(ListedItem(by, key, said.list, items, *parts), path)
        table = self._profile.tables[name]
        at = table.column(column, self._profile.path)
        return self._add(LookedUp(by, key, table, at, said.otherwise, self._options.nulls), path)

    def property(self, name: str, cell: PropertyCell, where: str) -> int | None:
        """Return a property's index in the shaped row; None if always empty.

        Raises:
            UsageError: As `cell`.
        """
        # Who has a column hashed does not want it to go out unchanged, be it as the field of its name.
        found = self.cell(cell, where, use="takes" if cell.hash else "copies")
        return (self._add(found, name) if found else None) if isinstance(found, str) else found

    def origins(self, index: int) -> list[int]:
        """Return the file columns behind a shaped cell; none for a constant."""
        if index < len(self._names):
            return [index]
        cell = self._added[index - len(self._names)]
        if isinstance(cell, Extraction):
            return [cell.place.column]
        sources = cell.sources if isinstance(cell, FirstFilled | LookedUp | ListedItem) else ()
        return [column for source in sources for column in self.origins(source)]

    def origin(self, index: int) -> int | None:
        """Return the first file column behind a shaped cell, or None."""
        return next(iter(self.origins(index)), None)

    def sources(self, index: int) -> list[str]:
        """Return the names of the columns and paths behind a shaped cell."""
        cell = self._added[index - len(self._names)] if index >= len(self._names) else None
        if isinstance(cell, FirstFilled):
            return [name for source in cell.sources for name in self.sources(source)]
        return [] if isinstance(cell, str) else [self.names()[index]]

    def names(self) -> tuple[str, ...]:
        """Return a name for each cell of a shaped row."""
        return (*self._names, *self._added_names)

    def shaper(self) -> RowExtender | None:
        """Return the function that adds the cells; None if none are added."""
        return RowExtender(self._added) if self._added else None

    def require_a_pattern(self) -> None:
        """Check that a `by_file` pattern fits the file's name.

        Raises:
            InputError: None does.
        """
        if self._unfit:
            raise self._unfit[0]

    def _treatment(self, cell: Cell) -> CellTransform:
        rule = self.time_rule(cell.sources[0] if cell.sources else None)
        options = self._profile.options
        return CellTransform.of(
            cell,
            rule.zone or options.timezone,
            rule.format or options.timestamp_format,
            self._profile.salts,
            self._options.zone_names,
        )

    def _constant(self, cell: Cell, treatment: CellTransform, where: str) -> str:
        text = cell.constant if cell.constant is not None else self._by_file(cell.by_file, where)
        if text is None:
            return ""
        made, note = treatment(text, where)
        if note is not None:
            raise UsageError(f"{self._profile.path}, {where}: {note.detail}", hint=note.hint or note.rule.fix)
        return made

    def _by_file(self, patterns: Mapping[str, str], where: str) -> str | None:
        texts = self._of_names(patterns)
        if None not in texts and len(set(texts)) == 1:
            return texts[0]
        self._unfit.append(self._misfit(patterns, where, mixed=len(set(texts)) > 1))
        return None  # a file that lacks columns as well is better told that

    def _of_names(self, patterns: Mapping[str, str]) -> list[str | None]:
        """Return the text for each file that the rows were exported in.

        It is None where no pattern fits the name, or several with different texts.
        """
        found = [set(best_patterns(name, patterns).values()) for name in self._exported]
        return [next(iter(texts)) if len(texts) == 1 else None for texts in found]

    def _misfit(self, patterns: Mapping[str, str], where: str, *, mixed: bool) -> InputError:
        if mixed:
            return InputError(
                f"{self._file}: holds rejected rows of {len(self._exported)} files, for which {self._profile.path} "
                f"says different things under {where}",
                hint="name the rejects of each file as they were written, each in a file of its own",
            )
        ambiguous = [name for name in self._exported if len(best_patterns(name, patterns)) > 1]
        if ambiguous:
            return self._ambiguous(best_patterns(ambiguous[0], patterns), where)
        return InputError(
            f"{self._file}: its name fits none of the patterns that {self._profile.path} has for {where}: "
            f"{listed(list(patterns))}",
            hint=self._set_by_option(where)
            or 'add a pattern that fits; "*" as the last one stands for all other files',
        )

    def _ambiguous(self, found: Mapping[str, str], where: str) -> InputError:
        texts = dict[str, str]()
        for pattern, text in found.items():
            texts.setdefault(text, pattern)
        named = " and ".join(f"“{pattern}” for {text or 'no text'}" for text, pattern in texts.items())
        return InputError(
            f"{self._file}: its name fits several patterns that {self._profile.path} has for {where}: {named}",
            hint=self._set_by_option(where)
            or "rename the file so that one pattern fits, or make a pattern longer",
        )

    def _set_by_option(self, where: str) -> str:
        """Return a hint with the option for a field of a preset."""
        field = where.rpartition("fields.")[2]
        if not self._is_preset or field not in FIELDS:
            return ""
        value = "Email Opened" if field == "event" else "VALUE"
        return f'rename the file so that one pattern fits, or set it for all rows: --set {field}="{value}"'

    def _add(self, cell: AddedCell, name: str) -> int:
        """Add a cell to the shaped row if new; return its index."""
        for at, (known, known_name) in enumerate(zip(self._added, self._added_names, strict=True)):
            if known == cell and known_name == name:
                return len(self._names) + at
        self._added.append(cell)
        self._added_names.append(name)
        return len(self._names) + len(self._added) - 1


def key_of(table: str, name: str) -> str:
    """Format a TOML key with its table, as messages show it."""
    return f"{table}.{name}" if re.fullmatch(r"[A-Za-z0-9_-]+", name) else f'{table}."{name}"'
