"""Bind columns to fields and properties, with reasons for columns left out."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Final, NamedTuple

from inflection_cli import rules
from inflection_cli.catalog import (
    COLUMN_ALIASES,
    EVENT_FIELDS,
    FIELDS,
    LATER_PERSON_WORDS,
    LATER_PERSONAL_COLUMNS,
    PERSON_WORDS,
    PERSONAL_COLUMNS,
    REJECT_COLUMNS,
    RESERVED_PROPERTIES,
)
from inflection_cli.errors import InputError, UsageError
from inflection_cli.mapping.calls.call_options import CallOptions
from inflection_cli.mapping.personal_data import personal_member_of_cell
from inflection_cli.mapping.profile.profile_nouns import Profile, PropertyType
from inflection_cli.model import Note
from inflection_cli.suggestions import nearest

_SAMPLE_SHARE: Final = 0.5
"""A column is personal when more than this share of its sampled cells looks so."""

_NAMES_REMEMBERED: Final = 1 << 13
"""Spellings kept: a file that brings a new key with every row is bound again with every row."""

_ADDRESS: Final = re.compile(r"\s*(?:mailto:)?[^\s@<>,;]+@[^\s@<>,;]+\.[^\s@<>,;]+\s*")
_PART: Final = r"[^\s@<>,;:\"()]{1,64}"
_DOTTED: Final = rf"{_PART}@{_PART}\.[^\s@<>,;:\"().]+"
_MAILBOX: Final = re.compile(
    rf"(?:\"[^\"]*\"|[^<>@;\"]{{0,60}})\s*<\s*{_DOTTED}\s*>|"
    rf"(?:\"[^\"]*\"\s+)?(?:mailto:)?{_DOTTED}(?:\s*\([^()]*\))?"
)
_BARE: Final = re.compile(rf"<\s*{_PART}@{_PART}\s*>")
"""An address in angle brackets without a name: the id of a message looks so too."""

_BETWEEN: Final = " \t\r\n,;'\""
_NUMBERED: Final = re.compile(r"(?:e_?mail|e?mail_?address|phone|mobile|tel)_?\d{1,2}")
_PHONE: Final = re.compile(r"\s*(?:\+|00|\(\d)[\d\s().\-/]{6,}\d\s*|\s*\d{3}[-. ]\d{3}[-. ]\d{4}\s*")
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d.*|\d{1,2}([./])\d{1,2}\1\d{2,4}.*")
_LONG_NUMBER: Final = re.compile(r"\d{5,}")
_MERGE_FIELD: Final = re.compile(r"merge(?:_.+|\d+|_?(?:fields?|vars?)(?:_.*)?)")
"""A newsletter tool's names for what it puts into the text of a message: MERGE0, merge_lname, merge_fields."""

_READY_KEYS: Final = frozenset({"messageId", "type"})
_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


@lru_cache(maxsize=_NAMES_REMEMBERED)
def squash(name: str) -> str:
    """Reduce a name to its letters and digits in lower case.

    Different spellings of one name become equal.
    """
    return "".join(c for c in name.lower() if c.isalnum())


@lru_cache(maxsize=_NAMES_REMEMBERED)
def snake_case(name: str) -> str:
    """Convert a column name to snake case: `Mail Client` becomes `mail_client`."""
    spaced = _CAMEL.sub("_", name.strip())
    return re.sub(r"\W+", "_", spaced).strip("_").lower()


def looks_personal(value: str) -> bool:
    """Return whether a cell looks like an email address or phone number."""
    return bool(_ADDRESS.fullmatch(value) or _PHONE.fullmatch(value))


def has_only_addresses(value: str) -> bool:
    """Return whether a cell holds addresses, names and separators, nothing else."""
    if "@" not in value:
        return False
    rest = _MAILBOX.sub("", value)
    return rest != value and not rest.strip(_BETWEEN) and bool(_BARE.sub("", value).strip(_BETWEEN))


def is_personal_text(value: str) -> bool:
    """Return whether a cell is personal by the rules since 0.2."""
    return looks_personal(value) or has_only_addresses(value)


def is_personal_name(name: str) -> bool:
    """Return whether a column or member has a personal trait's name."""
    return _was_personal(name) or _is_personal_since(name)


def _was_personal(name: str) -> bool:
    """Return whether all versions have taken a name for personal."""
    whose, _, trait = snake_case(name).partition("_")
    return squash(name) in PERSONAL_COLUMNS or (whose in PERSON_WORDS and squash(trait) in PERSONAL_COLUMNS)


@lru_cache(maxsize=_NAMES_REMEMBERED)
def _is_personal_since(name: str) -> bool:
    """Return whether a name is personal by the rules since 0.2."""
    snake = snake_case(name)
    whose, _, trait = snake.partition("_")
    whose_words = PERSON_WORDS | LATER_PERSON_WORDS
    traits = PERSONAL_COLUMNS | LATER_PERSONAL_COLUMNS
    known = squash(name) in traits or (whose in whose_words and squash(trait) in traits)
    return known or any(form.fullmatch(snake) for form in (_MERGE_FIELD, _NUMBERED))


def personal_member(cell: str) -> str | None:
    """Return the path of the first personal member in a cell's JSON."""
    return personal_member_of_cell(cell, is_personal_name, is_personal_text)


def is_address(value: str) -> bool:
    """Return whether a whole cell is one email address."""
    return _ADDRESS.fullmatch(value) is not None and ":" not in value


MESSAGE_FIELDS: Final = frozenset(FIELDS) - {"email", "ip", "user_agent", "event_id", "personId"} | {
    "link_url"
}
"""Names that no property can have, since the message says something else under them."""

_FIELD_NAMES: Final = frozenset(
    squash(name) for field in FIELDS for name in (field, *COLUMN_ALIASES.get(field, ()))
)
"""All that a column can be called so that it is a field by its name."""


@dataclass(frozen=True, slots=True)
class ColumnOptions:
    """The user's options about columns.

    Attributes:
        columns: `--map`, field to column name.
        constants: `--set`, field to the value of every row.
        properties: `--property`, columns that are sent though they look personal.
        own_ids: Whether the export's own event id is used; `--no-event-id` turns it off.
        person_from_email: Whether an address stands in for a missing user or person id.
        profile: What the user's profile says; every option beats it.
        timezone: `--timezone`, for properties that are times.
        timestamp_format: `--timestamp-format`, likewise.
        asks_for_times: Whether a wide file is refused whose events would all get the time of sending.
        nulls: `--null`, texts that stand for an empty cell.
        calls: What is said of calls other than track.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    properties: tuple[str, ...] = ()
    own_ids: bool = True
    person_from_email: bool = False
    profile: Profile | None = None
    timezone: str | None = None
    timestamp_format: str | None = None
    nulls: frozenset[str] = frozenset()
    asks_for_times: bool = True
    calls: CallOptions = field(default_factory=CallOptions)


class Carried(NamedTuple):
    """A column that is no field, and what becomes of its cells.

    Attributes:
        place: Its index in a row.
        name: The property's name.
        sent: Whether it is sent.
        hashed: Whether it counts in the content hash: what earlier versions sent does, whatever becomes of it now,
            and what they took for a field does not, so that the events of earlier runs stay what they are.
    """

    place: int
    name: str
    sent: bool = True
    hashed: bool = True


class Unmapped(NamedTuple):
    """Result for the columns that have no other use.

    Attributes:
        carried: Those that are sent, and those that only count in the content hash, in the order of the file.
        forced: Indexes of those that are sent on the user's word.
        notes: A note for each column that is left out.
    """

    carried: tuple[Carried, ...]
    forced: frozenset[int]
    notes: tuple[Note, ...]

    @property
    def extras(self) -> tuple[tuple[int, str], ...]:
        """Index and property name of what is sent."""
        return tuple((each.place, each.name) for each in self.carried if each.sent)


@dataclass(frozen=True, slots=True)
class Others:
    """Profile settings for columns that have no other use.

    Attributes:
        wanted: Whether they are sent without being asked for.
        properties: Names of properties that are sent already.
        bound: Fields that come from somewhere.
        not_used: Indexes of columns that are known by a field's name, where the profile names its fields without it.
    """

    wanted: bool = True
    properties: Collection[str] = ()
    bound: Collection[str] = FIELDS
    not_used: Collection[int] = ()


@dataclass(frozen=True, slots=True)
class BoundColumns:
    """The use of each column of a file.

    Attributes:
        fields: Field to the index of its column.
        constants: Field to the text that every row has.
        extras: Index and property name of each unmapped column that is sent.
        forced: Indexes of extras that are sent whatever their cells look like.
        names: The column names as they stand in the file; in a profile's block, those of drawn cells after them.
        notes: Columns left out, each with the reason.
        kinds: Types of extras of which a profile says one, by property name.
        also: Further columns that a field comes from in one of several blocks, by index.
        field_sources: Field to the columns and paths that it comes from; all of them, where a profile says it.
        property_sources: Property to the columns and paths that it comes from, likewise; none for a constant.
        carried: The extras, and what only counts in the content hash, in order; None stands for the extras alone.
        not_used: Field to the columns that are known by its name, where a profile names its fields and not those.
    """

    fields: Mapping[str, int]
    constants: Mapping[str, str]
    extras: tuple[tuple[int, str], ...]
    forced: frozenset[int]
    names: tuple[str, ...]
    notes: tuple[Note, ...]
    kinds: Mapping[str, PropertyType] = field(default_factory=dict)
    also: Mapping[int, str] = field(default_factory=dict)
    field_sources: Mapping[str, Sequence[str]] = field(default_factory=dict)
    property_sources: Mapping[str, Sequence[str]] = field(default_factory=dict)
    carried: tuple[Carried, ...] | None = None
    not_used: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def trail_columns(self) -> tuple[Carried, ...]:
        """Columns for an event's further properties and content hash."""
        return tuple(Carried(*extra) for extra in self.extras) if self.carried is None else self.carried

    def has(self, name: str) -> bool:
        """Return whether a field has a column or a constant."""
        return name in self.fields or name in self.constants

    def column_of(self, name: str | None) -> str | None:
        """Return the column name of a field, or the argument if unbound."""
        return self.names[self.fields[name]] if name is not None and name in self.fields else name

    def by_column(self) -> dict[str, str]:
        """Return the first field of each mapped column, by column name."""
        uses: dict[str, str] = {}
        for name, index in self.fields.items():
            uses.setdefault(self.names[index], name)
        for index, name in self.also.items():
            uses.setdefault(self.names[index], name)
        return uses

    def by_field(self) -> dict[str, list[str]]:
        """Return the source columns and paths of each mapped field."""
        sources = self.field_sources or {name: [self.names[index]] for name, index in self.fields.items()}
        return {name: list(names) for name, names in sources.items()}

    def by_property(self) -> dict[str, list[str]]:
        """Return the source columns and paths of each property."""
        sources = self.property_sources or {name: [self.names[index]] for index, name in self.extras}
        return {name: list(names) for name, names in sources.items()}


def _nowhere(_: str) -> bool:
    return False


def bind_columns(
    names: Sequence[str],
    sample: Sequence[Sequence[str]],
    options: ColumnOptions,
    *,
    file: str,
    elsewhere: Callable[[str], bool] = _nowhere,
) -> BoundColumns:
    """Bind each column to a field, a property or a note.

    Args:
        names: The header, or the keys of an NDJSON file.
        sample: Some of the file's first rows; their cells tell personal columns apart.
        options: What the user says.
        file: For messages.
        elsewhere: Tells whether another file of the run has a column.

    Raises:
        InputError: A field is tied between columns, event, time or person is nowhere to be found, or these are no
            rows but ready messages.
        UsageError: An option names a field or column that does not exist.
    """
    refuse_unknown_fields(options, names)
    refuse_ready_messages(names, options, file)
    fields = explicit_fields(names, options, file, elsewhere=elsewhere)
    given = {*fields, *options.constants}
    fields |= automatic_fields(names, given, set(fields.values()), options, file)
    rest = unmapped_columns(names, sample, set(fields.values()), options, Others())
    columns = BoundColumns(
        fields,
        dict(options.constants),
        rest.extras,
        rest.forced,
        tuple(names),
        rest.notes,
        carried=rest.carried,
    )
    require_the_essentials(columns, options, file, sample)
    return columns


def refuse_unknown_fields(options: ColumnOptions, names: Sequence[str]) -> None:
    """Check that `--map` and `--set` name fields, each once.

    Raises:
        UsageError: They do not.
    """
    for option, given in (("--map", options.columns), ("--set", options.constants)):
        for name, value in given.items():
            if name not in EVENT_FIELDS and not _is_of_calls(name, options):
                raise UsageError(
                    f"{option} {name}=… names no field; fields are {', '.join(FIELDS)}",
                    hint=_field_meant(option, name, value, options, names),
                )
    both = sorted(set(options.columns) & set(options.constants))
    if both:
        raise UsageError(
            f"{both[0]} is given twice, by --map and by --set",
            hint=f"drop --map {both[0]}=… or --set {both[0]}=…",
        )


def _is_of_calls(name: str, options: ColumnOptions) -> bool:
    """Return whether a field is one of calls other than track."""
    from inflection_cli.mapping.calls.call_catalog import MAPPABLE  # noqa: PLC0415 - few runs need it

    profile = options.profile
    typed = options.calls.type or (profile and (profile.type or any(b.type for b in profile.events)))
    return bool(typed) and any(name in known for known in MAPPABLE.values())


def _field_meant(option: str, name: str, value: str, options: ColumnOptions, names: Sequence[str]) -> str:
    """Return a hint with the field that an option probably means.

    The value of `--set` may be personal, so it is not repeated.
    """
    fields = {squash(field): field for field in FIELDS}
    swapped = fields.get(squash(value)) if option == "--map" else None
    if swapped and not fields.get(squash(name)):
        if name in names:
            return f"the field comes first: {option} {swapped}={quoted(name)}"
        if value in names:
            return (
                f"“{value}” is the {swapped} by its name: leave {option} {quoted(name)}={quoted(value)} out"
            )
        return f"the field comes first, then its column: {option} {swapped}=COLUMN"
    given = {squash(field) for field in (*options.columns, *options.constants) if field in FIELDS}
    near = nearest(squash(name), [field for field in fields if field not in given])
    shown = quoted(value) if option == "--map" else "…"
    if near:
        return f"did you mean {option} {fields[near[0]]}={shown}?"
    return f"the field comes first, then what it is taken from, for example {option} campaign_id={shown}"


def refuse_ready_messages(names: Sequence[str], options: ColumnOptions, file: str) -> None:
    """Raise an error if the file holds ready Segment messages.

    Raises:
        InputError: It does, and the user maps no column of it.
    """
    if not options.columns and set(names) >= _READY_KEYS and {"properties", "context", "traits"} & set(names):
        raise InputError(
            f"{file}: holds ready Segment messages and no rows of an export",
            hint=f"infl-seg replay {quoted(file)} sends them as they are",
        )


def explicit_fields(
    names: Sequence[str], options: ColumnOptions, file: str, *, elsewhere: Callable[[str], bool] = _nowhere
) -> dict[str, int]:
    """Find the columns of `--map` by field, and check those of `--property`.

    Args:
        names: The file's column names.
        options: What the user says.
        file: For messages.
        elsewhere: Tells whether another file of the run has a column.

    Raises:
        InputError: An option names a column that the file lacks.
        UsageError: `--property` names one that Segment would discard.
    """
    fields = {}
    for name, column in options.columns.items():
        meant = partial(_column_meant, column, names, options, name)
        fields[name] = _index_of(column, names, file, f"--map {name}=", elsewhere, meant)
    for column in options.properties:
        meant = partial(_column_meant, column, names, options, None)
        index = _index_of(column, names, file, "--property ", elsewhere, meant)
        if snake_case(names[index]) in RESERVED_PROPERTIES:
            raise UsageError(
                f"--property {column}: Segment discards properties named “{snake_case(column)}”",
                hint="rename the column in the export",
            )
    return fields


def _index_of(
    column: str,
    names: Sequence[str],
    file: str,
    option: str,
    elsewhere: Callable[[str], bool],
    meant: Callable[[], str],
) -> int:
    if column in names:
        return names.index(column)
    spelled = [i for i, name in enumerate(names) if squash(name) == squash(column)]
    if len(spelled) == 1:
        return spelled[0]
    if elsewhere(column):
        raise InputError(
            f"{file} has no column “{column}”, which another file of this command has; it has {listed(names)}",
            hint=f"give each file a command of its own, and {file} one without {option}{quoted(column)}",
        )
    hint = (
        meant()
        or f"give one of these names: {option}COLUMN; infl-seg inspect {quoted(file)} says what they hold"
    )
    raise InputError(f"{file} has no column “{column}”; it has {listed(names)}", hint=hint)


def _column_meant(column: str, names: Sequence[str], options: ColumnOptions, field: str | None) -> str:
    """Return the hint for a misspelt column: never one of another field.

    Args:
        column: What the option says.
        names: The file's column names.
        options: What the user says.
        field: The field that the option maps; None for `--property`.
    """
    option = "--property " if field is None else f"--map {field}="
    near = nearest(column, _free_names(names, options, field))
    if near:
        return f"did you mean {option}{quoted(near[0])}?"
    own = [name for name in names if field is not None and squash(name) == squash(field)]
    if len(own) != 1 or own[0] in options.columns.values():
        return ""
    return f"“{own[0]}” is the {field} by its name: leave {option}{quoted(column)} out"


def _free_names(names: Sequence[str], options: ColumnOptions, field: str | None) -> list[str]:
    profile = options.profile
    said = [cell.column for name, cell in profile.fields.items() if name != field] if profile else []
    taken = {squash(other) for name, other in options.columns.items() if name != field}
    taken |= {squash(other) for other in said if other is not None}
    return [name for name in names if squash(name) not in taken and not is_called_otherwise(name, field)]


def is_called_otherwise(column: str, field: str | None) -> bool:
    """Return whether a column is named like another field or reject column."""
    words = {
        word for name in FIELDS if name != field for word in (squash(name), *COLUMN_ALIASES.get(name, ()))
    }
    return squash(column) in words or column in REJECT_COLUMNS


def automatic_fields(
    names: Sequence[str],
    given: Collection[str],
    taken: AbstractSet[int],
    options: ColumnOptions,
    file: str,
    *,
    by_exact_name: AbstractSet[int] = frozenset(),
) -> dict[str, int]:
    """Find the columns of fields by their names.

    Args:
        names: The file's column names.
        given: Fields that need no column any more.
        taken: Indexes of columns that are something else already.
        options: Whether the export's own event id is used.
        file: For messages.
        by_exact_name: Indexes of columns that are a field only if they have its very name.

    Raises:
        InputError: A field is tied between columns.
    """
    fields: dict[str, int] = {}
    for name, columns in _fields_by_name(names, given, taken, options, by_exact_name):
        if len(columns) > 1:
            ways = " or ".join(f"--map {name}={quoted(names[i])}" for i in columns)
            raise InputError(f"{file}: {len(columns)} columns could be {name}", hint=f"say which one: {ways}")
        fields[name] = columns[0]
    return fields


def fields_by_name(
    names: Sequence[str],
    given: Collection[str],
    taken: AbstractSet[int],
    options: ColumnOptions,
    *,
    by_exact_name: AbstractSet[int] = frozenset(),
) -> dict[str, list[int]]:
    """Return the columns that match each field by name; ties have several."""
    return dict(_fields_by_name(names, given, taken, options, by_exact_name))


def _fields_by_name(
    names: Sequence[str],
    given: Collection[str],
    taken: AbstractSet[int],
    options: ColumnOptions,
    by_exact_name: AbstractSet[int],
) -> Iterator[tuple[str, list[int]]]:
    """Yield each field with the columns that have its name."""
    # Most columns of a wide file are none of any field, and are looked at once.
    likely = [
        (i, column)
        for i, column in enumerate(names)
        if squash(column) in _FIELD_NAMES and i not in taken and column not in REJECT_COLUMNS
    ]
    found: set[int] = set()
    for name in FIELDS:
        if name in given or (name == "event_id" and not options.own_ids):
            continue
        columns = _best_columns(name, [(i, column) for i, column in likely if i not in found], by_exact_name)
        if columns:
            found.update(columns)
            yield name, columns


def _best_columns(
    name: str, columns: Sequence[tuple[int, str]], by_exact_name: AbstractSet[int]
) -> list[int]:
    """Return a field's columns: exact name before spelling before alias."""
    wanted = squash(name)
    aliases = COLUMN_ALIASES.get(name, ())
    by_rank: tuple[list[int], list[int], list[int]] = ([], [], [])
    for i, column in columns:
        if column == name:
            by_rank[0].append(i)
        elif i in by_exact_name:
            continue
        elif squash(column) == wanted:
            by_rank[1].append(i)
        elif squash(column) in aliases:
            by_rank[2].append(i)
    return next((rank for rank in by_rank if rank), [])


def unmapped_columns(
    names: Sequence[str],
    sample: Sequence[Sequence[str]],
    mapped: AbstractSet[int],
    options: ColumnOptions,
    others: Others,
) -> Unmapped:
    """Return the unmapped columns to send, and notes on those left out.

    Args:
        names: The file's column names.
        sample: Some of the file's first rows.
        mapped: Indexes of columns that are something else.
        options: What the user says.
        others: What a profile says of such columns.
    """
    sample = sample if isinstance(sample, Sample) else Sample(map(list, sample))
    carried: list[Carried] = []
    notes = []
    asked = {squash(name) for name in options.properties}
    forced = frozenset(i for i, name in enumerate(names) if asked and squash(name) in asked)
    taken = {*others.bound, "link_url", *others.properties}
    no_ids = not options.own_ids
    for i, (column, (name, plain, unusable, personal, since)) in enumerate(
        zip(names, sample.looks(names), strict=False)
    ):
        if (i in mapped or not others.wanted) and i not in forced:
            continue
        if not plain or name in taken or name in MESSAGE_FIELDS or no_ids:
            if column in REJECT_COLUMNS or not column or (no_ids and _is_event_id(column)):
                continue
            reason = unusable or _reason_to_leave_out(name, personal, taken, forced=i in forced)
            if reason:
                notes.append(Note(rules.COLUMN_LEFT_OUT, reason, column, hint=_mend_for(column, reason)))
                if reason == personal and since and i not in others.not_used:
                    carried.append(Carried(i, name, sent=False))
                continue
        taken.add(name)
        carried.append(Carried(i, name, hashed=i not in others.not_used))
    return Unmapped(tuple(carried), forced, tuple(notes))


def _is_event_id(column: str) -> bool:
    return squash(column) == "eventid" or squash(column) in COLUMN_ALIASES["event_id"]


def _reason_to_leave_out(name: str, personal: str | None, taken: set[str], *, forced: bool) -> str | None:
    if name in taken and not (forced and name == "email"):
        return f"another column is already sent as {name}"
    if name in MESSAGE_FIELDS:
        return f"the profile does not name it as {name}, and no property can have the name of that field"
    return None if forced else personal


class _ColumnLook(NamedTuple):
    """Property name of a column, and reasons against sending it.

    Attributes:
        name: The property's name.
        plain: Whether nothing of its own is against it.
        unusable: Why it cannot be sent.
        personal: Why it is not sent unasked.
        since: Whether versions before 0.2 sent it all the same.
    """

    name: str
    plain: bool
    unusable: str | None
    personal: str | None
    since: bool


class Sample(tuple[list[str], ...]):  # noqa: SLOT001 - it remembers
    """The first rows of a file, with cached results per column."""

    def looks(self, columns: Sequence[str]) -> Sequence[_ColumnLook]:
        """Return a `_ColumnLook` for each column; only new columns are computed."""
        known: list[_ColumnLook] = self.__dict__.setdefault("known", [])
        for index in range(len(known), len(columns)):
            name = snake_case(columns[index])
            unusable = _reason_unusable(name)
            personal, since = self._reason_personal(columns[index], index)
            plain = not (unusable or personal or columns[index] in REJECT_COLUMNS)
            known.append(_ColumnLook(name, plain, unusable, personal, since))
        return known

    def _reason_personal(self, column: str, index: int) -> tuple[str | None, bool]:
        """Return a column's withholding reason, and whether versions before 0.2 sent it."""
        if _was_personal(column):
            return "its name is that of a personal trait", False
        filled = [row[index] for row in self if index < len(row) and row[index]]
        ever = bool(filled) and sum(map(looks_personal, filled)) > _SAMPLE_SHARE * len(filled)
        if not ever and _is_personal_since(column):
            return "its name is that of a personal trait", True
        member = next(filter(None, map(personal_member, filled)), None)
        if member is not None:
            return f"its member {column}.{member} is personal", not ever
        if ever or sum(map(is_personal_text, filled)) > _SAMPLE_SHARE * max(1, len(filled)):
            return "its cells look like addresses or phone numbers", not ever
        return None, False


def _reason_unusable(name: str) -> str | None:
    if not name:
        return "its name has no letter or digit, so no property can be named after it"
    if name in RESERVED_PROPERTIES:
        return f"Segment reserves the property name {name} and drops it"
    return None


def _mend_for(column: str, reason: str) -> str:
    if reason.startswith(("its name is", "its cells", "its member")):
        return f"send it all the same with --property {quoted(column)}"
    if reason.startswith("the profile does not name"):
        return "name it under [fields] of the profile to have it as that field"
    return "rename the column in the export to send it"


def require_the_essentials(
    columns: BoundColumns, options: ColumnOptions, file: str, sample: Sequence[Sequence[str]] = ()
) -> None:
    """Check that event, time and person come from a column or constant.

    Args:
        columns: What each column is.
        options: What the user says.
        file: For messages.
        sample: Some of the file's first rows; the column that holds events is told by its cells.

    Raises:
        InputError: One of them does not.
    """
    if not any(map(columns.has, ("event", "timestamp", "userId", "personId", "email"))):
        raise _no_export(columns.names, file)
    for name in ("event", "timestamp"):
        if not columns.has(name):
            raise InputError(
                f"{file}: no column is known as the {name}; the columns are {listed(columns.names)}",
                hint=_hint_of_lack(name, columns, options, file, sample),
            )
    if columns.has("userId") or columns.has("personId"):
        return
    if columns.has("email"):
        if options.person_from_email:
            return
        raise InputError(
            f"{file}: there is neither a user id nor a person id, only addresses in {columns.column_of('email')}",
            hint="--user-id-from email sends the address as userId; "
            "--anonymous-id-from email sends a hash of it as anonymousId",
        )
    ways = "--map userId=COLUMN or --map personId=COLUMN, or --map email=COLUMN with --user-id-from email"
    if options.person_from_email:
        ways = "--map email=COLUMN"
    raise InputError(
        f"{file}: no column is known as the person; the columns are {listed(columns.names)}",
        hint=f"say which one it is: {ways}; infl-seg inspect {quoted(file)} says what the columns hold",
    )


def _hint_of_lack(
    name: str, columns: BoundColumns, options: ColumnOptions, file: str, sample: Sequence[Sequence[str]]
) -> str:
    """Return the hint for a field that no column is known as."""
    taken = {columns.names[index] for index in columns.fields.values()}
    free = [each for each in _free_names(columns.names, options, name) if each not in taken]
    near = nearest(name, free)
    if name == "event":
        from inflection_cli.mapping.event_column import event_column  # noqa: PLC0415 - it is built on this file

        told = event_column(columns.names, free, sample)
        near = [told] if told is not None else near
    way = f"--map {name}={quoted(near[0] if near else 'COLUMN')}"
    value = ' or --set event="Email Opened"; rows that are no events: --as identify, --as group or --as page'
    look = "" if near else f"; infl-seg inspect {quoted(file)} says what the columns hold"
    return f"say which one it is: {way}{value if name == 'event' else ''}{look}"


def _no_export(names: Sequence[str], file: str) -> InputError:
    """Build the error for a file without event, time and person columns."""
    if file.lower().endswith(".toml"):
        return InputError(
            f"{file}: is a profile or another settings file, and no export",
            hint=f"name the export, and the profile by its option: --profile {quoted(file)}",
        )
    if any(looks_personal(name) or _DATE.fullmatch(name) or _LONG_NUMBER.fullmatch(name) for name in names):
        return InputError(
            f"{file}: the header is missing: its first line looks like a row and names no columns",
            hint="write a line above it that names each cell, such as event,userId,email_id,campaign_id,timestamp",
        )
    return InputError(
        f"{file}: nothing in it is known as an event, a time or a person; the columns are {listed(names)}",
        hint="see whether it is the export, and delete what stands above its header; or say what its columns are: "
        "--map event=COLUMN --map timestamp=COLUMN --map userId=COLUMN",
    )


def quoted(name: str) -> str:
    """Quote a name so that a shell reads it as one word."""
    return name if re.fullmatch(r"[\w./\-]+", name) else "'" + name.replace("'", "'\\''") + "'"


def listed(names: Sequence[str], most: int = 20) -> str:
    """Format names as a list for a message, at most `most` names."""
    shown = ", ".join(f"“{name}”" for name in names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
