"""Time zones and their names: convert a local time to its instant."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import Enum
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo

from inflection_cli.errors import UsageError
from inflection_cli.mapping.times.time_format import zone_offset
from inflection_cli.suggestions import nearest

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - a local clock's own epoch; the zone is what is looked up
_FIRST, _LAST = -62_135_596_800, 253_402_300_799  # years 1 to 9999, datetime's own bounds
_NO_PLACES = frozenset({"Factory", "localtime", "posixrules"})
_TRY = "--timezone takes a name such as Europe/Berlin, America/New_York or UTC"

_ABBREVIATIONS = {
    **dict.fromkeys(("et", "est", "edt"), "America/New_York"),
    **dict.fromkeys(("ct", "cst", "cdt"), "America/Chicago"),
    **dict.fromkeys(("mt", "mst", "mdt"), "America/Denver"),
    **dict.fromkeys(("pt", "pst", "pdt"), "America/Los_Angeles"),
    **dict.fromkeys(("mez", "mesz", "cest"), "Europe/Berlin"),
    "bst": "Europe/London",
    "ist": "Asia/Kolkata",
    "jst": "Asia/Tokyo",
    "aest": "Australia/Sydney",
    **dict.fromkeys(("z", "zulu"), "UTC"),
}
"""A place, for what people write for its clock: in winter, in summer, or all year."""

_ALL_YEAR = {"EST": ("five", "Etc/GMT+5"), "MST": ("seven", "Etc/GMT+7")}
"""Names that tzdata has for an offset all year, where people mean a place whose clocks change."""

_WHOLE_HOURS = re.compile(r"(?:utc|gmt|cet|z)?\s*([+-])\s*0?(\d{1,2})(?::?00)?", re.IGNORECASE)


class Fold(Enum):
    """Number of times that a local clock shows a time."""

    ONCE = 1
    TWICE = 2
    NEVER = 0


class Zone:
    """Rules of one time zone, always from the tzdata package.

    Raises:
        UsageError: No zone has this name; the hint names those that come close.
    """

    def __init__(self, name: str) -> None:
        known = _names()
        if name in _ALL_YEAR:
            hours, fixed = _ALL_YEAR[name]
            raise UsageError(
                f"the time zone {name} is {hours} hours behind UTC all year, in summer too",
                hint=f"--timezone {_ABBREVIATIONS[name.lower()]} where clocks are put forward in summer, "
                f"--timezone {fixed} where they are not",
            )
        if name not in known:
            raise UsageError(f"no time zone is named {name!r}", hint=_hint(name, known))
        with files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as rules:
            self._rules = ZoneInfo.from_file(rules, key=name)
        self.name = name

    def instant(self, local: int) -> tuple[int, Fold]:
        """Return the first instant at which the local clock shows a time.

        Args:
            local: Seconds from 1970-01-01 00:00:00 on the local clock.

        Returns:
            Seconds from 1970-01-01T00:00:00Z, and how often the clock shows that time. For a time that is
            never shown, the instant by the offset before the clock was put forward.
        """
        if not _FIRST <= local <= _LAST:
            return local, Fold.ONCE
        shown = _EPOCH + timedelta(seconds=local)
        first, second = self._offset(shown), self._offset(shown.replace(fold=1))
        if first == second:
            return local - first, Fold.ONCE
        return local - first, Fold.TWICE if first > second else Fold.NEVER

    def steady_offset(self, local: int) -> int | None:
        """Return the UTC offset in a local hour; None if it changes.

        Args:
            local: The hour's first second, from 1970-01-01 00:00:00 on the local clock.
        """
        start, end = self.instant(local), self.instant(local + 3599)
        steady = start[1] is end[1] is Fold.ONCE and end[0] - start[0] == 3599
        return local - start[0] if steady else None

    def _offset(self, shown: datetime) -> int:
        offset = self._rules.utcoffset(shown)
        return offset.days * 86_400 + offset.seconds if offset is not None else 0


@lru_cache(maxsize=1)
def _names() -> frozenset[str]:
    listed = files("tzdata").joinpath("zones").read_text(encoding="utf-8").split()
    return frozenset(listed) - _NO_PLACES


def _hint(name: str, known: frozenset[str]) -> str:
    if name.strip().lower() == "local":
        return f"this machine's own zone is not part of the export; {_TRY}"
    offset = _WHOLE_HOURS.fullmatch(name.strip())
    if offset is not None and int(offset[2]) <= 12:
        # POSIX counts the hours that UTC is ahead, so the sign is turned round.
        turned = "-" if offset[1] == "+" else "+"
        fixed = f"Etc/GMT{turned}{int(offset[2])}" if int(offset[2]) else "UTC"
        return f"--timezone {fixed} is that offset all year (the sign is turned round); {_TRY}"
    close = _close(name, known)
    return f"did you mean {' or '.join(close)}? {_TRY}" if close else _TRY


def _close(name: str, known: frozenset[str]) -> list[str]:
    """Find up to three zones with a similar name.

    Compared are the name without case, known abbreviations, the city alone, then similar spellings.
    """
    wanted = name.strip().lower().replace(" ", "_")
    spelled = {zone.lower(): zone for zone in sorted(known)}
    if wanted in spelled:
        return [spelled[wanted]]
    if wanted in _ABBREVIATIONS:
        return [_ABBREVIATIONS[wanted]]
    cities = [zone for low, zone in spelled.items() if low.rpartition("/")[2] == wanted]
    if cities:
        return cities[:3]
    return nearest(wanted, spelled.values(), 3)


NO_NAMES: Final[Mapping[str, int]] = MappingProxyType({})

_PLACE: Final = r"[A-Za-z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+)+"
_BEHIND: Final = re.compile(
    rf"(?P<time>.*[0-9MmZz])(?: (?P<name>{_PLACE}|[A-Z]{{2,5}})| ?\[(?P<place>{_PLACE})\])", re.ASCII
)
_NO_NAMES: Final = frozenset({"AM", "PM", "UTC", "GMT"})
_OFFSET: Final = re.compile(r"[+-]\d\d?(?::?\d\d)?", re.ASCII)
_ZONES_KEPT: Final = 64

_COMMON: Final = {
    "EST": "-05:00", "EDT": "-04:00", "CST": "-06:00", "CDT": "-05:00", "MST": "-07:00", "MDT": "-06:00",
    "PST": "-08:00", "PDT": "-07:00", "CET": "+01:00", "CEST": "+02:00", "BST": "+01:00", "IST": "+05:30",
    "JST": "+09:00", "AEST": "+10:00", "AEDT": "+11:00",
}  # fmt: skip
"""The offset that each most often means, as an example; nothing is read by it."""


def split_zone(text: str) -> tuple[str, str] | None:
    """Split a text into time and zone name, if it has one."""
    found = _BEHIND.fullmatch(text)
    if found is None or found["name"] in _NO_NAMES:
        return None
    return found["time"], found["name"] or found["place"]


@lru_cache(maxsize=_ZONES_KEPT)
def named_zone(name: str) -> Zone | None:
    """Return tzdata's zone of a name; None if there is none."""
    try:
        return Zone(name)
    except UsageError:
        return None


def offset_of(text: str) -> int | None:
    """Return the seconds ahead of UTC of a text like -08:00."""
    if text.strip().upper() in {"UTC", "Z"}:
        return 0
    if _OFFSET.fullmatch(text.strip()) is None:
        return None
    sign, digits = text.strip()[0], text.strip()[1:]
    return zone_offset(sign + (digits if len(digits.partition(":")[0]) != 1 else f"0{digits}"))


def example_of(name: str) -> str:
    """Return an offset that an abbreviation may mean."""
    return _COMMON.get(name, "+01:00")


def is_usual(name: str) -> bool:
    """Return whether an abbreviation is a usual one of a zone."""
    return name in _COMMON
