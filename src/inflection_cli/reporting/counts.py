"""Counts in words: one row, two rows."""


def counted(count: int, one: str, many: str = "") -> str:
    """Spell a count with its noun.

    Args:
        count: How many.
        one: What follows the number 1.
        many: What follows any other; by default `one` with an s.
    """
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"
