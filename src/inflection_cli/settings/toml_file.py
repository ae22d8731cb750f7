"""Read a user's TOML file against a model; report every fault's path."""

import os
import re
import stat
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Final, Generic, TypeVar, get_args, get_origin

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    StringConstraints,
    ValidationError,
    create_model,
)
from pydantic_core import CoreSchema

from inflection_cli.errors import SettingsFileFaults, UsageError
from inflection_cli.settings.declarations import Declared, Texts
from inflection_cli.settings.layering import names_an_option, plain_dashes
from inflection_cli.suggestions import meant, nearest

MAX_FILE_BYTES: Final = 256_000
MAX_DEPTH: Final = 12
"""Tables and lists within each other; a profile needs five."""
MAX_DOTS_A_LINE: Final = 100
"""A key of many dotted parts takes memory by the square of their number (tomllib, Python 3.11 to 3.13)."""
MOST_FAULTS: Final = 100
"""Listed; the others are counted."""
TO_FILL_IN: Final = "FILL IN"
"""What stands where a value is still missing in a profile that `inspect --save` has written."""

_MOST_OF_NAME: Final = 60
_PLACE: Final = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
_PART: Final = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*')"""
_KEY: Final = re.compile(rf"\s*({_PART}(?:\s*\.\s*{_PART})*)\s*=")
_HEADER: Final = re.compile(rf"\s*(\[\[?)\s*({_PART}(?:\s*\.\s*{_PART})*)\s*\]")

Step = str | int
Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True, slots=True, eq=False)
class TomlFault:
    """One fault in a TOML file.

    Attributes:
        path: Where: names of keys, and places in lists from 0.
        message: What was expected, and what to write.
    """

    path: tuple[Step, ...]
    message: str


@dataclass(frozen=True, slots=True, eq=False)
class ParsedToml(Generic[Model]):
    """A parsed TOML file: its model without the faulty parts, and faults.

    Attributes:
        file: The path as the user knows it.
        text: The file's text.
        raw: The file as TOML reads it.
        digest: The hex SHA-256 of the file's bytes.
        model: What is left of it where the faulty parts are taken out; None where that is nothing.
        faults: What does not fit the model.
    """

    file: str
    text: str
    raw: Mapping[str, Any]
    digest: str
    model: Model | None
    faults: tuple[TomlFault, ...]

    def require_sound(self, what: str, more: Iterable[TomlFault] = ()) -> None:
        """Raise an error that lists all faults, if there are any.

        Args:
            what: What the file is, for the message.
            more: What is wrong beyond the model. A fault of a table that has a faulty part is left out, as
                it may come of that.

        Raises:
            SettingsFileFaults: There are faults.
        """
        known = {fault.path[:depth] for fault in self.faults for depth in range(len(fault.path) + 1)}
        faults = [*self.faults, *(fault for fault in more if fault.path not in known)]
        if not faults:
            return
        lines = _lines(self.text)
        placed = [(_line_of(fault.path, lines), self._worded(fault)) for fault in faults]
        placed.sort(key=lambda one: one[0] or 0)
        unlisted = len(placed) - MOST_FAULTS
        rest = [(None, f"and {unlisted:,} faults more")] if unlisted > 0 else []
        count = "a fault" if len(placed) == 1 else f"{len(placed):,} faults"
        raise SettingsFileFaults(
            f"the {what} {self.file} has {count}", file=self.file, faults=[*placed[:MOST_FAULTS], *rest]
        )

    def _worded(self, fault: TomlFault) -> str:
        return f"{_spelled(fault.path, self.raw)}: {fault.message}"


def parse(
    path: str | Path, model: type[Model], *, what: str, refused: Mapping[str, str], file: str | None = None
) -> ParsedToml[Model]:
    """Parse a TOML file and validate it against a model.

    Args:
        path: Where it is.
        model: What it may say.
        what: What it is, for messages: `profile`, `project file`.
        refused: Keys that the model has not, and people may well write: why, and where to put them.
        file: The path as the user knows it, where that is another one.

    Raises:
        UsageError: It cannot be read.
        SettingsFileFaults: It is no TOML.
    """
    file = str(path) if file is None else file
    data = _bytes_of(path, what, file)
    text, raw = _toml(data, what, file)
    marked = [*_still_to_fill_in(raw, ()), *_options_for_values(raw, ())]
    seen, faults = _against(model, _without(raw, [fault.path for fault in marked]), refused)
    return ParsedToml(file, text, raw, sha256(data).hexdigest(), seen, (*marked, *faults))


def near(word: str, words: Iterable[str]) -> str:
    """Return a hint with the most similar word, or "" without one."""
    found = nearest(word, words)
    return f"; {meant(found)}" if found else ""


def shortened(name: str) -> str:
    """Return a name, cut to the length limit of messages."""
    return name if len(name) <= _MOST_OF_NAME else f"{name[: _MOST_OF_NAME - 1]}…"


def _bytes_of(path: str | Path, what: str, file: str) -> bytes:
    """Read a regular file of limited size without waiting for others."""
    try:
        # A pipe without a writer would be waited for, and a terminal become the process's own.
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "this is not a path"
        raise UsageError(
            f"the {what} {file} cannot be read: {reason}", hint="check that the path is right"
        ) from None
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise UsageError(
            f"the {what} {file} is not a file but a folder, a pipe or a device",
            hint="name a TOML file on disk",
        )
    with os.fdopen(handle, "rb") as opened:
        data = opened.read(MAX_FILE_BYTES + 1)
    if len(data) > MAX_FILE_BYTES:
        raise UsageError(
            f"the {what} {file} is larger than {MAX_FILE_BYTES // 1000} kB",
            hint=f"no {what} is: check that the path is right, or an export was named in its place",
        )
    return data


def _toml(data: bytes, what: str, file: str) -> tuple[str, dict[str, Any]]:
    """Parse bytes as UTF-8 TOML, with limits on size and depth."""
    try:
        text = data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        bad = data.count(b"\n", 0, error.start) + 1
        raise SettingsFileFaults(
            f"the {what} {file} is not UTF-8: the byte 0x{data[error.start]:02X} in line {bad}",
            file=file,
            faults=[(bad, "save it as UTF-8")],
        ) from None
    dotted = next(
        (n for n, each in enumerate(text.split("\n"), 1) if each.count(".") > MAX_DOTS_A_LINE), None
    )
    if dotted is not None:
        message = f"more than {MAX_DOTS_A_LINE} dots; break the line, or write tables as [a.b]"
        raise _no_toml(what, file, dotted, message)
    try:
        raw = tomllib.loads(text)
    except RecursionError:
        raise _no_toml(what, file, None, _TOO_DEEP) from None
    except ValueError as error:  # a TOMLDecodeError is one; a number of 5,000 digits is a plain one
        place = _PLACE.search(str(error))
        said = str(error)[: place.start()] if place else str(error)
        end = text.rstrip().count("\n") + 1 if place else None
        line = int(place[1]) if place and place[1] else end
        column = f"column {place[2]}: " if place and place[2] else ""
        raise _no_toml(what, file, line, f"{column}{_taught(said)}") from None
    if _depth(raw) > MAX_DEPTH:
        raise _no_toml(what, file, None, _TOO_DEEP)
    return text, raw


_TOO_DEEP: Final = f"tables and lists within each other more than {MAX_DEPTH} deep"


def _no_toml(what: str, file: str, line: int | None, message: str) -> SettingsFileFaults:
    where = "" if line is None else f"line {line}"
    heading = f"the {what} {file} is not TOML" + (f", {where}" if where else "")
    return SettingsFileFaults(heading, file=file, faults=[(line, message)])


def _taught(said: str) -> str:
    """Add the usual cause to an error message of the TOML parser."""
    meant = next((words for starts, words in _MEANT if said.startswith(starts)), "")
    return meant if meant.startswith(_NO_VALUE) else f"{said}: {meant}" if meant else said


_NO_VALUE: Final = "this is not a value"
_MEANT: Final = (
    (
        ("Cannot overwrite", "Cannot declare", "Cannot mutate", "Duplicate inline"),
        "a key or table is there twice; keep one of the two",
    ),
    (
        ("Invalid value", "Expected newline", "Invalid date", "Exceeds the limit"),
        f"{_NO_VALUE}; text, and all ids, dates and numbers like 007, need quotes",
    ),
    (("Unclosed",), "before it a bracket, a comma or a quote is missing; ids, dates and 007 need quotes"),
    (("Expected '='",), "a line is a [table], or key = value"),
    (("Illegal character '\\n'", "Unterminated", "Expected"), "a quote or bracket is not closed"),
    (("Unescaped", "Invalid hex"), "a backslash stands for itself in single quotes: 'C:\\temp'"),
)
"""How TOML's reader begins what it says, and what is mostly meant by it."""


def _depth(raw: object) -> int:
    """Count the nesting depth of tables and lists without recursion."""
    depth, level = 0, [raw]
    while level:
        inner: list[object] = []
        for one in level:
            if isinstance(one, dict):
                inner += one.values()
            elif isinstance(one, list):
                inner += one
        depth, level = depth + 1, inner
    return depth - 1


def _still_to_fill_in(raw: object, path: tuple[Step, ...]) -> Iterator[TomlFault]:
    if isinstance(raw, str) and raw.strip().startswith(TO_FILL_IN):
        yield TomlFault(path, f"still to fill in: write the value in place of “{TO_FILL_IN}”")
    elif isinstance(raw, dict):
        for name, inner in raw.items():
            yield from _still_to_fill_in(inner, (*path, name))
    elif isinstance(raw, list):
        for index, inner in enumerate(raw):
            yield from _still_to_fill_in(inner, (*path, index))


def _options_for_values(raw: object, path: tuple[Step, ...]) -> Iterator[TomlFault]:
    """Yield a fault for each value that is an option's name."""
    short = not any(step in _OF_CELLS for step in path)
    # A column may be called `-no-project`; an option of that name is typed with two hyphens.
    column_like = isinstance(raw, str) and re.match(r"\s*-[^\W\d_]{2}", raw) is not None
    if isinstance(raw, str) and not column_like and names_an_option(raw, short=short):
        name = plain_dashes(raw.strip()).partition("=")[0]
        yield TomlFault(
            path, f"is the option {name} of the command line, and no value; write the value, or leave it out"
        )
    elif isinstance(raw, dict):
        for name, inner in raw.items():
            yield from _options_for_values(inner, (*path, name))
    elif isinstance(raw, list):
        for index, inner in enumerate(raw):
            yield from _options_for_values(inner, (*path, index))


_OF_CELLS: Final = frozenset({"equals", "not_equals", "values", "constant"})
"""Keys beneath which stands what cells hold, which may well be `-n`."""


def _against(
    model: type[Model], raw: dict[str, Any], refused: Mapping[str, str]
) -> tuple[Model | None, list[TomlFault]]:
    """Validate a file against a model; retry without the faulty parts."""
    try:
        return model.model_validate(raw), []
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=True)
    faults = [_fault(model, each, refused) for each in details]
    try:
        return model.model_validate(_without(raw, [fault.path for fault in faults])), faults
    except ValidationError:
        return None, faults


def _fault(model: type[BaseModel], detail: Mapping[str, Any], refused: Mapping[str, str]) -> TomlFault:
    path, kind, given = tuple(detail["loc"]), str(detail["type"]), detail["input"]
    if kind == "extra_forbidden":
        return TomlFault(
            path, refused.get(str(path[-1])) or _no_such_key(str(path[-1]), _keys_at(model, path[:-1]))
        )
    if kind == "literal_error":
        words = [word.strip("'") for word in re.split(r", | or ", str(detail["ctx"]["expected"]))]
        close = near(given, words) if isinstance(given, str) else ""
        return TomlFault(path, f"expected {_either(words)}, found {_kind_of(given)}{close}")
    if kind == "less_than_equal":
        return TomlFault(path, f"expected a number of at most {detail['ctx']['le']:g}, found a larger one")
    expected = next((words for start, words in _EXPECTED.items() if kind.startswith(start)), None)
    if expected is None:
        return TomlFault(path, str(detail["msg"]))
    quotes = "; write it in quotes" if kind == "string_type" and _is_bare(given) else ""
    return TomlFault(path, f"expected {expected}, found {_kind_of(given)}{quotes}")


def _no_such_key(name: str, known: Sequence[str]) -> str:
    listed = f"; there are {', '.join(known)}" if known else ""
    return f"there is no such key{near(name, known) or listed}"


_EXPECTED: Final[Mapping[str, str]] = {
    "string_type": "text",
    "string_too_short": "text that is not empty",
    "bool": "true or false",
    "int": "a whole number",
    "float": "a number",
    "finite_number": "a number",
    "greater_than": "a number above 0",
    "list": "a list",
    "too_short": "at least one entry",
    "dict": "a table",
    "model": "a table",
}
"""How the kinds of faults that the models can have begin, and what was due."""


def _either(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def _is_bare(given: object) -> bool:
    return not isinstance(given, dict | list | str)


def _kind_of(given: object) -> str:
    """Return the kind of a value in words, never the value itself.

    The value may be long, or a secret of another file.
    """
    if given in ("", []):
        return "an empty text" if given == "" else "an empty list"
    return next((words for kind, words in _KINDS if isinstance(given, kind)), "a date or time")


_KINDS: Final = (
    (str, "another word"),
    (bool, "true or false"),
    ((int, float), "a number"),
    (dict, "a table"),
    (list, "a list"),
)
"""What TOML's values are, a flag before the number that it also is; the others are dates and times."""


def _keys_at(model: type[BaseModel], path: Sequence[Step]) -> list[str]:
    """Return the keys allowed in the table at a path."""
    kinds: list[Any] = [model]
    for step in path:
        kinds = [inner for kind in kinds for inner in _inside(kind, step)]
    models = [kind for kind in _unwrapped(kinds) if isinstance(kind, type) and issubclass(kind, BaseModel)]
    return [name for kind in models for name in kind.model_fields]


def _inside(kind: Any, step: Step) -> Iterator[Any]:
    for each in _unwrapped([kind]):
        if isinstance(each, type) and issubclass(each, BaseModel):
            if step in each.model_fields:
                yield each.model_fields[str(step)].annotation
        elif get_origin(each) in {dict, list}:
            yield get_args(each)[-1]


def _unwrapped(kinds: Iterable[Any]) -> Iterator[Any]:
    """Yield the member types of unions and annotations."""
    for kind in kinds:
        if isinstance(kind, type) or get_origin(kind) in {dict, list}:
            yield kind
        else:
            yield from _unwrapped(get_args(kind))


def _without(raw: Any, paths: Iterable[tuple[Step, ...]]) -> Any:
    """Return a copy without these paths; a faulty list is removed whole."""
    gone = {_walkable(path, raw) for path in paths}
    return _copied(raw, (), gone)


def _copied(raw: Any, path: tuple[Step, ...], gone: set[tuple[Step, ...]]) -> Any:
    if isinstance(raw, dict):
        return {
            name: _copied(inner, (*path, name), gone)
            for name, inner in raw.items()
            if (*path, name) not in gone
        }
    if isinstance(raw, list):
        return [_copied(inner, (*path, index), gone) for index, inner in enumerate(raw)]
    return raw


def _walkable(path: tuple[Step, ...], raw: Any) -> tuple[Step, ...]:
    """Return the existing part of a path, up to its last key."""
    walked: tuple[Step, ...] = ()
    for step, here in _walk(path, raw):
        if isinstance(here, dict) and step not in here:
            break
        walked = (*walked, step)
    while walked and isinstance(walked[-1], int):
        walked = walked[:-1]
    return walked


def _walk(path: tuple[Step, ...], raw: Any) -> Iterator[tuple[Step, Any]]:
    """Yield the existing steps of a path, each with its container.

    What stands for a table or list in short has no such step: a text for a table, a table for a list of one.
    """
    here = raw
    for step in path:
        if isinstance(step, int) and isinstance(here, list):
            yield step, here
            here = here[step]
        elif isinstance(step, str) and isinstance(here, dict):
            yield step, here
            here = here.get(step)
        elif isinstance(step, str):
            return


def _spelled(path: tuple[Step, ...], raw: Any) -> str:
    """Format a path for messages, with list indexes counted from 1."""
    words = ""
    for step, _ in _walk(path, raw):
        if isinstance(step, int):
            words += f"[{step + 1}]"
        else:
            name = shortened(step)
            words += f".{name}" if _BARE.fullmatch(name) else f'."{name}"'
    return words.removeprefix(".")


def _lines(text: str) -> dict[tuple[Step, ...], int]:
    """Map each key and table of a file to its first line."""
    found: dict[tuple[Step, ...], int] = {}
    counts: dict[tuple[Step, ...], int] = {}
    table: tuple[Step, ...] = ()
    for number, line in enumerate(text.split("\n"), 1):
        header, key = _HEADER.match(line), _KEY.match(line)
        if header is not None:
            names = _steps(header[2])
            table = _placed(names, counts)
            if header[1] == "[[":
                counts[table] = counts.get(table, -1) + 1
                table = (*table, counts[table])
            found.update(
                {table[:depth]: number for depth in range(1, len(table) + 1) if table[:depth] not in found}
            )
        elif key is not None:
            path = (*table, *_steps(key[1]))
            for depth in range(len(table) + 1, len(path) + 1):
                found.setdefault(path[:depth], number)
    return found


def _placed(names: Sequence[str], counts: Mapping[tuple[Step, ...], int]) -> tuple[Step, ...]:
    """Add list indexes to a header's names, except after the last."""
    path: tuple[Step, ...] = ()
    for depth, name in enumerate(names, 1):
        path = (*path, name)
        if path in counts and depth < len(names):
            path = (*path, counts[path])
    return path


def _steps(dotted: str) -> list[str]:
    names: list[str] = []
    for part in re.findall(_PART, dotted):
        try:
            names += tomllib.loads(f"{part} = 0")
        except tomllib.TOMLDecodeError:
            names.append(part)
    return names


def _line_of(path: tuple[Step, ...], lines: Mapping[tuple[Step, ...], int]) -> int | None:
    while path:
        if path in lines:
            return lines[path]
        path = path[:-1]
    return None


Text = Annotated[str, StringConstraints(min_length=1)]
"""Text that is not empty."""


class Table(BaseModel):
    """Base model of a table: unknown keys and type conversions are refused."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def table_model(
    name: str,
    about: str,
    keys: Mapping[str, tuple[Declared, str]],
    *,
    base: type[Table] = Table,
    more: Mapping[str, Any] | None = None,
) -> Any:
    """Build the model of a table whose keys set options.

    Args:
        name: The model's name.
        about: What the table is.
        keys: By key, the option that it sets and what is said of it.
        base: The model that it is built on.
        more: Further keys, as pydantic's `create_model` takes them.
    """
    fields: dict[str, Any] = {key: _key_of(each, about) for key, (each, about) in keys.items()}
    return create_model(name, __base__=base, __doc__=about, **{**fields, **(more or {})})


def _key_of(each: Declared, about: str) -> tuple[Any, Any]:
    """Return type and description of the key that sets an option."""
    limits: dict[str, Any] = {}
    if each.kind == Texts:
        limits["min_length"] = 1
    if each.option.project_most is not None:
        limits["le"] = each.option.project_most
    return _TYPES.get(each.kind, each.kind) | None, Field(default=None, description=about, **limits)


class OneOrMore:
    """Annotation that accepts one entry instead of a list of one."""

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        many = handler(core)
        return {"anyOf": [many["items"], many]}


def listed(given: object) -> object:
    """Return a list unchanged; wrap any other value in a list."""
    return given if isinstance(given, list) else [given]


_TYPES: Final[Mapping[Any, Any]] = {
    str: Text,
    float: Annotated[float, Field(gt=0, allow_inf_nan=False)],
    int: Annotated[int, Field(gt=0)],
    list[str]: list[Text],
    dict[str, str]: dict[str, Text],
    Texts: Annotated[list[Text], BeforeValidator(listed), OneOrMore()],
}
"""How the values of options are read strictly; the other types are as they are."""


def schema_of(model: type[BaseModel], name: str) -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a model, for editors.

    Args:
        model: What the file may say.
        name: What the schema's own file is called.
    """
    schema: dict[str, Any] = _plain(model.model_json_schema())
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"{name}.schema.json", **schema}


def _plain(schema: Any, *, names: bool = False) -> Any:
    """Remove nulls, defaults and generated titles from a JSON Schema."""
    if isinstance(schema, list):
        return [_plain(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if names:
        return {name: _plain(one) for name, one in schema.items()}
    if "properties" in schema:
        properties = {name: _untitled(one) for name, one in schema["properties"].items()}
        schema = {**schema, "properties": properties}
    kinds = [one for one in schema.get("anyOf", []) if one != {"type": "null"}]
    if len(kinds) == 1:
        schema = {**kinds[0], **{key: value for key, value in schema.items() if key != "anyOf"}}
    return {key: _plain(value, names=key in {"properties", "$defs"}) for key, value in schema.items()}


def _untitled(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a key's schema without title and default, its description last."""
    kept = {key: value for key, value in schema.items() if key not in {"title", "default", "description"}}
    return {**kept, "description": schema["description"]}
