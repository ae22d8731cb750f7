"""Mask cells by need: what a terminal shows, and what stays private.

Reports, JSON and CI have cells by their shape alone. A terminal shows cells of the fields in `OPEN_FIELDS`, links
without their query, and columns of few values that many rows share. Of all other cells it shows two characters at
each end, and of an address its domain. A cell or column that looks personal is masked whatever its field.
"""

import os
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field as with_default
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from inflection_cli.mapping.column_kinds import kind_of_cell, kind_of_column
from inflection_cli.mapping.personal_data import (
    is_address,
    is_personal_name,
    is_personal_text,
    personal_member,
)
from inflection_cli.model import Problem
from inflection_cli.reporting.console import Speaker
from inflection_cli.sanitize import escape, mask, mask_cell

if TYPE_CHECKING:
    from collections.abc import Mapping

    from inflection_cli.converting.converter import LeftOut
    from inflection_cli.converting.input_file import InputFile
    from inflection_cli.inspecting.inspection_result import ColumnFinding
    from inflection_cli.reading import Source

OPEN_FIELDS: Final = frozenset(
    {
        "event",
        "timestamp",
        "is_unique_open",
        "is_unique_click",
        "email_id",
        "campaign_id",
        "campaign_run_id",
        "campaign_name",
        "email_subject",
    }
)
"""Fields that say what happened and in which campaign, and nothing of who it was."""

LINK: Final = "email_link_url"
PERSON_FIELDS: Final = frozenset({"userId", "personId", "email", "ip", "user_agent"})

FEW_VALUES: Final = 50
ROWS_EACH: Final = 20
"""A column of at most `FEW_VALUES` values, each on `ROWS_EACH` rows on average, tells nobody apart."""

_LONG: Final = 9
"""Of shorter cells nothing is shown: their ends would be most of them."""

_MOST: Final = 80
_LONG_NUMBER: Final = re.compile(r"\d{5,}")
_OPEN_KINDS: Final = frozenset({"time", "flag", "number"})
_PERSONAL_KINDS: Final = frozenset({"address", "phone", "network address", "browser", "json"})
_NO_WORDS: Final = frozenset({"", "0", "false", "no", "off"})

NOTE: Final = "Personal and free cells are masked; --show-values shows them in full."


@dataclass(slots=True, eq=False)
class CellDisplay:
    """Display of cells in one output.

    Attributes:
        in_full: Whether the user asked for values.
        by_need: Whether it is a terminal that no CI reads.
        fields: The field of a column, by file and column.
        any_masked: Whether a cell was masked so far.
        sources: The files, whose first rows tell what other columns hold.
    """

    in_full: bool
    by_need: bool
    fields: dict[tuple[str | None, str | None], str]
    any_masked: bool = False
    sources: "dict[str, Source]" = with_default(default_factory=dict)

    def of_problem(self, problem: Problem) -> str:
        """Return the cell of a problem for display."""
        value = problem.value or ""
        key = (problem.file, problem.column)
        if self.by_need and key not in self.fields:
            self.fields[key] = self._field_by_cells(problem)
        return self._cell(value, _open_form(value, self.fields.get(key, ""), problem.column))

    def of_column(self, value: str, column: "ColumnFinding") -> str:
        """Return a cell of an inspected column for display."""
        return self._cell(value, _open_form(value, _field_or_kind(column), column.name))

    def event(self, name: str, *, private: bool) -> str:
        """Return an event's name for display; a known one is no secret."""
        return self._cell(name, _open_form(name, "event", None)) if private else mask_cell(name, in_full=True)

    def _field_by_cells(self, problem: Problem) -> str:
        """Return an open field for a free column of shared cells."""
        source, name = self.sources.get(problem.file or ""), problem.column or ""
        if source is None or name not in source.columns or any(map(is_personal_name, name.split("."))):
            return ""
        at = source.columns.index(name)
        cells = [row[at].strip() for row in source.sample if at < len(row) and row[at].strip()]
        kinds = Counter(map(kind_of_cell, set(cells)))
        if not cells or not _PERSONAL_KINDS.isdisjoint(kinds):
            return ""
        is_long = any(map(_LONG_NUMBER.search, cells))
        is_plain = kind_of_column(name, kinds, times=False) in _OPEN_KINDS and not is_long
        return "event" if is_plain or _is_shared(kinds.total(), len(cells)) else ""

    def _cell(self, value: str, shown: str | None) -> str:
        if self.in_full:
            return mask_cell(value, in_full=True)
        if self.by_need and shown is not None:
            return f"“{escape(shown, _MOST)}”"
        self.any_masked = True
        return ends(value) if self.by_need else mask(value)


def cell_display(
    speaker: Speaker,
    *,
    in_full: bool,
    result: bool,
    inputs: "Sequence[InputFile]" = (),
    messages: bool = False,
) -> CellDisplay:
    """Return how a stream of the speaker shows cells.

    Args:
        speaker: Its terminals decide, and whether a CI reads them.
        in_full: Whether the user asked for values.
        result: Whether the cells go to stdout.
        inputs: The files, whose columns are known as fields.
        messages: Whether they hold messages, whose members have the names of fields.
    """
    stream = (speaker.out if result else speaker.err).file
    in_ci = os.environ.get("CI", "").lower() not in _NO_WORDS
    fields = {key: field for source in inputs for key, field in _fields(source, messages=messages)}
    is_seen = stream.isatty() and not in_ci
    # What is said on stderr is logged as well, and a log is kept.
    sources = {each.path: each.source for each in inputs}
    return CellDisplay(in_full, is_seen and (result or speaker.log is None), fields, sources=sources)


def open_value(cell: "LeftOut", every: "Mapping[LeftOut, int]") -> str | None:
    """Return a cell that leaves rows out; None if possibly personal."""
    of_column = sum(each.column == cell.column for each in every)
    return (
        None
        if cell.of_person or of_column > FEW_VALUES
        else _open_form(cell.value or "", "event", cell.column)
    )


def ends(value: str) -> str:
    """Return a masked cell by which two rows can be told apart."""
    text = value.strip()
    if is_address(text):
        local, _, domain = text.rpartition("@")
        return f"“{escape(local[:2] if len(local) > 2 else '')}…@{escape(domain, 60)}”"
    return f"“{escape(text[:2])}…{escape(text[-2:])}”" if len(text) >= _LONG else mask(value)


def without_query(link: str) -> str | None:
    """Return a link's scheme, host and path; None for possible addresses."""
    try:
        parts = urlsplit(link.strip())
    except ValueError:
        return None
    if "@" in parts.path or "%40" in parts.path or not parts.netloc:
        return None
    host = parts.netloc.rpartition("@")[2]
    rest = "?…" if parts.query else "#…" if parts.fragment else ""
    return f"{parts.scheme}://{host}{parts.path}{rest}"


def _open_form(value: str, field: str, column: str | None) -> str | None:
    """Return the visible part of a cell; None if it is masked."""
    if field == LINK:
        return without_query(value)
    if field not in OPEN_FIELDS or (column is not None and is_personal_name(column)):
        return None
    return None if is_personal_text(value) or personal_member(value) is not None else value


def _fields(source: "InputFile", *, messages: bool) -> Sequence[tuple[tuple[str | None, str | None], str]]:
    """Return the field of each column; of several fields the masked one."""
    if messages:
        return [((source.path, name), name) for name in ("event", "timestamp")]
    found: dict[str, str] = {}
    for field, columns in source.columns.by_field().items():
        for column in columns:
            known = found.get(column)
            found[column] = known if known is not None and known not in OPEN_FIELDS else field
    return [((source.path, column), field) for column, field in found.items()]


def _field_or_kind(column: "ColumnFinding") -> str:
    """Return a column's field, or an open one for shared cells."""
    field = column.suggestion.field if column.suggestion else ""
    if field in PERSON_FIELDS or _is_personal(column):
        return ""
    if column.kind == "link":
        return LINK
    if field in OPEN_FIELDS or field == LINK:
        return field
    few = _is_shared(column.distinct, column.filled)
    # A long number that few rows share may be a customer's.
    long = column.kind == "number" and any(map(_LONG_NUMBER.search, column.samples))
    return "event" if few or (column.kind in _OPEN_KINDS and not long) else ""


def _is_shared(distinct: int, filled: int) -> bool:
    """Return whether a column has few values, each on many rows."""
    return distinct <= FEW_VALUES and filled >= ROWS_EACH * distinct


def _is_personal(column: "ColumnFinding") -> bool:
    """Return whether a column's name, cells or use are personal."""
    used = {word for use in column.uses for word in re.split(r"\W+", use)}
    names = (column.name, *column.name.split("."))
    named = any(map(is_personal_name, names)) or not PERSON_FIELDS.isdisjoint(used)
    return named or column.kind in _PERSONAL_KINDS or column.left_out is not None
