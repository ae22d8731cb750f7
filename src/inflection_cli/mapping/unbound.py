"""Fields that no column is or several could be, in words."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from inflection_cli.errors import InputError
from inflection_cli.mapping.column_names import listed, quoted
from inflection_cli.mapping.personal_data import looks_personal
from inflection_cli.settings.layering import file_word
from inflection_cli.settings.toml_text import toml_string

Reason = Literal["absent", "tied", "addresses", "other times", "sending"]
"""No column is known as it; several are by their names; a person has but an address; events have times of their own;
the time's name is that of the sending, which a run warns of."""

PERSON: Final = "person"
"""Stands for userId and personId, one of which is needed."""

_COLUMNS: Final = {"event": "event-name", "timestamp": "timestamp", PERSON: "person"}

_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d.*|\d{1,2}([./])\d{1,2}\1\d{2,4}.*")
_LONG_NUMBER: Final = re.compile(r"\d{5,}")
_LINES: Final = {
    "event": 'write event = "COLUMN" under [fields], or event = { constant = "Email Opened" }; under an [[event]] '
    'name = "Email Opened" does',
    "timestamp": 'write timestamp = "COLUMN" under [fields], or under the [[event]]',
    PERSON: 'write userId = "COLUMN" or personId = "COLUMN" under [fields], or email = "COLUMN" there with '
    'user_id_from = "email" under [options]',
}
_RECIPIENT_LINES: Final = 'write email = "COLUMN" under [fields], the column of the recipient'
_ADDRESS_LINES: Final = (
    'under [options], user_id_from = "email" sends the address as userId, and anonymous_id_from = "email" a hash '
    "of it as anonymousId"
)


@dataclass(frozen=True, slots=True)
class ProfilePlace:
    """The part of a profile that leaves a field unbound.

    Attributes:
        words: What messages call it.
        not_used: Field to the column that is known by its name and that the profile does not name.
        takes_option: Whether an option may say the field for one run.
    """

    words: str
    not_used: Mapping[str, str] = field(default_factory=dict)
    takes_option: bool = False


@dataclass(frozen=True, slots=True)
class Unbound:
    """A field that no column is, or that several could be.

    Attributes:
        field: Its name, or `PERSON`.
        reason: Why it is unbound.
        candidates: The columns that could be it; of addresses the one that holds them.
        proposed: The one column that can be proposed; None where more than one could be meant.
        evidence: What the file says of it, for the end of the message.
        from_email: Whether an address stands in for the person's id, so that its column is missing.
        by_option: Whether an option can name the column that is proposed; a profile alone names a path.
        place: The part of a profile that leaves it so; None without a profile.
    """

    field: str
    reason: Reason = "absent"
    candidates: tuple[str, ...] = ()
    proposed: str | None = None
    evidence: str = ""
    from_email: bool = False
    by_option: bool = True
    place: ProfilePlace | None = None

    @property
    def message(self) -> str:
        """Sentence on what is unbound, without the file."""
        if self.reason == "tied":
            return f"{len(self.candidates)} columns could be {self.field}: {listed(self.candidates)}"
        if self.reason == "other times":
            time = self.candidates[-1]
            return (
                f"the time would be “{time}”, recognised by its name only, and {self.evidence}. A row may be several "
                f"events, and all would get the time in “{time}”"
            )
        if self.reason == "addresses":
            where = f" in {' and '.join(f'“{name}”' for name in self.candidates)}" if self.candidates else ""
            return f"neither user ids nor person ids found, only addresses{where}{self.evidence}"
        if self.reason == "sending":
            return self.evidence
        return f"no {_COLUMNS[self.field]} column recognised{self.evidence}"

    @property
    def option(self) -> str:
        """Options that bind it, with a value to try."""
        if self.reason == "sending":
            return (
                f"{self._mapped(self.candidates[0])}, if that is when they happened" if self.by_option else ""
            )
        if self.reason == "addresses":
            column = self._address
            named = f"--map email={quoted(column)} " if column else ""
            ways = f"{named}--user-id-from email, or {named}--anonymous-id-from email, which sends a hash"
            return ways if self.by_option else ""
        constant = ', or --set event="Email Opened"' if self._may_be_constant else ""
        return f"{self._mapped()}{constant}"

    @property
    def line(self) -> str:
        """Line of a profile that binds it."""
        if self.reason == "sending":
            return f"[fields] timestamp = {toml_string(self.candidates[0])}"
        if self.reason == "addresses":
            named = f"[fields] email = {toml_string(self._address)} and " if self._address else ""
            return f'{named}[options] user_id_from = "email", or anonymous_id_from = "email"'
        constant = ', or { constant = "Email Opened" }' if self._may_be_constant else ""
        return f"[fields] {self._name} = {toml_string(self.proposed or 'COLUMN')}{constant}"

    def hint(self, file: str) -> str:
        """Return what to do where a run refuses the file."""
        if self.place is not None:
            return self._profile_hint(self.place)
        if self.reason == "tied":
            return f"name one: {' or '.join(map(self._mapped, self.candidates))}"
        if self.reason == "other times":
            return self._hint_of_times(file)
        if self.reason == "addresses":
            return self._hint_of_addresses()
        look = "" if self.proposed else f"; infl-seg inspect {file_word(file)} describes the columns"
        more = {
            "event": ' or --set event="Email Opened"; rows that are not events: --as identify, --as group or --as page',
            PERSON: ""
            if self.from_email
            else " or --map personId=COLUMN, or --map email=COLUMN with --user-id-from email",
        }
        return f"name it: {self._mapped()}{more.get(self.field, '')}{look}"

    @property
    def _address(self) -> str | None:
        """The column of addresses; a stand-in if there are several."""
        return "COLUMN" if len(self.candidates) > 1 else self.proposed

    @property
    def _name(self) -> str:
        if self.field == PERSON:
            return "email" if self.from_email and self.proposed is None else "userId"
        return self.field

    @property
    def _may_be_constant(self) -> bool:
        return self.field == "event" and self.reason == "absent" and self.proposed is None

    def _mapped(self, column: str | None = None) -> str:
        return f"--map {self._name}={quoted(column or self.proposed or 'COLUMN')}"

    def _hint_of_addresses(self) -> str:
        if len(self.candidates) > 1:
            columns = " or ".join(f"--map email={quoted(name)}" for name in self.candidates)
            return (
                f"name the recipient's: {columns}; beside it, --user-id-from email sends the address as userId, or "
                "--anonymous-id-from email a hash of it"
            )
        return (
            "--user-id-from email sends the address as userId; "
            "--anonymous-id-from email sends a hash of it as anonymousId"
        )

    def _hint_of_times(self, file: str) -> str:
        *events, time = self.candidates
        profile = (
            f"have an event for each of {listed(events)} by a profile: infl-seg inspect {file_word(file)} "
            "--save PROFILE.toml"
        )
        if len(events) > 1:  # any one column would be the wrong time for the events of the others
            return profile
        return f"name the right time: {self._mapped(events[0])} or {self._mapped(time)}; or {profile}"

    def _profile_hint(self, place: ProfilePlace) -> str:
        """Return the lines to write, with candidates in place of COLUMN."""
        lines = _ADDRESS_LINES if self.reason == "addresses" else _LINES[self.field]
        if self.from_email:
            lines = _RECIPIENT_LINES
        for name, column in place.not_used.items():
            line = f"{name} = {json.dumps(column, ensure_ascii=False)}"
            known = f'{name} = "COLUMN"'
            lines = (
                lines.replace(known, line) if known in lines else f"write {line} under [fields]; or {lines}"
            )
        option = f"; for this run alone: {self._mapped()}" if place.takes_option else ""
        return lines + option


def unbound_essentials(has: Callable[[str], bool], *, person_from_email: bool) -> Iterator[Unbound]:
    """Yield which of event, time and person come from nowhere.

    Args:
        has: Tells whether a field comes from somewhere, or has been found unbound already.
        person_from_email: Whether an address stands in for a person's id.
    """
    for name in ("event", "timestamp"):
        if not has(name):
            yield Unbound(name)
    if has("userId") or has("personId"):
        return
    if not has("email"):
        yield Unbound(PERSON, from_email=person_from_email)
    elif not person_from_email:
        yield Unbound(PERSON, "addresses")


def refusal(unbound: Sequence[Unbound], names: Sequence[str], file: str) -> InputError | None:
    """Return the error for a file's unbound fields, or None.

    Args:
        unbound: The fields, the first one to be told first.
        names: The file's column names.
        file: For messages.
    """
    if not unbound:
        return None
    first = unbound[0]
    if first.place is None and [(each.field, each.reason) for each in unbound] == _NOTHING:
        return _no_export(names, file)
    where = f"{file}, for {first.place.words}" if first.place else file
    hint = first.hint(file)
    if len(unbound) > 1:
        hint += f"; infl-seg inspect {file_word(file)} shows all that is missing"
    return InputError(f"{where}: {first.message}", hint=hint)


_NOTHING: Final = [(name, "absent") for name in ("event", "timestamp", PERSON)]


def looks_like_a_row(names: Sequence[str]) -> bool:
    """Return whether a header has cells of a row."""
    return any(
        looks_personal(name) or _DATE.fullmatch(name) or _LONG_NUMBER.fullmatch(name) for name in names
    )


def headless(file: str, columns: str) -> InputError:
    """Return the error for a missing header; it repeats no cell.

    Args:
        file: The file.
        columns: An example of names for its cells.
    """
    return InputError(
        f"{file}: the header is missing: its first line looks like a row and names no columns",
        hint=f"write the names of the columns as a line above, or name each cell: --columns {columns}",
    )


def _no_export(names: Sequence[str], file: str) -> InputError:
    if file.lower().endswith(".toml"):
        return InputError(
            f"{file}: is a profile or another settings file, not an export",
            hint=f"name the export, and the profile by its option: --profile {file_word(file)}",
        )
    if looks_like_a_row(names):
        return headless(file, "event,userId,email_id,campaign_id,timestamp")
    return InputError(
        f"{file}: no event, time or person column recognised; the columns are {listed(names)}",
        hint="check that it is the export, and set the line of its header: --header-line N. Or name the columns: "
        "--map event=COLUMN --map timestamp=COLUMN --map userId=COLUMN",
    )
