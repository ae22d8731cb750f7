"""The options of a run as the ledger keeps them, and back: `runs verify` converts the files as the run did."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from enum import Enum
from typing import Any, TypeVar

from inflection_cli.cli.options import InputOptions, MessageOptions, Naming, UnknownEvents
from inflection_cli.errors import UsageError
from inflection_cli.pipeline.personal import PERSONAL, storable_constant

_Group = TypeVar("_Group", InputOptions, MessageOptions)

_LEFT_OUT = frozenset({"max_errors", "rejects"})
_ENUMS: Mapping[str, type[Enum]] = {"unknown_events": UnknownEvents, "naming": Naming}


@dataclass(frozen=True, slots=True)
class Recorded:
    """How a run read its files.

    Attributes:
        reading: The options that shape events.
        message: What every message carried.
        now: The run's one idea of the present.
    """

    reading: InputOptions
    message: MessageOptions
    now: datetime


def recorded(reading: InputOptions, message: MessageOptions | None, now: datetime) -> dict[str, Any]:
    """Return options as JSON values; a person's id or address from `--set` becomes a fingerprint."""
    plain = _plain(reading)
    plain["set"] = [_storable(word) for word in reading.set]
    return {"reading": plain, "message": _plain(message or MessageOptions()), "now": now.isoformat()}


def read_back(arguments: Mapping[str, Any], given: "list[str]") -> Recorded:
    """Return the options that a run was recorded with.

    Args:
        arguments: What `recorded` returned, as the ledger has it.
        given: `--set` words whose values the ledger has only fingerprints of.

    Raises:
        UsageError: They were not recorded, or a word of `--set` is missing or another one than the run's.
    """
    try:
        reading = _group(InputOptions, arguments["reading"])
        message = _group(MessageOptions, arguments["message"])
        now = datetime.fromisoformat(arguments["now"])
    except (KeyError, TypeError, ValueError):
        raise UsageError(
            "the ledger does not say how that run read its files",
            hint="name another run with --run RUN; infl-seg runs list shows them",
        ) from None
    values = {_storable(word): word for word in given}
    for place, word in enumerate(reading.set):
        if word in values:
            reading.set[place] = values.pop(word)
        elif "=fingerprint:" in word:
            name = word.partition("=")[0]
            raise UsageError(
                f"the run was given a {name} that the ledger keeps no more than a fingerprint of",
                hint=f"give the same one again: --set {name}=VALUE",
            )
    if values:
        raise UsageError(
            f"--set {next(iter(values))} was not given to the run, or its value was another one",
            hint="verify with the settings of the run: leave it out",
        )
    return Recorded(reading, message, now)


def _plain(group: InputOptions | MessageOptions) -> dict[str, Any]:
    names = [field.name for field in fields(group) if field.name not in _LEFT_OUT]
    values = {name: getattr(group, name) for name in names}
    return {name: value.value if isinstance(value, Enum) else value for name, value in values.items()}


def _group(kind: type[_Group], plain: Mapping[str, Any]) -> _Group:
    values: dict[str, Any] = {
        name: _ENUMS[name](value) if name in _ENUMS else value for name, value in plain.items()
    }
    return kind(**values)


def _storable(word: str) -> str:
    name, equals, value = word.partition("=")
    return f"{name}{equals}{storable_constant(name, value)}" if name.strip() in PERSONAL else word
