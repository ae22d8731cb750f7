"""All options of all commands, as the parser knows them, for tests that walk over every one."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from inflection_cli.cli.app import _parser

WORDS = {
    ("validate",): ("export.csv",),
    ("backfill",): ("export.csv", "--yes"),
    ("replay",): ("ready.ndjson", "--yes"),
    ("diff",): ("export.csv", "export.csv", "--yes"),
    ("sync",): ("export.csv", "--yes"),
    ("send-test",): (),
    ("init",): ("export.csv",),
    ("inspect",): ("export.csv",),
    ("doctor",): (),
    ("check-profile",): ("profile.toml",),
    ("sandbox",): (),
    ("explain",): ("ragged-row",),
    ("schema",): ("profile",),
    ("presets", "list"): (),
    ("presets", "show"): ("sendgrid-events",),
    ("presets", "save"): ("sendgrid-events", "mine.toml"),
    ("runs", "list"): (),
    ("runs", "show"): ("last",),
    ("runs", "verify"): ("export.csv",),
    ("runs", "settle"): ("last", "--accepted", "--yes"),
    ("runs", "export"): ("last",),
    ("runs", "clean"): (".", "--yes"),
    ("runs", "forget"): ("last", "--yes"),
}
"""What a command needs beside its options, where it would do its worst."""

SENDS = {("backfill",), ("replay",), ("diff",), ("sync",), ("send-test",)}


@dataclass(frozen=True)
class Place:
    """One option of one command.

    Attributes:
        path: The command's words.
        option: The option as Typer knows it.
    """

    path: tuple[str, ...]
    option: Any

    @property
    def name(self) -> str:
        """The long name."""
        names: list[str] = self.option.opts
        return next((name for name in names if name.startswith("--")), names[0])

    @property
    def takes_value(self) -> bool:
        """Whether a value follows."""
        return not (self.option.is_flag or self.option.count)

    def __str__(self) -> str:
        return f"{' '.join(self.path)} {self.name}"


def commands() -> Iterator[tuple[tuple[str, ...], Any]]:
    """Walk over the tree of commands."""
    waiting: list[tuple[tuple[str, ...], Any]] = [((), _parser())]
    while waiting:
        path, command = waiting.pop()
        inner = getattr(command, "commands", None)
        if inner is None:
            yield path, command
        else:
            waiting += [((*path, name), each) for name, each in inner.items()]


def options_of(command: Any, path: tuple[str, ...]) -> list[Place]:
    """The options of a command, also the help that all of them have."""
    # The parser keeps the help option of its first context, which is the app's in a real run.
    settings = {"help_option_names": ["-h", "--help"], **command.context_settings}
    context = command.context_class(command, info_name=" ".join(path), **settings)
    every = command.get_params(context)
    return [Place(path, option) for option in every if option.param_type_name == "option"]


PLACES = [place for path, command in sorted(commands()) for place in options_of(command, path)]
VALUES = [place for place in PLACES if place.takes_value]
FLAGS = [place for place in PLACES if not place.takes_value]


def names_in(path: tuple[str, ...]) -> list[str]:
    """All names of a command's options, the short ones too."""
    return [name for place in PLACES if place.path == path for name in place.option.opts]
