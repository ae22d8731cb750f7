"""The user's options about calls other than track."""

from dataclasses import dataclass
from typing import Final, Literal, TypeGuard

CallType = Literal["track", "identify", "group", "page", "screen"]

CALL_TYPES: Final[tuple[CallType, ...]] = ("track", "identify", "group", "page", "screen")
"""Segment docs, "Spec": the calls that rows can be. An alias joins two users for good, and is none of them."""

TRAIT_CALLS: Final[frozenset[CallType]] = frozenset({"identify", "group"})
"""Calls that have traits; the others have properties."""


def is_call_type(word: object) -> TypeGuard[CallType]:
    """Return whether a word is a type of call."""
    return word in CALL_TYPES


@dataclass(frozen=True, slots=True)
class CallOptions:
    """The user's options about the calls of one file.

    Attributes:
        type: What each row of the file is; None where nobody says so.
        traits: `--trait`, columns that are sent as traits, also personal ones.
        all_traits: Whether every column that is not personal is sent as a trait.
        now: Whether calls get the time of the run.
        group_user: The user who stands for the person of a group without one.
        group_anonymous: Whether `account:` and the group's id stand for that person.
    """

    type: CallType | None = None
    traits: tuple[str, ...] = ()
    all_traits: bool = False
    now: bool = False
    group_user: str | None = None
    group_anonymous: bool = False

    @property
    def stands_in(self) -> bool:
        """Return whether something stands for a group's missing person."""
        return self.group_anonymous or self.group_user is not None
