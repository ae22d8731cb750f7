"""Replace cells that equal a `--null` value with empty cells."""

from collections import Counter
from collections.abc import Sequence
from itertools import chain

from inflection_cli.errors import UsageError


def null_texts(given: Sequence[str]) -> frozenset[str]:
    """Read the values of `--null`.

    Raises:
        UsageError: One is empty, or white space alone.
    """
    for text in given:
        if not text.strip():
            raise UsageError(
                "--null needs the text that stands for nothing; an empty cell is empty without it",
                hint="--null NULL, or --null '\\N'",
            )
    return frozenset(text.strip() for text in given)


def emptied(rows: list[list[str]], nulls: frozenset[str]) -> list[list[str]]:
    """Return rows with each cell that equals a null text emptied."""
    if not nulls or nulls.isdisjoint(map(str.strip, chain.from_iterable(rows))):
        return rows
    return [["" if cell.strip() in nulls else cell for cell in row] for row in rows]


def count_emptied(names: Sequence[str], before: list[list[str]], after: list[list[str]]) -> Counter[str]:
    """Return the number of emptied cells by column."""
    if before is after:
        return Counter()
    pairs = ((names, row, left) for row, left in zip(before, after, strict=True) if row != left)
    return Counter(name for of in pairs for name, cell, left in zip(*of, strict=False) if cell != left)
