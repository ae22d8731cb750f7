"""Refuse a new list that has lost more rows than is likely."""

import re
from dataclasses import asdict, dataclass
from typing import Final

from inflection_cli.comparing.keyed_lists import ListCounts
from inflection_cli.errors import ListShrank, UsageError
from inflection_cli.sanitize import counted

_SHARE: Final = 0.1
_FEW: Final = 20
"""So many rows may be gone from a list of any size."""

_FORM: Final = re.compile(r"(\d{1,15})(?:\.(\d{1,6}))?\s*(%?)", re.ASCII)


@dataclass(frozen=True, slots=True)
class MaxRemoved:
    """Limit of removed rows, from the user or by default.

    Attributes:
        most: Rows, or percent of the old list; None for what is likely.
        percent: Whether it is percent.
    """

    most: float | None = None
    percent: bool = False

    @classmethod
    def parse(cls, text: str | None) -> "MaxRemoved":
        """Parse `--max-removed`.

        Raises:
            UsageError: It is neither a number nor a share.
        """
        if text is None:
            return cls()
        found = _FORM.fullmatch(text.strip())
        if found is None or (found[2] and not found[3]) or (found[3] and float(text.strip(" %")) > 100):
            raise UsageError(
                f"--max-removed {text!r} is neither a number of rows nor a share of the old list",
                hint="--max-removed 500, or --max-removed 25%",
            )
        return cls(float(text.strip().rstrip("%")), percent=bool(found[3]))

    def allows(self, counts: ListCounts) -> bool:
        """Return whether so many rows may be gone."""
        if self.most is None:
            in_common = counts.changed + counts.unchanged
            few = counts.removed <= max(_FEW, _SHARE * counts.old)
            return not counts.removed or (few and counts.new > 0 and 2 * in_common >= counts.old)
        return counts.removed <= (self.most * counts.old / 100 if self.percent else self.most)


def refuse_shrunken(counts: ListCounts, allowed: MaxRemoved, old: str, new: str) -> None:
    """Raise an error if too many rows are gone.

    A broken export is no exodus: `--yes` does not agree to it.

    Raises:
        ListShrank: It has.
    """
    if allowed.allows(counts):
        return
    gone = f"{counts.removed:,} of {counted(counts.old, 'row')}"
    error = ListShrank(
        f"{gone} of {old} {'is' if counts.removed == 1 else 'are'} not in {new}, which has "
        f"{counted(counts.new, 'row')}; nothing was sent",
        hint=f"check that the new list is complete; if so many rows really are gone: --max-removed {counts.removed}",
    )
    error.report = {"list": asdict(counts)}
    raise error
