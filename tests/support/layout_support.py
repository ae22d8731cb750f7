"""Rows laid out by a profile, and what is read from them, without files and without a pipeline."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from inflection_cli.mapping.bind import lay_out
from inflection_cli.mapping.columns import ColumnOptions
from inflection_cli.mapping.events import EventReader, MapOptions
from inflection_cli.mapping.layout import NO_LEEWAY, EventMapping, Layout, MissingColumnPolicy, Shaper
from inflection_cli.mapping.profile.profile_schema import Event, Fields, Profile, PropertyCell, Timestamp
from inflection_cli.model import Campaign, Note, Person
from inflection_cli.segment.message import MessageEncoder, MessageSettings

ROW: Final = {
    "event": "Email Opened",
    "userId": "u1",
    "email_id": "e1",
    "campaign_id": "c1",
    "timestamp": "1709285400",
}
"""A row that needs no profile."""

SALTS: Final = {"NONE": "", "SHORT": "s", "PEPPER": "pepper", "ACCENTED": "pépper"}
"""Salts by the variable that a profile names."""


def profile(**said: Any) -> Profile:
    """A profile that says this; what it leaves is bound by name, as in a run of a version before 0.2.

    So each test names only what it is about, and the rule that `runs verify` needs is held to what it was.
    `tests/mapping/profile/test_profile_names_only.py` and `tests/mapping/test_columns_that_reach_messages.py` test
    the rule of today.
    """
    fields = Fields(**said.pop("fields", {}), timestamp=said.pop("timestamp", None))
    return Profile("old.toml", "0" * 64, **{"fields": fields, "salts": SALTS, "also_by_name": True, **said})


def column(name: str, **done: Any) -> PropertyCell:
    """A column's cells, and what is done to them."""
    return PropertyCell(column=name, **done)


def block(name: str, time: str | None = None, **said: Any) -> Event:
    """One event of a row, with the column of its time."""
    if "when" in said:
        said["when"] = list(said["when"])
    return Event(name=name, timestamp=Timestamp(columns=[time]) if time else None, **said)


def laid_out(
    names: Sequence[str],
    said: Profile | None = None,
    *,
    file: str = "export.csv",
    rows: Sequence[Sequence[str]] = (),
    leeway: MissingColumnPolicy = NO_LEEWAY,
    **options: Any,
) -> Layout:
    """The layout of a file with these columns."""
    asked = ColumnOptions(profile=said or profile(), **options)
    return lay_out(names, rows, asked, file=file, leeway=leeway)


@dataclass(frozen=True)
class Read:
    """What one row comes to in one block."""

    campaign: Campaign | None
    person: Person | None
    trail: str
    notes: list[Note]

    @property
    def properties(self) -> dict[str, Any]:
        """What the row adds to the properties, as a reader of JSON sees it."""
        found: dict[str, Any] = json.loads("{" + self.trail[1:] + "}")
        return found

    @property
    def codes(self) -> list[str]:
        """The codes of all notes."""
        return [note.rule.code for note in self.notes]


def shaped(layout: Layout, rows: list[list[str]]) -> tuple[list[list[str]], Mapping[int, tuple[Note, ...]]]:
    """Rows as the blocks see them, and what is said of them."""
    return shaped_rows(layout.shaper, rows)[:2] if layout.shaper else (rows, {})


def shaped_rows(
    shaper: Shaper, rows: list[list[str]]
) -> tuple[list[list[str]], Mapping[int, tuple[Note, ...]], Mapping[str, int]]:
    """Rows with what a profile extracts, what is said of them, and the counts of nulls."""
    if not rows:
        return [], {}, {}
    columns, notes, nulls = shaper(list(zip(*rows, strict=True)), len(rows))
    return list(map(list, zip(*columns, strict=True))), notes, nulls


def read(cells: Mapping[str, str], said: Profile | None = None, *, number: int = 0, **options: Any) -> Read:
    """Lay a single row out by a profile, and read one block's event from it."""
    layout = laid_out(tuple(cells), said, **options)
    rows, notes = shaped(layout, [list(cells.values())])
    return _read(layout.blocks[number], rows[0], list(notes.get(0, ())))


def _read(one: EventMapping, row: Sequence[str], notes: list[Note]) -> Read:
    mapper = EventReader(one.columns, MapOptions())
    at = one.columns.fields
    campaign, of_campaign = mapper.campaign([row[at[name]] for name in mapper.campaign_columns])
    person, of_person = mapper.person([row[at[name]] for name in mapper.person_columns])
    links = [row[at[name]] for name in mapper.link_columns]
    trail, of_trail = mapper.trail([*links, *(row[index] for index, _ in one.columns.extras)])
    assert campaign is None or isinstance(campaign, Campaign)
    text = MessageEncoder(MessageSettings("0.1.0")).trail(trail)
    return Read(campaign, person, text, [*notes, *of_campaign, *of_person, *of_trail])
