"""Columns to fields: which column is what, what becomes a property, what stays behind, and why."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import lru_cache
from typing import Final, NamedTuple

from inflection_cli import rules
from inflection_cli.catalog import (
    COLUMN_ALIASES,
    FIELDS,
    PERSON_WORDS,
    PERSONAL_COLUMNS,
    REJECT_COLUMNS,
    RESERVED_PROPERTIES,
)
from inflection_cli.errors import InputError, UsageError
from inflection_cli.mapping.profile import Profile, PropertyType
from inflection_cli.model import Note

_SAMPLE_SHARE: Final = 0.5
"""A column is personal when more than this share of its sampled cells looks so."""

_NAMES_REMEMBERED: Final = 1 << 13
"""Spellings kept: a file that brings a new key with every row is bound again with every row."""

_ADDRESS: Final = re.compile(r"\s*(?:mailto:)?[^\s@<>,;]+@[^\s@<>,;]+\.[^\s@<>,;]+\s*")
_PHONE: Final = re.compile(r"\s*(?:\+|00|\(\d)[\d\s().\-/]{6,}\d\s*|\s*\d{3}[-. ]\d{3}[-. ]\d{4}\s*")
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d.*|\d{1,2}([./])\d{1,2}\1\d{2,4}.*")
_LONG_NUMBER: Final = re.compile(r"\d{5,}")
_READY_KEYS: Final = frozenset({"messageId", "type"})
_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


@lru_cache(maxsize=_NAMES_REMEMBERED)
def squash(name: str) -> str:
    """Reduce a name to its letters and digits in lower case, so that spellings of one name are equal."""
    return "".join(c for c in name.lower() if c.isalnum())


@lru_cache(maxsize=_NAMES_REMEMBERED)
def snake_case(name: str) -> str:
    """Spell a column's name as a property's: `Mail Client` and `mailClient` are `mail_client`."""
    spaced = _CAMEL.sub("_", name.strip())
    return re.sub(r"\W+", "_", spaced).strip("_").lower()


def looks_personal(value: str) -> bool:
    """Tell whether a whole cell looks like an e-mail address or a phone number."""
    return bool(_ADDRESS.fullmatch(value) or _PHONE.fullmatch(value))


def is_address(value: str) -> bool:
    """Tell whether a whole cell is an e-mail address and nothing else."""
    return _ADDRESS.fullmatch(value) is not None and ":" not in value


_FIELD_NAMES: Final = frozenset(
    squash(name) for field in FIELDS for name in (field, *COLUMN_ALIASES.get(field, ()))
)
"""All that a column can be called so that it is a field by its name."""


@dataclass(frozen=True, slots=True)
class ColumnOptions:
    """What the user says about columns.

    Attributes:
        columns: `--map`, field to column name.
        constants: `--set`, field to the value of every row.
        properties: `--property`, columns that are sent though they look personal.
        own_ids: Whether the export's own event id is used; `--no-event-id` turns it off.
        person_from_email: Whether an address stands in for a missing user or person id.
        profile: What the user's profile says; every option beats it.
        timezone: `--timezone`, for properties that are times.
        timestamp_format: `--timestamp-format`, likewise.
        nulls: `--null`, texts that stand for an empty cell.
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


@dataclass(frozen=True, slots=True)
class Columns:
    """What each column of a file is.

    Attributes:
        fields: Field to the index of its column.
        constants: Field to the text that every row has.
        extras: Index and property name of each unmapped column that is sent.
        forced: Indexes of extras that are sent whatever their cells look like.
        names: The column names as they stand in the file; in a profile's block, those of drawn cells after them.
        notes: Columns left out, each with the reason.
        kinds: Of extras that are not sent as text, by index.
        also: Further columns that a field comes from in one of several blocks, by index.
        field_sources: Field to the columns and paths that it comes from; all of them, where a profile says it.
        property_sources: Property to the columns and paths that it comes from, likewise; none for a constant.
    """

    fields: Mapping[str, int]
    constants: Mapping[str, str]
    extras: tuple[tuple[int, str], ...]
    forced: frozenset[int]
    names: tuple[str, ...]
    notes: tuple[Note, ...]
    kinds: Mapping[int, PropertyType] = field(default_factory=dict)
    also: Mapping[int, str] = field(default_factory=dict)
    field_sources: Mapping[str, Sequence[str]] = field(default_factory=dict)
    property_sources: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def has(self, name: str) -> bool:
        """Tell whether a field has a column or a constant."""
        return name in self.fields or name in self.constants

    def column_of(self, name: str | None) -> str | None:
        """Return the file's own name for a field's column; the name itself where no column has it."""
        return self.names[self.fields[name]] if name is not None and name in self.fields else name

    def by_column(self) -> dict[str, str]:
        """Return column name to field, for those that are mapped; of several fields the first."""
        uses: dict[str, str] = {}
        for name, index in self.fields.items():
            uses.setdefault(self.names[index], name)
        for index, name in self.also.items():
            uses.setdefault(self.names[index], name)
        return uses

    def by_field(self) -> dict[str, list[str]]:
        """Return field to the columns and paths that it comes from, for those that are mapped."""
        sources = self.field_sources or {name: [self.names[index]] for name, index in self.fields.items()}
        return {name: list(names) for name, names in sources.items()}

    def by_property(self) -> dict[str, list[str]]:
        """Return property to the columns and paths that it comes from; a constant one comes from none."""
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
) -> Columns:
    """Settle what each column is.

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
    refuse_unknown_fields(options)
    _refuse_ready_messages(names, options, file)
    fields = explicit_fields(names, options, file, elsewhere=elsewhere)
    given = {*fields, *options.constants}
    fields |= automatic_fields(names, given, set(fields.values()), options, file)
    extras, forced, notes = unmapped_columns(names, sample, set(fields.values()), options)
    columns = Columns(fields, dict(options.constants), extras, forced, tuple(names), notes)
    require_the_essentials(columns, options, file)
    return columns


def refuse_unknown_fields(options: ColumnOptions) -> None:
    """Make sure that `--map` and `--set` name fields, each once.

    Raises:
        UsageError: They do not.
    """
    for option, given in (("--map", options.columns), ("--set", options.constants)):
        for name, value in given.items():
            if name not in FIELDS:
                raise UsageError(
                    f"{option} {name}=… names no field; fields are {', '.join(FIELDS)}",
                    hint=_field_meant(option, name, value),
                )
    both = sorted(set(options.columns) & set(options.constants))
    if both:
        raise UsageError(
            f"{both[0]} is given twice, by --map and by --set",
            hint=f"drop --map {both[0]}=… or --set {both[0]}=…",
        )


def _field_meant(option: str, name: str, value: str) -> str:
    """Name the field that an option seems to mean; a value that is set may be personal and is not repeated."""
    fields = {squash(field): field for field in FIELDS}
    swapped = fields.get(squash(value)) if option == "--map" else None
    if swapped and not fields.get(squash(name)):
        return f"the field comes first: {option} {swapped}={quoted(name)}"
    near = get_close_matches(squash(name), fields, 1, 0.6)
    shown = quoted(value) if option == "--map" else "…"
    if near:
        return f"did you mean {option} {fields[near[0]]}={shown}?"
    return f"the field comes first, then what it is taken from, for example {option} campaign_id={shown}"


def _refuse_ready_messages(names: Sequence[str], options: ColumnOptions, file: str) -> None:
    """Refuse what has the form of Segment's own messages; its members are no columns of an export.

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
    """Find the columns that `--map` names, by field, and see that `--property` can be followed.

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
        fields[name] = _index_of(column, names, file, f"--map {name}=", elsewhere)
    for column in options.properties:
        index = _index_of(column, names, file, "--property ", elsewhere)
        if snake_case(names[index]) in RESERVED_PROPERTIES:
            raise UsageError(
                f"--property {column}: Segment discards properties named “{snake_case(column)}”",
                hint="rename the column in the export",
            )
    return fields


def _index_of(
    column: str, names: Sequence[str], file: str, option: str, elsewhere: Callable[[str], bool]
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
    near = get_close_matches(column, names, 1, 0.4)
    hint = f"did you mean {option}{quoted(near[0])}?" if near else f"give one of these names: {option}COLUMN"
    raise InputError(f"{file} has no column “{column}”; it has {listed(names)}", hint=hint)


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
    # Most columns of a wide file are none of any field, and are looked at once.
    likely = [
        (i, column)
        for i, column in enumerate(names)
        if squash(column) in _FIELD_NAMES and i not in taken and column not in REJECT_COLUMNS
    ]
    for name in FIELDS:
        if name in given or (name == "event_id" and not options.own_ids):
            continue
        free = [(i, column) for i, column in likely if i not in fields.values()]
        index = _best_column(name, free, by_exact_name, file)
        if index is not None:
            fields[name] = index
    return fields


def _best_column(
    name: str, columns: Sequence[tuple[int, str]], by_exact_name: AbstractSet[int], file: str
) -> int | None:
    """Find a field's column: the exact name beats a spelling of it, which beats an alias."""
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
    candidates = next((rank for rank in by_rank if rank), [])
    if len(candidates) > 1:
        ways = " or ".join(f"--map {name}={quoted(column)}" for i, column in columns if i in candidates)
        raise InputError(f"{file}: {len(candidates)} columns could be {name}", hint=f"say which one: {ways}")
    return candidates[0] if candidates else None


def unmapped_columns(
    names: Sequence[str],
    sample: Sequence[Sequence[str]],
    mapped: AbstractSet[int],
    options: ColumnOptions,
    *,
    properties: Collection[str] = (),
    wanted: bool = True,
) -> tuple[tuple[tuple[int, str], ...], frozenset[int], tuple[Note, ...]]:
    """Settle which columns that are nothing else are sent as properties, and which are left out, and why.

    Args:
        names: The file's column names.
        sample: Some of the file's first rows.
        mapped: Indexes of columns that are something else.
        options: What the user says.
        properties: Names of properties that are sent already.
        wanted: Whether columns are sent without being asked for.

    Returns:
        Index and property name of what is sent; the indexes that are sent on the user's word; a note for each
        column that is left out.
    """
    sample = sample if isinstance(sample, Sample) else Sample(map(list, sample))
    extras: list[tuple[int, str]] = []
    notes = []
    asked = {squash(name) for name in options.properties}
    forced = frozenset(i for i, name in enumerate(names) if asked and squash(name) in asked)
    taken = {*FIELDS, "link_url", *properties}
    no_ids = not options.own_ids
    for i, (column, (name, plain, unusable, personal)) in enumerate(
        zip(names, sample.looks(names), strict=False)
    ):
        if (i in mapped or not wanted) and i not in forced:
            continue
        if not plain or name in taken or no_ids:
            if column in REJECT_COLUMNS or not column or (no_ids and _is_event_id(column)):
                continue
            reason = unusable or _reason_to_leave_out(name, personal, taken, forced=i in forced)
            if reason:
                notes.append(Note(rules.COLUMN_LEFT_OUT, reason, column, hint=_mend_for(column, reason)))
                continue
        taken.add(name)
        extras.append((i, name))
    return tuple(extras), forced, tuple(notes)


def _is_event_id(column: str) -> bool:
    return squash(column) == "eventid" or squash(column) in COLUMN_ALIASES["event_id"]


def _reason_to_leave_out(name: str, personal: str | None, taken: set[str], *, forced: bool) -> str | None:
    if name in taken and not (forced and name == "email"):
        return f"another column is already sent as {name}"
    return None if forced else personal


class _Look(NamedTuple):
    """What a column would be sent as, whether nothing of its own is against it, else why it cannot or is personal."""

    name: str
    plain: bool
    unusable: str | None
    personal: str | None


class Sample(tuple[list[str], ...]):  # noqa: SLOT001 - it remembers
    """A file's first rows, of which each column's look is remembered, as they are looked at with each new key."""

    def looks(self, columns: Sequence[str]) -> Sequence[_Look]:
        """Say of columns what is to be said of each on its own; of one file's, there are ever more at the end."""
        known: list[_Look] = self.__dict__.setdefault("known", [])
        for index in range(len(known), len(columns)):
            name = snake_case(columns[index])
            unusable, personal = _reason_unusable(name), self._reason_personal(name, index)
            plain = not (unusable or personal or columns[index] in REJECT_COLUMNS)
            known.append(_Look(name, plain, unusable, personal))
        return known

    def _reason_personal(self, name: str, index: int) -> str | None:
        whose, _, trait = name.partition("_")
        if squash(name) in PERSONAL_COLUMNS or (whose in PERSON_WORDS and squash(trait) in PERSONAL_COLUMNS):
            return "its name is that of a personal trait"
        filled = [row[index] for row in self if index < len(row) and row[index]]
        if filled and sum(map(looks_personal, filled)) > _SAMPLE_SHARE * len(filled):
            return "its cells look like addresses or phone numbers"
        return None


def _reason_unusable(name: str) -> str | None:
    if not name:
        return "its name has no letter or digit, so no property can be named after it"
    if name in RESERVED_PROPERTIES:
        return f"Segment reserves the property name {name} and drops it"
    return None


def _mend_for(column: str, reason: str) -> str:
    if reason.startswith(("its name is", "its cells")):
        return f"send it all the same with --property {quoted(column)}"
    return "rename the column in the export to send it"


def require_the_essentials(columns: Columns, options: ColumnOptions, file: str) -> None:
    """Make sure that event, time and person come from somewhere.

    Raises:
        InputError: One of them does not.
    """
    if not any(map(columns.has, ("event", "timestamp", "userId", "personId", "email"))):
        raise _no_export(columns.names, file)
    no_events = '--set event="Email Opened"; a list of contacts holds no events, export the activity instead'
    for name, value in (("event", no_events), ("timestamp", "")):
        if not columns.has(name):
            near = get_close_matches(name, columns.names, 1, 0.4)
            ways = [f"--map {name}={quoted(near[0] if near else 'COLUMN')}", value]
            raise InputError(
                f"{file}: no column is known as the {name}; the columns are {listed(columns.names)}",
                hint=f"say which one it is: {' or '.join(filter(None, ways))}",
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
    raise InputError(
        f"{file}: no column is known as the person; the columns are {listed(columns.names)}",
        hint="say which one it is: --map userId=COLUMN or --map personId=COLUMN, or --map email=COLUMN "
        "with --user-id-from email",
    )


def _no_export(names: Sequence[str], file: str) -> InputError:
    """Say that a file has nothing of an export of events, and what it seems to be instead."""
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
    """Spell a name so that a shell reads it as one word."""
    return name if re.fullmatch(r"[\w./\-]+", name) else "'" + name.replace("'", "'\\''") + "'"


def listed(names: Sequence[str], most: int = 20) -> str:
    """List names for a message, the first `most` of them."""
    shown = ", ".join(f"“{name}”" for name in names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
