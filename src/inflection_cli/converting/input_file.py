"""Input file of a run, and the problems of the whole file."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Final

from inflection_cli import rules
from inflection_cli.converting.converter import ConvertSettings
from inflection_cli.mapping.checks import CAMPAIGN_IDS, missing_id_hint
from inflection_cli.mapping.columns import BoundColumns
from inflection_cli.mapping.layout import Layout
from inflection_cli.model import Problem
from inflection_cli.reading import ReadOptions, Source
from inflection_cli.text_faults import damage, damage_hint, unseen

if TYPE_CHECKING:
    from inflection_cli.mapping.profile.profile_schema import Profile


_WITHOUT: Final = {
    "email_id": "events of one campaign have no email to distinguish them",
    "campaign_id": "events cannot be joined to their campaign",
}
"""Effect of a campaign id that no column has."""


@dataclass(frozen=True, slots=True, eq=False)
class FileSettings:
    """Settings of one file, where a run has several kinds of them.

    Attributes:
        reading: How it is read.
        convert: What shapes its messages and ids.
        profile: The profile that it has for itself; None where it has that of the run.
    """

    reading: ReadOptions
    convert: ConvertSettings
    profile: "Profile | None" = None


@dataclass(frozen=True, slots=True, eq=False)
class InputFile:
    """One input file and the meaning of its columns.

    Attributes:
        source: The file as it was detected.
        layout: What its rows mean, by the header or by the first records.
        own: Its settings, where they are not those of the run.
    """

    source: Source
    layout: Layout
    own: FileSettings | None = None

    def settings(self, of_run: ConvertSettings) -> ConvertSettings:
        """Return what shapes its messages and ids."""
        return of_run if self.own is None else self.own.convert

    @property
    def columns(self) -> BoundColumns:
        """Use of each column of the file, for the plan and reports."""
        return self.layout.columns

    @property
    def path(self) -> str:
        """Path as the user wrote it."""
        return self.source.path

    @property
    def types(self) -> list[str]:
        """Types of the calls that the rows may be."""
        tracks = ["track"] if self.layout.blocks else []
        return [*dict.fromkeys([*tracks, *(call.type for call in self.layout.calls)])]

    def problems(self) -> Iterator[Problem]:
        """Yield the problems of the file as a whole."""
        yield from self.source.problems
        header = self.source.header_line if self.source.format == "csv" else None
        for note in chain(self.layout.notes, self.columns.notes):
            yield Problem(
                rule=note.rule,
                message=note.detail,
                file=self.path,
                line=header if note.field is not None else None,
                column=note.field,
                hint=note.hint,
            )
        yield from self._odd_names(header)
        yield from self._ids_of_no_column()

    def _odd_names(self, header: int | None) -> Iterator[Problem]:
        """Name the columns whose names are not what they look like."""
        for name in self.source.columns:
            hidden = unseen(name)
            if hidden is not None:
                message = f"the column's name has the invisible character {hidden}"
                yield Problem(rules.INVISIBLE_CHARACTER, message, self.path, header, name)
            fault = damage(name)
            if fault is not None:
                hint = damage_hint(name, self.source.encoding)
                message = f"the column's name {fault}"
                yield Problem(rules.TEXT_DAMAGED, message, self.path, header, name, hint=hint)

    def _ids_of_no_column(self) -> Iterator[Problem]:
        """Yield one problem per campaign id that has no column."""
        if not self.columns.fields:
            return
        for name in CAMPAIGN_IDS:
            known = [block.columns.has(name) for block in self.layout.blocks]
            if not all(known):
                lost = _WITHOUT[name]
                message = f"no {name} column{' for some events' if any(known) else ''}: {lost}"
                yield Problem(
                    rules.CAMPAIGN_ID_MISSING, message, self.path, column=name, hint=missing_id_hint(name)
                )
