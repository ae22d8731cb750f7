"""Message ids in exports of a destination."""

from collections.abc import Iterator, Sequence
from typing import Final

from inflection_cli.errors import InputError
from inflection_cli.reading import FoundFile, ReadOptions, detect, read
from inflection_cli.sanitize import escape

ID_COLUMNS: Final = ("messageid", "message_id", "id")
"""Columns that hold message ids: of archived messages, and of the tables of Segment's warehouses (`id`)."""

_AGAIN: Final = "export it once more; a proof needs every row"


def ids_in(file: FoundFile) -> Iterator[tuple[str, int]]:
    """Yield the message id of each row, and its line.

    The id of a row without one is empty. A table in binary form has no lines: the number is that of the row.

    Raises:
        InputError: It cannot be read whole, or has no column of ids.
    """
    options = ReadOptions()
    source = detect(file, options)
    columns, has_ids = source.columns, False
    for chunk in read(source, options):
        if chunk.faults:
            raise InputError(
                f"{escape(source.path)}, line {chunk.faults[0].line}: cannot be read, so nothing is proven",
                hint=_AGAIN,
            )
        # Records of JSON have keys of their own: each chunk has the columns that are met in it.
        columns = chunk.columns
        places = _places(columns)
        has_ids = has_ids or bool(places)
        if not has_ids and source.format == "csv":
            break
        for row, line in zip(chunk.rows, chunk.lines, strict=True):
            yield _first(row, places), line
    if not has_ids:
        raise _no_ids(file, columns)


def _places(columns: Sequence[str]) -> list[int]:
    """Return the indexes of columns with message ids, the surest first."""
    names = [name.strip().lower() for name in columns]
    return [names.index(name) for name in ID_COLUMNS if name in names]


def _first(row: Sequence[str | None], places: Sequence[int]) -> str:
    for at in places:
        if found := (row[at] or "").strip():
            return found
    return ""


def _no_ids(file: FoundFile, columns: Sequence[str]) -> InputError:
    have = ", ".join(escape(name, 40) for name in columns[:10])
    return InputError(
        f"{escape(file.path)} has no column of message ids; its columns are {have}",
        hint="export the column id of the warehouse's table, or messageId of archived messages, with its name",
    )
