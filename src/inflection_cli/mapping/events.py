"""Read the parts of an event from cells, with notes on problems."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from operator import itemgetter
from typing import Final, Literal, NamedTuple

import orjson

from inflection_cli import rules
from inflection_cli.catalog import (
    CAMPAIGN_FIELDS,
    EVENTS,
    FALSE_WORDS,
    TRUE_WORDS,
    EventKind,
)
from inflection_cli.errors import UsageError
from inflection_cli.lossless_json import JsonCell, fits_a_float
from inflection_cli.mapping.column_names import quoted, snake_case, squash
from inflection_cli.mapping.columns import BoundColumns, Carried, ColumnOptions
from inflection_cli.mapping.personal_data import (
    has_only_addresses,
    is_address,
    looks_personal,
    personal_member,
)
from inflection_cli.mapping.profile.json_paths import spell_path
from inflection_cli.mapping.profile.property_types import LITERAL_TYPES
from inflection_cli.model import Campaign, Note, Person, Rule, Severity, Trail
from inflection_cli.suggestions import distance, nearest
from inflection_cli.text_faults import (
    damage,
    damage_hint,
    empty_option,
    is_null_in_text,
    is_null_word,
    is_placeholder,
    misspelled,
    null_option,
    unseen,
)

_LOOKED_UP: Final = 1 << 10
"""Names kept: a file repeats its few unknown events on thousands of rows."""

_KNOWN: Final = {
    word: kind.name
    for kind in EVENTS
    for word in (squash(kind.name), squash(kind.spec_name), *kind.other_names)
}

_OTHER_STEMS: Final = (
    "block", "cancel", "convert", "defer", "delay", "drop", "error", "expir", "fail", "filter", "held", "hold",
    "ignor", "inapp", "invalid", "no", "not", "pause", "process", "push", "queue", "reject", "remov",
    "resub", "schedul", "send", "sent", "skip", "sms", "suppress", "un", "web", "whatsapp",
)  # fmt: skip
"""Beginnings of words that make another event of a name: it did not happen, on another channel, or earlier."""


@lru_cache(maxsize=_LOOKED_UP)
def nearest_event(name: str) -> str | None:
    """Return the Inflection event that a misspelt name means, or None."""
    word = squash(name)
    found = [each for each in nearest(word, _KNOWN, len(_KNOWN)) if not _says_otherwise(word, each)]
    if not found:
        return None
    least = distance(word, found[0])
    events = {_KNOWN[each] for each in found if distance(word, each) == least}
    return events.pop() if len(events) == 1 else None


def _says_otherwise(word: str, known: str) -> bool:
    # A bounce has no negation in it, however it is misspelt.
    said, known = word.replace("boun", "bon"), known.replace("boun", "bon")
    return any((stem in said) != (stem in known) for stem in _OTHER_STEMS)


PERSON_FIELDS: Final = ("userId", "personId", "email", "ip", "user_agent", "groupId", "session_id")
PERSON_IDS: Final = PERSON_FIELDS[:2]
ODD_PEOPLE: Final = frozenset({rules.PLACEHOLDER_PERSON, rules.PERSON_ID_MISSPELLED, rules.PERSON_ID_DAMAGED})
"""What may be wrong with a person's id that is one."""

# Excel writes 1.23457E+18; a bare 1e5 is left alone, as ids made of hex digits look like it.
_SCIENTIFIC: Final = re.compile(r"[+-]?\d+(?:[.,]\d+)?[eE](?:[+-]\d+|\d{2,})|[+-]?\d+[.,]\d+[eE]\d+")

_SCIENTIFIC_CHARS: Final = 24
"""Longer than any number in scientific notation that a spreadsheet writes."""

_DECIMAL: Final = re.compile(r"\d+\.0")
"""How a program writes an id that it took for a number: 12345.0."""

_NAMED: Final = re.compile(r"[^<>]*[^<>\s][^<>]*<\s*(?P<address>[^<>\s]+)\s*>")
_COMMENTED: Final = re.compile(r"(?P<address>[^\s()<>]+)\s+\([^()]*\)")
_ADDRESSES: Final = re.compile(r"[^\s@<>,;:\"'()]+@[^\s@<>,;:\"'()]+\.[^\s@<>,;:\"'()]+")

SKIPPED: Final = "--unknown-events skip"
"""Why an event is left out whose name is none of Inflection's."""

NAMED_OUT: Final = "--skip-event"
"""Why an event is left out that an option or the profile names."""

_TOTALS: Final = frozenset({"total", "totals", "grandtotal", "subtotal", "sum", "gesamt", "summe"})

_KINDS: Final[Mapping[str, EventKind]] = {
    name: kind for kind in EVENTS for name in (squash(kind.name), squash(kind.spec_name), *kind.other_names)
}


def kind_of(name: str) -> EventKind | None:
    """Find an event by name in any spelling; None if unknown."""
    return _KINDS.get(squash(name))


@dataclass(frozen=True, slots=True)
class MapOptions:
    """The user's options about rows and events.

    Attributes:
        columns: What is said about columns.
        unknown_events: What becomes of an event that is not Inflection's.
        user_id_from_email: Whether an address stands in for a missing userId.
        anonymous_id_from_email: Whether a hash of the address stands in for a missing personId.
        naming: `inflection` or `spec`.
        events: Inflection's names of the events to keep; empty keeps all.
        properties_as_text: Whether JSON in properties is sent as text where no profile says a type.
        email_trait: Whether the address is sent as a trait.
        allow_implausible: Whether the user takes people whom the counts over all rows show to be implausible.
        nulls: Texts that stand for an empty cell, outer white space aside.
        judges_people: Whether ids that are placeholders, misspelt or damaged reject their row. Runs of earlier
            versions sent them, and are verified by their own rule.
        keep_equal_rows: Whether events that are equal in every identifying field are told apart by their order.
        person_is_session: Whether the personId is also the id of a session, sent beside a userId.
    """

    columns: ColumnOptions = field(default_factory=ColumnOptions)
    unknown_events: Literal["reject", "skip", "send"] = "reject"
    user_id_from_email: bool = False
    anonymous_id_from_email: bool = False
    naming: Literal["inflection", "spec"] = "inflection"
    events: frozenset[str] = frozenset()
    properties_as_text: bool = False
    email_trait: bool = False
    allow_implausible: bool = False
    nulls: frozenset[str] = frozenset()
    judges_people: bool = True
    person_is_session: bool = False
    keep_equal_rows: bool = False


class CellUse(NamedTuple):
    """Use of a cell as a further property.

    Attributes:
        kind: The first letter of what is sent; "-" for nothing, empty for a column that is never sent.
        sent: Whether it is sent.
        hashed: Whether it counts in the content hash.
        is_json: Whether its text is sent as the JSON that it is.
        notes: What is to be said of it.
    """

    kind: str
    sent: bool = False
    hashed: bool = False
    is_json: bool = False
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Filtered:
    """Result for a row that an option filters out; `reason` names it."""

    reason: str


class EventReader:
    """Reads the parts of an event from cells, for one file's columns.

    Each method takes the cells of its part in the order of the matching `…_columns` and returns the part
    with its notes; the part is None where a note is an error.

    Args:
        columns: What each cell is.
        options: What the user says.
        encoding: How the file was decoded, which may explain a text that is damaged.
        time_of: The event that the column of times is named after; None where it is of no event.
    """

    def __init__(
        self,
        columns: BoundColumns,
        options: MapOptions,
        encoding: str = "utf-8",
        *,
        time_of: EventKind | None = None,
    ) -> None:
        self.columns = columns
        self._options = options
        self._encoding = encoding
        self._time_of = time_of
        self.campaign_columns = _present(CAMPAIGN_FIELDS, columns)
        self.person_columns = _present(PERSON_FIELDS, columns)
        self.link_columns = _present(("email_link_url",), columns)
        # Whether a person is nothing but ids in columns of their own; the commonest shape, and the quickest. An
        # address beside them counts only where something is made of it.
        uses_email = options.user_id_from_email or options.anonymous_id_from_email or options.email_trait
        self.person_is_two_ids = set(PERSON_FIELDS[: 2 if uses_email else 3]).issuperset(
            self.person_columns
        ) and not (options.person_is_session or set(PERSON_FIELDS) & set(columns.constants))
        self._person_constants = tuple(columns.constants.get(name, "") for name in PERSON_FIELDS)
        self._person_fields = itemgetter(
            *(
                self.person_columns.index(name)
                if name in self.person_columns
                else len(self.person_columns) + at
                for at, name in enumerate(PERSON_FIELDS)
            )
        )
        self._constant_link = columns.constants.get("email_link_url")
        self._literals = frozenset(name for name, kind in columns.kinds.items() if kind in LITERAL_TYPES)
        self._carried = columns.carried

    def campaign(self, cells: Sequence[str]) -> tuple[Campaign | Filtered | None, tuple[Note, ...]]:
        """Read the event name and the campaign fields."""
        raw = {**self.columns.constants, **dict(zip(self.campaign_columns, cells, strict=True))}
        notes: list[Note] = []
        name = trimmed("event", raw.get("event", ""), notes)
        notes += self._faults("event", name)
        named = self._named(name, notes)
        if not isinstance(named, _Named):
            return named, tuple(notes)
        kind = named.kind
        notes += self._time_faults(kind)
        campaign = Campaign(
            event=named.event,
            sent_event=named.sent,
            link=kind is not None and kind.link,
            unique_flag=kind.unique_flag if kind else None,
            email_id=self._identifier("email_id", raw.get("email_id", ""), notes),
            campaign_id=self._identifier("campaign_id", raw.get("campaign_id", ""), notes),
            campaign_run_id=self._identifier("campaign_run_id", raw.get("campaign_run_id", ""), notes),
            campaign_name=self._text("campaign_name", raw, notes),
            email_subject=self._text("email_subject", raw, notes),
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
        name = options.columns.event_names.get(name.casefold(), name)
        kind = kind_of(name)
        if not name or not self._kept(kind.name if kind else name):
            return Filtered("--event" if name else NAMED_OUT)
        if kind is None:
            if options.unknown_events == "skip":
                return Filtered(SKIPPED)
            if options.unknown_events == "reject":
                notes.append(self._unknown(name))
                return None
            return _Named(None, name, name)
        return _Named(kind, kind.name, kind.spec_name if options.naming == "spec" else kind.name)

    def _time_faults(self, kind: EventKind | None) -> Iterator[Note]:
        """Yield a note where the row's time would be another event's."""
        if kind is not None and self._time_of is not None and self._time_of.action != kind.action:
            detail = f"the time is that of {self._time_of.name}, and the row's event is {kind.name}"
            yield Note(rules.TIME_OF_ANOTHER_EVENT, detail, "timestamp")

    def _unknown(self, name: str) -> Note:
        """Build the note on an unknown event, with a likely cause."""
        squashed = squash(name)
        if squashed == squash(self.columns.column_of("event") or ""):
            detail = "the line repeats the header, as in files that were put together"
            return Note(rules.EVENT_UNKNOWN, detail, "event", name, "delete the line")
        if squashed in _TOTALS:
            detail = "the line holds totals, and no event"
            return Note(rules.EVENT_UNKNOWN, detail, "event", name, "delete the line")
        near = nearest_event(name)
        meant = f"“{near}” is the nearest: write it so in the export; " if near else ""
        hidden = unseen(name)
        detail = "unknown event" + (f", and has the invisible character {hidden}" if hidden else "")
        return Note(rules.EVENT_UNKNOWN, detail, "event", name, f"{meant}{rules.EVENT_UNKNOWN.fix}")

    def _kept(self, event: str) -> bool:
        return not self._options.events or event in self._options.events

    def person(self, cells: Sequence[str]) -> tuple[Person | None, tuple[Note, ...]]:
        """Read the person of the event."""
        user_cell, person_cell, email_cell, ip_cell, user_agent, group_cell, session_cell = (
            self._person_fields((*cells, *self._person_constants))
        )
        notes: list[Note] = []
        user_id = self._identifier("userId", user_cell, notes, "personId" if person_cell.strip() else "")
        person_id = self._identifier("personId", person_cell, notes, "userId" if user_id else "")
        email = trimmed("email", email_cell, notes) if email_cell else None
        if email is not None:
            email, user_id, person_id = self._with_address(email, user_id, person_id, notes)
        if user_id is None and person_id is None:
            notes.append(self._no_person(has_address=email is not None))
        if not self._options.judges_people:
            notes = [note for note in notes if note.rule not in ODD_PEOPLE]
        for name, cell in (("ip", ip_cell), ("user_agent", user_agent)):
            notes += self._json_notes(name, cell)
        if notes and has_error(notes):
            return None, tuple(notes)
        ip = trimmed("ip", ip_cell, notes) if ip_cell else None
        if user_agent:
            notes += self._damages("user_agent", user_agent)
        group_id = trimmed("groupId", group_cell, notes) if group_cell else None
        session = person_id if self._options.person_is_session else None
        if session_cell:
            session = self._identifier("session_id", session_cell, notes)
        return Person(user_id, person_id, email, ip, user_agent or None, group_id, session), tuple(notes)

    def _no_person(self, *, has_address: bool) -> Note:
        """Build the note on a row without an id."""
        detail = "there is neither a userId nor a personId"
        asked = self._options.user_id_from_email or self._options.anonymous_id_from_email
        if asked and not has_address:
            detail += ", and the address is empty"
            return Note(
                rules.PERSON_MISSING, detail, hint="fill the address, or one of the ids, in the export"
            )
        return Note(rules.PERSON_MISSING, detail)

    def _with_address(
        self, email: str, user_id: str | None, person_id: str | None, notes: list[Note]
    ) -> tuple[str | None, str | None, str | None]:
        """Return the ids, with the address for missing ones if wanted."""
        as_user = user_id is None and self._options.user_id_from_email
        as_person = person_id is None and self._options.anonymous_id_from_email
        if as_user or as_person:
            notes += self._damages("email", email, rules.PERSON_ID_DAMAGED)
        if not (as_user or as_person or self._options.email_trait):
            return email, user_id, person_id
        if (as_user or as_person) and is_container(email):
            notes.append(not_text("email", email, self.columns.column_of("email") or "email"))
        address = alone(email, notes)
        if (as_user or as_person) and not is_address(address) and not has_error(notes):
            detail = "the cell is used as an id and is not an e-mail address"
            notes.append(Note(rules.EMAIL_NOT_ADDRESS, detail, "email", address))
        if as_person:
            # What is wrong with an address cannot be seen in its hash.
            notes += _address_faults(address, self.columns.column_of("email") or "email")
        return address, address if as_user else user_id, hashed_address(address) if as_person else person_id

    def trail(self, cells: Sequence[str]) -> tuple[Trail, tuple[Note, ...]]:
        """Read the link, if any, and the further properties."""
        has_link = len(self.link_columns)
        link = cells[0] if has_link else self._constant_link
        notes = [] if "".join(cells).isascii() else self._unplain(link, cells[has_link:])
        notes += self._json_notes("email_link_url", link or "")
        kinds: list[str] = []
        extras, hashed, typed = [], [], []
        for column, cell in zip(self._carried, cells[has_link:], strict=True):
            read = self.property_cell(column, cell)
            kinds += read.kind
            if read.hashed:
                hashed.append((column.name, cell))
            if read.sent:
                extras.append((column.name, cell))
            if read.is_json:
                typed.append(column.name)
            notes += read.notes
        literals = self._literals.union(typed) if typed else self._literals
        return Trail(link or None, tuple(extras), literals, "".join(kinds), tuple(hashed)), tuple(notes)

    def property_cell(self, column: Carried, cell: str) -> "CellUse":
        """Read a further property's cell; damage to its text is `damages`' part."""
        if not cell:
            return CellUse("-" if column.sent else "")
        personal, ever = self._personal(column.place, cell)
        hashed = column.hashed and not ever
        if not column.sent:
            return CellUse("", hashed=hashed)
        kind = self._kind(column.name, cell) if personal is None else "-"
        notes: tuple[Note, ...] = ()
        is_json = kind not in "t-"
        if personal is not None or is_null_in_text(cell) or (is_json and not _fits(cell)):
            notes = tuple(self._property_notes(self.columns.names[column.place], cell, personal, kind))
        return CellUse(kind, personal is None, hashed, is_json, notes)

    def sends_json(self, name: str) -> bool:
        """Return whether a property's cells of JSON are sent as JSON."""
        return name not in self.columns.kinds and not self._options.properties_as_text

    def is_literal(self, name: str) -> bool:
        """Return whether a property's text is JSON by its type."""
        return name in self._literals

    def property_damages(self, column: Carried, cell: str) -> tuple[Note, ...]:
        """Return the notes on damage to a property's text."""
        return tuple(self._damages(self.columns.names[column.place], cell)) if column.sent else ()

    def link_faults(self, link: str) -> tuple[Note, ...]:
        """Return the notes on the characters of a link."""
        return tuple(self._faults("email_link_url", link))

    def _unplain(self, link: str | None, cells: Sequence[str]) -> list[Note]:
        """Return the notes on the characters of a link and further properties."""
        notes = list(self.link_faults(link or ""))
        for column, cell in zip(self._carried, cells, strict=True):
            notes += self.property_damages(column, cell)
        return notes

    def _kind(self, name: str, cell: str) -> str:
        """Return the first letter of a property's kind; `t` is text."""
        if type(cell) is not JsonCell or not self.sends_json(name):
            return "t"
        return cell.kind[0]

    def _property_notes(self, column: str, cell: str, personal: str | None, kind: str) -> Iterator[Note]:
        """Yield the problems of a property's cell, of which `kind` is sent."""
        yield from _nulls(column, cell)
        if personal is not None:
            hint = f"--property {quoted(column)} sends the column unchanged"
            yield Note(rules.VALUE_LEFT_OUT, f"a cell {personal} and is not sent", column, cell, hint)
        if kind not in "t-" and not _fits(cell):
            detail = "a number is beyond what a 64-bit float holds, and is sent as it is written"
            line = f'{snake_case(column)} = {{ column = {json.dumps(column, ensure_ascii=False)}, type = "string" }}'
            hint = f"send it as text: --properties-as-text, or in a profile [properties] {line}"
            yield Note(rules.NUMBER_TOO_LARGE, detail, column, cell, hint)

    def _personal(self, place: int, cell: str) -> tuple[str | None, bool]:
        """Return why a cell is personal, and whether all versions withheld it."""
        # An address has an @; a phone number, an object and a list begin with something other than a letter. What
        # JSON writes as a number is neither.
        plain = cell[0].isalpha() and "@" not in cell
        if plain or place in self.columns.forced or (type(cell) is JsonCell and cell[0] not in "[{"):
            return None, False
        member, ever = personal_member(cell), looks_personal(cell)
        if member is not None:
            return f"has a personal member, {self.columns.names[place]}.{member},", ever
        personal = ever or has_only_addresses(cell)
        return ("looks like an address or a phone number" if personal else None), ever

    def own_id(self, cell: str) -> tuple[str | None, tuple[Note, ...]]:
        """Read the export's own event id."""
        notes: list[Note] = []
        value = self._identifier("event_id", cell, notes)
        return value, tuple(notes)

    def _identifier(self, name: str, cell: str, notes: list[Note], other: str = "") -> str | None:
        if not cell:
            return None
        value = trimmed(name, cell, notes)
        if value is None:
            instead = f", so the {other} of the row is used" if other else ""
            detail = f"{name} is white space alone and counts as empty{instead}"
            notes.append(Note(rules.OUTER_SPACE, detail, name, cell))
            return None
        notes += _odd_forms(name, value, self.columns.column_of(name) or "COLUMN")
        rule = rules.PERSON_ID_DAMAGED if name in PERSON_IDS else rules.TEXT_DAMAGED
        notes += self._damages(name, value, rule)
        return value

    def _text(self, name: str, raw: Mapping[str, str], notes: list[Note]) -> str | None:
        """Read a text that is sent unchanged."""
        cell = raw.get(name, "")
        notes += self._json_notes(name, cell)
        notes += self._damages(name, cell)
        notes += _nulls(name, cell)
        return cell or None

    def _json_notes(self, name: str, cell: str) -> Iterator[Note]:
        """Yield a note on JSON that would be sent as text."""
        text = cell.strip()  # orjson reads no subclass of a string
        if type(cell) is JsonCell and self._options.judges_people and is_container(text):
            yield not_text(name, text, self.columns.column_of(name) or "COLUMN")

    def _faults(self, name: str, text: str | None) -> Iterator[Note]:
        """Yield notes on invisible characters and damage in a name or link."""
        hidden = unseen(text or "")
        if hidden is not None:
            detail = f"{name} has the invisible character {hidden}"
            yield Note(rules.INVISIBLE_CHARACTER, detail, name, text)
        yield from self._damages(name, text or "")

    def _damages(self, name: str, text: str, rule: Rule = rules.TEXT_DAMAGED) -> Iterator[Note]:
        fault = damage(text)
        if fault is not None:
            hint = damage_hint(text, self._encoding)
            yield Note(rule, f"{name} {fault}", name, text, hint)


@dataclass(frozen=True, slots=True, eq=False)
class _Named:
    kind: EventKind | None
    event: str
    sent: str


def is_scientific(value: str) -> bool:
    """Return whether a cell is a number in scientific notation."""
    return len(value) <= _SCIENTIFIC_CHARS and _SCIENTIFIC.fullmatch(value) is not None


def is_decimal(value: str) -> bool:
    """Return whether a cell is a whole number that ends in `.0`."""
    return value.endswith(".0") and _DECIMAL.fullmatch(value) is not None


def is_container(value: str) -> bool:
    """Return whether a cell is a JSON list or object."""
    if value[:1] not in {"[", "{"}:
        return False
    try:
        return isinstance(orjson.loads(value), list | dict)
    except orjson.JSONDecodeError:
        return False


def has_error(notes: Sequence[Note]) -> bool:
    """Return whether any note rejects the row."""
    return any(note.rule.severity is Severity.ERROR for note in notes)


def hashed_address(email: str) -> str:
    """Return the hex SHA-256 of an address in lower case."""
    return sha256(email.lower().encode()).hexdigest()


def event_names(given: Sequence[str]) -> frozenset[str]:
    """Convert `--event` names to Inflection's names; unknown names stay as given.

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
    """Remove outer white space, with a note; None if nothing is left."""
    text = cell.strip()
    if text != cell and text:
        notes.append(Note(rules.OUTER_SPACE, f"{name} has white space around it", name, cell))
    return text or None


def _odd_forms(name: str, value: str, column: str) -> Iterator[Note]:
    """Yield what programs have made of an id."""
    if is_scientific(value):
        yield Note(rules.ID_SCIENTIFIC, f"{name} is in scientific notation", name, value)
    if is_decimal(value):
        yield Note(rules.ID_DECIMAL, f"{name} ends in .0", name, value)
    if value.startswith("="):
        yield Note(rules.ID_FORMULA, f"{name} begins with an equals sign", name, value)
    if is_container(value):
        yield not_text(name, value, column)


def not_text(name: str, value: str, column: str) -> Note:
    """Return the note on JSON in place of a text."""
    hint = _way_into(name, value, column)
    return Note(rules.ID_NOT_TEXT, f"{name} is a JSON list or object", name, value, hint)


def _way_into(name: str, value: str, column: str) -> str:
    """Return the profile line that takes an id out of JSON."""
    found = orjson.loads(value)
    keys = list(found) if isinstance(found, dict) else [str(at) for at in range(len(found))]
    if not keys:
        return "leave the cell empty where there is no id"
    # One that is an address is somebody's data, and one of several is the user's choice.
    known = len(keys) == 1 and not looks_personal(keys[0])
    key = keys[0] if known else "KEY" if isinstance(found, dict) else "0"
    # Other rows may have a text there, which the column itself gives.
    line = f"{name} = {{ columns = {json.dumps([spell_path([column, key]), column], ensure_ascii=False)} }}"
    return f"take the text that is inside, in a profile [fields] {line}"


def _nulls(name: str, cell: str) -> Iterator[Note]:
    """Yield a note where a text is a word for nothing."""
    if is_null_in_text(cell):
        hint = f"treat such cells as empty: {null_option(cell)}"
        yield Note(rules.NULL_SPELLED, f"{name} is a word for nothing", name, cell, hint)


def _address_faults(address: str, column: str) -> Iterator[Note]:
    """Yield why an address names nobody, where its hash alone is sent."""
    if is_placeholder(address):
        hint = f"treat such cells as empty: {empty_option(address, 'email', column)}"
        detail = "the address is used as an id and is a placeholder"
        yield Note(rules.PLACEHOLDER_PERSON, detail, "email", address, hint)
        return
    fault = misspelled(address)
    if fault is not None:
        detail = f"the address is used as an id and {fault}"
        yield Note(rules.PERSON_ID_MISSPELLED, detail, "email", address)


def alone(cell: str, notes: list[Note]) -> str:
    """Return the address in `Name <address>`; other cells are returned unchanged."""
    found = _NAMED.fullmatch(cell) or _COMMENTED.fullmatch(cell)
    several = len({address.lower() for address in _ADDRESSES.findall(cell)}) > 1
    if found is not None and not several and is_address(found["address"]):
        detail = "the cell holds a name and an address; the address alone is used"
        notes.append(Note(rules.EMAIL_WITH_NAME, detail, "email", cell))
        return found["address"]
    if several or "<" in cell or ">" in cell:
        detail = (
            "the cell holds several addresses" if several else "the cell in angle brackets is not a recipient"
        )
        notes.append(Note(rules.EMAIL_AMBIGUOUS, detail, "email", cell))
    return cell


def _fits(cell: str) -> bool:
    """Return whether every JSON number in a cell fits a float."""
    return not isinstance(cell, JsonCell) or fits_a_float(cell)


def _flag(name: str, raw: Mapping[str, str], notes: list[Note]) -> bool | None:
    cell = raw.get(name, "")
    value = trimmed(name, cell, notes)
    if value is None:
        if cell:
            detail = f"{name} is white space alone and counts as empty"
            notes.append(Note(rules.OUTER_SPACE, detail, name, cell))
        return None
    word = value.lower()
    if word in TRUE_WORDS:
        return True
    if word not in FALSE_WORDS:
        notes.append(_unreadable(name, value))
        return None
    return False


def _unreadable(name: str, value: str) -> Note:
    hidden = unseen(value)
    detail = f"{name} is neither true nor false" + (
        f", and has the invisible character {hidden}" if hidden else ""
    )
    hint = f"treat such cells as empty: {null_option(value)}" if is_null_word(value) else ""
    return Note(rules.FLAG_UNREADABLE, detail, name, value, hint)


def _present(names: Sequence[str], columns: BoundColumns) -> tuple[str, ...]:
    return tuple(name for name in names if name in columns.fields)
