"""Recognise vendors' exports by columns and values of their first records."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final

from inflection_cli.errors import InputError, UsageError
from inflection_cli.inspecting.inspection_result import Inspection, PresetProposal
from inflection_cli.inspecting.scan import InspectSettings, scan
from inflection_cli.lossless_json import JsonError, as_text, parse
from inflection_cli.mapping.profile.json_paths import dig, find_path, last_key
from inflection_cli.mapping.profile.preset_files import PresetFile
from inflection_cli.reading import FoundFile, ReadOptions, Source, detect
from inflection_cli.reading.files.sniff import sniff
from inflection_cli.reading.files.text_cursor import decode
from inflection_cli.reading.json.json_format import THE_OBJECT_ITSELF, WHERE_IT_IS, members

_MOST_VALUES: Final = 1_000
"""Different cells of a column are compared up to here."""

_BEFORE_AN_OBJECT: Final = b" \t\r\n[\xef\xbb\xbf"
"""A list, white space and a byte order mark."""

Presets = Sequence[tuple[PresetFile, ReadOptions]]
"""Each preset, and how a file would be read by it."""


def scan_for_presets(
    found: FoundFile, settings: InspectSettings, presets: Presets, progress: Callable[[int], None]
) -> Inspection:
    """Inspect a file, and name the preset that it is for.

    A file that cannot be read without a preset's options is read by them.

    Raises:
        InputError: As `scan`.
        UsageError: Likewise.
    """
    proposal = recognise(found, presets, searches=settings.reading.records is None)
    if proposal is None:
        return scan(found, settings, progress)
    preset, reading = proposal
    if preset.records is None:
        preset = replace(preset, records=settings.reading.records)
    if preset.records is not None:
        settings = replace(settings, reading=replace(settings.reading, records=preset.records))
    try:
        inspection = scan(found, settings, progress)
    except InputError:
        inspection = scan(found, replace(settings, reading=reading), progress)
    return replace(inspection, preset=preset)


def recognise(
    found: FoundFile, presets: Presets, *, searches: bool = True
) -> tuple[PresetProposal, ReadOptions] | None:
    """Return the only preset that fits a file, and its options.

    Args:
        found: The file.
        presets: Each preset, and how it reads.
        searches: Whether records in an envelope that no preset knows count, if the file fits none as it is.
    """
    matches = _matches(found, presets)
    if not matches and searches:
        for name in _lists_of(found, presets):
            matches += [
                (replace(proposal, records=reading.records), reading)
                for proposal, reading in _matches(found, [*_within(name, presets)], searched=True)
            ]
    # The innermost list that fits is told by the first of its paths.
    names = {proposal.name for proposal, _ in matches}
    return matches[0] if len(names) == 1 else None


def _matches(
    found: FoundFile, presets: Presets, *, searched: bool = False
) -> list[tuple[PresetProposal, ReadOptions]]:
    """Return the presets that fit a file, each with its options."""
    sources: dict[ReadOptions, Source | None] = {}
    matches = list[tuple[PresetProposal, ReadOptions]]()
    for preset, reading in presets:
        for shape in preset.head["recognise"]:
            is_searched = searched or _searches(reading)
            if reading not in sources and not (is_searched and not _may_have(found, reading, shape)):
                sources[reading] = _source(found, reading)
            source = sources.get(reading)
            proposal = None if source is None else _proposal(preset, shape, source)
            if proposal is not None:
                matches.append((proposal, reading))
                break
    return matches


def _lists_of(found: FoundFile, presets: Presets) -> tuple[str, ...]:
    """Return the lists of objects in a file's first document."""
    for _, reading in presets[:1]:
        with suppress(InputError, UsageError):
            source, head = sniff(found, replace(reading, records=None))
            if not source.is_binary:
                return members(decode(head.lstrip(_BEFORE_AN_OBJECT), source.encoding)).lists
    return ()


def _within(name: str, presets: Presets) -> Iterator[tuple[PresetFile, ReadOptions]]:
    """Yield each preset with the paths to its records in a list."""
    for preset, reading in presets:
        own = (reading.records or "").removesuffix(WHERE_IT_IS)
        yield preset, replace(reading, records=name)
        if own.strip(THE_OBJECT_ITSELF):
            # A path with a dot in front has the members of each level beside the records.
            dot = THE_OBJECT_ITSELF if own.startswith(THE_OBJECT_ITSELF) else ""
            yield preset, replace(reading, records=f"{dot}{name}.{own.removeprefix(THE_OBJECT_ITSELF)}")


def _searches(reading: ReadOptions) -> bool:
    """Return whether all of the file is searched for a list."""
    path = reading.records
    return path is not None and path != THE_OBJECT_ITSELF and not path.endswith(WHERE_IT_IS)


def _may_have(found: FoundFile, reading: ReadOptions, shape: Mapping[str, Any]) -> bool:
    """Return whether the file's beginning has all keys of a shape.

    A list of records is searched for in the whole document, which may be large. So a file without its keys is not.
    Within JSON that is a text, as a notification's message is, the quotation marks have a backslash.
    """
    with suppress(InputError, UsageError):
        source, head = sniff(found, reading)
        keys = [f'"{last_key(column)}' for column in shape["columns"]]
        return source.is_binary or all(
            any(f"{key}{end}".encode() in head for end in ('"', '\\"')) for key in keys
        )
    return False


def _source(found: FoundFile, reading: ReadOptions) -> Source | None:
    try:
        return detect(found, replace(reading, guesses=True))
    except (InputError, UsageError):
        return None


def _proposal(preset: PresetFile, shape: Mapping[str, Any], source: Source) -> PresetProposal | None:
    """Return the preset if the first records fit a shape."""
    wanted = shape.get("values", {})
    cells = {path: [*_cells(source, path)] for path in dict.fromkeys([*shape["columns"], *wanted])}
    held = {path: _held(texts, cells[path]) for path, texts in wanted.items()}
    if not all(cells.values()) or not all(held.values()):
        return None
    head = preset.head
    return PresetProposal(
        name=preset.name,
        version=head["version"],
        title=head["title"],
        page=head["page"],
        columns=tuple(shape["columns"]),
        values=held,
        person=" and ".join(_persons(preset.raw)),
    )


def _persons(raw: Mapping[str, Any]) -> Iterator[str]:
    """Yield which columns a preset sends as ids of a person."""
    found = False
    for name in ("userId", "personId"):
        value = raw.get("fields", {}).get(name)
        if value is not None:
            columns = value.get("columns", [value.get("column")]) if isinstance(value, dict) else [value]
            yield f"{' or '.join(f'“{column}”' for column in columns)} as {name}"
            found = True
    if raw.get("options", {}).get("user_id_from") == "email":
        yield "the address as userId" + (" where a row has no other" if found else "")


def _held(texts: Sequence[str], cells: Sequence[str]) -> tuple[str, ...]:
    """Return those of a preset's values that the cells have."""
    there = {cell.strip().casefold() for cell in cells}
    return tuple(text for text in texts if text.casefold() in there)


def _cells(source: Source, path: str) -> Iterator[str]:
    """Yield the different filled cells of a column or path."""
    place = find_path(path, source.columns)
    if place is None:
        return
    if not place.keys and not source.sample:
        yield ""
    seen = set[str]()
    for row in source.sample:
        cell = row[place.column] if place.column < len(row) else ""
        if place.keys:
            cell = _inner(cell, place.keys, path)
        # A header counts by its name alone: a week without a bounce leaves its column empty.
        if (cell or not (place.keys or source.keys_vary)) and cell not in seen and len(seen) < _MOST_VALUES:
            seen.add(cell)
            yield cell


def _inner(cell: str, keys: Sequence[str], path: str) -> str:
    """Return the text at a path in a cell's JSON."""
    with suppress(JsonError):
        value = dig(parse(cell), keys, path) if cell.lstrip()[:1] in {"{", "["} else None
        return "" if value is None else as_text(value)
    return ""
