"""Columns to fields: which column is what, what becomes a property, what stays behind, and why."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Final

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
from inflection_cli.model import Note

_SAMPLE_SHARE: Final = 0.5
"""A column is personal when more than this share of its sampled cells looks so."""

_ADDRESS: Final = re.compile(r"\s*(?:mailto:)?[^\s@<>,;]+@[^\s@<>,;]+\.[^\s@<>,;]+\s*")
_PHONE: Final = re.compile(r"\s*(?:\+|00|\(\d)[\d\s().\-/]{6,}\d\s*|\s*\d{3}[-. ]\d{3}[-. ]\d{4}\s*")
_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def squash(name: str) -> str:
    """Reduce a name to its letters and digits in lower case, so that spellings of one name are equal."""
    return "".join(c for c in name.lower() if c.isalnum())


def snake_case(name: str) -> str:
    """Spell a column's name as a property's: `Mail Client` and `mailClient` are `mail_client`."""
    spaced = _CAMEL.sub("_", name.strip())
    return re.sub(r"\W+", "_", spaced).strip("_").lower()


def looks_personal(value: str) -> bool:
    """Tell whether a whole cell looks like an e-mail address or a phone number."""
    return bool(_ADDRESS.fullmatch(value) or _PHONE.fullmatch(value))


@dataclass(frozen=True, slots=True)
class ColumnOptions:
    """What the user says about columns.

    Attributes:
        columns: `--map`, field to column name.
        constants: `--set`, field to the value of every row.
        properties: `--property`, columns that are sent though they look personal.
        own_ids: Whether the export's own event id is used; `--no-event-id` turns it off.
        person_from_email: Whether an address stands in for a missing user or person id.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    properties: tuple[str, ...] = ()
    own_ids: bool = True
    person_from_email: bool = False


@dataclass(frozen=True, slots=True)
class Columns:
    """What each column of a file is.

    Attributes:
        fields: Field to the index of its column.
        constants: Field to the text that every row has.
        extras: Index and property name of each unmapped column that is sent.
        forced: Indexes of extras that are sent whatever their cells look like.
        names: The column names as they stand in the file.
        notes: Columns left out, each with the reason.
    """

    fields: Mapping[str, int]
    constants: Mapping[str, str]
    extras: tuple[tuple[int, str], ...]
    forced: frozenset[int]
    names: tuple[str, ...]
    notes: tuple[Note, ...]

    def has(self, name: str) -> bool:
        """Tell whether a field has a column or a constant."""
        return name in self.fields or name in self.constants

    def column_of(self, name: str | None) -> str | None:
        """Return the file's own name for a field's column; the name itself where no column has it."""
        return self.names[self.fields[name]] if name is not None and name in self.fields else name

    def by_column(self) -> dict[str, str]:
        """Return column name to field, for those that are mapped."""
        return {self.names[index]: name for name, index in self.fields.items()}


def bind_columns(
    names: Sequence[str], sample: Sequence[Sequence[str]], options: ColumnOptions, *, file: str
) -> Columns:
    """Settle what each column is.

    Args:
        names: The header, or the keys of an NDJSON file.
        sample: Some of the file's first rows; their cells tell personal columns apart.
        options: What the user says.
        file: For messages.

    Raises:
        InputError: A field is tied between columns, or event, time or person is nowhere to be found.
        UsageError: An option names a field or column that does not exist.
    """
    _refuse_unknown_fields(options)
    fields = _explicit(names, options, file)
    for name in FIELDS:
        if (
            name not in fields
            and name not in options.constants
            and not (name == "event_id" and not options.own_ids)
        ):
            index = _best_column(name, names, set(fields.values()), file)
            if index is not None:
                fields[name] = index
    extras, forced, notes = _extras(names, sample, fields, options)
    columns = Columns(fields, dict(options.constants), extras, forced, tuple(names), notes)
    _require_the_essentials(columns, options, file)
    return columns


def _refuse_unknown_fields(options: ColumnOptions) -> None:
    for option, given in (("--map", options.columns), ("--set", options.constants)):
        for name in given:
            if name not in FIELDS:
                near = get_close_matches(name, FIELDS, 1, 0.5) or ["campaign_id"]
                raise UsageError(
                    f"{option} {name}=… names no field; fields are {', '.join(FIELDS)}",
                    hint=f"did you mean {option} {near[0]}=…?",
                )
    both = sorted(set(options.columns) & set(options.constants))
    if both:
        raise UsageError(
            f"{both[0]} is given twice, by --map and by --set",
            hint=f"drop --map {both[0]}=… or --set {both[0]}=…",
        )


def _explicit(names: Sequence[str], options: ColumnOptions, file: str) -> dict[str, int]:
    fields = {}
    for name, column in options.columns.items():
        fields[name] = _index_of(column, names, file, f"--map {name}=")
    for column in options.properties:
        index = _index_of(column, names, file, "--property ")
        if snake_case(names[index]) in RESERVED_PROPERTIES:
            raise UsageError(
                f"--property {column}: Segment discards properties named “{snake_case(column)}”",
                hint="rename the column in the export",
            )
    return fields


def _index_of(column: str, names: Sequence[str], file: str, option: str) -> int:
    if column in names:
        return names.index(column)
    spelled = [i for i, name in enumerate(names) if squash(name) == squash(column)]
    if len(spelled) == 1:
        return spelled[0]
    near = get_close_matches(column, names, 1, 0.4)
    hint = f"did you mean {option}{quoted(near[0])}?" if near else "give one of these names"
    raise InputError(f"{file} has no column “{column}”; it has {listed(names)}", hint=hint)


def _best_column(name: str, names: Sequence[str], taken: set[int], file: str) -> int | None:
    """Find a field's column: the exact name beats a spelling of it, which beats an alias."""
    wanted = squash(name)
    aliases = COLUMN_ALIASES.get(name, ())
    by_rank: tuple[list[int], list[int], list[int]] = ([], [], [])
    for i, column in enumerate(names):
        if i in taken or column in REJECT_COLUMNS:
            continue
        if column == name:
            by_rank[0].append(i)
        elif squash(column) == wanted:
            by_rank[1].append(i)
        elif squash(column) in aliases:
            by_rank[2].append(i)
    candidates = next((rank for rank in by_rank if rank), [])
    if len(candidates) > 1:
        ways = " or ".join(f"--map {name}={quoted(names[i])}" for i in candidates)
        raise InputError(f"{file}: {len(candidates)} columns could be {name}", hint=f"say which one: {ways}")
    return candidates[0] if candidates else None


def _extras(
    names: Sequence[str], sample: Sequence[Sequence[str]], fields: Mapping[str, int], options: ColumnOptions
) -> tuple[tuple[tuple[int, str], ...], frozenset[int], tuple[Note, ...]]:
    extras: list[tuple[int, str]] = []
    notes = []
    forced = frozenset(i for i, name in enumerate(names) if _is_forced(name, options.properties))
    taken = set(FIELDS) | {"link_url"}
    ignored = {i for i, name in enumerate(names) if not options.own_ids and _is_event_id(name)}
    for i, column in enumerate(names):
        if (
            i in ignored
            or column in REJECT_COLUMNS
            or not column
            or (i in fields.values() and i not in forced)
        ):
            continue
        name = snake_case(column)
        reason = _reason_to_leave_out(name, i, sample, taken, forced=i in forced)
        if reason:
            notes.append(Note(rules.COLUMN_LEFT_OUT, reason, column, hint=_mend_for(column, reason)))
        else:
            taken.add(name)
            extras.append((i, name))
    return tuple(extras), forced, tuple(notes)


def _is_forced(column: str, properties: Sequence[str]) -> bool:
    return column in properties or squash(column) in {squash(p) for p in properties}


def _is_event_id(column: str) -> bool:
    return squash(column) == "eventid" or squash(column) in COLUMN_ALIASES["event_id"]


def _reason_to_leave_out(
    name: str, index: int, sample: Sequence[Sequence[str]], taken: set[str], *, forced: bool
) -> str | None:
    if not name:
        return "its name has no letter or digit, so no property can be named after it"
    if name in RESERVED_PROPERTIES:
        return f"Segment reserves the property name {name} and drops it"
    if name in taken and not (forced and name == "email"):
        return f"another column is already sent as {name}"
    return None if forced else _reason_personal(name, index, sample)


def _reason_personal(name: str, index: int, sample: Sequence[Sequence[str]]) -> str | None:
    whose, _, trait = name.partition("_")
    if squash(name) in PERSONAL_COLUMNS or (whose in PERSON_WORDS and squash(trait) in PERSONAL_COLUMNS):
        return "its name is that of a personal trait"
    filled = [row[index] for row in sample if index < len(row) and row[index]]
    if filled and sum(map(looks_personal, filled)) > _SAMPLE_SHARE * len(filled):
        return "its cells look like addresses or phone numbers"
    return None


def _mend_for(column: str, reason: str) -> str:
    if reason.startswith(("its name is", "its cells")):
        return f"send it all the same with --property {quoted(column)}"
    return "rename the column in the export to send it"


def _require_the_essentials(columns: Columns, options: ColumnOptions, file: str) -> None:
    for name, value in (("event", '--set event="Email Opened"'), ("timestamp", "")):
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


def quoted(name: str) -> str:
    """Spell a name so that a shell reads it as one word."""
    return name if re.fullmatch(r"[\w.\-]+", name) else "'" + name.replace("'", "'\\''") + "'"


def listed(names: Sequence[str], most: int = 20) -> str:
    """List names for a message, the first `most` of them."""
    shown = ", ".join(f"“{name}”" for name in names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
