"""Read the lookup tables of a profile into memory, within a bound."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from inflection_cli.errors import InputError, UsageError
from inflection_cli.mapping.column_names import listed
from inflection_cli.mapping.profile.json_paths import find_path
from inflection_cli.mapping.profile.lookups import LookupTable
from inflection_cli.reading import ReadOptions, Source, detect, read
from inflection_cli.reading.files.fingerprint import fingerprint
from inflection_cli.suggestions import nearest

if TYPE_CHECKING:
    from inflection_cli.mapping.profile.profile_schema import Lookup, Profile

MOST_CHARS: Final = 128 << 20
"""All tables of a profile hold at most so many characters, a row counted as 200 more; a table is held in memory."""

_ROW_CHARS: Final = 200
_LINES_TOLD: Final = 5


def with_tables(
    profile: "Profile", paths: Mapping[str, str], *, strangers: bool = False, most_chars: int = MOST_CHARS
) -> "Profile":
    """Return a profile with its lookup tables read.

    Args:
        profile: The profile.
        paths: The file of some tables, as `--lookup-file` names them.
        strangers: Whether `paths` may name tables of other profiles.
        most_chars: How much all tables may hold.

    Raises:
        InputError: A file cannot be read, is too large, or has a key twice.
        UsageError: A table has no file, or a file no table.
    """
    of_files = {name: said for name, said in profile.lookups.items() if said.list is None}
    for name in paths:
        if name not in of_files and not strangers:
            near = nearest(name, of_files)
            known = listed([*of_files]) if of_files else "none"
            raise UsageError(
                f"--lookup-file {name}=…: {profile.path} has no table [lookup.{name}] of a file; it has {known}",
                hint=f"did you mean --lookup-file {near[0]}=FILE?" if near else "leave --lookup-file out",
            )
    tables, left = {}, most_chars
    for name, said in of_files.items():
        path = paths[name] if name in paths else _beside(profile.path, name, said)
        tables[name], used = _table(path, name, said, left)
        left -= used
    return replace(profile, tables=tables)


def _beside(profile: str, name: str, said: "Lookup") -> str:
    """Return the path of a table's file, in the profile's folder."""
    if said.file is None:
        raise UsageError(
            f"{profile}: [lookup.{name}] names no file",
            hint=f"name it: --lookup-file {name}=FILE, or file = in the table",
        )
    folder = Path(os.path.realpath(Path(profile).parent))
    inside = Path(os.path.realpath(folder / said.file)).is_relative_to(folder)
    if Path(said.file).is_absolute() or not inside:
        raise UsageError(
            f"{profile}: lookup.{name}.file = “{said.file}” leads out of the profile's folder",
            hint=f"a profile names a file in its own folder or below; any other: --lookup-file {name}=FILE",
        )
    return os.path.normpath(Path(profile).parent / said.file)


def _table(path: str, name: str, said: "Lookup", most: int) -> tuple[LookupTable, int]:
    """Read one table; return it and how much it holds.

    Only the columns of the file's first records count; a table is small.
    """
    source = detect(path, ReadOptions())
    place = find_path(said.key, source.columns)
    if place is None or place.keys:
        near = nearest(said.key, source.columns)
        raise InputError(
            f"{path} has no column “{said.key}”, the key of [lookup.{name}]; it has {listed(source.columns)}",
            hint=f"did you mean key = “{near[0]}”?" if near else "write key = as in that file",
        )
    rows, used = _rows(source, name, place.column, most)
    return LookupTable(path, source.columns, rows, fingerprint(path, source.location, source.member)), used


def _rows(source: Source, name: str, key: int, most: int) -> tuple[dict[str, Sequence[str]], int]:
    rows: dict[str, Sequence[str]] = {}
    lines: dict[str, int] = {}
    doubled: list[str] = []
    used, width = 0, len(source.columns)
    for chunk in read(source, ReadOptions()):
        for fault in chunk.faults:
            raise InputError(
                f"{source.path}, line {fault.line:,}: [lookup.{name}] cannot be read whole: {fault.problem.message}",
                hint=fault.problem.rule.fix,
            )
        for row, line in zip(chunk.rows, chunk.lines, strict=True):
            text = row[key].strip()
            if text in rows and rows[text] != row[:width]:
                doubled.append(f"{lines[text]:,} and {line:,}")
            if not text or text in rows:
                continue
            rows[text], lines[text] = row[:width], line
            used += sum(map(len, row)) + _ROW_CHARS
        if used > most:
            raise InputError(
                f"{source.path}: [lookup.{name}] is too large to be held in memory: more than {most >> 20:,} million "
                f"characters by line {chunk.lines[-1]:,}",
                hint="leave out the columns and rows that no record needs",
            )
    if doubled:
        more = f" and {len(doubled) - _LINES_TOLD:,} more" if len(doubled) > _LINES_TOLD else ""
        raise InputError(
            f"{source.path}: [lookup.{name}] has {'a key' if len(doubled) == 1 else f'{len(doubled):,} keys'} twice, "
            f"with different cells: lines {'; '.join(doubled[:_LINES_TOLD])}{more}",
            hint="leave one row for each key, or name the column whose cells are there once: key = …",
        )
    return rows, used
