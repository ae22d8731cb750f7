"""Message ids in exports of a destination: CSV, JSON or Parquet."""

import glob
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from inflection_cli.errors import InputError
from inflection_cli.reading import FoundFile, ReadOptions, detect, read
from inflection_cli.reading.files.open_file import open_file
from inflection_cli.sanitize import escape

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

ID_COLUMNS: Final = ("messageid", "message_id", "id")
"""Columns that hold message ids: of archived messages, and of the tables of Segment's warehouses (`id`)."""

_PARQUET: Final = b"PAR1"  # the first four bytes, by Parquet's specification
_FROM: Final = "FROM read_parquet($1, hive_partitioning = false, binary_as_string = true)"
_ROWS_AT_ONCE: Final = 16_384
_AGAIN: Final = "export it once more; a proof needs every row"


def ids_in(file: FoundFile) -> Iterator[tuple[str, int]]:
    """Yield the message id of each row, and its line.

    The id of a row without one is empty. Parquet has no lines: the number is that of the row.

    Raises:
        InputError: It cannot be read whole, or has no column of ids.
    """
    return _ids_in_parquet(file) if _is_parquet(file) else _ids_in_text(file)


def _is_parquet(file: FoundFile) -> bool:
    if file.member is not None:
        return False
    with open_file(file.location, file.path) as opened:
        return opened.read(len(_PARQUET)) == _PARQUET


def _ids_in_text(file: FoundFile) -> Iterator[tuple[str, int]]:
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


def _ids_in_parquet(file: FoundFile) -> Iterator[tuple[str, int]]:
    path = str(Path(file.location).absolute())
    with _database(file, path) as database:
        given = [glob.escape(path)]
        columns = [each[0] for each in database.execute(f"SELECT * {_FROM} LIMIT 0", given).description]
        places = _places(columns)
        if not places:
            raise _no_ids(file, columns)
        quoted = ['"' + columns[at].replace('"', '""') + '"' for at in places]
        cells = ", ".join(f"CAST({name} AS VARCHAR)" for name in quoted)
        database.execute(f"SELECT {cells} {_FROM}", given)
        blocks = iter(lambda: database.fetchmany(_ROWS_AT_ONCE), [])
        for number, row in enumerate(chain.from_iterable(blocks), 1):
            yield _first(row, range(len(row))), number


@contextmanager
def _database(file: FoundFile, path: str) -> "Iterator[DuckDBPyConnection]":
    """Open a database in memory that can read one file only.

    Raises:
        InputError: The extra is not installed, or the file cannot be read whole.
    """
    try:
        import duckdb  # noqa: PLC0415 - of an extra, and large
    except ImportError:
        raise InputError(
            f"{escape(file.path)} is a Parquet file, and the library that reads those is not installed",
            hint="pip install 'infl-seg[parquet]', or export CSV or NDJSON",
        ) from None
    # One thread keeps the rows in order, and memory small.
    settings: dict[str, Any] = {"threads": 1, "autoinstall_known_extensions": False}
    settings["autoload_known_extensions"] = False
    try:
        with duckdb.connect(config=settings) as database:
            database.execute("SET enable_progress_bar = false")  # stdout is for the result
            database.execute("SET allowed_paths = $1", [[path, glob.escape(path)]])
            database.execute("SET enable_external_access = false")
            yield database
    except duckdb.Error as error:
        raise InputError(
            f"{escape(file.path)}: cannot be read whole as Parquet, so nothing is proven", hint=_AGAIN
        ) from error
