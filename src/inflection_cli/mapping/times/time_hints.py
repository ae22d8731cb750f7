"""Hints for unreadable times: the option or profile line to change."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from inflection_cli import rules
from inflection_cli.mapping.times.timestamps import TimeProblem

_OF_ZONES: Final[Mapping[str, Callable[[str], str]]] = {
    rules.TIMESTAMP_NO_ZONE.code: lambda table: (
        f'{table} zone = "Europe/Berlin", for example, or "UTC": the zone in which the export was written'
    ),
    rules.TIMESTAMP_SERIAL.code: lambda table: (
        "format the column as yyyy-mm-dd hh:mm:ss in the spreadsheet and save it again, then write "
        f'{table} zone = "UTC"'
    ),
    rules.TIMESTAMP_IN_GAP.code: lambda table: (
        f'check whether the export is in that zone; {table} zone = "UTC" if its times are UTC'
    ),
    rules.TIMESTAMP_FUTURE.code: lambda table: (
        f"check whether the zone is right, {table} zone, and this machine's clock"
    ),
}
_OF_FORMATS: Final[Mapping[str, Callable[[str], str]]] = {
    rules.TIMESTAMP_UNREADABLE.code: lambda table: (
        f'fix the cell in the export, or give the format of all cells: {table} format = "FMT"'
    ),
    rules.TIMESTAMP_FORMAT_MISMATCH.code: lambda table: (
        f'fix the cell, or give the format that fits: {table} format = "FMT"; ISO 8601 and epochs are read '
        "where the profile gives none"
    ),
}
_OTHER_COLUMN: Final = (
    'check that the right column is mapped: timestamp = "COLUMN" under [fields] or [[event]]'
)
_OF_COLUMNS: Final = frozenset({rules.TIMESTAMP_EPOCH_UNCLEAR.code, rules.TIMESTAMP_BEFORE_2000.code})


@dataclass(frozen=True, slots=True)
class TimeHints:
    """Source of a column's time settings: a profile or the options.

    Attributes:
        profile: The profile's path; None where it has no say, and options do.
        column: The column's name as the profile writes it.
        zone_asked: Whether an option says the zone, which beats the profile.
        format_asked: Whether one says the form.
    """

    profile: str | None = None
    column: str = ""
    zone_asked: bool = False
    format_asked: bool = False

    def of(self, trouble: TimeProblem) -> str:
        """Return the hint for a problem, with a value to try."""
        if self.profile is None:
            return trouble.hint
        code = trouble.rule.code
        if trouble.formats:
            return self._formats(trouble)
        if trouble.rule is rules.TIMESTAMP_FUTURE and trouble.hint:
            return f"check this machine's clock, and {_OTHER_COLUMN} in {self.profile}"
        if trouble.rule is rules.TIMESTAMP_IN_GAP and trouble.hint:
            return trouble.hint
        if code in _OF_COLUMNS:
            return f"{_OTHER_COLUMN} in {self.profile}"
        line = (None if self.zone_asked else _OF_ZONES.get(code)) or (
            None if self.format_asked else _OF_FORMATS.get(code)
        )
        return line(self._table) if line else trouble.hint

    def _formats(self, trouble: TimeProblem) -> str:
        ways = " or ".join(map(_quoted, trouble.formats))
        zone = '; and zone = "NAME" there, for example "Europe/Berlin" or "UTC"' if trouble.zoneless else ""
        return f"{self._table} format = {ways}{zone}"

    @property
    def _table(self) -> str:
        return f"in {self.profile} [time.columns.{_quoted(self.column)}]"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
