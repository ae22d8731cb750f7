"""Propose commands for a file, each tried on its first rows."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from inflection_cli.settings.declarations import InputOptions, declared
from inflection_cli.settings.layering import file_word, with_value

if TYPE_CHECKING:
    from collections.abc import Callable

    from inflection_cli.inspecting.file_recognition import RecognisedFile
    from inflection_cli.inspecting.scan import InspectSettings
    from inflection_cli.inspecting.shape_groups import ShapeGroup
    from inflection_cli.reading import Source

    SettingsWith = Callable[[InputOptions], InspectSettings]

_TRIED_ROWS: Final = 1_000
_TYPED_AGAIN: Final = {"sync": ("map",), "replay": (), "inspect": ("max_errors",)}
"""Fields of the options that a command shares with `inspect`, where it does not have all of them."""


def proposals(
    group: "ShapeGroup", files: Sequence[str], reading: InputOptions, settings_with: "SettingsWith"
) -> Iterator[dict[str, Any]]:
    """Yield what files of a group look like, each with its command.

    Args:
        group: The files of one shape.
        files: What names them on a command line.
        reading: The options of this inspection.
        settings_with: Returns the settings of other options.
    """
    from inflection_cli.inspecting.file_recognition import looks_of

    words = [*map(file_word, files)]
    for look in looks_of(group.whole):
        command = _command(look, words, group, reading, settings_with) if look.verb else ""
        yield {
            "kind": look.kind,
            "words": look.words,
            "evidence": [*look.evidence],
            "command": command,
            "advice": look.advice,
        }


def _command(
    look: "RecognisedFile",
    files: Sequence[str],
    group: "ShapeGroup",
    reading: InputOptions,
    settings_with: "SettingsWith",
) -> str:
    verb, options = look.verb, [*option_words(reading, _TYPED_AGAIN.get(look.verb))]
    if look.ways:
        tried = [dataclasses.replace(reading, **_joined(reading, way)) for way in look.ways]
        works = (each for each in tried if _reads(group.files[0].source, settings_with, each))
        chosen = next(works, None)
        # What no option settles is for the user to say: then the inspection tells what is left.
        verb = verb if chosen is not None else "inspect"
        options = [*option_words(chosen if chosen is not None else tried[0])]
    if verb == "sync":
        files = files[:1]
    return " ".join(["infl-seg", verb, *files, *options, *look.options])


def _joined(reading: InputOptions, way: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of a way, with typed ones of a list."""
    return {
        name: [*getattr(reading, name), *value] if isinstance(value, list) else value
        for name, value in way.items()
    }


def option_words(options: InputOptions, only: Sequence[str] | None = None) -> Iterator[str]:
    """Yield the options that differ from their defaults, as they are typed.

    Args:
        options: Their values.
        only: The fields that count; None for all.
    """
    for each in declared(type(options)):
        value = getattr(options, each.field)
        if value == each.default or (only is not None and each.field not in only) or each.field == "limit":
            continue
        if value is True:
            yield each.flag
        for one in value if isinstance(value, list) else [value]:
            if one is not True:
                yield with_value(each.flag, one.value if isinstance(one, StrEnum) else str(one))


def _reads(source: "Source", settings_with: "SettingsWith", options: InputOptions) -> bool:
    """Return whether a run with these options maps the first rows."""
    from inflection_cli.converting.chunk_task import AS_CHUNKS
    from inflection_cli.converting.input_file import InputFile
    from inflection_cli.converting.inputs import convertible_chunks
    from inflection_cli.errors import InflSegError
    from inflection_cli.mapping.bind import lay_out
    from inflection_cli.mapping.layout import MissingColumnPolicy
    from inflection_cli.reading import FoundFile, detect

    try:
        settings = settings_with(options)
        found = detect(FoundFile(source.path, source.location, member=source.member), settings.reading)
        leeway = MissingColumnPolicy(found.keys_vary)
        mapping = settings.convert.mapping.columns
        layout = lay_out(found.columns, found.sample, mapping, file=found.path, leeway=leeway)
        file = InputFile(found, layout)
        chunks = convertible_chunks([file], settings.reading, settings.convert, AS_CHUNKS, limit=_TRIED_ROWS)
        return not any(chunk.faults or convert(identified=False).rejected for _, chunk, convert in chunks)
    except InflSegError:
        return False
