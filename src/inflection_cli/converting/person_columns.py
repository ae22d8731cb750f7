"""What of an event's cells tells whether its person is plausible: addresses, ids of people, ids of the campaign."""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from inflection_cli.catalog import COLUMN_ALIASES, PERSON_WORDS
from inflection_cli.mapping.column_names import squash
from inflection_cli.mapping.columns import BoundColumns
from inflection_cli.mapping.personal_data import is_address
from inflection_cli.reading import Source

CAMPAIGN_IDS: Final = ("email_id", "campaign_id", "campaign_run_id")
_NAMES: Final = {
    squash(word): name for name in CAMPAIGN_IDS for word in (name, *COLUMN_ALIASES.get(name, ()))
}
_ADDRESS_NAMES: Final = frozenset(map(squash, ("email", "e_mail", *COLUMN_ALIASES["email"])))
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


class Seen(NamedTuple):
    """What is known of the people of events that are read alike: of one block in one file. Parallel sequences.

    Attributes:
        block: The number of the block.
        user_ids: "" is absent.
        person_ids: Likewise.
        addresses: In lower case, "" is absent; empty where no column is known to hold them.
        equal: The ids of the campaign that the person's id equals on every one of the events.
        all_addresses: Whether every person's id is an address; known where `equal` is not empty.
        others: Cells of further columns that hold ids of people, by name.
    """

    block: int
    user_ids: Sequence[str]
    person_ids: Sequence[str]
    addresses: Sequence[str] = ()
    equal: frozenset[str] = frozenset()
    all_addresses: bool = False
    others: tuple[tuple[str, Sequence[str]], ...] = ()


def address_column(source: Source) -> int | None:
    """Find the column of a file that holds the recipients' addresses, by its name or by the first rows."""
    names = list(map(squash, source.columns))
    named = [index for index, name in enumerate(names) if name in _ADDRESS_NAMES]
    if named:
        return named[0]
    filled = [
        index
        for index, name in enumerate(names)
        if not any(part in name for part in _OF_OTHERS)
        and _are_addresses(row[index] for row in source.sample if index < len(row))
    ]
    return filled[0] if len(filled) == 1 else None


def _are_addresses(cells: Iterable[str]) -> bool:
    filled = [cell for cell in cells if cell]
    return 2 * sum(map(is_address, filled)) > len(filled)


class Watch:
    """Gathers what tells whether people are plausible, from the rows of one block.

    Args:
        columns: What each cell is.
        address: The index of the column that holds addresses, where none is known as the email.
        block: The number of the block.
    """

    def __init__(self, columns: BoundColumns, address: int | None, block: int) -> None:
        self._columns = columns
        self._block = block
        self._address = columns.fields.get("email", address)
        person = columns.fields.get("personId")
        decides = columns.fields.get("userId", columns.fields.get("personId"))
        self._others = [
            (index, name)
            for index, name in enumerate(columns.names)
            if index not in {decides, self._address} and (index == person or _is_id_of_person(name))
        ][:_MOST_OTHERS]
        # Who maps the column of the emails' ids to the person leaves no other column to compare it with.
        self._called = {name: self._name_of(name) for name in ("userId", "personId")}

    def _name_of(self, name: str) -> str | None:
        index = self._columns.fields.get(name)
        return None if index is None else _NAMES.get(squash(self._columns.names[index].rpartition(".")[2]))

    def see(self, user_ids: Sequence[str], person_ids: Sequence[str], rows: Sequence[Sequence[str]]) -> Seen:
        """Gather it of some events, which are not none.

        Args:
            user_ids: Of each event; "" is absent.
            person_ids: Likewise.
            rows: The cells of the row that each event is of.
        """
        at = self._address
        equal = self._equal(user_ids, person_ids, rows) | self._taken(user_ids)
        return Seen(
            self._block,
            user_ids,
            person_ids,
            () if at is None else addresses([row[at] for row in rows]),
            equal,
            bool(equal)
            and all("@" in (user or person) for user, person in zip(user_ids, person_ids, strict=True)),
            tuple((name, [row[index] for row in rows]) for index, name in self._others),
        )

    def _equal(
        self, user_ids: Sequence[str], person_ids: Sequence[str], rows: Sequence[Sequence[str]]
    ) -> frozenset[str]:
        """Name the campaign's ids that the people's ids equal; for most files one look at the first row tells."""
        first = user_ids[0] or person_ids[0]
        likely = [name for name in CAMPAIGN_IDS if first == self._id_of(name, rows[0])]
        return frozenset(
            name
            for name in likely
            if all(
                (user or person) == self._id_of(name, row)
                for user, person, row in zip(user_ids, person_ids, rows, strict=True)
            )
        )

    def _id_of(self, name: str, row: Sequence[str]) -> str:
        index = self._columns.fields.get(name)
        return self._columns.constants.get(name, "").strip() if index is None else row[index].strip()

    def _taken(self, user_ids: Sequence[str]) -> frozenset[str]:
        """Name the campaign's id whose column is taken for the person's."""
        called = self._called["userId"] if "" not in user_ids else None
        if not any(user_ids):
            called = self._called["personId"]
        return frozenset([called] if called else ())


def addresses(cells: Sequence[str]) -> list[str]:
    """Return the addresses in cells, in lower case; what is none is empty."""
    if any("<" in cell for cell in cells):
        cells = [cell.rpartition("<")[2].rstrip("> \t") for cell in cells]
    return [cell.strip().lower() if "@" in cell else "" for cell in cells]


def _is_id_of_person(name: str) -> bool:
    squashed = squash(name)
    return squashed.endswith(_ID_ENDS) and any(word in squashed for word in PERSON_WORDS)
