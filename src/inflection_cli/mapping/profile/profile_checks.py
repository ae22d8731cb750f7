"""Checks of a profile beyond its schema: unknown names and contradictory settings."""

import codecs
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from inflection_cli.catalog import (
    CALL_ONLY_FIELDS,
    EVENTS,
    FIELDS,
    FLAG_FIELDS,
    RESERVED_CONTEXT,
    RESERVED_PROPERTIES,
)
from inflection_cli.errors import UsageError
from inflection_cli.mapping.calls.call_catalog import CALL_FIELDS, TRAIT_CALLS
from inflection_cli.mapping.column_names import snake_case, squash
from inflection_cli.mapping.events import kind_of
from inflection_cli.mapping.profile import profile_schema as shape
from inflection_cli.mapping.profile.extraction import fold
from inflection_cli.mapping.times.time_format import TimeFormat
from inflection_cli.mapping.times.zones import Zone
from inflection_cli.settings.declarations import Declared, profile_keys
from inflection_cli.settings.toml_file import Step, TomlFault, near, shortened

SALT_NAME: Final = re.compile(r"INFL_SEG_SALT(?:_[A-Z0-9_]+)?")
"""A profile can name no other variable: it may come with a pull request, and the environment holds keys."""

_NEVER_HASHED: Final = frozenset({"event", *FLAG_FIELDS})
_NO_PROPERTIES: Final = frozenset({*FIELDS, "link_url"} - {"email"})

_LONGEST_FORMAT: Final = 200

TABLES: Final = ("input", "time", "options")
"""The tables of a profile that set options."""

Path = tuple[Step, ...]


def faults_of(profile: shape.ProfileFile, environ: Mapping[str, str]) -> Iterator[TomlFault]:
    """Yield the faults of a profile that fits the schema, by part.

    Args:
        profile: The profile; parts may have been taken out that were wrong in themselves.
        environ: Where salts come from.
    """
    if profile.profile is None:
        yield TomlFault(("profile",), f"is missing; let the file begin with: profile = {shape.VERSION}")
    for table in TABLES:
        for each in profile_keys(table):
            value = getattr(getattr(profile, table), each.profile_name, None)
            yield from option_faults(each, (table, each.profile_name), value)
    yield from _times(profile.time)
    cells = _Cells(environ, _strange_events_are_meant(profile), _skipped(profile))
    yield from cells.of_fields(("fields",), profile.fields)
    views = CALL_FIELDS[profile.type] if profile.type in {"page", "screen"} else None
    yield from cells.of_properties(("properties",), profile.properties, views)
    yield from cells.of_traits(("traits",), profile.traits)
    yield from _drops(profile)
    for index, event in enumerate(profile.event):
        yield from _event(
            ("event", index), event, cells, event.type or profile.type or "track", profile.fields
        )
    yield from _own_ids(profile)
    yield from _lookups(profile)
    yield from context_faults(("context",), profile.context)
    yield from integration_faults(("integrations",), profile.integrations)


def encoding_fault(path: Path, name: str | None) -> Iterator[TomlFault]:
    """Yield a fault if the text encoding is unknown."""
    try:
        known = name is None or codecs.lookup(shortened(name))._is_text_encoding  # noqa: SLF001 - as bytes.decode asks
    except (LookupError, ValueError):
        known = False
    if not known:
        words = ("utf-8", "windows-1252", "iso-8859-1", "utf-16", "shift_jis", "gb18030")
        yield TomlFault(path, f"there is no such encoding{near(name or '', words)}; try windows-1252")


def delimiter_fault(path: Path, given: str | None) -> Iterator[TomlFault]:
    """Yield a fault if the text is not a delimiter."""
    if given is None or given.lower() in {"tab", r"\t"}:
        return
    if len(given) != 1 or given in '"\r\n\0':
        yield TomlFault(path, 'expected one character, or "tab"')


def records_fault(path: Path, given: str | None) -> Iterator[TomlFault]:
    """Yield a fault if the text is not a valid path."""
    if given is None or given == ".":
        return
    if not all(given.removeprefix(".").removesuffix("?").split(".")):
        yield TomlFault(path, "expected names with single dots between them, such as data or result.items")


def null_faults(path: Path, texts: Sequence[str] | None) -> Iterator[TomlFault]:
    """Yield a fault for each null text that is only white space."""
    for text in texts or ():
        if not text.strip():
            yield TomlFault(path, 'expected texts that stand for nothing, such as "NULL"')


def zone_fault(path: Path, name: str | None) -> Iterator[TomlFault]:
    """Yield a fault if the time zone is unknown."""
    try:
        if name is not None:
            Zone(shortened(name))
    except UsageError as error:
        yield TomlFault(path, _in_file(error))


def format_fault(path: Path, text: str | None) -> Iterator[TomlFault]:
    """Yield a fault if the text is not a time format."""
    if text is not None and len(text) > _LONGEST_FORMAT:
        yield TomlFault(path, "is longer than any form of a time")
        return
    try:
        if text is not None:
            TimeFormat(text)
    except UsageError as error:
        yield TomlFault(path, _in_file(error))


def context_faults(path: Path, context: Mapping[str, str] | None) -> Iterator[TomlFault]:
    """Yield a fault for each context name that is empty or reserved."""
    for name in context or ():
        if not name.strip():
            yield TomlFault((*path, name), "a name is empty")
        elif name in RESERVED_CONTEXT:
            yield TomlFault((*path, name), f"would hide what the tool puts there; write my_{name}")


def integration_faults(path: Path, integrations: Mapping[str, bool] | None) -> Iterator[TomlFault]:
    """Yield a fault for each destination without a name."""
    for name in integrations or ():
        if not name.strip():
            yield TomlFault((*path, name), "a destination's name is empty")


_OPTION_FAULTS: Final[Mapping[str, Callable[[Path, Any], Iterator[TomlFault]]]] = {
    "encoding": encoding_fault,
    "delimiter": delimiter_fault,
    "records": records_fault,
    "null": null_faults,
    "timezone": zone_fault,
    "timestamp_format": format_fault,
    "context": context_faults,
    "integration": integration_faults,
}


def option_faults(option: Declared, path: Path, value: Any) -> Iterator[TomlFault]:
    """Yield the faults of an option's value in a settings file."""
    check = _OPTION_FAULTS.get(option.field)
    if check is not None:
        yield from check(path, value)


def event_fault(path: Path, name: str) -> Iterator[TomlFault]:
    """Yield a fault if the name is not one of Inflection's events."""
    if kind_of(name) is None:
        known = [kind.name for kind in EVENTS] + [kind.spec_name for kind in EVENTS]
        close = near(name, known)
        yield TomlFault(
            path,
            f"“{shortened(name)}” is an unknown event{close}"
            + ("" if close else f"; they are {', '.join(kind.name for kind in EVENTS)}")
            + '; or send it as it is: unknown_events = "send" in [options]',
        )


def _in_file(error: UsageError) -> str:
    """Format an option's error with the names of profile keys."""
    said = f"{error.message}; {error.hint}" if error.hint else error.message
    return said.replace("--timestamp-format", "format").replace("--timezone", "zone")


def _strange_events_are_meant(profile: shape.ProfileFile) -> bool:
    return profile.options is not None and profile.options.unknown_events in {"send", "skip"}


def _skipped(profile: shape.ProfileFile) -> frozenset[str]:
    """Return the event names whose rows the profile leaves out, folded."""
    return frozenset(map(fold, (profile.options and profile.options.skip_event) or ()))


def _times(time: Any) -> Iterator[TomlFault]:
    for name, column in ((time and time.columns) or {}).items():
        path = ("time", "columns", name)
        yield from zone_fault((*path, "zone"), column.zone)
        yield from format_fault((*path, "format"), column.format)
        if column.zone is None and column.format is None:
            yield TomlFault(path, "says neither zone nor format; leave it out")


@dataclass(frozen=True, slots=True, eq=False)
class _Cells:
    """Checks of cell rules.

    Attributes:
        environ: Where salts come from.
        strange_events: Whether unknown events are meant to be.
        skipped: Folded names of events whose rows are left out.
    """

    environ: Mapping[str, str]
    strange_events: bool
    skipped: frozenset[str] = frozenset()

    def of_fields(self, path: Path, fields: shape.Fields) -> Iterator[TomlFault]:
        """Yield the faults of fields."""
        for name in (*FIELDS, *CALL_ONLY_FIELDS):
            given = getattr(fields, name)
            if isinstance(given, shape.Timestamp):
                yield from _timestamp((*path, name), given)
            elif given is not None:
                yield from self._cell((*path, name), given)
                yield from self._field((*path, name), name, given)

    def of_properties(
        self, path: Path, properties: Mapping[str, shape.PropertyCell], fields: Sequence[str] | None = None
    ) -> Iterator[TomlFault]:
        """Yield the faults of properties and their names.

        Args:
            path: Where they are.
            properties: What they are made of, by name.
            fields: The fields of the call that has them, if it is no event.
        """
        taken = _NO_PROPERTIES if fields is None else frozenset(fields)
        seen: dict[str, str] = {}
        for name, given in properties.items():
            yield from _property_name((*path, name), name, seen, taken)
            yield from self._typed((*path, name), given)

    def of_traits(self, path: Path, traits: Mapping[str, shape.PropertyCell]) -> Iterator[TomlFault]:
        """Yield the faults of traits and their names."""
        for name, given in traits.items():
            if not all(map(snake_case, name.split("."))):
                yield TomlFault((*path, name), "each part of a trait's name needs a letter or a digit")
            holder = next((other for other in traits if name.startswith(f"{other}.")), None)
            if holder is not None:
                yield TomlFault(
                    (*path, name), f"is inside {shortened(holder)}, which has a value; keep one of the two"
                )
            yield from self._typed((*path, name), given)

    def _typed(self, path: Path, given: shape.PropertyCell) -> Iterator[TomlFault]:
        yield from self._cell(path, given)
        if "decimal" in given.model_fields_set and given.type != "number":
            yield TomlFault((*path, "decimal"), 'is for numbers; write type = "number" beside it')
        if given.hash is not None and given.type not in {None, "string"}:
            yield TomlFault((*path, "type"), "a hash is text; leave the type out")
        if given.separator is not None and given.type == "json":
            yield TomlFault((*path, "separator"), "is for a list of single values; JSON has lists of its own")

    def _field(self, path: Path, name: str, given: shape.Cell) -> Iterator[TomlFault]:
        if name in _NEVER_HASHED and given.hash is not None:
            yield TomlFault(
                (*path, "hash"), f"a hash is not a {'event' if name == 'event' else 'flag'}; leave it out"
            )
        if name != "event" or self.strange_events:
            return
        if given.constant is not None:
            yield from event_fault((*path, "constant"), given.constant)
        for kind, texts in (("by_file", given.by_file), ("values", given.values)):
            for key, text in texts.items():
                if text and fold(text) not in self.skipped:
                    yield from event_fault((*path, kind, key), text)

    def _cell(self, path: Path, given: shape.Cell) -> Iterator[TomlFault]:
        known = ("column", "columns", "constant", "by_file")
        sources = [name for name in known if name in given.model_fields_set]
        if not sources:
            yield TomlFault(path, "does not say where it comes from: column, columns, constant or by_file")
        elif len(sources) > 1 and sources not in (["column", "by_file"], ["columns", "by_file"]):
            yield TomlFault(path, f"has {' and '.join(sources)}; keep one of them")
        elif sources[0] not in {"column", "columns"}:
            for name in ("values", "otherwise", "hash", "salt_env", "split", "take", "prefix", "suffix"):
                if name in given.model_fields_set:
                    yield TomlFault((*path, name), f"is for the cells of a column, and this has {sources[0]}")
            return
        if len(set(given.columns)) < len(given.columns):
            yield TomlFault((*path, "columns"), "a column is named twice")
        yield from _part(path, given)
        yield from _values(path, given)
        yield from self._hash(path, given)

    def _hash(self, path: Path, given: shape.Cell) -> Iterator[TomlFault]:
        name = given.salt_env
        if given.hash is None and name is not None:
            yield TomlFault((*path, "salt_env"), 'is for a hash; write hash = "sha256" beside it')
        elif given.hash is not None and name is None:
            yield TomlFault((*path, "hash"), 'needs a salt; write salt_env = "INFL_SEG_SALT" beside it')
        elif name is not None and not SALT_NAME.fullmatch(name):
            yield TomlFault(
                (*path, "salt_env"),
                "a salt is in the variable INFL_SEG_SALT, or in one whose name begins with INFL_SEG_SALT_; "
                "a profile can read no other",
            )
        elif name is not None and not self.environ.get(name):
            yield TomlFault(
                (*path, "salt_env"),
                f"the environment has no {name}; set it to a long secret text, the same one each time: "
                f"export {name}=…",
            )


def _timestamp(path: Path, given: shape.Timestamp) -> Iterator[TomlFault]:
    if not given.columns:
        yield TomlFault(path, "does not say where it comes from: write columns = [ … ]")
    elif "choose" in given.model_fields_set and len(given.columns) == 1:
        yield TomlFault((*path, "choose"), "is for several columns, and there is one; leave it out")
    elif len(set(given.columns)) < len(given.columns):
        yield TomlFault((*path, "columns"), "a column is named twice")


def _lookups(profile: shape.ProfileFile) -> Iterator[TomlFault]:
    for name, table in profile.lookup.items():
        if table.list is not None and table.file is not None:
            yield TomlFault(("lookup", name, "list"), "a table is a file or a list; keep one of them")
        elif table.list is not None and table.by is None:
            yield TomlFault(("lookup", name), "does not say which column holds the key of an item: by = …")


def _part(path: Path, given: shape.Cell) -> Iterator[TomlFault]:
    if "take" in given.model_fields_set and given.split is None:
        yield TomlFault((*path, "take"), 'is for pieces of a text; write split = ":" beside it')
    if given.take == 0:
        yield TomlFault((*path, "take"), "is a place from 1, or from -1 for the last one")


def _values(path: Path, given: shape.Cell) -> Iterator[TomlFault]:
    has_pattern = given.values or given.split or given.prefix or given.suffix
    if "otherwise" in given.model_fields_set and not has_pattern:
        yield TomlFault((*path, "otherwise"), "is for cells that values does not list, and values is absent")
    seen: dict[str, str] = {}
    for key in given.values:
        squashed = fold(key)
        if squashed in seen:
            yield TomlFault(
                (*path, "values", key),
                "is the same as another key: cells are compared without outer white space and case",
            )
        seen[squashed] = key


def _property_name(
    path: Path, name: str, seen: dict[str, str], fields: frozenset[str]
) -> Iterator[TomlFault]:
    column = snake_case(name)
    if not column:
        yield TomlFault(path, "a property's name needs a letter or a digit")
    elif column in RESERVED_PROPERTIES:
        yield TomlFault(
            path, "Segment reserves this name and drops the property; choose another, such as my_" + column
        )
    elif column in {snake_case(field) for field in fields} or name in fields:
        near_one = "" if name in FIELDS else near(name, FIELDS)
        yield TomlFault(path, f"is one of Inflection's fields; write it under [fields]{near_one}")
    elif column in seen:
        yield TomlFault(path, f"would be the same column in a warehouse as {shortened(seen[column])}")
    seen.setdefault(column, name)


def _drops(profile: shape.ProfileFile) -> Iterator[TomlFault]:
    used = [*_used(profile.fields, profile.properties, profile.traits)]
    for event in profile.event:
        used += [
            *_used(event.fields, event.properties, event.traits),
            *(event.timestamp.columns if event.timestamp else ()),
        ]
    for index, name in enumerate(profile.columns.drop):
        if any(_is_name(name, column) for column in used):
            why = "is used elsewhere in the profile"
        elif holder := next((column for column in used if name.startswith(column + ".")), None):
            why = f"is a part of “{shortened(holder)}”, which is used elsewhere in the profile as a whole"
        else:
            continue
        yield TomlFault(
            ("columns", "drop", index), f"“{shortened(name)}” {why}; drop is for what is never sent"
        )


def _is_name(one: str, other: str) -> bool:
    """Return whether two names would match the same column."""
    return one == other or (one.count(".") == other.count(".") and squash(one) == squash(other) != "")


def _used(fields: shape.Fields, *named: Mapping[str, shape.PropertyCell]) -> Iterator[str]:
    """Yield the columns that fields, properties and traits come from."""
    yield from fields.timestamp.columns if fields.timestamp else ()
    cells = (*fields.cells.values(), *(cell for each in named for cell in each.values()))
    yield from (column for cell in cells for column in cell.sources)


def _event(
    path: Path, event: shape.Event, cells: _Cells, kind: str, fields: shape.Fields
) -> Iterator[TomlFault]:
    yield from _of_other_calls(path, event, kind)
    has_event = bool(event.fields.event or fields.event)
    if event.name is not None and kind == "track":
        if not cells.strange_events:
            yield from event_fault((*path, "name"), event.name)
        if event.fields.event is not None:
            yield TomlFault((*path, "fields", "event"), "the event has a name already; keep one of the two")
    if event.timestamp is not None:
        yield from _timestamp((*path, "timestamp"), event.timestamp)
    if event.fields.timestamp is not None:
        yield TomlFault((*path, "fields", "timestamp"), "belongs beside the event's name: timestamp = …")
    yield from cells.of_fields((*path, "fields"), event.fields)
    yield from cells.of_properties((*path, "properties"), event.properties)
    yield from cells.of_traits((*path, "traits"), event.traits)
    for index, condition in enumerate(event.when):
        yield from _condition((*path, "when", index), condition)
        if condition.field and (event.name is not None or not has_event or kind != "track"):
            yield TomlFault(
                (*path, "when", index, "field"),
                "needs the name of the event from a column: write it under [fields] as event, and no name here",
            )


def _of_other_calls(path: Path, event: shape.Event, kind: str) -> Iterator[TomlFault]:
    """Yield the keys of a block that its call does not have."""
    has_traits = kind in TRAIT_CALLS
    if "properties" in event.model_fields_set and has_traits:
        yield TomlFault((*path, "properties"), f"a call of type {kind} has traits; write it as traits")
    if "traits" in event.model_fields_set and not has_traits:
        yield TomlFault((*path, "traits"), f"a call of type {kind} has properties; write it as properties")
    if event.name is not None and has_traits:
        yield TomlFault((*path, "name"), f"a call of type {kind} has no name; leave it out")


def _condition(path: Path, condition: shape.Condition) -> Iterator[TomlFault]:
    sources = [name for name in ("column", "columns", "field") if name in condition.model_fields_set]
    if not sources:
        yield TomlFault(path, "does not name a column")
    elif len(sources) > 1:
        yield TomlFault(
            path, f"has {' and '.join(sources)}; keep one of {'the two' if len(sources) == 2 else 'them'}"
        )
    given = [name for name in ("equals", "not_equals", "filled") if name in condition.model_fields_set]
    if not given:
        yield TomlFault(path, "says nothing of its column; write equals, not_equals or filled")
    elif len(given) > 1:
        yield TomlFault(
            path, f"has {' and '.join(given)}; write a condition for each: when = [ {{ … }}, {{ … }} ]"
        )


def _own_ids(profile: shape.ProfileFile) -> Iterator[TomlFault]:
    ignored = profile.options is not None and profile.options.own_ids is False
    if ignored and profile.fields.event_id is not None:
        yield TomlFault(("options", "own_ids"), "is false, and [fields] has event_id; keep one of the two")
