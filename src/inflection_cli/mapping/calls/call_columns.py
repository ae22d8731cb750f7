"""Bind columns by name to the parts of a call."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from inflection_cli import rules
from inflection_cli.catalog import FIELDS, REJECT_COLUMNS, RESERVED_PROPERTIES
from inflection_cli.errors import InputError, UsageError
from inflection_cli.lossless_json import MAX_JSON_DEPTH
from inflection_cli.mapping.calls.call_catalog import (
    CALL_ALIASES,
    CALL_FIELDS,
    CREATED_WORDS,
    MAPPABLE,
    RESERVED,
    TEXT_OF_OBJECT,
    TIME_ALIASES,
    TRAIT_CALLS,
    VIEWS,
    CallType,
    Reserved,
)
from inflection_cli.mapping.column_names import listed, quoted, snake_case, squash
from inflection_cli.mapping.columns import (
    BoundColumns,
    ColumnOptions,
)
from inflection_cli.mapping.layout import CallMapping, CallValue, TimeSource
from inflection_cli.mapping.unmapped_columns import Others, Sample, unmapped_columns
from inflection_cli.model import Note
from inflection_cli.suggestions import meant, nearest

Elsewhere = Callable[[str], bool]

PERSON_WAYS: Final = (
    "--map userId=COLUMN or --map personId=COLUMN, or --map email=COLUMN with --user-id-from email"
)


@dataclass(slots=True, eq=False)
class CallColumns:
    """Columns of a file while they are bound for one call.

    Attributes:
        kind: Which call.
        names: The file's column names.
        sample: Some of its first rows.
        options: What the user says.
        file: For messages.
        fields: Field to the index of its column.
        values: Traits or properties, in order.
        taken: Indexes of columns that have a use already.
        notes: Why columns are left out.
        unsent: Columns that would be traits if they were named.
    """

    kind: CallType
    names: Sequence[str]
    sample: Sequence[Sequence[str]]
    options: ColumnOptions
    file: str
    fields: dict[str, int] = field(default_factory=dict)
    values: list[CallValue] = field(default_factory=list)
    taken: set[int] = field(default_factory=set)
    notes: list[Note] = field(default_factory=list)
    unsent: list[str] = field(default_factory=list)

    def by_name(self, names: Sequence[str], aliases: Mapping[str, Sequence[str]]) -> None:
        """Find the columns of fields by their names.

        Raises:
            InputError: A field is tied between columns.
        """
        for name in names:
            if name not in self.fields and name not in self.options.constants:
                found = self.one_column(name, (squash(name),), aliases.get(name, ()))
                if found is not None:
                    self.fields[name] = found
                    self.taken.add(found)

    def one_column(self, name: str, *ranks: Sequence[str]) -> int | None:
        """Return the only column of the first rank that has any.

        Raises:
            InputError: There are several.
        """
        free = [i for i, column in enumerate(self.names) if i not in self.taken and self._is_free(column)]
        exact = [i for i in free if self.names[i] == name]
        by_rank = [[i for i in free if squash(self.names[i]) in words] for words in ranks]
        found = next((rank for rank in (exact, *by_rank) if rank), [])
        if len(found) > 1:
            ways = " or ".join(f"--map {name}={quoted(self.names[i])}" for i in found)
            raise InputError(
                f"{self.file}: {len(found)} columns could be {name}", hint=f"say which one: {ways}"
            )
        return found[0] if found else None

    def time_by_name(self) -> None:
        """Find the column of the time; change comes before creation.

        Raises:
            InputError: Several columns could be it.
        """
        if "timestamp" in self.fields or "timestamp" in self.options.constants or self.is_now:
            return
        found = self.one_column("timestamp", ("timestamp",), *TIME_ALIASES[self.kind])
        if found is not None:
            self.fields["timestamp"] = found
            # When an account was created is a trait as well.
            if self.kind in VIEWS or squash(self.names[found]) not in CREATED_WORDS:
                self.taken.add(found)

    @property
    def is_now(self) -> bool:
        """Return whether calls get the time of the run, whatever columns say."""
        return self.options.calls.now and self.kind in TRAIT_CALLS and "timestamp" not in self.options.columns

    def reserved_by_name(self) -> None:
        """Take the columns that have reserved names, or other words for them."""
        objects = {each.path for each in RESERVED[self.kind] if each.kind == "object"}
        for each in RESERVED[self.kind]:
            self._reserve(each, objects)

    def _reserve(self, each: Reserved, objects: set[tuple[str, ...]]) -> None:
        if self._has(each.path):
            return
        words = (each.name, *((squash(each.path[-1]),) if len(each.path) == 1 else ()), *each.aliases)
        found = self.one_column(each.name, words, (squash(each.name),))
        if found is None:
            return
        if each.path[:1] in objects and len(each.path) == 2 and self._has(each.path[:1]):
            self.leave_out(found, f"another column is already sent as {each.path[0]}")
            return
        self.taken.add(found)
        if each.path in objects and not self.holds_objects(found):
            each = Reserved((*each.path, TEXT_OF_OBJECT[each.path]))
        self.values.append(CallValue(each.path, found, each.kind, asked=True))

    def _has(self, path: tuple[str, ...]) -> bool:
        return any(value.path == path for value in self.values)

    def holds_objects(self, index: int) -> bool:
        """Return whether a column of the first rows holds JSON objects."""
        return any(row[index].lstrip().startswith("{") for row in self.sample if index < len(row))

    def other_traits(self, *, wanted: bool) -> None:
        """Take the other columns as traits, if asked for or wanted.

        Args:
            wanted: Whether columns are sent that are not named.
        """
        looks = _looks(self.sample, self.names)
        asked = {squash(name) for name in self.options.calls.traits}
        for i, column in enumerate(self.names):
            if i in self.taken or not self._is_free(column) or not column:
                continue
            if squash(column) not in asked and not wanted:
                self.unsent.append(column)
                continue
            path = tuple(snake_case(part) for part in column.split("."))
            reason = self._reason(path) or (looks[i].personal if squash(column) not in asked else None)
            if reason is not None:
                self.leave_out(i, reason)
                continue
            self.taken.add(i)
            self.values.append(CallValue(path, i, "any", asked=squash(column) in asked))

    def _reason(self, path: tuple[str, ...]) -> str | None:
        """Return why a trait cannot have a name."""
        if len(path) > MAX_JSON_DEPTH:
            return f"its name has more than {MAX_JSON_DEPTH} parts"
        if not all(path):
            return "its name has no letter or digit, so no trait can be named after it"
        if len(path) == 1 and path[0] in RESERVED_PROPERTIES:
            return f"Segment reserves the name {path[0]} and drops it"
        clashing = next((value.name for value in self.values if _clash(value.path, path)), None)
        return None if clashing is None else f"another column is already sent as {clashing}"

    def leave_out(self, index: int, reason: str) -> None:
        """Note that a column is not sent."""
        self.taken.add(index)
        column = self.names[index]
        way = "--trait" if self.kind in TRAIT_CALLS else "--property"
        fix = (
            f"to send it: {way} {quoted(column)}"
            if reason.startswith(("its name is", "its cells", "its member"))
            else "rename the column in the export to send it"
        )
        self.notes.append(Note(rules.COLUMN_LEFT_OUT, reason, column, hint=fix))

    def other_properties(self, others: Others, named: Sequence[str] = ()) -> None:
        """Take the other columns as a track event does.

        Args:
            others: What a profile says of such columns.
            named: Columns that the user names as properties.
        """
        options = replace(self.options, properties=(*self.options.properties, *named))
        bound = {*self.fields, *(value.name for value in self.values)}
        rest = unmapped_columns(
            self.names, self.sample, self.taken, options, replace(others, bound=bound, properties=bound)
        )
        self.notes += rest.notes
        self.values += [
            CallValue((each.name,), each.place, "any", asked=each.place in rest.forced)
            for each in rest.carried
            if each.sent
        ]

    def columns(self, names: Sequence[str] | None = None) -> BoundColumns:
        """Return the use of the columns for plan, reports and people."""
        known = {name: at for name, at in self.fields.items() if name in CALL_FIELDS[self.kind]}
        email = next((value.place for value in self.values if value.name == "email"), None)
        if email is not None and "email" in CALL_FIELDS[self.kind]:
            known.setdefault("email", email)
        constants = {
            name: text for name, text in self.options.constants.items() if name in CALL_FIELDS[self.kind]
        }
        return BoundColumns(known, constants, (), frozenset(), tuple(names or self.names), tuple(self.notes))

    @staticmethod
    def _is_free(column: str) -> bool:
        return column not in REJECT_COLUMNS


def bind_call(
    kind: CallType,
    names: Sequence[str],
    sample: Sequence[Sequence[str]],
    options: ColumnOptions,
    *,
    file: str,
    elsewhere: Elsewhere = lambda _: False,
) -> CallMapping:
    """Bind each column to a field, a value or a note.

    Args:
        kind: What each row is.
        names: The header, or the keys of an NDJSON file.
        sample: Some of the file's first rows.
        options: What the user says.
        file: For messages.
        elsewhere: Tells whether another file of the run has a column.

    Raises:
        InputError: A field is tied between columns, the file lacks a column that an option names, or id, time or
            person is nowhere to be found.
        UsageError: An option names a field that such calls do not have.
    """
    work = CallColumns(kind, names, sample, options, file)
    take_mapped(work, elsewhere)
    work.by_name([name for name in CALL_FIELDS[kind] if name not in {"email", "timestamp"}], CALL_ALIASES)
    work.time_by_name()
    work.reserved_by_name()
    if kind in TRAIT_CALLS:
        require_columns(options.calls.traits, "--trait ", work, elsewhere)
        work.other_traits(wanted=options.calls.all_traits)
    else:
        work.by_name(("email",), CALL_ALIASES)
        require_columns(options.properties, "--property ", work, elsewhere)
        work.other_properties(Others())
    columns = work.columns()
    require_parts(work, columns)
    index = columns.fields.get("timestamp")
    times = () if index is None else (TimeSource(index),)
    return CallMapping(
        kind, columns, tuple(work.values), times, now=not has_time(columns), unsent=tuple(work.unsent)
    )


def take_mapped(work: CallColumns, elsewhere: Elsewhere) -> None:
    """Take the columns that `--map` names.

    Raises:
        InputError: The file lacks one.
        UsageError: `--map` or `--set` names what such calls do not have.
    """
    kind, reserved = work.kind, {each.name: each for each in RESERVED[work.kind]}
    for option, given in (("--map", work.options.columns), ("--set", work.options.constants)):
        for name in given:
            if name not in MAPPABLE[kind] and name not in FIELDS:
                raise unknown_field(option, name, kind)
    for name, column in work.options.columns.items():
        if name not in MAPPABLE[kind]:
            continue
        found = _index(column, work, f"--map {name}=", elsewhere)
        if found is None:
            continue
        if name in CALL_FIELDS[kind]:
            work.fields[name] = found
        if name in reserved:
            each = reserved[name]
            work.values.append(CallValue(each.path, found, each.kind, asked=True))
        work.taken.add(found)


def unknown_field(option: str, name: str, kind: CallType) -> UsageError:
    """Build the error on a field that a call does not have."""
    known = sorted(MAPPABLE[kind])
    near = nearest(name, known)
    return UsageError(
        f"{option} {name}=… names nothing that {_a(kind)} has; it has {', '.join(known)}",
        hint=meant(near) if near else f"--trait {quoted(name)} sends a column under its own name",
    )


def require_columns(asked: Sequence[str], option: str, work: CallColumns, elsewhere: Elsewhere) -> None:
    """Check that the file has the columns that an option names.

    Raises:
        InputError: It lacks one, and so does every other file of the run.
    """
    for column in asked:
        _index(column, work, option, elsewhere)


def _index(column: str, work: CallColumns, option: str, elsewhere: Elsewhere) -> int | None:
    """Return a column's index; None if only another file has it."""
    if column in work.names:
        return list(work.names).index(column)
    spelled = [i for i, name in enumerate(work.names) if squash(name) == squash(column)]
    if len(spelled) == 1:
        return spelled[0]
    if elsewhere(column):
        return None
    near = nearest(column, work.names)
    hint = (
        f"did you mean {option}{quoted(near[0])}?"
        if near
        else f"give one of these names: {option}COLUMN; infl-seg inspect {quoted(work.file)} says what they hold"
    )
    raise InputError(f"{work.file} has no column “{column}”; it has {listed(work.names)}", hint=hint)


def has_time(columns: BoundColumns) -> bool:
    """Return whether a call's time comes from somewhere."""
    return columns.has("timestamp")


def require_parts(work: CallColumns, columns: BoundColumns) -> None:
    """Check that a call's id, person and time come from somewhere.

    Raises:
        InputError: One of them does not.
    """
    kind = work.kind
    if kind == "group" and not columns.has("groupId"):
        near = nearest("groupId", work.names) or [name for name in work.names if squash(name) == "id"]
        raise _lacks(work, "groupId", _ways("groupId", near[0] if near else "COLUMN"), "groupId")
    if not (columns.has("userId") or columns.has("personId")):
        _require_person(work, columns)
    if not has_time(columns) and not work.options.calls.now:
        more = "or --now gives each call the time of this run, in a profile [options] now = true"
        raise _lacks(work, "time", f"{_ways('timestamp')}; {more}", "timestamp")
    has_url = kind == "page" and any(value.name == "url" for value in work.values)
    if kind in VIEWS and not (columns.has("name") or has_url):
        more = "; or its url: --map url=COLUMN" if kind == "page" else ""
        # A profile that names fields binds no other by its name.
        near = [name for name in work.names if squash(name) in {"name", *CALL_ALIASES["name"]}]
        ways = _ways("name", near[0] if near else "COLUMN")
        raise _lacks(work, f"{kind}'s name", f"{ways}{more}", "name")


def _require_person(work: CallColumns, columns: BoundColumns) -> None:
    """Raise an error unless something stands for the person of a call."""
    if work.kind == "group":
        if not work.options.calls.stands_in:
            hint = f"{rules.GROUP_PERSON_MISSING.fix}; or {PERSON_WAYS}"
            raise _lacks(work, "person of a group", hint, "group person")
    elif not columns.has("email"):
        raise _lacks(work, "person", f"say which one it is: {PERSON_WAYS}", "person")
    elif not work.options.person_from_email:
        raise _only_addresses(work, columns)


def _ways(name: str, column: str = "COLUMN") -> str:
    line = f"[fields] {name} = {json.dumps(column, ensure_ascii=False)}"
    return f"say which one it is: --map {name}={quoted(column)}, in a profile {line}"


def _only_addresses(work: CallColumns, columns: BoundColumns) -> InputError:
    error = InputError(
        f"{work.file}: there is neither a user id nor a person id, only addresses in {columns.column_of('email')}",
        hint="--user-id-from email sends the address as userId; "
        "--anonymous-id-from email sends a hash of it as anonymousId",
    )
    error.lacks = "addresses"
    return error


def _lacks(work: CallColumns, what: str, hint: str, part: str) -> InputError:
    error = InputError(
        f"{work.file}: no column is recognised as the {what}; the columns are {listed(work.names)}", hint=hint
    )
    error.lacks = part
    return error


def _clash(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Return whether two paths are one, or one is inside the other."""
    shorter = min(len(one), len(other))
    return one[:shorter] == other[:shorter]


def _looks(sample: Sequence[Sequence[str]], names: Sequence[str]) -> Sequence[Any]:
    known = sample if isinstance(sample, Sample) else Sample(map(list, sample))
    return known.looks(names)


def _a(kind: CallType) -> str:
    return f"an {kind}" if kind == "identify" else f"a {kind}"
