"""Conditions: which rows have an event that only some of a file's rows stand for."""

from dataclasses import dataclass

from inflection_cli.mapping.profile import Condition
from inflection_cli.mapping.shape import fold


@dataclass(frozen=True, slots=True)
class CellTest:
    """One condition on one cell of a shaped row.

    Attributes:
        index: The cell's place.
        words: Folded texts that the cell is to be one of, or none of.
        wanted: Whether it is to be one of them.
        filled: Whether the cell is to hold anything but white space; None where words decide.
    """

    index: int
    words: frozenset[str] = frozenset()
    wanted: bool = True
    filled: bool | None = None

    @classmethod
    def of(cls, condition: Condition, index: int) -> "CellTest":
        """Take a condition of a profile, on the cell at a place."""
        if condition.filled is not None:
            return cls(index, filled=condition.filled)
        words = condition.equals or condition.not_equals
        return cls(index, frozenset(map(fold, words)), bool(condition.equals))

    def __call__(self, rows: list[list[str]]) -> list[bool]:
        """Return an answer a row."""
        index, words, wanted, filled = self.index, self.words, self.wanted, self.filled
        if filled is not None:
            return [bool(row[index].strip()) is filled for row in rows]
        return [(fold(row[index]) in words) is wanted for row in rows]


@dataclass(frozen=True, slots=True)
class When:
    """All of several conditions; picklable.

    Attributes:
        tests: At least one.
    """

    tests: tuple[CellTest, ...]

    def __call__(self, rows: list[list[str]]) -> list[bool]:
        """Return whether each row meets all conditions; rows are as the shaper left them."""
        return [all(answers) for answers in zip(*(test(rows) for test in self.tests), strict=True)]
