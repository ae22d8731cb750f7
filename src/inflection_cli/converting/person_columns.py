"""People as columns of ids, and the facts that judge them."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from operator import eq
from types import MappingProxyType
from typing import Any, Final, NamedTuple, Protocol

from inflection_cli.catalog import COLUMN_ALIASES, PERSON_WORDS
from inflection_cli.lossless_json import JsonError, parse
from inflection_cli.mapping.column_names import squash
from inflection_cli.mapping.columns import BoundColumns
from inflection_cli.model import Note
from inflection_cli.reading import Source
from inflection_cli.segment.ids import HEADS
from inflection_cli.segment.message import plain_most, plain_people, plain_sizes, plain_total


class ExactPerson:
    """Person that was read exactly: parts of the id and message."""

    __slots__ = ("group", "identity", "ids", "json", "notes", "session", "size")

    def __init__(
        self,
        notes: Sequence[Note],
        identity: str = "",
        json: str = "",
        ids: tuple[str, str] = ("", ""),
        *,
        session: str = "",
        group: str = "",
    ) -> None:
        self.notes = notes
        self.identity = identity
        self.json = json
        self.size = len(json.encode())
        self.ids = ids
        self.session = session
        self.group = group


@dataclass(frozen=True, slots=True, eq=False)
class PeopleColumns:
    """People with two ids each, plain ASCII unless read exactly.

    Attributes:
        user_ids: "" means absent.
        person_ids: Likewise.
        exact: By index, those that were read exactly; few where few are odd.
    """

    user_ids: Sequence[str]
    person_ids: Sequence[str]
    exact: Mapping[int, ExactPerson] = field(default_factory=dict)

    @property
    def sizes(self) -> list[int]:
        """Number of bytes that each person adds to a message."""
        sizes = plain_sizes(zip(self.user_ids, self.person_ids, strict=True))
        for i, person in self.exact.items():
            sizes[i] = person.size
        return sizes

    def total_bytes(self) -> int:
        """Return the sum of the sizes, in bytes."""
        total = plain_total(self.user_ids, self.person_ids)
        odd = list(self.exact)
        plain = plain_sizes((self.user_ids[i], self.person_ids[i]) for i in odd)
        return total - sum(plain) + sum(self.exact[i].size for i in odd)

    def most_bytes(self) -> int:
        """Return an upper bound of the sizes, in bytes."""
        most = plain_most(self.user_ids, self.person_ids)
        return max([most, *(person.size for person in self.exact.values())])

    def identities(self) -> list[str]:
        """Return the part of the content id that each person adds."""
        identities = [
            f"p{len(person)}:{person}," if person else f"u{len(user)}:{user},"
            for user, person in zip(self.user_ids, self.person_ids, strict=True)
        ]
        for i, exact in self.exact.items():
            identities[i] = exact.identity
        return identities

    def dated(self, links: Sequence[str], times: Sequence[str]) -> list[str]:
        """Return the content id's part for each link, person and time.

        Args:
            links: Netstrings.
            times: Exact text.
        """
        dated = [
            (
                f"{link}p{HEADS[len(person)]}{person},{HEADS[len(time)]}{time},"
                if person
                else f"{link}u{HEADS[len(user)]}{user},{HEADS[len(time)]}{time},"
            )
            for link, user, person, time in zip(links, self.user_ids, self.person_ids, times, strict=True)
        ]
        for i, exact in self.exact.items():
            dated[i] = f"{links[i]}{exact.identity}{len(times[i])}:{times[i]},"
        return dated

    def fragments(self) -> list[str]:
        """Return the JSON fragment that each person adds to a message."""
        fragments = plain_people(zip(self.user_ids, self.person_ids, strict=True))
        for i, exact in self.exact.items():
            fragments[i] = exact.json
        return fragments

    def sessions(self) -> Mapping[int, str]:
        """Return by index the sessions of people that have one."""
        return {i: exact.session for i, exact in self.exact.items() if exact.session}

    def groups(self) -> Mapping[int, str]:
        """Return by index the accounts of people that have one."""
        return {i: exact.group for i, exact in self.exact.items() if exact.group}

    def notes(self, i: int) -> Sequence[Note]:
        """Return the notes on the person at an index."""
        return self.exact[i].notes if i in self.exact else ()

    def take(self, at: Sequence[int]) -> "PeopleColumns":
        """Return the people at the given indexes."""
        exact = {new: self.exact[i] for new, i in enumerate(at) if i in self.exact} if self.exact else {}
        return PeopleColumns([self.user_ids[i] for i in at], [self.person_ids[i] for i in at], exact)


def people_of_all(parts: Sequence[PeopleColumns]) -> PeopleColumns:
    """Return the people of several parts, one part after the other."""
    user_ids: list[str] = []
    person_ids: list[str] = []
    exact: dict[int, ExactPerson] = {}
    for part in parts:
        exact |= {len(user_ids) + i: person for i, person in part.exact.items()}
        user_ids += part.user_ids
        person_ids += part.person_ids
    return PeopleColumns(user_ids, person_ids, exact)


CAMPAIGN_IDS: Final = ("email_id", "campaign_id", "campaign_run_id")
_NAMES: Final = {
    squash(word): name for name in CAMPAIGN_IDS for word in (name, *COLUMN_ALIASES.get(name, ()))
}
ADDRESS_NAMES: Final = frozenset(map(squash, ("email", "e_mail", *COLUMN_ALIASES["email"])))
_OF_OTHERS: Final = (
    *(
        "from",
        "sender",
        "reply",
        "owner",
        "author",
        "agent",
        "rep",
        "manager",
        "cc",
        "creat",
        "updat",
        "assign",
    ),
    *("sales", "staff", "team", "support", "bounce", "return", "list", "operator"),
)
"""Parts of names of columns whose addresses are not the recipient's."""

_ID_ENDS: Final = ("id", "key", "number", "no", "uuid", "guid")
_MOST_OTHERS: Final = 3
_MOST_KEYS: Final = 3
"""Members that lie deeper are not searched for addresses."""

_LOOKED_AT: Final = 32
"""Where none of so many rows, spread over a chunk, has a campaign's id for the person's, its rows are not counted."""

_ODD_IN_ADDRESS: Final = "<(\"':;, "
_PART: Final = r"[^\s@<>,;:\"()?]+"
_ADDRESSES: Final = re.compile(f"{_PART}@{_PART}")


class CellColumns(Protocol):
    """Protocol of the cells of some rows, by column."""

    def __getitem__(self, index: int, /) -> Sequence[str]:
        """Return the cells of a column."""
        ...


class AddressPlace(NamedTuple):
    """Column of the recipients' addresses, and the keys within its JSON."""

    column: int
    keys: tuple[str, ...] = ()


class Seen(NamedTuple):
    """Data on the people of one block in one file.

    Attributes:
        block: The number of the block.
        user_ids: "" is absent.
        person_ids: Likewise.
        addresses: In lower case, "" is absent; empty where no column is known to hold them.
        equal: On how many events the person's id equals an id of the campaign and is no address, by that id's name.
        others: Cells of further columns that hold ids of people, by name.
        judged: Whether it is judged if they are plausible; a list of people or accounts is not.
    """

    block: int
    user_ids: Sequence[str]
    person_ids: Sequence[str]
    addresses: Sequence[str] = ()
    equal: Mapping[str, int] = MappingProxyType({})
    others: tuple[tuple[str, Sequence[str]], ...] = ()
    judged: bool = True


def address_place(source: Source) -> AddressPlace | None:
    """Find where a file has recipient addresses, by name or first rows.

    Of several columns it is the one whose addresses differ most: the recipient's, and not that of whoever sends.
    """
    columns: dict[AddressPlace, list[str]] = {}
    for at, cells in enumerate(zip_longest(*source.sample, fillvalue="")):
        columns[AddressPlace(at)] = [cell for cell in cells[: len(source.sample)] if cell]
    places = [
        (place, source.columns[place.column], cells)
        for place, cells in columns.items()
        if place.column < len(source.columns)
    ]
    return _found(places) or _found(_members(places))


def _found(places: Iterable[tuple[AddressPlace, str, list[str]]]) -> AddressPlace | None:
    """Return the place of addresses among some, by name before content."""
    squashed = [(place, squash(name), cells) for place, name, cells in places]
    named = [(place, cells) for place, name, cells in squashed if name in ADDRESS_NAMES]
    filled = [
        (place, cells)
        for place, name, cells in squashed
        if not any(part in name for part in _OF_OTHERS) and _are_addresses(cells)
    ]
    return max(named or filled, key=lambda each: len(set(each[1])), default=(None,))[0]


def _members(
    places: Iterable[tuple[AddressPlace, str, list[str]]],
) -> Iterator[tuple[AddressPlace, str, list[str]]]:
    """Yield the texts inside the JSON objects of some columns, by path."""
    found: dict[AddressPlace, list[str]] = {}
    for place, _, cells in places:
        for cell in cells:
            for keys, text in _texts(_object(cell)):
                found.setdefault(AddressPlace(place.column, keys), []).append(text)
    for place, texts in found.items():
        yield place, place.keys[-1], texts


def _texts(value: Any, above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield the texts in an object with their keys."""
    if not isinstance(value, dict) or len(above) >= _MOST_KEYS:
        return
    for key, member in value.items():
        if isinstance(member, str):
            yield (*above, key), member
        else:
            yield from _texts(member, (*above, key))


def _object(cell: str) -> Any:
    """Return the JSON object in a cell, or None."""
    if not cell.startswith("{"):
        return None
    try:
        return parse(cell, to_send=True)
    except JsonError:
        return None


def _text_at(cell: str, keys: Sequence[str]) -> str:
    value = _object(cell)
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, str) else ""


def _are_addresses(cells: Sequence[str]) -> bool:
    return 2 * sum(map(bool, addresses(cells))) > len(cells)


class Watch:
    """Collect data on people's plausibility from the rows of one block.

    Args:
        columns: What each cell is.
        address: Where addresses are, where no column is recognised as the email.
        block: The number of the block.
    """

    def __init__(self, columns: BoundColumns, address: AddressPlace | None, block: int) -> None:
        self._columns = columns
        self._block = block
        self._address = AddressPlace(columns.fields["email"]) if "email" in columns.fields else address
        at = None if self._address is None or self._address.keys else self._address.column
        person = columns.fields.get("personId")
        decides = columns.fields.get("userId", columns.fields.get("personId"))
        self._others = [
            (index, name)
            for index, name in enumerate(columns.names)
            if index not in {decides, at} and (index == person or _is_id_of_person(name))
        ][:_MOST_OTHERS]
        # Who maps the column of the emails' ids to the person leaves no other column to compare it with.
        self._called = {name: self._name_of(name) for name in ("userId", "personId")}

    def _name_of(self, name: str) -> str | None:
        index = self._columns.fields.get(name)
        return None if index is None else _NAMES.get(squash(self._columns.names[index].rpartition(".")[2]))

    def see(self, user_ids: Sequence[str], person_ids: Sequence[str], columns: CellColumns) -> Seen:
        """Gather it of some events, which are not none.

        Args:
            user_ids: Of each event; "" is absent.
            person_ids: Likewise.
            columns: Returns by index the cells of a column, of the row that each event is of.
        """
        at = self._address
        cells: Sequence[str] = () if at is None else columns[at.column]
        if at is not None and at.keys:
            cells = [_text_at(cell, at.keys) for cell in cells]
        return Seen(
            self._block,
            user_ids,
            person_ids,
            addresses(cells),
            self._equal(user_ids, person_ids, columns),
            tuple((name, columns[index]) for index, name in self._others),
        )

    def _equal(
        self, user_ids: Sequence[str], person_ids: Sequence[str], columns: CellColumns
    ) -> Mapping[str, int]:
        """Count the events whose person has a campaign's id, by its name."""
        count = len(user_ids)
        some = slice(0, None, max(1, count // _LOOKED_AT))
        looked_at = _deciding(user_ids[some], person_ids[some])
        equal = {}
        for name in CAMPAIGN_IDS:
            index = self._columns.fields.get(name)
            of_campaign = [self._columns.constants.get(name, "")] * count if index is None else columns[index]
            if any(map(eq, looked_at, map(str.strip, of_campaign[some]))):
                equal[name] = sum(
                    each == other.strip() and "@" not in each
                    for each, other in zip(_deciding(user_ids, person_ids), of_campaign, strict=True)
                )
        return equal | self._taken(user_ids, person_ids)

    def _taken(self, user_ids: Sequence[str], person_ids: Sequence[str]) -> dict[str, int]:
        """Count events whose person is taken from a campaign id's column."""
        taken: dict[str, int] = {}
        if self._called["userId"]:
            taken[self._called["userId"]] = sum(bool(each) and "@" not in each for each in user_ids)
        if self._called["personId"]:
            alone = sum(
                bool(each) and not user and "@" not in each
                for user, each in zip(user_ids, person_ids, strict=True)
            )
            taken[self._called["personId"]] = taken.get(self._called["personId"], 0) + alone
        return taken


def _deciding(user_ids: Sequence[str], person_ids: Sequence[str]) -> list[str]:
    """Return the id of each person that decides who it is."""
    return [user or person for user, person in zip(user_ids, person_ids, strict=True)]


def addresses(cells: Sequence[str]) -> list[str]:
    """Return the addresses in cells in lower case; empty if none.

    Spellings of one address are one: `<a@x.com>`, `mailto:a@x.com`, `a@x.com (Ada)`. A cell with several has none.
    """
    joined = "".join(cells)
    if any(char in joined for char in _ODD_IN_ADDRESS):
        return list(map(_address, cells))
    if joined == joined.lower() and joined.split() == [joined]:
        return [cell if "@" in cell else "" for cell in cells]
    return [cell.strip().lower() if "@" in cell else "" for cell in cells]


def _address(cell: str) -> str:
    found = {each.strip("'").lower() for each in _ADDRESSES.findall(cell)} if "@" in cell else set()
    return found.pop() if len(found) == 1 else ""


def _is_id_of_person(name: str) -> bool:
    squashed = squash(name)
    return squashed.endswith(_ID_ENDS) and any(word in squashed for word in PERSON_WORDS)
