"""Names of zones behind times in cells: tzdata's, and abbreviations."""

import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from inflection_cli.errors import UsageError
from inflection_cli.mapping.times.time_format import zone_offset
from inflection_cli.mapping.times.zones import Zone

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
