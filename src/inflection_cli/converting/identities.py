"""People as columns of ids, with the odd ones beside them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from inflection_cli.model import Note
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


@dataclass(frozen=True, slots=True)
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
                f"{link}p{len(person)}:{person},{len(time)}:{time},"
                if person
                else f"{link}u{len(user)}:{user},{len(time)}:{time},"
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
