"""The command `infl-seg schema`: the JSON Schema of a profile or a project file, for editors."""

from enum import StrEnum
from typing import Annotated

import typer


class Kind(StrEnum):
    """The files that have a schema."""

    PROFILE = "profile"
    PROJECT = "project"


def schema(
    kind: Annotated[Kind, typer.Argument(metavar="profile|project", help="The kind of file.")] = Kind.PROFILE,
) -> int:
    """Print the JSON Schema of a profile or of infl-seg.toml, for an editor to check and complete it by."""
    from importlib.resources import files

    from inflection_cli.reporting.outlet import print_machine

    found = files("inflection_cli").joinpath("schemas", f"{kind.value}.schema.json")
    print_machine(found.read_text(encoding="utf-8"))
    return 0
