"""The command `infl-seg check-profile`: check profiles by themselves, without an export."""

import os
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from inflection_cli.cli.options import with_groups
from inflection_cli.errors import SettingsFileFaults, UsageError
from inflection_cli.settings.declarations import JsonOptions

Profiles = Annotated[
    list[str],
    typer.Argument(
        metavar="PROFILE...", help="Profiles, and project files named infl-seg.toml.", show_default=False
    ),
]
_SALT: Final = re.compile(r"INFL_SEG_SALT\w*")


@with_groups
def check_profile(files: Profiles, output: JsonOptions) -> int:
    """Check profiles and project files by themselves; read no export."""
    from inflection_cli.reporting.console import Speaker
    from inflection_cli.sanitize import counted, escape

    speaker = Speaker(color="never" if output.no_color else "auto")
    faults = [(path, error) for path in files if (error := _fault_of(path)) is not None]
    exit_code = 1 if faults else 0
    if output.json:
        _print_object(files, faults, exit_code)
        return exit_code
    for _, error in faults:
        speaker.error(error)
    sound = len(files) - len(faults)
    words = f"{counted(sound, 'file has', 'files have')} no fault"
    speaker.result(
        words if len(files) > 1 else f"{escape(files[0])} has no fault" if sound else "1 file has faults"
    )
    return exit_code


def _fault_of(path: str) -> UsageError | None:
    """Return what is wrong with one file, or None."""
    from inflection_cli.cli.project_file import NAME
    from inflection_cli.cli.project_schema import read_project
    from inflection_cli.mapping.profile.profile_file import read_profile

    try:
        if Path(path).name == NAME:
            read_project(Path(path), file=path)
        else:
            read_profile(path, _with_salts(path, os.environ))
    except UsageError as error:
        return error
    return None


def _with_salts(path: str, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment, with a text for each missing salt."""
    from inflection_cli.mapping.profile.preset_files import FOLDER, preset_in

    text, preset = "", preset_in(path)
    with suppress(OSError, ValueError):  # told by who reads the file strictly
        place = Path(path) if preset is None else FOLDER / preset / "preset.toml"
        text = place.read_text(encoding="utf-8", errors="replace")
    return {**dict.fromkeys(_SALT.findall(text), "salt"), **environ}


def _print_object(files: list[str], faults: list[tuple[str, UsageError]], exit_code: int) -> None:
    from inflection_cli.reporting.json_report import dumps, empty_report
    from inflection_cli.reporting.outlet import print_machine

    found = dict(faults)
    objects = [{"path": path, "faults": _fault_objects(found.get(path))} for path in files]
    print_machine(
        dumps({**empty_report("check-profile"), "complete": True, "files": objects, "exit_code": exit_code})
    )


def _fault_objects(error: UsageError | None) -> list[dict[str, Any]]:
    if error is None:
        return []
    faults = error.faults if isinstance(error, SettingsFileFaults) else ()
    return [{"line": line, "message": words} for line, words in faults] or [
        {"line": None, "message": error.message}
    ]
