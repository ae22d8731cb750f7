"""What a file lacks of what a profile names: refused, or said in a note."""

from collections.abc import Iterable, Sequence
from typing import Final

from inflection_cli import rules
from inflection_cli.catalog import FIELDS
from inflection_cli.errors import InputError
from inflection_cli.mapping.blocks import Leeway
from inflection_cli.mapping.columns import is_called_otherwise, listed
from inflection_cli.mapping.drawing import Drawing
from inflection_cli.mapping.paths import first_key
from inflection_cli.model import Note
from inflection_cli.suggestions import nearest

_MOST: Final = 0.5
"""Where a file lacks more than this share of the columns that a profile names, the profile is for another export."""

_BEGIN_ANEW: Final = (
    "give the profile that was made for this export, or begin one: infl-seg inspect FILE --save PROFILE.toml"
)
_MEND: Final = "write the names as they stand in the file, or take the lines out of the profile"


class Lacking:
    """The names of a profile that a file lacks.

    Args:
        drawing: All that the profile names, once it was looked for.
        names: The file's column names.
        leeway: What it may lack.
        profile: The profile's path, for messages.
        file: The file's path, for messages.
    """

    def __init__(
        self, drawing: Drawing, names: Sequence[str], leeway: Leeway, *, profile: str, file: str
    ) -> None:
        self._missing = drawing.missing
        self._found = {place.column for place in drawing.places.values()}
        self._names = names
        self._leeway = leeway
        self._profile = profile
        self._file = file

    def require_the_names(self) -> None:
        """See that the file lacks nothing beyond its leeway.

        Raises:
            InputError: It does; all such names are listed, each with the nearest one that the file has.
        """
        unknown = [name for name in self._missing if not self._leeway.elsewhere(name)]
        columns = {first_key(name) for name in unknown}
        known = len(columns) + len(self._found)
        if len(columns) > max(1, _MOST * known):
            raise InputError(
                f"{self._profile} seems to be a profile for another export: {self._file} lacks {len(columns)} of "
                f"the {known} columns that it names: {self._told(unknown)}; {self._has()}",
                hint=_BEGIN_ANEW,
            )
        if unknown and not self._leeway.any_key:
            raise InputError(
                f"{self._file} lacks {_counted(unknown)} that {self._profile} names: {self._told(unknown)}; "
                f"{self._has()}",
                hint=f"{_MEND}; what another file of the export has is looked for there too, if both are given",
            )

    def nothing_fits(self) -> InputError:
        """Return the error that every event of the profile misses something without which it is none."""
        return InputError(
            f"{self._profile} seems to be a profile for another export: each of its events lacks its name, its "
            f"time or its person in {self._file}, which has no {self._told(self._missing)}; {self._has()}",
            hint=_BEGIN_ANEW,
        )

    def notes(self, sample: int) -> tuple[Note, ...]:
        """Say what the file lacks, once.

        Args:
            sample: How many of the file's records the names come from.
        """
        missing = list(self._missing)
        if not missing:
            return ()
        if self._leeway.any_key:
            where = f"the first {sample:,} records lack" if sample > 1 else "the first records lack"
        else:
            where = "this file lacks and another one has"
        detail = f"{self._profile} names {_counted(missing)} that {where}: {self._told(missing)}"
        return (Note(rules.PROFILE_COLUMN_MISSING, detail),)

    def _told(self, missing: Iterable[str]) -> str:
        return "; ".join(self._one(name) for name in missing)

    def _one(self, name: str) -> str:
        field = self._missing[name].rpartition("fields.")[2]
        free = [column for index, column in enumerate(self._names) if index not in self._found]
        if field in FIELDS:
            free = [column for column in free if not is_called_otherwise(column, field)]
        near = nearest(name, free) or nearest(first_key(name), free)
        return f"“{name}” ({self._missing[name]}{f'; did you mean “{near[0]}”?' if near else ''})"

    def _has(self) -> str:
        return f"{self._file} has {listed(self._names)}"


def _counted(names: Sequence[str]) -> str:
    return "a column" if len(names) == 1 else f"{len(names)} columns"
