"""Presets: profiles of vendors' exports that ship with this package, by name."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from inflection_cli.errors import UsageError
from inflection_cli.suggestions import meant, nearest

PREFIX: Final = "preset:"
"""What the name of a preset has in front of it where a profile's path could stand."""

FOLDER: Final = Path(__file__).resolve().parents[2] / "presets"
_FILE: Final = "preset.toml"
_LONGEST_NAME: Final = 80


@dataclass(frozen=True, slots=True)
class PresetVersion:
    """A preset in use, with its version.

    Attributes:
        name: Its name.
        version: Its version, from 1.
    """

    name: str
    version: int

    def __str__(self) -> str:
        return f"{self.name}, version {self.version}"


@dataclass(frozen=True, slots=True, eq=False)
class PresetFile:
    """A preset's file as TOML reads it.

    Attributes:
        name: Its name, which is that of its folder.
        raw: All of its tables.
    """

    name: str
    raw: Mapping[str, Any]

    @property
    def head(self) -> Mapping[str, Any]:
        """Return its head: version, title, page, recognise."""
        head: Mapping[str, Any] = self.raw["preset"]
        return head


def preset_names() -> list[str]:
    """Return the names of all presets, sorted."""
    return sorted(path.parent.name for path in FOLDER.glob(f"*/{_FILE}"))


def preset_path(name: str) -> Path:
    """Return where a preset's file is.

    Raises:
        UsageError: There is no such preset; the nearest names are given.
    """
    names, name = preset_names(), name.removeprefix(PREFIX)
    if name in names:
        return FOLDER / name / _FILE
    near = nearest(name, names, 3) or [each for each in names if _shares_a_word(name, each)][:3]
    known = f"{meant(near)} " if near else ""
    raise UsageError(
        f"there is no preset “{name[:_LONGEST_NAME]}”", hint=f"{known}infl-seg presets list shows all of them"
    )


def preset_file(name: str) -> PresetFile:
    """Read a preset.

    Raises:
        UsageError: There is no such preset.
    """
    import tomllib  # noqa: PLC0415 - most runs read no TOML, and its patterns take long to compile

    return PresetFile(name.removeprefix(PREFIX), tomllib.loads(preset_path(name).read_text(encoding="utf-8")))


def preset_in(path: str | Path) -> str | None:
    """Return the name in `preset:NAME`, or None for a path."""
    text = str(path)
    return text.removeprefix(PREFIX) if text.startswith(PREFIX) else None


def _shares_a_word(name: str, other: str) -> bool:
    return bool(set(name.lower().replace("_", "-").split("-")) & set(other.split("-")))
