"""Record to event: reads the cells of each part of an event, strictly, and notes what is wrong."""

import re
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final, Literal

import orjson

from inflection_cli import rules
from inflection_cli.catalog import (
    CAMPAIGN_FIELDS,
    EVENTS,
    FALSE_WORDS,
    PLACEHOLDER_IDS,
    TRUE_WORDS,
    EventKind,
)
from inflection_cli.errors import UsageError
from inflection_cli.mapping.columns import (
    ColumnOptions,
    Columns,
    is_address,
    looks_personal,
    personal_member,
    squash,
)
from inflection_cli.mapping.nearest_event import nearest_event
from inflection_cli.mapping.typed import LITERAL_TYPES
from inflection_cli.model import Campaign, Note, Person, Severity, Trail
from inflection_cli.strict_json import JsonCell, fits_a_float

PERSON_FIELDS: Final = ("userId", "personId", "email", "ip", "user_agent")

# Excel writes 1.23457E+18; a bare 1e5 is left alone, as ids made of hex digits look like it.
_SCIENTIFIC: Final = re.compile(r"[+-]?\d+(?:[.,]\d+)?[eE](?:[+-]\d+|\d{2,})|[+-]?\d+[.,]\d+[eE]\d+")

_SCIENTIFIC_CHARS: Final = 24
"""Longer than any number in scientific notation that a spreadsheet writes."""

_DECIMAL: Final = re.compile(r"\d+\.0")
"""How a program writes an id that it took for a number: 12345.0."""

_TOTALS: Final = frozenset({"total", "totals", "grandtotal", "subtotal", "sum", "gesamt", "summe"})

_LONG_NAME: Final = 8
"""Shorter names are a letter away from many words: `click` from `clock`, `open` from `opt`."""

_SWAPPED: Final = 2

_NUMBER_STARTS: Final = frozenset("+-0123456789")
_ZERO_STARTS: Final = frozenset("-0")

# Of these alone an id needs neither trimming nor escaping.
_PLAIN_CHARACTERS: Final = (string.ascii_letters + string.digits + "_.@:|/+-").encode()

_KINDS: Final[Mapping[str, EventKind]] = {
    name: kind for kind in EVENTS for name in (squash(kind.name), squash(kind.spec_name), *kind.other_names)
}


def kind_of(name: str) -> EventKind | None:
    """Find the event that a name means, whatever its spelling; None where none has it."""
    return _KINDS.get(squash(name))


@dataclass(frozen=True, slots=True)
class MapOptions:
    """What the user says about rows and events.

    Attributes:
        columns: What is said about columns.
        unknown_events: What becomes of an event that is not Inflection's.
        user_id_from_email: Whether an address stands in for a missing userId.
        anonymous_id_from_email: Whether a hash of the address stands in for a missing personId.
        naming: `inflection` or `spec`.
        events: Inflection's names of the events to keep; empty keeps all.
        properties_as_text: Whether JSON in properties is sent as text where no profile says a type.
    """

    columns: ColumnOptions = field(default_factory=ColumnOptions)
    unknown_events: Literal["reject", "skip", "send"] = "reject"
    user_id_from_email: bool = False
    anonymous_id_from_email: bool = False
    naming: Literal["inflection", "spec"] = "inflection"
    events: frozenset[str] = frozenset()
    properties_as_text: bool = False


@dataclass(frozen=True, slots=True)
class Filtered:
    """The row is left out on the user's word; `reason` names the option."""

    reason: str


class RowMapper:
    """Reads the parts of an event from cells, for one file's columns.

    Each method takes the cells of its part in the order of the matching `…_columns` and returns the part
    with its notes; the part is None where a note is an error.
    """

    def __init__(self, columns: Columns, options: MapOptions) -> None:
        self.columns = columns
        self._options = options
        self.campaign_columns = _present(CAMPAIGN_FIELDS, columns)
        self.person_columns = _present(PERSON_FIELDS, columns)
        self.link_columns = _present(("email_link_url",), columns)
        # Whether a person is nothing but two ids, each in its column; the commonest shape, and the quickest.
        self.person_is_two_ids = self.person_columns == PERSON_FIELDS[:2] and not (
            set(PERSON_FIELDS) & set(columns.constants)
        )
        self._constant_link = columns.constants.get("email_link_url")
        self._literals = frozenset(name for name, kind in columns.kinds.items() if kind in LITERAL_TYPES)
        self._carried = columns.trail_columns

    def campaign(self, cells: Sequence[str]) -> tuple[Campaign | Filtered | None, tuple[Note, ...]]:
        """Read what an event shares with its campaign."""
        raw = {**self.columns.constants, **dict(zip(self.campaign_columns, cells, strict=True))}
        notes: list[Note] = []
        name = trimmed("event", raw.get("event", ""), notes)
        named = self._named(name, notes)
        if not isinstance(named, _Named):
            return named, tuple(notes)
        kind = named.kind
        campaign = Campaign(
            event=named.event,
            sent_event=named.sent,
            link=kind is not None and kind.link,
            unique_flag=kind.unique_flag if kind else None,
            email_id=_identifier("email_id", raw.get("email_id", ""), notes),
            campaign_id=_identifier("campaign_id", raw.get("campaign_id", ""), notes),
            campaign_run_id=_identifier("campaign_run_id", raw.get("campaign_run_id", ""), notes),
            campaign_name=raw.get("campaign_name") or None,
            email_subject=raw.get("email_subject") or None,
            is_unique_open=_flag("is_unique_open", raw, notes),
            is_unique_click=_flag("is_unique_click", raw, notes),
        )
        return (None if has_error(notes) else campaign), tuple(notes)

    def _named(self, name: str | None, notes: list[Note]) -> "_Named | Filtered | None":
        options = self._options
        if name is None or is_container(name):
            rule, detail = (
                (rules.EVENT_MISSING, "the event is empty")
                if name is None
                else (rules.EVENT_UNKNOWN, "the event is a JSON list or object")
            )
            notes.append(Note(rule, detail, "event", name))
            return None
        kind = kind_of(name)
        if not self._kept(kind.name if kind else name):
            return Filtered("--event")
        if kind is None:
            if options.unknown_events == "skip":
                return Filtered("--unknown-events skip")
            if options.unknown_events == "reject":
                notes.append(self._unknown(name))
                return None
            return _Named(None, name, name)
        return _Named(kind, kind.name, kind.spec_name if options.naming == "spec" else kind.name)

    def _unknown(self, name: str) -> Note:
        """Say that an event is none of Inflection's, and what the cell seems to be."""
        squashed = squash(name)
        if squashed == squash(self.columns.column_of("event") or ""):
            detail = "the line repeats the header, as in files that were put together"
            return Note(rules.EVENT_UNKNOWN, detail, "event", name, "delete the line")
        if squashed in _TOTALS:
            detail = "the line holds totals, and no event"
            return Note(rules.EVENT_UNKNOWN, detail, "event", name, "delete the line")
        near = nearest_event(name)
        meant = f"“{near}” may be meant: write it so in the export; " if near else ""
        detail = "the event is none of Inflection's"
        return Note(rules.EVENT_UNKNOWN, detail, "event", name, f"{meant}{rules.EVENT_UNKNOWN.mend}")

    def _kept(self, event: str) -> bool:
        return not self._options.events or event in self._options.events

    def person(self, cells: Sequence[str]) -> tuple[Person | None, tuple[Note, ...]]:
        """Read who the event is about."""
        user_cell, person_cell, email_cell, ip_cell, user_agent = self._person_cells(cells)
        notes: list[Note] = []
        user_id = _identifier("userId", user_cell, notes)
        person_id = _identifier("personId", person_cell, notes)
        email = trimmed("email", email_cell, notes) if email_cell else None
        if email is not None:
            user_id, person_id = self._with_address(email, user_id, person_id, notes)
        if user_id is None and person_id is None:
            notes.append(Note(rules.PERSON_MISSING, "there is neither a userId nor a personId"))
        if notes and has_error(notes):
            return None, tuple(notes)
        ip = trimmed("ip", ip_cell, notes) if ip_cell else None
        return Person(user_id, person_id, email, ip, user_agent or None), tuple(notes)

    def _with_address(
        self, email: str, user_id: str | None, person_id: str | None, notes: list[Note]
    ) -> tuple[str | None, str | None]:
        """Let an address stand in for missing ids, where the user wants that."""
        as_user = user_id is None and self._options.user_id_from_email
        as_person = person_id is None and self._options.anonymous_id_from_email
        if (as_user or as_person) and not is_address(email):
            detail = "the cell stands in for an id and is no e-mail address"
            notes.append(Note(rules.EMAIL_NOT_ADDRESS, detail, "email", email))
        return email if as_user else user_id, hashed_address(email) if as_person else person_id

    def _person_cells(self, cells: Sequence[str]) -> Sequence[str]:
        """Return a cell for each of `PERSON_FIELDS`, constants and empty ones included."""
        full = [self.columns.constants.get(name, "") for name in PERSON_FIELDS]
        for name, cell in zip(self.person_columns, cells, strict=True):
            full[PERSON_FIELDS.index(name)] = cell
        return full

    def trail(self, cells: Sequence[str]) -> tuple[Trail, tuple[Note, ...]]:
        """Read the link, if a column has it, and the further properties."""
        has_link = len(self.link_columns)
        link = cells[0] if has_link else self._constant_link
        notes = []
        literals = self._literals
        extras, hashed, kinds = [], [], []
        for (place, name, sent, counts), cell in zip(self._carried, cells[has_link:], strict=True):
            if sent:
                kinds.append("-")
            if not cell:
                continue
            personal, ever = (None, False) if place in self.columns.forced else self._personal(place, cell)
            if personal is not None and sent:
                detail = f"a cell {personal} and is not sent"
                notes.append(Note(rules.VALUE_LEFT_OUT, detail, self.columns.names[place], cell))
            if personal is None and sent:
                extras.append((name, cell))
                kinds[-1] = "t"
                if type(cell) is JsonCell and self._goes_as_json(name):
                    kinds[-1] = cell.kind[0]
                    literals = literals | {name}
                    if not fits_a_float(cell):
                        detail = "a number is beyond what a 64-bit float holds, and is sent as it is written"
                        notes.append(Note(rules.NUMBER_TOO_LARGE, detail, self.columns.names[place], cell))
            if counts and not ever:
                hashed.append((name, cell))
        return Trail(link or None, tuple(extras), literals, "".join(kinds), tuple(hashed)), tuple(notes)

    def _goes_as_json(self, name: str) -> bool:
        """Return whether a property keeps its JSON type instead of going as text."""
        return name not in self.columns.kinds and not self._options.properties_as_text

    def _personal(self, place: int, cell: str) -> tuple[str | None, bool]:
        """Return why a cell is personal, and whether all versions withheld it."""
        member, ever = personal_member(cell), looks_personal(cell)
        if member is not None:
            return f"has a personal member, {self.columns.names[place]}.{member},", ever
        return ("looks like an address or a phone number" if ever else None), ever

    def own_id(self, cell: str) -> tuple[str | None, tuple[Note, ...]]:
        """Read the export's own event id."""
        notes: list[Note] = []
        value = _identifier("event_id", cell, notes)
        return value, tuple(notes)


@dataclass(frozen=True, slots=True)
class _Named:
    kind: EventKind | None
    event: str
    sent: str


def are_plain_ids(ids: Sequence[str]) -> bool:
    """Tell whether every id is empty or one to which `RowMapper` and the checks have nothing to say.

    It looks at all of them at once, which takes a tenth of the time that one by one does.
    """
    joined = "".join(ids)
    if not joined.isascii() or joined.encode().translate(None, _PLAIN_CHARACTERS):
        return False
    if any([not cell.strip("0-") for cell in ids if cell[:1] in _ZERO_STARTS]):  # noqa: C419 - half the time
        return False
    if ".0" in joined and any(map(is_decimal, ids)):
        return False
    short = [cell for cell in ids if 0 < len(cell) <= _SCIENTIFIC_CHARS]
    return PLACEHOLDER_IDS.isdisjoint(map(str.lower, short)) and not any(
        [is_scientific(cell) for cell in short if cell[0] in _NUMBER_STARTS]  # noqa: C419 - half the time
    )


def is_scientific(value: str) -> bool:
    """Tell whether a cell is a number in scientific notation, as a spreadsheet leaves a long id."""
    return len(value) <= _SCIENTIFIC_CHARS and _SCIENTIFIC.fullmatch(value) is not None


def is_decimal(value: str) -> bool:
    """Tell whether a cell is a whole number with a decimal's nought, as programs write an id that had gaps."""
    return value.endswith(".0") and _DECIMAL.fullmatch(value) is not None


def is_container(value: str) -> bool:
    """Tell whether a cell is a JSON list or object, which names nobody and nothing."""
    if value[:1] not in {"[", "{"}:
        return False
    try:
        return isinstance(orjson.loads(value), list | dict)
    except orjson.JSONDecodeError:
        return False


def has_error(notes: Sequence[Note]) -> bool:
    """Tell whether any note rejects the row."""
    return any(note.rule.severity is Severity.ERROR for note in notes)


def hashed_address(email: str) -> str:
    """Return the hex SHA-256 of an address in lower case, as advertising platforms hash addresses."""
    return sha256(email.lower().encode()).hexdigest()


def event_names(given: Sequence[str]) -> frozenset[str]:
    """Resolve `--event` names to Inflection's; a name that is none of them stands for itself.

    Raises:
        UsageError: A name is empty.
    """
    resolved = set()
    for name in given:
        if not name.strip():
            raise UsageError("--event needs a name", hint='--event "Email Opened"')
        kind = kind_of(name)
        resolved.add(kind.name if kind else name.strip())
    return frozenset(resolved)


def trimmed(name: str, cell: str, notes: list[Note]) -> str | None:
    """Take outer white space off a cell, with a note; None where nothing is left."""
    text = cell.strip()
    if text != cell and text:
        notes.append(Note(rules.OUTER_SPACE, f"{name} has white space around it", name, cell))
    return text or None


def _identifier(name: str, cell: str, notes: list[Note]) -> str | None:
    if not cell:
        return None
    value = trimmed(name, cell, notes)
    if value is not None and is_scientific(value):
        notes.append(Note(rules.ID_SCIENTIFIC, f"{name} is in scientific notation", name, value))
    if value is not None and is_decimal(value):
        notes.append(Note(rules.ID_DECIMAL, f"{name} ends in .0", name, value))
    if value is not None and value.startswith("="):
        notes.append(Note(rules.ID_FORMULA, f"{name} begins with an equals sign", name, value))
    if value is not None and is_container(value):
        notes.append(Note(rules.ID_NOT_TEXT, f"{name} is a JSON list or object", name, value))
    return value


def _flag(name: str, raw: Mapping[str, str], notes: list[Note]) -> bool | None:
    value = trimmed(name, raw.get(name, ""), notes)
    if value is None:
        return None
    word = value.lower()
    if word in TRUE_WORDS:
        return True
    if word not in FALSE_WORDS:
        notes.append(Note(rules.FLAG_UNREADABLE, f"{name} is neither true nor false", name, value))
        return None
    return False


def _present(names: Sequence[str], columns: Columns) -> tuple[str, ...]:
    return tuple(name for name in names if name in columns.fields)
