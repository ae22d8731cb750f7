"""Read a profile that extends another, and merge both."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path, PurePath
from typing import Any, Final

from inflection_cli.errors import UsageError
from inflection_cli.mapping.profile.preset_files import PREFIX, PresetVersion, preset_in, preset_path
from inflection_cli.mapping.profile.profile_schema import ProfileFile
from inflection_cli.settings.toml_file import ParsedToml, TomlFault, near, parse

_OWN: Final = ("profile", "preset", "extends", "without")
"""Keys of a file that hold for itself alone."""

_MOST_LAYERS: Final = 8


@dataclass(frozen=True, slots=True, eq=False)
class LayeredProfile:
    """A profile's file with all that it extends.

    Attributes:
        parsed: The file; its tables and model are those of all layers.
        digest: The hex SHA-256 of the file, or of its digest and that of what it extends.
        preset: The preset that it is, or extends.
        of_preset: The columns and paths that this preset names.
        faults: What is wrong with the layers.
        own: The file's own tables, where it extends another.
    """

    parsed: ParsedToml[ProfileFile]
    digest: str
    preset: PresetVersion | None
    of_preset: frozenset[str] = frozenset()
    faults: tuple[TomlFault, ...] = ()
    own: Mapping[str, Any] | None = None

    def placed(self, fault: TomlFault) -> TomlFault:
        """Return a fault that mentions the base, if it is there."""
        held: Any = self.own
        for step in fault.path[:2]:
            held = held.get(step) if isinstance(held, dict) else held
        if self.own is None or held is not None:
            return fault
        return replace(fault, message=f"{fault.message} (in what the profile extends)")


def read_layers(
    path: str | Path, refused: Mapping[str, str], file: str | None = None, above: tuple[str, ...] = ()
) -> LayeredProfile:
    """Read a profile and what it extends.

    Args:
        path: Where it is, or `preset:NAME`.
        refused: Keys that a profile has not, and why.
        file: The path as the user knows it.
        above: The files that extend it, each with its real path.

    Raises:
        UsageError: A file cannot be read, is not there, or extends itself.
        SettingsFileFaults: A file does not fit the schema.
    """
    name = preset_in(path)
    place = Path(path) if name is None else preset_path(name)
    shown = str(path) if file is None else file
    parsed = parse(place, ProfileFile, what="profile", refused=refused, file=shown)
    model = parsed.model
    head = model.preset if model else None
    own = PresetVersion(name, head.version) if name and head else None
    if above or (model is not None and model.extends is not None):
        parsed.require_sound("profile")
    if model is None or model.extends is None:
        return LayeredProfile(
            parsed, parsed.digest, own, model.column_names if model and head else frozenset()
        )
    chain = (*above, os.path.realpath(place))
    base = _base(model.extends, place, shown, refused, chain)
    base.parsed.require_sound("profile", base.faults)
    raw, faults = _laid_over(base.parsed, parsed, model)
    both = replace(parsed, raw=raw, model=ProfileFile.model_validate(raw))
    digest = sha256(f"{parsed.digest} {base.digest}".encode()).hexdigest()
    return LayeredProfile(both, digest, own or base.preset, base.of_preset, faults, parsed.raw)


def _base(
    named: str, place: Path, shown: str, refused: Mapping[str, str], chain: tuple[str, ...]
) -> LayeredProfile:
    """Read what a profile extends."""
    path, file = named, named
    if preset_in(named) is None:
        folder = Path(os.path.realpath(place.parent))
        path, file = os.path.realpath(folder / named), os.path.normpath(PurePath(shown).parent / named)
        if Path(named).is_absolute() or not Path(path).is_relative_to(folder):
            raise UsageError(
                f"{shown}: extends = “{named}” leads out of the profile's folder",
                hint=f'name a file beside the profile or below, or a preset: extends = "{PREFIX}NAME"',
            )
    real = os.path.realpath(path if preset_in(path) is None else preset_path(path.removeprefix(PREFIX)))
    if real in chain:
        raise UsageError(
            f"{shown}: extends = “{named}” leads back to a profile that extends it",
            hint="take extends out of one of them",
        )
    if len(chain) >= _MOST_LAYERS:
        raise UsageError(
            f"{shown}: extends leads through more than {_MOST_LAYERS} files",
            hint="let the profile extend the last of them",
        )
    return read_layers(path, refused, file, chain)


def _laid_over(
    base: ParsedToml[ProfileFile], own: ParsedToml[ProfileFile], model: ProfileFile
) -> tuple[dict[str, Any], tuple[TomlFault, ...]]:
    """Return the tables of both; the profile's own keys win.

    A list is replaced as a whole, and so is the table of one field or property.
    """
    beneath = {name: value for name, value in base.raw.items() if name not in _OWN}
    beneath = _with_files_beside(beneath, model.extends or "")
    faults = tuple(_taken_out(beneath, model.without, base.file))
    both = {
        name: {**beneath[name], **value}
        for name, value in own.raw.items()
        if isinstance(value, dict) and isinstance(beneath.get(name), dict)
    }
    return {**beneath, **own.raw, **both}, faults


def _with_files_beside(beneath: dict[str, Any], extends: str) -> dict[str, Any]:
    """Return tables whose lookup files are named from the profile's own folder."""
    folder = PurePath(extends).parent
    if "lookup" not in beneath or preset_in(extends) is not None:
        return beneath
    tables = {
        name: {**table, "file": str(folder / table["file"])} if "file" in table else table
        for name, table in beneath["lookup"].items()
    }
    return {**beneath, "lookup": tables}


def _taken_out(beneath: dict[str, Any], without: list[str], file: str) -> Iterator[TomlFault]:
    """Remove keys that the profile lists; yield faults for unknown ones."""
    for index, path in enumerate(without):
        table, dot, key = path.partition(".")
        held = beneath.get(table)
        if not dot and table in beneath:
            del beneath[table]
        elif isinstance(held, dict) and key in held:
            beneath[table] = {name: value for name, value in held.items() if name != key}
        else:
            names = [*beneath, *(f"{t}.{k}" for t, v in beneath.items() if isinstance(v, dict) for k in v)]
            yield TomlFault(("without", index), f"{file} has no {path}{near(path, names)}")
